"""Whether two closed regions have a point in common, decided in exact arithmetic."""

import numpy as np
import numpy.typing as npt

from polyregions.exact.restriction import Restriction
from polyregions.exact.simplex import ExactLP, Verdict
from polyregions.geometry.neighbours import ExactForms
from polyregions.projection.system import Row, echelon, primitive

__all__ = ["Touching"]


class Touching:
    """Decides whether the closures of two regions intersect.

    Parameters
    ----------
    restriction : Restriction
        Over a bounded domain, or a :class:`polyregions.geometry.whole.WholeDomain`.
    forms : ExactForms
    states : (R, N)
    """

    def __init__(self, restriction: Restriction, forms: ExactForms, states: npt.NDArray[np.uint8]) -> None:
        self._restriction = restriction
        self._forms = forms
        self._states = states

    def touch(self, region: int, other: int) -> bool:
        """Whether the two closed regions have a point in common.

        Notes
        -----
        A unit on whose form the two put opposite signs is 0 at a common point. In general position more than d such
        units contradict each other, which elimination shows; else an exact linear program decides.
        """
        r = self._restriction
        here, there = self._inside(region), self._inside(other)
        opposite = set(here)
        walls = [row for row in there if tuple(-value for value in row) in opposite]
        if echelon(walls, range(r.dimension)) is None:
            return False
        rows = [list(row) for row in dict.fromkeys([*here, *there, *map(tuple, r.rows)])]
        if not r.domain.bounded:
            # Homogenised: there is a point y / s iff s can be positive among (y, s) with |y| <= 1.
            d = r.dimension
            program = ExactLP([[*row, 0] for row in rows], [-1] * d + [0], [1] * (d + 1), r.arithmetic)
            objective = [0] * d + [1, 0]
            return program.maximise(objective, stop=Verdict.NOT_POSITIVE).verdict is Verdict.OPTIMAL
        for row in rows:
            row[-1] *= r.scale
        program = ExactLP(rows, r.lower, r.upper, r.arithmetic)
        return program.maximise([0] * (r.dimension + 1)).verdict is not Verdict.INFEASIBLE

    def _inside(self, region: int) -> list[Row]:
        """The unit forms that are not zero, at least 0 on the region, primitive."""
        rows, states = self._forms.rows(region), self._states[region]
        pairs = [(rows[unit], states[unit]) for unit in self._forms.cutting]
        return [primitive(row if state else tuple(-value for value in row)) for row, state in pairs if any(row)]

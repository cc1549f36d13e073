"""Whether a region has a facet on a hyperplane, decided in exact arithmetic."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from polyregions.exact.restriction import Restriction
from polyregions.geometry.neighbours import ExactForms
from polyregions.projection.redundancy import irredundant
from polyregions.projection.system import Row, primitive

__all__ = ["FacetProofs"]


class FacetProofs:
    """Decides which units' hyperplanes carry facets of a region.

    Parameters
    ----------
    restriction : Restriction
        Over a domain of at least one dimension, bounded or a :class:`polyregions.geometry.whole.WholeDomain`.
    forms : ExactForms
    states : (R, N)
    """

    def __init__(self, restriction: Restriction, forms: ExactForms, states: npt.NDArray[np.uint8]) -> None:
        self._dimension = restriction.dimension
        self._forms = forms
        self._states = states
        self._domain = _domain_rows(restriction)

    def facets(self, region: int, witness: Sequence[Fraction], units: Sequence[int]) -> set[int]:
        """Those of the units whose hyperplane carries a facet of the region.

        Parameters
        ----------
        witness : point inside the region, in chart coordinates
        units : units whose forms on the region are not constant

        Notes
        -----
        On a segment a point is compared with all inequalities, in the plane a line is cut by all, O(N) each; in more
        dimensions the inequality's redundancy is decided by linear programs, see
        :mod:`polyregions.projection.redundancy`.
        """
        rows: dict[Row, None] = dict.fromkeys(self._domain)
        places: dict[Row, list[int]] = {}
        forms = self._forms.rows(region)
        for unit in self._forms.cutting:
            row = forms[unit]
            if any(row[:-1]):
                inside = primitive(row if self._states[region, unit] else tuple(-value for value in row))
                rows[inside] = None
                places.setdefault(inside, []).append(unit)
        distinct = list(rows)
        wanted = {distinct.index(row): row for row, members in places.items() if set(members) & set(units)}
        if self._dimension <= 2:
            kept = {i for i in wanted if _crosses(distinct, i)}
        else:
            kept = set(irredundant(distinct, self._dimension, witness, candidates=list(wanted)).kept)
        return {unit for i, row in wanted.items() if i in kept for unit in places[row] if unit in units}


def _domain_rows(restriction: Restriction) -> list[Row]:
    d, scale = restriction.dimension, restriction.scale
    rows = []
    # The box around coordinates on an unbounded domain bounds nothing.
    for j in range(d if restriction.domain.bounded else 0):
        for side, bound in ((1, -restriction.lower[j]), (-1, restriction.upper[j])):
            row = [0] * (d + 1)
            row[j], row[d] = side * scale, bound
            rows.append(primitive(row))
    return [*rows, *(primitive(tuple(int(value) for value in row)) for row in restriction.rows)]


def _crosses(rows: Sequence[Row], index: int) -> bool:
    """Whether the line (or point) where one of the inequalities is 0 has a part (or lies) inside all others."""
    *a, c = rows[index]
    # Homogeneous coordinates of a point p / w of it with w > 0, and in the plane its direction.
    if len(a) == 1:
        w = abs(a[0])
        point, direction = [-c if a[0] > 0 else c], [0]
    else:
        w = a[0] * a[0] + a[1] * a[1]
        point, direction = [-c * a[0], -c * a[1]], [-a[1], a[0]]
    low: tuple[int, int] | None = None
    high: tuple[int, int] | None = None
    for i, row in enumerate(rows):
        if i == index:
            continue
        value = sum(x * y for x, y in zip(row, point, strict=False)) + row[-1] * w
        speed = sum(x * y for x, y in zip(row, direction, strict=False))
        if speed == 0:
            if value <= 0:
                return False
        elif speed > 0:  # t > -value / speed
            if low is None or -value * low[1] > low[0] * speed:
                low = -value, speed
        elif high is None or value * high[1] < high[0] * -speed:  # t < value / -speed
            high = value, -speed
    return low is None or high is None or low[0] * high[1] < high[0] * low[1]

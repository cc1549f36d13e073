"""Points of the domain that a solver proposed, and what a network's units certainly are there."""

import numpy as np
import numpy.typing as npt

from polyregions.definition import Definition
from polyregions.exact.cell import Cell, Witness
from polyregions.exact.filter import INFLATE, FloatBox, U, first_rows
from polyregions.exact.restriction import Restriction

__all__ = ["KnownPoint", "PointEvaluator"]

FloatArray = npt.NDArray[np.float64]

#: How far a point that the filter can't place is moved towards the domain's interior.
_RETREAT = 2.0**-20


class KnownPoint:
    """A float point of the domain, certainly; its pre-activations in floats with proven errors, or exactly.

    Attributes
    ----------
    x : (d,)
        Chart coordinates.
    values, errors : lists of (n_l,) arrays
        Per layer the pre-activations, and how far they may be off.
    """

    def __init__(self, restriction: Restriction, x: FloatArray, values: list[FloatArray], errors: list[FloatArray]):
        self._restriction = restriction
        self.x = x
        self.values = values
        self.errors = errors
        self._exact: list[list[int]] | None = None

    def sign(self, layer: int, unit: int) -> int:
        """The exact sign of a unit's pre-activation."""
        value, error = self.values[layer][unit], self.errors[layer][unit]
        if abs(value) > error:
            return 1 if value > 0 else -1
        if self._exact is None:
            point = Witness(self.x).point
            self._exact = self._restriction.preactivations(point, len(self._restriction.widths))
        exact = self._exact[layer][unit]
        return (exact > 0) - (exact < 0)


class PointEvaluator:
    """Evaluates a restricted network at float points near which a solver found something.

    Parameters
    ----------
    restriction : Restriction
    box : FloatBox
    """

    @np.errstate(all="ignore")
    def __init__(self, restriction: Restriction, box: FloatBox) -> None:
        self._restriction = restriction
        self._box = box
        self._domain = Cell(restriction, box, Definition.PATTERNS)
        self._first = first_rows(restriction, box)
        self._start = Witness.rational(restriction.start).x

    def point(self, x: FloatArray) -> KnownPoint | None:
        """A point of the domain near ``x``, evaluated; None if there is none that is certainly in the domain.

        O(number of weights): a forward pass, and another one for its rounding errors.
        """
        box, network = self._box, self._restriction.network
        with np.errstate(all="ignore"):
            x = np.clip(x, box.lower_inside, box.upper_inside)
            if not self._domain.contains_certainly(x):
                x = x + _RETREAT * (self._start - x)
                if not self._domain.contains_certainly(x):
                    return None
            value, error = self._first.values(x)
            values, errors = [value], [error]
            later = zip(network.weights[1 : network.depth], network.biases[1 : network.depth], strict=True)
            for (w, b), linear in zip(later, self._restriction.linear, strict=False):
                h = np.where(linear, value, np.maximum(value, 0.0))
                size = np.abs(w)
                # The values' own errors, and a sum of n products and one term (docs/float_filter.md, model).
                error = (size @ error + (w.shape[1] + 2) * U * (size @ np.abs(h) + np.abs(b))) * INFLATE + box.tiny
                value = w @ h + b
                values.append(value)
                errors.append(error)
        return KnownPoint(self._restriction, x, values, errors)

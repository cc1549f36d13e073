"""Constants for the big-M encoding: valid bounds of every unit's pre-activation by interval arithmetic."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyregions.errors import EncodingError
from polyregions.exact.filter import INFLATE, FloatBox, U, first_rows, upper_bounds
from polyregions.exact.restriction import Restriction

__all__ = ["UnitBounds", "interval_bounds"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class UnitBounds:
    """Per layer ``lower <= g <= upper`` for the pre-activations over the domain, (n_l,) each, proven."""

    lower: tuple[FloatArray, ...]
    upper: tuple[FloatArray, ...]


def interval_bounds(restriction: Restriction, box: FloatBox) -> UnitBounds:
    """Bounds by interval arithmetic, layer by layer, rounded outward.

    H = max(0, upper) and Hbar = max(0, -lower) are the constants of Serra, Tjandraatmadja & Ramalingam (2018), in
    their cheapest valid form. O(number of weights).

    Raises
    ------
    EncodingError
        If a bound overflows.
    """
    with np.errstate(all="ignore"):
        bounds = _bounds(restriction, box)
    for layer, (low, high) in enumerate(zip(bounds.lower, bounds.upper, strict=True)):
        bad = np.flatnonzero(~(np.isfinite(low) & np.isfinite(high)))
        if len(bad):
            raise EncodingError(
                f"layer {layer + 1}, unit {bad[0]}: no float64 bounds its pre-activation, so there is no MILP; "
                'use the splitting counter (method="split")'
            )
    return bounds


def _bounds(restriction: Restriction, box: FloatBox) -> UnitBounds:
    rows = first_rows(restriction, box)
    lower, upper = [-upper_bounds(rows, box, -1)], [upper_bounds(rows, box, 1)]
    network = restriction.network
    for w, b in zip(network.weights[1 : network.depth], network.biases[1 : network.depth], strict=True):
        low, high = np.maximum(lower[-1], 0.0), np.maximum(upper[-1], 0.0)
        positive, negative = np.maximum(w, 0.0), np.minimum(w, 0.0)
        # Twice as many products as weights, one addition of the bias: 2 n + 2 roundings at most (docs/float_filter.md).
        slack = (2 * w.shape[1] + 4) * U * (np.abs(w) @ high + np.abs(b)) * INFLATE + box.tiny
        lower.append(positive @ low + negative @ high + b - slack)
        upper.append(positive @ high + negative @ low + b + slack)
    return UnitBounds(tuple(lower), tuple(upper))

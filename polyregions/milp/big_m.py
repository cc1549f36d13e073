"""Constants for the big-M encoding: bounds of every unit's pre-activation, and interval arithmetic for them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyregions.errors import EncodingError
from polyregions.exact.filter import INFLATE, TINY, FloatBox, U, first_rows, upper_bounds
from polyregions.exact.restriction import Restriction

__all__ = ["UnitBounds", "first_interval", "interval_bounds", "next_interval", "scaled_form", "weight_errors"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class UnitBounds:
    """Per layer ``lower <= g <= upper`` for the pre-activations over the domain, (n_l,) each, proven.

    Attributes
    ----------
    lower, upper : tuples of (n_l,) arrays
    method : {"interval", "lp", "milp"}
        How they were found.
    stopped : int
        Bounds that a time limit or the solver kept from being as tight as the method makes them; they are valid.
    linear : tuple of (n_l,) bool arrays
        Units that are linear, whose state is 1 whatever their bounds; default: none.
    """

    lower: tuple[FloatArray, ...]
    upper: tuple[FloatArray, ...]
    method: str = "interval"
    stopped: int = 0
    linear: tuple[BoolArray, ...] = ()

    def __post_init__(self) -> None:
        if not self.linear:
            none = tuple(np.zeros(len(low), dtype=np.bool_) for low in self.lower)
            object.__setattr__(self, "linear", none)

    @property
    def stably_active(self) -> tuple[BoolArray, ...]:
        """Per layer which units have state 1 on the whole domain: positive ones, and linear ones.

        The others may be positive everywhere too, unless method is "milp".
        """
        return tuple((low > 0) | passes for low, passes in zip(self.lower, self.linear, strict=True))

    @property
    def stably_inactive(self) -> tuple[BoolArray, ...]:
        """Per layer which ReLU units are positive nowhere (zero is inactive)."""
        return tuple((high <= 0) & ~passes for high, passes in zip(self.upper, self.linear, strict=True))


def interval_bounds(restriction: Restriction, box: FloatBox) -> UnitBounds:
    """Bounds by interval arithmetic, layer by layer, rounded outward.

    H = max(0, upper) and Hbar = max(0, -lower) are the constants of Serra, Tjandraatmadja & Ramalingam (2018), in
    their cheapest valid form. O(number of weights).

    Raises
    ------
    EncodingError
        If a bound overflows.
    """
    lower: list[FloatArray] = []
    upper: list[FloatArray] = []
    for layer in range(len(restriction.widths)):
        if layer == 0:
            low, high = first_interval(restriction, box)
        else:
            low, high = next_interval(restriction, box, layer, lower[-1], upper[-1])
        lower.append(low)
        upper.append(high)
    return UnitBounds(tuple(lower), tuple(upper), linear=restriction.linear)


def first_interval(restriction: Restriction, box: FloatBox) -> tuple[FloatArray, FloatArray]:
    """Bounds of the first layer over the box around the domain; raises as :func:`interval_bounds`."""
    with np.errstate(all="ignore"):
        rows = first_rows(restriction, box)
        return _checked(0, -upper_bounds(rows, box, -1), upper_bounds(rows, box, 1))


def next_interval(
    restriction: Restriction, box: FloatBox, layer: int, lower: FloatArray, upper: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Bounds of a later layer from any proven bounds of the layer before it; raises as :func:`interval_bounds`."""
    w, b = restriction.network.weights[layer], restriction.network.biases[layer]
    with np.errstate(all="ignore"):
        passes = restriction.linear[layer - 1]
        low, high = np.where(passes, lower, np.maximum(lower, 0.0)), np.where(passes, upper, np.maximum(upper, 0.0))
        positive, negative = np.maximum(w, 0.0), np.minimum(w, 0.0)
        # Twice as many products as weights, one addition of the bias: 2 n + 2 roundings at most (docs/float_filter.md).
        slack = (2 * w.shape[1] + 4) * U * (np.abs(w) @ np.maximum(np.abs(low), high) + np.abs(b)) * INFLATE + box.tiny
        return _checked(
            layer, positive @ low + negative @ high + b - slack, positive @ high + negative @ low + b + slack
        )


def _checked(layer: int, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    bad = np.flatnonzero(~(np.isfinite(low) & np.isfinite(high)))
    if len(bad):
        raise EncodingError(
            f"layer {layer + 1}, unit {bad[0]}: no float64 bounds its pre-activation, so there is no MILP; "
            'use the splitting counter (method="split")'
        )
    return low, high


def weight_errors(restriction: Restriction, layer: int, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """How far a later layer's forms in floats are from the exact ones, where its weights are rounded; (n_l,).

    Parameters
    ----------
    lower, upper : proven bounds of the layer before
    """
    w, b = restriction.network.weights[layer], restriction.network.biases[layer]
    if not restriction.network.rounded[layer]:
        return np.zeros(len(b))
    passes = restriction.linear[layer - 1]
    size = np.maximum(np.maximum(upper, 0.0), np.where(passes, -lower, 0.0))
    errors: FloatArray = 2 * U * (np.abs(w) @ size + np.abs(b)) * INFLATE + TINY
    return errors


def scaled_form(
    w: FloatArray, b: float, exponents: npt.NDArray[np.int64], low: float, high: float
) -> tuple[FloatArray, float, int]:
    """A unit's weights and bias over inputs that are scaled by 2^exponents, scaled by a power of two themselves.

    The scale brings the larger of the unit's bounds |low|, |high| between 1/2 and 1, and coefficients to at most 2^40.

    Returns
    -------
    coefficients : (n,)
    constant : float
    exponent : int
        Of the scale, at most 500. The products are exact; where they are subnormal, off by 2^-1075, which the safe
        bounds' term for underflow covers.
    """
    # One shift by both exponents: two would round twice, and lose bits of a product in whose range there is room.
    largest = int((np.frexp(w)[1] - exponents)[w != 0].max(initial=-5000))
    exponent = -max(int(np.frexp(max(abs(low), abs(high)))[1]), largest - 40, -500)
    return np.ldexp(w, exponent - exponents), float(np.ldexp(b, exponent)), exponent

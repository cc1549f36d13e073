"""The float filter: decisions in float64 that carry a proof, or none.

Affine forms are kept as float rows with one error bound each, valid on the whole domain. A sign is certain
when it exceeds its error; a bound over a box is rounded outward. Everything is written so that NaN and
infinity mean "not certain". Derivations: docs/float_filter.md.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.exact.numbers import float_above, float_below, nearest_quotient
from polyregions.exact.restriction import Restriction

__all__ = ["FloatBox", "FloatRows", "first_rows", "next_rows", "rounded_rows", "underflow", "upper_bounds"]

FloatArray = npt.NDArray[np.float64]

#: Unit roundoff of float64.
U = 2.0**-53
#: Covers underflow, gradual or flushed to zero, in sums of fewer than 2^60 terms, where |t| <= 1.
TINY = 2.0**-960
#: Covers the rounding of the error bounds themselves, which are sums of non-negative terms.
INFLATE = 1.0001


def _has_subnormals() -> bool:
    """Whether this thread's arithmetic reads and writes subnormal numbers, as the error bounds assume.

    Some libraries switch that off for a whole process (-ffast-math, flush-to-zero modes); then the filter must not
    decide anything.
    """
    smallest = np.array([2.0**-1022, 5e-324])
    return bool((smallest * np.array([0.5, 1.0]) > 0).all())


def underflow(radius: float = 1.0) -> float:
    """What underflow may add to a form where |t| <= ``radius``; infinite where nothing may be decided."""
    return TINY * max(1.0, radius) if _has_subnormals() else float("inf")


@dataclass(frozen=True)
class FloatBox:
    """The chart's box in floats, rounded both ways.

    ``lower <= true lower <= lower_inside``, and the same mirrored above; ``radius`` bounds |t|, and ``tiny`` the
    effect of underflow on a form anywhere in the box.
    """

    lower: FloatArray
    upper: FloatArray
    lower_inside: FloatArray
    upper_inside: FloatArray
    radius: FloatArray
    tiny: float

    @classmethod
    def of(cls, restriction: Restriction) -> "FloatBox":
        chart = restriction.chart

        def floats(values: tuple[Fraction, ...], rounding: Any) -> FloatArray:
            return np.array([rounding(value) for value in values], dtype=np.float64)

        lower, upper = floats(chart.lower, float_below), floats(chart.upper, float_above)
        radius = np.maximum(np.abs(lower), np.abs(upper))
        inside = floats(chart.lower, float_above), floats(chart.upper, float_below)
        return cls(lower, upper, *inside, radius, underflow(float(radius.max(initial=1.0))))

    def holds_strictly(self, point: FloatArray) -> bool:
        """Whether a float point lies certainly in the interior of the box."""
        return bool((point > self.lower_inside).all() and (point < self.upper_inside).all())

    def holds(self, point: FloatArray) -> bool:
        """Whether a float point lies certainly in the closed box."""
        return bool((point >= self.lower_inside).all() and (point <= self.upper_inside).all())


@dataclass(frozen=True, slots=True)
class FloatRows:
    """Affine forms a_i . t + c_i in floats, each off by at most ``error[i]`` anywhere in the domain's box.

    ``magnitude[i]`` bounds |a_i| . |t| + |c_i| over the box.
    """

    a: FloatArray
    c: FloatArray
    error: FloatArray
    magnitude: FloatArray
    tiny: float

    @classmethod
    def exact(cls, a: FloatArray, c: FloatArray, box: FloatBox) -> "FloatRows":
        """Rows whose floats are exactly the forms."""
        return cls(a, c, np.zeros(len(c)), _magnitude(a, c, box), box.tiny)

    @classmethod
    def nearest(cls, a: FloatArray, c: FloatArray, box: FloatBox) -> "FloatRows":
        """Rows whose floats are the forms' coefficients, each rounded to nearest."""
        magnitude = _magnitude(a, c, box)
        return cls(a, c, U * magnitude * INFLATE + box.tiny, magnitude, box.tiny)

    def __len__(self) -> int:
        return len(self.c)

    def values(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values at points of the box, and bounds of their errors.

        Parameters
        ----------
        points : (d,) or (k, d)

        Returns
        -------
        values, errors : (m,) or (k, m)
        """
        d = self.a.shape[1]
        values = points @ self.a.T + self.c
        sizes = np.abs(points) @ np.abs(self.a).T + np.abs(self.c)
        return values, (self.error + (d + 2) * U * sizes) * INFLATE + self.tiny

    def sign(self, row: int, point: FloatArray) -> int:
        """The certain sign of one row at one point of the box, +1 or -1, or 0 where the filter can't tell."""
        a, c = self.a[row], self.c[row]
        value = a @ point + c
        size = np.abs(a) @ np.abs(point) + abs(c)
        error = (self.error[row] + (len(a) + 2) * U * size) * INFLATE + self.tiny
        return int(value > error) - int(value < -error)

    def signs(self, points: FloatArray) -> npt.NDArray[np.int8]:
        """Certain signs, +1 or -1, and 0 where the filter can't tell; (m,) or (k, m)."""
        values, errors = self.values(points)
        return (values > errors).astype(np.int8) - (values < -errors).astype(np.int8)


def _magnitude(a: FloatArray, c: FloatArray, box: FloatBox) -> FloatArray:
    magnitude: FloatArray = (np.abs(a) @ box.radius + np.abs(c)) * INFLATE + box.tiny
    return magnitude


def first_rows(restriction: Restriction, box: FloatBox) -> FloatRows:
    """The first layer's forms over chart coordinates."""
    network, chart, layer = restriction.network, restriction.chart, restriction.layers[0]
    if chart.columns is None and not network.rounded[0]:
        return FloatRows.exact(network.weights[0], network.biases[0], box)
    return rounded_rows(
        [[*row, bias] for row, bias in zip(layer.weights, layer.biases, strict=True)], layer.denominator, box
    )


def rounded_rows(rows: list[list[Any]], denominator: int, box: FloatBox) -> FloatRows:
    """Integer rows (a, c) over one denominator, rounded to nearest."""
    values = np.array([[nearest_quotient(int(value), denominator) for value in row] for row in rows], dtype=np.float64)
    return FloatRows.nearest(np.ascontiguousarray(values[:, :-1]), values[:, -1].copy(), box)


def next_rows(
    weights: FloatArray,
    biases: FloatArray,
    rows: FloatRows,
    active: npt.NDArray[np.bool_],
    box: FloatBox,
    *,
    bias_column: int,
) -> FloatRows:
    """The next layer's forms where exactly the units ``active`` of this layer pass on theirs.

    Parameters
    ----------
    bias_column : int
        Of :class:`polyregions.exact.restriction.Restriction`. The coordinate that multiplies biases in a homogeneous
        chart is at most 1, so the error bound is the same.

    With u the unit roundoff and m the magnitudes of this layer's forms, a row of the next layer is off by at most
    |W| ((n + 2) u m + e) + (n + 2) u |b| (docs/float_filter.md, equation 2).
    """
    w = weights[:, active]
    n = w.shape[1]
    a = w @ rows.a[active]
    c = w @ rows.c[active]
    if bias_column == a.shape[1]:
        c = c + biases
    else:
        a[:, bias_column] += biases
    error = np.abs(w) @ ((n + 2) * U * rows.magnitude[active] + rows.error[active]) + (n + 2) * U * np.abs(biases)
    return FloatRows(a, c, error * INFLATE + box.tiny, _magnitude(a, c, box), box.tiny)


def upper_bounds(rows: FloatRows, box: FloatBox, sign: int) -> FloatArray:
    """Proven upper bounds of ``sign`` times each row over the box, (m,)."""
    d = rows.a.shape[1]
    a = rows.a if sign > 0 else -rows.a
    peak = np.maximum(a * box.lower, a * box.upper).sum(axis=1) + sign * rows.c
    bounds: FloatArray = peak + ((d + 4) * U * rows.magnitude + rows.error) * INFLATE + box.tiny
    return bounds

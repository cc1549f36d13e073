"""The linear relaxation of a network's first layers, grown by a layer at a time.

Columns are the chart coordinates x, and per unit of the layers so far h and hbar with

    W h' + b = h - hbar,   0 <= h <= H,   0 <= hbar <= Hbar,   h / H + hbar / Hbar <= 1.

That is the big-M formulation of Serra, Tjandraatmadja & Ramalingam (2018) without its binaries: the last row is
what h <= H z, hbar <= Hbar (1 - z) leave for some z in [0, 1], the "triangle". A unit is settled by a column bound:
active by hbar = 0, inactive by h = 0. Stably inactive units have no columns, stably active ones only h, and so have
linear ones, whose h may be negative.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import FloatBox, U, first_rows, rounded_rows
from polyregions.exact.restriction import Restriction
from polyregions.milp.big_m import scaled_form, weight_errors
from polyregions.milp.safe_program import Program

__all__ = ["Form", "Relaxation", "UnstableUnit"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Form:
    """A unit's pre-activation g over columns: ``scale * g`` is within ``error`` of ``coefficients . x + constant``.

    The scale is a power of two that brings g's bounds to size 1, so that rescaling a unit changes nothing.
    """

    coefficients: FloatArray
    constant: float
    error: float
    scale: float

    def bound(self, peak: float) -> float:
        """An upper bound of g, rounded outward, from one of ``coefficients . x``."""
        if peak == -math.inf:
            return peak
        size = abs(peak) + abs(self.constant) + self.error
        total = peak + self.constant + self.error + 4 * U * size
        if not math.isfinite(total):
            return math.inf
        # The scale is a power of two, but the quotient may be subnormal.
        return math.nextafter(total / self.scale, math.inf)


@dataclass(frozen=True, slots=True)
class UnstableUnit:
    """A unit that its bounds leave open: its place among all units, and its columns."""

    index: int
    h: int
    hbar: int


class Relaxation:
    """The relaxation of as many layers as were added.

    Parameters
    ----------
    restriction : Restriction
    box : FloatBox

    Attributes
    ----------
    layers : int
        How many layers it has.
    unstable : list of UnstableUnit
        In order.
    states : list of int
        Of all units of its layers: those of stable units, and -1 for the others.
    """

    def __init__(self, restriction: Restriction, box: FloatBox) -> None:
        self._restriction = restriction
        self._lower, self._upper = box.lower.tolist(), box.upper.tolist()
        self._rows: list[tuple[npt.NDArray[np.intp], FloatArray]] = []
        self._row_lower: list[float] = []
        self._row_upper: list[float] = []
        self._row_error: list[float] = []
        self._first = first_rows(restriction, box)
        # Columns that hold the last layer's outputs, and the powers of two that scale them; inactive units have none.
        self._outputs = np.arange(len(self._lower))
        self._exponents = np.zeros(len(self._lower), dtype=np.int64)
        self._live = np.ones(len(self._lower), dtype=bool)
        #: How far the next layer's weights, where they are rounded, take its forms from the exact ones.
        self._errors = np.zeros(0)
        self.layers = 0
        self.unstable: list[UnstableUnit] = []
        self.states: list[int] = []
        if restriction.rows:
            domain = rounded_rows(restriction.rows, 1, box)
            for a, c, error in zip(domain.a, domain.c, domain.error, strict=True):
                self._add_row(self._outputs, a, -c, math.inf, error)

    def program(self) -> Program:
        """The relaxation as it is now."""
        from scipy.sparse import csr_array

        starts = np.cumsum([0, *(len(columns) for columns, _ in self._rows)])
        columns = np.concatenate([np.empty(0, np.intp), *(columns for columns, _ in self._rows)])
        values = np.concatenate([np.empty(0), *(values for _, values in self._rows)])
        return Program(
            csr_array((values, columns, starts), shape=(len(self._rows), len(self._lower))),
            np.array(self._row_lower, dtype=np.float64),
            np.array(self._row_upper, dtype=np.float64),
            np.array(self._row_error, dtype=np.float64),
            np.array(self._lower, dtype=np.float64),
            np.array(self._upper, dtype=np.float64),
        )

    def form(self, unit: int, low: float, high: float) -> Form:
        """The pre-activation of a unit of the next layer, of which bounds are known, (n,) columns as they are now."""
        weights, constant, error, exponent = self._scaled(unit, low, high)
        coefficients = np.zeros(len(self._lower))
        coefficients[self._outputs] = weights
        return Form(coefficients, constant, error, math.ldexp(1.0, exponent))

    def _scaled(self, unit: int, low: float, high: float) -> tuple[FloatArray, float, float, int]:
        """Weights over the last outputs, bias, error and the exponent of the scale."""
        if self.layers == 0:
            w, b, error = self._first.a[unit], self._first.c[unit], self._first.error[unit]
        else:
            network = self._restriction.network
            w, b, error = network.weights[self.layers][unit], network.biases[self.layers][unit], self._errors[unit]
        weights, constant, exponent = scaled_form(w[self._live], b, self._exponents, low, high)
        return weights, constant, float(np.ldexp(error, exponent)), exponent

    def add_layer(self, lower: FloatArray, upper: FloatArray) -> None:
        """Append the next layer, whose pre-activations have these proven bounds, (n_l,) each."""
        outputs, exponents = [], []
        linear = self._restriction.linear[self.layers]
        for unit, (low, high) in enumerate(zip(lower.tolist(), upper.tolist(), strict=True)):
            if high <= 0 and not linear[unit]:
                self.states.append(0)
                continue
            weights, constant, error, exponent = self._scaled(unit, low, high)
            least, most = np.ldexp([low, high], exponent).tolist()
            h = self._add_column(least if linear[unit] else max(0.0, least), most)
            outputs.append(h)
            exponents.append(exponent)
            columns, values = [*self._outputs, h], [*weights, -1.0]
            if low >= 0 or linear[unit]:
                self.states.append(1)
            else:
                hbar = self._add_column(0.0, -least)
                columns.append(hbar)
                values.append(1.0)
                coefficients, side = _triangle(most, -least)
                self._add_row([h, hbar], coefficients, -math.inf, side, 0.0)
                self.unstable.append(UnstableUnit(len(self.states), h, hbar))
                self.states.append(-1)
            self._add_row(columns, values, -constant, -constant, error)
        self._outputs = np.array(outputs, dtype=np.intp)
        self._exponents = np.array(exponents, dtype=np.int64)
        self._live = (upper > 0) | linear
        self.layers += 1
        if self.layers < len(self._restriction.widths):
            self._errors = weight_errors(self._restriction, self.layers, lower, upper)

    def _add_column(self, low: float, high: float) -> int:
        self._lower.append(low)
        self._upper.append(high)
        return len(self._lower) - 1

    def _add_row(self, columns: Any, values: Any, low: float, high: float, error: float) -> None:
        values = np.asarray(values, dtype=np.float64)
        used = values != 0
        self._rows.append((np.asarray(columns, dtype=np.intp)[used], values[used]))
        self._row_lower.append(float(low))
        self._row_upper.append(float(high))
        self._row_error.append(float(error))


def _triangle(top: float, bottom: float) -> tuple[list[float], float]:
    """Coefficients p, q of h and hbar and a side r with p top <= r, q bottom <= r, near 1/top, 1/bottom and 1.

    At a point of the network h or hbar is 0, so that p h + q hbar <= r holds exactly whatever the rounding. Everything
    is scaled by a power of two to at most 1, for H may be next to nothing where Hbar is not.
    """
    coefficients = [math.nextafter(1.0 / size, 0.0) if size > 2.0**-1000 else 0.0 for size in (top, bottom)]
    shift = -math.frexp(max(1.0, *coefficients))[1]
    return [math.ldexp(p, shift) for p in coefficients], math.ldexp(1.0, shift)

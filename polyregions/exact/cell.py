"""A cell of a restricted network, and the predicates that decide what lies in it.

A cell is the set of chart points at which some units have prescribed signs, all units of earlier layers having
theirs. Two proofs settle every question about it: a witness (a rational point with the required signs) proves
"non-empty", Farkas multipliers (a combination of the cell's rows that is nowhere positive on the domain's box)
prove "empty". Both come as float proposals, accepted by the float filter or else checked or replaced exactly.

Why closed linear programs are enough for open cells: if w lies in the cell and y in its closure, then every
w + t (y - w) with t < 1 lies in the cell; so {cell, g > 0} is non-empty if and only if g is positive
somewhere on the closure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.definition import Definition
from polyregions.exact.filter import (
    INFLATE,
    FloatBox,
    FloatRows,
    U,
    first_rows,
    next_rows,
    rounded_rows,
)
from polyregions.exact.numbers import dyadic_integers
from polyregions.exact.restriction import ExactPoint, Restriction
from polyregions.exact.simplex import BasisHint, ExactLP, ExactOptimum, Verdict

__all__ = ["Cell", "CellRow", "DecisionCounts", "LayerForms", "Witness", "short_between"]

FloatArray = npt.NDArray[np.float64]

#: Relative error of float forms above which they are replaced by correctly rounded exact ones.
RESET = 2.0**-26


class Witness:
    """A rational point: exactly the floats ``x``, unless ``exact`` says what ``x`` only approximates."""

    __slots__ = ("_exact", "x")

    def __init__(self, x: FloatArray, exact: ExactPoint | None = None) -> None:
        self.x = x
        self._exact = exact

    @classmethod
    def rational(cls, point: ExactPoint) -> "Witness":
        """The given point, as floats where floats can hold it."""
        x = np.array([_float(n, point.denominator) for n in point.numerators], dtype=np.float64)
        if np.isfinite(x).all() and [Fraction(v) for v in x.tolist()] == list(point.coordinates()):
            return cls(x)
        return cls(x, point)

    @property
    def is_float(self) -> bool:
        """Whether the floats are the point itself."""
        return self._exact is None

    @property
    def point(self) -> ExactPoint:
        """The point, exactly."""
        if self._exact is not None:
            return self._exact
        integers, exponent = dyadic_integers(self.x)
        return ExactPoint(tuple(integers), 2**exponent)


def _float(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return float("inf") if numerator > 0 else float("-inf")


@dataclass
class DecisionCounts:
    """How decisions were made."""

    by_filter: int = 0
    by_exact: int = 0
    exact_programs: int = 0
    exact_pivots: int = 0


class LayerForms:
    """The affine forms of one layer's units on the cells that share a pattern of the earlier layers.

    Attributes
    ----------
    layer : int
    prefix : bytes
        The states of all units of earlier layers.
    rows : FloatRows
        (n_l, d) over chart coordinates, with proven errors.
    """

    def __init__(self, restriction: Restriction, box: FloatBox, layer: int, prefix: bytes, rows: FloatRows) -> None:
        self.restriction = restriction
        self.box = box
        self.layer = layer
        self.prefix = prefix
        self._expanded: dict[int, list[Any]] = {}
        if layer and not (rows.error <= RESET * rows.magnitude).all():
            rows = rounded_rows([self.exact(i) for i in range(len(rows))], self.scale, box)
        self.rows = rows

    @classmethod
    def first(cls, restriction: Restriction, box: FloatBox) -> "LayerForms":
        """The forms of the first layer."""
        return cls(restriction, box, 0, b"", first_rows(restriction, box))

    def next(self, states: bytes) -> "LayerForms":
        """The forms of the next layer where this layer's units have the given states."""
        network = self.restriction.network
        active = np.frombuffer(states, dtype=np.uint8).astype(bool)
        layer = self.layer + 1
        rows = next_rows(
            network.weights[layer],
            network.biases[layer],
            self.rows,
            active,
            self.box,
            bias_column=self.restriction.bias_column,
        )
        return LayerForms(self.restriction, self.box, layer, self.prefix + states, rows)

    @cached_property
    def _exact_rows(self) -> list[list[Any]]:
        return self.restriction.arithmetic.rows(self.restriction.affine_rows(self.layer, self.prefix))

    def exact(self, unit: int) -> list[Any]:
        """Unit's form in integers: d coefficients and a constant, times the layer's common positive scale."""
        row = self._expanded.get(unit)
        if row is None:
            row = self._expanded[unit] = self.restriction.expand(self._exact_rows[unit])
        return row

    @cached_property
    def scale(self) -> int:
        """The layer's scale: :meth:`exact` is this many times the form."""
        return math.prod(layer.denominator for layer in self.restriction.layers[: self.layer + 1])

    def is_zero(self, unit: int) -> bool:
        """Whether the unit's form is identically zero, decided exactly."""
        # The error bounds the difference of all coefficients together, each times the radius of its coordinate.
        if self.rows.magnitude[unit] > 2.0 * self.rows.error[unit] + 2.0 * self.box.tiny:
            return False
        return not any(self.exact(unit))

    def signs(self, witness: Witness, counts: DecisionCounts) -> npt.NDArray[np.int8]:
        """The exact signs -1, 0, +1 of all units' forms at a point of the domain, (n_l,)."""
        if witness.is_float:
            signs = self.rows.signs(witness.x)
            unknown = np.flatnonzero(signs == 0)
            counts.by_filter += len(signs) - len(unknown)
            if not len(unknown):
                return signs
        else:
            signs = np.zeros(len(self.rows), dtype=np.int8)
            unknown = np.arange(len(self.rows))
        values = self.restriction.preactivations(witness.point, self.layer + 1, self.prefix)[-1]
        for i in unknown:
            signs[i] = (values[i] > 0) - (values[i] < 0)
        counts.by_exact += len(unknown)
        return signs


@dataclass(frozen=True, slots=True)
class CellRow:
    """One constraint ``sign * form >= 0`` of a cell, strict or not; ``forms`` None for a row of the domain."""

    forms: LayerForms | None
    unit: int
    sign: int
    strict: bool


class Cell:
    """A conjunction of signed forms over the domain: a stack to which rows are added and from which they are taken.

    Parameters
    ----------
    restriction : Restriction
    box : FloatBox
    definition : Definition
        REGIONS: every row is strict and the domain open. PATTERNS: rows of active units are strict, those of
        inactive units and the domain's are not, but for those that its chart says are.
    """

    def __init__(self, restriction: Restriction, box: FloatBox, definition: Definition) -> None:
        self.restriction = restriction
        self.box = box
        self.open = definition is Definition.REGIONS
        self.counts = DecisionCounts()
        self.rows: list[CellRow] = []
        d = restriction.dimension
        self._a = np.empty((16, d))
        self._c = np.empty(16)
        self._error = np.empty(16)
        self._magnitude = np.empty(16)
        if restriction.rows:
            domain = rounded_rows(restriction.rows, 1, box)
            closed = len(domain) - restriction.chart.strict
            for i in range(len(domain)):
                self._push(CellRow(None, i, 1, self.open or i >= closed), domain, i, 1)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def a(self) -> FloatArray:
        """(m, d): the rows are ``a . t + c >= 0`` up to their errors."""
        return self._a[: len(self.rows)]

    @property
    def c(self) -> FloatArray:
        return self._c[: len(self.rows)]

    def push(self, forms: LayerForms, unit: int, sign: int) -> None:
        """Add the row that the unit's form has the given sign."""
        self._push(CellRow(forms, unit, sign, self.open or sign > 0), forms.rows, unit, sign)

    def _push(self, row: CellRow, source: FloatRows, index: int, sign: int) -> None:
        m = len(self.rows)
        if m == len(self._c):
            for name in ("_a", "_c", "_error", "_magnitude"):
                old = getattr(self, name)
                setattr(self, name, np.concatenate([old, np.empty_like(old)]))
        self._a[m] = sign * source.a[index]
        self._c[m] = sign * source.c[index]
        self._error[m] = source.error[index]
        self._magnitude[m] = source.magnitude[index]
        self.rows.append(row)

    def truncate(self, length: int) -> None:
        """Keep the first ``length`` rows."""
        del self.rows[length:]

    # -- "non-empty by this witness" ---------------------------------------------------------------------

    def contains_certainly(self, x: FloatArray) -> bool:
        """Whether the filter proves that a float point lies in the cell; False only says that it can't tell."""
        inside = self.box.holds_strictly(x) if self.open else self.box.holds(x)
        if not inside:
            return False
        m, d = len(self.rows), self.restriction.dimension
        if not m:
            return True
        values = self.a @ x + self.c
        sizes = np.abs(self.a) @ np.abs(x) + np.abs(self.c)
        return bool((values > (self._error[:m] + (d + 2) * U * sizes) * INFLATE + self.box.tiny).all())

    def contains(self, point: ExactPoint) -> bool:
        """Whether a rational point lies in the cell, decided exactly."""
        r = self.restriction
        for x, low, high in zip(point.numerators, r.lower, r.upper, strict=True):
            left, right = x * r.scale - low * point.denominator, high * point.denominator - x * r.scale
            if left < 0 or right < 0 or (self.open and (left == 0 or right == 0)):
                return False
        deepest = max((row.forms for row in self.rows if row.forms), key=lambda f: f.layer, default=None)
        values = r.preactivations(point, deepest.layer + 1, deepest.prefix) if deepest else []
        for row in self.rows:
            if row.forms is not None:
                value = row.sign * values[row.forms.layer][row.unit]
            else:
                *a, c = r.rows[row.unit]
                value = sum(w * x for w, x in zip(a, point.numerators, strict=True)) + c * point.denominator
            if value < 0 or (row.strict and value == 0):
                return False
        return True

    # -- "empty by these multipliers" --------------------------------------------------------------------

    def excludes_certainly(
        self, forms: LayerForms, unit: int, sign: int, multipliers: FloatArray, *, strictly: bool
    ) -> bool:
        """Whether the filter proves by these multipliers that ``sign`` times the form is nowhere positive.

        Parameters
        ----------
        multipliers : (m,) floats
            One per row of the cell; negative ones count as 0. Any are legal, good ones prove.
        strictly : bool
            Prove "everywhere negative" instead.

        Notes
        -----
        The safe bound of Neumaier & Shcherbina (2004), docs/float_filter.md equation (4). O(m d).
        """
        m, d = len(self.rows), self.restriction.dimension
        weights = np.maximum(multipliers, 0.0)
        rows = forms.rows
        a = sign * rows.a[unit] + weights @ self.a
        constant = sign * rows.c[unit] + weights @ self.c
        peak = np.maximum(a * self.box.lower, a * self.box.upper).sum() + constant
        error = rows.error[unit] + weights @ self._error[:m]
        error += (m + d + 4) * U * (rows.magnitude[unit] + weights @ self._magnitude[:m])
        if not np.isfinite(peak):
            # A coefficient overflowed; minus infinity would pass for a proof.
            return False
        bound = peak + error * INFLATE + self.box.tiny * (1.0 + weights.sum())
        return bool(bound < 0) if strictly else bool(bound <= 0)

    def excludes(
        self, forms: LayerForms, unit: int, sign: int, multipliers: dict[int, Fraction], *, strictly: bool
    ) -> bool:
        """The same, decided exactly: whether these very multipliers are a proof."""
        r = self.restriction
        if any(weight < 0 for weight in multipliers.values()):
            return False
        total = [Fraction(sign * int(value)) for value in forms.exact(unit)]
        for i, weight in multipliers.items():
            total = [t + weight * int(value) for t, value in zip(total, self.exact_row(i), strict=True)]
        bound = total[-1] + sum(
            max(value * low, value * high) / r.scale
            for value, low, high in zip(total[:-1], r.lower, r.upper, strict=True)
        )
        return bound < 0 if strictly else bound <= 0

    def unscaled(self, forms: LayerForms, multipliers: dict[int, Fraction]) -> dict[int, Fraction]:
        """Multipliers of the integer rows and form as multipliers of the forms themselves.

        Rows of the domain have no other scale than that of :attr:`Restriction.rows`.
        """
        result = {}
        for i, weight in sorted(multipliers.items()):
            row = self.rows[i].forms
            result[i] = weight * (1 if row is None else row.scale) / forms.scale
        return result

    def exact_row(self, index: int) -> list[Any]:
        """Row ``index`` in integers (a, c), meaning a . t + c >= 0, times a positive scale."""
        row = self.rows[index]
        if row.forms is None:
            return self.restriction.rows[row.unit]
        return [row.sign * value for value in row.forms.exact(row.unit)]

    # -- the last word -----------------------------------------------------------------------------------

    def decide(
        self, forms: LayerForms, unit: int, sign: int, inside: Witness, hint: BasisHint | None = None
    ) -> Witness | ExactOptimum:
        """Decide exactly whether the form takes the given sign in the cell.

        Parameters
        ----------
        inside : Witness
            A point of the cell.
        hint : BasisHint, optional
            The basis at which a float solver ended.

        Returns
        -------
        Witness
            A point of the cell with that sign (for PATTERNS and sign -1: negative or zero).
        ExactOptimum
            Or the multipliers that prove that there is none, in the sense of :meth:`excludes`. For PATTERNS and sign -1
            the bound is negative, or at most 0 with a multiplier of a strict row.
        """
        strict = self.open or sign > 0
        objective = [sign * value for value in forms.exact(unit)]
        rows = [self.exact_row(i) for i in range(len(self.rows))]
        stop = Verdict.NOT_POSITIVE if strict else Verdict.NEGATIVE
        optimum = self._maximise(rows, objective, hint, stop)
        if optimum.verdict is stop:
            return optimum
        if optimum.numerators is None:
            raise ArithmeticError("a cell with a witness was found empty")
        vertex = ExactPoint(tuple(optimum.numerators), optimum.denominator * self.restriction.scale)
        if optimum.bound > 0:
            return self._between(objective, inside, vertex)
        return self._tie(rows, objective)

    def _maximise(
        self, rows: list[list[Any]], objective: list[Any], hint: BasisHint | None, stop: Verdict
    ) -> ExactOptimum:
        """Maximise over the closed cell, in the coordinates ``scale * t``."""
        r = self.restriction
        scaled = [[*row[:-1], row[-1] * r.scale] for row in rows]
        lp = ExactLP(scaled, r.lower, r.upper, r.arithmetic)
        optimum = lp.maximise([*objective[:-1], objective[-1] * r.scale], hint=hint, stop=stop)
        self.counts.exact_programs += 1
        self.counts.exact_pivots += optimum.pivots
        return optimum

    def _between(self, objective: list[Any], inside: Witness, vertex: ExactPoint) -> Witness:
        """A point between the two, in the cell, where the objective (positive at the vertex) is positive."""
        start = inside.point
        here, there = _value(objective, start), _value(objective, vertex)
        zero = here / (here - there) if here < 0 else Fraction(0)
        witness = Witness.rational(start.towards(vertex, short_between(zero, Fraction(1))))
        # A float point costs less from here on, where rounding has not moved it out.
        if self.contains_certainly(witness.x) and _value(objective, Witness(witness.x).point) > 0:
            return Witness(witness.x)
        return witness

    def _tie(self, rows: list[list[Any]], objective: list[Any]) -> Witness | ExactOptimum:
        """A point of the cell at which the objective, of maximum 0 on its closure, is 0, if there is one."""
        found = self._strict_point([*rows, objective], [*(row.strict for row in self.rows), False])
        if isinstance(found, Witness):
            return found
        # Over the objective's own multiplier: without one, the other rows alone would prove the cell empty.
        multipliers = dict(found.multipliers)
        share = multipliers.pop(len(rows), None)
        if share is None:
            raise ArithmeticError("a cell with a witness was found empty")
        return replace(
            found, bound=found.bound / share, multipliers={i: weight / share for i, weight in multipliers.items()}
        )

    def point(self) -> Witness | None:
        """A point of the cell, found exactly; None if the cell is empty."""
        rows = [self.exact_row(i) for i in range(len(self.rows))]
        found = self._strict_point(rows, [row.strict for row in self.rows])
        if not isinstance(found, Witness):
            return None
        return self._inside(found.point, rows) if self.open else found

    def _strict_point(self, rows: list[list[Any]], strict: list[bool]) -> Witness | ExactOptimum:
        """A point of the closed box at which all rows are at least 0 and the strict ones positive, if any.

        One more column f in [0, 1], to be maximised, with strict rows a . t + c >= f.
        """
        r = self.restriction
        extended = [
            [*row[:-1], -int(is_strict), row[-1] * r.scale] for row, is_strict in zip(rows, strict, strict=True)
        ]
        lp = ExactLP(extended, [*r.lower, 0], [*r.upper, 1], r.arithmetic)
        optimum = lp.maximise([0] * r.dimension + [1, 0], stop=Verdict.NOT_POSITIVE)
        self.counts.exact_programs += 1
        self.counts.exact_pivots += optimum.pivots
        if optimum.numerators is None:
            return optimum
        return Witness.rational(ExactPoint(tuple(optimum.numerators[:-1]), optimum.denominator * r.scale))

    def _inside(self, point: ExactPoint, rows: list[list[Any]]) -> Witness:
        """A point near the given one, where all rows stay positive, in the interior of the domain."""
        start = self.restriction.start
        share = Fraction(1, 2)
        for row in rows:
            here, there = _value(row, point), _value(row, start)
            if there < 0:
                share = min(share, here / (here - there) / 2)
        witness = Witness.rational(point.towards(start, share))
        return Witness(witness.x) if self.contains_certainly(witness.x) else witness


def short_between(low: Fraction, high: Fraction) -> Fraction:
    """A dyadic number of few bits between the two, within an eighth of their distance of the middle.

    Witnesses are made from witnesses: with the middle itself, their bits would grow by those of the forms each time.
    """
    gap = high - low
    scale = 1 << max(0, gap.denominator.bit_length() - gap.numerator.bit_length() + 3)
    return Fraction(round((low + high) / 2 * scale), scale)


def _value(row: Sequence[Any], point: ExactPoint) -> Fraction:
    total = sum(a * x for a, x in zip(row[:-1], point.numerators, strict=True)) + row[-1] * point.denominator
    return Fraction(int(total), point.denominator)

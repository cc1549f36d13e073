"""An exact dual simplex method for linear programs over a box.

The last word when floating point can decide nothing. Maximise a linear function over

    { x : lower <= x <= upper, row_i . x + constant_i >= 0 }

in integer arithmetic. Every variable is boxed, so the basis of slacks with each column at its better bound
is dual feasible and no first phase is needed; every iterate is a valid upper bound with its multipliers, so
that a proof of "nowhere positive" can be had before the optimum is. Each step solves the k x k system of the
k tight rows afresh and exactly; k is at most the number of rows and of columns. Steps are long (the bound flipping
ratio test, e.g. Koberstein 2005): a column whose reduced cost changes sign goes to its other bound while the
leaving variable stays infeasible, so that a step may pass hundreds of columns.

Degenerate programs end because ties, and after many steps the choice of the leaving variable and of a short step too,
follow Bland's rule (Bland 1977, for the dual: smallest index leaves, smallest index enters).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from polyregions.exact.arithmetic import Arithmetic, Matrix

__all__ = ["BasisHint", "ExactLP", "ExactOptimum", "Verdict"]


class Verdict(Enum):
    """How an exact linear program ended."""

    OPTIMAL = "optimal"
    NOT_POSITIVE = "the objective is nowhere positive; the optimum was not needed"
    NEGATIVE = "the objective is negative everywhere; the optimum was not needed"
    INFEASIBLE = "no point satisfies the constraints"


@dataclass(frozen=True)
class BasisHint:
    """A basis proposed by a float solver: the rows that are tight and the columns that are basic."""

    tight_rows: tuple[int, ...]
    basic_columns: tuple[int, ...]


@dataclass(frozen=True)
class ExactOptimum:
    """The outcome of an exact linear program.

    Attributes
    ----------
    verdict : Verdict
    bound : Fraction
        The optimum if OPTIMAL, else an upper bound of the objective (of 0 if INFEASIBLE, and negative).
    point : list of (numerator, denominator > 0) or None
        An optimal point, if OPTIMAL.
    multipliers : dict of row index to Fraction > 0
        They prove the bound: sup over the box of objective + sum_i multiplier_i (row_i . x + constant_i).
    pivots : int
    """

    verdict: Verdict
    bound: Fraction
    numerators: list[int] | None
    denominator: int
    multipliers: dict[int, Fraction]
    pivots: int


class ExactLP:
    """A boxed linear program in integers.

    Parameters
    ----------
    rows : m integer vectors of length n + 1
        ``(a, c)`` stands for ``a . x + c >= 0``.
    lower, upper : n integers, lower <= upper
    arithmetic : Arithmetic
    """

    def __init__(
        self,
        rows: Sequence[Sequence[Any]],
        lower: Sequence[int],
        upper: Sequence[int],
        arithmetic: Arithmetic,
    ) -> None:
        self._n = len(lower)
        self._a = [list(row[: self._n]) for row in rows]
        self._c = [row[self._n] for row in rows]
        self._lower = lower
        self._upper = upper
        self._arithmetic = arithmetic
        self._matrix: Matrix = arithmetic.matrix(self._a, self._n)

    def maximise(
        self, objective: Sequence[Any], *, hint: BasisHint | None = None, stop: Verdict | None = None
    ) -> ExactOptimum:
        """Maximise ``objective[:n] . x + objective[n]``.

        Parameters
        ----------
        objective : n + 1 integers
        hint : BasisHint, optional
            A starting basis; ignored if it is singular. Rows with multipliers of the wrong sign are left out of it.
        stop : Verdict, optional
            NOT_POSITIVE or NEGATIVE: stop as soon as the bound proves that much.
        """
        run = _Run(self, list(objective[: self._n]), objective[self._n], stop)
        return run.solve(hint)

    def all_rows_dot(self, numerators: Sequence[Any], denominator: Any) -> list[Any]:
        """``row . x + constant`` for every row, times the denominator of x."""
        if not self._a:
            return []
        products = self._arithmetic.apply(self._matrix, numerators)
        return [value + c * denominator for value, c in zip(products, self._c, strict=True)]


#: Steps before Bland's rule, for every hundred columns and rows.
_GREEDY_STEPS = 60


#: A reduced cost of the right sign, by how much it falls, and its variable: kind 0 a column, 1 a slack.
_Candidate = tuple[Any, Any, tuple[int, int]]


def _ratio(candidate: _Candidate) -> Fraction:
    return Fraction(int(candidate[0]), int(candidate[1]))


class _Run:
    """One run of the dual simplex method: the basis and the quantities that follow from it.

    ``tight`` are the rows whose slack is nonbasic (0), ``basic`` the columns that are basic; both have k entries.
    Every other column is at a bound, ``at_upper`` tells which.
    """

    def __init__(self, lp: ExactLP, objective: list[Any], constant: Any, stop: Verdict | None) -> None:
        self.lp = lp
        self.g = objective
        self.g0 = constant
        self.stop = stop
        self.tight: list[int] = []
        self.basic: list[int] = []
        self.at_upper = [value > 0 for value in objective]
        self.pivots = 0
        self._greedy_steps = _GREEDY_STEPS * (1 + (lp._n + len(lp._a)) // 100)

    def solve(self, hint: BasisHint | None) -> ExactOptimum:
        dual = self._start(hint)
        while True:
            if dual is None:  # The slack basis has no system to solve; a chosen pivot never is singular.
                raise ArithmeticError("the exact simplex method met a singular basis")
            multipliers, reduced, scale = dual
            point, denominator = self._primal()
            bound = self._bound(multipliers, reduced, scale, point, denominator)
            if self.stop is not None and (bound < 0 or (bound == 0 and self.stop is Verdict.NOT_POSITIVE)):
                return self._result(self.stop, bound, None, 1, multipliers, scale)
            leaving = self._leaving(point, denominator)
            if leaving is None:
                return self._result(Verdict.OPTIMAL, bound, point, denominator, multipliers, scale)
            ray = self._step(leaving, denominator, multipliers, reduced)
            if ray is not None:
                return ray
            self.pivots += 1
            dual = self._dual()

    def _start(self, hint: BasisHint | None) -> tuple[list[Any], list[Any], Any] | None:
        if hint is not None and len(hint.tight_rows) == len(hint.basic_columns):
            self.tight, self.basic = list(hint.tight_rows), list(hint.basic_columns)
            dual = self._dual()
            while dual is not None and min(dual[0], default=0) < 0:
                dual = self._without(min(range(len(self.tight)), key=dual[0].__getitem__))
            if dual is not None:
                nonbasic = set(range(self.lp._n)) - set(self.basic)
                for j in nonbasic:
                    self.at_upper[j] = dual[1][j] > 0
                return dual
            self.tight, self.basic = [], []
        return self._dual()

    def _without(self, place: int) -> tuple[list[Any], list[Any], Any] | None:
        """Leave the tight row at a place out of the basis, with some column; the dual solution there."""
        del self.tight[place]
        columns = self.basic
        for j in columns:
            self.basic = [column for column in columns if column != j]
            dual = self._dual()
            if dual is not None:
                return dual
        return None

    def _dual(self) -> tuple[list[Any], list[Any], Any] | None:
        """Multipliers of the tight rows and reduced costs of all columns, over a common denominator."""
        if not self.tight:
            return [], self.g, 1
        arithmetic, lp = self.lp._arithmetic, self.lp
        transposed = arithmetic.matrix([[lp._a[i][j] for i in self.tight] for j in self.basic])
        right = arithmetic.matrix([[-self.g[j]] for j in self.basic])
        solved = arithmetic.solve(transposed, right)
        if solved is None:
            return None
        multipliers = [row[0] for row in solved[0]]
        scale = solved[1]
        combined = arithmetic.combine(multipliers, arithmetic.matrix([lp._a[i] for i in self.tight]))
        reduced = [scale * g + value for g, value in zip(self.g, combined, strict=True)]
        return multipliers, reduced, scale

    def _primal(self) -> tuple[list[Any], Any]:
        """The basic solution, numerators over one denominator."""
        lp, arithmetic = self.lp, self.lp._arithmetic
        point = [high if up else low for low, high, up in zip(lp._lower, lp._upper, self.at_upper, strict=True)]
        if not self.tight:
            return point, 1
        for j in self.basic:
            point[j] = 0
        residual = arithmetic.apply(arithmetic.matrix([lp._a[i] for i in self.tight]), point)
        right = [[-value - lp._c[i]] for value, i in zip(residual, self.tight, strict=True)]
        system = arithmetic.matrix([[lp._a[i][j] for j in self.basic] for i in self.tight])
        solved = arithmetic.solve(system, arithmetic.matrix(right))
        if solved is None:
            raise ArithmeticError("the exact simplex method met a singular basis")
        values, denominator = solved
        point = [value * denominator for value in point]
        for j, row in zip(self.basic, values, strict=True):
            point[j] = row[0]
        return point, denominator

    def _bound(self, multipliers: list[Any], reduced: list[Any], scale: Any, point: list[Any], den: Any) -> Fraction:
        # On the basic columns the reduced cost is zero, so the basic solution attains the dual objective.
        total = sum(d * x for d, x in zip(reduced, point, strict=True) if d)
        constant = self.g0 * scale + sum(
            value * self.lp._c[i] for value, i in zip(multipliers, self.tight, strict=True)
        )
        return Fraction(int(total + constant * den), int(scale * den))

    def _leaving(self, point: list[Any], denominator: Any) -> tuple[int, int, int, Any] | None:
        """An infeasible basic variable as (kind, index, direction, by how much): kind 0 a column, 1 a slack."""
        lp = self.lp
        candidates: list[tuple[int, int, int, Any]] = []
        for j in sorted(self.basic):
            if point[j] < lp._lower[j] * denominator:
                candidates.append((0, j, 1, lp._lower[j] * denominator - point[j]))
            elif point[j] > lp._upper[j] * denominator:
                candidates.append((0, j, -1, point[j] - lp._upper[j] * denominator))
            if candidates and not self._greedy:
                return candidates[0]
        tight = set(self.tight)
        for i, value in enumerate(lp.all_rows_dot(point, denominator)):
            if value < 0 and i not in tight:
                candidates.append((1, i, 1, -value))
                if not self._greedy:
                    break
        return max(candidates, key=lambda candidate: candidate[3], default=None)

    @property
    def _greedy(self) -> bool:
        return self.pivots < self._greedy_steps

    def _step(
        self, leaving: tuple[int, int, int, Any], denominator: Any, multipliers: list[Any], reduced: list[Any]
    ) -> ExactOptimum | None:
        """Exchange the leaving variable for one that keeps the dual feasible; a proof of emptiness if none is."""
        lp, arithmetic = self.lp, self.lp._arithmetic
        kind, index, direction, amount = leaving
        row = lp._a[index] if kind else [direction * int(j == index) for j in range(lp._n)]
        eta: list[Any] = []
        eta_scale: Any = 1
        delta = list(row)
        if self.tight:
            transposed = arithmetic.matrix([[lp._a[i][j] for i in self.tight] for j in self.basic])
            solved = arithmetic.solve(transposed, arithmetic.matrix([[-row[j]] for j in self.basic]))
            if solved is None:
                raise ArithmeticError("the exact simplex method met a singular basis")
            eta, eta_scale = [entry[0] for entry in solved[0]], solved[1]
            combined = arithmetic.combine(eta, arithmetic.matrix([lp._a[i] for i in self.tight]))
            delta = [eta_scale * r + value for r, value in zip(row, combined, strict=True)]
        # Ratios theta = value / -change over one common scale; compare them by cross multiplication. Columns come
        # before slacks in Bland's order, here and in the choice of the leaving variable.
        in_basis = set(self.basic)
        columns = (
            (d, -change, (0, j)) if self.at_upper[j] else (-d, change, (0, j))
            for j, (d, change) in enumerate(zip(reduced, delta, strict=True))
            if j not in in_basis and change
        )
        slacks = sorted(
            ((value, -change, (1, i)) for value, change, i in zip(multipliers, eta, self.tight, strict=True)),
            key=lambda item: item[2],
        )
        candidates = [item for item in (*columns, *slacks) if item[1] > 0]
        if self._greedy:
            entering = self._long_step(candidates, Fraction(int(amount), int(denominator)) * int(eta_scale))
        else:
            entering = min(candidates, key=_ratio, default=None)
        if entering is None:
            return self._infeasible(kind, index, direction, eta, eta_scale, delta)
        self._exchange(kind, index, direction, *entering[2])
        return None

    def _long_step(self, candidates: list[_Candidate], missing: Fraction) -> _Candidate | None:
        """The candidate at which the leaving variable, infeasible by ``missing``, is feasible; those before it flip.

        None if it never is.
        """
        for candidate in sorted(candidates, key=_ratio):
            _, decrease, (kind, j) = candidate
            if kind:
                return candidate
            missing -= int(decrease) * int(self.lp._upper[j] - self.lp._lower[j])
            if missing <= 0:
                return candidate
            self.at_upper[j] = not self.at_upper[j]
        return None

    def _exchange(self, kind: int, index: int, direction: int, entering_kind: int, entering: int) -> None:
        if kind:
            self.tight.append(index)
        else:
            self.basic.remove(index)
            self.at_upper[index] = direction < 0
        if entering_kind:
            self.tight.remove(entering)
        else:
            self.basic.append(entering)

    def _infeasible(
        self, kind: int, index: int, direction: int, eta: list[Any], eta_scale: Any, delta: list[Any]
    ) -> ExactOptimum:
        """Farkas multipliers: their combination of the rows is negative on the whole box."""
        lp = self.lp
        weights = {i: Fraction(int(value), int(eta_scale)) for i, value in zip(self.tight, eta, strict=True) if value}
        combined = [Fraction(int(value), int(eta_scale)) for value in delta]
        if kind:
            weights[index] = Fraction(1)
        else:
            combined[index] -= direction
        bound = sum((weight * int(lp._c[i]) for i, weight in weights.items()), Fraction(0))
        bound += sum(
            max(value * int(low), value * int(high))
            for value, low, high in zip(combined, lp._lower, lp._upper, strict=True)
        )
        return ExactOptimum(Verdict.INFEASIBLE, bound, None, 1, weights, self.pivots)

    def _result(
        self, verdict: Verdict, bound: Fraction, point: list[Any] | None, den: Any, multipliers: list[Any], scale: Any
    ) -> ExactOptimum:
        weights = {
            i: Fraction(int(value), int(scale)) for i, value in zip(self.tight, multipliers, strict=True) if value
        }
        numerators = None if point is None else [int(value) for value in point]
        return ExactOptimum(verdict, bound, numerators, int(den), weights, self.pivots)

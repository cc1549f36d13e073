"""Which inequalities of a system can be left out, every decision proven.

An inequality stays if a rational point violates it and satisfies all others that are left; it goes if multipliers of
the others prove that there is none. Rays from an inner point and float linear programs propose either, integers check
the proposal, and the exact simplex method decides where there is no proposal or it fails the check.

The linear programs need a box. Where inequalities of one variable bound every variable, these are the box, and one
that is in question or dropped is moved outward; otherwise the coordinates are made homogeneous. Moving a bound u of
x_j outward to u' > u, instead of taking it away, changes no answer: suppose that a point q violates inequality r and
satisfies the others that are left. On the way to q from a point of the polyhedron P, the last point of P has x_j <= u,
and just behind it are points that violate r, satisfy the others, and have x_j < u'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np

from polyregions.exact.arithmetic import default_arithmetic
from polyregions.exact.numbers import common_denominator, dyadic_integers, nearest_float
from polyregions.exact.restriction import ExactPoint
from polyregions.exact.simplex import BasisHint, ExactLP, Verdict
from polyregions.projection.float_rows import FloatArray, float_forms
from polyregions.projection.system import Row
from solvers import SolverError, Status, lp_session
from solvers.protocol import BASIC

__all__ = ["Irredundant", "irredundant"]


@dataclass(frozen=True)
class Irredundant:
    """The outcome of :func:`irredundant`.

    Attributes
    ----------
    kept : tuple of int
        Indices of the inequalities that are left, in order.
    witnesses : dict of index to point
        For each candidate that is left a point that violates it and satisfies all others that are left.
    """

    kept: tuple[int, ...]
    witnesses: dict[int, ExactPoint]


def irredundant(
    rows: Sequence[Row],
    dimension: int,
    start: Sequence[Fraction],
    *,
    candidates: Sequence[int] | None = None,
    solver: str | None = "highs",
) -> Irredundant:
    """Leave out inequalities a . x + c >= 0, one after the other, as long as the set stays the same.

    Parameters
    ----------
    rows : m rows of ``dimension`` + 1 integers
        Of a polyhedron that is not empty.
    start : point of the polyhedron
        An inner one, where there is one, saves many linear programs.
    candidates : sequence of indices, optional
        The inequalities that may be left out, in the order in which they are tried. Default: all, from the last to
        the first, so that the first one of several that are equal is left.
    solver : str or None
        The LP back end of :mod:`solvers` that proposes; None for the exact simplex method alone.

    Notes
    -----
    At most one float and one exact linear program per candidate. Of a polyhedron of full dimension, what is left are
    its facets; of a smaller one the result depends on the order.
    """
    question = _Question(rows, dimension, start, solver)
    witnesses = {}
    for index in reversed(range(len(rows))) if candidates is None else candidates:
        witness = question.witness(index)
        if witness is None:
            question.drop(index)
        else:
            witnesses[index] = witness
    return Irredundant(tuple(sorted(question.left)), witnesses)


class _Question:
    """The inequalities that are left, and the programs that ask about one of them."""

    def __init__(self, rows: Sequence[Row], dimension: int, start: Sequence[Fraction], solver: str | None) -> None:
        self.rows = rows
        self.n = dimension
        self.start = tuple(start)
        self.left = set(range(len(rows)))
        self._supports = [[(j, value) for j, value in enumerate(row[:-1]) if value] for row in rows]
        self._parallels: dict[Row, set[int]] = {}
        for i, row in enumerate(rows):
            self._parallels.setdefault(self._direction(row), set()).add(i)
        self._box()
        self._floats = _Proposals(self, solver) if solver is not None else None

    def _direction(self, row: Row) -> Row:
        divisor = gcd(*row[:-1]) or 1
        return tuple(value // divisor for value in row[:-1])

    def _box(self) -> None:
        """The box that inequalities of one variable make, if they bound every variable; else homogeneous coordinates.

        Attributes
        ----------
        sides : dict of inequality to (column, 0 lower or 1 upper)
        bounds : [lower, upper], lists of integers over ``scale``
        """
        tightest: dict[tuple[int, int], tuple[Fraction, int]] = {}
        for i, support in enumerate(self._supports):
            if len(support) == 1:
                ((j, value),) = support
                side, limit = int(value < 0), Fraction(-self.rows[i][-1], value)
                known = tightest.get((j, side))
                if known is None or (limit < known[0] if side else limit > known[0]):
                    tightest[j, side] = limit, i
        self.boxed = len(tightest) == 2 * self.n
        self.scale = 1
        self.sides: dict[int, tuple[int, int]] = {}
        if self.boxed:
            self.sides = {i: key for key, (_, i) in tightest.items()}
            self.scale = common_denominator(limit for limit, _ in tightest.values())
            self.bounds = [[int(tightest[j, side][0] * self.scale) for j in range(self.n)] for side in (0, 1)]
        else:
            self.bounds = [[-1] * self.n + [0], [1] * (self.n + 1)]
        self.general = [i for i in range(len(self.rows)) if i not in self.sides]
        self._width = [max(high - low, 1) for low, high in zip(*self.bounds, strict=True)]

    def outward(self, index: int) -> tuple[int, int, int] | None:
        """The side that inequality ``index`` is, and the bound that is used in its place: (column, side, bound)."""
        if index not in self.sides:
            return None
        j, side = self.sides[index]
        return j, side, self.bounds[side][j] + (self._width[j] if side else -self._width[j])

    def drop(self, index: int) -> None:
        self.left.discard(index)
        self._parallels[self._direction(self.rows[index])].discard(index)
        moved = self.outward(index)
        if moved is not None:
            j, side, bound = moved
            self.bounds[side][j] = bound
        if self._floats is not None:
            self._floats.drop(index)

    def witness(self, index: int) -> ExactPoint | None:
        """A point that violates only this one of the inequalities left; None if it is proven that there is none."""
        if not self._supports[index] or self._has_tighter_parallel(index):
            return None
        hint = None
        if self._floats is not None:
            found, hint = self._floats.ask(index)
            if found is not None:
                return found
            if self._floats.proven:
                return None
        return self._exactly(index, hint)

    def _has_tighter_parallel(self, index: int) -> bool:
        row = self.rows[index]
        size = gcd(*row[:-1])
        return any(
            self.rows[i][-1] * size <= row[-1] * gcd(*self.rows[i][:-1])
            for i in self._parallels[self._direction(row)]
            if i != index
        )

    def violates_only(self, index: int, numerators: Sequence[int], denominator: int) -> bool:
        """Whether the point violates this one of the inequalities left, and no other; decided in integers."""
        if self._value(index, numerators, denominator) >= 0:
            return False
        return all(self._value(i, numerators, denominator) >= 0 for i in self.left if i != index)

    def _value(self, index: int, numerators: Sequence[int], denominator: int) -> int:
        total = self.rows[index][-1] * denominator
        for j, value in self._supports[index]:
            total += value * numerators[j]
        return total

    def program_row(self, index: int) -> list[int]:
        """The inequality over the program's columns: ``scale * x``, or (y, s) with x = y / s."""
        row = self.rows[index]
        return [*row[:-1], row[-1] * self.scale] if self.boxed else [*row, 0]

    def program_bounds(self, index: int) -> list[list[int]]:
        """The box of the question about an inequality."""
        bounds = [list(self.bounds[0]), list(self.bounds[1])]
        moved = self.outward(index)
        if moved is not None:
            j, side, bound = moved
            bounds[side][j] = bound
        return bounds

    def _exactly(self, index: int, hint: BasisHint | None) -> ExactPoint | None:
        others = [i for i in self.general if i in self.left and i != index]
        lower, upper = self.program_bounds(index)
        program = ExactLP([self.program_row(i) for i in others], lower, upper, default_arithmetic())
        objective = [-value for value in self.program_row(index)]
        optimum = program.maximise(objective, hint=hint, stop=Verdict.NOT_POSITIVE)
        if optimum.verdict is Verdict.NOT_POSITIVE:
            return None
        if optimum.numerators is None:
            raise ValueError("no point satisfies the inequalities; redundancy is asked of polyhedra that are not empty")
        return self._point(index, optimum.numerators, optimum.denominator)

    def _point(self, index: int, numerators: Sequence[int], denominator: int) -> ExactPoint:
        if self.boxed:
            return ExactPoint(tuple(numerators), denominator * self.scale)
        *y, s = numerators
        if s:
            return ExactPoint(tuple(y), s)
        # A direction that leaves the polyhedron through this inequality alone: go far enough from a point of it.
        row = self.rows[index]
        here = sum((a * x for a, x in zip(row, self.start, strict=False)), Fraction(row[-1]))
        share = here / -sum(a * v for a, v in zip(row, y, strict=False)) + 1
        return ExactPoint.of([x + share * v for x, v in zip(self.start, y, strict=True)])


class _Proposals:
    """Points and multipliers in floats, checked in integers before they count."""

    def __init__(self, question: _Question, solver: str) -> None:
        self._question = question
        self._forms = float_forms(question.rows, question.n)
        self._x0: FloatArray = np.array([nearest_float(value) for value in question.start])
        with np.errstate(all="ignore"):
            self._slack = self._forms.a @ self._x0 + self._forms.c
        self._left = np.ones(len(question.rows), dtype=np.bool_)
        self._position = {i: k for k, i in enumerate(question.general)}
        self._session = self._open(solver)
        self.proven = False

    def _open(self, solver: str) -> Any:
        question = self._question
        general = question.general
        lower, upper = self._float_bounds(question.bounds)
        a, c = self._forms.a[general], self._forms.c[general]
        try:
            session = lp_session(lower, upper, name=solver)
            if question.boxed:
                session.add_rows(a, -c, np.full(len(c), np.inf))
            else:
                session.add_rows(np.hstack([a, c[:, None]]), np.zeros(len(c)), np.full(len(c), np.inf))
        except (SolverError, ValueError):
            # Numbers beyond what the solver takes: no proposals.
            return None
        return session

    def _float_bounds(self, bounds: list[list[int]]) -> list[list[float]]:
        scale = self._question.scale
        return [[nearest_float(Fraction(value, scale)) for value in side] for side in bounds]

    def drop(self, index: int) -> None:
        self._left[index] = False
        if self._session is not None:
            self._release(index)

    def ask(self, index: int) -> tuple[ExactPoint | None, BasisHint | None]:
        """A witness that is proven; or a hint for the exact method, and ``proven`` says whether it is needed."""
        self.proven = False
        with np.errstate(all="ignore"):
            found = self._shoot(index)
            if found is not None or self._session is None or not self._forms.usable[index]:
                return found, None
            self._release(index)
            try:
                return self._solve(index)
            finally:
                self._restore(index)

    def _shoot(self, index: int) -> ExactPoint | None:
        """Go from the start straight at the inequality; a witness lies behind it if it is the first that is met."""
        a = self._forms.a
        speed = a @ a[index]
        here = self._slack[index] / speed[index]
        meets = self._left & (speed > 0)
        meets[index] = False
        next_one = (self._slack[meets] / speed[meets]).min(initial=np.inf)
        if not 0 <= here < next_one:
            return None
        return self._checked(index, self._x0 - min(0.5 * (here + next_one), 2 * here + 1) * a[index])

    def _checked(self, index: int, x: FloatArray) -> ExactPoint | None:
        if not np.isfinite(x).all():
            return None
        integers, exponent = dyadic_integers(x)
        if not self._question.violates_only(index, integers, 2**exponent):
            return None
        return ExactPoint(tuple(integers), 2**exponent)

    def _solve(self, index: int) -> tuple[ExactPoint | None, BasisHint | None]:
        question, session, forms = self._question, self._session, self._forms
        a, c = forms.a[index], forms.c[index]
        session.set_objective(-a if question.boxed else [*-a, -c])
        solution = session.solve()
        if solution.status is not Status.OPTIMAL:
            return None, None
        x = solution.x if question.boxed else solution.x[:-1] / solution.x[-1]
        below = a @ x + c
        if below < 0:
            # From the start to x, half of the way that lies behind the inequality.
            share = 0.5 * below / (below - self._slack[index])
            found = self._checked(index, x + share * (self._x0 - x))
            if found is not None:
                return found, None
        elif question.boxed and self._proves(index, -solution.row_duals):
            self.proven = True
            return None, None
        return None, self._hint(index)

    def _proves(self, index: int, multipliers: FloatArray) -> bool:
        """Whether sup over the box of -form + sum of multipliers times forms is at most 0, in exact arithmetic."""
        if not np.isfinite(multipliers).all():
            return False
        question, exponents = self._question, self._forms.exponents
        total = [Fraction(-value) for value in question.program_row(index)]
        for k in np.flatnonzero(multipliers > 0):
            i = question.general[k]
            if i == index or i not in question.left or not self._forms.usable[i]:
                return False
            weight = Fraction(float(multipliers[k])) * Fraction(2) ** (exponents[index] - exponents[i])
            total = [t + weight * value for t, value in zip(total, question.program_row(i), strict=True)]
        peak = sum(
            (max(t * low, t * high) for t, low, high in zip(total, *question.program_bounds(index), strict=False)),
            total[-1],
        )
        return peak <= 0

    def _hint(self, index: int) -> BasisHint:
        """The basis at which the float program ended, with the rows numbered as in the exact program."""
        question = self._question
        basis = self._session.basis()
        others = [i for i in question.general if i in question.left and i != index]
        rows = basis.row_status  # decoded on each access
        tight = [k for k, i in enumerate(others) if rows[self._position[i]] != BASIC]
        return BasisHint(tuple(tight), tuple(np.flatnonzero(basis.column_status == BASIC).tolist()))

    def _release(self, index: int) -> None:
        """Take the inequality out of the float program, or move the side that it is outward."""
        session = self._session
        moved = self._question.outward(index) if index in self._question.left else None
        if index in self._position:
            session.set_row_bounds(self._position[index], -np.inf, np.inf)
        elif moved is not None:
            self._set_side(*moved)
        else:
            j, side = self._question.sides[index]
            self._set_side(j, side, self._question.bounds[side][j])

    def _restore(self, index: int) -> None:
        if index in self._position:
            low = -self._forms.c[index] if self._question.boxed else 0.0
            self._session.set_row_bounds(self._position[index], low, np.inf)
        else:
            j, side = self._question.sides[index]
            self._set_side(j, side, self._question.bounds[side][j])

    def _set_side(self, j: int, side: int, bound: int) -> None:
        bounds = [self._question.bounds[0][j], self._question.bounds[1][j]]
        bounds[side] = bound
        low, high = (nearest_float(Fraction(value, self._question.scale)) for value in bounds)
        self._session.set_column_bounds(j, low, high)

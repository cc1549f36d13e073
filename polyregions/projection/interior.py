"""A point at which inequalities are strict, or those of them that no point can make strict."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from polyregions.exact.arithmetic import default_arithmetic
from polyregions.exact.numbers import dyadic_integers
from polyregions.exact.simplex import ExactLP, Verdict
from polyregions.projection.float_rows import float_forms
from polyregions.projection.system import Row
from solvers import SolverError, Status, lp_session

__all__ = ["Interior", "interior"]


@dataclass(frozen=True)
class Interior:
    """The outcome of :func:`interior`: a point, or inequalities that are equations, or neither if there is no point.

    Attributes
    ----------
    point : tuple of Fractions, or None
        At which every inequality is strict.
    equations : tuple of indices
        Some of the inequalities that hold with equality everywhere; at least one if the polyhedron has a point but
        no point makes all of them strict.
    """

    point: tuple[Fraction, ...] | None
    equations: tuple[int, ...] = ()


def interior(rows: Sequence[Row], dimension: int, *, solver: str | None = "highs") -> Interior:
    """Look for a point with a . x + c > 0 for all rows, exactly.

    Parameters
    ----------
    solver : str or None
        The LP back end that proposes a point; None for none.

    Notes
    -----
    Homogenised: maximise f in [0, 1] with a . y + c s >= f and s >= f, y in [-1, 1]^n, s in [0, 1]. With f > 0, y / s
    is such a point. If the optimum is 0, its multipliers w combine the rows into (sum w c) s with sum w c <= 0: where
    s = 1 that is a sum of terms that are not negative, so there is no point if it is negative, and all rows with
    w > 0 are equations if it is 0.
    """
    if solver is not None:
        proposed = _propose(rows, dimension, solver)
        if proposed is not None:
            return Interior(proposed)
    program = ExactLP(
        [[*row, -1, 0] for row in rows] + [[0] * dimension + [1, -1, 0]],
        [-1] * dimension + [0, 0],
        [1] * (dimension + 2),
        default_arithmetic(),
    )
    optimum = program.maximise([0] * (dimension + 1) + [1, 0], stop=Verdict.NOT_POSITIVE)
    if optimum.numerators is not None and optimum.bound > 0:
        *y, s, _ = optimum.numerators
        return Interior(tuple(Fraction(value, s) for value in y))
    weights = {i: weight for i, weight in optimum.multipliers.items() if i < len(rows)}
    if sum((weight * rows[i][-1] for i, weight in weights.items()), Fraction(0)) < 0:
        return Interior(None)
    return Interior(None, tuple(sorted(weights)))


def _propose(rows: Sequence[Row], dimension: int, solver: str) -> tuple[Fraction, ...] | None:
    """A float point in the middle of the rows, if it makes all of them strict."""
    with np.errstate(all="ignore"):
        forms = float_forms(rows, dimension)
        try:
            session = lp_session([-1.0] * dimension + [0.0, 0.0], [1.0] * (dimension + 2), name=solver)
            ones = np.ones((len(rows), 1))
            program = np.hstack([forms.a, forms.c[:, None], -ones])
            last = [[0.0] * dimension + [1.0, -1.0]]
            session.add_rows(np.vstack([program, last]), np.zeros(len(rows) + 1), np.full(len(rows) + 1, np.inf))
            session.set_objective([0.0] * (dimension + 1) + [1.0])
            solution = session.solve()
        except (SolverError, ValueError):
            # Numbers beyond what the solver takes: no proposal.
            return None
        if solution.status is not Status.OPTIMAL or solution.x is None:
            return None
        x = solution.x[:dimension] / solution.x[dimension]
        if not np.isfinite(x).all():
            return None
    integers, exponent = dyadic_integers(x)
    one = 2**exponent
    if all(sum(a * v for a, v in zip(row, integers, strict=False) if a) + row[-1] * one > 0 for row in rows):
        return tuple(Fraction(value, one) for value in integers)
    return None

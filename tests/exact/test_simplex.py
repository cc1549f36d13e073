"""The exact simplex: every outcome is checked as the proof that it is, and against a float solver."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from polyregions.exact import simplex
from polyregions.exact.arithmetic import get_arithmetic
from polyregions.exact.simplex import BasisHint, ExactLP, Verdict
from tests.exact import truth

flint, fractions = get_arithmetic("flint"), get_arithmetic("fractions")
small = st.integers(-2, 2)


@pytest.fixture(params=[0, 60], ids=["Bland from the start", "greedy first"])
def greedy_steps(request, monkeypatch):
    monkeypatch.setattr(simplex, "_GREEDY_STEPS", request.param)


@st.composite
def programs(draw, columns=4, rows=6):
    """Tiny integers: many ties, parallels, duplicates, zero rows and columns, fixed columns."""
    n = draw(st.integers(1, columns))
    vector = st.lists(small, min_size=n + 1, max_size=n + 1)
    lower = draw(st.lists(small, min_size=n, max_size=n))
    widths = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    upper = [low + w for low, w in zip(lower, widths, strict=True)]
    return draw(st.lists(vector, max_size=rows)), lower, upper, draw(vector)


@st.composite
def programs_with_hints(draw):
    """Any subsets of rows and columns, mostly singular or not dual feasible, some of unequal size."""
    program = draw(programs())
    m, n = len(program[0]), len(program[1])
    tight = draw(st.lists(st.integers(0, m - 1), max_size=n, unique=draw(st.booleans()))) if m else []
    size = len(tight) if draw(st.booleans()) else draw(st.integers(0, n))
    basic = draw(st.permutations(range(n)))[:size]
    return program, BasisHint(tuple(tight), tuple(basic))


def form(row):
    *a, c = row
    return tuple(a), Fraction(c)


def check(program, optimum):
    """Whether the outcome proves itself, in Fractions."""
    rows, lower, upper, objective = program
    assert all(weight > 0 for weight in optimum.multipliers.values())
    total = truth.scaled(form(objective), 0 if optimum.verdict is Verdict.INFEASIBLE else 1)
    for i, weight in optimum.multipliers.items():
        total = truth.added(total, truth.scaled(form(rows[i]), weight))
    assert truth.supremum(total, lower, upper) == optimum.bound
    if optimum.verdict is Verdict.OPTIMAL:
        assert optimum.denominator > 0
        point = [Fraction(v, optimum.denominator) for v in optimum.numerators]
        assert all(low <= x <= high for low, x, high in zip(lower, point, upper, strict=True))
        assert all(truth.value(form(row), point) >= 0 for row in rows)
        assert truth.value(form(objective), point) == optimum.bound
    else:
        assert optimum.numerators is None
        assert optimum.bound < 0 or (optimum.bound == 0 and optimum.verdict is Verdict.NOT_POSITIVE)


def solve(program, arithmetic=flint, **options):
    rows, lower, upper, objective = program
    optimum = ExactLP(rows, lower, upper, arithmetic).maximise(objective, **options)
    check(program, optimum)
    return optimum


def float_optimum(program):
    """The optimum by HiGHS, None where it finds the program infeasible."""
    rows, lower, upper, objective = (np.array(part, dtype=float) for part in program)
    rows = rows.reshape(-1, len(lower) + 1)
    result = linprog(-objective[:-1], A_ub=-rows[:, :-1], b_ub=rows[:, -1], bounds=list(zip(lower, upper, strict=True)))
    assert result.status in (0, 2)
    return objective[-1] - result.fun if result.status == 0 else None


@settings(derandomize=True, deadline=None, max_examples=1000)
@given(programs())
def test_optima_are_those_of_a_float_solver(program):
    exact, approximate = solve(program), float_optimum(program)
    assert exact.verdict in (Verdict.OPTIMAL, Verdict.INFEASIBLE)
    assert (exact.verdict is Verdict.INFEASIBLE) == (approximate is None)
    if approximate is not None:
        assert float(exact.bound) == pytest.approx(approximate, abs=1e-6)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=20_000)
@given(programs(columns=6, rows=12))
def test_more_optima_are_those_of_a_float_solver(program):
    exact, approximate = solve(program), float_optimum(program)
    assert (exact.verdict is Verdict.INFEASIBLE) == (approximate is None)
    assert approximate is None or float(exact.bound) == pytest.approx(approximate, abs=1e-6)


@settings(derandomize=True, deadline=None, max_examples=700)
@given(programs(), st.sampled_from([None, Verdict.NOT_POSITIVE, Verdict.NEGATIVE]))
def test_both_arithmetics_do_the_same(program, stop):
    assert solve(program, flint, stop=stop) == solve(program, fractions, stop=stop)


def test_blands_rule_reaches_the_same_optima(monkeypatch):
    @settings(derandomize=True, deadline=None, max_examples=700)
    @given(programs())
    def same(program):
        monkeypatch.setattr(simplex, "_GREEDY_STEPS", 60)
        greedy = solve(program)
        monkeypatch.setattr(simplex, "_GREEDY_STEPS", 0)
        bland = solve(program)
        assert greedy.verdict == bland.verdict
        assert greedy.verdict is Verdict.INFEASIBLE or greedy.bound == bland.bound

    same()


@settings(derandomize=True, deadline=None, max_examples=1000)
@given(programs_with_hints(), st.sampled_from([None, Verdict.NOT_POSITIVE, Verdict.NEGATIVE]))
def test_hints_change_nothing(case, stop):
    program, hint = case
    cold, warm = solve(program, stop=stop), solve(program, hint=hint, stop=stop)
    optimum = solve(program)
    assert (warm.verdict is Verdict.INFEASIBLE) == (cold.verdict is Verdict.INFEASIBLE) or stop is not None
    for found in (cold, warm):
        if found.verdict is Verdict.OPTIMAL:
            assert found.bound == optimum.bound
        elif found.verdict is not Verdict.INFEASIBLE and optimum.verdict is Verdict.OPTIMAL:
            assert optimum.bound <= found.bound
        if stop is Verdict.NOT_POSITIVE and found.verdict is Verdict.OPTIMAL:
            assert found.bound > 0
        if stop is Verdict.NEGATIVE and found.verdict is Verdict.OPTIMAL:
            assert found.bound >= 0


def test_the_optimal_basis_is_a_hint_that_needs_no_pivot():
    """x + y at most 1 by a row, over the square: the row is tight, either column basic."""
    program = ([[-1, -1, 1]], [0, 0], [1, 1], [1, 1, 0])
    assert solve(program).pivots == 1
    for column in (0, 1):
        warm = solve(program, hint=BasisHint((0,), (column,)))
        assert (warm.pivots, warm.bound) == (0, 1)


def stopped(objective, stop, rows=()):
    return solve(([*rows], [0], [2], objective), stop=stop).verdict


def test_stopping_early():
    assert stopped([1, -3], Verdict.NOT_POSITIVE) is Verdict.NOT_POSITIVE
    assert stopped([1, -2], Verdict.NOT_POSITIVE) is Verdict.NOT_POSITIVE
    assert stopped([1, -1], Verdict.NOT_POSITIVE) is Verdict.OPTIMAL
    assert stopped([1, -3], Verdict.NEGATIVE) is Verdict.NEGATIVE
    assert stopped([1, -2], Verdict.NEGATIVE) is Verdict.OPTIMAL
    # By a row, and on a domain that turns out empty.
    assert stopped([1, -1], Verdict.NOT_POSITIVE, [[-1, 1]]) is Verdict.NOT_POSITIVE
    assert stopped([1, -1], Verdict.NEGATIVE, [[-1, 1]]) is Verdict.OPTIMAL
    assert stopped([1, 5], Verdict.NEGATIVE, [[1, -3]]) is Verdict.INFEASIBLE


def test_programs_without_rows_and_with_fixed_or_free_riding_columns(greedy_steps):
    assert solve(([], [-1, -2], [1, 3], [2, -1, 5])).bound == 2 + 2 + 5
    assert solve(([], [-1], [1], [0, 0])).bound == 0
    # Every column fixed: the rows hold there, or do not.
    assert solve(([[1, 1, -2]], [1, 1], [1, 1], [1, 1, 1])).bound == 3
    assert solve(([[1, 1, -3]], [1, 1], [1, 1], [1, 1, 1])).verdict is Verdict.INFEASIBLE
    # Zero rows: idle, or false.
    assert solve(([[0, 0], [0, 1]], [0], [1], [1, 0])).bound == 1
    assert solve(([[0, 0], [0, -1]], [0], [1], [1, 0])).verdict is Verdict.INFEASIBLE
    # A column that occurs nowhere.
    assert solve(([[1, 0, -1], [-1, 0, 1]], [0, 0], [2, 2], [3, 0, 0])).bound == 3


#: Programs on which the primal simplex method with the usual rule cycles, cleared of fractions; and their optima.
CYCLING = {
    # Beale 1955: 3/4 x1 - 150 x2 + 1/50 x3 - 6 x4; optimum 1/20.
    "Beale": (
        [[-25, 6000, 4, -900, 0], [-50, 9000, 2, -300, 0], [0, 0, -1, 0, 1]],
        [75, -15000, 2, -600, 0],
        5,
    ),
    # Chvatal 1983, page 31: 10 x1 - 57 x2 - 9 x3 - 24 x4; optimum 1.
    "Chvatal": (
        [[-1, 11, 5, -18, 0], [-1, 3, 1, -2, 0], [-1, 0, 0, 0, 1]],
        [10, -57, -9, -24, 0],
        1,
    ),
}


@pytest.mark.parametrize("name", CYCLING)
@pytest.mark.parametrize("arithmetic", [flint, fractions], ids=["flint", "fractions"])
def test_programs_that_cycle(name, arithmetic, greedy_steps):
    rows, objective, expected = CYCLING[name]
    for top in (1, 2, 1000):
        optimum = solve((rows, [0] * 4, [top] * 4, objective), arithmetic)
        assert optimum.verdict is Verdict.OPTIMAL
        assert optimum.pivots < 60
        if top == 1000:
            assert optimum.bound == expected
    # The dual of the program, its rows and columns exchanged, is where the dual method would cycle.
    columns = list(zip(*(row[:-1] for row in rows), strict=True))
    dual_rows = [[-a for a in column] + [-g] for column, g in zip(columns, objective, strict=False)]
    dual = solve((dual_rows, [0] * 3, [100_000] * 3, [-row[-1] for row in rows] + [0]), arithmetic)
    assert dual.bound == -expected


def test_a_cube_cut_by_all_its_supporting_planes(greedy_steps):
    """Every vertex is tight on many rows at once."""
    signs = list(product([-1, 1], repeat=3))
    rows = [[*s, 3] for s in signs] + [[2 * a for a in s] + [6] for s in signs]
    assert solve((rows, [-1] * 3, [1] * 3, [1, 1, 1, 0])).bound == 3
    assert solve((rows, [-9] * 3, [9] * 3, [1, 0, 0, 0])).bound == 3


@settings(derandomize=True, deadline=None, max_examples=100)
@given(programs(), st.integers(1, 2**300), st.integers(1, 2**300))
def test_long_integers(program, p, q):
    """Rows and the objective times positive numbers: the same point, the bound times one of them."""
    rows, lower, upper, objective = program
    one = solve(program)
    other = solve(([[p * v for v in row] for row in rows], lower, upper, [q * v for v in objective]))
    assert other.verdict is one.verdict
    if one.verdict is Verdict.OPTIMAL:
        assert other.bound == q * one.bound


def test_a_wrong_proof_is_noticed():
    """The check of this file rejects altered multipliers and points."""
    program = ([[-1, -1, 1]], [0, 0], [1, 1], [1, 1, 0])
    good = solve(program)
    for bad in (
        replace(good, multipliers={0: Fraction(2)}),
        replace(good, multipliers={}),
        replace(good, numerators=[1, 1]),
        replace(good, bound=good.bound + 1),
    ):
        with pytest.raises(AssertionError):
            check(program, bad)

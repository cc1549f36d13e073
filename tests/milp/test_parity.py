"""Parity constraints: elimination, the rows that a solver gets, and the random ones."""

from itertools import product

import numpy as np
import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyregions.errors import ArgumentError
from polyregions.milp.parity import ParityConstraint, ParitySystem, random_parity
from solvers.pulp_backend import solve
from tests.milp.contract import systems

UNITS = 5
constraints = st.builds(
    ParityConstraint,
    st.lists(st.integers(0, UNITS - 1), max_size=UNITS, unique=True).map(lambda some: tuple(sorted(some))),
    st.integers(0, 1),
)


def solutions(constraints):
    return {z for z in product((0, 1), repeat=UNITS) if all(c.holds(z) for c in constraints)}


@given(some=st.lists(constraints, max_size=6))
@settings(max_examples=300)
def test_elimination_keeps_the_solutions(some):
    system = ParitySystem(some)
    expected = solutions(some)
    assert {z for z in product((0, 1), repeat=UNITS) if system.holds(z)} == expected
    assert system.consistent == bool(expected)
    if expected:
        assert solutions(system.rows) == expected
        assert len(expected) == 2 ** (UNITS - len(system))


@given(some=st.lists(constraints, max_size=6))
def test_last_units_decide(some):
    rows = ParitySystem(some).rows
    last = [row.units[-1] for row in rows]
    assert len(set(last)) == len(last)
    assert all(unit not in row.units[:-1] for row in rows for unit in last)


def linear_solutions(system, short):
    """The z that the rows for a solver admit, each tried by fixing it."""
    found = set()
    for z in product((0, 1), repeat=UNITS):
        problem = pulp.LpProblem("parity", pulp.LpMaximize)
        variables = [problem.add_variable(f"z_{k}", value, value, cat=pulp.LpInteger) for k, value in enumerate(z)]
        problem += pulp.lpSum(variables)
        system.add_to(problem, variables, short=short)
        if solve(problem, "highs").status.name == "OPTIMAL":
            found.add(z)
    return found


@pytest.mark.parametrize("short", [0, UNITS])
@given(system=systems(UNITS))
@settings(max_examples=6, deadline=None)
def test_rows_for_solvers(short, system):
    expected = {z for z in product((0, 1), repeat=UNITS) if system.holds(z)}
    assert linear_solutions(system, short) == expected


@pytest.mark.parametrize("right", [0, 1])
def test_jeroslow_rows_are_the_hull(right):
    """Every vertex of their relaxation is a solution: random objectives never find a fractional optimum."""
    rng = np.random.default_rng(right)
    system = ParitySystem([ParityConstraint((0, 1, 2, 3), right)])
    for _ in range(20):
        problem = pulp.LpProblem("hull", pulp.LpMaximize)
        z = [problem.add_variable(f"z_{k}", 0, 1) for k in range(4)]
        problem += pulp.lpSum(float(c) * v for c, v in zip(rng.normal(size=4), z, strict=True))
        system.add_to(problem, z)
        assert len(problem.constraints()) == 8
        solve(problem, "highs")
        values = [v.value() for v in z]
        assert values == pytest.approx([round(v) for v in values])
        assert sum(map(round, values)) % 2 == right


def test_long_rows_take_a_slack():
    problem = pulp.LpProblem("long", pulp.LpMaximize)
    z = [problem.add_variable(f"z_{k}", 0, 1, cat=pulp.LpInteger) for k in range(6)]
    ParitySystem([ParityConstraint(tuple(range(6)), 1)]).add_to(problem, z)
    assert len(problem.constraints()) == 1
    assert "parity_0" in {variable.name for variable in problem.variables()}


def test_random_constraints_have_random_right_hand_sides():
    drawn = random_parity([2, 3, 5, 7, 11], size=3, count=200, seed=1)
    assert drawn == random_parity([2, 3, 5, 7, 11], size=3, count=200, seed=1)
    assert all(len(set(c.units)) == 3 and c.units == tuple(sorted(c.units)) for c in drawn)
    assert set().union(*(c.units for c in drawn)) == {2, 3, 5, 7, 11}
    assert 70 < sum(c.right for c in drawn) < 130


def test_any_pattern_survives_half_of_them():
    """Also the one that a fixed right-hand side would always let through: all ones, with odd sizes."""
    drawn = random_parity(range(9), size=3, count=400, seed=2)
    for pattern in (bytes(9), bytes([1] * 9), bytes([1, 0, 0] * 3)):
        assert 150 < sum(c.holds(pattern) for c in drawn) < 250


@pytest.mark.parametrize("size", [0, 4])
def test_sizes_that_cannot_be_drawn(size):
    with pytest.raises(ArgumentError, match=f"on {size} of 3 units"):
        random_parity(range(3), size=size, count=1, seed=0)


@pytest.mark.parametrize("constraint", [ParityConstraint((-1,), 0), ParityConstraint((0,), 2)])
def test_nonsense_is_refused(constraint):
    with pytest.raises(ArgumentError, match="parity constraint"):
        ParitySystem([constraint])

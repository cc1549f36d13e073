"""Native solution pools on programs that have nothing to do with networks; each pool subclasses one contract."""

import importlib.util
import os
from itertools import product

import pulp
import pytest

from solvers.errors import SolverError
from solvers.pools import solution_pool
from solvers.pools.protocol import native_errors


def needs(module):
    """Skip where a solver's module is missing, unless POLYREGIONS_REQUIRE_SOLVERS names it."""
    required = os.environ.get("POLYREGIONS_REQUIRE_SOLVERS", "").split(",")
    missing = importlib.util.find_spec(module) is None and module not in required
    return pytest.mark.skipif(missing, reason=f"{module} is not installed")


def knapsack(capacity, weights=(2, 3, 4, 5, 7)):
    """All sets of items that fit, with a continuous variable that has many values for each."""
    problem = pulp.LpProblem("knapsack", pulp.LpMaximize)
    z = [problem.add_variable(f"z_{k}", 0, 1, cat=pulp.LpInteger) for k in range(len(weights))]
    rest = problem.add_variable("rest", 0, 1)
    problem += 0 * rest
    problem += pulp.lpSum(w * v for w, v in zip(weights, z, strict=True)) + rest <= capacity, "capacity"
    fits = {
        bytes(s) for s in product((0, 1), repeat=5) if sum(w * v for w, v in zip(weights, s, strict=True)) <= capacity
    }
    return problem, z, fits


class PoolContract:
    solver: str

    def make(self, problem, z, **options):
        return solution_pool(problem, z, self.solver, **options)

    def test_lazy_rows(self):
        """Rows that are checked when they are violated change no solution."""
        problem, z, fits = knapsack(9)
        problem += z[0] + z[1] <= 1, "never_both"
        pool = self.make(problem, z, lazy=["capacity", "never_both"])
        assert set(self.drain(pool)) == {solution for solution in fits if not (solution[0] and solution[1])}
        pool.close()

    def drain(self, pool, seconds=2.0):
        found, calls = [], 0
        while not pool.finished and calls < 1000:
            found += pool.search(seconds)
            calls += 1
        assert pool.finished
        return found

    @pytest.mark.parametrize("capacity", [0, 9, 21])
    def test_all_solutions(self, capacity):
        problem, z, fits = knapsack(capacity)
        pool = self.make(problem, z)
        found = self.drain(pool)
        assert set(found) == fits
        assert pool.reported >= len(fits)
        assert not pool.interrupted
        assert pool.name == self.solver
        pool.close()

    def test_order_of_the_binaries(self):
        problem, z, fits = knapsack(9)
        assert set(self.drain(self.make(problem, z[::-1]))) == {states[::-1] for states in fits}

    def test_infeasible(self):
        problem, z, _ = knapsack(9)
        problem += pulp.lpSum(z) >= 5, "all"
        pool = self.make(problem, z)
        assert self.drain(pool) == []
        assert pool.reported == 0

    def test_short_calls_lose_nothing(self):
        problem, z, fits = knapsack(16)
        assert set(self.drain(self.make(problem, z), seconds=0.01)) == fits

    def test_tolerances_are_taken(self):
        problem, z, fits = knapsack(9)
        pool = self.make(problem, z, feasibility_tolerance=1e-8, integrality_tolerance=1e-8)
        assert set(self.drain(pool)) == fits

    def test_nonsense_tolerance_is_one_error(self):
        problem, z, _ = knapsack(9)
        with pytest.raises(SolverError, match=f"{self.solver} failed"):
            self.make(problem, z, feasibility_tolerance=-3.0, integrality_tolerance=-3.0)


@needs("gurobipy")
class TestGurobi(PoolContract):
    solver = "gurobi"


@needs("cplex")
class TestCplex(PoolContract):
    solver = "cplex"


@needs("pyscipopt")
class TestScip(PoolContract):
    solver = "scip"


def test_a_licence_error_says_what_to_do():
    with (
        pytest.raises(SolverError, match="2000 rows and columns; solver 'highs' has no limit"),
        native_errors("gurobi"),
    ):
        raise RuntimeError("Model too large for size-limited license")


def test_other_errors_are_told_as_they_are():
    with pytest.raises(SolverError, match=r"^cplex failed: no memory$"), native_errors("cplex"):
        raise MemoryError("no memory")

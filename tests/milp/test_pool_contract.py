"""Every pool against the contract; what is particular to the native ones."""

import importlib

import numpy as np
import pytest

import polyregions as pr
from polyregions.definition import Definition
from polyregions.milp import native_pool
from solvers import SolverError, SolverNotAvailableError
from solvers.pools import POOLS, pool_installed, solution_pool
from tests.milp.contract import PoolContract, needs, net_2_5_5, truth


class TestTree(PoolContract):
    solver = "highs"
    status = pr.Status.EXACT


class TestNoGoodOnHighs(PoolContract):
    solver = "pulp-highs"


class TestNoGoodOnCbc(PoolContract):
    solver = "cbc"


class NativeContract(PoolContract):
    def test_reports_its_name_and_count(self):
        result = self.count(net_2_5_5(), pr.Box(-1, 1))
        assert result.stats["pool"] == self.solver
        assert result.stats["reported"] >= result.lower > 10

    def test_failure_in_the_middle_keeps_what_was_found(self, monkeypatch):
        module, name = POOLS[self.solver]
        real = getattr(importlib.import_module(module), name).search
        calls = []

        def fails(pool, seconds, *, at_most=None):
            calls.append(seconds)
            if len(calls) > 1:
                raise SolverError("on strike")
            found = real(pool, seconds)
            pool.finished = False
            return found

        monkeypatch.setattr(getattr(importlib.import_module(module), name), "search", fails)
        result = self.count(net_2_5_5(), pr.Box(-1, 1))
        assert result.status is pr.Status.BRACKET
        assert result.lower > 10
        assert result.stats["stopped"] == "on strike"

    def test_search_goes_on_where_it_was_left(self, monkeypatch):
        monkeypatch.setattr(native_pool, "_FIRST", 0.01)
        monkeypatch.setattr("solvers.pools.cplex._FEW", 3)
        network, box = net_2_5_5(), pr.Box(-1, 1)
        assert self.patterns(network, box, Definition.REGIONS) == truth(network, box, Definition.REGIONS)

    def test_standard_output_stays_clean(self, capfd):
        self.count(net_2_5_5(), pr.Box(-1, 1))
        captured = capfd.readouterr()
        assert captured.out == captured.err == ""


@needs("gurobipy")
class TestGurobi(NativeContract):
    solver = "gurobi"


@needs("cplex")
class TestCplex(NativeContract):
    solver = "cplex"


@needs("pyscipopt")
class TestScip(NativeContract):
    solver = "scip"


@pytest.mark.parametrize(
    "solver", [pytest.param("gurobi", marks=needs("gurobipy")), pytest.param("cplex", marks=needs("cplex"))]
)
def test_licence_too_small_for_the_model(solver):
    rng = np.random.default_rng(0)
    network = pr.Network.from_arrays([rng.normal(size=(2, 2100))], [[0.0, 0.0]], include_output=True)
    with pytest.raises(SolverError, match="solver 'highs' has no limit"):
        pr.count(network, pr.Box(-1, 1), method="milp", solver=solver)


@pytest.mark.parametrize("solver", POOLS)
def test_missing_module_is_one_clear_error(solver, monkeypatch):
    monkeypatch.setattr("solvers.pulp_drivers.find_spec", lambda name: None)
    assert not pool_installed(solver)
    with pytest.raises(SolverNotAvailableError, match="pip install"):
        solution_pool(None, [], solver)


def test_solver_without_a_pool():
    with pytest.raises(SolverNotAvailableError, match="gurobi, cplex, scip"):
        solution_pool(None, [], "cbc")

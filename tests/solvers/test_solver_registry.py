"""What is installed, what it can do, and that asking costs nothing."""

from __future__ import annotations

import subprocess
import sys

import highspy
import pulp
import pytest

import solvers
from solvers import pulp_drivers, registry
from solvers.errors import SolverError, SolverNotAvailableError, UnknownSolverError


def run_python(code):
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return result.stdout.strip()


@pytest.mark.parametrize("statement", ["", "solvers.available()", "solvers.Status, solvers.LPSession"])
def test_importing_and_probing_load_no_solver(statement):
    code = f"""
import sys, solvers
{statement}
heavy = ("highspy", "pulp", "scipy", "gurobipy", "cplex", "pyscipopt", "polyregions")
print([name for name in sys.modules if name.split(".")[0] in heavy])"""
    assert run_python(code) == "[]"


def test_a_session_loads_its_solver_and_no_other():
    code = """
import sys, solvers
solvers.lp_session([0.0], [1.0])
print([name in sys.modules for name in ("highspy", "pulp", "scipy")])"""
    assert run_python(code) == "[True, False, False]"


def test_every_export_exists():
    for name in solvers.__all__:
        assert getattr(solvers, name).__name__ == name
    assert set(solvers.__all__) <= set(dir(solvers))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = solvers.nothing


def test_every_pulp_back_end_is_known():
    known = {driver.pulp_name for driver in pulp_drivers.DRIVERS}
    assert set(pulp.listSolvers()) <= known | {"CYLP"}
    assert len(known) == len(pulp_drivers.DRIVERS)


def test_probes_agree_with_pulp():
    ours = {driver.pulp_name for driver in pulp_drivers.DRIVERS if driver.installed}
    assert ours == set(pulp.listSolvers(onlyAvailable=True))
    assert {"HiGHS", "PULP_CBC_CMD"} <= ours


def test_the_list_of_back_ends():
    infos = {info.name: info for info in solvers.available()}
    assert tuple(infos) == registry.names()
    assert infos["highs"].installed
    assert infos["highs"].version == highspy.Highs().version()
    assert infos["cbc"].installed
    assert all(info.capabilities.name == name for name, info in infos.items())
    assert all(info.remedy for info in infos.values())
    installed = [info.name for info in solvers.available(installed_only=True)]
    assert installed == [name for name, info in infos.items() if info.installed]
    assert all(infos[name].version is None for name in infos if name not in installed)


def test_capabilities_are_kept():
    for name in registry.names():
        told = solvers.capabilities(name)
        assert told.milp
        assert told.lp == told.warm_start == told.dual_ray == (name == "highs")
        assert told.pool == (name in ("gurobi", "cplex", "scip"))
        assert not told.lazy_cuts


@pytest.mark.parametrize("name", ["highs", "pulp-highs", "cbc"])
def test_a_solver_has_the_name_it_was_asked_for(name):
    solver = solvers.milp_solver(name)
    assert isinstance(solver, solvers.MILPSolver)
    assert solver.name == name


def test_options_reach_the_session():
    assert isinstance(solvers.lp_session([0.0], [1.0], tolerance=1e-8), solvers.LPSession)
    with pytest.raises(SolverError):
        solvers.lp_session([0.0], [1.0], tolerance=1e-30)


@pytest.mark.parametrize("call", [solvers.capabilities, solvers.milp_solver])
def test_an_unknown_name_lists_those_that_exist(call):
    with pytest.raises(UnknownSolverError) as caught:
        call("clever")
    assert str(caught.value).startswith("unknown solver 'clever'; known: highs, pulp-highs, cbc, ")
    assert "\n" not in str(caught.value)


def test_a_milp_solver_has_no_lp_session():
    with pytest.raises(UnknownSolverError, match="unknown solver 'cbc'; known: highs"):
        solvers.lp_session([0.0], [1.0], name="cbc")


def test_a_back_end_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    monkeypatch.setattr(pulp_drivers, "find_spec", lambda name: None)
    assert not [info for info in solvers.available() if info.installed]
    assert solvers.capabilities("highs").version is None
    with pytest.raises(SolverNotAvailableError, match="'highs' is not available here: pip install highspy"):
        solvers.lp_session([0.0], [1.0])
    with pytest.raises(SolverNotAvailableError, match="'cbc' is not available"):
        solvers.milp_solver("cbc")


def test_an_error_is_both_ours_and_a_standard_one():
    error = SolverNotAvailableError("scip", "pip install pyscipopt")
    assert isinstance(error, SolverError)
    assert isinstance(error, ImportError)
    assert isinstance(error, RuntimeError)
    assert str(error) == "solver 'scip' is not available here: pip install pyscipopt"
    assert isinstance(UnknownSolverError("a", ("b",)), ValueError)

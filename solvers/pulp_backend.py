"""Mixed-integer programs on any solver that PuLP drives: CBC, GLPK, SCIP, Gurobi, CPLEX, HiGHS ...

PuLP builds the model again for every solve: to solve again after adding a constraint (a no-good loop), add it to the
problem and call `solve` again; no solver keeps a warm start. Solution pools and callbacks are not in PuLP's
interface; `problem.solverModel` is the native model of the solvers that run in this process (see `solvers.pools`).
"""

from __future__ import annotations

import math
import tempfile
import threading
import time
import warnings
from os import PathLike
from typing import Any

import numpy as np

from solvers.errors import SolverError, SolverNotAvailableError, UnknownSolverError
from solvers.milp_model import check_model, trivial_solution
from solvers.protocol import MILPModel, MILPSolution
from solvers.pulp_drivers import Driver, drivers_of, installed_driver, pulp_solver_names
from solvers.pulp_problem import problem_from_arrays, problem_from_mps
from solvers.status import Status, from_highs, from_pulp

__all__ = ["PulpMILP", "solve"]


def solve(
    problem: Any,
    solver_name: str,
    *,
    time_limit: float | None = None,
    node_limit: int | None = None,
    threads: int = 1,
    feasibility_tolerance: float | None = None,
    integrality_tolerance: float | None = None,
) -> MILPSolution:
    """Solve a `pulp.LpProblem` on the named solver, silently.

    Parameters
    ----------
    problem : pulp.LpProblem
        Its variables receive their values, as with `problem.solve`.
    solver_name : str
        "highs", "cbc", "glpk", "scip", "gurobi", "cplex" ...: see `solvers.available`.
    time_limit : float, optional
        Seconds.
    node_limit : int, optional
        Nodes of the tree.
    threads : int
        For solvers that take a number; the others use one.
    feasibility_tolerance, integrality_tolerance : float, optional
        Absolute; None keeps the solver's default.

    Returns
    -------
    MILPSolution
        `x` and `names` in the order of `problem.variables()`, that is sorted by name.

    Raises
    ------
    UnknownSolverError, SolverNotAvailableError
        When no solver has this name, or it is not installed.
    ValueError
        When the solver has no such limit or tolerance through PuLP: a tolerance is never dropped in silence.
    SolverError
        When the solver fails (no licence, size limit of a free version, crash).

    Examples
    --------
    >>> import pulp
    >>> problem = pulp.LpProblem("knapsack", pulp.LpMaximize)
    >>> take = [problem.add_variable(f"take{i}", cat="Binary") for i in range(2)]
    >>> problem += 5 * take[0] + 4 * take[1]
    >>> problem += 6 * take[0] + 5 * take[1] <= 10
    >>> solve(problem, "highs").objective
    5.0
    >>> problem += take[0] == 0  # and once more
    >>> solve(problem, "highs").objective
    4.0
    """
    driver = _driver(solver_name)
    solver = _pulp_solver(
        driver,
        time_limit=time_limit,
        node_limit=node_limit,
        threads=threads,
        feasibility_tolerance=feasibility_tolerance,
        integrality_tolerance=integrality_tolerance,
    )
    start = time.perf_counter()
    if driver.pulp_name == "HiGHS":
        failure = _in_own_thread(problem, solver)
    else:
        failure = _attempt(problem, solver)
    seconds = time.perf_counter() - start
    if failure is not None:
        # PuLP's HiGHS class looks statuses up in a table that lacks some of them, after it has read the values.
        is_gap_in_table = driver.pulp_name == "HiGHS" and isinstance(failure, KeyError)
        if not is_gap_in_table:
            raise SolverError(f"{driver.pulp_name} through PuLP failed: {failure}") from failure
    if driver.pulp_name == "HiGHS":
        return _highs_solution(problem, seconds)
    return _pulp_solution(problem, seconds, time_limit, node_limit)


class PulpMILP:
    """A `MILPSolver` on a solver that PuLP drives.

    Parameters
    ----------
    solver : str
        Name of the solver, as for `solve`.

    Raises
    ------
    UnknownSolverError, SolverNotAvailableError
        When no solver has this name, or it is not installed.

    Examples
    --------
    >>> model = MILPModel(
    ...     objective=np.array([5.0, 4.0]), matrix=np.array([[6.0, 5.0]]), row_lower=np.array([-np.inf]),
    ...     row_upper=np.array([10.0]), lower=np.zeros(2), upper=np.ones(2), integer=np.array([True, True]))
    >>> PulpMILP("highs").solve(model).x
    array([1., 0.])
    """

    def __init__(self, solver: str) -> None:
        _driver(solver)
        self._solver = solver

    @property
    def name(self) -> str:
        """Name of the back end in the registry."""
        return "pulp-highs" if self._solver == "highs" else self._solver

    def solve(
        self,
        model: MILPModel | str | PathLike[str],
        *,
        time_limit: float | None = None,
        node_limit: int | None = None,
        threads: int = 1,
        feasibility_tolerance: float | None = None,
        integrality_tolerance: float | None = None,
    ) -> MILPSolution:
        """Solve a model given as arrays or as the path of an MPS file (PuLP reads no LP files).

        Raises
        ------
        FileNotFoundError, ValueError
            When the file does not exist or is not an MPS file, when arrays do not fit together, or when the solver
            has no such limit or tolerance.
        SolverError
            When the solver fails.
        """
        if isinstance(model, MILPModel):
            check_model(model)
            trivial = trivial_solution(model)
            if trivial is not None:
                return trivial
            problem = problem_from_arrays(model)
        else:
            problem = problem_from_mps(model)
        return solve(
            problem,
            self._solver,
            time_limit=time_limit,
            node_limit=node_limit,
            threads=threads,
            feasibility_tolerance=feasibility_tolerance,
            integrality_tolerance=integrality_tolerance,
        )


def _driver(solver_name: str) -> Driver:
    """The installed driver of this solver."""
    known = drivers_of(solver_name)
    if not known:
        raise UnknownSolverError(solver_name, pulp_solver_names())
    driver = installed_driver(solver_name)
    if driver is None:
        raise SolverNotAvailableError(solver_name, " or ".join(driver.remedy for driver in known))
    return driver


def _pulp_solver(
    driver: Driver,
    *,
    time_limit: float | None,
    node_limit: int | None,
    threads: int,
    feasibility_tolerance: float | None,
    integrality_tolerance: float | None,
) -> Any:
    """The PuLP solver object with these settings under the names that it gives them."""
    import pulp

    keywords: dict[str, Any] = {"msg": False}
    texts: list[str] = []
    wanted = {
        "node limit": (driver.nodes, node_limit),
        "feasibility tolerance": (driver.feasibility, feasibility_tolerance),
        "integrality tolerance": (driver.integrality, integrality_tolerance),
    }
    for what, (keyword, value) in wanted.items():
        if value is None:
            continue
        if keyword is None:
            raise ValueError(f"PuLP's {driver.pulp_name} takes no {what}")
        if "{}" in keyword:
            texts.append(keyword.format(value))
        else:
            keywords[keyword] = value
    if driver.threads is not None:
        keywords[driver.threads] = threads
    keywords.update(dict.fromkeys(driver.gaps, 0.0))
    if time_limit is not None:
        # glpsol refuses to start with "5.0".
        keywords["timeLimit"] = max(math.ceil(time_limit), 1) if driver.whole_seconds else time_limit
    if texts:
        keywords["options"] = texts
    with warnings.catch_warnings():  # PULP_CBC_CMD announces its end in PuLP 4; pyproject.toml pins pulp<4
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            solver = pulp.getSolver(driver.pulp_name, **keywords)
        except Exception as error:  # commercial solvers fetch a licence here
            raise SolverError(f"{driver.pulp_name} through PuLP does not start: {error}") from error
    return solver


def _attempt(problem: Any, solver: Any) -> Exception | None:
    """Solve; the error, if any, as a value.

    In a directory of its own: PuLP leaves files behind, GLPK's report always and all files of a solver that fails.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="polyregions-") as directory:
            if hasattr(solver, "tmpDir"):
                solver.tmpDir = directory
            problem.solve(solver)
    except Exception as error:  # every solver has errors of its own
        return error
    return None


def _in_own_thread(problem: Any, solver: Any) -> Exception | None:
    """As `_attempt`, in a new thread: HiGHS's scheduler belongs to a thread and cannot change its size."""
    failures: list[Exception | None] = []
    worker = threading.Thread(target=lambda: failures.append(_attempt(problem, solver)), daemon=True)
    worker.start()
    worker.join()
    return failures[0]


def _highs_solution(problem: Any, seconds: float) -> MILPSolution:
    """Read the answer from HiGHS itself: PuLP reports time-outs without an incumbent as optimal."""
    highs = problem.solverModel
    status = from_highs(highs.getModelStatus())
    info = highs.getInfo()
    has_solution = info.primal_solution_status == 2  # kSolutionStatusFeasible
    bound = math.nan
    if status is not Status.INFEASIBLE and problem.isMIP() and math.isfinite(info.mip_dual_bound):
        bound = float(info.mip_dual_bound) * problem.sense + _constant(problem)
    elif status is Status.OPTIMAL:
        bound = _objective(problem)
    return _with_values(
        problem,
        status,
        has_solution,
        bound,
        max(int(info.mip_node_count), 0) if problem.isMIP() else 0,
        seconds,
    )


def _constant(problem: Any) -> float:
    return float(problem.objective.constant) if problem.objective is not None else 0.0


def _pulp_solution(problem: Any, seconds: float, time_limit: float | None, node_limit: int | None) -> MILPSolution:
    """Read the answer from PuLP's two codes, which do not tell one limit from another."""
    status = from_pulp(problem.status, problem.sol_status)
    timed_out = time_limit is not None and seconds >= time_limit
    if status in (Status.TIME_LIMIT, Status.UNKNOWN):
        if timed_out:
            status = Status.TIME_LIMIT
        elif node_limit is not None:
            status = Status.SOLUTION_LIMIT
    has_solution = problem.sol_status in (1, 2)
    bound = math.nan
    if status is Status.OPTIMAL:
        bound = _objective(problem)
    return _with_values(problem, status, has_solution, bound, -1, seconds)


def _objective(problem: Any) -> float:
    value = problem.objective.value() if problem.objective is not None else 0.0
    return math.nan if value is None else float(value)


def _with_values(
    problem: Any, status: Status, has_solution: bool, bound: float, nodes: int, seconds: float
) -> MILPSolution:
    """A `MILPSolution` with the values that PuLP stored in the variables."""
    variables = [variable for variable in problem.variables() if variable.name != "__dummy"]
    x, objective = None, math.nan
    if has_solution:
        x = np.array([math.nan if v.varValue is None else v.varValue for v in variables], dtype=np.float64)
        objective = _objective(problem)
    names = tuple(variable.name for variable in variables)
    return MILPSolution(status=status, objective=objective, bound=bound, x=x, nodes=nodes, seconds=seconds, names=names)

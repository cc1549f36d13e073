"""Mixed-integer programs on HiGHS, embedded through highspy: one cold run per call.

HiGHS keeps improving solutions only (no pool), never calls its lazy-constraint callback and cannot resume a run, so
there is nothing to gain from a session here; enumeration belongs to a tree on `HighsLP`.
"""

from __future__ import annotations

import math
import threading
import time
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from solvers.arrays import compress_rows
from solvers.highs_object import check, maximise, new_highs
from solvers.milp_model import check_model, trivial_solution
from solvers.mps import maximises
from solvers.protocol import MILPModel, MILPSolution
from solvers.status import Status, from_highs

__all__ = ["HighsMILP"]


class HighsMILP:
    """A `MILPSolver` on HiGHS.

    Parameters
    ----------
    relative_gap, absolute_gap : float
        A solution within either gap of the bound counts as optimal. 0 by default: HiGHS's own default would call a
        value optimal that may be wrong by one part in 10^4.

    Examples
    --------
    >>> model = MILPModel(
    ...     objective=np.array([5.0, 4.0]), matrix=np.array([[6.0, 5.0]]), row_lower=np.array([-np.inf]),
    ...     row_upper=np.array([10.0]), lower=np.zeros(2), upper=np.ones(2), integer=np.array([True, True]))
    >>> solution = HighsMILP().solve(model)
    >>> solution.status.name, solution.objective, solution.bound, solution.x
    ('OPTIMAL', 5.0, 5.0, array([1., 0.]))
    """

    def __init__(self, *, relative_gap: float = 0.0, absolute_gap: float = 0.0) -> None:
        self._relative_gap = relative_gap
        self._absolute_gap = absolute_gap

    @property
    def name(self) -> str:
        """Name of the back end in the registry."""
        return "highs"

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
        """Solve a model given as arrays or as the path of an MPS or LP file.

        Parameters
        ----------
        time_limit : float, optional
            Seconds.
        node_limit : int, optional
            Nodes of the tree; reaching it gives `Status.SOLUTION_LIMIT`.
        threads : int
            0 lets HiGHS choose.
        feasibility_tolerance, integrality_tolerance : float, optional
            Absolute, at least 1e-10; HiGHS's defaults are 1e-7 and 1e-6.

        Raises
        ------
        FileNotFoundError, SolverError
            When the file does not exist, or HiGHS cannot read it or refuses the model.
        ValueError
            When the arrays do not fit together.
        """
        start = time.perf_counter()
        if isinstance(model, MILPModel):
            check_model(model)
            trivial = trivial_solution(model)
            if trivial is not None:
                return trivial
        highs = self._load(model)
        options: dict[str, float | int | None] = {
            "threads": threads,
            "mip_rel_gap": self._relative_gap,
            "mip_abs_gap": self._absolute_gap,
            "time_limit": time_limit,
            "mip_max_nodes": node_limit,
            "primal_feasibility_tolerance": feasibility_tolerance,
            "mip_feasibility_tolerance": integrality_tolerance,
        }
        for option, value in options.items():
            if value is not None:
                if option == "time_limit":
                    value = float(value)
                check(highs.setOptionValue(option, value), f"{option} = {value}")
        _run_in_own_thread(highs)
        return _solution(highs, time.perf_counter() - start)

    def _load(self, model: MILPModel | str | PathLike[str]) -> Any:
        highs = new_highs()
        if isinstance(model, MILPModel):
            _pass_arrays(highs, model)
            return highs
        path = Path(model)
        if not path.is_file():
            raise FileNotFoundError(f"no such model file: {path}")
        check(highs.readModel(fspath(path)), f"reading {path}")
        if path.name.lower().endswith(".mps") and maximises(path):
            maximise(highs)
        return highs


def _pass_arrays(highs: Any, model: MILPModel) -> None:
    """Give the arrays of `model` to HiGHS."""
    n = len(model.objective)
    columns = np.arange(n, dtype=np.int32)
    count, starts, indices, values = compress_rows(model.matrix, n, columns)
    check(highs.addVars(n, model.lower, model.upper), "adding the columns")
    check(highs.changeColsCost(n, columns, model.objective), "setting the objective")
    check(highs.changeColsIntegrality(n, columns, model.integer.astype(np.uint8)), "marking the integers")
    if count:
        lower, upper = model.row_lower, model.row_upper
        check(highs.addRows(count, lower, upper, len(values), starts, indices, values), "adding the rows")
    if model.maximise:
        maximise(highs)


def _run_in_own_thread(highs: Any) -> None:
    """Run HiGHS in a thread of its own.

    HiGHS's scheduler belongs to the thread that first ran it, and a later run there with another number of threads
    fails. A new thread has a new scheduler.
    """
    errors: list[BaseException] = []

    def run() -> None:
        try:
            highs.run()
        except BaseException as error:  # handed to the caller below
            errors.append(error)

    worker = threading.Thread(target=run, name="highs-milp", daemon=True)
    worker.start()
    worker.join()
    if errors:
        raise errors[0]


def _solution(highs: Any, seconds: float) -> MILPSolution:
    """Read the answer of the run just finished."""
    status = from_highs(highs.getModelStatus())
    info = highs.getInfo()
    names = tuple(highs.getLp().col_names_)
    x, objective = None, math.nan
    if info.primal_solution_status == 2:  # kSolutionStatusFeasible: an incumbent, optimal or not
        x, objective = np.array(highs.getSolution().col_value), float(info.objective_function_value)
    is_mip = any(kind.name != "kContinuous" for kind in highs.getLp().integrality_)
    bound = math.nan
    if is_mip and math.isfinite(info.mip_dual_bound) and status is not Status.INFEASIBLE:
        bound = float(info.mip_dual_bound)
    elif status is Status.OPTIMAL:
        bound = objective
    nodes = max(int(info.mip_node_count), 0) if is_mip else 0
    return MILPSolution(status=status, objective=objective, bound=bound, x=x, nodes=nodes, seconds=seconds, names=names)

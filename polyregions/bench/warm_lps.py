"""A linear program that changes step by step, kept by the solver itself, so that each solve starts from the last basis.

HiGHS's is an LP session of :mod:`solvers`. Gurobi, CPLEX and SCIP (its LP solver SoPlex, no branching) are driven here
by their own interfaces, for the benchmark alone: no duals, no rays. They all get the dual simplex method or what they
choose themselves, one thread, and their default tolerances.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.bench.lp_sequence import LPStep

__all__ = ["WARM", "WarmLP"]

FloatArray = npt.NDArray[np.float64]


class WarmLP(ABC):
    """Variables in a box, and rows that come and go at the end.

    Parameters
    ----------
    lower, upper : (n,)
    seconds : float
        Limit for each solve, where the solver takes one.
    """

    @abstractmethod
    def __init__(self, lower: FloatArray, upper: FloatArray, seconds: float) -> None: ...

    @abstractmethod
    def solve(self, step: LPStep) -> tuple[str, float]:
        """Make a step's changes and maximise: the name of a :class:`solvers.Status`, and the optimum."""


class _Highs(WarmLP):
    def __init__(self, lower: FloatArray, upper: FloatArray, seconds: float) -> None:
        from solvers import lp_session

        self._session = lp_session(lower, upper)
        self._seconds = seconds

    def solve(self, step: LPStep) -> tuple[str, float]:
        self._session.delete_last_rows(step.delete)
        self._session.add_rows(step.rows, step.lower, np.full(len(step.lower), np.inf))
        self._session.set_objective(step.objective)
        solution = self._session.solve(time_limit=self._seconds)
        return solution.status.name, solution.objective


#: The solvers' own codes.
_GUROBI = {2: "OPTIMAL", 3: "INFEASIBLE", 4: "INFEASIBLE_OR_UNBOUNDED", 5: "UNBOUNDED", 9: "TIME_LIMIT"}
_CPLEX = {1: "OPTIMAL", 2: "UNBOUNDED", 3: "INFEASIBLE", 4: "INFEASIBLE_OR_UNBOUNDED", 11: "TIME_LIMIT"}


class _Gurobi(WarmLP):
    def __init__(self, lower: FloatArray, upper: FloatArray, seconds: float) -> None:
        import gurobipy

        environment = gurobipy.Env(params={"OutputFlag": 0, "Threads": 1, "TimeLimit": seconds})
        self._model: Any = gurobipy.Model(env=environment)
        self._model.ModelSense = gurobipy.GRB.MAXIMIZE
        self._x: Any = self._model.addMVar(len(lower), lb=lower, ub=upper)
        self._rows: list[Any] = []

    def solve(self, step: LPStep) -> tuple[str, float]:
        if step.delete:
            self._model.remove(self._rows[-step.delete :])
            del self._rows[-step.delete :]
        if len(step.lower):
            self._rows += self._model.addMConstr(step.rows, self._x, ">", step.lower).tolist()
        self._x.Obj = step.objective
        self._model.optimize()
        status = _GUROBI.get(self._model.Status, "UNKNOWN")
        return status, self._model.ObjVal if status == "OPTIMAL" else np.nan


class _Cplex(WarmLP):
    def __init__(self, lower: FloatArray, upper: FloatArray, seconds: float) -> None:
        import cplex

        self._model: Any = cplex.Cplex()
        for silence in ("log", "error", "warning", "results"):
            getattr(self._model, f"set_{silence}_stream")(None)
        self._model.parameters.threads.set(1)
        self._model.parameters.timelimit.set(seconds)
        self._model.objective.set_sense(self._model.objective.sense.maximize)
        self._model.variables.add(lb=lower.tolist(), ub=upper.tolist())
        self._columns = list(range(len(lower)))

    def solve(self, step: LPStep) -> tuple[str, float]:
        rows = self._model.linear_constraints
        if step.delete:
            count = rows.get_num()
            rows.delete(count - step.delete, count - 1)
        if len(step.lower):
            expressions = [(self._columns, row) for row in step.rows.tolist()]
            rows.add(lin_expr=expressions, senses="G" * len(step.lower), rhs=step.lower.tolist())
        self._model.objective.set_linear(list(zip(self._columns, step.objective.tolist(), strict=True)))
        self._model.solve()
        status = _CPLEX.get(self._model.solution.get_status(), "UNKNOWN")
        return status, self._model.solution.get_objective_value() if status == "OPTIMAL" else np.nan


class _Scip(WarmLP):
    def __init__(self, lower: FloatArray, upper: FloatArray, seconds: float) -> None:
        # Its LP interface has no limit of time.
        from pyscipopt import LP

        self._lp: Any = LP(sense="maximize")
        nothing: list[list[Any]] = [[] for _ in lower]
        self._lp.addCols(nothing, objs=[0.0] * len(lower), lbs=lower.tolist(), ubs=upper.tolist())

    def solve(self, step: LPStep) -> tuple[str, float]:
        lp = self._lp
        if step.delete:
            count = lp.nrows()
            lp.delRows(count - step.delete, count - 1)
        if len(step.lower):
            entries = [[(j, value) for j, value in enumerate(row) if value] for row in step.rows.tolist()]
            lp.addRows(entries, lhss=step.lower.tolist(), rhss=[lp.infinity()] * len(step.lower))
        for j, value in enumerate(step.objective.tolist()):
            lp.chgObj(j, value)
        lp.solve()
        return ("OPTIMAL", lp.getObjVal()) if lp.isOptimal() else ("UNKNOWN", np.nan)


#: By the name of the solver; each needs the Python module of the solver's first driver.
WARM: dict[str, Callable[[FloatArray, FloatArray, float], WarmLP]] = {
    "highs": _Highs,
    "gurobi": _Gurobi,
    "cplex": _Cplex,
    "scip": _Scip,
}

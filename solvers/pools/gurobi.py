"""Gurobi's solution pool: PoolSearchMode 2, "find the n best solutions", with n above any number there can be."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from solvers.errors import SolverError
from solvers.pools.protocol import native_errors, native_model

__all__ = ["GurobiPool"]

#: The largest value of PoolSolutions.
_ALL = 2_000_000_000
#: Gurobi's status codes.
_INFEASIBLE, _OPTIMAL, _TIME_LIMIT, _INTERRUPTED = 3, 2, 9, 11


class GurobiPool:
    """See :class:`solvers.pools.protocol.SolutionPool`.

    Two solutions are the same to Gurobi if their integer variables agree in the presolved model: its pool can hold the
    same binaries twice, and its number is not the number of different ones.
    """

    name = "gurobi"

    def __init__(
        self,
        problem: Any,
        binaries: list[Any],
        *,
        threads: int = 1,
        lazy: Collection[str] = (),
        feasibility_tolerance: float | None = None,
        integrality_tolerance: float | None = None,
    ) -> None:
        self._interface, self._model = native_model(problem, self.name, threads=threads)
        self._binaries = [variable.solverVar for variable in binaries]
        self.finished = self.interrupted = False
        self.reported = self.nodes = 0
        self._known: set[bytes] = set()
        settings = {"PoolSearchMode": 2, "PoolSolutions": _ALL, "MIPGap": 0.0, "Threads": threads}
        if feasibility_tolerance is not None:
            settings["FeasibilityTol"] = feasibility_tolerance
        if integrality_tolerance is not None:
            settings["IntFeasTol"] = integrality_tolerance
            # Tolerances near the bottom of their range need it, says Gurobi's manual.
            settings["NumericFocus"] = 3
        with native_errors(self.name):
            for parameter, value in settings.items():
                self._model.setParam(parameter, value)
            self._model.update()
            for row in self._model.getConstrs():
                if row.ConstrName in lazy:
                    row.Lazy = 1

    def search(self, seconds: float, *, at_most: float | None = None) -> list[bytes]:
        seconds = seconds if at_most is None else min(seconds, at_most)
        with native_errors(self.name):
            # Gurobi's limit is for a call, and a call goes on where the last one ended.
            self._model.setParam("TimeLimit", max(seconds, 0.01))
            self._model.optimize()
            status = self._model.Status
            if status not in (_OPTIMAL, _INFEASIBLE, _TIME_LIMIT, _INTERRUPTED):
                raise SolverError(f"gurobi stopped with its status {status}")
            self.finished = status in (_OPTIMAL, _INFEASIBLE)
            self.interrupted = status == _INTERRUPTED
            self.reported = 0 if status == _INFEASIBLE else int(self._model.SolCount)
            self.nodes = int(self._model.NodeCount)
            return self._new_solutions()

    def _new_solutions(self) -> list[bytes]:
        """Each call sorts the pool anew, so all of it is read; what was returned before is left out."""
        found: list[bytes] = []
        for number in range(self.reported):
            self._model.setParam("SolutionNumber", number)
            values = np.array(self._model.getAttr("Xn", self._binaries))
            found.append(np.rint(values).astype(np.uint8).tobytes())
        new = list(dict.fromkeys(solution for solution in found if solution not in self._known))
        self._known.update(new)
        return new

    def close(self) -> None:
        self._interface.close()

"""CPLEX's ``populate`` at solution pool intensity 4: "enumerate all practical solutions"."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvers.errors import SolverError
from solvers.pools.protocol import native_errors, native_model

__all__ = ["CplexPool"]

#: The largest value of the limits.
_ALL = 2_100_000_000


class CplexPool:
    """See :class:`solvers.pools.protocol.SolutionPool`."""

    name = "cplex"

    def __init__(
        self,
        problem: Any,
        binaries: list[Any],
        *,
        threads: int = 1,
        feasibility_tolerance: float | None = None,
        integrality_tolerance: float | None = None,
    ) -> None:
        self._interface, self._model = native_model(problem, self.name, threads=threads)
        self.finished = self.interrupted = False
        self.reported = self.nodes = 0
        self._read = 0
        with native_errors(self.name):
            self._columns = self._model.variables.get_indices([variable.name for variable in binaries])
            parameters = self._model.parameters
            parameters.threads.set(threads)
            parameters.mip.pool.intensity.set(4)
            parameters.mip.pool.capacity.set(_ALL)
            parameters.mip.limits.populate.set(_ALL)
            parameters.mip.pool.replace.set(0)
            if feasibility_tolerance is not None:
                parameters.simplex.tolerances.feasibility.set(feasibility_tolerance)
            if integrality_tolerance is not None:
                parameters.mip.tolerances.integrality.set(integrality_tolerance)

    def search(self, seconds: float) -> list[bytes]:
        with native_errors(self.name):
            # populate() goes on from the tree and the pool that the last call left.
            self._model.parameters.timelimit.set(max(seconds, 0.01))
            self._model.populate_solution_pool()
            code = self._model.solution.status
            status = self._model.solution.get_status()
            stopped = (code.MIP_time_limit_feasible, code.MIP_time_limit_infeasible)
            aborted = (code.MIP_abort_feasible, code.MIP_abort_infeasible)
            ended = (
                code.MIP_optimal,
                code.optimal_tolerance,
                code.MIP_infeasible,
                code.MIP_infeasible_or_unbounded,
                code.optimal_populated,
                code.optimal_populated_tolerance,
            )
            if status not in (*stopped, *aborted, *ended):
                raise SolverError(f"cplex stopped with status: {self._model.solution.get_status_string()}")
            self.finished = status in ended
            self.interrupted = status in aborted
            pool = self._model.solution.pool
            self.reported = int(pool.get_num())
            self.nodes = int(self._model.solution.progress.get_num_nodes_processed())
            # With nothing replaced, solutions keep their places.
            new = [
                np.rint(np.array(pool.get_values(number, self._columns))).astype(np.uint8).tobytes()
                for number in range(self._read, self.reported)
            ]
            self._read = self.reported
            return new

    def close(self) -> None:
        self._model.end()

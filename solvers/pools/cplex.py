"""CPLEX's ``populate`` at solution pool intensity 4: "enumerate all practical solutions"."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

import numpy as np

from solvers.errors import SolverError
from solvers.pools.protocol import native_errors, native_model

__all__ = ["CplexPool"]

#: The largest value of the limits.
_ALL = 2_100_000_000
#: Solutions of the first call.
_FEW = 64


class CplexPool:
    """See :class:`solvers.pools.protocol.SolutionPool`.

    A call ends after a number of solutions: from there CPLEX goes on without loss, but not from a time limit (22.2 then
    missed 1 to 10 of 478 solutions that one call finds, and claimed to have all).
    """

    name = "cplex"

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
        self.finished = self.interrupted = False
        self.reported = self.nodes = 0
        self._known: set[bytes] = set()
        self._wanted = _FEW
        with native_errors(self.name):
            self._columns = self._model.variables.get_indices([variable.name for variable in binaries])
            self._make_lazy(list(lazy))
            parameters = self._model.parameters
            parameters.threads.set(threads)
            parameters.mip.pool.intensity.set(4)
            parameters.mip.pool.capacity.set(_ALL)
            parameters.mip.pool.replace.set(0)
            if feasibility_tolerance is not None:
                parameters.simplex.tolerances.feasibility.set(feasibility_tolerance)
            if integrality_tolerance is not None:
                parameters.mip.tolerances.integrality.set(integrality_tolerance)

    def _make_lazy(self, names: list[str]) -> None:
        if not names:
            return
        rows = self._model.linear_constraints
        taken = {
            "lin_expr": rows.get_rows(names),
            "senses": "".join(rows.get_senses(names)),
            "rhs": rows.get_rhs(names),
        }
        rows.delete(names)
        rows.advanced.add_lazy_constraints(**taken, names=names)

    def search(self, seconds: float, *, at_most: float | None = None) -> list[bytes]:
        with native_errors(self.name):
            if at_most is not None:
                self._model.parameters.timelimit.set(max(at_most, 0.01))
            self._model.parameters.mip.limits.populate.set(self._wanted)
            start = time.perf_counter()
            self._model.populate_solution_pool()
            # As many in the next call as make about the time asked for.
            share = seconds / max(time.perf_counter() - start, 1e-3)
            self._wanted = int(min(max(self._wanted * min(share, 4.0), _FEW), _ALL))
            code = self._model.solution.status
            status = self._model.solution.get_status()
            stopped = (code.MIP_time_limit_feasible, code.MIP_time_limit_infeasible, code.populate_solution_limit)
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
            # A call that goes on may move what the last one left, so all is read.
            found = [
                np.rint(np.array(pool.get_values(number, self._columns))).astype(np.uint8).tobytes()
                for number in range(self.reported)
            ]
            new = list(dict.fromkeys(solution for solution in found if solution not in self._known))
            self._known.update(new)
            return new

    def close(self) -> None:
        self._model.end()

"""SCIP: the search of its solution counter, with a constraint handler that takes the solutions down.

``Model.count()`` counts the assignments of the integer variables whose continuous rest is feasible, which is what is
wanted, but from Python its solutions can't be had. The handler here does the same thing as SCIP's own: it accepts no
solution, so that the tree goes on, branches on integer variables that a solution leaves free, and takes down a node's
solution when all are fixed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from solvers.errors import SolverError
from solvers.pools.protocol import native_errors, native_model

__all__ = ["ScipPool"]

_ENDED = ("optimal", "infeasible", "inforunbd")
_STOPPED = ("timelimit", "userinterrupt")
#: Seconds of a call at most: signals wait for its end, and going on costs nothing.
_LONGEST = 4.0


class ScipPool:
    """See :class:`solvers.pools.protocol.SolutionPool`; SCIP uses one thread."""

    name = "scip"
    #: SCIP is told to leave Ctrl-C to Python.
    interrupted = False

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
        self.finished = False
        self.reported = self.nodes = 0
        self._seconds = 0.0
        self._known: set[bytes] = set()
        with native_errors(self.name):
            for row in self._model.getConss():
                if row.name in lazy:
                    self._model.setInitial(row, False)
            self._collector = _collector(self._model, [variable.solverVar for variable in binaries])
            if feasibility_tolerance is not None or integrality_tolerance is not None:
                # SCIP has one tolerance for both.
                given = [t for t in (feasibility_tolerance, integrality_tolerance) if t is not None]
                self._model.setParam("numerics/feastol", min(given))

    def search(self, seconds: float, *, at_most: float | None = None) -> list[bytes]:
        seconds = min(seconds, _LONGEST if at_most is None else min(at_most, _LONGEST))
        with native_errors(self.name):
            # SCIP's clock runs on from call to call, and so does its tree.
            self._seconds = max(self._seconds, float(self._model.getSolvingTime())) + max(seconds, 0.01)
            self._model.setParam("limits/time", self._seconds)
            self._model.optimize()
            if self._collector.error is not None:
                raise self._collector.error
            status = self._model.getStatus()
            if status not in (*_ENDED, *_STOPPED):
                raise SolverError(f"scip stopped with status: {status}")
            self.finished = status in _ENDED
            self.nodes = int(self._model.getNTotalNodes())
            # A call that goes on may do the node again at which the last one ended.
            found = dict.fromkeys(self._collector.solutions)
            new = [solution for solution in found if solution not in self._known]
            self._known.update(new)
            self._collector.solutions.clear()
            self.reported += len(new)
            return new

    def close(self) -> None:
        self._model.freeProb()


def _collector(model: Any, binaries: list[Any]) -> Any:
    """Set the model up for counting, and give it the handler; its module is only imported here."""
    from pyscipopt import SCIP_PARAMEMPHASIS, SCIP_PARAMSETTING, SCIP_RESULT, Conshdlr

    class Collector(Conshdlr):  # type: ignore[misc]
        """Takes down each assignment of the integer variables once, and rejects it."""

        solutions: list[bytes]
        integers: list[Any] | None
        error: Exception | None

        def conscheck(self, constraints: Any, solution: Any, *arguments: Any) -> dict[str, Any]:
            # Asked last, of solutions that all others accept; where presolving leaves no variable, of the only one.
            self._take_down(solution)
            return {"result": SCIP_RESULT.INFEASIBLE}

        def consenfolp(self, *arguments: Any) -> dict[str, Any]:
            return self._enforce()

        def consenfops(self, *arguments: Any) -> dict[str, Any]:
            return self._enforce()

        def conslock(self, *arguments: Any) -> None:
            # Locks keep dual reductions off variables; all dual reductions are off.
            pass

        def _enforce(self) -> dict[str, Any]:
            try:
                model = self.model
                if self.integers is None:
                    # Presolving is over, and nothing starts it again.
                    variables = model.getVars(transformed=True)
                    self.integers = [variable for variable in variables if variable.vtype() != "CONTINUOUS"]
                for variable in self.integers:
                    if variable.getUbLocal() - variable.getLbLocal() > 0.5:
                        model.branchVar(variable)
                        return {"result": SCIP_RESULT.BRANCHED}
                self._take_down(None)
            except Exception as error:  # an exception must not pass through SCIP
                self.error = error
                self.model.interruptSolve()
            return {"result": SCIP_RESULT.CUTOFF}

        def _take_down(self, solution: Any) -> None:
            try:
                values = np.array([self.model.getSolVal(solution, variable) for variable in binaries])
                self.solutions.append(np.rint(values).astype(np.uint8).tobytes())
            except Exception as error:
                self.error = error
                self.model.interruptSolve()

    collector = Collector()
    collector.solutions, collector.integers, collector.error = [], None, None
    model.setEmphasis(SCIP_PARAMEMPHASIS.COUNTER)
    model.setHeuristics(SCIP_PARAMSETTING.OFF)
    model.setParam("misc/catchctrlc", False)
    model.setParam("presolving/maxrestarts", 0)
    model.setParam("misc/allowstrongdualreds", False)
    model.setParam("misc/allowweakdualreds", False)
    # Below the handler of integrality (0), so that it is asked about integer solutions only.
    model.includeConshdlr(
        collector,
        "collector",
        "takes down solutions",
        enfopriority=-9_000_000,
        chckpriority=-9_000_000,
        needscons=False,
    )
    return collector

"""Solutions of the encoding one by one: solve, cut the solution off, solve again; through PuLP, on any MILP solver.

The portable fallback. Each pattern costs a solve from scratch of a program with one more row, so it is for a few
dozen patterns. Each pattern returned is certified; that none is missing rests on the solver's tolerances.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pulp

from polyregions.definition import Definition
from polyregions.enumeration import Leaf
from polyregions.exact.filter import FloatBox
from polyregions.exact.pattern import PatternCertifier
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.encoding import encode
from solvers import SolverError, Status
from solvers.pulp_backend import solve
from solvers.pulp_drivers import installed_driver

__all__ = ["NoGoodPool"]

#: Asked of solvers that can be asked.
_TOLERANCE = 1e-9
#: Optima of f at most this many times the solver's tolerance mean that no pattern is left.
_MARGIN = 10.0
#: The tolerance of solvers that can't be asked for another.
_DEFAULT_TOLERANCE = 1e-7
#: Seconds of the first solve; signals and limits are looked at between solves.
_PATIENCE = 5.0


class NoGoodPool:
    """The patterns of a restricted network from a loop of no-good cuts.

    Parameters
    ----------
    restriction : Restriction
    definition : Definition
        PATTERNS: all solutions of the MILP. REGIONS: those of them that have full dimension.
    solver : str
        A MILP solver that PuLP drives: "pulp-highs", "cbc", ...
    limits : Limits
        Their remaining time is passed on to each solve.
    bounds : UnitBounds, optional
        Of the units' pre-activations; default: by intervals.

    Attributes
    ----------
    found : int
        Certified patterns so far.
    rejected : int
        Solutions that proved not to be patterns of this definition: spurious ones of the solver's tolerances, and
        for REGIONS those of lower dimension.
    finished : bool
        Whether the solver claims that there are no more.
    """

    #: That no pattern is missing is the solver's claim.
    proven = False

    @np.errstate(all="ignore")
    def __init__(
        self,
        restriction: Restriction,
        definition: Definition,
        *,
        solver: str,
        limits: Limits,
        bounds: UnitBounds | None = None,
    ) -> None:
        self._limits = limits
        self._box = FloatBox.of(restriction)
        self._certifier = PatternCertifier(restriction, self._box, definition)
        self._encoding = encode(restriction, self._box, bounds)
        self._solver = solver.removeprefix("pulp-")
        driver = installed_driver(self._solver)
        self._tolerances: dict[str, Any] = {}
        if driver is not None and driver.feasibility is not None:
            self._tolerances["feasibility_tolerance"] = _TOLERANCE
        if driver is not None and driver.integrality is not None:
            self._tolerances["integrality_tolerance"] = _TOLERANCE
        self._threshold = _MARGIN * self._tolerances.get("feasibility_tolerance", _DEFAULT_TOLERANCE)
        self.finished = False
        self.found = self.rejected = self.solves = self.nodes = 0

    def statistics(self) -> dict[str, Any]:
        """What was done so far."""
        counts = self._certifier.counts
        return {
            "pool": "no-good",
            "leaves": self.found,
            "rejected": self.rejected,
            "solves": self.solves,
            "nodes": self.nodes,
            "exact_programs": counts.exact_programs,
            "exact_pivots": counts.exact_pivots,
        }

    def open_bound(self) -> int | None:
        """None: the solver's bounds prove nothing."""
        return None

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Find all regions without listing them, or as many as ``stop`` lets."""
        for _ in self.leaves(stop):
            pass

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the certified patterns.

        Raises
        ------
        SolverError
            If the solver fails.
        """
        problem, z = self._encoding.problem, self._encoding.z
        patience = _PATIENCE
        while not self.finished and not stop():
            remaining = self._limits.remaining
            limit = patience if remaining is None else min(patience, remaining)
            solution = solve(problem, self._solver, time_limit=limit, **self._tolerances)
            self.solves += 1
            self.nodes += max(solution.nodes, 0)
            if solution.status is Status.INFEASIBLE:
                self.finished = True
                return
            if solution.status is not Status.OPTIMAL:
                if solution.status.limited:
                    # Not enough time, or too long to ask whether to stop: the loop asks, then grants twice as much.
                    patience *= 2
                    continue
                raise SolverError(f"{self._solver} stopped with status {solution.status.name}: {solution.status.text}")
            if solution.objective <= self._threshold:
                self.finished = True
                return
            states = bytes(round(variable.value()) for variable in z)
            witness = self._certifier.certify(states)
            # The cut also removes a solution that is no pattern, so that the loop makes progress.
            signed = [variable if state else -variable for variable, state in zip(z, states, strict=True)]
            problem += pulp.lpSum(signed) <= sum(states) - 1, f"no_good_{self.solves}"
            if witness is None:
                self.rejected += 1
                continue
            self.found += 1
            yield Leaf(states, witness)

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
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.encoding import encode
from polyregions.milp.intake import Intake
from polyregions.milp.parity import ParitySystem
from solvers import SolverError, Status
from solvers.pulp_backend import solve
from solvers.pulp_drivers import installed_driver

__all__ = ["NoGoodPool"]

#: Asked of solvers that can be asked. At 3e-9 or less HiGHS 1.15.1 calls some feasible programs infeasible.
_TOLERANCE = 1e-8
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
    parity : ParitySystem, optional
        Only patterns that satisfy it.

    Attributes
    ----------
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
        parity: ParitySystem | None = None,
    ) -> None:
        parity = parity if parity is not None else ParitySystem()
        parity.check(sum(restriction.widths))
        self._limits = limits
        box = FloatBox.of(restriction)
        self._intake = Intake(restriction, box, definition, parity)
        self._encoding = encode(restriction, box, bounds)
        parity.add_to(self._encoding.problem, self._encoding.z)
        self._solver = solver.removeprefix("pulp-")
        driver = installed_driver(self._solver)
        self._tolerances: dict[str, Any] = {}
        if driver is not None and driver.feasibility is not None:
            self._tolerances["feasibility_tolerance"] = _TOLERANCE
        if driver is not None and driver.integrality is not None:
            self._tolerances["integrality_tolerance"] = _TOLERANCE
        self._threshold = _MARGIN * self._tolerances.get("feasibility_tolerance", _DEFAULT_TOLERANCE)
        self.finished = False
        self.reported = self.solves = self.nodes = 0
        self._failure: str | None = None

    @property
    def found(self) -> int:
        """Certified patterns so far."""
        return self._intake.found

    def statistics(self) -> dict[str, Any]:
        """What was done so far; ``reported`` is the solver's own count."""
        result = {
            "pool": "no-good",
            "reported": self.reported,
            **self._intake.statistics(),
            "solves": self.solves,
            "nodes": self.nodes,
        }
        if self._failure is not None:
            result["failure"] = self._failure
        return result

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
            If the solver fails before it has found anything. Later, what was found is kept: the iteration ends without
            ``finished``, and the statistics say why.
        """
        try:
            yield from self._leaves(stop)
        except SolverError as error:
            if not self.found:
                raise
            self._failure = str(error)

    def _leaves(self, stop: Callable[[], bool]) -> Iterator[Leaf]:
        problem, z = self._encoding.problem, self._encoding.z
        patience = _PATIENCE
        while not self.finished and self._failure is None and not stop():
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
            self.reported += 1
            leaf = self._intake.take(states)
            # The cut also removes a solution that is no pattern, so that the loop makes progress.
            signed = [variable if state else -variable for variable, state in zip(z, states, strict=True)]
            problem += pulp.lpSum(signed) <= sum(states) - 1, f"no_good_{self.solves}"
            if leaf is not None:
                yield leaf

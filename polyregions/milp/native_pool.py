"""Solutions of the encoding from a solver's own pool: Gurobi, CPLEX, SCIP.

The objective is 0 and f at least a small threshold, which is faster than maximising f and asks for the same patterns.
Each solution is certified; that none is missing rests on the solver's tolerances.
"""

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyregions.definition import Definition
from polyregions.enumeration import Leaf
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.encoding import encode
from polyregions.milp.intake import Intake
from polyregions.milp.parity import ParitySystem
from solvers import SolverError
from solvers.pools import solution_pool

__all__ = ["NativePool", "Tolerances"]

#: Seconds of a solver's call at first and at most; signals and limits are looked at in between. A call is half as long
#: as all before it together, so that a solver which loses the work of short calls, or reads out all it has after each,
#: spends a bounded share of its time on that.
_FIRST, _LONGEST = 0.5, 60.0


@dataclass(frozen=True, kw_only=True)
class Tolerances:
    """What a pool asks of its solver; None keeps the solver's default.

    Parameters
    ----------
    feasibility, integrality : float, optional
        By default the tightest that the three solvers take in common.
    threshold : float
        The least f of a pattern. Rows are scaled to unit size; a pattern of which no point has all active units above
        it is lost, and below the tolerances patterns appear that are none.
    """

    feasibility: float | None = 1e-9
    integrality: float | None = 1e-9
    threshold: float = 1e-8


class NativePool:
    """The patterns of a restricted network from a solver's solution pool, each certified.

    Parameters
    ----------
    restriction : Restriction
    definition : Definition
        PATTERNS: all solutions of the MILP. REGIONS: those of them that have full dimension.
    solver : str
        One of :data:`solvers.pools.POOLS`.
    limits : Limits
        Their remaining time is passed on to each call of the solver.
    bounds : UnitBounds, optional
        Of the units' pre-activations; default: by intervals.
    parity : ParitySystem, optional
        Only patterns that satisfy it.
    tolerances : Tolerances, optional

    Attributes
    ----------
    finished : bool
        Whether the solver claims that there are no more, and all have been given.
    solver_pool : solvers.pools.SolutionPool
        What the solver itself says.
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
        tolerances: Tolerances | None = None,
    ) -> None:
        parity = parity if parity is not None else ParitySystem()
        parity.check(sum(restriction.widths))
        tolerances = tolerances if tolerances is not None else Tolerances()
        box = FloatBox.of(restriction)
        encoding = encode(restriction, box, bounds)
        lazy = parity.add_to(encoding.problem, encoding.z)
        encoding.problem.setObjective(0 * encoding.f)
        encoding.f.lowBound = tolerances.threshold
        self._limits = limits
        self._intake = Intake(restriction, box, definition, parity)
        self._waiting: deque[bytes] = deque()
        self._spent = 0.0
        self._returned = 0
        self._failure: str | None = None
        self.solver_pool = solution_pool(
            encoding.problem,
            encoding.z,
            solver,
            lazy=lazy,
            feasibility_tolerance=tolerances.feasibility,
            integrality_tolerance=tolerances.integrality,
        )

    @property
    def found(self) -> int:
        """Certified patterns so far."""
        return self._intake.found

    @property
    def finished(self) -> bool:
        """Whether the solver claims that there are no more, and all of its solutions have been looked at."""
        return self.solver_pool.finished and not self._waiting

    def statistics(self) -> dict[str, Any]:
        """What was done so far.

        ``reported`` is the solver's own count; ``uncertified`` are those of it that nobody has looked at yet.
        """
        result: dict[str, Any] = {
            "pool": self.solver_pool.name,
            "reported": self.solver_pool.reported,
            "uncertified": len(self._waiting),
            **self._intake.statistics(),
            "nodes": self.solver_pool.nodes,
        }
        result["duplicates"] += self.solver_pool.reported - self._returned
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
        """Yield the certified patterns as the solver finds them; may be left and taken up again.

        Raises
        ------
        SolverError
            If the solver fails before it has found anything. Later, what was found is kept: the iteration ends without
            ``finished``, and the statistics say why.
        """
        while not self.finished and self._failure is None and not stop():
            if self._waiting:
                leaf = self._intake.take(self._waiting.popleft())
                if leaf is not None:
                    yield leaf
                continue
            seconds = min(max(_FIRST, 0.5 * self._spent), _LONGEST)
            start = time.perf_counter()
            try:
                new = self.solver_pool.search(seconds, at_most=self._limits.remaining)
                self._spent += time.perf_counter() - start
                self._returned += len(new)
                self._waiting.extend(new)
                if self.solver_pool.interrupted:
                    # The solver has swallowed it; it is for whoever handles signals here.
                    signal.raise_signal(signal.SIGINT)
            except SolverError as error:
                if not self.found:
                    raise
                self._failure = str(error)

"""Which units are stable over a domain, all of them from one mixed-integer program.

Serra, Yu, Kumar & Ramalingam (2021): instead of two programs per unit, maximise the number of units seen in a state
in which no point has yet shown them,

    sum_{i in P} z_i + sum_{i in Q} (1 - z_i),

P the units never seen active and Q those never seen inactive, over the big-M encoding. Each point found takes units
out of P and Q; when the maximum is below 1, those left are stable. Here the tree is searched by branch and bound with
safe bounds, points are evaluated exactly, and a tie (a unit that is 0 but never positive counts as inactive, though z
may be 1) is decided exactly; so the answer is proven.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.encoding import encode
from polyregions.milp.exact_maximum import ExactCell
from polyregions.milp.known_points import PointEvaluator
from polyregions.milp.safe_program import SafeProgram

__all__ = ["Stability", "joint_stability", "stability_by_bounds"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Points of the domain that are looked at before the first program.
_SAMPLES = 32


@dataclass(frozen=True, eq=False)
class Stability:
    """Which units have the same state on the whole domain, proven.

    Attributes
    ----------
    active : tuple of (n_l,) bool arrays
        Units that are positive everywhere.
    inactive : tuple of (n_l,) bool arrays
        Units that are positive nowhere.
    complete : bool
        Whether all other units are proven to take both states; else some may be stable too.
    """

    active: tuple[BoolArray, ...]
    inactive: tuple[BoolArray, ...]
    complete: bool


def stability_by_bounds(bounds: UnitBounds) -> Stability:
    """What bounds of the pre-activations say; complete for exact maxima (method "milp", none stopped)."""
    return Stability(bounds.stably_active, bounds.stably_inactive, bounds.method == "milp" and not bounds.stopped)


@np.errstate(all="ignore")
def joint_stability(
    restriction: Restriction,
    box: FloatBox,
    bounds: UnitBounds,
    *,
    expired: Callable[[], bool] = lambda: False,
    solver: str = "highs",
) -> Stability:
    """The stable units by one branch and bound for all.

    Parameters
    ----------
    bounds : UnitBounds
        Any proven ones: they make the program, and what they prove stable is not searched for.
    expired : callable
        Asked before each node; True ends the search.
    """
    if not restriction.widths:
        return Stability((), (), True)
    search = _Search(restriction, box, bounds, solver)
    complete = search.run(expired)
    active, inactive = (list(map(np.copy, side)) for side in (bounds.stably_active, bounds.stably_inactive))
    if complete:
        for units, seen_never in ((inactive, search.never_active), (active, search.never_inactive)):
            for index in seen_never:
                layer, unit = search.place(index)
                units[layer][unit] = True
    return Stability(tuple(active), tuple(inactive), complete)


class _Search:
    def __init__(self, restriction: Restriction, box: FloatBox, bounds: UnitBounds, solver: str) -> None:
        self._restriction = restriction
        self._box = box
        self._evaluator = PointEvaluator(restriction, box)
        arrays = encode(restriction, box, bounds).arrays()
        self._binaries = arrays.binaries
        self._inputs = arrays.inputs
        self._program = SafeProgram(arrays, solver=solver)
        self._places = [(layer, unit) for layer, width in enumerate(restriction.widths) for unit in range(width)]
        active, inactive = (np.concatenate(side).tolist() for side in (bounds.stably_active, bounds.stably_inactive))
        #: The states of stable units; -1 for the others.
        self._states = [1 if on else 0 if off else -1 for on, off in zip(active, inactive, strict=True)]
        unstable = [index for index, state in enumerate(self._states) if state < 0]
        self.never_active, self.never_inactive = set(unstable), set(unstable)

    def place(self, index: int) -> tuple[int, int]:
        """The layer and the number in it of a unit."""
        return self._places[index]

    def run(self, expired: Callable[[], bool]) -> bool:
        """Search until what is left in the two sets is proven to be stable; False if there was no time for it."""
        self._sample()
        heap: list[tuple[float, int, dict[int, int]]] = [(-math.inf, 0, {})]
        order = count(1)
        while heap and (self.never_active or self.never_inactive):
            if expired():
                return False
            _, _, fixed = heapq.heappop(heap)
            bound, x, progress = self._relax(fixed)
            if bound < 1:
                continue
            if progress:
                # The objective has changed: look again, at less.
                heapq.heappush(heap, (-bound, next(order), fixed))
                continue
            free = self._to_branch(x, fixed)
            if free is None:
                self._decide(fixed)
                continue
            for state in (0, 1):
                heapq.heappush(heap, (-bound, next(order), fixed | {free: state}))
        return True

    def _sample(self) -> None:
        rng = np.random.default_rng(0)
        low, high = self._box.lower_inside, self._box.upper_inside
        for share in rng.random((_SAMPLES, len(low))):
            self._see(low + share * (high - low))

    def _see(self, x: FloatArray) -> bool:
        """Evaluate a point; whether it shows a unit in a new state."""
        point = self._evaluator.point(x)
        if point is None:
            return False
        before = len(self.never_active) + len(self.never_inactive)
        signs = {index: point.sign(*self._places[index]) for index in self.never_active | self.never_inactive}
        self.never_active -= {index for index, sign in signs.items() if sign > 0}
        self.never_inactive -= {index for index, sign in signs.items() if sign <= 0}
        return len(self.never_active) + len(self.never_inactive) < before

    def _relax(self, fixed: dict[int, int]) -> tuple[float, FloatArray | None, bool]:
        """A node's bound, its z in the solver's solution, and whether the solution shows something new."""
        program = self._program.program
        lower, upper = program.lower.copy(), program.upper.copy()
        for index, state in fixed.items():
            lower[self._binaries[index]] = upper[self._binaries[index]] = state
        objective = np.zeros(len(lower))
        objective[self._binaries[sorted(self.never_active)]] += 1.0
        objective[self._binaries[sorted(self.never_inactive)]] -= 1.0
        outcome = self._program.maximise(objective, lower=lower, upper=upper)
        bound = math.nextafter(outcome.bound + len(self.never_inactive), math.inf)
        if outcome.x is None:
            return bound, None, False
        x = np.where(self._inputs >= 0, outcome.x[self._inputs], self._box.lower)
        return bound, outcome.x[self._binaries], self._see(x)

    def _to_branch(self, z: FloatArray | None, fixed: dict[int, int]) -> int | None:
        """The open unit whose z is least integral."""
        free = [index for index, state in enumerate(self._states) if state < 0 and index not in fixed]
        if z is None or not free:
            return free[0] if free else None
        return max(free, key=lambda index: min(z[index], 1.0 - z[index]))

    def _decide(self, fixed: dict[int, int]) -> None:
        """See, exactly, what the cell shows in which all units are fixed."""
        states = [fixed.get(index, state) for index, state in enumerate(self._states)]
        cell = ExactCell(self._restriction, self._box, states)
        for index in sorted(self.never_active):
            if states[index]:
                largest = cell.maximum(*self._places[index], 1)
                if largest is not None and largest > 0:
                    self.never_active.discard(index)
        for index in sorted(self.never_inactive):
            if not states[index] and cell.maximum(*self._places[index], -1) is not None:
                self.never_inactive.discard(index)

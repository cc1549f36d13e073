"""The maximum of a unit's pre-activation over the domain, by branch and bound, every bound proven.

A node settles some units of the earlier layers (active or inactive), and its linear relaxation gives an upper bound,
safe whatever the solver's tolerances are (:mod:`polyregions.milp.safe_program`). The relaxation's points, evaluated,
are lower bounds. A node with all units settled whose relaxation leaves a sign open is decided exactly.
"""

import heapq
import math
from collections.abc import Callable
from itertools import count

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import FloatBox
from polyregions.exact.numbers import float_above
from polyregions.exact.restriction import Restriction
from polyregions.milp.exact_maximum import ExactCell
from polyregions.milp.known_points import KnownPoint, PointEvaluator
from polyregions.milp.relaxation import Form, Relaxation, UnstableUnit
from polyregions.milp.safe_program import SafeProgram

__all__ = ["GAP", "LayerMaxima"]

FloatArray = npt.NDArray[np.float64]

#: A bound this close to a value attained, relative to the unit's bounds, is as good as the maximum.
GAP = 1e-7
#: Points that are kept as candidates for the units to come.
_POINTS = 256


class LayerMaxima:
    """Maxima and minima of the next layer's pre-activations behind a relaxation of the layers before it.

    Parameters
    ----------
    restriction : Restriction
    box : FloatBox
    relaxation : Relaxation
        Of exactly the layers before.
    points : list of KnownPoint
        Of the domain; added to, so that one layer's points serve the next.
    evaluator : PointEvaluator
    solver : str
        The LP back end.
    """

    def __init__(
        self,
        restriction: Restriction,
        box: FloatBox,
        relaxation: Relaxation,
        points: list[KnownPoint],
        evaluator: PointEvaluator,
        *,
        solver: str = "highs",
    ) -> None:
        self._restriction = restriction
        self._box = box
        self._layer = relaxation.layers
        self._states = list(relaxation.states)
        self._unstable = list(relaxation.unstable)
        self._program = SafeProgram(relaxation.program(), solver=solver)
        self._points = points
        self._evaluator = evaluator

    def relaxed(self, form: Form, sign: int, *, time_limit: float | None = None) -> float:
        """An upper bound of ``sign`` times a unit's pre-activation from the relaxation alone."""
        outcome = self._program.maximise(sign * form.coefficients, time_limit=time_limit)
        return _signed(form, sign).bound(outcome.bound)

    def maximum(
        self, unit: int, form: Form, sign: int, bound: float, expired: Callable[[], bool] = lambda: False
    ) -> tuple[float, bool]:
        """``sign`` times a unit's pre-activation, maximised.

        Parameters
        ----------
        form : Form
            The unit's.
        bound : float
            A proven upper bound of it.
        expired : callable
            Asked before each node.

        Returns
        -------
        bound : float
            Proven. Unless stopped, within GAP of the maximum (relative to the size of the unit's bounds), and of the
            right sign: at most 0 if and only if the unit is never active (sign 1), and below 0 if and only if it is
            always active (sign -1).
        stopped : bool
            Whether ``expired`` came true.
        """
        search = _Search(unit, _signed(form, sign), sign, GAP / form.scale)
        for point in self._points:
            search.offer(point, self._layer)
        heap: list[tuple[float, int, tuple[tuple[int, int], ...]]] = [(-bound, 0, ())]
        order = count(1)
        closed = -math.inf
        while heap and not search.settles(-heap[0][0]):
            if expired():
                return max(closed, -heap[0][0]), True
            limit, _, fixed = heapq.heappop(heap)
            node_bound, x = self._relax(search.form, fixed)
            node_bound = min(-limit, node_bound)
            found = self._remember(x)
            if found is not None:
                search.offer(found, self._layer)
            if search.settles(node_bound):
                closed = max(closed, node_bound)
                continue
            free = self._to_branch(x, {index for index, _ in fixed})
            if free is None:
                closed = max(closed, self._decide(search, node_bound, fixed))
                continue
            for state in (0, 1):
                heapq.heappush(heap, (-node_bound, next(order), (*fixed, (free, state))))
        return max(closed, -heap[0][0] if heap else -math.inf), False

    def _relax(self, form: Form, fixed: tuple[tuple[int, int], ...]) -> tuple[float, FloatArray | None]:
        program = self._program.program
        upper = program.upper.copy()
        for place, state in fixed:
            unit = self._unstable[place]
            upper[unit.hbar if state else unit.h] = 0.0
        outcome = self._program.maximise(form.coefficients, upper=upper)
        return form.bound(outcome.bound), outcome.x

    def _to_branch(self, x: FloatArray | None, settled: set[int]) -> int | None:
        """The place of the open unit that the relaxation's point treats worst: both active and inactive."""
        free = [place for place in range(len(self._unstable)) if place not in settled]
        if x is None or not free:
            return free[0] if free else None

        def wrong(unit: UnstableUnit) -> float:
            return min(float(x[unit.h]), float(x[unit.hbar]))

        return max(free, key=lambda place: wrong(self._unstable[place]))

    def _decide(self, search: "_Search", bound: float, fixed: tuple[tuple[int, int], ...]) -> float:
        """A cell whose bound leaves the sign open, or is not attained within the gap: its exact maximum, rounded up."""
        states = list(self._states)
        for place, state in fixed:
            states[self._unstable[place].index] = state
        exact = ExactCell(self._restriction, self._box, states).maximum(self._layer, search.unit, search.sign)
        if exact is None:
            return -math.inf
        search.attain(float_above(exact), (exact > 0) - (exact < 0))
        return min(bound, float_above(exact))

    def _remember(self, x: FloatArray | None) -> KnownPoint | None:
        if x is None:
            return None
        point = self._evaluator.point(x[: self._restriction.dimension])
        if point is not None and len(self._points) < _POINTS:
            self._points.append(point)
        return point


class _Search:
    """The best value of one unit that is known to be attained, and its sign."""

    def __init__(self, unit: int, form: Form, sign: int, gap: float) -> None:
        self.unit = unit
        self.form = form
        self.sign = sign
        self._gap = gap
        self._best = -math.inf
        self._best_sign = -1

    def offer(self, point: KnownPoint, layer: int) -> None:
        """A point at which the unit's value is known."""
        value = self.sign * float(point.values[layer][self.unit])
        if value > self._best or self._best_sign < self._wanted:
            self.attain(value, self.sign * point.sign(layer, self.unit))

    def attain(self, value: float, sign: int) -> None:
        """A value that is attained, in floats, and its exact sign."""
        self._best = max(self._best, value) if not math.isnan(value) else self._best
        self._best_sign = max(self._best_sign, sign)

    @property
    def _wanted(self) -> int:
        """The sign that, once attained, leaves no question of sign: active somewhere, or not active somewhere."""
        return 1 if self.sign > 0 else 0

    def settles(self, bound: float) -> bool:
        """Whether a cell with this bound need not be looked into."""
        stable = bound <= 0 if self.sign > 0 else bound < 0
        return bound <= self._best + self._gap and (stable or self._best_sign >= self._wanted)


def _signed(form: Form, sign: int) -> Form:
    return Form(sign * form.coefficients, sign * form.constant, form.error, form.scale)

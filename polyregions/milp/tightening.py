"""Bounds of every unit's pre-activation over a domain: by intervals, by linear programs, or exact maxima.

The tighter the bounds, the smaller the constants of the big-M encoding and the more units are known to be stable. All
methods go layer by layer, and a layer's bounds use those of the layers before (Serra, Tjandraatmadja & Ramalingam
2018; Cheng, Nuehrenberg & Ruess 2017; Fischetti & Jo 2018).
"""

import math
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from polyregions.errors import ArgumentError
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.milp.big_m import UnitBounds, first_interval, interval_bounds, next_interval
from polyregions.milp.known_points import KnownPoint, PointEvaluator
from polyregions.milp.maxima import LayerMaxima
from polyregions.milp.relaxation import Relaxation

__all__ = ["METHODS", "check_method", "tightened_bounds"]

FloatArray = npt.NDArray[np.float64]

METHODS = ("interval", "lp", "milp")


def check_method(method: str) -> None:
    """Raise ArgumentError unless there are bounds of that name."""
    if method not in METHODS:
        raise ArgumentError(f"no bounds called {method!r}; there are 'interval', 'lp' and 'milp'")


@np.errstate(all="ignore")
def tightened_bounds(
    restriction: Restriction,
    box: FloatBox,
    *,
    method: str = "lp",
    time_limit_per_unit: float | None = None,
    expired: Callable[[], bool] = lambda: False,
    solver: str = "highs",
) -> UnitBounds:
    """Proven bounds of all pre-activations.

    Parameters
    ----------
    method : {"interval", "lp", "milp"}
        "interval": O(weights). "lp": two linear programs per unit, over the triangle relaxation of the layers before.
        "milp": the extrema themselves, within 1e-7 of the unit's size, by branch and bound over the layers before; a
        unit is then stable by its bounds if and only if it is stable.
    time_limit_per_unit : float, optional
        Seconds for both bounds of one unit; what is proven by then is kept.
    expired : callable
        Asked before each program; once it is true, the rest is bounded by intervals.
    solver : str
        The LP back end. Its answers are proposals: each bound is proven from its multipliers.

    Raises
    ------
    EncodingError
        If a bound overflows.
    ArgumentError
        For another method.
    """
    check_method(method)
    if method == "interval" or not restriction.widths:
        return interval_bounds(restriction, box)
    relaxation = Relaxation(restriction, box)
    evaluator = PointEvaluator(restriction, box)
    points: list[KnownPoint] = []
    lower: list[FloatArray] = []
    upper: list[FloatArray] = []
    stopped = 0
    for layer in range(len(restriction.widths)):
        if layer == 0:
            low, high = first_interval(restriction, box)
        else:
            low, high = next_interval(restriction, box, layer, lower[-1], upper[-1])
        if not expired():
            maxima = LayerMaxima(restriction, box, relaxation, points, evaluator, solver=solver)
            stopped += _tighten(maxima, relaxation, low, high, method, time_limit_per_unit, expired)
        else:
            stopped += 2 * len(low)
        relaxation.add_layer(low, high)
        lower.append(low)
        upper.append(high)
    return UnitBounds(tuple(lower), tuple(upper), method, stopped, restriction.linear)


def _tighten(
    maxima: LayerMaxima,
    relaxation: Relaxation,
    low: FloatArray,
    high: FloatArray,
    method: str,
    time_limit: float | None,
    expired: Callable[[], bool],
) -> int:
    """Tighten a layer's bounds in place; how many of them were not as far as the method goes."""
    stopped = 0
    for unit in range(len(low)):
        form = relaxation.form(unit, low[unit], high[unit])
        end = math.inf if time_limit is None else time.monotonic() + time_limit
        late = _late(end, expired)
        sides = ((1, high), (-1, low))
        skipped = 0
        for sign, side in sides:
            if late():
                skipped += 1
                continue
            seconds = None if time_limit is None else max(end - time.monotonic(), 0.0)
            side[unit] = sign * min(sign * side[unit], maxima.relaxed(form, sign, time_limit=seconds))
        if method == "lp":
            stopped += skipped
            continue
        # Both sides have their linear program first, and the second side half of what time is left then.
        for place, (sign, side) in enumerate(sides):
            now = time.monotonic()
            share = end if place or end == math.inf else now + (end - now) / 2
            bound, interrupted = maxima.maximum(unit, form, sign, sign * side[unit], _late(share, expired))
            side[unit] = sign * bound
            stopped += interrupted
    return stopped


def _late(end: float, expired: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: time.monotonic() >= end or expired()

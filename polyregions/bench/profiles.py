"""Shifted geometric means, and performance profiles (Dolan & More 2002)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from polyregions.errors import ArgumentError

__all__ = ["Profile", "performance_profiles", "shifted_geometric_mean"]

#: Steps (tau, rho), with increasing tau from 1 on.
Profile: TypeAlias = list[tuple[float, float]]

#: Shorter times count as this long, so that there are ratios.
_CLOCK = 1e-6


def shifted_geometric_mean(times: Iterable[float], *, shift: float) -> float:
    """exp(mean of ln max(1, t + shift)) - shift; NaN without any time.

    The shift keeps the shortest times from ruling the mean. It depends on the unit of time by the 1 in the maximum:
    10 goes with seconds.

    Examples
    --------
    >>> round(shifted_geometric_mean([0.0, 30.0], shift=10.0), 12)
    10.0
    """
    logarithms = [math.log(max(1.0, time + shift)) for time in times]
    if not logarithms:
        return math.nan
    return math.exp(math.fsum(logarithms) / len(logarithms)) - shift


def performance_profiles(times: Mapping[str, Sequence[float | None]]) -> dict[str, Profile]:
    """For each solver the share of problems that it solves within tau times the best solver's time.

    Parameters
    ----------
    times : mapping of solver to times
        Of the same problems in the same order; None where a problem was not solved.

    Returns
    -------
    dict of solver to list of (tau, rho)
        rho(tau) is the entry of the last tau that is not larger; the list begins at tau = 1. Problems that nobody
        solves count, so that 1 need not be reached.

    Raises
    ------
    ArgumentError
        If the solvers have different numbers of problems.

    Notes
    -----
    Dolan & More (2002), equation 1 and section 2: r = t / min t, rho(tau) = #{r <= tau} / #problems.

    Examples
    --------
    >>> performance_profiles({"a": [1.0, 4.0], "b": [2.0, None]})
    {'a': [(1.0, 1.0)], 'b': [(1.0, 0.0), (2.0, 0.5)]}
    """
    if len({len(row) for row in times.values()}) > 1:
        raise ArgumentError("a performance profile needs the times of the same problems from each solver")
    if not times:
        return {}
    table = np.array([[math.inf if t is None else max(t, _CLOCK) for t in row] for row in times.values()])
    problems = table.shape[1]
    best = table.min(axis=0, initial=math.inf)
    with np.errstate(invalid="ignore"):
        ratios = np.where(np.isfinite(table), table / best, math.inf)
    result: dict[str, Profile] = {}
    for solver, row in zip(times, ratios, strict=True):
        steps = sorted({1.0, *row[np.isfinite(row)].tolist()})
        result[solver] = [(tau, float((row <= tau).sum()) / max(problems, 1)) for tau in steps]
    return result

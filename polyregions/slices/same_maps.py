"""Which intervals of a line carry the same affine map: by float forms with error bounds, else exactly."""

from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.slices.exact_forms import Row
from polyregions.slices.line_search import LineSearch

__all__ = ["differing_neighbours", "distinct_maps", "exact_maps"]

Indices = npt.NDArray[np.intp]
#: Pairs of intervals that are decided exactly in one go.
_BATCH = 128


def exact_maps(search: LineSearch, intervals: Indices) -> tuple[list[list[Row]], int]:
    """The output (slope, intercept) on some intervals, in the search's own parameter, times a common positive scale."""
    network = search.network
    layer = len(network.weights) - 1
    states = np.unpackbits(search.states[intervals], axis=1, count=sum(network.widths)).astype(np.bool_)
    rows = search.exact.rows(layer, states)
    if network.include_output:
        active = states[:, sum(network.widths[:-1]) :].tolist()
        rows = [
            [row if state else (0, 0) for row, state in zip(part, mask, strict=True)]
            for part, mask in zip(rows, active, strict=True)
        ]
    return rows, search.exact.scale(layer)


def differing_neighbours(search: LineSearch) -> npt.NDArray[np.bool_]:
    """Whether each interval's map differs from that of the one before it, (K - 1,).

    Both agree at the breakpoint between them, so that they are equal iff their slopes are.
    """
    a, error = search.output.a, search.output.error
    with np.errstate(all="ignore"):
        apart = np.abs(a[1:] - a[:-1]) * (1 - 2.0**-50) > error[1:] + error[:-1]
    differ: npt.NDArray[np.bool_] = np.asarray(apart.any(axis=1), dtype=np.bool_)
    for first in _batches(np.flatnonzero(~differ)):
        maps, _ = exact_maps(search, np.concatenate([first, first + 1]))
        half = len(first)
        differ[first] = [maps[i] != maps[half + i] for i in range(half)]
    return differ


def distinct_maps(search: LineSearch, intervals: Indices) -> int:
    """The number of distinct maps on the given intervals."""
    output = search.output
    a, c, error = output.a[intervals], output.c[intervals], output.error[intervals]
    count = len(intervals)
    with np.errstate(all="ignore"):
        order = np.argsort(a[:, 0])
        # Maps whose first slopes are further apart than this differ; NaN and infinity keep nothing apart.
        width = 2 * float(np.max(error[:, 0])) + float(np.abs(a[:, 0]).max()) * 2.0**-50
        doubtful = np.zeros(count, dtype=np.bool_)
        for step in range(1, count):
            one, other = order[:-step], order[step:]
            near = ~(a[other, 0] - a[one, 0] > width)
            if not near.any():
                break
            one, other = one[near], other[near]
            off = np.maximum(np.abs(a[one] - a[other]), np.abs(c[one] - c[other])) * (1 - 2.0**-50)
            alike = ~(off > error[one] + error[other]).any(axis=1)
            doubtful[one[alike]] = doubtful[other[alike]] = True
    known: set[Any] = set()
    for part in _batches(np.flatnonzero(doubtful)):
        maps, _ = exact_maps(search, intervals[part])
        known.update(map(tuple, maps))
    return count - int(doubtful.sum()) + len(known)


def _batches(indices: Indices) -> list[Indices]:
    return [indices[i : i + _BATCH] for i in range(0, len(indices), _BATCH)]

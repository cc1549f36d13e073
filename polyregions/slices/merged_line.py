"""Intervals of a line with the same pattern of a graph taken together: different outcomes of a tournament are one."""

import numpy as np
import numpy.typing as npt

from polyregions.slices.line_search import LineSearch

__all__ = ["merge", "pattern_keys"]

Packed = npt.NDArray[np.uint8]


def pattern_keys(search: LineSearch, packed: Packed) -> npt.NDArray[np.object_]:
    """The patterns of packed states as bytes, equal for equal patterns; (k,)."""
    network = search.network
    states = np.unpackbits(packed, axis=1, count=sum(network.widths))
    keys = np.empty(len(states), dtype=object)
    keys[:] = [network.pattern_key(row.tobytes()) for row in states]
    return keys


def merge(search: LineSearch) -> None:
    """Leave out the knots between intervals with the same pattern, in place.

    The points of a pattern are a convex set: those where, behind the pattern of the nodes before, some affine functions
    are positive and others are not negative. So its intervals are neighbours, and the knots between them have it too.
    """
    keys = pattern_keys(search, search.states)
    new = np.ones(len(keys), dtype=np.bool_)
    new[1:] = keys[1:] != keys[:-1]
    if new.all():
        return
    first = np.flatnonzero(new)
    ends = np.append(first, len(keys))
    search.ends, search.points = search.ends[ends], search.points[ends]
    search.states, search.output = search.states[first], search.output.part(first)

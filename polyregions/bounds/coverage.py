"""Maximum coverage, bounded from above: the most elements that k of some sets have together."""

import heapq
from collections.abc import Sequence
from itertools import count as counter

__all__ = ["most_covered"]

#: Sets that the searches for all k together look at; then what is open keeps its bound.
_EFFORT = 100_000


def most_covered(covers: Sequence[int], *, effort: int = _EFFORT) -> list[int]:
    """For k = 0, 1, ... an upper bound of the size of the union of k of the sets; the last one holds for all larger k.

    Parameters
    ----------
    covers : sets as bits
    effort : int, optional
        Where it suffices, each bound is attained. Less effort never makes a bound wrong, only larger.

    Returns
    -------
    list of int
        Nondecreasing, from 0 to the size of the union of all.

    Notes
    -----
    Best-first branch and bound for each k (NP-hard as it is): the largest remaining set is taken or left, and a node's
    bound is what it has and the k largest rests of sets. Greedy choices are what it has to beat; where they cover
    everything, so do more sets.

    Examples
    --------
    >>> most_covered([0b011, 0b110, 0b001, 0b001])
    [0, 2, 3]
    """
    sets = _maximal(covers)
    union = 0
    for cover in sets:
        union |= cover
    bounds = [0]
    for k in range(1, len(sets) + 1):
        # No more than what one set less has, and the largest set.
        known = min(union.bit_count(), bounds[-1] + max(cover.bit_count() for cover in sets))
        bound, effort = _best(sets, k, effort)
        bounds.append(min(known, bound))
        if _greedy(sets, k) == union.bit_count():
            break
    # A bound of more sets holds for fewer.
    for k in range(len(bounds) - 1, 0, -1):
        bounds[k - 1] = min(bounds[k - 1], bounds[k])
    while len(bounds) > 1 and bounds[-2] == bounds[-1]:
        bounds.pop()
    return bounds


def _maximal(covers: Sequence[int]) -> list[int]:
    """The sets that no other one contains, largest first: no others are needed."""
    kept: list[int] = []
    for cover in sorted(set(covers), key=int.bit_count, reverse=True):
        if cover and not any(cover & larger == cover for larger in kept):
            kept.append(cover)
    return kept


def _greedy(sets: list[int], k: int) -> int:
    covered = 0
    for _ in range(k):
        covered |= max(sets, key=lambda cover: (cover & ~covered).bit_count())
    return covered.bit_count()


def _best(sets: list[int], k: int, effort: int) -> tuple[int, int]:
    """A bound for k of the sets, attained unless the effort runs out, and the effort left."""
    least = _greedy(sets, k)
    tie = counter()  # so that the heap never compares the lists
    heap = [(-sum(cover.bit_count() for cover in sets[:k]), next(tie), 0, sets, k)]
    while heap and -heap[0][0] > least and effort > 0:
        _, _, covered, rest, left = heapq.heappop(heap)
        effort -= len(rest)
        rest = sorted((cover & ~covered for cover in rest), key=int.bit_count, reverse=True)
        base = covered.bit_count()
        # The order of what is left was that of a smaller union: look again before branching.
        bound = base + sum(cover.bit_count() for cover in rest[:left])
        if bound <= least:
            continue
        if left == 1:
            least = max(least, base + rest[0].bit_count())
            continue
        first, others = rest[0], rest[1:]
        if not first or not others:
            least = max(least, bound)
            continue
        taken = covered | first
        with_first = base + sum(cover.bit_count() for cover in rest[:left])
        heapq.heappush(heap, (-with_first, next(tie), taken, others, left - 1))
        without = base + sum(cover.bit_count() for cover in others[:left])
        if without > least:
            heapq.heappush(heap, (-without, next(tie), covered, others, left))
    return max(least, -heap[0][0] if heap else 0), effort

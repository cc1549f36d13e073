"""Parity constraints in the compiled search: what they imply at a node whose settled units are known.

At a node some units have their state; the parity constraints then are a linear system over GF(2) in the others. It is
brought to reduced echelon form: a row without a unit and with right-hand side 1 says that no region of the subtree
satisfies the constraints, and a row with one unit says that unit's state. In that form no implication on a single unit
is missed: a unit whose state follows is a combination of rows, and each row's leading unit is in no other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from polyregions.splitting.compiled import compiled
from polyregions.splitting.tableau_state import IntArray, Mask, WordArray

__all__ = ["Parity", "add_parity", "imply", "new_parity"]

_LIVE, _ACTIVE = Mask.LIVE, Mask.ACTIVE
_ZERO, _ONE = np.uint64(0), np.uint64(1)


class Parity(NamedTuple):
    """Constraints on the states of units, and what they imply at the present node.

    ``rows``: per constraint a bit mask of units, layer by layer in words as in ``Search.masks``, and the right-hand
    side in the last word; ``work``: the same, reduced. ``forced``: live units of the node's layer whose state z = 0, 1
    is implied. ``size``: how many rows are in use.
    """

    rows: WordArray
    work: WordArray
    forced: WordArray
    size: IntArray


def new_parity(layers: int, units: int, capacity: int) -> Parity:
    """No constraints yet, with room for ``capacity``; ``units`` is the largest width of a layer."""
    words = -(-units // 64)
    shape = (capacity, layers * words + 1)
    return Parity(
        np.zeros(shape, dtype=np.uint64),
        np.zeros(shape, dtype=np.uint64),
        np.zeros((2, words), dtype=np.uint64),
        np.zeros(1, dtype=np.int64),
    )


def add_parity(parity: Parity, places: Sequence[tuple[int, int]], right: int) -> Parity:
    """With one more constraint: the states of the units ``places`` (layer, number in it) sum to ``right`` modulo 2."""
    count, words = int(parity.size[0]), parity.forced.shape[1]
    if count == len(parity.rows):
        more = max(2 * count, 8)
        shape = (more, parity.rows.shape[1])
        rows = np.zeros(shape, dtype=np.uint64)
        rows[:count] = parity.rows
        parity = parity._replace(rows=rows, work=np.zeros(shape, dtype=np.uint64))
    for layer, unit in places:
        parity.rows[count, layer * words + (unit >> 6)] ^= np.uint64(1 << (unit & 63))
    parity.rows[count, -1] = right
    parity.size[0] = count + 1
    return parity


@compiled
def _odd(word: np.uint64) -> np.uint64:
    """The parity of a word's bits."""
    for shift in (32, 16, 8, 4, 2, 1):
        word ^= word >> np.uint64(shift)
    return word & _ONE


@compiled
def imply(parity: Parity, masks: WordArray, prefix: WordArray, level: int, layer: int) -> int:
    """How many live units of a level's layer have an implied state (written to ``forced``); -1 for a contradiction.

    O(rows^2 words): Gauss-Jordan elimination over GF(2) on the units that have no state yet.
    """
    rows, work, forced, size = parity
    count, words, last = size[0], forced.shape[1], rows.shape[1] - 1
    for word in range(words):
        forced[0, word] = forced[1, word] = _ZERO
    for i in range(count):
        ones, right = _ZERO, rows[i, last]
        for k in range(last):
            settled = k // words
            bits = rows[i, k]
            if settled < layer:
                ones ^= bits & prefix[settled, k % words]
                bits = _ZERO
            elif settled == layer:
                live = masks[level, _LIVE, k % words]
                ones ^= bits & ~live & masks[level, _ACTIVE, k % words]
                bits &= live
            work[i, k] = bits
        work[i, last] = right ^ _odd(ones)
    for i in range(count):
        lead = 0
        while lead < last and work[i, lead] == _ZERO:
            lead += 1
        if lead == last:
            if work[i, last]:
                return -1
            continue
        lowest = work[i, lead] & (~work[i, lead] + _ONE)
        for other in range(count):
            if other != i and work[other, lead] & lowest:
                for k in range(last + 1):
                    work[other, k] ^= work[i, k]
    number = 0
    for i in range(count):
        # Rows without a unit say nothing by now.
        where, single = -1, True
        for k in range(last):
            if work[i, k]:
                single = where < 0 and work[i, k] & (work[i, k] - _ONE) == _ZERO
                where = k
                if not single:
                    break
        if where >= 0 and single and where // words == layer:
            forced[np.int64(work[i, last]), where % words] |= work[i, where]
            number += 1
    return number

"""The state of the search over z: flat arrays, so that it can be left and taken up again at any level.

With the arrays of :mod:`polyregions.splitting.tableau_state` for forms, points and linear programs.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.milp.big_m import UnitBounds
from polyregions.milp.parity import ParitySystem
from polyregions.splitting.tableau_state import Counter, Mask

__all__ = ["ACTIVE", "INACTIVE", "INHERITED", "Level", "Path", "Phase", "empty_sides", "new_path"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]

#: Sides of a unit's hyperplane, as bits: z = 0 and z = 1.
INACTIVE, ACTIVE = 1, 2

#: Points that a child inherits, the newest first.
INHERITED = 16


class Phase:
    """What is to be done next at a level."""

    ENTER, TIGHTEN, ASK, SECOND, DONE = range(5)


class Level:
    """Columns of ``Path.levels``.

    ROWS: of the path that are the node's. POINTS: to which the stack of points goes back. KNOWN: how many points of the
    node are known. EMPTY: sides proven empty. SKIP: sides that are explored elsewhere. PENDING: the state still to be
    explored. FOUND: leaves when the level was entered.
    """

    PHASE, ROWS, POINTS, KNOWN, EMPTY, SKIP, PENDING, FOUND, LENGTH = range(9)


class Path(NamedTuple):
    """The path of the search, and what is known of the units beforehand.

    ``units``: per unit its layer, its number there, the row of the parity system that decides it (or -1), and its sides
    that the bounds prove empty. ``live``: per level, as ``Search.masks``, the units of its layer still to be fixed.
    ``empty``: per level two bit masks, of the units of its layer whose sides z = 0 and z = 1 are known to be empty.
    ``states``: of the path; ``parity``: per row a bit mask of earlier units in words, then the right-hand side.
    """

    counters: IntArray
    levels: IntArray
    units: IntArray
    live: WordArray
    empty: WordArray
    known: IntArray
    states: npt.NDArray[np.uint8]
    prefix: WordArray
    parity: WordArray
    leaf_states: npt.NDArray[np.uint8]
    leaf_points: FloatArray


def new_path(
    widths: tuple[int, ...], parity: ParitySystem, empty: IntArray, *, words: int, length: int, buffer: int
) -> Path:
    """A search that has not begun.

    Parameters
    ----------
    empty : (N,) as of :func:`empty_sides`
    words : of a bit mask of a layer's units
    length : of a point
    buffer : leaves that there is room for
    """
    total = sum(widths)
    return Path(
        counters=np.zeros(Counter.LENGTH, dtype=np.int64),
        levels=np.zeros((total + 1, Level.LENGTH), dtype=np.int64),
        units=_unit_table(widths, parity, empty),
        live=_live_masks(widths, empty, words),
        empty=np.zeros((total + 1, 2, words), dtype=np.uint64),
        # New points at a level: one on each side of its unit, or of each unit of the layer that it enters.
        known=np.zeros((total + 1, INHERITED + max(widths) + 2), dtype=np.int64),
        states=np.zeros(total, dtype=np.uint8),
        prefix=np.zeros((len(widths), words), dtype=np.uint64),
        parity=_parity_masks(parity, total),
        leaf_states=np.zeros((buffer, total), dtype=np.uint8),
        leaf_points=np.zeros((buffer, length)),
    )


def empty_sides(bounds: UnitBounds) -> IntArray:
    """Per unit the sides that the bounds prove empty, (N,); a linear unit has no inactive side."""
    on, off = np.concatenate(bounds.stably_active), np.concatenate(bounds.stably_inactive)
    return INACTIVE * on.astype(np.int64) + ACTIVE * off.astype(np.int64)


def _unit_table(widths: tuple[int, ...], parity: ParitySystem, empty: IntArray) -> IntArray:
    deciding = {row.units[-1]: index for index, row in enumerate(parity.rows)}
    table = [(layer, unit) for layer, width in enumerate(widths) for unit in range(width)]
    return np.array(
        [(layer, unit, deciding.get(k, -1), empty[k]) for k, (layer, unit) in enumerate(table)], dtype=np.int64
    )


def _live_masks(widths: tuple[int, ...], empty: IntArray, words: int) -> WordArray:
    """Per level the units of its layer from its own on that can have both states."""
    total = sum(widths)
    masks = np.zeros((total, Mask.LENGTH, words), dtype=np.uint64)
    offset = 0
    for width in widths:
        live = empty[offset : offset + width] == 0
        for unit in range(width):
            bits = np.zeros(64 * words, dtype=np.uint8)
            bits[unit:width] = live[unit:]
            masks[offset + unit, Mask.LIVE] = np.packbits(bits, bitorder="little").view(np.uint64)
        offset += width
    return masks


def _parity_masks(parity: ParitySystem, units: int) -> WordArray:
    """Per row of the system its earlier units as bits, and its right-hand side in the last word."""
    words = -(-units // 64)
    masks = np.zeros((len(parity), words + 1), dtype=np.uint64)
    for index, row in enumerate(parity.rows):
        bits = np.zeros(64 * words, dtype=np.uint8)
        bits[list(row.units[:-1])] = 1
        masks[index, :words] = np.packbits(bits, bitorder="little").view(np.uint64)
        masks[index, words] = row.right
    return masks

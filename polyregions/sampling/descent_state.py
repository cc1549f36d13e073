"""A population of cells at the same unit of the network: flat arrays, one slot per cell.

The arrays of a slot are those of one path of the compiled search (:mod:`polyregions.splitting.tableau_state`), so that
its linear programs and its filter work on them. A slot holds the forms of the layers that its cell has entered, the
rows that cut the cell out of the domain, and a few points of the cell.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.splitting.tableau_state import FormNumber, PathColumn, padded

__all__ = ["KEPT", "ROOM", "Population", "new_population"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]

#: Points kept per cell, the newest first, and room for those that one unit's decision adds.
KEPT = 6
ROOM = KEPT + 6


class Population(NamedTuple):
    """Per slot the arrays of one cell.

    Attributes
    ----------
    a, scaled, numbers : (slots, layers + 1, units, ...)
        As in ``Forms``.
    path : (slots, rows, 3)
    x, values, rows, signs : as in ``Points``, after the slot
    full : (slots, points, d)
        The points in the domain's coordinates, where forms are kept over the first layer's.
    known, length : (slots,)
        How many points and rows there are.
    states : (slots, layers, words)
        Bit masks of the units that are active.
    answers : (slots,)
        What the last unit asked about can be on the cell: -1 inactive, 1 active, 0 both.
    """

    a: FloatArray
    scaled: FloatArray
    numbers: FloatArray
    path: IntArray
    x: FloatArray
    values: FloatArray
    rows: FloatArray
    signs: WordArray
    full: FloatArray
    known: IntArray
    length: IntArray
    states: WordArray
    answers: IntArray


def new_population(slots: int, layers: int, units: int, rows: int, dimension: int, inputs: int) -> Population:
    """Empty slots.

    Parameters
    ----------
    units : int
        Of the widest layer, or rows of the domain if those are more.
    rows : int
        That a cell may have.
    dimension : int
        Of the coordinates that forms are over.
    inputs : int
        Of the domain, where forms are over other coordinates; else 0.
    """
    n, words = padded(dimension), -(-units // 64)
    forms = (slots, layers + 1, units, n)
    return Population(
        np.zeros(forms),
        np.zeros(forms),
        np.zeros((slots, layers + 1, units, FormNumber.LENGTH)),
        np.zeros((slots, rows, PathColumn.LENGTH), dtype=np.int64),
        np.zeros((slots, ROOM, n)),
        np.zeros((slots, layers, ROOM, units)),
        np.zeros((slots, ROOM, rows)),
        np.zeros((slots, layers, ROOM, 2, words), dtype=np.uint64),
        np.zeros((slots, ROOM, padded(inputs) if inputs else 0)),
        np.zeros(slots, dtype=np.int64),
        np.zeros(slots, dtype=np.int64),
        np.zeros((slots, layers, words), dtype=np.uint64),
        np.zeros(slots, dtype=np.int64),
    )

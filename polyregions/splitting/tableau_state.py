"""The state of the compiled search: flat arrays, so that it can be left and taken up again at any node.

Compiled functions take few arrays, so small vectors of equal length share one; the classes here name their rows. All
float arrays are float64 and C-contiguous, over coordinates padded with zeros to a multiple of 4 or 8, which vector
units want.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import FloatBox, FloatRows
from polyregions.exact.restriction import Restriction

__all__ = [
    "INHERITED",
    "BoxRow",
    "ColumnRow",
    "Constant",
    "Counter",
    "FormNumber",
    "Forms",
    "LevelColumn",
    "Mask",
    "NameRow",
    "PathColumn",
    "Phase",
    "Points",
    "Problem",
    "RowRow",
    "Search",
    "Tableau",
    "first_points",
    "grown",
    "new_forms",
    "new_points",
    "new_problem",
    "new_search",
    "new_tableau",
    "packed",
    "padded",
    "padded_box",
    "popcount",
    "put_rows",
    "unpacked",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]

#: Points that a child inherits from its parent, the newest first. More spare linear programs and cost time.
INHERITED = 32


class Counter:
    """Entries of ``Search.counters``: where the search is, what it asks, and what was done."""

    DEPTH, POINTS, FOUND, WORK, BUFFERED, UNIT, SIGN, INSIDE = range(8)
    PROGRAMS, PIVOTS, BY_FILTER, SPLITS, RANDOM = range(8, 13)
    # How many multipliers the last proof has; how much of the record's arrays is used.
    MULTIPLIERS, INTEGERS, FLOATS = range(13, 16)
    # Of cells that went to a neighbour.
    MOVES, LENGTH = range(16, 18)


class Phase:
    """What is to be done next with the cell of a level of the search."""

    SETTLE, SECOND, DONE, ENTER = range(4)


class BoxRow:
    """Rows of ``Problem.box``: FloatBox, then upper - lower and its inverse."""

    LOWER, UPPER, LOWER_INSIDE, UPPER_INSIDE, RADIUS, EXTENT, INVERSE, LENGTH = range(8)


class Constant:
    """Entries of ``Problem.constants``: OPEN, CERTIFIED, RECORD are flags; DOUBT is a share of decisions, of 2^16.

    BIAS: the coordinate that multiplies later layers' biases, in a homogeneous chart; -1 where they are constants.
    """

    TINY, DIMENSION, OPEN, CERTIFIED, DOUBT, RECORD, BIAS = range(7)


class Problem(NamedTuple):
    """What does not change: the network's later layers and the box; ``linear``: per layer a mask of linear units."""

    widths: IntArray
    weights: FloatArray
    biases: FloatArray
    box: FloatArray
    constants: FloatArray
    linear: WordArray


class FormNumber:
    """Entries of ``Forms.numbers``, per form.

    CONSTANT, ERROR and MAGNITUDE as in FloatRows; MAGNITUDE 0 says that the form is exactly zero. THRESHOLD: a value at
    a point of the box is certain above it.
    """

    CONSTANT, ERROR, MAGNITUDE, THRESHOLD, SCALED_CONSTANT, SCALE, LENGTH = range(7)


class Forms(NamedTuple):
    """The affine forms of each layer on the cell that the search is in; the last slot holds the domain's rows.

    ``a``: the coefficients. ``scaled``: over coordinates in [0, 1], times SCALE: what the linear programs work on. A
    form that floats can't hold has scale 0.
    """

    a: FloatArray
    scaled: FloatArray
    numbers: FloatArray


class PathColumn:
    """Columns of the path, one row per row of the cell: slot and unit of its form, and the sign it has."""

    SLOT, UNIT, SIGN, LENGTH = range(4)


class Points(NamedTuple):
    """Known points of the cells on the path: a stack.

    ``values`` of the units' forms per layer and ``rows`` of the path's rows, both scaled; ``signs`` holds two bit masks
    per layer, of the units that are certainly negative and positive. For patterns a known 0 counts as negative.
    """

    x: FloatArray
    values: FloatArray
    rows: FloatArray
    signs: WordArray


class LevelColumn:
    """Columns of ``Search.levels``: one row a level of the depth-first search.

    PHASE: what is to be done next. LAYER: that the cell has entered. ROWS: how many rows of the path are the cell's.
    POINTS: to which the stack of points goes back when the level is left. KNOWN: how many points of the cell are known.
    UNIT: by which the settled cell is split. SIGN: of the second half. FOUND: regions when it was split.
    """

    PHASE, LAYER, ROWS, POINTS, KNOWN, UNIT, SIGN, FOUND, LENGTH = range(9)


class Mask:
    """Bit masks of a level's units in ``Search.masks``: those still live, and those settled as active."""

    LIVE, ACTIVE, LENGTH = range(3)


class Search(NamedTuple):
    """The path of the depth-first search.

    ``known_points``: per level indices of points. ``prefix``: states of the layers above. ``leaf_*``: buffer of leaves.
    """

    counters: IntArray
    levels: IntArray
    masks: WordArray
    known_points: IntArray
    prefix: WordArray
    leaf_states: WordArray
    leaf_points: FloatArray


class RowRow:
    """Rows of ``Tableau.row``: per basic variable its value, its upper bound, and its value at the known point."""

    BETA, UPPER, INSIDE, LENGTH = range(4)


class ColumnRow:
    """Rows of ``Tableau.column``: per nonbasic variable as in RowRow, and its reduced cost; work; multipliers."""

    REDUCED, AT, UPPER, INSIDE, PIVOT, RATIO, WEIGHT, LENGTH = range(8)


class NameRow:
    """Rows of ``Tableau.names``: the variables (coordinates, then slacks) of rows and columns; work; multiplied."""

    ROW, COLUMN, ORDER, MULTIPLIER, LENGTH = range(5)


class Tableau(NamedTuple):
    """Work space of one linear program."""

    t: FloatArray
    row: FloatArray
    column: FloatArray
    names: IntArray


def padded(dimension: int) -> int:
    """The number of coordinates with zeros appended that vector units want."""
    step = 4 if dimension <= 4 else 8
    return -(-dimension // step) * step


def padded_box(box: FloatBox) -> FloatArray:
    """The rows of BoxRow, padded by coordinates that are 0."""
    rows = np.zeros((BoxRow.LENGTH, padded(len(box.lower))))
    rows[BoxRow.LOWER_INSIDE], rows[BoxRow.UPPER_INSIDE] = -1.0, 1.0
    extent = box.upper - box.lower
    values = (box.lower, box.upper, box.lower_inside, box.upper_inside, box.radius, extent, 1.0 / extent)
    rows[:, : len(box.lower)] = np.array(values)
    return rows


def new_problem(
    restriction: Restriction, box: FloatBox, *, is_open: bool, certified: bool, doubt: float, record: bool
) -> Problem:
    """The network's later layers and the box around the coordinates that forms are over, padded."""
    d, network = len(box.lower), restriction.network
    widths = np.array(restriction.widths, dtype=np.int64)
    most = int(widths.max())
    weights = np.zeros((len(widths), int(widths[1:].max(initial=0)), int(widths[:-1].max(initial=0))))
    biases = np.zeros((len(widths), most))
    for layer in range(1, len(widths)):
        w = network.weights[layer]
        weights[layer, : w.shape[0], : w.shape[1]] = w
        biases[layer, : len(w)] = network.biases[layer]
    bias = restriction.bias_column if restriction.chart.homogeneous else -1
    constants = np.array([box.tiny, d, is_open, certified, doubt * 2**16, record, bias], dtype=np.float64)
    # As many words as the masks of a search have, which hold the domain's rows, too.
    words = -(-max(most, len(restriction.rows)) // 64)
    bits = np.zeros((len(widths), 64 * words), dtype=np.uint8)
    for layer, mask in enumerate(restriction.linear):
        bits[layer, : len(mask)] = mask
    linear = np.packbits(bits, axis=1, bitorder="little").view(np.uint64)
    return Problem(widths, weights, biases, padded_box(box), constants, linear)


def new_forms(slots: int, units: int, dimension: int) -> Forms:
    """Empty forms."""
    shape = (slots, units, padded(dimension))
    return Forms(np.zeros(shape), np.zeros(shape), np.zeros((slots, units, FormNumber.LENGTH)))


def put_rows(forms: Forms, slot: int, rows: FloatRows) -> None:
    """Copy rows into a slot."""
    n, d = rows.a.shape
    forms.a[slot, :n, :d] = rows.a
    forms.numbers[slot, :n, : FormNumber.THRESHOLD] = np.stack([rows.c, rows.error, rows.magnitude], axis=1)


def new_points(count: int, layers: int, units: int, rows: int, dimension: int) -> Points:
    """An empty stack of points."""
    return Points(
        np.zeros((count, padded(dimension))),
        np.zeros((layers, count, units)),
        np.zeros((count, rows)),
        np.zeros((layers, count, 2, -(-units // 64)), dtype=np.uint64),
    )


def grown(points: Points) -> Points:
    """The same points with twice the room."""
    return Points(
        np.concatenate([points.x, np.zeros_like(points.x)]),
        np.concatenate([points.values, np.zeros_like(points.values)], axis=1),
        np.concatenate([points.rows, np.zeros_like(points.rows)]),
        np.concatenate([points.signs, np.zeros_like(points.signs)], axis=1),
    )


def first_points(points: Points, count: int) -> Points:
    """A stack of its own, as large, that holds the first ``count`` points."""
    copy = Points._make(np.zeros(array.shape, dtype=array.dtype) for array in points)
    copy.x[:count], copy.rows[:count] = points.x[:count], points.rows[:count]
    copy.values[:, :count], copy.signs[:, :count] = points.values[:, :count], points.signs[:, :count]
    return copy


def new_search(layers: int, units: int, total: int, dimension: int, buffer: int) -> Search:
    """A search that has not begun, for ``total`` units in all, with room for ``buffer`` leaves."""
    levels, words = total + layers + 2, -(-units // 64)
    return Search(
        counters=np.zeros(Counter.LENGTH, dtype=np.int64),
        levels=np.zeros((levels, LevelColumn.LENGTH), dtype=np.int64),
        masks=np.zeros((levels, Mask.LENGTH, words), dtype=np.uint64),
        known_points=np.zeros((levels, INHERITED + 2 * units + 2), dtype=np.int64),
        prefix=np.zeros((layers, words), dtype=np.uint64),
        leaf_states=np.zeros((buffer, layers, words), dtype=np.uint64),
        leaf_points=np.zeros((buffer, padded(dimension))),
    )


def new_tableau(rows: int, dimension: int) -> Tableau:
    """Room for a linear program of so many rows."""
    length = padded(dimension)
    return Tableau(
        np.zeros((rows, length)),
        np.zeros((RowRow.LENGTH, rows)),
        np.zeros((ColumnRow.LENGTH, length)),
        np.zeros((NameRow.LENGTH, max(rows, length)), dtype=np.int64),
    )


def packed(states: npt.ArrayLike, words: int) -> WordArray:
    """One number a unit, 0 or 1, as a bit mask of so many words."""
    bits = np.zeros(64 * words, dtype=np.uint8)
    given = np.asarray(states)
    bits[: len(given)] = given
    return np.packbits(bits, bitorder="little").view(np.uint64)


def unpacked(words: WordArray, width: int) -> bytes:
    """A bit mask as one byte a unit."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), bitorder="little")[:width].tobytes()


def popcount(words: WordArray) -> int:
    """How many bits are set."""
    return sum(int(word).bit_count() for word in words)

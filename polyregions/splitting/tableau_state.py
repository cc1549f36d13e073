"""The state of the compiled search: flat arrays, so that it can be left and taken up again at any node.

Everything that the compiled functions read and write is here; they own nothing. All float arrays are float64 and
C-contiguous, rows padded with zeros to a multiple of 4 or 8 coordinates, which the vector units want.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction

__all__ = ["Counter", "Forms", "Path", "Phase", "Points", "Problem", "Search", "Tableau", "grown", "new_search"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]

#: Points that a child inherits from its parent, the newest first. More spare linear programs and cost time.
INHERITED = 32


class Counter:
    """Places in ``Search.counters``."""

    DEPTH = 0
    POINTS = 1
    FOUND = 2
    WORK = 3
    BUFFERED = 4
    UNIT = 5
    SIGN = 6
    INSIDE = 7
    TIGHT = 8
    PROGRAMS = 9
    PIVOTS = 10
    BY_FILTER = 11
    SPLITS = 12
    NO = 13
    LENGTH = 16


class Phase:
    """What is to be done next with the cell of a level of the search."""

    SETTLE = 0
    SECOND = 1
    DONE = 2
    ENTER = 3


class Problem(NamedTuple):
    """What does not change.

    ``constants`` are the box's ``tiny``, the dimension, and whether cells are open and decisions certified.
    """

    widths: IntArray
    weights: FloatArray
    biases: FloatArray
    lower: FloatArray
    upper: FloatArray
    lower_inside: FloatArray
    upper_inside: FloatArray
    radius: FloatArray
    extent: FloatArray
    inverse_extent: FloatArray
    constants: FloatArray


class Forms(NamedTuple):
    """The affine forms of each layer on the cell that the search is in; the last slot holds the domain's rows.

    ``a, c, error, magnitude`` as in FloatRows; ``threshold``: a value at a point of the box is certain above it.
    ``scaled`` and ``scaled_constant`` are the forms over coordinates in [0, 1], times ``scale``: what the linear
    programs work on. A form that floats can't hold has scale 0.
    """

    a: FloatArray
    c: FloatArray
    error: FloatArray
    magnitude: FloatArray
    threshold: FloatArray
    scaled: FloatArray
    scaled_constant: FloatArray
    scale: FloatArray


class Path(NamedTuple):
    """The rows of the cell: slot and unit of the form, and the sign it has."""

    slot: IntArray
    unit: IntArray
    sign: FloatArray


class Points(NamedTuple):
    """Known points of the cells on the path: a stack.

    ``values`` of the units' forms per layer and ``rows`` of the path's rows, both scaled; ``positive`` and
    ``negative`` are bit masks of the units whose sign is certain, per layer. For patterns a known 0 counts as negative.
    """

    x: FloatArray
    values: FloatArray
    rows: FloatArray
    positive: WordArray
    negative: WordArray


class Search(NamedTuple):
    """One entry a level of the depth-first search: the cell, what is settled of its layer, and what is left to do.

    A cell with live units that has been settled is split by ``unit``; ``sign`` is that of the second half.
    ``found`` is the number of regions when it was split.
    """

    counters: IntArray
    phase: IntArray
    layer: IntArray
    rows: IntArray
    points: IntArray
    live: WordArray
    states: WordArray
    known: IntArray
    known_points: IntArray
    unit: IntArray
    sign: IntArray
    found: IntArray
    prefix: WordArray
    leaf_states: WordArray
    leaf_points: FloatArray


class Tableau(NamedTuple):
    """Work space of one linear program."""

    t: FloatArray
    beta: FloatArray
    row_upper: FloatArray
    row_inside: FloatArray
    row_name: IntArray
    reduced: FloatArray
    at: FloatArray
    column_upper: FloatArray
    column_inside: FloatArray
    column_name: IntArray
    pivot_row: FloatArray
    ratio: FloatArray
    flipped: IntArray


def padded(dimension: int) -> int:
    """Row length: the dimension rounded up to a multiple of 4 or 8."""
    step = 4 if dimension <= 4 else 8
    return -(-dimension // step) * step


def new_problem(restriction: Restriction, box: FloatBox, is_open: bool, certified: bool) -> Problem:
    """The network's later layers and the box, padded."""
    d = restriction.dimension
    length, network = padded(d), restriction.network
    widths = np.array(restriction.widths, dtype=np.int64)
    most = int(widths.max())
    weights = np.zeros((len(widths), most, most))
    biases = np.zeros((len(widths), most))
    for layer in range(1, len(widths)):
        w = network.weights[layer]
        weights[layer, : w.shape[0], : w.shape[1]] = w
        biases[layer, : len(w)] = network.biases[layer]

    def pad(values: FloatArray, filler: float) -> FloatArray:
        return np.concatenate([values, np.full(length - d, filler)]).astype(np.float64)

    extent = box.upper - box.lower
    return Problem(
        widths,
        weights,
        biases,
        pad(box.lower, 0.0),
        pad(box.upper, 0.0),
        pad(box.lower_inside, -1.0),
        pad(box.upper_inside, 1.0),
        pad(box.radius, 0.0),
        pad(extent, 0.0),
        pad(1.0 / extent, 0.0),
        np.array([box.tiny, float(d), float(is_open), float(certified)]),
    )


def new_forms(slots: int, units: int, length: int) -> Forms:
    """Empty forms."""

    def zeros() -> FloatArray:
        return np.zeros((slots, units))

    a, scaled = np.zeros((slots, units, length)), np.zeros((slots, units, length))
    return Forms(a, zeros(), zeros(), zeros(), zeros(), scaled, zeros(), zeros())


def new_points(count: int, layers: int, units: int, rows: int, length: int) -> Points:
    """An empty stack of points."""
    words = -(-units // 64)
    return Points(
        np.zeros((count, length)),
        np.zeros((layers, count, units)),
        np.zeros((count, rows)),
        np.zeros((layers, count, words), dtype=np.uint64),
        np.zeros((layers, count, words), dtype=np.uint64),
    )


def grown(points: Points) -> Points:
    """The same points with twice the room."""
    count = len(points.x)

    def double(array: npt.NDArray[np.generic], axis: int) -> npt.NDArray[np.generic]:
        shape = list(array.shape)
        shape[axis] = count
        return np.concatenate([array, np.zeros(shape, dtype=array.dtype)], axis=axis)

    axes = (0, 1, 0, 1, 1)
    return Points(*(double(array, axis) for array, axis in zip(points, axes, strict=True)))  # type: ignore[arg-type]


def new_search(layers: int, units: int, total: int, length: int, buffer: int) -> Search:
    """A search that has not begun, for ``total`` units in all, with room for ``buffer`` leaves."""
    levels, words = total + layers + 2, -(-units // 64)

    def integers() -> IntArray:
        return np.zeros(levels, dtype=np.int64)

    def masks() -> WordArray:
        return np.zeros((levels, words), dtype=np.uint64)

    return Search(
        np.zeros(Counter.LENGTH, dtype=np.int64),
        integers(),
        integers(),
        integers(),
        integers(),
        masks(),
        masks(),
        integers(),
        np.zeros((levels, INHERITED + 2 * units + 2), dtype=np.int64),
        integers(),
        integers(),
        integers(),
        np.zeros((layers, words), dtype=np.uint64),
        np.zeros((buffer, layers, words), dtype=np.uint64),
        np.zeros((buffer, length)),
    )


def new_tableau(rows: int, length: int) -> Tableau:
    """Room for a linear program of so many rows."""

    def column() -> FloatArray:
        return np.zeros(length)

    def row() -> FloatArray:
        return np.zeros(rows)

    return Tableau(
        np.zeros((rows, length)),
        row(),
        row(),
        row(),
        np.zeros(rows, dtype=np.int64),
        column(),
        column(),
        column(),
        column(),
        np.zeros(length, dtype=np.int64),
        column(),
        column(),
        np.zeros(length, dtype=np.int64),
    )

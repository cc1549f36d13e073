"""The proof of a compiled search, written down while it goes on.

The search appends records to two flat arrays, one of integers and one of floats: (SPLIT, unit), (LAYER), (LEAF) with
the witness among the floats, and (INACTIVE or ACTIVE, unit, k, k rows) with k multipliers. :func:`tokens` makes the
bytes of docs/certificate.md of them, a few thousand records at a time.

Multipliers and witnesses are rounded to the fewest bits with which they still prove: nearly all to 11.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.certificate.encoding import Token
from polyregions.splitting.compiled import compiled
from polyregions.splitting.image_kernel import image_excludes, lies_inside, to_image
from polyregions.splitting.image_state import Image
from polyregions.splitting.tableau_filter import excludes, holds
from polyregions.splitting.tableau_state import (
    ColumnRow,
    Counter,
    FloatArray,
    IntArray,
    NameRow,
)

__all__ = ["Record", "new_record", "record_leaf", "record_proof", "record_settled", "tokens"]

#: Records are taken out when one array is fuller than this.
_ROOM = 1 << 16

_POINTS, _MULTIPLIERS, _INTEGERS, _FLOATS = Counter.POINTS, Counter.MULTIPLIERS, Counter.INTEGERS, Counter.FLOATS
_PIVOT, _WEIGHT, _MULTIPLIER = ColumnRow.PIVOT, ColumnRow.WEIGHT, NameRow.MULTIPLIER
_SPLIT, _LAYER, _LEAF = int(Token.SPLIT), int(Token.LAYER), int(Token.LEAF)
_INACTIVE, _ACTIVE = int(Token.INACTIVE), int(Token.ACTIVE)
#: Largest finite binary16.
_LARGEST_HALF = 65504.0


class Record(NamedTuple):
    """What was written down and not yet taken out; its lengths are in the search's counters.

    ``room``: while no more entries than this are used, the records of one step of the search fit.
    """

    integers: IntArray
    floats: FloatArray
    room: int


def new_record(widest: int, rows: int, length: int) -> Record:
    """Empty arrays for a search of layers of at most ``widest`` units, ``rows`` rows and ``length`` coordinates."""
    step = widest * (4 + min(rows, length)) + length + 8
    return Record(np.zeros(_ROOM + step, dtype=np.int64), np.zeros(_ROOM + step), _ROOM)


@compiled
def _half(value: float) -> float:
    """The nearest binary16 number; infinity where there is none."""
    if value == 0.0 or not abs(value) < np.inf:
        return value
    quantum = math.ldexp(1.0, max(math.frexp(value)[1] - 11, -24))
    rounded = np.rint(value / quantum) * quantum
    return rounded if abs(rounded) <= _LARGEST_HALF else np.inf


@compiled
def _rounded(value: float, kind: int) -> float:
    """The nearest number of a type: 0 binary16, 1 binary32, 2 binary64."""
    if kind == 0:
        return _half(value)
    if kind == 1:
        return np.float64(np.float32(value))
    return value


@compiled
def record_settled(counters: IntArray, integers: IntArray, unit: int, state: int) -> None:
    """The box alone settles the unit."""
    n = counters[_INTEGERS]
    integers[n] = _ACTIVE if state else _INACTIVE
    integers[n + 1] = unit
    integers[n + 2] = 0
    counters[_INTEGERS] = n + 3


@compiled
def record_proof(
    counters: IntArray,
    box: FloatArray,
    constants: FloatArray,
    a: FloatArray,
    numbers: FloatArray,
    path: IntArray,
    column: FloatArray,
    names: IntArray,
    integers: IntArray,
    floats: FloatArray,
    image: Image | None,
    layer: int,
    unit: int,
    sign: int,
    count: int,
) -> None:
    """The unit's signed form is nowhere positive, as the present multipliers prove: write down rows and multipliers."""
    many = counters[_MULTIPLIERS]
    for k in range(1, many):
        name, weight, i = names[_MULTIPLIER, k], column[_WEIGHT, k], k
        while i > 0 and names[_MULTIPLIER, i - 1] > name:
            names[_MULTIPLIER, i], column[_WEIGHT, i] = names[_MULTIPLIER, i - 1], column[_WEIGHT, i - 1]
            i -= 1
        names[_MULTIPLIER, i], column[_WEIGHT, i] = name, weight
    for k in range(many):
        column[_PIVOT, k] = column[_WEIGHT, k]
    for kind in range(3):
        for k in range(many):
            column[_WEIGHT, k] = _rounded(column[_PIVOT, k], kind)
        if kind == 2:
            break  # proven already
        if image is None:
            proven = excludes(box, constants, a, numbers, path, column, names, layer, unit, sign, count, many)
        else:
            proven = image_excludes(constants, a, numbers, path, column, names, image, layer, unit, sign, count, many)
        if proven:
            break
    n, f, kept = counters[_INTEGERS], counters[_FLOATS], 0
    integers[n] = _ACTIVE if sign < 0 else _INACTIVE
    integers[n + 1] = unit
    for k in range(many):
        if column[_WEIGHT, k] > 0.0:
            integers[n + 3 + kept] = names[_MULTIPLIER, k]
            floats[f + kept] = column[_WEIGHT, k]
            kept += 1
    integers[n + 2] = kept
    counters[_INTEGERS], counters[_FLOATS] = n + 3 + kept, f + kept


@compiled
def record_leaf(
    counters: IntArray,
    box: FloatArray,
    constants: FloatArray,
    a: FloatArray,
    numbers: FloatArray,
    path: IntArray,
    x: FloatArray,
    rows: FloatArray,
    integers: IntArray,
    floats: FloatArray,
    image: Image | None,
    point: int,
    count: int,
    dimension: int,
) -> None:
    """The cell of the first ``count`` rows is a region, and ``point`` lies in it."""
    new = counters[_POINTS]
    points = x if image is None else image.points
    for kind in range(3):
        for j in range(points.shape[1]):
            points[new, j] = _rounded(points[point, j], kind)
        if kind == 2:
            break
        if image is not None:
            if not lies_inside(image, new):
                continue
            to_image(image, x, new)
        if holds(box, constants, a, numbers, path, x, rows, new, count):
            break
    n, f = counters[_INTEGERS], counters[_FLOATS]
    integers[n] = _LEAF
    for j in range(dimension):
        floats[f + j] = points[new, j]
    counters[_INTEGERS], counters[_FLOATS] = n + 1, f + dimension


def tokens(record: Record, counters: IntArray, dimension: int) -> tuple[bytes, int]:
    """Take the records out: their tokens, and how many leaves are among them."""
    length = int(counters[_INTEGERS])
    doubles = record.floats[: counters[_FLOATS]].astype("<f8")
    counters[_INTEGERS] = counters[_FLOATS] = 0
    with np.errstate(all="ignore"):
        halves, singles = doubles.astype("<f2"), doubles.astype("<f4")
        kinds = np.where(halves == doubles, 0, np.where(singles == doubles, 1, 2)).astype(np.uint8)
    # A varint of these small numbers has at most 9 bytes.
    out = np.empty(10 * length + 10 * len(doubles) + 16, dtype=np.uint8)
    byte_views = (halves.view(np.uint8), singles.view(np.uint8), doubles.view(np.uint8))
    size, leaves = _encode(record.integers, length, kinds, *byte_views, out, dimension)
    return out[:size].tobytes(), leaves


@compiled
def _varint(out: npt.NDArray[np.uint8], end: int, value: int) -> int:
    while value > 127:
        out[end] = value & 127 | 128
        value >>= 7
        end += 1
    out[end] = value
    return end + 1


@compiled
def _encode(
    integers: IntArray,
    length: int,
    kinds: npt.NDArray[np.uint8],
    halves: npt.NDArray[np.uint8],
    singles: npt.NDArray[np.uint8],
    doubles: npt.NDArray[np.uint8],
    out: npt.NDArray[np.uint8],
    dimension: int,
) -> tuple[int, int]:
    """The bytes of certificate/encoding.py, record by record."""
    n, f, end, leaves = 0, 0, 0, 0
    while n < length:
        token = integers[n]
        out[end] = token
        end += 1
        n += 1
        many = 0
        if token == _LEAF:
            leaves += 1
            many = dimension
        elif token != _LAYER:
            end = _varint(out, end, integers[n])
            n += 1
            if token != _SPLIT:
                many = integers[n]
                end = _varint(out, end, many)
                for k in range(many):
                    end = _varint(out, end, integers[n + 1 + k])
                n += 1 + many
        if many or token == _LEAF:
            kind = 0
            for k in range(many):
                kind = max(kind, kinds[f + k])
            out[end] = kind
            end += 1
            size = 2 << kind
            source = halves if kind == 0 else (singles if kind == 1 else doubles)
            for byte in range(size * f, size * (f + many)):
                out[end] = source[byte]
                end += 1
            f += many
    return end, leaves

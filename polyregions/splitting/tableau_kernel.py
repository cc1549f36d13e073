"""Compiled linear programs over a cell: proposals by a dense bounded dual simplex, proofs by the float filter.

Maximise a signed form over the cell's closure. In coordinates in [0, 1] every column is boxed, so with each at the bound
its coefficient prefers the slack basis is dual feasible: there is no first phase, each iterate's value is an upper bound of the
optimum, and its reduced costs are the multipliers that prove it. Each program starts from the rows as they are, so
that no error piles up in a tableau that is carried along; most end after very few pivots:

- "no": the bound is at most 0, and the multipliers pass the safe bound (docs/float_filter.md, equation 4);
- "yes": the iterate lies beyond the cell, but the segment to it from a known point of the cell runs through points of the cell at
  which the form is positive. One of them is the witness, if the filter is certain of all its signs.

Nothing that the tableau says is trusted. What can't be certified is undecided.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np

from polyregions.exact.filter import INFLATE, U
from polyregions.exact.filter import __file__ as filter_source
from polyregions.splitting.tableau_state import (
    BoxRow,
    ColumnRow,
    Constant,
    Counter,
    FloatArray,
    FormNumber,
    IntArray,
    Mask,
    NameRow,
    PathColumn,
    RowRow,
    WordArray,
)

__all__ = ["NO", "UNDECIDED", "YES", "compiled", "evaluate", "find", "holds", "prepare"]

F = TypeVar("F", bound=Callable[..., Any])

YES, NO, UNDECIDED = 1, 0, -1

#: Violations below this are none, in scaled rows; only proposals depend on it.
_TOLERANCE = 1e-10
#: Entries below this are no pivots.
_SMALLEST_PIVOT = 1e-9
#: Share of the way to the cell's wall that has to have the wanted sign, for an iterate that is not optimal.
_ENOUGH = 0.1
#: An uncertified sign counts from here on, as a share of the form's magnitude.
_UNCERTIFIED = 1e-12

# The compiler takes plain names for constants, not attributes of classes.
_POINTS, _WORK, _PROGRAMS, _PIVOTS = Counter.POINTS, Counter.WORK, Counter.PROGRAMS, Counter.PIVOTS
_LOWER, _UPPER, _EXTENT, _INVERSE = BoxRow.LOWER, BoxRow.UPPER, BoxRow.EXTENT, BoxRow.INVERSE
_LOWER_INSIDE, _UPPER_INSIDE = BoxRow.LOWER_INSIDE, BoxRow.UPPER_INSIDE
_TINY, _DIMENSION, _OPEN, _CERTIFIED = Constant.TINY, Constant.DIMENSION, Constant.OPEN, Constant.CERTIFIED
_CONSTANT, _ERROR, _MAGNITUDE = FormNumber.CONSTANT, FormNumber.ERROR, FormNumber.MAGNITUDE
_THRESHOLD, _SCALED_CONSTANT, _SCALE = FormNumber.THRESHOLD, FormNumber.SCALED_CONSTANT, FormNumber.SCALE
_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_BETA, _ROW_UPPER, _ROW_INSIDE = RowRow.BETA, RowRow.UPPER, RowRow.INSIDE
_REDUCED, _AT, _COLUMN_UPPER, _COLUMN_INSIDE = ColumnRow.REDUCED, ColumnRow.AT, ColumnRow.UPPER, ColumnRow.INSIDE
_PIVOT, _RATIO = ColumnRow.PIVOT, ColumnRow.RATIO
_ROW, _COLUMN, _ORDER = NameRow.ROW, NameRow.COLUMN, NameRow.ORDER
_LIVE = Mask.LIVE
_ZERO, _ONE = np.uint64(0), np.uint64(1)


def _digest() -> str:
    """A digest of all files that a compiled function may take something from."""
    sources = [Path(filter_source), *sorted(Path(__file__).parent.glob("tableau_*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


_SOURCES = _digest()


def compiled(function: F) -> F:
    """Compile, cached on disk. Rounding must stay that of IEEE 754: no ``fastmath``."""
    # Numba renews a cached function when its own file changes, but not when a file does that it takes functions or
    # constants from. A stale error bound would be a wrong proof, so the name in the cache depends on all of them.
    function.__qualname__ += f"_{_SOURCES}"
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@compiled
def prepare(
    box: FloatArray,
    constants: FloatArray,
    a: FloatArray,
    scaled: FloatArray,
    numbers: FloatArray,
    slot: int,
    count: int,
) -> None:
    """Derive from the first ``count`` forms of a slot the thresholds and the scaled rows."""
    length = box.shape[1]
    for u in range(count):
        # The bound of an error at a point, taken at the whole box: dearer bounds are left to doubtful cases.
        magnitude = numbers[slot, u, _MAGNITUDE]
        if constants[_CERTIFIED] > 0:
            error = (numbers[slot, u, _ERROR] + (constants[_DIMENSION] + 2.0) * U * magnitude) * INFLATE
        else:
            error = _UNCERTIFIED * magnitude
        numbers[slot, u, _THRESHOLD] = error + constants[_TINY]
        largest = 0.0
        constant = numbers[slot, u, _CONSTANT]
        for j in range(length):
            value = a[slot, u, j] * box[_EXTENT, j]
            scaled[slot, u, j] = value
            constant += a[slot, u, j] * box[_LOWER, j]
            largest = max(largest, abs(value))
        if largest == 0.0:
            largest = abs(constant)
        fine = largest > 1e-290 and largest < 1e290 and abs(constant) < 1e290
        scale = 1.0 / largest if fine else 0.0
        numbers[slot, u, _SCALE] = scale
        numbers[slot, u, _SCALED_CONSTANT] = constant * scale if fine else 0.0
        for j in range(length):
            scaled[slot, u, j] = scaled[slot, u, j] * scale if fine else 0.0


@compiled
def _certain(
    constants: FloatArray, a: FloatArray, numbers: FloatArray, x: FloatArray, point: int, slot: int, unit: int
) -> tuple[float, int]:
    """A form's value at a point of the box and its sign, 0 where the filter can't tell (equation 1)."""
    length = x.shape[1]
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for j in range(0, length, 4):
        s0 += a[slot, unit, j] * x[point, j]
        s1 += a[slot, unit, j + 1] * x[point, j + 1]
        s2 += a[slot, unit, j + 2] * x[point, j + 2]
        s3 += a[slot, unit, j + 3] * x[point, j + 3]
    constant = numbers[slot, unit, _CONSTANT]
    value = (s0 + s1) + (s2 + s3) + constant
    if abs(value) > numbers[slot, unit, _THRESHOLD]:
        return value, 1 if value > 0.0 else -1
    size = abs(constant)
    for j in range(length):
        size += abs(a[slot, unit, j]) * abs(x[point, j])
    if constants[_CERTIFIED] > 0:
        error = (numbers[slot, unit, _ERROR] + (constants[_DIMENSION] + 2.0) * U * size) * INFLATE
    else:
        error = _UNCERTIFIED * size
    if abs(value) > error + constants[_TINY]:
        return value, 1 if value > 0.0 else -1
    return value, 0


@compiled
def holds(
    box: FloatArray,
    constants: FloatArray,
    a: FloatArray,
    numbers: FloatArray,
    path: IntArray,
    x: FloatArray,
    rows: FloatArray,
    point: int,
    count: int,
) -> bool:
    """Whether a point lies certainly in the open cell; keeps the values of the rows."""
    for j in range(x.shape[1]):
        if not (x[point, j] > box[_LOWER_INSIDE, j] and x[point, j] < box[_UPPER_INSIDE, j]):
            return False
    for i in range(count):
        slot, unit, sign = path[i, _SLOT], path[i, _UNIT], path[i, _SIGN]
        value, certain = _certain(constants, a, numbers, x, point, slot, unit)
        if certain != sign:
            return False
        rows[point, i] = abs(value) * numbers[slot, unit, _SCALE]
    return True


@compiled
def evaluate(
    constants: FloatArray,
    a: FloatArray,
    numbers: FloatArray,
    x: FloatArray,
    values: FloatArray,
    signs: WordArray,
    point: int,
    layer: int,
    masks: WordArray,
    level: int,
) -> None:
    """The signs and scaled values at a point of those units of a layer that are live at a level."""
    for word in range(masks.shape[2]):
        positive, negative, mask = _ZERO, _ZERO, masks[level, _LIVE, word]
        unit, bit = 64 * word, _ONE
        while mask != _ZERO:
            if mask & bit:
                value, sign = _certain(constants, a, numbers, x, point, layer, unit)
                values[layer, point, unit] = value * numbers[layer, unit, _SCALE]
                if sign > 0:
                    positive |= bit
                elif sign < 0:
                    negative |= bit
                mask ^= bit
            unit += 1
            bit <<= _ONE
        signs[layer, point, 0, word] = negative
        signs[layer, point, 1, word] = positive


@compiled
def _excludes(
    box: FloatArray,
    constants: FloatArray,
    a: FloatArray,
    numbers: FloatArray,
    path: IntArray,
    column: FloatArray,
    names: IntArray,
    layer: int,
    unit: int,
    sign: int,
    count: int,
) -> bool:
    """Whether the present multipliers prove that the signed form is nowhere positive: Cell.excludes_certainly."""
    length = box.shape[1]
    for j in range(length):
        column[_RATIO, j] = sign * a[layer, unit, j]
    constant = sign * numbers[layer, unit, _CONSTANT]
    error, magnitude, total = numbers[layer, unit, _ERROR], numbers[layer, unit, _MAGNITUDE], 0.0
    for j in range(length):
        i = names[_COLUMN, j] - length
        if i < 0 or not column[_REDUCED, j] < 0.0:
            continue
        slot, row = path[i, _SLOT], path[i, _UNIT]
        weight = -column[_REDUCED, j] * numbers[slot, row, _SCALE] / numbers[layer, unit, _SCALE]
        signed = weight * path[i, _SIGN]
        for k in range(0, length, 4):
            v0 = column[_RATIO, k] + signed * a[slot, row, k]
            v1 = column[_RATIO, k + 1] + signed * a[slot, row, k + 1]
            v2 = column[_RATIO, k + 2] + signed * a[slot, row, k + 2]
            v3 = column[_RATIO, k + 3] + signed * a[slot, row, k + 3]
            column[_RATIO, k], column[_RATIO, k + 1], column[_RATIO, k + 2], column[_RATIO, k + 3] = v0, v1, v2, v3
        constant += signed * numbers[slot, row, _CONSTANT]
        error += weight * numbers[slot, row, _ERROR]
        magnitude += weight * numbers[slot, row, _MAGNITUDE]
        total += weight
    peak = 0.0
    for j in range(length):
        peak += max(column[_RATIO, j] * box[_LOWER, j], column[_RATIO, j] * box[_UPPER, j])
    peak += constant
    if not np.isfinite(peak):
        # A coefficient overflowed; minus infinity would pass for a proof.
        return False
    error += (count + constants[_DIMENSION] + 4.0) * U * magnitude
    bound = peak + error * INFLATE + constants[_TINY] * (1.0 + total)
    # For patterns a unit is active only where it is positive, so "nowhere inactive" asks for a negative bound.
    return bound < 0.0 or (bound == 0.0 and (sign > 0 or constants[_OPEN] > 0))


@compiled
def _start(
    box: FloatArray,
    scaled: FloatArray,
    numbers: FloatArray,
    path: IntArray,
    x: FloatArray,
    rows: FloatArray,
    t: FloatArray,
    row: FloatArray,
    column: FloatArray,
    names: IntArray,
    layer: int,
    unit: int,
    sign: int,
    count: int,
    inside: int,
) -> float:
    """Set up the slack basis with each column at its better bound; return the value there."""
    length = box.shape[1]
    z = sign * numbers[layer, unit, _SCALED_CONSTANT]
    for j in range(length):
        reduced = sign * scaled[layer, unit, j]
        column[_REDUCED, j] = reduced
        column[_AT, j] = 1.0 if reduced > 0.0 else 0.0
        z += max(reduced, 0.0)
        column[_COLUMN_UPPER, j] = 1.0
        column[_COLUMN_INSIDE, j] = (x[inside, j] - box[_LOWER, j]) * box[_INVERSE, j]
        names[_COLUMN, j] = j
    for i in range(count):
        slot, u, signed = path[i, _SLOT], path[i, _UNIT], float(path[i, _SIGN])
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for j in range(0, length, 4):
            v0, v1 = signed * scaled[slot, u, j], signed * scaled[slot, u, j + 1]
            v2, v3 = signed * scaled[slot, u, j + 2], signed * scaled[slot, u, j + 3]
            s0 += v0 * column[_AT, j]
            s1 += v1 * column[_AT, j + 1]
            s2 += v2 * column[_AT, j + 2]
            s3 += v3 * column[_AT, j + 3]
            t[i, j], t[i, j + 1], t[i, j + 2], t[i, j + 3] = v0, v1, v2, v3
        row[_BETA, i] = (s0 + s1) + (s2 + s3) + signed * numbers[slot, u, _SCALED_CONSTANT]
        row[_ROW_UPPER, i] = np.inf
        row[_ROW_INSIDE, i] = rows[inside, i]
        names[_ROW, i] = length + i
    return z


@compiled
def _enter(
    t: FloatArray,
    row: FloatArray,
    column: FloatArray,
    names: IntArray,
    count: int,
    p: int,
    direction: float,
    violation: float,
) -> tuple[int, float]:
    """The column that enters for row p (-1: none), by the long-step ratio test, and the change of the objective.

    A boxed column whose reduced cost changes sign goes to its other bound, as long as row p stays violated. The column at
    which that ends is found as a quantile is, by partition: O(columns) however many change sides.
    """
    length = t.shape[1]
    last = 0
    for j in range(length):
        entry = direction * t[p, j] * (1.0 - 2.0 * column[_AT, j])
        if entry > _SMALLEST_PIVOT:
            column[_RATIO, j] = abs(column[_REDUCED, j]) / entry
            names[_ORDER, last] = j
            last += 1
    q, first, slope, change = -1, 0, violation, 0.0
    while q < 0 and first < last:
        middle = column[_RATIO, names[_ORDER, (first + last) >> 1]]
        # Three parts: ratios below, at, and above the middle one.
        low, k, high, size = first, first, last, 0.0
        while k < high:
            j = names[_ORDER, k]
            if column[_RATIO, j] < middle:
                size += abs(t[p, j]) * column[_COLUMN_UPPER, j]
                names[_ORDER, k] = names[_ORDER, low]
                names[_ORDER, low] = j
                low += 1
                k += 1
            elif column[_RATIO, j] > middle:
                high -= 1
                names[_ORDER, k] = names[_ORDER, high]
                names[_ORDER, high] = j
            else:
                k += 1
        if not slope - size > 0.0:
            last = low
            continue
        slope -= size
        first = low
        while first < high:
            j = names[_ORDER, first]
            slope -= abs(t[p, j]) * column[_COLUMN_UPPER, j]
            if not slope > 0.0:
                q = j
                break
            first += 1
    if q < 0:
        return -1, 0.0
    if first:
        for f in range(first):
            j = names[_ORDER, f]
            step = 1.0 - 2.0 * column[_AT, j]
            column[_AT, j] += step
            change += column[_REDUCED, j] * step
        for i in range(count):
            total = 0.0
            for f in range(first):
                j = names[_ORDER, f]
                total += t[i, j] * (2.0 * column[_AT, j] - 1.0)
            row[_BETA, i] += total
    return q, change


@compiled
def _pivot(
    t: FloatArray, row: FloatArray, column: FloatArray, names: IntArray, count: int, p: int, q: int, target: float
) -> float:
    """Exchange row p's variable, which goes to ``target``, for column q's; return the change of the objective."""
    length = t.shape[1]
    inverse = 1.0 / t[p, q]
    step = (target - row[_BETA, p]) * inverse
    for j in range(length):
        column[_PIVOT, j] = -t[p, j] * inverse
        t[p, j] = 0.0
    column[_PIVOT, q] = inverse
    t[p, q] = 1.0
    for i in range(count):
        factor = t[i, q]
        if factor == 0.0:
            continue
        row[_BETA, i] += factor * step
        t[i, q] = 0.0
        # Blocks of four, all loads first: what the compiler turns into vector instructions for short rows, too.
        for j in range(0, length, 4):
            v0 = t[i, j] + factor * column[_PIVOT, j]
            v1 = t[i, j + 1] + factor * column[_PIVOT, j + 1]
            v2 = t[i, j + 2] + factor * column[_PIVOT, j + 2]
            v3 = t[i, j + 3] + factor * column[_PIVOT, j + 3]
            t[i, j], t[i, j + 1], t[i, j + 2], t[i, j + 3] = v0, v1, v2, v3
    factor = column[_REDUCED, q]
    column[_REDUCED, q] = 0.0
    for j in range(length):
        column[_REDUCED, j] += factor * column[_PIVOT, j]
    row[_BETA, p] = column[_AT, q] + step
    column[_AT, q] = target
    row[_ROW_UPPER, p], column[_COLUMN_UPPER, q] = column[_COLUMN_UPPER, q], row[_ROW_UPPER, p]
    row[_ROW_INSIDE, p], column[_COLUMN_INSIDE, q] = column[_COLUMN_INSIDE, q], row[_ROW_INSIDE, p]
    names[_ROW, p], names[_COLUMN, q] = names[_COLUMN, q], names[_ROW, p]
    return factor * step


@compiled
def _propose(
    box: FloatArray,
    x: FloatArray,
    row: FloatArray,
    column: FloatArray,
    names: IntArray,
    count: int,
    inside: int,
    share: float,
    new: int,
) -> None:
    """Write to the point ``new`` that which lies at ``share`` of the way from ``inside`` to the iterate."""
    length = box.shape[1]
    for j in range(length):
        if names[_COLUMN, j] < length:
            column[_PIVOT, names[_COLUMN, j]] = column[_AT, j]
    for i in range(count):
        if names[_ROW, i] < length:
            column[_PIVOT, names[_ROW, i]] = row[_BETA, i]
    for j in range(length):
        start = x[inside, j]
        x[new, j] = start + share * (box[_LOWER, j] + box[_EXTENT, j] * column[_PIVOT, j] - start)


@compiled
def find(
    counters: IntArray,
    box: FloatArray,
    constants: FloatArray,
    a: FloatArray,
    scaled: FloatArray,
    numbers: FloatArray,
    path: IntArray,
    x: FloatArray,
    values: FloatArray,
    rows: FloatArray,
    t: FloatArray,
    row: FloatArray,
    column: FloatArray,
    names: IntArray,
    layer: int,
    unit: int,
    sign: int,
    count: int,
    inside: int,
) -> int:
    """Does the unit's form take the given sign in the cell of the first ``count`` rows?

    YES: the next free point is a witness, certified (its signs in the layer are not evaluated yet). NO: proven.
    UNDECIDED: the last basis is left in the tableau. ``inside`` is a known point of the cell.
    """
    length = box.shape[1]
    certified = constants[_CERTIFIED] > 0
    new = counters[_POINTS]
    here = sign * values[layer, inside, unit]
    z = _start(box, scaled, numbers, path, x, rows, t, row, column, names, layer, unit, sign, count, inside)
    if numbers[layer, unit, _SCALE] == 0.0:
        return UNDECIDED
    counters[_PROGRAMS] += 1
    for _ in range(3 * (count + length) + 20):
        counters[_WORK] += (count + 4) * length
        worst, violation, reach = -1, 0.0, 1.0
        for i in range(count):
            beta, room = row[_BETA, i], row[_ROW_INSIDE, i]
            gap = -beta
            if beta > row[_ROW_UPPER, i]:
                gap, room = beta - row[_ROW_UPPER, i], row[_ROW_UPPER, i] - room
            if gap > 0.0:
                # How far the segment from the known point to the iterate stays in the cell.
                stretch = room / (room + gap)
                if stretch < reach:
                    reach = stretch
                    if gap > _TOLERANCE:
                        violation, worst = gap, i
        if z <= 0.0:
            if not certified or _excludes(box, constants, a, numbers, path, column, names, layer, unit, sign, count):
                return NO
        elif z > here:
            zero = -here / (z - here) if here < 0.0 else 0.0
            if reach > zero and (worst < 0 or reach - zero > _ENOUGH * reach):
                _propose(box, x, row, column, names, count, inside, 0.5 * (zero + reach), new)
                certain = _certain(constants, a, numbers, x, new, layer, unit)[1]
                if certain == sign and holds(box, constants, a, numbers, path, x, rows, new, count):
                    return YES
        if worst < 0:
            return UNDECIDED if certified or z > _TOLERANCE else NO
        below = row[_BETA, worst] < 0.0
        q, change = _enter(t, row, column, names, count, worst, 1.0 if below else -1.0, violation)
        if q < 0:
            return UNDECIDED
        target = 0.0 if below else row[_ROW_UPPER, worst]
        z += change + _pivot(t, row, column, names, count, worst, q, target)
        counters[_PIVOTS] += 1
    return UNDECIDED

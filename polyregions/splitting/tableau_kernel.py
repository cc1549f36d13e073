"""Compiled linear programs over a cell: proposals by a dense bounded dual simplex, proofs by the float filter.

Maximise a signed form over the cell's closure. In coordinates in [0, 1] every column is boxed, so with each at the
bound that its coefficient prefers the slack basis is dual feasible: there is no first phase, each iterate's value is an
upper bound of the optimum, and its reduced costs are the multipliers that prove it. Each program starts from the rows
as they are, so that no error piles up in a tableau that is carried along; most end after few pivots:

- "no": the bound is at most 0, and the multipliers pass the safe bound (docs/float_filter.md, equation 4);
- "yes": the iterate lies beyond the cell, but the segment to it from a known point of the cell runs through points of
  the cell at which the form is positive. One of them is the witness, if the filter is certain of all its signs.

The row that leaves the basis is the first that the segment hits: a quarter fewer pivots than with the most violated.
Nothing that the tableau says is trusted. What can't be certified is undecided.
"""

import numpy as np

from polyregions.splitting.compiled import compiled
from polyregions.splitting.tableau_filter import certain_sign, excludes, gather, holds
from polyregions.splitting.tableau_state import (
    BoxRow,
    ColumnRow,
    Constant,
    Counter,
    FloatArray,
    FormNumber,
    IntArray,
    NameRow,
    PathColumn,
    RowRow,
)

__all__ = ["ENOUGH", "NO", "TOLERANCE", "UNDECIDED", "YES", "find", "ratio_test"]

YES, NO, UNDECIDED = 1, 0, -1

#: Violations below this are none, in scaled rows; only proposals depend on it.
TOLERANCE = 1e-10
#: Entries below this are no pivots.
_SMALLEST_PIVOT = 1e-9
#: Stands for infinity: the ratio of a column that can't enter, and the range of one without upper bound.
_NO_RATIO = 1e300
#: So few ratios are compared one by one.
_FEW = 8
#: Share of the way to the cell's wall that has to have the wanted sign, for an iterate that is not optimal.
ENOUGH = 0.1

_POINTS, _WORK, _PROGRAMS, _PIVOTS = Counter.POINTS, Counter.WORK, Counter.PROGRAMS, Counter.PIVOTS
_MULTIPLIERS = Counter.MULTIPLIERS
_LOWER, _EXTENT, _INVERSE, _CERTIFIED = BoxRow.LOWER, BoxRow.EXTENT, BoxRow.INVERSE, Constant.CERTIFIED
_SCALED_CONSTANT, _SCALE = FormNumber.SCALED_CONSTANT, FormNumber.SCALE
_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_BETA, _ROW_UPPER, _ROW_INSIDE = RowRow.BETA, RowRow.UPPER, RowRow.INSIDE
_REDUCED, _AT, _COLUMN_UPPER, _COLUMN_INSIDE = ColumnRow.REDUCED, ColumnRow.AT, ColumnRow.UPPER, ColumnRow.INSIDE
_PIVOT, _RATIO = ColumnRow.PIVOT, ColumnRow.RATIO
_ROW, _COLUMN, _ORDER, _REST = NameRow.ROW, NameRow.COLUMN, NameRow.ORDER, NameRow.MULTIPLIER
# As in tableau_filter: blocks of four, unsigned.
_U0, _U1, _U2, _U3, _U4 = (np.uint64(value) for value in range(5))


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
        for j in range(_U0, np.uint64(length), _U4):
            v0, v1 = signed * scaled[slot, u, j], signed * scaled[slot, u, j + _U1]
            v2, v3 = signed * scaled[slot, u, j + _U2], signed * scaled[slot, u, j + _U3]
            s0 += v0 * column[_AT, j]
            s1 += v1 * column[_AT, j + _U1]
            s2 += v2 * column[_AT, j + _U2]
            s3 += v3 * column[_AT, j + _U3]
            t[i, j], t[i, j + _U1], t[i, j + _U2], t[i, j + _U3] = v0, v1, v2, v3
        row[_BETA, i] = (s0 + s1) + (s2 + s3) + signed * numbers[slot, u, _SCALED_CONSTANT]
        row[_ROW_UPPER, i] = np.inf
        row[_ROW_INSIDE, i] = rows[inside, i]
        names[_ROW, i] = length + i
    return z


@compiled
def ratio_test(
    t: FloatArray, column: FloatArray, names: IntArray, p: int, direction: float, violation: float
) -> tuple[int, int]:
    """The column that enters for row p (-1: none), by the long-step rule, and how many change sides before it.

    A boxed column whose reduced cost changes sign goes to its other bound, as long as row p stays violated: those first
    in NameRow.ORDER. The column at which that ends is found as a quantile is, by partition: O(columns) on average,
    however many change sides or have equal ratios.
    """
    length = t.shape[1]
    # Branches on the data could not be predicted, and would cost more than the arithmetic: flags are 0.0 or 1.0.
    for j in range(_U0, np.uint64(length)):
        entry = direction * t[p, j] * (1.0 - 2.0 * column[_AT, j])
        flag = np.float64(entry > _SMALLEST_PIVOT)
        ratio = abs(column[_REDUCED, j]) / (entry * flag + (1.0 - flag))
        column[_RATIO, j] = ratio * flag + (1.0 - flag) * _NO_RATIO
        size = abs(t[p, j]) * column[_COLUMN_UPPER, j]
        # Infinity times the flag 0.0 would be NaN.
        column[_PIVOT, j] = size if size < _NO_RATIO else _NO_RATIO
    last = 0
    for j in range(_U0, np.uint64(length)):
        names[_ORDER, np.uint64(last)] = j
        last += np.int64(column[_RATIO, j] < _NO_RATIO)
    q, first, slope = -1, 0, violation
    while q < 0 and first < last:
        if last - first > _FEW:
            middle, size = column[_RATIO, names[_ORDER, (first + last) >> 1]], 0.0
            low, rest = np.uint64(first), _U0
            for k in range(np.uint64(first), np.uint64(last)):
                j = np.uint64(names[_ORDER, k])
                below = np.uint64(column[_RATIO, j] < middle)
                names[_ORDER, low] = j
                low += below
                names[_REST, rest] = j
                rest += _U1 - below
                size += column[_PIVOT, j] * np.float64(below)
            for k in range(rest):
                names[_ORDER, low + k] = names[_REST, k]
            least = np.int64(low)
            if not slope - size > 0.0:
                last = least
                continue
            if least > first:
                slope -= size
                first = least
                continue
            # The middle is the least: all that equal it at once, since where forms are multiples of each other most do.
            for k in range(first, last):
                j = names[_ORDER, k]
                if column[_RATIO, j] > middle:
                    continue
                slope -= column[_PIVOT, j]
                if not slope > 0.0:
                    q = j
                    break
                names[_ORDER, k] = names[_ORDER, first]
                names[_ORDER, first] = j
                first += 1
            continue
        best = first
        for k in range(first + 1, last):
            if column[_RATIO, names[_ORDER, k]] < column[_RATIO, names[_ORDER, best]]:
                best = k
        j = names[_ORDER, best]
        slope -= column[_PIVOT, j]
        if not slope > 0.0:
            q = j
            break
        names[_ORDER, best] = names[_ORDER, first]
        names[_ORDER, first] = j
        first += 1
    return q, first


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
    """The column that enters for row p (-1: none), and the change of the objective by those that change sides."""
    q, first = ratio_test(t, column, names, p, direction, violation)
    change = 0.0
    if q < 0:
        return -1, change
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
        for j in range(_U0, np.uint64(length), _U4):
            v0 = t[i, j] + factor * column[_PIVOT, j]
            v1 = t[i, j + _U1] + factor * column[_PIVOT, j + _U1]
            v2 = t[i, j + _U2] + factor * column[_PIVOT, j + _U2]
            v3 = t[i, j + _U3] + factor * column[_PIVOT, j + _U3]
            t[i, j], t[i, j + _U1], t[i, j + _U2], t[i, j + _U3] = v0, v1, v2, v3
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

    YES: the next free point is a witness, certified (its signs in the layer are not evaluated yet). NO: proven, by the
    multipliers left in the tableau.
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
                    if gap > TOLERANCE:
                        violation, worst = gap, i
        if z <= 0.0:
            if not certified:
                return NO
            many = gather(numbers, path, column, names, layer, unit, length)
            if excludes(box, constants, a, numbers, path, column, names, layer, unit, sign, count, many):
                counters[_MULTIPLIERS] = many
                return NO
        elif z > here:
            zero = -here / (z - here) if here < 0.0 else 0.0
            if reach > zero and (worst < 0 or reach - zero > ENOUGH * reach):
                _propose(box, x, row, column, names, count, inside, 0.5 * (zero + reach), new)
                certain = certain_sign(constants, a, numbers, x, new, layer, unit)[1]
                if certain == sign and holds(box, constants, a, numbers, path, x, rows, new, count):
                    return YES
        if worst < 0:
            return UNDECIDED if certified or z > TOLERANCE else NO
        below = row[_BETA, worst] < 0.0
        q, change = _enter(t, row, column, names, count, worst, 1.0 if below else -1.0, violation)
        if q < 0:
            return UNDECIDED
        target = 0.0 if below else row[_ROW_UPPER, worst]
        z += change + _pivot(t, row, column, names, count, worst, q, target)
        counters[_PIVOTS] += 1
    return UNDECIDED

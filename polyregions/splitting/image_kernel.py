"""Compiled linear programs over a cell in the image of a box under the first layer: as :mod:`tableau_kernel`, revised.

Maximise a signed form of y = W^1 t + b^1 over the cell's closure. The rows of a cell that can be tight at once are at
most as many as there are first-layer units, so the basis is small, and a row of the tableau is a combination of the
first layer's rows: forming it costs n_1 multiply-adds a column however many rows the cell has.

Every column but the slacks is boxed. So any basis can be made dual feasible: structural columns go to the bound that
their reduced cost prefers, and a tight row whose multiplier has the wrong sign leaves the basis, with some column. Each
program therefore starts from the basis with which the last one of its unit ended, in whatever cell that was.
"""

import numpy as np

from polyregions.exact.filter import INFLATE, U
from polyregions.splitting.compiled import compiled, inlined
from polyregions.splitting.image_basis import (
    exchange_column,
    exchange_row,
    grow,
    keep_basis,
    row_at,
    row_coefficients,
    shrink,
    take_over,
)
from polyregions.splitting.image_state import Basis, Image, Small
from polyregions.splitting.tableau_filter import certain_sign, holds
from polyregions.splitting.tableau_kernel import ENOUGH, NO, TOLERANCE, UNDECIDED, YES, ratio_test
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
)

__all__ = ["find_in_image", "image_excludes", "lies_inside", "to_image"]

_POINTS, _WORK, _PROGRAMS, _PIVOTS = Counter.POINTS, Counter.WORK, Counter.PROGRAMS, Counter.PIVOTS
_MULTIPLIERS, _OPEN, _CERTIFIED, _TINY = Counter.MULTIPLIERS, Constant.OPEN, Constant.CERTIFIED, Constant.TINY
_LOWER, _UPPER, _EXTENT, _INVERSE = BoxRow.LOWER, BoxRow.UPPER, BoxRow.EXTENT, BoxRow.INVERSE
_LOWER_INSIDE, _UPPER_INSIDE = BoxRow.LOWER_INSIDE, BoxRow.UPPER_INSIDE
_CONSTANT, _ERROR, _MAGNITUDE = FormNumber.CONSTANT, FormNumber.ERROR, FormNumber.MAGNITUDE
_SCALED_CONSTANT, _SCALE = FormNumber.SCALED_CONSTANT, FormNumber.SCALE
_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_REDUCED, _AT, _PIVOT, _WEIGHT = ColumnRow.REDUCED, ColumnRow.AT, ColumnRow.PIVOT, ColumnRow.WEIGHT
_ORDER, _MULTIPLIER = NameRow.ORDER, NameRow.MULTIPLIER
_TIGHT, _BASIC, _SIZE = Basis.TIGHT, Basis.BASIC, Basis.SIZE
_FIRST_CONSTANT, _SUPPORT, _OFFSET = Small.CONSTANT, Small.SUPPORT, Small.OFFSET
_FIXED, _PLACE, _VALUE, _DUAL, _DIRECTION = Small.FIXED, Small.PLACE, Small.BASIC, Small.DUAL, Small.DIRECTION
_WORK_A = Small.FIRST
# As in tableau_filter: blocks of four, unsigned.
_U0, _U1, _U2, _U3, _U4 = (np.uint64(value) for value in range(5))


@compiled
def _combine(rows: FloatArray, weights: FloatArray, kind: int, out: FloatArray, target: int) -> None:
    """Write the combination of rows with the weights in ``weights[kind]`` to the begin of ``out[target]``."""
    for j in range(rows.shape[1]):
        out[target, j] = 0.0
    for i in range(_U0, np.uint64(rows.shape[0]), _U4):
        w0, w1, w2, w3 = weights[kind, i], weights[kind, i + _U1], weights[kind, i + _U2], weights[kind, i + _U3]
        for j in range(rows.shape[1]):
            out[target, j] += (w0 * rows[i, j] + w1 * rows[i + _U1, j]) + (
                w2 * rows[i + _U2, j] + w3 * rows[i + _U3, j]
            )


@inlined
def _step(small: FloatArray, columns: FloatArray, q: int, step: float) -> None:
    """Move what nonbasic column q contributes to the place."""
    for k in range(small.shape[1]):
        small[_FIXED, k] += step * columns[q, k]


@compiled
def _direction(scaled: FloatArray, path: IntArray, image: Image, size: int) -> None:
    """DIRECTION -= the tight rows with the weights in FIRST."""
    small = image.small
    for k in range(size):
        i = image.basis[_TIGHT, k]
        weight = small[_WORK_A, k] * path[i, _SIGN]
        for c in range(small.shape[1]):
            small[_DIRECTION, c] -= weight * scaled[path[i, _SLOT], path[i, _UNIT], c]


@compiled
def _duals(scaled: FloatArray, image: Image, layer: int, unit: int, sign: int) -> None:
    """DUAL: the reduced costs of the tight rows' slacks."""
    small, inverse, basis = image.small, image.inverse, image.basis
    size = basis[_SIZE, 0]
    for k in range(size):
        small[_DUAL, k] = 0.0
    for b in range(size):
        value = 0.0
        for c in range(small.shape[1]):
            value += scaled[layer, unit, c] * image.columns[basis[_BASIC, b], c]
        for k in range(size):
            small[_DUAL, k] += sign * value * inverse[b, k]


@compiled
def _start(scaled: FloatArray, path: IntArray, image: Image, layer: int, unit: int, sign: int, count: int) -> None:
    """A dual feasible basis, with reduced costs and what the nonbasic columns contribute to the place."""
    small, inverse, basis, column = image.small, image.inverse, image.basis, image.column
    wide, narrow = image.columns.shape
    take_over(scaled, path, image, layer, unit, 0 if sign > 0 else 1, count)
    while True:
        _duals(scaled, image, layer, unit, sign)
        worst, most = -1, 0.0
        for k in range(basis[_SIZE, 0]):
            if not small[_DUAL, k] <= most:
                worst, most = k, small[_DUAL, k]
        if worst < 0:
            break
        best = 0
        for b in range(1, basis[_SIZE, 0]):
            if abs(inverse[b, worst]) > abs(inverse[best, worst]):
                best = b
        shrink(image, worst, best)
    size = basis[_SIZE, 0]
    for c in range(narrow):
        small[_DIRECTION, c] = sign * scaled[layer, unit, c]
    for k in range(size):
        small[_WORK_A, k] = small[_DUAL, k]
    _direction(scaled, path, image, size)
    _combine(image.generators, small, _DIRECTION, column, _REDUCED)
    for k in range(narrow):
        column[_REDUCED, wide + k] = small[_DUAL, k] if k < size else 0.0
        column[_AT, wide + k] = 0.0
    for b in range(size):
        column[_REDUCED, basis[_BASIC, b]] = 0.0
    for j in range(wide):
        column[_AT, j] = 1.0 if column[_REDUCED, j] > 0.0 else 0.0
    for c in range(narrow):
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for j in range(_U0, np.uint64(wide), _U4):
            s0 += image.generators[c, j] * column[_AT, j]
            s1 += image.generators[c, j + _U1] * column[_AT, j + _U1]
            s2 += image.generators[c, j + _U2] * column[_AT, j + _U2]
            s3 += image.generators[c, j + _U3] * column[_AT, j + _U3]
        small[_FIXED, c] = small[_OFFSET, c] + (s0 + s1) + (s2 + s3)


@compiled
def _place(scaled: FloatArray, numbers: FloatArray, path: IntArray, image: Image) -> None:
    """VALUE of the basic columns, and the PLACE of the iterate in the image."""
    small, inverse, basis = image.small, image.inverse, image.basis
    size = basis[_SIZE, 0]
    for b in range(size):
        small[_VALUE, b] = 0.0
    for k in range(size):
        value = row_at(scaled, numbers, path, basis[_TIGHT, k], small, _FIXED)
        for b in range(size):
            small[_VALUE, b] -= inverse[b, k] * value
    for c in range(small.shape[1]):
        total = small[_FIXED, c]
        for b in range(size):
            total += small[_VALUE, b] * image.columns[basis[_BASIC, b], c]
        small[_PLACE, c] = total


@compiled
def to_image(image: Image, x: FloatArray, point: int) -> None:
    """y of a point of the domain, as far off as the forms of image_state.first_image_rows say."""
    for c in range(x.shape[1]):
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for j in range(_U0, np.uint64(image.points.shape[1]), _U4):
            s0 += image.weights[c, j] * image.points[point, j]
            s1 += image.weights[c, j + _U1] * image.points[point, j + _U1]
            s2 += image.weights[c, j + _U2] * image.points[point, j + _U2]
            s3 += image.weights[c, j + _U3] * image.points[point, j + _U3]
        x[point, c] = (s0 + s1) + (s2 + s3) + image.small[_FIRST_CONSTANT, c]


@compiled
def lies_inside(image: Image, point: int) -> bool:
    """Whether a point is certainly in the interior of the domain's box."""
    for j in range(image.points.shape[1]):
        value = image.points[point, j]
        if not (value > image.box[_LOWER_INSIDE, j] and value < image.box[_UPPER_INSIDE, j]):
            return False
    return True


@compiled
def _propose(image: Image, x: FloatArray, inside: int, share: float, new: int) -> bool:
    """Write the point at ``share`` of the way from ``inside`` to the iterate; whether it is in the box's interior."""
    basis, column, box, points = image.basis, image.column, image.box, image.points
    wide = points.shape[1]
    for j in range(wide):
        column[_PIVOT, j] = column[_AT, j]
    for b in range(basis[_SIZE, 0]):
        column[_PIVOT, basis[_BASIC, b]] = image.small[_VALUE, b]
    for j in range(wide):
        start = points[inside, j]
        points[new, j] = start + share * (box[_LOWER, j] + box[_EXTENT, j] * column[_PIVOT, j] - start)
    if not lies_inside(image, new):
        return False
    to_image(image, x, new)
    return True


@compiled
def image_excludes(
    constants: FloatArray,
    a: FloatArray,
    numbers: FloatArray,
    path: IntArray,
    column: FloatArray,
    names: IntArray,
    image: Image,
    layer: int,
    unit: int,
    sign: int,
    count: int,
    many: int,
) -> bool:
    """As tableau_filter.excludes, for forms over the image: docs/float_filter.md, equation 7."""
    small, box = image.small, image.box
    wide, narrow = image.columns.shape
    for c in range(narrow):
        small[_WORK_A, c] = sign * a[layer, unit, c]
    constant = sign * numbers[layer, unit, _CONSTANT]
    error, magnitude, total = numbers[layer, unit, _ERROR], numbers[layer, unit, _MAGNITUDE], 0.0
    for m in range(many):
        i, weight = names[_MULTIPLIER, m], column[_WEIGHT, m]
        slot, row = path[i, _SLOT], path[i, _UNIT]
        signed = weight * path[i, _SIGN]
        for c in range(narrow):
            small[_WORK_A, c] += signed * a[slot, row, c]
        constant += signed * numbers[slot, row, _CONSTANT]
        error += weight * numbers[slot, row, _ERROR]
        magnitude += weight * numbers[slot, row, _MAGNITUDE]
        total += weight
    _combine(image.weights, small, _WORK_A, image.column, _PIVOT)
    peak = constant
    for c in range(narrow):
        peak += small[_WORK_A, c] * small[_FIRST_CONSTANT, c]
        error += abs(small[_WORK_A, c]) * small[_SUPPORT, c]
        total += abs(small[_WORK_A, c])
    p0, p1, p2, p3 = 0.0, 0.0, 0.0, 0.0
    for j in range(_U0, np.uint64(wide), _U4):
        p0 += max(image.column[_PIVOT, j] * box[_LOWER, j], image.column[_PIVOT, j] * box[_UPPER, j])
        p1 += max(
            image.column[_PIVOT, j + _U1] * box[_LOWER, j + _U1], image.column[_PIVOT, j + _U1] * box[_UPPER, j + _U1]
        )
        p2 += max(
            image.column[_PIVOT, j + _U2] * box[_LOWER, j + _U2], image.column[_PIVOT, j + _U2] * box[_UPPER, j + _U2]
        )
        p3 += max(
            image.column[_PIVOT, j + _U3] * box[_LOWER, j + _U3], image.column[_PIVOT, j + _U3] * box[_UPPER, j + _U3]
        )
    peak += (p0 + p1) + (p2 + p3)
    if not np.isfinite(peak):
        # A coefficient overflowed; minus infinity would pass for a proof.
        return False
    error += (count + narrow + 6.0) * U * magnitude
    bound = peak + error * INFLATE + constants[_TINY] * (1.0 + total)
    return bound < 0.0 or (bound == 0.0 and (sign > 0 or constants[_OPEN] > 0))


@compiled
def _gather(
    numbers: FloatArray, path: IntArray, column: FloatArray, names: IntArray, image: Image, layer: int, unit: int
) -> int:
    """The multipliers of the present basis, of the forms as they are; how many."""
    many = 0
    wide = image.columns.shape[0]
    for k in range(image.basis[_SIZE, 0]):
        dual = image.column[_REDUCED, wide + k]
        if dual < 0.0:
            i = image.basis[_TIGHT, k]
            names[_MULTIPLIER, many] = i
            column[_WEIGHT, many] = (
                -dual * numbers[path[i, _SLOT], path[i, _UNIT], _SCALE] / numbers[layer, unit, _SCALE]
            )
            many += 1
    return many


@compiled
def find_in_image(
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
    column: FloatArray,
    names: IntArray,
    image: Image,
    layer: int,
    unit: int,
    sign: int,
    count: int,
    inside: int,
) -> int:
    """As tableau_kernel.find: YES with a certified point, NO with proven multipliers, or UNDECIDED."""
    small, inverse, basis = image.small, image.inverse, image.basis
    wide, narrow = image.columns.shape
    certified = constants[_CERTIFIED] > 0
    new, side = counters[_POINTS], 0 if sign > 0 else 1
    here = sign * values[layer, inside, unit]
    # Also without a program: the basis is a hint for the exact method, so its rows must be rows of this cell.
    _start(scaled, path, image, layer, unit, sign, count)
    if numbers[layer, unit, _SCALE] == 0.0:
        return UNDECIDED
    counters[_PROGRAMS] += 1
    for _ in range(3 * (count + wide) + 20):
        counters[_WORK] += (narrow + 4) * wide
        _place(scaled, numbers, path, image)
        size = basis[_SIZE, 0]
        z = numbers[layer, unit, _SCALED_CONSTANT]
        for c in range(narrow):
            z += scaled[layer, unit, c] * small[_PLACE, c]
        z *= sign
        worst, violation, reach, below = -1, 0.0, 1.0, True
        for i in range(count):
            if image.is_tight[i]:
                continue
            gap, room = -row_at(scaled, numbers, path, i, small, _PLACE), rows[inside, i]
            if gap > 0.0:
                # How far the segment from the known point to the iterate stays in the cell.
                stretch = room / (room + gap)
                if stretch < reach:
                    reach = stretch
                    if gap > TOLERANCE:
                        violation, worst, below = gap, i, True
        for b in range(size):
            q, value = basis[_BASIC, b], small[_VALUE, b]
            room = (image.points[inside, q] - image.box[_LOWER, q]) * image.box[_INVERSE, q]
            gap = -value
            if value > 1.0:
                gap, room = value - 1.0, 1.0 - room
            if gap > 0.0:
                stretch = room / (room + gap)
                if stretch < reach:
                    reach = stretch
                    if gap > TOLERANCE:
                        violation, worst, below = gap, count + b, value < 0.0
        if z <= 0.0:
            if not certified:
                return NO
            many = _gather(numbers, path, column, names, image, layer, unit)
            if image_excludes(constants, a, numbers, path, column, names, image, layer, unit, sign, count, many):
                counters[_MULTIPLIERS] = many
                keep_basis(path, image, layer, unit, side)
                return NO
        elif z > here:
            zero = -here / (z - here) if here < 0.0 else 0.0
            far = reach > zero and (worst < 0 or reach - zero > ENOUGH * reach)
            if far and _propose(image, x, inside, 0.5 * (zero + reach), new):
                certain = certain_sign(constants, a, numbers, x, new, layer, unit)[1]
                if certain == sign and holds(box, constants, a, numbers, path, x, rows, new, count):
                    keep_basis(path, image, layer, unit, side)
                    return YES
        if worst < 0:
            return UNDECIDED if certified or z > TOLERANCE else NO
        if worst < count:
            row_coefficients(scaled, path, image, worst, size)
            for c in range(narrow):
                small[_DIRECTION, c] = path[worst, _SIGN] * scaled[path[worst, _SLOT], path[worst, _UNIT], c]
        else:
            for k in range(size):
                small[_WORK_A, k] = inverse[worst - count, k]
            for c in range(narrow):
                small[_DIRECTION, c] = 0.0
        _direction(scaled, path, image, size)
        _combine(image.generators, small, _DIRECTION, image.t, 0)
        for k in range(narrow):
            image.t[0, wide + k] = small[_WORK_A, k] if k < size else 0.0
        for b in range(size):
            image.t[0, basis[_BASIC, b]] = 0.0
        q, first = ratio_test(image.t, image.column, image.names, 0, 1.0 if below else -1.0, violation)
        if q < 0:
            return UNDECIDED
        for f in range(first):
            j = image.names[_ORDER, f]
            step = 1.0 - 2.0 * image.column[_AT, j]
            image.column[_AT, j] += step
            _step(small, image.columns, j, step)
        pivot = image.t[0, q]
        theta = image.column[_REDUCED, q] / pivot
        for j in range(wide + narrow):
            image.column[_REDUCED, j] -= theta * image.t[0, j]
        if q < wide:
            image.column[_REDUCED, q] = 0.0
            _step(small, image.columns, q, -image.column[_AT, q])
            image.column[_AT, q] = 0.0
        if worst >= count:
            leaving, target = basis[_BASIC, worst - count], 0.0 if below else 1.0
            image.column[_REDUCED, leaving] = theta
            image.column[_AT, leaving] = target
            _step(small, image.columns, leaving, target)
            if q < wide:
                exchange_column(scaled, path, image, worst - count, q)
            else:
                image.column[_REDUCED, q] = image.column[_REDUCED, wide + size - 1]
                image.column[_REDUCED, wide + size - 1] = 0.0
                shrink(image, q - wide, worst - count)
        elif q < wide:
            if size == narrow:
                return UNDECIDED
            image.column[_REDUCED, wide + size] = theta
            grow(scaled, path, image, worst, q, pivot)
        else:
            image.column[_REDUCED, q] = theta
            exchange_row(image, q - wide, worst)
        counters[_PIVOTS] += 1
    return UNDECIDED

"""The float filter, compiled: the decisions of exact/filter.py and exact/cell.py on the search's arrays.

Derivations: docs/float_filter.md, whose equations are cited. What is not certain is left open, never guessed.
"""

import numpy as np

from polyregions.exact.filter import INFLATE, U
from polyregions.splitting.compiled import compiled, inlined
from polyregions.splitting.tableau_state import (
    BoxRow,
    ColumnRow,
    Constant,
    FloatArray,
    FormNumber,
    IntArray,
    Mask,
    NameRow,
    PathColumn,
    WordArray,
)

__all__ = ["certain_sign", "evaluate", "exactly_zero", "excludes", "gather", "holds", "prepare"]

#: An uncertified sign counts from here on, as a share of the form's magnitude.
_UNCERTIFIED = 1e-12

# The compiler takes plain names for constants, not attributes of classes.
_LOWER, _UPPER, _EXTENT = BoxRow.LOWER, BoxRow.UPPER, BoxRow.EXTENT
_LOWER_INSIDE, _UPPER_INSIDE = BoxRow.LOWER_INSIDE, BoxRow.UPPER_INSIDE
_TINY, _DIMENSION, _OPEN, _CERTIFIED = Constant.TINY, Constant.DIMENSION, Constant.OPEN, Constant.CERTIFIED
_CONSTANT, _ERROR, _MAGNITUDE = FormNumber.CONSTANT, FormNumber.ERROR, FormNumber.MAGNITUDE
_THRESHOLD, _SCALED_CONSTANT, _SCALE = FormNumber.THRESHOLD, FormNumber.SCALED_CONSTANT, FormNumber.SCALE
_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_REDUCED, _COMBINED, _WEIGHT = ColumnRow.REDUCED, ColumnRow.RATIO, ColumnRow.WEIGHT
_COLUMN, _MULTIPLIER, _LIVE = NameRow.COLUMN, NameRow.MULTIPLIER, Mask.LIVE
_ZERO, _ONE = np.uint64(0), np.uint64(1)
# Short rows are done in blocks of four. Signed indices might be negative, and that test keeps the compiler from vector
# instructions where it can't see that they are not.
_U0, _U1, _U2, _U3, _U4 = (np.uint64(value) for value in range(5))


@compiled
def exactly_zero(
    weights: FloatArray,
    biases: FloatArray,
    numbers: FloatArray,
    prefix: WordArray,
    layer: int,
    unit: int,
    width: int,
) -> bool:
    """Whether a form is zero because nothing of the layer before, of ``width`` units, goes into it.

    Asked of forms whose floats are all 0. Behind dead ReLUs most differences in a maximum are such, and a bound of
    their errors would leave each to an exact decision.
    """
    if biases[layer, unit] != 0.0:
        return False
    for i in range(width):
        passes = prefix[layer - 1, i >> 6] >> np.uint64(i & 63) & _ONE
        if passes and weights[layer, unit, i] != 0.0 and numbers[layer - 1, i, _MAGNITUDE] != 0.0:
            return False
    return True


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


@inlined
def certain_sign(
    constants: FloatArray, a: FloatArray, numbers: FloatArray, x: FloatArray, point: int, slot: int, unit: int
) -> tuple[float, int]:
    """A form's value at a point of the box and its sign, 0 where the filter can't tell (equation 1)."""
    length = x.shape[1]
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    for j in range(_U0, np.uint64(length), _U4):
        s0 += a[slot, unit, j] * x[point, j]
        s1 += a[slot, unit, j + _U1] * x[point, j + _U1]
        s2 += a[slot, unit, j + _U2] * x[point, j + _U2]
        s3 += a[slot, unit, j + _U3] * x[point, j + _U3]
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
        value, certain = certain_sign(constants, a, numbers, x, point, slot, unit)
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
                value, sign = certain_sign(constants, a, numbers, x, point, layer, unit)
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
def gather(
    numbers: FloatArray, path: IntArray, column: FloatArray, names: IntArray, layer: int, unit: int, length: int
) -> int:
    """The multipliers of the present basis, of the forms as they are: rows and weights into the tableau; how many."""
    many = 0
    for j in range(length):
        i = names[_COLUMN, j] - length
        if i < 0 or not column[_REDUCED, j] < 0.0:
            continue
        slot, row = path[i, _SLOT], path[i, _UNIT]
        names[_MULTIPLIER, many] = i
        column[_WEIGHT, many] = -column[_REDUCED, j] * numbers[slot, row, _SCALE] / numbers[layer, unit, _SCALE]
        many += 1
    return many


@compiled
def excludes(
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
    many: int,
) -> bool:
    """Whether the ``many`` multipliers prove that the signed form is nowhere positive: Cell.excludes_certainly."""
    length = box.shape[1]
    for j in range(length):
        column[_COMBINED, j] = sign * a[layer, unit, j]
    constant = sign * numbers[layer, unit, _CONSTANT]
    error, magnitude, total = numbers[layer, unit, _ERROR], numbers[layer, unit, _MAGNITUDE], 0.0
    for m in range(many):
        i, weight = names[_MULTIPLIER, m], column[_WEIGHT, m]
        slot, row = path[i, _SLOT], path[i, _UNIT]
        signed = weight * path[i, _SIGN]
        for k in range(_U0, np.uint64(length), _U4):
            v0 = column[_COMBINED, k] + signed * a[slot, row, k]
            v1 = column[_COMBINED, k + _U1] + signed * a[slot, row, k + _U1]
            v2 = column[_COMBINED, k + _U2] + signed * a[slot, row, k + _U2]
            v3 = column[_COMBINED, k + _U3] + signed * a[slot, row, k + _U3]
            column[_COMBINED, k], column[_COMBINED, k + _U1] = v0, v1
            column[_COMBINED, k + _U2], column[_COMBINED, k + _U3] = v2, v3
        constant += signed * numbers[slot, row, _CONSTANT]
        error += weight * numbers[slot, row, _ERROR]
        magnitude += weight * numbers[slot, row, _MAGNITUDE]
        total += weight
    peak = 0.0
    for j in range(length):
        peak += max(column[_COMBINED, j] * box[_LOWER, j], column[_COMBINED, j] * box[_UPPER, j])
    peak += constant
    if not np.isfinite(peak):
        # A coefficient overflowed; minus infinity would pass for a proof.
        return False
    error += (count + constants[_DIMENSION] + 4.0) * U * magnitude
    bound = peak + error * INFLATE + constants[_TINY] * (1.0 + total)
    # For patterns a unit is active only where it is positive, so "nowhere inactive" asks for a negative bound.
    return bound < 0.0 or (bound == 0.0 and (sign > 0 or constants[_OPEN] > 0))

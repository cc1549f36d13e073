"""The compiled depth-first search over the splitting tree, for cells decided by :mod:`tableau_kernel`.

The search is a path of levels. A level is a cell that has entered a layer: its rows, the units of the layer that are
still live, and known points of it. It is settled (each live unit's hyperplane is found to cut the cell, or leaves the
list for the whole subtree), then split by a unit; when both halves are done, the search goes back. Everything is kept
in arrays, so that it can be left after any decision: see :func:`search`.

A known point answers most questions. A program that answers "yes" makes a point on that side of the unit on which none
was known, hence in a region without a known point: one such program per region, and the others answer "no".
"""

import numpy as np

from polyregions.certificate.encoding import Token
from polyregions.exact.cell import RESET
from polyregions.exact.filter import INFLATE, U
from polyregions.splitting.compiled import compiled, inlined
from polyregions.splitting.image_kernel import find_in_image
from polyregions.splitting.image_state import Image
from polyregions.splitting.tableau_filter import evaluate, exactly_zero, prepare
from polyregions.splitting.tableau_kernel import NO, UNDECIDED, find
from polyregions.splitting.tableau_parity import Parity, imply
from polyregions.splitting.tableau_record import Record, record_leaf, record_proof, record_settled
from polyregions.splitting.tableau_state import (
    INHERITED,
    BoxRow,
    Constant,
    Counter,
    FloatArray,
    FormNumber,
    Forms,
    IntArray,
    LevelColumn,
    Mask,
    PathColumn,
    Phase,
    Points,
    Problem,
    Search,
    Tableau,
    WordArray,
)

__all__ = [
    "BUFFER_FULL",
    "FINISHED",
    "NEEDS_DECISION",
    "NEEDS_ROOM",
    "NEEDS_ROWS",
    "PAUSED",
    "RECORD_FULL",
    "enter_layer",
    "next_rows",
    "search",
]

#: Why the search returned: nothing is left; the budget is used up or so many regions found as were wanted; the leaf
#: buffer is full; a decision, more room for points, or exact rows of the next layer are needed from outside; or the
#: record has to be taken out.
FINISHED, PAUSED, BUFFER_FULL, NEEDS_DECISION, NEEDS_ROOM, NEEDS_ROWS, RECORD_FULL = range(7)

_DEPTH, _POINTS, _FOUND, _WORK = Counter.DEPTH, Counter.POINTS, Counter.FOUND, Counter.WORK
_BUFFERED, _UNIT, _SIGN, _INSIDE = Counter.BUFFERED, Counter.UNIT, Counter.SIGN, Counter.INSIDE
_BY_FILTER, _SPLITS = Counter.BY_FILTER, Counter.SPLITS
_SETTLE, _SECOND, _DONE, _ENTER = Phase.SETTLE, Phase.SECOND, Phase.DONE, Phase.ENTER
_PHASE, _LAYER, _ROWS, _LEVEL_POINTS = LevelColumn.PHASE, LevelColumn.LAYER, LevelColumn.ROWS, LevelColumn.POINTS
_KNOWN, _LEVEL_UNIT, _LEVEL_SIGN = LevelColumn.KNOWN, LevelColumn.UNIT, LevelColumn.SIGN
_LEVEL_FOUND, _LIVE, _ACTIVE = LevelColumn.FOUND, Mask.LIVE, Mask.ACTIVE
_RANDOM, _DOUBT, _RECORD = Counter.RANDOM, Constant.DOUBT, Constant.RECORD
_INTEGERS, _FLOATS = Counter.INTEGERS, Counter.FLOATS
_SPLIT_TOKEN, _LAYER_TOKEN = int(Token.SPLIT), int(Token.LAYER)
_LOWER, _UPPER, _RADIUS = BoxRow.LOWER, BoxRow.UPPER, BoxRow.RADIUS
_TINY, _DIMENSION, _OPEN, _CERTIFIED = Constant.TINY, Constant.DIMENSION, Constant.OPEN, Constant.CERTIFIED
_BIAS = Constant.BIAS
_CONSTANT, _ERROR, _MAGNITUDE = FormNumber.CONSTANT, FormNumber.ERROR, FormNumber.MAGNITUDE
_PATH_SLOT, _PATH_UNIT, _PATH_SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_ZERO, _ONE = np.uint64(0), np.uint64(1)
# As in tableau_filter: blocks of four, unsigned.
_U0, _U1, _U2, _U3, _U4 = (np.uint64(value) for value in range(5))


@inlined
def next_rows(
    widths: IntArray,
    weights: FloatArray,
    biases: FloatArray,
    box: FloatArray,
    constants: FloatArray,
    a: FloatArray,
    numbers: FloatArray,
    prefix: WordArray,
    layer: int,
) -> bool:
    """The next layer's forms, as filter.next_rows; False if their errors are too large to go on with."""
    length, after = box.shape[1], layer + 1
    active = 0
    for i in range(widths[layer]):
        if prefix[layer, i >> 6] >> np.uint64(i & 63) & _ONE:
            active += 1
    fine = True
    factor = (active + 2.0) * U
    bias_column = int(constants[_BIAS])
    for u in range(widths[after]):
        for j in range(length):
            a[after, u, j] = 0.0
        constant, error = 0.0, 0.0
        for i in range(widths[layer]):
            if prefix[layer, i >> 6] >> np.uint64(i & 63) & _ONE:
                weight = weights[after, u, i]
                for j in range(_U0, np.uint64(length), _U4):
                    v0 = a[after, u, j] + weight * a[layer, i, j]
                    v1 = a[after, u, j + _U1] + weight * a[layer, i, j + _U1]
                    v2 = a[after, u, j + _U2] + weight * a[layer, i, j + _U2]
                    v3 = a[after, u, j + _U3] + weight * a[layer, i, j + _U3]
                    a[after, u, j], a[after, u, j + _U1], a[after, u, j + _U2], a[after, u, j + _U3] = v0, v1, v2, v3
                constant += weight * numbers[layer, i, _CONSTANT]
                error += abs(weight) * (factor * numbers[layer, i, _MAGNITUDE] + numbers[layer, i, _ERROR])
        if bias_column < 0:
            constant += biases[after, u]
        else:
            a[after, u, bias_column] += biases[after, u]
        magnitude = abs(constant)
        for j in range(length):
            magnitude += abs(a[after, u, j]) * box[_RADIUS, j]
        if magnitude == 0.0 and exactly_zero(weights, biases, numbers, prefix, after, u, widths[layer]):
            error = 0.0
        else:
            magnitude = magnitude * INFLATE + constants[_TINY]
            error = (error + factor * abs(biases[after, u])) * INFLATE + constants[_TINY]
        numbers[after, u, _CONSTANT] = constant
        numbers[after, u, _MAGNITUDE] = magnitude
        numbers[after, u, _ERROR] = error
        if not error <= RESET * magnitude:
            fine = False
    return fine or not constants[_CERTIFIED] > 0


@compiled
def enter_layer(
    counters: IntArray,
    widths: IntArray,
    linear: WordArray,
    box: FloatArray,
    constants: FloatArray,
    a: FloatArray,
    numbers: FloatArray,
    x: FloatArray,
    values: FloatArray,
    signs: WordArray,
    levels: IntArray,
    masks: WordArray,
    known_points: IntArray,
    integers: IntArray,
    level: int,
    layer: int,
    parent: int,
) -> None:
    """Make ``level`` the cell of ``parent`` in a new layer, units settled that the box alone settles (equation 5)."""
    length, width, count = box.shape[1], widths[layer], levels[parent, _KNOWN]
    is_open, recording = constants[_OPEN] > 0, constants[_RECORD] > 0
    if recording and layer:
        integers[counters[_INTEGERS]] = _LAYER_TOKEN
        counters[_INTEGERS] += 1
    levels[level, _PHASE] = _SETTLE
    levels[level, _LAYER] = layer
    levels[level, _ROWS] = levels[parent, _ROWS]
    levels[level, _LEVEL_POINTS] = counters[_POINTS]
    levels[level, _KNOWN] = count
    for word in range(masks.shape[2]):
        left = min(max(width - 64 * word, 0), 64)
        units = ~_ZERO if left == 64 else (_ONE << np.uint64(left)) - _ONE
        masks[level, _LIVE, word] = units & ~linear[layer, word]
        masks[level, _ACTIVE, word] = linear[layer, word]
    for k in range(count):
        point = known_points[parent, k]
        known_points[level, k] = point
        evaluate(constants, a, numbers, x, values, signs, point, layer, masks, level)
    for u in range(width):
        word, bit = u >> 6, _ONE << np.uint64(u & 63)
        positive, negative = _ZERO, _ZERO
        for k in range(count):
            positive |= signs[layer, known_points[level, k], 1, word]
            negative |= signs[layer, known_points[level, k], 0, word]
        if ((positive & negative) | linear[layer, word]) & bit:
            continue
        high, low = 0.0, 0.0
        for j in range(length):
            first, second = a[layer, u, j] * box[_LOWER, j], a[layer, u, j] * box[_UPPER, j]
            high += max(first, second)
            low += min(first, second)
        error = (constants[_DIMENSION] + 4.0) * U * numbers[layer, u, _MAGNITUDE] + numbers[layer, u, _ERROR]
        error = error * INFLATE + constants[_TINY]
        highest, lowest = high + numbers[layer, u, _CONSTANT] + error, low + numbers[layer, u, _CONSTANT] - error
        # Nowhere negative and somewhere positive: active. For patterns, zero is inactive and must be excluded too.
        state = 0
        if lowest > 0.0 or (is_open and lowest >= 0.0 and positive & bit):
            state = 1
            masks[level, _ACTIVE, word] |= bit
        elif not (highest <= 0.0 or numbers[layer, u, _MAGNITUDE] == 0.0):
            continue
        masks[level, _LIVE, word] &= ~bit
        counters[_BY_FILTER] += 1
        if recording:
            record_settled(counters, integers, u, state)


@inlined
def _settle(
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
    signs: WordArray,
    t: FloatArray,
    row: FloatArray,
    column: FloatArray,
    names: IntArray,
    levels: IntArray,
    masks: WordArray,
    known_points: IntArray,
    integers: IntArray,
    floats: FloatArray,
    image: Image | None,
    plain: bool | None,
    level: int,
    forced: WordArray,
    focus: bool,
) -> bool:
    """Take units off the live list whose hyperplanes miss the cell; find points on both sides of the rest.

    ``focus``: only of the units in ``forced``, and for those on the implied side only.

    Returns False, with the question in the counters, where a decision has to be made outside.
    """
    layer, count = levels[level, _LAYER], levels[level, _ROWS]
    for word in range(masks.shape[2]):
        live = masks[level, _LIVE, word]
        if focus:
            live &= forced[0, word] | forced[1, word]
        if live == _ZERO:
            continue
        negative, positive = _ZERO, _ZERO
        for k in range(levels[level, _KNOWN]):
            negative |= signs[layer, known_points[level, k], 0, word]
            positive |= signs[layer, known_points[level, k], 1, word]
        mask = live & ~(positive & negative)
        if focus:
            mask &= ~(forced[0, word] & negative | forced[1, word] & positive)
        unit, bit = 64 * word, _ONE
        while mask != _ZERO:
            if not mask & bit:
                unit += 1
                bit <<= _ONE
                continue
            sign = np.int64(-1) if positive & bit else np.int64(1)
            inside, best = -1, -np.inf
            for k in range(levels[level, _KNOWN]):
                value = sign * values[layer, known_points[level, k], unit]
                if value > best or inside < 0:
                    inside, best = known_points[level, k], value
            answer = UNDECIDED
            # The compiler leaves out what a None excludes.
            if plain is not None:
                answer = find(
                    counters, box, constants, a, scaled, numbers, path, x, values, rows, t, row, column, names,
                    layer, unit, sign, count, inside,
                )  # fmt: skip
            if image is not None:
                answer = find_in_image(
                    counters, box, constants, a, scaled, numbers, path, x, values, rows, column, names, image,
                    layer, unit, sign, count, inside,
                )  # fmt: skip
            if constants[_DOUBT] > 0.0:
                counters[_RANDOM] = (counters[_RANDOM] * 1103515245 + 12345) & 0x7FFFFFFF
                if (counters[_RANDOM] >> 8) & 0xFFFF < constants[_DOUBT]:
                    answer = UNDECIDED
            if answer == UNDECIDED:
                counters[_UNIT], counters[_SIGN], counters[_INSIDE] = unit, sign, inside
                return False
            counters[_BY_FILTER] += 1
            if answer == NO:
                masks[level, _LIVE, word] &= ~bit
                if sign < 0:
                    masks[level, _ACTIVE, word] |= bit
                mask &= ~bit
                if constants[_RECORD] > 0:
                    record_proof(
                        counters, box, constants, a, numbers, path, column, names, integers, floats, image,
                        layer, unit, sign, count,
                    )  # fmt: skip
                continue
            new = counters[_POINTS]
            counters[_POINTS] = new + 1
            evaluate(constants, a, numbers, x, values, signs, new, layer, masks, level)
            known_points[level, levels[level, _KNOWN]] = new
            levels[level, _KNOWN] += 1
            negative |= signs[layer, new, 0, word]
            positive |= signs[layer, new, 1, word]
            mask &= ~(positive & negative)
    return True


@inlined
def _descend(
    counters: IntArray,
    path: IntArray,
    values: FloatArray,
    rows: FloatArray,
    signs: WordArray,
    levels: IntArray,
    masks: WordArray,
    known_points: IntArray,
    level: int,
    sign: int,
) -> None:
    """Make ``level + 1`` that half of the cell in which the split unit has the given sign."""
    child, layer, unit, row = level + 1, levels[level, _LAYER], levels[level, _LEVEL_UNIT], levels[level, _ROWS]
    word, bit = unit >> 6, _ONE << np.uint64(unit & 63)
    path[row, _PATH_SLOT], path[row, _PATH_UNIT], path[row, _PATH_SIGN] = layer, unit, sign
    levels[child, _PHASE] = _SETTLE
    levels[child, _LAYER] = layer
    levels[child, _ROWS] = row + 1
    levels[child, _LEVEL_POINTS] = counters[_POINTS]
    for w in range(masks.shape[2]):
        masks[child, _LIVE, w] = masks[level, _LIVE, w]
        masks[child, _ACTIVE, w] = masks[level, _ACTIVE, w]
    masks[child, _LIVE, word] &= ~bit
    if sign > 0:
        masks[child, _ACTIVE, word] |= bit
    side = 1 if sign > 0 else 0
    count = 0
    for k in range(levels[level, _KNOWN] - 1, -1, -1):
        point = known_points[level, k]
        if signs[layer, point, side, word] & bit:
            known_points[child, count] = point
            rows[point, row] = sign * values[layer, point, unit]
            count += 1
            if count == INHERITED:
                break
    levels[child, _KNOWN] = count
    counters[_DEPTH] = child


@inlined
def _split(counters: IntArray, levels: IntArray, masks: WordArray, level: int) -> bool:
    """Choose the unit to split the settled cell by; False if none is live. The positive half comes first."""
    for word in range(masks.shape[2]):
        mask = masks[level, _LIVE, word]
        if mask != _ZERO:
            unit, bit = 64 * word, _ONE
            while not mask & bit:
                unit += 1
                bit <<= _ONE
            levels[level, _LEVEL_UNIT] = unit
            levels[level, _LEVEL_SIGN] = -1
            levels[level, _LEVEL_FOUND] = counters[_FOUND]
            levels[level, _PHASE] = _SECOND
            counters[_SPLITS] += 1
            return True
    return False


@inlined
def _split_forced(counters: IntArray, levels: IntArray, masks: WordArray, forced: WordArray, level: int) -> bool:
    """Choose a unit whose state parity constraints imply, so that one half is all there is; False if none is live."""
    for word in range(masks.shape[2]):
        mask = masks[level, _LIVE, word] & (forced[0, word] | forced[1, word])
        if mask != _ZERO:
            unit, bit = 64 * word, _ONE
            while not mask & bit:
                unit += 1
                bit <<= _ONE
            levels[level, _LEVEL_UNIT] = unit
            levels[level, _LEVEL_SIGN] = 1 if forced[1, word] & bit else -1
            levels[level, _LEVEL_FOUND] = counters[_FOUND]
            counters[_SPLITS] += 1
            return True
    return False


@compiled
def search(
    problem: Problem,
    forms: Forms,
    path: IntArray,
    points: Points,
    tableau: Tableau,
    state: Search,
    record: Record,
    parity: Parity,
    image: Image | None,
    plain: bool | None,
    dimension: int,
    budget: int,
    most: int,
    keep: bool,
) -> int:
    """Search on until something is needed from outside, ``budget`` units of work are done or ``most`` regions found.

    ``parity``: constraints that a region's states have to satisfy; more may be added between two calls, and then those
    found so far are as they were. ``image``: that of the domain under the first layer, if forms are kept over it, and
    then ``plain`` is None, else True. ``dimension``: of the domain.
    ``keep``: write each leaf to the buffer.
    """
    widths, weights, biases, box, constants, linear = problem
    a, scaled, numbers = forms
    x, values, rows, signs = points
    t, row, column, names = tableau
    counters, levels, masks, known_points, prefix, leaf_states, leaf_points = state
    integers, floats, record_room = record
    recording, parities, forced = constants[_RECORD] > 0, parity.size[0], parity.forced
    depth, words, length = len(widths), masks.shape[2], box.shape[1]
    room = x.shape[0] - 2 * values.shape[2] - 2
    counters[_WORK] = 0
    while counters[_DEPTH] >= 0:
        level = counters[_DEPTH]
        layer, phase = levels[level, _LAYER], levels[level, _PHASE]
        if recording and max(counters[_INTEGERS], counters[_FLOATS]) > record_room:
            return RECORD_FULL
        if phase == _SETTLE:
            if counters[_WORK] > budget or counters[_FOUND] >= most:
                return PAUSED
            if counters[_POINTS] > room:
                return NEEDS_ROOM
            counters[_WORK] += 100 + parities * parities
            implied = 0
            if parities:
                implied = imply(parity, masks, prefix, level, layer)
            if implied >= 0:
                if not _settle(
                    counters, box, constants, a, scaled, numbers, path, x, values, rows, signs, t, row, column, names,
                    levels, masks, known_points, integers, floats, image, plain, level, forced, implied > 0,
                ):  # fmt: skip
                    return NEEDS_DECISION
                if parities and not implied:
                    # The units settled here may imply more, and all live units have points on both sides now.
                    implied = imply(parity, masks, prefix, level, layer)
            if implied:
                if implied < 0:
                    levels[level, _PHASE] = _DONE
                elif _split_forced(counters, levels, masks, forced, level):
                    levels[level, _PHASE] = _DONE
                    sign = levels[level, _LEVEL_SIGN]
                    _descend(counters, path, values, rows, signs, levels, masks, known_points, level, sign)
                continue
            if _split(counters, levels, masks, level):
                if recording:
                    integers[counters[_INTEGERS]] = _SPLIT_TOKEN
                    integers[counters[_INTEGERS] + 1] = levels[level, _LEVEL_UNIT]
                    counters[_INTEGERS] += 2
                sign = -levels[level, _LEVEL_SIGN]
                _descend(counters, path, values, rows, signs, levels, masks, known_points, level, sign)
                continue
            for word in range(words):
                prefix[layer, word] = masks[level, _ACTIVE, word]
            if layer + 1 < depth:
                levels[level, _PHASE] = _ENTER
                if not next_rows(widths, weights, biases, box, constants, a, numbers, prefix, layer):
                    return NEEDS_ROWS
                prepare(box, constants, a, scaled, numbers, layer + 1, widths[layer + 1])
                continue
            if keep:
                leaf = counters[_BUFFERED]
                if leaf == len(leaf_points):
                    return BUFFER_FULL
                for i in range(depth):
                    for word in range(words):
                        leaf_states[leaf, i, word] = prefix[i, word]
                points_in_full = x if image is None else image.points
                for j in range(dimension):
                    leaf_points[leaf, j] = points_in_full[known_points[level, 0], j]
                counters[_BUFFERED] = leaf + 1
            if recording:
                record_leaf(
                    counters, box, constants, a, numbers, path, x, rows, integers, floats, image,
                    known_points[level, 0], levels[level, _ROWS], dimension,
                )  # fmt: skip
            counters[_FOUND] += 1
            levels[level, _PHASE] = _DONE
        elif phase == _ENTER:
            levels[level, _PHASE] = _DONE
            counters[_DEPTH] = level + 1
            counters[_WORK] += levels[level, _KNOWN] * widths[layer + 1] * length
            enter_layer(
                counters, widths, linear, box, constants, a, numbers, x, values, signs, levels, masks, known_points,
                integers, level + 1, layer + 1, level,
            )  # fmt: skip
        elif phase == _SECOND:
            levels[level, _PHASE] = _DONE
            sign = levels[level, _LEVEL_SIGN]
            _descend(counters, path, values, rows, signs, levels, masks, known_points, level, sign)
        else:
            counters[_POINTS] = levels[level, _LEVEL_POINTS]
            counters[_DEPTH] = level - 1
    return FINISHED

"""The compiled depth-first search over z that :mod:`polyregions.milp.tree_pool` drives.

Level k of the path has fixed the first k units' z. What it fixes is a linear system in the inputs, and its question is
on which sides of the next unit's hyperplane the system has solutions: a known point answers for one side, and the
linear programs of :mod:`polyregions.splitting.tableau_kernel`, proven by the float filter, for the other. A unit
whose other side is proven empty adds no row. Everything is kept in arrays, so that the search can be left at any level.
"""

import numpy as np
import numpy.typing as npt

from polyregions.exact.cell import RESET
from polyregions.exact.filter import INFLATE, U
from polyregions.milp.tree_state import ACTIVE, INACTIVE, INHERITED, Level, Path, Phase
from polyregions.splitting.compiled import compiled
from polyregions.splitting.tableau_filter import evaluate, exactly_zero, prepare
from polyregions.splitting.tableau_kernel import NO, UNDECIDED, find
from polyregions.splitting.tableau_state import (
    BoxRow,
    Constant,
    Counter,
    FormNumber,
    Forms,
    Mask,
    PathColumn,
    Points,
    Problem,
    Tableau,
)

__all__ = ["BUFFER_FULL", "FINISHED", "NEEDS_DECISION", "NEEDS_ROOM", "NEEDS_ROWS", "PAUSED", "search"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
WordArray = npt.NDArray[np.uint64]

#: Why the search returned: nothing is left; the budget is used up; the leaf buffer is full; a decision, more room for
#: points, or exact rows of the layer are needed from outside.
FINISHED, PAUSED, BUFFER_FULL, NEEDS_DECISION, NEEDS_ROOM, NEEDS_ROWS = range(6)

# The compiler takes plain names for constants.
_DEPTH, _POINTS, _FOUND, _WORK = Counter.DEPTH, Counter.POINTS, Counter.FOUND, Counter.WORK
_BUFFERED, _UNIT, _SIGN, _INSIDE = Counter.BUFFERED, Counter.UNIT, Counter.SIGN, Counter.INSIDE
_BY_FILTER, _NODES, _RANDOM = Counter.BY_FILTER, Counter.SPLITS, Counter.RANDOM
_ENTER, _TIGHTEN, _ASK, _SECOND, _DONE = Phase.ENTER, Phase.TIGHTEN, Phase.ASK, Phase.SECOND, Phase.DONE
_PHASE, _ROWS, _LEVEL_POINTS, _KNOWN = Level.PHASE, Level.ROWS, Level.POINTS, Level.KNOWN
_EMPTY, _SKIP, _PENDING, _LEVEL_FOUND = Level.EMPTY, Level.SKIP, Level.PENDING, Level.FOUND
_RADIUS, _TINY, _DOUBT = BoxRow.RADIUS, Constant.TINY, Constant.DOUBT
_CONSTANT, _ERROR, _MAGNITUDE = FormNumber.CONSTANT, FormNumber.ERROR, FormNumber.MAGNITUDE
_PATH_SLOT, _PATH_UNIT, _PATH_SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_LIVE = Mask.LIVE
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@compiled
def _compose(
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
    """A layer's forms from the earlier layer's active ones (docs/float_filter.md, equation 2).

    False if their errors are too large to go on with.
    """
    length, before = box.shape[1], layer - 1
    active = 0
    for i in range(widths[before]):
        active += np.int64(prefix[before, i >> 6] >> np.uint64(i & 63) & _ONE)
    factor = (active + 2.0) * U
    fine = True
    for u in range(widths[layer]):
        constant, error = 0.0, factor * abs(biases[layer, u])
        for j in range(length):
            a[layer, u, j] = 0.0
        for i in range(widths[before]):
            if prefix[before, i >> 6] >> np.uint64(i & 63) & _ONE:
                weight = weights[layer, u, i]
                for j in range(length):
                    a[layer, u, j] += weight * a[before, i, j]
                constant += weight * numbers[before, i, _CONSTANT]
                error += abs(weight) * (factor * numbers[before, i, _MAGNITUDE] + numbers[before, i, _ERROR])
        constant += biases[layer, u]
        magnitude = abs(constant)
        for j in range(length):
            magnitude += abs(a[layer, u, j]) * box[_RADIUS, j]
        if magnitude == 0.0 and exactly_zero(weights, biases, numbers, prefix, layer, u, widths[before]):
            error = 0.0
        else:
            magnitude = magnitude * INFLATE + constants[_TINY]
            error = error * INFLATE + constants[_TINY]
        numbers[layer, u, _CONSTANT] = constant
        numbers[layer, u, _MAGNITUDE] = magnitude
        numbers[layer, u, _ERROR] = error
        if not error <= RESET * magnitude:
            fine = False
    return fine


@compiled
def _sides(units: IntArray, parity: WordArray, states: npt.NDArray[np.uint8], level: int) -> int:
    """The sides that the parity system allows, which may decide the unit by the states of earlier ones."""
    row = units[level, 2]
    if row < 0:
        return INACTIVE | ACTIVE
    last = parity.shape[1] - 1
    odd = parity[row, last]
    for k in range(level):
        if states[k] and parity[row, k >> 6] >> np.uint64(k & 63) & _ONE:
            odd ^= _ONE
    return ACTIVE if odd else INACTIVE


@compiled
def _doubted(counters: IntArray, constants: FloatArray) -> bool:
    """Whether this decision is one of those that tests want made outside."""
    if not constants[_DOUBT] > 0.0:
        return False
    counters[_RANDOM] = (counters[_RANDOM] * 1103515245 + 12345) & 0x7FFFFFFF
    return (counters[_RANDOM] >> 8) & 0xFFFF < constants[_DOUBT]


@compiled
def _tighten(
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
    live: WordArray,
    empty: WordArray,
    known: IntArray,
    level: int,
    layer: int,
) -> None:
    """Find the units of a layer that are stable on the node which enters it; they need not be asked about below.

    A question that the filter leaves open is left to the level that branches on the unit.
    """
    for word in range(live.shape[2]):
        negative, positive = _ZERO, _ZERO
        for k in range(levels[level, _KNOWN]):
            negative |= signs[layer, known[level, k], 0, word]
            positive |= signs[layer, known[level, k], 1, word]
        mask = live[level, _LIVE, word]
        unit, bit = 64 * word, _ONE
        while mask != _ZERO:
            if mask & bit:
                mask ^= bit
                seen = (np.int64(positive & bit != _ZERO)) - (np.int64(negative & bit != _ZERO))
                if seen != 0:
                    inside, best = -1, -np.inf
                    for k in range(levels[level, _KNOWN]):
                        value = -seen * values[layer, known[level, k], unit]
                        if value > best or inside < 0:
                            inside, best = known[level, k], value
                    answer = find(
                        counters, box, constants, a, scaled, numbers, path, x, values, rows, t, row, column, names,
                        layer, unit, -seen, levels[level, _ROWS], inside,
                    )  # fmt: skip
                    if _doubted(counters, constants):
                        answer = UNDECIDED
                    if answer == NO:
                        counters[_BY_FILTER] += 1
                        empty[level, 0 if seen > 0 else 1, word] |= bit
                    elif answer != UNDECIDED:
                        counters[_BY_FILTER] += 1
                        new = counters[_POINTS]
                        counters[_POINTS] = new + 1
                        evaluate(constants, a, numbers, x, values, signs, new, layer, live, level)
                        known[level, levels[level, _KNOWN]] = new
                        levels[level, _KNOWN] += 1
                        negative |= signs[layer, new, 0, word]
                        positive |= signs[layer, new, 1, word]
            unit += 1
            bit <<= _ONE


@compiled
def _descend(
    counters: IntArray,
    levels: IntArray,
    units: IntArray,
    empty: WordArray,
    known: IntArray,
    states: npt.NDArray[np.uint8],
    path: IntArray,
    values: FloatArray,
    rows: FloatArray,
    signs: WordArray,
    level: int,
    state: int,
) -> None:
    """Make the next level the node in which the level's unit has the given state."""
    child, layer, unit, row = level + 1, units[level, 0], units[level, 1], levels[level, _ROWS]
    word, bit = unit >> 6, _ONE << np.uint64(unit & 63)
    states[level] = state
    other = INACTIVE if state else ACTIVE
    implied = levels[level, _EMPTY] & other != 0
    sign = 1 if state else -1
    if not implied:
        path[row, _PATH_SLOT], path[row, _PATH_UNIT], path[row, _PATH_SIGN] = layer, unit, sign
    count = 0
    for k in range(levels[level, _KNOWN] - 1, -1, -1):
        point = known[level, k]
        # Where the other side is empty, all points of the node are on this one.
        if implied or signs[layer, point, state, word] & bit:
            known[child, count] = point
            if not implied:
                rows[point, row] = sign * values[layer, point, unit]
            count += 1
            if count == INHERITED:
                break
    last = child == len(units)
    new_layer = not last and units[child, 1] == 0
    levels[child, _PHASE] = _ENTER if new_layer else _ASK
    levels[child, _ROWS] = row if implied else row + 1
    levels[child, _LEVEL_POINTS] = counters[_POINTS]
    levels[child, _KNOWN] = count
    levels[child, _EMPTY] = 0 if last else units[child, 3]
    for side in range(2):
        for w in range(empty.shape[2]):
            empty[child, side, w] = _ZERO if new_layer else empty[level, side, w]
    levels[child, _SKIP] = 0
    levels[child, _PENDING] = -1
    levels[child, _LEVEL_FOUND] = counters[_FOUND]
    counters[_DEPTH] = child


@compiled
def search(
    problem: Problem,
    forms: Forms,
    path: IntArray,
    points: Points,
    tableau: Tableau,
    state: Path,
    budget: int,
) -> int:
    """Search on until something is needed from outside or ``budget`` units of work are done."""
    # The sides of linear units are settled by ``Path.units``.
    widths, weights, biases, box, constants, _ = problem
    a, scaled, numbers = forms
    x, values, rows, signs = points
    t, row, column, names = tableau
    counters, levels, units, live, empty, known, states, prefix, parity, leaf_states, leaf_points = state
    total, length, words = len(units), box.shape[1], live.shape[2]
    counters[_WORK] = 0
    while counters[_DEPTH] >= 0:
        level = counters[_DEPTH]
        phase = levels[level, _PHASE]
        if phase == _DONE:
            counters[_POINTS] = levels[level, _LEVEL_POINTS]
            counters[_DEPTH] = level - 1
            continue
        if phase == _SECOND:
            levels[level, _PHASE] = _DONE
            second = levels[level, _PENDING]
            levels[level, _PENDING] = -1
            _descend(counters, levels, units, empty, known, states, path, values, rows, signs, level, second)
            continue
        if level == total:
            leaf = counters[_BUFFERED]
            if leaf == len(leaf_points):
                return BUFFER_FULL
            for k in range(total):
                leaf_states[leaf, k] = states[k]
            for j in range(length):
                leaf_points[leaf, j] = x[known[level, 0], j]
            counters[_BUFFERED] = leaf + 1
            counters[_FOUND] += 1
            levels[level, _PHASE] = _DONE
            continue
        layer, unit = units[level, 0], units[level, 1]
        if phase == _ENTER:
            for word in range(words):
                prefix[layer - 1, word] = _ZERO
            start = level - widths[layer - 1]
            for i in range(widths[layer - 1]):
                if states[start + i]:
                    prefix[layer - 1, i >> 6] |= _ONE << np.uint64(i & 63)
            # A node is asked for exact rows once; they are there when the search comes back.
            levels[level, _PHASE] = _TIGHTEN
            fine = _compose(widths, weights, biases, box, constants, a, numbers, prefix, layer)
            counters[_WORK] += widths[layer] * (widths[layer - 1] + levels[level, _KNOWN]) * length
            if not fine:
                levels[level, _PHASE] = _ENTER
                return NEEDS_ROWS
            prepare(box, constants, a, scaled, numbers, layer, widths[layer])
            for k in range(levels[level, _KNOWN]):
                evaluate(constants, a, numbers, x, values, signs, known[level, k], layer, live, level)
            continue
        if counters[_WORK] > budget:
            return PAUSED
        if counters[_POINTS] + widths[layer] + 2 > len(x):
            return NEEDS_ROOM
        counters[_WORK] += 20
        if phase == _TIGHTEN:
            levels[level, _PHASE] = _ASK
            _tighten(
                counters, box, constants, a, scaled, numbers, path, x, values, rows, signs, t, row, column, names,
                levels, live, empty, known, level, layer,
            )  # fmt: skip
        word, bit = unit >> 6, _ONE << np.uint64(unit & 63)
        seen = 0
        for k in range(levels[level, _KNOWN]):
            if signs[layer, known[level, k], 0, word] & bit:
                seen |= INACTIVE
            if signs[layer, known[level, k], 1, word] & bit:
                seen |= ACTIVE
        if empty[level, 0, word] & bit:
            levels[level, _EMPTY] |= INACTIVE
        if empty[level, 1, word] & bit:
            levels[level, _EMPTY] |= ACTIVE
        if numbers[layer, unit, _MAGNITUDE] == 0.0:
            # Zero is inactive; a linear unit, of which that is said too, has no other state than 1.
            levels[level, _EMPTY] |= ACTIVE if levels[level, _EMPTY] != INACTIVE else 0
        allowed = _sides(units, parity, states, level)
        if levels[level, _EMPTY] == INACTIVE:
            seen = ACTIVE
        elif levels[level, _EMPTY] == ACTIVE:
            seen = INACTIVE
        wanted = allowed & ~(seen | levels[level, _EMPTY] | levels[level, _SKIP])
        if wanted:
            sign = np.int64(1) if wanted & ACTIVE else np.int64(-1)
            inside, best = -1, -np.inf
            for k in range(levels[level, _KNOWN]):
                value = sign * values[layer, known[level, k], unit]
                if value > best or inside < 0:
                    inside, best = known[level, k], value
            answer = find(
                counters, box, constants, a, scaled, numbers, path, x, values, rows, t, row, column, names,
                layer, unit, sign, levels[level, _ROWS], inside,
            )  # fmt: skip
            if _doubted(counters, constants):
                answer = UNDECIDED
            if answer == UNDECIDED:
                counters[_UNIT], counters[_SIGN], counters[_INSIDE] = unit, sign, inside
                return NEEDS_DECISION
            counters[_BY_FILTER] += 1
            if answer == NO:
                levels[level, _EMPTY] |= ACTIVE if sign > 0 else INACTIVE
                continue
            new = counters[_POINTS]
            counters[_POINTS] = new + 1
            evaluate(constants, a, numbers, x, values, signs, new, layer, live, level)
            known[level, levels[level, _KNOWN]] = new
            levels[level, _KNOWN] += 1
            continue
        counters[_NODES] += 1
        open_sides = allowed & seen & ~levels[level, _SKIP]
        if open_sides == 0:
            levels[level, _PHASE] = _DONE
            continue
        first = 0 if open_sides & INACTIVE else 1
        if open_sides == INACTIVE | ACTIVE:
            levels[level, _PHASE] = _SECOND
            levels[level, _PENDING] = 1
        else:
            levels[level, _PHASE] = _DONE
        _descend(counters, levels, units, empty, known, states, path, values, rows, signs, level, first)
    return FINISHED

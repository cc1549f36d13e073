"""The compiled depth-first search over the splitting tree, for cells decided by :mod:`tableau_kernel`.

The search is a path of levels. A level is a cell that has entered a layer: its rows, the units of the layer that are still
live, and known points of it. It is settled (each live unit's hyperplane is found to cut the cell, or leaves the list
for the whole subtree), then split by a unit; when both halves are done, the search goes back. Everything
is kept in arrays, so that it can be left after any decision: see :func:`search`.

A known point answers most questions. A program that answers "yes" makes a point on that side of the unit on which none was
known, hence in a region without a known point: there is exactly one such program per region, and the others answer "no".
"""

import numpy as np

from polyregions.exact.cell import _RESET
from polyregions.exact.filter import INFLATE, U
from polyregions.splitting.tableau_kernel import NO, UNDECIDED, compiled, evaluate, find, prepare
from polyregions.splitting.tableau_state import (
    INHERITED,
    BoxRow,
    Constant,
    Counter,
    FloatArray,
    FormNumber,
    Forms,
    IntArray,
    PathColumn,
    Phase,
    Points,
    Problem,
    Search,
    Tableau,
    WordArray,
)

__all__ = ["BUFFER_FULL", "FINISHED", "NEEDS_DECISION", "NEEDS_ROOM", "NEEDS_ROWS", "PAUSED", "enter_layer", "search"]

#: Why the search returned: nothing is left; the budget is used up or so many regions found as were wanted; the leaf
#: buffer is full; a decision, more room for points, or exact rows of the next layer are needed from outside.
FINISHED, PAUSED, BUFFER_FULL, NEEDS_DECISION, NEEDS_ROOM, NEEDS_ROWS = range(6)

_DEPTH, _POINTS, _FOUND, _WORK = Counter.DEPTH, Counter.POINTS, Counter.FOUND, Counter.WORK
_BUFFERED, _UNIT, _SIGN, _INSIDE = Counter.BUFFERED, Counter.UNIT, Counter.SIGN, Counter.INSIDE
_BY_FILTER, _SPLITS = Counter.BY_FILTER, Counter.SPLITS
_SETTLE, _SECOND, _DONE, _ENTER = Phase.SETTLE, Phase.SECOND, Phase.DONE, Phase.ENTER
_LOWER, _UPPER, _RADIUS = BoxRow.LOWER, BoxRow.UPPER, BoxRow.RADIUS
_TINY, _DIMENSION, _OPEN, _CERTIFIED = Constant.TINY, Constant.DIMENSION, Constant.OPEN, Constant.CERTIFIED
_CONSTANT, _ERROR, _MAGNITUDE = FormNumber.CONSTANT, FormNumber.ERROR, FormNumber.MAGNITUDE
_PATH_SLOT, _PATH_UNIT, _PATH_SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@compiled
def _next_rows(problem: Problem, forms: Forms, prefix: WordArray, layer: int) -> bool:
    """The next layer's forms, as filter.next_rows; False if their errors are too large to go on with."""
    a, numbers, weights, box = forms.a, forms.numbers, problem.weights, problem.box
    constants = problem.constants
    length, after = box.shape[1], layer + 1
    active = 0
    for i in range(problem.widths[layer]):
        if prefix[layer, i >> 6] >> np.uint64(i & 63) & _ONE:
            active += 1
    fine = True
    factor = (active + 2.0) * U
    for u in range(problem.widths[after]):
        for j in range(length):
            a[after, u, j] = 0.0
        constant, error = 0.0, 0.0
        for i in range(problem.widths[layer]):
            if prefix[layer, i >> 6] >> np.uint64(i & 63) & _ONE:
                weight = weights[after, u, i]
                for j in range(length):
                    a[after, u, j] += weight * a[layer, i, j]
                constant += weight * numbers[layer, i, _CONSTANT]
                error += abs(weight) * (factor * numbers[layer, i, _MAGNITUDE] + numbers[layer, i, _ERROR])
        constant += problem.biases[after, u]
        magnitude = abs(constant)
        for j in range(length):
            magnitude += abs(a[after, u, j]) * box[_RADIUS, j]
        magnitude = magnitude * INFLATE + constants[_TINY]
        error = (error + factor * abs(problem.biases[after, u])) * INFLATE + constants[_TINY]
        numbers[after, u, _CONSTANT] = constant
        numbers[after, u, _MAGNITUDE] = magnitude
        numbers[after, u, _ERROR] = error
        if not error <= _RESET * magnitude:
            fine = False
    return fine or not constants[_CERTIFIED] > 0


@compiled
def enter_layer(
    problem: Problem, forms: Forms, points: Points, state: Search, level: int, layer: int, parent: int
) -> None:
    """Make ``level`` the cell of ``parent`` in a new layer, units settled that the box alone settles (equation 5)."""
    a, numbers, box, constants = forms.a, forms.numbers, problem.box, problem.constants
    x, values, signs = points.x, points.values, points.signs
    live, states, known_points, counters = state.live, state.states, state.known_points, state.counters
    length, width, count = box.shape[1], problem.widths[layer], state.known[parent]
    is_open = constants[_OPEN] > 0
    state.phase[level] = _SETTLE
    state.layer[level] = layer
    state.rows[level] = state.rows[parent]
    state.points[level] = counters[_POINTS]
    state.known[level] = count
    for word in range(live.shape[1]):
        left = min(max(width - 64 * word, 0), 64)
        live[level, word] = ~_ZERO if left == 64 else (_ONE << np.uint64(left)) - _ONE
        states[level, word] = _ZERO
    for k in range(count):
        point = known_points[parent, k]
        known_points[level, k] = point
        evaluate(constants, a, numbers, x, values, signs, point, layer, live, level)
    for u in range(width):
        word, bit = u >> 6, _ONE << np.uint64(u & 63)
        positive, negative = _ZERO, _ZERO
        for k in range(count):
            positive |= signs[layer, known_points[level, k], 1, word]
            negative |= signs[layer, known_points[level, k], 0, word]
        if positive & negative & bit:
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
        if highest <= 0.0:
            live[level, word] &= ~bit
        elif lowest > 0.0 or (is_open and lowest >= 0.0 and positive & bit):
            live[level, word] &= ~bit
            states[level, word] |= bit
        else:
            continue
        counters[_BY_FILTER] += 1


@compiled
def _settle(
    problem: Problem, forms: Forms, path: IntArray, points: Points, tableau: Tableau, state: Search, level: int
) -> bool:
    """Take units off the live list whose hyperplanes miss the cell; find points on both sides of the rest.

    Returns False, with the question in the counters, where a decision has to be made outside.
    """
    a, scaled, numbers, box, constants = forms.a, forms.scaled, forms.numbers, problem.box, problem.constants
    x, values, rows, signs = points.x, points.values, points.rows, points.signs
    t, row, column, names = tableau.t, tableau.row, tableau.column, tableau.names
    live, states, known, known_points = state.live, state.states, state.known, state.known_points
    counters, layer, count = state.counters, state.layer[level], state.rows[level]
    for word in range(live.shape[1]):
        negative, positive = _ZERO, _ZERO
        for k in range(known[level]):
            negative |= signs[layer, known_points[level, k], 0, word]
            positive |= signs[layer, known_points[level, k], 1, word]
        mask = live[level, word] & ~(positive & negative)
        unit, bit = 64 * word, _ONE
        while mask != _ZERO:
            if not mask & bit:
                unit += 1
                bit <<= _ONE
                continue
            sign = -1 if positive & bit else 1
            inside, best = -1, -np.inf
            for k in range(known[level]):
                value = sign * values[layer, known_points[level, k], unit]
                if value > best or inside < 0:
                    inside, best = known_points[level, k], value
            answer = find(
                counters, box, constants, a, scaled, numbers, path, x, values, rows, t, row, column, names,
                layer, unit, sign, count, inside,
            )  # fmt: skip
            if answer == UNDECIDED:
                counters[_UNIT], counters[_SIGN], counters[_INSIDE] = unit, sign, inside
                return False
            counters[_BY_FILTER] += 1
            if answer == NO:
                live[level, word] &= ~bit
                if sign < 0:
                    states[level, word] |= bit
                mask &= ~bit
                continue
            new = counters[_POINTS]
            counters[_POINTS] = new + 1
            evaluate(constants, a, numbers, x, values, signs, new, layer, live, level)
            known_points[level, known[level]] = new
            known[level] += 1
            negative |= signs[layer, new, 0, word]
            positive |= signs[layer, new, 1, word]
            mask &= ~(positive & negative)
    return True


@compiled
def _descend(path: IntArray, points: Points, state: Search, level: int, sign: int) -> None:
    """Make ``level + 1`` that half of the cell in which the split unit has the given sign."""
    values, rows, signs = points.values, points.rows, points.signs
    live, states, known_points = state.live, state.states, state.known_points
    child, layer, unit, row = level + 1, state.layer[level], state.unit[level], state.rows[level]
    word, bit = unit >> 6, _ONE << np.uint64(unit & 63)
    path[row, _PATH_SLOT], path[row, _PATH_UNIT], path[row, _PATH_SIGN] = layer, unit, sign
    state.phase[child] = _SETTLE
    state.layer[child] = layer
    state.rows[child] = row + 1
    state.points[child] = state.counters[_POINTS]
    for w in range(live.shape[1]):
        live[child, w] = live[level, w]
        states[child, w] = states[level, w]
    live[child, word] &= ~bit
    if sign > 0:
        states[child, word] |= bit
    side = 1 if sign > 0 else 0
    count = 0
    for k in range(state.known[level] - 1, -1, -1):
        point = known_points[level, k]
        if signs[layer, point, side, word] & bit:
            known_points[child, count] = point
            rows[point, row] = sign * values[layer, point, unit]
            count += 1
            if count == INHERITED:
                break
    state.known[child] = count
    state.counters[_DEPTH] = child


@compiled
def _split(state: Search, level: int) -> bool:
    """Choose the unit to split the settled cell by; False if none is live."""
    for word in range(state.live.shape[1]):
        mask = state.live[level, word]
        if mask:
            unit, bit = 64 * word, _ONE
            while not mask & bit:
                unit += 1
                bit <<= _ONE
            state.unit[level] = unit
            state.sign[level] = 1
            state.found[level] = state.counters[_FOUND]
            state.phase[level] = _SECOND
            state.counters[_SPLITS] += 1
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
    budget: int,
    most: int,
    keep: bool,
) -> int:
    """Search on until something is needed from outside, ``budget`` units of work are done or ``most`` regions found.

    ``keep``: write each leaf to the buffer.
    """
    counters, phases, layers = state.counters, state.phase, state.layer
    live, states, prefix, x = state.live, state.states, state.prefix, points.x
    leaf_states, leaf_points, known_points = state.leaf_states, state.leaf_points, state.known_points
    depth, length = len(problem.widths), problem.box.shape[1]
    room = x.shape[0] - 2 * int(problem.widths.max()) - 2
    counters[_WORK] = 0
    while counters[_DEPTH] >= 0:
        level = counters[_DEPTH]
        layer, phase = layers[level], phases[level]
        if phase == _SETTLE:
            if counters[_WORK] > budget or counters[_FOUND] >= most:
                return PAUSED
            if counters[_POINTS] > room:
                return NEEDS_ROOM
            counters[_WORK] += 100
            if not _settle(problem, forms, path, points, tableau, state, level):
                return NEEDS_DECISION
            if _split(state, level):
                _descend(path, points, state, level, -1)
                continue
            for word in range(live.shape[1]):
                prefix[layer, word] = states[level, word]
            if layer + 1 < depth:
                phases[level] = _ENTER
                if not _next_rows(problem, forms, prefix, layer):
                    return NEEDS_ROWS
                prepare(
                    problem.box, problem.constants, forms.a, forms.scaled, forms.numbers,
                    layer + 1, problem.widths[layer + 1],
                )  # fmt: skip
                continue
            if keep:
                leaf = counters[_BUFFERED]
                if leaf == len(leaf_points):
                    return BUFFER_FULL
                for i in range(depth):
                    for word in range(live.shape[1]):
                        leaf_states[leaf, i, word] = prefix[i, word]
                for j in range(length):
                    leaf_points[leaf, j] = x[known_points[level, 0], j]
                counters[_BUFFERED] = leaf + 1
            counters[_FOUND] += 1
            phases[level] = _DONE
        elif phase == _ENTER:
            phases[level] = _DONE
            counters[_DEPTH] = level + 1
            counters[_WORK] += state.known[level] * problem.widths[layer + 1] * length
            enter_layer(problem, forms, points, state, level + 1, layer + 1, level)
        elif phase == _SECOND:
            phases[level] = _DONE
            _descend(path, points, state, level, state.sign[level])
        else:
            counters[_POINTS] = state.points[level]
            counters[_DEPTH] = level - 1
    return FINISHED

"""The compiled steps of a population of cells: what a unit can be on each, the halves that go on, the next layer.

The decisions are those of the compiled search, made by the same linear programs and the same float filter, but only for
the one unit that all cells are at: where a known point shows one side, a single program decides the other.
"""

import numpy as np

from polyregions.sampling.descent_state import KEPT, FloatArray, IntArray, Population, WordArray
from polyregions.splitting.compiled import compiled, inlined
from polyregions.splitting.image_kernel import find_in_image
from polyregions.splitting.image_state import Image, with_points
from polyregions.splitting.tableau_filter import evaluate, prepare
from polyregions.splitting.tableau_kernel import NO, UNDECIDED, find
from polyregions.splitting.tableau_search import next_rows
from polyregions.splitting.tableau_state import Constant, Counter, PathColumn, Problem, Tableau

__all__ = ["branch", "doubted", "enter", "settle"]

_POINTS, _SIGN, _INSIDE, _BY_FILTER = Counter.POINTS, Counter.SIGN, Counter.INSIDE, Counter.BY_FILTER
_RANDOM, _DOUBT = Counter.RANDOM, Constant.DOUBT
_PATH_SLOT, _PATH_UNIT, _PATH_SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@compiled
def doubted(counters: IntArray, constants: FloatArray) -> bool:
    """Whether a decision is to be left to exact arithmetic, for tests."""
    if not constants[_DOUBT] > 0.0:
        return False
    counters[_RANDOM] = (counters[_RANDOM] * 1103515245 + 12345) & 0x7FFFFFFF
    return bool((counters[_RANDOM] >> 8) & 0xFFFF < constants[_DOUBT])


@inlined
def by_program(
    counters: IntArray,
    problem: Problem,
    population: Population,
    tableau: Tableau,
    image: Image | None,
    plain: bool | None,
    p: int,
    slot: int,
    u: int,
    sign: int,
    count: int,
    inside: int,
) -> int:
    """Whether a form has this sign in a cell of ``count`` rows, by a linear program from a known point on.

    YES: with a point where it has, in the place that the counters give.
    """  # fmt: skip
    box, constants = problem.box, problem.constants
    t, row, column, names = tableau
    a, scaled, numbers, path = population.a[p], population.scaled[p], population.numbers[p], population.path[p]
    x, values, rows = population.x[p], population.values[p], population.rows[p]
    answer = UNDECIDED
    # The compiler leaves out what a None excludes.
    if plain is not None:
        answer = find(
            counters, box, constants, a, scaled, numbers, path, x, values, rows, t, row, column, names,
            slot, u, sign, count, inside,
        )  # fmt: skip
    if image is not None:
        answer = find_in_image(
            counters, box, constants, a, scaled, numbers, path, x, values, rows, column, names,
            with_points(image, population.full[p]), slot, u, sign, count, inside,
        )  # fmt: skip
    return answer


@compiled
def settle(
    counters: IntArray,
    problem: Problem,
    population: Population,
    tableau: Tableau,
    image: Image | None,
    plain: bool | None,
    masks: WordArray,
    slots: IntArray,
    first: int,
    layer: int,
    unit: int,
) -> int:
    """Decide what a unit can be on the cells p in ``slots[first:]``; return how far it came.

    Less than all: a decision has to be made outside, with the question in the counters. ``masks``: one level, on which
    all units that may yet be asked about are live. ``image`` and ``plain`` as in :func:`tableau_search.search`.
    """
    constants = problem.constants
    word, bit = unit >> 6, _ONE << np.uint64(unit & 63)
    for k in range(first, len(slots)):
        p = slots[k]
        x, values, signs = population.x[p], population.values[p], population.signs[p]
        count = int(population.length[p])
        while True:
            negative, positive = _ZERO, _ZERO
            for i in range(population.known[p]):
                negative |= signs[layer, i, 0, word]
                positive |= signs[layer, i, 1, word]
            if negative & positive & bit:
                population.answers[p] = 0
                break
            sign = -1 if positive & bit else 1
            inside, best = -1, -np.inf
            for i in range(population.known[p]):
                value = sign * values[layer, i, unit]
                if value > best or inside < 0:
                    inside, best = i, value
            new = population.known[p]
            counters[_POINTS] = new
            answer = by_program(
                counters, problem, population, tableau, image, plain, p, layer, unit, sign, count, inside
            )
            if doubted(counters, constants):
                answer = UNDECIDED
            if answer == UNDECIDED:
                counters[_SIGN], counters[_INSIDE] = sign, inside
                return k
            counters[_BY_FILTER] += 1
            if answer == NO:
                population.answers[p] = -sign
                break
            population.known[p] = new + 1
            evaluate(constants, population.a[p], population.numbers[p], x, values, signs, new, layer, masks, 0)
    return len(slots)


@inlined
def _copy(problem: Problem, population: Population, source: int, target: int, layer: int) -> None:
    """Make the slot ``target`` the same cell as ``source``."""
    widths = problem.widths
    a, scaled, numbers = population.a, population.scaled, population.numbers
    # The first layer's forms and the domain's rows are those of every slot.
    for i in range(1, layer + 1):
        for u in range(widths[i]):
            for j in range(a.shape[3]):
                a[target, i, u, j] = a[source, i, u, j]
                scaled[target, i, u, j] = scaled[source, i, u, j]
            for j in range(numbers.shape[3]):
                numbers[target, i, u, j] = numbers[source, i, u, j]
    length, known = population.length[source], population.known[source]
    population.length[target], population.known[target] = length, known
    for i in range(length):
        for j in range(population.path.shape[2]):
            population.path[target, i, j] = population.path[source, i, j]
    for i in range(layer + 1):
        for word in range(population.states.shape[2]):
            population.states[target, i, word] = population.states[source, i, word]
    for k in range(known):
        _copy_point(population, source, k, target, k, layer, widths[layer], length)


@inlined
def _copy_point(
    population: Population, source: int, k: int, target: int, new: int, layer: int, width: int, length: int
) -> None:
    for j in range(population.x.shape[2]):
        population.x[target, new, j] = population.x[source, k, j]
    for j in range(population.full.shape[2]):
        population.full[target, new, j] = population.full[source, k, j]
    for u in range(width):
        population.values[target, layer, new, u] = population.values[source, layer, k, u]
    for i in range(length):
        population.rows[target, new, i] = population.rows[source, k, i]
    for side in range(2):
        for word in range(population.signs.shape[4]):
            population.signs[target, layer, new, side, word] = population.signs[source, layer, k, side, word]


@compiled
def branch(
    problem: Problem,
    population: Population,
    copied: IntArray,
    copies: IntArray,
    slots: IntArray,
    states: IntArray,
    is_split: IntArray,
    layer: int,
    unit: int,
) -> None:
    """Go on with the cells that were chosen.

    Parameters
    ----------
    copied, copies : slots of which both halves go on, and where the second of each goes
    slots, states, is_split : the cells that go on, the state, -1 or 1, that the unit has there, and whether it is a row
    """
    width, word, bit = problem.widths[layer], unit >> 6, _ONE << np.uint64(unit & 63)
    for k in range(len(copied)):
        _copy(problem, population, copied[k], copies[k], layer)
    for k in range(len(slots)):
        p, state = slots[k], states[k]
        if state > 0:
            population.states[p, layer, word] |= bit
        side, length, split = 1 if state > 0 else 0, population.length[p], is_split[k] > 0
        # The newest points of this side, in order; each is moved to where an older one was.
        chosen = 0
        for i in range(population.known[p]):
            if not split or population.signs[p, layer, i, side, word] & bit:
                chosen += 1
        skipped, kept = max(0, chosen - KEPT), 0
        for i in range(population.known[p]):
            if split and not population.signs[p, layer, i, side, word] & bit:
                continue
            if skipped:
                skipped -= 1
                continue
            if kept < i:
                _copy_point(population, p, i, p, kept, layer, width, length)
            if split:
                population.rows[p, kept, length] = state * population.values[p, layer, kept, unit]
            kept += 1
        population.known[p] = kept
        if split:
            population.path[p, length, _PATH_SLOT] = layer
            population.path[p, length, _PATH_UNIT] = unit
            population.path[p, length, _PATH_SIGN] = state
            population.length[p] = length + 1


@compiled
def enter(
    problem: Problem, population: Population, masks: WordArray, slots: IntArray, first: int, given: int, layer: int
) -> int:
    """Let the cells in ``slots[first:]`` enter a layer; less than all: exact forms are needed from outside.

    ``given``: the index of a cell that has them already.
    """
    widths, weights, biases, box, constants, _ = problem
    for k in range(first, len(slots)):
        p = slots[k]
        a, scaled, numbers = population.a[p], population.scaled[p], population.numbers[p]
        if layer and k != given:
            if not next_rows(widths, weights, biases, box, constants, a, numbers, population.states[p], layer - 1):
                return k
            prepare(box, constants, a, scaled, numbers, layer, widths[layer])
        for word in range(population.states.shape[2]):
            population.states[p, layer, word] = _ZERO
        for i in range(population.known[p]):
            evaluate(
                constants, a, numbers, population.x[p], population.values[p], population.signs[p], i, layer, masks, 0
            )
    return len(slots)

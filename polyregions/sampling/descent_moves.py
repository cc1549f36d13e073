"""Compiled: cells of a population move to neighbours through their facets.

A proposal takes a unit that was asked about and asks whether the cell has a facet on its boundary. That is so if the
unit cuts the cell that the other rows make (:mod:`polyregions.sampling.descent_walk`).
"""

import numpy as np
import numpy.typing as npt

from polyregions.sampling.descent_behind import behind, later_forms
from polyregions.sampling.descent_centre import newton, slacks
from polyregions.sampling.descent_kernel import doubted
from polyregions.sampling.descent_metric import CentreWork, RowKind, Wide, place
from polyregions.sampling.descent_points import put, replace, take
from polyregions.sampling.descent_state import KEPT, Population
from polyregions.sampling.descent_walk import beyond
from polyregions.splitting.compiled import compiled
from polyregions.splitting.image_state import Image
from polyregions.splitting.tableau_filter import certain_sign, evaluate, holds
from polyregions.splitting.tableau_kernel import NO, UNDECIDED, YES
from polyregions.splitting.tableau_state import Counter, FormNumber, PathColumn, Problem, Tableau

__all__ = ["ask", "move", "take_up"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]

_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_X, _SLACK, _SCALE = Wide.X, RowKind.SLACK, FormNumber.SCALE
_BY_FILTER, _MOVES = Counter.BY_FILTER, Counter.MOVES
_ONE = np.uint64(1)

#: Newton's steps to a cell's centre, from one near by and from anywhere.
_STEPS, _ALL_STEPS = 30, 60


@compiled
def _exchange(population: Population, p: int, i: int, j: int, work: CentreWork) -> None:
    """Exchange rows i and j of a cell, and their slacks at its centre."""
    path, rows, own = population.path[p], population.rows[p], work.rows
    own[_SLACK, i], own[_SLACK, j] = own[_SLACK, j], own[_SLACK, i]
    for c in range(path.shape[1]):
        path[i, c], path[j, c] = path[j, c], path[i, c]
    for k in range(population.known[p]):
        rows[k, i], rows[k, j] = rows[k, j], rows[k, i]


@compiled
def _start_from(
    problem: Problem,
    population: Population,
    image: Image | None,
    plain: bool | None,
    n: int,
    p: int,
    layer: int,
    masks: WordArray,
    steps: int,
    centres: FloatArray,
    work: CentreWork,
) -> bool:
    """From X to near the centre, which is kept and becomes known; False if not certainly in the cell."""  # fmt: skip
    box, constants = problem.box, problem.constants
    a, scaled, numbers, path = population.a[p], population.scaled[p], population.numbers[p], population.path[p]
    x, rows, count, new = (
        population.x[p],
        population.rows[p],
        int(population.length[p]),
        min(int(population.known[p]), KEPT + 2),
    )
    if not newton(scaled, numbers, image, plain, path, count, n, steps, work):
        return False
    # L and R stay those of the last point but one, which is near.
    place(image, plain, n, work, _X)
    if not slacks(scaled, numbers, path, count, n, work) > 0.0:
        return False
    if not put(problem, population, image, p, work, new):
        return False
    if not holds(box, constants, a, numbers, path, x, rows, new, count):
        return False
    population.known[p] = max(new + 1, int(population.known[p]))
    evaluate(constants, a, numbers, x, population.values[p], population.signs[p], new, layer, masks, 0)
    for j in range(work.wide.shape[1]):
        centres[p, j] = work.wide[_X, j]
    return True


@compiled
def _centre(
    problem: Problem,
    population: Population,
    image: Image | None,
    plain: bool | None,
    n: int,
    p: int,
    layer: int,
    masks: WordArray,
    centres: FloatArray,
    work: CentreWork,
) -> bool:
    """X near the centre, which becomes known, from that kept or else from known points; or False."""  # fmt: skip
    known = int(population.known[p])
    for i in range(known, -1, -1):
        if i == known:
            for j in range(work.wide.shape[1]):
                work.wide[_X, j] = centres[p, j]
        else:
            take(problem, population, image, p, i, work)
        if _start_from(problem, population, image, plain, n, p, layer, masks, _STEPS, centres, work):
            return True
    return False


@compiled
def ask(
    counters: IntArray,
    problem: Problem,
    population: Population,
    tableau: Tableau,
    image: Image | None,
    plain: bool | None,
    n: int,
    masks: WordArray,
    slots: IntArray,
    layer: int,
    unit: int,
    centres: FloatArray,
    proven: IntArray,
    work: CentreWork,
    walk: CentreWork,
) -> None:
    """Find points of cells on both sides of a unit, or prove that it has one sign: ``proven``, else 0."""  # fmt: skip
    constants, word, bit = problem.constants, unit >> 6, _ONE << np.uint64(unit & 63)
    for p in slots:
        proven[p] = 0
        if not _centre(problem, population, image, plain, n, p, layer, masks, centres, work):
            continue
        new, count = int(population.known[p]), int(population.length[p])
        negative, positive = False, False
        for i in range(new):
            negative |= (population.signs[p, layer, i, 0, word] & bit) > 0
            positive |= (population.signs[p, layer, i, 1, word] & bit) > 0
        if negative == positive:
            continue
        sign = 1 if positive else -1
        answer = beyond(
            counters, problem, population, tableau, image, plain, n, p, count, layer, unit, sign, work, walk
        )
        if answer == YES:
            population.known[p] = new + 1
            evaluate(
                constants, population.a[p], population.numbers[p], population.x[p], population.values[p],
                population.signs[p], new, layer, masks, 0,
            )  # fmt: skip
        elif answer == NO and not doubted(counters, constants):
            counters[_BY_FILTER] += 1
            proven[p] = sign


@compiled
def move(
    counters: IntArray,
    problem: Problem,
    population: Population,
    tableau: Tableau,
    image: Image | None,
    plain: bool | None,
    n: int,
    masks: WordArray,
    p: int,
    first_row: int,
    choices: IntArray,
    coins: FloatArray,
    first: int,
    layer: int,
    favoured: IntArray,
    ratios: FloatArray,
    centres: FloatArray,
    work: CentreWork,
    walk: CentreWork,
) -> int:
    """Take the proposals ``choices[first:]`` of one cell, each the number of a row from ``first_row`` on.

    To leave the ``favoured`` sign of a first-layer unit ``coins`` have to be below its ratio. Returns the proposal that
    has to be decided outside, or how many there are; minus 1 minus that if the cell's centre was not found.
    """  # fmt: skip
    constants, a, numbers, path = problem.constants, population.a[p], population.numbers[p], population.path[p]
    x, rows, count = population.x[p], population.rows[p], int(population.length[p])
    last = count - 1
    if not _centre(problem, population, image, plain, n, p, layer, masks, centres, work):
        return -1 - first
    for m in range(first, len(choices)):
        r = first_row + choices[m]
        u = path[r, _UNIT]
        if path[r, _SLOT] == 0 and path[r, _SIGN] == favoured[u] and not coins[m] < ratios[u]:
            continue
        _exchange(population, p, r, last, work)
        slot, u, sign = int(path[last, _SLOT]), int(path[last, _UNIT]), int(path[last, _SIGN])
        word, bit, new = u >> 6, _ONE << np.uint64(u & 63), int(population.known[p])
        answer = beyond(counters, problem, population, tableau, image, plain, n, p, last, slot, u, sign, work, walk)
        if doubted(counters, constants):
            answer = UNDECIDED
        if answer == YES:
            population.states[p, slot, word] ^= bit
            path[last, _SIGN] = -sign
            if slot < layer and not behind(problem, population, image, plain, n, p, last + 1, slot, u, layer, walk):
                population.states[p, slot, word] ^= bit
                path[last, _SIGN] = sign
                later_forms(problem, population, p, slot + 1, layer)
                answer = UNDECIDED
        if answer == YES:
            rows[new, last] = abs(certain_sign(constants, a, numbers, x, new, slot, u)[0]) * numbers[slot, u, _SCALE]
            replace(population, p, new, 0, count)
            population.known[p] = 1
            evaluate(constants, a, numbers, x, population.values[p], population.signs[p], 0, layer, masks, 0)
        _exchange(population, p, r, last, work)
        if answer == UNDECIDED:
            return m
        counters[_BY_FILTER] += 1
        if answer == YES:
            counters[_MOVES] += 1
            take(problem, population, image, p, 0, work)
            if not _start_from(problem, population, image, plain, n, p, layer, masks, _STEPS, centres, work):
                return -2 - m
    return len(choices)


@compiled
def take_up(
    problem: Problem,
    population: Population,
    image: Image | None,
    plain: bool | None,
    n: int,
    p: int,
    layer: int,
    masks: WordArray,
    centres: FloatArray,
    work: CentreWork,
) -> bool:
    """Make a cell compiled again: its forms, from the states and rows put there, and its centre, from its point 0."""
    if not later_forms(problem, population, p, 1, layer):
        return False
    population.known[p] = 0
    take(problem, population, image, p, 0, work)
    return _start_from(problem, population, image, plain, n, p, layer, masks, _ALL_STEPS, centres, work)

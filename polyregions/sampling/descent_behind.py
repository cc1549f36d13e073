"""Compiled: a point of the cell behind a facet, where forms are others."""

import numpy as np

from polyregions.sampling.descent_centre import go_along, mix, room_along, two_steps
from polyregions.sampling.descent_metric import CentreWork, Wide
from polyregions.sampling.descent_points import between, put, replace, take
from polyregions.sampling.descent_state import Population
from polyregions.splitting.compiled import compiled
from polyregions.splitting.image_state import Image
from polyregions.splitting.tableau_filter import certain_sign, holds, prepare
from polyregions.splitting.tableau_search import next_rows
from polyregions.splitting.tableau_state import PathColumn, Problem

__all__ = ["behind", "later_forms"]

_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_STEP = Wide.STEP

#: Steps to the centre of a facet, and the share of the way to the facet's boundary that each goes at most.
_FACET_STEPS, _PACE = 12, 0.9
#: Points tried behind a facet, each so much nearer to it than the one before.
_TRIALS, _NEARER = 3, 0.2


@compiled
def later_forms(problem: Problem, population: Population, p: int, first: int, layer: int) -> bool:
    """The forms of the layers from ``first`` to ``layer`` for the cell's states; whether their errors are small."""
    widths, weights, biases, box, constants, _ = problem
    a, scaled, numbers = population.a[p], population.scaled[p], population.numbers[p]
    fine = True
    for i in range(first, layer + 1):
        fine &= next_rows(widths, weights, biases, box, constants, a, numbers, population.states[p], i - 1)
        prepare(box, constants, a, scaled, numbers, i, widths[i])
    return fine


@compiled
def _centre_of_facet(
    population: Population,
    image: Image | None,
    plain: bool | None,
    n: int,
    p: int,
    count: int,
    slot: int,
    u: int,
    work: CentreWork,
) -> bool:
    """From X, where a form is 0, to the centre of where it is in the cell of the first ``count`` rows.

    STEP: a part of the way from there in the form's direction that stays in the cell. False if floats do not do.
    """  # fmt: skip
    scaled, numbers, path = population.scaled[p], population.numbers[p], population.path[p]
    wide = work.wide
    for k in range(_FACET_STEPS):
        here, growth, along = two_steps(scaled, numbers, image, plain, path, count, slot, u, n, work)
        if not growth > 0.0:
            return False
        if k == _FACET_STEPS - 1:
            step = min(room_along(count, 1.0, work), room_along(count, -1.0, work))
            for j in range(wide.shape[1]):
                wide[_STEP, j] *= 0.3 * step
            return True
        mix(count, -(along + here) / growth, work)
        go_along(min(1.0, _PACE * room_along(count, 1.0, work)), work)
    return False


@compiled
def behind(
    problem: Problem,
    population: Population,
    image: Image | None,
    plain: bool | None,
    n: int,
    p: int,
    count: int,
    slot: int,
    u: int,
    layer: int,
    work: CentreWork,
) -> bool:
    """A point of the cell behind the facet on the way to the point last found, for forms that changed there.

    That point is replaced. The row of the facet is the last, and already has the sign of the other side; forms agree on
    the facet itself, so that near enough to it there are points of the neighbour: best near the facet's centre.
    """  # fmt: skip
    box, constants = problem.box, problem.constants
    a, numbers, path = population.a[p], population.numbers[p], population.path[p]
    x, rows, far = population.x[p], population.rows[p], int(population.known[p])
    inside, best = 0, -np.inf
    for i in range(far):
        least = np.inf
        for q in range(count):
            least = min(least, rows[i, q])
        if least > best:
            inside, best = i, least
    start = certain_sign(constants, a, numbers, x, inside, slot, u)[0]
    crossing = start / (start - certain_sign(constants, a, numbers, x, far, slot, u)[0])
    if not later_forms(problem, population, p, slot + 1, layer):
        return False
    room = 1.0
    for q in range(count - 1):
        sign = path[q, _SIGN]
        first = sign * certain_sign(constants, a, numbers, x, inside, path[q, _SLOT], path[q, _UNIT])[0]
        second = sign * certain_sign(constants, a, numbers, x, far, path[q, _SLOT], path[q, _UNIT])[0]
        there = first + crossing * (second - first)
        if second < 0.0 and there > 0.0:
            room = min(room, crossing + (1.0 - crossing) * there / (there - second))
    share = 0.5
    for _ in range(_TRIALS):
        step = crossing + share * (room - crossing)
        share *= _NEARER
        if not between(population, image, p, inside, far, step, far + 1):
            continue
        if holds(box, constants, a, numbers, path, x, rows, far + 1, count):
            replace(population, p, far + 1, far, count)
            return True
    between(population, image, p, inside, far, crossing, far + 1)
    take(problem, population, image, p, far + 1, work)
    if not _centre_of_facet(population, image, plain, n, p, count - 1, slot, u, work):
        return False
    go_along(float(path[count - 1, _SIGN]), work)
    if not put(problem, population, image, p, work, far + 1):
        return False
    if not holds(box, constants, a, numbers, path, x, rows, far + 1, count):
        return False
    replace(population, p, far + 1, far, count)
    return True

"""Compiled: does a form have a second sign in a cell? Asked by an interior-point walk.

Newton's steps for the form plus the barrier, whose weight sinks, give points until the form's boundary is crossed, and
multipliers that belong to each step, until the float filter accepts the one or the other; at last there is a linear
program. The answer does not depend on how it was found.
"""

import numpy as np
import numpy.typing as npt

from polyregions.sampling.descent_centre import direction, go_along, mix, room_along, two_steps
from polyregions.sampling.descent_kernel import by_program
from polyregions.sampling.descent_metric import CentreWork, RowKind, Wide, share_metric
from polyregions.sampling.descent_points import put
from polyregions.sampling.descent_state import Population
from polyregions.splitting.compiled import compiled
from polyregions.splitting.image_kernel import image_excludes
from polyregions.splitting.image_state import Image
from polyregions.splitting.tableau_filter import certain_sign, excludes, holds
from polyregions.splitting.tableau_kernel import NO, UNDECIDED, YES
from polyregions.splitting.tableau_state import (
    ColumnRow,
    Counter,
    FormNumber,
    NameRow,
    PathColumn,
    Problem,
    Tableau,
)

__all__ = ["beyond"]

IntArray = npt.NDArray[np.int64]

_SLOT, _UNIT = PathColumn.SLOT, PathColumn.UNIT
_X, _STEP, _OTHER_STEP, _OTHER_CHANGE = Wide.X, Wide.STEP, Wide.OTHER, RowKind.OTHER
_SLACK, _CHANGE, _SCALE, _POINTS = RowKind.SLACK, RowKind.CHANGE, FormNumber.SCALE, Counter.POINTS
_MULTIPLIER, _WEIGHT = NameRow.MULTIPLIER, ColumnRow.WEIGHT

#: Steps to a form's boundary, at most, and the share of the way to the cell's boundary that each goes; that of the
#: first one, which does without the barrier.
_WALK, _PACE, _FIRST_PACE = 40, 0.9, 0.7


@compiled
def _refuted(
    problem: Problem,
    population: Population,
    image: Image | None,
    plain: bool | None,
    p: int,
    count: int,
    slot: int,
    u: int,
    sign: int,
    weight: float,
    work: CentreWork,
) -> bool:
    """Whether the multipliers that belong to STEP prove that the form has nowhere the other sign.

    STEP is Newton's for weight times the form plus the barrier, so that weight f is about the sum of the rows, each
    times (1 - change / slack) / slack, and of the box's sides; the filter takes these as they have to be.
    """  # fmt: skip
    constants, a, numbers, path = problem.constants, population.a[p], population.numbers[p], population.path[p]
    column, names = work.column, work.names
    many, own = 0, numbers[slot, u, _SCALE]
    for i in range(count):
        slack = work.rows[_SLACK, i]
        share = 1.0 - work.rows[_CHANGE, i] / slack
        if share > 0.0:
            names[_MULTIPLIER, many] = i
            scale = numbers[path[i, _SLOT], path[i, _UNIT], _SCALE] / own
            column[_WEIGHT, many] = share / (weight * slack) * scale
            many += 1
    if plain is not None:
        return excludes(problem.box, constants, a, numbers, path, column, names, slot, u, -sign, count, many)
    if image is not None:
        return image_excludes(constants, a, numbers, path, column, names, image, slot, u, -sign, count, many)
    return False


@compiled
def _most(count: int, sense: float, work: CentreWork) -> float:
    """The largest weight of STEP, in a sense, with which together with the other step one stays in the cell."""
    wide, rows = work.wide, work.rows
    weight = np.inf
    for j in range(wide.shape[1]):
        x, step, other = wide[_X, j], sense * wide[_STEP, j], wide[_OTHER_STEP, j]
        if step < 0.0:
            weight = min(weight, max(_PACE * x + other, 0.0) / -step)
        elif step > 0.0:
            weight = min(weight, max(_PACE * (1.0 - x) - other, 0.0) / step)
    for i in range(count):
        change = sense * rows[_CHANGE, i]
        if change < 0.0:
            weight = min(weight, max(_PACE * rows[_SLACK, i] + rows[_OTHER_CHANGE, i], 0.0) / -change)
    return weight


@compiled
def beyond(
    counters: IntArray,
    problem: Problem,
    population: Population,
    tableau: Tableau,
    image: Image | None,
    plain: bool | None,
    n: int,
    p: int,
    count: int,
    slot: int,
    u: int,
    sign: int,
    centre_work: CentreWork,
    walk: CentreWork,
) -> int:
    """Whether a form of this sign in the cell of the first ``count`` rows has the other one somewhere there.

    YES: with a point of those rows where it has, as the next known one.
    """  # fmt: skip
    box, constants = problem.box, problem.constants
    a, scaled, numbers, path = population.a[p], population.scaled[p], population.numbers[p], population.path[p]
    x, values, rows = population.x[p], population.values[p], population.rows[p]
    new, wide = int(population.known[p]), walk.wide
    if not numbers[slot, u, _SCALE] > 0.0:
        return UNDECIDED
    weight = 0.0
    for k in range(_WALK):
        if k == 0:
            # In the direction of a form the barrier's own row of it only shortens the step.
            here, growth = direction(scaled, numbers, image, plain, path, count, slot, u, n, centre_work)
            for j in range(wide.shape[1]):
                wide[_X, j] = centre_work.wide[_X, j]
                wide[_STEP, j] = centre_work.wide[_STEP, j]
            for i in range(count):
                walk.rows[_SLACK, i], walk.rows[_CHANGE, i] = centre_work.rows[_SLACK, i], centre_work.rows[_CHANGE, i]
        else:
            here, growth, _ = two_steps(scaled, numbers, image, plain, path, count, slot, u, n, walk)
        if not growth > 0.0:
            break
        crossing, room = sign * here / growth, room_along(count, float(-sign), walk)
        if crossing < room:
            step = crossing + min(0.5 * (room - crossing), crossing if crossing > 0.0 else np.inf)
            go_along(-sign * step, walk)
            if put(problem, population, image, p, walk, new):
                certain = certain_sign(constants, a, numbers, x, new, slot, u)[1]
                if certain == -sign and holds(box, constants, a, numbers, path, x, rows, new, count):
                    return YES
            break
        if k == 0:
            weight = _FIRST_PACE * room
            go_along(-sign * weight, walk)
            share_metric(image, n, centre_work, walk)
            continue
        weight = max(_most(count, float(-sign), walk), 0.5 * weight)
        if not (weight > 0.0 and np.isfinite(weight)):
            break
        mix(count, -sign * weight, walk)
        if _refuted(problem, population, image, plain, p, count, slot, u, sign, weight, walk):
            return NO
        go_along(min(1.0, _PACE * room_along(count, 1.0, walk)), walk)
    inside, best = 0, -np.inf
    for i in range(new):
        values[slot, i, u] = certain_sign(constants, a, numbers, x, i, slot, u)[0] * numbers[slot, u, _SCALE]
        if -sign * values[slot, i, u] > best:
            inside, best = i, -sign * values[slot, i, u]
    counters[_POINTS] = new
    return by_program(counters, problem, population, tableau, image, plain, p, slot, u, -sign, count, inside)

"""Compiled: cells of a population move to neighbours through their facets.

A proposal takes a unit that was asked about and asks whether the cell has a facet on its boundary. That is so if the
unit cuts the cell that the other rows make, which is decided like everything else: by a point that the filter accepts,
or by multipliers that it accepts. Both are proposed by Newton's steps for the form plus the barrier, whose weight
sinks: points until the boundary is crossed, and the multipliers that belong to each step; at last by a linear program.
The answer does not depend on how it was found.
"""

import numpy as np
import numpy.typing as npt

from polyregions.sampling.descent_centre import barrier_step, direction, newton, room_along, slacks
from polyregions.sampling.descent_kernel import doubted
from polyregions.sampling.descent_metric import CentreWork, Narrow, RowKind, Wide, factorise, place, share_metric
from polyregions.sampling.descent_state import KEPT, Population
from polyregions.splitting.compiled import compiled
from polyregions.splitting.image_kernel import find_in_image, image_excludes, lies_inside, to_image
from polyregions.splitting.image_state import Image, with_points
from polyregions.splitting.tableau_filter import certain_sign, evaluate, excludes, holds, prepare
from polyregions.splitting.tableau_kernel import NO, UNDECIDED, YES, find
from polyregions.splitting.tableau_search import next_rows
from polyregions.splitting.tableau_state import (
    BoxRow,
    ColumnRow,
    Counter,
    FormNumber,
    NameRow,
    PathColumn,
    Problem,
    Tableau,
)

__all__ = ["ask", "move", "take_up"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]

_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_LOWER, _EXTENT, _INVERSE = BoxRow.LOWER, BoxRow.EXTENT, BoxRow.INVERSE
_X, _INVERSE_HESSIAN, _STEP = Wide.X, Wide.INVERSE_HESSIAN, Wide.STEP
_OTHER_STEP, _OTHER_CHANGE = Wide.OTHER, RowKind.OTHER
_Y, _RIGHT, _FIRST, _SLACK, _CHANGE = Narrow.Y, Narrow.RIGHT, Narrow.FIRST, RowKind.SLACK, RowKind.CHANGE
_SCALED_CONSTANT, _SCALE, _POINTS = FormNumber.SCALED_CONSTANT, FormNumber.SCALE, Counter.POINTS
_BY_FILTER, _MULTIPLIER, _WEIGHT = Counter.BY_FILTER, NameRow.MULTIPLIER, ColumnRow.WEIGHT
_MOVES = Counter.MOVES
_ONE = np.uint64(1)

#: Steps of a walk to a form's boundary, at most, and the share of the way to the cell's boundary that each goes; that
#: of the first one, which does without the barrier.
_WALK, _PACE, _FIRST_PACE = 40, 0.9, 0.7
#: Newton's steps to a cell's centre, from one near by and from anywhere.
_STEPS, _ALL_STEPS = 30, 60
_FACET_STEPS = 12
#: Points tried behind a facet, each so much nearer to it than the one before.
_TRIALS, _NEARER = 3, 0.2


@compiled
def _put(problem: Problem, population: Population, image: Image | None, p: int, work: CentreWork, new: int) -> bool:
    """Make X, of the box scaled to [0, 1], point ``new`` of a cell; False if it is not certainly in the box."""
    box, x = problem.box, population.x[p]
    if image is None:
        for j in range(x.shape[1]):
            x[new, j] = box[_LOWER, j] + box[_EXTENT, j] * work.wide[_X, j]
    if image is not None:
        own = with_points(image, population.full[p])
        for j in range(own.points.shape[1]):
            own.points[new, j] = own.box[_LOWER, j] + own.box[_EXTENT, j] * work.wide[_X, j]
        if not lies_inside(own, new):
            return False
        to_image(own, x, new)
    return True


@compiled
def _take(problem: Problem, population: Population, image: Image | None, p: int, point: int, work: CentreWork) -> None:
    """X of a known point."""
    for j in range(work.wide.shape[1]):
        if image is None:
            inverse = problem.box[_INVERSE, j]
            value = (population.x[p, point, j] - problem.box[_LOWER, j]) * inverse
        if image is not None:
            inverse = image.box[_INVERSE, j]
            value = (population.full[p, point, j] - image.box[_LOWER, j]) * inverse
        # Coordinates that pad the box stay in its middle.
        work.wide[_X, j] = value if inverse > 0.0 else 0.5


@compiled
def _exchange(population: Population, p: int, i: int, j: int) -> None:
    """Exchange rows i and j of a cell."""
    path, rows = population.path[p], population.rows[p]
    for c in range(path.shape[1]):
        path[i, c], path[j, c] = path[j, c], path[i, c]
    for k in range(population.known[p]):
        rows[k, i], rows[k, j] = rows[k, j], rows[k, i]


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

    STEP is Newton's for weight times the form plus the barrier, so that weight f is the sum of the rows, each times
    (1 - change / slack) / slack, and of the box's sides.
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
def _mix(count: int, weight: float, work: CentreWork) -> None:
    """STEP and CHANGE: weight times themselves plus the other ones."""
    wide, rows = work.wide, work.rows
    for j in range(wide.shape[1]):
        wide[_STEP, j] = weight * wide[_STEP, j] + wide[_OTHER_STEP, j]
    for i in range(count):
        rows[_CHANGE, i] = weight * rows[_CHANGE, i] + rows[_OTHER_CHANGE, i]


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
def _beyond(
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
            place(image, plain, n, walk, _X)
            if not slacks(scaled, numbers, path, count, n, walk) > 0.0:
                break
            if not factorise(scaled, image, plain, path, count, n, walk):
                break
            barrier_step(scaled, image, plain, path, count, n, walk, True)
            for j in range(wide.shape[1]):
                wide[_OTHER_STEP, j] = wide[_STEP, j]
            for i in range(count):
                walk.rows[_OTHER_CHANGE, i] = walk.rows[_CHANGE, i]
            here, growth = direction(scaled, numbers, image, plain, path, count, slot, u, n, walk)
        if not growth > 0.0:
            break
        crossing, room = sign * here / growth, room_along(count, float(-sign), walk)
        if crossing < room:
            step = crossing + min(0.5 * (room - crossing), crossing if crossing > 0.0 else np.inf)
            for j in range(wide.shape[1]):
                wide[_X, j] -= sign * step * wide[_STEP, j]
            if _put(problem, population, image, p, walk, new):
                certain = certain_sign(constants, a, numbers, x, new, slot, u)[1]
                if certain == -sign and holds(box, constants, a, numbers, path, x, rows, new, count):
                    return YES
            break
        if k == 0:
            for j in range(wide.shape[1]):
                wide[_X, j] -= sign * _FIRST_PACE * room * wide[_STEP, j]
            weight = _FIRST_PACE * room
            share_metric(image, n, centre_work, walk)
            continue
        weight = max(_most(count, float(-sign), walk), 0.5 * weight)
        if not (weight > 0.0 and np.isfinite(weight)):
            break
        _mix(count, -sign * weight, walk)
        if _refuted(problem, population, image, plain, p, count, slot, u, sign, weight, walk):
            return NO
        step = min(1.0, _PACE * room_along(count, 1.0, walk))
        for j in range(wide.shape[1]):
            wide[_X, j] += step * wide[_STEP, j]
    inside, best = 0, -np.inf
    for i in range(new):
        values[slot, i, u] = certain_sign(constants, a, numbers, x, i, slot, u)[0] * numbers[slot, u, _SCALE]
        if -sign * values[slot, i, u] > best:
            inside, best = i, -sign * values[slot, i, u]
    counters[_POINTS] = new
    answer = UNDECIDED
    # The compiler leaves out what a None excludes.
    if plain is not None:
        t, row, column, names = tableau
        answer = find(
            counters, box, constants, a, scaled, numbers, path, x, values, rows, t, row, column, names,
            slot, u, -sign, count, inside,
        )  # fmt: skip
    if image is not None:
        column, names = tableau.column, tableau.names
        answer = find_in_image(
            counters, box, constants, a, scaled, numbers, path, x, values, rows, column, names,
            with_points(image, population.full[p]), slot, u, -sign, count, inside,
        )  # fmt: skip
    return answer


@compiled
def _later_forms(problem: Problem, population: Population, p: int, first: int, layer: int) -> bool:
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
    wide, rows = work.wide, work.rows
    for k in range(_FACET_STEPS):
        place(image, plain, n, work, _X)
        if not slacks(scaled, numbers, path, count, n, work) > 0.0:
            return False
        if not factorise(scaled, image, plain, path, count, n, work):
            return False
        barrier_step(scaled, image, plain, path, count, n, work, True)
        along = 0.0
        for c in range(n):
            along += scaled[slot, u, c] * work.narrow[_FIRST, c]
        for j in range(wide.shape[1]):
            wide[_OTHER_STEP, j] = wide[_STEP, j]
        for i in range(count):
            rows[_OTHER_CHANGE, i] = rows[_CHANGE, i]
        here, growth = direction(scaled, numbers, image, plain, path, count, slot, u, n, work)
        if not growth > 0.0:
            return False
        if k == _FACET_STEPS - 1:
            step = min(room_along(count, 1.0, work), room_along(count, -1.0, work))
            for j in range(wide.shape[1]):
                wide[_STEP, j] *= 0.3 * step
            return True
        _mix(count, -(along + here) / growth, work)
        step = min(1.0, _PACE * room_along(count, 1.0, work))
        for j in range(wide.shape[1]):
            wide[_X, j] += step * wide[_STEP, j]
    return False


@compiled
def _between(
    population: Population, image: Image | None, p: int, inside: int, far: int, share: float, new: int
) -> bool:
    """Make point ``new`` of a cell that at a share of the way between two; False if it is not certainly in the box."""
    x = population.x[p]
    if image is None:
        for j in range(x.shape[1]):
            x[new, j] = x[inside, j] + share * (x[far, j] - x[inside, j])
    if image is not None:
        own = with_points(image, population.full[p])
        for j in range(own.points.shape[1]):
            own.points[new, j] = own.points[inside, j] + share * (own.points[far, j] - own.points[inside, j])
        if not lies_inside(own, new):
            return False
        to_image(own, x, new)
    return True


@compiled
def _behind(
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
    if not _later_forms(problem, population, p, slot + 1, layer):
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
        if not _between(population, image, p, inside, far, step, far + 1):
            continue
        if holds(box, constants, a, numbers, path, x, rows, far + 1, count):
            _replace(population, p, far + 1, far, count)
            return True
    _between(population, image, p, inside, far, crossing, far + 1)
    _take(problem, population, image, p, far + 1, work)
    if not _centre_of_facet(population, image, plain, n, p, count - 1, slot, u, work):
        return False
    for j in range(work.wide.shape[1]):
        work.wide[_X, j] += path[count - 1, _SIGN] * work.wide[_STEP, j]
    if not _put(problem, population, image, p, work, far + 1):
        return False
    if not holds(box, constants, a, numbers, path, x, rows, far + 1, count):
        return False
    _replace(population, p, far + 1, far, count)
    return True


@compiled
def _replace(population: Population, p: int, source: int, target: int, count: int) -> None:
    """Make point ``target`` of a cell the same as ``source``, but for what is known of units."""
    for j in range(population.x.shape[2]):
        population.x[p, target, j] = population.x[p, source, j]
    for j in range(population.full.shape[2]):
        population.full[p, target, j] = population.full[p, source, j]
    for i in range(count):
        population.rows[p, target, i] = population.rows[p, source, i]


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
    work: CentreWork,
) -> bool:
    """From X to near the centre, which becomes known; False if it is not certainly inside the cell."""  # fmt: skip
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
    if not _put(problem, population, image, p, work, new):
        return False
    if not holds(box, constants, a, numbers, path, x, rows, new, count):
        return False
    population.known[p] = max(new + 1, int(population.known[p]))
    evaluate(constants, a, numbers, x, population.values[p], population.signs[p], new, layer, masks, 0)
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
            _take(problem, population, image, p, i, work)
        if _start_from(problem, population, image, plain, n, p, layer, masks, _STEPS, work):
            for j in range(work.wide.shape[1]):
                centres[p, j] = work.wide[_X, j]
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
        answer = _beyond(
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
    has to be decided outside, or how many there are.
    """  # fmt: skip
    constants, a, numbers, path = problem.constants, population.a[p], population.numbers[p], population.path[p]
    x, rows, count = population.x[p], population.rows[p], int(population.length[p])
    last = count - 1
    if not _centre(problem, population, image, plain, n, p, layer, masks, centres, work):
        return first
    for m in range(first, len(choices)):
        r = first_row + choices[m]
        u = path[r, _UNIT]
        if path[r, _SLOT] == 0 and path[r, _SIGN] == favoured[u] and not coins[m] < ratios[u]:
            continue
        slacks_of = work.rows
        _exchange(population, p, r, last)
        slacks_of[_SLACK, r], slacks_of[_SLACK, last] = slacks_of[_SLACK, last], slacks_of[_SLACK, r]
        slot, u, sign = int(path[last, _SLOT]), int(path[last, _UNIT]), int(path[last, _SIGN])
        word, bit, new = u >> 6, _ONE << np.uint64(u & 63), int(population.known[p])
        answer = _beyond(counters, problem, population, tableau, image, plain, n, p, last, slot, u, sign, work, walk)
        if doubted(counters, constants):
            answer = UNDECIDED
        if answer == YES:
            population.states[p, slot, word] ^= bit
            path[last, _SIGN] = -sign
            if slot < layer and not _behind(problem, population, image, plain, n, p, last + 1, slot, u, layer, walk):
                population.states[p, slot, word] ^= bit
                path[last, _SIGN] = sign
                _later_forms(problem, population, p, slot + 1, layer)
                answer = UNDECIDED
        if answer == YES:
            rows[new, last] = abs(certain_sign(constants, a, numbers, x, new, slot, u)[0]) * numbers[slot, u, _SCALE]
            _replace(population, p, new, 0, count)
            population.known[p] = 1
            evaluate(constants, a, numbers, x, population.values[p], population.signs[p], 0, layer, masks, 0)
        _exchange(population, p, r, last)
        slacks_of[_SLACK, r], slacks_of[_SLACK, last] = slacks_of[_SLACK, last], slacks_of[_SLACK, r]
        if answer == UNDECIDED:
            return m
        counters[_BY_FILTER] += 1
        if answer == YES:
            counters[_MOVES] += 1
            _take(problem, population, image, p, 0, work)
            if not _start_from(problem, population, image, plain, n, p, layer, masks, _STEPS, work):
                return m + 1
            for j in range(work.wide.shape[1]):
                centres[p, j] = work.wide[_X, j]
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
    if not _later_forms(problem, population, p, 1, layer):
        return False
    population.known[p] = 0
    _take(problem, population, image, p, 0, work)
    if not _start_from(problem, population, image, plain, n, p, layer, masks, _ALL_STEPS, work):
        return False
    for j in range(work.wide.shape[1]):
        centres[p, j] = work.wide[_X, j]
    return True

"""Compiled: points of cells on both sides of a unit's boundary, which the filter then need not search for."""

import numpy as np
import numpy.typing as npt

from polyregions.sampling.descent_centre import (
    CentreWork,
    Narrow,
    Wide,
    changes,
    factorised,
    lift,
    place,
    room_along,
)
from polyregions.sampling.descent_state import Population
from polyregions.sampling.descent_triangles import backward, forward
from polyregions.splitting.compiled import compiled
from polyregions.splitting.image_kernel import lies_inside, to_image
from polyregions.splitting.image_state import Image, with_points
from polyregions.splitting.tableau_filter import certain_sign, evaluate, holds
from polyregions.splitting.tableau_state import BoxRow, FormNumber, PathColumn, Problem

__all__ = ["approach", "towards_known"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_SCALED_CONSTANT = FormNumber.SCALED_CONSTANT
_LOWER, _EXTENT, _INVERSE = BoxRow.LOWER, BoxRow.EXTENT, BoxRow.INVERSE
_X, _INVERSE_HESSIAN, _STEP, _TRIAL = Wide.X, Wide.INVERSE_HESSIAN, Wide.STEP, Wide.TRIAL
_Y, _RIGHT = Narrow.Y, Narrow.RIGHT
_ONE = np.uint64(1)

#: Radius that points keep from a boundary where they can.
_CLEAR = 0.5
#: Steps of a walk to a form's boundary, at most, and the share of the way to the cell's boundary that each goes.
_WALK, _PACE = 10, 0.7
#: Boundaries farther than this, in units of the cell's size, are left to linear programs.
_HOPELESS = 1.0


@compiled
def _direction(
    scaled: FloatArray,
    numbers: FloatArray,
    image: Image | None,
    plain: bool | None,
    path: IntArray,
    count: int,
    n: int,
    work: CentreWork,
) -> tuple[float, float]:
    """STEP: the direction of length 1 in the norm of H in which a form grows fastest; CHANGE of the rows by it.

    Returns the form's value at X and how much it grows by STEP; if that is 0 the direction is not known.
    """
    wide, narrow, nothing = work.wide, work.narrow, work.nothing
    slot, u = work.row[_SLOT], work.row[_UNIT]
    if not factorised(scaled, numbers, image, plain, path, count, nothing, n, work):
        return 0.0, 0.0
    here = numbers[slot, u, _SCALED_CONSTANT]
    for c in range(n):
        here += scaled[slot, u, c] * narrow[_Y, c]
    l_matrix, r_matrix = work.matrices[0], work.matrices[1]
    # H^-1 G^T f = D^-1 G^T L^-T S^-1 L^T f; the square of f's norm is that of R^-1 L^T f.
    for c in range(n):
        narrow[_RIGHT, c] = 0.0
    for k in range(n):
        factor = scaled[slot, u, k]
        if factor != 0.0:
            for c in range(k + 1):
                narrow[_RIGHT, c] += factor * l_matrix[k, c]
    forward(r_matrix, narrow, _RIGHT, n)
    square = 0.0
    for c in range(n):
        square += narrow[_RIGHT, c] * narrow[_RIGHT, c]
    if not (square > 0.0 and np.isfinite(square)):
        return 0.0, 0.0
    norm = np.sqrt(square)
    backward(r_matrix, narrow, _RIGHT, n)
    backward(l_matrix, narrow, _RIGHT, n)
    lift(image, plain, n, work, _RIGHT)
    for j in range(wide.shape[1]):
        wide[_STEP, j] *= wide[_INVERSE_HESSIAN, j] / norm
    changes(scaled, image, plain, path, count, nothing, n, work)
    return here, norm


@compiled
def _far_side(
    scaled: FloatArray,
    numbers: FloatArray,
    image: Image | None,
    plain: bool | None,
    path: IntArray,
    count: int,
    n: int,
    work: CentreWork,
    sides: FloatArray,
    reached: npt.NDArray[np.bool_],
    scale: float,
) -> None:
    """Points of a cell, whose centre is X, on both sides of a form: where it is negative, and positive.

    By steps along the form's direction, each most of the way to the cell's boundary (affine scaling, Dikin 1967), until
    the form's boundary comes before it; not where that is hopelessly far.
    """
    wide = work.wide
    reached[0], reached[1] = False, False
    for k in range(_WALK):
        here, norm = _direction(scaled, numbers, image, plain, path, count, n, work)
        if not norm > 0.0:
            return
        sense = -1.0 if here > 0.0 else 1.0
        far = 1 if sense > 0.0 else 0
        if k == 0:
            radius, step = abs(here) / norm, 0.0
            if radius < _CLEAR:
                step = min(_CLEAR - radius, 0.5 * room_along(count, -sense, work))
            for j in range(wide.shape[1]):
                sides[1 - far, j] = wide[_X, j] - sense * step * wide[_STEP, j]
            reached[1 - far] = True
        crossing, room = abs(here) / norm, room_along(count, sense, work)
        if crossing < room:
            step = crossing + min(_CLEAR, 0.5 * (room - crossing))
            for j in range(wide.shape[1]):
                sides[far, j] = wide[_X, j] + sense * step * wide[_STEP, j]
            reached[far] = True
            return
        if crossing > _HOPELESS * scale:
            return
        for j in range(wide.shape[1]):
            wide[_X, j] += _PACE * room * sense * wide[_STEP, j]


@compiled
def _offer(
    problem: Problem,
    population: Population,
    image: Image | None,
    masks: npt.NDArray[np.uint64],
    p: int,
    fractions: FloatArray,
    layer: int,
    unit: int,
    sign: int,
) -> None:
    """Make a point known to a cell if it certainly lies in it and certainly has this sign at the unit."""
    box, constants = problem.box, problem.constants
    a, numbers, path = population.a[p], population.numbers[p], population.path[p]
    x, rows = population.x[p], population.rows[p]
    new, count = int(population.known[p]), int(population.length[p])
    if image is None:
        for j in range(x.shape[1]):
            x[new, j] = box[_LOWER, j] + box[_EXTENT, j] * fractions[j]
    if image is not None:
        own = with_points(image, population.full[p])
        for j in range(own.points.shape[1]):
            own.points[new, j] = own.box[_LOWER, j] + own.box[_EXTENT, j] * fractions[j]
        if not lies_inside(own, new):
            return
        to_image(own, x, new)
    certain = certain_sign(constants, a, numbers, x, new, layer, unit)[1]
    if certain == sign and holds(box, constants, a, numbers, path, x, rows, new, count):
        population.known[p] = new + 1
        evaluate(constants, a, numbers, x, population.values[p], population.signs[p], new, layer, masks, 0)


@compiled
def approach(
    problem: Problem,
    population: Population,
    image: Image | None,
    plain: bool | None,
    n: int,
    scale: float,
    masks: npt.NDArray[np.uint64],
    slots: IntArray,
    units: IntArray,
    layer: int,
    centres: FloatArray,
    radii: FloatArray,
    sides: FloatArray,
    reached: npt.NDArray[np.bool_],
    work: CentreWork,
) -> None:
    """Points on both sides of ``units[p]`` in the cells p in ``slots``, and offer them where none is known."""
    row = work.row
    for p in slots:
        scaled, numbers, path = population.scaled[p], population.numbers[p], population.path[p]
        unit = units[p]
        if radii[p, unit] > _HOPELESS * scale:
            continue
        word, bit = unit >> 6, _ONE << np.uint64(unit & 63)
        row[_SLOT], row[_UNIT], row[_SIGN] = layer, unit, 1
        for j in range(work.wide.shape[1]):
            work.wide[_X, j] = centres[p, j]
        _far_side(
            scaled, numbers, image, plain, path, int(population.length[p]), n, work, sides[p], reached[p],
            scale,
        )  # fmt: skip
        for side in range(2):
            shown = False
            for i in range(population.known[p]):
                shown |= (population.signs[p, layer, i, side, word] & bit) > 0
            if reached[p, side] and not shown:
                _offer(problem, population, image, masks, p, sides[p, side], layer, unit, 2 * side - 1)


@compiled
def towards_known(
    scaled: FloatArray,
    numbers: FloatArray,
    image: Image | None,
    plain: bool | None,
    box: FloatArray,
    points: FloatArray,
    known: int,
    n: int,
    work: CentreWork,
) -> bool:
    """Move X, the centre of a cell, over a form's boundary towards the known point that lies farthest beyond."""
    wide, narrow = work.wide, work.narrow
    slot, u, sign = work.row[_SLOT], work.row[_UNIT], work.row[_SIGN]
    best, most, here = -1, 0.0, 0.0
    for p in range(-1, known):
        for j in range(wide.shape[1]):
            wide[_TRIAL, j] = (points[p, j] - box[_LOWER, j]) * box[_INVERSE, j] if p >= 0 else wide[_X, j]
        place(image, plain, n, work, _TRIAL)
        value = numbers[slot, u, _SCALED_CONSTANT]
        for c in range(n):
            value += scaled[slot, u, c] * narrow[_Y, c]
        value *= sign
        if p < 0:
            here = value
        elif value > most:
            best, most = p, value
    if best < 0 or here >= most:
        return False
    crossing = -here / (most - here) if here < 0.0 else 0.0
    share = 0.5 * (1.0 + crossing)
    for j in range(wide.shape[1]):
        # Not the coordinates that pad the box.
        if box[_INVERSE, j] > 0.0:
            wide[_X, j] += share * ((points[best, j] - box[_LOWER, j]) * box[_INVERSE, j] - wide[_X, j])
    return True

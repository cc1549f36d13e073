"""Compiled: analytic centres of cells. They guide probes, and prove nothing.

The centre of a cell maximises the product of its slacks: of the box's sides and of the rows that cut the cell out
(Sonnevend 1985). In the metric of the barrier's Hessian there (:mod:`polyregions.sampling.descent_metric`) the
ellipsoid of radius 1 around it lies in the cell (Nesterov & Nemirovskii 1994). It is found by Newton's method.
"""

import numpy as np
import numpy.typing as npt

from polyregions.sampling.descent_metric import (
    CentreWork,
    Narrow,
    RowKind,
    Wide,
    add_image,
    factorise,
    lift,
    place,
    times_k,
)
from polyregions.sampling.descent_triangles import backward, forward
from polyregions.splitting.compiled import compiled_loosely
from polyregions.splitting.image_state import Image
from polyregions.splitting.tableau_state import FormNumber, PathColumn

__all__ = ["direction", "go_along", "mix", "newton", "room_along", "slacks", "two_steps"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# The compiler takes plain names for constants, not attributes of classes.
_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_SCALED_CONSTANT = FormNumber.SCALED_CONSTANT
_X, _INVERSE_HESSIAN, _GRADIENT, _STEP = Wide.X, Wide.INVERSE_HESSIAN, Wide.GRADIENT, Wide.STEP
_OTHER, _OTHER_CHANGE = Wide.OTHER, RowKind.OTHER
_Y, _PULL, _RIGHT, _FIRST, _SECOND = Narrow.Y, Narrow.PULL, Narrow.RIGHT, Narrow.FIRST, Narrow.SECOND
_SLACK, _CHANGE = RowKind.SLACK, RowKind.CHANGE

#: The step from where Newton's decrement, in the metric that is at hand, is below is the last one.
_DECREMENT = 0.7
#: Steps that are compared along a direction, each so much of the one before.
_TRIALS, _SHRINK = 24, 0.6
#: From this decrement on steps may be longer than Newton's: near a corner these only double the slacks.
_FAR = 1.5


@compiled_loosely
def slacks(scaled: FloatArray, numbers: FloatArray, path: IntArray, count: int, n: int, work: CentreWork) -> float:
    """The rows' slacks at Y, and the least."""
    least = np.inf
    for i in range(count):
        slot, u, sign = path[i, _SLOT], path[i, _UNIT], path[i, _SIGN]
        value = numbers[slot, u, _SCALED_CONSTANT]
        for c in range(n):
            value += scaled[slot, u, c] * work.narrow[_Y, c]
        work.rows[_SLACK, i] = sign * value
        least = min(least, sign * value)
    return least


@compiled_loosely
def room_along(count: int, sense: float, work: CentreWork) -> float:
    """How far one may go along ``sense`` times STEP, and CHANGE of the first ``count`` rows."""
    wide, rows = work.wide, work.rows
    room = np.inf
    for j in range(wide.shape[1]):
        step = sense * wide[_STEP, j]
        if step < 0.0:
            room = min(room, -wide[_X, j] / step)
        elif step > 0.0:
            room = min(room, (1.0 - wide[_X, j]) / step)
    for i in range(count):
        change = sense * rows[_CHANGE, i]
        if change < 0.0:
            room = min(room, -rows[_SLACK, i] / change)
    return room


@compiled_loosely
def go_along(step: float, work: CentreWork) -> None:
    """X goes so many times STEP."""
    wide = work.wide
    for j in range(wide.shape[1]):
        wide[_X, j] += step * wide[_STEP, j]


@compiled_loosely
def _changes(scaled: FloatArray, path: IntArray, count: int, n: int, work: CentreWork) -> None:
    """CHANGE: the rows' change where y changes by FIRST."""
    for i in range(count):
        slot, u, sign = path[i, _SLOT], path[i, _UNIT], path[i, _SIGN]
        value = 0.0
        for c in range(n):
            value += scaled[slot, u, c] * work.narrow[_FIRST, c]
        work.rows[_CHANGE, i] = sign * value


@compiled_loosely
def _search(count: int, first: float, work: CentreWork) -> float:
    """The best of a few steps along STEP by the barrier itself, from the first on each shorter than the one before.

    Spoils GRADIENT and OTHER.
    """
    wide, rows = work.wide, work.rows
    for j in range(wide.shape[1]):
        # (x + t step) (1 - x - t step) is x (1 - x) (1 + t linear - t^2 square).
        x, step = wide[_X, j], wide[_STEP, j]
        scale = step / (x * (1.0 - x))
        wide[_GRADIENT, j] = scale * (1.0 - 2.0 * x)
        wide[_OTHER, j] = scale * step
    best, least, t = 0.0, np.inf, first
    for _ in range(_TRIALS):
        value = 0.0
        # The box is padded to a multiple of four.
        for j in range(0, wide.shape[1], 4):
            product = 1.0
            for k in range(j, j + 4):
                product *= 1.0 + t * (wide[_GRADIENT, k] - t * wide[_OTHER, k])
            value -= np.log(product)
        for i in range(count):
            value -= np.log1p(t * rows[_CHANGE, i] / rows[_SLACK, i])
        # The barrier is convex: from the best step on it only grows.
        if not value < least:
            break
        best, least = t, value
        t *= _SHRINK
    return best


@compiled_loosely
def _barrier_step(
    scaled: FloatArray,
    image: Image | None,
    plain: bool | None,
    path: IntArray,
    count: int,
    n: int,
    work: CentreWork,
    is_newton: bool,
) -> float:
    """STEP: Newton's for the barrier at X, with L, R and the slacks as they are; else down the gradient.

    Returns the square of Newton's decrement.
    """  # fmt: skip
    wide, narrow, rows = work.wide, work.narrow, work.rows
    l_matrix, r_matrix = work.matrices[0], work.matrices[1]
    for c in range(n):
        narrow[_PULL, c] = 0.0
        narrow[_FIRST, c] = 0.0
    for i in range(count):
        slot, u = path[i, _SLOT], path[i, _UNIT]
        factor = path[i, _SIGN] / rows[_SLACK, i]
        for c in range(n):
            narrow[_PULL, c] += factor * scaled[slot, u, c]
    for j in range(wide.shape[1]):
        x = wide[_X, j]
        wide[_GRADIENT, j] = 1.0 / (1.0 - x) - 1.0 / x
        wide[_STEP, j] = wide[_INVERSE_HESSIAN, j] * wide[_GRADIENT, j]
    add_image(image, plain, n, work, _STEP, _FIRST)
    if is_newton:
        # v = G D^-1 gradient; the step is -D^-1 (gradient - G^T q), with q = L^-T (1 - S^-1) L^-1 v.
        times_k(plain, n, work, _PULL, _RIGHT)
        for c in range(n):
            narrow[_RIGHT, c] = narrow[_FIRST, c] - narrow[_RIGHT, c]
        forward(l_matrix, narrow, _RIGHT, n)
        for c in range(n):
            narrow[_SECOND, c] = narrow[_RIGHT, c]
        forward(r_matrix, narrow, _SECOND, n)
        backward(r_matrix, narrow, _SECOND, n)
        for c in range(n):
            narrow[_RIGHT, c] -= narrow[_SECOND, c]
        backward(l_matrix, narrow, _RIGHT, n)
    else:
        for c in range(n):
            narrow[_RIGHT, c] = 0.0
    for c in range(n):
        narrow[_RIGHT, c] += narrow[_PULL, c]
    lift(image, plain, n, work, _RIGHT)
    times_k(plain, n, work, _RIGHT, _SECOND)
    decrement = 0.0
    for c in range(n):
        narrow[_FIRST, c] = narrow[_SECOND, c] - narrow[_FIRST, c]
        decrement += narrow[_PULL, c] * narrow[_FIRST, c]
    for j in range(wide.shape[1]):
        wide[_STEP, j] = -wide[_INVERSE_HESSIAN, j] * (wide[_GRADIENT, j] - wide[_STEP, j])
        decrement -= wide[_GRADIENT, j] * wide[_STEP, j]
    _changes(scaled, path, count, n, work)
    return decrement


@compiled_loosely
def direction(
    scaled: FloatArray,
    numbers: FloatArray,
    image: Image | None,
    plain: bool | None,
    path: IntArray,
    count: int,
    slot: int,
    u: int,
    n: int,
    work: CentreWork,
) -> tuple[float, float]:
    """STEP: H^-1 times a form, with L and R as they are; CHANGE of the first ``count`` rows by it.

    Returns the form's values at X and of STEP.
    """  # fmt: skip
    wide, narrow = work.wide, work.narrow
    l_matrix, r_matrix = work.matrices[0], work.matrices[1]
    here = numbers[slot, u, _SCALED_CONSTANT]
    for c in range(n):
        here += scaled[slot, u, c] * narrow[_Y, c]
        narrow[_RIGHT, c] = 0.0
    # H^-1 G^T f = D^-1 G^T L^-T S^-1 L^T f; the square of f's norm is that of R^-1 L^T f.
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
        return here, 0.0
    backward(r_matrix, narrow, _RIGHT, n)
    backward(l_matrix, narrow, _RIGHT, n)
    lift(image, plain, n, work, _RIGHT)
    for j in range(wide.shape[1]):
        wide[_STEP, j] *= wide[_INVERSE_HESSIAN, j]
    times_k(plain, n, work, _RIGHT, _FIRST)
    _changes(scaled, path, count, n, work)
    return here, square


@compiled_loosely
def newton(
    scaled: FloatArray,
    numbers: FloatArray,
    image: Image | None,
    plain: bool | None,
    path: IntArray,
    count: int,
    n: int,
    steps: int,
    work: CentreWork,
) -> bool:
    """Move X to the centre, by at most so many steps; L and R are left as of a point nearby. False if it failed."""
    narrow = work.narrow
    place(image, plain, n, work, _X)
    for _ in range(steps):
        if not slacks(scaled, numbers, path, count, n, work) > 0.0:
            return False
        is_newton = factorise(scaled, image, plain, path, count, n, work)
        decrement = _barrier_step(scaled, image, plain, path, count, n, work, is_newton)
        if not np.isfinite(decrement):
            return False
        is_near = is_newton and decrement < _DECREMENT * _DECREMENT
        room = room_along(count, 1.0, work)
        # Near a corner the matrices are beyond floats: away from it, half as far as one can go.
        step = 0.5 * room
        if is_newton:
            step = _search(count, 0.9 * room if decrement > _FAR * _FAR else min(1.0, 0.9 * room), work)
        if not (step > 0.0 and np.isfinite(step)):
            return is_newton
        go_along(step, work)
        for c in range(n):
            narrow[_Y, c] += step * narrow[_FIRST, c]
        if is_near:
            return True
    return True


@compiled_loosely
def two_steps(
    scaled: FloatArray,
    numbers: FloatArray,
    image: Image | None,
    plain: bool | None,
    path: IntArray,
    count: int,
    slot: int,
    u: int,
    n: int,
    work: CentreWork,
) -> tuple[float, float, float]:
    """OTHER: Newton's step for the barrier from X; STEP: in the direction of a form; what both change rows by.

    Returns the form's values at X, of STEP and of OTHER; that of STEP is 0 if floats do not do.
    """  # fmt: skip
    wide, rows = work.wide, work.rows
    place(image, plain, n, work, _X)
    if not slacks(scaled, numbers, path, count, n, work) > 0.0:
        return 0.0, 0.0, 0.0
    if not factorise(scaled, image, plain, path, count, n, work):
        return 0.0, 0.0, 0.0
    _barrier_step(scaled, image, plain, path, count, n, work, True)
    along = 0.0
    for c in range(n):
        along += scaled[slot, u, c] * work.narrow[_FIRST, c]
    for j in range(wide.shape[1]):
        wide[_OTHER, j] = wide[_STEP, j]
    for i in range(count):
        rows[_OTHER_CHANGE, i] = rows[_CHANGE, i]
    here, growth = direction(scaled, numbers, image, plain, path, count, slot, u, n, work)
    return here, growth, along


@compiled_loosely
def mix(count: int, weight: float, work: CentreWork) -> None:
    """STEP and CHANGE: weight times themselves plus the other ones."""
    wide, rows = work.wide, work.rows
    for j in range(wide.shape[1]):
        wide[_STEP, j] = weight * wide[_STEP, j] + wide[_OTHER, j]
    for i in range(count):
        rows[_CHANGE, i] = weight * rows[_CHANGE, i] + rows[_OTHER_CHANGE, i]

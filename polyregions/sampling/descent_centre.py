"""Compiled: analytic centres of cells. They guide probes, and prove nothing.

The centre of a cell maximises the product of its slacks: of the box's sides and of the rows that cut the cell out
(Sonnevend 1985). With H the Hessian of the barrier, minus the sum of the slacks' logarithms, the ellipsoid of radius 1
around the centre in the norm of H lies in the cell (Nesterov & Nemirovskii 1994). It is found by Newton's method.

Coordinates x are those of the box, scaled to [0, 1]; forms are over y = G x + offset, either the same or the first
layer's image (:mod:`polyregions.splitting.image_state`). H = D + G^T T G, with D diagonal and T the sum of row row^T /
slack^2, is inverted by way of matrices as large as y only: K = G D^-1 G^T = L L^T and S = 1 + L^T T L = R R^T. The
covariance of y is (K^-1 + T)^-1 = L S^-1 L^T.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.sampling.descent_triangles import backward, cholesky, forward
from polyregions.splitting.compiled import compiled_loosely
from polyregions.splitting.image_state import Image, Small
from polyregions.splitting.tableau_state import ColumnRow, FormNumber, NameRow, PathColumn, padded

__all__ = [
    "CentreWork",
    "Narrow",
    "RowKind",
    "Wide",
    "barrier_step",
    "changes",
    "factorise",
    "lift",
    "new_centre_work",
    "newton",
    "place",
    "room_along",
    "slacks",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Wide:
    """Rows of ``CentreWork.wide``, vectors over the box: a point, the inverse of D there, the gradient, two steps."""

    X, INVERSE_HESSIAN, GRADIENT, STEP, OTHER, LENGTH = range(6)


class Narrow:
    """Rows of ``CentreWork.narrow``, vectors over y: y of a point, the sum of rows over their slacks, work space."""

    Y, PULL, RIGHT, FIRST, SECOND, LENGTH = range(6)


class RowKind:
    """Rows of ``CentreWork.rows``, an entry a row of the cell: its slack, its change by STEP, and by another step."""

    SLACK, CHANGE, OTHER, LENGTH = range(4)


# The compiler takes plain names for constants, not attributes of classes.
_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_SCALED_CONSTANT, _OFFSET = FormNumber.SCALED_CONSTANT, Small.OFFSET
_X, _INVERSE_HESSIAN, _GRADIENT, _STEP = Wide.X, Wide.INVERSE_HESSIAN, Wide.GRADIENT, Wide.STEP
_OTHER = Wide.OTHER
_Y, _PULL, _RIGHT, _FIRST, _SECOND = Narrow.Y, Narrow.PULL, Narrow.RIGHT, Narrow.FIRST, Narrow.SECOND
_SLACK, _CHANGE = RowKind.SLACK, RowKind.CHANGE

#: A centre is good enough if Newton's decrement is below.
_DECREMENT = 0.7
#: Steps that are compared along a direction, each so much of the one before.
_TRIALS, _LEAST_TRIALS, _SHRINK = 24, 3, 0.4
#: From this decrement on steps may be longer than Newton's: near a corner these only double the slacks.
_FAR = 4.0
#: Added to the diagonal of K, relatively: rows of the first layer may depend on each other.
_RIDGE = 1e-12


class CentreWork(NamedTuple):
    """Work space, for one thread.

    ``matrices`` as large as y: L, R, and two to work with. ``column`` and ``names``: for multipliers of all rows, as
    those of a tableau.
    """

    matrices: FloatArray
    wide: FloatArray
    narrow: FloatArray
    rows: FloatArray
    column: FloatArray
    names: IntArray


def new_centre_work(dimension: int, inputs: int, rows: int) -> CentreWork:
    """Arrays for forms over ``dimension`` coordinates, a box of ``inputs`` and cells of ``rows`` rows at most."""
    n = padded(dimension)
    return CentreWork(
        np.zeros((4, n, n)),
        np.zeros((Wide.LENGTH, padded(inputs))),
        np.zeros((Narrow.LENGTH, n)),
        np.zeros((RowKind.LENGTH, rows)),
        np.zeros((ColumnRow.LENGTH, max(rows, n))),
        np.zeros((NameRow.LENGTH, max(rows, n)), dtype=np.int64),
    )


@compiled_loosely
def _add_image(image: Image | None, plain: bool | None, n: int, work: CentreWork, source: int, target: int) -> None:
    """narrow[target] += G wide[source]."""
    wide, narrow = work.wide, work.narrow
    if plain is not None:
        for c in range(n):
            narrow[target, c] += wide[source, c]
    if image is not None:
        for j in range(wide.shape[1]):
            value = wide[source, j]
            for c in range(n):
                narrow[target, c] += image.columns[j, c] * value


@compiled_loosely
def place(image: Image | None, plain: bool | None, n: int, work: CentreWork, source: int) -> None:
    """Y of a point of the box."""
    for c in range(n):
        work.narrow[_Y, c] = 0.0 if image is None else image.small[_OFFSET, c]
    _add_image(image, plain, n, work, source, _Y)


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
def _gram(generators: FloatArray, work: CentreWork, n: int) -> None:
    """The lower triangle of K, in matrix 0; by dot products."""
    k_matrix, wide = work.matrices[0], work.wide
    length = wide.shape[1]
    for i in range(0, n, 2):
        for j in range(length):
            wide[_STEP, j] = wide[_INVERSE_HESSIAN, j] * generators[i, j]
            wide[_OTHER, j] = wide[_INVERSE_HESSIAN, j] * generators[i + 1, j]
        for k in range(0, i + 2, 2):
            s00, s01, s10, s11 = 0.0, 0.0, 0.0, 0.0
            for j in range(length):
                first, second = generators[k, j], generators[k + 1, j]
                s00 += wide[_STEP, j] * first
                s01 += wide[_STEP, j] * second
                s10 += wide[_OTHER, j] * first
                s11 += wide[_OTHER, j] * second
            k_matrix[i, k], k_matrix[i, k + 1] = s00, s01
            k_matrix[i + 1, k], k_matrix[i + 1, k + 1] = s10, s11


@compiled_loosely
def factorise(
    scaled: FloatArray, image: Image | None, plain: bool | None, path: IntArray, count: int, n: int, work: CentreWork
) -> bool:
    """D, L and R at X, of which the slacks are known; False if floats do not do."""
    _hessian(work)
    k_matrix, s_matrix, t_matrix = work.matrices[0], work.matrices[1], work.matrices[2]
    inverse = work.wide
    for i in range(n):
        for j in range(n):
            k_matrix[i, j] = 0.0
            s_matrix[i, j] = 0.0
            t_matrix[i, j] = 0.0
    if plain is not None:
        for i in range(n):
            k_matrix[i, i] = np.sqrt(inverse[_INVERSE_HESSIAN, i])
    if image is not None:
        _gram(image.generators, work, n)
        trace = 0.0
        for i in range(n):
            trace += k_matrix[i, i]
        for i in range(n):
            k_matrix[i, i] += _RIDGE * trace / n
        if not cholesky(k_matrix, n):
            return False
    for i in range(count):
        slot, u = path[i, _SLOT], path[i, _UNIT]
        weight = 1.0 / (work.rows[_SLACK, i] * work.rows[_SLACK, i])
        if image is not None and slot == 0:
            t_matrix[u, u] += weight * scaled[0, u, u] * scaled[0, u, u]
            continue
        for a in range(n):
            factor = weight * scaled[slot, u, a]
            for b in range(a + 1):
                t_matrix[a, b] += factor * scaled[slot, u, b]
    for a in range(n):
        for b in range(a):
            t_matrix[b, a] = t_matrix[a, b]
    # B = T L in matrix 3, then S = 1 + L^T B.
    product = work.matrices[3]
    for i in range(n):
        for j in range(n):
            product[i, j] = 0.0
        for k in range(n):
            factor = t_matrix[i, k]
            if factor != 0.0:
                for j in range(k + 1):
                    product[i, j] += factor * k_matrix[k, j]
    for k in range(n):
        for j in range(k + 1):
            factor = k_matrix[k, j]
            for i in range(j + 1):
                s_matrix[j, i] += factor * product[k, i]
    for i in range(n):
        s_matrix[i, i] += 1.0
    return cholesky(s_matrix, n)


@compiled_loosely
def _hessian(work: CentreWork) -> None:
    """The inverse of D at X."""
    wide = work.wide
    for j in range(wide.shape[1]):
        x = wide[_X, j]
        up, down = 1.0 / x, 1.0 / (1.0 - x)
        wide[_INVERSE_HESSIAN, j] = 1.0 / (up * up + down * down)


@compiled_loosely
def lift(image: Image | None, plain: bool | None, n: int, work: CentreWork, row: int) -> None:
    """STEP = G^T narrow[row]."""
    wide, narrow = work.wide, work.narrow
    if plain is not None:
        for c in range(wide.shape[1]):
            wide[_STEP, c] = narrow[row, c] if c < n else 0.0
    if image is not None:
        for j in range(wide.shape[1]):
            wide[_STEP, j] = 0.0
        for c in range(n):
            value = narrow[row, c]
            for j in range(wide.shape[1]):
                wide[_STEP, j] += value * image.generators[c, j]


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
def changes(
    scaled: FloatArray, image: Image | None, plain: bool | None, path: IntArray, count: int, n: int, work: CentreWork
) -> None:
    """CHANGE: the rows' change by STEP. Spoils FIRST."""
    narrow = work.narrow
    for c in range(n):
        narrow[_FIRST, c] = 0.0
    _add_image(image, plain, n, work, _STEP, _FIRST)
    for i in range(count):
        slot, u, sign = path[i, _SLOT], path[i, _UNIT], path[i, _SIGN]
        value = 0.0
        for c in range(n):
            value += scaled[slot, u, c] * narrow[_FIRST, c]
        work.rows[_CHANGE, i] = sign * value


@compiled_loosely
def _search(count: int, first: float, work: CentreWork) -> float:
    """The best of a few steps along STEP by the barrier itself, from the first on each shorter than the one before."""
    wide, rows = work.wide, work.rows
    best, least, step = 0.0, np.inf, first
    for k in range(_TRIALS):
        value, product = 0.0, 1.0
        for j in range(wide.shape[1]):
            ratio = step * wide[_STEP, j]
            product *= (1.0 + ratio / wide[_X, j]) * (1.0 - ratio / (1.0 - wide[_X, j]))
            if j % 8 == 7:
                value -= np.log(product)
                product = 1.0
        value -= np.log(product)
        for i in range(count):
            value -= np.log1p(step * rows[_CHANGE, i] / rows[_SLACK, i])
        if value < least:
            best, least = step, value
        elif k > _LEAST_TRIALS:
            break
        step *= _SHRINK
    return best


@compiled_loosely
def barrier_step(
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
    for i in range(count):
        slot, u = path[i, _SLOT], path[i, _UNIT]
        factor = path[i, _SIGN] / rows[_SLACK, i]
        for c in range(n):
            narrow[_PULL, c] += factor * scaled[slot, u, c]
    lift(image, plain, n, work, _PULL)
    for j in range(wide.shape[1]):
        x = wide[_X, j]
        wide[_GRADIENT, j] = 1.0 / (1.0 - x) - 1.0 / x - wide[_STEP, j]
    if is_newton:
        # v = G D^-1 gradient; q = L^-T (1 - S^-1) L^-1 v.
        for j in range(wide.shape[1]):
            wide[_STEP, j] = wide[_INVERSE_HESSIAN, j] * wide[_GRADIENT, j]
        for c in range(n):
            narrow[_RIGHT, c] = 0.0
        _add_image(image, plain, n, work, _STEP, _RIGHT)
        forward(l_matrix, narrow, _RIGHT, n)
        for c in range(n):
            narrow[_SECOND, c] = narrow[_RIGHT, c]
        forward(r_matrix, narrow, _SECOND, n)
        backward(r_matrix, narrow, _SECOND, n)
        for c in range(n):
            narrow[_RIGHT, c] -= narrow[_SECOND, c]
        backward(l_matrix, narrow, _RIGHT, n)
        lift(image, plain, n, work, _RIGHT)
    else:
        for j in range(wide.shape[1]):
            wide[_STEP, j] = 0.0
    decrement = 0.0
    for j in range(wide.shape[1]):
        wide[_STEP, j] = -wide[_INVERSE_HESSIAN, j] * (wide[_GRADIENT, j] - wide[_STEP, j])
        decrement -= wide[_GRADIENT, j] * wide[_STEP, j]
    changes(scaled, image, plain, path, count, n, work)
    return decrement


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
    wide = work.wide
    for _ in range(steps):
        place(image, plain, n, work, _X)
        if not slacks(scaled, numbers, path, count, n, work) > 0.0:
            return False
        is_newton = factorise(scaled, image, plain, path, count, n, work)
        decrement = barrier_step(scaled, image, plain, path, count, n, work, is_newton)
        if not np.isfinite(decrement):
            return False
        if is_newton and decrement < _DECREMENT * _DECREMENT:
            return True
        room = room_along(count, 1.0, work)
        # Near a corner the matrices are beyond floats: away from it, half as far as one can go.
        step = 0.5 * room
        if is_newton:
            step = _search(count, 0.9 * room if decrement > _FAR * _FAR else min(1.0, 0.9 * room), work)
        if not (step > 0.0 and np.isfinite(step)):
            return is_newton
        for j in range(wide.shape[1]):
            wide[_X, j] += step * wide[_STEP, j]
    return True

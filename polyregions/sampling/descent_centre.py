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
from polyregions.splitting.compiled import compiled, inlined
from polyregions.splitting.image_state import Image, Small
from polyregions.splitting.tableau_state import FormNumber, PathColumn, padded

__all__ = [
    "CentreWork",
    "Narrow",
    "RowKind",
    "Wide",
    "changes",
    "factorised",
    "lift",
    "new_centre_work",
    "newton",
    "place",
    "room_along",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Wide:
    """Rows of ``CentreWork.wide``, vectors over the box: a point, the inverse of D there, the gradient, a step."""

    X, INVERSE_HESSIAN, GRADIENT, STEP, TRIAL, LENGTH = range(6)


class Narrow:
    """Rows of ``CentreWork.narrow``, vectors over y: y of a point, the sum of rows over their slacks, work space."""

    Y, PULL, RIGHT, FIRST, SECOND, LENGTH = range(6)


class RowKind:
    """Rows of ``CentreWork.rows``, an entry a row of the cell: its slack, and its change by the step."""

    SLACK, CHANGE, LENGTH = range(3)


# The compiler takes plain names for constants, not attributes of classes.
_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_SCALED_CONSTANT, _OFFSET = FormNumber.SCALED_CONSTANT, Small.OFFSET
_X, _INVERSE_HESSIAN, _GRADIENT, _STEP = Wide.X, Wide.INVERSE_HESSIAN, Wide.GRADIENT, Wide.STEP
_Y, _PULL, _RIGHT, _FIRST, _SECOND = Narrow.Y, Narrow.PULL, Narrow.RIGHT, Narrow.FIRST, Narrow.SECOND
_SLACK, _CHANGE = RowKind.SLACK, RowKind.CHANGE

#: Newton's steps, at most; a centre is good enough if the decrement is below the second.
_STEPS = 14
_DECREMENT = 0.3
#: Steps that are compared along a direction, each so much of the one before.
_TRIALS, _SHRINK = 4, 0.4
#: Added to the diagonal of K, relatively: rows of the first layer may depend on each other.
_RIDGE = 1e-12


class CentreWork(NamedTuple):
    """Work space, for one thread.

    ``matrices`` as large as y: L, R, and two to work with. ``forms``: two layers', transposed, with ``distances``, an
    entry a unit. ``row`` of a path: of one more row than a cell has; ``nothing``: with sign 0, where there is none.
    """

    matrices: FloatArray
    wide: FloatArray
    narrow: FloatArray
    rows: FloatArray
    forms: FloatArray
    distances: FloatArray
    row: IntArray
    nothing: IntArray


def new_centre_work(dimension: int, inputs: int, rows: int, units: int) -> CentreWork:
    """Arrays for forms over ``dimension`` coordinates, a box of ``inputs``, ``rows`` rows and layers of ``units``."""
    n = padded(dimension)
    return CentreWork(
        np.zeros((4, n, n)),
        np.zeros((Wide.LENGTH, padded(inputs))),
        np.zeros((Narrow.LENGTH, n)),
        np.zeros((RowKind.LENGTH, rows + 1)),
        np.zeros((2, n, units)),
        np.zeros((2, units)),
        np.zeros(PathColumn.LENGTH, dtype=np.int64),
        np.zeros(PathColumn.LENGTH, dtype=np.int64),
    )


@compiled
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


@compiled
def place(image: Image | None, plain: bool | None, n: int, work: CentreWork, source: int) -> None:
    """Y of a point of the box."""
    for c in range(n):
        work.narrow[_Y, c] = 0.0 if image is None else image.small[_OFFSET, c]
    _add_image(image, plain, n, work, source, _Y)


@inlined
def _row(path: IntArray, count: int, unit: IntArray, i: int) -> tuple[int, int, int]:
    """Layer, unit and sign of row i of a cell; of one more row, ``unit``, behind the last."""
    if i < count:
        return path[i, _SLOT], path[i, _UNIT], path[i, _SIGN]
    return unit[_SLOT], unit[_UNIT], unit[_SIGN]


@compiled
def _slacks(
    scaled: FloatArray, numbers: FloatArray, path: IntArray, count: int, unit: IntArray, n: int, work: CentreWork
) -> float:
    """The rows' slacks at Y, and the least; ``unit``: layer, unit and sign of one more row, or a sign of 0."""
    least = np.inf
    for i in range(count + 1):
        slot, u, sign = _row(path, count, unit, i)
        if sign == 0:
            continue
        value = numbers[slot, u, _SCALED_CONSTANT]
        for c in range(n):
            value += scaled[slot, u, c] * work.narrow[_Y, c]
        work.rows[_SLACK, i] = sign * value
        least = min(least, sign * value)
    return least


@compiled
def _factorise(
    scaled: FloatArray,
    image: Image | None,
    plain: bool | None,
    path: IntArray,
    count: int,
    unit: IntArray,
    n: int,
    work: CentreWork,
) -> bool:
    """L and R, at a point whose slacks are known: matrices 0 and 1; 2 is spoilt."""
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
        columns = image.columns
        for j in range(0, inverse.shape[1], 4):
            d0, d1 = inverse[_INVERSE_HESSIAN, j], inverse[_INVERSE_HESSIAN, j + 1]
            d2, d3 = inverse[_INVERSE_HESSIAN, j + 2], inverse[_INVERSE_HESSIAN, j + 3]
            for i in range(0, n, 2):
                a0, a1 = d0 * columns[j, i], d1 * columns[j + 1, i]
                a2, a3 = d2 * columns[j + 2, i], d3 * columns[j + 3, i]
                b0, b1 = d0 * columns[j, i + 1], d1 * columns[j + 1, i + 1]
                b2, b3 = d2 * columns[j + 2, i + 1], d3 * columns[j + 3, i + 1]
                for k in range(i + 2):
                    c0, c1, c2, c3 = columns[j, k], columns[j + 1, k], columns[j + 2, k], columns[j + 3, k]
                    k_matrix[i, k] += (a0 * c0 + a1 * c1) + (a2 * c2 + a3 * c3)
                    k_matrix[i + 1, k] += (b0 * c0 + b1 * c1) + (b2 * c2 + b3 * c3)
        trace = 0.0
        for i in range(n):
            trace += k_matrix[i, i]
        for i in range(n):
            k_matrix[i, i] += _RIDGE * trace / n
        if not cholesky(k_matrix, n):
            return False
    for i in range(count + 1):
        slot, u, sign = _row(path, count, unit, i)
        if sign == 0:
            continue
        weight = 1.0 / (work.rows[_SLACK, i] * work.rows[_SLACK, i])
        if image is not None and slot == 0:
            t_matrix[u, u] += weight * scaled[0, u, u] * scaled[0, u, u]
            continue
        for a in range(n):
            factor = weight * scaled[slot, u, a]
            for b in range(n):
                t_matrix[a, b] += factor * scaled[slot, u, b]
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


@compiled
def _hessian(work: CentreWork) -> None:
    """The inverse of D at X."""
    wide = work.wide
    for j in range(wide.shape[1]):
        x = wide[_X, j]
        up, down = 1.0 / x, 1.0 / (1.0 - x)
        wide[_INVERSE_HESSIAN, j] = 1.0 / (up * up + down * down)


@compiled
def factorised(
    scaled: FloatArray,
    numbers: FloatArray,
    image: Image | None,
    plain: bool | None,
    path: IntArray,
    count: int,
    unit: IntArray,
    n: int,
    work: CentreWork,
) -> bool:
    """Y, the slacks, D, L and R at X; False if X is not in the cell, or floats do not do."""
    place(image, plain, n, work, _X)
    if not _slacks(scaled, numbers, path, count, unit, n, work) > 0.0:
        return False
    _hessian(work)
    return _factorise(scaled, image, plain, path, count, unit, n, work)


@compiled
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


@compiled
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


@compiled
def changes(
    scaled: FloatArray, image: Image | None, plain: bool | None, path: IntArray, count: int, unit: IntArray, n: int,
    work: CentreWork,
) -> None:  # fmt: skip
    """CHANGE: the rows' change by STEP. Spoils FIRST."""
    narrow = work.narrow
    for c in range(n):
        narrow[_FIRST, c] = 0.0
    _add_image(image, plain, n, work, _STEP, _FIRST)
    for i in range(count + 1):
        slot, u, sign = _row(path, count, unit, i)
        value = 0.0
        for c in range(n):
            value += scaled[slot, u, c] * narrow[_FIRST, c]
        work.rows[_CHANGE, i] = sign * value


@compiled
def _search(count: int, has_extra: bool, room: float, work: CentreWork) -> float:
    """The best of a few steps along STEP by the barrier itself."""
    wide, rows = work.wide, work.rows
    best, least = 0.0, np.inf
    step = min(1.0, 0.9 * room)
    for _ in range(_TRIALS):
        value, product = 0.0, 1.0
        for j in range(wide.shape[1]):
            ratio = step * wide[_STEP, j]
            product *= (1.0 + ratio / wide[_X, j]) * (1.0 - ratio / (1.0 - wide[_X, j]))
            if j % 8 == 7:
                value -= np.log(product)
                product = 1.0
        value -= np.log(product)
        for i in range(count + has_extra):
            value -= np.log1p(step * rows[_CHANGE, i] / rows[_SLACK, i])
        if value < least:
            best, least = step, value
        step *= _SHRINK
    return best


@compiled
def newton(
    scaled: FloatArray,
    numbers: FloatArray,
    image: Image | None,
    plain: bool | None,
    path: IntArray,
    count: int,
    unit: IntArray,
    n: int,
    work: CentreWork,
) -> bool:
    """Move X to the centre; L and R are left as of a point nearby. False if it failed."""
    wide, narrow, rows = work.wide, work.narrow, work.rows
    has_extra = unit[_SIGN] != 0
    l_matrix, r_matrix = work.matrices[0], work.matrices[1]
    for _ in range(_STEPS):
        if not factorised(scaled, numbers, image, plain, path, count, unit, n, work):
            return False
        for c in range(n):
            narrow[_PULL, c] = 0.0
        for i in range(count + 1):
            slot, u, sign = _row(path, count, unit, i)
            if sign == 0:
                continue
            factor = sign / rows[_SLACK, i]
            for c in range(n):
                narrow[_PULL, c] += factor * scaled[slot, u, c]
        lift(image, plain, n, work, _PULL)
        for j in range(wide.shape[1]):
            x = wide[_X, j]
            wide[_GRADIENT, j] = 1.0 / (1.0 - x) - 1.0 / x - wide[_STEP, j]
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
        decrement = 0.0
        for j in range(wide.shape[1]):
            wide[_STEP, j] = -wide[_INVERSE_HESSIAN, j] * (wide[_GRADIENT, j] - wide[_STEP, j])
            decrement -= wide[_GRADIENT, j] * wide[_STEP, j]
        if not np.isfinite(decrement):
            return False
        if decrement < _DECREMENT * _DECREMENT:
            return True
        changes(scaled, image, plain, path, count, unit, n, work)
        step = _search(count, has_extra, room_along(count + has_extra, 1.0, work), work)
        if not step > 0.0:
            return True
        for j in range(wide.shape[1]):
            wide[_X, j] += step * wide[_STEP, j]
    return True

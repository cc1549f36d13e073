"""Compiled: the Hessian of a cell's barrier, in a form that is cheap to invert. It guides probes, and proves nothing.

Coordinates x are those of the box, scaled to [0, 1]; forms are over y = G x + offset, either the same or the first
layer's image (:mod:`polyregions.splitting.image_state`). The barrier is minus the sum of the logarithms of the slacks,
of the box's sides and of the rows. H = D + G^T T G, with D diagonal and T the sum of row row^T / slack^2, is inverted
by way of matrices as large as y only: K = G D^-1 G^T = L L^T and S = 1 + L^T T L = R R^T. The covariance of y is
(K^-1 + T)^-1 = L S^-1 L^T.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.sampling.descent_products import add_squares, gram, times_factor
from polyregions.sampling.descent_triangles import cholesky
from polyregions.splitting.compiled import compiled_loosely
from polyregions.splitting.image_state import Image, Small
from polyregions.splitting.tableau_state import ColumnRow, NameRow, PathColumn, padded

__all__ = [
    "CentreWork",
    "Narrow",
    "RowKind",
    "Wide",
    "add_image",
    "factorise",
    "lift",
    "new_centre_work",
    "place",
    "share_metric",
    "times_k",
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
_SLOT, _UNIT = PathColumn.SLOT, PathColumn.UNIT
_OFFSET, _X, _INVERSE_HESSIAN, _STEP = Small.OFFSET, Wide.X, Wide.INVERSE_HESSIAN, Wide.STEP
_Y, _RIGHT, _SLACK = Narrow.Y, Narrow.RIGHT, RowKind.SLACK

#: D is not renewed where it is right within this factor, since K would have to be, too; if more than this share of its
#: entries is to be renewed, K is computed from the start.
_CLOSE, _MANY_CHANGED = 2.0, 0.4
#: Added to the diagonal of K, relatively: rows of the first layer may depend on each other.
_RIDGE = 1e-12


class CentreWork(NamedTuple):
    """Work space, for one thread.

    ``matrices`` as large as y: L, R and K. ``blocks``: four vectors each. ``delta``: what entries of D^-1 changed by.
    ``column`` and ``names``: for multipliers of all rows, as those of a tableau.
    """

    matrices: FloatArray
    blocks: FloatArray
    delta: FloatArray
    wide: FloatArray
    narrow: FloatArray
    rows: FloatArray
    column: FloatArray
    names: IntArray


def new_centre_work(dimension: int, inputs: int, rows: int) -> CentreWork:
    """Arrays for forms over ``dimension`` coordinates, a box of ``inputs`` and cells of ``rows`` rows at most."""
    n = padded(dimension)
    return CentreWork(
        np.zeros((3, n, n)),
        np.zeros((2, 4, max(n, padded(inputs)))),
        np.zeros(padded(inputs)),
        np.zeros((Wide.LENGTH, padded(inputs))),
        np.zeros((Narrow.LENGTH, n)),
        np.zeros((RowKind.LENGTH, rows)),
        np.zeros((ColumnRow.LENGTH, max(rows, n))),
        np.zeros((NameRow.LENGTH, max(rows, n)), dtype=np.int64),
    )


@compiled_loosely
def add_image(image: Image | None, plain: bool | None, n: int, work: CentreWork, source: int, target: int) -> None:
    """narrow[target] += G wide[source]."""
    wide, narrow = work.wide, work.narrow
    if plain is not None:
        for c in range(n):
            narrow[target, c] += wide[source, c]
    if image is not None:
        columns = image.columns
        # The box is padded to a multiple of four.
        for j in range(0, wide.shape[1], 4):
            v0, v1, v2, v3 = wide[source, j], wide[source, j + 1], wide[source, j + 2], wide[source, j + 3]
            for c in range(n):
                narrow[target, c] += (
                    columns[j, c] * v0 + columns[j + 1, c] * v1 + columns[j + 2, c] * v2 + columns[j + 3, c] * v3
                )


@compiled_loosely
def times_k(plain: bool | None, n: int, work: CentreWork, source: int, target: int) -> None:
    """narrow[target] = K narrow[source]."""
    narrow, k_matrix = work.narrow, work.matrices[2]
    if plain is not None:
        for c in range(n):
            narrow[target, c] = work.wide[_INVERSE_HESSIAN, c] * narrow[source, c]
        return
    end = np.uint64(n)
    for c in range(n):
        narrow[target, c] = 0.0
    for i in range(n):
        own, value = 0.0, narrow[source, i]
        for c in range(np.uint64(i), end):
            narrow[target, c] += k_matrix[i, c] * value
        for c in range(np.uint64(i + 1), end):
            own += k_matrix[i, c] * narrow[source, c]
        narrow[target, i] += own


@compiled_loosely
def place(image: Image | None, plain: bool | None, n: int, work: CentreWork, source: int) -> None:
    """Y of a point of the box."""
    for c in range(n):
        work.narrow[_Y, c] = 0.0 if image is None else image.small[_OFFSET, c]
    add_image(image, plain, n, work, source, _Y)


@compiled_loosely
def lift(image: Image | None, plain: bool | None, n: int, work: CentreWork, row: int) -> None:
    """STEP = G^T narrow[row]."""
    wide, narrow = work.wide, work.narrow
    if plain is not None:
        for c in range(wide.shape[1]):
            wide[_STEP, c] = narrow[row, c] if c < n else 0.0
    if image is not None:
        generators = image.generators
        for j in range(wide.shape[1]):
            wide[_STEP, j] = 0.0
        # Entries from n on are 0.
        for c in range(0, n, 4):
            v0, v1, v2, v3 = narrow[row, c], narrow[row, c + 1], narrow[row, c + 2], narrow[row, c + 3]
            for j in range(wide.shape[1]):
                wide[_STEP, j] += (
                    v0 * generators[c, j]
                    + v1 * generators[c + 1, j]
                    + v2 * generators[c + 2, j]
                    + v3 * generators[c + 3, j]
                )


@compiled_loosely
def factorise(
    scaled: FloatArray, image: Image | None, plain: bool | None, path: IntArray, count: int, n: int, work: CentreWork
) -> bool:
    """L and R at X, of which the slacks are known, and D and K near enough; False if floats do not do. Spoils RIGHT."""
    l_matrix, s_matrix, squares, block = work.matrices[0], work.matrices[1], work.narrow[_RIGHT], work.blocks[0]
    changed = _hessian(1.0 if image is None else _CLOSE, work)
    if plain is not None:
        for i in range(n):
            for j in range(n):
                l_matrix[i, j] = 0.0
            l_matrix[i, i] = np.sqrt(work.wide[_INVERSE_HESSIAN, i])
    if image is not None:
        if changed > _MANY_CHANGED * work.wide.shape[1]:
            gram(image.generators, work.wide[_INVERSE_HESSIAN], block, work.matrices[2], n)
        elif changed > 0:
            _update(image.columns, n, work)
        if not _root_of_k(n, work):
            # What was added in parts leaves rounding errors as large as K once was.
            gram(image.generators, work.wide[_INVERSE_HESSIAN], block, work.matrices[2], n)
            if not _root_of_k(n, work):
                return False
    for i in range(n):
        for j in range(i, n):
            s_matrix[i, j] = 0.0
        s_matrix[i, i] = 1.0
        squares[i] = 0.0
    _add_rows(scaled, image, path, count, n, work)
    if image is not None:
        # Rows of the image's own coordinates are multiples of unit vectors, whose products with L^T are rows of L.
        for i in range(0, n, 4):
            for q in range(4):
                for c in range(i + 4):
                    block[q, c] = l_matrix[i + q, c]
            add_squares(s_matrix, block, squares[i], squares[i + 1], squares[i + 2], squares[i + 3], i + 4)
    return cholesky(s_matrix, n)


@compiled_loosely
def _root_of_k(n: int, work: CentreWork) -> bool:
    """L from K; False if K has none in floats."""
    l_matrix, k_matrix, trace = work.matrices[0], work.matrices[2], 0.0
    for i in range(n):
        trace += k_matrix[i, i]
        for j in range(i, n):
            l_matrix[i, j] = k_matrix[i, j]
    for i in range(n):
        l_matrix[i, i] += _RIDGE * trace / n
    return cholesky(l_matrix, n)


@compiled_loosely
def _add_rows(scaled: FloatArray, image: Image | None, path: IntArray, count: int, n: int, work: CentreWork) -> None:
    """Add L^T T L to S; but for rows of the image's own coordinates, whose squares over slacks are added to RIGHT."""
    l_matrix, s_matrix, squares = work.matrices[0], work.matrices[1], work.narrow[_RIGHT]
    block, given = work.blocks[0], work.blocks[1]
    many = 0
    for i in range(count):
        slot, u = path[i, _SLOT], path[i, _UNIT]
        inverse = 1.0 / work.rows[_SLACK, i]
        if image is not None and slot == 0:
            squares[u] += (inverse * scaled[0, u, u]) ** 2
            continue
        for c in range(n):
            given[many, c] = inverse * scaled[slot, u, c]
        many += 1
        if many == 4:
            times_factor(given, l_matrix, block, n)
            add_squares(s_matrix, block, 1.0, 1.0, 1.0, 1.0, n)
            many = 0
    if many > 0:
        for q in range(many, 4):
            for c in range(n):
                given[q, c] = 0.0
        times_factor(given, l_matrix, block, n)
        add_squares(s_matrix, block, 1.0, 1.0, 1.0, 1.0, n)


@compiled_loosely
def _hessian(close: float, work: CentreWork) -> int:
    """The inverse of D at X, where it is not within a factor of what is there; how many entries were not."""
    wide, delta = work.wide, work.delta
    changed = 0
    for j in range(wide.shape[1]):
        x, old = wide[_X, j], wide[_INVERSE_HESSIAN, j]
        up, down = 1.0 / x, 1.0 / (1.0 - x)
        new = 1.0 / (up * up + down * down)
        delta[j] = 0.0
        if new > close * old or close * new < old:
            delta[j] = new - old
            wide[_INVERSE_HESSIAN, j] = new
            changed += 1
    return changed


@compiled_loosely
def _update(columns: FloatArray, n: int, work: CentreWork) -> None:
    """Add to K what D^-1 changed by."""
    block, weights, delta = work.blocks[0], work.blocks[1, 0], work.delta
    many = 0
    for j in range(len(delta)):
        if delta[j] != 0.0:
            for c in range(n):
                block[many, c] = columns[j, c]
            weights[many] = delta[j]
            many += 1
        if many == 4 or (many > 0 and j == len(delta) - 1):
            for q in range(many, 4):
                weights[q] = 0.0
                for c in range(n):
                    block[q, c] = 0.0
            add_squares(work.matrices[2], block, weights[0], weights[1], weights[2], weights[3], n)
            many = 0


@compiled_loosely
def share_metric(image: Image | None, n: int, source: CentreWork, target: CentreWork) -> None:
    """Take over D and K, which are to be renewed for a point near by."""
    for j in range(source.wide.shape[1]):
        target.wide[_INVERSE_HESSIAN, j] = source.wide[_INVERSE_HESSIAN, j]
    if image is not None:
        for i in range(n):
            for j in range(n):
                target.matrices[2, i, j] = source.matrices[2, i, j]

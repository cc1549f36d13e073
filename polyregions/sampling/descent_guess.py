"""Compiled: how far units are from cells' centres, and from that a guess of how many leaves a cell has."""

import numpy as np
import numpy.typing as npt

from polyregions.sampling.descent_centre import CentreWork, Narrow, Wide, newton
from polyregions.sampling.descent_sides import towards_known
from polyregions.sampling.descent_state import Population
from polyregions.sampling.descent_triangles import cholesky
from polyregions.splitting.compiled import compiled
from polyregions.splitting.image_state import Image
from polyregions.splitting.tableau_state import BoxRow, Constant, FormNumber, PathColumn, Problem

__all__ = ["consider", "survey"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_SCALED_CONSTANT, _SCALE = FormNumber.SCALED_CONSTANT, FormNumber.SCALE
_LOWER, _EXTENT, _BIAS = BoxRow.LOWER, BoxRow.EXTENT, Constant.BIAS
_X, _Y, _FIRST = Wide.X, Narrow.Y, Narrow.FIRST
_ONE = np.uint64(1)

#: A form counts half at so much of the cell's size; none counts as nearer than the last, in radii.
_NEAR, _NEAREST = 0.25, 0.05
#: What near forms, directions and the room that the centre has in the box add to the guess, in bits.
_PER_FORM, _PER_DIRECTION, _PER_LOGARITHM = 0.3, 0.8, 0.003
#: Stands for the radii of a cell whose centre is not known.
_FAR = 1e6


@compiled
def _distances(width: int, n: int, work: CentreWork, kind: int) -> None:
    """DISTANCES[kind] of the forms in FORMS[kind], whose values at Y are there."""
    forms, l_matrix, r_matrix = work.forms[kind], work.matrices[0], work.matrices[1]
    # In place: L^T F, then R^-1 of it; two rows at a time.
    for k in range(n):
        for u in range(width):
            forms[k, u] *= l_matrix[k, k]
        whole = k + 1 + (n - k - 1) // 2 * 2
        for c in range(k + 1, whole, 2):
            first, second = l_matrix[c, k], l_matrix[c + 1, k]
            for u in range(width):
                forms[k, u] += first * forms[c, u] + second * forms[c + 1, u]
        for c in range(whole, n):
            first = l_matrix[c, k]
            for u in range(width):
                forms[k, u] += first * forms[c, u]
    for i in range(n):
        whole = i - i % 2
        for k in range(0, whole, 2):
            first, second = r_matrix[i, k], r_matrix[i, k + 1]
            for u in range(width):
                forms[i, u] -= first * forms[k, u] + second * forms[k + 1, u]
        for k in range(whole, i):
            first = r_matrix[i, k]
            for u in range(width):
                forms[i, u] -= first * forms[k, u]
        factor = 1.0 / r_matrix[i, i]
        for u in range(width):
            forms[i, u] *= factor
    for u in range(width):
        square = 0.0
        for c in range(n):
            square += forms[c, u] * forms[c, u]
        value = abs(work.distances[kind, u])
        radius = value / np.sqrt(square) if square > 0.0 else np.inf
        work.distances[kind, u] = radius if radius >= 0.0 else np.inf


@compiled
def _guess_of_parts(width: int, n: int, scale: float, work: CentreWork, kind: int) -> float:
    """Part of the guess: of one layer's forms, those of infinite distance left out.

    A weighted sum of how many forms are near, each counted softly, and of how many directions they have: the trace of
    M (1 + M)^-1, where M is the sum of z z^T and z a form, of length 1 in the norm of the covariance, over its distance
    in units of the cell's size. (The regions of k hyperplanes in m dimensions grow with both.)
    """
    forms, matrix, vector = work.forms[kind], work.matrices[2], work.narrow
    near = 0.0
    for i in range(n):
        for j in range(n):
            matrix[i, j] = 1.0 if i == j else 0.0
    for u in range(width):
        radius = work.distances[kind, u]
        if not np.isfinite(radius):
            continue
        near += 1.0 / (1.0 + radius / (_NEAR * scale))
        square = 0.0
        for c in range(n):
            square += forms[c, u] * forms[c, u]
        if not square > 0.0:
            continue
        factor = scale / (np.sqrt(square) * max(radius, _NEAREST))
        for c in range(n):
            vector[_FIRST, c] = factor * forms[c, u]
        for i in range(n):
            value = vector[_FIRST, i]
            for j in range(i + 1):
                matrix[i, j] += value * vector[_FIRST, j]
    if not cholesky(matrix, n):
        return 0.0
    # The trace of (1 + M)^-1 is the square of the factor's inverse, whose columns are e_i solved forwards.
    inverse, trace = work.matrices[3], 0.0
    for i in range(n):
        for j in range(i + 1):
            inverse[i, j] = 1.0 if i == j else 0.0
        for k in range(i):
            factor = matrix[i, k]
            for j in range(k + 1):
                inverse[i, j] -= factor * inverse[k, j]
        factor = 1.0 / matrix[i, i]
        for j in range(i + 1):
            inverse[i, j] *= factor
            trace += inverse[i, j] * inverse[i, j]
    return _PER_FORM * near + _PER_DIRECTION * (n - trace)


@compiled
def _measure(
    problem: Problem,
    scaled: FloatArray,
    numbers: FloatArray,
    states: npt.NDArray[np.uint64],
    is_open: npt.NDArray[np.bool_],
    unit: IntArray,
    layer: int,
    n: int,
    scale: float,
    radii: FloatArray,
    work: CentreWork,
) -> float:
    """The radii of the layer's open units, and log2 of a guess of the leaves: by these and by the next layer's forms.

    The next layer's forms are taken as they are at Y.
    """
    width = int(problem.widths[layer])
    forms, distances, narrow = work.forms, work.distances, work.narrow
    for u in range(width):
        value = numbers[layer, u, _SCALED_CONSTANT]
        for c in range(n):
            forms[0, c, u] = scaled[layer, u, c]
            value += scaled[layer, u, c] * narrow[_Y, c]
        distances[0, u] = value
    guess, following = 0.0, layer + 1
    for j in range(work.wide.shape[1]):
        x = work.wide[_X, j]
        guess += _PER_LOGARITHM * np.log(4.0 * x * (1.0 - x))
    if following < len(problem.widths):
        wide_next = int(problem.widths[following])
        bias = int(problem.constants[_BIAS])
        for u in range(wide_next):
            for c in range(n):
                forms[1, c, u] = 0.0
            distances[1, u] = 0.0
            if bias < 0:
                distances[1, u] = problem.biases[following, u]
            else:
                forms[1, bias, u] = problem.biases[following, u] * problem.box[_EXTENT, bias]
                distances[1, u] = problem.biases[following, u] * (
                    problem.box[_LOWER, bias] + problem.box[_EXTENT, bias] * narrow[_Y, bias]
                )
        for i in range(width):
            word, bit = i >> 6, _ONE << np.uint64(i & 63)
            active = (states[layer, word] & bit) > 0
            if unit[_SIGN] != 0 and i == unit[_UNIT]:
                active = unit[_SIGN] > 0
            elif is_open[i]:
                active = distances[0, i] > 0.0
            if problem.linear[layer, word] & bit:
                active = True
            if active and numbers[layer, i, _SCALE] > 0.0:
                inverse = 1.0 / numbers[layer, i, _SCALE]
                for c in range(n):
                    factor = inverse * forms[0, c, i]
                    if factor != 0.0:
                        for u in range(wide_next):
                            forms[1, c, u] += factor * problem.weights[following, u, i]
                for u in range(wide_next):
                    distances[1, u] += inverse * distances[0, i] * problem.weights[following, u, i]
        _distances(wide_next, n, work, 1)
        for u in range(wide_next):
            if problem.linear[following, u >> 6] & (_ONE << np.uint64(u & 63)):
                distances[1, u] = np.inf
        guess += _guess_of_parts(wide_next, n, scale, work, 1)
    _distances(width, n, work, 0)
    for u in range(width):
        if not is_open[u] or problem.linear[layer, u >> 6] & (_ONE << np.uint64(u & 63)):
            distances[0, u] = np.inf
    guess += _guess_of_parts(width, n, scale, work, 0)
    for u in range(width):
        radii[u] = distances[0, u] if is_open[u] else -1.0
        if is_open[u] and problem.linear[layer, u >> 6] & (_ONE << np.uint64(u & 63)):
            radii[u] = 0.0
    return guess


@compiled
def survey(
    problem: Problem,
    population: Population,
    image: Image | None,
    plain: bool | None,
    n: int,
    scale: float,
    slots: IntArray,
    layer: int,
    centres: FloatArray,
    radii: FloatArray,
    is_open: npt.NDArray[np.bool_],
    guesses: FloatArray,
    work: CentreWork,
) -> None:
    """Measure the layer that the cells in ``slots`` have just entered, all of whose units are open."""
    nothing = work.nothing
    for p in slots:
        scaled, numbers, path = population.scaled[p], population.numbers[p], population.path[p]
        count = int(population.length[p])
        for j in range(work.wide.shape[1]):
            work.wide[_X, j] = centres[p, j]
        guesses[p] = 0.0
        if newton(scaled, numbers, image, plain, path, count, nothing, n, work):
            for j in range(work.wide.shape[1]):
                centres[p, j] = work.wide[_X, j]
            guesses[p] = _measure(
                problem, scaled, numbers, population.states[p], is_open[p], nothing, layer, n, scale, radii[p], work
            )
        else:
            for u in range(radii.shape[1]):
                radii[p, u] = _FAR if is_open[p, u] else -1.0


@compiled
def consider(
    problem: Problem,
    population: Population,
    image: Image | None,
    plain: bool | None,
    n: int,
    scale: float,
    box: FloatArray,
    parents: IntArray,
    units: IntArray,
    states: IntArray,
    layer: int,
    centres: FloatArray,
    sides: FloatArray,
    reached: npt.NDArray[np.bool_],
    is_open: npt.NDArray[np.bool_],
    new_centres: FloatArray,
    new_radii: FloatArray,
    new_guesses: FloatArray,
    failed: npt.NDArray[np.bool_],
    work: CentreWork,
) -> None:
    """Centres and radii of the parts into which units cut cells: part k is that of slot ``parents[k]``."""
    row = work.row
    for k in range(len(parents)):
        p = parents[k]
        scaled, numbers, path = population.scaled[p], population.numbers[p], population.path[p]
        count = int(population.length[p])
        row[_SLOT], row[_UNIT], row[_SIGN] = layer, units[k], states[k]
        side = 1 if states[k] > 0 else 0
        failed[k] = True
        for j in range(work.wide.shape[1]):
            work.wide[_X, j] = sides[p, side, j] if reached[p, side] else centres[p, j]
        if not reached[p, side]:
            points = population.x[p] if image is None else population.full[p]
            if not towards_known(scaled, numbers, image, plain, box, points, int(population.known[p]), n, work):
                continue
        if not newton(scaled, numbers, image, plain, path, count, row, n, work):
            continue
        failed[k] = False
        for j in range(work.wide.shape[1]):
            new_centres[k, j] = work.wide[_X, j]
        was_open = is_open[p, units[k]]
        is_open[p, units[k]] = False
        new_guesses[k] = _measure(
            problem, scaled, numbers, population.states[p], is_open[p], row, layer, n, scale, new_radii[k], work
        )
        is_open[p, units[k]] = was_open

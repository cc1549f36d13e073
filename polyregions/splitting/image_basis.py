"""The basis of a linear program over an image: tight rows of the path, basic columns, the inverse of their products.

``Image.inverse`` has a row a basic column and a column a tight row. Each change of the basis is one of rank one.
"""

from polyregions.splitting.compiled import compiled, inlined
from polyregions.splitting.image_state import Basis, Image, Small
from polyregions.splitting.tableau_state import FloatArray, FormNumber, IntArray, PathColumn

__all__ = [
    "column_coefficients",
    "exchange_column",
    "exchange_row",
    "grow",
    "keep_basis",
    "product",
    "row_at",
    "row_coefficients",
    "shrink",
    "take_over",
]

#: Entries below this are no pivots of a basis taken over from another program.
_SMALLEST_PIVOT = 1e-7

_SCALED_CONSTANT = FormNumber.SCALED_CONSTANT
_SLOT, _UNIT, _SIGN = PathColumn.SLOT, PathColumn.UNIT, PathColumn.SIGN
_TIGHT, _BASIC, _SIZE = Basis.TIGHT, Basis.BASIC, Basis.SIZE
_WORK_A, _WORK_B = Small.FIRST, Small.SECOND


@inlined
def product(scaled: FloatArray, path: IntArray, i: int, columns: FloatArray, q: int) -> float:
    """Row i of the path times a generator."""
    slot, unit = path[i, _SLOT], path[i, _UNIT]
    total = 0.0
    for k in range(columns.shape[1]):
        total += scaled[slot, unit, k] * columns[q, k]
    return path[i, _SIGN] * total


@inlined
def row_at(scaled: FloatArray, numbers: FloatArray, path: IntArray, i: int, small: FloatArray, kind: int) -> float:
    """Row i of the path at the place ``small[kind]``."""
    slot, unit = path[i, _SLOT], path[i, _UNIT]
    total = numbers[slot, unit, _SCALED_CONSTANT]
    for k in range(small.shape[1]):
        total += scaled[slot, unit, k] * small[kind, k]
    return path[i, _SIGN] * total


@compiled
def row_coefficients(scaled: FloatArray, path: IntArray, image: Image, i: int, size: int) -> None:
    """FIRST: row i over the slacks of the tight rows, with structural columns eliminated."""
    small, inverse, basis = image.small, image.inverse, image.basis
    for k in range(size):
        small[_WORK_A, k] = 0.0
    for b in range(size):
        value = product(scaled, path, i, image.columns, basis[_BASIC, b])
        for k in range(size):
            small[_WORK_A, k] += value * inverse[b, k]


@compiled
def column_coefficients(scaled: FloatArray, path: IntArray, image: Image, q: int, size: int) -> None:
    """SECOND: column q over the basic columns, in the tight rows."""
    small, inverse, basis = image.small, image.inverse, image.basis
    for b in range(size):
        small[_WORK_B, b] = 0.0
    for k in range(size):
        value = product(scaled, path, basis[_TIGHT, k], image.columns, q)
        for b in range(size):
            small[_WORK_B, b] += inverse[b, k] * value


@compiled
def grow(scaled: FloatArray, path: IntArray, image: Image, i: int, q: int, pivot: float) -> None:
    """Row i and column q enter the basis; FIRST holds the row's coefficients (a bordered inverse)."""
    small, inverse, basis = image.small, image.inverse, image.basis
    size = basis[_SIZE, 0]
    column_coefficients(scaled, path, image, q, size)
    for b in range(size):
        factor = small[_WORK_B, b] / pivot
        for k in range(size):
            inverse[b, k] += factor * small[_WORK_A, k]
        inverse[b, size] = -factor
    for k in range(size):
        inverse[size, k] = -small[_WORK_A, k] / pivot
    inverse[size, size] = 1.0 / pivot
    basis[_TIGHT, size], basis[_BASIC, size] = i, q
    image.is_tight[i] = 1
    basis[_SIZE, 0] = size + 1


@compiled
def shrink(image: Image, k: int, b: int) -> None:
    """Tight row k and basic column b leave the basis."""
    inverse, basis = image.inverse, image.basis
    last = basis[_SIZE, 0] - 1
    for r in range(last + 1):
        if r != b:
            factor = inverse[r, k] / inverse[b, k]
            for c in range(last + 1):
                if c != k:
                    inverse[r, c] -= factor * inverse[b, c]
    for r in range(last + 1):
        inverse[r, k] = inverse[r, last]
    for c in range(last + 1):
        inverse[b, c] = inverse[last, c]
    image.is_tight[basis[_TIGHT, k]] = 0
    basis[_TIGHT, k], basis[_BASIC, b] = basis[_TIGHT, last], basis[_BASIC, last]
    basis[_SIZE, 0] = last


@compiled
def exchange_row(image: Image, k: int, i: int) -> None:
    """Row i takes the place of tight row k; FIRST holds the row's coefficients."""
    small, inverse, basis = image.small, image.inverse, image.basis
    size = basis[_SIZE, 0]
    pivot = small[_WORK_A, k]
    for b in range(size):
        factor = inverse[b, k] / pivot
        for c in range(size):
            if c != k:
                inverse[b, c] -= factor * small[_WORK_A, c]
        inverse[b, k] = factor
    image.is_tight[basis[_TIGHT, k]] = 0
    image.is_tight[i] = 1
    basis[_TIGHT, k] = i


@compiled
def exchange_column(scaled: FloatArray, path: IntArray, image: Image, b: int, q: int) -> None:
    """Column q takes the place of basic column b."""
    small, inverse, basis = image.small, image.inverse, image.basis
    size = basis[_SIZE, 0]
    column_coefficients(scaled, path, image, q, size)
    pivot = small[_WORK_B, b]
    for k in range(size):
        inverse[b, k] /= pivot
    for r in range(size):
        if r != b:
            for k in range(size):
                inverse[r, k] -= small[_WORK_B, r] * inverse[b, k]
    basis[_BASIC, b] = q


@inlined
def _code(path: IntArray, i: int) -> int:
    """What tells path row i from those that may have been in its place."""
    return ((path[i, _SLOT] << 32) + path[i, _UNIT]) * 2 + (path[i, _SIGN] > 0)


@compiled
def take_over(scaled: FloatArray, path: IntArray, image: Image, layer: int, unit: int, side: int, count: int) -> None:
    """The basis with which the last program of this unit ended, as far as its rows are still there."""
    small, basis, last = image.small, image.basis, image.last
    for k in range(basis[_SIZE, 0]):
        image.is_tight[basis[_TIGHT, k]] = 0
    basis[_SIZE, 0] = 0
    many = last[layer, unit, side, 0]
    for k in range(many):
        i = last[layer, unit, side, 1 + 3 * k]
        if i >= count or _code(path, i) != last[layer, unit, side, 2 + 3 * k] or image.is_tight[i]:
            continue
        size = basis[_SIZE, 0]
        row_coefficients(scaled, path, image, i, size)
        best, pivot = -1, 0.0
        for c in range(many):
            q = last[layer, unit, side, 3 + 3 * c]
            used = False
            for b in range(size):
                used |= basis[_BASIC, b] == q
            if used:
                continue
            value = product(scaled, path, i, image.columns, q)
            for m in range(size):
                value -= small[_WORK_A, m] * product(scaled, path, basis[_TIGHT, m], image.columns, q)
            if abs(value) > abs(pivot):
                best, pivot = q, value
        if abs(pivot) > _SMALLEST_PIVOT:
            grow(scaled, path, image, i, best, pivot)


@compiled
def keep_basis(path: IntArray, image: Image, layer: int, unit: int, side: int) -> None:
    """Keep the basis for the next program of this unit."""
    size = image.basis[_SIZE, 0]
    if 3 * size >= image.last.shape[3]:
        size = 0
    image.last[layer, unit, side, 0] = size
    for k in range(size):
        i = image.basis[_TIGHT, k]
        image.last[layer, unit, side, 1 + 3 * k] = i
        image.last[layer, unit, side, 2 + 3 * k] = _code(path, i)
        image.last[layer, unit, side, 3 + 3 * k] = image.basis[_BASIC, k]

"""The exact number of regions of an arrangement of hyperplanes {x : a . x = b} in R^n, in any position.

Whitney's theorem: the characteristic polynomial is chi(t) = sum over central subarrangements B (those with a common
point) of (-1)^#B t^(n - rank B); Zaslavsky's: (-1)^n chi(-1) is the number of regions, and (-1)^n chi(1) that of
bounded ones if the normals span R^n. The sum is not formed: by deletion and restriction,

    chi(A, t) = t^n - sum_i chi({H_1, ..., H_(i-1)} restricted to H_i, t),

a tree whose nodes are as many as the regions, one each.
"""

from collections.abc import Iterable, Sequence
from math import comb, gcd
from typing import Any

from polyregions.errors import ArgumentError
from polyregions.exact.numbers import as_fraction, common_denominator

__all__ = ["arrangement_regions", "bounded_arrangement_regions", "characteristic_polynomial", "hyperplane_rank"]

#: Integers (a_1, ..., a_n, b) without a common factor, the first that is not 0 positive.
Hyperplane = tuple[int, ...]


def arrangement_regions(normals: Iterable[Iterable[Any]], offsets: Iterable[Any]) -> int:
    """Into how many regions the hyperplanes {x : normals[i] . x = offsets[i]} cut R^n.

    It is the number of regions of a network with one hidden layer of weights ``normals`` and biases ``-offsets``.

    Parameters
    ----------
    normals : m x n numbers, each row not 0
        Taken exactly: floats as the rationals that they are, fractions also as strings such as "1/3".
    offsets : m numbers

    Raises
    ------
    ArgumentError
        If a row is 0 or not of the length of the others, or an entry is no finite number.

    Notes
    -----
    O(regions m n) operations on integers, and far fewer where the normals are independent or few dimensions are left.
    The integers grow with the rank: they are minors of the data.

    Examples
    --------
    >>> arrangement_regions([[1, 0], [0, 1], [1, 1]], [0, 0, 1])
    7
    >>> arrangement_regions([[1, 0], [0, 1], [1, 1]], [0, 0, 0])
    6
    """
    chi = characteristic_polynomial(normals, offsets)
    return abs(sum(c if k % 2 == 0 else -c for k, c in enumerate(chi)))


def bounded_arrangement_regions(normals: Iterable[Iterable[Any]], offsets: Iterable[Any]) -> int:
    """How many of the regions of :func:`arrangement_regions` are bounded; none if the normals do not span R^n.

    Examples
    --------
    >>> bounded_arrangement_regions([[1, 0], [0, 1], [1, 1]], [0, 0, 1])
    1
    """
    chi = characteristic_polynomial(normals, offsets)
    # The lowest power of t is n - rank: regions are products with a space of that dimension.
    return abs(sum(chi)) if chi[0] else 0


def characteristic_polynomial(normals: Iterable[Iterable[Any]], offsets: Iterable[Any]) -> list[int]:
    """The coefficients c_0, ..., c_n of chi(t) = sum_k c_k t^k.

    Parameters, errors and cost are those of :func:`arrangement_regions`.

    Examples
    --------
    >>> characteristic_polynomial([[1, 0], [0, 1], [1, 1]], [0, 0, 1])      # t^2 - 3 t + 3
    [3, -3, 1]
    """
    hyperplanes, dimension = _read(normals, offsets)
    if not hyperplanes:
        return [0] * dimension + [1]
    # Ranks and common points of subarrangements are the same over a maximal set of independent columns.
    columns = _independent_columns(hyperplanes)
    essential = [(*(h[j] for j in columns), h[-1]) for h in hyperplanes]
    chi = _polynomial(_distinct(essential), len(columns))
    return [0] * (dimension - len(columns)) + chi


def hyperplane_rank(rows: Sequence[Sequence[int]]) -> int:
    """The rank of integer rows.

    Examples
    --------
    >>> hyperplane_rank([[1, 2], [2, 4]])
    1
    """
    return len(_pivots([list(row) for row in rows])) if rows else 0


def _read(normals: Iterable[Iterable[Any]], offsets: Iterable[Any]) -> tuple[list[Hyperplane], int]:
    rows, constants = [list(row) for row in normals], list(offsets)
    if len(rows) != len(constants):
        raise ArgumentError(f"{len(rows)} normals and {len(constants)} offsets; there is one offset per hyperplane")
    if not rows:
        raise ArgumentError("no hyperplane, so the dimension is unknown; R^n without hyperplanes is one region")
    hyperplanes = []
    for i, (row, constant) in enumerate(zip(rows, constants, strict=True)):
        if len(row) != len(rows[0]) or not row:
            raise ArgumentError(f"hyperplane {i}: a normal of {len(row)} entries, where the first has {len(rows[0])}")
        try:
            values = [as_fraction(x) for x in (*row, constant)]
        except ValueError as error:
            raise ArgumentError(f"hyperplane {i}: {error}") from error
        if not any(values[:-1]):
            raise ArgumentError(f"hyperplane {i} is none: its normal is 0. Leave it out: it cuts nothing")
        q = common_denominator(values)
        hyperplanes.append(tuple(int(value * q) for value in values))
    return hyperplanes, len(rows[0])


def _independent_columns(hyperplanes: Sequence[Hyperplane]) -> list[int]:
    """Indices of a maximal set of independent columns of the normals."""
    return _pivots([list(h[:-1]) for h in hyperplanes])


def _pivots(rows: list[list[int]]) -> list[int]:
    """The pivot columns of an echelon form of the rows, which are overwritten."""
    pivots: list[int] = []
    for j in range(len(rows[0])):
        r = len(pivots)
        found = next((i for i in range(r, len(rows)) if rows[i][j]), None)
        if found is None:
            continue
        rows[r], rows[found] = rows[found], rows[r]
        pivot = rows[r]
        for i in range(r + 1, len(rows)):
            if rows[i][j]:
                rows[i] = _primitive([pivot[j] * x - rows[i][j] * y for x, y in zip(rows[i], pivot, strict=True)])
        pivots.append(j)
        if len(pivots) == len(rows):
            break
    return pivots


def _primitive(row: list[int]) -> list[int]:
    divisor = gcd(*row)
    return [x // divisor for x in row] if divisor > 1 else row


def _distinct(hyperplanes: Iterable[Sequence[int]]) -> list[Hyperplane]:
    """Each hyperplane once, in the order of the first, whatever multiple of it was given."""
    distinct: dict[Hyperplane, None] = {}
    for h in hyperplanes:
        divisor = gcd(*h)
        if next(x for x in h if x) < 0:
            divisor = -divisor
        distinct[tuple(x // divisor for x in h)] = None
    return list(distinct)


def _polynomial(hyperplanes: list[Hyperplane], dimension: int) -> list[int]:
    """Of distinct hyperplanes."""
    count = len(hyperplanes)
    if dimension == 1 or count <= 1:
        return [0] * (dimension - 1) + [-count, 1]
    if count <= dimension and hyperplane_rank([h[:-1] for h in hyperplanes]) == count:
        # Coordinate hyperplanes, but for an affine change of coordinates: t^(n - m) (t - 1)^m.
        return [0] * (dimension - count) + [comb(count, k) * (-1) ** (count - k) for k in range(count + 1)]
    chi = [0] * dimension + [1]
    for i in range(count):
        for k, c in enumerate(_polynomial(_restricted(hyperplanes[:i], hyperplanes[i]), dimension - 1)):
            chi[k] -= c
    return chi


def _restricted(hyperplanes: Iterable[Hyperplane], to: Hyperplane) -> list[Hyperplane]:
    """The traces on another one, in the coordinates left when it is solved for one. Parallel ones have none."""
    # A small pivot keeps numbers small.
    lead = min((abs(x), j) for j, x in enumerate(to[:-1]) if x)[1]
    p = to[lead]
    traces = []
    for h in hyperplanes:
        q = h[lead]
        trace = [p * x - q * y for x, y in zip(h, to, strict=True)] if q else list(h)
        del trace[lead]
        if any(trace[:-1]):
            traces.append(trace)
    return _distinct(traces)

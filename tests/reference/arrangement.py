"""Regions of an arrangement of hyperplanes in R^n, which are those of a one-layer network.

A hyperplane (a, b) is {x : a.x = b}, with a not 0. The arrangement may be in any position; a hyperplane that is
listed twice counts once.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import comb

Number = Fraction | int
Hyperplane = tuple[Sequence[Number], Number]


def _reduced(row: list[Fraction], echelon: Sequence[list[Fraction]]) -> list[Fraction]:
    """Row minus multiples of the echelon rows, so that it is 0 at their leading entries."""
    for basis in echelon:
        lead = next(j for j, entry in enumerate(basis) if entry)
        if row[lead]:
            factor = row[lead] / basis[lead]
            row = [x - factor * y for x, y in zip(row, basis, strict=True)]
    return row


def characteristic_polynomial(hyperplanes: Sequence[Hyperplane], dimension: int) -> list[int]:
    """The coefficients c_0, ..., c_n of chi(t) = sum_k c_k t^k.

    Whitney's theorem: chi(t) is the sum over the central subarrangements B, those with a common point (the empty
    one too), of (-1)^#B t^(n - rank B). A subarrangement without a common point has none when it grows, so the sum
    runs down a tree; an echelon form of B goes along and gives its rank. Takes up to 2^m steps.
    """
    for a, _ in hyperplanes:
        if len(a) != dimension or not any(a):
            raise ValueError(f"{a} is not the normal of a hyperplane in dimension {dimension}")
    coefficients = [0] * (dimension + 1)

    def extend(start: int, sign: int, echelon: list[list[Fraction]]) -> None:
        coefficients[dimension - len(echelon)] += sign
        for i in range(start, len(hyperplanes)):
            a, b = hyperplanes[i]
            row = _reduced([Fraction(entry) for entry in (*a, b)], echelon)
            if any(row[:-1]):
                extend(i + 1, -sign, [*echelon, row])
            elif row[-1] == 0:  # dependent, but still with a common point
                extend(i + 1, -sign, echelon)

    extend(0, 1, [])
    return coefficients


def regions(hyperplanes: Sequence[Hyperplane], dimension: int) -> int:
    """The number of regions of R^n, (-1)^n chi(-1) (Zaslavsky 1975, Stanley 2004).

    Examples
    --------
    >>> regions([([1, 0], 0), ([0, 1], 0), ([1, 1], 1)], 2)
    7
    """
    chi = characteristic_polynomial(hyperplanes, dimension)
    return sum(c * (-1) ** (dimension - k) for k, c in enumerate(chi))


def bounded_regions(hyperplanes: Sequence[Hyperplane], dimension: int) -> int:
    """The number of relatively bounded regions, (-1)^rank chi(1) (Zaslavsky 1975).

    Relatively bounded: bounded in the span of the normals. chi has its lowest non-zero term at t^(n - rank).
    """
    chi = characteristic_polynomial(hyperplanes, dimension)
    corank = next(k for k, c in enumerate(chi) if c)
    return (-1) ** (dimension - corank) * sum(chi)


def restricted(hyperplanes: Sequence[Hyperplane], to: Hyperplane) -> list[Hyperplane]:
    """The traces of the other hyperplanes on one of them, in the coordinates left when one is solved for."""
    normal, offset = to
    lead = next(j for j, entry in enumerate(normal) if entry)
    traces = []
    for a, b in hyperplanes:
        factor = Fraction(a[lead]) / normal[lead]
        trace = [x - factor * y for j, (x, y) in enumerate(zip(a, normal, strict=True)) if j != lead]
        if any(trace):  # else parallel to it, or the same
            traces.append((trace, b - factor * offset))
    return traces


def same(first: Hyperplane, second: Hyperplane) -> bool:
    """Whether two hyperplanes are the same set: whether (a, b) is a multiple of the other (a, b)."""
    rows = [[Fraction(entry) for entry in (*a, b)] for a, b in (first, second)]
    return not any(_reduced(rows[0], [rows[1]]))


def regions_by_deletion(hyperplanes: Sequence[Hyperplane], dimension: int) -> int:
    """The number of regions by r(A) = r(A without H) + r(A restricted to H); takes up to 2^m steps."""
    if not hyperplanes:
        return 1
    *others, last = hyperplanes
    without = regions_by_deletion(others, dimension)
    if any(same(last, other) for other in others):
        return without
    return without + regions_by_deletion(restricted(others, last), dimension - 1)


def general_position(count: int, dimension: int) -> int:
    """Regions of `count` hyperplanes in general position: sum_{j <= n} C(m, j) (Zaslavsky's formula)."""
    return sum(comb(count, j) for j in range(dimension + 1))


def bounded_general_position(count: int, dimension: int) -> int:
    """Bounded regions of `count` >= 1 hyperplanes in general position: C(m - 1, n)."""
    return comb(count - 1, dimension)


def central_general_position(count: int, dimension: int) -> int:
    """Regions of `count` >= 1 hyperplanes through 0, any n independent: 2 sum_{j < n} C(m - 1, j) (Cover 1965)."""
    return 2 * sum(comb(count - 1, j) for j in range(dimension))

"""The vertices of a region's closure in integer homogeneous coordinates, so that signs need no reduced fractions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import gcd

from polyregions.splitting.exact_vertices import BOX, DOMAIN

__all__ = ["IntegerVertex", "affine_rank", "cut_integer_box"]


@dataclass(frozen=True, slots=True)
class IntegerVertex:
    """The point ``coordinates[:-1] / coordinates[-1]``, coprime, the last positive, and the facets that it lies on."""

    coordinates: tuple[int, ...]
    facets: frozenset[tuple[int, int]]

    @property
    def point(self) -> tuple[Fraction, ...]:
        *numerators, denominator = self.coordinates
        return tuple(Fraction(value, denominator) for value in numerators)


def cut_integer_box(
    lower: Sequence[int], upper: Sequence[int], scale: int, rows: Iterable[Sequence[int]]
) -> list[IntegerVertex]:
    """The vertices of {t : lower <= scale t <= upper, a . t + c >= 0 for the rows (a, c)}, with lower < upper.

    Facets are named as in :func:`polyregions.splitting.exact_vertices.cut_box`.

    Notes
    -----
    The double description method (Motzkin et al. 1953), as there, on integers. Two vertices make an edge iff no third
    one lies on all the facets that they share.

    Examples
    --------
    >>> sorted(v.coordinates for v in cut_integer_box([0, 0], [2, 2], 2, [[-2, -2, 1]]))    # x + y <= 1/2
    [(0, 0, 1), (0, 1, 2), (1, 0, 2)]
    """
    vertices = [
        IntegerVertex(
            _reduced([*(pair[side] for pair, side in zip(zip(lower, upper, strict=True), sides, strict=True)), scale]),
            frozenset((BOX, 2 * j + side) for j, side in enumerate(sides)),
        )
        for sides in product((0, 1), repeat=len(lower))
    ]
    for number, row in enumerate(rows):
        values = [sum(w * x for w, x in zip(row, v.coordinates, strict=True)) for v in vertices]
        if min(values, default=1) > 0:
            continue
        facet = (DOMAIN, number)
        kept = [
            v if value else IntegerVertex(v.coordinates, v.facets | {facet})
            for v, value in zip(vertices, values, strict=True)
            if value >= 0
        ]
        inside = [(v, value) for v, value in zip(vertices, values, strict=True) if value > 0]
        for q, below in zip(vertices, values, strict=True):
            for p, above in inside if below < 0 else ():
                common = p.facets & q.facets
                if len(common) >= len(lower) - 1 and _is_edge(p, q, common, vertices):
                    pairs = zip(p.coordinates, q.coordinates, strict=True)
                    kept.append(IntegerVertex(_reduced([above * y - below * x for x, y in pairs]), common | {facet}))
        vertices = kept
    return vertices


def affine_rank(vertices: Sequence[IntegerVertex]) -> int:
    """The dimension of the affine hull of distinct points; -1 of none."""
    if len(vertices) <= 2:
        return len(vertices) - 1
    rows = [list(vertex.coordinates) for vertex in vertices]
    rank = 0
    for column in range(len(rows[0])):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rank += 1
        rows = [
            [pivot[column] * x - row[column] * y for x, y in zip(row, pivot, strict=True)] if row[column] else row
            for row in rows
            if row is not pivot
        ]
    return rank - 1


def _is_edge(
    p: IntegerVertex, q: IntegerVertex, common: frozenset[tuple[int, int]], vertices: list[IntegerVertex]
) -> bool:
    return not any(common <= r.facets for r in vertices if r is not p and r is not q)


def _reduced(coordinates: Sequence[int]) -> tuple[int, ...]:
    divisor = gcd(*coordinates)
    return tuple(value // divisor for value in coordinates)

"""The vertices of a domain, exactly: the box cut by the domain's rows, one after the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from polyregions.exact.restriction import Restriction

__all__ = ["BOX", "DOMAIN", "ExactVertex", "cut_box", "domain_vertices"]

#: Kinds of facets: a side of the box (number 2 j below, 2 j + 1 above), and a row of the domain.
BOX, DOMAIN = -1, -2


@dataclass(frozen=True)
class ExactVertex:
    """A rational point and the facets (kind, number) that it lies on."""

    point: tuple[Fraction, ...]
    facets: frozenset[tuple[int, int]]


def domain_vertices(restriction: Restriction) -> list[ExactVertex]:
    """The vertices of a restriction's domain in chart coordinates; see :func:`cut_box`."""
    chart = restriction.chart
    return cut_box(chart.lower, chart.upper, chart.rows)


def cut_box(
    lower: Sequence[Fraction], upper: Sequence[Fraction], rows: Iterable[tuple[Sequence[Fraction], Fraction]]
) -> list[ExactVertex]:
    """The vertices of {t : lower <= t <= upper, a . t + c >= 0 for the rows (a, c)}, with lower < upper.

    Notes
    -----
    The double description method (Motzkin et al. 1953): a new vertex on each edge whose ends lie on different
    sides; two vertices make an edge iff no third one lies on all the facets that they share. 2^d vertices to
    start with, quadratic in their number for each row.
    """
    bounds = list(zip(lower, upper, strict=True))
    vertices = [
        ExactVertex(
            tuple(pair[side] for pair, side in zip(bounds, sides, strict=True)),
            frozenset((BOX, 2 * j + side) for j, side in enumerate(sides)),
        )
        for sides in product((0, 1), repeat=len(bounds))
    ]
    for number, (a, c) in enumerate(rows):
        facet = (DOMAIN, number)
        values = [sum((w * x for w, x in zip(a, v.point, strict=True)), c) for v in vertices]
        kept = [
            ExactVertex(v.point, v.facets | {facet}) if value == 0 else v
            for v, value in zip(vertices, values, strict=True)
            if value >= 0
        ]
        for p, above in zip(vertices, values, strict=True):
            for q, below in zip(vertices, values, strict=True):
                if above > 0 > below and _adjacent(p, q, vertices):
                    share = above / (above - below)
                    point = tuple(x + share * (y - x) for x, y in zip(p.point, q.point, strict=True))
                    kept.append(ExactVertex(point, (p.facets & q.facets) | {facet}))
        vertices = kept
    return vertices


def _adjacent(p: ExactVertex, q: ExactVertex, vertices: list[ExactVertex]) -> bool:
    common = p.facets & q.facets
    return not any(common <= r.facets for r in vertices if r is not p and r is not q)

"""Vertices and volumes of bounded polyhedra, in rational arithmetic."""

from collections.abc import Sequence
from fractions import Fraction
from math import factorial, isqrt
from typing import Protocol

from polyregions.domain import Chart
from polyregions.errors import ArgumentError
from polyregions.splitting.exact_vertices import ExactVertex, cut_box

__all__ = [
    "LARGEST_DIMENSION",
    "chart_rows",
    "chart_vertices",
    "chart_volume",
    "determinant",
    "square_root",
    "triangulate",
    "volume_scale_squared",
]

#: The vertices of a box are 2^d, and the work is cubic in that.
LARGEST_DIMENSION = 8

Row = tuple[Sequence[Fraction], Fraction]


def chart_vertices(chart: Chart, halfspaces: Sequence[Row]) -> list[ExactVertex]:
    """The vertices, in chart coordinates, of a chart's domain within half-spaces a . x <= b of its space.

    Raises
    ------
    ArgumentError
        If the chart has too many dimensions.
    """
    d = chart.dimension
    if d > LARGEST_DIMENSION:
        raise ArgumentError(
            f"vertices are computed in up to {LARGEST_DIMENSION} dimensions, and the domain has {d}; ask for "
            "halfspaces(), or count over a plane or a segment"
        )
    return cut_box(chart.lower, chart.upper, [*chart.rows, *chart_rows(chart, halfspaces)])


def chart_rows(chart: Chart, halfspaces: Sequence[Row]) -> list[Row]:
    """Half-spaces a . x <= b as pairs (a', c), meaning a' . t + c >= 0 in chart coordinates."""
    rows: list[Row] = []
    for a, b in halfspaces:
        support = [i for i, value in enumerate(a) if value]
        constant = b - sum((a[i] * chart.origin[i] for i in support), Fraction(0))
        if chart.columns is None:
            rows.append(([-value for value in a], constant))
        else:
            columns = [sum((a[i] * v for i, v in column.items()), Fraction(0)) for column in chart.columns]
            rows.append(([-value for value in columns], constant))
    return rows


def chart_volume(vertices: Sequence[ExactVertex], dimension: int) -> Fraction:
    """The volume of the polytope with these vertices; 0 if it has a lower dimension.

    Notes
    -----
    Triangulation by pyramids over the facets that do not contain a first vertex, recursively (Cohen & Hickey 1979).
    Sets of vertices that share a facet, but are no facet themselves, give simplices of volume 0.
    """
    total = Fraction(0)
    for simplex in triangulate(list(range(len(vertices))), vertices, dimension):
        base, *others = (vertices[i].point for i in simplex)
        total += abs(determinant([[x - y for x, y in zip(point, base, strict=True)] for point in others]))
    return total / factorial(dimension)


class _WithFacets(Protocol):
    @property
    def facets(self) -> frozenset[tuple[int, int]]: ...


def triangulate(face: list[int], vertices: Sequence[_WithFacets], dimension: int) -> list[list[int]]:
    """A triangulation of a face, given by the indices of its vertices: index lists of d + 1 vertices each.

    Some of the simplices may have volume 0.
    """
    if len(face) <= dimension:
        return []
    if dimension == 0:
        return [face[:1]]
    apex, *rest = face
    facets = {facet for i in rest for facet in vertices[i].facets} - vertices[apex].facets
    sides = {tuple(i for i in rest if facet in vertices[i].facets) for facet in facets}
    return [[apex, *simplex] for side in sorted(sides) for simplex in triangulate(list(side), vertices, dimension - 1)]


def determinant(rows: list[list[Fraction]]) -> Fraction:
    """The determinant of a square matrix, by elimination."""
    result = Fraction(1)
    rows = [list(row) for row in rows]
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return Fraction(0)
        if pivot != k:
            rows[k], rows[pivot] = rows[pivot], rows[k]
            result = -result
        result *= rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            if factor:
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return result


def volume_scale_squared(chart: Chart) -> Fraction:
    """The square of the factor of volumes in chart coordinates: the Gram determinant of the columns."""
    if chart.columns is None:
        return Fraction(1)
    gram = [
        [sum((v * q.get(i, Fraction(0)) for i, v in p.items()), Fraction(0)) for q in chart.columns]
        for p in chart.columns
    ]
    return determinant(gram)


def square_root(value: Fraction) -> Fraction | None:
    """The square root, if it is rational.

    Examples
    --------
    >>> square_root(Fraction(9, 4)), square_root(Fraction(2))
    (Fraction(3, 2), None)
    """
    p, q = isqrt(value.numerator), isqrt(value.denominator)
    return Fraction(p, q) if p * p == value.numerator and q * q == value.denominator else None

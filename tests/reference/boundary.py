"""The boundary between the regions of a network in a polygon or on a segment, by cutting the domain into pieces.

Papers: Hanin & Rolnick 2019. A piece of the boundary is an edge of two pieces of the domain. `gradient` keeps those at
which the network, an affine map of the last layer's activations, has another gradient on either side.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from tests.reference.brute_force import Layer, Number, activations, evaluate, identity, pre_activations
from tests.reference.slices import Point, breakpoints, cells, polygon

Gradient = tuple[tuple[Number, ...], ...]


def gradient_at(layers: Sequence[Layer], output: Layer | None, x: Sequence[Number]) -> Gradient:
    h = identity(len(x))
    for layer, states in zip(layers, evaluate(layers, x), strict=True):
        h = activations(pre_activations(layer, h), states)
    return tuple(a for a, _ in (h if output is None else pre_activations(output, h)))


def kinks(
    layers: Sequence[Layer], output: Layer | None, lower: Number, upper: Number, gradient: bool
) -> list[Fraction]:
    """The points inside a segment where the pattern, or the slope, changes."""
    points = breakpoints(layers, lower, upper)

    def here(x: Fraction) -> object:
        return gradient_at(layers, output, [x]) if gradient else evaluate(layers, [x])

    return [q for (p, q), (_, r) in pairwise(pairwise(points)) if here((p + q) / 2) != here((q + r) / 2)]


def edges(
    layers: Sequence[Layer], output: Layer | None, lower: Point, upper: Point, gradient: bool
) -> set[frozenset[Point]]:
    """The edges between regions inside a box in the plane."""
    owners: dict[frozenset[Point], list[Gradient]] = {}
    for cell in cells(layers, polygon(lower, upper)):
        for p, q in whole_edges(cell.vertices):
            owners.setdefault(frozenset((p, q)), []).append(gradient_at(layers, output, cell.centre()))
    return {edge for edge, found in owners.items() if len(found) == 2 and (not gradient or found[0] != found[1])}


def whole_edges(vertices: Sequence[Point]) -> list[tuple[Point, Point]]:
    """The edges of a polygon, none of whose vertices may lie inside an edge."""
    for (p, q), (_, r) in pairwise(pairwise((*vertices, *vertices[:2]))):
        if (q[0] - p[0]) * (r[1] - q[1]) == (q[1] - p[1]) * (r[0] - q[0]):
            raise ValueError(f"{q} is no corner")
    return list(pairwise((*vertices, vertices[0])))


def square_length(edge: frozenset[Point]) -> Fraction:
    p, q = edge
    return sum((a - b) ** 2 for a, b in zip(p, q, strict=True))


def corners(found: set[frozenset[Point]], lower: Point, upper: Point) -> set[Point]:
    """The points inside the box where edges meet, other than two that continue each other."""
    around: dict[Point, list[Point]] = {}
    for edge in found:
        p, q = edge
        around.setdefault(p, []).append(q)
        around.setdefault(q, []).append(p)

    def straight(point: Point, ends: list[Point]) -> bool:
        if len(ends) != 2:
            return False
        (a, b), (c, d) = ([v - w for v, w in zip(end, point, strict=True)] for end in ends)
        return a * d == b * c

    return {
        point
        for point, ends in around.items()
        if all(low < v < high for low, v, high in zip(lower, point, upper, strict=True)) and not straight(point, ends)
    }

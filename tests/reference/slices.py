"""Activation patterns with one or two inputs by cutting the domain into pieces: a second oracle, without elimination.

Papers: Hanin & Rolnick 2019 (exact counts on lines and planes). Layers and bounds are as in brute_force; the box has
to be bounded. All numbers are Fractions or ints, so a cut is never missed or made twice.

The closure of a region is a segment or a convex polygon on which every pre-activation is affine and does not change
its sign. So along an open edge it is identically 0 or never 0: the pattern is constant on the interior, on each open
edge and on each vertex, and evaluating the network at one point of each gives all patterns (R1). The points of the
interiors alone give the regions (R2).
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from tests.reference.brute_force import Form, Layer, Number, Pattern, activations, evaluate, identity, pre_activations

Point = tuple[Fraction, ...]


def value(form: Form, point: Sequence[Number]) -> Fraction:
    a, c = form
    return Fraction(sum(w * x for w, x in zip(a, point, strict=True)) + c)


def relu_at(forms: Sequence[Form], inside: Sequence[Number]) -> list[Form]:
    """relu of the forms on the piece that `inside` is an interior point of."""
    return activations(forms, [int(value(form, inside) > 0) for form in forms])


# ---------------------------------------------------------------------------------------------------------------
# One input
# ---------------------------------------------------------------------------------------------------------------


def breakpoints(layers: Sequence[Layer], start: Number, end: Number) -> list[Fraction]:
    """The points of [start, end], ends included, at which an activation changes."""
    pieces = [(Fraction(start), Fraction(end), identity(1))]
    for layer in layers:
        next_pieces = []
        for left, right, h in pieces:
            forms = pre_activations(layer, h)
            zeros = {Fraction(-c) / a[0] for a, c in forms if a[0] != 0}
            cuts = sorted({left, right} | {zero for zero in zeros if left < zero < right})
            next_pieces += [(p, q, relu_at(forms, [(p + q) / 2])) for p, q in pairwise(cuts)]
        pieces = next_pieces
    return [left for left, _, _ in pieces] + [pieces[-1][1]]


def segment_regions(layers: Sequence[Layer], start: Number, end: Number) -> set[Pattern]:
    """R2 on the segment start <= x <= end."""
    return {evaluate(layers, [(p + q) / 2]) for p, q in pairwise(breakpoints(layers, start, end))}


def segment_patterns(layers: Sequence[Layer], start: Number, end: Number) -> set[Pattern]:
    """R1 on the segment start <= x <= end."""
    at_points = {evaluate(layers, [point]) for point in breakpoints(layers, start, end)}
    return segment_regions(layers, start, end) | at_points


# ---------------------------------------------------------------------------------------------------------------
# Two inputs
# ---------------------------------------------------------------------------------------------------------------


class Polygon(NamedTuple):
    """A convex polygon with interior: its vertices in order, without repetition."""

    vertices: tuple[Point, ...]

    def edges(self) -> list[tuple[Point, Point]]:
        return list(pairwise((*self.vertices, self.vertices[0])))

    def centre(self) -> Point:
        """The mean of the vertices, an interior point."""
        return tuple(sum(xs) / len(self.vertices) for xs in zip(*self.vertices, strict=True))

    def area(self) -> Fraction:
        return abs(sum(p[0] * q[1] - p[1] * q[0] for p, q in self.edges())) / 2

    def part(self, form: Form) -> "Polygon | None":
        """The part where form >= 0, or None if that has no interior (Sutherland & Hodgman 1974)."""
        values = [value(form, vertex) for vertex in self.vertices]
        if max(values) < 0 or (max(values) == 0 and any(form[0])):
            return None
        kept = []
        for (p, q), (u, v) in zip(self.edges(), pairwise((*values, values[0])), strict=True):
            if u >= 0:
                kept.append(p)
            if u * v < 0:
                kept.append(tuple((u * y - v * x) / (u - v) for x, y in zip(p, q, strict=True)))
        return Polygon(tuple(kept))

    def split(self, form: Form) -> list["Polygon"]:
        """The parts with interior on both sides of form = 0; the polygon itself if that misses its interior."""
        values = [value(form, vertex) for vertex in self.vertices]
        if min(values) >= 0 or max(values) <= 0:
            return [self]
        a, c = form
        return [self.part(form), self.part((tuple(-w for w in a), -c))]


def polygon(lower: Sequence[Number], upper: Sequence[Number], rows: Sequence[Form] = ()) -> Polygon:
    """The box lower <= x <= upper with a.x <= b for the pairs (a, b) in rows; it must have an interior."""
    (x0, y0), (x1, y1) = (tuple(map(Fraction, bound)) for bound in (lower, upper))
    result: Polygon | None = Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
    for a, b in rows:
        result = result and result.part((tuple(-w for w in a), b))
    if result is None or result.area() == 0:
        raise ValueError("the domain has no interior")
    return result


def cells(layers: Sequence[Layer], whole: Polygon) -> list[Polygon]:
    """The closures of the activation regions of full dimension in a polygon."""
    pieces = [(whole, identity(2))]
    for layer in layers:
        next_pieces = []
        for piece, h in pieces:
            forms = pre_activations(layer, h)
            parts = [piece]
            for form in forms:
                parts = [half for part in parts for half in part.split(form)]
            next_pieces += [(part, relu_at(forms, part.centre())) for part in parts]
        pieces = next_pieces
    return [piece for piece, _ in pieces]


def polygon_regions(
    layers: Sequence[Layer], lower: Sequence[Number], upper: Sequence[Number], rows: Sequence[Form] = ()
) -> set[Pattern]:
    """R2 on a box in the plane, cut by the rows."""
    return {evaluate(layers, cell.centre()) for cell in cells(layers, polygon(lower, upper, rows))}


def polygon_patterns(
    layers: Sequence[Layer], lower: Sequence[Number], upper: Sequence[Number], rows: Sequence[Form] = ()
) -> set[Pattern]:
    """R1 on a box in the plane, cut by the rows."""
    points: set[Point] = set()
    for cell in cells(layers, polygon(lower, upper, rows)):
        points |= {cell.centre(), *cell.vertices}
        points |= {((p[0] + q[0]) / 2, (p[1] + q[1]) / 2) for p, q in cell.edges()}
    return {evaluate(layers, point) for point in points}


# ---------------------------------------------------------------------------------------------------------------
# Either
# ---------------------------------------------------------------------------------------------------------------


def regions(layers: Sequence[Layer], lower: Sequence[Number], upper: Sequence[Number]) -> set[Pattern]:
    """R2 on a box with one or two dimensions."""
    if len(lower) == 1:
        return segment_regions(layers, lower[0], upper[0])
    return polygon_regions(layers, lower, upper)


def patterns(layers: Sequence[Layer], lower: Sequence[Number], upper: Sequence[Number]) -> set[Pattern]:
    """R1 on a box with one or two dimensions."""
    if len(lower) == 1:
        return segment_patterns(layers, lower[0], upper[0])
    return polygon_patterns(layers, lower, upper)

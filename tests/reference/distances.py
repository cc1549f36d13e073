"""Distances to the nearest boundary of an activation region, squared, by trying everything.

Papers: Hanin & Rolnick 2019. Layers are as in brute_force. A wall of a point x is a hyperplane on which a
pre-activation is zero that is not constant around x (the states of all units before it frozen as they are at x).
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from tests.reference.brute_force import Form, Layer, Number, activations, evaluate, identity, pre_activations
from tests.reference.slices import Polygon, value

Point = Sequence[Number]


def walls(layers: Sequence[Layer], x: Point) -> list[Form]:
    """The forms of the units that are not constant on the region of x."""
    forms, h = [], identity(len(x))
    for layer, states in zip(layers, evaluate(layers, x), strict=True):
        g = pre_activations(layer, h)
        forms += [form for form in g if any(form[0])]
        h = activations(g, states)
    return forms


def square(layers: Sequence[Layer], x: Point) -> Fraction | None:
    """The least z^2 / |a|^2; None without walls."""
    return min(
        (value(form, x) ** 2 / sum(Fraction(w) ** 2 for w in form[0]) for form in walls(layers, x)), default=None
    )


def square_in_box(layers: Sequence[Layer], x: Point, lower: Point, upper: Point) -> Fraction | None:
    """The same with walls cut off at a box: on each, the nearest point of every face of the box."""
    found = []
    for a, c in walls(layers, x):
        for sides in product((None, 0, 1), repeat=len(x)):
            point = [x[i] if side is None else (lower, upper)[side][i] for i, side in enumerate(sides)]
            free = [i for i, side in enumerate(sides) if side is None]
            missing, length = -value((a, c), point), sum(Fraction(a[i]) ** 2 for i in free)
            if length:
                for i in free:
                    point[i] += missing * a[i] / length
            elif missing:
                continue
            if all(low <= v <= high for low, v, high in zip(lower, point, upper, strict=True)):
                found.append(sum(Fraction(p - q) ** 2 for p, q in zip(point, x, strict=True)))
    return min(found, default=None)


def square_to_edge(x: Point, p: Point, q: Point) -> Fraction:
    """From a point to a segment in the plane."""
    along = [b - a for a, b in zip(p, q, strict=True)]
    share = sum((v - a) * w for v, a, w in zip(x, p, along, strict=True)) / Fraction(sum(w * w for w in along))
    share = min(max(share, Fraction(0)), Fraction(1))
    return sum((a + share * w - v) ** 2 for v, a, w in zip(x, p, along, strict=True))


def square_to_boundary(cell: Polygon, forms: Sequence[Form], x: Point) -> Fraction | None:
    """From a point of a polygon to the part of its boundary on which one of the forms, none of them constant, is 0."""
    pieces = [(p, q) for p, q in cell.edges() if any(value(f, p) == 0 == value(f, q) for f in forms)]
    squares = [square_to_edge(x, p, q) for p, q in pieces]
    touched = [p for p in cell.vertices if any(value(f, p) == 0 for f in forms)]
    squares += [sum((v - w) ** 2 for v, w in zip(p, x, strict=True)) for p in touched]
    return min(squares, default=None)

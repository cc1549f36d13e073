"""Extrema of every pre-activation of a tiny network over a box, by evaluating it at every vertex there could be.

A pre-activation is affine on each closed cell, so it takes its extrema at vertices of cells: points where d of the
cell's hyperplanes (units' forms, faces of the box) meet. All of them are tried. Standard library only.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

from tests.reference.brute_force import Form, Layer, Number, activations, identity, patterns, pre_activations


def solve(forms: Sequence[Form]) -> list[Fraction] | None:
    """The one point at which d forms are 0; None if there is none or more than one. Gauss-Jordan elimination."""
    rows = [[*map(Fraction, a), -Fraction(c)] for a, c in forms]
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(len(rows)):
            if i != k:
                rows[i] = [value - rows[i][k] * other for value, other in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def values(layers: Sequence[Layer], point: Sequence[Number]) -> list[list[Number]]:
    """The pre-activations at a point."""
    result, h = [], list(point)
    for weights, biases in layers:
        g = [sum(w * x for w, x in zip(row, h, strict=True)) + b for row, b in zip(weights, biases, strict=True)]
        result.append(g)
        h = [max(value, 0) for value in g]
    return result


def extrema(
    layers: Sequence[Layer], lower: Sequence[Number], upper: Sequence[Number]
) -> list[list[tuple[Number, Number]]]:
    """Per layer and unit the least and the largest pre-activation over the box.

    Examples
    --------
    >>> [(int(low), int(high)) for low, high in extrema([([[1]], [0]), ([[-1]], [2])], [-1], [1])[1]]
    [(1, 2)]
    """
    faces = [
        (axis, -bound)
        for (axis, _), low, high in zip(identity(len(lower)), lower, upper, strict=True)
        for bound in (low, high)
    ]
    points = set()
    for pattern in patterns(layers, lower, upper):
        forms, h = list(faces), identity(len(lower))
        for layer, bits in zip(layers, pattern, strict=True):
            here = pre_activations(layer, h)
            forms += here
            h = activations(here, bits)
        for chosen in combinations(dict.fromkeys(forms), len(lower)):
            point = solve(chosen)
            if point is not None and all(a <= x <= b for a, x, b in zip(lower, point, upper, strict=True)):
                points.add(tuple(point))
    found = [values(layers, point) for point in points]
    return [
        [
            (min(g[layer][unit] for g in found), max(g[layer][unit] for g in found))
            for unit in range(len(layers[layer][1]))
        ]
        for layer in range(len(layers))
    ]

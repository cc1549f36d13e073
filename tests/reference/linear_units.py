"""All activation patterns of a tiny network with linear units, by trying every pattern: brute_force.py with a mask.

A linear unit passes its pre-activation on as it is; its bit is 1 and asks nothing of a point.
"""

from collections.abc import Sequence

from tests.reference.brute_force import (
    Bounds,
    Form,
    Layer,
    Number,
    Pattern,
    activations,
    domain,
    identity,
    pre_activations,
)

Masks = Sequence[Sequence[bool]]


def evaluate(layers: Sequence[Layer], masks: Masks, point: Sequence[Number]) -> Pattern:
    """The activation pattern at a point: 1 where the unit is linear or its pre-activation > 0, else 0."""
    pattern, h = [], list(point)
    for (weights, biases), mask in zip(layers, masks, strict=True):
        g = [sum(w * x for w, x in zip(row, h, strict=True)) + b for row, b in zip(weights, biases, strict=True)]
        pattern.append(tuple(int(linear or value > 0) for value, linear in zip(g, mask, strict=True)))
        h = [value * bit for value, bit in zip(g, pattern[-1], strict=True)]
    return tuple(pattern)


def attained(
    layers: Sequence[Layer], masks: Masks, lower: Bounds, upper: Bounds, *, interior: bool, rows: Sequence[Form] = ()
) -> set[Pattern]:
    """All patterns attained on the closed domain, or with ``interior`` those whose region has full dimension."""
    start = domain(lower, upper, rows, interior)
    nodes = [((), identity(len(lower)), start)] if start.solution() is not None else []
    for layer, mask in zip(layers, masks, strict=True):
        next_nodes = []
        for pattern, h, system in nodes:
            forms = pre_activations(layer, h)
            partial = [((), system)]
            for form, linear in zip(forms, mask, strict=True):
                if linear:
                    partial = [((*bits, 1), s) for bits, s in partial]
                    continue
                both = [((*bits, bit), s.unit(form, bit, interior)) for bits, s in partial for bit in (0, 1)]
                partial = [(bits, s) for bits, s in both if s.solution() is not None]
            next_nodes += [((*pattern, bits), activations(forms, bits), s) for bits, s in partial]
        nodes = next_nodes
    return {pattern for pattern, _, _ in nodes}

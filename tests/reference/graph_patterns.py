"""All patterns of a tiny graph of affine, piecewise-linear and maximum nodes, by trying every one.

A graph is a list of steps, each with the numbers of the tensors that it reads (0: the inputs; k: the output of step k),
whose outputs are flat:

    ("affine", sources, W, b)       on the sources one after another
    ("pieces", source, [(breakpoints, slopes, intercept), ...])     one function per entry
    ("max", sources, groups)        groups of entries of the sources one after another

The pattern of an entry of "pieces" is how many breakpoints are less than it; that of "max" the place of the winner
in its group, of equal arguments the last.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tests.reference.brute_force import Bounds, Form, Number, Pattern, System, domain, identity

Step = tuple[Any, ...]


def sources_of(step: Step) -> list[int]:
    return [step[1]] if step[0] == "pieces" else list(step[1])


def weighted(form: Form, factor: Number) -> Form:
    return tuple(factor * value for value in form[0]), factor * form[1]


def total(forms: Sequence[Form], dimension: int, constant: Number = 0) -> Form:
    a = tuple(sum(form[0][j] for form in forms) for j in range(dimension))
    return a, sum(form[1] for form in forms) + constant


def shifted(form: Form, constant: Number) -> Form:
    return form[0], form[1] + constant


def difference(first: Form, second: Form) -> Form:
    return total([first, weighted(second, -1)], len(first[0]))


def affine(step: Step, inputs: Sequence[Form], dimension: int) -> list[Form]:
    _, _, weights, biases = step
    return [
        total([weighted(form, w) for w, form in zip(row, inputs, strict=True)], dimension, bias)
        for row, bias in zip(weights, biases, strict=True)
    ]


def on_piece(form: Form, function: Any, piece: int) -> Form:
    """The function on one of its pieces: continuity gives the constants."""
    points, slopes, constant = function
    for i in range(piece):
        constant += (slopes[i] - slopes[i + 1]) * points[i]
    return shifted(weighted(form, slopes[piece]), constant)


def evaluate(steps: Sequence[Step], point: Sequence[Number]) -> tuple[Pattern, list[Number]]:
    """The pattern at a point, and the output there."""
    tensors: list[list[Number]] = [list(point)]
    pattern = []
    for step in steps:
        inputs = [value for source in sources_of(step) for value in tensors[source]]
        if step[0] == "affine":
            result = [
                sum(w * v for w, v in zip(row, inputs, strict=True)) + b for row, b in zip(*step[2:], strict=True)
            ]
        elif step[0] == "pieces":
            pieces = [sum(value > t for t in f[0]) for value, f in zip(inputs, step[2], strict=True)]
            result = [on_piece(((), v), f, p)[1] for v, f, p in zip(inputs, step[2], pieces, strict=True)]
            pattern.append(tuple(pieces))
        else:
            groups = [[inputs[i] for i in group] for group in step[2]]
            result = [max(group) for group in groups]
            pattern.append(tuple(len(g) - 1 - g[::-1].index(m) for g, m in zip(groups, result, strict=True)))
        tensors.append(result)
    return tuple(pattern), tensors[-1]


def attained(steps: Sequence[Step], lower: Bounds, upper: Bounds, *, interior: bool) -> set[Pattern]:
    """All patterns attained on the closed box, or with ``interior`` on a set of full dimension."""
    n = len(lower)
    start = domain(lower, upper, (), interior)
    nodes: list[tuple[Pattern, list[list[Form]], System]] = [((), [identity(n)], start)]
    for step in steps:
        following = []
        for pattern, tensors, system in nodes:
            inputs = [form for source in sources_of(step) for form in tensors[source]]
            if step[0] == "affine":
                following.append((pattern, [*tensors, affine(step, inputs, n)], system))
                continue
            partial: list[tuple[tuple[int, ...], list[Form], System]] = [((), [], system)]
            for options in options_of(step, inputs, interior):
                tried = [
                    ((*bits, bit), [*forms, form], impose(s))
                    for bits, forms, s in partial
                    for bit, form, impose in options
                ]
                partial = [(bits, forms, s) for bits, forms, s in tried if s.solution() is not None]
            following += [((*pattern, bits), [*tensors, forms], s) for bits, forms, s in partial]
        nodes = following
    return {pattern for pattern, _, _ in nodes}


def options_of(step: Step, inputs: Sequence[Form], interior: bool) -> list[list[tuple[int, Form, Any]]]:
    """Per entry its possible patterns, each with the form there and what it asks of a system."""
    if step[0] == "pieces":
        return [
            [
                (piece, on_piece(form, f, piece), asks_piece(form, f[0], piece, interior))
                for piece in range(len(f[0]) + 1)
            ]
            for form, f in zip(inputs, step[2], strict=True)
        ]
    groups = [[inputs[i] for i in group] for group in step[2]]
    return [[(w, group[w], asks_winner(group, w, interior)) for w in range(len(group))] for group in groups]


def asks_piece(form: Form, points: Sequence[Fraction], piece: int, interior: bool) -> Any:
    def impose(system: System) -> System:
        if piece:
            system = system.positive(shifted(form, -points[piece - 1]))
        if piece < len(points):
            system = system.nonpositive(shifted(form, -points[piece]), interior)
        return system

    return impose


def asks_winner(group: Sequence[Form], winner: int, interior: bool) -> Any:
    def impose(system: System) -> System:
        for k, form in enumerate(group):
            if k < winner:
                system = system.nonpositive(difference(form, group[winner]), interior)
            elif k > winner:
                system = system.positive(difference(group[winner], form))
        return system

    return impose

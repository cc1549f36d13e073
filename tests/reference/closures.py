"""How the closed regions of a tiny network meet, from the vertices of all pairs: the oracle of graphs and R4 to R6.

The vertices of a bounded polyhedron are the points where n of its inequalities are equations that determine a point,
and all others hold; all choices of n are tried. The intersection of two closed regions is such a polyhedron.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

from tests.reference.brute_force import Form, Layer, Number, Pattern, activations, identity, pre_activations

Point = tuple[Fraction, ...]


def unit_forms(layers: Sequence[Layer], pattern: Pattern) -> list[Form]:
    """The pre-activations of all units where the pattern holds."""
    h, forms = identity(len(layers[0][0][0])), []
    for layer, bits in zip(layers, pattern, strict=True):
        here = pre_activations(layer, h)
        forms += here
        h = activations(here, bits)
    return forms


def output_map(layers: Sequence[Layer], pattern: Pattern, output: Layer | None) -> tuple[Form, ...]:
    """The affine map on a region: of the output layer, or of the last ReLU layer's values without one."""
    h = identity(len(layers[0][0][0]))
    for layer, bits in zip(layers, pattern, strict=True):
        h = activations(pre_activations(layer, h), bits)
    return tuple(h if output is None else pre_activations(output, h))


def closure(layers: Sequence[Layer], pattern: Pattern, lower: Sequence[Number], upper: Sequence[Number]) -> list[Form]:
    """The forms that are at least 0 on the closed region."""
    forms = unit_forms(layers, pattern)
    states = [state for bits in pattern for state in bits]
    rows = [(a, c) if state else _negative((a, c)) for (a, c), state in zip(forms, states, strict=True)]
    for (axis, _), low, high in zip(identity(len(lower)), lower, upper, strict=True):
        rows += [(axis, -low), _negative((axis, -high))]
    return rows


def _negative(form: Form) -> Form:
    return tuple(-value for value in form[0]), -form[1]


def vertices(rows: Sequence[Form]) -> set[Point]:
    """The vertices of the bounded polyhedron where all forms are at least 0."""
    dimension = len(rows[0][0])
    distinct = list(dict.fromkeys((tuple(map(Fraction, a)), Fraction(c)) for a, c in rows))
    result = set()
    for chosen in combinations([row for row in distinct if any(row[0])], dimension):
        point = _solution(chosen)
        if point is not None and all(_value(row, point) >= 0 for row in distinct):
            result.add(point)
    return result


def _value(row: Form, point: Point) -> Fraction:
    return sum((a * x for a, x in zip(row[0], point, strict=True)), Fraction(row[1]))


def _solution(rows: Sequence[Form]) -> Point | None:
    """The only point where the forms are 0, or None."""
    table = [[*map(Fraction, a), -Fraction(c)] for a, c in rows]
    for k in range(len(table)):
        pivot = next((i for i in range(k, len(table)) if table[i][k]), None)
        if pivot is None:
            return None
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [value / table[k][k] for value in table[k]]
        for i in range(len(table)):
            if i != k and table[i][k]:
                table[i] = [x - table[i][k] * y for x, y in zip(table[i], table[k], strict=True)]
    return tuple(row[-1] for row in table)


def dimension_of(points: set[Point]) -> int:
    """The dimension of the affine hull; -1 of no point."""
    if not points:
        return -1
    base, *others = points
    table, rank = [[x - y for x, y in zip(point, base, strict=True)] for point in others], 0
    for k in range(len(base)):
        pivot = next((i for i in range(rank, len(table)) if table[i][k]), None)
        if pivot is None:
            continue
        table[rank], table[pivot] = table[pivot], table[rank]
        for i in range(rank + 1, len(table)):
            factor = table[i][k] / table[rank][k]
            table[i] = [x - factor * y for x, y in zip(table[i], table[rank], strict=True)]
        rank += 1
    return rank


def meetings(
    layers: Sequence[Layer], patterns: Sequence[Pattern], lower: Sequence[Number], upper: Sequence[Number]
) -> dict[tuple[int, int], set[Point]]:
    """The vertices of the intersection of each pair of closed regions, where it is not empty."""
    rows = [closure(layers, pattern, lower, upper) for pattern in patterns]
    corners = [vertices(r) for r in rows]
    result = {}
    for i, j in combinations(range(len(patterns)), 2):
        if any(all(_value(row, point) < 0 for point in corners[j]) for row in rows[i]):
            continue
        common = vertices([*rows[i], *rows[j]])
        if common:
            result[i, j] = common
    return result


def facet_units(layers: Sequence[Layer], first: Pattern, second: Pattern, common: set[Point]) -> tuple[int, ...]:
    """The units whose pre-activations are 0 on the common facet, but not on all of both regions."""
    return tuple(
        unit
        for unit, (f, g) in enumerate(zip(unit_forms(layers, first), unit_forms(layers, second), strict=True))
        if (any(f[0]) or f[1] or any(g[0]) or g[1]) and all(_value(f, point) == 0 for point in common)
    )


def components(count: int, pairs: Sequence[tuple[int, int]]) -> int:
    """The number of connected components of a graph."""
    names = list(range(count))
    for i, j in pairs:
        names = [names[i] if name == names[j] else name for name in names]
    return len(set(names))

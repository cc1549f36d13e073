"""All activation patterns of a tiny ReLU network, by trying every pattern: the oracle of the tests.

Only the standard library and `fractions.Fraction` are used. A network is a list of ReLU layers `(W, b)`; an affine
output layer has no pattern and is left out. A domain is a box `lower, upper` (`None` = unbounded on that side) and
`rows`, pairs `(a, b)` that each ask for a.x <= b.

An affine form `(a, c)` stands for a.x + c. On the points that share the pattern of the earlier layers every
pre-activation is an affine form, so a pattern is a system of linear inequalities: form > 0 for an active unit,
form <= 0 for an inactive one. Fourier-Motzkin elimination decides such a system, strict or not, without rounding.

Adding inequalities to a system without a solution gives no solution: so a prefix of a pattern that no point attains
is dropped with all its continuations. That is the only pruning.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

Number = Fraction | int
Form = tuple[tuple[Number, ...], Number]
Layer = tuple[Sequence[Sequence[Number]], Sequence[Number]]
Bounds = Sequence[Number | None]
Pattern = tuple[tuple[int, ...], ...]


# ---------------------------------------------------------------------------------------------------------------
# Fourier-Motzkin elimination
# ---------------------------------------------------------------------------------------------------------------


class Inequality(NamedTuple):
    """a.x + c > 0 if `strict`, else a.x + c >= 0; `a` is a vector of coprime integers."""

    a: tuple[int, ...]
    c: Fraction
    strict: bool


def require_exact(numbers: Sequence[Number]) -> None:
    if not all(isinstance(number, (int, Fraction)) for number in numbers):
        raise TypeError(f"int or Fraction needed, a float would round: {numbers!r}")


def inequality(a: Sequence[Number], c: Number, strict: bool) -> Inequality:
    """Scale by a positive number, so that parallel inequalities get the same `a`."""
    require_exact((*a, c))
    denominator = lcm(*(Fraction(entry).denominator for entry in a))
    whole = [int(entry * denominator) for entry in a]
    divisor = gcd(*whole) or 1
    return Inequality(tuple(entry // divisor for entry in whole), Fraction(c) * denominator / divisor, strict)


def without_parallels(system: list[Inequality]) -> list[Inequality] | None:
    """Keep the tightest of the inequalities with the same `a`; None if one without variables is false."""
    tightest: dict[tuple[int, ...], Inequality] = {}
    for row in system:
        if not any(row.a):
            if row.c < 0 or (row.c == 0 and row.strict):
                return None
            continue
        known = tightest.get(row.a)
        # The smaller c is the tighter; at equal c the strict one is.
        if known is None or (row.c, not row.strict) < (known.c, not known.strict):
            tightest[row.a] = row
    return list(tightest.values())


def eliminate(system: list[Inequality], k: int) -> list[Inequality]:
    """The projection of the solutions along x_k: each lower bound on x_k must lie below each upper bound."""
    result = [row for row in system if row.a[k] == 0]
    for below in (row for row in system if row.a[k] > 0):
        for above in (row for row in system if row.a[k] < 0):
            p, q = -above.a[k], below.a[k]
            a = [p * u + q * v for u, v in zip(below.a, above.a, strict=True)]
            result.append(inequality(a, p * below.c + q * above.c, below.strict or above.strict))
    return result


def pairs(system: list[Inequality], k: int) -> int:
    return sum(row.a[k] > 0 for row in system) * sum(row.a[k] < 0 for row in system)


def between(system: list[Inequality], k: int, point: list[Fraction]) -> Fraction:
    """A value of x_k for which `point`, whose other used coordinates are set, solves the system."""
    below, above = [], []
    for row in system:
        if row.a[k]:
            rest = row.c + sum(row.a[j] * point[j] for j in range(len(point)) if j != k)
            (below if row.a[k] > 0 else above).append(-rest / row.a[k])
    if below and above:
        return (max(below) + min(above)) / 2
    if below:
        return max(below) + 1
    return min(above) - 1 if above else Fraction(0)


def witness(strict_rows: Sequence[Form], weak_rows: Sequence[Form]) -> list[Fraction] | None:
    """A point with a.x + c > 0 on all strict rows and a.x + c <= 0 on all weak rows, or None if there is none.

    Eliminates the variables one by one, then sets them in the opposite order: a solution of a projection always
    extends, and the middle of the interval that is left satisfies strict bounds too.
    """
    system: list[Inequality] | None = [inequality(a, c, True) for a, c in strict_rows]
    system += [inequality([-entry for entry in a], -c, False) for a, c in weak_rows]
    dimension = len(system[0].a) if system else 0
    system = without_parallels(system)
    left, stages = set(range(dimension)), []
    while left and system is not None:
        k = min(left, key=lambda j: pairs(system, j))  # any order is right; this one is short
        stages.append((k, system))
        left.remove(k)
        system = without_parallels(eliminate(system, k))
    if system is None:
        return None
    point = [Fraction(0)] * dimension
    for k, stage in reversed(stages):
        point[k] = between(stage, k, point)
    return point


def feasible(strict_rows: Sequence[Form], weak_rows: Sequence[Form]) -> bool:
    """Whether a point has a.x + c > 0 on all strict rows and a.x + c <= 0 on all weak rows."""
    return witness(strict_rows, weak_rows) is not None


# ---------------------------------------------------------------------------------------------------------------
# Networks
# ---------------------------------------------------------------------------------------------------------------


def evaluate(layers: Sequence[Layer], point: Sequence[Number]) -> Pattern:
    """The activation pattern at a point: 1 where the pre-activation is > 0, 0 where it is <= 0."""
    pattern, h = [], list(point)
    for weights, biases in layers:
        g = [sum(w * x for w, x in zip(row, h, strict=True)) + b for row, b in zip(weights, biases, strict=True)]
        require_exact(g)
        pattern.append(tuple(int(value > 0) for value in g))
        h = [max(value, 0) for value in g]
    return tuple(pattern)


def identity(dimension: int) -> list[Form]:
    """The inputs x_1, ..., x_n as affine forms."""
    return [(tuple(int(i == j) for j in range(dimension)), 0) for i in range(dimension)]


def pre_activations(layer: Layer, h: Sequence[Form]) -> list[Form]:
    """The affine forms W h + b, where h holds the affine forms of the layer below."""
    forms = []
    for row, b in zip(*layer, strict=True):
        columns = zip(*(a for a, _ in h), strict=True)
        a = tuple(sum(w * entry for w, entry in zip(row, column, strict=True)) for column in columns)
        forms.append((a, sum(w * c for w, (_, c) in zip(row, h, strict=True)) + b))
    return forms


def activations(forms: Sequence[Form], bits: Sequence[int]) -> list[Form]:
    """relu of the forms where the units in `bits` are active: an inactive unit gives the form 0."""
    return [(tuple(bit * entry for entry in a), bit * c) for (a, c), bit in zip(forms, bits, strict=True)]


class System(NamedTuple):
    """Affine forms that have to be > 0 (`strict`) and <= 0 (`weak`)."""

    strict: tuple[Form, ...] = ()
    weak: tuple[Form, ...] = ()

    def positive(self, form: Form) -> "System":
        return System((*self.strict, form), self.weak)

    def nonpositive(self, form: Form, interior: bool) -> "System":
        """Add form <= 0. For the interior this is form < 0, unless the form is constant: 0 <= 0 is open."""
        a, c = form
        if interior and any(a):
            return self.positive((tuple(-entry for entry in a), -c))
        return System(self.strict, (*self.weak, form))

    def unit(self, form: Form, bit: int, interior: bool) -> "System":
        return self.positive(form) if bit else self.nonpositive(form, interior)

    def solution(self) -> list[Fraction] | None:
        return witness(self.strict, self.weak)


def domain(lower: Bounds, upper: Bounds, rows: Sequence[Form], interior: bool) -> System:
    """lower <= x <= upper and a.x <= b for the pairs (a, b) in rows, or the interior of that."""
    system = System()
    for (unit, _), low, high in zip(identity(len(lower)), lower, upper, strict=True):
        if low is not None:
            system = system.nonpositive((tuple(-entry for entry in unit), low), interior)
        if high is not None:
            system = system.nonpositive((unit, -high), interior)
    for a, b in rows:
        system = system.nonpositive((tuple(a), -b), interior)
    return system


def attained(
    layers: Sequence[Layer], lower: Bounds, upper: Bounds, rows: Sequence[Form], interior: bool
) -> set[Pattern]:
    """All patterns whose system has a solution, found by giving each unit both bits in turn."""
    start = domain(lower, upper, rows, interior)
    nodes = [((), identity(len(lower)), start)] if start.solution() is not None else []
    for layer in layers:
        next_nodes = []
        for pattern, h, system in nodes:
            forms = pre_activations(layer, h)
            partial = [((), system)]
            for form in forms:
                both = [((*bits, bit), s.unit(form, bit, interior)) for bits, s in partial for bit in (0, 1)]
                partial = [(bits, s) for bits, s in both if s.solution() is not None]
            next_nodes += [((*pattern, bits), activations(forms, bits), s) for bits, s in partial]
        nodes = next_nodes
    return {pattern for pattern, _, _ in nodes}


def patterns(layers: Sequence[Layer], lower: Bounds, upper: Bounds, rows: Sequence[Form] = ()) -> set[Pattern]:
    """R1: the activation patterns attained on the closed domain, also those on lower-dimensional sets only.

    Examples
    --------
    On [0, 1] relu(x) is inactive at 0 alone.

    >>> sorted(patterns([([[1]], [0])], [0], [1]))
    [((0,),), ((1,),)]
    """
    return attained(layers, lower, upper, rows, interior=False)


def regions(layers: Sequence[Layer], lower: Bounds, upper: Bounds, rows: Sequence[Form] = ()) -> set[Pattern]:
    """R2: the activation patterns whose region has full dimension; the domain must have it too.

    A region is convex, so it has full dimension iff its interior is not empty, and the interior is the set where all
    its non-constant inequalities are strict. A unit that is identically 0 on a region is inactive and cuts nothing.

    Examples
    --------
    >>> sorted(regions([([[1]], [0])], [0], [1]))
    [((1,),)]
    """
    return attained(layers, lower, upper, rows, interior=True)


def _point(
    layers: Sequence[Layer],
    lower: Bounds,
    upper: Bounds,
    pattern: Pattern,
    rows: Sequence[Form],
    interior: bool,
) -> list[Fraction] | None:
    system, h = domain(lower, upper, rows, interior), identity(len(lower))
    for layer, bits in zip(layers, pattern, strict=True):
        forms = pre_activations(layer, h)
        for form, bit in zip(forms, bits, strict=True):
            system = system.unit(form, bit, interior)
        h = activations(forms, bits)
    return system.solution()


def pattern_point(
    layers: Sequence[Layer], lower: Bounds, upper: Bounds, pattern: Pattern, rows: Sequence[Form] = ()
) -> list[Fraction] | None:
    """A point of the closed domain with this activation pattern, or None."""
    return _point(layers, lower, upper, pattern, rows, interior=False)


def interior_point(
    layers: Sequence[Layer], lower: Bounds, upper: Bounds, pattern: Pattern, rows: Sequence[Form] = ()
) -> list[Fraction] | None:
    """A point in the interior of the region with this activation pattern, or None if it has no interior."""
    return _point(layers, lower, upper, pattern, rows, interior=True)

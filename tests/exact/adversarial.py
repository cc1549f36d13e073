"""Networks on which floats go wrong: cancellations, exponents far apart, subnormals, near duplicates, exact ties."""

import math
from fractions import Fraction
from random import Random

from polyregions.domain import Box, Domain, Plane, Segment
from polyregions.network import Network

SMALLEST = 5e-324


def weight(rng: Random, kind: str) -> float:
    """One number of the given kind."""
    if kind == "plain":
        return rng.gauss(0, 1)
    if kind == "decimal":
        return rng.randint(-9, 9) / 10
    if kind == "whole":
        return float(rng.randint(-3, 3))
    if kind == "exponents":
        return math.ldexp(rng.uniform(-1, 1), rng.randint(-150, 150))
    if kind == "subnormal":
        return rng.choice([-1, 1]) * rng.choice([SMALLEST, 3 * SMALLEST, 2.0**-1060, 2.0**-1022, 1e-300, 0.25, 1.0])
    if kind == "cancelling":
        return rng.choice([-1, 1]) * rng.choice([1.0, 1e4, 1e8, 1e12]) * (1 + rng.choice([0, 2.0**-52, 2.0**-50]))
    raise ValueError(kind)


KINDS = ("plain", "decimal", "whole", "exponents", "subnormal", "cancelling")


def layer(rng: Random, inputs: int, units: int) -> tuple[list[list[float]], list[float]]:
    """A layer of one kind of weights, in which some units are copies, multiples or neighbours of others."""
    kind = rng.choice(KINDS)
    rows = [[weight(rng, kind) for _ in range(inputs + 1)] for _ in range(units)]
    for i in range(1, units):
        other = rows[rng.randrange(i)]
        change = rng.random()
        if change < 0.25:
            factor = rng.choice([1.0, 3.0, 0.1, -1.0])
            rows[i] = [factor * w for w in other]
        if change < 0.15:
            j = rng.randrange(inputs + 1)
            rows[i][j] = math.nextafter(rows[i][j], rng.choice([-math.inf, math.inf]))
        elif change > 0.8:
            # A hyperplane through a point of the box, up to rounding.
            point = [rng.choice([0.0, 0.5, 0.1, rng.random()]) for _ in range(inputs)]
            rows[i][-1] = -sum(w * x for w, x in zip(rows[i], point, strict=False))
    return [row[:-1] for row in rows], [row[-1] for row in rows]


def network(rng: Random, inputs: int | None = None, depth: int | None = None) -> Network:
    """1 to 4 ReLU layers of 1 to 4 units."""
    size = inputs or rng.randint(1, 3)
    weights, biases = [], []
    for _ in range(depth or rng.randint(1, 4)):
        units = rng.randint(1, 4)
        w, b = layer(rng, size, units)
        weights.append(w)
        biases.append(b)
        size = units
    return Network.from_arrays([*weights, [[1.0] * size]], [*biases, [0.0]])


def domain(rng: Random, inputs: int) -> Domain:
    """A box (some thin, tiny, far away, or with bounds that no float is), a segment or a plane."""

    def rational() -> Fraction:
        return Fraction(rng.randint(-9, 9), rng.randint(1, 9))

    kind = rng.randrange(8)
    if kind == 0:
        return Segment([rational() for _ in range(inputs)], [rational() + 20 for _ in range(inputs)])
    if kind == 1 and inputs > 1:
        u = [rational() if i else Fraction(1) for i in range(inputs)]
        v = [rational() if i != 1 else Fraction(1) for i in range(inputs)]
        v[0] = Fraction(0)
        return Plane([rational() for _ in range(inputs)], u, v)
    if kind == 2:
        return Box(Fraction(1, 10), Fraction(1, 10) + Fraction(1, 10**9))
    if kind == 3:
        return Box("-1/3", "2/7")
    if kind == 4:
        return Box(0, Fraction(1, 10 ** rng.choice([30, 200, 310, 400])))
    if kind == 5:
        return Box(-(10**6), 10**6)
    return Box(rng.choice([-1, 0]), 1)


def points(rng: Random, lower: tuple[Fraction, ...], upper: tuple[Fraction, ...], count: int) -> list[list[float]]:
    """Float points of a box: random ones, corners, the middle. Fewer where floats miss the box."""
    result = []
    for k in range(count):
        shares = [rng.choice([Fraction(0), Fraction(1), Fraction(1, 2)]) for _ in lower]
        if k % 2:
            shares = [Fraction(rng.random()) for _ in lower]
        point = [float(low + share * (high - low)) for low, high, share in zip(lower, upper, shares, strict=True)]
        if all(low <= Fraction(x) <= high for x, low, high in zip(point, lower, upper, strict=True)):
            result.append(point)
    return result

"""The distance of one rational point to the nearest boundary, exactly."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from polyregions.domain import Box
from polyregions.errors import ArgumentError
from polyregions.exact.numbers import float_above, float_below, nearest_float
from polyregions.geometry.facet_projection import exact_box_step
from polyregions.network import Network, Pattern

__all__ = ["ExactDistance", "exact_distance", "root_bounds"]


@dataclass(frozen=True)
class ExactDistance:
    """What :class:`polyregions.geometry.distances.Distances` says of one point."""

    square: Fraction | None
    layer: int
    unit: int
    bends: bool
    projected: bool
    foot: tuple[Fraction, ...] | None

    def bounds(self) -> tuple[float, float]:
        """Floats next to the distance, below and above."""
        if self.square is None:
            return math.inf, math.inf
        low, high = root_bounds(self.square)
        return float_below(low), float_above(high)

    def value(self) -> float:
        """The distance, rounded."""
        return math.inf if self.square is None else nearest_float(root_bounds(self.square)[0])


def exact_distance(
    network: Network, point: Sequence[Fraction], box: Box | None, *, number: int | None = None
) -> ExactDistance:
    """The distance of a point to the nearest boundary of its activation region, within a box if one is given.

    Raises
    ------
    ArgumentError
        If the point, called by its ``number`` in the message, lies outside the box.

    Notes
    -----
    A unit whose form is constant on the region has no hyperplane; all others are compared by z^2 / |grad z|^2. Within a
    box the nearest hyperplanes come first, and one whose perpendicular is longer than the shortest way found is passed
    over. One exact product of matrices per layer, O(n_0 num_units) operations on integers.
    """
    pattern = network.pattern(point)
    down, up = _room(point, box, number)
    candidates = []
    for layer, (a, c) in enumerate(network.preactivation_maps(pattern, exact=True)[: network.depth]):
        linear = network.linear_masks[layer]
        for unit, (row, constant) in enumerate(zip(a, c, strict=True)):
            if linear[unit]:
                continue
            slopes = [v if down is None or up is None or down[i] or up[i] else Fraction(0) for i, v in enumerate(row)]
            length = _square(slopes)
            if length:
                value = sum((v * x for v, x in zip(row, point, strict=True) if v), constant)
                candidates.append((value * value / length, layer, unit, value, slopes, length))
    best: ExactDistance | None = None
    for square, layer, unit, value, slopes, length in sorted(candidates, key=lambda item: item[:3]):
        if best is not None and best.square is not None and square >= best.square:
            break
        step: list[Fraction] | None = [-value / length * v for v in slopes]
        projected = False
        if down is not None and up is not None and step is not None:
            projected = any(not -d <= s <= u for s, d, u in zip(step, down, up, strict=True))
            if projected:
                step = exact_box_step(slopes, value, down, up)
        if step is None:
            continue
        reached = _square(step)
        if best is None or best.square is None or reached < best.square:
            foot = tuple(x + s for x, s in zip(point, step, strict=True))
            best = ExactDistance(reached, layer + 1, unit, _bends(network, pattern, layer, unit), projected, foot)
    return best or ExactDistance(None, 0, -1, False, bool(candidates), None)


def root_bounds(square: Fraction) -> tuple[Fraction, Fraction]:
    """Dyadic rationals below and above a square root, closer than 2^-80 of it; equal if it is one of them itself.

    Examples
    --------
    >>> root_bounds(Fraction(9, 4))
    (Fraction(3, 2), Fraction(3, 2))
    """
    p, q = square.numerator, square.denominator
    shift = max(0, 84 + (q.bit_length() - p.bit_length()) // 2)
    # The floor of a root is the root of the floor.
    root = isqrt((p << (2 * shift)) // q)
    low = Fraction(root, 1 << shift)
    return (low, low) if root * root * q == p << (2 * shift) else (low, Fraction(root + 1, 1 << shift))


def _square(row: Sequence[Fraction]) -> Fraction:
    """The sum of squares, with one common denominator."""
    q = math.lcm(*(v.denominator for v in row))
    return Fraction(sum((v.numerator * (q // v.denominator)) ** 2 for v in row), q * q)


def _room(
    point: Sequence[Fraction], box: Box | None, number: int | None
) -> tuple[list[Fraction] | None, list[Fraction] | None]:
    if box is None:
        return None, None
    pairs = box.pairs(len(point))
    for i, (value, (low, high)) in enumerate(zip(point, pairs, strict=True)):
        if not low <= value <= high:
            name = "the point" if number is None else f"point {number}"
            raise ArgumentError(f"{name} lies outside the box: coordinate {i} is {value}, not between {low} and {high}")
    return (
        [value - low for value, (low, _) in zip(point, pairs, strict=True)],
        [high - value for value, (_, high) in zip(point, pairs, strict=True)],
    )


def _bends(network: Network, pattern: Pattern, layer: int, unit: int) -> bool:
    """Whether the network's gradient changes when this unit alone changes its state.

    Its activation is passed on with some factor to each output; it bends the network where one is not 0.
    """
    factors = [int(i == unit) for i in range(network.widths[layer])]
    for following in range(layer + 1, len(network.weights)):
        weights = network.exact_layers[following].weights
        used = [i for i, factor in enumerate(factors) if factor]
        factors = [sum(row[i] * factors[i] for i in used) for row in weights]
        if following < network.depth:
            factors = [factor if state else 0 for factor, state in zip(factors, pattern[following], strict=True)]
    return any(factors)

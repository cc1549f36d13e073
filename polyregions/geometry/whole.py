"""The coordinates of an unbounded domain's frame as a chart, for those who compare regions rather than search for them.

An adjacency is proven by a point, or decided exactly, and so is whether two regions touch; neither needs a bounded
domain. Floats need a box, since the bounds of their errors grow with it: here it is one that holds most of the regions'
witnesses, and whatever happens outside of it is decided exactly.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from polyregions.domain import Chart, Domain, Frame, Polytope, Vector
from polyregions.exact.cell import Witness
from polyregions.exact.polytope import restricted_rows
from polyregions.exact.restriction import ExactPoint, Restriction
from polyregions.network import Network

__all__ = ["WholeDomain", "whole_domain"]

#: The box reaches at most so many times as far as half of the points do.
_REACH = 2.0**16


class WholeDomain(Domain):
    """An unbounded domain with a chart.

    The chart's rows alone are the domain; its box bounds nothing, and is for floats.

    Parameters
    ----------
    domain : Domain
        Unbounded.
    lower, upper : as many rationals as the frame has coordinates, lower < upper
        The inside has inner points of the domain.
    """

    def __init__(self, domain: Domain, lower: Sequence[Fraction], upper: Sequence[Fraction]) -> None:
        self.domain = domain
        self.lower, self.upper = tuple(lower), tuple(upper)

    @property
    def bounded(self) -> bool:
        return False

    def frame(self, dimension: int) -> Frame:
        return self.domain.frame(dimension)

    def chart(self, dimension: int) -> Chart:
        if isinstance(self.domain, Polytope):
            part = _within(self.domain, self.lower, self.upper).chart(dimension)
            rows = restricted_rows(self.domain.A, self.domain.b, part.origin, part.columns)
            wide = tuple(row for row in rows if any(row[0]))
            return Chart(part.origin, part.columns, part.lower, part.upper, wide, part.start)
        frame = self.frame(dimension)
        centre = tuple((low + high) / 2 for low, high in zip(self.lower, self.upper, strict=True))
        return Chart(frame.origin, frame.columns, self.lower, self.upper, (), centre)

    def to_json(self) -> dict[str, Any]:
        return self.domain.to_json()

    def __repr__(self) -> str:
        return repr(self.domain)


def _within(domain: Polytope, lower: Sequence[Fraction], upper: Sequence[Fraction]) -> Polytope:
    """The part of a polyhedron in a box."""
    n = len(lower)
    rows, bounds = [*domain.A], [*domain.b]
    for j in range(n):
        for sign, bound in ((1, upper[j]), (-1, lower[j])):
            rows.append(tuple(Fraction(sign * int(i == j)) for i in range(n)))
            bounds.append(sign * bound)
    return Polytope(rows, bounds)


def whole_domain(network: Network, domain: Domain, points: Sequence[ExactPoint]) -> tuple[Restriction, list[Witness]]:
    """A network over an unbounded domain in the coordinates of its frame, and inner points of regions in these.

    Parameters
    ----------
    points : of input space, one per region
        Relative inner points of the domain.

    Returns
    -------
    restriction : Restriction
        Over a :class:`WholeDomain`.
    witnesses : one per point
    """
    frame = domain.frame(network.input_dimension)
    if frame.columns is not None:
        points = [ExactPoint.of(frame.parameters(point.coordinates())) for point in points]
    witnesses = [Witness.rational(point) for point in points]
    restriction = Restriction(network, WholeDomain(domain, *_box(witnesses, frame.dimension)))
    free = _free(restriction.chart) if isinstance(domain, Polytope) else range(frame.dimension)
    if len(free) < frame.dimension:
        shorter = [[point.coordinates()[j] for j in free] for point in points]
        witnesses = [Witness.rational(ExactPoint.of(point)) for point in shorter]
    return restriction, witnesses


def _free(chart: Chart) -> list[int]:
    """The inputs that are the coordinates of a polytope's chart."""
    if chart.columns is None:
        return list(range(chart.dimension))
    used = [i for column in chart.columns for i in column]
    return [
        next(i for i, value in column.items() if value == 1 and used.count(i) == 1 and not chart.origin[i])
        for column in chart.columns
    ]


def _box(witnesses: Sequence[Witness], size: int) -> tuple[Vector, Vector]:
    """A box with short bounds, around most of the points and around one of them in any case."""
    if not witnesses:
        return (Fraction(-1),) * size, (Fraction(1),) * size
    floats = np.array([witness.x for witness in witnesses]).reshape(len(witnesses), size)
    with np.errstate(all="ignore"):
        centre = np.median(floats, axis=0)
        away = np.abs(floats - centre)
        half = np.median(away, axis=0)
        reach = np.fmin(2 * away.max(axis=0), _REACH * np.where(half > 0, half, np.inf))
        share = away / np.where(reach > 0, reach, 1.0)
        first = int(np.nan_to_num(share, nan=np.inf).max(axis=1, initial=0).argmin())
    least = min((value for value in reach.tolist() if 0 < value < np.inf), default=1.0)
    point = witnesses[first].point.coordinates()
    lower, upper = [], []
    for x, middle, value in zip(point, centre.tolist(), reach.tolist(), strict=True):
        at = Fraction(middle) if np.isfinite(middle) else x
        width = max(Fraction(value if 0 < value < np.inf else least), 2 * abs(x - at))
        step = Fraction(2) ** (width.numerator.bit_length() - width.denominator.bit_length() - 2)
        lower.append((at - width) // step * step)
        upper.append(-((-at - width) // step) * step)
    return tuple(lower), tuple(upper)

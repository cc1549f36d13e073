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
from polyregions.exact.numbers import nearest_float
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


def whole_domain(
    network: Network, domain: Domain, points: Sequence[Vector]
) -> tuple[Restriction, list[Witness]]:
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
    inner = [_parameters(frame, point) for point in points]
    chart_of = WholeDomain(domain, *_box(inner, frame.dimension))
    restriction = Restriction(network, chart_of)
    free = _free(restriction.chart) if isinstance(domain, Polytope) else range(frame.dimension)
    return restriction, [Witness.rational(ExactPoint.of([t[j] for j in free])) for t in inner]


def _parameters(frame: Frame, point: Vector) -> Vector:
    """The frame's coordinates of a point of the domain."""
    if frame.columns is None:
        return point
    moved = [x - o for x, o in zip(point, frame.origin, strict=True)]
    if len(frame.columns) == 1:
        i, value = next(iter(frame.columns[0].items()))
        return (moved[i] / value,)
    u, v = frame.columns
    i = next(iter(u))
    # Parallel to u, v would have no such entry.
    j, minor = next((j, m) for j in {**u, **v} if (m := u[i] * v.get(j, 0) - u.get(j, 0) * v.get(i, 0)))
    t = (u[i] * moved[j] - u.get(j, 0) * moved[i]) / minor
    return (moved[i] - t * v.get(i, 0)) / u[i], t


def _free(chart: Chart) -> list[int]:
    """The inputs that are the coordinates of a polytope's chart."""
    if chart.columns is None:
        return list(range(chart.dimension))
    used = [i for column in chart.columns for i in column]
    return [
        next(i for i, value in column.items() if value == 1 and used.count(i) == 1 and not chart.origin[i])
        for column in chart.columns
    ]


def _box(points: Sequence[Vector], size: int) -> tuple[Vector, Vector]:
    """A box with short bounds around most of the points, and around one of them in any case."""
    if not points:
        return (Fraction(-1),) * size, (Fraction(1),) * size
    floats = np.array([[nearest_float(x) for x in point] for point in points]).reshape(len(points), size)
    with np.errstate(all="ignore"):
        # The point in the middle of them, by the sum of its distances in units of the medians.
        centre = np.median(floats, axis=0)
        away = np.abs(floats - centre)
        typical = np.median(away, axis=0)
        reach = np.fmin(2 * away.max(axis=0), _REACH * np.where(typical > 0, typical, np.inf))
        best = int(np.nan_to_num(away / np.where(reach > 0, reach, 1.0), nan=np.inf).max(axis=1, initial=0).argmin())
    least = max((r for r in reach.tolist() if 0 < r < np.inf), default=1.0)
    lower, upper = [], []
    for j in range(size):
        width = Fraction(reach[j] if 0 < reach[j] < np.inf else least)
        middle = Fraction(centre[j]) if np.isfinite(centre[j]) else points[best][j]
        width = max(width, 2 * abs(points[best][j] - middle))
        step = Fraction(2) ** (width.numerator.bit_length() - width.denominator.bit_length() - 2)
        lower.append((middle - width) // step * step)
        upper.append(-((-middle - width) // step) * step)
    return tuple(lower), tuple(upper)

"""The regions of an infinite plane as polygons: the bounded ones as they are, the unbounded ones cut at a window.

The window is a box in the plane's coordinates with a point of each smallest face of each region strictly inside: all
vertices, or where there is none a point of each line. So it meets the inside of each region, and exactly the unbounded
regions reach its border (docs/unbounded.md).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from polyregions.domain import Chart, Domain, Vector
from polyregions.enumeration import Leaf
from polyregions.errors import DomainError
from polyregions.exact.numbers import nearest_float
from polyregions.exact.restriction import ExactPoint
from polyregions.geometry.whole import WholeDomain
from polyregions.network import Network
from polyregions.slices.exact_forms import ExactForms
from polyregions.slices.exact_polygons import ExactPolygons, Label, float_corners, gathered, settled, sides, states_of
from polyregions.slices.polygons import Form, Point, PolygonArrays, clipped, intersection
from polyregions.splitting.section_polygons import INFINITY
from polyregions.splitting.vertex_cells import Polygons

__all__ = ["InfinitePlane", "edges_around", "window_around"]

#: Coordinates of points in a window, below and above in each of the two coordinates.
Range = tuple[Fraction, Fraction]
#: The point (x / w, y / w), w > 0, as integers (x, y, w).
Triple = tuple[int, int, int]
#: Products of coordinates below that are floats.
_FARTHEST = 2.0**500
_FAR_EDGE: Label = (INFINITY, 0)


@dataclass(frozen=True)
class _Region:
    """A region that may be unbounded: edges in cyclic order, and the forms that are >= 0 in it, None at infinity."""

    labels: list[Label]
    forms: list[Form | None]

    @property
    def corners(self) -> list[Point | None]:
        """The corner at which each edge begins, None at infinity."""
        result: list[Point | None] = []
        for i, form in enumerate(self.forms):
            before = self.forms[i - 1]
            meet = form is not None and before is not None and form[0] * before[1] != form[1] * before[0]
            result.append(intersection(before, form) if meet else None)  # type: ignore[arg-type]
        return result

    def smallest_faces(self) -> list[Point]:
        """Its vertices; of a strip or a half-plane a point of each edge."""
        corners = [corner for corner in self.corners if corner is not None]
        return corners or [_foot(form) for form in self.forms if form is not None]

    def cut(self, chart: Chart) -> tuple[list[Point], list[Label]]:
        """Its part in the chart's box: corners and edges."""
        corners, labels = sides(chart)
        for label, form in zip(self.labels, self.forms, strict=True):
            if form is not None:
                clipped(corners, labels, form, label)
        return corners, labels


def _foot(form: Form) -> Point:
    """The point of a line nearest to 0."""
    a, b, c = form
    share = Fraction(-c) / (a * a + b * b)
    return share * a, share * b


class InfinitePlane:
    """What a run over an infinite plane found.

    Parameters
    ----------
    network : Network
    domain : Domain
        Unbounded, without rows, of two dimensions.
    found : iterable of Polygons and Leaf
        As :meth:`polyregions.splitting.pieces.PieceTree.polygons` yields them.

    Attributes
    ----------
    bounded : (m,) bool
        Of each region, decided exactly.
    packed : (m, ceil(N / 8)) uint8
        The regions' states.
    """

    def __init__(self, network: Network, domain: Domain, found: Iterable[Polygons | Leaf]) -> None:
        self._network, self._domain = network, domain
        self._units = sum(network.widths)
        # Forms do not depend on the box.
        start = WholeDomain(domain, (Fraction(-1),) * 2, (Fraction(1),) * 2)
        self._forms = ExactForms(network, start)
        exact = ExactPolygons(network, self._forms, start.chart(network.input_dimension))
        raw, self.packed = gathered(found, lambda leaf: self._edges(exact, leaf), self._units)
        doubtful = np.zeros(len(raw.sizes), dtype=np.bool_)
        doubtful[raw.owner[np.isinf(raw.errors)]] = True
        regions = self._regions(exact, raw, np.flatnonzero(doubtful))
        self._unbounded = {i: region for i, region in regions.items() if None in region.corners}
        self.bounded = np.ones(len(raw.sizes), dtype=np.bool_)
        self.bounded[list(self._unbounded)] = False
        kept = raw.taken(np.flatnonzero(self.bounded))
        # Each corner as good as its own distance from 0: some may lie very far.
        size = np.abs(kept.corners).max(axis=1, initial=0.0)
        self._polygons = settled(exact, kept, self.packed[self.bounded], self._units, size)
        self._check_range(self._polygons)

    def _edges(self, exact: ExactPolygons, leaf: Leaf) -> list[Label]:
        frame = self._domain.frame(self._network.input_dimension)
        point = ExactPoint.of(frame.parameters(leaf.witness.point.coordinates()))
        return edges_around(exact.half_planes(states_of(leaf)), point)

    def _regions(self, exact: ExactPolygons, raw: PolygonArrays, which: npt.NDArray[np.intp]) -> dict[int, _Region]:
        """The given regions with the exact forms of their edges."""
        regions = {}
        for i, edges, states in exact.prepared(raw, which, self.packed, self._units):
            labels = [(layer, unit) for layer, unit in edges.tolist()]
            lines = iter(exact.lines(states, edges[edges[:, 0] != INFINITY]))
            regions[i] = _Region(labels, [None if label == _FAR_EDGE else next(lines) for label in labels])
        return regions

    def _check_range(self, polygons: PolygonArrays) -> None:
        if not (np.abs(polygons.corners) < _FARTHEST).all():
            raise DomainError(
                f"regions on {self._domain!r} have corners so far away that no float holds their areas: give a bounded "
                "plane, or count() the regions"
            )

    # -- the window --------------------------------------------------------------------------------------

    def window(self, other: tuple[Vector, Vector] | None) -> Chart:
        """The plane's coordinates, and as a box of them the window, or the least around both with another one."""
        faces = [point for region in self._unbounded.values() for point in region.smallest_faces()]
        ranges = []
        for j in range(2):
            values = [point[j] for point in faces]
            if len(self._polygons.corners):
                x, error = self._polygons.corners[:, j], self._polygons.errors
                # A rounded sum and the true one have the next float between them.
                values += [Fraction(float(np.nextafter(x - error, -np.inf).min()))]
                values += [Fraction(float(np.nextafter(x + error, np.inf).max()))]
            ranges.append((min(values), max(values)) if values else (Fraction(0), Fraction(0)))
        start = WholeDomain(self._domain, (Fraction(-1),) * 2, (Fraction(1),) * 2)
        columns = start.chart(self._network.input_dimension).columns
        lengths = [1.0, 1.0]
        if columns is not None:
            lengths = [math.sqrt(nearest_float(sum((v * v for v in c.values()), Fraction(0)))) for c in columns]
        lower, upper = window_around(ranges, lengths)
        if other is not None:
            lower = (min(lower[0], other[0][0]), min(lower[1], other[0][1]))
            upper = (max(upper[0], other[1][0]), max(upper[1], other[1][1]))
        return WholeDomain(self._domain, lower, upper).chart(self._network.input_dimension)

    def cut(self, window: Chart) -> tuple[PolygonArrays, ExactPolygons]:
        """All polygons in the order of :attr:`packed`, those of unbounded regions cut at the window."""
        parts = [self._polygons]
        for region in self._unbounded.values():
            corners, labels = region.cut(window)
            floats, errors = float_corners(corners)
            parts.append(PolygonArrays(np.array([len(labels)]), floats, errors, np.array(labels, dtype=np.int32)))
        found = np.concatenate([np.flatnonzero(self.bounded), np.array(list(self._unbounded), dtype=np.int64)])
        polygons = PolygonArrays.joined(parts).taken(np.argsort(found))
        self._check_range(polygons)
        return polygons, ExactPolygons(self._network, self._forms, window)


def edges_around(half_planes: Sequence[tuple[Label, Form]], point: ExactPoint) -> list[Label]:
    """The edges of the intersection of half-planes counter-clockwise, with ``(INFINITY, 0)`` where it has a gap.

    Between two edges that are parallel there may be a gap without it.

    Parameters
    ----------
    half_planes : pairs of a label and a form that is not negative
        In integers. Forms without coefficients are left out. Of several with the same line one is named.
    point : ExactPoint
        At which all of the others are positive.

    Notes
    -----
    By duality: a form with the value v > 0 at the point is the point (a, b) / v of another plane, and edges are the
    corners of the convex hull of these and 0, which is a corner of it if there is a gap of more than half a turn.
    O(N log N) operations in integers.
    """
    x, y = point.numerators
    duals: list[tuple[Triple, Label]] = [((0, 0, 1), _FAR_EDGE)]
    for label, (a, b, c) in half_planes:
        if a or b:
            # Times the point's denominator, as all others.
            value = a * x + b * y + c * point.denominator
            if value <= 0:
                raise ArithmeticError("the witness of a region lies on its boundary: please report this as a bug")
            duals.append(((int(a), int(b), int(value)), label))
    by_place = cmp_to_key(_compared)
    ordered = sorted(duals, key=lambda dual: by_place(dual[0]))
    # Labels in the order of their duals; of equal ones the first.
    distinct = [ordered[0], *(q for p, q in pairwise(ordered) if _compared(p[0], q[0]))]
    return [label for _, label in _hull(distinct)]


def _compared(p: Triple, q: Triple) -> int:
    """The sign by which p comes before or after q from left to right, or upwards on one vertical line."""
    difference = p[0] * q[2] - q[0] * p[2] or p[1] * q[2] - q[1] * p[2]
    return (difference > 0) - (difference < 0)


def _hull(points: list[tuple[Triple, Label]]) -> list[tuple[Triple, Label]]:
    """The corners of the convex hull of sorted points, counter-clockwise (Andrew 1979)."""
    result: list[tuple[Triple, Label]] = []
    for order in (points, points[::-1]):
        chain: list[tuple[Triple, Label]] = []
        for p in order:
            while len(chain) > 1 and _turn(chain[-2][0], chain[-1][0], p[0]) <= 0:
                chain.pop()
            chain.append(p)
        result += chain[:-1]
    return result or points


def _turn(p: Triple, q: Triple, r: Triple) -> int:
    """Positive iff one turns left at q: the orientation of three points (x / w, y / w) with w > 0."""
    return p[0] * (q[1] * r[2] - r[1] * q[2]) - p[1] * (q[0] * r[2] - r[0] * q[2]) + p[2] * (q[0] * r[1] - r[0] * q[1])


def window_around(ranges: Sequence[Range], lengths: Sequence[float]) -> tuple[Point, Point]:
    """The lower and upper ends of a box with short numbers and the given ranges strictly inside.

    Parameters
    ----------
    ranges : two pairs (low, high)
    lengths : two positive numbers
        Of the coordinates' units: no side is less than a quarter of the other.
    """
    widths = [high - low for low, high in ranges]
    units = [Fraction(length) for length in lengths]
    least = max(width * unit for width, unit in zip(widths, units, strict=True)) / 4
    corners = []
    for (low, high), width, unit in zip(ranges, widths, units, strict=True):
        middle = (low + high) / 2
        # A quarter of room on both sides, and in any case so much that floats tell the sides apart.
        reach = max(max(width, least / unit) * Fraction(3, 4) or Fraction(1), abs(middle) / 2**16)
        step = Fraction(2) ** (reach.numerator.bit_length() - reach.denominator.bit_length() - 3)
        corners.append(((middle - reach) // step * step, -((-middle - reach) // step) * step))
    (x0, x1), (y0, y1) = corners
    return (x0, y0), (x1, y1)

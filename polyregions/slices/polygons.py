"""Many convex polygons in flat arrays: areas, perimeters and centres of all at once, exact corners of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import U

__all__ = ["PolygonArrays", "clipped", "exact_area", "intersection"]

FloatArray = npt.NDArray[np.float64]
#: a . t + c of two coordinates.
Form = Sequence[Fraction | int]
Point = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class PolygonArrays:
    """m convex polygons, their corners in cyclic order.

    Attributes
    ----------
    sizes (m,) : numbers of corners
    corners (v, 2) : of all polygons one after the other
    errors (v,) : bounds of the distance of each corner (in each coordinate) from the true one
    edges (v, 2) : the (layer, unit) on whose zero line the edge to the next corner lies; layer < 0: the domain's side
    """

    sizes: npt.NDArray[np.int64]
    corners: FloatArray
    errors: FloatArray
    edges: npt.NDArray[np.int32]

    @classmethod
    def joined(cls, parts: "Sequence[PolygonArrays]") -> "PolygonArrays":
        """Those of all parts, one after the other."""
        columns = zip(*((part.sizes, part.corners, part.errors, part.edges) for part in parts), strict=True)
        sizes, corners, errors, edges = (np.concatenate(column) for column in columns)
        return cls(sizes, corners, errors, edges)

    def taken(self, numbers: npt.NDArray[np.intp]) -> "PolygonArrays":
        """The polygons with the given numbers, in that order."""
        sizes = self.sizes[numbers]
        ends = np.cumsum(sizes)
        within = np.arange(sizes.sum()) - np.repeat(ends - sizes, sizes)
        at = np.repeat(self.offsets[:-1][numbers], sizes) + within
        return PolygonArrays(sizes, self.corners[at], self.errors[at], self.edges[at])

    def turned(self, which: npt.NDArray[np.bool_]) -> "PolygonArrays":
        """The same, the given polygons (m,) going round the other way."""
        own, offsets, same = self.owner, self.offsets, np.arange(len(self.corners))
        # Corner i of a polygon of n corners becomes corner n - 1 - i; the edge from it leads to the one before it.
        mirror = offsets[own] + offsets[own + 1] - 1 - same
        before = np.where(mirror > offsets[own], mirror - 1, offsets[own + 1] - 1)
        order, edges = (np.where(which[own], other, same) for other in (mirror, before))
        return PolygonArrays(self.sizes, self.corners[order], self.errors[order], self.edges[edges])

    def with_uncertain_areas(self) -> npt.NDArray[np.bool_]:
        """(m,): whose orientation the floats do not tell for certain."""
        reach = np.abs(self._from_first).max(axis=1)
        error, size = (np.maximum.reduceat(values, self.offsets[:-1]) for values in (self.errors, reach))
        # Each of the two products of a cross product is off by 2 (2 error) (size + 2 error), and by some roundings.
        off = self.sizes * ((4 * error) * (size + 2 * error) + 8 * U * size**2)
        uncertain: npt.NDArray[np.bool_] = ~(np.abs(self.signed_areas) > 2 * off + 2.0**-1000)
        return uncertain

    @cached_property
    def offsets(self) -> npt.NDArray[np.int64]:
        """(m + 1,): polygon i has the corners offsets[i] to offsets[i + 1] - 1."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    @cached_property
    def owner(self) -> npt.NDArray[np.int64]:
        """(v,): the polygon of each corner."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def following(self) -> npt.NDArray[np.int64]:
        """(v,): the next corner of each corner."""
        result = np.arange(1, len(self.corners) + 1)
        result[self.offsets[1:] - 1] = self.offsets[:-1]
        return result

    def most(self, box: FloatArray) -> FloatArray:
        """A part of a box (2, 2) with nine tenths of the corners in it, or all of it if it is not much larger.

        Corners on the domain's sides do not count.
        """
        inner = self.edges[:, 0] >= 0
        # The edge from a corner to the next ends at that.
        inner[self.following] &= inner.copy()
        if not inner.any():
            return box
        low, high = np.quantile(self.corners[inner], [0.05, 0.95], axis=0)
        room = (high - low) / 4
        if not (room > 0).all() or (box[1] - box[0] <= 16 * room).all():
            return box
        return np.array([np.maximum(box[0], low - room), np.minimum(box[1], high + room)])

    @cached_property
    def _from_first(self) -> FloatArray:
        """Corners relative to their polygon's first, so that small polygons far from 0 keep their digits."""
        result: FloatArray = self.corners - self.corners[self.offsets[:-1]][self.owner]
        return result

    def _sums(self, values: FloatArray) -> FloatArray:
        return np.add.reduceat(values, self.offsets[:-1], axis=0) if len(self.sizes) else values

    @cached_property
    def _crosses(self) -> FloatArray:
        p = self._from_first
        q = p[self.following]
        result: FloatArray = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]
        return result

    @cached_property
    def signed_areas(self) -> FloatArray:
        """(m,), positive for counter-clockwise ones."""
        return self._sums(self._crosses) / 2

    @cached_property
    def centres(self) -> FloatArray:
        """(m, 2): the mean of each polygon's corners, a point of its interior but for rounding."""
        first = self.corners[self.offsets[:-1]]
        result: FloatArray = first + self._sums(self._from_first) / self.sizes[:, None]
        return result

    def perimeters(self, gram: FloatArray) -> FloatArray:
        """(m,): lengths in the metric |x|^2 = x . gram x."""
        edges = self.corners[self.following] - self.corners
        squared = np.einsum("vi,ij,vj->v", edges, gram, edges)
        return self._sums(np.sqrt(np.maximum(squared, 0.0)))


def intersection(first: Form, second: Form) -> Point:
    """Where the zero lines of two independent forms meet."""
    (a, b, c), (d, e, f) = first, second
    determinant = Fraction(a * e - b * d)
    return (b * f - c * e) / determinant, (c * d - a * f) / determinant


def clipped(corners: list[Point], labels: list[tuple[int, int]], form: Form, label: tuple[int, int]) -> None:
    """Cut a polygon, in place, to where a form is >= 0 (Sutherland & Hodgman 1974); labels are those of the edges."""
    a, b, c = form
    values = [a * s + b * t + c for s, t in corners]
    if min(values) >= 0:
        return
    kept: list[Point] = []
    names: list[tuple[int, int]] = []
    for i, (p, u) in enumerate(zip(corners, values, strict=True)):
        j = (i + 1) % len(corners)
        q, v = corners[j], values[j]
        if u >= 0:
            kept.append(p)
            # An edge that leaves at p itself is replaced by the new one.
            names.append(label if u == 0 and v < 0 else labels[i])
        if (u > 0 > v) or (u < 0 < v):
            share = u / (u - v)
            kept.append((p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])))
            names.append(label if v < 0 else labels[i])
    corners[:], labels[:] = kept, names


def exact_area(corners: Sequence[Point]) -> Fraction:
    """The area of a polygon, positive if its corners go round counter-clockwise."""
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return sum((p[0] * q[1] - p[1] * q[0] for p, q in pairs), Fraction(0)) / 2

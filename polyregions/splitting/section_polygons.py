"""Polygons of a section of an infinite plane, taken back to the plane.

The section is a triangle in coordinates v = (h_2 / w_2, s), and a point of it stands for the point y / s of the plane
(docs/unbounded.md). Regions are polygons in both; the triangle's side s = 0 is at infinity, its two others lie on
hyperplanes of the first layer's units that cut the plane into sections.
"""

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from polyregions.domain import Chart, Frame
from polyregions.exact.filter import INFLATE, U
from polyregions.exact.numbers import nearest_float
from polyregions.splitting.exact_vertices import BOX
from polyregions.splitting.vertex_cells import Polygons

__all__ = ["INFINITY", "SectionPolygons"]

#: The kind of an edge at infinity, in place of a layer.
INFINITY = -3
#: Covers what underflows.
_TINY = 2.0**-1000


class SectionPolygons:
    """The way from one section to the coordinates of the plane.

    Parameters
    ----------
    cuts : two units of the first layer
        By which the plane is cut into sections.
    frame : Frame
        The plane's.
    chart : Chart
        The section's, of two dimensions and homogeneous.
    """

    def __init__(self, cuts: tuple[int, ...], frame: Frame, chart: Chart) -> None:
        self._cuts = cuts
        zero, one = Fraction(0), Fraction(1)
        constant, along, at_s = (_numerators(frame, chart, v) for v in ((zero, zero), (one, zero), (zero, one)))
        #: (3, 2): s times the point is table[0] + table[1] v_0 + table[2] s.
        self._table = np.array(
            [
                [nearest_float(c) for c in constant],
                *([nearest_float(x - c) for x, c in zip(row, constant, strict=True)] for row in (along, at_s)),
            ]
        )

    def on_plane(self, found: Polygons) -> Polygons:
        """The same regions with corners in the plane's coordinates and edges that are units or :data:`INFINITY`.

        A corner at infinity, or of which the floats don't tell whether it is, has an infinite radius and is put at 0.
        """
        v, s, radius = found.corners[:, :1], found.corners[:, 1:], found.radii[:, None]
        constant, along, at_s = self._table
        with np.errstate(all="ignore"):
            size = np.abs(constant) + np.abs(along * v) + np.abs(at_s * s)
            point = (constant + along * v + at_s * s) / s
            # Numerators are off by their coefficients times the radius and by four roundings of each summand; with
            # N / S the true point and n / s the float one, N / S - n / s = ((N - n) - (S - s) n / s) / S.
            off = (np.abs(along) + np.abs(at_s)) * radius + 6 * U * size + np.abs(point) * radius + _TINY
            error = (off / (s - radius) + 4 * U * np.abs(point)).max(axis=1) * INFLATE
            known = (found.corners[:, 1] > found.radii) & np.isfinite(error) & np.isfinite(point).all(axis=1)
        return Polygons(
            found.states,
            found.sizes,
            np.where(known[:, None], point, 0.0),
            np.where(known, error, np.inf),
            self._edges(found.edges),
        )

    def _edges(self, edges: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        kinds, numbers = edges.T
        # The sides of the triangle are the lower ones of the box, of which v has all coordinates but the first of the
        # homogeneous ones, and the row by which that one is not negative.
        coordinates = np.where(kinds == BOX, numbers // 2 + 1, 0)
        sides = np.array([(0, self._cuts[0]), (0, self._cuts[1]), (INFINITY, 0)], dtype=np.int32)
        return np.where((kinds < 0)[:, None], sides[np.where(kinds < 0, coordinates, 0)], edges)


def _numerators(frame: Frame, chart: Chart, v: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """The plane's coordinates of a point of the section, times the section's last coordinate."""
    s, vector = v[-1], chart.numerators(v)
    # What s contributes to the point of input space is the plane's origin; the rest is a direction of the plane.
    return frame.parameters([x + (1 - s) * o for x, o in zip(vector, frame.origin, strict=True)])

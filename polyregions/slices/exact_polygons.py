"""Corners of regions on a slice in rational arithmetic, and the floats put right by them."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.domain import Chart, Domain
from polyregions.enumeration import Leaf
from polyregions.exact.filter import U
from polyregions.exact.numbers import nearest_float
from polyregions.network import Network
from polyregions.slices.exact_forms import ExactForms
from polyregions.slices.polygons import Form, Point, PolygonArrays, clipped, exact_area, intersection
from polyregions.splitting.exact_vertices import BOX
from polyregions.splitting.vertex_cells import Polygons

__all__ = ["ExactPolygons", "Packed", "float_corners", "gathered", "settled", "sides", "states_of"]

FloatArray = npt.NDArray[np.float64]
Packed = npt.NDArray[np.uint8]
#: An edge: (layer, unit), or a layer < 0 and the number of a side.
Label = tuple[int, int]

#: Corners whose proven error exceeds this share of the slice's size are computed exactly and rounded.
_LARGEST_ERROR = 2.0**-20
#: Polygons whose edges' forms are computed together.
_TOGETHER = 64


class ExactPolygons:
    """Corners of regions over a chart of two dimensions, whose box and rows are the slice's sides.

    Parameters
    ----------
    network : Network
    forms : ExactForms
        Over the coordinates of the chart.
    chart : Chart
    """

    def __init__(self, network: Network, forms: ExactForms, chart: Chart) -> None:
        self._network, self._forms, self._chart = network, forms, chart
        self._offsets = np.concatenate([[0], np.cumsum(network.widths)]).astype(int)

    @classmethod
    def over(cls, network: Network, domain: Domain) -> "ExactPolygons":
        """Over a domain's own chart."""
        return cls(network, ExactForms(network, domain), domain.chart(network.input_dimension))

    @property
    def size(self) -> float:
        """The largest absolute value of a coordinate."""
        return max(nearest_float(abs(value)) for value in (*self._chart.lower, *self._chart.upper))

    def corners(self, states: npt.NDArray[np.bool_], edges: npt.NDArray[np.int32]) -> list[Point]:
        """The corners of a region whose edges in order lie on the given lines; corner i starts edge i."""
        lines = self.lines(states, edges)
        return [intersection(lines[i - 1], lines[i]) for i in range(len(lines))]

    def lines(self, states: npt.NDArray[np.bool_], edges: npt.NDArray[np.int32]) -> list[Form]:
        """The forms that vanish on a region's edges, not negative on the region where they are those of units."""
        rows: dict[int, Any] = {}
        lines: list[Form] = []
        for layer, unit in edges.tolist():
            if layer < 0:
                lines.append(self._side(layer, unit))
                continue
            if layer not in rows:
                rows[layer] = self._forms.rows(layer, states[None])[0]
            sign = 1 if states[self._offsets[layer] + unit] else -1
            lines.append([sign * value for value in rows[layer][unit]])
        return lines

    def prepared(
        self, polygons: PolygonArrays, which: npt.NDArray[np.intp], packed: Packed, units: int
    ) -> Iterator[tuple[int, npt.NDArray[np.int32], npt.NDArray[np.bool_]]]:
        """Numbers, edges and states of the given polygons, whose forms :meth:`lines` then has at hand.

        The forms of dozens of patterns are one product of matrices, and take a fraction of the time.
        """
        for start in range(0, len(which), _TOGETHER):
            part = which[start : start + _TOGETHER]
            states = np.unpackbits(packed[part], axis=1, count=units).astype(np.bool_)
            edges = [polygons.edges[polygons.offsets[i] : polygons.offsets[i + 1]] for i in part]
            for layer in range(self._network.depth):
                wanted = [k for k, own in enumerate(edges) if (own[:, 0] == layer).any()]
                if wanted:
                    self._forms.rows(layer, states[wanted])
            yield from zip(part.tolist(), edges, states, strict=True)

    def clip(self, states: npt.NDArray[np.bool_]) -> tuple[list[Point], list[Label]]:
        """A region's corners and edges from its pattern alone."""
        corners, labels = sides(self._chart)
        for label, row in self.half_planes(states):
            clipped(corners, labels, row, label)
        return corners, labels

    def half_planes(self, states: npt.NDArray[np.bool_]) -> list[tuple[Label, Form]]:
        """The forms that are >= 0 on a region, one for each ReLU, from its pattern alone."""
        result: list[tuple[Label, Form]] = []
        for layer in range(self._network.depth):
            for unit, row in enumerate(self._forms.rows(layer, states[None])[0]):
                if not self._network.linear_masks[layer][unit]:
                    sign = 1 if states[self._offsets[layer] + unit] else -1
                    result.append(((layer, unit), [sign * value for value in row]))
        return result

    def _side(self, layer: int, unit: int) -> Form:
        if layer != BOX:
            a, c = self._chart.rows[unit]
            return (*a, c)
        bound = (self._chart.upper if unit % 2 else self._chart.lower)[unit // 2]
        return (Fraction(unit < 2), Fraction(unit >= 2), -bound)


def sides(chart: Chart) -> tuple[list[Point], list[Label]]:
    """The corners of the slice itself, counter-clockwise, and its edges."""
    (x0, y0), (x1, y1) = chart.lower, chart.upper
    corners: list[Point] = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    labels = [(BOX, side) for side in (2, 1, 3, 0)]
    for i, (a, c) in enumerate(chart.rows):
        clipped(corners, labels, (*a, c), (BOX - 1, i))
    return corners, labels


def gathered(
    found: Iterable[Polygons | Leaf], edges_of: Callable[[Leaf], list[Label]], units: int
) -> tuple[PolygonArrays, Packed]:
    """All polygons of a run as they are found, and the states of their regions, packed.

    Parameters
    ----------
    edges_of : callable
        The edges in cyclic order, at least one, of a region that is found without corners; these get infinite errors.
    """
    parts = [PolygonArrays(np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0), np.zeros((0, 2), np.int32))]
    packed = [np.zeros((0, -(-units // 8)), np.uint8)]
    for item in found:
        if isinstance(item, Polygons):
            # Packed at once: a pattern of a thousand units is then 128 bytes.
            packed.append(np.packbits(item.states, axis=1))
            parts.append(PolygonArrays(item.sizes, item.corners, item.radii, item.edges))
        else:
            edges = np.array(edges_of(item), dtype=np.int32)
            packed.append(np.packbits(states_of(item))[None])
            unknown = np.full(len(edges), np.inf)
            parts.append(PolygonArrays(np.array([len(edges)]), np.zeros((len(edges), 2)), unknown, edges))
    return PolygonArrays.joined(parts), np.concatenate(packed)


def states_of(leaf: Leaf) -> npt.NDArray[np.bool_]:
    """The states of all units."""
    return np.frombuffer(leaf.states, dtype=np.uint8).astype(np.bool_)


def settled(
    exact: ExactPolygons, polygons: PolygonArrays, packed: Packed, units: int, size: float | FloatArray
) -> PolygonArrays:
    """Corners that are not known well enough replaced by exact ones, rounded; and all polygons counter-clockwise.

    Parameters
    ----------
    size : number or (v,)
        What errors of the corners are compared with.
    """
    if not len(polygons.sizes):
        return polygons
    rough = polygons.owner[~(polygons.errors <= _LARGEST_ERROR * size)]
    with np.errstate(all="ignore"):
        backwards, doubtful = polygons.signed_areas < 0, polygons.with_uncertain_areas()
    doubtful[rough] = True
    for i, edges, states in exact.prepared(polygons, np.flatnonzero(doubtful), packed, units):
        here = slice(int(polygons.offsets[i]), int(polygons.offsets[i + 1]))
        corners = exact.corners(states, edges)
        polygons.corners[here], polygons.errors[here] = float_corners(corners)
        backwards[i] = exact_area(corners) < 0
    # What was derived from the corners is derived anew.
    return PolygonArrays(polygons.sizes, polygons.corners, polygons.errors, polygons.edges).turned(backwards)


def float_corners(corners: list[Point]) -> tuple[FloatArray, FloatArray]:
    """Exact corners rounded, (k, 2), and bounds of the errors, (k,)."""
    floats = np.array([[nearest_float(value) for value in corner] for corner in corners])
    return floats, 2 * U * np.abs(floats).max(axis=1) + 2.0**-1000

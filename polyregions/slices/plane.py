"""``plane``: the regions on a two-dimensional slice as polygons."""

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.domain import Chart, Domain, Polytope, Vector
from polyregions.enumeration import Leaf, Run, check_kinds
from polyregions.errors import ArgumentError, DomainError
from polyregions.exact.numbers import format_fraction, nearest_float
from polyregions.geometry.closure import domain_dimension
from polyregions.geometry.polytope import volume_scale_squared
from polyregions.geometry.region import Region
from polyregions.geometry.whole import WholeDomain
from polyregions.network import Network, Pattern
from polyregions.result import Count, ProgressCallback, Status
from polyregions.slices.exact_polygons import ExactPolygons, Packed, gathered, settled, sides, states_of
from polyregions.slices.polygons import PolygonArrays, exact_area
from polyregions.splitting.vertex_cells import Polygons

__all__ = ["PlaneInterrupt", "PlaneRegions", "plane"]

FloatArray = npt.NDArray[np.float64]


class PlaneInterrupt(KeyboardInterrupt):
    """Ctrl-C came after the search, while the polygons were put together.

    Attributes
    ----------
    count : Count
        What the search proved.
    """

    def __init__(self, count: Count) -> None:
        super().__init__()
        self.count = count


def plane(
    network: Network,
    domain: Domain,
    *,
    time_limit: float | None = None,
    max_regions: int | None = None,
    memory_limit: int | None = None,
    progress: ProgressCallback | None = None,
) -> "PlaneRegions":
    """All regions of a network on a two-dimensional slice, as polygons.

    Parameters
    ----------
    network : Network
    domain : Plane, or any bounded domain of two dimensions
        Such as a Box of a network with two inputs. Of unbounded ones an infinite Plane, or Space of two inputs.
    time_limit, max_regions, memory_limit, progress
        As for :func:`polyregions.count`; a run that is stopped has the regions found so far.

    Returns
    -------
    PlaneRegions

    Raises
    ------
    DomainError
        If the domain has another dimension, or is an unbounded polyhedron.
    PlaneInterrupt
        A KeyboardInterrupt with the ``count``, at Ctrl-C after the search: the second one, if one stopped that.

    Notes
    -----
    The splitting counter by vertex cells (docs/vertex_cells.md): the number of regions, their patterns, and the order
    of each polygon's corners are exact; the corners' coordinates are rounded, with proven bounds, and exact on demand.
    An infinite plane is searched as a whole (docs/unbounded.md).

    Examples
    --------
    >>> import polyregions as pr
    >>> net = pr.Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> found = pr.plane(net, pr.Plane([-1, -1], [4, 0], [0, 4]))
    >>> found.count.lower, float(found.areas.sum()), found.polygon(0).shape
    (4, 16.0, (4, 2))
    >>> everywhere = pr.plane(net, pr.Plane([0, 0], [1, 0], [0, 1], bounded=False))
    >>> everywhere.count.lower, bool(everywhere.bounded.any()), float(everywhere.areas.min())
    (4, False, inf)
    """
    limits = {"time_limit": time_limit, "max_regions": max_regions, "memory_limit": memory_limit, "progress": progress}
    return plane_around(network, domain, None, **limits)


def plane_around(
    network: Network, domain: Domain, window: tuple[Vector, Vector] | None, **limits: Any
) -> "PlaneRegions":
    """As :func:`plane`, unbounded regions cut at a window that holds the given one, too."""
    check_kinds(network, domain)
    chart = _chart(network, domain)
    if not 0.0 < nearest_float(volume_scale_squared(chart)) < math.inf:
        raise DomainError(f"no float holds areas on {domain!r}: scale the network's inputs, or count() its regions")
    run = Run(
        network,
        domain,
        # Without a ReLU there is one region, and nothing for vertex cells to cut.
        cells="vertex" if network.widths else "auto",
        **limits,
    )
    searched: list[Count] = []

    def found() -> Iterator[Polygons | Leaf]:
        yield from run.polygons()
        searched.append(run.result())
        run.announce("putting their polygons together")

    try:
        return _put_together(run, chart, window, found())
    except KeyboardInterrupt:
        if not searched:
            raise
        raise PlaneInterrupt(searched[0]) from None


def _put_together(
    run: Run, chart: Chart, window: tuple[Vector, Vector] | None, parts: Iterable[Polygons | Leaf]
) -> "PlaneRegions":
    """The polygons of a search, while it goes on and after it."""
    network, domain = run.network, run.domain
    if not domain.bounded:
        from polyregions.slices.infinite_plane import InfinitePlane

        whole = InfinitePlane(network, domain, parts)
        chart = whole.window(window)
        polygons, exact = whole.cut(chart)
        return PlaneRegions(run.result(), chart, polygons, whole.packed, exact, whole.bounded)
    exact = ExactPolygons.over(network, domain)
    units = sum(network.widths)
    found, packed = gathered(parts, lambda leaf: exact.clip(states_of(leaf))[1], units)
    polygons = settled(exact, found, packed, units, exact.size)
    return PlaneRegions(run.result(), chart, polygons, packed, exact, np.ones(len(packed), dtype=np.bool_))


def _chart(network: Network, domain: Domain) -> Chart:
    """The domain's chart, of an infinite plane with any box."""
    n = network.input_dimension
    dimension = domain.chart(n).dimension if domain.bounded else domain_dimension(domain, n)
    if dimension != 2:
        remedy = (
            "line() takes a Segment or a Line" if dimension == 1 else "give a Plane, such as Plane.through(A, B, C)"
        )
        raise DomainError(f"plane() needs a domain of two dimensions; {domain!r} has {dimension}: {remedy}")
    if isinstance(domain, Polytope) and not domain.bounded:
        raise DomainError(
            f"plane() takes no unbounded polyhedron such as {domain!r}: give all of the plane, Plane(..., "
            "bounded=False), or a bounded part of the polyhedron"
        )
    return _charted(domain, ((Fraction(-1),) * 2, (Fraction(1),) * 2)).chart(n)


def _charted(domain: Domain, box: Any) -> Domain:
    """The domain, an unbounded one with a box that gives it a chart."""
    return domain if domain.bounded else WholeDomain(domain, *box)


@dataclass(frozen=True, eq=False)
class PlaneRegions:
    """The regions on a slice, as polygons in the slice's own coordinates (s, t), where x = origin + s u + t v.

    Of a domain that is no :class:`polyregions.Plane` the coordinates are those of its chart: the inputs of a box. The
    unbounded regions of an infinite plane are cut at a :attr:`window`: their polygons are only a part of them.

    Attributes
    ----------
    count : Count
        How many, and whether that is all: exact, or a bracket where a limit ended the run.
    packed_patterns : (m, ceil(N / 8)) uint8
        ``numpy.unpackbits(packed, axis=1, count=N)`` gives the N states per region.
    bounded : (m,) bool
        Whether each region is, decided exactly.
    """

    count: Count
    chart: Chart
    _polygons: PolygonArrays
    packed_patterns: Packed
    _exact: ExactPolygons
    bounded: npt.NDArray[np.bool_]

    def __repr__(self) -> str:
        return f"PlaneRegions({self.count} on {self.domain!r})"

    def __len__(self) -> int:
        """The number of polygons."""
        return len(self._polygons.sizes)

    @property
    def network(self) -> Network:
        return self.count.network

    @property
    def domain(self) -> Domain:
        return self.count.domain

    @property
    def status(self) -> Status:
        """Exact, or a bracket."""
        return self.count.status

    @property
    def window(self) -> tuple[Vector, Vector] | None:
        """The corners (s, t) below and above at which unbounded regions are cut, exact; None on a bounded domain.

        Strictly inside lie all corners of regions, and where there is none a point of each boundary: the window
        meets each region in one polygon, and exactly those of unbounded regions have edges on the window's sides.
        """
        return None if self.domain.bounded else (self.chart.lower, self.chart.upper)

    # -- polygons ----------------------------------------------------------------------------------------

    @property
    def vertices(self) -> FloatArray:
        """(v, 2): the corners (s, t) of all polygons one after the other, each polygon's counter-clockwise."""
        return self._polygons.corners

    @property
    def vertex_errors(self) -> FloatArray:
        """(v,): proven bounds of the errors of each corner's coordinates."""
        return self._polygons.errors

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """(m + 1,): polygon i has ``vertices[offsets[i]:offsets[i + 1]]``."""
        return self._polygons.offsets

    @property
    def edges(self) -> npt.NDArray[np.int32]:
        """(v, 2): the neuron (layer, unit), from 0, that vanishes on the edge from each corner to the next.

        A negative layer marks the domain's own sides, or the window's. Where several vanish on an edge, one of them. Of
        a graph's network they are the numbers of a node among its ``pattern_nodes`` and of the entry of its output.
        """
        own = self._polygons.edges
        if type(self.network) is Network:
            return own
        layers, units = own.T
        starts = np.concatenate([[0], np.cumsum(self.network.widths)])
        # Sides have no name: any unit's stands in for it.
        flat = np.where(layers < 0, 0, starts[layers] + units)
        names = np.array(self.network.unit_names, dtype=np.int32).reshape(-1, 2)
        return np.where(layers[:, None] < 0, own, names[flat])

    def polygon(self, region: int, *, exact: bool = False) -> Any:
        """A region's corners (s, t), counter-clockwise: (k, 2) floats, or pairs of Fractions with ``exact=True``."""
        i = self._index(region)
        here = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        if not exact:
            return self.vertices[here]
        return self._exact.corners(self._states(i), self._polygons.edges[here])

    @cached_property
    def ambient(self) -> FloatArray:
        """(v, n_0): the corners in input space."""
        return self.to_input(self.vertices)

    def to_input(self, points: FloatArray) -> FloatArray:
        """Points (k, 2) of the slice in input space, (k, n_0), rounded."""
        result: FloatArray = self.basis[0] + np.asarray(points, dtype=np.float64) @ self.basis[1:]
        return result

    @cached_property
    def basis(self) -> FloatArray:
        """(3, n_0): origin, u and v with x = origin + s u + t v, rounded."""
        result = np.zeros((3, self.network.input_dimension))
        result[0] = [nearest_float(value) for value in self.chart.origin]
        columns: Any = self.chart.columns
        if columns is None:
            columns = ({0: Fraction(1)}, {1: Fraction(1)})
        for row, column in zip(result[1:], columns, strict=True):
            row[list(column)] = [nearest_float(value) for value in column.values()]
        return result

    @cached_property
    def areas(self) -> FloatArray:
        """(m,): Euclidean areas in input space, infinite ones included; all together that of the domain."""
        return self.chart_areas * self._area_scale

    @cached_property
    def chart_areas(self) -> FloatArray:
        """(m,): areas in the coordinates (s, t), in which a parallelogram has the area 1."""
        return np.where(self.bounded, self._polygons.signed_areas, np.inf)

    @cached_property
    def _area_scale(self) -> float:
        return math.sqrt(nearest_float(volume_scale_squared(self.chart)))

    @cached_property
    def perimeters(self) -> FloatArray:
        """(m,): Euclidean perimeters in input space, those of unbounded regions infinite."""
        return np.where(self.bounded, self._polygons.perimeters(self.gram), np.inf)

    @cached_property
    def gram(self) -> FloatArray:
        """(2, 2): the scalar products of u and v, by which lengths in (s, t) are those in input space."""
        columns = self.chart.columns
        if columns is None:
            return np.eye(2)
        products = [[sum((p[i] * q[i] for i in p if i in q), Fraction(0)) for q in columns] for p in columns]
        return np.array([[nearest_float(value) for value in row] for row in products])

    @cached_property
    def orthonormal(self) -> FloatArray:
        """(2, 2) upper triangular: ``orthonormal @ (s, t)`` is the place along u and across it in input space.

        The Cholesky factor of :attr:`gram`, but its determinant without cancellation.
        """
        along = math.sqrt(self.gram[0, 0])
        return np.array([[along, self.gram[0, 1] / along], [0.0, self._area_scale / along]])

    def domain_area(self, *, exact: bool = False) -> Any:
        """The domain's area in the coordinates (s, t), exact, or in input space as a float, which may be infinite.

        Raises
        ------
        ArgumentError
            If the exact area is infinite.
        """
        if not self.domain.bounded:
            if exact:
                raise ArgumentError("the domain is unbounded, and its area infinite; ask for exact=False")
            return math.inf
        area = exact_area(sides(self.chart)[0])
        return area if exact else nearest_float(area) * self._area_scale

    @cached_property
    def view(self) -> FloatArray:
        """(2, 2): the corners (s, t) below and above of what pictures show: the domain, or where most regions are.

        On an infinite plane that is the window, or a part of it with the middle nine tenths of all corners of regions.
        """
        box = np.array([[float(v) for v in corner] for corner in (self.chart.lower, self.chart.upper)])
        return box if self.window is None else self._polygons.most(box)

    @property
    def centres(self) -> FloatArray:
        """(m, 2): the mean of each polygon's corners."""
        return self._polygons.centres

    # -- regions -----------------------------------------------------------------------------------------

    def pattern(self, region: int) -> Pattern:
        """The activation pattern of a region."""
        return self.network.pattern_of(self._states(self._index(region)).astype(np.uint8).tobytes())

    @cached_property
    def numbers(self) -> npt.NDArray[np.int64]:
        """(m,): the region that each polygon is of, from 0 in order of their first polygons.

        Each polygon is a region of its own, but for graphs with maxima of three or more: there polygons are the cells
        of the lowered network, and all with the same pattern of the graph are one region.
        """
        if not self.network.merges:
            return np.arange(len(self))
        known: dict[Pattern, int] = {}
        return np.array([known.setdefault(self.pattern(i), len(known)) for i in range(len(self))], dtype=np.int64)

    def region(self, region: int) -> Region:
        """As a :class:`polyregions.Region`; its witness is the exact mean of the corners."""
        corners = self.polygon(region, exact=True)
        mean = [sum(values, Fraction(0)) / len(corners) for values in zip(*corners, strict=True)]
        return Region(self.network, self.pattern(region), self.chart.ambient(mean), self.domain)

    def activations(self) -> npt.NDArray[np.int64]:
        """(m,): how many ReLU units are active on each region."""
        bits = np.unpackbits(self.packed_patterns, axis=1, count=sum(self.network.widths))
        # Linear units have the state 1.
        return np.asarray(bits.sum(axis=1, dtype=np.int64) - sum(self.network.linear_widths))

    @cached_property
    def affine_maps(self) -> FloatArray:
        """(m, n_out, 3): the output on each region as a s + b t + c, rounded."""
        from polyregions.slices.plane_maps import affine_maps

        return affine_maps(self.network, _charted(self.domain, self.window), self.packed_patterns)

    @cached_property
    def map_labels(self) -> npt.NDArray[np.int64]:
        """(m,) numbers from 0: equal if and only if the outputs are the same functions on the plane, proven."""
        from polyregions.slices.plane_maps import map_labels

        return map_labels(self.network, _charted(self.domain, self.window), self.packed_patterns)

    def _states(self, i: int) -> npt.NDArray[np.bool_]:
        return np.unpackbits(self.packed_patterns[i], count=sum(self.network.widths)).astype(np.bool_)

    def _index(self, region: int) -> int:
        if not -len(self) <= region < len(self):
            raise IndexError(f"there are {len(self)} regions, from 0; no region {region}")
        return region % len(self)

    # -- results -----------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints with --json: that of the count, and sums over all bounded regions."""
        window = None
        if self.window is not None:
            lower, upper = ([format_fraction(value) for value in corner] for corner in self.window)
            window = {"lower": lower, "upper": upper}
        return {
            **self.count.to_json(),
            "vertices": len(self.vertices),
            "area": float(self.areas[self.bounded].sum()),
            "domain_area": self.domain_area() if self.domain.bounded else None,
            "perimeters": float(self.perimeters[self.bounded].sum()),
            "unbounded": int((~self.bounded).sum()),
            "window": window,
        }

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write an interactive view to one self-contained HTML file: pan, zoom, the region under the pointer.

        For up to some hundred thousand polygons; of 20,000 the file has 4 MB.
        """
        from polyregions.slices.plane_page import page
        from polyregions.whole_file import write_whole

        write_whole(path, page(self).encode())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all polygons to a ``.npz`` or ``.json`` file; see docs/slices.md."""
        from polyregions.slices.plane_files import save

        save(self, path)

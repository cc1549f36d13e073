"""One region: its pattern, a point of it, its half-spaces and the affine map on it."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyregions.domain import Chart, Domain
from polyregions.errors import ArgumentError
from polyregions.exact.numbers import nearest_float
from polyregions.network import Network, Pattern

if TYPE_CHECKING:
    from scipy.spatial import ConvexHull, HalfspaceIntersection

    from polyregions.geometry.closure import Closure
    from polyregions.geometry.facets import Facet
    from polyregions.splitting.exact_vertices import ExactVertex

__all__ = ["Region", "pattern_text"]


def pattern_text(pattern: Pattern) -> str:
    """A pattern as text; a number of more than one digit, as graphs may have, stands in parentheses.

    Examples
    --------
    >>> pattern_text(((1, 0, 1), (0, 1))), pattern_text(((3, 12),))
    ('101|01', '3(12)')
    """
    return "|".join("".join(f"({n})" if n > 9 else str(n) for n in states) for states in pattern)


class Region:
    """A region of a network over a domain, by its activation pattern and a witness.

    Thin: everything else is computed when it is asked for.

    Attributes
    ----------
    pattern : tuple of tuples of 0/1
        Per ReLU layer the states of its units.
    witness : tuple of n_0 Fractions
        A point of the region in input space; for regions of full dimension an interior one.
    domain : Domain or None
        The domain that the region was found over, where it is known.
    """

    __slots__ = ("__dict__", "_network", "domain", "pattern", "witness")

    def __init__(
        self, network: Network, pattern: Pattern, witness: tuple[Fraction, ...], domain: Domain | None = None
    ) -> None:
        self._network = network
        self.pattern = pattern
        self.witness = witness
        self.domain = domain

    def __repr__(self) -> str:
        return f"Region({pattern_text(self.pattern)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Region) and (self._network, self.pattern) == (other._network, other.pattern)

    def __hash__(self) -> int:
        return hash(self.pattern)

    @cached_property
    def point(self) -> npt.NDArray[np.float64]:
        """The witness in floats, (n_0,): rounded, and so perhaps outside a very small region."""
        return np.array([nearest_float(value) for value in self.witness])

    def affine_map(self, *, exact: bool = False) -> tuple[Any, Any]:
        """The network's map x -> A x + c on this region; see :meth:`polyregions.network.Network.affine_map`."""
        return self._network.affine_map(self.pattern, exact=exact)

    def halfspaces(
        self, *, exact: bool = False, irredundant: bool = False, include_domain: bool = False, solver: str = "highs"
    ) -> tuple[Any, Any]:
        """The half-spaces A x <= b in input space whose intersection with the domain is the region's closure.

        Parameters
        ----------
        exact : bool, optional
            Return Fractions in nested lists instead of float64 arrays.
        irredundant : bool, optional
            Only half-spaces that can't be left out: of a region of full dimension its facets that are not the
            domain's. Decided exactly, whether or not the numbers returned are. The rows of a region of lower dimension
            depend on the order in which they are left out.
        include_domain : bool, optional
            Append the domain's half-spaces (with ``irredundant`` those that are needed), so that A x <= b alone is the
            region's closure. A domain of lower dimension adds its affine hull, each equation as two rows.
        solver : str, optional
            The LP back end that proposes which rows are redundant.

        Returns
        -------
        A : (m, n_0), b : (m,)
            One row per ReLU unit in the network's order: an active unit's is ``-g(x) <= 0``, an inactive one's
            ``g(x) <= 0``, with g the affine form of its pre-activation. The domain's rows are scaled to a largest
            coefficient of 1.

        Raises
        ------
        ArgumentError
            If the domain is needed, but the region was made without it.

        Notes
        -----
        With ``irredundant`` up to one linear program per row, see :mod:`polyregions.projection.redundancy`.

        Examples
        --------
        >>> from polyregions.domain import Box
        >>> net = Network.from_arrays([[[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]], [[1.0, 1.0, 1.0]]], [[0, -0.5, 9], [0]])
        >>> region = Region(net, ((1, 1, 1),), (Fraction(3, 4), Fraction(0)), Box(-1, 1))
        >>> region.halfspaces(irredundant=True)[1]                  # x_0 >= 1/2
        array([-0.5])
        >>> len(region.halfspaces()[1]), len(region.halfspaces(irredundant=True, include_domain=True)[1])
        (3, 4)
        """
        rows, bounds = self._unit_halfspaces(exact)
        if irredundant or include_domain:
            from polyregions.projection.pattern import PatternSystem

            whole = PatternSystem(self._network, self._known_domain(), self.pattern)
            indices: Any = range(len(whole.system.inequalities))
            if irredundant:
                indices = whole.irredundant(self.witness, domain=include_domain, solver=solver)
            units = [i for i in indices if i < whole.num_units]
            rows, bounds = [rows[i] for i in units], [bounds[i] for i in units]
            if include_domain:
                inequalities = tuple(whole.system.inequalities[i] for i in indices if i >= whole.num_units)
                a, b = replace(whole.system, inequalities=inequalities).halfspaces()
                number: Any = Fraction if exact else nearest_float
                for row, bound in zip(a, b, strict=True):
                    size = max(map(abs, row)) or 1  # a polytope may have a row 0 . x <= 1
                    rows.append([number(Fraction(value, size)) for value in row])
                    bounds.append(number(Fraction(bound, size)))
        if exact:
            return rows, bounds
        n = self._network.input_dimension
        return np.array(rows, dtype=np.float64).reshape(-1, n), np.array(bounds, dtype=np.float64)

    def vertices(self, *, exact: bool = False) -> Any:
        """The vertices of the region's closure in input space, sorted.

        The closure of an unbounded region is their convex hull plus the cone of :meth:`rays`. If it holds a line it has
        no vertices, and these are points of its smallest faces, one of each.

        Parameters
        ----------
        exact : bool, optional
            Return tuples of Fractions instead of a float64 array.

        Returns
        -------
        (k, n_0)

        Raises
        ------
        ArgumentError
            If the domain has more than 8 dimensions, or is not known.

        Notes
        -----
        The double description method in rational arithmetic, see :mod:`polyregions.splitting.exact_vertices`.

        Examples
        --------
        >>> from polyregions.domain import Box
        >>> net = Network.from_arrays([[[1.0, 1.0]], [[1.0]]], [[0.0], [0.0]])
        >>> Region(net, ((1,),), (Fraction(1), Fraction(0)), Box(-1, 1)).vertices().tolist()
        [[-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
        """
        if not self._known_domain().bounded:
            return self._rounded(self._closure.points, exact)
        return self._rounded(sorted({self._chart.ambient(vertex.point) for vertex in self._chart_vertices}), exact)

    def rays(self, *, exact: bool = False) -> Any:
        """The directions in which the region goes on for ever: they span its recession cone. None of a bounded region.

        Parameters
        ----------
        exact : bool, optional
            Return tuples of Fractions (coprime integers) instead of a float64 array.

        Returns
        -------
        (k, n_0)
            Sorted. A line in the region counts as two opposite rays.

        Raises
        ------
        ArgumentError
            If the region has more than 8 dimensions, or its domain is not known.

        Examples
        --------
        >>> from polyregions.domain import Space
        >>> net = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, -1.0], [0.0]])
        >>> region = Region(net, ((1, 0),), (Fraction(1), Fraction(0)), Space())
        >>> region.vertices().tolist(), region.rays().tolist(), region.volume()
        ([[0.0, 1.0]], [[0.0, -1.0], [1.0, 0.0]], inf)
        """
        return self._rounded([] if self._known_domain().bounded else self._closure.rays, exact)

    @property
    def bounded(self) -> bool:
        """Whether the region is bounded, decided exactly; in any number of dimensions."""
        return self._known_domain().bounded or self._closure.bounded

    def _rounded(self, points: Sequence[tuple[Fraction, ...]], exact: bool) -> Any:
        if exact:
            return list(points)
        floats = [[nearest_float(value) for value in point] for point in points]
        return np.array(floats, dtype=np.float64).reshape(-1, self._network.input_dimension)

    def volume(self, *, exact: bool = False) -> Any:
        """The region's volume, in as many dimensions as the domain has: an area on a plane, a length on a segment.

        Parameters
        ----------
        exact : bool, optional
            Return a Fraction instead of a float.

        Raises
        ------
        ArgumentError
            If the domain has more than 8 dimensions, or is not known; or if the exact volume is no rational number,
            as on most planes and segments, or infinite.

        Examples
        --------
        >>> from polyregions.domain import Box
        >>> net = Network.from_arrays([[[1.0, 1.0]], [[1.0]]], [[0.0], [0.0]])
        >>> Region(net, ((1,),), (Fraction(1), Fraction(0)), Box(-1, 1)).volume()
        2.0
        """
        domain = self._known_domain()
        if not domain.bounded:
            from polyregions.geometry.closure import domain_dimension

            if self._closure.dimension < domain_dimension(domain, self._network.input_dimension):
                return Fraction(0) if exact else 0.0
            if not self._closure.bounded:
                if exact:
                    raise ArgumentError("the region is unbounded, and its volume infinite; ask for exact=False")
                return math.inf
        from polyregions.geometry.polytope import chart_volume, square_root, volume_scale_squared

        chart, vertices = self._chart, self._chart_vertices
        inside = chart_volume(vertices, chart.dimension)
        squared = volume_scale_squared(chart)
        root = square_root(squared)
        if root is not None:
            return inside * root if exact else nearest_float(inside * root)
        if exact:
            raise ArgumentError(
                f"the exact volume is {inside} times the square root of {squared}, which is not rational; "
                "ask for exact=False"
            )
        return nearest_float(inside) * math.sqrt(nearest_float(squared))

    @cached_property
    def facets(self) -> "tuple[Facet, ...]":
        """The facets of the region's closure, each with the units and the domain's constraints that it belongs to.

        Raises
        ------
        ArgumentError
            If the region has a lower dimension than the domain, or the domain is not known.

        Notes
        -----
        Decided exactly, see :func:`polyregions.geometry.facets.region_facets`.

        Examples
        --------
        >>> from polyregions.domain import Box
        >>> net = Network.from_arrays([[[1.0, 1.0], [2.0, 2.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
        >>> for facet in Region(net, ((1, 1),), (Fraction(1, 2), Fraction(0)), Box(-1, 1)).facets:
        ...     print(facet.units, facet.domain, facet.normal, facet.bound)
        ((0, 0), (0, 1)) () (-1, -1) 0
        () (1,) (1, 0) 1
        () (3,) (0, 1) 1
        """
        from polyregions.geometry.facets import region_facets

        return tuple(region_facets(self._network, self._known_domain(), self.pattern, self.witness))

    def chebyshev(self) -> tuple[npt.NDArray[np.float64], float]:
        """The centre and the radius of a largest ball inside the region, within the domain's affine hull.

        Returns
        -------
        centre : (n_0,), radius : float
            By a linear program in floating point: rounded. The ball need not be the only one of its size.

        Examples
        --------
        >>> from polyregions.domain import Box
        >>> net = Network.from_arrays([[[1.0, 0.0]], [[1.0]]], [[0.0], [0.0]])
        >>> centre, radius = Region(net, ((1,),), (Fraction(1, 2), Fraction(0)), Box([-1, -3], [1, 3])).chebyshev()
        >>> round(float(centre[0]), 6), round(radius, 6)
        (0.5, 0.5)
        """
        centre, radius = self._chart_ball
        exact = self._chart.ambient([Fraction(value) for value in centre.tolist()])
        return np.array([nearest_float(value) for value in exact]), radius

    def to_halfspace_intersection(self) -> "HalfspaceIntersection":
        """The region as a :class:`scipy.spatial.HalfspaceIntersection`, in floating point.

        In input space; over a domain of lower dimension in the coordinates of :meth:`to_convex_hull`.

        Raises
        ------
        ArgumentError
            If the domain has fewer than two dimensions, or the region a lower dimension than the domain.
        """
        from polyregions.geometry.conversions import halfspace_intersection

        self._needs_dimensions(2, "scipy's half-space intersections")
        pairs = [([Fraction(value) for value in facet.normal], Fraction(facet.bound)) for facet in self.facets]
        return halfspace_intersection(self._chart, pairs, self._chart_ball[0])

    def to_convex_hull(self) -> "ConvexHull":
        """The region as the :class:`scipy.spatial.ConvexHull` of its vertices, in floating point.

        In input space; over a domain of lower dimension in coordinates on its affine hull (a plane's s and t).

        Raises
        ------
        ArgumentError
            If the domain has fewer than two or more than 8 dimensions.
        """
        from scipy.spatial import ConvexHull

        self._needs_dimensions(2, "scipy's convex hulls")
        return ConvexHull(self._float_corners)

    def to_shapely(self) -> Any:
        """The region over a two-dimensional domain as a ``shapely.Polygon``, in floating point.

        In input space where that has two dimensions; on a plane in more dimensions in the plane's s and t.

        Raises
        ------
        ArgumentError
            If the domain does not have two dimensions.
        MissingPackageError
            If shapely is not installed.
        """
        from polyregions.geometry.conversions import polygon

        if self._chart.dimension != 2:
            raise ArgumentError(
                f"shapely's polygons have two dimensions, and the domain has {self._chart.dimension}; count over a "
                "plane, or ask for to_convex_hull()"
            )
        return polygon(self.vertices() if self._network.input_dimension == 2 else self._float_corners)

    def to_ine(self) -> str:
        """The region's irredundant half-spaces as the text of a ``.ine`` file of cdd and lrs, exact.

        The equations of a domain of lower dimension than the input space are its ``linearity``.
        """
        from polyregions.geometry.conversions import ine_text
        from polyregions.projection.lifted import domain_system

        hull = domain_system(self._known_domain(), self._network.input_dimension).equations
        a: list[Any] = [facet.normal for facet in self.facets]
        b: list[Any] = [facet.bound for facet in self.facets]
        equations = range(len(b), len(b) + len(hull))
        a += [[-value for value in row[:-1]] for row in hull]
        b += [row[-1] for row in hull]
        return ine_text(a, b, equations, f"region {pattern_text(self.pattern)}")

    def to_ext(self) -> str:
        """The region's vertices as the text of a ``.ext`` file of cdd and lrs, exact.

        Raises
        ------
        ArgumentError
            As for :meth:`vertices`.

        Examples
        --------
        >>> from polyregions.domain import Box
        >>> net = Network.from_arrays([[[3.0]], [[1.0]]], [[1.0], [0.0]])
        >>> print(Region(net, ((1,),), (Fraction(0),), Box(-1, 1)).to_ext(), end="")
        region 1
        V-representation
        begin
        2 2 rational
        1 -1/3
        1 1
        end
        """
        from polyregions.geometry.conversions import ext_text

        return ext_text(self.vertices(exact=True), f"region {pattern_text(self.pattern)}")

    def _needs_dimensions(self, least: int, what: str) -> None:
        if self._chart.dimension < least:
            raise ArgumentError(f"{what} need {least} dimensions, and the domain has {self._chart.dimension}")

    @cached_property
    def _chart_ball(self) -> tuple[npt.NDArray[np.float64], float]:
        """A largest ball: its centre in chart coordinates, and its radius."""
        from polyregions.geometry.conversions import chebyshev

        a, b = self.halfspaces(exact=True)
        return chebyshev(self._chart, list(zip(a, b, strict=True)))

    @property
    def _float_corners(self) -> npt.NDArray[np.float64]:
        """The vertices in chart coordinates, (k, d)."""
        points = sorted({vertex.point for vertex in self._chart_vertices})
        return np.array([[nearest_float(value) for value in point] for point in points], dtype=np.float64)

    @cached_property
    def _chart(self) -> Chart:
        domain = self._known_domain()
        return (domain if domain.bounded else self._closure.polyhedron).chart(self._network.input_dimension)

    @cached_property
    def _closure(self) -> "Closure":
        """The region of an unbounded domain as a polyhedron of its own."""
        from polyregions.geometry.closure import Closure

        a, b = self.halfspaces(exact=True, irredundant=True, include_domain=True)
        return Closure(a, b, self._network.input_dimension)

    @cached_property
    def _chart_vertices(self) -> "list[ExactVertex]":
        from polyregions.geometry.polytope import chart_vertices

        if not self._known_domain().bounded:
            return chart_vertices(self._chart, ())
        a, b = self.halfspaces(exact=True, irredundant=True)
        return chart_vertices(self._chart, list(zip(a, b, strict=True)))

    def _unit_halfspaces(self, exact: bool) -> tuple[list[Any], list[Any]]:
        forms, constants = self._network.region_forms(self.pattern, exact=exact)
        return [[-value for value in row] for row in forms] if exact else list(-forms), list(constants)

    def _known_domain(self) -> Domain:
        if self.domain is None:
            raise ArgumentError(
                "this region was made without its domain, on which its facets depend; take it from "
                "polyregions.regions, or give Region the domain"
            )
        return self.domain

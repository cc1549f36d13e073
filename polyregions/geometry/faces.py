"""The faces of the regions' closures, which form a polyhedral complex, and those of them that make up a boundary.

Exact: vertices are rational points, and two faces are one if they have the same vertices.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import factorial

from polyregions.domain import Domain
from polyregions.errors import ArgumentError
from polyregions.exact.restriction import Restriction
from polyregions.geometry.integer_cells import IntegerVertex, affine_rank, cut_integer_box
from polyregions.geometry.polytope import LARGEST_DIMENSION, determinant, square_root, triangulate
from polyregions.network import Network, Pattern
from polyregions.splitting.exact_vertices import DOMAIN

__all__ = ["Boundary", "Face"]


class Face:
    """One face of a region's closure.

    Attributes
    ----------
    key : frozenset of vertices
        Of all regions that have this face the same.
    dimension : int
    """

    __slots__ = ("_cell", "_indices", "dimension", "key")

    def __init__(self, cell: list[IntegerVertex], indices: tuple[int, ...], dimension: int) -> None:
        self._cell = cell
        self._indices = indices
        self.dimension = dimension
        self.key = frozenset(cell[i].coordinates for i in indices)

    @property
    def vertices(self) -> list[IntegerVertex]:
        """Its vertices, with the facets of the region that each lies on."""
        return [self._cell[i] for i in self._indices]

    @property
    def facets(self) -> frozenset[tuple[int, int]]:
        """The facets of the region, and the hyperplanes that touch it, in which the face lies."""
        return frozenset.intersection(*(vertex.facets for vertex in self.vertices))

    def subfaces(self) -> list["Face"]:
        """Its faces of one dimension less."""
        common = self.facets
        found: dict[tuple[int, ...], None] = {}
        for facet in sorted(frozenset().union(*(vertex.facets for vertex in self.vertices)) - common):
            side = tuple(i for i in self._indices if facet in self._cell[i].facets)
            if side not in found and affine_rank([self._cell[i] for i in side]) == self.dimension - 1:
                found[side] = None
        return [Face(self._cell, side, self.dimension - 1) for side in found]

    def squared_volume(self, metric: Sequence[Sequence[Fraction]] | None) -> Fraction:
        """The square of its volume, with lengths measured by a Gram matrix of the coordinates' directions.

        Notes
        -----
        A simplex has the squared volume det(E G E^T) / m!^2, with E its edges from one vertex. All simplices of a
        triangulation lie in one affine space, so that the ratios of their volumes are rational.
        """
        if self.dimension == 0:
            return Fraction(1)
        base: Fraction | None = None
        total = Fraction(0)
        for simplex in triangulate(list(self._indices), self._cell, self.dimension):
            first, *others = (self._cell[i].point for i in simplex)
            square = _gram([[q - p for p, q in zip(first, other, strict=True)] for other in others], metric)
            if not square:
                continue
            if base is None:
                base = square
            ratio = square_root(square / base)
            if ratio is None:
                raise ArithmeticError("two simplices of one face have volumes whose ratio is not rational")
            total += ratio
        return Fraction(0) if base is None else total * total * base / factorial(self.dimension) ** 2


class Boundary:
    """The facets between regions of a network in the interior of a domain, added region by region.

    Parameters
    ----------
    network : Network
    domain : Domain
    gradient : bool
        Keep only the facets across which the gradient of the network, along the domain, changes.
    """

    def __init__(self, network: Network, domain: Domain, *, gradient: bool) -> None:
        self._network = network
        self._restriction = Restriction(network, domain)
        self._gradient = gradient
        self.dimension = self._restriction.dimension
        if self.dimension > LARGEST_DIMENSION:
            raise ArgumentError(
                f"faces are computed in up to {LARGEST_DIMENSION} dimensions, and the domain has {self.dimension}; "
                "take a plane or a segment, or estimate_boundary_volume"
            )
        self._domain_rows = len(self._restriction.rows)
        #: Facets that were met once, with what is needed to tell whether the gradient changes, and those met twice.
        self._open: dict[frozenset[object], tuple[Face, tuple[int, ...]]] = {}
        #: The facets known to be of the boundary so far.
        self.facets: list[Face] = []

    def add(self, pattern: Pattern) -> None:
        """Add one region by its pattern."""
        states = [state for layer in pattern for state in layer]
        rows, gradient = self._forms(states)
        inside = self._restriction
        cell = cut_integer_box(inside.lower, inside.upper, inside.scale, [*inside.rows, *rows])
        whole = Face(cell, tuple(range(len(cell))), self.dimension)
        for facet in whole.subfaces():
            if self._is_outer(facet):
                continue
            other = self._open.pop(facet.key, None)
            if other is None:
                self._open[facet.key] = facet, gradient
            elif not self._gradient or other[1] != gradient:
                self.facets.append(facet)

    def faces(self, codimension: int) -> list[Face]:
        """The faces of the boundary's piece of that codimension, once all regions were added.

        The recursion of Hanin & Rolnick (2019, section 3.1): the facets make up the first piece, and a face of one
        dimension less is in the next unless what is left is flat around it, two faces that continue each other.
        """
        if self._open:
            raise ArithmeticError(f"{len(self._open)} facets inside the domain have a region on one side only")
        faces = self.facets
        for _ in range(1, codimension):
            around: dict[frozenset[object], tuple[Face, list[Face]]] = {}
            for face in faces:
                for side in face.subfaces():
                    if not self._is_outer(side):
                        around.setdefault(side.key, (side, []))[1].append(face)
            faces = [side for side, star in around.values() if not _is_flat(star)]
        return faces

    def metric(self) -> list[list[Fraction]] | None:
        """The Gram matrix of the chart's directions; None for the identity."""
        columns = self._restriction.chart.columns
        if columns is None:
            return None
        return [[sum((v * q.get(i, Fraction(0)) for i, v in p.items()), Fraction(0)) for q in columns] for p in columns]

    def _is_outer(self, face: Face) -> bool:
        """Whether it lies in the domain's boundary."""
        return any(kind != DOMAIN or number < self._domain_rows for kind, number in face.facets)

    def _forms(self, states: Sequence[int]) -> tuple[list[list[int]], tuple[int, ...]]:
        """Each unit's form, signed to be at least 0 on the region, and the gradient's entries, times one scale."""
        restriction, offset = self._restriction, 0
        rows: list[list[int]] = []
        passed: list[list[int]] = [[int(i == j) for j in range(self.dimension)] for i in range(self.dimension)]
        for layer, width in enumerate(restriction.widths):
            matrix = restriction.affine_rows(layer, states)
            forms = [[int(v) for v in restriction.expand(row)] for row in restriction.arithmetic.rows(matrix)]
            here = states[offset : offset + width]
            offset += width
            for form, state, linear in zip(forms, here, restriction.linear[layer].tolist(), strict=True):
                if not linear:
                    rows.append(form if state else [-v for v in form])
            passed = [form[:-1] if state else [0] * self.dimension for form, state in zip(forms, here, strict=True)]
        if not self._gradient:
            return rows, ()
        if not self._network.include_output:
            weights = self._network.exact_layers[-1].weights
            columns = list(zip(*passed, strict=True))
            passed = [
                [sum(w * v for w, v in zip(row, column, strict=True) if v) for column in columns] for row in weights
            ]
        return rows, tuple(v for row in passed for v in row)


def _is_flat(star: Sequence[Face]) -> bool:
    if len(star) != 2:
        return False
    p, q = star
    return affine_rank([*p.vertices, *q.vertices]) == p.dimension


def _gram(edges: list[list[Fraction]], metric: Sequence[Sequence[Fraction]] | None) -> Fraction:
    """det(E G E^T)."""
    images = edges
    if metric is not None:
        images = [
            [sum((v * row[j] for v, row in zip(edge, metric, strict=True)), Fraction(0)) for j in range(len(edge))]
            for edge in edges
        ]
    return determinant([[sum((x * y for x, y in zip(p, q, strict=True)), Fraction(0)) for q in images] for p in edges])

"""The closure of a region that may be unbounded: its points and rays, in rational arithmetic."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from math import gcd

from polyregions.definition import Definition
from polyregions.domain import Domain, Polytope, Vector
from polyregions.exact.numbers import integer_rows
from polyregions.exact.sections import Sections
from polyregions.geometry.polytope import chart_vertices
from polyregions.network import Network

__all__ = ["Closure", "domain_dimension"]


class Closure:
    """The polyhedron {x : A x <= b}, not empty: the convex hull of its points plus the cone of its rays.

    Parameters
    ----------
    a, b : m rows of n rationals, m rationals
    n : int
    """

    def __init__(self, a: Sequence[Sequence[Fraction]], b: Sequence[Fraction], n: int) -> None:
        # A polytope has a row; without any other, one that always holds.
        self.polyhedron = Polytope(a, b) if a else Polytope([[0] * n], [0])
        self._n = n

    @property
    def bounded(self) -> bool:
        """Decided exactly."""
        return self.polyhedron.bounded

    @property
    def dimension(self) -> int:
        """Of its affine hull."""
        if self.bounded:
            return self.polyhedron.chart(self._n).dimension
        return self._sections.dimension + len(self._sections.lines())

    @cached_property
    def _sections(self) -> Sections:
        # A network without ReLUs cuts nothing, so that there is one piece. Not among sets of full dimension only, for
        # then the section of a cone would do without its apex.
        nothing = Network.from_arrays([[[0.0] * self._n]], [[0.0]])
        return Sections(nothing, self.polyhedron, Definition.PATTERNS)

    @property
    def points(self) -> list[Vector]:
        """One of each smallest face, sorted: the vertices, unless there is a line in the polyhedron."""
        return self._generators[0]

    @property
    def rays(self) -> list[Vector]:
        """Directions in coprime integers, sorted; a line counts as two."""
        return self._generators[1]

    @cached_property
    def _generators(self) -> tuple[list[Vector], list[Vector]]:
        if self.bounded:
            chart = self.polyhedron.chart(self._n)
            return sorted({chart.ambient(vertex.point) for vertex in chart_vertices(chart, ())}), []
        (piece,) = self._sections
        chart = piece.restriction.chart
        points: set[Vector] = set()
        rays = {_coprime(line, sign) for line in self._sections.lines() for sign in (1, -1)}
        for vertex in chart_vertices(chart, ()):
            if chart.homogeneous and not vertex.point[-1]:
                # At infinity: what is left of s x is a direction.
                rays.add(_coprime(chart.numerators(vertex.point), 1))
            else:
                points.add(chart.ambient(vertex.point))
        return sorted(points), sorted(rays)


def domain_dimension(domain: Domain, n: int) -> int:
    """The dimension of an unbounded domain."""
    return Closure(domain.A, domain.b, n).dimension if isinstance(domain, Polytope) else domain.frame(n).dimension


def _coprime(vector: Vector, sign: int) -> Vector:
    ((*integers,),), _ = integer_rows([vector])
    divisor = gcd(*integers)
    return tuple(Fraction(sign * value, divisor) for value in integers)

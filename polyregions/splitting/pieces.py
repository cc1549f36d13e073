"""The splitting counter over an unbounded domain: one search per piece, one after the other."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cached_property
from math import comb, gcd
from operator import mul
from typing import TYPE_CHECKING, Any, cast

from polyregions.bounds.serra import architecture_bound
from polyregions.domain import Chart
from polyregions.enumeration import Leaf
from polyregions.exact.cell import Witness
from polyregions.exact.numbers import integer_rows
from polyregions.exact.restriction import ExactPoint
from polyregions.exact.sections import Section, Sections

if TYPE_CHECKING:
    from polyregions.enumeration import Enumerator
    from polyregions.exact.restriction import Restriction
    from polyregions.splitting.vertex_cells import Polygons, VertexTree

__all__ = ["PieceTree"]

_ZERO = Fraction(0)


class PieceTree:
    """Enumerates the regions of all pieces; see :class:`polyregions.enumeration.Enumerator`.

    No region lies in two pieces, for a unit that cuts the domain into pieces has one state in each.

    Parameters
    ----------
    sections : Sections
    make : callable
        Makes the search of a piece, given its restriction and how many regions it may find at most (or None).
    max_regions : int, optional
        Where :meth:`explore` ends.
    """

    #: Every decision is: the method is the splitting counter.
    proven = True

    def __init__(
        self,
        sections: Sections,
        make: "Callable[[Restriction, int | None], Enumerator]",
        *,
        max_regions: int | None = None,
    ) -> None:
        self._sections = sections
        self._make = make
        self._max_regions = max_regions
        self._pieces = iter(sections)
        cuts = len(sections.cuts)
        # How many pieces are not begun, by the number of their active cutting units.
        self._left = [comb(cuts, active) for active in range(cuts + 1)]
        self._found = self._begun = 0
        self._stats: dict[str, Any] = {}
        self._piece: Section | None = None
        self._search: Enumerator | None = None
        self._next()

    @property
    def found(self) -> int:
        """The number of regions found so far."""
        return self._found + (self._search.found if self._search is not None else 0)

    @property
    def finished(self) -> bool:
        """Whether all regions have been found."""
        return self._search is None

    def open_bound(self) -> int:
        """A proven upper bound of the number of regions not found yet: that of the search, and Theorem 1 per piece.

        Pieces that are bounded one by one may have more than Theorem 1 lets the whole have.
        """
        total = sum(count * self._sections.bound(active) for active, count in enumerate(self._left) if count)
        if self._search is not None and self._piece is not None:
            most = self._sections.bound(self._piece.active) - self._search.found
            here = self._search.open_bound()
            total += most if here is None else min(here, most)
        # Sections of cones have a dimension less than the whole.
        sections = self._sections
        whole = architecture_bound(sections.rank, sections.widths, sections.network.linear_widths)
        return min(total, whole - self.found)

    def statistics(self) -> dict[str, Any]:
        """What was done so far, in all pieces."""
        stats = dict(self._stats)
        if self._search is not None:
            _add(stats, self._search.statistics())
        return {**stats, "pieces": self._sections.total, "pieces_begun": self._begun}

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Count without listing, until all is found or ``stop`` says so."""
        while self._search is not None and not stop():
            self._search.explore(stop)
            if not self._search.finished or not self._next():
                return

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the regions, their witnesses in input space."""
        for search, piece in self._searches(stop):
            inputs = _Inputs(piece.restriction.chart)
            for leaf in search.leaves(stop):
                yield inputs.leaf(leaf)

    def polygons(self, stop: Callable[[], bool] = lambda: False) -> "Iterator[Polygons | Leaf]":
        """Yield the regions of an infinite plane by vertex cells, with their corners, many at a time.

        Corners and edges are those of :meth:`polyregions.splitting.section_polygons.SectionPolygons.on_plane`. Regions
        of sections of less than two dimensions (all hyperplanes are parallel, or meet in a point) come as leaves.
        """
        for search, piece in self._searches(stop):
            chart = piece.restriction.chart
            inputs = _Inputs(chart)
            if chart.dimension < 2:
                yield from map(inputs.leaf, search.leaves(stop))
                continue
            from polyregions.splitting.section_polygons import SectionPolygons

            frame = self._sections.domain.frame(self._sections.network.input_dimension)
            section, tree = SectionPolygons(self._sections.cuts, frame, chart), cast("VertexTree", search)
            for found in tree.polygons(stop):
                yield inputs.leaf(found) if isinstance(found, Leaf) else section.on_plane(found)

    def _searches(self, stop: Callable[[], bool]) -> "Iterator[tuple[Enumerator, Section]]":
        """The search of one piece after the other, each as far as it comes before ``stop``."""
        while self._search is not None and self._piece is not None and not stop():
            yield self._search, self._piece
            if not self._search.finished or not self._next():
                return

    def _next(self) -> bool:
        """Go on to the next piece; False if there is none."""
        if self._search is not None:
            self._found += self._search.found
            _add(self._stats, self._search.statistics())
        self._search = self._piece = None
        piece = next(self._pieces, None)
        if piece is None:
            return False
        most = None if self._max_regions is None else self._max_regions - self._found
        self._search, self._piece = self._make(piece.restriction, most), piece
        self._left[piece.active] -= 1
        self._begun += 1
        return True


class _Inputs:
    """From chart coordinates to input space: :meth:`polyregions.domain.Chart.ambient` in integers, for many points."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart

    @cached_property
    def _table(self) -> tuple[list[list[int]], int]:
        chart = self._chart
        if chart.columns is None:
            raise ArithmeticError("the chart of a piece has columns")
        rows = [[*(column.get(i, _ZERO) for column in chart.columns), x] for i, x in enumerate(chart.origin)]
        return integer_rows(rows)

    def ambient(self, point: ExactPoint) -> ExactPoint:
        """The point of input space, in lowest terms."""
        rows, denominator = self._table
        vector = (*point.numerators, point.denominator)
        entries = [sum(map(mul, row, vector)) for row in rows]
        below = denominator * (point.numerators[-1] if self._chart.homogeneous else point.denominator)
        divisor = gcd(below, *entries)
        return ExactPoint(tuple(entry // divisor for entry in entries), below // divisor)

    def leaf(self, leaf: Leaf) -> Leaf:
        """A region of the piece, its witness in input space."""
        return Leaf(leaf.states, _InputPoint(self, leaf.witness))


class _InputPoint(Witness):
    """A witness of a piece as a point of input space, computed when it is asked for."""

    __slots__ = ("_inputs", "_witness")

    def __init__(self, inputs: _Inputs, witness: Witness) -> None:
        self._inputs = inputs
        self._witness = witness

    @property
    def point(self) -> ExactPoint:
        return self._inputs.ambient(self._witness.point)


def _add(total: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value if isinstance(value, int) and not isinstance(value, bool) else value

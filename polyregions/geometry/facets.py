"""The facets of one region: whose hyperplanes they lie on."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from polyregions.domain import Box, Domain
from polyregions.errors import ArgumentError
from polyregions.network import Network, Pattern
from polyregions.projection.pattern import PatternSystem
from polyregions.projection.system import Row, echelon, over_free_columns, primitive

__all__ = ["Facet", "region_facets"]


@dataclass(frozen=True)
class Facet:
    """One facet of a region's closure, in one dimension less than the region.

    Attributes
    ----------
    units : tuple of (layer, unit), both from 0
        All units whose pre-activation is 0 on the facet but not on all of the region. Of a graph's network the number
        of a node among its ``pattern_nodes``, and of the entry of that node's output: the entry is at a breakpoint
        there, or two arguments win.
    domain : tuple of int
        The domain's constraints that hold with equality on it; with one of them it is part of the domain's boundary.
        Row i of a Polytope is i; x_i at a Box's lower bound is 2 i, at its upper bound 2 i + 1; the ends of a Segment
        are 0 and 1; the sides s = 0, s = 1, t = 0, t = 1 of a Plane are 0, 1, 2, 3.
    normal : tuple of n_0 integers
    bound : int
        The region satisfies ``normal . x <= bound``, the facet's points with equality.
    """

    units: tuple[tuple[int, int], ...]
    domain: tuple[int, ...]
    normal: tuple[int, ...]
    bound: int


def region_facets(
    network: Network, domain: Domain, pattern: Pattern, witness: Sequence[Fraction], *, solver: str = "highs"
) -> list[Facet]:
    """The facets of a region, those of the units first, in the network's order.

    Raises
    ------
    ArgumentError
        If the witness does not lie in the region's interior relative to the domain.

    Notes
    -----
    One exact decision per unit and constraint of the domain, see :mod:`polyregions.projection.redundancy`. Inequalities
    belong to one facet if they are the same on the domain's affine hull.
    """
    whole = PatternSystem(network, domain, pattern)
    pivots = echelon(whole.system.equations, range(whole.system.dimension)) or {}
    free, reduced = over_free_columns(whole.system, pivots)
    rows = [primitive(row) for row in reduced]
    point = [witness[j] for j in free]
    for row in rows[: whole.num_units]:
        if any(row) and sum((a * x for a, x in zip(row, point, strict=False)), Fraction(row[-1])) <= 0:
            raise ArgumentError("facets are those of a region of full dimension; this one is smaller than the domain")
    members: dict[Row, list[int]] = {}
    for i, row in enumerate(rows):
        members.setdefault(row, []).append(i)
    names = network.region_units(pattern)
    numbers = _numbers(domain, network.input_dimension)
    facets = []
    for group in sorted(members[rows[i]] for i in whole.irredundant(witness, domain=True, solver=solver)):
        *normal, bound = whole.system.inequalities[group[0]]
        facets.append(
            Facet(
                units=tuple(dict.fromkeys(names[i] for i in group if i < len(names))),
                domain=tuple(numbers[i - whole.num_units] for i in group if i >= whole.num_units),
                normal=tuple(-value for value in normal),
                bound=bound,
            )
        )
    return facets


def _numbers(domain: Domain, dimension: int) -> Sequence[int]:
    """The numbers of a domain's inequalities: a box has none for the coordinates that it fixes."""
    if isinstance(domain, Box):
        columns = domain.chart(dimension).columns
        free = range(dimension) if columns is None else [i for column in columns for i in column]
        return [2 * i + side for i in free for side in (0, 1)]
    return range(2 * dimension + 4) if not hasattr(domain, "A") else range(len(domain.A))

"""``line``: the regions along a segment or an infinite line, with exact breakpoints."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.definition import Definition
from polyregions.domain import Domain, Line, Segment
from polyregions.enumeration import check_kinds
from polyregions.errors import ArgumentTypeError, DomainError
from polyregions.exact.filter import INFLATE, U
from polyregions.exact.numbers import format_fraction, nearest_float
from polyregions.geometry.region import Region, pattern_text
from polyregions.network import Network, Pattern
from polyregions.result import Status, network_json, versions
from polyregions.slices.line_search import LineSearch
from polyregions.slices.merged_line import merge, pattern_keys
from polyregions.slices.same_maps import differing_neighbours, distinct_maps

__all__ = ["LineRegions", "line"]

FloatArray = npt.NDArray[np.float64]
Packed = npt.NDArray[np.uint8]
#: (layer, unit), both from 0.
Neuron = tuple[int, int]


def line(network: Network, domain: Domain, *, definition: Definition | str = Definition.REGIONS) -> "LineRegions":
    """All regions of a network along a segment or an infinite line, in order, with exact breakpoints.

    Parameters
    ----------
    network : Network
        Of any input dimension and size.
    domain : Segment or Line
    definition : {"regions", "patterns", "linear", "closed", "affine"}, optional
        What :attr:`LineRegions.count` counts: intervals; also patterns attained at single points; or intervals put
        together by their affine maps where they meet ("linear" and "closed", the same on a line) or wherever they are.

    Returns
    -------
    LineRegions
        Exact: the number and the order of intervals are proven, none is left out.

    Raises
    ------
    ArgumentTypeError
        If the domain is neither.
    DomainError
        If it lies in a space of another dimension.

    Notes
    -----
    Direct, layer by layer (Hanin & Rolnick 2019a, section 4): with K intervals and layers of n units about 3 K n^2 L
    multiply-adds in products of matrices; memory for K packed patterns. Decisions in float64 have proven error bounds,
    and what these leave open is decided in integers (docs/slices.md).

    Examples
    --------
    >>> import polyregions as pr
    >>> net = pr.Network.from_arrays([[[1.0], [1.0]], [[1.0, -1.0]]], [[0.0, -0.5], [0.0]])    # min(relu(x), 1/2)
    >>> found = pr.line(net, pr.Segment([-1], [1]))
    >>> found.count, found.breakpoints(exact=True)            # in t, where x = -1 + 2 t
    (3, [Fraction(1, 2), Fraction(3, 4)])
    >>> found.pattern(1), found.changes(1), found.affine_map(1)
    (((1, 0),), [(0, 1)], (array([2.]), array([-1.])))
    """
    check_kinds(network, domain)
    if not isinstance(domain, Segment | Line):
        raise ArgumentTypeError(
            f"line() needs a Segment or a Line, not a {type(domain).__name__}; count() takes other domains"
        )
    began = time.perf_counter()
    start, direction = _vectors(domain)
    if len(start) != network.input_dimension:
        kind = type(domain).__name__.lower()
        raise DomainError(
            f"the {kind} lies in a space of {len(start)} dimensions, the network has {network.input_dimension} inputs"
        )
    search = LineSearch(network, start, direction, infinite=isinstance(domain, Line))
    if network.merges:
        merge(search)
    return LineRegions(network, domain, Definition.of(definition), search, time.perf_counter() - began)


def _vectors(domain: Segment | Line) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    if isinstance(domain, Line):
        return domain.point, domain.direction
    return domain.start, tuple(q - p for p, q in zip(domain.start, domain.end, strict=True))


@dataclass(frozen=True, eq=False)
class LineRegions:
    """The regions of a network along x(t) = start + t direction: intervals of t, in order.

    A segment is 0 <= t <= 1, a line -inf < t < inf. Thin: what is exact beyond the count is computed when asked for.

    Attributes
    ----------
    network : Network
    domain : Segment or Line
    definition : Definition
        Of :attr:`count`.
    seconds : float
    """

    network: Network
    domain: Segment | Line
    definition: Definition
    _search: LineSearch
    seconds: float

    def __repr__(self) -> str:
        return f"LineRegions({self.count} {self.definition.value} along {self.domain!r})"

    def __len__(self) -> int:
        """The number of intervals."""
        return len(self._search.states)

    # -- counts ------------------------------------------------------------------------------------------

    #: Every decision is proven.
    status = Status.EXACT

    @property
    def count(self) -> int:
        """What :attr:`definition` counts: one of the four numbers below."""
        if self.definition is Definition.REGIONS:
            return self.num_regions
        if self.definition is Definition.PATTERNS:
            return self.num_patterns
        return self.num_affine if self.definition is Definition.AFFINE else self.num_linear

    @property
    def num_regions(self) -> int:
        """R2: patterns attained on an interval. Regions are convex, so that no pattern has two intervals."""
        return len(self)

    @cached_property
    def num_patterns(self) -> int:
        """R1: patterns attained on the closed segment or on the line, also at single points."""
        return len(self) + int(self._new_at_points.sum())

    @cached_property
    def num_linear(self) -> int:
        """R4 and R5, which are the same on a line: maximal intervals on which the network is affine."""
        return len(self.linear_starts)

    @cached_property
    def num_affine(self) -> int:
        """R6: distinct affine maps t -> output along the line."""
        return distinct_maps(self._search, self.linear_starts)

    @cached_property
    def linear_starts(self) -> npt.NDArray[np.intp]:
        """The first interval of each maximal run on which the output is one affine map."""
        return np.concatenate([[0], 1 + np.flatnonzero(differing_neighbours(self._search))])

    @property
    def _new_at_points(self) -> npt.NDArray[np.bool_]:
        """Whether the pattern at each end differs from those on its intervals; (K + 1,)."""
        states, points = self.keys
        new = np.ones(len(points), dtype=np.bool_)
        new[1:] &= points[1:] != states
        new[:-1] &= points[:-1] != states
        if isinstance(self.domain, Line):
            new[[0, -1]] = False
        return new

    @cached_property
    def keys(self) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
        """The patterns of the intervals (K,) and at their ends (K + 1,) as bytes, equal for equal patterns."""
        return pattern_keys(self._search, self._search.states), pattern_keys(self._search, self._search.points)

    # -- breakpoints -------------------------------------------------------------------------------------

    def breakpoints(self, *, exact: bool = False) -> Any:
        """The parameters t between neighbouring intervals, in order: (K - 1,) floats, or a list of Fractions.

        Their order is proven; floats are rounded, see :meth:`breakpoint_errors`, so that two may be equal. An exact one
        of layer l costs the exact forms of layers up to l: milliseconds each.
        """
        if exact:
            return [self._exact_end(i) for i in range(1, len(self))]
        return self.ends[1:-1]

    @cached_property
    def ends(self) -> FloatArray:
        """The ends of the intervals, (K + 1,): those of the segment (or -inf and inf) and the breakpoints."""
        knots, numbers = self._search.knots, self._search.ends
        with np.errstate(all="ignore"):
            t = knots.t[numbers] / np.maximum(knots.w[numbers], 0.0)
            return np.asarray(np.ldexp(t, self._search.exponent))

    def breakpoint_errors(self) -> FloatArray:
        """Proven bounds of the errors of the float breakpoints, (K - 1,); infinite where none is known."""
        knots, numbers = self._search.knots, self._search.ends[1:-1]
        w, radius = knots.w[numbers], knots.radius[numbers]
        room = np.where(w > radius, w - radius, 0.0)
        with np.errstate(all="ignore"):
            # T/W - t/w = (T w - W t) / (W w), with |t|, w <= 1 and |T - t| + |W - w| <= radius.
            error = np.ldexp(radius / (room * w), self._search.exponent) * INFLATE
            return np.asarray(np.where(room > 0, error + 2 * U * np.abs(self.ends[1:-1]), np.inf))

    def points(self) -> FloatArray:
        """The breakpoints in input space, (K - 1, n_0)."""
        start, direction = (np.array([nearest_float(v) for v in part]) for part in _vectors(self.domain))
        result: FloatArray = start + self.ends[1:-1, None] * direction
        return result

    def _exact_end(self, index: int) -> Fraction:
        t, w = self._search.knots.exact(int(self._search.ends[index]))
        return Fraction(t, w) * Fraction(2) ** self._search.exponent

    def changes(self, breakpoint: int) -> list[Neuron]:
        """The neurons (layer, unit), from 0, whose state differs on both sides of a breakpoint.

        One, unless several vanish at the same t. Of a graph (node, entry), by their places in a pattern.
        """
        left = self._index(breakpoint, len(self) - 1, "breakpoint")
        sides = zip(self.pattern(left), self.pattern(left + 1), strict=True)
        return [
            (layer, unit)
            for layer, (before, after) in enumerate(sides)
            if before != after
            for unit, (one, other) in enumerate(zip(before, after, strict=True))
            if one != other
        ]

    # -- intervals ---------------------------------------------------------------------------------------

    @property
    def packed_patterns(self) -> Packed:
        """(K, ceil(N / 8)) uint8; ``numpy.unpackbits(packed, axis=1, count=N)`` gives the N states per interval.

        Of a graph's network those of the lowered network's units; where it merges, at the interval's beginning.
        """
        return self._search.states

    @property
    def packed_end_patterns(self) -> Packed:
        """(K + 1, ceil(N / 8)) uint8: the patterns at the intervals' ends; those at infinity mean nothing."""
        return self._search.points

    def pattern(self, interval: int) -> Pattern:
        """The pattern on an interval."""
        return self._unpack(self._search.states[self._index(interval, len(self), "interval")])

    def patterns(self) -> Iterator[Pattern]:
        """All patterns that :attr:`count` counts, along the line."""
        new = self._new_at_points if self.definition is Definition.PATTERNS else np.zeros(len(self) + 1, dtype=bool)
        for i, states in enumerate(self._search.states):
            if new[i]:
                yield self._unpack(self._search.points[i])
            yield self._unpack(states)
        if new[-1]:
            yield self._unpack(self._search.points[-1])

    def _unpack(self, states: Packed) -> Pattern:
        return self.network.pattern_of(np.unpackbits(states, count=sum(self.network.widths)).tobytes())

    def affine_map(self, interval: int, *, exact: bool = False) -> tuple[Any, Any]:
        """The network's output along an interval as slope and intercept, t -> slope t + intercept.

        Returns
        -------
        slope, intercept : (n_out,) floats, or lists of Fractions with ``exact=True``
        """
        i = self._index(interval, len(self), "interval")
        if not exact:
            return self.slopes[i], self._search.output.c[i]
        from polyregions.slices.same_maps import exact_maps

        rows, scale = exact_maps(self._search, np.array([i]))
        unit = Fraction(2) ** -self._search.exponent
        return [Fraction(a, scale) * unit for a, _ in rows[0]], [Fraction(c, scale) for _, c in rows[0]]

    @cached_property
    def slopes(self) -> FloatArray:
        """(K, n_out) slopes of the output along the intervals, in t."""
        return np.ldexp(self._search.output.a, -self._search.exponent)

    @property
    def intercepts(self) -> FloatArray:
        """(K, n_out) intercepts."""
        return self._search.output.c

    def lengths(self) -> FloatArray:
        """The Euclidean lengths of the intervals in input space, (K,)."""
        _, direction = _vectors(self.domain)
        return np.diff(self.ends) * math.sqrt(nearest_float(Fraction(sum(v * v for v in direction))))

    def region(self, interval: int) -> Region:
        """The region of an interval, with an exact point of it as witness."""
        i = self._index(interval, len(self), "interval")
        start, direction = _vectors(self.domain)
        t = self._inner_point(i)
        witness = tuple(p + t * v for p, v in zip(start, direction, strict=True))
        return Region(self.network, self.pattern(i), witness, self.domain)

    def _inner_point(self, i: int) -> Fraction:
        first, last = i == 0, i == len(self) - 1
        if isinstance(self.domain, Segment) or not (first or last):
            return (self._exact_end(i) + self._exact_end(i + 1)) / 2
        if first and last:
            return Fraction(0)
        return self._exact_end(i + 1) - 1 if first else self._exact_end(i) + 1

    @staticmethod
    def _index(index: int, length: int, kind: str) -> int:
        if not -length <= index < length:
            raise IndexError(f"there are {length} {kind}s, from 0; no {kind} {index}")
        return index % length

    # -- summary -----------------------------------------------------------------------------------------

    @property
    def stats(self) -> dict[str, Any]:
        """What was done."""
        search = self._search
        return {"decisions_by_filter": search.by_filter, "decisions_by_exact": search.by_exact}

    def to_json(self, *, exact: bool = False) -> dict[str, Any]:
        """The object that the command line prints with --json; breakpoints as floats, or exact."""
        breakpoints = self.breakpoints(exact=exact)
        return {
            "count": self.count,
            "status": self.status.value,
            "definition": self.definition.value,
            "regions": self.num_regions,
            "patterns": self.num_patterns,
            "linear": self.num_linear,
            "affine": self.num_affine,
            "breakpoints": [format_fraction(t) for t in breakpoints] if exact else breakpoints.tolist(),
            "changes": [[list(neuron) for neuron in self.changes(i)] for i in range(len(self) - 1)],
            "interval_patterns": [pattern_text(self.pattern(i)) for i in range(len(self))],
            "seconds": round(self.seconds, 6),
            "stats": self.stats,
            "network": network_json(self.network),
            "domain": self.domain.to_json(),
            "versions": versions(),
        }

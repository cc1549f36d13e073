"""``polyline``: the regions along a curve of segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.array_likes import as_list
from polyregions.definition import Definition
from polyregions.domain import Segment
from polyregions.errors import DomainError
from polyregions.network import Network
from polyregions.result import Status
from polyregions.slices.line import LineRegions, line

__all__ = ["PolylineRegions", "polyline"]


def polyline(
    network: Network, points: Sequence[Any], *, definition: Definition | str = Definition.REGIONS
) -> "PolylineRegions":
    """All regions along the segments between consecutive points; see :func:`polyregions.line`.

    Parameters
    ----------
    points : m >= 2 points of n_0 numbers, or an array
        Repeat the first at the end to close the curve. Consecutive points must differ.
    definition : {"regions", "patterns"}, optional
        "regions": patterns attained on an interval of the curve; "patterns": anywhere on it.

    Raises
    ------
    DomainError
        If there are fewer than two points, or two consecutive ones are the same.

    Examples
    --------
    >>> import polyregions as pr
    >>> net = pr.Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> around = pr.polyline(net, [[1, 1], [-1, 1], [-1, -1], [1, -1], [1, 1]])
    >>> around.count, around.passages
    (4, 5)
    """
    try:
        corners = as_list(points)
    except ValueError as error:
        raise DomainError(f"the polyline's points {error}") from None
    if len(corners) < 2:
        raise DomainError(f"a polyline needs at least two points; {len(corners)} given")
    segments = []
    for i, (p, q) in enumerate(pairwise(corners)):
        try:
            segments.append(Segment(p, q))
        except DomainError as error:
            raise DomainError(f"the polyline's points {i} and {i + 1}: {error}") from None
    return PolylineRegions(tuple(line(network, segment, definition=definition) for segment in segments))


@dataclass(frozen=True, eq=False)
class PolylineRegions:
    """The regions along a polyline.

    A curve may enter a region several times, as a line may not. So two numbers are given: :attr:`count` of distinct
    patterns, and :attr:`passages`. A region is met on an interval of the curve, which may lie in the boundary of full
    regions of the input space, or have fewer dimensions there.

    Attributes
    ----------
    segments : tuple of LineRegions
    """

    segments: tuple[LineRegions, ...]

    #: Every decision is proven.
    status = Status.EXACT

    @property
    def definition(self) -> Definition:
        """What is counted."""
        return self.segments[0].definition

    @cached_property
    def count(self) -> int:
        """Distinct patterns: on intervals of the curve, or with "patterns" anywhere on it."""
        found = set(chain.from_iterable(part.keys[0] for part in self.segments))
        if self.definition is Definition.PATTERNS:
            found.update(chain.from_iterable(part.keys[1] for part in self.segments))
        return len(found)

    @cached_property
    def passages(self) -> int:
        """How many intervals of the curve, in order, have a pattern of their own.

        Intervals that meet at a joint are one if they have the same pattern; one that is met again later counts again.
        """
        return sum(len(part) for part in self.segments) - int(self._smooth.sum())

    @cached_property
    def _smooth(self) -> npt.NDArray[np.bool_]:
        """At which joints the pattern is the same on both sides."""
        pairs = zip(self.segments, self.segments[1:], strict=False)
        return np.array([a.keys[0][-1] == b.keys[0][0] for a, b in pairs], dtype=np.bool_)

    def intervals(self) -> list[tuple[int, int]]:
        """The passages in order, each by (segment, interval) of its first part."""
        result = []
        for i, part in enumerate(self.segments):
            skip = i > 0 and bool(self._smooth[i - 1])
            result += [(i, j) for j in range(int(skip), len(part))]
        return result

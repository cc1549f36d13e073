"""Regions put together where the network is one affine map: what R4, R5 and R6 count."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from polyregions.exact.cell import Witness
from polyregions.exact.restriction import Restriction
from polyregions.geometry.adjacency import Adjacency, Stop
from polyregions.geometry.neighbours import ExactForms
from polyregions.geometry.residues import Residues
from polyregions.geometry.touching import Touching

__all__ = ["AffinePieces", "Partition"]

Indices = npt.NDArray[np.int64]


class Partition:
    """Disjoint sets of regions, to be united."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))
        self.count = size

    def find(self, region: int) -> int:
        """The region that stands for the set of this one."""
        parent = self._parent
        while parent[region] != region:
            parent[region] = parent[parent[region]]
            region = parent[region]
        return region

    def unite(self, region: int, other: int) -> None:
        """Make the sets of the two one."""
        a, b = self.find(region), self.find(other)
        if a != b:
            self._parent[b] = a
            self.count -= 1

    def copy(self) -> "Partition":
        """The same sets, to be united further."""
        other = Partition(len(self._parent))
        other._parent, other.count = list(self._parent), self.count
        return other

    def sets(self) -> list[list[int]]:
        """The sets, each sorted, in the order of their first regions."""
        result: dict[int, list[int]] = {}
        for region in range(len(self._parent)):
            result.setdefault(self.find(region), []).append(region)
        return list(result.values())


class AffinePieces:
    """The regions found by a run, put together by their affine maps in three ways.

    Maps are compared as functions on the domain: on a plane in a larger space, two maps that differ only off the plane
    are the same there, and the gradient along the plane does not jump between them.

    Parameters
    ----------
    restriction : Restriction
    states : (R, N) uint8
        Of different regions of full dimension.
    witnesses : sequence of R points inside

    Attributes
    ----------
    labels : (R,) integers or None
        Equal for regions with equal maps, from 0.
    linear : Partition or None
        Regions of one map that are connected through facets they share (R4).
    closed : Partition or None
        Regions of one map that are connected through any common points of their closures (R5).
    linear_done, closed_done : bool
        Whether these are complete: without, sets may be too small.
    """

    def __init__(self, restriction: Restriction, states: npt.NDArray[np.uint8], witnesses: Sequence[Witness]) -> None:
        self._restriction = restriction
        self._states = states
        self._witnesses = witnesses
        self.labels: Indices | None = None
        self.linear: Partition | None = None
        self.closed: Partition | None = None
        self.linear_done = False
        self.closed_done = False

    @property
    def maps(self) -> int | None:
        """The number of different affine maps; None if they were not compared."""
        return None if self.labels is None else int(self.labels.max(initial=-1)) + 1

    def compare_maps(self, stop: Stop = lambda: False) -> None:
        """Find :attr:`labels`."""
        if not self._restriction.widths:
            self.labels = np.zeros(len(self._states), dtype=np.int64)
        elif not len(self._states):
            self.labels = np.zeros(0, dtype=np.int64)
        else:
            self.labels = Residues(self._restriction).labels(self._states, stop)

    def join_neighbours(self, stop: Stop = lambda: False) -> None:
        """Find :attr:`linear`.

        Only regions whose map occurs twice are looked at, and only pairs of them with the same map decided.
        """
        if self.labels is None:
            return
        self.linear = Partition(len(self.labels))
        repeated = np.flatnonzero(np.bincount(self.labels)[self.labels] > 1) if len(self.labels) else self.labels
        labels = self.labels[repeated]
        adjacency = Adjacency(
            self._restriction, self._states[repeated], [self._witnesses[region] for region in repeated.tolist()]
        )
        for edge in adjacency.edges(stop, wanted=lambda here, there: labels[here] == labels[there]):
            self.linear.unite(int(repeated[edge.region]), int(repeated[edge.other]))
        self.linear_done = not stop()

    def join_touching(self, stop: Stop = lambda: False) -> None:
        """Find :attr:`closed`, from :attr:`linear`.

        O(k^2) pairs for a map of k regions that are not connected through facets, each a small exact problem.
        """
        if self.labels is None or self.linear is None:
            return
        self.closed = self.linear.copy()
        groups: dict[int, list[list[int]]] = {}
        for members in self.linear.sets():
            groups.setdefault(int(self.labels[members[0]]), []).append(members)
        touching = Touching(self._restriction, ExactForms(self._restriction, self._states), self._states)
        for sets in groups.values():
            for here, there in combinations(sets, 2):
                for region in here:
                    if self.closed.find(here[0]) == self.closed.find(there[0]):
                        break
                    if stop():
                        return
                    if any(touching.touch(region, other) for other in there):
                        self.closed.unite(region, there[0])
        self.closed_done = self.linear_done

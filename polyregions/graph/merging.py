"""Counting patterns of a graph where several states of its lowered network's units are one pattern."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from polyregions.enumeration import Enumerator, Leaf
from polyregions.network import Network

if TYPE_CHECKING:
    from polyregions.splitting.vertex_cells import Polygons

__all__ = ["MergedTree"]


class MergedTree:
    """A counter's regions, those with the same pattern of the graph taken together; keeps :class:`Enumerator`.

    Parameters
    ----------
    tree : Enumerator
        Of the lowered network; without a limit of regions of its own.
    network : Network
        Whose ``pattern_key`` says what is the same.

    Notes
    -----
    Memory is O(distinct patterns). What the counter has still to find can hold no more new patterns than regions, so
    that its upper bound is one here too.
    """

    def __init__(self, tree: Enumerator, network: Network) -> None:
        self._tree = tree
        self._network = network
        self._known: set[bytes] = set()
        self.proven = tree.proven

    @property
    def found(self) -> int:
        """Distinct patterns found so far."""
        return len(self._known)

    @property
    def finished(self) -> bool:
        """Whether all have been found."""
        return self._tree.finished

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Find all, or as many as ``stop`` lets."""
        for _ in self.leaves(stop):
            pass

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the first region of each pattern."""
        for leaf in self._tree.leaves(stop):
            key = self._network.pattern_key(leaf.states)
            if key not in self._known:
                self._known.add(key)
                yield leaf

    def polygons(self, stop: Callable[[], bool] = lambda: False) -> "Iterator[Polygons | Leaf]":
        """Yield all regions of the lowered network with their corners: several may have one pattern."""
        tree: Any = self._tree
        for found in tree.polygons(stop):
            rows = [found.states] if isinstance(found, Leaf) else [row.tobytes() for row in found.states]
            self._known.update(self._network.pattern_key(row) for row in rows)
            yield found

    def open_bound(self) -> int | None:
        """A proven upper bound of the number of patterns not found yet."""
        return self._tree.open_bound()

    def statistics(self) -> dict[str, Any]:
        """The counter's, with the number of its regions that were merged."""
        stats = self._tree.statistics()
        return {**stats, "leaves": self.found, "merged": int(stats.get("leaves", self.found)) - self.found}

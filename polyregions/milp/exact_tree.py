"""The tree over z without floats: every node decided by :class:`polyregions.exact.pattern.PatternCertifier`.

The slow reference of the compiled search, and what takes over subtrees whose points floats can't hold.
"""

from collections.abc import Callable, Iterator

from polyregions.bounds.bracket import OpenCells
from polyregions.bounds.open_cells import open_cell_bounds
from polyregions.exact.cell import Witness
from polyregions.exact.pattern import PatternCertifier
from polyregions.exact.restriction import Restriction

__all__ = ["ExactTree", "node_bound"]


class ExactTree:
    """All attained patterns that begin with a prefix, one by one.

    Parameters
    ----------
    certifier : PatternCertifier
        Of the definition PATTERNS.
    prefix : bytes
        States of the first units.
    sides : callable
        Given the states of the first k units, those that unit k may have.

    Attributes
    ----------
    found : int
    nodes : int
    """

    def __init__(self, certifier: PatternCertifier, prefix: bytes, sides: Callable[[bytes], tuple[int, ...]]) -> None:
        self._certifier = certifier
        self._sides = sides
        self._units = sum(certifier.restriction.widths)
        self._stack = [prefix]
        self._open = OpenCells()
        self.found = self.nodes = 0

    @property
    def finished(self) -> bool:
        """Whether the subtree is explored."""
        return not self._stack

    def open_bound(self) -> int:
        """A proven upper bound of the number of patterns not found yet, from one for each open node."""
        bounds = [node_bound(self._certifier.restriction, states) for states in self._stack]
        return self._open.total(bounds, found=self.found)

    def leaves(self, stop: Callable[[], bool]) -> Iterator[tuple[bytes, Witness]]:
        """Yield patterns, each with a point that has it; may be left and taken up again."""
        while self._stack and not stop():
            states = self._stack[-1]
            self.nodes += 1
            witness = self._certifier.certify(states)
            if witness is None:
                self._stack.pop()
            elif len(states) < self._units:
                bound = node_bound(self._certifier.restriction, states)
                self._open.split(len(self._stack) - 1, bound=bound, found=self.found)
                self._stack[-1:] = [states + bytes([state]) for state in self._sides(states)]
            else:
                self._stack.pop()
                self.found += 1
                yield states, witness


def node_bound(restriction: Restriction, states: bytes) -> int:
    """An upper bound of the number of patterns that begin with these states."""
    dimension, before, offset = restriction.dimension, 0, 0
    for layer, width in enumerate(restriction.widths):
        active = sum(states[offset : offset + width])
        if offset + width > len(states):
            live = offset + width - len(states)
            # Linear units of the layer still to come are active, not open.
            linear = int(restriction.linear[layer][width - live :].sum())
            return open_cell_bounds(restriction).cell(layer, live - linear, active + linear, before, dimension)
        dimension, before = min(dimension, active), active
        offset += width
    return 1

"""From the states of a lowered network's units to the pattern of the graph: pieces, and which argument wins."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from polyregions.graph.lowering import Lowered, Match
from polyregions.network import Pattern

__all__ = ["PatternMap"]

StateArray = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.intp]


class _Decoder(Protocol):
    def __call__(self, states: StateArray) -> IntArray:
        """A node's pattern, one number per entry, from the states of all units."""

    def write(self, numbers: IntArray, states: StateArray) -> None:
        """The states that a node's pattern, with at most two arguments for each maximum, gives its units."""

    def units_used(self) -> list[int]:
        """The units that it looks at."""

    def members(self) -> Iterator[tuple[int, list[int]]]:
        """The entries, each with units that tell of it."""


class _Pieces:
    """How many units of each entry are active; entries have equally many."""

    def __init__(self, units: list[list[int]]) -> None:
        self.units = np.array(units, dtype=np.intp).reshape(len(units), -1)

    def __call__(self, states: StateArray) -> IntArray:
        pieces: IntArray = states[self.units].sum(axis=1, dtype=np.intp)
        return pieces

    def write(self, numbers: IntArray, states: StateArray) -> None:
        states[self.units] = np.arange(self.units.shape[1]) < numbers[:, None]

    def units_used(self) -> list[int]:
        used: list[int] = self.units.ravel().tolist()
        return used

    def members(self) -> Iterator[tuple[int, list[int]]]:
        return enumerate(self.units.tolist())


class _Winners:
    """Who wins each tournament; those of as many contenders are followed together."""

    def __init__(self, matches: list[Match]) -> None:
        self._count = len(matches)
        self._groups: list[tuple[IntArray, list[IntArray], int]] = []
        for k in sorted({match.contenders for match in matches}):
            chosen = [i for i, match in enumerate(matches) if match.contenders == k]
            rounds = zip(*(matches[i].rounds for i in chosen), strict=True)
            units = [np.array(pairs, dtype=np.intp) for pairs in rounds]
            self._groups.append((np.array(chosen, dtype=np.intp), units, k))

    def __call__(self, states: StateArray) -> IntArray:
        result = np.zeros(self._count, dtype=np.intp)
        for entries, rounds, k in self._groups:
            left = np.broadcast_to(np.arange(k), (len(entries), k))
            for units in rounds:
                pairs = 2 * units.shape[1]
                winners = np.where(states[units] > 0, left[:, 0:pairs:2], left[:, 1:pairs:2])
                left = np.concatenate([winners, left[:, pairs:]], axis=1)
            result[entries] = left[:, 0]
        return result

    def write(self, numbers: IntArray, states: StateArray) -> None:
        for entries, rounds, _ in self._groups:
            for units in rounds:
                states[units[:, 0]] = numbers[entries] == 0

    def units_used(self) -> list[int]:
        return [unit for _, rounds, _ in self._groups for units in rounds for unit in units.ravel().tolist()]

    def members(self) -> Iterator[tuple[int, list[int]]]:
        for entries, rounds, _ in self._groups:
            for units in rounds:
                yield from zip(entries.tolist(), units.tolist(), strict=True)


class PatternMap:
    """What the states of a lowered network's units say of the graph's nodes.

    Attributes
    ----------
    nodes : tuple of str
        Those that have a pattern, in the graph's order.
    merges : bool
        Whether different states may be one pattern: those of tournaments of more than two.
    sizes : tuple of int
        How many entries each of the nodes has.
    options : int
        Numbers of a pattern are less than this; at least 2.
    last_units : tuple of int
        The last unit that each node's pattern depends on; -1 where there is none.
    """

    def __init__(self, lowered: Lowered, order: Sequence[str]) -> None:
        self.nodes = tuple(name for name in order if name in lowered.pieces or name in lowered.matches)
        self._decoders: list[_Decoder] = [
            _Pieces(lowered.pieces[name]) if name in lowered.pieces else _Winners(lowered.matches[name])
            for name in self.nodes
        ]
        matches = [match for group in lowered.matches.values() for match in group]
        self.merges = any(match.contenders > 2 for match in matches)
        parts = [lowered.pieces.get(name, lowered.matches.get(name, [])) for name in self.nodes]
        self.sizes = tuple(len(part) for part in parts)
        pieces = [len(units) + 1 for entries in lowered.pieces.values() for units in entries]
        self.options = max([2, *pieces, *(match.contenders for match in matches)])
        self.last_units = tuple(max(decoder.units_used(), default=-1) for decoder in self._decoders)
        self.description = repr([lowered.pieces.get(name, lowered.matches.get(name)) for name in self.nodes])

    def pattern(self, states: Sequence[int] | bytes) -> Pattern:
        """Per node the numbers of its entries: pieces from 0 on, or winners by their place among the arguments."""
        return tuple(tuple(values.tolist()) for values in self._decoded(states))

    def states(self, pattern: Sequence[Sequence[int]], states: StateArray) -> StateArray:
        """The states of all units on a pattern, written over those given; of maps that do not merge."""
        for numbers, decoder in zip(pattern, self._decoders, strict=True):
            decoder.write(np.array(numbers, dtype=np.intp), states)
        return states

    def owners(self, units: int) -> list[tuple[int, int]]:
        """Of each of so many units the numbers of its node among :attr:`nodes` and of the entry.

        (-1, -1) of linear units.
        """
        result = [(-1, -1)] * units
        for part, decoder in enumerate(self._decoders):
            for entry, members in decoder.members():
                for unit in members:
                    result[unit] = (part, entry)
        return result

    def key(self, states: bytes) -> bytes:
        """The pattern as bytes."""
        return b"".join(values.astype(np.uint32).tobytes() for values in self._decoded(states))

    def _decoded(self, states: Any) -> list[IntArray]:
        array = np.frombuffer(bytes(states), dtype=np.uint8)
        return [decoder(array) for decoder in self._decoders]

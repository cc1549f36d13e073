"""Patterns of some of a network's layers only: the network up to the last of them, and what its units' states say.

Where the chosen layers are all up to one of them, that is the truncated network's count. Else several regions of the
truncated network have the same pattern of the chosen layers, and are counted once (:mod:`polyregions.graph.merging`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np

from polyregions.array_likes import as_list
from polyregions.errors import ArgumentError, UnsupportedLayerError
from polyregions.limits import is_number
from polyregions.network import Network, Pattern

__all__ = ["ChosenLayers", "chosen_layers"]


def chosen_layers(network: Network, layers: Sequence[int | str] | int | str) -> Network:
    """The network whose patterns are those of some layers of another one.

    Parameters
    ----------
    network : Network
    layers : layers by number, from 1
        Hidden layers, the output layer too where it is counted. Of a graph: nodes of
        :attr:`polyregions.graph.GraphNetwork.pattern_nodes`, by number or by name.

    Raises
    ------
    ArgumentError
        If there is no such layer, or none is chosen.
    """
    given = [layers] if isinstance(layers, Integral | str) else _entries(layers)
    parts = sorted({_part(network, layer) for layer in given})
    if not parts:
        raise ArgumentError("no layer is chosen: give the numbers of one or more hidden layers, from 1")
    names, depths = network.pattern_layers
    if parts == list(range(len(names))):
        return network
    depth = max(depths[i] for i in parts)
    # The layer behind the last chosen one is the affine output: what is behind that says nothing of the chosen ones.
    end = min(depth + 1, len(network.weights))
    return ChosenLayers(
        network.weights[:end],
        network.biases[:end],
        include_output=depth == len(network.weights),
        linear=network.linear[: end - 1],
        exact=network.exact[:end],
        source=network,
        parts=tuple(parts),
    )


def _entries(layers: Any) -> list[Any]:
    try:
        return as_list(layers)
    except ValueError as error:
        raise ArgumentError(f"the chosen layers {error}") from None


def _part(network: Network, layer: Any) -> int:
    """The place in a pattern, from 0, of a layer or node."""
    names = network.pattern_layers[0]
    if isinstance(layer, str):
        if layer in names:
            return names.index(layer)
    elif not isinstance(layer, bool) and is_number(layer, Integral, 1) and layer <= len(names):
        return int(layer) - 1
    named = [name for name in names if isinstance(name, str)]
    known = f" or by name: {', '.join(named)}" if named else ""
    raise ArgumentError(f"the network has no layer {layer!r} to count: they go by number, 1 to {len(names)}{known}")


@dataclass(frozen=True, eq=False, repr=False)
class ChosenLayers(Network):
    """A truncated network with the patterns of some layers; made by :func:`chosen_layers`.

    Attributes
    ----------
    source : Network
        The whole network.
    parts : tuple of int
        Which parts of its patterns, from 0.
    """

    source: Network = field(kw_only=True)
    parts: tuple[int, ...] = field(kw_only=True)

    def __reduce__(self) -> tuple[Any, ...]:
        return chosen_layers, (self.source, tuple(part + 1 for part in self.parts))

    def __repr__(self) -> str:
        return f"{self.source!r}, {self.scope}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChosenLayers) and (self.source, self.parts) == (other.source, other.parts)

    def __hash__(self) -> int:
        return hash((self.source, self.parts))

    @property
    def names(self) -> tuple[int | str, ...]:
        """The chosen layers: their numbers from 1, or the names of a graph's nodes."""
        known = self.source.pattern_layers[0]
        return tuple(known[part] for part in self.parts)

    @property
    def scope(self) -> str:
        return f"layer{'s' * (len(self.parts) > 1)} {', '.join(map(str, self.names))} only"

    @property
    def merges(self) -> bool:
        """Whether there are units that the chosen layers' pattern says nothing of."""
        inside = [i for i, depth in enumerate(self.source.pattern_layers[1]) if depth <= self.depth]
        return self.source.merges or inside != list(self.parts)

    @property
    def pattern_layers(self) -> tuple[tuple[int | str, ...], tuple[int, ...]]:
        depths = self.source.pattern_layers[1]
        return self.names, tuple(depths[part] for part in self.parts)

    def pattern(self, x: Any) -> Pattern:
        """The chosen layers' pattern at a point; see :meth:`Network.pattern`."""
        return self._chosen(self.source.pattern(x))

    def pattern_of(self, states: bytes) -> Pattern:
        """The chosen layers' pattern where the truncated network's units have these states."""
        # The states of units behind it are made up, and what they say is left out.
        return self._chosen(self.source.pattern_of(states.ljust(sum(self.source.widths), b"\0")))

    def pattern_key(self, states: bytes) -> bytes:
        """The same as bytes that are equal for equal patterns."""
        return b"".join(np.array(part, dtype=np.uint32).tobytes() for part in self.pattern_of(states))

    def _chosen(self, pattern: Pattern) -> Pattern:
        return tuple(pattern[part] for part in self.parts)

    def affine_map(self, pattern: Any, *, exact: bool = False) -> tuple[Any, Any]:
        """There is none: raises :class:`UnsupportedLayerError`."""
        raise UnsupportedLayerError(
            f"the pattern of {self.scope} does not give the network's affine map: later layers may bend within it"
        )

    @property
    def pattern_sizes(self) -> tuple[int, ...]:
        """How many numbers each part of a pattern has."""
        sizes = self.source.pattern_sizes
        return tuple(sizes[part] for part in self.parts)

    @property
    def pattern_options(self) -> int:
        """The numbers of a pattern are less than this."""
        return self.source.pattern_options

    def unit_states(self, pattern: Any) -> Pattern:
        """The states of the truncated network's units, if the pattern tells all; as :meth:`Network.unit_states`."""
        if self.merges or self.source.pattern_layers[0] != tuple(range(1, self.source.depth + 1)):
            raise UnsupportedLayerError(
                f"no half-spaces are known for a pattern of {self.scope}: they are where the chosen layers are all up "
                "to one of them, and the network is no graph; what has one pattern of other layers need not be convex"
            )
        return super().unit_states(pattern)

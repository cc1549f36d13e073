"""The lowered network of a graph: to the counters a network of dense layers, to its user the graph."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.array_likes import plain
from polyregions.errors import NetworkError, UnsupportedLayerError
from polyregions.exact.numbers import nearest_float
from polyregions.graph.cells import cell_forms, point_pattern
from polyregions.graph.graph import Graph
from polyregions.graph.lowering import Form, lower
from polyregions.graph.operator import Shape
from polyregions.graph.patterns import PatternMap
from polyregions.network import FloatArray, Network, Pattern

__all__ = ["GraphNetwork", "graph_network"]


@dataclass(frozen=True, eq=False, repr=False)
class GraphNetwork(Network):
    """A graph's network; made by :meth:`polyregions.graph.Graph.network`.

    Every verb takes it. ``weights``, ``linear`` and whatever else a :class:`polyregions.Network` has are those of the
    lowered network, whose inputs and outputs are the graph's, flattened. Patterns are the graph's: per node of
    :attr:`pattern_nodes`, and per entry of its output in C order, the piece (how many breakpoints are less than the
    entry) or the argument that wins (of equal ones the last).

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> from polyregions.counting import count
    >>> from polyregions.graph import Add, Dense, Graph, hard_tanh
    >>> graph = Graph(1, name="x")
    >>> block = graph.add(hard_tanh(), graph.add(Dense([[2.0]]), "x"), name="tanh")
    >>> network = graph.network(graph.add(Add(), "x", block))         # x + hard_tanh(2 x)
    >>> int(count(network, Box(-1, 1))), network.pattern([0.75]), float(network([0.75])[0])
    (3, ((2,),), 1.75)
    """

    graph: Graph = field(kw_only=True)
    output_node: str = field(kw_only=True)
    pattern_map: PatternMap = field(kw_only=True)

    def __reduce__(self) -> tuple[Any, ...]:
        return graph_network, (self.graph, self.output_node)

    def __repr__(self) -> str:
        nodes = len(self.graph.needed(self.output_node))
        return f"GraphNetwork({self.input_shape} to {self.output_shape}, {nodes} nodes, {self.num_units} ReLU units)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GraphNetwork) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """Of the lowered network and of what its units mean: equal for graphs that are lowered alike."""
        text = f"polyregions graph 1\n{self.sha256}\n{self.pattern_map.description}\n"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def input_shape(self) -> Shape:
        """The graph's input's, without a batch axis."""
        return self.graph[self.graph.input].shape

    @property
    def output_shape(self) -> Shape:
        """The output's."""
        return self.graph[self.output_node].shape

    @property
    def pattern_nodes(self) -> tuple[str, ...]:
        """The nodes that have a pattern, in its order."""
        return self.pattern_map.nodes

    def including_output(self, include: bool = True) -> Network:
        """Only for ``include=False``: a ReLU after the output is one more node of the graph."""
        if include:
            raise UnsupportedLayerError("a graph's output can't be counted as ReLUs: add a relu() node after it")
        return self

    def __call__(self, x: npt.ArrayLike) -> FloatArray:
        """The output in float64, computed by the graph's nodes and flattened: (n_out,) or (m, n_out).

        Parameters
        ----------
        x : (n_0,), (m, n_0), the input's shape, or (m, *the input's shape)
        """
        try:
            values = np.asarray(plain(x) if hasattr(x, "detach") else x, dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise NetworkError(f"points must be an array of numbers: {str(error).splitlines()[0]}") from None
        shape = self.input_shape
        single = values.shape in (shape, (self.input_dimension,))
        batch = values[None] if single else values
        if batch.shape[1:] not in (shape, (self.input_dimension,)):
            raise NetworkError(f"the network's input has shape {shape}; points of shape {values.shape} were given")
        result = self.graph.forward(batch.reshape(len(batch), *shape), self.output_node).reshape(len(batch), -1)
        return result[0] if single else result

    def pattern(self, x: Any) -> Pattern:
        """The pattern at a point of n_0 numbers (the input flattened), exactly, by the graph's nodes."""
        return point_pattern(self.graph, self.output_node, self.exact_point(x))[0]

    def output(self, x: Any) -> list[Fraction]:
        """The flattened output at a point of n_0 numbers, exactly, by the graph's nodes."""
        return point_pattern(self.graph, self.output_node, self.exact_point(x))[1]

    def affine_map(self, pattern: Sequence[Sequence[int]], *, exact: bool = False) -> tuple[Any, Any]:
        """The affine map x -> A x + c on the region with the given pattern; see :meth:`Network.affine_map`."""
        return self._arrays(cell_forms(self.graph, self.output_node, pattern).output, exact)

    def region_forms(self, pattern: Sequence[Sequence[int]], *, exact: bool = False) -> tuple[Any, Any]:
        """Forms a . x + c that are at least 0 on the region with the given pattern, and describe its closure."""
        return self._arrays(cell_forms(self.graph, self.output_node, pattern).constraints, exact)

    def region_units(self, pattern: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
        """To which part of the pattern (a node of :attr:`pattern_nodes`), and which entry, each region form belongs."""
        return cell_forms(self.graph, self.output_node, pattern).entries

    @cached_property
    def unit_names(self) -> list[tuple[int, int]]:
        """Of each unit of the lowered layers in turn the part and the entry of the pattern that it tells of.

        Linear units tell of none: (-1, -1).
        """
        return self.pattern_map.owners(sum(self.widths))

    def _arrays(self, forms: list[Form], exact: bool) -> tuple[Any, Any]:
        n = self.input_dimension
        rows = [[form.coefficients.get(i, Fraction(0)) for i in range(n)] for form in forms]
        constants = [form.constant for form in forms]
        if exact:
            return rows, constants
        floats = [[nearest_float(value) for value in row] for row in rows]
        return np.array(floats).reshape(-1, n), np.array([nearest_float(value) for value in constants])

    def unit_states(self, pattern: Sequence[Sequence[int]]) -> Pattern:
        """The states of the lowered network's units, layer by layer, where a pattern of the graph holds.

        Raises
        ------
        NetworkError
            If the pattern does not fit the graph; the message names the node.
        UnsupportedLayerError
            If the network merges: then there may be several.
        """
        cell_forms(self.graph, self.output_node, pattern)  # raises if the pattern does not fit
        if self.merges:
            raise UnsupportedLayerError(
                "a pattern of this network is of several states of its units: those of the tournaments of its maxima "
                "of more than two arguments; half-spaces and affine maps of the whole region are there all the same"
            )
        linear = [mask.astype(np.uint8) for mask in self.linear_masks[: self.depth]]
        states = self.pattern_map.states(pattern, np.concatenate([np.zeros(0, dtype=np.uint8), *linear]))
        return super().unit_states(super().pattern_of(states.tobytes()))

    @property
    def merges(self) -> bool:
        """Whether different states of the units may be one pattern."""
        return self.pattern_map.merges

    @property
    def pattern_sizes(self) -> tuple[int, ...]:
        """How many entries each node of :attr:`pattern_nodes` has."""
        return self.pattern_map.sizes

    @property
    def pattern_options(self) -> int:
        """The largest number of pieces, or of arguments of a maximum, and at least 2."""
        return self.pattern_map.options

    @property
    def pattern_layers(self) -> tuple[tuple[int | str, ...], tuple[int, ...]]:
        """The nodes with a pattern, and the last layer of each one's units; 0 for a node without any."""
        ends = np.cumsum(self.widths)
        units = self.pattern_map.last_units
        return self.pattern_nodes, tuple(
            0 if unit < 0 else int(np.searchsorted(ends, unit, "right")) + 1 for unit in units
        )

    def pattern_of(self, states: bytes) -> Pattern:
        """The graph's pattern where the lowered network's units have these states."""
        return self.pattern_map.pattern(states)

    def pattern_key(self, states: bytes) -> bytes:
        """The same as bytes that are equal for equal patterns."""
        return self.pattern_map.key(states)


def graph_network(graph: Graph, output: str) -> GraphNetwork:
    """Lower a graph; see :meth:`polyregions.graph.Graph.network`."""
    lowered = lower(graph, output)
    network = lowered.network
    return GraphNetwork(
        network.weights,
        network.biases,
        linear=network.linear,
        exact=network.exact,
        graph=graph,
        output_node=output,
        pattern_map=PatternMap(lowered, [node.name for node in graph.needed(output)]),
    )

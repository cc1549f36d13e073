"""A network as a graph of named nodes, built one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError
from polyregions.graph.operator import FloatArray, Operator, Shape, size

if TYPE_CHECKING:
    from polyregions.graph.network import GraphNetwork

__all__ = ["Graph", "Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """A node: what it does, to which others' outputs, and the shape of its own. The input has no operator."""

    name: str
    operator: Operator | None
    inputs: tuple[str, ...]
    shape: Shape

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"node {self.name!r} ({'input' if self.operator is None else self.operator.kind})"


class Graph:
    """A network under construction: one input tensor, and nodes whose inputs are nodes before them.

    Parameters
    ----------
    shape : sequence of int, or int
        Of one input, without a batch axis: ``(3, 32, 32)``, or ``784``.
    name : str, optional
        Of the input.

    Examples
    --------
    >>> from polyregions.graph import Convolution, Dense, Flatten, Graph, MaxPool, relu
    >>> graph = Graph((1, 4, 4), name="image")
    >>> conv = graph.add(Convolution(np.ones((2, 1, 3, 3)), padding=1), "image", name="conv")
    >>> pool = graph.add(MaxPool((2, 2)), graph.add(relu(), conv))
    >>> output = graph.add(Dense(np.ones((3, 8))), graph.add(Flatten(), pool), name="logits")
    >>> graph[pool].shape, graph[output].shape
    ((2, 2, 2), (3,))
    """

    def __init__(self, shape: Sequence[int] | int, *, name: str = "input") -> None:
        given = (shape,) if isinstance(shape, int) else tuple(shape)
        if not all(isinstance(n, int | np.integer) and n > 0 for n in given):
            raise NetworkError(f"node {name!r} (input): its shape must be fixed and positive, not {given}")
        self.input = name
        self._nodes = {name: Node(name, None, (), tuple(int(n) for n in given))}

    def add(self, operator: Operator, *inputs: str, name: str | None = None) -> str:
        """Append a node, and return its name.

        Parameters
        ----------
        operator : Operator
        inputs : names of nodes
        name : str, optional
            Default: made of the operator's kind and a number.

        Raises
        ------
        NetworkError
            If the name is taken, an input is no node, or the inputs' shapes do not fit; the message names the node.
        """
        name = name if name is not None else self._new_name(operator)
        label = f"node {name!r} ({operator.kind})"
        if name in self._nodes:
            raise NetworkError(f"{label}: there is a node of that name already")
        for source in inputs:
            if source not in self._nodes:
                raise NetworkError(f"{label}: there is no node {source!r} to take its input from")
        if not inputs or (operator.arity is not None and len(inputs) != operator.arity):
            wanted = "one or more inputs" if operator.arity is None else f"{operator.arity} input"
            raise NetworkError(f"{label} takes {wanted}, not {len(inputs)}")
        try:
            shape = operator.output_shape(*(self._nodes[source].shape for source in inputs))
        except NetworkError as error:
            raise NetworkError(f"{label}: {error}") from None
        if not size(shape):
            raise NetworkError(f"{label}: its output of shape {shape} is empty")
        self._nodes[name] = Node(name, operator, inputs, shape)
        return name

    def _new_name(self, operator: Operator) -> str:
        number = 1
        while (name := f"{operator.kind.lower()}{number}") in self._nodes:
            number += 1
        return name

    def __getitem__(self, name: str) -> Node:
        return self._nodes[name]

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def last(self) -> str:
        """The name of the node added last."""
        return next(reversed(self._nodes))

    def needed(self, output: str) -> list[Node]:
        """The nodes that an output depends on, itself last, each after its inputs."""
        wanted, waiting = set(), [output]
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting.extend(self._nodes[name].inputs)
        return [node for name, node in self._nodes.items() if name in wanted]

    def forward(self, values: npt.ArrayLike, output: str | None = None) -> FloatArray:
        """The output of a node in float64, computed node by node.

        Parameters
        ----------
        values : (m, *shape), a batch of inputs
        output : name of a node, optional
            Default: the node added last.

        Returns
        -------
        (m, *shape of the node)
        """
        name = self.last if output is None else output
        batch = np.asarray(values, dtype=np.float64)
        if batch.shape[1:] != self._nodes[self.input].shape:
            raise NetworkError(
                f"the input's shape is {self._nodes[self.input].shape}; a batch of shape {batch.shape} was given"
            )
        known: dict[str, FloatArray] = {self.input: batch}
        for node in self.needed(name):
            if node.operator is not None:
                known[node.name] = node.operator.forward(*(known[source] for source in node.inputs))
        return known[name]

    def network(self, output: str | None = None) -> "GraphNetwork":
        """The network from the input to a node (default: the one added last), lowered to what the counters know.

        Raises
        ------
        NetworkError
            If a layer is too large, or a number is beyond the range of floats; the message names the node or layer.
        """
        from polyregions.graph.network import graph_network

        name = self.last if output is None else output
        if name not in self._nodes:
            raise NetworkError(f"there is no node {name!r} to be the output")
        return graph_network(self, name)

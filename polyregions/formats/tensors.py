"""Graphs built from other programs' tensors: what the readers of ONNX, PyTorch and Keras share.

Their tensors have a batch axis, a graph's do not. A :class:`Tensor` is a node of the graph seen in the other program's
shape: the same entries in C order, so that reshaping, flattening and squeezing make no node, and a batch axis of one
entry needs no rules of its own. What only moves entries is found by letting the other program move their indices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError, UnsupportedLayerError
from polyregions.graph import (
    Add,
    Concatenate,
    Convolution,
    Dense,
    Elementwise,
    Graph,
    Maximum,
    Operator,
    PiecewiseLinear,
    Reshape,
    Select,
    Transpose,
    relu,
)
from polyregions.graph.operator import Shape, numbers, size
from polyregions.network import Network

__all__ = ["Builder", "Tensor", "indices_of", "inverse", "network_of"]

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A node of a graph, and the shape in which the other program has its entries."""

    node: str
    shape: Shape


class Builder:
    """A graph under construction.

    Parameters
    ----------
    shape : the input's in the other program, its batch axis (of one entry) included
    name : the input's
    """

    def __init__(self, shape: Sequence[int], name: str) -> None:
        self.graph = Graph(_without_batch(tuple(shape)), name=name)
        self.input = Tensor(name, tuple(shape))

    def apply(self, operator: Operator, tensor: Tensor, name: str, shape: Shape | None = None) -> Tensor:
        """A node on a tensor without its batch axis; ``shape``: the output's, if not the input's."""
        made = self._add(operator, [(tensor, _without_batch(tensor.shape))], name)
        return Tensor(made, tensor.shape if shape is None else shape)

    def dense(self, tensor: Tensor, weights: Any, biases: Any, name: str) -> Tensor:
        """``x W^T + b`` on the last axis."""
        return self.apply(Dense(weights, biases), tensor, name, (*tensor.shape[:-1], len(weights)))

    def product(self, matrix: Any, tensor: Tensor, name: str) -> Tensor:
        """``matrix @ x`` over the axis before the last, or the only one."""
        if len(tensor.shape) == 1:
            return self.dense(tensor, matrix, None, name)
        axes = list(range(len(tensor.shape)))
        axes[-2:] = axes[:-3:-1]
        turned = self.dense(self.transposed(tensor, axes, f"{name}.turn"), matrix, None, name)
        return self.transposed(turned, axes, f"{name}.back")

    def transposed(self, tensor: Tensor, axes: Sequence[int], name: str) -> Tensor:
        """Axes in another order."""
        return self.moved([tensor], indices_of(tensor.shape).transpose(axes), name)

    def windowed(self, operator: Operator, tensor: Tensor, name: str) -> Tensor:
        """A convolution or a pooling of a batch (1, channels, *spatial)."""
        if len(tensor.shape) < 3 or tensor.shape[0] != 1:
            raise NetworkError(
                f"its input has shape {tensor.shape}; a batch of one, channels and spatial axes are needed: "
                "export the model for a batch of 1"
            )
        made = self._add(operator, [(tensor, tensor.shape[1:])], name)
        return Tensor(made, (1, *self.graph[made].shape))

    def convolution(self, tensor: Tensor, weights: Any, biases: Any, name: str, **options: Any) -> Tensor:
        """A convolution of a batch (1, channels, *spatial)."""
        return self.windowed(Convolution(weights, biases, **options), tensor, name)

    def scaled(self, tensor: Tensor, name: str, *, scale: Any = 1, shift: Any = 0) -> Tensor:
        """``scale * x + shift`` with arrays that broadcast, exactly."""
        factors, shifts = numbers(scale, "the scale"), numbers(shift, "the shift")
        tensor = self.expanded(tensor, np.broadcast_shapes(tensor.shape, factors.shape, shifts.shape), f"{name}.expand")
        return self.apply(Elementwise(_fitting(factors, tensor.shape), _fitting(shifts, tensor.shape)), tensor, name)

    def piecewise(
        self, tensor: Tensor, name: str, breakpoints: Sequence[Any], slopes: Sequence[Any], intercept: Any, kind: str
    ) -> Tensor:
        """A piecewise-linear function; its numbers may be arrays that broadcast."""
        parts = [numbers(value, "a number of it") for value in (*breakpoints, *slopes, intercept)]
        shape = np.broadcast_shapes(tensor.shape, *(part.shape for part in parts))
        tensor = self.expanded(tensor, shape, f"{name}.expand")
        *fitted, constant = (_fitting(part, tensor.shape) for part in parts)
        k = len(breakpoints)
        return self.apply(PiecewiseLinear(fitted[:k], fitted[k:], constant, kind=kind), tensor, name)

    def combined(self, tensors: Sequence[Tensor], coefficients: Sequence[Any] | None, name: str) -> Tensor:
        """A sum of tensors that broadcast, each times a number."""
        shape = np.broadcast_shapes(*(tensor.shape for tensor in tensors))
        ranked = [(1,) * (len(shape) - len(tensor.shape)) + tensor.shape for tensor in tensors]
        if len(shape) > 1 and shape[0] == 1:
            ranked = [entry[1:] for entry in ranked]
        return Tensor(self._add(Add(coefficients), list(zip(tensors, ranked, strict=True)), name), shape)

    def maximum(self, tensors: Sequence[Tensor], name: str) -> Tensor:
        """The largest of tensors that broadcast."""
        if len(tensors) == 1:
            return tensors[0]
        shape = np.broadcast_shapes(*(tensor.shape for tensor in tensors))
        same = [self.expanded(tensor, shape, f"{name}.expand{i}") for i, tensor in enumerate(tensors)]
        core = _without_batch(shape)
        return Tensor(self._add(Maximum(), [(tensor, core) for tensor in same], name), shape)

    def minimum(self, tensors: Sequence[Tensor], name: str) -> Tensor:
        """The least of tensors that broadcast: minus the largest of their negatives."""
        if len(tensors) == 1:
            return tensors[0]
        negatives = [self.scaled(tensor, f"{name}.minus{i}", scale=-1) for i, tensor in enumerate(tensors)]
        return self.scaled(self.maximum(negatives, name), f"{name}.minus", scale=-1)

    def pooled(self, tensor: Tensor, axes: Sequence[int], keep: bool, pool: Any, name: str) -> Tensor:
        """A pooling over whole axes, of any number: ``pool`` is the class of its operator."""
        rank = len(tensor.shape)
        over = sorted({axis % rank for axis in axes})
        rest = [axis for axis in range(rank) if axis not in over]
        count = size(tuple(tensor.shape[axis] for axis in over))
        last = self.transposed(tensor, [*rest, *over], f"{name}.turn")
        flat = Tensor(last.node, (1, size(tensor.shape) // count, count))
        made = self.windowed(pool((count,)), flat, name)
        return Tensor(made.node, tuple(1 if i in over else n for i, n in enumerate(tensor.shape) if keep or i in rest))

    def expanded(self, tensor: Tensor, shape: Shape, name: str) -> Tensor:
        """The tensor broadcast to a shape."""
        if tensor.shape == tuple(shape):
            return tensor
        return self.moved([tensor], np.broadcast_to(indices_of(tensor.shape), shape), name)

    def moved(self, tensors: Sequence[Tensor], indices: npt.NDArray[Any], name: str) -> Tensor:
        """Entries of tensors, by their numbers when the tensors are flattened one after another."""
        shape = tuple(int(n) for n in indices.shape)
        flat = np.asarray(indices, dtype=np.int64).ravel()
        total = sum(size(tensor.shape) for tensor in tensors)
        same = len(flat) == total and bool((flat == np.arange(total)).all())
        if same and len(tensors) == 1:
            return Tensor(tensors[0].node, shape)
        made = tensors[0].node
        if len(tensors) > 1:
            parts = [(tensor, (size(tensor.shape),)) for tensor in tensors]
            made = self._add(Concatenate(), parts, name if same else f"{name}.join")
        if not same:
            made = self._add(Select(flat.tolist()), [(Tensor(made, (total,)), (total,))], name)
        return Tensor(made, shape)

    def constant(self, values: Any, name: str) -> Tensor:
        """A tensor that does not depend on the input."""
        exact = numbers(values, "the constant")
        entry = self.moved([self.input], np.zeros(exact.shape, dtype=np.int64), f"{name}.place")
        return self.scaled(entry, name, scale=0, shift=exact)

    def _add(self, operator: Operator, inputs: Sequence[tuple[Tensor, Shape]], name: str) -> str:
        sources = [self._seen_as(tensor, shape, name) for tensor, shape in inputs]
        return self.graph.add(operator, *sources, name=self._free(name))

    def _seen_as(self, tensor: Tensor, shape: Shape, name: str) -> str:
        if self.graph[tensor.node].shape == tuple(shape):
            return tensor.node
        return self.graph.add(Reshape(shape), tensor.node, name=self._free(f"{name}.reshape"))

    def _free(self, name: str) -> str:
        free, number = name, 2
        while free in self.graph:
            free, number = f"{name}#{number}", number + 1
        return free


def indices_of(shape: Shape, *, first: int = 0) -> IntArray:
    """The numbers of a tensor's entries in C order, in its shape."""
    return np.arange(first, first + size(shape), dtype=np.int64).reshape(shape)


def network_of(graph: Graph, output: str, *, include_output: bool = False) -> Network:
    """The network of a graph: a plain one, of layers alone, where the graph is nothing more.

    Parameters
    ----------
    graph : Graph
    output : name of a node
    include_output : bool, optional
        Treat the output as one more layer of ReLUs. A ReLU that the graph ends with is that layer.
    """
    if include_output and _is_relu(graph[output].operator):
        (output,) = graph[output].inputs
    network = graph.network(output)
    layers = [int(size(graph[name].shape)) for name in network.pattern_nodes]
    if all(_is_dense(node.operator) for node in graph.needed(output)) and not network.linear:
        # One node for each layer, each unit a ReLU: the patterns are the same.
        plain = Network.from_exact(network.exact) if network.exact else Network(network.weights, network.biases)
        if layers == list(plain.widths):
            return plain.including_output(include_output)
    if include_output:
        return graph.network(graph.add(relu(), output))
    return network


def _is_relu(operator: Operator | None) -> bool:
    if not isinstance(operator, PiecewiseLinear) or len(operator.breakpoints) != 1:
        return False
    given = zip((*operator.breakpoints, *operator.slopes, operator.intercept), (0, 0, 1, 0), strict=True)
    return all(bool(np.all(array == value)) for array, value in given)


def _is_dense(operator: Operator | None) -> bool:
    kinds = (Dense, Elementwise, Reshape, Select, Transpose, Concatenate)
    return operator is None or isinstance(operator, kinds) or _is_relu(operator)


def _without_batch(shape: Shape) -> Shape:
    return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape


def _fitting(array: npt.NDArray[np.object_], shape: Shape) -> Any:
    """Numbers that broadcast to a shape, without the batch axis if the shape's is dropped."""
    if not array.ndim:
        return array.item()
    return array[0] if array.ndim == len(shape) > 1 and shape[0] == 1 else array


def inverse(values: Any) -> Any:
    """One over each number, exactly: an array, or a number of a number."""
    given = numbers(values, "the divisor")
    result = np.empty(given.shape, dtype=object)
    for index, value in np.ndenumerate(given):
        if not value:
            raise UnsupportedLayerError("it divides by zero")
        result[index] = Fraction(1) / value
    return result if result.ndim else result.item()

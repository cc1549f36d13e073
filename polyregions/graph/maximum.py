"""Nodes whose outputs are the largest of some inputs: max pooling, maxout, the maximum of tensors."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from polyregions.errors import NetworkError
from polyregions.graph.operator import FloatArray, MaxOperator, Shape, size
from polyregions.graph.windows import Windows, gathered

__all__ = ["MaxPool", "Maximum", "Maxout"]


class MaxPool(MaxOperator):
    """(channels, *spatial) to the largest entries of windows; padding never wins.

    Parameters
    ----------
    kernel : sequence of int, one per spatial axis
    stride : optional
        Default: the kernel.
    padding, dilation, round_up : as of :class:`polyregions.graph.pooling.AveragePool`
    """

    def __init__(
        self,
        kernel: Sequence[int],
        *,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        round_up: bool = False,
    ) -> None:
        self.windows = Windows.of(
            kernel, tuple(kernel) if stride is None else stride, padding, dilation, round_up=round_up
        )

    def output_shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0], *self.windows.output(self.windows.spatial(shapes[0])))

    def forward(self, *values: FloatArray) -> FloatArray:
        (value,) = values
        result: FloatArray = gathered(value, self.windows.places(value.shape[2:]), -np.inf).max(axis=3)
        return result.reshape(len(value), *self.output_shape(value.shape[1:]))

    def groups(self, *shapes: Shape) -> list[list[int]]:
        (shape,) = shapes
        places = self.windows.places(self.windows.spatial(shape)).tolist()
        step = size(shape[1:])
        result = [[c * step + place for place in window if place >= 0] for c in range(shape[0]) for window in places]
        if not all(result):
            raise NetworkError("a window lies in the padding alone, and has no largest entry")
        return result


class Maxout(MaxOperator):
    """The largest of each ``rank`` consecutive entries along an axis (Goodfellow et al. 2013)."""

    def __init__(self, rank: int, *, axis: int = 0) -> None:
        if rank < 1:
            raise NetworkError(f"the rank of a maxout is at least 1, not {rank}")
        self.rank, self.axis = int(rank), int(axis)

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if not -len(shape) <= self.axis < len(shape) or shape[self.axis] % self.rank:
            raise NetworkError(f"an input of shape {shape} has no groups of {self.rank} along axis {self.axis}")
        axis = self.axis % len(shape)
        return (*shape[:axis], shape[axis] // self.rank, *shape[axis + 1 :])

    def _grouped(self, values: Any, batch: int) -> Any:
        """The entries of each group along the last axis."""
        shape = values.shape[batch:]
        axis = self.axis % len(shape) + batch
        split = values.reshape(*values.shape[:axis], -1, self.rank, *values.shape[axis + 1 :])
        return np.moveaxis(split, axis + 1, -1)

    def forward(self, *values: FloatArray) -> FloatArray:
        result: FloatArray = self._grouped(values[0], 1).max(axis=-1)
        return result

    def groups(self, *shapes: Shape) -> list[list[int]]:
        self.output_shape(*shapes)
        numbered = np.arange(size(shapes[0])).reshape(shapes[0])
        grouped: list[list[int]] = self._grouped(numbered, 0).reshape(-1, self.rank).tolist()
        return grouped


class Maximum(MaxOperator):
    """The largest of several tensors of one shape, entry by entry."""

    arity = None

    def output_shape(self, *shapes: Shape) -> Shape:
        if len(set(shapes)) != 1:
            raise NetworkError(f"tensors of the shapes {', '.join(map(str, shapes))} have no common maximum")
        return shapes[0]

    def forward(self, *values: FloatArray) -> FloatArray:
        result: FloatArray = np.stack(values).max(axis=0)
        return result

    def groups(self, *shapes: Shape) -> list[list[int]]:
        step = size(shapes[0])
        return [[k * step + i for k in range(len(shapes))] for i in range(step)]

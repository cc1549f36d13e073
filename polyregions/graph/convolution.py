"""Convolutions in one, two, three or more dimensions: kept as their filters until a network is lowered."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from polyregions.array_likes import exact_floats
from polyregions.errors import NetworkError
from polyregions.graph.operator import AffineOperator, FloatArray, Row, Shape, size
from polyregions.graph.windows import Windows, gathered

__all__ = ["Convolution"]


class Convolution(AffineOperator):
    """(channels, *spatial) to (filters, *output): what deep learning calls a convolution, a cross-correlation.

    Parameters
    ----------
    weights : (filters, channels / groups, *kernel)
        Floats, taken exactly; like torch's ``Conv2d.weight``.
    biases : (filters,), optional
    stride, dilation : int or one per spatial axis, optional
    padding : int, one per spatial axis, or a pair (before, after) per axis, optional
        Zeros.
    groups : int, optional
    """

    def __init__(
        self,
        weights: Any,
        biases: Any = None,
        *,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> None:
        axes = np.ndim(weights.detach() if hasattr(weights, "detach") else weights)
        if axes < 3:
            raise NetworkError(
                f"the filters have {axes} axes; filters, channels and one or more spatial axes are needed"
            )
        self.weights = exact_floats(weights, axes, "the filters")
        filters = len(self.weights)
        self.biases = exact_floats(np.zeros(filters) if biases is None else biases, 1, "the biases")
        if self.biases.shape != (filters,):
            raise NetworkError(f"there are {filters} filters, but {len(self.biases)} biases")
        if groups < 1 or filters % groups:
            raise NetworkError(f"{filters} filters can't be shared among {groups} groups")
        self.groups = int(groups)
        self.windows = Windows.of(self.weights.shape[2:], stride, padding, dilation)

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        spatial = self.windows.spatial(shape)
        if shape[0] != self.groups * self.weights.shape[1]:
            raise NetworkError(
                f"the filters are for {self.groups * self.weights.shape[1]} channels, but the input's shape is {shape}"
            )
        return (len(self.weights), *self.windows.output(spatial))

    def forward(self, *values: FloatArray) -> FloatArray:
        (value,) = values
        shape = value.shape[1:]
        inside = gathered(value, self.windows.places(shape[1:]), 0.0)
        batch, _, count, places = inside.shape
        inside = inside.reshape(batch, self.groups, -1, count, places)
        filters = self.weights.reshape(self.groups, len(self.weights) // self.groups, -1, places)
        sums: FloatArray = np.einsum("bgcwk,gfck->bgfw", inside, filters).reshape(batch, len(self.weights), count)
        result: FloatArray = sums + self.biases[:, None]
        return result.reshape(batch, *self.output_shape(shape))

    def entries(self, *shapes: Shape) -> int:
        return size(self.output_shape(*shapes)[1:]) * self.weights.size

    def rows(self, *shapes: Shape) -> Iterator[Row]:
        spatial = self.windows.spatial(shapes[0])
        places = self.windows.places(spatial).tolist()
        step, each = size(spatial), len(self.weights) // self.groups
        for f, (filter_, bias) in enumerate(zip(self.weights, self.biases.tolist(), strict=True)):
            first = f // each * self.weights.shape[1]
            exact = [[Fraction(w) for w in channel] for channel in filter_.reshape(len(filter_), -1).tolist()]
            constant = Fraction(bias)
            for window in places:
                yield (
                    [
                        ((first + c) * step + place, w)
                        for c, channel in enumerate(exact)
                        for place, w in zip(window, channel, strict=True)
                        if place >= 0 and w
                    ],
                    constant,
                )

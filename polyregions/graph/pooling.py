"""Average pooling, exactly: one over the number of places is a rational."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError
from polyregions.graph.operator import AffineOperator, FloatArray, Row, Shape, size
from polyregions.graph.windows import OUTSIDE, Windows, gathered

__all__ = ["AveragePool"]


class AveragePool(AffineOperator):
    """(channels, *spatial) to the averages over windows.

    Parameters
    ----------
    kernel : sequence of int, one per spatial axis
        As large as the input: global average pooling.
    stride : optional
        Default: the kernel.
    padding, dilation : as of :class:`polyregions.graph.convolution.Convolution`
    include_padding : bool, optional
        Whether the padding's zeros count as places (torch's ``count_include_pad``).
    round_up : bool, optional
        Whether a last window that is not complete counts (torch's ``ceil_mode``).
    """

    def __init__(
        self,
        kernel: Sequence[int],
        *,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        include_padding: bool = True,
        round_up: bool = False,
    ) -> None:
        self.windows = Windows.of(
            kernel, tuple(kernel) if stride is None else stride, padding, dilation, round_up=round_up
        )
        self.include_padding = include_padding

    def output_shape(self, *shapes: Shape) -> Shape:
        return (shapes[0][0], *self.windows.output(self.windows.spatial(shapes[0])))

    def _places(self, spatial: Shape) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The windows' places, and by how many each window's sum is divided."""
        places = self.windows.places(spatial)
        counts = ((places > OUTSIDE) if self.include_padding else (places >= 0)).sum(axis=1)
        if not counts.all():
            raise NetworkError("a window lies in the padding alone, and has no average")
        return places, counts

    def forward(self, *values: FloatArray) -> FloatArray:
        (value,) = values
        places, counts = self._places(value.shape[2:])
        result: FloatArray = gathered(value, places, 0.0).sum(axis=3) / counts
        return result.reshape(len(value), *self.output_shape(value.shape[1:]))

    def entries(self, *shapes: Shape) -> int:
        return size(self.output_shape(*shapes)) * size(self.windows.kernel)

    def rows(self, *shapes: Shape) -> Iterator[Row]:
        places, counts = self._places(self.windows.spatial(shapes[0]))
        step = size(shapes[0][1:])
        for channel in range(shapes[0][0]):
            for window, count in zip(places.tolist(), counts.tolist(), strict=True):
                share = Fraction(1, count)
                yield [(channel * step + place, share) for place in window if place >= 0], Fraction(0)

"""A convolutional ReLU layer as hyperplanes: which inputs each unit sees, and its normal.

No padding, no pooling; the layers of Xiong, Huang, Yu, Liu, Zhu & Shao (2020).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from polyregions.bounds.arrangement import arrangement_regions
from polyregions.errors import ArgumentError

__all__ = ["ConvolutionLayer", "convolution_layers", "convolution_normals", "generic_convolution_regions"]

#: Random weights have this many bits more than there are units.
_SPARE_BITS = 64


@dataclass(frozen=True, slots=True)
class ConvolutionLayer:
    """A convolution of ``channels`` filters over an input of height x width x depth, each output followed by a ReLU.

    Attributes
    ----------
    inputs : (height, width, depth)
    filters : (height, width)
        Each filter sees the whole depth.
    channels : int
        d_1: the number of filters.
    stride : int

    Raises
    ------
    ArgumentError
        If a number is not a positive integer, or a filter does not fit into the input.

    Examples
    --------
    >>> layer = ConvolutionLayer((3, 3, 1), (2, 2), channels=2)
    >>> layer.outputs, layer.units, layer.covered
    ((2, 2, 2), 8, 9)
    """

    inputs: tuple[int, int, int]
    filters: tuple[int, int]
    channels: int
    stride: int = 1

    def __post_init__(self) -> None:
        numbers: list[Any] = [*self.inputs, *self.filters, self.channels, self.stride]
        if len(numbers) != 7 or any(not isinstance(n, int) or n < 1 for n in numbers):
            raise ArgumentError(
                "a convolution has inputs (height, width, depth), filters (height, width), channels and a stride, "
                f"all positive integers, not {self.inputs}, {self.filters}, {self.channels} and {self.stride}"
            )
        if any(f > n for f, n in zip(self.filters, self.inputs, strict=False)):
            shapes = ["x".join(map(str, shape)) for shape in (self.filters, self.inputs)]
            raise ArgumentError(
                f"a filter of {shapes[0]} does not fit into an input of {shapes[1]}: there is no padding"
            )

    @property
    def outputs(self) -> tuple[int, int, int]:
        """Height, width and depth of the output."""
        rows, columns = ((n - f) // self.stride + 1 for n, f in zip(self.inputs, self.filters, strict=False))
        return rows, columns, self.channels

    @property
    def positions(self) -> int:
        """Places at which each filter is applied."""
        return self.outputs[0] * self.outputs[1]

    @property
    def units(self) -> int:
        """ReLUs."""
        return self.positions * self.channels

    @property
    def size(self) -> int:
        """Numbers in the input."""
        return self.inputs[0] * self.inputs[1] * self.inputs[2]

    @property
    def seen(self) -> int:
        """Inputs that one unit sees."""
        return self.filters[0] * self.filters[1] * self.inputs[2]

    @property
    def covered(self) -> int:
        """Inputs that some unit sees. As channels grow, the regions of the layer grow like channels^covered."""
        rows, columns = (
            (places - 1) * min(self.stride, f) + f for f, places in zip(self.filters, self.outputs, strict=False)
        )
        return rows * columns * self.inputs[2]

    def support(self, row: int, column: int) -> list[tuple[int, int, int]]:
        """Which inputs (row, column, channel) the units at a position see."""
        top, left = row * self.stride, column * self.stride
        return [
            (top + i, left + j, c)
            for i, j, c in product(range(self.filters[0]), range(self.filters[1]), range(self.inputs[2]))
        ]


def convolution_layers(
    inputs: tuple[int, int, int], layers: Sequence[tuple[int, int, int, int]]
) -> list[ConvolutionLayer]:
    """Convolutions one behind the other.

    Parameters
    ----------
    inputs : (height, width, depth)
    layers : tuples (filter height, filter width, channels, stride)

    Examples
    --------
    >>> [layer.outputs for layer in convolution_layers((28, 28, 1), [(3, 3, 8, 1), (3, 3, 8, 2)])]
    [(26, 26, 8), (12, 12, 8)]
    """
    if not layers:
        raise ArgumentError("a convolutional network has a layer")
    made: list[ConvolutionLayer] = []
    for index, (height, width, channels, stride) in enumerate(layers, start=1):
        try:
            made.append(ConvolutionLayer(inputs, (height, width), channels, stride))
        except ArgumentError as error:
            raise ArgumentError(f"layer {index}: {error}") from error
        inputs = made[-1].outputs
    return made


def convolution_normals(layer: ConvolutionLayer, filters: Any) -> list[list[Any]]:
    """The weights of each unit over the flattened input, (units, size), by position, then by channel.

    Parameters
    ----------
    filters : nested sequence (channels, filter height, filter width, depth)
        In PyTorch the depth comes second: ``weight.permute(0, 2, 3, 1)``.

    Examples
    --------
    >>> convolution_normals(ConvolutionLayer((1, 3, 1), (1, 2), 1), [[[[5], [7]]]])
    [[5, 7, 0], [0, 5, 7]]
    """
    return [
        _normal(layer, row, column, filters[channel]) for row, column, channel in product(*map(range, layer.outputs))
    ]


def _normal(layer: ConvolutionLayer, row: int, column: int, weights: Any) -> list[Any]:
    """``weights[i][j][c]``, spread over the input."""
    normal: list[Any] = [0] * layer.size
    _, width, depth = layer.inputs
    for y, x, c in layer.support(row, column):
        normal[(y * width + x) * depth + c] = weights[y - row * layer.stride][x - column * layer.stride][c]
    return normal


def generic_convolution_regions(layer: ConvolutionLayer, *, tied: bool = True, seed: int = 0) -> int:
    """The regions of R^n under a layer with random integer weights and biases, which is their maximum but for bad luck.

    Parameters
    ----------
    tied : bool, optional
        One filter and one bias per channel, as in a convolution; False: each unit has its own (a locally connected
        layer).
    seed : int, optional

    Returns
    -------
    int
        The exact number for the weights drawn, so that some layer has as many for certain.

    Notes
    -----
    Regions are open: they survive small changes of the weights, and their number is the same for all weights outside an
    algebraic set, where it is the maximum. With m units, the weights are in that set only if one of at most 2^(m + 1)
    determinants that are not identically 0, polynomials of degree m at most, vanishes; the weights have m + 64 bits,
    and so the probability that the number is not the maximum is at most m / 2^63 (Schwartz 1980, Zippel 1979). Time as
    for :func:`polyregions.bounds.arrangement.arrangement_regions`.

    Examples
    --------
    >>> layer = ConvolutionLayer((3, 3, 1), (2, 2), channels=2)
    >>> generic_convolution_regions(layer), generic_convolution_regions(layer, tied=False)
    (255, 256)
    """
    rng = random.Random(seed)
    bits = layer.units + _SPARE_BITS

    def draw(count: int) -> list[int]:
        return [rng.getrandbits(bits) for _ in range(count)]

    def drawn_filter() -> list[list[list[int]]]:
        return [[draw(layer.inputs[2]) for _ in range(layer.filters[1])] for _ in range(layer.filters[0])]

    if tied:
        normals = convolution_normals(layer, [drawn_filter() for _ in range(layer.channels)])
        return arrangement_regions(normals, draw(layer.channels) * layer.positions)
    places = product(range(layer.outputs[0]), range(layer.outputs[1]))
    normals = [_normal(layer, row, column, drawn_filter()) for row, column in places for _ in range(layer.channels)]
    return arrangement_regions(normals, draw(layer.units))

"""Where the windows of convolutions and poolings lie, in any number of spatial dimensions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError
from polyregions.graph.operator import Shape, size

__all__ = ["OUTSIDE", "PADDING", "Windows", "gathered"]

#: Places of a window that lie in the padding, and beyond it (where the output's size is rounded up).
PADDING, OUTSIDE = -1, -2


@dataclass(frozen=True)
class Windows:
    """Windows of one size at regular distances.

    Attributes
    ----------
    kernel, stride, dilation : tuple of int, one per spatial axis
    padding : tuple of pairs (before, after)
    round_up : bool
        Whether a last window that is not complete counts (torch's ``ceil_mode``); one that begins in the padding after
        the input does not.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    round_up: bool = False

    @classmethod
    def of(
        cls, kernel: Sequence[int], stride: Any, padding: Any, dilation: Any, *, round_up: bool = False
    ) -> "Windows":
        """Options as the frameworks write them: a number for all axes, or one per axis; padding may be pairs."""
        axes = len(kernel)
        pairs = _per_axis(padding, axes, "padding") if not _is_pairs(padding, axes) else padding
        windows = cls(
            tuple(int(k) for k in kernel),
            _per_axis(stride, axes, "stride"),
            tuple((int(p[0]), int(p[1])) if isinstance(p, Sequence) else (int(p), int(p)) for p in pairs),
            _per_axis(dilation, axes, "dilation"),
            round_up,
        )
        if min((*windows.kernel, *windows.stride, *windows.dilation), default=1) < 1:
            raise NetworkError(
                f"kernel {windows.kernel}, stride {windows.stride} and dilation {windows.dilation} must be positive"
            )
        if min((p for pair in windows.padding for p in pair), default=0) < 0:
            raise NetworkError(f"the padding {windows.padding} must not be negative")
        return windows

    def spatial(self, shape: Shape) -> Shape:
        """The spatial axes of an input of shape (channels, *spatial)."""
        if len(shape) != len(self.kernel) + 1:
            raise NetworkError(f"the input's shape is {shape}; channels and {len(self.kernel)} spatial axes are needed")
        return shape[1:]

    def output(self, spatial: Shape) -> Shape:
        """How many windows there are along each axis."""
        result = []
        for n, k, s, (before, after), d in zip(
            spatial, self.kernel, self.stride, self.padding, self.dilation, strict=True
        ):
            room = n + before + after - d * (k - 1) - 1
            if room < 0:
                raise NetworkError(f"windows {self.kernel} are larger than the padded input {spatial}")
            count = room // s + 1
            if self.round_up and room % s and count * s < n + before:
                count += 1
            result.append(count)
        return tuple(result)

    def places(self, spatial: Shape) -> npt.NDArray[np.intp]:
        """Per window, and per place in it, the flattened index of the spatial place; (windows, places)."""
        numbered = np.arange(size(spatial)).reshape(spatial)
        padded = np.pad(numbered, self.padding, constant_values=PADDING)
        output = self.output(spatial)
        grid = []
        extra = []
        for count, k, s, d, n in zip(output, self.kernel, self.stride, self.dilation, padded.shape, strict=True):
            grid.append(s * np.arange(count)[:, None] + d * np.arange(k))
            extra.append((0, max(0, int(grid[-1].max()) + 1 - n)))
        padded = np.pad(padded, extra, constant_values=OUTSIDE)
        axes = len(spatial)
        index = tuple(
            places.reshape([1] * i + [places.shape[0]] + [1] * (axes - 1) + [places.shape[1]] + [1] * (axes - 1 - i))
            for i, places in enumerate(grid)
        )
        chosen: npt.NDArray[np.intp] = padded[index].reshape(size(output), size(self.kernel))
        return chosen


def gathered(values: npt.NDArray[np.float64], places: npt.NDArray[np.intp], filling: float) -> Any:
    """What lies in the windows: (m, channels, windows, places) of a batch (m, channels, *spatial)."""
    flat = values.reshape(*values.shape[:2], -1)
    flat = np.concatenate([flat, np.full((*flat.shape[:2], 1), filling)], axis=2)
    return flat[:, :, np.where(places < 0, flat.shape[2] - 1, places)]


def _is_pairs(padding: Any, axes: int) -> bool:
    return isinstance(padding, Sequence) and len(padding) == axes and all(isinstance(p, Sequence) for p in padding)


def _per_axis(value: Any, axes: int, name: str) -> tuple[int, ...]:
    values = tuple(int(v) for v in value) if isinstance(value, Sequence) else (int(value),) * axes
    if len(values) != axes:
        raise NetworkError(f"the {name} {values} has not one number for each of the {axes} spatial axes")
    return values

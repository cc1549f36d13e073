"""Nodes that only move entries: flatten, reshape, transpose, concatenate, select, pad, identity (dropout)."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError
from polyregions.graph.operator import AffineOperator, FloatArray, Row, Shape, numbers, size

__all__ = ["Concatenate", "Flatten", "Identity", "Pad", "Reshape", "Select", "Transpose"]

_ONE = Fraction(1)


class _Moving(AffineOperator):
    """An operator each of whose outputs is an input, or a constant where the index is -1."""

    def indices(self, *shapes: Shape) -> npt.NDArray[np.intp]:
        """Per entry of the output the index of its input."""
        raise NotImplementedError

    def constant(self) -> Fraction:
        return Fraction(0)

    def output_shape(self, *shapes: Shape) -> Shape:
        return tuple(int(n) for n in self.indices(*shapes).shape)

    def forward(self, *values: FloatArray) -> FloatArray:
        flat = np.concatenate([value.reshape(len(value), -1) for value in values], axis=1)
        flat = np.concatenate([flat, np.full((len(flat), 1), float(self.constant()))], axis=1)
        return flat[:, self.indices(*(value.shape[1:] for value in values))]

    def entries(self, *shapes: Shape) -> int:
        return size(self.output_shape(*shapes))

    def rows(self, *shapes: Shape) -> Iterator[Row]:
        for i in self.indices(*shapes).ravel().tolist():
            yield ([], self.constant()) if i < 0 else ([(i, _ONE)], Fraction(0))


def _numbered(shape: Shape) -> npt.NDArray[np.intp]:
    return np.arange(size(shape)).reshape(shape)


class Identity(_Moving):
    """What dropout is after training."""

    def indices(self, *shapes: Shape) -> npt.NDArray[np.intp]:
        return _numbered(shapes[0])


class Flatten(_Moving):
    """All entries on one axis, in C order.

    Parameters
    ----------
    start : int, optional
        The first axis that is flattened.
    """

    def __init__(self, start: int = 0) -> None:
        self.start = start

    def indices(self, *shapes: Shape) -> npt.NDArray[np.intp]:
        (shape,) = shapes
        if not 0 <= self.start <= len(shape):
            raise NetworkError(f"there is no axis {self.start} of the input's shape {shape} to flatten from")
        return _numbered(shape).reshape(*shape[: self.start], -1)


class Reshape(_Moving):
    """The entries in another shape; one entry of the shape may be -1."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(int(n) for n in shape)

    def indices(self, *shapes: Shape) -> npt.NDArray[np.intp]:
        try:
            return _numbered(shapes[0]).reshape(self.shape)
        except ValueError:
            raise NetworkError(f"an input of shape {shapes[0]} can't be reshaped to {self.shape}") from None


class Transpose(_Moving):
    """Axes in another order; ``axes`` as of numpy.transpose, without a batch axis."""

    def __init__(self, axes: Sequence[int]) -> None:
        self.axes = tuple(int(axis) for axis in axes)

    def indices(self, *shapes: Shape) -> npt.NDArray[np.intp]:
        try:
            return _numbered(shapes[0]).transpose(self.axes)
        except ValueError:
            raise NetworkError(f"{self.axes} is no order of the axes of an input of shape {shapes[0]}") from None


class Concatenate(_Moving):
    """Tensors one after another along an axis."""

    arity = None

    def __init__(self, axis: int = 0) -> None:
        self.axis = axis

    def indices(self, *shapes: Shape) -> npt.NDArray[np.intp]:
        offsets = np.cumsum([0, *(size(shape) for shape in shapes)])
        parts = [offset + _numbered(shape) for offset, shape in zip(offsets.tolist(), shapes, strict=False)]
        try:
            return np.concatenate(parts, axis=self.axis)
        except ValueError:
            raise NetworkError(
                f"tensors of the shapes {', '.join(map(str, shapes))} can't be concatenated along axis {self.axis}"
            ) from None


class Select(_Moving):
    """Some entries along an axis, in the order given: slices and gathers.

    Parameters
    ----------
    indices : sequence of int
        From the end if negative.
    axis : int, optional
    """

    def __init__(self, indices: Sequence[int], axis: int = 0) -> None:
        self.chosen = tuple(int(i) for i in indices)
        self.axis = axis

    def indices(self, *shapes: Shape) -> npt.NDArray[np.intp]:
        try:
            return np.take(_numbered(shapes[0]), self.chosen, axis=self.axis)
        except (IndexError, ValueError):
            raise NetworkError(
                f"an input of shape {shapes[0]} has not the entries {list(self.chosen)} along axis {self.axis}"
            ) from None


class Pad(_Moving):
    """A constant around the input.

    Parameters
    ----------
    widths : sequence of pairs (before, after), one per axis
    value : number, optional
    """

    def __init__(self, widths: Sequence[Sequence[int]], value: Any = 0) -> None:
        self.widths = tuple((int(before), int(after)) for before, after in widths)
        self.value = numbers(value, "the padding's value")

    def constant(self) -> Fraction:
        value: Fraction = self.value.item()
        return value

    def indices(self, *shapes: Shape) -> npt.NDArray[np.intp]:
        (shape,) = shapes
        if len(self.widths) != len(shape) or min((w for pair in self.widths for w in pair), default=0) < 0:
            raise NetworkError(f"widths {list(self.widths)} can't pad an input of shape {shape}")
        return np.pad(_numbered(shape), self.widths, constant_values=-1)

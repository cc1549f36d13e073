"""Affine nodes without windows: dense layers, elementwise scale and shift (batch norm among them), sums."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from polyregions.array_likes import exact_floats
from polyregions.errors import NetworkError
from polyregions.graph.operator import AffineOperator, FloatArray, Row, Shape, numbers, size

__all__ = ["Add", "Dense", "Elementwise", "batch_norm"]


class Dense(AffineOperator):
    """``W x + b`` on the last axis: (..., n) to (..., m).

    Parameters
    ----------
    weights : (m, n)
        Floats, taken exactly; like torch's ``Linear.weight``.
    biases : (m,), optional
    """

    def __init__(self, weights: Any, biases: Any = None) -> None:
        self.weights = exact_floats(weights, 2, "the weights")
        self.biases = exact_floats(np.zeros(len(self.weights)) if biases is None else biases, 1, "the biases")
        if self.biases.shape != self.weights.shape[:1]:
            raise NetworkError(f"the weights have {len(self.weights)} rows, but there are {len(self.biases)} biases")

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if not shape or shape[-1] != self.weights.shape[1]:
            raise NetworkError(f"the weights have {self.weights.shape[1]} columns, but the input's shape is {shape}")
        return (*shape[:-1], len(self.weights))

    def forward(self, *values: FloatArray) -> FloatArray:
        result: FloatArray = values[0] @ self.weights.T + self.biases
        return result

    def entries(self, *shapes: Shape) -> int:
        return size(shapes[0][:-1]) * self.weights.size

    def rows(self, *shapes: Shape) -> Iterator[Row]:
        n = self.weights.shape[1]
        exact = [[Fraction(w) for w in row] for row in self.weights.tolist()]
        biases = [Fraction(b) for b in self.biases.tolist()]
        for block in range(size(shapes[0][:-1])):
            for row, bias in zip(exact, biases, strict=True):
                yield [(block * n + j, w) for j, w in enumerate(row) if w], bias


class Elementwise(AffineOperator):
    """``scale * x + shift``, entry by entry.

    Parameters
    ----------
    scale, shift : numbers, or arrays whose shapes broadcast to the input's
        Taken exactly: floats, Fractions, or strings such as "1/3".
    """

    def __init__(self, scale: Any = 1, shift: Any = 0) -> None:
        self.scale, self.shift = numbers(scale, "the scale"), numbers(shift, "the shift")

    def output_shape(self, *shapes: Shape) -> Shape:
        for name, array in (("scale", self.scale), ("shift", self.shift)):
            try:
                fits = np.broadcast_shapes(array.shape, shapes[0]) == tuple(shapes[0])
            except ValueError:
                fits = False
            if not fits:
                raise NetworkError(f"the {name} of shape {array.shape} does not broadcast to the input's {shapes[0]}")
        return shapes[0]

    def forward(self, *values: FloatArray) -> FloatArray:
        result: FloatArray = values[0] * self.scale.astype(np.float64) + self.shift.astype(np.float64)
        return result

    def entries(self, *shapes: Shape) -> int:
        return size(shapes[0])

    def rows(self, *shapes: Shape) -> Iterator[Row]:
        scale, shift = (np.broadcast_to(array, shapes[0]).ravel().tolist() for array in (self.scale, self.shift))
        for i, (factor, constant) in enumerate(zip(scale, shift, strict=True)):
            yield [(i, factor)] if factor else [], constant


def batch_norm(gamma: Any, beta: Any, mean: Any, variance: Any, *, epsilon: float = 1e-5, axes: int = 0) -> Elementwise:
    """Batch normalisation as it is after training: (x - mean) gamma / sqrt(variance + epsilon) + beta, per channel.

    The square root is irrational, so that the exact network has to be defined: its scale is the float64 value of
    gamma / sqrt(variance + epsilon), and its shift the rational beta - mean * scale.

    Parameters
    ----------
    gamma, beta, mean, variance : (c,)
    axes : int, optional
        How many axes follow that of the channels: 0 after a dense layer, 2 after a 2-D convolution.

    Raises
    ------
    NetworkError
        If a scale is no finite number.
    """
    gamma, beta, mean, variance = (
        exact_floats(array, 1, f"the {name}")
        for array, name in ((gamma, "gamma"), (beta, "beta"), (mean, "mean"), (variance, "variance"))
    )
    with np.errstate(all="ignore"):
        scale = gamma / np.sqrt(variance + float(epsilon))
    if not np.isfinite(scale).all():
        raise NetworkError("the scale gamma / sqrt(variance + epsilon) is not finite")
    exact = numbers(scale, "the scale")
    shift = numbers(beta, "beta") - numbers(mean, "the mean") * exact
    shape = (-1, *([1] * axes))
    return Elementwise(exact.reshape(shape), shift.reshape(shape))


class Add(AffineOperator):
    """A sum of two or more tensors of one shape, or of shapes that broadcast, each times a number.

    Parameters
    ----------
    coefficients : sequence of numbers, optional
        One per input; default: 1 each. (1, -1) is a difference.
    """

    arity = None

    def __init__(self, coefficients: Sequence[Any] | None = None) -> None:
        self.coefficients = None if coefficients is None else numbers(list(coefficients), "the coefficients")

    def _coefficients(self, count: int) -> list[Fraction]:
        if self.coefficients is None:
            return [Fraction(1)] * count
        if self.coefficients.shape != (count,):
            raise NetworkError(f"{len(self.coefficients)} coefficients for {count} inputs")
        return list(self.coefficients.tolist())

    def output_shape(self, *shapes: Shape) -> Shape:
        self._coefficients(len(shapes))
        try:
            return tuple(int(n) for n in np.broadcast_shapes(*shapes))
        except ValueError:
            raise NetworkError(f"tensors of the shapes {', '.join(map(str, shapes))} can't be added") from None

    def forward(self, *values: FloatArray) -> FloatArray:
        axes = max(value.ndim for value in values)
        total: Any = 0.0
        for factor, value in zip(self._coefficients(len(values)), values, strict=True):
            total = total + float(factor) * value.reshape(len(value), *([1] * (axes - value.ndim)), *value.shape[1:])
        return np.asarray(total, dtype=np.float64)

    def entries(self, *shapes: Shape) -> int:
        return len(shapes) * size(self.output_shape(*shapes))

    def rows(self, *shapes: Shape) -> Iterator[Row]:
        output = self.output_shape(*shapes)
        offsets = np.cumsum([0, *(size(shape) for shape in shapes)])
        indices = [
            np.broadcast_to(offset + np.arange(size(shape)).reshape(shape), output).ravel().tolist()
            for offset, shape in zip(offsets.tolist(), shapes, strict=False)
        ]
        factors = self._coefficients(len(shapes))
        for places in zip(*indices, strict=True):
            yield [(i, factor) for i, factor in zip(places, factors, strict=True) if factor], Fraction(0)

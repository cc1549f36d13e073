"""Continuous piecewise-linear activations by breakpoints and slopes: ReLU and its relatives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError
from polyregions.graph.operator import FloatArray, Operator, Shape, numbers

__all__ = ["PiecewiseLinear", "absolute", "clip", "hard_tanh", "leaky_relu", "prelu", "relu", "relu6"]


class PiecewiseLinear(Operator):
    """A continuous function of one number, entry by entry: f(x) = slopes[0] x + intercept up to the first breakpoint.

    Between breakpoints i and i + 1 its slope is ``slopes[i]``, counted from 0 for what is below all of them. A
    breakpoint belongs to the piece below it, as 0 is inactive for a ReLU.

    Parameters
    ----------
    breakpoints : k numbers, increasing
    slopes : k + 1 numbers
    intercept : number, optional
        Each number is taken exactly, and may be an array that broadcasts to the input's shape: a function per channel.
    kind : str, optional
        What messages call it.

    Notes
    -----
    As k ReLUs and a linear unit: slopes[0] x + intercept + sum_i (slopes[i] - slopes[i-1]) relu(x - breakpoint_i). The
    pattern of an entry is its piece, from 0 on: how many breakpoints are less than x. A breakpoint counts even where
    the slopes beside it are equal.
    """

    def __init__(
        self,
        breakpoints: Sequence[Any],
        slopes: Sequence[Any],
        intercept: Any = 0,
        *,
        kind: str = "PiecewiseLinear",
    ) -> None:
        self.breakpoints = [numbers(value, f"breakpoint {i}") for i, value in enumerate(breakpoints, start=1)]
        self.slopes = [numbers(value, f"slope {i}") for i, value in enumerate(slopes)]
        self.intercept = numbers(intercept, "the intercept")
        self._kind = kind
        if len(self.slopes) != len(self.breakpoints) + 1:
            raise NetworkError(
                f"{len(self.breakpoints)} breakpoints need {len(self.breakpoints) + 1} slopes, not {len(self.slopes)}"
            )
        for below, above in zip(self.breakpoints, self.breakpoints[1:], strict=False):
            if not np.all(np.asarray(below < above, dtype=np.bool_)):
                raise NetworkError("the breakpoints must increase")

    @property
    def kind(self) -> str:
        return self._kind

    def output_shape(self, *shapes: Shape) -> Shape:
        for array in (*self.breakpoints, *self.slopes, self.intercept):
            try:
                fits = np.broadcast_shapes(array.shape, shapes[0]) == tuple(shapes[0])
            except ValueError:
                fits = False
            if not fits:
                raise NetworkError(f"numbers of shape {array.shape} do not broadcast to the input's {shapes[0]}")
        return shapes[0]

    def forward(self, *values: FloatArray) -> FloatArray:
        # Piece by piece, as frameworks compute it: sums over breakpoints would round more.
        x = values[0]
        slope, constant = self.slopes[0], self.intercept
        result: FloatArray = slope.astype(np.float64) * x + constant.astype(np.float64)
        for breakpoint_, above in zip(self.breakpoints, self.slopes[1:], strict=True):
            constant = constant + (slope - above) * breakpoint_
            slope = above
            piece = np.asarray(slope, dtype=np.float64) * x + np.asarray(constant, dtype=np.float64)
            result = np.where(x > np.asarray(breakpoint_, dtype=np.float64), piece, result)
        return result

    def parameters(self, shape: Shape) -> list[tuple[list[Any], list[Any], Any]]:
        """Per entry of an input of this shape its breakpoints, slopes and intercept, as Fractions."""

        def flat(array: npt.NDArray[np.object_]) -> list[Any]:
            return list(np.broadcast_to(array, shape).ravel().tolist())

        points = zip(*map(flat, self.breakpoints), strict=True) if self.breakpoints else [()] * int(np.prod(shape))
        slopes = zip(*map(flat, self.slopes), strict=True)
        return [(list(t), list(s), c) for t, s, c in zip(points, slopes, flat(self.intercept), strict=True)]


def relu() -> PiecewiseLinear:
    """max(0, x)."""
    return PiecewiseLinear([0], [0, 1], kind="ReLU")


def leaky_relu(slope: Any) -> PiecewiseLinear:
    """x above 0, ``slope`` times x below."""
    return PiecewiseLinear([0], [slope, 1], kind="LeakyReLU")


def prelu(slopes: Any, *, axes: int = 0) -> PiecewiseLinear:
    """Leaky ReLUs with a slope per channel; ``axes``: how many axes follow that of the channels."""
    array = numbers(slopes, "the slopes")
    return PiecewiseLinear([0], [array.reshape(*array.shape, *([1] * axes)) if array.ndim else array, 1], kind="PReLU")


def clip(lowest: Any, largest: Any, *, kind: str = "Clip") -> PiecewiseLinear:
    """min(max(x, lowest), largest)."""
    return PiecewiseLinear([lowest, largest], [0, 1, 0], lowest, kind=kind)


def relu6() -> PiecewiseLinear:
    """min(max(x, 0), 6)."""
    return clip(0, 6, kind="ReLU6")


def hard_tanh(lowest: Any = -1, largest: Any = 1) -> PiecewiseLinear:
    """min(max(x, -1), 1)."""
    return clip(lowest, largest, kind="HardTanh")


def absolute() -> PiecewiseLinear:
    """|x|."""
    return PiecewiseLinear([0], [-1, 1], kind="Abs")

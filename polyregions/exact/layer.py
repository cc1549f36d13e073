"""Layers in exact rationals, and the floats nearest to them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError
from polyregions.exact.numbers import as_fraction, dyadic_integers, integer_rows

__all__ = [
    "ExactLayer",
    "dyadic_layer",
    "equal_layers",
    "layer_name",
    "nearest_floats",
    "rational_layer",
    "rational_layers",
    "reduced_layer",
]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ExactLayer:
    """The affine map ``x -> (weights @ x + biases) / denominator`` in integers."""

    weights: list[list[int]]
    biases: list[int]
    denominator: int

    @property
    def width(self) -> int:
        return len(self.biases)


def rational_layer(weights: Sequence[Sequence[Any]], biases: Sequence[Any], name: str = "the layer") -> ExactLayer:
    """The layer of these numbers, read exactly: Fractions, floats, integers or strings such as "1/3".

    Parameters
    ----------
    weights : (n_l, n_(l-1)), biases : (n_l,)
    name : str, optional
        What messages call it.

    Raises
    ------
    NetworkError
        If something is no number, or rows have different lengths.

    Examples
    --------
    >>> rational_layer([["1/3", 0.5]], [1])
    ExactLayer(weights=[[2, 3]], biases=[6], denominator=6)
    """
    try:
        rows = [[as_fraction(value) for value in (*row, bias)] for row, bias in zip(weights, biases, strict=True)]
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{name}: {error}") from None
    if len({len(row) for row in rows}) > 1:
        raise NetworkError(f"{name}: the weights' rows have different lengths")
    integers, denominator = integer_rows(rows)
    return ExactLayer([row[:-1] for row in integers], [row[-1] for row in integers], denominator)


def dyadic_layer(w: FloatArray, b: FloatArray) -> ExactLayer:
    """The layer that the floats are."""
    integers, exponent = dyadic_integers(np.concatenate([w, b[:, None]], axis=1))
    step = w.shape[1] + 1
    rows = [integers[i : i + step] for i in range(0, len(integers), step)]
    return ExactLayer([row[:-1] for row in rows], [row[-1] for row in rows], 2**exponent)


def reduced_layer(layer: ExactLayer) -> ExactLayer:
    """The same layer with the least denominator."""
    q = math.gcd(layer.denominator, *layer.biases, *(value for row in layer.weights for value in row))
    return ExactLayer(
        [[value // q for value in row] for row in layer.weights],
        [value // q for value in layer.biases],
        layer.denominator // q,
    )


def equal_layers(first: ExactLayer, second: ExactLayer) -> bool:
    p, q = first.denominator, second.denominator
    rows = zip((*first.weights, first.biases), (*second.weights, second.biases), strict=True)
    return all(a * q == b * p for left, right in rows for a, b in zip(left, right, strict=True))


#: Floats of this size and more are within a relative error of 2^-53 of the rationals that they round.
_LEAST_ROUNDED = 2.0**-1021


def nearest_floats(layer: ExactLayer, name: str) -> tuple[FloatArray, FloatArray]:
    """The floats nearest to a rational layer, each within a relative error of 2^-53."""
    q = layer.denominator
    if q <= 0 or not layer.weights or len({len(row) for row in layer.weights}) > 1:
        raise NetworkError(f"{name} are no matrix over a positive denominator")

    def floats(values: Sequence[int]) -> list[float]:
        try:
            # Division of Python integers is correctly rounded.
            result = [value / q for value in values]
        except OverflowError:
            raise NetworkError(f"{name} are beyond the range of float64; scale them first") from None
        for value, number in zip(values, result, strict=True):
            if abs(number) < _LEAST_ROUNDED and Fraction(number) * q != value:
                raise NetworkError(f"{name} hold {value}/{q}, too small a number for float64; scale them first")
        return result

    return np.array([floats(row) for row in layer.weights]), np.array(floats(layer.biases))


def rational_layers(
    layers: Sequence[ExactLayer], weights: Sequence[FloatArray], biases: Sequence[FloatArray]
) -> tuple[ExactLayer, ...]:
    """The layers in lowest terms, over a power of two where they are floats; () if all are.

    Raises
    ------
    NetworkError
        If the weights and biases are not the nearest floats.
    """
    if not layers:
        return ()
    own = [dyadic_layer(w, b) for w, b in zip(weights, biases, strict=True)]
    kept = []
    for i, (layer, floats, w, b) in enumerate(zip(layers, own, weights, biases, strict=True)):
        name = layer_name(i, len(layers), "weights")
        nearest = nearest_floats(layer, name)
        if not all(np.array_equal(ours, given) for ours, given in zip(nearest, (w, b), strict=True)):
            raise NetworkError(f"{name} are not the floats nearest to the exact layer's")
        kept.append(floats if equal_layers(layer, floats) else reduced_layer(layer))
    return () if all(map(equal_layers, kept, own)) else tuple(kept)


def layer_name(index: int, count: int, part: str) -> str:
    """What messages call a part of layer ``index`` of ``count``."""
    kind = "output layer" if index == count - 1 else "hidden layer"
    return f"layer {index + 1} ({kind}): its {part}"

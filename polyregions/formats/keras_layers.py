"""What each Keras layer, and each activation, is as nodes of a graph.

A handler takes the builder, the new node's name, the layer and the layer's inputs, with a batch axis of one. What it
can't express it refuses with an UnsupportedLayerError.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import UnsupportedLayerError
from polyregions.formats.tensors import Builder, Tensor, indices_of
from polyregions.graph import AveragePool, MaxPool, Operator, batch_norm

__all__ = ["ACTIVATIONS", "LAYERS"]

Handler = Callable[..., Tensor]


def _array(variable: Any) -> npt.NDArray[np.float64]:
    from keras import ops

    array = np.asarray(ops.convert_to_numpy(variable))
    # Types that NumPy has not, such as bfloat16, are part of float32.
    return array.astype(np.float64) if array.dtype.kind == "f" else array.astype(np.float32).astype(np.float64)


def _dense(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    return build.dense(x, _array(layer.kernel).T, _array(layer.bias) if layer.use_bias else None, name)


# -- windows ---------------------------------------------------------------------------------------------


def _windowed(build: Builder, name: str, layer: Any, x: Tensor, operator: Operator) -> Tensor:
    """A convolution or pooling, with the channels where the layer has them."""
    if getattr(layer, "data_format", "channels_last") == "channels_first":
        return build.windowed(operator, x, name)
    rank = len(x.shape)
    first = build.transposed(x, [0, rank - 1, *range(1, rank - 1)], f"{name}.channels_first")
    made = build.windowed(operator, first, name)
    return build.transposed(made, [0, *range(2, rank), 1], f"{name}.channels_last")


def _paddings(
    layer: Any, x: Tensor, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[tuple[int, int]]:
    spatial = x.shape[2:] if layer.data_format == "channels_first" else x.shape[1:-1]
    pairs = []
    for n, k, s, d in zip(spatial, kernel, strides, dilations, strict=True):
        if layer.padding == "same":
            total = max(0, (math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n)
            pairs.append((total // 2, total - total // 2))
        else:
            pairs.append(((k - 1) * d if layer.padding == "causal" else 0, 0))
    return pairs


def _convolution(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    from polyregions.graph import Convolution

    kernel = _array(layer.kernel)
    axes = kernel.ndim - 2
    if type(layer).__name__.startswith("Depthwise"):  # (*kernel, channels, multiplier)
        filters = kernel.reshape(*kernel.shape[:axes], 1, -1)
        groups = kernel.shape[axes]
    else:
        filters, groups = kernel, layer.groups
    filters = np.moveaxis(filters, (-1, -2), (0, 1))
    strides, dilations = (_tuple(value, axes) for value in (layer.strides, layer.dilation_rate))
    operator = Convolution(
        filters,
        _array(layer.bias) if layer.use_bias else None,
        stride=strides,
        dilation=dilations,
        padding=_paddings(layer, x, kernel.shape[:axes], strides, dilations),
        groups=groups,
    )
    return _windowed(build, name, layer, x, operator)


def _pooling(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    axes = len(x.shape) - 2
    kernel, strides = _tuple(layer.pool_size, axes), _tuple(layer.strides, axes)
    padding = _paddings(layer, x, kernel, strides, (1,) * axes)
    if type(layer).__name__.startswith("Max"):
        return _windowed(build, name, layer, x, MaxPool(kernel, stride=strides, padding=padding))
    return _windowed(build, name, layer, x, AveragePool(kernel, stride=strides, padding=padding, include_padding=False))


def _global_pooling(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    axes = range(2, len(x.shape)) if layer.data_format == "channels_first" else range(1, len(x.shape) - 1)
    make = MaxPool if "Max" in type(layer).__name__ else AveragePool
    return build.pooled(x, list(axes), layer.keepdims, make, name)


def _zero_padding(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    given = layer.padding
    pairs = [tuple(given)] if isinstance(given[0], int) else [tuple(pair) for pair in given]
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    widths = [(0, 0), *([(0, 0)] if first else []), *pairs, *([] if first else [(0, 0)])]
    count = int(np.prod(x.shape))
    zero = build.constant([0], f"{name}.zero")
    return build.moved([x, zero], np.pad(indices_of(x.shape), widths, constant_values=count), name)


def _tuple(value: Any, axes: int) -> tuple[int, ...]:
    return (value,) * axes if isinstance(value, int) else tuple(value)


# -- entry by entry --------------------------------------------------------------------------------------


def _batch_normalization(build: Builder, name: str, layer: Any, x: Tensor, **options: Any) -> Tensor:
    axis = layer.axis % len(x.shape)
    mean, variance = _array(layer.moving_mean), _array(layer.moving_variance)
    gamma = _array(layer.gamma) if layer.scale else np.ones(len(mean))
    beta = _array(layer.beta) if layer.center else np.zeros(len(mean))
    operator = batch_norm(gamma, beta, mean, variance, epsilon=layer.epsilon, axes=len(x.shape) - 1 - axis)
    return build.apply(operator, x, name)


def _relu(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    if layer.threshold:
        raise UnsupportedLayerError(f"may jump: its threshold is {layer.threshold}, not 0")
    slope, top = layer.negative_slope or 0, layer.max_value
    points, slopes = ([0], [slope, 1]) if top is None else ([0, top], [slope, 1, 0])
    return build.piecewise(x, name, points, slopes, 0, "ReLU")


def _leaky_relu(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    return build.piecewise(x, name, [0], [layer.negative_slope, 1], 0, "LeakyReLU")


def _prelu(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    return build.piecewise(x, name, [0], [_array(layer.alpha), 1], 0, "PReLU")


def _rescaling(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    return build.scaled(x, name, scale=layer.scale, shift=layer.offset)


# -- several inputs: of layers in a list, of operations one by one ------------------------------------------


def _parts(args: tuple[Any, ...]) -> list[Any]:
    return [part for arg in args for part in (arg if isinstance(arg, list | tuple) else [arg])]


def _sum(sign: int) -> Handler:
    def handler(build: Builder, name: str, layer: Any, *args: Any) -> Tensor:
        parts = _parts(args)
        tensors = [part for part in parts if isinstance(part, Tensor)]
        if len(tensors) == len(parts):
            return build.combined(tensors, [1, *[sign] * (len(parts) - 1)], name)
        if len(parts) != 2:
            raise UnsupportedLayerError("sums with constants have two parts")
        if isinstance(parts[0], Tensor):
            return build.scaled(parts[0], name, shift=sign * _constant(parts[1]))
        return build.scaled(parts[1], name, scale=sign, shift=_constant(parts[0]))

    return handler


def _constant(value: Any) -> Any:
    return Fraction(value) if isinstance(value, int | float) else _array(value)


def _product(build: Builder, name: str, layer: Any, *args: Any) -> Tensor:
    parts = _parts(args)
    tensors = [part for part in parts if isinstance(part, Tensor)]
    if len(tensors) != 1 or len(parts) != 2:
        raise UnsupportedLayerError("it multiplies two values that both depend on the model's input")
    factor = next(part for part in parts if not isinstance(part, Tensor))
    return build.scaled(tensors[0], name, scale=_constant(factor))


def _average(build: Builder, name: str, layer: Any, *args: Any) -> Tensor:
    parts = _parts(args)
    return build.combined(parts, [Fraction(1, len(parts))] * len(parts), name)


def _concatenate(build: Builder, name: str, layer: Any, *args: Any, **options: Any) -> Tensor:
    parts = _parts(args)
    firsts = np.cumsum([0, *(int(np.prod(part.shape)) for part in parts)]).tolist()
    numbered = [indices_of(part.shape, first=first) for part, first in zip(parts, firsts, strict=False)]
    return build.moved(parts, np.concatenate(numbered, axis=layer.axis), name)


# -- what moves entries ------------------------------------------------------------------------------------


def _flatten(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    if layer.data_format == "channels_first":  # Keras flattens with the channels last
        x = build.transposed(x, [0, *range(2, len(x.shape)), 1], f"{name}.channels_last")
    return Tensor(x.node, (1, int(np.prod(x.shape))))


def _reshape(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    return build.moved([x], indices_of(x.shape).reshape(1, *layer.target_shape), name)


def _permute(build: Builder, name: str, layer: Any, x: Tensor) -> Tensor:
    return build.transposed(x, [0, *layer.dims], name)


def _same(build: Builder, name: str, layer: Any, x: Tensor, **options: Any) -> Tensor:
    return x


def _pieces(breakpoints: Any, slopes: Any, intercept: Any, kind: str) -> Handler:
    return lambda build, name, x: build.piecewise(x, name, breakpoints, slopes, intercept, kind)


#: Activation -> (builder, name, tensor) -> tensor.
ACTIVATIONS: dict[str, Handler] = {
    "hard_sigmoid": _pieces([-3, 3], [0, Fraction(1, 6), 0], 0, "HardSigmoid"),
    "hard_tanh": _pieces([-1, 1], [0, 1, 0], -1, "HardTanh"),
    "leaky_relu": _pieces([0], [0.2, 1], 0, "LeakyReLU"),
    "linear": lambda build, name, x: x,
    "relu": _pieces([0], [0, 1], 0, "ReLU"),
    "relu6": _pieces([0, 6], [0, 1, 0], 0, "ReLU6"),
    "soft_shrink": _pieces([-0.5, 0.5], [1, 0, 1], 0.5, "SoftShrink"),
}

#: Class of a layer, or of an operation of keras.ops -> handler.
LAYERS: dict[str, Handler] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"), _convolution),
    **dict.fromkeys((f"{k}Pooling{i}D" for k in ("Max", "Average") for i in (1, 2, 3)), _pooling),
    **dict.fromkeys((f"Global{k}Pooling{i}D" for k in ("Max", "Average") for i in (1, 2, 3)), _global_pooling),
    **dict.fromkeys(("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"), _zero_padding),
    **dict.fromkeys(
        ("AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "Identity", "ActivityRegularization"), _same
    ),
    **dict.fromkeys(("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"), _same),
    "Absolute": lambda build, name, layer, x: build.piecewise(x, name, [0], [-1, 1], 0, "Abs"),
    "Add": _sum(1),
    "Average": _average,
    "BatchNormalization": _batch_normalization,
    "Concatenate": _concatenate,
    "Dense": _dense,
    "Flatten": _flatten,
    "LeakyReLU": _leaky_relu,
    "Maximum": lambda build, name, layer, *args: build.maximum(_parts(args), name),
    "Minimum": lambda build, name, layer, *args: build.minimum(_parts(args), name),
    "Multiply": _product,
    "Negative": lambda build, name, layer, x: build.scaled(x, name, scale=-1),
    "PReLU": _prelu,
    "Permute": _permute,
    "ReLU": _relu,
    "Relu": lambda build, name, layer, x: build.piecewise(x, name, [0], [0, 1], 0, "ReLU"),
    "Rescaling": _rescaling,
    "Reshape": _reshape,
    "Subtract": _sum(-1),
}

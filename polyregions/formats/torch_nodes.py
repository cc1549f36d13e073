"""What each module and function of PyTorch is as nodes of a graph.

A handler takes the builder, the new node's name and the call's arguments, as the function or the ATen operator has
them; arguments that depend on the network's input are :class:`~polyregions.formats.tensors.Tensor`, all others what
PyTorch would see. Modules call the handlers of their functions. What only moves entries is not here: the function
itself is applied to the entries' numbers (:mod:`polyregions.formats.torch_graph`).
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError, UnsupportedLayerError
from polyregions.formats.tensors import Builder, Tensor, inverse
from polyregions.graph import AveragePool, MaxPool, batch_norm

__all__ = ["CASTS", "FUNCTIONS", "MODULES", "constant"]

Handler = Callable[..., Any]

#: Casts, which in double precision do nothing.
CASTS = ("_to_copy", "bfloat16", "double", "float", "half", "to", "type_as")

_TWO = "it multiplies two values that both depend on the network's input"


def constant(value: Any, what: str) -> Any:
    """A number, or the float64 array that a tensor is, exactly."""
    if isinstance(value, Tensor):
        raise UnsupportedLayerError(f"its {what} depends on the network's input")
    if not hasattr(value, "detach"):
        return value
    if value.is_meta:
        raise NetworkError(f"its {what} is on the device 'meta', which holds no numbers")
    if value.is_complex():
        raise NetworkError(f"its {what} is of type {value.dtype}; real numbers are needed")
    array: npt.NDArray[np.float64] = value.detach().cpu().double().numpy()
    return array


def _per_axis(value: Any, axes: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    return values * axes if len(values) == 1 else values


# -- affine ----------------------------------------------------------------------------------------------


def _linear(build: Builder, name: str, x: Any, weight: Any, bias: Any = None) -> Tensor:
    return build.dense(x, constant(weight, "weight"), None if bias is None else constant(bias, "bias"), name)


def _add(build: Builder, name: str, a: Any, b: Any, *, alpha: Any = 1) -> Tensor:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return build.combined([a, b], [1, alpha], name)
    if isinstance(b, Tensor):
        return build.scaled(b, name, scale=alpha, shift=constant(a, "summand"))
    return build.scaled(a, name, shift=constant(b, "summand") * alpha)


def _sub(build: Builder, name: str, a: Any, b: Any, *, alpha: Any = 1) -> Tensor:
    return _add(build, name, a, b, alpha=-alpha)


def _mul(build: Builder, name: str, a: Any, b: Any) -> Tensor:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        raise UnsupportedLayerError(_TWO)
    x, factor = (a, b) if isinstance(a, Tensor) else (b, a)
    return build.scaled(x, name, scale=constant(factor, "factor"))


def _div(build: Builder, name: str, a: Any, b: Any, *, rounding_mode: Any = None) -> Tensor:
    if isinstance(b, Tensor) or rounding_mode is not None:
        raise UnsupportedLayerError("it divides by what depends on the network's input, or rounds")
    return build.scaled(a, name, scale=inverse(constant(b, "divisor")))


def _matmul(build: Builder, name: str, a: Any, b: Any) -> Tensor:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        raise UnsupportedLayerError(_TWO)
    matrix = np.asarray(constant(b if isinstance(a, Tensor) else a, "matrix"))
    if matrix.ndim != 2:
        raise UnsupportedLayerError(f"its matrix has shape {matrix.shape}; two axes are needed")
    return build.dense(a, matrix.T, None, name) if isinstance(a, Tensor) else build.product(matrix, b, name)


def _addmm(build: Builder, name: str, bias: Any, a: Any, b: Any) -> Tensor:
    return _add(build, f"{name}.sum", _matmul(build, name, a, b), bias)


def _convolution(
    build: Builder,
    name: str,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    filters = constant(weight, "weight")
    kernel = filters.shape[2:]
    stride, dilation = (_per_axis(value, len(kernel)) for value in (stride, dilation))
    if padding == "valid":
        padding = 0
    elif padding == "same":
        total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        padding = [(n // 2, n - n // 2) for n in total]
    else:
        padding = _per_axis(padding, len(kernel))
    biases = None if bias is None else constant(bias, "bias")
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return build.convolution(x, filters, biases, name, **options)


def _normalised(
    build: Builder, name: str, x: Tensor, mean: Any, variance: Any, gamma: Any, beta: Any, eps: float
) -> Tensor:
    if mean is None or variance is None:
        raise UnsupportedLayerError("it has no running statistics, and normalises by each batch")
    mean, variance = constant(mean, "mean"), constant(variance, "variance")
    gamma = np.ones(len(mean)) if gamma is None else constant(gamma, "weight")
    beta = np.zeros(len(mean)) if beta is None else constant(beta, "bias")
    if x.shape[0] != 1:
        raise NetworkError(f"its input has shape {x.shape}; the first axis must be a batch of one")
    return build.apply(batch_norm(gamma, beta, mean, variance, epsilon=eps, axes=len(x.shape) - 2), x, name)


def _batch_norm(
    build: Builder,
    name: str,
    x: Any,
    mean: Any,
    variance: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    **aten: Any,
) -> Tensor:
    if training:
        raise UnsupportedLayerError("it is in training mode: pass training=self.training")
    return _normalised(build, name, x, mean, variance, weight, bias, eps)


# -- pooling ---------------------------------------------------------------------------------------------


def _max_pool(
    build: Builder,
    name: str,
    x: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    if return_indices:
        raise UnsupportedLayerError("it returns the places of the maxima")
    axes = len(x.shape) - 2
    kernel = _per_axis(kernel_size, axes)
    options: dict[str, Any] = {
        "padding": _per_axis(padding, axes),
        "dilation": _per_axis(dilation, axes),
        "round_up": ceil_mode,
    }
    return build.windowed(MaxPool(kernel, stride=_per_axis(stride, axes) if stride else None, **options), x, name)


def _average_pool(
    build: Builder,
    name: str,
    x: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: Any = None,
) -> Tensor:
    if divisor_override is not None:
        raise UnsupportedLayerError("divisor_override is not supported")
    axes = len(x.shape) - 2
    stride = _per_axis(stride, axes) if stride else None
    options: dict[str, Any] = {
        "padding": _per_axis(padding, axes),
        "round_up": ceil_mode,
        "include_padding": count_include_pad,
    }
    return build.windowed(AveragePool(_per_axis(kernel_size, axes), stride=stride, **options), x, name)


def _adaptive(pool: Handler) -> Handler:
    def handler(build: Builder, name: str, x: Tensor, output_size: Any, return_indices: bool = False) -> Tensor:
        spatial = x.shape[2:]
        wanted = [n if m is None else m for n, m in zip(spatial, _per_axis(output_size, len(spatial)), strict=True)]
        if return_indices or any(n % m for n, m in zip(spatial, wanted, strict=True)):
            raise UnsupportedLayerError(f"its windows over {spatial} are not all of one size for an output of {wanted}")
        return pool(build, name, x, tuple(n // m for n, m in zip(spatial, wanted, strict=True)))  # type: ignore[no-any-return]

    return handler


def _over(make: Any) -> Handler:
    def handler(build: Builder, name: str, x: Tensor, dim: Any = None, keepdim: bool = False, **more: Any) -> Tensor:
        if more.pop("dtype", None) is not None or more:
            raise UnsupportedLayerError(f"its options {', '.join(more) or 'dtype'} are not supported")
        axes = list(range(len(x.shape))) if dim in (None, ()) else list(_per_axis(dim, 1))
        return build.pooled(x, axes, keepdim, make, name)

    return handler


def _sum(build: Builder, name: str, x: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    mean: Tensor = _over(AveragePool)(build, name, x, dim, keepdim)
    return build.scaled(mean, f"{name}.sum", scale=int(np.prod(x.shape)) // int(np.prod(mean.shape)))


# -- piecewise linear and maxima -------------------------------------------------------------------------


def _clamp(build: Builder, name: str, x: Tensor, min: Any = None, max: Any = None, **aten: Any) -> Tensor:
    low, high = (None if b is None else constant(b, "bound") for b in (min, max))
    points = [bound for bound in (low, high) if bound is not None]
    slopes = [*([0] if low is not None else []), 1, *([0] if high is not None else [])]
    return build.piecewise(x, name, points, slopes, 0 if low is None else low, "Clamp")


def _pieces(breakpoints: Any, slopes: Any, kind: str, intercept: Any = 0) -> Handler:
    def handler(build: Builder, name: str, x: Tensor, inplace: bool = False) -> Tensor:
        return build.piecewise(x, name, breakpoints, slopes, intercept, kind)

    return handler


def _leaky_relu(build: Builder, name: str, x: Tensor, negative_slope: Any = 0.01, inplace: bool = False) -> Tensor:
    return build.piecewise(x, name, [0], [constant(negative_slope, "slope"), 1], 0, "LeakyReLU")


def _prelu(build: Builder, name: str, x: Tensor, weight: Any) -> Tensor:
    slopes = constant(weight, "weight")
    shaped = slopes.reshape(-1, *[1] * (len(x.shape) - 2)) if slopes.size > 1 else slopes.reshape(())
    return build.piecewise(x, name, [0], [shaped, 1], 0, "PReLU")


def _hardtanh(
    build: Builder, name: str, x: Tensor, min_val: Any = -1, max_val: Any = 1, inplace: bool = False
) -> Tensor:
    return _clamp(build, name, x, min_val, max_val)


def _softshrink(build: Builder, name: str, x: Tensor, lambd: Any = 0.5) -> Tensor:
    return build.piecewise(x, name, [-lambd, lambd], [1, 0, 1], lambd, "Softshrink")


def _threshold(build: Builder, name: str, x: Tensor, threshold: Any, value: Any, inplace: bool = False) -> Tensor:
    if threshold != value:
        raise UnsupportedLayerError(f"it jumps from {value} to {threshold}: it is not continuous")
    return _clamp(build, name, x, threshold)


def _extreme(largest: bool) -> Handler:
    def handler(build: Builder, name: str, a: Any, b: Any = None) -> Tensor:
        if b is None or (isinstance(b, int) and not hasattr(b, "shape")):
            raise UnsupportedLayerError("over an axis it also gives places: use amax or amin, or maximum or minimum")
        if isinstance(a, Tensor) and isinstance(b, Tensor):
            return build.maximum([a, b], name) if largest else build.minimum([a, b], name)
        x, bound = (a, b) if isinstance(a, Tensor) else (b, a)
        return _clamp(build, name, x, **{"min" if largest else "max": bound})

    return handler


def _least_over(build: Builder, name: str, x: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    negative = build.scaled(x, f"{name}.minus", scale=-1)
    return build.scaled(_over(MaxPool)(build, name, negative, dim, keepdim), f"{name}.plus", scale=-1)


def _same(build: Builder, name: str, x: Tensor, *rest: Any, **more: Any) -> Tensor:
    return x


def _cast(build: Builder, name: str, x: Tensor, *rest: Any, **more: Any) -> Tensor:
    if any(getattr(value, "is_floating_point", True) is False for value in (*rest, *more.values())):
        raise UnsupportedLayerError("it rounds to integers")
    return x


def _dropout(
    build: Builder, name: str, x: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    if training and p:
        raise UnsupportedLayerError("it is in training mode: pass training=self.training")
    return x


#: Function, method or ATen operator -> handler. Names that end in an underscore, in place, are looked up without it.
FUNCTIONS: dict[str, Handler] = {
    **dict.fromkeys(("add", "iadd"), _add),
    **dict.fromkeys(("sub", "isub", "subtract"), _sub),
    **dict.fromkeys(("mul", "imul", "multiply"), _mul),
    **dict.fromkeys(("div", "divide", "truediv", "itruediv", "true_divide"), _div),
    **dict.fromkeys(("matmul", "mm"), _matmul),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("max_pool1d", "max_pool2d", "max_pool3d"), _max_pool),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d", "avg_pool3d"), _average_pool),
    **dict.fromkeys((f"adaptive_avg_pool{i}d" for i in (1, 2, 3)), _adaptive(_average_pool)),
    **dict.fromkeys((f"adaptive_max_pool{i}d" for i in (1, 2, 3)), _adaptive(_max_pool)),
    **dict.fromkeys(("abs", "absolute"), _pieces([0], [-1, 1], "Abs")),
    **dict.fromkeys(("clamp", "clip"), _clamp),
    **dict.fromkeys(("maximum", "max"), _extreme(True)),
    **dict.fromkeys(("minimum", "min"), _extreme(False)),
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout"), _dropout),
    **dict.fromkeys(("contiguous", "clone", "alias", "detach"), _same),
    **dict.fromkeys(CASTS, _cast),
    "addmm": _addmm,
    "amax": _over(MaxPool),
    "amin": _least_over,
    "batch_norm": _batch_norm,
    "clamp_max": lambda build, name, x, max: _clamp(build, name, x, None, max),
    "clamp_min": lambda build, name, x, min: _clamp(build, name, x, min),
    "hardsigmoid": _pieces([-3, 3], [0, Fraction(1, 6), 0], "Hardsigmoid"),
    "hardtanh": _hardtanh,
    "leaky_relu": _leaky_relu,
    "linear": _linear,
    "mean": _over(AveragePool),
    "neg": lambda build, name, x: build.scaled(x, name, scale=-1),
    "prelu": _prelu,
    "relu": _pieces([0], [0, 1], "ReLU"),
    "relu6": lambda build, name, x, inplace=False: _clamp(build, name, x, 0, 6),
    "rsub": lambda build, name, a, b, alpha=1: _sub(build, name, b, a, alpha=alpha),
    "softshrink": _softshrink,
    "sum": _sum,
    "threshold": _threshold,
}


def _by(function: str, *attributes: str) -> Handler:
    """The handler of a module that calls a function with these of its attributes."""

    def handler(build: Builder, name: str, module: Any, x: Tensor) -> Tensor:
        return FUNCTIONS[function](build, name, x, *(getattr(module, a) for a in attributes))  # type: ignore[no-any-return]

    return handler


def _convolution_module(build: Builder, name: str, module: Any, x: Tensor) -> Tensor:
    if module.padding_mode != "zeros":
        raise UnsupportedLayerError(
            f"padding_mode={module.padding_mode!r} is not supported: pad by torch.nn.functional.pad"
        )
    parts = (module.weight, module.bias, module.stride, module.padding, module.dilation, module.groups)
    return _convolution(build, name, x, *parts)


def _batch_norm_module(build: Builder, name: str, module: Any, x: Tensor) -> Tensor:
    parts = module.running_mean, module.running_var, module.weight, module.bias
    return _normalised(build, name, x, *parts, module.eps)


def _rrelu(build: Builder, name: str, module: Any, x: Tensor) -> Tensor:
    return _leaky_relu(build, name, x, (Fraction(module.lower) + Fraction(module.upper)) / 2)


_POOL = ("kernel_size", "stride", "padding")

#: Name of a module's class in torch.nn -> handler, which takes the module before the tensor.
MODULES: dict[str, Handler] = {
    "Linear": _by("linear", "weight", "bias"),
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), _convolution_module),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d"), _batch_norm_module),
    **dict.fromkeys(
        ("MaxPool1d", "MaxPool2d", "MaxPool3d"), _by("max_pool2d", *_POOL, "dilation", "ceil_mode", "return_indices")
    ),
    "AvgPool1d": _by("avg_pool1d", *_POOL, "ceil_mode", "count_include_pad"),
    **dict.fromkeys(
        ("AvgPool2d", "AvgPool3d"), _by("avg_pool2d", *_POOL, "ceil_mode", "count_include_pad", "divisor_override")
    ),
    **dict.fromkeys((f"AdaptiveAvgPool{i}d" for i in (1, 2, 3)), _by("adaptive_avg_pool2d", "output_size")),
    **dict.fromkeys(
        (f"AdaptiveMaxPool{i}d" for i in (1, 2, 3)), _by("adaptive_max_pool2d", "output_size", "return_indices")
    ),
    "ReLU": _by("relu"),
    "ReLU6": _by("relu6"),
    "LeakyReLU": _by("leaky_relu", "negative_slope"),
    "PReLU": _by("prelu", "weight"),
    "RReLU": _rrelu,
    "Hardtanh": _by("hardtanh", "min_val", "max_val"),
    "Hardsigmoid": _by("hardsigmoid"),
    "Softshrink": _by("softshrink", "lambd"),
    "Threshold": _by("threshold", "threshold", "value"),
    **dict.fromkeys(
        ("Identity", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"),
        lambda build, name, module, x: x,
    ),
}

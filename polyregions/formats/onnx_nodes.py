"""What each type of ONNX node is as nodes of a graph.

A value is an array, which does not depend on the input, or a :class:`~polyregions.formats.tensors.Tensor`. A handler
takes a :class:`Call`, whose inputs are such values, and gives the node's first output, or a list of all. What it can't
express it refuses with an UnsupportedLayerError that says why; the reader adds the node's name, and goes on to the
next. Specification: https://onnx.ai/onnx/operators.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError, UnsupportedLayerError
from polyregions.formats.onnx_names import MOVING
from polyregions.formats.tensors import Builder, Tensor, indices_of, inverse
from polyregions.graph import AveragePool, MaxPool, batch_norm
from polyregions.graph.operator import numbers

__all__ = ["HANDLERS", "Call", "decimal"]

Value = Tensor | npt.NDArray[Any]
Handler = Callable[["Call"], Any]

#: Beyond what float32 holds: what exporters write for "no bound".
_NO_BOUND = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Call:
    """A node with its inputs.

    Attributes
    ----------
    name : str
        The node's, or its first output's.
    inputs : list of values, None where an optional input is left out
    attributes : dict
        Numbers, texts, lists of them; floats by :func:`decimal`.
    outputs : int
        How many are used.
    evaluate : callable
        The node's own outputs for other inputs, by ONNX's reference evaluator.
    """

    name: str
    kind: str
    inputs: list[Value | None]
    attributes: Mapping[str, Any]
    outputs: int
    builder: Builder
    evaluate: Callable[[list[npt.NDArray[Any] | None]], list[npt.NDArray[Any]]]

    def tensor(self, i: int = 0) -> Tensor:
        value = self.inputs[i] if i < len(self.inputs) else None
        if not isinstance(value, Tensor):
            raise UnsupportedLayerError(f"its input {i} must depend on the model's input, and does not")
        return value

    def array(self, i: int, what: str) -> npt.NDArray[Any]:
        value = self.inputs[i] if i < len(self.inputs) else None
        if isinstance(value, np.ndarray):
            return value
        if value is None:
            raise NetworkError(f"its {what} (input {i}) is missing")
        raise UnsupportedLayerError(f"its {what} (input {i}) depends on the model's input")

    def optional(self, i: int, what: str) -> npt.NDArray[Any] | None:
        return None if len(self.inputs) <= i or self.inputs[i] is None else self.array(i, what)

    def option(self, i: int, name: str, default: Any = None) -> Any:
        """Numbers that are an input since some version, and were an attribute before."""
        value = self.optional(i, name)
        return self.attributes.get(name, default) if value is None else value.tolist()

    def tensors(self) -> list[Tensor]:
        """All inputs, constants among them as tensors."""
        return [
            value if isinstance(value, Tensor) else self.builder.constant(value, f"{self.name}.constant{i}")
            for i, value in enumerate(self.inputs)
            if value is not None
        ]


def decimal(value: float) -> float:
    """The float64 that is written like a float32: 0.01, where the float32 nearest to it is 0.00999999977648258."""
    return float(str(np.float32(value)))


# -- affine ----------------------------------------------------------------------------------------------


def _gemm(call: Call) -> Tensor:
    a, b = call.inputs[:2]
    alpha, beta = (call.attributes.get(name, 1.0) for name in ("alpha", "beta"))
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        raise UnsupportedLayerError("it multiplies two values that both depend on the model's input")
    turned_a, turned_b = bool(call.attributes.get("transA", 0)), bool(call.attributes.get("transB", 0))
    builder, name = call.builder, call.name
    c = call.inputs[2] if len(call.inputs) > 2 else None
    if isinstance(a, Tensor):
        x = builder.transposed(a, (1, 0), f"{name}.turn") if turned_a else a
        if x.shape[0] != 1:
            raise NetworkError(f"its input has shape {x.shape}: export the model for a batch of 1")
        matrix = call.array(1, "matrix")
        matrix = matrix if turned_b else matrix.T
        biases = _row(c, len(matrix)) if alpha == beta == 1 and isinstance(c, np.ndarray) else None
        if biases is not None or (c is None and alpha == 1):
            return builder.dense(x, matrix, biases, name)
        result = builder.dense(x, matrix, None, f"{name}.product")
    else:
        matrix = call.array(0, "matrix")
        x = builder.transposed(call.tensor(1), (1, 0), f"{name}.turn") if turned_b else call.tensor(1)
        result = builder.product(matrix.T if turned_a else matrix, x, f"{name}.product")
    shift: Any = 0 if not isinstance(c, np.ndarray) else numbers(beta, "beta").item() * numbers(c, "C")
    result = builder.scaled(result, name, scale=alpha, shift=shift)
    if isinstance(c, Tensor):
        result = builder.combined([result, c], [1, beta], f"{name}.sum")
    return result


def _row(c: npt.NDArray[Any], width: int) -> npt.NDArray[Any] | None:
    """Biases that are the same for each row, as a vector; None if they are not."""
    if c.ndim > 2 or (c.ndim == 2 and c.shape[0] != 1) or c.shape[-1:] not in ((), (1,), (width,)):
        return None
    return np.ascontiguousarray(np.broadcast_to(c, (1, width))[0])


def _matmul(call: Call) -> Tensor:
    a, b = call.inputs[:2]
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        raise UnsupportedLayerError("it multiplies two values that both depend on the model's input")
    left = isinstance(b, Tensor)
    matrix = call.array(0 if left else 1, "matrix")
    while matrix.ndim > 2 and matrix.shape[0] == 1:
        matrix = matrix[0]
    if matrix.ndim == 1:  # a vector: one row or column, whose axis the result does not have
        if left:
            result = call.builder.product(matrix[None, :], call.tensor(1), call.name)
            shape = call.tensor(1).shape
            return Tensor(result.node, (*shape[:-2], *shape[-1:]) if len(shape) > 1 else ())
        result = call.builder.dense(call.tensor(0), matrix[None, :], None, call.name)
        return Tensor(result.node, result.shape[:-1])
    if matrix.ndim != 2:
        raise UnsupportedLayerError(f"it multiplies by a stack of matrices, of shape {matrix.shape}")
    if left:
        return call.builder.product(matrix, call.tensor(1), call.name)
    return call.builder.dense(call.tensor(0), matrix.T, None, call.name)


def _arithmetic(sign: int) -> Handler:
    def handler(call: Call) -> Tensor:
        a, b = call.inputs[:2]
        if isinstance(a, Tensor) and isinstance(b, Tensor):
            return call.builder.combined([a, b], [1, sign], call.name)
        if isinstance(a, Tensor):
            shift = numbers(call.array(1, "second number"), "the constant")
            return call.builder.scaled(a, call.name, shift=shift if sign > 0 else -shift)
        return call.builder.scaled(call.tensor(1), call.name, scale=sign, shift=call.array(0, "first number"))

    return handler


def _mul(call: Call) -> Tensor:
    a, b = call.inputs[:2]
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        raise UnsupportedLayerError("it multiplies two values that both depend on the model's input")
    i = int(isinstance(a, Tensor))
    return call.builder.scaled(call.tensor(1 - i), call.name, scale=call.array(i, "factor"))


def _div(call: Call) -> Tensor:
    if isinstance(call.inputs[1], Tensor):
        raise UnsupportedLayerError("it divides by a value that depends on the model's input")
    return call.builder.scaled(call.tensor(0), call.name, scale=inverse(call.array(1, "divisor")))


def _sum(call: Call) -> Tensor:
    return call.builder.combined(call.tensors(), None, call.name)


def _mean(call: Call) -> Tensor:
    tensors = call.tensors()
    return call.builder.combined(tensors, [Fraction(1, len(tensors))] * len(tensors), call.name)


def _batch_normalization(call: Call) -> Tensor:
    if call.attributes.get("training_mode", 0):
        raise UnsupportedLayerError("it is in training mode: export the model after model.eval()")
    parameters = [call.array(i, what) for i, what in enumerate(("scale", "B", "mean", "variance"), start=1)]
    x = call.tensor()
    if x.shape[0] != 1 or len(x.shape) < 2:
        raise NetworkError(f"its input has shape {x.shape}: export the model for a batch of 1")
    operator = batch_norm(*parameters, epsilon=call.attributes.get("epsilon", 1e-5), axes=len(x.shape) - 2)
    return call.builder.apply(operator, x, call.name)


# -- windows ---------------------------------------------------------------------------------------------


def _paddings(call: Call, kernel: list[int], strides: list[int], dilations: list[int]) -> list[tuple[int, int]]:
    axes = len(kernel)
    mode = call.attributes.get("auto_pad", "NOTSET")
    if mode in ("NOTSET", ""):
        pads = call.attributes.get("pads", [0] * 2 * axes)
        return list(zip(pads[:axes], pads[axes:], strict=True))
    if mode == "VALID":
        return [(0, 0)] * axes
    pairs = []
    for n, k, s, d in zip(call.tensor().shape[2:], kernel, strides, dilations, strict=True):
        total = max(0, (math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n)
        less = total // 2
        pairs.append((less, total - less) if mode == "SAME_UPPER" else (total - less, less))
    return pairs


def _geometry(call: Call, kernel: list[int]) -> dict[str, Any]:
    axes = len(kernel)
    strides = call.attributes.get("strides", [1] * axes)
    dilations = call.attributes.get("dilations", [1] * axes)
    return {"stride": strides, "dilation": dilations, "padding": _paddings(call, kernel, strides, dilations)}


def _conv(call: Call) -> Tensor:
    weights = call.array(1, "filters")
    options = _geometry(call, list(weights.shape[2:]))
    groups = call.attributes.get("group", 1)
    biases = call.optional(2, "biases")
    return call.builder.convolution(call.tensor(), weights, biases, call.name, groups=groups, **options)


def _pool(make: Any, **more: str) -> Handler:
    def handler(call: Call) -> Tensor:
        if call.outputs > 1:
            raise UnsupportedLayerError("its second output, the places of the maxima, is used")
        kernel = call.attributes["kernel_shape"]
        options = {option: bool(call.attributes.get(name, 0)) for option, name in more.items()}
        operator = make(kernel, **_geometry(call, kernel), **options)
        return call.builder.windowed(operator, call.tensor(), call.name)

    return handler


def _global_pool(make: Any) -> Handler:
    return lambda call: call.builder.windowed(make(call.tensor().shape[2:]), call.tensor(), call.name)


def _reduce(make: Any) -> Handler:
    def handler(call: Call) -> Tensor:
        x = call.tensor()
        axes = call.option(1, "axes") or []
        if not axes and call.attributes.get("noop_with_empty_axes", 0):
            return x
        every = axes or range(len(x.shape))
        return call.builder.pooled(x, every, bool(call.attributes.get("keepdims", 1)), make, call.name)

    return handler


def _reduce_sum(call: Call) -> Tensor:
    mean = _reduce(AveragePool)(call)
    before, after = (int(np.prod(tensor.shape)) for tensor in (call.tensor(), mean))
    return call.builder.scaled(mean, f"{call.name}.sum", scale=before // after)


# -- piecewise linear ------------------------------------------------------------------------------------


def _entrywise(breakpoints: Any, slopes: Any, intercept: Any = 0, kind: str = "ReLU") -> Handler:
    return lambda call: call.builder.piecewise(call.tensor(), call.name, breakpoints, slopes, intercept, kind)


def _leaky_relu(call: Call) -> Tensor:
    slope = call.attributes.get("alpha", 0.01)
    return call.builder.piecewise(call.tensor(), call.name, [0], [slope, 1], 0, "LeakyRelu")


def _prelu(call: Call) -> Tensor:
    return call.builder.piecewise(call.tensor(), call.name, [0], [call.array(1, "slope"), 1], 0, "PRelu")


def _clip(call: Call) -> Tensor:
    low, high = call.option(1, "min"), call.option(2, "max")
    low, high = (None if bound is None or abs(bound) >= _NO_BOUND else bound for bound in (low, high))
    x = call.tensor()
    if low is None and high is None:
        return x
    points = [bound for bound in (low, high) if bound is not None]
    slopes = [*([0] if low is not None else []), 1, *([0] if high is not None else [])]
    return call.builder.piecewise(x, call.name, points, slopes, 0 if low is None else low, "Clip")


def _hard_sigmoid(call: Call) -> Tensor:
    # max(0, min(1, alpha x + beta)) in decimals: alpha is a fifth by default, which no float is.
    alpha, beta = (Fraction(str(call.attributes.get(n, d))) for n, d in (("alpha", 0.2), ("beta", 0.5)))
    if alpha <= 0:
        raise UnsupportedLayerError(f"its alpha is {float(alpha)}; a positive one is needed")
    points = [-beta / alpha, (1 - beta) / alpha]
    return call.builder.piecewise(call.tensor(), call.name, points, [0, alpha, 0], 0, "HardSigmoid")


def _largest(call: Call) -> Tensor:
    tensors = [value for value in call.inputs if isinstance(value, Tensor)]
    constants = [value for value in call.inputs if isinstance(value, np.ndarray)]
    result = call.builder.maximum(tensors, call.name)
    for constant in constants:
        result = call.builder.piecewise(result, call.name, [constant], [0, 1], constant, "Max")
    return result


def _least(call: Call) -> Tensor:
    tensors = [value for value in call.inputs if isinstance(value, Tensor)]
    constants = [value for value in call.inputs if isinstance(value, np.ndarray)]
    result = call.builder.minimum(tensors, call.name)
    for constant in constants:
        result = call.builder.piecewise(result, call.name, [constant], [1, 0], 0, "Min")
    return result


# -- what moves entries, and what does nothing ------------------------------------------------------------


def _identity(call: Call) -> Tensor:
    if call.kind == "Dropout" and (training := call.optional(2, "training mode")) is not None and bool(training):
        raise UnsupportedLayerError("it is in training mode: export the model after model.eval()")
    return call.tensor()


def _moving(call: Call) -> list[Tensor]:
    """Any node that only moves entries: applied to the entries' numbers by ONNX's reference evaluator."""
    inputs = list(call.inputs)
    if call.kind == "Concat":
        tensors: list[Tensor] = call.tensors()
        places = list(range(len(tensors)))
    else:
        tensors, places = [call.tensor()], [0]
    if any(isinstance(value, Tensor) for i, value in enumerate(inputs) if i not in places):
        raise UnsupportedLayerError("where it moves entries depends on the model's input")
    if call.kind == "Pad" and call.attributes.get("mode", "constant") == "constant":
        value = call.option(2, "value", 0.0)
        tensors.append(call.builder.constant([value], f"{call.name}.value"))
        inputs += [None] * (3 - len(inputs))
        places.append(2)
    first = 0
    for place, tensor in zip(places, tensors, strict=True):
        numbered = indices_of(tensor.shape, first=first)
        inputs[place] = numbered[0] if call.kind == "Pad" and place else numbered
        first += numbered.size
    try:
        results = call.evaluate(inputs)  # type: ignore[arg-type]
    except Exception as error:  # of NumPy, or of the evaluator
        shapes = ", ".join(str(tensor.shape) for tensor in tensors)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise NetworkError(f"it does not fit its input of shape {shapes}: {reason}") from None
    several = len(results) > 1
    return [
        call.builder.moved(tensors, result, f"{call.name}.{i}" if several else call.name)
        for i, result in enumerate(results)
    ]


#: Node type -> what makes its outputs.
HANDLERS: dict[str, Handler] = {
    "Abs": _entrywise([0], [-1, 1], kind="Abs"),
    "Add": _arithmetic(1),
    "AveragePool": _pool(AveragePool, include_padding="count_include_pad", round_up="ceil_mode"),
    "BatchNormalization": _batch_normalization,
    "Cast": _identity,
    "Clip": _clip,
    "Conv": _conv,
    "Div": _div,
    "Dropout": _identity,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_pool(AveragePool),
    "GlobalMaxPool": _global_pool(MaxPool),
    "HardSigmoid": _hard_sigmoid,
    "Identity": _identity,
    "LeakyRelu": _leaky_relu,
    "MatMul": _matmul,
    "Max": _largest,
    "MaxPool": _pool(MaxPool, round_up="ceil_mode"),
    "Mean": _mean,
    "Min": _least,
    "Mul": _mul,
    "Neg": lambda call: call.builder.scaled(call.tensor(), call.name, scale=-1),
    "PRelu": _prelu,
    "ReduceMax": _reduce(MaxPool),
    "ReduceMean": _reduce(AveragePool),
    "ReduceSum": _reduce_sum,
    "Relu": _entrywise([0], [0, 1], kind="ReLU"),
    "Sub": _arithmetic(-1),
    "Sum": _sum,
    **dict.fromkeys(MOVING, _moving),
}

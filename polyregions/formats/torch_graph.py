"""PyTorch modules of any connectivity: the graph that torch.fx, or else torch.export, reads off their forward pass."""

import copy
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyregions.errors import ImportCheckError, NetworkError, UnsupportedLayerError
from polyregions.formats.tensors import Builder, Tensor, indices_of, network_of
from polyregions.formats.torch_names import AFTER, ASKING, MOVING, MOVING_MODULES, PADDING_MODULES, REASONS, TRAILING
from polyregions.formats.torch_nodes import CASTS, FUNCTIONS, MODULES
from polyregions.network import Network

__all__ = ["network_from_module"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Beyond:
    """What is computed from the logits at the end; ``node`` is the traced one of the logits."""

    logits: Tensor
    node: Any
    label: str


_UNKNOWN = object()


def network_from_module(
    module: Any, torch: Any, *, input_shape: Sequence[int] | None = None, include_output: bool = False
) -> Network:
    """The network of a module; see :func:`polyregions.formats.torch.network_from_torch`."""
    # In double precision on the CPU, where every floating type of torch is exact, and in evaluation mode.
    own = copy.deepcopy(module)
    lazy = next((m for m in own.modules() if isinstance(m, torch.nn.modules.lazy.LazyModuleMixin)), None)
    if lazy is not None:
        raise UnsupportedLayerError(f"{type(lazy).__name__} has no weights yet: run the module once on a batch")
    for name, tensor in (*own.named_parameters(), *own.named_buffers()):
        if tensor.is_meta:
            raise NetworkError(f"{name} is on the device 'meta', which holds no numbers")
        if tensor.is_complex():
            raise NetworkError(f"{name} is of type {tensor.dtype}; real floating-point numbers are needed")
    own = own.cpu().double().eval()
    if getattr(torch.nn, type(own).__name__, None) is type(own) and not isinstance(own, torch.nn.Sequential):
        own = torch.nn.Sequential(own)  # so that it is one layer, and not what its forward pass calls
    traced, shape = _traced(own, torch, input_shape)
    reading = _Reading(traced, torch, shape)
    output = reading.output()
    _check(reading, output.node, torch, shape)
    return network_of(reading.builder.graph, output.node, include_output=include_output)


def _traced(module: Any, torch: Any, input_shape: Sequence[int] | None) -> tuple[Any, tuple[int, ...]]:
    """The graph module, and the shape of a batch of one."""
    shape = None if input_shape is None else (1, *(int(n) for n in input_shape))
    try:
        traced = torch.fx.symbolic_trace(module)
    except Exception as error:  # whatever the module's forward pass raises on torch.fx's proxies
        if shape is None:
            raise UnsupportedLayerError(
                f"torch.fx can't read off the forward pass of {type(module).__name__} ({_line(error)}): with "
                "input_shape=(..), without the batch, torch.export is tried too"
            ) from None
        try:
            traced = torch.export.export(module, (torch.zeros(shape, dtype=torch.float64),)).module()
        except Exception as second:
            raise UnsupportedLayerError(
                f"neither torch.fx nor torch.export can read off the forward pass of {type(module).__name__}: "
                f"{_line(error)}; {_line(second)}"
            ) from None
    return traced, shape if shape is not None else _first_shape(traced, torch)


def _first_shape(traced: Any, torch: Any) -> tuple[int, ...]:
    """A batch of one vector, if the first layer says how long it is."""
    _check_inputs(traced)
    for node in traced.graph.nodes:
        layer: Any = traced.get_submodule(node.target) if node.op == "call_module" else None
        if isinstance(layer, torch.nn.Linear):
            return 1, layer.in_features
        if type(layer) is torch.nn.BatchNorm1d:
            return 1, layer.num_features
        if node.op == "placeholder" or type(layer).__name__ in ("Identity", "Dropout", "ReLU"):
            continue
        if not (isinstance(layer, torch.nn.Flatten) and (layer.start_dim, layer.end_dim) == (1, -1)):
            break
    raise NetworkError(
        "the shape of an input can't be read off: pass input_shape, such as (1, 28, 28), without a batch"
    )


def _check_inputs(traced: Any) -> None:
    more = [node for node in traced.graph.nodes if node.op == "placeholder"][1:]
    if any(not node.args for node in more):
        raise NetworkError(f"the forward pass has more inputs than one, such as {more[0].target!r}")


class _Reading:
    """A traced module's values, and the graph that its nodes make."""

    def __init__(self, traced: Any, torch: Any, shape: tuple[int, ...]) -> None:
        self.traced, self._torch = traced, torch
        self.builder = Builder(shape, "input")
        self._values: dict[Any, Any] = {}
        self._refused: list[str] = []
        #: The traced node of the output, of the logits where something after them is left out.
        self.result: Any = None

    def output(self) -> Tensor:
        _check_inputs(self.traced)
        first = next(node for node in self.traced.graph.nodes if node.op == "placeholder")
        for node in self.traced.graph.nodes:
            if node.op == "placeholder":
                self._values[node] = self.builder.input if node is first else node.args[0]
            elif node.op == "output":
                self.result = node.args[0]
            else:
                self._values[node] = self._read(node)
        if self._refused:
            many = f"{len(self._refused)} layers can't" if len(self._refused) > 1 else "a layer can't"
            raise UnsupportedLayerError(
                f"{many} be read: {'; '.join(self._refused)}. Layers must be affine, piecewise linear or maxima "
                "(docs/formats.md): replace them, or pass the part of the module before them"
            )
        if isinstance(self.result, list | tuple) and len(self.result) == 1:
            (self.result,) = self.result
        value = self._values.get(self.result) if isinstance(self.result, self._torch.fx.Node) else None
        if isinstance(value, _Beyond):
            _LOG.warning("%s at the end is left out: the regions are those of the logits", value.label)
            self.result, value = value.node, value.logits
        if not isinstance(value, Tensor):
            raise NetworkError("the forward pass must return one tensor that depends on its input")
        if value.node == self.builder.graph.input:
            raise NetworkError("the module has no Linear layer, and no other that does anything")
        return value

    @property
    def tensors(self) -> set[Any]:
        """The traced nodes that depend on the input."""
        return {node for node, value in self._values.items() if isinstance(value, Tensor)}

    def _read(self, node: Any) -> Any:
        torch = self._torch
        if node.op == "get_attr":
            value = self.traced
            for part in node.target.split("."):
                value = getattr(value, part)
            return value
        layer = self.traced.get_submodule(node.target) if node.op == "call_module" else None
        kind = type(layer).__name__ if layer is not None else _function_name(node.target)
        name = str(node.target) if layer is not None else node.name
        label = f"layer {name} ({kind})" if layer is not None else f"node {name!r} ({kind})"
        values = {key: self._values[key] for key in node.all_input_nodes}
        if kind == "GuardsFn":  # of torch.export: checks of the input
            return None
        if any(value is _UNKNOWN for value in values.values()):
            if not self._knows(layer, kind):
                self._refuse(label, REASONS.get(kind, "is not supported"))
            return _UNKNOWN
        beyond = [value for value in values.values() if isinstance(value, _Beyond)]
        args, options = (torch.fx.map_arg(part, lambda key: self._values[key]) for part in (node.args, node.kwargs))
        try:
            if beyond:
                return beyond[0]
            if not _tensors((args, options)):
                return self._outright(node, layer, args, options)
            if kind in TRAILING and not _goes_on(node, self.traced):
                (source,) = node.all_input_nodes[:1]
                return _Beyond(self._values[source], source, label)
            return self._made(node, layer, kind, name, args, options)
        except UnsupportedLayerError as error:
            self._refuse(label, str(error))
            return _UNKNOWN
        except NetworkError as error:
            text = str(error).removeprefix(f"node {name!r} ")
            raise NetworkError(f"{label}: {text.split('): ', 1)[-1] if text != str(error) else text}") from None
        except (TypeError, ValueError, IndexError, RuntimeError) as error:
            raise UnsupportedLayerError(f"{label}: this way of calling it can't be read: {_line(error)}") from None

    def _knows(self, layer: Any, kind: str) -> bool:
        if layer is None:
            return kind in FUNCTIONS or kind in MOVING or kind in ASKING
        # Exact types: a subclass may compute something else.
        own = getattr(self._torch.nn, kind, None) is type(layer)
        return own and (kind in MODULES or kind in MOVING_MODULES or kind in PADDING_MODULES)

    def _refuse(self, label: str, reason: str) -> None:
        self._refused.append(f"{label} {reason}" if reason.startswith(("is ", "may ")) else f"{label}: {reason}")

    def _outright(self, node: Any, layer: Any, args: Any, options: Any) -> Any:
        """What does not depend on the input."""
        if node.op == "call_method":
            return getattr(args[0], node.target)(*args[1:], **options)
        return (node.target if layer is None else layer)(*args, **options)

    def _made(self, node: Any, layer: Any, kind: str, name: str, args: Any, options: Any) -> Any:
        if layer is not None:
            if not self._knows(layer, kind):
                raise UnsupportedLayerError(REASONS.get(kind, "is not supported"))
            if kind in MODULES:
                return MODULES[kind](self.builder, name, layer, *args, **options)
            if kind in MOVING_MODULES:
                return self._moved(name, layer, args, options)
            return self._padded(name, args[0], layer.padding, getattr(layer, "value", 0))
        if kind in ASKING:
            return self._asked(kind, args)
        if kind in ("pad", "constant_pad_nd"):
            given = dict(zip(("input", "pad", "mode", "value"), args, strict=False)) | options
            mode = given.get("mode", "constant")
            if kind == "constant_pad_nd" or mode == "constant":
                value = given.get("value", 0) if kind == "pad" else (args[2] if len(args) > 2 else 0)
                return self._padded(name, given["input"], given["pad"], value or 0)
        if kind in FUNCTIONS:
            if kind == "batch_norm" and str(node.target).startswith("aten."):
                # ATen has the weight and the bias before the mean.
                x, weight, bias, mean, variance, *rest = args
                args = (x, mean, variance, weight, bias, *rest[:3])
            if kind in ("linear", "conv1d", "conv2d", "conv3d", "batch_norm"):
                options = {{"running_mean": "mean", "running_var": "variance"}.get(k, k): v for k, v in options.items()}
            options = {{"input": "x", "other": "b"}.get(k, k): v for k, v in options.items()}
            if "x" in options:
                args, options = (options["x"], *args), {k: v for k, v in options.items() if k != "x"}
            return FUNCTIONS[kind](self.builder, name, *args, **options)
        if kind in MOVING:
            function = node.target if node.op == "call_function" else _method(node.target)
            return self._moved(name, function, args, options)
        raise UnsupportedLayerError(REASONS.get(kind, "is not supported"))

    def _asked(self, kind: str, args: Any) -> Any:
        x, *rest = args
        shape = self._torch.Size(x.shape)
        if kind == "getattr":
            if rest[0] not in ("shape", "ndim", "dtype", "device"):
                raise UnsupportedLayerError(f"its attribute {rest[0]!r} is not supported")
            return {"shape": shape, "ndim": len(shape), "dtype": self._torch.float64, "device": "cpu"}[rest[0]]
        if kind == "numel":
            return shape.numel()
        return len(shape) if kind == "dim" else shape[rest[0]] if rest and rest[0] is not None else shape

    def _moved(self, name: str, function: Any, args: Any, options: Any) -> Any:
        """A function that only moves entries: applied to their numbers."""
        torch = self._torch
        tensors = _tensors((args, options))
        starts: dict[Tensor, int] = {}
        total = 0
        for tensor in tensors:
            if tensor not in starts:
                starts[tensor] = total
                total += int(np.prod(tensor.shape))

        def numbered(part: Any) -> Any:
            if isinstance(part, Tensor):
                return torch.from_numpy(indices_of(part.shape, first=starts[part]).astype(np.float64))
            if isinstance(part, list | tuple):
                entries = [numbered(entry) for entry in part]
                return tuple(entries) if isinstance(part, tuple) else entries
            return {key: numbered(value) for key, value in part.items()} if isinstance(part, dict) else part

        result = function(*numbered(args), **numbered(options))

        def back(part: Any, label: str) -> Any:
            if isinstance(part, torch.Tensor):
                return self.builder.moved(list(starts), part.numpy().astype(np.int64), label)
            return [back(entry, f"{label}.{i}") for i, entry in enumerate(part)]

        return back(result, name)

    def _padded(self, name: str, x: Tensor, widths: Any, value: Any) -> Tensor:
        pad = self._torch.nn.functional.pad
        numbered = self._torch.from_numpy(indices_of(x.shape).astype(np.float64))
        filling = self.builder.constant([value], f"{name}.value")
        moved = pad(numbered, tuple(widths), "constant", float(numbered.numel()))
        return self.builder.moved([x, filling], moved.numpy().astype(np.int64), name)


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [found for part in value for found in _tensors(part)] if isinstance(value, list | tuple) else []


def _function_name(target: Any) -> str:
    if not isinstance(target, str):
        packet = getattr(target, "overloadpacket", None)  # of an ATen operator
        target = (packet or target).__name__ if hasattr(packet or target, "__name__") else str(target)
    return target if target.startswith("__") else str(target).rstrip("_")


def _method(name: str) -> Any:
    return lambda value, *args, **options: getattr(value, name)(*args, **options)


def _goes_on(node: Any, traced: Any) -> bool:
    """Whether something that is no mere end follows a node."""
    waiting = list(node.users)
    while waiting:
        user = waiting.pop()
        if user.op == "output":
            continue
        kind = (
            type(traced.get_submodule(user.target)).__name__
            if user.op == "call_module"
            else _function_name(user.target)
        )
        if kind not in AFTER:
            return True
        waiting.extend(user.users)
    return False


def _check(reading: _Reading, output: str, torch: Any, shape: tuple[int, ...]) -> None:
    """Raise unless the graph computes what the traced module does, in double precision at some points.

    A check of the reading, not of rounding: an option misread changes outputs by far more than the bound, a
    billionth of the largest, and the roundings of two passes in float64 by far less.
    """
    nodes = list(reading.traced.graph.nodes)
    nodes[-1].args = (reading.result,)
    for node in nodes:
        # In double precision casts between floats do nothing.
        if _function_name(node.target) in CASTS and node in reading.tensors:
            node.replace_all_uses_with(node.args[0])
    reading.traced.graph.eliminate_dead_code()
    reading.traced.recompile()
    generator = np.random.default_rng(0)
    points = generator.standard_normal((8, *shape)) * 2.0 ** generator.uniform(-2, 2, (8, *[1] * len(shape)))
    try:
        with torch.no_grad():
            theirs = np.array([reading.traced(torch.from_numpy(point)).numpy().ravel() for point in points])
    except Exception as error:
        raise ImportCheckError(f"the module's own forward pass in double precision failed: {_line(error)}") from error
    graph = reading.builder.graph
    ours = graph.forward(points.reshape(len(points), *graph[graph.input].shape), output).reshape(len(points), -1)
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        raise ImportCheckError("the imported network cannot be compared with the torch module: outputs overflow")
    difference = float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else np.inf
    if difference > 1e-9 * max(1.0, float(np.abs(theirs).max())):
        raise ImportCheckError(f"the imported network differs from the torch module by up to {difference:.3g}")


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

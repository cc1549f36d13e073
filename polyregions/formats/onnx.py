"""ONNX files (.onnx), opset 13 and later; the older ones of VNN-COMP are read too. Needs the package onnx.

What each node is: :mod:`polyregions.formats.onnx_nodes`; docs/formats.md. Values that do not depend on the input are
computed by ONNX's reference evaluator, in the file's own types: shapes, and constants made of constants.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import FormatError, NetworkError, UnsupportedLayerError
from polyregions.formats.onnx_names import AFTER, REASONS, TRAILING
from polyregions.formats.onnx_nodes import HANDLERS, Call, decimal
from polyregions.formats.tensors import Builder, Tensor, network_of
from polyregions.network import Network

__all__ = ["load_onnx", "network_from_onnx"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Beyond:
    """What is computed from the logits at the end of a model; ``label`` names the first node that does."""

    logits: Tensor
    label: str
    kind: str


#: The value of an output of a node that can't be read.
_UNKNOWN = object()


def load_onnx(path: str | os.PathLike[str], *, include_output: bool = False) -> Network:
    """The network in an ONNX file.

    A chain of dense layers and ReLUs gives a plain :class:`Network`, anything else a
    :class:`polyregions.graph.GraphNetwork`. A Softmax, Sigmoid, ArgMax or the like at the very end is left out, with
    a warning in the log: the regions are those of the logits.

    Parameters
    ----------
    path : path to a file
    include_output : bool, optional
        Treat the output as one more layer of ReLUs.

    Raises
    ------
    FormatError
        If the package onnx is missing, or the file or a file of its weights is missing or damaged.
    UnsupportedLayerError
        If nodes are neither affine, piecewise linear nor maxima: one error that names all of them.
    NetworkError
        If axes other than the batch have no fixed size, or shapes do not fit; the message names the node.
    """
    file = Path(path)
    try:
        import onnx
    except ImportError:
        raise FormatError(f"{file}: reading .onnx needs the package onnx: pip install 'polyregions[onnx]'") from None
    try:
        model = onnx.load(os.fspath(file))
        if model.functions:
            from onnx.inliner import inline_local_functions

            model = inline_local_functions(model)
    except Exception as error:  # of protobuf, of onnx, of the system
        raise FormatError(f"{file}: a damaged ONNX file, or weights beside it are missing: {_line(error)}") from None
    try:
        return network_from_onnx(model, include_output=include_output)
    except (FormatError, NetworkError, UnsupportedLayerError) as error:
        raise type(error)(f"{file}: {error}") from None


def network_from_onnx(model: Any, *, include_output: bool = False) -> Network:
    """The network of an ``onnx.ModelProto`` that is in memory; see :func:`load_onnx`."""
    if not model.graph.node:
        raise FormatError("no ONNX model: it has no node")
    reader = _Reader(model)
    return network_of(reader.builder.graph, reader.output().node, include_output=include_output)


class _Reader:
    """A model's values, by their names, and the graph that its nodes make."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.values: dict[str, Any] = {}
        for tensor in (*model.graph.initializer, *(sparse.values for sparse in model.graph.sparse_initializer)):
            self.values[tensor.name] = _array(tensor, f"initializer {tensor.name!r}")
        self.builder = self._input()
        self._refused: list[str] = []

    def _input(self) -> Builder:
        given = [value for value in self._model.graph.input if value.name not in self.values]
        if len(given) != 1:
            names = ", ".join(repr(value.name) for value in given)
            raise NetworkError(
                f"the model has {len(given)} inputs without values ({names}); one is needed: if these are weights, "
                "export them into the file (export_params=True)"
            )
        (value,) = given
        kind = value.type.tensor_type
        if kind.elem_type not in _float_types():
            raise NetworkError(f"input {value.name!r} is no tensor of floating-point numbers")
        shape = []
        for axis, entry in enumerate(kind.shape.dim):
            if entry.HasField("dim_value") and entry.dim_value > 0:
                shape.append(int(entry.dim_value))
            elif axis == 0:
                shape.append(1)
            else:
                name = f" ({entry.dim_param!r})" if entry.dim_param else ""
                raise NetworkError(
                    f"input {value.name!r}: axis {axis}{name} has no fixed size; only the batch's may be open: export "
                    "the model with fixed sizes, or set them with onnx.tools.update_model_dims"
                )
        if not kind.HasField("shape"):
            raise NetworkError(f"input {value.name!r} has no shape: run onnx.shape_inference, or export it with one")
        builder = Builder(tuple(shape), value.name)
        self.values[value.name] = builder.input
        return builder

    def output(self) -> Tensor:
        """The graph's output, once all nodes that it needs are read."""
        for node in self._needed():
            self._read(node)
        if self._refused:
            many = f"{len(self._refused)} nodes can't" if len(self._refused) > 1 else "a node can't"
            raise UnsupportedLayerError(
                f"{many} be read: {'; '.join(self._refused)}. Nodes must be affine, piecewise linear or maxima "
                "(docs/formats.md): replace them, or cut the model before them (onnx.utils.extract_model)"
            )
        found: dict[str, Tensor] = {}
        for value in (self.values.get(output.name) for output in self._model.graph.output):
            if isinstance(value, _Beyond):
                _LOG.warning("%s at the end is left out: the regions are those of the logits", value.label)
                value = value.logits
            if isinstance(value, Tensor):
                found[value.node] = value
        if len(found) != 1:
            names = ", ".join(repr(output.name) for output in self._model.graph.output)
            raise NetworkError(
                f"the outputs {names} are {len(found)} different functions of the input; one is needed: "
                "cut the model to one output (onnx.utils.extract_model)"
            )
        (result,) = found.values()
        return result

    def _needed(self) -> list[Any]:
        """The nodes that outputs depend on, in the file's order, which is topological."""
        wanted = {output.name for output in self._model.graph.output}
        result = []
        for node in reversed(self._model.graph.node):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                result.append(node)
        return result[::-1]

    def _read(self, node: Any) -> None:
        name = node.name or node.output[0]
        label = f"node {name!r} ({node.op_type})"
        inputs: list[Any] = []
        for source in node.input:
            if source and source not in self.values:
                raise NetworkError(
                    f"{label}: its input {source!r} is nowhere in the file; if it is a weight, export the model anew "
                    "with its weights"
                )
            inputs.append(self.values[source] if source else None)
        if any(value is _UNKNOWN for value in inputs):
            if node.op_type not in HANDLERS and node.op_type not in {"Shape", *AFTER}:
                self._refuse(label, node.op_type)
            results = [_UNKNOWN] * len(node.output)
        else:
            try:
                results = self._results(node, name, label, inputs)
            except UnsupportedLayerError as error:
                self._refuse(label, node.op_type, str(error))
                results = [_UNKNOWN] * len(node.output)
            except NetworkError as error:
                text = str(error)
                raise NetworkError(text if text.startswith("node ") else f"{label}: {text}") from None
            except ValueError as error:  # shapes that do not broadcast
                raise NetworkError(f"{label}: {_line(error)}") from None
            except (ArithmeticError, AttributeError, LookupError, TypeError) as error:  # of damaged files
                raise NetworkError(
                    f"{label}: its inputs and attributes are not those of its type ({type(error).__name__}: "
                    f"{_line(error)})"
                ) from None
        self.values.update(zip(node.output, results, strict=False))

    def _refuse(self, label: str, kind: str, reason: str = "") -> None:
        reason = reason or REASONS.get(kind, "is not supported")
        self._refused.append(f"{label} {reason}" if reason.startswith(("is ", "may ")) else f"{label}: {reason}")

    def _results(self, node: Any, name: str, label: str, inputs: list[Any]) -> list[Any]:
        import onnx

        kind = node.op_type
        if any(isinstance(value, _Beyond) for value in inputs):
            return [self._after(label, kind, inputs)] * len(node.output)
        tensors = [value for value in inputs if isinstance(value, Tensor)]
        if kind == "Shape" and tensors:
            start, end = (_attributes(node, onnx).get(side) for side in ("start", "end"))
            return [np.array(tensors[0].shape, dtype=np.int64)[start:end]]
        if not tensors:
            return self._constant(node, label, inputs)
        if kind == "Cast" and _attributes(node, onnx)["to"] not in _float_types():
            raise UnsupportedLayerError("it rounds to integers")
        if kind in TRAILING and not self._goes_on(node):
            return [_Beyond(tensors[0], label, kind)] * len(node.output)
        if kind not in HANDLERS or node.domain not in ("", "ai.onnx"):
            raise UnsupportedLayerError(REASONS.get(kind, "is not supported"))
        used = {source for other in self._model.graph.node for source in other.input}
        used.update(output.name for output in self._model.graph.output)
        call = Call(
            name,
            kind,
            inputs,
            _attributes(node, onnx),
            max(i for i, output in enumerate(node.output, start=1) if output in used),
            self.builder,
            lambda arrays: _evaluated(self._model, node, arrays),
        )
        result = HANDLERS[kind](call)
        return result if isinstance(result, list) else [result]

    def _goes_on(self, node: Any) -> bool:
        """Whether something that is no mere end of a model follows a node."""
        reached = set(node.output)
        for other in self._model.graph.node:
            if reached.intersection(other.input):
                if other.op_type not in AFTER:
                    return True
                reached.update(other.output)
        return False

    def _after(self, label: str, kind: str, inputs: Sequence[Any]) -> _Beyond:
        found = {value.logits.node: value for value in inputs if isinstance(value, _Beyond)}
        if len(found) != 1 or any(isinstance(value, Tensor) for value in inputs):
            raise UnsupportedLayerError("it joins what comes after the logits with something else")
        return next(iter(found.values()))

    def _constant(self, node: Any, label: str, inputs: list[Any]) -> list[Any]:
        if "Random" in node.op_type or node.op_type in ("Bernoulli", "Multinomial"):
            raise UnsupportedLayerError("its values are random")
        try:
            return [np.asarray(value) for value in _evaluated(self._model, node, inputs)]
        except Exception as error:  # of the evaluator, of NumPy
            raise UnsupportedLayerError(f"its constant can't be computed: {_line(error)}") from None


def _evaluated(model: Any, node: Any, inputs: Sequence[npt.NDArray[Any] | None]) -> list[npt.NDArray[Any]]:
    """A node's outputs for arrays, by ONNX's reference evaluator, in the model's version of the operators."""
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    clone = type(node)()
    clone.CopyFrom(node)
    del clone.input[:]
    clone.input.extend("" if value is None else f"i{k}" for k, value in enumerate(inputs))
    feeds = {f"i{k}": value for k, value in enumerate(inputs) if value is not None}
    names = [name for name in node.output if name]
    graph = helper.make_graph(
        [clone],
        "node",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
            for name, v in feeds.items()
        ],
        [helper.make_empty_tensor_value_info(name) for name in names],
    )
    evaluator = ReferenceEvaluator(helper.make_model(graph, opset_imports=model.opset_import))
    return [np.asarray(result) for result in evaluator.run(names, feeds)]


def _attributes(node: Any, onnx: Any) -> dict[str, Any]:
    result = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if isinstance(value, bytes):
            value = value.decode()
        elif isinstance(value, float):
            value = decimal(value)
        result[attribute.name] = value
    return result


def _array(tensor: Any, label: str) -> npt.NDArray[Any]:
    from onnx import numpy_helper

    try:
        array: npt.NDArray[Any] = numpy_helper.to_array(tensor)
    except Exception as error:  # of NumPy, of onnx
        raise FormatError(f"{label} is damaged or missing: {_line(error)}") from None
    # Types that NumPy has not, such as bfloat16, are part of float32.
    return array if array.dtype.kind in "fiubO" else array.astype(np.float32)


def _float_types() -> tuple[int, ...]:
    from onnx import TensorProto

    return TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

"""Small ONNX models, made by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def model(
    nodes: Sequence[Any],
    shape: Sequence[int | str | None],
    constants: Mapping[str, Any] | None = None,
    *,
    outputs: Sequence[str] = ("y",),
    opset: int = 17,
    kind: int = TensorProto.FLOAT,
) -> Any:
    """A model of nodes with the input x and the given initializers."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    return made


def one_node(
    kind: str, shape: Sequence[int], constants: Sequence[Any] = (), *, opset: int = 17, **attributes: Any
) -> Any:
    """A model of one node; of the constants, "x" stands for the input (the first one by default), None for left out."""
    given = list(constants) if any(isinstance(c, str) for c in constants) else ["x", *constants]
    names = ["x" if isinstance(c, str) else "" if c is None else f"c{i}" for i, c in enumerate(given)]
    values = {f"c{i}": c for i, c in enumerate(given) if c is not None and not isinstance(c, str)}
    node = helper.make_node(kind, names, ["y"], name="it", **attributes)
    return model([node], shape, values, opset=opset)


def dense(weights: Sequence[Any], biases: Sequence[Any]) -> Any:
    """Gemm and Relu nodes, the affine output layer last."""
    nodes, constants, value = [], {}, "x"
    for i, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        constants |= {f"W{i}": np.asarray(w), f"b{i}": np.asarray(b)}
        last = i == len(weights)
        nodes.append(
            helper.make_node("Gemm", [value, f"W{i}", f"b{i}"], ["y" if last else f"g{i}"], f"fc{i}", transB=1)
        )
        if not last:
            nodes.append(helper.make_node("Relu", [f"g{i}"], [f"h{i}"], f"relu{i}"))
        value = f"h{i}"
    kind = TensorProto.DOUBLE if constants["W1"].dtype == np.float64 else TensorProto.FLOAT
    return model(nodes, ["N", constants["W1"].shape[1]], constants, kind=kind)


def save(made: Any, path: Any) -> Any:
    onnx.save(made, path)
    return path

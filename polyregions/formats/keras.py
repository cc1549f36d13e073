"""Keras 3 models, Sequential and Functional, and .keras files. Only reading a file imports keras.

Keras has channels last, a graph first: entries are moved there and back, which makes no unit. Weights are exact;
docs/formats.md says what layers there may be.
"""

import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from polyregions.errors import FormatError, ImportCheckError, NetworkError, UnsupportedLayerError
from polyregions.formats.keras_layers import ACTIVATIONS, LAYERS
from polyregions.formats.tensors import Builder, Tensor, network_of
from polyregions.graph import Graph
from polyregions.network import Network

__all__ = ["load_keras", "network_from_keras"]

_LOG = logging.getLogger(__name__)

_TRAILING = ("log_softmax", "sigmoid", "softmax", "tanh")
_JUMPS = ("hard_shrink", "threshold")


@dataclass(frozen=True, slots=True)
class _Beyond:
    """What an activation at the end makes of the logits."""

    logits: Tensor
    activation: str
    label: str


_UNKNOWN = object()


def load_keras(path: str | os.PathLike[str], *, include_output: bool = False) -> Network:
    """The network in a .keras file; see :func:`network_from_keras`.

    Raises
    ------
    FormatError
        If keras or its backend is missing, or keras can't read the file. Code in it (Lambda layers) is not run.
    """
    try:
        import keras
    except Exception as error:  # keras imports its backend
        raise FormatError(
            f"{path}: reading .keras needs keras and a backend: pip install keras torch, with KERAS_BACKEND=torch "
            f"in the environment ({_line(error)})"
        ) from None
    try:
        model = keras.saving.load_model(Path(path), compile=False, safe_mode=True)
    except Exception as error:  # whatever keras, zipfile, json and h5py raise
        raise FormatError(f"{path}: keras can't read it: {_line(error)}") from None
    try:
        return network_from_keras(model, include_output=include_output)
    except (NetworkError, UnsupportedLayerError, ImportCheckError) as error:
        raise type(error)(f"{path}: {error}") from None


def network_from_keras(model: Any, *, include_output: bool = False) -> Network:
    """The network of a Keras model.

    A softmax, sigmoid or tanh of the last layer is left out, with a warning in the log: the regions are those of the
    logits.

    Parameters
    ----------
    model : keras.Sequential, built, or a functional keras.Model
        With one input and one output.
    include_output : bool, optional
        Treat the output as one more layer of ReLUs.

    Raises
    ------
    UnsupportedLayerError
        If layers are neither affine, piecewise linear nor maxima; one error that names all of them.
    NetworkError
        If the input's shape is not fixed, or the model has not one input and one output.
    ImportCheckError
        If the model's own outputs at random points are not those of the network.
    """
    keras = sys.modules.get("keras")
    if keras is None or not isinstance(model, keras.Model):
        raise NetworkError(f"a keras.Model is needed, not {type(model).__name__}")
    graph = _functional(model)
    if graph is None:
        raise UnsupportedLayerError(
            f"{type(model).__name__} is neither a built Sequential nor a functional model, so that its layers can't be "
            "read off: call it on a batch, or make it of keras.Input and keras.Model(inputs, outputs)"
        )
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise NetworkError(
            f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; one of each is needed"
        )
    shape = tuple(graph.inputs[0].shape)
    if None in shape[1:] or len(shape) < 2:
        raise NetworkError(f"the input's shape {shape} is not fixed: give keras.Input all sizes but the batch's")
    reading = _Reading(Builder((1, *shape[1:]), "input"), keras)
    value: Any = reading.run(graph, reading.builder.input)
    if reading.refused:
        many = f"{len(reading.refused)} layers can't" if len(reading.refused) > 1 else "a layer can't"
        raise UnsupportedLayerError(
            f"{many} be read: {'; '.join(reading.refused)}. Layers must be affine, piecewise linear or maxima "
            "(docs/formats.md): replace them"
        )
    activation = None
    if isinstance(value, _Beyond):
        _LOG.warning("%s at the end is left out: the regions are those of the logits", value.label)
        value, activation = value.logits, str(value.activation)
    _check(reading.builder.graph, value.node, model, keras, activation)
    return network_of(reading.builder.graph, value.node, include_output=include_output)


def _functional(model: Any) -> Any:
    """The graph of a model; None if it has none."""
    inner = getattr(model, "_functional", None) or model
    return inner if hasattr(inner, "_run_through_graph") and getattr(inner, "inputs", None) else None


class _Reading:
    """A model's layers, applied one by one to tensors of a graph."""

    def __init__(self, builder: Builder, keras: Any) -> None:
        self.builder, self._keras = builder, keras
        self.refused: list[str] = []

    def run(self, graph: Any, value: Any) -> Any:
        result = graph._run_through_graph([value], operation_fn=self._called)
        return result[0] if isinstance(result, list | tuple) else result

    def _called(self, layer: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            label = f"layer {layer.name!r} ({type(layer).__name__})"
            inputs = [part for arg in args for part in (arg if isinstance(arg, list | tuple) else [arg])]
            beyond = next((part for part in inputs if isinstance(part, _Beyond)), None)
            if beyond is not None:
                self._refuse(beyond.label, "is not piecewise linear")
                return _UNKNOWN
            known = all(part is not _UNKNOWN for part in inputs)
            return self._applied(layer, label, args, options, known)

        return call

    def _applied(self, layer: Any, label: str, args: Any, options: Any, known: bool) -> Any:
        if (graph := _functional(layer)) is not None:
            return self.run(graph, args[0])
        kind = type(layer).__name__
        try:
            if kind not in LAYERS and kind not in ("Activation", "Softmax"):
                raise UnsupportedLayerError("is not supported")
            activation = "softmax" if kind == "Softmax" else _activation(layer)
            if activation not in ACTIVATIONS and activation not in _TRAILING:
                why = "may jump: it is not continuous" if activation in _JUMPS else "is not piecewise linear"
                raise UnsupportedLayerError(f"{why}: its activation is {activation!r}")
            if not known:
                return _UNKNOWN
            last = "" if activation == "linear" or kind == "Activation" else ".affine"
            made = (
                args[0]
                if kind not in LAYERS
                else LAYERS[kind](
                    self.builder, layer.name + last, layer, *args, **{k: v for k, v in options.items() if v is not None}
                )
            )
            if activation in _TRAILING:
                return _Beyond(made, activation, f"the {activation} of {label}")
            return ACTIVATIONS[activation](self.builder, layer.name, made)
        except UnsupportedLayerError as error:
            self._refuse(label, str(error))
        except NetworkError as error:
            raise NetworkError(f"{label}: {error}") from None
        except (TypeError, ValueError) as error:
            self._refuse(label, f"this way of calling it can't be read: {_line(error)}")
        return _UNKNOWN

    def _refuse(self, label: str, reason: str) -> None:
        text = f"{label} {reason}" if reason.startswith(("is ", "may ")) else f"{label}: {reason}"
        if text not in self.refused:
            self.refused.append(text)


def _activation(layer: Any) -> str:
    function = getattr(layer, "activation", None)
    return "linear" if function is None else str(getattr(function, "__name__", function))


def _check(graph: Graph, output: str, model: Any, keras: Any, activation: str | None) -> None:
    """Raise unless the graph computes what the model does, as far as float32 goes.

    A check of the reading, not of rounding: an option misread changes outputs by far more than the bound.
    """
    points = np.random.default_rng(0).standard_normal((8, *graph[graph.input].shape)).astype(np.float32)
    theirs = np.asarray(keras.ops.convert_to_numpy(model(points, training=False)), dtype=np.float64).reshape(8, -1)
    ours = graph.forward(points, output).reshape(8, -1)
    if activation is not None:
        logits = keras.ops.convert_to_tensor(ours.astype(np.float32))
        ours = np.asarray(keras.ops.convert_to_numpy(getattr(keras.activations, activation)(logits)))
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        raise ImportCheckError("the imported network cannot be compared with the keras model: outputs overflow")
    difference = float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else np.inf
    if difference > 1e-3 * max(1.0, float(np.abs(theirs).max())):
        raise ImportCheckError(f"the imported network differs from the keras model by up to {difference:.3g}")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

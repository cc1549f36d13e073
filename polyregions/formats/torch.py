"""PyTorch: a ``torch.nn.Sequential`` of Linear and ReLU layers. Does not import torch; the caller's module did."""

import copy
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import ImportCheckError, NetworkError, UnsupportedLayerError
from polyregions.formats.self_check import check_points, check_same_outputs, rounding_bound
from polyregions.network import Network

__all__ = ["network_from_torch"]

_SUPPORTED = "supported are Linear, ReLU, Identity, Dropout, Flatten() and Sequential of these"

#: Layers that are affine, or could be made so, and what to do with them today.
_NOT_YET = {
    "BatchNorm": "fold it into the Linear before it (after training, torch.nn.utils.fusion.fuse_linear_bn_eval does)",
    "LazyLinear": "run the module once on a batch, which makes it a Linear",
    "Conv": "write it as a Linear on the flattened input",
    "AvgPool": "write it as a Linear on the flattened input",
    "MaxPool": "a maximum is no affine layer",
    "LayerNorm": "it divides by a norm, and so is not piecewise affine",
    "Unflatten": "the network's input is a vector",
}

FloatArray = npt.NDArray[np.float64]


def network_from_torch(module: Any, *, include_output: bool = False) -> Network:
    """The network of a ``torch.nn.Sequential`` of Linear layers with one ReLU between each two.

    Identity, Dropout and ``Flatten()`` are passed over: Dropout does nothing after training, and the network's
    input is the flattened vector. Nested Sequentials are read in order. Weights of any floating type up to
    float64 are taken exactly, from any device. The module itself is left as it is.

    Parameters
    ----------
    module : torch.nn.Sequential
    include_output : bool, optional
        Treat the output layer as one more ReLU layer; a ReLU after the last Linear is then accepted.

    Raises
    ------
    UnsupportedLayerError
        If a layer is none of these; the message names its index, "2.0" being the first one of a Sequential
        at index 2.
    NetworkError
        If the layers do not alternate, or the weights do not fit together.
    ImportCheckError
        If the module's own forward pass, in double precision at 32 random points, gives anything else.

    Examples
    --------
    >>> import torch                                                                    # doctest: +SKIP
    >>> from torch.nn import Linear, ReLU, Sequential                                   # doctest: +SKIP
    >>> network_from_torch(Sequential(Linear(2, 8), ReLU(), Linear(8, 1)))              # doctest: +SKIP
    Network(2-8-1)
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(module, torch.nn.Module):
        raise NetworkError(f"a torch.nn.Sequential is needed, not {_other(module)}")
    if not isinstance(module, torch.nn.Sequential):
        raise UnsupportedLayerError(
            f"a torch.nn.Sequential is needed, not {type(module).__name__}, whose forward pass cannot be read off: "
            "put its layers, in order, into a torch.nn.Sequential"
        )
    linears, ends_with_relu = _linear_layers(module, torch)
    if ends_with_relu and not include_output:
        raise NetworkError(
            "a ReLU follows the last Linear, but the output layer is taken to be affine: "
            "pass include_output=True to count it as a ReLU layer, or remove that ReLU"
        )
    weights = [_exact_array(layer.weight, f"layer {label} (Linear): its weight") for label, layer in linears]
    biases = [
        np.zeros(layer.out_features)
        if layer.bias is None
        else _exact_array(layer.bias, f"layer {label} (Linear): its bias")
        for label, layer in linears
    ]
    network = Network.from_arrays(weights, biases, include_output=include_output)
    _check(network, module, torch, ends_with_relu)
    return network


def _leaves(module: Any, torch: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The layers in the order of the forward pass, each with its index, nested Sequentials opened."""
    # Not module.children(): that names a layer which is used twice, such as one ReLU object, only once.
    for i, layer in enumerate(module):
        if isinstance(layer, torch.nn.Sequential):
            yield from _leaves(layer, torch, f"{prefix}{i}.")
        else:
            yield f"{prefix}{i}", layer


def _linear_layers(module: Any, torch: Any) -> tuple[list[tuple[str, Any]], bool]:
    """The Linear layers with their indices, and whether a ReLU follows the last of them."""
    nn = torch.nn
    linears: list[tuple[str, Any]] = []
    before = None
    for label, layer in _leaves(module, torch):
        # Exact types: a subclass may compute something else.
        kind = type(layer)
        if kind is nn.Identity or kind is nn.Dropout:
            continue
        name = f"layer {label} ({kind.__name__})"
        if kind is nn.Flatten:
            if (layer.start_dim, layer.end_dim) != (1, -1):
                raise UnsupportedLayerError(f"{name} flattens only some dimensions; {_SUPPORTED}")
            continue
        if kind is nn.Linear:
            if before is nn.Linear:
                raise NetworkError(
                    f"{name} follows the Linear at {linears[-1][0]} with no ReLU between: multiply the two into one "
                    "Linear, W = W2 W1 and b = W2 b1 + b2"
                )
            linears.append((label, layer))
        elif kind is nn.ReLU:
            if before is None:
                raise NetworkError(f"{name} comes before the first Linear: a network starts with an affine layer")
            if before is nn.ReLU:
                raise NetworkError(f"{name} follows another ReLU, which it repeats without effect: remove it")
        else:
            raise UnsupportedLayerError(f"{name} {_refusal(kind.__name__)}; {_SUPPORTED}")
        before = kind
    if not linears:
        raise NetworkError("the torch.nn.Sequential has no Linear layer")
    return linears, before is nn.ReLU


def _refusal(kind: str) -> str:
    hint = next((hint for part, hint in _NOT_YET.items() if part in kind), None)
    return "is neither affine nor ReLU" if hint is None else f"is not supported yet: {hint}"


def _other(thing: Any) -> str:
    """What was given instead of a module, and how to get from it to one."""
    name = type(thing).__name__
    if isinstance(thing, Mapping):
        return (
            f"{name}: if this is a state_dict, it holds weights without layers; build the Sequential and call its "
            "load_state_dict, or give the weights to Network.from_arrays"
        )
    if isinstance(thing, str | os.PathLike):
        return f"{name}: if this is a file, torch.load opens it"
    return name


def _exact_array(tensor: Any, name: str) -> FloatArray:
    if tensor.is_meta:
        raise NetworkError(f"{name} is on the device 'meta', which holds no numbers")
    if not tensor.is_floating_point():
        raise NetworkError(f"{name} is of type {tensor.dtype}; real floating-point numbers are needed")
    # To the CPU first: some devices have no float64. Every floating type of torch is part of float64.
    array: FloatArray = tensor.detach().cpu().double().numpy()
    return array


def _check(network: Network, module: Any, torch: Any, ends_with_relu: bool) -> None:
    points = check_points(network)
    try:
        with torch.no_grad():
            theirs = copy.deepcopy(module).cpu().double().eval()(torch.from_numpy(points)).numpy()
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ImportCheckError(f"the torch module's own forward pass on a batch of vectors failed: {reason}") from error
    ours = network.preactivations(points)[-1]
    if ends_with_relu:
        ours = np.maximum(ours, 0.0)
    check_same_outputs(ours, theirs, rounding_bound(network, points), "the torch module")

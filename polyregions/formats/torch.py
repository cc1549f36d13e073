"""PyTorch modules: a plain Sequential is read here, others as graphs. Does not import torch; the caller did."""

import copy
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import ImportCheckError, NetworkError
from polyregions.formats.self_check import check_points, check_same_outputs, rounding_bound
from polyregions.network import Network

__all__ = ["network_from_torch"]

FloatArray = npt.NDArray[np.float64]


def network_from_torch(
    module: Any, *, input_shape: Sequence[int] | None = None, include_output: bool = False
) -> Network:
    """The network of a torch module.

    A ``torch.nn.Sequential`` of Linear layers with one ReLU between each two, perhaps with Identity, Dropout and
    ``Flatten()``, gives a plain :class:`Network` on vectors. Of any other module the graph is read that torch.fx, or
    else torch.export, makes of its forward pass: docs/formats.md says what may be in it. A softmax, sigmoid, tanh or
    argmax at the very end is left out, with a warning in the log.

    Weights of any floating type up to float64 are taken exactly, from any device. The module is read as it is after
    ``eval()``, and left as it is.

    Parameters
    ----------
    module : torch.nn.Module
    input_shape : sequence of int, optional
        The shape of one input, without a batch axis, such as (1, 28, 28). Not needed if the first layer is a Linear.
    include_output : bool, optional
        Treat the output as one more layer of ReLUs; a ReLU at the end is that layer.

    Raises
    ------
    UnsupportedLayerError
        If layers are neither affine, piecewise linear nor maxima, or the forward pass can't be read off; one error
        that names all of them, a layer by its place in the module, "2.0" being the first one of the one at index 2.
    NetworkError
        If shapes do not fit, or the input's is needed.
    ImportCheckError
        If the module's own forward pass, in double precision at random points, gives anything else.

    Examples
    --------
    >>> import torch                                                                    # doctest: +SKIP
    >>> from torch.nn import Linear, ReLU, Sequential                                   # doctest: +SKIP
    >>> network_from_torch(Sequential(Linear(2, 8), ReLU(), Linear(8, 1)))              # doctest: +SKIP
    Network(2-8-1)
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(module, torch.nn.Module):
        raise NetworkError(f"a torch.nn.Module is needed, not {_other(module)}")
    plain = _plain_layers(module, torch, include_output)
    if plain is None or (input_shape is not None and len(input_shape) != 1):
        from polyregions.formats.torch_graph import network_from_module

        return network_from_module(module, torch, input_shape=input_shape, include_output=include_output)
    linears, ends_with_relu = plain
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
        if _is_sequential(layer, torch):
            yield from _leaves(layer, torch, f"{prefix}{i}.")
        else:
            yield f"{prefix}{i}", layer


def _is_sequential(module: Any, torch: Any) -> bool:
    """Whether its forward pass is that of a Sequential: a subclass may have another."""
    nn = torch.nn
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def _plain_layers(module: Any, torch: Any, include_output: bool) -> tuple[list[tuple[str, Any]], bool] | None:
    """The Linear layers with their indices, and whether a ReLU follows the last; None if these are not all there is."""
    nn = torch.nn
    if not _is_sequential(module, torch):
        return None
    layers = []
    for label, layer in _leaves(module, torch):
        # Exact types: a subclass may compute something else.
        kind = type(layer)
        if kind is nn.Linear or kind is nn.ReLU:
            layers.append((label, layer))
        elif kind is nn.Flatten:
            if (layer.start_dim, layer.end_dim) != (1, -1):
                return None
        elif kind is not nn.Identity and kind is not nn.Dropout:
            return None
    ends_with_relu = bool(layers) and len(layers) % 2 == 0
    alternate = all(type(layer) is (nn.ReLU if i % 2 else nn.Linear) for i, (_, layer) in enumerate(layers))
    if not layers or not alternate or (ends_with_relu and not include_output):
        return None
    return layers[::2], ends_with_relu


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

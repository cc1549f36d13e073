"""A small training loop for the reproductions: a multi-layer perceptron of ReLUs, cross-entropy, Adam, in NumPy.

He-normal weights (variance 2 / fan-in) and normal biases, as Hanin & Rolnick (2019) start from; Adam after Kingma & Ba
(2015).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polyregions.network import Network

__all__ = ["accuracy", "on_grid", "train"]


def train(
    widths: Sequence[int],
    inputs: Any,
    labels: Any,
    *,
    epochs: int,
    seed: int,
    learning_rate: float = 1e-3,
    batch: int = 128,
    weight_scale: float = 1.0,
    bias_std: float = 1e-3,
    train_biases: bool = True,
    epoch_size: int | None = None,
    after_epoch: Callable[[int, Network], None] | None = None,
) -> Network:
    """Train a classifier.

    Parameters
    ----------
    widths : inputs, hidden layers, classes
    inputs : (m, n_0) array
    labels : (m,) integers
    weight_scale : float
        The initial weights' standard deviation is this times sqrt(2 / fan-in).
    bias_std : float
        Of the initial biases; with 0 and ``train_biases=False`` the network stays without biases.
    epoch_size : int, optional
        Examples in an epoch, each input as often as any other, give or take one; by default each once.
    after_epoch : callable, optional
        Called with 0 and the initial network, and with the number of each epoch and the network after it.
    """
    random = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [random.normal(0, weight_scale * np.sqrt(2 / shape[1]), shape) for shape in shapes]
    biases = [random.normal(0, 1, shape[0]) * bias_std for shape in shapes]
    parameters = weights + biases if train_biases else weights
    means, squares = [np.zeros_like(p) for p in parameters], [np.zeros_like(p) for p in parameters]
    one_hot = np.eye(widths[-1])[labels]
    steps = 0
    if after_epoch is not None:
        after_epoch(0, Network.from_arrays(weights, biases))
    for epoch in range(1, epochs + 1):
        order = random.permutation(epoch_size or len(inputs)) % len(inputs)
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            gradients = _gradients(weights, biases, inputs[chosen], one_hot[chosen])[: len(parameters)]
            steps += 1
            for parameter, gradient, mean, square in zip(parameters, gradients, means, squares, strict=True):
                mean += 0.1 * (gradient - mean)
                square += 0.001 * (gradient**2 - square)
                step = learning_rate * np.sqrt(1 - 0.999**steps) / (1 - 0.9**steps)
                parameter -= step * mean / (np.sqrt(square) + 1e-8)
        if after_epoch is not None:
            after_epoch(epoch, Network.from_arrays(weights, biases))
    return Network.from_arrays(weights, biases)


def _gradients(weights: list[Any], biases: list[Any], inputs: Any, targets: Any) -> list[Any]:
    """Of the mean cross-entropy: by the weights, then by the biases."""
    outputs = [inputs]
    for index, (w, b) in enumerate(zip(weights, biases, strict=True)):
        g = outputs[-1] @ w.T + b
        outputs.append(np.maximum(g, 0) if index + 1 < len(weights) else g)
    shares = np.exp(outputs[-1] - outputs[-1].max(axis=1, keepdims=True))
    error = (shares / shares.sum(axis=1, keepdims=True) - targets) / len(inputs)
    by_weights, by_biases = [], []
    for index in reversed(range(len(weights))):
        by_weights.append(error.T @ outputs[index])
        by_biases.append(error.sum(axis=0))
        if index:
            error = (error @ weights[index]) * (outputs[index] > 0)
    return by_weights[::-1] + by_biases[::-1]


def accuracy(network: Network, inputs: Any, labels: Any) -> float:
    """The share of the inputs whose largest output is at their label."""
    return float((network(inputs).argmax(axis=1) == labels).mean())


def on_grid(network: Network) -> Network:
    """The network with each weight rounded to a multiple of 2^-16.

    Training leaves weights of 1e-27 at pixels that are always blank, which make the exact integers four times as long.
    """
    arrays = [[np.round(a * 2.0**16) / 2.0**16 for a in part] for part in (network.weights, network.biases)]
    return Network.from_arrays(*arrays, include_output=network.include_output)

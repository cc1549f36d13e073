"""Networks with random weights, as at the beginning of training."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from polyregions.errors import ArgumentError
from polyregions.network import Network

__all__ = ["checked_bias_std", "checked_widths", "random_network"]


def random_network(
    widths: Sequence[int], *, seed: int | np.random.Generator, bias_std: float = 1e-3, include_output: bool = False
) -> Network:
    """A network of He-normal weights and normal biases; see :meth:`polyregions.network.Network.random`."""
    sizes = checked_widths(widths)
    std = checked_bias_std(bias_std)
    rng = np.random.default_rng(seed)
    weights, biases = [], []
    for before, width in pairwise(sizes):
        weights.append(rng.normal(size=(width, before)) * np.sqrt(2 / before))
        biases.append(rng.normal(size=width) * std)
    return Network.from_arrays(weights, biases, include_output=include_output)


def checked_widths(widths: Sequence[int]) -> list[int]:
    """The widths, if a network can have them: inputs, one or more layers, outputs."""
    try:
        sizes = [int(n) for n in widths]
    except (TypeError, ValueError):
        sizes = []
    if len(sizes) < 2 or min(sizes) < 1 or sizes != list(widths):
        raise ArgumentError(
            "widths must be a list of two or more integers of at least 1, the inputs first and the outputs last, such "
            f"as [2, 16, 16, 1]; found {widths!r}"
        )
    return sizes


def checked_bias_std(bias_std: float) -> float:
    """The standard deviation, if it is one."""
    if isinstance(bias_std, bool) or not isinstance(bias_std, int | float | np.number) or not 0 <= bias_std < np.inf:
        raise ArgumentError(f"bias_std must be a finite number of at least 0, not {bias_std!r}")
    return float(bias_std)

"""What a program that counts regions is to the benchmark."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

import polyregions as pr

__all__ = ["Answer", "Peer", "UnsupportedError", "box_bounds", "distribution", "hidden_layers"]


class UnsupportedError(Exception):
    """The program can't count this network over this domain; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What one run gave.

    Attributes
    ----------
    count : int
        What was counted, or found so far where the run did not finish.
    seconds : float
        Of the program's own work. Translating the network into its terms is not charged to it.
    finished : bool
    note : str
        What else is to be known of this number.
    """

    count: int
    seconds: float
    finished: bool = True
    note: str = ""


@dataclass(frozen=True)
class Peer:
    """A program that counts, or one way to run it.

    Attributes
    ----------
    name : str
    about : str
        What is run, in one line.
    version : () -> str or None
        None where it is not installed here. Imports nothing.
    count : (network, domain, limit) -> Answer
        On one thread, in about ``limit`` seconds at most where the program can be told so. May raise
        UnsupportedError, or whatever the program raises.
    compiles : bool
        Whether a process's first run compiles, and so is not measured.
    """

    name: str
    about: str
    version: Callable[[], str | None]
    count: Callable[[pr.Network, pr.Domain, float], Answer]
    compiles: bool = False


def distribution(name: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return installed_version(name)
    except PackageNotFoundError:
        return None


def hidden_layers(network: pr.Network) -> list[tuple]:
    """(W, b) of each layer of ReLU units whose regions are counted."""
    depth = network.depth
    return list(zip(network.weights[:depth], network.biases[:depth], strict=True))


def box_bounds(domain: pr.Domain, dimension: int) -> list[tuple[float, float]]:
    """The bounds of each coordinate of a box.

    Raises
    ------
    UnsupportedError
        If the domain is no box.
    """
    if not isinstance(domain, pr.Box):
        raise UnsupportedError("counts over boxes only")
    bounds = []
    for bound in (domain.lower, domain.upper):
        bounds.append(bound if isinstance(bound, tuple) else (bound,) * dimension)
    return [(float(low), float(high)) for low, high in zip(*bounds, strict=True)]

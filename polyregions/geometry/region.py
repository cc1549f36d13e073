"""One region: its pattern, a point of it, its half-spaces and the affine map on it."""

from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.exact.numbers import nearest_float
from polyregions.network import Network, Pattern

__all__ = ["Region", "pattern_text"]


def pattern_text(pattern: Pattern) -> str:
    """A pattern as text.

    Examples
    --------
    >>> pattern_text(((1, 0, 1), (0, 1)))
    '101|01'
    """
    return "|".join("".join(map(str, states)) for states in pattern)


class Region:
    """A region of a network over a domain, by its activation pattern and a witness.

    Thin: everything else is computed when it is asked for.

    Attributes
    ----------
    pattern : tuple of tuples of 0/1
        Per ReLU layer the states of its units.
    witness : tuple of n_0 Fractions
        A point of the region in input space; for regions of full dimension an interior one.
    """

    __slots__ = ("__dict__", "_network", "pattern", "witness")

    def __init__(self, network: Network, pattern: Pattern, witness: tuple[Fraction, ...]) -> None:
        self._network = network
        self.pattern = pattern
        self.witness = witness

    def __repr__(self) -> str:
        return f"Region({pattern_text(self.pattern)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Region) and (self._network, self.pattern) == (other._network, other.pattern)

    def __hash__(self) -> int:
        return hash(self.pattern)

    @cached_property
    def point(self) -> npt.NDArray[np.float64]:
        """The witness in floats, (n_0,): rounded, and so perhaps outside a very small region."""
        return np.array([nearest_float(value) for value in self.witness])

    def affine_map(self, *, exact: bool = False) -> tuple[Any, Any]:
        """The network's map x -> A x + c on this region; see :meth:`polyregions.network.Network.affine_map`."""
        return self._network.affine_map(self.pattern, exact=exact)

    def halfspaces(self, *, exact: bool = False) -> tuple[Any, Any]:
        """The half-spaces A x <= b in input space whose intersection with the domain is the region's closure.

        Returns
        -------
        A : (N, n_0), b : (N,)
            One row per ReLU unit in the network's order, redundant ones included: an active unit's is
            ``-g(x) <= 0``, an inactive one's ``g(x) <= 0``, with g the affine form of its pre-activation. Float64
            arrays, or nested lists of Fractions with ``exact=True``.
        """
        rows: list[Any] = []
        bounds: list[Any] = []
        maps = self._network.preactivation_maps(self.pattern, exact=exact)
        for states, (a, c) in zip(self.pattern, maps, strict=False):
            for state, row, constant in zip(states, a, c, strict=True):
                sign = -1 if state else 1
                rows.append([sign * value for value in row])
                bounds.append(-sign * constant)
        if exact:
            return rows, bounds
        n = self._network.input_dimension
        return np.array(rows, dtype=np.float64).reshape(-1, n), np.array(bounds, dtype=np.float64)

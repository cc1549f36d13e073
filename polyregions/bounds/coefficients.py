"""An upper bound of the number of regions that looks at a network's coefficients, not only at its widths.

After Theorem 2 of Serra & Ramalingam (2020): the sum of Theorem 1 of Serra et al. (2018), with each layer's width
replaced by how many units can still cut, and how many can be active, when at most k units of the layer before are.
Outputs of ReLUs are not negative. So behind a set S of active units a unit with bias b > 0 is active unless some
weight from S is negative, and one with b <= 0 is inactive unless some weight from S is positive. What linear units pass
on may have either sign: a unit with a weight from one may be cut, and be active, whatever S is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

__all__ = ["coefficient_bound", "most_covered"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Sets of k units that are tried one by one; where there are more, a bound of the best one takes their place.
_MOST_SETS = 5000


def coefficient_bound(
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray],
    dimension: int,
    stably_active: Sequence[BoolArray],
    stably_inactive: Sequence[BoolArray],
    linear: Sequence[BoolArray] = (),
) -> int:
    """A bound of the number of activation patterns (R1) over a domain.

    Parameters
    ----------
    weights, biases : of the counted ReLU layers
    dimension : int
        Of the domain.
    stably_active, stably_inactive : per layer (n_l,) bool
        Units known to be positive everywhere, and nowhere, on the domain.
    linear : per layer (n_l,) bool, optional
        Units that are no ReLUs, whatever is said of their signs.

    Notes
    -----
    With I(k) and A(k) the most units of layer l that can take both states, and that can be active, behind at most k
    active units,

        R(l, k, d) = sum_{j <= min(I(k), d)} C(I(k), j) R(l + 1, A(k) - j, min(d, A(k) - j + m_l)),

    m_l being the number of linear units of layer l, which I and A leave out.
    I and A are maximum coverage problems: solved by trying all sets where these are few, else bounded by the largest k
    covers. Never above Theorem 1.

    Examples
    --------
    >>> w, no = np.array([[1.0, 1.0], [1.0, -1.0]]), np.zeros(2, bool)
    >>> coefficient_bound([w, np.abs(w)], [np.zeros(2), np.ones(2)], 2, [no, no], [no, no])  # layer 2 never cuts
    4
    """
    passing = list(linear) or [np.zeros(len(b), dtype=np.bool_) for b in biases]
    passed = [int(mask.sum()) for mask in passing]
    before: list[BoolArray | None] = [None, *passing][: len(passing)]
    layers = [
        _Layer.of(*layer)
        for layer in zip(weights, biases, stably_active, stably_inactive, passing, before, strict=True)
    ]

    @cache
    def patterns(layer: int, before: int, dimension: int) -> int:
        if layer == len(layers):
            return 1
        cutting, active = layers[layer].cutting(before), layers[layer].active(before)
        return sum(
            comb(cutting, j)
            * patterns(layer + 1, max(active - j, 0), min(dimension, max(active - j, 0) + passed[layer]))
            for j in range(min(cutting, dimension) + 1)
        )

    return patterns(0, 0, dimension)


@dataclass(frozen=True)
class _Layer:
    """What the units of the layer before can do to this one, as sets of its units in bits.

    ``always``: how many may be active whatever those units are; ``cuts[j]``: the unstable units to which unit j can
    give either state; ``wakes[j]``: the others that unit j can make active. ``unstable``: how many may take both states
    whatever those units are.
    """

    always: int
    cuts: tuple[int, ...]
    wakes: tuple[int, ...]
    unstable: int

    @classmethod
    def of(
        cls, w: FloatArray, b: FloatArray, on: BoolArray, off: BoolArray, linear: BoolArray, before: BoolArray | None
    ) -> "_Layer":
        possible = ~off & ~linear
        unstable = possible & ~on
        # Inputs, and what linear units pass on, may be negative: nothing is known but the stable units.
        free = np.ones(len(b), dtype=np.bool_) if before is None else (w[:, before] != 0).any(axis=1)
        signed = w[:, :0] if before is None else w[:, ~before]
        may_cut = np.where((b > 0)[:, None], signed < 0, signed > 0) & (unstable & ~free)[:, None]
        may_wake = (signed > 0) & ((b <= 0) & possible & ~free)[:, None]
        always = int((possible & (free | (b > 0))).sum())
        return cls(always, _bits(may_cut), _bits(may_wake), int((unstable & free).sum()))

    def cutting(self, before: int) -> int:
        return self.unstable + most_covered(self.cuts, before)

    def active(self, before: int) -> int:
        return self.always + most_covered(self.wakes, before)


def _bits(matrix: BoolArray) -> tuple[int, ...]:
    """Per column the set of rows that are true."""
    return tuple(sum(1 << i for i in np.flatnonzero(column).tolist()) for column in matrix.T)


@cache
def most_covered(covers: tuple[int, ...], count: int) -> int:
    """An upper bound of the size of the union of ``count`` of the sets; exact if they are few.

    Examples
    --------
    >>> most_covered((0b011, 0b110, 0b001), 1), most_covered((0b011, 0b110, 0b001), 2)
    (2, 3)
    """
    covers = tuple(cover for cover in covers if cover)
    union = 0
    for cover in covers:
        union |= cover
    if count >= len(covers):
        return union.bit_count()
    if comb(len(covers), count) > _MOST_SETS:
        return min(union.bit_count(), sum(sorted((cover.bit_count() for cover in covers), reverse=True)[:count]))
    best = 0
    for chosen in combinations(covers, count):
        covered = 0
        for cover in chosen:
            covered |= cover
        best = max(best, covered.bit_count())
    return best

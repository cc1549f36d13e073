"""How many regions an open cell of a running count can still hold: Theorem 1 sharpened by the network's coefficients.

One table per network, made when the first bound is asked for; after that a cell's bound is as quick as Theorem 1's.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from polyregions.bounds.coverage import most_covered
from polyregions.bounds.serra import binomials

if TYPE_CHECKING:
    from polyregions.exact.restriction import Restriction

__all__ = ["LayerStates", "OpenCellBounds", "layer_states", "open_cell_bounds"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: Products that a table may take. Where more are needed, layers are bounded for any number of active units before.
_MOST_PRODUCTS = 1_000_000
#: What all searches for maximum coverages together may look at (:mod:`polyregions.bounds.coverage`): some tenths of a
#: second.
_EFFORT = 400_000


@dataclass(frozen=True, slots=True)
class LayerStates:
    """How many ReLUs of a layer can take both states, and how many can be active, behind at most k active ReLUs.

    ``cutting[k]`` and ``active[k]`` for k = 0, 1, ...; the last entries hold for all larger k. Neither decreases.
    ``linear``: units of the layer that are none, which are not among the others.
    """

    cutting: tuple[int, ...]
    active: tuple[int, ...]
    linear: int = 0

    @classmethod
    def of_first(cls, stably_active: BoolArray, stably_inactive: BoolArray, linear: BoolArray) -> "LayerStates":
        """Of the layer on the inputs, which may be negative: nothing is known but the stable units."""
        possible = ~stably_inactive & ~linear
        return cls((int((possible & ~stably_active).sum()),), (int(possible.sum()),), int(linear.sum()))

    @classmethod
    def of(
        cls,
        w: FloatArray,
        b: FloatArray,
        stably_active: BoolArray,
        stably_inactive: BoolArray,
        linear: BoolArray,
        before: BoolArray,
        *,
        effort: int = _EFFORT,
    ) -> "LayerStates":
        """Of a layer behind units of which those of ``before`` are linear.

        Outputs of ReLUs are not negative. So behind a set S of active ones a unit with bias b > 0 is active unless some
        weight from S is negative, and one with b <= 0 is inactive unless some weight from S is positive. Both are
        maximum coverage problems. What linear units pass on may have either sign: a unit with a weight from one may be
        cut, and be active, whatever S is.
        """
        possible = ~stably_inactive & ~linear
        unstable = possible & ~stably_active
        free, signed = (w[:, before] != 0).any(axis=1), w[:, ~before]
        may_cut = np.where((b > 0)[:, None], signed < 0, signed > 0) & (unstable & ~free)[:, None]
        may_wake = (signed > 0) & (possible & (b <= 0) & ~free)[:, None]
        cutting, waking = (most_covered(_bits(covers), effort=effort // 2) for covers in (may_cut, may_wake))
        length = max(len(cutting), len(waking))
        cutting, waking = (table + [table[-1]] * (length - len(table)) for table in (cutting, waking))
        always_cutting, always = int((unstable & free).sum()), int((possible & (free | (b > 0))).sum())
        return cls(tuple(always_cutting + n for n in cutting), tuple(always + n for n in waking), int(linear.sum()))

    def known(self, before: int) -> tuple[int, int]:
        """The two numbers behind ``before`` active ReLUs."""
        k = min(before, len(self.cutting) - 1)
        return self.cutting[k], self.active[k]

    def forgetting(self) -> "LayerStates":
        """The same for any number of active ReLUs before."""
        return LayerStates(self.cutting[-1:], self.active[-1:], self.linear)


def layer_states(
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray],
    stably_active: Sequence[BoolArray],
    stably_inactive: Sequence[BoolArray],
    linear: Sequence[BoolArray],
) -> list[LayerStates]:
    """Of all counted layers: their weights and biases, and (n_l,) masks of units."""
    states = enumerate(zip(weights, biases, stably_active, stably_inactive, linear, strict=True))
    return [
        LayerStates.of(w, b, on, off, passing, linear[index - 1], effort=_EFFORT // len(weights))
        if index
        else LayerStates.of_first(on, off, passing)
        for index, (w, b, on, off, passing) in states
    ]


def _bits(matrix: BoolArray) -> list[int]:
    """Per column the set of rows that are true."""
    return [int.from_bytes(np.packbits(column, bitorder="little").tobytes(), "little") for column in matrix.T]


class OpenCellBounds:
    """Upper bounds of how many patterns (R1) are in cells of a network's domain.

    Parameters
    ----------
    layers : per counted ReLU layer
    dimension : int
        Of the domain.

    Notes
    -----
    With I(k), A(k) those of layer l, m_l linear units, behind k active ReLUs and an image of dimension d,

        R(l, k, d) = sum_{j <= min(I(k), d)} C(I(k), j) R(l + 1, A(k) - j, min(d, A(k) - j + m_l)):

    at most C(I, j) of the layer's patterns have j of the units that can cut inactive, all patterns together are no
    more than the sum (hyperplanes in R^d), and R grows with k and d, so that patterns with few inactive units count
    first. After Theorem 2 of Serra & Ramalingam (2020); Theorem 1 of Serra et al. (2018) is I = A = n_l, and is never
    less. O(L K d n) products, K the largest k from which on I and A stay the same (a handful where weights have both
    signs).
    """

    def __init__(self, layers: Sequence[LayerStates], dimension: int) -> None:
        self.dimension = dimension
        products, before = 0, dimension
        for layer in layers:
            products += len(layer.cutting) * (before + 1) * (min(before, layer.cutting[-1]) + 1)
            before = min(before, layer.active[-1] + layer.linear)
        self._layers = list(layers) if products <= _MOST_PRODUCTS else [layer.forgetting() for layer in layers]

    @cached_property
    def _rest(self) -> list[list[list[int]]]:
        """R(l, k, d) as ``_rest[l][k][d]``."""
        largest = [self.dimension]
        for layer in self._layers:
            largest.append(min(largest[-1], layer.active[-1] + layer.linear))
        rest = [[[1] * (largest[-1] + 1)]]
        for index in range(len(self._layers) - 1, -1, -1):
            layer, behind = self._layers[index], rest[-1]
            rest.append(
                [
                    [_patterns(cutting, active, layer.linear, d, behind) for d in range(largest[index] + 1)]
                    for cutting, active in zip(layer.cutting, layer.active, strict=True)
                ]
            )
        return rest[::-1]

    def whole(self) -> int:
        """The bound of the whole domain."""
        return self._rest[0][0][self.dimension]

    def cell(self, layer: int, live: int, active: int, before: int, dimension: int) -> int:
        """The bound of a cell that has entered a layer.

        Parameters
        ----------
        layer : int
            From 0.
        live : int
            Units of the layer not yet settled; the others are inactive but for ``active`` of them.
        active : int
            Linear units are among these.
        before : int
            Active units of the layer before, linear ones among them; any number for the first.
        dimension : int
            An upper bound of the dimension of the image that enters the layer.
        """
        here = self._layers[layer]
        cutting, most = here.known(before - self._layers[layer - 1].linear if layer else 0)
        most = min(active + live - here.linear, most)
        return _patterns(min(live, cutting), most, here.linear, dimension, self._rest[layer + 1])


def _patterns(cutting: int, active: int, linear: int, dimension: int, behind: list[list[int]]) -> int:
    """sum_{j <= min(cutting, dimension)} C(cutting, j) behind[active - j][min(dimension, active - j + linear)]."""
    last, widest = len(behind) - 1, len(behind[0]) - 1
    total = 0
    for j, binomial in enumerate(binomials(cutting, min(cutting, dimension))):
        left = active - j if active > j else 0
        total += binomial * behind[left if left < last else last][min(dimension, left + linear, widest)]
    return total


_made: "WeakKeyDictionary[Restriction, OpenCellBounds]" = WeakKeyDictionary()


def open_cell_bounds(restriction: "Restriction") -> OpenCellBounds:
    """The bounds of a restricted network's cells, units that intervals show to be stable left out; made once."""
    if restriction not in _made:
        _made[restriction] = _of(restriction)
    return _made[restriction]


def _of(restriction: "Restriction") -> OpenCellBounds:
    from polyregions.errors import EncodingError
    from polyregions.exact.filter import FloatBox
    from polyregions.milp.big_m import interval_bounds

    network = restriction.network
    # None is known to be stable where no float bounds some unit, or where biases are no numbers but multiplied by s.
    on = off = tuple(np.zeros(n, dtype=np.bool_) for n in restriction.widths)
    if not restriction.chart.homogeneous:
        with suppress(EncodingError):
            bounds = interval_bounds(restriction, FloatBox.of(restriction))
            on, off = bounds.stably_active, bounds.stably_inactive
    depth = network.depth
    layers = layer_states(network.weights[:depth], network.biases[:depth], on, off, restriction.linear)
    return OpenCellBounds(layers, restriction.dimension)

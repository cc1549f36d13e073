"""The exact affine forms of a layer behind many patterns at once.

One product of integer matrices serves all patterns: with k of them, the forms of a layer are W (n_l x n_(l-1)) times a
matrix of n_(l-1) rows and k (d + 1) columns, in which each pattern masks its own columns.
"""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.domain import Domain
from polyregions.exact.filter import INFLATE, U
from polyregions.exact.numbers import nearest_quotient
from polyregions.exact.restriction import Restriction
from polyregions.network import Network

__all__ = ["ExactForms", "rounded"]

FloatArray = npt.NDArray[np.float64]
States = npt.NDArray[np.bool_]

#: A form: d integer coefficients and a constant.
Row = tuple[int, ...]

#: Patterns whose forms are kept.
_KEPT = 512
#: Columns of one product.
_COLUMNS = 512


class ExactForms:
    """Integer forms over a domain's chart, of all layers of a network, the affine output layer last.

    Made when it is first needed: turning millions of weights into integers takes seconds.

    Parameters
    ----------
    network : Network
    domain : Domain
        It gives the chart; its bounds play no part.
    """

    def __init__(self, network: Network, domain: Domain) -> None:
        self._network, self._domain = network, domain
        self._offsets = np.concatenate([[0], np.cumsum([len(b) for b in network.biases])]).astype(int)
        self._known: dict[tuple[int, bytes], list[Row]] = {}
        #: Forms computed so far.
        self.computed = 0

    @cached_property
    def _restriction(self) -> Restriction:
        network = self._network
        # A graph's output can't be a layer of ReLUs, but that of its lowered network can, and only forms are asked for.
        layers = Network(
            network.weights, network.biases, include_output=True, linear=network.linear, exact=network.exact
        )
        return Restriction(layers, self._domain)

    @cached_property
    def _weights(self) -> list[Any]:
        matrix = self._restriction.arithmetic.matrix
        return [matrix(layer.weights) for layer in self._restriction.layers]

    def scale(self, layer: int) -> int:
        """The positive number by which the forms of a layer (from 0) are multiplied to be integers."""
        return math.prod(known.denominator for known in self._restriction.layers[: layer + 1])

    def rows(self, layer: int, prefixes: States) -> list[list[Row]]:
        """The forms of a layer's units, times :meth:`scale`, behind each of the given states of all earlier units.

        Parameters
        ----------
        layer : int
        prefixes : (k, offset) bool
            With at least as many columns as there are units in earlier layers.

        Returns
        -------
        k lists of n_l forms
        """
        offset = int(self._offsets[layer])
        keys = [(layer, np.packbits(states[:offset]).tobytes()) for states in prefixes]
        # A pattern may be asked for twice.
        missing = {key: i for i, key in enumerate(keys) if key not in self._known}
        found = {key: self._known[key] for key in keys if key not in missing}
        if missing:
            if len(self._known) + len(missing) > _KEPT:
                self._known.clear()
            wanted = list(missing.items())
            step = max(1, _COLUMNS // (self._restriction.dimension + 1))
            for start in range(0, len(wanted), step):
                part = wanted[start : start + step]
                made = self._compute(layer, prefixes[[i for _, i in part]])
                found.update(zip((key for key, _ in part), made, strict=True))
            self._known.update((key, found[key]) for key in list(missing)[:_KEPT])
        return [found[key] for key in keys]

    def _compute(self, layer: int, prefixes: States) -> list[list[Row]]:
        self.computed += len(prefixes)
        restriction = self._restriction
        arithmetic, count, width = restriction.arithmetic, len(prefixes), restriction.dimension + 1
        first = restriction.layers[0]
        rows: list[list[Any]] = [
            [*row, bias] * count for row, bias in zip(first.weights, first.biases, strict=True)
        ]  # fmt: skip
        scale: Any = first.denominator
        for index in range(1, layer + 1):
            start = int(self._offsets[index - 1])
            masks = np.repeat(prefixes[:, start : int(self._offsets[index])], width, axis=0).T.tolist()
            masked = [
                [value if state else 0 for value, state in zip(row, mask, strict=True)]
                for row, mask in zip(rows, masks, strict=True)
            ]
            rows = arithmetic.rows(arithmetic.multiply(self._weights[index], arithmetic.matrix(masked)))
            for row, bias in zip(rows, restriction.layers[index].biases, strict=True):
                for column in range(width - 1, count * width, width):
                    row[column] += bias * scale
            scale *= restriction.layers[index].denominator
        return [
            [tuple(map(int, row[k * width : (k + 1) * width])) for row in rows] for k in range(count)
        ]  # fmt: skip


def rounded(rows: Sequence[Row], scale: int, tiny: float) -> tuple[FloatArray, FloatArray]:
    """Forms in float64, correctly rounded, and bounds of the sums of their coefficients' errors.

    Returns
    -------
    forms : (n, d + 1), errors : (n,)
    """
    forms = np.array([[nearest_quotient(value, scale) for value in row] for row in rows], dtype=np.float64)
    # docs/float_filter.md, equation (3), in a box of radius 1.
    return forms, U * np.abs(forms).sum(axis=1) * INFLATE + tiny

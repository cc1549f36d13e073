"""The affine forms of many regions at once, modulo primes: whole numbers at the speed of floats.

Two rational maps that differ modulo a prime differ, and integers of absolute value at most B that agree modulo primes
whose product exceeds 2 B are equal (Chinese remainder theorem). So residues prove both that maps differ and that they
are the same, without writing the long integers down. A prime p is so small that n p^2 < 2^53 for the longest sum of
products, n terms: then every partial sum is an integer that float64 holds, and matrix products are exact in any order.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate
from math import isqrt

import numpy as np
import numpy.typing as npt

from polyregions.exact.restriction import Restriction
from polyregions.network import ExactLayer

__all__ = ["Residues", "projective_keys"]

FloatArray = npt.NDArray[np.float64]
States = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

#: Numbers per array that is worked on at once.
_CHUNK = 2**21
#: Random combinations of a map's residues that are compared before all of them are.
_COMBINATIONS = 3


class Residues:
    """The forms of a restricted network over chart coordinates, modulo primes.

    Parameters
    ----------
    restriction : Restriction
        Of a network with at least one counted layer.
    """

    def __init__(self, restriction: Restriction) -> None:
        network = restriction.network
        self.widths = restriction.widths
        self.dimension = restriction.dimension
        self._relu_output = network.include_output
        self._arithmetic = restriction.arithmetic
        self.layers: tuple[ExactLayer, ...] = restriction.layers
        if not network.include_output:
            self.layers = (*restriction.layers, network.exact_layers[-1])
        self._outputs = len(self.layers[-1].biases)
        longest = max(*(len(layer.weights[0]) + 1 for layer in self.layers), self._outputs * (self.dimension + 1))
        self._below = isqrt(2**53 // longest)
        self._offsets = list(accumulate(self.widths, initial=0))

    def primes(self) -> Iterator[int]:
        """Primes p with n p^2 < 2^53, from the largest down."""
        for number in range(self._below, 1, -1):
            if all(number % divisor for divisor in range(2, isqrt(number) + 1)):
                yield number

    def bound(self) -> int:
        """A bound of the absolute values of the output's coefficients in integers."""
        first, *later = self.layers
        sizes = [max(map(abs, [*row, bias])) for row, bias in zip(first.weights, first.biases, strict=True)]
        scale = first.denominator
        for layer in later:
            sizes = [
                sum(abs(w) * size for w, size in zip(row, sizes, strict=True)) + abs(bias) * scale
                for row, bias in zip(layer.weights, layer.biases, strict=True)
            ]
            scale *= layer.denominator
        return max(sizes)

    def forms(self, prime: int, states: States) -> list[FloatArray]:
        """Per counted layer the units' forms on the regions, (R, n_l, d + 1) residues; then the network's output map.

        Parameters
        ----------
        states : (R, N)
        """
        matrices = [_residues(layer, prime) for layer in self.layers]
        (weights, biases), scale = matrices[0], self.layers[0].denominator % prime
        first = np.concatenate([weights, biases[:, None]], axis=1)
        # Regions and columns first, (R, d + 1, n), so that a layer is one product of matrices.
        rows: FloatArray = np.broadcast_to(first.T, (len(states), *first.T.shape))
        result = [rows]
        for k in range(1, len(self.layers)):
            weights, biases = matrices[k]
            passed = rows * self._layer(states, k - 1)
            product = passed.reshape(-1, passed.shape[2]) @ weights.T
            rows = _modulo(product, prime).reshape(*passed.shape[:2], -1)
            rows[:, -1] = _modulo(rows[:, -1] + _modulo(biases * scale, prime), prime)
            scale = scale * self.layers[k].denominator % prime
            result.append(rows)
        if self._relu_output:
            result.append(rows * self._layer(states, len(self.widths) - 1))
        return [np.swapaxes(rows, 1, 2) for rows in result]

    def _layer(self, states: States, layer: int) -> FloatArray:
        start, end = self._offsets[layer : layer + 2]
        return states[:, None, start:end].astype(np.float64)

    def chunks(self, count: int) -> Iterator[slice]:
        """Slices of ``count`` regions, few enough at once for the arrays of their forms."""
        widest = max(len(layer.biases) for layer in self.layers)
        step = max(1, _CHUNK // (widest * (self.dimension + 1)))
        return (slice(start, start + step) for start in range(0, count, step))

    def labels(self, states: States, stop: Callable[[], bool] = lambda: False) -> Labels | None:
        """Numbers from 0 for the regions' output maps over the domain: equal if and only if the maps are, proven.

        Parameters
        ----------
        states : (R, N)
        stop : callable
            Asked now and then; True ends the work.

        Returns
        -------
        (R,), or None if stopped

        Notes
        -----
        Random combinations of the residues modulo one prime tell most maps apart; what agrees in them is compared with
        one region of its class modulo as many primes as prove equality. O(R) forward passes of d + 1 columns for the
        former, and as many times the number of bits over 20 for the regions whose map occurred before.
        """
        prime = next(self.primes())
        keys = []
        random = np.random.default_rng(prime)
        mixer = random.integers(prime, size=(self._outputs * (self.dimension + 1), _COMBINATIONS)).astype(np.float64)
        for part in self.chunks(len(states)):
            if stop():
                return None
            maps = self.forms(prime, states[part])[-1]
            keys.append(_modulo(maps.reshape(len(maps), -1) @ mixer, prime))
        _, first, labels = np.unique(np.concatenate(keys), axis=0, return_index=True, return_inverse=True)
        labels = labels.reshape(-1)
        doubtful = self._unequal(states, first[labels], stop)
        if doubtful is None:
            return None
        for label in np.unique(labels[doubtful]):
            members = np.flatnonzero(labels == label)
            exact = self._exact_maps(states[members])
            numbers = {key: i for i, key in enumerate(dict.fromkeys(exact))}
            fresh = labels.max() + 1
            labels[members] = [label if numbers[key] == 0 else fresh + numbers[key] - 1 for key in exact]
        return labels.astype(np.int64)

    def _unequal(self, states: States, other: Labels, stop: Callable[[], bool]) -> Labels | None:
        """The regions i whose map is not proven equal to that of region ``other[i]``; None if stopped."""
        repeated = np.flatnonzero(other != np.arange(len(states)))
        if not len(repeated):
            return repeated
        wanted, product, unequal = 2 * self.bound(), 1, []
        for prime in self.primes():
            for part in self.chunks(len(repeated)):
                if stop():
                    return None
                here = repeated[part]
                differ = self.forms(prime, states[here])[-1] != self.forms(prime, states[other[here]])[-1]
                unequal.append(here[differ.any(axis=(1, 2))])
            product *= prime
            if product > wanted:
                return np.unique(np.concatenate(unequal))
        return repeated  # numbers too long for all the primes there are

    def _exact_maps(self, states: States) -> list[tuple[int, ...]]:
        """The output maps in integers, times their common scale."""
        return [tuple(value for row in self._exact_map(pattern) for value in row) for pattern in states.tolist()]

    def _exact_map(self, pattern: list[int]) -> list[list[int]]:
        arithmetic = self._arithmetic
        first = self.layers[0]
        rows = [[*weights, bias] for weights, bias in zip(first.weights, first.biases, strict=True)]
        scale = first.denominator
        for k, layer in enumerate(self.layers[1:]):
            active = pattern[self._offsets[k] : self._offsets[k + 1]]
            masked = [row if on else [0] * len(row) for row, on in zip(rows, active, strict=True)]
            product = arithmetic.multiply(arithmetic.matrix(layer.weights), arithmetic.matrix(masked))
            rows = [[int(value) for value in row] for row in arithmetic.rows(product)]
            for row, bias in zip(rows, layer.biases, strict=True):
                row[-1] += bias * scale
            scale *= layer.denominator
        if self._relu_output:
            last = pattern[self._offsets[-2] :]
            rows = [row if on else [0] * len(row) for row, on in zip(rows, last, strict=True)]
        return rows


def _residues(layer: ExactLayer, prime: int) -> tuple[FloatArray, FloatArray]:
    weights = [[value % prime for value in row] for row in layer.weights]
    return np.array(weights, dtype=np.float64), np.array([value % prime for value in layer.biases], dtype=np.float64)


def _modulo(values: FloatArray, prime: int) -> FloatArray:
    """Non-negative integers, at most 2^53 - p, modulo a prime p; the quotient may be one off, which is put right."""
    quotient = values * (1.0 / prime)
    np.floor(quotient, out=quotient)
    quotient *= prime
    result: FloatArray = np.subtract(values, quotient, out=quotient)
    result += prime * (result < 0)
    result -= prime * (result >= prime)
    return result


def projective_keys(rows: FloatArray, prime: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Numbers of rows up to scalar factors: rows that are proportional as rationals, and not constant, have equal ones.

    Parameters
    ----------
    rows : (..., d + 1) residues

    Returns
    -------
    keys : (...)
    constant : (...) bool
        Rows whose first d residues are all 0: those of constant forms, and perhaps of others.

    Notes
    -----
    If u r = v s with coprime integers u, v, not both vanish modulo p, and r and s are proportional modulo p where
    neither is 0 there. So different keys prove that rows are not proportional; equal ones prove nothing.
    """
    nonzero = rows[..., :-1] != 0
    constant = ~nonzero.any(axis=-1)
    lead = np.take_along_axis(rows, nonzero.argmax(axis=-1)[..., None], axis=-1)
    normal = _modulo(rows * _inverses(lead[..., 0], prime)[..., None], prime)
    random = np.random.default_rng(prime)
    keys = np.zeros(rows.shape[:-1])
    for _ in range(2):
        mixer = random.integers(1, prime, size=rows.shape[-1]).astype(np.float64)
        keys = keys * prime + _modulo(normal @ mixer, prime)
    return keys, constant


def _inverses(values: FloatArray, prime: int) -> FloatArray:
    """Inverses modulo a prime, (..., k); those of 0 are 0.

    One inverse by the power p - 2 gives k of them: with all products of the first ones, from the last one down
    (Montgomery 1987).
    """
    nonzero = np.where(values == 0, 1.0, values)
    products = [nonzero[..., 0]]
    for j in range(1, values.shape[-1]):
        products.append(_modulo(products[-1] * nonzero[..., j], prime))
    rest, power, exponent = np.ones_like(products[-1]), products[-1], prime - 2
    while exponent:
        if exponent & 1:
            rest = _modulo(rest * power, prime)
        power = _modulo(power * power, prime)
        exponent >>= 1
    result = np.empty_like(values)
    for j in range(values.shape[-1] - 1, 0, -1):
        result[..., j] = _modulo(rest * products[j - 1], prime)
        rest = _modulo(rest * nonzero[..., j], prime)
    result[..., 0] = rest
    result[values == 0] = 0.0
    return result

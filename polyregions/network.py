"""The ReLU network that everything else is about: float weights, and the exact rationals that they are."""

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.array_likes import as_list, as_number, exact_floats, plain
from polyregions.errors import NetworkError
from polyregions.exact.layer import (
    ExactLayer,
    dyadic_layer,
    equal_layers,
    layer_name,
    nearest_floats,
    rational_layer,
    rational_layers,
)
from polyregions.exact.numbers import as_fraction, common_denominator

__all__ = ["ExactLayer", "Network", "Pattern", "rational_layer"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: An activation pattern: for each ReLU layer the tuple of its units' states, 1 active, 0 inactive.
Pattern = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Network:
    """A feed-forward network h^0 = x, g^l = W^l h^(l-1) + b^l, h^l = max(0, g^l), with an affine output layer.

    Immutable. The weights are the exact (dyadic) rationals that the float64 numbers are: what is counted are the
    regions of the real function with exactly these weights, not of a rounded forward pass.

    Parameters
    ----------
    weights : sequence of (n_l, n_(l-1)) arrays
        One per layer, the affine output layer last.
    biases : sequence of (n_l,) arrays
    include_output : bool, optional
        Treat the output layer as one more ReLU layer, whose units are part of the pattern (the
        configurations "n1,n2,10" of Serra, Tjandraatmadja & Ramalingam 2018).
    linear : sequence of (n_l,) bool arrays, optional
        One per hidden layer: units that are no ReLUs but pass their pre-activation on as it is, h_i = g_i, of either
        sign. They carry skip connections and the slopes of leaky units past a layer. Their state is always 1; they
        are not counted.
    exact : sequence of ExactLayer, optional
        The weights as rationals where these are no floats; ``weights`` and ``biases`` are then the nearest floats. Use
        :meth:`from_exact`.

    Raises
    ------
    NetworkError
        If a weight is NaN or infinite or is not a float64 number, if shapes do not match, or if a layer
        is empty; the message names the layer.

    Examples
    --------
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])   # |x|
    >>> net.input_dimension, net.widths
    (1, (2,))
    >>> float(net([-3.0])[0]), net.pattern([-3.0])
    (3.0, ((0, 1),))
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    include_output: bool = field(default=False, kw_only=True)
    linear: tuple[BoolArray, ...] = field(default=(), kw_only=True)
    exact: tuple[ExactLayer, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.include_output, bool | np.bool_):
            raise NetworkError(f"include_output must be True or False, not {self.include_output!r}")
        try:
            weights, biases = tuple(self.weights), tuple(self.biases)
        except TypeError:
            raise NetworkError("weights and biases are two sequences of arrays, one of each per layer") from None
        if not weights:
            raise NetworkError("a network needs at least one layer (the affine output layer); none was given")
        if len(weights) != len(biases):
            raise NetworkError(
                f"{len(weights)} weight matrices but {len(biases)} bias vectors; give one of each per layer"
            )
        count = len(weights)
        weights = tuple(exact_floats(w, 2, layer_name(i, count, "weights")) for i, w in enumerate(weights))
        biases = tuple(exact_floats(b, 1, layer_name(i, count, "biases")) for i, b in enumerate(biases))
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            name = layer_name(i, count, "weights")
            if 0 in w.shape:
                raise NetworkError(f"{name} have shape {w.shape}: the layer is empty; remove it")
            if b.shape != (w.shape[0],):
                raise NetworkError(f"{name} have {w.shape[0]} rows, one per unit, but the biases have shape {b.shape}")
            if i and w.shape[1] != weights[i - 1].shape[0]:
                raise NetworkError(
                    f"{name} have {w.shape[1]} columns but the layer before has {weights[i - 1].shape[0]} units"
                )
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", biases)
        object.__setattr__(self, "linear", _masks(self.linear, [len(b) for b in biases[:-1]]))
        object.__setattr__(self, "exact", rational_layers(tuple(self.exact), weights, biases))

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor, so that a copy's arrays are read-only too: unpickled arrays are not.
        return _rebuild, (type(self), self.weights, self.biases, self.include_output, self.linear, self.exact)

    @classmethod
    def from_arrays(cls, weights: Any, biases: Any, *, include_output: bool = False, linear: Any = ()) -> "Network":
        """The network of the given weight matrices and bias vectors, the affine output layer last."""
        return cls(weights, biases, include_output=include_output, linear=linear)

    @classmethod
    def from_exact(cls, layers: Sequence[ExactLayer], *, include_output: bool = False, linear: Any = ()) -> "Network":
        """The network of rational layers, the affine output layer last.

        Counts and proofs are about the rationals. Float computations use the nearest floats, within bounds that cover
        their rounding.

        Raises
        ------
        NetworkError
            If a number is beyond the range in which floats are near to it.

        Examples
        --------
        >>> third = ExactLayer([[1]], [0], 3)
        >>> net = Network.from_exact([third, third])
        >>> net.exact_preactivations([1]), float(net([1.0])[0])
        ([[Fraction(1, 3)], [Fraction(1, 9)]], 0.1111111111111111)
        """
        layers = tuple(layers)
        floats = [nearest_floats(layer, layer_name(i, len(layers), "weights")) for i, layer in enumerate(layers)]
        arrays = [w for w, _ in floats], [b for _, b in floats]
        return cls(*arrays, include_output=include_output, linear=linear, exact=layers)  # type: ignore[arg-type]

    @classmethod
    def from_npz(cls, path: Any, *, include_output: bool = False) -> "Network":
        """The network in a NumPy file with the arrays W1, b1, W2, b2, ...; see :mod:`polyregions.formats.npz`."""
        from polyregions.formats.npz import load_npz

        return load_npz(path, include_output=include_output)

    @classmethod
    def from_torch(cls, module: Any, *, input_shape: Any = None, include_output: bool = False) -> "Network":
        """The network of a torch module; see :func:`polyregions.formats.torch.network_from_torch`."""
        from polyregions.formats.torch import network_from_torch

        return network_from_torch(module, input_shape=input_shape, include_output=include_output)

    @classmethod
    def from_sklearn(cls, estimator: Any, *, include_output: bool = False) -> "Network":
        """The network of a fitted ``MLPClassifier`` or ``MLPRegressor``; see :mod:`polyregions.formats.sklearn`."""
        from polyregions.formats.sklearn import network_from_sklearn

        return network_from_sklearn(estimator, include_output=include_output)

    @classmethod
    def from_keras(cls, model: Any, *, include_output: bool = False) -> "Network":
        """The network of a Keras model; see :func:`polyregions.formats.keras.network_from_keras`."""
        from polyregions.formats.keras import network_from_keras

        return network_from_keras(model, include_output=include_output)

    @classmethod
    def from_onnx(cls, model: Any, *, include_output: bool = False) -> "Network":
        """The network of an ``onnx.ModelProto``; see :func:`polyregions.formats.onnx.network_from_onnx`."""
        from polyregions.formats.onnx import network_from_onnx

        return network_from_onnx(model, include_output=include_output)

    @classmethod
    def random(
        cls,
        widths: Sequence[int],
        *,
        seed: "int | np.random.Generator",
        bias_std: float = 1e-3,
        include_output: bool = False,
    ) -> "Network":
        """A network as at initialisation: He-normal weights and normal biases, independent, in float64.

        Weights of layer l have mean 0 and variance 2 / n_(l-1) (He et al. 2015), biases mean 0 and standard deviation
        ``bias_std``; the default is that of Hanin & Rolnick (2019), variance 1e-6. The output layer is drawn in the
        same way.

        Parameters
        ----------
        widths : sequence of int
            n_0, the widths of the layers, and the number of outputs.
        seed : int or numpy.random.Generator
            The same seed gives the same network with the same version of NumPy.
        bias_std : float, optional
        include_output : bool, optional

        Raises
        ------
        ArgumentError
            If these are not two or more widths of at least 1, or the standard deviation is negative.

        Examples
        --------
        >>> Network.random([2, 16, 16, 1], seed=0)
        Network(2-16-16-1)
        """
        from polyregions.random_networks import random_network

        return random_network(widths, seed=seed, bias_std=bias_std, include_output=include_output)

    def including_output(self, include: bool = True) -> "Network":
        """The same network with the output layer counted (or not) as one more ReLU layer."""
        return replace(self, include_output=include)

    @property
    def input_dimension(self) -> int:
        """n_0."""
        return int(self.weights[0].shape[1])

    @property
    def depth(self) -> int:
        """The number of ReLU layers that are counted."""
        return len(self.weights) - (not self.include_output)

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of the ReLU layers that are counted, their linear units included."""
        return tuple(int(w.shape[0]) for w in self.weights[: self.depth])

    @property
    def linear_widths(self) -> tuple[int, ...]:
        """How many of the units of each counted layer are linear."""
        return tuple(int(mask.sum()) for mask in self.linear_masks[: self.depth])

    @property
    def num_units(self) -> int:
        """N, the number of ReLU units that are counted."""
        return sum(self.widths) - sum(self.linear_widths)

    @cached_property
    def linear_masks(self) -> tuple[BoolArray, ...]:
        """Of every layer, the output layer last, which units are linear (of the output layer none)."""
        given = self.linear or tuple(np.zeros(len(b), dtype=np.bool_) for b in self.biases[:-1])
        return (*given, np.zeros(len(self.biases[-1]), dtype=np.bool_))

    @cached_property
    def exact_layers(self) -> tuple[ExactLayer, ...]:
        """All layers, the output layer last, in integers over a denominator: a power of two where they are floats."""
        if self.exact:
            return self.exact
        return tuple(dyadic_layer(w, b) for w, b in zip(self.weights, self.biases, strict=True))

    @cached_property
    def rounded(self) -> tuple[bool, ...]:
        """Per layer, the output layer last, whether its floats only approximate it."""
        if not self.exact:
            return (False,) * len(self.weights)
        floats = (dyadic_layer(w, b) for w, b in zip(self.weights, self.biases, strict=True))
        return tuple(not equal_layers(layer, own) for layer, own in zip(self.exact, floats, strict=True))

    @cached_property
    def sha256(self) -> str:
        """A digest of the exact weights, the shapes and ``include_output``; equal for equal functions on paper."""
        if self.exact:
            return self._rational_digest()
        # Version 2 has linear units; networks without them keep the digests that they always had.
        digest = hashlib.sha256(f"polyregions network {2 if self.linear else 1} {int(self.include_output)}\n".encode())
        for w, b in zip(self.weights, self.biases, strict=True):
            digest.update(f"{w.shape[0]} {w.shape[1]}\n".encode())
            for array in (w, b):
                # Adding zero turns -0.0, the same number, into +0.0.
                digest.update((array + 0.0).astype("<f8").tobytes())
        for mask in self.linear:
            digest.update(mask.astype(np.uint8).tobytes())
        return digest.hexdigest()

    def _rational_digest(self) -> str:
        digest = hashlib.sha256(f"polyregions network 3 {int(self.include_output)}\n".encode())
        for layer in self.exact:
            digest.update(f"{layer.width} {len(layer.weights[0])}\n".encode())
            for row in (*layer.weights, layer.biases):
                values = (Fraction(value, layer.denominator) for value in row)
                digest.update("".join(f"{v.numerator}/{v.denominator} " for v in values).encode())
        for mask in self.linear:
            digest.update(mask.astype(np.uint8).tobytes())
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        shape = "-".join(str(n) for n in (self.input_dimension, *(w.shape[0] for w in self.weights)))
        linear = f", {sum(mask.sum() for mask in self.linear)} linear units" if self.linear else ""
        return f"Network({shape}{linear}{', include_output=True' if self.include_output else ''})"

    def preactivations(self, x: npt.ArrayLike) -> list[FloatArray]:
        """The float64 pre-activations g^1, g^2, ... of every layer, the output layer last.

        Parameters
        ----------
        x : (n_0,) or (m, n_0) array

        Returns
        -------
        list of (n_l,) or (m, n_l) arrays
            Rounded: for signs that are certain use :meth:`pattern`.
        """
        try:
            # A tensor with a gradient, or of a type that NumPy does not have, is read by way of lists.
            h = np.asarray(plain(x) if hasattr(x, "detach") else x, dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise NetworkError(f"points must be an array of numbers: {str(error).splitlines()[0]}") from None
        if h.shape[-1:] != (self.input_dimension,):
            raise NetworkError(f"the network has {self.input_dimension} inputs; a point of shape {h.shape} was given")
        values = []
        for layer, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            g = h @ w.T + b
            values.append(g)
            h = np.maximum(g, 0.0)
            if self.linear:
                h = np.where(self.linear_masks[layer], g, h)
        return values

    def __call__(self, x: npt.ArrayLike) -> FloatArray:
        """The network's output in float64 arithmetic, (n_out,) or (m, n_out)."""
        output = self.preactivations(x)[-1]
        return np.maximum(output, 0.0) if self.include_output else output

    def pattern(self, x: Any) -> Pattern:
        """The activation pattern at a point, exactly: 1 where the pre-activation is positive or the unit linear.

        Parameters
        ----------
        x : sequence of n_0 numbers
            Floats, integers, Fractions or strings such as "1/3", or a NumPy array or torch tensor; taken exactly.

        Raises
        ------
        NetworkError
            If these are not n_0 finite numbers.

        Notes
        -----
        Integer arithmetic throughout; O(number of weights) products of growing integers.
        """
        point = self.exact_point(x)
        values = self.exact_preactivations(point)[: self.depth]
        return tuple(
            tuple(int(passes or g > 0) for g, passes in zip(layer, mask.tolist(), strict=True))
            for layer, mask in zip(values, self.linear_masks, strict=False)
        )

    def exact_point(self, x: Any) -> list[Fraction]:
        """The n_0 rationals that a point's coordinates are.

        Raises
        ------
        NetworkError
            If these are not n_0 finite numbers.
        """
        try:
            entries = as_list(x)
        except ValueError as error:
            raise NetworkError(f"a point {error}") from None
        if len(entries) != self.input_dimension:
            raise NetworkError(f"the network has {self.input_dimension} inputs; a point of {len(entries)} was given")
        point = []
        for i, value in enumerate(entries):
            try:
                point.append(as_number(value))
            except ValueError as error:
                raise NetworkError(f"the point's coordinate {i}: {error}") from None
        return point

    def exact_preactivations(self, x: Sequence[Any]) -> list[list[Fraction]]:
        """The pre-activations of every layer at a rational point, as Fractions; the output layer last."""
        exact = [as_fraction(value) for value in x]
        scale = common_denominator(exact)
        h = [int(value * scale) for value in exact]
        result = []
        for layer, mask in zip(self.exact_layers, self.linear_masks, strict=True):
            g = [
                sum(w * v for w, v in zip(row, h, strict=True) if v) + bias * scale
                for row, bias in zip(layer.weights, layer.biases, strict=True)
            ]
            scale *= layer.denominator
            result.append([Fraction(value, scale) for value in g])
            h = [value if passes else max(value, 0) for value, passes in zip(g, mask.tolist(), strict=True)]
        return result

    def affine_map(self, pattern: Sequence[Sequence[int]], *, exact: bool = False) -> tuple[Any, Any]:
        """The affine map x -> A x + c that the network is on the region with the given pattern.

        Parameters
        ----------
        pattern : nested sequence of 0/1
            One state per counted ReLU unit.
        exact : bool, optional
            Return Fractions in nested lists instead of float64 arrays.

        Returns
        -------
        A : (n_out, n_0), c : (n_out,)

        Examples
        --------
        >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.5]])
        >>> net.affine_map(((0, 1),), exact=True)
        ([[Fraction(-1, 1)]], [Fraction(1, 2)])
        """
        a, c = self.preactivation_maps(pattern, exact=exact)[-1]
        if not self.include_output:
            return a, c
        # The output layer is a ReLU layer too: its inactive units are zero.
        active = np.array(pattern[-1], dtype=bool)
        if not exact:
            return np.where(active[:, None], a, 0.0), np.where(active, c, 0.0)
        zero = Fraction(0)
        return (
            [row if state else [zero] * len(row) for row, state in zip(a, active, strict=True)],
            [value if state else zero for value, state in zip(c, active, strict=True)],
        )

    def region_forms(self, pattern: Sequence[Sequence[int]], *, exact: bool = False) -> tuple[Any, Any]:
        """Forms A x + c that are at least 0 on the region of a pattern: one per ReLU unit, signed by its state.

        Returns
        -------
        A : (N, n_0), c : (N,)
        """
        maps = self.preactivation_maps(pattern, exact=exact)
        layers = list(zip(pattern, maps, self.linear_masks, strict=False))
        if exact:
            signed = [
                [value if state else -value for value in (*row, constant)]
                for states, (a, c), linear in layers
                for state, row, constant, passes in zip(states, a, c, linear.tolist(), strict=True)
                if not passes
            ]
            return [row[:-1] for row in signed], [row[-1] for row in signed]
        n = self.input_dimension
        signs = [np.where(np.array(states, dtype=bool), 1.0, -1.0)[~linear] for states, _, linear in layers]
        forms = [(a[~linear], c[~linear]) for _, (a, c), linear in layers]
        rows = [sign[:, None] * a for sign, (a, _) in zip(signs, forms, strict=True)]
        constants = [sign * c for sign, (_, c) in zip(signs, forms, strict=True)]
        return np.concatenate([np.empty((0, n)), *rows]), np.concatenate([np.empty(0), *constants])

    def region_units(self, pattern: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
        """To which unit (layer, unit), both from 0, each of the forms of :meth:`region_forms` belongs."""
        masks = self.linear_masks[: self.depth]
        return [(layer, unit) for layer, mask in enumerate(masks) for unit in np.flatnonzero(~mask).tolist()]

    @property
    def unit_names(self) -> list[tuple[int, int]]:
        """The (layer, unit), both from 0, of all counted units in turn."""
        return [(layer, unit) for layer, width in enumerate(self.widths) for unit in range(width)]

    @property
    def merges(self) -> bool:
        """Whether different states of the units may be one pattern: never but for a graph's network."""
        return False

    def unit_states(self, pattern: Sequence[Sequence[int]]) -> Pattern:
        """The states of all counted units, layer by layer, where a pattern holds: the pattern itself, checked.

        Raises
        ------
        NetworkError
            If it does not fit the network.
        """
        return tuple(self._checked(pattern))

    @property
    def pattern_sizes(self) -> tuple[int, ...]:
        """How many numbers each part of a pattern has."""
        return self.widths

    @property
    def pattern_options(self) -> int:
        """The numbers of a pattern are less than this: 2, for states are 0 and 1."""
        return 2

    @property
    def scope(self) -> str:
        """What of the network is counted, in words; empty for all of it. See :mod:`polyregions.chosen_layers`."""
        return ""

    @property
    def pattern_layers(self) -> tuple[tuple[int | str, ...], tuple[int, ...]]:
        """What the parts of a pattern are of: their names, or numbers from 1; and the layer that ends each."""
        numbers = tuple(range(1, self.depth + 1))
        return numbers, numbers

    def pattern_of(self, states: bytes) -> Pattern:
        """The pattern in which all counted units, in order, have these states."""
        ends = np.cumsum([0, *self.widths]).tolist()
        return tuple(tuple(states[start:end]) for start, end in itertools.pairwise(ends))

    def pattern_key(self, states: bytes) -> bytes:
        """Bytes that are equal for states of the same pattern."""
        return states

    def preactivation_maps(self, pattern: Sequence[Sequence[int]], *, exact: bool = False) -> list[tuple[Any, Any]]:
        """Per layer the affine map x -> A x + c of its pre-activations on the given pattern, the output layer last.

        Returns
        -------
        list of (A, c), A : (n_l, n_0), c : (n_l,)
            Float64 arrays, or nested lists of Fractions with ``exact=True``.
        """
        states = list(self.unit_states(pattern))
        return self._exact_maps(states) if exact else self._float_maps(states)

    def _float_maps(self, states: list[tuple[int, ...]]) -> list[tuple[Any, Any]]:
        maps: list[tuple[Any, Any]] = [(self.weights[0], self.biases[0])]
        for w, b, layer in zip(self.weights[1:], self.biases[1:], states, strict=False):
            active = np.array(layer, dtype=bool)
            a, c = maps[-1]
            maps.append((w[:, active] @ a[active], w[:, active] @ c[active] + b))
        return maps

    def _exact_maps(self, states: list[tuple[int, ...]]) -> list[tuple[Any, Any]]:
        from polyregions.exact.arithmetic import default_arithmetic

        arithmetic = default_arithmetic()
        n = self.input_dimension
        maps, scale = [], 1
        rows: list[list[Any]] = [[int(i == j) for j in range(n + 1)] for i in range(n)]
        for i, layer in enumerate(self.exact_layers):
            if i:
                rows = [row if state else [0] * (n + 1) for row, state in zip(rows, states[i - 1], strict=True)]
            rows = arithmetic.rows(arithmetic.multiply(arithmetic.matrix(layer.weights), arithmetic.matrix(rows)))
            for row, bias in zip(rows, layer.biases, strict=True):
                row[n] += bias * scale
            scale *= layer.denominator
            exact = [[Fraction(int(value), scale) for value in row] for row in rows]
            maps.append(([row[:n] for row in exact], [row[n] for row in exact]))
        return maps

    def _checked(self, pattern: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
        if tuple(len(states) for states in pattern) != self.widths:
            raise NetworkError(
                f"the pattern has layers of {[len(s) for s in pattern]} units, the network of {list(self.widths)}"
            )
        for i, states in enumerate(pattern):
            if any(s not in (0, 1) for s in states):
                raise NetworkError(f"the pattern's layer {i + 1} is {states!r}; its states must be 0 or 1")
            off = [j for j in np.flatnonzero(self.linear_masks[i]).tolist() if not states[j]]
            if off:
                raise NetworkError(f"the pattern's layer {i + 1}: unit {off[0]} is linear, and its state always 1")
            yield tuple(int(s) for s in states)


def _rebuild(kind: type[Network], weights: Any, biases: Any, include_output: bool, *more: Any) -> Network:
    linear, exact = more or ((), ())
    return kind(weights, biases, include_output=include_output, linear=linear, exact=exact)


def _masks(given: Any, widths: list[int]) -> tuple[BoolArray, ...]:
    """Which units of each hidden layer are linear, read-only; () if none is."""
    try:
        entries = tuple(given)
        arrays = [np.array(mask) for mask in entries]
    except (TypeError, ValueError):
        raise NetworkError("linear is a sequence of arrays of truth values, one per hidden layer") from None
    if not arrays:
        return ()
    if len(arrays) != len(widths):
        raise NetworkError(f"linear has {len(arrays)} masks, but there are {len(widths)} hidden layers: one for each")
    for i, (mask, width) in enumerate(zip(arrays, widths, strict=True)):
        name = f"layer {i + 1} (hidden layer): its mask of linear units"
        if mask.dtype != np.bool_ or mask.shape != (width,):
            raise NetworkError(f"{name} must be {width} truth values, not shape {mask.shape} of type {mask.dtype}")
        mask.flags.writeable = False
    return tuple(arrays) if any(mask.any() for mask in arrays) else ()

"""A network restricted to a domain, in exact integers: what every decision is about.

In chart coordinates t the first layer is again affine, W^1 (origin + B t) + b^1, so a restricted network is a
network over R^d with rational weights and a box (and perhaps rows) around t. Everything is cleared of
denominators: a vector of values carries one positive scale, which does not change signs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from polyregions.domain import Chart, Domain, Vector
from polyregions.exact.arithmetic import Arithmetic, Matrix, default_arithmetic
from polyregions.exact.numbers import common_denominator, integer_rows
from polyregions.network import ExactLayer, Network

__all__ = ["ExactPoint", "Restriction", "composed"]


@dataclass(frozen=True, slots=True)
class ExactPoint:
    """The rational point numerators / denominator in chart coordinates; the denominator is positive."""

    numerators: tuple[int, ...]
    denominator: int

    @classmethod
    def of(cls, coordinates: Sequence[Fraction]) -> "ExactPoint":
        denominator = common_denominator(coordinates)
        return cls(tuple(int(value * denominator) for value in coordinates), denominator)

    def coordinates(self) -> tuple[Fraction, ...]:
        return tuple(Fraction(value, self.denominator) for value in self.numerators)

    def towards(self, other: "ExactPoint", share: Fraction) -> "ExactPoint":
        """The point (1 - share) self + share other."""
        here, there = 1 - share, share
        return ExactPoint.of(
            [here * p + there * q for p, q in zip(self.coordinates(), other.coordinates(), strict=True)]
        )


def composed(layer: ExactLayer, origin: Sequence[Fraction], columns: Sequence[dict[int, Fraction]]) -> ExactLayer:
    """The layer W (o + B t) + b over t, the columns of B sparse."""
    # Over the denominator of the layer times that of the other numbers.
    q = common_denominator([*origin, *(v for column in columns for v in column.values())])
    sparse = [[(i, int(v * q)) for i, v in column.items()] for column in columns]
    constant = [(i, int(v * q)) for i, v in enumerate(origin) if v]
    weights = [[sum(row[i] * v for i, v in column) for column in sparse] for row in layer.weights]
    biases = [
        bias * q + sum(row[i] * v for i, v in constant) for row, bias in zip(layer.weights, layer.biases, strict=True)
    ]
    return ExactLayer(weights, biases, layer.denominator * q)


class Restriction:
    """The counted ReLU layers of a network over a domain, exact.

    Parameters
    ----------
    network : Network
    domain : Domain
    arithmetic : Arithmetic, optional
        Default: :func:`polyregions.exact.arithmetic.default_arithmetic`.
    section : (Chart, ExactLayer), optional
        Instead of the domain's own chart one of those that :mod:`polyregions.exact.sections` cuts an unbounded domain
        into, and the first layer composed with it.

    Attributes
    ----------
    chart : Chart
    dimension : int
        d, the dimension of the domain.
    widths : tuple of int
        Of the counted ReLU layers, their linear units included.
    linear : tuple of (n_l,) bool arrays
        Of the counted layers, which units are linear.
    linear_widths : tuple of int
        How many these are.
    layers : tuple of ExactLayer
        The first one composed with the chart: it takes chart coordinates.
    lower, upper : lists of d integers
        The bounds of the chart's box times ``scale``.
    scale : int
    rows : list of integer vectors of length d + 1
        ``(a, c)`` for the domain's constraints a . t + c >= 0, scaled to integers.
    bias_column : int
        Where later layers' biases stand in a form (a, c): d, that of the constant, or in a homogeneous chart d - 1, for
        there they are multiplied by its last coordinate.
    """

    def __init__(
        self,
        network: Network,
        domain: Domain,
        arithmetic: Arithmetic | None = None,
        *,
        section: tuple[Chart, ExactLayer] | None = None,
    ) -> None:
        self.network = network
        self.domain = domain
        self.arithmetic = arithmetic if arithmetic is not None else default_arithmetic()
        self.chart = domain.chart(network.input_dimension) if section is None else section[0]
        self.dimension = self.chart.dimension
        self.bias_column = self.dimension - int(self.chart.homogeneous)
        self.widths = network.widths
        self.linear = network.linear_masks[: network.depth]
        self.linear_widths = network.linear_widths
        layers = network.exact_layers[: network.depth]
        self.layers: tuple[ExactLayer, ...] = self._compose(layers) if section is None else (section[1], *layers[1:])
        self.scale = common_denominator([*self.chart.lower, *self.chart.upper])
        self.lower = [int(value * self.scale) for value in self.chart.lower]
        self.upper = [int(value * self.scale) for value in self.chart.upper]
        self.rows = [integer_rows([[*a, c]])[0][0] for a, c in self.chart.rows]
        self.start = ExactPoint.of(self.chart.start)

    def _compose(self, layers: tuple[ExactLayer, ...]) -> tuple[ExactLayer, ...]:
        chart: Chart = self.chart
        if not layers or chart.columns is None:
            return layers
        return (composed(layers[0], chart.origin, chart.columns), *layers[1:])

    @cached_property
    def _weights(self) -> list[Matrix]:
        """Per layer the integer matrix [W | b]."""
        return [
            self.arithmetic.matrix([[*row, bias] for row, bias in zip(layer.weights, layer.biases, strict=True)])
            for layer in self.layers
        ]

    def preactivations(self, point: ExactPoint, layers: int, pattern: Sequence[int] | None = None) -> list[list[Any]]:
        """The pre-activations of the first ``layers`` layers at a point, each layer times a positive scale.

        Parameters
        ----------
        pattern : flat sequence of unit states, optional
            Evaluate the affine maps of this pattern (of at least the layers but the last), rather than the
            network: unit i contributes its pre-activation where the state is 1, nothing where it is 0.

        Notes
        -----
        O(number of weights) integer products; the integers gain about 30 bits per layer with float32 weights
        and 60 with float64.
        """
        h: list[Any] = [*point.numerators, point.denominator]
        # What multiplies biases: 1, or in a homogeneous chart the last coordinate; 0 scales like any other value.
        scale: Any = h[self.bias_column]
        values = []
        offset = 0
        for layer in range(layers):
            g = self.arithmetic.apply(self._weights[layer], h)
            values.append(g)
            if layer + 1 < layers:
                if pattern is None:
                    passed = self.linear[layer].tolist()
                    h = [value if passes or value > 0 else 0 for value, passes in zip(g, passed, strict=True)]
                else:
                    states = pattern[offset : offset + len(g)]
                    h = [value if state else 0 for value, state in zip(g, states, strict=True)]
                offset += len(g)
                # Values are scaled by all denominators so far, and so must be the 1 that multiplies the biases.
                scale = scale * self.layers[layer].denominator
                h.append(scale)
        return values

    @cached_property
    def _over_forms(self) -> bool:
        """Whether affine maps are kept over the first layer's forms, being fewer than the coordinates."""
        # The last coordinate of a homogeneous chart need not be a function of the first layer's forms.
        return bool(self.widths) and self.widths[0] < self.dimension == self.bias_column

    def affine_rows(self, layer: int, pattern: Sequence[int]) -> Matrix:
        """The integer affine maps of a layer's pre-activations on the cells with the given pattern before it.

        Returns
        -------
        matrix of (n_l, d + 1), or (n_l, n_1 + 1) over the first layer's forms where there are fewer of them
            Row i is unit i's affine form times a positive scale; read rows with :meth:`expand`.
        """
        arithmetic = self.arithmetic
        first = self._weights[0]
        if self._over_forms:
            n = self.widths[0]
            # Form i is (W^1 t + b^1)_i times the first layer's denominator; the last column is the constant.
            first = arithmetic.matrix([[int(i == j) for j in range(n + 1)] for i in range(n)], n + 1)
        scale = self.layers[0].denominator
        rows, offset = first, 0
        for k in range(1, layer + 1):
            states = pattern[offset : offset + self.widths[k - 1]]
            offset += self.widths[k - 1]
            entries = arithmetic.rows(rows)
            width = len(entries[0])
            masked = [row if state else [0] * width for row, state in zip(entries, states, strict=True)]
            bias = width - 1 if self._over_forms else self.bias_column
            masked.append([scale * int(j == bias) for j in range(width)])
            rows = arithmetic.multiply(self._weights[k], arithmetic.matrix(masked))
            scale *= self.layers[k].denominator
        return rows

    def expand(self, row: Sequence[Any]) -> list[Any]:
        """A row of :meth:`affine_rows` as d coefficients and a constant over chart coordinates, scaled."""
        if not self._over_forms or len(row) == self.dimension + 1:
            return list(row)
        expanded = self.arithmetic.combine(list(row[:-1]), self._weights[0])
        expanded[-1] += row[-1]
        return expanded

    def ambient(self, point: Sequence[Fraction]) -> Vector:
        """The point of input space with these chart coordinates."""
        return self.chart.ambient(point)

    def split_pattern(self, states: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """A flat pattern as one tuple per layer."""
        result, offset = [], 0
        for width in self.widths:
            part = states[offset : offset + width]
            result.append(tuple(part) if isinstance(part, bytes) else tuple(int(state) for state in part))
            offset += width
        return tuple(result)

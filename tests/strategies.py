"""Hypothesis strategies: tiny networks, where small integer weights make ties common, and helpers to count them."""

from fractions import Fraction
from typing import NamedTuple

from hypothesis import strategies as st

import polyregions as pr
from tests.nets import FloatLayer, KnownNet


class TinyNet(NamedTuple):
    """ReLU layers (W, b) in floats that are exact, and a box."""

    layers: list[FloatLayer]
    lower: list[Fraction]
    upper: list[Fraction]

    @property
    def network(self) -> pr.Network:
        return network_of(self.layers)

    @property
    def box(self) -> pr.Box:
        return pr.Box(self.lower, self.upper)

    @property
    def exact(self) -> list[tuple[list[list[Fraction]], list[Fraction]]]:
        return [([[Fraction(w) for w in row] for row in ws], [Fraction(b) for b in bs]) for ws, bs in self.layers]


def network_of(layers: list[FloatLayer]) -> pr.Network:
    """A network all of whose layers are ReLU layers."""
    return pr.Network.from_arrays([w for w, _ in layers], [b for _, b in layers], include_output=True)


def of_known(known: KnownNet) -> tuple[pr.Network, pr.Box]:
    return network_of(known.layers), pr.Box(known.lower, known.upper)


#: The definitions that count patterns one by one; the others put regions together.
PATTERN_DEFINITIONS = [definition for definition in pr.Definition if not definition.joins_regions]

integers = st.integers(-2, 2).map(float)
#: Floats with few bits, and others that nearly cancel against them.
awkward = st.sampled_from([0.0, 1.0, -1.0, 0.1, -0.1, 0.3, 0.1 + 0.2, -0.3, 1 / 3, 1e-9, 1 + 2**-52, -1e-300, 3.0])


@st.composite
def tiny_nets(draw, weights=integers, max_inputs: int = 3, max_layers: int = 3, max_width: int = 3) -> TinyNet:
    """A network with up to 3 inputs, layers and units per layer; biases are often zero."""
    inputs = draw(st.integers(1, max_inputs))
    widths = draw(st.lists(st.integers(1, max_width), min_size=1, max_size=max_layers))
    layers, before = [], inputs
    for width in widths:
        w = draw(st.lists(st.lists(weights, min_size=before, max_size=before), min_size=width, max_size=width))
        b = draw(st.lists(st.one_of(st.just(0.0), weights), min_size=width, max_size=width))
        layers.append((w, b))
        before = width
    lower = draw(st.lists(st.sampled_from([-1, 0, Fraction(-1, 3)]), min_size=inputs, max_size=inputs))
    upper = draw(st.lists(st.sampled_from([1, Fraction(1, 2)]), min_size=inputs, max_size=inputs))
    return TinyNet(layers, [Fraction(v) for v in lower], [Fraction(v) for v in upper])

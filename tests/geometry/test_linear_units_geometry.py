"""Linear units have no wall: distances and boundaries with them against the same function written without them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.geometry.crossings import crossings
from tests.strategies import tiny_nets


@st.composite
def pairs(draw):
    """A network, and the same with a layer of linear units put in (h -> M h, undone behind), and an idle one."""
    net = draw(tiny_nets(max_layers=3).filter(lambda net: len(net.layers) >= 2))
    layers = [(np.array(w), np.array(b)) for w, b in net.layers]
    after = draw(st.integers(1, len(layers) - 1))
    n = len(layers[after - 1][1])
    mixing = np.eye(n) + np.diag(np.ones(n - 1), 1)
    undone = np.round(np.linalg.inv(mixing))
    w, b = layers[after]
    widened = [
        *layers[:after],
        (mixing, np.zeros(n)),
        (w @ undone, b),
        *layers[after + 1 :],
    ]
    masks = [np.full(len(b), i == after) for i, (_, b) in enumerate(widened[:-1])]
    first, bias = widened[0]
    widened[0] = np.vstack([first, np.ones(first.shape[1])]), np.append(bias, 0.5)
    widened[1] = np.hstack([widened[1][0], np.zeros((len(widened[1][0]), 1))]), widened[1][1]
    masks[0] = np.append(masks[0], True)
    other = pr.Network.from_arrays([w for w, _ in widened], [b for _, b in widened], linear=masks, include_output=True)
    return net, other


@given(pair=pairs())
@settings(max_examples=60)
def test_the_same_distances_and_boundaries(pair):
    net, other = pair
    points = np.array([[0.125 * (i + 1) for i in range(len(net.lower))], [0.3125] * len(net.lower)])
    for options in ({"exact": True}, {}, {"domain": net.box, "exact": True}):
        found, expected = (pr.distances(network, points, **options) for network in (other, net.network))
        assert found.squares == expected.squares
        assert found.values == pytest.approx(expected.values, rel=1e-9, abs=1e-12)
        assert found.bends.tolist() == expected.bends.tolist() or not options
        assert (found.lower <= expected.upper).all()
        assert (found.upper >= expected.lower).all()
    for kind in ("activation", "gradient"):
        boundaries = [pr.boundary_volume(network, net.box, kind=kind).squares for network in (other, net.network)]
        assert boundaries[0] == boundaries[1]
        start, end = (np.array([0.123 + 0.7 * i - s for i in range(len(net.lower))]) for s in (1.37, -0.91))
        numbers = {crossings(network, start, end, gradient=kind == "gradient") for network in (other, net.network)}
        assert len(numbers) == 1

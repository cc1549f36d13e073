"""Networks whose weights are rationals that no float is: counted and proven as exactly as others."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.certificate import checker, network_file
from polyregions.exact.restriction import Restriction
from polyregions.network import ExactLayer, rational_layer
from tests.reference import linear_units as reference
from tests.strategies import tiny_nets
from tests.test_linear_units import counters

#: Ratios of small numbers: ties are common, and floats miss them.
ratios = st.builds(Fraction, st.integers(-3, 3), st.sampled_from([1, 3, 7, 9]))


@st.composite
def rational_nets(draw):
    tiny = draw(tiny_nets(ratios).filter(lambda net: len(net.layers) > 1))
    masks = [draw(st.lists(st.booleans(), min_size=len(b), max_size=len(b))) for _, b in tiny.layers[:-1]]
    network = pr.Network.from_exact(
        [rational_layer(w, b) for w, b in tiny.layers], linear=[np.array(mask, dtype=bool) for mask in masks]
    )
    return tiny, masks, network


@settings(max_examples=50)
@given(rational_nets(), st.sampled_from(["regions", "patterns"]), st.sampled_from([0.0, 0.5]))
def test_every_counter_finds_the_patterns(net, definition, doubt):
    tiny, masks, network = net
    interior = definition == "regions"
    expected = reference.attained(tiny.exact[:-1], masks, tiny.lower, tiny.upper, interior=interior)
    restriction = Restriction(network, tiny.box)
    for name, tree in counters(restriction, definition, doubt):
        found = [restriction.split_pattern(leaf.states) for leaf in tree.leaves()]
        assert sorted(found) == sorted(expected), name


@settings(max_examples=20)
@given(rational_nets(), st.sampled_from(["tableau", "lp"]))
def test_files_and_certificates(tmp_path_factory, net, cells):
    tiny, _, network = net
    folder = tmp_path_factory.mktemp("rational")
    pr.save(network, folder / "net.npz")
    assert pr.load(folder / "net.npz") == network
    assert pickle.loads(pickle.dumps(network)) == network
    count = pr.count(network, tiny.box, cells=cells, certificate=folder / "net.certificate")
    assert pr.verify(folder / "net.certificate", network, domain=tiny.box).count == int(count)
    assert checker.verify(folder / "net.certificate", network_file.read_npz(folder / "net.npz")).valid
    if network.exact:
        floats = pr.Network.from_arrays(network.weights, network.biases, linear=network.linear)
        assert not pr.verify(folder / "net.certificate", floats).valid
        assert floats != network


def test_ties_that_floats_miss():
    # relu(x/3) and relu(3 (x/9)) are 0 on the same side; 1/3 - 3/9 as floats is not the zero that it is.
    layers = [rational_layer([["1/3"], ["1/9"]], [0, 0]), rational_layer([[1, -3]], [0]), rational_layer([[1]], [0])]
    network = pr.Network.from_exact(layers)
    assert int(pr.count(network, pr.Box(-1, 1))) == 2
    floats = pr.Network.from_arrays(network.weights, network.biases)
    assert int(pr.count(floats, pr.Box(-1, 1))) == 2 + (3.0 * (1 / 9) < 1 / 3)
    assert pr.cross_check(network, pr.Box(-1, 1)).agree


def test_float_layers_stay_float_layers():
    layer = ExactLayer([[2], [4]], [6, 0], 8)
    network = pr.Network.from_exact([layer, rational_layer([[0.1, -0.3]], [0])])
    assert network.exact == ()
    plain = pr.Network.from_arrays([[[0.25], [0.5]], [[0.1, -0.3]]], [[0.75, 0.0], [0.0]])
    assert network.sha256 == plain.sha256
    assert network.rounded == (False, False)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (ExactLayer([[10**400]], [0], 3), "beyond the range"),
        (ExactLayer([[1]], [0], 3 * 10**320), "too small"),
        (ExactLayer([[1]], [0], 0), "positive denominator"),
    ],
)
def test_numbers_that_floats_are_not_near_to(layer, message):
    with pytest.raises(pr.PolyregionsError, match=message):
        pr.Network.from_exact([layer])


def test_the_floats_must_be_the_nearest():
    with pytest.raises(pr.PolyregionsError, match="nearest"):
        pr.Network([[[0.3]]], [[0.0]], exact=(ExactLayer([[1]], [0], 3),))

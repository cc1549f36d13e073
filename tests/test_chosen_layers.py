"""Counts of the patterns of some layers, against projections of all patterns of tiny networks."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.chosen_layers import chosen_layers
from polyregions.errors import ArgumentError, UnsupportedLayerError
from polyregions.graph import Convolution, Dense, Flatten, Graph, MaxPool, relu
from tests.graph.test_counts import tiny_graphs
from tests.reference import brute_force
from tests.reference import graph_patterns as reference
from tests.strategies import network_of, tiny_nets


def projected(patterns, parts):
    return {tuple(pattern[part] for part in parts) for pattern in patterns}


@st.composite
def with_parts(draw, nets, count):
    net = draw(nets)
    parts = draw(st.sets(st.integers(0, count(net) - 1), min_size=1))
    return net, sorted(parts)


@settings(max_examples=60)
@given(
    with_parts(tiny_nets(), lambda net: len(net.layers)),
    st.sampled_from(["regions", "patterns"]),
    st.sampled_from(["auto", "tableau", "lp", "milp"]),
)
def test_layers_of_networks(net_and_parts, definition, cells):
    net, parts = net_and_parts
    truth = brute_force.regions if definition == "regions" else brute_force.patterns
    expected = projected(truth(net.exact, net.lower, net.upper), parts)
    options = {"method": "milp"} if cells == "milp" else {"cells": cells}
    layers = [part + 1 for part in parts]
    found = pr.count(net.network, net.box, definition=definition, layers=layers, **options)
    assert int(found) == len(expected)
    regions = list(pr.regions(net.network, net.box, definition=definition, layers=layers))
    assert sorted(region.pattern for region in regions) == sorted(expected)
    for region in regions:
        assert projected([net.network.pattern(region.witness)], parts) == {region.pattern}


@settings(max_examples=40)
@given(
    with_parts(
        tiny_graphs().filter(lambda tiny: tiny.network.pattern_nodes), lambda tiny: len(tiny.network.pattern_nodes)
    ),
    st.sampled_from(["regions", "patterns"]),
    st.booleans(),
)
def test_nodes_of_graphs(tiny_and_parts, definition, named):
    tiny, parts = tiny_and_parts
    everything = reference.attained(tiny.steps, tiny.lower, tiny.upper, interior=definition == "regions")
    names = [tiny.network.pattern_nodes[part] if named else part + 1 for part in parts]
    regions = pr.regions(tiny.network, tiny.box, definition=definition, layers=names)
    assert sorted(region.pattern for region in regions) == sorted(projected(everything, parts))


@settings(max_examples=30)
@given(tiny_nets(max_layers=3).filter(lambda net: len(net.layers) > 1))
def test_first_layers_are_a_truncated_network(net):
    """With half-spaces, as any region has."""
    truncated = network_of(net.layers[:1])
    found = list(pr.regions(net.network, net.box, layers=1))
    own = {region.pattern: region for region in pr.regions(truncated, net.box)}
    assert {region.pattern for region in found} == set(own)
    for region in found:
        assert region.halfspaces(exact=True) == own[region.pattern].halfspaces(exact=True)
        with pytest.raises(UnsupportedLayerError, match="later layers may bend"):
            region.affine_map()


def test_brackets_hold():
    net = pr.Network.random([3, 8, 8, 8, 1], seed=1, bias_std=0.5)
    exact = int(pr.count(net, pr.Box(-1, 1), layers=[1, 3]))
    part = pr.count(net, pr.Box(-1, 1), layers=[1, 3], max_regions=5)
    assert part.lower == 5 <= exact <= part.upper
    assert "by layers 1, 3 only" in str(part)
    assert pr.count(net, pr.Box(-1, 1), layers=list(np.array([1, 3]))).lower == exact
    whole = pr.count(net, pr.Box(-1, 1), layers=[3, 1, 2])
    assert int(whole) == int(pr.count(net, pr.Box(-1, 1))) >= exact
    assert "only" not in str(whole)
    assert part.to_json()["network"] == whole.to_json()["network"] | {"layers": [1, 3]}


def graph_network():
    graph = Graph((1, 4, 4), name="image")
    rng = np.random.default_rng(0)
    last = graph.add(Convolution(rng.integers(-3, 4, (2, 1, 3, 3)) / 2, [0.5, -0.5]), "image", name="conv")
    last = graph.add(relu(), last, name="relu")
    last = graph.add(MaxPool((2, 2)), last, name="pool")
    last = graph.add(Dense(rng.integers(-3, 4, (3, 2)) / 2, [0.25, 0.0, -0.5]), graph.add(Flatten(), last))
    return graph.network(graph.add(relu(), last, name="hidden"))


def test_a_pooling_alone():
    """Whose outcomes are fewer than those of the ReLUs before it, and do not depend on later nodes."""
    network, box = graph_network(), pr.Box.around([0.5] * 16, "1/4", free=range(0, 16, 5))
    counts = {name: int(pr.count(network, box, layers=name)) for name in network.pattern_nodes}
    patterns = {region.pattern for region in pr.regions(network, box)}
    assert counts == {name: len(projected(patterns, [i])) for i, name in enumerate(network.pattern_nodes)}
    assert counts["pool"] > 1
    hidden = chosen_layers(network, ["pool", "hidden"])
    assert pickle.loads(pickle.dumps(hidden)) == hidden != chosen_layers(network, "pool")


@pytest.mark.parametrize("layers", [0, 3, "relu", [1, 5], [True], [[1]]])
def test_no_such_layer(layers):
    net = pr.Network.random([2, 3, 3, 1], seed=0)
    with pytest.raises(ArgumentError, match="they go by number, 1 to 2"):
        pr.count(net, pr.Box(-1, 1), layers=layers)


def test_what_is_refused(tmp_path):
    net, box = pr.Network.random([2, 3, 3, 1], seed=0), pr.Box(-1, 1)
    with pytest.raises(ArgumentError, match="no layer is chosen"):
        pr.count(net, box, layers=[])
    with pytest.raises(ArgumentError, match="must be a list"):
        pr.count(net, box, layers=1.5)
    with pytest.raises(ArgumentError, match="affine maps of the whole network"):
        pr.count(net, box, layers=1, definition="linear")
    with pytest.raises(ArgumentError, match="no certificate of the patterns of chosen layers"):
        pr.count(net, box, layers=1, certificate=tmp_path / "c")
    with pytest.raises(ArgumentError, match="or by name: relu, pool, hidden"):
        pr.count(graph_network(), pr.Box(0, 1), layers="conv")
    with pytest.raises(UnsupportedLayerError, match="need not be convex"):
        next(pr.regions(net, box, layers=2)).halfspaces()

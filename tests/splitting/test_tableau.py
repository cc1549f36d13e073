"""The compiled counter against the slow splitting tree, whose decisions it must reproduce."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.enumeration import Enumerator
from polyregions.exact.restriction import Restriction
from polyregions.splitting.tableau_cells import TableauTree
from polyregions.splitting.tree import SplittingTree
from tests.nets import all_known, npz
from tests.strategies import awkward, of_known, tiny_nets

DEFINITIONS = [Definition.PATTERNS, Definition.REGIONS]
KNOWN = all_known()
DIGITS = Path(pr.__file__).parent / "data" / "digits_64_6_6_10.npz"


def patterns_of(network, domain, definition):
    """The set of patterns, each witness checked by the network itself and each pattern found once."""
    restriction = Restriction(network, domain)
    tree = TableauTree(restriction, definition)
    found = []
    for leaf in tree.leaves():
        pattern = restriction.split_pattern(leaf.states)
        point = restriction.chart.ambient(leaf.witness.point.coordinates())
        assert network.pattern(point) == pattern
        found.append(pattern)
    assert len(set(found)) == len(found) == tree.found
    assert tree.finished
    assert tree.proven
    assert tree.open_bound() == 0
    counter = TableauTree(restriction, definition)
    counter.explore()
    assert counter.finished
    assert counter.found == len(found)
    return set(found)


def slow_patterns(network, domain, definition):
    restriction = Restriction(network, domain)
    return {restriction.split_pattern(leaf.states) for leaf in SplittingTree(restriction, definition).leaves()}


def agree(network, domain, definition):
    assert patterns_of(network, domain, definition) == slow_patterns(network, domain, definition)


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_known_networks(known, definition):
    network, box = of_known(known)
    found = patterns_of(network, box, definition)
    expected = known.regions if definition is Definition.REGIONS else known.patterns
    assert expected is None or len(found) == expected
    assert found == slow_patterns(network, box, definition)


@pytest.mark.parametrize("name", ["A1_2d_16x2", "A2_2d_32x3", "B1_3d_16x2", "B4_4d_12x2", "B9_8d_8x2"])
def test_trained_networks_need_no_exact_decision(name):
    known = npz(name)
    tree = TableauTree(Restriction(*of_known(known)), Definition.REGIONS)
    tree.explore()
    stats = tree.statistics()
    assert tree.finished
    assert tree.found == stats["leaves"] == known.regions
    assert stats["decisions_by_exact"] == stats["exact_programs"] == stats["handed_over"] == 0
    assert stats["decisions_by_filter"] >= known.regions - 1


def test_trained_network_has_the_patterns_of_the_slow_tree():
    agree(*of_known(npz("A1_2d_16x2")), Definition.REGIONS)


@pytest.mark.parametrize(("with_output", "count"), [(False, 701), (True, 7557)])
def test_digits(with_output, count):
    network = pr.load(str(DIGITS))
    network = network.including_output() if with_output else network
    tree = TableauTree(Restriction(network, pr.Box(0, 1)), Definition.REGIONS)
    tree.explore()
    assert (tree.found, tree.finished) == (count, True)


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets())
@settings(max_examples=300, deadline=None)
def test_integer_weights(net, definition):
    agree(net.network, net.box, definition)


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets(weights=awkward, max_inputs=2, max_layers=3))
@settings(max_examples=200, deadline=None)
def test_awkward_floats(net, definition):
    agree(net.network, net.box, definition)


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets(weights=awkward, max_inputs=3, max_layers=2, max_width=6))
@settings(max_examples=60, deadline=None)
def test_wider_layers(net, definition):
    agree(net.network, net.box, definition)


@given(seed=st.integers(0, 2**32 - 1), data=st.data())
@settings(max_examples=60, deadline=None)
def test_random_networks(seed, data):
    rng = np.random.default_rng(seed)
    widths = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    sizes = [(b, a) for a, b in pairwise(widths)]
    network = pr.Network.from_arrays(
        [rng.normal(size=size) for size in sizes], [rng.normal(size=n) / 3 for n, _ in sizes], include_output=True
    )
    agree(network, pr.Box(-1, 1), Definition.REGIONS)


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize(
    "domain",
    [
        pr.Segment([0, 0, 0], [1, 2, 1]),
        pr.Plane([0, 0, 0], [1, 0, "1/3"], [0, 1, 1]),
        pr.Box([-1, "1/3", 0], [1, "1/3", "2/3"]),
        pr.Box([0, 0, 0], 0),
        pr.Box(["1/10", -1, 0], ["1/10", 1, "1/7"]),
        pr.Polytope([[1, 1, 1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], [1, 0, 0, 0]),
        pr.Polytope([[1, 1, 1], [-1, -1, -1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], [1, -1, 0, 0, 0]),
        pr.Box(-1e300, 1e300),
        pr.Box(-(2**1100), 2**1100),
        pr.Box(0, 5e-324),
    ],
    ids=repr,
)
def test_domains(domain, definition):
    rng = np.random.default_rng(5)
    shapes = [(6, 3), (5, 6), (4, 5)]
    for round_to in (None, 0):
        weights = [rng.normal(size=shape) for shape in shapes]
        biases = [rng.normal(size=shape[0]) for shape in shapes]
        if round_to is not None:
            weights, biases = ([np.round(v) for v in values] for values in (weights, biases))
        agree(pr.Network.from_arrays(weights, biases), domain, definition)


def test_wide_layers_use_several_words():
    rng = np.random.default_rng(3)
    network = pr.Network.from_arrays(
        [rng.normal(size=(70, 1)), rng.normal(size=(130, 70)), np.ones((1, 130))],
        [rng.normal(size=70), rng.normal(size=130), [0.0]],
    )
    agree(network, pr.Box(-1, 1), Definition.REGIONS)


def test_network_without_relu_layer_has_one_region():
    network = pr.Network.from_arrays([[[1.0, 2.0]]], [[0.5]])
    assert patterns_of(network, pr.Box(-1, 1), Definition.REGIONS) == {()}


def test_deep_network_renews_its_rows_exactly():
    """Errors grow from layer to layer until the rows are replaced by correctly rounded ones."""
    rng = np.random.default_rng(1)
    depth, width = 14, 8
    sizes = [(width, 2)] + [(width, width)] * depth
    network = pr.Network.from_arrays(
        [rng.normal(size=size) * (2 / size[1]) ** 0.5 for size in sizes], [rng.normal(size=width) / 4 for _ in sizes]
    )
    agree(network, pr.Box(-1, 1), Definition.REGIONS)


def test_extreme_weights():
    for scale in (1e300, 1e-300, 5e-324):
        w = np.array([[1.0, -0.5], [0.25, 1.0], [-1.0, 1.0]]) * scale
        network = pr.Network.from_arrays([w, w.T, np.ones((1, 2))], [[0.0, scale, -scale], [0.0, 0.0], [0.0]])
        for definition in DEFINITIONS:
            agree(network, pr.Box(-1, 1), definition)


@pytest.mark.parametrize("keep", [True, False])
def test_search_can_be_left_and_taken_up_again(keep):
    network, box = of_known(npz("A1_2d_16x2"))
    tree: Enumerator = TableauTree(Restriction(network, box), Definition.REGIONS)
    seen, bounds = [], []
    while not tree.finished:
        if keep:
            steps = iter(range(7))
            seen += [leaf.states for leaf in tree.leaves(lambda steps=steps: next(steps, None) is None)]
            assert tree.found == len(seen)
        else:
            tree.explore(at_most=tree.found + 7)
        bounds.append(tree.found + tree.open_bound())
    assert tree.found == 478
    assert min(bounds) >= 478
    assert bounds[-1] == 478
    assert bounds == sorted(bounds, reverse=True)
    assert len(set(seen)) == (478 if keep else 0)


def test_stop_ends_the_search_at_once():
    network, box = of_known(npz("B9_8d_8x2"))
    tree = TableauTree(Restriction(network, box), Definition.REGIONS)
    tree.explore(lambda: tree.found > 0)
    assert 0 < tree.found < 10699
    assert tree.found + tree.open_bound() >= 10699
    leaves = sum(1 for _ in tree.leaves())
    assert tree.finished
    assert tree.found == 10699 > leaves


@given(net=tiny_nets(), step=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_bracket_holds_at_every_step(net, step):
    restriction = Restriction(net.network, net.box)
    for definition in DEFINITIONS:
        whole = TableauTree(restriction, definition)
        whole.explore()
        tree = TableauTree(restriction, definition)
        upper = tree.found + tree.open_bound()
        while not tree.finished:
            tree.explore(at_most=tree.found + step)
            assert whole.found <= tree.found + tree.open_bound() <= upper
            upper = tree.found + tree.open_bound()
        assert tree.found == upper == whole.found


def test_open_bound_starts_at_theorem_1():
    network = pr.Network.from_arrays([np.ones((4, 2)), np.ones((4, 4)), np.ones((1, 4))], [[0] * 4, [0] * 4, [0]])
    assert TableauTree(Restriction(network, pr.Box(-1, 1)), Definition.REGIONS).open_bound() == 121


def test_points_that_floats_cannot_hold_are_left_to_the_slow_tree():
    """The region 1/3 < x < 1/3 + 2^-80 has no float64 point (product_needs_156_bits is its like in two layers)."""
    tiny = 2.0**-52
    first = ([[3.0], [3.0 + tiny * 2]], [-1.0, -1.0])
    later = ([[1.0, -1.0], [1.0, 1.0]], [0.0, tiny**2])
    weights, biases = [first[0], later[0], [[1.0, 1.0]]], [first[1], later[1], [0.0]]
    network = pr.Network.from_arrays(weights, biases)
    box = pr.Box(Fraction(1, 3) - Fraction(1, 2**60), Fraction(1, 3) + Fraction(1, 2**60))
    for definition in DEFINITIONS:
        agree(network, box, definition)


def test_uncertified_is_not_proven():
    network, box = of_known(npz("A1_2d_16x2"))
    tree = TableauTree(Restriction(network, box), Definition.REGIONS, certified=False)
    tree.explore()
    assert (tree.found, tree.finished, tree.proven) == (478, True, False)


@pytest.mark.parametrize("doubt", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("name", ["A1_2d_16x2", "B4_4d_12x2"])
def test_decisions_sent_to_exact_arithmetic_change_nothing(name, doubt):
    known = npz(name)
    tree = TableauTree(Restriction(*of_known(known)), Definition.REGIONS, doubt=doubt)
    tree.explore(lambda: tree.found > 600)
    stats = tree.statistics()
    assert 0 < stats["decisions_by_exact"] == stats["exact_programs"]
    if tree.finished:
        assert tree.found == known.regions
    else:
        assert tree.found + tree.open_bound() >= known.regions


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets(weights=awkward, max_inputs=3, max_layers=2), doubt=st.floats(0.0, 1.0))
@settings(max_examples=100, deadline=None)
def test_doubt_changes_no_pattern(net, definition, doubt):
    restriction = Restriction(net.network, net.box)
    tree = TableauTree(restriction, definition, doubt=doubt)
    found = [restriction.split_pattern(leaf.states) for leaf in tree.leaves()]
    assert len(found) == len(set(found))
    assert set(found) == slow_patterns(net.network, net.box, definition)


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("doubt", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_doubt_on_known_networks(known, doubt, definition):
    expected = known.regions if definition is Definition.REGIONS else known.patterns
    tree = TableauTree(Restriction(*of_known(known)), definition, doubt=doubt)
    tree.explore()
    assert tree.finished
    assert expected is None or tree.found == expected


def test_some_known_network_is_handed_over():
    handed_over = 0
    for known in KNOWN:
        tree = TableauTree(Restriction(*of_known(known)), Definition.REGIONS)
        tree.explore()
        assert tree.found == known.regions
        handed_over += tree.statistics()["handed_over"]
    assert handed_over > 0

"""The one tree over z: what is its own beside the contract of all pools."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.filter import FloatBox
from polyregions.exact.pattern import PatternCertifier
from polyregions.exact.restriction import Restriction
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.exact_tree import ExactTree
from polyregions.milp.parity import ParitySystem, random_parity
from polyregions.milp.tree_pool import TreePool
from tests.milp.contract import net_2_5_5, truth
from tests.nets import npz, telgarsky
from tests.strategies import PATTERN_DEFINITIONS, awkward, of_known, tiny_nets

DIGITS = Path(pr.__file__).parent / "data" / "digits_64_6_6_10.npz"


def patterns(network, domain, definition=Definition.PATTERNS, **options):
    tree = TreePool(Restriction(network, domain), definition, **options)
    found = [leaf.states for leaf in tree.leaves()]
    assert tree.finished
    assert tree.open_bound() == 0
    assert len(set(found)) == len(found) == tree.found
    return set(found)


@pytest.mark.parametrize("doubt", [0.2, 1.0])
@given(net=tiny_nets(weights=awkward, max_inputs=2, max_layers=3))
@settings(max_examples=40, deadline=None)
def test_exact_decisions_in_place_of_certified_ones_change_nothing(net, doubt):
    assert patterns(net.network, net.box, doubt=doubt) == truth(net.network, net.box)


def test_doubt_on_an_ordinary_network():
    network, box = net_2_5_5(), pr.Box(-1, 1)
    tree = TreePool(Restriction(network, box), Definition.REGIONS, doubt=0.8)
    assert {leaf.states for leaf in tree.leaves()} == truth(network, box, Definition.REGIONS)
    assert tree.statistics()["decisions_by_exact"] > 10


@given(net=tiny_nets(max_inputs=2))
@settings(max_examples=40, deadline=None)
def test_exact_tree(net):
    restriction = Restriction(net.network, net.box)
    certifier = PatternCertifier(restriction, FloatBox.of(restriction), Definition.PATTERNS)
    tree = ExactTree(certifier, b"", lambda states: (0, 1))
    found = [states for states, _ in tree.leaves(lambda: False)]
    assert set(found) == truth(net.network, net.box)
    assert (len(set(found)), tree.finished, tree.open_bound()) == (tree.found, True, 0)


def test_points_that_floats_cannot_hold_are_handed_over():
    """A pattern that is attained at x = 1/3 alone."""
    network = pr.Network.from_arrays(
        [[[3.0], [-3.0]], [[1.0, 1.0], [1.0, 0.0]]], [[-1.0, 1.0], [0.0, 0.0]], include_output=True
    )
    tree = TreePool(Restriction(network, pr.Box(0, 1)), Definition.PATTERNS)
    assert {leaf.states for leaf in tree.leaves()} == {b"\0\0\0\0", b"\1\0\1\1", b"\0\1\1\0"}
    assert tree.statistics()["handed_over"] == 1
    assert int(pr.count(network, pr.Box(0, 1), method="milp")) == 2


@pytest.mark.parametrize(("name", "count"), [("A2_2d_32x3", 3404), ("B4_4d_12x2", 8677), ("B9_8d_8x2", 10699)])
def test_trained_networks_need_no_exact_decision(name, count):
    tree = TreePool(Restriction(*of_known(npz(name))), Definition.REGIONS)
    tree.explore()
    stats = tree.statistics()
    assert (tree.found, tree.finished) == (count, True)
    assert stats["decisions_by_exact"] == stats["exact_programs"] == stats["handed_over"] == 0


def test_digits():
    network = pr.load(str(DIGITS)).including_output()
    assert int(pr.count(network, pr.Box(0, 1), method="milp")) == 7557


def test_more_than_64_units_in_a_layer():
    rng = np.random.default_rng(4)
    shapes = [(70, 2), (3, 70)]
    network = pr.Network.from_arrays(
        [rng.normal(size=shape) for shape in shapes], [rng.normal(size=n) for n, _ in shapes], include_output=True
    )
    check = pr.cross_check(network, pr.Box(-1, 1))
    assert check.agree
    assert check.milp.lower > 900


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 32), count=st.integers(1, 6))
@settings(max_examples=15, deadline=None)
def test_random_parity_on_a_trained_network(seed, size, count):
    network, box = of_known(npz("A1_2d_16x2"))
    system = ParitySystem(random_parity(range(32), size, count, seed))
    expected = {states for states in _patterns_of_a1() if system.holds(states)}
    assert patterns(network, box, parity=system) == expected


@cache
def _patterns_of_a1():
    return patterns(*of_known(npz("A1_2d_16x2")))


def test_parity_decides_units_of_the_tree():
    """The tree does not list all patterns and filter them: a system that fixes the first unit halves its work."""
    network, box = of_known(npz("A1_2d_16x2"))
    full = TreePool(Restriction(network, box), Definition.PATTERNS)
    full.explore()
    system = ParitySystem(random_parity([0, 1, 2], 1, 3, seed=0) + random_parity(range(3, 8), 1, 4, seed=1))
    some = TreePool(Restriction(network, box), Definition.PATTERNS, parity=system)
    some.explore()
    assert some.statistics()["nodes"] < full.statistics()["nodes"] / 2


def test_contradictory_parity_leaves_nothing():
    rows = random_parity([1], 1, 1, seed=0)
    other = type(rows[0])((1,), 1 - rows[0].right)
    assert patterns(net_2_5_5(), pr.Box(-1, 1), parity=ParitySystem([*rows, other])) == set()


@pytest.mark.parametrize("doubt", [0.0, 0.5])
@pytest.mark.parametrize("definition", PATTERN_DEFINITIONS)
def test_bracket_closes_and_never_opens(definition, doubt):
    network, box = of_known(telgarsky(4))
    tree = TreePool(Restriction(network, box), definition, doubt=doubt)
    tree._budget = 0
    total = 16 if definition is Definition.REGIONS else 21
    upper = tree.open_bound()
    assert upper >= total
    while not tree.finished:
        steps = iter(range(2))
        list(tree.leaves(lambda steps=steps: next(steps, None) is None))
        tree._budget = 0
        now = tree.found + tree.open_bound()
        assert total <= now <= upper
        upper = now
    assert upper == tree.found == total


def test_units_that_bounds_make_stable_are_not_branched():
    """Bounds are believed, for they have to be proven; what wrong ones lead to is refused at the leaves."""
    network, box = net_2_5_5(), pr.Box(-1, 1)
    restriction, infinite = Restriction(network, box), np.full(5, np.inf)
    tree = TreePool(restriction, Definition.REGIONS, bounds=UnitBounds((-infinite,) * 2, (infinite,) * 2))
    assert {leaf.states for leaf in tree.leaves()} == truth(network, box, Definition.REGIONS)
    wrong = UnitBounds((-infinite, np.ones(5)), (infinite, infinite))
    stable = TreePool(restriction, Definition.REGIONS, bounds=wrong)
    found = {leaf.states for leaf in stable.leaves()}
    assert found == {states for states in truth(network, box, Definition.REGIONS) if states[5:] == bytes([1] * 5)}
    assert stable.statistics()["rejected"] > 0
    assert stable.statistics()["linear_programs"] < tree.statistics()["linear_programs"]

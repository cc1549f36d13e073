"""The compiled search restricted by parity constraints, against elimination by hand and brute-force patterns."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.milp.parity import ParityConstraint
from polyregions.splitting.tableau_cells import TableauTree
from polyregions.splitting.tableau_parity import add_parity, imply, new_parity
from tests.reference import brute_force
from tests.strategies import awkward, tiny_nets

DEFINITIONS = [Definition.PATTERNS, Definition.REGIONS]
WIDTH, LAYERS = 3, 3
UNITS = WIDTH * LAYERS


def constraints(units):
    subsets = st.lists(st.integers(0, units - 1), max_size=units, unique=True).map(lambda some: tuple(sorted(some)))
    return st.lists(st.builds(ParityConstraint, subsets, st.integers(0, 1)), max_size=7)


def word(units):
    return np.uint64(sum(1 << unit for unit in units))


@given(
    some=constraints(UNITS),
    layer=st.integers(0, LAYERS - 1),
    states=st.lists(st.integers(0, 1), min_size=UNITS, max_size=UNITS),
    live=st.sets(st.integers(0, WIDTH - 1)),
)
@settings(max_examples=200)
def test_what_constraints_imply(some, layer, states, live):
    """Earlier layers and units that are not live have their states; all completions are tried."""
    parity = new_parity(LAYERS, WIDTH, 0)
    for constraint in some:
        parity = add_parity(parity, [divmod(unit, WIDTH) for unit in constraint.units], constraint.right)
    here = layer * WIDTH
    settled = {*range(here), *(here + unit for unit in range(WIDTH) if unit not in live)}
    masks = np.zeros((1, 2, 1), dtype=np.uint64)
    masks[0, 0, 0] = word(live)
    masks[0, 1, 0] = word(unit for unit in range(WIDTH) if here + unit in settled and states[here + unit])
    prefix = np.zeros((LAYERS, 1), dtype=np.uint64)
    for before in range(layer):
        prefix[before, 0] = word(unit for unit in range(WIDTH) if states[before * WIDTH + unit])
    completions = [
        z
        for z in product((0, 1), repeat=UNITS)
        if all(z[unit] == states[unit] for unit in settled) and all(c.holds(z) for c in some)
    ]
    number = imply(parity, masks, prefix, 0, layer)
    if not completions:
        assert number == -1
        return
    seen = {unit: {z[here + unit] for z in completions} for unit in live}
    expected = [word(unit for unit, both in seen.items() if both == {state}) for state in (0, 1)]
    assert parity.forced[:, 0].tolist() == expected
    assert number == sum(len(both) == 1 for both in seen.values())


def all_patterns(net, definition):
    truth = brute_force.patterns if definition is Definition.PATTERNS else brute_force.regions
    return {bytes(sum(pattern, ())) for pattern in truth(net.exact, net.lower, net.upper)}


def restricted(tree, some):
    """The tree's leaves that satisfy the constraints. Where floats can't hold a point, the slow tree isn't pruned."""
    widths = tree.restriction.widths
    places = [(layer, unit) for layer, width in enumerate(widths) for unit in range(width)]
    for constraint in some:
        tree.require([places[unit] for unit in constraint.units], constraint.right)
    found = [leaf.states for leaf in tree.leaves(ahead=False)]
    assert tree.finished
    assert len(set(found)) == len(found)
    if not tree.statistics()["handed_over"]:
        assert all(c.holds(states) for states in found for c in some)
    return {states for states in found if all(c.holds(states) for c in some)}


@pytest.mark.parametrize("doubt", [0.0, 0.6])
@pytest.mark.parametrize("definition", DEFINITIONS)
@given(data=st.data())
@settings(max_examples=80)
def test_patterns_that_satisfy_constraints(definition, doubt, data):
    net = data.draw(tiny_nets(weights=data.draw(st.sampled_from([st.integers(-2, 2).map(float), awkward]))))
    some = data.draw(constraints(sum(len(b) for _, b in net.layers)))
    expected = {states for states in all_patterns(net, definition) if all(c.holds(states) for c in some)}
    tree = TableauTree(Restriction(net.network, net.box), definition, doubt=doubt)
    assert restricted(tree, some) == expected


@given(net=tiny_nets(max_inputs=3), seed=st.integers(0, 2**32))
@settings(max_examples=80)
def test_constraints_that_come_while_searching(net, seed):
    """Each leaf is rejected by the next constraint; at the end no pattern satisfies them all."""
    patterns = all_patterns(net, Definition.PATTERNS)
    units, rng = sum(len(b) for _, b in net.layers), np.random.default_rng(seed)
    tree = TableauTree(Restriction(net.network, net.box), Definition.PATTERNS)
    places = [(layer, unit) for layer, (_, b) in enumerate(net.layers) for unit in range(len(b))]
    some = []
    for leaf in tree.leaves(ahead=False):
        assert leaf.states in patterns
        if not all(c.holds(leaf.states) for c in some):
            assert tree.statistics()["handed_over"]
            continue
        chosen = tuple(np.flatnonzero(rng.integers(0, 2, units)).tolist()) or (0,)
        some.append(ParityConstraint(chosen, 1 - sum(leaf.states[unit] for unit in chosen) % 2))
        tree.require([places[unit] for unit in chosen], some[-1].right)
    assert tree.finished
    assert not [states for states in patterns if all(c.holds(states) for c in some)]


@given(data=st.data())
@settings(max_examples=20)
def test_layers_of_more_than_a_word(data):
    """70 kinks on a line: a pattern is how many units, in the order of their kinks, are active."""
    kinks = 70
    order = np.random.default_rng(data.draw(st.integers(0, 99))).permutation(kinks)
    network = pr.Network.from_arrays(
        [np.ones((kinks, 1)), np.ones((1, kinks))], [-(order + 1.0) / (kinks + 1), np.zeros(1)]
    )
    every = {bytes((order < number).astype(np.uint8).tolist()) for number in range(kinks + 1)}
    some = data.draw(constraints(kinks))
    tree = TableauTree(Restriction(network, pr.Box(0, 1)), Definition.REGIONS)
    assert restricted(tree, some) == {states for states in every if all(c.holds(states) for c in some)}


def test_constraints_prune():
    """Eight of ten states given at once: far fewer cells than there are orthants."""
    network = pr.Network.from_arrays([np.eye(10), np.ones((1, 10))], [np.zeros(10), np.zeros(1)])
    tree = TableauTree(Restriction(network, pr.Box(-1, 1)), Definition.REGIONS)
    some = [ParityConstraint((unit,), unit % 2) for unit in range(2, 10)]
    assert len(restricted(tree, some)) == 4
    assert tree.statistics()["splits"] < 40

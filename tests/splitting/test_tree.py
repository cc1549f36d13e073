"""The splitting counter against brute force, the literature, and its own laws."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.arithmetic import get_arithmetic
from polyregions.exact.restriction import Restriction
from polyregions.splitting.tree import SplittingTree
from tests.nets import all_known, npz
from tests.reference import brute_force
from tests.strategies import TinyNet, awkward, of_known, tiny_nets

DEFINITIONS = [Definition.PATTERNS, Definition.REGIONS]
KNOWN = all_known()


def patterns_of(network, domain, definition, arithmetic="flint"):
    """The set of patterns, each witness checked by the network itself and each pattern found once."""
    restriction = Restriction(network, domain, get_arithmetic(arithmetic))
    tree = SplittingTree(restriction, definition)
    found = []
    for leaf in tree.leaves():
        pattern = restriction.split_pattern(leaf.states)
        point = restriction.chart.ambient(leaf.witness.point.coordinates())
        assert network.pattern(point) == pattern
        found.append(pattern)
    assert len(set(found)) == len(found) == tree.found
    assert tree.finished
    assert tree.open_bound() == 0
    return set(found)


def oracle(net: TinyNet, definition):
    count = brute_force.patterns if definition is Definition.PATTERNS else brute_force.regions
    return count(net.exact, net.lower, net.upper)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_known_networks(known):
    network, box = of_known(known)
    for cells in ("auto", "lp"):
        assert int(pr.count(network, box, definition="regions", cells=cells)) == known.regions
        if known.patterns is not None:
            assert int(pr.count(network, box, definition="patterns", cells=cells)) == known.patterns


@pytest.mark.parametrize("name", ["A1_2d_16x2", "A2_2d_32x3", "B1_3d_16x2", "B4_4d_12x2", "B9_8d_8x2"])
@pytest.mark.parametrize("cells", ["auto", "lp"])
def test_trained_networks(name, cells):
    known = npz(name)
    network, box = of_known(known)
    result = pr.count(network, box, cells=cells)
    assert int(result) == known.regions
    assert result.status is pr.Status.EXACT


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets())
@settings(max_examples=400, deadline=None)
@example(net=TinyNet([([[1.0], [1.0]], [0.0, -1.0]), ([[0.0, 0.0]], [0.0])], [Fraction(0)], [Fraction(1)]))
def test_integer_weights_against_brute_force(net, definition):
    assert patterns_of(net.network, net.box, definition) == oracle(net, definition)


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets(weights=awkward, max_inputs=2, max_layers=3))
@settings(max_examples=150, deadline=None)
def test_awkward_floats_against_brute_force(net, definition):
    assert patterns_of(net.network, net.box, definition) == oracle(net, definition)


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets(max_inputs=2))
@settings(max_examples=60, deadline=None)
def test_fallback_arithmetic_gives_the_same_patterns(net, definition):
    with_flint = patterns_of(net.network, net.box, definition)
    assert patterns_of(net.network, net.box, definition, "fractions") == with_flint


@given(net=tiny_nets())
@settings(max_examples=100, deadline=None)
def test_regions_are_patterns(net):
    regions = patterns_of(net.network, net.box, Definition.REGIONS)
    assert regions <= patterns_of(net.network, net.box, Definition.PATTERNS)


@given(net=tiny_nets(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_count_ignores_order_and_positive_scale_of_units(net, data):
    (w, b), *later = net.layers
    order = data.draw(st.permutations(range(len(b))))
    scale = [2.0 ** data.draw(st.integers(-30, 30)) for _ in b]
    first = ([[scale[i] * v for v in w[i]] for i in order], [scale[i] * b[i] for i in order])
    layers = [first]
    if later:
        (w2, b2), *rest = later
        layers += [([[row[i] / scale[i] for i in order] for row in w2], b2), *rest]
    changed = TinyNet(layers, net.lower, net.upper)
    for definition in DEFINITIONS:
        original = pr.count(net.network, net.box, definition=definition)
        assert int(pr.count(changed.network, changed.box, definition=definition)) == int(original)


@given(net=tiny_nets(max_inputs=2), cut=st.fractions(Fraction(1, 8), Fraction(7, 8)))
@settings(max_examples=100, deadline=None)
def test_halves_of_the_box_hold_the_regions_of_the_whole(net, cut):
    whole = patterns_of(net.network, net.box, Definition.REGIONS)
    middle = net.lower[0] + cut * (net.upper[0] - net.lower[0])
    left = pr.Box(net.lower, [middle, *net.upper[1:]])
    right = pr.Box([middle, *net.lower[1:]], net.upper)
    halves = [patterns_of(net.network, half, Definition.REGIONS) for half in (left, right)]
    assert halves[0] | halves[1] == whole


@given(net=tiny_nets(max_layers=2))
@settings(max_examples=60, deadline=None)
def test_dead_unit_changes_nothing(net):
    layers = list(net.layers)
    w, b = layers[-1]
    layers[-1] = ([*w, [0.0] * len(w[0])], [*b, -1.0])
    padded = TinyNet(layers, net.lower, net.upper)
    for definition in DEFINITIONS:
        count = int(pr.count(net.network, net.box, definition=definition))
        assert int(pr.count(padded.network, padded.box, definition=definition)) == count


@pytest.mark.parametrize(("inputs", "units"), [(2, 5), (3, 5), (2, 7), (4, 6)])
def test_generic_arrangement_has_zaslavskys_number(inputs, units):
    rng = np.random.default_rng(inputs * 100 + units)
    network = pr.Network.from_arrays(
        [rng.normal(size=(units, inputs)), np.ones((1, units))], [rng.normal(size=units), [0.0]]
    )
    assert int(pr.count(network, pr.Box(-1000, 1000))) == sum(comb(units, j) for j in range(inputs + 1))


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets(max_inputs=2), data=st.data())
@settings(max_examples=60, deadline=None)
def test_slices_are_counted_in_their_own_coordinates(net, definition, data):
    """A network on a segment or a plane equals the composed network on [0, 1]^k."""
    n, k = len(net.lower), data.draw(st.integers(1, 2))
    vector = st.lists(st.integers(-2, 2), min_size=n + 1, max_size=n + 1)
    if k == 1:
        start, end = data.draw(vector), data.draw(vector.filter(any))
        end = [p + q for p, q in zip(start, end, strict=True)]
        domain = pr.Segment(start, end)
        columns = [[q - p for p, q in zip(start, end, strict=True)]]
    else:
        start, columns = data.draw(vector), [data.draw(vector.filter(any)), data.draw(vector.filter(any))]
        if np.linalg.matrix_rank(np.array(columns)) < 2:
            return
        domain = pr.Plane(start, *columns)
    extra = data.draw(st.lists(st.integers(-2, 2), min_size=len(net.layers[0][1]), max_size=len(net.layers[0][1])))
    (w, b), *later = net.layers
    wide = TinyNet([([[*row, float(v)] for row, v in zip(w, extra, strict=True)], b), *later], [], [])
    first = np.array(wide.layers[0][0])
    composed = [
        ((first @ np.array(columns, float).T).tolist(), (first @ np.array(start, float) + np.array(b)).tolist()),
        *later,
    ]
    unit = TinyNet(composed, [Fraction(0)] * k, [Fraction(1)] * k)
    assert patterns_of(wide.network, domain, definition) == patterns_of(unit.network, unit.box, definition)


@given(net=tiny_nets(max_inputs=2))
@settings(max_examples=60, deadline=None)
def test_polytope_against_brute_force(net):
    n = len(net.lower)
    rows = [([Fraction(1)] * n, Fraction(1, 2))]
    a = [[int(i == j) for j in range(n)] for i in range(n)] + [[-int(i == j) for j in range(n)] for i in range(n)]
    polytope = pr.Polytope([*a, [1] * n], [*net.upper, *[-v for v in net.lower], Fraction(1, 2)])
    for definition, count in zip(DEFINITIONS, (brute_force.patterns, brute_force.regions), strict=True):
        expected = count(net.exact, net.lower, net.upper, rows)
        assert patterns_of(net.network, polytope, definition) == expected


def test_flat_box_and_single_point():
    network = pr.Network.from_arrays([[[1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    assert int(pr.count(network, pr.Box([-1, "1/3"], [1, "1/3"]))) == 3
    assert int(pr.count(network, pr.Box(0, 0))) == 1
    (region,) = pr.regions(network, pr.Box("1/3", "1/3"))
    assert region.pattern == ((1, 0),)
    assert region.witness == (Fraction(1, 3), Fraction(1, 3))


def test_network_without_relu_layer_has_one_region():
    network = pr.Network.from_arrays([[[1.0, 2.0]]], [[0.5]])
    assert int(pr.count(network, pr.Box(-1, 1))) == 1
    assert int(pr.count(network.including_output(), pr.Box(-1, 1))) == 2


def test_enumeration_can_be_left_and_taken_up_again():
    network, box = of_known(npz("A1_2d_16x2"))
    tree = SplittingTree(Restriction(network, box), Definition.REGIONS)
    seen = []
    while not tree.finished:
        steps = iter(range(7))
        seen += [leaf.states for leaf in tree.leaves(lambda steps=steps: next(steps, None) is None)]
        assert tree.found == len(seen)
        assert len(seen) + tree.open_bound() >= 478
    assert len(seen) == len(set(seen)) == 478


def test_open_bound_starts_at_theorem_1():
    network = pr.Network.from_arrays([np.ones((4, 2)), np.ones((4, 4)), np.ones((1, 4))], [[0] * 4, [0] * 4, [0]])
    tree = SplittingTree(Restriction(network, pr.Box(-1, 1)), Definition.REGIONS)
    assert tree.open_bound() == 121


def test_ordinary_network_needs_no_exact_program():
    network, box = of_known(npz("B4_4d_12x2"))
    stats = pr.count(network, box, cells="lp").stats
    assert stats["exact_programs"] == 0
    assert stats["decisions_by_exact"] == 0
    assert stats["decisions_by_filter"] > 8677

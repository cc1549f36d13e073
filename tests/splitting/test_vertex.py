"""Vertex cells against brute force and against the LP cells, ties included."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.arithmetic import get_arithmetic
from polyregions.exact.restriction import Restriction
from polyregions.splitting import vertex_cells
from polyregions.splitting.exact_vertices import domain_vertices
from polyregions.splitting.tree import SplittingTree
from polyregions.splitting.vertex_cells import VertexTree
from tests.nets import all_known, npz
from tests.reference import brute_force
from tests.strategies import TinyNet, awkward, of_known, tiny_nets


def patterns_of(network, domain, arithmetic="flint", doubt=0.0):
    """The set of patterns; each witness has its pattern, each pattern comes once, and counting alone agrees."""
    restriction = Restriction(network, domain, get_arithmetic(arithmetic))
    tree, found = VertexTree(restriction, doubt=doubt), []
    for leaf in tree.leaves():
        pattern = restriction.split_pattern(leaf.states)
        assert network.pattern(restriction.chart.ambient(leaf.witness.point.coordinates())) == pattern
        found.append(pattern)
    assert len(set(found)) == len(found) == tree.found
    assert tree.finished
    counter = VertexTree(restriction, doubt=doubt)
    counter.explore()
    assert counter.found == len(found)
    assert counter.open_bound() == 0
    return set(found)


@pytest.mark.parametrize("known", all_known(), ids=lambda known: known.name)
def test_known_networks(known):
    network, box = of_known(known)
    assert len(patterns_of(network, box)) == known.regions


@pytest.mark.parametrize("name", ["A1_2d_16x2", "A2_2d_32x3", "B1_3d_16x2", "B4_4d_12x2"])
@pytest.mark.parametrize("running", [False, True])
def test_trained_networks_need_no_exact_decision(name, running, monkeypatch):
    if running:
        monkeypatch.setattr(vertex_cells, "_STATIC_ERROR", 0.0)
    known = npz(name)
    network, box = of_known(known)
    tree = VertexTree(Restriction(network, box))
    tree.explore()
    assert tree.found == known.regions
    stats = tree.statistics()
    assert stats["running_error_bounds"] is running
    assert stats["decisions_by_exact"] == 0


def test_witnesses_of_a_trained_network_need_no_linear_program(monkeypatch):
    def needed(self, states, proposal=None):
        raise AssertionError("the filter did not accept a witness")

    network, box = of_known(npz("A1_2d_16x2"))
    expected = patterns_of(network, box)
    monkeypatch.setattr(vertex_cells.PatternCertifier, "certify", needed)
    assert patterns_of(network, box) == expected
    with pytest.raises(AssertionError, match="accept a witness"):
        patterns_of(network, box, doubt=1.0)


def test_patterns_are_those_of_the_lp_cells():
    network, box = of_known(npz("A2_2d_32x3"))
    restriction = Restriction(network, box)
    expected = {leaf.states for leaf in SplittingTree(restriction, Definition.REGIONS).leaves()}
    assert {leaf.states for leaf in VertexTree(restriction).leaves()} == expected


@given(net=tiny_nets())
@settings(max_examples=600, deadline=None)
def test_integer_weights_against_brute_force(net):
    assert patterns_of(net.network, net.box) == brute_force.regions(net.exact, net.lower, net.upper)


@given(net=tiny_nets(weights=awkward, max_inputs=2))
@settings(max_examples=200, deadline=None)
def test_awkward_floats_against_brute_force(net):
    assert patterns_of(net.network, net.box) == brute_force.regions(net.exact, net.lower, net.upper)


@given(net=tiny_nets(max_inputs=3, max_width=4, max_layers=2))
@settings(max_examples=100, deadline=None)
def test_fallback_arithmetic(net):
    assert patterns_of(net.network, net.box, "fractions") == patterns_of(net.network, net.box)


@given(net=tiny_nets(), bound=st.sampled_from([Fraction(1, 2), Fraction(0), Fraction(1, 3)]))
@settings(max_examples=150, deadline=None)
def test_polytope_against_brute_force(net, bound):
    n = len(net.lower)
    unit = [[int(i == j) for j in range(n)] for i in range(n)]
    rows = [*unit, *[[-v for v in row] for row in unit], [1] * n]
    sides = [*net.upper, *[-v for v in net.lower], bound]
    polytope = pr.Polytope(rows, sides)
    if polytope.chart(n).dimension < n:
        return
    expected = brute_force.regions(net.exact, net.lower, net.upper, [([Fraction(1)] * n, bound)])
    assert patterns_of(net.network, polytope) == expected


@pytest.mark.parametrize(
    "domain",
    [
        pr.Segment([-1, "1/3", 0], [1, 0, "2/7"]),
        pr.Plane([0, 0, 0], [1, "1/3", 0], [0, 1, "1/7"]),
        pr.Box([-1, "1/3", -1], [1, "1/3", 1]),
        pr.Polytope([[-1, 0, 0], [0, -1, 0], [0, 0, -1], [1, 1, 1]], [1, 1, 1, 1]),
        pr.Polytope([[1, 1, 1], [-1, -1, -1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], [1, -1, 0, 0, 0]),
    ],
    ids=lambda domain: type(domain).__name__,
)
def test_other_domains(domain):
    rng = np.random.default_rng(5)
    shapes = [(12, 3), (9, 12), (1, 9)]
    network = pr.Network.from_arrays(
        [rng.normal(size=shape) for shape in shapes], [rng.normal(size=rows) / 3 for rows, _ in shapes]
    )
    restriction = Restriction(network, domain)
    expected = {leaf.states for leaf in SplittingTree(restriction, Definition.REGIONS).leaves()}
    assert len(expected) > 8
    assert {leaf.states for leaf in VertexTree(restriction).leaves()} == expected


def test_arrays_grow():
    """More units than the first stack holds, more vertices than the first lists."""
    rng = np.random.default_rng(2)
    line = pr.Network.from_arrays([rng.normal(size=(300, 1)), np.ones((1, 300))], [rng.normal(size=300), [0]])
    breakpoints = -line.biases[0] / line.weights[0][:, 0]
    assert len(patterns_of(line, pr.Box(-1, 1))) == 1 + (np.abs(breakpoints) < 1).sum()
    solid = pr.Network.from_arrays([rng.normal(size=(40, 4)), np.ones((1, 40))], [5 + rng.normal(size=40), [0]])
    restriction = Restriction(solid, pr.Box(-4, 4))
    tree = VertexTree(restriction)
    tree.explore()
    slow = SplittingTree(restriction, Definition.REGIONS)
    for _ in slow.leaves(lambda: slow.found >= 3000):
        pass
    assert tree.found == slow.found if slow.finished else tree.found > 3000


def test_bracket_while_it_runs():
    network, box = of_known(npz("A1_2d_16x2"))
    previous = None
    for most in (0, 1, 10, 100, 300, 477):
        tree = VertexTree(Restriction(network, box), max_regions=most)
        tree.explore(lambda tree=tree, most=most: tree.found >= most)
        bracket = (tree.found, tree.found + tree.open_bound())
        assert bracket[0] == most
        assert bracket[0] <= 478 <= bracket[1]
        if previous:
            assert bracket[1] <= previous[1]
        previous = bracket


def test_listing_can_be_left_and_taken_up_again():
    network, box = of_known(npz("A1_2d_16x2"))
    tree, states = VertexTree(Restriction(network, box)), []
    while not tree.finished:
        steps = iter(range(9))
        states += [leaf.states for leaf in tree.leaves(lambda steps=steps: next(steps, None) is None)]
        assert len(states) == tree.found
        assert tree.found + tree.open_bound() >= 478
    assert len(set(states)) == len(states) == 478


def test_vertices_of_a_domain():
    network = pr.Network.from_arrays([[[1.0, 0.0, 0.0]]], [[0.0]])
    simplex = pr.Polytope([[-1, 0, 0], [0, -1, 0], [0, 0, -1], [1, 1, 1]], [0, 0, 0, 1])
    corners = domain_vertices(Restriction(network, simplex))
    assert {corner.point for corner in corners} == {(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)}


@pytest.mark.parametrize("units", [30, 100])
def test_cell_with_many_facets(units):
    """Lines tangent to a circle: the cell around it has as many facets as there are lines, here also more than 64."""
    angles = 2 * np.pi * np.arange(units) / units
    normals = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    network = pr.Network.from_arrays([normals, np.ones((1, units))], [np.ones(units), [0.0]])
    restriction = Restriction(network, pr.Box(-1.03, 1.03))
    expected = {leaf.states for leaf in SplittingTree(restriction, Definition.REGIONS).leaves()}
    tree = VertexTree(restriction)
    assert {leaf.states for leaf in tree.leaves()} == expected
    assert tree.found == len(expected)
    counter = VertexTree(restriction)
    while not counter.finished:
        steps = iter(range(5))
        counter.explore(lambda steps=steps: next(steps, None) is None)
        assert counter.found <= len(expected) <= counter.found + counter.open_bound()
    assert counter.found == len(expected)


def test_choice_of_cells():
    network, box = of_known(npz("A1_2d_16x2"))
    assert pr.count(network, box).stats["cells"] == "vertex"
    for cells in ("vertex", "tableau", "lp"):
        result = pr.count(network, box, cells=cells)
        assert (int(result), result.stats["cells"]) == (478, cells)
    assert pr.count(network, box, definition="patterns").stats["cells"] == "tableau"
    wide, wide_box = of_known(npz("B9_8d_8x2"))
    assert pr.count(wide, wide_box).stats["cells"] == "tableau"
    with pytest.raises(ValueError, match="no cells called 'round'"):
        pr.count(network, box, cells="round")
    with pytest.raises(ValueError, match="count regions"):
        pr.count(network, box, cells="vertex", definition="patterns")


@pytest.mark.parametrize(
    ("a", "b"),
    [(1e163, 1e155), (3e163, 1e155), (1.3e163, 1.1e155), (1e162, 1e155), (1e-150, 1e-160), (7e-150, 1e-160), (3, 1e-8)],
)
def test_radii_do_not_overflow_or_underflow(a, b):
    """A vertex whose position hangs on the last bit, with forms so large or small that products of errors vanish."""
    s = 0.1
    c = -(a * s)
    middle = float(-(Fraction(a) * Fraction(s) + Fraction(c)) / Fraction(b) / 2)
    net = TinyNet([([[a, b], [0.0, 1.0]], [c, -middle])], [Fraction(0), Fraction(-1)], [Fraction(s), Fraction(1)])
    assert patterns_of(net.network, net.box) == brute_force.regions(net.exact, net.lower, net.upper)


@pytest.mark.parametrize("s", [0.1, 0.3, 0.7])
def test_recomputed_vertices_do_not_underflow(s):
    small, a, b = 1e-157, 1e-152, 1e-162
    g = small * s
    s0 = Fraction(g) / Fraction(small)
    c = -(a * float(s0))
    middle = float(-(Fraction(a) * s0 + Fraction(c)) / Fraction(b) / 2)
    layer = ([[small, 0.0], [a, b], [0.0, 1.0]], [-g, c, -middle])
    net = TinyNet([layer], [Fraction(0), Fraction(-1, 2)], [Fraction(1), Fraction(1, 2)])
    assert patterns_of(net.network, net.box) == brute_force.regions(net.exact, net.lower, net.upper)


@pytest.mark.parametrize("doubt", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("name", ["A1_2d_16x2", "B1_3d_16x2"])
def test_signs_sent_to_exact_arithmetic_change_nothing(name, doubt):
    known = npz(name)
    tree = VertexTree(Restriction(*of_known(known)), doubt=doubt)
    tree.explore(lambda: tree.found > 500)
    stats = tree.statistics()
    assert stats["decisions_by_exact"] > 0
    if doubt == 1.0:
        assert stats["decisions_by_filter"] == 0
    if tree.finished:
        assert tree.found == known.regions
    else:
        assert tree.found <= known.regions <= tree.found + tree.open_bound()


@pytest.mark.parametrize("doubt", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("known", all_known(), ids=lambda known: known.name)
def test_doubt_on_known_networks(known, doubt):
    network, box = of_known(known)
    tree = VertexTree(Restriction(network, box), doubt=doubt)
    tree.explore()
    assert (tree.found, tree.finished) == (known.regions, True)


@given(net=tiny_nets(), doubt=st.sampled_from([0.01, 0.3, 1.0]))
@settings(max_examples=200, deadline=None)
def test_doubt_changes_no_pattern(net, doubt):
    assert patterns_of(net.network, net.box, doubt=doubt) == brute_force.regions(net.exact, net.lower, net.upper)


@given(net=tiny_nets(weights=awkward, max_inputs=2), doubt=st.sampled_from([0.01, 0.3, 1.0]))
@settings(max_examples=100, deadline=None)
def test_doubt_changes_no_pattern_of_awkward_floats(net, doubt):
    assert patterns_of(net.network, net.box, doubt=doubt) == brute_force.regions(net.exact, net.lower, net.upper)

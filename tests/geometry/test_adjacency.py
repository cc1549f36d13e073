"""The adjacency graph against all pairs of closed regions, and its laws."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings

import polyregions as pr
from polyregions.domain import Plane, Polytope, Segment
from polyregions.enumeration import Run
from polyregions.errors import ArgumentError
from polyregions.geometry.adjacency import Adjacency
from polyregions.geometry.wall_points import WallPoints
from polyregions.graph import Dense, Graph, Maxout, absolute, leaky_relu
from tests.nets import all_known, npz, six_definitions
from tests.reference.closures import dimension_of, facet_units, meetings
from tests.strategies import TinyNet, awkward, of_known, tiny_nets


def found(net: pr.Network, domain: pr.Domain) -> tuple[list, dict]:
    """The regions' patterns, and the edges with their units, by the LP cells: nothing to compile."""
    run = Run(net, domain, cells="lp")
    leaves = list(run.leaves())
    states = np.array([list(leaf.states) for leaf in leaves], dtype=np.uint8).reshape(len(leaves), sum(net.widths))
    edges = {}
    for edge in Adjacency(run.restriction, states, [leaf.witness for leaf in leaves]).edges():
        pair = tuple(sorted((edge.region, edge.other)))
        assert pair not in edges
        edges[pair] = edge.units
    return [run.restriction.split_pattern(leaf.states) for leaf in leaves], edges


def expected(net: TinyNet, patterns: list) -> dict:
    d = len(net.lower)
    return {
        (i, j): facet_units(net.exact, patterns[i], patterns[j], common)
        for (i, j), common in meetings(net.exact, patterns, net.lower, net.upper).items()
        if dimension_of(common) == d - 1
    }


# The second unit of the second layer is 0 on the third region and moves with the first unit behind its wall.
SHARED_WALLS = TinyNet(
    [
        ([[-2.0, 2.0, 2.0], [2.0, 2.0, 0.0]], [1.0, 0.0]),
        ([[-1.0, 2.0], [2.0, -1.0]], [-2.0, 0.0]),
        ([[-2.0, -2.0], [-2.0, 1.0]], [0.0, 0.0]),
    ],
    [Fraction(-1)] * 3,
    [Fraction(1)] * 3,
)
# Regions (0, 1, 1) and (1, 1, 1) differ in one unit and lie apart: x > 1 and x < -1.
APART = TinyNet([([[1.0], [1.0]], [0.0, 5.0]), ([[2.0, -1.0]], [4.0])], [Fraction(-3)], [Fraction(3)])


@given(net=tiny_nets(max_inputs=2, max_width=4))
@example(net=SHARED_WALLS)
@example(net=APART)
@settings(max_examples=100)
def test_edges_are_the_pairs_that_meet_in_a_facet(net):
    patterns, edges = found(net.network, net.box)
    assert edges == expected(net, patterns)


@given(net=tiny_nets(max_layers=2))
@settings(max_examples=40)
def test_edges_in_up_to_three_dimensions(net):
    patterns, edges = found(net.network, net.box)
    assert edges == expected(net, patterns)


@given(net=tiny_nets(weights=awkward, max_inputs=2, max_layers=2))
@settings(max_examples=60)
def test_edges_with_weights_that_nearly_cancel(net):
    patterns, edges = found(net.network, net.box)
    assert edges == expected(net, patterns)


SMALL = [
    net for net in all_known() if net.dimension <= 2 and net.regions <= 40 and None not in (*net.lower, *net.upper)
]


@pytest.mark.parametrize("net", SMALL, ids=lambda net: net.name)
def test_edges_of_known_networks(net):

    tiny = TinyNet(net.layers, list(net.lower), list(net.upper))
    patterns, edges = found(tiny.network, tiny.box)
    assert edges == expected(tiny, patterns)


def integer_net(widths: list[int], seed: int) -> pr.Network:
    """Small integers: many hyperplanes coincide."""
    rng = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [rng.integers(-1, 2, size=shape).astype(float) for shape in shapes]
    return pr.Network.from_arrays(weights, [rng.integers(-1, 2, size=n).astype(float) for n, _ in shapes])


@pytest.mark.parametrize(
    ("network", "box"),
    [
        of_known(npz("A1_2d_16x2")),
        (integer_net([2, 8, 8, 1], 0), pr.Box(-3, 3)),
        (integer_net([3, 6, 5, 1], 1), pr.Box(-3, 3)),
        (integer_net([4, 5, 5, 1], 2), pr.Box(-3, 3)),
    ],
    ids=["A1", "2-8-8", "3-6-5", "4-5-5"],
)
def test_exact_decisions_agree_with_points_behind_facets(network, box, monkeypatch):
    """Without the float proofs every candidate is decided exactly."""
    patterns, edges = found(network, box)
    monkeypatch.setattr(WallPoints, "proven", lambda self, regions, *rest: np.zeros(len(regions), bool))
    assert found(network, box) == (patterns, edges)
    assert edges


def euler_edges(patterns: list) -> int:
    """Of an arrangement of lines in a disk: edges = regions - 1 + crossings, and regions = 1 + lines + crossings."""
    lines = len(patterns[0][0])
    return len(patterns) - 1 + len(patterns) - 1 - lines


def test_lines_in_general_position():
    rng = np.random.default_rng(5)
    angles = rng.uniform(0, np.pi, 9)
    weights = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    net = pr.Network.from_arrays([weights, np.ones((1, 9))], [rng.uniform(-0.1, 0.1, 9), [0.0]])
    patterns, edges = found(net, pr.Box(-50, 50))
    assert len(patterns) == 1 + 9 + 36
    assert len(edges) == euler_edges(patterns)


@pytest.mark.parametrize(
    "domain",
    [
        Segment([-1, -1], [1, "1/3"]),
        Plane([-1, -1], [2, 0], [0, 2]),
        Polytope([[-1, 0], [0, -1], [1, 1]], [1, 1, 0]),
        Polytope([[1, 1], [-1, -1], [1, 0], [-1, 0]], [0, 0, 1, 1]),
        pr.Box([-1, 0], [1, 0]),
    ],
    ids=repr,
)
def test_domains(domain):
    """A one-dimensional domain is a path; a two-dimensional one fits the regions' common vertices."""
    network, _ = of_known(six_definitions())
    graph = pr.region_graph(network, domain, cells="lp")
    n = graph.number_of_nodes()
    assert n == int(pr.count(network, domain, cells="lp"))
    if domain.chart(2).dimension == 1:
        assert sorted(degree for _, degree in graph.degree) == ([1, 1] + [2] * (n - 2) if n > 1 else [0])
        return
    for i in graph:
        for j in range(i + 1, n):
            here, there = (set(graph.nodes[k]["region"].vertices(exact=True)) for k in (i, j))
            common = here & there
            assert graph.has_edge(i, j) == (len(common) == 2)


@pytest.mark.parametrize("seed", range(6))
def test_linear_units_cut_nothing(seed):
    """A linear unit is a ReLU that its bias keeps active on the whole box, put right in the layer behind it."""
    rng = np.random.default_rng(seed)
    shapes = [(4, 2), (4, 4), (3, 4), (1, 3)]
    weights = [rng.integers(-2, 3, size=shape).astype(float) for shape in shapes]
    biases = [rng.integers(-2, 3, size=shape[0]).astype(float) for shape in shapes]
    linear = [rng.random(shape[0]) < 0.4 for shape in shapes[:-1]]
    network = pr.Network.from_arrays(weights, biases, linear=linear)
    lifted = [bias.copy() for bias in biases]
    for layer, mask in enumerate(linear):
        lifted[layer][mask] += 2.0**20
        lifted[layer + 1] -= weights[layer + 1][:, mask].sum(axis=1) * 2.0**20
    active = pr.Network.from_arrays(weights, lifted)
    box = pr.Box(-1, 1)
    graphs = []
    for net in (network, active):
        patterns, edges = found(net, box)
        graphs.append({(frozenset((patterns[i], patterns[j])), units) for (i, j), units in edges.items()})
    assert graphs[0] == graphs[1]
    assert len(graphs[0]) > 3
    counts = [[str(count) for count in pr.count_all(net, box, cells="lp").counts.values()] for net in (network, active)]
    assert counts[0] == counts[1]
    for region in pr.regions(network, box, cells="lp"):
        for facet in region.facets:
            assert not any(linear[layer][unit] for layer, unit in facet.units)


def test_networks_of_graphs():
    graph = Graph(2, name="x")
    first = graph.add(absolute(), graph.add(Dense([[1, 1], [1, -1], [0.5, 2]], [0, 0.25, -0.5]), "x"))
    second = graph.add(leaky_relu("1/10"), graph.add(Dense([[1, -1, 1], [0, 1, -1]], [-0.5, 0.1]), first))
    network = graph.network(graph.add(Dense([[1, 1]]), second))
    adjacent = pr.region_graph(network, pr.Box(-1, 1), cells="lp")
    regions = [adjacent.nodes[i]["region"] for i in range(len(adjacent))]
    assert len(regions) == 20
    for i, region in enumerate(regions):
        for facet in region.facets:
            assert bool(facet.units) != bool(facet.domain)
        for j in range(i):
            common = set(region.vertices(exact=True)) & set(regions[j].vertices(exact=True))
            assert adjacent.has_edge(i, j) == (len(common) == 2)
            if adjacent.has_edge(i, j):
                # Named by the graph's nodes and entries, whose pieces differ across the facet.
                for node, entry in adjacent.edges[i, j]["units"]:
                    assert region.pattern[node][entry] != regions[j].pattern[node][entry]
    maps = {str(region.affine_map(exact=True)) for region in regions}
    assert int(pr.count(network, pr.Box(-1, 1), definition="affine", cells="lp")) == len(maps) < 20


def test_regions_of_several_polyhedra_are_refused():
    graph = Graph(3, name="x")
    network = graph.network(graph.add(Maxout(3), graph.add(Dense([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), "x")))
    for verb in (pr.region_graph, pr.linear_regions, pr.count_all):
        with pytest.raises(ArgumentError, match="more than two arguments"):
            verb(network, pr.Box(-1, 1))


def test_one_region_and_a_point():
    net = pr.Network.from_arrays([[[1.0]], [[1.0]]], [[5.0], [0.0]])
    for domain in (pr.Box(-1, 1), pr.Box(1, 1)):
        graph = pr.region_graph(net, domain, cells="lp")
        assert (graph.number_of_nodes(), graph.number_of_edges(), graph.graph["complete"]) == (1, 0, True)


def test_region_graph():
    network, box = of_known(six_definitions())
    graph = pr.region_graph(network, box)
    assert int(graph.graph["count"]) == graph.number_of_nodes() == 5
    assert graph.graph["complete"]
    for i, j, units in graph.edges(data="units"):
        here, there = (graph.nodes[k]["region"].pattern for k in (i, j))
        for layer, (before, after) in enumerate(zip(here, there, strict=True)):
            changed = {(layer, k) for k in range(len(before)) if before[k] != after[k]}
            assert changed <= set(units)


def test_a_stopped_graph_is_not_complete():
    network, box = of_known(npz("A1_2d_16x2"))
    graph = pr.region_graph(network, box, max_regions=50, cells="lp")
    assert graph.number_of_nodes() == 50
    assert not graph.graph["complete"]
    assert graph.graph["count"].status is pr.Status.BRACKET
    whole = pr.region_graph(network, box, cells="lp")
    pairs = {frozenset(whole.nodes[k]["region"].pattern for k in edge) for edge in whole.edges}
    assert {frozenset(graph.nodes[k]["region"].pattern for k in edge) for edge in graph.edges} <= pairs

"""What other verbs than count say of graphs: names of the user's nodes, and refusals where units tell too much."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

import polyregions as pr
from polyregions.errors import ArgumentError, NetworkError
from polyregions.graph import Add, Dense, Graph, Maxout, leaky_relu, relu
from polyregions.network import ExactLayer
from tests.graph.test_counts import TinyGraph, tiny_graphs


def differences(one, other):
    """Where two patterns differ: the part and the entry."""
    pairs = enumerate(zip(one, other, strict=True))
    return {(part, i) for part, (p, q) in pairs for i in range(len(p)) if p[i] != q[i]}


def three() -> pr.Network:
    """The largest of x, y and 0: three regions, and four cells of its tournament."""
    graph = Graph(2, name="x")
    graph.add(Maxout(3), graph.add(Dense([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), "x"), name="largest")
    return graph.network()


def steps() -> pr.Network:
    """Two leaky units, x + y and x - y, their sum, and a unit of that."""
    graph = Graph(2, name="x")
    first = graph.add(leaky_relu("1/3"), graph.add(Dense([[1.0, 1.0]]), "x"), name="leaky")
    other = graph.add(leaky_relu("1/5"), graph.add(Dense([[1.0, -1.0]]), "x"), name="other")
    both = graph.add(Add(), first, other, name="sum")
    graph.add(relu(), graph.add(Dense([[1.0]], [-0.5]), both), name="last")
    return graph.network()


@given(tiny_graphs(arguments=2))
@settings(max_examples=30)
def test_facets_and_edges_name_entries_of_nodes(tiny: TinyGraph):
    network, box = tiny.network, tiny.box
    graph = pr.region_graph(network, box, cells="lp")
    regions = dict(graph.nodes(data="region"))
    assert {region.pattern for region in regions.values()} == {
        region.pattern for region in pr.regions(network, box, cells="lp")
    }
    sizes = [len(part) for part in next(iter(regions.values())).pattern]
    for i, j, units in graph.edges(data="units"):
        assert len(set(units)) == len(units)
        assert differences(regions[i].pattern, regions[j].pattern) <= set(units)
        assert all(0 <= entry < sizes[part] for part, entry in units)
    for i, region in list(regions.items())[:6]:
        named = {unit for facet in region.facets if not facet.domain for unit in facet.units}
        across = [differences(region.pattern, regions[j].pattern) for j in graph.neighbors(i)]
        # One constraint of the region at least is that of an entry that changes.
        assert all(changes & named for changes in across)


@given(tiny_graphs(arguments=2))
@settings(max_examples=30)
def test_lines_name_entries_of_nodes(tiny: TinyGraph):
    n = len(tiny.lower)
    for domain in (pr.Segment([-1] * n, [2] * n), pr.Line([0] * n, [1] * n)):
        found = pr.line(tiny.network, domain)
        if domain.bounded:
            assert found.num_regions == int(pr.count(tiny.network, domain, cells="lp"))
        assert all(tiny.network.pattern(found.region(i).witness) == found.pattern(i) for i in range(len(found)))
        for i in range(found.num_regions - 1):
            assert set(found.changes(i)) == differences(found.pattern(i), found.pattern(i + 1))


def test_planes_name_entries_of_nodes():
    network = steps()
    found = pr.plane(network, pr.Box(-2, 2))
    assert len(found) == int(found.count) == int(pr.count(network, pr.Box(-2, 2), cells="lp"))
    assert {tuple(edge) for edge in found.edges.tolist() if edge[0] >= 0} == {(0, 0), (1, 0), (2, 0)}
    assert network.pattern_nodes == ("leaky", "other", "last")
    for i in range(len(found)):
        region = found.region(i)
        assert network.pattern(region.witness) == found.pattern(i)
        assert region.volume() == pytest.approx(float(found.areas[i]))
    # Corners are computed anew from the lowered units on their edges.
    corners = [found.polygon(i, exact=True) for i in range(len(found))]
    assert np.allclose(np.array([p for corner in corners for p in corner], dtype=float), found.vertices)


def test_exact_decisions_along_a_line():
    """Ties: three units vanish at one point of the line."""
    graph = Graph(1, name="x")
    graph.add(leaky_relu("1/10"), graph.add(Dense([[3.0], [0.1], [-0.3]], [0.3, 0.01, -0.03]), "x"), name="leaky")
    found = pr.line(graph.network(), pr.Segment([-2], [1]))
    assert (found.num_regions, found.count) == (int(pr.count(graph.network(), pr.Segment([-2], [1]))),) * 2


def test_what_units_tell_too_much_of_is_refused():
    network, box = three(), pr.Box(-1, 1)
    assert int(pr.count(network, box)) == 3
    verbs = {
        "estimate": lambda: pr.estimate(network, box),
        "tree": lambda: pr.lower_bound(network, box, method="tree"),
        "xor": lambda: pr.lower_bound(network, box, method="xor"),
        "distances": lambda: pr.distances(network, [0.1, 0.2]),
        "volume": lambda: pr.boundary_volume(network, box),
        "estimated volume": lambda: pr.estimate_boundary_volume(network, box, seed=0),
    }
    for verb in verbs.values():
        with pytest.raises(ArgumentError, match="maxima of more than two"):
            verb()
    for verb in (pr.region_graph, pr.linear_regions, pr.count_all):
        with pytest.raises(pr.PolyregionsError, match="maxima of more than two"):
            verb(network, box)


@given(tiny_graphs())
@settings(max_examples=25)
def test_points_bound_the_regions_of_any_graph(tiny: TinyGraph):
    bound = pr.lower_bound(tiny.network, tiny.box, method="points", points=200, seed=0)
    assert bound.value <= int(pr.count(tiny.network, tiny.box, cells="lp"))


def test_points_take_outcomes_of_a_tournament_together():
    assert pr.lower_bound(three(), pr.Box(-1, 1), method="points", points=500, seed=0).value == 3


@pytest.mark.parametrize("domain", [pr.Box(-2, 2), pr.Space(), pr.Segment([-1, 0], [1, 1])])
def test_exported_half_spaces_have_names(domain, tmp_path):
    network = steps()
    for region in pr.regions(network, domain):
        path = tmp_path / "region.lp"
        pr.export(network, domain, path, pattern=region.pattern)
        text = path.read_text()
        assert "g_1_0:" in text
        assert "g_3_0:" in text
        assert text.count("g_") == 3


def test_signs_of_rationals_are_those_of_their_floats():
    """Bounds look at the floats' signs: a number that would round to zero is refused."""
    layer = ExactLayer([[1]], [1], 3)
    for tiny in (ExactLayer([[1]], [0], 10**400), ExactLayer([[10**400]], [-1], 10**400)):
        with pytest.raises(NetworkError, match="too small a number"):
            pr.Network.from_exact([tiny, layer])
        with pytest.raises(NetworkError, match="too small a number"):
            pr.Network([np.zeros((1, 1))] * 2, [np.zeros(1)] * 2, exact=(tiny, layer))
    network = pr.Network.from_exact([ExactLayer([[1]], [-1], 10**300), layer])
    assert network.weights[0][0, 0] > 0 > network.biases[0][0]
    assert network.exact_preactivations([Fraction(2)])[0] == [Fraction(1, 10**300)]

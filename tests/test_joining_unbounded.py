"""Linear regions, their counts and graphs over unbounded domains: against boxes too large to miss anything."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.exact.restriction import ExactPoint
from polyregions.geometry.whole import whole_domain
from tests.nets import npz, six_definitions, telgarsky
from tests.strategies import TinyNet, of_known, tiny_nets
from tests.test_joining import HOURGLASS, JOINED, KEYS, expected, integer_networks, with_output

#: Weights are integers up to 2 here, in up to three layers of three units.
SIZE = 10**9


def edges(network, domain):
    """The graph's edges by the patterns of both ends, with their units."""
    graph = pr.region_graph(network, domain, cells="lp")
    assert graph.graph["complete"]
    names = {i: data["region"].pattern for i, data in graph.nodes(data=True)}
    return {(*sorted((names[i], names[j])), units) for i, j, units in graph.edges(data="units")}


def large(net: TinyNet) -> TinyNet:
    n = len(net.lower)
    return TinyNet(net.layers, [Fraction(-SIZE)] * n, [Fraction(SIZE)] * n)


@given(net=tiny_nets(max_inputs=2, max_width=4), data=st.data())
@settings(max_examples=25)
def test_counts_over_space_are_those_of_all_pairs(net, data):
    width = len(net.layers[-1][1])
    small = st.integers(-1, 1).map(float)
    weights = [data.draw(st.lists(small, min_size=width, max_size=width))]
    network, net = with_output(net, weights, [0.0]), large(net)
    patterns = [region.pattern for region in pr.regions(network, pr.Space(), cells="lp")]
    exact = ([[Fraction(w) for w in row] for row in weights], [Fraction(0)])
    counts = pr.count_all(network, pr.Space(), cells="lp")
    assert tuple(int(counts[name]) for name in JOINED) == expected(net, exact, patterns)
    assert {count.domain for count in counts.counts.values()} == {pr.Space()}


@given(net=tiny_nets(max_layers=2))
@example(net=HOURGLASS)
@settings(max_examples=25)
def test_graphs_over_space(net):
    found = edges(net.network, pr.Space())
    assert found == edges(net.network, large(net).box)


coordinates = st.builds(Fraction, st.integers(-3, 3), st.sampled_from([1, 2, 3]))


@given(net=tiny_nets(max_layers=2), data=st.data())
@settings(max_examples=25)
def test_graphs_over_polyhedra(net, data):
    """One to three half-spaces, equations among them, that may leave lines, wedges, or less."""
    n = len(net.lower)
    a = data.draw(st.lists(st.lists(coordinates, min_size=n, max_size=n), min_size=1, max_size=3))
    b = data.draw(st.lists(coordinates, min_size=len(a), max_size=len(a)))
    if data.draw(st.booleans()):
        a, b = [*a, [-x for x in a[0]]], [*b, -b[0]]
    units = [[int(i == j) for i in range(n)] for j in range(n)]
    rows = [*a, *units, *([-x for x in row] for row in units)]
    try:
        domain = pr.Polytope(a, b)
        if domain.bounded:
            return
        found = edges(net.network, domain)
    except pr.PolyregionsError:  # empty
        return
    part = pr.Polytope(rows, [*b, *([SIZE] * 2 * n)])
    assert found == edges(net.network, part)
    got, true = (pr.count_all(net.network, over, cells="lp") for over in (domain, part))
    assert [int(got[name]) for name in JOINED] == [int(true[name]) for name in JOINED]


@given(net=tiny_nets(max_layers=2), data=st.data())
@settings(max_examples=20)
def test_graphs_over_lines_and_planes(net, data):
    n = len(net.lower)
    point, u, v = (data.draw(st.lists(coordinates, min_size=n, max_size=n)) for _ in range(3))

    def corner(*weights):
        return [p + sum(SIZE * w * d[i] for w, d in zip(weights, (u, v), strict=False)) for i, p in enumerate(point)]

    pairs = []
    if any(u):
        pairs.append((pr.Line(point, u), pr.Segment(corner(-1), corner(1))))
    if n > 1 and any(u[i] * v[j] != u[j] * v[i] for i in range(n) for j in range(n)):
        sides = [[2 * SIZE * x for x in side] for side in (u, v)]
        pairs.append((pr.Plane(point, u, v, bounded=False), pr.Plane(corner(-1, -1), *sides)))
    for whole, part in pairs:
        assert edges(net.network, whole) == edges(net.network, part)
        for name in JOINED:
            counts = [int(pr.count(net.network, over, definition=name, cells="lp")) for over in (whole, part)]
            assert counts[0] == counts[1]


@pytest.mark.parametrize(("network", "entry"), list(integer_networks()))
def test_integer_networks(network, entry):
    counts = pr.count_all(network, pr.Space())
    assert [int(count) for count in counts.counts.values()] == [entry["plane"][key] for key in KEYS]


def test_six_definitions():
    known = six_definitions()
    network = with_output(known, *known.output)
    counts = pr.count_all(network, pr.Space())
    assert [int(count) for count in counts.counts.values()] == [7, 5, 3, 3, 3]


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_mirror_maps_on_the_line(depth):
    known = telgarsky(depth)
    network = with_output(TinyNet(known.layers, [], []), [known.layers[-1][0][0]], [0.0])
    for domain in (pr.Space(), pr.Line([0], [3]), pr.Line(["1/3"], [-7])):
        counts = [int(pr.count(network, domain, definition=name)) for name in JOINED]
        assert counts == [2**depth + 2, 2**depth + 2, 2**depth + 1]


def test_regions_that_meet_far_away():
    """Two lines that meet 2^60 away from everything else: the facets beyond are not missed."""
    network = pr.Network.from_arrays(
        [[[1.0, 0.0], [1.0, 2.0**-60], [0.0, 1.0]], [[1.0, 1.0, 1.0]]], [[0.0, -1.0, 0.0], [0.0]]
    )
    graph = pr.region_graph(network, pr.Space())
    assert (graph.number_of_nodes(), graph.number_of_edges(), graph.graph["complete"]) == (7, 9, True)


def test_linear_regions_are_made_of_regions_of_the_users_domain():
    pieces = pr.linear_regions(HOURGLASS.network, pr.Space(), definition="closed")
    assert (len(pieces), pieces.total.domain, str(pieces.total.status.value)) == (5, pr.Space(), "exact")
    assert all(region.domain == pr.Space() for piece in pieces for region in piece.regions)
    assert not any(region.bounded for piece in pieces for region in piece.regions)


@pytest.mark.parametrize("name", JOINED)
def test_limits_end_in_a_bracket(name):
    network, _ = of_known(npz("A1_2d_16x2"))
    network = pr.Network(network.weights, network.biases)
    whole = int(pr.count(network, pr.Space(), definition=name))
    for limits in ({"max_regions": 40}, {"time_limit": 0}):
        count = pr.count(network, pr.Space(), definition=name, **limits)
        assert count.status is pr.Status.BRACKET
        assert count.lower <= whole <= count.upper
    graph = pr.region_graph(network, pr.Space(), max_regions=40)
    assert not graph.graph["complete"]
    assert 40 <= graph.number_of_nodes() < whole


def test_the_box_for_floats_is_about_the_points_wherever_these_are():
    network = pr.Network.from_arrays([[[1.0, 1.0]]], [[0.0]], include_output=True)
    points = [ExactPoint((0, 0), 1), ExactPoint((10**400, 1), 1), ExactPoint((1, 1), 10**400)]
    for chosen in ([], points[:1], points[1:2], points):
        restriction, witnesses = whole_domain(network, pr.Space(), chosen)
        chart = restriction.chart
        assert all(low < high for low, high in zip(chart.lower, chart.upper, strict=True))
        assert [witness.point.coordinates() for witness in witnesses] == [point.coordinates() for point in chosen]
        if chosen:
            inside = [
                all(low < x < high for low, x, high in zip(chart.lower, point.coordinates(), chart.upper, strict=True))
                for point in chosen
            ]
            assert any(inside)
    assert np.isfinite([float(x) for x in chart.upper]).all()

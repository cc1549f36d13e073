"""Polygons on infinite planes against cutting two large boxes in rational arithmetic, and against counting alone."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.exact.restriction import ExactPoint
from polyregions.graph import Dense, Graph, Maxout
from polyregions.slices.infinite_plane import edges_around, window_around
from polyregions.slices.polygons import exact_area
from polyregions.splitting.section_polygons import INFINITY
from tests.nets import npz
from tests.reference import brute_force, slices
from tests.slices.test_plane import check_map, corners_of
from tests.strategies import TinyNet, awkward, integers, network_of, tiny_nets

coordinates = st.builds(Fraction, st.integers(-3, 3), st.sampled_from([1, 2, 3]))


@st.composite
def cases(draw, weights=integers):
    net = draw(tiny_nets(weights=weights, max_inputs=3, max_layers=3, max_width=4))
    vector = st.lists(coordinates, min_size=len(net.lower), max_size=len(net.lower))
    return net, *(draw(vector) for _ in range(3))


def on_plane(net, origin, u, v):
    """The network over (s, t), composed by hand."""
    (w, b), *rest = net.exact
    first = (
        [[sum(x * y for x, y in zip(row, d, strict=True)) for d in (u, v)] for row in w],
        [sum(x * y for x, y in zip(row, origin, strict=True)) + c for row, c in zip(w, b, strict=True)],
    )
    return [first, *rest]


def cells_in(layers, lower, upper):
    found = slices.cells(layers, slices.polygon(lower, upper))
    patterns = {slices.evaluate(layers, cell.centre()): cell for cell in found}
    assert len(patterns) == len(found)
    return patterns


def check(net, origin, u, v):
    try:
        plane = pr.Plane(origin, u, v, bounded=False)
    except pr.PolyregionsError:  # parallel
        return
    layers = on_plane(net, origin, u, v)
    try:
        found = pr.plane(net.network, plane)
    except pr.PolyregionsError:
        # A weight of 1e-300 makes lines that meet where no float is.
        if all(abs(x) != 1e-300 for w, b in net.layers for row in [*w, b] for x in row):
            raise
        return
    patterns = [found.pattern(i) for i in range(len(found))]
    assert set(patterns) == brute_force.regions(layers, [None] * 2, [None] * 2)
    assert len(patterns) == len(found) == int(found.count) == int(pr.count(net.network, plane, cells="lp"))
    lower, upper = found.window
    near = cells_in(layers, lower, upper)
    # What changes in a larger window is what its border cuts.
    reach = [10 * (y - x) for x, y in zip(lower, upper, strict=True)]
    far = cells_in(
        layers, [x - r for x, r in zip(lower, reach, strict=True)], [x + r for x, r in zip(upper, reach, strict=True)]
    )
    assert set(near) == set(far) == set(patterns)
    for i, pattern in enumerate(patterns):
        exact = found.polygon(i, exact=True)
        assert set(exact) == corners_of(near[pattern].vertices)
        assert exact_area(exact) == near[pattern].area() > 0
        assert found.bounded[i] == (far[pattern].area() == near[pattern].area())
        check_polygon(found, i, exact)
        check_map(found, i, origin, u, v)
    assert found.bounded.dtype == bool
    assert found.domain_area() == np.inf


def check_polygon(found, i, exact):
    """Edges, flags, and rounded corners of one polygon, whose exact ones were checked."""
    lower, upper = found.window
    here = slice(found.offsets[i], found.offsets[i + 1])
    edges, errors = found.edges[here].tolist(), found.vertex_errors[here].tolist()
    assert found.bounded[i] == all(layer >= 0 for layer, _ in edges)
    assert np.isinf([found.areas[i], found.chart_areas[i], found.perimeters[i]]).tolist() == [not found.bounded[i]] * 3
    region = found.region(i)
    assert region.bounded == found.bounded[i]
    assert found.network.pattern(region.witness) == region.pattern
    a, b = region.halfspaces(exact=True)
    widths = np.cumsum([0, *found.network.widths])
    for k, corner in enumerate(exact):
        x = found.chart.ambient(corner)
        slack = [bound - sum(p * q for p, q in zip(row, x, strict=True)) for row, bound in zip(a, b, strict=True)]
        assert min(slack) >= 0
        on_border = any(value in ends for value, *ends in zip(corner, lower, upper, strict=True))
        for layer, unit in (edges[k], edges[k - 1]):
            assert on_border if layer < 0 else slack[widths[layer] + unit] == 0
        if min(edges[k][0], edges[k - 1][0]) >= 0:
            assert all(low < value < high for low, value, high in zip(lower, corner, upper, strict=True))
        rounded = found.polygon(i)[k].tolist()
        assert all(abs(p - Fraction(q)) <= Fraction(errors[k]) for p, q in zip(corner, rounded, strict=True))


@given(cases())
@settings(max_examples=120)
def test_small_integers_make_ties(case):
    check(*case)


@given(cases(weights=awkward))
@settings(max_examples=40)
def test_numbers_that_nearly_cancel(case):
    check(*case)


def tiny(*layers):
    inputs = len(layers[0][0][0])
    return TinyNet([(w, b) for w, b in layers], [Fraction(-1)] * inputs, [Fraction(1)] * inputs)


DEGENERATE = {
    "nothing changes": (tiny(([[0.0, 0.0]], [1.0]), ([[2.0]], [-1.0])), 1, 0),
    "one line": (tiny(([[1.0, 2.0]], [3.0])), 2, 0),
    "one line twice": (tiny(([[1.0, 2.0], [-2.0, -4.0]], [3.0, -6.0])), 2, 0),
    "one line far away": (tiny(([[1.0, 2.0]], [2.0**60])), 2, 0),
    "parallel lines": (tiny(([[1.0, 2.0], [1.0, 2.0], [-1.0, -2.0]], [3.0, 0.0, 1.0])), 4, 0),
    "strips of later layers": (tiny(([[1.0, 0.0], [-1.0, 0.0]], [0.0, 0.0]), ([[1.0, 1.0]], [-2.0])), 4, 0),
    "a line in a half-plane": (tiny(([[0.0, 3.0]], [0.0]), ([[1.0], [0.0]], [-1.0, -1.0])), 3, 0),
    "cones": (tiny(([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 0.0, 0.0])), 6, 0),
    "cones of later layers": (
        tiny(([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]), ([[1.0, -1.0], [1.0, -2.0]], [0.0, 0.0])),
        6,
        0,
    ),
    "cones with another apex": (tiny(([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [-5.0, 3.0, -2.0])), 6, 0),
    "two lines that meet far away": (tiny(([[1.0, 0.0], [1.0, 2.0**-60]], [0.0, 1.0])), 4, 0),
    "a strip between crossing lines": (tiny(([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, -1.0, 0.0])), 6, 0),
    "a triangle": (tiny(([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 0.0, -1.0])), 7, 1),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_arrangements(name):
    net, regions, bounded = DEGENERATE[name]
    for plane in (([0, 0], [1, 0], [0, 1]), ([1, "1/3"], [2, 1], [-1, 1])):
        vectors = [[Fraction(x) for x in vector] for vector in plane]
        check(net, *vectors)
        found = pr.plane(net.network, pr.Plane(*plane, bounded=False))
        assert (len(found), int(found.bounded.sum())) == (regions, bounded)


def test_space_of_two_inputs_and_inputs_that_are_frozen():
    net = DEGENERATE["a triangle"][0].network
    found, same = pr.plane(net, pr.Space()), pr.plane(net, pr.Plane([0, 0], [1, 0], [0, 1], bounded=False))
    assert (found.window, found.areas.tolist()) == (same.window, same.areas.tolist())
    assert found.areas[found.bounded].tolist() == [0.5]
    # The third input does not move, and is what shifts the third line.
    wide = pr.Network.from_arrays(
        [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, -1.0]], [[1.0] * 3]], [[0.0] * 3, [0.0]]
    )
    frozen = pr.plane(wide, pr.Plane([0, 0, 2], [1, 0, 0], [0, 3, 0], bounded=False))
    assert frozen.areas[frozen.bounded].tolist() == [2.0]
    assert frozen.perimeters[frozen.bounded] == pytest.approx([4 + 8**0.5])


def test_a_network_without_relus():
    net = pr.Network.from_arrays([[[1.0, 2.0]]], [[0.5]])
    for domain, area in ((pr.Space(), np.inf), (pr.Box(-1, 1), 4.0)):
        found = pr.plane(net, domain)
        assert (int(found.count), found.areas.tolist()) == (1, [area])
        assert found.affine_maps.tolist() == [[[1.0, 2.0, 0.5]]]
        assert found.map_labels.tolist() == [0]


@pytest.mark.parametrize("shape", ["circle", "parabola"])
def test_regions_with_more_facets_than_a_bit_set_holds(shape):
    """70 tangents: their envelope bounds a region of 70 edges, in the circle bounded, in the parabola not."""
    if shape == "circle":
        angles = np.linspace(0, 2 * np.pi, 70, endpoint=False)
        weights, biases = np.stack([np.cos(angles), np.sin(angles)], axis=1), np.full(70, -0.5)
    else:
        at = np.arange(-35.0, 35.0)
        weights, biases = np.stack([2 * at, np.full(70, -1.0)], axis=1), -(at**2)
    net = pr.Network.from_arrays([weights, np.ones((1, 70))], [biases, [0.0]])
    found = pr.plane(net, pr.Space())
    assert int(found.count) == len(found) == int(pr.count(net, pr.Space(), cells="tableau"))
    own = [(found.edges[found.offsets[i] : found.offsets[i + 1], 0] >= 0).sum() for i in range(len(found))]
    i = int(np.argmax(own))
    assert (own[i], bool(found.bounded[i])) == (70, shape == "circle")
    assert {found.region(i).bounded for i in range(0, len(found), 100)} <= {True, False}


def test_a_trained_network_is_the_same_on_a_plane_and_in_its_window():
    network = network_of(npz("A1_2d_16x2").layers)
    found = pr.plane(network, pr.Space())
    lower, upper = found.window
    inside = pr.plane(network, pr.Box(lower, upper))
    assert int(found.count) == int(inside.count) == int(pr.count(network, pr.Space())) > 478
    where = {inside.pattern(i): i for i in range(len(inside))}
    for i in range(len(found)):
        j = where[found.pattern(i)]
        assert set(found.polygon(i, exact=True)) == set(inside.polygon(j, exact=True))
        touches = (inside.edges[inside.offsets[j] : inside.offsets[j + 1], 0] < 0).any()
        assert found.bounded[i] == (not touches)
        assert not found.bounded[i] or np.isclose(found.areas[i], inside.areas[j], rtol=1e-9)
        if i % 50 == 0:
            check_polygon(found, i, found.polygon(i, exact=True))


@given(net=tiny_nets(max_inputs=2, max_layers=2))
@settings(max_examples=20)
def test_linear_units(net):
    if len(net.lower) == 1:
        return
    masks = [np.arange(len(b)) % 2 == 1 for _, b in net.layers]
    ones = [[1.0] * len(net.layers[-1][1])]
    network = pr.Network.from_arrays(
        [*(w for w, _ in net.layers), ones], [*(b for _, b in net.layers), [0.0]], linear=masks
    )
    try:
        wanted = int(pr.count(network, pr.Space()))
    except pr.PolyregionsError:  # linear units that depend on more than ReLUs do
        with pytest.raises(pr.PolyregionsError, match="linear units"):
            pr.plane(network, pr.Space())
        return
    found = pr.plane(network, pr.Space())
    assert int(found.count) == len(found) == wanted
    for i in range(len(found)):
        clip, _ = found._exact.clip(found._states(i))
        assert corners_of(clip) == set(found.polygon(i, exact=True))
        assert found.region(i).bounded == found.bounded[i]
        assert network.pattern(found.region(i).witness) == found.pattern(i)


def test_graphs_whose_cells_merge():
    rng = np.random.default_rng(0)
    graph = Graph(2)
    forms = graph.add(Dense(rng.normal(size=(12, 2)), rng.normal(size=12)), graph.input)
    network = graph.network(graph.add(Maxout(4), forms))
    found = pr.plane(network, pr.Space())
    assert int(found.count) == int(pr.count(network, pr.Space())) == found.numbers.max() + 1 < len(found)


def test_limits_leave_a_bracket():
    network = network_of(npz("A1_2d_16x2").layers[:2])
    whole = pr.plane(network, pr.Space())
    truth = {whole.pattern(i): bool(whole.bounded[i]) for i in range(len(whole))}
    for most in (1, 50, 400):
        found = pr.plane(network, pr.Space(), max_regions=most)
        assert found.status is pr.Status.BRACKET
        assert len(found) == found.count.lower == most
        # What is known of the regions that were found stays true.
        assert all(truth[found.pattern(i)] == found.bounded[i] for i in range(most))
    nothing = pr.plane(network, pr.Space(), time_limit=0)
    assert (len(nothing), nothing.bounded.shape, nothing.window) == (0, (0,), ((-1, -1), (1, 1)))
    assert nothing.to_json()["unbounded"] == 0


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        (pr.Line([0, 0], [1, 1]), r"has 1: line\(\) takes a Segment or a Line"),
        (pr.Polytope([[1, 0]], [0]), r"no unbounded polyhedron such as Polytope\(1 inequalities .* bounded=False"),
        (pr.Space(3), r"the space has 3 dimensions, the network has 2 inputs"),
        (pr.Plane([0] * 3, [1, 0, 0], [0, 1, 0], bounded=False), "3 dimensions, the network has 2 inputs"),
    ],
)
def test_other_unbounded_domains(domain, message):
    with pytest.raises(pr.PolyregionsError, match=message):
        pr.plane(DEGENERATE["a triangle"][0].network, domain)


def test_space_of_another_dimension():
    network = pr.Network.random([3, 4, 1], seed=0)
    with pytest.raises(pr.PolyregionsError, match=r"two dimensions; Space\(\) has 3: give a Plane"):
        pr.plane(network, pr.Space())


def test_corners_beyond_floats():
    network = pr.Network.from_arrays([[[1.0, 0.0], [1.0, 1e-300]], [[1.0, 1.0]]], [[0.0, 1e10], [0.0]])
    assert int(pr.count(network, pr.Space())) == 4
    with pytest.raises(pr.PolyregionsError, match="so far away that no float holds their areas"):
        pr.plane(network, pr.Space())


def test_no_exact_area_of_an_infinite_plane():
    found = pr.plane(DEGENERATE["a triangle"][0].network, pr.Space())
    with pytest.raises(pr.PolyregionsError, match="area infinite; ask for exact=False"):
        found.domain_area(exact=True)
    assert pr.plane(found.network, pr.Box(-1, 1)).window is None


def test_files(tmp_path):
    found = pr.plane(DEGENERATE["a triangle"][0].network, pr.Space())
    found.save(tmp_path / "plane.npz")
    with np.load(tmp_path / "plane.npz") as arrays:
        assert arrays["bounded"].tolist() == found.bounded.tolist()
        assert np.isinf(arrays["areas"]).sum() == np.isinf(arrays["perimeters"]).sum() == 6
    found.save(tmp_path / "plane.json")
    # No NaN and no Infinity, which are not JSON.
    data = json.loads((tmp_path / "plane.json").read_text(), parse_constant=pytest.fail)
    assert (data["count"], data["unbounded"], data["area"], data["domain_area"]) == (7, 6, 0.5, None)
    assert [list(map(Fraction, data["window"][name])) for name in ("lower", "upper")] == list(map(list, found.window))
    for polygon, bounded in zip(data["polygons"], found.bounded.tolist(), strict=True):
        assert polygon["bounded"] == bounded
        assert (polygon["area"] is None) == (polygon["perimeter"] is None) == (not bounded)


half_planes = st.lists(st.tuples(*[st.integers(-4, 4)] * 2, st.integers(1, 5)), max_size=8)


@given(half_planes, coordinates, coordinates)
@example([(1, 0, 1), (-1, 0, 1)], Fraction(0), Fraction(0))
@example([(1, 0, 1), (2, 0, 2), (1, 1, 5)], Fraction(1, 3), Fraction(0))
@settings(max_examples=200)
def test_edges_of_half_planes(given_planes, x, y):
    """Against the polygon that they cut out of a box larger than all."""
    forms = [((0, i), (a * 3, b * 3, 3 * c - 3 * (a * x + b * y))) for i, (a, b, c) in enumerate(given_planes)]
    forms = [(label, tuple(int(v * 12) for v in form)) for label, form in forms]
    edges = edges_around(forms, ExactPoint.of((x, y)))
    polygon = slices.polygon((-(10**6),) * 2, (10**6,) * 2, [((-a, -b), c) for _, (a, b, c) in forms if a or b])
    lines = dict(forms)
    on_edges = {
        label
        for label, (a, b, c) in forms
        if (a or b) and any(a * p[0] + b * p[1] + c == 0 == a * q[0] + b * q[1] + c for p, q in polygon.edges())
    }
    real = [label for label in edges if label[0] != INFINITY]
    # Each line with an edge is named, once.
    key = {label: tuple(Fraction(v, lines[label][2] or 1) for v in lines[label]) for label in on_edges | set(real)}
    value = {label: sum(v * w for v, w in zip(lines[label], (x, y, 1), strict=True)) for label in key}
    line = {label: tuple(Fraction(v) / value[label] for v in lines[label]) for label in key}
    assert {line[label] for label in on_edges} == {line[label] for label in real}
    assert len({line[label] for label in real}) == len(real)
    bounded = all(max(map(abs, corner)) < 10**6 for corner in polygon.vertices)
    normals = [lines[label][:2] for label in real]
    parallel = [p[0] * q[1] == p[1] * q[0] for p, q in zip(normals, normals[1:] + normals[:1], strict=True)]
    assert (len(edges) != len(real) or any(parallel)) == (not bounded)


@given(st.lists(coordinates, min_size=4, max_size=4), st.sampled_from([1.0, 0.01, 1000.0]))
def test_windows(values, length):
    (a, b), (c, d) = sorted(values[:2]), sorted(values[2:])
    lower, upper = window_around([(a, b), (c, d)], [1.0, length])
    assert lower[0] < a <= b < upper[0]
    assert lower[1] < c <= d < upper[1]
    sides = [float(upper[0] - lower[0]), float(upper[1] - lower[1]) * length]
    assert (a, c) == (b, d) or max(sides) <= 8 * min(sides)

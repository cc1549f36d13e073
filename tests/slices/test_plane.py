"""Polygons on planes against cutting in rational arithmetic (tests/reference/slices.py), ties and slivers included."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.slices.polygons import clipped, exact_area
from polyregions.splitting import vertex_cells
from tests.nets import npz
from tests.reference import slices
from tests.strategies import awkward, integers, of_known, tiny_nets

coordinates = st.builds(Fraction, st.integers(-3, 3), st.sampled_from([1, 2, 3]))


@st.composite
def cases(draw, weights=integers):
    net = draw(tiny_nets(weights=weights, max_inputs=4, max_layers=3, max_width=4))
    n = len(net.lower)
    if n == 1:
        net = net._replace(layers=[([row * 2 for row in net.layers[0][0]], net.layers[0][1]), *net.layers[1:]])
        n = 2
    vector = st.lists(coordinates, min_size=n, max_size=n)
    origin, u, v = (draw(vector) for _ in range(3))
    return net, origin, u, v


def corners_of(points):
    """The points of a convex polygon at which it has a corner."""
    points = list(points)
    result = set()
    for i, q in enumerate(points):
        p, r = points[i - 1], points[(i + 1) % len(points)]
        if (q[0] - p[0]) * (r[1] - q[1]) != (q[1] - p[1]) * (r[0] - q[0]):
            result.add(tuple(q))
    return result


def check(net, origin, u, v):
    try:
        plane = pr.Plane(origin, u, v)
    except pr.PolyregionsError:  # parallel
        return
    (w, b), *rest = net.exact
    first = (
        [[sum(x * y for x, y in zip(row, d, strict=True)) for d in (u, v)] for row in w],
        [sum(x * y for x, y in zip(row, origin, strict=True)) + c for row, c in zip(w, b, strict=True)],
    )
    layers = [first, *rest]
    wanted = {slices.evaluate(layers, c.centre()): c for c in slices.cells(layers, slices.polygon((0, 0), (1, 1)))}
    found = pr.plane(net.network, plane)
    assert int(found.count) == len(found) == len(wanted)
    for i in range(len(found)):
        true, exact = wanted.pop(found.pattern(i)), found.polygon(i, exact=True)
        assert set(exact) == corners_of(true.vertices)
        # Counter-clockwise, and nothing twice.
        assert exact_area(exact) == true.area() > 0
        check_halfspaces(found, i, exact)
        errors = found.vertex_errors[found.offsets[i] : found.offsets[i + 1]].tolist()
        for corner, rounded, error in zip(exact, found.polygon(i).tolist(), errors, strict=True):
            assert all(abs(x - Fraction(y)) <= Fraction(error) for x, y in zip(corner, rounded, strict=True))
        region = found.region(i)
        assert net.network.pattern(region.witness) == region.pattern == found.pattern(i)
        check_map(found, i, origin, u, v)
        # The way for cells with too many facets gives the same.
        clip, labels = found._exact.clip(found._states(i))
        assert (corners_of(clip), exact_area(clip), len(labels)) == (set(exact), true.area(), len(clip))
    assert found.domain_area(exact=True) == 1
    assert np.isclose(found.areas.sum(), found.domain_area())


def check_halfspaces(found, i, corners):
    """Each corner satisfies all half-spaces of its region, and lies on the edges that it should."""
    a, b = found.region(i).halfspaces(exact=True)
    widths = np.cumsum([0, *found.network.widths])
    edges = found.edges[found.offsets[i] : found.offsets[i + 1]].tolist()
    for k, corner in enumerate(corners):
        x = found.chart.ambient(corner)
        slack = [bound - sum(p * q for p, q in zip(row, x, strict=True)) for row, bound in zip(a, b, strict=True)]
        assert min(slack) >= 0
        assert all(0 <= value <= 1 for value in corner)
        for layer, unit in (edges[k], edges[k - 1]):
            assert layer < 0 or slack[widths[layer] + unit] == 0


def check_map(found, i, origin, u, v):
    a, c = found.region(i).affine_map(exact=True)
    for row, constant, rounded in zip(a, c, found.affine_maps[i], strict=True):
        parts = [sum(x * y for x, y in zip(row, d, strict=True)) for d in (u, v, origin)]
        assert np.allclose(rounded, [float(parts[0]), float(parts[1]), float(parts[2] + constant)])


@given(cases())
@settings(max_examples=30)
def test_small_integers_make_ties(case):
    check(*case)


@given(cases(weights=awkward))
@settings(max_examples=30)
def test_numbers_that_nearly_cancel_make_slivers(case):
    check(*case)


def test_a_trained_network_on_its_box():
    known = npz("A1_2d_16x2")
    network, box = of_known(known)
    found = pr.plane(network, box)
    assert (int(found.count), len(found)) == (478, 478)
    assert found.status is pr.Status.EXACT
    assert np.isclose(found.areas.sum(), 4.0, rtol=1e-12)
    assert sum((exact_area(found.polygon(i, exact=True)) for i in range(478)), Fraction(0)) == 4
    # Each inner edge is the edge of two polygons, each side of the box is covered once.
    assert np.isclose(
        found.perimeters[0],
        np.linalg.norm(np.diff(found.polygon(0), axis=0, append=found.polygon(0)[:1]), axis=1).sum(),
    )
    assert (found.activations() == [sum(map(sum, found.pattern(i))) for i in range(478)]).all()
    inside = found.centres
    for i in range(0, 478, 50):
        assert network.pattern(inside[i].tolist()) == found.pattern(i)
        assert np.allclose(found.affine_maps[i] @ [*inside[i], 1], network(inside[i]))


def test_lengths_and_areas_are_those_of_the_input_space():
    network = pr.Network.from_arrays([[[1.0, 0.0, 0.0]], [[1.0]]], [[-1.0], [0.0]])
    found = pr.plane(network, pr.Plane([0, 0, 0], [2, 0, 0], [0, 3, 4]))  # a rectangle of 2 by 5, cut in half
    assert len(found) == 2
    assert found.areas.tolist() == [5.0, 5.0]
    assert found.perimeters.tolist() == [12.0, 12.0]
    assert found.ambient.shape == (8, 3)
    assert found.domain_area() == 10.0


def test_cells_with_many_facets_go_another_way(monkeypatch):
    # 70 lines around a circle: the cell in the middle has more facets than a bit set holds.
    angles = np.linspace(0, 2 * np.pi, 70, endpoint=False)
    network = pr.Network.from_arrays(
        [np.stack([np.cos(angles), np.sin(angles)], axis=1), np.ones((1, 70))], [np.full(70, -0.5), [0.0]]
    )
    found = pr.plane(network, pr.Box(-1, 1))
    assert len(found) == int(pr.count(network, pr.Box(-1, 1), cells="tableau"))
    assert np.isclose(found.areas.sum(), 4.0)
    assert found.offsets[-1] == len(found.vertices)
    assert np.diff(found.offsets).max() == 70


def test_a_small_buffer_of_corners(monkeypatch):
    monkeypatch.setattr(vertex_cells, "_CORNERS", 64)
    network, box = of_known(npz("A1_2d_16x2"))
    assert np.isclose(pr.plane(network, box).areas.sum(), 4.0)


def test_limits_leave_a_bracket():
    network, box = of_known(npz("A1_2d_16x2"))
    found = pr.plane(network, box, max_regions=5)
    assert found.status is pr.Status.BRACKET
    assert len(found) == found.count.lower == 5
    assert 0 < found.areas.sum() < 4
    nothing = pr.plane(network, box, time_limit=0)
    assert len(nothing) == 0
    assert nothing.areas.sum() == 0


def test_polytopes_and_wrong_dimensions():
    network, _ = of_known(npz("A1_2d_16x2"))
    triangle = pr.Polytope([[-1, 0], [0, -1], [1, 1]], [0, 0, 1])
    found = pr.plane(network, triangle)
    assert found.domain_area(exact=True) == Fraction(1, 2)
    assert np.isclose(found.areas.sum(), 0.5)
    assert int(found.count) == int(pr.count(network, triangle))
    with pytest.raises(pr.PolyregionsError, match=r"needs a domain of two dimensions; .* has 1"):
        pr.plane(network, pr.Segment([0, 0], [1, 1]))
    with pytest.raises(IndexError, match="no region 1000"):
        found.pattern(1000)


points = st.lists(coordinates, min_size=3, max_size=3)


@given(points, points, points, st.sampled_from([1, Fraction(1, 2), 3]))
@settings(max_examples=50)
def test_squares_around_three_points(a, b, c, margin):
    if not any(np.cross(np.subtract(b, a), np.subtract(c, a))):
        with pytest.raises(pr.PolyregionsError, match="lie on a line"):
            pr.Plane.through(a, b, c, margin=margin)
        return
    square = pr.Plane.through(a, b, c, margin=margin)
    other = pr.Plane.through(a, b, c, square=False)
    # In the same plane: u and v are combinations of b - a and c - a, exactly.
    normal = np.cross(other.u, other.v)
    for vector in (square.u, square.v, np.subtract(square.origin, a)):
        assert np.dot(normal, vector) == 0
    assert np.dot(square.u, square.v) == 0
    sides = [Fraction(np.dot(w, w)) for w in (square.u, square.v)]
    assert abs(sides[0] / sides[1] - 1) < Fraction(1, 2**60)
    centre = np.add(square.origin, np.add(square.u, square.v) / Fraction(2))
    distances = [Fraction(np.dot(np.subtract(p, centre), np.subtract(p, centre))) for p in (a, b, c)]
    assert len(set(distances)) == 1
    assert abs(sides[0] / (4 * margin**2 * distances[0]) - 1) < Fraction(1, 2**60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 0], [1, 1], [2, 2]), "lie on a line"),
        (([0, 0], [0, 0], [2, 2]), "lie on a line"),
        (([0, 0], [0, 0, 1], [2, 2]), "have 2, 3 and 2 coordinates"),
        (([0, "x"], [0, 1], [2, 2]), "point A, entry 1"),
    ],
)
def test_points_that_make_no_plane(arguments, message):
    with pytest.raises(pr.PolyregionsError, match=message):
        pr.Plane.through(*arguments)


def test_the_margin_is_positive():
    with pytest.raises(pr.PolyregionsError, match="must be positive"):
        pr.Plane.through([0, 0], [1, 0], [0, 1], margin=0)


def test_clipping_through_a_corner_keeps_the_labels():
    corners = [(Fraction(x), Fraction(y)) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
    labels = [(-1, 2), (-1, 1), (-1, 3), (-1, 0)]
    clipped(corners, labels, (1, -1, 0), (0, 7))
    assert corners == [(0, 0), (1, 0), (1, 1)]
    assert labels == [(-1, 2), (-1, 1), (0, 7)]


def test_files(tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    found = pr.plane(network, box)
    found.save(tmp_path / "plane.npz")
    with np.load(tmp_path / "plane.npz") as arrays:
        assert (arrays["vertices"] == found.vertices).all()
        assert arrays["offsets"][-1] == len(arrays["vertices"]) == len(arrays["edges"])
        states = np.unpackbits(arrays["patterns"], axis=1, count=int(arrays["num_units"]))
        assert tuple(states[3]) == tuple(state for layer in found.pattern(3) for state in layer)
        assert json.loads(str(arrays["result"]))["count"] == 478
        assert json.loads(str(arrays["domain"])) == box.to_json()
    found.save(tmp_path / "plane.json")
    data = json.loads((tmp_path / "plane.json").read_text())
    assert len(data["polygons"]) == 478
    assert data["polygons"][3]["vertices"] == found.polygon(3).tolist()
    with pytest.raises(pr.PolyregionsError, match=r"must be one of .npz, .json"):
        found.save(tmp_path / "plane.txt")


def test_linear_units():
    network, box = of_known(npz("A1_2d_16x2"))
    masks = [np.arange(16) % 3 == 0, np.zeros(16, dtype=bool)]
    network = pr.Network.from_arrays(network.weights[:3], network.biases[:3], linear=masks[: len(network.weights) - 1])
    found = pr.plane(network, box)
    assert len(found) == int(pr.count(network, box, cells="tableau")) > 50
    for i in range(0, len(found), 10):
        assert network.pattern(found.region(i).witness) == found.pattern(i)
        assert np.allclose(found.affine_maps[i] @ [*found.centres[i], 1], network(found.centres[i]))
        clip, _ = found._exact.clip(found._states(i))
        assert corners_of(clip) == set(found.polygon(i, exact=True))

"""Volumes of the boundary between regions: against a slow reference, the laws they keep, and estimates of them."""

from dataclasses import replace
from fractions import Fraction
from math import atan, pi, prod, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.errors import ArgumentError
from polyregions.limits import Limits
from tests.nets import npz, six_definitions
from tests.reference import boundary as reference
from tests.reference.brute_force import evaluate
from tests.strategies import of_known, tiny_nets

KINDS = ["activation", "gradient"]


@st.composite
def nets_with_output(draw, inputs):
    """A tiny network of ReLU layers, and an affine output layer or none (then the last ReLU layer is the output)."""
    net = draw(tiny_nets(max_inputs=inputs).filter(lambda net: len(net.lower) == inputs))
    width = len(net.layers[-1][1])
    row = st.lists(st.integers(-1, 1).map(float), min_size=width, max_size=width)
    output = draw(st.none() | row.map(lambda weights: ([weights], [0.0])))
    if output is None:
        return net, net.network, None
    layers = [*net.layers, output]
    return net, pr.Network.from_arrays([w for w, _ in layers], [b for _, b in layers]), output


@pytest.mark.parametrize("kind", KINDS)
@given(case=nets_with_output(1))
@settings(max_examples=40)
def test_points_on_a_line(kind, case):
    net, network, output = case
    expected = reference.kinks(net.exact, output, net.lower[0], net.upper[0], kind == "gradient")
    result = pr.boundary_volume(network, net.box, kind=kind)
    assert int(result) == len(expected)
    assert result.value == result.lower == result.upper == len(expected)


@pytest.mark.parametrize("kind", KINDS)
@given(case=nets_with_output(2))
@settings(max_examples=40)
def test_edges_and_corners_in_the_plane(kind, case):
    net, network, output = case
    edges = reference.edges(net.exact, output, net.lower, net.upper, kind == "gradient")
    length = pr.boundary_volume(network, net.box, kind=kind)
    assert sorted(length.squares) == sorted(map(reference.square_length, edges))
    assert length.value == pytest.approx(sum(sqrt(square) for square in length.squares))
    assert length.lower <= length.value <= length.upper
    corners = pr.boundary_volume(network, net.box, kind=kind, codimension=2)
    assert int(corners) == len(reference.corners(edges, tuple(net.lower), tuple(net.upper)))


@given(net=tiny_nets(max_inputs=2).filter(lambda net: len(net.lower) == 2))
@settings(max_examples=30)
def test_perimeters_of_the_regions(net):
    """Each edge belongs to two regions, those of the box to one: the perimeters add up."""
    from scipy.spatial import ConvexHull

    regions = list(pr.regions(net.network, net.box))
    total = sum(ConvexHull(region.vertices()).area for region in regions)
    width, height = (float(high - low) for low, high in zip(net.lower, net.upper, strict=True))
    length = pr.boundary_volume(net.network, net.box)
    assert length.regions == len(regions)
    assert 2 * length.value + 2 * (width + height) == pytest.approx(total)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [0, 1, 30, 477, 478])
def test_a_time_limit_leaves_a_lower_bound(monkeypatch, kind, steps):
    network, box = of_known(npz("A1_2d_16x2"))
    whole = pr.boundary_volume(network, box, kind=kind)
    asked = iter(range(steps))
    monkeypatch.setattr(
        Limits, "reached", lambda self, regions: None if regions >= 0 or next(asked, -1) >= 0 else "late"
    )
    part = pr.boundary_volume(network, box, kind=kind, time_limit=3600)
    assert part.regions == steps
    if steps == whole.regions:
        assert part == replace(whole, network=part.network)
        return
    assert (part.status, part.upper) == (pr.Status.BRACKET, float("inf"))
    assert part.value == part.lower <= whole.lower
    assert (part.faces > 0) == (steps >= 30)
    assert not set(part.squares) - set(whole.squares)
    assert str(part).startswith("at least length ")
    with pytest.raises(pr.PolyregionsError, match="time limit ended"):
        int(part)


def test_a_time_limit_goes_with_facets():
    with pytest.raises(ArgumentError, match="a time limit goes with codimension 1, not 2"):
        pr.boundary_volume(*of_known(npz("A1_2d_16x2")), codimension=2, time_limit=1)


@pytest.mark.parametrize("dimension", [3, 4])
def test_hyperplanes_in_boxes_of_more_dimensions(dimension):
    """Coordinate hyperplanes, one bent: every piece is known."""
    network = pr.Network.from_arrays([np.eye(dimension), np.ones((1, dimension))], [np.zeros(dimension), [0.0]])
    sides = [Fraction(2), Fraction(1), Fraction(3), Fraction(1, 2)][:dimension]
    box = pr.Box([-side / 2 for side in sides], [side / 2 for side in sides])
    whole = prod(sides)
    for k in range(1, dimension + 1):
        expected = sum(
            whole / prod(sides[i] for i in range(dimension) if mask >> i & 1)
            for mask in range(2**dimension)
            if mask.bit_count() == k
        )
        for kind in KINDS:
            result = pr.boundary_volume(network, box, codimension=k, kind=kind)
            assert result.value == float(expected)
            assert result.dimension == dimension - k


def test_facets_of_regions_in_three_dimensions():
    """The surfaces of all regions are twice the boundary and once the box's surface."""
    from scipy.spatial import ConvexHull

    network, box = of_known(npz("B1_3d_16x2"))
    weights = [network.weights[0][:6], network.weights[1][:5, :6]]
    small = pr.Network.from_arrays(weights, [network.biases[0][:6], network.biases[1][:5]], include_output=True)
    surfaces = sum(ConvexHull(region.vertices()).area for region in pr.regions(small, box))
    result = pr.boundary_volume(small, box)
    assert result.regions > 30
    assert 2 * result.value + 24 == pytest.approx(surfaces, rel=1e-9)
    # Euler: vertices - edges + facets - regions of the interior of the box is -1.
    faces = [pr.boundary_volume(small, box, codimension=k).faces for k in (3, 2, 1)]
    assert faces[0] - faces[1] + faces[2] - result.regions == -1


def test_the_gradient_is_smooth_where_units_cancel():
    network, box = of_known(six_definitions())
    known = six_definitions()
    weights, biases = (list(network.weights), list(network.biases))
    full = pr.Network.from_arrays([*weights, known.output[0]], [*biases, known.output[1]])
    activation, gradient = (pr.boundary_volume(full, box, kind=kind) for kind in KINDS)
    assert activation.regions == 5
    # max(-y, min(0, -x)): three half-lines from 0, two of length 1 and the diagonal y = x of the quadrant x, y > 0.
    assert gradient.value == pytest.approx(2 + sqrt(2))
    assert activation.value > gradient.value
    assert int(pr.boundary_volume(full, box, kind="gradient", codimension=2)) == 1


def test_walls_that_continue_each_other_leave_no_corner():
    # The unit y is not passed on: the wall x = 0 of the gradient is cut by it into two edges, without a corner.
    network = pr.Network.from_arrays([np.eye(2), [[1.0, 0.0]]], [[0.0, 0.0], [0.0]])
    box = pr.Box(-1, 1)
    assert [int(pr.boundary_volume(network, box, kind=kind, codimension=2)) for kind in KINDS] == [1, 0]
    wall = pr.boundary_volume(network, box, kind="gradient")
    assert (wall.value, wall.faces) == (2.0, 2)
    # In space, the edge x = y = 0 is one of the gradient's boundary; the plane z = 0 cuts it without a vertex.
    cube = pr.Network.from_arrays([np.eye(3), [[1.0, 1.0, 0.0]]], [[0.0] * 3, [0.0]])
    pieces = [pr.boundary_volume(cube, box, kind="gradient", codimension=k) for k in (1, 2, 3)]
    assert [piece.value for piece in pieces] == [8.0, 2.0, 0.0]
    assert [piece.faces for piece in pieces] == [8, 2, 0]


def test_domains_of_lower_dimension():
    network = pr.Network.random([4, 6, 4, 2], seed=1, bias_std=0.5)
    segment = pr.Segment([-1, -1, 0, 2], [1, 2, 1, -1])
    assert int(pr.boundary_volume(network, segment)) == int(pr.count(network, segment)) - 1
    # A plane and the same plane as a box of two inputs, stretched by 5 in one direction.
    plane = pr.Plane([-1, 0, 0, 0], [2, 0, 0, 0], [0, 3, 4, 0])
    first = network.weights[0]
    flat = pr.Network.from_arrays(
        [np.stack([first[:, 0], (first[:, 1] * 3 + first[:, 2] * 4) / 5], axis=1), *network.weights[1:]], network.biases
    )
    on_plane = pr.boundary_volume(network, plane)
    assert on_plane.value == pytest.approx(pr.boundary_volume(flat, pr.Box([-1, 0], [1, 5])).value)
    estimate = pr.estimate_boundary_volume(network, plane, lines=3000, seed=3)
    assert estimate.domain_volume == pytest.approx(10)
    assert abs(estimate.value - on_plane.value) < 4 * estimate.standard_error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("inputs", "lines"), [(1, 50), (2, 3000), (3, 3000)])
def test_random_lines_measure_the_boundary(inputs, lines, kind):
    network = pr.Network.random([inputs, 6, 3, 2], seed=4, bias_std=0.4)
    box = pr.Box([-1] * inputs, [1, 2, "1/2"][:inputs])
    exact = pr.boundary_volume(network, box, kind=kind)
    estimate = pr.estimate_boundary_volume(network, box, kind=kind, lines=lines, seed=8)
    assert estimate.status is pr.Status.ESTIMATE
    assert abs(estimate.value - exact.value) <= 4 * estimate.standard_error + 1e-9
    assert estimate.standard_error < 0.05 * exact.value
    again = pr.estimate_boundary_volume(network, box, kind=kind, lines=lines, seed=8)
    assert again.value == estimate.value


@given(net=tiny_nets(max_inputs=2))
@settings(max_examples=30)
def test_crossings_of_a_segment(net):
    """A segment in general position, so that floats do not meet ties; they count as the exact reference does."""
    from polyregions.geometry.crossings import crossings

    start, end = ([0.123 + 0.7 * i - s for i in range(len(net.lower))] for s in (1.37, -0.91))
    segment = pr.Segment(start, end)
    for kind in KINDS:
        exact = pr.boundary_volume(net.network, segment, kind=kind)
        assert crossings(net.network, np.array(start), np.array(end), gradient=kind == "gradient") == int(exact)


def test_breakpoints_of_one_layer_are_cauchy_variables():
    expected = 4 * 2 / pi * atan(sqrt(2) / 0.5)
    found = pr.expected_boundary_volume([1, 4, 1], pr.Box(-1, 1), bias_std=0.5, samples=20_000, seed=0)
    assert abs(found.value - expected) < 4 * found.standard_error
    assert found.standard_error < 0.02 * expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("widths", "codimension", "networks", "samples"),
    [([1, 3, 2, 1], 1, 300, 6000), ([2, 3, 2, 1], 1, 150, 6000), ([2, 3, 2, 1], 2, 250, 40_000)],
    ids=["points", "length", "corners"],
)
def test_theorem_3(widths, codimension, networks, samples, kind):
    """The integral of the density is the mean over the same random networks of what is measured exactly."""
    box, std = pr.Box(-1, 1), 0.5
    measured = np.array(
        [
            pr.boundary_volume(
                pr.Network.random(widths, seed=seed, bias_std=std), box, codimension=codimension, kind=kind
            ).value
            for seed in range(networks)
        ]
    )
    error = measured.std(ddof=1) / sqrt(networks)
    expected = pr.expected_boundary_volume(
        widths, box, bias_std=std, codimension=codimension, kind=kind, samples=samples, seed=1
    )
    both = sqrt(error**2 + expected.standard_error**2)
    assert abs(measured.mean() - expected.value) < 3.5 * both
    assert both < 0.11 * expected.value


@pytest.mark.parametrize("units", [[(0, 1)], [(0, 0), (0, 2)], [(0, 1), (1, 0)], [(1, 0), (2, 1)], [(0, 0), (2, 0)]])
@pytest.mark.parametrize("good", [False, True])
def test_the_density_of_a_set_of_units(units, good):
    """Network by network: the units' biases set so that they are at their threshold, in the order of the layers."""
    from polyregions.geometry.boundary_density import _Batch
    from polyregions.geometry.uniform import UniformPoints

    widths, std = [2, 3, 2, 2, 1], 0.7
    batch = _Batch(widths, UniformPoints(pr.Box(-1, 1), 2), std, 200, np.random.default_rng(5))
    found = batch.density(units, good)
    for i in range(batch.count):
        h, jacobian = batch._points[i], np.eye(2)
        rows, expected = [], 1.0
        for layer, (w, b) in enumerate(zip(batch._weights, batch._biases, strict=True)):
            z, jacobian = w[i] @ h, w[i] @ jacobian
            g = z + b[i]
            for unit in [unit for where, unit in units if where == layer]:
                rows.append(jacobian[unit])
                expected *= np.exp(-((z[unit] / std) ** 2) / 2) / (std * sqrt(2 * pi))
                g[unit] = 0.0
            h = np.maximum(g, 0.0)
            jacobian = np.diag((g > 0).astype(float)) @ jacobian
            if good and layer > units[0][0] and not (g > 0).any() and all(where != layer for where, _ in units):
                expected = 0.0
        expected *= sqrt(max(np.linalg.det(np.array(rows) @ np.array(rows).T), 0.0))
        assert found[i] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert (found > 0).any()


def test_expectations_do_not_depend_on_batches(monkeypatch):
    from polyregions.geometry import boundary_density

    options = {"bias_std": 0.5, "samples": 4000, "seed": 2}
    whole = pr.expected_boundary_volume([2, 5, 4, 1], pr.Box(-1, 1), **options)
    monkeypatch.setattr(boundary_density, "BATCH", 10_000)
    parts = pr.expected_boundary_volume([2, 5, 4, 1], pr.Box(-1, 1), **options)
    assert abs(whole.value - parts.value) < 4 * sqrt(whole.standard_error**2 + parts.standard_error**2)


def test_random_networks():
    network = pr.Network.random([50, 400, 300, 3], seed=0, bias_std=0.25)
    assert network.widths == (400, 300)
    for w, b in zip(network.weights, network.biases, strict=True):
        assert w.std() == pytest.approx(sqrt(2 / w.shape[1]), rel=0.05)
        assert b.std() == pytest.approx(0.25, rel=0.2) or len(b) == 3
    assert network == pr.Network.random([50, 400, 300, 3], seed=np.random.default_rng(0), bias_std=0.25)
    assert network != pr.Network.random([50, 400, 300, 3], seed=1, bias_std=0.25)
    assert not pr.Network.random([2, 3], seed=0, bias_std=0, include_output=True).biases[0].any()
    assert evaluate([], [0]) == ()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda net, box: pr.boundary_volume(net, box, codimension=3), "from 1 to the domain's dimension, 2; found 3"),
        (lambda net, box: pr.boundary_volume(net, box, codimension=True), "found True"),
        (lambda net, box: pr.boundary_volume(net, box, kind="linear"), "there are 'activation', 'gradient'"),
        (lambda net, box: pr.boundary_volume(net, pr.Box([0, 0], [0, 0])), "dimension, 0; found 1"),
        (lambda net, box: int(pr.boundary_volume(net, box)), "has a length, which is no integer"),
        (lambda net, box: pr.estimate_boundary_volume(net, box, lines=0, seed=0), "lines must be an integer"),
        (
            lambda net, box: pr.estimate_boundary_volume(
                net, pr.Polytope([[-1, 0], [0, -1], [1, 1]], [0, 0, 1]), seed=0
            ),
            "boxes, planes and segments, not from a polytope",
        ),
        (lambda net, box: pr.expected_boundary_volume([2, 1], box, bias_std=0, seed=0), "bias_std must not be 0"),
        (lambda net, box: pr.expected_boundary_volume([2], box, bias_std=1, seed=0), "widths must be a list"),
        (lambda net, box: pr.Network.random([2, 0, 1], seed=0), "widths must be a list"),
        (lambda net, box: pr.Network.random([2, 1], seed=0, bias_std=-1), "bias_std must be a finite number"),
        (
            lambda net, box: pr.expected_boundary_volume([2, 300, 1], box, codimension=2, bias_std=1, seed=0),
            "300 units have 44,850 sets of 2",
        ),
    ],
)
def test_bad_input(call, message):
    network = pr.Network.from_arrays([[[1.0, 1.0]], [[1.0]]], [[0.0], [0.0]])
    with pytest.raises(ArgumentError, match=message):
        call(network, pr.Box(-1, 1))

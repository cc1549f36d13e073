"""Distances to region boundaries: floats and Fractions against a slow reference, and the laws they keep."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.errors import ArgumentError, DomainError, NetworkError
from polyregions.geometry.distances import normal_points
from tests.nets import npz
from tests.reference import distances as reference
from tests.reference import slices
from tests.strategies import awkward, integers, of_known, tiny_nets


@st.composite
def nets_and_points(draw, weights=integers, **sizes):
    """A tiny network and a point of its box: floats, with a few bits so that many lie on boundaries."""
    net = draw(tiny_nets(weights, **sizes))
    shares = draw(st.lists(st.integers(0, 8), min_size=len(net.lower), max_size=len(net.lower)))
    point = [low + (high - low) * Fraction(k, 8) for low, high, k in zip(net.lower, net.upper, shares, strict=True)]
    return net, point


def close(square, value):
    return value == (np.inf if square is None else pytest.approx(float(square) ** 0.5, rel=1e-9, abs=1e-12))


@given(case=nets_and_points())
@settings(max_examples=150)
def test_exact_distances_are_the_reference(case):
    net, point = case
    free, boxed = (pr.distances(net.network, point, domain=domain, exact=True) for domain in (None, net.box))
    assert free.status is pr.Status.EXACT
    assert free.squares == (reference.square(net.exact, point),)
    assert boxed.squares == (reference.square_in_box(net.exact, point, net.lower, net.upper),)
    for result in (free, boxed):
        (square,) = result.squares
        assert close(square, result.values[0])
        if square is not None:
            low, high = Fraction(result.lower[0]), Fraction(result.upper[0])
            assert low**2 <= square <= high**2
            assert high - low <= high * Fraction(1, 2**52)
            foot = result.foot(0)
            assert sum((p - q) ** 2 for p, q in zip(foot, point, strict=True)) == square
            forms = reference.walls(net.exact, point)
            assert any(slices.value(form, foot) == 0 for form in forms)


@given(case=nets_and_points(st.one_of(integers, awkward)))
@settings(max_examples=150)
def test_floats_are_the_exact_distances_and_their_bounds_hold(case):
    net, point = case
    array = np.array([[float(v) for v in point]])
    result = pr.distances(net.network, array)
    exact = pr.distances(net.network, array, exact=True)
    assert result.status is pr.Status.NUMERICAL
    assert (result.lower <= result.upper).all()
    (square,) = exact.squares
    if square is None:
        assert result.upper[0] == np.inf
    else:
        assert Fraction(result.lower[0]) ** 2 <= square
        assert np.isinf(result.upper[0]) or square <= Fraction(result.upper[0]) ** 2


@given(case=nets_and_points(max_inputs=2))
@settings(max_examples=100)
def test_floats_within_a_box(case):
    net, point = case
    array = np.array([[float(v) for v in point]])
    if any(Fraction(v) != w for v, w in zip(array[0], point, strict=True)):
        array = np.array([[float(low) for low in net.lower]]) + 0.5
    box = pr.Box([float(v) for v in net.lower], [float(v) for v in net.upper])
    result, exact = (pr.distances(net.network, array, domain=box, exact=exact) for exact in (False, True))
    assert close(exact.squares[0], result.values[0])
    polytope = pr.Polytope(
        [[s * (i == j) for j in range(len(point))] for i in range(len(point)) for s in (1, -1)],
        [s * bound[i] for i in range(len(point)) for s, bound in ((1, box.upper), (-1, box.lower))],
    )
    other = pr.distances(net.network, array, domain=polytope)
    assert other.values[0] == pytest.approx(result.values[0], rel=1e-6, abs=1e-7)


@given(case=nets_and_points(max_layers=3).filter(lambda case: len(case[1]) == 2))
@settings(max_examples=100)
def test_it_is_the_distance_to_the_regions_boundary(case):
    """In the plane: regions are cut out as polygons, and the distance is measured to the edges of the point's own."""
    net, point = case
    forms = reference.walls(net.exact, point)
    whole = slices.polygon(net.lower, net.upper)
    pattern = reference.evaluate(net.exact, point)
    own = [c for c in slices.cells(net.exact, whole) if reference.evaluate(net.exact, c.centre()) == pattern]
    (square,) = pr.distances(net.network, point, domain=net.box, exact=True).squares
    if any(slices.value(form, point) == 0 for form in forms):
        assert square == 0
    else:
        assert len(own) == 1
        assert square == reference.square_to_boundary(own[0], forms, point)
        # Nothing beyond the walls is nearer: an open disc of that radius has one pattern.
        for cell in slices.cells(net.exact, whole):
            if cell != own[0] and square is not None:
                assert min(reference.square_to_edge(point, p, q) for p, q in cell.edges()) >= square


def test_many_points_are_each_their_own():
    network, box = of_known(npz("B4_4d_12x2"))
    points = np.random.default_rng(3).uniform(-1, 1, (3000, 4))
    together = pr.distances(network, points, domain=box)
    assert len(together) == 3000
    some = [0, 17, 1234, 2999]
    exact = pr.distances(network, points[some], domain=box, exact=True)
    np.testing.assert_allclose(together.values[some], exact.values, rtol=1e-12)
    assert together.layers[some].tolist() == exact.layers.tolist()
    assert together.units[some].tolist() == exact.units.tolist()
    assert together.projected[some].tolist() == exact.projected.tolist()
    assert together.bends[some].tolist() == exact.bends.tolist()
    assert together.projected.any()
    free = pr.distances(network, points)
    assert (free.values <= together.values * (1 + 1e-12)).all()
    assert (free.lower <= free.values).all()
    assert (free.values <= free.upper).all()
    assert (free.upper - free.lower <= 1e-9).all()
    for i in some:
        assert np.linalg.norm(together.foot(i) - points[i]) == pytest.approx(together.values[i], rel=1e-9)
        value = network.preactivations(together.foot(i))[together.layers[i] - 1][together.units[i]]
        assert value == pytest.approx(0, abs=1e-9)


def test_narrow_first_layers_and_blocks(monkeypatch):
    """Jacobians over fewer coordinates than the input has, in several blocks: the same distances."""
    from polyregions.geometry import float_distance

    network = pr.Network.random([30, 8, 9, 2], seed=5, bias_std=0.3)
    points = np.random.default_rng(6).normal(size=(40, 30))
    whole = pr.distances(network, points)
    monkeypatch.setattr(float_distance, "BLOCK", 2000)
    blocks = pr.distances(network, points)
    np.testing.assert_allclose(whole.values, blocks.values, rtol=1e-12)
    exact = pr.distances(network, points[:5], exact=True)
    np.testing.assert_allclose(whole.values[:5], exact.values, rtol=1e-12)
    assert (whole.lower[:5] <= exact.upper).all()
    assert (whole.upper[:5] >= exact.lower).all()
    assert (whole.upper / whole.lower < 1 + 1e-8).all()


def test_domains_of_lower_dimension():
    network = pr.Network.random([3, 7, 5, 1], seed=2, bias_std=0.5)
    plane = pr.Plane([-1, -1, 0], [2, 0, 1], [0, 2, "1/2"])
    shares = np.random.default_rng(1).random((20, 2))
    spanned = np.array([[2.0, 0.0, 1.0], [0.0, 2.0, 0.5]])
    points = np.array([-1.0, -1.0, 0.0]) + shares @ spanned
    result = pr.distances(network, points, domain=plane)
    # The foot is in the plane, on the boundary, and no point of a fine circle nearer than it has another pattern.
    angles = np.linspace(0, 2 * np.pi, 90)
    frame = np.linalg.qr(spanned.T)[0]
    for i, point in enumerate(points):
        foot = result.foot(i)
        assert np.linalg.norm(foot - frame @ (frame.T @ (foot - points[0])) - points[0]) < 1e-9
        values = np.concatenate(network.preactivations(foot)[:-1])
        assert np.abs(values).min() < 1e-9
        circle = point + 0.999 * result.values[i] * np.array([np.cos(angles), np.sin(angles)]).T @ frame.T
        coordinates = np.linalg.lstsq(spanned.T, (circle - [-1, -1, 0]).T, rcond=None)[0]
        inside = ((coordinates >= 0) & (coordinates <= 1)).all(axis=0)
        assert len({network.pattern(p) for p in circle[inside]} | {network.pattern(point)}) == 1
    frozen = pr.distances(network, [[0.25, 0.0, -0.5]], domain=pr.Box([-1, 0, -1], [1, 0, 1]))
    same = pr.distances(network, [[0.25, 0.0, -0.5]], domain=pr.Plane([-1, 0, -1], [2, 0, 0], [0, 0, 2]))
    exact = pr.distances(network, [[0.25, 0.0, -0.5]], domain=pr.Box([-1, 0, -1], [1, 0, 1]), exact=True)
    assert frozen.values == pytest.approx(exact.values)
    assert same.values == pytest.approx(exact.values)


def test_whether_the_network_bends():
    # relu(relu(x) - relu(x)) is 0 everywhere: a boundary of activation regions, not of the gradient.
    weights = [[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]], [[1.0, 1.0]]]
    network = pr.Network.from_arrays(weights, [[0.0, 0.5, 5.0], [0.0, 0.0], [0.0]])
    points = [[0.25, 1.0], [0.25, -4.875]]
    for exact in (False, True):
        result = pr.distances(network, points, exact=exact)
        assert result.values.tolist() == [0.25, 0.125]
        assert list(zip(result.layers.tolist(), result.units.tolist(), strict=True)) == [(1, 0), (1, 2)]
        assert result.bends.tolist() == [False, True]


def test_boundaries_and_none():
    network = pr.Network.from_arrays([[[1.0], [0.0]], [[1.0, 1.0]]], [[0.0, 1.0], [0.0]])
    result = pr.distances(network, [[0.0], [-2.0]])
    assert result.values.tolist() == [0.0, 2.0]
    assert result.lower.tolist() == pytest.approx([0.0, 2.0])
    within = pr.distances(network, [[-2.0]], domain=pr.Box(-3, -1))
    assert within.values.tolist() == [np.inf]
    assert within.layers.tolist() == [0]
    assert within.units.tolist() == [-1]
    with pytest.raises(ArgumentError, match="point 0 has no boundary"):
        within.foot(0)
    affine = pr.Network.from_arrays([[[1.0]]], [[1.0]])
    huge = pr.Network.from_arrays([[[1e300]], [[1e300]], [[1.0]]], [[0.0], [0.0], [0.0]])
    beyond = pr.distances(huge, [[1e200]])
    assert (beyond.lower.tolist(), beyond.upper.tolist()) == ([0.0], [np.inf])
    assert pr.distances(huge, [[1e200]], exact=True).values.tolist() == [1e200]
    for exact in (False, True):
        assert pr.distances(affine, [[3.0]], exact=exact).upper.tolist() == [np.inf]
    constant = pr.Network.from_arrays([[[0.0]], [[1.0]]], [[1.0], [0.0]])
    for exact in (False, True):
        nothing = pr.distances(constant, [[3.0]], exact=exact)
        assert nothing.values.tolist() == nothing.lower.tolist() == [np.inf]


def test_what_is_summarised():
    network = pr.Network.from_arrays([[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, -10.0], [0.0]])
    result = pr.distances(network, [[1.0], [2.0], [3.0], [6.0]])
    assert result.quantiles().tolist() == [1.0, 1.0, 2.0, 3.0, 4.0]
    assert result.mean == 2.5
    assert repr(result) == "Distances(4 points, mean 2.5, numerical)"
    assert result.mean_times_units == 5.0
    drawn = normal_points(np.array([[0.0, 5.0], [2.0, 5.0]]), 4000, seed=1)
    assert drawn.mean(axis=0) == pytest.approx([1.0, 5.0], abs=0.06)
    assert drawn.std(axis=0) == pytest.approx([1.0, 0.0], abs=0.05)


@pytest.mark.parametrize(
    ("points", "options", "error", "message"),
    [
        ([[1.0]], {}, NetworkError, r"shape \(k, 2\), one row each, .* found shape \(1, 1\)"),
        ([[1.0, np.nan]], {}, NetworkError, "point 0, coordinate 1 is nan; all must be finite"),
        ([[1.0, 2.0], [1.0]], {}, NetworkError, "points must be an array of numbers"),
        ([[1.0, 2.0], [1.0]], {"exact": True}, NetworkError, "point 1: the network has 2 inputs"),
        ([[0, 0], [0, 3]], {"domain": pr.Box(-1, 1)}, ArgumentError, "point 1 lies outside the box: coordinate 1 is 3"),
        ([[0, "3"]], {"domain": pr.Box(-1, 1), "exact": True}, ArgumentError, "point 0 lies outside the box"),
        ([[0, 1]], {"domain": pr.Segment([0, 0], [1, 0])}, ArgumentError, "point 0 lies outside the segment"),
        ([[0, 0]], {"domain": pr.Box([0] * 3, [1] * 3)}, DomainError, "3 dimensions"),
        ([[0, 0]], {"domain": pr.Segment([0, 0], [1, 0]), "exact": True}, ArgumentError, "not within a segment"),
        ([], {}, NetworkError, "k at least 1"),
        ([], {"exact": True}, NetworkError, "no points"),
    ],
)  # fmt: skip
def test_bad_input(points, options, error, message):
    network = pr.Network.from_arrays([[[1.0, 1.0]], [[1.0]]], [[0.0], [0.0]])
    with pytest.raises(error, match=message):
        pr.distances(network, points, **options)


def test_graphs_are_measured_as_they_are_lowered():
    from polyregions.graph import Dense, Graph, absolute

    # | x + 1/2 | and | x - 1/4 |, with their sum as the output.
    graph = Graph((1,), name="x")
    bent = graph.add(absolute(), graph.add(Dense(np.ones((2, 1)), np.array([0.5, -0.25])), "x"))
    graph.add(Dense(np.ones((1, 2))), bent)
    network = graph.network()
    for exact in (False, True):
        assert pr.distances(network, [[0.125], [-1.0]], exact=exact).values.tolist() == [0.125, 0.5]
    for kind in ("activation", "gradient"):
        assert int(pr.boundary_volume(network, pr.Box(-1, 1), kind=kind)) == 2
        assert pr.estimate_boundary_volume(network, pr.Box(-1, 1), kind=kind, lines=5, seed=0).value == pytest.approx(2)


def test_exact_points_may_be_anything_that_is_a_number():
    net = pr.Network.from_arrays([[[3.0, 4.0], [1.0, 0.0]], [[1.0, 1.0]]], [[-5.0, -0.75], [0.0]])
    result = pr.distances(net, [["1/2", 0], [0.5, Fraction(0)], [np.float32(0.5), 0.0]], exact=True)
    assert result.squares == (Fraction(1, 16),) * 3
    for i in range(3):
        assert result.foot(i) == (Fraction(3, 4), 0)
        assert result.foot(i, exact=False).tolist() == [0.75, 0.0]
    for bad, message in (
        ([0.5, float("nan")], "point 1: .* 1: nan"),
        ([0.5], "point 1: .* of 1 was"),
        (["x", 1], "'x'"),
    ):
        with pytest.raises(pr.PolyregionsError, match=message):
            pr.distances(net, [[0.0, 0.0], bad], exact=True, time_limit=0)

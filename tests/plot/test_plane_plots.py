"""Pictures of planes: what they show is what was found."""

from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.graph import Dense, Graph, Maxout, leaky_relu, relu
from polyregions.network import rational_layer
from polyregions.plot import plot_layers, plot_plane
from polyregions.slices.plane import PlaneRegions
from tests.nets import npz, six_definitions
from tests.strategies import of_known, tiny_nets


@pytest.fixture(scope="module")
def found():
    network, box = of_known(npz("A1_2d_16x2"))
    return pr.plane(network, box)


@pytest.fixture(scope="module")
def sheared():
    """A parallelogram in a space of three dimensions."""
    network = pr.Network.random([3, 8, 8, 2], seed=0, bias_std=0.3)
    return pr.plane(network, pr.Plane([0, -1, 0], [2, 0, 1], [1, 3, 0]))


def test_infinite_planes_are_shown_where_most_regions_are(ax):
    network, _ = of_known(npz("A1_2d_16x2"))
    found = pr.plane(network, pr.Plane([0, 0], [2, 0], [1, 1], bounded=False))
    drawn = plot_plane(found, ax=ax, color="affine")
    assert len(drawn.get_paths()) == len(found)
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    corners = found.vertices[(np.abs(found.vertices) < 1e3).all(axis=1)] @ found.orthonormal.T
    shown = ((corners > [x0, y0]) & (corners < [x1, y1])).all(axis=1)
    assert 0.7 < shown.mean() < 1
    lower, upper = (np.array(corner, dtype=float) for corner in found.window)
    assert (lower <= found.view[0]).all()
    assert (found.view[1] <= upper).all()
    assert ((found.view[1] - found.view[0]) < (upper - lower)).any()
    # A small arrangement is shown as far as its window goes.
    small = pr.plane(pr.Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]]), pr.Space())
    assert small.view.tolist() == [[float(x) for x in corner] for corner in small.window]
    bounded = pr.plane(network, pr.Box(-1, 2))
    assert bounded.view.tolist() == [[-1, -1], [2, 2]]


def test_layers_of_an_infinite_plane_are_shown_alike():
    network = pr.Network.random([2, 8, 8, 1], seed=0, bias_std=0.5)
    drawn = plot_layers(network, pr.Space())
    whole = pr.plane(network, pr.Space())
    assert drawn[-1].axes.get_title() == f"layers 1 to 2: {whole.count}"
    first, last = (artist.axes for artist in drawn)
    assert (first.get_xlim(), first.get_ylim()) == (last.get_xlim(), last.get_ylim())
    # No white at the border, where the first layer has fewer corners.
    lower, upper = (np.array(corner, dtype=float) for corner in whole.window)
    corners = np.concatenate(polygons_of(drawn[0]))
    assert (corners.min(axis=0) <= lower).all()
    assert (corners.max(axis=0) >= upper).all()
    plt.close("all")


def polygons_of(drawn):
    """The corners of each polygon, without the closing one."""
    return [path.vertices[:-1] for path in drawn.get_paths()]


def colours(drawn):
    return [tuple(colour) for colour in drawn.get_facecolors()]


def test_polygons_have_the_lengths_and_areas_of_the_input_space(sheared, ax):
    drawn = plot_plane(sheared, ax=ax)
    corners = polygons_of(drawn)
    assert len(corners) == len(sheared) > 20
    for i, polygon in enumerate(corners):
        following = np.roll(polygon, -1, axis=0)
        x, y = polygon.T
        area = (x * following[:, 1] - y * following[:, 0]).sum() / 2
        assert area == pytest.approx(sheared.areas[i])
        places = sheared.ambient[sheared.offsets[i] : sheared.offsets[i + 1]]
        lengths = np.linalg.norm(np.roll(places, -1, axis=0) - places, axis=1)
        assert np.allclose(np.linalg.norm(following - polygon, axis=1), lengths)
    assert ax.get_aspect() == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "distance along u, in input space",
        "distance across u, in input space",
    )
    # All of the parallelogram is within the limits, and nothing else.
    everything = np.concatenate(corners)
    assert np.allclose([ax.get_xlim(), ax.get_ylim()], np.stack([everything.min(axis=0), everything.max(axis=0)]).T)


def test_inputs_are_named(found, ax):
    plot_plane(found, ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input 0", "input 1")
    assert ax.get_title() == "478 regions (exact)"
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 1), (-1, 1))


def test_a_flat_box_names_its_inputs(ax):
    network = pr.Network.random([3, 6, 1], seed=1)
    plot_plane(pr.plane(network, pr.Box([-1, 0.5, 0], [1, 0.5, 2])), ax=ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input 0", "input 2")
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 1), (0, 2))


def test_regions_have_their_own_colours(found, ax):
    by_pattern = dict(zip(map(found.pattern, range(len(found))), colours(plot_plane(found, ax=ax)), strict=True))
    assert len(set(by_pattern.values())) == 478
    # The same patterns elsewhere have the same colours.
    part = pr.plane(found.network, pr.Box(-1, 0))
    others = colours(plot_plane(part, ax=ax))
    assert 1 < len(part) < 478
    assert [by_pattern[part.pattern(i)] for i in range(len(part))] == others


def test_active_units(found, ax):
    drawn = plot_plane(found, ax=ax, color="active")
    wanted = [sum(map(sum, found.pattern(i))) for i in range(len(found))]
    assert drawn.get_array().tolist() == wanted
    assert len(set(wanted)) > 5
    assert [child.get_ylabel() for child in ax.child_axes] == ["active units, of 32"]


def test_active_units_are_no_linear_ones(ax):
    network = pr.Network.from_arrays([np.eye(2), [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], linear=[np.array([True, False])])
    drawn = plot_plane(pr.plane(network, pr.Box(-1, 1)), ax=ax, color="active", colorbar=False)
    assert sorted(drawn.get_array().tolist()) == [0, 1]
    assert not ax.child_axes


def exact_maps(found: PlaneRegions):
    """The output on each region as a function of the plane's coordinates, by composing matrices of Fractions."""
    chart, n = found.chart, found.network.input_dimension
    columns = chart.columns or ({0: Fraction(1)}, {1: Fraction(1)})
    for i in range(len(found)):
        a, c = found.region(i).affine_map(exact=True)
        origin = chart.origin if chart.columns else [0] * n
        yield tuple(
            (
                *(sum(row[j] * value for j, value in column.items()) for column in columns),
                sum(row[j] * origin[j] for j in range(n)) + constant,
            )
            for row, constant in zip(a, c, strict=True)
        )


def check_affine_colours(found, ax):
    maps = list(exact_maps(found))
    shown = colours(plot_plane(found, ax=ax, color="affine"))
    assert len(set(zip(maps, shown, strict=True))) == len(set(maps)) == len(set(shown))


def test_equal_maps_share_a_colour(ax):
    known = six_definitions()
    layers = [*known.layers, known.output]
    network = pr.Network.from_arrays(*zip(*layers, strict=True))
    found = pr.plane(network, pr.Box(-1, 1))
    check_affine_colours(found, ax)
    assert (len(found), len(set(exact_maps(found)))) == (5, 3)


@given(tiny_nets(max_inputs=3, max_layers=2, max_width=4).filter(lambda net: len(net.lower) > 1), st.data())
@settings(max_examples=25)
def test_maps_are_compared_on_the_plane(net, data):
    n = len(net.lower)
    vector = st.lists(st.integers(-2, 2), min_size=n, max_size=n)
    origin, u, v = (data.draw(vector) for _ in range(3))
    try:
        plane = pr.Plane(origin, u, v)
    except pr.PolyregionsError:  # parallel
        return
    figure, ax = plt.subplots()
    check_affine_colours(pr.plane(net.network, plane), ax)
    plt.close(figure)


def test_edges(found, ax):
    with_edges, without = plot_plane(found, ax=ax), plot_plane(found, ax=ax, edges=False)
    assert with_edges.get_edgecolors().tolist() == [[0, 0, 0, 1]]
    ax.figure.canvas.draw()
    assert without.get_edgecolors().tolist() == without.get_facecolors().tolist()


def test_a_stopped_run_says_so(found, ax):
    part = pr.plane(found.network, found.domain, max_regions=7)
    assert len(plot_plane(part, ax=ax).get_paths()) == 7
    assert "bracket" in ax.get_title()
    assert ax.get_xlim() == (-1, 1)


def test_the_current_axes_are_the_default(found):
    figure, (_, second) = plt.subplots(1, 2)
    assert plot_plane(found).axes is second
    plt.close(figure)


def test_what_is_no_plane(found):
    with pytest.raises(pr.PolyregionsError, match="a PlaneRegions; this is a Box"):
        plot_plane(found.domain)
    with pytest.raises(pr.PolyregionsError, match="'region', 'active', 'affine', not 'blue'"):
        plot_plane(found, color="blue")
    with pytest.raises(pr.PolyregionsError, match="no region to draw"):
        plot_plane(pr.plane(found.network, found.domain, time_limit=0))
    network = pr.Network.random([3, 4, 1], seed=0)
    for draw in (pr.plane, plot_layers):
        with pytest.raises(pr.PolyregionsError, match=r"has 3: give a Plane, such as Plane.through\(A, B, C\)"):
            draw(network, pr.Box(-1, 1))
        with pytest.raises(pr.PolyregionsError, match=r"has 1: line\(\) takes a Segment"):
            draw(network, pr.Segment([0, 0, 0], [1, 1, 1]))


@pytest.mark.parametrize("include_output", [False, True])
def test_layers_one_after_the_other(include_output):
    network = pr.Network.random([3, 6, 5, 4, 2], seed=3, bias_std=0.3, include_output=include_output)
    plane = pr.Plane([-1, -1, 0], [2, 0, 1], [0, 2, 0])
    whole = pr.plane(network, plane)
    patterns = [whole.pattern(i) for i in range(len(whole))]
    drawn = plot_layers(network, plane)
    numbers = [len(part.get_paths()) for part in drawn]
    # The regions of the first layers are those of the network put together.
    assert numbers == [len({pattern[:count] for pattern in patterns}) for count in range(1, network.depth + 1)]
    assert numbers[0] < numbers[-1]
    titles = [part.axes.get_title() for part in drawn]
    assert titles[0] == f"layer 1: {numbers[0]} regions (exact)"
    assert titles[2] == f"layers 1 to 3: {numbers[2]} regions (exact)"
    assert colours(drawn[-1]) == colours(plot_plane(whole))


def test_layers_on_given_axes():
    network = pr.Network.random([2, 4, 4, 1], seed=0)
    _, axes = plt.subplots(1, 2)
    drawn = plot_layers(network, pr.Box(-1, 1), axes=axes, color="active")
    assert [part.axes for part in drawn] == list(axes)
    with pytest.raises(pr.PolyregionsError, match="has 2 ReLU layers, each drawn on axes of its own; 1 given"):
        plot_layers(network, pr.Box(-1, 1), axes=axes[:1])
    with pytest.raises(pr.PolyregionsError, match="no ReLU layer"):
        plot_layers(pr.Network.from_arrays([[[1.0, 1.0]]], [[0.0]]), pr.Box(-1, 1))


def test_layers_with_linear_units():
    linear = [np.array([True, False]), np.array([False])]
    network = pr.Network.from_arrays([np.eye(2), [[1.0, 1.0]], [[1.0]]], [[0.0, 0.0], [0.5], [0.0]], linear=linear)
    # y = 0; then x + relu(y) = -1/2, on both sides of it.
    assert [len(part.get_paths()) for part in plot_layers(network, pr.Box(-1, 1))] == [2, 4]


def test_layers_of_graphs():
    graph = Graph((2,))
    hidden = graph.add(Dense(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])), "input")
    bent = graph.add(leaky_relu("1/10"), hidden)
    network = graph.network(graph.add(relu(), graph.add(Dense(np.array([[1.0, 1.0, 1.0, -3.0]]), [-0.5]), bent)))
    drawn = plot_layers(network, pr.Box(-1, 1), color="active")
    # Four lines through 0; then those of the regions that the second layer cuts.
    whole = pr.plane(network, pr.Box(-1, 1))
    assert [len(part.get_paths()) for part in drawn] == [8, len(whole)]
    assert drawn[1].get_array().max() <= network.num_units == 5
    largest = graph.network(graph.add(Maxout(4), hidden))
    with pytest.raises(pr.PolyregionsError, match=r"maxima of more than two arguments; plot_layers\(\) draws"):
        plot_layers(largest, pr.Box(-1, 1))


def test_layers_of_rational_weights():
    layers = [rational_layer([["1/3", 0], [0, 1]], [0, 0]), rational_layer([[1, "-1/3"]], [0])]
    network = pr.Network.from_exact(layers, include_output=True)
    drawn = plot_layers(network, pr.Box(-1, 1), color="affine")
    # relu(x / 3) - relu(y) / 3 vanishes where x = y, in one of the four quadrants.
    assert [len(part.get_paths()) for part in drawn] == [4, 5]
    corners = {tuple(corner) for polygon in polygons_of(drawn[1]) for corner in polygon.tolist()}
    assert corners == {(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)}

"""Pictures of lines, distances, counts during training, and bounds."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import polyregions as pr
from polyregions.plot import plot_bounds, plot_distances, plot_line, plot_training


@pytest.fixture(scope="module")
def network():
    return pr.Network.random([3, 16, 16, 2], seed=0, bias_std=0.3)


@pytest.mark.parametrize("output", [0, 1])
def test_the_curve_is_the_network(network, ax, output):
    start, end = np.array([-1.0, 0.5, 2.0]), np.array([1.5, -2.0, 0.0])
    found = pr.line(network, pr.Segment(start, end))
    curve, breakpoints, strip = plot_line(found, output=output, ax=ax)
    t, values = curve.get_xydata().T
    assert len(found) > 5
    assert t.tolist() == [0.0, *found.breakpoints(), 1.0]
    assert np.allclose(values, network(start + t[:, None] * (end - start))[:, output])
    assert breakpoints.get_xydata().tolist() == curve.get_xydata()[1:-1].tolist()
    rectangles = [path.vertices for path in strip.get_paths()]
    assert [(r[:, 0].min(), r[:, 0].max()) for r in rectangles] == list(pairwise(t))
    assert len(np.unique(strip.get_facecolors(), axis=0)) == len(found)
    # The strip is at the bottom, and the curve above it.
    bottom, top = ax.get_ylim()
    assert values.min() > bottom + 0.06 * (top - bottom)
    assert ax.get_title() == f"{len(found)} regions along the line (exact)"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("t, where x = start + t (end - start)", "output")
    assert [text.get_text() for text in ax.get_legend().texts] == [
        f"output {output}",
        f"{len(found) - 1} breakpoints",
    ]


def test_an_infinite_line_is_cut_beyond_its_breakpoints(network, ax):
    point, direction = np.array([0.0, 0.25, 0.0]), np.array([1.0, 1.0, -1.0])
    found = pr.line(network, pr.Line(point, direction))
    curve, _, strip = plot_line(found, ax=ax)
    t, values = curve.get_xydata().T
    assert np.isfinite(t).all()
    assert t[0] < found.breakpoints()[0] <= found.breakpoints()[-1] < t[-1]
    assert np.allclose(values, network(point + t[:, None] * direction)[:, 0])
    assert len(strip.get_paths()) == len(found)
    assert ax.get_xlabel() == "t, where x = point + t direction"


def test_a_line_without_breakpoints(ax):
    network = pr.Network.from_arrays([[[0.0]], [[1.0]]], [[1.0], [2.0]])
    for domain in (pr.Line([0], [1]), pr.Segment([0], [1])):
        curve, breakpoints, _ = plot_line(pr.line(network, domain), ax=ax)
        assert curve.get_ydata().tolist() == [3.0, 3.0]
        assert not len(breakpoints.get_xdata())
    assert ax.get_title() == "1 region along the line (exact)"


def test_what_is_no_line(network):
    found = pr.line(network, pr.Segment([0, 0, 0], [1, 1, 1]))
    for output in (-1, 2):
        with pytest.raises(pr.PolyregionsError, match=f"has 2 outputs, from 0; there is no output {output}"):
            plot_line(found, output=output)
    with pytest.raises(pr.PolyregionsError, match="a LineRegions; this is a Network"):
        plot_line(network)


def test_distances(network, ax):
    points = np.random.default_rng(0).normal(size=(500, 3))
    found = pr.distances(network, points)
    bars = plot_distances(found, ax=ax, bins=20, label="at random")
    ends = np.array([bar.get_x() for bar in bars] + [bars[-1].get_x() + bars[-1].get_width()])
    heights = [bar.get_height() for bar in bars]
    assert len(heights) == 20
    assert sum(heights) == 500
    assert heights == np.histogram(found.values, ends)[0].tolist()
    assert np.allclose(np.diff(np.log(ends)), np.log(found.values.max() / found.values.min()) / 20)
    assert (ax.get_xscale(), ax.get_ylabel()) == ("log", "points")
    assert ax.get_xlabel() == "distance to the nearest region boundary"
    assert ax.get_legend().texts[0].get_text() == "at random (500 points)"


def test_distances_without_a_logarithm(ax):
    network = pr.Network.from_arrays([[[1.0], [0.0]], [[1.0, 1.0]]], [[0.0, 1.0], [0.0]])
    found = pr.distances(network, [[0.0], [2.0], [2.0], [5.0]], domain=pr.Box(-1, 9))
    bars = plot_distances(found, ax=ax, bins=3)
    assert sum(bar.get_height() for bar in bars) == 3
    assert ax.get_legend().texts[0].get_text() == "4 points, 1 at distance 0 left out"
    # All the same: a bin around it.
    same = plot_distances(pr.distances(network, [[2.0], [2.0]]), ax=ax, bins=1)
    assert same[0].get_height() == 2
    assert same[0].get_x() < 2.0 < same[0].get_x() + same[0].get_width()
    nothing = pr.distances(network, [[1.0], [2.0]], domain=pr.Box(1, 2))
    with pytest.raises(pr.PolyregionsError, match="none of the 2 distances is positive and finite"):
        plot_distances(nothing, ax=ax)
    with pytest.raises(pr.PolyregionsError, match="bins must be an integer of at least 1, not 0"):
        plot_distances(found, ax=ax, bins=0)
    with pytest.raises(pr.PolyregionsError, match="Distances; this is a list"):
        plot_distances([1.0, 2.0], ax=ax)


def test_training_of_one_run(ax):
    counts = [pr.count(pr.Network.random([2, n, 1], seed=0), pr.Box(-1, 1)) for n in (2, 4, 6)]
    line, band = plot_training(counts, ax=ax, epochs=[0, 5, 20])
    assert band is None
    assert line.get_xydata().tolist() == [[epoch, int(c)] for epoch, c in zip((0, 5, 20), counts, strict=True)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "regions")
    assert ax.get_legend() is None


def test_training_of_several_runs(ax):
    runs = np.array([[4, 8, 8], [6, 10, 30], [5, 3, 7]])
    line, band = plot_training(runs, ax=ax, label="net")
    assert line.get_ydata().tolist() == runs.mean(axis=0).tolist()
    assert line.get_xdata().tolist() == [0, 1, 2]
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert {(x, y) for x in range(3) for y in (runs[:, x].min(), runs[:, x].max())} == corners
    assert ax.get_legend().texts[0].get_text() == "net (mean and range of 3 runs)"


@pytest.mark.parametrize(
    ("counts", "epochs", "message"),
    [
        ([], None, "a number for each epoch"),
        ([[1, 2], [1]], None, "a number for each epoch"),
        ([[1, 2], 3], None, "a number for each epoch"),
        ([1, 2], [0], r"counts of 2 epochs, but epochs of shape \(1,\)"),
        ([1, None], None, "run 0, place 1: None is no number"),
        ([1, "x"], None, "run 0, place 1: 'x' is no number"),
        ([[1, 2], [1, float("nan")]], None, "run 1, place 1: nan can't be drawn"),
    ],
)
def test_no_counts_during_training(counts, epochs, message):
    with pytest.raises(pr.PolyregionsError, match=message):
        plot_training(counts, epochs=epochs)


def test_a_bracket_is_no_number():
    bracket = pr.count(pr.Network.random([2, 16, 16, 1], seed=0), pr.Box(-1, 1), max_regions=3)
    with pytest.raises(pr.PolyregionsError, match="this count is not exact"):
        plot_training([bracket])
    with pytest.raises(pr.PolyregionsError, match="this count is not exact"):
        plot_bounds([(16, 16)], counts={"counted": [bracket]})


def shown(container):
    """The points, and the bars' ends."""
    line, _, bars = container
    ends = [segment[:, 1].tolist() for segment in bars[0].get_segments()] if bars else None
    return SimpleNamespace(x=line.get_xdata(), y=line.get_ydata().tolist(), ends=ends)


def test_bounds_against_counts(ax):
    artists = plot_bounds(
        [(2, 6), "4,4"],
        counts={"counted": [[9, 16, 5], [10, 10]], "other": [7, [5, 3]]},
        bounds={"bound": [2**70, 100]},
        ax=ax,
    )
    counted, other, bound = (shown(artists[name]) for name in ("counted", "other", "bound"))
    assert (counted.y, counted.ends) == ([10.0, 10.0], [[5.0, 16.0], [10.0, 10.0]])
    assert (other.y, other.ends) == ([7.0, 4.0], [[7.0, 7.0], [3.0, 5.0]])
    assert (bound.y, bound.ends) == ([float(2**70), 100.0], None)
    # Bars stand beside each other, around the configuration's place.
    assert bound.x.tolist() == [0, 1]
    assert (counted.x < bound.x).all()
    assert (bound.x < other.x).all()
    assert (ax.get_yscale(), ax.get_xlabel(), ax.get_ylabel()) == ("log", "units in each layer", "regions")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["2,6", "4,4"]
    assert [text.get_text() for text in ax.get_legend().texts] == ["counted", "other", "bound"]


@pytest.mark.parametrize(
    ("counts", "bounds", "message"),
    [
        ({"a": [1]}, None, "'a' has 1 entries for 2 configurations"),
        ({"a": [1, 0]}, None, "'a' at 4: 0 has no logarithm"),
        ({"a": [[], 1]}, None, "'a' at 3: there is no number"),
        ({"a": [1, 2]}, {"a": [1, 2]}, "'a' is the name of counts and of bounds"),
        ({"a": [1, 2]}, {"b": [1, 2**1100]}, "'b' at 4: the number is beyond 1e308"),
        ({}, None, "there is nothing to draw"),
    ],
)
def test_no_bounds(counts, bounds, message):
    with pytest.raises(pr.PolyregionsError, match=message):
        plot_bounds([(3,), (4,)], counts=counts, bounds=bounds)

"""Lines and planes of graphs, maxima and their ties included, against trying all patterns."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

import polyregions as pr
from polyregions.graph import Add, AveragePool, Convolution, Dense, Flatten, Graph, Maximum, Maxout, MaxPool, relu
from tests.graph.test_counts import tiny_graphs
from tests.reference import graph_patterns as reference


@settings(max_examples=60)
@given(tiny_graphs().filter(lambda tiny: len(tiny.lower) == 1))
def test_line(tiny):
    segment = pr.Segment(tiny.lower, tiny.upper)
    for definition in ("regions", "patterns"):
        expected = reference.attained(tiny.steps, tiny.lower, tiny.upper, interior=definition == "regions")
        found = pr.line(tiny.network, segment, definition=definition)
        assert found.count == len(expected)
        listed = list(found.patterns())
        assert len(listed) == len(expected)
        assert set(listed) == expected
    ends = [Fraction(0), *found.breakpoints(exact=True), Fraction(1)]
    assert ends == sorted(set(ends))
    (low,), (high,) = tiny.lower, tiny.upper
    for i in range(len(found)):
        t = (ends[i] + ends[i + 1]) / 2
        pattern, output = reference.evaluate(tiny.steps, [low + t * (high - low)])
        assert found.pattern(i) == pattern
        slopes, constants = found.affine_map(i, exact=True)
        assert [a * t + c for a, c in zip(slopes, constants, strict=True)] == output
        if i:
            changes = {
                (part, entry)
                for part, (one, other) in enumerate(zip(found.pattern(i - 1), pattern, strict=True))
                for entry in range(len(one))
                if one[entry] != other[entry]
            }
            assert set(found.changes(i - 1)) == changes
            assert changes


@settings(max_examples=25)
@given(tiny_graphs().filter(lambda tiny: len(tiny.lower) == 1))
def test_a_line_there_and_back(tiny):
    """A polyline that turns round meets nothing new."""
    back = pr.polyline(tiny.network, [tiny.lower, tiny.upper, tiny.lower], definition="patterns")
    assert back.count == pr.line(tiny.network, pr.Segment(tiny.lower, tiny.upper), definition="patterns").count


@settings(max_examples=30)
@given(tiny_graphs().filter(lambda tiny: len(tiny.lower) == 2 and tiny.network.num_units > 0))
def test_plane(tiny):
    expected = reference.attained(tiny.steps, tiny.lower, tiny.upper, interior=True)
    found = pr.plane(tiny.network, tiny.box)
    assert int(found.count) == len(expected)
    assert found.areas.sum() == pytest.approx(found.domain_area())
    assert {found.pattern(i) for i in range(len(found))} == expected
    areas = np.bincount(found.numbers, found.areas)
    assert len(areas) == len(expected)
    for region, polygon in {number: i for i, number in enumerate(found.numbers.tolist())}.items():
        assert areas[region] == pytest.approx(found.region(polygon).volume())


def test_patterns_at_single_points():
    """max(|t|, |t|, -|t|): where all are equal, at t = 0 alone, the last wins; beside it the second does."""
    graph = Graph(1)
    both = graph.add(Dense([[1.0], [-1.0]]), "input")
    size = graph.add(Dense([[1.0, 1.0]]), graph.add(relu(), both))
    minus = graph.add(Dense([[-1.0]]), size)
    network = graph.network(graph.add(Maximum(), size, size, minus, name="max"))
    found = pr.line(network, pr.Segment([-1], [1]), definition="patterns")
    assert list(found.patterns()) == [((0, 1), (1,)), ((0, 0), (2,)), ((1, 0), (1,))]
    assert (found.num_regions, found.num_patterns) == (2, 3)
    # At the ends of max(0, 0, t - 1, -t - 1).
    graph = Graph(1)
    four = graph.add(Dense([[0.0], [0.0], [1.0], [-1.0]], [0.0, 0.0, -1.0, -1.0]), "input")
    network = graph.network(graph.add(Maxout(4), four))
    found = pr.line(network, pr.Segment([-1], [1]), definition="patterns")
    assert list(found.patterns()) == [((3,),), ((1,),), ((2,),)]
    assert pr.line(network, pr.Segment([-1], [1])).count == 1


#: Ways to pool by 2 x 2. That in rounds has no merged regions: who wins each round is part of the pattern.
POOLS = {
    "average": [AveragePool((2, 2))],
    "maximum": [MaxPool((2, 2))],
    "rounds": [MaxPool((1, 2)), MaxPool((2, 1))],
    "strides": [],
}


def lenet(pool, *, size=6, channels=(2, 2), hidden=4, seed=0):
    """Two convolutions with ReLUs and pooling, or with strides, a dense hidden layer, and three outputs."""
    rng = np.random.default_rng(seed)
    graph = Graph((1, size, size), name="image")
    last, before = "image", 1
    for number, count in enumerate(channels, start=1):
        weights = rng.integers(-8, 9, (count, before, 3, 3)) / 8
        biases = rng.integers(-4, 5, count) / 16
        stride = 1 if POOLS[pool] else 2
        last = graph.add(Convolution(weights, biases, padding=1, stride=stride), last, name=f"conv{number}")
        last = graph.add(relu(), last, name=f"relu{number}")
        for operator in POOLS[pool]:
            last = graph.add(operator, last)
        before = count
    last = graph.add(Flatten(), last)
    for width in (hidden, 3):
        weights = rng.integers(-8, 9, (width, graph[last].shape[0])) / 8
        last = graph.add(Dense(weights, rng.integers(-4, 5, width) / 16), last)
        last = graph.add(relu(), last) if width == hidden else last
    return graph.network(last)


@pytest.mark.parametrize("pool", ["average", "maximum", "rounds"])
def test_a_small_convolutional_network(pool):
    network = lenet(pool)
    rng = np.random.default_rng(1)
    a, b, c = (rng.integers(0, 17, 36) / 16 for _ in range(3))
    segment = pr.Segment(a, b)
    along = pr.line(network, segment)
    assert {along.pattern(i) for i in range(len(along))} == {r.pattern for r in pr.regions(network, segment)}
    assert len(along) > 3
    slice_ = pr.Plane(a, b - a, c - a)
    found = pr.plane(network, slice_)
    # The regions along a side of the parallelogram are those of polygons with an edge there.
    assert {along.pattern(i) for i in range(len(along))} <= {found.pattern(i) for i in range(len(found))}
    assert int(found.count) == int(pr.count(network, slice_, cells="tableau")) == len(set(found.numbers.tolist()))
    assert found.areas.sum() == pytest.approx(found.domain_area())


def test_skips_along_a_line():
    """x + relu(x) has one breakpoint, and the exact forms of a graph are those of its lowered network."""
    graph = Graph(2)
    hidden = graph.add(relu(), "input")
    total = graph.add(Add(), "input", hidden)
    network = graph.network(graph.add(relu(), total))
    found = pr.line(network, pr.Line([0, 0], [1, 3]))
    assert found.breakpoints(exact=True) == [0]
    assert found.changes(0) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert found.num_affine == 2


@pytest.mark.parametrize("pool", ["average", "strides"])
def test_an_estimate_of_a_convolutional_network(pool):
    """Within four standard errors of the count, on a box in which six pixels vary."""
    network = lenet(pool, channels=(4, 4))
    image = np.random.default_rng(1).integers(0, 17, 36) / 16
    box = pr.Box.around(image, within=pr.Box(0, 1), free=range(7, 36, 5))
    exact = int(pr.count(network, box))
    found = pr.estimate(network, box, probes=20, cells=20)
    assert found.status is pr.Status.ESTIMATE
    assert exact > 100
    assert abs(found.value - exact) < 4 * found.standard_error


def test_a_maximum_in_rounds_has_more_patterns():
    """As many maxima, hence the same function, and each region of one pooling is a union of those of two."""
    once, rounds = lenet("maximum"), lenet("rounds")
    image = np.random.default_rng(1).integers(0, 17, 36) / 16
    box = pr.Box.around(image, within=pr.Box(0, 1), free=[7, 14, 21])
    found = {region.pattern: once.pattern(region.witness) for region in pr.regions(rounds, box)}
    assert once.merges
    assert not rounds.merges
    assert int(pr.count(once, box)) == len(set(found.values())) < len(found)
    assert np.array_equal(once(image), rounds(image))
    estimate = pr.estimate(rounds, box, probes=20, cells=10)
    assert abs(estimate.value - len(found)) < 4 * estimate.standard_error

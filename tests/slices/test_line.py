"""Lines against the slow oracle of tests/reference/slices.py and against the counters, ties included."""

import contextlib
import itertools
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.errors import UnsupportedDomainError
from polyregions.slices import line_search
from tests.nets import npz
from tests.reference import slices
from tests.strategies import awkward, integers, of_known, tiny_nets

#: Beyond all breakpoints of the networks below.
FAR = 10**1300

coordinates = st.builds(Fraction, st.integers(-3, 3), st.sampled_from([1, 2, 3]))


class Case(NamedTuple):
    network: pr.Network
    start: list[Fraction]
    direction: list[Fraction]
    #: The ReLU layers over t.
    layers: list

    def domain(self, infinite: bool):
        if infinite:
            return pr.Line(self.start, self.direction)
        return pr.Segment(self.start, [p + v for p, v in zip(self.start, self.direction, strict=True)])


@st.composite
def cases(draw, weights=integers):
    net = draw(tiny_nets(weights=weights, max_layers=4, max_width=4))
    n = len(net.lower)
    start = draw(st.lists(coordinates, min_size=n, max_size=n))
    direction = draw(st.lists(coordinates, min_size=n, max_size=n).filter(any))
    include = draw(st.booleans())
    network = pr.Network.from_arrays(
        [w for w, _ in net.layers], [b for _, b in net.layers], include_output=include or len(net.layers) == 1
    )
    exact = net.exact[: network.depth]
    (w, b), *rest = exact
    first = (
        [[sum(x * v for x, v in zip(row, direction, strict=True))] for row in w],
        [sum(x * p for x, p in zip(row, start, strict=True)) + c for row, c in zip(w, b, strict=True)],
    )
    return Case(network, start, direction, [first, *rest])


def check(case: Case, infinite: bool) -> None:
    """Everything that a line says, against cutting the line in rational arithmetic."""
    lower, upper = (-FAR, FAR) if infinite else (0, 1)
    found = pr.line(case.network, case.domain(infinite))
    regions = slices.segment_regions(case.layers, lower, upper)
    patterns = slices.segment_patterns(case.layers, lower, upper)
    assert [found.pattern(i) for i in range(len(found))] == list(found.patterns())
    assert set(found.patterns()) == regions
    assert len(found) == len(regions) == found.count
    every = pr.line(case.network, case.domain(infinite), definition="patterns")
    assert set(every.patterns()) == patterns
    assert every.count == len(list(every.patterns())) == len(patterns)

    cuts = slices.breakpoints(case.layers, lower, upper)
    middles = [slices.evaluate(case.layers, [(p + q) / 2]) for p, q in itertools.pairwise(cuts)]
    changes = [t for t, left, right in zip(cuts[1:-1], middles, middles[1:], strict=False) if left != right]
    exact = found.breakpoints(exact=True)
    assert exact == changes
    for t, rounded, error in zip(exact, found.breakpoints().tolist(), found.breakpoint_errors().tolist(), strict=True):
        assert error == float("inf") or abs(Fraction(rounded) - t) <= Fraction(error)
    check_intervals(case, found)


def check_intervals(case: Case, found: pr.LineRegions) -> None:
    maps = []
    for i in range(len(found)):
        pattern, region = found.pattern(i), found.region(i)
        assert case.network.pattern(region.witness) == pattern
        a, c = case.network.affine_map(pattern, exact=True)
        slope = [sum(x * v for x, v in zip(row, case.direction, strict=True)) for row in a]
        intercept = [sum(x * p for x, p in zip(row, case.start, strict=True)) + k for row, k in zip(a, c, strict=True)]
        assert found.affine_map(i, exact=True) == (slope, intercept)
        for rounded, true in zip(found.affine_map(i), (slope, intercept), strict=True):
            assert np.allclose(rounded, [float(value) for value in true])
        maps.append((tuple(slope), tuple(intercept)))
    assert found.num_affine == len(set(maps))
    assert found.num_linear == 1 + sum(p != q for p, q in itertools.pairwise(maps))
    for i in range(len(found) - 1):
        one, other = found.pattern(i), found.pattern(i + 1)
        differing = [(k, j) for k, states in enumerate(one) for j in range(len(states)) if states[j] != other[k][j]]
        assert found.changes(i) == differing


@given(cases(), st.booleans())
@settings(max_examples=120)
def test_small_integers_make_ties(case, infinite):
    check(case, infinite)


@given(cases(weights=awkward), st.booleans())
@settings(max_examples=80)
def test_numbers_that_nearly_cancel(case, infinite):
    check(case, infinite)


@given(cases(), st.booleans())
@settings(max_examples=40)
def test_blocks_of_one_interval(case, infinite):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_search, "_BLOCK", 1)
        check(case, infinite)


@given(cases(), st.booleans())
@settings(max_examples=40)
def test_everything_decided_exactly(case, infinite):
    with pytest.MonkeyPatch.context() as patch:
        # No float is believed where underflow may add anything.
        patch.setattr(line_search, "underflow", lambda: float("inf"))
        check(case, infinite)


@given(cases())
@settings(max_examples=20)
@example(Case(pr.Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [0.0]]), [Fraction(-1)], [Fraction(2)], []))
def test_the_splitting_counter_agrees(case):
    for definition in ("regions", "patterns"):
        counted = pr.count(case.network, case.domain(False), definition=definition)
        assert pr.line(case.network, case.domain(False), definition=definition).count == int(counted)


def deep(widths, seed=0):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, np.sqrt(2 / m), (n, m)) for m, n in itertools.pairwise(widths)]
    return pr.Network.from_arrays(weights, [rng.normal(0, 0.1, n) for n in widths[1:]])


@pytest.mark.parametrize("widths", [(30, 24, 24, 24, 3), (9, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 2)])
def test_wide_and_deep_networks_as_the_counter_has_them(widths):
    network = deep(widths)
    rng = np.random.default_rng(1)
    segment = pr.Segment(rng.uniform(-2, 2, widths[0]), rng.uniform(-2, 2, widths[0]))
    found = pr.line(network, segment)
    listed = {region.pattern for region in pr.regions(network, segment)}
    assert set(found.patterns()) == listed
    assert len(found) == len(listed) > 10
    points = found.points()
    assert np.allclose(network(points), found.slopes[:-1] * found.breakpoints()[:, None] + found.intercepts[:-1])
    assert np.isclose(found.lengths().sum(), np.linalg.norm(np.subtract(segment.end, segment.start).astype(float)))


def test_many_layers_lose_their_digits_and_are_still_right():
    network = deep((4, *(8,) * 60, 1))
    found = pr.line(network, pr.Line([0.1, 0.2, 0.3, 0.4], [1, -1, 0.5, 0.25]))
    assert found.stats["decisions_by_exact"] > 0
    exact = [found._exact_end(i) for i in range(1, len(found), 25)]
    assert exact == sorted(set(exact))
    for i in range(0, len(found), 25):
        assert network.pattern(found.region(i).witness) == found.pattern(i)


def test_a_line_through_the_origin_without_biases_has_two_regions():
    network = pr.Network.from_arrays(
        [[[1.0, 2.0], [-3.0, 1.0]], [[1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0]]], [[0, 0], [0, 0], [0]]
    )
    found = pr.line(network, pr.Line([0, 0], [1, 1]), definition="patterns")
    assert (found.num_regions, found.num_patterns, found.breakpoints(exact=True)) == (2, 3, [0])
    assert found.ends.tolist() == [-np.inf, 0, np.inf]


def test_units_that_are_zero_everywhere_or_at_an_end():
    # relu(0), relu(t), relu(1 - t) on [0, 1]: the second and third vanish at the ends.
    network = pr.Network.from_arrays([[[0.0], [1.0], [-1.0]], [[1.0, 1.0, 1.0]]], [[0.0, 0.0, 1.0], [0.0]])
    found = pr.line(network, pr.Segment([0], [1]), definition="patterns")
    assert list(found.patterns()) == [((0, 0, 1),), ((0, 1, 1),), ((0, 1, 0),)]
    assert (found.num_regions, found.num_linear, found.num_affine) == (1, 1, 1)


def test_equal_maps_apart_from_one_another():
    # A hat: the output is 0 on both sides of it.
    network = pr.Network.from_arrays([[[1.0], [1.0], [1.0]], [[1.0, -2.0, 1.0]]], [[1.0, 0.0, -1.0], [0.0]])
    found = pr.line(network, pr.Segment([-3], [3]))
    assert (found.num_regions, found.num_linear, found.num_affine) == (4, 4, 3)


@pytest.mark.parametrize("infinite", [False, True])
def test_bad_input(infinite):
    network = deep((3, 4, 1))
    wrong = pr.Line([0, 0], [1, 1]) if infinite else pr.Segment([0, 0], [1, 1])
    with pytest.raises(pr.PolyregionsError, match="2 dimensions, the network has 3 inputs"):
        pr.line(network, wrong)
    with pytest.raises(TypeError, match="needs a Segment or a Line, not a Box"):
        pr.line(network, pr.Box(-1, 1))
    found = pr.line(network, pr.Segment([0, 0, 0], [1, 1, 1]))
    with pytest.raises(IndexError, match="no interval 99"):
        found.pattern(99)


@given(cases(), st.lists(st.lists(coordinates, min_size=3, max_size=3), min_size=1, max_size=4))
@settings(max_examples=30)
def test_polylines(case, points):
    n = len(case.start)
    corners = [case.start, *(point[:n] for point in points)]
    if any(p == q for p, q in itertools.pairwise(corners)):
        with pytest.raises(pr.PolyregionsError, match="the same point"):
            pr.polyline(case.network, corners)
        return
    for definition in ("regions", "patterns"):
        found = pr.polyline(case.network, corners, definition=definition)
        parts = [pr.line(case.network, pr.Segment(p, q), definition=definition) for p, q in itertools.pairwise(corners)]
        assert found.count == len({pattern for part in parts for pattern in part.patterns()})
        met = [part.pattern(i) for part in parts for i in range(len(part))]
        assert found.passages == 1 + sum(p != q for p, q in itertools.pairwise(met))
        assert len(found.intervals()) == found.passages


def test_a_polyline_needs_two_points():
    with pytest.raises(pr.PolyregionsError, match="at least two points; 1 given"):
        pr.polyline(deep((2, 2, 1)), [[0, 0]])


@given(cases(), st.booleans(), st.data())
@settings(max_examples=40)
def test_linear_units(case, infinite, data):
    hidden = case.network.weights[:-1]
    if not hidden or case.network.include_output:
        return
    masks = [np.array(data.draw(st.lists(st.booleans(), min_size=len(w), max_size=len(w)))) for w in hidden]
    network = pr.Network.from_arrays(case.network.weights, case.network.biases, linear=masks)
    domain = case.domain(infinite)
    found = pr.line(network, domain, definition="patterns")
    # The splitting counter cuts an unbounded line by ReLUs of the first layer, if there are any that change along it.
    with contextlib.nullcontext() if not infinite else contextlib.suppress(UnsupportedDomainError):
        assert set(found.patterns()) == {r.pattern for r in pr.regions(network, domain, definition="patterns")}
        assert found.num_regions == int(pr.count(network, domain))
    for i in range(len(found)):
        assert network.pattern(found.region(i).witness) == found.pattern(i)


def test_numbers_near_the_end_of_floats():
    network = of_known(npz("A1_2d_16x2"))[0]
    for start, end in (([-1e300, 0], [1e308, 1]), ([0, 0], [1e308, 1e308]), ([-1e308, 0], [1e308, 1])):
        segment = pr.Segment(start, end)
        assert pr.line(network, segment).count == int(pr.count(network, segment))

"""Points, rays and volumes of unbounded regions: against the same regions in a box that holds all their vertices."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.errors import ArgumentError
from polyregions.geometry.closure import Closure
from polyregions.geometry.region import Region
from tests.strategies import tiny_nets

SIZE = 10**6


def dot(row, vector):
    return sum(a * x for a, x in zip(row, vector, strict=True))


@given(net=tiny_nets(max_layers=2), definition=st.sampled_from(["regions", "patterns"]))
@settings(max_examples=60)
def test_points_and_rays(net, definition):
    box = pr.Box(-SIZE, SIZE)
    for i, region in enumerate(pr.regions(net.network, pr.Space(), definition=definition)):
        if i == 5:
            break
        a, b = region.halfspaces(exact=True)
        points, rays = region.vertices(exact=True), region.rays(exact=True)
        assert points
        assert all(dot(row, point) <= bound for point in points for row, bound in zip(a, b, strict=True))
        assert all(any(ray) and dot(row, ray) <= 0 for ray in rays for row in a)
        in_box = Region(net.network, region.pattern, tuple(v for v in region.witness), box)
        inside = [p for p in in_box.vertices(exact=True) if all(abs(v) < SIZE for v in p)]
        lines = {ray for ray in rays if tuple(-v for v in ray) in set(rays)}
        if not lines:
            assert points == inside
            # A bounded region is all inside the box, and an unbounded one is not.
            assert region.bounded is (not rays) is (len(inside) == len(in_box.vertices(exact=True)))
        assert region.bounded is (not rays)
        if definition == "regions":
            assert region.volume() == (in_box.volume() if region.bounded else math.inf)


def test_polyhedra_without_vertices():
    strip = Closure([[Fraction(1), Fraction(1)], [Fraction(-1), Fraction(-1)]], [Fraction(1), Fraction(0)], 2)
    assert not strip.bounded
    assert strip.rays == [(-1, 1), (1, -1)]
    assert sorted(sum(point) for point in strip.points) == [0, 1]
    whole = Closure([], [], 2)
    assert (whole.points, whole.dimension) == ([(0, 0)], 2)
    assert whole.rays == [(-1, 0), (0, -1), (0, 1), (1, 0)]


def test_volumes_are_those_of_the_domains_dimension():
    net = pr.Network.from_arrays([[[1.0, 0.0], [1.0, 0.0]]], [[0.0, -3.0]], include_output=True)
    line = pr.Line([0, 5], [3, 4])  # x = 0 at (0, 5), x = 3 at (3, 9)
    volumes = {region.pattern[0]: region.volume() for region in pr.regions(net, line)}
    assert volumes == {(0, 0): math.inf, (1, 0): 5.0, (1, 1): math.inf}
    with pytest.raises(ArgumentError, match="infinite"):
        next(iter(pr.regions(net, line))).volume(exact=True)
    # Attained at x = 0 alone, a line without area.
    edge = pr.Network.from_arrays([[[1.0, 0.0], [-1.0, 0.0]]], [[0.0, 0.0]], include_output=True)
    volumes = {r.pattern[0]: r.volume() for r in pr.regions(edge, pr.Space(), definition="patterns")}
    assert volumes == {(0, 0): 0.0, (0, 1): math.inf, (1, 0): math.inf}

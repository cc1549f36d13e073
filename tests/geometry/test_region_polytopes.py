"""Vertices and volumes of regions: against all intersections of facets, Qhull, and the domain that they fill."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings

import polyregions as pr
from polyregions.errors import ArgumentError
from polyregions.projection.pattern import project_pattern
from polyregions.projection.system import echelon
from tests.nets import npz
from tests.strategies import of_known, tiny_nets


def brute_force_vertices(system):
    """Every point where enough rows meet, if it satisfies all rows."""
    n, found = system.dimension, set()
    for rows in combinations(system.inequalities, n - len(system.equations)):
        pivots = echelon((*system.equations, *rows), range(n))
        if pivots is not None and len(pivots) == n:
            point = tuple(Fraction(-pivots[j].get(n, 0), pivots[j][j]) for j in range(n))
            if system.contains(point):
                found.add(point)
    return sorted(found)


@pytest.mark.parametrize("definition", ["regions", "patterns"])
@given(net=tiny_nets(max_layers=2))
@settings(max_examples=50)
def test_vertices(definition, net):
    for i, region in enumerate(pr.regions(net.network, net.box, definition=definition, cells="lp")):
        if i == 5:
            break
        system = project_pattern(net.network, net.box, region.pattern)
        expected = brute_force_vertices(system)
        assert region.vertices(exact=True) == expected
        assert region.vertices().tolist() == [[float(v) for v in point] for point in expected]
        assert (region.volume(exact=True) > 0) == (not system.equations)


@given(net=tiny_nets(max_layers=2))
@settings(max_examples=50)
def test_regions_fill_the_domain(net):
    volumes = [region.volume(exact=True) for region in pr.regions(net.network, net.box, cells="lp")]
    whole = Fraction(1)
    for low, high in zip(net.lower, net.upper, strict=True):
        whole *= high - low
    assert sum(volumes) == whole


def test_volumes_in_four_dimensions_are_those_of_qhull():
    from scipy.spatial import ConvexHull

    network, box = of_known(npz("B4_4d_12x2"))
    for region in list(pr.regions(network, box, cells="lp", max_regions=12)):
        points = region.vertices()
        assert region.volume() == pytest.approx(ConvexHull(points).volume, rel=1e-9)
        a, b = region.halfspaces(irredundant=True, include_domain=True)
        assert (points @ a.T <= b + 1e-9).all()
        # Every facet has at least as many vertices as it has dimensions, plus one.
        assert (np.isclose(points @ a.T, b, atol=1e-9).sum(axis=0) >= 4).all()


@pytest.mark.parametrize(
    ("domain", "volume"),
    [
        (pr.Segment([0, 0, 0], [1, 2, 2]), Fraction(3)),
        (pr.Plane([0, 0, 0], [2, 0, 0], [0, 3, 4]), Fraction(10)),
        (pr.Box([0, 1, 0], [2, 1, "1/3"]), Fraction(2, 3)),
        (pr.Polytope([[-1, 0, 0], [0, -1, 0], [0, 0, -1], [1, 1, 1]], [0, 0, 0, 1]), Fraction(1, 6)),
        (pr.Box([1, 1, 1], [1, 1, 1]), Fraction(1)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_domains_of_any_dimension(domain, volume):
    rng = np.random.default_rng(4)
    network = pr.Network.from_arrays(
        [rng.integers(-3, 4, (5, 3)) / 2, np.ones((1, 5))], [rng.integers(-2, 3, 5) / 4, np.zeros(1)]
    )
    regions = list(pr.regions(network, domain, cells="lp"))
    assert sum(region.volume(exact=True) for region in regions) == volume
    assert sum(region.volume() for region in regions) == pytest.approx(float(volume))
    for region in regions:
        system = project_pattern(network, domain, region.pattern)
        assert region.vertices(exact=True) == brute_force_vertices(system)


def test_volumes_that_are_not_rational():
    network = pr.Network.from_arrays([[[1.0, 0.0]], [[1.0]]], [[0.0], [0.0]])
    halves = list(pr.regions(network, pr.Segment([-1, -1], [1, 1]), cells="lp"))
    assert [half.volume() for half in halves] == pytest.approx([2**0.5, 2**0.5])
    with pytest.raises(ArgumentError, match="1/2 times the square root of 8, which is not rational"):
        halves[0].volume(exact=True)


def test_dimensions_that_are_too_many():
    network = pr.Network.from_arrays([np.ones((1, 9)), [[1.0]]], [[0.0], [0.0]])
    region = next(iter(pr.regions(network, pr.Box(-1, 1), cells="lp")))
    with pytest.raises(ArgumentError, match="up to 8 dimensions, and the domain has 9"):
        region.volume()

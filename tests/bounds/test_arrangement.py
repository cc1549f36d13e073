"""Regions of arrangements: against Whitney's sum, closed forms, and the counter on a large box."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.bounds.architecture import bounded_hyperplane_regions, hyperplane_regions
from polyregions.bounds.arrangement import (
    arrangement_regions,
    bounded_arrangement_regions,
    characteristic_polynomial,
    hyperplane_rank,
)
from polyregions.errors import ArgumentError
from tests.reference import arrangement as reference

integers = st.integers(-2, 2)


@st.composite
def arrangements(draw, entries=integers, most=7):
    dimension = draw(st.integers(1, 4))
    normal = st.lists(entries, min_size=dimension, max_size=dimension).filter(any)
    normals = draw(st.lists(normal, min_size=1, max_size=most))
    offsets = draw(st.lists(entries, min_size=len(normals), max_size=len(normals)))
    return normals, offsets


fractions = st.sampled_from([Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 3), Fraction(-5, 2), Fraction(7)])


@given(arrangements())
@settings(max_examples=300, deadline=None)
def test_against_whitneys_sum(arrangement):
    hyperplanes = list(zip(*arrangement, strict=True))
    dimension = len(arrangement[0][0])
    chi = reference.characteristic_polynomial(hyperplanes, dimension)
    assert characteristic_polynomial(*arrangement) == chi
    assert arrangement_regions(*arrangement) == reference.regions(hyperplanes, dimension)
    spans = hyperplane_rank(arrangement[0]) == dimension
    expected = reference.bounded_regions(hyperplanes, dimension) if spans else 0
    assert bounded_arrangement_regions(*arrangement) == expected


@given(arrangements(entries=fractions, most=6))
@settings(max_examples=60, deadline=None)
def test_fractions(arrangement):
    hyperplanes = list(zip(*arrangement, strict=True))
    assert arrangement_regions(*arrangement) == reference.regions_by_deletion(hyperplanes, len(arrangement[0][0]))


@given(arrangements(most=6))
@settings(max_examples=60, deadline=None)
def test_is_the_count_of_one_layer(arrangement):
    """On a box that has all points where hyperplanes meet: minors of integers up to 2 in 4 dimensions are below 400."""
    normals, offsets = arrangement
    net = pr.Network.from_arrays(
        [np.array(normals, float), np.ones((1, len(normals)))], [-np.array(offsets, float), np.zeros(1)]
    )
    assert int(pr.count(net, pr.Box(-1000, 1000))) == arrangement_regions(normals, offsets)


@pytest.mark.parametrize(("count", "dimension"), [(1, 1), (5, 1), (4, 2), (9, 3), (12, 5), (3, 6), (6, 6)])
def test_general_position(count, dimension):
    normals = [[t**j for j in range(dimension)] for t in range(count)]
    offsets = [t**dimension for t in range(count)]
    assert arrangement_regions(normals, offsets) == hyperplane_regions(dimension, count)
    assert bounded_arrangement_regions(normals, offsets) == bounded_hyperplane_regions(dimension, count)


def test_many_columns():
    """In 784 dimensions, of which the hyperplanes use few."""
    base = np.random.default_rng(0).integers(-9, 9, (3, 784))
    normals, offsets = np.array([[1, t, t**2] for t in range(8)]) @ base, [t**3 for t in range(8)]
    assert arrangement_regions(normals, offsets) == hyperplane_regions(3, 8)
    assert bounded_arrangement_regions(normals, offsets) == 0
    assert characteristic_polynomial(normals, offsets)[:781] == [0] * 781


def test_floats_are_what_they_are():
    """0.1 + 0.2 and 0.3 are two floats, so these are two parallel lines; as decimals they are one."""
    assert arrangement_regions([[1, 0], [1, 0]], [0.1 + 0.2, 0.3]) == 3
    assert arrangement_regions([[1, 0], [1, 0]], ["0.3", Fraction(3, 10)]) == 2
    assert arrangement_regions([[1, 0], [-2, 0]], [1, -2]) == 2


@pytest.mark.parametrize(
    ("normals", "offsets", "reason"),
    [
        ([], [], "no hyperplane"),
        ([[1, 2]], [], "1 normals and 0 offsets"),
        ([[1, 2], [1]], [0, 0], "hyperplane 1: a normal of 1 entries"),
        ([[0, 0]], [1], "hyperplane 0 is none"),
        ([[1, float("nan")]], [0], "hyperplane 0: nan"),
        ([[1, 2]], [float("inf")], "hyperplane 0: inf"),
        ([[1, "x"]], [0], "not a number"),
    ],
)
def test_bad_input(normals, offsets, reason):
    with pytest.raises(ArgumentError, match=reason):
        arrangement_regions(normals, offsets)

"""Maxout and other piecewise linear units, histograms, and expected numbers."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyregions.bounds.architecture import architecture_bounds, hyperplane_regions
from polyregions.bounds.arrangement import arrangement_regions
from polyregions.bounds.expectation import expected_regions_bound, typical_regions
from polyregions.bounds.histograms import RULES, clipped, dominates, histogram_bound, montufar, naive, serra
from polyregions.bounds.piecewise import maxout_upper_bound, piecewise_layer_regions, piecewise_upper_bound
from polyregions.errors import ArgumentError

shapes = st.tuples(st.integers(1, 6), st.lists(st.integers(1, 6), min_size=1, max_size=4))


@pytest.mark.parametrize(
    ("inputs", "widths", "rank", "value"),
    [(2, (3, 3), 2, 49), (2, (3, 3), 3, 2116), (1, (4,), 3, 13), (3, (1, 1), 4, 49)],
)
def test_maxout(inputs, widths, rank, value):
    assert maxout_upper_bound(inputs, widths, rank=rank) == value


@given(shapes)
def test_two_pieces_are_relus(shape):
    named = {bound.name: bound.value for bound in architecture_bounds(*shape)}
    expected = named.get("montufar", named.get("zaslavsky"))
    assert maxout_upper_bound(*shape, rank=2) == expected
    assert piecewise_upper_bound(*shape, pieces=2) == expected
    assert piecewise_upper_bound(*shape, pieces=1) == maxout_upper_bound(*shape, rank=1) == 1


@given(inputs=st.integers(1, 4), units=st.integers(1, 4), rank=st.integers(2, 4))
def test_maxout_units_have_as_many_regions_as_forms(inputs, units, rank):
    """Whatever the dimension, n units of rank k can't have more than k^n; units on axes of their own have as many."""
    if units <= inputs:
        assert maxout_upper_bound(inputs, [units], rank=rank) >= rank**units


@pytest.mark.parametrize(
    ("d", "n", "pieces"), [(2, 3, 3), (2, 4, 3), (3, 4, 3), (2, 4, 4), (3, 2, 5), (1, 5, 3), (2, 1, 4)]
)
def test_parallel_families(d, n, pieces):
    """Counted as arrangements: n families of parallel hyperplanes in general position."""
    planes = [([t**j for j in range(d)], 1000 * t**d + 7**k) for t, k in product(range(n), range(pieces - 1))]
    assert arrangement_regions(*zip(*planes, strict=True)) == piecewise_layer_regions(d, n, pieces=pieces)


def test_pieces_per_layer():
    assert piecewise_upper_bound(2, [4, 4], pieces=[2, 3]) == 11 * piecewise_layer_regions(2, 4, pieces=3)
    with pytest.raises(ArgumentError, match="1 numbers of pieces for 2 layers"):
        piecewise_upper_bound(2, [4, 4], pieces=[2])
    for wrong in (0, 2.5):
        with pytest.raises(ArgumentError, match="at least 1"):
            piecewise_upper_bound(2, [4], pieces=[wrong])
        with pytest.raises(ArgumentError, match="rank of maxout"):
            maxout_upper_bound(2, [4], rank=wrong)


@given(shapes)
def test_histograms_are_the_bounds_of_the_literature(shape):
    named = {bound.name: bound.value for bound in architecture_bounds(*shape)}
    one = hyperplane_regions(shape[0], shape[1][0])
    assert histogram_bound(*shape, rule=naive) == named["patterns"]
    assert histogram_bound(*shape, rule=montufar) == named.get("montufar", one)
    assert histogram_bound(*shape, rule=serra) == named.get("serra", one)


@given(dimension=st.integers(0, 6), units=st.integers(1, 6))
def test_rules_dominate_from_weak_to_strong_and_grow(dimension, units):
    for weak, strong in (("naive", "montufar"), ("montufar", "serra")):
        assert dominates(RULES[weak](dimension, units), RULES[strong](dimension, units))
    for rule in RULES.values():
        assert dominates(rule(dimension + 1, units), rule(dimension, units))
        assert sum(clipped(rule(dimension, units), dimension)) == sum(rule(dimension, units))
    assert not dominates([1, 0], [0, 1])


def test_expected_numbers():
    assert typical_regions(96, 2) == 4608
    assert expected_regions_bound(96, 2, c_grad=1, c_bias=1, volume=4) == 32**2 * 4 * 4608
    assert expected_regions_bound(5, 1, c_grad="1/3", c_bias=0.5) == Fraction(32 * 5, 6)
    assert expected_regions_bound(2, 3, c_grad=1, c_bias=1, volume="1/9") == 4
    with pytest.raises(ArgumentError, match="c_bias is positive"):
        expected_regions_bound(2, 1, c_grad=1, c_bias=0)
    with pytest.raises(ArgumentError, match="neurons is a positive integer"):
        typical_regions(0, 1)

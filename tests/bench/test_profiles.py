"""Shifted geometric means and performance profiles against hand values and the obvious slow way."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyregions.bench.profiles import performance_profiles, shifted_geometric_mean
from polyregions.errors import ArgumentError


@pytest.mark.parametrize(
    ("times", "shift", "expected"),
    [
        ([1.0, 100.0], 10.0, math.sqrt(11.0 * 110.0) - 10.0),
        ([7.0], 10.0, 7.0),
        ([1.0, 3.0], 1.0, math.sqrt(8.0) - 1.0),
        # Less than 1 counts as 1.
        ([0.0, 0.0], 0.5, 0.5),
        ([0.0, 3.5], 0.5, 2.0 - 0.5),
        ([2.0, 8.0], 0.0, 4.0),
    ],
)
def test_means_by_hand(times, shift, expected):
    assert shifted_geometric_mean(times, shift=shift) == pytest.approx(expected, rel=1e-14)


def test_the_mean_of_nothing_is_no_number():
    assert math.isnan(shifted_geometric_mean([], shift=1.0))


def test_profiles_by_hand():
    # Ratios: a 1, 2, -, -; b 2, 1, 1, -. Nobody solves the last one.
    times = {"a": [1.0, 2.0, None, None], "b": [2.0, 1.0, 4.0, None]}
    assert performance_profiles(times) == {
        "a": [(1.0, 0.25), (2.0, 0.5)],
        "b": [(1.0, 0.5), (2.0, 0.75)],
    }


def test_a_solver_that_solves_nothing_stays_at_zero():
    assert performance_profiles({"a": [1.0], "b": [None]})["b"] == [(1.0, 0.0)]
    assert performance_profiles({"a": [None, None]}) == {"a": [(1.0, 0.0)]}
    assert performance_profiles({}) == {}


def test_different_numbers_of_problems():
    with pytest.raises(ArgumentError, match="the same problems"):
        performance_profiles({"a": [1.0], "b": []})


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(
            st.lists(st.none() | st.sampled_from([0.001, 0.5, 1.0, 3.0, 60.0]), min_size=n, max_size=n), min_size=1
        )
    )
)
def test_profiles_are_what_their_definition_says(table):
    names = [f"solver{i}" for i in range(len(table))]
    problems = len(table[0])
    for name, steps in performance_profiles(dict(zip(names, table, strict=True))).items():
        row = table[names.index(name)]
        for tau, rho in steps:
            within = 0
            for p in range(problems):
                solved = [other[p] for other in table if other[p] is not None]
                within += row[p] is not None and row[p] / min(solved) <= tau
            assert rho == within / problems
        taus = [tau for tau, _ in steps]
        assert taus == sorted(set(taus))
        assert taus[0] == 1.0
        assert steps[-1][1] == sum(time is not None for time in row) / problems

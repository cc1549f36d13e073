"""The lower bound by betting: right with its confidence, whatever the distribution, and near the classical one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyregions.sampling.betting import BETS, betting_bound

logs = st.lists(st.floats(0, 500), min_size=1, max_size=30)


@given(logs, st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_not_far_below_the_classical_bound(values, confidence):
    # min X_i / 2^a with 2^(-a t) = 1 - confidence; the average over the bets costs a factor of their number.
    classical = min(values) + math.log2(1 - confidence) / len(values)
    assert betting_bound(values, confidence) >= classical - math.log2(len(BETS)) / len(values) - 1e-6


@given(logs, st.integers(0, 29), st.floats(0, 50))
def test_grows_with_the_observations(values, index, more):
    larger = list(values)
    larger[index % len(values)] += more
    assert betting_bound(larger, 0.95) >= betting_bound(values, 0.95) - 1e-9


@given(logs, logs)
def test_further_observations_take_nothing_away(values, more):
    assert betting_bound(values + more, 0.95) >= betting_bound(values, 0.95) - 1e-9


@given(logs, st.integers(0, 29))
def test_an_unfinished_observation_counts_as_nothing(values, index):
    cut = list(values)
    cut[index % len(values)] = -math.inf
    assert betting_bound(cut, 0.95) <= betting_bound(values, 0.95) + 1e-9


@given(logs, st.floats(-300, 300))
def test_units_do_not_matter(values, shift):
    moved = betting_bound([value + shift for value in values], 0.95)
    assert moved == pytest.approx(betting_bound(values, 0.95) + shift, abs=1e-6)


def test_nothing_known():
    assert betting_bound([], 0.95) == -math.inf
    assert betting_bound([-math.inf, -math.inf], 0.95) == -math.inf


def test_one_observation_is_markovs_inequality():
    # The average of 1 + b (X / m - 1) over the bets reaches 20 at X / m = 1 + 19 / (mean of the bets).
    expected = -math.log2(1 + 19 / np.mean(BETS))
    assert betting_bound([0.0], 0.95) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("number", [1, 8])
def test_coverage(number):
    """Rare large values make the mean: most samples miss them, and the bound must not be wrong too often."""
    random = np.random.default_rng(number)
    for share in (0.5, 0.1, 0.01):
        # 1 / share with probability share, else 0, has mean 1; as tight as Markov's inequality gets.
        sample = np.where(random.random((400, number)) < share, -math.log2(share), -math.inf)
        wrong = sum(betting_bound(list(values), 0.95) > 0 for values in sample)
        # 5 % of 400 are 20; with that probability more than 36 are wrong once in 3000 runs.
        assert wrong <= 36

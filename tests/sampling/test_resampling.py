"""Dropping candidates: each is kept with its probability, and the probabilities are those that were asked for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyregions.sampling.probe import RandomChoice
from polyregions.sampling.resampling import keep_probabilities, systematic

priorities = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=12).map(np.array)


@given(priorities, st.integers(1, 12))
def test_probabilities_add_up_and_follow_the_priorities(values, most):
    probabilities = keep_probabilities(values, most)
    assert probabilities.sum() == pytest.approx(min(most, len(values)))
    assert ((probabilities > 0) & (probabilities <= 1)).all()
    unsure = probabilities < 1
    if unsure.any():
        ratios = values[unsure] / probabilities[unsure]
        assert ratios == pytest.approx(np.full(len(ratios), ratios[0]))
        assert (values[~unsure] >= ratios[0] * (1 - 1e-12)).all()


def test_no_candidate_is_left_out_for_certain():
    probabilities = keep_probabilities(np.array([1.0, 1.0, 1e-300, 1.0]), 2)
    assert probabilities[2] == 2.0**-44
    assert (probabilities * 2**44 % 1 == 0).all()
    # Its interval is one of the 2^44 places.
    places = np.rint(np.cumsum(probabilities) * 2**44).astype(np.int64) % 2**44
    kept = [systematic((int(places[1]) + shift) / 2**44, probabilities)[2] for shift in (-1, 0, 1)]
    assert kept == [False, True, False]


@given(priorities, st.integers(1, 12))
def test_systematic_sampling_keeps_each_with_its_probability(values, most):
    # What is kept changes with the uniform number only where it meets the end of an interval, modulo 1.
    probabilities = keep_probabilities(values, most)
    ends = np.unique(np.concatenate([[0.0, 1.0], np.cumsum(probabilities) % 1.0]))
    kept = np.zeros(len(values))
    for low, high in pairwise(ends):
        kept += (high - low) * systematic((low + high) / 2, probabilities)
    assert kept == pytest.approx(probabilities, abs=1e-9)


def test_random_choice_keeps_each_half_with_its_probability_and_not_always_the_same_one():
    parents = np.repeat(np.arange(4), [2, 1, 2, 2])
    probabilities = keep_probabilities(np.array([1.0, 1.0, 4.0, 0.5, 0.5, 1.0, 1.0]), 4)
    choice = RandomChoice(np.random.default_rng(0))
    kept = np.array([choice(parents, probabilities) for _ in range(4000)])
    deviations = np.sqrt(probabilities * (1 - probabilities) / len(kept))
    assert (np.abs(kept.mean(axis=0) - probabilities) <= 4 * deviations).all()
    # In a fixed order the first halves of the last two cells would be kept or dropped together more often.
    equal = keep_probabilities(np.ones(8), 4)
    pairs = np.array([choice(np.repeat(np.arange(4), 2), equal)[[0, 2]] for _ in range(4000)])
    assert abs((pairs[:, 0] == pairs[:, 1]).mean() - 0.5) < 0.05

"""From how often a set survives to its size: published numbers, definitions written out, and simulated coverage."""

from fractions import Fraction
from math import comb, exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyregions.sampling.feasible_shares import (
    binomial_confidence,
    chernoff_confidence,
    clopper_pearson_bound,
    feasible_counts,
    largest_power,
    published_trials,
)

NINETY_FIVE = Fraction(95, 100)


def test_published_numbers():
    """Serra & Ramalingam 2020: 99.5% in case all trials are feasible takes 28; then 95% takes 25 of them."""
    assert published_trials(NINETY_FIVE) == 28
    assert chernoff_confidence(28, 28) == pytest.approx(0.9955, abs=5e-5)
    assert chernoff_confidence(27, 27) < 0.995
    assert chernoff_confidence(16, 16) == pytest.approx(0.9545, abs=5e-5)
    assert chernoff_confidence(25, 28) >= 0.95 > chernoff_confidence(24, 28)
    assert binomial_confidence(19, 28) >= NINETY_FIVE > binomial_confidence(18, 28)


@given(trials=st.integers(1, 60), share=st.floats(0, 1))
def test_tails(trials, share):
    feasible = round(share * trials)
    tail = sum(Fraction(comb(trials, k), 2**trials) for k in range(feasible, trials + 1))
    assert binomial_confidence(feasible, trials) == 1 - tail
    b = 2 * feasible / trials - 1
    published = 1 - (exp(b) / (1 + b) ** (1 + b)) ** (trials / 2) if b > 0 else 0.0
    assert chernoff_confidence(feasible, trials) == pytest.approx(published, abs=1e-12)
    # Chernoff's is a bound of the tail.
    assert chernoff_confidence(feasible, trials) <= binomial_confidence(feasible, trials) + Fraction(1, 10**12)


def test_counts_and_the_largest_power():
    assert feasible_counts([2, 4, 0, 4], 5) == [3, 3, 2, 2, 0]
    assert largest_power([Fraction(1), Fraction(1), Fraction(9, 10)], NINETY_FIVE) == 1
    assert largest_power([Fraction(9, 10)], NINETY_FIVE) is None


@given(
    shown=st.lists(st.integers(0, 7), min_size=1, max_size=30),
    extra=st.integers(0, 5),
    confidence=st.sampled_from([Fraction(1, 2), Fraction(9, 10), NINETY_FIVE]),
)
def test_clopper_pearson_by_definition(shown, extra, confidence):
    """The largest V that some f[s] shows at its share of the failure, by trying all."""
    levels, trials = 7, len(shown) + extra
    feasible = feasible_counts(shown, levels)
    failure = (1 - confidence) / (levels - 1)
    best = 1
    for s in range(1, levels):
        for value in range(2, 2**s + 1):
            p = Fraction(value - 1, 2**s)
            tail = sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(feasible[s], trials + 1))
            if feasible[s] and tail <= failure:
                best = max(best, value)
    # Where a share is just large enough for V, the filter may miss it.
    assert best - 1 <= clopper_pearson_bound(feasible, trials, confidence) <= best


def test_more_survivals_never_give_less():
    few, many = feasible_counts([3] * 20 + [0] * 8, 12), feasible_counts([3] * 20 + [9] * 8, 12)
    assert clopper_pearson_bound(few, 28, NINETY_FIVE) <= clopper_pearson_bound(many, 28, NINETY_FIVE)
    assert binomial_confidence(20, 28) < binomial_confidence(28, 28)


def simulated_bounds(patterns, size, trials, runs, rng):
    """Bounds of the three kinds for a set that is given; random constraints on ``size`` of its units."""
    units = patterns.shape[1]
    results = []
    for _ in range(runs):
        shown = []
        for _ in range(trials):
            alive, number = patterns, 0
            while len(alive) and number < units + 2:
                number += 1
                chosen = rng.choice(units, size=size, replace=False)
                alive = alive[alive[:, chosen].sum(axis=1) % 2 == rng.integers(2)]
            shown.append(number)
        feasible = feasible_counts(shown, units + 2)
        powers = [
            2 ** (largest_power([tail(f, trials) for f in feasible[1:]], NINETY_FIVE) or 0)
            for tail in (binomial_confidence, chernoff_confidence)
        ]
        results.append((*powers, clopper_pearson_bound(feasible, trials, NINETY_FIVE)))
    return np.array(results)


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("kind", ["one", "subcube", "random"])
def test_coverage(kind, size):
    """A bound is too large in at most 5% of the runs; 12 of 100 would be a chance of 0.4% at exactly 5%."""
    rng = np.random.default_rng([size, len(kind)])
    patterns = {
        "one": np.ones((1, 9), dtype=np.int8),
        "subcube": np.array([[k >> i & 1 for i in range(5)] + [1] * 4 for k in range(32)], dtype=np.int8),
        "random": rng.permutation(512)[:90, None] >> np.arange(9) & 1,
    }[kind]
    bounds = simulated_bounds(patterns, size, 20, 100, rng)
    wrong = (bounds > len(patterns)).sum(axis=0)
    assert (wrong < 12).all()
    # And they do say something: bounds of 1 would cover, too.
    if kind == "random" and size == 5:
        assert np.median(bounds, axis=0).tolist() >= [32, 16, 32]

"""The safe bound of a linear program with rows of two sides is one, whatever the multipliers."""

import math
from collections import Counter
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from scipy import sparse

from polyregions.exact.dual_bound import dual_bound
from tests.exact import adversarial, truth

pytestmark = pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")


def exact_bound(objective, matrix, row_lower, row_upper, lower, upper, multipliers):
    """The same bound in Fractions."""
    total = tuple(map(Fraction, objective)), Fraction(0)
    for row, low, high, y in zip(matrix, row_lower, row_upper, multipliers, strict=True):
        side = high if y > 0 else low
        if y and math.isfinite(side):
            slack = tuple(-Fraction(a) for a in row), Fraction(side)  # side - a.x, times y never negative
            total = truth.added(total, truth.scaled(slack, Fraction(y)))
    return truth.supremum(total, list(map(Fraction, lower)), list(map(Fraction, upper)))


def test_the_bound_lies_above_the_exact_one_and_not_far_above():
    seen = Counter()
    for seed in range(800):
        rng = Random(seed)
        kind, m, n = rng.choice(adversarial.KINDS), rng.randint(0, 4), rng.randint(1, 4)

        def numbers(count, kind=kind, rng=rng):
            return [adversarial.weight(rng, kind) for _ in range(count)]

        objective, matrix = numbers(n), [numbers(n) for _ in range(m)]
        sides = [sorted(numbers(2)) for _ in range(m)]
        row_lower = [rng.choice([low, -math.inf]) for low, _ in sides]
        row_upper = [rng.choice([high, math.inf]) for _, high in sides]
        lower = [rng.choice([-1.0, 0.0, 0.1]) for _ in range(n)]
        upper = [low + rng.choice([0.0, 1e-9, 1.0]) for low in lower]
        multipliers = [rng.choice([0.0, 1.0, -1.0, 0.1, -3.0, rng.gauss(0, 1)]) for _ in range(m)]
        arrays = [np.array(v, dtype=float) for v in (row_lower, row_upper, [0.0] * m, lower, upper, multipliers)]
        dense = np.array(matrix, dtype=float).reshape(m, n)
        exact = exact_bound(objective, matrix, row_lower, row_upper, lower, upper, multipliers)
        for given in (dense, sparse.csr_array(dense)):
            bound = dual_bound(np.array(objective), given, *arrays)
            assert Fraction(bound) >= exact, f"seed {seed}"
        if kind == "plain":
            seen["plain"] += 1
            seen["tight"] += bound - float(exact) < 1e-12
    assert seen["tight"] > 0.99 * seen["plain"] > 50


def bound_of_one_row(objective, row, row_upper, lower, upper, multiplier):
    arrays = [np.array(v) for v in ([-np.inf], [row_upper], [0.0], lower, upper, [multiplier])]
    return dual_bound(np.array(objective), np.array([row]), *arrays)


def test_coefficients_that_overflow_bound_nothing():
    """-1.7e308 x + 1e298 z, with the row -1.7e308 x + 1e298 z >= 0 added: the sum's coefficient is -inf."""
    k = 1.7e308
    bound = bound_of_one_row([-k, 1e298], [k, -1e298], 0.0, [1e-11, 1.0], [1e-10, 1.0], 1.0)
    assert not bound < 8e297


def test_multipliers_of_absent_sides_count_as_zero():
    assert bound_of_one_row([1.0], [1.0], 0.5, [0.0], [1.0], -5.0) == pytest.approx(1.0)
    assert bound_of_one_row([1.0], [1.0], 0.5, [0.0], [1.0], 1.0) == pytest.approx(0.5)
    assert not bound_of_one_row([1.0], [1.0], 0.5, [0.0], [1.0], math.nan) < 1

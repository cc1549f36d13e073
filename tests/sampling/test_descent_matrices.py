"""The compiled matrix products and factors against numpy."""

import numpy as np
import pytest

from polyregions.sampling.deep_points import deep_point
from polyregions.sampling.descent_products import add_squares, gram, times_factor
from polyregions.sampling.descent_triangles import backward, cholesky, forward

SIZES = pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 16, 23, 40])


def zero_behind(array, axes=(0, 1)):
    """An array that goes on with zeros up to a multiple of eight."""
    return np.pad(array, [(0, -size % 8 if axis in axes else 0) for axis, size in enumerate(array.shape)])


def positive(random, n):
    half = random.normal(size=(n, 2 * n))
    return half @ half.T


@SIZES
def test_cholesky_and_solves(n):
    random = np.random.default_rng(n)
    full = positive(random, n)
    # Below the diagonal there may be anything.
    matrix = zero_behind(np.triu(full) + np.tril(random.normal(size=(n, n)), -1))
    assert cholesky(matrix, n)
    expected = np.linalg.cholesky(full)
    assert np.tril(matrix[:n, :n]) == pytest.approx(expected)
    for i in range(n):
        assert not matrix[i // 4 * 4 : i, i].any()
    vector = random.normal(size=n)
    vectors = np.stack([vector, vector])
    forward(matrix, vectors, 0, n)
    backward(matrix, vectors, 1, n)
    assert vectors[0] == pytest.approx(np.linalg.solve(expected, vector))
    assert vectors[1] == pytest.approx(np.linalg.solve(expected.T, vector))


@SIZES
def test_what_has_no_factor(n):
    full = positive(np.random.default_rng(n), n)
    full[n - 1, n - 1] = 0.0
    assert not cholesky(zero_behind(np.triu(full)), n)


@SIZES
def test_gram(n):
    random = np.random.default_rng(n)
    rows, weights, target = random.normal(size=(n, 56)), random.normal(size=56), np.zeros((n, n))
    padded = zero_behind(target)
    gram(zero_behind(rows, (0,)), weights, random.normal(size=(4, 56)), padded, n)
    assert np.triu(padded[:n, :n]) == pytest.approx(np.triu(rows * weights @ rows.T))


@SIZES
def test_squares_of_products_with_a_factor(n):
    random = np.random.default_rng(n)
    factor, given, start = np.tril(random.normal(size=(n, n))), random.normal(size=(4, n)), random.normal(size=(n, n))
    # What the block was used for before does not matter.
    block, target = random.normal(size=(4, n + 8)), zero_behind(start)
    times_factor(zero_behind(given, (1,)), zero_behind(factor), block, n)
    assert block[:, :n] == pytest.approx(given @ factor)
    weights = (0.5, -2.0, 0.0, 3.0)
    add_squares(target, block, *weights, n)
    expected = start + np.einsum("q,qi,qj->ij", weights, given @ factor, given @ factor)
    assert np.triu(target[:n, :n]) == pytest.approx(np.triu(expected))


def test_deep_points():
    random = np.random.default_rng(0)
    for _ in range(20):
        inside, a = random.random(30), random.normal(size=(40, 30))
        # The rows leave little room, and some are of other sizes.
        a *= 10.0 ** random.integers(-3, 4, 40)[:, None]
        norms = np.linalg.norm(a, axis=1)
        c = 1e-4 * norms - a @ inside
        x = deep_point(a, c)
        assert x is not None
        assert ((a @ x + c) / norms).min() > 0.9e-4
        assert min(x.min(), (1 - x).min()) > 0


def test_no_deep_point_where_there_is_no_room():
    assert deep_point(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([-0.5, 0.5])) is None
    assert deep_point(np.array([[1.0, 0.0]]), np.array([-2.0])) is None

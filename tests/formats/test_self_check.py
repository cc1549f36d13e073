"""The rounding bound of the import check: never too small, and not so large that it hides a mistake."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyregions.errors import ImportCheckError
from polyregions.formats.self_check import check_points, check_same_outputs, rounding_bound
from polyregions.network import Network


def random_network(seed: int, widths: list[int]) -> Network:
    generator = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths, strict=False))
    return Network.from_arrays(
        [generator.standard_normal(s) * 10.0 ** generator.integers(-3, 3) for s in shapes],
        [generator.standard_normal(s[0]) for s in shapes],
    )


@given(st.integers(0, 2**32), st.lists(st.integers(1, 5), min_size=2, max_size=4))
@settings(max_examples=30, deadline=None)
def test_bound_covers_the_rounding_of_both_precisions(seed, widths):
    net = random_network(seed, widths)
    # float32 weights, so that a float32 pass has no other error than rounding.
    net = Network.from_arrays([np.float32(w) for w in net.weights], [np.float32(b) for b in net.biases])
    points = check_points(net, count=2)
    exact = [net.exact_preactivations([Fraction(v) for v in x])[-1] for x in points.tolist()]
    for dtype in (np.float32, np.float64):
        h = points.astype(dtype)
        for w, b in zip(net.weights, net.biases, strict=True):
            g = h @ w.astype(dtype).T + b.astype(dtype)
            h = np.maximum(g, 0)
        bound = rounding_bound(net, points, dtype)
        assert g.dtype == dtype
        for row, exact_row, bound_row in zip(g.tolist(), exact, bound.tolist(), strict=True):
            for value, wanted, most in zip(row, exact_row, bound_row, strict=True):
                # Half: the other half is for the pass that it is compared with.
                assert abs(Fraction(value) - wanted) <= Fraction(most) / 2


def test_bound_is_small_for_a_large_network():
    net = random_network(0, [784, 64, 64, 10])
    points = check_points(net)
    magnitude = np.abs(points)
    for w, b in zip(net.weights, net.biases, strict=True):
        magnitude = magnitude @ np.abs(w).T + np.abs(b)
    assert (rounding_bound(net, points) < 1e-12 * magnitude).all()


def test_points_are_fixed_and_float32_numbers():
    net = random_network(0, [3, 2])
    points = check_points(net)
    assert points.shape == (32, 3)
    assert (points == check_points(net)).all()
    assert (points == points.astype(np.float32)).all()


def test_largest_difference_is_named():
    with pytest.raises(ImportCheckError, match=r"differs from the framework by up to 0\.5 at 2 random points"):
        check_same_outputs([[0.0], [1.0]], [[0.25], [1.5]], 0.125, "the framework")
    check_same_outputs([[0.0], [1.0]], [[0.25], [1.5]], 0.5, "the framework")


@pytest.mark.parametrize(
    ("ours", "theirs", "allowed"),
    [([np.nan], [np.nan], [1]), ([0], [np.nan], [1]), ([np.inf], [np.inf], [1]), ([0], [5], [np.inf])],
)
def test_overflow_is_not_agreement(ours, theirs, allowed):
    with pytest.raises(ImportCheckError, match="overflow"):
        check_same_outputs(ours, theirs, allowed, "the framework")


def test_shapes():
    with pytest.raises(ImportCheckError, match="shape"):
        check_same_outputs([[1.0]], [1.0], 1, "the framework")

"""Upper bounds of the number of regions: the literature's values, and never below a count."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.bounding import upper_bounds
from polyregions.bounds.architecture import architecture_bounds
from polyregions.bounds.coefficients import coefficient_bound, most_covered
from polyregions.errors import ArgumentError
from tests.nets import npz
from tests.reference import brute_force
from tests.strategies import of_known, tiny_nets

#: Inputs, widths, and the bounds 2^N, Raghu et al., Montufar 2017, Serra et al.; by independent programs.
TABLE = [
    (1, (3, 3), 64, 32, 16, 16),
    (1, (4, 4, 4), 4096, 1280, 125, 125),
    (1, (2, 2), 16, 12, 9, 9),
    (2, (2, 2), 16, 16, 16, 11),
    (2, (3, 3), 64, 56, 49, 40),
    (2, (6, 6, 6), 262144, 90112, 10648, 10648),
    (2, (9, 9), 262144, 23552, 2116, 2116),
    (2, (10, 5), 32768, 1792, 896, 896),
    (2, (16, 16, 16), 2**48, 588410519552, 2571353, 2571353),
    (3, (5, 5, 5), 32768, 26624, 17576, 11776),
    (3, (2, 3, 4), 512, 420, 308, 100),
    (4, (2, 4), 64, 44, 44, 22),
    (8, (8, 8, 8, 8, 8), 2**40, 2**40, 2**40, 136271718308),
]


@pytest.mark.parametrize(("inputs", "widths", "patterns", "raghu", "montufar", "serra"), TABLE)
def test_values_of_the_literature(inputs, widths, patterns, raghu, montufar, serra):
    bounds = {bound.name: bound.value for bound in architecture_bounds(inputs, widths)}
    assert bounds == {"patterns": patterns, "raghu": raghu, "montufar": montufar, "serra": serra}
    assert pr.upper_bound([inputs, *widths]) == serra


def test_one_layer_is_an_arrangement():
    assert pr.upper_bound([2, 4]) == 11
    assert pr.upper_bound(np.array([5, 3])) == 8


def count_patterns(net):
    return len(brute_force.patterns(net.exact, net.lower, net.upper))


@given(net=tiny_nets(), method=st.sampled_from(["interval", "lp", "milp"]))
@settings(max_examples=60, deadline=None)
def test_never_below_the_number_of_patterns(net, method):
    bounds = upper_bounds(net.network, net.box, method=method)
    assert min(bound.value for bound in bounds) >= count_patterns(net)
    values = {bound.name: bound.value for bound in bounds}
    if "serra" in values:
        assert values["patterns"] >= values["raghu"] >= values["montufar"] >= values["serra"] >= values["coefficients"]


def test_the_coefficients_tell_more_than_the_widths():
    network, box = of_known(npz("B9_8d_8x2"))
    assert 10699 <= pr.upper_bound(network, box) < 0.6 * pr.upper_bound(network)


def test_units_that_are_stable_everywhere():
    """Three active units, which cut nothing, in front of two that cut; then the same three inactive."""
    net = pr.Network.from_arrays(
        [np.eye(3, 2), np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.1]]), np.ones((1, 2))],
        [np.full(3, 5.0), np.zeros(2), np.zeros(1)],
    )
    assert pr.upper_bound(net, pr.Box(-1, 1)) == 4
    assert pr.upper_bound(net) == 25
    shifted = pr.Network.from_arrays(net.weights, [np.full(3, -5.0), *net.biases[1:]])
    assert pr.upper_bound(shifted, pr.Box(-1, 1)) == 1


@given(
    covers=st.lists(st.integers(0, 63), min_size=0, max_size=7),
    count=st.integers(0, 8),
    most=st.sampled_from([0, 5000]),
)
@settings(max_examples=200, deadline=None)
def test_maximum_coverage(covers, count, most):
    def union(chosen):
        return {bit for cover in chosen for bit in range(6) if cover >> bit & 1}

    best = max(len(union(chosen)) for chosen in combinations(covers, min(count, len(covers))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polyregions.bounds.coefficients._MOST_SETS", most)
        bound = most_covered.__wrapped__(tuple(covers), count)
    assert bound >= best
    if most:
        assert bound == best


def test_stable_units_only_help():
    rng = np.random.default_rng(2)
    shapes = [(4, 3), (4, 4), (4, 4)]
    weights, biases = [rng.normal(size=shape) for shape in shapes], [rng.normal(size=4) for _ in shapes]
    nothing = [np.zeros(4, dtype=bool)] * 3
    one = np.array([True, False, False, False])
    least = coefficient_bound(weights, biases, 3, nothing, nothing)
    for layer in range(3):
        for place in range(2):
            known = [list(nothing), list(nothing)]
            known[place][layer] = one
            assert coefficient_bound(weights, biases, 3, *known) <= least


@pytest.mark.parametrize("widths", [[], [2], [2, 0], [2, -1, 3], [2.5, 3], ["2", 3]])
def test_widths_that_are_none(widths):
    with pytest.raises(ArgumentError, match="widths are"):
        pr.upper_bound(widths)


def test_widths_have_no_domain():
    with pytest.raises(ArgumentError, match="goes with a network"):
        pr.upper_bound([2, 3], pr.Box(-1, 1))

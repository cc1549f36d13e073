"""Lower bounds of the maximum: the literature's values, and networks that attain them, counted."""

import pytest

import polyregions as pr
from polyregions.bounds.architecture import hyperplane_regions
from polyregions.bounds.attained import (
    arora_family,
    attained_bounds,
    best_folding,
    folds,
    montufar_lower_bound,
    one_input_maximum,
    pascanu_lower_bound,
    serra_family,
    serra_lower_bound,
    shares,
)
from polyregions.bounds.networks import folding_network, telgarsky_network
from polyregions.errors import ArgumentError

#: Inputs, widths, Montufar 2014, Theorem 8 of Serra et al. 2018 (None: its hypothesis does not hold).
TABLE = [
    (1, (3,), 4, 4),
    (1, (3, 3), 12, 16),
    (1, (4, 4, 4), 80, 125),
    (1, (1, 1), 2, None),
    (1, (2, 2), 6, None),
    (2, (4,), 11, None),
    (2, (2, 2), 4, None),
    (2, (3, 3), 7, None),
    (2, (4, 4), 44, None),
    (2, (4, 4, 4), 176, None),
    (2, (6, 6), 198, 352),
    (2, (6, 6, 6), 1782, 5632),
    (2, (8, 8), 592, 925),
    (2, (9, 9), 736, 1150),
    (2, (16, 16, 16), 561152, 898857),
    (2, (32, 32, 32), 34668544, 44182609),
]


@pytest.mark.parametrize(("inputs", "widths", "montufar", "serra"), TABLE)
def test_values_of_the_literature(inputs, widths, montufar, serra):
    assert montufar_lower_bound(inputs, widths) == montufar
    named = {bound.name: bound.value for bound in attained_bounds(inputs, widths)}
    if serra is not None:
        assert serra_lower_bound(inputs, widths) == serra
    else:
        with pytest.raises(ArgumentError, match="3 per input"):
            serra_lower_bound(inputs, widths)
    if len(widths) == 1:
        assert named == {"zaslavsky": hyperplane_regions(inputs, widths[0])}
        return
    assert named.get("serra") == serra
    assert named["pascanu"] <= named["montufar"] == montufar <= named["folding"] <= pr.upper_bound([inputs, *widths])
    assert (serra or 0) <= named["folding"]


def test_bounds_without_their_hypotheses_are_left_out():
    assert [bound.name for bound in attained_bounds(784, [11, 11, 10])] == ["folding"]
    for bound in (pascanu_lower_bound, montufar_lower_bound):
        with pytest.raises(ArgumentError, match="784 units or more"):
            bound(784, [11, 11, 10])
    # Narrow layers in front of a wide one: the best network looks at a few inputs only.
    assert best_folding(784, [11, 11, 10]).coordinates == 4
    assert best_folding(784, [11, 11, 10]).regions == (4 * 4 * 4 * 2) ** 2 * hyperplane_regions(4, 10)


@pytest.mark.parametrize(
    ("inputs", "widths"),
    [
        *((1, widths) for widths in [(3,), (3, 3), (4, 4), (3, 4, 5), (5, 5, 5), (2, 2), (1, 3), (3, 1), (2, 1, 4)]),
        *((2, widths) for widths in [(4,), (1,), (2, 2), (4, 4), (5, 5), (6, 6), (7, 6, 4), (8, 8), (3, 1)]),
        *((3, widths) for widths in [(5,), (2, 3, 4), (4, 5), (9, 4)]),
        (4, (3, 5)),
        (5, (3,)),
    ],
)
def test_folding_networks_have_what_is_claimed(inputs, widths):
    network = folding_network(inputs, widths)
    assert (network.input_dimension, network.widths) == (inputs, widths)
    expected = best_folding(inputs, widths).regions
    assert int(pr.count(network, pr.Box(0, 1))) == expected
    assert expected <= pr.upper_bound([inputs, *widths])


@pytest.mark.parametrize("widths", [(3,), (3, 3), (4, 4), (3, 4, 5), (5, 5, 5)])
def test_one_input_attains_the_upper_bound(widths):
    """The maximum of the theory, on [0, 1] and on far more, for regions and for patterns."""
    network = folding_network(1, widths)
    assert one_input_maximum(widths) == pr.upper_bound([1, *widths])
    for box in (pr.Box(0, 1), pr.Box(-(2.0**20), 2.0**20)):
        for definition in ("regions", "patterns"):
            assert int(pr.count(network, box, definition=definition)) == one_input_maximum(widths)


def test_one_input_with_two_units_is_not_claimed():
    with pytest.raises(ArgumentError, match="3 units"):
        one_input_maximum([2, 2])
    assert one_input_maximum([3, 1]) == 8


@pytest.mark.parametrize("depth", range(1, 7))
def test_mirror_maps(depth):
    patterns = [3, 6, 11, 21, 41, 81][depth - 1]
    for units in (2, 3):
        network = telgarsky_network(depth, units=units)
        assert int(pr.count(network, pr.Box(0, 1))) == 2**depth
        if units == 2 or depth <= 4:
            assert int(pr.count(network, pr.Box(0, 1), definition="patterns")) == patterns
    outside = pr.Box(-1000, 1000)
    assert int(pr.count(telgarsky_network(depth), outside)) == [3, 6, 10, 18, 34, 66][depth - 1]
    if depth <= 4:
        assert int(pr.count(telgarsky_network(depth, units=3), outside)) == [4, 6, 10, 18][depth - 1]


def test_shares_and_folds():
    assert [shares(7, k) for k in (1, 2, 3, 7)] == [[7], [4, 3], [3, 2, 2], [1] * 7]
    assert [folds(p) for p in range(6)] == [0, 1, 2, 4, 5, 6]


def test_families():
    assert arora_family(2, 3, 4, 2) == (1 + 2) * 4**2
    assert serra_family(2, 3, 4, 3) == 2 * (1 + 2) * 5**2
    # One layer of 2 m units: the zonotope of m generators and its negative, which is an arrangement through the origin.
    assert serra_family(3, 4, 2, 1) == 2 * (1 + 3 + 3)
    for family in (arora_family, serra_family):
        with pytest.raises(ArgumentError, match="width w >= 2"):
            family(2, 3, 1, 2)


@pytest.mark.parametrize(("inputs", "widths"), [(0, [2]), (2, []), (2, [0]), (2, [1.5]), (2, [3, -1])])
def test_bad_widths(inputs, widths):
    for function in (attained_bounds, best_folding, folding_network):
        with pytest.raises(ArgumentError, match="positive integers"):
            function(inputs, widths)


def test_networks_that_floats_cannot_hold():
    with pytest.raises(ArgumentError, match="no floats"):
        folding_network(12, [36, 300])
    for depth, units in [(0, 2), (2, 4)]:
        with pytest.raises(ArgumentError, match="mirror maps"):
            telgarsky_network(depth, units=units)

"""Upper bounds of the number of regions: the literature's values, and never below a count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.bounding import upper_bounds
from polyregions.bounds.architecture import architecture_bounds
from polyregions.bounds.coefficients import coefficient_bound
from polyregions.errors import ArgumentError
from tests.nets import all_known, npz
from tests.reference import brute_force
from tests.strategies import awkward, of_known, tiny_nets

#: Inputs, widths, and the bounds 2^N, Raghu et al., Montufar 2017, Serra et al.; by independent programs.
TABLE = [
    (1, (3, 3), 64, 32, 16, 16),
    (1, (4, 4, 4), 4096, 1280, 125, 125),
    (1, (1, 1), 4, 4, 4, 3),
    (1, (2, 2), 16, 12, 9, 9),
    (2, (2, 2), 16, 16, 16, 11),
    (2, (3, 3), 64, 56, 49, 40),
    (2, (4, 4), 256, 176, 121, 121),
    (2, (4, 4, 4), 4096, 2816, 1331, 1331),
    (2, (6, 6), 4096, 1408, 484, 484),
    (2, (6, 6, 6), 262144, 90112, 10648, 10648),
    (2, (8, 8), 65536, 9472, 1369, 1369),
    (2, (9, 9), 262144, 23552, 2116, 2116),
    (2, (1, 5), 64, 12, 12, 7),
    (2, (5, 1), 64, 32, 32, 32),
    (2, (10, 5), 32768, 1792, 896, 896),
    (2, (16, 16, 16), 2**48, 588410519552, 2571353, 2571353),
    (2, (32, 32, 32), 2**96, 9758327614992352804864, 148035889, 148035889),
    (3, (4, 4), 256, 240, 225, 161),
    (3, (5, 5, 5), 32768, 26624, 17576, 11776),
    (3, (2, 3, 4), 512, 420, 308, 100),
    (4, (2, 4), 64, 44, 44, 22),
    (8, (8, 8, 8, 8, 8), 2**40, 2**40, 2**40, 136271718308),
]

#: 784 inputs and 22 units in two layers, the first of 1 to 21: Theorem 1 of the two layers, and with 10 more units
#: behind them that of the three, and the bound of Montufar 2017.
TWENTY_TWO = [
    (23, 243, 484),
    (254, 12279, 47264),
    (1794, 236909, 1633280),
    (9109, 2316709, 25000448),
    (35443, 13756567, 191951232),
    (110056, 56128117, 808272896),
    (280600, 171071287, 2030043136),
    (600370, 411552217, 3348183808),
    (1097790, 800917467, 4092785664),
    (1744436, 1283052848, 4281335808),
    (2449868, 1690286436, 4294967296),
    (3096514, 1902816995, 4294967296),
    (3593934, 1858910222, 4290772992),
    (3913704, 1636341897, 4248829952),
    (4084248, 1312054984, 4060086272),
    (4158861, 965299552, 3556769792),
    (4185195, 645713191, 2675965952),
    (4192510, 385283875, 1619001344),
    (4194050, 198153450, 738197504),
    (4194281, 82836506, 234881024),
    (4194303, 25165813, 46137344),
]

#: 60 units in 1 to 6 layers of one width: Theorem 1 by the number of inputs.
SIXTY = {
    1: (61, 961, 9261, 65536, 371293, 1771561),
    2: (1831, 217156, 9393931, 214358881, 3077056399, 30840979456),
    5: (5985198, 30428266969, 10218313000000, 597466897514496, 10034966220390176, 67441011031941184),
    10: (
        93178047049,
        2809964894846404,
        234503869074896296,
        206430177273652484,
        125673334373586790,
        78359847799476250,
    ),
    20: (
        7776048412324714,
        634822224395874094,
        359704738618938709,
        206470453061560848,
        125673334375300455,
        78359847799476250,
    ),
    30: (635593043085854200, 635593043085854200, 359704738618938709, 206470453061560848),
    60: (2**60, 635593043085854200, 359704738618938709, 206470453061560848, 125673334375300455, 78359847799476250),
}


@pytest.mark.parametrize(("inputs", "widths", "patterns", "raghu", "montufar", "serra"), TABLE)
def test_values_of_the_literature(inputs, widths, patterns, raghu, montufar, serra):
    bounds = {bound.name: bound.value for bound in architecture_bounds(inputs, widths)}
    assert bounds == {"patterns": patterns, "raghu": raghu, "montufar": montufar, "serra": serra}
    assert pr.upper_bound([inputs, *widths]) == serra


@pytest.mark.parametrize(("first", "values"), list(enumerate(TWENTY_TWO, start=1)))
def test_twenty_two_units(first, values):
    widths = [first, 22 - first]
    named = {bound.name: bound.value for bound in architecture_bounds(784, [*widths, 10])}
    assert (pr.upper_bound([784, *widths]), named["serra"], named["montufar"]) == values


@pytest.mark.parametrize(("inputs", "values"), SIXTY.items())
def test_sixty_units(inputs, values):
    for depth, value in enumerate(values, start=1):
        assert pr.upper_bound([inputs] + [60 // depth] * depth) == value


def test_one_layer_is_an_arrangement():
    assert pr.upper_bound([2, 4]) == 11
    assert pr.upper_bound(np.array([5, 3])) == 8


def count_patterns(net):
    return len(brute_force.patterns(net.exact, net.lower, net.upper))


@given(
    net=st.one_of(tiny_nets(), tiny_nets(weights=awkward), tiny_nets(max_inputs=2, max_width=4)),
    method=st.sampled_from(["interval", "lp", "milp"]),
)
@settings(max_examples=300, deadline=None)
def test_never_below_the_number_of_patterns(net, method):
    bounds = upper_bounds(net.network, net.box, method=method)
    assert min(bound.value for bound in bounds) >= count_patterns(net)
    values = {bound.name: bound.value for bound in bounds}
    if "serra" in values:
        assert values["patterns"] >= values["raghu"] >= values["montufar"] >= values["serra"] >= values["coefficients"]


def test_the_coefficients_tell_more_than_the_widths():
    network, box = of_known(npz("B9_8d_8x2"))
    assert 10699 <= pr.upper_bound(network, box) < 0.6 * pr.upper_bound(network)


@pytest.mark.parametrize("known", all_known(), ids=lambda known: known.name)
def test_between_the_count_and_theorem_1_on_known_networks(known):
    """Degenerate ones, arrangements, dead layers, and those that attain the maximum."""
    network, box = of_known(known)
    named = {bound.name: bound.value for bound in upper_bounds(network, box, method="interval")}
    assert known.patterns <= named["coefficients"] <= named.get("serra", named.get("zaslavsky"))


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

"""Counts over unbounded domains: known ones, brute force, and laws; all kinds of cells, ties included."""

from fractions import Fraction
from math import comb
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.errors import EmptyDomainError, UnboundedDomainError, UnsupportedDomainError
from polyregions.exact.sections import Sections
from polyregions.splitting.tableau_cells import TableauTree
from polyregions.splitting.vertex_cells import VertexTree
from tests.nets import (
    arrangements,
    integer_on_plane,
    npz,
    parallel_hyperplanes,
    six_definitions,
    telgarsky,
    tight_n0_1,
    zero_bias,
)
from tests.reference import brute_force
from tests.strategies import awkward, integers, network_of, tiny_nets

KINDS = [("regions", "vertex"), ("regions", "tableau"), ("regions", "lp"), ("patterns", "tableau"), ("patterns", "lp")]


def patterns_of(network, domain, definition, cells):
    """The set of patterns; each has a witness in the domain, comes once, and counting alone agrees."""
    found = list(pr.regions(network, domain, definition=definition, cells=cells))
    for region in found:
        assert network.pattern(region.witness) == region.pattern
    result = pr.count(network, domain, definition=definition, cells=cells)
    assert (int(result), result.upper) == (len(found), len(found))
    patterns = {region.pattern for region in found}
    assert len(patterns) == len(found)
    return patterns


# ---------------------------------------------------------------------------------------------------------------
# Known counts
# ---------------------------------------------------------------------------------------------------------------

ON_SPACE = [
    *integer_on_plane(),
    *(telgarsky(depth, line=True) for depth in range(1, 7)),
    *(telgarsky(depth, three_units=True, line=True) for depth in range(1, 5)),
    # Their boxes hold all that there is.
    *(tight_n0_1(widths) for widths in [(3,), (3, 3), (4, 4), (3, 4, 5)]),
    *arrangements(),
    six_definitions(),
    *zero_bias(),
]


@pytest.mark.parametrize("known", ON_SPACE, ids=lambda known: known.name)
@pytest.mark.parametrize(("definition", "cells"), KINDS)
def test_known_networks(known, definition, cells):
    wanted = known.patterns if definition == "patterns" else known.regions
    assert wanted is not None
    assert len(patterns_of(network_of(known.layers), pr.Space(), definition, cells)) == wanted


@pytest.mark.parametrize(("dimension", "units"), [(1, 7), (2, 6), (3, 5), (4, 6), (6, 8), (9, 4)])
def test_generic_arrangements(dimension, units):
    rng = np.random.default_rng(dimension)
    net = pr.Network.from_arrays([rng.normal(size=(units, dimension))], [rng.normal(size=units)], include_output=True)
    assert int(pr.count(net, pr.Space())) == sum(comb(units, j) for j in range(dimension + 1))


def convolution(rows, columns, height, width, channels, seed):
    """One layer of a convolution with one input channel, stride 1, no padding, and generic integer weights."""
    random, weights, biases = Random(seed), [], []
    for _ in range(channels):
        filter_ = [[random.randint(-99, 99) for _ in range(width)] for _ in range(height)]
        bias = random.randint(-99, 99)
        for top in range(rows - height + 1):
            for left in range(columns - width + 1):
                unit = np.zeros((rows, columns))
                unit[top : top + height, left : left + width] = filter_
                weights.append(unit.ravel())
                biases.append(bias)
    return pr.Network.from_arrays([np.array(weights)], [biases], include_output=True)


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        ((1, 3, 1, 2, 1), 4),
        ((1, 3, 1, 2, 2), 15),
        ((1, 3, 1, 2, 3), 40),
        ((1, 4, 1, 2, 2), 55),
        ((1, 4, 1, 3, 3), 57),
        ((2, 2, 1, 1, 2), 81),
        ((2, 3, 2, 2, 4), 247),
        # The formula of Xiong et al. (2020) says 256: the two filters' convolutions with each other coincide.
        ((3, 3, 2, 2, 2), 255),
    ],
)
def test_convolutions(shape, count):
    """Xiong et al. (2020), Theorem 1, where it holds; confirmed by linear programs elsewhere."""
    assert int(pr.count(convolution(*shape, seed=1), pr.Space())) == count


def test_doubted_decisions_change_nothing():
    """All that the float filter decides on sections, decided exactly instead."""
    known = npz("A1_2d_16x2")
    network, total = network_of(known.layers[:2]), [0, 0, 0]
    sections = Sections(network, pr.Space(), Definition.REGIONS)
    for section in sections:
        trees = [
            VertexTree(section.restriction),
            VertexTree(section.restriction, doubt=0.05),
            TableauTree(section.restriction, Definition.REGIONS, doubt=0.05),
        ]
        for i, tree in enumerate(trees):
            tree.explore()
            total[i] += tree.found
    assert len(set(total)) == 1
    assert total[0] == int(pr.count(network, pr.Box(-(10**6), 10**6)))


# ---------------------------------------------------------------------------------------------------------------
# Brute force
# ---------------------------------------------------------------------------------------------------------------


def forced(net, definition, rows=()):
    free = [None] * len(net.lower)
    enumerate_all = brute_force.patterns if definition == "patterns" else brute_force.regions
    return enumerate_all(net.exact, free, free, rows)


@given(net=tiny_nets(), kind=st.sampled_from(KINDS))
@settings(max_examples=150)
def test_space(net, kind):
    assert patterns_of(net.network, pr.Space(), *kind) == forced(net, kind[0])


@given(net=tiny_nets(weights=awkward), kind=st.sampled_from(KINDS))
@settings(max_examples=60)
def test_space_with_awkward_floats(net, kind):
    assert patterns_of(net.network, pr.Space(), *kind) == forced(net, kind[0])


@given(net=tiny_nets(max_layers=2), kind=st.sampled_from(KINDS), data=st.data())
@settings(max_examples=150)
def test_polyhedra(net, kind, data):
    """Bounded or not, with or without lines in them; those of lower dimension among patterns."""
    n, size = len(net.lower), data.draw(st.integers(1, 3))
    entry = st.integers(-2, 2)
    a = data.draw(st.lists(st.lists(entry, min_size=n, max_size=n), min_size=size, max_size=size))
    b = data.draw(st.lists(entry, min_size=size, max_size=size))
    rows, domain = list(zip(a, b, strict=True)), pr.Polytope(a, b)
    if not forced(net, "patterns", rows):
        with pytest.raises(EmptyDomainError):
            pr.count(net.network, domain)
        return
    wanted = forced(net, kind[0], rows)
    assume(wanted)  # no region of full dimension in a flat polyhedron, says brute force
    assert patterns_of(net.network, domain, *kind) == wanted


def on_flat(net, point, columns):
    """The network over coordinates of a line or plane, all exact: composed by hand."""
    (w, b), *later = net.exact
    first = (
        [[sum(x * v for x, v in zip(row, column, strict=True)) for column in columns] for row in w],
        [sum(x * v for x, v in zip(row, point, strict=True)) + bias for row, bias in zip(w, b, strict=True)],
    )
    return [first, *later]


@given(net=tiny_nets(max_inputs=3, max_layers=2), kind=st.sampled_from(KINDS), data=st.data())
@settings(max_examples=100)
def test_lines_and_planes(net, kind, data):
    n, definition = len(net.lower), kind[0]
    enumerate_all = brute_force.patterns if definition == "patterns" else brute_force.regions
    vectors = st.lists(st.sampled_from([-1, 0, 1, Fraction(1, 3), 2]), min_size=n, max_size=n)
    point, u, v = data.draw(vectors), data.draw(vectors), data.draw(vectors)
    assume(any(u))
    wanted = enumerate_all(on_flat(net, point, [u]), [None], [None])
    assert patterns_of(net.network, pr.Line(point, u), *kind) == wanted
    if any(a * d != b * c for a, b in zip(u, v, strict=True) for c, d in zip(u, v, strict=True)):
        wanted = enumerate_all(on_flat(net, point, [u, v]), [None] * 2, [None] * 2)
        assert patterns_of(net.network, pr.Plane(point, u, v, bounded=False), *kind) == wanted


@pytest.mark.parametrize("definition", ["regions", "patterns"])
@pytest.mark.parametrize(
    ("a", "b", "start", "end"),
    [
        # A point; a bounded segment on which the homogenising coordinate is constant; both in a space with free lines.
        ([[-1, 2, 0], [1, -2, 0]], [2, -2], None, None),
        ([[-1, 0, 0], [0, -1, 0], [1, 1, 0], [-1, -1, 0]], [0, 0, 1, -1], [0, 1, 0], [1, 0, 0]),
    ],
)
def test_flat_polyhedra(definition, a, b, start, end):
    """The network does not depend on the third input."""
    net = pr.Network.from_arrays(
        [[[1.0, 0, 0], [0, 1, 0]], [[1, 1], [2, -1]]], [[-0.5, -0.25], [-0.1, 0.1]], include_output=True
    )
    if start is None:
        domain = pr.Line([0, 1, 0], [2, 1, 0])
    else:
        domain = pr.Segment(start, end)
    for cells in ("tableau", "lp"):
        found = patterns_of(net, pr.Polytope(a, b), definition, cells)
        assert found == patterns_of(net, domain, definition, cells)


@pytest.mark.parametrize(("definition", "cells"), KINDS)
def test_linear_units(definition, cells):
    """|x| + y over R^2, its sign: linear units cut nothing, and where ReLUs do not reach, nothing is counted."""
    weights, biases = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0, 1.0]]], [[0.0, 0.0, 0.0], [-1.0]]
    linear = [[False, False, True], [False]]
    net = pr.Network.from_arrays([*weights, [[1.0]]], [*biases, [0.0]], linear=linear)
    with pytest.raises(UnsupportedDomainError, match="linear units"):
        pr.count(net, pr.Space(), definition=definition, cells=cells)
    line = patterns_of(net, pr.Line([0, 0], [1, 1]), definition, cells)
    assert line == patterns_of(net, pr.Segment([-99, -99], [99, 99]), definition, "lp")
    # A ReLU of y lets y be cut.
    wide = pr.Network.from_arrays(
        [[*weights[0], [0.0, 1.0]], [[1.0, 1.0, 1.0, 0.0]], [[1.0]]],
        [[*biases[0], 0.0], biases[1], [0.0]],
        linear=[[False, False, True, False], [False]],
    )
    found = patterns_of(wide, pr.Space(), definition, cells)
    assert found == patterns_of(wide, pr.Box(-99, 99), definition, "lp")
    assert pr.count(wide, pr.Space(), max_regions=1).upper >= len(found)


# ---------------------------------------------------------------------------------------------------------------
# Laws
# ---------------------------------------------------------------------------------------------------------------


@given(net=tiny_nets(weights=integers), factor=st.sampled_from([2.0, 0.25, 2.0**40]), kind=st.sampled_from(KINDS))
@settings(max_examples=60)
def test_scaling_all_biases(net, factor, kind):
    """x -> factor x takes the regions of one network to those of the other."""
    scaled = network_of([(w, [factor * value for value in b]) for w, b in net.layers])
    assert patterns_of(scaled, pr.Space(), *kind) == patterns_of(net.network, pr.Space(), *kind)


@given(net=tiny_nets(weights=integers, max_layers=2), size=st.sampled_from([10**6, 10**10]))
@settings(max_examples=30)
def test_a_box_that_holds_everything(net, size):
    assert int(pr.count(net.network, pr.Space())) == int(pr.count(net.network, pr.Box(-size, size)))


def test_no_biases_no_more_regions():
    """Hanin & Rolnick (2019b), Proposition 14, for generic weights."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        weights, biases = [rng.normal(size=(5, 3)), rng.normal(size=(4, 5))], [rng.normal(size=5), rng.normal(size=4)]
        net = pr.Network.from_arrays(weights, biases, include_output=True)
        cones = pr.Network.from_arrays(weights, [0 * b for b in biases], include_output=True)
        assert int(pr.count(cones, pr.Space())) <= int(pr.count(net, pr.Space()))


def test_cones_need_few_exact_decisions():
    """A section through cones with one apex does without it; in a box around the apex all of them meet."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(8, 3)), rng.normal(size=(6, 8))]
    net = pr.Network.from_arrays(weights, [np.zeros(8), np.zeros(6)], include_output=True)
    on_space, in_box = pr.count(net, pr.Space()), pr.count(net, pr.Box(-1, 1))
    assert int(on_space) == int(in_box)
    assert on_space.stats["decisions_by_exact"] < in_box.stats["decisions_by_exact"] / 4


# ---------------------------------------------------------------------------------------------------------------
# Runs
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("cells", ["vertex", "tableau"])
def test_limits(workers, cells):
    network = network_of(npz("A1_2d_16x2").layers[:2])
    whole = int(pr.count(network, pr.Space(), cells=cells, workers=workers))
    for most in (0, 1, 100, whole - 1):
        result = pr.count(network, pr.Space(), cells=cells, workers=workers, max_regions=most)
        assert result.lower == most
        assert result.upper is not None
        assert whole <= result.upper <= pr.upper_bound(network, pr.Space())
        assert result.status is pr.Status.BRACKET
    assert int(pr.count(network, pr.Space(), cells=cells, workers=workers, max_regions=whole + 1)) == whole


def test_bounds_never_rise():
    network = network_of(npz("A1_2d_16x2").layers[:2])
    uppers = [pr.count(network, pr.Space(), max_regions=most).upper for most in range(0, 541, 27)]
    assert uppers == sorted(uppers, reverse=True)


def test_many_pieces_are_made_one_by_one():
    rng = np.random.default_rng(0)
    net = pr.Network.from_arrays([rng.normal(size=(40, 60)), rng.normal(size=(1, 40))], [np.zeros(40), [1.0]])
    result = pr.count(net, pr.Space(), max_regions=10)
    assert (result.lower, result.upper) == (10, pr.upper_bound(net, pr.Space()))
    assert result.stats["pieces"] == 2**40


def test_what_needs_a_bounded_domain_says_so():
    net = network_of(parallel_hyperplanes((2, 1)).layers)
    for call in (
        lambda: pr.count(net, pr.Space(), method="milp"),
        lambda: pr.cross_check(net, pr.Space()),
        lambda: pr.unit_bounds(net, pr.Line([0, 0], [1, 1])),
        lambda: pr.stable_units(net, pr.Plane([0, 0], [1, 0], [0, 1], bounded=False)),
    ):
        with pytest.raises(UnboundedDomainError, match=r"not bounded.*'split'"):
            call()


def test_upper_bounds_are_those_of_the_dimension():
    net = network_of([([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0]], [0.0, 1.0, 2.0])])
    plane = pr.Plane([0, 0, 0], [1, 0, 0], [0, 1, 0], bounded=False)
    domains = (pr.Space(), plane, pr.Line([0, 0, 0], [1, 0, 0]))
    assert [pr.upper_bound(net, domain) for domain in domains] == [8, 7, 4]

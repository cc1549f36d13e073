"""Bounds of open cells: against the recurrence written out, counts of all completions, and what came before."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.bounds import open_cells
from polyregions.bounds.coverage import most_covered
from polyregions.bounds.open_cells import LayerStates, OpenCellBounds, open_cell_bounds
from polyregions.bounds.serra import architecture_bound, open_cell_bound
from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.splitting.tree import SplittingTree
from polyregions.splitting.vertex_cells import VertexTree
from tests.reference import brute_force
from tests.strategies import awkward, integers, tiny_nets


def best(covers, k):
    return max(
        (len({bit for cover in chosen for bit in range(8) if cover >> bit & 1}) for chosen in combinations(covers, k)),
        default=0,
    )


@given(covers=st.lists(st.integers(0, 255), max_size=8), effort=st.sampled_from([0, 3, 20, 100_000]))
@settings(max_examples=300, deadline=None)
def test_maximum_coverage(covers, effort):
    bounds = most_covered(covers, effort=effort)
    assert bounds[0] == 0
    assert bounds == sorted(bounds)
    for k in range(len(covers) + 1):
        bound, exact = bounds[min(k, len(bounds) - 1)], best(covers, k)
        assert bound >= exact
        if effort == 100_000:
            assert bound == exact
    assert bounds[-1] == best(covers, len(covers))


def test_coverage_that_greedy_choices_miss():
    """The largest set first gives 4 + 1; the two halves give 6."""
    assert most_covered([0b011110, 0b000111, 0b111000]) == [0, 4, 6]


def test_coverage_of_many_sets():
    """Far too many choices to try: bounds that no choice beats, and the union in the end."""
    rng = np.random.default_rng(0)
    covers = [int.from_bytes(row.tobytes(), "little") for row in rng.integers(0, 256, (100, 13), dtype=np.uint8)]
    bounds = most_covered(covers)
    assert bounds == sorted(bounds)
    for k in range(1, len(bounds)):
        chosen, covered = list(covers), 0
        for _ in range(k):
            covered |= max(chosen, key=lambda cover: (cover & ~covered).bit_count())
        assert covered.bit_count() <= bounds[k] <= sum(sorted(map(int.bit_count, covers))[-k:])
    assert bounds[-1] == 104


def slow_layer(w, b, on, off, linear, passing, before):
    """ReLUs that can take both states, and that can be active, behind any set of ``before`` or fewer active ones."""
    cutting = active = 0
    possible, free = ~off & ~linear, (w[:, passing] != 0).any(axis=1)
    columns = np.flatnonzero(~passing)
    for size in range(min(before, len(columns)) + 1):
        for chosen in combinations(columns, size):
            rows = w[:, list(chosen)]
            wakes = free | (b > 0) | (rows > 0).any(axis=1)
            sleeps = free | (b <= 0) | (rows < 0).any(axis=1)
            cutting = max(cutting, int((wakes & sleeps & ~on & possible).sum()))
            active = max(active, int((wakes & possible).sum()))
    return cutting, active


@st.composite
def layers(draw):
    n, before = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    numbers = st.integers(-1, 1).map(float)
    w = np.array(draw(st.lists(numbers, min_size=n * before, max_size=n * before))).reshape(n, before)
    b = np.array(draw(st.lists(numbers, min_size=n, max_size=n)))
    states = np.array(draw(st.lists(st.integers(-1, 1), min_size=n, max_size=n)))
    few = st.sampled_from([False, False, True])
    linear, passing = (np.array(draw(st.lists(few, min_size=k, max_size=k))) for k in (n, before))
    return w, b, states > 0, states < 0, linear, passing


@given(layer=layers(), before=st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_states_of_a_layer(layer, before):
    known = LayerStates.of(*layer)
    assert known.linear == layer[4].sum()
    cutting, active = known.known(before)
    slow_cutting, slow_active = slow_layer(*layer, before)
    assert (cutting, active) == (slow_cutting, slow_active)


def slow_bound(tables, index, before, dimension):
    """R(l, k, d), by its definition."""
    if index == len(tables):
        return 1
    cutting, active = tables[index].known(before)
    return sum(
        comb(cutting, j)
        * slow_bound(tables, index + 1, max(active - j, 0), min(dimension, max(active - j, 0) + tables[index].linear))
        for j in range(min(cutting, dimension) + 1)
    )


@st.composite
def tables(draw):
    made = []
    for _ in range(draw(st.integers(1, 3))):
        steps = draw(st.integers(1, 3))
        cutting = sorted(draw(st.lists(st.integers(0, 4), min_size=steps, max_size=steps)))
        more = sorted(draw(st.lists(st.integers(0, 2), min_size=steps, max_size=steps)))
        linear = draw(st.integers(0, 1))
        made.append(LayerStates(tuple(cutting), tuple(map(sum, zip(cutting, more, strict=True))), linear))
    return [made[0].forgetting(), *made[1:]]


@given(tables=tables(), dimension=st.integers(0, 4), live=st.integers(0, 4), active=st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_the_recurrence(tables, dimension, live, active):
    bounds = OpenCellBounds(tables, dimension)
    assert bounds.whole() == slow_bound(tables, 0, 0, dimension)
    cutting, most = tables[0].known(0)
    linear = tables[0].linear
    cell = [LayerStates((min(live, cutting),), (min(active + live, most),), linear), *tables[1:]]
    assert bounds.cell(0, live, active + linear, 0, dimension) == slow_bound(cell, 0, 0, dimension)


@given(tables=tables(), dimension=st.integers(0, 4))
@settings(max_examples=100, deadline=None)
def test_a_table_that_would_take_too_long_is_a_weaker_one(tables, dimension):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_cells, "_MOST_PRODUCTS", 0)
        quick = OpenCellBounds(tables, dimension).whole()
    assert quick == OpenCellBounds([layer.forgetting() for layer in tables], dimension).whole()
    assert quick >= OpenCellBounds(tables, dimension).whole()


@given(widths=st.lists(st.integers(1, 6), min_size=1, max_size=4), dimension=st.integers(0, 6), data=st.data())
def test_theorem_1_where_nothing_is_known(widths, dimension, data):
    bounds = OpenCellBounds([LayerStates((n,), (n,)) for n in widths], dimension)
    assert bounds.whole() == architecture_bound(dimension, widths)
    layer = data.draw(st.integers(0, len(widths) - 1))
    live = data.draw(st.integers(0, widths[layer]))
    active = data.draw(st.integers(0, widths[layer] - live))
    d = data.draw(st.integers(0, min([dimension, *widths[:layer]])))
    assert bounds.cell(layer, live, active, 99, d) == open_cell_bound(tuple(widths), layer, live, active, d)


@given(net=st.one_of(tiny_nets(weights=integers), tiny_nets(weights=awkward)))
@settings(max_examples=150, deadline=None)
def test_no_prefix_has_more_patterns_than_its_bound(net):
    """Every beginning of a pattern, the whole network first, against all patterns that begin with it."""
    restriction = Restriction(net.network, net.box)
    bounds, widths = open_cell_bounds(restriction), restriction.widths
    patterns = ["".join(map(str, p)) for p in flat(brute_force.patterns(net.exact, net.lower, net.upper))]
    assert len(patterns) <= bounds.whole() <= architecture_bound(restriction.dimension, widths)
    for pattern in patterns:
        for length in range(len(pattern)):
            begun = [p for p in patterns if p[:length] == pattern[:length]]
            assert len(begun) <= bound_of(bounds, restriction, pattern[:length])


def flat(patterns):
    return [[s for layer in p for s in (layer if isinstance(layer, tuple | list) else [layer])] for p in patterns]


def bound_of(bounds, restriction, prefix):
    dimension, before, offset = restriction.dimension, 0, 0
    for layer, width in enumerate(restriction.widths):
        states = prefix[offset : offset + width]
        active = states.count("1")
        if len(states) < width:
            return bounds.cell(layer, width - len(states), active, before, dimension)
        dimension, before, offset = min(dimension, active), active, offset + width
    raise AssertionError("the pattern is complete")


@pytest.mark.parametrize("kind", [VertexTree, lambda restriction: SplittingTree(restriction, Definition.REGIONS)])
def test_the_upper_end_of_a_bracket_never_rises(kind):
    rng = np.random.default_rng(17)
    weights = [rng.integers(-9, 10, shape) for shape in [(5, 2), (5, 5), (4, 5), (1, 4)]]
    biases = [rng.integers(-3, 4, len(w)) for w in weights]
    biases[0][:2] = 50, -50  # one unit is active everywhere, and one nowhere
    network, box = pr.Network.from_arrays(weights, biases), pr.Box(-1, 1)
    expected = int(pr.count(network, box))
    tree = kind(Restriction(network, box))
    uppers = [tree.found + tree.open_bound()]
    assert uppers[0] == open_cell_bounds(tree.restriction).whole() < architecture_bound(2, network.widths)
    while not tree.finished:
        steps = iter(range(3))
        for _ in tree.leaves(lambda steps=steps: next(steps, None) is None):
            pass
        uppers.append(tree.found + tree.open_bound())
    assert uppers == sorted(uppers, reverse=True)
    assert uppers[-1] == expected == 30


def test_a_network_that_no_float_bounds():
    """Then no unit is known to be stable, and the signs of the coefficients still count."""
    big = 1e300
    net = pr.Network.from_arrays([[[big], [-big]], [[big, big]], [[1.0]]], [[big, big], [big], [0.0]])
    bounds = open_cell_bounds(Restriction(net, pr.Box(-(2.0**30), 2.0**30)))
    assert bounds.whole() == 3  # the last unit's weights and bias are positive: it cuts nothing


def test_all_patterns_of_stable_layers():
    states = list(product([False, True], repeat=2))
    for on in states:
        layer = LayerStates.of_first(np.array(on), ~np.array(on), np.zeros(2, bool))
        assert (layer.cutting, layer.active, layer.linear) == ((0,), (sum(on),), 0)

"""The counts of linear regions, closed connected regions and affine maps, and their pieces."""

import json
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.errors import ArgumentError
from polyregions.geometry.affine_pieces import AffinePieces
from polyregions.limits import Limits
from tests.nets import DATA, npz, six_definitions, telgarsky
from tests.reference.brute_force import patterns as all_patterns
from tests.reference.closures import components, dimension_of, meetings, output_map
from tests.strategies import TinyNet, of_known, tiny_nets

JOINED = ("linear", "closed", "affine")


def expected(net: TinyNet, output, patterns: list) -> tuple[int, int, int]:
    """R4, R5 and R6 from all pairs of closed regions."""
    maps = [output_map(net.exact, pattern, output) for pattern in patterns]
    met = meetings(net.exact, patterns, net.lower, net.upper)
    same = {pair: common for pair, common in met.items() if maps[pair[0]] == maps[pair[1]]}
    facets = [pair for pair, common in same.items() if dimension_of(common) == len(net.lower) - 1]
    return components(len(maps), facets), components(len(maps), list(same)), len(set(maps))


def with_output(net: TinyNet, weights: list[list[float]], biases: list[float]) -> pr.Network:
    return pr.Network.from_arrays([*(w for w, _ in net.layers), weights], [*(b for _, b in net.layers), biases])


# relu(|x| - |y|): 0 above and below the diagonals.
HOURGLASS = TinyNet(
    [([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [0.0] * 4), ([[1.0, 1.0, -1.0, -1.0]], [0.0])],
    [Fraction(-1)] * 2,
    [Fraction(1)] * 2,
)


@given(net=tiny_nets(max_inputs=2, max_width=4), data=st.data())
@settings(max_examples=80)
def test_joined_counts(net, data):
    width = len(net.layers[-1][1])
    small = st.integers(-1, 1).map(float)
    outputs = data.draw(st.integers(1, 2))
    weights = data.draw(st.lists(st.lists(small, min_size=width, max_size=width), min_size=outputs, max_size=outputs))
    biases = data.draw(st.lists(small, min_size=outputs, max_size=outputs))
    network = with_output(net, weights, biases)
    patterns = [region.pattern for region in pr.regions(network, net.box, cells="lp")]
    exact = ([[Fraction(w) for w in row] for row in weights], [Fraction(b) for b in biases])
    got = [int(pr.count(network, net.box, definition=name, cells="lp")) for name in JOINED]
    assert tuple(got) == expected(net, exact, patterns)


@given(net=tiny_nets(max_layers=2))
@example(net=HOURGLASS)
@settings(max_examples=60)
def test_joined_counts_with_the_output_layer_included(net):
    patterns = [region.pattern for region in pr.regions(net.network, net.box, cells="lp")]
    counts = pr.count_all(net.network, net.box, cells="lp")
    assert tuple(int(counts[name]) for name in JOINED) == expected(net, None, patterns)
    assert int(counts["regions"]) == len(patterns)
    assert int(counts["patterns"]) == len(all_patterns(net.exact, net.lower, net.upper))
    values = [int(count) for count in counts.counts.values()]
    assert values == sorted(values, reverse=True)


def test_pieces_that_touch_in_a_point():
    """relu(|x| - |y|) is 0 above and below, in two regions each, and the two pairs meet at the origin alone."""
    network, box = HOURGLASS.network, HOURGLASS.box
    assert [int(pr.count(network, box, definition=name)) for name in JOINED] == [6, 5, 5]
    pieces = pr.linear_regions(network, box, definition="closed")
    assert sorted(len(piece.regions) for piece in pieces) == [1, 1, 1, 1, 4]
    (flat,) = (piece for piece in pieces if len(piece.regions) == 4)
    assert flat.affine_map(exact=True) == ([[0, 0]], [0])


def test_pieces_of_one_map_apart():
    """The slopes are 0, 1, 0, 2, 1, and the last piece continues the second: both are x."""
    network = pr.Network.from_arrays([[[1.0]] * 4, [[1.0, -1.0, 2.0, -1.0]]], [[0.0, -1.0, -2.0, -3.0], [0.0]])
    counts = pr.count_all(network, pr.Box(-5, 5), cells="lp")
    assert [int(counts[name]) for name in ("regions", *JOINED)] == [5, 5, 5, 4]


def test_a_thin_set_does_not_join():
    """min(|y|, relu(1 - |x|)): 0 left and right, and on a segment between; docs/definitions.md."""
    weights = [
        [[0.0, 1.0], [0.0, -1.0], [1.0, 0.0], [-1.0, 0.0]],  # |y| = h1 + h2, |x| = h3 + h4
        [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, -1.0, -1.0]],  # |y| and relu(1 - |x|)
        [[1.0, 0.0], [1.0, -1.0]],  # a and relu(a - b)
        [[1.0, -1.0]],
    ]
    network = pr.Network.from_arrays(weights, [[0.0] * 4, [0.0, 1.0], [0.0, 0.0], [0.0]])
    assert network([0.5, 2.0]) == 0.5
    counts = pr.count_all(network, pr.Box(-2, 2))
    assert [int(counts[name]) for name in JOINED] == [8, 6, 5]


def integer_networks():
    for entry in json.loads((DATA / "integer_nets.json").read_text()):
        output = entry["out"]
        weights = [*(w for w, _ in entry["net"]), output[0]]
        biases = [*(b for _, b in entry["net"]), output[1]]
        yield pytest.param(pr.Network.from_arrays(weights, biases), entry, id=f"V{entry['seed']}")


#: The domains of the data; far from the origin nothing of the plane is missed.
BOXES = {"box11": pr.Box(-1, 1), "box01": pr.Box(0, 1), "plane": pr.Box(-(10**6), 10**6)}
KEYS = ("R1_patterns", "R2_cells", "R4_openconn", "R_closedcell_conn", "R6_affine")


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize(("network", "entry"), list(integer_networks()))
def test_integer_networks(network, entry, box):
    counts = pr.count_all(network, BOXES[box])
    assert [int(count) for count in counts.counts.values()] == [entry[box][key] for key in KEYS]


def test_six_definitions():
    known = six_definitions()
    network = pr.Network.from_arrays(
        [*(w for w, _ in known.layers), known.output[0]], [*(b for _, b in known.layers), known.output[1]]
    )
    counts = pr.count_all(network, pr.Box(-1, 1))
    assert {kind.value: int(count) for kind, count in counts.counts.items()} == {
        "patterns": 7,
        "regions": 5,
        "linear": 3,
        "closed": 3,
        "affine": 3,
    }
    data = counts.to_json()
    assert json.loads(json.dumps(data)) == data
    assert data["counts"]["linear"]["count"] == 3


@pytest.mark.parametrize("three_units", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_mirror_maps(depth, three_units):
    """On [0, 1] 2^L of everything but patterns; the line has one more piece of slope 0, of the map of the first."""
    known = telgarsky(depth, three_units)
    readout = known.layers[-1][0][0] if depth > 1 else ([2.0, -4.0, 2.0] if three_units else [2.0, -4.0])
    network = with_output(TinyNet(known.layers, [], []), [readout], [0.0])
    counts = pr.count_all(network, pr.Box(0, 1))
    assert [int(counts[name]) for name in ("regions", *JOINED)] == [2**depth] * 4
    counts = pr.count_all(network, pr.Box(-100, 100))
    if three_units:
        linear = 4 if depth == 1 else 2**depth + 2
    else:
        linear = 3 if depth == 1 else 2**depth + 2
    affine = 2**depth + 1
    assert [int(counts[name]) for name in JOINED] == [linear, linear, affine]


def test_a_slice_counts_maps_on_it():
    """Off the diagonal the maps differ, on it they do not: relu(x - y) is 0 there."""
    network = pr.Network.from_arrays([[[1.0, -1.0], [1.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    assert int(pr.count(network, pr.Box(-1, 1), definition="affine")) == 4
    assert int(pr.count(network, pr.Segment([-1, -1], [1, 1]), definition="affine")) == 2


@pytest.mark.parametrize("name", JOINED)
def test_limits_end_in_a_bracket(name):
    network, box = of_known(npz("A1_2d_16x2"))
    network = pr.Network(network.weights, network.biases)
    whole = int(pr.count(network, box, definition=name))
    count = pr.count(network, box, definition=name, max_regions=60)
    assert count.status is pr.Status.BRACKET
    assert count.lower <= whole <= count.upper
    assert count.lower > 1
    assert count.stats["stopped"] == "limit of 60 regions"
    with pytest.raises(pr.PolyregionsError):
        int(count)
    nothing = pr.count(network, box, definition=name, time_limit=0)
    assert (nothing.lower, nothing.status) == (0, pr.Status.BRACKET)
    assert nothing.upper >= whole


@given(net=tiny_nets(max_inputs=2), limit=st.integers(0, 8), steps=st.integers(0, 12))
@settings(max_examples=80)
def test_brackets_hold_wherever_a_run_stops(net, limit, steps):
    """Stopped in the search, or at any question after it, the bounds hold."""
    exact = pr.count_all(net.network, net.box, cells="lp")
    asked = 0

    def reached(self, regions):
        nonlocal asked
        if regions < 0:
            asked += 1
            return "enough" if asked > steps else None
        return "enough" if regions >= limit else None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Limits, "reached", reached)
        counts = {name: pr.count(net.network, net.box, definition=name, cells="lp") for name in JOINED}
    for name, count in counts.items():
        assert count.lower <= int(exact[name]) <= count.upper
        assert (count.status is pr.Status.EXACT) <= (count.lower == count.upper == int(exact[name]))
        assert (count.status is pr.Status.BRACKET) == ("stopped" in count.stats)


def test_a_solver_s_word_is_no_proof():
    network = pr.Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [0.0]])
    count = pr.count(network, pr.Box(-1, 1), definition="linear", method="milp", solver="pulp-highs")
    assert (count.status, count.lower, count.upper) == (pr.Status.BRACKET, 2, None)
    assert "word" in count.stats["stopped"]
    assert int(pr.count(network, pr.Box(-1, 1), definition="linear", method="milp")) == 2


def test_linear_regions():
    network, box = of_known(npz("A1_2d_16x2"))
    network = pr.Network(network.weights, network.biases)
    pieces = pr.linear_regions(network, box)
    assert len(pieces) == int(pieces.total)
    patterns = [region.pattern for piece in pieces for region in piece.regions]
    assert sorted(patterns) == sorted(region.pattern for region in pr.regions(network, box))
    for piece in pieces[:20]:
        maps = [region.affine_map(exact=True) for region in piece.regions]
        assert all(one == piece.affine_map(exact=True) for one in maps)


def test_what_puts_regions_together_has_no_list():
    network, box = HOURGLASS.network, HOURGLASS.box
    for name in JOINED:
        with pytest.raises(ArgumentError, match="puts regions together"):
            pr.regions(network, box, definition=name)
        with pytest.raises(ArgumentError, match="puts regions together"):
            pr.cross_check(network, box, definition=name)
        with pytest.raises(ArgumentError, match="puts regions together"):
            pr.export(network, box, "model.mps", definition=name)
        with pytest.raises(ArgumentError, match="no certificate"):
            pr.count(network, box, definition=name, certificate="c.cert")
    with pytest.raises(ArgumentError, match="linear_regions takes"):
        pr.linear_regions(network, box, definition="regions")


def test_pieces_know_nothing_before_they_are_asked():
    network, box = HOURGLASS.network, HOURGLASS.box
    from polyregions.exact.restriction import Restriction

    pieces = AffinePieces(Restriction(network, box), [], [])
    assert (pieces.maps, pieces.linear, pieces.closed) == (None, None, None)
    pieces.join_neighbours()
    pieces.join_touching()
    assert (pieces.linear, pieces.closed, pieces.linear_done, pieces.closed_done) == (None, None, False, False)
    assert not Definition.REGIONS.joins_regions


def test_all_share_a_time_limit():
    network, box = of_known(npz("A1_2d_16x2"))
    counts = pr.count_all(network, box, time_limit=0)
    assert counts["patterns"].stats["stopped"] == "not started: the regions took the time limit of 0 s"
    assert {count.status for count in counts.counts.values()} == {pr.Status.BRACKET}
    assert all(count.lower <= 478 <= count.upper for count in counts.counts.values())


def test_threads_and_methods_agree():
    network, box = of_known(npz("A1_2d_16x2"))
    network = pr.Network(network.weights, network.biases)
    counts = [
        int(pr.count(network, box, definition="linear", **options))
        for options in ({}, {"workers": 2}, {"cells": "tableau"}, {"method": "milp"})
    ]
    assert len(set(counts)) == 1

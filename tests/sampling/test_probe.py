"""Probes: unbiased, by going through all random choices on tiny networks; the same tree by all kinds of cells."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.sampling.descent import Descent, Stopped
from polyregions.sampling.guide import PlainGuide
from polyregions.sampling.moving_guide import MovingGuide
from polyregions.sampling.probe import RandomChoice, probe
from polyregions.sampling.resampling import systematic
from tests.nets import npz
from tests.strategies import PATTERN_DEFINITIONS, awkward, of_known, tiny_nets

GUIDES = pytest.mark.parametrize("guide", [lambda descent: PlainGuide(), MovingGuide], ids=["plain", "moves"])
DEFINITIONS = pytest.mark.parametrize("definition", PATTERN_DEFINITIONS)


class Replay:
    """Takes the choices of a script, then the first of the outcomes; keeps the probability of what it took."""

    def __init__(self, script):
        self.script, self.taken, self.open, self.probability = script, 0, [], 1.0

    def __call__(self, parents, probabilities):
        ends = np.unique(np.concatenate([[0.0, 1.0], np.cumsum(probabilities) % 1.0]))
        ends = ends[np.concatenate([[True], np.diff(ends) > 1e-9])]
        ends[-1] = 1.0
        outcome = self.script[self.taken] if self.taken < len(self.script) else 0
        if self.taken >= len(self.script):
            self.open.append(len(ends) - 1)
        self.taken += 1
        self.probability *= ends[outcome + 1] - ends[outcome]
        return systematic((ends[outcome] + ends[outcome + 1]) / 2, probabilities)

    def proposals(self, cells, each, below):
        """One proposal each, all cells the same: each cell's own is then as probable as any."""
        outcome = self.script[self.taken] if self.taken < len(self.script) else 0
        if self.taken >= len(self.script):
            self.open.append(below)
        self.taken += 1
        self.probability /= below
        return np.full((cells, 1), outcome)

    def coins(self, cells, each, ratios):
        """Between two neighbouring ratios, all the same."""
        ends = np.unique(np.concatenate([[0.0, 1.0], ratios]))
        outcome = self.script[self.taken] if self.taken < len(self.script) else 0
        if self.taken >= len(self.script):
            self.open.append(len(ends) - 1)
        self.taken += 1
        self.probability *= ends[outcome + 1] - ends[outcome]
        return np.full((cells, 1), ends[outcome])


def all_outcomes(descent, guide, cells):
    """The probability and the result of each way that a probe can go."""
    scripts = [()]
    while scripts:
        replay = Replay(scripts.pop())
        found = probe(descent, guide, replay, cells=cells)
        yield replay.probability, found.mantissa * 2.0**found.exponent, found
        known = replay.script + (0,) * len(replay.open)
        for k, number in enumerate(replay.open):
            place = len(replay.script) + k
            scripts += [(*known[:place], outcome) for outcome in range(1, number)]


def small_net(seed, widths=(2, 4, 3), bias=0.5):
    random = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [random.normal(size=shape).round(2) for shape in shapes]
    return pr.Network.from_arrays(weights, [bias * random.normal(size=shape[0]).round(2) for shape in shapes],
                                  include_output=True)  # fmt: skip


@pytest.mark.parametrize(
    ("guide", "widths", "cells"),
    [
        *((PlainGuide, widths, cells) for widths in [(2, 4, 3), (5, 3, 2)] for cells in [1, 2, 3]),
        # Each proposal multiplies the ways that a probe can go.
        *((MovingGuide, widths, cells) for widths in [(2, 2, 2), (4, 2, 2)] for cells in [1, 2]),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_expectation_over_all_choices_is_the_count(guide, widths, seed, cells):
    net, box = small_net(seed, widths), pr.Box(-1, 1)
    expected = int(pr.count(net, box))
    descent = Descent(Restriction(net, box), Definition.REGIONS, cells=cells)
    outcomes = list(all_outcomes(descent, PlainGuide() if guide is PlainGuide else guide(descent), cells))
    assert math.fsum(p for p, _, _ in outcomes) == pytest.approx(1.0)
    assert math.fsum(p * x for p, x, _ in outcomes) == pytest.approx(expected, rel=1e-9)
    assert (len(outcomes) > 1) == (expected > cells)
    for _, x, found in outcomes:
        assert 1 <= found.regions <= min(expected, cells + 1)
        assert x >= 1
        assert found.complete == (expected <= cells)


@DEFINITIONS
@settings(max_examples=30)
@given(tiny_nets(max_inputs=2, max_width=3))
def test_with_room_for_all_cells_a_probe_is_the_count(definition, tiny):
    check_complete(tiny.network, tiny.box, definition)


@DEFINITIONS
@settings(max_examples=15)
@given(tiny_nets(weights=awkward, max_inputs=2, max_layers=2))
def test_awkward_numbers(definition, tiny):
    check_complete(tiny.network, tiny.box, definition)


def check_complete(net, box, definition, cells=5000):
    expected = int(pr.count(net, box, definition=definition))
    restriction = Restriction(net, box)
    for options in ({}, {"doubt": 0.5}, {"exact": True}):
        descent = Descent(restriction, definition, cells=cells, **options)
        for guide in (PlainGuide(), *([MovingGuide(descent)] if descent.view else [])):
            found = probe(descent, guide, None, cells=cells)
            assert (found.complete, found.regions) == (True, expected)
            assert Fraction(found.mantissa) * Fraction(2) ** found.exponent == expected


@DEFINITIONS
@pytest.mark.parametrize(
    "domain",
    [
        pr.Polytope([[-1, 0], [0, -1], [1, 1]], [0, 0, "4/3"]),
        pr.Segment([-1, "1/3"], [1, -1]),
        pr.Polytope([[1, 1], [-1, -1], [1, 0], [-1, 0]], [0, 0, 1, 1]),
    ],
)
def test_domains(definition, domain):
    check_complete(small_net(5), domain, definition)


def test_more_inputs_than_first_layer_units():
    check_complete(small_net(1, (9, 4, 3)), pr.Box(-1, 1), Definition.REGIONS)


def test_linear_units():
    net = pr.Network.from_arrays(
        [[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [[1.0, -1.0, 1.0], [1.0, 1.0, -1.0]], [[1.0, 1.0]]],
        [[0.0, 0.1, -0.3], [0.2, -0.1], [0.0]],
        linear=[[False, False, True], [False, False]],
    )
    check_complete(net, pr.Box(-1, 1), Definition.REGIONS)


def test_the_same_choices_lead_to_the_same_result_in_all_kinds_of_cells():
    net, box = of_known(npz("B4_4d_12x2"))
    restriction = Restriction(net, box)
    found = [
        probe(
            Descent(restriction, Definition.REGIONS, cells=8, **options),
            PlainGuide(),
            RandomChoice(np.random.default_rng(3)),
            cells=8,
        )
        for options in ({}, {"doubt": 0.1}, {"exact": True})
    ]
    assert found[0] == found[1] == found[2]
    assert not found[0].complete


@GUIDES
@pytest.mark.parametrize("image", [False, True])
def test_a_descent_is_stopped_and_used_again(guide, image):
    net, box = (small_net(7, (20, 12, 12)), pr.Box(-1, 1)) if image else of_known(npz("A1_2d_16x2"))
    descent, fresh = (Descent(Restriction(net, box), Definition.REGIONS, cells=4) for _ in range(2))
    used = guide(descent)
    questions = iter([False] * 5)
    with pytest.raises(Stopped):
        probe(descent, used, RandomChoice(np.random.default_rng(0)), cells=4, stop=lambda: next(questions, True))
    probe(descent, used, RandomChoice(np.random.default_rng(2)), cells=4)
    results = [
        probe(one, own, RandomChoice(np.random.default_rng(1)), cells=4)
        for one, own in ((descent, used), (fresh, guide(fresh)))
    ]
    assert results[0] == results[1]

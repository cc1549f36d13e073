"""Moves: centres against Newton's decrement, cells against exact evaluation, all ways to decide against each other."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.sampling.descent import Descent
from polyregions.sampling.descent_metric import RowKind, Wide, factorise
from polyregions.sampling.guide import PlainGuide
from polyregions.sampling.moving_guide import MovingGuide, guide_of, preference
from polyregions.sampling.probe import RandomChoice, probe
from polyregions.splitting.image_state import Small
from polyregions.splitting.tableau_state import FormNumber, unpacked
from tests.sampling.test_probe import all_outcomes, small_net
from tests.strategies import PATTERN_DEFINITIONS, tiny_nets

WIDTHS = pytest.mark.parametrize("widths", [(3, 6, 5), (9, 5, 4), (12, 7, 6, 5)])


def random_net(seed, widths):
    random = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [random.normal(size=shape) for shape in shapes]
    return pr.Network.from_arrays(
        weights, [0.3 * random.normal(size=shape[0]) for shape in shapes], include_output=True
    )


class Watched(MovingGuide):
    """Keeps the cells that it was asked about, and the patterns of those that moved, with points."""

    def __init__(self, descent):
        super().__init__(descent)
        self.cells, self.moved = [], []

    def ask(self, unit):
        proven = super().ask(unit)
        for slot in self._descent.fast_slots:
            self.cells.append((*barrier(self._descent.view, slot), self._centres[slot].copy()))
        return proven

    def move(self, choice, stop):
        factors = super().move(choice, stop)
        descent = self._descent
        for slot in descent.fast_slots:
            states = descent.view.population.states[slot]
            pattern = [unpacked(own, width) for own, width in zip(states, descent.widths, strict=True)]
            known = range(int(descent.view.population.known[slot]))
            self.moved += [(pattern, tuple(descent._asked), descent._known_point(slot, k)) for k in known]
        return factors


def barrier(view, slot):
    """The rows of a cell over the box's coordinates scaled to [0, 1], and their constants."""
    population, n = view.population, view.dimension
    rows = population.path[slot, : population.length[slot]]
    a = np.array([sign * population.scaled[slot, s, u, :n] for s, u, sign in rows]).reshape(-1, n)
    c = np.array([sign * population.numbers[slot, s, u, FormNumber.SCALED_CONSTANT] for s, u, sign in rows])
    if view.image is None:
        return a, c
    generators = view.image.generators[:n, : view.inputs]
    return a @ generators, c + a @ view.image.small[Small.OFFSET, :n]


def watched_probe(net, cells=6, seed=0, **options):
    descent = Descent(Restriction(net, pr.Box(-1, 1)), Definition.REGIONS, cells=cells, **options)
    guide = Watched(descent)
    found = probe(descent, guide, RandomChoice(np.random.default_rng(seed)), cells=cells)
    return descent, guide, found


@WIDTHS
@pytest.mark.parametrize("seed", range(4))
def test_cells_are_taken_up_near_their_centres(widths, seed):
    _, guide, _ = watched_probe(random_net(seed, widths), seed=seed)
    assert len(guide.cells) > 20
    for a, c, centre in guide.cells[::7]:
        x, d = centre[: widths[0]], widths[0]
        sides = np.concatenate([np.eye(d), -np.eye(d), a])
        slacks = np.concatenate([x, 1 - x, a @ x + c])
        assert slacks.min() > 0
        gradient, hessian = -(1 / slacks) @ sides, sides.T / slacks**2 @ sides
        # Newton's decrement; 0.5 leaves -0.5 - log(1 - 0.5) = 0.2 of the barrier at most.
        assert np.sqrt(gradient @ np.linalg.solve(hessian, gradient)) < 0.5


@pytest.mark.parametrize("widths", [(9, 5, 4), (12, 7, 6, 5), (40, 6, 7)])
def test_a_metric_renewed_in_part_is_near_that_of_its_point(widths):
    descent, guide, _ = watched_probe(random_net(2, widths), seed=2)
    view, n = descent.view, widths[1]
    generators = view.image.generators[:n]
    for work in (guide._work, guide._walk):
        inverse = work.wide[Wide.INVERSE_HESSIAN]
        assert np.triu(work.matrices[2][:n, :n]) == pytest.approx(np.triu(generators * inverse @ generators.T))
        work.rows[RowKind.SLACK] = 1.0
        x = np.random.default_rng(0).random(view.inputs)
        work.wide[Wide.X, : view.inputs] = x
        path = view.population.path[0]
        for _ in range(2):
            assert factorise(view.population.scaled[0], view.image, view.plain, path, 0, view.dimension, work)
            exact = 1 / (1 / x**2 + 1 / (1 - x) ** 2)
            assert (np.abs(np.log2(work.wide[Wide.INVERSE_HESSIAN, : view.inputs] / exact)) <= 1 + 1e-9).all()
            # One coordinate goes to the box's side, and the others nearly stay.
            x[0] = 1e-6
            x[1:] += 1e-3 * (0.5 - x[1:])
            work.wide[Wide.X, : view.inputs] = x
        inverse = work.wide[Wide.INVERSE_HESSIAN]
        assert np.triu(work.matrices[2][:n, :n]) == pytest.approx(np.triu(generators * inverse @ generators.T))


@WIDTHS
@pytest.mark.parametrize("doubt", [0.0, 0.3])
def test_moved_cells_have_the_points_that_they_say(widths, doubt):
    net = random_net(7, widths)
    descent, guide, _ = watched_probe(net, doubt=doubt)
    assert descent.statistics()["moves"] > 100
    for pattern, asked, point in guide.moved[::11]:
        values = net.exact_preactivations([Fraction(x) for x in point.x.tolist()])
        for layer, unit in asked:
            assert (values[layer][unit] > 0) == bool(pattern[layer][unit])
            assert values[layer][unit] != 0


@WIDTHS
@pytest.mark.parametrize("definition", PATTERN_DEFINITIONS)
@pytest.mark.parametrize("seed", range(2))
def test_moves_do_not_depend_on_how_they_were_decided(widths, definition, seed):
    restriction = Restriction(random_net(seed, widths), pr.Box(-1, 1))
    found = []
    for doubt in (0.0, 0.05, 1.0):
        descent = Descent(restriction, definition, cells=4, doubt=doubt)
        choice = RandomChoice(np.random.default_rng(seed))
        result = probe(descent, MovingGuide(descent), choice, cells=4)
        found.append((result, descent.statistics()["moves"]))
    assert found[0] == found[1] == found[2]
    assert found[0][1] > 50


class Spoiling(MovingGuide):
    """Puts every third time the point and the centre of a cell into the box's corner, where nothing can begin."""

    calls = 0

    def _move(self, slot, choices, coins, first):
        self.calls += 1
        if self.calls % 3 == 0 and not first:
            population = self._view.population
            population.known[slot] = 1
            self._descent._put_point_of(slot, 0, self._descent._box.lower)
            self._centres[slot] = 0.0
        return super()._move(slot, choices, coins, first)


@WIDTHS
def test_cells_without_a_useful_point_get_one_by_a_linear_program(widths, monkeypatch):
    restriction, found, deepened = Restriction(random_net(2, widths), pr.Box(-1, 1)), [], []
    deepen = Descent._deepen

    def watched(self, slot, take_up):
        deepened.append(deepen(self, slot, take_up))
        return deepened[-1]

    monkeypatch.setattr(Descent, "_deepen", watched)
    for guide in (MovingGuide, Spoiling):
        descent = Descent(restriction, Definition.REGIONS, cells=4)
        result = probe(descent, guide(descent), RandomChoice(np.random.default_rng(4)), cells=4)
        statistics = descent.statistics()
        found.append((result, statistics["moves"]))
        assert statistics["decisions_by_exact"] == statistics["handed_over"] == 0
    assert found[0] == found[1]
    assert len(deepened) > 5
    assert all(deepened)


@WIDTHS
def test_every_probe_starts_at_the_same_point(widths):
    restriction = Restriction(random_net(2, widths), pr.Box(-1, 1))
    starts = []
    for doubt in (0.0, 0.3):
        descent = Descent(restriction, Definition.REGIONS, cells=4, doubt=doubt)
        for seed in range(2):
            probe(descent, Spoiling(descent), RandomChoice(np.random.default_rng(seed)), cells=4)
            descent.start()
            population = descent.view.population
            starts.append([array[0, 0].tolist() for array in (population.x, population.full, population.rows)])
    assert all(start == starts[0] for start in starts)


@pytest.mark.parametrize("widths", [(3, 5, 5), (9, 5, 4)])
@pytest.mark.parametrize("useless", [lambda a, c: None, lambda a, c: np.zeros(a.shape[1])])
def test_without_deep_points_moves_are_decided_exactly(widths, useless, monkeypatch):
    restriction, found = Restriction(random_net(2, widths), pr.Box(-1, 1)), []
    monkeypatch.setattr("polyregions.sampling.descent.deep_point", useless)
    for guide, doubt in ((MovingGuide, 0.0), (MovingGuide, 0.1), (Spoiling, 0.0)):
        descent = Descent(restriction, Definition.REGIONS, cells=4, doubt=doubt)
        result = probe(descent, guide(descent), RandomChoice(np.random.default_rng(4)), cells=4)
        found.append((result, descent.statistics()["moves"]))
        # What a deep point was to replace is still known.
        assert guide is Spoiling or descent.statistics()["handed_over"] == 0
    assert found[0] == found[1] == found[2]


@settings(max_examples=40)
@given(tiny_nets(max_inputs=2, max_layers=3, max_width=2), st.sampled_from(PATTERN_DEFINITIONS), st.booleans())
def test_moves_of_degenerate_cells(tiny, definition, is_doubtful):
    assume(sum(len(bias) for _, bias in tiny.layers) <= 4)
    expected = int(pr.count(tiny.network, tiny.box, definition=definition))
    descent = Descent(Restriction(tiny.network, tiny.box), definition, cells=1, doubt=0.5 if is_doubtful else 0.0)
    assume(descent.view is not None)
    outcomes = list(all_outcomes(descent, MovingGuide(descent), 1))
    assert math.fsum(p for p, _, _ in outcomes) == pytest.approx(1.0)
    assert math.fsum(p * x for p, x, _ in outcomes) == pytest.approx(expected, rel=1e-9)


def test_active_units_and_those_of_the_middle_are_preferred():
    net = pr.Network.from_arrays(
        [[[1.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]], [[0.0, -1.0, 1.0, 1.0]], include_output=True
    )
    descent = Descent(Restriction(net, pr.Box(-1, 1)), Definition.REGIONS, cells=2)
    assert preference(descent).tolist() == [0.5, 0.5 - 2.0, 8.5, 0.0]


@pytest.mark.parametrize(
    ("widths", "moves"),
    [
        ((30, 25, 25), True),
        ((30, 25, 24), False),
        ((60, 15, 40), False),
        ((300, 257, 3), False),
        ((16, 75, 75), True),
        ((16, 75, 74), False),
        ((15, 80, 80), False),
    ],
)
def test_which_network_gets_which(widths, moves):
    descent = Descent(Restriction(random_net(0, widths), pr.Box(-1, 1)), Definition.REGIONS, cells=2)
    assert isinstance(guide_of(descent), MovingGuide if moves else PlainGuide)


@pytest.mark.parametrize("widths", [(20, 9, 7), (4, 9, 7)])
def test_estimates_by_moves_are_near_the_count(widths):
    net, box = random_net(5, widths), pr.Box(-1, 1)
    expected = int(pr.count(net, box))
    descent = Descent(Restriction(net, box), Definition.REGIONS, cells=20)
    guide = MovingGuide(descent)
    found = [probe(descent, guide, RandomChoice(np.random.default_rng(seed)), cells=20) for seed in range(60)]
    values = np.array([one.mantissa * 2.0**one.exponent for one in found])
    assert not any(one.complete for one in found)
    assert abs(values.mean() - expected) < 4 * values.std(ddof=1) / np.sqrt(60)


@pytest.mark.parametrize(
    "domain",
    [
        pr.Polytope([[-1, 0], [0, -1], [1, 1]], [0, 0, "4/3"]),
        pr.Segment([-1, "1/3"], [1, -1]),
        pr.Polytope([[1, 1], [-1, -1], [1, 0], [-1, 0]], [0, 0, 1, 1]),
    ],
)
def test_moves_in_other_domains(domain):
    net = small_net(5, (2, 6, 5))
    expected = int(pr.count(net, domain))
    descent = Descent(Restriction(net, domain), Definition.REGIONS, cells=3)
    guide = MovingGuide(descent)
    found = [probe(descent, guide, RandomChoice(np.random.default_rng(seed)), cells=3) for seed in range(300)]
    values = np.array([one.mantissa * 2.0**one.exponent for one in found])
    assert expected > 4
    assert abs(values.mean() - expected) <= 4 * values.std(ddof=1) / np.sqrt(300)


@pytest.mark.parametrize("guide", [MovingGuide, Spoiling])
def test_the_same_estimate_with_one_worker_or_two(guide, monkeypatch):
    monkeypatch.setattr("polyregions.sampling.probing.guide_of", guide)
    net = random_net(3, (60, 30, 25))
    one, two = (pr.estimate(net, pr.Box(-1, 1), probes=4, cells=3, seed=2, workers=k) for k in (1, 2))
    assert one.stats["guide"] == "moves"
    assert (one.value, one.lower_bound.value) == (two.value, two.lower_bound.value)


def test_with_room_for_all_cells_none_is_dropped():
    net, box = random_net(1, (20, 6, 7)), pr.Box(-1, 1)
    expected = int(pr.count(net, box))
    descent = Descent(Restriction(net, box), Definition.REGIONS, cells=expected)
    found = probe(descent, MovingGuide(descent), RandomChoice(np.random.default_rng(0)), cells=expected)
    assert (found.complete, found.regions) == (True, expected)

"""Guides: analytic centres against a general optimiser, radii against exact answers, and which network gets which."""

import numpy as np
import pytest
from scipy.optimize import minimize

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.sampling.centre_guide import CentreGuide, guide_of
from polyregions.sampling.descent import Descent
from polyregions.sampling.guide import PlainGuide
from polyregions.sampling.probe import RandomChoice, probe
from polyregions.splitting.image_state import Small
from polyregions.splitting.tableau_state import FormNumber

WIDTHS = pytest.mark.parametrize("widths", [(3, 6, 5), (9, 5, 4), (12, 7, 6, 5)])


def random_net(seed, widths):
    random = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [random.normal(size=shape) for shape in shapes]
    return pr.Network.from_arrays(
        weights, [0.3 * random.normal(size=shape[0]) for shape in shapes], include_output=True
    )


class Watched(CentreGuide):
    """Keeps what it is asked and told."""

    def __init__(self, descent):
        super().__init__(descent)
        self.asked, self.cells = [], []

    def enter(self, width):
        super().enter(width)
        for slot in self._descent.fast_slots:
            self.cells.append((*barrier(self._descent.view, slot), self._centres[slot].copy()))

    def guesses(self, parents, units, states, is_split):
        radii = self._radii[self._slots()[parents], units]
        self.asked += list(zip(radii, is_split, strict=True))
        return super().guesses(parents, units, states, is_split)


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


def watched_probe(net, cells=6, seed=0):
    descent = Descent(Restriction(net, pr.Box(-1, 1)), Definition.REGIONS, cells=cells)
    guide = Watched(descent)
    probe(descent, guide, RandomChoice(np.random.default_rng(seed)), cells=cells)
    return guide


@WIDTHS
@pytest.mark.parametrize("seed", range(4))
def test_centres_minimise_the_barrier(widths, seed):
    guide = watched_probe(random_net(seed, widths))
    assert len(guide.cells) > len(widths) - 2
    for a, c, centre in guide.cells:
        x0 = centre[: widths[0]]

        def value(x, a=a, c=c):
            slacks = np.concatenate([x, 1 - x, a @ x + c])
            return np.inf if slacks.min() <= 0 else -np.log(slacks).sum()

        best = minimize(value, x0, method="Nelder-Mead", options={"maxfev": 20_000, "xatol": 1e-9, "fatol": 1e-9})
        assert np.isfinite(value(x0))
        # Newton's decrement of 0.3 leaves less than that squared.
        assert value(x0) - best.fun < 0.1


@WIDTHS
@pytest.mark.parametrize("seed", range(8))
def test_a_unit_within_the_ellipsoid_cuts_the_cell(widths, seed):
    asked = watched_probe(random_net(seed, widths), seed=seed).asked
    near = [is_split for radius, is_split in asked if 0 <= radius < 0.99]
    assert len(near) > 5
    assert all(near)
    assert not all(is_split for _, is_split in asked)


def test_nearest_units_first_and_fewer_cells_where_little_is_cut():
    guide = watched_probe(random_net(0, (12, 7, 6, 5)))
    guide._layer, guide._cut = 1, [0.0]
    assert guide.wanted(80) == 80
    guide._layer = 2
    assert [guide.wanted(80), guide.wanted(1)] == [10, 1]
    guide._cut = [0.05, 0.0]
    assert guide.wanted(80) == 24
    guide._cut = [0.5, 0.0]
    assert guide.wanted(80) == 80


@pytest.mark.parametrize(
    ("widths", "centres"),
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
def test_which_network_gets_which(widths, centres):
    descent = Descent(Restriction(random_net(0, widths), pr.Box(-1, 1)), Definition.REGIONS, cells=2)
    assert isinstance(guide_of(descent), CentreGuide if centres else PlainGuide)


@pytest.mark.parametrize("widths", [(20, 9, 7), (4, 9, 7)])
def test_estimates_by_centres_are_near_the_count(widths):
    net, box = random_net(5, widths), pr.Box(-1, 1)
    expected = int(pr.count(net, box))
    descent = Descent(Restriction(net, box), Definition.REGIONS, cells=20)
    guide = CentreGuide(descent)
    found = [probe(descent, guide, RandomChoice(np.random.default_rng(seed)), cells=20) for seed in range(60)]
    values = np.array([one.mantissa * 2.0**one.exponent for one in found])
    assert not any(one.complete for one in found)
    assert abs(values.mean() - expected) < 4 * values.std(ddof=1) / np.sqrt(60)


def test_the_same_estimate_with_one_worker_or_two():
    net = random_net(3, (60, 30, 25))
    one, two = (pr.estimate(net, pr.Box(-1, 1), probes=4, cells=3, seed=2, workers=k) for k in (1, 2))
    assert one.stats["guide"] == "centres"
    assert (one.value, one.lower_bound.value) == (two.value, two.lower_bound.value)


def test_with_room_for_all_cells_none_is_dropped():
    net, box = random_net(1, (20, 6, 7)), pr.Box(-1, 1)
    expected = int(pr.count(net, box))
    descent = Descent(Restriction(net, box), Definition.REGIONS, cells=expected)
    found = probe(descent, CentreGuide(descent), RandomChoice(np.random.default_rng(0)), cells=expected)
    assert (found.complete, found.regions) == (True, expected)

"""Bounds of pre-activations: proven whatever the solver says, and exact where they claim to be."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.errors import ArgumentError, EncodingError
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.milp import safe_program
from polyregions.milp.maxima import GAP, LayerMaxima
from polyregions.milp.stability import joint_stability
from polyregions.milp.tightening import METHODS, tightened_bounds
from solvers import LPSolution, SolverError, Status
from tests.nets import telgarsky
from tests.reference.extrema import extrema
from tests.strategies import awkward, of_known, tiny_nets


def bounds_of(net, domain, method, **options):
    restriction = Restriction(net, domain)
    return tightened_bounds(restriction, FloatBox.of(restriction), method=method, **options)


def pairs(bounds):
    """(lower, upper) of all units in order."""
    return [
        (low, high)
        for lower, upper in zip(bounds.lower, bounds.upper, strict=True)
        for low, high in zip(lower.tolist(), upper.tolist(), strict=True)
    ]


def flat(layers):
    return [bool(unit) for layer in layers for unit in layer]


def assert_valid(bounds, truth):
    for (low, high), (least, largest) in zip(pairs(bounds), itertools.chain(*truth), strict=True):
        assert Fraction(low) <= least
        assert largest <= Fraction(high)


def check_against_extrema(net):
    """All methods on one net: valid, each within the last, "milp" exact, and all notions of stable units agree."""
    truth = extrema(net.exact, net.lower, net.upper)
    active = [least > 0 for layer in truth for least, _ in layer]
    inactive = [largest <= 0 for layer in truth for _, largest in layer]
    restriction = Restriction(net.network, net.box)
    box = FloatBox.of(restriction)
    wider = None
    for method in METHODS:
        bounds = tightened_bounds(restriction, box, method=method)
        assert_valid(bounds, truth)
        assert bounds.stopped == 0
        if wider is not None:
            for (low, high), (outer_low, outer_high) in zip(pairs(bounds), pairs(wider), strict=True):
                # Up to the solver's dual tolerance, which differs from one warm start to another.
                slack = 1e-8 * (outer_high - outer_low) + 1e-290
                assert outer_low - slack <= low <= high <= outer_high + slack
        wider = bounds
        on, off = flat(bounds.stably_active), flat(bounds.stably_inactive)
        if method == "milp":
            assert (on, off) == (active, inactive)
            sizes = [2 * max(map(abs, sides)) for sides in pairs(tightened_bounds(restriction, box, method="interval"))]
            for size, (low, high), extreme in zip(sizes, pairs(bounds), itertools.chain(*truth), strict=True):
                assert high - extreme[1] <= GAP * size
                assert extreme[0] - low <= GAP * size
        else:
            assert all(not claimed or true for claimed, true in zip(on + off, active + inactive, strict=True))
        joint = joint_stability(restriction, box, bounds)
        assert joint.complete
        assert (flat(joint.active), flat(joint.inactive)) == (active, inactive)


@given(net=tiny_nets(max_inputs=2))
@settings(max_examples=40, deadline=None)
def test_small_integers(net):
    check_against_extrema(net)


@given(net=tiny_nets(weights=st.sampled_from([0.0, 1.0, -1.0, 0.1, -0.3, 0.1 + 0.2, 1 / 3, 3.0, 1e-9]), max_inputs=2))
@settings(max_examples=30, deadline=None)
def test_floats_that_nearly_cancel(net):
    check_against_extrema(net)


@given(net=tiny_nets(weights=awkward, max_inputs=2))
@settings(max_examples=25, deadline=None)
def test_awkward_floats_are_bounded(net):
    truth = extrema(net.exact, net.lower, net.upper)
    for method in METHODS:
        assert_valid(bounds_of(net.network, net.box, method), truth)


def random_net(seed, *widths):
    rng = np.random.default_rng(seed)
    shapes = list(itertools.pairwise(widths))
    return pr.Network.from_arrays(
        [rng.normal(size=(rows, columns)) * (2 / columns) ** 0.5 for columns, rows in shapes],
        [0.3 * rng.normal(size=rows) for _, rows in shapes],
    )


def test_each_method_is_tighter_than_the_last():
    net = random_net(0, 2, 8, 8, 8, 1)
    widths = [
        [float((high - low).mean()) for low, high in zip(bounds.lower, bounds.upper, strict=True)]
        for bounds in (bounds_of(net, pr.Box(-1, 1), method) for method in METHODS)
    ]
    interval, lp, milp = widths
    assert interval[0] == pytest.approx(milp[0])
    assert interval[2] > 1.5 * lp[2] > 1.8 * milp[2]


DOMAINS = [
    pr.Segment([-1, "1/3", 0], [1, 0, "2/7"]),
    pr.Plane([0, 0, 0], [1, "1/3", 0], [0, 1, "1/7"]),
    pr.Box([-1, "1/3", -1], [1, "1/3", 1]),
    pr.Box(["1/3", "1/3", "1/3"], ["1/3", "1/3", "1/3"]),
    pr.Polytope([[-1, 0, 0], [0, -1, 0], [0, 0, -1], [1, 1, 1]], [1, 1, 1, 1]),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=["segment", "plane", "flat box", "point", "polytope"])
def test_other_domains(domain):
    net = random_net(5, 3, 5, 4, 1)
    seen = [[], []]
    for region in pr.regions(net, domain, definition="patterns"):
        for layer, g in enumerate(net.exact_preactivations(region.witness)[:2]):
            seen[layer].append(g)
    truth = [[(min(unit), max(unit)) for unit in zip(*layer, strict=True)] for layer in seen]
    active = [all(g[unit] > 0 for g in layer) for layer in seen for unit in range(len(layer[0]))]
    inactive = [all(g[unit] <= 0 for g in layer) for layer in seen for unit in range(len(layer[0]))]
    restriction = Restriction(net, domain)
    for method in METHODS:
        bounds = bounds_of(net, domain, method)
        assert_valid(bounds, truth)
    # A witness of every attained pattern shows every state that a unit takes.
    assert (flat(bounds.stably_active), flat(bounds.stably_inactive)) == (active, inactive)
    joint = joint_stability(restriction, FloatBox.of(restriction), bounds_of(net, domain, "lp"))
    assert (flat(joint.active), flat(joint.inactive)) == (active, inactive)


def test_ties_are_decided_exactly():
    """relu(x) + relu(-x) <= 1 on [-1, 1], attained at the ends: 0.1 times it minus 0.1 is never positive."""
    net = pr.Network.from_arrays([[[1.0], [-1.0]], [[0.1, 0.1]], [[1.0]]], [[0.0, 0.0], [-0.1], [0.0]])
    assert bounds_of(net, pr.Box(-1, 1), "lp").upper[1][0] > 0
    assert bounds_of(net, pr.Box(-1, 1), "milp").upper[1][0] == 0
    above = pr.Network.from_arrays([[[1.0], [-1.0]], [[0.1, 0.1]], [[1.0]]], [[0.0, 0.0], [-0.1 + 2**-56], [0.0]])
    assert 0 < bounds_of(above, pr.Box(-1, 1), "milp").upper[1][0] < 1e-12
    for network, stable in ((net, True), (above, False)):
        assert flat(pr.stable_units(network, pr.Box(-1, 1)).inactive) == [False, False, stable]


class LyingSession:
    """A session whose answers are wrong in every way that a solver's could be."""

    def __init__(self, session, rng):
        self._session = session
        self._rng = rng

    def __getattr__(self, name):
        return getattr(self._session, name)

    def solve(self, **options):
        m, n, rng = self._session.num_rows, self._session.num_columns, self._rng
        kind = rng.integers(5)
        if kind == 0:
            return LPSolution(Status.INFEASIBLE, np.nan, None, None, rng.normal(size=m), 0)
        if kind == 1:
            return LPSolution(Status.OPTIMAL, -9.0, rng.normal(size=n), rng.normal(size=m), None, 0)
        if kind == 2:
            return LPSolution(Status.OPTIMAL, -9.0, np.full(n, np.nan), np.full(m, np.nan), None, 0)
        if kind == 3:
            return LPSolution(Status.UNKNOWN, np.nan, None, None, None, 0)
        return self._session.solve(**options)


@given(net=tiny_nets(max_inputs=2), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_solvers_that_lie_cost_time_and_not_truth(net, seed):
    honest, rng = safe_program.lp_session, np.random.default_rng(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(safe_program, "lp_session", lambda *a, **k: LyingSession(honest(*a, **k), rng))
        check_against_extrema(net)


def test_solvers_that_refuse_leave_exact_decisions(monkeypatch):
    def refuse(*arguments, **options):
        raise SolverError("on strike")

    monkeypatch.setattr(safe_program, "lp_session", refuse)
    network, box = of_known(telgarsky(3))
    interval, lp, milp = (bounds_of(network, box, method) for method in METHODS)
    assert pairs(lp) == pairs(interval)
    assert [round(high, 6) for _, high in pairs(milp)] == [1.0, 0.5, 1.0, 0.5, 1.0, 0.5]


def test_time_limits_keep_what_is_proven():
    net = random_net(0, 2, 8, 8, 1)
    interval = bounds_of(net, pr.Box(-1, 1), "interval")
    none = bounds_of(net, pr.Box(-1, 1), "milp", time_limit_per_unit=0.0)
    assert none.stopped == 32
    assert pairs(none) == pairs(interval)
    steps = iter(range(60))
    some = bounds_of(net, pr.Box(-1, 1), "milp", expired=lambda: next(steps, None) is None)
    assert 0 < some.stopped < 32
    exact = bounds_of(net, pr.Box(-1, 1), "milp")
    for (low, high), (inner_low, inner_high) in zip(pairs(some), pairs(exact), strict=True):
        assert low <= inner_low
        assert inner_high <= high
    restriction = Restriction(net, pr.Box(-1, 1))
    stability = joint_stability(restriction, FloatBox.of(restriction), interval, expired=lambda: True)
    assert not stability.complete
    assert flat(stability.inactive) == flat(interval.stably_inactive)


def test_linear_programs_come_before_branch_and_bound(monkeypatch):
    net = random_net(0, 2, 8, 8, 1)
    monkeypatch.setattr(LayerMaxima, "maximum", lambda self, unit, form, sign, bound, expired: (bound, True))
    cut_short = bounds_of(net, pr.Box(-1, 1), "milp")
    assert cut_short.stopped == 32
    assert pairs(cut_short) == pairs(bounds_of(net, pr.Box(-1, 1), "lp"))


@pytest.mark.parametrize("factor", [1e-5, 3.0, 1e6])
def test_rescaled_units_have_rescaled_bounds(factor):
    net = random_net(1, 2, 5, 5, 1)
    weights, biases = [w.copy() for w in net.weights], [b.copy() for b in net.biases]
    weights[0][2] *= factor
    biases[0][2] *= factor
    weights[1][:, 2] /= factor
    scaled = pr.Network.from_arrays(weights, biases)
    for method in METHODS:
        before, after = (bounds_of(n, pr.Box(-1, 1), method) for n in (net, scaled))
        assert after.upper[0][2] == pytest.approx(factor * before.upper[0][2])
        assert after.upper[1] == pytest.approx(before.upper[1])
        assert after.lower[1] == pytest.approx(before.lower[1])


def test_methods_and_arguments():
    network, box = of_known(telgarsky(2))
    with pytest.raises(ArgumentError, match="guess"):
        pr.unit_bounds(network, box, method="guess")
    with pytest.raises(ArgumentError, match="guess"):
        pr.stable_units(network, box, method="guess")
    with pytest.raises(ArgumentError, match="the time limit must"):
        pr.unit_bounds(network, box, time_limit_per_unit=-1.0)
    with pytest.raises(TypeError, match="Box"):
        pr.unit_bounds(network, (-1, 1))
    huge = pr.Network.from_arrays([[[1.7e308], [1.0]]], [[1e308, 0.0]], include_output=True)
    with pytest.raises(EncodingError, match="layer 1, unit 0"):
        pr.unit_bounds(huge, box)
    affine = pr.Network.from_arrays([[[1.0]]], [[0.5]])
    assert pr.unit_bounds(affine, box).upper == ()
    assert pr.stable_units(affine, box).complete

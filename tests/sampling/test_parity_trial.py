"""A trial by either oracle draws exactly as many constraints as it takes to exclude all patterns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyregions.definition import Definition
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.big_m import interval_bounds
from polyregions.milp.parity import random_parity
from polyregions.sampling.parity_oracles import MilpSearch, SplittingSearch
from polyregions.sampling.parity_trial import run_trial
from tests.milp.contract import needs
from tests.reference import brute_force
from tests.strategies import PATTERN_DEFINITIONS, tiny_nets

MOST = 12


def truth(net, definition):
    patterns = brute_force.patterns if definition is Definition.PATTERNS else brute_force.regions
    return {bytes(sum(pattern, ())) for pattern in patterns(net.exact, net.lower, net.upper)}


def by_hand(patterns, draw):
    shown = 0
    while patterns and shown <= MOST:
        shown += 1
        constraint = draw()
        patterns = {states for states in patterns if constraint.holds(states)}
    return shown


def stream(net, size, seed):
    units = range(sum(len(b) for _, b in net.layers))
    rng = np.random.default_rng(seed)
    return lambda: random_parity(units, min(size, len(units)), 1, rng)[0]


def search(oracle, net, definition):
    restriction = Restriction(net.network, net.box)
    if oracle == "split":
        return SplittingSearch(restriction, definition)
    bounds = interval_bounds(restriction, FloatBox.of(restriction))
    return MilpSearch(restriction, definition, solver=oracle, bounds=bounds, limits=Limits())


def agrees(oracle, net, definition, size, seed):
    patterns = truth(net, definition)
    trial = run_trial(search(oracle, net, definition), stream(net, size, seed), MOST, lambda: False)
    assert trial.complete
    assert trial.patterns <= patterns
    assert trial.shown == by_hand(patterns, stream(net, size, seed))


@pytest.mark.parametrize("definition", PATTERN_DEFINITIONS)
@given(net=tiny_nets(), size=st.integers(1, 4), seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_splitting(definition, net, size, seed):
    agrees("split", net, definition, size, seed)


@pytest.mark.parametrize("definition", PATTERN_DEFINITIONS)
@given(net=tiny_nets(), size=st.integers(1, 4), seed=st.integers(0, 2**32))
@settings(max_examples=25)
def test_one_tree(definition, net, size, seed):
    agrees("highs", net, definition, size, seed)


@pytest.mark.parametrize("solver", ["pulp-highs", "cbc"])
@given(net=tiny_nets(max_layers=2), seed=st.integers(0, 2**32))
@settings(max_examples=3)
def test_no_good_cuts(solver, net, seed):
    agrees(solver, net, Definition.PATTERNS, 2, seed)


@pytest.mark.parametrize("solver", [pytest.param("gurobi", marks=needs("gurobipy"))])
@given(net=tiny_nets(max_layers=2), seed=st.integers(0, 2**32))
@settings(max_examples=3)
def test_native_pool(solver, net, seed):
    agrees(solver, net, Definition.REGIONS, 2, seed)


@given(net=tiny_nets(), seed=st.integers(0, 2**32), after=st.integers(0, 12))
@settings(max_examples=60)
def test_a_trial_that_is_cut_short_shows_no_more(net, seed, after):
    """Stopped at any question, it counts what a whole one counts, or less."""
    questions = iter(range(after))
    trial = run_trial(
        search("split", net, Definition.PATTERNS), stream(net, 2, seed), MOST, lambda: next(questions, None) is None
    )
    whole = by_hand(truth(net, Definition.PATTERNS), stream(net, 2, seed))
    assert trial.shown == whole if trial.complete else trial.shown <= whole

"""What every pool of the mixed-integer program's solutions must do; each pool subclasses it in a few lines."""

import importlib.util
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.parity import ParityConstraint, ParitySystem
from polyregions.milp.pool import pool
from polyregions.splitting.tree import SplittingTree
from tests.nets import six_definitions, telgarsky
from tests.strategies import of_known, tiny_nets

DEFINITIONS = [Definition.PATTERNS, Definition.REGIONS]

#: Subclasses share the tests, and Hypothesis asks whether that is meant.
shared = settings(
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow], deadline=None, max_examples=12
)


def needs(module: str) -> pytest.MarkDecorator:
    """Skip where a solver's module is missing, unless POLYREGIONS_REQUIRE_SOLVERS names it."""
    required = os.environ.get("POLYREGIONS_REQUIRE_SOLVERS", "").split(",")
    missing = importlib.util.find_spec(module) is None and module not in required
    return pytest.mark.skipif(missing, reason=f"{module} is not installed")


def net_2_5_5() -> pr.Network:
    rng = np.random.default_rng(0)
    shapes = [(5, 2), (5, 5), (1, 5)]
    return pr.Network.from_arrays(
        [rng.normal(size=shape) for shape in shapes], [0.3 * rng.normal(size=rows) for rows, _ in shapes]
    )


def truth(network, domain, definition=Definition.PATTERNS):
    """By the slow splitting counter, with none of the pools' code."""
    return {leaf.states for leaf in SplittingTree(Restriction(network, domain), definition).leaves()}


@st.composite
def systems(draw, units):
    """A few parity constraints on units 0, ..., units - 1, contradictory and empty ones among them."""
    subsets = st.lists(st.integers(0, units - 1), max_size=units, unique=True).map(lambda some: tuple(sorted(some)))
    constraints = st.builds(ParityConstraint, subsets, st.integers(0, 1))
    return ParitySystem(draw(st.lists(constraints, max_size=3)))


class PoolContract:
    """Subclasses set ``solver`` and what its results are."""

    solver: str
    status = pr.Status.NUMERICAL

    def make(self, network, domain, definition=Definition.PATTERNS, **options):
        return pool(Restriction(network, domain), definition, solver=self.solver, limits=Limits(), **options)

    def patterns(self, network, domain, definition=Definition.PATTERNS, **options):
        """All patterns, each once, each witness checked by the network itself."""
        made = self.make(network, domain, definition, **options)
        restriction = Restriction(network, domain)
        found = []
        for leaf in made.leaves(lambda: False):
            point = restriction.chart.ambient(leaf.witness.point.coordinates())
            assert network.pattern(point) == restriction.split_pattern(leaf.states)
            found.append(leaf.states)
        assert made.finished
        assert len(set(found)) == len(found) == made.found
        return set(found)

    def count(self, network, domain, **options):
        return pr.count(network, domain, method="milp", solver=self.solver, **options)

    @pytest.mark.parametrize("definition", DEFINITIONS)
    def test_two_layers(self, definition):
        network, box = net_2_5_5(), pr.Box(-1, 1)
        expected = truth(network, box, definition)
        assert len(expected) > 10
        assert self.patterns(network, box, definition) == expected

    @given(net=tiny_nets(max_inputs=2, max_layers=2))
    @shared
    def test_integer_weights(self, net):
        assert self.patterns(net.network, net.box) == truth(net.network, net.box)

    def test_definitions_differ_on_the_six_definition_network(self):
        network, box = of_known(six_definitions())
        patterns = self.count(network, box, definition="patterns")
        regions = self.count(network, box)
        assert (patterns.lower, regions.lower) == (7, 5)
        assert patterns.status is regions.status is self.status
        assert regions.stats["rejected"] >= 2

    @given(data=st.data())
    @shared
    def test_parity_filters_the_full_set(self, data):
        net = data.draw(tiny_nets(max_inputs=2, max_layers=2))
        system = data.draw(systems(sum(net.network.widths)))
        expected = {states for states in truth(net.network, net.box) if system.holds(states)}
        assert self.patterns(net.network, net.box, parity=system) == expected

    def test_parity_halves_a_trained_size(self):
        network, box = net_2_5_5(), pr.Box(-1, 1)
        everything = truth(network, box, Definition.REGIONS)
        for right in (0, 1):
            system = ParitySystem([ParityConstraint(tuple(range(10)), right), ParityConstraint((1, 4, 6), 1)])
            expected = {states for states in everything if system.holds(states)}
            assert 0 < len(expected) < len(everything)
            assert self.patterns(network, box, Definition.REGIONS, parity=system) == expected

    def test_parity_on_a_unit_that_is_not_there(self):
        with pytest.raises(pr.errors.ArgumentError, match="unit 10"):
            self.make(net_2_5_5(), pr.Box(-1, 1), parity=ParitySystem([ParityConstraint((3, 10), 0)]))

    def test_left_and_taken_up_again(self):
        network, box = of_known(telgarsky(3))
        made = self.make(network, box)
        found = []
        while not made.finished:
            steps = iter(range(3))
            found += [leaf.states for leaf in made.leaves(lambda steps=steps: next(steps, None) is None)]
        assert len(found) == len(set(found)) == made.found == 11

    def test_stops_at_a_number(self):
        result = self.count(net_2_5_5(), pr.Box(-1, 1), max_regions=3)
        assert (result.lower, result.status) == (3, pr.Status.BRACKET)
        assert result.stats["stopped"] == "limit of 3 regions"

    def test_no_time(self):
        result = self.count(net_2_5_5(), pr.Box(-1, 1), time_limit=0)
        assert (result.lower, result.status) == (0, pr.Status.BRACKET)

    def test_statistics(self):
        result = self.count(net_2_5_5(), pr.Box(-1, 1))
        assert result.stats["leaves"] == result.lower
        assert result.stats["rejected"] >= 0
        if self.status is pr.Status.NUMERICAL:
            assert result.upper is None
            stats = result.stats
            assert stats["reported"] == stats["leaves"] + stats["rejected"] + stats["duplicates"]

    @pytest.mark.parametrize(
        ("a", "b", "what"),
        [([[1.0, 0.0]], [1.0], "unbounded"), ([[1.0, 0.0], [-1.0, 0.0]], [-1.0, -1.0], "empty|no point")],
    )
    def test_domains_that_cannot_be_counted_over(self, a, b, what):
        with pytest.raises(pr.errors.DomainError, match=what):
            self.count(net_2_5_5(), pr.Polytope(a, b))

    def test_one_point(self):
        layer = pr.Network.from_arrays([[[1.0, 1.0], [1.0, -1.0]]], [[0.0, 0.0]], include_output=True)
        assert self.count(layer, pr.Box(1, 1)).lower == 1
        assert self.patterns(layer, pr.Box(1, 1), parity=ParitySystem([ParityConstraint((0,), 1)])) == {b"\x01\x00"}
        assert self.patterns(layer, pr.Box(1, 1), parity=ParitySystem([ParityConstraint((0,), 0)])) == set()

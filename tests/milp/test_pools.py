"""The MILP's pools against the splitting counter, and the encoding's own promises."""

import numpy as np
import pytest
from hypothesis import given, settings

import polyregions as pr
from polyregions.definition import Definition
from polyregions.errors import EncodingError
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.milp import nogood_pool
from polyregions.milp.big_m import interval_bounds
from polyregions.milp.encoding import encode
from polyregions.milp.pool import pool
from polyregions.milp.tree_pool import TreePool
from solvers import SolverError
from tests.nets import all_known, npz, six_definitions, telgarsky
from tests.strategies import PATTERN_DEFINITIONS, awkward, of_known, tiny_nets

DEFINITIONS = ["patterns", "regions"]


@pytest.mark.parametrize("known", all_known(), ids=lambda known: known.name)
def test_tree_on_known_networks(known):
    network, box = of_known(known)
    result = pr.count(network, box, method="milp")
    assert int(result) == known.regions
    if known.patterns is not None:
        assert int(pr.count(network, box, method="milp", definition="patterns")) == known.patterns


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_tree_on_a_trained_network(definition):
    known = npz("A1_2d_16x2")
    network, box = of_known(known)
    result = pr.count(network, box, method="milp", definition=definition)
    assert int(result) == 478
    assert result.stats["pool"] == "tree"


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets())
@settings(max_examples=150, deadline=None)
def test_tree_finds_the_splitting_counters_patterns(net, definition):
    check = pr.cross_check(net.network, net.box, definition=definition)
    assert check.agree
    assert check.split.status is check.milp.status is pr.Status.EXACT


@given(net=tiny_nets(weights=awkward, max_inputs=2))
@settings(max_examples=80, deadline=None)
def test_tree_with_awkward_floats(net):
    assert pr.cross_check(net.network, net.box, definition="patterns").agree


@pytest.mark.parametrize(
    "domain",
    [
        pr.Segment([-1, "1/3", 0], [1, 0, "2/7"]),
        pr.Plane([0, 0, 0], [1, "1/3", 0], [0, 1, "1/7"]),
        pr.Box([-1, "1/3", -1], [1, "1/3", 1]),
        pr.Polytope([[-1, 0, 0], [0, -1, 0], [0, 0, -1], [1, 1, 1]], [1, 1, 1, 1]),
    ],
    ids=lambda domain: type(domain).__name__,
)
def test_tree_on_other_domains(domain):
    rng = np.random.default_rng(5)
    shapes = [(6, 3), (5, 6), (1, 5)]
    network = pr.Network.from_arrays(
        [rng.normal(size=shape) for shape in shapes], [rng.normal(size=rows) / 3 for rows, _ in shapes]
    )
    check = pr.cross_check(network, domain, definition="patterns")
    assert check.agree
    assert check.split.lower > 3


def net_2_5_5() -> pr.Network:
    rng = np.random.default_rng(0)
    shapes = [(5, 2), (5, 5), (1, 5)]
    return pr.Network.from_arrays(
        [rng.normal(size=shape) for shape in shapes], [0.3 * rng.normal(size=rows) for rows, _ in shapes]
    )


@pytest.mark.parametrize("solver", ["pulp-highs", "cbc"])
def test_no_good_cuts_on_2_5_5(solver):
    check = pr.cross_check(net_2_5_5(), pr.Box(-1, 1), solver=solver, definition="patterns")
    assert check.agree
    assert check.milp.lower > 10
    assert check.milp.status is pr.Status.NUMERICAL
    assert check.milp.upper is None
    assert check.milp.stats["pool"] == "no-good"


@pytest.mark.parametrize("solver", ["highs", "pulp-highs", "cbc"])
def test_definitions_differ_on_the_six_definition_network(solver):
    network, box = of_known(six_definitions())
    assert pr.count(network, box, method="milp", solver=solver, definition="patterns").lower == 7
    assert pr.count(network, box, method="milp", solver=solver, definition="regions").lower == 5


def test_spurious_patterns_of_a_solver_are_rejected():
    """A cell that only rounding makes: HiGHS offers its pattern, the certificate refuses it."""
    known = next(known for known in all_known() if known.name == "float_overcount")
    network, box = of_known(known)
    result = pr.count(network, box, method="milp", solver="pulp-highs", definition="patterns")
    assert result.lower <= known.patterns
    assert result.stats["rejected"] > 0


def test_what_tolerances_lose_is_explained():
    known = next(known for known in all_known() if known.name == "parallel_1e-12")
    network, box = of_known(known)
    check = pr.cross_check(network, box, solver="pulp-highs")
    assert not check.agree
    assert check.split.lower == known.regions > check.milp.lower
    assert len(check.differences) == known.regions - check.milp.lower
    assert all(d.found_by == "split" and "tolerances" in d.explanation for d in check.differences)


def test_stopped_tree_gives_a_bracket_around_the_count():
    network, box = of_known(npz("A1_2d_16x2"))
    result = pr.count(network, box, method="milp", max_regions=50)
    assert result.status is pr.Status.BRACKET
    assert result.lower == 50
    assert result.upper >= 478


@pytest.mark.parametrize("definition", PATTERN_DEFINITIONS)
def test_tree_can_be_left_and_taken_up_again(definition):
    network, box = of_known(telgarsky(4))
    tree = TreePool(Restriction(network, box), definition)
    states = []
    while not tree.finished:
        steps = iter(range(3))
        states += [leaf.states for leaf in tree.leaves(lambda steps=steps: next(steps, None) is None)]
    assert len(set(states)) == len(states) == (16 if definition is Definition.REGIONS else 21)


@given(net=tiny_nets())
@settings(max_examples=100, deadline=None)
def test_interval_bounds_hold(net):
    restriction = Restriction(net.network, net.box)
    bounds = interval_bounds(restriction, FloatBox.of(restriction))
    for region in pr.regions(net.network, net.box, definition="patterns"):
        for g, low, high in zip(
            net.network.exact_preactivations(region.witness), bounds.lower, bounds.upper, strict=False
        ):
            assert all(lo <= value <= hi for value, lo, hi in zip(g, low.tolist(), high.tolist(), strict=True))


def test_encoding_is_scaled_and_named():
    rng = np.random.default_rng(1)
    w1 = rng.normal(size=(3, 2)) * np.array([[1e6], [1.0], [1e-6]])
    network = pr.Network.from_arrays([w1, rng.normal(size=(2, 3)), np.ones((1, 2))], [[0.0] * 3, [0.0] * 2, [0.0]])
    encoding = encode(Restriction(network, pr.Box(-1, 1)))
    names = {variable.name for variable in encoding.problem.variables()}
    assert {"x_0", "h_1_2", "hbar_2_1", "z_2_0", "f"} <= names
    arrays = encoding.arrays()
    first_layer = abs(arrays.matrix).max(axis=1).toarray().ravel()
    assert first_layer.max() <= 4
    assert (arrays.upper - arrays.lower).max() <= 2
    assert len(encoding.z) == 5


@pytest.mark.parametrize("solver", ["highs", "pulp-highs", "cbc"])
def test_nothing_to_search(solver):
    """A domain that is one point, and a network without ReLU layers."""
    layer = pr.Network.from_arrays([[[1.0, 1.0], [1.0, -1.0]]], [[0.0, 0.0]], include_output=True)
    assert pr.count(layer, pr.Box(1, 1), method="milp", solver=solver).lower == 1
    affine = pr.Network.from_arrays([[[1.0]]], [[0.5]])
    assert pr.count(affine, pr.Box(0, 1), method="milp", solver=solver).lower == 1


@pytest.mark.parametrize(
    ("weights", "biases", "box"),
    [
        ([[[1e-12], [-1e9]], [[1.0, 1e9], [1e-12, -1.0]]], [[1.0, 1e9], [-1.0, 1.0]], (-1, 1)),
        ([[[1e-30, -1e-22], [1, 0]], [[-2, -1], [-1e-22, 1]]], [[0, 0], [0, 0]], (-1, 1)),
        ([[[1e-300], [1.0]], [[1.0, -1e-300]]], [[1e-305, 0.25], [0.0]], (-1, 1)),
        ([[[1.0], [1.0]]], [[-1.5e20, -3e20]], ("1e20", "2e20")),
        ([[[1.0], [-3.0]]], [[-1.5, 5e-324]], ("-1e250", "1e250")),
    ],
)
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_numbers_that_solvers_do_not_take(weights, biases, box, definition):
    network = pr.Network.from_arrays(weights, biases, include_output=True)
    check = pr.cross_check(network, pr.Box(*box), definition=definition)
    assert check.agree
    assert check.split.lower == int(pr.count(network, pr.Box(*box), cells="lp", definition=definition))


def test_overflow_is_one_clear_error():
    weights = [[[1.7e308], [1.0]], [[0.0, 1.0], [0.0, -1.0]]]
    network = pr.Network.from_arrays(weights, [[1e307, 0.5], [0.0, 0.25]], include_output=True)
    assert int(pr.count(network, pr.Box(-1, 1))) == 4
    with pytest.raises(EncodingError, match="layer 1, unit 0"):
        pr.count(network, pr.Box(-1, 1), method="milp")


def test_cross_check_keeps_the_count_when_the_solver_fails(monkeypatch):
    def refuse(*arguments, **keywords):
        raise SolverError("on strike")

    monkeypatch.setattr(nogood_pool, "solve", refuse)
    network, box = of_known(telgarsky(3))
    check = pr.cross_check(network, box, solver="cbc")
    assert check.split.lower == 8
    assert check.milp.stats["stopped"] == "the solver failed: on strike"
    assert check.agree is None


def test_cross_check_looks_at_the_solver_before_it_counts(monkeypatch):
    monkeypatch.setattr("polyregions.enumeration.Run.leaves", lambda run: pytest.fail("counted first"))
    network, box = of_known(telgarsky(3))
    with pytest.raises(ValueError, match="clever"):
        pr.cross_check(network, box, solver="clever")


def test_solve_that_takes_too_long_is_given_more_time(monkeypatch):
    monkeypatch.setattr(nogood_pool, "_PATIENCE", 1e-4)
    check = pr.cross_check(net_2_5_5(), pr.Box(-1, 1), solver="pulp-highs")
    assert check.agree
    assert check.milp.stats["solves"] > check.milp.lower + 1


@given(net=tiny_nets(weights=awkward, max_inputs=2))
@settings(max_examples=60, deadline=None)
def test_awkward_bounds_hold(net):
    restriction = Restriction(net.network, net.box)
    bounds = interval_bounds(restriction, FloatBox.of(restriction))
    for region in pr.regions(net.network, net.box, definition="patterns"):
        values = net.network.exact_preactivations(region.witness)
        for g, low, high in zip(values, bounds.lower, bounds.upper, strict=False):
            assert all(lo <= value <= hi for value, lo, hi in zip(g, low.tolist(), high.tolist(), strict=True))


def test_unknown_solver_is_refused():
    network, box = of_known(telgarsky(1))
    with pytest.raises(ValueError, match="no-such-solver"):
        pool(Restriction(network, box), Definition.REGIONS, solver="no-such-solver")

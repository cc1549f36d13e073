"""The encoding under any bounds and cuts: every pattern satisfies it exactly, and counts stay the same."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.errors import ArgumentError
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.encoding import EncodedUnit, encode
from polyregions.milp.nogood_pool import NoGoodPool
from polyregions.milp.safe_program import SafeProgram
from polyregions.milp.strengthening import Cut, separate, strengthen
from polyregions.milp.tightening import METHODS, tightened_bounds
from tests.nets import npz, six_definitions, telgarsky
from tests.reference.extrema import values
from tests.strategies import PATTERN_DEFINITIONS, awkward, of_known, tiny_nets

UNDERFLOW = Fraction(1, 2**1000)
DEFINITIONS = [definition.value for definition in PATTERN_DEFINITIONS]


def encoded(network, domain, method, *, cuts):
    restriction = Restriction(network, domain)
    box = FloatBox.of(restriction)
    encoding = encode(restriction, box, tightened_bounds(restriction, box, method=method))
    added = strengthen(encoding) + strengthen(encoding, objective=sum_of_outputs(encoding)) if cuts else 0
    return encoding, added


def sum_of_outputs(encoding):
    """The last layer's outputs added up: where the relaxation is at its weakest."""
    arrays = encoding.arrays()
    names = [variable.name for variable in encoding.problem.variables()]
    last = f"h_{len(encoding.restriction.widths)}_"
    return np.array([float(name.startswith(last)) for name in names]) * (arrays.upper > 0)


def assert_satisfied(encoding, layers, witness, pattern):
    """The network at a point, as values of the encoding's scaled variables, exactly: all rows and bounds hold."""
    found = {f"x_{j}": Fraction(value) for j, value in enumerate(witness)}
    scales = scales_of(encoding)
    for layer, g in enumerate(values(layers, witness)):
        for unit, value in enumerate(g):
            name = f"{layer + 1}_{unit}"
            scale = scales.get(name, 1)
            found |= {f"h_{name}": scale * max(value, 0), f"hbar_{name}": scale * max(-value, 0)}
            found[f"z_{name}"] = Fraction(pattern[layer][unit])
    found["f"] = Fraction(0)
    for variable in encoding.problem.variables():
        low, high = Fraction(variable.lowBound) - UNDERFLOW, Fraction(variable.upBound) + UNDERFLOW
        assert low <= found[variable.name] <= high, variable.name
    for constraint in encoding.problem.constraints():
        terms = [Fraction(value) * found[variable.name] for variable, value in constraint.items()]
        value = sum(terms, Fraction(float(constraint.constant)))
        # Products that are subnormal lose up to 2^-1075 each, far below what the safe bounds allow for underflow.
        error = Fraction(encoding.row_errors.get(constraint.name, 0.0)) + UNDERFLOW
        assert constraint.sense > 0 or value <= error, constraint.name
        assert constraint.sense < 0 or value >= -error, constraint.name


def scales_of(encoding):
    """The power of two by which each unit is scaled: from the bound of its h to that of its pre-activation."""
    uppers = {variable.name: float(variable.upBound) for variable in encoding.problem.variables()}
    result = {}
    for layer, high in enumerate(encoding.bounds.upper):
        for unit, top in enumerate(high.tolist()):
            if top > 0:
                exponents = [math.frexp(value)[1] for value in (uppers[f"h_{layer + 1}_{unit}"], top)]
                result[f"{layer + 1}_{unit}"] = Fraction(2) ** (exponents[0] - exponents[1])
    return result


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cuts", [False, True], ids=["big-M", "strengthened"])
@given(net=st.one_of(tiny_nets(), tiny_nets(weights=awkward)))
@settings(max_examples=25, deadline=None)
def test_every_pattern_satisfies_every_row_exactly(method, cuts, net):
    encoding, _ = encoded(net.network, net.box, method, cuts=cuts)
    for region in pr.regions(net.network, net.box, definition="patterns"):
        assert_satisfied(encoding, net.exact, region.witness, region.pattern)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_on_a_trained_network(method):
    known = npz("A1_2d_16x2")
    network, box = of_known(known)
    encoding, added = encoded(network, box, method, cuts=True)
    assert added > 10
    layers = [([[Fraction(w) for w in row] for row in ws], [Fraction(b) for b in bs]) for ws, bs in known.layers]
    for region in itertools.islice(pr.regions(network, box, definition="patterns"), 0, None, 25):
        assert_satisfied(encoding, layers, region.witness, region.pattern)


@pytest.mark.parametrize("definition", DEFINITIONS)
@given(net=tiny_nets(), method=st.sampled_from(["lp", "milp"]))
@settings(max_examples=40, deadline=None)
def test_the_trees_count_does_not_depend_on_bounds(definition, net, method):
    check = pr.cross_check(net.network, net.box, definition=definition, bounds=method)
    assert check.agree
    assert check.milp.stats["bounds"] == method


@pytest.mark.parametrize(("method", "cuts"), [("interval", True), ("lp", False), ("lp", True), ("milp", False)])
def test_a_solvers_count_does_not_depend_on_the_formulation(method, cuts):
    rng = np.random.default_rng(0)
    shapes = [(4, 2), (3, 4), (1, 3)]
    network = pr.Network.from_arrays(
        [rng.normal(size=shape) for shape in shapes], [0.3 * rng.normal(size=rows) for rows, _ in shapes]
    )
    expected = {region.pattern for region in pr.regions(network, pr.Box(-1, 1), definition="patterns")}
    restriction = Restriction(network, pr.Box(-1, 1))
    box = FloatBox.of(restriction)
    bounds = tightened_bounds(restriction, box, method=method)
    pool = NoGoodPool(restriction, Definition.PATTERNS, solver="cbc", limits=Limits(), bounds=bounds)
    if cuts:
        # The pool solves the encoding's problem.
        assert strengthen(pool._encoding, objective=sum_of_outputs(pool._encoding)) > 0
    found = {restriction.split_pattern(leaf.states) for leaf in pool.leaves()}
    assert pool.finished
    assert found == expected
    assert len(expected) > 8


def test_stable_units_are_dropped():
    """relu(x) + relu(-x) - 1.5 is never positive on [-1, 1], as only tight bounds show; + 0.5 instead always is."""
    network = pr.Network.from_arrays(
        [[[1.0], [-1.0]], [[1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [-1.5, 0.5], [0.0]]
    )
    names = {}
    for method in ("interval", "lp"):
        encoding, _ = encoded(network, pr.Box(-1, 1), method, cuts=False)
        names[method] = {variable.name for variable in encoding.problem.variables()}
        assert len(encoding.z) == 4
    assert names["interval"] - names["lp"] == {"h_2_0", "hbar_2_0"}
    assert "hbar_2_1" not in names["interval"]
    assert [int(units.sum()) for units in pr.unit_bounds(network, pr.Box(-1, 1)).stably_active] == [0, 1]


def test_units_that_are_active_by_next_to_nothing():
    """Positive by 1e-300 in one corner, negative by 1e300 elsewhere: scaled, that bound is 0, yet attained."""
    network = pr.Network.from_arrays([[[-1e300], [1.0]]], [[1e-300, -0.5]], include_output=True)
    restriction = Restriction(network, pr.Box(0, 1))
    bounds = UnitBounds((np.array([-1e300, -0.5]),), (np.array([1e-300, 0.5]),))
    encoding = encode(restriction, bounds=bounds)
    assert [(z.lowBound, z.upBound) for z in encoding.z] == [(0, 1), (0, 1)]
    assert int(pr.count(network, pr.Box(0, 1), method="milp", bounds="milp", definition="patterns")) == 3


@pytest.mark.parametrize("method", ["lp", "milp"])
def test_limits_stop_the_bounds_too(method):
    network, box = of_known(npz("A1_2d_16x2"))
    none = pr.count(network, box, method="milp", bounds=method, max_regions=0)
    assert none.status is pr.Status.BRACKET
    assert (none.lower, none.stats["bounds_stopped"]) == (0, 64)
    assert none.upper >= 478
    some = pr.count(network, box, method="milp", bounds=method, max_regions=20)
    assert (some.lower, some.stats["bounds_stopped"]) == (20, 0)
    assert some.upper >= 478


def test_bounds_are_for_the_milp():
    network, box = of_known(telgarsky(2))
    with pytest.raises(ArgumentError, match="no bounds called 'guess'"):
        pr.count(network, box, method="milp", bounds="guess")
    with pytest.raises(ArgumentError, match="bounds='lp' is for method 'milp'"):
        pr.count(network, box, bounds="lp")


@pytest.mark.parametrize("solver", ["pulp-highs", "cbc"])
def test_no_good_pools_take_bounds(solver):
    network, box = of_known(six_definitions())
    result = pr.count(network, box, method="milp", solver=solver, bounds="milp", definition="patterns")
    assert result.lower == 7
    assert result.stats["bounds"] == "milp"


# ---------------------------------------------------------------------------------------------------------------
# Cuts of a single unit
# ---------------------------------------------------------------------------------------------------------------

numbers = st.sampled_from([0.0, 1.0, -1.0, 0.1, -0.3, 1 / 3, 2.5, -1e-9, 1e-300, 7.1])


@st.composite
def units(draw):
    n = draw(st.integers(1, 4))
    w = np.array(draw(st.lists(numbers, min_size=n, max_size=n)))
    lower = np.array(draw(st.lists(st.sampled_from([-1.0, 0.0, -1 / 3]), min_size=n, max_size=n)))
    upper = lower + np.array(draw(st.lists(st.sampled_from([0.0, 1.0, 0.1, 2.0]), min_size=n, max_size=n)))
    return EncodedUnit("1_0", None, None, [], w, draw(numbers), draw(st.sampled_from([0.0, 1e-12, 0.1]))), lower, upper


@given(drawn=units())
@settings(max_examples=100, deadline=None)
def test_all_cuts_hold_exactly_at_all_corners(drawn):
    """A cut is affine in y for each z, so that the corners of the inputs' box are all that need be tried."""
    unit, lower, upper = drawn
    n = len(lower)
    for chosen in itertools.product([False, True], repeat=n):
        cut = Cut(unit, lower, upper, np.array(chosen))
        for y in itertools.product(*zip(lower.tolist(), upper.tolist(), strict=True)):
            for off_by in (-unit.error, unit.error):
                g = sum(Fraction(w) * Fraction(v) for w, v in zip(unit.coefficients.tolist(), y, strict=True))
                g += Fraction(unit.constant) + Fraction(off_by)
                row = sum(Fraction(c) * Fraction(v) for c, v in zip(cut.coefficients.tolist(), y, strict=True))
                assert row + Fraction(cut.side) >= 0
                assert g <= row + Fraction(cut.factor) + Fraction(cut.side)


@given(drawn=units(), share=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=5, max_size=5))
@settings(max_examples=200, deadline=None)
def test_the_most_violated_cut_is_found(drawn, share):
    unit, lower, upper = drawn
    n = len(lower)
    y, z = lower + np.array(share[:n]) * (upper - lower), share[4]

    def violation(cut, h):
        return h - cut.coefficients @ y - cut.factor * z - cut.side

    cuts = [Cut(unit, lower, upper, np.array(c)) for c in itertools.product([False, True], repeat=n)]
    h = 1.0 - min(violation(cut, 0.0) for cut in cuts)
    best = separate(unit, lower, upper, y, h, z)
    assert best is not None
    assert violation(best, h) == pytest.approx(max(violation(cut, h) for cut in cuts))
    assert separate(unit, lower, upper, y, h - violation(best, h), z) is None


def test_cuts_tighten_the_root():
    rng = np.random.default_rng(3)
    shapes = [(8, 2), (8, 8), (8, 8), (1, 8)]
    network = pr.Network.from_arrays(
        [rng.normal(size=shape) * (2 / shape[1]) ** 0.5 for shape in shapes],
        [0.3 * rng.normal(size=rows) for rows, _ in shapes],
    )
    roots = []
    for cuts in (False, True):
        encoding, added = encoded(network, pr.Box(-1, 1), "interval", cuts=cuts)
        assert bool(added) is cuts
        roots.append(SafeProgram(encoding.arrays()).maximise(sum_of_outputs(encoding)).bound)
    assert roots[1] < 0.97 * roots[0]

"""The float filter is sound on networks made to break it, and settles nearly everything on ordinary ones.

The truth is recomputed in Fractions from the weights and the chart alone (tests/exact/truth.py). Bounds are checked
on the whole box: the difference of two affine forms is affine, so its largest value is known exactly.
"""

import math
from collections import Counter
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from polyregions.definition import Definition
from polyregions.domain import Box
from polyregions.exact import cell as cell_module
from polyregions.exact import filter as filter_module
from polyregions.exact.cell import Cell, LayerForms
from polyregions.exact.filter import FloatBox, upper_bounds
from polyregions.exact.restriction import Restriction
from polyregions.exact.simplex import ExactOptimum
from polyregions.network import Network
from polyregions.splitting.tree import SplittingTree
from tests.exact import adversarial, truth
from tests.reference import brute_force
from tests.strategies import PATTERN_DEFINITIONS

pytestmark = pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")


class Case:
    """A restricted network with the forms of all layers along one pattern, in floats and in Fractions."""

    def __init__(self, network, domain, states):
        self.network = network
        self.restriction = Restriction(network, domain)
        self.box = FloatBox.of(self.restriction)
        self.chart = self.restriction.chart
        self.states = [tuple(s) for s in states]
        self.true = truth.forms_of(network, self.chart, self.states)
        self.forms = [LayerForms.first(self.restriction, self.box)]
        for bits in self.states:
            self.forms.append(self.forms[-1].next(bytes(bits)))

    @classmethod
    def random(cls, seed):
        """Along the pattern of the middle of the domain, or any other."""
        rng = Random(seed)
        network = adversarial.network(rng)
        domain = adversarial.domain(rng, network.input_dimension)
        chart = domain.chart(network.input_dimension)
        middle = [(low + high) / 2 for low, high in zip(chart.lower, chart.upper, strict=True)]
        states = network.pattern(chart.ambient(middle))[:-1]
        if rng.random() < 0.5:
            states = [[rng.randint(0, 1) for _ in layer] for layer in states]
        return cls(network, domain, states)

    def peak(self, form):
        return truth.supremum(form, self.chart.lower, self.chart.upper)

    def units(self):
        """(forms of the layer, unit, its true form), over all layers."""
        for forms, layer in zip(self.forms, self.true, strict=True):
            for unit, form in enumerate(layer):
                yield forms, unit, form


def violations(case, rng, seen):
    """What the filter claims and is false; ``seen`` counts the claims, so that a test knows that there were some."""
    found = []
    points = adversarial.points(rng, case.chart.lower, case.chart.upper, 6)
    signs = {id(f): f.rows.signs(np.array(points)) for f in case.forms} if points else {}
    bounds = {(id(f), sign): upper_bounds(f.rows, case.box, sign) for f in case.forms for sign in (1, -1)}
    for forms, unit, form in case.units():
        rows = forms.rows
        a, c, error, magnitude = rows.a[unit].tolist(), rows.c[unit], rows.error[unit], rows.magnitude[unit]
        if all(map(math.isfinite, (*a, c, error))):
            seen["rows"] += 1
            row = tuple(map(Fraction, a)), Fraction(float(c))
            for sign in (1, -1):
                gap = case.peak(truth.added(truth.scaled(form, sign), truth.scaled(row, -sign)))
                if gap > Fraction(float(error)):
                    found.append(("row", forms.layer, unit))
            reach = [max(abs(low), abs(high)) for low, high in zip(case.chart.lower, case.chart.upper, strict=True)]
            size = sum((abs(x) * r for x, r in zip(row[0], reach, strict=True)), abs(row[1]))
            if math.isfinite(magnitude) and size > Fraction(float(magnitude)):
                found.append(("magnitude", forms.layer, unit))
        for k, point in enumerate(points):
            exact = truth.value(form, [Fraction(x) for x in point])
            for certain in (int(signs[id(forms)][k, unit]), rows.sign(unit, np.array(point))):
                seen["signs"] += 1
                seen["certain signs"] += bool(certain)
                if certain and certain != truth.sign(exact):
                    found.append(("sign", forms.layer, unit, point))
            values, errors = rows.values(np.array(point))
            if math.isfinite(values[unit]) and math.isfinite(errors[unit]):
                seen["values"] += 1
                if abs(Fraction(float(values[unit])) - exact) > Fraction(float(errors[unit])):
                    found.append(("value", forms.layer, unit, point))
        for sign in (1, -1):
            bound = bounds[id(forms), sign][unit]
            if not math.isnan(bound):
                seen["bounds"] += 1
                if bound == -math.inf or (
                    bound < math.inf and Fraction(float(bound)) < case.peak(truth.scaled(form, sign))
                ):
                    found.append(("bound", forms.layer, unit, sign))
    return found


@pytest.mark.parametrize("chunk", range(4))
def test_rows_signs_values_and_bounds_are_sound(chunk):
    seen = Counter()
    for seed in range(chunk * 125, (chunk + 1) * 125):
        assert violations(Case.random(seed), Random(seed), seen) == [], f"seed {seed}"
    assert min(seen[k] for k in ("rows", "signs", "certain signs", "values", "bounds")) > 500


@pytest.mark.slow
def test_rows_signs_values_and_bounds_are_sound_on_many_more():
    for seed in range(1000, 21_000):
        assert violations(Case.random(seed), Random(seed), Counter()) == [], f"seed {seed}"


# ---------------------------------------------------------------------------------------------------------------
# Multipliers
# ---------------------------------------------------------------------------------------------------------------


def float_multipliers(cell, forms, proof):
    """Multipliers of exact rows as multipliers of the float rows, which are not scaled to integers."""

    def scale(row_forms):
        return math.prod(layer.denominator for layer in cell.restriction.layers[: row_forms.layer + 1])

    result = np.zeros(len(cell))
    for i, weight in proof.multipliers.items():
        if i < len(cell):
            exact = weight * scale(cell.rows[i].forms) / scale(forms)
            result[i] = float(exact) if exact < 2**1020 else math.inf
    return result


def falsehoods(case, rng, seen):
    """Proofs by multipliers that the filter accepts and that are none, in exact arithmetic."""
    found = []
    middle = [(low + high) / 2 for low, high in zip(case.chart.lower, case.chart.upper, strict=True)]
    definition = rng.choice(PATTERN_DEFINITIONS)
    cell = Cell(case.restriction, case.box, definition)
    true_rows, units = [], list(case.units())
    for forms, unit, form in units:
        sign = truth.sign(truth.value(form, middle))
        if sign and len(cell) < 3 and rng.random() < 0.5:
            cell.push(forms, unit, sign)
            true_rows.append(truth.scaled(form, sign))
    inside = cell_module.Witness.rational(case.restriction.start)
    for forms, unit, form in units:
        for sign in (1, -1):
            proposals = [np.zeros(len(cell)), np.array([rng.choice([0.0, 0.1, 1.0, 1e9]) for _ in true_rows])]
            if cell.open or sign > 0:
                decided = cell.decide(forms, unit, sign, inside)
                if isinstance(decided, ExactOptimum):
                    proof = float_multipliers(cell, forms, decided)
                    proposals += [proof, proof * (1 + 2.0**-52), proof * rng.choice([0.5, 2.0, -1.0])]
            for proposal in proposals:
                for strictly in (False, True):
                    seen["proposals"] += 1
                    if not cell.excludes_certainly(forms, unit, sign, proposal, strictly=strictly):
                        continue
                    seen["proofs"] += 1
                    total = truth.scaled(form, sign)
                    for weight, row in zip(proposal, true_rows, strict=True):
                        if weight > 0:
                            total = truth.added(total, truth.scaled(row, Fraction(float(weight))))
                    peak = case.peak(total)
                    if peak > 0 or (strictly and peak == 0):
                        found.append((forms.layer, unit, sign, proposal.tolist(), strictly))
                    # The same by a linear program: the form has that sign nowhere in the cell.
                    if rng.random() < 0.1 and (cell.open or sign > 0):
                        seen["linear programs"] += 1
                        if not isinstance(cell.decide(forms, unit, sign, inside), ExactOptimum):
                            found.append(("linear program", forms.layer, unit, sign))
            for poison in (math.nan, math.inf):
                if len(cell):
                    seen["poisoned"] += 1
                    poisoned = np.full(len(cell), poison)
                    if cell.excludes_certainly(forms, unit, sign, poisoned, strictly=False):
                        found.append(("poison", forms.layer, unit, sign, poison))
    return found


@pytest.mark.parametrize("chunk", range(3))
def test_no_falsehood_is_proven_by_multipliers(chunk):
    seen = Counter()
    for seed in range(chunk * 100, (chunk + 1) * 100):
        assert falsehoods(Case.random(seed), Random(seed), seen) == [], f"seed {seed}"
    assert seen["proofs"] > 500
    assert seen["poisoned"] > 200
    assert seen["linear programs"] > 50


@pytest.mark.slow
def test_no_falsehood_is_proven_by_multipliers_on_many_more():
    for seed in range(1000, 11_000):
        assert falsehoods(Case.random(seed), Random(seed), Counter()) == [], f"seed {seed}"


# ---------------------------------------------------------------------------------------------------------------
# Beyond the range of floats
# ---------------------------------------------------------------------------------------------------------------


def one_layer(weights, biases, box):
    return Case(Network.from_arrays([weights, [[1.0] * len(weights)]], [biases, [0.0]]), box, [])


@pytest.mark.parametrize("side", [1, -1])
def test_coefficients_that_overflow_prove_nothing(side):
    """Two rows of -1.7e308 t + 1e298 add up to -inf, but t is so small that their magnitudes stay finite."""
    box = Box(1e-11, 1e-10) if side > 0 else Box(-1e-10, -1e-11)
    case = one_layer([[-side * 1.7e308]] * 2, [1e298] * 2, box)
    cell = Cell(case.restriction, case.box, Definition.REGIONS)
    cell.push(case.forms[0], 0, 1)
    assert not cell.excludes(case.forms[0], 1, 1, {0: Fraction(1)}, strictly=False)
    assert not cell.excludes_certainly(case.forms[0], 1, 1, np.array([1.0]), strictly=False)


def test_huge_weights_are_counted_right():
    """K (-x - y + p), K (-x + y + q) with K = 2^1023: both are positive in a corner that is 1 ulp wide."""
    low, p, q = (float.fromhex(h) for h in ("0x1.c9c44dc967ec3p-4", "0x1.f024deed3bb9ep-3", "-0x1.3304891e9e6d7p-6"))
    k = 2.0**1023
    domain = Box([low, -0.2], [0.2, 0.2])
    case = one_layer([[-k, -k], [-k, k]], [k * p, k * q], domain)
    expected = brute_force.regions(truth.fraction_layers(case.network), case.chart.lower, case.chart.upper)
    leaves = {tuple(leaf.states) for leaf in SplittingTree(case.restriction, Definition.REGIONS).leaves()}
    assert leaves == {layers[0] for layers in expected}


def test_what_floats_cannot_hold_is_left_to_the_exact_path():
    for box, bias in [(Box(0, Fraction(10) ** 400), 0.0), (Box(-1, 1), 1.7e308)]:
        network = Network.from_arrays([[[1e300]], [[1e300]], [[1.0]]], [[bias], [1.0], [0.0]])
        case = Case(network, box, [(1,)])
        assert not case.forms[1].rows.signs(np.array([[0.5], [-0.5], [0.0]])).any()
        assert not (upper_bounds(case.forms[1].rows, case.box, -1) <= 0).any()


def test_points_outside_or_undefined_are_not_certain():
    case = one_layer([[1.0, 1.0]], [5.0], Box(-1, 1))
    for definition in PATTERN_DEFINITIONS:
        cell = Cell(case.restriction, case.box, definition)
        assert not cell.contains_certainly(np.array([math.nan, 0.0]))
        assert not cell.contains_certainly(np.array([1.5, 0.0]))
        assert cell.contains_certainly(np.array([1.0, 0.0])) is (definition is Definition.PATTERNS)
        cell.push(case.forms[0], 0, 1)
        assert cell.contains_certainly(np.array([0.5, 0.0]))
        assert not cell.contains_certainly(np.array([math.nan, 0.0]))
    assert case.forms[0].rows.sign(0, np.array([math.nan, 0.0])) == 0


def test_a_box_that_no_float_bounds_is_rounded_both_ways():
    case = one_layer([[1.0]], [0.0], Box("1/3", "2/3"))
    box = case.box
    assert Fraction(box.lower[0]) < Fraction(1, 3) < Fraction(box.lower_inside[0])
    assert Fraction(box.upper_inside[0]) < Fraction(2, 3) < Fraction(box.upper[0])
    assert not box.holds(box.lower)
    assert box.holds_strictly(box.lower_inside) is False
    assert box.holds(box.lower_inside)


# ---------------------------------------------------------------------------------------------------------------
# The filter decides
# ---------------------------------------------------------------------------------------------------------------


def he_network(seed, widths):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, math.sqrt(2 / n), (m, n)) for n, m in zip(widths, [*widths[1:], 1], strict=True)]
    return Network.from_arrays(weights, [rng.normal(0, 0.1, len(w)) for w in weights])


@pytest.mark.parametrize("widths", [(2, 16, 16, 16), (8, 8, 8, 4), (3, 12, 12, 12, 12, 12), (40, 11, 11, 10)])
def test_nearly_all_signs_of_ordinary_networks_are_certain(widths):
    network = he_network(1, widths)
    restriction = Restriction(network, Box(-1, 1))
    box = FloatBox.of(restriction)
    rng, certain, all_signs = np.random.default_rng(2), 0, 0
    for point in rng.uniform(-1, 1, (60, widths[0])):
        forms = LayerForms.first(restriction, box)
        for layer, states in enumerate(network.pattern(point)):
            signs = forms.rows.signs(point)
            certain += np.count_nonzero(signs)
            all_signs += len(signs)
            spread = upper_bounds(forms.rows, box, 1) + upper_bounds(forms.rows, box, -1)
            centre = 2 * np.abs(forms.rows.a) @ box.radius
            assert (spread - centre <= 1e-7 * forms.rows.magnitude).all(), "the bounds are of no use"
            if layer + 1 < len(network.widths):
                forms = forms.next(bytes(states))
    assert certain > 0.99 * all_signs


def test_nearly_all_proofs_of_ordinary_networks_are_certain():
    """Of the multipliers that prove a unit of one sign in a cell, the filter accepts all but a few."""
    accepted = proofs = 0
    for seed in range(6):
        network = he_network(seed, (3, 8, 8))
        middle = network.pattern([0.25, 0.125, -0.5])
        case = Case(network, Box(-1, 1), middle[:-1])
        cell = Cell(case.restriction, case.box, Definition.REGIONS)
        inside = cell_module.Witness(np.array([0.25, 0.125, -0.5]))
        for unit, state in enumerate(middle[0]):
            cell.push(case.forms[0], unit, 1 if state else -1)
        for unit in range(8):
            for sign in (1, -1):
                decided = cell.decide(case.forms[1], unit, sign, inside)
                if isinstance(decided, ExactOptimum):
                    proofs += 1
                    multipliers = float_multipliers(cell, case.forms[1], decided)
                    accepted += cell.excludes_certainly(case.forms[1], unit, sign, multipliers, strictly=True)
    assert proofs > 10
    assert accepted > 0.9 * proofs


# ---------------------------------------------------------------------------------------------------------------
# The constants are needed: with smaller ones these checks find falsehoods
# ---------------------------------------------------------------------------------------------------------------


def faint():
    """The constant 2^-1074 and a quarter of it, which no float can hold."""
    network = Network.from_arrays([[[0.0]], [[0.25]], [[1.0]]], [[adversarial.SMALLEST], [0.0], [0.0]])
    return Case(network, Box(-1, 1), [(1,)])


def test_without_the_term_for_underflow_a_bound_is_wrong(monkeypatch):
    assert violations(faint(), Random(0), Counter()) == []
    monkeypatch.setattr(filter_module, "TINY", 0.0)
    assert {"row", "bound"} <= {kind for kind, *_ in violations(faint(), Random(0), Counter())}


def near_miss(seed):
    """One unit that is almost 0 at the returned point, a corner of the box: a rounded sum of two products decides."""
    rng = Random(seed)
    point = [rng.uniform(0.5, 1), rng.uniform(0.5, 1)]
    a = [rng.uniform(-2, 2), rng.uniform(-2, 2)]
    c = -float(sum(Fraction(x) * Fraction(w) for x, w in zip(point, a, strict=True)))
    return point, one_layer([a], [c], Box([-1, -1], point))


def false_signs():
    count = 0
    for seed in range(200):
        point, case = near_miss(seed)
        exact = truth.value(case.true[0][0], [Fraction(x) for x in point])
        certain = case.forms[0].rows.sign(0, np.array(point))
        count += bool(certain) and certain != truth.sign(exact)
    return count


def test_a_smaller_unit_roundoff_gives_wrong_signs(monkeypatch):
    assert false_signs() == 0
    monkeypatch.setattr(filter_module, "U", 2.0**-60)
    assert false_signs() > 0


def test_a_smaller_unit_roundoff_gives_wrong_rows(monkeypatch):
    def wrong_rows():
        cases = (Case(he_network(seed, (2, 4, 4, 1)), Box("-1/3", "1/3"), [(1,) * 4, (1,) * 4]) for seed in range(20))
        found = [v for case in cases for v in violations(case, Random(0), Counter())]
        return {layer for kind, layer, *_ in found if kind == "row"}

    assert wrong_rows() == set()
    monkeypatch.setattr(filter_module, "U", 2.0**-60)
    assert wrong_rows() >= {1}


def false_proofs():
    """Whether unit 1 is said to be nowhere positive where unit 0 is not negative; the true maximum is just above 0."""
    count = 0
    for seed in range(300):
        rng = Random(seed)
        low, p = rng.uniform(0.1, 0.15), rng.uniform(0.15, 0.25)
        first, weight = [-rng.uniform(0.5, 1), -1.0], rng.uniform(0.5, 1)
        second = [-rng.uniform(0.5, 1), weight]
        # The multiplier ``weight`` takes the second coordinate out; the first is at its lower bound.
        rest = Fraction(second[0]) * Fraction(low) + Fraction(weight) * (
            Fraction(first[0]) * Fraction(low) + Fraction(p)
        )
        q = -float(rest)
        if Fraction(q) + rest <= 0:
            q = math.nextafter(q, math.inf)
        case = one_layer([first, second], [p, q], Box([low, -1], [1, 1]))
        cell = Cell(case.restriction, case.box, Definition.REGIONS)
        cell.push(case.forms[0], 0, 1)
        assert not cell.excludes(case.forms[0], 1, 1, {0: Fraction(weight)}, strictly=False)
        count += cell.excludes_certainly(case.forms[0], 1, 1, np.array([weight]), strictly=False)
    return count


def test_a_smaller_unit_roundoff_gives_wrong_proofs(monkeypatch):
    assert false_proofs() == 0
    monkeypatch.setattr(cell_module, "U", 2.0**-60)
    assert false_proofs() > 0

"""The exact predicates on cells, against Fourier-Motzkin elimination and arithmetic in Fractions."""

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from polyregions.definition import Definition
from polyregions.domain import Box, Plane, Segment
from polyregions.exact.arithmetic import get_arithmetic
from polyregions.exact.cell import Cell, LayerForms, Witness
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import ExactPoint, Restriction
from polyregions.exact.simplex import BasisHint, ExactOptimum, Verdict
from polyregions.network import Network
from tests.exact import truth
from tests.reference import brute_force
from tests.strategies import PATTERN_DEFINITIONS

REGIONS, PATTERNS = Definition.REGIONS, Definition.PATTERNS


class Scene:
    """A cell of a tiny integer network around a point of it, and the same rows as true forms with their signs."""

    def __init__(self, seed, definition, arithmetic="flint"):
        self.rng = rng = Random(seed)
        inputs, self.definition = rng.randint(1, 3), definition
        widths = [rng.randint(1, 3) for _ in range(rng.randint(1, 2))]
        sizes = [inputs, *widths, 1]

        def numbers(count):
            return [float(rng.choice([-2, -1, -1, 0, 0, 1, 1, 2, 0.1])) for _ in range(count)]

        pairs = list(pairwise(sizes))
        network = Network.from_arrays(
            [[numbers(n) for _ in range(m)] for n, m in pairs], [numbers(m) for _, m in pairs]
        )
        self.r = Restriction(network, self._domain(inputs), get_arithmetic(arithmetic))
        self.chart = self.r.chart
        box = FloatBox.of(self.r)
        self.point = self._point()
        states = network.pattern(self.chart.ambient(self.point))[:-1]
        self.true = truth.forms_of(network, self.chart, states)
        self.forms = [LayerForms.first(self.r, box)]
        for bits in states:
            self.forms.append(self.forms[-1].next(bytes(bits)))
        self.cell, self.rows = Cell(self.r, box, definition), []
        for forms, layer in zip(self.forms, self.true, strict=True):
            for unit, form in enumerate(layer):
                sign = truth.sign(truth.value(form, self.point))
                if definition is PATTERNS and sign == 0:
                    sign = -1
                if sign and rng.random() < 0.6:
                    self.cell.push(forms, unit, sign)
                    self.rows.append((form, sign))
        self.inside = Witness.rational(ExactPoint.of(self.point))

    def _domain(self, inputs):
        kind = self.rng.randrange(4)
        if kind == 0:
            return Segment([Fraction(-1, 3)] * inputs, [Fraction(k + 1, 2) for k in range(inputs)])
        if kind == 1 and inputs > 1:
            tail = [Fraction(1, 7)] * (inputs - 2)
            return Plane([-1] * inputs, [2, 0, *tail], [0, 2, *tail])
        return Box(-1, "2/3") if kind == 2 else Box(-1, 1)

    def _point(self):
        """Of the domain; for REGIONS of its interior, for PATTERNS often on hyperplanes and the boundary."""
        shares = range(1, 6) if self.definition is REGIONS else (0, 3, 3, 6, 2)
        return [
            low + Fraction(self.rng.choice(shares), 6) * (high - low)
            for low, high in zip(self.chart.lower, self.chart.upper, strict=True)
        ]

    def queries(self):
        for forms, layer in zip(self.forms, self.true, strict=True):
            for unit, form in enumerate(layer):
                yield from ((forms, unit, form, sign) for sign in (1, -1))

    def system(self, form=None, sign=0):
        """The cell, and that the form has the sign, as (strict, weak) rows of brute_force."""
        strict, weak = [], []
        units = [(a, c) for a, c in brute_force.identity(self.chart.dimension)]
        bounds = [
            ((tuple(-x for x in a), low), (a, -high)) for (a, _), low, high in zip(units, *self._box(), strict=True)
        ]
        sides = [side for pair in bounds for side in pair]  # each at most 0
        if self.definition is REGIONS:
            strict += [truth.scaled(side, -1) for side in sides]
        else:
            weak += sides
        for row, row_sign in [*self.rows, *([(form, sign)] if sign else [])]:
            if self.definition is REGIONS or row_sign > 0:
                strict.append(truth.scaled(row, row_sign))
            else:
                weak.append(row)
        return strict, weak

    def _box(self):
        return self.chart.lower, self.chart.upper

    def holds(self, point, form=None, sign=0):
        strict, weak = self.system(form, sign)
        return all(truth.value(f, point) > 0 for f in strict) and all(truth.value(f, point) <= 0 for f in weak)

    def hint(self):
        """None, or any basis."""
        m, n = len(self.cell), self.chart.dimension
        if self.rng.random() < 0.5:
            return None
        size = self.rng.randint(0, min(m, n))
        return BasisHint(tuple(self.rng.sample(range(m), size)), tuple(self.rng.sample(range(n), size)))

    def bound(self, form, sign, multipliers):
        """The largest value over the box of the form and the rows, in Fractions from the true forms.

        Multipliers are those of the integer rows, whose scales are recovered from any non-zero entry.
        """
        total = truth.scaled(form, sign * self.scale(form))
        for i, weight in multipliers.items():
            row, row_sign = self.rows[i]
            total = truth.added(total, truth.scaled(row, row_sign * weight * self.scale(row)))
        return truth.supremum(total, *self._box())

    def scale(self, form):
        """The positive number by which the engine's integers exceed the true form."""
        scale = 1
        for layer, forms in enumerate(self.true):
            scale *= self.r.layers[layer].denominator
            if any(form is other for other in forms):
                return scale
        raise ValueError("not a form of this scene")


def both(test):
    return pytest.mark.parametrize("definition", PATTERN_DEFINITIONS, ids=lambda d: d.value)(test)


def proves(bound, strictly):
    return bound < 0 if strictly else bound <= 0


@pytest.mark.parametrize("arithmetic", ["flint", "fractions"])
@both
def test_decisions_are_those_of_elimination(definition, arithmetic):
    seen = Counter()
    for seed in range(250 if arithmetic == "flint" else 100):
        scene = Scene(seed, definition, arithmetic)
        assert scene.holds(scene.point)
        for forms, unit, form, sign in scene.queries():
            decided = scene.cell.decide(forms, unit, sign, scene.inside, scene.hint())
            expected = brute_force.feasible(*scene.system(form, sign))
            assert isinstance(decided, Witness) == expected, f"seed {seed}, layer {forms.layer}, unit {unit}, {sign:+}"
            seen[expected] += 1
            if isinstance(decided, Witness):
                point = decided.point.coordinates()
                assert scene.holds(point, form, sign)
                assert scene.cell.contains(decided.point)
    assert min(seen[True], seen[False]) > 100


@both
def test_multipliers_are_proofs_and_altered_ones_are_judged_anew(definition):
    """``excludes`` agrees with Fractions on the multipliers of ``decide`` and on alterations of them."""
    seen = Counter()
    for seed in range(300):
        scene = Scene(seed, definition)
        for forms, unit, form, sign in scene.queries():
            strictly = not (scene.cell.open or sign > 0)
            proof = scene.cell.decide(forms, unit, sign, scene.inside)
            if not isinstance(proof, ExactOptimum):
                continue
            multipliers = proof.multipliers
            if strictly and proof.verdict is Verdict.NOT_POSITIVE:
                # Nowhere positive, and negative wherever the strict rows that take part hold.
                seen["ties"] += 1
                bound = scene.bound(form, sign, multipliers)
                strict_rows = [i for i, weight in multipliers.items() if weight > 0 and scene.cell.rows[i].strict]
                assert bound < 0 or (bound == 0 and strict_rows)
                continue
            assert scene.cell.excludes(forms, unit, sign, multipliers, strictly=strictly), f"seed {seed}"
            assert proves(scene.bound(form, sign, multipliers), strictly)
            altered = [{i: factor * w for i, w in multipliers.items()} for factor in (Fraction(1, 2), 3, 0)]
            altered += [{i: w for i, w in multipliers.items() if i != dropped} for dropped in multipliers]
            altered += [{**multipliers, i: multipliers.get(i, Fraction(0)) + 1} for i in range(len(scene.cell))]
            for change in altered:
                accepted = scene.cell.excludes(forms, unit, sign, change, strictly=strictly)
                assert accepted == proves(scene.bound(form, sign, change), strictly)
                seen["accepted" if accepted else "rejected"] += 1
            for i, weight in multipliers.items():
                assert not scene.cell.excludes(forms, unit, sign, {**multipliers, i: -weight}, strictly=strictly)
                seen["negated"] += 1
            if strictly is False and scene.bound(form, sign, multipliers) == 0:
                assert not scene.cell.excludes(forms, unit, sign, multipliers, strictly=True)
                seen["not strictly"] += 1
    assert min(seen["accepted"], seen["rejected"], seen["negated"], seen["not strictly"]) > 50
    assert (seen["ties"] > 0) == (definition is PATTERNS)


def test_a_tie_is_decided_by_the_rows_that_hold_strictly():
    """Patterns: where x > 0 and y <= 0, x - y <= 0 holds at no point, though at (0, 0) of the closure."""
    network = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]], [[1.0] * 3]], [[0.0] * 3, [0.0]])
    restriction = Restriction(network, Box(-1, 1))
    box = FloatBox.of(restriction)
    forms = LayerForms.first(restriction, box)
    cell = Cell(restriction, box, PATTERNS)
    cell.push(forms, 1, -1)
    at_zero = cell.decide(forms, 2, -1, Witness(np.array([0.0, 0.0])))
    assert isinstance(at_zero, Witness)
    cell.push(forms, 0, 1)
    inside = Witness(np.array([0.5, -0.5]))
    proof = cell.decide(forms, 2, -1, inside)
    assert isinstance(proof, ExactOptimum)
    assert proof.verdict is Verdict.NOT_POSITIVE
    # Together with these rows, one of them strict, the queried one is nowhere positive.
    *a, c = (-int(v) for v in forms.exact(2))
    total = (tuple(map(Fraction, a)), Fraction(c))
    for i, weight in proof.multipliers.items():
        assert weight > 0
        *a, c = map(int, cell.exact_row(i))
        total = truth.added(total, truth.scaled((tuple(a), c), weight))
    assert truth.supremum(total, restriction.chart.lower, restriction.chart.upper) == 0
    assert proof.multipliers[1] > 0


@both
def test_containment_is_exact(definition):
    seen = Counter()
    for seed in range(300):
        scene = Scene(seed, definition)
        rng = Random(seed)
        for _ in range(6):
            shares = [Fraction(rng.randint(-1, 7), 6) for _ in range(scene.chart.dimension)]
            point = [low + s * (high - low) for s, low, high in zip(shares, *scene._box(), strict=True)]
            expected = scene.holds(point)
            assert scene.cell.contains(ExactPoint.of(point)) == expected
            seen[expected] += 1
            witness = Witness.rational(ExactPoint.of(point))
            assert list(witness.point.coordinates()) == point
            if scene.cell.contains_certainly(witness.x):
                assert scene.holds([Fraction(x) for x in witness.x.tolist()])
                seen["certain"] += 1
    assert min(seen[True], seen[False], seen["certain"]) > 100


@both
def test_signs_are_exact(definition):
    """At float points, at rational ones, and on hyperplanes, where the filter can't tell."""
    for seed in range(150):
        scene = Scene(seed, definition)
        for forms, layer in zip(scene.forms, scene.true, strict=True):
            signs = forms.signs(scene.inside, scene.cell.counts)
            assert signs.tolist() == [truth.sign(truth.value(form, scene.point)) for form in layer]


def test_rows_are_a_stack():
    scene = Scene(3, REGIONS)
    cell, forms = scene.cell, scene.forms[0]
    cell.truncate(0)
    for k in range(40):
        cell.push(forms, 0, 1 if k % 2 else -1)
    assert len(cell) == 40
    assert (cell.a[1::2] == forms.rows.a[0]).all()
    assert (cell.c[::2] == -forms.rows.c[0]).all()
    cell.truncate(3)
    assert len(cell) == len(cell.a) == len(cell.c) == 3
    assert cell.exact_row(0) == [-v for v in cell.exact_row(1)] == cell.exact_row(2)


def test_a_witness_that_no_float_is_stays_rational():
    third = Witness.rational(ExactPoint((1, 2), 3))
    assert not third.is_float
    assert third.point.coordinates() == (Fraction(1, 3), Fraction(2, 3))
    assert Witness.rational(ExactPoint((1, 2), 4)).is_float
    assert not Witness.rational(ExactPoint((10**400,), 1)).is_float
    assert not Witness.rational(ExactPoint((1,), 10**400)).is_float


def test_forms_with_large_errors_are_replaced_by_exact_ones_rounded():
    """1e12 (x + y) - 1e12 (x + y + 2^-30): the float row is all cancellation, the kept one is right to the last bit."""
    first = [[1.0, 1.0], [1.0, 1.0]]
    second = [[1e12, -1e12 * (1 + 2.0**-52)]]
    network = Network.from_arrays([first, second, [[1.0]]], [[3.0, 3.0 + 2.0**-30], [0.0], [0.0]])
    restriction = Restriction(network, Box(-1, 1))
    box = FloatBox.of(restriction)
    forms = LayerForms.first(restriction, box).next(b"\1\1")
    (true,) = truth.forms_of(network, restriction.chart, [(1, 1)])[1]
    assert forms.rows.a[0].tolist() == [float(a) for a in true[0]]
    assert forms.rows.c[0] == float(true[1])
    assert forms.rows.error[0] <= 2.0**-50 * forms.rows.magnitude[0]

"""Tableau cells with forms over the first layer's units: the same counts, and bounds that hold in rational numbers."""

import math
import operator
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.certificate.writer import Recorder
from polyregions.definition import Definition
from polyregions.exact.filter import FloatBox, FloatRows
from polyregions.exact.restriction import Restriction
from polyregions.splitting import image_kernel
from polyregions.splitting.image_kernel import image_excludes, to_image
from polyregions.splitting.image_state import Small, exact_rows, first_image_rows, image_box, new_image
from polyregions.splitting.tableau_cells import TableauTree
from polyregions.splitting.tableau_kernel import ratio_test
from polyregions.splitting.tableau_state import (
    ColumnRow,
    Counter,
    NameRow,
    PathColumn,
    new_forms,
    new_problem,
    new_tableau,
    put_rows,
)
from tests.reference import brute_force
from tests.strategies import TinyNet, awkward, integers

DEFINITIONS = [Definition.PATTERNS, Definition.REGIONS]
both = pytest.mark.parametrize("definition", DEFINITIONS)
TINY, SMALL, HUGE = 5e-324, 2.0**-1022, 1e300
extreme = st.sampled_from([0.0, 1.0, -1.0, TINY, SMALL, -1e-300, 1e-290, 1e160, HUGE, -HUGE, 3.0])


def flat(*layers):
    """A network on [-1, 1]^d."""
    d = len(layers[0][0][0])
    return TinyNet(list(layers), [Fraction(-1)] * d, [Fraction(1)] * d)


@st.composite
def narrow_nets(draw, weights=integers, max_inputs=4, max_first=2, max_layers=3, max_width=3):
    """Networks whose first layer is narrower than the input."""
    d = draw(st.integers(2, max_inputs))
    widths = [draw(st.integers(1, min(max_first, d - 1)))]
    widths += draw(st.lists(st.integers(1, max_width), max_size=max_layers - 1))
    layers, before = [], d
    for width in widths:
        w = draw(st.lists(st.lists(weights, min_size=before, max_size=before), min_size=width, max_size=width))
        b = draw(st.lists(st.one_of(st.just(0.0), weights), min_size=width, max_size=width))
        layers.append((w, b))
        before = width
    middle = [Fraction(v) for v in draw(st.lists(st.sampled_from([0, 0.1, -1]), min_size=d, max_size=d))]
    radius = [
        Fraction(v) for v in draw(st.lists(st.sampled_from([1, 1, Fraction(1, 3), 2.0**-60]), min_size=d, max_size=d))
    ]
    return TinyNet(
        layers,
        [m - r for m, r in zip(middle, radius, strict=True)],
        [m + r for m, r in zip(middle, radius, strict=True)],
    )


def tree_of(net, definition, **options):
    return TableauTree(Restriction(net.network, net.box), definition, **options)


def expected(net, definition):
    oracle = brute_force.regions if definition is Definition.REGIONS else brute_force.patterns
    return oracle(net.exact, net.lower, net.upper)


# -- counts --------------------------------------------------------------------------------------------------------

#: A form that is 0 on a cell has no linear program; the program before was over a deeper cell with more rows.
ZERO_FORM = flat(([[0.0, 1.0]], [0.0]), ([[2.0]], [-1.0]), ([[2.0]], [0.0]))
UNDERFLOW = flat(([[2.0, -1e-300]], [1e-300]), ([[1.0], [1e-300], [-1.0]], [-1.0, 0.0, 1.0]))


@both
@given(net=narrow_nets(weights=st.one_of(integers, awkward, extreme)), doubt=st.sampled_from([0.0, 0.0, 0.3, 1.0]))
@example(net=ZERO_FORM, doubt=0.0)
@example(net=UNDERFLOW, doubt=0.0)
@settings(max_examples=200, deadline=None)
def test_brute_force(net, definition, doubt):
    tree = tree_of(net, definition, doubt=doubt)
    found = []
    for leaf in tree.leaves():
        pattern = tree.restriction.split_pattern(leaf.states)
        point = tree.restriction.chart.ambient(leaf.witness.point.coordinates())
        assert net.network.pattern(point) == pattern
        inside = operator.lt if definition is Definition.REGIONS else operator.le
        assert all(inside(low, v) and inside(v, high) for low, v, high in zip(net.lower, point, net.upper, strict=True))
        found.append(pattern)
    assert len(found) == len(set(found))
    assert set(found) == expected(net, definition)
    assert (tree.finished, tree.proven, tree.open_bound()) == (True, True, 0)


@both
@given(net=narrow_nets(weights=st.one_of(integers, awkward)), doubt=st.sampled_from([0.0, 0.3]))
@example(net=ZERO_FORM, doubt=0.0)
@settings(max_examples=60, deadline=None)
def test_certificates(net, definition, doubt, tmp_path_factory):
    path = tmp_path_factory.mktemp("certificates") / "cert"
    recorder = Recorder(path, net.network, net.box, definition)
    recorder.open()
    tree = tree_of(net, definition, doubt=doubt, recorder=recorder)
    tree.explore()
    assert recorder.close(complete=tree.finished)
    result = pr.verify(path, net.network, domain=net.box)
    assert result.valid, result.reason
    assert (result.count, result.scope) == (len(expected(net, definition)), "both")


def random_net(seed, shapes, factor=1.0):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=shape) * (factor / shape[1]) ** 0.5 for shape in shapes]
    return pr.Network.from_arrays(weights, [rng.normal(size=n) / 4 for n, _ in shapes], include_output=True)


@pytest.mark.parametrize(
    "domain", [pr.Plane([0, 0, 0], [1, 0, "1/3"], [0, 1, 1]), pr.Box(["-1/3", 0.1, "1/7"], ["1/3", 1, "1/7"])], ids=repr
)
@both
def test_proper_charts(domain, definition):
    restriction = Restriction(random_net(13, [(1, 3), (6, 1), (5, 6)], 4.0), domain)
    tree = TableauTree(restriction, definition)
    assert tree._image is not None
    tree.explore()
    assert tree.found == int(pr.count(restriction.network, domain, cells="lp", definition=definition.value)) > 5


@pytest.mark.parametrize("recorded", ["kept", "cleared", "rubbish"])
def test_bases_of_other_programs_change_no_count(recorded):
    """Whatever basis a program starts from, it only proposes."""
    network = random_net(2, [(4, 6), (6, 4), (6, 6)], 4.0)
    tree = TableauTree(Restriction(network, pr.Box(-1, 1)), Definition.REGIONS)
    rng = np.random.default_rng(5)
    last = tree._image.last
    while not tree.finished:
        tree.explore(at_most=tree.found + 3)
        if recorded == "cleared":
            last[...] = 0
        elif recorded == "rubbish":
            last[..., 0] = rng.integers(0, 5, last.shape[:-1])
            last[..., 1::3] = rng.integers(0, 16, last[..., 1::3].shape)
            codes = ((tree._path[:, 0] << 32) + tree._path[:, 1]) * 2 + (tree._path[:, 2] > 0)
            last[..., 2::3] = codes[last[..., 1::3]]
            last[..., 3::3] = rng.integers(0, 6, last[..., 3::3].shape)
    assert tree.found == int(pr.count(network, pr.Box(-1, 1), cells="lp")) > 100


def test_exact_rows_over_the_first_layer(monkeypatch):
    """In deep networks rows are replaced by correctly rounded ones, whose errors hold at computed y."""
    network = random_net(3, [(2, 3), (5, 2), *[(5, 5)] * 10], 2.0)
    # Layers of nearly equal units, each followed by one that takes their differences, and no constants to hide it.
    weights = list(network.weights)
    for layer in range(2, len(weights), 2):
        weights[layer] = np.abs(weights[layer][:1]) + 1e-9 * weights[layer]
        if layer + 1 < len(weights):
            weights[layer + 1] = weights[layer + 1] - weights[layer + 1].mean(axis=1, keepdims=True)
    biases = [b if layer == 0 else 0.0 * b for layer, b in enumerate(network.biases)]
    network = pr.Network.from_arrays(weights, biases, include_output=True)
    box = pr.Box(["-1/3"] * 3, ["2/7"] * 3)
    rng = np.random.default_rng(1)
    calls = []
    rounded = TableauTree._rounded_rows

    def checked(tree, layer):
        rows = rounded(tree, layer)
        forms, free = tree._layer_forms(layer), int(tree._counters[Counter.POINTS])
        x = tree._box.lower_inside + (tree._box.upper_inside - tree._box.lower_inside) * rng.random(3)
        tree._put_point(free, x)
        y = [Fraction(v) for v in tree._points.x[free, :2].tolist()]
        for unit in range(len(rows)):
            exact = [Fraction(int(v), forms.scale) for v in forms.exact(unit)]
            value = sum((a * Fraction(t) for a, t in zip(exact[:-1], x.tolist(), strict=True)), exact[-1])
            row = [Fraction(v) for v in (*rows.a[unit].tolist(), float(rows.c[unit]))]
            computed = sum((a * v for a, v in zip(row[:-1], y, strict=True)), row[-1])
            assert abs(computed - value) <= Fraction(float(rows.error[unit]))
        calls.append(layer)
        return rows

    monkeypatch.setattr(TableauTree, "_rounded_rows", checked)
    tree = TableauTree(Restriction(network, box), Definition.REGIONS)
    tree.explore()
    assert calls
    assert tree.found == int(pr.count(network, box, cells="lp")) > 10


def test_errors_of_exact_rows_where_y_cancels():
    """y is small on all of a thin box, and its error is not."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        first = rng.normal(size=(2, 5))
        network = pr.Network.from_arrays(
            [first, rng.normal(size=(3, 2))], [-first.sum(axis=1) / 3, np.zeros(3)], include_output=True
        )
        m = map_of(network, pr.Box(Fraction(1, 3), Fraction(1, 3) + Fraction(1, 2**30)))
        scale = math.prod(layer.denominator for layer in m.restriction.layers)
        rows = exact_rows(m.restriction, m.box, m.target, 1, b"\1\1", scale)
        x = m.box.lower_inside + (m.box.upper_inside - m.box.lower_inside) * rng.random(5)
        m.image.points[0, :5] = x
        y = np.zeros((1, m.image.weights.shape[0]))
        to_image(m.image, y, 0)
        exact = exact_y(m.restriction, [Fraction(v) for v in x.tolist()])
        for unit, weights in enumerate(network.weights[1].tolist()):
            value = sum((Fraction(w) * v for w, v in zip(weights, exact, strict=True)), Fraction(0))
            row = [Fraction(v) for v in (*rows.a[unit].tolist(), float(rows.c[unit]))]
            computed = sum((a * Fraction(v) for a, v in zip(row[:-1], y[0, :2].tolist(), strict=True)), row[-1])
            assert abs(computed - value) <= Fraction(float(rows.error[unit])) < Fraction(1, 2**40)


# -- bounds --------------------------------------------------------------------------------------------------------


def map_of(net_or_network, domain):
    """The first layer as a map, with its float arrays."""
    restriction = Restriction(net_or_network, domain)
    box = FloatBox.of(restriction)
    target = image_box(restriction, box)
    return SimpleNamespace(
        restriction=restriction,
        box=box,
        target=target,
        errors=first_image_rows(restriction, box, target).error,
        image=new_image(restriction, box, target, points=1, rows=8),
    )


def exact_y(restriction, t):
    """The first layer's forms at a point of the chart, as fractions."""
    layer = restriction.layers[0]
    return [
        (sum((w * v for w, v in zip(row, t, strict=True)), Fraction(0)) + bias) / layer.denominator
        for row, bias in zip(layer.weights, layer.biases, strict=True)
    ]


@given(
    net=narrow_nets(weights=st.one_of(awkward, extreme, st.floats(-2, 2)), max_inputs=7, max_layers=1), data=st.data()
)
@settings(max_examples=200, deadline=None)
def test_errors_of_the_image_of_a_point(net, data):
    with np.errstate(all="ignore"):
        m = map_of(net.network, net.box)
    share = data.draw(st.lists(st.floats(0, 1), min_size=len(net.lower), max_size=len(net.lower)))
    x = np.clip(m.box.lower + (m.box.upper - m.box.lower) * share, m.box.lower_inside, m.box.upper_inside)
    if not m.box.holds(x):
        return
    m.image.points[0, : len(x)] = x
    y = np.zeros((1, m.image.weights.shape[0]))
    to_image(m.image, y, 0)
    for c, exact in enumerate(exact_y(m.restriction, [Fraction(v) for v in x.tolist()])):
        error, lower, upper = m.errors[c], m.target.lower[c], m.target.upper[c]
        if not (np.isfinite(error) and np.isfinite(lower) and np.isfinite(upper)):
            continue
        assert abs(exact - Fraction(float(y[0, c]))) <= Fraction(float(error))
        for value in (exact, Fraction(float(y[0, c]))):
            assert Fraction(float(lower)) <= value <= Fraction(float(upper))
            assert abs(value) <= Fraction(float(m.target.radius[c]))


def supremum(restriction, a, c):
    """Of a . y + c over the domain's box, in fractions."""
    layer = restriction.layers[0]
    total = c + sum(
        (v * Fraction(bias, layer.denominator) for v, bias in zip(a, layer.biases, strict=True)), Fraction(0)
    )
    for j in range(restriction.dimension):
        slope = sum(
            (v * Fraction(row[j], layer.denominator) for v, row in zip(a, layer.weights, strict=True)), Fraction(0)
        )
        total += max(slope * restriction.lower[j], slope * restriction.upper[j]) / restriction.scale
    return total


class Question:
    """Forms over a random first layer, multipliers, and the exact supremum of what they prove, near zero."""

    def __init__(self, seed, kind, domain):
        rng = np.random.default_rng(seed)
        d, n, many = int(rng.integers(2, 8)), 1, int(rng.integers(0, 5))
        if domain == "plane":
            d, ambient = 2, 3
            where = pr.Plane([0, "1/7", 0], [1, 0, "1/3"], ["-1/9", 1, 1])
        else:
            n, ambient = int(rng.integers(1, d)), d
            where = pr.Box([Fraction(-1, 3)] * d, [Fraction(int(v), 7) for v in rng.integers(1, 9, d)])
        if kind == "thin":
            where = pr.Box(Fraction(1, 3), Fraction(1, 3) + Fraction(1, 2**30))
            d = ambient

        def numbers(*shape):
            if kind in ("normal", "thin"):
                return rng.normal(size=shape)
            if kind == "spread":
                return rng.normal(size=shape) * 10.0 ** rng.integers(-9, 9, shape)
            return rng.choice([0.1, -0.1, 0.3, 1 / 3, -1.0, 1.0 + 2**-52, 0.0], shape)

        first = numbers(n, ambient)
        # A thin domain next to y = 0: what cancels on the way from x to y is much larger than y.
        biases = -first.sum(axis=1) / 3 if kind == "thin" else numbers(n)
        network = pr.Network.from_arrays([first], [biases], include_output=True)
        self.m = m = map_of(network, where)
        self.sign, self.many = int(rng.choice([-1, 1])), many
        self.problem = new_problem(m.restriction, m.target, is_open=True, certified=True, doubt=0.0, record=False)
        self.forms = new_forms(1, many + 1, n)
        a, c = numbers(many + 1, n), numbers(many + 1)
        errors = np.abs(numbers(many + 1)) * rng.choice([0.0, 1e-16, 1e-10])
        self.path = np.zeros((8, PathColumn.LENGTH), dtype=np.int64)
        self.path[:many, PathColumn.UNIT] = 1 + np.arange(many)
        self.path[:many, PathColumn.SIGN] = rng.choice([-1, 1], many)
        self.tableau = new_tableau(8, n)
        weights = np.abs(numbers(many))
        self.tableau.names[NameRow.MULTIPLIER, :many] = rng.permutation(many)
        self.tableau.column[ColumnRow.WEIGHT, :many] = weights
        self.a, self.c, self.errors = a, c, errors
        # The signed form's constant puts the supremum next to zero, and more often above.
        c[0] = 0.0
        c[0] = -self.sign * float(self.exact())
        for _ in range(int(rng.integers(0, 3))):
            c[0] = np.nextafter(c[0], self.sign * np.inf)

    def exact(self):
        order = self.tableau.names[NameRow.MULTIPLIER, : self.many].tolist()
        terms = [(0, Fraction(self.sign))]
        for i, weight in zip(order, self.tableau.column[ColumnRow.WEIGHT, : self.many].tolist(), strict=True):
            terms.append((1 + i, Fraction(weight) * int(self.path[i, PathColumn.SIGN])))
        n = self.a.shape[1]
        a = [sum((w * Fraction(float(self.a[f, k])) for f, w in terms), Fraction(0)) for k in range(n)]
        c = sum((w * Fraction(float(self.c[f])) for f, w in terms), Fraction(0))
        error = sum((abs(w) * Fraction(float(self.errors[f])) for f, w in terms), Fraction(0))
        return supremum(self.m.restriction, a, c) + error

    def claim(self, function=image_excludes):
        rows = FloatRows.exact(self.a, self.c, self.m.target)
        put_rows(self.forms, 0, FloatRows(rows.a, rows.c, self.errors, rows.magnitude, rows.tiny))
        return function(
            self.problem.constants, self.forms.a, self.forms.numbers, self.path, self.tableau.column,
            self.tableau.names, self.m.image, 0, 0, self.sign, self.many, self.many,
        )  # fmt: skip


KINDS = ["normal", "spread", "few bits", "thin"]


@pytest.mark.parametrize("domain", ["box", "plane"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_multipliers_prove_is_true(kind, domain):
    claims = 0
    for seed in range(150):
        question = Question(seed, kind, domain)
        sup = question.exact()
        if question.claim():
            assert sup <= 0
        # Away from zero by more than the bound's error, all is proven.
        question.c[0] -= question.sign * 1e-9 * max(1.0, abs(question.c[0]))
        if kind != "spread":
            claims += question.claim()
            assert question.exact() < 0
    assert kind == "spread" or claims == 150


def test_without_its_error_terms_the_bound_is_false(monkeypatch):
    """The questions above are close enough to tell."""
    monkeypatch.setattr(image_kernel, "U", 0.0)
    false = 0
    for seed in range(100):
        question = Question(seed, "normal", "plane")
        question.m.image.small[Small.SUPPORT] = 0.0
        false += bool(question.claim(image_excludes.py_func)) and question.exact() > 0
    assert false > 5


@pytest.mark.parametrize("weight", [np.inf, np.nan, 1e300])
def test_overflow_proves_nothing(weight):
    question = Question(1, "normal", "box")
    assert question.many
    question.tableau.column[ColumnRow.WEIGHT, : question.many] = weight
    assert not question.claim()


# -- the ratio test ------------------------------------------------------------------------------------------------


def slow_ratio_test(t, reduced, at, upper, direction, violation):
    """The same by sorting: the ratio of the column that enters, None if none does."""
    entries = direction * t * (1 - 2 * at)
    able = [j for j in range(len(t)) if entries[j] > 1e-9 and abs(reduced[j]) / entries[j] < 1e300]
    order = sorted(able, key=lambda j: abs(reduced[j]) / entries[j])
    slope = violation
    for j in order:
        slope -= min(abs(t[j]) * upper[j], 1e300)
        if slope <= 0:
            return abs(reduced[j]) / entries[j]
    return None


@given(data=st.data(), n=st.sampled_from([4, 8, 16, 40, 96]))
@settings(max_examples=300, deadline=None)
def test_ratios(data, n):
    # Integers, so that no sum of steps is rounded and their order plays no part.
    seed, many = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.sampled_from([1, 2, 5, 1000]))
    rng = np.random.default_rng(seed)
    t = rng.integers(-3, 4, n).astype(float)
    reduced = rng.integers(-many, many + 1, n).astype(float)
    at, upper = rng.integers(0, 2, n).astype(float), rng.choice([1.0, 1.0, 1.0, np.inf], n)
    if data.draw(st.booleans()):
        upper[:] = 1.0
    direction, violation = float(rng.choice([-1, 1])), float(rng.integers(1, 2 * n)) - 0.5
    column, names = np.zeros((ColumnRow.LENGTH, n)), np.zeros((NameRow.LENGTH, n), dtype=np.int64)
    column[ColumnRow.REDUCED], column[ColumnRow.AT], column[ColumnRow.UPPER] = reduced, at, upper
    q, first = ratio_test(t[None].copy(), column, names, 0, direction, violation)
    ratio = slow_ratio_test(t, reduced, at, upper, direction, violation)
    if ratio is None:
        assert q == -1
        return
    changed = names[NameRow.ORDER, :first].tolist()
    ratios = np.abs(reduced) / np.maximum(direction * t * (1 - 2 * at), 1e-9)
    assert len(set(changed)) == first
    assert q not in changed
    assert ratios[q] == ratio
    # Among equal ratios any may come first; those that change sides are all below, and leave the row violated.
    assert all(r <= ratio for r in ratios[changed])
    assert {j for j, r in enumerate(ratios) if r < ratio and direction * t[j] * (1 - 2 * at[j]) > 1e-9} <= set(changed)
    left = violation - np.abs(t[changed]).sum()
    assert left > 0 >= left - abs(t[q]) * upper[q]


@given(
    values=st.lists(
        st.tuples(*[st.sampled_from([0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e300, 5e-324])] * 2),
        min_size=4,
        max_size=40,
    ),
    violation=st.sampled_from([1.0, np.inf, np.nan, 1e300, 0.0]),
)
def test_ratios_that_are_no_numbers(values, violation):
    """An answer, and columns that exist."""
    n = len(values)
    column, names = np.zeros((ColumnRow.LENGTH, n)), np.zeros((NameRow.LENGTH, n), dtype=np.int64)
    column[ColumnRow.REDUCED] = [v for _, v in values]
    column[ColumnRow.UPPER, ::2] = np.inf
    q, first = ratio_test(np.array([[v for v, _ in values]]), column, names, 0, 1.0, violation)
    assert -1 <= q < n
    assert 0 <= first <= n
    assert len(set(names[NameRow.ORDER, :first].tolist())) == first

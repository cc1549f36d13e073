"""A restricted network is the network, in other coordinates and times positive scales."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyregions.domain import Box, Plane, Segment
from polyregions.exact.arithmetic import get_arithmetic
from polyregions.exact.restriction import ExactPoint, Restriction
from polyregions.network import Network
from tests.exact import truth

many = settings(derandomize=True, deadline=None, max_examples=150)
rationals = st.fractions(-3, 3, max_denominator=7)
weights = st.one_of(st.integers(-3, 3).map(float), st.sampled_from([0.1, -0.3, 1e-300, 5e-324, 1e12]), st.floats(-2, 2))
arithmetics = pytest.mark.parametrize("arithmetic", ["flint", "fractions"])


def vectors(size, elements):
    return st.lists(elements, min_size=size, max_size=size)


@st.composite
def networks(draw, inputs):
    shapes, size = [], inputs
    for _ in range(draw(st.integers(1, 3))):
        shapes.append((draw(st.integers(1, 3)), size))
        size = shapes[-1][0]
    arrays = [(draw(vectors(m, vectors(n, weights))), draw(vectors(m, weights))) for m, n in [*shapes, (1, size)]]
    include = draw(st.booleans())
    return Network.from_arrays([w for w, _ in arrays], [b for _, b in arrays], include_output=include)


@st.composite
def domains(draw, inputs):
    kind = draw(st.sampled_from(["box", "flat", "segment", "plane"]))
    origin = draw(vectors(inputs, rationals))
    if kind == "segment":
        return Segment(origin, [origin[0] + 1, *draw(vectors(inputs - 1, rationals))])
    if kind == "plane" and inputs > 1:
        rest = draw(vectors(2, vectors(inputs - 2, rationals)))
        return Plane(origin, [1, draw(rationals), *rest[0]], [0, Fraction(1, 3), *rest[1]])
    widths = [draw(st.sampled_from([Fraction(1, 3), Fraction(2)])) for _ in range(inputs)]
    if kind == "flat":
        widths = [w if draw(st.booleans()) else Fraction(0) for w in widths]
    return Box(origin, [x + w for x, w in zip(origin, widths, strict=True)])


@st.composite
def cases(draw, inputs):
    return draw(networks(inputs)), draw(domains(inputs))


def one_positive_scale(scaled, exact):
    """Whether a layer's integers are its values times one positive rational; zeros must agree."""
    scales = {Fraction(int(s)) / e for s, e in zip(scaled, exact, strict=True) if e}
    zeros = all((s == 0) == (e == 0) for s, e in zip(scaled, exact, strict=True))
    return zeros and len(scales) <= 1 and all(scale > 0 for scale in scales)


@arithmetics
@many
@given(st.integers(1, 5).flatmap(cases), st.data())
def test_values_are_those_of_the_network(arithmetic, case, data):
    network, domain = case
    r = Restriction(network, domain, get_arithmetic(arithmetic))
    t = data.draw(vectors(r.dimension, rationals))
    values = r.preactivations(ExactPoint.of(t), network.depth)
    exact = network.exact_preactivations(r.chart.ambient(t))[: network.depth]
    assert len(values) == network.depth
    assert all(one_positive_scale(g, e) for g, e in zip(values, exact, strict=True))


@arithmetics
@many
@given(st.integers(1, 5).flatmap(cases), st.data())
def test_rows_are_those_of_the_pattern(arithmetic, case, data):
    """Whatever the pattern, attained or not; also kept over the forms of a first layer narrower than the domain."""
    network, domain = case
    r = Restriction(network, domain, get_arithmetic(arithmetic))
    states = [data.draw(vectors(n, st.integers(0, 1))) for n in r.widths]
    prefix = bytes(s for layer in states for s in layer)
    expected = truth.forms_of(network, r.chart, states)[: network.depth]
    t = data.draw(vectors(r.dimension, rationals))
    along = r.preactivations(ExactPoint.of(t), network.depth, prefix)
    scale = 1
    for layer, forms in enumerate(expected):
        scale *= r.layers[layer].denominator
        rows = [r.expand(row) for row in r.arithmetic.rows(r.affine_rows(layer, prefix))]
        assert [[Fraction(int(v), scale) for v in row] for row in rows] == [[*a, c] for a, c in forms]
        assert one_positive_scale(along[layer], [truth.value(form, t) for form in forms])


@arithmetics
def test_maps_of_a_narrow_first_layer_are_kept_over_its_forms(arithmetic):
    network = Network.from_arrays([[[1.0, 2.0, 3.0]], [[0.5], [-1.0]], [[1.0, 1.0]]], [[-0.25], [1.0, 0.0], [0.0]])
    r = Restriction(network, Box(-1, 1), get_arithmetic(arithmetic))
    rows = r.arithmetic.rows(r.affine_rows(1, b"\1"))
    assert [len(row) for row in rows] == [2, 2]
    expanded = [[Fraction(int(v), 8) for v in r.expand(row)] for row in rows]
    half = Fraction(1, 2)
    assert expanded == [[half, 1, 3 * half, Fraction(7, 8)], [-1, -2, -3, Fraction(1, 4)]]


@many
@given(st.integers(1, 4).flatmap(cases))
def test_the_box_of_the_chart(case):
    """The integer box is the rational one; the start lies strictly inside."""
    r = Restriction(*case)
    assert [Fraction(v, r.scale) for v in r.lower] == list(r.chart.lower)
    assert [Fraction(v, r.scale) for v in r.upper] == list(r.chart.upper)
    assert all(low < x < high for low, x, high in zip(r.chart.lower, r.start.coordinates(), r.chart.upper, strict=True))


@many
@given(vectors(2, rationals), vectors(2, rationals), rationals)
def test_points_between_points(p, q, share):
    point = ExactPoint.of(p).towards(ExactPoint.of(q), share)
    assert list(point.coordinates()) == [(1 - share) * a + share * b for a, b in zip(p, q, strict=True)]
    assert point.denominator > 0

"""Domains and their charts, except Polytope's charts (tests of polyregions.exact.polytope)."""

import copy
import json
import pickle
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyregions.domain import Box, Chart, Plane, Polytope, Segment, Space, domain_from_json
from polyregions.errors import DomainError, EmptyDomainError, PolyregionsError, UnboundedDomainError

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.fractions(max_denominator=1000),
    st.floats(allow_nan=False, allow_infinity=False),
)


def points(size: int) -> st.SearchStrategy[list[object]]:
    return st.lists(NUMBERS, min_size=size, max_size=size)


def fractions(values: object) -> tuple[Fraction, ...]:
    return tuple(Fraction(v) for v in values)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[Box, list[Fraction], list[Fraction]]:
    """A box, some of whose coordinates may be frozen, with its bounds."""
    size = draw(st.integers(1, 4))
    pairs = [sorted(Fraction(v) for v in draw(points(2))) for _ in range(size)]
    pairs = [[low, low] if draw(st.booleans()) else [low, high] for low, high in pairs]
    lower, upper = [list(bound) for bound in zip(*pairs, strict=True)]
    return Box(lower, upper), lower, upper


def assert_consistent(chart: Chart) -> None:
    """What every chart promises, whatever its domain."""
    assert len(chart.lower) == len(chart.upper) == len(chart.start) == chart.dimension
    assert all(low < t < high for low, t, high in zip(chart.lower, chart.start, chart.upper, strict=True))
    assert all(sum(p * t for p, t in zip(a, chart.start, strict=True)) + c > 0 for a, c in chart.rows)
    assert chart.columns is None or len(chart.columns) == chart.dimension


class TestBox:
    @given(boxes())
    @settings(max_examples=100, deadline=None)
    def test_chart_covers_exactly_the_box(self, case):
        box, lower, upper = case
        chart = box.chart(len(lower))
        assert_consistent(chart)
        assert chart.rows == ()
        assert chart.dimension == sum(low < high for low, high in zip(lower, upper, strict=True))
        assert (chart.columns is None) == (chart.dimension == len(lower))
        assert chart.ambient(chart.lower) == tuple(lower)
        assert chart.ambient(chart.upper) == tuple(upper)

    def test_scalars_fit_any_space(self):
        chart = Box("-1/3", 0.5).chart(3)
        assert (chart.lower, chart.upper) == ((Fraction(-1, 3),) * 3, (Fraction(1, 2),) * 3)
        assert Box(0, [1, 2]).chart(2).upper == (1, 2)
        assert Box([0, 1], 1).chart(2).dimension == 1

    def test_a_point(self):
        chart = Box([1, 2], [1, 2]).chart(2)
        assert chart.dimension == 0
        assert chart.ambient(()) == (1, 2)

    def test_floats_are_taken_exactly(self):
        assert Box(0.1, np.float32(0.5)).lower == Fraction(3602879701896397, 36028797018963968)
        assert Box("0.1", 1).lower == Fraction(1, 10)
        assert Box(np.array([0.1, 0.2]), 1).chart(2).lower == (Fraction(0.1), Fraction(0.2))

    def test_one_ulp_is_a_full_dimension(self):
        assert Box(0.5, np.nextafter(0.5, 1)).chart(1).dimension == 1

    def test_empty(self):
        for lower, upper in [(1, 0), ([0, 1], [1, "2/3"]), (np.nextafter(0.5, 1), 0.5)]:
            with pytest.raises(EmptyDomainError, match="the box is empty: coordinate"):
                Box(lower, upper)

    @pytest.mark.parametrize(
        ("lower", "upper", "message"),
        [
            ([0, 0], [1], "2 lower bounds but 1 upper"),
            (float("nan"), 1, "lower bound: nan is not a finite number"),
            (0, float("inf"), "upper bound: inf is not a finite number"),
            ([0, "a"], 1, "box's lower bound, entry 1: 'a' is not a number"),
            (0, "1/0", "upper bound: '1/0' is not a number"),
            (None, 1, "lower bound: None is not a number"),
            (0, True, "upper bound: True is a truth value"),
            (0, [[1]], "upper bound, entry 0"),
        ],
    )
    def test_bad_bounds(self, lower, upper, message):
        with pytest.raises(DomainError, match=message):
            Box(lower, upper)

    @pytest.mark.parametrize("dimension", [1, 3])
    def test_space_of_another_dimension(self, dimension):
        with pytest.raises(DomainError, match=f"the box lies in a space of 2 dimensions, the network has {dimension}"):
            Box([0, 0], 1).chart(dimension)

    def test_repr(self):
        assert repr(Box(-1, "1/3")) == "Box(-1, 1/3)"


class TestSegment:
    @given(st.integers(1, 4).flatmap(lambda n: st.tuples(points(n), points(n))), st.fractions(0, 1, max_denominator=50))
    @settings(max_examples=100, deadline=None)
    def test_chart(self, ends, t):
        p, q = (fractions(end) for end in ends)
        if p == q:
            with pytest.raises(DomainError, match="same point"):
                Segment(*ends)
            return
        chart = Segment(*ends).chart(len(p))
        assert_consistent(chart)
        assert (chart.lower, chart.upper, chart.rows) == ((0,), (1,), ())
        assert chart.ambient((t,)) == tuple(a + t * (b - a) for a, b in zip(p, q, strict=True))

    def test_bad(self):
        with pytest.raises(DomainError, match="2 and 3 coordinates"):
            Segment([0, 0], [1, 1, 1])
        with pytest.raises(DomainError, match="segment's end, entry 1: inf"):
            Segment([0, 0], [1, float("inf")])
        with pytest.raises(DomainError, match="segment's start must be a list"):
            Segment("00", [1, 1])
        with pytest.raises(DomainError, match="the segment lies in a space of 2 dimensions, the network has 1"):
            Segment([0, 0], [1, 1]).chart(1)


class TestPlane:
    @given(st.integers(1, 4).flatmap(lambda n: st.tuples(points(n), points(n), points(n))))
    @settings(max_examples=100, deadline=None)
    def test_chart(self, vectors):
        origin, u, v = (fractions(vector) for vector in vectors)
        n = len(origin)
        if all(u[i] * v[j] == u[j] * v[i] for i in range(n) for j in range(i)):
            with pytest.raises(DomainError, match="parallel"):
                Plane(*vectors)
            return
        chart = Plane(*vectors).chart(n)
        assert_consistent(chart)
        assert (chart.dimension, chart.rows) == (2, ())
        s, t = Fraction(1, 3), Fraction(3, 4)
        assert chart.ambient((s, t)) == tuple(o + s * a + t * b for o, a, b in zip(origin, u, v, strict=True))
        assert chart.ambient((0, 0)) == origin

    @pytest.mark.parametrize(
        ("u", "v"), [([0, 0], [1, 0]), ([1, 0], [0, 0]), ([1, 2], [-2, -4]), (["1/3", 1], [1, 3]), ([0, 0], [0, 0])]
    )
    def test_parallel(self, u, v):
        with pytest.raises(DomainError, match="parallel"):
            Plane([0, 0], u, v)

    def test_nearly_parallel(self):
        assert Plane([0, 0], [1, 1], [1, np.nextafter(1, 2)]).chart(2).dimension == 2

    def test_bad(self):
        with pytest.raises(DomainError, match="have 1, 2 and 2 coordinates"):
            Plane([0], [1, 0], [0, 1])
        with pytest.raises(DomainError, match="plane's u, entry 0: nan"):
            Plane([0, 0], [float("nan"), 0], [0, 1])
        with pytest.raises(DomainError, match="the plane lies in a space of 2 dimensions, the network has 3"):
            Plane([0, 0], [1, 0], [0, 1]).chart(3)


class TestPolytope:
    @pytest.mark.parametrize(
        ("a", "b", "message"),
        [
            ([], [], "no row"),
            ([[1, 0]], [1, 2], "1 rows in A but 2 numbers in b"),
            ([[1, 0], [1]], [1, 2], "different lengths"),
            (5, [1], "must be a list of rows"),
            ([1], [1], "polytope's A, row 0 must be a list of numbers"),
            ([[1, None]], [1], "polytope's A, row 0, entry 1: None"),
            ([[1, 0]], [float("inf")], "polytope's b, entry 0: inf"),
        ],
    )
    def test_bad(self, a, b, message):
        with pytest.raises(DomainError, match=message):
            Polytope(a, b)

    def test_space_of_another_dimension(self):
        with pytest.raises(DomainError, match="the polytope lies in a space of 2 dimensions, the network has 3"):
            Polytope([[1, 0]], [1]).chart(3)


class TestJson:
    @given(
        st.integers(2, 3).flatmap(
            lambda n: st.one_of(
                boxes().map(lambda case: case[0]),
                st.tuples(points(n), points(n)).map(lambda ends: (Segment, ends)),
                st.tuples(points(n), points(n), points(n)).map(lambda vectors: (Plane, vectors)),
                st.tuples(st.lists(points(n), min_size=2, max_size=2), points(2)).map(lambda ab: (Polytope, ab)),
            )
        )
    )
    @settings(max_examples=150, deadline=None)
    def test_round_trip_through_text_is_exact(self, made):
        if isinstance(made, tuple):
            kind, arguments = made
            try:
                made = kind(*arguments)
            except DomainError:
                return
        again = domain_from_json(json.loads(json.dumps(made.to_json())))
        assert type(again) is type(made)
        assert vars(again) == vars(made)

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ('{"lower": [0, 0], "upper": [1, "1/3"]}', Box),
            ('{"lower": -1, "upper": 1}', Box),
            ('{"A": [[1, 0], [-1, 0]], "b": [1, "1/3"]}', Polytope),
            ('{"segment": [[0, 0], ["0.1", 1]]}', Segment),
            ('{"plane": {"v": [0, 1], "origin": [0, 0], "u": [1, 0]}}', Plane),
        ],
    )
    def test_forms(self, text, kind):
        assert type(domain_from_json(json.loads(text))) is kind

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("5", "found a int"),
            ("null", "found a NoneType"),
            ("[[0, 0], [1, 1]]", "found a list"),
            ("{}", "a domain is"),
            ('{"lower": 0}', r"keys \['lower'\]"),
            ('{"lower": 0, "upper": 1, "A": []}', r"keys \['A', 'lower', 'upper'\]"),
            ('{"space": false}', 'not {"space": False}'),
            ('{"space": 1}', 'not {"space": 1}'),
            ('{"line": {"point": [0, 0], "direction": [0, 0]}}', "direction is zero"),
            ('{"line": {"point": [0, 0], "direction": [1]}}', "2 and 1 coordinates"),
            ('{"line": [[0], [1]]}', "line needs the entries point, direction"),
            ('{"plane": {"origin": [0, 0], "u": [1, 0], "v": [0, 1], "bounded": 0}}', "true or false, not 0"),
            ('{"segment": [[0, 0]]}', "segment needs 2 points"),
            ('{"segment": "ab"}', "segment needs 2 points"),
            ('{"segment": {"a": 1, "b": 2}}', "segment needs 2 points"),
            ('{"plane": [[0], [1], [2]]}', "plane needs the entries origin, u, v"),
            ('{"plane": {"origin": [0, 0], "u": [1, 0]}}', "plane needs the entries origin, u, v"),
            ('{"lower": [0, true], "upper": 1}', "entry 1: True is a truth value"),
            ('{"lower": {"a": 1}, "upper": 1}', "must be a list of numbers, not {'a': 1}"),
            ('{"lower": NaN, "upper": 1}', "nan is not a finite number"),
            ('{"lower": 0, "upper": 1e400}', "inf is not a finite number"),
        ],
    )
    def test_one_clear_error(self, text, message):
        with pytest.raises(DomainError, match=message) as caught:
            domain_from_json(json.loads(text))
        assert "\n" not in str(caught.value)
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, PolyregionsError)

    def test_keys_that_are_not_strings(self):
        with pytest.raises(DomainError, match="keys"):
            domain_from_json({1: 2, "a": 3})

    @pytest.mark.parametrize(
        "text",
        [
            '{"space": true}',
            '{"line": {"point": [0, "1/3"], "direction": [1, 0]}}',
            '{"plane": {"origin": [0, 0], "u": [1, 0], "v": [0, 1], "bounded": false}}',
            '{"A": [[1, 0], [-1, 0]], "b": [1, 1]}',
        ],
    )
    def test_unbounded(self, text):
        domain = domain_from_json(json.loads(text))
        assert not domain.bounded
        assert domain.to_json() == json.loads(text)
        with pytest.raises(UnboundedDomainError, match="bounded"):
            domain.chart(2)
        with pytest.raises(DomainError, match="3" if "space" not in text else "2 dimensions"):
            (Space(2) if "space" in text else domain).frame(3)

    @pytest.mark.parametrize("dimension", [0, -1, "2/3", 1.5, "x"])
    def test_dimensions_of_space(self, dimension):
        with pytest.raises(DomainError, match="space's dimension"):
            Space(dimension)


class TestValues:
    """Domains as values: immutable, compared and hashed by exact content, short to print."""

    PAIRS: ClassVar = [
        (lambda: Box(-1, 0.5), lambda: Box("-1", np.float32(0.5))),
        (lambda: Box(0, [1, 2]), lambda: Box([0, 0], np.array([1.0, 2.0]))),
        (lambda: Segment([0, 0.5], [1, 1]), lambda: Segment(["0", "1/2"], np.ones(2))),
        (lambda: Plane([0, 0], [1, 0], [0, 1]), lambda: Plane(np.zeros(2), *np.eye(2))),
        (lambda: Polytope([[1, 0]], [1]), lambda: Polytope(np.array([[1.0, 0.0]]), (Fraction(1),))),
    ]

    @pytest.mark.parametrize("pair", PAIRS)
    def test_equal_content(self, pair):
        first, second = (make() for make in pair)
        assert first == second
        assert hash(first) == hash(second)
        assert len({first, second, copy.deepcopy(first), pickle.loads(pickle.dumps(first))}) == 1

    def test_other_content(self):
        domains = [Box(-1, 1), Box(-1, np.nextafter(1, 2)), Box([-1], [1]), Box(0.1, 1), Box("0.1", 1)]
        domains += [Segment([-1], [1]), Segment([1], [-1]), Polytope([[1], [-1]], [1, 1])]
        assert len(set(domains)) == len(domains)
        assert Box(-1, 1) != (-1, 1)

    @pytest.mark.parametrize("pair", PAIRS)
    def test_immutable(self, pair):
        domain = pair[0]()
        for name in vars(domain):
            with pytest.raises(AttributeError):
                setattr(domain, name, 0)
            with pytest.raises(AttributeError):
                delattr(domain, name)
        assert domain == pair[1]()

    def test_repr(self):
        assert repr(Segment([0, 0.5], [1, "1/3"])) == "Segment([0, 0.5], [1, 1/3])"
        assert repr(Plane([0, 0], [1, 0], [0, 1])) == "Plane([0, 0], [1, 0], [0, 1])"
        assert repr(Polytope([[1, 0], [-1, 0]], [1, 1])) == "Polytope(2 inequalities in 2 dimensions)"
        assert repr(Box([0] * 64, 1)) == "Box([0, 0, 0, 0, ... 64 in all], [1, 1, 1, 1, ... 64 in all])"
        assert len(repr(Segment([0] * 64, [1] * 64))) < 80


class TestArrayLikes:
    @pytest.mark.parametrize(
        "tenth", [np.float32(0.1), np.array(0.1, dtype=np.float32), np.longdouble(np.float32(0.1))]
    )
    def test_scalars(self, tenth):
        exact = Fraction(float(np.float32(0.1)))
        assert exact not in (Fraction(0.1), Fraction(1, 10))
        assert Box(0, tenth).upper == exact
        assert Box(0, [tenth, 1]).upper == (exact, 1)
        assert Segment([tenth], [1]).start == (exact,)
        polytope = Polytope([[tenth]], [tenth])
        assert (polytope.A, polytope.b) == (((exact,),), (exact,))

    def test_what_gives_an_array(self):
        class Array:
            def __array__(self, dtype=None, copy=None):
                return np.array([0.25, 0.5])

        assert Box(Array(), 1).lower == (Fraction(1, 4), Fraction(1, 2))

    @pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64", "int64"])
    @pytest.mark.parametrize("gradient", [False, True])
    def test_tensors(self, kind, gradient):
        torch = pytest.importorskip("torch")
        dtype = getattr(torch, kind)
        t = torch.tensor([0.1, 3.7], dtype=dtype)
        t.requires_grad_(gradient and t.is_floating_point())
        exact = tuple(Fraction(value) for value in t.tolist())
        assert Box(t, 4).lower == Box(list(t), 4).lower == exact
        assert Box(t[0], 4).lower == exact[0]
        assert Segment(t, t + 1).start == exact
        assert Plane(t, torch.eye(2)[0], torch.eye(2)[1]).origin == exact
        polytope = Polytope(torch.stack([t, -t]), t)
        assert (polytope.A[0], polytope.b) == (exact, exact)

    def test_bad_tensors(self):
        torch = pytest.importorskip("torch")
        for make, message in [
            (lambda: Box(torch.tensor([0.0, float("nan")]), 1), "lower bound, entry 1: nan is not a finite number"),
            (lambda: Box(torch.tensor(float("inf")), 1), "lower bound: inf is not a finite number"),
            (lambda: Box(torch.eye(2), 1), "entry 0: a list of 2 entries stands where one number is needed"),
            (lambda: Box(0, torch.zeros(2, device="meta")), "upper bound: the numbers of this Tensor cannot be read"),
            (lambda: Box(torch.tensor(True), 1), "truth value"),
            (lambda: Box(torch.tensor(1j), 1), "not a number"),
            (lambda: Segment(torch.tensor(0.5), [1]), "segment's start must be a list of numbers"),
            (lambda: Segment(torch.zeros(2, device="meta"), [1, 1]), "segment's start: the numbers of this Tensor"),
            (lambda: Polytope(torch.zeros(2), torch.zeros(2)), "row 0 must be a list of numbers"),
            (lambda: Polytope(torch.tensor(1.0), [1]), "must be a list of rows"),
            (lambda: Box(np.array(["a"]), 1), "'a' is not a number"),
            (lambda: Box(np.array(None), 1), "None is not a number"),
        ]:
            with pytest.raises(DomainError, match=message) as caught:
                make()
            assert "\n" not in str(caught.value)


class TestBoxAround:
    @given(
        point=st.lists(st.fractions(-2, 2, max_denominator=8), min_size=1, max_size=4),
        radius=st.fractions(0, 1, max_denominator=8),
        data=st.data(),
    )
    def test_is_an_intersection(self, point, radius, data):
        n = len(point)
        free = data.draw(st.sets(st.integers(0, n - 1)))
        low, high = (Fraction(v) for v in sorted(data.draw(st.tuples(st.integers(-2, 2), st.integers(-2, 2)))))
        ball = [(x - radius, x + radius) if i in free else (x, x) for i, x in enumerate(point)]
        assert Box.around(point, radius, free=sorted(free)).pairs(n) == ball
        expected = [(max(p, low), min(q, high)) for p, q in ball]
        if all(p <= q for p, q in expected):
            box = Box.around(point, radius, within=Box(low, high), free=sorted(free))
            assert box.pairs(n) == expected
        else:
            with pytest.raises(EmptyDomainError, match="must lie within"):
                Box.around(point, radius, within=Box(low, high), free=sorted(free))

    def test_without_a_radius_free_coordinates_fill_the_box(self):
        box = Box.around([0.5, 0.25, 3], free=list(np.flatnonzero([0, 0, 1])), within=Box([0, 0, -1], 3))
        assert box == Box([0.5, 0.25, -1], [0.5, 0.25, 3])
        assert box.chart(3).dimension == 1

    def test_images_are_flattened_and_taken_exactly(self):
        image = np.array([[[0.1, 0.2], [0.3, 0.4]]], dtype=np.float32)
        box = Box.around(image, "0.1", within=Box(0, 1))
        assert box.pairs(4)[1] == (
            Fraction(float(np.float32(0.2))) - Fraction(1, 10),
            Fraction(float(np.float32(0.2))) + Fraction(1, 10),
        )
        assert box.pairs(4)[0][0] == Fraction(float(np.float32(0.1))) - Fraction(1, 10)
        assert Box.around(image, [0, 0, 1, 0]).chart(4).dimension == 1

    @pytest.mark.parametrize(
        ("arguments", "options", "message"),
        [
            (([0, 1],), {}, "needs a radius, or a box"),
            (([0, 1], -1), {}, "radius must be at least 0; that of coordinate 0 is -1"),
            (([0, 1], [1, 1, 1]), {}, "3 radii, and the point 2 coordinates"),
            (([0, 1], 1), {"free": [2]}, "whole numbers from 0 to 1, not 2"),
            (([0, 1], 1), {"free": 1}, "must be a list"),
            (([0, "x"], 1), {}, "entry 1"),
            ((0.5, 1), {}, "must be a list"),
            (([0, 1], float("nan")), {}, "radius"),
            (([0, 1], 1), {"within": Box([0], [1])}, "1 dimensions"),
            (([0, 5],), {"within": Box(-1, 1)}, "coordinate 1 is 5, not within"),
            (([0, 5],), {"within": Box(-1, 1), "free": [0]}, "coordinate 1 of the point is 5, where it is frozen"),
        ],
    )
    def test_bad_input(self, arguments, options, message):
        with pytest.raises(DomainError, match=message):
            Box.around(*arguments, **options)

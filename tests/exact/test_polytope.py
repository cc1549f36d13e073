"""Charts of polytopes, against linear programs and by definition."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from polyregions.domain import Polytope
from polyregions.errors import DomainError, EmptyDomainError, UnboundedDomainError


@st.composite
def systems(draw):
    n = draw(st.integers(1, 3))
    row = st.lists(st.integers(-2, 2), min_size=n, max_size=n)
    a = draw(st.lists(row, min_size=1, max_size=6))
    b = draw(st.lists(st.integers(-1, 2), min_size=len(a), max_size=len(a)))
    if draw(st.booleans()):
        for j in range(n):
            unit = [int(i == j) for i in range(n)]
            a += [unit, [-v for v in unit]]
            b += [draw(st.integers(0, 2)), draw(st.integers(0, 2))]
    return a, b


def value(row, point):
    return sum(Fraction(v) * x for v, x in zip(row, point, strict=True))


def outcome(a, b):
    try:
        return Polytope(a, b).chart(len(a[0]))
    except EmptyDomainError:
        return "empty"
    except UnboundedDomainError:
        return "unbounded"


@given(system=systems(), data=st.data())
@settings(max_examples=800, deadline=None)
def test_chart_describes_exactly_the_polytope(system, data):
    a, b = system
    n = len(a[0])
    free = [(None, None)] * n
    chart = outcome(a, b)
    assert (chart == "empty") == (linprog([0] * n, A_ub=a, b_ub=b, bounds=free).status == 2)
    if chart == "empty":
        return
    extremes = [
        linprog([sign * int(i == j) for i in range(n)], A_ub=a, b_ub=b, bounds=free).status
        for j in range(n)
        for sign in (1, -1)
    ]
    assert (chart == "unbounded") == any(extremes)
    if chart == "unbounded":
        return
    # The start lies in the relative interior: the rows tight there span the directions that are missing.
    start = chart.ambient(chart.start)
    slack = [Fraction(c) - value(row, start) for row, c in zip(a, b, strict=True)]
    assert min(slack) >= 0
    tight = [row for row, s in zip(a, slack, strict=True) if s == 0]
    assert chart.dimension == n - (np.linalg.matrix_rank(np.array(tight)) if tight else 0)
    assert all(low < t < high for low, t, high in zip(chart.lower, chart.start, chart.upper, strict=True))
    # Inside the chart's box and rows means inside the polytope, and the other way round.
    for _ in range(4):
        shares = data.draw(st.lists(st.integers(-2, 12), min_size=chart.dimension, max_size=chart.dimension))
        t = [
            low + (high - low) * Fraction(share, 10)
            for low, high, share in zip(chart.lower, chart.upper, shares, strict=True)
        ]
        in_chart = all(low <= v <= high for low, v, high in zip(chart.lower, t, chart.upper, strict=True))
        in_chart = in_chart and all(value(row, t) + c >= 0 for row, c in chart.rows)
        x = chart.ambient(t)
        assert in_chart == all(value(row, x) <= c for row, c in zip(a, b, strict=True))


def test_rational_data_and_lower_dimension():
    chart = Polytope([["1/3", "1/3"], ["-1/3", "-1/3"], [-1, 0], [0, -1]], ["1/3", "-1/3", 0, 0]).chart(2)
    assert chart.dimension == 1
    assert sum(chart.ambient(chart.start)) == 1


@pytest.mark.parametrize(
    ("a", "b", "error", "message"),
    [
        ([[1, 0]], [1], UnboundedDomainError, "coordinate 0 from below"),
        ([[1, 1], [-1, -1]], [0, -1], EmptyDomainError, "empty"),
        ([[0, 0]], [-1], EmptyDomainError, "empty"),
        ([[1, 0], [1]], [1, 1], DomainError, "different lengths"),
        ([[1, 0]], [1, 2], DomainError, "1 rows in A but 2 numbers in b"),
        ([[1, float("nan")]], [1], DomainError, "entry 1: nan"),
        ([], [], DomainError, "no row"),
    ],
)
def test_bad_polytopes(a, b, error, message):
    with pytest.raises(error, match=message):
        Polytope(a, b).chart(2)

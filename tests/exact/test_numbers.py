"""Numbers are read exactly and rounded the way that is said."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polyregions.exact.numbers import (
    as_fraction,
    common_denominator,
    dyadic_integers,
    float_above,
    float_below,
    format_fraction,
    integer_rows,
)

many = settings(derandomize=True, deadline=None, max_examples=500)
finite = st.floats(allow_nan=False, allow_infinity=False)
largest = Fraction(np.finfo(np.float64).max)
smallest = Fraction(5e-324)
#: Rationals around every binade, also beyond the floats on both ends.
rationals = st.builds(
    lambda p, q, k: Fraction(p, q) * Fraction(2) ** k,
    st.integers(-(2**60), 2**60),
    st.integers(1, 2**60),
    st.integers(-1200, 1200),
)


@many
@given(st.lists(finite, max_size=8))
@example([5e-324, -5e-324, 2.0**-1022, 0.0, -0.0])
@example([1e300, 1e-300, -1.7976931348623157e308])
@example([2.0**1023, 5e-324])
@example([])
def test_dyadic_integers_are_the_floats(values):
    integers, exponent = dyadic_integers(np.array(values))
    assert [Fraction(n, 2**exponent) for n in integers] == [Fraction(v) for v in values]
    assert exponent >= 0
    assert exponent == 0 or any(n % 2 for n in integers), "a smaller exponent would do"


def test_dyadic_integers_go_through_an_array_row_by_row():
    assert dyadic_integers(np.array([[1.0, 0.5], [-2.0, 0.25]])) == ([4, 2, -8, 1], 2)


@many
@given(rationals)
@example(Fraction(0))
@example(largest)
@example(largest + 1)
@example(-largest - 1)
@example(Fraction(10) ** 400)
@example(-(Fraction(10) ** 400))
@example(smallest / 3)
@example(-smallest / 3)
@example(smallest * 5 / 2)
@example(Fraction(2) ** 1024 - 1)
@example(Fraction(1, 3))
def test_directed_rounding_is_correct_and_tight(value):
    below, above = float_below(value), float_above(value)
    assert below == -math.inf or Fraction(below) <= value
    assert above == math.inf or Fraction(above) >= value
    # The next float up is too large already.
    after = math.nextafter(below, math.inf)
    assert after == math.inf or Fraction(after) > value
    before = math.nextafter(above, -math.inf)
    assert before == -math.inf or Fraction(before) < value
    assert below != math.inf
    assert above != -math.inf


@many
@given(finite)
def test_floats_are_their_own_bounds(x):
    assert float_below(Fraction(x)) == float_above(Fraction(x)) == x


@many
@given(rationals)
@example(Fraction(2**53))
@example(Fraction(2**53 + 1))
@example(Fraction(2) ** 1100)
@example(Fraction(1, 10))
@example(Fraction(0.1))
def test_formatted_fractions_survive_json(value):
    text = json.dumps(format_fraction(value))
    assert as_fraction(json.loads(text)) == value


@pytest.mark.parametrize("bad", [math.nan, math.inf, "one", "1/0", None, True, np.bool_(True), 1j])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError):
        as_fraction(bad)


def test_numbers_of_all_types_are_taken_exactly():
    assert as_fraction(np.float32(0.1)) == Fraction(float(np.float32(0.1)))
    assert as_fraction(np.int64(-7)) == -7
    assert as_fraction(10**400) == 10**400
    assert as_fraction("0.1") == Fraction(1, 10) != as_fraction(0.1)


@many
@given(st.lists(st.lists(rationals, min_size=2, max_size=2), max_size=3))
def test_rows_over_their_common_denominator(rows):
    integers, denominator = integer_rows(rows)
    assert denominator == common_denominator(v for row in rows for v in row) > 0
    assert [[Fraction(n, denominator) for n in row] for row in integers] == rows


def test_as_fraction_takes_long_doubles_exactly_and_refuses_giant_exponents():
    longer = np.longdouble(1) + np.finfo(np.longdouble).eps
    assert as_fraction(longer) == 1 + Fraction(*np.finfo(np.longdouble).eps.as_integer_ratio())
    assert as_fraction(np.float32(0.1)) == Fraction(float(np.float32(0.1)))
    assert as_fraction(np.int64(-3)) == -3
    with pytest.raises(ValueError, match="too large an exponent"):
        as_fraction("1e1000000000")

"""The two arithmetics are the same arithmetic."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from polyregions.exact.arithmetic import default_arithmetic, get_arithmetic

flint, fractions = get_arithmetic("flint"), get_arithmetic("fractions")
many = settings(derandomize=True, deadline=None, max_examples=300)
entries = st.one_of(st.integers(-3, 3), st.integers(-(2**200), 2**200))


def matrices(rows, columns, elements=entries):
    row = st.lists(elements, min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows)


def plain(rows):
    return [[int(entry) for entry in row] for row in rows]


@many
@given(st.data(), st.integers(0, 4), st.integers(1, 4), st.integers(1, 4))
def test_products(data, m, k, n):
    left, right = data.draw(matrices(m, k)), data.draw(matrices(k, n))
    expected = [[sum(row[i] * right[i][j] for i in range(k)) for j in range(n)] for row in left]
    for arithmetic in (flint, fractions):
        product = arithmetic.multiply(arithmetic.matrix(left, k), arithmetic.matrix(right, n))
        assert plain(arithmetic.rows(product)) == expected
        vector = [row[0] for row in right]
        assert [int(x) for x in arithmetic.apply(arithmetic.matrix(left, k), vector)] == [row[0] for row in expected]
        if m:
            assert [int(x) for x in arithmetic.combine(left[0], arithmetic.matrix(right, n))] == expected[0]


@many
@given(st.data(), st.integers(0, 4), st.integers(1, 2), st.booleans())
def test_solutions(data, size, columns, small):
    elements = st.integers(-2, 2) if small else entries
    matrix, right = data.draw(matrices(size, size, elements)), data.draw(matrices(size, columns, elements))
    solved = []
    for arithmetic in (flint, fractions):
        result = arithmetic.solve(arithmetic.matrix(matrix, size), arithmetic.matrix(right, columns))
        solved.append(None if result is None else (plain(result[0]), int(result[1])))
    assert solved[0] == solved[1]
    if solved[0] is not None:
        x, q = solved[0]
        assert q > 0
        for row, wanted in zip(matrix, right, strict=True):
            for j in range(columns):
                assert sum(a * x[k][j] for k, a in enumerate(row)) == q * wanted[j]


@many
@given(st.data(), st.integers(1, 4))
def test_singular_systems_have_no_solution(data, size):
    """The last row is a combination of the others (zero if there is none)."""
    matrix = data.draw(matrices(size - 1, size, st.integers(-3, 3)))
    factors = data.draw(st.lists(st.integers(-2, 2), min_size=size - 1, max_size=size - 1))
    last = [sum(f * row[j] for f, row in zip(factors, matrix, strict=True)) for j in range(size)]
    for arithmetic in (flint, fractions):
        square = arithmetic.matrix([*matrix, last], size)
        assert arithmetic.solve(square, arithmetic.matrix([[1]] * size)) is None


@many
@given(matrices(3, 3, st.integers(-4, 4)), st.lists(st.integers(-5, 5), min_size=3, max_size=3))
def test_denominators_are_positive(matrix, x):
    """Also where the determinant is negative."""
    right = [[sum(a * v for a, v in zip(row, x, strict=True))] for row in matrix]
    for arithmetic in (flint, fractions):
        solved = arithmetic.solve(arithmetic.matrix(matrix), arithmetic.matrix(right))
        assume(solved is not None)
        assert [Fraction(int(row[0]), int(solved[1])) for row in solved[0]] == x


@pytest.mark.parametrize("arithmetic", [flint, fractions], ids=["flint", "fractions"])
def test_empty_matrices(arithmetic):
    assert arithmetic.solve(arithmetic.matrix([]), arithmetic.matrix([], 1)) == ([], 1)
    nothing = arithmetic.matrix([], 3)
    assert plain(arithmetic.rows(arithmetic.multiply(nothing, arithmetic.matrix([[1]] * 3)))) == []
    assert arithmetic.apply(nothing, [1, 2, 3]) == []


def test_names():
    assert default_arithmetic() is flint
    with pytest.raises(ValueError, match="decimal"):
        get_arithmetic("decimal")

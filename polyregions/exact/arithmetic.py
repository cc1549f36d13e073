"""The seam between the exact algorithms and what multiplies and solves their integer matrices.

Two implementations with one interface: :class:`FlintArithmetic` (python-flint, the default) and
:class:`FractionArithmetic` (the standard library alone, 50 to 1000 times slower), which the tests hold against
each other. Matrices are opaque; their entries compare and compute like Python integers.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from typing import Any

__all__ = ["Arithmetic", "FlintArithmetic", "FractionArithmetic", "default_arithmetic", "get_arithmetic"]

#: An opaque integer matrix of some :class:`Arithmetic`.
Matrix = Any


class Arithmetic(ABC):
    """Integer matrices: products, and square linear systems solved exactly."""

    name: str

    @abstractmethod
    def matrix(self, rows: Sequence[Sequence[Any]], columns: int | None = None) -> Matrix:
        """A matrix of the given rows; ``columns`` is needed where there may be no row."""

    @abstractmethod
    def rows(self, matrix: Matrix) -> list[list[Any]]:
        """The entries, row by row."""

    @abstractmethod
    def multiply(self, left: Matrix, right: Matrix) -> Matrix:
        """The product ``left @ right``."""

    @abstractmethod
    def solve(self, matrix: Matrix, right: Matrix) -> tuple[list[list[Any]], Any] | None:
        """Numerators ``X`` and a positive denominator ``q`` with ``matrix @ X == q * right``.

        None if ``matrix`` (square) is singular. O(k^3) operations on integers of O(k) times the bits.
        """

    def apply(self, matrix: Matrix, vector: Sequence[Any]) -> list[Any]:
        """The product of a matrix and a vector."""
        if not vector:
            return [0] * len(self.rows(matrix))
        product = self.multiply(matrix, self.matrix([[entry] for entry in vector], 1))
        return [row[0] for row in self.rows(product)]

    def combine(self, coefficients: Sequence[Any], matrix: Matrix) -> list[Any]:
        """The linear combination of the matrix's rows (at least one) with the given coefficients."""
        return self.rows(self.multiply(self.matrix([list(coefficients)]), matrix))[0]


class FlintArithmetic(Arithmetic):
    """python-flint's ``fmpz_mat``: multi-modular products and p-adic (Dixon) solving."""

    name = "flint"

    def __init__(self) -> None:
        import flint

        self._flint = flint

    def matrix(self, rows: Sequence[Sequence[Any]], columns: int | None = None) -> Matrix:
        if not rows or not len(rows[0]):
            return self._flint.fmpz_mat(len(rows), columns or 0)
        return self._flint.fmpz_mat(rows)

    def rows(self, matrix: Matrix) -> list[list[Any]]:
        return matrix.tolist()  # type: ignore[no-any-return]

    def multiply(self, left: Matrix, right: Matrix) -> Matrix:
        return left * right

    def solve(self, matrix: Matrix, right: Matrix) -> tuple[list[list[Any]], Any] | None:
        if matrix.nrows() == 0:
            return [], 1
        try:
            numerator, denominator = matrix.solve(right).numer_denom()
        except ZeroDivisionError:
            return None
        return numerator.tolist(), denominator


class FractionArithmetic(Arithmetic):
    """Lists of Python integers, and Gaussian elimination over ``fractions.Fraction``."""

    name = "fractions"

    def matrix(self, rows: Sequence[Sequence[Any]], columns: int | None = None) -> Matrix:
        return [[int(entry) for entry in row] for row in rows]

    def rows(self, matrix: Matrix) -> list[list[Any]]:
        return [list(row) for row in matrix]

    def multiply(self, left: Matrix, right: Matrix) -> Matrix:
        columns = list(zip(*right, strict=True))
        return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in left]

    def solve(self, matrix: Matrix, right: Matrix) -> tuple[list[list[Any]], Any] | None:
        size = len(matrix)
        table = [[Fraction(x) for x in (*row, *extra)] for row, extra in zip(matrix, right, strict=True)]
        for column in range(size):
            pivot = next((r for r in range(column, size) if table[r][column]), None)
            if pivot is None:
                return None
            table[column], table[pivot] = table[pivot], table[column]
            lead = table[column][column]
            table[column] = [x / lead for x in table[column]]
            for r in range(size):
                factor = table[r][column]
                if r != column and factor:
                    table[r] = [x - factor * y for x, y in zip(table[r], table[column], strict=True)]
        from polyregions.exact.numbers import integer_rows

        return integer_rows([row[size:] for row in table])


@cache
def get_arithmetic(name: str) -> Arithmetic:
    """The arithmetic called ``name``: "flint" or "fractions".

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name == FlintArithmetic.name:
        return FlintArithmetic()
    if name == FractionArithmetic.name:
        return FractionArithmetic()
    raise ValueError(f"no arithmetic called {name!r}; there are 'flint' and 'fractions'")


def default_arithmetic() -> Arithmetic:
    """python-flint's arithmetic where it is installed, else that of the standard library."""
    return get_arithmetic("flint" if find_spec("flint") else "fractions")

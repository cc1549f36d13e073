"""Systems of linear equations and inequalities in integers, and Gaussian elimination on them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

__all__ = ["LinearSystem", "Row", "SparseRow", "echelon", "over_free_columns", "primitive", "substituted"]

#: n coefficients and a constant: (a, c) stands for the affine form a . x + c.
Row: TypeAlias = tuple[int, ...]
#: The entries of a row that are not zero, by column; the constant is in column n.
SparseRow: TypeAlias = dict[int, int]


def primitive(row: Sequence[int]) -> Row:
    """The row divided by the greatest common divisor of its entries.

    Examples
    --------
    >>> primitive([4, -6, 0])
    (2, -3, 0)
    """
    divisor = gcd(*row)
    return tuple(value // divisor for value in row) if divisor > 1 else tuple(row)


@dataclass(frozen=True)
class LinearSystem:
    """The polyhedron {x in R^n : a . x + c >= 0 for the inequalities, = 0 for the equations}.

    Attributes
    ----------
    dimension : int
        n.
    inequalities, equations : tuples of n + 1 integers each
        ``(a, c)``, primitive.

    Examples
    --------
    >>> LinearSystem.of(1, [[Fraction(1, 2), 1]]).inequalities       # x / 2 + 1 >= 0
    ((1, 2),)
    """

    dimension: int
    inequalities: tuple[Row, ...] = ()
    equations: tuple[Row, ...] = ()

    @classmethod
    def of(
        cls,
        dimension: int,
        inequalities: Iterable[Sequence[Fraction | int]] = (),
        equations: Iterable[Sequence[Fraction | int]] = (),
    ) -> "LinearSystem":
        """The system of rational rows, each scaled by a positive number."""
        return cls(dimension, tuple(map(_integer, inequalities)), tuple(map(_integer, equations)))

    @classmethod
    def empty(cls, dimension: int) -> "LinearSystem":
        """The system that no point satisfies: -1 >= 0."""
        return cls(dimension, ((0,) * dimension + (-1,),))

    @property
    def is_empty(self) -> bool:
        """Whether this is :meth:`empty`; a system in canonical form has no point iff it is."""
        return self == LinearSystem.empty(self.dimension)

    def contains(self, point: Sequence[Fraction | int]) -> bool:
        """Whether a rational point satisfies the system, exactly."""
        return all(_value(row, point) >= 0 for row in self.inequalities) and not any(
            _value(row, point) for row in self.equations
        )

    def halfspaces(self) -> tuple[list[list[int]], list[int]]:
        """The system as A x <= b, in integers; an equation is two of its rows."""
        rows = [*self.inequalities, *(side for row in self.equations for side in (row, tuple(-v for v in row)))]
        return [[-value for value in row[:-1]] for row in rows], [row[-1] for row in rows]


def _integer(row: Sequence[Fraction | int]) -> Row:
    # Integers and Fractions alike have a numerator and a denominator; most rows are full of zeros.
    denominator = lcm(*{value.denominator for value in row})
    return primitive([value.numerator * (denominator // value.denominator) if value else 0 for value in row])


def _value(row: Row, point: Sequence[Fraction | int]) -> Fraction:
    return sum((a * Fraction(x) for a, x in zip(row, point, strict=False) if a), Fraction(row[-1]))


def echelon(equations: Iterable[Row], order: Iterable[int]) -> dict[int, SparseRow] | None:
    """Gauss-Jordan elimination in integers.

    Parameters
    ----------
    equations : primitive rows
    order : columns
        Which columns to solve for, the first ones with preference; together all columns but the constant's.

    Returns
    -------
    dict of column to row, in the order of the columns; or None if the equations contradict each other
        Each row is primitive, positive in its own column and zero in those of the others. For a given order they
        depend on the equations' solutions alone.

    Notes
    -----
    Rows are kept sparse: the hull of a plane in a space of 784 dimensions has 782 equations of three terms.
    """
    open_rows = [{j: value for j, value in enumerate(row) if value} for row in equations]
    pivots: dict[int, SparseRow] = {}
    for column in order:
        candidates = [row for row in open_rows if column in row]
        if not candidates:
            continue
        pivot = min(candidates, key=len)
        open_rows = [row for row in open_rows if row is not pivot]
        if pivot[column] < 0:
            pivot = {j: -value for j, value in pivot.items()}
        open_rows = [_cleared(row, column, pivot) for row in open_rows]
        pivots = {j: _cleared(row, column, pivot) for j, row in pivots.items()}
        pivots[column] = pivot
    if any(open_rows):
        return None
    return pivots


def _cleared(row: SparseRow, column: int, pivot: SparseRow) -> SparseRow:
    """A positive multiple of the row plus a multiple of the pivot, zero in the column, primitive."""
    if column not in row:
        return row
    scale, factor = pivot[column], row[column]
    row = {j: scale * value for j, value in row.items()}
    for j, value in pivot.items():
        entry = row.get(j, 0) - factor * value
        if entry:
            row[j] = entry
        else:
            row.pop(j, None)
    divisor = gcd(*row.values())
    return {j: value // divisor for j, value in row.items()} if divisor > 1 else row


def substituted(row: Row, pivots: Mapping[int, SparseRow]) -> Row:
    """The row with the pivots' columns expressed by the others: the same on the solutions, times a positive number."""
    touched = [column for column in pivots if row[column]]
    if not touched:
        return row
    sparse = {j: value for j, value in enumerate(row) if value}
    for column in touched:
        sparse = _cleared(sparse, column, pivots[column])
    return tuple(sparse.get(j, 0) for j in range(len(row)))


def over_free_columns(system: LinearSystem, pivots: Mapping[int, SparseRow]) -> tuple[list[int], list[Row]]:
    """The columns that :func:`echelon` did not solve for, and the inequalities over them alone, in order."""
    n = system.dimension
    free = [j for j in range(n) if j not in pivots]
    rows = (substituted(row, pivots) for row in system.inequalities)
    return free, [tuple(row[j] for j in (*free, n)) for row in rows]

"""The canonical form of a polyhedron: one system for each set, so that two sets are equal iff their forms are."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd

from polyregions.projection.interior import interior
from polyregions.projection.redundancy import irredundant
from polyregions.projection.system import LinearSystem, Row, SparseRow, echelon, primitive, substituted

__all__ = ["canonical", "tightest"]


def canonical(system: LinearSystem, *, solver: str | None = "highs") -> LinearSystem:
    """The canonical form of a system's solutions.

    Its equations are the affine hull's in reduced echelon form, solved for the first columns possible; its inequalities
    are the facets, with the columns that are solved for expressed by the others; all rows are primitive and sorted. A
    facet of a full-dimensional polyhedron is unique up to a positive factor, and so is one modulo the hull's equations.
    Without a point it is :meth:`LinearSystem.empty`.

    Parameters
    ----------
    system : LinearSystem
        Bounded or not, of any dimension.
    solver : str or None
        The LP back end of :mod:`solvers` that proposes; None for the exact simplex method alone. The result is the
        same, the time is not.

    Notes
    -----
    At most two linear programs for each inequality, and one for each dimension that the polyhedron lacks.

    Examples
    --------
    >>> square = LinearSystem.of(2, [[1, 0, 0], [0, 1, 0], [-2, 0, 2], [0, -1, 1], [-1, -1, 5]])
    >>> canonical(square).inequalities
    ((-1, 0, 1), (0, -1, 1), (0, 1, 0), (1, 0, 0))
    >>> canonical(LinearSystem.of(2, [[1, 1, 0], [-1, -1, 0], [1, 0, 0]])).equations
    ((1, 1, 0),)
    """
    n = system.dimension
    equations, inequalities = list(system.equations), list(system.inequalities)
    while True:
        pivots = echelon(equations, range(n))
        if pivots is None:
            return LinearSystem.empty(n)
        rows = tightest(substituted(row, pivots) for row in inequalities)
        if rows is None:
            return LinearSystem.empty(n)
        free = [j for j in range(n) if j not in pivots]
        short = [tuple(row[j] for j in (*free, n)) for row in rows]
        found = interior(short, len(free), solver=solver)
        if found.point is not None:
            kept = irredundant(short, len(free), found.point, solver=solver).kept
            return LinearSystem(n, tuple(sorted(rows[i] for i in kept)), _dense(pivots, n))
        if not found.equations:
            return LinearSystem.empty(n)
        equations = [*equations, *(rows[i] for i in found.equations)]
        inequalities = rows


def _dense(pivots: dict[int, SparseRow], n: int) -> tuple[Row, ...]:
    return tuple(tuple(row.get(j, 0) for j in range(n + 1)) for row in pivots.values())


def tightest(rows: Iterable[Sequence[int]]) -> list[Row] | None:
    """Of inequalities with the same direction the tightest, without those that hold everywhere; None if one never does.

    Examples
    --------
    >>> tightest([(2, 4), (1, 3), (0, 7)])
    [(1, 2)]
    """
    best: dict[tuple[int, ...], Fraction] = {}
    for row in rows:
        size = gcd(*row[:-1])
        if not size:
            if row[-1] < 0:
                return None
            continue
        direction = tuple(value // size for value in row[:-1])
        constant = Fraction(row[-1], size)
        if direction not in best or constant < best[direction]:
            best[direction] = constant
    return [
        primitive((*(constant.denominator * value for value in direction), constant.numerator))
        for direction, constant in best.items()
    ]

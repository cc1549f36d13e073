"""Sets of half-spaces compared by textbook Fourier-Motzkin elimination: the oracle of polyregions.projection.

A system is a list of forms (a, c), each asking for a.x + c >= 0; an equation is two of them.
"""

from collections.abc import Sequence
from fractions import Fraction

from tests.reference.brute_force import Form, Inequality, eliminate, feasible, inequality, without_parallels


def negative(form: Form) -> Form:
    a, c = form
    return tuple(-entry for entry in a), -c


def has_point(system: Sequence[Form]) -> bool:
    return feasible([], [negative(form) for form in system])


def has_inner_point(system: Sequence[Form]) -> bool:
    """Whether a point makes all forms positive."""
    return feasible(system, [])


def implies(system: Sequence[Form], form: Form) -> bool:
    """Whether the form is at least 0 on the whole system: no point of it makes the form negative."""
    return not feasible([negative(form)], [negative(other) for other in system])


def same_set(first: Sequence[Form], second: Sequence[Form]) -> bool:
    return all(implies(first, form) for form in second) and all(implies(second, form) for form in first)


def shadow(system: Sequence[Form], columns: Sequence[int]) -> list[Form]:
    """The projection along the columns; over the other columns, in their order."""
    rows: list[Inequality] | None = [inequality(a, c, False) for a, c in system]
    width = len(system[0][0])
    for k in columns:
        rows = without_parallels(rows)
        if rows is None:
            return [((0,) * (width - len(columns)), Fraction(-1))]
        rows = eliminate(rows, k)
    return [(tuple(v for j, v in enumerate(row.a) if j not in columns), row.c) for row in rows]

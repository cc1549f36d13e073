"""What the tests of the projections share: random systems, and the library's systems as those of tests/reference."""

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import strategies as st

from polyregions.projection.system import LinearSystem
from tests.reference.brute_force import Form


def forms(system: LinearSystem) -> list[Form]:
    """A system as forms that are at least 0."""
    equations = [side for row in system.equations for side in (row, tuple(-v for v in row))]
    return [form(row) for row in (*system.inequalities, *equations)]


def form(row: Sequence[int]) -> Form:
    return tuple(row[:-1]), row[-1]


def halfspace_forms(a: Sequence[Sequence[Fraction]], b: Sequence[Fraction]) -> list[Form]:
    """A x <= b as forms that are at least 0."""
    return [(tuple(-v for v in row), bound) for row, bound in zip(a, b, strict=True)]


@st.composite
def systems(draw, max_dimension: int = 3, max_rows: int = 7) -> LinearSystem:
    """Small integers, so that rows are often parallel, opposite or redundant; unbounded, flat and empty sets too."""
    n = draw(st.integers(1, max_dimension))
    row = st.lists(st.integers(-2, 2), min_size=n + 1, max_size=n + 1)
    inequalities = draw(st.lists(row, max_size=max_rows))
    equations = draw(st.lists(row, max_size=draw(st.sampled_from([0, 0, 1, 2]))))
    box = [[*(sign * int(i == j) for i in range(n)), 3] for j in range(n) for sign in (1, -1)]
    return LinearSystem.of(n, inequalities + draw(st.sampled_from([[], box])), equations)

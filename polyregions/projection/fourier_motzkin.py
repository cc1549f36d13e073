"""Projection along coordinates: Gauss for equations, Fourier-Motzkin elimination for inequalities, in integers.

Eliminating x_k from inequalities adds up, for each with a positive and each with a negative coefficient of x_k, the
multiples in which x_k cancels. That squares their number, but few of the sums are facets. Two rules keep it small:

- Chernikov (1960), Kohler (1967), Imbert (1993): each sum has a history, the set of the inequalities that it is a
  combination of. The combinations are points of a polyhedral cone, only its extreme rays are needed, and two of them
  have an extreme ray between them iff no third one's history lies in the union of theirs, which then has at most one
  more member than variables have been eliminated. So that pairs are discarded before they are added up.
- What is left is brought into canonical form, which drops every redundant inequality by linear programs and makes
  implicit equations explicit, which Gauss then uses.

The first rule needs all extreme rays: where the second one has dropped or changed anything, histories start afresh.
"""

from collections.abc import Iterable, Sequence
from math import gcd

from polyregions.errors import ArgumentError
from polyregions.projection.canonical import canonical
from polyregions.projection.system import LinearSystem, Row, echelon, primitive, substituted

__all__ = ["eliminate"]

History = frozenset[int]


def eliminate(system: LinearSystem, variables: Iterable[int], *, solver: str | None = "highs") -> LinearSystem:
    """The projection of a polyhedron to the coordinates that are not eliminated.

    Parameters
    ----------
    system : LinearSystem
        Bounded or not, of any dimension, with or without points.
    variables : columns
        To be eliminated.
    solver : str or None
        As for :func:`polyregions.projection.canonical.canonical`.

    Returns
    -------
    LinearSystem
        In canonical form, over the other columns in their order.

    Raises
    ------
    ArgumentError
        If there is no such column.

    Examples
    --------
    The triangle 0 <= y <= x <= 1 has the shadow 0 <= x <= 1:

    >>> triangle = LinearSystem.of(2, [[0, 1, 0], [1, -1, 0], [-1, 0, 1]])
    >>> eliminate(triangle, [1]).inequalities
    ((-1, 1), (1, 0))
    """
    n = system.dimension
    gone = sorted(set(variables))
    bad = [j for j in gone if not 0 <= j < n]
    if bad:
        raise ArgumentError(f"there is no column {bad[0]} to eliminate; the system has columns 0 to {n - 1}")
    solved = _substitute(system, gone)
    if solved is None:
        return LinearSystem.empty(n - len(gone))
    system = solved
    # What Gauss has eliminated is a column of zeros from here on.
    columns = [j for j in range(n) if j not in gone or any(row[j] for row in system.inequalities)]
    left = [columns.index(j) for j in gone if j in columns]
    state = _Elimination(canonical(_restricted(system, columns), solver=solver))
    while left:
        used = {j for j in left if any(row[j] for row in state.system.equations)}
        if used:
            state = _Elimination(_substitute(state.system, left) or LinearSystem.empty(len(columns)))
        else:
            k = min(left, key=state.cost)
            state.eliminate(k)
            left.remove(k)
        state.clean(solver)
        if state.system.is_empty:
            return LinearSystem.empty(n - len(gone))
    others = [i for i, j in enumerate(columns) if j not in gone]
    return canonical(_restricted(state.system, others), solver=solver)


def _substitute(system: LinearSystem, variables: Sequence[int]) -> LinearSystem | None:
    """Solve the equations for as many of the variables as possible, and forget them; None if there is no point."""
    n = system.dimension
    pivots = echelon(system.equations, [*variables, *(j for j in range(n) if j not in set(variables))])
    if pivots is None:
        return None
    solved = {j: row for j, row in pivots.items() if j in set(variables)}
    rest = [tuple(row.get(j, 0) for j in range(n + 1)) for j, row in pivots.items() if j not in solved]
    return LinearSystem(n, tuple(substituted(row, solved) for row in system.inequalities), tuple(rest))


def _restricted(system: LinearSystem, columns: Sequence[int]) -> LinearSystem:
    """The system over some columns, the others being zero."""
    keep = [*columns, system.dimension]

    def short(rows: Sequence[Row]) -> tuple[Row, ...]:
        return tuple(tuple(row[j] for j in keep) for row in rows)

    return LinearSystem(len(columns), short(system.inequalities), short(system.equations))


class _Elimination:
    """Inequalities, what each is a combination of, and how many variables were eliminated since."""

    def __init__(self, system: LinearSystem) -> None:
        self.system = system
        self._start()

    def _start(self) -> None:
        self._histories = {row: frozenset((i,)) for i, row in enumerate(self.system.inequalities)}
        self._eliminated = 0

    def cost(self, k: int) -> int:
        """How many more inequalities there can be without x_k."""
        above = sum(row[k] > 0 for row in self.system.inequalities)
        below = sum(row[k] < 0 for row in self.system.inequalities)
        return above * below - above - below

    def eliminate(self, k: int) -> None:
        """Combine the inequalities that have x_k; no equation may have it."""
        histories = self._histories
        self._eliminated += 1
        result: dict[Row, History] = {row: history for row, history in histories.items() if not row[k]}
        lost = False
        above = [item for item in histories.items() if item[0][k] > 0]
        below = [item for item in histories.items() if item[0][k] < 0]
        for p, first in above:
            for q, second in below:
                union = first | second
                if not self._is_extreme(union, first, second):
                    continue
                divisor = gcd(p[k], q[k])
                up, down = -q[k] // divisor, p[k] // divisor
                row = primitive([up * a + down * b for a, b in zip(p, q, strict=True)])
                # Two extreme rays with the same sum: only one history can be kept.
                lost = lost or row in result
                result[row] = union
        self.system = LinearSystem(self.system.dimension, tuple(result), self.system.equations)
        self._histories = result
        if lost:
            self._start()

    def _is_extreme(self, union: History, first: History, second: History) -> bool:
        """Whether the combination of two inequalities with these histories, and this union of them, is needed."""
        if len(union) > self._eliminated + 1:
            return False
        return not any(h <= union for h in self._histories.values() if h != first and h != second)

    def clean(self, solver: str | None) -> None:
        """Bring the system into canonical form; histories stay where nothing is dropped."""
        before = set(self.system.inequalities)
        self.system = canonical(self.system, solver=solver)
        if set(self.system.inequalities) != before:
            self._start()

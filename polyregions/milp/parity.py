"""Parity (XOR) constraints on activation patterns, for every pool of the mixed-integer program.

Serra & Ramalingam (2020) cut the set of patterns down by random constraints "the sum of these z is even (odd)" and look
whether any is left. Before anything else the system is brought to echelon form over GF(2): long constraints are easier
to solve so, and in the tree over z each row then decides the last of its units from earlier ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from polyregions.errors import ArgumentError

__all__ = ["ParityConstraint", "ParitySystem", "random_parity"]

#: Constraints of at most this many units become Jeroslow's 2^(k-1) rows, longer ones a row with an integer slack.
SHORT = 5


@dataclass(frozen=True, slots=True)
class ParityConstraint:
    """The sum of z over ``units`` (numbers of units in the network's order, increasing) is ``right`` modulo 2.

    Examples
    --------
    >>> ParityConstraint((0, 2), 1).holds(b"\\x01\\x01\\x00")
    True
    """

    units: tuple[int, ...]
    right: int

    def holds(self, states: Sequence[int]) -> bool:
        """Whether a complete flat pattern satisfies the constraint."""
        return sum(states[unit] for unit in self.units) % 2 == self.right


class ParitySystem:
    """A conjunction of parity constraints in echelon form.

    Parameters
    ----------
    constraints : iterable of ParityConstraint
        Without a unit, ``right`` 1 contradicts itself and 0 says nothing.

    Attributes
    ----------
    rows : tuple of ParityConstraint
        Equivalent and independent. The last unit of each row is in no other row.
    consistent : bool
        Whether any z satisfies the system; ``rows`` are none if not.

    Notes
    -----
    Gaussian elimination over GF(2) on bit sets: O(rows^2) operations on sets.

    Examples
    --------
    >>> system = ParitySystem([ParityConstraint((0, 1, 2), 1), ParityConstraint((1, 2), 0)])
    >>> system.rows
    (ParityConstraint(units=(0,), right=1), ParityConstraint(units=(1, 2), right=0))
    >>> ParitySystem([ParityConstraint((3,), 1), ParityConstraint((3,), 0)]).consistent
    False
    """

    def __init__(self, constraints: Iterable[ParityConstraint] = ()) -> None:
        self.consistent = True
        reduced: dict[int, tuple[int, int]] = {}  # last unit -> (bit set, right-hand side)
        for constraint in constraints:
            if any(unit < 0 for unit in constraint.units) or constraint.right not in (0, 1):
                raise ArgumentError(f"no parity constraint on units that are counted from 0: {constraint}")
            bits, right = 0, constraint.right
            for unit in constraint.units:
                bits ^= 1 << unit
            for pivot, (row, row_right) in reduced.items():
                if bits >> pivot & 1:
                    bits, right = bits ^ row, right ^ row_right
            if not bits:
                self.consistent &= not right
                continue
            last = bits.bit_length() - 1
            for pivot, (row, row_right) in reduced.items():
                if row >> last & 1:
                    reduced[pivot] = row ^ bits, row_right ^ right
            reduced[last] = bits, right
        if not self.consistent:
            reduced = {}
        self.rows = tuple(ParityConstraint(_units(bits), right) for _, (bits, right) in sorted(reduced.items()))

    def __len__(self) -> int:
        return len(self.rows)

    def holds(self, states: Sequence[int]) -> bool:
        """Whether a complete flat pattern satisfies the system."""
        return self.consistent and all(row.holds(states) for row in self.rows)

    def check(self, units: int) -> None:
        """Raise ArgumentError if a row names a unit that a network of ``units`` units hasn't."""
        for row in self.rows:
            if row.units[-1] >= units:
                raise ArgumentError(
                    f"a parity constraint names unit {row.units[-1]}, but the network has units 0 to {units - 1}"
                )

    def add_to(self, problem: Any, z: Sequence[Any], *, short: int = SHORT) -> list[str]:
        """Add the rows to a PuLP problem over its binary variables ``z``.

        Rows of at most ``short`` units become Jeroslow's (1975) inequalities, which describe the hull of their
        solutions: for each subset A of the wrong parity

            sum_A z - sum_{U - A} z <= |A| - 1;

        longer ones ``sum z = 2 y + right`` with an integer y. Variables are named parity_i.

        Returns
        -------
        list of str
            The names of the Jeroslow rows: most are slack at a solution, so solvers may take them as lazy constraints.
        """
        import pulp

        lazy: list[str] = []
        if not self.consistent:
            problem += pulp.lpSum(z) <= -1, "parity_contradiction"
        for i, row in enumerate(self.rows):
            variables = [z[unit] for unit in row.units]
            if len(variables) > short:
                slack = problem.add_variable(f"parity_{i}", 0, (len(variables) - row.right) // 2, cat=pulp.LpInteger)
                problem += pulp.lpSum(variables) - 2 * slack == row.right, f"parity_{i}"
                continue
            for j, chosen in enumerate(_wrong_subsets(len(variables), row.right)):
                signed = [v if k in chosen else -v for k, v in enumerate(variables)]
                lazy.append(f"parity_{i}_{j}")
                problem += pulp.lpSum(signed) <= len(chosen) - 1, lazy[-1]
        return lazy


def random_parity(
    units: Sequence[int], size: int, count: int, seed: int | np.random.Generator
) -> list[ParityConstraint]:
    """Independent random constraints, each on ``size`` of the given units and with a random right-hand side.

    With the random right-hand side any fixed pattern satisfies each with probability exactly 1/2, whatever ``size`` is,
    which all that is inferred from them rests on; a fixed one lets some patterns through always.

    Parameters
    ----------
    units : sequence of int
        Numbers of the units to draw from, in the network's order; those with one state only would waste constraints.

    Raises
    ------
    ArgumentError
        If ``size`` is not between 1 and the number of units.

    Examples
    --------
    >>> random_parity(range(6), size=3, count=1, seed=0)
    [ParityConstraint(units=(3, 4, 5), right=0)]
    """
    if not 1 <= size <= len(units):
        raise ArgumentError(f"a parity constraint on {size} of {len(units)} units can't be drawn")
    rng = np.random.default_rng(seed)
    return [
        ParityConstraint(
            tuple(sorted(int(units[k]) for k in rng.choice(len(units), size=size, replace=False))),
            int(rng.integers(2)),
        )
        for _ in range(count)
    ]


def _units(bits: int) -> tuple[int, ...]:
    return tuple(k for k in range(bits.bit_length()) if bits >> k & 1)


def _wrong_subsets(size: int, right: int) -> Iterable[frozenset[int]]:
    """The sets of ones that a constraint on ``size`` units forbids."""
    for number in range(size + 1):
        if number % 2 != right:
            yield from map(frozenset, combinations(range(size), number))

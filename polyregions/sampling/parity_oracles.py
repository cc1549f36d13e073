"""Two ways to ask for a pattern that satisfies parity constraints, when more of them come one by one.

Both certify what they find. "split" is one depth-first search of the splitting tree per trial: constraints added to it
prune what is still ahead, and what lies behind satisfied none of its earlier, weaker systems, so that nothing has to
be searched twice. "milp" solves the mixed-integer program of Serra, Tjandraatmadja & Ramalingam (2018) anew.
"""

from collections.abc import Callable
from typing import Protocol

from polyregions.definition import Definition
from polyregions.enumeration import Leaf
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.parity import ParityConstraint, ParitySystem
from polyregions.milp.pool import pool

__all__ = ["ORACLES", "MilpSearch", "SplittingSearch", "SurvivorSearch"]

ORACLES = ("split", "milp")


class SurvivorSearch(Protocol):
    """A search for patterns under constraints that are added as it goes.

    Attributes
    ----------
    finished : bool
        Whether no pattern is left that satisfies all constraints.
    """

    @property
    def finished(self) -> bool: ...

    def require(self, constraint: ParityConstraint) -> None:
        """Ask only for patterns that satisfy one more constraint; the last pattern given must not."""

    def next(self, stop: Callable[[], bool]) -> Leaf | None:
        """A certified pattern that satisfies all constraints; None if there is none, or ``stop`` ended the search."""


class SplittingSearch:
    """By one search of the splitting tree: every answer is proven.

    Notes
    -----
    The tree is cut where the states that units have at a node contradict the constraints, and where they imply a unit's
    state only that side is looked at (:mod:`polyregions.splitting.tableau_parity`).
    """

    def __init__(self, restriction: Restriction, definition: Definition) -> None:
        from polyregions.splitting.tableau_cells import TableauTree

        self._places = [(layer, unit) for layer, width in enumerate(restriction.widths) for unit in range(width)]
        self._tree = TableauTree(restriction, definition)
        self._constraints: list[ParityConstraint] = []

    @property
    def finished(self) -> bool:
        """Whether no pattern is left, proven."""
        return self._tree.finished

    def require(self, constraint: ParityConstraint) -> None:
        """Prune the rest of the tree by one more constraint."""
        self._constraints.append(constraint)
        self._tree.require([self._places[unit] for unit in constraint.units], constraint.right)

    def next(self, stop: Callable[[], bool]) -> Leaf | None:
        """The next leaf of the tree that satisfies the constraints."""
        for leaf in self._tree.leaves(stop, ahead=False):
            if all(constraint.holds(leaf.states) for constraint in self._constraints):
                return leaf
        return None


class MilpSearch:
    """By a mixed-integer program for each question.

    Parameters
    ----------
    solver : str
        As for :func:`polyregions.milp.pool.pool`. With "highs" every answer is proven. Others are only taken at their
        word that nothing is left; if they are wrong, fewer constraints seem to be survived than are.
    bounds : UnitBounds
        Of the pre-activations.
    limits : Limits
        Their remaining time is passed on to the solver.
    """

    def __init__(
        self, restriction: Restriction, definition: Definition, *, solver: str, bounds: UnitBounds, limits: Limits
    ) -> None:
        self._restriction = restriction
        self._definition = definition
        self._solver = solver
        self._bounds = bounds
        self._limits = limits
        self._constraints: list[ParityConstraint] = []
        self.finished = False

    def require(self, constraint: ParityConstraint) -> None:
        """One more constraint for the next program."""
        self._constraints.append(constraint)

    def next(self, stop: Callable[[], bool]) -> Leaf | None:
        """The first certified solution of the program with all constraints."""
        solutions = pool(
            self._restriction,
            self._definition,
            solver=self._solver,
            limits=self._limits,
            bounds=self._bounds,
            parity=ParitySystem(self._constraints),
        )
        leaf = next(iter(solutions.leaves(stop)), None)
        if leaf is None:
            self.finished = solutions.finished
        return leaf

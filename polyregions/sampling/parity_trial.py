"""One trial of the XOR lower bound: parity constraints are drawn until no pattern satisfies them all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyregions.milp.parity import ParityConstraint
    from polyregions.sampling.parity_oracles import SurvivorSearch

__all__ = ["Trial", "run_trial"]


@dataclass(frozen=True)
class Trial:
    """What a trial showed.

    Attributes
    ----------
    shown : int
        Some pattern satisfied the first s constraints for s = 0, ..., shown - 1.
    complete : bool
        Whether no more can be shown; else it was cut short.
    patterns : frozenset of bytes
        The certified patterns that showed it.
    """

    shown: int
    complete: bool
    patterns: frozenset[bytes]


def run_trial(
    search: "SurvivorSearch", draw: Callable[[], "ParityConstraint"], most: int, stop: Callable[[], bool]
) -> Trial:
    """Draw constraints until none of the patterns is left, ``most`` are survived, or ``stop`` says so.

    Constraints that the last pattern found satisfies cost no search.
    """
    shown, drawn = 0, 0
    patterns: set[bytes] = set()
    while True:
        leaf = search.next(stop)
        if leaf is None:
            return Trial(shown, search.finished, frozenset(patterns))
        patterns.add(leaf.states)
        survives = True
        while survives:
            shown = drawn + 1
            if drawn == most:
                return Trial(shown, True, frozenset(patterns))
            constraint = draw()
            search.require(constraint)
            drawn += 1
            survives = constraint.holds(leaf.states)

"""What is done with a pattern that a solver returns: keyed by z, certified, counted."""

from typing import Any

from polyregions.definition import Definition
from polyregions.enumeration import Leaf
from polyregions.exact.filter import FloatBox
from polyregions.exact.pattern import PatternCertifier
from polyregions.exact.restriction import Restriction
from polyregions.milp.parity import ParitySystem

__all__ = ["Intake"]


class Intake:
    """Turns a solver's solutions into certified patterns, each once.

    Parameters
    ----------
    restriction : Restriction
    box : FloatBox
    definition : Definition
    parity : ParitySystem
        That solutions have to satisfy.

    Attributes
    ----------
    found : int
        Certified patterns.
    duplicates : int
        Solutions whose z had been returned before.
    spurious : int
        Different z that no point of the domain has, or that violate the parity system: what tolerances let through.
    degenerate : int
        For REGIONS, different z that are patterns but not of a set of full dimension.
    """

    def __init__(self, restriction: Restriction, box: FloatBox, definition: Definition, parity: ParitySystem) -> None:
        self._certifier = PatternCertifier(restriction, box, definition)
        self._attained = PatternCertifier(restriction, box, Definition.PATTERNS)
        self._definition = definition
        self._parity = parity
        self._seen: set[bytes] = set()
        self.found = self.duplicates = self.spurious = self.degenerate = 0

    def take(self, states: bytes) -> Leaf | None:
        """The certified pattern, or None where there is none or it is no new one."""
        if states in self._seen:
            self.duplicates += 1
            return None
        self._seen.add(states)
        witness = self._certifier.certify(states) if self._parity.holds(states) else None
        if witness is not None:
            self.found += 1
            return Leaf(states, witness)
        attained = (
            self._definition is Definition.REGIONS
            and self._parity.holds(states)
            and self._attained.certify(states) is not None
        )
        self.degenerate += attained
        self.spurious += not attained
        return None

    def statistics(self) -> dict[str, Any]:
        """Counts by name; ``rejected`` are the different z that are no regions of the definition."""
        counts = (self._certifier.counts, self._attained.counts)
        return {
            "leaves": self.found,
            "rejected": self.spurious + self.degenerate,
            "spurious": self.spurious,
            "duplicates": self.duplicates,
            "exact_programs": sum(count.exact_programs for count in counts),
            "exact_pivots": sum(count.exact_pivots for count in counts),
        }

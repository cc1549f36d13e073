"""The definitions of "region" that are counted."""

from enum import Enum

from polyregions.errors import ArgumentError

__all__ = ["Definition"]


class Definition(Enum):
    """Which sets are counted (R1 and R2 of Stargalla, Hertrich & Reichman 2025).

    PATTERNS (R1): activation patterns attained on the closed domain, also on lower-dimensional sets only: what the
    MILP of Serra, Tjandraatmadja & Ramalingam (2018) counts, for it asks only active units to be strictly positive.
    REGIONS (R2): activation regions of full dimension in the domain. A unit whose pre-activation is identically 0
    on a region is inactive there.
    """

    PATTERNS = "patterns"
    REGIONS = "regions"

    @classmethod
    def of(cls, value: "Definition | str") -> "Definition":
        """The definition of that name.

        Raises
        ------
        ArgumentError
            If there is none.
        """
        try:
            return cls(value)
        except ValueError:
            names = ", ".join(repr(member.value) for member in cls)
            raise ArgumentError(f"no definition called {value!r}; there are {names}") from None

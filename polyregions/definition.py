"""The definitions of "region" that are counted."""

from enum import Enum

from polyregions.errors import ArgumentError

__all__ = ["Definition"]


class Definition(Enum):
    """Which sets are counted (R1, R2 and R4 to R6 of Stargalla, Hertrich & Reichman 2025); each at most the one before.

    PATTERNS (R1): activation patterns attained on the closed domain, also on lower-dimensional sets only: what the
    MILP of Serra, Tjandraatmadja & Ramalingam (2018) counts, for it asks only active units to be strictly positive.
    REGIONS (R2): activation regions of full dimension in the domain. A unit whose pre-activation is identically 0
    on a region is inactive there.
    LINEAR (R4): connected components of the domain's interior without the points where the network's gradient jumps
    (the linear regions of Hanin & Rolnick 2019): regions of one affine map, connected through shared facets.
    CLOSED (R5): maximal closed connected sets on which the network is affine, of full dimension everywhere: closed
    regions of one affine map, connected through any common points (docs/definitions.md).
    AFFINE (R6): affine maps of the network, each counted once wherever it occurs on a set of full dimension.

    The last three are of the network as a function on the domain.
    """

    PATTERNS = "patterns"
    REGIONS = "regions"
    LINEAR = "linear"
    CLOSED = "closed"
    AFFINE = "affine"

    @property
    def joins_regions(self) -> bool:
        """Whether what is counted is made of regions put together, rather than of patterns one by one."""
        return self in (Definition.LINEAR, Definition.CLOSED, Definition.AFFINE)

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

    @classmethod
    def of_patterns(cls, value: "Definition | str") -> "Definition":
        """The definition of that name, which must count activation patterns one by one.

        Raises
        ------
        ArgumentError
            If there is none, or if it puts regions together.
        """
        definition = cls.of(value)
        if definition.joins_regions:
            raise ArgumentError(
                f"definition {definition.value!r} puts regions together; only count and linear_regions take it, this "
                "takes 'patterns' or 'regions'"
            )
        return definition

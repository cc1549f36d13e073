"""The value that a count is: a number or a bracket, its kind, and where it came from."""

import math
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from polyregions.definition import Definition
from polyregions.errors import NotExactError

if TYPE_CHECKING:
    from polyregions.domain import Domain
    from polyregions.network import Network

__all__ = ["Count", "Counts", "Progress", "ProgressCallback", "Status", "rounded_up", "versions"]


class Status(Enum):
    """What kind of claim a result is.

    EXACT: every decision proven. BRACKET: proven lower and upper bounds, stopped early. NUMERICAL: a solver's
    tolerances were trusted that nothing was left out; what was found is proven. PROBABLE: holds with a stated
    probability over the random choices that were made. ESTIMATE: near the truth, on average; bounds nothing.
    """

    EXACT = "exact"
    BRACKET = "bracket"
    NUMERICAL = "numerical"
    PROBABLE = "probable"
    ESTIMATE = "estimate"


@dataclass(frozen=True)
class Count:
    """A count of regions.

    ``int(count)`` is the number where it is exact and raises :class:`polyregions.errors.NotExactError` otherwise;
    ``str(count)`` says in one line what is known and what kind of claim it is.

    Attributes
    ----------
    lower : int
        Proven.
    upper : int or None
        Proven; None where nothing is.
    status : Status
    definition : Definition
    method : str
    seconds : float
    stats : dict
        What the method did, by name.
    network, domain : what was counted
    certificate : str or None
        The file that holds the proof, if one was written.
    """

    lower: int
    upper: int | None
    status: Status
    definition: Definition
    method: str
    seconds: float
    stats: dict[str, Any]
    network: "Network" = field(repr=False)
    domain: "Domain"
    certificate: str | None = None

    @property
    def count(self) -> int | None:
        """The number, where this is one: proven if exact, what was found if numerical, None for a bracket."""
        return None if self.status is Status.BRACKET else self.lower

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM stopped the count."""
        return bool(self.stats.get("interrupted", False))

    def __int__(self) -> int:
        if self.status is not Status.EXACT:
            upper = "unknown" if self.upper is None else self.upper
            raise NotExactError(
                f"this count is not exact (status {self.status.value}, lower {self.lower}, upper {upper}); "
                "read .lower, .upper and .status"
            )
        return self.lower

    def __str__(self) -> str:
        noun = NOUNS[self.definition]
        scope = f" by {self.network.scope}" if self.network.scope else ""
        if self.status is not Status.BRACKET:
            return f"{_counted(self.lower, noun)}{scope} ({self.status.value})"
        reason = f"({self.status.value}: {self.stats.get('stopped', 'stopped early')})"
        if self.upper is None:
            return f"at least {_counted(self.lower, noun)}{scope} {reason}"
        return f"between {self.lower:,} and {rounded_up(self.upper)} {noun}s{scope} {reason}"

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints with --json."""
        return {
            "count": self.count,
            "lower": self.lower,
            "upper": self.upper,
            "status": self.status.value,
            "definition": self.definition.value,
            "method": self.method,
            "seconds": round(self.seconds, 6),
            "stats": self.stats,
            "network": network_json(self.network),
            "domain": self.domain.to_json(),
            "versions": versions(),
        }


#: What is counted, in words.
NOUNS = {
    Definition.PATTERNS: "activation pattern",
    Definition.REGIONS: "region",
    Definition.LINEAR: "linear region",
    Definition.CLOSED: "closed connected region",
    Definition.AFFINE: "affine map",
}


@dataclass(frozen=True)
class Counts:
    """The counts of all definitions of one network over one domain, each with its own status.

    ``counts["linear"]`` is a :class:`Count`; ``str(counts)`` is a table.

    Attributes
    ----------
    counts : dict of Definition to Count
        From the largest to the smallest: patterns, regions, linear, closed, affine.
    """

    counts: dict[Definition, Count]

    def __getitem__(self, definition: Definition | str) -> Count:
        return self.counts[Definition.of(definition)]

    def __str__(self) -> str:
        return "\n".join(f"{definition.value:<9} {count}" for definition, count in self.counts.items())

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints with --json."""
        shared = ("network", "domain", "versions", "method")
        each = {definition.value: count.to_json() for definition, count in self.counts.items()}
        common = {name: value for name, value in each[Definition.REGIONS.value].items() if name in shared}
        short = {
            name: {key: value for key, value in values.items() if key not in (*shared, "definition")}
            for name, values in each.items()
        }
        return {"definition": "all", "counts": short, **common}


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def rounded_up(number: int) -> str:
    """A natural number in a few characters: digits up to ten million, then two of them, rounded up to stay a bound.

    Examples
    --------
    >>> rounded_up(9_876_543), rounded_up(12_000_001), rounded_up(10**400 - 1)
    ('9,876,543', '1.3e7', '1.0e400')
    """
    if number < 10**7:
        return f"{number:,}"
    # log10 takes integers of any length; it may be one off at a power of ten, which the two digits below absorb.
    exponent = math.floor(math.log10(number))
    tenths = -(-number // 10 ** (exponent - 1))
    if tenths >= 100:
        tenths, exponent = -(-tenths // 10), exponent + 1
    return f"{tenths // 10}.{tenths % 10}e{exponent}"


def rounded_down(number: int) -> str:
    """As :func:`rounded_up`, but rounded down: a lower bound stays one.

    Examples
    --------
    >>> rounded_down(9_876_543), rounded_down(19_999_999), rounded_down(10**400 - 1)
    ('9,876,543', '1.9e7', '9.9e399')
    """
    if number < 10**7:
        return f"{number:,}"
    exponent = math.floor(math.log10(number))
    tenths = number // 10 ** (exponent - 1)
    if tenths < 10:
        exponent -= 1
        tenths = number // 10 ** (exponent - 1)
    return f"{tenths // 10}.{tenths % 10}e{exponent}"


def network_json(network: "Network") -> dict[str, Any]:
    """What identifies a network in a result; "linear": how many of each layer's units are linear, if any is.

    "layers": by which of its layers regions are told apart, if not by all.
    """
    from polyregions.chosen_layers import ChosenLayers

    if isinstance(network, ChosenLayers):
        return network_json(network.source) | {"layers": list(network.names)}
    linear = {"linear": list(network.linear_widths)} if network.linear else {}
    return {
        "inputs": network.input_dimension,
        "hidden": list(network.widths),
        **linear,
        "include_output": network.include_output,
        "sha256": network.sha256,
    }


@dataclass(frozen=True)
class Progress:
    """A count under way: proven bounds so far (``upper`` None where none is known), and how long it took.

    Attributes
    ----------
    stage : str
        Once the search has ended, why, and what is being done with the regions found; "" before.

    Examples
    --------
    >>> print(Progress(lower=12345, upper=1150000000, seconds=14.2))
    found 12,345 regions, at most 1.2e9, 14 s
    >>> print(Progress(lower=7, upper=9, seconds=2.0, stage="stopped by SIGINT; comparing their affine maps"))
    found 7 regions, at most 9, 2 s, stopped by SIGINT; comparing their affine maps
    """

    lower: int
    upper: int | None
    seconds: float
    stage: str = ""

    def __str__(self) -> str:
        parts = [f"found {_counted(self.lower, 'region')}"]
        if self.upper is not None:
            parts.append(f"at most {rounded_up(self.upper)}")
        return ", ".join([*parts, f"{self.seconds:.0f} s", *([self.stage] if self.stage else [])])


ProgressCallback = Callable[[Progress], None]


def versions() -> dict[str, str]:
    """Versions of this package, of Python and of the packages that decide."""
    result = {"python": platform.python_version()}
    for name in ("polyregions", "numpy", "highspy", "pulp", "python-flint"):
        try:
            result[name] = version(name)
        except PackageNotFoundError:
            continue
    return result

"""What sampling says of a number of regions: a lower bound, or an estimate, with the seed that repeats it."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from polyregions.definition import Definition
from polyregions.result import Status, network_json, versions

if TYPE_CHECKING:
    from polyregions.domain import Domain
    from polyregions.network import Network

__all__ = ["Estimate", "LowerBound", "number", "rounded", "rounded_down"]

#: Below this share of the probes, which is a coefficient of variation above 1, three standard errors of 40 probes miss
#: the count far more often than once in a hundred (docs/estimates.md).
_EFFECTIVE_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class LowerBound:
    """A lower bound of the number of regions.

    ``str(bound)`` says in one line what is claimed, and with what confidence.

    Attributes
    ----------
    value : int
        The number of regions is at least this.
    status : Status
        BRACKET where that is proven, PROBABLE where it holds with the stated confidence.
    confidence : float or None
        The probability, over the random choices and whatever the network is, that the bound is right is at least this;
        None where the bound is proven.
    method : str
    definition : Definition
    seconds : float
    seed : int or None
        Of the random choices; None where there were none.
    stats : dict
        What the method did, by name, with all that is needed to repeat it.
    network, domain : what was bounded
    """

    value: int
    status: Status
    confidence: float | None
    method: str
    definition: Definition
    seconds: float
    seed: int | None
    stats: dict[str, Any]
    network: "Network" = field(repr=False)
    domain: "Domain"

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM stopped the run."""
        return bool(self.stats.get("interrupted", False))

    def __int__(self) -> int:
        return self.value

    def __str__(self) -> str:
        noun = "region" if self.definition is Definition.REGIONS else "activation pattern"
        text = f"at least {rounded_down(self.value)} {noun}{'s' * (self.value != 1)}"
        if self.status is Status.PROBABLE:
            return f"{text} ({self.status.value}, {_percent(self.confidence)} confidence)"
        return f"{text} (proven)"

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints with --json."""
        return {
            "lower": self.value,
            "status": self.status.value,
            "confidence": self.confidence,
            "definition": self.definition.value,
            "method": self.method,
            "seed": self.seed,
            "seconds": round(self.seconds, 6),
            "stats": self.stats,
            "network": network_json(self.network),
            "domain": self.domain.to_json(),
            "versions": versions(),
        }


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """An estimate of the number of regions, unbiased over the random choices, and a lower bound from the same probes.

    Attributes
    ----------
    value : float or int
        An integer where floats overflow, with no more correct digits than they have.
    standard_error : float or int
        The standard deviation of ``value``, as the probes show it: too small where few probes found the large parts;
        NaN if there is but one.
    interval : pair of float or int
        Between which bootstrap means lie with the confidence; approximate, unlike ``lower_bound``.
    effective_sample_size : float
        (sum of the probes' estimates)^2 / sum of their squares: near 1 where one probe makes up the estimate.
    probes : int
        How many were averaged.
    status : Status
        ESTIMATE, or EXACT where a probe listed all regions.
    confidence : float
        Of the interval and of the lower bound, each for itself.
    lower_bound : LowerBound
        Holds with that probability, however ill the probes' estimates are distributed.
    method, definition, seconds, seed, stats, network, domain
        As in :class:`LowerBound`.
    """

    value: float | int
    standard_error: float | int
    interval: tuple[float | int, float | int]
    effective_sample_size: float
    probes: int
    status: Status
    confidence: float
    lower_bound: LowerBound
    method: str
    definition: Definition
    seconds: float
    seed: int | None
    stats: dict[str, Any]
    network: "Network" = field(repr=False)
    domain: "Domain"

    @property
    def is_doubtful(self) -> bool:
        """Whether so few probes make up the mean (or so few there are) that its standard error says little."""
        few = self.probes < 2 or self.effective_sample_size < _EFFECTIVE_SHARE * self.probes
        return self.status is not Status.EXACT and few

    @property
    def log2(self) -> float:
        """The estimate's logarithm to base 2; minus infinity for 0."""
        return math.log2(self.value) if self.value > 0 else -math.inf

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM stopped the run."""
        return bool(self.stats.get("interrupted", False))

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        noun = "regions" if self.definition is Definition.REGIONS else "activation patterns"
        if self.status is Status.EXACT:
            return f"{int(self.value):,} {noun if self.value != 1 else noun[:-1]} (exact)"
        if not self.probes:
            return f"no estimate of the number of {noun}: {self.stats.get('stopped', 'no probe was finished')}"
        if self.probes == 1:
            return f"about {rounded(self.value)} {noun} (estimate by one probe, which shows no standard error)"
        text = f"about {rounded(self.value)} {noun} (estimate, standard error {rounded(self.standard_error)}"
        if self.is_doubtful:
            few = f"the effective sample size of the {self.probes} probes is {self.effective_sample_size:.2g}"
            return f"{text}, not to be relied on: {few})"
        return f"{text})"

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints with --json; null stands for what one probe does not show."""
        shows_spread = self.probes > 1 or self.status is Status.EXACT
        return {
            "estimate": self.value if self.probes else None,
            "log2": self.log2 if self.probes else None,
            "standard_error": self.standard_error if shows_spread else None,
            "interval": list(self.interval) if shows_spread else None,
            "effective_sample_size": self.effective_sample_size,
            "probes": self.probes,
            "status": self.status.value,
            "confidence": self.confidence,
            "lower": self.lower_bound.value,
            "lower_status": self.lower_bound.status.value,
            "definition": self.definition.value,
            "method": self.method,
            "seed": self.seed,
            "seconds": round(self.seconds, 6),
            "stats": self.stats,
            "network": network_json(self.network),
            "domain": self.domain.to_json(),
            "versions": versions(),
        }


def number(mantissa: float, exponent: int) -> float | int:
    """mantissa 2^exponent: a float, or the nearest integer where that overflows.

    Examples
    --------
    >>> number(0.75, 2), number(0.75, 2000) == 3 * 2**1998
    (3.0, True)
    """
    if exponent < 1000 or mantissa == 0.0:
        return math.ldexp(mantissa, exponent)
    return int(math.ldexp(mantissa, 53)) << (exponent - 53)


def rounded(value: float | int) -> str:
    """About three digits of a number of at least 0.

    Examples
    --------
    >>> rounded(0.0), rounded(4.0), rounded(12.345), rounded(1234567.0), rounded(7e9), rounded(10**400)
    ('0', '4', '12.3', '1,234,567', '7.00e9', '1.00e400')
    """
    if value < 1000:
        return f"{value:.3g}"
    if value < 10**7:
        return f"{round(value):,}"
    # log10 takes integers of any length, and may be one off at a power of ten.
    exponent = math.floor(math.log10(value))
    hundredths = round(int(value) * 100 / 10**exponent)
    if hundredths >= 1000:
        hundredths, exponent = round(hundredths / 10), exponent + 1
    return f"{hundredths // 100}.{hundredths % 100:02d}e{exponent}"


def rounded_down(value: int) -> str:
    """A natural number in a few characters, rounded down so that a lower bound stays one.

    Examples
    --------
    >>> rounded_down(9_876_543), rounded_down(19_999_999), rounded_down(10**400)
    ('9,876,543', '1.99e7', '1.00e400')
    """
    if value < 10**7:
        return f"{value:,}"
    digits = str(value) if value < 10**4000 else ""
    exponent = len(digits) - 1 if digits else math.floor(math.log10(value))
    hundredths = value * 100 // 10**exponent
    return f"{hundredths // 100}.{hundredths % 100:02d}e{exponent}"


def _percent(confidence: float | None) -> str:
    """A probability in percent, with no more digits than it has.

    Examples
    --------
    >>> _percent(0.95), _percent(0.999)
    ('95%', '99.9%')
    """
    return f"{100 * (confidence or 0.0):.10g}%"

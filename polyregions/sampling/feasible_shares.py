"""Lower bounds of a set's size from how often it survives random parity constraints.

In each of t independent trials, constraints are drawn one after the other until none of the set S is left; ``f[s]`` is
the number of trials in which something was left after s of them. Any one element survives s constraints with
probability 2^-s, so f[s] is a sum of t independent indicators of probability at most min(1, |S| 2^-s) (Markov). Three
inferences from that, each with the proof in docs/lower_bounds.md:

- the published one, by Chernoff's inequality (Serra & Ramalingam 2020, Algorithm 1, MIPBound; Gomes, Sabharwal & Selman
  2006, MBound with alpha = 1),
- the same with the exact binomial tail, which is at most Chernoff's bound of it,
- by exact intervals of each share (Clopper & Pearson 1934) and a union bound over s.

All of them hold as well for counts smaller than the true f, so that a trial may be cut short.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

__all__ = [
    "binomial_confidence",
    "chernoff_confidence",
    "clopper_pearson_bound",
    "feasible_counts",
    "largest_power",
    "published_trials",
]

#: What Clopper & Pearson's share is lowered by before it is checked exactly.
_SLACK = 1e-9
#: Steps of bisection for a share in floats.
_BISECTIONS = 60


def feasible_counts(shown: Sequence[int], levels: int) -> list[int]:
    """``f[s]`` for s < ``levels``, of trials in which s = 0, ..., shown - 1 constraints were seen to leave something.

    Examples
    --------
    >>> feasible_counts([3, 1, 0], 4)
    [2, 1, 1, 0]
    """
    return [sum(number > s for number in shown) for s in range(levels)]


def binomial_confidence(feasible: int, trials: int) -> Fraction:
    """1 - P[Bin(trials, 1/2) >= feasible], exactly: the confidence in |S| >= 2^j where f[j + 1] is ``feasible``.

    Examples
    --------
    >>> [round(float(binomial_confidence(f, 28)), 4) for f in (18, 19, 28)]
    [0.9075, 0.9564, 1.0]
    """
    return 1 - Fraction(sum(math.comb(trials, k) for k in range(feasible, trials + 1)), 2**trials)


def chernoff_confidence(feasible: int, trials: int) -> float:
    """The published P_j = 1 - (e^b / (1 + b)^(1 + b))^(trials / 2) with b = 2 f[j + 1] / trials - 1; 0 if b <= 0.

    Examples
    --------
    >>> [round(chernoff_confidence(f, 28), 4) for f in (14, 24, 25, 28)]
    [0.0, 0.9469, 0.9697, 0.9955]
    """
    b = 2.0 * feasible / trials - 1.0 if trials else 0.0
    return -math.expm1(0.5 * trials * (b - (1.0 + b) * math.log1p(b))) if b > 0.0 else 0.0


def largest_power(confidences: Sequence[Fraction | float], confidence: Fraction) -> int | None:
    """The largest j whose confidence is at least the one asked for; None if there is none.

    No penalty for having looked at many j: f decreases, so that who believes a false j believes the smallest false one.
    """
    return max((j for j, value in enumerate(confidences) if value >= confidence), default=None)


def published_trials(confidence: Fraction) -> int:
    """The fewest trials that reach, if all are feasible, a Chernoff failure of a tenth of the one allowed.

    With 95% that is 99.5%, as published.

    Examples
    --------
    >>> published_trials(Fraction(95, 100)), published_trials(Fraction(99, 100))
    (28, 36)
    """
    wanted, trials = float(1 - confidence) / 10, 1
    while 1.0 - chernoff_confidence(trials, trials) > wanted:
        trials += 1
    return trials


def clopper_pearson_bound(feasible: Sequence[int], trials: int, confidence: Fraction) -> int:
    """The largest V with |S| >= V by some s >= 1, each tested at a share of the failure that is allowed.

    |S| >= V is inferred from f[s] if P[Bin(trials, (V - 1) 2^-s) >= f[s]] <= (1 - confidence) / (levels - 1), which is
    checked in integers; V is within 1e-8 of the largest such. At least 1, since S is not empty.

    Parameters
    ----------
    feasible : sequence of int
        f[0], ..., f[levels - 1].

    Examples
    --------
    >>> clopper_pearson_bound([28, 28, 28, 20, 9, 1], 28, Fraction(95, 100))
    4
    """
    levels = len(feasible)
    best = 1
    if levels < 2:
        return best
    failure = (1 - confidence) / (levels - 1)
    for s in range(1, levels):
        if not feasible[s]:
            break
        share = _share(feasible[s], trials, float(failure))
        proposal = math.floor(Fraction(share) * (1 - Fraction(_SLACK)) * 2**s)
        if proposal + 1 > best and _tail_at_most(feasible[s], trials, Fraction(proposal, 2**s), failure):
            best = proposal + 1
    return best


def _share(feasible: int, trials: int, failure: float) -> float:
    """About the largest p with P[Bin(trials, p) >= feasible] <= failure."""
    logs = [_log_comb(trials, k) for k in range(feasible, trials + 1)]
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        p = 0.5 * (low + high)
        if p <= 0.0 or p >= 1.0:
            break
        yes, no = math.log(p), math.log1p(-p)
        tail = math.fsum(math.exp(c + k * yes + (trials - k) * no) for k, c in enumerate(logs, feasible))
        low, high = (p, high) if tail <= failure else (low, p)
    return low


def _log_comb(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _tail_at_most(feasible: int, trials: int, p: Fraction, failure: Fraction) -> bool:
    """Whether P[Bin(trials, p) >= feasible] <= failure, in integers."""
    yes, no, total = p.numerator, p.denominator - p.numerator, 0
    for k in range(trials, feasible - 1, -1):
        # Horner's rule, for sum_k C(trials, k) yes^k no^(trials - k) = yes^feasible * total.
        total = total * yes + math.comb(trials, k) * no ** (trials - k)
    tail = yes**feasible * total
    return bool(tail * failure.denominator <= failure.numerator * p.denominator**trials)

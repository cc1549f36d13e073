"""A lower bound of a mean, from independent non-negative observations of that mean and nothing else.

Markov's inequality for a product of bets (Waudby-Smith & Ramdas 2024): if X_1, X_2, ... are independent, non-negative,
of mean mu, then for m = mu and any fixed bet lambda in [0, 1]

    E_t(m) = prod over i <= t of (1 + lambda (X_i / m - 1))

is a non-negative martingale that begins at 1, and so is the average of such products over fixed bets. By Ville's
inequality it ever reaches 1 / (1 - confidence) with probability at most 1 - confidence. It falls as m grows, so the
largest m at which it does is below mu with the confidence. Proof in full: docs/estimates.md.
"""

import math
from collections.abc import Sequence

import numpy as np

__all__ = ["BETS", "betting_bound"]

#: The fixed bets, all with the same stake. With 1 alone the bound is the geometric mean over a power of 1 - confidence;
#: small bets follow the arithmetic mean of many observations.
BETS = (1.0, 0.7, 0.4, 0.2, 0.1)
#: The bound is lowered by this share, far more than all rounding of the observations and of the products together.
_ROUNDING = 1e-9
_STEPS = 100


def betting_bound(logarithms: Sequence[float], confidence: float) -> float:
    """The logarithm to base 2 of a lower bound of the observations' mean, which holds with the given confidence.

    Parameters
    ----------
    logarithms : floats
        To base 2, of the observations in the order of a plan made before; minus infinity for an observation that is
        not known, which is only known to be at least 0. It may end anywhere, for whatever reason.
    confidence : float
        In (0, 1).

    Returns
    -------
    float
        Minus infinity where nothing is shown.

    Examples
    --------
    Ten times 2^100: less than a factor 2 below.

    >>> round(betting_bound([100.0] * 10, 0.95), 2)
    99.39
    >>> betting_bound([], 0.95)
    -inf
    """
    # An observation of which nothing is known only takes money away; a later one may win it back.
    known = [value for value in logarithms if value > -math.inf]
    if not known:
        return -math.inf
    observations = np.array(logarithms, dtype=np.float64)
    # Reached at any time is enough, so the product is asked after each observation.
    low, high = min(known) - 64.0, max(known) + 64.0
    threshold = -math.log(1.0 - confidence)
    if not _wealth(observations, low) >= threshold:
        return -math.inf
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if _wealth(observations, middle) >= threshold:
            low = middle
        else:
            high = middle
    return low + math.log2(1.0 - _ROUNDING)


def _wealth(observations: np.ndarray[tuple[int], np.dtype[np.float64]], mean: float) -> float:
    """The natural logarithm of the largest average of the products, over all times."""
    bets = np.array(BETS)[:, None]
    with np.errstate(divide="ignore", over="ignore"):
        ratios = np.exp2(np.minimum(observations - mean, 1000.0))
        factors = np.log((1.0 - bets) + bets * ratios[None, :])
    products = np.cumsum(factors, axis=1)
    peak = products.max(axis=0)
    with np.errstate(invalid="ignore"):
        averages = peak + np.log(np.exp(products - peak).mean(axis=0))
    return float(np.nanmax(averages, initial=-math.inf))

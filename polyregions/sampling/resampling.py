"""Choosing some of many weighted candidates at random, so that every weighted sum stays right on average.

The scheme of Fearnhead & Clifford (2003): candidate i is kept with probability p_i = min(1, q_i / c), c such that the
p_i add up to the number wanted, and its weight is divided by p_i. Which ones is decided by one uniform number
(systematic sampling), along the order of the splitting tree, so that neighbours in the tree stand for each other.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["keep_probabilities", "systematic"]

FloatArray = npt.NDArray[np.float64]


def keep_probabilities(priorities: FloatArray, most: int) -> FloatArray:
    """min(1, q_i / c), which add up to ``most``; all 1 if there are no more candidates than that.

    Parameters
    ----------
    priorities : (n,) positive

    Examples
    --------
    >>> keep_probabilities(np.array([1.0, 1.0, 2.0, 8.0]), 3)
    array([0.5, 0.5, 1. , 1. ])
    """
    n = len(priorities)
    if n <= most:
        return np.ones(n)
    ordered = np.sort(priorities)
    totals = np.cumsum(ordered)
    # With the k largest kept for certain, c = (sum of the others) / (most - k); the least k for which c is enough.
    k = np.arange(most)
    c = totals[n - 1 - k] / (most - k)
    fits = np.flatnonzero(ordered[n - 1 - k] <= c)
    probabilities: FloatArray = np.minimum(1.0, priorities / c[fits[0] if len(fits) else most - 1])
    return probabilities


def systematic(uniform: float, probabilities: FloatArray) -> npt.NDArray[np.bool_]:
    """Which candidates are kept: those whose interval of the cumulated probabilities holds a point uniform + integer.

    Parameters
    ----------
    uniform : float
        Uniformly distributed in [0, 1).

    Examples
    --------
    >>> systematic(0.3, np.array([0.5, 0.5, 0.5, 0.5]))
    array([ True, False,  True, False])
    """
    ends = np.ceil(np.concatenate([[0.0], np.cumsum(probabilities)]) - uniform)
    # Rounding must not lose a candidate that is kept for certain.
    return np.asarray((np.diff(ends) > 0) | (probabilities >= 1.0), dtype=np.bool_)

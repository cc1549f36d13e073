"""Choosing some of many weighted candidates at random, so that every weighted sum stays right on average.

The scheme of Fearnhead & Clifford (2003): candidate i is kept with probability p_i = min(1, q_i / c), c such that the
p_i add up to the number wanted, and its weight is divided by p_i. Which ones is decided by one uniform number
(systematic sampling), along the order of the splitting tree, so that neighbours in the tree stand for each other.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_CELLS", "keep_probabilities", "on_grid", "systematic"]

FloatArray = npt.NDArray[np.float64]

#: Probabilities are multiples of 1 over this, so that those of the choice are exactly these.
_GRID = 2**44
#: So many intervals of length 1 are added up without overflow.
MOST_CELLS = 2**18


def keep_probabilities(priorities: FloatArray, most: int) -> FloatArray:
    """min(1, q_i / c), which add up to ``most``; all 1 if there are no more candidates than that.

    Each is rounded to a multiple of 2^-44, and at least that much: no candidate is left out for certain.

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
    shares = np.minimum(1.0, priorities / c[fits[0] if len(fits) else most - 1])
    return on_grid(shares)


def on_grid(probabilities: FloatArray) -> FloatArray:
    """Rounded to multiples of 2^-44, and at least that much: what is to happen with a chance can."""
    rounded: FloatArray = np.maximum(np.rint(probabilities * _GRID), 1.0) / _GRID
    return rounded


def systematic(uniform: float, probabilities: FloatArray) -> npt.NDArray[np.bool_]:
    """Which candidates are kept: those whose interval of the cumulated probabilities holds a point uniform + integer.

    Parameters
    ----------
    uniform : float
        Uniformly distributed in [0, 1).
    probabilities : (n,) multiples of 2^-44
        They add up to 2^18 at most.

    Examples
    --------
    >>> systematic(0.3, np.array([0.5, 0.5, 0.5, 0.5]))
    array([ True, False,  True, False])
    """
    # In whole numbers: each interval holds a point for exactly its share of the 2^44 places of the first point.
    place = int(uniform * _GRID)
    ends = np.concatenate([[0], np.cumsum(np.rint(probabilities * _GRID).astype(np.int64))]) - place
    points = -(-ends // _GRID)
    return np.asarray(points[1:] > points[:-1], dtype=np.bool_)

"""A safe upper bound of any boxed linear program from any multipliers (Neumaier & Shcherbina 2004)."""

from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import INFLATE, TINY, U

__all__ = ["dual_bound"]

FloatArray = npt.NDArray[np.float64]


def dual_bound(
    objective: FloatArray,
    matrix: Any,
    row_lower: FloatArray,
    row_upper: FloatArray,
    row_error: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    multipliers: FloatArray,
) -> float:
    """A proven upper bound of ``objective . x`` where row_lower <= A x <= row_upper, lower <= x <= upper.

    Parameters
    ----------
    matrix : (m, n) array or scipy.sparse array
    row_error : (m,)
        How far ``A x`` may be from the exact rows' values anywhere within the bounds.
    lower, upper : (n,) finite
    multipliers : (m,)
        Any are legal: positive ones use the row's upper side, negative ones its lower side; those of an absent side
        count as 0.

    Returns
    -------
    float
        NaN or infinity where nothing is proven. A negative bound with a zero objective proves infeasibility.

    Notes
    -----
    docs/float_filter.md, equation (4), with rows that have two sides. O(nonzeros).
    """
    m, n = matrix.shape
    absent = ((multipliers > 0) & (row_upper == np.inf)) | ((multipliers < 0) & (row_lower == -np.inf))
    y = np.where(absent, 0.0, multipliers)
    side = np.where(y > 0, row_upper, row_lower)
    side[y == 0] = 0.0
    reduced = objective - y @ matrix
    radius = np.maximum(np.abs(lower), np.abs(upper))
    peak = np.maximum(reduced * lower, reduced * upper).sum() + y @ side
    if not np.isfinite(peak):
        # A coefficient overflowed; minus infinity would pass for a proof.
        return float("inf")
    sizes = np.abs(objective) @ radius + np.abs(y) @ (abs(matrix) @ radius + np.abs(side))
    tiny = TINY * max(1.0, float(radius.max(initial=1.0))) * (1.0 + np.abs(y).sum())
    return float(peak + ((m + n + 6) * U * sizes + np.abs(y) @ row_error) * INFLATE + tiny)

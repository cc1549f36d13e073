"""Proven upper bounds of the norms of a layer's weights."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import INFLATE, U

__all__ = ["LayerNorms", "row_norms"]

FloatArray = npt.NDArray[np.float64]

#: More than the rounding of a subnormal number.
_SMALL = 2.0**-1000
#: How often W^T W is squared.
_SQUARINGS = 3


def row_norms(rows: FloatArray) -> FloatArray:
    """Upper bounds of the Euclidean norms of rows of non-negative numbers, scaled so that none underflows."""
    largest = rows.max(axis=-1, initial=0.0)
    safe = np.where(largest > 0, largest, 1.0)
    norms: FloatArray = np.sqrt(((rows / safe[..., None]) ** 2).sum(axis=-1)) * safe * INFLATE + _SMALL
    return norms


@dataclass(frozen=True)
class LayerNorms:
    """``rows`` (n,): bounds of the rows' Euclidean norms; ``spectral``, ``frobenius``: of the matrix's norms."""

    rows: FloatArray
    spectral: float
    frobenius: float

    @classmethod
    def of(cls, weights: FloatArray) -> "LayerNorms":
        """Bounds for a matrix, by four products of square matrices.

        The largest eigenvalue of P = W^T W is at most |P^8|_F^(1/8), which is at most n^(1/16) times too large. A
        product of floats is off by at most n u |A|_F |B|_F in the Frobenius norm. A computed square is nearly
        symmetric: its symmetric part is what is meant, which is off by no more.
        """
        size = float(np.abs(weights).max())
        if not 2.0**-200 < size < 2.0**200:  # the products below would leave the range of floats
            infinite = np.full(len(weights), np.inf)
            return cls(infinite, float("inf"), float("inf"))
        # A power of two takes the size out without rounding, but for what underflows.
        scale = 2.0 ** np.frexp(size)[1]
        w = weights / scale
        frobenius = float(row_norms(np.abs(w).ravel()))
        n = max(w.shape) + 2
        power = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
        power = (power + power.T) / 2
        # |true power|_2 <= |float power|_2 + off, and from there on P is the float matrix itself.
        bound = [n * U * frobenius**2 * INFLATE]
        for _ in range(_SQUARINGS):
            length = float(np.sqrt((power**2).sum())) * INFLATE
            power = power @ power
            power = (power + power.T) / 2
            bound.append((n + 2) * U * length**2 * INFLATE)
        largest = float(np.sqrt((power**2).sum())) * INFLATE
        # |P|_2 = |P^2|_2^(1/2) for symmetric P, from the last power to the first.
        for off in reversed(bound[1:]):
            largest = float(np.sqrt(largest + off)) * INFLATE
        spectral = float(np.sqrt(largest + bound[0])) * INFLATE
        return cls(row_norms(np.abs(weights)), min(spectral, frobenius) * scale, frobenius * scale)

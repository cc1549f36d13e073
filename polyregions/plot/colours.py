"""Colours for regions: by what they are, so that the same pattern has the same colour in every picture."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["colours_of_numbers", "colours_of_patterns"]

FloatArray = npt.NDArray[np.float64]

#: Of the 64-bit hash FNV-1a (Fowler, Noll & Vo).
_FNV_START, _FNV_PRIME = 14695981039346656037, 1099511628211
#: Powers of 1/p with p^4 = p + 1: multiples of them, modulo 1, fill the cube evenly.
_STEPS = 1 / 1.2207440846057596 ** np.arange(1, 4)
_DIGITS = 20


def colours_of_patterns(packed: npt.NDArray[np.uint8]) -> FloatArray:
    """A colour for each packed pattern, (m, k) to (m, 3): a hash of its bytes.

    Two patterns have the same colour with probability 2^-60.
    """
    values = np.full(len(packed), _FNV_START, dtype=np.uint64)
    for column in packed.T:
        values = (values ^ column) * np.uint64(_FNV_PRIME)
    # The last bytes have only reached the upper bits.
    values = (values ^ (values >> np.uint64(32))) * np.uint64(_FNV_PRIME)
    values ^= values >> np.uint64(29)
    parts = [(values >> np.uint64(_DIGITS * i)) & np.uint64(2**_DIGITS - 1) for i in range(3)]
    return _soft(np.stack(parts, axis=1) / 2**_DIGITS)


def colours_of_numbers(numbers: npt.ArrayLike) -> FloatArray:
    """A colour for each number 0, 1, 2, ..., (m,) to (m, 3): different ones for different numbers, far apart."""
    return _soft(np.asarray(numbers, dtype=np.float64)[:, None] * _STEPS % 1.0)


def _soft(shares: FloatArray) -> FloatArray:
    """Colours light enough for black edges, from hue, saturation and brightness between 0 and 1."""
    from matplotlib.colors import hsv_to_rgb

    colours: Any = hsv_to_rgb(shares * [1.0, 0.35, 0.2] + [0.0, 0.17, 0.78])
    return np.asarray(colours, dtype=np.float64)

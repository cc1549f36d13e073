"""Integer rows as floats for proposals: each scaled by a power of two, those that floats can't hold left out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyregions.projection.system import Row

__all__ = ["FloatForms", "float_forms"]

FloatArray = npt.NDArray[np.float64]

#: Solvers take larger numbers for infinite or refuse them.
_LARGEST = 10**15


@dataclass(frozen=True)
class FloatForms:
    """Forms a . x + c, approximately; row i is row i of the integers times 2 ** -exponents[i].

    A row that floats can't hold is 0 . x + 1, which asks for nothing, and ``usable`` is False for it.
    """

    a: FloatArray
    c: FloatArray
    exponents: list[int]
    usable: npt.NDArray[np.bool_]


def float_forms(rows: Sequence[Row], dimension: int) -> FloatForms:
    """The rows with the largest coefficient scaled to between 1/2 and 1."""
    m = len(rows)
    a, c = np.zeros((m, dimension)), np.ones(m)
    usable = np.zeros(m, dtype=np.bool_)
    exponents = []
    for i, row in enumerate(rows):
        exponent = max((int(value).bit_length() for value in row[:dimension]), default=0)
        exponents.append(exponent)
        scale = 1 << exponent
        # A quotient of integers is rounded once, whatever their size.
        if abs(row[-1]) < _LARGEST * scale:
            a[i] = [value / scale for value in row[:dimension]]
            c[i] = row[-1] / scale
            usable[i] = True
    return FloatForms(a, c, exponents, usable)

"""Compiled: Cholesky's factors of small matrices. For guesses: no bound of the rounding errors is kept."""

import numpy as np
import numpy.typing as npt

from polyregions.splitting.compiled import compiled_loosely

__all__ = ["backward", "cholesky", "forward"]

FloatArray = npt.NDArray[np.float64]


@compiled_loosely
def cholesky(matrix: FloatArray, n: int) -> bool:
    """From the upper triangle: the lower one becomes the factor L, the upper one work space.

    There are rows and columns up to a multiple of four. Afterwards what stands above the diagonal in the diagonal's
    blocks of four is 0.
    """
    # Rows of the transpose are contiguous; four of them at a time are taken out of what is left, two rows at once.
    # Where a range does not begin with 0, the compiler must be told that no index is negative: twice as fast.
    end_of_rows = np.uint64(n)
    for k in range(0, n, 4):
        end = min(k + 4, n)
        for i in range(k, end):
            for q in range(k, i):
                factor = matrix[q, i]
                for j in range(np.uint64(i), end_of_rows):
                    matrix[i, j] -= factor * matrix[q, j]
            if not matrix[i, i] > 0.0:
                return False
            factor = 1.0 / np.sqrt(matrix[i, i])
            for j in range(np.uint64(i), end_of_rows):
                matrix[i, j] *= factor
        for i in range(end, n, 2):
            a0, a1, a2, a3 = matrix[k, i], matrix[k + 1, i], matrix[k + 2, i], matrix[k + 3, i]
            b0, b1, b2, b3 = matrix[k, i + 1], matrix[k + 1, i + 1], matrix[k + 2, i + 1], matrix[k + 3, i + 1]
            for j in range(np.uint64(i), end_of_rows):
                c0, c1, c2, c3 = matrix[k, j], matrix[k + 1, j], matrix[k + 2, j], matrix[k + 3, j]
                matrix[i, j] -= a0 * c0 + a1 * c1 + a2 * c2 + a3 * c3
                matrix[i + 1, j] -= b0 * c0 + b1 * c1 + b2 * c2 + b3 * c3
    for i in range(n):
        for j in range(i):
            matrix[i, j] = matrix[j, i]
    for i in range(n):
        for j in range(i // 4 * 4, i):
            matrix[j, i] = 0.0
    return True


@compiled_loosely
def forward(matrix: FloatArray, vector: FloatArray, row: int, n: int) -> None:
    """vector = L^-1 vector."""
    for i in range(n):
        value = vector[row, i]
        for k in range(i):
            value -= matrix[i, k] * vector[row, k]
        vector[row, i] = value / matrix[i, i]


@compiled_loosely
def backward(matrix: FloatArray, vector: FloatArray, row: int, n: int) -> None:
    """vector = L^-T vector."""
    for i in range(n - 1, -1, -1):
        value = vector[row, i] / matrix[i, i]
        vector[row, i] = value
        for k in range(i):
            vector[row, k] -= matrix[i, k] * value

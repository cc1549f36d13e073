"""Compiled: Cholesky's factors of small matrices. For guesses: no bound of the rounding errors is kept."""

import numpy as np
import numpy.typing as npt

from polyregions.splitting.compiled import compiled_loosely

__all__ = ["backward", "cholesky", "forward"]

FloatArray = npt.NDArray[np.float64]


@compiled_loosely
def cholesky(matrix: FloatArray, n: int) -> bool:
    """Replace the lower triangle by its factor; the upper one is work space."""
    # Rows of the factor's transpose, which are contiguous: two of them at a time are taken out of what is left.
    for i in range(n):
        for j in range(i):
            matrix[j, i] = matrix[i, j]
    for k in range(0, n, 2):
        if not matrix[k, k] > 0.0:
            return False
        factor = 1.0 / np.sqrt(matrix[k, k])
        for j in range(k, n):
            matrix[k, j] *= factor
        if k + 1 < n:
            first = matrix[k, k + 1]
            for j in range(k + 1, n):
                matrix[k + 1, j] -= first * matrix[k, j]
            if not matrix[k + 1, k + 1] > 0.0:
                return False
            factor = 1.0 / np.sqrt(matrix[k + 1, k + 1])
            for j in range(k + 1, n):
                matrix[k + 1, j] *= factor
            for i in range(k + 2, n):
                first, second = matrix[k, i], matrix[k + 1, i]
                for j in range(i, n):
                    matrix[i, j] -= first * matrix[k, j] + second * matrix[k + 1, j]
    for i in range(n):
        for j in range(i):
            matrix[i, j] = matrix[j, i]
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

"""Compiled: symmetric products of matrices, upper triangles alone, in blocks that stay in registers. For guesses.

Vectors that are given have zeros behind their end, up to a multiple of four. Behind that of results there is anything.
"""

import numpy as np
import numpy.typing as npt

from polyregions.splitting.compiled import compiled_loosely

__all__ = ["add_squares", "gram", "times_factor"]

FloatArray = npt.NDArray[np.float64]


@compiled_loosely
def gram(rows: FloatArray, weights: FloatArray, block: FloatArray, target: FloatArray, n: int) -> None:
    """The sum over j of weights[j] times the square of the j-th column of the first n rows."""
    length = rows.shape[1]
    for i in range(0, n, 4):
        for j in range(length):
            weight = weights[j]
            block[0, j], block[1, j] = weight * rows[i, j], weight * rows[i + 1, j]
            block[2, j], block[3, j] = weight * rows[i + 2, j], weight * rows[i + 3, j]
        for k in range(0, i + 4, 4):
            s00, s01, s02, s03 = 0.0, 0.0, 0.0, 0.0
            s10, s11, s12, s13 = 0.0, 0.0, 0.0, 0.0
            s20, s21, s22, s23 = 0.0, 0.0, 0.0, 0.0
            s30, s31, s32, s33 = 0.0, 0.0, 0.0, 0.0
            for j in range(length):
                a0, a1, a2, a3 = rows[k, j], rows[k + 1, j], rows[k + 2, j], rows[k + 3, j]
                b0, b1, b2, b3 = block[0, j], block[1, j], block[2, j], block[3, j]
                s00 += a0 * b0
                s01 += a0 * b1
                s02 += a0 * b2
                s03 += a0 * b3
                s10 += a1 * b0
                s11 += a1 * b1
                s12 += a1 * b2
                s13 += a1 * b3
                s20 += a2 * b0
                s21 += a2 * b1
                s22 += a2 * b2
                s23 += a2 * b3
                s30 += a3 * b0
                s31 += a3 * b1
                s32 += a3 * b2
                s33 += a3 * b3
            target[k, i], target[k, i + 1], target[k, i + 2], target[k, i + 3] = s00, s01, s02, s03
            target[k + 1, i], target[k + 1, i + 1], target[k + 1, i + 2], target[k + 1, i + 3] = s10, s11, s12, s13
            target[k + 2, i], target[k + 2, i + 1], target[k + 2, i + 2], target[k + 2, i + 3] = s20, s21, s22, s23
            target[k + 3, i], target[k + 3, i + 1], target[k + 3, i + 2], target[k + 3, i + 3] = s30, s31, s32, s33


@compiled_loosely
def add_squares(target: FloatArray, block: FloatArray, w0: float, w1: float, w2: float, w3: float, n: int) -> None:
    """Add the squares of the block's four vectors of n entries, times the weights."""
    for i in range(0, n, 2):
        a0, a1, a2, a3 = w0 * block[0, i], w1 * block[1, i], w2 * block[2, i], w3 * block[3, i]
        b0, b1, b2, b3 = w0 * block[0, i + 1], w1 * block[1, i + 1], w2 * block[2, i + 1], w3 * block[3, i + 1]
        for j in range(np.uint64(i), np.uint64(n)):
            c0, c1, c2, c3 = block[0, j], block[1, j], block[2, j], block[3, j]
            target[i, j] += a0 * c0 + a1 * c1 + a2 * c2 + a3 * c3
            target[i + 1, j] += b0 * c0 + b1 * c1 + b2 * c2 + b3 * c3


@compiled_loosely
def times_factor(given: FloatArray, factor: FloatArray, block: FloatArray, n: int) -> None:
    """The block's four vectors become L^T times the given four; L is a factor of :func:`cholesky`."""
    for q in range(4):
        for j in range(n):
            block[q, j] = 0.0
    for k in range(0, n, 4):
        a0, a1, a2, a3 = given[0, k], given[0, k + 1], given[0, k + 2], given[0, k + 3]
        b0, b1, b2, b3 = given[1, k], given[1, k + 1], given[1, k + 2], given[1, k + 3]
        c0, c1, c2, c3 = given[2, k], given[2, k + 1], given[2, k + 2], given[2, k + 3]
        d0, d1, d2, d3 = given[3, k], given[3, k + 1], given[3, k + 2], given[3, k + 3]
        for j in range(k + 4):
            f0, f1, f2, f3 = factor[k, j], factor[k + 1, j], factor[k + 2, j], factor[k + 3, j]
            block[0, j] += a0 * f0 + a1 * f1 + a2 * f2 + a3 * f3
            block[1, j] += b0 * f0 + b1 * f1 + b2 * f2 + b3 * f3
            block[2, j] += c0 * f0 + c1 * f1 + c2 * f2 + c3 * f3
            block[3, j] += d0 * f0 + d1 * f1 + d2 * f2 + d3 * f3

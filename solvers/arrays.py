"""Checked arrays for the back ends: bounds, and rows in compressed form."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from solvers.protocol import FloatArray

__all__ = ["check_bounds", "compress_rows"]

IndexArray: TypeAlias = npt.NDArray[np.int32]


def check_bounds(
    lower: npt.ArrayLike, upper: npt.ArrayLike, count: int | None, what: str
) -> tuple[FloatArray, FloatArray]:
    """Bounds as float64 arrays of one shape (count,), checked: no nan, lower <= upper."""
    low = np.ascontiguousarray(lower, dtype=np.float64)
    high = np.ascontiguousarray(upper, dtype=np.float64)
    if low.ndim != 1 or low.shape != high.shape or (count is not None and len(low) != count):
        wanted = "(n,)" if count is None else f"({count},)"
        raise ValueError(f"{what} bounds must have shape {wanted}, got {low.shape} and {high.shape}")
    if not (low <= high).all():
        worst = int(np.flatnonzero(~(low <= high))[0])
        raise ValueError(f"{what} {worst}: lower {low[worst]} is not <= upper {high[worst]}")
    return low, high


def compress_rows(matrix: Any, num_columns: int, columns: IndexArray) -> tuple[int, IndexArray, IndexArray, FloatArray]:
    """The rows of `matrix` in compressed form: their number k, starts (k,), column indices and values (nonzeros,).

    `columns` is arange(num_columns), made once by the caller: a dense row needs no other index array.
    """
    if hasattr(matrix, "tocsr"):
        rows = matrix.tocsr()
        if not rows.has_canonical_format:  # HiGHS refuses duplicate entries; leave the caller's matrix alone
            rows = rows.copy()
            rows.sum_duplicates()
        shape = rows.shape
        starts, indices = rows.indptr[:-1].astype(np.int32), rows.indices.astype(np.int32)
        values = rows.data.astype(np.float64)
    else:
        dense = np.ascontiguousarray(matrix, dtype=np.float64)
        shape = dense.shape
        if dense.ndim == 2 and shape[1] == num_columns and np.count_nonzero(dense) == dense.size:
            starts = np.arange(shape[0], dtype=np.int32) * np.int32(num_columns)
            indices = columns if shape[0] == 1 else np.tile(columns, shape[0])
            values = dense.ravel()
        else:
            mask = dense != 0.0
            indices = np.nonzero(mask)[-1].astype(np.int32)
            values = dense[mask]
            ends = np.cumsum(np.count_nonzero(mask, axis=-1)) if dense.ndim == 2 else np.zeros(0)
            starts = np.concatenate([[0], ends[:-1]]).astype(np.int32)
    if len(shape) != 2 or shape[1] != num_columns:
        raise ValueError(f"rows must have shape (k, {num_columns}), got {tuple(shape)}")
    if not np.isfinite(values).all():  # HiGHS accepts nan in silence and may answer "optimal"
        raise ValueError("row coefficients must be finite")
    return int(shape[0]), starts, indices, values

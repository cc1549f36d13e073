"""Checks on a `MILPModel`, and the answers that need no solver."""

from __future__ import annotations

import math

import numpy as np

from solvers.arrays import check_bounds, compress_rows
from solvers.protocol import MILPModel, MILPSolution
from solvers.status import Status

__all__ = ["check_model", "trivial_solution"]


def check_model(model: MILPModel) -> None:
    """Check shapes and values; a back end would read past the end of a short array.

    Raises
    ------
    ValueError
        For shapes that do not fit together, nan, lower > upper, or coefficients that are not finite.
    """
    n = len(model.objective)
    if model.objective.shape != (n,) or not np.isfinite(model.objective).all():
        raise ValueError("the objective must be a finite array of shape (n,)")
    if model.integer.shape != (n,):
        raise ValueError(f"integer must have shape ({n},), got {model.integer.shape}")
    check_bounds(model.lower, model.upper, n, "column")
    count, *_ = compress_rows(model.matrix, n, np.arange(n, dtype=np.int32))
    check_bounds(model.row_lower, model.row_upper, count, "row")


def trivial_solution(model: MILPModel) -> MILPSolution | None:
    """The answer where solvers disagree on the format: no columns, or a row without entries that excludes 0.

    None for any other model. The model must have passed `check_model`.
    """
    n = len(model.objective)
    count, starts, _, values = compress_rows(model.matrix, n, np.arange(n, dtype=np.int32))
    entries = np.diff(np.append(starts, len(values))) if count else np.zeros(0)
    impossible = (entries == 0) & ((model.row_lower > 0.0) | (model.row_upper < 0.0))
    if impossible.any():
        return MILPSolution(status=Status.INFEASIBLE, objective=math.nan, bound=math.nan, x=None, nodes=0, seconds=0.0)
    if n == 0:
        return MILPSolution(status=Status.OPTIMAL, objective=0.0, bound=0.0, x=np.zeros(0), nodes=0, seconds=0.0)
    return None

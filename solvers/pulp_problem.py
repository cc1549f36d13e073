"""`pulp.LpProblem` from arrays or from an MPS file."""

from __future__ import annotations

import math
import warnings
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from solvers.arrays import compress_rows
from solvers.mps import maximises
from solvers.protocol import MILPModel

__all__ = ["problem_from_arrays", "problem_from_mps"]


def problem_from_arrays(model: MILPModel) -> Any:
    """A `pulp.LpProblem` equal to `model`, with variables x0000000, x0000001 ... so that their order is kept.

    A row with two different finite bounds becomes two constraints; one without entries is left out.
    """
    import pulp

    n = len(model.objective)
    width = max(7, len(str(n)))
    problem = pulp.LpProblem("model", pulp.LpMaximize if model.maximise else pulp.LpMinimize)
    with warnings.catch_warnings():  # PuLP 3.3 announces the constructors of PuLP 4; pyproject.toml pins pulp<4
        warnings.simplefilter("ignore", DeprecationWarning)
        variables = [
            pulp.LpVariable(
                f"x{j:0{width}d}",
                _finite(model.lower[j]),
                _finite(model.upper[j]),
                pulp.LpInteger if model.integer[j] else pulp.LpContinuous,
            )
            for j in range(n)
        ]
        # Zeros are kept: PuLP writes a variable without any entry to the bounds of an MPS file but not to its
        # columns, and CBC then fails.
        costs = [(variables[j], float(model.objective[j])) for j in range(n)]
        problem.setObjective(pulp.LpAffineExpression(costs))
        count, starts, indices, values = compress_rows(model.matrix, n, np.arange(n, dtype=np.int32))
        ends = np.append(starts[1:], len(values))
        for row in range(count):
            entries = [(variables[indices[k]], float(values[k])) for k in range(starts[row], ends[row])]
            if entries:
                bounds = float(model.row_lower[row]), float(model.row_upper[row])
                _add_row(pulp, problem, entries, *bounds)
    return problem


def _add_row(pulp: Any, problem: Any, entries: list[tuple[Any, float]], lower: float, upper: float) -> None:
    """Add lower <= entries <= upper as one constraint or two."""
    if lower == upper:
        sides = [(pulp.LpConstraintEQ, lower)]
    else:
        sides = [(pulp.LpConstraintGE, lower), (pulp.LpConstraintLE, upper)]
    for sense, right in sides:
        if math.isfinite(right):
            problem.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(entries), sense, rhs=right))


def _finite(bound: float) -> float | None:
    """PuLP's None for an infinite bound."""
    return float(bound) if math.isfinite(bound) else None


def problem_from_mps(path: str | PathLike[str]) -> Any:
    """A `pulp.LpProblem` from an MPS file, with the sense that the file states.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file does not exist or is not called .mps: PuLP reads no other format.
    """
    import pulp

    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"no such model file: {file}")
    if file.suffix.lower() != ".mps":
        raise ValueError(f"PuLP reads MPS files only, not {file.name}; HiGHS ('highs') reads LP files too")
    sense = pulp.LpMaximize if maximises(file) else pulp.LpMinimize
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        _, problem = pulp.LpProblem.fromMPS(fspath(file), sense=sense)
    return problem

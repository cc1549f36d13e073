"""Cuts of Anderson, Huchette, Ma, Tjandraatmadja & Vielma (2020) for the big-M encoding, separated at its root.

For a unit h = max(0, w . y + b) whose inputs have bounds L <= y <= U, and any set I of its inputs,

    h <= sum_{i in I} w_i (y_i - l_i (1 - z)) + (b + sum_{i not in I} w_i u_i) z,

where w_i l_i and w_i u_i are the least and the largest values of w_i y_i. All of them together with the big-M rows
are the convex hull of one unit; there are 2^n, but the one that a point violates most is found in O(n).
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import INFLATE, TINY, U
from polyregions.milp.encoding import EncodedUnit, Encoding
from polyregions.milp.safe_program import Program, SafeProgram

__all__ = ["Cut", "separate", "strengthen"]

FloatArray = npt.NDArray[np.float64]

#: Violations that are worth a row: units are scaled to size 1.
_VIOLATED = 1e-4
#: Rounds of the cut loop; and the share of the root's gain below which another one is not worth it.
_ROUNDS = 20
_PROGRESS = 1e-3


class Cut:
    """The row ``h - coefficients . y - factor z <= side``, valid in exact arithmetic.

    At a point of the network either z = 0, h = 0, and the row asks that sum_I w_i y_i >= -side; or z = 1,
    h = w . y + b up to the form's error, and it asks that b + error + sum_{not I} w_i y_i <= factor + side. So two
    sums, rounded outward, are all that has to be right: side >= -sum_I w_i l_i, and factor + side >= b + error +
    sum_{not I} w_i u_i.

    Attributes
    ----------
    coefficients : (n,)
        w_i for i in I, else 0.
    factor, side : float
    """

    def __init__(self, unit: EncodedUnit, lower: FloatArray, upper: FloatArray, chosen: npt.NDArray[np.bool_]) -> None:
        w = unit.coefficients
        least, largest = np.minimum(w * lower, w * upper), np.maximum(w * lower, w * upper)
        self.coefficients = np.where(chosen, w, 0.0)
        self.side = _sum_above(-least[chosen])
        self.factor = math.nextafter(_sum_above([*largest[~chosen], unit.constant, unit.error]) - self.side, math.inf)


def _sum_above(terms: Sequence[float] | FloatArray) -> float:
    """An upper bound of the sum of products of floats, of which ``terms`` are the rounded values."""
    array = np.asarray(terms, dtype=np.float64)
    size = float(np.abs(array).sum())
    return float(array.sum() + ((len(array) + 3) * U * size * INFLATE + TINY * (1.0 + size)))


def separate(unit: EncodedUnit, lower: FloatArray, upper: FloatArray, y: FloatArray, h: float, z: float) -> Cut | None:
    """The cut that the point (y, h, z) violates most, if any is violated; O(n).

    Parameters
    ----------
    lower, upper : (n,)
        Proven bounds of the unit's inputs.
    y : (n,)
        Their values.
    """
    w = unit.coefficients
    least, largest = np.minimum(w * lower, w * upper), np.maximum(w * lower, w * upper)
    chosen = w * y < least * (1.0 - z) + largest * z
    cut = Cut(unit, lower, upper, chosen & (w != 0))
    violation = h - cut.coefficients @ y - cut.factor * z - cut.side
    return cut if violation > _VIOLATED else None


def strengthen(
    encoding: Encoding, *, objective: FloatArray | None = None, solver: str = "highs", rounds: int = _ROUNDS
) -> int:
    """Add to the encoding's problem the cuts that its relaxation violates, round by round; its solutions stay the same.

    The rounds end where no cut is violated or the optimum hardly moves; cuts that are slack at the last optimum are
    not added.

    Parameters
    ----------
    objective : (n,) array, optional
        What to maximise, in the order of ``encoding.arrays()``; default: f.
    solver : str
        The LP back end.
    rounds : int

    Returns
    -------
    int
        The number of cuts added.
    """
    problem = encoding.problem
    with np.errstate(all="ignore"):
        cuts = _root_cuts(encoding, objective, solver, rounds)
    for k, (unit, cut) in enumerate(cuts, start=problem.numConstraints()):
        inputs = zip(unit.inputs, cut.coefficients.tolist(), strict=True)
        row = unit.h - cut.factor * unit.z
        for variable, value in inputs:
            if value:
                row -= value * variable
        problem += row <= cut.side, f"cut_{unit.name}_{k}"
    return len(cuts)


def _root_cuts(
    encoding: Encoding, objective: FloatArray | None, solver: str, rounds: int
) -> list[tuple[EncodedUnit, Cut]]:
    arrays = encoding.arrays()
    n = len(arrays.lower)
    if objective is None:
        objective = np.zeros(n)
        objective[arrays.objective] = 1.0
    column = {variable.name: j for j, variable in enumerate(encoding.problem.variables())}
    bounded = [
        (unit, np.array([float(v.lowBound) for v in unit.inputs]), np.array([float(v.upBound) for v in unit.inputs]))
        for unit in encoding.unstable
    ]
    cuts: list[tuple[EncodedUnit, Cut]] = []
    rows = np.empty((0, n))
    sides = np.empty(0)
    last = math.inf
    for _ in range(rounds + 1):
        outcome = SafeProgram(_with_rows(arrays, rows, sides), solver=solver).maximise(objective)
        if outcome.x is None:
            break
        x = outcome.x
        # Cuts that are slack have done their work, or never will.
        tight = rows @ x > sides - _VIOLATED
        cuts, rows, sides = [cut for cut, keep in zip(cuts, tight, strict=True) if keep], rows[tight], sides[tight]
        if math.isfinite(last) and last - outcome.bound <= _PROGRESS * abs(last):
            break
        last = outcome.bound
        found = []
        for unit, lower, upper in bounded:
            y = np.array([x[column[v.name]] if v.name in column else v.lowBound for v in unit.inputs])
            cut = separate(unit, lower, upper, y, x[column[unit.h.name]], x[column[unit.z.name]])
            if cut is not None:
                found.append((unit, cut))
        if not found:
            break
        cuts += found
        rows = np.vstack([rows, *(_row(unit, cut, column, n) for unit, cut in found)])
        sides = np.append(sides, [cut.side for _, cut in found])
    return cuts


def _row(unit: EncodedUnit, cut: Cut, column: dict[str, int], n: int) -> FloatArray:
    row = np.zeros(n)
    for variable, value in zip(unit.inputs, cut.coefficients.tolist(), strict=True):
        if value:
            row[column[variable.name]] = -value
    row[column[unit.h.name]] = 1.0
    row[column[unit.z.name]] = -cut.factor
    return row


def _with_rows(program: Program, rows: FloatArray, sides: FloatArray) -> Program:
    """The program with valid rows ``rows . x <= sides`` added."""
    from scipy.sparse import csr_array, vstack

    return Program(
        vstack([program.matrix, csr_array(rows)], format="csr"),
        np.append(program.row_lower, np.full(len(sides), -np.inf)),
        np.append(program.row_upper, sides),
        np.append(program.row_error, np.zeros(len(sides))),
        program.lower,
        program.upper,
    )

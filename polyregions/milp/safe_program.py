"""A linear program on a solver's warm-started session whose every optimum is replaced by a proven bound."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.exact.dual_bound import dual_bound
from solvers import SolverError, Status, lp_session

__all__ = ["Program", "SafeOptimum", "SafeProgram"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Program:
    """Rows and columns as arrays: row_lower <= A x <= row_upper, lower <= x <= upper.

    ``row_error[i]`` bounds how far row i of A is from the exact program's row, anywhere within the column bounds.
    """

    matrix: Any
    row_lower: FloatArray
    row_upper: FloatArray
    row_error: FloatArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True, slots=True)
class SafeOptimum:
    """A proven upper bound of the optimum, minus infinity if proven infeasible; and the solver's point, if any."""

    bound: float
    x: FloatArray | None


class SafeProgram:
    """Maximises objectives over a program under changing column bounds.

    Parameters
    ----------
    program : Program
    solver : str
        The LP back end. Where it refuses the numbers or ends without a verdict, bounds are those of the box of the
        column bounds.

    Attributes
    ----------
    solves : int
    """

    def __init__(self, program: Program, *, solver: str = "highs") -> None:
        self.program = program
        self._objective: FloatArray | None = None
        self._lower, self._upper = program.lower.copy(), program.upper.copy()
        self.solves = 0
        self._session: Any = None
        try:
            session = lp_session(program.lower, program.upper, name=solver)
            session.add_rows(program.matrix, program.row_lower, program.row_upper)
        except (SolverError, ValueError):
            return
        self._session = session

    def maximise(
        self,
        objective: FloatArray,
        *,
        lower: FloatArray | None = None,
        upper: FloatArray | None = None,
        time_limit: float | None = None,
    ) -> SafeOptimum:
        """A proven bound of the objective over the program.

        Parameters
        ----------
        lower, upper : (n,), optional
            Column bounds within those of the program; default: the program's.
        time_limit : float, optional
            Seconds.
        """
        lower = self.program.lower if lower is None else lower
        upper = self.program.upper if upper is None else upper
        # Any multipliers prove something; those of a zero vector what the column bounds alone imply.
        box = self._bound(objective, lower, upper, np.zeros(len(self.program.row_lower)))
        try:
            solution = self._solve(objective, lower, upper, time_limit)
        except (SolverError, ValueError):
            return SafeOptimum(box, None)
        if solution is None:
            return SafeOptimum(box, None)
        if solution.status is Status.INFEASIBLE:
            empty = solution.ray is not None and self._bound(np.zeros_like(objective), lower, upper, solution.ray) < 0
            return SafeOptimum(-math.inf if empty else box, None)
        if solution.status is not Status.OPTIMAL:
            return SafeOptimum(box, None)
        bound = self._bound(objective, lower, upper, solution.row_duals)
        # NaN compares false: it never replaces the bound of the box.
        return SafeOptimum(bound if bound < box else box, solution.x)

    def _solve(self, objective: FloatArray, lower: FloatArray, upper: FloatArray, time_limit: float | None) -> Any:
        session = self._session
        if session is None:
            return None
        for column in np.flatnonzero((lower != self._lower) | (upper != self._upper)).tolist():
            session.set_column_bounds(column, float(lower[column]), float(upper[column]))
        self._lower, self._upper = lower.copy(), upper.copy()
        if self._objective is None or not np.array_equal(objective, self._objective):
            session.set_objective(objective)
            self._objective = objective.copy()
        self.solves += 1
        return session.solve(time_limit=time_limit)

    def _bound(self, objective: FloatArray, lower: FloatArray, upper: FloatArray, multipliers: FloatArray) -> float:
        program = self.program
        with np.errstate(all="ignore"):
            bound = dual_bound(
                objective,
                program.matrix,
                program.row_lower,
                program.row_upper,
                program.row_error,
                lower,
                upper,
                multipliers,
            )
        return math.inf if math.isnan(bound) else bound

"""Linear programs on HiGHS, embedded through highspy: one object, changed in place, warm started.

Why these options (highspy 1.15.1, ratios of time per call measured side by side, one thread):

* ``presolve`` off: needed for dual rays and for warm starts.
* ``simplex_scale_strategy`` 0: as fast as the default up to noise for few columns, 1.1 to 6 times faster for 64 and
  784 (most with 40 rows, a row added and the objective changed). Callers scale their rows.
* The dual simplex survives every change but that of the objective; after that alone the primal one starts from a
  feasible vertex. The primal one is not used from an infeasible basis: it is less reliable there (3 of 1,500 small
  cold LPs ended without a verdict, of the dual one none) and leaves no dual ray.
* Where to start after a change of objective: see `_PRIMAL_UNRELATED`.
* Dual pricing, perturbation and edge weights: no gain beyond noise, some losses; left alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from solvers.arrays import check_bounds, compress_rows
from solvers.errors import SolverError
from solvers.highs_basis import NativeBasis, encode_basis
from solvers.highs_object import check, maximise, new_highs
from solvers.protocol import Basis, FloatArray, LPSolution
from solvers.status import HIGHS_STATUS, Status

__all__ = ["HighsLP"]

# After a change of objective, in a box, 10 to 60 rows. Time from the old vertex over time from the slack basis (dual
# feasible in a box for every objective), for an objective unrelated to the last one or its negative: primal simplex
# 0.7-0.9 for 2 columns, 0.9-1.1 for 4 and 6, 1.0-1.4 for 8, 1.2-1.6 for 16, 1.6-1.9 for 24; dual 1.0-1.5 up to 8,
# 1.2-1.8 for 12 to 64, 1.1-1.4 for 784 (primal from the old vertex: 7-9 times the dual from there). With a row added
# too, dual: 0.9-1.3 up to 8, 0.8-2.0 (mostly above 1.2) for 12 to 64, 1.2-1.5 for 784. For an
# objective near the last one the old vertex is better: primal 0.4-0.7 up to 24 columns, dual 0.6-1.1 beyond.
_PRIMAL_UNRELATED = 8  # columns up to which the primal simplex continues from the old vertex
_PRIMAL_RELATED = 24
_RELATED = 0.9  # cosine of the angle between two objectives
_DUAL, _PRIMAL = 1, 4  # HiGHS's codes for the option simplex_strategy

_RETRY = ("kNotset", "kUnknown", "kSolveError")  # seen on warm LPs, about 2 in 10,000: a cold run mends each


class HighsLP:
    """An `LPSession` on HiGHS: maximise c.x, row_lower <= A x <= row_upper, lower <= x <= upper.

    Parameters
    ----------
    lower, upper : array_like (n,)
        Bounds of the variables; infinities allowed. n = 0 is allowed: the rows are then compared with 0.
    tolerance : float
        Primal and dual feasibility tolerance, absolute, at least 1e-10. HiGHS does not scale the rows here, so
        normalise them.

    Raises
    ------
    ValueError
        For shapes that do not match, nan, or lower > upper.
    SolverNotAvailableError
        When highspy is not installed.

    Notes
    -----
    HiGHS drops matrix entries of absolute value <= 1e-9 without an error and refuses those >= 1e15: scale rows by
    powers of two. Bounds of absolute value >= 1e20 count as infinite. The answer is a claim: verify x, the duals
    and the ray in exact arithmetic where it matters.

    Not safe for use by two threads at once, but `solve` releases the interpreter lock, so sessions may run in
    parallel.

    Examples
    --------
    >>> session = HighsLP([0.0, 0.0], [1.0, 1.0])
    >>> session.add_rows([[1.0, 1.0]], [-np.inf], [1.5])
    >>> session.set_objective([2.0, 1.0])
    >>> solution = session.solve()
    >>> solution.status.name, solution.objective, solution.x, solution.row_duals
    ('OPTIMAL', 2.5, array([1. , 0.5]), array([1.]))
    >>> session.set_row_bounds(0, 3.0, np.inf)
    >>> solution = session.solve()
    >>> solution.status.name, solution.x, bool(solution.ray[0] < 0)
    ('INFEASIBLE', None, True)

    Without columns the rows read ``row_lower <= 0 <= row_upper``:

    >>> empty = HighsLP([], [])
    >>> empty.add_rows(np.zeros((1, 0)), [1.0], [2.0])
    >>> empty.solve().status.name, empty.solve().ray
    ('INFEASIBLE', array([-1.]))
    """

    def __init__(self, lower: npt.ArrayLike, upper: npt.ArrayLike, *, tolerance: float = 1e-9) -> None:
        lower, upper = check_bounds(lower, upper, None, "column")
        self._n = n = len(lower)
        self._m = 0
        self._row_lower = np.empty(16)
        self._row_upper = np.empty(16)
        self._columns = np.arange(n, dtype=np.int32)
        self._objective_changed = False
        self._vertex_feasible = False  # HiGHS holds a feasible vertex of the present rows and bounds
        self._basis_given = False  # by the caller, since the last solve
        self._cost = self._solved_cost = np.zeros(n)
        self._unbounded = set(np.flatnonzero(np.isinf(lower) | np.isinf(upper)).tolist())
        self._strategy = _DUAL
        self._time_limited = False
        self._highs: Any = _configured(tolerance)
        if n:
            check(self._highs.addVars(n, lower, upper), "adding the columns")

    @property
    def num_columns(self) -> int:
        """Number of variables n."""
        return self._n

    @property
    def num_rows(self) -> int:
        """Number of rows m."""
        return self._m

    def add_rows(self, matrix: Any, lower: npt.ArrayLike, upper: npt.ArrayLike) -> None:
        """Append k rows; the warm start survives.

        Parameters
        ----------
        matrix : ndarray (k, n) or scipy.sparse matrix
        lower, upper : array_like (k,)
            Infinities allowed.

        Raises
        ------
        ValueError
            For shapes that do not match, entries that are not finite, nan, or lower > upper.
        SolverError
            When HiGHS refuses the rows (an entry of absolute value >= 1e15); nothing is then added.
        """
        count, starts, indices, values = compress_rows(matrix, self._n, self._columns)
        lower, upper = check_bounds(lower, upper, count, "row")
        if not count:
            return
        if self._n:
            status = self._highs.addRows(count, lower, upper, len(values), starts, indices, values)
            check(status, "adding rows")
        end = self._m + count
        if end > len(self._row_lower):
            self._row_lower = np.concatenate([self._row_lower[: self._m], np.empty(end)])
            self._row_upper = np.concatenate([self._row_upper[: self._m], np.empty(end)])
        self._vertex_feasible = False
        self._row_lower[self._m : end] = lower
        self._row_upper[self._m : end] = upper
        self._m = end

    def delete_last_rows(self, count: int) -> None:
        """Remove the `count` rows that were added last; the warm start survives.

        Raises
        ------
        ValueError
            Unless 0 <= count <= num_rows.
        """
        if not 0 <= count <= self._m:
            raise ValueError(f"cannot delete {count} of {self._m} rows")
        if not count:
            return
        first = self._m - count
        if self._n:
            self._vertex_feasible = False
            check(self._highs.deleteRows(count, np.arange(first, self._m, dtype=np.int32)), "deleting rows")
        self._m = first

    def set_row_bounds(self, row: int, lower: float, upper: float) -> None:
        """Replace both bounds of one row (flip a half-space); the warm start survives.

        Raises
        ------
        IndexError
            Unless 0 <= row < num_rows.
        ValueError
            For nan or lower > upper.
        """
        if not 0 <= row < self._m:
            raise IndexError(f"row {row} of {self._m}")
        if not lower <= upper:
            raise ValueError(f"row {row}: lower {lower} is not <= upper {upper}")
        if self._n:
            check(self._highs.changeRowBounds(row, lower, upper), f"changing the bounds of row {row}")
        self._vertex_feasible = False
        self._row_lower[row] = lower
        self._row_upper[row] = upper

    def set_column_bounds(self, column: int, lower: float, upper: float) -> None:
        """Replace both bounds of one variable; the warm start survives.

        Raises
        ------
        IndexError
            Unless 0 <= column < num_columns.
        ValueError
            For nan or lower > upper.
        """
        if not 0 <= column < self._n:
            raise IndexError(f"column {column} of {self._n}")
        if not lower <= upper:
            raise ValueError(f"column {column}: lower {lower} is not <= upper {upper}")
        self._vertex_feasible = False
        check(self._highs.changeColBounds(column, lower, upper), f"changing the bounds of column {column}")
        if math.isinf(lower) or math.isinf(upper):
            self._unbounded.add(column)
        else:
            self._unbounded.discard(column)

    def set_objective(self, coefficients: npt.ArrayLike) -> None:
        """Replace the objective to maximise, shape (n,); the last vertex stays the starting point.

        Raises
        ------
        ValueError
            For another shape or entries that are not finite.
        """
        cost = np.ascontiguousarray(coefficients, dtype=np.float64)
        if cost.shape != (self._n,):  # HiGHS would read past the end of a shorter array
            raise ValueError(f"the objective must have shape ({self._n},), got {cost.shape}")
        if not np.isfinite(cost).all():
            raise ValueError("objective coefficients must be finite")
        if self._n:
            check(self._highs.changeColsCost(self._n, self._columns, cost), "changing the objective")
            self._cost = cost.copy()
            self._objective_changed = True

    def solve(self, *, time_limit: float | None = None) -> LPSolution:
        """Solve from the last basis, or from the slack basis where that is known to be faster.

        Parameters
        ----------
        time_limit : float, optional
            Seconds for this call.

        Returns
        -------
        LPSolution
            When HiGHS ends without a verdict the LP is solved again from scratch, at most twice.
        """
        if not self._n:
            return self._solve_without_columns()
        highs = self._highs
        strategy = self._choose_start()
        deadline = None if time_limit is None else highs.getRunTime() + max(time_limit, 0.0)
        name = self._run(strategy, deadline)
        iterations = max(highs.getInfoValue("simplex_iteration_count")[1], 0)
        for retry_strategy in (_DUAL, _PRIMAL):
            if name not in _RETRY and not (name == "kInfeasible" and self._strategy == _PRIMAL):
                break
            highs.clearSolver()
            # A thread keeps the scheduler of its first run, and a run that asks for another number of threads
            # fails; 0 takes what there is. Simplex uses one thread in any case.
            highs.setOptionValue("threads", 0)
            name = self._run(retry_strategy, deadline)
            iterations += max(highs.getInfoValue("simplex_iteration_count")[1], 0)
        status = HIGHS_STATUS.get(name, Status.UNKNOWN)
        self._solved_cost = self._cost
        self._objective_changed = self._basis_given = False
        self._vertex_feasible = status is Status.OPTIMAL
        if status is Status.OPTIMAL:
            solution = highs.getSolution()
            duals = self._signed(np.array(solution.row_dual))
            return LPSolution(status, highs.getObjectiveValue(), np.array(solution.col_value), duals, None, iterations)
        ray = self._ray() if status is Status.INFEASIBLE else None
        return LPSolution(status, math.nan, None, None, ray, iterations)

    def _choose_start(self) -> int:
        """Keep the old basis or go back to the slack basis; returns the simplex method to use."""
        if not self._objective_changed:
            return _DUAL
        new, old = self._cost, self._solved_cost
        product = float(new @ old)
        # A zero objective asks for feasibility alone: every feasible vertex is optimal.
        related = not new.any() or product > _RELATED * math.sqrt(float(new @ new) * float(old @ old))
        if self._vertex_feasible and self._n <= (_PRIMAL_RELATED if related else _PRIMAL_UNRELATED):
            return _PRIMAL
        if not (related or self._basis_given or self._unbounded):
            self._highs.clearSolver()
        return _DUAL

    def _run(self, strategy: int, deadline: float | None) -> str:
        """Run HiGHS once; the name of its model status.

        HiGHS compares its time limit with the time of all runs of the object together, hence a deadline.
        """
        highs = self._highs
        if strategy != self._strategy:
            highs.setOptionValue("simplex_strategy", strategy)
            self._strategy = strategy
        if deadline is not None or self._time_limited:
            highs.setOptionValue("time_limit", math.inf if deadline is None else deadline)
            self._time_limited = deadline is not None
        highs.run()
        name: str = highs.getModelStatus().name
        return name

    def _signed(self, multipliers: FloatArray) -> FloatArray:
        """Drop multipliers (rounding noise) that point to an infinite side, so that every bound stays finite."""
        lower, upper = self._row_lower[: self._m], self._row_upper[: self._m]
        wrong = ((multipliers > 0.0) & (upper == math.inf)) | ((multipliers < 0.0) & (lower == -math.inf))
        if wrong.any():
            multipliers[wrong] = 0.0
        return multipliers

    def _ray(self) -> FloatArray | None:
        """Farkas multipliers of the infeasible LP just solved, or None."""
        _, exists, ray = self._highs.getDualRay()
        if exists:
            return self._signed(-np.asarray(ray, dtype=np.float64))
        # HiGHS notices an impossible row without entries before the simplex method starts and then has no ray.
        for row in range(self._m):
            if self._highs.getRow(row)[3] == 0 and not self._row_lower[row] <= 0.0 <= self._row_upper[row]:
                return self._row_ray(row)
        return None

    def _row_ray(self, row: int) -> FloatArray:
        """The ray that says: this row alone, without entries, excludes 0."""
        ray = np.zeros(self._m)
        ray[row] = 1.0 if self._row_upper[row] < 0.0 else -1.0
        return ray

    def _solve_without_columns(self) -> LPSolution:
        """The LP without variables: every row reads lower <= 0 <= upper."""
        lower, upper = self._row_lower[: self._m], self._row_upper[: self._m]
        violated = np.flatnonzero((lower > 0.0) | (upper < 0.0))
        if violated.size:
            return LPSolution(Status.INFEASIBLE, math.nan, None, None, self._row_ray(int(violated[0])), 0)
        return LPSolution(Status.OPTIMAL, 0.0, np.zeros(0), np.zeros(self._m), None, 0)

    def basis(self) -> Basis:
        """The basis of the last solve; its arrays are decoded when they are first read.

        Raises
        ------
        SolverError
            Before the first solve, or after `clear`.
        """
        native = self._highs.getBasis()
        if self._n and not native.valid:
            raise SolverError("no basis: solve the LP first")
        return NativeBasis(native, self._n, self._m)

    def set_basis(self, basis: Basis) -> None:
        """Start the next solve from `basis`, of this session or of another with the same columns.

        Rows beyond those of the basis (added since it was taken) become basic.

        Raises
        ------
        ValueError
            When the basis has another number of columns or more rows than the session.
        SolverError
            When HiGHS refuses it.
        """
        if isinstance(basis, NativeBasis):
            columns, rows = basis.num_columns, basis.num_rows
        else:
            columns, rows = len(basis.column_status), len(basis.row_status)
        if columns != self._n or rows > self._m:
            raise ValueError(f"basis of {columns} columns, {rows} rows; the LP has {self._n} and {self._m}")
        if not self._n:
            return
        if isinstance(basis, NativeBasis) and rows == self._m:
            native = basis.native
            native.alien = True  # as in encode_basis; rows may have been replaced since it was taken
        else:
            native = encode_basis(basis, self._m - rows)
        self._vertex_feasible = False
        self._basis_given = True
        check(self._highs.setBasis(native), "setting the basis")

    def clear(self) -> None:
        """Forget the warm start; rows, bounds and objective stay."""
        self._vertex_feasible = False
        self._highs.clearSolver()


def _configured(tolerance: float) -> Any:
    """A HiGHS object that maximises, with the options explained at the top of this file."""
    highs = new_highs()
    options: dict[str, str | int | float] = {
        "threads": 1,
        "presolve": "off",
        "solver": "simplex",
        "simplex_strategy": _DUAL,
        "simplex_scale_strategy": 0,
        "primal_feasibility_tolerance": tolerance,
        "dual_feasibility_tolerance": tolerance,
    }
    for name, value in options.items():
        check(highs.setOptionValue(name, value), f"setting {name} to {value}")
    maximise(highs)
    return highs

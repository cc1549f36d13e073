"""What a back end is: the two interfaces, the values they return, and capabilities as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from solvers.status import Status

__all__ = [
    "BASIC",
    "LOWER",
    "NONBASIC",
    "UPPER",
    "ZERO",
    "ArrayBasis",
    "Basis",
    "Capabilities",
    "FloatArray",
    "LPSession",
    "LPSolution",
    "MILPModel",
    "MILPSolution",
    "MILPSolver",
]

FloatArray: TypeAlias = npt.NDArray[np.float64]
CodeArray: TypeAlias = npt.NDArray[np.int8]

#: Codes in `Basis.column_status` and `Basis.row_status`. ZERO: nonbasic and free, held at zero. NONBASIC: at some
#: bound, the solver decides which.
BASIC, LOWER, UPPER, ZERO, NONBASIC = range(5)


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a back end can do, as data; `False` means "not through this package", whatever the solver can do.

    Parameters
    ----------
    name : str
        The name to pass to `solvers.lp_session` or `solvers.milp_solver`.
    version : str or None
        Version of the installed distribution; None when absent or not known without starting the solver.
    lp, milp : bool
        Solves linear programs through `LPSession`; mixed-integer ones through `MILPSolver`.
    pool : bool
        Lists all solutions in one tree search: `solvers.pools.solution_pool`.
    lazy_cuts : bool
        Adds constraints during the tree search.
    dual_ray : bool
        Returns Farkas multipliers of an infeasible LP.
    warm_start : bool
        Starts an LP from a basis.
    indicator : bool
        Accepts indicator constraints.
    reads_files : bool
        Reads MPS and LP files.
    note : str
        Licence, size limit, or a trap, in one line.
    """

    name: str
    version: str | None = None
    lp: bool = False
    milp: bool = False
    pool: bool = False
    lazy_cuts: bool = False
    dual_ray: bool = False
    warm_start: bool = False
    indicator: bool = False
    reads_files: bool = False
    note: str = ""


class Basis(Protocol):
    """A simplex basis: one code (BASIC, LOWER, UPPER, ZERO, NONBASIC) for every column and row."""

    @property
    def column_status(self) -> CodeArray:
        """Codes of the columns, shape (n,), int8."""
        ...

    @property
    def row_status(self) -> CodeArray:
        """Codes of the rows, shape (m,), int8."""
        ...


@dataclass(frozen=True, eq=False)
class ArrayBasis:
    """A basis made by hand.

    Examples
    --------
    >>> ArrayBasis(np.array([LOWER, BASIC], dtype=np.int8), np.array([UPPER], dtype=np.int8)).row_status
    array([2], dtype=int8)
    """

    column_status: CodeArray
    row_status: CodeArray


@dataclass(frozen=True, slots=True, eq=False)
class LPSolution:
    """The answer to one linear program: maximise c.x, row_lower <= A x <= row_upper, lower <= x <= upper.

    Parameters
    ----------
    status : Status
    objective : float
        c.x when `status` is OPTIMAL, otherwise nan.
    x : ndarray (n,) or None
        A vertex, when OPTIMAL.
    row_duals : ndarray (m,) or None
        When OPTIMAL, multipliers y: y[i] >= 0 where row i is active at its upper bound, y[i] <= 0 at its lower.
        For *any* y with these signs, and every feasible x,

            c.x <= sup_box((c - A^T y).x) + sum_i (y[i] * row_upper[i] if y[i] > 0 else y[i] * row_lower[i]),

        which is how a caller turns the claim into a proof in exact arithmetic. No y[i] points to an infinite side.
    ray : ndarray (m,) or None
        When INFEASIBLE, Farkas multipliers with the same convention and c = 0: the right-hand side above is
        negative, which proves that no x exists. None when the solver has none (not a proof of anything).
    iterations : int
        Simplex iterations of this call.
    """

    status: Status
    objective: float
    x: FloatArray | None
    row_duals: FloatArray | None
    ray: FloatArray | None
    iterations: int


@runtime_checkable
class LPSession(Protocol):
    """A linear program that changes a little between solves, warm started from the last basis.

    Maximise c.x subject to row_lower <= A x <= row_upper and lower <= x <= upper. A session belongs to one
    thread at a time.
    """

    @property
    def num_columns(self) -> int:
        """Number of variables n."""
        ...

    @property
    def num_rows(self) -> int:
        """Number of rows m."""
        ...

    def add_rows(self, matrix: Any, lower: npt.ArrayLike, upper: npt.ArrayLike) -> None:
        """Append k rows: `matrix` (k, n) dense or scipy.sparse, `lower` and `upper` (k,), infinities allowed."""
        ...

    def delete_last_rows(self, count: int) -> None:
        """Remove the `count` rows that were added last."""
        ...

    def set_row_bounds(self, row: int, lower: float, upper: float) -> None:
        """Replace both bounds of one row."""
        ...

    def set_column_bounds(self, column: int, lower: float, upper: float) -> None:
        """Replace both bounds of one variable."""
        ...

    def set_objective(self, coefficients: npt.ArrayLike) -> None:
        """Replace the objective to maximise, shape (n,)."""
        ...

    def solve(self, *, time_limit: float | None = None) -> LPSolution:
        """Solve from the last basis; `time_limit` in seconds, for this call alone."""
        ...

    def basis(self) -> Basis:
        """The basis of the last solve."""
        ...

    def set_basis(self, basis: Basis) -> None:
        """Start the next solve from `basis`; rows added since it was taken count as basic."""
        ...

    def clear(self) -> None:
        """Forget the warm start; rows, bounds and objective stay."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class MILPModel:
    """A mixed-integer program as arrays: optimise c.x, row_lower <= A x <= row_upper, lower <= x <= upper.

    Parameters
    ----------
    objective : ndarray (n,)
    matrix : ndarray (m, n) or scipy.sparse matrix
    row_lower, row_upper : ndarray (m,)
    lower, upper : ndarray (n,)
    integer : ndarray (n,) of bool
        Which variables are integer.
    maximise : bool
    """

    objective: FloatArray
    matrix: Any
    row_lower: FloatArray
    row_upper: FloatArray
    lower: FloatArray
    upper: FloatArray
    integer: npt.NDArray[np.bool_]
    maximise: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class MILPSolution:
    """The answer to one mixed-integer program.

    Parameters
    ----------
    status : Status
    objective : float
        Value of the best solution found, in the sense of the model; nan when there is none.
    bound : float
        What the solver claims no solution can beat (an upper bound when maximising); nan when unknown.
    x : ndarray (n,) or None
        The best solution found, in column order; integer variables within the tolerance, not rounded.
    nodes : int
        Nodes of the tree; -1 when the back end does not say.
    seconds : float
        Wall-clock time of the call.
    names : tuple of str
        Column names in the order of `x`; empty for a model without names.
    """

    status: Status
    objective: float
    bound: float
    x: FloatArray | None
    nodes: int
    seconds: float
    names: tuple[str, ...] = field(default=(), repr=False)


@runtime_checkable
class MILPSolver(Protocol):
    """Solves one mixed-integer program per call, from arrays or from an MPS or LP file."""

    @property
    def name(self) -> str:
        """Name of the back end in the registry."""
        ...

    def solve(
        self,
        model: MILPModel | str | PathLike[str],
        *,
        time_limit: float | None = None,
        node_limit: int | None = None,
        threads: int = 1,
        feasibility_tolerance: float | None = None,
        integrality_tolerance: float | None = None,
    ) -> MILPSolution:
        """Solve `model`; limits in seconds and nodes, None for the solver's own default."""
        ...

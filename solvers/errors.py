"""Errors of the solver layer: one root, small named leaves."""

from __future__ import annotations

__all__ = ["SolverError", "SolverNotAvailableError", "UnknownSolverError"]


class SolverError(Exception):
    """Root of every error that this package raises on purpose.

    Wrong arguments (shapes, nan, lower > upper) raise `ValueError` or `IndexError` as numpy would.
    """


class SolverNotAvailableError(SolverError, ImportError, RuntimeError):
    """The back end is known but not installed (or not licensed) here; the message says what to install.

    Examples
    --------
    >>> raise SolverNotAvailableError("scip", "pip install pyscipopt")
    Traceback (most recent call last):
    ...
    solvers.errors.SolverNotAvailableError: solver 'scip' is not available here: pip install pyscipopt
    """

    def __init__(self, solver: str, remedy: str) -> None:
        super().__init__(f"solver {solver!r} is not available here: {remedy}")
        self.solver = solver
        self.remedy = remedy


class UnknownSolverError(SolverError, ValueError):
    """No back end has this name; the message lists the names that exist."""

    def __init__(self, solver: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown solver {solver!r}; known: {', '.join(known)}")
        self.solver = solver
        self.known = known

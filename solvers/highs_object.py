"""Creating a HiGHS object and reading its error codes; shared by the LP and the MILP back end."""

from __future__ import annotations

from typing import Any

from solvers.errors import SolverError, SolverNotAvailableError

__all__ = ["check", "maximise", "new_highs"]


def new_highs() -> Any:
    """A silent `highspy.Highs`.

    `HandleKeyboardInterrupt` stays off: its handler may end the process.

    Raises
    ------
    SolverNotAvailableError
        When highspy is not installed.
    """
    try:
        import highspy
    except ImportError as error:
        raise SolverNotAvailableError("highs", "pip install highspy") from error
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    return highs


def maximise(highs: Any) -> None:
    """Make `highs` maximise."""
    import highspy

    highs.changeObjectiveSense(highspy.ObjSense.kMaximize)


def check(status: Any, doing: str) -> None:
    """Raise when HiGHS reports an error; its warnings (an entry <= 1e-9 dropped) are documented behaviour."""
    if status.name == "kError":
        raise SolverError(f"HiGHS refused: {doing}")

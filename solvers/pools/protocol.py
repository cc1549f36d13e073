"""What a native pool is, and what the three have in common."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from solvers.errors import SolverError
from solvers.pulp_drivers import drivers_of

__all__ = ["SolutionPool", "native_errors", "native_model"]


class SolutionPool(Protocol):
    """All solutions of a mixed-integer program, searched for a while at a time.

    The search goes on where it was left, although a call that is too short for a solver's presolve may be lost: let the
    times grow. What is reported is a solver's word: values within its tolerances, perhaps the same binaries twice.
    """

    @property
    def name(self) -> str:
        """Of the solver."""

    @property
    def finished(self) -> bool:
        """Whether the solver claims that there are no more solutions."""

    @property
    def reported(self) -> int:
        """How many solutions the solver itself says it has found."""

    @property
    def nodes(self) -> int:
        """Nodes of the solver's tree so far, where it says; else 0."""

    @property
    def interrupted(self) -> bool:
        """Whether the last search ended by a Ctrl-C that the solver has caught itself."""

    def search(self, seconds: float, *, at_most: float | None = None) -> list[bytes]:
        """Search for about so many seconds; the binaries of the solutions found since the last call, one byte each.

        ``at_most`` so many even where the solver can't then go on without loss.
        Where the solver keeps the same binaries twice they may be left out; ``reported`` has them all.

        Raises
        ------
        SolverError
            If the solver fails; what it had found before was returned by earlier calls.
        """

    def close(self) -> None:
        """Free the solver's model."""


def native_model(problem: Any, solver: str, *, threads: int) -> tuple[Any, Any]:
    """PuLP's interface of a solver and the native model that it builds of the problem; nothing is solved."""
    import pulp

    driver = drivers_of(solver)[0]
    keywords: dict[str, Any] = {"msg": False}
    if solver == "gurobi":
        # With an environment of its own, made silent: the default one greets on standard output.
        keywords["manageEnv"] = True
    if driver.threads is not None:
        keywords[driver.threads] = threads
    with native_errors(solver), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        interface = pulp.getSolver(driver.pulp_name, **keywords)
        interface.buildSolverModel(problem)
    return interface, problem.solverModel


@contextmanager
def native_errors(solver: str) -> Iterator[None]:
    """Turn whatever a solver raises into a SolverError that says what to do."""
    try:
        yield
    except SolverError:
        raise
    except Exception as error:  # every solver has errors of its own
        text = str(error).strip()
        remedy = ""
        if any(word in text.lower() for word in ("license", "licence", "community edition", "size limit")):
            remedy = f" ({drivers_of(solver)[0].note}; solver 'highs' has no limit)"
        raise SolverError(f"{solver} failed: {text}{remedy}") from error

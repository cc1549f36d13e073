"""LP and MILP back ends behind two interfaces; knows nothing of neural networks.

`import solvers` costs numpy: highspy, PuLP and SciPy are imported by the back end that needs them, when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvers.errors import SolverError, SolverNotAvailableError, UnknownSolverError
    from solvers.protocol import (
        ArrayBasis,
        Basis,
        Capabilities,
        LPSession,
        LPSolution,
        MILPModel,
        MILPSolution,
        MILPSolver,
    )
    from solvers.registry import BackendInfo, available, capabilities, lp_session, milp_solver
    from solvers.status import Status

__all__ = [
    "ArrayBasis",
    "BackendInfo",
    "Basis",
    "Capabilities",
    "LPSession",
    "LPSolution",
    "MILPModel",
    "MILPSolution",
    "MILPSolver",
    "SolverError",
    "SolverNotAvailableError",
    "Status",
    "UnknownSolverError",
    "available",
    "capabilities",
    "lp_session",
    "milp_solver",
]

_HOME = {
    "solvers.errors": ("SolverError", "SolverNotAvailableError", "UnknownSolverError"),
    "solvers.protocol": (
        "ArrayBasis",
        "Basis",
        "Capabilities",
        "LPSession",
        "LPSolution",
        "MILPModel",
        "MILPSolution",
        "MILPSolver",
    ),
    "solvers.registry": ("BackendInfo", "available", "capabilities", "lp_session", "milp_solver"),
    "solvers.status": ("Status",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'solvers' has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

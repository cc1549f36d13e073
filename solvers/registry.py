"""The back ends by name: which are here, what each can do, and one of them ready for use.

Nothing here imports a solver; modules, executables and files are looked for, so a licence is not checked.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from solvers.errors import SolverNotAvailableError, UnknownSolverError
from solvers.pools import POOLS
from solvers.protocol import Capabilities, LPSession, MILPSolver
from solvers.pulp_drivers import drivers_of, installed_driver, pulp_solver_names

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["BackendInfo", "available", "capabilities", "lp_session", "milp_solver", "names"]

_HIGHS = "highs"
_PULP_HIGHS = "pulp-highs"


@dataclass(frozen=True, kw_only=True)
class BackendInfo:
    """One line of the list of back ends.

    Parameters
    ----------
    name : str
        What to pass to `lp_session` or `milp_solver`.
    installed : bool
        Whether its software is here; a licence is not checked.
    interface : str
        "embedded", or "PuLP" with the name of PuLP's class.
    capabilities : Capabilities
    remedy : str
        What to install.
    """

    name: str
    installed: bool
    interface: str
    capabilities: Capabilities
    remedy: str

    @property
    def version(self) -> str | None:
        """Version of the installed solver, None when unknown."""
        return self.capabilities.version


def names() -> tuple[str, ...]:
    """Every name that the registry knows, installed or not."""
    return (_HIGHS, *(_PULP_HIGHS if name == _HIGHS else name for name in pulp_solver_names()))


def available(*, installed_only: bool = False) -> list[BackendInfo]:
    """Every known back end and whether it is installed; HiGHS first. Takes milliseconds, imports no solver.

    Examples
    --------
    >>> [info.name for info in available()][:4]
    ['highs', 'pulp-highs', 'cbc', 'glpk']
    >>> available()[0].capabilities.dual_ray
    True
    """
    infos = [_info(name) for name in names()]
    return [info for info in infos if info.installed or not installed_only]


def capabilities(name: str) -> Capabilities:
    """What the back end can do, installed or not.

    Raises
    ------
    UnknownSolverError
        For a name that the registry does not know.

    Examples
    --------
    >>> capabilities("cbc").milp, capabilities("cbc").lp
    (True, False)
    >>> capabilities("clever")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    solvers.errors.UnknownSolverError: unknown solver 'clever'; known: highs, pulp-highs, cbc, glpk, ...
    """
    return _info(name).capabilities


def lp_session(lower: npt.ArrayLike, upper: npt.ArrayLike, *, name: str = _HIGHS, **options: Any) -> LPSession:
    """A linear program with variables in [lower, upper], each of shape (n,), and no rows yet.

    Parameters
    ----------
    name : str
        A back end with `capabilities(name).lp`.
    **options
        For the constructor of the back end (`tolerance` for HiGHS).

    Raises
    ------
    UnknownSolverError
        When no back end with LP sessions has this name.
    SolverNotAvailableError
        When it is not installed.

    Examples
    --------
    >>> lp_session([0.0], [1.0]).num_columns
    1
    """
    if name != _HIGHS:
        raise UnknownSolverError(name, (_HIGHS,))
    _require(name)
    from solvers.highs_lp import HighsLP

    return HighsLP(lower, upper, **options)


def milp_solver(name: str = _HIGHS) -> MILPSolver:
    """The MILP solver of this name, ready to solve.

    Raises
    ------
    UnknownSolverError, SolverNotAvailableError
        When no back end has this name, or it is not installed.

    Examples
    --------
    >>> milp_solver("highs").name
    'highs'
    """
    _require(name)
    if name == _HIGHS:
        from solvers.highs_milp import HighsMILP

        return HighsMILP()
    from solvers.pulp_backend import PulpMILP

    return PulpMILP(_HIGHS if name == _PULP_HIGHS else name)


def _require(name: str) -> None:
    if name == _HIGHS and find_spec("highspy") is not None:
        return  # without its version, which takes longer to look up than a small program to solve
    info = _info(name)
    if not info.installed:
        raise SolverNotAvailableError(name, info.remedy)


def _info(name: str) -> BackendInfo:
    if name not in names():
        raise UnknownSolverError(name, names())
    return _highs_info() if name == _HIGHS else _pulp_info(name)


def _highs_info() -> BackendInfo:
    installed = find_spec("highspy") is not None
    return BackendInfo(
        name=_HIGHS,
        installed=installed,
        interface="embedded",
        capabilities=Capabilities(
            name=_HIGHS,
            version=importlib.metadata.version("highspy") if installed else None,
            lp=True,
            milp=True,
            dual_ray=True,
            warm_start=True,
            reads_files=True,
            note="MIT licence, no size limit; drops matrix entries <= 1e-9, no solution pool",
        ),
        remedy="pip install highspy",
    )


def _pulp_info(name: str) -> BackendInfo:
    solver = _HIGHS if name == _PULP_HIGHS else name
    driver = installed_driver(solver)
    shown = driver or drivers_of(solver)[0]
    return BackendInfo(
        name=name,
        installed=driver is not None,
        interface=f"PuLP {shown.pulp_name}",
        capabilities=Capabilities(
            name=name,
            version=shown.version if driver else None,
            milp=True,
            pool=solver in POOLS and shown is drivers_of(solver)[0],
            reads_files=True,
            note=shown.note,
        ),
        remedy=" or ".join(candidate.remedy for candidate in drivers_of(solver)),
    )

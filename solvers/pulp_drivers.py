"""The back ends that PuLP can drive, as data: how to find each one and what its options are called.

Probes look for a module (`importlib.util.find_spec`), an executable (`shutil.which`) or a file; nothing is
imported or started. A probe finds software, not a licence.
"""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import os
import platform
import shutil
import sys
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

__all__ = ["DRIVERS", "Driver", "bundled_cbc", "drivers_of", "installed_driver", "pulp_solver_names"]


@dataclass(frozen=True, kw_only=True)
class Driver:
    """One PuLP solver class.

    Parameters
    ----------
    solver : str
        Our name; several drivers may reach one solver, the first that is installed is used.
    pulp_name : str
        The `name` of the class in PuLP, as `pulp.getSolver` takes it.
    probe : str
        "module:...", "executable:...", "library:..." or "bundled:cbc".
    distribution : str
        Distribution whose version is reported, if the probe is a module.
    remedy : str
        What to install.
    threads, nodes : str or None
        Keyword for the number of threads and the node limit.
    gaps : tuple of str
        Keywords set to 0, so that "optimal" means optimal.
    feasibility, integrality : str or None
        Keyword for the tolerance; with braces, a text for PuLP's list `options` instead.
    whole_seconds : bool
        The time limit must be a whole number of seconds: it is rounded up.
    note : str
        Licence, size limit, trap.
    """

    solver: str
    pulp_name: str
    probe: str
    remedy: str
    distribution: str = ""
    threads: str | None = None
    nodes: str | None = None
    gaps: tuple[str, ...] = ()
    feasibility: str | None = None
    integrality: str | None = None
    whole_seconds: bool = False
    note: str = ""

    @property
    def installed(self) -> bool:
        """Whether the module, executable or library is there."""
        kind, _, what = self.probe.partition(":")
        if kind == "module":
            return find_spec(what) is not None
        if kind == "executable":
            return shutil.which(what) is not None
        if kind == "library":
            return ctypes.util.find_library(what) is not None
        return bundled_cbc() is not None

    @property
    def version(self) -> str | None:
        """Version of the distribution, None when absent or unknown without starting the solver."""
        try:
            if self.probe == "bundled:cbc":
                return f"in PuLP {importlib.metadata.version('pulp')}"
            return importlib.metadata.version(self.distribution) if self.distribution else None
        except importlib.metadata.PackageNotFoundError:
            return None


def bundled_cbc() -> Path | None:
    """The CBC executable inside PuLP's distribution for this platform, if it may be executed."""
    spec = find_spec("pulp")
    if spec is None or spec.origin is None:
        return None
    system = {"linux": "linux", "darwin": "osx", "win32": "win"}.get(sys.platform, "")
    if system != "osx" and platform.machine().lower() in ("aarch64", "arm64"):
        arch = "arm64"
    else:
        arch = "i64" if sys.maxsize > 2**32 else "i32"
    name = "cbc.exe" if system == "win" else "cbc"
    path = Path(spec.origin).parent / "solverdir" / "cbc" / system / arch / name
    return path if path.is_file() and os.access(path, os.X_OK) else None


_CBC = Driver(
    solver="cbc",
    pulp_name="PULP_CBC_CMD",
    probe="bundled:cbc",
    remedy="pip install 'pulp<4', which bundles CBC",
    threads="threads",
    nodes="maxNodes",
    gaps=("gapRel", "gapAbs"),
    feasibility="primalTolerance {}",
    integrality="integerTolerance {}",
    note="EPL licence; bundled with PuLP 3; a new process and an MPS file of 12 digits per solve",
)
_GUROBI_NOTE = "commercial; without a licence file limited to 2000 rows and columns"
_CPLEX_NOTE = "commercial; the pip package is limited to 1000 rows and columns"
_XPRESS_NOTE = "commercial; without a licence rows + columns <= 5000"
_COPT_NOTE = "commercial; without a licence 2000 rows and columns"

DRIVERS: tuple[Driver, ...] = (
    Driver(
        solver="highs",
        pulp_name="HiGHS",
        probe="module:highspy",
        distribution="highspy",
        remedy="pip install highspy",
        threads="threads",
        nodes="mip_max_nodes",
        gaps=("gapRel", "gapAbs"),
        feasibility="primal_feasibility_tolerance",
        integrality="mip_feasibility_tolerance",
        note="MIT licence; the status is read from HiGHS, PuLP calls a run stopped by a limit optimal",
    ),
    Driver(
        solver="highs",
        pulp_name="HiGHS_CMD",
        probe="executable:highs",
        remedy="install the highs executable",
        threads="threads",
        gaps=("gapRel", "gapAbs"),
        note="MIT licence",
    ),
    _CBC,
    replace(
        _CBC,
        pulp_name="COIN_CMD",
        probe="executable:cbc",
        remedy="install the cbc executable (coinor-cbc)",
        note="EPL licence; a new process and an MPS file of 12 digits per solve",
    ),
    Driver(
        solver="glpk",
        pulp_name="GLPK_CMD",
        probe="executable:glpsol",
        remedy="install the glpsol executable (glpk-utils)",
        whole_seconds=True,
        note="GPL licence; one thread, time limit in whole seconds",
    ),
    Driver(solver="glpk", pulp_name="PYGLPK", probe="module:glpk", remedy="pip install glpk"),
    Driver(
        solver="scip",
        pulp_name="SCIP_PY",
        probe="module:pyscipopt",
        distribution="PySCIPOpt",
        remedy="pip install pyscipopt",
        nodes="maxNodes",
        gaps=("gapRel", "gapAbs"),
        feasibility="numerics/feastol={}",
        note="Apache licence; one thread",
    ),
    Driver(
        solver="scip",
        pulp_name="SCIP_CMD",
        probe="executable:scip",
        remedy="install the scip executable",
        nodes="maxNodes",
        gaps=("gapRel", "gapAbs"),
        note="Apache licence; one thread",
    ),
    Driver(
        solver="fscip",
        pulp_name="FSCIP_CMD",
        probe="executable:fscip",
        remedy="install the fscip executable",
        threads="threads",
        note="Apache licence; parallel SCIP",
    ),
    Driver(
        solver="gurobi",
        pulp_name="GUROBI",
        probe="module:gurobipy",
        distribution="gurobipy",
        remedy="pip install gurobipy",
        threads="Threads",
        nodes="NodeLimit",
        gaps=("gapRel",),
        feasibility="FeasibilityTol",
        integrality="IntFeasTol",
        note=_GUROBI_NOTE,
    ),
    Driver(
        solver="gurobi",
        pulp_name="GUROBI_CMD",
        probe="executable:gurobi_cl",
        remedy="install Gurobi",
        threads="threads",
        gaps=("gapRel",),
        note=_GUROBI_NOTE,
    ),
    Driver(
        solver="cplex",
        pulp_name="CPLEX_PY",
        probe="module:cplex",
        distribution="cplex",
        remedy="pip install cplex",
        threads="threads",
        nodes="mip.limits.nodes",
        gaps=("gapRel",),
        feasibility="simplex.tolerances.feasibility",
        integrality="mip.tolerances.integrality",
        note=_CPLEX_NOTE,
    ),
    Driver(
        solver="cplex",
        pulp_name="CPLEX_CMD",
        probe="executable:cplex",
        remedy="install CPLEX",
        threads="threads",
        nodes="maxNodes",
        gaps=("gapRel", "gapAbs"),
        note=_CPLEX_NOTE,
    ),
    Driver(
        solver="xpress",
        pulp_name="XPRESS_PY",
        probe="module:xpress",
        distribution="xpress",
        remedy="pip install xpress",
        gaps=("gapRel",),
        note=_XPRESS_NOTE,
    ),
    Driver(
        solver="xpress",
        pulp_name="XPRESS",
        probe="executable:optimizer",
        remedy="install Xpress",
        note=_XPRESS_NOTE,
    ),
    Driver(
        solver="copt",
        pulp_name="COPT",
        probe="module:coptpy",
        distribution="coptpy",
        remedy="pip install coptpy",
        threads="Threads",
        nodes="NodeLimit",
        gaps=("gapRel",),
        feasibility="FeasTol",
        integrality="IntTol",
        note=_COPT_NOTE,
    ),
    Driver(
        solver="copt",
        pulp_name="COPT_CMD",
        probe="executable:copt_cmd",
        remedy="install COPT",
        note=_COPT_NOTE,
    ),
    Driver(solver="copt", pulp_name="COPT_DLL", probe="library:copt", remedy="install COPT", note=_COPT_NOTE),
    Driver(
        solver="mosek",
        pulp_name="MOSEK",
        probe="module:mosek",
        distribution="Mosek",
        remedy="pip install mosek",
        note="commercial; found does not mean licensed, and without a licence every solve fails",
    ),
    Driver(solver="cylp", pulp_name="CyLP", probe="module:cylp", distribution="cylp", remedy="pip install cylp"),
    Driver(solver="coinmp", pulp_name="COINMP_DLL", probe="library:CoinMP", remedy="install libCoinMP"),
    Driver(
        solver="choco",
        pulp_name="CHOCO_CMD",
        probe="executable:choco-parsers-with-dependencies.jar",
        remedy="install the Choco parsers",
    ),
    Driver(solver="mipcl", pulp_name="MIPCL_CMD", probe="executable:mps_mipcl", remedy="install MIPCL"),
    Driver(
        solver="sas",
        pulp_name="SAS94",
        probe="module:saspy",
        distribution="saspy",
        remedy="pip install saspy",
    ),
    Driver(solver="sas", pulp_name="SASCAS", probe="module:swat", distribution="swat", remedy="pip install swat"),
    Driver(
        solver="cuopt",
        pulp_name="CUOPT",
        probe="module:cuopt",
        remedy="install NVIDIA cuOpt",
        note="needs a GPU",
    ),
)


def pulp_solver_names() -> tuple[str, ...]:
    """Our names of the solvers that PuLP can drive, each once, in order of preference."""
    return tuple(dict.fromkeys(driver.solver for driver in DRIVERS))


def drivers_of(solver: str) -> tuple[Driver, ...]:
    """The drivers that reach `solver`, in order of preference; empty for an unknown name."""
    return tuple(driver for driver in DRIVERS if driver.solver == solver)


def installed_driver(solver: str) -> Driver | None:
    """The first installed driver of `solver`, None when there is none (or no PuLP)."""
    if find_spec("pulp") is None:
        return None
    return next((driver for driver in drivers_of(solver) if driver.installed), None)

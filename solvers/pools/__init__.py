"""Native pools: all solutions of a mixed-integer program from one tree search of the solver itself.

PuLP builds the model, and its ``solverModel`` gives the solver's own interface, where the pool is. One module per
solver behind :class:`solvers.pools.protocol.SolutionPool`; none is imported before it is asked for.
"""

from collections.abc import Collection
from importlib import import_module
from typing import Any

from solvers.errors import SolverNotAvailableError
from solvers.pools.protocol import SolutionPool
from solvers.pulp_drivers import drivers_of, installed_driver

__all__ = ["POOLS", "SolutionPool", "pool_installed", "solution_pool"]

#: Solvers with a native pool, and where it is; each is reached through the first PuLP driver of its name.
POOLS = {
    "gurobi": ("solvers.pools.gurobi", "GurobiPool"),
    "cplex": ("solvers.pools.cplex", "CplexPool"),
    "scip": ("solvers.pools.scip", "ScipPool"),
}


def pool_installed(solver: str) -> bool:
    """Whether a solver has a native pool and its Python module is here; nothing is imported.

    Examples
    --------
    >>> pool_installed("cbc")
    False
    """
    if solver not in POOLS:
        return False
    driver = installed_driver(solver)
    return driver is not None and driver.pulp_name == drivers_of(solver)[0].pulp_name


def solution_pool(
    problem: Any,
    binaries: list[Any],
    solver: str,
    *,
    threads: int = 1,
    lazy: Collection[str] = (),
    feasibility_tolerance: float | None = None,
    integrality_tolerance: float | None = None,
) -> SolutionPool:
    """The native pool of a solver, over a PuLP problem; nothing is searched yet.

    Parameters
    ----------
    problem : pulp.LpProblem
    binaries : list of pulp.LpVariable
        The 0/1 variables whose values make two solutions different.
    lazy : names of rows
        Of many that hold at most solutions: a solver with lazy constraints takes in those that it finds violated.
    feasibility_tolerance, integrality_tolerance : float, optional
        None keeps the solver's default.

    Raises
    ------
    SolverNotAvailableError
        If the solver has no native pool, or its Python module is not installed.
    SolverError
        If it does not start.
    """
    if not pool_installed(solver):
        remedy = drivers_of(solver)[0].remedy if solver in POOLS else f"only {', '.join(POOLS)} have native pools"
        raise SolverNotAvailableError(solver, remedy)
    module, name = POOLS[solver]
    pool: SolutionPool = getattr(import_module(module), name)(
        problem,
        binaries,
        threads=threads,
        lazy=lazy,
        feasibility_tolerance=feasibility_tolerance,
        integrality_tolerance=integrality_tolerance,
    )
    return pool

"""Which pool of solutions a solver gets."""

from polyregions.definition import Definition
from polyregions.enumeration import Enumerator
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.native_pool import NativePool
from polyregions.milp.nogood_pool import NoGoodPool
from polyregions.milp.parity import ParitySystem
from polyregions.milp.tightened_pool import TightenedPool
from polyregions.milp.tightening import check_method
from polyregions.milp.tree_pool import TreePool
from polyregions.splitting.tree import SplittingTree
from solvers import milp_solver
from solvers.pools import pool_installed

__all__ = ["pool"]


def pool(
    restriction: Restriction,
    definition: Definition,
    *,
    solver: str = "highs",
    limits: Limits | None = None,
    parity: ParitySystem | None = None,
    bounds: str | UnitBounds = "interval",
) -> Enumerator:
    """The pool of the MILP's solutions on the given solver.

    Parameters
    ----------
    solver : str
        "highs": one tree over z, every prune proven; HiGHS proposes where floats can't decide. "gurobi", "cplex" or
        "scip", with their Python modules: their own solution pools. Any other MILP back end of :mod:`solvers`
        ("pulp-highs", "cbc", ...): a loop of no-good cuts. All but the first are complete as far as the solver is
        right.
    limits : Limits, optional
        Their remaining time is passed on to the solver.
    bounds : {"interval", "lp", "milp"} or UnitBounds
        How the units' pre-activations are bounded: :func:`polyregions.milp.tightening.tightened_bounds`; or
        the bounds themselves.
    parity : ParitySystem, optional
        Only patterns that satisfy it.

    Raises
    ------
    UnknownSolverError, SolverNotAvailableError
    ArgumentError
        If the parity system names units that the network hasn't.
    """
    if isinstance(bounds, str):
        check_method(bounds)
    milp_solver(solver)  # raises if there is none of that name
    if not restriction.widths:
        # No unit: nothing that a program could search.
        (parity or ParitySystem()).check(0)
        return SplittingTree(restriction, definition)
    limits = limits if limits is not None else Limits()

    def make(known: UnitBounds | None = None) -> Enumerator:
        if solver == "highs" or not restriction.dimension:
            return TreePool(restriction, definition, bounds=known, parity=parity)
        native = NativePool if pool_installed(solver) else NoGoodPool
        return native(restriction, definition, solver=solver, limits=limits, bounds=known, parity=parity)

    if not isinstance(bounds, str):
        return make(bounds)
    if bounds == "interval" or not restriction.dimension:
        return make()
    return TightenedPool(restriction, make, bounds, proven=solver == "highs")

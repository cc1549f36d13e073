"""Which pool of solutions a solver gets."""

from polyregions.definition import Definition
from polyregions.enumeration import Enumerator
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.nogood_pool import NoGoodPool
from polyregions.milp.tightened_pool import TightenedPool
from polyregions.milp.tightening import check_method
from polyregions.milp.tree_pool import TreePool
from polyregions.splitting.tree import SplittingTree
from solvers import milp_solver

__all__ = ["pool"]


def pool(
    restriction: Restriction,
    definition: Definition,
    *,
    solver: str = "highs",
    limits: Limits | None = None,
    bounds: str = "interval",
) -> Enumerator:
    """The pool of the MILP's solutions on the given solver.

    Parameters
    ----------
    solver : str
        "highs": one tree on HiGHS's warm-started relaxations, every prune proven. Any other MILP back end of
        :mod:`solvers` ("pulp-highs", "cbc", ...): a loop of no-good cuts, complete as far as the solver is right.
    limits : Limits, optional
        Their remaining time is passed on to each solve of the loop.
    bounds : {"interval", "lp", "milp"}
        How the units' pre-activations are bounded: :func:`polyregions.milp.tightening.tightened_bounds`.
    """
    check_method(bounds)
    milp_solver(solver)  # raises if there is none of that name
    if not restriction.widths or not restriction.dimension:
        # One point, or no unit: nothing that a program could search.
        return SplittingTree(restriction, definition)

    def make(known: UnitBounds | None = None) -> Enumerator:
        if solver == "highs":
            return TreePool(restriction, definition, bounds=known)
        return NoGoodPool(restriction, definition, solver=solver, limits=limits or Limits(), bounds=known)

    return make() if bounds == "interval" else TightenedPool(restriction, make, bounds, proven=solver == "highs")

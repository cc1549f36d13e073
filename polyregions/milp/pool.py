"""Which pool of solutions a solver gets."""

from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.nogood_pool import NoGoodPool
from polyregions.milp.tree_pool import TreePool

__all__ = ["pool"]


def pool(
    restriction: Restriction, definition: Definition, *, solver: str = "highs", limits: Limits | None = None
) -> TreePool | NoGoodPool:
    """The pool of the MILP's solutions on the given solver.

    Parameters
    ----------
    solver : str
        "highs": one tree on HiGHS's warm-started relaxations, every prune proven. Any other MILP back end of
        :mod:`solvers` ("pulp-highs", "cbc", ...): a loop of no-good cuts, complete as far as the solver is right.
    limits : Limits, optional
        Their remaining time is passed on to each solve of the loop.
    """
    if solver == "highs":
        return TreePool(restriction, definition)
    return NoGoodPool(restriction, definition, solver=solver, limits=limits or Limits())

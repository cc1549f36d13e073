"""Which cells the splitting counter uses."""

from typing import TYPE_CHECKING

from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction

if TYPE_CHECKING:
    from polyregions.certificate.writer import Recorder
    from polyregions.enumeration import Enumerator

__all__ = ["CELLS", "splitting_tree"]

#: The kinds of cells: "auto" chooses.
CELLS = ("auto", "vertex", "lp")

#: The largest dimension in which cells are kept by their vertices: a cube has 2^d of them, and an edge is found among
#: the pairs. In 6 dimensions vertex cells were still several times faster than LP cells on HiGHS, in 8 slower.
_VERTEX_DIMENSION = 6


def splitting_tree(
    restriction: Restriction,
    definition: Definition,
    *,
    solver: str = "highs",
    cells: str = "auto",
    workers: int = 1,
    max_regions: int | None = None,
    recorder: "Recorder | None" = None,
) -> "Enumerator":
    """The splitting counter with the kind of cells asked for.

    Parameters
    ----------
    solver : str
        The LP back end of LP cells.
    cells : {"auto", "vertex", "lp"}
        "vertex": compiled, for regions of full dimension in low dimension; "lp": any dimension, both definitions.
    workers : int
        Threads of vertex cells without ``max_regions``; other searches use one.
    recorder : Recorder, optional
        Writes a certificate; only LP cells take down their proofs so far.

    Raises
    ------
    ValueError
        If there is no such kind, or vertex cells can't do what is asked.
    """
    from solvers import lp_session

    if cells not in CELLS:
        raise ValueError(f"no cells called {cells!r}; there are {', '.join(map(repr, CELLS))}")
    if workers < 1:
        raise ValueError(f"the number of workers must be at least 1, not {workers}")
    possible = definition is Definition.REGIONS and restriction.dimension > 0 and bool(restriction.widths)
    if cells == "vertex" and not possible:
        raise ValueError(
            "vertex cells count regions (not patterns) of networks with ReLU layers, in dimension 1 or more"
        )
    if recorder is not None:
        if cells == "vertex":
            raise ValueError("vertex cells write no certificates yet; LP cells do")
        cells = "lp"
    lp_session([0.0], [1.0], name=solver)  # a wrong name is an error even where no LP will be solved
    if cells == "vertex" or (cells == "auto" and possible and restriction.dimension <= _VERTEX_DIMENSION):
        if workers > 1 and max_regions is None:
            from polyregions.splitting.workers import ParallelVertexTree

            return ParallelVertexTree(restriction, workers=workers)
        from polyregions.splitting.vertex_cells import VertexTree

        return VertexTree(restriction, max_regions=max_regions)
    from polyregions.splitting.tree import SplittingTree

    return SplittingTree(restriction, definition, solver=solver, recorder=recorder)

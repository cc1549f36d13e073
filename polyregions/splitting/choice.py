"""Which cells the splitting counter uses."""

from numbers import Integral
from typing import TYPE_CHECKING

from polyregions.definition import Definition
from polyregions.errors import ArgumentError
from polyregions.exact.restriction import Restriction
from polyregions.exact.sections import Sections
from polyregions.limits import is_number

if TYPE_CHECKING:
    from polyregions.certificate.writer import Recorder
    from polyregions.enumeration import Enumerator
    from polyregions.splitting.tableau_cells import TableauTree
    from polyregions.splitting.vertex_cells import VertexTree

__all__ = ["CELLS", "splitting_tree"]

#: The kinds of cells: "auto" chooses.
CELLS = ("auto", "vertex", "tableau", "lp")

#: The largest dimension in which "auto" keeps cells by their vertices. Measured side by side (docs/performance.md),
#: vertex cells took 0.06 to 0.9 times what tableau cells do in 2 to 4 dimensions, and 5 times in 6: a cube has 2^d
#: vertices, and edges are found among their pairs.
_VERTEX_DIMENSION = 4


def splitting_tree(
    restriction: Restriction | Sections,
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
    cells : {"auto", "vertex", "tableau", "lp"}
        "vertex": compiled, regions of full dimension in low dimension; "tableau": compiled LP cells, any dimension and
        both definitions; "lp": the same on the LP back end.
    workers : int
        Threads of the compiled searches; LP cells and certificates use one.
    recorder : Recorder, optional
        Writes a certificate; tableau cells and LP cells take down their proofs, "auto" takes the former.

    Raises
    ------
    ArgumentError
        If there is no such kind, or vertex cells can't do what is asked.
    """
    from solvers import lp_session

    if cells not in CELLS:
        raise ArgumentError(f"no cells called {cells!r}; there are {', '.join(map(repr, CELLS))}")
    if not is_number(workers, Integral, 1):
        raise ArgumentError(f"the number of workers must be at least 1, not {workers!r}")
    possible = definition is Definition.REGIONS and restriction.dimension > 0 and bool(restriction.widths)
    if cells == "vertex" and not possible:
        if not isinstance(restriction, Sections) or definition is not Definition.REGIONS or not restriction.widths:
            raise ArgumentError(
                "vertex cells count regions (not patterns) of networks with ReLU layers, in dimension 1 or more"
            )
        # Sections may have a dimension less than the domain, and then there is nothing to cut.
        cells = "lp"
    if recorder is not None:
        if cells == "vertex":
            raise ArgumentError("vertex cells write no certificates; tableau cells do (cells='tableau')")
        cells = "tableau" if cells == "auto" else cells
    lp_session([0.0], [1.0], name=solver)  # a wrong name is an error even where no LP will be solved
    if cells == "auto":
        cells = "vertex" if possible and restriction.dimension <= _VERTEX_DIMENSION else "tableau"

    def make(part: Restriction, most: int | None) -> "Enumerator":
        if cells == "lp":
            from polyregions.splitting.tree import SplittingTree

            return SplittingTree(part, definition, solver=solver, recorder=recorder)
        tree = _compiled_tree(part, definition, cells, most, recorder)
        if workers == 1 or recorder is not None:
            return tree
        from polyregions.splitting.workers import ParallelTree

        return ParallelTree(tree, workers=workers, max_regions=most)

    if isinstance(restriction, Restriction):
        return make(restriction, max_regions)
    from polyregions.splitting.pieces import PieceTree

    return PieceTree(restriction, make, max_regions=max_regions)


def _compiled_tree(
    restriction: Restriction, definition: Definition, cells: str, max_regions: int | None, recorder: "Recorder | None"
) -> "VertexTree | TableauTree":
    if cells == "vertex":
        from polyregions.splitting.vertex_cells import VertexTree

        return VertexTree(restriction, max_regions=max_regions)
    from polyregions.splitting.tableau_cells import TableauTree

    return TableauTree(restriction, definition, max_regions=max_regions, recorder=recorder)

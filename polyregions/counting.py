"""``count`` and ``regions``: the two verbs that run a counter."""

import os
from collections.abc import Iterator

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.enumeration import Run
from polyregions.geometry.region import Region
from polyregions.network import Network
from polyregions.result import Count, ProgressCallback

__all__ = ["Regions", "count", "regions"]


def count(
    network: Network,
    domain: Domain,
    *,
    definition: Definition | str = Definition.REGIONS,
    method: str = "split",
    solver: str = "highs",
    cells: str = "auto",
    workers: int = 1,
    bounds: str = "interval",
    time_limit: float | None = None,
    max_regions: int | None = None,
    memory_limit: int | None = None,
    progress: ProgressCallback | None = None,
    certificate: str | os.PathLike[str] | None = None,
) -> Count:
    """Count the regions of a network over a domain.

    Parameters
    ----------
    network : Network
    domain : Domain
        Bounded; full dimension is meant relative to the domain's own affine hull.
    definition : {"regions", "patterns"}, optional
        See :class:`polyregions.definition.Definition`.
    method : {"split", "milp"}, optional
        The incremental splitting counter, or the MILP of Serra, Tjandraatmadja & Ramalingam (2018).
    solver : str, optional
        The back end that makes the float proposals. With ``method="milp"`` "highs" searches one tree whose prunes are
        all proven; "gurobi", "cplex" and "scip" list their own solution pools, and any other MILP back end of
        :mod:`solvers` ("pulp-highs", "cbc", ...) runs a loop of no-good cuts, for a few dozen patterns: patterns are
        certified, but that none is missing is the solver's claim, and the result is numerical.
    cells : {"auto", "vertex", "tableau", "lp"}, optional
        How the splitting counter keeps its cells: by their vertices (compiled; regions, in low dimension), by compiled
        linear programs, or by those of the solver; "auto" takes the fastest.
    workers : int, optional
        Threads that share the compiled searches (vertex and tableau cells); the other counters use one. The result does
        not depend on their number.
    bounds : {"interval", "lp", "milp"}, optional
        With ``method="milp"``: how the units' pre-activations are bounded, which makes the program's constants; see
        :func:`polyregions.unit_bounds`. The count is the same.
    time_limit : float, optional
        Seconds.
    max_regions : int, optional
        Stop when so many are found.
    memory_limit : int, optional
        Stop when the process holds so many bytes of physical memory.
    progress : callable, optional
        Called with a :class:`polyregions.result.Progress` a few times per second.
    certificate : path, optional
        Write a proof of the count to this file, for :func:`polyregions.verify`: by splitting, of either definition and
        Write a proof of the count to this file, for :func:`polyregions.verify`: by splitting, of either definition and
        over any domain. A stopped count leaves a proof of its lower bound. Tableau and LP cells record, in one
        thread, and "auto" takes the former.

    Returns
    -------
    Count
        Exact if the run finished; a bracket of proven bounds if a limit, Ctrl-C or SIGTERM stopped it. A loop over many
        counts goes on after such a Ctrl-C unless it looks: ``if count.interrupted: break``.

    Examples
    --------
    >>> net = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> from polyregions.domain import Box
    >>> int(count(net, Box(-1, 1)))
    4
    """
    run = Run(
        network,
        domain,
        definition=definition,
        method=method,
        solver=solver,
        cells=cells,
        workers=workers,
        bounds=bounds,
        time_limit=time_limit,
        max_regions=max_regions,
        memory_limit=memory_limit,
        progress=progress,
        certificate=certificate,
    )
    run.explore()
    return run.result()


class Regions(Iterator[Region]):
    """An iterator over regions that knows how far it got: what :func:`regions` returns."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._regions = run.regions()

    def __next__(self) -> Region:
        return next(self._regions)

    def result(self) -> Count:
        """What is known of the number of regions by now: exact once all were given, a bracket before that."""
        return self._run.result()


def regions(
    network: Network,
    domain: Domain,
    *,
    definition: Definition | str = Definition.REGIONS,
    method: str = "split",
    solver: str = "highs",
    cells: str = "auto",
    workers: int = 1,
    time_limit: float | None = None,
    max_regions: int | None = None,
    memory_limit: int | None = None,
    progress: ProgressCallback | None = None,
) -> Regions:
    """The regions of a network over a domain, one by one as they are proven, each with a witness.

    Lazily: memory does not grow with their number, and stopping early costs nothing more. Without limits the iterator
    ends when all regions have been given, and Ctrl-C raises KeyboardInterrupt. A limit ends it early; its ``result()``
    says whether one did, and how many regions there are between.

    Parameters
    ----------
    As for :func:`count`. Several ``workers`` give the regions in no particular order.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> sorted(region.pattern for region in regions(net, Box(-1, 1)))
    [((0, 1),), ((1, 0),)]
    >>> some = regions(net, Box(-1, 1), max_regions=1)
    >>> len(list(some)), str(some.result())
    (1, 'between 1 and 3 regions (bracket: limit of 1 regions)')
    """
    # Signals act as usual here: an iterator that ended early in silence would pass for a complete one.
    return Regions(
        Run(
            network,
            domain,
            definition=definition,
            method=method,
            solver=solver,
            cells=cells,
            workers=workers,
            time_limit=time_limit,
            max_regions=max_regions,
            memory_limit=memory_limit,
            progress=progress,
            catch_signals=False,
        )
    )

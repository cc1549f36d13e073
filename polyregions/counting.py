"""``count`` and ``regions``: the two verbs that run a counter."""

from collections.abc import Iterator
from typing import Any

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.geometry.region import Region
from polyregions.limits import Limits
from polyregions.network import Network
from polyregions.result import Count, Progress, ProgressCallback, Status

__all__ = ["count", "regions"]

#: Least seconds between two calls of a progress callback.
_PROGRESS_INTERVAL = 0.2


def count(
    network: Network,
    domain: Domain,
    *,
    definition: Definition | str = Definition.REGIONS,
    method: str = "split",
    solver: str = "highs",
    time_limit: float | None = None,
    max_regions: int | None = None,
    progress: ProgressCallback | None = None,
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
        The back end that makes the float proposals; with ``method="milp"`` "highs" searches one tree, any other name
        (and "highs-nogood") runs a loop of no-good cuts through PuLP.
    time_limit : float, optional
        Seconds.
    max_regions : int, optional
        Stop when so many are found.
    progress : callable, optional
        Called with a :class:`polyregions.result.Progress` a few times per second.

    Returns
    -------
    Count
        Exact if the run finished; a bracket of proven bounds if a limit, Ctrl-C or SIGTERM stopped it.

    Examples
    --------
    >>> net = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> from polyregions.domain import Box
    >>> int(count(net, Box(-1, 1)))
    4
    """
    definition = Definition.of(definition)
    if method == "milp":
        from polyregions.milp.counting import count_by_milp

        return count_by_milp(
            network,
            domain,
            definition,
            solver=solver,
            limits=Limits(time_limit=time_limit, max_regions=max_regions),
            progress=progress,
        )
    if method != "split":
        raise ValueError(f"no method called {method!r}; there are 'split' and 'milp'")
    limits = Limits(time_limit=time_limit, max_regions=max_regions)
    tree = _tree(network, domain, definition, solver)
    reason: str | None = None
    reported = 0.0

    def stop() -> bool:
        nonlocal reason, reported
        if progress is not None and limits.seconds - reported >= _PROGRESS_INTERVAL:
            progress(Progress(tree.found, tree.found + tree.open_bound(), limits.seconds))
            reported = limits.seconds
        reason = limits.reached(tree.found)
        return reason is not None

    with limits:
        for _ in tree.leaves(stop):
            pass
    finished = tree.finished
    stats: dict[str, Any] = {**vars(tree.statistics), "certified": True}
    if not finished:
        stats["stopped"] = reason
    return Count(
        lower=tree.found,
        upper=tree.found if finished else tree.found + tree.open_bound(),
        status=Status.EXACT if finished else Status.BRACKET,
        definition=definition,
        method=method,
        seconds=limits.seconds,
        stats=stats,
        network=network,
        domain=domain,
    )


def regions(
    network: Network, domain: Domain, *, definition: Definition | str = Definition.REGIONS, solver: str = "highs"
) -> Iterator[Region]:
    """The regions of a network over a domain, one by one as they are proven, each with a witness.

    Lazily: memory does not grow with their number, and stopping early costs nothing more.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> sorted(region.pattern for region in regions(net, Box(-1, 1)))
    [((0, 1),), ((1, 0),)]
    """
    tree = _tree(network, domain, Definition.of(definition), solver)
    chart, split_pattern = tree.restriction.chart, tree.restriction.split_pattern
    for leaf in tree.leaves():
        witness = chart.ambient(leaf.witness.point.coordinates())
        yield Region(network, split_pattern(leaf.states), witness)


def _tree(network: Network, domain: Domain, definition: Definition, solver: str) -> Any:
    from polyregions.exact.restriction import Restriction
    from polyregions.splitting.tree import SplittingTree

    return SplittingTree(Restriction(network, domain), definition, solver=solver)

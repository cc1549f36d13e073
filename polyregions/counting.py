"""``count`` and ``regions``: the two verbs that run a counter."""

from collections.abc import Iterator
from typing import Any

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.geometry.region import Region
from polyregions.limits import Limits
from polyregions.network import Network
from polyregions.result import Count, Progress, ProgressCallback, Status

__all__ = ["SplittingRun", "count", "regions"]

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
    run = SplittingRun(
        network,
        domain,
        definition=definition,
        solver=solver,
        time_limit=time_limit,
        max_regions=max_regions,
        progress=progress,
    )
    for _ in run.leaves():
        pass
    return run.result()


class SplittingRun:
    """One run of the splitting counter under limits: regions as they are proven, then what is known of their number.

    Parameters
    ----------
    As for :func:`count`.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> run = SplittingRun(net, Box(-1, 1), max_regions=3)
    >>> len(list(run.regions()))
    3
    >>> run.result().status.value, run.result().stats["stopped"]
    ('bracket', 'limit of 3 regions')
    """

    def __init__(
        self,
        network: Network,
        domain: Domain,
        *,
        definition: Definition | str = Definition.REGIONS,
        solver: str = "highs",
        time_limit: float | None = None,
        max_regions: int | None = None,
        progress: ProgressCallback | None = None,
    ) -> None:
        self._network = network
        self._domain = domain
        self._definition = Definition.of(definition)
        self._limits = Limits(time_limit=time_limit, max_regions=max_regions)
        self._tree = _tree(network, domain, self._definition, solver)
        self._progress = progress
        self._reported = 0.0
        self._reason: str | None = None

    def leaves(self) -> Iterator[Any]:
        """Yield the tree's leaves until all are found or a limit, Ctrl-C or SIGTERM stops the run."""
        with self._limits:
            yield from self._tree.leaves(self._stop)

    def regions(self) -> Iterator[Region]:
        """As :meth:`leaves`, each as a :class:`polyregions.geometry.region.Region`."""
        for leaf in self.leaves():
            yield _region(self._network, self._tree, leaf)

    def _stop(self) -> bool:
        tree, limits = self._tree, self._limits
        if self._progress is not None and limits.seconds - self._reported >= _PROGRESS_INTERVAL:
            self._progress(Progress(tree.found, tree.found + tree.open_bound(), limits.seconds))
            self._reported = limits.seconds
        self._reason = limits.reached(tree.found)
        return self._reason is not None

    def result(self) -> Count:
        """The count: exact if the run finished, else a bracket of proven bounds."""
        tree = self._tree
        stats: dict[str, Any] = {**vars(tree.statistics), "certified": True}
        if not tree.finished:
            stats["stopped"] = self._reason or "left early"
        return Count(
            lower=tree.found,
            upper=tree.found if tree.finished else tree.found + tree.open_bound(),
            status=Status.EXACT if tree.finished else Status.BRACKET,
            definition=self._definition,
            method="split",
            seconds=self._limits.seconds,
            stats=stats,
            network=self._network,
            domain=self._domain,
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
    for leaf in tree.leaves():
        yield _region(network, tree, leaf)


def _region(network: Network, tree: Any, leaf: Any) -> Region:
    witness = tree.restriction.chart.ambient(leaf.witness.point.coordinates())
    return Region(network, tree.restriction.split_pattern(leaf.states), witness)


def _tree(network: Network, domain: Domain, definition: Definition, solver: str) -> Any:
    from polyregions.exact.restriction import Restriction
    from polyregions.splitting.tree import SplittingTree

    return SplittingTree(Restriction(network, domain), definition, solver=solver)

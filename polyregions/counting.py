"""``count``, ``count_all`` and ``regions``: the verbs that run a counter."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.enumeration import Run, check_kinds
from polyregions.errors import ArgumentError
from polyregions.geometry.region import Region
from polyregions.network import Network
from polyregions.result import Count, Counts, ProgressCallback, Status

__all__ = ["Regions", "count", "count_all", "regions"]


def count(
    network: Network,
    domain: Domain,
    *,
    definition: Definition | str = Definition.REGIONS,
    layers: Sequence[int | str] | int | str | None = None,
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
        Full dimension is meant relative to the domain's own affine hull.
    definition : {"regions", "patterns", "linear", "closed", "affine"}, optional
        See :class:`polyregions.definition.Definition`. "linear", "closed" and "affine" put regions together, which are
        all kept in memory; ``max_regions`` limits the regions. :func:`count_all` counts all five.
    layers : sequence of int or str, optional
        Count the distinct patterns of these layers only, by number from 1, or by the names of a graph's nodes: those
        that are attained on a set of full dimension ("regions"), or at all ("patterns"). The points of one need not be
        connected, but where the layers are all up to one of them. Time and, but for that case, memory are for all
        layers up to the last. Only with "regions" and "patterns", without a certificate.
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
        Write a proof of the count to this file, for :func:`polyregions.verify`: by splitting, of regions or patterns,
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
    kind = Definition.of(definition)
    if certificate is not None and kind.joins_regions:
        raise ArgumentError(
            f"there is no certificate of definition {kind.value!r}: only counts of 'regions' and 'patterns' have one"
        )
    if layers is not None:
        if kind.joins_regions:
            raise ArgumentError(
                f"definition {kind.value!r} is about affine maps of the whole network; leave out layers={layers!r}"
            )
        if certificate is not None:
            raise ArgumentError("there is no certificate of the patterns of chosen layers; leave out the certificate")
    run = Run(
        _chosen(network, domain, layers),
        domain,
        definition=Definition.REGIONS if kind.joins_regions else kind,
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
    if kind.joins_regions:
        from polyregions.joining import count_joined

        return count_joined(run, [kind])[kind]
    run.explore()
    return run.result()


def count_all(
    network: Network,
    domain: Domain,
    *,
    method: str = "split",
    solver: str = "highs",
    cells: str = "auto",
    workers: int = 1,
    bounds: str = "interval",
    time_limit: float | None = None,
    max_regions: int | None = None,
    memory_limit: int | None = None,
    progress: ProgressCallback | None = None,
) -> Counts:
    """Count what each definition of "region" counts, side by side.

    Two runs: one for the regions and what they are put together to, one for the patterns in the time that is left.

    Parameters
    ----------
    As for :func:`count`. ``max_regions`` limits each run; ``cells="vertex"`` is for the regions, patterns have others.

    Examples
    --------
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, -1.0]]], [[0.0, 0.0], [0.0]])     # x
    >>> from polyregions.domain import Box
    >>> print(count_all(net, Box(-1, 1)))
    patterns  3 activation patterns (exact)
    regions   2 regions (exact)
    linear    1 linear region (exact)
    closed    1 closed connected region (exact)
    affine    1 affine map (exact)
    """
    from polyregions.joining import count_joined

    def prepared(definition: Definition, cells: str, time_limit: float | None) -> Run:
        return Run(
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
        )

    first = prepared(Definition.REGIONS, cells, time_limit)
    counts = count_joined(
        first,
        (Definition.REGIONS, Definition.LINEAR, Definition.CLOSED, Definition.AFFINE),
    )
    left = None if time_limit is None else max(0.0, time_limit - first.seconds)
    run = prepared(Definition.PATTERNS, "auto" if cells == "vertex" else cells, left)
    if first.interrupted:
        run.skip("interrupted before")
    elif left == 0:
        run.skip(f"the regions took the time limit of {time_limit:g} s")
    run.explore()
    patterns = run.result()
    if patterns.status is Status.BRACKET:
        # Each region has a pattern of its own.
        patterns = replace(patterns, lower=max(patterns.lower, counts[Definition.REGIONS].lower))
    return Counts({Definition.PATTERNS: patterns, **counts})


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
    layers: Sequence[int | str] | int | str | None = None,
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
    As for :func:`count`. Several ``workers`` give the regions in no particular order. With ``layers`` a "region" is the
    set of points with one pattern of these, and its witness one of them.

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
            _chosen(network, domain, layers),
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


def _chosen(network: Network, domain: Domain, layers: Sequence[int | str] | int | str | None) -> Network:
    """The network whose patterns are counted."""
    check_kinds(network, domain)
    if layers is None:
        return network
    from polyregions.chosen_layers import chosen_layers

    return chosen_layers(network, layers)

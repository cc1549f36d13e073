"""``linear_regions`` and ``region_graph``, and the counts of what regions are put together to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np
import numpy.typing as npt

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.enumeration import Run, check_kinds
from polyregions.errors import ArgumentError
from polyregions.geometry.affine_pieces import AffinePieces
from polyregions.geometry.region import Region
from polyregions.network import Network
from polyregions.result import Count, ProgressCallback, Status

if TYPE_CHECKING:
    import networkx

    from polyregions.enumeration import Leaf
    from polyregions.exact.cell import Witness
    from polyregions.exact.restriction import Restriction

__all__ = ["LinearRegion", "LinearRegions", "count_joined", "linear_regions", "region_graph"]

#: What is looked for before the count of each definition is known.
_STEPS = {Definition.AFFINE: 1, Definition.LINEAR: 2, Definition.CLOSED: 3}


@dataclass(frozen=True)
class LinearRegion:
    """A piece of the domain on which the network is one affine map: regions put together.

    Attributes
    ----------
    regions : tuple of Region
        The activation regions that it is made of.
    """

    regions: tuple[Region, ...]

    def affine_map(self, *, exact: bool = False) -> tuple[Any, Any]:
        """The network's map x -> A x + c on this piece, (n_out, n_0) and (n_out,); floats, or Fractions in lists.

        Over a domain of lower dimension than the input space regions of the piece may have other maps that agree with
        this one on the domain.
        """
        return self.regions[0].affine_map(exact=exact)


class LinearRegions(Sequence[LinearRegion]):
    """The pieces that :func:`linear_regions` found.

    Attributes
    ----------
    total : Count
        How many pieces there are: exact if all are there and none is to be put together with another.
    """

    def __init__(self, pieces: Sequence[LinearRegion], total: Count) -> None:
        self._pieces = tuple(pieces)
        self.total = total

    @overload
    def __getitem__(self, index: int) -> LinearRegion: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LinearRegion]: ...
    def __getitem__(self, index: int | slice) -> LinearRegion | Sequence[LinearRegion]:
        return self._pieces[index]

    def __len__(self) -> int:
        return len(self._pieces)

    def __repr__(self) -> str:
        return f"LinearRegions({self.total})"


def linear_regions(
    network: Network,
    domain: Domain,
    *,
    definition: Definition | str = Definition.LINEAR,
    solver: str = "highs",
    cells: str = "auto",
    workers: int = 1,
    time_limit: float | None = None,
    max_regions: int | None = None,
    memory_limit: int | None = None,
    progress: ProgressCallback | None = None,
) -> LinearRegions:
    """The pieces of a domain on which a network is affine, each with the activation regions that it is made of.

    Parameters
    ----------
    definition : {"linear", "closed", "affine"}, optional
        Regions with the same exact affine map make one piece if they are connected through shared facets ("linear"),
        through any common points of their closures ("closed"), or wherever they are ("affine"); see
        :class:`polyregions.definition.Definition`.
    The other parameters are those of :func:`polyregions.count`. A limit or Ctrl-C leaves pieces that may have to be put
    together, and ``total`` a bracket.

    Returns
    -------
    LinearRegions
        A sequence of :class:`LinearRegion`, whose ``total`` says how many there are and how certain that is.

    Raises
    ------
    ArgumentError
        If the definition is none of the three.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, -1.0]]], [[0.0, 0.0], [0.0]])     # x, in two regions
    >>> pieces = linear_regions(net, Box(-1, 1))
    >>> len(pieces), len(pieces[0].regions), int(pieces.total)
    (1, 2, 1)
    """
    kind = Definition.of(definition)
    if not kind.joins_regions:
        raise ArgumentError(f"linear_regions takes definition 'linear', 'closed' or 'affine', not {kind.value!r}")
    run = Run(
        network,
        domain,
        solver=solver,
        cells=cells,
        workers=workers,
        time_limit=time_limit,
        max_regions=max_regions,
        memory_limit=memory_limit,
        progress=progress,
    )
    leaves, pieces, base = _explored(run, kind)
    regions = [run.region(leaf) for leaf in leaves]
    sets = _sets(pieces, kind, len(regions))
    found = [LinearRegion(tuple(regions[i] for i in members)) for members in sets]
    return LinearRegions(found, _joined_count(run, base, pieces, kind))


def count_joined(run: Run, definitions: Iterable[Definition]) -> dict[Definition, Count]:
    """Run a counter of regions, and count what the regions found are put together to.

    Parameters
    ----------
    run : Run
        Of definition "regions", not yet started.
    definitions : those that are wanted; REGIONS too

    Notes
    -----
    What a stopped run proves: the maps of the regions found are so many different ones, which bounds all three counts
    from below. From above, the pieces made of the regions found, and one more for each region that may be left.
    """
    wanted = list(definitions)
    deepest = max(wanted, key=lambda definition: _STEPS.get(definition, 0))
    _, pieces, base = _explored(run, deepest)
    return {kind: _joined_count(run, base, pieces, kind) if kind.joins_regions else base for kind in wanted}


def _check(network: Network) -> None:
    if network.merges:
        raise ArgumentError(
            "this network has maxima of more than two arguments, so that a region may be several polyhedra, which are "
            "not put together or made a graph of; count its 'regions' or 'patterns'"
        )


def _explored(run: Run, deepest: Definition) -> "tuple[list[Leaf], AffinePieces | None, Count]":
    """The regions found, what they are put together to (None if that was interrupted at once), and their count."""
    _check(run.network)
    leaves = list(run.leaves())
    base = run.result()
    pieces: AffinePieces | None = None

    def work(stop: Callable[[], bool]) -> None:
        nonlocal pieces
        restriction, witnesses = _compared(run, leaves)
        pieces = AffinePieces(restriction, _states(run, leaves), witnesses)
        # Without it a stopped run would know nothing: of the limits only Ctrl-C ends it.
        pieces.compare_maps(lambda: stop() and False)
        for step in (pieces.join_neighbours, pieces.join_touching)[: _STEPS.get(deepest, 0) - 1]:
            if not stop():
                step(stop)

    if deepest.joins_regions:
        run.follow_up(work, what="comparing their affine maps")
    return leaves, pieces, base


def _compared(run: Run, leaves: "Sequence[Leaf]") -> "tuple[Restriction, list[Witness]]":
    """The network over the domain in coordinates on it, and points of the regions in these."""
    if run.domain.bounded:
        return cast("Restriction", run.restriction), [leaf.witness for leaf in leaves]
    from polyregions.geometry.whole import whole_domain

    # Leaves of an unbounded domain are points of input space.
    return whole_domain(run.network, run.domain, [leaf.witness.point for leaf in leaves])


def _states(run: Run, leaves: "Sequence[Leaf]") -> npt.NDArray[np.uint8]:
    joined = b"".join(leaf.states for leaf in leaves)
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(leaves), sum(run.network.widths))


def _sets(pieces: AffinePieces | None, kind: Definition, found: int) -> list[list[int]]:
    """The regions found, in sets of those that are put together so far."""
    if pieces is not None and pieces.labels is not None and kind is Definition.AFFINE:
        result: dict[int, list[int]] = {}
        for i, label in enumerate(pieces.labels.tolist()):
            result.setdefault(label, []).append(i)
        return list(result.values())
    if pieces is not None and pieces.linear is not None and kind is not Definition.AFFINE:
        partition = pieces.closed if kind is Definition.CLOSED and pieces.closed is not None else pieces.linear
        return partition.sets()
    return [[i] for i in range(found)]


def _joined_count(run: Run, base: Count, pieces: AffinePieces | None, kind: Definition) -> Count:
    """The count of one definition from that of the regions and what is known of their maps."""
    # Where maps were not compared, any region has one.
    maps = None if pieces is None else pieces.maps
    lower = maps if maps is not None else min(base.lower, 1)
    upper = len(_sets(pieces, kind, base.lower))
    done = (
        pieces is not None
        and {
            Definition.AFFINE: pieces.labels is not None,
            Definition.LINEAR: pieces.linear_done,
            Definition.CLOSED: pieces.closed_done,
        }[kind]
    )
    stats = dict(base.stats)
    stats["regions"] = base.lower
    if base.status is Status.EXACT and (done or lower == upper):
        return replace(
            base, lower=upper, upper=upper, status=Status.EXACT, definition=kind, seconds=run.seconds, stats=stats
        )
    if base.status is Status.NUMERICAL:
        stats["stopped"] = "that no region is left out is the solver's word, not proven"
        stats["interrupted"] = False
        most = None
    else:
        stats.setdefault("stopped", run.stopped or "left early")
        stats["interrupted"] = run.interrupted
        most = None if base.upper is None else upper + base.upper - base.lower
    return replace(
        base, lower=lower, upper=most, status=Status.BRACKET, definition=kind, seconds=run.seconds, stats=stats
    )


def region_graph(
    network: Network,
    domain: Domain,
    *,
    solver: str = "highs",
    cells: str = "auto",
    workers: int = 1,
    time_limit: float | None = None,
    max_regions: int | None = None,
    memory_limit: int | None = None,
    progress: ProgressCallback | None = None,
) -> "networkx.Graph":
    """The adjacency graph of a network's regions over a domain, every edge proven and none left out.

    Two regions (of full dimension) are adjacent if their closures have a facet in common: intersect in one dimension
    less than the domain has.

    Parameters
    ----------
    As for :func:`polyregions.count`.

    Returns
    -------
    networkx.Graph
        Nodes 0, 1, ... with the attribute ``region``, a :class:`polyregions.Region`. Edges have the attribute
        ``units``: the pairs (layer, unit), both from 0, of all units whose hyperplane carries the facet, which means
        that the pre-activation is 0 on it, but not on all of both regions. Of a graph's network they are the numbers of
        a node among its ``pattern_nodes`` and of the entry of its output. The graph's attribute ``count`` is the
        :class:`polyregions.Count` of the nodes, and ``complete`` says whether all regions and edges are there: after a
        limit or Ctrl-C those found are.

    Raises
    ------
    ArgumentError
        For networks with maxima of more than two arguments, whose regions may be several polyhedra.

    Notes
    -----
    See :mod:`polyregions.geometry.adjacency`. The work is linear in the numbers of regions and
    of edges, but for the exact decisions of facets in three and more dimensions.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> graph = region_graph(net, Box(-1, 1))                                       # the four quadrants
    >>> graph.number_of_nodes(), graph.number_of_edges(), graph.graph["complete"]
    (4, 4, True)
    >>> sorted(units for _, _, units in graph.edges(data="units"))
    [((0, 0),), ((0, 0),), ((0, 1),), ((0, 1),)]
    """
    import networkx

    from polyregions.geometry.adjacency import Adjacency

    check_kinds(network, domain)
    _check(network)
    run = Run(
        network,
        domain,
        solver=solver,
        cells=cells,
        workers=workers,
        time_limit=time_limit,
        max_regions=max_regions,
        memory_limit=memory_limit,
        progress=progress,
    )
    leaves = list(run.leaves())
    count = run.result()
    names = network.unit_names
    graph = networkx.Graph()
    graph.add_nodes_from((i, {"region": run.region(leaf)}) for i, leaf in enumerate(leaves))
    edges: list[tuple[int, int, dict[str, Any]]] = []
    complete = False

    def work(stop: Callable[[], bool]) -> None:
        nonlocal complete
        restriction, witnesses = _compared(run, leaves)
        adjacency = Adjacency(restriction, _states(run, leaves), witnesses)
        # Into the graph they go afterwards: an interrupt could leave half an edge there.
        for edge in adjacency.edges(stop):
            units = {"units": tuple(dict.fromkeys(names[unit] for unit in edge.units))}
            edges.append((edge.region, edge.other, units))
        complete = not stop()

    run.follow_up(work, what="looking for common facets")
    graph.add_edges_from(edges)
    graph.graph.update(count=count, complete=complete and count.status is Status.EXACT)
    return graph

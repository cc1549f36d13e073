"""One run of any counter under limits: regions as they are proven, then what is known of their number."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.errors import ArgumentError, ArgumentTypeError, OutOfMemoryError
from polyregions.geometry.region import Region
from polyregions.limits import Interruption, Limits
from polyregions.network import Network
from polyregions.result import Count, Progress, ProgressCallback, Status

if TYPE_CHECKING:
    from polyregions.certificate.writer import Recorder
    from polyregions.exact.cell import Witness
    from polyregions.exact.restriction import Restriction
    from polyregions.exact.sections import Sections
    from polyregions.splitting.vertex_cells import Polygons

__all__ = ["Enumerator", "Leaf", "Run", "check_kinds", "check_unmerged"]

#: Least seconds between two calls of a progress callback.
_PROGRESS_INTERVAL = 0.2
#: Seconds of search for each second that reporting takes.
_PROGRESS_COST = 20


@dataclass(frozen=True, slots=True)
class Leaf:
    """One region: the states of all units in order, and a point of it.

    In chart coordinates, or in input space if the domain is unbounded: :meth:`Run.region` knows.
    """

    states: bytes
    witness: "Witness"


class Enumerator(Protocol):
    """What a counter is to its user: regions one by one, and between two of them what is left."""

    @property
    def found(self) -> int:
        """Regions found so far, each proven by a witness."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to explore."""

    @property
    def proven(self) -> bool:
        """Whether "nothing is left" is proven, rather than a solver's claim."""

    def explore(self, stop: Callable[[], bool]) -> None:
        """Find regions without listing them, until all are found or ``stop`` says so."""

    def leaves(self, stop: Callable[[], bool]) -> Iterator[Leaf]:
        """Yield regions; ``stop`` is asked between steps, and True ends the iteration there."""

    def open_bound(self) -> int | None:
        """A proven upper bound of the number of regions not found yet; None where none is known."""

    def statistics(self) -> dict[str, Any]:
        """What was done so far, by name."""


class Run:
    """One run of a counter under limits.

    Parameters
    ----------
    As for :func:`polyregions.counting.count`; ``catch_signals=False`` lets Ctrl-C and SIGTERM act as usual.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> run = Run(net, Box(-1, 1), max_regions=3)
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
        catch_signals: bool = True,
    ) -> None:
        check_kinds(network, domain)
        self.network = network
        self.domain = domain
        self.definition = Definition.of_patterns(definition)
        self.method = method
        self._limits = Limits(
            time_limit=time_limit, max_regions=max_regions, memory_limit=memory_limit, catch_signals=catch_signals
        )
        self.restriction = _restricted(network, domain, self.definition, method)
        if network.merges and certificate is not None:
            raise ArgumentError(
                "no certificate can be written for this network: its maxima of more than two arguments are tournaments "
                "of units, and several outcomes of a tournament are one region; leave out the certificate"
            )
        self._recorder = (
            None if certificate is None else _recorder(certificate, self.restriction, self.definition, method)
        )
        with self._enough_memory():
            self.enumerator = _enumerator(
                self.restriction, self.definition, method, solver, cells, workers, bounds, self._limits, self._recorder
            )
            if network.merges:
                from polyregions.graph.merging import MergedTree

                self.enumerator = MergedTree(self.enumerator, network)
        if self._recorder is not None:
            self._recorder.open()
        self._progress = progress
        self._next_report = _PROGRESS_INTERVAL
        self._stage = ""
        self._least_upper: int | None = None
        self._not_started: str | None = None
        self._reason: str | None = None

    def explore(self) -> None:
        """Count regions until all are found or a limit, Ctrl-C or SIGTERM stops the run."""
        with self._limits, self._recording(), self._enough_memory():
            self.enumerator.explore(self._stop)

    def leaves(self) -> Iterator[Leaf]:
        """Yield regions until all are found or a limit, Ctrl-C or SIGTERM stops the run."""
        with self._limits, self._recording(), self._enough_memory():
            yield from self.enumerator.leaves(self._stop)

    def polygons(self) -> "Iterator[Polygons | Leaf]":
        """As :meth:`leaves`, over a domain of dimension 2 by vertex cells in one thread, with the regions' corners.

        Of a network without ReLUs, which has no vertex cells, the leaf.
        """
        with self._limits, self._enough_memory():
            tree: Any = self.enumerator
            yield from getattr(tree, "polygons", tree.leaves)(self._stop)

    def announce(self, what: str) -> None:
        """Report at once what is done after the search, which whoever stopped it may not expect."""
        self._stage = "; ".join([*([self._reason] if self._reason else []), what, "Ctrl-C leaves this out"])
        self._next_report = 0.0
        self._report()

    def follow_up(self, work: Callable[[Callable[[], bool]], None], *, what: str) -> None:
        """Do more with what was found, under the same limits but that of the number of regions.

        ``work`` is given the question whether to stop, to be asked now and then; once it was True it stays so. Ctrl-C
        and SIGTERM end it at once, also a second time after the search, so that what it has by then must be of use.

        Parameters
        ----------
        what : str
            What is done with the regions found, for the progress: "comparing their affine maps".
        """
        reasons: list[str] = []

        def stop() -> bool:
            self._report()
            reason = self._limits.reached(-1)
            if reason is not None and not reasons:
                reasons.append(reason)
                self._reason = self._reason or reason
            return bool(reasons)

        try:
            with self._limits.interruptible(), self._enough_memory():
                self.announce(what)
                work(stop)
        except Interruption:
            self._reason = self._reason or self._limits.reached(-1)

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return self._limits.seconds

    @contextmanager
    def _enough_memory(self) -> Iterator[None]:
        """Where there is not: a network may be so large that not even its first step fits."""
        try:
            yield
        except MemoryError as error:
            layers = "-".join(str(n) for n in (self.network.input_dimension, *(len(b) for b in self.network.biases)))
            raise OutOfMemoryError(
                f"not enough memory to count the regions of the network {layers} by method {self.method!r}: "
                f"{error or 'no more to be had'}"
            ) from error

    @contextmanager
    def _recording(self) -> Iterator[None]:
        """Whatever ends the run, leave a certificate of what it proved."""
        try:
            yield
        finally:
            if self._recorder is not None:
                self._recorder.close(complete=self.enumerator.finished)

    def regions(self) -> Iterator[Region]:
        """As :meth:`leaves`, each as a :class:`polyregions.geometry.region.Region`."""
        return (self.region(leaf) for leaf in self.leaves())

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM stopped the run, or kept it from starting."""
        return self._limits.interrupted or self._not_started is not None

    @property
    def stopped(self) -> str | None:
        """Why the run was stopped, in a few words; None if it was not."""
        return self._reason

    def skip(self, reason: str) -> None:
        """Let the run end before its first step, in a bracket; as after an interrupt of the run before it."""
        self._not_started = reason

    def fail(self, reason: str) -> None:
        """Say why the run ended by an error; what it had found stays."""
        self._reason = reason

    def region(self, leaf: Leaf) -> Region:
        """The region of a leaf of this run."""
        witness = self.restriction.ambient(leaf.witness.point.coordinates())
        return Region(self.network, self.network.pattern_of(leaf.states), witness, self.domain)

    def _report(self) -> None:
        seconds = self._limits.seconds
        if self._progress is not None and seconds >= self._next_report:
            # After the search nothing tightens the bound.
            upper = self._least_upper if self._stage else self._upper()
            self._progress(Progress(self.enumerator.found, upper, seconds, self._stage))
            # Where there are many open cells of many dimensions, their bounds take a while.
            after = self._limits.seconds
            self._next_report = after + max(_PROGRESS_INTERVAL, _PROGRESS_COST * (after - seconds))

    def _stop(self) -> bool:
        self._report()
        if self._not_started is not None:
            self._reason = f"not started: {self._not_started}"
        elif self._recorder is not None and self._recorder.error is not None:
            self._reason = str(self._recorder.error)
        else:
            self._reason = self._limits.reached(self.enumerator.found)
        return self._reason is not None

    def _upper(self) -> int | None:
        """The least upper bound so far: with several threads a later one may be worse, and all are proven."""
        rest = self.enumerator.open_bound()
        if rest is not None:
            upper = self.enumerator.found + rest
            self._least_upper = upper if self._least_upper is None else min(upper, self._least_upper)
        return self._least_upper

    def result(self) -> Count:
        """The count as it stands: exact if the run finished, else a bracket of what is proven."""
        enumerator = self.enumerator
        status = Status.BRACKET
        if enumerator.finished:
            status = Status.EXACT if enumerator.proven else Status.NUMERICAL
        stats = enumerator.statistics()
        if status is Status.BRACKET:
            stats["stopped"] = self._reason or stats.pop("failure", None) or "left early"
            stats["interrupted"] = self.interrupted
        certificate = None
        if self._recorder is not None:
            if self._recorder.error is None:
                certificate = self._recorder.path
            else:
                stats["certificate_error"] = str(self._recorder.error)
        return Count(
            lower=enumerator.found,
            upper=self._upper(),
            status=status,
            definition=self.definition,
            method=self.method,
            seconds=self._limits.seconds,
            stats=stats,
            network=self.network,
            domain=self.domain,
            certificate=certificate,
        )


def _restricted(network: Network, domain: Domain, definition: Definition, method: str) -> "Restriction | Sections":
    from polyregions.exact.restriction import Restriction

    if domain.bounded or method != "split":
        return Restriction(network, domain)
    from polyregions.exact.sections import Sections

    return Sections(network, domain, definition)


def _recorder(
    path: str | os.PathLike[str], restriction: "Restriction | Sections", definition: Definition, method: str
) -> "Recorder":
    from polyregions.certificate.writer import Recorder, UnsupportedCertificateError
    from polyregions.exact.restriction import Restriction

    if method != "split":
        raise UnsupportedCertificateError(
            f"a certificate can be written by the method 'split', not by {method!r}: leave out method={method!r}"
        )
    if not isinstance(restriction, Restriction):
        raise UnsupportedCertificateError(
            f"a certificate can be written over a bounded domain, and {restriction.domain!r} is not bounded"
        )
    return Recorder(path, restriction.network, restriction.domain, definition, restriction.chart)


def check_kinds(network: Any, domain: Any) -> None:
    """Say what is needed to those who give a file name for a network, or a pair of numbers for a box."""
    if not isinstance(network, Network):
        raise ArgumentTypeError(
            f"the network must be a polyregions.Network, not {_article(network)}: make one by polyregions.load(path), "
            "Network.from_torch, Network.from_sklearn or Network.from_arrays"
        )
    if not isinstance(domain, Domain):
        raise ArgumentTypeError(
            f"the domain must be a Box, Polytope, Segment, Plane, Line or Space of polyregions, not "
            f"{_article(domain)}; Box(-1, 1) is the box -1 <= x_i <= 1"
        )


def check_unmerged(network: Network, what: str) -> None:
    """Refuse what is done with the cells of a graph's lowered network where several of them may be one region.

    Parameters
    ----------
    what : str
        Subject and verb: "estimates sample".
    """
    if network.merges:
        raise ArgumentError(
            f"this network has maxima of more than two arguments; {what} cells of the lowered network, "
            "of which several may be one region: count() and regions() put them together, and 2 x 2 max "
            "pooling written as 1 x 2 and 2 x 1 has no such cells (and more regions, by the winners of both)"
        )


def _article(value: Any) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _enumerator(
    restriction: "Restriction | Sections",
    definition: Definition,
    method: str,
    solver: str,
    cells: str,
    workers: int,
    bounds: str,
    limits: Limits,
    recorder: "Recorder | None" = None,
) -> Enumerator:
    if method == "split":
        if bounds != "interval":
            raise ArgumentError(f"bounds={bounds!r} is for method 'milp'; the splitting counter needs no bounds")
        from polyregions.splitting.choice import splitting_tree

        return splitting_tree(
            restriction,
            definition,
            solver=solver,
            cells=cells,
            workers=workers,
            # Regions that are merged are counted afterwards.
            max_regions=None if restriction.network.merges else limits.max_regions,
            recorder=recorder,
        )
    if method == "milp":
        if cells != "auto":
            raise ArgumentError(f"cells={cells!r} is for the splitting counter; method 'milp' has no cells")
        from polyregions.milp.pool import pool

        # Of an unbounded domain there are no sections but for the splitting counter.
        return pool(cast("Restriction", restriction), definition, solver=solver, limits=limits, bounds=bounds)
    raise ArgumentError(f"no method called {method!r}; there are 'split' and 'milp'")

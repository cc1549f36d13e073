"""One run of any counter under limits: regions as they are proven, then what is known of their number."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.geometry.region import Region
from polyregions.limits import Limits
from polyregions.network import Network
from polyregions.result import Count, Progress, ProgressCallback, Status

if TYPE_CHECKING:
    from polyregions.exact.cell import Witness
    from polyregions.exact.restriction import Restriction

__all__ = ["Enumerator", "Leaf", "Run"]

#: Least seconds between two calls of a progress callback.
_PROGRESS_INTERVAL = 0.2


@dataclass(frozen=True, slots=True)
class Leaf:
    """One region: the states of all units in order, and a point of it."""

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
    As for :func:`polyregions.counting.count`.

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
        time_limit: float | None = None,
        max_regions: int | None = None,
        progress: ProgressCallback | None = None,
    ) -> None:
        from polyregions.exact.restriction import Restriction

        self.network = network
        self.domain = domain
        self.definition = Definition.of(definition)
        self.method = method
        self._limits = Limits(time_limit=time_limit, max_regions=max_regions)
        self._restriction = Restriction(network, domain)
        self.enumerator = _enumerator(self._restriction, self.definition, method, solver, cells, self._limits)
        self._progress = progress
        self._reported = 0.0
        self._reason: str | None = None

    def explore(self) -> None:
        """Count regions until all are found or a limit, Ctrl-C or SIGTERM stops the run."""
        with self._limits:
            self.enumerator.explore(self._stop)

    def leaves(self) -> Iterator[Leaf]:
        """Yield regions until all are found or a limit, Ctrl-C or SIGTERM stops the run."""
        with self._limits:
            yield from self.enumerator.leaves(self._stop)

    def regions(self) -> Iterator[Region]:
        """As :meth:`leaves`, each as a :class:`polyregions.geometry.region.Region`."""
        return (self.region(leaf) for leaf in self.leaves())

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM stopped the run."""
        return self._limits.interrupted

    def region(self, leaf: Leaf) -> Region:
        """The region of a leaf of this run."""
        witness = self._restriction.chart.ambient(leaf.witness.point.coordinates())
        return Region(self.network, self._restriction.split_pattern(leaf.states), witness)

    def _stop(self) -> bool:
        seconds = self._limits.seconds
        if self._progress is not None and seconds - self._reported >= _PROGRESS_INTERVAL:
            self._progress(Progress(self.enumerator.found, self._upper(), seconds))
            self._reported = seconds
        self._reason = self._limits.reached(self.enumerator.found)
        return self._reason is not None

    def _upper(self) -> int | None:
        rest = self.enumerator.open_bound()
        return None if rest is None else self.enumerator.found + rest

    def result(self) -> Count:
        """The count as it stands: exact if the run finished, else a bracket of what is proven."""
        enumerator = self.enumerator
        status = Status.BRACKET
        if enumerator.finished:
            status = Status.EXACT if enumerator.proven else Status.NUMERICAL
        stats = enumerator.statistics()
        if status is Status.BRACKET:
            stats["stopped"] = self._reason or "left early"
            stats["interrupted"] = self.interrupted
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
        )


def _enumerator(
    restriction: "Restriction", definition: Definition, method: str, solver: str, cells: str, limits: Limits
) -> Enumerator:
    if method == "split":
        from polyregions.splitting.choice import splitting_tree

        return splitting_tree(restriction, definition, solver=solver, cells=cells, max_regions=limits.max_regions)
    if method == "milp":
        from polyregions.milp.pool import pool

        return pool(restriction, definition, solver=solver, limits=limits)
    raise ValueError(f"no method called {method!r}; there are 'split' and 'milp'")

"""``estimate`` and ``lower_bound``: what can be said of a network whose regions are too many to count."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.enumeration import check_kinds, check_unmerged
from polyregions.errors import ArgumentError
from polyregions.limits import Limits, is_number
from polyregions.network import Network
from polyregions.result import Progress, ProgressCallback, Status
from polyregions.sampling.result import Estimate, LowerBound, rounded, rounded_down

if TYPE_CHECKING:
    from polyregions.exact.restriction import Restriction

__all__ = ["LOWER_BOUND_METHODS", "estimate", "lower_bound"]

LOWER_BOUND_METHODS = ("tree", "xor", "points")

#: Probes of an estimate, and points of a bound by points, where nothing else is asked for.
_PROBES, _POINTS = 40, 100_000
#: Least seconds between two calls of a progress callback.
_INTERVAL = 0.5


@dataclass(frozen=True)
class SamplingProgress(Progress):
    """Sampling under way: ``lower`` holds with ``confidence``, or is proven where that is None."""

    confidence: float | None = None
    estimate: float | int | None = None
    done: str = ""

    def __str__(self) -> str:
        kind = "proven" if self.confidence is None else f"{100 * self.confidence:.10g}% confidence"
        parts = [f"at least {rounded_down(self.lower)} region{'s' * (self.lower != 1)} ({kind})"]
        if self.estimate is not None:
            parts.append(f"about {rounded(self.estimate)}")
        return ", ".join([*parts, self.done, f"{self.seconds:.0f} s"])


def estimate(
    network: Network,
    domain: Domain,
    *,
    definition: Definition | str = Definition.REGIONS,
    probes: int = _PROBES,
    cells: int | None = None,
    confidence: float = 0.95,
    seed: int | np.random.Generator = 0,
    workers: int = 1,
    time_limit: float | None = None,
    progress: ProgressCallback | None = None,
) -> Estimate:
    """An unbiased estimate of the number of regions, with a lower bound that holds with a stated probability.

    Independent probes go down the splitting tree, each with a random selection of at most ``cells`` cells, whose
    weights make up for those left out (Knuth 1975, Chen 1992, Fearnhead & Clifford 2003). Every decision is exact: the
    mean over the random choices is the number of regions itself. docs/estimates.md has the proofs.

    Parameters
    ----------
    definition : Definition or str, optional
    probes : int, optional
        How many are planned. With the default, and cells enough for an effective sample size near it, the count is
        within three standard errors in 99% of runs; with 20 it barely is, with 10 it is not.
    cells : int, optional
        That a probe goes on with. Default: 100, for large networks 24, or with a time limit so many that all probes
        probably fit into it. With more than there are regions the count is exact.
    confidence : float, optional
        In (0, 1), of the interval and of the lower bound.
    seed : int or numpy.random.Generator, optional
        With the same seed, probes and cells the same estimate, however many workers there are.
    workers : int, optional
        Threads.
    time_limit : float, optional
        Seconds. Probes that are not done by then do not count in the estimate, and count as 0 in the lower bound. That
        leaves the estimate slightly biased (Glynn & Heidelberger 1990), and the lower bound valid.
    progress : callable, optional
        Called with a :class:`polyregions.result.Progress` now and then.

    Returns
    -------
    Estimate

    Raises
    ------
    ArgumentError
        If the confidence is not in (0, 1), or a number is too small.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> print(estimate(net, Box(-1, 1)))
    4 regions (exact)
    >>> some = estimate(net, Box(-1, 1), probes=5, cells=2)
    >>> some.value, some.lower_bound.value, some.status.value
    (4.0, 2, 'estimate')
    """
    run = _Tree(network, domain, definition, probes, cells, confidence, seed, workers, time_limit, progress)
    return run.estimate()


def lower_bound(
    network: Network,
    domain: Domain,
    *,
    method: str = "tree",
    definition: Definition | str = Definition.REGIONS,
    confidence: float = 0.95,
    seed: int | np.random.Generator = 0,
    time_limit: float | None = None,
    workers: int = 1,
    progress: ProgressCallback | None = None,
    probes: int | None = None,
    cells: int | None = None,
    points: int | None = None,
    xor_size: int | None = None,
    trials: int | None = None,
    inference: str | None = None,
    oracle: str | None = None,
    solver: str | None = None,
    bounds: str | None = None,
) -> LowerBound:
    """A lower bound of the number of regions of a network too large to count.

    Parameters
    ----------
    method : {"tree", "xor", "points"}, optional
        "tree": from the probes of :func:`estimate`, by betting; holds with the confidence. "xor": by random parity
        constraints (MIPBound, Serra & Ramalingam 2020); holds with the confidence. "points": distinct patterns of
        random points; proven, and small.
    confidence : float, optional
        In (0, 1): the probability that the bound is right is at least this, whatever the network.
    seed : int or numpy.random.Generator, optional
    time_limit : float, optional
        Seconds. A bound that was stopped is as valid as any.
    workers : int, optional
        Threads, for "tree".
    progress : callable, optional
        Called with the bound as it grows.
    probes, cells : int, optional
        For "tree", as for :func:`estimate`.
    points : int, optional
        For "points": how many to draw; default 100,000.
    xor_size, trials, inference, oracle, solver, bounds : optional
        For "xor"; see :func:`polyregions.sampling.xor_bound.xor_bound`.

    Returns
    -------
    LowerBound

    Raises
    ------
    ArgumentError
        If the confidence is not in (0, 1), a number is too small, or an option is for another method.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> print(lower_bound(net, Box(-1, 1), method="points", points=1000))
    at least 4 regions (proven)
    """
    options: dict[str, dict[str, Any]] = {
        "tree": {"probes": probes, "cells": cells},
        "points": {"points": points},
        "xor": {
            "xor_size": xor_size,
            "trials": trials,
            "inference": inference,
            "oracle": oracle,
            "solver": solver,
            "bounds": bounds,
        },
    }
    if method not in options:
        raise ArgumentError(f"no method called {method!r}; there are {', '.join(map(repr, LOWER_BOUND_METHODS))}")
    for other, values in options.items():
        for name, value in values.items():
            if other != method and value is not None:
                raise ArgumentError(f"{name}={value!r} is for method {other!r}, not {method!r}")
    if method != "tree" and workers != 1:
        raise ArgumentError(f"several workers are for method 'tree'; {method!r} uses one")
    if method == "tree":
        plan = _PROBES if probes is None else probes
        return _Tree(
            network, domain, definition, plan, cells, confidence, seed, workers, time_limit, progress
        ).lower_bound()
    if method == "points":
        return _points_bound(network, domain, definition, points, confidence, seed, time_limit, progress)
    from polyregions.sampling.xor_bound import xor_bound

    _check_network(network, domain)
    _check_confidence(confidence)
    given = {name: value for name, value in options["xor"].items() if value is not None}
    return xor_bound(
        network,
        domain,
        definition=Definition.of_patterns(definition),
        confidence=confidence,
        seed=_seed(seed),
        time_limit=time_limit,
        progress=progress,
        **given,
    )


class _Tree:
    """One run of probes under limits."""

    def __init__(
        self,
        network: Network,
        domain: Domain,
        definition: Definition | str,
        probes: int,
        cells: int | None,
        confidence: float,
        seed: int | np.random.Generator,
        workers: int,
        time_limit: float | None,
        progress: ProgressCallback | None,
    ) -> None:
        from polyregions.sampling.probing import Probing
        from polyregions.sampling.resampling import MOST_CELLS

        _check_network(network, domain)
        _check_confidence(confidence)
        for name, value in (("probes", probes), ("cells", cells), ("workers", workers)):
            if value is not None and not is_number(value, Integral, 1):
                raise ArgumentError(f"the number of {name} must be a whole number of at least 1, not {value!r}")
        if cells is not None and cells > MOST_CELLS:
            raise ArgumentError(f"a probe goes on with at most {MOST_CELLS:,} cells, not {cells:,}: take more probes")
        self._network, self._domain, self._confidence = network, domain, float(confidence)
        self._definition, self._seed = Definition.of_patterns(definition), _seed(seed)
        self._limits, self._time_limit = Limits(time_limit=time_limit), time_limit
        self._progress = progress
        self._reason: str | None = None
        with self._limits:
            self._probing = Probing(
                _restriction(network, domain),
                self._definition,
                probes=int(probes),
                cells=None if cells is None else int(cells),
                seed=self._seed,
                workers=int(workers),
                time_limit=time_limit,
            )
            report = _reports(self._report if progress is not None else None, self._limits)
            self._probing.explore(lambda: self._stopped(report))

    def _stopped(self, report: Callable[[], None]) -> bool:
        report()
        self._reason = self._limits.reached(0)
        return self._reason is not None

    def _report(self) -> None:
        lower, proven = self._probing.lower(self._confidence)
        summary = self._probing.summary(self._confidence)
        done = f"{summary.probes} of {self._probing.probes} probes"
        about = summary.value if summary.probes else None
        seconds, confidence = self._limits.seconds, None if proven else self._confidence
        assert self._progress is not None
        self._progress(SamplingProgress(lower, None, seconds, confidence=confidence, estimate=about, done=done))

    def _stats(self) -> dict[str, Any]:
        stats = {"time_limit": self._time_limit, **self._probing.statistics()}
        if not self._probing.finished:
            stats["stopped"] = self._reason or "left early"
            stats["interrupted"] = self._limits.interrupted
        return stats

    def lower_bound(self) -> LowerBound:
        value, proven = self._probing.lower(self._confidence)
        stats = self._stats()
        if value == 1 and "stopped" in stats:
            stats["trivial"] = f"too little was done for more than the trivial bound: {stats['stopped']}"
        return LowerBound(
            value=value,
            status=Status.BRACKET if proven else Status.PROBABLE,
            confidence=None if proven else self._confidence,
            method="tree",
            definition=self._definition,
            seconds=self._limits.seconds,
            seed=self._seed,
            stats=stats,
            network=self._network,
            domain=self._domain,
        )

    def estimate(self) -> Estimate:
        summary = self._probing.summary(self._confidence)
        exact = self._probing.complete is not None
        return Estimate(
            value=summary.value,
            standard_error=summary.standard_error,
            interval=summary.interval,
            effective_sample_size=summary.effective,
            probes=summary.probes,
            status=Status.EXACT if exact else Status.ESTIMATE,
            confidence=self._confidence,
            lower_bound=self.lower_bound(),
            method="tree",
            definition=self._definition,
            seconds=self._limits.seconds,
            seed=self._seed,
            stats=self._stats(),
            network=self._network,
            domain=self._domain,
        )


def _points_bound(
    network: Network,
    domain: Domain,
    definition: Definition | str,
    points: int | None,
    confidence: float,
    seed: int | np.random.Generator,
    time_limit: float | None,
    progress: ProgressCallback | None,
) -> LowerBound:
    from polyregions.sampling.points import BATCH, PointSampler

    check_kinds(network, domain)
    _check_confidence(confidence)
    wanted = _POINTS if points is None else points
    if not is_number(wanted, Integral, 1):
        raise ArgumentError(f"the number of points must be a whole number of at least 1, not {points!r}")
    definition, seed = Definition.of_patterns(definition), _seed(seed)
    limits = Limits(time_limit=time_limit)
    curve: list[list[int]] = []
    reason = None
    with limits:
        sampler = PointSampler(_restriction(network, domain), seed)

        def report() -> None:
            done = f"{sampler.drawn:,} of {wanted:,} points"
            if progress is not None:
                progress(SamplingProgress(sampler.found, None, limits.seconds, done=done))

        reports = _reports(report if progress is not None else None, limits)
        due = 1
        while sampler.drawn < wanted and reason is None:
            # The curve has a point at each power of two.
            sampler.sample(min(BATCH, wanted - sampler.drawn, due - sampler.drawn))
            if sampler.drawn in (due, wanted):
                curve.append([sampler.drawn, sampler.found])
                due *= 2
            reports()
            reason = limits.reached(sampler.found)
    stats: dict[str, Any] = {
        "time_limit": time_limit,
        "points_planned": int(wanted),
        "points_drawn": sampler.drawn,
        "points_certain": sampler.certain,
        "curve": curve,
    }
    if sampler.drawn < wanted:
        stats |= {"stopped": reason, "interrupted": limits.interrupted}
    return LowerBound(
        value=sampler.found,
        status=Status.BRACKET,
        confidence=None,
        method="points",
        definition=definition,
        seconds=limits.seconds,
        seed=seed,
        stats=stats,
        network=network,
        domain=domain,
    )


def _reports(report: Callable[[], None] | None, limits: Limits) -> Callable[[], None]:
    """Calls ``report`` not too often."""
    due = [_INTERVAL]

    def call() -> None:
        if report is not None and limits.seconds >= due[0]:
            report()
            due[0] = limits.seconds + _INTERVAL

    return call


def _check_network(network: Network, domain: Domain) -> None:
    check_kinds(network, domain)
    check_unmerged(network, "estimates and lower bounds by 'tree' and 'xor' sample")


def _restriction(network: Network, domain: Domain) -> "Restriction":
    from polyregions.exact.restriction import Restriction

    return Restriction(network, domain)


def _check_confidence(confidence: Any) -> None:
    if not isinstance(confidence, Real) or not 0 < float(confidence) < 1:
        raise ArgumentError(f"the confidence must lie between 0 and 1, both excluded, such as 0.95; not {confidence!r}")


def _seed(seed: Any) -> int:
    """The seed as a number that repeats the run."""
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**63))
    if not is_number(seed, Integral, 0):
        raise ArgumentError(f"the seed must be a whole number of at least 0 or a numpy Generator, not {seed!r}")
    return int(seed)

"""A lower bound of the number of regions from random parity constraints on their activation patterns.

MIPBound of Serra & Ramalingam (2020): constraints "an odd (even) number of these k units is active" halve any set of
patterns on average. If in many independent trials the set usually survives s of them, it is likely to have 2^(s-1)
elements or more. Every survival is certified, so that the random draws are all that is uncertain. Proof, treatment of
time limits, and what was measured: docs/lower_bounds.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.enumeration import check_kinds
from polyregions.errors import ArgumentError
from polyregions.limits import Limits, is_number
from polyregions.network import Network
from polyregions.result import ProgressCallback, Status
from polyregions.sampling.feasible_shares import (
    binomial_confidence,
    chernoff_confidence,
    clopper_pearson_bound,
    feasible_counts,
    largest_power,
    published_trials,
)
from polyregions.sampling.parity_trial import Trial, run_trial
from polyregions.sampling.result import LowerBound

if TYPE_CHECKING:
    from polyregions.milp.big_m import UnitBounds
    from polyregions.sampling.parity_oracles import SurvivorSearch

__all__ = ["INFERENCES", "xor_bound"]

_TAILS: dict[str, Callable[[int, int], Any]] = {"binomial": binomial_confidence, "chernoff": chernoff_confidence}
INFERENCES = ("binomial", "chernoff", "clopper-pearson")

#: Least seconds between two calls of a progress callback.
_PROGRESS_INTERVAL = 0.2


def xor_bound(
    network: Network,
    domain: Domain,
    *,
    definition: Definition | str = Definition.PATTERNS,
    confidence: float = 0.95,
    xor_size: int = 3,
    trials: int | None = None,
    inference: str = "binomial",
    oracle: str = "split",
    solver: str = "highs",
    bounds: str = "lp",
    seed: int | np.random.Generator = 0,
    time_limit: float | None = None,
    progress: ProgressCallback | None = None,
    catch_signals: bool = True,
) -> LowerBound:
    """A lower bound of the number of patterns or regions that holds with a stated confidence.

    Parameters
    ----------
    network : Network
    domain : Domain
    definition : {"patterns", "regions"}, optional
        What is bounded. The published method bounds patterns; with "regions" each survivor is certified to have full
        dimension.
    confidence : float, optional
        Between 0 and 1.
    xor_size : int, optional
        Units in a constraint. The guarantee is the same for every size; larger ones give better bounds, in more time
        where the oracle is a MILP solver.
    trials : int, optional
        Independent trials, all planned in advance. By default as published: if all are feasible, Chernoff's failure is
        a tenth of the one allowed, 28 trials for 95%.
    inference : {"binomial", "chernoff", "clopper-pearson"}, optional
        Which of the three bounds below ``value`` is; to be chosen beforehand. With many trials the last is the best.
    oracle : {"split", "milp"}, optional
        What looks for survivors: the splitting tree pruned by the constraints, or the mixed-integer program.
    solver : str, optional
        Of the "milp" oracle, as for :func:`polyregions.count`.
    bounds : {"interval", "lp", "milp"}, optional
        How the stable units are found, which no constraint is wasted on, and the program's constants.
    seed : int or numpy.random.Generator, optional
        Trial i draws from a stream of its own, the i-th child of the seed. From a Generator a seed is drawn, which the
        result names.
    time_limit : float, optional
        Seconds, shared evenly among the trials that are left. A trial that is cut short counts with the constraints
        that were survived by then, one that is not run with none: the guarantee stays, the bound gets smaller.
    progress : callable, optional
        Called with a :class:`polyregions.result.Progress` whose ``lower`` is the bound so far.
    catch_signals : bool, optional
        Ctrl-C and SIGTERM end the run with the trials there are; False lets them act as usual.

    Returns
    -------
    LowerBound
        ``value`` is 2^j for the largest j that the exact binomial tail gives ``confidence``, or the number of different
        patterns found where that is no smaller, which is proven. ``stats`` has for each j what both tails give
        (``binomial``, ``chernoff``: P_0, P_1, ...), the bounds by them (``bound_binomial``, ``bound_chernoff``) and by
        Clopper-Pearson intervals (``bound_clopper_pearson``), each of which holds with the confidence by itself;
        ``feasible`` (f[s], the trials that survived s constraints), and how to repeat the run.

    Raises
    ------
    ArgumentError
        For a confidence outside (0, 1), fewer than one trial, constraints on no unit, an unknown oracle, inference or
        kind of bounds.
    UnknownSolverError, SolverNotAvailableError
    EncodingError
        If no float bounds a pre-activation.

    Notes
    -----
    A trial with the "split" oracle is one search of the splitting tree. With N unstable units and |S| patterns about
    2^(N - log2 |S|) prefixes are left to look at when the set dies out: the larger the set, the cheaper.

    References
    ----------
    Serra & Ramalingam, "Empirical bounds on linear regions of deep rectifier networks", AAAI 2020, Algorithm 1.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([np.eye(12), np.ones((1, 12))], [np.zeros(12), np.zeros(1)])  # the 4096 orthants
    >>> bound = xor_bound(net, Box(-1, 1), xor_size=4, seed=1)
    >>> bound.value, bound.status.value, bound.confidence, bound.stats["bound_chernoff"]
    (512, 'probable', 0.95, 64)
    """
    check_kinds(network, domain)
    plan = _Plan.of(
        Definition.of_patterns(definition), confidence, xor_size, trials, inference, oracle, solver, bounds, seed
    )  # fmt: skip
    run = _Run(network, domain, plan, Limits(time_limit=time_limit, catch_signals=catch_signals), progress)
    return run.bound()


@dataclass(frozen=True)
class _Plan:
    """All that was decided before the first draw."""

    definition: Definition
    confidence: Fraction
    xor_size: int
    trials: int
    inference: str
    oracle: str
    solver: str
    bounds: str
    seed: int

    @classmethod
    def of(
        cls,
        definition: Definition,
        confidence: float,
        xor_size: int,
        trials: int | None,
        inference: str,
        oracle: str,
        solver: str,
        bounds: str,
        seed: int | np.random.Generator,
    ) -> "_Plan":
        from polyregions.milp.tightening import check_method
        from polyregions.sampling.parity_oracles import ORACLES
        from solvers import milp_solver

        if not is_number(confidence, Real, 0) or not 0 < confidence < 1:
            raise ArgumentError(f"the confidence must be between 0 and 1, such as 0.95, not {confidence!r}")
        if not is_number(xor_size, Integral, 1):
            raise ArgumentError(f"a parity constraint is on 1 unit or more (xor_size), not on {xor_size!r}")
        if trials is not None and not is_number(trials, Integral, 1):
            raise ArgumentError(f"the number of trials must be at least 1, not {trials!r}")
        if inference not in INFERENCES:
            raise ArgumentError(f"no inference called {inference!r}; there are {', '.join(map(repr, INFERENCES))}")
        if oracle not in ORACLES:
            raise ArgumentError(f"no oracle called {oracle!r}; there are {', '.join(map(repr, ORACLES))}")
        milp_solver(solver)  # raises if there is none of that name
        check_method(bounds)
        if isinstance(seed, np.random.Generator):
            seed = int(seed.integers(2**63))
        elif not is_number(seed, Integral, 0):
            raise ArgumentError(f"the seed must be a whole number of at least 0 or a numpy Generator, not {seed!r}")
        exact = Fraction(confidence)
        number = published_trials(exact) if trials is None else int(trials)
        return cls(definition, exact, int(xor_size), number, inference, oracle, solver, bounds, int(seed))


class _Run:
    """The trials of a plan, under limits."""

    def __init__(
        self, network: Network, domain: Domain, plan: _Plan, limits: Limits, progress: ProgressCallback | None
    ) -> None:
        from polyregions.exact.restriction import Restriction

        self._network = network
        self._domain = domain
        self._plan = plan
        self._limits = limits
        self._progress = progress
        self._next_report = _PROGRESS_INTERVAL
        self._restriction: Restriction = Restriction(network, domain)
        self._unstable: list[int] = []
        self._trials: list[Trial] = []
        self._patterns: set[bytes] = set()
        self._stopped: str | None = None

    def bound(self) -> LowerBound:
        with self._limits:
            bounds = self._unit_bounds()
            self._unstable = _unstable(bounds)
            reason = self._trivial()
            if reason is None:
                self._run_trials(bounds)
                reason = self._no_better()
        return self._result(reason)

    def _stop(self) -> bool:
        self._stopped = self._stopped or self._limits.reached(0)
        return self._stopped is not None

    def _unit_bounds(self) -> "UnitBounds":
        from polyregions.exact.filter import FloatBox
        from polyregions.milp.tightening import tightened_bounds

        method = self._plan.bounds if self._restriction.dimension else "interval"
        return tightened_bounds(self._restriction, FloatBox.of(self._restriction), method=method, expired=self._stop)

    def _trivial(self) -> str | None:
        """Why the bound is 1 without a trial, if it is."""
        unstable, size = len(self._unstable), self._plan.xor_size
        if not unstable:
            return "no unit can change its state on the domain: there is exactly 1"
        if size > unstable:
            return f"no parity constraint on {size} units: at most {unstable} can change their state on the domain"
        return None

    def _run_trials(self, bounds: "UnitBounds") -> None:
        streams = np.random.SeedSequence(self._plan.seed).spawn(self._plan.trials)
        for index, stream in enumerate(streams):
            if self._stop():
                return
            left = self._limits.remaining
            share = None if left is None else left / (self._plan.trials - index)
            trial = self._trial(np.random.default_rng(stream), bounds, share)
            self._trials.append(trial)
            self._patterns |= trial.patterns
            self._report()

    def _trial(self, rng: np.random.Generator, bounds: "UnitBounds", share: float | None) -> Trial:
        from polyregions.milp.parity import random_parity
        from polyregions.sampling.parity_oracles import MilpSearch, SplittingSearch

        plan, limits = self._plan, Limits(time_limit=share, catch_signals=False)
        search: SurvivorSearch
        if plan.oracle == "split":
            search = SplittingSearch(self._restriction, plan.definition)
        else:
            search = MilpSearch(self._restriction, plan.definition, solver=plan.solver, bounds=bounds, limits=limits)
        with limits:
            return run_trial(
                search,
                lambda: random_parity(self._unstable, plan.xor_size, 1, rng)[0],
                # There are 2^N patterns at most, which is what surviving N + 1 constraints says.
                len(self._unstable) + 1,
                lambda: self._stop() or limits.reached(0) is not None,
            )

    def _report(self) -> None:
        if self._progress is None or self._limits.seconds < self._next_report:
            return
        from polyregions.estimating import SamplingProgress

        value = self._value()
        confidence = None if self._proven(value) else float(self._plan.confidence)
        done = f"{len(self._trials)} of {self._plan.trials} trials"
        self._progress(SamplingProgress(value, None, self._limits.seconds, confidence=confidence, done=done))
        self._next_report = self._limits.seconds + _PROGRESS_INTERVAL

    # -- what follows ------------------------------------------------------------------------------------

    @property
    def _feasible(self) -> list[int]:
        """f[0], ..., f[N + 1]; trials that were not run, or not finished, count as infeasible where none was shown."""
        return feasible_counts([trial.shown for trial in self._trials], len(self._unstable) + 2)

    def _value(self) -> int:
        return max(1, len(self._patterns), self._inferred(self._plan.inference))

    def _proven(self, value: int) -> bool:
        """Whether so many patterns were found, or one, which there always is."""
        return value <= max(1, len(self._patterns))

    def _inferred(self, inference: str) -> int:
        if inference == "clopper-pearson":
            return clopper_pearson_bound(self._feasible, self._plan.trials, self._plan.confidence)
        return 1 << (self._power(_TAILS[inference]) or 0)

    def _power(self, tail: Callable[[int, int], Any]) -> int | None:
        values = [tail(count, self._plan.trials) for count in self._feasible[1:]]
        return largest_power(values, self._plan.confidence)

    def _no_better(self) -> str | None:
        """Why the bound is 1 after all."""
        if self._value() > 1:
            return None
        cut = sum(not trial.complete for trial in self._trials)
        if cut or len(self._trials) < self._plan.trials:
            return "too little time: nothing but one pattern was found"
        return f"too few of the {self._plan.trials} trials survived a constraint, for this confidence"

    def _result(self, reason: str | None) -> LowerBound:
        plan, value = self._plan, self._value()
        proven = self._proven(value)
        return LowerBound(
            value=value,
            status=Status.BRACKET if proven else Status.PROBABLE,
            confidence=None if proven else float(plan.confidence),
            method="xor",
            definition=plan.definition,
            seconds=self._limits.seconds,
            seed=plan.seed,
            stats=self._statistics(reason),
            network=self._network,
            domain=self._domain,
        )

    def _statistics(self, reason: str | None) -> dict[str, Any]:
        plan, feasible = self._plan, self._feasible
        stats: dict[str, Any] = {
            "confidence": float(plan.confidence),
            "xor_size": plan.xor_size,
            "trials": plan.trials,
            "inference": plan.inference,
            "trials_complete": sum(trial.complete for trial in self._trials),
            "trials_cut_short": sum(not trial.complete for trial in self._trials),
            "oracle": plan.oracle,
            "solver": plan.solver if plan.oracle == "milp" else None,
            "bounds": plan.bounds,
            "units": sum(self._restriction.widths),
            "unstable_units": len(self._unstable),
            "patterns_found": len(self._patterns),
            "survived": [trial.shown - 1 for trial in self._trials],
            "feasible": feasible,
        }
        for name, tail in _TAILS.items():
            stats[name] = [float(tail(count, plan.trials)) for count in feasible[1:]]
        for name in INFERENCES:
            stats[f"bound_{name}".replace("-", "_")] = self._inferred(name)
        if reason is not None:
            stats["reason"] = reason
        if self._stopped is not None:
            stats["stopped"] = self._stopped
            stats["interrupted"] = self._limits.interrupted
        return stats


def _unstable(bounds: "UnitBounds") -> list[int]:
    """Numbers of the units, in the network's order, that are not proven to have one state on the whole domain."""
    stable = [
        bool(state)
        for layers in zip(bounds.stably_active, bounds.stably_inactive, strict=True)
        for state in layers[0] | layers[1]
    ]
    return [unit for unit, state in enumerate(stable) if not state]

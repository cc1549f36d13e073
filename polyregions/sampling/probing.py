"""Many independent probes under limits, by several threads, and what they show together."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Any

import numpy as np

from polyregions.definition import Definition
from polyregions.errors import ArgumentError
from polyregions.exact.restriction import Restriction
from polyregions.sampling.betting import betting_bound
from polyregions.sampling.descent import Descent, Stopped
from polyregions.sampling.moving_guide import guide_of, is_to_move
from polyregions.sampling.probe import Probe, RandomChoice, probe
from polyregions.sampling.result import number

__all__ = ["CELLS", "MOVING_CELLS", "Probing", "Summary"]

#: Cells of a probe where no time limit asks for fewer; and where they move, which takes longer, and needs fewer.
CELLS, MOVING_CELLS = 100, 24
#: Seconds between two questions whether to stop.
_POLL = 0.02
#: Share of the time limit that all probes should take, as far as pilots tell.
_SHARE = 0.7
#: A pilot probe has so many times the cells of the one before, if so many probably fit.
_PILOT_GROWTH = 4
#: From one pilot to the next seconds are taken to grow with this power of the cells, at most.
_PILOT_POWER = 1.5
_BOOTSTRAP = 2000
#: Seconds that threads have to stop. An exact decision about a cell of many rows can take minutes and can't be stopped:
#: its thread is left behind, and ends with that decision.
_GRACE = 5.0


@dataclass(frozen=True)
class Summary:
    """What probes show of their common mean.

    ``value``, ``standard_error`` and ``interval``: of the mean. ``effective``: sample size. ``probes``: averaged.
    """

    value: float | int
    standard_error: float | int
    interval: tuple[float | int, float | int]
    effective: float
    probes: int


class Probing:
    """A plan of independent probes, each with a random stream of its own, and what became of it.

    Probe i depends on the seed, on i and on the number of cells, and not on the number of workers or on timing.

    Parameters
    ----------
    restriction : Restriction
    definition : Definition
    probes : int
        How many are planned.
    cells : int, optional
        Of each probe. None: 100, or 24 that move, or with a time limit as many as probably let all probes end in time.
    seed : int
    workers : int
    time_limit : float, optional
        Only to choose the number of cells by; ``stop`` of :meth:`explore` keeps it.
    """

    def __init__(
        self,
        restriction: Restriction,
        definition: Definition,
        *,
        probes: int,
        cells: int | None,
        seed: int,
        workers: int,
        time_limit: float | None,
    ) -> None:
        self._restriction, self._definition = restriction, definition
        self.probes, self.cells, self.workers = probes, cells, workers
        self._time_limit = time_limit
        pilot, bootstrap, *streams = np.random.SeedSequence(seed).spawn(probes + 2)
        self._pilot, self._bootstrap, self._streams = pilot, bootstrap, streams
        self._found: dict[int, Probe] = {}
        self._started = 0
        self._stop, self._lock = Event(), Lock()
        self._error: BaseException | None = None
        self._left_behind = 0
        self._guide: str | None = None
        self._statistics: dict[int, dict[str, Any]] = {}

    @property
    def finished(self) -> bool:
        """Whether all probes are done, or one found all regions."""
        return len(self._found) == self.probes or self.complete is not None

    @property
    def complete(self) -> int | None:
        """The number of regions, if a probe found them all."""
        return next((found.regions for found in self._found.values() if found.complete), None)

    @property
    def regions(self) -> int:
        """The most regions that a probe came down to: that many there are, proven."""
        return max((found.regions for found in self._found.values()), default=0)

    def explore(self, stop: Callable[[], bool]) -> None:
        """Take probes until all are done or ``stop``, asked by the calling thread, says so."""
        threads: list[Thread] = []
        try:
            for worker in range(min(self.workers, self.probes)):
                thread = Thread(target=self._work, args=(worker,), daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:
                    raise ArgumentError(f"{self.workers} workers are too many for this machine: {error}") from error
                threads.append(thread)
            while any(thread.is_alive() for thread in threads) and not stop():
                for thread in threads:
                    thread.join(_POLL / len(threads))
        finally:
            self._stop.set()
            end = time.monotonic() + _GRACE
            for thread in threads:
                thread.join(max(0.0, end - time.monotonic()))
            self._left_behind = sum(thread.is_alive() for thread in threads)
        if self._error is not None:
            raise self._error

    def _work(self, worker: int) -> None:
        try:
            cells = self._choose_cells()
            descent = Descent(self._restriction, self._definition, cells=cells)
            guide = guide_of(descent)
            self._guide = guide.name
            while (index := self._next()) is not None:
                choice = RandomChoice(np.random.default_rng(self._streams[index]))
                found = probe(descent, guide, choice, cells=cells, stop=self._stop.is_set)
                with self._lock:
                    self._found[index] = found
                    self._statistics[worker] = descent.statistics()
                if found.complete:
                    # Every other probe would find the same.
                    self._stop.set()
        except Stopped:
            pass
        except BaseException as error:
            with self._lock:
                self._error = self._error or error
            self._stop.set()

    def _next(self) -> int | None:
        with self._lock:
            if self._stop.is_set() or self._started == self.probes:
                return None
            self._started += 1
            return self._started - 1

    def _choose_cells(self) -> int:
        """The number of cells; the first thread that asks decides."""
        with self._lock:
            if self.cells is None:
                limit = self._time_limit
                self.cells = self._default_cells() if limit is None else self._fitting_cells(limit)
            return self.cells

    def _default_cells(self) -> int:
        return MOVING_CELLS if is_to_move(Descent(self._restriction, self._definition, cells=1)) else CELLS

    def _fitting_cells(self, time_limit: float) -> int:
        """As many cells as let all probes end in time, by probes of 1, 4, 16, ... cells that are not used.

        The time per cell is not that of a probe of one cell: a single cell soon comes to where nothing cuts it, while
        of many those go on that much cuts.
        """
        start = time.perf_counter()
        pilots = iter(self._pilot.spawn(2 + CELLS.bit_length()))
        self._pilot_seconds(1, next(pilots))  # compiles
        cells = 1
        while True:
            seconds = self._pilot_seconds(cells, next(pilots))
            left = (time_limit - (time.perf_counter() - start)) * _SHARE * min(self.workers, self.probes)
            more = max(0.0, left / (seconds * self.probes)) ** (1 / _PILOT_POWER)
            fitting = max(1, int(min(CELLS, cells * more)))
            if fitting < _PILOT_GROWTH * cells:
                return fitting
            cells *= _PILOT_GROWTH

    def _pilot_seconds(self, cells: int, stream: np.random.SeedSequence) -> float:
        descent = Descent(self._restriction, self._definition, cells=cells)
        begin = time.perf_counter()
        probe(
            descent, guide_of(descent), RandomChoice(np.random.default_rng(stream)), cells=cells, stop=self._stop.is_set
        )
        return time.perf_counter() - begin

    # -- what is known -----------------------------------------------------------------------------------

    def logarithms(self) -> list[float]:
        """To base 2, of all probes that were begun; minus infinity for those that were not done."""
        with self._lock:
            found = [self._found.get(index) for index in range(self._started)]
        return [-math.inf if one is None else math.log2(one.mantissa) + one.exponent for one in found]

    def lower(self, confidence: float) -> tuple[int, bool]:
        """A lower bound of the number of regions, and whether it is proven rather than probable."""
        if self.complete is not None:
            return self.complete, True
        logarithm = betting_bound(self.logarithms(), confidence)
        probable = 0
        if logarithm > -math.inf:
            whole = math.floor(logarithm)
            # The number of regions is above the bound, and whole.
            probable = int(number(2.0 ** (logarithm - whole), whole)) + 1
        # The domain is not empty.
        proven = max(1, self.regions)
        return (proven, True) if proven >= probable else (probable, False)

    def summary(self, confidence: float) -> Summary:
        """The mean of the probes, up to the first that was not done."""
        if self.complete is not None:
            return Summary(self.complete, 0, (self.complete, self.complete), float(len(self._found)), len(self._found))
        logarithms = self.logarithms()
        done = logarithms.index(-math.inf) if -math.inf in logarithms else len(logarithms)
        if not done:
            return Summary(math.nan, math.nan, (math.nan, math.nan), 0.0, 0)
        values = np.array(logarithms[:done])
        shift = math.floor(values.max())
        values = np.exp2(values - shift)
        random = np.random.default_rng(self._bootstrap)
        means = values[random.integers(0, done, (_BOOTSTRAP, done))].mean(axis=1)
        low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
        error = number(float(values.std(ddof=1)) / math.sqrt(done), shift) if done > 1 else math.nan
        return Summary(
            number(float(values.mean()), shift),
            error,
            (number(low, shift), number(high, shift)),
            float(values.sum() ** 2 / (values**2).sum()),
            done,
        )

    def statistics(self) -> dict[str, Any]:
        """What was done, by name, with all that is needed to repeat it."""
        total: dict[str, Any] = {}
        for one in self._statistics.values():
            for name, value in one.items():
                total[name] = total.get(name, 0) + value
        plan = {"probes_planned": self.probes, "probes_begun": self._started, "probes_done": len(self._found)}
        left = {"threads_left_behind": self._left_behind} if self._left_behind else {}
        return {**plan, "cells": self.cells, "guide": self._guide, "workers": self.workers, **left, **total}

"""Every solver on every instance, one at a time, under the same limits; results as they come."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from polyregions.bench.approaches import COLD, OURS, approach
from polyregions.bench.index import Index, Instance
from polyregions.bench.judge import Outcome, Part, Verdict, failed, judge, late
from polyregions.bench.process import Stopped, Worker, WorkerDied, WorkerHung
from polyregions.errors import ArgumentError

__all__ = ["Contestant", "Result", "Settings", "contestants", "run_benchmark"]

#: Seconds that a solver may take beyond its limit before its process is ended: model building, reading of results.
_GRACE = 5.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits, the same for all.

    Parameters
    ----------
    time_limit : float
        Seconds for each instance; a sequence of linear programs is one.
    program_limit : float
        Seconds for each linear program.
    """

    time_limit: float
    program_limit: float = 1.0

    def limit(self, kind: str) -> float:
        """Seconds for one problem of a kind."""
        return self.program_limit if kind == "lp" else self.time_limit


@dataclass(frozen=True)
class Contestant:
    """A solver, and how it does each kind of instance; kinds that it can't do are left out.

    Attributes
    ----------
    name : str
    version : str or None
    how : dict of kind to str
    """

    name: str
    version: str | None
    how: dict[str, str]


@dataclass(frozen=True)
class Result:
    """One solver on one instance.

    Attributes
    ----------
    answer : dict
        What the solver said, without lists.
    """

    instance: str
    sha256: str
    kind: str
    solver: str
    version: str | None
    parts: tuple[Part, ...]
    note: str
    answer: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As a line of the file of results."""
        return {
            "instance": self.instance,
            "sha256": self.sha256,
            "kind": self.kind,
            "solver": self.solver,
            "version": self.version,
            "parts": [[part.outcome.value, part.seconds] for part in self.parts],
            "note": self.note,
            "answer": self.answer,
        }


def contestants(names: Sequence[str] | None = None) -> list[Contestant]:
    """The solvers of these names; default: all that are installed, HiGHS once more without warm starts, and ours.

    Raises
    ------
    UnknownSolverError, SolverNotAvailableError
        A licence is not checked here: a solver without one fails on all instances.
    """
    from importlib.metadata import version

    from solvers import available

    versions = {info.name: info.version for info in available()}
    versions[COLD], versions[OURS] = versions["highs"], version("polyregions")
    if names is None:
        installed = [info.name for info in available(installed_only=True) if info.name != "pulp-highs"]
        names = [name for name in (*installed, COLD, OURS) if name != COLD or "highs" in installed]
    twice = {name for name in names if names.count(name) > 1}
    if twice or not names:
        raise ArgumentError(f"name each solver once: {', '.join(sorted(twice))}" if twice else "name a solver")
    return [Contestant(name, versions.get(name), dict(approach(name).how)) for name in names]


def run_benchmark(
    index: Index,
    solvers: Sequence[Contestant],
    settings: Settings,
    *,
    kinds: Sequence[str] | None = None,
    stop: Callable[[], bool] = lambda: False,
    worker: Callable[[str], Worker] = Worker,
) -> Iterator[Result]:
    """Run the solvers and yield a result for each pair, instance by instance.

    A solver that crashes, hangs or can't start fails, or is out of time, on that instance alone; one that can't start
    is not tried again.

    Parameters
    ----------
    kinds : sequence of str, optional
        Which kinds of instances; default: all.
    stop : callable
        Asked several times a second; True ends the iteration, and whatever runs.
    worker : callable
        Makes the process of a solver.
    """
    workers = {solver.name: worker(solver.name) for solver in solvers}
    unusable: dict[str, str] = {}
    try:
        for instance in index.instances:
            for solver in solvers:
                if instance.kind not in solver.how or (kinds is not None and instance.kind not in kinds):
                    continue
                process = workers[solver.name]
                if solver.name not in unusable:
                    try:
                        process.start(stop)
                    except (WorkerDied, WorkerHung) as error:
                        unusable[solver.name] = f"does not start: {error}"
                if solver.name in unusable:
                    yield _result(instance, solver, failed(instance, unusable[solver.name]), {}, settings)
                else:
                    yield _result(instance, solver, *_ask(process, instance, settings, stop), settings)
    except Stopped:
        return
    finally:
        for process in workers.values():
            process.close()


def _ask(
    process: Worker, instance: Instance, settings: Settings, stop: Callable[[], bool]
) -> tuple[Verdict, dict[str, Any]]:
    entry = instance.entry
    task = {
        "kind": instance.kind,
        "file": str(instance.file.resolve()),
        "weights": str((instance.file.parent / entry["weights"]).resolve()),
        "binaries": entry.get("binaries", []),
        "parity": entry.get("parity", []),
        "time_limit": settings.time_limit,
        "program_limit": settings.program_limit,
    }
    start = time.monotonic()
    try:
        answer = process.ask(task, seconds=settings.time_limit + _GRACE + settings.program_limit, stop=stop)
    except WorkerHung:
        return late(instance, f"ended from outside after {time.monotonic() - start:.0f} s"), {}
    except WorkerDied as error:
        return failed(instance, str(error)), {}
    try:
        return judge(instance, answer), answer
    except (KeyError, TypeError, ValueError) as error:
        return failed(instance, f"its answer can't be read: {error!r}"), {}


def _result(
    instance: Instance, solver: Contestant, verdict: Verdict, answer: dict[str, Any], settings: Settings
) -> Result:
    limit = settings.limit(instance.kind)
    return Result(
        instance.name,
        instance.sha256,
        instance.kind,
        solver.name,
        solver.version,
        tuple(_in_time(part, limit) for part in verdict.parts),
        verdict.note,
        {key: value for key, value in answer.items() if not isinstance(value, list)},
    )


def _in_time(part: Part, limit: float) -> Part:
    """An answer that came clearly after the limit is none in time; a wrong one stays wrong."""
    is_late = part.seconds is not None and part.seconds > 1.1 * limit + 0.1
    return Part(Outcome.TIMEOUT, part.seconds) if part.outcome is Outcome.SOLVED and is_late else part

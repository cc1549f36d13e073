"""Compare LP and MILP solvers on region-counting problems whose answers are certified.

Sequences of linear programs recorded from the splitting counter, the mixed-integer program of all patterns, largest
pre-activations, and random parity constraints. All solvers run on one thread, under the same limits, each in a process
of its own. docs/bench.md says what is measured and how.
"""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from polyregions.commands import CommandError, ExitStatus, options, output
from polyregions.limits import Limits

if TYPE_CHECKING:
    from polyregions.bench.index import Index
    from polyregions.bench.report import Summary
    from polyregions.bench.run import Contestant, Result, Settings

HELP = "compare LP and MILP solvers on region-counting problems"

#: As in :data:`polyregions.bench.recipes.KINDS`, which needs NumPy.
KINDS = ("lp", "count", "bound", "parity")
#: Seconds for each instance, by set.
_TIME_LIMITS = {"quick": 5.0, "full": 60.0}
#: Seconds for all of the quick set.
_QUICK_TOTAL = 150.0


def configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--quick", action="store_true", help="a small set that takes about a minute; default: about an hour"
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--export", metavar="DIR", help="only write the instances, as MPS files with an index")
    source.add_argument("--instances", metavar="DIR", help="run on instances that --export wrote")
    parser.add_argument(
        "--output",
        metavar="DIR",
        default="polyregions-bench",
        help="where results go, line by line as they come, and tables and profiles in the end (default: %(default)s)",
    )
    parser.add_argument(
        "--solvers", type=_names, metavar="A,B", help="which; default: all that are installed (`polyregions solvers`)"
    )
    parser.add_argument(
        "--kinds", type=_kinds, metavar="A,B", help=f"which kinds of instances, of {', '.join(KINDS)}; default: all"
    )
    parser.add_argument(
        "--time-limit", type=options.seconds, metavar="S", help="seconds for each instance (default: 60; --quick: 5)"
    )
    parser.add_argument(
        "--total-time-limit",
        type=options.seconds,
        metavar="S",
        help=f"stop after S seconds with what there is (default: none; --quick: {_QUICK_TOTAL:g})",
    )
    parser.add_argument("--seed", type=options.natural, default=0, metavar="N", help="of the networks (default: 0)")
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.bench.run import Settings, contestants, run_benchmark

    start = time.monotonic()
    if arguments.export is not None:
        return _export(arguments, out)
    solvers = contestants(arguments.solvers)
    folder = Path(arguments.output)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        index = _instances(arguments, folder)
    limit = _TIME_LIMITS.get(index.set_name, _TIME_LIMITS["full"])
    settings = Settings(time_limit=limit if arguments.time_limit is None else arguments.time_limit)
    total = arguments.total_time_limit
    if total is None and index.set_name == "quick":
        total = _QUICK_TOTAL
    limits = Limits(time_limit=total)
    results: list[Result] = []
    path = folder / "results.jsonl"
    with _writing(path), path.open("a", encoding="utf-8") as file, limits:
        _append(file, _head(index, settings))
        stop = _Stop(limits)
        for result in run_benchmark(index, solvers, settings, kinds=arguments.kinds, stop=stop):
            results.append(result)
            _append(file, result.to_json())
            output.remark(arguments, _line(result))
    return _report(arguments, out, index, solvers, settings, results, stop.reason, start)


class _Stop:
    """Asks limits whether to stop, and remembers why."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.reason: str | None = None

    def __call__(self) -> bool:
        self.reason = self._limits.reached(0)
        return self.reason is not None


def _export(arguments: Namespace, out: TextIO) -> ExitStatus:
    with _writing(Path(arguments.export)):
        index = _build(arguments, Path(arguments.export))
    if arguments.json:
        entries = [{"name": i.name, "kind": i.kind, "file": str(i.file), "truth": i.truth} for i in index.instances]
        output.write_json(out, {"folder": arguments.export, "set": index.set_name, "instances": entries})
        return ExitStatus.OK
    output.write(out, f"{arguments.export}: {len(index.instances)} instances, index.json has their certified answers")
    return ExitStatus.OK


def _instances(arguments: Namespace, folder: Path) -> "Index":
    from polyregions.bench.index import read_index

    if arguments.instances is not None:
        if arguments.quick:
            raise CommandError("argument --quick: not with --instances, which are a set already")
        return read_index(arguments.instances)
    return _build(arguments, folder / "instances")


def _build(arguments: Namespace, folder: Path) -> "Index":
    from polyregions.bench.index import build
    from polyregions.bench.recipes import SETS

    name = "quick" if arguments.quick else "full"
    recipes = [recipe for recipe in SETS[name] if arguments.kinds is None or recipe.kind in arguments.kinds]
    return build(
        folder,
        recipes,
        seed=arguments.seed,
        set_name=name,
        progress=lambda text: output.remark(arguments, f"making {text}"),
    )


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"{error.filename or path}: {error.strerror or error}") from None


def _append(file: TextIO, value: dict[str, Any]) -> None:
    file.write(json.dumps(value) + "\n")
    file.flush()


def _head(index: "Index", settings: "Settings") -> dict[str, Any]:
    """The line before the results of a run."""
    from polyregions.result import versions

    return {
        "run": datetime.now(UTC).isoformat(timespec="seconds"),
        "set": index.set_name,
        "seed": index.seed,
        **asdict(settings),
        "threads": 1,
        "versions": versions(),
    }


def _line(result: "Result") -> str:
    outcomes = [part.outcome.value for part in result.parts]
    seconds = sum(part.seconds or 0.0 for part in result.parts)
    shown = ", ".join(
        value if len(outcomes) == 1 else f"{outcomes.count(value)} {value}" for value in dict.fromkeys(outcomes)
    )
    note = f" ({result.note})" if result.note else ""
    return f"{result.instance:<26} {result.solver:<12} {shown}, {seconds:.3f} s{note}"


def _report(
    arguments: Namespace,
    out: TextIO,
    index: "Index",
    solvers: "list[Contestant]",
    settings: "Settings",
    results: "list[Result]",
    stopped: str | None,
    start: float,
) -> ExitStatus:
    from polyregions.bench.approaches import OURS
    from polyregions.bench.judge import Outcome
    from polyregions.bench.report import summarise, table_lines

    summary = summarise(results, solvers, settings)
    files = _write_files(arguments, Path(arguments.output), summary)
    wrong, failed = (
        [result for result in results if any(part.outcome is outcome for part in result.parts)]
        for outcome in (Outcome.WRONG, Outcome.FAILED)
    )
    wanted = sum(arguments.kinds is None or instance.kind in arguments.kinds for instance in index.instances)
    if arguments.json:
        from polyregions.result import versions

        value = {
            "set": index.set_name,
            "seed": index.seed,
            "time_limit": settings.time_limit,
            "program_limit": settings.program_limit,
            "threads": 1,
            "instances": wanted,
            "done": summary.instances,
            "stopped": stopped,
            "solvers": [asdict(solver) for solver in solvers],
            "table": [asdict(row) for row in summary.rows],
            "wrong": _remarks(wrong),
            "failed": _remarks(failed),
            "files": files,
            "seconds": round(time.monotonic() - start, 6),
            "versions": versions(),
        }
        output.write_json(out, value)
    else:
        for line in table_lines(summary):
            output.write(out, line)
        for word, some in ("wrong", wrong), ("failed", failed):
            for line in _first_remarks(some):
                output.write(out, f"\n{word}: {line}")
        made = ", ".join(Path(file).name for file in files.values() if file is not None)
        seconds = time.monotonic() - start
        output.write(out, f"\n{summary.instances} of {wanted} instances in {seconds:.0f} s; {arguments.output}: {made}")
    if stopped is not None:
        output.remark(arguments, f"{stopped}: the table is about the instances that every solver has done")
        return ExitStatus.STOPPED_EARLY
    return ExitStatus.CLAIM_FAILED if any(result.solver == OURS for result in wrong) else ExitStatus.OK


def _remarks(results: "list[Result]") -> list[dict[str, str]]:
    return [{"instance": result.instance, "solver": result.solver, "note": result.note} for result in results]


def _first_remarks(results: "list[Result]") -> list[str]:
    """A line for each remark; what a solver says of all instances, such as that it has no licence, once."""
    first: dict[tuple[str, str], Result] = {}
    for result in results:
        first.setdefault((result.solver, result.note), result)
    return [f"{result.solver} on {result.instance}: {result.note}" for result in first.values()]


def _write_files(arguments: Namespace, folder: Path, summary: "Summary") -> dict[str, str | None]:
    from polyregions.bench.plot import can_plot, plot_profiles
    from polyregions.bench.report import write_profiles, write_table

    files = {"results": "results.jsonl", "table": "table.csv", "profiles": "profiles.csv"}
    paths: dict[str, str | None] = {name: str(folder / file) for name, file in files.items()}
    paths["picture"] = None
    with _writing(folder):
        write_table(summary, folder / files["table"])
        write_profiles(summary, folder / files["profiles"])
        if not can_plot():
            output.remark(
                arguments, "no picture of the profiles: that needs matplotlib (pip install 'polyregions[plot]')"
            )
        elif summary.profiles:
            paths["picture"] = str(folder / "profiles.png")
            plot_profiles(summary, folder / "profiles.png")
    return paths


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ArgumentTypeError(f"{text!r} is not a list of names with commas between them")
    return names


def _kinds(text: str) -> list[str]:
    names = _names(text)
    for name in names:
        if name not in KINDS:
            raise ArgumentTypeError(f"no kind called {name!r}; there are {', '.join(KINDS)}")
    return names

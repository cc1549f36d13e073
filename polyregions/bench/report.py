"""What the results of a benchmark come to: a table, performance profiles, and files of both."""

import csv
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from polyregions.bench.judge import Outcome, Part
from polyregions.bench.profiles import Profile, performance_profiles, shifted_geometric_mean
from polyregions.bench.recipes import KINDS
from polyregions.bench.run import Contestant, Result, Settings

__all__ = ["Row", "Summary", "summarise", "table_lines", "write_profiles", "write_table"]

#: Kind to solver to the outcomes of the same problems in the same order.
_Parts: TypeAlias = dict[str, dict[str, list[Part]]]

#: Per kind the unit of time of its means, how many of them make a second, and the shift in it.
_UNITS = {"lp": ("ms", 1e3, 1.0), "count": ("s", 1.0, 10.0), "bound": ("s", 1.0, 10.0), "parity": ("s", 1.0, 10.0)}
TITLES = {
    "lp": "linear programs of the splitting counter",
    "count": "all activation patterns",
    "bound": "largest pre-activation of a unit",
    "parity": "random parity constraints",
}


@dataclass(frozen=True)
class Row:
    """A solver on a kind of instances.

    Attributes
    ----------
    problems, solved, wrong, timeouts, failed : int
        The last four add up to the first.
    mean : float
        Shifted geometric mean of the times, in ``unit``; what is not solved counts as the limit.
    unit : {"ms", "s"}
    shift : float
        In the same unit.
    limit : float
        Seconds.
    """

    kind: str
    solver: str
    how: str
    problems: int
    solved: int
    wrong: int
    timeouts: int
    failed: int
    mean: float
    unit: str
    shift: float
    limit: float


@dataclass(frozen=True)
class Summary:
    """The table, and per kind the profiles of its solvers.

    Attributes
    ----------
    instances : int
        Those that all solvers have done; the others are left out, so that all rows are about the same problems.
    """

    rows: tuple[Row, ...]
    profiles: dict[str, dict[str, Profile]]
    instances: int


def summarise(results: Iterable[Result], solvers: Sequence[Contestant], settings: Settings) -> Summary:
    """Sum up the results of one run."""
    by_instance: dict[str, dict[str, Result]] = {}
    for result in results:
        by_instance.setdefault(result.instance, {})[result.solver] = result
    parts: _Parts = {}
    complete = 0
    for row in by_instance.values():
        kind = next(iter(row.values())).kind
        entrants = [solver.name for solver in solvers if kind in solver.how]
        if not row.keys() >= set(entrants):
            continue
        complete += 1
        for name in entrants:
            parts.setdefault(kind, {}).setdefault(name, []).extend(row[name].parts)
    how = {(kind, solver.name): text for solver in solvers for kind, text in solver.how.items()}
    kinds = [kind for kind in KINDS if kind in parts]
    rows = [
        _row(kind, name, how[kind, name], outcomes, settings)
        for kind in kinds
        for name, outcomes in parts[kind].items()
    ]
    profiles = {
        kind: performance_profiles({name: [_time(p) for p in outcomes] for name, outcomes in parts[kind].items()})
        for kind in kinds
    }
    return Summary(tuple(rows), profiles, complete)


def _time(part: Part) -> float | None:
    return part.seconds if part.outcome is Outcome.SOLVED else None


def _row(kind: str, solver: str, how: str, parts: Sequence[Part], settings: Settings) -> Row:
    unit, factor, shift = _UNITS[kind]
    limit = settings.limit(kind)
    times = [min(limit if (time := _time(part)) is None else time, limit) * factor for part in parts]
    number = {outcome: sum(part.outcome is outcome for part in parts) for outcome in Outcome}
    return Row(
        kind,
        solver,
        how,
        len(parts),
        number[Outcome.SOLVED],
        number[Outcome.WRONG],
        number[Outcome.TIMEOUT],
        number[Outcome.FAILED],
        shifted_geometric_mean(times, shift=shift),
        unit,
        shift,
        limit,
    )


_HEAD = ("solver", "how", "solved", "wrong", "time-outs", "failed", "mean time")


def table_lines(summary: Summary) -> list[str]:
    """The table for people, one block per kind, the fastest first."""
    lines: list[str] = []
    for kind in KINDS:
        rows = sorted((row for row in summary.rows if row.kind == kind), key=lambda row: (-row.solved, row.mean))
        if not rows:
            continue
        first = rows[0]
        lines += [""] if lines else []
        lines.append(
            f"{kind}: {TITLES[kind]}, {first.problems} problems, limit {first.limit:g} s, "
            f"geometric means shifted by {first.shift:g} {first.unit}"
        )
        cells = [_HEAD, *(_cells(row) for row in rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(_HEAD))]
        for row_cells in cells:
            # Words to the left, numbers to the right.
            shown = [
                cell.ljust(width) if i < 2 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row_cells, widths, strict=True))
            ]
            lines.append(f"  {'  '.join(shown)}".rstrip())
    return lines


def _cells(row: Row) -> tuple[str, ...]:
    numbers = (row.solved, row.wrong, row.timeouts, row.failed)
    return (row.solver, row.how, *map(str, numbers), f"{_significant(row.mean)} {row.unit}")


def _significant(value: float) -> str:
    """Three digits.

    Examples
    --------
    >>> _significant(0.012345), _significant(12.345), _significant(float("nan"))
    ('0.0123', '12.3', '-')
    """
    if math.isnan(value):
        return "-"
    digits = max(2 - math.floor(math.log10(abs(value))), 0) if value else 2
    return f"{value:.{min(digits, 6)}f}"


def write_table(summary: Summary, path: str | os.PathLike[str]) -> None:
    """Write the table as CSV, one line per row."""
    names = list(Row.__dataclass_fields__)
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([getattr(row, name) for name in names] for row in summary.rows)


def write_profiles(summary: Summary, path: str | os.PathLike[str]) -> None:
    """Write the profiles as CSV: kind, solver, tau, and the share of problems solved within tau times the best time."""
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["kind", "solver", "tau", "rho"])
        for kind, profiles in summary.profiles.items():
            for solver, steps in profiles.items():
                writer.writerows([kind, solver, tau, rho] for tau, rho in steps)

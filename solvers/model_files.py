"""MPS and LP files from arrays, with names, and with every number as it is.

PuLP writes 12 digits and HiGHS 15; here a float64 is written by `repr`, which reads back as the same number.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import numpy as np

from solvers.arrays import compress_rows
from solvers.milp_model import check_model
from solvers.protocol import MILPModel

__all__ = ["FORMATS", "write_model"]

FORMATS = ("mps", "lp")

#: What every reader takes for a name; LP files take a name that starts like a number, such as e5, for one.
_NAME = re.compile(r"(?![eE]\d)[A-Za-z_][A-Za-z0-9_.]*\Z")
#: Readers of LP files differ in how long a line may be; 255 is the shortest limit.
_LINE = 200


def write_model(
    model: MILPModel,
    path: str | PathLike[str],
    format: str,
    *,
    columns: Sequence[str],
    rows: Sequence[str],
    name: str = "model",
    comments: Sequence[str] = (),
) -> None:
    """Write a model as a free MPS file or an LP file; an existing file is replaced.

    Parameters
    ----------
    model : MILPModel
    format : {"mps", "lp"}
    columns, rows : sequences of str
        Names of the variables and of the rows: letters, digits, "_" and ".", no two equal.
    name : str
        Of the model.
    comments : sequence of str
        One line each, at the head of the file.

    Raises
    ------
    ValueError
        When the arrays do not fit together, there is no variable, a name is missing, used twice or not allowed, or the
        format is unknown.
    OSError
        When the file cannot be written.

    Notes
    -----
    That it maximises an MPS file says both in an OBJSENSE section, as HiGHS and SCIP read it, and in a comment as PuLP
    writes it; CBC by itself reads neither and must be told (``-max``). All bounds are written out, for readers differ
    in the default bounds of integers. A row with two different finite sides is written as two, the one of its lower
    side called "NAME.low"; one without any is left out.
    """
    if format not in FORMATS:
        raise ValueError(f"no format called {format!r}; there are {' and '.join(map(repr, FORMATS))}")
    check_model(model)
    if not columns:
        raise ValueError("a model file needs at least one variable")
    _check_names("variable", columns, len(model.objective))
    if len(rows) != len(model.row_lower):
        raise ValueError(f"{len(rows)} row names for {len(model.row_lower)}")
    _check_names("model", [name], 1)
    table = _Table(model, columns, rows)
    _check_names("row", [_OBJECTIVE, *(row.name for row in table.rows)], 1 + len(table.rows))
    if any("\n" in comment or "\r" in comment for comment in comments):
        raise ValueError("a comment is one line")
    lines = (_mps if format == "mps" else _lp)(table, name, comments)
    target = Path(path)
    # Under a name of its own until it is whole.
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("w", encoding="ascii", errors="backslashreplace", newline="\n") as file:
            file.writelines(line + "\n" for line in lines)
        part.replace(target)
    except OSError as error:
        error.filename = fspath(path)
        raise
    finally:
        part.unlink(missing_ok=True)


_OBJECTIVE = "obj"


def _check_names(kind: str, names: Sequence[str], count: int) -> None:
    if len(names) != count:
        raise ValueError(f"{len(names)} {kind} names for {count}")
    for name in names:
        if not _NAME.match(name):
            raise ValueError(
                f"{kind} name {name!r}: letters, digits, _ and . are allowed, and a letter or _ comes first"
            )
    if len(set(names)) < count:
        twice = next(name for name in names if list(names).count(name) > 1)
        raise ValueError(f"{kind} name {twice!r} is used twice")


@dataclass(frozen=True)
class _Row:
    """One row: sense "E", "L" or "G", and the entries that are not zero."""

    name: str
    sense: str
    right: float
    entries: list[tuple[int, float]]


class _Table:
    """A model as plain numbers and names."""

    def __init__(self, model: MILPModel, columns: Sequence[str], rows: Sequence[str]) -> None:
        n = len(columns)
        self.maximise = model.maximise
        self.columns = columns
        self.objective = model.objective.tolist()
        self.lower, self.upper = model.lower.tolist(), model.upper.tolist()
        self.integer = model.integer.tolist()
        self.rows: list[_Row] = []
        count, starts, indices, values = compress_rows(model.matrix, n, np.arange(n, dtype=np.int32))
        ends = [*starts[1:], len(values)]
        for i in range(count):
            entries = [(int(indices[k]), float(values[k])) for k in range(starts[i], ends[i]) if values[k]]
            low, high = float(model.row_lower[i]), float(model.row_upper[i])
            if low == high:
                self.rows.append(_Row(rows[i], "E", low, entries))
                continue
            if math.isfinite(high):
                self.rows.append(_Row(rows[i], "L", high, entries))
            if math.isfinite(low):
                self.rows.append(_Row(f"{rows[i]}.low" if math.isfinite(high) else rows[i], "G", low, entries))


_LP_SENSE = {"E": "=", "L": "<=", "G": ">="}


def _number(value: float) -> str:
    return repr(value + 0.0)  # -0.0 is written as 0.0


def _mps(table: _Table, name: str, comments: Sequence[str]) -> Iterator[str]:
    yield from (f"* {comment}" for comment in comments)
    if table.maximise:
        yield "*SENSE:Maximize"
    yield f"NAME {name}"
    if table.maximise:
        yield from ("OBJSENSE", "    MAX")
    yield from ("ROWS", f" N {_OBJECTIVE}")
    yield from (f" {row.sense} {row.name}" for row in table.rows)
    yield "COLUMNS"
    yield from _mps_columns(table)
    yield "RHS"
    yield from (f"    RHS {row.name} {_number(row.right)}" for row in table.rows if row.right)
    yield "BOUNDS"
    for j, column in enumerate(table.columns):
        yield from (f" {bound}" for bound in _mps_bounds(column, table.lower[j], table.upper[j]))
    yield "ENDATA"


def _mps_columns(table: _Table) -> Iterator[str]:
    entries: list[list[tuple[str, float]]] = [[] for _ in table.columns]
    for row in table.rows:
        for j, value in row.entries:
            entries[j].append((row.name, value))
    integer = False
    for j, column in enumerate(table.columns):
        if table.integer[j] != integer:
            integer = table.integer[j]
            yield f"    MARKER 'MARKER' '{'INTORG' if integer else 'INTEND'}'"
        if table.objective[j] or not entries[j]:
            # A column without any entry is not known to the readers.
            yield f"    {column} {_OBJECTIVE} {_number(table.objective[j])}"
        yield from (f"    {column} {row} {_number(value)}" for row, value in entries[j])
    if integer:
        yield "    MARKER 'MARKER' 'INTEND'"


def _mps_bounds(column: str, low: float, high: float) -> list[str]:
    if low == high:
        return [f"FX BOUND {column} {_number(low)}"]
    if low == -math.inf and high == math.inf:
        return [f"FR BOUND {column}"]
    below = f"MI BOUND {column}" if low == -math.inf else f"LO BOUND {column} {_number(low)}"
    above = f"PL BOUND {column}" if high == math.inf else f"UP BOUND {column} {_number(high)}"
    return [below, above]


def _lp(table: _Table, name: str, comments: Sequence[str]) -> Iterator[str]:
    yield from (f"\\ {line}" for line in (*comments, f"Problem name: {name}"))
    yield "Maximize" if table.maximise else "Minimize"
    costs = [(j, value) for j, value in enumerate(table.objective) if value]
    yield from _expression(table, _OBJECTIVE, costs)
    yield "Subject To"
    for row in table.rows:
        yield from _expression(table, row.name, row.entries, f"{_LP_SENSE[row.sense]} {_number(row.right)}")
    yield "Bounds"
    for j, column in enumerate(table.columns):
        low, high = table.lower[j], table.upper[j]
        if low == high:
            yield f" {column} = {_number(low)}"
        elif low == -math.inf and high == math.inf:
            yield f" {column} free"
        else:
            ends = [f"{'-' * (v < 0)}inf" if math.isinf(v) else _number(v) for v in (low, high)]
            yield f" {ends[0]} <= {column} <= {ends[1]}"
    integers = [column for j, column in enumerate(table.columns) if table.integer[j]]
    if integers:
        yield "General"
        yield from (f" {column}" for column in integers)
    yield "End"


def _expression(table: _Table, label: str, terms: list[tuple[int, float]], end: str = "") -> Iterator[str]:
    """``label: terms end``, over as many lines as it takes."""
    line = f" {label}:"
    for j, value in terms or [(0, 0.0)]:
        term = f" {'-' if value < 0 else '+'} {_number(abs(value))} {table.columns[j]}"
        if len(line) + len(term) > _LINE:
            yield line
            line = " "
        line += term
    yield f"{line} {end}".rstrip()

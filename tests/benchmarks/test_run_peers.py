"""The driver: what it writes, and that one program's failure stays its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import run_peers
from peers.cases import SMOKE
from report import write_section

NUMBER, TEXT = {"type": "number", "minimum": 0}, {"type": "string", "minLength": 1}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


PROGRAM = _object(
    {
        "program": TEXT,
        "version": TEXT,
        "count": _or_null({"type": "integer", "minimum": 0}),
        "correct": _or_null({"type": "boolean"}),
        "seconds": _or_null(NUMBER),
        "runs": {"type": "integer", "minimum": 0},
        "ratio": _or_null(NUMBER),
        "failure": _or_null(TEXT),
        "note": {"type": "string"},
    }
)
RESULT = _object(
    {
        "case": TEXT,
        "widths": TEXT,
        "domain": {"type": "object"},
        "regions": {"type": "integer", "minimum": 1},
        "matmul_gflops": NUMBER,
        "programs": {"type": "array", "items": PROGRAM, "minItems": 1},
    }
)
RECORD = _object(
    {
        "machine": TEXT,
        "versions": {"type": "object", "required": ["python", "polyregions"]},
        "limit": NUMBER,
        "repeats": {"type": "integer", "minimum": 1},
        "results": {"type": "array", "items": RESULT, "minItems": 1},
    }
)


def test_smoke_run_without_other_programs(tmp_path: Path) -> None:
    output, page = tmp_path / "results.json", tmp_path / "performance.md"
    page.write_text("# Performance\n\nkept\n")
    command = [sys.executable, run_peers.__file__, "--smoke", "--peers", "none of them"]
    done = subprocess.run(
        [*command, "--output", output, "--markdown", page], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(output.read_text())
    jsonschema.validate(record, RECORD)
    (result,) = record["results"]
    (ours,) = result["programs"]
    assert (ours["program"], ours["count"], ours["ratio"], ours["correct"]) == ("polyregions", 478, 1, True)
    text = page.read_text()
    assert text.startswith("# Performance\n\nkept\n")
    assert "## Other programs" in text


def _answer(count: int, seconds: float, finished: bool = True) -> dict[str, Any]:
    return {"count": count, "seconds": seconds, "finished": finished, "note": ""}


def _done(monkeypatch: pytest.MonkeyPatch, output: str, returncode: int) -> dict[str, Any]:
    done = subprocess.CompletedProcess([], returncode, stdout=output, stderr="first\nSegmentation fault\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    return run_peers.run("SCIP count", SMOKE[0], 1.0, 3)


def test_what_was_measured_before_a_crash_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _done(monkeypatch, json.dumps(_answer(478, 0.5)) + '\n{"count": 47', -11)
    assert result["answers"] == [_answer(478, 0.5)]
    assert result["failure"] == "exit status -11: Segmentation fault"


def test_a_program_that_says_why_it_fails_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _done(monkeypatch, '{"failure": "no licence"}\n', 0) == {"answers": [], "failure": "no licence"}


def test_a_program_that_does_not_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("", 71, output=json.dumps(_answer(478, 0.5)).encode())

    monkeypatch.setattr(subprocess, "run", stopped)
    result = run_peers.run("SCIP count", SMOKE[0], 1.0, 3)
    assert result["answers"] == [_answer(478, 0.5)]
    assert "stopped after" in result["failure"]


@pytest.mark.parametrize(
    ("answers", "cells"),
    [
        ([_answer(478, 1.0), _answer(478, 3.0), _answer(478, 2.0)], "478 | 2 | 4.0 |"),
        ([_answer(479, 50.0)], "**479** (+1) | 50 | 100 |"),
        ([_answer(470, 60.0, finished=False)], "found 470 in 60 s |  |  |"),
    ],
)
def test_table_shows_medians_wrong_counts_and_failures(answers: list[dict[str, Any]], cells: str) -> None:
    times = run_peers.seconds(answers)
    entry = run_peers.row("SCIP count", {"answers": answers, "failure": None}, times, SMOKE[0], 0.5)
    result = {"case": "N", "widths": "2-3", "regions": 478, "programs": [entry]}
    assert run_peers.table([result]).splitlines()[-1] == f"| N (2-3) | 478 | SCIP count | {cells}"


def test_cost_of_certification_is_a_ratio_of_medians() -> None:
    entries = [
        run_peers.row(name, {"answers": [_answer(478, t) | {"note": "all"}], "failure": None}, [t], SMOKE[0], 0.5)
        for name, t in (("polyregions", 3.0), ("polyregions, uncertified", 2.0))
    ]
    result = {"case": "N", "widths": "2-3", "regions": 478, "programs": entries}
    assert run_peers.certification([result]).splitlines()[-1] == "| N (2-3) | 478 | 3 | 2 | 1.50 | all |"
    assert len(run_peers.table([result]).splitlines()) == 2  # no other program to compare with


def test_certified_count_must_be_the_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    part = {"answers": [_answer(477, 1.0)], "failure": None}
    monkeypatch.setattr(run_peers, "run", lambda *_: part)
    monkeypatch.setattr(run_peers, "matmul_speed", lambda: 1.0)
    with pytest.raises(SystemExit, match="known are 478"):
        run_peers.compare(SMOKE[0], 1.0, 1, ())


def test_sections_leave_each_other_alone(tmp_path: Path) -> None:
    page = tmp_path / "some_page.md"
    for name, text in (("a", "old\n"), ("b", "other"), ("a", "new")):
        write_section(page, name, text)
    assert page.read_text() == (
        "# Some page\n\n<!-- section: a -->\nnew\n<!-- end: a -->\n\n<!-- section: b -->\nother\n<!-- end: b -->\n"
    )

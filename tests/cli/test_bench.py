"""The benchmark of solvers, on a tiny set."""

import json
import os
import signal
import subprocess
import sys
import time

import jsonschema
import pytest

from polyregions.bench.index import read_index
from polyregions.cli import main
from polyregions.commands import bench
from tests.bench.conftest import TINY
from tests.cli import schemas
from tests.cli.runner import run_json


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr("polyregions.bench.recipes.SETS", {"quick": TINY, "full": TINY[:1]})


def test_json_and_files(capsys, tmp_path):
    arguments = ["bench", "--quick", "--quiet", "--solvers", "highs,polyregions", "--output", str(tmp_path)]
    status, result = run_json(capsys, *arguments)
    jsonschema.validate(result, schemas.BENCH)
    assert status == 0
    assert (result["instances"], result["done"], result["stopped"], result["wrong"]) == (5, 5, None, [])
    assert {(row["kind"], row["solver"]) for row in result["table"]} == {
        ("lp", "highs"),
        ("bound", "highs"),
        *((kind, solver) for kind in ("count", "parity") for solver in ("highs", "polyregions")),
    }
    assert all(row["solved"] == row["problems"] for row in result["table"])
    head, *lines = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    assert head["threads"] == 1
    assert len(lines) == 5 + 3
    for name in ("table.csv", "profiles.csv"):
        assert (tmp_path / name).read_text().startswith("kind,solver,")
    # A second run is added to the first one's results.
    assert main([*arguments, "--kinds", "bound"]) == 0
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 9 + 2


def test_the_table_for_people(capsys, tmp_path):
    assert main(["bench", "--quick", "--solvers", "highs", "--kinds", "lp,bound", "--output", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("lp: linear programs of the splitting counter, 12 problems, limit 1 s, ")
    assert "\nbound: largest pre-activation of a unit, 1 problems, limit 5 s, geometric means shifted by 10 s\n" in out
    assert out.count("  highs  ") == 2
    assert "2 of 2 instances in" in out
    assert "12 solved" in err


def test_without_matplotlib_there_is_a_remark(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("polyregions.bench.plot.can_plot", lambda: False)
    status, result = run_json(
        capsys, "bench", "--quick", "--solvers", "highs", "--kinds", "bound", "--output", str(tmp_path)
    )
    assert (status, result["files"]["picture"]) == (0, None)
    main(["bench", "--quick", "--solvers", "highs", "--kinds", "bound", "--output", str(tmp_path)])
    assert "pip install 'polyregions[plot]'" in capsys.readouterr().err


def test_export_and_run_on_what_was_exported(capsys, tmp_path):
    folder = tmp_path / "files"
    status, result = run_json(capsys, "bench", "--quick", "--export", str(folder))
    jsonschema.validate(result, schemas.BENCH_EXPORT)
    assert status == 0
    assert len(read_index(folder).instances) == len(result["instances"]) == 5
    arguments = ["--solvers", "highs", "--kinds", "bound", "--output", str(tmp_path / "out")]
    status, result = run_json(capsys, "bench", "--instances", str(folder), *arguments)
    assert (status, result["done"], result["set"]) == (0, 1, "quick")
    assert main(["bench", "--export", str(tmp_path / "full")]) == 0
    assert "1 instances" in capsys.readouterr().out


def test_a_limit_for_all_ends_early_with_a_table(capsys, tmp_path):
    arguments = ["bench", "--quick", "--solvers", "highs", "--total-time-limit", "0", "--output", str(tmp_path)]
    status, result = run_json(capsys, *arguments)
    jsonschema.validate(result, schemas.BENCH)
    assert (status, result["done"], result["table"]) == (3, 0, [])
    assert result["stopped"] == "time limit of 0 s"


def test_a_wrong_answer_of_ours_fails(capsys, tmp_path, monkeypatch):
    from polyregions.bench.run import run_benchmark
    from tests.bench.test_run import fake

    def lying(*arguments, **options):
        return run_benchmark(*arguments, **options, worker=lambda name: fake(0.0)("liar"))

    monkeypatch.setattr("polyregions.bench.run.run_benchmark", lying)
    for solver, expected in ("highs", 0), ("polyregions", 1):
        arguments = ["bench", "--quick", "--solvers", solver, "--kinds", "parity", "--output", str(tmp_path)]
        assert main(arguments) == expected
        assert f"wrong: {solver} on parity_2-4-3_b0.1_c9x4: " in capsys.readouterr().out


def test_a_solver_that_fails_says_why_once(capsys, tmp_path, monkeypatch):
    from polyregions.bench.run import run_benchmark
    from tests.bench.test_run import fake

    def failing(*arguments, **options):
        return run_benchmark(*arguments, **options, worker=lambda name: fake(0.0)("exit"))

    monkeypatch.setattr("polyregions.bench.run.run_benchmark", failing)
    arguments = ["bench", "--quick", "--quiet", "--solvers", "polyregions", "--output", str(tmp_path)]
    status, result = run_json(capsys, *arguments)
    jsonschema.validate(result, schemas.BENCH)
    assert (status, len(result["failed"]), result["wrong"]) == (0, 3, [])
    assert main(arguments) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("failed: ")]
    assert lines == ["failed: polyregions on count_2-4-3_b0.1: its process ended with status 7"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kinds", "lp,qp"], "no kind called 'qp'"),
        (["--solvers", "highs,,"], "not a list of names"),
        (["--solvers", "clever"], "unknown solver 'clever'"),
        (["--solvers", "xpress"], "not available here"),
        (["--seed", "-1"], "not an integer of at least 0"),
        (["--time-limit", "soon"], "not a number of seconds"),
        (["--instances", "{}/nowhere"], "No such file"),
        (["--instances", "{}", "--export", "{}"], "not allowed with"),
        (["--instances", "{}", "--quick"], "--quick"),
        (["--output", "{}/file/folder"], "Not a directory"),
        (["--export", "{}/file/folder"], "Not a directory"),
    ],
)
def test_bad_input_is_one_line(capsys, tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    given = [argument.format(tmp_path) for argument in arguments]
    given += [] if "--output" in given else ["--output", str(tmp_path / "out")]
    assert main(["bench", "--quiet", *given]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err


def test_kinds_are_those_of_the_recipes():
    from polyregions.bench.recipes import KINDS

    assert bench.KINDS == KINDS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_done(tmp_path, number):
    """HiGHS needs seconds for no-good cuts on the second instance; the first is done at once."""
    code = (
        "import sys, polyregions.bench.recipes as r\n"
        "shapes = ('bound', 2, (3, 3, 2)), ('count', 3, (9, 9))\n"
        "r.SETS = {'quick': [r.Recipe(kind=k, inputs=n, widths=w) for k, n, w in shapes]}\n"
        "from polyregions.cli import main\n"
        f"sys.exit(main(['bench', '--quick', '--solvers', 'highs', '--json', '--time-limit', '60', "
        f"'--output', {str(tmp_path)!r}]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        results = tmp_path / "results.jsonl"
        end = time.monotonic() + 60
        while (not results.exists() or len(results.read_text().splitlines()) < 2) and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in err
    result = json.loads(out)
    assert (process.returncode, result["done"], result["instances"]) == (3, 1, 2)
    assert result["stopped"] == f"stopped by {number.name}"
    assert [row["kind"] for row in result["table"]] == ["bound"]
    assert len(results.read_text().splitlines()) == 2

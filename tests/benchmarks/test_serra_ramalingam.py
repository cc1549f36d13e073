"""The reproduction of Serra & Ramalingam: what it writes, that it goes on where it stopped, and its tables."""

import csv
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "reproductions"))

import serra_ramalingam
import serra_ramalingam_report as report

METHODS = ["accuracy", "UB", "empirical UB", "exact", "tree"]
OPTIONS = ["--configurations", "2,2", "--networks", "1", "--epochs", "1", "--time-limit", "30", "--probes", "3"]


def run(folder, *methods):
    serra_ramalingam.main(["--output", str(folder), *OPTIONS, "--methods", *methods])
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def test_a_run_writes_everything_and_goes_on_where_it_stopped(tmp_path, monkeypatch):
    def broken(task):
        raise RuntimeError("no such luck")

    monkeypatch.setitem(serra_ramalingam.METHODS, "points", broken)
    first = run(tmp_path, *METHODS[:3])
    assert [record["method"] for record in first] == METHODS[:3]
    # A kill in the middle of a line.
    with (tmp_path / "results.jsonl").open("a") as file:
        file.write('{"method": "exa')
    records = run(tmp_path, *METHODS, "points")
    assert records[:3] == first
    assert [record["method"] for record in records] == [*METHODS, "points"]
    by_method = {record["method"]: record for record in records}
    assert by_method["points"]["failure"] == "RuntimeError: no such luck"
    exact = by_method["exact"]
    assert exact["status"] == "exact"
    assert 1 <= exact["lower"] <= by_method["empirical UB"]["value"] <= by_method["UB"]["value"] == 11
    assert by_method["tree"]["value"] == exact["lower"]
    with (tmp_path / "results.csv").open() as file:
        assert [row["method"] for row in csv.DictReader(file)] == [*METHODS, "points"]
    assert (
        f"| 2,2 | 0 | {by_method['accuracy']['test']:.3f} | {exact['lower']} |" in (tmp_path / "tables.md").read_text()
    )


def test_an_interrupted_method_leaves_no_record(tmp_path, monkeypatch, capsys):
    def interrupted(task):
        raise serra_ramalingam.Interrupted

    monkeypatch.setitem(serra_ramalingam.METHODS, "exact", interrupted)
    monkeypatch.setattr(serra_ramalingam, "_compile", lambda options, images: None)
    with pytest.raises(SystemExit) as stop:
        run(tmp_path, "UB", "exact", "points")
    assert stop.value.code == 130
    assert "goes on with what is missing" in capsys.readouterr().err
    (record,) = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert record["method"] == "UB"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--networks", "1"], "--output DIR is needed"),
        (["--smoke", "--configurations", "a,b"], "a configuration is the widths"),
        (["--smoke", "--configurations", "0,4"], "not '0,4'"),
        (["--smoke", "--configurations", "3,"], "not '3,'"),
    ],
)
def test_bad_options(options, message, capsys):
    with pytest.raises(SystemExit):
        serra_ramalingam.main(options)
    assert message in capsys.readouterr().err


def test_brackets_and_unknown_counts():
    cut = {"lower": 10, "upper": 40, "status": "bracket", "seconds": 9.0, "cpu_seconds": 8.0}
    milp = {"lower": 12, "upper": None, "status": "numerical", "seconds": 9.0, "cpu_seconds": 8.0}
    tree = {"value": 16.0, "standard_error": 4.0, "lower": 8, "status": "estimate", "seconds": 2.0, "cpu_seconds": 1.0}
    upper = {"value": 64, "seconds": 0.5, "cpu_seconds": 0.25}
    results = {"exact": cut, "exact MILP": milp, "tree": tree, "UB": upper}
    assert report.values(results) == {"tree estimate": 16.0, "tree 95%": 8, "UB": 64}
    networks = {("11,11", 0): results}
    assert "| 12 to 40 | 16 ± 25% | 64 |" in report.bounds_table(networks)
    table = report.tightness_table(networks).splitlines()
    assert "| UB | tree estimate | 1 | +2.00 (+2.00, +2.00) | 0.5 (0.5) | 0.2 (0.2) |" in table
    assert "| tree 95% | tree estimate | 1 | -1.00 (-1.00, -1.00) | 2.0 (2.0) | 1.0 (1.0) |" in table

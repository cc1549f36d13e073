"""Solvers that lie, crash, hang or write rubbish, each in a process of its own, beside honest ones."""

import json
import os
import signal
import sys
import time

import pytest

from polyregions.bench import run
from polyregions.bench.judge import Outcome
from polyregions.bench.process import Worker
from polyregions.bench.report import summarise, table_lines, write_profiles, write_table
from polyregions.bench.run import Contestant, Settings, contestants, run_benchmark
from polyregions.errors import ArgumentError

SETTINGS = Settings(time_limit=0.5, program_limit=0.1)

#: How each fake answers a task, as the body of a loop over the lines that it reads.
FAKES = {
    "liar": 'print(json.dumps({"status": "OPTIMAL", "objective": 1e6, "bound": 1e6, "pattern": None, "seconds": 0.1}))',
    "slow": 'print(json.dumps({"status": "TIME_LIMIT", "objective": None, "bound": None, "seconds": 0.5}))',
    "late": 'print(json.dumps({"status": "OPTIMAL", "objective": TRUTH, "bound": None, "seconds": 9.0}))',
    "crash": "os.kill(os.getpid(), signal.SIGSEGV)",
    "exit": "sys.exit(7)",
    "hang": "time.sleep(60)",
    "rubbish": 'print("no answer")',
    "list": "print([1])",
    "empty": "print({})",
    "honest": 'print(json.dumps({"status": "OPTIMAL", "objective": TRUTH, "bound": None, "seconds": 0.25}))',
}


def fake(truth):
    def make(name):
        code = (
            "import json, os, signal, sys, time\n"
            f"TRUTH = {truth!r}\n"
            'print(json.dumps({"ready": True}), flush=True)\n'
            "for line in sys.stdin:\n"
            f"    {FAKES[name]}\n"
            "    sys.stdout.flush()\n"
        )
        return Worker(name, [sys.executable, "-c", code])

    return make


def entrants(names, *kinds):
    return [Contestant(name, "1", dict.fromkeys(kinds, "as it likes")) for name in names]


@pytest.fixture
def results(index, instances, monkeypatch):
    monkeypatch.setattr(run, "_GRACE", 0.3)
    truth = instances["bound"].truth["optimum"][1]
    found = run_benchmark(index, entrants(FAKES, "bound"), SETTINGS, worker=fake(truth))
    return {result.solver: result for result in found}


def test_a_lie_is_wrong_and_a_crash_is_none(results):
    outcomes = {name: [part.outcome for part in result.parts] for name, result in results.items()}
    assert outcomes == {
        "liar": [Outcome.WRONG],
        "slow": [Outcome.TIMEOUT],
        "late": [Outcome.TIMEOUT],
        "crash": [Outcome.FAILED],
        "exit": [Outcome.FAILED],
        "hang": [Outcome.TIMEOUT],
        "rubbish": [Outcome.FAILED],
        "list": [Outcome.FAILED],
        "empty": [Outcome.FAILED],
        "honest": [Outcome.SOLVED],
    }
    assert results["crash"].note == "its process was ended by SIGSEGV"
    assert results["exit"].note == "its process ended with status 7"
    for result in results.values():
        assert json.loads(json.dumps(result.to_json()))["parts"][0][0] == result.parts[0].outcome.value


def test_the_table_tells_them_apart(results, tmp_path):
    solvers = entrants(FAKES, "bound")
    summary = summarise(results.values(), solvers, SETTINGS)
    rows = {row.solver: row for row in summary.rows}
    numbers = {name: (row.solved, row.wrong, row.timeouts, row.failed) for name, row in rows.items()}
    assert numbers["liar"] == (0, 1, 0, 0)
    assert numbers["hang"] == numbers["slow"] == (0, 0, 1, 0)
    assert numbers["crash"] == (0, 0, 0, 1)
    assert numbers["honest"] == (1, 0, 0, 0)
    # What is not solved counts as the limit, a lie too, however fast.
    assert rows["liar"].mean == pytest.approx(SETTINGS.time_limit)
    assert rows["honest"].mean == pytest.approx(0.25)
    assert summary.profiles["bound"]["honest"] == [(1.0, 1.0)]
    assert summary.profiles["bound"]["liar"] == [(1.0, 0.0)]
    lines = table_lines(summary)
    assert lines[2].split()[0] == "honest"
    write_table(summary, tmp_path / "table.csv")
    assert len((tmp_path / "table.csv").read_text().splitlines()) == 1 + len(FAKES)
    write_profiles(summary, tmp_path / "profiles.csv")
    assert "bound,honest,1.0,1.0" in (tmp_path / "profiles.csv").read_text().splitlines()


def test_profiles_can_be_drawn(results, tmp_path):
    pytest.importorskip("matplotlib")
    from polyregions.bench.plot import plot_profiles

    plot_profiles(summarise(results.values(), entrants(FAKES, "bound"), SETTINGS), tmp_path / "profiles.png")
    assert (tmp_path / "profiles.png").read_bytes().startswith(b"\x89PNG")


def test_instances_that_not_all_have_done_are_left_out(index, instances):
    truth = instances["bound"].truth["optimum"][1]
    solvers = entrants(["honest", "slow"], "bound")
    first = next(run_benchmark(index, solvers, SETTINGS, worker=fake(truth)))
    summary = summarise([first], solvers, SETTINGS)
    assert (summary.instances, summary.rows, table_lines(summary)) == (0, (), [])


def test_a_solver_that_does_not_start_fails_once_and_for_all(index):
    def broken(name):
        return Worker(name, [sys.executable, "-c", 'print(\'{"ready": false, "error": "no licence"}\')'])

    found = list(run_benchmark(index, entrants(["broken"], "bound", "parity"), SETTINGS, worker=broken))
    assert [result.note for result in found] == ["does not start: no licence"] * 3
    assert {part.outcome for result in found for part in result.parts} == {Outcome.FAILED}


def test_a_run_that_is_told_to_stop_ends_the_process(index, tmp_path):
    def hanging(name):
        code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
        return Worker(name, [sys.executable, "-c", code])

    began = tmp_path / "pid"
    found = list(
        run_benchmark(
            index,
            entrants(["x"], "bound"),
            SETTINGS,
            worker=hanging,
            stop=lambda: began.exists() and began.read_text() != "",
        )
    )
    assert found == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)


def test_what_a_solver_starts_dies_with_it(tmp_path):
    child = tmp_path / "child"
    code = (
        "import json, subprocess, sys, time\n"
        'process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])\n'
        f"open({str(child)!r}, 'w').write(str(process.pid))\n"
        'print(json.dumps({"ready": True}), flush=True)\n'
        "time.sleep(60)\n"
    )
    worker = Worker("parent", [sys.executable, "-c", code])
    worker.start(lambda: False)
    worker.close()
    end = time.monotonic() + 10
    while _runs(int(child.read_text())) and time.monotonic() < end:
        time.sleep(0.05)
    assert not _runs(int(child.read_text()))


def _runs(pid):
    """Whether a process runs; one that waits for its parent to look at it does not."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_real_processes(index):
    """HiGHS and the package's own tree, through the real worker."""
    solvers = contestants(["highs", "polyregions"])
    found = list(run_benchmark(index, solvers, Settings(time_limit=30.0)))
    assert len(found) == len(index.instances) + 3
    assert {part.outcome for result in found for part in result.parts} == {Outcome.SOLVED}, found


def test_names_of_solvers():
    from solvers import UnknownSolverError

    names = [contestant.name for contestant in contestants()]
    assert {"highs", "highs-cold", "polyregions"} <= set(names)
    assert "pulp-highs" not in names
    with pytest.raises(UnknownSolverError):
        contestants(["clever"])
    with pytest.raises(ArgumentError, match="once"):
        contestants(["highs", "highs"])


def test_a_signal_number_without_a_name_is_told_too():
    code = (
        f"import os, signal\nprint('{{\"ready\": true}}', flush=True)\nos.kill(os.getpid(), {int(signal.SIGRTMIN) + 1})"
    )
    worker = Worker("odd", [sys.executable, "-c", code])
    worker.start(lambda: False)
    from polyregions.bench.process import WorkerDied

    with pytest.raises(WorkerDied, match="signal"):
        worker.ask({}, seconds=10.0, stop=lambda: False)

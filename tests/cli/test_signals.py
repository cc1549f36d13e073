"""Signals and closed pipes: the process ends quietly, with what it knows."""

import json
import signal
import subprocess
import time

import jsonschema
import numpy as np
import pytest

import polyregions as pr
from tests.cli import schemas
from tests.cli.runner import A2, BOX, command
from tests.cli.test_region_files import read_any

#: So that a count of A2 takes seconds.
LP = ("--cells", "lp")


def interrupted(number, *arguments):
    """Run a count with progress at once, send a signal when it has found something, and return the result."""
    code = (
        "import sys, polyregions.progress as p; p.DELAY = 0.0; p.LineMeter.__init__.__kwdefaults__['interval'] = 0.0\n"
        "from polyregions.cli import main; "
        f"sys.exit(main({list(arguments)!r}))"
    )
    process = subprocess.Popen(
        [command()[0], "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        lines = iter(process.stderr.readline, "")
        assert next(line for line in lines if line.startswith("found") and not line.startswith("found 0 "))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in err
    return process.returncode, out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_count_in_a_bracket(number):
    status, out = interrupted(number, "count", A2, *BOX, *LP, "--json")
    result = json.loads(out)
    jsonschema.validate(result, schemas.COUNT)
    assert (status, result["status"]) == (3, "bracket")
    assert result["lower"] <= 3404 <= result["upper"]
    assert result["stats"]["stopped"] == f"stopped by {number.name}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("suffix", [".npz", ".jsonl", ".parquet"])
def test_a_signal_leaves_a_whole_file_of_regions(tmp_path, suffix, number):
    path = tmp_path / f"regions{suffix}"
    status, out = interrupted(number, "regions", A2, *BOX, *LP, "--json", "--output", str(path))
    result = json.loads(out)
    jsonschema.validate(result, schemas.REGIONS_OUTPUT)
    assert status == 3
    assert result["written"] == result["lower"] > 0
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert len(read_any(path)[1]) == result["written"]


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_the_count_ends_quietly(number, expected):
    code = (
        "import sys, time, polyregions.formats as f; from polyregions.cli import main\n"
        "def slow(*a, **k):\n    print('loading', file=sys.stderr, flush=True); time.sleep(60)\n"
        "f.load = slow; sys.exit(main(['count', 'net.npz', '--box', '0', '1', '--json']))"
    )
    process = subprocess.Popen([command()[0], "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr.readline() == "loading\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    line = "polyregions: interrupted before anything was counted\n" if number == signal.SIGINT else ""
    assert (process.returncode, out, err) == (expected, "", line)


@pytest.mark.parametrize("module", ["polyregions.cli", "numpy"])
def test_an_interrupt_among_the_imports_ends_quietly(tmp_path, module):
    # The module is imported by way of a finder that takes its time.
    code = (
        "import sys, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            print('importing', file=sys.stderr, flush=True); time.sleep(60)\n"
        "sys.meta_path.insert(0, Slow())\n"
        f"sys.argv[1:] = ['count', {A2!r}, '--box', '-1', '1']\n"
        "from polyregions.entry import main\n"
        "sys.exit(main())"
    )
    process = subprocess.Popen([command()[0], "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, "", "polyregions: interrupted before anything was counted\n")


def test_a_second_interrupt_ends_at_once():
    code = (
        "import sys, signal, polyregions.counting as c; from polyregions.cli import main\n"
        "from polyregions.result import Progress\n"
        "def count(*a, progress, **k):\n"
        "    progress(Progress(1, None, 0.1)); signal.raise_signal(signal.SIGINT)\n"
        f"c.count = count; sys.exit(main(['count', {A2!r}, '--box', '0', '1', '--json']))"
    )
    done = subprocess.run([command()[0], "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "polyregions: interrupted before there was a result\n"


def test_an_interrupted_cross_check_says_that_the_second_counter_was_not_started(tmp_path):
    rng = np.random.default_rng(0)
    endless = str(tmp_path / "endless.npz")
    pr.save(pr.Network.from_arrays([rng.normal(size=(60, 6)), np.ones((1, 60))], [rng.normal(size=60), [0]]), endless)
    status, out = interrupted(signal.SIGINT, "cross-check", endless, *BOX, "--json")
    result = json.loads(out)
    jsonschema.validate(result, schemas.CROSS_CHECK)
    assert (status, result["agree"]) == (3, None)
    assert result["split"]["stats"]["stopped"] == "stopped by SIGINT"
    assert result["milp"]["stats"]["stopped"] == "not started: stopped by SIGINT"


def test_a_closed_pipe_ends_quietly():
    process = subprocess.Popen(
        command("regions", A2, *BOX, *LP, "--quiet"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert set(process.stdout.readline()) <= set("01|\n")
        process.stdout.close()
        started = time.monotonic()
        status = process.wait(timeout=60)
    finally:
        process.kill()
    assert status == 128 + signal.SIGPIPE
    assert process.stderr.read() == ""
    assert time.monotonic() - started < 60

"""Signals and closed pipes: the process ends quietly, with what it knows."""

import json
import signal
import subprocess
import time

import jsonschema
import pytest

from tests.cli import schemas
from tests.cli.runner import A2, BOX, command


def interrupted(number, *arguments):
    """Run a count with progress at once, send a signal at the first line of it, and return the result."""
    code = (
        "import sys, polyregions.progress as p; p.DELAY = 0.0; from polyregions.cli import main; "
        f"sys.exit(main({list(arguments)!r}))"
    )
    process = subprocess.Popen(
        [command()[0], "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert "found" in process.stderr.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in err
    return process.returncode, out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_count_in_a_bracket(number):
    status, out = interrupted(number, "count", A2, *BOX, "--json")
    result = json.loads(out)
    jsonschema.validate(result, schemas.COUNT)
    assert (status, result["status"]) == (3, "bracket")
    assert result["lower"] <= 3404 <= result["upper"]
    assert result["stats"]["stopped"] == f"stopped by {number.name}"


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_a_signal_leaves_a_whole_file_of_regions(tmp_path, suffix):
    path = tmp_path / f"regions{suffix}"
    status, out = interrupted(signal.SIGINT, "regions", A2, *BOX, "--json", "--output", str(path))
    result = json.loads(out)
    jsonschema.validate(result, schemas.REGIONS_OUTPUT)
    assert status == 3
    assert result["written"] == result["lower"] > 0
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if suffix == ".jsonl":
        assert len(path.read_text().splitlines()) == 1 + result["written"]


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
    assert (process.returncode, out, err) == (expected, "", "")


def test_a_closed_pipe_ends_quietly():
    process = subprocess.Popen(
        command("regions", A2, *BOX, "--quiet"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
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

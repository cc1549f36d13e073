"""The command ``distances``: what it prints and writes, and what it refuses."""

import csv
import signal

import jsonschema
import numpy as np
import pytest

import polyregions as pr
from polyregions.cli import main
from polyregions.geometry.float_distance import BLOCK_WITHIN, FloatDistances
from tests.cli import schemas
from tests.cli.runner import A1, run_json


@pytest.fixture
def net(tmp_path):
    """Units x - 1/4 and y + 9, both passed on."""
    path = tmp_path / "net.npz"
    pr.save(pr.Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[-0.25, 9.0], [0.0]]), path)
    return str(path)


def points(tmp_path, text, name="points.txt"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_text_and_npy(capsys, tmp_path, net):
    text = points(tmp_path, "# two points\n1 0\n\n0.5, -1.5  # the second\n")
    status, result = run_json(capsys, "distances", net, "--points", text)
    jsonschema.validate(result, schemas.DISTANCES)
    assert status == 0
    assert (result["points"], result["distances"], result["status"]) == (2, [0.75, 0.25], "numerical")
    assert (result["layers"], result["units"], result["mean_times_units"]) == ([1, 1], [0, 0], 1.0)
    np.save(tmp_path / "points.npy", np.array([[1.0, 0.0], [0.5, -1.5]]))
    assert run_json(capsys, "distances", net, "--points", str(tmp_path / "points.npy"))[1]["distances"] == [0.75, 0.25]


def test_exact_within_a_box_and_a_file(capsys, tmp_path, net):
    text = points(tmp_path, "1/3 1\n-1 -1\n", "points.csv")
    written = tmp_path / "distances.csv"
    arguments = ("distances", net, "--points", text, "--box", "-1", "1", "--exact", "--output", str(written))
    status, result = run_json(capsys, *arguments)
    jsonschema.validate(result, schemas.DISTANCES)
    assert status == 0
    assert (result["squares"], result["status"], result["output"]) == (["1/144", "25/16"], "exact", str(written))
    with open(written, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["square"] for row in rows] == result["squares"]
    assert [float(row["distance"]) for row in rows] == result["distances"]
    assert [row["point"] for row in rows] == ["0", "1"]
    far = run_json(capsys, "distances", net, "--points", points(tmp_path, "-1 -1"), "--box", "-2", "0")[1]
    jsonschema.validate(far, schemas.DISTANCES)
    # x = 1/4 and y = -9 do not meet the box.
    assert (far["distances"], far["mean"], far["units"]) == ([None], None, [-1])


@pytest.mark.parametrize("exact", [(), ("--exact",)])
def test_a_time_limit_leaves_the_points_that_are_done(capsys, tmp_path, net, exact):
    written = tmp_path / "distances.csv"
    arguments = ("distances", net, "--points", points(tmp_path, "1 0\n0 1\n"), *exact, "--time-limit", "0")
    status, result = run_json(capsys, *arguments, "--output", str(written))
    jsonschema.validate(result, schemas.DISTANCES)
    assert (status, result["points"], result["asked"]) == (3, 0, 2)
    assert (result["stopped"], result["mean"], result["distances"]) == ("time limit of 0 s", None, [])
    assert len(written.read_text().splitlines()) == 1
    assert main(arguments) == 3
    assert capsys.readouterr().out.startswith("0 of 2 points: ")


def test_an_interrupt_leaves_the_points_that_are_done(capsys, monkeypatch, tmp_path, net):
    many = points(tmp_path, "1/2 0\n" * 600)
    whole = FloatDistances._block

    def block(self, part):
        signal.raise_signal(signal.SIGINT)
        return whole(self, part)

    monkeypatch.setattr(FloatDistances, "_block", block)
    written = tmp_path / "distances.csv"
    arguments = ("distances", net, "--points", many, "--box", "-1", "1", "--output", str(written))
    status, result = run_json(capsys, *arguments)
    done = BLOCK_WITHIN
    assert (status, result["points"], result["asked"], result["stopped"]) == (3, done, 600, "stopped by SIGINT")
    assert result["distances"] == [0.25] * done
    assert len(written.read_text().splitlines()) == done + 1
    assert main(arguments) == 3
    out = capsys.readouterr().out
    assert out.startswith(f"{done} of 600 points: mean distance 0.25 ")
    assert "stopped     stopped by SIGINT" in out
    # A library call has no business with Ctrl-C: short arrays could pass for whole ones.
    with pytest.raises(KeyboardInterrupt):
        pr.distances(pr.load(net), [[0.5, 0.0]] * 600)


def test_for_people(capsys, tmp_path, net):
    text = points(tmp_path, "1 0\n-1 0.5\n")
    assert main(["distances", net, "--points", text, "--box", "-1", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("2 points: mean distance 1 to the nearest boundary, times 2 units 2 (numerical)\n")
    for line in ("bends at the nearest boundary of 2 of 2 points", "2 in layer 1", "box [-1, 1]^2", "0 points, whose"):
        assert line in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(
    ("text", "arguments", "reason"),
    [
        ("1 2\n3\n", (), "points.txt: line 2 has 1 numbers, the first point 2"),
        ("1 2\n3 x\n", (), "points.txt: line 2: 'x' is not a number"),
        ("1/0 2\n", (), "line 1: '1/0' is not a number"),
        ("# nothing\n", (), "holds no point"),
        ("1 2 3\n", (), "shape (k, 2), one row each, with k at least 1; found shape (1, 3)"),
        ("nan 2\n", (), "point 0, coordinate 0 is nan"),
        ("nan 2\n", ("--exact",), "point 0: the point's coordinate 0: nan is not a finite number"),
        ("3 0\n", ("--box", "-1", "1"), "point 0 lies outside the box"),
        ("0 0\n", ("--output", "out.txt"), "the extension must be .csv"),
        ("0 0\n", ("--output", "/nowhere/out.csv"), "/nowhere/out.csv: the folder does not exist"),
    ],
)
def test_bad_input(capsys, tmp_path, text, arguments, reason):
    assert main(["distances", A1, "--points", points(tmp_path, text), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert reason in captured.err


def test_bad_files(capsys, tmp_path):
    for name, content in (("a.npy", b"nonsense"), ("b.txt", b"\xff\xfe\x00"), ("c.npy", b"")):
        (tmp_path / name).write_bytes(content)
        assert main(["distances", A1, "--points", str(tmp_path / name)]) == 2
        assert capsys.readouterr().err.startswith(f"polyregions: error: {tmp_path / name}: ")
    assert main(["distances", A1, "--points", str(tmp_path / "none.txt")]) == 2
    assert "No such file" in capsys.readouterr().err
    np.save(tmp_path / "words.npy", np.array([["a", "b"]]))
    assert main(["distances", A1, "--points", str(tmp_path / "words.npy")]) == 2
    assert "no array of real numbers" in capsys.readouterr().err

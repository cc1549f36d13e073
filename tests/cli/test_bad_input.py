"""Whatever the user gets wrong: one line on standard error, nothing on standard output, exit status 2."""

import json
import subprocess

import numpy as np
import pytest

from polyregions.cli import main
from tests.cli.runner import A1, BOX, command, run_apart


def refused(capsys, *arguments):
    """The one line that says why."""
    assert main([str(argument) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("polyregions: error: ")
    return captured.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "COMMAND"),
        (["cuont"], "invalid choice: 'cuont'"),
        (["count"], "NET"),
        (["count", A1], "--box --domain --around --space is required"),
        (["count", A1, "--box", "0"], "expected 2 arguments"),
        (["count", A1, "--box", "0", "--json"], "expected 2 arguments"),
        (["count", A1, *BOX, "--domain", "d.json"], "not allowed with"),
        (["count", A1, "--box", "zero", "1"], "'zero' is not a number"),
        (["count", A1, "--box", "0", "1/0"], "'1/0' is not a number"),
        (["count", A1, "--box", "-inf", "inf"], "-inf is not a finite number"),
        (["count", A1, "--box", "nan", "1"], "nan is not a finite number"),
        (["count", A1, "--box", "1", "-1"], "empty"),
        (["count", A1, "--box", "1", "2/3"], "empty"),
        (["count", A1, *BOX, "--definition", "pieces"], "invalid choice: 'pieces'"),
        (["count", A1, *BOX, "--method", "guess"], "invalid choice: 'guess'"),
        (["count", A1, *BOX, "--solver", "clever"], "unknown solver 'clever'"),
        (["count", A1, *BOX, "--solver", "clever", "--method", "milp"], "unknown solver 'clever'"),
        (["count", A1, *BOX, "--solver", "cbc"], "--method milp"),
        (["regions", A1, *BOX, "--solver", "cbc"], "--method milp"),
        (["cross-check", A1, *BOX, "--solver", "clever"], "unknown solver 'clever'"),
        (["upper-bound", "2,a,3"], "no such file, and no widths either"),
        (["upper-bound", "2"], "no such file, and no widths either"),
        (["bounds", "2,-3"], "no such file, and no widths either"),
        (
            ["plane", A1, "--through", "0,0", "1,0", "0,1", "--html", "/nonexistent/page.html"],
            "the folder does not exist",
        ),
        (
            ["plane", A1, "--through", "0,0", "1,0", "0,1", "--output", "/nonexistent/x.npz"],
            "the folder does not exist",
        ),
        (["plane", A1, "--through", "0,0", "1e200,0", "0,1e200"], "no float holds areas"),
        (["line", A1, "--from", "0,0", "--to", "1,1", "--output", "/none/x.csv"], "the folder does not exist"),
        (["count", A1, *BOX, "--certificate", "/"], "it is a directory"),
        (["count", A1, *BOX, "--time-limit", "-1"], "'-1' is not a number of seconds"),
        (["count", A1, *BOX, "--time-limit", "soon"], "'soon' is not a number of seconds"),
        (["count", A1, *BOX, "--time-limit", "nan"], "'nan' is not a number of seconds"),
        (["count", A1, *BOX, "--memory-limit", "2X"], "'2X' is not a size of memory such as 500M or 2G"),
        (["count", A1, *BOX, "--memory-limit", "-1G"], "--memory-limit"),
        (["count", A1, *BOX, "--max-regions", "-3"], "'-3' is not an integer"),
        (["count", A1, *BOX, "--max-regions", "2.5"], "'2.5' is not an integer"),
        (["count", A1, *BOX, "--jsn"], "--jsn"),
        (["count", A1, *BOX, "--tim", "3"], "--tim"),
        (["count", A1, *BOX, "--cells", "vertex", "--definition", "patterns"], "vertex cells count regions"),
        (["regions", A1, *BOX, "--cells", "vertex", "--definition", "patterns"], "vertex cells count regions"),
        (["count", A1, "--box", "0", "0", "--cells", "vertex"], "in dimension 1 or more"),
        (["count", A1, *BOX, "--cells", "lp", "--method", "milp"], "cells='lp' is for the splitting counter"),
        (["count", A1, *BOX, "--cells", "round"], "invalid choice: 'round'"),
        (["count", A1, *BOX, "--solver", "mipcl", "--method", "milp"], "'mipcl' is not available here: install MIPCL"),
        (["cross-check", A1, *BOX, "--solver", "copt"], "pip install coptpy or install COPT\n"),
        (
            ["cross-check", A1, *BOX, "--cells", "lp"],
            "unrecognized arguments: --cells lp (see polyregions cross-check -",
        ),
        (["count", A1, A1, *BOX], f"unrecognized arguments: {A1} (see polyregions count --help)"),
        (["solvers", "highs"], "unrecognized arguments: highs (see polyregions solvers --help)"),
        (["demo", "--time-limit", "-1"], "number of seconds"),
    ],
)
def test_arguments(capsys, arguments, reason):
    assert reason in refused(capsys, *arguments)


# ---------------------------------------------------------------------------------------------------------------
# Network files
# ---------------------------------------------------------------------------------------------------------------


def write_npz(path, **arrays):
    np.savez(path, **{name: np.array(value) for name, value in arrays.items()})


def corrupted(path):
    path.write_bytes(b"PK\x03\x04" + bytes(100))


def truncated(path):
    with open(A1, "rb") as file:
        path.write_bytes(file.read()[:-200])


NETWORK_FILES = {
    "empty": (lambda path: path.write_bytes(b""), ""),
    "text": (lambda path: path.write_text("W1 = 1"), "not an .npz archive"),
    "corrupted": (corrupted, "damaged"),
    "truncated": (truncated, "damaged"),
    "no layers": (lambda path: write_npz(path, x=[1.0]), "no entry"),
    "a gap": (lambda path: write_npz(path, W1=[[1.0]], b1=[0.0], W3=[[1.0]], b3=[0.0]), "W2"),
    "shapes": (lambda path: write_npz(path, W1=[[1.0]], b1=[0.0, 1.0]), "layer 1"),
    "NaN": (lambda path: write_npz(path, W1=[[1.0]], b1=[np.nan], W2=[[1.0]], b2=[0.0]), "nan"),
    "pickle": (lambda path: np.savez(path, W1=np.array([[{}]], dtype=object), b1=[0.0]), "W1"),
    "folder": (lambda path: path.mkdir(), "a directory; a network is a file, one of .keras, .nnet, .npz, .onnx"),
    "missing": (lambda path: None, "no such file"),
}


@pytest.mark.parametrize("case", NETWORK_FILES)
@pytest.mark.parametrize("command", ["count", "regions", "cross-check"])
def test_network_files(capsys, tmp_path, case, command):
    make, reason = NETWORK_FILES[case]
    path = tmp_path / "net.npz"
    make(path)
    line = refused(capsys, command, path, *BOX)
    assert reason in line
    assert str(path) in line


@pytest.mark.parametrize(
    ("name", "hint"),
    [("net.txt", ".onnx\n"), ("net", ".onnx\n"), ("net.pt", "from_torch"), ("net.pkl", "from_sklearn")],
)
def test_network_suffix(capsys, tmp_path, name, hint):
    (tmp_path / name).write_bytes(b"")
    line = refused(capsys, "count", tmp_path / name, *BOX)
    assert "extension" in line
    assert hint in line


# ---------------------------------------------------------------------------------------------------------------
# Domain files
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"lower": [0, 0], \n "upper": [1, 1}', "line 2, column 16"),
        ("", "line 1, column 1"),
        ("[" * 100_000, "nested too deeply"),
        ("[0, 1]", "a list"),
        ('{"lower": 0}', "lower"),
        ('{"lower": [0, 0, 0], "upper": [1, 1, 1]}', "3 dimensions, the network has 2 inputs"),
        ('{"lower": [0, 0], "upper": [1, 1, 1]}', "2 lower bounds but 3 upper bounds"),
        ('{"lower": [0, 2], "upper": [1, 1]}', "empty"),
        ('{"lower": [0, "x"], "upper": [1, 1]}', "'x' is not a number"),
        ('{"lower": [0, NaN], "upper": [1, 1]}', "nan is not a finite number"),
        ('{"lower": [0, -1e400], "upper": [1, 1]}', "not a finite number"),
        ('{"lower": [0, null], "upper": [1, 1]}', "None is not a number"),
        ('{"lower": [0, true], "upper": [1, 1]}', "truth value"),
        ('{"A": [[1, 0], [-1, 0], [0, 1], [0, -1]], "b": [-1, -1, 1, 1]}', "empty"),
        ('{"A": [[1, 0], [-1]], "b": [1, 1]}', "different lengths"),
        ('{"A": [], "b": []}', "no row"),
        ('{"segment": [[0, 0], [0, 0]]}', "same point"),
        ('{"segment": [[0, 0]]}', "2 points"),
        ('{"segment": [[0, 0, 0], [1, 1, 1]]}', "3 dimensions"),
        ('{"plane": {"origin": [0, 0], "u": [1, 1], "v": [2, 2]}}', "parallel"),
        ('{"space": false}', "whole space"),
    ],
)
def test_domain_files(capsys, tmp_path, text, reason):
    path = tmp_path / "domain.json"
    path.write_text(text)
    line = refused(capsys, "count", A1, "--domain", path)
    assert reason in line
    assert line.startswith(f"polyregions: error: {path}: ")


def test_domain_file_names_itself(capsys, tmp_path):
    path = tmp_path / "domain.json"
    path.write_text("{")
    assert f"{path}: not valid JSON: line 1, column 2: " in refused(capsys, "count", A1, "--domain", path)
    path.write_text('{"radius": 3}')
    assert str(path) in refused(capsys, "count", A1, "--domain", path)


def test_domain_file_that_cannot_be_read(capsys, tmp_path):
    assert "No such file" in refused(capsys, "count", A1, "--domain", tmp_path / "none.json")
    assert "directory" in refused(capsys, "count", A1, "--domain", tmp_path)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00\x80")
    assert "UTF-8" in refused(capsys, "count", A1, "--domain", tmp_path / "binary.json")


# ---------------------------------------------------------------------------------------------------------------
# Output files
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "reason"),
    [("out.csv", "extension"), ("out", "extension"), ("none/out.npz", "folder"), ("folder.npz", "not a regular file")],
)
def test_output_files(capsys, tmp_path, name, reason):
    (tmp_path / "folder.npz").mkdir()
    assert reason in refused(capsys, "regions", A1, *BOX, "--output", tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.npz"]


# ---------------------------------------------------------------------------------------------------------------
# The process
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["count", "none.npz", *BOX, "--json"], ["count", "--box"], []])
def test_process(arguments):
    done = run_apart(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("polyregions: error: ")
    assert done.stderr.count("\n") == 1


def test_a_full_standard_output():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command("count", A1, "--box", "0", "1/8", "--quiet"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "polyregions: error: standard output: No space left on device\n"


def test_no_result_on_bad_input_with_json(capsys):
    assert main(["count", A1, "--box", "1", "0", "--json"]) == 2
    out = capsys.readouterr().out
    assert out == ""
    with pytest.raises(json.JSONDecodeError):
        json.loads(out)

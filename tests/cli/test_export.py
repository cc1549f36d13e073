"""The command that writes MPS and LP files."""

import jsonschema
import pytest

import polyregions as pr
from polyregions.cli import main
from tests.cli import schemas
from tests.cli.runner import A1, BOX, run_json

PATTERN = "1" * 16 + "|" + "0" * 16


def test_json(capsys, tmp_path):
    target, weights = tmp_path / "net.mps", tmp_path / "weights.npz"
    status, result = run_json(capsys, "export", A1, *BOX, "--output", str(target), "--weights", str(weights))
    jsonschema.validate(result, schemas.EXPORT)
    assert status == 0
    assert result["integers"] == 32
    assert target.read_text().splitlines()[-1] == "ENDATA"
    assert pr.load(weights) == pr.load(A1)


def test_text_and_remark(capsys, tmp_path):
    target = tmp_path / "net"
    arguments = ["export", A1, "--box", "-1/3", "1", "--format", "lp", "--output", str(target)]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert out == f"{target}: 98 variables, 32 of them integer, 126 constraints\n"
    assert "2 bounds and constraints hold rounded numbers; --weights" in err
    assert main([*arguments, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_patterns_by_default_and_regions_on_request(capsys, tmp_path):
    for definition, rows in ((), 128), (("--definition", "regions"), 160):
        _, result = run_json(capsys, "export", A1, *BOX, "--output", str(tmp_path / "net.lp"), *definition)
        assert result["constraints"] == rows


def test_half_spaces_of_a_pattern(capsys, tmp_path):
    target = tmp_path / "pattern.lp"
    _, result = run_json(capsys, "export", A1, *BOX, "--output", str(target), "--pattern", PATTERN)
    assert (result["variables"], result["integers"], result["constraints"]) == (2, 0, 32)
    assert " g_2_15: " in target.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "{}/net.txt"], "the format 'txt' is not one of mps, lp"),
        (["--output", "{}/nowhere/net.lp"], "No such file or directory"),
        (["--output", "{}/net.lp", "--pattern", "1x|0"], "'1x|0' is not a pattern"),
        (["--output", "{}/net.lp", "--pattern", "1|0"], "the pattern has layers of [1, 1] units"),
        (["--output", "{}/net.lp", "--weights", "{}/net.onnx"], "no writer for the extension"),
        ([], "--output"),
    ],
)
def test_bad_input_is_one_line(capsys, tmp_path, arguments, message):
    assert main(["export", A1, *BOX, *(argument.format(tmp_path) for argument in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
    assert not list(tmp_path.iterdir())

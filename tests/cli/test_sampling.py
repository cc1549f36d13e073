"""estimate, lower-bound and upper-bound on the command line."""

import jsonschema
import pytest

from polyregions.cli import main
from tests.cli import schemas
from tests.cli.runner import A1, BOX, NETS, run_json

B9 = str(NETS / "B9_8d_8x2.npz")
#: The regions of A1.
EXACT = 478


def test_estimate(capsys):
    options = ("--probes", "6", "--cells", "20", "--seed", "3", "--confidence", "0.9")
    status, result = run_json(capsys, "estimate", A1, *BOX, *options)
    jsonschema.validate(result, schemas.ESTIMATE)
    assert status == 0
    assert result["status"] == "estimate"
    assert abs(result["estimate"] - EXACT) <= 5 * result["standard_error"]
    low, high = result["interval"]
    assert low <= result["estimate"] <= high
    assert (result["probes"], result["seed"], result["confidence"]) == (6, 3, 0.9)
    assert 1 < result["lower"] < result["estimate"]


def test_an_estimate_is_repeated_from_its_json_by_any_number_of_workers(capsys):
    _, first = run_json(capsys, "estimate", A1, *BOX, "--probes", "4", "--cells", "10", "--seed", "7")
    stats = first["stats"]
    again = ("--probes", str(stats["probes_planned"]), "--cells", str(stats["cells"]), "--seed", str(first["seed"]))
    _, second = run_json(capsys, "estimate", A1, *BOX, *again, "--workers", "3")
    for name in ("estimate", "standard_error", "interval", "lower"):
        assert first[name] == second[name]


def test_estimate_for_people(capsys):
    assert main(["estimate", A1, *BOX, "--probes", "3", "--cells", "10"]) == 0
    captured = capsys.readouterr()
    for text in ("(estimate, standard error", "95% confidence", "bootstrap", "seed", "3 of 3 done"):
        assert text in captured.out
    assert captured.err == ""


def test_with_enough_cells_the_count_is_exact(capsys):
    status, result = run_json(capsys, "estimate", A1, *BOX, "--cells", "1000")
    jsonschema.validate(result, schemas.ESTIMATE)
    assert status == 0
    assert (result["status"], result["estimate"], result["lower"]) == ("exact", EXACT, EXACT)
    assert (result["standard_error"], result["lower_status"]) == (0, "bracket")


@pytest.mark.parametrize(
    ("options", "status"),
    [(("--method", "tree", "--probes", "5", "--cells", "20"), "probable"), (("--method", "points"), "bracket")],
)
def test_lower_bound(capsys, options, status):
    code, result = run_json(capsys, "lower-bound", A1, *BOX, *options)
    jsonschema.validate(result, schemas.LOWER_BOUND)
    assert (code, result["status"]) == (0, status)
    assert EXACT / 10 < result["lower"] <= EXACT


def test_lower_bound_for_people(capsys):
    assert main(["lower-bound", A1, *BOX, "--method", "points", "--points", "2000"]) == 0
    out = capsys.readouterr().out
    assert "(proven)" in out
    assert "2,000 drawn" in out


@pytest.mark.parametrize("command", ["estimate", "lower-bound"])
def test_no_time_for_a_probe(capsys, command):
    status, result = run_json(capsys, command, B9, *BOX, "--time-limit", "0")
    jsonschema.validate(result, schemas.ESTIMATE if command == "estimate" else schemas.LOWER_BOUND)
    assert (status, result["lower"]) == (3, 1)
    assert "time limit of 0 s" in result["stats"]["stopped"]
    assert main([command, B9, *BOX, "--time-limit", "0"]) == 3
    assert "time limit of 0 s" in capsys.readouterr().out


def test_upper_bound(capsys):
    for arguments in (("2,16,16",), (A1,), (A1, *BOX)):
        status, result = run_json(capsys, "upper-bound", *arguments)
        jsonschema.validate(result, schemas.UPPER_BOUND)
        assert status == 0
        assert result["upper"] >= EXACT
    assert result["domain"] == {"lower": -1, "upper": 1}
    assert main(["upper-bound", A1, *BOX]) == 0
    assert "(proven)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("estimate", A1, *BOX, "--confidence", "1"), "not a probability between 0 and 1"),
        (("lower-bound", A1, *BOX, "--confidence", "nan"), "not a probability between 0 and 1"),
        (("estimate", A1, *BOX, "--time-limit", "-1"), "not a number of seconds"),
        (("estimate", A1, *BOX, "--probes", "0"), "not an integer of at least 1"),
        (("estimate", A1, *BOX, "--seed", "-1"), "not an integer of at least 0"),
        (("lower-bound", A1, *BOX, "--points", "9"), "--points: needs --method points"),
        (("lower-bound", A1, *BOX, "--method", "points", "--cells", "9"), "--cells: needs --method tree"),
        (("lower-bound", A1, *BOX, "--method", "points", "--workers", "2"), "--workers: needs --method tree"),
        (("lower-bound", A1, *BOX, "--xor-size", "2"), "--xor-size: needs --method xor"),
        (("upper-bound", "2,16,16", *BOX), "--box: needs a network file"),
        (("upper-bound", "2,16,16", "--method", "lp"), "--method: needs a network file"),
        (("upper-bound", A1, "--method", "milp"), "--method: needs a bounded domain"),
        (("upper-bound", A1, "--space", "--time-limit", "0"), "--time-limit: needs a bounded domain"),
        (("estimate", A1, "--space"), "--box --domain --around is required"),
        (("lower-bound", A1, "--space"), "--box --domain --around is required"),
        (("estimate", A1, *BOX, "--probes", "-3"), "'-3' is not an integer of at least 1"),
        (("estimate", A1, *BOX, "--probes", "0"), "'0' is not an integer of at least 1"),
        (("estimate", A1, *BOX, "--cells", "x"), "'x' is not an integer of at least 1"),
    ],
)
def test_bad_input(capsys, arguments, reason):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert reason in captured.err
    assert len(captured.err.splitlines()) == 1

"""The command `bounds`, and --bounds of the counters."""

import jsonschema
import pytest

import polyregions as pr
from polyregions.cli import main
from polyregions.formats.npz import save_npz
from tests.cli import schemas
from tests.cli.runner import A1, BOX, NETS, run_json

B9 = str(NETS / "B9_8d_8x2.npz")


@pytest.fixture
def vee(tmp_path):
    """relu(x), relu(-x), and behind them a unit that is never positive on [-1, 1], as intervals do not show."""
    path = tmp_path / "vee.npz"
    save_npz(
        pr.Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]], [[1.0]]], [[0.0, 0.0], [-1.5], [0.0]]),
        path,
    )
    return str(path)


def test_widths(capsys):
    status, result = run_json(capsys, "bounds", "2,16,16,16")
    jsonschema.validate(result, schemas.BOUNDS)
    assert (status, result["upper"]) == (0, 2571353)
    assert [bound["name"] for bound in result["bounds"]] == ["patterns", "raghu", "montufar", "serra"]
    assert result["units"] is result["network"] is result["domain"] is None


def test_network_with_and_without_a_domain(capsys):
    status, result = run_json(capsys, "bounds", B9)
    jsonschema.validate(result, schemas.BOUNDS)
    assert (status, result["upper"]) == (0, 39203)
    status, result = run_json(capsys, "bounds", B9, *BOX)
    jsonschema.validate(result, schemas.BOUNDS)
    assert status == 0
    assert 10699 <= result["upper"] < 39203
    assert result["units"] is None


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["--method", "interval"], (0.5, "open")),
        (["--method", "interval", "--joint"], (0.5, "inactive")),
        (["--method", "lp"], (-0.5, "inactive")),
        (["--method", "milp"], (-0.5, "inactive")),
    ],
)
def test_units(capsys, vee, arguments, last):
    status, result = run_json(capsys, "bounds", vee, *BOX, "--units", *arguments)
    jsonschema.validate(result, schemas.BOUNDS)
    assert status == 0
    assert [(unit["layer"], unit["unit"]) for unit in result["units"]] == [(1, 0), (1, 1), (2, 0)]
    upper, state = last
    assert result["units"][2]["upper"] == pytest.approx(upper)
    assert result["units"][2]["state"] == state
    assert result["method"] == arguments[1]
    complete = "milp" in arguments or "--joint" in arguments
    assert result["units"][0]["state"] == ("unstable" if complete else "open")


def test_units_for_people(capsys, vee):
    assert main(["bounds", vee, *BOX, "--units"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("at most 3 regions\n")
    assert "0 units are stably active, 1 stably inactive, of 3" in captured.out
    assert captured.out.rstrip().endswith("inactive")
    assert captured.err == ""


def test_time_limit_is_reported(capsys, vee):
    assert main(["bounds", vee, *BOX, "--units", "--method", "milp", "--time-limit-per-unit", "0"]) == 0
    assert "kept 6 bounds of units" in capsys.readouterr().err
    _, result = run_json(capsys, "bounds", vee, *BOX, "--method", "milp", "--time-limit-per-unit", "0")
    assert result["stopped"] == 6
    arguments = ["--units", "--joint", "--method", "interval", "--time-limit-per-unit", "0"]
    _, result = run_json(capsys, "bounds", vee, *BOX, *arguments)
    assert [unit["state"] for unit in result["units"]] == ["open"] * 3


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["2,3", *BOX], "--box: needs a network file"),
        (["2,3", "--units"], "--units: needs a network file"),
        (["2,0"], "widths are"),
        ([B9, "--units"], "need a domain"),
        ([B9, "--joint"], "need a domain"),
        (["missing.npz"], "missing.npz"),
        ([B9, *BOX, "--method", "guess"], "invalid choice: 'guess'"),
        ([B9, *BOX, "--time-limit-per-unit", "-1"], "'-1' is not a number of seconds"),
    ],
)
def test_bad_input(capsys, arguments, reason):
    assert main(["bounds", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert reason in captured.err


@pytest.mark.parametrize("bounds", ["lp", "milp"])
def test_counters_take_bounds(capsys, vee, bounds):
    status, result = run_json(capsys, "count", vee, *BOX, "--method", "milp", "--bounds", bounds)
    jsonschema.validate(result, schemas.COUNT)
    assert (status, result["count"], result["stats"]["bounds"]) == (0, 2, bounds)
    status, result = run_json(capsys, "cross-check", vee, *BOX, "--bounds", bounds)
    jsonschema.validate(result, schemas.CROSS_CHECK)
    assert (status, result["agree"], result["milp"]["stats"]["bounds"]) == (0, True, bounds)


def test_bounds_are_refused_by_the_splitting_counter(capsys):
    assert main(["count", A1, *BOX, "--bounds", "lp"]) == 2
    assert "for method 'milp'" in capsys.readouterr().err

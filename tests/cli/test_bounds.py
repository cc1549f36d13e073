"""The command `bounds`, and --bounds of the counters."""

import signal

import jsonschema
import pytest

import polyregions as pr
from polyregions.cli import main
from polyregions.formats.npz import save_npz
from polyregions.milp.maxima import LayerMaxima
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
    assert {bound["name"]: bound["value"] for bound in result["attained"]}["serra"] == 898857
    assert result["architecture"] == {"widths": [2, 16, 16, 16]}


def test_widths_for_people(capsys):
    assert main(["bounds", "784,11,11,10"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "at most 1.7e9 regions, for every network of these widths"
    assert lines[5] == "some network of these widths has at least 6,324,224 regions; another one may have 1"
    assert main(["bounds", "2,32,32,32"]) == 0
    # 44,182,609 stays a lower bound, and 148,035,889 an upper one.
    assert "has at least 4.4e7 regions" in (text := capsys.readouterr().out)
    assert text.startswith("at most 1.5e8 regions")


@pytest.mark.parametrize(("option", "value"), [("--maxout", 2116), ("--pieces", 19**2)])
def test_other_units(capsys, option, value):
    status, result = run_json(capsys, "bounds", "2,3,3", option, "3")
    jsonschema.validate(result, schemas.BOUNDS)
    assert (status, result["upper"], result["attained"]) == (0, value, [])
    assert result["architecture"] == {"widths": [2, 3, 3], option[2:]: 3}


def test_convolutions(capsys):
    status, result = run_json(capsys, "bounds", "--cnn", "3x3x1", "2x2x2")
    jsonschema.validate(result, schemas.BOUNDS)
    assert (status, result["upper"]) == (0, 255)
    assert [bound["value"] for bound in result["attained"]] == [255]
    assert result["architecture"] == {
        "inputs": [3, 3, 1],
        "convolutions": [{"filter": [2, 2], "channels": 2, "stride": 1}],
    }
    assert main(["bounds", "--cnn", "28x28x1", "3x3x8s1", "3x3x8s2"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("at most ")
    assert "some network of these convolutional layers has at least " in text


def test_network_with_and_without_a_domain(capsys):
    status, result = run_json(capsys, "bounds", B9)
    jsonschema.validate(result, schemas.BOUNDS)
    assert (status, result["upper"]) == (0, 39203)
    status, result = run_json(capsys, "bounds", B9, *BOX)
    jsonschema.validate(result, schemas.BOUNDS)
    assert status == 0
    assert 10699 <= result["upper"] < 39203
    assert result["units"] is None
    assert (result["attained"], result["architecture"]) == ([], None)


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
    assert "the time limit of a unit: 6 bounds of units could be tighter" in capsys.readouterr().err
    _, result = run_json(capsys, "bounds", vee, *BOX, "--method", "milp", "--time-limit-per-unit", "0")
    assert result["stopped"] == 6
    arguments = ["--units", "--joint", "--method", "interval", "--time-limit-per-unit", "0"]
    _, result = run_json(capsys, "bounds", vee, *BOX, *arguments)
    assert [unit["state"] for unit in result["units"]] == ["open"] * 3


def test_the_joint_program_lowers_an_upper_bound(capsys, vee):
    """Intervals leave the last unit open, and it never is active."""
    for joint, upper in (((), 6), (("--joint",), 3)):
        arguments = ("upper-bound", vee, *BOX, "--method", "interval", *joint)
        status, result = run_json(capsys, *arguments)
        jsonschema.validate(result, schemas.UPPER_BOUND)
        assert (status, result["upper"], result["joint"], result["stopped_by"]) == (0, upper, bool(joint), None)
        assert pr.upper_bound(pr.load(vee), pr.Box(-1, 1), method="interval", joint=bool(joint)) == upper
    status, result = run_json(capsys, *arguments, "--time-limit", "0")
    assert (status, result["upper"], result["stopped_by"]) == (3, 6, "time limit of 0 s")
    for joint in (["upper-bound", "2,3", "--joint"], ["upper-bound", vee, "--joint"]):
        assert main(joint) == 2
        assert "argument --joint: needs a " in capsys.readouterr().err


@pytest.mark.parametrize("method", ["lp", "milp"])
def test_a_time_limit_ends_in_proven_bounds(capsys, vee, method):
    arguments = ["bounds", vee, *BOX, "--units", "--joint", "--method", method, "--time-limit", "0"]
    status, result = run_json(capsys, *arguments)
    jsonschema.validate(result, schemas.BOUNDS)
    assert (status, result["stopped"], result["stopped_by"]) == (3, 6, "time limit of 0 s")
    assert [unit["state"] for unit in result["units"]] == ["open"] * 3
    # What intervals know: the last unit's pre-activation is between -1.5 and -0.5 in truth.
    assert (result["units"][2]["lower"], result["units"][2]["upper"]) == pytest.approx((-1.5, 0.5))
    assert main(arguments) == 3
    assert "time limit of 0 s: 6 bounds of units could be tighter; stable units may be" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["bounds", "upper-bound"])
def test_an_interrupt_ends_in_proven_bounds(capsys, monkeypatch, vee, command):
    whole = LayerMaxima.maximum
    calls = []

    def maximum(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return whole(*arguments)

    monkeypatch.setattr(LayerMaxima, "maximum", maximum)
    status, result = run_json(capsys, command, vee, *BOX, "--method", "milp")
    jsonschema.validate(result, schemas.BOUNDS if command == "bounds" else schemas.UPPER_BOUND)
    assert (status, result["stopped_by"]) == (3, "stopped by SIGINT")
    # Three patterns of the first layer, and a second that is not known to be inactive.
    assert result["upper"] == 6
    assert pr.upper_bound(pr.load(vee), pr.Box(-1, 1), method="milp") == 3
    if command == "bounds":
        assert result["stopped"] > 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["2,3", *BOX], "--box: needs a network file"),
        (["2,3", "--units"], "--units: needs a network file"),
        (["2,0"], "widths are"),
        ([], "give one of"),
        ([B9, "--cnn", "3x3x1", "2x2x2"], "give one of"),
        ([B9, "--maxout", "3"], "--maxout: needs widths"),
        (["2,3", "--maxout", "0"], "rank of maxout units is an integer of at least 1"),
        (["2,3", "--pieces", "-1"], "number of pieces is an integer of at least 1"),
        (["2,3", "--maxout", "2", "--pieces", "2"], "not allowed with"),
        (["--cnn", "3x3", "2x2x2"], "the input is height x width x depth"),
        (["--cnn", "3x3x1"], "has a layer"),
        (["--cnn", "3x3x1", "2x2"], "a layer is filter height"),
        (["--cnn", "3x3x1", "4x2x1"], "layer 1: a filter of 4x2 does not fit"),
        (["--cnn", "3x3x1", "2x2x2", "--units"], "--units: needs a network file, not --cnn"),
        ([B9, "--units"], "--units: needs a bounded domain"),
        ([B9, "--joint"], "--joint: needs a bounded domain"),
        ([B9, "--method", "milp"], "--method: needs a bounded domain"),
        ([B9, "--time-limit", "0"], "--time-limit: needs a bounded domain"),
        ([B9, "--domain", "{}/space.json", "--units"], "--units: needs a bounded domain"),
        ([B9, "--space", "--units"], "--units: needs a bounded domain"),
        (["2,3", "--space"], "--space: needs a network file"),
        (["2,3", "--method", "milp"], "--method: needs a network file, not widths"),
        (["2,3", "--time-limit", "0"], "--time-limit: needs a network file"),
        (["--cnn", "3x3x1", "2x2x2", "--time-limit-per-unit", "1"], "--time-limit-per-unit: needs a network file"),
        (["2,3", "--radius", "1"], "--radius: needs a network file"),
        (["missing.npz"], "missing.npz"),
        ([B9, *BOX, "--method", "guess"], "invalid choice: 'guess'"),
        ([B9, *BOX, "--time-limit-per-unit", "-1"], "'-1' is not a number of seconds"),
    ],
)
def test_bad_input(capsys, tmp_path, arguments, reason):
    (tmp_path / "space.json").write_text('{"space": true}')
    assert main(["bounds", *(argument.format(tmp_path) for argument in arguments)]) == 2
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

"""Pictures from the command line: plane --plot and line --plot."""

import jsonschema
import pytest

import polyregions as pr
from polyregions.cli import main
from polyregions.plot import save_line, save_plane
from tests.cli import schemas
from tests.cli.runner import A1, run_json

LINE = ("line", A1, "--from", "-1,-1", "--to", "1,1/3")
PLANE = ("plane", A1, "--through", "-1,-1", "1,0", "0,1")


@pytest.mark.parametrize("color", [None, "region", "active", "affine"])
def test_plane(capsys, tmp_path, color):
    target, wanted = tmp_path / "plane.png", tmp_path / "wanted.png"
    status, result = run_json(capsys, *PLANE, "--plot", str(target), *(() if color is None else ("--color", color)))
    jsonschema.validate(result, schemas.PLANE)
    assert (status, result["plot"]) == (0, str(target))
    found = pr.plane(pr.load(A1), pr.Plane.through([-1, -1], [1, 0], [0, 1]))
    save_plane(found, wanted, color=color or "region")
    assert target.read_bytes() == wanted.read_bytes()


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_line(capsys, tmp_path, kind):
    target, wanted = tmp_path / f"line.{kind}", tmp_path / f"wanted.{kind}"
    assert main([*LINE, "--plot", str(target)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == f"  drawn       output 0 to {target}"
    assert err == ""
    save_line(pr.line(pr.load(A1), pr.Segment([-1, -1], [1, "1/3"])), wanted)
    assert target.read_bytes() == wanted.read_bytes()


def test_line_json(capsys, tmp_path):
    status, result = run_json(capsys, *LINE, "--plot", str(tmp_path / "line.svg"), "--plot-output", "0")
    assert (status, result["plot"]) == (0, str(tmp_path / "line.svg"))
    jsonschema.validate(result, schemas.LINE)


def test_a_stopped_run_is_drawn(capsys, tmp_path):
    assert main([*PLANE, "--max-regions", "5", "--plot", str(tmp_path / "plane.png")]) == 3
    assert "written" in capsys.readouterr().out
    assert (tmp_path / "plane.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*PLANE, "--plot", "plane.jpg"), "plane.jpg: the extension of a picture must be one of .png, .svg, .pdf"),
        ((*PLANE, "--plot", "{}/no/plane.png"), "plane.png: the folder does not exist"),
        ((*PLANE, "--plot", "{}/folder.png"), "folder.png: exists and is not a regular file"),
        ((*PLANE, "--color", "active"), "argument --color goes with --plot"),
        ((*PLANE, "--plot", "{}/x.png", "--color", "blue"), "argument --color: invalid choice: 'blue'"),
        (("plane", A1, "--domain", "{}/box.json", "--plot", "{}/x.png"), "3 dimensions, the network has 2 inputs"),
        (("plane", "{}/net.npz", "--domain", "{}/box.json", "--plot", "{}/x.png"), "has 3: give a Plane"),
        ((*LINE, "--plot", "line"), "line: the extension of a picture must be one of .png, .svg, .pdf"),
        ((*LINE, "--plot", "{}/no/line.png"), "line.png: the folder does not exist"),
        ((*LINE, "--plot-output", "0"), "argument --plot-output goes with --plot"),
        ((*LINE, "--plot", "{}/x.png", "--plot-output", "1"), "from 0; there is no output 1"),
    ],
)
def test_bad_input_is_one_line(capsys, tmp_path, arguments, message):
    (tmp_path / "box.json").write_text('{"lower": [0, 0, 0], "upper": [1, 1, 1]}')
    (tmp_path / "folder.png").mkdir()
    pr.save(pr.Network.random([3, 4, 1], seed=0), tmp_path / "net.npz")
    assert main([argument.format(tmp_path) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("arguments", [PLANE, LINE])
def test_without_matplotlib(capsys, tmp_path, monkeypatch, arguments):
    monkeypatch.setattr("polyregions.plot.canvas.find_spec", lambda name: None)
    assert main([*arguments, "--plot", str(tmp_path / "x.png")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "polyregions: error: pictures need matplotlib: pip install 'polyregions[plot]'\n"

"""The commands line and plane."""

import csv
import json
import os
import signal

import jsonschema
import numpy as np
import pytest

import polyregions as pr
from polyregions.cli import main
from tests.cli import schemas
from tests.cli.runner import A1, run_json

LINE = ("line", A1, "--from", "-1,-1", "--to", "1,1/3")
PLANE = ("plane", A1, "--through", "-1,-1", "1,0", "0,1")


def test_line_json(capsys):
    status, result = run_json(capsys, *LINE)
    jsonschema.validate(result, schemas.LINE)
    found = pr.line(pr.load(A1), pr.Segment([-1, -1], [1, "1/3"]))
    assert (status, result["count"]) == (0, found.count)
    assert result["count"] == int(pr.count(pr.load(A1), pr.Segment([-1, -1], [1, "1/3"])))
    assert result["breakpoints"] == found.breakpoints().tolist()
    assert len(result["changes"]) == len(result["breakpoints"]) == len(result["interval_patterns"]) - 1


def test_every_definition_along_a_line(capsys, tmp_path):
    # relu(1/2 - |x|), a unit that breaks at 1/4 and reaches nothing, and one that is zero only where the line starts.
    net = pr.Network.from_arrays(
        [[[1.0], [-1.0], [1.0]], [[-1.0, -1.0, 0.0], [1.0, 0.0, 0.0]], [[1.0, 0.0]]],
        [[0.0, 0.0, 1.0], [0.5, -0.25], [0.0]],
    )
    pr.save(net, path := str(tmp_path / "net.npz"))
    counted = {}
    for definition in ("patterns", "regions", "linear", "closed", "affine"):
        arguments = ("line", path, "--from", "-1", "--to", "1", "--definition", definition)
        status, result = run_json(capsys, *arguments)
        jsonschema.validate(result, schemas.LINE)
        counted[definition] = result["count"]
        assert (status, result["count"]) == (0, int(pr.count(net, pr.Box(-1, 1), definition=definition)))
        assert main(list(arguments)) == 0
        assert capsys.readouterr().out.startswith(
            str(pr.count(net, pr.Box(-1, 1), definition=definition)).split(" (")[0]
        )
    assert [counted[definition] for definition in ("regions", "linear", "closed", "affine")] == [5, 4, 4, 3]
    assert counted["patterns"] > 5


def test_line_exact_and_infinite(capsys):
    _, result = run_json(capsys, *LINE, "--infinite", "--exact", "--definition", "patterns")
    jsonschema.validate(result, schemas.LINE)
    assert "line" in result["domain"]
    assert any(isinstance(t, str) and "/" in t for t in result["breakpoints"])


def test_line_text_and_table(capsys, tmp_path):
    target = tmp_path / "line.csv"
    assert main([*LINE, "--output", str(target)]) == 0
    out, err = capsys.readouterr()
    rows = list(csv.DictReader(target.open(newline="")))
    assert out.splitlines()[0] == f"{len(rows)} regions along the line (exact)"
    assert f"{len(rows)} intervals to {target}" in out
    assert err == ""
    assert (float(rows[0]["t_start"]), float(rows[-1]["t_end"])) == (0, 1)
    assert rows[0]["changes"] == ""
    assert all(row["changes"] for row in rows[1:])


def test_points_from_files(capsys, tmp_path):
    np.save(tmp_path / "p.npy", np.array([-1.0, -1.0]))
    (tmp_path / "q.json").write_text('[1, "1/3"]')
    (tmp_path / "r.txt").write_text("1\n1/3\n")
    _, wanted = run_json(capsys, *LINE)
    for end in ("q.json", "r.txt"):
        _, result = run_json(capsys, "line", A1, "--from", str(tmp_path / "p.npy"), "--to", str(tmp_path / end))
        assert result["domain"] == wanted["domain"]
        assert result["count"] == wanted["count"]


def test_plane_json_and_files(capsys, tmp_path):
    target, page = tmp_path / "plane.json", tmp_path / "plane.html"
    status, result = run_json(capsys, *PLANE, "--output", str(target), "--html", str(page))
    jsonschema.validate(result, schemas.PLANE)
    assert status == 0
    assert result["area"] == pytest.approx(result["domain_area"])
    data = json.loads(target.read_text())
    jsonschema.validate(data, schemas.PLANE_FILE)
    assert len(data["polygons"]) == result["count"]
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_plane_shapes(capsys, tmp_path):
    _, square = run_json(capsys, *PLANE)
    _, same = run_json(capsys, *PLANE, "--square")
    _, other = run_json(capsys, *PLANE, "--parallelogram")
    assert square["domain"] == same["domain"] != other["domain"]
    (tmp_path / "domain.json").write_text(json.dumps(other["domain"]))
    _, again = run_json(capsys, "plane", A1, "--domain", str(tmp_path / "domain.json"))
    assert again["count"] == other["count"]


def test_infinite_plane(capsys, tmp_path):
    target = tmp_path / "plane.json"
    status, result = run_json(capsys, *PLANE, "--infinite", "--output", str(target))
    jsonschema.validate(result, schemas.PLANE)
    whole = int(pr.count(pr.load(A1), pr.Space()))
    assert (status, result["count"], result["domain"]["plane"]["bounded"]) == (0, whole, False)
    assert (result["domain_area"], 0 < result["unbounded"] < whole) == (None, True)
    data = json.loads(target.read_text())
    jsonschema.validate(data, schemas.PLANE_FILE)
    assert sum(polygon["area"] is None for polygon in data["polygons"]) == result["unbounded"]
    # The same plane, in other coordinates and by a file.
    _, other = run_json(capsys, *PLANE, "--infinite", "--parallelogram")
    (tmp_path / "domain.json").write_text(json.dumps(other["domain"]))
    _, again = run_json(capsys, "plane", A1, "--domain", str(tmp_path / "domain.json"))
    assert again["window"] == other["window"] != result["window"]
    for found in (other, again):
        assert [found[key] for key in ("count", "unbounded")] == [result[key] for key in ("count", "unbounded")]
        assert [found[key] for key in ("area", "perimeters")] == pytest.approx(
            [result[key] for key in ("area", "perimeters")], rel=1e-9
        )


def test_infinite_plane_text(capsys):
    assert main([*PLANE, "--infinite"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(" regions (exact)")
    (area,) = [line for line in lines if line.startswith("  area ")]
    (window,) = [line for line in lines if line.startswith("  window ")]
    assert " bounded regions; " in area
    assert area.endswith(" are unbounded")
    assert "s in [" in window
    assert main([*PLANE, "--infinite", "--max-regions", "5"]) == 3
    assert capsys.readouterr().out.startswith("between 5 and ")


def test_plane_text_and_limit(capsys):
    assert main([*PLANE, "--max-regions", "5"]) == 3
    out, _ = capsys.readouterr()
    assert out.startswith("between 5 and ")
    assert "of the domain's; " in out


def test_plane_without_any_region_ends_in_a_bracket(capsys, tmp_path):
    paths = [str(tmp_path / f"plane{suffix}") for suffix in (".npz", ".html", ".svg")]
    files = ("--output", paths[0], "--html", paths[1], "--plot", paths[2])
    assert main([*PLANE, "--max-regions", "0", *files, "--json"]) == 3
    out, err = capsys.readouterr()
    result = json.loads(out)
    jsonschema.validate(result, schemas.PLANE)
    assert (result["lower"], result["status"], result.get("output")) == (0, "bracket", paths[0])
    assert [file.name for file in tmp_path.iterdir()] == ["plane.npz"]
    assert err.splitlines() == [f"{path}: not written, for there is no region to show" for path in paths[1:]]


@pytest.mark.parametrize("infinite", [(), ("--infinite",)])
def test_an_interrupt_among_the_polygons_keeps_the_count(capsys, tmp_path, monkeypatch, infinite):
    where = "polyregions.slices." + ("infinite_plane" if infinite else "plane")
    monkeypatch.setattr(f"{where}.settled", lambda *_: signal.raise_signal(signal.SIGINT))
    _, wanted = run_json(capsys, "count", A1, "--domain", domain_file(tmp_path, infinite))
    arguments = (*PLANE, *infinite, "--output", lost := str(tmp_path / "plane.npz"))
    status, result = run_json(capsys, *arguments)
    jsonschema.validate(result, schemas.PLANE_WITHOUT)
    assert (status, result["count"], result["status"], result["domain"]) == (
        3,
        wanted["count"],
        "exact",
        wanted["domain"],
    )
    assert main(list(arguments)) == 3
    out, err = capsys.readouterr()
    assert out.startswith(f"{wanted['count']} regions (exact)\n")
    assert err == f"interrupted; not written: {lost}\n"
    assert main([*PLANE, *infinite, "--max-regions", "5"]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("between 5 and ")
    assert err == "interrupted; not written: the polygons\n"


def domain_file(tmp_path, infinite):
    """The plane of PLANE in a file."""
    path = tmp_path / "domain.json"
    path.write_text(json.dumps(pr.Plane.through([-1, -1], [1, 0], [0, 1], square=True, bounded=not infinite).to_json()))
    return str(path)


def test_progress_tells_that_polygons_are_put_together():
    stages = []
    pr.plane(pr.load(A1), pr.Box(-1, 1), progress=lambda progress: stages.append(progress.stage), max_regions=50)
    assert stages[-1] == "limit of 50 regions; putting their polygons together; Ctrl-C leaves this out"


def test_an_interrupt_among_the_files_keeps_the_count(capsys, tmp_path, monkeypatch):
    kept, lost = str(tmp_path / "plane.npz"), [str(tmp_path / f"plane{suffix}") for suffix in (".html", ".svg")]
    monkeypatch.setattr(os, "replace", replaced := Replace(2))
    assert main([*PLANE, "--output", kept, "--html", lost[0], "--plot", lost[1], "--json"]) == 3
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert (result["status"], result["output"], "html" in result, replaced.calls) == ("exact", kept, False, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["plane.npz"]
    assert err == f"interrupted; not written: {', '.join(lost)}\n"


class Replace:
    """``os.replace``, at whose nth call Ctrl-C comes, when all was written and not yet named."""

    def __init__(self, at):
        self.at, self.calls, self.real = at, 0, os.replace

    def __call__(self, *paths):
        self.calls += 1
        if self.calls == self.at:
            signal.raise_signal(signal.SIGINT)
        self.real(*paths)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("line", A1, "--from", "1,2", "--to", "1,2"), "the segment's ends are the same point"),
        (("line", A1, "--from", "1,2", "--to", "1,2", "--infinite"), "P and Q are the same"),
        (("line", A1, "--from", "1,2", "--to", "1,2,3"), "2 and 3 coordinates"),
        (("line", A1, "--from", "1,2", "--to", "1,2,3", "--infinite"), "2 and 3 coordinates"),
        (("line", A1, "--from", "1,2,3", "--to", "0,0,0"), "3 dimensions, the network has 2 inputs"),
        (("line", A1, "--from", "1,x", "--to", "0,0"), "argument --from, coordinate 1: 'x' is not a number"),
        (("line", A1, "--from", "1,nan", "--to", "0,0"), "argument --from, coordinate 1: nan is not a finite number"),
        (("line", A1, "--from", "nowhere.npy", "--to", "0,0"), "nowhere.npy: No such file"),
        (("line", A1, "--from", "{}/bad.json", "--to", "0,0"), "bad.json: not a readable .json file"),
        (("line", A1, "--from", "{}/bad.npy", "--to", "0,0"), "bad.npy: not a readable .npy file"),
        (("line", A1, "--from", "{}/object.json", "--to", "0,0"), "a point is a list of numbers, not dict"),
        (("line", A1, "--from", "0,0", "--to", "1,1", "--output", "x.txt"), "x.txt: the extension must be .csv"),
        (("line", A1, "--from", "0,0", "--to", "1,1", "--output", "{}/no/x.csv"), "x.csv: the folder does not exist"),
        (("plane", A1, "--through", "-1,-1", "0,0", "2,2"), "A, B and C lie on a line"),
        (("plane", A1, "--through", "0,0", "0,1", "2,2,2"), "have 2, 2 and 3 coordinates"),
        (("plane", A1, "--through", "0,0,0", "0,1,0", "2,2,2"), "3 dimensions, the network has 2 inputs"),
        (("plane", A1, "--through", "0,0", "0,1", "1,0", "--output", "x.csv"), "must be one of .npz, .json"),
        (("plane", A1, "--domain", "{}/object.json", "--square"), "go with --through"),
        (
            ("plane", A1, "--domain", "{}/object.json", "--infinite"),
            'with --through; in a domain file write "bounded": ',
        ),
        (("plane", A1, "--through", "-1,-1", "0,0", "2,2", "--infinite"), "A, B and C lie on a line"),
        (("plane", A1, "--domain", "{}/half.json"), "no unbounded polyhedron"),
        (("plane", A1, "--domain", "{}/object.json"), "needs a domain of two dimensions"),
        (("plane", A1), "one of the arguments --through --domain is required"),
    ],
)
def test_bad_input_is_one_line(capsys, tmp_path, arguments, message):
    (tmp_path / "bad.json").write_text("[1, ")
    (tmp_path / "bad.npy").write_bytes(b"no array")
    (tmp_path / "object.json").write_text('{"segment": [[0, 0], [1, 1]]}')
    (tmp_path / "half.json").write_text('{"A": [[1, 0]], "b": [0]}')
    assert main([argument.format(tmp_path) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err

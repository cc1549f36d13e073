"""Parts of a domain and of a network: ``--around`` and ``--layers``."""

import json

import jsonschema
import numpy as np
import pytest

import polyregions as pr
from polyregions.cli import main
from tests.cli import schemas
from tests.cli.runner import A1, BOX, run_json

AROUND = ("--around", "0.25,-1/2", "--radius", "1/3")


def test_a_box_around_a_point(capsys, tmp_path):
    status, result = run_json(capsys, "count", A1, *AROUND)
    jsonschema.validate(result, schemas.COUNT)
    box = pr.Box.around([0.25, -0.5], "1/3")
    assert (status, result["domain"]) == (0, {"lower": ["-1/12", "-5/6"], "upper": ["7/12", "-1/6"]})
    assert result["count"] == int(pr.count(pr.load(A1), box))
    file = tmp_path / "point.npy"
    np.save(file, np.array([[0.25, -0.5]]))
    assert run_json(capsys, "count", A1, "--around", str(file), "--radius", "1/3")[1]["domain"] == result["domain"]


@pytest.mark.parametrize("command", ["count", "regions", "upper-bound", "bounds"])
def test_within_and_free(capsys, command):
    options = ("--around", "-0.25,-0.5", "--within", "-0.75", "1", "--free", "1")
    status, result = run_json(capsys, command, A1, *options)
    assert status == 0
    box = pr.Box.around([-0.25, -0.5], within=pr.Box(-0.75, 1), free=[1])
    if "domain" in result:
        assert result["domain"] == box.to_json() == {"lower": [-0.25, -0.75], "upper": [-0.25, 1]}
    if command == "count":
        assert result["count"] == pr.line(pr.load(A1), pr.Segment([-0.25, -0.75], [-0.25, 1])).count


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--around", "0,0"), "argument --around: needs --radius R, --within LO HI, or both"),
        ((*BOX, "--radius", "1"), "argument --radius: goes with --around POINT"),
        ((*BOX, "--free", "0"), "argument --free: goes with --around POINT"),
        ((*AROUND, "--free", "0-2"), "whole numbers from 0 to 1, not 2"),
        ((*AROUND, "--free", "1-0"), "ends before it begins"),
        ((*AROUND, "--free", "x"), "'x' is no coordinate such as 3"),
        ((*AROUND, "--within", "2", "3"), "coordinate 0 of the point is 1/4 and radius 1/3 and must lie within [2, 3]"),
        (("--around", "0,5", "--within", "-1", "1"), "coordinate 1 is 5, not within [-1, 1]; take another point, or"),
        (("--around", "0,x", "--radius", "1"), "argument --around, coordinate 1"),
        (("--around", "0,0,0", "--radius", "1"), "3 dimensions, the network has 2 inputs"),
        ((*AROUND, *BOX), "not allowed with argument --around"),
    ],
)
def test_bad_boxes_around(capsys, options, message):
    assert main(["count", A1, *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


def test_layers(capsys):
    status, result = run_json(capsys, "count", A1, *BOX, "--layers", "2")
    jsonschema.validate(result, schemas.COUNT)
    network, box = pr.load(A1), pr.Box(-1, 1)
    patterns = {region.pattern for region in pr.regions(network, box)}
    assert (status, result["count"]) == (0, len({pattern[1] for pattern in patterns}))
    assert result["network"] == pr.count(network, box).to_json()["network"] | {"layers": [2]}
    assert main(["regions", A1, *BOX, "--layers", "1", "--quiet"]) == 0
    assert len(set(capsys.readouterr().out.split())) == len({pattern[0] for pattern in patterns})
    assert main(["count", A1, *BOX, "--layers", "2"]) == 0
    out = capsys.readouterr().out
    assert f"{result['count']} regions by layer 2 only (exact)" in out
    assert "told apart by layer 2 only" in out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("count", A1, *BOX, "--layers", "3"), "the network has no layer 3 to count: they go by number, 1 to 2"),
        (("count", A1, *BOX, "--layers", "1,"), "no layer ''"),
        (("count", A1, *BOX, "--layers", "1", "--definition", "all"), "goes with --definition regions and patterns"),
        (("count", A1, *BOX, "--layers", "1", "--certificate", "c"), "no certificate of the patterns of chosen layers"),
        (("regions", A1, *BOX, "--layers", "1", "--output", "r.npz"), "printed, not written to a file"),
    ],
)
def test_bad_layers(capsys, command, message):
    assert main(list(command)) == 2
    assert message in capsys.readouterr().err


def test_domain_reads_back(capsys, tmp_path):
    domain = run_json(capsys, "count", A1, *AROUND)[1]
    file = tmp_path / "domain.json"
    file.write_text(json.dumps(domain["domain"]))
    assert run_json(capsys, "count", A1, "--domain", str(file))[1]["count"] == domain["count"]

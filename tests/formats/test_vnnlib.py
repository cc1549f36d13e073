"""VNN-LIB properties as domains, and instances of VNN-COMP on the command line."""

from fractions import Fraction
from pathlib import Path

import pytest

import polyregions as pr
from polyregions.cli import main
from polyregions.errors import DomainError, EmptyDomainError, FormatError, UnboundedDomainError
from polyregions.formats.vnnlib import load_vnnlib, vnnlib_boxes
from tests.cli.runner import run_json

DATA = Path(__file__).parents[1] / "data" / "vnncomp"
HEAD = "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real)\n"
UNIT = "(assert (>= X_0 0)) (assert (<= X_0 1)) (assert (>= X_1 0)) (assert (<= X_1 1))"


@pytest.fixture
def boxes(tmp_path):
    def read(text, head=HEAD):
        path = tmp_path / "prop.vnnlib"
        path.write_text(head + text)
        return vnnlib_boxes(path)

    return read


class TestBoxes:
    def test_decimals_are_exact(self):
        box = load_vnnlib(DATA / "acas_like.vnnlib")
        assert box.upper[0] == Fraction(679857769, 10**9)
        assert box == pr.Box(["-0.6", -0.5, -0.5, "-0.45", -0.5], ["0.679857769", 0.5, 0.5, 0.5, "0.45"])

    @pytest.mark.parametrize(
        "text",
        [
            UNIT,
            UNIT + "; (assert (<= X_0 0.5))\n",
            "(assert (and (<= 0 X_0) (>= 1 X_0))) (assert (and (>= X_1 0.0) (<= X_1 1e0)))",
            UNIT + "(assert (<= X_0 3)) (assert (>= X_1 (- 2)))",
            UNIT + "(assert (or (and (<= Y_0 1) (>= Y_0 0)) (>= Y_0 Y_0)))",
            UNIT + "(assert (or (and (<= X_0 1) (<= Y_0 1)) (and (<= X_0 1) (>= Y_0 7))))",
            "(set-logic LRA)" + UNIT + "(check-sat)",
        ],
    )
    def test_ways_to_write_one_box(self, boxes, text):
        assert boxes(text) == [pr.Box([0, 0], [1, 1])]

    def test_several_boxes(self, boxes, tmp_path):
        either = "(assert (or (and (<= X_0 0.5) (<= Y_0 1)) (and (>= X_0 0.5) (<= X_1 (/ 1 3)))))"
        expected = [pr.Box([0, 0], ["1/2", 1]), pr.Box(["1/2", 0], [1, "1/3"])]
        assert boxes(UNIT + either) == expected
        with pytest.raises(DomainError, match=r"prop\.vnnlib: the property is about 2 boxes .*vnnlib_boxes") as caught:
            load_vnnlib(tmp_path / "prop.vnnlib")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("(assert (<= X_0 1))", UnboundedDomainError, "X_0 has no lower bound"),
        (UNIT.replace("(assert (<= X_1 1))", ""), UnboundedDomainError, "X_1 has no upper bound"),
        (UNIT + "(assert (>= X_1 2))", EmptyDomainError, "coordinate 1 has lower bound 2 above"),
        (UNIT + "(assert (<= X_0 X_1))", FormatError, r"\(<= X_0 X_1\) is no bound of one input"),
        (UNIT + "(assert (<= (+ X_0 X_1) 1))", FormatError, r"\(<= \(\+ X_0 X_1\) 1\) is no bound"),
        (UNIT + "(assert (not (<= X_0 1)))", FormatError, "is no bound of one input"),
        (UNIT + "(assert (<= X_0 Y_0))", FormatError, "Y_0 is no number"),
        (UNIT + "(assert (<= X_0 nan))", FormatError, "nan is no number"),
        (UNIT + "(assert (<= X_2 1))", FormatError, "X_2 is not declared; there are 2 inputs"),
        (UNIT + "(assert (<= X_0 1)", FormatError, "a parenthesis is not closed"),
        ("(" * 100_000, FormatError, "nested more than 100 deep"),
        (UNIT + ")", FormatError, "closed that was not opened"),
        (UNIT + "(vnnlib-version <2.0>)", FormatError, r"\(vnnlib-version <2\.0>\) is no command of VNN-LIB 1\.0"),
        (UNIT + "(assert (or (<= X_0 1) (<= X_0 .5)))" * 5 + "x", FormatError, "x is no command"),
        (
            UNIT + "".join(f"(assert (or (<= X_0 .{i}1) (<= X_1 .{i}2)))" for i in range(10, 30)),
            FormatError,
            "more than 10,000",
        ),
    ],
)
def test_refusals(boxes, text, error, match):
    with pytest.raises(error, match=r"prop\.vnnlib: .*" + match) as caught:
        boxes(text)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_no_property(boxes, tmp_path):
    with pytest.raises(FormatError, match="declares no input"):
        boxes("", head="")
    with pytest.raises(FormatError, match=r"absent\.vnnlib: No such file"):
        vnnlib_boxes(tmp_path / "absent.vnnlib")


class TestCommandLine:
    def test_an_instance_runs_unchanged(self, capsys):
        pytest.importorskip("onnx")
        arguments = ["--domain", str(DATA / "acas_like.vnnlib"), "--time-limit", "100", "--quiet"]
        results = [
            run_json(capsys, "count", str(DATA / f"acas_like.{suffix}"), *arguments)
            for suffix in ("onnx", "nnet", "npz")
        ]
        assert [(status, result["count"]) for status, result in results] == [(0, 262)] * 3
        assert len({result["network"]["sha256"] for _, result in results}) == 1
        assert results[0][1]["domain"]["upper"][4] == "9/20"

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            (HEAD + "(assert (<= X_0 1))", "X_0 has no lower bound; give it one"),
            (HEAD + UNIT, "the box lies in a space of 2 dimensions, the network has 5 inputs"),
            ("(", "no VNN-LIB file, or a damaged one: a parenthesis is not closed"),
        ],
    )
    def test_bad_properties(self, capsys, tmp_path, text, reason):
        path = tmp_path / "prop.vnnlib"
        path.write_text(text)
        assert main(["count", str(DATA / "acas_like.npz"), "--domain", str(path)]) == 2
        captured = capsys.readouterr()
        assert captured.err == f"polyregions: error: {path}: {reason}\n"
        assert captured.out == ""

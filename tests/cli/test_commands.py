"""Each command's result, its JSON against a schema, and its exit status."""

import json
from dataclasses import replace

import jsonschema
import pytest

import polyregions as pr
from polyregions.cli import main
from polyregions.commands.demo import explanation
from polyregions.cross_checking import Difference
from polyregions.formats.npz import save_npz
from tests.cli import schemas
from tests.cli.runner import A1, A2, BOX, run_apart, run_code, run_json


@pytest.fixture
def orthants(tmp_path):
    """A net whose units are x, y and -x: 4 regions; 6 patterns on [-1, 1]^2, where x = 0 has patterns of its own."""
    path = tmp_path / "orthants.npz"
    weights = [[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], [[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]]]
    save_npz(pr.Network.from_arrays(weights, [[0.0, 0.0, 0.0], [-1.0, -3.5]]), path)
    return str(path)


# ---------------------------------------------------------------------------------------------------------------
# count
# ---------------------------------------------------------------------------------------------------------------


def test_count(capsys):
    status, result = run_json(capsys, "count", A1, *BOX)
    jsonschema.validate(result, schemas.COUNT)
    assert status == 0
    assert (result["count"], result["status"], result["definition"], result["method"]) == (
        478,
        "exact",
        "regions",
        "split",
    )
    assert result["domain"] == {"lower": -1, "upper": 1}
    assert result["network"]["hidden"] == [16, 16]


@pytest.fixture
def hourglass(tmp_path):
    """relu(|x| - |y|), whose two flat pieces meet in a point: 13 patterns, 8 regions, 6, 5 and 5."""
    path = tmp_path / "hourglass.npz"
    weights = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], [[1.0, 1.0, -1.0, -1.0]], [[1.0]]]
    save_npz(pr.Network.from_arrays(weights, [[0.0] * 4, [0.0], [0.0]]), path)
    return str(path)


def test_every_definition_at_once(capsys, hourglass):
    status, result = run_json(capsys, "count", hourglass, *BOX, "--definition", "all")
    jsonschema.validate(result, schemas.COUNT_ALL)
    assert status == 0
    assert [count["count"] for count in result["counts"].values()] == [13, 8, 6, 5, 5]
    assert main(["count", hourglass, *BOX, "--definition", "all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "linear    6 linear regions (exact)"


def test_every_definition_stopped_early(capsys, hourglass):
    limits = ("--definition", "all", "--max-regions", "3")
    status, result = run_json(capsys, "count", hourglass, *BOX, *limits)
    jsonschema.validate(result, schemas.COUNT_ALL)
    assert status == 3
    for count, exact in zip(result["counts"].values(), [13, 8, 6, 5, 5], strict=True):
        assert (count["status"], count["count"]) == ("bracket", None)
        assert count["lower"] <= exact <= count["upper"]


@pytest.mark.parametrize(("definition", "expected"), [("linear", 6), ("closed", 5), ("affine", 5)])
def test_joined_definitions(capsys, hourglass, definition, expected):
    status, result = run_json(capsys, "count", hourglass, *BOX, "--definition", definition)
    jsonschema.validate(result, schemas.COUNT)
    assert (status, result["count"], result["definition"]) == (0, expected, definition)
    assert main(["count", hourglass, *BOX, "--definition", definition]) == 0
    assert f"  definition  {definition} (" in capsys.readouterr().out


@pytest.mark.parametrize("definition", ["linear", "all"])
def test_no_certificate_of_regions_put_together(capsys, hourglass, tmp_path, definition):
    path = tmp_path / "count.cert"
    assert main(["count", hourglass, *BOX, "--definition", definition, "--certificate", str(path)]) == 2
    assert "certificate" in capsys.readouterr().err
    assert not path.exists()


def test_count_for_people(capsys):
    assert main(["count", A1, *BOX]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("478 regions (exact)\n")
    for text in ("2-16-16-1", "[-1, 1]^2", "by the float filter"):
        assert text in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(("definition", "expected"), [("regions", 4), ("patterns", 6)])
@pytest.mark.parametrize("method", ["split", "milp"])
def test_definitions_and_methods(capsys, orthants, definition, expected, method):
    status, result = run_json(capsys, "count", orthants, *BOX, "--definition", definition, "--method", method)
    jsonschema.validate(result, schemas.COUNT)
    assert status == 0
    assert (result["count"], result["definition"], result["method"]) == (expected, definition, method)


def test_include_output(capsys, orthants):
    status, result = run_json(capsys, "count", orthants, *BOX, "--include-output")
    # The first output, |x| + relu(y) - 1, cuts the two quadrants with y > 0 only; the second is negative everywhere.
    assert (status, result["count"]) == (0, 6)
    assert result["network"]["include_output"] is True
    assert result["network"]["hidden"] == [3, 2]


@pytest.mark.parametrize(
    ("box", "domain"),
    [
        (("-1/3", "1/3"), {"lower": "-1/3", "upper": "1/3"}),
        (("-1e-1", "0.1"), {"lower": -0.1, "upper": 0.1}),
        (("-.5", "+2"), {"lower": -0.5, "upper": 2}),
        (("-3", "-2"), {"lower": -3, "upper": -2}),
    ],
)
def test_box_numbers(capsys, orthants, box, domain):
    status, result = run_json(capsys, "count", orthants, "--box", *box)
    assert status == 0
    assert result["domain"] == domain


def test_options_may_come_before_the_network(capsys, orthants):
    assert main(["count", "--box", "-1/2", "1", "--quiet", orthants]) == 0
    assert capsys.readouterr().out.startswith("4 regions")


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ({"lower": [-1, 0], "upper": ["1/3", 0.5]}, 2),
        ({"A": [[-1, 0], [0, -1], [1, 1]], "b": [1, 1, 1]}, 4),
        ({"segment": [[-1, -2], [1, "1/3"]]}, 3),
        ({"plane": {"origin": [-1, -1], "u": [1, 0], "v": [0, 2]}}, 2),
    ],
)
def test_domain_files(capsys, tmp_path, orthants, domain, expected):
    file = tmp_path / "domain.json"
    file.write_text("\ufeff" + json.dumps(domain), encoding="utf-8")
    status, result = run_json(capsys, "count", orthants, "--domain", str(file))
    assert (status, result["count"]) == (0, expected)
    assert result["domain"] == domain
    # The result's domain is a domain file again.
    file.write_text(json.dumps(result["domain"]))
    assert run_json(capsys, "count", orthants, "--domain", str(file))[1]["count"] == expected


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ({"lower": [-1, 0], "upper": ["1/3", 0.5]}, "box [-1, 1/3] x [0, 0.5], from {}"),
        ({"lower": -1, "upper": 1}, "box [-1, 1]^2, from {}"),
        ({"segment": [[-1, -2], [1, "1/3"]]}, "segment from (-1, -2) to (1, 1/3), from {}"),
        (
            {"plane": {"origin": [-1, -1], "u": [1, 0], "v": [0, 2]}},
            "parallelogram (-1, -1) + s (1, 0) + t (0, 2), from {}",
        ),
        ({"A": [[-1, 0], [0, -1], [1, 1]], "b": [1, 1, 1]}, "polytope of 3 inequalities in 2 dimensions, from {}"),
        ({"segment": [[f"-1/{10**40}", -2], [1, f"1/{10**41}"]]}, "segment in 2 dimensions, from {}"),
    ],
)
def test_the_domain_for_people(capsys, tmp_path, orthants, domain, text):
    file = tmp_path / "domain.json"
    file.write_text(json.dumps(domain))
    assert main(["count", orthants, "--domain", str(file)]) == 0
    assert f"  domain      {text.format(file)}\n" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["count", "regions"])
@pytest.mark.parametrize("cells", ["auto", "vertex", "lp"])
def test_cells(capsys, orthants, command, cells):
    status, result = run_json(capsys, command, orthants, *BOX, "--cells", cells)
    assert (status, result["count"], result["status"]) == (0, 4, "exact")


@pytest.mark.parametrize("command", ["count", "regions", "cross-check"])
def test_workers(capsys, orthants, command):
    status, result = run_json(capsys, command, orthants, "--box", "-1", "1", "--workers", "2")
    result = result["split"] if command == "cross-check" else result
    assert (status, result["count"], result["stats"]["workers"]) == (0, 4, 2)


def test_cells_are_those_of_the_counter():
    from polyregions.commands import options
    from polyregions.splitting.choice import CELLS

    assert options.CELLS == CELLS


@pytest.mark.parametrize("limit", [("--time-limit", "0"), ("--time-limit", "0.3"), ("--max-regions", "100")])
def test_limits_end_in_a_bracket_that_contains_the_truth(capsys, limit):
    # LP cells take seconds.
    status, result = run_json(capsys, "count", A2, *BOX, "--cells", "lp", *limit)
    jsonschema.validate(result, schemas.COUNT)
    assert (status, result["status"]) == (3, "bracket")
    assert result["lower"] <= 3404 <= result["upper"]
    assert "limit" in result["stats"]["stopped"]


@pytest.mark.parametrize(
    ("text", "shown"), [("100", "100 bytes"), ("1.5K", "1.5 KiB"), ("2M", "2 MiB"), ("1MiB", "1 MiB")]
)
@pytest.mark.parametrize("command", ["count", "regions", "cross-check"])
def test_memory_limit(capsys, command, text, shown):
    status, result = run_json(capsys, command, A1, *BOX, "--memory-limit", text)
    result = result["split"] if command == "cross-check" else result
    assert (status, result["status"]) == (3, "bracket")
    assert result["stats"]["stopped"].startswith(f"memory limit of {shown}, of which the process holds ")
    assert result["lower"] <= 478 <= result["upper"]


def test_a_memory_limit_that_is_not_reached(capsys):
    assert run_json(capsys, "count", A1, *BOX, "--memory-limit", "100g")[1]["count"] == 478


def test_a_bracket_for_people(capsys):
    assert main(["count", A2, *BOX, "--max-regions", "5"]) == 3
    assert capsys.readouterr().out.startswith("between 5 and ")


def test_progress_goes_to_standard_error_unless_quiet(capsys, monkeypatch):
    monkeypatch.setattr("polyregions.progress.DELAY", 0.0)
    assert main(["count", A1, *BOX, "--cells", "lp", "--json"]) == 0
    captured = capsys.readouterr()
    json.loads(captured.out)
    assert "found" in captured.err
    assert "at most" in captured.err
    assert main(["count", A1, *BOX, "--cells", "lp", "--json", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


# ---------------------------------------------------------------------------------------------------------------
# regions
# ---------------------------------------------------------------------------------------------------------------


def test_regions(capsys, orthants):
    assert main(["regions", orthants, *BOX]) == 0
    captured = capsys.readouterr()
    assert sorted(captured.out.split()) == ["001", "011", "100", "110"]
    assert captured.err == "4 regions (exact)\n"


def test_regions_json(capsys, orthants):
    status, result = run_json(capsys, "regions", orthants, *BOX, "--definition", "patterns")
    jsonschema.validate(result, schemas.REGIONS)
    assert status == 0
    assert sorted(result["regions"]) == ["000", "001", "010", "011", "100", "110"]


def test_regions_stopped_early(capsys):
    status, result = run_json(capsys, "regions", A1, *BOX, "--max-regions", "7")
    jsonschema.validate(result, schemas.REGIONS)
    assert (status, len(result["regions"]), result["lower"]) == (3, 7, 7)


# ---------------------------------------------------------------------------------------------------------------
# cross-check, demo, solvers
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("definition", "expected"), [("regions", 4), ("patterns", 6)])
def test_cross_check(capsys, orthants, definition, expected):
    status, result = run_json(capsys, "cross-check", orthants, *BOX, "--definition", definition)
    jsonschema.validate(result, schemas.CROSS_CHECK)
    assert status == 0
    assert result["agree"] is True
    assert (result["split"]["count"], result["milp"]["count"]) == (expected, expected)
    assert main(["cross-check", orthants, *BOX, "--definition", definition]) == 0
    assert "same set of patterns" in capsys.readouterr().out


def test_cross_check_stopped_early(capsys):
    status, result = run_json(capsys, "cross-check", A2, *BOX, "--time-limit", "1e-6")
    jsonschema.validate(result, schemas.CROSS_CHECK)
    assert (status, result["agree"], result["complete"]) == (3, None, False)
    assert main(["cross-check", A2, *BOX, "--time-limit", "0"]) == 3
    out = capsys.readouterr().out
    assert "whether the methods agree is open" in out
    assert "DISAGREE" not in out


@pytest.mark.parametrize("command", ["cross-check", "demo"])
def test_help_says_that_each_counter_has_its_own_time(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "stop each of the two counters, one after the other," in " ".join(capsys.readouterr().out.split())


def test_a_difference_is_a_failed_claim(capsys, monkeypatch, orthants):
    network, box = pr.load(orthants), pr.Box(-1, 1)
    counts = pr.count(network, box), pr.count(network, box, method="milp", max_regions=3)
    differences = tuple(Difference(((1, 1, i % 2),), "split", "the milp counter missed it") for i in range(12))
    monkeypatch.setattr("polyregions.cross_checking.cross_check", lambda *a, **k: pr.CrossCheck(*counts, differences))
    status, result = run_json(capsys, "cross-check", orthants, *BOX)
    jsonschema.validate(result, schemas.CROSS_CHECK)
    assert status == 1
    assert (result["agree"], result["complete"]) == (False, False)
    assert len(result["differences"]) == 12
    assert main(["cross-check", orthants, *BOX]) == 1
    out = capsys.readouterr().out
    assert "THE METHODS DISAGREE on 12 patterns" in out
    assert "  111 found by split only: the milp counter missed it" in out
    assert "and 2 more" in out


def test_demo_for_people(capsys):
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    for text in ("64 inputs", "regions (exact)", "4,096", "Proof: ", "float filter", "same set of patterns"):
        assert text in out
    assert max(map(len, out.splitlines())) <= 100


def test_demo_stopped_early(capsys):
    assert main(["demo", "--time-limit", "0", "--quiet"]) == 3
    captured = capsys.readouterr()
    assert "(bracket: time limit of 0 s)" in captured.out
    assert "stopped early" in captured.out
    assert "Proof" not in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(("exact", "text"), [(0, "none was too close for it"), (7, "and the 7 too close for it")])
def test_demo_says_whether_exact_arithmetic_was_needed(exact, text):
    box = pr.Box(-1, 1)
    count = pr.count(pr.load(A1), box, max_regions=1)
    stats = {"decisions_by_filter": 1000, "decisions_by_exact": exact}
    done = replace(count, status=pr.Status.EXACT, stats=stats)
    bounds = {"patterns": 2**32, "architecture": 1000}
    told = " ".join(" ".join(explanation(pr.CrossCheck(done, done, ()), bounds)).split())
    assert "Proof: 1,000 decisions" in told
    assert text in told
    stopped = replace(count, stats={**stats, "stopped": "time limit of 1 s"})
    told = " ".join(" ".join(explanation(pr.CrossCheck(stopped, stopped, ()), bounds)).split())
    assert "So far: 1,000 decisions" in told


def test_demo(capsys):
    status, result = run_json(capsys, "demo", "--quiet")
    jsonschema.validate(result, schemas.DEMO)
    assert status == 0
    assert result["agree"] is True
    assert result["split"]["status"] == "exact"
    assert 0 < result["split"]["count"] <= result["bounds"]["architecture"] <= result["bounds"]["patterns"] == 2**12


def test_solvers(capsys):
    status, result = run_json(capsys, "solvers")
    jsonschema.validate(result, schemas.SOLVERS)
    assert status == 0
    by_name = {entry["name"]: entry for entry in result["solvers"]}
    assert by_name["highs"]["installed"]
    assert by_name["highs"]["lp"]
    assert not by_name["cbc"]["lp"]
    assert by_name["copt"]["remedy"] == "pip install coptpy or install COPT"
    assert main(["solvers"]) == 0
    table, others = capsys.readouterr().out.split("\n\n")
    names = [line.split()[0] for line in table.splitlines()[1:]]
    assert names[0] == "highs"
    assert set(names) == {name for name, entry in by_name.items() if entry["installed"]}
    title, *others = others.splitlines()
    assert title.startswith("not installed")
    assert {line.split()[0] for line in others} == set(by_name) - set(names)
    assert max(map(len, others)) <= 80


# ---------------------------------------------------------------------------------------------------------------
# the program
# ---------------------------------------------------------------------------------------------------------------


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_info:
        main(["--version"])
    assert exit_info.value.code == 0
    assert capsys.readouterr().out == f"polyregions {pr.__version__}\n"


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["count", "--help"], ["cross-check", "--help"]])
def test_help_and_version_do_without_numpy(arguments):
    code = (
        "import sys; from polyregions.entry import main\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "try: main()\nfinally: print('numpy' in sys.modules, file=sys.stderr)"
    )
    done = run_code(code)
    assert (done.returncode, done.stderr) == (0, "False\n")


def test_json_is_the_only_thing_on_standard_output():
    done = run_apart("cross-check", A1, "--box", "-1/8", "1/8", "--json")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    jsonschema.validate(json.loads(done.stdout), schemas.CROSS_CHECK)


def test_what_a_solver_prints_does_not_reach_standard_output():
    code = (
        "import os, sys, polyregions.counting as c; from polyregions.cli import main; real = c.count\n"
        "def noisy(*a, **k):\n    print('banner', flush=True); os.write(1, b'log'); return real(*a, **k)\n"
        f"c.count = noisy; sys.exit(main(['count', {A1!r}, '--box', '0', '1/8', '--json']))"
    )
    done = run_code(code)
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "exact"
    assert "banner" in done.stderr
    assert "log" in done.stderr


def test_a_bug_is_not_taken_for_bad_input(monkeypatch, orthants):
    def broken(*args, **kwargs):
        raise ValueError("a bug")

    monkeypatch.setattr("polyregions.counting.count", broken)
    with pytest.raises(ValueError, match="a bug"):
        main(["count", orthants, *BOX])


def test_an_upper_bound_of_any_length_is_printed(capsys, monkeypatch, orthants):
    network = pr.load(orthants)
    bracket = pr.count(network, pr.Box(-1, 1), max_regions=1)
    monkeypatch.setattr("polyregions.counting.count", lambda *a, **k: replace(bracket, upper=10**5000))
    status, result = run_json(capsys, "count", orthants, *BOX)
    assert (status, result["upper"]) == (3, 10**5000)
    assert main(["count", orthants, *BOX]) == 3
    assert "between 1 and 1.0e5000 regions" in capsys.readouterr().out


def test_whole_space(capsys, tmp_path, orthants):
    status, result = run_json(capsys, "count", orthants, "--space")
    jsonschema.validate(result, schemas.COUNT)
    assert (status, result["count"], result["domain"]) == (0, 4, {"space": True})
    path = tmp_path / "line.json"
    path.write_text('{"line": {"point": [0, 1], "direction": [1, 0]}}')
    status, result = run_json(capsys, "count", orthants, "--domain", str(path), "--definition", "patterns")
    assert (status, result["count"], result["domain"]) == (0, 3, json.loads(path.read_text()))
    assert main(["count", orthants, "--space"]) == 0
    assert "the whole space R^2" in capsys.readouterr().out
    assert main(["bounds", orthants, "--space"]) == 0
    assert capsys.readouterr().out.startswith("at most 7 regions")
    (tmp_path / "space.json").write_text('{"space": true}')
    for command in (
        ["count", "--method", "milp", "--space"],
        ["cross-check", "--domain", str(tmp_path / "space.json")],
    ):
        assert main([*command, orthants]) == 2
        assert "whole space" in capsys.readouterr().err
    certificate = str(tmp_path / "space.cert")
    assert main(["count", orthants, "--space", "--certificate", certificate]) == 2
    assert "not bounded" in capsys.readouterr().err

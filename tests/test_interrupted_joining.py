"""Ctrl-C while what was found is put together: the work is left out, and what is known stays."""

import json
import signal

import jsonschema
import pytest

import polyregions as pr
from polyregions import enumeration, joining
from polyregions.cli import main
from polyregions.joining import linear_regions
from tests.cli import schemas
from tests.nets import DATA

A1 = str(DATA / "nets" / "A1_2d_16x2.npz")
NETWORK, BOX, EXACT = pr.load(A1), pr.Box(-1, 1), 478
JOINED = ("linear", "closed", "affine")


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Progress is reported at every step."""
    monkeypatch.setattr(enumeration, "_PROGRESS_INTERVAL", 0.0)
    monkeypatch.setattr(enumeration, "_PROGRESS_COST", 0)


class Press:
    """A progress callback that sends a signal at some reports of the search and of what follows it."""

    def __init__(self, *, search=(), stage=(1,), number=signal.SIGINT):
        self.wanted, self.number = {False: search, True: stage}, number
        self.calls = {False: 0, True: 0}
        self.stages = []

    def __call__(self, progress):
        after = bool(progress.stage)
        self.calls[after] += 1
        self.stages += [progress.stage] if after else []
        if self.calls[after] in self.wanted[after]:
            signal.raise_signal(self.number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("definition", JOINED)
def test_a_signal_after_the_search_leaves_maps_uncompared(definition, number):
    before = signal.getsignal(number)
    press = Press(number=number)
    result = pr.count(NETWORK, BOX, definition=definition, progress=press)
    assert (result.lower, result.upper, result.status) == (1, EXACT, pr.Status.BRACKET)
    assert (result.stats["stopped"], result.stats["regions"]) == (f"stopped by {number.name}", EXACT)
    assert result.interrupted
    assert press.stages == ["comparing their affine maps; Ctrl-C leaves this out"]
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("at", [2, 3, 5])
def test_a_later_signal_keeps_the_bracket_true(at):
    exact = int(pr.count(NETWORK, BOX, definition="closed"))
    result = pr.count(NETWORK, BOX, definition="closed", progress=Press(stage=(at,)))
    assert 1 <= result.lower <= exact <= result.upper <= EXACT


def test_a_second_signal_leaves_out_what_the_first_one_would_have_waited_for():
    press = Press(search=(60,), stage=(1,))
    results = pr.count_all(NETWORK, BOX, cells="lp", progress=press)
    found = results["regions"].lower
    assert 0 < found < EXACT
    assert press.stages == ["stopped by SIGINT; comparing their affine maps; Ctrl-C leaves this out"]
    for definition in JOINED:
        assert (results[definition].lower, results[definition].upper) == (1, results["regions"].upper)
    assert results["patterns"].stats["stopped"] == "not started: interrupted before"


def test_a_signal_before_the_points_of_an_unbounded_domain_are_ready(monkeypatch):
    monkeypatch.setattr(joining, "_compared", lambda *_: signal.raise_signal(signal.SIGINT))
    result = pr.count(NETWORK, pr.Space(), definition="affine", max_regions=100)
    assert (result.lower, result.stats["regions"], result.interrupted) == (1, 100, True)
    graph = pr.region_graph(NETWORK, pr.Space(), max_regions=100)
    assert (graph.number_of_nodes(), graph.graph["complete"]) == (100, False)


def test_a_signal_after_a_limit():
    result = pr.count(NETWORK, BOX, definition="linear", max_regions=100, progress=Press())
    assert (result.lower, result.stats["regions"], result.interrupted) == (1, 100, True)
    assert result.stats["stopped"] == "limit of 100 regions"


def test_after_an_interrupt_every_region_is_a_piece_of_its_own():
    for definition in JOINED:
        pieces = linear_regions(NETWORK, BOX, definition=definition, progress=Press())
        assert len(pieces) == EXACT
        assert pieces.total.upper == EXACT
        assert pieces.total.status is pr.Status.BRACKET


def test_an_interrupted_graph_has_its_regions_and_says_that_edges_are_missing():
    graph = pr.region_graph(NETWORK, BOX, progress=Press())
    assert (graph.number_of_nodes(), graph.number_of_edges(), graph.graph["complete"]) == (EXACT, 0, False)


@pytest.mark.parametrize("definition", ["linear", "all"])
def test_the_command_prints_what_there_is(capsys, monkeypatch, definition):
    press = Press(stage=(1,))
    monkeypatch.setattr("polyregions.progress.ProgressMeter.__call__", lambda meter, progress: press(progress))
    assert main(["count", A1, "--box", "-1", "1", "--definition", definition, "--json", "--quiet"]) == 3
    out, err = capsys.readouterr()
    result = json.loads(out)
    jsonschema.validate(result, schemas.COUNT_ALL if definition == "all" else schemas.COUNT)
    linear = result["counts"]["linear"] if definition == "all" else result
    assert (linear["lower"], linear["upper"], linear["stats"]["regions"], err) == (1, EXACT, EXACT, "")

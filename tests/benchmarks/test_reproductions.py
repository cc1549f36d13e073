"""What the reproductions share: arguments, epochs to measure at, means, the table of claims."""

import csv
from fractions import Fraction

import numpy as np
import pytest
import training
from reproductions import experiment as shared
from reproductions.experiment import Claim, Experiment, called, milestones, summary, three_classes

import polyregions as pr


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (1, [0, 1]),
        (4, [0, 1, 2, 3, 4]),
        (20, [0, 1, 2, 3, 5, 7, 10, 15, 20]),
        (31, [0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 31]),
    ],
)
def test_milestones_have_the_first_the_last_and_ever_fewer_between(epochs, expected):
    assert milestones(epochs) == expected


def test_summary_has_means_and_standard_errors_by_group():
    rows = [{"a": 1, "v": 2}, {"a": 2, "v": 7}, {"a": 1, "v": 4}, {"a": 1, "v": 9}]
    found = summary(rows, ["a"], "v")
    assert list(found) == [(1,), (2,)]
    assert found[(1,)] == pytest.approx((5, np.std([2, 4, 9], ddof=1) / 3**0.5))
    assert found[(2,)] == (7, 0)


def test_networks_are_called_by_their_layers():
    assert called([784, 64, 64, 10]) == "784-[64]*2-10"
    assert called([2, 4, 5, 1]) == "2-4-5-1"


def test_three_classes_are_those():
    labels = np.array([5, 2, 0, 1, 0])
    images = shared.Images("made up", np.eye(5), labels, np.eye(5), labels)
    for seed in range(5):
        examples = three_classes(images, np.random.default_rng(seed))
        assert [labels[np.argmax(x)] for x in examples] == [0, 1, 2]


def test_arguments(tmp_path):
    defaults = {"runs": 7, "epochs": 9}
    found = Experiment.start("a/lines.py", "Title.", ["--output", str(tmp_path / "new")], **defaults)
    assert (found.name, found.runs, found.epochs, found.seed, found.smoke) == ("lines", 7, 9, 0, False)
    assert found.folder.is_dir()
    found = Experiment.start("lines.py", "", ["--smoke", "--output", str(tmp_path)], **defaults)
    assert (found.runs, found.epochs) == (1, 1)
    found = Experiment.start(
        "lines.py",
        "",
        ["--smoke", "--runs", "3", "--epochs", "2", "--seed", "5", "--output", str(tmp_path)],
        **defaults,
    )
    assert (found.runs, found.epochs, found.seed) == (3, 2, 5)


@pytest.mark.parametrize(
    "arguments", [["--runs", "0"], ["--epochs", "-1"], ["--runs", "many"], ["--sed", "1", "--mnist"]]
)
def test_bad_arguments_end_in_one_line(arguments, capsys):
    with pytest.raises(SystemExit) as error:
        Experiment.start("lines.py", "", arguments, runs=1)
    assert error.value.code == 2
    assert "lines.py: error:" in capsys.readouterr().err


def test_files_and_claims(tmp_path, capsys):
    experiment = Experiment.start("lines.py", "", ["--output", str(tmp_path)], runs=1)
    experiment.write([{"n": 1, "count": 2}, {"n": 2, "count": 5}])
    with (tmp_path / "lines.csv").open() as file:
        assert [row["count"] for row in csv.DictReader(file)] == ["2", "5"]
    experiment.claim("more is more", paper="yes", ours="5 > 2", seen=np.bool_(True))
    experiment.claim("less is more", paper="yes", ours="2 < 5", seen=False, theorem=True)
    assert [claim.seen for claim in experiment.claims] == [True, False]
    printed = capsys.readouterr().out
    assert "seen: more is more\n    paper: yes\n    ours:  5 > 2" in printed
    assert "NOT seen: less is more" in printed


def test_an_epoch_of_a_given_size_has_each_input_equally_often(monkeypatch):
    seen = []
    gradients = training._gradients

    def spy(weights, biases, inputs, targets):
        seen.extend(inputs[:, 0])
        return gradients(weights, biases, inputs, targets)

    monkeypatch.setattr(training, "_gradients", spy)
    inputs = np.arange(7.0)[:, None]
    training.train([1, 2, 2], inputs, np.arange(7) % 2, epochs=1, seed=0, epoch_size=25, batch=4)
    times = np.bincount(np.array(seen, dtype=int), minlength=7)
    assert times.sum() == 25
    assert set(times) == {3, 4}
    assert seen != sorted(seen)


@pytest.fixture
def programs(monkeypatch):
    """The programs import each other as when one of them is run."""
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(shared.__file__).parent))


def test_the_table_of_all_claims(programs):
    from reproductions.run_all import table

    lines = table({"lines": [Claim("a | b", "1", "2", True), Claim("c", "3", "4", False)]}).splitlines()
    assert lines[2] == r"| `lines` | a \| b | 1 | 2 | seen |"
    assert lines[3] == "|  | c | 3 | 4 | **not seen** |"


@pytest.mark.parametrize("units", [2, 3])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_sawtooth_goes_up_and_down(programs, units, n):
    from reproductions.sawtooth import mirror_network, noisy

    network = mirror_network(n, units)
    assert sum(network.widths) == units * n
    assert pr.line(network, pr.Segment([0], [1])).num_linear == 2**n
    teeth = network(np.arange(2**n + 1)[:, None] / 2**n)[:, 0]
    assert teeth.tolist() == [float(i % 2) for i in range(2**n + 1)]
    assert noisy(network, 0.0, np.random.default_rng(0)) == network
    changed = noisy(network, 0.1, np.random.default_rng(0))
    assert all((a != b).all() for a, b in zip(changed.weights, network.weights, strict=True))


def test_biases_are_multiplied_exactly(programs):
    from reproductions.zero_bias import with_biases

    network = pr.Network.random([2, 3, 1], seed=0)
    scaled = with_biases(network, 2.0**-10)
    for before, after in zip(network.biases, scaled.biases, strict=True):
        assert [Fraction(b) / 1024 for b in before] == [Fraction(b) for b in after]
    assert with_biases(network, 1.0) == network

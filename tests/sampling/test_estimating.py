"""estimate and lower_bound as a user calls them."""

import math
from dataclasses import replace

import numpy as np
import pytest

import polyregions as pr
from polyregions.definition import Definition
from polyregions.errors import ArgumentError, ArgumentTypeError
from polyregions.exact.restriction import Restriction
from polyregions.sampling.probe import Probe
from polyregions.sampling.probing import Probing
from tests.nets import NPZ_COUNTS, npz
from tests.strategies import of_known

A1, BOX = of_known(npz("A1_2d_16x2"))


def known(name):
    return (*of_known(npz(name)), NPZ_COUNTS[name][1])


@pytest.mark.parametrize(("name", "runs"), [("A1_2d_16x2", 25), ("B9_8d_8x2", 10)])
def test_runs_are_right_as_often_as_they_say(name, runs):
    check_runs(*known(name), runs)


@pytest.mark.slow
@pytest.mark.parametrize("cells", [1, 8, 100])
@pytest.mark.parametrize("name", ["A1_2d_16x2", "B1_3d_16x2", "B4_4d_12x2", "B9_8d_8x2"])
def test_three_hundred_runs_are_right_as_often_as_they_say(name, cells):
    check_runs(*known(name), 300, cells, probes=40)


def check_runs(net, box, exact, runs, cells=8, probes=20):
    results = [pr.estimate(net, box, probes=probes, cells=cells, seed=seed) for seed in range(runs)]
    # A 95 % bound may be wrong in 5 % of the runs, and by chance in a few more: 4 standard deviations of the binomial.
    wrong = sum(result.lower_bound.value > exact for result in results)
    assert wrong <= 0.05 * runs + 4 * math.sqrt(0.05 * 0.95 * runs)
    # The mean over all runs is the count, up to its own error; one run's standard error tells how far it may be off.
    values = np.array([result.value for result in results])
    assert abs(values.mean() - exact) <= 4 * values.std(ddof=1) / math.sqrt(runs)
    if cells > 1:
        close = sum(abs(result.value - exact) <= 3 * result.standard_error for result in results)
        # 99 % with the default numbers of probes and cells; with few cells probes are skewed, and it is less.
        share = 0.99 if cells >= 100 and probes >= 40 else 0.97
        assert close >= share * runs - 2 * math.sqrt(share * (1 - share) * runs)


def test_an_estimate_that_few_probes_make_up_says_so():
    result = pr.estimate(A1, BOX, probes=6, cells=8, seed=5)
    assert not result.is_doubtful
    assert "relied" not in str(result)
    skewed = replace(result, effective_sample_size=1.06, probes=8)
    assert skewed.is_doubtful
    assert str(skewed).endswith("not to be relied on: the effective sample size of the 8 probes is 1.1)")
    assert replace(result, probes=1, effective_sample_size=1.0).is_doubtful
    assert not replace(skewed, status=pr.Status.EXACT).is_doubtful


def test_workers_and_generators():
    one = pr.estimate(A1, BOX, probes=6, cells=8, seed=5)
    two = pr.estimate(A1, BOX, probes=6, cells=8, seed=5, workers=2)
    assert (one.value, one.interval, one.lower_bound.value) == (two.value, two.interval, two.lower_bound.value)
    assert pr.estimate(A1, BOX, probes=6, cells=8, seed=6).value != one.value
    drawn = pr.estimate(A1, BOX, probes=6, cells=8, seed=np.random.default_rng(1))
    assert pr.estimate(A1, BOX, probes=6, cells=8, seed=drawn.seed).value == drawn.value


def test_counts_beyond_floats(monkeypatch):
    monkeypatch.setattr("polyregions.sampling.probing.probe", lambda *_, **__: Probe(0.5, 1101, 100, complete=False))
    result = pr.estimate(A1, BOX, probes=3, cells=1)
    assert result.value == 2**1100
    assert result.interval == (2**1100, 2**1100)
    assert (result.standard_error, result.log2) == (0, 1100)
    assert 2**1096 < result.lower_bound.value < 2**1100
    assert str(result).startswith("about 1.36e331 regions")
    assert isinstance(result.to_json()["estimate"], int)


def test_a_network_without_hidden_units():
    net = pr.Network.from_arrays([[[1.0]]], [[0.0]])
    assert str(pr.estimate(net, pr.Box(-1, 1))) == "1 region (exact)"
    assert pr.lower_bound(net, pr.Box(-1, 1), method="points").value == 1


def test_a_stopped_run_keeps_what_is_proven(monkeypatch):
    questions = []

    def reached(limits, regions):
        questions.append(regions)
        return "enough" if len(questions) > 1 else None

    monkeypatch.setattr("polyregions.limits.Limits.reached", reached)
    net, box, _ = known("B9_8d_8x2")
    result = pr.estimate(net, box, probes=10**5, cells=50)
    assert result.stats["stopped"] == "enough"
    assert result.probes <= result.stats["probes_done"] <= result.stats["probes_begun"] < 10**5
    assert result.lower_bound.value >= 1
    if not result.probes:
        assert math.isnan(result.value)
        assert "enough" in str(result)


def test_unfinished_probes_do_not_count_in_the_mean_and_as_nothing_in_the_bound():
    plan = {"probes": 5, "cells": 4, "seed": 0, "workers": 1, "time_limit": None}
    probing = Probing(Restriction(A1, BOX), Definition.REGIONS, **plan)
    probing._started = 4
    probing._found = {i: Probe(0.5, 11, 4, False) for i in (0, 1, 3)}
    assert probing.summary(0.95).probes == 2
    assert probing.summary(0.95).value == 1024.0
    assert probing.logarithms() == [10.0, 10.0, -math.inf, 10.0]
    complete = Probing(Restriction(A1, BOX), Definition.REGIONS, **plan)
    complete._started, complete._found = 3, {i: Probe(0.5, 11, 4, False) for i in range(3)}
    assert probing.lower(0.95)[0] >= pr.lower_bound(A1, BOX, probes=1, cells=4).value
    assert complete.lower(0.95)[0] <= 1024


def test_cells_are_chosen_by_the_time_limit():
    result = pr.estimate(A1, BOX, probes=3, time_limit=60)
    assert 1 <= result.stats["cells"] <= 100
    again = pr.estimate(A1, BOX, probes=3, cells=result.stats["cells"])
    assert again.value == result.value


@pytest.mark.parametrize(("widths", "cells"), [((16, 75, 75), 24), ((16, 75, 74), 100)])
def test_fewer_cells_where_they_move(widths, cells):
    random = np.random.default_rng(0)
    weights = [random.normal(size=shape) for shape in zip(widths[1:], widths[:-1], strict=True)]
    net = pr.Network.from_arrays(weights, [np.zeros(len(w)) for w in weights], include_output=True)
    plan = {"probes": 1, "cells": None, "seed": 0, "workers": 1, "time_limit": None}
    assert Probing(Restriction(net, pr.Box(-1, 1)), Definition.REGIONS, **plan)._choose_cells() == cells


def test_cells_are_chosen_by_pilots_that_grow(monkeypatch):
    """Seconds that grow faster than the cells: the first pilot alone would promise far too many."""
    asked = []

    def seconds(probing, cells, stream):
        asked.append((cells, stream.spawn_key))
        return 0.01 * cells**1.5

    monkeypatch.setattr(Probing, "_pilot_seconds", seconds)
    plan = {"probes": 10, "cells": None, "seed": 0, "workers": 1}
    probing = Probing(Restriction(A1, BOX), Definition.REGIONS, **plan, time_limit=10.0)
    # 0.7 s for each probe are 70 times the first pilot's, and 70^(2/3) is 16.98.
    assert probing._fitting_cells(10.0) == 16
    assert [cells for cells, _ in asked] == [1, 1, 4, 16]
    assert len({key for _, key in asked}) == 4
    used = {probing._bootstrap.spawn_key, *(stream.spawn_key for stream in probing._streams)}
    assert not used & {key for _, key in asked}
    assert probing._fitting_cells(1e9) == 100
    assert probing._fitting_cells(1e-9) == 1


def test_progress():
    seen = []
    net, box, _ = known("B9_8d_8x2")
    pr.estimate(net, box, probes=40, cells=100, time_limit=4, progress=seen.append)
    for progress in seen:
        assert progress.lower >= 1
        assert "at least" in str(progress)


@pytest.mark.parametrize(
    "domain", [BOX, pr.Polytope([[-1, 0], [0, -1], [1, 1]], [0, 0, 1]), pr.Segment([-1, 0], [1, 1])]
)
@pytest.mark.parametrize("definition", ["regions", "patterns"])
def test_points(domain, definition):
    exact = int(pr.count(A1, domain, definition=definition))
    result = pr.lower_bound(A1, domain, method="points", points=5000, definition=definition, seed=1)
    assert result.status is pr.Status.BRACKET
    assert result.confidence is None
    assert exact / 20 < result.value <= exact
    drawn, seen = zip(*result.stats["curve"], strict=True)
    assert list(drawn) == [*(2**k for k in range(13)), 5000]
    assert list(seen) == sorted(seen)
    assert seen[-1] == result.value


def test_points_are_no_regions_where_signs_are_in_doubt():
    # The unit is identically zero: its sign is in doubt everywhere, and the one region is the trivial bound.
    net = pr.Network.from_arrays([[[0.0, 0.0]], [[1.0]]], [[0.0], [0.0]])
    result = pr.lower_bound(net, pr.Box(-1, 1), method="points", points=100)
    assert (result.value, result.stats["points_certain"]) == (1, 0)


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 2, math.nan, "0.9", None])
def test_confidence_is_a_probability(confidence):
    for call in (pr.estimate, pr.lower_bound):
        with pytest.raises(ArgumentError, match="confidence must lie between 0 and 1"):
            call(A1, BOX, confidence=confidence)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"probes": 0}, "probes must be a whole number of at least 1"),
        ({"cells": 1.5}, "cells must be"),
        ({"cells": 2**18 + 1}, "at most 262,144 cells"),
        ({"workers": 0}, "workers must be"),
        ({"seed": -1}, "seed must be"),
        ({"time_limit": -1}, "time limit must be at least 0"),
        ({"method": "guess"}, "no method called 'guess'"),
        ({"method": "points", "points": 0}, "points must be"),
        ({"method": "points", "probes": 3}, "probes=3 is for method 'tree'"),
        ({"method": "points", "workers": 3}, "several workers"),
        ({"xor_size": 2}, "xor_size=2 is for method 'xor'"),
    ],
)
def test_bad_arguments(options, reason):
    with pytest.raises(ArgumentError, match=reason):
        pr.lower_bound(A1, BOX, **options)


def test_kinds():
    with pytest.raises(ArgumentTypeError, match="the network must be"):
        pr.estimate("net.npz", BOX)
    with pytest.raises(ArgumentTypeError, match="the domain must be"):
        pr.lower_bound(A1, (-1, 1), method="points")

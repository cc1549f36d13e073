"""The XOR lower bound as a whole: what it says, how it is repeated, where it ends early, and what it refuses."""

import json
import signal
from functools import cache
from math import comb

import numpy as np
import pytest

import polyregions as pr
from polyregions.definition import Definition
from polyregions.errors import ArgumentError
from polyregions.exact.restriction import Restriction
from polyregions.result import Status
from polyregions.sampling import xor_bound as module
from polyregions.sampling.xor_bound import xor_bound
from polyregions.splitting.tableau_cells import TableauTree
from tests.nets import npz
from tests.strategies import of_known


def orthants(units):
    """2^units regions."""
    return pr.Network.from_arrays([np.eye(units), np.ones((1, units))], [np.zeros(units), np.zeros(1)])


CUBE = pr.Box(-1, 1)


@cache
def trained(name="A1_2d_16x2"):
    return of_known(npz(name))


def without_time(bound):
    result = bound.to_json()
    del result["seconds"]
    return json.loads(json.dumps(result))


def test_what_it_says():
    bound = xor_bound(orthants(12), CUBE, xor_size=4, seed=3)
    stats = bound.stats
    assert bound.status is Status.PROBABLE
    assert bound.confidence == 0.95
    assert bound.definition is Definition.PATTERNS
    assert bound.value == stats["bound_binomial"] >= stats["bound_chernoff"]
    assert bound.value <= 2**12
    assert (stats["trials"], stats["trials_complete"], stats["trials_cut_short"]) == (28, 28, 0)
    assert stats["unstable_units"] == stats["units"] == 12
    assert len(stats["binomial"]) == len(stats["chernoff"]) == 13
    assert len(stats["feasible"]) == 14
    assert stats["feasible"][0] == 28
    assert stats["feasible"] == [sum(s >= k for s in stats["survived"]) for k in range(14)]
    power = bound.value.bit_length() - 1
    assert stats["binomial"][power] >= 0.95 > stats["binomial"][power + 1]
    assert "95% confidence" in str(bound)


def test_the_largest_bound_there_is():
    """All patterns are found, which proves their number; and no trial goes on beyond units + 1 constraints."""
    bound = xor_bound(orthants(3), CUBE, xor_size=1, trials=60, seed=1)
    assert bound.value == 8
    assert bound.status is Status.BRACKET
    assert bound.confidence is None
    assert bound.stats["patterns_found"] == 8
    assert max(bound.stats["survived"]) <= 4


@pytest.mark.parametrize("inference", module.INFERENCES)
def test_the_inference_is_chosen(inference):
    bound = xor_bound(orthants(12), CUBE, xor_size=4, seed=3, inference=inference)
    assert bound.value == bound.stats[f"bound_{inference}".replace("-", "_")]


def test_repeated_from_the_seed():
    net, box = trained()
    first = xor_bound(net, box, seed=7, trials=6)
    assert without_time(first) == without_time(xor_bound(net, box, seed=7, trials=6))
    assert first.stats["survived"] != xor_bound(net, box, seed=8, trials=6).stats["survived"]
    # A trial is the same whatever was run before and however many come after it.
    assert first.stats["survived"] == xor_bound(net, box, seed=7, trials=9).stats["survived"][:6]


def test_a_generator_becomes_a_seed():
    net, box = trained()
    bound = xor_bound(net, box, seed=np.random.default_rng(5), trials=4)
    assert bound.stats["survived"] == xor_bound(net, box, seed=bound.seed, trials=4).stats["survived"]


def test_the_oracles_survive_the_same():
    """Both are exact, so that all depends on the draws alone."""
    net, box = trained()
    survived = [xor_bound(net, box, trials=3, oracle=oracle).stats["survived"] for oracle in ("split", "milp")]
    assert survived[0] == survived[1]


def test_stable_units_take_no_part():
    """Two of five units are stable, which only exact maxima show of the second layer's."""
    net = pr.Network.from_arrays(
        [[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [[1.0, 1.0, 0.0], [-1.0, 0.0, -1.0]], [[1.0, 1.0]]],
        [[0.0, 0.0, 9.0], [1.0, 0.0], [0.0]],
    )
    bound = xor_bound(net, CUBE, xor_size=2, trials=5)
    assert (bound.stats["units"], bound.stats["unstable_units"]) == (5, 2)


def test_no_unstable_unit():
    net = pr.Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[5.0, -5.0], [0.0]])
    bound = xor_bound(net, CUBE)
    assert (bound.value, bound.status, bound.confidence) == (1, Status.BRACKET, None)
    assert "exactly 1" in bound.stats["reason"]


def test_fewer_unstable_units_than_in_a_constraint():
    net = pr.Network.from_arrays([[[1.0], [1.0], [1.0]], [[1.0, 1.0, 1.0]]], [[0.0, 0.5, 5.0], [0.0]])
    bound = xor_bound(net, CUBE)
    assert (bound.value, bound.status) == (1, Status.BRACKET)
    assert "on 3 units: at most 2 can" in bound.stats["reason"]


def test_networks_without_units_and_domains_of_one_point():
    assert xor_bound(pr.Network.from_arrays([[[1.0]]], [[0.0]]), CUBE).value == 1
    assert xor_bound(orthants(4), pr.Box(0.5, 0.5)).value == 1


def test_no_time():
    net, box = trained()
    bound = xor_bound(net, box, time_limit=0)
    assert (bound.value, bound.status, bound.confidence) == (1, Status.BRACKET, None)
    assert bound.stats["stopped"] == "time limit of 0 s"
    assert "too little time" in bound.stats["reason"]
    assert bound.stats["feasible"] == [0] * len(bound.stats["feasible"])


def test_trials_that_are_not_run_count_as_infeasible(monkeypatch):
    """Interrupted after 20 of 28: f is what these show, and all tails are those of 28 trials."""
    monkeypatch.setattr(module, "_PROGRESS_INTERVAL", 0.0)
    calls = []

    def interrupt(progress):
        calls.append(progress.lower)
        if len(calls) == 20:
            signal.raise_signal(signal.SIGINT)

    bound = xor_bound(orthants(12), CUBE, xor_size=4, seed=3, progress=interrupt)
    whole = xor_bound(orthants(12), CUBE, xor_size=4, seed=3)
    assert bound.interrupted
    assert bound.stats["stopped"] == "stopped by SIGINT"
    assert bound.stats["survived"] == whole.stats["survived"][:20]
    assert bound.stats["trials"] == 28
    assert max(bound.stats["feasible"]) == 20
    tail = sum(comb(28, k) for k in range(20, 29)) / 2**28
    assert bound.stats["binomial"][0] == pytest.approx(1 - tail)
    assert bound.value <= whole.value
    assert calls == sorted(calls)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"confidence": 0.0}, "confidence must be between 0 and 1"),
        ({"confidence": 1}, "confidence must be between 0 and 1"),
        ({"confidence": float("nan")}, "confidence must be between 0 and 1"),
        ({"xor_size": 0}, "on 1 unit or more"),
        ({"trials": 0}, "trials must be at least 1"),
        ({"oracle": "guess"}, "no oracle called 'guess'"),
        ({"inference": "guess"}, "no inference called 'guess'"),
        ({"bounds": "guess"}, "no bounds called 'guess'"),
        ({"seed": -1}, "seed must be"),
        ({"time_limit": -1}, "time limit must be"),
        ({"definition": "guess"}, "no definition called"),
    ],
)
def test_bad_input(wrong, message):
    with pytest.raises(ArgumentError, match=message):
        xor_bound(*trained(), **wrong)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "definition"), [("A1_2d_16x2", "regions"), ("B9_8d_8x2", "regions"), ("16", "patterns")]
)
def test_coverage(name, definition):
    """Over 300 seeds a 95% bound, by each inference, is wrong in at most 5% of the runs."""
    if name == "16":
        net, box, count = orthants(16), CUBE, 2**16
    else:
        net, box = trained(name)
        tree = TableauTree(Restriction(net, box), Definition.of(definition))
        tree.explore()
        count = tree.found
    wrong = dict.fromkeys(module.INFERENCES, 0)
    for seed in range(300):
        stats = xor_bound(net, box, definition=definition, seed=seed, bounds="interval").stats
        for inference in wrong:
            wrong[inference] += stats[f"bound_{inference}".replace("-", "_")] > count
    # At 5% each, 25 or more of 300 are wrong with a probability of 1%.
    assert max(wrong.values()) < 25, wrong

"""count, regions and cross_check as a user calls them."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

import polyregions as pr
from polyregions.cross_checking import Difference
from polyregions.errors import ArgumentError, DomainError, NotExactError
from polyregions.limits import Limits
from polyregions.memory import resident_memory
from tests.nets import npz
from tests.strategies import of_known

NETWORK, BOX = of_known(npz("A1_2d_16x2"))


def endless() -> pr.Network:
    """A network whose regions nobody waits for."""
    rng = np.random.default_rng(0)
    return pr.Network.from_arrays([rng.normal(size=(60, 6)), np.ones((1, 60))], [rng.normal(size=60), [0]])


def test_import_loads_numpy_and_the_standard_library_only():
    import subprocess
    import sys

    code = (
        "import sys, polyregions as pr; pr.Network, pr.Box; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'scipy', 'highspy', 'pulp', 'flint', 'numba', 'networkx', 'rich', 'sklearn', 'torch'}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_exact_count():
    result = pr.count(NETWORK, BOX)
    assert (int(result), result.count, result.lower, result.upper) == (478, 478, 478, 478)
    assert result.status is pr.Status.EXACT
    assert result.definition is pr.Definition.REGIONS
    data = result.to_json()
    assert json.loads(json.dumps(data)) == data
    assert data["network"]["hidden"] == [16, 16]
    assert data["domain"] == {"lower": [-1, -1], "upper": [1, 1]}


def test_limits_end_in_a_bracket():
    result = pr.count(NETWORK, BOX, max_regions=100)
    assert result.status is pr.Status.BRACKET
    assert result.lower == 100
    assert result.upper >= 478
    assert result.count is None
    assert result.stats["stopped"] == "limit of 100 regions"
    with pytest.raises(NotExactError, match="lower 100"):
        int(result)
    nothing = pr.count(NETWORK, BOX, time_limit=0)
    assert nothing.lower == 0
    assert nothing.upper >= 478


def test_brackets_close_monotonically():
    previous = pr.count(NETWORK, BOX, max_regions=0)
    for limit in (1, 10, 100, 200, 400, 477):
        result = pr.count(NETWORK, BOX, max_regions=limit)
        assert previous.lower <= result.lower <= 478 <= result.upper <= previous.upper
        previous = result


def test_limit_equal_to_the_count_is_no_wrong_claim():
    result = pr.count(NETWORK, BOX, max_regions=478)
    assert result.lower == 478
    assert result.upper >= 478


def test_interrupt_ends_in_a_bracket():
    network = endless()
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    before = signal.getsignal(signal.SIGINT)
    timer.start()
    start = time.monotonic()
    result = pr.count(network, pr.Box(-1, 1))
    timer.join()
    assert result.status is pr.Status.BRACKET
    assert result.stats["stopped"] == "stopped by SIGINT"
    assert result.interrupted
    assert 0 < result.lower < result.upper
    assert time.monotonic() - start < 60
    assert signal.getsignal(signal.SIGINT) is before


def test_progress_brackets_the_count():
    seen = []
    known = npz("A2_2d_32x3")
    network, box = of_known(known)
    pr.count(network, box, cells="lp", progress=seen.append, max_regions=600)
    assert seen
    assert all(p.lower <= known.regions <= p.upper for p in seen)
    assert [p.lower for p in seen] == sorted(p.lower for p in seen)


def test_regions_are_lazy_and_complete():
    iterator = pr.regions(NETWORK, BOX)
    first = next(iterator)
    assert NETWORK.pattern(first.witness) == first.pattern
    regions = [first, *iterator]
    assert len({region.pattern for region in regions}) == 478


def test_region_geometry_agrees_with_the_network():
    rng = np.random.default_rng(3)
    for region in list(pr.regions(NETWORK, BOX))[::25]:
        a, c = region.affine_map()
        assert np.allclose(a @ region.point + c, NETWORK(region.point), rtol=1e-9, atol=1e-9)
        exact_a, _ = region.affine_map(exact=True)
        assert np.allclose(np.array(exact_a, dtype=float), a, rtol=1e-9, atol=1e-12)
        rows, bounds = region.halfspaces(exact=True)
        values = [sum(p * q for p, q in zip(row, region.witness, strict=True)) for row in rows]
        assert all(value < bound for value, bound in zip(values, bounds, strict=True))
        float_rows, float_bounds = region.halfspaces()
        for point in rng.uniform(-1, 1, size=(200, 2)):
            slack = float_bounds - float_rows @ point
            if np.abs(slack).min() > 1e-9:
                assert (slack > 0).all() == (NETWORK.pattern(point.tolist()) == region.pattern)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "guess"}, "no method called 'guess'"),
        ({"cells": "round"}, "no cells called 'round'"),
        ({"cells": "vertex", "definition": "patterns"}, "vertex cells count regions"),
        ({"cells": "lp", "method": "milp"}, "cells='lp' is for the splitting counter"),
        ({"definition": "convex"}, "no definition called 'convex'"),
        ({"time_limit": -1}, "time limit must be at least 0"),
        ({"time_limit": float("nan")}, "time limit must be at least 0"),
        ({"memory_limit": -1}, "memory limit must be a whole number of bytes"),
        ({"memory_limit": "2G"}, "memory limit must be a whole number of bytes"),
        ({"max_regions": -5}, "limit of regions must be a whole number of at least 0"),
        ({"solver": "abacus"}, "abacus"),
        ({"solver": "abacus", "method": "milp"}, "abacus"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        pr.count(NETWORK, BOX, **arguments)


@pytest.mark.parametrize("verb", [pr.count, pr.regions, pr.cross_check])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (NETWORK, (-1, 1)),
            "must be a Box, Polytope, Segment, Plane, Line or Space of polyregions, not a tuple; .*Box\\(-1, 1\\)",
        ),
        ((NETWORK, None), "not None"),
        ((NETWORK, pr.Box), "not an ABCMeta"),
        (("net.npz", BOX), r"must be a polyregions.Network, not a str: make one by polyregions.load\(path\)"),
        ((BOX, NETWORK), "not a Box"),
        (([[1.0]], BOX), "not a list: .*from_arrays"),
    ],
)
def test_arguments_of_another_kind(verb, arguments, message):
    with pytest.raises(TypeError, match=message) as caught:
        verb(*arguments)
    assert isinstance(caught.value, pr.PolyregionsError)


def test_counts_as_text():
    exact = pr.count(NETWORK, BOX)
    assert str(exact) == f"{exact}" == "478 regions (exact)"
    stats = {"stopped": "time limit of 3 s"}
    bracket = replace(exact, status=pr.Status.BRACKET, lower=8, upper=2200, stats=stats)
    assert str(bracket) == "between 8 and 2,200 regions (bracket: time limit of 3 s)"
    assert str(replace(bracket, upper=None)) == "at least 8 regions (bracket: time limit of 3 s)"
    assert str(replace(bracket, lower=1, upper=None)) == "at least 1 region (bracket: time limit of 3 s)"
    patterns = replace(exact, definition=pr.Definition.PATTERNS, status=pr.Status.NUMERICAL, lower=1)
    assert str(patterns) == "1 activation pattern (numerical)"


def test_domain_of_another_dimension():
    with pytest.raises(DomainError, match="3 dimensions, the network has 2 inputs"):
        pr.count(NETWORK, pr.Box([0, 0, 0], [1, 1, 1]))


def test_cross_check_reports_a_stopped_run_as_incomplete():
    check = pr.cross_check(NETWORK, BOX, time_limit=0)
    assert not check.complete
    assert check.agree is None
    assert not check.interrupted
    assert check.differences == ()
    assert str(check).startswith("undecided: split between 0 and ")


def test_cross_check_with_a_difference_disagrees_even_if_stopped():
    stopped, done = pr.count(NETWORK, BOX, max_regions=3), pr.count(NETWORK, BOX)
    difference = Difference(((1,) * 16,) * 2, "milp", "the split counter missed it")
    for counts in ((stopped, done), (done, done)):
        check = pr.CrossCheck(*counts, (difference,))
        assert check.agree is False
        assert str(check).startswith("differ on 1 pattern: split ")
    assert pr.CrossCheck(done, done, ()).agree is True
    assert str(pr.CrossCheck(done, done, ())) == "agree: split 478 regions (exact); milp 478 regions (exact)"


def test_clock_of_a_run_starts_with_it_and_stops_with_it(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("polyregions.limits.time.monotonic", lambda: now[0])
    limits = Limits(time_limit=5)
    now[0] += 50  # another run, before this one
    assert (limits.seconds, limits.remaining, limits.reached(0)) == (0.0, 5.0, None)
    with limits:
        now[0] += 3
        assert (limits.seconds, limits.remaining, limits.reached(0)) == (3.0, 2.0, None)
        now[0] += 4
        assert (limits.remaining, limits.reached(0)) == (0.0, "time limit of 5 s")
    now[0] += 1000
    assert limits.seconds == 7.0


def test_interrupt_stops_both_counters_of_a_cross_check():
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    check = pr.cross_check(endless(), pr.Box(-1, 1))
    timer.join()
    assert not check.complete
    assert check.split.stats["stopped"] == "stopped by SIGINT"
    assert check.milp.lower == 0
    assert check.milp.stats["stopped"] == "not started: stopped by SIGINT"
    assert check.interrupted
    assert check.milp.interrupted
    assert check.agree is None


def test_interrupted_listing_does_not_pass_for_a_complete_one():
    network = endless()
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        for _ in pr.regions(network, pr.Box(-1, 1)):
            pass
    timer.join()


def test_memory_limit_ends_in_a_bracket():
    result = pr.count(NETWORK, BOX, memory_limit=1)
    assert result.status is pr.Status.BRACKET
    assert result.lower == 0
    assert result.upper >= 478
    assert re.fullmatch(r"memory limit of 1 bytes, of which the process holds \d.* [MG]iB", result.stats["stopped"])
    assert int(pr.count(NETWORK, BOX, memory_limit=2**50)) == 478


def test_memory_that_grows_while_it_runs(monkeypatch):
    sizes = iter([10, 20, 30, *[100] * 1000])
    monkeypatch.setattr("polyregions.limits.resident_memory", lambda: next(sizes))
    monkeypatch.setattr("polyregions.limits._MEMORY_INTERVAL", 0.0)
    iterator = pr.regions(NETWORK, BOX, memory_limit=100, cells="lp")
    found = list(iterator)
    assert 0 <= len(found) < 478
    result = iterator.result()
    assert (result.lower, result.status) == (len(found), pr.Status.BRACKET)
    assert result.stats["stopped"] == "memory limit of 100 bytes, of which the process holds 100 bytes"


def test_memory_of_this_process():
    held = resident_memory()
    assert 2**20 < held < 2**40
    block = np.ones(2**24)
    assert resident_memory() >= held + 2**26
    assert block.size == 2**24


def test_a_system_that_does_not_tell_the_memory(monkeypatch):
    monkeypatch.setattr("polyregions.limits.resident_memory", lambda: None)
    with pytest.raises(ArgumentError, match="does not tell"):
        pr.count(NETWORK, BOX, memory_limit=10**9)


@pytest.mark.parametrize("cells", ["vertex", "tableau"])
@pytest.mark.parametrize("workers", [1, 2])
def test_memory_does_not_grow_with_the_count(cells, workers):
    """Measured in a process of its own; 60,000 regions in a list would take more than 6 MB."""
    code = (
        "import sys, tracemalloc, numpy as np, polyregions as pr\n"
        "rng = np.random.default_rng(4)\n"
        "shapes = [(24, 4), (24, 24), (1, 24)]\n"
        "weights, biases = [rng.normal(size=s) for s in shapes], [rng.normal(size=s[0]) / 3 for s in shapes]\n"
        "net = pr.Network.from_arrays(weights, biases)\n"
        "def peak(most):\n"
        "    tracemalloc.start()\n"
        f"    result = pr.count(net, pr.Box(-1, 1), cells={cells!r}, workers={workers}, max_regions=most)\n"
        "    assert result.lower == most\n"
        "    size = tracemalloc.get_traced_memory()[1]; tracemalloc.stop(); return size\n"
        "peak(10)\n"
        "print(peak(1000), peak(60_000))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    small, large = map(int, done.stdout.split())
    assert large < 2 * small + 2_000_000


def test_listing_takes_the_limits_of_counting():
    iterator = pr.regions(NETWORK, BOX, max_regions=7, workers=2)
    assert len(list(iterator)) == 7
    result = iterator.result()
    assert (result.lower, result.status, result.stats["stopped"]) == (7, pr.Status.BRACKET, "limit of 7 regions")
    whole = pr.regions(NETWORK, BOX, workers=2, method="split", time_limit=1000)
    assert len({region.pattern for region in whole}) == int(whole.result()) == 478
    nothing = pr.regions(NETWORK, BOX, time_limit=0)
    assert list(nothing) == []
    assert nothing.result().lower == 0
    assert nothing.result().upper >= 478


def test_progress_does_not_take_the_time_of_the_search(monkeypatch):
    """A clock on which each bound takes a second, and each look at the clock a hundredth."""
    now = [0.0]

    def tick():
        now[0] += 0.01
        return now[0]

    def slow(self):
        now[0] += 1.0
        return 10**6

    monkeypatch.setattr("polyregions.limits.time.monotonic", tick)
    monkeypatch.setattr("polyregions.splitting.tree.SplittingTree.open_bound", slow)
    seen = []
    pr.count(NETWORK, BOX, cells="lp", time_limit=100, progress=seen.append)
    assert 0 < len(seen) <= 5

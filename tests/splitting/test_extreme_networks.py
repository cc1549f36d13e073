"""Networks that nobody trains, in every kind of cells: right counts all the same."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.bounds.serra import architecture_bound
from polyregions.definition import Definition
from polyregions.errors import OutOfMemoryError
from polyregions.exact.cell import Witness
from polyregions.exact.filter import FloatBox
from polyregions.exact.pattern import PatternCertifier
from polyregions.exact.restriction import Restriction
from tests.reference import brute_force
from tests.strategies import TinyNet, tiny_nets

#: Overflow on the way is nothing to bother the user with.
pytestmark = pytest.mark.filterwarnings("error")

TINY, SMALL, HUGE, MOST = 5e-324, 2.0**-1022, 1e300, float(np.finfo(float).max)
LAW = [("vertex", "regions"), ("tableau", "regions"), ("tableau", "patterns"), ("lp", "regions"), ("lp", "patterns")]


def check(net, cells, definition):
    """The set of patterns is that of brute force; so is the count, by one thread and by two."""
    oracle = brute_force.regions if definition == "regions" else brute_force.patterns
    expected = oracle(net.exact, net.lower, net.upper)
    options = {"cells": cells, "definition": definition}
    found = [region.pattern for region in pr.regions(net.network, net.box, **options)]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert int(pr.count(net.network, net.box, **options)) == len(expected)
    assert int(pr.count(net.network, net.box, workers=2, **options)) == len(expected)


def box(n):
    return [Fraction(-1)] * n, [Fraction(1)] * n


def scaled(factor, bias=None):
    """Two layers, all weights times a factor."""
    first = np.array([[1.0, -0.5], [0.25, 1.0], [-1.0, 1.0]]) * factor
    second = np.array([[1.0, -1.0, 0.5], [-0.5, 1.0, 1.0]]) * factor
    bias = factor if bias is None else bias
    return TinyNet([(first.tolist(), [0.0, bias, -bias]), (second.tolist(), [0.0, -bias])], *box(2))


NETS = {
    "one unit a layer": TinyNet([([[1.0]], [0.5])] + [([[1.0]], [-0.25]), ([[-1.0]], [0.5])] * 4, *box(1)),
    "one unit a layer, two inputs": TinyNet([([[1.0, 1.0]], [0.0]), ([[1.0]], [-0.5]), ([[-2.0]], [1.0])], *box(2)),
    "zero weights": TinyNet([([[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0]), ([[0.0, 0.0]], [0.0])], *box(2)),
    "zero weights, biases": TinyNet([([[0.0, 0.0]] * 3, [1.0, -1.0, 0.0]), ([[1.0, 1.0, 1.0]], [-1.0])], *box(2)),
    "a zero row": TinyNet([([[1.0, 0.0], [0.0, 0.0]], [0.0, 1.0]), ([[1.0, -1.0], [0.0, 0.0]], [0.5, 0.0])], *box(2)),
    "negative zeros": TinyNet([([[-0.0, 1.0], [-0.0, -0.0]], [-0.0, -0.0]), ([[-0.0, 1.0]], [-0.0])], *box(2)),
    "a dead first layer": TinyNet(
        [([[1.0, 1.0], [1.0, -1.0]], [-9.0, -9.0]), ([[1.0, 1.0]] * 2, [1.0, -1.0])], *box(2)
    ),
    "a dead layer": TinyNet(
        [([[1.0, 1.0], [1.0, -1.0]], [0.0, 0.5]), ([[-1.0, -1.0]] * 2, [-1.0, 0.0]), ([[1.0, 1.0]], [0.0])], *box(2)
    ),
    "a layer that is always active": TinyNet([([[1.0, 0.0], [0.0, 1.0]], [9.0, 9.0]), ([[1.0, -1.0]], [0.0])], *box(2)),
    "denormal": scaled(TINY),
    "denormal, then ordinary biases": scaled(TINY, 1.0),
    "smallest normal": scaled(SMALL),
    "huge": scaled(HUGE),
    "huge, then ordinary biases": scaled(HUGE, 1.0),
    "largest": scaled(MOST),
    "huge and denormal in a row": TinyNet([([[HUGE, TINY], [TINY, HUGE], [HUGE, -HUGE]], [TINY, -TINY, 0.0])], *box(2)),
    "huge and denormal in turn": TinyNet(
        [
            ([[HUGE, HUGE], [HUGE, -HUGE]], [HUGE, 1.0]),
            ([[TINY, -TINY], [TINY, TINY]], [-TINY, 0.0]),
            ([[HUGE, 1.0]], [-1.0]),
        ],
        *box(2),
    ),
    "largest cancels": TinyNet([([[MOST, MOST], [MOST, -MOST]], [-MOST, MOST]), ([[1.0, -1.0]], [0.0])], *box(2)),
}


@pytest.mark.parametrize(("cells", "definition"), LAW)
@pytest.mark.parametrize("name", NETS)
def test_named(name, cells, definition):
    check(NETS[name], cells, definition)


extreme = st.sampled_from([0.0, 1.0, -1.0, TINY, -TINY, SMALL, 1e-160, 1e160, HUGE, -HUGE, MOST, -MOST, 3.0])


@pytest.mark.parametrize(("cells", "definition"), LAW)
@given(net=tiny_nets(weights=extreme, max_inputs=2, max_layers=3))
@settings(max_examples=60, deadline=None)
def test_any(cells, definition, net):
    check(net, cells, definition)


@pytest.mark.parametrize("cells", ["vertex", "tableau", "lp"])
def test_many_layers_of_one_unit(cells):
    """x -> relu(x - 1/1024) again and again: 1 region for each layer that cuts it off, and one that passes."""
    depth = 150
    weights, biases = [[[1.0]]] * (depth + 1), [[-(2.0**-10)]] * (depth + 1)
    network = pr.Network.from_arrays(weights, biases)
    assert int(pr.count(network, pr.Box(-1, 1), cells=cells)) == depth + 1


def test_bounds_of_very_many_layers():
    """Deeper than Python's stack."""
    assert architecture_bound(1, [1] * 3000) == 3001
    network = pr.Network.from_arrays([[[1.0]]] * 1500, [[0.0]] * 1500)
    for cells in ("vertex", "tableau", "lp"):
        result = pr.count(network, pr.Box(-1, 1), cells=cells, max_regions=0)
        assert (result.lower, result.upper) == (0, 1500)
    restriction = Restriction(network, pr.Box(-1, 1))
    certifier = PatternCertifier(restriction, FloatBox.of(restriction), Definition.REGIONS)
    assert certifier.certify(bytes([1]) * 1499, Witness(np.array([0.5]))) is not None


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc")
@pytest.mark.parametrize(("cells", "definition"), LAW)
def test_a_million_weights(cells, definition):
    """A bracket after a moment, and no more memory than some copies of the weights."""
    most = 5 if cells == "lp" else 2000
    code = (
        "import numpy as np, polyregions as pr\n"
        "rng = np.random.default_rng(0)\n"
        "shapes = [(1000, 2), (1000, 1000), (1, 1000)]\n"
        "net = pr.Network.from_arrays([rng.normal(size=s) for s in shapes], [rng.normal(size=s[0]) for s in shapes])\n"
        f"result = pr.count(net, pr.Box(-1, 1), cells={cells!r}, definition={definition!r}, max_regions={most})\n"
        f"assert result.status is pr.Status.BRACKET and result.lower == {most} < result.upper, result\n"
        # Of this program alone: the maximum of getrusage counts what its parent held, too.
        "with open('/proc/self/status') as status:\n"
        "    peak = next(int(line.split()[1]) for line in status if line.startswith('VmHWM:'))\n"
        "assert peak < 1_000_000, peak\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr


def test_a_million_weights_along_a_segment_are_counted():
    rng = np.random.default_rng(0)
    shapes = [(1000, 1000), (10, 1000), (1, 10)]
    network = pr.Network.from_arrays([rng.normal(size=s) for s in shapes], [rng.normal(size=s[0]) for s in shapes])
    result = pr.count(network, pr.Segment([0.0] * 1000, [0.1] * 1000))
    first = network.weights[0] @ np.full(1000, 0.1), network.biases[0]
    breakpoints = int((np.sign(first[1]) != np.sign(first[0] + first[1])).sum())
    assert breakpoints < int(result) < breakpoints + 10 * (breakpoints + 1)


def test_a_wide_layer_takes_no_square_of_its_width():
    network = pr.Network.from_arrays([np.ones((60_000, 1)), np.ones((1, 60_000))], [np.arange(60_000) - 30.5, [0.0]])
    assert int(pr.count(network, pr.Box(0, 20))) == 21


def test_not_enough_memory_is_one_clear_error(monkeypatch):
    def no_room(self):
        raise MemoryError("Unable to allocate 74.5 GiB")

    network = pr.Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [0.0]])
    monkeypatch.setattr("polyregions.splitting.vertex_cells.VertexTree._make_problem", no_room)
    with pytest.raises(OutOfMemoryError, match=r"network 1-1-1 by .* Unable to allocate 74\.5 GiB"):
        pr.count(network, pr.Box(-1, 1))

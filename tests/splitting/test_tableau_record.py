"""What the compiled search writes down is what the encoding says, and proves the count."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.certificate import encoding
from polyregions.certificate.writer import Recorder
from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.splitting import tableau_record
from polyregions.splitting.tableau_cells import TableauTree
from polyregions.splitting.tableau_record import _half, new_record, tokens
from polyregions.splitting.tableau_state import Counter
from tests.nets import all_known, npz
from tests.strategies import awkward, integers, of_known, tiny_nets

DIMENSION = 3
floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
shortish = st.one_of(floats, st.floats(width=16, allow_nan=False, allow_infinity=False), st.floats(width=32))
finite = shortish.filter(np.isfinite)
small = st.integers(0, 2**40)
records = st.one_of(
    st.just(("layer",)),
    st.tuples(st.just("split"), small),
    st.tuples(st.just("leaf"), st.lists(finite, min_size=DIMENSION, max_size=DIMENSION)),
    st.tuples(st.just("settle"), small, st.booleans(), st.lists(st.tuples(small, finite), max_size=4)),
)


@given(floats)
def test_halves(value):
    with np.errstate(all="ignore"):
        expected = float(np.float16(value))
    assert _half(value) == expected or (abs(value) > 65504 and _half(value) == np.inf)


@given(st.lists(records, max_size=30))
def test_tokens_are_those_of_the_encoding(items):
    integers_, floats_, expected = [], [], b""
    for kind, *data in items:
        if kind == "layer":
            integers_.append(encoding.Token.LAYER)
            expected += bytes([encoding.Token.LAYER])
        elif kind == "split":
            integers_ += [encoding.Token.SPLIT, data[0]]
            expected += encoding.split(data[0])
        elif kind == "leaf":
            integers_.append(encoding.Token.LEAF)
            floats_ += data[0]
            expected += encoding.leaf(data[0])
        else:
            unit, state, pairs = data
            rows, multipliers = [row for row, _ in pairs], [value for _, value in pairs]
            integers_ += [encoding.Token.ACTIVE if state else encoding.Token.INACTIVE, unit, len(rows), *rows]
            floats_ += multipliers
            expected += encoding.settle(unit, int(state), rows, multipliers)
    record = new_record(1, 1, 1)
    record.integers[: len(integers_)] = integers_
    record.floats[: len(floats_)] = floats_
    counters = np.zeros(Counter.LENGTH, dtype=np.int64)
    counters[Counter.INTEGERS], counters[Counter.FLOATS] = len(integers_), len(floats_)
    data, leaves = tokens(record, counters, DIMENSION)
    assert data == expected
    assert leaves == sum(kind == "leaf" for kind, *_ in items)
    assert tokens(record, counters, DIMENSION) == (b"", 0)


def proven(network, box, path, *, doubt):
    recorder = Recorder(path, network, box)
    recorder.open()
    tree = TableauTree(Restriction(network, box), Definition.REGIONS, doubt=doubt, recorder=recorder)
    tree.explore()
    assert recorder.close(complete=tree.finished)
    result = pr.verify(path, network, domain=box)
    assert result.valid, result.reason
    assert (result.count, result.scope) == (tree.found, "both")
    return tree


@given(net=tiny_nets(weights=st.one_of(integers, awkward)), doubt=st.sampled_from([0.0, 0.3, 1.0]))
@settings(max_examples=100, deadline=None)
def test_exact_decisions_between_compiled_ones(net, doubt, tmp_path_factory):
    whole = TableauTree(Restriction(net.network, net.box), Definition.REGIONS)
    whole.explore()
    path = tmp_path_factory.mktemp("certificates") / "cert"
    assert proven(net.network, net.box, path, doubt=doubt).found == whole.found


@pytest.mark.parametrize("known", all_known(), ids=lambda known: known.name)
def test_known_networks_in_doubt(known, tmp_path):
    assert proven(*of_known(known), tmp_path / "cert", doubt=0.5).found == known.regions


def test_a_record_taken_out_at_every_step(tmp_path, monkeypatch):
    """The bytes do not depend on when they are taken out."""
    network, box = of_known(npz("A1_2d_16x2"))
    proven(network, box, tmp_path / "one", doubt=0.0)
    monkeypatch.setattr(tableau_record, "_ROOM", 0)
    proven(network, box, tmp_path / "two", doubt=0.0)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_wide_layer(tmp_path):
    """Units above 127, and coordinates on a common denominator that floats don't hold."""
    random = np.random.default_rng(3)
    weights = [random.standard_normal((200, 2)), random.standard_normal((3, 200)), np.ones((1, 3))]
    biases = np.where(np.arange(200) < 190, 1.0, 0.01 * random.standard_normal(200))
    network = pr.Network.from_arrays(weights, [biases, np.ones(3), np.zeros(1)])
    tree = proven(network, pr.Box(Fraction(-1, 30), Fraction(1, 30)), tmp_path / "cert", doubt=0.0)
    assert tree.found > 20

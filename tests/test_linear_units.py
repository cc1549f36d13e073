"""Networks with linear units: every counter, bound, proof and file against trying all patterns."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.certificate import checker, network_file
from polyregions.definition import Definition
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.milp.tightening import tightened_bounds
from polyregions.milp.tree_pool import TreePool
from polyregions.splitting.tableau_cells import TableauTree
from polyregions.splitting.tree import SplittingTree
from polyregions.splitting.vertex_cells import VertexTree
from tests.reference import linear_units as reference
from tests.strategies import TinyNet, awkward, integers, tiny_nets


class LinearNet(NamedTuple):
    """A tiny net whose last layer is the affine output, and the masks of its hidden layers' linear units."""

    tiny: TinyNet
    masks: list[list[bool]]

    @property
    def network(self) -> pr.Network:
        layers = self.tiny.layers
        masks = [np.array(mask, dtype=bool) for mask in self.masks]
        return pr.Network.from_arrays([w for w, _ in layers], [b for _, b in layers], linear=masks)

    def patterns(self, definition: str) -> set[pr.network.Pattern]:
        tiny, interior = self.tiny, definition == "regions"
        return reference.attained(tiny.exact[:-1], self.masks, tiny.lower, tiny.upper, interior=interior)


@st.composite
def linear_nets(draw, weights=integers) -> LinearNet:
    tiny = draw(tiny_nets(weights, max_layers=4).filter(lambda net: len(net.layers) > 1))
    masks = [draw(st.lists(st.booleans(), min_size=len(b), max_size=len(b))) for _, b in tiny.layers[:-1]]
    return LinearNet(tiny, masks)


any_net = st.one_of(linear_nets(), linear_nets(awkward))
definitions = st.sampled_from(["regions", "patterns"])


def counters(restriction: Restriction, definition: str, doubt: float):
    kind = Definition.of(definition)
    yield "lp", SplittingTree(restriction, kind)
    yield "tableau", TableauTree(restriction, kind, doubt=doubt)
    yield "milp", TreePool(restriction, kind, doubt=doubt)
    if definition == "regions":
        yield "vertex", VertexTree(restriction, doubt=doubt)


@settings(max_examples=60)
@given(any_net, definitions, st.sampled_from([0.0, 0.5]))
def test_every_counter_finds_the_patterns(net, definition, doubt):
    network, expected = net.network, net.patterns(definition)
    restriction = Restriction(network, net.tiny.box)
    for name, tree in counters(restriction, definition, doubt):
        bound = tree.open_bound()
        found = []
        for leaf in tree.leaves():
            found.append(restriction.split_pattern(leaf.states))
            point = list(restriction.chart.ambient(leaf.witness.point.coordinates()))
            assert reference.evaluate(net.tiny.exact[:-1], net.masks, point) == found[-1], name
            assert network.pattern(point) == found[-1], name
        assert sorted(found) == sorted(expected), name
        assert bound >= len(expected), name


@pytest.mark.parametrize("cells", ["vertex", "tableau"])
def test_only_linear_units_in_the_first_layer(cells):
    # |x| + |y| by way of a first layer that only copies the inputs.
    network = pr.Network.from_arrays(
        [np.eye(2), [[1.0, 0], [-1, 0], [0, 1], [0, -1]], np.ones((1, 4))],
        [np.zeros(2), np.zeros(4), np.zeros(1)],
        linear=[np.ones(2, bool), np.zeros(4, bool)],
    )
    count = pr.count(network, pr.Box(-1, 1), cells=cells)
    assert int(count) == 4
    assert network.num_units == 4


@settings(max_examples=40)
@given(any_net, st.sampled_from(["interval", "lp", "milp"]))
def test_bounds_hold(net, method):
    network, box = net.network, net.tiny.box
    regions = len(net.patterns("patterns"))
    assert pr.upper_bound(network) >= regions
    assert pr.upper_bound(network, box, method=method) >= regions
    restriction = Restriction(network, box)
    bounds = tightened_bounds(restriction, FloatBox.of(restriction), method=method)
    stable = pr.stable_units(network, box)
    for leaf in SplittingTree(restriction, Definition.PATTERNS).leaves():
        point = list(restriction.chart.ambient(leaf.witness.point.coordinates()))
        pattern = network.pattern(point)
        for layer, values in enumerate(network.exact_preactivations(point)[:-1]):
            for unit, value in enumerate(values):
                assert bounds.lower[layer][unit] <= value <= bounds.upper[layer][unit]
                assert not (stable.active[layer][unit] and not pattern[layer][unit])
                assert not (stable.inactive[layer][unit] and pattern[layer][unit])


def test_no_linear_unit_is_called_unstable():
    network = pr.Network.from_arrays([[[1.0]], [[1.0]], [[1.0]]], [[0.0], [0.5], [0.0]], linear=[[True], [False]])
    stable = pr.stable_units(network, pr.Box(-1, 1))
    assert [mask.tolist() for mask in stable.active] == [[True], [False]]
    assert stable.complete


@settings(max_examples=25)
@given(any_net, definitions, st.sampled_from(["tableau", "lp"]))
def test_certificates(tmp_path_factory, net, definition, cells):
    folder = tmp_path_factory.mktemp("linear")
    network = net.network
    count = pr.count(network, net.tiny.box, definition=definition, cells=cells, certificate=folder / "net.certificate")
    assert int(count) == len(net.patterns(definition))
    result = pr.verify(folder / "net.certificate", network, domain=net.tiny.box)
    assert (result.valid, result.count) == (True, int(count))
    pr.save(network, folder / "net.npz")
    assert pr.load(folder / "net.npz") == network
    assert checker.verify(folder / "net.certificate", network_file.read_npz(folder / "net.npz")).valid
    # The same weights with other units linear are another network.
    if network.linear:
        plain = pr.Network.from_arrays(network.weights, network.biases)
        assert not pr.verify(folder / "net.certificate", plain).valid


@settings(max_examples=25)
@given(any_net)
def test_affine_map_and_halfspaces(net):
    network, box = net.network, net.tiny.box
    for region in pr.regions(network, box):
        a, c = region.affine_map(exact=True)
        values = network.exact_preactivations(region.witness)[-1]
        assert [
            sum(w * x for w, x in zip(row, region.witness, strict=True)) + b for row, b in zip(a, c, strict=True)
        ] == (values)
        rows, bounds = region.halfspaces(exact=True)
        assert len(rows) == network.num_units
        assert all(
            sum(w * x for w, x in zip(row, region.witness, strict=True)) <= bound
            for row, bound in zip(rows, bounds, strict=True)
        )
        assert np.allclose(network(np.array(region.point)), [float(v) for v in values])
    assert pr.cross_check(network, box).agree


def test_digest_tells_masks_apart():
    arrays = [[[1.0], [2.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]]
    plain, first, second = (
        pr.Network.from_arrays(*arrays, linear=mask) for mask in ([], [[True, False]], [[False, True]])
    )
    assert len({plain.sha256, first.sha256, second.sha256}) == 3
    assert pr.Network.from_arrays(*arrays, linear=[[False, False]]) == plain
    assert first.pattern([Fraction(-1)]) == ((1, 0),)
    assert first([-1.0]).tolist() == [-1.0]


@pytest.mark.parametrize(
    ("linear", "message"),
    [
        ([[True], [True]], "2 masks, but there are 1 hidden layers"),
        ([[True]], "must be 2 truth values"),
        ([[1, 0]], "must be 2 truth values"),
        (5, "sequence of arrays of truth values"),
    ],
)
def test_bad_masks(linear, message):
    with pytest.raises(pr.PolyregionsError, match=message):
        pr.Network.from_arrays([[[1.0], [2.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], linear=linear)


def test_a_linear_unit_has_no_other_state():
    network = pr.Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [0.0]], linear=[[True]])
    with pytest.raises(pr.PolyregionsError, match="unit 0 is linear"):
        network.affine_map(((0,),))

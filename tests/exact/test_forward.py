"""The forward pass that bounds its own errors, against exact evaluation."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.exact import filter as filter_module
from polyregions.exact import forward
from polyregions.exact.filter import FloatBox
from polyregions.exact.forward import ForwardPass
from polyregions.exact.restriction import Restriction
from tests.nets import npz
from tests.strategies import awkward, of_known, tiny_nets


def exact_signs(network, point):
    values = network.exact_preactivations([float(x) for x in point])[: network.depth]
    return [(g > 0) - (g < 0) for layer in values for g in layer]


@given(net=tiny_nets(weights=awkward, max_inputs=2), data=st.data())
@settings(max_examples=300, deadline=None)
def test_certain_signs_are_the_exact_ones(net, data):
    restriction = Restriction(net.network, net.box)
    box = FloatBox.of(restriction)
    coordinates = [
        st.one_of(st.sampled_from([0.0, -0.25, 0.1, 0.3]), st.floats(float(low), float(high)))
        for low, high in zip(net.lower, net.upper, strict=True)
    ]
    points = np.array(data.draw(st.lists(st.tuples(*coordinates), min_size=1, max_size=4)), dtype=np.float64)
    signs = ForwardPass(restriction, box).signs(points)
    for point, row in zip(points, signs.tolist(), strict=True):
        exact = exact_signs(net.network, point)
        assert len(row) == len(exact)
        assert all(sign in (0, true) for sign, true in zip(row, exact, strict=True))


def test_nearly_all_are_certain_on_an_ordinary_network():
    network, box = of_known(npz("A2_2d_32x3"))
    restriction = Restriction(network, box)
    points = np.random.default_rng(0).uniform(-1, 1, size=(500, 2))
    signs = ForwardPass(restriction, FloatBox.of(restriction)).signs(points)
    assert signs.shape == (500, 96)
    assert (signs != 0).all()


def test_rounding_errors_are_covered(monkeypatch):
    """A unit that is 0 in exact arithmetic and is not in floats: undecided; without the bound, decided wrongly."""
    network = pr.Network.from_arrays([[[0.1], [0.7]], [[0.7, -0.1]]], [[0.0, 0.0], [0.0]], include_output=True)
    restriction = Restriction(network, pr.Box(0, 1))
    box = FloatBox.of(restriction)
    points = np.random.default_rng(0).uniform(0.1, 1, size=(50, 1))
    assert (ForwardPass(restriction, box).signs(points) == [1, 1, 0]).all()
    for module in (filter_module, forward):
        monkeypatch.setattr(module, "U", 0.0)
    assert (ForwardPass(restriction, box).signs(points)[:, 2] != 0).any()


def test_inside_and_attain():
    network = pr.Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]]], [[0.0, 0.0]], include_output=True)
    domain = pr.Polytope([[-1, 0], [0, -1], [1, 0], [0, 1], [1, 1]], [1, 1, 1, 1, 1])
    restriction = Restriction(network, domain)
    forward_pass = ForwardPass(restriction, FloatBox.of(restriction))
    points = np.array([[0.25, 0.25], [-0.5, 0.5], [0.75, 0.75], [1.0, -0.5], [0.0, 0.5], [np.nan, 0.5]])
    assert forward_pass.inside(points).tolist() == [True, True, False, False, True, False]
    states = np.array([[1, 1], [1, 1], [1, 1], [1, 0], [0, 1], [0, 1]], dtype=np.uint8)
    # The second has another pattern, the fifth lies on a hyperplane.
    assert forward_pass.attain(points, states).tolist() == [True, False, False, False, False, False]

"""Network: exact evaluation, affine maps, digests, and one clear error for each bad input."""

import copy
import pickle
from dataclasses import FrozenInstanceError
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyregions.errors import NetworkError, PolyregionsError
from polyregions.network import Network

Layers = list[tuple[list[list[float]], list[float]]]

SMALL = st.integers(-4, 4)
SIXTEENTHS = st.integers(-64, 64).map(lambda k: k / 16)
ANY_FLOAT = st.floats(-1e6, 1e6)


@st.composite
def layers(draw: st.DrawFn, numbers: st.SearchStrategy[float] = SIXTEENTHS, most: int = 4) -> Layers:
    """One to four layers of at most four units, on at most three inputs."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=most + 1))
    result = []
    for inputs, units in pairwise(sizes):
        row = st.lists(numbers, min_size=inputs, max_size=inputs)
        w = draw(st.lists(row, min_size=units, max_size=units))
        result.append((w, draw(st.lists(numbers, min_size=units, max_size=units))))
    return result


def network(layers: Layers, **options: bool) -> Network:
    return Network.from_arrays([w for w, _ in layers], [b for _, b in layers], **options)


def fraction_preactivations(layers: Layers, x: list[Fraction]) -> list[list[Fraction]]:
    """The definition, in Fractions: g = W h + b, h = max(0, g)."""
    h, result = x, []
    for w, b in layers:
        g = [
            sum((Fraction(a) * v for a, v in zip(row, h, strict=True)), Fraction(c))
            for row, c in zip(w, b, strict=True)
        ]
        result.append(g)
        h = [max(v, Fraction(0)) for v in g]
    return result


@st.composite
def network_and_point(draw: st.DrawFn, numbers: st.SearchStrategy[float] = SIXTEENTHS) -> tuple[Layers, list[Fraction]]:
    net = draw(layers(numbers))
    size = len(net[0][0][0])
    coordinate = st.fractions(-4, 4, max_denominator=30)
    return net, draw(st.lists(coordinate, min_size=size, max_size=size))


class TestExactness:
    @given(network_and_point(st.one_of(SMALL, SIXTEENTHS, ANY_FLOAT)))
    @settings(max_examples=150, deadline=None)
    def test_preactivations_and_pattern_are_those_of_fractions(self, case):
        net, x = case
        expected = fraction_preactivations(net, x)
        assert network(net).exact_preactivations(x) == expected
        states = tuple(tuple(int(g > 0) for g in values) for values in expected)
        assert network(net).pattern(x) == states[:-1]
        assert network(net, include_output=True).pattern(x) == states

    @given(layers(st.floats(allow_nan=False, allow_infinity=False)))
    @settings(max_examples=100, deadline=None)
    def test_exact_layers_are_the_floats(self, net):
        for layer, (w, b) in zip(network(net).exact_layers, net, strict=True):
            assert layer.width == len(b)
            assert [[Fraction(v, layer.denominator) for v in row] for row in layer.weights] == [
                [Fraction(v) for v in row] for row in w
            ]
            assert [Fraction(v, layer.denominator) for v in layer.biases] == [Fraction(v) for v in b]

    def test_subnormal_and_huge_weights_in_one_layer(self):
        net = Network.from_arrays([[[5e-324, 1.7976931348623157e308]]], [[-5e-324]])
        (value,) = net.exact_preactivations([Fraction(1), Fraction(0)])[0]
        assert value == 0
        (value,) = net.exact_preactivations([Fraction(0), Fraction(1, 3)])[0]
        assert value == Fraction(1.7976931348623157e308) / 3 - Fraction(5e-324)

    @pytest.mark.parametrize(
        ("x", "state"),
        [(0, 0), (Fraction(1, 10**30), 1), (Fraction(-1, 10**30), 0), (-0.0, 0), ("1/3", 1), (5e-324, 1)],
    )
    def test_a_zero_preactivation_is_inactive(self, x, state):
        net = Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [0.0]])
        assert net.pattern([x]) == ((state,),)

    def test_strings_are_read_as_written_and_floats_as_stored(self):
        net = Network.from_arrays([[[10.0]], [[1.0]]], [[-1.0], [0.0]])
        assert net.pattern(["0.1"]) == ((0,),)  # 10 * 1/10 - 1 = 0
        assert net.pattern([0.1]) == ((1,),)  # the float is a little more than one tenth
        assert net.preactivations([0.1])[0] == 0.0  # where floating point sees a tie

    def test_unit_that_is_identically_zero(self):
        net = Network.from_arrays([[[0.0, 0.0], [1.0, 0.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
        assert net.pattern([7, -3]) == ((0, 1),)


class TestAffineMap:
    @given(network_and_point(), st.booleans())
    @settings(max_examples=150, deadline=None)
    def test_on_the_pattern_of_a_point_it_is_the_forward_pass(self, case, include_output):
        layers, x = case
        net = network(layers, include_output=include_output)
        a, c = net.affine_map(net.pattern(x), exact=True)
        value = [sum((p * q for p, q in zip(row, x, strict=True)), offset) for row, offset in zip(a, c, strict=True)]
        output = fraction_preactivations(layers, x)[-1]
        assert value == ([max(v, Fraction(0)) for v in output] if include_output else output)

    @given(layers(), st.randoms(use_true_random=False), st.booleans())
    @settings(max_examples=100, deadline=None)
    def test_floats_agree_with_fractions_on_any_pattern(self, layers, random, include_output):
        net = network(layers, include_output=include_output)
        pattern = tuple(tuple(random.randint(0, 1) for _ in range(n)) for n in net.widths)
        (a, c), (exact_a, exact_c) = net.affine_map(pattern), net.affine_map(pattern, exact=True)
        # Sixteenths up to 4 with at most four layers of four: each product has at most 8 * 5 bits, so floats are exact.
        assert a.tolist() == exact_a
        assert c.tolist() == exact_c

    @given(network_and_point(ANY_FLOAT))
    @settings(max_examples=60, deadline=None)
    def test_float_forward_pass_is_near_the_exact_one(self, case):
        layers, x = case
        x = [Fraction(float(v)) for v in x]
        net = network(layers)
        floats = net.preactivations([float(v) for v in x])
        size, lost = [abs(v) for v in x], [Fraction(0)] * len(x)
        for values, exact, (w, b) in zip(floats, net.exact_preactivations(x), layers, strict=True):
            rows = [[abs(Fraction(p)) for p in row] for row in w]
            size = [
                sum((p * q for p, q in zip(row, size, strict=True)), abs(Fraction(c)))
                for row, c in zip(rows, b, strict=True)
            ]
            # What products lose by underflow, here and before.
            lost = [
                sum((p * q for p, q in zip(row, lost, strict=True)), Fraction(len(row), 2**1074)) * 2 for row in rows
            ]
            for value, wanted, bound, slack in zip(values, exact, size, lost, strict=True):
                assert abs(Fraction(float(value)) - wanted) <= bound * Fraction(40, 2**53) + slack

    def test_batches_are_rows(self):
        net = Network.from_arrays([[[1.0, 2.0]], [[3.0]]], [[0.5], [0.0]])
        points = np.array([[1.0, 1.0], [-1.0, 0.0], [0.0, 0.25]])
        assert net(points).tolist() == [[10.5], [0.0], [3.0]]
        assert net.preactivations(points)[0].tolist() == [[3.5], [-0.5], [1.0]]
        assert net(points[0]).tolist() == [10.5]

    @pytest.mark.parametrize("pattern", [((1,),), ((1, 0), (1,)), (), ((1, 0, 1),)])
    def test_pattern_of_another_network(self, pattern):
        net = Network.from_arrays([[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
        with pytest.raises(NetworkError, match="units"):
            net.affine_map(pattern)

    @pytest.mark.parametrize("pattern", [("01",), ((0, 2),), ((0, -1),), ((0, None),)])
    def test_states_other_than_zero_and_one(self, pattern):
        net = Network.from_arrays([[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
        with pytest.raises(NetworkError, match=r"layer 1 is .* must be 0 or 1"):
            net.affine_map(pattern)

    def test_numpy_and_boolean_states(self):
        net = Network.from_arrays([[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
        assert net.affine_map((np.array([True, False]),))[0].tolist() == [[1.0]]


class TestIncludeOutput:
    NET = Network.from_arrays([[[1.0], [-1.0]], [[1.0, -1.0]]], [[0.0, 0.0], [-1.0]])

    def test_shape(self):
        net = self.NET
        assert (net.depth, net.widths, net.num_units, net.input_dimension) == (1, (2,), 2, 1)
        net = net.including_output()
        assert (net.depth, net.widths, net.num_units, net.input_dimension) == (2, (2, 1), 3, 1)
        assert net.including_output(False) == self.NET

    def test_output_is_rectified(self):
        assert self.NET([0.5]).tolist() == [-0.5]
        assert self.NET.including_output()([0.5]).tolist() == [0.0]
        assert self.NET.including_output().pattern([0.5]) == ((1, 0), (0,))

    def test_output_layer_alone(self):
        net = Network.from_arrays([[[2.0]]], [[1.0]])
        assert (net.depth, net.widths, net.pattern([3])) == (0, (), ())
        assert net.affine_map((), exact=True) == ([[Fraction(2)]], [Fraction(1)])
        assert net.including_output().pattern([3]) == ((1,),)


class TestIdentity:
    WEIGHTS = ([[[0.5, -0.0], [1.0, 2.0]], [[1.0, 3.0]]], [[0.0, -1.0], [0.25]])

    def test_sha256_is_pinned(self):
        # Certificates and stored counts name networks by this digest: it must not change between versions.
        assert (
            Network.from_arrays(*self.WEIGHTS).sha256
            == "aad4703fdb0c5e0ab0b123db63acbee8b34ef2174ebade16e6ddb328cf77b610"
        )

    @given(layers())
    @settings(max_examples=50, deadline=None)
    def test_equal_weights_in_any_container(self, layers):
        first = network(layers)
        second = Network.from_arrays(
            [np.asfortranarray(np.array(w, dtype=np.float32)) for w, _ in layers],
            tuple([Fraction(v) for v in b] for _, b in layers),
        )
        assert first == second
        assert hash(first) == hash(second)
        assert first.sha256 == second.sha256

    def test_negative_zero_is_zero(self):
        (w, v), biases = self.WEIGHTS
        positive = Network.from_arrays([[[0.5, 0.0], w[1]], v], biases)
        assert positive == Network.from_arrays(*self.WEIGHTS)
        assert positive == Network.from_arrays([w, v], [[-0.0, -1.0], [0.25]])

    def test_one_ulp_is_another_network(self):
        (w, v), biases = self.WEIGHTS
        assert Network.from_arrays([[[np.nextafter(0.5, 1), 0.0], w[1]], v], biases) != Network.from_arrays(
            *self.WEIGHTS
        )
        assert Network.from_arrays([w, v], [biases[0], [np.nextafter(0.25, 0)]]) != Network.from_arrays(*self.WEIGHTS)
        assert Network.from_arrays([[[0.5, 5e-324], w[1]], v], biases) != Network.from_arrays(*self.WEIGHTS)

    def test_include_output_is_another_network(self):
        net = Network.from_arrays(*self.WEIGHTS)
        assert net.including_output() != net
        assert net.including_output().sha256 != net.sha256
        assert net != "a network"

    def test_same_numbers_in_other_shapes(self):
        ones = np.ones
        assert Network.from_arrays([ones((2, 1)), ones((1, 2))], [ones(2), ones(1)]) != Network.from_arrays(
            [ones((1, 2)), ones((2, 1))], [ones(1), ones(2)]
        )

    def test_copies_and_pickles_are_equal(self):
        net = Network.from_arrays(*self.WEIGHTS, include_output=True)
        hash(net)  # so that there is something cached
        for other in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net), copy.copy(net)):
            assert other == net
            assert other.include_output
            for array in (*other.weights, *other.biases):
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 5

    def test_repr(self):
        net = Network.from_arrays(*self.WEIGHTS)
        assert repr(net) == "Network(2-2-1)"
        assert repr(net.including_output()) == "Network(2-2-1, include_output=True)"


class TestImmutability:
    def test_arrays_are_read_only(self):
        net = Network.from_arrays([np.ones((2, 1)), np.ones((1, 2))], [np.ones(2), np.ones(1)])
        for array in (*net.weights, *net.biases):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 5
        with pytest.raises(FrozenInstanceError):
            net.weights = ()

    def test_arrays_given_are_copied(self):
        w, b = np.ones((1, 1)), np.ones(1)
        net = Network.from_arrays([w], [b])
        digest = net.sha256
        w[0, 0] = b[0] = 7.0
        assert (net.weights[0][0, 0], net.biases[0][0]) == (1.0, 1.0)
        assert Network.from_arrays([[[1.0]]], [[1.0]]).sha256 == digest
        assert w.flags.writeable


GOOD_W, GOOD_B = [[[1.0], [2.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]]


def with_weights(layer: int, w: object) -> tuple[list[object], list[object]]:
    return [w if i == layer else good for i, good in enumerate(GOOD_W)], list(GOOD_B)


def with_biases(layer: int, b: object) -> tuple[list[object], list[object]]:
    return list(GOOD_W), [b if i == layer else good for i, good in enumerate(GOOD_B)]


HIDDEN, OUTPUT = r"layer 1 \(hidden layer\)", r"layer 2 \(output layer\)"

BAD = {
    "NaN weight": (with_weights(0, [[1.0], [float("nan")]]), rf"{HIDDEN}: its weights hold nan at index \[1, 0\]"),
    "infinite weight": (with_weights(1, [[np.inf, 1.0]]), rf"{OUTPUT}: its weights hold inf at index \[0, 0\]"),
    "infinite bias": (with_biases(1, [-np.inf]), rf"{OUTPUT}: its biases hold -inf at index \[0\]"),
    "NaN among Fractions": (with_biases(0, [Fraction(1), np.nan]), rf"{HIDDEN}: its biases at index \[1\]: nan"),
    "too few columns": (with_weights(1, [[1.0]]), rf"{OUTPUT}: its weights have 1 columns .* 2 units"),
    "too many columns": (with_weights(1, [[1.0] * 3]), rf"{OUTPUT}: its weights have 3 columns .* 2 units"),
    "biases too short": (with_biases(0, [0.0]), rf"{HIDDEN}: its weights have 2 rows.*shape \(1,\)"),
    "biases too long": (with_biases(1, [0.0, 0.0]), rf"{OUTPUT}: its weights have 1 rows.*shape \(2,\)"),
    "matrix of biases": (with_biases(0, [[0.0], [0.0]]), rf"{HIDDEN}: its biases have 2 dimensions"),
    "scalar bias": (with_biases(1, 0.0), rf"{OUTPUT}: its biases have 0 dimensions"),
    "vector of weights": (with_weights(0, [1.0, 2.0]), rf"{HIDDEN}: its weights have 1 dimensions"),
    "weights of three dimensions": (with_weights(0, [[[1.0]]]), rf"{HIDDEN}: its weights have 3 dimensions"),
    "no unit": (with_weights(0, np.zeros((0, 1))), rf"{HIDDEN}: .*\(0, 1\): the layer is empty"),
    "no input": (with_weights(0, np.zeros((2, 0))), rf"{HIDDEN}: .*\(2, 0\): the layer is empty"),
    "empty lists": (with_weights(0, [[], []]), rf"{HIDDEN}: .*the layer is empty"),
    "ragged rows": (with_weights(1, [[1.0, 1.0], [1.0]]), rf"{OUTPUT}: its weights do not form an array"),
    "ragged rows of Fractions": (with_weights(0, [[Fraction(1)], []]), rf"{HIDDEN}: its weights do not form an array"),
    "strings": (with_weights(0, [["a"], ["b"]]), rf"{HIDDEN}: its weights are of type <U1"),
    "strings among numbers": (with_weights(0, [[1.0], ["2"]]), rf"{HIDDEN}: its weights are of type <U"),
    "bytes": (with_biases(1, [b"1"]), rf"{OUTPUT}: its biases are of type"),
    "truth values": (with_biases(1, [True]), rf"{OUTPUT}: its biases are of type bool"),
    "complex": (with_biases(1, [1j]), rf"{OUTPUT}: its biases are of type complex128"),
    "dates": (with_biases(1, np.zeros(1, "M8[s]")), rf"{OUTPUT}: its biases are of type datetime64"),
    "None": (with_biases(1, [None]), rf"{OUTPUT}: its biases at index \[0\]: None is not a number"),
    "objects": (with_weights(1, [[object(), 1.0]]), rf"{OUTPUT}: its weights at index \[0, 0\]: .* is not a number"),
    "one third": (with_biases(1, [Fraction(1, 3)]), rf"{OUTPUT}: its biases hold .*float64 cannot represent"),
    "2^53 + 1": (with_biases(1, [2**53 + 1]), rf"{OUTPUT}: its biases hold .*\[0\].*float64 cannot represent"),
    "2^53 + 1 in an array": (with_biases(1, np.array([2**53 + 1])), "float64 cannot represent"),
    # np.asarray makes floats of the whole list, rounding the integer.
    "2^53 + 1 among floats": (with_weights(1, [[2**53 + 1, 0.5]]), rf"{OUTPUT}: .*\[0, 0\].*float64 cannot represent"),
    "2^64 + 1": (with_biases(1, [2**64 + 1]), rf"{OUTPUT}: .*float64 cannot represent"),
    "largest int64": (with_biases(1, np.array([2**63 - 1])), "float64 cannot represent"),
    "largest uint64": (with_biases(1, np.array([2**64 - 1], dtype=np.uint64)), "float64 cannot represent"),
    "beyond float64": (with_biases(1, [10**400]), rf"{OUTPUT}: its biases at index \[0\] are beyond the range"),
    "digits beyond Python's limit": (with_biases(1, [Fraction(10**5000 + 1, 10**5000)]), "float64 cannot represent"),
    "no layer": (([], []), "at least one layer"),
    "weights without biases": ((GOOD_W, GOOD_B[:1]), "2 weight matrices but 1 bias vectors"),
    "not sequences": ((5, None), "two sequences of arrays"),
}


class TestBadInput:
    @pytest.mark.parametrize("case", BAD)
    @pytest.mark.filterwarnings("error")
    def test_one_clear_error(self, case):
        (weights, biases), message = BAD[case]
        with pytest.raises(NetworkError, match=message) as caught:
            Network.from_arrays(weights, biases)
        text = str(caught.value)
        assert "\n" not in text
        assert len(text) < 200
        assert isinstance(caught.value, ValueError)
        assert isinstance(caught.value, PolyregionsError)

    @pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52, reason="long double is float64 here")
    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (np.longdouble(1) + np.longdouble(2) ** -60, "float64 cannot represent"),
            (np.longdouble(2) ** 60 + 1, "float64 cannot represent"),
            (np.longdouble(2) ** 2000, "hold inf"),
        ],
    )
    def test_long_doubles_beyond_float64(self, value, message):
        for biases in (np.array([value]), [value]):
            with pytest.raises(NetworkError, match=message):
                Network.from_arrays([[[1.0]]], [biases])

    def test_every_number_type_that_float64_holds(self):
        exact = [2**53, 2**54 + 4, -(2**63), 2**64, 2**1000]
        net = Network.from_arrays([[[1]] * 5], [exact])
        assert [int(v) for v in net.biases[0]] == exact
        mixed = Network.from_arrays([[[2**60, 0.5]]], [[Fraction(3, 8)]])
        assert (mixed.weights[0].tolist(), mixed.biases[0].tolist()) == ([[2.0**60, 0.5]], [0.375])
        for dtype in (np.float16, np.float32, np.longdouble, np.int8, np.uint64, object):
            assert Network.from_arrays([np.array([[3]], dtype=dtype)], [[0]]) == Network.from_arrays([[[3.0]]], [[0.0]])

    @pytest.mark.parametrize("x", [[1.0, 2.0], []])
    def test_points_of_another_dimension(self, x):
        net = Network.from_arrays(GOOD_W, GOOD_B)
        with pytest.raises(NetworkError, match="1 inputs"):
            net.pattern(x)
        with pytest.raises(NetworkError, match="1 inputs"):
            net(x)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), "x", None, True])
    def test_points_that_are_not_numbers(self, value):
        with pytest.raises(ValueError, match="not a"):
            Network.from_arrays(GOOD_W, GOOD_B).pattern([value])

    @pytest.mark.parametrize("x", [5, None, "0", np.array(0.5), np.array([[0.5]]), [[0.5]], [np.array([0.5, 1.0])]])
    def test_points_that_are_not_points(self, x):
        with pytest.raises(NetworkError):
            Network.from_arrays(GOOD_W, GOOD_B).pattern(x)

    @pytest.mark.parametrize("x", [["a"], [[0.5], [1.0, 2.0]], object()])
    def test_batches_that_are_not_numbers(self, x):
        with pytest.raises(NetworkError):
            Network.from_arrays(GOOD_W, GOOD_B)(x)


class TestTensors:
    NET = Network.from_arrays([[[10.0]], [[1.0]]], [[-1.0], [0.0]])

    @pytest.mark.parametrize("kind", ["bfloat16", "float16", "float32", "float64"])
    def test_points(self, kind):
        torch = pytest.importorskip("torch")
        x = torch.tensor([0.1], dtype=getattr(torch, kind), requires_grad=True)
        exact = Fraction(x.item())
        assert self.NET.pattern(x) == self.NET.pattern(list(x)) == ((int(10 * exact > 1),),)
        assert self.NET(x) == self.NET([float(exact)])
        assert self.NET.preactivations(x[None])[0].shape == (1, 1)

    def test_weights_with_gradients(self):
        torch = pytest.importorskip("torch")
        layer = torch.nn.Linear(2, 3)
        net = Network.from_arrays([layer.weight], [layer.bias])
        assert net.weights[0].tolist() == layer.weight.tolist()

    def test_bad_points(self):
        torch = pytest.importorskip("torch")
        for x in (
            torch.tensor(0.5),
            torch.tensor([[0.5]]),
            torch.zeros(1, device="meta"),
            torch.tensor([float("nan")]),
        ):
            with pytest.raises(NetworkError):
                self.NET.pattern(x)

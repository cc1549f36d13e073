"""Each operator against an obvious implementation with loops, its exact rows and its forward pass both."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.graph import (
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Elementwise,
    Flatten,
    Graph,
    Maximum,
    Maxout,
    MaxPool,
    Pad,
    PiecewiseLinear,
    Reshape,
    Select,
    Transpose,
    batch_norm,
    hard_tanh,
    leaky_relu,
    prelu,
    relu6,
)
from polyregions.graph.operator import AffineOperator


def by_rows(operator: AffineOperator, *values: np.ndarray) -> np.ndarray:
    """What the exact rows say of integer inputs."""
    flat = [Fraction(int(v)) for value in values for v in value.ravel()]
    rows = operator.rows(*(value.shape for value in values))
    result = [sum((w * flat[i] for i, w in entries), constant) for entries, constant in rows]
    return np.array([float(v) for v in result]).reshape(operator.output_shape(*(value.shape for value in values)))


def agree(operator: AffineOperator, expected: np.ndarray, *values: np.ndarray) -> None:
    assert operator.output_shape(*(value.shape for value in values)) == expected.shape
    assert np.allclose(by_rows(operator, *values), expected)
    batches = [np.stack([value, 2.0 * value]) for value in values]
    assert np.allclose(operator.forward(*batches)[0], expected)
    assert operator.entries(*(value.shape for value in values)) >= 0


@st.composite
def geometries(draw):
    """Spatial shape, kernel, stride, padding and dilation, in 1 to 3 dimensions."""
    axes = draw(st.integers(1, 3))
    kernel = [draw(st.integers(1, 3)) for _ in range(axes)]
    dilation = [draw(st.integers(1, 2)) for _ in range(axes)]
    padding = [(draw(st.integers(0, 1)), draw(st.integers(0, 1))) for _ in range(axes)]
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    spatial = [draw(st.integers(max(1, r - sum(p)), r + 2)) for r, p in zip(reach, padding, strict=True)]
    return spatial, kernel, [draw(st.integers(1, 3)) for _ in range(axes)], padding, dilation


def windows(spatial, kernel, stride, padding, dilation, round_up=False):
    """Per window the spatial places in it, None for padding, in C order; and the windows' shape."""
    counts = []
    for n, k, s, p, d in zip(spatial, kernel, stride, padding, dilation, strict=True):
        room = n + sum(p) - d * (k - 1) - 1
        count = room // s + 1
        if round_up and room % s and count * s < n + p[0]:
            count += 1
        counts.append(count)
    result = []
    for corner in product(*map(range, counts)):
        places = []
        for offset in product(*map(range, kernel)):
            place = [
                c * s - p[0] + o * d for c, s, p, o, d in zip(corner, stride, padding, offset, dilation, strict=True)
            ]
            inside = all(0 <= v < n for v, n in zip(place, spatial, strict=True))
            beyond = any(v >= n + p[1] for v, n, p in zip(place, spatial, padding, strict=True))
            places.append(tuple(place) if inside else "beyond" if beyond else None)
        result.append(places)
    return result, counts


@settings(max_examples=60)
@given(geometries(), st.sampled_from([(1, 1), (2, 1), (2, 2)]), st.integers(0, 100))
def test_convolution(geometry, channels, seed):
    spatial, kernel, stride, padding, dilation = geometry
    depth, groups = channels
    rng = np.random.default_rng(seed)
    filters = rng.integers(-3, 4, (2 * groups, depth // groups, *kernel)).astype(float)
    biases = rng.integers(-3, 4, 2 * groups).astype(float)
    value = rng.integers(-3, 4, (depth, *spatial)).astype(float)
    operator = Convolution(filters, biases, stride=stride, padding=padding, dilation=dilation, groups=groups)
    found, counts = windows(spatial, kernel, stride, padding, dilation)
    expected = np.zeros((2 * groups, len(found)))
    for f in range(2 * groups):
        first = f // 2 * (depth // groups)
        for w, places in enumerate(found):
            for c in range(depth // groups):
                for place, weight in zip(places, filters[f, c].ravel(), strict=True):
                    if place is not None and place != "beyond":
                        expected[f, w] += weight * value[(first + c, *place)]
            expected[f, w] += biases[f]
    agree(operator, expected.reshape(2 * groups, *counts), value)


@settings(max_examples=60)
@given(geometries(), st.booleans(), st.booleans(), st.integers(0, 100))
def test_pooling(geometry, round_up, include_padding, seed):
    spatial, kernel, stride, padding, dilation = geometry
    value = np.random.default_rng(seed).integers(-3, 4, (2, *spatial)).astype(float)
    found, counts = windows(spatial, kernel, stride, padding, dilation, round_up)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "round_up": round_up}
    inside = [[place for place in places if place not in (None, "beyond")] for places in found]
    average = AveragePool(kernel, include_padding=include_padding, **options)
    if include_padding or all(inside):
        expected = np.zeros((2, len(found)))
        for c in range(2):
            for w, (places, all_places) in enumerate(zip(inside, found, strict=True)):
                divisor = sum(place != "beyond" for place in all_places) if include_padding else len(places)
                expected[c, w] = sum(value[(c, *place)] for place in places) / divisor
        agree(average, expected.reshape(2, *counts), value)
    largest = MaxPool(kernel, **options)
    if not all(inside):
        with pytest.raises(pr.PolyregionsError, match="padding alone"):
            largest.groups(value.shape)
        return
    expected = np.array([[max(value[(c, *place)] for place in places) for places in inside] for c in range(2)])
    assert np.array_equal(largest.forward(value[None])[0], expected.reshape(2, *counts))
    flat = value.ravel()
    assert [max(flat[i] for i in group) for group in largest.groups(value.shape)] == expected.ravel().tolist()


def test_moving_entries():
    value = np.arange(24.0).reshape(2, 3, 4)
    agree(Flatten(), value.ravel(), value)
    agree(Flatten(1), value.reshape(2, 12), value)
    agree(Reshape((4, -1)), value.reshape(4, 6), value)
    agree(Transpose((2, 0, 1)), value.transpose(2, 0, 1), value)
    agree(Concatenate(1), np.concatenate([value, 2 * value], axis=1), value, 2 * value)
    agree(Select([3, 0, -1], axis=2), value[:, :, [3, 0, -1]], value)
    agree(Pad([(0, 0), (1, 0), (0, 2)], "1/2"), np.pad(value, [(0, 0), (1, 0), (0, 2)], constant_values=0.5), value)


def test_sums_and_scales():
    value, other = np.arange(6.0).reshape(2, 3), np.array([1.0, 5.0, 9.0])
    agree(Add(), value + other, value, other)
    agree(Add((1, "-1/2")), value - other / 2, value, other)
    agree(Elementwise([[2], [3]], [1, 0, -1]), value * [[2], [3]] + [1, 0, -1], value)
    weights = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
    agree(Dense(weights, [1.0, 2.0]), value @ weights.T + [1.0, 2.0], value)


def test_batch_norm():
    value = np.arange(8.0).reshape(2, 2, 2)
    gamma, beta, mean, variance = [2.0, 0.5], [1.0, -1.0], [0.25, 3.0], [0.5, 4.0]
    operator = batch_norm(gamma, beta, mean, variance, epsilon=1e-3, axes=2)
    column = [np.reshape(v, (2, 1, 1)) for v in (gamma, beta, mean, variance)]
    expected = (value - column[2]) / np.sqrt(column[3] + 1e-3) * column[0] + column[1]
    agree(operator, expected, value)
    # The exact scale is the float64 value, and the shift is not rounded.
    scale = 2.0 / np.sqrt(0.5 + 1e-3)
    assert operator.scale.ravel()[0] == Fraction(scale)
    assert operator.shift.ravel()[0] == 1 - Fraction(scale) / 4


@settings(max_examples=40)
@given(st.lists(st.integers(-8, 8), min_size=4, max_size=4), st.sampled_from([0, 1, 2]))
def test_piecewise_linear(values, which):
    x = np.array(values, dtype=float) / 2
    operator, expected = [
        (hard_tanh(), np.clip(x, -1, 1)),
        (leaky_relu(0.25), np.where(x > 0, x, 0.25 * x)),
        (prelu([0.5, -1.0, 2.0, 0.0]), np.where(x > 0, x, x * [0.5, -1.0, 2.0, 0.0])),
    ][which]
    assert np.array_equal(operator.forward(x[None])[0], expected)
    assert np.array_equal(relu6().forward(4 * x[None])[0], np.clip(4 * x, 0, 6))


def test_a_piecewise_linear_function_is_continuous():
    operator = PiecewiseLinear([-1, 1], [2, 0, "1/2"], 3)
    assert operator.forward(np.array([[-2.0, -1.0, 0.0, 1.0, 3.0]])).tolist() == [[-1.0, 1.0, 1.0, 1.0, 2.0]]


def test_maxima():
    value = np.array([[3.0, 1.0], [2.0, 5.0], [4.0, 4.0], [0.0, -1.0]])
    assert Maxout(2).forward(value[None])[0].tolist() == [[3.0, 5.0], [4.0, 4.0]]
    assert Maxout(2).groups(value.shape) == [[0, 2], [1, 3], [4, 6], [5, 7]]
    assert Maxout(2, axis=1).forward(value[None])[0].tolist() == [[3.0], [5.0], [4.0], [0.0]]
    assert Maximum().forward(value[None], 2 - value[None])[0].tolist() == np.maximum(value, 2 - value).tolist()


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (lambda: Dense(np.eye(3)), r"3 columns, but the input's shape is \(1, 4, 4\)"),
        (lambda: Convolution(np.ones((1, 2, 2, 2))), "for 2 channels"),
        (lambda: Convolution(np.ones((1, 1, 5, 5))), "larger than the padded input"),
        (lambda: Convolution(np.ones((1, 1, 2))), "1 spatial axes are needed"),
        (lambda: Reshape((3, -1)), "can't be reshaped"),
        (lambda: Transpose((0, 1)), "no order of the axes"),
        (lambda: Select([9]), "has not the entries"),
        (lambda: Maxout(3), "no groups of 3"),
        (lambda: Elementwise(np.ones(3)), "does not broadcast"),
        (lambda: prelu([0.1, 0.2, 0.3]), "do not broadcast"),
        (lambda: Pad([(1, 1)]), "can't pad"),
    ],
)
def test_shapes_that_do_not_fit(operator, message):
    graph = Graph((1, 4, 4))
    with pytest.raises(pr.PolyregionsError, match=rf"node 'bad' \(.*{message}"):
        graph.add(operator(), "input", name="bad")
    assert "bad" not in graph


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (lambda: Dense([[np.nan]]), "nan"),
        (lambda: Dense([[1.0]], [1.0, 2.0]), "2 biases"),
        (lambda: Convolution(np.ones((3, 1, 2, 2)), groups=2), "2 groups"),
        (lambda: Convolution(np.ones((3, 1, 2, 2)), stride=0), "must be positive"),
        (lambda: Convolution(np.ones((3, 1, 2, 2)), padding=-1), "must not be negative"),
        (lambda: Convolution(np.ones((3, 1, 2, 2)), stride=(1, 2, 3)), "one number for each of the 2"),
        (lambda: batch_norm([1.0], [0.0], [0.0], [-1.0]), "not finite"),
        (lambda: PiecewiseLinear([1, 0], [0, 1, 2]), "must increase"),
        (lambda: PiecewiseLinear([0], [0]), "2 slopes"),
        (lambda: Elementwise(float("inf")), "scale"),
        (lambda: Maxout(0), "at least 1"),
    ],
)
def test_bad_numbers(operator, message):
    with pytest.raises(pr.PolyregionsError, match=message):
        operator()


def test_bad_graphs():
    graph = Graph(2)
    for arguments, message in [
        (("nowhere",), "no node 'nowhere'"),
        ((), "takes 1 input, not 0"),
        (("input", "input"), "takes 1 input, not 2"),
    ]:
        with pytest.raises(pr.PolyregionsError, match=message):
            graph.add(Dense(np.eye(2)), *arguments)
    with pytest.raises(pr.PolyregionsError, match="of that name already"):
        graph.add(Dense(np.eye(2)), "input", name="input")
    with pytest.raises(pr.PolyregionsError, match="no node 'out' to be the output"):
        graph.network("out")
    with pytest.raises(pr.PolyregionsError, match="fixed and positive"):
        Graph((3, -1))


def test_layers_that_do_not_fit():
    graph = Graph((1, 300, 300))
    graph.add(Convolution(np.ones((64, 1, 3, 3))), "input", name="conv")
    with pytest.raises(pr.PolyregionsError, match=r"node 'conv' \(Convolution\): as a matrix it has 51,151,104"):
        graph.network()

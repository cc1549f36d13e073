"""Convolutional layers: the values of the literature, counted; the formula against all choices."""

from itertools import product
from math import comb, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.bounds import cnn
from polyregions.bounds.architecture import hyperplane_regions
from polyregions.bounds.arrangement import arrangement_regions, hyperplane_rank
from polyregions.bounds.cnn import (
    cnn_attained_bounds,
    cnn_lower_bound,
    cnn_upper_bound,
    cnn_upper_bounds,
    one_layer_cnn_formula,
    one_layer_cnn_upper_bound,
    shared_filters_bound,
)
from polyregions.bounds.convolution import (
    ConvolutionLayer,
    convolution_layers,
    convolution_normals,
    generic_convolution_regions,
)
from polyregions.errors import ArgumentError

#: Input, filter, stride, channels: the formula, and regions of generic filters that all positions share.
TABLE = [
    ((1, 3, 1), (1, 2), 1, 1, 4, 4),
    ((1, 3, 1), (1, 2), 1, 2, 15, 15),
    ((1, 3, 1), (1, 2), 1, 3, 40, 40),
    ((1, 4, 1), (1, 2), 1, 2, 55, 55),
    ((1, 4, 1), (1, 2), 1, 3, 217, 217),
    ((1, 4, 1), (1, 3), 1, 3, 57, 57),
    ((1, 4, 1), (1, 2), 2, 3, 49, 49),
    ((1, 5, 1), (1, 2), 1, 2, 200, 200),
    ((2, 2, 1), (1, 2), 1, 2, 16, 16),
    ((2, 2, 1), (1, 1), 1, 2, 81, 81),
    ((2, 2, 1), (2, 2), 1, 3, 8, 8),
    ((1, 3, 2), (1, 2), 1, 2, 16, 16),
    ((2, 3, 1), (2, 2), 1, 2, 16, 16),
    ((2, 3, 1), (2, 2), 1, 3, 64, 64),
    ((2, 3, 1), (2, 2), 1, 4, 247, 247),
    ((2, 4, 1), (2, 2), 1, 3, 511, 511),
    ((3, 3, 1), (1, 2), 1, 2, 3375, 3375),
    ((3, 3, 1), (2, 2), 1, 1, 16, 16),
    ((3, 3, 1), (2, 2), 1, 2, 256, 255),
    ((3, 3, 2), (2, 2), 1, 2, 256, 256),
    ((3, 3, 2), (2, 2), 1, 3, 4096, 4096),
]


@pytest.mark.parametrize(("inputs", "filters", "stride", "channels", "formula", "tied"), TABLE)
def test_one_layer(inputs, filters, stride, channels, formula, tied):
    layer = ConvolutionLayer(inputs, filters, channels, stride)
    assert one_layer_cnn_formula(layer) == formula
    assert generic_convolution_regions(layer) == tied
    assert generic_convolution_regions(layer, tied=False) == formula
    assert tied <= one_layer_cnn_upper_bound(layer) == min(formula, shared_filters_bound(layer))
    # A fully connected layer has as many or more.
    assert formula <= hyperplane_regions(layer.size, layer.units)


#: Two filters for a 3 x 3 input, with small integers.
FILTERS = [[[[1], [2]], [[3], [5]]], [[[2], [-3]], [[1], [4]]]]
SHARED = ConvolutionLayer((3, 3, 1), (2, 2), 2)


def test_two_shared_filters_have_255_regions():
    """docs/bounds.md proves that there are no more; here the engine and the arrangement count as many."""
    normals, biases = convolution_normals(SHARED, FILTERS), [5, -7] * 4
    assert arrangement_regions(normals, [-b for b in biases]) == 255
    net = pr.Network.from_arrays([np.array(normals, float), np.ones((1, 8))], [np.array(biases, float), np.zeros(1)])
    assert int(pr.count(net, pr.Box(-(2.0**20), 2.0**20))) == 255
    # Another bias of one unit only, and they are independent hyperplanes still: the normals are what counts.
    assert arrangement_regions(normals, [-5, 7, -5, 7, -5, 7, -5, 11]) == 255
    untied = [[*row] for row in normals]
    untied[-1][-1] += 1
    assert arrangement_regions(untied, [-b for b in biases]) == 256


@given(
    weights=st.lists(st.integers(-3, 3), min_size=8, max_size=8),
    biases=st.lists(st.integers(-3, 3), min_size=8, max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_two_shared_filters_never_have_256_regions(weights, biases):
    """The syzygy w1 * w2 = w2 * w1, for any weights and even for a bias of each unit's own."""
    filters = np.array(weights).reshape(2, 2, 2, 1)
    normals = np.array(convolution_normals(SHARED, filters.tolist()))
    # Units are ordered by position, then by filter.
    relation = np.stack([filters[1].ravel(), -filters[0].ravel()], axis=1).ravel()
    assert not (relation @ normals).any()
    assert hyperplane_rank(normals.tolist()) <= 7 or not relation.any()
    kept = [(row, b) for row, b in zip(normals.tolist(), biases, strict=True) if any(row)]
    if kept:
        assert arrangement_regions(*zip(*kept, strict=True)) <= 255


def slow_formula(layer):
    """The sum over all t, with Hall's condition asked of every set of positions."""
    rows, columns, _ = layer.outputs
    supports = [set(layer.support(i, j)) for i in range(rows) for j in range(columns)]
    groups = [
        (chosen, len(set().union(*(supports[p] for p in chosen))))
        for mask in range(1, 2 ** len(supports))
        for chosen in [[p for p in range(len(supports)) if mask >> p & 1]]
    ]
    return sum(
        prod(comb(layer.channels, t) for t in ts)
        for ts in product(range(layer.channels + 1), repeat=len(supports))
        if all(sum(ts[p] for p in chosen) <= size for chosen, size in groups)
    )


@st.composite
def small_layers(draw):
    height, width, depth = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    filters = draw(st.integers(1, height)), draw(st.integers(1, width))
    return ConvolutionLayer((height, width, depth), filters, draw(st.integers(1, 2)), draw(st.integers(1, 2)))


@given(small_layers())
@settings(max_examples=80, deadline=None)
def test_the_formula(layer):
    if (layer.channels + 1) ** layer.positions > 1000:
        return
    exact = slow_formula(layer)
    assert one_layer_cnn_formula(layer) == exact
    assert generic_convolution_regions(layer) <= one_layer_cnn_upper_bound(layer) <= exact
    assert cnn._relaxed(layer) >= exact
    cells = [layer.support(i, j) for i in range(layer.outputs[0]) for j in range(layer.outputs[1])]
    assert cnn._dealt(cells, layer.channels) == exact
    assert layer.covered == len({place for cell in cells for place in cell})


def test_relaxed_sum():
    """The coefficients of (1 + 2 x + x^2)^4 up to x^5, which 2 x 2 filters on 3 x 3 inputs with 9 places exceed."""
    assert cnn._relaxed(SHARED) == 256
    layer = ConvolutionLayer((2, 3, 1), (2, 2), 4)
    assert cnn._relaxed(layer) == sum(comb(4, i) * comb(4, j) for i in range(5) for j in range(5) if i + j <= 6)


def test_large_layers_are_bounded_and_said_to_be():
    layers = convolution_layers((28, 28, 1), [(3, 3, 8, 1), (3, 3, 8, 1)])
    with pytest.raises(ArgumentError, match="too many terms"):
        one_layer_cnn_formula(layers[0])
    bounds = cnn_upper_bounds(layers)
    values = [bound.value for bound in bounds]
    assert values == sorted(values, reverse=True)
    assert cnn_upper_bound(layers) == values[-1]
    assert "bounded from above" in next(bound.source for bound in bounds if bound.name == "xiong")
    assert 1 < cnn_lower_bound(layers) < values[-1]
    # A row of 1000 inputs is no trouble: positions see intervals.
    assert one_layer_cnn_formula(ConvolutionLayer((1, 1000, 1), (1, 3), 2)) > 2**900


@given(
    inputs=st.tuples(st.integers(2, 3), st.integers(2, 3), st.just(1)),
    channels=st.lists(st.integers(1, 3), min_size=1, max_size=2),
    filters=st.lists(st.tuples(st.integers(1, 2), st.integers(1, 2)), min_size=2, max_size=2),
)
@settings(max_examples=40, deadline=None)
def test_bounds_of_deep_networks_are_in_order(inputs, channels, filters):
    shapes = [(*f, c, 1) for f, c in zip(filters, channels, strict=False)]
    try:
        layers = convolution_layers(inputs, shapes)
    except ArgumentError:
        return  # a filter does not fit
    assert 1 <= cnn_lower_bound(layers) <= cnn_upper_bound(layers) <= 2 ** sum(layer.units for layer in layers)


def test_a_deep_network_has_what_the_lower_bound_says():
    """Two filters of one pixel fold each pixel twice, then generic filters of one row cut the folded cube."""
    layers = convolution_layers((1, 3, 1), [(1, 1, 2, 1), (1, 2, 2, 1)])
    assert cnn_lower_bound(layers) == 2**3 * 15
    first = convolution_normals(layers[0], [[[[2]]], [[[2]]]])  # 2 z, 2 z - 1
    readout = np.kron(np.eye(3), [[1.0, -2.0]])
    # Lines through the middle of the cube but for a little: all 15 regions meet it.
    small = np.array(convolution_normals(ConvolutionLayer((1, 3, 1), (1, 2), 2), [[[[3], [1]]], [[[2], [5]]]]), float)
    second = small @ readout
    biases = -small @ np.full(3, 0.5) + np.tile([0.03125, -0.0625], 2)
    net = pr.Network.from_arrays(
        [np.array(first, float), second, np.ones((1, 4))], [np.tile([0.0, -1.0], 3), biases, np.zeros(1)]
    )
    assert int(pr.count(net, pr.Box(0, 1))) == 2**3 * 15


def test_normals():
    filters = np.arange(8).reshape(2, 2, 1, 2).tolist()
    layer = ConvolutionLayer((3, 1, 2), (2, 1), 2)
    assert convolution_normals(layer, filters) == [
        [0, 1, 2, 3, 0, 0],
        [4, 5, 6, 7, 0, 0],
        [0, 0, 0, 1, 2, 3],
        [0, 0, 4, 5, 6, 7],
    ]


def test_nothing_is_claimed_where_channels_are_too_few():
    layers = convolution_layers((3, 3, 2), [(2, 2, 1, 1), (1, 1, 3, 1)])
    assert cnn_attained_bounds(layers) == []
    with pytest.raises(ArgumentError, match="layer 1 has 1 channels"):
        cnn_lower_bound(layers)
    assert [bound.value for bound in cnn_attained_bounds(layers[:1])] == [16]


@pytest.mark.parametrize(
    ("inputs", "layers", "reason"),
    [
        ((3, 3, 1), [], "has a layer"),
        ((3, 3, 1), [(4, 1, 1, 1)], "layer 1: a filter of 4x1 does not fit into an input of 3x3x1"),
        ((3, 3, 1), [(2, 2, 1, 1), (3, 3, 1, 1)], "layer 2: a filter"),
        ((3, 3, 1), [(2, 2, 0, 1)], "positive integers"),
        ((3, 3), [(2, 2, 1, 1)], "positive integers"),
        ((3, 3, 1), [(2, 2, 1, 0)], "positive integers"),
    ],
)
def test_bad_layers(inputs, layers, reason):
    with pytest.raises(ArgumentError, match=reason):
        convolution_layers(inputs, layers)

"""Convolutional networks counted over R^n by the splitting counter, and what the literature's formulas say of them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.bounds import folding_network
from polyregions.bounds.arrangement import arrangement_regions
from polyregions.bounds.attained import folds
from polyregions.bounds.cnn import cnn_lower_bound, cnn_upper_bound, one_layer_cnn_upper_bound
from polyregions.bounds.convolution import ConvolutionLayer, convolution_layers, convolution_normals
from polyregions.graph import Convolution, Graph, relu
from tests.bounds.test_cnn import TABLE

#: Regions up to which a row is counted in a second or so.
QUICK = 520


def rows(most):
    return [
        pytest.param(*row, id=f"{row[0]}-{row[1]}-s{row[2]}-d{row[3]}", marks=[pytest.mark.slow] * (row[4] > most))
        for row in TABLE
    ]


def network_of(inputs, layers):
    """Convolutions with a ReLU each: (filters (channels, depth, height, width), biases, stride) per layer."""
    height, width, depth = inputs
    graph = Graph((depth, height, width), name="image")
    last = "image"
    for weights, biases, stride in layers:
        last = graph.add(relu(), graph.add(Convolution(weights, biases, stride=stride), last))
    return graph.network(last)


def numbers(rng, shape):
    """Random integers, none of them 0, whose sizes make a coincidence unlikely."""
    return (rng.integers(1, 10**6, shape) * rng.choice([-1, 1], shape)).astype(float)


def drawn(rng, layers):
    """Random filters, biases and the stride of each layer."""
    return [
        (
            numbers(rng, (layer.channels, layer.inputs[2], *layer.filters)),
            numbers(rng, layer.channels),
            layer.stride,
        )
        for layer in layers
    ]


@pytest.mark.parametrize(("inputs", "filters", "stride", "channels", "formula", "tied"), rows(QUICK))
def test_one_layer_over_the_whole_space(inputs, filters, stride, channels, formula, tied):
    layer = ConvolutionLayer(inputs, filters, channels, stride)
    rng = np.random.default_rng(7)
    network = network_of(inputs, drawn(rng, [layer]))
    assert network.num_units == layer.units
    assert int(pr.count(network, pr.Space())) == tied
    # Weights of their own for each unit, on the same inputs.
    mask = np.array(convolution_normals(layer, np.ones((channels, *filters, inputs[2]), int).tolist()))
    own, biases = mask * numbers(rng, mask.shape), numbers(rng, len(mask))
    dense = pr.Network.from_arrays([own, np.ones((1, len(own)))], [biases, np.zeros(1)])
    assert int(pr.count(dense, pr.Space())) == formula


@settings(max_examples=25)
@given(
    inputs=st.tuples(st.integers(1, 3), st.integers(2, 3), st.integers(1, 2)),
    filters=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    stride=st.integers(1, 2),
    data=st.data(),
)
def test_any_filters_are_an_arrangement(inputs, filters, stride, data):
    """Small weights and biases: parallel, coinciding and vanishing hyperplanes are common."""
    if filters[0] > inputs[0]:
        filters = (1, filters[1])
    positions = ConvolutionLayer(inputs, filters, 1, stride).positions
    layer = ConvolutionLayer(inputs, filters, data.draw(st.integers(1, max(1, 8 // positions))), stride)
    small = st.integers(-2, 2)
    shape = (layer.channels, inputs[2], *filters)
    weights = np.array(data.draw(st.lists(small, min_size=math.prod(shape), max_size=math.prod(shape)))).reshape(shape)
    biases = data.draw(st.lists(small, min_size=layer.channels, max_size=layer.channels))
    normals = convolution_normals(layer, np.moveaxis(weights, 1, -1).tolist())
    planes = [(row, b) for row, b in zip(normals, biases * layer.positions, strict=True) if any(row)]
    expected = arrangement_regions([row for row, _ in planes], [-b for _, b in planes]) if planes else 1
    network = network_of(inputs, [(weights.astype(float), np.array(biases, float), stride)])
    assert int(pr.count(network, pr.Space())) == expected <= one_layer_cnn_upper_bound(layer)


@pytest.mark.parametrize(
    ("inputs", "shapes"),
    [
        ((1, 3, 1), [(1, 2, 2, 1), (1, 2, 3, 1)]),
        ((1, 4, 1), [(1, 2, 2, 1), (1, 2, 2, 1)]),
        ((2, 2, 1), [(1, 1, 2, 1), (2, 2, 3, 1)]),
        ((2, 3, 1), [(2, 2, 3, 1), (1, 1, 3, 1)]),
        ((1, 4, 1), [(1, 2, 2, 1), (1, 2, 2, 1), (1, 2, 2, 1)]),
        ((1, 3, 2), [(1, 2, 2, 1), (1, 1, 3, 1)]),
    ],
)
def test_random_deep_networks_have_no_more_than_the_upper_bound(inputs, shapes):
    """The lower bound is one of the most regions over all weights: random ones need not have as many."""
    layers = convolution_layers(inputs, shapes)
    rng = np.random.default_rng(3)
    counts = [int(pr.count(network_of(inputs, drawn(rng, layers)), pr.Space())) for _ in range(3)]
    assert 1 < max(counts) <= cnn_upper_bound(layers)
    # The first layer alone is coarser.
    first = network_of(inputs, drawn(np.random.default_rng(3), layers[:1]))
    assert counts[0] >= int(pr.count(first, pr.Space()))


@pytest.mark.parametrize("channels", [2, 3])
def test_a_network_that_folds_has_what_the_lower_bound_says(channels):
    """Filters of one pixel fold each pixel of a 2 x 2 image, then filters of two pixels cut the folded cube."""
    layers = convolution_layers((2, 2, 1), [(1, 1, channels, 1), (2, 1, 2, 1)])
    # Two filters at each of two positions, which have no pixel in common.
    assert cnn_lower_bound(layers) == folds(channels) ** 4 * 4**2
    # One pixel's units, and a combination of them that is 0 in the middle of each piece.
    pixel = folding_network(1, [channels, 1])
    readout, centre = pixel.weights[1][0], pixel.biases[1][0]
    cuts = np.array([[2.0, 5.0], [3.0, -1.0]])
    weights = np.einsum("fi,k->fki", cuts, readout)[..., None]
    second = (weights, cuts.sum(axis=1) * centre + [0.03125, -0.0625], 1)
    network = network_of((2, 2, 1), [(pixel.weights[0][:, :, None, None], pixel.biases[0], 1), second])
    found = int(pr.count(network, pr.Space()))
    assert cnn_lower_bound(layers) <= int(pr.count(network, pr.Box(0, 1))) <= found <= cnn_upper_bound(layers)
    assert int(pr.count(network, pr.Box(0, 1))) == cnn_lower_bound(layers)

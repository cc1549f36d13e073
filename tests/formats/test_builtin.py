"""The network that ships with the package."""

import numpy as np
import pytest

from polyregions.formats.builtin import load_demo_network


def test_shape_and_numbers():
    net = load_demo_network()
    assert (net.input_dimension, net.widths, net.weights[-1].shape) == (64, (6, 6), (10, 6))
    assert load_demo_network(include_output=True).widths == (6, 6, 10)
    for array in (*net.weights, *net.biases):
        assert (array == array.astype(np.float32)).all()
        assert (array * 2**16 == np.round(array * 2**16)).all()


def test_it_reads_digits():
    datasets = pytest.importorskip("sklearn.datasets")
    inputs, labels = datasets.load_digits(return_X_y=True)
    net = load_demo_network()
    assert (net(inputs / 16).argmax(axis=1) == labels).mean() > 0.9

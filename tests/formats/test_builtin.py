"""The network that ships with the package."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from polyregions.formats import load
from polyregions.formats.builtin import load_demo_network

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "train_digits.py"


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


def test_the_script_that_made_it(tmp_path):
    # Not compared number by number: training amplifies roundings, which differ between processors.
    pytest.importorskip("sklearn")
    command = [sys.executable, str(SCRIPT), "--hidden", "5", "4", "--seed", "1", "--output", str(tmp_path / "net.npz")]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    net = load(tmp_path / "net.npz")
    assert (net.input_dimension, net.widths, net.weights[-1].shape) == (64, (5, 4), (10, 4))
    assert net.sha256 in result.stdout
    assert float(result.stdout.split("test ")[1]) > 0.6

"""The reproductions' images and training loop."""

import gzip
import struct

import images
import numpy as np
import pytest
import training


def write_idx(path, array):
    array = np.asarray(array, dtype=np.uint8)
    raw = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)


@pytest.fixture
def mnist(tmp_path):
    random = np.random.default_rng(0)
    for kind, count, suffix in (("train", 5, ""), ("t10k", 3, ".gz")):
        write_idx(tmp_path / f"{kind}-images-idx3-ubyte{suffix}", random.integers(0, 256, (count, 28, 28)))
        write_idx(tmp_path / f"{kind}-labels-idx1-ubyte{suffix}", np.arange(count))
    return tmp_path


def test_mnist_is_read_from_idx_files(mnist):
    found = images.load_images(mnist)
    assert found.name == "MNIST"
    assert found.inputs.shape == (5, 784)
    assert found.test_inputs.shape == (3, 784)
    assert found.test_labels.tolist() == [0, 1, 2]
    raw = np.random.default_rng(0).integers(0, 256, (5, 28, 28))
    assert np.array_equal(found.inputs * 255, raw.reshape(5, 784))


def test_a_missing_file_is_named(mnist):
    (mnist / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(SystemExit, match="no file train-labels-idx1-ubyte"):
        images.load_images(mnist)


@pytest.mark.parametrize("damage", [b"", b"\0\0\x08\x03\0\0", b"not an IDX file at all"])
def test_a_damaged_file_is_named(mnist, damage):
    (mnist / "train-images-idx3-ubyte").write_bytes(damage)
    with pytest.raises(SystemExit, match="train-images-idx3-ubyte: not an IDX file"):
        images.load_images(mnist)


def test_gradients_are_those_of_the_cross_entropy():
    random = np.random.default_rng(1)
    weights = [random.normal(size=(4, 3)), random.normal(size=(2, 4))]
    biases = [random.normal(size=4), random.normal(size=2)]
    inputs, targets = random.normal(size=(5, 3)), np.eye(2)[[0, 1, 1, 0, 1]]

    def loss():
        outputs = np.maximum(inputs @ weights[0].T + biases[0], 0) @ weights[1].T + biases[1]
        return (np.log(np.exp(outputs).sum(axis=1)) - (outputs * targets).sum(axis=1)).mean()

    for parameter, gradient in zip(
        weights + biases, training._gradients(weights, biases, inputs, targets), strict=True
    ):
        for entry in np.ndindex(parameter.shape):
            kept = parameter[entry]
            parameter[entry] = kept + 1e-6
            above = loss()
            parameter[entry] = kept - 1e-6
            below = loss()
            parameter[entry] = kept
            assert gradient[entry] == pytest.approx((above - below) / 2e-6, abs=1e-8)


def test_training_learns_and_is_repeatable():
    random = np.random.default_rng(2)
    labels = random.integers(0, 2, 200)
    inputs = random.normal(size=(200, 2)) + 4 * labels[:, None]
    epochs = []
    settings = {"epochs": 40, "seed": 3, "learning_rate": 0.01}
    network = training.train([2, 8, 2], inputs, labels, **settings, after_epoch=lambda epoch, net: epochs.append(epoch))
    assert epochs == list(range(41))
    assert training.accuracy(network, inputs, labels) > 0.95
    assert network == training.train([2, 8, 2], inputs, labels, **settings)


def test_without_biases_it_stays_so():
    inputs, labels = np.ones((4, 2)), np.array([0, 1, 0, 1])
    network = training.train([2, 3, 2], inputs, labels, epochs=2, seed=0, bias_std=0.0, train_biases=False)
    assert not any(b.any() for b in network.biases)

"""Keras models and .keras files, where keras and a backend are installed: each layer against Keras itself."""

import logging
import os
import zipfile
from fractions import Fraction

import numpy as np
import pytest

import polyregions as pr
from polyregions.errors import FormatError, NetworkError, UnsupportedLayerError
from polyregions.formats.keras import load_keras, network_from_keras
from polyregions.graph import GraphNetwork

os.environ.setdefault("KERAS_BACKEND", "torch")
try:
    import keras
except ImportError as error:
    pytest.skip(f"keras is not installed, or has no backend: {error}", allow_module_level=True)

from keras import layers as kl

# Of Keras itself, on NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

IMAGE = (6, 5, 2)
LAYERS = {
    "Dense": (lambda: kl.Dense(3, activation="relu"), (4,)),
    "Dense on the last axis": (lambda: kl.Dense(3, use_bias=False), (2, 4)),
    "Conv1D": (lambda: kl.Conv1D(3, 3, strides=2, padding="same"), (7, 2)),
    "Conv1D causal": (lambda: kl.Conv1D(3, 2, padding="causal", dilation_rate=2), (5, 1)),
    "Conv2D": (lambda: kl.Conv2D(4, (3, 2), groups=2, activation="leaky_relu"), IMAGE),
    "Conv3D": (lambda: kl.Conv3D(2, 2), (3, 3, 2, 1)),
    "DepthwiseConv2D": (lambda: kl.DepthwiseConv2D(2, depth_multiplier=2), IMAGE),
    "BatchNormalization": (kl.BatchNormalization, IMAGE),
    "BatchNormalization of axis 1": (lambda: kl.BatchNormalization(axis=1, scale=False, center=False), IMAGE),
    "MaxPooling1D": (lambda: kl.MaxPooling1D(2, strides=1), (4, 2)),
    "MaxPooling2D same": (lambda: kl.MaxPooling2D(2, padding="same"), IMAGE),
    "AveragePooling2D": (lambda: kl.AveragePooling2D((3, 2)), IMAGE),
    "AveragePooling2D same": (lambda: kl.AveragePooling2D(2, padding="same"), IMAGE),
    "GlobalAveragePooling2D": (kl.GlobalAveragePooling2D, IMAGE),
    "GlobalMaxPooling1D": (lambda: kl.GlobalMaxPooling1D(keepdims=True), (4, 3)),
    "ZeroPadding2D": (lambda: kl.ZeroPadding2D(((1, 0), (2, 1))), IMAGE),
    "ZeroPadding1D": (lambda: kl.ZeroPadding1D(2), (3, 2)),
    "ReLU": (lambda: kl.ReLU(max_value=1.5, negative_slope=0.25), (5,)),
    "LeakyReLU": (kl.LeakyReLU, (5,)),
    "PReLU": (lambda: kl.PReLU(alpha_initializer="random_normal", shared_axes=[1]), (3, 2)),
    "hard_sigmoid": (lambda: kl.Activation("hard_sigmoid"), (5,)),
    "relu6": (lambda: kl.Activation("relu6"), (5,)),
    "hard_tanh": (lambda: kl.Activation("hard_tanh"), (5,)),
    "Rescaling": (lambda: kl.Rescaling(0.5, offset=-1), (3,)),
    "Reshape": (lambda: kl.Reshape((-1, 4)), IMAGE),
    "Permute": (lambda: kl.Permute((3, 1, 2)), IMAGE),
    "Dropout": (lambda: kl.SpatialDropout2D(0.5), IMAGE),
}


def shaken(model):
    """With weights that are not what layers begin with."""
    generator = np.random.default_rng(5)
    model.set_weights(
        [np.abs(w) * 0.5 + generator.uniform(0.1, 1, w.shape) * (1 - 2 * (w < 0)) for w in model.get_weights()]
    )
    return model


def compare(model, network, shape):
    points = np.random.default_rng(1).standard_normal((6, *shape)).astype(np.float32)
    theirs = keras.ops.convert_to_numpy(model(points, training=False)).reshape(6, -1)
    flat = points.reshape(6, -1)
    assert np.allclose(network(flat), theirs, atol=1e-4)
    exact = network.exact_preactivations([Fraction(float(v)) for v in flat[0]])[-1]
    assert np.allclose([float(value) for value in exact], theirs[0], atol=1e-4)


@pytest.mark.parametrize("case", LAYERS)
def test_layer(case):
    make, shape = LAYERS[case]
    model = shaken(keras.Sequential([keras.Input(shape), make()]))
    compare(model, network_from_keras(model), shape)


def residual():
    x = keras.Input((4, 4, 1))
    y = kl.Conv2D(2, 3, padding="same", activation="relu", name="conv1")(x)
    z = kl.BatchNormalization(name="norm")(kl.Conv2D(2, 3, padding="same", name="conv2")(y))
    z = kl.Add()([kl.ReLU(name="relu")(z), y])
    z = kl.Concatenate()([kl.MaxPooling2D(name="pool")(z), kl.AveragePooling2D(2)(y)])
    z = kl.Maximum(name="max")([kl.Dense(3)(kl.Flatten()(z)), kl.Dense(3)(kl.Flatten()(x))])
    return shaken(keras.Model(x, 2 * z - 1))


class TestModels:
    def test_functional(self):
        model = residual()
        network = network_from_keras(model)
        assert isinstance(network, GraphNetwork)
        assert network.input_shape == (4, 4, 1)
        assert network.pattern_nodes == ("conv1", "relu", "pool", "max")
        compare(model, network, (4, 4, 1))

    def test_a_plain_model_is_a_plain_network(self, tmp_path, caplog):
        inner = keras.Sequential([keras.Input((4,)), kl.Dense(5, activation="relu"), kl.Dropout(0.5)])
        model = shaken(keras.Sequential([keras.Input((2, 2)), kl.Flatten(), inner, kl.Dense(3, activation="softmax")]))
        model.save(tmp_path / "net.keras")
        w1, b1, w2, b2 = model.get_weights()
        expected = pr.Network.from_arrays([w1.T, w2.T], [b1, b2])
        with caplog.at_level(logging.WARNING):
            for include_output in (False, True):
                network = pr.load(tmp_path / "net.keras", include_output=include_output)
                assert not isinstance(network, GraphNetwork)
                assert network == expected.including_output(include_output)
        assert "the softmax of layer " in caplog.text
        assert pr.Network.from_keras(model) == expected


def sequential(*layers, shape=(3,)):
    return keras.Sequential([keras.Input(shape), *layers])


class TestRefusals:
    @pytest.mark.parametrize(
        ("make", "match"),
        [
            (
                lambda: sequential(
                    kl.Dense(2, activation="gelu", name="a"), kl.LayerNormalization(name="b"), kl.Dense(1)
                ),
                r"^2 layers can't be read: layer 'a' \(Dense\) is not piecewise linear: its activation is 'gelu'; "
                r"layer 'b' \(LayerNormalization\) is not supported\. .*replace them",
            ),
            (
                lambda: sequential(kl.Dense(2, activation="softmax", name="a"), kl.Dense(1)),
                r"^a layer can't be read: the softmax of layer 'a' \(Dense\) is not piecewise linear",
            ),
            (lambda: sequential(kl.ReLU(threshold=1, name="a")), r"layer 'a' \(ReLU\) may jump"),
        ],
    )
    def test_unsupported(self, make, match):
        with pytest.raises(UnsupportedLayerError, match=match) as caught:
            network_from_keras(make())
        assert "\n" not in str(caught.value)

    def test_models_without_a_graph(self):
        with pytest.raises(UnsupportedLayerError, match="neither a built Sequential nor a functional model"):
            network_from_keras(keras.Sequential([kl.Dense(2)]))
        with pytest.raises(NetworkError, match=r"keras\.Model is needed, not int"):
            network_from_keras(3)
        with pytest.raises(NetworkError, match=r"the input's shape \(None, None, 2\) is not fixed"):
            network_from_keras(sequential(kl.Dense(2), shape=(None, 2)))

    def test_damaged_files(self, tmp_path):
        path = tmp_path / "net.keras"
        path.write_bytes(b"no archive")
        with pytest.raises(FormatError, match=r"net\.keras: keras can't read it: ") as caught:
            load_keras(path)
        assert "\n" not in str(caught.value)
        sequential(kl.Dense(2)).save(path)
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content[: len(content) // 2] if name.endswith("h5") else content)
        with pytest.raises(FormatError, match=r"net\.keras: keras can't read it: ") as caught:
            load_keras(path)
        assert "\n" not in str(caught.value)

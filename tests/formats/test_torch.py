"""Importing torch.nn.Sequential. With POLYREGIONS_REQUIRE_TORCH set, a missing torch is a failure, not a skip."""

import os
from collections import OrderedDict

import numpy as np
import pytest

from polyregions.errors import ImportCheckError, NetworkError
from polyregions.formats.torch import network_from_torch
from polyregions.network import Network

if os.environ.get("POLYREGIONS_REQUIRE_TORCH"):
    import torch
else:
    torch = pytest.importorskip("torch")

from torch.nn import Dropout, Flatten, Identity, Linear, ReLU, Sequential


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def small(*, dtype=torch.float32):
    return Sequential(Linear(3, 5, dtype=dtype), ReLU(), Linear(5, 2, dtype=dtype))


class TestWeights:
    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
    def test_every_float_type_is_exact(self, dtype):
        module = small(dtype=dtype)
        net = network_from_torch(module)
        for array, tensor in zip(
            (net.weights[0], net.biases[0], net.weights[1], net.biases[1]), module.parameters(), strict=True
        ):
            assert array.ravel().tolist() == [value.item() for value in tensor.flatten()]
        assert module[0].weight.dtype == dtype
        assert module.training

    def test_no_bias(self):
        net = network_from_torch(Sequential(Linear(2, 3, bias=False), ReLU(), Linear(3, 1, bias=False)))
        assert [b.tolist() for b in net.biases] == [[0.0] * 3, [0.0]]

    def test_forward_pass_agrees(self):
        module = small(dtype=torch.float64)
        points = np.random.default_rng(0).standard_normal((20, 3))
        assert np.allclose(Network.from_torch(module)(points), module(torch.from_numpy(points)).detach().numpy())

    def test_later_training_does_not_change_the_network(self):
        module = small(dtype=torch.float64)
        net = network_from_torch(module)
        before = net.weights[0].copy()
        with torch.no_grad():
            module[0].weight += 1
        assert (net.weights[0] == before).all()

    def test_frozen_and_trained_parameters(self):
        module = small()
        module(torch.ones(1, 3)).sum().backward()
        module[0].weight.requires_grad_(False)
        assert network_from_torch(module).widths == (5,)


class TestStructure:
    def test_layers_that_do_nothing(self):
        module = Sequential(
            Flatten(), Identity(), Linear(3, 4), Dropout(0.9), ReLU(), Flatten(), Linear(4, 2), Dropout()
        )
        assert network_from_torch(module).widths == (4,)
        assert module.training

    def test_nested_and_named(self):
        named = OrderedDict(first=Linear(4, 5), act=ReLU())
        module = Sequential(Sequential(Linear(3, 4), ReLU()), Sequential(Sequential(named), Sequential()), Linear(5, 1))
        assert network_from_torch(module).widths == (4, 5)

    def test_one_relu_object_used_twice(self):
        relu = ReLU(inplace=True)
        assert network_from_torch(Sequential(Linear(2, 3), relu, Linear(3, 3), relu, Linear(3, 1))).widths == (3, 3)

    def test_one_linear_object_used_twice(self):
        layer = Linear(3, 3)
        net = network_from_torch(Sequential(layer, ReLU(), layer, ReLU(), Linear(3, 1)))
        assert (net.weights[0] == net.weights[1]).all()

    def test_subclass_of_sequential(self):
        class Classifier(Sequential):
            pass

        assert network_from_torch(Classifier(Linear(2, 3), ReLU(), Linear(3, 1))).widths == (3,)

    def test_single_linear(self):
        assert network_from_torch(Sequential(Linear(2, 3))).widths == ()

    def test_include_output(self):
        layers = [Linear(2, 3), ReLU(), Linear(3, 4)]
        open_end = network_from_torch(Sequential(*layers), include_output=True)
        rectified = network_from_torch(Sequential(*layers, ReLU()), include_output=True)
        assert open_end == rectified
        assert rectified.widths == (3, 4)


MISFITS = {
    "widths": (lambda: [Linear(2, 3), ReLU(), Linear(4, 1)], r"layer 2 \(output layer\).* 4 columns .* 3 units"),
    "no unit": (lambda: [Linear(2, 0), ReLU(), Linear(0, 1)], r"layer 1 \(hidden layer\).*empty"),
}


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
class TestRefusals:
    @pytest.mark.parametrize("case", MISFITS)
    def test_layers_that_do_not_fit(self, case):
        make, message = MISFITS[case]
        with pytest.raises(NetworkError, match=message) as caught:
            network_from_torch(Sequential(*make()))
        assert "\n" not in str(caught.value)

    def test_state_dict(self):
        with pytest.raises(
            NetworkError, match=r"if this is a state_dict, .*load_state_dict, or .*from_arrays"
        ) as caught:
            network_from_torch(small().state_dict())
        assert "\n" not in str(caught.value)

    def test_file_name(self):
        with pytest.raises(NetworkError, match=r"Module is needed, not str: .*torch\.load"):
            network_from_torch("m.pt")

    @pytest.mark.parametrize("thing", [None, [Linear(1, 1)], Sequential])
    def test_something_else(self, thing):
        with pytest.raises(NetworkError, match="Module is needed, not"):
            network_from_torch(thing)

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_diverged_training(self, value):
        module = small()
        with torch.no_grad():
            module[2].bias[1] = value
        with pytest.raises(NetworkError, match=rf"layer 2 \(output layer\): its biases hold {value} at index \[1\]"):
            network_from_torch(module)

    def test_complex_weights(self):
        with pytest.raises(NetworkError, match=r"layer 0 \(Linear\): its weight is of type torch.complex64"):
            network_from_torch(Sequential(Linear(1, 1, dtype=torch.complex64)))

    def test_meta_device(self):
        with pytest.raises(NetworkError, match="'meta'"):
            network_from_torch(Sequential(Linear(1, 1, device="meta")))


class TestSelfCheck:
    def test_forward_pass_of_its_own(self):
        class Residual(Sequential):
            def forward(self, x):
                return super().forward(x) + x

        module = Residual(Linear(2, 3), ReLU(), Linear(3, 2))
        x = torch.ones(1, 2)
        assert np.allclose(network_from_torch(module)(x), module(x).detach(), atol=1e-6)

    @pytest.mark.parametrize("change", [1.0, 1e-9])
    def test_hook(self, change):
        module = small()
        module[0].register_forward_hook(lambda layer, inputs, output: output + change)
        with pytest.raises(ImportCheckError, match="rounding explains at most"):
            network_from_torch(module)

    def test_wide_network_passes(self):
        assert network_from_torch(Sequential(Linear(784, 300), ReLU(), Linear(300, 10))).num_units == 300

"""torch modules of any connectivity: each layer and function against torch's own forward pass; refusals."""

import logging
import os
from fractions import Fraction

import numpy as np
import pytest

from polyregions.errors import ImportCheckError, NetworkError, UnsupportedLayerError
from polyregions.formats.torch import network_from_torch
from polyregions.graph import GraphNetwork

if os.environ.get("POLYREGIONS_REQUIRE_TORCH"):
    import torch
else:
    torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(3)


class Calling(nn.Module):
    """A module whose forward pass is a function of the input, and of a weight."""

    def __init__(self, function, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape)) if shape else None
        self.function = function

    def forward(self, x):
        return self.function(x) if self.weight is None else self.function(x, self.weight)


IMAGE = (2, 6, 4)
LAYERS = {
    "Linear on the last axis": (lambda: nn.Linear(4, 3), IMAGE),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 3, stride=2, padding=1), (2, 7)),
    "Conv2d": (lambda: nn.Conv2d(2, 4, (3, 2), padding=(1, 0), dilation=(1, 2), groups=2), IMAGE),
    "Conv2d same": (lambda: nn.Conv2d(2, 1, (2, 3), padding="same"), IMAGE),
    "Conv3d": (lambda: nn.Conv3d(1, 2, 2, bias=False), (1, 3, 3, 2)),
    "MaxPool1d": (lambda: nn.MaxPool1d(3, 2, 1), (2, 6)),
    "MaxPool2d": (lambda: nn.MaxPool2d((3, 2), ceil_mode=True), (2, 5, 4)),
    "MaxPool3d": (lambda: nn.MaxPool3d(2, dilation=1), (1, 2, 2, 2)),
    "AvgPool1d": (lambda: nn.AvgPool1d(2, padding=1), (2, 6)),
    "AvgPool2d": (lambda: nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), IMAGE),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((3, 1)), IMAGE),
    "AdaptiveMaxPool2d": (lambda: nn.AdaptiveMaxPool2d(2), IMAGE),
    "LeakyReLU": (lambda: nn.LeakyReLU(0.1), (5,)),
    "PReLU": (lambda: nn.PReLU(2), IMAGE),
    "PReLU of one": (nn.PReLU, (3,)),
    "RReLU": (nn.RReLU, (3,)),
    "ReLU6": (nn.ReLU6, (5,)),
    "Hardtanh": (lambda: nn.Hardtanh(-0.5, 2), (5,)),
    "Hardsigmoid": (nn.Hardsigmoid, (5,)),
    "Softshrink": (lambda: nn.Softshrink(0.25), (5,)),
    "Threshold": (lambda: nn.Threshold(0.5, 0.5), (5,)),
    "ZeroPad2d": (lambda: nn.Sequential(nn.ZeroPad2d((1, 0, 0, 2)), nn.Conv2d(2, 1, 2)), IMAGE),
    "ConstantPad1d": (lambda: nn.ConstantPad1d(1, 0.5), (2, 3)),
    "ReflectionPad1d": (lambda: nn.ReflectionPad1d(1), (2, 3)),
    "Flatten": (lambda: nn.Sequential(nn.Flatten(2), nn.Linear(24, 2)), IMAGE),
    "Unflatten": (lambda: nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Linear(2, 2)), (4,)),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), (4, 2, 2)),
    "two Linears": (lambda: nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2)), (3,)),
    "two ReLUs": (lambda: nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.ReLU()), (3,)),
    "add": (lambda: Calling(lambda x, w: torch.add(x, w, alpha=2) + 0.5, 4), IMAGE),
    "subtract": (lambda: Calling(lambda x, w: (w - x) - 1.5 - w, 4), IMAGE),
    "multiply": (lambda: Calling(lambda x, w: 2 * x * w / 3, 4), IMAGE),
    "two tensors": (lambda: Calling(lambda x: x[:, :1] - 2.0 * x[:, 1:] + x.sum(1, keepdim=True)), IMAGE),
    "matrix products": (lambda: Calling(lambda x, w: torch.matmul(w, x @ w.t()), 3, 4), (4, 4)),
    "linear": (lambda: Calling(lambda x, w: F.linear(x, w, bias=w[:, 0]), 3, 4), (4,)),
    "conv2d": (lambda: Calling(lambda x, w: F.conv2d(x, w, stride=2, padding=1), 3, 2, 2, 2), IMAGE),
    "pools": (lambda: Calling(lambda x: F.max_pool2d(F.avg_pool2d(x, 2, 1), kernel_size=2)), IMAGE),
    "means": (lambda: Calling(lambda x: x.mean(dim=(2, 3)) + torch.mean(x, (1, 3))[:, :2]), IMAGE),
    "amax": (lambda: Calling(lambda x: x.amax(3) - torch.amin(x, dim=(3,))), IMAGE),
    "clamps": (lambda: Calling(lambda x: x.clamp(-0.5, 1) + torch.clamp(x, max=0.25) + x.clamp_min(0)), (4,)),
    "activations": (
        lambda: Calling(lambda x: F.relu(x) + F.leaky_relu(x, 0.2) + F.hardtanh(x) + x.abs() - x.neg()),
        (4,),
    ),
    "maximum": (lambda: Calling(lambda x, w: torch.maximum(x, w) + torch.minimum(x, x.flip(1)), 4), (4,)),
    "moving": (
        lambda: Calling(lambda x: torch.cat([x.permute(0, 2, 3, 1).reshape(1, 4, -1), x.view(x.size(0), 4, 12)], -1)),
        IMAGE,
    ),
    "more moving": (
        lambda: Calling(lambda x: torch.stack(x.chunk(2, dim=1), 1).flatten(1, 2).transpose(1, -1).unsqueeze(0)[0]),
        IMAGE,
    ),
    "pad": (lambda: Calling(lambda x: F.pad(F.pad(x, (1, 2), value=1.5), (1, 1), "reflect")), (2, 4)),
    "dropout": (lambda: Calling(lambda x: F.dropout(x.view(x.shape[0], -1), 0.5, training=False) * 2), IMAGE),
}


@pytest.mark.parametrize("case", LAYERS)
def test_layer(case):
    make, shape = LAYERS[case]
    module = make()
    network = network_from_torch(module, input_shape=shape)
    points = torch.randn(6, *shape, dtype=torch.float64) * 2
    with torch.no_grad():
        theirs = [module.double().eval()(point[None]).ravel().tolist() for point in points]
    flat = points.reshape(6, -1).numpy()
    assert np.allclose(network(flat), theirs, atol=1e-9)
    exact = network.exact_preactivations([Fraction(v) for v in flat[0].tolist()])[-1]
    assert np.allclose([float(value) for value in exact], theirs[0], atol=1e-9)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
        self.norm = nn.BatchNorm2d(2)
        self.head = nn.Sequential(nn.Dropout(), nn.Linear(8, 3))

    def forward(self, x):
        y = torch.relu(self.norm(self.conv1(x)))
        y = F.relu_(self.conv2(y)) + y
        y = F.max_pool2d(y, 2).view(x.size(0), -1)
        return torch.softmax(self.head(y), dim=-1)


def trained(module, *shape):
    """With statistics of batch norms that are not 0 and 1."""
    module.train()(torch.randn(20, *shape) * 2 + 1)
    return module


class TestModules:
    def test_casts_do_nothing(self):
        class Casting(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 2)

            def forward(self, x):
                return self.fc(x.float()).to(torch.float32)

        module = Casting()
        assert network_from_torch(module, input_shape=(2,)) == network_from_torch(nn.Sequential(module.fc))

    def test_residual(self, caplog):
        module = trained(Residual(), 1, 4, 4)
        with caplog.at_level(logging.WARNING):
            network = network_from_torch(module, input_shape=(1, 4, 4))
        assert isinstance(network, GraphNetwork)
        assert network.input_shape == (1, 4, 4)
        assert [len(part) for part in network.pattern(range(16))] == [32, 32, 8]
        assert "(softmax) at the end is left out" in caplog.text
        assert module.training
        assert module.conv1.weight.dtype == torch.float32

    def test_names_of_nodes(self):
        module = nn.Sequential(
            nn.Conv2d(1, 2, 2), nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)), nn.Flatten(), nn.Linear(2, 1)
        )
        network = network_from_torch(module, input_shape=(1, 3, 3))
        assert network.pattern_nodes == ("1.0", "1.1")

    def test_batch_norm_in_a_plain_chain(self):
        module = trained(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1)), 2)
        network = network_from_torch(module)
        assert not isinstance(network, GraphNetwork)
        assert network.widths == (3,)

    def test_a_class_and_a_sequential_give_the_same(self):
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(3, 4), nn.Linear(4, 2)

            def forward(self, x):
                return self.b(self.a(x).clamp(min=0))

        net = Net()
        for include_output in (False, True):
            ours = network_from_torch(net, include_output=include_output)
            assert ours == network_from_torch(nn.Sequential(net.a, nn.ReLU(), net.b), include_output=include_output)

    def test_a_relu_at_the_end(self):
        module = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        assert network_from_torch(module).widths == (3,)
        assert network_from_torch(module, include_output=True).widths == (3,)
        twice = nn.Sequential(nn.Conv1d(1, 1, 2), nn.ReLU())
        patterns = {network_from_torch(twice, input_shape=(1, 3), include_output=o).pattern([1, 2, -9]) for o in (0, 1)}
        assert len(patterns) == 1

    def test_control_flow_by_torch_export(self):
        class Turning(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv, self.norm, self.out = nn.Conv1d(1, 2, 2), nn.BatchNorm1d(2), nn.Linear(4, 2)

            def forward(self, x):
                if x.abs().shape[0] > 1 or bool(x.shape[-1] > 100):  # what torch.fx's proxies can't decide
                    return x
                y = torch.relu(self.norm(self.conv(x)))
                return self.out(y.flatten(1))

        module = trained_by_hand(Turning())
        with pytest.raises(UnsupportedLayerError, match=r"torch\.fx can't read off .*input_shape"):
            network_from_torch(module)
        network = network_from_torch(module, input_shape=(1, 3))
        x = torch.randn(1, 1, 3)
        assert np.allclose(network(x[0]), module.eval()(x).detach().numpy()[0], atol=1e-5)


def trained_by_hand(module):
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
            nn.init.normal_(part.weight)
            nn.init.normal_(part.bias)
    return module


def two(*layers):
    return nn.Sequential(nn.Linear(2, 2), *layers, nn.Linear(2, 2))


REFUSED = {
    "GELU": (
        lambda: two(nn.GELU()),
        r"a layer can't be read: layer 1 \(GELU\) is not piecewise linear\. .*replace them",
    ),
    "all in one": (
        lambda: two(nn.GELU(), nn.Sequential(nn.ReLU(), nn.LayerNorm(2)), nn.Hardshrink()),
        r"3 layers .*: layer 1 \(GELU\) is not .*; layer 2\.1 \(LayerNorm\) is not .*; layer 3 \(Hardshrink\) may",
    ),
    "Softmax in the middle": (lambda: two(nn.Softmax(-1)), r"layer 1 \(Softmax\) is not piecewise linear"),
    "jump": (lambda: two(nn.Threshold(0, 1)), r"layer 1 \(Threshold\): it jumps from 1 to 0"),
    "product": (lambda: Calling(lambda x: x * x), "it multiplies two values"),
    "rounding": (lambda: Calling(lambda x: x.to(torch.int64)), "rounds to integers"),
    "quotient": (lambda: Calling(lambda x: 1 / x), "divides by what depends"),
    "statistics of the batch": (
        lambda: two(nn.BatchNorm1d(2, track_running_stats=False)),
        r"\(BatchNorm1d\): it has no run",
    ),
    "places of maxima": (lambda: Calling(lambda x: x.max(1)[0]), "use amax"),
    "lazy": (lambda: two(nn.LazyLinear(2)), "LazyLinear has no weights yet: run the module once"),
    "control flow": (lambda: Calling(lambda x: x if x.sum() > 0 else -x), "neither torch.fx nor torch.export"),
}


class TestRefusals:
    @pytest.mark.parametrize("case", REFUSED)
    def test_unsupported(self, case):
        make, match = REFUSED[case]
        with pytest.raises(UnsupportedLayerError, match=match) as caught:
            network_from_torch(make(), input_shape=(2,))
        assert "\n" not in str(caught.value)

    def test_shapes(self):
        with pytest.raises(NetworkError, match=r"pass input_shape, such as \(1, 28, 28\)"):
            network_from_torch(nn.Conv2d(1, 1, 2))
        with pytest.raises(NetworkError, match=r"layer 1 \(Linear\): the weights have 5 columns"):
            network_from_torch(nn.Sequential(nn.Flatten(), nn.Linear(5, 1)), input_shape=(2, 2))

        class TwoInputs(nn.Module):
            def forward(self, x, y):
                return x + y

        for shape in ((2,), None):
            with pytest.raises(NetworkError, match="more inputs than one, such as 'y'"):
                network_from_torch(TwoInputs(), input_shape=shape)

    def test_nothing(self):
        for module in (nn.Sequential(), nn.Identity()):
            with pytest.raises(NetworkError, match="no Linear layer"):
                network_from_torch(module, input_shape=(2,))

    def test_a_hook_that_changes_an_output(self):
        module = nn.Sequential(nn.Conv1d(1, 1, 2), nn.ReLU())
        module[0].register_forward_hook(lambda layer, inputs, output: output + 1e-6)
        with pytest.raises(ImportCheckError, match="differs from the torch module by up to"):
            network_from_torch(module, input_shape=(1, 4))

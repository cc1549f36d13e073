"""NNet files, and the same network in every format."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import polyregions as pr
from polyregions.errors import FormatError
from polyregions.formats.nnet import load_nnet

DATA = Path(__file__).parents[1] / "data" / "vnncomp"

#: 2-2-1, with means, ranges and an output to be scaled back.
TEXT = """// made by hand
2, 2, 1, 2,
2,2,1,
0,
-10,-10,
10,10,
1,-0.1,5,
3,0.5,2,
1.0,0.25,
-1.0,0.5,
0.5,
0.0,
1.0,2.0,
-0.75,
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.nnet"
    path.write_text(TEXT)
    return path


def test_normalisation_is_exact(path):
    network = pr.load(path)
    x, y = (Fraction(2) - 1) / 3, (Fraction(1, 4) + Fraction("0.1")) / Fraction("0.5")
    hidden = [x + y / 4 + Fraction(1, 2), -x + y / 2]
    output = sum(w * max(h, 0) for w, h in zip((1, 2), hidden, strict=True)) - Fraction(3, 4)
    assert network.exact_preactivations([2, Fraction(1, 4)]) == [hidden, [output * 2 + 5]]


def test_output_counted(path):
    assert load_nnet(path, include_output=True).widths == (2, 1)


@pytest.mark.parametrize(
    "change",
    [
        ("2,2,1,\n0,", "2,2,\n0,"),
        ("1.0,2.0,\n", ""),
        ("0.25", "a quarter"),
        ("1.0,0.25,", "1.0,nan,"),
        ("1.0,0.25,", "1.0,"),
        ("3,0.5,2,", "0,0.5,2,"),
        ("3,0.5,2,", "3,0.5,"),
        (TEXT, ""),
    ],
)
def test_damaged(path, change):
    path.write_text(TEXT.replace(*change))
    with pytest.raises(FormatError, match=r"net\.nnet: no NNet file, or a damaged one: ") as caught:
        load_nnet(path)
    assert "\n" not in str(caught.value)


def test_the_same_network_in_every_format(tmp_path):
    pytest.importorskip("onnx")
    networks = {suffix: pr.load(DATA / f"acas_like.{suffix}") for suffix in ("npz", "nnet", "onnx")}
    pr.save(networks["onnx"], tmp_path / "again.npz")
    networks["saved"] = pr.load(tmp_path / "again.npz")
    assert {network.sha256 for network in networks.values()} == {networks["npz"].sha256}
    box = pr.Box([Fraction("-0.6"), *[Fraction(-1, 2)] * 2, Fraction("-0.45"), -0.5], [0.25] * 5)
    assert len({int(pr.count(network, box)) for network in networks.values()}) == 1


def test_frameworks_give_the_same_network_too():
    torch = pytest.importorskip("torch")
    network = pr.load(DATA / "acas_like.npz")
    layers = []
    for w, b in zip(network.weights, network.biases, strict=True):
        layers += [torch.nn.Linear(*w.T.shape), torch.nn.ReLU()]
        with torch.no_grad():
            layers[-2].weight.copy_(torch.from_numpy(np.array(w)))
            layers[-2].bias.copy_(torch.from_numpy(np.array(b)))
    assert pr.Network.from_torch(torch.nn.Sequential(*layers[:-1])) == network

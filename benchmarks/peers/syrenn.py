"""SyReNN's plane transformer (Sotoudeh & Thakur 2019): C++, single precision, two dimensions.

The pip package is the client of a server that is built from source. The benchmark runs a program instead whose path is
in the environment variable ``SYRENN_PLANE``. It reads numbers, separated by white space,

    corners, inputs, layers; the corners, counter-clockwise; for each layer: outputs, weights (inputs x outputs), biases

and after each layer's affine map applies its ReLU transformer; then it prints {"regions": ..., "seconds": ...}, the
seconds of the transformers alone, on one thread.
"""

import json
import os
import subprocess
from pathlib import Path

import polyregions as pr
from peers.peer import Answer, Peer, UnsupportedError, box_bounds, hidden_layers

__all__ = ["PEERS", "VARIABLE"]

VARIABLE = "SYRENN_PLANE"


def _program() -> str | None:
    path = os.environ.get(VARIABLE)
    return path if path and os.access(path, os.X_OK) else None


def _version() -> str | None:
    path = _program()
    return path and Path(path).name


def plane_input(network: pr.Network, domain: pr.Domain) -> str:
    """What the program reads."""
    if network.input_dimension != 2:
        raise UnsupportedError("counts in two dimensions only")
    (left, right), (bottom, top) = box_bounds(domain, 2)
    layers = hidden_layers(network)
    numbers = [4, 2, len(layers), left, bottom, right, bottom, right, top, left, top]
    for w, b in layers:
        numbers += [len(b), *w.T.ravel().tolist(), *b.tolist()]
    return " ".join(map(repr, numbers))


def _count(network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    done = subprocess.run(
        [str(_program())], input=plane_input(network, domain), capture_output=True, text=True, check=True
    )
    result = json.loads(done.stdout)
    return Answer(result["regions"], result["seconds"], note="single precision")


PEERS = (Peer("SyReNN", "its plane transformer alone", _version, _count),)

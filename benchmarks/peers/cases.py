"""The networks on which programs are compared, and which programs are worth waiting for on each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path

import numpy as np

import polyregions as pr
from peers.ours import UNCERTIFIED

__all__ = ["CASES", "SMOKE", "Case", "he_normal"]

_NETS = Path(__file__).parent.parent / "nets"
_POOLS = ("Gurobi pool", "Gurobi pool, tight", "CPLEX populate", "CPLEX populate, tight", "SCIP count")


@dataclass(frozen=True)
class Case:
    """A network over a box.

    Attributes
    ----------
    name : str
    about : str
        The widths of the layers whose regions are counted.
    network : () -> Network
    domain : Domain
    peers : names of the programs to compare, besides polyregions
    regions : the number that is known
    """

    name: str
    about: str
    network: Callable[[], pr.Network]
    domain: pr.Domain
    peers: tuple[str, ...]
    regions: int


def he_normal(widths: tuple[int, ...], seed: int, *, include_output: bool = False) -> pr.Network:
    """He-normal weights and biases N(0, 0.1^2), rounded to float32: as the files in nets/ are made."""
    rng = np.random.default_rng(seed)
    weights, biases = [], []
    for inputs, outputs in pairwise(widths):
        weights.append(rng.normal(0, np.sqrt(2 / inputs), (outputs, inputs)).astype(np.float32).astype(float))
        biases.append(rng.normal(0, 0.1, outputs).astype(np.float32).astype(float))
    return pr.Network(weights, biases, include_output=include_output)


def _file(name: str, about: str, regions: int, peers: tuple[str, ...], *, low: int = -1) -> Case:
    path = _NETS / f"{name}.npz"
    return Case(name, about, lambda: pr.Network.from_npz(path), pr.Box(low, 1), peers, regions)


def _digits(include_output: bool) -> pr.Network:
    with as_file(files("polyregions") / "data" / "digits_64_6_6_10.npz") as path:
        return pr.Network.from_npz(path, include_output=include_output)


_UNIT = pr.Box(0, 1)
SMOKE = (_file("A1_2d_16x2", "2-16-16", 478, (UNCERTIFIED, "SyReNN", "relucent", "affinitree", *_POOLS)),)
CASES = (
    *SMOKE,
    _file("A2_2d_32x3", "2-32-32-32", 3404, (UNCERTIFIED, "SyReNN", "affinitree", *_POOLS)),
    _file("A3_2d_64x3", "2-64-64-64", 18131, (UNCERTIFIED, "SyReNN")),
    _file("A4_2d_128x4", "2-128-128-128-128", 127053, (UNCERTIFIED, "SyReNN")),
    _file("A5_2d_256x4", "2-256-256-256-256", 389879, (UNCERTIFIED, "SyReNN")),
    _file("B1_3d_16x2", "3-16-16", 5656, (UNCERTIFIED, "affinitree", *_POOLS)),
    _file("B2_3d_32x2", "3-32-32", 30811, (UNCERTIFIED,)),
    _file("B3_3d_32x3", "3-32-32-32", 109870, (UNCERTIFIED,)),
    _file("B4_4d_12x2", "4-12-12", 8677, (UNCERTIFIED, "affinitree", *_POOLS)),
    _file("B5_4d_16x2", "4-16-16", 22549, (UNCERTIFIED,)),
    _file("B6_4d_24x2", "4-24-24", 190820, (UNCERTIFIED,)),
    _file("B7_6d_10x2", "6-10-10", 44759, (UNCERTIFIED, "affinitree", "CPLEX populate")),
    _file("B8_6d_12x2", "6-12-12", 92803, (UNCERTIFIED,)),
    _file("B9_8d_8x2", "8-8-8", 10699, (UNCERTIFIED, "affinitree", *_POOLS)),
    _file("B10_8d_10x2", "8-10-10", 125324, (UNCERTIFIED,)),
    _file("B11_8d_12x2", "8-12-12", 625081, (UNCERTIFIED,)),
    Case("digits", "64-6-6, trained", partial(_digits, False), _UNIT, (UNCERTIFIED, "affinitree", *_POOLS), 701),
    Case("digits with output", "64-6-6-10, trained", partial(_digits, True), _UNIT, (UNCERTIFIED, *_POOLS), 7557),
    Case(
        "64-6-6-10, seed 2",
        "64-6-6-10, random",
        partial(he_normal, (64, 6, 6, 10), 2, include_output=True),
        _UNIT,
        (UNCERTIFIED, "affinitree", *_POOLS),
        4426,
    ),
    Case(
        "784-8-6, seed 0",
        "784-8-6, random",
        partial(he_normal, (784, 8, 6, 10), 0),
        _UNIT,
        (UNCERTIFIED, "affinitree", *_POOLS),
        5105,
    ),
    _file("C1_784_4-18-10", "784-4-18-10", 4326, (UNCERTIFIED, *_POOLS), low=0),
)

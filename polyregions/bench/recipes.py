"""Which networks are drawn, by seed: widths, input dimension and stability."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from polyregions.network import Network

__all__ = ["FULL", "KINDS", "QUICK", "SETS", "Recipe", "draw_network"]

#: Kinds of instances: sequences of linear programs of the splitting counter; listing all patterns; the largest
#: pre-activation of a unit; whether a pattern satisfies random parity constraints.
KINDS = ("lp", "count", "bound", "parity")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One instance.

    Parameters
    ----------
    kind : str
        One of KINDS.
    inputs : int
    widths : tuple of int
        Of the ReLU layers.
    bias : float
        Standard deviation of the biases. Weights are He-normal, so that pre-activations over the box [-1, 1]^n have
        about unit size: with large biases more units are stable.
    programs : int
        For "lp": how many.
    constraints, size : int
        For "parity": how many random constraints, on how many units each.
    """

    kind: str
    inputs: int
    widths: tuple[int, ...]
    bias: float = 0.1
    programs: int = 0
    constraints: int = 0
    size: int = 0

    @property
    def name(self) -> str:
        """Names the instance and its files.

        Examples
        --------
        >>> Recipe(kind="parity", inputs=3, widths=(8, 6), bias=1.0, constraints=4, size=5).name
        'parity_3-8-6_b1_c4x5'
        """
        layers = "-".join(map(str, (self.inputs, *self.widths)))
        tail = f"_c{self.constraints}x{self.size}" if self.kind == "parity" else ""
        return f"{self.kind}_{layers}_b{self.bias:g}{tail}"


def draw_network(recipe: Recipe, seed: int, attempt: int = 0) -> Network:
    """He-normal weights and normal biases in float32 values, and an affine output that nothing asks for.

    A network depends on the seed, the attempt, and what the recipe says of networks: instances of different kinds on
    the same recipe share it.
    """
    widths = (recipe.inputs, *recipe.widths, 1)
    rng = np.random.default_rng([seed, attempt, round(1e6 * recipe.bias), *widths])
    weights = [_short(rng.normal(size=(n, m)) * np.sqrt(2 / m)) for m, n in pairwise(widths)]
    biases = [_short(recipe.bias * rng.normal(size=n)) for n in widths[1:]]
    return Network.from_arrays(weights, biases)


def _short(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32).astype(np.float64)


def _grid(
    kind: str, shapes: Sequence[tuple[int, tuple[int, ...]]], biases: tuple[float, ...], **rest: int
) -> list[Recipe]:
    return [
        Recipe(kind=kind, inputs=inputs, widths=widths, bias=bias, **rest)
        for inputs, widths in shapes
        for bias in biases
    ]


#: About a minute on every solver that pip installs.
QUICK = (
    *_grid("lp", [(4, (12, 12)), (16, (24, 24))], (0.1, 1.0), programs=50),
    *_grid("count", [(2, (6, 6)), (4, (5, 5)), (3, (8, 6))], (0.1, 1.0)),
    *_grid("bound", [(4, (10, 10)), (8, (10, 10, 10)), (12, (14, 14, 8))], (0.1, 1.0)),
    *_grid("parity", [(3, (10, 10)), (4, (12, 8))], (0.1, 1.0), constraints=6, size=4),
    *_grid("parity", [(3, (10, 10)), (4, (12, 8))], (0.1, 1.0), constraints=14, size=8),
)

_WIDE = (0.1, 0.5, 2.0)

_COUNTED = [
    (2, (8, 8)),
    (2, (10,) * 3),
    (2, (16,) * 3),
    (3, (10, 10)),
    (3, (16, 12)),
    (4, (8, 8)),
    (4, (12, 10)),
    (8, (7, 7)),
]
_BOUNDED = [
    (4, (12, 12)),
    (4, (10,) * 3),
    (8, (16, 16)),
    (8, (16, 16, 8)),
    (8, (10, 10, 10, 8)),
    (16, (16, 16, 8)),
    (32, (24, 24)),
]
_PARITIES = [(2, (12, 12)), (3, (12, 10)), (4, (10, 10)), (4, (14, 12))]

#: About an hour at 60 s per instance.
FULL = (
    *_grid("lp", [(2, (16, 16)), (4, (16, 16)), (8, (24, 24)), (16, (32, 32)), (64, (48, 48))], _WIDE, programs=200),
    *_grid("count", _COUNTED, _WIDE),
    *_grid("bound", _BOUNDED, _WIDE),
    *_grid("parity", _PARITIES, _WIDE, constraints=5, size=4),
    *_grid("parity", _PARITIES, _WIDE, constraints=8, size=10),
    *_grid("parity", _PARITIES, _WIDE, constraints=12, size=4),
)

SETS = {"quick": QUICK, "full": FULL}

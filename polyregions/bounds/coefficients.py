"""An upper bound of the number of regions that looks at a network's coefficients, not only at its widths.

After Theorem 2 of Serra & Ramalingam (2020): the sum of Theorem 1 of Serra et al. (2018), with each layer's width
replaced by how many units can still cut, and how many can be active, when at most k units of the layer before are
(:mod:`polyregions.bounds.open_cells`).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from polyregions.bounds.open_cells import OpenCellBounds, layer_states

__all__ = ["coefficient_bound"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def coefficient_bound(
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray],
    dimension: int,
    stably_active: Sequence[BoolArray],
    stably_inactive: Sequence[BoolArray],
    linear: Sequence[BoolArray] = (),
) -> int:
    """A bound of the number of activation patterns (R1) over a domain; never above Theorem 1.

    Parameters
    ----------
    weights, biases : of the counted ReLU layers
    dimension : int
        Of the domain.
    stably_active, stably_inactive : per layer (n_l,) bool
        Units known to be positive everywhere, and nowhere, on the domain.
    linear : per layer (n_l,) bool, optional
        Units that are no ReLUs, whatever is said of their signs.

    Examples
    --------
    >>> w, no = np.array([[1.0, 1.0], [1.0, -1.0]]), np.zeros(2, bool)
    >>> coefficient_bound([w, np.abs(w)], [np.zeros(2), np.ones(2)], 2, [no, no], [no, no])  # layer 2 never cuts
    4
    """
    passing = list(linear) or [np.zeros(len(b), dtype=np.bool_) for b in biases]
    layers = layer_states(weights, biases, stably_active, stably_inactive, passing)
    return OpenCellBounds(layers, dimension).whole() if layers else 1

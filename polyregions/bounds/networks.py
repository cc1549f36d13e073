"""Networks that attain known numbers of regions, with weights that floats hold exactly."""

from collections.abc import Sequence
from math import prod

import numpy as np

from polyregions.bounds.architecture import check_widths
from polyregions.bounds.attained import best_folding, shares
from polyregions.errors import ArgumentError
from polyregions.network import Network

__all__ = ["folding_network", "telgarsky_network"]

#: Integers up to here are floats, and so are their products with small powers of two.
_LARGEST = 2**53


def folding_network(input_dimension: int, widths: Sequence[int]) -> Network:
    """A network with ``best_folding(input_dimension, widths).regions`` regions on the cube [0, 1]^n_0.

    For one input and layers of 3 units or more it attains the maximum, prod (n_l + 1) (Theorem 7 of Serra et al. 2018).

    Raises
    ------
    ArgumentError
        If the last layer is so wide that its weights are no floats.

    Notes
    -----
    A coordinate z of the cube meets p >= 3 units relu(v - 1), relu(v - 3), relu(5 - v), relu(v - 7), ... with
    v = (2 p + 1) z. The readout 5 - 3/2 u_1 + u_2 - u_3 + u_4 - u_5 + ... is v for v <= 1, and then slopes of
    -1/2, 1/2, -1/2, ... map each interval of length 2 onto [0, 1]: p + 1 pieces in all, each mapped onto [0, 1]. Fewer
    units are relu(v), relu(v - 1) with v = p z and the readout u_1 - 2 u_2. The readout is part of the next layer, so
    all weights are multiples of 1/2. The last layer's hyperplanes t^0 x_1 + ... + t^(k-1) x_k = t^k, t = 0, 1, ..., are
    in general position (Vandermonde), and scaled so that all points where k of them meet are inside the cube. Units to
    spare are never active.

    Examples
    --------
    >>> net = folding_network(1, [3, 3])
    >>> [w.tolist() for w in net.weights[:2]]
    [[[7.0], [7.0], [-7.0]], [[-12.0, 8.0, -8.0], [-12.0, 8.0, -8.0], [-12.0, 8.0, -8.0]]]
    >>> from polyregions import Box, count
    >>> int(count(net, Box(0, 1)))
    16
    """
    check_widths(input_dimension, widths)
    k = best_folding(input_dimension, widths).coordinates
    # Coordinate c of the cube behind the layers so far is readout[c] . h + constant[c].
    readout, constant = np.eye(k, input_dimension), np.zeros(k)
    weights, biases = [], []
    for n in widths[:-1]:
        w, b = np.zeros((n, readout.shape[1])), np.full(n, -1.0)
        after, first = np.zeros((k, n)), 0
        for c, p in enumerate(shares(n, k)):
            units = slice(first, first + p)
            scale, facing, kinks, after[c, units] = _fold(p)
            w[units] = scale * facing[:, None] * readout[c]
            b[units] = facing * (scale * constant[c] - kinks)
            constant[c] = 5.0 if p >= 3 else 0.0
            first += p
        readout = after
        weights.append(w)
        biases.append(b)
    normals, offsets = _general_position(widths[-1], k)
    weights.append(normals @ readout)
    biases.append(normals @ constant - offsets)
    return Network.from_arrays([*weights, np.ones((1, widths[-1]))], [*biases, np.zeros(1)])


def _fold(p: int) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """The scale of z, and of each unit: where it faces (1 or -1), its kink, its share in the readout."""
    if p < 3:
        return float(p), np.ones(p), np.arange(float(p)), np.array([1.0, -2.0][:p])
    facing = np.ones(p)
    facing[2] = -1.0
    signs = np.where(np.arange(p) % 2, 1.0, -1.0)
    signs[0] = -1.5
    return 2.0 * p + 1, facing, 2.0 * np.arange(p) + 1, signs


def _general_position(count: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Hyperplanes normals . z = offsets in general position, all of whose regions meet the cube (0, 1)^dimension.

    The coordinates of a point on k of them are, up to sign, the elementary symmetric functions of their t's, less than
    prod(1 + t). With x = scale (z - 1/2) and a power of two above twice that, all vertices are inside the cube, and so
    every region meets it.
    """
    reach = prod(1 + t for t in range(max(count - dimension, 0), count))
    scale = 2 ** (2 * reach).bit_length()
    powers = [[t**j for j in range(dimension + 1)] for t in range(count)]
    if max((scale * sum(row[:-1]) * 3 + 2 * row[-1] for row in powers), default=0) >= _LARGEST:
        raise ArgumentError(
            f"a last layer of {count} units over {dimension} coordinates has weights that are no floats"
        )
    normals = np.array([[float(scale * x) for x in row[:-1]] for row in powers])
    offsets = np.array([float(row[-1] + scale * sum(row[:-1]) // 2) for row in powers])
    return normals, offsets


def telgarsky_network(depth: int, *, units: int = 2) -> Network:
    """``depth`` mirror maps 2 relu(z) - 4 relu(z - 1/2) in a row: 2^depth pieces on [0, 1] (Telgarsky 2015).

    Parameters
    ----------
    units : {2, 3}, optional
        3: also relu(z - 1), so that the map is 0 behind 1.

    Examples
    --------
    >>> from polyregions import Box, count
    >>> int(count(telgarsky_network(5), Box(0, 1)))
    32
    """
    if depth < 1 or units not in (2, 3):
        raise ArgumentError(f"mirror maps have depth 1 or more and 2 or 3 units, not {depth} and {units}")
    readout = np.array([[2.0, -4.0, 2.0][:units]])
    kinks = np.array([0.0, 0.5, 1.0][:units])
    weights = [np.ones((units, 1))] + [np.repeat(readout, units, axis=0)] * (depth - 1) + [readout]
    return Network.from_arrays(weights, [-kinks] * depth + [np.zeros(1)])

"""The check that an imported network computes what its framework computes.

The tolerance is derived, not guessed. With m^0 = |x| and m^l = |W^l| m^(l-1) + |b^l|, which bound every partial
sum, a forward pass in arithmetic of unit roundoff u errs by at most sum_l (n_(l-1) + 1) u m^L to first order
(Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.5: an inner product of n terms errs by
at most n u times the sum of absolute terms; ReLU enlarges no error). Two passes are compared: twice that, and
twice again for the higher orders.
"""

import numpy as np
import numpy.typing as npt

from polyregions.errors import ImportCheckError
from polyregions.network import Network

__all__ = ["check_points", "check_same_outputs", "rounding_bound"]

FloatArray = npt.NDArray[np.float64]


def check_points(network: Network, *, count: int = 32) -> FloatArray:
    """Fixed pseudo-random points, (count, n_0), of sizes from 1/16 to 16; each coordinate a float32 number."""
    generator = np.random.default_rng(0)
    sizes = 2.0 ** generator.uniform(-4, 4, (count, 1))
    points = generator.standard_normal((count, network.input_dimension)) * sizes
    return points.astype(np.float32).astype(np.float64)


def rounding_bound(network: Network, points: FloatArray, dtype: npt.DTypeLike = np.float64) -> FloatArray:
    """How far two forward passes, neither less precise than ``dtype``, can be apart by rounding alone.

    Returns
    -------
    (m, n_out) array
        A bound for each output of the affine output layer.
    """
    magnitude = np.abs(points)
    for w, b in zip(network.weights, network.biases, strict=True):
        magnitude = magnitude @ np.abs(w).T + np.abs(b)
    kind = np.finfo(np.dtype(dtype))
    roundings = sum(w.shape[1] + 1 for w in network.weights)
    # kind.eps is 2 u; the smallest normal number stands for what underflow loses.
    bound: FloatArray = 2 * roundings * float(kind.eps) * magnitude + float(kind.tiny)
    return bound


def check_same_outputs(ours: npt.ArrayLike, theirs: npt.ArrayLike, allowed: npt.ArrayLike, framework: str) -> None:
    """Raise unless two arrays of outputs agree within ``allowed``.

    Raises
    ------
    ImportCheckError
        Naming the largest difference, or that the outputs overflow or have different shapes.
    """
    a, b, bound = (np.asarray(array, dtype=np.float64) for array in (ours, theirs, allowed))
    if a.shape != b.shape:
        raise ImportCheckError(
            f"the imported network has outputs of shape {a.shape}, but {framework} gives {b.shape} for the same points"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all() and np.isfinite(bound).all()):
        raise ImportCheckError(
            f"the imported network cannot be compared with {framework}: outputs overflow at random points; "
            "scale the weights down, or use Network.from_arrays, which does not check"
        )
    difference = np.abs(a - b)
    if (difference > bound).any():
        worst = np.unravel_index(np.argmax(np.where(difference > bound, difference, 0.0)), difference.shape)
        rounding = np.broadcast_to(bound, difference.shape)[worst]
        raise ImportCheckError(
            f"the imported network differs from {framework} by up to {difference[worst]:.3g} at {len(a)} random "
            f"points; rounding explains at most {rounding:.3g} there: something but the layers changes that output"
        )

"""How often a segment crosses the boundary between regions, in floats: for estimates, where speed matters more."""

import numpy as np
import numpy.typing as npt

from polyregions.geometry.reach import reaches_output
from polyregions.network import Network

__all__ = ["crossings"]

FloatArray = npt.NDArray[np.float64]

#: A pre-activation below this part of the sum of its terms' sizes is rounding, and counts as 0.
NOISE = 1e-13
#: Breakpoints closer than this part of the segment are one.
MERGED = 1e-12


def crossings(network: Network, start: FloatArray, end: FloatArray, *, gradient: bool) -> int:
    """The number of points inside a segment at which an activation changes its state, or the gradient jumps.

    Parameters
    ----------
    start, end : (n_0,)
    gradient : bool
        Count only points at which a unit that changes its state reaches the output.

    Notes
    -----
    Layer by layer, as Hanin & Rolnick (2019) count on lines: between two breakpoints the next pre-activations are
    affine, and each that changes its sign gives one more. In float64, with no proof; exact numbers are
    :func:`polyregions.count` over a :class:`polyregions.Segment`. O(breakpoints times weights).
    """
    t = np.array([0.0, 1.0])
    h = np.stack([start, end])
    layers = zip(network.weights[: network.depth], network.biases[: network.depth], strict=True)
    for (w, b), linear in zip(layers, network.linear_masks, strict=False):
        g = h @ w.T + b
        active = linear | (g > NOISE * (np.abs(h) @ np.abs(w).T + np.abs(b)))
        before, unit = np.nonzero(active[:-1] != active[1:])
        low, high = g[before, unit], g[before + 1, unit]
        share = np.clip(low / (low - high), 0.0, 1.0)
        between = g[before] + share[:, None] * (g[before + 1] - g[before])
        between[np.arange(len(unit)), unit] = 0.0
        t = np.concatenate([t, t[before] + share * (t[before + 1] - t[before])])
        order = np.argsort(t, kind="stable")
        t, g = t[order], np.concatenate([g, between])[order]
        h = np.where(linear, g, np.maximum(g, 0.0))
    inner = t[(t > MERGED) & (t < 1 - MERGED)]
    points = inner[np.diff(inner, prepend=-1.0) > MERGED]
    if not gradient or not len(points):
        return len(points)
    edges = np.concatenate([[0.0], points, [1.0]])
    middles = (edges[:-1] + edges[1:]) / 2
    forms = network.preactivations(start + middles[:, None] * (end - start))[: network.depth]
    states = (np.concatenate(forms, axis=1) > 0) | np.concatenate(network.linear_masks[: network.depth])
    at, units = np.nonzero(states[:-1] != states[1:])
    reaching = reaches_output(network, states[:-1][at], units)
    return len(np.unique(at[reaching]))

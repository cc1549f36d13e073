"""Which units reach the output of a network on a region."""

import numpy as np
import numpy.typing as npt

from polyregions.network import Network

__all__ = ["reaches_output"]


def reaches_output(
    network: Network, states: npt.NDArray[np.bool_], units: npt.NDArray[np.intp]
) -> npt.NDArray[np.bool_]:
    """Whether a unit's activation changes the output, with the states of the units behind it as given, (k,).

    Where it does, the network's gradient jumps where this unit alone changes its state. Hanin & Rolnick (2019) call a
    unit good if some path of active units leads from it to the output; here the sum over all paths is not 0.

    Parameters
    ----------
    states : (k, N) of bool
    units : (k,) of int
        For each row of states a unit, numbered in the network's order.

    Notes
    -----
    A backward pass in floats; a sum that cancels may be off from 0 by rounding. O(k outputs weights).
    """
    ends = np.cumsum(network.widths)
    later = np.eye(network.widths[-1]) if network.include_output else network.weights[-1]
    columns = np.broadcast_to(later, (len(states), *later.shape))
    result = np.zeros(len(states), dtype=bool)
    for layer in reversed(range(network.depth)):
        start = ends[layer] - network.widths[layer]
        at = np.flatnonzero((units >= start) & (units < ends[layer]))
        result[at] = (columns[at, :, units[at] - start] != 0).any(axis=1)
        if layer:
            active = states[:, start : ends[layer]]
            with np.errstate(all="ignore"):
                columns = np.where(active[:, None, :], columns, 0.0) @ network.weights[layer]
    return result

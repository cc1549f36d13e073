"""The affine maps of a network's output on many regions of a slice at once."""

import numpy as np
import numpy.typing as npt

from polyregions.domain import Domain
from polyregions.exact.filter import FloatBox, first_rows
from polyregions.exact.restriction import Restriction
from polyregions.geometry.affine_pieces import AffinePieces
from polyregions.network import Network
from polyregions.slices.exact_forms import ExactForms, rounded

__all__ = ["affine_maps", "map_labels"]

FloatArray = npt.NDArray[np.float64]

#: Numbers in the largest array.
_ROOM = 1 << 21


def affine_maps(network: Network, domain: Domain, packed_patterns: npt.NDArray[np.uint8]) -> FloatArray:
    """The output as a s + b t + c on each region, (m, n_out, 3); O(m weights) operations."""
    if not network.widths:
        exact = ExactForms(network, domain)
        output, _ = rounded(exact.rows(0, np.zeros((1, 0), dtype=np.bool_))[0], exact.scale(0), 0.0)
        return np.broadcast_to(output, (len(packed_patterns), *output.shape)).copy()
    restriction = Restriction(network, domain)
    rows = first_rows(restriction, FloatBox.of(restriction))
    first = np.concatenate([rows.a, rows.c[:, None]], axis=1)
    widths = network.widths
    outputs = len(network.biases[-1])
    result = np.empty((len(packed_patterns), outputs, 3))
    step = max(1, _ROOM // (3 * max(*widths, outputs)))
    for start in range(0, len(result), step):
        part = slice(start, start + step)
        states = np.unpackbits(packed_patterns[part], axis=1, count=sum(network.widths))
        forms, offset = np.broadcast_to(first, (len(states), *first.shape)), 0
        for layer, width in enumerate(widths):
            forms = forms * states[:, offset : offset + width, None]
            offset += width
            if layer + 1 < len(network.weights):
                forms = network.weights[layer + 1] @ forms
                forms[:, :, 2] += network.biases[layer + 1]
        result[part] = forms
    return result


def map_labels(network: Network, domain: Domain, packed_patterns: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Numbers from 0 for the outputs on the regions, (m,): equal if and only if the functions are, exactly."""
    states = np.unpackbits(packed_patterns, axis=1, count=sum(network.widths))
    pieces = AffinePieces(Restriction(network, domain), states, [])
    pieces.compare_maps()
    if pieces.labels is None:
        raise RuntimeError("the comparison of maps was stopped, and nobody asked for that")
    return pieces.labels

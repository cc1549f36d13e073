"""Pre-activations and their gradients at many float points at once, each with a bound of its rounding errors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import INFLATE, TINY, U
from polyregions.network import Network

__all__ = ["GradientPass", "Gradients"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

#: A sum of squares above this has lost nothing to underflow.
_SMALL = 2.0**-800


@dataclass(frozen=True)
class Gradients:
    """What a pass found at k points for the N units of the counted layers, linear ones included.

    Attributes
    ----------
    values, value_errors : (k, N)
        Pre-activations, and how far each can be off while the signs of the layers before are right.
    norms, norm_errors : (k, N)
        Lengths of their gradients on the point's region, and how far each can be off.
    states : (k, N) of bool
        Which units are active; linear ones are.
    reached : (k, N) of bool
        Units of the layers up to the first one, itself included, with a sign that rounding may have turned; what is
        said of the units behind it may belong to a neighbouring region.
    settled : (k,) of bool
        Points without such a unit.
    """

    values: FloatArray
    value_errors: FloatArray
    norms: FloatArray
    norm_errors: FloatArray
    states: BoolArray
    reached: BoolArray
    settled: BoolArray
    _jacobians: tuple[FloatArray, ...]
    _basis: FloatArray | None

    def gradient(self, point: int, layer: int, unit: int) -> FloatArray:
        """One unit's gradient at one point, (d,), in the coordinates of the pass; layers are numbered from 0."""
        return np.asarray(self.gradients(np.array([point]), layer, np.array([unit]))[0])

    def gradients(self, points: npt.NDArray[np.intp], layer: int, units: npt.NDArray[np.intp]) -> FloatArray:
        """The gradients of some units of one layer, each at its own point, (m, d)."""
        jacobian = self._jacobians[layer]
        rows = jacobian[units, points if jacobian.shape[1] > 1 else 0]
        return np.asarray(rows if self._basis is None else rows @ self._basis.T)


class GradientPass:
    """A forward pass that carries the Jacobian of every layer along.

    Parameters
    ----------
    network : Network
    frame : (n_0, d) array, optional
        Orthonormal columns: gradients are projected onto their span, and given in their coordinates. Default: all of
        input space.

    Notes
    -----
    The gradients of all units lie in the row space of the first layer's weights. Where it has fewer units than
    dimensions, W_1^T = Q R, and Jacobians are kept over the columns of Q, of which there are n_1 instead of n_0:
    lengths are the same, as Q is orthonormal, and no square of W_1 is formed. How far Q is from that, and Q R from
    W_1^T, is bounded from the computed residuals, not by a theorem on the factorisation.

    Errors are those of docs/float_filter.md, equation (6), for values. A row J_i = sum_j W_ij s_j J_j of a Jacobian is
    off in length by at most sum_j |W_ij| s_j (e_j + (m + 2) u |J_j|), with e_j the same of the layer before, m its
    width and s its states. O(sum_l n_l n_(l-1) min(n_0, n_1)) operations a point, as matrix products over many points.
    """

    def __init__(self, network: Network, frame: FloatArray | None = None) -> None:
        self._network = network
        first = network.weights[0] if frame is None else network.weights[0] @ frame
        self._dimension = int(first.shape[1])
        self._basis: FloatArray | None = None
        self._first_errors = 2 * U * _lengths(network.weights[0])
        self._stretch = 0.0
        with np.errstate(all="ignore"):
            if frame is not None:
                sizes = _lengths(np.abs(network.weights[0]) @ np.abs(frame))
                self._first_errors += (frame.shape[0] + 2) * U * sizes * INFLATE
            if 0 < first.shape[0] < first.shape[1]:
                first = self._narrowed(first)
        self._first = first

    @property
    def dimension(self) -> int:
        """d, the number of coordinates of a gradient."""
        return self._dimension

    @property
    def floats_per_point(self) -> int:
        """How many numbers a pass holds for each point."""
        widths = self._network.widths
        later = sum(widths[1:]) + (max(widths[1:], default=0))
        return int(self._first.shape[1]) * later + 8 * sum(widths) + self._network.input_dimension

    def _narrowed(self, first: FloatArray) -> FloatArray:
        q, r = np.linalg.qr(first.T)
        n = first.shape[1]
        rows = np.ascontiguousarray(r.T)
        residual = _lengths(first - rows @ q.T)
        residual += (n + 3) * U * _lengths(np.abs(rows) @ np.abs(q.T))
        self._first_errors = (self._first_errors + residual) * INFLATE
        # | |Q v| / |v| - 1 | is at most the norm of Q^T Q - I.
        gram = np.abs(q.T @ q - np.eye(q.shape[1])) + (n + 3) * U * (np.abs(q.T) @ np.abs(q))
        self._stretch = float(np.sqrt((gram**2).sum())) * INFLATE
        self._basis = q
        return rows

    def run(self, points: FloatArray) -> Gradients:
        """The pass at some points, (k, n_0)."""
        network = self._network
        with np.errstate(all="ignore"):
            w, b = network.weights[0], network.biases[0]
            sizes = np.abs(points) @ np.abs(w).T + np.abs(b)
            values = [points @ w.T + b]
            # Roundings more than in the filter: the points themselves, and here and below the weights, may be rounded.
            errors = [np.where(sizes > 0, (w.shape[1] + 4) * U * INFLATE * sizes + TINY, 0.0)]
            jacobians = [self._first[:, None, :]]
            norms = [np.broadcast_to(_lengths(self._first), values[0].shape)]
            drift = [np.broadcast_to(self._first_errors, values[0].shape)]
            later = zip(network.weights[1 : network.depth], network.biases[1 : network.depth], strict=True)
            for (w, b), linear in zip(later, network.linear_masks, strict=False):
                active = (values[-1] > 0) | linear
                h, e = np.where(active, values[-1], 0.0), np.where(active, errors[-1], 0.0)
                size = np.abs(w)
                entries = w != 0
                terms = _terms(active, entries) | (b != 0)
                errors.append(
                    (e @ size.T + (w.shape[1] + 3) * U * (np.abs(h) @ size.T + np.abs(b))) * INFLATE
                    + np.where(terms, TINY, 0.0)
                )
                values.append(h @ w.T + b)
                jacobians.append(_next_jacobian(w, active, jacobians[-1]))
                before = np.where(active, norms[-1], 0.0), np.where(active, drift[-1], 0.0)
                rounding = before[1] + (w.shape[1] + 2) * U * (before[0] + before[1])
                terms = _terms(before[0] + before[1] > 0, entries)
                drift.append(rounding @ size.T * INFLATE + np.where(terms, TINY, 0.0))
                norms.append(_lengths(jacobians[-1]).T)
            return self._gathered(values, errors, norms, drift, jacobians)

    def _gathered(
        self,
        values: Sequence[FloatArray],
        errors: Sequence[FloatArray],
        norms: Sequence[FloatArray],
        drift: Sequence[FloatArray],
        jacobians: Sequence[FloatArray],
    ) -> Gradients:
        g, e, size, off = (np.concatenate(parts, axis=1) for parts in (values, errors, norms, drift))
        rank = self._first.shape[1]
        off = off + ((rank + 4) * U + self._stretch) * size
        off = np.where((size > 0) | (off > 0), off * INFLATE + TINY, 0.0)
        linear = np.concatenate(self._network.linear_masks[: self._network.depth])
        doubtful = ~((np.abs(g) > e) | (e == 0)) & ~linear
        widths = np.array(self._network.widths)
        ends = np.cumsum(widths)
        per_layer = np.logical_or.reduceat(doubtful, ends - widths, axis=1)
        earlier = np.logical_or.accumulate(per_layer, axis=1)
        clear = np.concatenate([np.ones((len(g), 1), dtype=bool), ~earlier[:, :-1]], axis=1)
        return Gradients(
            g, e, size, off, g > 0, np.repeat(clear, widths, axis=1), ~earlier[:, -1], tuple(jacobians), self._basis
        )


def _lengths(rows: FloatArray) -> FloatArray:
    squares = np.asarray(np.einsum("...r,...r->...", rows, rows))
    extreme = ~((squares > _SMALL) & (squares < np.inf))
    result = np.asarray(np.sqrt(squares))
    if extreme.any():
        # Squares that under- or overflow, or nothing but zeros: once more in units of the largest entry.
        some = rows[extreme]
        largest = np.abs(some).max(axis=-1, initial=0.0)
        some = some / np.where(largest > 0, largest, 1.0)[:, None]
        result[extreme] = largest * np.sqrt(np.einsum("ir,ir->i", some, some))
    return result


def _next_jacobian(w: FloatArray, active: BoolArray, jacobian: FloatArray) -> FloatArray:
    """W (states * J) for all points in one matrix product; Jacobians are (units, points, r)."""
    masked = np.where(active.T[:, :, None], jacobian, 0.0)
    m, k, r = masked.shape
    return (w @ masked.reshape(m, k * r)).reshape(len(w), k, r)


def _terms(units: BoolArray, entries: BoolArray) -> BoolArray:
    """Where a sum has any term that is not 0, and so may underflow; without one it is exactly 0, without error."""
    return np.asarray(units.astype(np.float64) @ entries.T.astype(np.float64) > 0, dtype=np.bool_)

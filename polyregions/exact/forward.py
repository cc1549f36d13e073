"""Patterns of many float points at once, by a forward pass through the network that bounds its own rounding errors.

Nothing here knows of cells or affine forms: what these signs say of a point is independent of how it was found.
"""

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import INFLATE, FloatBox, U, first_rows, rounded_rows
from polyregions.exact.restriction import Restriction

__all__ = ["ForwardPass"]

FloatArray = npt.NDArray[np.float64]


class ForwardPass:
    """The certain patterns of float points of a restricted network's domain.

    Parameters
    ----------
    restriction : Restriction
        With at least one layer.
    box : FloatBox
    """

    def __init__(self, restriction: Restriction, box: FloatBox) -> None:
        self._box = box
        self._domain = rounded_rows(restriction.rows, 1, box) if restriction.rows else None
        self._first = first_rows(restriction, box)
        network = restriction.network
        self._linear = restriction.linear
        self._later = list(
            zip(network.weights[1 : network.depth], network.biases[1 : network.depth], strict=True)
        )  # fmt: skip

    def signs(self, points: FloatArray) -> npt.NDArray[np.int8]:
        """Signs of all units' pre-activations at points of the domain, -1 or +1, 0 from the first doubtful layer on.

        Those of linear units, whose state is always 1, are +1.

        Parameters
        ----------
        points : (k, d) chart coordinates

        Returns
        -------
        signs : (k, N)

        Notes
        -----
        docs/float_filter.md, equation (6): with |h - h^| <= e componentwise, W h + b is off from its float value by at
        most |W| e + (n + 2) u (|W| |h^| + |b|). A unit that is certainly inactive passes on exactly 0. O(k weights).
        """
        with np.errstate(all="ignore"):
            values, errors = self._first.values(points)
            signs = [_signs(values, errors, self._linear[0])]
            for (w, b), linear in zip(self._later, self._linear[1:], strict=True):
                active = signs[-1] > 0
                h, e = np.where(active, values, 0.0), np.where(active, errors, 0.0)
                values = h @ w.T + b
                sizes = np.abs(h) @ np.abs(w).T + np.abs(b)
                errors = e @ np.abs(w).T + (w.shape[1] + 2) * U * sizes
                errors = errors * INFLATE + self._box.tiny
                # Where a unit's sign is open, so is what it passes on.
                decided = signs[-1].all(axis=1, keepdims=True)
                signs.append(np.where(decided, _signs(values, errors, linear), np.int8(0)))
        return np.concatenate(signs, axis=1)

    def inside(self, points: FloatArray) -> npt.NDArray[np.bool_]:
        """Which points lie certainly in the interior of the domain, (k,)."""
        with np.errstate(all="ignore"):
            box = self._box
            result = ((points > box.lower_inside) & (points < box.upper_inside)).all(axis=1)
            if self._domain is not None:
                result &= (self._domain.signs(points) > 0).all(axis=1)
        return np.asarray(result, dtype=np.bool_)

    def attain(self, points: FloatArray, states: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """Which points certainly have these states, all signs being strict, in the interior of the domain.

        A neighbourhood of such a point has the pattern too, so that its region has full dimension.

        Parameters
        ----------
        points : (k, d)
        states : (k, N) of 0 and 1
        """
        wanted = 2 * states.astype(np.int8) - 1
        return np.asarray(self.inside(points) & (self.signs(points) == wanted).all(axis=1), dtype=np.bool_)


def _signs(values: FloatArray, errors: FloatArray, linear: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    signs = (values > errors).astype(np.int8) - (values < -errors).astype(np.int8)
    if not linear.any():
        return signs
    return np.where(linear & np.isfinite(values), np.int8(1), signs)

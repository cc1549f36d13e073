"""The points of a line at which units vanish: floats with radii, exact on demand."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import U
from polyregions.slices.exact_forms import ExactForms

__all__ = ["Knots"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


class Knots:
    """Directions (t : w), w >= 0, in any order, each known by a number.

    Attributes
    ----------
    t, w, radius : (m,)
        A float direction of maximum norm 1, and a bound of the distance (the sum of both coordinates') to a positive
        multiple of the true one.
    layer, unit : (m,)
        Of which unit it is a zero; layer -1 for points that were given.
    """

    def __init__(self, exact: ExactForms) -> None:
        self._forms = exact
        self.t = self.w = self.radius = np.zeros(0)
        self.layer = self.unit = np.zeros(0, dtype=np.intp)
        self._prefixes: list[npt.NDArray[np.uint8] | None] = []
        self._exact: dict[int, tuple[int, int]] = {}

    def add_points(self, points: Sequence[tuple[int, int]]) -> IntArray:
        """Add directions whose coordinates are -1, 0 or 1; their numbers."""
        start, count = len(self.t), len(points)
        self._exact.update(enumerate(points, start))
        t, w = (np.array(part, dtype=np.float64) for part in zip(*points, strict=True))
        self._append(t, w, np.zeros(count), np.full(count, -1), np.full(count, -1))
        self._prefixes += [None] * count
        return np.arange(start, start + count)

    def add_zeros(
        self,
        layer: int,
        units: IntArray,
        prefixes: npt.NDArray[np.bool_],
        t: FloatArray,
        w: FloatArray,
        radius: FloatArray,
    ) -> IntArray:
        """Add zeros of units of a layer behind the given states of earlier units; their numbers."""
        start, count = len(self.t), len(t)
        self._append(t, w, radius, np.full(count, layer), units)
        self._prefixes += list(np.packbits(prefixes, axis=1))
        return np.arange(start, start + count)

    def _append(self, t: FloatArray, w: FloatArray, radius: FloatArray, layer: IntArray, unit: IntArray) -> None:
        self.t, self.w = np.concatenate([self.t, t]), np.concatenate([self.w, w])
        self.radius = np.concatenate([self.radius, radius])
        self.layer, self.unit = np.concatenate([self.layer, layer]), np.concatenate([self.unit, unit])

    def exact(self, number: int) -> tuple[int, int]:
        """A knot as integers (t, w), w >= 0, up to a positive factor."""
        if number not in self._exact:
            packed = self._prefixes[number]
            assert packed is not None
            prefix = np.unpackbits(packed)[None].astype(np.bool_)
            a, c = self._forms.rows(int(self.layer[number]), prefix)[0][int(self.unit[number])]
            self._exact[number] = (-c, a) if a > 0 else (c, -a)
        return self._exact[number]

    def refresh(self, number: int) -> None:
        """Round a knot's floats from its exact coordinates."""
        t, w = self.exact(number)
        size = max(abs(t), w)
        self.t[number], self.w[number], self.radius[number] = t / size, w / size, 4 * U

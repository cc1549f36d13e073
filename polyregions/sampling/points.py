"""Distinct patterns of points of the domain, each certified: a proven lower bound that needs no tree.

Points are drawn uniformly from a box. In a polytope they are taken by hit-and-run (Smith 1984), whose points are
uniform in the long run only; the bound holds whatever their distribution.
"""

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import FloatBox, rounded_rows
from polyregions.exact.forward import ForwardPass
from polyregions.exact.restriction import Restriction

__all__ = ["PointSampler"]

FloatArray = npt.NDArray[np.float64]

#: Points that are drawn together.
BATCH = 1024


class PointSampler:
    """Draws points and keeps the patterns that are certain.

    A point counts if it lies certainly in the interior of the domain and all its signs are certain and not zero. Its
    region then holds a neighbourhood of it, so that the pattern counts for every definition.

    Parameters
    ----------
    restriction : Restriction
    seed : int

    Attributes
    ----------
    drawn, certain : int
        Points drawn, and those whose pattern is certain.
    """

    def __init__(self, restriction: Restriction, seed: int) -> None:
        self._restriction = restriction
        self._box = FloatBox.of(restriction)
        self._random = np.random.default_rng(seed)
        self._forward = ForwardPass(restriction, self._box) if restriction.widths else None
        self._patterns: set[bytes] = set()
        self._rows = rounded_rows(restriction.rows, 1, self._box) if restriction.rows else None
        # One walk per point of a batch, so that steps are matrix products.
        self._walkers: FloatArray | None = None
        self.drawn = self.certain = 0

    @property
    def found(self) -> int:
        """Distinct patterns seen; 1 where there is nothing to see."""
        return max(1, len(self._patterns))

    def sample(self, points: int) -> None:
        """Draw so many points, at most a batch."""
        self.drawn += points
        if self._forward is None or not self._restriction.dimension:
            return
        with np.errstate(all="ignore"):
            chosen = self._draw(points)
            inside = self._forward.inside(chosen)
            signs = self._forward.signs(chosen[inside])
        certain = signs[(signs != 0).all(axis=1)]
        self.certain += len(certain)
        active = np.unique(certain > 0, axis=0)
        network = self._restriction.network
        if network.merges:
            # Different states of the units may be one pattern.
            self._patterns.update(network.pattern_key(row.tobytes()) for row in active.astype(np.uint8))
        else:
            self._patterns.update(row.tobytes() for row in np.packbits(active, axis=1))

    def _draw(self, points: int) -> FloatArray:
        box, random = self._box, self._random
        if self._rows is None:
            shares = random.random((points, len(box.lower)))
            result: FloatArray = box.lower + shares * (box.upper - box.lower)
            return result
        if self._walkers is None:
            start = np.array([n / self._restriction.start.denominator for n in self._restriction.start.numerators])
            self._walkers = np.tile(start, (BATCH, 1))
        self._walkers = self._step(self._walkers)
        return self._walkers[:points]

    def _step(self, x: FloatArray) -> FloatArray:
        """Each walker goes to a random point of its chord in a random direction."""
        box, rows = self._box, self._rows
        assert rows is not None
        direction = self._random.normal(size=x.shape) * (box.upper - box.lower)
        values = np.hstack([x - box.lower, box.upper - x, x @ rows.a.T + rows.c])
        slopes = np.hstack([direction, -direction, direction @ rows.a.T])
        ratios = -values / slopes
        low = np.where(slopes > 0, ratios, -np.inf).max(axis=1)
        high = np.where(slopes < 0, ratios, np.inf).min(axis=1)
        share = low + self._random.random(len(x)) * (high - low)
        moved = x + share[:, None] * direction
        # A walker that rounding has led astray stays where it was.
        return np.where(np.isfinite(moved).all(axis=1, keepdims=True), moved, x)

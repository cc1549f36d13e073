"""Uniform random points and lines of a box, a plane or a segment."""

import numpy as np
import numpy.typing as npt

from polyregions.domain import Domain
from polyregions.errors import ArgumentError
from polyregions.exact.numbers import nearest_float

__all__ = ["UniformPoints"]

FloatArray = npt.NDArray[np.float64]


class UniformPoints:
    """Random points of a domain, in floats.

    Attributes
    ----------
    dimension : int
        d.
    volume : float
        Of the domain, in d dimensions.
    frame : (n_0, d)
        Orthonormal columns that span the domain's directions.

    Raises
    ------
    ArgumentError
        For a polytope that is no box in its chart.
    """

    def __init__(self, domain: Domain, dimension: int) -> None:
        chart = domain.chart(dimension)
        if chart.rows:
            raise ArgumentError(
                f"random points are drawn from boxes, planes and segments, not from a {type(domain).__name__.lower()}; "
                "give one of these, or measure exactly with boundary_volume"
            )
        self.dimension = d = chart.dimension
        columns = np.eye(dimension) if chart.columns is None else np.zeros((dimension, d))
        for j, column in enumerate(chart.columns or ()):
            for i, entry in column.items():
                columns[i, j] = nearest_float(entry)
        self._columns = columns
        self._origin = np.array([nearest_float(v) for v in chart.origin], dtype=np.float64)
        self._lower = np.array([nearest_float(v) for v in chart.lower], dtype=np.float64)
        self._upper = np.array([nearest_float(v) for v in chart.upper], dtype=np.float64)
        self.frame: FloatArray
        if chart.columns is None:
            self.frame, triangle = columns, columns
        else:
            self.frame, triangle = np.linalg.qr(columns)
        self._triangle = triangle
        self.volume = float(np.prod(self._upper - self._lower) * np.abs(np.prod(np.diag(triangle))))

    def points(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Uniform points, (count, n_0)."""
        return self._ambient(self._chart_points(count, rng))

    def chords(self, count: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Lines through uniform points in uniform directions, cut off at the domain: starts, ends, lengths."""
        t = self._chart_points(count, rng)
        directions = rng.normal(size=(count, self.dimension))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        slopes = np.linalg.solve(self._triangle, directions.T).T
        with np.errstate(divide="ignore", invalid="ignore"):
            below, above = (self._lower - t) / slopes, (self._upper - t) / slopes
        back = np.where(slopes == 0, -np.inf, np.minimum(below, above)).max(axis=1)
        forth = np.where(slopes == 0, np.inf, np.maximum(below, above)).min(axis=1)
        starts, ends = (self._ambient(t + length[:, None] * slopes) for length in (back, forth))
        return starts, ends, forth - back

    def _chart_points(self, count: int, rng: np.random.Generator) -> FloatArray:
        return rng.uniform(self._lower, self._upper, size=(count, self.dimension))

    def _ambient(self, t: FloatArray) -> FloatArray:
        return np.asarray(self._origin + t @ self._columns.T)

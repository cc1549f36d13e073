"""Distances of many float points to the nearest boundary, in float64, block by block."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.domain import Box, Domain
from polyregions.errors import ArgumentError
from polyregions.exact.numbers import float_above, float_below, nearest_float
from polyregions.geometry.facet_projection import PolytopeProjection, float_box_step
from polyregions.geometry.gradient_pass import GradientPass, Gradients
from polyregions.geometry.reach import reaches_output
from polyregions.network import Network

__all__ = ["FloatDistances"]

FloatArray = npt.NDArray[np.float64]

#: Numbers that a block of points holds at once: 64 MB.
BLOCK = 2**23
#: Points of a block within a domain, where each may need a quadratic program: there is a stop between two blocks.
BLOCK_WITHIN = 256
#: Covers the rounding of a sum, a difference and a quotient.
ROUNDING = 1 + 2.0**-50


class FloatDistances:
    """Distances to the nearest boundary of the activation regions of a network, perhaps within a domain."""

    def __init__(self, network: Network, domain: Domain | None) -> None:
        self._network = network
        self._walls: _Box | _Polytope | None = None
        if isinstance(domain, Box):
            self._walls = _Box(domain, network.input_dimension)
        elif domain is not None:
            self._walls = _Polytope(domain, network.input_dimension)
        self._frame = None if self._walls is None else self._walls.frame
        if not network.depth:
            return
        self._pass = GradientPass(network, self._frame)
        widths = np.array(network.widths)
        self._layers = np.repeat(np.arange(len(widths)), widths)
        self._units = np.concatenate([np.arange(n) for n in widths])
        #: Linear units have no wall.
        self._relu = ~np.concatenate(network.linear_masks[: network.depth])

    def run(self, points: FloatArray, stop: Callable[[], bool] = lambda: False) -> dict[str, Any]:
        """The arrays of a :class:`polyregions.geometry.distances.Distances`, by name, for points (k, n_0).

        ``stop`` is asked between blocks of points; the arrays are those of the points that were done.
        """
        if self._walls is not None:
            self._walls.check(points)
        if not self._network.depth:
            return _nowhere(len(points))
        size = max(1, BLOCK // self._pass.floats_per_point)
        size = size if self._walls is None else min(size, BLOCK_WITHIN)
        blocks = [_nowhere(0)]
        for i in range(0, len(points), size):
            if stop():
                break
            blocks.append(self._block(points[i : i + size])[0])
        return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

    def feet(self, points: FloatArray) -> FloatArray:
        """The nearest boundary points, (k, n_0); NaN where there is none."""
        return self._block(points)[1]

    def _block(self, points: FloatArray) -> tuple[dict[str, Any], FloatArray]:
        found = self._pass.run(points)
        with np.errstate(all="ignore"):
            ratios = np.where(self._relu & (found.norms > 0), np.abs(found.values) / found.norms, np.inf)
            lower, upper = _bounds(found, self._relu)
        ratios[np.isnan(ratios)] = np.inf  # beyond the floats: lower is 0 and upper infinite there
        nearest = ratios.argmin(axis=1)
        values = ratios[np.arange(len(points)), nearest]
        steps = self._steps(found, nearest, values)
        projected = np.zeros(len(points), dtype=bool)
        if self._walls is not None:
            leaving = np.isfinite(values) & ~self._walls.hold(points, steps)
            for i in np.flatnonzero(leaving):
                values[i], nearest[i], steps[i], projected[i] = self._within(points[i], found, int(i), ratios[i])
            upper = np.where(projected, np.inf, upper)
        there = np.isfinite(values)
        bends = reaches_output(self._network, found.states, nearest) & there
        feet = points + (steps if self._frame is None else steps @ self._frame.T)
        result = {
            "values": values,
            "lower": lower,
            "upper": upper,
            "layers": np.where(there, self._layers[nearest] + 1, 0),
            "units": np.where(there, self._units[nearest], -1),
            "bends": bends,
            "projected": projected,
        }
        return result, np.where(there[:, None], feet, np.nan)

    def _steps(self, found: Gradients, nearest: npt.NDArray[np.intp], values: FloatArray) -> FloatArray:
        """From each point to the foot of its shortest perpendicular, (k, d)."""
        steps = np.zeros((len(nearest), self._pass.dimension))
        for layer in np.unique(self._layers[nearest]):
            at = np.flatnonzero((self._layers[nearest] == layer) & np.isfinite(values))
            gradients = found.gradients(at, int(layer), self._units[nearest[at]])
            with np.errstate(all="ignore"):
                factor = -found.values[at, nearest[at]] / found.norms[at, nearest[at]] ** 2
                steps[at] = factor[:, None] * gradients
        return steps

    def _within(
        self, point: FloatArray, found: Gradients, index: int, ratios: FloatArray
    ) -> tuple[float, int, FloatArray, bool]:
        """Distance, unit and step of one point within the domain, and whether a program was solved for it.

        Hyperplanes in the order of their perpendiculars, until those are longer than the shortest way found. That way
        leaves the region through no other wall first, or that wall would be nearer.
        """
        assert self._walls is not None
        best, nearest, shortest = np.inf, 0, np.zeros(self._pass.dimension)
        for unit in np.argsort(ratios, kind="stable"):
            if not ratios[unit] < best:
                break
            slopes = found.gradient(index, int(self._layers[unit]), int(self._units[unit]))
            step = self._walls.step(point, slopes, float(found.values[index, unit]))
            if step is not None and (length := float(np.linalg.norm(step))) < best:
                best, nearest, shortest = length, int(unit), step
        return best, nearest, shortest, True


def _nowhere(number: int) -> dict[str, Any]:
    """The result for a network without ReLUs."""
    infinite, never = np.full(number, np.inf), np.zeros(number, dtype=bool)
    return {
        "values": infinite,
        "lower": infinite,
        "upper": infinite,
        "layers": np.zeros(number, dtype=np.int64),
        "units": np.full(number, -1),
        "bends": never,
        "projected": never,
    }


def _bounds(found: Gradients, relu: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Bounds of each point's distance in all of R^n, or of the hull, (k,)."""
    size = np.abs(found.values)
    longest, shortest = found.norms + found.norm_errors, found.norms / ROUNDING - found.norm_errors
    least = np.maximum(size / ROUNDING - found.value_errors, 0.0) / (longest * ROUNDING)
    # A gradient of exactly 0 has no hyperplane.
    least = np.where((longest == 0) | ~relu, np.inf, np.where(np.isnan(least), 0.0, least / ROUNDING)).min(axis=1)
    most = (size + found.value_errors) * ROUNDING / shortest * ROUNDING
    most = np.where(relu & found.reached & (shortest > 0) & ~np.isnan(most), most, np.inf).min(axis=1)
    clear = found.reached.all(axis=1) & np.isfinite(found.values).all(axis=1)
    return np.where(clear & found.settled, least, 0.0), most


class _Box:
    """A box as what stops a step."""

    def __init__(self, box: Box, dimension: int) -> None:
        pairs = box.pairs(dimension)
        free = [i for i, (low, high) in enumerate(pairs) if low < high]
        self.frame = None if len(free) == dimension else np.eye(dimension)[:, free]
        self._free = np.array(free, dtype=np.intp)
        self._low = np.array([nearest_float(pairs[i][0]) for i in free], dtype=np.float64)
        self._high = np.array([nearest_float(pairs[i][1]) for i in free], dtype=np.float64)
        # A float is at least a rational iff it is at least the least float that is.
        self._inside = (
            np.array([float_above(low) for low, _ in pairs], dtype=np.float64),
            np.array([float_below(high) for _, high in pairs], dtype=np.float64),
        )
        # A coordinate frozen at a number that is no float is written as the nearest one.
        for i, (low, high) in enumerate(pairs):
            if low == high:
                self._inside[0][i] = self._inside[1][i] = nearest_float(low)
        self._pairs = pairs

    def check(self, points: FloatArray) -> None:
        outside = np.argwhere((points < self._inside[0]) | (points > self._inside[1]))
        if len(outside):
            k, i = (int(v) for v in outside[0])
            low, high = self._pairs[i]
            number = len(np.unique(outside[:, 0]))
            more = "" if number == 1 else f" ({number} points lie outside)"
            raise ArgumentError(
                f"point {k} lies outside the box: coordinate {i} is {points[k, i]}, not between {low} and {high}{more}"
            )

    def hold(self, points: FloatArray, steps: FloatArray) -> npt.NDArray[np.bool_]:
        feet = points[:, self._free] + steps
        return np.asarray(((feet >= self._low) & (feet <= self._high)).all(axis=1), dtype=np.bool_)

    def step(self, point: FloatArray, slopes: FloatArray, value: float) -> FloatArray | None:
        start = point[self._free]
        return float_box_step(slopes, value, np.maximum(start - self._low, 0.0), np.maximum(self._high - start, 0.0))


class _Polytope:
    """Any other domain as what stops a step."""

    def __init__(self, domain: Domain, dimension: int) -> None:
        self._projection = PolytopeProjection(domain.chart(dimension), dimension)
        self._kind = type(domain).__name__.lower()
        self.frame: FloatArray | None = self._projection.frame

    def check(self, points: FloatArray) -> None:
        for k, point in enumerate(points):
            room, away = self._projection.room(point)
            size = 1e-9 * (1.0 + float(np.abs(point).max()))
            if away > size or room.min(initial=0.0) < -size:
                raise ArgumentError(
                    f"point {k} lies outside the {self._kind}, by more than rounding; take its points from the domain"
                )

    def hold(self, points: FloatArray, steps: FloatArray) -> npt.NDArray[np.bool_]:
        feet = points + steps @ self._projection.frame.T
        return np.array([self._projection.room(foot)[0].min(initial=0.0) >= 0.0 for foot in feet], dtype=np.bool_)

    def step(self, point: FloatArray, slopes: FloatArray, value: float) -> FloatArray | None:
        return self._projection.step(slopes, value, np.maximum(self._projection.room(point)[0], 0.0))

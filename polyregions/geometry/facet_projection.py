"""The point of a hyperplane within a domain that is nearest to a point of the domain.

A quadratic program, min |y - x|^2 with a . (y - x) = -z and y in the domain. Over a box it has one multiplier, which is
found in closed form; over other domains it is solved by non-negative least squares, and the answer is checked.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.domain import Chart
from polyregions.errors import ProjectionError
from polyregions.exact.numbers import nearest_float

__all__ = ["PolytopeProjection", "exact_box_step", "float_box_step"]

FloatArray = npt.NDArray[np.float64]

#: How far from optimal, in units of the domain's diameter, a numerical projection may be.
TOLERANCE = 1e-8

#: How far, relatively, a hyperplane may miss a box by rounding.
TOUCHING = 1e-12


def exact_box_step(slopes: Sequence[Any], value: Any, down: Sequence[Any], up: Sequence[Any]) -> list[Fraction] | None:
    """The shortest step s, -down <= s <= up, with a . s = -z; None if there is none.

    Parameters
    ----------
    slopes, value : a and z
    down, up : rationals >= 0
        How far the box reaches from the point, below and above.

    Notes
    -----
    By the Karush-Kuhn-Tucker conditions s_i = lambda a_i, cut off at the box, for one number lambda: a . s grows with
    it piece by piece, and is followed from one cut-off coordinate to the next. O(d log d).

    Examples
    --------
    >>> exact_box_step([2, 1], -3, [1, 1], [1, 5])          # the foot would be at (6/5, 3/5), outside
    [Fraction(1, 1), Fraction(1, 1)]
    """
    sign = -1 if value > 0 else 1
    used = [i for i, a in enumerate(slopes) if a]
    limit = {i: Fraction(up[i] if sign * slopes[i] > 0 else down[i]) / abs(Fraction(slopes[i])) for i in used}
    missing, rest = Fraction(abs(value)), sum((Fraction(slopes[i]) ** 2 for i in used), Fraction(0))
    multiplier = None
    for i in sorted(used, key=limit.__getitem__):
        if limit[i] * rest >= missing:
            multiplier = missing / rest
            break
        missing -= limit[i] * Fraction(slopes[i]) ** 2
        rest -= Fraction(slopes[i]) ** 2
    if multiplier is None:
        return None
    step = [Fraction(0)] * len(slopes)
    for i in used:
        step[i] = sign * Fraction(slopes[i]) * min(multiplier, limit[i])
    return step


def float_box_step(slopes: FloatArray, value: float, down: FloatArray, up: FloatArray) -> FloatArray | None:
    """As :func:`exact_box_step`, in float64."""
    sign = -1.0 if value > 0 else 1.0
    used = np.flatnonzero(slopes)
    a = slopes[used]
    limit = np.where(sign * a > 0, up[used], down[used]) / np.abs(a)
    order = np.argsort(limit)
    squares = a[order] ** 2
    rest = np.cumsum(squares[::-1])[::-1]
    gained = np.concatenate([[0.0], np.cumsum(squares * limit[order])])
    reach = gained[:-1] + limit[order] * rest
    missing = abs(value)
    k = int(np.searchsorted(reach, missing))
    if k == len(order):
        # A hyperplane that touches the box at a corner, but for rounding, counts as one that does.
        if not len(order) or missing > reach[-1] * (1 + TOUCHING):
            return None
        k -= 1
    multiplier = (missing - gained[k]) / rest[k]
    step = np.zeros_like(slopes)
    step[used] = sign * a * np.minimum(multiplier, limit)
    return step


class PolytopeProjection:
    """The same over a domain given by its chart, of any dimension, in orthonormal coordinates on its affine hull.

    Parameters
    ----------
    chart : Chart
    dimension : int
        n_0.

    Attributes
    ----------
    frame : (n_0, d)
        Orthonormal columns that span the directions of the hull.
    """

    def __init__(self, chart: Chart, dimension: int) -> None:
        d = chart.dimension
        columns = np.eye(dimension) if chart.columns is None else np.zeros((dimension, d))
        for j, column in enumerate(chart.columns or ()):
            for i, entry in column.items():
                columns[i, j] = nearest_float(entry)
        self.frame: FloatArray
        self.frame, upper = np.linalg.qr(columns) if d else (columns, np.zeros((0, 0)))
        self._to_chart = np.linalg.inv(upper)
        rows = np.array([[nearest_float(v) for v in a] for a, _ in chart.rows], dtype=np.float64).reshape(-1, d)
        # Every inequality as g . t <= h.
        self._g = np.concatenate([-rows, np.eye(d), -np.eye(d)])
        bounds = [c for _, c in chart.rows] + list(chart.upper) + [-low for low in chart.lower]
        self._h = np.array([nearest_float(value) for value in bounds], dtype=np.float64)
        self._origin = np.array([nearest_float(value) for value in chart.origin])
        extents = [nearest_float(high - low) for low, high in zip(chart.lower, chart.upper, strict=True)]
        self._diameter = float(np.linalg.norm(columns, axis=0) @ extents) if d else 1.0

    def room(self, point: FloatArray) -> tuple[FloatArray, float]:
        """How far each inequality is from being tight at a point of input space, and how far that is from the hull."""
        offset = point - self._origin
        along = self.frame.T @ offset
        away = float(np.linalg.norm(offset - self.frame @ along))
        return self._h - self._g @ (self._to_chart @ along), away

    def step(self, slopes: FloatArray, value: float, room: FloatArray) -> FloatArray | None:
        """The shortest step s in the frame's coordinates with a . s = -z that stays inside; None if there is none.

        Raises
        ------
        ProjectionError
            If the solution does not satisfy the conditions of optimality.

        Notes
        -----
        Least distance programming (Lawson & Hanson 1974, chapter 23): min |s| with G s >= h has the solution
        s = -r_(1..d) / r_(d+1) with r = E u - f the residual of the non-negative least squares problem E = [G^T; h^T],
        f = e_(d+1); r = 0 means that there is no point. s = G^T u / -r_(d+1) with u >= 0 is optimal if it is feasible
        and each u_i > 0 has a tight row: this is checked.
        """
        from scipy.optimize import nnls

        g = np.concatenate([-self._g @ self._to_chart, slopes[None], -slopes[None]])
        # In units of the domain's diameter, so that |r|^2 = 1 / (1 + |s|^2) is either 0 or at least a half.
        h = np.concatenate([-room, [-value], [value]]) / self._diameter
        scale = np.linalg.norm(g, axis=1)
        scale[scale == 0] = 1.0
        g, h = g / scale[:, None], h / scale
        e = np.concatenate([g.T, h[None]])
        f = np.zeros(len(e))
        f[-1] = 1.0
        u, length = nnls(e, f)
        if length**2 < 0.25:
            return None
        residual = e @ u - f
        step = -residual[:-1] / residual[-1]
        slack = g @ step - h
        if not (slack.min() >= -TOLERANCE and u @ np.abs(slack) <= TOLERANCE * (1 + u.sum())):
            raise ProjectionError(
                f"the nearest point of a hyperplane within the domain was not found: off by {-slack.min():.1e} of the "
                "domain's diameter; without the domain distances are lower bounds of those within it"
            )
        return np.asarray(step * self._diameter)

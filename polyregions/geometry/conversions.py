"""Regions for other programs: SciPy, shapely, and the text formats of cdd and lrs."""

from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyregions.domain import Chart
from polyregions.errors import MissingPackageError
from polyregions.exact.numbers import nearest_float
from polyregions.geometry.polytope import chart_rows

if TYPE_CHECKING:
    from scipy.spatial import HalfspaceIntersection

__all__ = ["chebyshev", "ext_text", "halfspace_intersection", "ine_text", "polygon"]

HalfSpace = tuple[Sequence[Fraction], Fraction]
FloatArray = npt.NDArray[np.float64]


def chebyshev(chart: Chart, halfspaces: Sequence[HalfSpace]) -> tuple[FloatArray, float]:
    """The centre and the radius of a largest ball in a chart's domain within half-spaces a . x <= b of its space.

    Returns
    -------
    centre : (d,)
        In chart coordinates.
    radius : float
        In the distance of the space.

    Raises
    ------
    ArithmeticError
        If the linear program fails.
    """
    from scipy.optimize import linprog

    d = chart.dimension
    if d == 0:
        return np.zeros(0), 0.0
    rows = [*chart_rows(chart, halfspaces), *chart.rows]
    for j, (low, high) in enumerate(zip(chart.lower, chart.upper, strict=True)):
        axis = [Fraction(int(i == j)) for i in range(d)]
        rows += [(axis, -low), ([-value for value in axis], high)]
    # Forms that are constant on the domain are so exactly, before anything is rounded.
    table = np.array([[nearest_float(v) for v in (*a, c)] for a, c in rows if any(a)]).reshape(-1, d + 1)
    # t = R^-1 s with orthonormal coordinates s.
    inverse = np.eye(d) if chart.columns is None else np.linalg.inv(np.linalg.qr(_directions(chart))[1])
    normals = table[:, :-1] @ inverse
    norms = np.linalg.norm(normals, axis=1)
    result = linprog(
        [*[0.0] * d, -1.0],
        A_ub=np.hstack([-normals / norms[:, None], np.ones((len(norms), 1))]),
        b_ub=table[:, -1] / norms,
        bounds=[(None, None)] * d + [(0, None)],
        method="highs",
    )
    if result.status != 0:
        raise ArithmeticError(f"the linear program of the largest ball failed: {result.message}")
    return inverse @ result.x[:-1], float(result.x[-1])


def _directions(chart: Chart) -> FloatArray:
    """The directions of a chart's affine hull, (n, d)."""
    result = np.zeros((len(chart.origin), chart.dimension))
    for j, column in enumerate(chart.columns or ()):
        for i, value in column.items():
            result[i, j] = nearest_float(value)
    return result


def halfspace_intersection(
    chart: Chart, halfspaces: Sequence[HalfSpace], inside: FloatArray
) -> "HalfspaceIntersection":
    """Half-spaces a . x <= b of the space as scipy's object in chart coordinates, with normals of length 1."""
    from scipy.spatial import HalfspaceIntersection

    rows = np.array([[nearest_float(-value) for value in (*a, c)] for a, c in chart_rows(chart, halfspaces)])
    return HalfspaceIntersection(rows / np.linalg.norm(rows[:, :-1], axis=1, keepdims=True), inside)


def polygon(corners: FloatArray) -> Any:
    """The convex polygon with these corners, (k, 2), as a ``shapely.Polygon``."""
    if find_spec("shapely") is None:
        raise MissingPackageError("shapely is not installed: pip install shapely")
    import shapely

    centre = corners.mean(axis=0)
    turn = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    return shapely.Polygon(corners[np.argsort(turn)])


def ine_text(a: Sequence[Sequence[Fraction]], b: Sequence[Fraction], equations: Sequence[int], title: str) -> str:
    """The polyhedron {x : a x <= b}, with equality in the rows ``equations``, as the text of a ``.ine`` file.

    The H-representation of cdd (Fukuda) and lrs (Avis), exact: a line ``b_i -a_i`` per row.
    """
    lines = [title, "H-representation"]
    if equations:
        lines.append(" ".join(map(str, ["linearity", len(equations), *(i + 1 for i in equations)])))
    rows = [[bound, *(-value for value in row)] for row, bound in zip(a, b, strict=True)]
    return _text(lines, rows)


def ext_text(points: Sequence[Sequence[Fraction]], title: str) -> str:
    """The convex hull of points as the text of a ``.ext`` file.

    The V-representation of cdd (Fukuda) and lrs (Avis), exact: a line ``1 x`` per point.
    """
    return _text([title, "V-representation"], [[Fraction(1), *point] for point in points])


def _text(lines: list[str], rows: Sequence[Sequence[Fraction]]) -> str:
    width = len(rows[0]) if rows else 1
    body = [" ".join(str(Fraction(value)) for value in row) for row in rows]
    return "\n".join([*lines, "begin", f"{len(rows)} {width} rational", *body, "end"]) + "\n"

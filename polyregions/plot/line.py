"""A line's regions: the function along it, its breakpoints, and the regions as a strip."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyregions.definition import Definition
from polyregions.errors import ArgumentError, ArgumentTypeError
from polyregions.plot.canvas import current_axes, save_picture
from polyregions.plot.colours import colours_of_patterns

if TYPE_CHECKING:
    from polyregions.slices.line import LineRegions

__all__ = ["plot_line", "save_line"]

FloatArray = npt.NDArray[np.float64]

#: The height of the strip, as a share of the axes'.
_STRIP = 0.06


def plot_line(found: "LineRegions", *, output: int = 0, ax: Any = None) -> tuple[Any, Any, Any]:
    """Draw one output along a line, its breakpoints, and the regions as a strip at the bottom.

    Parameters
    ----------
    found : LineRegions
        What :func:`polyregions.line` returned. Of an infinite line the part with all breakpoints is drawn.
    output : int, optional
        Which of the network's outputs, from 0.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.

    Returns
    -------
    curve, breakpoints : matplotlib.lines.Line2D
        The function, and a dot for each border between two regions, whether this output bends there or not.
    strip : matplotlib.collections.PolyCollection
        A rectangle for each region, coloured by its activation pattern.

    Raises
    ------
    ArgumentTypeError
        If that is no LineRegions.
    ArgumentError
        If there is no such output.
    MissingPackageError
        Without matplotlib.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import polyregions as pr
    >>> from polyregions.plot import plot_line
    >>> net = pr.Network.from_arrays([[[1.0], [1.0]], [[1.0, -1.0]]], [[0.0, -0.5], [0.0]])    # min(relu(x), 1/2)
    >>> curve, breakpoints, strip = plot_line(pr.line(net, pr.Segment([-1], [1])))
    >>> curve.get_xydata().tolist(), breakpoints.get_xdata().tolist()
    ([[0.0, 0.0], [0.5, 0.0], [0.75, 0.5], [1.0, 0.5]], [0.5, 0.75])
    """
    from polyregions.slices.line import LineRegions

    if not isinstance(found, LineRegions):
        raise ArgumentTypeError(
            f"plot_line draws what line(network, domain) returns, a LineRegions; this is a {type(found).__name__}"
        )
    outputs = found.slopes.shape[1]
    if not 0 <= output < outputs:
        raise ArgumentError(f"the network has {outputs} outputs, from 0; there is no output {output}")
    ax = current_axes(ax)
    from matplotlib.collections import PolyCollection

    ends = _finite(found.ends)
    # At each end the map of the interval behind it; at the last, of the one before.
    last = np.minimum(np.arange(len(ends)), len(found) - 1)
    values = found.slopes[last, output] * ends + found.intercepts[last, output]
    many = len(found) > 200
    (curve,) = ax.plot(ends, values, color="C0", linewidth=0.8 if many else 1.4, label=f"output {output}")
    (breakpoints,) = ax.plot(
        ends[1:-1],
        values[1:-1],
        linestyle="none",
        marker="o",
        markersize=1.0 if many else 3.5,
        color="C1",
        label=f"{len(found) - 1:,} breakpoints",
    )
    left, right = ends[:-1, None], ends[1:, None]
    corners = np.stack([np.hstack([left, right, right, left]), np.tile([0.0, 0.0, _STRIP, _STRIP], (len(left), 1))], -1)
    strip = PolyCollection(
        list(corners),
        facecolors=colours_of_patterns(found.packed_patterns),
        edgecolors="face",
        linewidths=0.1,
        transform=ax.get_xaxis_transform(),
    )
    ax.add_collection(strip, autolim=False)
    _frame(ax, found, ends, values)
    return curve, breakpoints, strip


def save_line(found: "LineRegions", path: str | os.PathLike[str], *, output: int = 0) -> None:
    """Draw one output along a line into a file, by its extension ``.png``, ``.svg`` or ``.pdf``.

    Raises
    ------
    FormatError
        If it has another extension.
    OSError
        If the file can't be written; what was there before stays.
    The others are those of :func:`plot_line`.
    """
    save_picture(path, lambda ax: plot_line(found, output=output, ax=ax), size=(7.5, 4.2))


def _finite(ends: FloatArray) -> FloatArray:
    """The ends of the intervals, those of an infinite line cut somewhat beyond its breakpoints."""
    if np.isfinite(ends[[0, -1]]).all():
        return ends
    inner = ends[1:-1] if len(ends) > 2 else np.zeros(1)
    room = 0.2 * float(inner[-1] - inner[0]) or max(1.0, abs(float(inner[0])))
    return np.concatenate([[inner[0] - room], ends[1:-1], [inner[-1] + room]])


def _frame(ax: Any, found: "LineRegions", ends: FloatArray, values: FloatArray) -> None:
    from polyregions.domain import Segment

    noun = "region" if found.definition is Definition.REGIONS else "activation pattern"
    point = "start + t (end - start)" if isinstance(found.domain, Segment) else "point + t direction"
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or max(1.0, abs(low))
    ax.set(
        xlim=(ends[0], ends[-1]),
        # The curve stays above the strip.
        ylim=(low - room - (_STRIP + 0.02) * (high - low + 2 * room), high + room),
        xlabel=f"t, where x = {point}",
        ylabel="output",
    )
    ax.set_title(
        f"{found.count:,} {noun}{'s' * (found.count != 1)} along the line ({found.status.value})", fontsize="medium"
    )
    ax.legend(fontsize="small")

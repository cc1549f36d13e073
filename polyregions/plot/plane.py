"""A plane's regions as coloured polygons."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from polyregions.errors import ArgumentError, ArgumentTypeError
from polyregions.plot.canvas import current_axes, save_picture
from polyregions.plot.colours import colours_of_numbers, colours_of_patterns

if TYPE_CHECKING:
    from polyregions.slices.plane import PlaneRegions

__all__ = ["COLORS", "check_color", "plot_plane", "save_plane", "show_view"]

#: What colours can tell.
COLORS = ("region", "active", "affine")


def plot_plane(
    found: "PlaneRegions", *, ax: Any = None, color: str = "region", edges: bool = True, colorbar: bool = True
) -> Any:
    """Draw the regions on a plane, in the units and with the right angles of the input space.

    Parameters
    ----------
    found : PlaneRegions
        What :func:`polyregions.plane` returned.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.
    color : {"region", "active", "affine"}, optional
        "region": by the activation pattern, the same pattern in the same colour in every picture; "active": by the
        number of active units; "affine": by the output as a function on the plane, equal functions (in exact
        arithmetic) in equal colours and different ones in different colours.
    edges : bool, optional
        Draw the regions' boundaries.
    colorbar : bool, optional
        With color="active", add one.

    Returns
    -------
    matplotlib.collections.PolyCollection
        With a polygon for each region, in the order of ``found``.

    Raises
    ------
    ArgumentTypeError
        If that is no PlaneRegions.
    ArgumentError
        If there is no such ``color``, or no region.
    MissingPackageError
        Without matplotlib.

    Notes
    -----
    Horizontally the distance along u, the plane's first side, and vertically that across it (Gram & Schmidt); of a box
    of a network with two inputs, the inputs. What no polygon covers was not searched: the run was stopped. Of an
    infinite plane the axes show where most regions are (``found.view``), and all of them are drawn, the unbounded ones
    up to the window (``found.window``).

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import polyregions as pr
    >>> from polyregions.plot import plot_plane
    >>> net = pr.Network.from_arrays([[[1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> polygons = plot_plane(pr.plane(net, pr.Box(-1, 1)), color="affine")
    >>> len(polygons.get_paths()), polygons.axes.get_title(), polygons.axes.get_xlabel()
    (4, '4 regions (exact)', 'input 0')
    """
    _check(found)
    check_color(color)
    ax = current_axes(ax)
    from matplotlib.collections import PolyCollection

    corners = found.vertices @ found.orthonormal.T
    if color == "active":
        style: dict[str, Any] = {"array": found.activations(), "cmap": "viridis"}
    elif color == "affine":
        style = {"facecolors": colours_of_numbers(found.map_labels)}
    elif found.network.merges:
        # Several polygons may be one region.
        style = {"facecolors": colours_of_numbers(found.numbers)}
    else:
        style = {"facecolors": colours_of_patterns(found.packed_patterns)}
    # Thinner edges for smaller polygons; without them lines as wide as a hair close the seams between neighbours.
    width = min(0.6, max(0.04, 8 / len(found) ** 0.5))
    style |= {"edgecolors": "black", "linewidths": width} if edges else {"edgecolors": "face", "linewidths": 0.1}
    polygons = PolyCollection(np.split(corners, found.offsets[1:-1]), **style)
    ax.add_collection(polygons, autolim=False)
    _frame(ax, found)
    if color == "active" and colorbar:
        from matplotlib.ticker import MaxNLocator

        # Beside the picture and as high as that, whatever its shape.
        beside = ax.inset_axes([1.03, 0.0, 0.04, 1.0])
        label = f"active units, of {found.network.num_units}"
        ax.figure.colorbar(polygons, cax=beside, label=label, ticks=MaxNLocator(integer=True))
    return polygons


def save_plane(
    found: "PlaneRegions", path: str | os.PathLike[str], *, color: str = "region", edges: bool = True
) -> None:
    """Draw the regions on a plane into a file, by its extension ``.png``, ``.svg`` or ``.pdf``.

    Raises
    ------
    FormatError
        If it has another extension.
    OSError
        If the file can't be written; what was there before stays.
    The others are those of :func:`plot_plane`.
    """
    save_picture(path, lambda ax: plot_plane(found, ax=ax, color=color, edges=edges), size=(6.4, 6.0))


def check_color(color: str) -> None:
    """Raise ArgumentError unless regions are coloured like that."""
    if color not in COLORS:
        raise ArgumentError(f"color must be one of {', '.join(map(repr, COLORS))}, not {color!r}")


def _check(found: Any) -> None:
    from polyregions.slices.plane import PlaneRegions

    if not isinstance(found, PlaneRegions):
        raise ArgumentTypeError(
            f"plot_plane draws what plane(network, domain) returns, a PlaneRegions; this is a {type(found).__name__}"
        )
    if not len(found):
        raise ArgumentError(f"there is no region to draw: {found.count}")


def _frame(ax: Any, found: "PlaneRegions") -> None:
    """Limits, and what the axes and the picture show."""
    show_view(ax, found)
    ax.set(
        aspect="equal",
        xlabel="distance along u, in input space",
        ylabel="distance across u, in input space",
    )
    inputs = _inputs(found)
    if inputs is not None:
        ax.set(xlabel=f"input {inputs[0]}", ylabel=f"input {inputs[1]}")
    ax.set_title(str(found.count), fontsize="medium")


def show_view(ax: Any, found: "PlaneRegions") -> None:
    """Set the limits of axes around the domain, or where most regions are."""
    (x0, y0), (x1, y1) = found.view
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) @ found.orthonormal.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))


def _inputs(found: "PlaneRegions") -> tuple[int, int] | None:
    """The two inputs, from 0, that the plane's coordinates are; None if they are not."""
    columns = found.chart.columns
    if columns is None:
        return 0, 1
    names = [next(iter(column)) for column in columns if len(column) == 1 and set(column.values()) == {1}]
    return (names[0], names[1]) if len(names) == 2 and not any(found.chart.origin[i] for i in names) else None

"""A histogram of distances to the nearest boundary."""

from typing import TYPE_CHECKING, Any

import numpy as np

from polyregions.errors import ArgumentError, ArgumentTypeError
from polyregions.plot.canvas import current_axes

if TYPE_CHECKING:
    from polyregions.geometry.distances import Distances

__all__ = ["plot_distances"]


def plot_distances(found: "Distances", *, ax: Any = None, bins: int = 50, label: str | None = None) -> Any:
    """Draw how many points are how far from the nearest boundary of their region, on a logarithmic axis.

    Parameters
    ----------
    found : Distances
        What :func:`polyregions.distances` returned.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones. Histograms may be drawn over each other.
    bins : int, optional
        Of equal width in the logarithm of the distance, from the least to the greatest.
    label : str, optional
        For the legend. Points of distance 0, or without any boundary, have no place on the axis: the legend says how
        many there are.

    Returns
    -------
    matplotlib.container.BarContainer

    Raises
    ------
    ArgumentTypeError
        If these are no Distances.
    ArgumentError
        If no distance is positive and finite, or ``bins`` is no positive integer.
    MissingPackageError
        Without matplotlib.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import polyregions as pr
    >>> from polyregions.plot import plot_distances
    >>> net = pr.Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [0.0]])
    >>> bars = plot_distances(pr.distances(net, [[0.0], [0.1], [0.2], [10.0]]), bins=2)
    >>> [int(bar.get_height()) for bar in bars], bars[0].axes.get_legend().texts[0].get_text()
    ([2, 1], '4 points, 1 at distance 0 left out')
    """
    from polyregions.geometry.distances import Distances

    if not isinstance(found, Distances):
        raise ArgumentTypeError(
            f"plot_distances draws what distances(network, points) returns, Distances; this is a {type(found).__name__}"
        )
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise ArgumentError(f"bins must be an integer of at least 1, not {bins!r}")
    kept = found.values[(found.values > 0) & np.isfinite(found.values)]
    if not len(kept):
        raise ArgumentError(f"none of the {len(found)} distances is positive and finite, so that none has a logarithm")
    ax = current_axes(ax)
    # Bins as wide as a factor of 2 if all distances are the same.
    low, high = float(kept.min()), float(kept.max())
    ends = np.geomspace(low, high, bins + 1) if low < high else low * 2.0 ** np.linspace(-0.5, 0.5, bins + 1)
    # The outermost ends are rounded, and no point is to be lost by that.
    ends[0], ends[-1] = min(ends[0], low), max(ends[-1], high)
    _, _, bars = ax.hist(kept, bins=ends, alpha=0.7, label=_label(found, label))
    ax.set(xscale="log", xlabel="distance to the nearest region boundary", ylabel="points")
    ax.legend(fontsize="small")
    return bars


def _label(found: "Distances", label: str | None) -> str:
    zero, infinite = int((found.values == 0).sum()), int((~np.isfinite(found.values)).sum())
    parts = [f"{len(found):,} point{'s' * (len(found) != 1)}"]
    parts += [f"{zero:,} at distance 0 left out"] if zero else []
    parts += [f"{infinite:,} without a boundary left out"] if infinite else []
    text = ", ".join(parts)
    return text if label is None else f"{label} ({text})"

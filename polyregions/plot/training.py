"""Counts during training."""

from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import ArgumentError
from polyregions.plot.canvas import current_axes
from polyregions.plot.numbers import count_number

__all__ = ["plot_training"]


def plot_training(
    counts: Any, *, epochs: npt.ArrayLike | None = None, ax: Any = None, label: str | None = None
) -> tuple[Any, Any]:
    """Draw counts by epoch: of one run a line, of several their mean, and a band from their minimum to their maximum.

    Parameters
    ----------
    counts : (k,) or (runs, k) numbers or Counts
        After each of k epochs; of a :class:`polyregions.Count` only exact ones.
    epochs : (k,), optional
        Default: 0 to k - 1.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones. Networks may be drawn over each other.
    label : str, optional
        For the legend.

    Returns
    -------
    line : matplotlib.lines.Line2D
    band : matplotlib.collections.PolyCollection, or None for one run

    Raises
    ------
    ArgumentError
        If these are not rows of equally many finite numbers, one for each epoch.
    NotExactError
        If a Count is not exact.
    MissingPackageError
        Without matplotlib.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> from polyregions.plot import plot_training
    >>> line, band = plot_training([[10, 14, 15], [12, 18, 21]], epochs=[0, 1, 10], label="2-16-16-1")
    >>> line.get_ydata().tolist(), line.get_label()
    ([11.0, 16.0, 18.0], '2-16-16-1 (mean and range of 2 runs)')
    """
    rows = [list(row) if hasattr(row, "__iter__") and not isinstance(row, str) else row for row in counts]
    runs = rows if rows and isinstance(rows[0], list) else [rows]
    if not runs[0] or any(not isinstance(run, list) or len(run) != len(runs[0]) for run in runs):
        raise ArgumentError("counts must be a number for each epoch, or several runs of equally many numbers")
    values = np.array(
        [[count_number(value, f"run {i}, place {j}") for j, value in enumerate(run)] for i, run in enumerate(runs)]
    )
    times = np.arange(values.shape[1]) if epochs is None else np.asarray(epochs, dtype=np.float64)
    if times.shape != values.shape[1:]:
        raise ArgumentError(f"there are counts of {values.shape[1]} epochs, but epochs of shape {times.shape}")
    ax = current_axes(ax)
    single = len(values) == 1
    about = "" if single else f"mean and range of {len(values)} runs"
    text = about if label is None else f"{label} ({about})" if about else label
    (line,) = ax.plot(times, values.mean(axis=0), marker="o", markersize=3, label=text or None)
    band = None
    if not single:
        low, high = values.min(axis=0), values.max(axis=0)
        band = ax.fill_between(times, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    ax.set(xlabel="epoch", ylabel="regions")
    if ax.get_xscale() == "linear":
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    if text:
        ax.legend(fontsize="small")
    return line, band

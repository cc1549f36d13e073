"""Bounds against counts, over configurations of layers."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import ArgumentError
from polyregions.plot.canvas import current_axes
from polyregions.plot.numbers import count_number

__all__ = ["plot_bounds"]

FloatArray = npt.NDArray[np.float64]


def plot_bounds(
    configurations: Sequence[Any],
    *,
    counts: Mapping[str, Sequence[Any]],
    bounds: Mapping[str, Sequence[Any]] | None = None,
    ax: Any = None,
) -> dict[str, Any]:
    """Draw counts and bounds of the number of regions over configurations, on a logarithmic axis.

    As in the figures of Serra, Tjandraatmadja & Ramalingam (2018): several trained networks of each configuration,
    their mean as a dot, and a bar from their minimum to their maximum.

    Parameters
    ----------
    configurations : sequence of k widths such as (4, 18), or texts
    counts : by name, k entries each: a number or Count, or a sequence of them, one for each network
        Counts must be exact; of others draw numbers of your own, and say in the name what they are.
    bounds : by name, as counts, optional
        Drawn as dashed lines; of several networks each, with bars as well.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.

    Returns
    -------
    dict
        By name the matplotlib.container.ErrorbarContainer.

    Raises
    ------
    ArgumentError
        If a series has another length than the configurations, no entry for one of them, or a number that is not
        positive or larger than floats reach; or if a name occurs twice.
    NotExactError
        If a Count is not exact.
    MissingPackageError
        Without matplotlib.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> from polyregions.bounds import architecture_bound
    >>> from polyregions.plot import plot_bounds
    >>> widths = [(2, 6), (4, 4), (6, 2)]
    >>> artists = plot_bounds(
    ...     widths,
    ...     counts={"counted": [[5, 9, 12], [17, 25, 30], [20, 22, 33]]},
    ...     bounds={"Serra et al. 2018": [architecture_bound(2, w) for w in widths]},
    ... )
    >>> list(artists), [text.get_text() for text in artists["counted"][0].axes.get_xticklabels()]
    (['counted', 'Serra et al. 2018'], ['2,6', '4,4', '6,2'])
    """
    names = [str(c) if isinstance(c, str) else ",".join(map(str, c)) for c in configurations]
    bounds = {} if bounds is None else bounds
    both = sorted(set(counts) & set(bounds))
    if both or not names or not (counts or bounds):
        reason = f"{both[0]!r} is the name of counts and of bounds" if both else "there is nothing to draw"
        raise ArgumentError(f"plot_bounds: {reason}")
    series = {name: _ranges(name, values, names) for name, values in {**counts, **bounds}.items()}
    ax = current_axes(ax)
    result: dict[str, Any] = {}
    for i, (name, (low, middle, high)) in enumerate(series.items()):
        ranges = bool((low < high).any())
        # Side by side, where bars would hide each other.
        shift = 0.1 * (i - (len(counts) - 1) / 2) if ranges else 0.0
        style = {"linestyle": "--", "marker": "."} if name in bounds else {"linestyle": "none", "marker": "o"}
        result[name] = ax.errorbar(
            np.arange(len(names)) + shift,
            middle,
            yerr=[middle - low, high - middle] if ranges else None,
            markersize=5,
            linewidth=1,
            capsize=3,
            label=name,
            **style,
        )
    ax.set(yscale="log", xlabel="units in each layer", ylabel="regions")
    ax.set_xticks(np.arange(len(names)), names, rotation=0 if max(map(len, names)) * len(names) < 60 else 90)
    ax.legend(fontsize="small")
    return result


def _ranges(name: str, values: Sequence[Any], configurations: Sequence[str]) -> tuple[FloatArray, ...]:
    """Minimum, mean and maximum at each configuration."""
    if len(values) != len(configurations):
        raise ArgumentError(f"{name!r} has {len(values)} entries for {len(configurations)} configurations")
    rows = []
    for entry, configuration in zip(values, configurations, strict=True):
        where = f"{name!r} at {configuration}"
        numbers = [count_number(v, where) for v in (entry if hasattr(entry, "__iter__") else [entry])]
        if not numbers or min(numbers) <= 0:
            reason = f"{min(numbers):g} has no logarithm" if numbers else "there is no number"
            raise ArgumentError(f"{where}: {reason}")
        rows.append([min(numbers), mean(numbers), max(numbers)])
    return tuple(np.array(rows).T)

"""Pictures of what polyregions finds, with matplotlib (the extra ``plot``); docs/plots.md shows each of them.

Functions take ``ax``, by default the current axes, and return the artists that they add. matplotlib is imported when
one of them is called.
"""

from polyregions.plot.canvas import picture_format
from polyregions.plot.configurations import plot_bounds
from polyregions.plot.distances import plot_distances
from polyregions.plot.layers import plot_layers
from polyregions.plot.line import plot_line, save_line
from polyregions.plot.plane import plot_plane, save_plane
from polyregions.plot.training import plot_training

__all__ = [
    "picture_format",
    "plot_bounds",
    "plot_distances",
    "plot_layers",
    "plot_line",
    "plot_plane",
    "plot_training",
    "save_line",
    "save_plane",
]

"""What all pictures share: matplotlib or a word on how to get it, the axes to draw on, and files written whole."""

import io
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from polyregions.errors import FormatError, MissingPackageError
from polyregions.whole_file import write_whole

__all__ = ["FORMATS", "current_axes", "need_matplotlib", "picture_format", "save_picture"]

#: Kinds of files, the extension without its dot.
FORMATS = ("png", "svg", "pdf")
_DOTS_PER_INCH = 150
#: Without them a file would tell when it was written, and no two would be the same.
_UNDATED: dict[str, dict[str, Any]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def need_matplotlib() -> None:
    """Do nothing if matplotlib is installed.

    Raises
    ------
    MissingPackageError
    """
    if find_spec("matplotlib") is None:
        raise MissingPackageError("pictures need matplotlib: pip install 'polyregions[plot]'")


def picture_format(path: str | os.PathLike[str]) -> str:
    """The format of a picture by its extension, so that a long search need not end in an error.

    Raises
    ------
    FormatError
        If no picture is written with that extension.
    MissingPackageError
        Without matplotlib.

    Examples
    --------
    >>> picture_format("plane.PNG")
    'png'
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise FormatError(f"{path}: the extension of a picture must be one of {', '.join(f'.{k}' for k in FORMATS)}")
    need_matplotlib()
    return kind


def current_axes(ax: Any) -> Any:
    """The axes given, or pyplot's current ones, which are made if there are none."""
    need_matplotlib()
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.gca()


def save_picture(path: str | os.PathLike[str], draw: Callable[[Any], object], *, size: tuple[float, float]) -> None:
    """Write a picture, whole or not at all; the same drawing gives the same bytes with the same matplotlib.

    Parameters
    ----------
    draw : callable
        Given the axes of a figure of its own, which pyplot knows nothing of.
    size : (width, height) in inches

    Raises
    ------
    FormatError, MissingPackageError
        As :func:`picture_format`.
    OSError
        If the file can't be written.
    """
    kind = picture_format(path)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    data = io.BytesIO()
    # The names of an SVG file's parts are digests of this and of what they hold.
    with rc_context({"svg.hashsalt": "polyregions"}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(data, format=kind, dpi=_DOTS_PER_INCH, metadata=_UNDATED[kind])
    write_whole(path, data.getvalue())

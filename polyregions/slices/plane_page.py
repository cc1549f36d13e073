"""An interactive view of a slice: one self-contained HTML file."""

import base64
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from polyregions.errors import ArgumentError

if TYPE_CHECKING:
    from polyregions.slices.plane import PlaneRegions

__all__ = ["page"]

#: Numbers in all affine maps above which the page leaves them out: 4 bytes each, in base64.
_MOST_NUMBERS = 6_000_000


def page(found: "PlaneRegions") -> str:
    """The page as text: polygons on a canvas; pan, zoom, and a panel that shows the region under the pointer.

    Arrays are in it as base64 of little-endian numbers: corners in float64, affine maps in float32.

    Raises
    ------
    ArgumentError
        If there is no region to show.
    """
    if not len(found):
        raise ArgumentError("there is no region to show")
    network = found.network
    outputs = len(network.biases[-1])
    with_maps = len(found) * outputs * 3 <= _MOST_NUMBERS
    maps = found.affine_maps if with_maps else np.zeros(0)
    basis = found.basis
    data: dict[str, Any] = {
        "title": str(found.count),
        "inputs": network.input_dimension,
        "widths": list(network.widths),
        # Linear units have the state 1 and are not counted.
        "linear": sum(network.linear_widths),
        "outputs": outputs,
        "maps": with_maps,
        "frame": found.orthonormal.tolist(),
        # Of a bounded domain all of it is shown.
        "view": None if found.window is None else found.view.tolist(),
        # Points of input space are only shown where they are short.
        "basis": basis.tolist() if network.input_dimension <= 8 else None,
        "arrays": {
            "vertices": _text(found.vertices, "<f8"),
            "offsets": _text(found.offsets, "<u4"),
            "edges": _text(found.edges, "<i4"),
            "patterns": _text(found.packed_patterns, "u1"),
            "affine": _text(maps, "<f4"),
            "areas": _text(found.areas, "<f8"),
        },
    }
    template = files("polyregions.data").joinpath("plane.html").read_text(encoding="utf-8")
    # "<" may not end the script that the data are in.
    return template.replace("/*DATA*/null", json.dumps(data).replace("<", "\\u003c"))


def _text(array: Any, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array).astype(kind).tobytes()).decode("ascii")

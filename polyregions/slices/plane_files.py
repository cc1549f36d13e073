"""Files of the polygons of a slice: ``.npz`` (arrays) and ``.json``; docs/slices.md lists what is in them."""

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from polyregions.errors import FormatError
from polyregions.geometry.region import pattern_text
from polyregions.whole_file import write_whole

if TYPE_CHECKING:
    from polyregions.slices.plane import PlaneRegions

__all__ = ["save"]


def save(found: "PlaneRegions", path: str | os.PathLike[str]) -> None:
    """Write all polygons, by the path's extension.

    Raises
    ------
    FormatError
        If the extension is neither.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise FormatError(f"{path}: the extension must be one of {', '.join(_WRITERS)}")
    write_whole(path, _WRITERS[suffix](found))


def _head(found: "PlaneRegions") -> dict[str, Any]:
    return {"format": "polyregions plane", "version": 1, **found.to_json()}


def _archive(found: "PlaneRegions") -> bytes:
    text = io.BytesIO()
    network = found.network
    np.savez(
        text,
        patterns=found.packed_patterns,
        num_units=np.array(sum(network.widths)),
        widths=np.array(network.widths, dtype=np.int64),
        offsets=found.offsets,
        vertices=found.vertices,
        vertex_errors=found.vertex_errors,
        edges=found.edges,
        areas=found.areas,
        perimeters=found.perimeters,
        bounded=found.bounded,
        basis=found.basis,
        network_sha256=np.array(network.sha256),
        domain=np.array(json.dumps(found.domain.to_json())),
        result=np.array(json.dumps(_head(found))),
    )
    return text.getvalue()


def _json(found: "PlaneRegions") -> bytes:
    polygons = [
        {
            "pattern": pattern_text(found.pattern(i)),
            "vertices": found.polygon(i).tolist(),
            "edges": found.edges[found.offsets[i] : found.offsets[i + 1]].tolist(),
            # JSON has no infinite numbers.
            "area": float(found.areas[i]) if found.bounded[i] else None,
            "perimeter": float(found.perimeters[i]) if found.bounded[i] else None,
            "bounded": bool(found.bounded[i]),
        }
        for i in range(len(found))
    ]
    return json.dumps({**_head(found), "polygons": polygons}).encode("ascii")


_WRITERS = {".npz": _archive, ".json": _json}

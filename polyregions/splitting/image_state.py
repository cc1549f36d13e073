"""Cells in the image of the domain under the first layer, for more inputs than first-layer units: the arrays.

All forms are kept over y = W^1 t + b^1, and known points by their y, so that most of the work does not grow with
the inputs; the inputs are needed where a linear program or a proof takes a supremum over the domain's box.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import INFLATE, TINY, FloatBox, FloatRows, U, first_rows, rounded_rows, upper_bounds
from polyregions.exact.restriction import Restriction
from polyregions.splitting.compiled import inlined
from polyregions.splitting.tableau_state import ColumnRow, NameRow, padded, padded_box

__all__ = [
    "Basis",
    "Image",
    "Small",
    "copied",
    "exact_rows",
    "first_image_rows",
    "image_box",
    "image_of",
    "new_image",
    "with_points",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


#: Larger bases are not kept for the next program: for very wide first layers they would take most of the memory.
_KEPT = 64


class Small:
    """Rows of ``Image.small``, vectors of one entry a first-layer unit (or a basic column).

    CONSTANT, SUPPORT: of the first layer's forms, the constant, and the error per unit weight of a supremum over the
    box. OFFSET: of the generators. The rest is work space of a linear program.
    """

    CONSTANT, SUPPORT, OFFSET, FIXED, PLACE, BASIC, DUAL, DIRECTION, FIRST, SECOND, LENGTH = range(11)


class Basis:
    """Rows of ``Image.basis``: tight rows of the path and basic coordinates, paired by no order; SIZE[0] of each."""

    TIGHT, BASIC, SIZE, LENGTH = range(4)


class Image(NamedTuple):
    """The first layer as a map of the box, and work space of linear programs over it.

    ``points``: known points in the domain's coordinates. ``weights``: the first layer's rows. ``generators``, and
    transposed ``columns``: the same over coordinates in [0, 1], scaled to y in [0, 1]. ``last``: per layer, unit and
    sign the basis that the last program ended with: entries (path row, its code, column).
    """

    box: FloatArray
    points: FloatArray
    weights: FloatArray
    generators: FloatArray
    columns: FloatArray
    small: FloatArray
    inverse: FloatArray
    basis: IntArray
    is_tight: IntArray
    last: IntArray
    t: FloatArray
    column: FloatArray
    names: IntArray


@inlined
def with_points(image: Image, points: FloatArray) -> Image:
    """The image with other known points."""
    return Image(
        image.box, points, image.weights, image.generators, image.columns, image.small, image.inverse, image.basis,
        image.is_tight, image.last, image.t, image.column, image.names,
    )  # fmt: skip


def image_of(restriction: Restriction) -> bool:
    """Whether forms are kept over the image: fewer first-layer units than coordinates, and a plain box."""
    return bool(restriction.widths) and restriction.widths[0] < restriction.dimension and not restriction.rows


def image_box(restriction: Restriction, box: FloatBox) -> FloatBox:
    """A box that holds y, exact or computed at any float point of the domain's box (docs/float_filter.md, 7)."""
    rows = first_rows(restriction, box)
    error = _point_errors(rows, restriction.dimension)
    lower, upper = -upper_bounds(rows, box, -1) - error, upper_bounds(rows, box, 1) + error
    radius = np.maximum(np.abs(lower), np.abs(upper)) * INFLATE
    tiny = max(box.tiny, TINY * float(radius.max(initial=1.0)))
    free = np.full(len(lower), np.inf)
    return FloatBox(lower, upper, -free, free, radius, tiny)


def _point_errors(rows: FloatRows, dimension: int) -> FloatArray:
    """How far a computed y is from the exact one at a float point (docs/float_filter.md, equation 1)."""
    errors: FloatArray = (rows.error + (dimension + 2) * U * rows.magnitude) * INFLATE + rows.tiny
    return errors


def first_image_rows(restriction: Restriction, box: FloatBox, image: FloatBox) -> FloatRows:
    """The first layer's forms over y: each is its own coordinate, off by the error of y."""
    error = _point_errors(first_rows(restriction, box), restriction.dimension)
    n = len(error)
    return FloatRows(np.eye(n), np.zeros(n), error, image.radius * INFLATE + image.tiny, image.tiny)


def exact_rows(
    restriction: Restriction, box: FloatBox, image: FloatBox, layer: int, prefix: bytes, scale: int
) -> FloatRows:
    """A later layer's forms over y, correctly rounded.

    Parameters
    ----------
    scale : int
        Of the integer forms of the layer.
    """
    first = restriction.layers[0].denominator
    rows = restriction.arithmetic.rows(restriction.affine_rows(layer, prefix))
    rounded = rounded_rows([[*(int(v) * first for v in row[:-1]), row[-1]] for row in rows], scale, image)
    error = rounded.error + np.abs(rounded.a) @ _point_errors(first_rows(restriction, box), restriction.dimension)
    return FloatRows(rounded.a, rounded.c, error * INFLATE + image.tiny, rounded.magnitude, image.tiny)


def new_image(restriction: Restriction, box: FloatBox, image: FloatBox, *, points: int, rows: int) -> Image:
    """The arrays of a search with room for ``points`` points and ``rows`` rows of a path."""
    d, n, forms = restriction.dimension, restriction.widths[0], first_rows(restriction, box)
    wide, narrow = padded(d), padded(n)
    layers, units = len(restriction.widths), max(restriction.widths)
    weights, small = np.zeros((narrow, wide)), np.zeros((Small.LENGTH, narrow))
    weights[:n, :d] = forms.a
    small[Small.CONSTANT, :n] = forms.c
    small[Small.SUPPORT, :n] = (forms.error + (n + d + 6) * U * forms.magnitude) * INFLATE + forms.tiny
    coordinates = padded_box(box)
    generators = np.zeros((narrow, wide))
    extent = image.upper - image.lower
    generators[:n, :d] = forms.a * (box.upper - box.lower) / extent[:, None]
    small[Small.OFFSET, :n] = (forms.a @ box.lower + forms.c - image.lower) / extent
    column = np.zeros((ColumnRow.LENGTH, wide + narrow))
    column[ColumnRow.UPPER, :wide] = 1.0
    column[ColumnRow.UPPER, wide:] = np.inf
    return Image(
        coordinates,
        np.zeros((points, wide)),
        weights,
        generators,
        np.ascontiguousarray(generators.T),
        small,
        np.zeros((narrow, narrow)),
        np.zeros((Basis.LENGTH, narrow), dtype=np.int64),
        np.zeros(rows, dtype=np.int64),
        np.zeros((layers, units, 2, 1 + 3 * min(narrow, _KEPT)), dtype=np.int64),
        np.zeros((1, wide + narrow)),
        column,
        np.zeros((NameRow.LENGTH, wide + narrow), dtype=np.int64),
    )


def copied(image: Image, points: int) -> Image:
    """A copy that shares nothing that changes, with so many rows of points, the first ones the same."""
    few = min(points, len(image.points))
    known = np.zeros((points, image.points.shape[1]))
    known[:few] = image.points[:few]
    changing = ("small", "inverse", "basis", "is_tight", "last", "t", "column", "names")
    return image._replace(points=known, **{name: getattr(image, name).copy() for name in changing})

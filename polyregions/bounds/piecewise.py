"""Upper bounds for other piecewise linear units than ReLUs: maxout, and activations of several affine pieces."""

from collections.abc import Sequence
from math import comb, prod

from polyregions.bounds.architecture import check_widths, hyperplane_regions
from polyregions.errors import ArgumentError

__all__ = ["maxout_upper_bound", "piecewise_layer_regions", "piecewise_upper_bound"]


def maxout_upper_bound(input_dimension: int, widths: Sequence[int], *, rank: int) -> int:
    """Most regions of a maxout network of rank k: prod_l sum_{j <= d_l} C(k (k - 1) / 2 n_l, j), d_l = min(n_0 .. n_l).

    A unit that takes the greatest of k affine forms changes it only across one of k (k - 1) / 2 hyperplanes, where two
    of them are equal; an image has no more dimensions than any layer before (Serra et al. 2018; the formula was not
    compared with the paper's text). That d_l may count n_l too: the sum up to n_l is at least
    (k (k - 1) / 2)^n_l >= k^n_l for k >= 3. Rank 2 is the bound of Montufar 2017 for ReLUs. Counted are the regions on
    which every unit takes one form throughout.

    Examples
    --------
    >>> maxout_upper_bound(2, [3, 3], rank=2), maxout_upper_bound(2, [3, 3], rank=3), maxout_upper_bound(1, [4], rank=3)
    (49, 2116, 13)
    """
    check_widths(input_dimension, widths)
    _check_number("the rank of maxout units", rank, 1)
    narrowest = _narrowest(input_dimension, widths)
    return prod(hyperplane_regions(min(d, n), comb(rank, 2) * n) for d, n in zip(narrowest, widths, strict=True))


def piecewise_layer_regions(dimension: int, count: int, *, pieces: int) -> int:
    """The most regions that ``count`` units of an activation with this many affine pieces cut from R^dimension.

    Each unit is a family of ``pieces - 1`` parallel hyperplanes. In general position any j of the families meet in
    (pieces - 1)^j flats of codimension j, so the number is sum_{j <= d} C(count, j) (pieces - 1)^j: attained where the
    pieces have distinct slopes next to each other.

    Examples
    --------
    >>> piecewise_layer_regions(2, 4, pieces=2), piecewise_layer_regions(2, 3, pieces=3)
    (11, 19)
    """
    _check_number("the number of pieces", pieces, 1)
    return sum(comb(count, j) * (pieces - 1) ** j for j in range(min(dimension, count) + 1))


def piecewise_upper_bound(input_dimension: int, widths: Sequence[int], *, pieces: int | Sequence[int]) -> int:
    """Most regions of a network whose activations have these many affine pieces: the product over layers.

    Layer l cuts the image of each region before it, of dimension d_l = min(n_0, ..., n_(l-1)) at most, as in the bound
    of Montufar 2017 for ReLUs, which are the case of two pieces. Counted are the regions on which every unit stays in
    one piece.

    Parameters
    ----------
    pieces : int, or one per layer

    Examples
    --------
    >>> piecewise_upper_bound(2, [4, 4], pieces=2), piecewise_upper_bound(2, [4, 4], pieces=[2, 3])
    (121, 363)
    """
    check_widths(input_dimension, widths)
    each = [pieces] * len(widths) if isinstance(pieces, int) else list(pieces)
    if len(each) != len(widths):
        raise ArgumentError(f"{len(each)} numbers of pieces for {len(widths)} layers")
    narrowest = _narrowest(input_dimension, widths)
    return prod(
        piecewise_layer_regions(d, n, pieces=kappa) for d, n, kappa in zip(narrowest, widths, each, strict=True)
    )


def _narrowest(input_dimension: int, widths: Sequence[int]) -> list[int]:
    """Of each layer, the least dimension of what enters it."""
    before = [input_dimension, *widths[:-1]]
    return [min(before[: layer + 1]) for layer in range(len(widths))]


def _check_number(what: str, number: int, least: int) -> None:
    if not isinstance(number, int) or number < least:
        raise ArgumentError(f"{what} is an integer of at least {least}, not {number!r}")

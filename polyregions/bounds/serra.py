"""Upper bounds of the number of activation patterns by architecture alone, in exact integers."""

from collections.abc import Iterator, Sequence
from functools import cache

__all__ = ["architecture_bound", "open_cell_bound"]


def architecture_bound(input_dimension: int, widths: Sequence[int], linear: Sequence[int] = ()) -> int:
    """Theorem 1 of Serra, Tjandraatmadja & Ramalingam (2018) for the counted ReLU layers' widths.

    Valid for any domain, and for patterns (R1), hence for every narrower definition.

    Parameters
    ----------
    linear : sequence of int, optional
        How many units of each layer are linear: they are never inactive, and cut nothing.

    Notes
    -----
    By the recurrence R(l, d) = sum_{j <= min(n_l, d)} C(n_l, j) R(l + 1, min(n_l - j, d)): j units inactive leave an
    image of dimension at most n_l - j. With m_l linear units it is C(n_l - m_l, j) and j <= n_l - m_l, and the image's
    dimension still at most n_l - j. O(L n_0 max n_l) big-integer operations.

    Examples
    --------
    >>> architecture_bound(2, [16, 16, 16]), architecture_bound(1, [3, 3])
    (2571353, 16)
    """
    if not widths:
        return 1
    passed = linear[0] if linear else 0
    return open_cell_bound(tuple(widths), 0, widths[0] - passed, passed, input_dimension, tuple(linear))


def open_cell_bound(
    widths: tuple[int, ...], layer: int, live: int, active: int, dimension: int, linear: tuple[int, ...] = ()
) -> int:
    """Theorem 1 restricted to a cell in the middle of a layer: how many patterns it can still hold.

    Parameters
    ----------
    widths : of all counted ReLU layers
    layer : int
        The layer that the cell has entered, from 0.
    live : int
        Units of that layer not yet settled; the others are inactive but for ``active`` of them.
    active : int
        Linear units are among these.
    dimension : int
        An upper bound of the dimension of the image that enters the layer.
    linear : tuple of int
        How many units of each layer are linear; () for none.
    """
    cutting = tuple(n - m for n, m in zip(widths, linear, strict=True)) if any(linear) else widths
    return sum(
        binomial * _later_layers(widths, cutting, layer + 1, min(dimension, active + live - j))
        for j, binomial in enumerate(binomials(live, min(live, dimension)))
    )


def binomials(n: int, most: int) -> Iterator[int]:
    """C(n, 0), ..., C(n, most), each from the one before: they are long numbers where there are many."""
    binomial = 1
    for j in range(most + 1):
        yield binomial
        binomial = binomial * (n - j) // (j + 1)


#: Layers that the recursion may span at once: Python's stack is not deep.
_SPAN = 100


def _later_layers(widths: tuple[int, ...], cutting: tuple[int, ...], layer: int, dimension: int) -> int:
    # Bounds of far layers first. The dimension only falls on the way to them.
    for far in range(len(widths) - _SPAN, layer, -_SPAN):
        for least in range(dimension + 1):
            _remembered(widths, cutting, far, least)
    return _remembered(widths, cutting, layer, dimension)


@cache
def _remembered(widths: tuple[int, ...], cutting: tuple[int, ...], layer: int, dimension: int) -> int:
    if layer == len(widths):
        return 1
    return sum(
        binomial * _remembered(widths, cutting, layer + 1, min(dimension, widths[layer] - j))
        for j, binomial in enumerate(binomials(cutting[layer], min(cutting[layer], dimension)))
    )

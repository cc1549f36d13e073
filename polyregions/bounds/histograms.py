"""The framework of Hinz & van de Geer (2019): bounds by histograms of image dimensions, one step per layer.

A histogram v has v_i regions whose image has dimension i at most. It is dominated by another one whose tail sums
v_i + v_(i+1) + ... are all at least as large. A rule gamma(n, m) is a histogram that dominates, for every layer of m
units on n inputs, the histogram of how many units are active on the layer's regions; every such rule gives a bound for
any depth.
"""

from collections.abc import Callable, Sequence
from math import comb

from polyregions.bounds.architecture import check_widths, hyperplane_regions

__all__ = ["RULES", "Histogram", "Rule", "clipped", "dominates", "histogram_bound", "montufar", "naive", "serra"]

#: Entry i: how many regions have an image of dimension i.
Histogram = list[int]
#: Of the dimension of what enters a layer, and its units.
Rule = Callable[[int, int], Histogram]


def naive(dimension: int, units: int) -> Histogram:
    """All 2^m patterns, each with the largest image: 2 to the number of units in the end."""
    return [0] * units + [2**units]


def montufar(dimension: int, units: int) -> Histogram:
    """As many as hyperplanes in general position have, each with the largest image: the bound of Montufar 2017."""
    return [0] * units + [hyperplane_regions(dimension, units)]


def serra(dimension: int, units: int) -> Histogram:
    """C(m, j) regions with j units inactive, j <= n: Theorem 1 of Serra et al. 2018."""
    return [comb(units, units - i) if units - i <= dimension else 0 for i in range(units + 1)]


RULES: dict[str, Rule] = {"naive": naive, "montufar": montufar, "serra": serra}


def histogram_bound(input_dimension: int, widths: Sequence[int], *, rule: Rule = serra) -> int:
    """The most regions that a rule allows: the sum of phi_(n_L) o ... o phi_(n_1) of one region of dimension n_0.

    phi_m(v) = sum_i v_i clip(gamma(min(i, m), m), min(i, m)): each region is cut by the next layer, and no image has
    more dimensions than the one before it.

    Parameters
    ----------
    rule : callable, optional
        ``naive``, ``montufar`` or ``serra``; or another one, which must dominate as said above, and grow with n, for
        the result to be a bound.

    Notes
    -----
    O(L n_0 max n_l) big-integer operations.

    Examples
    --------
    >>> [histogram_bound(2, [3, 3], rule=rule) for rule in (naive, montufar, serra)]
    [64, 49, 40]
    """
    check_widths(input_dimension, widths)
    histogram = [0] * input_dimension + [1]
    for m in widths:
        most = min(len(histogram) - 1, m)
        after = [0] * (most + 1)
        for i, regions in enumerate(histogram):
            n = min(i, m)
            if regions:
                for image, number in enumerate(clipped(rule(n, m), n)):
                    after[image] += regions * number
        histogram = after
    return sum(histogram)


def clipped(histogram: Sequence[int], most: int) -> Histogram:
    """The histogram with everything above ``most`` moved there.

    Examples
    --------
    >>> clipped([0, 3, 3, 1], 2)
    [0, 3, 4]
    """
    return [*histogram[:most], sum(histogram[most:])]


def dominates(large: Sequence[int], small: Sequence[int]) -> bool:
    """Whether no tail sum of ``small`` is above that of ``large``.

    Examples
    --------
    >>> dominates([0, 0, 2], [1, 1, 0]), dominates([2, 0, 0], [0, 1, 0])
    (True, False)
    """
    length = max(len(large), len(small))
    return all(sum(small[i:]) <= sum(large[i:]) for i in range(length))

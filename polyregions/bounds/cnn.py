"""Bounds of the regions of convolutional ReLU networks, after Xiong, Huang, Yu, Liu, Zhu & Shao (2020).

Their one-layer formula is the maximum if each unit has weights of its own. For filters that all positions share it is
an upper bound only, and :func:`shared_filters_bound` is below it for a layer that has 255 regions at most where the
formula says 256.
"""

from collections.abc import Sequence
from functools import cache
from math import comb, prod

from polyregions.bounds.architecture import TheoryBound, architecture_bounds, hyperplane_regions
from polyregions.bounds.attained import folds
from polyregions.bounds.convolution import ConvolutionLayer, generic_convolution_regions
from polyregions.errors import ArgumentError

__all__ = [
    "cnn_attained_bounds",
    "cnn_lower_bound",
    "cnn_upper_bound",
    "cnn_upper_bounds",
    "one_layer_cnn_formula",
    "one_layer_cnn_upper_bound",
    "shared_filters_bound",
]

#: Ways to share inputs among positions that are tried one by one.
_MOST_CHOICES = 100_000
#: Regions that are counted in an arrangement, at most.
_MOST_REGIONS = 20_000


def one_layer_cnn_formula(layer: ConvolutionLayer) -> int:
    """Theorem 2 of Xiong et al. (2020): sum over t in K of prod over positions of C(d_1, t_p).

    K has the t for which any set of positions sees at least as many inputs as its t_p add up to: for which inputs can
    be dealt out so that each position p gets t_p of those that it sees (Hall 1935).

    Returns
    -------
    int
        The most regions of R^n under a layer whose units have weights of their own, and an upper bound for a
        convolution.

    Raises
    ------
    ArgumentError
        If the choices of t are too many: :func:`one_layer_cnn_upper_bound` has a bound then.

    Notes
    -----
    Positions that share no inputs, even through others, are independent factors. Where inputs can be put in a line so
    that each position sees an interval, as with filters of one row or as high as the input, dealing them out from the
    left leaves one number to remember, and time is O(positions inputs filter). Else all choices are tried, (filter +
    1)^positions of them.

    Examples
    --------
    >>> [one_layer_cnn_formula(ConvolutionLayer((1, 3, 1), (1, 2), d)) for d in (1, 2, 3)]
    [4, 15, 40]
    >>> one_layer_cnn_formula(ConvolutionLayer((3, 3, 1), (2, 2), 2))
    256
    """
    value = _formula(layer)
    if value is None:
        raise ArgumentError(
            f"the formula has too many terms for {layer.positions} positions in two dimensions; "
            "one_layer_cnn_upper_bound gives a weaker bound"
        )
    return value


def one_layer_cnn_upper_bound(layer: ConvolutionLayer) -> int:
    """The most regions of a convolution that are proven: the least of the formula and :func:`shared_filters_bound`.

    Where the formula has too many terms, a bound of it takes all t with t_p at most what a position sees, and a sum of
    at most what all positions see.

    Examples
    --------
    >>> one_layer_cnn_upper_bound(ConvolutionLayer((3, 3, 1), (2, 2), 2))
    255
    >>> len(str(one_layer_cnn_upper_bound(ConvolutionLayer((28, 28, 1), (3, 3), 8))))
    971
    """
    return min(_separate_filters(layer), shared_filters_bound(layer))


def shared_filters_bound(layer: ConvolutionLayer) -> int:
    """2^units, less the patterns that w_1 * w_2 = w_2 * w_1 rules out where positions share filters.

    With one input channel and stride 1, take two filters of f weights and as many positions, in a rectangle of the
    filter's shape. Then sum_p (w_2[p] g_(1,p) - w_1[p] g_(2,p)) is the same for all inputs, whatever the weights, and
    of the 2^(2 f) states of these 2 f units one at least is never attained (docs/bounds.md has the proof). B such sets
    of units without a common one leave 2^(units - 2 f B) (2^(2 f) - 1)^B patterns.

    Examples
    --------
    >>> [shared_filters_bound(ConvolutionLayer((3, 3, depth), (2, 2), 2)) for depth in (1, 2)]
    [255, 256]
    """
    rows, columns, channels = layer.outputs
    height, width = layer.filters
    if layer.inputs[2] > 1 or layer.stride > 1:
        return int(2**layer.units)
    units, sets = 2 * height * width, (channels // 2) * (rows // height) * (columns // width)
    return int(2 ** (layer.units - units * sets) * (2**units - 1) ** sets)


def _separate_filters(layer: ConvolutionLayer) -> int:
    """The formula, or a bound of it."""
    value = _formula(layer)
    return _relaxed(layer) if value is None else value


def cnn_upper_bound(layers: Sequence[ConvolutionLayer]) -> int:
    """The least of the bounds of :func:`cnn_upper_bounds`.

    Examples
    --------
    >>> from polyregions.bounds.convolution import convolution_layers
    >>> cnn_upper_bound(convolution_layers((3, 3, 1), [(2, 2, 2, 1), (2, 2, 3, 1)]))
    1981
    """
    return min(bound.value for bound in cnn_upper_bounds(layers))


def cnn_upper_bounds(layers: Sequence[ConvolutionLayer]) -> list[TheoryBound]:
    """What is proven of convolutional layers one behind the other, from weak to strong.

    "xiong" is Theorem 5 of Xiong et al. (2020): the formula for the first layer, times sum_{i <= d} C(units, i) for
    each layer behind it. There d is the number of inputs; here it is the least dimension of any layer before, which is
    never more. "shared" is the same with :func:`shared_filters_bound` for the first layer, where that is less. The
    others are those of fully connected layers with as many units.
    """
    widths = [layer.units for layer in layers]
    dimensions = [layers[0].size, *widths[:-1]]
    later = prod(hyperplane_regions(min(dimensions[: i + 1]), widths[i]) for i in range(1, len(layers)))
    value, shared = _separate_filters(layers[0]), shared_filters_bound(layers[0])
    exact = "" if _formula(layers[0]) is not None else ", its first layer bounded from above"
    bounds = [
        *architecture_bounds(layers[0].size, widths),
        TheoryBound("xiong", value * later, f"Theorem 5 of Xiong et al. 2020{exact}"),
    ]
    if shared < value:
        bounds.append(TheoryBound("shared", shared * later, "the same, its first layer by w1 * w2 = w2 * w1"))
    return sorted(bounds, key=lambda bound: -bound.value)


def cnn_attained_bounds(layers: Sequence[ConvolutionLayer]) -> list[TheoryBound]:
    """What some convolutional network of these layers has at least; empty where nothing is known."""
    if len(layers) > 1 and any(layer.channels < layers[0].inputs[2] for layer in layers):
        return []
    source = "after Theorem 5 of Xiong et al. 2020, with a last layer that has as many for certain"
    return [TheoryBound("xiong", cnn_lower_bound(layers), source)]


def cnn_lower_bound(layers: Sequence[ConvolutionLayer]) -> int:
    """Regions that some convolutional network of these layers has, its filters shared by all positions.

    Theorem 5 of Xiong et al. (2020), for d_l >= d_0: each layer but the last folds what it sees of each of d_0 channels
    at each position into floor(d_l / d_0) pieces, and the last layer alone, on d_0 channels, has R' regions:

        R' prod_{l < L} folds(floor(d_l / d_0))^(positions_l d_0)

    Two changes make it larger and safe. :func:`polyregions.bounds.attained.folds` is p + 1 for p >= 3. And R' is not
    the formula, which shared filters need not attain, but counted for random filters where it is small, else what
    filters have that look at one pixel only, (sum_{j <= d_0} C(d_L, j))^positions_L.

    Examples
    --------
    >>> from polyregions.bounds.convolution import convolution_layers
    >>> cnn_lower_bound(convolution_layers((3, 3, 1), [(2, 2, 2, 1)]))
    255
    >>> cnn_lower_bound(convolution_layers((3, 3, 1), [(2, 2, 2, 1), (2, 2, 3, 1)]))
    128
    """
    depth = layers[0].inputs[2]
    for index, layer in enumerate(layers, start=1):
        if len(layers) > 1 and layer.channels < depth:
            raise ArgumentError(
                f"layer {index} has {layer.channels} channels and the input has {depth}: the lower bound needs no fewer"
            )
    folded: int = prod(folds(layer.channels // depth) ** (layer.positions * depth) for layer in layers[:-1])
    last = layers[-1]
    rows, columns, _ = last.inputs
    return folded * _counted(ConvolutionLayer((rows, columns, depth), last.filters, last.channels, last.stride))


@cache
def _counted(layer: ConvolutionLayer) -> int:
    """Regions that some filters have."""
    one_pixel: int = hyperplane_regions(layer.inputs[2], layer.channels) ** layer.positions
    if layer.units <= _MOST_REGIONS.bit_length() or one_layer_cnn_upper_bound(layer) <= _MOST_REGIONS:
        return max(one_pixel, generic_convolution_regions(layer))
    return one_pixel


# -- the formula -----------------------------------------------------------------------------------------------


@cache
def _formula(layer: ConvolutionLayer) -> int | None:
    """The formula's value; None if there are too many choices."""
    value = 1
    for supports in _components(layer):
        intervals = _intervals(supports)
        if intervals is not None:
            value *= _dealt_in_line(intervals, layer.channels)
            continue
        if (min(layer.channels, layer.seen) + 1) ** len(supports) > _MOST_CHOICES:
            return None
        value *= _dealt(supports, layer.channels)
    return value


def _components(layer: ConvolutionLayer) -> list[list[list[tuple[int, int, int]]]]:
    """The supports of positions, those together that share inputs, be it through others."""
    rows, columns, _ = layer.outputs
    # Positions overlap in a direction all in a line, or not at all.
    tall, wide = layer.stride < layer.filters[0], layer.stride < layer.filters[1]
    down = [list(range(rows))] if tall else [[row] for row in range(rows)]
    across = [list(range(columns))] if wide else [[column] for column in range(columns)]
    return [[layer.support(row, column) for row in some for column in others] for some in down for others in across]


def _intervals(supports: list[list[tuple[int, int, int]]]) -> list[tuple[int, int]] | None:
    """First and last place that each position sees, if the inputs can be put in a line so that it sees all between."""
    for key in ((0, 1, 2), (1, 0, 2)):
        line = sorted({tuple(place[i] for i in key) for support in supports for place in support})
        index = {place: i for i, place in enumerate(line)}
        seen = [sorted(index[tuple(place[i] for i in key)] for place in support) for support in supports]
        if all(places[-1] - places[0] == len(places) - 1 for places in seen):
            return sorted((places[0], places[-1]) for places in seen)
    return None


def _dealt_in_line(intervals: list[tuple[int, int]], channels: int) -> int:
    """The sum where positions see intervals of one length: from the left, each gets the first places that are free."""
    # ways[e]: the sum over the positions so far that leave places from e on.
    ways = {0: 1}
    for first, last in intervals:
        after: dict[int, int] = {}
        for end, number in ways.items():
            start = max(end, first)
            for t in range(min(channels, last + 1 - start) + 1):
                # What is to the left of this interval's start is of no use to those behind it.
                after[start + t] = after.get(start + t, 0) + number * comb(channels, t)
        ways = after
    return sum(ways.values())


def _dealt(supports: list[list[tuple[int, int, int]]], channels: int) -> int:
    """The sum by trying all t, with a matching that grows by one augmenting path for each input dealt out."""

    def total(position: int, owner: dict[tuple[int, int, int], int]) -> int:
        if position == len(supports):
            return 1
        owner = dict(owner)
        value = total(position + 1, owner)
        for t in range(1, min(channels, len(supports[position])) + 1):
            if not _augment(supports, owner, position, set()):
                break
            value += comb(channels, t) * total(position + 1, owner)
        return value

    return total(0, {})


def _augment(
    supports: list[list[tuple[int, int, int]]],
    owner: dict[tuple[int, int, int], int],
    position: int,
    tried: set[tuple[int, int, int]],
) -> bool:
    """Give the position one more input, by passing others on; False if that can't be done."""
    for place in supports[position]:
        if place not in tried:
            tried.add(place)
            if place not in owner or _augment(supports, owner, owner[place], tried):
                owner[place] = position
                return True
    return False


def _relaxed(layer: ConvolutionLayer) -> int:
    """The sum over all t with t_p <= seen and sum t <= covered: coefficients of (sum_j C(d_1, j) x^j)^positions."""
    base = [comb(layer.channels, j) for j in range(min(layer.channels, layer.seen) + 1)]
    power, most = layer.positions, layer.covered
    # c = base^power satisfies base c' = power base' c, which gives its coefficients one by one, as integers.
    coefficients = [1]
    for n in range(1, min(most, power * (len(base) - 1)) + 1):
        terms = range(1, min(n, len(base) - 1) + 1)
        coefficients.append(sum((k * (power + 1) - n) * base[k] * coefficients[n - k] for k in terms) // n)
    return sum(coefficients)

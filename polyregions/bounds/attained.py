"""Numbers of regions that some network of given widths attains: lower bounds of the maximum, in exact integers.

They say nothing of a particular network, which may have one region only. Each counts regions of full dimension (R2)
over all of R^n_0, or over the unit cube, hence also patterns (R1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from polyregions.bounds.architecture import TheoryBound, check_widths, hyperplane_regions
from polyregions.errors import ArgumentError

__all__ = [
    "Folding",
    "arora_family",
    "attained_bounds",
    "best_folding",
    "folds",
    "montufar_lower_bound",
    "one_input_maximum",
    "pascanu_lower_bound",
    "serra_family",
    "serra_lower_bound",
]


def attained_bounds(input_dimension: int, widths: Sequence[int]) -> list[TheoryBound]:
    """What some network with these counted ReLU layers has at least; those whose hypotheses hold.

    Examples
    --------
    >>> [(bound.name, bound.value) for bound in attained_bounds(2, [6, 6])]
    [('pascanu', 66), ('montufar', 198), ('serra', 352), ('folding', 352)]
    >>> [(bound.name, bound.value) for bound in attained_bounds(784, [11, 11, 10])]
    [('folding', 6324224)]
    """
    check_widths(input_dimension, widths)
    if len(widths) == 1:
        value = hyperplane_regions(input_dimension, widths[0])
        return [TheoryBound("zaslavsky", value, "one hidden layer in general position: the maximum (Zaslavsky 1975)")]
    bounds = []
    if min(widths) >= input_dimension:
        bounds += [
            TheoryBound("pascanu", pascanu_lower_bound(input_dimension, widths), "Pascanu et al. 2013"),
            TheoryBound("montufar", montufar_lower_bound(input_dimension, widths), "Montufar et al. 2014"),
        ]
    if min(widths) >= 3 * input_dimension:
        value = serra_lower_bound(input_dimension, widths)
        bounds.append(TheoryBound("serra", value, "Theorem 8 of Serra et al. 2018"))
    value = best_folding(input_dimension, widths).regions
    return [
        *bounds,
        TheoryBound("folding", value, "layers that fold the cube (polyregions.bounds.folding_network)"),
    ]


def pascanu_lower_bound(input_dimension: int, widths: Sequence[int]) -> int:
    """Pascanu, Montufar & Bengio (2013): prod_{l < L} floor(n_l / n_0) times sum_{j <= n_0} C(n_L, j), for n_l >= n_0.

    Examples
    --------
    >>> pascanu_lower_bound(2, [4, 4])
    22
    """
    _at_least(input_dimension, widths, 1)
    folded: int = prod(n // input_dimension for n in widths[:-1])
    return folded * hyperplane_regions(input_dimension, widths[-1])


def montufar_lower_bound(input_dimension: int, widths: Sequence[int]) -> int:
    """Montufar, Pascanu, Cho & Bengio (2014): prod_{l < L} floor(n_l / n_0)^n_0 sum_{j <= n_0} C(n_L, j), n_l >= n_0.

    Examples
    --------
    >>> montufar_lower_bound(2, [4, 4]), montufar_lower_bound(2, [16, 16, 16])
    (44, 561152)
    """
    _at_least(input_dimension, widths, 1)
    folded: int = prod(n // input_dimension for n in widths[:-1]) ** input_dimension
    return folded * hyperplane_regions(input_dimension, widths[-1])


def serra_lower_bound(input_dimension: int, widths: Sequence[int]) -> int:
    """Theorem 8 of Serra et al. (2018): prod_{l < L} (floor(n_l / n_0) + 1)^n_0 sum_{j <= n_0} C(n_L, j), n_l >= 3 n_0.

    The statement and its hypothesis were not compared with the paper's text; :func:`best_folding`, which is never less,
    is proven by the network that :func:`polyregions.bounds.networks.folding_network` makes.

    Examples
    --------
    >>> serra_lower_bound(2, [6, 6]), serra_lower_bound(2, [16, 16, 16])
    (352, 898857)
    """
    _at_least(input_dimension, widths, 3)
    folded: int = prod(n // input_dimension + 1 for n in widths[:-1]) ** input_dimension
    return folded * hyperplane_regions(input_dimension, widths[-1])


def one_input_maximum(widths: Sequence[int]) -> int:
    """The most regions of a network with one input: prod (n_l + 1), if all layers but the last have 3 units or more.

    No network has more by the bound of Raghu et al. (2017), and :func:`polyregions.bounds.networks.folding_network`
    makes one that has as many (Theorem 7 of Serra et al. 2018). With two units in a layer that has another behind it
    the product is an upper bound only.

    Examples
    --------
    >>> one_input_maximum([3, 4, 5])
    120
    """
    check_widths(1, widths)
    if any(n < 3 for n in widths[:-1]):
        raise ArgumentError(
            f"the maximum for one input is known if all layers but the last have 3 units, not {[*widths]}"
        )
    return prod(n + 1 for n in widths)


def folds(units: int) -> int:
    """How many pieces of [0, 1] ``units`` ReLUs can each map onto all of [0, 1]: one more than units, from 3 units on.

    With fewer, all units face the same way, the first has its kink at 0 and cuts nothing. Two that face each other
    give slopes s_0, s_0 + s_2, s_2, which do not alternate in sign.

    Examples
    --------
    >>> [folds(units) for units in (1, 2, 3, 4)]
    [1, 2, 4, 5]
    """
    return units + 1 if units >= 3 else units


@dataclass(frozen=True, slots=True)
class Folding:
    """How the widths of a network are spent on folding a cube.

    Attributes
    ----------
    coordinates : int
        Inputs that the network looks at.
    regions : int
        As many as the network made of it has on the unit cube.
    """

    coordinates: int
    regions: int


def best_folding(input_dimension: int, widths: Sequence[int]) -> Folding:
    """The most regions from layers that fold the unit cube, and a last layer in general position, over all choices.

    Each layer but the last shares its n_l units among k of the inputs' coordinates as evenly as it can, and p units
    fold a coordinate into ``folds(p)`` pieces (Montufar et al. 2014; Serra et al. 2018 for p + 1). Each piece is mapped
    onto the whole cube, so the numbers multiply. k is chosen; the network ignores the other inputs.

    Notes
    -----
    Never below Theorem 8 of Serra et al. (2018) where its hypothesis holds. O(n_0 L) products.

    Examples
    --------
    >>> best_folding(2, [5, 5]), best_folding(784, [4, 18, 10])
    (Folding(coordinates=2, regions=128), Folding(coordinates=4, regions=347400))
    """
    check_widths(input_dimension, widths)
    best = Folding(0, 0)
    for k in range(1, min([input_dimension, *widths[:-1]]) + 1):
        folded = prod(folds(p) for n in widths[:-1] for p in shares(n, k))
        regions = folded * hyperplane_regions(k, widths[-1])
        if regions > best.regions:
            best = Folding(k, regions)
    return best


def shares(units: int, coordinates: int) -> list[int]:
    """``units`` split among coordinates as evenly as possible, the larger shares first.

    Examples
    --------
    >>> shares(11, 4)
    [3, 3, 3, 2]
    """
    each, more = divmod(units, coordinates)
    return [each + 1] * more + [each] * (coordinates - more)


def arora_family(input_dimension: int, m: int, width: int, layers: int) -> int:
    """Regions of the zonotope networks of Arora et al. (2018): w^k sum_{j < n_0} C(m - 1, j), of 2 m + w k units.

    The depth is k + 2. As a reading of the paper has it; not checked against a network here.

    Parameters
    ----------
    m : int
        Of the 2 m units of the first hidden layer.
    width, layers : int
        w and k: the layers behind it.

    Examples
    --------
    >>> arora_family(2, 3, 4, 2)
    48
    """
    _family(input_dimension, m, width, layers)
    return int(hyperplane_regions(input_dimension - 1, m - 1) * width**layers)


def serra_family(input_dimension: int, m: int, width: int, depth: int) -> int:
    """Theorem 9 of Serra et al. (2018): 2 (w + 1)^(L - 1) sum_{j < n_0} C(m - 1, j) regions.

    Of a network with 2 m + w (L - 1) units in L layers. Not compared with the paper's text, nor checked against a
    network.

    Examples
    --------
    >>> serra_family(2, 3, 4, 3)
    150
    """
    _family(input_dimension, m, width, depth - 1)
    return int(2 * hyperplane_regions(input_dimension - 1, m - 1) * (width + 1) ** (depth - 1))


def _family(input_dimension: int, m: int, width: int, layers: int) -> None:
    if input_dimension < 1 or m < 1 or width < 2 or layers < 0:
        raise ArgumentError(
            "the family has inputs n_0 >= 1, m >= 1, width w >= 2 and layers >= 0 behind the first, not "
            f"{input_dimension}, {m}, {width}, {layers}"
        )


def _at_least(input_dimension: int, widths: Sequence[int], times: int) -> None:
    check_widths(input_dimension, widths)
    if min(widths) < times * input_dimension:
        raise ArgumentError(
            f"this bound needs {times * input_dimension} units or more in each layer ({times} per input), not "
            f"{[*widths]}; best_folding needs no width"
        )

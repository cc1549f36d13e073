"""Upper bounds of the number of regions by the layers' widths alone, from weak to strong, in exact integers.

Each holds for every domain and for activation patterns (R1), hence for every narrower definition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, prod
from numbers import Integral
from typing import Any

from polyregions.bounds.serra import architecture_bound
from polyregions.errors import ArgumentError

__all__ = ["TheoryBound", "architecture_bounds", "bounded_hyperplane_regions", "check_widths", "hyperplane_regions"]


@dataclass(frozen=True, slots=True)
class TheoryBound:
    """A bound and whose theorem it is.

    Attributes
    ----------
    name : str
        A short one, for scripts.
    value : int
    source : str
    """

    name: str
    value: int
    source: str


def hyperplane_regions(dimension: int, count: int) -> int:
    """The most regions into which ``count`` hyperplanes cut R^dimension (Zaslavsky 1975): sum_{j <= d} C(count, j).

    Examples
    --------
    >>> hyperplane_regions(2, 4), hyperplane_regions(5, 3)
    (11, 8)
    """
    return sum(comb(count, j) for j in range(min(dimension, count) + 1))


def bounded_hyperplane_regions(dimension: int, count: int) -> int:
    """How many of the regions of ``count`` hyperplanes in general position in R^dimension are bounded: C(count - 1, d).

    Examples
    --------
    >>> bounded_hyperplane_regions(2, 4), bounded_hyperplane_regions(5, 3)
    (3, 0)
    """
    return comb(count - 1, dimension) if count else int(dimension == 0)


def check_widths(input_dimension: int, widths: Sequence[int]) -> None:
    """Raise ArgumentError unless there are layers, and all numbers are positive integers."""
    numbers: list[Any] = [input_dimension, *widths]
    if len(numbers) < 2 or any(not isinstance(n, Integral) or int(n) < 1 for n in numbers):
        raise ArgumentError(
            f"inputs and the widths of one or more layers are positive integers, not {numbers[0]!r} and {numbers[1:]!r}"
        )


def architecture_bounds(input_dimension: int, widths: Sequence[int], linear: Sequence[int] = ()) -> list[TheoryBound]:
    """What the literature proves of a network with these counted ReLU layers, from weak to strong.

    Parameters
    ----------
    linear : sequence of int, optional
        How many units of each layer are linear: no hyperplanes, but dimensions of the layer's image.

    Examples
    --------
    >>> [(bound.name, bound.value) for bound in architecture_bounds(2, [4, 4])]
    [('patterns', 256), ('raghu', 176), ('montufar', 121), ('serra', 121)]
    >>> [(bound.name, bound.value) for bound in architecture_bounds(2, [4])]
    [('patterns', 16), ('zaslavsky', 11)]
    """
    dimensions = [input_dimension, *widths[:-1]]
    cutting = [n - m for n, m in zip(widths, linear or [0] * len(widths), strict=True)]
    bounds = [TheoryBound("patterns", 2 ** sum(cutting), "2 to the number of units (Montufar et al. 2014)")]
    if len(widths) == 1:
        value = hyperplane_regions(input_dimension, cutting[0])
        return [*bounds, TheoryBound("zaslavsky", value, "one hidden layer (Zaslavsky 1975, Pascanu et al. 2013)")]
    each = [hyperplane_regions(d, n) for d, n in zip(dimensions, cutting, strict=False)]
    narrowest = [min(dimensions[: layer + 1]) for layer in range(len(widths))]
    capped = [hyperplane_regions(d, n) for d, n in zip(narrowest, cutting, strict=True)]
    return [
        *bounds,
        TheoryBound("raghu", prod(each), "each layer by its own inputs (Raghu et al. 2017)"),
        TheoryBound("montufar", prod(capped), "no layer's image has more dimensions than any before (Montufar 2017)"),
        TheoryBound("serra", architecture_bound(input_dimension, widths, linear), "Theorem 1 of Serra et al. 2018"),
    ]

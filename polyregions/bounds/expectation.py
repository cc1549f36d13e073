"""How many regions a network has on average over random weights and biases (Hanin & Rolnick 2019)."""

from fractions import Fraction
from math import factorial
from typing import Any

from polyregions.errors import ArgumentError
from polyregions.exact.numbers import as_fraction

__all__ = ["expected_regions_bound", "typical_regions"]


def expected_regions_bound(neurons: int, dimension: int, *, c_grad: Any, c_bias: Any, volume: Any = 1) -> Fraction:
    """Theorem 5 of Hanin & Rolnick (NeurIPS 2019): a cube meets (T N)^d / d! regions per volume on average, or fewer.

    Parameters
    ----------
    neurons : int
        N, of all hidden layers together.
    dimension : int
        d, of the input.
    c_grad : number
        At least E[|grad z(x)|^m]^(1/m) for every unit z, input x and m >= 1. Not known in closed form: for independent
        weights of variance 2 / fan-in the authors bound it by C exp(C sum 1 / n_l), with an unknown constant C.
    c_bias : number
        Any k biases have a conditional density of at most c_bias^k. For independent biases, the largest value of their
        densities: 1 / (sigma sqrt(2 pi)) if they are normal.
    volume : number, optional
        Of the cube.

    Returns
    -------
    Fraction
        The bound of the expectation; 2^N, which bounds every network, if N < d.

    Notes
    -----
    Hypotheses: no tied weights; weights have a density, and the biases one given the weights. The theorem has a T that
    depends on the two constants, and holds for cubes whose side is at least some delta_0 that depends on them too. T =
    2^5 c_grad c_bias is the value in the code of Tseran & Montufar (2021) for their generalisation to maxout; here
    neither this value nor delta_0 was checked against the proof. It bounds an average, not the network at hand.

    Examples
    --------
    >>> expected_regions_bound(96, 2, c_grad=1, c_bias="1/32"), expected_regions_bound(3, 4, c_grad=1, c_bias=1)
    (Fraction(4608, 1), Fraction(8, 1))
    """
    _check(neurons, dimension)
    numbers = {"c_grad": c_grad, "c_bias": c_bias, "volume": volume}
    for name, number in numbers.items():
        numbers[name] = as_fraction(number)
        if numbers[name] <= 0:
            raise ArgumentError(f"{name} is positive, not {number!r}")
    if neurons < dimension:
        return Fraction(2**neurons)
    t = 32 * numbers["c_grad"] * numbers["c_bias"]
    return Fraction((t * neurons) ** dimension * numbers["volume"] / factorial(dimension))


def typical_regions(neurons: int, dimension: int) -> Fraction:
    """N^d / d!: what Hanin & Rolnick (NeurIPS 2019) compare counts of networks with random weights with. Not a bound.

    It is the leading term of the maximum for one layer, sum_{j <= d} C(N, j).

    Examples
    --------
    >>> typical_regions(96, 2)
    Fraction(4608, 1)
    """
    _check(neurons, dimension)
    return Fraction(neurons**dimension, factorial(dimension))


def _check(neurons: int, dimension: int) -> None:
    for name, number in (("neurons", neurons), ("dimension", dimension)):
        if not isinstance(number, int) or number < 1:
            raise ArgumentError(f"{name} is a positive integer, not {number!r}")

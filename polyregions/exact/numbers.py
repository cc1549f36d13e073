"""Reading numbers as the rationals that they are, and clearing denominators.

A float is the dyadic rational it stores, a string is read as written ("1/3", "0.1" = 1/10), and nothing is
ever rounded on the way in.
"""

import math
import numbers
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "as_fraction",
    "common_denominator",
    "dyadic_integers",
    "float_above",
    "float_below",
    "format_fraction",
    "integer_rows",
    "nearest_float",
    "nearest_quotient",
]

#: A decimal exponent in a string; larger numbers than this Python itself does not write in decimals.
_EXPONENT = re.compile(r"[eE]([+-]?\d+)\s*$")
_LARGEST_EXPONENT = 4000


def as_fraction(value: Any) -> Fraction:
    """The rational that ``value`` denotes, exactly.

    Parameters
    ----------
    value : int, float, numpy scalar, fractions.Fraction or str

    Raises
    ------
    ValueError
        If ``value`` is NaN, infinite, or not a number.

    Examples
    --------
    >>> as_fraction("1/3"), as_fraction(0.5)
    (Fraction(1, 3), Fraction(1, 2))
    >>> as_fraction(0.1) == as_fraction("0.1")     # the float is not one tenth
    False
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool | np.bool_):
        raise ValueError(f"{value!r} is a truth value, not a number")
    if isinstance(value, str):
        if len(value) > _LARGEST_EXPONENT:
            raise ValueError(f"a number of {len(value)} characters; at most {_LARGEST_EXPONENT} are read")
        if (exponent := _EXPONENT.search(value)) and abs(int(exponent[1])) > _LARGEST_EXPONENT:
            raise ValueError(f"{value!r} has too large an exponent; at most {_LARGEST_EXPONENT} is read")
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{value!r} is not a number; write 0.25, 3 or 1/3") from None
    if isinstance(value, numbers.Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, numbers.Real) and hasattr(value, "as_integer_ratio"):
        if not math.isfinite(value):
            raise ValueError(f"{value!r} is not a finite number")
        numerator, denominator = value.as_integer_ratio()
        return Fraction(int(numerator), int(denominator))
    raise ValueError(f"{value!r} is not a number")


def common_denominator(values: Iterable[Fraction]) -> int:
    """The least positive integer ``q`` such that ``q * v`` is an integer for every value ``v``."""
    return math.lcm(*{value.denominator for value in values})


def dyadic_integers(array: npt.NDArray[np.float64]) -> tuple[list[int], int]:
    """The floats of an array as integers over one power of two.

    Returns
    -------
    integers : list of int
        In C order; ``array.flat[i] == integers[i] / 2**exponent`` exactly.
    exponent : int
        The least non-negative one that makes every entry an integer.

    Notes
    -----
    O(size) with integers as long as the spread of the exponents: 53 bits for equal ones, and about 250
    bits for a trained network that has weights of 1e-58.

    Examples
    --------
    >>> dyadic_integers(np.array([0.5, -3.0, 0.0]))
    ([1, -6, 0], 1)
    """
    flat = np.asarray(array, dtype=np.float64).ravel()
    mantissa, exponent = np.frexp(flat)
    significand = (mantissa * 2.0**53).astype(np.int64)
    shift = exponent.astype(np.int64) - 53
    # Take out trailing zeros, so that short floats give short integers.
    low_bit = significand & -significand
    nonzero = significand != 0
    trailing = np.zeros_like(significand)
    trailing[nonzero] = np.frexp(low_bit[nonzero].astype(np.float64))[1] - 1
    significand >>= trailing
    shift += trailing
    scale = max(0, -int(shift[nonzero].min())) if nonzero.any() else 0
    integers = [
        value << (place + scale) if value else 0
        for value, place in zip(significand.tolist(), shift.tolist(), strict=True)
    ]
    return integers, scale


def nearest_float(value: Fraction) -> float:
    """The float nearest to ``value``; infinite beyond the floats."""
    return nearest_quotient(value.numerator, value.denominator)


def nearest_quotient(numerator: int, denominator: int) -> float:
    """The float nearest to the quotient by a positive integer; infinite beyond the floats."""
    try:
        return numerator / denominator  # Python rounds the quotient of integers correctly.
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def float_below(value: Fraction) -> float:
    """The largest float that is at most ``value``."""
    number = nearest_float(value)
    if number == math.inf or (math.isfinite(number) and Fraction(number) > value):
        number = math.nextafter(number, -math.inf)
    return number


def float_above(value: Fraction) -> float:
    """The least float that is at least ``value``."""
    return -float_below(-value)


def format_fraction(value: Fraction) -> int | float | str:
    """A JSON value that reads back as exactly ``value``: an int or float where one exists, else "p/q".

    Examples
    --------
    >>> format_fraction(Fraction(1, 4)), format_fraction(Fraction(1, 3)), format_fraction(Fraction(2))
    (0.25, '1/3', 2)
    """
    if value.denominator == 1 and abs(value.numerator) < 2**53:
        return value.numerator
    number = nearest_float(value)
    if math.isfinite(number) and Fraction(number) == value:
        return number
    return str(value)


def integer_rows(rows: Sequence[Sequence[Fraction]]) -> tuple[list[list[int]], int]:
    """Rational rows as integer rows over one common denominator."""
    denominator = common_denominator(value for row in rows for value in row)
    return [[int(value * denominator) for value in row] for row in rows], denominator

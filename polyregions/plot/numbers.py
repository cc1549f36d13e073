"""Counts and bounds, which are exact integers of any length, as floats that can be drawn."""

import math
from typing import Any

from polyregions.errors import ArgumentError
from polyregions.result import Count

__all__ = ["count_number"]


def count_number(value: Any, where: str) -> float:
    """The number as a float.

    Raises
    ------
    NotExactError
        If it is a Count that is not exact.
    ArgumentError
        If it is no number, or none that a float can hold; the message says where.

    Examples
    --------
    >>> count_number(2**60, "run 0")
    1.152921504606847e+18
    """
    try:
        number = float(int(value) if isinstance(value, Count) else value)
    except OverflowError:
        raise ArgumentError(f"{where}: the number is beyond 1e308, the largest that can be drawn") from None
    except (TypeError, ValueError) as error:
        if isinstance(value, Count):
            raise
        raise ArgumentError(f"{where}: {value!r} is no number: {error}") from None
    if not math.isfinite(number):
        raise ArgumentError(f"{where}: {number} can't be drawn")
    return number

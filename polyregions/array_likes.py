"""Numbers and lists of numbers in whatever a user holds them: lists, NumPy arrays, torch tensors, their scalars.

Nothing is rounded: a float32 tensor gives the float32 numbers. No framework is imported; what is asked of a value are
methods that all of them have (``detach``, ``tolist``, ``__array__``, ``item``).
"""

from collections.abc import Mapping, Set
from fractions import Fraction
from typing import Any

import numpy as np

from polyregions.exact.numbers import as_fraction

__all__ = ["as_list", "as_number", "plain"]


def plain(value: Any) -> Any:
    """Nested lists of numbers, or a number, in place of an array or a scalar of some framework; else the value itself.

    Raises
    ------
    ValueError
        If the value looks like an array but does not give its numbers.

    Examples
    --------
    >>> plain(np.array([[0.5, 1.0]], dtype=np.float32)), plain(np.array(0.25)), plain("1/3")
    ([[0.5, 1.0]], 0.25, '1/3')
    """
    if isinstance(value, str | int | float | Fraction | list | tuple):
        return value
    try:
        if hasattr(value, "detach"):  # a tensor, perhaps one with a gradient
            value = value.detach()
        # tolist first: it reads tensors from any device, and types that NumPy does not have, such as bfloat16.
        if hasattr(value, "tolist"):
            return value.tolist()
        if hasattr(value, "__array__"):
            return np.asarray(value).tolist()
        return value.item() if hasattr(value, "item") else value
    except Exception as error:  # whatever a framework raises
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"the numbers of this {type(value).__name__} cannot be read: {reason}") from None


def as_number(value: Any) -> Fraction:
    """The number that a value denotes, exactly; see :func:`polyregions.exact.numbers.as_fraction`.

    Raises
    ------
    ValueError
        If it is not one finite number.

    Examples
    --------
    >>> as_number(np.array(0.25)), as_number(np.float32(0.1)) == as_number(0.1)
    (Fraction(1, 4), False)
    """
    number = plain(value)
    if isinstance(number, list | tuple):
        raise ValueError(f"a {type(value).__name__} of {len(number)} entries stands where one number is needed")
    return as_fraction(number)


def as_list(values: Any) -> list[Any]:
    """The entries of a list, array or tensor, which may be lists themselves.

    Raises
    ------
    ValueError
        If the value is no list, such as a number, a text, or an array without dimensions.

    Examples
    --------
    >>> as_list(np.array([0.5, 1.0])), as_list((1, "1/3"))
    ([0.5, 1.0], [1, '1/3'])
    """
    entries = plain(values)
    # Sets have no order, the entries of a mapping are its keys, and those of bytes are their codes.
    if isinstance(entries, str | bytes | bytearray | Set | Mapping) or not hasattr(entries, "__iter__"):
        raise ValueError(f"must be a list of numbers, not {values!r}")
    return list(entries)

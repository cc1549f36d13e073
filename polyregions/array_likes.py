"""Numbers and lists of numbers in whatever a user holds them: lists, NumPy arrays, torch tensors, their scalars.

Nothing is rounded: a float32 tensor gives the float32 numbers. No framework is imported; what is asked of a value are
methods that all of them have (``detach``, ``tolist``, ``__array__``, ``item``).
"""

from collections.abc import Mapping, Set
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError
from polyregions.exact.numbers import as_fraction

__all__ = ["as_list", "as_number", "exact_floats", "plain"]

FloatArray = npt.NDArray[np.float64]


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


def exact_floats(values: Any, ndim: int, name: str) -> FloatArray:
    """A read-only float64 copy that holds exactly the numbers given."""
    try:
        if hasattr(values, "detach"):  # a tensor, perhaps with a gradient
            values = plain(values)
        given = np.asarray(values)
    except ValueError:
        raise NetworkError(f"{name} do not form an array: rows have different lengths") from None
    if np.ma.isMaskedArray(values):
        raise NetworkError(f"{name} are a masked array; fill in its values first")
    if given.dtype == object:
        return _exact_floats_of_objects(given, ndim, name)
    if given.dtype.kind not in "fiu":
        raise NetworkError(f"{name} are of type {given.dtype}; real numbers are needed")
    with np.errstate(over="ignore"):  # a wider float beyond float64: reported as infinite below
        array = np.array(given, dtype=np.float64)
    if array.ndim != ndim:
        raise NetworkError(f"{name} have {array.ndim} dimensions (shape {array.shape}); {ndim} are needed")
    if not np.isfinite(array).all():
        where = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
        raise NetworkError(f"{name} hold {array[tuple(where)]} at index {where}; all must be finite")
    if given.dtype.kind == "f" and not (array.astype(given.dtype) == given).all():
        raise NetworkError(f"{name} hold numbers that float64 cannot represent; scale or round them first")
    if (given.dtype.kind in "iu" or not isinstance(values, np.ndarray)) and (np.abs(array) >= 2.0**53).any():
        # Integers may have been rounded here or, in a list with floats among them, by np.asarray above.
        return _exact_floats_of_objects(np.array(values, dtype=object), ndim, name)
    array.flags.writeable = False
    return array


def _exact_floats_of_objects(given: npt.NDArray[Any], ndim: int, name: str) -> FloatArray:
    if given.ndim != ndim:
        raise NetworkError(f"{name} do not form an array of {ndim} dimensions; are rows of different lengths?")
    array = np.empty(given.shape, dtype=np.float64)
    for index, value in np.ndenumerate(given):
        where = f"at index {list(index)}"
        try:
            exact = as_fraction(value)
        except ValueError as error:
            raise NetworkError(f"{name} {where}: {error}") from None
        try:
            number = float(exact)
        except OverflowError:
            raise NetworkError(f"{name} {where} are beyond the range of float64; scale them first") from None
        if Fraction(number) != exact:
            raise NetworkError(
                f"{name} hold a number {where}, near {number!r}, that float64 cannot represent; scale or round it first"
            )
        array[index] = number
    array.flags.writeable = False
    return array

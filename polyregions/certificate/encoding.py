"""The bytes of a certificate's tokens; docs/certificate.md, section 3."""

import struct
from collections.abc import Sequence
from enum import IntEnum
from fractions import Fraction

__all__ = ["Number", "Token", "bound", "end", "hull", "leaf", "settle", "split"]

Number = float | Fraction


class Token(IntEnum):
    """The first byte of a token."""

    END = 0
    SPLIT = 1
    LAYER = 2
    LEAF = 3
    INACTIVE = 4
    ACTIVE = 5
    HULL = 6
    UPPER = 7
    LOWER = 8


#: Type byte, struct code: shortest first.
_FLOATS = ((0, "e"), (1, "f"), (2, "d"))
_FRACTIONS = 3


def varint(value: int) -> bytes:
    """Unsigned LEB128: seven bits a byte, low ones first, the high bit set on all bytes but the last."""
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    result.append(value)
    return bytes(result)


def numbers(values: Sequence[Number]) -> bytes:
    """A type byte and the values, exactly, in the shortest type that holds them all."""
    try:
        floats = [float(value) for value in values]
        exact = all(map(_equal, floats, values))
    except OverflowError:
        exact = False
    if not exact:
        return bytes([_FRACTIONS]) + b"".join(map(_fraction, values))
    for kind, code in _FLOATS:
        try:
            data = struct.pack(f"<{len(floats)}{code}", *floats)
        except OverflowError:
            continue
        if list(struct.unpack(f"<{len(floats)}{code}", data)) == floats:
            return bytes([kind]) + data
    raise ValueError("a certificate holds finite numbers only")


def _equal(number: float, value: Number) -> bool:
    # A rational with a power of two below the line is compared without making a Fraction of the float.
    return value is number or number.as_integer_ratio() == value.as_integer_ratio()


def _fraction(value: Number) -> bytes:
    return b"".join(map(_integer, value.as_integer_ratio()))


def _integer(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    return varint(size) + value.to_bytes(size, "little", signed=True)


def settle(unit: int, state: int, rows: Sequence[int], multipliers: Sequence[Number]) -> bytes:
    """The unit has this state on the whole cell, as these multipliers of these rows (in increasing order) prove."""
    return bytes([Token.ACTIVE if state else Token.INACTIVE]) + varint(unit) + _proof(rows, multipliers)


def _proof(rows: Sequence[int], multipliers: Sequence[Number]) -> bytes:
    return _varints(rows) + (numbers(multipliers) if len(rows) else b"")


def _varints(values: Sequence[int]) -> bytes:
    return varint(len(values)) + b"".join(map(varint, values))


def split(unit: int) -> bytes:
    """The unit's hyperplane cuts the cell."""
    return bytes([Token.SPLIT]) + varint(unit)


def leaf(point: Sequence[Number]) -> bytes:
    """A region, and a point of it."""
    return bytes([Token.LEAF]) + numbers(point)


def end(count: int, complete: bool) -> bytes:
    """The number of leaves, and whether they are all."""
    return bytes([Token.END]) + varint(count) + bytes([complete])


def hull(rows: Sequence[int], multipliers: Sequence[Number], dependent: Sequence[int]) -> bytes:
    """These inequalities of a polytope hold with equality, and determine these coordinates by the others."""
    return bytes([Token.HULL]) + _proof(rows, multipliers) + _varints(dependent)


def bound(coordinate: int, sign: int, rows: Sequence[int], multipliers: Sequence[Number]) -> bytes:
    """A bound of a chart coordinate, from above (sign 1) or below (-1)."""
    return bytes([Token.UPPER if sign > 0 else Token.LOWER]) + varint(coordinate) + _proof(rows, multipliers)

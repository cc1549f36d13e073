"""Parallelograms and squares in the plane through three points, in rational numbers.

Hanin & Rolnick (2019a, section 5) count over the square around the circumcentre of three data points. Such a square has
irrational corners in general. Here the plane, the circumcentre and the right angle between the axes are exact; only
the axes' lengths are rounded, to 64 bits.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

__all__ = ["square_around"]

Vector = tuple[Fraction, ...]


def square_around(
    a: Sequence[Fraction], b: Sequence[Fraction], c: Sequence[Fraction], margin: Fraction
) -> tuple[Vector, Vector, Vector] | None:
    """The square around the circumcentre of a, b, c, ``margin`` times as wide as their circumcircle.

    Returns
    -------
    origin, u, v, or None if the points are collinear
        The square is origin + s u + t v, 0 <= s, t <= 1; u has the direction from a to b.
    """
    e = [y - x for x, y in zip(a, b, strict=True)]
    f = [y - x for x, y in zip(a, c, strict=True)]
    ee, ef, ff = _dot(e, e), _dot(e, f), _dot(f, f)
    determinant = ee * ff - ef * ef
    if not determinant:
        return None
    # The circumcentre a + p e + q f is as far from a as from b and from c.
    p, q = ff * (ee - ef) / (2 * determinant), ee * (ff - ef) / (2 * determinant)
    radius_squared = p * p * ee + 2 * p * q * ef + q * q * ff
    normal = [y - ef / ee * x for x, y in zip(e, f, strict=True)]
    u_scale = 2 * margin * _root(radius_squared / ee)
    v_scale = 2 * margin * _root(radius_squared / _dot(normal, normal))
    u, v = tuple(u_scale * x for x in e), tuple(v_scale * x for x in normal)
    centre = (x + p * y + q * z for x, y, z in zip(a, e, f, strict=True))
    return tuple(x - (y + z) / 2 for x, y, z in zip(centre, u, v, strict=True)), u, v


def _dot(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(x, y, strict=True)), Fraction(0))


def _root(value: Fraction) -> Fraction:
    """A square root of a positive number, exact where it is a short rational, else to 64 bits."""
    shift = max(0, 128 + value.denominator.bit_length() - value.numerator.bit_length()) // 2
    root = isqrt((value.numerator << 2 * shift) // value.denominator)
    drop = max(0, root.bit_length() - 64)
    return Fraction(root >> drop << drop, 1 << shift)

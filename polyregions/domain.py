"""Domains: the convex sets over which regions are counted, with exact bounds.

Each bounded domain has a :class:`Chart`: exact coordinates on its own affine hull, relative to which "full
dimension" is meant. The engine works in chart coordinates alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from polyregions.array_likes import as_list, as_number, plain
from polyregions.errors import DomainError, EmptyDomainError, UnboundedDomainError
from polyregions.exact.numbers import format_fraction

__all__ = ["Box", "Chart", "Domain", "Plane", "Polytope", "Segment"]

Vector = tuple[Fraction, ...]


@dataclass(frozen=True)
class Chart:
    """Exact coordinates t in R^d on a domain's affine hull: x = origin + sum_j t_j columns_j.

    Attributes
    ----------
    origin : n rationals
    columns : d sparse vectors ``{i: value}`` of R^n, linearly independent; None for the identity (x = t)
    lower, upper : d rationals with lower < upper
        A box that contains the domain.
    rows : pairs (a, c), meaning ``a . t + c >= 0``
        With the box, exactly the domain.
    start : d rationals
        A point of the domain's (relative) interior.
    """

    origin: Vector
    columns: tuple[dict[int, Fraction], ...] | None
    lower: Vector
    upper: Vector
    rows: tuple[tuple[Vector, Fraction], ...]
    start: Vector

    @property
    def dimension(self) -> int:
        """d, the dimension of the domain."""
        return len(self.lower)

    def ambient(self, t: Sequence[Fraction]) -> Vector:
        """The point of input space with chart coordinates t."""
        if self.columns is None:
            return tuple(t)
        point = list(self.origin)
        for value, column in zip(t, self.columns, strict=True):
            for i, entry in column.items():
                point[i] += value * entry
        return tuple(point)


class Domain(ABC):
    """A non-empty bounded convex polyhedron in the input space of a network.

    Immutable. Two domains are equal, and have the same hash, if they are of one kind and hold the same exact numbers.
    """

    @abstractmethod
    def chart(self, dimension: int) -> Chart:
        """The chart of this domain in an input space of the given dimension.

        Raises
        ------
        DomainError
            If the domain lives in a space of another dimension.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The object that the domain FILE of the command line would hold, numbers exact."""


def domain_from_json(data: Any) -> Domain:
    """The domain that a parsed JSON object describes.

    Numbers are the float64 numbers they denote, as in Python; strings such as "1/3" or "0.1" are read as written.

    Raises
    ------
    DomainError
        If the object is of none of the known forms; :class:`UnboundedDomainError` for ``{"space": true}``.
    """
    forms = {
        ("lower", "upper"): lambda d: Box(d["lower"], d["upper"]),
        ("A", "b"): lambda d: Polytope(d["A"], d["b"]),
        ("segment",): lambda d: Segment(*_exactly(d["segment"], 2, "segment")),
        ("plane",): lambda d: Plane(*_entries(d["plane"], ("origin", "u", "v"), "plane")),
    }
    if isinstance(data, dict):
        if data.get("space"):
            raise UnboundedDomainError("the domain is the whole space, which is not bounded; give a box or a polytope")
        for keys, make in forms.items():
            if set(keys) == set(data):
                return make(data)  # type: ignore[no-untyped-call]
    raise DomainError(
        'a domain is {"lower": [..], "upper": [..]}, {"A": [[..]], "b": [..]}, {"segment": [[..], [..]]} or '
        '{"plane": {"origin": [..], "u": [..], "v": [..]}}; found '
        + (
            f"an object with the keys {sorted(map(str, data))}"
            if isinstance(data, dict)
            else f"a {type(data).__name__}"
        )
    )


def _exactly(value: Any, count: int, name: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != count:
        raise DomainError(f"the domain's {name} needs {count} points")
    return value


def _entries(value: Any, keys: tuple[str, ...], name: str) -> list[Any]:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise DomainError(f"the domain's {name} needs the entries {', '.join(keys)}")
    return [value[key] for key in keys]


def _vector(values: Any, name: str) -> Vector:
    result = []
    for i, value in enumerate(_entries_of(values, name)):
        try:
            result.append(as_number(value))
        except ValueError as error:
            raise DomainError(f"the {name}, entry {i}: {error}") from None
    return tuple(result)


def _entries_of(values: Any, name: str) -> list[Any]:
    try:
        return as_list(values)
    except ValueError as error:
        raise DomainError(f"the {name}{'' if str(error).startswith('must') else ':'} {error}") from None


def _freeze(domain: "Domain", **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(domain, name, value)


def _short(vector: Vector) -> str:
    """A vector for people, cut off after a few entries."""
    entries = [str(format_fraction(value)) for value in vector]
    shown = entries if len(entries) <= 6 else [*entries[:4], f"... {len(entries)} in all"]
    return f"[{', '.join(shown)}]"


def _check_dimension(name: str, given: int, wanted: int) -> None:
    if given != wanted:
        raise DomainError(f"the {name} lies in a space of {given} dimensions, the network has {wanted} inputs")


@dataclass(frozen=True, init=False, repr=False)
class Box(Domain):
    """The box lower <= x <= upper.

    Parameters
    ----------
    lower, upper : number, or sequence of n numbers
        Scalars hold for every coordinate. Floats, integers, Fractions, strings such as "1/3", NumPy arrays or torch
        tensors, taken exactly. Equal bounds freeze a coordinate.

    Examples
    --------
    >>> Box(-1, 1).chart(2).dimension, Box([0, 0.5], ["1/3", 0.5]).chart(2).dimension
    (2, 1)
    """

    lower: Fraction | Vector
    upper: Fraction | Vector

    def __init__(self, lower: Any, upper: Any) -> None:
        low, high = self._bound(lower, "lower bound"), self._bound(upper, "upper bound")
        # Both or neither are scalars, so that equal boxes hold equal numbers.
        if isinstance(low, tuple) and isinstance(high, tuple):
            if len(low) != len(high):
                raise DomainError(f"the box has {len(low)} lower bounds but {len(high)} upper bounds")
        elif isinstance(low, tuple):
            high = (high,) * len(low)  # type: ignore[assignment]
        elif isinstance(high, tuple):
            low = (low,) * len(high)
        _freeze(self, lower=low, upper=high)
        self.pairs(max(len(b) if isinstance(b, tuple) else 1 for b in (self.lower, self.upper)))

    @staticmethod
    def _bound(value: Any, name: str) -> Fraction | Vector:
        try:
            value = plain(value)
            if isinstance(value, str) or not hasattr(value, "__iter__"):
                return as_number(value)
        except ValueError as error:
            raise DomainError(f"the box's {name}: {error}") from None
        return _vector(value, f"box's {name}")

    def pairs(self, dimension: int) -> list[tuple[Fraction, Fraction]]:
        """The bounds (lower, upper) of each coordinate in a space of that dimension."""
        bounds = []
        for bound in (self.lower, self.upper):
            if isinstance(bound, tuple):
                _check_dimension("box", len(bound), dimension)
                bounds.append(bound)
            else:
                bounds.append((bound,) * dimension)
        for i, (low, high) in enumerate(zip(*bounds, strict=True)):
            if low > high:
                raise EmptyDomainError(
                    f"the box is empty: coordinate {i} has lower bound {low} above upper bound {high}"
                )
        return list(zip(*bounds, strict=True))

    def chart(self, dimension: int) -> Chart:
        pairs = self.pairs(dimension)
        free = [i for i, (low, high) in enumerate(pairs) if low < high]
        lower = tuple(pairs[i][0] for i in free)
        upper = tuple(pairs[i][1] for i in free)
        centre = tuple((low + high) / 2 for low, high in zip(lower, upper, strict=True))
        if len(free) == dimension:
            return Chart((Fraction(0),) * dimension, None, lower, upper, (), centre)
        origin = tuple(Fraction(0) if low < high else low for low, high in pairs)
        columns = tuple({i: Fraction(1)} for i in free)
        return Chart(origin, columns, lower, upper, (), centre)

    def to_json(self) -> dict[str, Any]:
        def plain(bound: Fraction | Vector) -> Any:
            return [format_fraction(v) for v in bound] if isinstance(bound, tuple) else format_fraction(bound)

        return {"lower": plain(self.lower), "upper": plain(self.upper)}

    def __repr__(self) -> str:
        bounds = (_short(b) if isinstance(b, tuple) else str(format_fraction(b)) for b in (self.lower, self.upper))
        return f"Box({', '.join(bounds)})"


@dataclass(frozen=True, init=False, repr=False)
class Segment(Domain):
    """The segment from ``start`` to ``end``, two different points of input space.

    Examples
    --------
    >>> Segment([0, 0], [1, 2]).chart(2).dimension
    1
    """

    start: Vector
    end: Vector

    def __init__(self, start: Any, end: Any) -> None:
        _freeze(self, start=_vector(start, "segment's start"), end=_vector(end, "segment's end"))
        if len(self.start) != len(self.end):
            raise DomainError(f"the segment's ends have {len(self.start)} and {len(self.end)} coordinates")
        if self.start == self.end:
            raise DomainError("the segment's ends are the same point")

    def chart(self, dimension: int) -> Chart:
        _check_dimension("segment", len(self.start), dimension)
        direction = {i: q - p for i, (p, q) in enumerate(zip(self.start, self.end, strict=True)) if q != p}
        return Chart(self.start, (direction,), (Fraction(0),), (Fraction(1),), (), (Fraction(1, 2),))

    def to_json(self) -> dict[str, Any]:
        return {"segment": [[format_fraction(v) for v in point] for point in (self.start, self.end)]}

    def __repr__(self) -> str:
        return f"Segment({_short(self.start)}, {_short(self.end)})"


@dataclass(frozen=True, init=False, repr=False)
class Plane(Domain):
    """The parallelogram origin + s u + t v, 0 <= s, t <= 1: a bounded 2-D slice of input space.

    Examples
    --------
    >>> Plane([0, 0, 0], [1, 0, 0], [0, 1, 1]).chart(3).dimension
    2
    """

    origin: Vector
    u: Vector
    v: Vector

    def __init__(self, origin: Any, u: Any, v: Any) -> None:
        _freeze(self, origin=_vector(origin, "plane's origin"), u=_vector(u, "plane's u"), v=_vector(v, "plane's v"))
        if not len(self.origin) == len(self.u) == len(self.v):
            raise DomainError(
                f"the plane's origin, u and v have {len(self.origin)}, {len(self.u)} and {len(self.v)} coordinates"
            )
        k = next((i for i, value in enumerate(self.u) if value), None)
        if k is None or all(self.u[k] * b == self.v[k] * a for a, b in zip(self.u, self.v, strict=True)):
            raise DomainError("the plane's u and v are parallel; they must span two dimensions")

    def chart(self, dimension: int) -> Chart:
        _check_dimension("plane", len(self.origin), dimension)
        columns = tuple({i: value for i, value in enumerate(w) if value} for w in (self.u, self.v))
        zero, one, half = (Fraction(0),) * 2, (Fraction(1),) * 2, (Fraction(1, 2),) * 2
        return Chart(self.origin, columns, zero, one, (), half)

    def to_json(self) -> dict[str, Any]:
        parts = {"origin": self.origin, "u": self.u, "v": self.v}
        return {"plane": {name: [format_fraction(value) for value in vector] for name, vector in parts.items()}}

    def __repr__(self) -> str:
        return f"Plane({_short(self.origin)}, {_short(self.u)}, {_short(self.v)})"


@dataclass(frozen=True, init=False, repr=False)
class Polytope(Domain):
    """The bounded polyhedron {x : A x <= b}; it may be of lower dimension than its space.

    Parameters
    ----------
    A : m rows of n numbers
    b : m numbers

    Raises
    ------
    EmptyDomainError, UnboundedDomainError
        From :meth:`chart`, after an exact proof.

    Examples
    --------
    >>> triangle = Polytope([[-1, 0], [0, -1], [1, 1]], [0, 0, 1])
    >>> triangle.chart(2).upper
    (Fraction(1, 1), Fraction(1, 1))
    """

    A: tuple[Vector, ...]
    b: Vector

    def __init__(self, A: Any, b: Any) -> None:
        try:
            given = as_list(A)
        except ValueError:
            raise DomainError("the polytope's A must be a list of rows") from None
        rows = tuple(_vector(row, f"polytope's A, row {i}") for i, row in enumerate(given))
        _freeze(self, A=rows, b=_vector(b, "polytope's b"))
        if not self.A:
            raise DomainError("the polytope has no row; it would be the whole space, which is not bounded")
        if len(self.A) != len(self.b):
            raise DomainError(f"the polytope has {len(self.A)} rows in A but {len(self.b)} numbers in b")
        if len({len(row) for row in self.A}) != 1:
            raise DomainError("the rows of the polytope's A have different lengths")

    def chart(self, dimension: int) -> Chart:
        _check_dimension("polytope", len(self.A[0]), dimension)
        from polyregions.exact.polytope import polytope_chart

        return polytope_chart(self.A, self.b)

    def to_json(self) -> dict[str, Any]:
        rows = [[format_fraction(value) for value in row] for row in self.A]
        return {"A": rows, "b": [format_fraction(value) for value in self.b]}

    def __repr__(self) -> str:
        return f"Polytope({len(self.b)} inequalities in {len(self.A[0])} dimensions)"

"""Domains: the convex sets over which regions are counted, with exact bounds.

Each bounded domain has a :class:`Chart`: exact coordinates on its own affine hull, relative to which "full
dimension" is meant. The engine works in chart coordinates alone. An unbounded domain has a :class:`Frame`, out of which
:mod:`polyregions.exact.sections` makes charts.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from numbers import Integral
from typing import Any

from polyregions.array_likes import as_list, as_number, plain
from polyregions.errors import DomainError, EmptyDomainError, UnboundedDomainError
from polyregions.exact.numbers import format_fraction
from polyregions.limits import is_number

__all__ = ["Box", "Chart", "Domain", "Frame", "Line", "Plane", "Polytope", "Segment", "Space"]

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
    homogeneous : bool
        Of charts of parts of unbounded domains: the last coordinate s lies in [0, 1], and it is s x rather than x
        that the coordinates stand for: x = (origin + sum_j t_j columns_j) / s.
    strict : int
        So many of the last rows are strict, a . t + c > 0, even where the domain is closed.
    """

    origin: Vector
    columns: tuple[dict[int, Fraction], ...] | None
    lower: Vector
    upper: Vector
    rows: tuple[tuple[Vector, Fraction], ...]
    start: Vector
    homogeneous: bool = False
    strict: int = 0

    @property
    def dimension(self) -> int:
        """d, the dimension of the domain."""
        return len(self.lower)

    def ambient(self, t: Sequence[Fraction]) -> Vector:
        """The point of input space with chart coordinates t."""
        point = self.numerators(t)
        return tuple(entry / t[-1] for entry in point) if self.homogeneous else point

    def numerators(self, t: Sequence[Fraction]) -> Vector:
        """The same times the last coordinate, in a homogeneous chart: where that is 0, a direction."""
        if self.columns is None:
            return tuple(t)
        point = list(self.origin)
        for value, column in zip(t, self.columns, strict=True):
            for i, entry in column.items():
                point[i] += value * entry
        return tuple(point)


@dataclass(frozen=True)
class Frame:
    """An unbounded domain: the points x = origin + sum_j t_j columns_j with a . t + c >= 0 for all rows (a, c).

    Attributes
    ----------
    origin : n rationals
    columns : m sparse vectors ``{i: value}`` of R^n, linearly independent; None for the identity (x = t)
    dimension : int
        m.
    rows : pairs (a, c)
    """

    origin: Vector
    columns: tuple[dict[int, Fraction], ...] | None
    dimension: int
    rows: tuple[tuple[Vector, Fraction], ...] = ()

    def parameters(self, point: Sequence[Fraction]) -> Vector:
        """The coordinates t of a point x of the domain's affine hull, in at most two dimensions; of R^n the point."""
        if self.columns is None:
            return tuple(point)
        u, *others = self.columns
        i = next(iter(u))
        x = point[i] - self.origin[i]
        if not others:
            return (x / u[i],)
        v, zero = others[0], Fraction(0)
        # As u and v are not parallel there is another coordinate in which they are independent.
        minors = ((j, u[i] * v.get(j, zero) - u.get(j, zero) * v.get(i, zero)) for j in {**u, **v})
        j, minor = next((j, value) for j, value in minors if value)
        t = (u[i] * (point[j] - self.origin[j]) - u.get(j, zero) * x) / minor
        return (x - t * v.get(i, zero)) / u[i], t


class Domain(ABC):
    """A non-empty convex polyhedron in the input space of a network.

    Immutable. Two domains are equal, and have the same hash, if they are of one kind and hold the same exact numbers.
    """

    @property
    def bounded(self) -> bool:
        """Whether the domain is bounded; the unbounded ones have a :meth:`frame` and no :meth:`chart`."""
        return True

    @abstractmethod
    def chart(self, dimension: int) -> Chart:
        """The chart of this domain in an input space of the given dimension.

        Raises
        ------
        DomainError
            If the domain lives in a space of another dimension; :class:`UnboundedDomainError` if it is not bounded.
        """

    def frame(self, dimension: int) -> Frame:
        """The unbounded domain in an input space of the given dimension; None of the bounded ones has a frame.

        Raises
        ------
        DomainError
            If the domain lives in a space of another dimension.
        """
        raise TypeError(f"{self!r} is bounded: it has a chart")

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The object that the domain FILE of the command line would hold, numbers exact."""


def domain_from_json(data: Any) -> Domain:
    """The domain that a parsed JSON object describes.

    Numbers are the float64 numbers they denote, as in Python; strings such as "1/3" or "0.1" are read as written.

    Raises
    ------
    DomainError
        If the object is of none of the known forms.
    """
    forms = {
        ("lower", "upper"): lambda d: Box(d["lower"], d["upper"]),
        ("A", "b"): lambda d: Polytope(d["A"], d["b"]),
        ("segment",): lambda d: Segment(*_exactly(d["segment"], 2, "segment")),
        ("line",): lambda d: Line(*_entries(d["line"], ("point", "direction"), "line")),
        ("plane",): lambda d: _plane(d["plane"]),
        ("space",): lambda d: _space(d["space"]),
    }
    if isinstance(data, dict):
        for keys, make in forms.items():
            if set(keys) == set(data):
                return make(data)  # type: ignore[no-untyped-call]
    raise DomainError(
        'a domain is {"lower": [..], "upper": [..]}, {"A": [[..]], "b": [..]}, {"segment": [[..], [..]]}, '
        '{"line": {"point": [..], "direction": [..]}}, {"plane": {"origin": [..], "u": [..], "v": [..]}} (all of the '
        'plane with "bounded": false) or {"space": true}; found '
        + (
            f"an object with the keys {sorted(map(str, data))}"
            if isinstance(data, dict)
            else f"a {type(data).__name__}"
        )
    )


def _space(value: Any) -> "Space":
    if value is not True:
        raise DomainError(f'the whole space is {{"space": true}}, not {{"space": {value!r}}}')
    return Space()


def _plane(value: Any) -> "Plane":
    bounded = True
    if isinstance(value, dict) and "bounded" in value:
        value = dict(value)
        bounded = value.pop("bounded")
        if not isinstance(bounded, bool):
            raise DomainError(f'the domain\'s plane: "bounded" is true or false, not {bounded!r}')
    return Plane(*_entries(value, ("origin", "u", "v"), "plane"), bounded=bounded)


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


def _flattened(values: Any) -> Any:
    """The numbers of nested lists, in order; anything else as it is."""
    if isinstance(values, list | tuple) and any(isinstance(value, list | tuple) for value in values):
        return [number for value in values for number in _flattened(value if hasattr(value, "__iter__") else [value])]
    return values


def _coordinates(values: Any, dimension: int) -> list[int]:
    """Coordinates, from 0, as integers that are there."""
    coordinates = _entries_of(values, "box's free coordinates")
    for value in coordinates:
        if isinstance(value, bool) or not is_number(value, Integral, 0) or value >= dimension:
            raise DomainError(f"the box's free coordinates are whole numbers from 0 to {dimension - 1}, not {value!r}")
    return [int(value) for value in coordinates]


def _freeze(domain: "Domain", **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(domain, name, value)


def _short(vector: Vector) -> str:
    """A vector for people, cut off after a few entries."""
    entries = [str(format_fraction(value)) for value in vector]
    shown = entries if len(entries) <= 6 else [*entries[:4], f"... {len(entries)} in all"]
    return f"[{', '.join(shown)}]"


def _unbounded(what: str) -> UnboundedDomainError:
    return UnboundedDomainError(
        f"the domain is {what}, which is not bounded: count its regions with the method 'split'; everything else needs "
        "a bounded domain, such as a box"
    )


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

    @classmethod
    def around(
        cls, point: Any, radius: Any = None, *, within: "Box | None" = None, free: Sequence[int] | None = None
    ) -> "Box":
        """The points of a box that differ from a given one by at most a radius, and only in some coordinates.

        Parameters
        ----------
        point : n numbers
            A list, an array or a tensor of any shape (an image), flattened in C order.
        radius : number or n numbers, optional
            In the maximum norm, or of each coordinate; taken exactly. Default: no limit, ``within`` is one.
        within : Box, optional
            Such as ``Box(0, 1)``, in which all inputs lie; the result is the intersection.
        free : sequence of int, optional
            The coordinates, from 0, that vary; all others are frozen at the point. Default: all.

        Raises
        ------
        EmptyDomainError
            If ``within`` does not hold the point's frozen coordinates, or is farther from the point than the radius.
        DomainError
            If neither a radius nor ``within`` is given, a radius is negative, a coordinate is not there, or without a
            radius the point lies outside ``within``.

        Examples
        --------
        >>> Box.around([0.5, 1, 0], "1/4", within=Box(0, 1))
        Box([0.25, 0.75, 0], [0.75, 1, 0.25])
        >>> Box.around([0.5, 1, 0], free=[2], within=Box(0, 1)).chart(3).dimension
        1
        """
        try:
            centre = _vector(_flattened(plain(point)), "box's point")
        except ValueError as error:
            raise DomainError(f"the box's point: {error}") from None
        n = len(centre)
        if radius is None and within is None:
            raise DomainError("a box around a point needs a radius, or a box within which the point's coordinates vary")
        given = None if radius is None else cls._bound(radius, "radius")
        radii = given if isinstance(given, tuple) else (given,) * n
        if len(radii) != n:
            raise DomainError(f"the box has {len(radii)} radii, and the point {n} coordinates")
        varies = range(n) if free is None else set(_coordinates(free, n))
        lower, upper = list(centre), list(centre)
        limits = within.pairs(n) if within is not None else [None] * n
        for i, (value, r, limit) in enumerate(zip(centre, radii, limits, strict=True)):
            if r is not None and r < 0:
                raise DomainError(f"the box's radius must be at least 0; that of coordinate {i} is {r}")
            if i in varies and r is not None:
                lower[i], upper[i] = value - r, value + r
            if limit is not None:
                whole = i in varies and r is None
                if whole and not limit[0] <= value <= limit[1]:
                    raise DomainError(
                        f"the box's point lies outside the box within which it varies: coordinate {i} is {value}, not "
                        f"within [{limit[0]}, {limit[1]}]; take another point, or a radius that reaches there"
                    )
                lower[i], upper[i] = limit if whole else (max(lower[i], limit[0]), min(upper[i], limit[1]))
                if lower[i] > upper[i]:
                    far = f" and radius {r}" if i in varies else ", where it is frozen,"
                    raise EmptyDomainError(
                        f"the box is empty: coordinate {i} of the point is {value}{far} "
                        f"and must lie within [{limit[0]}, {limit[1]}]"
                    )
        return cls(lower, upper)

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
class Line(Domain):
    """The infinite line point + s direction, s any real number.

    Examples
    --------
    >>> Line([0, 0], [1, 2]).bounded
    False
    """

    point: Vector
    direction: Vector

    def __init__(self, point: Any, direction: Any) -> None:
        _freeze(self, point=_vector(point, "line's point"), direction=_vector(direction, "line's direction"))
        if len(self.point) != len(self.direction):
            raise DomainError(
                f"the line's point and direction have {len(self.point)} and {len(self.direction)} coordinates"
            )
        if not any(self.direction):
            raise DomainError("the line's direction is zero")

    @property
    def bounded(self) -> bool:
        return False

    def chart(self, dimension: int) -> Chart:
        _check_dimension("line", len(self.point), dimension)
        raise _unbounded("an infinite line")

    def frame(self, dimension: int) -> Frame:
        _check_dimension("line", len(self.point), dimension)
        return Frame(self.point, ({i: value for i, value in enumerate(self.direction) if value},), 1)

    def to_json(self) -> dict[str, Any]:
        parts = {"point": self.point, "direction": self.direction}
        return {"line": {name: [format_fraction(v) for v in vector] for name, vector in parts.items()}}

    def __repr__(self) -> str:
        return f"Line({_short(self.point)}, {_short(self.direction)})"


@dataclass(frozen=True, init=False, repr=False)
class Plane(Domain):
    """The parallelogram origin + s u + t v, 0 <= s, t <= 1: a 2-D slice of input space.

    Parameters
    ----------
    origin, u, v : sequences of n numbers
    bounded : bool, optional
        False: all of the plane, s and t any real numbers.

    Examples
    --------
    >>> Plane([0, 0, 0], [1, 0, 0], [0, 1, 1]).chart(3).dimension
    2
    """

    origin: Vector
    u: Vector
    v: Vector
    # A field that is no property, as "bounded" is one of every domain.
    is_bounded: bool

    def __init__(self, origin: Any, u: Any, v: Any, *, bounded: bool = True) -> None:
        _freeze(self, origin=_vector(origin, "plane's origin"), u=_vector(u, "plane's u"), v=_vector(v, "plane's v"))
        _freeze(self, is_bounded=bool(bounded))
        if not len(self.origin) == len(self.u) == len(self.v):
            raise DomainError(
                f"the plane's origin, u and v have {len(self.origin)}, {len(self.u)} and {len(self.v)} coordinates"
            )
        k = next((i for i, value in enumerate(self.u) if value), None)
        if k is None or all(self.u[k] * b == self.v[k] * a for a, b in zip(self.u, self.v, strict=True)):
            raise DomainError("the plane's u and v are parallel; they must span two dimensions")

    @classmethod
    def through(cls, a: Any, b: Any, c: Any, *, square: bool = True, margin: Any = 1, bounded: bool = True) -> "Plane":
        """The part of the plane through three points that is a square around their circumcentre.

        The slices of Hanin & Rolnick (2019a). The square's plane, centre and right angles are exact, the lengths of its
        sides equal to 64 bits. The first side has the direction from a to b.

        Parameters
        ----------
        a, b, c : sequences of n numbers
        square : bool, optional
            False: the parallelogram with the corner a and the sides a b and a c.
        margin : number, optional
            The square's side as a multiple of the circumcircle's diameter.
        bounded : bool, optional
            False: all of the plane, its coordinates those of the square or parallelogram.

        Raises
        ------
        DomainError
            If the points lie on a line.

        Examples
        --------
        >>> plane = Plane.through([1, 0, 0], [-1, 0, 0], [0, 1, 0])
        >>> [[int(x) for x in vector] for vector in (plane.origin, plane.u, plane.v)]
        [[1, -1, 0], [-2, 0, 0], [0, 2, 0]]
        """
        names = ("plane's point A", "plane's point B", "plane's point C")
        points = [_vector(point, name) for name, point in zip(names, (a, b, c), strict=True)]
        if len({len(point) for point in points}) != 1:
            raise DomainError("the plane's points A, B and C have {}, {} and {} coordinates".format(*map(len, points)))
        width = _vector([margin], "square's margin")[0]
        if width <= 0:
            raise DomainError(f"the square's margin must be positive, not {margin!r}")
        from polyregions.exact.three_points import square_around

        found = square_around(points[0], points[1], points[2], width)
        if found is None:
            raise DomainError("the points A, B and C lie on a line; a plane needs three that do not")
        if square:
            return cls(*found, bounded=bounded)
        first, *others = points
        sides = ([y - x for x, y in zip(first, other, strict=True)] for other in others)
        return cls(first, *sides, bounded=bounded)

    @property
    def bounded(self) -> bool:
        return self.is_bounded

    @property
    def _columns(self) -> tuple[dict[int, Fraction], ...]:
        return tuple({i: value for i, value in enumerate(w) if value} for w in (self.u, self.v))

    def chart(self, dimension: int) -> Chart:
        _check_dimension("plane", len(self.origin), dimension)
        if not self.is_bounded:
            raise _unbounded("an infinite plane")
        zero, one, half = (Fraction(0),) * 2, (Fraction(1),) * 2, (Fraction(1, 2),) * 2
        return Chart(self.origin, self._columns, zero, one, (), half)

    def frame(self, dimension: int) -> Frame:
        _check_dimension("plane", len(self.origin), dimension)
        return super().frame(dimension) if self.is_bounded else Frame(self.origin, self._columns, 2)

    def to_json(self) -> dict[str, Any]:
        parts = {"origin": self.origin, "u": self.u, "v": self.v}
        plane: dict[str, Any] = {name: [format_fraction(v) for v in vector] for name, vector in parts.items()}
        return {"plane": plane if self.is_bounded else {**plane, "bounded": False}}

    def __repr__(self) -> str:
        end = "" if self.is_bounded else ", bounded=False"
        return f"Plane({_short(self.origin)}, {_short(self.u)}, {_short(self.v)}{end})"


@dataclass(frozen=True, init=False, repr=False)
class Space(Domain):
    """The whole input space R^n.

    Parameters
    ----------
    dimension : int, optional
        n, to be checked against the network's inputs; by default any network's.

    Examples
    --------
    >>> Space().bounded, Space() == Space(2)
    (False, False)
    """

    dimension: int | None

    def __init__(self, dimension: int | None = None) -> None:
        if dimension is not None:
            try:
                n = as_number(dimension)
            except ValueError as error:
                raise DomainError(f"the space's dimension: {error}") from None
            if n.denominator != 1 or n < 1:
                raise DomainError(f"the space's dimension must be a whole number, at least 1, not {dimension!r}")
            dimension = int(n)
        _freeze(self, dimension=dimension)

    @property
    def bounded(self) -> bool:
        return False

    def chart(self, dimension: int) -> Chart:
        self.frame(dimension)
        raise _unbounded("the whole space")

    def frame(self, dimension: int) -> Frame:
        if self.dimension is not None and self.dimension != dimension:
            raise DomainError(f"the space has {self.dimension} dimensions, the network has {dimension} inputs")
        return Frame((Fraction(0),) * dimension, None, dimension)

    def to_json(self) -> dict[str, Any]:
        return {"space": True}

    def __repr__(self) -> str:
        return f"Space({'' if self.dimension is None else self.dimension})"


@dataclass(frozen=True, init=False, repr=False)
class Polytope(Domain):
    """The polyhedron {x : A x <= b}, bounded or not; it may be of lower dimension than its space.

    Parameters
    ----------
    A : m rows of n numbers
    b : m numbers

    Raises
    ------
    EmptyDomainError, UnboundedDomainError
        From :meth:`chart`, after an exact proof; the former from :attr:`bounded` too.

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
            raise DomainError("the polytope has no row: for the whole space use Space()")
        if len(self.A) != len(self.b):
            raise DomainError(f"the polytope has {len(self.A)} rows in A but {len(self.b)} numbers in b")
        if len({len(row) for row in self.A}) != 1:
            raise DomainError("the rows of the polytope's A have different lengths")

    def chart(self, dimension: int) -> Chart:
        _check_dimension("polytope", len(self.A[0]), dimension)
        if isinstance(self._chart, UnboundedDomainError):
            raise UnboundedDomainError(str(self._chart))
        return self._chart

    @cached_property
    def _chart(self) -> Chart | UnboundedDomainError:
        from polyregions.exact.polytope import polytope_chart

        try:
            return polytope_chart(self.A, self.b)
        except UnboundedDomainError as error:
            return error

    @property
    def bounded(self) -> bool:
        """Whether the polyhedron is bounded, decided exactly."""
        return not isinstance(self._chart, UnboundedDomainError)

    def frame(self, dimension: int) -> Frame:
        _check_dimension("polytope", len(self.A[0]), dimension)
        if self.bounded:
            return super().frame(dimension)
        rows = tuple((tuple(-v for v in row), bound) for row, bound in zip(self.A, self.b, strict=True))
        return Frame((Fraction(0),) * dimension, None, dimension, rows)

    def to_json(self) -> dict[str, Any]:
        rows = [[format_fraction(value) for value in row] for row in self.A]
        return {"A": rows, "b": [format_fraction(value) for value in self.b]}

    def __repr__(self) -> str:
        return f"Polytope({len(self.b)} inequalities in {len(self.A[0])} dimensions)"

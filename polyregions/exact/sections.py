"""Sections: an unbounded domain as bounded pieces, one chart each, without a region in two of them.

Homogenise, x = y / s with s > 0: a region becomes a cone, and a cone that holds no line is known by a bounded section
through it. The cone of all of R^n holds lines, but those it is cut into by hyperplanes of the network's own first layer
do not, and no region lies in two of them. docs/unbounded.md has the derivation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from polyregions.bounds.serra import open_cell_bound
from polyregions.definition import Definition
from polyregions.domain import Chart, Domain, Vector
from polyregions.errors import UnsupportedDomainError
from polyregions.exact.arithmetic import Matrix, default_arithmetic
from polyregions.exact.independent import independent_rows
from polyregions.exact.numbers import common_denominator, integer_rows
from polyregions.exact.polytope import polytope_chart
from polyregions.exact.restriction import Restriction, composed
from polyregions.network import ExactLayer, Network

__all__ = ["Section", "Sections"]

#: One row over section coordinates, and its constant.
Row = tuple[Vector, Fraction]


@dataclass(frozen=True)
class Section:
    """One piece of the domain.

    Attributes
    ----------
    active : int
        How many of the units that cut the domain into pieces are active here.
    restriction : Restriction
        Of the network to the piece.
    """

    active: int
    restriction: Restriction


class Sections:
    """The pieces of an unbounded domain for a network, made one by one.

    Parameters
    ----------
    network : Network
    domain : Domain
        Unbounded.
    definition : Definition

    Attributes
    ----------
    cuts : tuple of int
        The units of the first layer whose hyperplanes cut the domain; there are 2^len(cuts) pieces, and at least as
        many regions.

    Raises
    ------
    DomainError
        If the domain lives in another space; :class:`UnsupportedDomainError` if it can't be cut.

    Notes
    -----
    With r the rank of the first layer on the domain (and of the domain's rows), two exact linear systems of r
    equations, and a product of integer matrices, n_1 by r by r, per piece.
    """

    def __init__(self, network: Network, domain: Domain, definition: Definition) -> None:
        self.network, self.domain, self.definition = network, domain, definition
        self._arithmetic = default_arithmetic()
        self._frame = domain.frame(network.input_dimension)
        rows = [integer_rows([[*a, c]])[0][0] for a, c in self._frame.rows]
        layer = self._framed_layer()
        forms = [[*row, bias] for row, bias in zip(layer.weights, layer.biases, strict=True)]
        cutting = self._cutting_units()
        order = [cutting[i] for i in _apart_first([forms[i][:-1] for i in cutting])]
        everything = [*rows, *(forms[i] for i in order)]
        chosen, self._columns = independent_rows([row[:-1] for row in everything], len(rows), self._arithmetic)
        self.cuts = tuple(order[i - len(rows)] for i in chosen if i >= len(rows))
        self._require_cuts([*everything, *forms], len(chosen))
        # Coordinates h_k >= 0 of the pieces: the chosen rows' values, those of cutting units with a sign; and s >= 0.
        self._chosen = [everything[i] for i in chosen]
        self._solve(self._chosen)
        self._forms = self._over_pieces(forms)
        self._domain_rows = self._over_pieces(rows)
        self._denominator = layer.denominator * self._scale
        self._central = self._is_central()
        self._section()

    @property
    def widths(self) -> tuple[int, ...]:
        return self.network.widths

    @property
    def total(self) -> int:
        """The number of pieces."""
        return 1 << len(self.cuts)

    @property
    def rank(self) -> int:
        """The number of independent directions in which the network's forms, or the domain's rows, change."""
        return len(self._columns)

    def bound(self, active: int) -> int:
        """Theorem 1 for any piece in which so many of the cutting units are active."""
        if not self.widths:
            return 1
        passed = self.network.linear_widths
        live = self.widths[0] - passed[0] - len(self.cuts)
        return open_cell_bound(self.widths, 0, live, active + passed[0], self.dimension, passed)

    def __iter__(self) -> Iterator[Section]:
        for signs in product((1, -1), repeat=len(self.cuts)):
            yield Section(signs.count(1), self._piece(signs))

    def ambient(self, point: Sequence[Fraction]) -> Vector:
        """The point itself: leaves are given in input space."""
        return tuple(point)

    def lines(self) -> list[Vector]:
        """A basis of the directions, over the frame's coordinates, along which neither network nor domain change."""
        free = [j for j in range(self._frame.dimension) if j not in set(self._columns)]
        k = len(self._columns)
        basis = [[Fraction(int(i == j)) for i in range(self._frame.dimension)] for j in free]
        if k and free:
            matrix = self._arithmetic.matrix([[row[j] for j in self._columns] for row in self._chosen])
            right = self._arithmetic.matrix([[-row[j] for j in free] for row in self._chosen])
            solved = self._arithmetic.solve(matrix, right)
            if solved is None:
                raise ArithmeticError("independent rows were found dependent")
            for i, entries in zip(self._columns, solved[0], strict=True):
                for vector, entry in zip(basis, entries, strict=True):
                    vector[i] = Fraction(int(entry), int(solved[1]))
        return [tuple(vector) for vector in basis]

    # -- coordinates on the pieces -------------------------------------------------------------------------

    def _framed_layer(self) -> ExactLayer:
        """The first layer over the frame's coordinates; an empty one where the network has no ReLU."""
        if not self.network.depth:
            return ExactLayer([], [], 1)
        layer = self.network.exact_layers[0]
        if self._frame.columns is None:
            return layer
        return composed(layer, self._frame.origin, self._frame.columns)

    def _cutting_units(self) -> list[int]:
        """The ReLUs of the first layer: on the two sides of a linear unit's hyperplane its state is the same."""
        if not self.network.depth:
            return []
        return [i for i, linear in enumerate(self.network.linear_masks[0].tolist()) if not linear]

    def _require_cuts(self, everything: list[list[int]], rank: int) -> None:
        """Linear units must not change along a line on which no ReLU of the first layer does."""
        if len(self._cutting_units()) == (self.widths[0] if self.widths else 0):
            return
        if len(independent_rows([row[:-1] for row in everything], 0, self._arithmetic)[0]) > rank:
            raise UnsupportedDomainError(
                "layer 1 has linear units that depend on more of the unbounded domain than its ReLUs do: these can't "
                "cut it into pieces that hold no line; count over a bounded domain, such as a box"
            )

    def _solve(self, chosen: list[list[int]]) -> None:
        """Express the frame's coordinates by those of the pieces.

        The frame's coordinates ``_columns`` times s are ``(sum_k h_k X_k + s X_last) / q``, the others 0: rows that all
        depend on the chosen ones do not tell points from one another that differ in those.
        """
        k = len(chosen)
        matrix = self._arithmetic.matrix([[row[j] for j in self._columns] for row in chosen], k)
        right = self._arithmetic.matrix([[*(int(i == j) for j in range(k)), -chosen[i][-1]] for i in range(k)], k + 1)
        solved = self._arithmetic.solve(matrix, right)
        if solved is None:
            raise ArithmeticError("independent rows were found dependent")
        numerators, denominator = solved
        self._points = [[int(value) for value in row] for row in numerators]
        self._scale = int(denominator)

    def _over_pieces(self, rows: list[list[int]]) -> list[list[int]]:
        """Rows over the frame's coordinates as rows over h and s, times ``_scale``."""
        size = len(self._columns) + 1
        if not rows:
            return []
        if size == 1:
            return [[row[-1] * self._scale] for row in rows]
        left = self._arithmetic.matrix([[row[j] for j in self._columns] for row in rows])
        multiplied = self._arithmetic.multiply(left, self._arithmetic.matrix(self._points, size))
        result = [[int(value) for value in row] for row in self._arithmetic.rows(multiplied)]
        for row, given in zip(result, rows, strict=True):
            row[-1] += given[-1] * self._scale
        return result

    def _is_central(self) -> bool:
        """Whether everything is a cone with one apex: s then tells no two points from one another.

        Only among sets of full dimension: the apex is a point that no section meets.
        """
        later = self.network.exact_layers[1 : self.network.depth]
        return (
            self.definition is Definition.REGIONS
            and bool(self._columns)
            and not any(row[-1] for row in (*self._forms, *self._domain_rows))
            and not any(any(layer.biases) for layer in later)
        )

    # -- the section ---------------------------------------------------------------------------------------

    def _section(self) -> None:
        """Coordinates v on the section sum_k h_k / w_k + s = 1, the same for all pieces: (h / w, s) = e + E v.

        The weights w_k, powers of two, give the columns of the first layer equal sizes, so that what the network has
        at a distance lies neither at the piece's apex nor at infinity.
        """
        k = len(self._columns)
        self._weights = self._sizes()
        d = k - int(self._central)
        # The first of h is 1 minus the others (and s). In a central piece, and without any h, s is always 1.
        e, first = [Fraction(0)] * (k + 1), 0
        e[k] = Fraction(int(self._central))
        e[first] = Fraction(1)
        columns = [{first: Fraction(-1), i: Fraction(1)} for i in range(1, d + 1)]
        rows = [((Fraction(-1),) * d, Fraction(1))] if d > 1 else []
        walls = self._walls(e, columns)
        if walls:
            hull = _hull(d, [*rows, *walls])
            self._lower, self._upper, self._rows, self._start = hull.lower, hull.upper, hull.rows, hull.start
            if hull.columns is not None:
                moved = _combination(columns, dict(enumerate(hull.origin)))
                e = [value + moved.get(i, Fraction(0)) for i, value in enumerate(e)]
                columns = [_combination(columns, column) for column in hull.columns]
        else:
            self._lower, self._upper, self._rows = (Fraction(0),) * d, (Fraction(1),) * d, tuple(rows)
            self._start = (Fraction(1, 1 << d.bit_length()),) * d
        self.dimension = len(columns)
        # In a flat domain s may be the same everywhere, and then 1 is as good.
        self.homogeneous = any(column.get(k) for column in columns)
        if not self.homogeneous:
            share = 1 / e[k]
            e = [value * share for value in e]
            columns = [{i: value * share for i, value in column.items()} for column in columns]
        self._offset, self._directions = e, columns
        table = [[*(column.get(i, Fraction(0)) for column in columns), value] for i, value in enumerate(e)]
        integers, self._section_scale = integer_rows(table)
        self._matrix: Matrix = self._arithmetic.matrix(integers, self.dimension + 1)

    def _sizes(self) -> list[Fraction]:
        """A power of two for each of h, by which the first layer's coefficients of it are as large as those of s."""
        k = len(self._columns)
        sums = [sum(abs(row[j]) for row in self._forms) for j in range(k + 1)]
        target = sums[k] or max(sums)
        return [Fraction(2) ** (target.bit_length() - size.bit_length()) if size else Fraction(1) for size in sums[:k]]

    def _walls(self, e: Sequence[Fraction], columns: Sequence[dict[int, Fraction]]) -> list[Row]:
        """The domain's rows that the signs of h and s do not imply, over v."""
        weights = [*self._weights, Fraction(1)]
        wide = [row for row in self._domain_rows if any(value < 0 for value in row)]
        scaled = [[value * weight for value, weight in zip(row, weights, strict=True)] for row in wide]
        return [_restricted(row, e, columns) for row in scaled]

    # -- pieces --------------------------------------------------------------------------------------------

    def _piece(self, signs: tuple[int, ...]) -> Restriction:
        factors = self._factors(signs)
        layer = self._layer(factors)
        return Restriction(self.network, self.domain, self._arithmetic, section=(self._chart(factors, signs), layer))

    def _factors(self, signs: tuple[int, ...]) -> list[Fraction]:
        """By what the coordinates (h / w, s) of a piece are multiplied to give the chosen rows' values, and s."""
        plain = len(self._columns) - len(signs)
        return [
            *(w * s for w, s in zip(self._weights, (*(1,) * plain, *signs), strict=True)),
            Fraction(1),
        ]

    def _layer(self, factors: list[Fraction]) -> ExactLayer:
        q = common_denominator(factors)
        whole = [int(f * q) for f in factors]
        if not self._forms:
            return ExactLayer([], [], 1)
        left = [[value * f for value, f in zip(row, whole, strict=True)] for row in self._forms]
        rows = self._arithmetic.rows(self._arithmetic.multiply(self._arithmetic.matrix(left), self._matrix))
        integers = [[int(value) for value in row] for row in rows]
        return ExactLayer(
            [row[:-1] for row in integers],
            [row[-1] for row in integers],
            self._denominator * q * self._section_scale,
        )

    def _chart(self, factors: list[Fraction], signs: tuple[int, ...]) -> Chart:
        points = [
            {
                i: Fraction(row[k] * int(f.numerator), self._scale * f.denominator)
                for i, row in zip(self._columns, self._points, strict=True)
                if row[k]
            }
            for k, f in enumerate(factors)
        ]
        frame = self._frame
        at_s = len(points) - 1

        def ambient(entries: dict[int, Fraction], share: Fraction) -> dict[int, Fraction]:
            """From the frame's coordinates to input space; ``share`` is what s contributes."""
            if frame.columns is None:
                return entries
            vector = {i: share * value for i, value in enumerate(frame.origin) if share and value}
            for j, amount in entries.items():
                for i, value in frame.columns[j].items():
                    vector[i] = vector.get(i, Fraction(0)) + amount * value
            return {i: value for i, value in vector.items() if value}

        columns = tuple(ambient(_combination(points, c), c.get(at_s, Fraction(0))) for c in self._directions)
        origin = ambient(_combination(points, dict(enumerate(self._offset))), self._offset[at_s])
        strict = self._strict_rows(signs)
        return Chart(
            tuple(origin.get(i, Fraction(0)) for i in range(self.network.input_dimension)),
            columns,
            self._lower,
            self._upper,
            (*self._rows, *strict),
            self._start,
            self.homogeneous,
            len(strict),
        )

    def _strict_rows(self, signs: tuple[int, ...]) -> list[Row]:
        """Where patterns are counted: s > 0, and h_k > 0 where the cutting unit is active."""
        if self.definition is Definition.REGIONS or not self.homogeneous:
            return []
        k = len(self._columns)
        wanted = [k, *(k - len(signs) + i for i, sign in enumerate(signs) if sign > 0)]
        units = [[Fraction(int(i == j)) for i in range(k + 1)] for j in wanted]
        return [_restricted(row, self._offset, self._directions) for row in units]


def _apart_first(rows: list[list[int]]) -> list[int]:
    """The rows' order by which each is as far as can be from the span of those before it; a proposal in floats.

    Cutting hyperplanes that are nearly parallel would make the pieces' coordinates large, and the float filter coarse.
    """
    sizes = [max(map(abs, row), default=0) or 1 for row in rows]
    left = np.array([[value / size for value in row] for row, size in zip(rows, sizes, strict=True)])
    order: list[int] = []
    for _ in range(min(left.shape) if rows else 0):
        norms = np.linalg.norm(left, axis=1)
        norms[order] = -1.0
        best = int(norms.argmax())
        if not norms[best] > 1e-9:
            break
        order.append(best)
        direction = left[best] / norms[best]
        left -= np.outer(left @ direction, direction)
    return [*order, *(i for i in range(len(rows)) if i not in set(order))]


def _hull(d: int, rows: Sequence[Row]) -> Chart:
    """The chart of the part of the cube [0, 1]^d in which the rows hold."""
    a, b = [tuple(-value for value in row) for row, _ in rows], [c for _, c in rows]
    for j in range(d):
        for sign in (1, -1):
            a.append(tuple(Fraction(sign * int(i == j)) for i in range(d)))
            b.append(Fraction(int(sign > 0)))
    return polytope_chart(a, tuple(b))


def _restricted(row: Sequence[Fraction], e: Sequence[Fraction], columns: Sequence[dict[int, Fraction]]) -> Row:
    """A row over (h / w, s) as a row over v."""
    return (
        tuple(sum((row[i] * value for i, value in column.items()), Fraction(0)) for column in columns),
        sum((value * x for value, x in zip(row, e, strict=True)), Fraction(0)),
    )


def _combination(vectors: Sequence[dict[int, Fraction]], weights: dict[int, Fraction]) -> dict[int, Fraction]:
    result: dict[int, Fraction] = {}
    for k, weight in weights.items():
        for i, value in vectors[k].items() if weight else ():
            result[i] = result.get(i, Fraction(0)) + weight * value
    return {i: value for i, value in result.items() if value}

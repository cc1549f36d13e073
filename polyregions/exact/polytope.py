"""Exact coordinates on a polytope {x : A x <= b}: bounds, affine hull, an interior point.

Everything is decided by the exact simplex method, so a polytope of lower dimension (written with pairs of
inequalities, or by accident) gets the coordinates of its own affine hull, and emptiness and unboundedness are proven.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from polyregions.domain import Chart, Vector
from polyregions.errors import EmptyDomainError, UnboundedDomainError
from polyregions.exact.arithmetic import default_arithmetic
from polyregions.exact.numbers import common_denominator, integer_rows
from polyregions.exact.simplex import ExactLP, ExactOptimum, Verdict

__all__ = ["polytope_chart", "restricted_rows"]

#: A linear inequality a . t + c >= 0.
Row = tuple[Vector, Fraction]


def polytope_chart(a: Sequence[Vector], b: Vector) -> Chart:
    """The chart of {x : A x <= b}.

    Its coordinates are some of those of x, in their order. Its rows are those of A, restricted to the hull, that have
    two or more coordinates there; the others are implied by the box.

    Raises
    ------
    EmptyDomainError, UnboundedDomainError

    Notes
    -----
    One exact linear program for emptiness, four per coordinate that no row bounds by itself, and one per
    dimension that the polytope lacks, plus one.
    """
    n = len(a[0])
    rows = restricted_rows(a, b, (), None)
    _require_points(rows, n)
    hull = _Hull(n, rows)
    hull.bound()
    while not hull.find_interior():
        pass
    origin, columns = tuple(hull.origin), hull.sparse_columns()
    # Not the hull's own rows: some of those are bounds of eliminated coordinates, which these imply.
    restricted = restricted_rows(a, b, origin, columns)
    wide = tuple((row, c) for row, c in restricted if sum(map(bool, row)) > 1)
    return Chart(origin, columns, tuple(hull.lower), tuple(hull.upper), wide, hull.start)


def restricted_rows(
    a: Sequence[Vector], b: Vector, origin: Vector, columns: tuple[dict[int, Fraction], ...] | None
) -> list[Row]:
    """The inequalities of {x : A x <= b}, in their order, as rows over a chart's coordinates."""
    if columns is None:
        return [(tuple(-value for value in row), bound) for row, bound in zip(a, b, strict=True)]
    return [
        (
            tuple(-sum((row[i] * value for i, value in column.items()), Fraction(0)) for column in columns),
            bound - sum((value * x for value, x in zip(row, origin, strict=True)), Fraction(0)),
        )
        for row, bound in zip(a, b, strict=True)
    ]


def _require_points(rows: list[Row], n: int) -> None:
    """Homogenise: the polytope has a point iff some (y, s) in [-1, 1]^n x [0, 1] with a . y + c s >= 0 has s > 0."""
    integer = [[*integer_rows([[*a, c]])[0][0], 0] for a, c in rows]
    lp = ExactLP(integer, [-1] * n + [0], [1] * n + [1], default_arithmetic())
    if lp.maximise([0] * n + [1, 0], stop=Verdict.NOT_POSITIVE).verdict is not Verdict.OPTIMAL:
        raise EmptyDomainError("the polytope is empty: no point satisfies all of A x <= b")


@dataclass
class _Hull:
    """Coordinates t on an affine space that contains the polytope, narrowed until the polytope has interior there.

    x = origin + sum_j t_j columns_j; bounds of t where known; the remaining constraints as rows over t.
    """

    n: int
    rows: list[Row]
    origin: list[Fraction] = field(init=False)
    columns: list[dict[int, Fraction]] = field(init=False)
    lower: list[Fraction] = field(init=False)
    upper: list[Fraction] = field(init=False)
    start: Vector = field(init=False, default=())

    def __post_init__(self) -> None:
        self.origin = [Fraction(0)] * self.n
        self.columns = [{i: Fraction(1)} for i in range(self.n)]

    def sparse_columns(self) -> tuple[dict[int, Fraction], ...] | None:
        identity = len(self.columns) == self.n and not any(self.origin)
        return None if identity else tuple(self.columns)

    def bound(self) -> None:
        """Find bounds of every coordinate: from rows with one coefficient, else from combinations of rows."""
        lower: list[Fraction | None] = [None] * self.n
        upper: list[Fraction | None] = [None] * self.n
        general = []
        for a, c in self.rows:
            support = [j for j, value in enumerate(a) if value]
            if len(support) > 1:
                general.append((a, c))
            elif support:
                (j,) = support
                limit = -c / a[j]
                if a[j] > 0:
                    lower[j] = limit if lower[j] is None else max(lower[j], limit)  # type: ignore[type-var]
                else:
                    upper[j] = limit if upper[j] is None else min(upper[j], limit)  # type: ignore[type-var]
        missing = [(j, sign) for j in range(self.n) for sign, side in ((1, upper), (-1, lower)) if side[j] is None]
        for j, sign in missing:
            limit = sign * self._recession_bound(j, sign)
            (upper if sign > 0 else lower)[j] = limit
        self.lower = [value for value in lower if value is not None]
        self.upper = [value for value in upper if value is not None]
        self.rows = general
        for j, sign in missing:
            objective = [Fraction(sign * int(i == j)) for i in range(self.n)]
            optimum = sign * self._maximise(objective, Fraction(0), []).bound
            (self.upper if sign > 0 else self.lower)[j] = optimum

    def _recession_bound(self, j: int, sign: int) -> Fraction:
        """A bound of ``sign * x_j``: multipliers that write it as a combination of the rows of A.

        They exist iff no direction y of the recession cone {a . y >= 0} has ``sign * y_j > 0``; the dual of the linear
        program that looks for one in the box [-1, 1]^n finds them (its box multipliers are 0 at an optimum of 0).
        """
        integer = [[*integer_rows([[*a, c]])[0][0][:-1], 0] for a, c in self.rows]
        lp = ExactLP(integer, [-1] * self.n, [1] * self.n, default_arithmetic())
        objective = [sign * int(i == j) for i in range(self.n)] + [0]
        optimum = lp.maximise(objective, stop=Verdict.NOT_POSITIVE)
        if optimum.verdict is Verdict.OPTIMAL:
            where = "above" if sign > 0 else "below"
            raise UnboundedDomainError(
                f"the polytope is unbounded: nothing bounds coordinate {j} from {where}; add a bound"
            )
        total = Fraction(0)
        for i, weight in optimum.multipliers.items():
            a, c = self.rows[i]
            total += weight * common_denominator([*a, c]) * c
        return total

    def _maximise(self, objective: list[Fraction], constant: Fraction, rows: list[list[Fraction]]) -> ExactOptimum:
        """Maximise over the present box and rows; ``rows`` replaces them, with one more column f in [0, 1]."""
        scale = common_denominator([*self.lower, *self.upper])
        integer = integer_rows(rows)[0] if rows else [integer_rows([[*a, c]])[0][0] for a, c in self.rows]
        lower = [int(value * scale) for value in self.lower]
        upper = [int(value * scale) for value in self.upper]
        if rows:
            lower, upper = [*lower, 0], [*upper, scale]
        lp = ExactLP([[*row[:-1], row[-1] * scale] for row in integer], lower, upper, default_arithmetic())
        (goal,), q = integer_rows([[*objective, constant * scale]])
        optimum = lp.maximise(goal)
        if optimum.numerators is None:
            raise EmptyDomainError("the polytope is empty: no point satisfies all of A x <= b")
        return ExactOptimum(
            optimum.verdict,
            optimum.bound / (q * scale),
            optimum.numerators,
            optimum.denominator * scale,
            optimum.multipliers,
            optimum.pivots,
        )

    def find_interior(self) -> bool:
        """Look for an interior point; if there is none, go over to a smaller affine space and return False."""
        flat = next((j for j, (low, high) in enumerate(zip(self.lower, self.upper, strict=True)) if low == high), None)
        if flat is not None:
            a = tuple(Fraction(int(j == flat)) for j in range(len(self.lower)))
            self._eliminate(a, -self.lower[flat])
            return False
        centre = [(low + high) / 2 for low, high in zip(self.lower, self.upper, strict=True)]
        if not self.rows:
            self.start = tuple(centre)
            return True
        with_slack = [[*a, Fraction(-1), c] for a, c in self.rows]
        optimum = self._maximise([Fraction(0)] * len(centre) + [Fraction(1)], Fraction(0), with_slack)
        if optimum.bound == 0:
            # The multipliers combine rows that are >= 0 on the polytope into something <= 0: each of them is 0 there.
            self._eliminate(*self.rows[next(iter(optimum.multipliers))])
            return False
        assert optimum.numerators is not None
        point = [Fraction(value, optimum.denominator) for value in optimum.numerators[:-1]]
        # Rows are positive at the point; a small step to the box's centre keeps them so and leaves the box's faces.
        share = Fraction(1, 2)
        for a, c in self.rows:
            here, there = _value(a, c, point), _value(a, c, centre)
            if there < 0:
                share = min(share, here / (here - there) / 2)
        self.start = tuple((1 - share) * p + share * q for p, q in zip(point, centre, strict=True))
        return True

    def _eliminate(self, a: Vector, c: Fraction) -> None:
        """Use the equation a . t + c = 0 to express one coordinate by the others; its bounds become rows."""
        k = next(j for j, value in enumerate(a) if value)
        others = [j for j in range(len(a)) if j != k]
        slope, constant = [-a[j] / a[k] for j in others], -c / a[k]

        def substitute(row: Vector, offset: Fraction) -> Row:
            entries = [row[j] + row[k] * s for j, s in zip(others, slope, strict=True)]
            return tuple(entries), offset + row[k] * constant

        unit = tuple(Fraction(int(j == k)) for j in range(len(a)))
        rows = [*self.rows, (unit, -self.lower[k]), (tuple(-value for value in unit), self.upper[k])]
        self.origin = [o + constant * self.columns[k].get(i, Fraction(0)) for i, o in enumerate(self.origin)]
        columns = []
        for j, s in zip(others, slope, strict=True):
            column = dict(self.columns[j])
            for i, value in self.columns[k].items() if s else ():
                column[i] = column.get(i, Fraction(0)) + s * value
            columns.append({i: value for i, value in column.items() if value})
        self.columns = columns
        self.lower = [self.lower[j] for j in others]
        self.upper = [self.upper[j] for j in others]
        self.rows = []
        for row, offset in (substitute(*row) for row in rows):
            support = [j for j, value in enumerate(row) if value]
            if len(support) > 1:
                self.rows.append((row, offset))
            elif support:
                self._tighten(support[0], -offset / row[support[0]], row[support[0]] > 0)
            elif offset < 0:
                raise EmptyDomainError("the polytope is empty: no point satisfies all of A x <= b")

    def _tighten(self, j: int, limit: Fraction, is_lower: bool) -> None:
        if is_lower:
            self.lower[j] = max(self.lower[j], limit)
        else:
            self.upper[j] = min(self.upper[j], limit)


def _value(a: Vector, c: Fraction, point: Sequence[Fraction]) -> Fraction:
    return sum((value * x for value, x in zip(a, point, strict=True)), c)

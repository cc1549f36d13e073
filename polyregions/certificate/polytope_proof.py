"""The first tokens of a polytope's certificate: its hull and its box, proven from A x <= b (docs/certificate.md).

The chart is known; what is looked for here are multipliers, which exist by Farkas' lemma: exact linear programs find
them where no single row, or pair of opposite rows, is a proof.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from polyregions.certificate import encoding
from polyregions.domain import Chart, Polytope, Vector
from polyregions.exact.arithmetic import default_arithmetic
from polyregions.exact.numbers import common_denominator, integer_rows
from polyregions.exact.polytope import restricted_rows
from polyregions.exact.simplex import ExactLP

__all__ = ["polytope_proof"]

Multipliers = dict[int, Fraction]
#: A linear inequality a . t + c >= 0.
Row = tuple[Vector, Fraction]
#: Bounds of every coordinate.
Bounds = list[Fraction]


def polytope_proof(domain: Polytope, chart: Chart) -> bytes:
    """HULL, then UPPER and LOWER for each coordinate of the polytope's own chart.

    Notes
    -----
    An exact linear program for each bound that is not a row of A, and for a flat polytope at most one per dimension
    that it lacks; none for those that pairs of opposite rows take.
    """
    restricted = restricted_rows(domain.A, domain.b, chart.origin, chart.columns)
    flat = [i for i, (a, c) in enumerate(restricted) if not c and not any(a)]
    dependent = sorted(set(range(len(domain.A[0]))) - set(_free_coordinates(chart)))
    weights = _equalities(domain, chart, flat, len(dependent))
    tokens = [encoding.hull(*_lists(weights), dependent)]
    tokens += [encoding.bound(j, sign, *_lists(proof)) for j, sign, proof in _bounds(restricted, chart)]
    return b"".join(tokens)


def _lists(multipliers: Multipliers) -> tuple[list[int], list[Fraction]]:
    indices = sorted(multipliers)
    return indices, [multipliers[i] for i in indices]


def _free_coordinates(chart: Chart) -> list[int]:
    """Coordinates of x that are the chart's, in order: x_i = t_j.

    The first that will do for each t_j is never too far on for the next, which has one by the chart's making.
    """
    if chart.columns is None:
        return list(range(chart.dimension))
    free: list[int] = []
    for column in chart.columns:
        others = {i for other in chart.columns if other is not column for i in other}
        start = free[-1] + 1 if free else 0
        free.append(
            next(i for i in sorted(column) if i >= start and column[i] == 1 and i not in others and not chart.origin[i])
        )
    return free


# -- the hull --------------------------------------------------------------------------------------------------


def _equalities(domain: Polytope, chart: Chart, flat: Sequence[int], rank: int) -> Multipliers:
    """Positive multipliers of rows b - A x, with sum 0, whose hyperplanes meet in the chart.

    Parameters
    ----------
    flat : the rows that are 0 on the chart
    rank : the number of dimensions that the polytope lacks
    """
    proven: Multipliers = {}
    if not rank:
        return proven
    seen: dict[Vector, tuple[int, Fraction]] = {}
    for i in flat:
        size = next((abs(value) for value in domain.A[i] if value), Fraction(1))
        a = tuple(value / size for value in domain.A[i])
        opposite = seen.get(tuple(-value for value in a))
        seen.setdefault(a, (i, size))
        if opposite is not None:
            for row, weight in ((i, 1 / size), (opposite[0], 1 / opposite[1])):
                proven[row] = proven.get(row, Fraction(0)) + weight
    while _rank(domain.A[i] for i in proven) < rank:
        for row, weight in _combination(domain, chart, [i for i in flat if i not in proven]).items():
            proven[row] = proven.get(row, Fraction(0)) + weight
    return proven


def _rank(rows: Iterable[Vector]) -> int:
    basis: list[tuple[int, Vector]] = []
    for row in rows:
        for k, pivot in basis:
            if row[k]:
                row = tuple(value - row[k] * other for value, other in zip(row, pivot, strict=True))
        for k, lead in enumerate(row):
            if lead:
                basis.append((k, tuple(value / lead for value in row)))
                break
    return len(basis)


def _combination(domain: Polytope, chart: Chart, rows: Sequence[int]) -> Multipliers:
    """Multipliers of b - A x with sum 0, one of them of the given rows, which are 0 on the polytope.

    The program: maximise f, at most each of these rows. Its maximum is 0; and as no bound of the enlarged box is tight
    at a point of the polytope, its multipliers leave no coefficient of x.
    """
    lower, upper = _ambient_box(chart)
    scale = common_denominator([*lower, *upper])
    chosen = set(rows)
    system, scales = [], []
    for i, (a, b) in enumerate(zip(domain.A, domain.b, strict=True)):
        (row,), q = integer_rows([[*(-value for value in a), b * scale]])
        system.append([*row[:-1], -q * (i in chosen), row[-1]])
        scales.append(q)
    lp = ExactLP(system, [*_scaled(lower, scale), 0], [*_scaled(upper, scale), 1], default_arithmetic())
    optimum = lp.maximise([0] * len(lower) + [1, 0])
    if optimum.bound != 0:
        raise ArithmeticError("a polytope was found to have interior where its chart is flat")
    return {i: weight * scales[i] for i, weight in optimum.multipliers.items()}


def _ambient_box(chart: Chart) -> tuple[Bounds, Bounds]:
    """Bounds of x, none of them tight on the polytope."""
    lower, upper = list(chart.origin), list(chart.origin)
    columns = chart.columns or [{j: Fraction(1)} for j in range(chart.dimension)]
    for column, low, high in zip(columns, chart.lower, chart.upper, strict=True):
        for i, value in column.items():
            lower[i] += min(value * low, value * high)
            upper[i] += max(value * low, value * high)
    return [value - 1 for value in lower], [value + 1 for value in upper]


def _scaled(values: Iterable[Fraction], scale: int) -> list[int]:
    return [int(value * scale) for value in values]


# -- the box ---------------------------------------------------------------------------------------------------


def _bounds(rows: list[Row], chart: Chart) -> list[tuple[int, int, Multipliers]]:
    """Triples (coordinate, sign, multipliers) whose bounds are those of the chart's box, or tighter ones."""
    proofs: list[tuple[int, int, Multipliers]] = []
    # As far as they are not proven, bounds that no point of the polytope attains.
    lower, upper = [value - 1 for value in chart.lower], [value + 1 for value in chart.upper]
    missing = []
    for j in range(chart.dimension):
        for sign, box, ends in ((1, chart.upper, upper), (-1, chart.lower, lower)):
            single = _single_row(rows, j, sign)
            if single is None or sign * single[0] > sign * box[j]:
                missing.append((j, sign, ends))
            else:
                ends[j], proof = single
                proofs.append((j, sign, proof))
    walls = [i for i, (a, _) in enumerate(rows) if any(a)]
    integer = [integer_rows([[*rows[i][0], rows[i][1]]]) for i in walls]
    for j, sign, ends in missing:
        scale = common_denominator([*lower, *upper])
        system = [[*row[:-1], row[-1] * scale] for (row,), _ in integer]
        lp = ExactLP(system, _scaled(lower, scale), _scaled(upper, scale), default_arithmetic())
        optimum = lp.maximise([sign * int(i == j) for i in range(chart.dimension)] + [0])
        ends[j] = sign * optimum.bound / scale
        proofs.append((j, sign, {walls[i]: weight * integer[i][1] for i, weight in optimum.multipliers.items()}))
    return proofs


def _single_row(rows: list[Row], j: int, sign: int) -> tuple[Fraction, Multipliers] | None:
    """The tightest bound of t_j by a row with no other coordinate, and the row's multiplier."""
    best = None
    for i, (a, c) in enumerate(rows):
        if a[j] * sign < 0 and sum(map(bool, a)) == 1:
            limit = -c / a[j]
            if best is None or sign * limit < sign * best[0]:
                best = (limit, {i: 1 / abs(a[j])})
    return best

"""The lifted polyhedron of an activation pattern, and its domain, as systems of exact inequalities."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from polyregions.domain import Domain, Polytope
from polyregions.network import Network
from polyregions.projection.system import LinearSystem, echelon

__all__ = ["LiftedSystem", "domain_system", "lifted_system"]


def domain_system(domain: Domain, dimension: int) -> LinearSystem:
    """The domain in input space: the rows of a polytope as given; else two bounds per chart coordinate, and the hull.

    Raises
    ------
    DomainError
        If the domain lives in a space of another dimension.
    """
    if isinstance(domain, Polytope):
        domain.chart(dimension)  # raises if there is no point, or no bound
        return LinearSystem.of(
            dimension, ([*(-v for v in row), bound] for row, bound in zip(domain.A, domain.b, strict=True))
        )
    chart = domain.chart(dimension)
    n, d = dimension, chart.dimension
    bounds: list[list[Fraction]] = []
    for j, (low, high) in enumerate(zip(chart.lower, chart.upper, strict=True)):
        unit = [Fraction(int(i == j)) for i in range(d)]
        bounds += [[*unit, -low], [*(-v for v in unit), high]]
    if chart.columns is None:
        return LinearSystem.of(n, bounds)
    # Columns t come before the inputs, so that they are solved for.
    points = [[Fraction(0)] * (d + n + 1) for _ in range(n)]
    for i, row in enumerate(points):
        row[d + i], row[-1] = Fraction(-1), chart.origin[i]
        for j, column in enumerate(chart.columns):
            row[j] = column.get(i, Fraction(0))
    pivots = echelon(LinearSystem.of(d + n, (), points).equations, range(d + n))
    if pivots is None:
        raise ArithmeticError("a chart without points")

    def rows(pairs: Sequence[tuple[int, int]]) -> list[list[Fraction]]:
        """For (j, sign), sign times t_j as a form over the inputs; t_j + (the rest of its pivot row) = 0."""
        result = []
        for j, sign in pairs:
            lead = pivots[j][j]
            form = [Fraction(-sign * pivots[j].get(d + i, 0), lead) for i in range(n + 1)]
            result.append(form)
        return result

    inequalities = rows([(j, sign) for j in range(d) for sign in (1, -1)])
    for form, bound in zip(inequalities, bounds, strict=True):
        form[-1] += bound[-1]
    hull = [[Fraction(row.get(d + i, 0)) for i in range(n + 1)] for j, row in pivots.items() if j >= d]
    return LinearSystem.of(n, inequalities, hull)


@dataclass(frozen=True)
class LiftedSystem:
    """The encoding of Serra, Tjandraatmadja & Ramalingam (2018) with the binaries fixed to a pattern.

    Attributes
    ----------
    system : LinearSystem
    names : tuple of str
        Of the columns: x_j first, then h_l_i and hbar_l_i for unit i of layer l (from 1 and 0).
    auxiliary : tuple of int
        The columns of h and hbar; without them it is the closure of the pattern's region.
    """

    system: LinearSystem
    names: tuple[str, ...]
    auxiliary: tuple[int, ...]


def lifted_system(network: Network, domain: Domain, pattern: Sequence[Sequence[int]]) -> LiftedSystem:
    """The polyhedron of all (x, h, hbar) with a pattern, over a domain.

    W h' + b = h - hbar for each unit, h' the layer before; hbar = 0 and h >= 0 where the unit is active, h = 0 and
    hbar >= 0 where it is not. The weights are exact.
    """
    n = network.input_dimension
    units = [(layer, i) for layer, width in enumerate(network.widths) for i in range(width)]
    names = [f"x_{j}" for j in range(n)]
    column: dict[tuple[str, int, int], int] = {}
    for kind in ("h", "hbar"):
        for layer, i in units:
            column[kind, layer, i] = len(names)
            names.append(f"{kind}_{layer + 1}_{i}")
    size = len(names)
    inside = domain_system(domain, n)

    def wide(row: Sequence[int]) -> list[int]:
        return [*row[:-1], *([0] * (size - n)), row[-1]]

    inequalities, equations = [wide(row) for row in inside.inequalities], [wide(row) for row in inside.equations]
    for layer, i in units:
        exact = network.exact_layers[layer]
        row = [0] * (size + 1)
        for j, weight in enumerate(exact.weights[i]):
            row[column["h", layer - 1, j] if layer else j] = weight
        row[column["h", layer, i]], row[column["hbar", layer, i]] = -exact.denominator, exact.denominator
        row[-1] = exact.biases[i]
        equations.append(row)
        kinds = ("h", "hbar") if pattern[layer][i] else ("hbar", "h")
        for kind, target in zip(kinds, (inequalities, equations), strict=True):
            sign = [0] * (size + 1)
            sign[column[kind, layer, i]] = 1
            target.append(sign)
    return LiftedSystem(LinearSystem.of(size, inequalities, equations), tuple(names), tuple(sorted(column.values())))

"""The lifted polyhedron of an activation pattern, and its domain, as systems of exact inequalities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from polyregions.domain import Chart, Domain, Polytope
from polyregions.network import Network
from polyregions.projection.system import LinearSystem, echelon, substituted

__all__ = ["LiftedSystem", "domain_system", "lifted_system"]


def domain_system(domain: Domain, dimension: int) -> LinearSystem:
    """The domain in input space: the rows of a polytope as given; else two bounds per chart coordinate, and the hull.

    An unbounded domain that is no polyhedron of its own rows has its hull alone.

    Raises
    ------
    DomainError
        If the domain lives in a space of another dimension.
    """
    if isinstance(domain, Polytope):
        (domain.chart if domain.bounded else domain.frame)(dimension)  # raises if there is no point
        return LinearSystem.of(
            dimension, ([*(-v for v in row), bound] for row, bound in zip(domain.A, domain.b, strict=True))
        )
    chart = domain.chart(dimension) if domain.bounded else domain.frame(dimension)
    n, d = dimension, chart.dimension
    limits = zip(chart.lower, chart.upper, strict=True) if isinstance(chart, Chart) else ()
    bounds = [
        bound
        for j, (low, high) in enumerate(limits)
        for bound in (_sparse(d, {j: 1, d: -low}), _sparse(d, {j: -1, d: high}))
    ]
    if chart.columns is None:
        return LinearSystem.of(n, bounds)
    # x = origin + sum_j t_j columns_j; the coordinates t come before the inputs, so that they are solved for.
    entries: list[dict[int, Fraction | int]] = [{d + i: -1, d + n: value} for i, value in enumerate(chart.origin)]
    for j, column in enumerate(chart.columns):
        for i, value in column.items():
            entries[i][j] = value
    points = LinearSystem.of(d + n, (), [_sparse(d + n, row) for row in entries])
    pivots = echelon(points.equations, range(d + n))
    if pivots is None:
        raise ArithmeticError("a chart without points")
    wide = LinearSystem.of(d + n, ([*row[:-1], *([0] * n), row[-1]] for row in bounds))
    inside = [substituted(row, {j: pivots[j] for j in range(d)})[d:] for row in wide.inequalities]
    hull = [_sparse(n, {i - d: value for i, value in row.items()}) for j, row in pivots.items() if j >= d]
    return LinearSystem.of(n, inside, hull)


def _sparse(dimension: int, entries: Mapping[int, Fraction | int]) -> list[Fraction | int]:
    """A row from its entries, the constant's being number ``dimension``."""
    row: list[Fraction | int] = [0] * (dimension + 1)
    for j, value in entries.items():
        row[j] = value
    return row


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
    hbar >= 0 where it is not. A linear unit is h = W h' + b, and has no hbar. The weights are exact.
    """
    n = network.input_dimension
    units = [(layer, i) for layer, width in enumerate(network.widths) for i in range(width)]
    names = [f"x_{j}" for j in range(n)]
    column: dict[tuple[str, int, int], int] = {}
    for kind in ("h", "hbar"):
        for layer, i in units:
            if kind == "hbar" and network.linear_masks[layer][i]:
                continue
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
        row[column["h", layer, i]] = -exact.denominator
        row[-1] = exact.biases[i]
        equations.append(row)
        if network.linear_masks[layer][i]:
            continue
        row[column["hbar", layer, i]] = exact.denominator
        kinds = ("h", "hbar") if pattern[layer][i] else ("hbar", "h")
        for kind, target in zip(kinds, (inequalities, equations), strict=True):
            sign = [0] * (size + 1)
            sign[column[kind, layer, i]] = 1
            target.append(sign)
    return LiftedSystem(LinearSystem.of(size, inequalities, equations), tuple(names), tuple(sorted(column.values())))

"""A graph on one cell of its pattern, node by node in exact rationals: what needs no lowered network, and checks it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any

from polyregions.errors import NetworkError
from polyregions.graph.graph import Graph, Node
from polyregions.graph.lowering import Form, combined
from polyregions.graph.operator import AffineOperator, MaxOperator
from polyregions.graph.piecewise import PiecewiseLinear
from polyregions.network import Pattern

__all__ = ["CellForms", "cell_forms", "point_pattern"]

_ZERO, _ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class CellForms:
    """Forms over the graph's inputs.

    Attributes
    ----------
    output : list of Form
        The flattened output.
    constraints : list of Form
        At least 0 on the cell's closure, which they describe: two at most per entry of a piecewise-linear node, and one
        per loser of a maximum.
    entries : list of (part, entry), both from 0
        To which part of the pattern, and which entry of it, each of them belongs.
    """

    output: list[Form]
    constraints: list[Form]
    entries: list[tuple[int, int]]


def cell_forms(graph: Graph, output: str, pattern: Sequence[Sequence[int]]) -> CellForms:
    """The graph's affine map and half-spaces on the cell of a pattern.

    Raises
    ------
    NetworkError
        If the pattern does not fit the graph; the message names the node.
    """
    given = iter(pattern)
    constraints: list[Form] = []
    entries: list[tuple[int, int]] = []
    parts = count()

    def choose(node: Node, counts: list[int], candidates: Callable[[int, int], list[Form]]) -> list[int]:
        values = next(given, None)
        if values is None or len(values) != len(counts):
            raise NetworkError(f"{node.label}: the pattern has not {len(counts)} entries for it")
        chosen, part = [int(value) for value in values], next(parts)
        for i, (value, most) in enumerate(zip(chosen, counts, strict=True)):
            if not 0 <= value < most:
                raise NetworkError(f"{node.label}: entry {i} of the pattern is {value}; it has 0 to {most - 1}")
            found = candidates(i, value)
            constraints.extend(found)
            entries.extend([(part, i)] * len(found))
        return chosen

    inputs = _inputs(graph)
    forms = _propagate(graph, output, inputs, choose)
    if next(given, None) is not None:
        raise NetworkError("the pattern has more parts than the graph has nodes with a pattern")
    return CellForms(forms, constraints, entries)


def point_pattern(graph: Graph, output: str, point: Sequence[Fraction]) -> tuple[Pattern, list[Fraction]]:
    """The pattern at a point, and the flattened output there, exactly."""
    pattern: list[tuple[int, ...]] = []

    def choose(node: Node, counts: list[int], candidates: Callable[[int, int], list[Form]]) -> list[int]:
        chosen = []
        for i, most in enumerate(counts):
            # A breakpoint belongs to the piece below; of equal arguments the last wins.
            order = range(most) if isinstance(node.operator, PiecewiseLinear) else range(most - 1, -1, -1)
            chosen.append(next(k for k in order if all(form.constant >= 0 for form in candidates(i, k))))
        pattern.append(tuple(chosen))
        return chosen

    forms = _propagate(graph, output, [Form({}, value) for value in point], choose)
    return tuple(pattern), [form.constant for form in forms]


def _inputs(graph: Graph) -> list[Form]:
    from polyregions.graph.operator import size

    return [Form({i: _ONE}, _ZERO) for i in range(size(graph[graph.input].shape))]


def _propagate(graph: Graph, output: str, inputs: list[Form], choose: Any) -> list[Form]:
    known: dict[str, list[Form]] = {graph.input: inputs}
    for node in graph.needed(output):
        operator = node.operator
        if operator is None:
            continue
        shapes = [graph[source].shape for source in node.inputs]
        forms = [form for source in node.inputs for form in known[source]]
        if isinstance(operator, AffineOperator):
            known[node.name] = [combined(row, forms) for row in operator.rows(*shapes)]
        elif isinstance(operator, PiecewiseLinear):
            known[node.name] = _piecewise(node, operator, forms, choose)
        elif isinstance(operator, MaxOperator):
            groups = [[forms[i] for i in group] for group in operator.groups(*shapes)]

            def losers(i: int, winner: int, groups: list[list[Form]] = groups) -> list[Form]:
                group = groups[i]
                return [_difference(group[winner], form) for k, form in enumerate(group) if k != winner]

            winners = choose(node, [len(group) for group in groups], losers)
            known[node.name] = [group[winner] for group, winner in zip(groups, winners, strict=True)]
        else:
            raise NetworkError(f"{node.label}: neither affine, piecewise linear nor a maximum")
    return known[output]


def _piecewise(node: Node, operator: PiecewiseLinear, forms: list[Form], choose: Any) -> list[Form]:
    parameters = operator.parameters(node.shape)

    def sides(i: int, piece: int) -> list[Form]:
        form, points = forms[i], parameters[i][0]
        above = [Form(form.coefficients, form.constant - points[piece - 1])] if piece else []
        below = [_difference(Form({}, points[piece]), form)] if piece < len(points) else []
        return above + below

    pieces = choose(node, [len(points) + 1 for points, _, _ in parameters], sides)
    result = []
    for form, (points, slopes, constant), piece in zip(forms, parameters, pieces, strict=True):
        for point, before, after in zip(points[:piece], slopes, slopes[1:], strict=False):
            constant = constant + (before - after) * point
        slope = slopes[piece]
        result.append(combined(([(0, slope)] if slope else [], constant), [form]))
    return result


def _difference(first: Form, second: Form) -> Form:
    return combined(([(0, _ONE), (1, -_ONE)], _ZERO), [first, second])

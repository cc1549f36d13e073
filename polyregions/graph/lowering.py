"""From a graph to dense layers of ReLUs and linear units, in exact rationals.

Every tensor is kept as affine forms over the units of one layer (layer 0: the inputs), its *level*. Affine nodes
compose forms and make no unit. A breakpoint is a ReLU unit of the next layer; a maximum is a tournament of them,
max(a, b) = b + relu(a - b), a layer per round. Tensors of different levels are brought to one by linear units, which
carry whichever is less: the tensor's entries, or the units that its forms are over. docs/graphs.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from polyregions.errors import NetworkError
from polyregions.graph.graph import Graph
from polyregions.graph.operator import AffineOperator, MaxOperator, Row, Shape, size
from polyregions.graph.piecewise import PiecewiseLinear
from polyregions.network import ExactLayer, Network

__all__ = ["Form", "Lowered", "Match", "combined", "lower"]

#: The most weights of a dense layer, and coefficients of a tensor's forms, that are made: a few gigabytes.
MOST_WEIGHTS = 2**25

_ZERO, _ONE = Fraction(0), Fraction(1)


class Form(NamedTuple):
    """An affine form over units: coefficients, none of them 0, by the units' numbers in their layer; and a constant."""

    coefficients: dict[int, Fraction]
    constant: Fraction


def combined(row: Row, forms: Sequence[Form]) -> Form:
    """A row of an affine operator applied to its inputs' forms."""
    entries, constant = row
    if len(entries) == 1 and entries[0][1] == 1 and not constant:
        return forms[entries[0][0]]
    total: dict[int, Fraction] = {}
    for i, factor in entries:
        form = forms[i]
        if form.constant:
            constant = constant + factor * form.constant
        for unit, value in form.coefficients.items():
            product = factor if value == 1 else factor * value
            known = total.get(unit)
            total[unit] = product if known is None else known + product
    return Form({unit: value for unit, value in total.items() if value}, constant)


@dataclass(frozen=True, slots=True)
class Match:
    """The tournament of one maximum: per round the units that decide its pairs, as numbers among all units.

    The first of a pair goes on where its unit is active; one left over goes on by itself, and stays the last.
    """

    contenders: int
    rounds: list[list[int]]


@dataclass(frozen=True, slots=True)
class Lowered:
    """A lowered graph.

    Attributes
    ----------
    network : Network
    pieces : dict of node name to list of lists of int
        Per node of a piecewise-linear operator and entry its units, as numbers among all, in the breakpoints' order.
    matches : dict of node name to list of Match
        Of maxima.
    """

    network: Network
    pieces: dict[str, list[list[int]]]
    matches: dict[str, list[Match]]


class _Value(NamedTuple):
    level: int
    forms: list[Form]


#: A unit: its layer, from 1, and its number there.
_Place = tuple[int, int]


def lower(graph: Graph, output: str) -> Lowered:
    """The dense network that computes an output of a graph, and where its nodes' units are.

    Raises
    ------
    NetworkError
        If a dense layer would have more than MOST_WEIGHTS weights; or a number is beyond the range of floats.
    """
    lowering = _Lowering(size(graph[graph.input].shape))
    values: dict[str, _Value] = {}
    pieces: dict[str, list[list[_Place]]] = {}
    matches: dict[str, list[tuple[int, list[list[_Place]]]]] = {}
    for node in graph.needed(output):
        shapes = [graph[source].shape for source in node.inputs]
        inputs = [values[source] for source in node.inputs]
        operator = node.operator
        try:
            if operator is None:
                values[node.name] = lowering.inputs()
            elif isinstance(operator, AffineOperator):
                values[node.name] = lowering.affine(operator, inputs, shapes)
            elif isinstance(operator, PiecewiseLinear):
                values[node.name], pieces[node.name] = lowering.piecewise(operator, inputs[0], shapes[0])
            elif isinstance(operator, MaxOperator):
                values[node.name], matches[node.name] = lowering.maximum(operator, inputs, shapes)
            else:
                raise NetworkError("this kind of operator is neither affine, piecewise linear nor a maximum")
        except NetworkError as error:
            raise NetworkError(f"{node.label}: {error}") from None
    network = lowering.network(values[output])
    offsets = [0, *np.cumsum([len(layer) for layer in lowering.layers]).tolist()]

    def number(place: _Place) -> int:
        return int(offsets[place[0] - 1] + place[1])

    return Lowered(
        network,
        {name: [[number(place) for place in units] for units in entries] for name, entries in pieces.items()},
        {
            name: [Match(k, [[number(place) for place in pairs] for pairs in rounds]) for k, rounds in entries]
            for name, entries in matches.items()
        },
    )


class _Lowering:
    """Layers under construction."""

    def __init__(self, inputs: int) -> None:
        self._inputs = inputs
        #: Per layer the units' pre-activations over the layer before, and which units are linear.
        self.layers: list[list[Form]] = []
        self._linear: list[list[bool]] = []
        self._known: list[dict[tuple[object, ...], int]] = []

    # -- nodes -------------------------------------------------------------------------------------------

    def inputs(self) -> _Value:
        return _Value(0, [Form({i: _ONE}, _ZERO) for i in range(self._inputs)])

    def affine(self, operator: AffineOperator, inputs: Sequence[_Value], shapes: Sequence[Shape]) -> _Value:
        entries = operator.entries(*shapes)
        if entries > MOST_WEIGHTS:
            raise NetworkError(f"as a matrix it has {entries:,} weights; at most {MOST_WEIGHTS:,} are made")
        level, forms = self._joined(inputs)
        result, left = [], MOST_WEIGHTS
        for row in operator.rows(*shapes):
            result.append(combined(row, forms))
            left -= len(result[-1].coefficients)
            if left < 0:
                raise NetworkError(
                    f"composed with the affine nodes before it, it has more than {MOST_WEIGHTS:,} coefficients"
                )
        return _Value(level, result)

    def piecewise(self, operator: PiecewiseLinear, value: _Value, shape: Shape) -> tuple[_Value, list[list[_Place]]]:
        parameters = operator.parameters(shape)
        if not operator.breakpoints:
            rows = [([(i, s[0])] if s[0] else [], c) for i, (_, s, c) in enumerate(parameters)]
            return _Value(value.level, [combined(row, value.forms) for row in rows]), [[] for _ in parameters]
        passed = [i for i, (_, slopes, _) in enumerate(parameters) if slopes[0]]
        lifted = dict(zip(passed, self._lift(_Value(value.level, [value.forms[i] for i in passed])).forms, strict=True))
        level = value.level + 1
        forms: list[Form] = []
        places: list[list[_Place]] = []
        for i, (form, (points, slopes, constant)) in enumerate(zip(value.forms, parameters, strict=True)):
            units = [self._relu(level, Form(form.coefficients, form.constant - point)) for point in points]
            places.append([(level, unit) for unit in units])
            terms = [Form({unit: _ONE}, _ZERO) for unit in units]
            row = [(k, after - before) for k, (before, after) in enumerate(pairwise(slopes))]
            if i in lifted:
                terms.append(lifted[i])
                row.append((len(units), slopes[0]))
            forms.append(combined(([(k, factor) for k, factor in row if factor], constant), terms))
        return _Value(level, forms), places

    def maximum(
        self, operator: MaxOperator, inputs: Sequence[_Value], shapes: Sequence[Shape]
    ) -> tuple[_Value, list[tuple[int, list[list[_Place]]]]]:
        level, forms = self._joined(inputs)
        groups = [[forms[i] for i in group] for group in operator.groups(*shapes)]
        results: list[tuple[int, list[list[_Place]]]] = [(len(group), []) for group in groups]
        while any(len(group) > 1 for group in groups):
            # The second of each pair, and whoever has none to play against.
            seconds = self._lift(_Value(level, [form for group in groups for form in _seconds(group)])).forms
            level += 1
            waiting = iter(seconds)
            after = []
            for group, (_, rounds) in zip(groups, results, strict=True):
                winners, places = [], []
                for first, second in zip(group[::2], group[1::2], strict=False):
                    difference = combined(([(0, _ONE), (1, -_ONE)], _ZERO), [first, second])
                    unit = self._relu(level, difference)
                    places.append((level, unit))
                    terms = [Form({unit: _ONE}, _ZERO), next(waiting)]
                    winners.append(combined(([(0, _ONE), (1, _ONE)], _ZERO), terms))
                if len(group) % 2:
                    winners.append(next(waiting))
                after.append(winners)
                if places:
                    rounds.append(places)
            groups = after
        return _Value(level, [group[0] for group in groups]), results

    # -- levels ------------------------------------------------------------------------------------------

    def _joined(self, values: Sequence[_Value]) -> tuple[int, list[Form]]:
        """The forms of several tensors, one after another, at the highest of their levels."""
        level = max(value.level for value in values)
        forms: list[Form] = []
        for value in values:
            while value.level < level:
                value = self._lift(value)
            forms.extend(value.forms)
        return level, forms

    def _lift(self, value: _Value) -> _Value:
        """The same tensor over units of the next layer."""
        level = value.level + 1
        units = sorted({unit for form in value.forms for unit in form.coefficients})
        own = {id(form) for form in value.forms if form.coefficients}
        if len(units) <= len(own):
            copies = {unit: self._pass_on(level, Form({unit: _ONE}, _ZERO)) for unit in units}
            return _Value(
                level,
                [Form({copies[unit]: v for unit, v in f.coefficients.items()}, f.constant) for f in value.forms],
            )
        return _Value(
            level,
            [Form({self._pass_on(level, form): _ONE}, _ZERO) if form.coefficients else form for form in value.forms],
        )

    def _pass_on(self, level: int, form: Form) -> int:
        """The linear unit of a layer that has this pre-activation."""
        self._reach(level)
        key = (form.constant, *sorted(form.coefficients.items()))
        known = self._known[level - 1]
        if key not in known:
            known[key] = self._append(level, form, linear=True)
        return known[key]

    def _relu(self, level: int, form: Form) -> int:
        self._reach(level)
        return self._append(level, form, linear=False)

    def _append(self, level: int, form: Form, *, linear: bool) -> int:
        self.layers[level - 1].append(form)
        self._linear[level - 1].append(linear)
        return len(self.layers[level - 1]) - 1

    def _reach(self, level: int) -> None:
        while len(self.layers) < level:
            self.layers.append([])
            self._linear.append([])
            self._known.append({})

    # -- dense layers ------------------------------------------------------------------------------------

    def network(self, output: _Value) -> Network:
        """The layers up to the output's level, and the output as the affine last one."""
        while output.level < len(self.layers):
            output = self._lift(output)
        layers, columns = [], self._inputs
        for i, forms in enumerate([*self.layers, output.forms], start=1):
            if len(forms) * columns > MOST_WEIGHTS:
                raise NetworkError(
                    f"lowered to dense layers, layer {i} has {len(forms):,} x {columns:,} weights; "
                    f"at most {MOST_WEIGHTS:,} fit: take a smaller input, or fewer channels"
                )
            layers.append(_dense(forms, columns))
            columns = len(forms)
        return Network.from_exact(layers, linear=[np.array(mask, dtype=np.bool_) for mask in self._linear])


def _seconds(group: list[Form]) -> list[Form]:
    return [*group[1::2], *(group[-1:] if len(group) % 2 else [])]


def _dense(forms: list[Form], columns: int) -> ExactLayer:
    denominators = {value.denominator for form in forms for value in (*form.coefficients.values(), form.constant)}
    q = math.lcm(*denominators)
    weights = []
    for form in forms:
        row = [0] * columns
        for unit, value in form.coefficients.items():
            row[unit] = value.numerator * (q // value.denominator)
        weights.append(row)
    return ExactLayer(weights, [f.constant.numerator * (q // f.constant.denominator) for f in forms], q)

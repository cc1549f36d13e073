"""What the engine's floats and integers are compared with: affine forms in Fractions, composed the slow way."""

from collections.abc import Sequence
from fractions import Fraction

from polyregions.domain import Chart
from polyregions.network import Network
from tests.reference import brute_force

Form = tuple[tuple[Fraction, ...], Fraction]


def fraction_layers(network: Network) -> list[tuple[list[list[Fraction]], list[Fraction]]]:
    """The counted layers; every float is the rational that it is."""
    return [
        ([[Fraction(w) for w in row] for row in weights.tolist()], [Fraction(b) for b in biases.tolist()])
        for weights, biases in list(zip(network.weights, network.biases, strict=True))[: network.depth]
    ]


def input_forms(chart: Chart) -> list[Form]:
    """The inputs x_i as forms over chart coordinates."""
    if chart.columns is None:
        return [(a, Fraction(c)) for a, c in brute_force.identity(chart.dimension)]
    return [
        (tuple(column.get(i, Fraction(0)) for column in chart.columns), value) for i, value in enumerate(chart.origin)
    ]


def forms_of(network: Network, chart: Chart, states: Sequence[Sequence[int]]) -> list[list[Form]]:
    """The pre-activations of the first len(states) + 1 layers where the units before have the given states."""
    h, result = input_forms(chart), []
    for layer, bits in zip(fraction_layers(network), [*states, None], strict=False):
        forms = brute_force.pre_activations(layer, h)
        result.append(forms)
        if bits is not None:
            h = brute_force.activations(forms, bits)
    return result


def value(form: Form, point: Sequence[Fraction]) -> Fraction:
    return sum((a * t for a, t in zip(form[0], point, strict=True)), Fraction(form[1]))


def supremum(form: Form, lower: Sequence[Fraction], upper: Sequence[Fraction]) -> Fraction:
    """The largest value of a form over a box."""
    peaks = (max(a * low, a * high) for a, low, high in zip(form[0], lower, upper, strict=True))
    return sum(peaks, Fraction(form[1]))


def scaled(form: Form, factor: Fraction | int) -> Form:
    return tuple(factor * a for a in form[0]), factor * form[1]


def added(first: Form, second: Form) -> Form:
    return tuple(p + q for p, q in zip(first[0], second[0], strict=True)), first[1] + second[1]


def sign(number: Fraction | int) -> int:
    return (number > 0) - (number < 0)

"""Mixed-integer programs with certified answers: all patterns, the largest pre-activation, parity constraints.

What a file holds is the big-M encoding with its numbers as they are, and the answers are about that: the domain is the
box [-1, 1]^n, for which no coefficient has to be rounded. Patterns ask for f >= THRESHOLD instead of f > 0, and
networks are taken only if each of their patterns is attained, exactly, at a point where f is at least that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.bench.recipes import Recipe, draw_network
from polyregions.counting import regions
from polyregions.definition import Definition
from polyregions.domain import Box
from polyregions.errors import ArgumentError, EncodingError
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import ExactPoint, Restriction
from polyregions.milp.encoding import Encoding, encode
from polyregions.milp.maxima import GAP
from polyregions.milp.parity import ParityConstraint, ParitySystem, random_parity
from polyregions.milp.tightening import tightened_bounds
from polyregions.network import Network, Pattern
from solvers import MILPModel, Status, lp_session

__all__ = ["DOMAIN", "THRESHOLD", "MilpInstance", "bound_instance", "count_instance", "parity_instance"]

FloatArray = npt.NDArray[np.float64]

DOMAIN = Box(-1, 1)
#: The least f of a pattern, in rows of unit size. Solvers are asked for tolerances of 1e-9.
THRESHOLD = 1e-6
#: Networks drawn before a recipe is given up.
_ATTEMPTS = 20


@dataclass(frozen=True, eq=False)
class MilpInstance:
    """A model with names, and what is known of it.

    Attributes
    ----------
    model : MILPModel
    columns, rows : lists of str
    network : Network
    attempt : int
        The number of the network among those of its seed.
    z : tuple of str
        The names of the units' binaries, in the network's order.
    patterns : tuple of Pattern
        All solutions z, sorted; none for the kind "bound".
    optimum : (low, high) or None
        For the kind "bound": proven floats around the maximum.
    unstable : int
        Units that are not known to be stable by interval bounds.
    parity : tuple of ParityConstraint
        In echelon form, for the kind "parity".
    """

    model: MILPModel
    columns: list[str]
    rows: list[str]
    network: Network
    attempt: int
    z: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    optimum: tuple[float, float] | None
    unstable: int
    parity: tuple[ParityConstraint, ...] = ()


def count_instance(recipe: Recipe, seed: int) -> MilpInstance:
    """List all z: no objective."""
    return _pattern_instance(recipe, seed, ParitySystem())


def parity_instance(recipe: Recipe, seed: int) -> MilpInstance:
    """Find one z that satisfies random parity constraints, or that there is none: no objective."""
    rng = np.random.default_rng([seed, recipe.constraints, recipe.size])
    units = range(sum(recipe.widths))
    return _pattern_instance(
        recipe, seed, ParitySystem(random_parity(units, recipe.size, recipe.constraints, seed=rng))
    )


def _pattern_instance(recipe: Recipe, seed: int, parity: ParitySystem) -> MilpInstance:
    for attempt in range(_ATTEMPTS):
        network = draw_network(recipe, seed, attempt)
        restriction = Restriction(network, DOMAIN)
        encoding = encode(restriction)
        patterns = _sharp_patterns(encoding, network)
        if patterns is None:
            continue
        problem = encoding.problem
        parity.add_to(problem, encoding.z)
        problem.setObjective(0 * encoding.f)
        encoding.f.lowBound = THRESHOLD
        model, columns, rows = _named_model(problem)
        solutions = tuple(sorted(p for p in patterns if parity.holds([state for layer in p for state in layer])))
        names = tuple(z.name for z in encoding.z)
        return MilpInstance(
            model, columns, rows, network, attempt, names, solutions, None, len(encoding.unstable), parity.rows
        )
    raise ArgumentError(
        f"{recipe.name}: none of {_ATTEMPTS} networks has all its patterns at f >= {THRESHOLD:g}; take another seed"
    )


def bound_instance(recipe: Recipe, seed: int) -> MilpInstance:
    """The largest pre-activation of a unit behind the network's layers: an unstable one, by intervals.

    The unit is the first such of the last layer; the others of that layer are left out, and so are its own z and f.
    """
    for attempt in range(_ATTEMPTS):
        network = draw_network(recipe, seed, attempt)
        for unit in range(recipe.widths[-1]):
            single = _with_single_unit(network, unit)
            restriction = Restriction(single, DOMAIN)
            encoding = encode(restriction)
            last = encoding.unstable[-1] if encoding.unstable else None
            if last is None or last.name != f"{single.depth}_0":
                continue
            _refuse_rounding(encoding)
            exponent = _exponent(encoding, len(encoding.unstable) - 1)
            low, high = _maximum(restriction)
            problem = encoding.problem
            hbar = next(v for v in problem.variables() if v.name == f"hbar_{last.name}")
            problem.setObjective(last.h - hbar)
            gone = {f"on_{last.name}", f"off_{last.name}", f"stable_{last.name}"}
            model, columns, rows = _named_model(
                problem,
                without_rows=lambda name, gone=gone: name in gone or name.startswith("f_"),  # type: ignore[misc]
                without={"f", f"z_{last.name}"},
            )
            optimum = float(np.ldexp(low, exponent)), float(np.ldexp(high, exponent))
            names = tuple(z.name for z in encoding.z[:-1])
            unstable = len(encoding.unstable) - 1
            return MilpInstance(model, columns, rows, single, attempt, names, (), optimum, unstable)
    raise ArgumentError(f"{recipe.name}: no unit of the last layer is unstable; take another seed or smaller biases")


def _with_single_unit(network: Network, unit: int) -> Network:
    """The network with one unit in its last ReLU layer, and that unit as its output."""
    depth = network.depth
    weights = [*network.weights[: depth - 1], network.weights[depth - 1][unit : unit + 1], np.ones((1, 1))]
    biases = [*network.biases[: depth - 1], network.biases[depth - 1][unit : unit + 1], np.zeros(1)]
    return Network.from_arrays(weights, biases)


def _maximum(restriction: Restriction) -> tuple[float, float]:
    """Proven bounds of the maximum of the last unit's pre-activation."""
    bounds = tightened_bounds(restriction, FloatBox.of(restriction), method="milp")
    low, high = float(bounds.lower[-1][0]), float(bounds.upper[-1][0])
    # The maximum is within GAP of its bound, relative to the next power of two of the unit's size.
    return high - 4 * GAP * max(abs(low), abs(high)), high


def _sharp_patterns(encoding: Encoding, network: Network) -> list[Pattern] | None:
    """All patterns, or None unless each is attained at a point at which f may be THRESHOLD."""
    found = regions(network, DOMAIN, definition=Definition.PATTERNS)
    patterns: list[Pattern] = []
    program = _LargestF(encoding)
    for region in found:
        if program.least_activity(region.pattern, list(region.witness)) < THRESHOLD:
            point = program.best_point(region.pattern)
            if point is None or program.least_activity(region.pattern, point) < THRESHOLD:
                return None
        patterns.append(region.pattern)
    int(found.result())  # raises unless exact
    return patterns


class _LargestF:
    """How large f can be at a point, exactly, and for a pattern, about."""

    def __init__(self, encoding: Encoding) -> None:
        _refuse_rounding(encoding)
        self._restriction = encoding.restriction
        self._scales = {
            unit.name: Fraction(2) ** _exponent(encoding, place) for place, unit in enumerate(encoding.unstable)
        }
        self._arrays = arrays = encoding.arrays()
        self._session = lp_session(arrays.lower, arrays.upper)
        self._session.add_rows(arrays.matrix, arrays.row_lower, arrays.row_upper)
        objective = np.zeros(len(arrays.lower))
        objective[arrays.objective] = 1.0
        self._session.set_objective(objective)

    def least_activity(self, pattern: Pattern, point: Sequence[Any]) -> Fraction:
        """The least scaled pre-activation of the active unstable units at a point of the box; -1 if it is not one.

        A point is none if it lies outside the box or some unit has another state there. At any other f can have
        this value, exactly, and the program's other rows hold.
        """
        coordinates = [Fraction(value) for value in point]
        if any(abs(value) > 1 for value in coordinates):
            return Fraction(-1)
        exact = ExactPoint.of(coordinates)
        least, scale = Fraction(1), Fraction(exact.denominator)
        values = self._restriction.preactivations(exact, len(self._restriction.widths))
        for number, (states, row) in enumerate(zip(pattern, values, strict=True)):
            scale *= self._restriction.layers[number].denominator
            for unit, (state, value) in enumerate(zip(states, row, strict=True)):
                if (value > 0) != bool(state):
                    return Fraction(-1)
                factor = self._scales.get(f"{number + 1}_{unit}")
                if state and factor is not None:
                    least = min(least, Fraction(int(value)) / scale * factor)
        return least

    def best_point(self, pattern: Pattern) -> list[float] | None:
        """A point at which f is about as large as it can be on a pattern."""
        states = [state for layer in pattern for state in layer]
        for column, state in zip(self._arrays.binaries.tolist(), states, strict=True):
            self._session.set_column_bounds(column, state, state)
        solution = self._session.solve()
        if solution.status is not Status.OPTIMAL or solution.x is None:
            return None
        inputs = self._arrays.inputs
        x = np.where(inputs >= 0, solution.x[inputs], 0.0)
        return [float(value) for value in np.clip(x, -1.0, 1.0)]


def _refuse_rounding(encoding: Encoding) -> None:
    if any(encoding.row_errors.values()):
        raise EncodingError("a coefficient of the encoding had to be rounded: its answers are not the network's")


def _exponent(encoding: Encoding, place: int) -> int:
    """The exponent of the power of two by which the encoding scales an unstable unit."""
    unit = encoding.unstable[place]
    layer, number = map(int, unit.name.split("_"))
    high = float(encoding.bounds.upper[layer - 1][number])
    return int(np.frexp(unit.h.upBound)[1] - np.frexp(high)[1])


def _named_model(
    problem: Any, *, without: Sequence[str] | set[str] = (), without_rows: Any = lambda name: False
) -> tuple[MILPModel, list[str], list[str]]:
    """A PuLP problem as arrays and names, some variables and rows left out."""
    from scipy.sparse import csr_array

    variables = [v for v in problem.variables() if v.name not in without]
    column = {v.name: j for j, v in enumerate(variables)}
    rows, names, lower, upper = [], [], [], []
    for constraint in problem.constraints():
        if without_rows(constraint.name):
            continue
        rows.append({column[v.name]: float(value) for v, value in constraint.items()})
        names.append(constraint.name)
        right = -float(constraint.constant)
        lower.append(right if constraint.sense >= 0 else -np.inf)
        upper.append(right if constraint.sense <= 0 else np.inf)
    places = np.array([(i, j) for i, row in enumerate(rows) for j in row]).reshape(-1, 2)
    entries = np.array([value for row in rows for value in row.values()])
    objective = np.zeros(len(variables))
    for variable, value in problem.objective.items():
        objective[column[variable.name]] = float(value)
    model = MILPModel(
        objective=objective,
        matrix=csr_array((entries, (places[:, 0], places[:, 1])), shape=(len(rows), len(variables))),
        row_lower=np.array(lower),
        row_upper=np.array(upper),
        lower=np.array([float(v.lowBound) for v in variables]),
        upper=np.array([float(v.upBound) for v in variables]),
        integer=np.array([v.cat == "Integer" for v in variables], dtype=np.bool_),
    )
    return model, [v.name for v in variables], names

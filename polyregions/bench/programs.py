"""Mixed-integer programs with certified answers: all patterns, the largest pre-activation, parity constraints.

What a file holds is the big-M encoding with its numbers as they are, and the answers are about that: the domain is the
box [-1, 1]^n, for which no coefficient has to be rounded. Patterns ask for f >= THRESHOLD instead of f > 0. Each
pattern that has, exactly, a point where f is at least that is a solution of the file, and no z but the patterns is one.
The few patterns without such a point are called thin: they may be found or not.
"""

from collections.abc import Sequence, Set
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
#: The least f of a pattern, in rows of unit size; about 1e-6, where solvers are asked for tolerances of 1e-9. No unit's
#: M in the encoding is smaller, so that f can have this value whatever the inactive units are.
THRESHOLD = 2.0**-20
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
    unstable : int
        Units that are not known to be stable by interval bounds.
    optimum : (low, high) or None
        For the kind "bound": proven floats around the maximum.
    patterns, thin : tuples of Pattern
        All solutions z, sorted, and those of them that may be missed; none for the kind "bound".
    parity : tuple of ParityConstraint
        As they were drawn, for the kind "parity"; the file has them in echelon form.
    """

    model: MILPModel
    columns: list[str]
    rows: list[str]
    network: Network
    attempt: int
    z: tuple[str, ...]
    unstable: int
    optimum: tuple[float, float] | None = None
    patterns: tuple[Pattern, ...] = ()
    thin: tuple[Pattern, ...] = ()
    parity: tuple[ParityConstraint, ...] = ()


def count_instance(recipe: Recipe, seed: int) -> MilpInstance:
    """List all z: no objective."""
    return _pattern_instance(recipe, seed, [])


def parity_instance(recipe: Recipe, seed: int) -> MilpInstance:
    """Find one z that satisfies random parity constraints, or that there is none: no objective."""
    rng = np.random.default_rng([seed, recipe.constraints, recipe.size])
    units = range(sum(recipe.widths))
    return _pattern_instance(recipe, seed, random_parity(units, recipe.size, recipe.constraints, seed=rng))


def _pattern_instance(recipe: Recipe, seed: int, constraints: Sequence[ParityConstraint]) -> MilpInstance:
    parity = ParitySystem(constraints)
    for attempt in range(_ATTEMPTS):
        network = draw_network(recipe, seed, attempt)
        encoding = encode(Restriction(network, DOMAIN))
        solutions, thin = _solutions(encoding, network, parity)
        if solutions and len(thin) == len(solutions):
            continue  # whether any of them is a solution is for the threshold to say
        problem = encoding.problem
        parity.add_to(problem, encoding.z)
        problem.setObjective(0 * encoding.f)
        encoding.f.lowBound = THRESHOLD
        model, columns, rows = _named_model(problem)
        return MilpInstance(
            model,
            columns,
            rows,
            network,
            attempt,
            tuple(z.name for z in encoding.z),
            len(encoding.unstable),
            patterns=tuple(sorted(solutions)),
            thin=tuple(sorted(thin)),
            parity=tuple(constraints),
        )
    raise ArgumentError(f"{recipe.name}: no network among {_ATTEMPTS} has a clear answer; take another seed")


def bound_instance(recipe: Recipe, seed: int) -> MilpInstance:
    """The largest pre-activation of a unit behind the network's layers: an unstable one, by intervals.

    The unit is the first such of the last layer; the others of that layer are left out, and so are its own z and f.
    """
    for attempt in range(_ATTEMPTS):
        network = draw_network(recipe, seed, attempt)
        for unit in range(recipe.widths[-1]):
            single = _with_single_unit(network, unit)
            encoding = encode(Restriction(single, DOMAIN))
            if encoding.unstable and encoding.unstable[-1].name == f"{single.depth}_0":
                return _maximised(encoding, single, attempt)
    raise ArgumentError(f"{recipe.name}: no unit of the last layer is unstable; take another seed or smaller biases")


def _maximised(encoding: Encoding, network: Network, attempt: int) -> MilpInstance:
    """The program that maximises the last unit's pre-activation, scaled as the encoding scales it."""
    _refuse_rounding(encoding)
    unit, problem = encoding.unstable[-1], encoding.problem
    exponent = _exponent(encoding, len(encoding.unstable) - 1)
    restriction = encoding.restriction
    bounds = tightened_bounds(restriction, FloatBox.of(restriction), method="milp")
    high = float(np.ldexp(bounds.upper[-1][0], exponent))
    # The maximum is within GAP of its bound, relative to a power of two that is at most twice the unit's size, which is
    # at most 1 here.
    low = high - 4 * GAP
    hbar = next(v for v in problem.variables() if v.name == f"hbar_{unit.name}")
    problem.setObjective(unit.h - hbar)
    rows_of_f = {row.name for row in problem.constraints() if row.name.startswith("f_")}
    own = {f"on_{unit.name}", f"off_{unit.name}", f"z_{unit.name}"}
    model, columns, rows = _named_model(problem, without={"f", *own, *rows_of_f})
    names = tuple(z.name for z in encoding.z[:-1])
    return MilpInstance(model, columns, rows, network, attempt, names, len(encoding.unstable) - 1, optimum=(low, high))


def _with_single_unit(network: Network, unit: int) -> Network:
    """The network with one unit in its last ReLU layer, and that unit as its output."""
    depth = network.depth
    weights = [*network.weights[: depth - 1], network.weights[depth - 1][unit : unit + 1], np.ones((1, 1))]
    biases = [*network.biases[: depth - 1], network.biases[depth - 1][unit : unit + 1], np.zeros(1)]
    return Network.from_arrays(weights, biases)


def _solutions(encoding: Encoding, network: Network, parity: ParitySystem) -> tuple[list[Pattern], list[Pattern]]:
    """All patterns that satisfy the parity system; and those of them at which f was not seen to reach THRESHOLD."""
    found = regions(network, DOMAIN, definition=Definition.PATTERNS)
    program = _LargestF(encoding)
    solutions, thin = [], []
    for region in found:
        pattern = region.pattern
        if not parity.holds([state for layer in pattern for state in layer]):
            continue
        solutions.append(pattern)
        if program.least_activity(pattern, list(region.witness)) < THRESHOLD:
            point = program.best_point(pattern)
            if point is None or program.least_activity(pattern, point) < THRESHOLD:
                thin.append(pattern)
    int(found.result())  # raises unless exact
    return solutions, thin


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


def _named_model(problem: Any, *, without: Set[str] = frozenset()) -> tuple[MILPModel, list[str], list[str]]:
    """A PuLP problem as arrays and names, without the variables and rows of some names."""
    from scipy.sparse import csr_array

    variables = [v for v in problem.variables() if v.name not in without]
    column = {v.name: j for j, v in enumerate(variables)}
    rows, names, lower, upper = [], [], [], []
    for constraint in problem.constraints():
        if constraint.name in without:
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

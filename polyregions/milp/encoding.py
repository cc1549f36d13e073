"""The big-M encoding of a restricted network, built with PuLP.

Serra, Tjandraatmadja & Ramalingam (2018): for each unit

    W h' + b = h - hbar,   0 <= h <= H z,   0 <= hbar <= Hbar (1 - z),   z in {0, 1},   f <= h + (1 - z) M,

maximise f. The solutions z with positive f are the activation patterns attained on the closed domain (R1).

Each unit is scaled by a power of two to H, Hbar <= 1, so that f means the same for all units and rescaling a
unit's weights changes nothing; M is the unit's H (1 where that is next to nothing), which is enough, since only the
sign of f counts.

H and Hbar come from bounds of the pre-activations, any proven ones (:mod:`polyregions.milp.tightening`). Stable units
are dropped: an inactive one has neither h nor hbar, an active one is h = W h' + b, and neither bounds f; their z are
fixed by a row each. A linear unit is encoded as an active one, whose h may be negative.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import FloatBox, first_rows, rounded_rows
from polyregions.exact.restriction import Restriction
from polyregions.milp.big_m import UnitBounds, interval_bounds, scaled_form, weight_errors
from polyregions.milp.safe_program import Program

__all__ = ["EncodedUnit", "Encoding", "EncodingArrays", "encode"]

FloatArray = npt.NDArray[np.float64]
#: Inputs, their coefficients, a constant, and how far the form may be from the exact one.
_Form: TypeAlias = tuple[list[Any], FloatArray, float, float]

#: A unit that can be active by less than this bounds f by 1 instead: solvers would take its H for 0.
_LEAST_M = 2.0**-20


@dataclass(frozen=True, eq=False)
class EncodingArrays(Program):
    """The encoding as arrays: maximise ``x[objective]`` over the program.

    ``inputs`` are the columns of the chart coordinates; -1 for those that no row mentions, which PuLP leaves out.
    """

    objective: int
    binaries: npt.NDArray[np.intp]
    inputs: npt.NDArray[np.intp]


@dataclass(frozen=True)
class EncodedUnit:
    """An unstable unit's part of the problem: its z and h, and the form that its row sets equal to h - hbar.

    Attributes
    ----------
    inputs : list of pulp.LpVariable
    coefficients : (n,) array
        Of the inputs.
    constant : float
    error : float
        How far the form may be from the exact one.
    """

    name: str
    z: Any
    h: Any
    inputs: list[Any]
    coefficients: FloatArray
    constant: float
    error: float


@dataclass(frozen=True)
class Encoding:
    """A PuLP problem and its variables.

    Attributes
    ----------
    problem : pulp.LpProblem
        Variables x_j (chart coordinates; the inputs, where the domain has full dimension), h_l_i, hbar_l_i, z_l_i
        for unit i of layer l (from 1 and 0), and f; stable units have no hbar, inactive ones no h.
    z : list of pulp.LpVariable
        Of all units in order.
    x : list of pulp.LpVariable
    f : pulp.LpVariable
    bounds : UnitBounds
    unstable : list of EncodedUnit
    row_errors : dict of constraint name to float
        For rows whose coefficients had to be rounded.
    """

    restriction: Restriction
    problem: Any
    x: list[Any]
    z: list[Any]
    f: Any
    bounds: UnitBounds
    unstable: list[EncodedUnit]
    row_errors: dict[str, float]

    def arrays(self) -> EncodingArrays:
        """The LP relaxation in sparse arrays, in PuLP's order of variables and constraints."""
        from scipy.sparse import csr_array

        variables = self.problem.variables()
        column = {variable.name: j for j, variable in enumerate(variables)}
        data, indices, starts = [], [], [0]
        lower, upper, errors = [], [], []
        for constraint in self.problem.constraints():
            for variable, value in constraint.items():
                indices.append(column[variable.name])
                data.append(float(value))
            starts.append(len(data))
            right = -float(constraint.constant)
            lower.append(right if constraint.sense >= 0 else -np.inf)
            upper.append(right if constraint.sense <= 0 else np.inf)
            errors.append(self.row_errors.get(constraint.name, 0.0))
        return EncodingArrays(
            csr_array((data, indices, starts), shape=(len(lower), len(variables))),
            np.array(lower),
            np.array(upper),
            np.array(errors),
            np.array([float(v.lowBound) for v in variables]),
            np.array([float(v.upBound) for v in variables]),
            column[self.f.name],
            np.array([column[v.name] for v in self.z], dtype=np.intp),
            np.array([column.get(v.name, -1) for v in self.x], dtype=np.intp),
        )


def encode(restriction: Restriction, box: FloatBox | None = None, bounds: UnitBounds | None = None) -> Encoding:
    """Build the encoding of a restricted network.

    Parameters
    ----------
    restriction : Restriction
    box : FloatBox, optional
        The restriction's, where it is known already.
    bounds : UnitBounds, optional
        Of the restriction's units; default: by intervals.
    """
    box = box if box is not None else FloatBox.of(restriction)
    bounds = bounds if bounds is not None else interval_bounds(restriction, box)
    with np.errstate(all="ignore"):
        return _Builder(restriction, box, bounds).encoding()


class _Builder:
    """The problem while it grows, layer by layer."""

    def __init__(self, restriction: Restriction, box: FloatBox, bounds: UnitBounds) -> None:
        import pulp

        self._restriction = restriction
        self._bounds = bounds
        self._integer = pulp.LpInteger
        self._problem = problem = pulp.LpProblem("activation_patterns", pulp.LpMaximize)
        self._f = problem.add_variable("f", 0, 1)
        problem += self._f
        self._x = [
            problem.add_variable(f"x_{j}", float(low), float(high))
            for j, (low, high) in enumerate(zip(box.lower, box.upper, strict=True))
        ]
        self._z: list[Any] = []
        self._unstable: list[EncodedUnit] = []
        self._errors: dict[str, float] = {}
        if restriction.rows:
            domain = rounded_rows(restriction.rows, 1, box)
            for i in range(len(domain)):
                problem += _affine(self._x, domain.a[i]) + float(domain.c[i]) >= 0, f"domain_{i}"
                self._errors[f"domain_{i}"] = float(domain.error[i])
        self._first = first_rows(restriction, box)

    def encoding(self) -> Encoding:
        network, first = self._restriction.network, self._first
        # The variables that hold the last layer's outputs, and the powers of two that scale them; inactive units have
        # none.
        inputs, exponents, live = self._x, np.zeros(len(self._x), np.int64), np.ones(len(self._x), dtype=bool)
        known = self._bounds
        for layer, (low, high, on, off) in enumerate(
            zip(known.lower, known.upper, known.stably_active, known.stably_inactive, strict=True)
        ):
            w, b = (first.a, first.c) if layer == 0 else (network.weights[layer], network.biases[layer])
            errors = (
                first.error
                if layer == 0
                else weight_errors(self._restriction, layer, known.lower[layer - 1], known.upper[layer - 1])
            )
            outputs, factors = [], []
            for i in range(len(b)):
                coefficients, constant, exponent = scaled_form(w[i][live], b[i], exponents, low[i], high[i])
                error, least, most = np.ldexp([errors[i], low[i], high[i]], exponent).tolist()
                name, form = f"{layer + 1}_{i}", (inputs, coefficients, constant, error)
                # By the bounds themselves: scaled, they may underflow to 0.
                if on[i] or off[i]:
                    h = self._stable(name, form, least, most, active=bool(on[i]))
                else:
                    h = self._unstable_unit(name, form, least, most)
                if h is not None:
                    outputs.append(h)
                    factors.append(exponent)
            inputs, exponents, live = outputs, np.array(factors, np.int64), ~off
        return Encoding(
            self._restriction, self._problem, self._x, self._z, self._f, self._bounds, self._unstable, self._errors
        )

    def _stable(self, name: str, form: _Form, low: float, high: float, *, active: bool) -> Any:
        """Add a stable unit with the scaled form and bounds; its output h, None if it is inactive."""
        problem = self._problem
        z = problem.add_variable(f"z_{name}", int(active), int(active), cat=self._integer)
        self._z.append(z)
        problem += z == int(active), f"stable_{name}"
        if not active:
            return None
        h = problem.add_variable(f"h_{name}", low, high)
        self._add_form(name, form, -h)
        return h

    def _unstable_unit(self, name: str, form: _Form, low: float, high: float) -> Any:
        """Add a unit with the scaled form and bounds; its output h."""
        problem = self._problem
        z = problem.add_variable(f"z_{name}", 0, 1, cat=self._integer)
        self._z.append(z)
        h, hbar = problem.add_variable(f"h_{name}", 0, high), problem.add_variable(f"hbar_{name}", 0, abs(low))
        self._add_form(name, form, hbar - h)
        problem += h - high * z <= 0, f"on_{name}"
        problem += hbar - low * z <= -low, f"off_{name}"
        big_m = high if high > _LEAST_M else 1.0
        problem += self._f - h + big_m * z <= big_m, f"f_{name}"
        self._unstable.append(EncodedUnit(name, z, h, *form))
        return h

    def _add_form(self, name: str, form: _Form, rest: Any) -> None:
        inputs, coefficients, constant, error = form
        self._problem += _affine(inputs, coefficients) + rest == -constant, f"g_{name}"
        if error:
            self._errors[f"g_{name}"] = error


def _affine(variables: list[Any], coefficients: FloatArray) -> Any:
    import pulp

    terms = zip(variables, coefficients.tolist(), strict=True)
    return pulp.LpAffineExpression([(variable, value) for variable, value in terms if value])

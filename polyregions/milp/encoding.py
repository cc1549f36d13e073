"""The big-M encoding of a restricted network, built with PuLP.

Serra, Tjandraatmadja & Ramalingam (2018): for each unit

    W h' + b = h - hbar,   0 <= h <= H z,   0 <= hbar <= Hbar (1 - z),   z in {0, 1},   f <= h + (1 - z) M,

maximise f. The solutions z with positive f are the activation patterns attained on the closed domain (R1).

Each unit is scaled by a power of two to H, Hbar <= 1, so that f means the same for all units and rescaling a
unit's weights changes nothing; M is the unit's H (1 where that is next to nothing), which is enough, since only the
sign of f counts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import FloatBox, first_rows, rounded_rows
from polyregions.exact.restriction import Restriction
from polyregions.milp.big_m import UnitBounds, interval_bounds

__all__ = ["Encoding", "EncodingArrays", "encode"]

FloatArray = npt.NDArray[np.float64]

#: A unit that can be active by less than this bounds f by 1 instead: solvers would take its H for 0.
_LEAST_M = 2.0**-20


@dataclass(frozen=True)
class EncodingArrays:
    """The encoding as arrays: maximise ``x[objective]``, row_lower <= A x <= row_upper, lower <= x <= upper.

    ``row_error[i]`` bounds how far row i of A is from the exact program's row, anywhere within the column bounds.
    """

    matrix: Any
    row_lower: FloatArray
    row_upper: FloatArray
    row_error: FloatArray
    lower: FloatArray
    upper: FloatArray
    objective: int
    binaries: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Encoding:
    """A PuLP problem and its variables.

    Attributes
    ----------
    problem : pulp.LpProblem
        Variables x_j (chart coordinates; the inputs, where the domain has full dimension), h_l_i, hbar_l_i, z_l_i
        for unit i of layer l (from 1 and 0), and f.
    z : list of pulp.LpVariable
        Of all units in order.
    x : list of pulp.LpVariable
    f : pulp.LpVariable
    bounds : UnitBounds
    row_errors : dict of constraint name to float
        For rows whose coefficients had to be rounded.
    """

    restriction: Restriction
    problem: Any
    x: list[Any]
    z: list[Any]
    f: Any
    bounds: UnitBounds
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
        )


def encode(restriction: Restriction, box: FloatBox | None = None) -> Encoding:
    """Build the encoding of a restricted network.

    Parameters
    ----------
    restriction : Restriction
    box : FloatBox, optional
        The restriction's, where it is known already.
    """
    box = box if box is not None else FloatBox.of(restriction)
    bounds = interval_bounds(restriction, box)
    with np.errstate(all="ignore"):
        return _encode(restriction, box, bounds)


def _encode(restriction: Restriction, box: FloatBox, bounds: UnitBounds) -> Encoding:
    import pulp

    network = restriction.network
    problem = pulp.LpProblem("activation_patterns", pulp.LpMaximize)
    f = problem.add_variable("f", 0, 1)
    problem += f
    x = [
        problem.add_variable(f"x_{j}", float(low), float(high))
        for j, (low, high) in enumerate(zip(box.lower, box.upper, strict=True))
    ]
    errors: dict[str, float] = {}
    if restriction.rows:
        domain = rounded_rows(restriction.rows, 1, box)
        for i in range(len(domain)):
            problem += _affine(x, domain.a[i]) + float(domain.c[i]) >= 0, f"domain_{i}"
            errors[f"domain_{i}"] = float(domain.error[i])
    first = first_rows(restriction, box)
    previous, scales = x, np.ones(len(x))
    z: list[Any] = []
    for layer, (low, high) in enumerate(zip(bounds.lower, bounds.upper, strict=True)):
        w, b = (first.a, first.c) if layer == 0 else (network.weights[layer], network.biases[layer])
        outputs, factors = [], []
        for i in range(len(b)):
            name = f"{layer + 1}_{i}"
            coefficients = w[i] / scales
            scale = _unit_scale(low[i], high[i], coefficients)
            top, bottom = max(0.0, scale * high[i]), max(0.0, -scale * low[i])
            h, hbar = problem.add_variable(f"h_{name}", 0, top), problem.add_variable(f"hbar_{name}", 0, bottom)
            unit = problem.add_variable(f"z_{name}", int(low[i] > 0), int(high[i] > 0), cat=pulp.LpInteger)
            # Scales are powers of two, so the products are the exact coefficients.
            row = _affine(previous, scale * coefficients)
            problem += row - h + hbar == -scale * float(b[i]), f"g_{name}"
            problem += h - top * unit <= 0, f"on_{name}"
            problem += hbar + bottom * unit <= bottom, f"off_{name}"
            big_m = top if top > _LEAST_M else 1.0
            problem += f - h + big_m * unit <= big_m, f"f_{name}"
            if layer == 0:
                errors[f"g_{name}"] = scale * float(first.error[i])
            outputs.append(h)
            factors.append(scale)
            z.append(unit)
        previous, scales = outputs, np.array(factors)
    return Encoding(restriction, problem, x, z, f, bounds, errors)


def _affine(variables: list[Any], coefficients: FloatArray) -> Any:
    import pulp

    terms = zip(variables, coefficients.tolist(), strict=True)
    return pulp.LpAffineExpression([(variable, value) for variable, value in terms if value])


def _unit_scale(low: float, high: float, coefficients: FloatArray) -> float:
    """A power of two that brings the larger of |low|, |high| between 1/2 and 1, and coefficients not above 2^40."""
    size = max(abs(low), abs(high), 2.0**-40 * float(np.abs(coefficients).max(initial=0.0)))
    return float(np.ldexp(1.0, -max(int(np.frexp(size)[1]), -500)))

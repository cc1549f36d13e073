"""Networks as MPS and LP files: the mixed-integer program of their patterns, and the half-spaces of one of them."""

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from polyregions.definition import Definition
from polyregions.domain import Box, Domain
from polyregions.errors import ArgumentError
from polyregions.exact.numbers import nearest_float
from polyregions.exact.restriction import Restriction
from polyregions.network import Network

__all__ = ["Export", "export"]


@dataclass(frozen=True)
class Export:
    """What :func:`export` wrote.

    Attributes
    ----------
    path : str
    format : {"mps", "lp"}
    variables, integers, constraints : int
        How many of each the file holds.
    rounded : int
        Bounds and constraints some number of which no float64 equals, and which hold one next to it instead.
    weights : str or None
        The file with the network's exact weights.
    """

    path: str
    format: str
    variables: int
    integers: int
    constraints: int
    rounded: int
    weights: str | None = None


def export(
    network: Network,
    domain: Domain,
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    definition: Definition | str = Definition.PATTERNS,
    pattern: Sequence[Sequence[int]] | None = None,
    weights: str | os.PathLike[str] | None = None,
) -> Export:
    """Write the big-M program of a network over a domain, or the half-spaces of one pattern, as an MPS or LP file.

    Parameters
    ----------
    path : path to a file
        An existing one is replaced.
    format : {"mps", "lp"}, optional
        Default: the path's extension.
    definition : {"patterns", "regions"}, optional
        "patterns": the program of Serra, Tjandraatmadja & Ramalingam (2018): maximise f; the vectors z for which some
        solution has f > 0 are the patterns attained on the closed domain. "regions" adds f <= hbar + M z, so that
        inactive units, too, are strict: the vectors z with f > 0 are then patterns of regions of full dimension, all
        but those on which the pre-activation of some unit is zero everywhere.
    pattern : nested sequence of 0/1, optional
        Write instead the linear program over the inputs alone, without objective, whose solutions are the closure of
        this pattern's region: one row per unit, and the domain.
    weights : path to an .npz file, optional
        Write the network there, too: with the exact weights whoever reads the file can check what it says.

    Returns
    -------
    Export

    Raises
    ------
    ArgumentError
        If the format is unknown, or the domain is a single point.
    EncodingError
        If no float64 bounds a unit's pre-activation.
    OSError
        If a file cannot be written.

    Notes
    -----
    Names: x_j, the inputs from 0 (the coordinates on the domain, if it has a lower dimension); for unit i (from 0) of
    layer l (from 1) h_l_i, hbar_l_i and z_l_i; f. Rows: g_l_i defines the unit, on_l_i is h <= H z, off_l_i
    hbar <= Hbar (1 - z), f_l_i and fbar_l_i are f <= h + M (1 - z) and f <= hbar + M z, domain_k is the domain's k-th
    inequality, and hull_k the k-th equation of its affine hull. Each unit is scaled by a power of two
    (:mod:`polyregions.milp.encoding`). Every float64 is written so that it reads back as the same number.

    Solvers find solutions within tolerances: what they count is numerical.

    Examples
    --------
    >>> import tempfile
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export(net, Box(-1, 1), folder + "/net.lp", pattern=((1, 0),))
    ...     print(Path(written.path).read_text().split("Subject To")[1])
    <BLANKLINE>
     g_1_0: + 0.5 x_0 >= 0.0
     g_1_1: + 0.5 x_0 >= 0.0
    Bounds
     -1.0 <= x_0 <= 1.0
    End
    <BLANKLINE>
    """
    from solvers.model_files import FORMATS, write_model

    file = Path(path)
    kind = file.suffix.lower().removeprefix(".") if format is None else format
    if kind not in FORMATS:
        raise ArgumentError(f"{file}: the format {kind!r} is not one of {', '.join(FORMATS)}; name it by the extension")
    if pattern is None:
        model = _program(network, domain, Definition.of_patterns(definition))
    else:
        model = _halfspaces(network, domain, pattern)
    if weights is not None:
        from polyregions.formats import save

        save(network, weights)
    write_model(
        model.model,
        file,
        kind,
        columns=model.columns,
        rows=model.rows,
        name=model.name,
        comments=[*model.comments, f"network sha256 {network.sha256}", f"domain {domain!r}"],
    )
    return Export(
        os.fspath(path),
        kind,
        len(model.columns),
        int(model.model.integer.sum()),
        len(model.rows),
        model.rounded,
        None if weights is None else os.fspath(weights),
    )


@dataclass(frozen=True)
class _Named:
    """A model and the names in it."""

    model: Any
    columns: list[str]
    rows: list[str]
    name: str
    comments: list[str]
    rounded: int


def _program(network: Network, domain: Domain, definition: Definition) -> _Named:
    from polyregions.milp.encoding import encode
    from solvers import MILPModel

    restriction = Restriction(network, domain)
    if not restriction.widths or not restriction.dimension:
        what = "the network has no ReLU unit" if not restriction.widths else "the domain is a single point"
        raise ArgumentError(f"there is no program to write: {what}")
    encoding = encode(restriction)
    if definition is Definition.REGIONS:
        _make_inactive_strict(encoding)
    arrays = encoding.arrays()
    names = [variable.name for variable in encoding.problem.variables()]
    order = sorted(range(len(names)), key=lambda j: _natural(names[j]))
    integer = np.zeros(len(names), dtype=np.bool_)
    integer[arrays.binaries] = True
    objective = np.zeros(len(names))
    objective[arrays.objective] = 1.0
    model = MILPModel(
        objective=objective[order],
        matrix=arrays.matrix[:, order],
        row_lower=arrays.row_lower,
        row_upper=arrays.row_upper,
        lower=arrays.lower[order],
        upper=arrays.upper[order],
        integer=integer[order],
    )
    chart = restriction.chart
    bounds = zip((*chart.lower, *chart.upper), (*encoding.x, *encoding.x), strict=True)
    off = sum(Fraction(v.lowBound if i < len(encoding.x) else v.upBound) != b for i, (b, v) in enumerate(bounds))
    comments = [
        "big-M program of Serra, Tjandraatmadja & Ramalingam (2018), each unit scaled by a power of two;",
        f"the vectors z with f > 0 are its {definition.value}"
        + (", all but those on which some unit's pre-activation is zero" if definition is Definition.REGIONS else ""),
    ]
    rows = [constraint.name for constraint in encoding.problem.constraints()]
    rounded = off + sum(error > 0 for error in encoding.row_errors.values())
    return _Named(model, [names[j] for j in order], rows, "activation_patterns", comments, int(rounded))


def _make_inactive_strict(encoding: Any) -> None:
    """Add f <= hbar + M z for every unit; f is at most 1, so M = 1 will do."""
    problem = encoding.problem
    variables = {variable.name: variable for variable in problem.variables()}
    for unit in encoding.unstable:
        problem += encoding.f - variables[f"hbar_{unit.name}"] - unit.z <= 0, f"fbar_{unit.name}"


_KINDS = {"f": 0, "x": 1}


def _natural(name: str) -> tuple[Any, ...]:
    """f, the inputs, then unit by unit; numbers by value."""
    kind, *numbers = re.split("_", name)
    return _KINDS.get(kind, 2), [int(number) for number in numbers], kind


def _row_names(units: Sequence[tuple[int, int]]) -> list[str]:
    """A name per row; an entry of a graph's node may have several."""
    seen: dict[tuple[int, int], int] = {}
    names = []
    for layer, unit in units:
        again = seen[layer, unit] = seen.get((layer, unit), -1) + 1
        names.append(f"g_{layer + 1}_{unit}" + (f"_{again}" if again else ""))
    return names


def _halfspaces(network: Network, domain: Domain, pattern: Sequence[Sequence[int]]) -> _Named:
    from polyregions.projection.float_rows import float_forms
    from polyregions.projection.pattern import PatternSystem
    from solvers import MILPModel

    found = PatternSystem(network, domain, pattern)
    system, n = found.system, found.system.dimension
    units = _row_names(network.region_units(pattern))
    rows = list(system.inequalities)
    names = [*units, *(f"domain_{k}" for k in range(len(rows) - len(units)))]
    lower, upper, rounded = np.full(n, -np.inf), np.full(n, np.inf), 0
    if isinstance(domain, Box) and not system.equations:
        # A box's inequalities are bounds.
        chart = domain.chart(n)
        rows, names = rows[: len(units)], names[: len(units)]
        lower, upper = (np.array([nearest_float(v) for v in side]) for side in (chart.lower, chart.upper))
        rounded = sum(Fraction(v) != w for v, w in zip((*lower, *upper), (*chart.lower, *chart.upper), strict=True))
    names += [f"hull_{k}" for k in range(len(system.equations))]
    rows += system.equations
    forms = float_forms(rows, n)
    if not forms.usable.all():
        worst = names[int(np.flatnonzero(~forms.usable)[0])]
        raise ArgumentError(f"row {worst} has a constant that solvers take for infinite; rescale the network")
    for i, row in enumerate(rows):
        scale = Fraction(1, 2 ** forms.exponents[i])
        rounded += any(Fraction(v) != w * scale for v, w in zip((*forms.a[i], forms.c[i]), row, strict=True))
    model = MILPModel(
        objective=np.zeros(n),
        matrix=forms.a.reshape(-1, n),
        row_lower=-forms.c,
        row_upper=np.where(np.arange(len(rows)) < len(rows) - len(system.equations), math.inf, -forms.c),
        lower=lower,
        upper=upper,
        integer=np.zeros(n, dtype=np.bool_),
        maximise=False,
    )
    text = "|".join("".join(map(str, states)) for states in pattern)
    comments = [f"half-spaces of the activation pattern {text}, each scaled by a power of two"]
    return _Named(model, [f"x_{j}" for j in range(n)], names, "activation_region", comments, int(rounded))

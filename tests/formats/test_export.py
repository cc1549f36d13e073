"""Exported programs: the numbers of the encoding, and the same answers from whoever reads them."""

import importlib.util
import re
from fractions import Fraction

import numpy as np
import pytest

import polyregions as pr
from polyregions.errors import ArgumentError, NetworkError
from polyregions.exact.restriction import Restriction
from polyregions.milp.encoding import encode
from polyregions.projection.pattern import project_pattern
from solvers import milp_solver
from solvers.model_files import FORMATS
from tests.nets import npz, six_definitions, telgarsky
from tests.strategies import of_known

SOLVERS = ["highs", "cbc", *(name for name, module in (("scip", "pyscipopt"),) if importlib.util.find_spec(module))]


def read(path):
    import highspy

    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    # A warning is given for a bound such as 1e-16, the width of a rounding, which HiGHS takes for 0.
    assert highs.readModel(str(path)) != highspy.HighsStatus.kError
    return highs


def rows_of(path):
    """Row name -> ({column: coefficient}, lower, upper), as HiGHS reads the file."""
    lp = read(path).getLp()
    entries = [{} for _ in range(lp.num_row_)]
    starts, index, value = lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_
    columnwise = lp.a_matrix_.format_.name == "kColwise"
    for outer in range(len(starts) - 1):
        for k in range(starts[outer], starts[outer + 1]):
            i, j = (index[k], outer) if columnwise else (outer, index[k])
            entries[i][lp.col_names_[j]] = value[k]
    return {name: (entries[i], lp.row_lower_[i], lp.row_upper_[i]) for i, name in enumerate(lp.row_names_)}, {
        name: (lp.col_lower_[j], lp.col_upper_[j]) for j, name in enumerate(lp.col_names_)
    }


@pytest.mark.parametrize("format", FORMATS)
def test_the_file_is_the_encoding_digit_for_digit(format, tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    written = pr.export(network, box, tmp_path / f"a1.{format}")
    assert written.rounded == 0
    assert (written.variables, written.integers, written.constraints) == (1 + 2 + 3 * 32, 32, 4 * 32)
    rows, columns = rows_of(written.path)
    encoding = encode(Restriction(network, box))
    assert columns == {v.name: (float(v.lowBound), float(v.upBound)) for v in encoding.problem.variables()}
    expected = {}
    for constraint in encoding.problem.constraints():
        right = -float(constraint.constant)
        entries = {variable.name: float(value) for variable, value in constraint.items()}
        expected[constraint.name] = (
            entries,
            right if constraint.sense >= 0 else -np.inf,
            right if constraint.sense <= 0 else np.inf,
        )
    assert rows == expected
    integers = [
        n
        for n, kind in zip(read(written.path).getLp().col_names_, read(written.path).getLp().integrality_, strict=True)
        if kind.name == "kInteger"
    ]
    assert sorted(integers) == sorted(v.name for v in encoding.z)


@pytest.mark.parametrize("format", FORMATS)
def test_first_layer_rows_are_the_weights(format, tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    rows, _ = rows_of(pr.export(network, box, tmp_path / f"a1.{format}").path)
    for i in range(16):
        entries, low, high = rows[f"g_1_{i}"]
        scale = Fraction(entries["x_0"]) / Fraction(float(network.weights[0][i, 0]))
        assert scale.numerator == 1 or scale.denominator == 1
        assert Fraction(entries["x_1"]) == scale * Fraction(float(network.weights[0][i, 1]))
        assert low == high == -scale * Fraction(float(network.biases[0][i]))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("definition", ["patterns", "regions"])
def test_solvers_agree_on_the_optimum(format, definition, tmp_path):
    network, box = of_known(six_definitions())
    path = pr.export(network, box, tmp_path / f"net.{format}", definition=definition).path
    expected = milp_solver("pulp-highs").solve(pr.export(network, box, tmp_path / "x.mps", definition=definition).path)
    assert milp_solver("highs").solve(path).objective == pytest.approx(expected.objective, abs=1e-7)
    assert expected.objective > 0.1
    if format == "mps":
        for solver in SOLVERS:
            assert milp_solver(solver).solve(path).objective == pytest.approx(expected.objective, abs=1e-6)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.skipif(importlib.util.find_spec("gurobipy") is None, reason="Gurobi is not installed")
def test_gurobi_agrees(format, tmp_path):
    import gurobipy

    network, box = of_known(six_definitions())
    path = pr.export(network, box, tmp_path / f"net.{format}").path
    with gurobipy.Env(params={"OutputFlag": 0}) as env:
        model = gurobipy.read(str(path), env)
        model.optimize()
        assert model.ObjVal == pytest.approx(milp_solver("highs").solve(path).objective, abs=1e-6)
        assert {"f", "x_0", "h_1_0", "hbar_1_0", "z_2_1"} <= {v.VarName for v in model.getVars()}


def solutions(path):
    """All z with positive f, by fixing the binaries of the file one vector after the other."""
    from itertools import product

    highs = read(path)
    names = list(highs.getLp().col_names_)
    z = sorted(names.index(name) for name in names if name.startswith("z_"))
    order = sorted(z, key=lambda j: tuple(int(n) for n in re.findall(r"\d+", names[j])))
    found = set()
    lower, upper = np.array(highs.getLp().col_lower_), np.array(highs.getLp().col_upper_)
    for states in product((0, 1), repeat=len(order)):
        if any(not lower[j] <= s <= upper[j] for j, s in zip(order, states, strict=True)):
            continue
        for j, state in zip(order, states, strict=True):
            highs.changeColBounds(j, float(state), float(state))
        highs.run()
        if highs.getModelStatus().name == "kOptimal" and highs.getInfo().objective_function_value > 1e-5:
            found.add(states)
    return found


@pytest.mark.parametrize("known", [telgarsky(2), six_definitions()], ids=lambda known: known.name)
def test_solutions_are_the_patterns(known, tmp_path):
    network, box = of_known(known)
    found = solutions(pr.export(network, box, tmp_path / "net.lp").path)
    expected = {r.pattern for r in pr.regions(network, box, definition="patterns", cells="lp")}
    assert found == {tuple(s for states in pattern for s in states) for pattern in expected}
    # Strict on both sides: regions, without those on which some unit is identically zero.
    strict = solutions(pr.export(network, box, tmp_path / "net.lp", definition="regions").path)
    regions = list(pr.regions(network, box, cells="lp"))
    expected = {r.pattern for r in regions if all(v for g in network.exact_preactivations(r.witness) for v in g)}
    assert strict == {tuple(s for states in pattern for s in states) for pattern in expected}
    assert strict <= {tuple(s for states in r.pattern for s in states) for r in regions}


DOMAINS = [
    pr.Box([-1, "-1/3"], [1, 1]),
    pr.Box(["1/3", -1], ["1/3", 1]),
    pr.Segment([-1, "1/3"], [1, "2/7"]),
    pr.Polytope([[1, 1], [-1, 0], [0, -1]], [1, 0, "1/9"]),
]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: type(domain).__name__)
def test_halfspaces_of_a_pattern(format, domain, tmp_path):
    network = of_known(npz("A1_2d_16x2"))[0]
    region = list(pr.regions(network, domain, cells="lp"))[3]
    path = pr.export(network, domain, tmp_path / f"p.{format}", pattern=region.pattern).path
    rows, columns = rows_of(path)
    assert [name for name in rows if name.startswith("g_")] == [f"g_{1 + k // 16}_{k % 16}" for k in range(32)]
    # Along every axis the file reaches as far as the exact polyhedron does.
    exact = project_pattern(network, domain, region.pattern)
    corners = vertices(exact)
    for j in range(2):
        for sense in (1.0, -1.0):
            highs = read(path)
            highs.changeColCost(list(columns).index(f"x_{j}"), -sense)
            highs.run()
            reach = max(sense * float(corner[j]) for corner in corners)
            assert -highs.getInfo().objective_function_value == pytest.approx(reach, abs=1e-6)


def vertices(system):
    """The vertices of a bounded polygon: the points where two rows meet that satisfy all others."""
    from itertools import combinations

    found = []
    for (a, b, c), (d, e, f) in combinations((*system.equations, *system.inequalities), 2):
        det = a * e - b * d
        if det:
            point = (Fraction(b * f - c * e, det), Fraction(c * d - a * f, det))
            if system.contains(point):
                found.append(point)
    return found


def test_weights_and_rounding(tmp_path):
    network = of_known(npz("A1_2d_16x2"))[0]
    written = pr.export(network, pr.Box("-1/3", 1), tmp_path / "net.mps", weights=tmp_path / "weights.npz")
    assert written.rounded == 2
    assert pr.load(written.weights, include_output=True) == network
    plane = pr.export(network, pr.Segment([-1, "1/3"], [1, "2/7"]), tmp_path / "line.MPS")
    assert plane.rounded == 15
    assert plane.format == "mps"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"path": "net.txt"}, ArgumentError, "the format 'txt' is not one of mps, lp"),
        ({"path": "net"}, ArgumentError, "the format '' is not one of"),
        ({"path": "net.lp", "format": "sav"}, ArgumentError, "'sav'"),
        ({"path": "net.lp", "definition": "linear"}, ValueError, "linear"),
        ({"path": "net.lp", "pattern": ((1, 0),)}, NetworkError, "the pattern has layers"),
        ({"path": "net.lp", "domain": pr.Box([0, 0], [0, 0])}, ArgumentError, "a single point"),
        ({"path": "nowhere/net.lp"}, OSError, "nowhere"),
    ],
)
def test_refused(options, error, message, tmp_path):
    network, box = of_known(six_definitions())
    options = {"domain": box, **options}
    with pytest.raises(error, match=message):
        pr.export(network, options.pop("domain"), tmp_path / options.pop("path"), **options)
    assert not list(tmp_path.iterdir())

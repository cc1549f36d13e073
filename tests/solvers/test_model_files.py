"""MPS and LP files, read back by HiGHS and CBC, and by SCIP and Gurobi where these are installed."""

import importlib.util
import math
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from solvers import MILPModel, Status, milp_solver
from solvers.model_files import FORMATS, write_model

#: Numbers with all their digits, very large and very small ones.
numbers = st.sampled_from([0.0, 1.0, -1.0, 0.1, 1 / 3, -2 / 3, 1e-7, 123456.789012345, -math.pi, 2.0**-20, 1e6 + 1 / 7])
#: For optima: with the others SCIP's and CBC's own tolerances spoil some.
moderate = st.sampled_from([0.0, 1.0, -1.0, 0.1, 1 / 3, -2 / 3, 12.3456789012345, -math.pi])


@st.composite
def models(draw, numbers=numbers) -> MILPModel:
    n, m = draw(st.integers(1, 5)), draw(st.integers(0, 4))
    integer = [draw(st.booleans()) for _ in range(n)]
    # HiGHS 1.15.1 calls some feasible programs infeasible where the bounds of an integer are fractions.
    choices = [(0, 1), (2, 2), (-4, 3)], [(-1 / 3, 2 / 3), (2, 2), (-4, math.pi)]
    bounds = [draw(st.sampled_from(choices[not whole])) for whole in integer]
    sides = [draw(st.sampled_from([(-math.inf, 1 / 3), (-0.1, math.inf), (-5.1, 7.3), (-9.7, 9.9)])) for _ in range(m)]
    return MILPModel(
        objective=np.array([draw(numbers) for _ in range(n)]),
        matrix=csr_array(np.array([[draw(numbers) for _ in range(n)] for _ in range(m)]).reshape(m, n)),
        row_lower=np.array([low for low, _ in sides], dtype=float),
        row_upper=np.array([high for _, high in sides], dtype=float),
        lower=np.array([low for low, _ in bounds], dtype=float),
        upper=np.array([high for _, high in bounds], dtype=float),
        integer=np.array(integer),
        maximise=draw(st.booleans()),
    )


def write(model, folder, format):
    path = Path(folder) / f"model.{format}"
    columns = [f"h_{j}_{j}" for j in range(len(model.objective))]
    rows = [f"on_{i}" for i in range(len(model.row_lower))]
    write_model(model, path, format, columns=columns, rows=rows, comments=["one", "two"])
    return path


@pytest.mark.parametrize("format", FORMATS)
@given(model=models())
@settings(max_examples=60)
def test_highs_reads_every_number_back(model, format, tmp_path_factory):
    import highspy

    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("small_matrix_value", 1e-12)
    highs.setOptionValue("keep_n_rows", 0)
    path = write(model, tmp_path_factory.mktemp("files"), format)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    lp = highs.getLp()
    n = len(model.objective)
    # An LP file lists variables as they occur.
    place = [list(lp.col_names_).index(f"h_{j}_{j}") for j in range(n)]
    assert (np.array(lp.col_cost_)[place] == model.objective).all()
    assert (np.array(lp.col_lower_)[place] == model.lower).all()
    assert (np.array(lp.col_upper_)[place] == model.upper).all()
    assert (lp.sense_ == highspy.ObjSense.kMaximize) == model.maximise
    kinds = [kind.name == "kInteger" for kind in lp.integrality_] or [False] * n
    assert [kinds[j] for j in place] == model.integer.tolist()
    matrix = csr_array(
        (lp.a_matrix_.value_, lp.a_matrix_.index_, lp.a_matrix_.start_),
        shape=(lp.num_row_, n) if lp.a_matrix_.format_.name == "kRowwise" else (n, lp.num_row_),
    )
    dense = matrix.toarray() if lp.a_matrix_.format_.name == "kRowwise" else matrix.toarray().T
    found = {
        name: (dense[i][place].tolist(), lp.row_lower_[i], lp.row_upper_[i]) for i, name in enumerate(lp.row_names_)
    }
    expected = {}
    for i, (row, low, high) in enumerate(
        zip(model.matrix.toarray().tolist(), model.row_lower, model.row_upper, strict=True)
    ):
        if math.isfinite(high):
            expected[f"on_{i}"] = (row, -math.inf, high)
        if math.isfinite(low):
            expected[f"on_{i}.low" if math.isfinite(high) else f"on_{i}"] = (row, low, math.inf)
    assert found == expected


@pytest.mark.parametrize("format", FORMATS)
@given(model=models(moderate))
@settings(max_examples=15)
def test_cbc_finds_the_same_optimum(model, format, tmp_path_factory):
    assume(len(model.row_lower))  # CBC does not read an LP file without rows
    folder = tmp_path_factory.mktemp("files")
    expected = milp_solver("highs").solve(model)
    found = cbc(write(model, folder, format), model.maximise)
    assert (found is None) == (expected.status is not Status.OPTIMAL)
    assert found is None or found == pytest.approx(expected.objective, abs=1e-5, rel=1e-7)


def cbc(path, maximise):
    """The optimum that the CBC of PuLP finds in a file, asked by its own command line; None if there is none."""
    import pulp

    solution = path.with_suffix(".sol")
    # CBC reads the sense of an LP file, and in an MPS file neither the section nor the comment.
    sense = ["-max"] if maximise and path.suffix == ".mps" else []
    command = [pulp.PULP_CBC_CMD().path, str(path), *sense, "-solve", "-solu", str(solution)]
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    head = solution.read_text().splitlines()[0]
    return float(head.split()[-1]) if head.startswith("Optimal") else None


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.skipif(importlib.util.find_spec("pyscipopt") is None, reason="SCIP is not installed")
@given(model=models(moderate))
@settings(max_examples=15)
def test_scip_finds_the_same_optimum(model, format, tmp_path_factory):
    from pyscipopt import Model

    expected = milp_solver("highs").solve(model)
    scip = Model()
    scip.hideOutput()
    scip.readProblem(str(write(model, tmp_path_factory.mktemp("files"), format)))
    assert scip.getObjectiveSense() == ("maximize" if model.maximise else "minimize")
    scip.optimize()
    assert (scip.getStatus() == "optimal") == (expected.status is Status.OPTIMAL)
    if expected.status is Status.OPTIMAL:
        assert scip.getObjVal() == pytest.approx(expected.objective, abs=1e-5, rel=1e-7)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.skipif(importlib.util.find_spec("gurobipy") is None, reason="Gurobi is not installed")
@given(model=models(moderate))
@settings(max_examples=15)
def test_gurobi_finds_the_same_optimum(model, format, tmp_path_factory):
    import gurobipy

    expected = milp_solver("highs").solve(model)
    with gurobipy.Env(params={"OutputFlag": 0}) as env:
        found = gurobipy.read(str(write(model, tmp_path_factory.mktemp("files"), format)), env)
        found.optimize()
        assert (found.Status == gurobipy.GRB.OPTIMAL) == (expected.status is Status.OPTIMAL)
        if expected.status is Status.OPTIMAL:
            assert found.ObjVal == pytest.approx(expected.objective, abs=1e-5, rel=1e-7)


@pytest.mark.parametrize("format", FORMATS)
def test_unbounded_variables_and_long_rows(format, tmp_path):
    n = 300
    lower = np.where(np.arange(n) % 3 == 0, -np.inf, 0.0)
    model = MILPModel(
        objective=np.zeros(n),
        matrix=np.full((1, n), 1 / 3),
        row_lower=np.array([1.0]),
        row_upper=np.array([1.0]),
        lower=lower,
        upper=np.where(np.arange(n) % 3 == 1, np.inf, 5.0),
        integer=np.zeros(n, dtype=bool),
    )
    unbounded = replace(model, objective=np.where(np.arange(n) == 1, 1.0, 0.0))
    bounded = replace(model, objective=np.where(np.arange(n) == 2, 1.0, 0.0))
    assert max(map(len, write(model, tmp_path, format).read_text().splitlines())) < 255
    solver = milp_solver("highs")
    assert solver.solve(write(unbounded, tmp_path, format)).status is not Status.OPTIMAL
    assert solver.solve(write(bounded, tmp_path, format)).objective == 5.0
    free = replace(bounded, lower=np.full(n, -np.inf), upper=np.full(n, np.inf))
    assert solver.solve(write(free, tmp_path, format)).status is not Status.OPTIMAL


MODEL = MILPModel(
    objective=np.ones(2),
    matrix=np.ones((1, 2)),
    row_lower=np.zeros(1),
    row_upper=np.ones(1),
    lower=np.zeros(2),
    upper=np.ones(2),
    integer=np.zeros(2, dtype=bool),
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "sav"}, "no format called 'sav'"),
        ({"columns": ["x"]}, "1 variable names for 2"),
        ({"columns": ["x", "x"]}, "variable name 'x' is used twice"),
        ({"columns": ["x", "e5"]}, "variable name 'e5'"),
        ({"columns": ["x", "a b"]}, "variable name 'a b'"),
        ({"rows": []}, "0 row names for 1"),
        ({"rows": ["obj"]}, "row name 'obj' is used twice"),
        ({"name": ""}, "model name ''"),
        ({"comments": ["a\nb"]}, "a comment is one line"),
        ({"model": replace(MODEL, objective=np.array([np.nan, 0.0]))}, "finite"),
    ],
)
def test_refused(change, message, tmp_path):
    arguments = {"model": MODEL, "format": "lp", "columns": ["x", "y"], "rows": ["r"], **change}
    path = tmp_path / "model.lp"
    with pytest.raises(ValueError, match=message):
        write_model(arguments.pop("model"), path, arguments.pop("format"), **arguments)
    assert not path.exists()

"""The contract of `solvers.MILPSolver`, and the back ends that are held to it."""

from __future__ import annotations

import itertools
import math
import threading

import numpy as np
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solvers.errors import SolverError, SolverNotAvailableError, UnknownSolverError
from solvers.highs_milp import HighsMILP
from solvers.mps import maximises
from solvers.protocol import MILPModel, MILPSolver
from solvers.pulp_backend import PulpMILP
from solvers.pulp_backend import solve as solve_with_pulp
from solvers.status import Status

INF = math.inf
FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.differing_executors])


def make_model(objective, matrix, row_lower, row_upper, lower, upper, integer=None, maximise=True):
    columns = len(objective)
    return MILPModel(
        objective=np.array(objective, dtype=np.float64),
        matrix=matrix
        if scipy.sparse.issparse(matrix)
        else np.array(matrix, dtype=np.float64).reshape(len(row_lower), columns),
        row_lower=np.array(row_lower, dtype=np.float64),
        row_upper=np.array(row_upper, dtype=np.float64),
        lower=np.array(lower, dtype=np.float64),
        upper=np.array(upper, dtype=np.float64),
        integer=np.ones(columns, dtype=bool) if integer is None else np.array(integer),
        maximise=maximise,
    )


@st.composite
def integer_programs(draw):
    """Small all-integer programs, with rows of every kind."""
    columns = draw(st.integers(1, 4))
    rows = draw(st.integers(0, 3))
    small = st.integers(-3, 3)
    lower = [draw(st.integers(-2, 1)) for _ in range(columns)]
    upper = [low + draw(st.integers(0, 3)) for low in lower]
    row_lower, row_upper = [], []
    for _ in range(rows):
        middle = draw(st.integers(-3, 5))
        sides = [(-INF, middle), (middle, INF), (middle, middle + 2), (middle, middle), (-INF, INF)]
        side = draw(st.sampled_from(sides))
        row_lower.append(side[0])
        row_upper.append(side[1])
    return make_model(
        [draw(small) for _ in range(columns)],
        [[draw(small) for _ in range(columns)] for _ in range(rows)],
        row_lower,
        row_upper,
        lower,
        upper,
        maximise=draw(st.booleans()),
    )


def brute_force(model):
    """The optimum over every integer point of the box, None when no point is feasible."""
    ranges = [range(int(low), int(high) + 1) for low, high in zip(model.lower, model.upper, strict=True)]
    values = [
        float(model.objective @ np.array(point))
        for point in itertools.product(*ranges)
        if (model.matrix @ np.array(point) >= model.row_lower).all()
        and (model.matrix @ np.array(point) <= model.row_upper).all()
    ]
    if not values:
        return None
    return max(values) if model.maximise else min(values)


def market_split():
    """Equations that no solver finishes in a second (Cornuejols and Dawande 1998): 4 rows, 40 binaries."""
    rng = np.random.default_rng(1)
    matrix = rng.integers(0, 100, (4, 40)).astype(np.float64)
    slack = np.hstack([np.eye(4), -np.eye(4)])
    right = np.floor(matrix.sum(axis=1) / 2)
    return make_model(
        [0.0] * 40 + [1.0] * 8,
        np.hstack([matrix, slack]),
        right,
        right,
        [0.0] * 48,
        [1.0] * 40 + [1e4] * 8,
        integer=[True] * 40 + [False] * 8,
        maximise=False,
    )


MPS_MAX = """NAME          tiny
{sense}ROWS
 N  OBJ
 L  ROW
COLUMNS
    MARKER                 'MARKER'                 'INTORG'
    B         OBJ       4.0   ROW       5.0
    A         OBJ       5.0   ROW       6.0
    MARKER                 'MARKER'                 'INTEND'
RHS
    RHS       ROW       10.0
BOUNDS
 UP BND       A         1.0
 UP BND       B         1.0
ENDATA
"""


class MILPSolverContract:
    """Subclass, define `make`, and every test below runs on the back end."""

    def make(self) -> MILPSolver:
        raise NotImplementedError

    @FEW
    @given(integer_programs())
    def test_optimum_equals_brute_force(self, model):
        solution = self.make().solve(model)
        expected = brute_force(model)
        if expected is None:
            assert solution.status is Status.INFEASIBLE
            assert solution.x is None
            assert math.isnan(solution.objective)
            return
        assert solution.status is Status.OPTIMAL
        assert solution.objective == pytest.approx(expected, abs=1e-6)
        assert solution.bound == pytest.approx(expected, abs=1e-6)
        point = np.round(solution.x)
        assert solution.x == pytest.approx(point, abs=1e-6)
        assert float(model.objective @ point) == expected
        assert (model.matrix @ point >= model.row_lower).all()
        assert (model.matrix @ point <= model.row_upper).all()
        assert solution.seconds >= 0

    def test_mixed_variables_by_hand(self):
        # max 3 k + x with k integer, 2 k + x <= 7.5, x <= 1.25: k = 3, x = 1.25
        model = make_model([3.0, 1.0], [[2.0, 1.0]], [-INF], [7.5], [0.0, 0.0], [INF, 1.25], [True, False])
        solution = self.make().solve(model)
        assert solution.x == pytest.approx([3.0, 1.25])
        assert solution.objective == pytest.approx(10.25)

    def test_without_integers(self):
        model = make_model([1.0, 1.0], [[2.0, 1.0]], [-INF], [2.0], [0, 0], [1, 1], [False, False])
        solution = self.make().solve(model)
        assert (solution.status, solution.objective) == (Status.OPTIMAL, pytest.approx(1.5))
        assert solution.bound == pytest.approx(1.5)

    def test_columns_keep_their_order(self):
        columns = 23  # more than ten, so that names in alphabetical order would give another
        model = make_model(
            np.ones(columns),
            np.eye(columns),
            [-INF] * columns,
            np.arange(columns),
            [0] * columns,
            [99] * columns,
        )
        assert self.make().solve(model).x == pytest.approx(np.arange(columns))

    def test_columns_without_entries_and_a_zero_objective(self):
        model = make_model([0.0, 0.0, 0.0], [[0.0, 1.0, 0.0]], [2.0], [2.0], [1, 0, -1], [1, 5, -1])
        solution = self.make().solve(model)
        assert solution.status is Status.OPTIMAL
        assert solution.x == pytest.approx([1.0, 2.0, -1.0])
        assert solution.objective == 0.0

    def test_without_rows_and_without_columns(self):
        assert self.make().solve(make_model([2.0], [], [], [], [0], [3])).objective == pytest.approx(6.0)
        empty = make_model([], np.zeros((1, 0)), [-1.0], [1.0], [], [])
        assert self.make().solve(empty).status is Status.OPTIMAL
        impossible = MILPModel(**{**vars(empty), "row_lower": np.array([0.5])})
        assert self.make().solve(impossible).status is Status.INFEASIBLE

    @pytest.mark.parametrize(("low", "high"), [(1.0, INF), (-INF, -1.0)])
    def test_an_impossible_row_without_entries(self, low, high):
        model = make_model([1.0], [[1.0], [0.0]], [-INF, low], [1.0, high], [0], [1])
        assert self.make().solve(model).status is Status.INFEASIBLE

    def test_sparse_matrix(self):
        matrix = scipy.sparse.csc_array(np.array([[6.0, 5.0], [0.0, 1.0]]))
        model = make_model([5.0, 4.0], matrix, [-INF, 1.0], [10.0, INF], [0, 0], [1, 1])
        assert self.make().solve(model).x == pytest.approx([0.0, 1.0])

    def test_infeasible_though_its_relaxation_is_feasible(self):
        model = make_model([1.0, 0.0], [[2.0, 2.0]], [3.0], [3.0], [0, 0], [5, 5])
        solution = self.make().solve(model)
        assert (solution.status, solution.x) == (Status.INFEASIBLE, None)

    def test_optimal_means_no_gap(self):
        # The default gap of HiGHS, one part in 10^4, leaves 1.17 between bound and value here.
        rng = np.random.default_rng(0)
        weight = rng.integers(500, 1000, 30).astype(np.float64)
        value = weight + rng.random(30) * 40
        capacity = float(int(weight.sum() / 2))
        model = make_model(value, [weight], [-INF], [capacity], np.zeros(30), np.ones(30))
        solution = self.make().solve(model)
        assert solution.status is Status.OPTIMAL
        assert solution.bound == pytest.approx(solution.objective, abs=1e-6)

    def test_unbounded_is_not_optimal(self):
        model = make_model([1.0, 0.0], [[1.0, -1.0]], [-INF], [0.0], [0, 0], [INF, INF])
        solution = self.make().solve(model)
        assert solution.status in (Status.UNBOUNDED, Status.INFEASIBLE_OR_UNBOUNDED)

    def test_a_time_limit_is_not_optimal(self):
        solution = self.make().solve(market_split(), time_limit=0.5)
        assert solution.status is Status.TIME_LIMIT
        assert (solution.x is None) == math.isnan(solution.objective)

    def test_a_node_limit_is_not_optimal(self):
        solution = self.make().solve(market_split(), node_limit=1)
        assert solution.status is Status.SOLUTION_LIMIT
        assert (solution.x is None) == math.isnan(solution.objective)

    def test_tolerances_and_threads_are_accepted(self):
        model = make_model([5.0, 4.0], [[6.0, 5.0]], [-INF], [10.0], [0, 0], [1, 1])
        for threads in (1, 2, 1):
            solution = self.make().solve(
                model,
                threads=threads,
                feasibility_tolerance=1e-9,
                integrality_tolerance=1e-9,
                time_limit=60.0,
            )
            assert (solution.status, solution.objective) == (Status.OPTIMAL, pytest.approx(5.0))

    @pytest.mark.parametrize(
        ("sense", "objective"), [("OBJSENSE\n    MAX\n", 5.0), ("*SENSE:Maximize\n", 5.0), ("", 0.0)]
    )
    def test_an_mps_file_and_its_sense(self, tmp_path, sense, objective):
        path = tmp_path / "tiny.mps"
        path.write_text(MPS_MAX.format(sense=sense))
        solution = self.make().solve(path)
        assert (solution.status, solution.objective) == (Status.OPTIMAL, pytest.approx(objective))
        values = dict(zip(solution.names, solution.x, strict=True))
        assert values == pytest.approx({"A": objective / 5, "B": 0.0})

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no such model file: .*missing\.mps"):
            self.make().solve(tmp_path / "missing.mps")

    @pytest.mark.parametrize(
        "change",
        [
            {"objective": np.array([1.0, math.nan])},
            {"matrix": np.array([[1.0, math.nan]])},
            {"matrix": np.array([[1.0, 1.0, 1.0]])},
            {"row_lower": np.array([2.0])},
            {"row_upper": np.array([1.0, 1.0])},
            {"lower": np.array([0.0])},
            {"upper": np.array([1.0, -1.0])},
            {"integer": np.array([True])},
        ],
    )
    def test_wrong_models_are_refused(self, change):
        good = make_model([1.0, 1.0], [[1.0, 1.0]], [0.0], [1.0], [0, 0], [1, 1])
        assert self.make().solve(good).objective == pytest.approx(1.0)
        with pytest.raises(ValueError):
            self.make().solve(MILPModel(**{**vars(good), **change}))

    def test_it_is_a_milp_solver(self):
        assert isinstance(self.make(), MILPSolver)


class TestHighsMILP(MILPSolverContract):
    def make(self):
        return HighsMILP()

    def test_an_lp_file(self, tmp_path):
        path = tmp_path / "tiny.lp"
        path.write_text("Maximize\n obj: 5 a + 4 b\nSubject To\n r: 6 a + 5 b <= 10\nBinaries\n a b\nEnd\n")
        solution = self.make().solve(str(path))
        assert (solution.objective, solution.names) == (pytest.approx(5.0), ("a", "b"))

    def test_a_file_that_is_no_model(self, tmp_path):
        path = tmp_path / "bad.mps"
        path.write_text("rubbish")
        with pytest.raises(SolverError, match=r"reading .*bad\.mps"):
            self.make().solve(path)

    def test_bound_and_nodes_of_an_unfinished_run(self):
        solution = self.make().solve(market_split(), node_limit=1)
        assert solution.nodes >= 1
        assert solution.bound <= 1e-6  # its relaxation has the value 0

    def test_a_tolerance_that_highs_refuses(self):
        model = make_model([1.0], [], [], [], [0], [1])
        with pytest.raises(SolverError, match="primal_feasibility_tolerance"):
            self.make().solve(model, feasibility_tolerance=1e-30)


class TestPulpHighs(MILPSolverContract):
    def make(self):
        return PulpMILP("highs")

    def test_bound_and_nodes_of_an_unfinished_run(self):
        solution = self.make().solve(market_split(), node_limit=1)
        assert solution.nodes >= 1
        assert solution.bound <= 1e-6


class TestPulpCBC(MILPSolverContract):
    def make(self):
        return PulpMILP("cbc")


@pytest.mark.parametrize("solver", ["highs", "cbc"])
class TestPulpProblems:
    def test_a_no_good_loop_finds_every_point_once(self, solver):
        import pulp

        problem = pulp.LpProblem("points", pulp.LpMaximize)
        z = [problem.add_variable(f"z{i}", cat="Binary") for i in range(3)]
        problem += z[0] + z[1] + z[2] <= 2
        problem += z[0] >= z[1]
        found = []
        while True:
            solution = solve_with_pulp(problem, solver)
            if solution.status is not Status.OPTIMAL:
                break
            assert solution.names == ("z0", "z1", "z2")
            point = tuple(round(value) for value in solution.x)
            found.append(point)
            assert len(found) <= 8
            problem += pulp.lpSum(z[i] if not bit else 1 - z[i] for i, bit in enumerate(point)) >= 1
        assert solution.status is Status.INFEASIBLE
        expected = [p for p in itertools.product((0, 1), repeat=3) if sum(p) <= 2 and p[0] >= p[1]]
        assert sorted(found) == expected

    @pytest.mark.parametrize("sense", [1, -1])
    def test_a_constant_in_the_objective(self, solver, sense):
        import pulp

        problem = pulp.LpProblem("constant", sense)
        z = problem.add_variable("z", cat="Binary")
        w = problem.add_variable("w", 0, 1.5)
        problem += 2 * z + w + 10
        problem += z + w <= 2
        solution = solve_with_pulp(problem, solver)
        expected = 10.0 if sense == 1 else 13.0
        assert solution.objective == pytest.approx(expected)
        assert solution.bound == pytest.approx(expected)

    def test_nothing_is_printed(self, solver, capfd):
        model = make_model([5.0, 4.0], [[6.0, 5.0]], [-INF], [10.0], [0, 0], [1, 1])
        assert PulpMILP(solver).solve(model).status is Status.OPTIMAL
        assert capfd.readouterr() == ("", "")

    def test_other_formats_are_refused(self, solver, tmp_path):
        path = tmp_path / "tiny.lp"
        path.write_text("Minimize\n obj: a\nEnd\n")
        with pytest.raises(ValueError, match="MPS files only"):
            PulpMILP(solver).solve(path)


def test_names_that_pulp_does_not_reach():
    with pytest.raises(UnknownSolverError, match="unknown solver 'clever'; known: highs, cbc"):
        PulpMILP("clever")
    with pytest.raises(UnknownSolverError):
        solve_with_pulp(None, "clever")


def test_a_solver_that_is_not_installed(monkeypatch):
    monkeypatch.setattr("solvers.pulp_backend.installed_driver", lambda name: None)
    with pytest.raises(SolverNotAvailableError, match="'scip' is not available here: pip install pyscipopt"):
        PulpMILP("scip")


def test_a_tolerance_that_the_interface_lacks_is_refused(monkeypatch):
    from solvers import pulp_backend, pulp_drivers

    glpk = pulp_drivers.drivers_of("glpk")[0]
    monkeypatch.setattr(pulp_backend, "installed_driver", lambda name: glpk)
    model = make_model([1.0], [], [], [], [0], [1])
    with pytest.raises(ValueError, match="GLPK_CMD takes no feasibility tolerance"):
        PulpMILP("glpk").solve(model, feasibility_tolerance=1e-9)


def test_glpk_is_given_whole_seconds():
    from solvers import pulp_backend, pulp_drivers

    limits = {"node_limit": None, "threads": 1, "feasibility_tolerance": None, "integrality_tolerance": None}
    glpk = pulp_drivers.drivers_of("glpk")[0]
    for seconds, expected in (2.0, 2), (2.1, 3), (0.0, 1):
        found = pulp_backend._pulp_solver(glpk, time_limit=seconds, **limits).timeLimit
        assert (found, type(found)) == (expected, int)


def test_a_solver_that_fails_is_an_error_not_an_answer(monkeypatch):
    import pulp

    from solvers import pulp_backend, pulp_drivers

    class Unlicensed(pulp.LpSolver):
        name = "MOSEK"

        def actualSolve(self, lp, **keywords):
            raise RuntimeError("no licence")

    mosek = pulp_drivers.drivers_of("mosek")[0]
    monkeypatch.setattr(pulp_backend, "installed_driver", lambda name: mosek)
    monkeypatch.setattr(pulp, "getSolver", lambda name, **keywords: Unlicensed())
    with pytest.raises(SolverError, match="MOSEK through PuLP failed: no licence"):
        PulpMILP("mosek").solve(make_model([1.0], [], [], [], [0], [1]))


def test_milp_runs_in_two_threads_at_once():
    model = make_model([5.0, 4.0], [[6.0, 5.0]], [-INF], [10.0], [0, 0], [1, 1])
    answers = []
    threads = [
        threading.Thread(target=lambda count=count: answers.append(HighsMILP().solve(model, threads=count).objective))
        for count in (1, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [pytest.approx(5.0)] * 2


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("OBJSENSE\n    MAX\n", True),
        ("OBJSENSE MAXIMIZE\n", True),
        ("OBJSENSE\n    MIN\n", False),
        ("*SENSE:Maximize\n", True),
        ("*SENSE:Minimize\n", False),
        ("* a comment\n\n", False),
        ("ROWS\nOBJSENSE\n MAX\n", False),
    ],
)
def test_the_sense_of_an_mps_file(tmp_path, head, expected):
    path = tmp_path / "head.mps"
    path.write_text(f"NAME model\n{head}ROWS\n N OBJ\n")
    assert maximises(path) is expected


def test_files_that_a_solver_leaves_are_taken_away(monkeypatch, tmp_path):
    import tempfile

    import pulp

    from solvers import pulp_backend, pulp_drivers

    written = []

    class Careless(pulp.LpSolver_CMD):
        name = "GLPK_CMD"

        def defaultPath(self):
            return "glpsol"

        def actualSolve(self, lp, **keywords):
            for path in self.create_tmp_files(lp.name, "lp", "out"):
                with open(path, "w") as file:
                    file.write("model")
                written.append(path)
            raise RuntimeError("killed")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(pulp_backend, "installed_driver", lambda name: pulp_drivers.drivers_of("glpk")[0])
    monkeypatch.setattr(pulp, "getSolver", lambda name, **keywords: Careless())
    with pytest.raises(SolverError, match="killed"):
        PulpMILP("glpk").solve(make_model([1.0], [], [], [], [0], [1]))
    assert len(written) == 2
    assert list(tmp_path.iterdir()) == []

"""The contract of `solvers.LPSession`, and the back ends that are held to it.

A back end subclasses `LPSessionContract` and says how to make a session; everything else is inherited.
"""

from __future__ import annotations

import math
import threading
from fractions import Fraction

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solvers.errors import SolverError
from solvers.highs_lp import HighsLP
from solvers.protocol import BASIC, LOWER, UPPER, ArrayBasis, LPSession
from solvers.status import Status

INF = math.inf
SUBCLASSED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])


def exact_bound(objective, matrix, row_lower, row_upper, lower, upper, multipliers):
    """sup over the box of (c - A^T y).x, plus sum_i y_i * (upper_i if y_i > 0 else lower_i), in rationals."""
    y = [Fraction(float(value)) for value in multipliers]
    total = Fraction(0)
    for value, low, high in zip(y, row_lower, row_upper, strict=True):
        if value:
            total += value * Fraction(float(high if value > 0 else low))
    for j in range(len(lower)):
        column = (Fraction(float(a)) for a in matrix[:, j])
        reduced = Fraction(float(objective[j])) - sum((a * v for a, v in zip(column, y, strict=True)), Fraction(0))
        if reduced:
            total += reduced * Fraction(float(upper[j] if reduced > 0 else lower[j]))
    return total


@st.composite
def row_blocks(draw, columns, max_rows):
    """Rows with small integer entries: (matrix, lower, upper), with one side, both, none or an equation."""
    rows = draw(st.integers(0, max_rows))
    small = st.integers(-3, 3)
    matrix = np.array([[draw(small) for _ in range(columns)] for _ in range(rows)], dtype=np.float64)
    lower, upper = np.full(rows, -INF), np.full(rows, INF)
    for i in range(rows):
        kind = draw(st.sampled_from(["below", "above", "range", "equal", "free"]))
        middle = draw(st.integers(-4, 6))
        if kind in ("above", "range", "equal"):
            lower[i] = middle
        if kind in ("below", "range"):
            upper[i] = middle + draw(st.integers(0, 3))
        if kind == "equal":
            upper[i] = middle
    return matrix.reshape(rows, columns), lower, upper


@st.composite
def linear_programs(draw, max_columns=10, max_rows=6):
    """(objective, matrix, row_lower, row_upper, lower, upper) with small integers, in a box."""
    columns = draw(st.integers(1, max_columns))
    lower = np.array([draw(st.integers(-3, 1)) for _ in range(columns)], dtype=np.float64)
    upper = lower + np.array([draw(st.integers(0, 4)) for _ in range(columns)], dtype=np.float64)
    objective = np.array([draw(st.integers(-3, 3)) for _ in range(columns)], dtype=np.float64)
    return objective, *draw(row_blocks(columns, max_rows)), lower, upper


def reference_optimum(objective, matrix, row_lower, row_upper, lower, upper):
    """scipy.optimize.linprog's optimum of the maximisation, None when infeasible."""
    below, above = np.isfinite(row_upper), np.isfinite(row_lower)
    result = scipy.optimize.linprog(
        -objective,
        A_ub=np.vstack([matrix[below], -matrix[above]]),
        b_ub=np.concatenate([row_upper[below], -row_lower[above]]),
        bounds=np.column_stack([lower, upper]),
    )
    assert result.status in (0, 2)
    return -result.fun if result.status == 0 else None


class LPSessionContract:
    """Subclass, define `make`, and every test below runs on the back end."""

    def make(self, lower, upper) -> LPSession:
        raise NotImplementedError

    def session(self, program) -> LPSession:
        objective, matrix, row_lower, row_upper, lower, upper = program
        session = self.make(lower, upper)
        session.add_rows(matrix, row_lower, row_upper)
        session.set_objective(objective)
        return session

    def check(self, program, solution):
        """The claim, checked with rational arithmetic; returns whether the program is feasible."""
        objective, matrix, row_lower, row_upper, lower, upper = program
        if solution.status is Status.INFEASIBLE:
            assert solution.x is None
            assert solution.row_duals is None
            assert math.isnan(solution.objective)
            assert solution.ray is not None
            assert solution.ray.shape == (len(matrix),)
            zero = np.zeros(len(objective))
            assert exact_bound(zero, matrix, row_lower, row_upper, lower, upper, solution.ray) < 0
            return False
        assert solution.status is Status.OPTIMAL
        assert solution.ray is None
        x, y = solution.x, solution.row_duals
        assert x.shape == objective.shape
        assert y.shape == (len(matrix),)
        assert (x >= lower - 1e-7).all()
        assert (x <= upper + 1e-7).all()
        activity = matrix @ x
        assert (activity >= row_lower - 1e-7).all()
        assert (activity <= row_upper + 1e-7).all()
        assert solution.objective == pytest.approx(float(objective @ x), abs=1e-7)
        # Signs: a positive multiplier only at the upper bound of its row, a negative one only at the lower.
        assert (np.abs(activity - row_upper)[y > 1e-7] < 1e-6).all()
        assert (np.abs(activity - row_lower)[y < -1e-7] < 1e-6).all()
        proved = exact_bound(objective, matrix, row_lower, row_upper, lower, upper, y)
        assert float(proved) == pytest.approx(solution.objective, abs=1e-6)
        return True

    # ------------------------------------------------------------------------------------- answers and their proofs

    @SUBCLASSED
    @given(linear_programs())
    def test_optimum_equals_scipy_and_is_proved_by_duals_or_ray(self, program):
        solution = self.session(program).solve()
        feasible = self.check(program, solution)
        expected = reference_optimum(*program)
        assert feasible == (expected is not None)
        if expected is not None:
            assert solution.objective == pytest.approx(expected, abs=1e-6)

    def test_dual_signs_on_a_program_solved_by_hand(self):
        # max x + y with x + y <= 1 (active above), x >= 3/4 through row 1 (slack), y >= 1/2 (active below)
        session = self.make([0.0, 0.0], [2.0, 2.0])
        session.add_rows([[1.0, 1.0], [0.0, 1.0]], [-INF, 0.5], [1.0, INF])
        session.set_objective([2.0, 1.0])
        solution = session.solve()
        assert solution.objective == pytest.approx(1.5)
        assert solution.x == pytest.approx([0.5, 0.5])
        assert solution.row_duals == pytest.approx([2.0, -1.0])

    def test_ray_signs_on_a_program_solved_by_hand(self):
        session = self.make([0.0, 0.0], [1.0, 1.0])
        session.add_rows([[1.0, 1.0], [1.0, -1.0]], [2.5, -INF], [INF, 5.0])
        ray = session.solve().ray
        assert ray[0] < 0
        assert ray[1] == 0

    def test_unbounded(self):
        session = self.make([0.0], [INF])
        session.set_objective([1.0])
        solution = session.solve()
        assert solution.status in (Status.UNBOUNDED, Status.INFEASIBLE_OR_UNBOUNDED)
        assert solution.x is None
        assert math.isnan(solution.objective)

    def test_without_rows(self):
        session = self.make([-1.0, -2.0], [3.0, 4.0])
        session.set_objective([1.0, -1.0])
        solution = session.solve()
        assert (solution.objective, solution.row_duals.shape) == (5.0, (0,))
        assert solution.x.tolist() == [3.0, -2.0]

    @pytest.mark.parametrize(("low", "high", "sign"), [(1.0, INF, -1), (-INF, -1.0, 1), (2.0, 3.0, -1)])
    def test_without_columns_an_impossible_row(self, low, high, sign):
        session = self.make([], [])
        session.set_objective([])
        session.add_rows(np.zeros((2, 0)), [-1.0, low], [1.0, high])
        solution = session.solve()
        assert solution.status is Status.INFEASIBLE
        assert solution.ray.tolist() == [0.0, sign]
        session.delete_last_rows(1)
        solution = session.solve()
        assert (solution.status, solution.objective, solution.x.shape) == (Status.OPTIMAL, 0.0, (0,))
        session.set_row_bounds(0, 0.5, 1.0)
        assert session.solve().status is Status.INFEASIBLE
        assert session.basis().row_status.tolist() == [BASIC]
        session.set_basis(session.basis())
        session.clear()

    @pytest.mark.parametrize(("low", "high"), [(1.0, INF), (-INF, -1.0)])
    def test_an_impossible_row_without_entries_has_a_ray(self, low, high):
        program = (np.zeros(1), np.array([[1.0], [0.0]]), np.array([-INF, low]), np.array([1.0, high]))
        program = (*program, np.zeros(1), np.ones(1))
        assert not self.check(program, self.session(program).solve())

    # ----------------------------------------------------------------------------------------------- sequences

    @SUBCLASSED
    @given(st.data())
    def test_a_warm_sequence_of_changes_equals_cold_solves(self, data):
        columns = data.draw(st.sampled_from([1, 2, 3, 4, 9, 25]))  # the start depends on the number of columns
        small = st.integers(-3, 3)
        lower = np.full(columns, -2.0)
        upper = np.full(columns, 2.0)
        objective = np.zeros(columns)
        matrix, row_lower, row_upper = np.zeros((0, columns)), np.zeros(0), np.zeros(0)
        warm = self.make(lower, upper)
        saved = None
        for _ in range(data.draw(st.integers(1, 8))):
            kind = data.draw(
                st.sampled_from(["add", "delete", "flip", "column", "objective", "clear", "save", "restore"])
            )
            if kind == "add":
                block = data.draw(row_blocks(columns, 3))
                warm.add_rows(*block)
                matrix = np.vstack([matrix, block[0]])
                row_lower = np.concatenate([row_lower, block[1]])
                row_upper = np.concatenate([row_upper, block[2]])
            elif kind == "delete":
                count = data.draw(st.integers(0, len(matrix)))
                warm.delete_last_rows(count)
                keep = len(matrix) - count
                matrix, row_lower, row_upper = matrix[:keep], row_lower[:keep], row_upper[:keep]
            elif kind == "flip" and len(matrix):
                row = data.draw(st.integers(0, len(matrix) - 1))
                row_lower[row], row_upper[row] = data.draw(
                    st.sampled_from([(-INF, 1.0), (1.0, INF), (-1.0, 2.0), (-INF, -2.0)])
                )
                warm.set_row_bounds(row, row_lower[row], row_upper[row])
            elif kind == "column":
                column = data.draw(st.integers(0, columns - 1))
                lower[column], upper[column] = data.draw(st.sampled_from([(-2.0, 2.0), (0.0, 1.0), (1.0, 1.0)]))
                warm.set_column_bounds(column, lower[column], upper[column])
            elif kind == "objective":
                objective = np.array([data.draw(small) for _ in range(columns)], dtype=np.float64)
                warm.set_objective(objective)
            elif kind == "clear":
                warm.clear()
            elif kind == "restore" and saved is not None and len(saved.row_status) <= len(matrix):
                warm.set_basis(saved)
            program = (objective, matrix, row_lower, row_upper, lower, upper)
            assert (warm.num_columns, warm.num_rows) == (columns, len(matrix))
            solution = warm.solve()
            cold = self.session(program).solve()
            assert solution.status is cold.status
            if self.check(program, solution):
                assert solution.objective == pytest.approx(cold.objective, abs=1e-6)
                if kind == "save":
                    saved = warm.basis()

    def test_many_rows_are_kept_in_order(self):
        session = self.make([-100.0], [100.0])
        for k in range(40, 0, -1):
            session.add_rows([[1.0]], [-INF], [float(k)])
        session.set_objective([1.0])
        for k in range(1, 41):
            solution = session.solve()
            assert solution.objective == pytest.approx(k)
            assert solution.row_duals[-1] == pytest.approx(1.0)
            session.delete_last_rows(1)
        assert session.num_rows == 0
        assert session.solve().objective == pytest.approx(100.0)

    def test_bounds_of_early_rows_survive_growth(self):
        session = self.make([], [])
        session.add_rows(np.zeros((1, 0)), [1.0], [2.0])
        for _ in range(5):
            session.add_rows(np.zeros((30, 0)), np.full(30, -1.0), np.ones(30))
        assert session.num_rows == 151
        assert np.flatnonzero(session.solve().ray).tolist() == [0]

    def test_sparse_rows_equal_dense_rows(self):
        dense = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, -1.0, 1.0]])
        duplicates = scipy.sparse.csr_matrix(
            (np.array([1.0, 1.0, 1.0, -1.0, 1.0]), np.array([0, 2, 2, 1, 2]), np.array([0, 3, 3, 5])),
            shape=(3, 3),
        )
        answers = []
        for matrix in (dense, scipy.sparse.csc_array(dense), duplicates):
            session = self.make(-np.ones(3), np.ones(3))
            session.add_rows(matrix, [-INF, -1.0, -0.5], [1.5, 1.0, 0.25])
            session.set_objective([1.0, 1.0, 3.0])
            solution = session.solve()
            answers.append((solution.objective, *solution.x, *solution.row_duals))
        assert answers[1] == pytest.approx(answers[0])
        assert answers[2] == pytest.approx(answers[0])
        assert answers[0][0] == pytest.approx(3.5)  # y = 1, z = 1 and x = 1.5 - 2 z = -0.5
        assert duplicates.nnz == 5  # the caller's matrix is left alone

    # --------------------------------------------------------------------------------------------------- basis

    @SUBCLASSED
    @given(linear_programs(max_rows=4))
    def test_basis_codes_say_where_the_vertex_lies(self, program):
        _, matrix, row_lower, row_upper, lower, upper = program
        session = self.session(program)
        solution = session.solve()
        if not self.check(program, solution):
            return
        basis = session.basis()
        columns, rows = basis.column_status, basis.row_status
        assert columns.dtype == np.int8
        assert rows.dtype == np.int8
        assert np.count_nonzero(columns == BASIC) + np.count_nonzero(rows == BASIC) == len(matrix)
        activity = matrix @ solution.x
        assert solution.x[columns == LOWER] == pytest.approx(lower[columns == LOWER], abs=1e-7)
        assert solution.x[columns == UPPER] == pytest.approx(upper[columns == UPPER], abs=1e-7)
        assert activity[rows == LOWER] == pytest.approx(row_lower[rows == LOWER], abs=1e-7)
        assert activity[rows == UPPER] == pytest.approx(row_upper[rows == UPPER], abs=1e-7)
        # The basis of the optimum, given to a new session as arrays or as it is, leaves nothing to do.
        for given_basis in (basis, ArrayBasis(columns, rows)):
            again = self.session(program)
            again.set_basis(given_basis)
            repeated = again.solve()
            assert repeated.iterations == 0
            assert repeated.objective == pytest.approx(solution.objective, abs=1e-7)

    def test_a_basis_outlives_later_solves(self):
        session = self.make([0.0], [1.0])
        session.set_objective([1.0])
        session.solve()
        basis = session.basis()
        session.set_objective([-1.0])
        session.solve()
        assert basis.column_status.tolist() == [UPPER]
        assert session.basis().column_status.tolist() == [LOWER]

    def test_rows_added_after_the_basis_become_basic(self):
        session = self.make([0.0, 0.0], [1.0, 1.0])
        session.add_rows([[1.0, 1.0]], [-INF], [1.5])
        session.set_objective([2.0, 1.0])
        session.solve()
        basis = session.basis()
        session.add_rows([[1.0, -1.0]], [-INF], [5.0])
        session.set_basis(basis)
        solution = session.solve()
        assert (solution.iterations, solution.objective) == (0, pytest.approx(2.5))
        assert session.basis().row_status.tolist() == [UPPER, BASIC]

    def test_a_basis_that_became_singular_is_repaired(self):
        session = self.make([-1.0, -1.0], [1.0, 1.0])
        session.set_objective([1.0, 0.1])
        session.add_rows([[1.0, 1.0], [1.0, -1.0]], [-INF, -INF], [0.5, 0.2])
        session.solve()
        basis = session.basis()
        assert basis.row_status.tolist() == [UPPER, UPPER]
        session.delete_last_rows(2)
        session.add_rows([[1.0, 1.0], [2.0, 2.0]], [-INF, -INF], [0.5, 0.2])
        session.set_basis(basis)
        solution = session.solve()
        assert solution.status is Status.OPTIMAL
        assert solution.objective == pytest.approx(0.91)

    # --------------------------------------------------------------------------------------- limits and mistakes

    def test_a_time_limit_holds_for_one_call_only(self):
        rng = np.random.default_rng(0)
        session = self.make(-np.ones(200), np.ones(200))
        session.add_rows(rng.standard_normal((150, 200)), np.full(150, -INF), rng.random(150))
        session.set_objective(rng.standard_normal(200))
        stopped = session.solve(time_limit=0.0)
        assert stopped.status is Status.TIME_LIMIT
        assert stopped.x is None
        assert math.isnan(stopped.objective)
        assert session.solve().status is Status.OPTIMAL
        session.set_objective(rng.standard_normal(200))
        assert session.solve(time_limit=0.0).status is Status.TIME_LIMIT
        assert session.solve(time_limit=600.0).status is Status.OPTIMAL

    @pytest.mark.parametrize(
        ("matrix", "lower", "upper"),
        [
            ([[1.0]], [0.0], [1.0]),  # too few columns
            ([[1.0, 2.0, 3.0]], [0.0], [1.0]),
            ([1.0, 2.0], [0.0], [1.0]),  # not a matrix
            (scipy.sparse.csr_array(np.ones((1, 3))), [0.0], [1.0]),
            ([[1.0, 2.0]], [0.0, 0.0], [1.0, 1.0]),  # too many bounds
            ([[1.0, 2.0]], [0.0], [1.0, 1.0]),
            ([[1.0, math.nan]], [0.0], [1.0]),
            ([[1.0, INF]], [0.0], [1.0]),
            ([[1.0, 2.0]], [math.nan], [1.0]),
            ([[1.0, 2.0]], [2.0], [1.0]),  # empty range
        ],
    )
    def test_wrong_rows_are_refused_and_change_nothing(self, matrix, lower, upper):
        session = self.make([0.0, 0.0], [1.0, 1.0])
        with pytest.raises(ValueError):
            session.add_rows(matrix, lower, upper)
        assert session.num_rows == 0
        session.set_objective([1.0, 1.0])
        assert session.solve().objective == pytest.approx(2.0)

    def test_wrong_arguments_are_refused(self):
        for lower, upper in [([0.0], [1.0, 2.0]), ([1.0], [0.0]), ([math.nan], [0.0]), ([[0.0]], [[1.0]])]:
            with pytest.raises(ValueError):
                self.make(lower, upper)
        session = self.make([0.0, 0.0], [1.0, 1.0])
        session.add_rows([[1.0, 1.0]], [0.0], [1.0])
        for objective in ([1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]], [math.nan, 0.0], [INF, 0.0]):
            with pytest.raises(ValueError):
                session.set_objective(objective)
        for row, column in [(1, 2), (-1, -1)]:
            with pytest.raises(IndexError):
                session.set_row_bounds(row, 0.0, 1.0)
            with pytest.raises(IndexError):
                session.set_column_bounds(column, 0.0, 1.0)
        for low, high in [(1.0, 0.0), (math.nan, 0.0)]:
            with pytest.raises(ValueError):
                session.set_row_bounds(0, low, high)
            with pytest.raises(ValueError):
                session.set_column_bounds(0, low, high)
        for count in (2, -1):
            with pytest.raises(ValueError):
                session.delete_last_rows(count)
        with pytest.raises(ValueError):
            session.set_basis(ArrayBasis(np.zeros(2, np.int8), np.zeros(2, np.int8)))
        with pytest.raises(ValueError):
            session.set_basis(ArrayBasis(np.zeros(1, np.int8), np.zeros(1, np.int8)))
        session.set_objective([1.0, 0.0])
        assert session.solve().objective == pytest.approx(1.0)

    def test_it_is_an_lp_session(self):
        assert isinstance(self.make([0.0], [1.0]), LPSession)


class TestHighsLP(LPSessionContract):
    def make(self, lower, upper):
        return HighsLP(lower, upper)

    def test_no_basis_before_the_first_solve(self):
        with pytest.raises(SolverError, match="solve the LP first"):
            HighsLP([0.0], [1.0]).basis()

    def test_a_coefficient_that_highs_refuses(self):
        session = HighsLP([0.0], [1.0])
        with pytest.raises(SolverError, match="adding rows"):
            session.add_rows([[1e16]], [0.0], [1.0])
        assert session.num_rows == 0

    def test_a_tolerance_that_highs_refuses(self):
        with pytest.raises(SolverError, match="tolerance"):
            HighsLP([0.0], [1.0], tolerance=1e-14)

    @pytest.mark.parametrize("failures", [1, 2])
    @pytest.mark.parametrize("code", ["kUnknown", "kNotset", "kSolveError"])
    def test_a_run_without_verdict_is_repeated_from_scratch(self, failures, code):
        session = HighsLP([0.0], [1.0])
        session.set_objective([1.0])
        assert session.solve().objective == 1.0
        session.set_column_bounds(0, 0.0, 2.0)
        fake = session._highs = _Unreliable(session._highs, failures, code)
        solution = session.solve()
        assert (solution.status, solution.objective) == (Status.OPTIMAL, 2.0)
        assert (fake.runs, fake.cleared) == (failures + 1, failures)

    def test_noise_in_the_multipliers_never_points_to_an_infinite_side(self):
        session = HighsLP([0.0], [1.0])
        session.add_rows([[1.0], [1.0], [1.0], [1.0]], [-INF, 0.0, -INF, 0.0], [1.0, INF, 1.0, INF])
        assert session._signed(np.array([-1e-12, 1e-12, 0.5, -0.5])).tolist() == [0.0, 0.0, 0.5, -0.5]

    def test_a_solver_that_never_answers_is_given_up(self):
        session = HighsLP([0.0], [1.0])
        fake = session._highs = _Unreliable(session._highs, 99, "kUnknown")
        solution = session.solve()
        assert (solution.status, solution.x, fake.runs) == (Status.UNKNOWN, None, 3)

    @pytest.mark.parametrize("columns", [3, 12, 30])
    def test_where_a_solve_starts_after_a_change_of_objective(self, columns):
        rng = np.random.default_rng(0)
        session = HighsLP(-np.ones(columns), np.ones(columns))
        session.add_rows(rng.standard_normal((9, columns)), np.full(9, -INF), np.full(9, 0.5))
        fake = session._highs = _Unreliable(session._highs, 0, "")
        first = rng.standard_normal(columns)
        near, far = first * 2.0, rng.permutation(-first)
        for objective, cleared, primal in [
            (first, 1, False),  # nothing known yet
            (near, 1, columns <= 24),
            (far, 1 if columns <= 8 else 2, columns <= 8),
            (np.zeros(columns), 1 if columns <= 8 else 2, columns <= 24),
        ]:
            session.set_objective(objective)
            session.solve()
            assert fake.cleared == cleared
            assert session._highs.getOptionValue("simplex_strategy")[1] == (4 if primal else 1)
        before = fake.cleared
        session.set_objective(far)
        session.set_basis(session.basis())  # a basis that the caller gives is kept
        session.solve()
        session.set_column_bounds(0, -INF, INF)  # no box: the slack basis is not dual feasible
        session.set_objective(first)
        session.solve()
        assert fake.cleared == before
        session.set_column_bounds(0, -1.0, 1.0)
        session.set_objective(far)
        session.solve()
        assert fake.cleared == before + 1

    def test_the_time_limit_counts_from_the_call(self):
        session = HighsLP([0.0], [1.0])
        session.solve()
        before = session._highs.getRunTime()
        session.solve(time_limit=50.0)
        assert session._highs.getOptionValue("time_limit")[1] >= before + 50.0

    def test_after_a_run_with_other_threads_in_the_same_thread(self):
        import highspy

        answers = []

        def run():
            other = highspy.Highs()
            other.setOptionValue("output_flag", False)
            other.setOptionValue("threads", 2)
            other.addVar(0.0, 1.0)
            other.run()
            session = HighsLP([0.0], [1.0])
            session.set_objective([1.0])
            answers.append(session.solve().objective)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert answers == [1.0]


class _Unreliable:
    """HiGHS, except that its first runs end without a verdict."""

    def __init__(self, highs, failures, code):
        self._highs = highs
        self._failures = failures
        self._code = code
        self.runs = 0
        self.cleared = 0

    def __getattr__(self, name):
        return getattr(self._highs, name)

    def run(self):
        self.runs += 1
        return self._highs.run()

    def clearSolver(self):
        self.cleared += 1
        return self._highs.clearSolver()

    def getModelStatus(self):
        import highspy

        if self.runs <= self._failures:
            return getattr(highspy.HighsModelStatus, self._code)
        return self._highs.getModelStatus()

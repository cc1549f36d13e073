"""Canonical forms and redundancy removal against Fourier-Motzkin elimination, and against proposals that lie."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyregions.projection import interior, redundancy
from polyregions.projection.canonical import canonical
from polyregions.projection.redundancy import irredundant
from polyregions.projection.system import LinearSystem
from solvers import Status, lp_session
from tests.projection.systems import form, forms, systems
from tests.reference.projection import has_inner_point, has_point, implies, same_set


@given(system=systems())
@settings(max_examples=300)
def test_canonical_form_is_the_same_set_without_anything_to_spare(system):
    result = canonical(system)
    assert result == canonical(system, solver=None)
    assert result.is_empty == (not has_point(forms(system)))
    if result.is_empty:
        return
    assert same_set(forms(system), forms(result))
    for i, row in enumerate(result.inequalities):
        others = result.inequalities[:i] + result.inequalities[i + 1 :]
        assert not implies(forms(replace(result, inequalities=others)), form(row))
        # No inequality is an equation in disguise.
        assert not implies(forms(result), form([-value for value in row]))
    for i in range(len(result.equations)):
        others = result.equations[:i] + result.equations[i + 1 :]
        assert not same_set(forms(replace(result, equations=others)), forms(result))


@given(system=systems(), data=st.data())
@settings(max_examples=150)
def test_canonical_form_depends_on_the_set_alone(system, data):
    rows = list(system.inequalities)
    combination = [Fraction(0)] * system.dimension + [Fraction(data.draw(st.integers(0, 2)))]
    for row in rows:
        weight = data.draw(st.sampled_from([0, 0, 1, Fraction(1, 3)]))
        combination = [total + weight * value for total, value in zip(combination, row, strict=True)]
    scales = [data.draw(st.integers(1, 3)) for _ in rows]
    rows = [[scale * value for value in row] for scale, row in zip(scales, rows, strict=True)]
    rows = data.draw(st.permutations([*rows, combination]))
    halves = [half for row in system.equations for half in (row, [-value for value in row])]
    other = LinearSystem.of(system.dimension, [*rows, *halves])
    assert canonical(other) == canonical(system)


def test_empty_systems():
    assert canonical(LinearSystem.of(1, [[1, -1], [-1, 0]])) == LinearSystem.empty(1)
    assert canonical(LinearSystem.of(2, [], [[1, 1, 0], [1, 1, 1]])) == LinearSystem.empty(2)
    assert canonical(LinearSystem.of(2, [[0, 0, -1]])) == LinearSystem.empty(2)
    assert canonical(LinearSystem(0)) == LinearSystem(0)


def test_gaps_and_slivers_that_no_float_sees():
    tiny = Fraction(1, 10**40)
    sliver = [[1, 0, 0], [-1, 0, tiny], [0, 1, 0], [0, -1, 1]]
    assert len(canonical(LinearSystem.of(2, sliver)).inequalities) == 4
    gap = [[1, 0, -tiny], [-1, 0, 0], [0, 1, 0], [0, -1, 1]]
    assert canonical(LinearSystem.of(2, gap)).is_empty
    # A corner cut off by less than any tolerance, and a row that misses it by as little.
    corner = [[1, 0, 0], [0, 1, 0], [-1, 0, 1], [0, -1, 1]]
    assert len(canonical(LinearSystem.of(2, [*corner, [1, 1, -tiny]])).inequalities) == 5
    assert len(canonical(LinearSystem.of(2, [*corner, [1, 1, tiny]])).inequalities) == 4


def test_numbers_beyond_floats():
    huge = 10**400
    rows = [[huge, 0, 0], [-huge, 0, 1], [0, 1, 0], [0, -1, huge], [-huge, -1, 3 * huge]]
    result = canonical(LinearSystem.of(2, rows))
    assert result.inequalities == ((-huge, 0, 1), (0, -1, huge), (0, 1, 0), (1, 0, 0))


@given(system=systems())
@settings(max_examples=150)
def test_witnesses_violate_one_inequality_and_no_other(system):
    rows = [row for row in system.inequalities if any(row[:-1])]
    found = interior.interior(rows, system.dimension)
    if found.point is None:
        return
    result = irredundant(rows, system.dimension, found.point)
    assert sorted(result.witnesses) == list(result.kept)
    for index, point in result.witnesses.items():
        inside = [LinearSystem(system.dimension, (rows[i],)).contains(point.coordinates()) for i in result.kept]
        assert [i for i, is_inside in zip(result.kept, inside, strict=True) if not is_inside] == [index]


@given(system=systems())
@settings(max_examples=150)
def test_interior_points_and_equations(system):
    rows = [row for row in system.inequalities if any(row[:-1])]
    for solver in (None, "highs"):
        found = interior.interior(rows, system.dimension, solver=solver)
        assert (found.point is not None) == has_inner_point(list(map(form, rows)))
        if found.point is not None:
            assert all(sum(a * x for a, x in zip(row, (*found.point, 1), strict=True)) > 0 for row in rows)
            continue
        assert bool(found.equations) >= has_point(list(map(form, rows)))
        for i in found.equations:
            assert implies(list(map(form, rows)), form([-value for value in rows[i]]))


def test_a_gap_is_no_equation():
    for solver in (None, "highs"):
        assert interior.interior([(1, -1), (-1, 0)], 1, solver=solver) == interior.Interior(None)
        assert interior.interior([(1, 0), (-1, 0), (0, 5)], 1, solver=solver) == interior.Interior(None, (0, 1))


class Liar:
    """An LP session whose answers are replaced."""

    def __init__(self, session, twist):
        self._session, self._twist = session, twist

    def __getattr__(self, name):
        return getattr(self._session, name)

    def solve(self):
        return self._twist(self._session.solve())


def _noise(solution):
    rng = np.random.default_rng(len(solution.x) if solution.x is not None else 0)
    n, m = len(solution.x), len(solution.row_duals)
    return replace(solution, x=rng.normal(size=n), row_duals=-rng.uniform(size=m))


TWISTS = {
    "noise": _noise,
    "nan": lambda s: replace(s, x=np.full_like(s.x, np.nan), row_duals=np.full_like(s.row_duals, np.nan)),
    "infinite": lambda s: replace(s, x=s.x * 1e308 * 10, row_duals=s.row_duals * 1e308 * 10),
    "infeasible": lambda s: replace(s, status=Status.INFEASIBLE, x=None, row_duals=None),
    "all redundant": lambda s: replace(s, x=np.zeros_like(s.x), row_duals=-np.ones_like(s.row_duals)),
}


@pytest.mark.parametrize("twist", TWISTS.values(), ids=TWISTS)
@given(system=systems())
@settings(max_examples=40)
def test_false_proposals_cost_time_only(twist, system):
    truth = canonical(system, solver=None)
    with pytest.MonkeyPatch.context() as patch:
        for module in (redundancy, interior):
            patch.setattr(module, "lp_session", lambda *args, **options: Liar(lp_session(*args, **options), twist))
        assert canonical(system) == truth

"""Fourier-Motzkin elimination against the textbook's."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyregions.errors import ArgumentError
from polyregions.projection import fourier_motzkin
from polyregions.projection.canonical import canonical
from polyregions.projection.fourier_motzkin import eliminate
from polyregions.projection.system import LinearSystem
from tests.projection.systems import forms, systems
from tests.reference.projection import has_point, same_set, shadow


@given(system=systems(max_dimension=4, max_rows=6), data=st.data())
@settings(max_examples=300)
def test_shadows(system, data):
    columns = data.draw(st.sets(st.integers(0, system.dimension - 1)))
    result = eliminate(system, columns)
    assert result == canonical(result)
    assert result == eliminate(system, columns, solver=None)
    if not forms(system):
        assert result == LinearSystem(system.dimension - len(columns))
        return
    expected = shadow(forms(system), sorted(columns))
    assert result.is_empty == (not has_point(forms(system)))
    assert result.is_empty or same_set(forms(result), expected)


@given(system=systems(max_dimension=4), data=st.data())
@settings(max_examples=100)
def test_order_and_steps_do_not_matter(system, data):
    columns = data.draw(st.permutations(range(system.dimension)))[: data.draw(st.integers(0, system.dimension))]
    at_once = eliminate(system, columns)
    left = list(range(system.dimension))
    for column in columns:
        system = eliminate(system, [left.index(column)])
        left.remove(column)
    assert canonical(system) == at_once


def test_few_of_the_sums_are_made(monkeypatch):
    """Chernikov's rule discards pairs, none that is needed."""
    sizes = []
    combined = fourier_motzkin._combined

    def counted(rays, k, count):
        result = combined(rays, k, count)
        above, below = sum(row[k] > 0 for row, _ in rays), sum(row[k] < 0 for row, _ in rays)
        sizes.append((len(result), len(rays) - above - below + above * below))
        return result

    monkeypatch.setattr(fourier_motzkin, "_combined", counted)
    rng = random.Random(7)
    for _ in range(20):
        rows = [[rng.randint(-3, 3) for _ in range(4)] + [rng.randint(1, 5)] for _ in range(8)]
        system = LinearSystem.of(4, rows)
        assert same_set(forms(eliminate(system, [0, 1, 2])), shadow(forms(system), [0, 1, 2]))
    made, possible = (sum(column) for column in zip(*sizes, strict=True))
    assert made < 0.7 * possible


@pytest.mark.parametrize("seed", [3, 9, 15, 20, 27])
def test_histories_are_minimal(seed):
    """As many inequalities as the cone of combinations has extreme rays: those of minimal support."""
    rng = random.Random(seed)
    # Many zeros and ties: otherwise the number of members in a union tells all.
    rays = [((*(rng.choice((-1, 0, 0, 1)) for _ in range(5)), 1), 1 << i) for i in range(12)]
    for count in range(1, 6):
        rays = fourier_motzkin._combined(rays, count - 1, count)
        histories = [history for _, history in rays]
        assert len(set(histories)) == len(histories)
        assert not any(h != other and h & other == h for h in histories for other in histories)


def test_relaxation_of_a_unit_is_the_triangle():
    """h = max(0, x) on [-1, 3] with 0 <= z <= 1: between 0, x and the chord, as Ehlers (2017) has it."""
    # Columns x, h, hbar, z.
    rows = [
        [1, 0, 0, 0, 1],
        [-1, 0, 0, 0, 3],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, -1, 1],
        [0, -1, 0, 3, 0],
        [0, 0, -1, -1, 1],
    ]
    system = LinearSystem.of(4, rows, [[1, -1, 1, 0, 0]])
    assert eliminate(system, [2, 3]).inequalities == ((-1, 1, 0), (0, 1, 0), (3, -4, 3))


def test_columns_that_are_not_there():
    system = LinearSystem.of(2, [[Fraction(1), 0, 0]])
    with pytest.raises(ArgumentError, match="no column 2 to eliminate; the system has columns 0 to 1"):
        eliminate(system, [0, 2])

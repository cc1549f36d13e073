"""Theorem 1 of Serra et al. against its recurrence, written out."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyregions.bounds.serra import architecture_bound, open_cell_bound


def recurrence(widths, dimension):
    """From the last layer on: how many patterns the layers from here on have behind an image of each dimension."""
    rest = [1] * (dimension + 1)
    for n in reversed(widths):
        rest = [sum(comb(n, j) * rest[min(n - j, d)] for j in range(min(n, d) + 1)) for d in range(dimension + 1)]
    return rest[dimension]


@given(widths=st.lists(st.integers(1, 9), max_size=6), dimension=st.integers(0, 10))
def test_recurrence(widths, dimension):
    assert architecture_bound(dimension, widths) == recurrence(widths, dimension)


@pytest.mark.parametrize("depth", [99, 100, 101, 250])
def test_deep_networks(depth):
    widths = [1 + i % 3 for i in range(depth)]
    assert architecture_bound(2, widths) == recurrence(widths, 2)


@given(
    widths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    live=st.integers(0, 6),
    active=st.integers(0, 6),
    dimension=st.integers(0, 7),
)
def test_open_cells(widths, live, active, dimension):
    """The layer that the cell has entered has live units, and others of which some are active."""
    rest = [recurrence(widths, d) for d in range(dimension + 1)]
    expected = sum(comb(live, j) * rest[min(dimension, active + live - j)] for j in range(min(live, dimension) + 1))
    assert open_cell_bound((live + active, *widths), 0, live, active, dimension) == expected

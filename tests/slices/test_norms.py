"""Bounds of norms against exact arithmetic."""

from fractions import Fraction

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polyregions.slices.norms import LayerNorms, row_norms

numbers = st.one_of(
    st.floats(-4, 4),
    st.sampled_from([0.0, 1e-170, -1e-300, 1e-308, 1e40, 1 + 2**-52]),
)
matrices = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: st.lists(
        st.lists(numbers, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


def squared(values):
    return sum((Fraction(v) ** 2 for v in values), Fraction(0))


@given(matrices)
@example([[1.0, 0.0], [5e-324, 5e-324]])
@settings(max_examples=200)
def test_they_are_upper_bounds(rows):
    w = np.array(rows)
    norms = LayerNorms.of(w)
    if np.isinf(norms.spectral):
        assert abs(w).max() < 2.0**-199 or abs(w).max() > 2.0**199
        return
    for row, bound in zip(rows, norms.rows.tolist(), strict=True):
        assert squared(row) <= Fraction(bound) ** 2
    assert squared(value for row in rows for value in row) <= Fraction(norms.frobenius) ** 2
    # On the direction that floats call the worst one, and on the axes.
    size = abs(w).max()
    for x in (*np.linalg.svd(w / size)[2], *np.eye(w.shape[1])):
        image = [sum(Fraction(p) * Fraction(q) for p, q in zip(row, x.tolist(), strict=True)) for row in rows]
        assert squared(image) <= Fraction(norms.spectral) ** 2 * squared(x.tolist())


def test_they_are_not_far_off():
    w = np.random.default_rng(0).normal(size=(200, 300))
    norms = LayerNorms.of(w)
    assert norms.spectral < 1.25 * np.linalg.norm(w, 2)
    assert np.allclose(norms.rows, np.linalg.norm(w, axis=1), rtol=1e-3)
    assert np.allclose(row_norms(np.array([[3.0, 4.0], [0.0, 0.0]])), [5.0, 0.0], rtol=1e-3)

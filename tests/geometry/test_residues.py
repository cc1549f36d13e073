"""Affine maps modulo primes against the same in integers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.exact.restriction import Restriction
from polyregions.geometry import residues
from polyregions.geometry.neighbours import ExactForms
from polyregions.geometry.residues import Residues, projective_keys
from tests.strategies import awkward, tiny_nets


def all_states(units: int) -> np.ndarray:
    """All states of a few units, whether attained or not."""
    return (np.arange(2**units)[:, None] >> np.arange(units) & 1).astype(np.uint8)


def exact_labels(network: pr.Network, box: pr.Box, states: np.ndarray) -> list[int]:
    names: dict = {}
    offsets = np.cumsum([0, *network.widths])
    result = []
    for row in states.tolist():
        pattern = tuple(tuple(row[a:b]) for a, b in pairwise(offsets))
        a, c = network.affine_map(pattern, exact=True)
        result.append(names.setdefault((*map(tuple, a), *c), len(names)))
    return result


def same_classes(first, second) -> bool:
    pairs = set(zip(list(first), list(second), strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@given(net=tiny_nets(max_layers=2), output=st.booleans())
@settings(max_examples=80)
def test_labels(net, output):
    network = net.network if output else pr.Network(net.network.weights, net.network.biases)
    if not network.widths:
        return
    states = all_states(network.num_units)
    assert same_classes(Residues(Restriction(network, net.box)).labels(states), exact_labels(network, net.box, states))


@given(net=tiny_nets(weights=awkward, max_layers=2))
@settings(max_examples=40)
def test_labels_of_long_numbers(net):
    states = all_states(net.network.num_units)
    got = Residues(Restriction(net.network, net.box)).labels(states)
    assert same_classes(got, exact_labels(net.network, net.box, states))


@given(net=tiny_nets(max_layers=2))
@settings(max_examples=40)
def test_labels_where_combinations_collide(net):
    """With combinations that are all 0 every map passes for the same one, and equality has to be refuted."""
    states = all_states(net.network.num_units)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(residues, "_COMBINATIONS", 0)
        got = Residues(Restriction(net.network, net.box)).labels(states)
    assert same_classes(got, exact_labels(net.network, net.box, states))


def test_too_few_primes_are_made_up_for():
    network = pr.Network.from_arrays(
        [
            [[3.0]],
            [
                [
                    1e-300,
                ],
                [1.0],
            ],
            [[1.0, 1.0]],
        ],
        [[1.0], [0.0, 0.0], [0.0]],
    )
    states = np.concatenate([all_states(3)] * 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Residues, "primes", lambda self: iter([97, 89]))
        got = Residues(Restriction(network, pr.Box(-1, 1))).labels(states)
    assert same_classes(got, exact_labels(network, pr.Box(-1, 1), states))


def test_maps_on_a_slice_are_compared_there():
    """relu(x) - relu(-x) + relu(y) - relu(-y) is x + y; on y = 0 relu(y) and -relu(-y) do not matter."""
    weights = [[[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], [[1.0, -1.0, 5.0]]]
    network = pr.Network.from_arrays(weights, [[0.0] * 3, [0.0]])
    states = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 1]], dtype=np.uint8)
    assert len(set(Residues(Restriction(network, pr.Box(-1, 1))).labels(states))) == 2
    assert len(set(Residues(Restriction(network, pr.Segment([-1, 0], [1, 0]))).labels(states))) == 1


@given(net=tiny_nets(weights=st.one_of(st.integers(-3, 3).map(float), awkward), max_layers=2))
@settings(max_examples=40)
def test_different_keys_mean_not_proportional(net):
    restriction = Restriction(net.network, net.box)
    states = all_states(net.network.num_units)
    work = Residues(restriction)
    prime = next(work.primes())
    rows = np.concatenate(work.forms(prime, states)[: len(net.layers)], axis=1)
    keys, constant = projective_keys(rows, prime)
    exact = ExactForms(restriction, states)
    for region in range(len(states)):
        forms = exact.rows(region)
        for i, first in enumerate(forms):
            if not any(first[:-1]):
                assert constant[region, i]
            for j, second in enumerate(forms[:i]):
                both = not constant[region, i] and not constant[region, j]
                if both and keys[region, i] != keys[region, j]:
                    assert any(
                        a * d != b * c
                        for a, c in zip(first, second, strict=True)
                        for b, d in zip(first, second, strict=True)
                    )


def test_stopped():
    network = pr.Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [0.0]])
    assert Residues(Restriction(network, pr.Box(-1, 1))).labels(all_states(1), lambda: True) is None

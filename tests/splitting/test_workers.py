"""Several threads find what one finds."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings

import polyregions as pr
from polyregions.exact.restriction import Restriction
from polyregions.splitting import workers as module
from polyregions.splitting.vertex_cells import VertexTree
from polyregions.splitting.workers import ParallelVertexTree
from tests.nets import npz
from tests.strategies import of_known, tiny_nets


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
@pytest.mark.parametrize("name", ["A2_2d_32x3", "B4_4d_12x2"])
def test_count_does_not_depend_on_the_number_of_threads(name, workers):
    known = npz(name)
    network, box = of_known(known)
    result = pr.count(network, box, workers=workers)
    assert int(result) == known.regions
    assert result.upper == known.regions


@given(net=tiny_nets())
@settings(max_examples=100, deadline=None)
def test_tiny_networks(net):
    restriction = Restriction(net.network, net.box)
    tree = ParallelVertexTree(restriction, workers=3)
    tree.explore()
    alone = VertexTree(restriction)
    alone.explore()
    assert tree.found == alone.found
    assert tree.finished
    assert tree.open_bound() == 0


def test_work_is_given_away_and_nothing_is_lost():
    known = npz("A2_2d_32x3")
    network, box = of_known(known)
    first = VertexTree(Restriction(network, box))
    trees, states = [first], []
    while any(not tree.finished for tree in trees):
        for tree in list(trees):
            steps = iter(range(40))
            states += [leaf.states for leaf in tree.leaves(lambda steps=steps: next(steps, None) is None)]
            part = tree.give()
            if part is not None:
                trees.append(part)
            bound = sum(tree.found + tree.open_bound() for tree in trees)
            assert sum(tree.found for tree in trees) <= known.regions <= bound
    assert len(trees) > 5
    assert len(states) == len(set(states)) == known.regions


def test_stopped_threads_leave_a_bracket():
    rng = np.random.default_rng(1)
    network = pr.Network.from_arrays(
        [rng.normal(size=(60, 4)), rng.normal(size=(40, 60)), np.ones((1, 40))],
        [rng.normal(size=60), rng.normal(size=40), [0]],
    )
    result = pr.count(network, pr.Box(-1, 1), workers=2, time_limit=0.5)
    assert result.status is pr.Status.BRACKET
    assert 0 < result.lower < result.upper
    assert threading.active_count() < 10


def test_error_in_a_thread_is_raised(monkeypatch):
    network, box = of_known(npz("A1_2d_16x2"))

    def fail(self):
        raise ArithmeticError("on purpose")

    monkeypatch.setattr(module.VertexTree, "advance", fail)
    with pytest.raises(ArithmeticError, match="on purpose"):
        pr.count(network, box, workers=2)


def test_bad_number_of_workers():
    network, box = of_known(npz("A1_2d_16x2"))
    with pytest.raises(ValueError, match="at least 1"):
        pr.count(network, box, workers=0)

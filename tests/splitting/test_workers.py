"""Several threads find what one finds."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.definition import Definition
from polyregions.enumeration import Enumerator, Run
from polyregions.exact.restriction import Restriction
from polyregions.splitting.tableau_cells import TableauTree
from polyregions.splitting.tree import SplittingTree
from polyregions.splitting.vertex_cells import VertexTree
from polyregions.splitting.workers import ParallelTree
from tests.nets import all_known, npz
from tests.strategies import awkward, of_known, tiny_nets

REGIONS, PATTERNS = Definition.REGIONS, Definition.PATTERNS


def search(cells, network, domain, definition=REGIONS, doubt=0.0):
    restriction = Restriction(network, domain)
    if cells == "vertex":
        return VertexTree(restriction, doubt=doubt)
    tree = TableauTree(restriction, definition, doubt=doubt)
    tree._budget = 1  # so that tiny networks take several steps
    return tree


def slow_states(network, domain, definition=REGIONS):
    return {leaf.states for leaf in SplittingTree(Restriction(network, domain), definition).leaves()}


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
@pytest.mark.parametrize(
    ("name", "cells"),
    [("A2_2d_32x3", "vertex"), ("B4_4d_12x2", "vertex"), ("B4_4d_12x2", "tableau"), ("B9_8d_8x2", "auto")],
)
def test_count_does_not_depend_on_the_number_of_threads(name, cells, workers):
    known = npz(name)
    network, box = of_known(known)
    result = pr.count(network, box, workers=workers, cells=cells)
    assert int(result) == known.regions == result.upper
    assert result.stats["leaves"] == known.regions


@pytest.mark.parametrize("cells", ["vertex", "tableau"])
def test_listing_does_not_depend_on_the_number_of_threads(cells):
    network, box = of_known(npz("B4_4d_12x2"))
    expected = [leaf.states for leaf in search(cells, network, box).leaves()]
    for workers in (2, 4):
        tree: Enumerator = ParallelTree(search(cells, network, box), workers=workers)
        found = [leaf.states for leaf in tree.leaves()]
        assert sorted(found) == sorted(expected)
        assert (tree.found, tree.finished, tree.open_bound()) == (len(expected), True, 0)


@pytest.mark.parametrize(("cells", "definition"), [("vertex", REGIONS), ("tableau", REGIONS), ("tableau", PATTERNS)])
@given(net=tiny_nets(), doubt=st.sampled_from([0.0, 0.3]))
@settings(max_examples=60, deadline=None)
def test_tiny_networks(cells, definition, net, doubt):
    expected = slow_states(net.network, net.box, definition)
    tree = ParallelTree(search(cells, net.network, net.box, definition, doubt), workers=3)
    tree.explore()
    assert (tree.found, tree.finished, tree.open_bound()) == (len(expected), True, 0)
    tree = ParallelTree(search(cells, net.network, net.box, definition, doubt), workers=3)
    found = [leaf.states for leaf in tree.leaves()]
    assert len(found) == len(expected)
    assert set(found) == expected


@pytest.mark.parametrize("known", all_known(), ids=lambda known: known.name)
def test_degenerate_networks(known):
    """Some of their cells are left to the slow tree."""
    network, box = of_known(known)
    for cells in ("vertex", "tableau"):
        tree = ParallelTree(search(cells, network, box), workers=2)
        tree.explore()
        assert (tree.found, tree.finished) == (known.regions, True)


def in_turns(trees, states, steps):
    """List the regions of a search that gives parts away at every opportunity, some steps of each part at a time."""
    while any(not tree.finished for tree in trees):
        for tree in list(trees):
            count = iter(range(steps))
            states += [leaf.states for leaf in tree.leaves(lambda count=count: next(count, None) is None)]
            part = tree.give()
            if part is not None:
                trees.append(part)
            yield


@pytest.mark.parametrize(("name", "cells"), [("A2_2d_32x3", "vertex"), ("A1_2d_16x2", "tableau")])
def test_work_is_given_away_and_nothing_is_lost(monkeypatch, name, cells):
    monkeypatch.setattr("polyregions.splitting.tableau_cells._PAUSE", 0.0)
    known = npz(name)
    trees, states = [search(cells, *of_known(known))], []
    for _ in in_turns(trees, states, 40):
        bound = sum(tree.found + tree.open_bound() for tree in trees)
        assert sum(tree.found for tree in trees) <= known.regions <= bound
    assert len(trees) > 5
    assert len(states) == len(set(states)) == known.regions


@pytest.mark.parametrize("definition", [REGIONS, PATTERNS])
@given(net=tiny_nets(weights=awkward, max_inputs=2), doubt=st.sampled_from([0.0, 0.3]), steps=st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_parts_of_tiny_networks(definition, net, doubt, steps):
    expected = slow_states(net.network, net.box, definition)
    trees, states = [search("tableau", net.network, net.box, definition, doubt)], []
    for _ in in_turns(trees, states, steps):
        assert len(expected) <= sum(tree.found + tree.open_bound() for tree in trees)
    assert len(states) == len(expected)
    assert set(states) == expected


@pytest.mark.parametrize("cells", ["vertex", "tableau"])
@pytest.mark.parametrize("workers", [2, 5])
def test_a_limit_of_regions_is_met_exactly(cells, workers):
    network, box = of_known(npz("A1_2d_16x2"))
    for most in (0, 1, 2, 100, 477):
        result = pr.count(network, box, cells=cells, workers=workers, max_regions=most)
        assert (result.lower, result.status) == (most, pr.Status.BRACKET)
        assert result.upper >= 478
        assert result.stats["stopped"] == f"limit of {most} regions"
    for most in (478, 479):
        assert int(pr.count(network, box, cells=cells, workers=workers, max_regions=most)) == 478


@given(net=tiny_nets(), most=st.integers(0, 12), workers=st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_limit_of_tiny_networks(net, most, workers):
    total = len(slow_states(net.network, net.box))
    for cells in ("vertex", "tableau"):
        result = pr.count(net.network, net.box, cells=cells, workers=workers, max_regions=most)
        assert result.lower == min(most, total)
        assert (result.status is pr.Status.EXACT) == (most >= total)


@pytest.mark.parametrize("cells", ["vertex", "tableau"])
def test_listing_can_be_left_and_counting_goes_on(cells):
    network, box = of_known(npz("A1_2d_16x2"))
    tree, states = ParallelTree(search(cells, network, box), workers=2), []
    for most in (7, 100, 200):
        for leaf in tree.leaves(lambda most=most: tree.found >= most):
            states.append(leaf.states)
        assert tree.found == len(states) == most
        assert not tree.finished
        assert tree.found + tree.open_bound() >= 478
    tree.explore()
    assert (tree.found, tree.finished) == (478, True)
    assert len(set(states)) == 200


def test_listing_waits_for_its_user(monkeypatch):
    monkeypatch.setattr("polyregions.splitting.workers._MOST_LISTED", 8)
    monkeypatch.setattr("polyregions.splitting.workers._BATCH", 4)
    network, box = of_known(npz("A1_2d_16x2"))
    tree = ParallelTree(search("tableau", network, box), workers=2)
    longest = 0
    for _ in tree.leaves():
        longest = max(longest, len(tree._listed))
    assert (tree.found, tree.finished) == (478, True)
    assert 0 < longest < 16


def endless():
    rng = np.random.default_rng(1)
    network = pr.Network.from_arrays(
        [rng.normal(size=(60, 4)), rng.normal(size=(40, 60)), np.ones((1, 40))],
        [rng.normal(size=60), rng.normal(size=40), [0]],
    )
    return network, pr.Box(-1, 1)


@pytest.mark.parametrize("cells", ["vertex", "tableau"])
def test_stopped_threads_leave_a_bracket(cells):
    before = threading.active_count()
    result = pr.count(*endless(), workers=2, cells=cells, time_limit=0.5)
    assert result.status is pr.Status.BRACKET
    assert 0 < result.lower < result.upper
    assert threading.active_count() == before


def test_bounds_only_close():
    run = Run(*endless(), workers=3, cells="tableau", time_limit=1.0)
    seen = []
    run.enumerator.explore(lambda: seen.append((run.enumerator.found, run.result().upper)) or len(seen) >= 30)
    assert len(seen) >= 30
    assert seen == sorted(seen, key=lambda pair: pair[0])
    assert [upper for _, upper in seen] == sorted((upper for _, upper in seen), reverse=True)
    assert seen[0][0] < seen[-1][0]


def test_parts_that_are_done_are_let_go():
    network, box = of_known(npz("B4_4d_12x2"))
    tree = ParallelTree(search("vertex", network, box), workers=4)
    tree.explore()
    assert tree._parts == []


def test_leaving_a_listing_ends_the_threads():
    before = threading.active_count()
    listing = ParallelTree(search("vertex", *endless()), workers=2).leaves()
    next(listing)
    assert threading.active_count() > before
    listing.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("cells", ["vertex", "tableau"])
@pytest.mark.parametrize("listing", [True, False])
def test_error_in_a_thread_is_raised(monkeypatch, cells, listing):
    network, box = of_known(npz("A1_2d_16x2"))

    def fail(self, *arguments, **options):
        raise ArithmeticError("on purpose")

    kind = VertexTree if cells == "vertex" else TableauTree
    monkeypatch.setattr(kind, "leaves" if listing else "advance", fail)
    run = Run(network, box, workers=2, cells=cells)
    with pytest.raises(ArithmeticError, match="on purpose"):
        list(run.leaves()) if listing else run.explore()


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2", None])
def test_bad_number_of_workers(workers):
    network, box = of_known(npz("A1_2d_16x2"))
    with pytest.raises(ValueError, match="at least 1"):
        pr.count(network, box, workers=workers)


def test_more_threads_than_the_system_allows(monkeypatch):
    start, allowed = threading.Thread.start, [3]

    def limited(self):
        allowed[0] -= 1
        if allowed[0] < 0:
            raise RuntimeError("can't start new thread")
        start(self)

    before = threading.active_count()
    monkeypatch.setattr(threading.Thread, "start", limited)
    with pytest.raises(ValueError, match="5 workers are too many for this machine: can't start new thread"):
        pr.count(*of_known(npz("A1_2d_16x2")), workers=5)
    assert threading.active_count() == before

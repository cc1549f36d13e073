"""A folder of tiny instances of every kind, made once."""

import pytest

from polyregions.bench.index import build
from polyregions.bench.recipes import Recipe

#: Few units, so that all z can be tried. The second system of parity constraints has no solution.
TINY = (
    Recipe(kind="lp", inputs=3, widths=(5, 5), programs=12),
    Recipe(kind="count", inputs=2, widths=(4, 3)),
    Recipe(kind="bound", inputs=2, widths=(3, 3, 2)),
    Recipe(kind="parity", inputs=2, widths=(4, 3), constraints=2, size=3),
    Recipe(kind="parity", inputs=2, widths=(4, 3), constraints=9, size=4),
)


@pytest.fixture(scope="session")
def index(tmp_path_factory):
    return build(tmp_path_factory.mktemp("instances"), TINY, seed=1, set_name="tiny")


@pytest.fixture(scope="session")
def instances(index):
    """One instance of each kind; of the kind "parity" a feasible one, and as "infeasible" the other."""
    kinds = {}
    for instance in index.instances:
        kinds["infeasible" if instance.truth.get("feasible") is False else instance.kind] = instance
    assert set(kinds) == {"lp", "count", "bound", "parity", "infeasible"}
    return kinds

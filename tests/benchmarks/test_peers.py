"""Each peer's adapter, and the arrays and texts that they hand to other programs."""

import ast
import builtins
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from peers import registry, syrenn
from peers.cases import CASES, SMOKE, he_normal
from peers.milp_model import distinct, milp
from peers.peer import Peer, UnsupportedError, box_bounds, hidden_layers
from peers.uncertified import without_bounds
from run_peers import run
from scipy.optimize import linprog

import polyregions as pr


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.PEERS)
def test_installed_peers_count_the_smallest_network(name: str) -> None:
    if registry.PEERS[name].version() is None:
        pytest.skip("not installed")
    (case,) = SMOKE
    result = run(name, case, 60.0, 1)
    assert result["failure"] is None
    (answer,) = result["answers"]
    assert (answer["count"], answer["finished"]) == (case.regions, True)
    assert answer["seconds"] > 0


def test_cases_name_peers_that_there_are() -> None:
    assert {name for case in CASES for name in case.peers} <= set(registry.PEERS)
    assert all(isinstance(peer, Peer) and peer.about for peer in registry.PEERS.values())


def test_random_networks_are_the_same_everywhere() -> None:
    (case,) = (case for case in CASES if case.name == "64-6-6-10, seed 2")
    assert case.network() == case.network()
    assert int(pr.count(case.network(), case.domain)) == case.regions


def test_milp_has_a_solution_for_each_pattern_and_no_other() -> None:
    network = he_normal((2, 3, 2, 1), 5)
    rows = milp(network, pr.Box(-1, 1))
    matrix, signs = rows.matrix.toarray(), {"<": 1.0, ">": -1.0}
    equal = np.array([sense == "=" for sense in rows.sense])
    sign = np.array([signs.get(sense, 1.0) for sense in rows.sense])
    found = 0
    for z in product((0, 1), repeat=len(rows.binaries)):
        lower, upper = rows.lower.copy(), rows.upper.copy()
        fits = all(lower[j] <= value <= upper[j] for j, value in zip(rows.binaries, z, strict=True))
        lower[rows.binaries] = upper[rows.binaries] = z
        found += (
            fits
            and linprog(
                np.zeros(len(lower)),
                A_ub=(matrix * sign[:, None])[~equal],
                b_ub=(rows.right * sign)[~equal],
                A_eq=matrix[equal],
                b_eq=rows.right[equal],
                bounds=np.column_stack([lower, upper]),
            ).success
        )
    assert found == int(pr.count(network, pr.Box(-1, 1), definition="patterns")) > 4


def test_row_and_integer_agree_with_the_matrix() -> None:
    rows = milp(he_normal((2, 3, 2, 1), 5), pr.Box(-1, 1))
    for i in range(len(rows.sense)):
        columns, values = rows.row(i)
        dense = np.zeros(len(rows.lower))
        dense[columns] = values
        assert (dense == rows.matrix.toarray()[i]).all()
    assert np.flatnonzero(rows.integer).tolist() == sorted(rows.binaries)


def test_distinct_rounds() -> None:
    assert distinct([np.array([0.0, 1.0]), np.array([1e-7, 1 - 1e-7]), np.array([1.0, 1.0])]) == 2


def test_plane_input_is_corners_and_layers() -> None:
    network = he_normal((2, 3, 2, 1), 5)
    numbers = iter(map(float, syrenn.plane_input(network, pr.Box(["-1/2", 0], [1, 2])).split()))

    def take(*shape: int) -> np.ndarray:
        return np.array([next(numbers) for _ in range(int(np.prod(shape)))]).reshape(shape)

    assert take(3).tolist() == [4, 2, 2]
    assert take(4, 2).tolist() == [[-0.5, 0], [1, 0], [1, 2], [-0.5, 2]]
    for w, b in hidden_layers(network):
        (outputs,) = take(1)
        assert outputs == len(b)
        assert (take(*w.T.shape) == w.T).all()
        assert (take(len(b)) == b).all()
    assert next(numbers, None) is None


def test_unsupported_domains_and_dimensions_are_said() -> None:
    segment = pr.Segment([0, 0], [1, 1])
    with pytest.raises(UnsupportedError, match="boxes"):
        box_bounds(segment, 2)
    with pytest.raises(UnsupportedError, match="two dimensions"):
        syrenn.plane_input(he_normal((3, 2, 1), 0), pr.Box(0, 1))


def test_kernel_without_bounds_keeps_none_and_lacks_nothing() -> None:
    import polyregions.splitting

    source = (Path(polyregions.splitting.__file__).parent / "vertex_kernel.py").read_text()
    bare = without_bounds(source)
    known = {*dir(builtins), *_names(ast.parse(source).body)}
    for function in (node for node in ast.parse(bare).body if isinstance(node, ast.FunctionDef)):
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        loaded = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        inner = {getattr(node, "arg", getattr(node, "name", "")) for node in ast.walk(function)}
        assert loaded <= known | stored | inner, function.name
        assert not (stored | loaded) & {"error_p", "error_q", "radius_p"}
    with pytest.raises(ValueError, match="has changed"):
        without_bounds(source.replace("room = gap", "space = gap"))


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """What a module's statements define."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.alias):
                yield node.asname or node.name
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield statement.name
        for target in getattr(statement, "targets", []):
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))

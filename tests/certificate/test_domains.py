"""Certificates of both definitions over all kinds of domains, against brute force."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.errors import EmptyDomainError
from polyregions.formats.builtin import load_demo_network
from tests.certificate.tools import Bound, Hull, certified, parse, unpack
from tests.nets import cancelling_units, degenerate, npz, six_definitions, telgarsky, zero_bias
from tests.reference import brute_force
from tests.strategies import awkward, integers, of_known, tiny_nets

DEFINITIONS = ["regions", "patterns"]
both = pytest.mark.parametrize("definition", DEFINITIONS)
KNOWN = [*degenerate(), *zero_bias(), *cancelling_units(), six_definitions(), telgarsky(3), telgarsky(3, True)]


def without_filter(patch):
    """Fractions of all scales as multipliers, and witnesses that no float holds."""
    for name in ("excludes_certainly", "contains_certainly"):
        patch.setattr(f"polyregions.exact.cell.Cell.{name}", lambda *arguments, **options: False)


# -- patterns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_known_patterns(known, tmp_path):
    count, _ = certified(*of_known(known), tmp_path / "cert", definition="patterns")
    assert int(count) == known.patterns


@given(net=tiny_nets(weights=st.one_of(integers, awkward)))
@settings(max_examples=120, deadline=None)
def test_patterns_of_tiny_networks(net, tmp_path_factory):
    path = tmp_path_factory.mktemp("certificates") / "cert"
    count, _ = certified(net.network, net.box, path, definition="patterns")
    assert int(count) == len(brute_force.patterns(net.exact, net.lower, net.upper))


@given(net=tiny_nets(max_inputs=2))
@settings(max_examples=60, deadline=None)
def test_patterns_decided_exactly(net, tmp_path_factory):
    path = tmp_path_factory.mktemp("certificates") / "cert"
    with pytest.MonkeyPatch.context() as patch:
        without_filter(patch)
        count, _ = certified(net.network, net.box, path, definition="patterns", cells="lp")
    assert int(count) == len(brute_force.patterns(net.exact, net.lower, net.upper))


def test_patterns_on_the_boundary_alone(tmp_path):
    """x = 0 is the only point of [0, 1] with relu(x) inactive; relu(x) - 1 is positive nowhere there."""
    network = pr.Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [-1.0]], include_output=True)
    count, _ = certified(network, pr.Box(0, 1), tmp_path / "cert", definition="patterns")
    assert int(count) == 2
    count, _ = certified(network, pr.Box(0, "4/3"), tmp_path / "cert", definition="patterns")
    assert int(count) == 3
    count, _ = certified(network, pr.Box(0, 1), tmp_path / "cert", definition="regions")
    assert int(count) == 1


# -- polytopes -----------------------------------------------------------------------------------------------------


@st.composite
def polytopes(draw, n):
    """A x <= b in integers, bounded by a box, by all sums +-x_1 +-x_2 ..., or by both; now and then flat."""
    kind = draw(st.sampled_from(["box", "sums", "both"]))
    rows = []
    if kind != "sums":
        for j in range(n):
            unit = [int(i == j) for i in range(n)]
            rows += [(unit, draw(st.integers(0, 1))), ([-v for v in unit], draw(st.integers(0, 1)))]
    if kind != "box":
        for k in range(2**n):
            rows.append(([(-1) ** (k >> i & 1) for i in range(n)], draw(st.integers(0, 2))))
    entry = st.integers(-2, 2)
    for _ in range(draw(st.integers(0, 2))):
        a, c = draw(st.lists(entry, min_size=n, max_size=n)), draw(st.integers(-1, 1))
        rows.append((a, c))
        if draw(st.booleans()):
            rows.append(([-draw(st.sampled_from([1, 1, 3])) * v for v in a], -c))
    rows = draw(st.permutations(rows))
    return [a for a, _ in rows], [c for _, c in rows]


def reference(layers, a, b, definition):
    """The count by brute force; that of regions in the coordinates of the polytope's own hull."""
    if definition == "patterns":
        free = [None] * len(a[0])
        return len(brute_force.patterns(layers, free, free, list(zip(a, b, strict=True))))
    chart = pr.Polytope(a, b).chart(len(a[0]))
    origin = chart.ambient([Fraction(0)] * chart.dimension)
    columns = [
        [
            p - o
            for p, o in zip(chart.ambient([Fraction(int(i == j)) for i in range(chart.dimension)]), origin, strict=True)
        ]
        for j in range(chart.dimension)
    ]

    def composed(row):
        return [sum(r * v for r, v in zip(row, column, strict=True)) for column in columns]

    def at_origin(row):
        return sum((r * v for r, v in zip(row, origin, strict=True)), Fraction(0))

    weights, biases = layers[0]
    first = (
        [composed(row) for row in weights],
        [at_origin(row) + bias for row, bias in zip(weights, biases, strict=True)],
    )
    rows = [(composed(row), Fraction(c) - at_origin(row)) for row, c in zip(a, b, strict=True)]
    free = [None] * chart.dimension
    return len(brute_force.regions([first, *layers[1:]], free, free, rows))


@both
@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_polytopes(definition, data, tmp_path_factory):
    net = data.draw(tiny_nets(max_layers=2))
    a, b = data.draw(polytopes(len(net.lower)))
    domain = pr.Polytope(a, b)
    try:
        domain.chart(len(net.lower))
    except EmptyDomainError:
        assume(False)
    path = tmp_path_factory.mktemp("certificates") / "cert"
    count, _ = certified(net.network, domain, path, definition=definition)
    assert int(count) == reference(net.exact, a, b, definition)


SIMPLEX = pr.Polytope([[-1, 0, 0], [0, -1, 0], [0, 0, -1], [1, 1, 1]], [0, 0, 0, 1])
ROTATED = pr.Polytope([["1/3", 1], [-1, "1/3"], ["-1/7", -1], [2, "-1/3"]], ["1/3", 1, "1/2", 1])
FLAT = {
    "opposite rows": ([[1, 1, 1], [-2, -2, -2], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], [1, -2, 0, 0, 0], 2),
    "three rows": ([[1, 1], [-1, 1], [0, -1], [1, 0]], [1, 0, "-1/2", 3], 0),
    "three rows around a line": ([[1, 1, 0], [-1, 1, 0], [0, -3, 0], [0, 0, 1], [0, 0, -1]], [0, 0, 0, 1, "1/3"], 1),
    "a corner": ([[1, 0], [-1, 0], [0, 1], [-1, -1]], [1, 1, 0, -1], 0),
    "a frozen coordinate": ([[1, 0], [-1, 0], [0, 1], [0, -1]], ["1/3", "-1/3", 1, 1], 1),
    "two planes": ([[1, 1, 1], [-1, -1, -1], [1, -1, 0], [-1, 1, 0], [0, 0, 1], [0, 0, -1]], [0, 0, 0, 0, 1, 1], 1),
    "empty rows": ([[0, 0], [1, 1], [-1, -1], [1, 0], [-1, 0], [0, 0]], [0, 0, 0, 1, 1, 5], 1),
    "an edge of a cube": ([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 1]], [1, 1, 1, 1, -2], 0),
}


@both
@pytest.mark.parametrize("name", FLAT)
def test_flat_polytopes(name, definition, tmp_path):
    a, b, dimension = FLAT[name]
    domain = pr.Polytope(a, b)
    assert domain.chart(len(a[0])).dimension == dimension
    rng = np.random.default_rng(7)
    layers = [(rng.integers(-3, 4, (4, len(a[0]))).tolist(), rng.integers(-1, 2, 4).tolist())]
    layers.append((rng.integers(-3, 4, (3, 4)).tolist(), rng.integers(-1, 2, 3).tolist()))
    network = pr.Network.from_arrays([w for w, _ in layers], [c for _, c in layers], include_output=True)
    count, _ = certified(network, domain, tmp_path / "cert", definition=definition)
    rational = [[[Fraction(v) for v in row] for row in a], [Fraction(v) for v in b]]
    assert int(count) == reference(layers, *rational, definition)


@both
def test_polytopes_decided_exactly(definition, monkeypatch, tmp_path):
    without_filter(monkeypatch)
    rng = np.random.default_rng(3)
    weights = [rng.integers(-3, 4, (4, 3)), rng.integers(-3, 4, (3, 4))]
    biases = [rng.integers(-1, 2, 4), rng.integers(-1, 2, 3)]
    network = pr.Network.from_arrays(weights, biases, include_output=True)
    layers = [(w.tolist(), b.tolist()) for w, b in zip(weights, biases, strict=True)]
    count, _ = certified(network, SIMPLEX, tmp_path / "cert", definition=definition, cells="lp")
    assert int(count) == reference(layers, SIMPLEX.A, SIMPLEX.b, definition)


def test_bounds_are_proven_by_single_rows_where_there_are_any(tmp_path):
    network = pr.Network.from_arrays([np.ones((2, 3))], [np.zeros(2)], include_output=True)
    certified(network, SIMPLEX, tmp_path / "cert")
    hull, *rest = parse(unpack((tmp_path / "cert").read_bytes())[1], 3)
    assert hull == Hull([], [], [])
    bounds = [token for token in rest if isinstance(token, Bound)]
    assert len(bounds) == 6
    assert [(bound.sign, bound.rows) for bound in bounds[:3]] == [(-1, [j]) for j in range(3)]
    assert all(bound.rows == [3] for bound in bounds[3:])


@both
@pytest.mark.parametrize("cells", ["lp", "tableau"])
def test_trained_network_on_polytopes(cells, definition, tmp_path):
    network, _ = of_known(npz("A1_2d_16x2"))
    for domain in (ROTATED, pr.Polytope([[1, 1], [-1, -1], [1, 0], [-1, 0]], ["1/3", "-1/3", 1, 1])):
        count, _ = certified(network, domain, tmp_path / "cert", definition=definition, cells=cells)
        assert int(count) == int(pr.count(network, domain, definition=definition))
        certified(network, domain, tmp_path / "cert", definition=definition, cells=cells, max_regions=9)


@both
def test_wide_inputs(definition, tmp_path):
    """64 inputs and 6 units: a box as a polytope keeps forms over the units, a cut through it does not."""
    network = load_demo_network()
    identity = np.eye(64, dtype=int).tolist()
    a = [*identity, *([-v for v in row] for row in identity)]
    b = [1] * 64 + [0] * 64
    for domain in (pr.Polytope(a, b), pr.Polytope([*a, [1] * 64], [*b, 9])):
        certified(network, domain, tmp_path / "cert", definition=definition, max_regions=15)


@both
def test_no_relu_layer(definition, tmp_path):
    network = pr.Network.from_arrays([[[1.0, 1.0, 1.0]]], [[0.0]])
    count, _ = certified(network, SIMPLEX, tmp_path / "cert", definition=definition)
    assert int(count) == 1


@pytest.mark.parametrize("include_output", [False, True])
@pytest.mark.parametrize(
    "domain",
    [
        pr.Segment([0] * 64, [1] * 64),
        pr.Plane([Fraction(1, 7)] * 64, [1] * 64, [Fraction(i, 90) for i in range(64)]),
        pr.Box([0] * 64, [1, 1, 1] + [0] * 61),
        pr.Box([0.5] * 64, [0.5] * 64),
    ],
    ids=lambda domain: type(domain).__name__,
)
def test_patterns_in_charts(domain, include_output, tmp_path):
    network = load_demo_network().including_output(include_output)
    count, _ = certified(network, domain, tmp_path / "cert", definition="patterns")
    assert int(count) == int(pr.count(network, domain, definition="patterns"))

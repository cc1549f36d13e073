"""Counts of graphs against trying all patterns, and of the same function built in two ways."""

import pickle
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.graph import (
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Elementwise,
    Flatten,
    Graph,
    GraphNetwork,
    Identity,
    Maximum,
    Maxout,
    MaxPool,
    PiecewiseLinear,
    absolute,
    batch_norm,
    clip,
    leaky_relu,
    prelu,
    relu,
    relu6,
)
from polyregions.graph.operator import MaxOperator
from polyregions.projection.pattern import project_pattern
from tests.reference import graph_patterns as reference


class Groups(MaxOperator):
    """The largest of given groups of inputs, of any sizes."""

    arity = None

    def __init__(self, groups: list[list[int]]) -> None:
        self._groups = groups

    def output_shape(self, *shapes: Any) -> Any:
        return (len(self._groups),)

    def forward(self, *values: Any) -> Any:
        flat = np.concatenate(values, axis=1)
        return np.stack([flat[:, group].max(axis=1) for group in self._groups], axis=1)

    def groups(self, *shapes: Any) -> list[list[int]]:
        return self._groups


class TinyGraph(NamedTuple):
    steps: list[Any]
    network: GraphNetwork
    lower: list[Fraction]
    upper: list[Fraction]

    @property
    def box(self) -> pr.Box:
        return pr.Box(self.lower, self.upper)


small = st.integers(-2, 2).map(Fraction)
#: Some of these are no floats.
slopes = st.sampled_from([Fraction(v) for v in (-1, 0, 1, 2, 0.1)] + [Fraction(1, 3)])


@st.composite
def tiny_graphs(draw, arguments: int = 4) -> TinyGraph:
    """Up to five nodes, each reading any tensors before it, so that there are skips and sums of different depths."""
    inputs = draw(st.integers(1, 2))
    steps: list[Any] = []
    sizes, names = [inputs], ["input"]
    graph = Graph(inputs)
    left = 6  # breakpoints and losing arguments
    for number in range(draw(st.integers(2, 6))):
        kind = draw(st.sampled_from(["affine", "pieces", "pieces", "max"]))
        sources = draw(st.lists(st.integers(0, number), min_size=1, max_size=2)) if number else [0]
        if number and draw(st.booleans()):
            sources[0] = number
        width = sum(sizes[source] for source in sources)
        if kind == "affine" or left <= 0 or (kind == "max" and width < 2):
            rows = draw(st.integers(1, 3))
            w = draw(st.lists(st.lists(small, min_size=width, max_size=width), min_size=rows, max_size=rows))
            b = draw(st.lists(small, min_size=rows, max_size=rows))
            steps.append(("affine", sources, w, b))
            source = graph.add(Concatenate(), *(names[k] for k in sources))
            names.append(graph.add(Dense(np.array(w, float), np.array(b, float)), source))
            sizes.append(rows)
        elif kind == "pieces":
            source = sources[0]
            functions = []
            for _ in range(sizes[source]):
                points = sorted(draw(st.sets(small, min_size=1, max_size=2 if left > sizes[source] else 1)))
                points = [Fraction(p) for p in points]
                each = draw(st.lists(slopes, min_size=len(points) + 1, max_size=len(points) + 1))
                functions.append((points, each, draw(small)))
            most = max(len(f[0]) for f in functions)
            # A node's entries have equally many breakpoints.
            functions = [
                (
                    points + [points[-1] + k for k in range(1, most - len(points) + 1)],
                    s + [s[-1]] * (most - len(points)),
                    c,
                )
                for points, s, c in functions
            ]
            steps.append(("pieces", source, functions))
            columns = [[f[0][k] for f in functions] for k in range(most)]
            rises = [[f[1][k] for f in functions] for k in range(most + 1)]
            names.append(graph.add(PiecewiseLinear(columns, rises, [f[2] for f in functions]), names[source]))
            sizes.append(sizes[source])
            left -= most * sizes[source]
        else:
            groups = draw(
                st.lists(st.lists(st.integers(0, width - 1), min_size=1, max_size=arguments), min_size=1, max_size=2)
            )
            steps.append(("max", sources, groups))
            names.append(graph.add(Groups(groups), *(names[k] for k in sources)))
            sizes.append(len(groups))
            left -= sum(len(group) - 1 for group in groups)
    # All nodes are needed, or those that are not have patterns that the network has not.
    every = graph.add(Concatenate(), *names)
    width = sum(sizes)
    steps.append(
        (
            "affine",
            list(range(len(sizes))),
            [[Fraction(i == j) for j in range(width)] for i in range(width)],
            [Fraction(0)] * width,
        )
    )
    return TinyGraph(steps, graph.network(every), [Fraction(-2)] * inputs, [Fraction(3, 2)] * inputs)


@settings(max_examples=60)
@given(tiny_graphs(), st.sampled_from(["regions", "patterns"]), st.sampled_from(["auto", "tableau", "lp"]))
def test_counts_and_patterns(tiny, definition, cells):
    expected = reference.attained(tiny.steps, tiny.lower, tiny.upper, interior=definition == "regions")
    assert int(pr.count(tiny.network, tiny.box, definition=definition, method="milp")) == len(expected)
    if definition == "regions" or cells != "vertex":
        assert int(pr.count(tiny.network, tiny.box, definition=definition, cells=cells)) == len(expected)
    found = []
    for region in pr.regions(tiny.network, tiny.box, definition=definition):
        found.append(region.pattern)
        pattern, output = reference.evaluate(tiny.steps, region.witness)
        assert pattern == region.pattern == tiny.network.pattern(region.witness)
        assert output == tiny.network.output(region.witness)
        a, c = region.affine_map(exact=True)
        assert output == [
            sum(w * x for w, x in zip(row, region.witness, strict=True)) + b for row, b in zip(a, c, strict=True)
        ]
        # The lowered network computes the same.
        assert tiny.network.exact_preactivations(region.witness)[-1] == output
        rows, bounds = region.halfspaces(exact=True)
        assert all(
            sum(w * x for w, x in zip(row, region.witness, strict=True)) <= bound
            for row, bound in zip(rows, bounds, strict=True)
        )
        assert np.allclose(tiny.network(region.point), [float(v) for v in output])
    assert sorted(found) == sorted(expected)
    assert pr.upper_bound(tiny.network, tiny.box) >= len(expected)


@settings(max_examples=15)
@given(tiny_graphs())
def test_the_volumes_of_regions_fill_the_domain(tiny):
    volumes = [region.volume(exact=True) for region in pr.regions(tiny.network, tiny.box)]
    assert sum(volumes) == Fraction(7, 2) ** len(tiny.lower)


@settings(max_examples=15)
@given(tiny_graphs(arguments=2))
def test_certificates_and_files(tmp_path_factory, tiny):
    folder = tmp_path_factory.mktemp("graph")
    count = pr.count(tiny.network, tiny.box, certificate=folder / "graph.certificate")
    result = pr.verify(folder / "graph.certificate", tiny.network, domain=tiny.box)
    assert result.valid
    assert result.count == int(count)
    pr.save(tiny.network, folder / "lowered.npz")
    lowered = pr.load(folder / "lowered.npz")
    assert lowered.sha256 == tiny.network.sha256
    assert int(pr.count(lowered, tiny.box)) == int(count)
    assert pr.cross_check(tiny.network, tiny.box).agree
    for region in pr.regions(tiny.network, tiny.box):
        states = tiny.network.unit_states(region.pattern)
        assert states == lowered.pattern(region.witness)
        assert tiny.network.pattern_of(bytes(state for layer in states for state in layer)) == region.pattern
        systems = [project_pattern(tiny.network, tiny.box, region.pattern, way=way) for way in ("lp", "elimination")]
        assert systems[0] == systems[1]


def chain(shape, *operators, seed=None):
    graph = Graph(shape)
    last = graph.input
    for operator in operators:
        last = graph.add(operator, last)
    return graph.network(last)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32).astype(np.float64)


BOX = pr.Box(-1, 1)
PLANE = pr.Plane([Fraction(-1)] * 9, [Fraction(i, 9) for i in range(9)], [Fraction((-1) ** i, 3) for i in range(9)])


def test_a_convolution_is_its_matrix():
    filters, biases, last = random(2, 1, 2, 2), random(2, seed=1), random(3, 8, seed=2)
    conv = chain((1, 3, 3), Convolution(filters, biases), relu(), Flatten(), Dense(last), relu())
    matrix = np.zeros((2, 2, 2, 3, 3))
    for f in range(2):
        for i in range(2):
            for j in range(2):
                matrix[f, i, j, i : i + 2, j : j + 2] = filters[f, 0]
    dense = chain(9, Dense(matrix.reshape(8, 9), np.repeat(biases, 4)), relu(), Dense(last), relu())
    assert conv.digest == dense.digest
    assert int(pr.count(conv, PLANE)) == int(pr.count(dense, PLANE)) > 1


def test_absolute_values_are_leaky_with_slope_minus_one():
    first, second = random(3, 2), random(3, 3, seed=1)
    nets = [chain(2, Dense(first), f, Dense(second, [0.1, 0.2, 0.3]), f) for f in (absolute(), leaky_relu(-1))]
    assert nets[0].digest == nets[1].digest
    assert int(pr.count(nets[0], BOX)) == int(pr.count(nets[1], BOX)) > 1


def test_a_residual_block_of_nothing_can_be_left_out():
    first, second = random(4, 2), random(3, 4, seed=1)
    graph = Graph(2)
    hidden = graph.add(relu(), graph.add(Dense(first, random(4, seed=2)), "input"))
    dead = graph.add(Dense(np.zeros((4, 4))), graph.add(relu(), graph.add(Elementwise(0, -1), hidden)))
    block = graph.add(Add(), hidden, graph.add(Identity(), dead))
    residual = graph.network(graph.add(relu(), graph.add(Dense(second), block)))
    plain = chain(2, Dense(first, random(4, seed=2)), relu(), Dense(second), relu())
    assert int(pr.count(residual, BOX)) == int(pr.count(plain, BOX)) > 1


def test_a_dense_relu_graph_is_the_network_of_its_arrays():
    weights, biases = [random(4, 2), random(4, 4, seed=1), random(1, 4, seed=2)], [random(4), random(4), random(1)]
    graph = chain(
        2, Dense(weights[0], biases[0]), relu(), Dense(weights[1], biases[1]), relu(), Dense(weights[2], biases[2])
    )
    plain = pr.Network.from_arrays(weights, biases)
    assert graph.sha256 == plain.sha256
    assert {r.pattern for r in pr.regions(graph, BOX)} == {r.pattern for r in pr.regions(plain, BOX)}


def test_maxout_of_two_is_max_of_two_is_a_relu():
    w = random(6, 2)
    maxout = chain(2, Dense(w), Maxout(2))
    graph = Graph(2)
    both = [graph.add(Dense(w[k::2]), "input") for k in (0, 1)]
    assert int(pr.count(maxout, BOX)) == int(pr.count(graph.network(graph.add(Maximum(), *both)), BOX))
    assert int(pr.count(maxout, BOX)) == int(pr.count(chain(2, Dense(w[::2] - w[1::2]), relu()), BOX))
    assert not maxout.merges


def test_maxout_counts_are_those_of_an_upper_envelope():
    # Four functions, each the largest somewhere: four regions, though the tournament has up to eight outcomes.
    network = chain(2, Dense([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), Maxout(4))
    count = pr.count(network, BOX)
    assert int(count) == 4
    assert count.stats["merged"] > 0
    assert {region.pattern for region in pr.regions(network, BOX)} == {((k,),) for k in range(4)}
    assert pr.cross_check(network, BOX).agree


def test_limits_count_merged_regions():
    network = chain(2, Dense(random(12, 2), random(12, seed=1)), Maxout(4), Dense(random(8, 3, seed=2)), Maxout(4))
    whole = int(pr.count(network, BOX))
    stopped = pr.count(network, BOX, max_regions=3)
    assert stopped.lower == 3 < whole <= stopped.upper
    assert stopped.status.value == "bracket"


def test_no_certificate_where_outcomes_are_merged(tmp_path):
    with pytest.raises(pr.PolyregionsError, match="several outcomes of a tournament are one region"):
        pr.count(chain(4, Maxout(4)), BOX, certificate=tmp_path / "no.certificate")
    with pytest.raises(pr.PolyregionsError, match="several states of its units"):
        chain(4, Maxout(4)).unit_states(((2,),))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (((0, 3),), r"node 'cap' \(Clip\): entry 1 of the pattern is 3; it has 0 to 2"),
        (((0,),), r"node 'cap' \(Clip\): the pattern has not 2 entries"),
        (((0, 0), (1,)), "more parts"),
    ],
)
def test_patterns_that_do_not_fit(pattern, message):
    graph = Graph(2)
    network = graph.network(graph.add(clip(0, 1), "input", name="cap"))
    with pytest.raises(pr.PolyregionsError, match=message):
        network.affine_map(pattern)


def test_copies_are_equal():
    network = chain((1, 4, 4), Convolution(random(2, 1, 3, 3)), relu(), MaxPool((2, 2)))
    copy = pickle.loads(pickle.dumps(network))
    assert copy == network
    assert copy.digest == network.digest
    assert network.including_output(False) is network
    with pytest.raises(pr.PolyregionsError, match="relu"):
        network.including_output()


@pytest.mark.parametrize("shape", [(16,), (1, 4, 4), (3, 16), (3, 1, 4, 4)])
def test_points_may_be_flat_or_shaped(shape):
    network = chain((1, 4, 4), Convolution(random(2, 1, 3, 3)), relu(), MaxPool((2, 2)))
    values = random(3, 16, seed=4)
    points = values[0].reshape(shape) if len(shape) in (1, 3) else values.reshape(shape)
    expected = network(values[0]) if len(shape) in (1, 3) else network(values)
    assert np.array_equal(network(points), expected)
    with pytest.raises(pr.PolyregionsError, match="has shape"):
        network(np.zeros((5, 5)))


def test_workers_and_limits_of_merged_counts():
    network = chain(2, Dense(random(12, 2), random(12, seed=1)), Maxout(4), Dense(random(8, 3, seed=2)), Maxout(4))
    whole = pr.count(network, BOX)
    assert int(pr.count(network, BOX, workers=2)) == int(whole)
    some = pr.regions(network, BOX, max_regions=2)
    assert len({region.pattern for region in some}) == 2
    assert some.result().upper >= int(whole)


@pytest.mark.parametrize(
    ("shape", "kernel", "channels", "stride", "count"),
    [
        # Xiong et al. 2020, one layer; the third is one less than their formula's 256: the eight normals are dependent.
        ((1, 1, 3), (1, 2), 2, 1, 15),
        ((1, 1, 4), (1, 2), 2, 1, 55),
        ((1, 3, 3), (2, 2), 2, 1, 255),
        ((1, 2, 3), (2, 2), 3, 1, 64),
        ((1, 1, 4), (1, 2), 3, 2, 49),
        ((2, 1, 3), (1, 2), 2, 1, 16),
    ],
)
def test_one_layer_convolutional_networks(shape, kernel, channels, stride, count):
    filters = random(channels, shape[0], *kernel, seed=channels)
    network = chain(shape, Convolution(filters, random(channels, seed=7), stride=stride), relu())
    assert int(pr.count(network, pr.Box(-(10**6), 10**6))) == count


def test_a_small_lenet_on_a_plane():
    network = chain(
        (1, 8, 8),
        Convolution(random(2, 1, 3, 3), random(2), padding=1),
        batch_norm([1.5, 0.5], [0.1, -0.1], [0.2, 0.1], [0.9, 1.1], axes=2),
        relu(),
        MaxPool((2, 2)),
        Convolution(random(3, 2, 2, 2, seed=1), random(3, seed=2)),
        relu6(),
        AveragePool((3, 3)),
        Flatten(),
        Dense(random(4, 3, seed=3)),
        prelu([0.25, 0.1, 0.2, 0.3]),
        Dense(random(2, 4, seed=4)),
        clip(-1, "1/3"),
    )
    plane = pr.Plane([-1] * 64, random(64, seed=5).tolist(), random(64, seed=6).tolist())
    regions = list(pr.regions(network, plane))
    assert len({region.pattern for region in regions}) == len(regions) == int(pr.count(network, plane))
    assert len(regions) > 50
    for region in regions[:5]:
        assert network.pattern(region.witness) == region.pattern
        assert network.exact_preactivations(region.witness)[-1] == network.output(region.witness)
        assert np.allclose(network(region.point), [float(v) for v in network.output(region.witness)])


@pytest.mark.parametrize(
    ("verb", "domain"),
    [
        (pr.estimate, BOX),
        *((partial(pr.lower_bound, method=method), BOX) for method in ("tree", "xor")),
    ],
)
def test_what_is_about_lowered_cells_refuses_merged_networks(verb, domain):
    with pytest.raises(pr.PolyregionsError, match="several may be one region"):
        verb(chain(4, Maxout(4)), domain)

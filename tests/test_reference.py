"""The oracles agree with each other, with arithmetic that can be done by hand, and with the literature."""

import json
from fractions import Fraction
from itertools import pairwise, product

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests import nets
from tests.reference import arrangement, brute_force, slices
from tests.reference.brute_force import feasible, witness

quick = settings(derandomize=True, deadline=None, max_examples=100)
small = st.integers(-3, 3)


def by_name(known):
    return known.name


def vectors(length):
    return st.lists(small, min_size=length, max_size=length)


@st.composite
def forms(draw, dimension, most):
    pair = st.tuples(vectors(dimension).map(tuple), small)
    return draw(st.lists(pair, max_size=most))


@st.composite
def networks(draw, dimensions=(1, 2), depth=3, width=3):
    """Layers of tiny integers: many parallel, concurrent, duplicate and dead units."""
    inputs = draw(st.sampled_from(dimensions))
    layers = []
    for _ in range(draw(st.integers(1, depth))):
        units = draw(st.integers(1, width))
        layers.append((draw(st.lists(vectors(inputs), min_size=units, max_size=units)), draw(vectors(units))))
        inputs = units
    return layers


def inputs_of(layers):
    return len(layers[0][0][0])


def box(layers, low=-1, high=1):
    return [low] * inputs_of(layers), [high] * inputs_of(layers)


# ---------------------------------------------------------------------------------------------------------------
# Fourier-Motzkin elimination
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strict", "weak", "expected"),
    [
        ([], [((1,), 0), ((-1,), 0)], True),  # x <= 0, x >= 0
        ([((1,), 0)], [((1,), 0)], False),  # x > 0, x <= 0
        ([((1,), 0)], [((1,), Fraction(-1, 10**40))], True),  # 0 < x <= 1e-40
        ([((0,), 0)], [], False),  # 0 > 0
        ([], [((0,), 0)], True),  # 0 <= 0
        ([], [((0,), 1)], False),  # 1 <= 0
        ([((1, 1), 0)], [((1, 0), 0), ((0, 1), 0)], False),  # x + y > 0, x <= 0, y <= 0
        ([], [((-1, -1), 0), ((1, 0), 0), ((0, 1), 0)], True),  # x + y >= 0, x <= 0, y <= 0: the origin
        ([((1, -1), 0), ((-1, 1), 0)], [], False),  # x > y > x
        ([((1, -1), 0), ((0, 1), 0)], [((1, 0), -1)], True),  # 0 < y < x <= 1
        ([((2, -3, 0), 0), ((0, 2, -3), 0), ((-3, 0, 2), 0)], [((-1, 0, 0), 0)], False),  # 2x > 3y > 9z/2 > 27x/4
        ([((2, -3, 0), 0), ((0, 2, -3), 0), ((-3, 0, 2), 0)], [], True),
        ([((1, 0), 0)], [], True),  # unbounded, one variable free
    ],
)
def test_feasible_by_hand(strict, weak, expected):
    assert feasible(strict, weak) is expected


@quick
@given(st.data(), st.integers(1, 4))
def test_witness_solves_the_system(data, dimension):
    strict, weak = data.draw(forms(dimension, 4)), data.draw(forms(dimension, 5))
    point = witness(strict, weak)
    if point is None:
        return
    assert all(slices.value(form, point) > 0 for form in strict)
    assert all(slices.value(form, point) <= 0 for form in weak)


@quick
@given(st.data(), st.integers(1, 4))
def test_no_witness_means_no_solution(data, dimension):
    """Systems built around a solution, with as many tight rows as come, have a witness."""
    solution = data.draw(vectors(dimension))
    strict, weak = [], []
    for a, gap in data.draw(forms(dimension, 9)):
        at_solution = slices.value((a, 0), solution)
        if gap > 0:
            strict.append((a, gap - at_solution))
        else:
            weak.append((a, gap - at_solution))
    assert witness(strict, weak) is not None


@quick
@given(forms(2, 6))
def test_feasible_agrees_with_clipping(rows):
    """Open half-planes in a box have a common point iff clipping leaves a polygon."""
    rows = [(a, c) for a, c in rows if any(a)]
    clipped = slices.polygon([-2, -2], [2, 2])
    for form in rows:
        clipped = clipped and clipped.part(form)
    sides = [((1, 0), 2), ((-1, 0), 2), ((0, 1), 2), ((0, -1), 2)]
    assert feasible(rows + sides, []) == (clipped is not None)


def test_floats_are_refused():
    with pytest.raises(TypeError, match="would round"):
        feasible([((0.1,), 0)], [])
    with pytest.raises(TypeError, match="would round"):
        brute_force.evaluate([([[0.5]], [0])], [1])
    with pytest.raises(TypeError, match="would round"):
        brute_force.patterns([([[1], [1]], [0, 0.0])], [0], [1])


# ---------------------------------------------------------------------------------------------------------------
# The oracles agree
# ---------------------------------------------------------------------------------------------------------------


@quick
@given(networks())
@example([([[0, 0]], [0])])
@example([([[1, 0], [-1, 0]], [0, 0]), ([[1, 1]], [0]), ([[-1]], [0])])
@example([([[1, 1], [1, -1]], [-3, -3]), ([[1, 1]], [0])])
@example([([[1], [1]], [-1, 1]), ([[1, -1]], [2])])
def test_brute_force_agrees_with_slices(layers):
    assert brute_force.regions(layers, *box(layers)) == slices.regions(layers, *box(layers))
    assert brute_force.patterns(layers, *box(layers)) == slices.patterns(layers, *box(layers))


@quick
@given(networks(dimensions=(2,), depth=2))
def test_brute_force_agrees_with_slices_in_a_triangle(layers):
    triangle = [((1, 1), 1), ((1, -2), Fraction(3, 2))]
    found = brute_force.regions(layers, *box(layers), triangle)
    assert found == slices.polygon_regions(layers, *box(layers), triangle)
    found = brute_force.patterns(layers, *box(layers), triangle)
    assert found == slices.polygon_patterns(layers, *box(layers), triangle)


@quick
@given(networks(dimensions=(1, 2, 3), depth=2), st.data())
def test_patterns_are_complete_and_have_points(layers, data):
    """Every point's pattern is found, and every pattern found is that of its point."""
    found = brute_force.patterns(layers, *box(layers))
    coordinate = st.sampled_from([Fraction(k, 6) for k in range(-6, 7)])
    point = data.draw(st.lists(coordinate, min_size=inputs_of(layers), max_size=inputs_of(layers)))
    assert brute_force.evaluate(layers, point) in found
    for pattern in found:
        assert brute_force.evaluate(layers, brute_force.pattern_point(layers, *box(layers), pattern)) == pattern


@quick
@given(networks(dimensions=(1, 2, 3), depth=2))
def test_regions_are_the_patterns_around_their_interior_points(layers):
    lower, upper = box(layers)
    found = brute_force.regions(layers, lower, upper)
    assert found <= brute_force.patterns(layers, lower, upper)
    step = Fraction(1, 10**12)  # far below the distances that occur with these numbers
    for pattern in found:
        centre = brute_force.interior_point(layers, lower, upper, pattern)
        for sign, j in product((-1, 0, 1), range(len(centre))):
            near = [x + sign * step * (i == j) for i, x in enumerate(centre)]
            assert all(-1 < x < 1 for x in near)
            assert brute_force.evaluate(layers, near) == pattern


def test_patterns_without_interior_have_no_interior_point():
    flat = ((0,),)  # relu(x) on [0, 1] is inactive at 0 alone
    assert brute_force.pattern_point([([[1]], [0])], [0], [1], flat) == [0]
    assert brute_force.interior_point([([[1]], [0])], [0], [1], flat) is None
    assert brute_force.pattern_point([([[1]], [1])], [0], [1], flat) is None


@quick
@given(networks(dimensions=(1,), depth=2), networks(dimensions=(2,), depth=2, width=2))
def test_side_by_side_networks_multiply(first, second):
    """Two networks on separate inputs, as one on all three: the counts of brute force are the products."""
    assume(len(first) == len(second))
    joined = []
    for (u, b), (v, c) in zip(first, second, strict=True):
        weights = [row + [0] * len(v[0]) for row in u] + [[0] * len(u[0]) + row for row in v]
        joined.append((weights, b + c))
    for reference, count in [(slices.regions, brute_force.regions), (slices.patterns, brute_force.patterns)]:
        expected = len(reference(first, *box(first))) * len(reference(second, *box(second)))
        assert len(count(joined, *box(joined))) == expected


@quick
@given(networks(dimensions=(1, 2)))
def test_pieces_fill_the_domain_and_differ(layers):
    if inputs_of(layers) == 1:
        cuts = slices.breakpoints(layers, -1, 1)
        assert all(p < q for p, q in pairwise(cuts))
        assert (cuts[0], cuts[-1]) == (-1, 1)
        assert len(cuts) - 1 == len(slices.regions(layers, [-1], [1]))
    else:
        cells = slices.cells(layers, slices.polygon([-1, -1], [1, 1]))
        assert sum(cell.area() for cell in cells) == 4
        assert all(cell.area() > 0 for cell in cells)
        assert len(cells) == len(slices.regions(layers, [-1, -1], [1, 1]))


def test_empty_and_flat_domains():
    layers = [([[1, 1]], [0])]
    assert brute_force.patterns(layers, [0, 0], [1, 1], [((1, 1), -1)]) == set()
    assert brute_force.patterns(layers, [0, 0], [1, 1], [((1, 1), 0)]) == {((0,),)}
    assert brute_force.regions(layers, [0, 0], [1, 1], [((1, 1), 0)]) == set()
    for row in [((1, 1), -1), ((1, 1), 0), ((0, 0), -1)]:
        with pytest.raises(ValueError, match="no interior"):
            slices.polygon([0, 0], [1, 1], [row])
    assert slices.polygon([0, 0], [1, 1], [((0, 0), 0)]).area() == 1


# ---------------------------------------------------------------------------------------------------------------
# Arrangements
# ---------------------------------------------------------------------------------------------------------------


@st.composite
def hyperplanes(draw, dimension, most):
    return [(a, b) for a, b in draw(forms(dimension, most)) if any(a)]


@quick
@given(st.data(), st.integers(1, 3))
def test_arrangement_counts_agree(data, dimension):
    planes = data.draw(hyperplanes(dimension, 6))
    count = arrangement.regions(planes, dimension)
    assert count == arrangement.regions_by_deletion(planes, dimension)
    layer = ([list(a) for a, _ in planes], [-b for _, b in planes])
    everywhere = [None] * dimension
    assert count == len(brute_force.regions([layer], everywhere, everywhere))


@quick
@given(hyperplanes(2, 6))
def test_bounded_regions_are_those_away_from_a_large_box(lines):
    assume(any(a[0] * b[1] != a[1] * b[0] for (a, _), (b, _) in product(lines, lines)))
    layer = ([list(a) for a, _ in lines], [-b for _, b in lines])
    cells = slices.cells([layer], slices.polygon([-20, -20], [20, 20]))  # Cramer: common points are within 18
    bounded = [cell for cell in cells if all(abs(x) < 20 for vertex in cell.vertices for x in vertex)]
    assert arrangement.bounded_regions(lines, 2) == len(bounded)
    assert arrangement.regions(lines, 2) == len(cells)


@pytest.mark.parametrize(("count", "dimension"), [(1, 1), (4, 1), (4, 2), (7, 2), (3, 3), (6, 3), (8, 4)])
def test_general_position(count, dimension):
    planes = [([t**j for j in range(dimension)], t**dimension) for t in range(count)]
    assert arrangement.regions(planes, dimension) == arrangement.general_position(count, dimension)
    bounded = arrangement.bounded_general_position(count, dimension)
    assert arrangement.bounded_regions(planes, dimension) == bounded
    central = [(a, 0) for a, _ in planes]
    assert arrangement.regions(central, dimension) == arrangement.central_general_position(count, dimension)
    assert arrangement.bounded_regions(central, dimension) == 0


def test_arrangement_numbers_of_the_literature():
    # papers.md 6.1 and 10.6
    cases = {(2, 4): 11, (2, 6): 22, (3, 5): 26, (3, 7): 64, (4, 6): 57}
    assert {(n, m): arrangement.general_position(m, n) for n, m in cases} == cases
    # the braid arrangement has chi(t) = t (t - 1) (t - 2) (t - 3)
    braid = [([int(k == i) - int(k == j) for k in range(4)], 0) for j in range(4) for i in range(j)]
    assert arrangement.characteristic_polynomial(braid, 4) == [0, -6, 11, -6, 1]
    # relatively bounded: the strip between two parallel lines, and everything if there is no hyperplane
    assert arrangement.bounded_regions([([1, 0], 0), ([1, 0], 1)], 2) == 1
    assert arrangement.bounded_regions([], 3) == arrangement.regions([], 3) == 1
    with pytest.raises(ValueError, match="not the normal"):
        arrangement.regions([([0, 0], 1)], 2)


def convolution(image, kernel, filters):
    """The hyperplanes of a convolutional layer, stride 1, one input channel: `filters` filters with tied weights."""
    (height, width), (rows, columns) = image, kernel
    planes = []
    for f in range(filters):
        weight = [(k + 2) ** (f + 2) + 3 * f * k for k in range(rows * columns)]  # nothing special about these
        for top, left in product(range(height - rows + 1), range(width - columns + 1)):
            normal = [0] * (height * width)
            for k, (i, j) in enumerate(product(range(rows), range(columns))):
                normal[(top + i) * width + left + j] = weight[k]
            planes.append((normal, 7 * f + 5))
    return planes


@pytest.mark.parametrize(
    ("image", "kernel", "filters", "expected"),
    [
        ((1, 3), (1, 2), 1, 4),
        ((1, 3), (1, 2), 2, 15),
        ((1, 3), (1, 2), 3, 40),
        ((1, 4), (1, 2), 2, 55),
        ((1, 4), (1, 3), 3, 57),
        ((1, 5), (1, 2), 2, 200),
        ((2, 2), (1, 2), 2, 16),
        ((2, 2), (2, 2), 3, 8),
        ((2, 3), (2, 2), 3, 64),
        ((3, 3), (2, 2), 1, 16),
        ((3, 3), (2, 2), 2, 255),  # 256 with untied weights: tied ones are not in general position
    ],
)
def test_convolutional_layers_of_the_literature(image, kernel, filters, expected):
    # papers.md 10.4 (Xiong et al. 2020 and counts of its own)
    assert arrangement.regions(convolution(image, kernel, filters), image[0] * image[1]) == expected


# ---------------------------------------------------------------------------------------------------------------
# Known networks
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", nets.all_known(), ids=by_name)
def test_known_counts(known):
    assert len(brute_force.regions(known.exact, known.lower, known.upper)) == known.regions
    assert len(brute_force.patterns(known.exact, known.lower, known.upper)) == known.patterns


@pytest.mark.parametrize("known", [known for known in nets.all_known() if known.dimension <= 2], ids=by_name)
def test_known_counts_by_slices(known):
    assert len(slices.regions(known.exact, known.lower, known.upper)) == known.regions
    assert len(slices.patterns(known.exact, known.lower, known.upper)) == known.patterns


def patterns_plane_by_plane(known):
    """R1 of a one-layer net in 3 dimensions: patterns of open cells, and those on each plane, found by polygons."""
    (weights, biases) = known.exact[0]
    found = brute_force.regions(known.exact, known.lower, known.upper)
    for normal, bias in zip(weights, biases, strict=True):
        # x_k = -(c . others + bias) / a_k on the plane, so each form and each bound on x_k is one in the others
        k = next(j for j, entry in enumerate(normal) if entry)
        others = [j for j in range(3) if j != k]
        solved, constant = [-normal[j] / normal[k] for j in others], -bias / normal[k]
        layer = (
            [[row[j] + row[k] * s for j, s in zip(others, solved, strict=True)] for row in weights],
            [b + row[k] * constant for row, b in zip(weights, biases, strict=True)],
        )
        rows = [(tuple(solved), known.upper[k] - constant), (tuple(-s for s in solved), constant - known.lower[k])]
        lower, upper = [known.lower[j] for j in others], [known.upper[j] for j in others]
        found |= slices.polygon_patterns([layer], lower, upper, rows)
    return found


@pytest.mark.parametrize(
    "known", [known for known in nets.all_known() if known.dimension == 3 and len(known.layers) == 1], ids=by_name
)
def test_known_patterns_plane_by_plane(known):
    assert len(patterns_plane_by_plane(known)) == known.patterns


@pytest.mark.parametrize("known", nets.arrangements(), ids=by_name)
def test_known_arrangements_by_whitney(known):
    planes = [(row, -b) for row, b in zip(*known.exact[0], strict=True)]
    assert arrangement.regions(planes, known.dimension) == known.regions


@pytest.mark.parametrize(
    "known",
    [
        *(nets.telgarsky(depth, line=True) for depth in range(1, 7)),
        *(nets.telgarsky(depth, three_units=True, line=True) for depth in range(1, 5)),
        *nets.integer_on_plane(),
    ],
    ids=by_name,
)
def test_known_counts_on_the_whole_space(known):
    assert len(brute_force.regions(known.exact, known.lower, known.upper)) == known.regions
    assert len(brute_force.patterns(known.exact, known.lower, known.upper)) == known.patterns


def test_telgarsky_tables():
    # papers.md 10.3: (regions, patterns) for L = 1, 2, ...
    def table(depth, **options):
        known = [nets.telgarsky(k, **options) for k in range(1, depth + 1)]
        return [k.regions for k in known], [k.patterns for k in known]

    assert table(6) == ([2, 4, 8, 16, 32, 64], [3, 6, 11, 21, 41, 81])
    assert table(6, line=True) == ([3, 6, 10, 18, 34, 66], [3, 6, 11, 21, 41, 81])
    assert table(4, three_units=True) == ([2, 4, 8, 16], [3, 6, 11, 21])
    assert table(4, three_units=True, line=True) == ([4, 6, 10, 18], [4, 7, 12, 22])


def test_tight_layer_maps_each_piece_onto_the_unit_interval():
    known = nets.tight_n0_1([5])
    ((row,), (constant,)) = known.output
    (weights, biases) = known.exact[0]
    for p, q in pairwise(slices.breakpoints(known.exact, *known.lower, *known.upper)):
        ends = set()
        for x in (p, q):
            h = [max(w * x + b, 0) for (w,), b in zip(weights, biases, strict=True)]
            ends.add(sum(Fraction(w) * value for w, value in zip(row, h, strict=True)) + Fraction(constant))
        assert ends == {0, 1}


def test_tight_net_needs_three_units_a_layer():
    with pytest.raises(ValueError, match="at least 3"):
        nets.tight_n0_1([3, 2])


def test_integer_counts_of_the_literature():
    # papers.md 10.5: patterns / regions
    counts = {known.name: (known.patterns, known.regions) for known in nets.integer() + nets.integer_on_plane()}
    assert counts == {
        "V11_box11": (5, 5),
        "V11_box01": (2, 2),
        "V11_plane": (10, 10),
        "V12_box11": (6, 6),
        "V12_box01": (2, 2),
        "V12_plane": (14, 14),
        "V13_box11": (25, 24),
        "V13_box01": (7, 7),
        "V13_plane": (33, 33),
        "V15_box11": (49, 48),
        "V15_box01": (5, 5),
        "V15_plane": (70, 69),
    }


def test_degenerate_patterns_file():
    record = json.loads((nets.DATA / "degenerate_patterns.json").read_text())
    known = {k.name: k for k in nets.degenerate()}
    assert record["patterns"].keys() == known.keys()
    assert all(entry["count"] >= known[name].regions for name, entry in record["patterns"].items())
    assert all(len(entry["methods"]) >= 2 for entry in record["patterns"].values())
    assert nets.telgarsky(10).layers == known["tent_depth_10"].layers
    assert nets.telgarsky(10).patterns == known["tent_depth_10"].patterns


def test_weights_must_be_floats():
    assert nets.exact_float("3602879701896397/36028797018963968") == 0.1
    for value in ("1/10", Fraction(1, 7), 2**53 + 1):
        with pytest.raises(ValueError, match="not a float64"):
            nets.exact_float(value)
    for known in nets.all_known():
        numbers = [x for weights, biases in known.layers for row in (*weights, biases) for x in row]
        assert all(type(x) is float for x in numbers)


def test_names_are_unique():
    names = [known.name for known in nets.all_known()]
    assert len(set(names)) == len(names)


# ---------------------------------------------------------------------------------------------------------------
# Trained-size networks from files
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", nets.NPZ_COUNTS)
def test_files_load(name):
    known = nets.npz(name)
    _, inputs, shape = name.split("_")
    width, depth = map(int, shape.split("x"))
    assert known.dimension == int(inputs[0])
    assert known.widths == [width] * depth
    assert known.output is not None


def test_a1():
    known = nets.npz("A1_2d_16x2")
    assert len(slices.regions(known.exact, known.lower, known.upper)) == known.regions
    assert len(slices.patterns(known.exact, known.lower, known.upper)) == known.patterns


@pytest.mark.slow
def test_a2():
    known = nets.npz("A2_2d_32x3")
    assert len(slices.regions(known.exact, known.lower, known.upper)) == known.regions
    assert len(slices.patterns(known.exact, known.lower, known.upper)) == known.patterns

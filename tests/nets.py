"""Networks whose numbers of activation patterns and regions are known.

Weights are Python floats, so that a library under test can read them, and each is exactly the number that is meant:
a weight that is not a float64 raises. `KnownNet.exact` gives the same layers as Fractions for tests/reference/.
Every count is proved in `source` (or the place it names) and recomputed in tests/test_reference.py.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations
from math import comb, factorial, prod
from pathlib import Path

DATA = Path(__file__).parent / "data"

Number = Fraction | int | str
FloatLayer = tuple[list[list[float]], list[float]]
Bound = Fraction | int | None

# (patterns, regions) over [-1, 1]^d of the nets in data/nets, whose last pair is an affine output layer. A1 and A2 are
# exact (tests/test_reference.py); on B1, B4 and B9 several float programs outside this project agree.
NPZ_COUNTS: dict[str, tuple[int | None, int]] = {
    "A1_2d_16x2": (478, 478),
    "A2_2d_32x3": (3404, 3404),
    "B1_3d_16x2": (None, 5656),
    "B4_4d_12x2": (None, 8677),
    "B9_8d_8x2": (None, 10699),
}


@dataclass(frozen=True)
class KnownNet:
    """A network of ReLU layers, a box, and its counts.

    Attributes
    ----------
    layers : the ReLU layers (W, b), lists of floats
    lower, upper : the box; None where it is unbounded
    patterns : R1, the activation patterns attained on the closed box; None if not known
    regions : R2, the activation regions of full dimension
    source : who or what says so
    output : the affine output layer, if there is one
    """

    name: str
    layers: list[FloatLayer]
    lower: tuple[Bound, ...]
    upper: tuple[Bound, ...]
    patterns: int | None
    regions: int
    source: str
    output: FloatLayer | None = None

    @property
    def dimension(self) -> int:
        return len(self.lower)

    @property
    def widths(self) -> list[int]:
        return [len(b) for _, b in self.layers]

    @property
    def exact(self) -> list[tuple[list[list[Fraction]], list[Fraction]]]:
        """The layers as Fractions."""
        return [
            ([[Fraction(w) for w in row] for row in weights], [Fraction(b) for b in biases])
            for weights, biases in self.layers
        ]


def exact_float(value: Number) -> float:
    """The float64 that equals the value; raises ValueError if there is none."""
    result = float(Fraction(value))
    if Fraction(result) != Fraction(value):
        raise ValueError(f"{value} is not a float64: scale the unit by a positive constant")
    return result


def float_layer(weights: Sequence[Sequence[Number]], biases: Sequence[Number]) -> FloatLayer:
    return [[exact_float(w) for w in row] for row in weights], [exact_float(b) for b in biases]


def net(
    name: str,
    layers: Sequence[tuple[Sequence[Sequence[Number]], Sequence[Number]]],
    box: tuple[Bound, Bound],
    counts: tuple[int | None, int],
    source: str,
    output: FloatLayer | None = None,
) -> KnownNet:
    """A KnownNet on the cube box[0] <= x_i <= box[1]; counts = (patterns, regions)."""
    dimension = len(layers[0][0][0])
    lower, upper = ((bound,) * dimension for bound in box)
    exact_layers = [float_layer(weights, biases) for weights, biases in layers]
    return KnownNet(name, exact_layers, lower, upper, *counts, source, output)


# ---------------------------------------------------------------------------------------------------------------
# One input
# ---------------------------------------------------------------------------------------------------------------


def telgarsky(depth: int, three_units: bool = False, line: bool = False) -> KnownNet:
    """The tent map T(z) = 2 relu(z) - 4 relu(z - 1/2) composed `depth` times, on [0, 1] or on the line R.

    Each of the 2^depth monotone pieces on [0, 1] is a region. A pattern attained at a single point needs some
    T^k = 0 with k < depth at it. Those points are 0; 1 (if depth > 1); and the odd multiples of 2^-m for
    m = 1, ..., depth - 2: together 2^(depth-2) + 1 (1 if depth = 1), and their patterns differ.

    On R the point 0 becomes the region x <= 0, and x > 1 has the pattern of x = 1, so both patterns become regions
    (x > 1 is no new region if depth = 1). The third unit relu(z - 1), of weight 2, is inactive on [0, 1] and gives
    x > 1 a pattern of its own.
    """
    readout = [2, -4, 2] if three_units else [2, -4]
    biases = [0, Fraction(-1, 2), -1][: len(readout)]
    layers = [([[1]] * len(readout), biases)] + [([readout] * len(readout), biases)] * (depth - 1)
    points = 1 if depth == 1 else 2 ** (depth - 2) + 1
    patterns = 2**depth + points + int(three_units and line)
    regions = 2**depth
    if line:
        regions += 1 if depth == 1 and not three_units else 2
    return net(
        f"telgarsky_{depth}{'_three_units' * three_units}{'_line' * line}",
        layers,
        (None, None) if line else (0, 1),
        (patterns, regions),
        "papers.md 10.3 and the docstring of telgarsky",
        float_layer([readout], [0]),
    )


def tight_n0_1(widths: Sequence[int]) -> KnownNet:
    """One input and prod(n_l + 1) regions, the most there can be (Serra et al. 2018); all n_l >= 3.

    papers.md 2.3 with N = 2n + 1: n breakpoints t_i = (2i - 1)/N cut [0, 1] into pieces that z maps onto [0, 1] each.
    There the units are relu(+-(t - t_i)); here they are N times that, relu(+-(N t - (2i - 1))), and the input is N t
    on [0, N], which leaves only multiples of 1/2: N t - (2i - 1) is whole, and z = 5 + sum_i v_i h_i with
    v = -3/2, 1, -1, 1, -1, ...
    """
    if min(widths) < 3:
        raise ValueError("each layer needs at least 3 units")
    layers, row, constant = [], [Fraction(1, 2 * widths[0] + 1)], Fraction(0)
    for n in widths:
        scale = 2 * n + 1
        orientation = [-1 if i == 3 else 1 for i in range(1, n + 1)]
        weights = [[sign * scale * w for w in row] for sign in orientation]
        biases = [sign * (scale * constant - (2 * i - 1)) for i, sign in enumerate(orientation, start=1)]
        layers.append((weights, biases))
        row = [Fraction(-3, 2), Fraction(1), Fraction(-1)] + [Fraction((-1) ** i) for i in range(4, n + 1)]
        constant = Fraction(5)
    count = prod(n + 1 for n in widths)
    return net(
        "tight_" + "_".join(map(str, widths)),
        layers,
        (0, 2 * widths[0] + 1),
        (count, count),
        "papers.md 2.3, 10.5",
        float_layer([row], [constant]),
    )


# ---------------------------------------------------------------------------------------------------------------
# One layer: arrangements of hyperplanes
# ---------------------------------------------------------------------------------------------------------------


def moment_curve(count: int, dimension: int) -> KnownNet:
    """The hyperplanes x_1 + t x_2 + ... + t^(n-1) x_n = t^n for t = 0, 1, ...: general position.

    Any n of them meet in one point and no n + 1 do (Vandermonde). At a point of k of them all 2^k sign vectors occur
    around it, so R1 = R2. The coordinates of the point of n hyperplanes are, up to sign, the elementary symmetric
    functions of their t's, at most prod(1 + t): the box has all bounded cells and meets all others.
    """
    weights = [[t**j for j in range(dimension)] for t in range(count)]
    reach = prod(1 + t for t in range(count - dimension, count))
    regions = sum(comb(count, j) for j in range(dimension + 1))
    return net(
        f"moment_curve_{count}_in_{dimension}d",
        [(weights, [-(t**dimension) for t in range(count)])],
        (-reach, reach),
        (regions, regions),
        "Zaslavsky 1975: general position, sum_j C(m, j)",
    )


def central_moment_curve(count: int, dimension: int) -> KnownNet:
    """Hyperplanes through 0, any n of whose normals are independent; R1 = R2 as -e_1 makes all units inactive."""
    weights = [[t**j for j in range(dimension)] for t in range(count)]
    regions = 2 * sum(comb(count - 1, j) for j in range(dimension))
    return net(
        f"central_moment_curve_{count}_in_{dimension}d",
        [(weights, [0] * count)],
        (-1, 1),
        (regions, regions),
        "Cover 1965, Zaslavsky 1975: 2 sum_{j<n} C(m - 1, j)",
    )


def coordinate_hyperplanes(dimension: int, both_signs: bool = False) -> KnownNet:
    """The units x_i: orthants. With the units -x_i too, x_i = 0 is a third pattern in each coordinate."""
    unit = [[int(i == j) for j in range(dimension)] for i in range(dimension)]
    weights = unit + [[-w for w in row] for row in unit] * both_signs
    return net(
        f"coordinate_hyperplanes_{dimension}d{'_both_signs' * both_signs}",
        [(weights, [0] * len(weights))],
        (-1, 1),
        ((3 if both_signs else 2) ** dimension, 2**dimension),
        "orthants",
    )


def parallel_hyperplanes(counts: Sequence[int]) -> KnownNet:
    """counts[i] units x_i - k/4, k = 0, 1, ...: a grid of prod(counts[i] + 1) cells; the box ends on no hyperplane."""
    dimension = len(counts)
    planes = [(i, k) for i, count in enumerate(counts) for k in range(count)]
    weights = [[int(i == j) for j in range(dimension)] for i, _ in planes]
    cells = prod(count + 1 for count in counts)
    return net(
        "parallel_hyperplanes_" + "x".join(map(str, counts)),
        [(weights, [Fraction(-k, 4) for _, k in planes])],
        (-1, max(counts)),
        (cells, cells),
        "product of 1-D arrangements",
    )


def grid_both_signs() -> KnownNet:
    """The units +-x, +-y, +-(y - 1/2): 2 * 3 cells, and 3 * 5 patterns as each line has patterns of its own.

    Inside the edge x = 0, 0 < y < 1/2 is one that neither the ends of the edge nor the cells beside it have.
    """
    lines = [([1, 0], 0), ([0, 1], 0), ([0, 1], Fraction(-1, 2))]
    units = [([sign * w for w in row], sign * b) for row, b in lines for sign in (1, -1)]
    layer = ([row for row, _ in units], [b for _, b in units])
    return net("grid_both_signs", [layer], (-1, 1), (15, 6), "docstring of grid_both_signs")


def concurrent_lines(count: int, turning: bool = False) -> KnownNet:
    """Lines through one point: 2 count cells.

    The normals (1, t) all point to one side, so all-inactive is the pattern of a cell. `turning` flips every other
    unit: from 3 lines on no cell has all units inactive, and that pattern is attained at the common point alone.
    """
    signs = [(-1) ** t if turning else 1 for t in range(count)]
    weights = [[sign, sign * t] for t, sign in enumerate(signs)]
    only_at_point = int(turning and count >= 3)
    return net(
        f"concurrent_lines_{count}{'_turning' * turning}",
        [(weights, [Fraction(-w[0] - w[1], 4) for w in weights])],  # through (1/4, 1/4)
        (-1, 1),
        (2 * count + only_at_point, 2 * count),
        "pencil of lines",
    )


def braid(dimension: int, cyclic: bool = False) -> KnownNet:
    """The units x_i - x_j, i < j: one cell for each order of the coordinates.

    Ties are inactive, as if x_i < x_j, and so give the pattern of an order: R1 = R2 = n!. `cyclic` is for n = 3: the
    units x_1 - x_2, x_2 - x_3, x_3 - x_1 are all inactive on the line x_1 = x_2 = x_3 alone, which gives R1 = 7.
    """
    if cyclic and dimension != 3:
        raise ValueError("the cyclic braid arrangement is for 3 coordinates")
    differences = [(0, 1), (1, 2), (2, 0)] if cyclic else list(combinations(range(dimension), 2))
    weights = [[int(k == i) - int(k == j) for k in range(dimension)] for i, j in differences]
    cells = factorial(dimension)
    return net(
        f"braid_{dimension}{'_cyclic' * cyclic}",
        [(weights, [0] * len(weights))],
        (-1, 1),
        (cells + int(cyclic), cells),
        "one cell for each order of the coordinates",
    )


def copied_units() -> list[KnownNet]:
    """Three lines in general position (7 cells in [-4, 4]^2) with copies, multiples and negatives of the first unit.

    A negative adds the patterns on the first line itself, where both units are inactive: the two other lines cut it
    into 3 pieces.
    """
    weights, biases = [[1, 0], [0, 1], [1, 1]], [0, 0, -1]
    cases = {"duplicate": (1, 7), "triple": (3, 7), "half": (Fraction(1, 2), 7), "negated": (-1, 10)}
    return [
        net(
            f"unit_{name}",
            [([*weights, [factor * w for w in weights[0]]], [*biases, factor * biases[0]])],
            (-4, 4),
            (patterns, 7),
            "docstring of copied_units",
        )
        for name, (factor, patterns) in cases.items()
    ]


def arrangements() -> list[KnownNet]:
    """One-layer networks, in general and in special position."""
    return [
        *(moment_curve(m, n) for m, n in [(1, 1), (4, 1), (4, 2), (6, 2), (4, 3), (5, 3), (5, 4)]),
        *(central_moment_curve(m, n) for m, n in [(1, 1), (5, 2), (4, 3), (6, 3), (5, 4)]),
        *(coordinate_hyperplanes(n) for n in (1, 2, 3, 4)),
        *(coordinate_hyperplanes(n, both_signs=True) for n in (1, 2, 3)),
        *(parallel_hyperplanes(counts) for counts in [(4,), (3, 0), (2, 3), (1, 2, 2)]),
        grid_both_signs(),
        *(concurrent_lines(m, turning) for m in (2, 3, 4, 5) for turning in (False, True)),
        *(braid(n) for n in (2, 3, 4)),
        braid(3, cyclic=True),
        *copied_units(),
    ]


# ---------------------------------------------------------------------------------------------------------------
# Several layers
# ---------------------------------------------------------------------------------------------------------------


def six_definitions() -> KnownNet:
    """max(-y, min(0, -x)) as relu(relu(x) - y) - relu(x): R1, ..., R6 = 7, 5, 4, 3, 3, 3."""
    layers = [([[1, 0], [0, 1], [0, -1]], [0, 0, 0]), ([[1, -1, 1], [1, 0, 0]], [0, 0])]
    source = "Stargalla, Hertrich, Reichman 2025, example 1; papers.md 1.2"
    return net("six_definitions", layers, (-1, 1), (7, 5), source, float_layer([[1, -1]], [0]))


def zero_bias() -> list[KnownNet]:
    """Networks without biases: cones.

    `diamond` is relu(|x| - |y|): the axes, then the two diagonals, each a full line, give 8 cones. The 4 half-axes
    and 0 are attained by no cone (on x > 0, y = 0 both units of y are inactive): R1 = 8 + 5.
    `diamond_sum` has |x| + |y| in place of |x| - |y|, which is 0 at 0 alone: 4 quadrants, and R1 = 4 + 5.
    """
    axes = ([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4)
    source = "docstring of zero_bias"
    return [
        net("zero_bias_diamond", [axes, ([[1, 1, -1, -1]], [0])], (-1, 1), (13, 8), source),
        net("zero_bias_diamond_sum", [axes, ([[1, 1, 1, 1]], [0])], (-1, 1), (9, 4), source),
    ]


def dead_layers() -> list[KnownNet]:
    """Networks with layers that are inactive on the whole box [-1, 1]^2, before and after the lines x = 0, y = 0."""
    axes = ([[1, 0], [0, 1]], [0, 0])
    dead_first = ([[1, 1], [1, -1]], [-3, -3])
    dead_later = ([[-1, -1], [1, 1]], [-1, -2])  # the second touches 0 at the corner (1, 1)
    zero, constants = ([[1, 1], [0, 0]], [0, 0]), ([[5, 1], [1, 1], [2, 0]], [0, -1, 1])
    source = "docstring of dead_layers"
    return [
        net("dead_first", [dead_first, constants], (-1, 1), (1, 1), source),
        net("dead_first_zero_after", [dead_first, zero, zero], (-1, 1), (1, 1), source),
        net("dead_second", [axes, dead_later], (-1, 1), (4, 4), source),
        net("dead_second_of_three", [axes, dead_later, constants], (-1, 1), (4, 4), source),
        net("always_active", [([[1, 0], [0, 1]], [2, 2]), axes], (-1, 1), (1, 1), source),
    ]


def cancelling_units() -> list[KnownNet]:
    """Second-layer units that are identically 0 on some regions, or everywhere, without the first layer being dead.

    `everywhere`: relu(x) - relu(x). `on_half`: relu(x) - relu(x) + relu(y) is relu(y): the axes and nothing else.
    `ridge`: relu(x) + relu(-x) = |x| > 0 except on the line x = 0, where both units of the first layer are inactive.
    """
    source = "docstring of cancelling_units"
    twice = ([[1, 0], [1, 0]], [0, 0])
    three = ([[1, 0], [1, 0], [0, 1]], [0, 0, 0])
    ridge = ([[1, 0], [-1, 0]], [0, 0])
    return [
        net("cancel_everywhere", [twice, ([[1, -1]], [0])], (-1, 1), (2, 2), source),
        net("cancel_on_half", [three, ([[1, -1, 1]], [0])], (-1, 1), (4, 4), source),
        net("ridge", [ridge, ([[1, 1]], [0])], (-1, 1), (3, 2), source),
    ]


# ---------------------------------------------------------------------------------------------------------------
# Files
# ---------------------------------------------------------------------------------------------------------------


def degenerate() -> list[KnownNet]:
    """The nets of data/degenerate.json, on which tolerances miscount; R1 is from degenerate_patterns.json."""
    patterns = json.loads((DATA / "degenerate_patterns.json").read_text())["patterns"]
    nets = []
    for entry in json.loads((DATA / "degenerate.json").read_text())["nets"]:
        lower, upper = (tuple(Fraction(x) for x in bound) for bound in entry["box"])
        layers = [float_layer(layer["W"], layer["b"]) for layer in entry["layers"]]
        name = entry["name"]
        nets.append(KnownNet(name, layers, lower, upper, patterns[name]["count"], entry["count"], entry["proof"]))
    return nets


def _integer(box: str, bounds: tuple[Bound, Bound]) -> list[KnownNet]:
    return [
        net(
            f"V{entry['seed']}_{box}",
            entry["net"],
            bounds,
            (entry[box]["R1_patterns"], entry[box]["R2_cells"]),
            "papers.md 10.5",
            float_layer(*entry["out"]),
        )
        for entry in json.loads((DATA / "integer_nets.json").read_text())
    ]


def integer() -> list[KnownNet]:
    """The nets of data/integer_nets.json on [-1, 1]^2 (`V11_box11`, ...) and on [0, 1]^2 (`V11_box01`, ...)."""
    return _integer("box11", (-1, 1)) + _integer("box01", (0, 1))


def integer_on_plane() -> list[KnownNet]:
    """The nets of data/integer_nets.json on all of R^2."""
    return _integer("plane", (None, None))


@cache
def npz(name: str) -> KnownNet:
    """One of the trained nets in data/nets (needs numpy), over [-1, 1]^d."""
    import numpy as np

    with np.load(DATA / "nets" / f"{name}.npz") as arrays:
        depth = sum(key.startswith("W") for key in arrays)
        layers = [(arrays[f"W{k}"].tolist(), arrays[f"b{k}"].tolist()) for k in range(1, depth + 1)]
    source = "comment at NPZ_COUNTS"
    return net(name, layers[:-1], (-1, 1), NPZ_COUNTS[name], source, float_layer(*layers[-1]))


def all_known() -> list[KnownNet]:
    """Every bounded network above but the .npz files, in sizes that an exact counter should do in seconds."""
    return [
        *(telgarsky(depth) for depth in range(1, 7)),
        *(telgarsky(depth, three_units=True) for depth in range(1, 5)),
        *(tight_n0_1(widths) for widths in [(3,), (3, 3), (4, 4), (3, 4, 5), (5, 5, 5)]),
        *arrangements(),
        six_definitions(),
        *zero_bias(),
        *dead_layers(),
        *cancelling_units(),
        *degenerate(),
        *integer(),
    ]

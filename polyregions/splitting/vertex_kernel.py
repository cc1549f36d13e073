"""The compiled search over vertex cells: split polytopes by hyperplanes, layer by layer, depth first.

A node is a polytope by its vertices. Each vertex is a float point with a radius within which the true vertex lies
(in every coordinate), and the set of the node's facets that it lies on, as a bit set. The sign of a form at a true
vertex is certain when the form's value at the float point exceeds

    (error of the float form) + (rounding of its value) + |a|_1 * radius,

and what is not certain is left to the caller, who decides it exactly. So the combinatorics never rest on a
tolerance: the vertex sets are those of the true polytopes, and a form that is nowhere negative at the vertices is
nowhere negative on the cell. The bounds are derived in docs/vertex_cells.md.

Everything lives in arrays that the caller owns, and nothing is half done when :func:`advance` returns, so that it
can be called again to go on.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import intrinsic

from polyregions.exact.filter import INFLATE, U
from polyregions.splitting.compiled import compiled, compiled_fused, inlined, inlined_fused
from polyregions.splitting.exact_vertices import BOX, DOMAIN

__all__ = [
    "BOX",
    "BUFFER_FULL",
    "CORNERS",
    "COUNTERS",
    "DOMAIN",
    "FACETS_FULL",
    "FINISHED",
    "FOUND",
    "FRAMES",
    "GIVEN",
    "GROW_STACK",
    "GROW_VERTICES",
    "HEAD",
    "MAX_FACETS",
    "PAUSED",
    "SPLITS",
    "TESTS",
    "TOP",
    "UNDECIDED",
    "UNKNOWN",
    "Nodes",
    "Problem",
    "Scratch",
    "advance",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Why :func:`advance` returned.
FINISHED, PAUSED, UNDECIDED, BUFFER_FULL, GROW_STACK, GROW_VERTICES, FACETS_FULL = range(7)
#: Entries of the array of counters: top of the stack (-1 when empty), regions found, leaves in the buffer, splits, sign
#: tests made, splits recorded for the upper bound, state of the random numbers for ``Problem.doubt``, corners of the
#: leaves in the buffer; how many.
TOP, FOUND, FILLED, SPLITS, TESTS, FRAMES, RANDOM, CORNERS, COUNTERS = range(9)
#: A sign in a node's table besides -1, 0, 1: not certain.
UNKNOWN = 2
#: Facets of one cell that a bit set holds.
MAX_FACETS = 64


class Problem(NamedTuple):
    """A restricted network in floats.

    Attributes
    ----------
    widths (L,) : of the layers
    weights (L, n', n'') : ``weights[l, u, j]`` takes unit u of layer l - 1 to unit j of layer l; entry 0 is unused
    sizes : absolute values of the weights, where ``running``
    biases (L, n)
    bias_column : the column of a form in which they stand: d, that of the constant, but in homogeneous charts
    walls (2 d + m, d + 1), wall_limits (2 d + m,) : the box's sides and the domain's rows as forms, and their errors
    radius (d,) : bounds |t|
    slack : the rounding error of a new vertex's coordinate
    tiny : that of underflow
    running : whether the errors of later layers' forms are computed along with the forms, cell by cell, because those
        that hold for all cells are too large
    doubt : of 2^16, the share of certain signs that are called uncertain all the same, for tests
    linear (L, n), any_linear : which units are linear, whose state is 1 wherever they are; whether there are any
    """

    widths: IntArray
    weights: FloatArray
    sizes: FloatArray
    biases: FloatArray
    bias_column: int
    walls: FloatArray
    wall_limits: FloatArray
    radius: FloatArray
    slack: float
    tiny: float
    running: bool
    doubt: float
    linear: npt.NDArray[np.bool_]
    any_linear: bool


class Nodes(NamedTuple):
    """The stack, one node per index of the first axis.

    Attributes
    ----------
    vertices (S, v, d), radii (S, v), incidence (S, v) : floats, floats, bit sets of facets
    signs (S, n, v) : of the live units at the vertices
    live (S, n) : units
    facets (S, 64, 2) : layer and unit of each
    sums (S, d + 2, n) : the next layer's forms so far: coefficients, constants, and errors
    head (S, 9) : layer, vertices, live units, phase, unit and state of the split that made the node, active units
        settled in this layer, dimension of the image that enters the layer, and the first vertex without signs
    """

    vertices: FloatArray
    radii: FloatArray
    incidence: npt.NDArray[np.uint64]
    signs: npt.NDArray[np.int8]
    live: npt.NDArray[np.int32]
    facets: npt.NDArray[np.int32]
    sums: FloatArray
    head: IntArray


class Scratch(NamedTuple):
    """What belongs to the branch being explored, and room to work.

    Attributes
    ----------
    rows (L, d + 1, n) : forms of each layer
    limits, norms (L, n) : the forms' errors on the box with those of evaluating them; their |a|_1
    known (L, n) : of active units the signs of their forms in the cell, or UNKNOWN; 0 of ReLUs that are exactly zero
    states (N,), offsets (L + 1,) : of all units, and where each layer's begin
    frames (F, 6) : open splits as index, layer, live, active, dimension, regions found before
    leaf_states (B, N), leaf_points (B, d), leaf_certain (B,) : the buffer of leaves; which points are certainly inside
    leaf_sizes (B,), corners (V, 2), corner_radii (V,), edges (V, 2) : in the plane, the numbers of corners of the
        leaves, the corners in cyclic order, and the facets (layer, unit) from each to the next; V = 0 leaves them out
    low, high, chosen, kept, new_vertices, new_radii, new_incidence, system : room to work
    """

    rows: FloatArray
    limits: FloatArray
    norms: FloatArray
    known: npt.NDArray[np.int8]
    states: npt.NDArray[np.uint8]
    offsets: IntArray
    frames: IntArray
    leaf_states: npt.NDArray[np.uint8]
    leaf_points: FloatArray
    leaf_certain: npt.NDArray[np.bool_]
    leaf_sizes: IntArray
    corners: FloatArray
    corner_radii: FloatArray
    edges: npt.NDArray[np.int32]
    low: FloatArray
    high: FloatArray
    chosen: npt.NDArray[np.int32]
    kept: IntArray
    new_vertices: FloatArray
    new_radii: FloatArray
    new_incidence: npt.NDArray[np.uint64]
    system: FloatArray


LAYER, VERTICES, LIVE, PHASE, UNIT, STATE, ACTIVE, DIMENSION, NEW, HEAD = range(10)
#: Radii of new vertices, as a share of their edge's length, above which they are computed afresh from their facets:
#: radii that come from those of the edge's ends grow by a factor at each step.
_POLISH = 2.0**-20
#: Differences of values below which radii are not computed from them, for underflow would spoil the quotients.
_LEAST_ROOM = 2.0**-800
#: Radii, as a multiple of ``slack``, above which a leaf's corners are computed afresh.
_FINE = 2.0**4
#: Sizes of forms for which a vertex in the plane is computed afresh, and what underflow may then add to its radius.
_LEAST_SIZE, _LARGEST_SIZE, _UNDERFLOW = 2.0**-150, 2.0**150, 2.0**-700
#: Vertices may lie outside the box by rounding.
_OUTSIDE = 1.0 + 2.0**-40
#: The layer of a node that another search has taken over.
GIVEN = -3
#: Phases of a node: just made by a split, its last vertices without signs; all signs known.
_FRESH, _SIGNED = 0, 1


@intrinsic
def _bits(typing_context, word):
    """The number of ones in a 64-bit word."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def _lowest(typing_context, word):
    """The position of the lowest one in a 64-bit word that is not zero."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), generate


@inlined_fused
def _add_forms(nodes, problem, scratch, node, layer, units, count):
    """Add the given units' forms, passed on by the weights, to the next layer's."""
    following = layer + 1
    if following == len(problem.widths):
        return
    d1 = scratch.rows.shape[1]
    width = problem.widths[following]
    weights = problem.weights[following]
    i = 0
    while i + 4 <= count:
        p, q, r, s = units[i], units[i + 1], units[i + 2], units[i + 3]
        wp, wq, wr, ws = weights[p], weights[q], weights[r], weights[s]
        for k in range(d1):
            rows = scratch.rows[layer, k]
            a, b, c, e = rows[p], rows[q], rows[r], rows[s]
            sums = nodes.sums[node, k]
            for j in range(width):
                sums[j] += a * wp[j] + b * wq[j] + (c * wr[j] + e * ws[j])
        i += 4
    while i < count:
        p = units[i]
        wp = weights[p]
        for k in range(d1):
            a = scratch.rows[layer, k, p]
            sums = nodes.sums[node, k]
            for j in range(width):
                sums[j] += a * wp[j]
        i += 1
    if problem.running:
        sums = nodes.sums[node, d1]
        terms = (problem.widths[layer] + 2) * U
        for i in range(count):
            p = units[i]
            size = abs(scratch.rows[layer, d1 - 1, p])
            for k in range(d1 - 1):
                size += abs(scratch.rows[layer, k, p]) * problem.radius[k]
            share = (terms * size + scratch.limits[layer, p]) * INFLATE
            wp = problem.sizes[following, p]
            for j in range(width):
                sums[j] += share * wp[j]


@inlined_fused
def _sign(scratch, layer, unit, vertex, radius):
    d = scratch.rows.shape[1] - 1
    value = scratch.rows[layer, d, unit]
    for k in range(d):
        value += scratch.rows[layer, k, unit] * vertex[k]
    limit = scratch.limits[layer, unit] + scratch.norms[layer, unit] * radius
    # An infinite value may have overflowed on the way, where the vertex lies outside the box.
    if limit < value < np.inf:
        return 1
    if -np.inf < value < -limit:
        return -1
    return UNKNOWN


@inlined
def _doubted(problem, counters):
    """Whether to call a certain sign uncertain, at random; never but in tests."""
    if problem.doubt == 0.0:
        return False
    counters[RANDOM] = (counters[RANDOM] * 1103515245 + 12345) & 0x7FFFFFFF
    return (counters[RANDOM] >> 8) & 0xFFFF < problem.doubt


@compiled
def _facet_forms(nodes, problem, scratch, node, word):
    """Write the forms of d of the facets in ``word`` to the left of ``system``, constants and errors behind them."""
    d = scratch.rows.shape[1] - 1
    system = scratch.system
    i = 0
    while word:
        slot = _lowest(word)
        word &= word - np.uint64(1)
        layer, unit = nodes.facets[node, slot, 0], nodes.facets[node, slot, 1]
        if layer >= 0:
            for k in range(d + 1):
                system[i, k] = scratch.rows[layer, k, unit]
            system[i, d + 1] = scratch.limits[layer, unit]
        else:
            wall = unit if layer == BOX else 2 * d + unit
            for k in range(d + 1):
                system[i, k] = problem.walls[wall, k]
            system[i, d + 1] = problem.wall_limits[wall]
        i += 1
        if i == d:
            break


@compiled
def _invert(system, d):
    """Invert system[:, :d] approximately into system[:, d + 2 : 2 d + 2], keeping it; whether that worked.

    The copy that is eliminated stands in the last d columns.
    """
    first, copy = d + 2, 2 * d + 2
    for i in range(d):
        for k in range(d):
            system[i, copy + k] = system[i, k]
            system[i, first + k] = 1.0 if i == k else 0.0
    for k in range(d):
        pivot = k
        for i in range(k + 1, d):
            if abs(system[i, copy + k]) > abs(system[pivot, copy + k]):
                pivot = i
        lead = system[pivot, copy + k]
        if not abs(lead) > 0.0:
            return False
        for j in range(first, copy + d):
            system[k, j], system[pivot, j] = system[pivot, j], system[k, j]
        for j in range(first, copy + d):
            system[k, j] /= lead
        for i in range(d):
            factor = system[i, copy + k]
            if i != k and factor != 0.0:
                for j in range(first, copy + d):
                    system[i, j] -= factor * system[k, j]
    return True


@compiled
def _polish_in_plane(system, box_radius, x, tiny):
    """:func:`_polish` for two coordinates, by Cramer's rule."""
    a, b, c, e = system[0, 0], system[0, 1], system[1, 0], system[1, 1]
    size, other = max(abs(a), abs(b)), max(abs(c), abs(e))
    if not (_LEAST_SIZE < size < _LARGEST_SIZE and _LEAST_SIZE < other < _LARGEST_SIZE):
        return np.inf
    determinant = a * e - b * c
    defect = 12.0 * U * (abs(a * e) + abs(b * c)) / abs(determinant)
    if not defect < 0.5:
        return np.inf
    p = system[0, 2] + a * x[0] + b * x[1]
    q = system[1, 2] + c * x[0] + e * x[1]
    x[0] -= (e * p - b * q) / determinant
    x[1] -= (a * q - c * p) / determinant
    if not (abs(x[0]) <= 2.0 * box_radius[0] and abs(x[1]) <= 2.0 * box_radius[1]):
        return np.inf
    p = abs(system[0, 2] + a * x[0] + b * x[1]) + 2.0 * system[0, 3]
    q = abs(system[1, 2] + c * x[0] + e * x[1]) + 2.0 * system[1, 3]
    first, second = abs(e) * p + abs(b) * q, abs(a) * q + abs(c) * p
    if not (first < np.inf and second < np.inf):
        return np.inf
    reach = max(first, second) / abs(determinant)
    return reach / (1.0 - defect) * INFLATE + tiny + _UNDERFLOW


@compiled
def _polish(nodes, problem, scratch, node, word, x):
    """Move x to the vertex on the given facets by a Newton step; a radius around it that holds the true vertex.

    With B an approximate inverse of the facets' normals A, the true vertex differs from x by some y with A y within
    s, the residuals at x and the forms' errors; so |y| <= |B| s / (1 - |B A - I|) in the maximum norm.
    """
    d = scratch.rows.shape[1] - 1
    system = scratch.system
    _facet_forms(nodes, problem, scratch, node, word)
    if d == 2:
        return _polish_in_plane(system, problem.radius, x, problem.tiny)
    if not _invert(system, d):
        return np.inf
    first = d + 2
    for step in range(2):
        for i in range(d):
            residual = system[i, d]
            for k in range(d):
                residual += system[i, k] * x[k]
            # The residual, or its bound: the limits hold the errors of the form and of evaluating it in the box, and
            # twice the limits those of evaluating it in twice the box.
            system[i, 2 * d + 2] = residual if step == 0 else abs(residual) + 2.0 * system[i, d + 1]
        if step == 0:
            for i in range(d):
                move = 0.0
                for k in range(d):
                    move += system[i, first + k] * system[k, 2 * d + 2]
                x[i] -= move
                if not abs(x[i]) <= 2.0 * problem.radius[i]:
                    return np.inf
    radius, defect = 0.0, 0.0
    for i in range(d):
        reach, off = 0.0, 0.0
        for k in range(d):
            reach += abs(system[i, first + k]) * system[k, 2 * d + 2]
            entry, size = -1.0 if i == k else 0.0, 1.0
            for j in range(d):
                entry += system[i, first + j] * system[j, k]
                size += abs(system[i, first + j] * system[j, k])
            off += abs(entry) + (d + 3) * U * size
        # max() would lose a NaN.
        if not (reach < np.inf and off < 0.5):
            return np.inf
        radius = max(radius, reach)
        defect = max(defect, off)
    return (radius / (1.0 - defect)) * INFLATE + problem.tiny


@inlined
def _forced(problem, scratch, layer, unit):
    """The sign of a form in the interior of the cell, -1, 0 or 1, by the signs of what goes into it; else UNKNOWN.

    Outputs of active ReLUs are positive there. A maximum of ReLUs has many differences of one output and nothing, and
    of nothing and nothing: their signs are known, and at the vertices they would be ties. The walk ends where two
    terms have opposite signs, which for most forms is soon.
    """
    bias = problem.biases[layer, unit]
    positive, negative = bias > 0.0, bias < 0.0
    offset = scratch.offsets[layer - 1]
    for i in range(problem.widths[layer - 1]):
        weight = problem.weights[layer, i, unit]
        if scratch.states[offset + i] and weight != 0.0:
            known = scratch.known[layer - 1, i]
            if known == UNKNOWN:
                return UNKNOWN
            if known != 0:
                positive |= (weight > 0.0) == (known > 0)
                negative |= (weight > 0.0) != (known > 0)
            if positive and negative:
                return UNKNOWN
    return 1 if positive else -1 if negative else 0


@inlined_fused
def _enter(nodes, problem, scratch, counters, node, layer):
    """Let the node's cell enter a layer: take over its forms and settle the units that miss the cell.

    Returns the number of signs that are not certain, and that of all signs.
    """
    head = nodes.head[node]
    d = scratch.rows.shape[1] - 1
    width = problem.widths[layer]
    count = head[VERTICES]
    rows = scratch.rows[layer]
    if layer:
        for k in range(d + 1):
            for j in range(width):
                rows[k, j] = nodes.sums[node, k, j]
        for j in range(width):
            norm = 0.0
            for k in range(d):
                norm += abs(rows[k, j])
            scratch.norms[layer, j] = norm * INFLATE
        if problem.running:
            for j in range(width):
                size = abs(rows[d, j])
                for k in range(d):
                    size += abs(rows[k, j]) * problem.radius[k]
                error = nodes.sums[node, d + 1, j] * INFLATE + problem.tiny
                scratch.limits[layer, j] = error + ((d + 2) * U * size) * INFLATE + problem.tiny
    if layer + 1 < len(problem.widths):
        following = problem.widths[layer + 1]
        terms = (width + 2) * U
        for j in range(following):
            for k in range(d + 1):
                nodes.sums[node, k, j] = 0.0
            bias = problem.biases[layer + 1, j]
            nodes.sums[node, problem.bias_column, j] = bias
            nodes.sums[node, d + 1, j] = terms * abs(bias) + problem.tiny
    low, high = scratch.low, scratch.high
    radius = 0.0
    for v in range(count):
        x = nodes.vertices[node, v]
        inside = nodes.radii[node, v] < np.inf
        for k in range(d):
            inside &= abs(x[k]) <= problem.radius[k] * _OUTSIDE
        # Else nothing is decided here for all vertices at once: min and max would lose a NaN.
        radius = max(radius, nodes.radii[node, v]) if inside else np.inf
        if d == 2:
            x0, x1 = x[0], x[1]
            if v == 0:
                for j in range(width):
                    value = rows[2, j] + rows[0, j] * x0 + rows[1, j] * x1
                    low[j] = value
                    high[j] = value
            else:
                for j in range(width):
                    value = rows[2, j] + rows[0, j] * x0 + rows[1, j] * x1
                    low[j] = min(low[j], value)
                    high[j] = max(high[j], value)
        else:
            for j in range(width):
                value = rows[d, j]
                for k in range(d):
                    value += rows[k, j] * x[k]
                if v == 0:
                    low[j] = value
                    high[j] = value
                else:
                    low[j] = min(low[j], value)
                    high[j] = max(high[j], value)
    live = 0
    active = 0
    unknown = 0
    offset = scratch.offsets[layer]
    for j in range(width if problem.doubt > 0.0 else 0):
        if _doubted(problem, counters):
            low[j], high[j] = -np.inf, np.inf
    # Every unit is written to both lists and stays in one at most: branches on the states could not be predicted.
    for j in range(width):
        limit = scratch.limits[layer, j] + scratch.norms[layer, j] * radius
        linear = problem.linear[layer, j]
        above, below = (low[j] > limit) | linear, (high[j] < -limit) & (not linear)
        scratch.states[offset + j] = above
        scratch.chosen[active] = j
        active += above
        nodes.live[node, live] = j
        live += not (above or below)
    if layer:
        for j in range(width):
            scratch.known[layer, j] = 1
        if problem.any_linear:
            for j in range(width):
                if problem.linear[layer, j]:
                    scratch.known[layer, j] = _forced(problem, scratch, layer, j)
        kept = 0
        for i in range(live):
            j = nodes.live[node, i]
            sign = UNKNOWN if _doubted(problem, counters) else _forced(problem, scratch, layer, j)
            if sign == 0:
                scratch.known[layer, j] = 0
            if sign == UNKNOWN:
                nodes.live[node, kept] = j
                kept += 1
            elif sign > 0:
                scratch.states[offset + j] = 1
                scratch.chosen[active] = j
                active += 1
        live = kept
    for i in range(live):
        for v in range(count):
            sign = _sign(scratch, layer, nodes.live[node, i], nodes.vertices[node, v], nodes.radii[node, v])
            if _doubted(problem, counters):
                sign = UNKNOWN
            nodes.signs[node, i, v] = sign
            unknown += sign == UNKNOWN
    _add_forms(nodes, problem, scratch, node, layer, scratch.chosen[:active], active)
    head[LAYER] = layer
    head[LIVE] = live
    head[PHASE] = _SIGNED
    head[UNIT] = -1
    head[ACTIVE] = active
    return unknown, width * count


@inlined
def _settle(nodes, problem, scratch, node):
    """Take the units off the live list that do not cut the cell; all signs are known."""
    head = nodes.head[node]
    layer, count = head[LAYER], head[VERTICES]
    offset = scratch.offsets[layer]
    keep = 0
    for i in range(head[LIVE]):
        unit = nodes.live[node, i]
        positive = False
        negative = False
        for v in range(count):
            sign = nodes.signs[node, i, v]
            positive |= sign > 0
            negative |= sign < 0
        if positive and negative:
            if keep != i:
                nodes.live[node, keep] = unit
                for v in range(count):
                    nodes.signs[node, keep, v] = nodes.signs[node, i, v]
            keep += 1
        elif positive:
            scratch.states[offset + unit] = 1
            head[ACTIVE] += 1
            _add_forms(nodes, problem, scratch, node, layer, nodes.live[node, i : i + 1], 1)
        else:
            scratch.states[offset + unit] = 0
    head[LIVE] = keep


@inlined
def _cross(nodes, problem, scratch, node, bit):
    """The vertices that the first live unit's hyperplane makes on the cell's edges; their number, -1 for too many."""
    head = nodes.head[node]
    d = scratch.rows.shape[1] - 1
    count, layer, unit = head[VERTICES], head[LAYER], nodes.live[node, 0]
    rows = scratch.rows[layer]
    simple = True
    for v in range(count):
        if _bits(nodes.incidence[node, v]) != d:
            simple = False
            break
    made = 0
    for p in range(count):
        if nodes.signs[node, 0, p] != 1:
            continue
        for q in range(count):
            if nodes.signs[node, 0, q] != -1:
                continue
            common = nodes.incidence[node, p] & nodes.incidence[node, q]
            if _bits(common) < d - 1:
                continue
            if not simple:
                edge = True
                for r in range(count):
                    if r != p and r != q and nodes.incidence[node, r] & common == common:
                        edge = False
                        break
                if not edge:
                    continue
            if made == len(scratch.new_radii):
                return -1
            a = rows[d, unit]
            b = rows[d, unit]
            for k in range(d):
                a += rows[k, unit] * nodes.vertices[node, p, k]
                b += rows[k, unit] * nodes.vertices[node, q, k]
            b = -b
            radius_p, radius_q = nodes.radii[node, p], nodes.radii[node, q]
            error_p = scratch.limits[layer, unit] + scratch.norms[layer, unit] * radius_p
            error_q = scratch.limits[layer, unit] + scratch.norms[layer, unit] * radius_q
            gap = a + b
            share = a / gap
            length = 0.0
            for k in range(d):
                x, y = nodes.vertices[node, p, k], nodes.vertices[node, q, k]
                length = max(length, abs(y - x))
                scratch.new_vertices[made, k] = x + share * (y - x)
            room = gap - error_p - error_q
            if a > error_p and b > error_q and room > _LEAST_ROOM and gap < np.inf:
                # No product of two large or two small numbers, which could leave the range of floats.
                off = ((a / gap) * error_q + (b / gap) * error_p) / room + 8.0 * U
                radius = (1.0 - share) * radius_p + share * radius_q
                radius += off * (length + radius_p + radius_q) + problem.slack
                scratch.new_radii[made] = radius * INFLATE
            else:
                # A sign here was decided exactly; so will be all that hangs on the new vertex.
                scratch.new_radii[made] = np.inf
            word = common | bit
            scratch.new_incidence[made] = word
            if not scratch.new_radii[made] <= _POLISH * length + 4.0 * problem.slack:
                scratch.new_radii[made] = _polish(nodes, problem, scratch, node, word, scratch.new_vertices[made])
            made += 1
    return made


@inlined
def _fill_child(nodes, scratch, source, target, state, made, bit):
    """Make the half of ``source`` on one side of its first live unit's hyperplane in ``target`` (which may be it)."""
    count, live = nodes.head[source, VERTICES], nodes.head[source, LIVE]
    d = nodes.vertices.shape[2]
    wrong = -1 if state else 1
    kept = 0
    for v in range(count):
        # Without a branch, which could not be predicted.
        scratch.kept[kept] = v
        kept += nodes.signs[source, 0, v] != wrong
    for c in range(kept):
        v = scratch.kept[c]
        for k in range(d):
            nodes.vertices[target, c, k] = nodes.vertices[source, v, k]
        nodes.radii[target, c] = nodes.radii[source, v]
        word = nodes.incidence[source, v]
        nodes.incidence[target, c] = word | bit if nodes.signs[source, 0, v] == 0 else word
    unit = nodes.live[source, 0]
    for i in range(1, live):
        # In place, too: entries move up and to the left.
        nodes.live[target, i - 1] = nodes.live[source, i]
        for c in range(kept):
            nodes.signs[target, i - 1, c] = nodes.signs[source, i, scratch.kept[c]]
    nodes.head[target, NEW] = kept
    for v in range(made):
        for k in range(d):
            nodes.vertices[target, kept, k] = scratch.new_vertices[v, k]
        nodes.radii[target, kept] = scratch.new_radii[v]
        nodes.incidence[target, kept] = scratch.new_incidence[v]
        kept += 1
    nodes.head[target, VERTICES] = kept
    nodes.head[target, LIVE] = live - 1
    nodes.head[target, PHASE] = _FRESH
    nodes.head[target, UNIT] = unit
    nodes.head[target, STATE] = state


@inlined
def _split(nodes, problem, scratch, counters):
    """Replace the topmost node by its two halves; a status if there is no room, else -1."""
    node = counters[TOP]
    head = nodes.head[node]
    if node + 1 == len(nodes.head) or counters[FRAMES] == len(scratch.frames):
        return GROW_STACK
    used = np.uint64(0)
    for v in range(head[VERTICES]):
        used |= nodes.incidence[node, v]
    slot = 0
    while slot < MAX_FACETS and (used >> np.uint64(slot)) & np.uint64(1):
        slot += 1
    if slot == MAX_FACETS:
        return FACETS_FULL
    bit = np.uint64(1) << np.uint64(slot)
    nodes.facets[node, slot, 0] = head[LAYER]
    nodes.facets[node, slot, 1] = nodes.live[node, 0]
    made = _cross(nodes, problem, scratch, node, bit)
    if made < 0 or head[VERTICES] + made > nodes.radii.shape[1]:
        return GROW_VERTICES
    frames = counters[FRAMES]
    while frames and scratch.frames[frames - 1, 0] > node:
        frames -= 1
    frame = scratch.frames[frames]
    frame[0], frame[1], frame[2], frame[3] = node, head[LAYER], head[LIVE], head[ACTIVE]
    frame[4], frame[5] = head[DIMENSION], counters[FOUND]
    counters[FRAMES] = frames + 1
    upper = node + 1
    layer = head[LAYER]
    for k in range(len(head)):
        nodes.head[upper, k] = head[k]
    for k in range(MAX_FACETS):
        nodes.facets[upper, k, 0] = nodes.facets[node, k, 0]
        nodes.facets[upper, k, 1] = nodes.facets[node, k, 1]
    if layer + 1 < len(problem.widths):
        width = problem.widths[layer + 1]
        for k in range(nodes.sums.shape[1]):
            for j in range(width):
                nodes.sums[upper, k, j] = nodes.sums[node, k, j]
    _add_forms(nodes, problem, scratch, upper, layer, nodes.live[node, :1], 1)
    _fill_child(nodes, scratch, node, upper, 1, made, bit)
    _fill_child(nodes, scratch, node, node, 0, made, bit)
    nodes.head[upper, ACTIVE] += 1
    counters[TOP] = upper
    counters[SPLITS] += 1
    return -1


@inlined
def _walk(nodes, problem, scratch, node, start):
    """Write a polygon's corners in cyclic order, from ``start`` on; two are neighbours iff they share a facet."""
    count = nodes.head[node, VERTICES]
    v = 0
    for i in range(count):
        scratch.kept[i] = v
        corner = scratch.corners[start + i]
        corner[0], corner[1] = nodes.vertices[node, v, 0], nodes.vertices[node, v, 1]
        scratch.corner_radii[start + i] = nodes.radii[node, v]
        if not nodes.radii[node, v] <= _FINE * problem.slack:
            radius = _polish(nodes, problem, scratch, node, nodes.incidence[node, v], corner)
            if radius < nodes.radii[node, v]:
                scratch.corner_radii[start + i] = radius
            else:
                corner[0], corner[1] = nodes.vertices[node, v, 0], nodes.vertices[node, v, 1]
        following = 0
        # The last corner's edge leads back to the first.
        for q in range(count if i + 1 < count else 0):
            if not nodes.incidence[node, v] & nodes.incidence[node, q]:
                continue
            fresh = True
            for j in range(i + 1):
                fresh &= scratch.kept[j] != q
            if fresh:
                following = q
                break
        slot = _lowest(nodes.incidence[node, v] & nodes.incidence[node, following])
        scratch.edges[start + i, 0] = nodes.facets[node, slot, 0]
        scratch.edges[start + i, 1] = nodes.facets[node, slot, 1]
        v = following


@compiled_fused
def _inside(problem, scratch, x):
    """Whether a float point certainly lies in the domain and has the states of the present branch, none by a zero."""
    d = len(x)
    for k in range(d):
        # Within the radii of the box, for which the limits hold.
        if not abs(x[k]) <= problem.radius[k]:
            return False
        if not x[k] + problem.walls[2 * k, d] > problem.wall_limits[2 * k]:
            return False
        if not x[k] + problem.walls[2 * k + 1, d] < -problem.wall_limits[2 * k + 1]:
            return False
    for wall in range(2 * d, len(problem.walls)):
        value = problem.walls[wall, d]
        for k in range(d):
            value += problem.walls[wall, k] * x[k]
        if not problem.wall_limits[wall] < value < np.inf:
            return False
    for layer in range(len(problem.widths)):
        offset = scratch.offsets[layer]
        for unit in range(problem.widths[layer]):
            if problem.linear[layer, unit] or scratch.known[layer, unit] == 0:
                continue
            if _sign(scratch, layer, unit, x, 0.0) != (1 if scratch.states[offset + unit] else -1):
                return False
    return True


@compiled
def advance(
    problem: Problem, nodes: Nodes, scratch: Scratch, counters: IntArray, steps: int, keep: bool, most: int
) -> int:
    """Explore at most ``steps`` nodes, or until ``most`` regions are found; ``keep``: whether leaves go to the buffer.

    Returns
    -------
    int
        FINISHED, PAUSED (steps used up), UNDECIDED (the topmost node has signs UNKNOWN: set them to -1, 0 or 1),
        BUFFER_FULL, GROW_STACK, GROW_VERTICES (give more room), or FACETS_FULL (the topmost node can't be split here).
    """
    layers = len(problem.widths)
    for _ in range(steps):
        node = counters[TOP]
        if node < 0:
            return FINISHED
        head = nodes.head[node]
        layer = head[LAYER]
        if layer == GIVEN:
            counters[TOP] = node - 1
            continue
        if counters[FOUND] >= most:
            return PAUSED
        if head[PHASE] == _FRESH:
            scratch.states[scratch.offsets[layer] + head[UNIT]] = head[STATE]
            unknown = 0
            for i in range(head[LIVE]):
                unit = nodes.live[node, i]
                for v in range(head[NEW], head[VERTICES]):
                    sign = _sign(scratch, layer, unit, nodes.vertices[node, v], nodes.radii[node, v])
                    if _doubted(problem, counters):
                        sign = UNKNOWN
                    nodes.signs[node, i, v] = sign
                    unknown += sign == UNKNOWN
            counters[TESTS] += head[LIVE] * (head[VERTICES] - head[NEW])
            head[PHASE] = _SIGNED
            if unknown:
                return UNDECIDED
        _settle(nodes, problem, scratch, node)
        if head[LIVE]:
            status = _split(nodes, problem, scratch, counters)
            if status >= 0:
                return status
        elif layer + 1 < layers:
            head[DIMENSION] = min(head[DIMENSION], head[ACTIVE])
            unknown, tests = _enter(nodes, problem, scratch, counters, node, layer + 1)
            counters[TESTS] += tests
            if unknown:
                return UNDECIDED
        else:
            if keep:
                filled = counters[FILLED]
                if filled == len(scratch.leaf_states):
                    return BUFFER_FULL
                if len(scratch.corners):
                    if counters[CORNERS] + head[VERTICES] > len(scratch.corners):
                        return BUFFER_FULL
                    _walk(nodes, problem, scratch, node, counters[CORNERS])
                    scratch.leaf_sizes[filled] = head[VERTICES]
                    counters[CORNERS] += head[VERTICES]
                for k in range(len(scratch.states)):
                    scratch.leaf_states[filled, k] = scratch.states[k]
                for k in range(nodes.vertices.shape[2]):
                    total = 0.0
                    for v in range(head[VERTICES]):
                        total += nodes.vertices[node, v, k]
                    scratch.leaf_points[filled, k] = total / head[VERTICES]
                scratch.leaf_certain[filled] = not _doubted(problem, counters) and _inside(
                    problem, scratch, scratch.leaf_points[filled]
                )
                counters[FILLED] = filled + 1
            counters[FOUND] += 1
            counters[TOP] = node - 1
    return PAUSED

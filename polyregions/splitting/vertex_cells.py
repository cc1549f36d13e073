"""Vertex cells: the counter for low dimension, where a cell is known by its vertices.

The compiled search of :mod:`polyregions.splitting.vertex_kernel` decides signs at vertices through the float filter;
this module owns its arrays and decides exactly what it hands back: the vertex is solved for from its facets in
integers, and the form evaluated there.
"""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.bounds.bracket import OpenCells
from polyregions.bounds.open_cells import open_cell_bounds
from polyregions.definition import Definition
from polyregions.enumeration import Leaf
from polyregions.exact.cell import LayerForms, Witness
from polyregions.exact.filter import INFLATE, FloatBox, U, first_rows, rounded_rows
from polyregions.exact.numbers import nearest_float
from polyregions.exact.pattern import PatternCertifier
from polyregions.exact.restriction import ExactPoint, Restriction
from polyregions.splitting import vertex_kernel as kernel
from polyregions.splitting.exact_vertices import ExactVertex, domain_vertices
from polyregions.splitting.tree import SplittingTree

__all__ = ["Polygons", "VertexTree"]

FloatArray = npt.NDArray[np.float64]

#: Nodes between two questions whether to stop: some milliseconds of work.
_STEPS = 2000
_BUFFER, _SMALL_BUFFER = 1024, 64
#: Corners of polygons that are kept at a time, if any are.
_CORNERS = 8 * _BUFFER
#: Nodes of LP cells between two such questions.
_GUEST_STEPS = 20
#: A-priori error bounds, which cost nothing per cell, serve while they are below this share of the forms' size.
_STATIC_ERROR = 2.0**-24


@dataclass(frozen=True)
class Polygons:
    """Regions in the plane, as :class:`polyregions.splitting.vertex_kernel.Scratch` has them in its buffer.

    ``states`` (m, N), ``sizes`` (m,); ``corners`` (v, 2), ``radii`` (v,) within which the true ones lie, and ``edges``
    (v, 2), with v the sum of the sizes.
    """

    states: npt.NDArray[np.uint8]
    sizes: npt.NDArray[np.int64]
    corners: FloatArray
    radii: FloatArray
    edges: npt.NDArray[np.int32]


class VertexTree:
    """Enumerates the regions of a restricted network by vertex cells, every decision proven.

    Parameters
    ----------
    restriction : Restriction
        Of dimension 1 to about 6, with at least one ReLU layer.
    max_regions : int, optional
        Stop when so many are found.
    doubt : float, optional
        The share of certain signs that are decided exactly all the same, for tests: no result depends on it.

    Notes
    -----
    Memory is O(depth) nodes. The work per cell that enters a layer is that of forming the next layer's forms, about
    n_(l-1) n_l (d + 1) multiply-adds, shared by the cells that it splits into.
    """

    #: Every decision is.
    proven = True

    def __init__(self, restriction: Restriction, *, max_regions: int | None = None, doubt: float = 0.0) -> None:
        self.restriction = restriction
        self._doubt = doubt
        self._box = FloatBox.of(restriction)
        self._max_regions = np.iinfo(np.int64).max if max_regions is None else max_regions
        self._yielded = 0
        self._by_exact = self._exact_vertices = 0
        self._certifier: PatternCertifier | None = None
        self._forms: dict[int, LayerForms] = {}
        self._first_layer: LayerForms | None = None
        self._counters = np.zeros(kernel.COUNTERS, dtype=np.int64)
        self._guest: SplittingTree | None = None
        with np.errstate(all="ignore"):
            self._problem = self._make_problem()
            domain = domain_vertices(restriction)
            self._scratch = self._make_scratch(domain)
            self._nodes = self._make_nodes(32, max(16, 2 * len(domain)))
            self._start(domain)

    # -- arrays ------------------------------------------------------------------------------------------

    def _make_problem(self) -> kernel.Problem:
        r, box = self.restriction, self._box
        widths = np.array(r.widths, dtype=np.int64)
        layers, widest, d = len(widths), int(widths.max()), r.dimension
        weights = np.zeros((layers, int(widths[:-1].max(initial=0)), int(widths[1:].max(initial=0))))
        biases = np.zeros((layers, widest))
        rows = first_rows(r, box)
        errors, magnitudes = [rows.error], [rows.magnitude]
        limits = np.zeros((layers, widest))
        limits[0, : widths[0]] = (rows.error + (d + 2) * U * rows.magnitude) * INFLATE + box.tiny
        for layer in range(1, layers):
            w, b = r.network.weights[layer], r.network.biases[layer]
            n = w.shape[1]
            weights[layer, :n, : len(b)] = w.T
            biases[layer, : len(b)] = b
            # Valid for every pattern of the earlier layers: nothing is masked (docs/vertex_cells.md, equation 1).
            size = np.abs(w)
            error = size @ ((n + 2) * U * magnitudes[-1] + errors[-1]) + (n + 2) * U * np.abs(b)
            errors.append(error * INFLATE + box.tiny)
            magnitudes.append((size @ magnitudes[-1] + np.abs(b)) * INFLATE + box.tiny)
            limits[layer, : len(b)] = (errors[-1] + (d + 2) * U * magnitudes[-1]) * INFLATE + box.tiny
        self._limits, self._first_rows = limits, rows
        typical = np.array([abs(w).max(initial=1e-300) for w in r.network.weights[:layers]])
        running = bool(max((e.max() / t for e, t in zip(errors, typical, strict=True)), default=0.0) > _STATIC_ERROR)
        return kernel.Problem(
            widths,
            weights,
            np.abs(weights) if running else np.zeros((layers, 1, 1)),
            biases,
            r.bias_column,
            *self._walls(),
            box.radius,
            float(8 * U * box.radius.max(initial=0.0) + box.tiny),
            box.tiny,
            running,
            self._doubt * 2**16,
            self._linear_units(layers, widest),
            bool(r.network.linear),
        )

    def _linear_units(self, layers: int, widest: int) -> npt.NDArray[np.bool_]:
        linear = np.zeros((layers, widest), dtype=np.bool_)
        for layer, mask in enumerate(self.restriction.linear):
            linear[layer, : len(mask)] = mask
        return linear

    def _walls(self) -> tuple[FloatArray, FloatArray]:
        """The sides of the box and the domain's rows as float forms (a, c), and bounds of their errors on the box."""
        r, box = self.restriction, self._box
        d = r.dimension
        walls = np.zeros((2 * d + len(r.rows), d + 1))
        limits = np.zeros(len(walls))
        for j in range(d):
            for side, bound in enumerate((box.lower[j], box.upper[j])):
                walls[2 * j + side, [j, d]] = 1.0, -bound
                limits[2 * j + side] = 4 * U * abs(bound) + box.tiny
        if r.rows:
            domain = rounded_rows(r.rows, 1, box)
            walls[2 * d :, :d], walls[2 * d :, d] = domain.a, domain.c
            limits[2 * d :] = (domain.error + (d + 2) * U * domain.magnitude) * INFLATE + box.tiny
        return walls, limits

    def _make_scratch(self, corners: list[ExactVertex]) -> kernel.Scratch:
        r, problem = self.restriction, self._problem
        layers, widest = problem.biases.shape
        d, units = r.dimension, int(problem.widths.sum())
        rows, norms = np.zeros((layers, d + 1, widest)), np.zeros((layers, widest))
        first = self._first_rows
        rows[0, :d, : len(first)] = first.a.T
        rows[0, d, : len(first)] = first.c
        norms[0, : len(first)] = np.abs(first.a).sum(axis=1) * INFLATE
        room = max(16, 2 * len(corners))
        return kernel.Scratch(
            rows,
            self._limits.copy(),
            norms,
            # Until they are entered, and of the first layer: ReLUs are positive where they are active.
            np.where(problem.linear, kernel.UNKNOWN, 1).astype(np.int8),
            np.zeros(units, dtype=np.uint8),
            np.concatenate([[0], np.cumsum(problem.widths)]),
            np.zeros((units + 2, 6), dtype=np.int64),
            np.zeros((_BUFFER, units), dtype=np.uint8),
            np.zeros((_BUFFER, d)),
            np.zeros(_BUFFER, dtype=np.bool_),
            np.zeros(_BUFFER, dtype=np.int64),
            np.zeros((0, 2)),
            np.zeros(0),
            np.zeros((0, 2), dtype=np.int32),
            np.zeros(widest),
            np.zeros(widest),
            np.zeros(widest, dtype=np.int32),
            np.zeros(room, dtype=np.int64),
            np.zeros((room, d)),
            np.zeros(room),
            np.zeros(room, dtype=np.uint64),
            np.zeros((d, 3 * d + 2)),
        )

    def _make_nodes(self, stack: int, vertices: int) -> kernel.Nodes:
        d, widest = self.restriction.dimension, self._problem.biases.shape[1]
        return kernel.Nodes(
            np.zeros((stack, vertices, d)),
            np.zeros((stack, vertices)),
            np.zeros((stack, vertices), dtype=np.uint64),
            np.zeros((stack, widest, vertices), dtype=np.int8),
            np.zeros((stack, widest), dtype=np.int32),
            np.zeros((stack, kernel.MAX_FACETS, 2), dtype=np.int32),
            np.zeros((stack, d + 2, widest)),
            np.zeros((stack, kernel.HEAD), dtype=np.int64),
        )

    def _grow(self, stack: int, vertices: int) -> None:
        """Move to larger arrays; the nodes stay as they are."""
        larger = self._make_nodes(stack, vertices)
        arrays: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = list(zip(self._nodes, larger, strict=True))
        for old, new in arrays:
            new[tuple(slice(length) for length in old.shape)] = old
        self._nodes = larger
        d, s = self.restriction.dimension, self._scratch
        frames = s.frames
        if stack > len(frames):
            frames = np.zeros((stack, 6), dtype=np.int64)
            frames[: len(s.frames)] = s.frames
        self._scratch = s._replace(
            frames=frames,
            kept=np.zeros(vertices, dtype=np.int64),
            new_vertices=np.zeros((vertices, d)),
            new_radii=np.zeros(vertices),
            new_incidence=np.zeros(vertices, dtype=np.uint64),
        )

    def _start(self, corners: list[ExactVertex]) -> None:
        """Put the domain on the stack, all units of the first layer live, no sign known."""
        nodes, r = self._nodes, self.restriction
        facets = sorted({facet for corner in corners for facet in corner.facets})
        if len(facets) > kernel.MAX_FACETS:
            self._guest = SplittingTree(r, Definition.REGIONS)
            return
        place = {facet: i for i, facet in enumerate(facets)}
        for i, (kind, index) in enumerate(facets):
            nodes.facets[0, i] = (kind, index)
        for v, corner in enumerate(corners):
            self._set_vertex(0, v, corner.point)
            nodes.incidence[0, v] = sum(1 << place[facet] for facet in corner.facets)
        n, linear = r.widths[0], r.linear[0]
        live, passed = np.flatnonzero(~linear), np.flatnonzero(linear)
        nodes.live[0, : len(live)] = live
        self._scratch.states[:n] = linear
        # No unit made this node by a split: the kernel writes the state of "unit 0" anew, which must not change it.
        nodes.head[0] = (0, len(corners), len(live), 0, 0, linear[0], len(passed), r.dimension, 0)
        width = r.widths[1] if len(r.widths) > 1 else 0
        bias = self._problem.biases[1, :width] if width else np.zeros(0)
        nodes.sums[0, r.bias_column, :width] = bias
        nodes.sums[0, r.dimension + 1, :width] = (n + 2) * U * np.abs(bias) * INFLATE + self._box.tiny
        if width and len(passed):
            # What vertex_kernel._add_forms does with units that are settled.
            problem, rows = self._problem, self._scratch.rows[0][:, passed]
            nodes.sums[0, : r.dimension + 1, :width] += rows @ problem.weights[1, passed, :width]
            if problem.running:
                sizes = np.abs(rows[: r.dimension]).T @ problem.radius + np.abs(rows[r.dimension])
                shares = ((n + 2) * U * sizes + self._scratch.limits[0, passed]) * INFLATE
                nodes.sums[0, r.dimension + 1, :width] += shares @ problem.sizes[1, passed, :width]

    def _set_vertex(self, node: int, v: int, point: tuple[Fraction, ...]) -> None:
        x = np.array([nearest_float(value) for value in point])
        self._nodes.vertices[node, v] = x
        self._nodes.radii[node, v] = 2 * U * np.abs(x).max(initial=0.0) + self._box.tiny

    # -- the counter's interface -------------------------------------------------------------------------

    @property
    def found(self) -> int:
        """The number of regions found (and given out, where they are) so far."""
        guest = self._guest.found if self._guest is not None else 0
        return int(self._counters[kernel.FOUND]) - self._waiting + guest

    @property
    def _waiting(self) -> int:
        return int(self._counters[kernel.FILLED]) - self._yielded

    @property
    def finished(self) -> bool:
        """Whether all regions have been found."""
        return bool(self._counters[kernel.TOP] < 0) and not self._waiting

    def statistics(self) -> dict[str, Any]:
        """What was done so far."""
        return {
            "cells": "vertex",
            "leaves": self.found,
            "splits": int(self._counters[kernel.SPLITS]),
            "decisions_by_filter": int(self._counters[kernel.TESTS]) - self._by_exact,
            "decisions_by_exact": self._by_exact,
            "exact_vertices": self._exact_vertices,
            "running_error_bounds": self._problem.running,
        }

    def open_bound(self) -> int:
        """A proven upper bound of the number of regions not found yet, from one for each open cell."""
        counters, nodes, scratch = self._counters, self._nodes, self._scratch
        top = int(counters[kernel.TOP])
        if top < 0:
            return self._waiting
        if self._guest is not None and top == 0:
            return self._guest.open_bound() + self._waiting
        cells, known = OpenCells(), open_cell_bounds(self.restriction)
        # All cells on the stack share the states of the layers before their own with the branch being explored.
        layers = pairwise(scratch.offsets.tolist())
        before = [0, *(int(scratch.states[first:last].sum()) for first, last in layers)]
        for index, layer, live, active, dimension, found in scratch.frames[: counters[kernel.FRAMES]].tolist():
            if index <= top:
                bound = known.cell(layer, live, active, before[layer], dimension)
                cells.split(index, bound=bound, found=found)
        bounds = []
        for head in nodes.head[: top + 1].tolist():
            layer, live, active, dimension = (
                head[i] for i in (kernel.LAYER, kernel.LIVE, kernel.ACTIVE, kernel.DIMENSION)
            )
            bounds.append(0 if layer == kernel.GIVEN else known.cell(layer, live, active, before[layer], dimension))
        guest_found = 0
        if self._guest is not None:
            guest_found, bounds[-1] = self._guest.found, self._guest.open_bound()
        total = cells.total(bounds, found=int(counters[kernel.FOUND]) + guest_found)
        return min(total, known.whole()) + self._waiting

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Count without listing, until all is found or ``stop``, asked every few milliseconds, says so."""
        while not stop() and self.advance():
            pass

    def advance(self, most: int | None = None) -> bool:
        """Count a few milliseconds further, ``most`` regions more at most; False once all is found."""
        self._counters[kernel.FILLED] = self._yielded = 0
        if self._counters[kernel.TOP] < 0:
            return False
        limit = self._max_regions if most is None else self.found + most
        if self._guest is None:
            self._advance(limit, keep=False)
        else:
            steps = iter(range(_GUEST_STEPS))
            self._guest.explore(lambda: self.found >= limit or next(steps, None) is None)
            self._dismiss_guest()
        return True

    def give(self) -> "VertexTree | None":
        """A tree of its own for the lowest open cell, which this one then leaves out; None if there is but one."""
        top = int(self._counters[kernel.TOP])
        lowest = next((i for i in range(top) if self._nodes.head[i, kernel.LAYER] >= 0), None)
        if lowest is None:
            return None
        part = copy(self)
        part._counters = np.zeros_like(self._counters)
        part._forms, part._certifier, part._guest = {}, None, None
        part._yielded = part._by_exact = part._exact_vertices = 0
        # Forms and states of earlier layers are those of the branch, which the open cell shares.
        scratch = self._scratch._replace(
            leaf_states=self._scratch.leaf_states[:_SMALL_BUFFER],
            leaf_points=self._scratch.leaf_points[:_SMALL_BUFFER],
            leaf_certain=self._scratch.leaf_certain[:_SMALL_BUFFER],
        )
        part._scratch = kernel.Scratch._make([array.copy() for array in scratch])
        part._nodes = part._make_nodes(16, self._nodes.radii.shape[1])
        arrays: list[tuple[Any, Any]] = list(zip(self._nodes, part._nodes, strict=True))
        for mine, other in arrays:
            other[0] = mine[lowest]
        self._nodes.head[lowest, kernel.LAYER] = kernel.GIVEN
        return part

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the regions; see :class:`polyregions.enumeration.Enumerator`."""
        while True:
            while self._waiting:
                yield self._take()
                if stop():
                    return
            self._counters[kernel.FILLED] = self._yielded = 0
            if self._counters[kernel.TOP] < 0 or stop():
                return
            if self._guest is None:
                self._advance(self._max_regions, keep=True)
            else:
                yield from self._guest.leaves(stop)
                self._dismiss_guest()

    def polygons(self, stop: Callable[[], bool] = lambda: False) -> "Iterator[Polygons | Leaf]":
        """Yield the regions of a domain of dimension 2 with their corners, many at a time.

        Those of cells with too many facets come as leaves, without. ``stop`` is asked every few milliseconds.
        """
        self._scratch = self._scratch._replace(
            corners=np.zeros((_CORNERS, 2)),
            corner_radii=np.zeros(_CORNERS),
            edges=np.zeros((_CORNERS, 2), dtype=np.int32),
        )
        counters = self._counters
        while counters[kernel.TOP] >= 0 and not stop():
            if self._guest is not None:
                yield from self._guest.leaves(stop)
                self._dismiss_guest()
                continue
            counters[kernel.FILLED] = counters[kernel.CORNERS] = 0
            self._advance(self._max_regions, keep=True)
            s, filled, corners = self._scratch, int(counters[kernel.FILLED]), int(counters[kernel.CORNERS])
            self._yielded = filled
            if filled:
                yield Polygons(
                    s.leaf_states[:filled].copy(),
                    s.leaf_sizes[:filled].copy(),
                    s.corners[:corners].copy(),
                    s.corner_radii[:corners].copy(),
                    s.edges[:corners].copy(),
                )

    def _take(self) -> Leaf:
        scratch, i = self._scratch, self._yielded
        states = scratch.leaf_states[i].tobytes()
        witness: Witness | None = Witness(scratch.leaf_points[i].copy())
        if not scratch.leaf_certain[i]:
            if self._certifier is None:
                self._certifier = PatternCertifier(self.restriction, self._box, Definition.REGIONS)
            witness = self._certifier.certify(states, witness)
        if witness is None:
            raise ArithmeticError("a region found by its vertices has no point: please report this as a bug")
        self._yielded += 1
        return Leaf(states, witness)

    def _advance(self, most: int, *, keep: bool) -> None:
        """Run the kernel for some steps, and do what it asks for."""
        counters, nodes = self._counters, self._nodes
        with np.errstate(all="ignore"):
            status = kernel.advance(self._problem, nodes, self._scratch, counters, _STEPS, keep, most)
            if status == kernel.UNDECIDED:
                self._decide(int(counters[kernel.TOP]))
            elif status == kernel.GROW_STACK:
                self._grow(2 * len(nodes.head), nodes.radii.shape[1])
            elif status == kernel.GROW_VERTICES:
                self._grow(len(nodes.head), 2 * nodes.radii.shape[1])
            elif status == kernel.FACETS_FULL:
                self._guest = self._hand_over(int(counters[kernel.TOP]))

    def _hand_over(self, node: int) -> SplittingTree:
        """A tree of LP cells for the topmost node, which has too many facets; its facets are all its rows."""
        nodes, scratch = self._nodes, self._scratch
        layer, count, live = self._extent(node)
        word = int(np.bitwise_or.reduce(nodes.incidence[node, :count]))
        rows = []
        for slot in range(kernel.MAX_FACETS):
            facet_layer, unit = (int(value) for value in nodes.facets[node, slot])
            if word >> slot & 1 and facet_layer >= 0:
                state = scratch.states[scratch.offsets[facet_layer] + unit]
                rows.append((self._layer_forms(facet_layer), unit, 1 if state else -1))
        corners = [self._solve(node, v) for v in range(count)]
        centre = [sum(values, Fraction(0)) / count for values in zip(*corners, strict=True)]
        states = scratch.states[scratch.offsets[layer] : scratch.offsets[layer + 1]].tobytes()
        guest = SplittingTree(self.restriction, Definition.REGIONS)
        inside = Witness.rational(ExactPoint.of(centre))
        guest.start_within(rows, self._layer_forms(layer), states, nodes.live[node, :live].astype(np.intp), [inside])
        return guest

    def _dismiss_guest(self) -> None:
        """Take over what the LP cells found, once they are done."""
        if self._guest is not None and self._guest.finished:
            self._counters[kernel.FOUND] += self._guest.found
            self._counters[kernel.TOP] -= 1
            self._guest = None

    # -- exact decisions ---------------------------------------------------------------------------------

    def _decide(self, node: int) -> None:
        """Decide the topmost node's unknown signs: at vertices made exact, by the filter, or else exactly."""
        nodes = self._nodes
        layer, count, live = self._extent(node)
        signs = nodes.signs[node, :live, :count]
        points: dict[int, tuple[Fraction, ...]] = {}
        for i, v in np.argwhere(signs == kernel.UNKNOWN).tolist():
            if v not in points:
                points[v] = self._solve(node, v)
                self._set_vertex(node, v, points[v])
            unit = int(nodes.live[node, i])
            sign = self._filtered(layer, unit, nodes.vertices[node, v], float(nodes.radii[node, v]))
            if sign == kernel.UNKNOWN or self._doubt:
                *a, c = self._layer_forms(layer).exact(unit)
                value = sum((int(w) * x for w, x in zip(a, points[v], strict=True) if w), Fraction(int(c)))
                sign = (value > 0) - (value < 0)
                self._by_exact += 1
            signs[i, v] = sign

    def _extent(self, node: int) -> tuple[int, int, int]:
        """A node's layer, and its numbers of vertices and of live units."""
        head = self._nodes.head[node]
        return int(head[kernel.LAYER]), int(head[kernel.VERTICES]), int(head[kernel.LIVE])

    def _filtered(self, layer: int, unit: int, x: FloatArray, radius: float) -> int:
        scratch, d = self._scratch, self.restriction.dimension
        row = scratch.rows[layer, :, unit]
        value = row[:d] @ x + row[d]
        limit = scratch.limits[layer, unit] + scratch.norms[layer, unit] * radius
        return 1 if limit < value < np.inf else -1 if -np.inf < value < -limit else kernel.UNKNOWN

    def _layer_forms(self, layer: int) -> LayerForms:
        """The exact forms of a layer on the branch being explored."""
        if self._first_layer is None:
            self._first_layer = LayerForms.first(self.restriction, self._box)
        before = self._first_layer
        for index in range(1, layer + 1):
            prefix = self._scratch.states[: self._scratch.offsets[index]].tobytes()
            forms = self._forms.get(index)
            if forms is None or forms.prefix != prefix:
                forms = self._forms[index] = before.next(prefix[len(before.prefix) :])
            before = forms
        return before

    def _solve(self, node: int, v: int) -> tuple[Fraction, ...]:
        """The vertex of the topmost node, exactly, from d of its facets whose normals are independent."""
        self._exact_vertices += 1
        r, nodes = self.restriction, self._nodes
        word = int(nodes.incidence[node, v])
        rows = []
        for slot in range(kernel.MAX_FACETS):
            if word >> slot & 1:
                rows.append(self._facet_row(int(nodes.facets[node, slot, 0]), int(nodes.facets[node, slot, 1])))
        d, arithmetic = r.dimension, r.arithmetic
        for chosen in combinations(rows, d):
            system = arithmetic.matrix([row[:-1] for row in chosen])
            solved = arithmetic.solve(system, arithmetic.matrix([[-row[-1]] for row in chosen]))
            if solved is not None:
                return tuple(Fraction(int(value[0]), int(solved[1])) for value in solved[0])
        raise ArithmeticError("a vertex has no independent facets: please report this as a bug")

    def _facet_row(self, layer: int, unit: int) -> list[Any]:
        """The facet's equation a . t + c = 0 in integers."""
        r = self.restriction
        if layer == kernel.DOMAIN:
            return r.rows[unit]
        if layer == kernel.BOX:
            bound = r.upper[unit // 2] if unit % 2 else r.lower[unit // 2]
            return [r.scale * int(j == unit // 2) for j in range(r.dimension)] + [-bound]
        return self._layer_forms(layer).exact(unit)

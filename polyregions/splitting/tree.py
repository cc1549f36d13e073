"""The splitting tree: depth first, layer by layer, one hyperplane at a time.

A node is a cell (rows of the units that were split, all with proven signs), the layer that it has entered, and
the units of that layer that are still live: those whose hyperplanes may cut the cell. A hyperplane that misses
a node misses all its children, so a unit that is settled leaves the list for the whole subtree. Known points
of the cell answer most questions; a linear program answers the rest (Rada & Cerny 2018, with the layerwise pull-back of
Hanin & Rolnick 2019, appendix A).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyregions.bounds.bracket import OpenCells
from polyregions.bounds.open_cells import open_cell_bounds
from polyregions.definition import Definition
from polyregions.enumeration import Leaf
from polyregions.exact.cell import Cell, LayerForms, Witness
from polyregions.exact.filter import FloatBox, upper_bounds
from polyregions.exact.restriction import Restriction
from polyregions.splitting.lp_cells import LPCells

if TYPE_CHECKING:
    from polyregions.certificate.writer import Recorder

__all__ = ["SplittingTree"]

SignArray = npt.NDArray[np.int8]
BoolArray = npt.NDArray[np.bool_]

#: Points kept per node. More points spare linear programs and cost time and memory.
_MAX_POINTS = 24


@dataclass(slots=True)
class Node:
    """A cell that waits to be split.

    Attributes
    ----------
    forms : LayerForms
        Of the layer that is being split.
    states : bytes
        Of that layer's units; meaningful for those that are not live.
    live : (m,) units whose hyperplanes may cut the cell
    points : k points of the cell, k >= 1
    signs : (k, m) exact signs of the live units' forms at the points
    depth : int
        The number of rows of the parent's cell.
    split : (unit, sign) or None
        The row that this cell has more than its parent's.
    """

    forms: LayerForms
    states: bytearray
    live: npt.NDArray[np.intp]
    points: list[Witness]
    signs: SignArray
    depth: int
    split: tuple[int, int] | None


class SplittingTree:
    """Enumerates the regions of a restricted network, each with a witness, every decision proven.

    Parameters
    ----------
    restriction : Restriction
    definition : Definition
    solver : str
        The LP back end that makes the proposals.
    recorder : Recorder, optional
        Takes down the proof of each decision, for a certificate.

    Notes
    -----
    Memory is O(depth) nodes, not O(regions). Time is a few warm linear programs of d columns per region.
    """

    def __init__(
        self,
        restriction: Restriction,
        definition: Definition,
        *,
        solver: str = "highs",
        recorder: "Recorder | None" = None,
    ) -> None:
        self.restriction = restriction
        self.definition = definition
        self.cell = Cell(restriction, FloatBox.of(restriction), definition)
        self.lps = LPCells(self.cell, solver, keep_proofs=recorder is not None)
        self._recorder = recorder
        self.stack: list[Node] = []
        self._open = OpenCells()
        self._leaves = 0
        self._splits = 0
        self._started = False

    def statistics(self) -> dict[str, Any]:
        """What was done so far."""
        counts = self.cell.counts
        return {
            "cells": "lp",
            "leaves": self._leaves,
            "splits": self._splits,
            "linear_programs": self.lps.programs,
            "decisions_by_filter": counts.by_filter,
            "decisions_by_exact": counts.by_exact,
            "exact_programs": counts.exact_programs,
            "exact_pivots": counts.exact_pivots,
        }

    #: Every decision is.
    proven = True

    @property
    def found(self) -> int:
        """The number of regions found so far."""
        return self._leaves

    @property
    def finished(self) -> bool:
        """Whether all regions have been found."""
        return self._started and not self.stack

    def open_bound(self) -> int:
        """A proven upper bound of the number of regions not found yet, from one for each open cell."""
        if not self._started:
            return open_cell_bounds(self.restriction).whole()
        return self._open.total([self._node_bound(node) for node in self.stack], found=self._leaves)

    def _node_bound(self, node: Node) -> int:
        forms = node.forms
        dimension, before, offset = self.restriction.dimension, 0, 0
        for width in self.restriction.widths[: forms.layer]:
            before = sum(forms.prefix[offset : offset + width])
            dimension = min(dimension, before)
            offset += width
        live = len(node.live)
        active = sum(node.states) - sum(node.states[unit] for unit in node.live)
        return open_cell_bounds(self.restriction).cell(forms.layer, live, active, before, dimension)

    def start_within(
        self,
        rows: Sequence[tuple[LayerForms, int, int]],
        forms: LayerForms,
        states: bytes,
        live: npt.NDArray[np.intp],
        points: Sequence[Witness],
    ) -> None:
        """Explore one cell instead of the whole domain; before the first leaf.

        Parameters
        ----------
        rows : triples (forms, unit, sign)
            What cuts the cell out of the domain.
        forms : LayerForms
            Of the layer that the cell has entered.
        states, live
            Of that layer's units: the states of those that are settled, and those that may cut the cell.
        points : one or more points of the cell
        """
        for row_forms, unit, sign in rows:
            self.cell.push(row_forms, unit, sign)
        signs = np.array([forms.signs(point, self.cell.counts)[live] for point in points], dtype=np.int8)
        self.stack.append(Node(forms, bytearray(states), live, list(points), signs, len(self.cell), None))
        self._started = True

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Find all regions without listing them, or as many as ``stop`` lets."""
        for _ in self.leaves(stop):
            pass

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the regions, one by one, in the tree's order.

        May be left and taken up again: between two nodes ``stack`` holds exactly the cells not yet explored.

        Parameters
        ----------
        stop : callable, optional
            Asked before each node; True ends the iteration there.
        """
        with np.errstate(all="ignore"):
            if not self._started:
                start = Witness.rational(self.restriction.start)
                self._started = True
                if not self.restriction.widths:
                    self._record_leaf(start)
                    self._leaves += 1
                    yield Leaf(b"", start)
                    return
                self.stack.append(self._enter(LayerForms.first(self.restriction, self.cell.box), [start]))
            while self.stack and not stop():
                leaf = self._explore()
                if leaf is not None:
                    self._leaves += 1
                    yield leaf

    def _explore(self) -> Leaf | None:
        """Settle the topmost node, then replace it by its halves, by its next layer, or by a leaf."""
        node = self.stack[-1]
        self.lps.truncate(node.depth)
        if node.split is not None:
            self.cell.push(node.forms, *node.split)
        self._settle(node)
        if len(node.live):
            self._open.split(len(self.stack) - 1, bound=self._node_bound(node), found=self._leaves)
            self.stack[-1:] = self._split(node)
            return None
        states = bytes(node.states)
        if node.forms.layer + 1 < len(self.restriction.widths):
            self.stack[-1] = self._enter(node.forms.next(states), node.points)
            return None
        self.stack.pop()
        self._record_leaf(node.points[0])
        return Leaf(node.forms.prefix + states, node.points[0])

    def _record_leaf(self, witness: Witness) -> None:
        """Record a region by a point of few bits, where rounding leaves it in the cell."""
        if self._recorder is None:
            return
        if not witness.is_float:
            self._recorder.leaf(witness.point.coordinates())
            return
        for kind in (np.float16, np.float32):
            short = witness.x.astype(kind).astype(np.float64)
            if self.cell.contains_certainly(short):
                self._recorder.leaf(short.tolist())
                return
        self._recorder.leaf(witness.x.tolist())

    def _enter(self, forms: LayerForms, points: list[Witness]) -> Node:
        """The node of a cell that enters a layer, units settled that the domain's box alone settles."""
        signs = np.array([forms.signs(point, self.cell.counts) for point in points], dtype=np.int8)
        never_positive = upper_bounds(forms.rows, self.cell.box, 1) <= 0
        peak = upper_bounds(forms.rows, self.cell.box, -1)
        # Nowhere negative and somewhere positive: active. For patterns, zero is inactive and must be excluded too.
        always_active = ((peak <= 0) & (signs > 0).any(axis=0)) if self.cell.open else peak < 0
        linear = self.restriction.linear[forms.layer]
        settled = (never_positive | always_active) & ~linear
        self.cell.counts.by_filter += int(settled.sum())
        live = np.flatnonzero(~(settled | linear))
        states = bytearray((linear | (always_active & ~never_positive)).astype(np.uint8).tobytes())
        if self._recorder is not None:
            if forms.layer:
                self._recorder.enter_layer()
            for unit in np.flatnonzero(settled).tolist():
                self._recorder.settle(unit, states[unit])
        return Node(forms, states, live, points, signs[:, live], len(self.cell), None)

    def _settle(self, node: Node) -> None:
        """Take the units off the live list whose hyperplanes miss the cell; find points on both sides of the rest."""
        positive: BoolArray = np.any(node.signs > 0, axis=0)
        negative: BoolArray = np.any(self._negative(node.signs), axis=0)
        keep = np.ones(len(node.live), dtype=bool)
        for j in np.flatnonzero(~(positive & negative)):
            unit = int(node.live[j])
            if not positive[j] and not self._find(node, unit, 1, positive, negative):
                self._settle_unit(node, unit, 0)
                keep[j] = False
            elif not negative[j] and not self._find(node, unit, -1, positive, negative):
                self._settle_unit(node, unit, 1)
                keep[j] = False
        if not keep.all():
            node.live = node.live[keep]
            node.signs = node.signs[:, keep]

    def _settle_unit(self, node: Node, unit: int, state: int) -> None:
        node.states[unit] = state
        if self._recorder is not None:
            self._recorder.settle(unit, state, list(self.lps.proof), list(self.lps.proof.values()))

    def _find(self, node: Node, unit: int, sign: int, positive: BoolArray, negative: BoolArray) -> bool:
        found = self.lps.find(node.forms, unit, sign, node.points[0])
        if found is None:
            return False
        signs = node.forms.signs(found, self.cell.counts)[node.live]
        node.points.append(found)
        node.signs = np.concatenate([node.signs, signs[None, :]])
        positive |= signs > 0
        negative |= self._negative(signs)
        return True

    def _negative(self, signs: SignArray) -> BoolArray:
        """Which signs lie on the inactive side: zero does so for patterns, and on neither side for regions."""
        return signs < 0 if self.cell.open else signs <= 0

    def _split(self, node: Node) -> list[Node]:
        """Split the node by its first live unit, all of which cut it, and stack both halves.

        Which unit comes first hardly matters: rules that prefer balanced halves or central hyperplanes saved less than
        3 % of the linear programs on networks with 2 to 8 inputs.
        """
        self._splits += 1
        unit = int(node.live[0])
        if self._recorder is not None:
            self._recorder.split(unit)
        signs = node.signs[:, 0]
        halves = []
        for sign, here in ((-1, self._negative(signs)), (1, signs > 0)):
            chosen = np.flatnonzero(here)[-_MAX_POINTS:]
            states = bytearray(node.states)
            states[unit] = sign > 0
            points = [node.points[i] for i in chosen]
            live, rest = node.live[1:], node.signs[chosen, 1:]
            halves.append(Node(node.forms, states, live, points, rest, len(self.cell), (unit, sign)))
        return halves

"""All solutions of the mixed-integer program in one tree over z.

The one-tree idea of Danna, Fenelon, Gu & Wunderling (2007): the branch-and-bound tree is not thrown away at an integer
solution but carried on through it, until every solution is listed. Units' z are fixed in the network's order. Then h
of the units fixed is an affine function of the inputs, so a node's linear program is one in the inputs alone (the
relaxation of the units not yet fixed can't cut it, as any point of it can be completed), and a node is kept if and only
if some pattern begins with its z. The search is compiled (:mod:`polyregions.milp.tree_kernel`); what its float filter
can't decide is decided exactly here. docs/solver_counts.md says what it shares with the splitting counter.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from polyregions.definition import Definition
from polyregions.enumeration import Leaf
from polyregions.exact.cell import LayerForms, Witness
from polyregions.exact.filter import FloatBox, FloatRows, rounded_rows
from polyregions.exact.forward import ForwardPass
from polyregions.exact.pattern import PatternCertifier
from polyregions.exact.restriction import Restriction
from polyregions.milp import tree_kernel
from polyregions.milp.big_m import UnitBounds, interval_bounds
from polyregions.milp.exact_tree import ExactTree, node_bound
from polyregions.milp.parity import ParitySystem
from polyregions.milp.tree_state import ACTIVE, INACTIVE, Level, Phase, empty_sides, new_path
from polyregions.splitting.tableau_filter import evaluate, holds, prepare
from polyregions.splitting.tableau_state import (
    BoxRow,
    Counter,
    FormNumber,
    grown,
    new_forms,
    new_points,
    new_problem,
    new_tableau,
    put_rows,
)

__all__ = ["TreePool"]

#: Leaves that the compiled search may write before they are certified.
_BUFFER = 1024
#: Seconds between two calls of ``stop``, roughly.
_PAUSE = 0.03
_LARGEST_BUDGET = 10**9


class TreePool:
    """The patterns of a restricted network from one tree over the MILP's z, each certified.

    Parameters
    ----------
    restriction : Restriction
        With at least one layer.
    definition : Definition
        PATTERNS: all solutions of the MILP. REGIONS: those of them that have full dimension.
    solver : str
        The LP back end that proposes points to exact decisions.
    bounds : UnitBounds, optional
        Proven ones; default: by interval arithmetic. A unit that they make stable is never branched on.
    parity : ParitySystem, optional
        Only patterns that satisfy it.
    doubt : float, optional
        The share of certified decisions that are made exactly all the same, for tests: no result depends on it.

    Attributes
    ----------
    found : int
        Certified patterns so far.
    rejected : int
        Solutions that proved not to be patterns of this definition.
    """

    #: Every prune is.
    proven = True

    @np.errstate(all="ignore")
    def __init__(
        self,
        restriction: Restriction,
        definition: Definition,
        *,
        solver: str = "highs",
        bounds: UnitBounds | None = None,
        parity: ParitySystem | None = None,
        doubt: float = 0.0,
    ) -> None:
        self.restriction = restriction
        self._definition = definition
        self._box = FloatBox.of(restriction)
        self._units = sum(restriction.widths)
        self._certifier = PatternCertifier(restriction, self._box, definition, solver=solver)
        self._prefixes = PatternCertifier(restriction, self._box, Definition.PATTERNS, solver=solver)
        self._forward = ForwardPass(restriction, self._box)
        self._parity = parity if parity is not None else ParitySystem()
        self._parity.check(self._units)
        self._deciding = {row.units[-1]: row for row in self._parity.rows}
        self._empty = empty_sides(bounds if bounds is not None else interval_bounds(restriction, self._box))
        self._budget = 100_000
        self._ready: deque[tuple[bytes, Witness]] = deque()
        self._forms: list[LayerForms] = []
        self._subtree: ExactTree | None = None
        self._handed_over = self._exact_nodes = 0
        self.found = self.rejected = 0
        compiled = self._allocate(doubt)
        if not self._parity.consistent:
            self._path.counters[Counter.DEPTH] = -1
        elif not compiled:
            # A domain that floats can't hold: nothing to be fast at.
            self._path.counters[Counter.DEPTH] = -1
            self._explore_exactly(b"")

    # -- state -------------------------------------------------------------------------------------------

    def _allocate(self, doubt: float) -> bool:
        """Set up the compiled search; False where it can't be used."""
        restriction, box, widths = self.restriction, self._box, self.restriction.widths
        d, layers, count = restriction.dimension, len(widths), len(restriction.rows)
        most = max(max(widths), count)
        rows = self._units + count
        self._problem = new_problem(restriction, box, is_open=False, certified=True, doubt=doubt, record=False)
        self._rows = new_forms(layers + 1, most, d)
        self._tableau = new_tableau(rows, d)
        self._cell_path = np.zeros((rows, 3), dtype=np.int64)
        self._points = new_points(4 * self._units + 64, layers, most, rows, d)
        words = self._points.signs.shape[3]
        length = self._problem.box.shape[1]
        self._path = new_path(widths, self._parity, self._empty, words=words, length=length, buffer=_BUFFER)
        extent = box.upper - box.lower
        if (
            not d
            or not ((extent > 0) & np.isfinite(extent) & np.isfinite(1.0 / extent)).all()
            or not np.isfinite(box.tiny)
        ):
            return False
        if count:
            self._load(layers, rounded_rows(restriction.rows, 1, box))
            self._cell_path[:count] = [(layers, i, 1) for i in range(count)]
        self._load(0, LayerForms.first(restriction, box).rows)
        return self._start(count)

    def _start(self, rows: int) -> bool:
        """Enter the first layer; False where no float point of the domain is certain."""
        problem, forms, points, path = self._problem, self._rows, self._points, self._path
        points.x[0, : self.restriction.dimension] = Witness.rational(self.restriction.start).x
        inputs = (problem.box, problem.constants, forms.a, forms.numbers, self._cell_path, points.x, points.rows)
        if not holds(*inputs, 0, rows):
            return False
        path.counters[Counter.POINTS] = 1
        level = path.levels[0]
        level[Level.PHASE], level[Level.ROWS], level[Level.KNOWN] = Phase.TIGHTEN, rows, 1
        level[Level.EMPTY], level[Level.PENDING] = path.units[0, 3], -1
        self._evaluate(0, 0, 0)
        return True

    def _load(self, slot: int, rows: FloatRows) -> None:
        problem, forms = self._problem, self._rows
        put_rows(forms, slot, rows)
        prepare(problem.box, problem.constants, forms.a, forms.scaled, forms.numbers, slot, len(rows))

    def _evaluate(self, point: int, layer: int, level: int) -> None:
        forms, points = self._rows, self._points
        arrays = (self._problem.constants, forms.a, forms.numbers, points.x, points.values, points.signs)
        evaluate(*arrays, point, layer, self._path.live, level)

    # -- what is known -----------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether the tree is explored and everything found has been given."""
        searched = self._path.counters[Counter.DEPTH] < 0 and self._subtree is None
        return bool(searched and not self._ready and not self._path.counters[Counter.BUFFERED])

    def statistics(self) -> dict[str, Any]:
        """What was done so far; ``handed_over`` counts the subtrees explored without floats."""
        counters, exact = self._path.counters, (self._certifier.counts, self._prefixes.counts)
        return {
            "pool": "tree",
            "leaves": self.found,
            "rejected": self.rejected,
            "nodes": int(counters[Counter.SPLITS]) + self._exact_nodes + (self._subtree.nodes if self._subtree else 0),
            "linear_programs": int(counters[Counter.PROGRAMS]),
            "pivots": int(counters[Counter.PIVOTS]),
            "decisions_by_filter": int(counters[Counter.BY_FILTER]),
            "decisions_by_exact": sum(c.by_exact for c in exact),
            "exact_programs": sum(c.exact_programs for c in exact),
            "exact_pivots": sum(c.exact_pivots for c in exact),
            "handed_over": self._handed_over,
        }

    def open_bound(self) -> int:
        """A proven upper bound of the number of patterns not given yet, from one for each open node."""
        rest = len(self._ready) + int(self._path.counters[Counter.BUFFERED])
        if self._subtree is not None:
            rest += self._subtree.open_bound()
        depth = int(self._path.counters[Counter.DEPTH])
        if depth < 0:
            return rest
        levels, states = self._path.levels, self._path.states
        total, found = 0, int(self._path.counters[Counter.FOUND])
        for level in range(depth, -1, -1):
            phase, prefix = levels[level, Level.PHASE], states[:level].tobytes()
            if level == depth and phase in (Phase.ENTER, Phase.TIGHTEN, Phase.ASK):
                total += node_bound(self.restriction, prefix)
            elif phase == Phase.SECOND:
                pending = bytes([levels[level, Level.PENDING]])
                total += node_bound(self.restriction, prefix + pending)
            total = min(total, node_bound(self.restriction, prefix) - (found - int(levels[level, Level.FOUND])))
        return rest + total

    # -- the search --------------------------------------------------------------------------------------

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Find all regions without listing them, or as many as ``stop`` lets."""
        while not self.finished and not stop():
            if self._ready:
                self._ready.popleft()
                self.found += 1
            else:
                self._advance()

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the certified patterns; may be left and taken up again.

        Parameters
        ----------
        stop : callable, optional
            Asked before each pattern and every few hundredths of a second; True ends the iteration there.
        """
        while not self.finished and not stop():
            if self._ready:
                leaf = Leaf(*self._ready.popleft())
                self.found += 1
                yield leaf
            else:
                self._advance()

    @np.errstate(all="ignore")
    def _advance(self) -> None:
        """Search on for a moment, and certify what was found."""
        if self._subtree is not None:
            self._advance_exactly(self._subtree)
            return
        start = time.perf_counter()
        arrays = (self._problem, self._rows, self._cell_path, self._points, self._tableau, self._path)
        reason = tree_kernel.search(*arrays, self._budget)
        if reason == tree_kernel.PAUSED:
            elapsed = time.perf_counter() - start
            faster = min(max(_PAUSE / max(elapsed, 1e-6), 0.5), 2.0)
            self._budget = min(int(self._budget * faster) + 1, _LARGEST_BUDGET)
        elif reason == tree_kernel.NEEDS_ROOM:
            self._points = grown(self._points)
        elif reason == tree_kernel.NEEDS_ROWS:
            self._load_exact_rows()
        elif reason == tree_kernel.NEEDS_DECISION:
            self._decide()
        self._certify_leaves()

    def _certify_leaves(self) -> None:
        """Take the leaves out of the buffer: by a forward pass of all at once, the doubtful ones one by one."""
        path, d = self._path, self.restriction.dimension
        count = int(path.counters[Counter.BUFFERED])
        if not count:
            return
        points, states = path.leaf_points[:count, :d].copy(), path.leaf_states[:count]
        sure = self._forward.attain(points, states)
        for point, pattern, certain in zip(points, states, sure.tolist(), strict=True):
            if certain:
                self._ready.append((pattern.tobytes(), Witness(point)))
            else:
                self._certify(pattern.tobytes(), Witness(point))
        path.counters[Counter.BUFFERED] = 0

    def _certify(self, states: bytes, proposal: Witness) -> None:
        witness = self._certifier.certify(states, proposal)
        if witness is not None:
            self._ready.append((states, witness))
        elif self._definition is Definition.PATTERNS:
            raise ArithmeticError("a node proven to hold a pattern was found to hold none")
        else:
            self.rejected += 1

    # -- decisions that floats can't make ----------------------------------------------------------------

    def _decide(self) -> None:
        """Answer the question that the search stopped at, exactly: does a pattern begin with this prefix?"""
        path = self._path
        level, sign = int(path.counters[Counter.DEPTH]), int(path.counters[Counter.SIGN])
        side = ACTIVE if sign > 0 else INACTIVE
        prefix = path.states[:level].tobytes() + bytes([sign > 0])
        witness = self._prefixes.certify(prefix)
        if witness is None:
            path.levels[level, Level.EMPTY] |= side
        elif witness.is_float:
            self._add_point(level, witness, prefix)
        else:
            path.levels[level, Level.SKIP] |= side
            self._explore_exactly(prefix)

    def _add_point(self, level: int, witness: Witness, prefix: bytes) -> None:
        """Give the node a point that was found exactly, with exact signs in its layer."""
        path, points, forms, problem = self._path, self._points, self._rows, self._problem
        layer, unit = path.units[level, :2].tolist()
        new = int(path.counters[Counter.POINTS])
        points.x[new, : self.restriction.dimension] = witness.x
        fractions = (points.x[new] - problem.box[BoxRow.LOWER]) * problem.box[BoxRow.INVERSE]
        for i, (slot, row, sign) in enumerate(self._cell_path[: int(path.levels[level, Level.ROWS])].tolist()):
            value = forms.scaled[slot, row] @ fractions + forms.numbers[slot, row, FormNumber.SCALED_CONSTANT]
            points.rows[new, i] = max(0.0, sign * value)
        self._evaluate(new, layer, level)
        before = prefix[: level - unit]
        values = self.restriction.preactivations(witness.point, layer + 1, before)[-1]
        bits = np.zeros(64 * points.signs.shape[3], dtype=np.uint8)
        bits[: len(values)] = [value > 0 for value in values]
        positive = np.packbits(bits, bitorder="little").view(np.uint64)
        points.signs[layer, new, 1] = positive
        # A unit at 0 is inactive.
        points.signs[layer, new, 0] = ~positive
        path.counters[Counter.POINTS] = new + 1
        path.known[level, path.levels[level, Level.KNOWN]] = new
        path.levels[level, Level.KNOWN] += 1

    def _load_exact_rows(self) -> None:
        """Give the search the correctly rounded forms of the layer that its level enters."""
        path = self._path
        level = int(path.counters[Counter.DEPTH])
        layer = int(path.units[level, 0])
        self._load(layer, self._layer_forms(layer, path.states[:level].tobytes()).rows)
        for point in path.known[level, : path.levels[level, Level.KNOWN]].tolist():
            self._evaluate(point, layer, level)
        path.levels[level, Level.PHASE] = Phase.TIGHTEN

    def _layer_forms(self, layer: int, states: bytes) -> LayerForms:
        """The exact forms of a layer behind the states of all units before it."""
        if not self._forms:
            self._forms.append(LayerForms.first(self.restriction, self._box))
        offset = 0
        for index, width in enumerate(self.restriction.widths[:layer]):
            before, here = self._forms[index], states[offset : offset + width]
            if index + 1 == len(self._forms) or self._forms[index + 1].prefix != before.prefix + here:
                self._forms[index + 1 :] = [before.next(here)]
            offset += width
        return self._forms[layer]

    def _explore_exactly(self, prefix: bytes) -> None:
        """Leave the patterns that begin with a prefix to the tree that holds points as rationals."""
        self._subtree = ExactTree(self._prefixes, prefix, self._sides)
        self._handed_over += 1

    def _advance_exactly(self, subtree: ExactTree) -> None:
        end = time.perf_counter() + _PAUSE
        for states, witness in subtree.leaves(lambda: time.perf_counter() > end):
            self._certify(states, witness)
        if subtree.finished:
            self._path.counters[Counter.FOUND] += subtree.found
            self._exact_nodes += subtree.nodes
            self._subtree = None

    def _sides(self, states: bytes) -> tuple[int, ...]:
        """The states that the next unit may have, by the bounds and the parity system."""
        unit = len(states)
        row = self._deciding.get(unit)
        allowed = (0, 1) if row is None else ((row.right + sum(states[k] for k in row.units[:-1])) % 2,)
        return tuple(state for state in allowed if not self._empty[unit] & (ACTIVE if state else INACTIVE))

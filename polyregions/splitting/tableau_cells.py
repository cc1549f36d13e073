"""The splitting tree at compiled speed, for domains of any dimension: same regions as SplittingTree, same proofs.

The compiled search (:mod:`tableau_search`) makes and certifies nearly all decisions. What its float filter can't decide
is decided here, exactly, and handed back. Where the exact answer is a point that floats can't hold, the cell's whole
subtree goes to :class:`polyregions.splitting.tree.SplittingTree`.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyregions.bounds.open_cells import open_cell_bounds
from polyregions.definition import Definition
from polyregions.enumeration import Leaf
from polyregions.exact.cell import Cell, LayerForms, Witness
from polyregions.exact.filter import FloatBox, FloatRows, rounded_rows
from polyregions.exact.restriction import Restriction
from polyregions.exact.simplex import BasisHint
from polyregions.splitting import tableau_search
from polyregions.splitting.image_kernel import to_image
from polyregions.splitting.image_state import (
    Basis,
    Image,
    copied,
    exact_rows,
    first_image_rows,
    image_box,
    image_of,
    new_image,
)
from polyregions.splitting.tableau_filter import evaluate, holds, prepare
from polyregions.splitting.tableau_parity import add_parity, new_parity
from polyregions.splitting.tableau_record import new_record, tokens
from polyregions.splitting.tableau_state import (
    BoxRow,
    Counter,
    FormNumber,
    Forms,
    LevelColumn,
    Mask,
    NameRow,
    PathColumn,
    Phase,
    Tableau,
    first_points,
    grown,
    new_forms,
    new_points,
    new_problem,
    new_search,
    new_tableau,
    packed,
    popcount,
    put_rows,
    unpacked,
)
from polyregions.splitting.tree import SplittingTree

if TYPE_CHECKING:
    from polyregions.certificate.writer import Recorder

__all__ = ["TableauTree"]

FloatArray = npt.NDArray[np.float64]

#: Leaves that the compiled search may write before they are taken.
_BUFFER = 1024
#: Seconds between two calls of ``stop``, roughly.
_PAUSE = 0.03
#: Nodes of the slow tree between two such questions.
_SUBTREE_STEPS = 20
_NO_LIMIT = 2**62
_LARGEST_BUDGET = 10**9


class TableauTree:
    """Enumerates the regions of a restricted network, each with a witness, every decision proven.

    Parameters
    ----------
    restriction : Restriction
    definition : Definition
    max_regions : int, optional
        Where :meth:`explore` ends.
    certified : bool, optional
        False trusts the compiled code's tolerances, for benchmarks: nothing is proven then.
    doubt : float, optional
        The share of certified decisions that are made exactly all the same, for tests: no result depends on it.
    recorder : Recorder, optional
        Takes down the proof of each decision, for a certificate; of certified searches.

    Notes
    -----
    Memory is O(depth) cells, not O(regions). One linear program per region answers "yes", and the others "no".
    """

    def __init__(
        self,
        restriction: Restriction,
        definition: Definition,
        *,
        max_regions: int | None = None,
        certified: bool = True,
        doubt: float = 0.0,
        recorder: "Recorder | None" = None,
    ) -> None:
        self.restriction = restriction
        self.definition = definition
        self.certified = certified
        self._max_regions = max_regions
        self._doubt = doubt
        self._recorder = recorder
        self._box = FloatBox.of(restriction)
        self._cell = Cell(restriction, self._box, definition)
        self._domain_rows = len(self._cell)
        self._image: Image | None = None
        self._form_box = self._box
        self._forms: list[LayerForms] = []
        self._budget = 100_000
        self._handed_over = 0
        self._taken = 0  # leaves of the buffer that were yielded
        self._subtree: SplittingTree | None = None
        self._record = new_record(0, 0, 0)
        self._parity = new_parity(len(restriction.widths), max(restriction.widths, default=1), 0)
        self._done_stats: dict[str, int] = {}
        with np.errstate(all="ignore"):
            allocated = self._allocate()
        if not allocated:
            # No dimension, no layer, or a domain that floats can't hold: nothing to be fast at.
            self._counters[Counter.DEPTH] = -1
            self._subtree = SplittingTree(restriction, definition, recorder=recorder)
            self._handed_over = 1

    # -- state -------------------------------------------------------------------------------------------

    def _allocate(self) -> bool:
        """Set up the compiled search; False where it can't be used."""
        restriction, box = self.restriction, self._box
        self._counters = np.zeros(Counter.LENGTH, dtype=np.int64)
        if not restriction.widths or not restriction.dimension:
            return False
        extent = box.upper - box.lower
        fine = np.isfinite(extent) & (extent > 0) & np.isfinite(1.0 / extent)
        if not (fine.all() and np.isfinite(box.tiny)):
            return False
        layers, total = len(restriction.widths), sum(restriction.widths)
        units = max(max(restriction.widths), len(restriction.rows))
        d, rows, points = restriction.dimension, total + len(restriction.rows), 4 * units + 64
        self._make_image(points, rows)
        self._problem = new_problem(
            restriction,
            self._form_box,
            is_open=self._cell.open,
            certified=self.certified,
            doubt=self._doubt,
            record=self._recorder is not None,
        )
        n = len(self._form_box.lower)
        self._rows = new_forms(layers + 1, units, n)
        self._path = np.zeros((rows, PathColumn.LENGTH), dtype=np.int64)
        self._points = new_points(points, layers, units, rows, n)
        self._tableau = new_tableau(rows, n)
        self._state = new_search(layers, units, total, d, _BUFFER)
        if self._recorder is not None:
            self._record = new_record(units, rows, d)
        self._counters = self._state.counters
        return self._enter_first()

    def _make_image(self, points: int, rows: int) -> None:
        """Keep forms over the first layer's, where those are fewer than the coordinates and floats can hold all."""
        if not image_of(self.restriction):
            return
        box = image_box(self.restriction, self._box)
        image = new_image(self.restriction, self._box, box, points=points, rows=rows)
        extent = box.upper - box.lower
        arrays = (image.generators, image.weights, image.small, extent, 1.0 / extent, box.tiny)
        if (extent > 0).all() and all(np.isfinite(array).all() for array in arrays):
            self._image, self._form_box = image, box

    def _enter_first(self) -> bool:
        """Enter the first layer; False where no float point of the domain is certain."""
        restriction, state, points = self.restriction, self._state, self._points
        layers, count = len(restriction.widths), len(restriction.rows)
        if count:
            self._load(layers, rounded_rows(restriction.rows, 1, self._box))
            self._path[:count] = [(layers, i, 1) for i in range(count)]
        if self._image is None:
            self._load(0, LayerForms.first(restriction, self._box).rows)
        else:
            self._load(0, first_image_rows(restriction, self._box, self._form_box))
        start = Witness.rational(restriction.start).x
        if not self._box.holds_strictly(start):
            return False
        self._put_point(0, start)
        problem, rows = self._problem, self._rows
        inputs = (problem.box, problem.constants, rows.a, rows.numbers, self._path, points.x, points.rows)
        if not holds(*inputs, 0, count):
            return False
        self._counters[Counter.POINTS] = 1
        state.levels[0, LevelColumn.KNOWN], state.levels[0, LevelColumn.ROWS] = 1, count
        tableau_search.enter_layer(
            self._counters, problem.widths, problem.linear, problem.box, problem.constants, rows.a, rows.numbers,
            points.x, points.values, points.signs, state.levels, state.masks, state.known_points,
            self._record.integers, 0, 0, 0,
        )  # fmt: skip
        return True

    def _put_point(self, index: int, x: FloatArray) -> None:
        """Make a point of the domain one of those known, without its values."""
        if self._image is None:
            self._points.x[index, : len(x)] = x
        else:
            self._image.points[index, : len(x)] = x
            to_image(self._image, self._points.x, index)

    def _load(self, slot: int, rows: FloatRows) -> None:
        problem, forms = self._problem, self._rows
        put_rows(forms, slot, rows)
        prepare(problem.box, problem.constants, forms.a, forms.scaled, forms.numbers, slot, len(rows))

    # -- what is known -----------------------------------------------------------------------------------

    @property
    def proven(self) -> bool:
        """Whether every decision is proven."""
        return self.certified

    @property
    def found(self) -> int:
        """The number of regions found so far."""
        found = int(self._counters[Counter.FOUND]) - self._waiting
        return found + (self._subtree.found if self._subtree is not None else 0)

    @property
    def _waiting(self) -> int:
        """Regions found, written to the buffer, and not yielded yet."""
        return int(self._counters[Counter.BUFFERED]) - self._taken

    @property
    def finished(self) -> bool:
        """Whether all regions have been found."""
        searched = bool(self._counters[Counter.DEPTH] < 0) and not self._waiting
        return searched and (self._subtree is None or self._subtree.finished)

    def statistics(self) -> dict[str, Any]:
        """What was done so far; ``handed_over`` counts the subtrees left to the slow tree."""
        counters, exact = self._counters, self._cell.counts
        total: dict[str, Any] = {
            "cells": "tableau",
            "leaves": self.found,
            "splits": int(counters[Counter.SPLITS]),
            "linear_programs": int(counters[Counter.PROGRAMS]),
            "pivots": int(counters[Counter.PIVOTS]),
            "decisions_by_filter": int(counters[Counter.BY_FILTER]) + exact.by_filter,
            "decisions_by_exact": exact.by_exact,
            "exact_programs": exact.exact_programs,
            "exact_pivots": exact.exact_pivots,
            "handed_over": self._handed_over,
        }
        subtree = self._subtree.statistics() if self._subtree is not None else {}
        for more in (self._done_stats, subtree):
            for name, value in more.items():
                if name not in ("cells", "leaves"):
                    total[name] = total.get(name, 0) + value
        return total

    def open_bound(self) -> int:
        """A proven upper bound of the number of regions not found yet, from one for each open cell."""
        rest = self._subtree.open_bound() if self._subtree is not None else 0
        if self._counters[Counter.DEPTH] < 0:
            return rest + self._waiting
        levels = self._state.levels
        found = self.found + self._waiting
        depth = int(self._counters[Counter.DEPTH])
        total = rest
        if levels[depth, LevelColumn.PHASE] in (Phase.SETTLE, Phase.ENTER):
            total += self._bound(depth, None)
        for level in range(depth, -1, -1):
            # Only a level whose cell was split is other than its child.
            phase = levels[level, LevelColumn.PHASE]
            if phase not in (Phase.SECOND, Phase.DONE) or not self._state.masks[level, Mask.LIVE].any():
                continue
            if phase == Phase.SECOND:
                total += self._bound(level, int(levels[level, LevelColumn.SIGN]))
            total = min(total, self._bound(level, None) - (found - int(levels[level, LevelColumn.FOUND])))
        return total + self._waiting

    def _bound(self, level: int, half: int | None) -> int:
        """The bound of a level's cell, or of that half of it."""
        state = self._state
        layer = int(state.levels[level, LevelColumn.LAYER])
        dimension, before = self.restriction.dimension, 0
        for index in range(layer):
            before = popcount(state.prefix[index])
            dimension = min(dimension, before)
        live, active = popcount(state.masks[level, Mask.LIVE]), popcount(state.masks[level, Mask.ACTIVE])
        if half is not None:
            live, active = live - 1, active + (half > 0)
        return open_cell_bounds(self.restriction).cell(layer, live, active, before, dimension)

    # -- the search --------------------------------------------------------------------------------------

    def require(self, units: Sequence[tuple[int, int]], right: int) -> None:
        """Search from now on only where the states of units (layer, number in it) sum to ``right`` modulo 2.

        Subtrees left to the slow tree are not pruned: whoever requires anything looks at the leaves again.
        """
        self._parity = add_parity(self._parity, units, right)

    def leaves(self, stop: Callable[[], bool] = lambda: False, *, ahead: bool = True) -> Iterator[Leaf]:
        """Yield the regions, one by one; may be left and taken up again.

        Parameters
        ----------
        stop : callable, optional
            Asked before each region and every few hundredths of a second; True ends the iteration there.
        ahead : bool, optional
            False searches no further than to the next region, for callers that :meth:`require` something of later ones.
        """
        while not self.finished and not stop():
            if self._waiting:
                leaf = self._leaf(self._taken)
                self._taken += 1
                if self._taken == self._counters[Counter.BUFFERED]:
                    self._taken = self._counters[Counter.BUFFERED] = 0
                yield leaf
            elif self._subtree is not None:
                yield from self._subtree.leaves(stop)
                self._close_subtree()
            else:
                self._search(_NO_LIMIT if ahead else int(self._counters[Counter.FOUND]) + 1, keep=True)

    def explore(self, stop: Callable[[], bool] = lambda: False, *, at_most: int | None = None) -> None:
        """Search on without making leaves, until finished or stopped, or ``at_most`` regions in all are found."""
        at_most = self._max_regions if at_most is None else at_most
        self._taken = self._counters[Counter.BUFFERED] = 0
        try:
            self._explore(stop, at_most)
        finally:
            self._flush_record()

    def _explore(self, stop: Callable[[], bool], at_most: int | None) -> None:
        while not self.finished and not stop() and (at_most is None or self.found < at_most):
            if self._subtree is not None:
                for _ in self._subtree.leaves(stop):
                    if at_most is not None and self.found >= at_most:
                        break
                self._close_subtree()
            else:
                most = _NO_LIMIT if at_most is None else at_most
                self._search(most, keep=False)

    def advance(self, most: int | None = None) -> bool:
        """Count some milliseconds further, ``most`` regions more at most; False once all is found."""
        self._taken = self._counters[Counter.BUFFERED] = 0
        if self.finished:
            return False
        at_most = _NO_LIMIT if most is None else self.found + most
        if self._subtree is None:
            self._search(at_most, keep=False)
        else:
            steps = iter(range(_SUBTREE_STEPS))
            self._subtree.explore(lambda: self.found >= at_most or next(steps, None) is None)
            self._close_subtree()
        return True

    def give(self) -> "TableauTree | None":
        """A tree of its own for the lowest open cell, which this one then leaves out; None if there is but one."""
        depth = int(self._counters[Counter.DEPTH])
        if depth < 0:
            return None
        mine = self._state
        waiting = np.flatnonzero(mine.levels[:depth, LevelColumn.PHASE] == Phase.SECOND)
        if not len(waiting):
            return None
        level = int(waiting[0])
        part = copy(self)
        part._cell = Cell(self.restriction, self._box, self.definition)
        part._forms, part._subtree, part._done_stats = [], None, {}
        part._handed_over = part._taken = 0
        # Forms of the layers that the cell has entered, and rows and points of it, are those of the path.
        part._rows = Forms._make(array.copy() for array in self._rows)
        part._path = self._path.copy()
        count = int(mine.levels[level + 1, LevelColumn.POINTS])
        part._points = first_points(self._points, count)
        if self._image is not None:
            part._image = copied(self._image, len(self._image.points))
        part._tableau = Tableau._make(np.zeros_like(array) for array in self._tableau)
        part._state = mine._replace(
            counters=np.zeros_like(mine.counters),
            levels=mine.levels.copy(),
            masks=mine.masks.copy(),
            known_points=mine.known_points.copy(),
            prefix=mine.prefix.copy(),
            leaf_states=np.zeros_like(mine.leaf_states),
            leaf_points=np.zeros_like(mine.leaf_points),
        )
        part._counters = part._state.counters
        part._counters[[Counter.DEPTH, Counter.POINTS]] = level, count
        part._state.levels[:, LevelColumn.FOUND] = 0
        mine.levels[level, LevelColumn.PHASE] = Phase.DONE
        return part

    def _close_subtree(self) -> None:
        subtree = self._subtree
        if subtree is None or not subtree.finished:
            return
        self._counters[Counter.FOUND] += subtree.found
        for name, value in subtree.statistics().items():
            if name != "cells":
                self._done_stats[name] = self._done_stats.get(name, 0) + value
        self._subtree = None

    def _search(self, most: int, keep: bool) -> None:
        """Let the compiled search run until it needs something, and give it that."""
        start = time.perf_counter()
        arrays = (self._problem, self._rows, self._path, self._points, self._tableau, self._state, self._record)
        plain = True if self._image is None else None
        reason = tableau_search.search(
            *arrays, self._parity, self._image, plain, self.restriction.dimension, self._budget, most, keep
        )
        if reason == tableau_search.PAUSED:
            elapsed = time.perf_counter() - start
            faster = min(max(_PAUSE / max(elapsed, 1e-6), 0.5), 2.0)
            self._budget = min(int(self._budget * faster) + 1, _LARGEST_BUDGET)
        elif reason == tableau_search.NEEDS_ROOM:
            self._points = grown(self._points)
            if self._image is not None:
                self._image = copied(self._image, len(self._points.x))
        elif reason == tableau_search.RECORD_FULL:
            self._flush_record()
        elif reason == tableau_search.NEEDS_ROWS:
            level = int(self._counters[Counter.DEPTH])
            layer = int(self._state.levels[level, LevelColumn.LAYER]) + 1
            with np.errstate(all="ignore"):
                self._load(layer, self._rounded_rows(layer))
        elif reason == tableau_search.NEEDS_DECISION:
            with np.errstate(all="ignore"):
                self._decide()

    def _leaf(self, index: int) -> Leaf:
        states = b"".join(
            unpacked(words, width)
            for words, width in zip(self._state.leaf_states[index], self.restriction.widths, strict=True)
        )
        return Leaf(states, Witness(self._state.leaf_points[index, : self.restriction.dimension].copy()))

    def _flush_record(self) -> None:
        """Hand what the search wrote down to the recorder."""
        if self._recorder is not None and self._counters[Counter.INTEGERS]:
            self._recorder.tokens(*tokens(self._record, self._counters, self.restriction.dimension))

    # -- decisions that floats can't make ----------------------------------------------------------------

    def _layer_forms(self, layer: int) -> LayerForms:
        """The exact forms of a layer on the present cell."""
        if not self._forms:
            self._forms.append(LayerForms.first(self.restriction, self._box))
        for index in range(layer):
            states = unpacked(self._state.prefix[index], self.restriction.widths[index])
            before = self._forms[index]
            if index + 1 < len(self._forms) and self._forms[index + 1].prefix == before.prefix + states:
                continue
            self._forms[index + 1 :] = [before.next(states)]
        return self._forms[layer]

    def _rounded_rows(self, layer: int) -> FloatRows:
        """The forms of a layer on the present cell with the least errors."""
        forms = self._layer_forms(layer)
        if self._image is None:
            return forms.rows
        return exact_rows(self.restriction, self._box, self._form_box, layer, forms.prefix, forms.scale)

    def _path_rows(self, level: int) -> list[tuple[LayerForms, int, int]]:
        path, first, last = self._path, self._domain_rows, int(self._state.levels[level, LevelColumn.ROWS])
        return [(self._layer_forms(slot), unit, sign) for slot, unit, sign in path[first:last].tolist()]

    def _decide(self) -> None:
        """Answer the question that the search stopped at, exactly."""
        state, counters, cell = self._state, self._counters, self._cell
        level = int(counters[Counter.DEPTH])
        unit, sign = int(counters[Counter.UNIT]), int(counters[Counter.SIGN])
        rows = self._path_rows(level)
        cell.truncate(self._domain_rows)
        for row in rows:
            cell.push(*row)
        forms = self._layer_forms(int(state.levels[level, LevelColumn.LAYER]))
        inside = self._witness(int(counters[Counter.INSIDE]))
        cell.counts.by_exact += 1
        found = cell.decide(forms, unit, sign, inside, self._hint())
        word, bit = unit >> 6, np.uint64(1 << (unit & 63))
        if not isinstance(found, Witness):
            state.masks[level, Mask.LIVE, word] &= ~bit
            if sign < 0:
                state.masks[level, Mask.ACTIVE, word] |= bit
            if self._recorder is not None:
                self._flush_record()
                proof = cell.unscaled(forms, found.multipliers)
                self._recorder.settle(unit, int(sign < 0), list(proof), list(proof.values()))
        elif found.is_float:
            self._add_point(level, found, forms.signs(found, cell.counts))
        else:
            self._hand_over(level, forms, found, rows)

    def _hint(self) -> BasisHint:
        """The basis that the search's linear program ended with."""
        if self._image is not None:
            size = int(self._image.basis[Basis.SIZE, 0])
            tight, basic = self._image.basis[[Basis.TIGHT, Basis.BASIC], :size].tolist()
            return BasisHint(tuple(tight), tuple(basic))
        names, length = self._tableau.names, self._problem.box.shape[1]
        count = int(self._state.levels[self._counters[Counter.DEPTH], LevelColumn.ROWS])
        tight = [int(name) - length for name in names[NameRow.COLUMN, :length] if name >= length]
        basic = [int(name) for name in names[NameRow.ROW, :count] if name < length]
        return BasisHint(tuple(tight), tuple(basic))

    def _witness(self, point: int) -> Witness:
        points = self._points.x if self._image is None else self._image.points
        return Witness(points[point, : self.restriction.dimension].copy())

    def _add_point(self, level: int, witness: Witness, signs: npt.NDArray[np.int8]) -> None:
        """Give the cell a point that was found exactly, with exact signs."""
        state, points, layer = self._state, self._points, int(self._state.levels[level, LevelColumn.LAYER])
        new = int(self._counters[Counter.POINTS])
        self._put_point(new, witness.x)
        problem, forms = self._problem, self._rows
        fractions = (points.x[new] - problem.box[BoxRow.LOWER]) * problem.box[BoxRow.INVERSE]
        for i, (slot, unit, sign) in enumerate(self._path[: int(state.levels[level, LevelColumn.ROWS])].tolist()):
            value = forms.scaled[slot, unit] @ fractions + forms.numbers[slot, unit, FormNumber.SCALED_CONSTANT]
            points.rows[new, i] = sign * value
        arrays = (problem.constants, forms.a, forms.numbers, points.x, points.values, points.signs)
        evaluate(*arrays, new, layer, state.masks, level)
        negative = signs < 0 if self._cell.open else signs <= 0
        for side, wanted in enumerate((negative, signs > 0)):
            points.signs[layer, new, side] = packed(wanted, points.signs.shape[3])
        self._counters[Counter.POINTS] = new + 1
        state.known_points[level, state.levels[level, LevelColumn.KNOWN]] = new
        state.levels[level, LevelColumn.KNOWN] += 1

    def _hand_over(self, level: int, forms: LayerForms, found: Witness, rows: list[Any]) -> None:
        """Leave the rest of the cell's subtree to the slow tree, which holds points as rationals."""
        state = self._state
        width = self.restriction.widths[forms.layer]
        live = np.flatnonzero(np.frombuffer(unpacked(state.masks[level, Mask.LIVE], width), dtype=np.uint8))
        known = [self._witness(int(p)) for p in state.known_points[level, : state.levels[level, LevelColumn.KNOWN]]]
        states = unpacked(state.masks[level, Mask.ACTIVE], width)
        self._flush_record()
        self._subtree = SplittingTree(self.restriction, self.definition, recorder=self._recorder)
        self._subtree.start_within(rows, forms, bytes(states), live, [*known, found])
        self._handed_over += 1
        # The search goes on above this cell.
        state.masks[level, Mask.LIVE] = 0
        state.levels[level, LevelColumn.PHASE] = Phase.DONE

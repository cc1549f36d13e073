"""A population of cells that goes down the splitting tree unit by unit, every decision proven.

The compiled steps (:mod:`descent_kernel`) decide nearly always. What their float filter can't decide is decided here,
exactly; a cell of which only a rational point is known goes on as an exact cell (:mod:`exact_cells`).
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.definition import Definition
from polyregions.exact.cell import Cell, LayerForms, Witness
from polyregions.exact.filter import FloatRows
from polyregions.exact.restriction import Restriction
from polyregions.sampling import descent_kernel
from polyregions.sampling.deep_points import deep_point
from polyregions.sampling.descent_state import Population, new_population
from polyregions.sampling.exact_cells import Decider, ExactCell
from polyregions.sampling.exact_moves import ExactMoves
from polyregions.splitting.image_state import Image, Small, exact_rows
from polyregions.splitting.lp_cells import LPCells
from polyregions.splitting.tableau_cells import TableauTree
from polyregions.splitting.tableau_filter import evaluate, prepare
from polyregions.splitting.tableau_state import (
    BoxRow,
    Counter,
    FormNumber,
    Forms,
    Mask,
    PathColumn,
    Problem,
    Tableau,
    packed,
    put_rows,
    unpacked,
)

__all__ = ["Descent", "Stopped", "View"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Cells that are settled between two questions whether to stop.
_CHUNK = 16
#: Which of the tree's own points is work space; the first one is where descents start.
_SCRATCH = 1


class Stopped(Exception):
    """A descent was stopped before its end."""


class View(NamedTuple):
    """The arrays of a population, for guides.

    ``dimension`` of the coordinates that forms are over, ``inputs`` of the box; one of ``image`` and ``plain`` is None.
    """

    counters: IntArray
    problem: Problem
    population: Population
    tableau: Tableau
    image: Image | None
    plain: bool | None
    masks: npt.NDArray[np.uint64]
    dimension: int
    inputs: int


class Descent(TableauTree):
    """Cells of the splitting tree, all at the same unit, in the order of the tree.

    Takes over from :class:`TableauTree` how the domain, the first layer and the linear programs are set up.

    Parameters
    ----------
    restriction : Restriction
    definition : Definition
    cells : int
        How many there are at most after :meth:`go_on`.
    doubt : float, optional
        As for TableauTree, for tests.
    exact : bool, optional
        Use exact cells alone, for tests.
    """

    def __init__(
        self, restriction: Restriction, definition: Definition, *, cells: int, doubt: float = 0.0, exact: bool = False
    ) -> None:
        super().__init__(restriction, definition, doubt=doubt)
        self._exact = exact or self._subtree is not None
        self._slots = cells + 4
        self._slow: dict[int, ExactCell] = {}
        self._decider = Decider(Cell(restriction, self._box, definition))
        self._lps = LPCells(self._cell)
        self._moves: ExactMoves | None = None
        self._deep_programs = 0
        self._order: list[int] = []
        self._layer = 0
        self._asked: list[tuple[int, int]] = []
        if not self._exact:
            self._population = self._new_population()
        self._masks = np.zeros((1, Mask.LENGTH, -(-max(restriction.widths, default=1) // 64)), dtype=np.uint64)

    def _new_population(self) -> Population:
        """Slots with the first layer's forms and the domain's rows."""
        forms, points = self._rows, self._points
        layers, units = forms.a.shape[0] - 1, forms.a.shape[1]
        inputs = 0 if self._image is None else self.restriction.dimension
        dimension = len(self._form_box.lower)
        population = new_population(self._slots, layers, units, len(self._path), dimension, inputs)
        for many, one in zip((population.a, population.scaled, population.numbers), forms, strict=True):
            many[:, 0], many[:, layers] = one[0], one[layers]
        population.path[:, : self._domain_rows] = self._path[: self._domain_rows]
        population.rows[:, 0] = points.rows[0]
        return population

    # -- what a probe asks for ---------------------------------------------------------------------------

    @property
    def widths(self) -> tuple[int, ...]:
        """Units per layer."""
        return self.restriction.widths

    def __len__(self) -> int:
        return len(self._order)

    def first_forms(self) -> LayerForms:
        """The first layer's forms, made once."""
        if not self._forms:
            self._forms.append(LayerForms.first(self.restriction, self._box))
        return self._forms[0]

    def allow_moves(self) -> None:
        """From now on every unit asked about is a row of all cells, which must all ask about the same ones."""
        self._moves = ExactMoves(self.restriction, self._box)

    @property
    def domain_rows(self) -> int:
        """How many rows the domain has; those of units stand behind them, in the order in which they were asked."""
        return self._domain_rows

    @property
    def asked(self) -> int:
        """How many units can be crossed by a move: those asked about, but for linear ones."""
        return len(self._asked)

    @property
    def layer(self) -> int:
        """The layer that all cells are in."""
        return self._layer

    @property
    def slots(self) -> list[int]:
        """Where the cells are, in order."""
        return self._order

    @property
    def fast_slots(self) -> IntArray:
        """The slots of the cells that are not exact ones."""
        return np.array([slot for slot in self._order if slot not in self._slow], dtype=np.int64)

    @property
    def view(self) -> "View | None":
        """The arrays of the compiled cells; None if all are exact."""
        if self._exact:
            return None
        image = self._image
        return View(
            self._counters, self._problem, self._population, self._tableau, image, True if image is None else None,
            self._masks, len(self._form_box.lower), self.restriction.dimension,
        )  # fmt: skip

    def start(self) -> None:
        """Go back to the whole domain as the only cell, before the first layer."""
        self._order, self._slow, self._layer, self._asked = [0], {}, -1, []
        if self._image is not None:
            # Which points programs find depends on where they start, and guides on the points.
            self._image.last[:] = 0
        if not self._exact:
            population = self._population
            population.known[0], population.length[0] = 1, self._domain_rows
            population.x[0, 0] = self._points.x[0]
            population.rows[0, 0] = self._points.rows[0]
            if self._image is not None:
                population.full[0, 0] = self._image.points[0]

    def enter(self) -> None:
        """Let all cells enter the next layer."""
        self._layer += 1
        with np.errstate(all="ignore"):
            if self._exact and not self._layer:
                forms = self.first_forms()
                start = Witness.rational(self.restriction.start)
                signs = forms.signs(start, self._decider.counts)
                self._slow[0] = ExactCell((), forms, bytearray(self.widths[0]), [start], [signs])
                return
            for slot, cell in self._slow.items():
                self._slow[slot] = cell.next(self._decider.counts)
            self._enter_compiled()

    def _enter_compiled(self) -> None:
        self._make_live()
        slots, first, given = self.fast_slots, 0, -1
        while first < len(slots):
            first = descent_kernel.enter(self._problem, self._population, self._masks, slots, first, given, self._layer)
            if first < len(slots):
                given = first
                self._load_exact_rows(int(slots[first]))

    def settle(self, unit: int, stop: Callable[[], bool] = lambda: False, proven: IntArray | None = None) -> IntArray:
        """What a unit of the layer can be on each cell: -1 inactive, 1 active, 0 both.

        Parameters
        ----------
        unit : int
            Not asked about before.
        proven : (slots,) array, optional
            Answers that are proven already, or 0.

        Raises
        ------
        Stopped
            If ``stop``, asked now and then, says so.
        """
        answers = np.ones(len(self._order), dtype=np.int64)
        if self.restriction.linear[self._layer][unit]:
            return answers
        with np.errstate(all="ignore"):
            fast = self.fast_slots
            if proven is not None:
                self._population.answers[fast] = proven[fast]
                fast = fast[proven[fast] == 0]
            for start in range(0, len(fast), _CHUNK):
                if stop():
                    raise Stopped
                self._settle_compiled(fast[start : start + _CHUNK], unit)
            for i, slot in enumerate(self._order):
                if slot not in self._slow:
                    answers[i] = self._population.answers[slot]
                elif stop():
                    raise Stopped
                else:
                    answers[i] = self._decider.settle(self._slow[slot], unit)
        return answers

    def go_on(self, unit: int, answers: IntArray, chosen: Sequence[tuple[int, int]]) -> None:
        """Keep the chosen parts of the cells.

        Parameters
        ----------
        unit, answers : of :meth:`settle`
        chosen : pairs (index of the cell, state -1 or 1), in order of the index
        """
        taken = {self._order[i] for i, _ in chosen}
        free = iter([slot for slot in range(self._slots) if slot not in taken])
        order: list[int] = []
        is_row = self._moves is not None and not self.restriction.linear[self._layer][unit]
        if is_row:
            self._asked.append((self._layer, unit))
            self._freeze(unit, chosen)
        copied, copies, fast, states, splits, slow = [], [], [], [], [], {}
        previous = -1
        for i, state in chosen:
            slot = source = self._order[i]
            if i == previous:
                slot = next(free)
            previous = i
            order.append(slot)
            is_split = bool(answers[i] == 0)
            if source in self._slow:
                slow[slot] = self._slow[source].half(unit, state, split=is_split, is_open=self._cell.open)
                continue
            if slot != source:
                copied.append(source)
                copies.append(slot)
            fast.append(slot)
            states.append(state)
            splits.append(int(is_split or is_row))
        self._order, self._slow = order, slow
        if fast:
            descent_kernel.branch(
                self._problem, self._population, _integers(copied), _integers(copies), _integers(fast),
                _integers(states), _integers(splits), self._layer, unit,
            )  # fmt: skip

    def move(
        self,
        choices: IntArray,
        coins: FloatArray,
        favoured: IntArray,
        ratios: FloatArray,
        compiled: Callable[[int, IntArray, FloatArray, int], int],
        take_up: Callable[[int], bool],
        stop: Callable[[], bool],
    ) -> None:
        """Let cells move to neighbours through their facets.

        Every cell takes proposals one after the other. Each is a unit that was asked about: the cell becomes the one
        behind its facet on that unit's boundary, if it has one (:class:`ExactMoves` says what that is). A move away
        from the favoured sign of a first-layer unit is made only with its probability.

        Parameters
        ----------
        choices, coins : (cells, proposals) arrays
            Numbers below :attr:`asked`; numbers in [0, 1), which have to be below the ratio.
        favoured, ratios : (n_1,) arrays
            Signs, and probabilities.
        compiled : callable
            Takes proposals of the cell in a slot from one on, and returns the first that it can't decide, or how many
            there are; minus 1 minus that if it is for want of the cell's centre.
        take_up : callable
            Makes the cell in a slot a compiled one, from its states, its rows and one point; whether it did.

        Raises
        ------
        Stopped
            If ``stop``, asked now and then, says so.
        """
        with np.errstate(all="ignore"):
            for slot, own, chances in zip(self._order, choices, coins, strict=True):
                if stop():
                    raise Stopped
                done, deepened = 0, -1
                while done < len(own):
                    if slot not in self._slow:
                        done = compiled(slot, own, chances, done)
                    if done < 0:
                        done = ~done
                        if deepened < done < len(own):
                            is_found = self._deepen(slot, take_up)
                            # Tried once for a proposal; where it failed, not for the next ones either.
                            deepened = done if is_found else len(own)
                            if is_found:
                                continue
                    if done < len(own):
                        layer, unit = self._asked[own[done]]
                        leaves = layer == 0 and self._state_of(slot, layer, unit) == favoured[unit]
                        if not leaves or chances[done] < ratios[unit]:
                            self._move_exactly(slot, int(own[done]), take_up)
                        done += 1

    def active(self, width: int) -> npt.NDArray[np.bool_]:
        """Which of the first ``width`` first-layer units are active on each cell, (cells, width)."""
        prefixes = [self._slow[slot].prefix if slot in self._slow else None for slot in self._order]
        rows = [
            unpacked(self._population.states[slot, 0], width) if prefix is None else prefix[:width]
            for slot, prefix in zip(self._order, prefixes, strict=True)
        ]
        return np.array([np.frombuffer(row, dtype=np.uint8) for row in rows]).astype(np.bool_)

    def _state_of(self, slot: int, layer: int, unit: int) -> int:
        if slot in self._slow:
            start = sum(self.widths[:layer]) + unit
            return 1 if self._slow[slot].prefix[start] else -1
        word = int(self._population.states[slot, layer, unit >> 6])
        return 1 if word >> (unit & 63) & 1 else -1

    def distinct(self) -> int:
        """How many different cells there are."""
        if not self.widths:
            return len(self._order)
        patterns = set()
        for slot in self._order:
            if slot in self._slow:
                patterns.add(self._slow[slot].prefix)
            else:
                layers = zip(self._population.states[slot], self.widths, strict=True)
                patterns.add(b"".join(bytes(unpacked(states, width)) for states, width in layers))
        return len(patterns)

    def statistics(self) -> dict[str, Any]:
        """What was done so far, by name."""
        counts, counters = self._cell.counts, self._counters
        exact = [counts, self._decider.counts, *([self._moves.counts] if self._moves else [])]
        programs = self._lps.programs + self._decider.programs + (self._moves.programs if self._moves else 0)
        programs += self._deep_programs
        return {
            "linear_programs": int(counters[Counter.PROGRAMS]) + programs,
            "pivots": int(counters[Counter.PIVOTS]),
            "decisions_by_filter": int(counters[Counter.BY_FILTER]) + sum(one.by_filter for one in exact),
            "decisions_by_exact": sum(one.by_exact for one in exact),
            "handed_over": self._handed_over,
            **({"moves": int(counters[Counter.MOVES])} if self._moves else {}),
        }

    # -- compiled cells ----------------------------------------------------------------------------------

    def _make_live(self) -> None:
        """Make all units of the layer those that points are evaluated at."""
        self._masks[0, Mask.LIVE] = packed(np.ones(self.widths[self._layer]), self._masks.shape[2])

    def _settle_compiled(self, slots: IntArray, unit: int) -> None:
        plain = True if self._image is None else None
        first = 0
        while True:
            first = descent_kernel.settle(
                self._counters, self._problem, self._population, self._tableau, self._image, plain,
                self._masks, slots, first, self._layer, unit,
            )  # fmt: skip
            if first == len(slots):
                return
            slot = int(slots[first])
            if self._decide_exactly(slot, unit):
                first += 1

    def _prefix_forms(self, slot: int) -> list[LayerForms]:
        """The exact forms of the layers that a cell has entered."""
        self.first_forms()
        for layer in range(self._layer):
            states = unpacked(self._population.states[slot, layer], self.widths[layer])
            before = self._forms[layer]
            if layer + 1 >= len(self._forms) or self._forms[layer + 1].prefix != before.prefix + states:
                self._forms[layer + 1 :] = [before.next(states)]
        return self._forms

    def _load_exact_rows(self, slot: int) -> None:
        """Give a cell the forms of its layer with the least errors."""
        forms = self._prefix_forms(slot)[self._layer]
        rows: FloatRows = forms.rows
        if self._image is not None:
            rows = exact_rows(self.restriction, self._box, self._form_box, self._layer, forms.prefix, forms.scale)
        population, problem = self._population, self._problem
        own = Forms(population.a[slot], population.scaled[slot], population.numbers[slot])
        put_rows(own, self._layer, rows)
        prepare(problem.box, problem.constants, own.a, own.scaled, own.numbers, self._layer, len(rows))

    def _decide_exactly(self, slot: int, unit: int) -> bool:
        """Answer the question that the compiled step stopped at; whether that settles the unit."""
        population, cell, domain_rows = self._population, self._cell, self._domain_rows
        sign = int(self._counters[Counter.SIGN])
        chain = self._prefix_forms(slot)
        forms = chain[self._layer]
        count = int(population.length[slot])
        rows = tuple((chain[s], u, int(v)) for s, u, v in population.path[slot, domain_rows:count].tolist())
        self._lps.truncate(domain_rows)
        for row in rows:
            cell.push(*row)
        inside = self._known_point(slot, int(self._counters[Counter.INSIDE]))
        # The solver's program first: it does better where many rows meet, and its basis helps the exact one.
        found = self._lps.find(forms, unit, sign, inside)
        if found is None:
            population.answers[slot] = -sign
            return True
        if found.is_float:
            self._add_exact_point(slot, found, forms.signs(found, cell.counts))
            return False
        self._hand_over_cell(slot, [found])
        return True

    def _hand_over_cell(self, slot: int, points: Sequence[Witness] = ()) -> None:
        """Go on with a compiled cell as an exact one, with these points besides those known."""
        population, chain, layer = self._population, self._prefix_forms(slot), self._layer
        path = population.path[slot, self._domain_rows : int(population.length[slot])].tolist()
        rows = tuple((chain[s], u, int(v)) for s, u, v in path)
        states = bytearray(unpacked(population.states[slot, layer], self.widths[layer]))
        points = [*(self._known_point(slot, k) for k in range(int(population.known[slot]))), *points]
        signs = [chain[layer].signs(point, self._cell.counts) for point in points]
        self._slow[slot] = ExactCell(rows, chain[layer], states, points, signs)
        self._handed_over += 1

    def _known_point(self, slot: int, k: int) -> Witness:
        points = self._population.x if self._image is None else self._population.full
        return Witness(points[slot, k, : self.restriction.dimension].copy())

    def _add_exact_point(self, slot: int, witness: Witness, signs: npt.NDArray[np.int8]) -> None:
        """Give a cell a point that was found exactly, with exact signs."""
        population, problem, layer = self._population, self._problem, self._layer
        new = int(population.known[slot])
        self._put_point_of(slot, new, witness.x)
        fractions = (population.x[slot, new] - problem.box[BoxRow.LOWER]) * problem.box[BoxRow.INVERSE]
        count = int(population.length[slot])
        path = population.path[slot, :count]
        s, u = path[:, PathColumn.SLOT], path[:, PathColumn.UNIT]
        scaled, numbers = population.scaled[slot], population.numbers[slot]
        population.rows[slot, new, :count] = path[:, PathColumn.SIGN] * (
            scaled[s, u] @ fractions + numbers[s, u, FormNumber.SCALED_CONSTANT]
        )
        arrays = (population.a[slot], numbers, population.x[slot], population.values[slot], population.signs[slot])
        evaluate(problem.constants, *arrays, new, layer, self._masks, 0)
        negative = signs < 0 if self._cell.open else signs <= 0
        for side, wanted in enumerate((negative, signs > 0)):
            population.signs[slot, layer, new, side] = packed(wanted, population.signs.shape[4])
        population.known[slot] = new + 1

    # -- moves -------------------------------------------------------------------------------------------

    def _freeze(self, unit: int, chosen: Sequence[tuple[int, int]]) -> None:
        """Go on exactly with cells of which no known point is certainly on the side that they are to take."""
        signs, word, bit = self._population.signs, unit >> 6, np.uint64(1 << (unit & 63))
        for i, state in chosen:
            slot = self._order[i]
            if slot not in self._slow:
                known = int(self._population.known[slot])
                if not (signs[slot, self._layer, :known, int(state > 0), word] & bit).any():
                    self._hand_over_cell(slot)

    def _move_exactly(self, slot: int, choice: int, take_up: Callable[[int], bool]) -> None:
        assert self._moves is not None
        layer, known = self._layer, self._slow.get(slot)
        if known is None:
            chain = list(self._prefix_forms(slot)[: layer + 1])
            points = [self._known_point(slot, k) for k in range(int(self._population.known[slot]))]
            last = unpacked(self._population.states[slot, layer], self.widths[layer])
        else:
            chain, points, last = self._chain(known.forms), known.points, bytes(known.states)
        states = [*_split(chain[-1].prefix, self.widths), last]
        found = self._moves.neighbour(chain, states, self._asked, choice, points)
        if found is None:
            return
        chain, states, point = found
        self._counters[Counter.MOVES] += 1
        self._slow.pop(slot, None)
        if not self._exact:
            self._put_cell(slot, states, point)
            if take_up(slot) or self._deepen(slot, take_up):
                return
        rows = tuple((chain[i], u, 1 if states[i][u] else -1) for i, u in self._asked)
        signs = [chain[layer].signs(point, self._cell.counts)]
        self._slow[slot] = ExactCell(rows, chain[layer], bytearray(states[layer]), [point], signs)
        self._handed_over += 1

    def _deepen(self, slot: int, take_up: Callable[[int], bool]) -> bool:
        """Replace the known points of a compiled cell, which are near its boundary, by its centre; whether it did.

        Newton's method does not get out of corners where some slacks are 1e-10 of others.
        """
        population, image, box = self._population, self._image, self._form_box
        path = population.path[slot, : int(population.length[slot])]
        s, u, signs = path[:, PathColumn.SLOT], path[:, PathColumn.UNIT], path[:, PathColumn.SIGN]
        dimension = len(box.lower)
        rows = signs[:, None] * population.scaled[slot, s, u, :dimension]
        constants = signs * population.numbers[slot, s, u, FormNumber.SCALED_CONSTANT]
        lower, upper = self._box.lower, self._box.upper
        if image is not None:
            constants = constants + rows @ image.small[Small.OFFSET, :dimension]
            rows = rows @ image.generators[:dimension, : self.restriction.dimension]
        x = deep_point(rows, constants)
        self._deep_programs += 1
        if x is None:
            return False
        saved = [array[slot].copy() for array in population]
        self._put_point_of(slot, 0, lower + x * (upper - lower))
        if take_up(slot):
            return True
        for array, before in zip(population, saved, strict=True):
            array[slot] = before
        return False

    def _chain(self, forms: LayerForms) -> list[LayerForms]:
        """The forms of all layers up to those given."""
        chain = [self.first_forms()]
        for states in _split(forms.prefix, self.widths):
            chain.append(chain[-1].next(states))
        return [*chain[:-1], forms]

    def _put_cell(self, slot: int, states: Sequence[bytes], point: Witness) -> None:
        """Put a cell's states, its rows and the floats near a point where those of compiled cells are."""
        population, first = self._population, self._domain_rows
        for i, own in enumerate(states):
            population.states[slot, i] = packed(np.frombuffer(own, dtype=np.uint8), population.states.shape[2])
        population.length[slot] = first + len(self._asked)
        for k, (i, u) in enumerate(self._asked):
            population.path[slot, first + k] = i, u, 1 if states[i][u] else -1
        self._put_point_of(slot, 0, point.x)

    def _put_point_of(self, slot: int, k: int, x: FloatArray) -> None:
        """Make x point k of a compiled cell, without its values."""
        self._put_point(_SCRATCH, x)
        self._population.x[slot, k] = self._points.x[_SCRATCH]
        if self._image is not None:
            self._population.full[slot, k] = self._image.points[_SCRATCH]


def _split(prefix: bytes, widths: Sequence[int]) -> list[bytes]:
    """The states of each layer of a prefix."""
    ends = list(accumulate(widths, initial=0))
    return [prefix[start:end] for start, end in pairwise(ends) if end <= len(prefix)]


def _integers(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)

"""A population of cells that goes down the splitting tree unit by unit, every decision proven.

The compiled steps (:mod:`descent_kernel`) decide nearly always. What their float filter can't decide is decided here,
exactly; a cell of which only a rational point is known goes on as an exact cell (:mod:`exact_cells`).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.definition import Definition
from polyregions.exact.cell import Cell, LayerForms, Witness
from polyregions.exact.filter import FloatRows
from polyregions.exact.restriction import Restriction
from polyregions.sampling import descent_kernel
from polyregions.sampling.descent_state import Population, new_population
from polyregions.sampling.exact_cells import Decider, ExactCell
from polyregions.splitting.image_state import Image, exact_rows
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
    put_rows,
    unpacked,
)

__all__ = ["Descent", "Stopped", "View"]

IntArray = npt.NDArray[np.int64]

#: Cells that are settled between two questions whether to stop.
_CHUNK = 16


class Stopped(Exception):
    """A descent was stopped before its end."""


class View(NamedTuple):
    """The arrays of a population, for guides.

    ``dimension`` of the coordinates that forms are over, ``inputs`` of the box; one of ``image`` and ``plain`` is None.
    """

    problem: Problem
    population: Population
    image: Image | None
    plain: bool | None
    box: npt.NDArray[np.float64]
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
        self._order: list[int] = []
        self._layer = 0
        self._units = np.zeros(self._slots, dtype=np.int64)
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
            self._problem, self._population, image, True if image is None else None,
            self._problem.box if image is None else image.box, self._masks, len(self._form_box.lower),
            self.restriction.dimension,
        )  # fmt: skip

    def start(self) -> None:
        """Go back to the whole domain as the only cell, before the first layer."""
        self._order, self._slow, self._layer = [0], {}, -1
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
                forms = LayerForms.first(self.restriction, self._box)
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

    def settle(self, units: IntArray, stop: Callable[[], bool] = lambda: False) -> IntArray:
        """What a unit can be on each cell: -1 inactive, 1 active, 0 both.

        Parameters
        ----------
        units : (cells,) array
            Which unit of the layer is asked about, of each cell: one not asked about before.

        Raises
        ------
        Stopped
            If ``stop``, asked now and then, says so.
        """
        answers = np.ones(len(self._order), dtype=np.int64)
        linear = self.restriction.linear[self._layer][units]
        with np.errstate(all="ignore"):
            asked = {slot: int(unit) for slot, unit, known in zip(self._order, units, linear, strict=True) if not known}
            fast = np.array([slot for slot in asked if slot not in self._slow], dtype=np.int64)
            self._units[list(asked)] = list(asked.values())
            for start in range(0, len(fast), _CHUNK):
                if stop():
                    raise Stopped
                self._settle_compiled(fast[start : start + _CHUNK])
            for i, slot in enumerate(self._order):
                if slot not in asked:
                    continue
                if slot not in self._slow:
                    answers[i] = self._population.answers[slot]
                elif stop():
                    raise Stopped
                else:
                    answers[i] = self._decider.settle(self._slow[slot], asked[slot])
        return answers

    def go_on(self, units: IntArray, answers: IntArray, chosen: Sequence[tuple[int, int]]) -> None:
        """Keep the chosen parts of the cells.

        Parameters
        ----------
        units, answers : of :meth:`settle`
        chosen : pairs (index of the cell, state -1 or 1), in order of the index
        """
        taken = {self._order[i] for i, _ in chosen}
        free = iter([slot for slot in range(self._slots) if slot not in taken])
        order: list[int] = []
        copied, copies, fast, states, slow = [], [], [], [], {}
        splits, asked = np.zeros(self._slots, dtype=np.int64), np.zeros(self._slots, dtype=np.int64)
        previous = -1
        for i, state in chosen:
            slot = source = self._order[i]
            if i == previous:
                slot = next(free)
            previous = i
            order.append(slot)
            if source in self._slow:
                is_split = answers[i] == 0
                slow[slot] = self._slow[source].half(int(units[i]), state, split=is_split, is_open=self._cell.open)
                continue
            if slot != source:
                copied.append(source)
                copies.append(slot)
            fast.append(slot)
            states.append(state)
            splits[slot], asked[slot] = answers[i] == 0, units[i]
        self._order, self._slow = order, slow
        if fast:
            descent_kernel.branch(
                self._problem, self._population, _integers(copied), _integers(copies), _integers(fast),
                _integers(states), splits, self._layer, asked,
            )  # fmt: skip

    def statistics(self) -> dict[str, Any]:
        """What was done so far, by name."""
        counts, counters = self._cell.counts, self._counters
        return {
            "linear_programs": int(counters[Counter.PROGRAMS]) + self._lps.programs + self._decider.programs,
            "pivots": int(counters[Counter.PIVOTS]),
            "decisions_by_filter": int(counters[Counter.BY_FILTER]) + counts.by_filter + self._decider.counts.by_filter,
            "decisions_by_exact": counts.by_exact + self._decider.counts.by_exact,
            "handed_over": self._handed_over,
        }

    # -- compiled cells ----------------------------------------------------------------------------------

    def _make_live(self) -> None:
        """Make all units of the layer those that points are evaluated at."""
        bits = np.zeros(64 * self._masks.shape[2], dtype=np.uint8)
        bits[: self.widths[self._layer]] = 1
        self._masks[0, Mask.LIVE] = np.packbits(bits, bitorder="little").view(np.uint64)

    def _settle_compiled(self, slots: IntArray) -> None:
        plain = True if self._image is None else None
        first = 0
        while True:
            first = descent_kernel.settle(
                self._counters, self._problem, self._population, self._tableau, self._image, plain,
                self._masks, slots, first, self._layer, self._units,
            )  # fmt: skip
            if first == len(slots):
                return
            slot = int(slots[first])
            if self._decide_exactly(slot, int(self._units[slot])):
                first += 1

    def _prefix_forms(self, slot: int) -> list[LayerForms]:
        """The exact forms of the layers that a cell has entered."""
        if not self._forms:
            self._forms.append(LayerForms.first(self.restriction, self._box))
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
        points = [*(self._known_point(slot, k) for k in range(int(population.known[slot]))), found]
        states = bytearray(unpacked(population.states[slot, self._layer], self.widths[self._layer]))
        signs = [forms.signs(point, cell.counts) for point in points]
        self._slow[slot] = ExactCell(rows, forms, states, points, signs)
        self._handed_over += 1
        return True

    def _known_point(self, slot: int, k: int) -> Witness:
        points = self._population.x if self._image is None else self._population.full
        return Witness(points[slot, k, : self.restriction.dimension].copy())

    def _add_exact_point(self, slot: int, witness: Witness, signs: npt.NDArray[np.int8]) -> None:
        """Give a cell a point that was found exactly, with exact signs."""
        population, problem, layer = self._population, self._problem, self._layer
        new = int(population.known[slot])
        self._put_point(0, witness.x)
        population.x[slot, new] = self._points.x[0]
        if self._image is not None:
            population.full[slot, new] = self._image.points[0]
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
            bits = np.zeros(64 * population.signs.shape[4], dtype=np.uint8)
            bits[: len(wanted)] = wanted
            population.signs[slot, layer, new, side] = np.packbits(bits, bitorder="little").view(np.uint64)
        population.known[slot] = new + 1


def _integers(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)

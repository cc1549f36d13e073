"""Cells of a population that floats can't hold, one by one on a solver's linear programs, decided exactly.

Such are cells of lower dimension (for the definition ``patterns``), cells whose known points are rational, and those of
networks that the compiled search does not take. Slow; the compiled cells are compared with them in the tests.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyregions.exact.cell import Cell, DecisionCounts, LayerForms, Witness
from polyregions.splitting.lp_cells import LPCells

__all__ = ["Decider", "ExactCell"]

#: Points kept per cell.
_KEPT = 8


@dataclass(slots=True)
class ExactCell:
    """A cell at some unit of a layer.

    Attributes
    ----------
    rows : triples (forms, unit, sign)
        What cuts the cell out of the domain.
    forms : LayerForms
        Of the layer that it has entered.
    states : bytearray
        Of that layer's units, up to the one that it is at.
    points : k points of the cell, k >= 1
    signs : k vectors of exact signs of the layer's forms there
    """

    rows: tuple[tuple[LayerForms, int, int], ...]
    forms: LayerForms
    states: bytearray
    points: list[Witness]
    signs: list[npt.NDArray[np.int8]]

    @property
    def prefix(self) -> bytes:
        """The states of all units of the layers that it has entered, 0 of those not asked about yet."""
        return self.forms.prefix + bytes(self.states)

    def half(self, unit: int, state: int, *, split: bool, is_open: bool) -> "ExactCell":
        """The part of the cell on which the unit is active (state 1) or inactive (-1)."""
        chosen = range(len(self.points))
        rows = self.rows
        if split:
            chosen = [i for i in chosen if on_side(self.signs[i][unit], state, is_open)][-_KEPT:]  # type: ignore[assignment]
            rows = (*rows, (self.forms, unit, state))
        states = bytearray(self.states)
        states[unit] = state > 0
        return ExactCell(rows, self.forms, states, [self.points[i] for i in chosen], [self.signs[i] for i in chosen])

    def next(self, counts: DecisionCounts) -> "ExactCell":
        """The same cell in the next layer."""
        forms = self.forms.next(bytes(self.states))
        signs = [forms.signs(point, counts) for point in self.points]
        width = forms.restriction.widths[forms.layer]
        return ExactCell(self.rows, forms, bytearray(width), list(self.points), signs)


def on_side(sign: int, state: int, is_open: bool) -> bool:
    """Whether a point with this sign lies on the side: zero does for patterns on the inactive one, else on neither."""
    return sign > 0 if state > 0 else (sign < 0 or (sign == 0 and not is_open))


class Decider:
    """Answers what a unit can be on exact cells.

    Parameters
    ----------
    cell : Cell
        Of the domain, without further rows.
    """

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._lps = LPCells(cell)
        self._domain_rows = len(cell)
        self._rows: tuple[tuple[LayerForms, int, int], ...] = ()

    @property
    def counts(self) -> DecisionCounts:
        """How decisions were made."""
        return self._cell.counts

    @property
    def programs(self) -> int:
        """How many linear programs the solver was given."""
        return self._lps.programs

    def settle(self, cell: ExactCell, unit: int) -> int:
        """What the unit can be on the cell: -1 inactive, 1 active, 0 both; adds points to the cell."""
        while True:
            inactive, active = (
                any(on_side(signs[unit], state, self._cell.open) for signs in cell.signs) for state in (-1, 1)
            )
            if inactive and active:
                return 0
            state = -1 if active else 1
            self._load(cell.rows)
            found = self._lps.find(cell.forms, unit, state, cell.points[-1])
            if found is None:
                return -state
            cell.points.append(found)
            cell.signs.append(cell.forms.signs(found, self.counts))

    def _load(self, rows: tuple[tuple[LayerForms, int, int], ...]) -> None:
        """Make the rows those of the cell; neighbours share most of theirs."""
        same = 0
        while same < min(len(rows), len(self._rows)) and rows[same] is self._rows[same]:
            same += 1
        self._lps.truncate(self._domain_rows + same)
        for row in rows[same:]:
            self._cell.push(*row)
        self._rows = rows

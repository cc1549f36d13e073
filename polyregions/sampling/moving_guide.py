"""A guide that lets cells move to their neighbours after each unit."""

from collections.abc import Callable

import numpy as np

from polyregions.sampling.descent import Descent
from polyregions.sampling.descent_metric import new_centre_work
from polyregions.sampling.descent_moves import ask, move, take_up
from polyregions.sampling.guide import BoolArray, Choice, FloatArray, Guide, IntArray, PlainGuide
from polyregions.sampling.resampling import on_grid
from polyregions.splitting.tableau_state import padded

__all__ = ["MovingGuide", "guide_of", "is_to_move"]

#: Proposals of each cell after a unit: as long as the units asked about are fewer than the inputs nearly all cells are
#: cut, and there is little to mix.
_FEW, _MANY = 2, 10
#: What an active unit is guessed to add to log2 of the leaves, and what it takes away to be on the other side of a
#: unit's boundary than the middle of the box is, times the square of the boundary's place between middle and corner.
_ACTIVE, _ACROSS = 0.5, 8.0
#: Moves pay from so many units on, with more inputs than first-layer units and without. Their matrices are as wide as
#: the coordinates that forms are over.
_UNITS_OF_IMAGE, _UNITS = 50, 150
_NARROWEST, _WIDEST = 16, 256


class MovingGuide:
    """The units in order; after each of them every cell takes a random walk through the arrangement so far.

    Parameters
    ----------
    descent : Descent
        With compiled cells.
    """

    name = "moves"

    def __init__(self, descent: Descent) -> None:
        view = descent.view
        assert view is not None
        descent.allow_moves()
        self._descent, self._view = descent, view
        slots = view.population.a.shape[0]
        self._centres = np.full((slots, padded(view.inputs)), 0.5)
        self._proven = np.zeros(slots, dtype=np.int64)
        sizes = (view.dimension, view.inputs, view.population.path.shape[1])
        self._work, self._walk = new_centre_work(*sizes), new_centre_work(*sizes)
        self._unit = 0
        self._preference = preference(descent)
        self._favoured = np.where(self._preference > 0.0, 1, -1)
        self._ratios = np.ones(len(self._preference))

    def start(self) -> None:
        self._centres[0] = 0.5

    def ask(self, unit: int) -> IntArray:
        descent, view = self._descent, self._view
        self._unit = unit
        if descent.restriction.linear[descent.layer][unit]:
            return self._proven
        ask(
            view.counters, view.problem, view.population, view.tableau, view.image, view.plain, view.dimension,
            view.masks, descent.fast_slots, descent.layer, unit, self._centres, self._proven, self._work, self._walk,
        )  # fmt: skip
        return self._proven

    def guesses(self, parents: IntArray, states: IntArray) -> FloatArray:
        """As much as the first layer's units are known to give, the less the fewer units are left."""
        descent = self._descent
        self._parents = np.array(descent.slots, dtype=np.int64)[parents]
        self._ratios = on_grid(np.exp2(-self._left() * np.abs(self._preference)))
        active = descent.active(len(self._preference))[parents]
        if descent.layer == 0:
            active[:, self._unit] = states > 0
        return self._logarithms(active, self._asked_first())

    def keep(self, kept: IntArray) -> None:
        self._centres[self._descent.slots] = self._centres[self._parents[kept]]

    def move(self, choice: Choice, stop: Callable[[], bool]) -> FloatArray:
        descent, view, width = self._descent, self._view, len(self._preference)
        if not descent.asked:
            return np.ones(len(descent))
        each = _FEW if descent.layer == 0 and descent.asked <= view.inputs else _MANY
        choices = choice.proposals(len(descent), each, descent.asked)
        coins = choice.coins(len(descent), each, self._ratios)
        asked = self._asked_first()
        before = self._logarithms(descent.active(width), asked)
        descent.move(choices, coins, self._favoured, self._ratios, self._move, self._take_up, stop)
        factors: FloatArray = np.exp2(before - self._logarithms(descent.active(width), asked))
        return factors

    def _asked_first(self) -> int:
        """How many units of the first layer have been asked about."""
        return self._unit + 1 if self._descent.layer == 0 else len(self._preference)

    def _left(self) -> float:
        """The share of the later layers' units that has not been asked about."""
        later = self._descent.widths[1:]
        if self._descent.layer == 0 or not later:
            return float(bool(later))
        return 1.0 - (self._unit + 1 + sum(later[: self._descent.layer - 1])) / sum(later)

    def _logarithms(self, active: BoolArray, asked: int) -> FloatArray:
        """log2 of what cells are preferred by, by the units below ``asked``."""
        is_favoured = active == (self._favoured > 0)
        values: FloatArray = np.where(is_favoured, 0.0, np.log2(self._ratios))[:, :asked].sum(axis=1)
        return values

    def _move(self, slot: int, choices: IntArray, coins: FloatArray, first: int) -> int:
        view = self._view
        return int(
            move(
                view.counters,
                view.problem,
                view.population,
                view.tableau,
                view.image,
                view.plain,
                view.dimension,
                view.masks,
                slot,
                self._descent.domain_rows,
                choices,
                coins,
                first,
                self._descent.layer,
                self._favoured,
                self._ratios,
                self._centres,
                self._work,
                self._walk,
            )
        )

    def _take_up(self, slot: int) -> bool:
        view = self._view
        return bool(
            take_up(
                view.problem,
                view.population,
                view.image,
                view.plain,
                view.dimension,
                slot,
                self._descent.layer,
                view.masks,
                self._centres,
                self._work,
            )
        )


def preference(descent: Descent) -> FloatArray:
    """By how much log2 of a cell's leaves is guessed to be larger where a first-layer unit is active, (n_1,).

    Active units are more to vary for the next layer; and cells are the smaller, the more of the box is on the other
    side of the unit's boundary. Fitted to one trained network (docs/estimates.md).
    """
    forms = descent.first_forms()
    rows, low, high = forms.rows, forms.box.lower, forms.box.upper
    with np.errstate(all="ignore"):
        middle = rows.a @ (0.5 * (low + high)) + rows.c
        place = np.abs(middle) / (np.abs(rows.a) @ (0.5 * (high - low)))
        values = _ACTIVE + np.sign(middle) * _ACROSS * np.minimum(place, 1.0) ** 2
    linear = descent.restriction.linear[0]
    return np.where(np.isfinite(place) & ~linear, values, 0.0)


def is_to_move(descent: Descent) -> bool:
    """Whether cells are to move: those of large networks. For small ones more probes do better."""
    view = descent.view
    if view is None or not _NARROWEST <= view.dimension <= _WIDEST:
        return False
    return sum(descent.widths) >= (_UNITS if view.image is None else _UNITS_OF_IMAGE)


def guide_of(descent: Descent) -> Guide:
    """The guide that suits a network."""
    return MovingGuide(descent) if is_to_move(descent) else PlainGuide()

"""A guide by the cells' analytic centres."""

import numpy as np

from polyregions.sampling.descent import Descent
from polyregions.sampling.descent_centre import new_centre_work
from polyregions.sampling.descent_guess import consider, survey
from polyregions.sampling.descent_sides import approach
from polyregions.sampling.guide import BoolArray, FloatArray, Guide, IntArray, PlainGuide
from polyregions.splitting.tableau_state import padded

__all__ = ["CentreGuide", "guide_of"]

#: The size of a cell as a multiple of its ellipsoid of radius 1, over the square root of the dimension.
_REACH = 1.15
#: Centres pay from so many units on, with more inputs than first-layer units and without. Their matrices are as wide as
#: the coordinates that forms are over: with few there is little to guess by, with many they take too long.
_UNITS_OF_IMAGE, _UNITS = 50, 150
_NARROWEST, _WIDEST = 16, 256
#: Parts of a cell that are too thin for a centre: their units are so many times farther off.
_THIN = 4.0
#: In the last layer so many times the share of cells cut at one of the last steps go on, and at least the last share.
_FOLLOWING, _REMEMBERED, _LEAST = 6.0, 3, 0.125


class CentreGuide:
    """The nearest units first; the more units are near, and the more directions they have, the more leaves.

    Distances are measured by the ellipsoid of the barrier at the cell's analytic centre: it lies in the cell, and a
    unit's radius is how many times larger it would touch the unit's boundary. The next layer's forms count as they are
    at the centre (:mod:`descent_guess`). Once the nearest units of the last layer cut few cells, fewer go on.

    Parameters
    ----------
    descent : Descent
        With compiled cells.
    """

    name = "centres"

    def __init__(self, descent: Descent) -> None:
        view = descent.view
        assert view is not None
        self._descent, self._view = descent, view
        slots, units = view.population.a.shape[0], view.population.a.shape[2]
        self._scale = _REACH * float(np.sqrt(view.inputs))
        self._centres = np.full((slots, padded(view.inputs)), 0.5)
        self._radii = np.full((slots, units), -1.0)
        self._open = np.zeros((slots, units), dtype=np.bool_)
        self._guess = np.zeros(slots)
        self._candidates = (self._centres, self._radii, self._open, self._guess)
        # Of `approach`, for `consider`: per slot the unit asked about, and points on both sides of it.
        self._units = np.zeros(slots, dtype=np.int64)
        self._sides = np.zeros((slots, 2, self._centres.shape[1]))
        self._reached = np.zeros((slots, 2), dtype=np.bool_)
        self._work = new_centre_work(view.dimension, view.inputs, view.population.path.shape[1], units)
        self._last_layer = max((i for i, mask in enumerate(descent.restriction.linear) if not all(mask)), default=-1)
        self._layer, self._cut = -1, [1.0]

    def start(self) -> None:
        self._layer = -1
        self._centres[0] = 0.5

    def enter(self, width: int) -> None:
        view, slots = self._view, self._slots()
        self._layer += 1
        self._cut = [1.0]
        self._open[slots] = np.arange(self._open.shape[1]) < width
        self._guess[slots] = 0.0
        # Of exact cells nothing is known: their units are asked about in order.
        self._radii[slots] = np.where(self._open[slots], 0.0, -1.0)
        survey(
            view.problem, view.population, view.image, view.plain, view.dimension, self._scale,
            self._descent.fast_slots, self._layer, self._centres, self._radii, self._open, self._guess, self._work,
        )  # fmt: skip

    def units(self) -> IntArray:
        view, slots = self._view, self._slots()
        radii = self._radii[slots]
        # The last bits must not decide.
        units: IntArray = np.argmin(np.where(radii < 0.0, np.inf, radii).astype(np.float32), axis=1)
        self._units[slots] = units
        self._reached[slots] = False
        approach(
            view.problem, view.population, view.image, view.plain, view.dimension, self._scale, view.masks,
            self._descent.fast_slots, self._units, self._layer, self._centres, self._radii, self._sides, self._reached,
            self._work,
        )  # fmt: skip
        return units

    def guesses(self, parents: IntArray, units: IntArray, states: IntArray, is_split: BoolArray) -> FloatArray:
        view, slots = self._view, self._slots()[parents]
        centres, radii, is_open = self._centres[slots], self._radii[slots], self._open[slots]
        guess = self._guess[slots]
        candidates = np.arange(len(parents))
        radii[candidates, units], is_open[candidates, units] = -1.0, False
        is_thin = is_split.copy()
        cut = np.flatnonzero(is_split & np.isin(slots, self._descent.fast_slots))
        if len(cut):
            new_centres, new_radii = np.zeros((len(cut), centres.shape[1])), radii[cut]
            new_guess, failed = np.zeros(len(cut)), np.zeros(len(cut), dtype=np.bool_)
            consider(
                view.problem, view.population, view.image, view.plain, view.dimension, self._scale, view.box,
                slots[cut], units[cut], states[cut], self._layer, self._centres, self._sides, self._reached,
                self._open, new_centres, new_radii, new_guess, failed, self._work,
            )  # fmt: skip
            good = cut[~failed]
            is_thin[good] = False
            centres[good], radii[good], guess[good] = new_centres[~failed], new_radii[~failed], new_guess[~failed]
        radii[is_thin] = np.where(is_open[is_thin], _THIN * radii[is_thin], -1.0)
        guess[is_thin] /= _THIN
        self._candidates = (centres, radii, is_open, guess)
        self._cut = [*self._cut[1 - _REMEMBERED :], float(np.count_nonzero(is_split)) / (2.0 * len(slots))]
        return guess

    def wanted(self, cells: int) -> int:
        share = min(1.0, _FOLLOWING * max(self._cut)) if self._layer == self._last_layer else 1.0
        return max(1, round(cells * max(_LEAST, share)))

    def keep(self, kept: IntArray) -> None:
        slots = self._slots()
        for own, new in zip((self._centres, self._radii, self._open, self._guess), self._candidates, strict=True):
            own[slots] = new[kept]

    def _slots(self) -> IntArray:
        return np.array(self._descent.slots, dtype=np.int64)


def guide_of(descent: Descent) -> Guide:
    """By centres for large networks; by the units' order for small ones, where it is faster."""
    view = descent.view
    if view is None or not _NARROWEST <= view.dimension <= _WIDEST:
        return PlainGuide()
    least = _UNITS if view.image is None else _UNITS_OF_IMAGE
    return CentreGuide(descent) if sum(descent.widths) >= least else PlainGuide()

"""Which regions may share a facet: for each hyperplane of a region's units the pattern that lies behind it.

The closed regions form a polyhedral complex that fits face to face: the pre-activations are continuous, so that both
sides of a facet give each unit the same sign there, and a unit whose form changes sign inside a facet would cut the
regions on both its sides. Hence a facet of a region that is not the domain's has one neighbour, and what it is follows
from signs alone. Let h be the hyperplane's form, positive behind it. A unit whose form does not vanish on the facet
keeps its state. The others have forms that are multiples of h, zero included, on either side, and the forms on the two
sides differ by multiples of h (they agree on the facet); so behind the facet the multiples follow layer by layer from
the weights, and the unit is active if its multiple is positive. In general position that is one unit: its state flips.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from polyregions.exact.restriction import Restriction
from polyregions.geometry.residues import Residues, projective_keys
from polyregions.projection.system import Row, primitive

__all__ = ["Candidate", "ExactForms", "Neighbours"]

Indices = npt.NDArray[np.int64]
States = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]


class Candidate(NamedTuple):
    """Two regions that share a facet if the first one has a facet on the hyperplane of its unit ``unit``.

    ``units`` are all units whose hyperplane carries the facet: their pre-activations are 0 on it, but not on all of the
    regions on both sides. ``flat`` are all whose pre-activations are 0 on it, on all of the first region or not.
    """

    region: int
    other: int
    unit: int
    units: tuple[int, ...]
    flat: tuple[int, ...]


class ExactForms:
    """The regions' forms in integers, the last ones asked for kept.

    Attributes
    ----------
    cutting : tuple of int
        The units that cut: all that are not linear.
    """

    def __init__(self, restriction: Restriction, states: States) -> None:
        self.cutting = tuple(
            np.flatnonzero(~np.concatenate([np.zeros(0, dtype=np.bool_), *restriction.linear])).tolist()
        )
        self._restriction = restriction
        self._states = states
        self.rows = lru_cache(maxsize=64)(self._rows)

    def _rows(self, region: int) -> list[Row]:
        """All units' forms (a, c) on a region over chart coordinates, each times its layer's positive scale."""
        r, pattern = self._restriction, self._states[region].tolist()
        result = []
        for layer in range(len(r.widths)):
            for row in r.arithmetic.rows(r.affine_rows(layer, pattern)):
                result.append(tuple(int(value) for value in r.expand(row)))
        return result


class Neighbours:
    """The candidates for shared facets among regions.

    Parameters
    ----------
    restriction : Restriction
        Of a network with at least one counted layer.
    states : (R, N)
        Of different regions of full dimension.
    """

    def __init__(self, restriction: Restriction, states: States, forms: ExactForms) -> None:
        self._restriction = restriction
        self._states = states
        self._forms = forms
        self._residues = Residues(restriction)
        self._index = _Index(states)
        self._cutting = list(forms.cutting)
        self._offsets = list(accumulate(restriction.widths, initial=0))

    def simple(self, stop: Callable[[], bool]) -> tuple[Indices, Indices, Indices, Indices] | None:
        """Candidates at hyperplanes of a single unit, and the regions where several units share one or may.

        Returns
        -------
        regions, others, units : (E,)
            ``units`` are active in ``regions``, and the only ones in which the two differ.
        special : indices of regions that :meth:`special` must look at
        None if stopped

        Notes
        -----
        O(R N (d + log N)): residues tell that no two forms of a region are proportional and none is constant.
        """
        prime = next(self._residues.primes())
        found: list[tuple[Indices, Indices, Indices]] = []
        special: list[Indices] = []
        for part in self._residues.chunks(len(self._states)):
            if stop():
                return None
            rows = np.concatenate(self._residues.forms(prime, self._states[part])[: len(self._offsets) - 1], axis=1)
            keys, constant = projective_keys(rows[:, self._cutting], prime)
            keys.sort(axis=1)
            unclear = constant.any(axis=1) | (keys[:, 1:] == keys[:, :-1]).any(axis=1)
            here = np.arange(len(self._states))[part]
            special.append(here[unclear])
            found.append(self._index.flips(here[~unclear], self._cutting))
        regions, others, units = (np.concatenate([each[i] for each in found]) for i in range(3))
        return regions, others, units, np.concatenate(special)

    def special(self, region: int) -> Iterator[Candidate]:
        """The candidates at all hyperplanes of a region, whatever units coincide or are constant; exact."""
        rows = self._forms.rows(region)
        groups: dict[Row, list[int]] = {}
        zero = []
        for unit in self._cutting:
            row = rows[unit]
            if any(row[:-1]):
                reduced = primitive(row)
                lead = next(value for value in reduced if value)
                groups.setdefault(reduced if lead > 0 else tuple(-v for v in reduced), []).append(unit)
            elif not row[-1]:
                zero.append(unit)
        for group in groups.values():
            states, moving = self._behind(region, rows, group, zero)
            other = self._index.find(states)
            if other is not None:
                yield Candidate(region, other, group[0], tuple(sorted({*group, *moving})), (*group, *zero))

    def _behind(self, region: int, rows: list[Row], group: list[int], zero: list[int]) -> tuple[States, list[int]]:
        """The states behind the hyperplane of a group of units, and the units that vanish on it but not behind it.

        All forms in question are multiples of one form: its coefficient of one variable stands for each.
        """
        states = self._states[region]
        behind = states.copy()
        column = next(j for j, value in enumerate(rows[group[0]]) if value)
        # Positive behind: the first unit's form is positive here if it is active.
        sign = (1 if rows[group[0]][column] > 0 else -1) * (-1 if states[group[0]] else 1)
        flat = {*group, *zero}
        moving, change = [], [0] * self._restriction.widths[0]
        for layer, width in enumerate(self._restriction.widths):
            after = []
            for i in range(width):
                unit = self._offsets[layer] + i
                here = rows[unit][column]
                there = here + change[i]
                if unit in flat:
                    behind[unit] = there * sign > 0
                    if there:
                        moving.append(unit)
                after.append(int(behind[unit]) * there - int(states[unit]) * here)
            if layer + 1 < len(self._restriction.widths):
                weights = self._restriction.layers[layer + 1].weights
                change = [sum(w * value for w, value in zip(row, after, strict=True) if value) for row in weights]
        return behind, moving


class _Index:
    """Regions by their states: 64-bit sums modulo 2 find them, and the states themselves are compared."""

    def __init__(self, states: States) -> None:
        self._states = states
        units = states.shape[1]
        for seed in range(64):
            numbers: Any = np.random.default_rng(seed).integers(2**64, size=units, dtype=np.uint64)
            self._numbers: Words = numbers
            self._sums: Words = np.asarray(self._sum(states))
            self._order = np.argsort(self._sums)
            self._sorted = self._sums[self._order]
            if not (self._sorted[1:] == self._sorted[:-1]).any():
                return
        raise ValueError("the same region is there twice")

    def _sum(self, states: States) -> Any:
        return np.bitwise_xor.reduce(np.where(states > 0, self._numbers, np.uint64(0)), axis=-1)

    def find(self, states: States) -> int | None:
        """The region with the given states."""
        value = self._sum(states)
        place = int(np.searchsorted(self._sorted, value))
        if place == len(self._order):
            return None
        region = int(self._order[place])
        return region if (self._states[region] == states).all() else None

    def flips(self, regions: Indices, among: list[int]) -> tuple[Indices, Indices, Indices]:
        """The pairs (region, other, unit) that differ in one unit, active in the first."""
        rows, columns = np.nonzero(self._states[regions][:, among])
        units = np.array(among)[columns]
        here = regions[rows]
        wanted = self._sums[here] ^ self._numbers[units]
        places = np.minimum(np.searchsorted(self._sorted, wanted), len(self._order) - 1)
        there = self._order[places]
        found = self._sorted[places] == wanted
        here, there, units = here[found], there[found], units[found]
        differ = self._states[here] != self._states[there]
        same = (differ.sum(axis=1) == 1) & differ[np.arange(len(units)), units]
        return here[same], there[same], units[same]

"""Which regions share a facet, every decision proven, without comparing all pairs."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from polyregions.exact.cell import Witness
from polyregions.exact.restriction import Restriction
from polyregions.geometry.facet_proofs import FacetProofs
from polyregions.geometry.neighbours import Candidate, ExactForms, Neighbours
from polyregions.geometry.wall_points import WallPoints

__all__ = ["Adjacency", "Stop"]

Indices = npt.NDArray[np.int64]
Stop = Callable[[], bool]
#: Whether pairs of regions (E,), (E,) matter: (E,) bool.
Wanted = Callable[[Indices, Indices], npt.NDArray[np.bool_]]

#: Candidates between two questions whether to stop.
_BATCH = 20_000
#: Regions whose candidates are decided together where they are named one by one.
_SPECIAL_BATCH = 500


class Adjacency:
    """The pairs of regions that have a facet in common: that intersect, closed, in one dimension less.

    Parameters
    ----------
    restriction : Restriction
    states : (R, N) uint8
        Of different regions of full dimension.
    witnesses : sequence of R points inside

    Notes
    -----
    :mod:`polyregions.geometry.neighbours` names for each region and hyperplane the one region that may lie behind it;
    points just behind the facets (:mod:`polyregions.geometry.wall_points`) prove most of them, and
    :mod:`polyregions.geometry.facet_proofs` decides the rest.
    """

    def __init__(self, restriction: Restriction, states: npt.NDArray[np.uint8], witnesses: Sequence[Witness]) -> None:
        self._restriction = restriction
        self._states = states
        self._witnesses = witnesses

    def edges(self, stop: Stop = lambda: False, *, wanted: Wanted | None = None) -> Iterator[Candidate]:
        """The pairs, each once, with the units whose hyperplane carries the facet; in no particular order.

        Parameters
        ----------
        stop : callable
            Asked now and then; True ends the iteration, and what was yielded stays proven.
        wanted : callable, optional
            Leave out pairs that do not matter before they are decided.
        """
        if len(self._states) < 2:
            return
        forms = ExactForms(self._restriction, self._states)
        neighbours = Neighbours(self._restriction, self._states, forms)
        simple = neighbours.simple(stop)
        if simple is None:
            return
        regions, others, units, special = simple
        if wanted is not None:
            matter = wanted(regions, others)
            regions, others, units = regions[matter], others[matter], units[matter]
        points = np.array([witness.x for witness in self._witnesses])
        walls = WallPoints(self._restriction, self._states, points)
        left: list[Candidate] = []
        for start in range(0, len(regions), _BATCH):
            if stop():
                return
            part = slice(start, start + _BATCH)
            proven = walls.proven(regions[part], others[part], units[part])
            triples = zip(regions[part].tolist(), others[part].tolist(), units[part].tolist(), strict=True)
            for (region, other, unit), certain in zip(triples, proven.tolist(), strict=True):
                candidate = Candidate(region, other, unit, (unit,), (unit,))
                if certain:
                    yield candidate
                else:
                    left.append(candidate)
        yield from self._decided(forms, left, stop)
        for candidates in self._special(neighbours, special, stop, wanted):
            here, there, which = (np.array([candidate[i] for candidate in candidates]) for i in range(3))
            flat = np.zeros((len(candidates), self._states.shape[1]), dtype=np.bool_)
            for row, candidate in zip(flat, candidates, strict=True):
                row[list(candidate.flat)] = True
            proven = walls.proven(here, there, which, flat)
            yield from (candidate for candidate, certain in zip(candidates, proven, strict=True) if certain)
            open_ones = [candidate for candidate, certain in zip(candidates, proven, strict=True) if not certain]
            yield from self._decided(forms, open_ones, stop)

    def _special(
        self, neighbours: Neighbours, regions: Indices, stop: Stop, wanted: Wanted | None
    ) -> Iterator[list[Candidate]]:
        """The candidates at regions where units coincide or are constant, but for those that the other region named.

        A region names all its neighbours: those before it in this list, and simple ones where the unit is active.
        """
        place = np.full(len(self._states), len(self._states))
        place[regions] = np.arange(len(regions))
        for start in range(0, len(regions), _SPECIAL_BATCH):
            found = []
            for region in regions[start : start + _SPECIAL_BATCH].tolist():
                if stop():
                    return
                for candidate in neighbours.special(region):
                    simple = place[candidate.other] == len(self._states)
                    named = self._states[candidate.other, candidate.unit] if simple else False
                    if not named and place[candidate.other] > place[region]:
                        found.append(candidate)
            if wanted is not None and found:
                here, there = (np.array([candidate[i] for candidate in found]) for i in range(2))
                found = [candidate for candidate, matters in zip(found, wanted(here, there), strict=True) if matters]
            if found:
                yield found

    def _decided(self, forms: ExactForms, candidates: list[Candidate], stop: Stop) -> Iterator[Candidate]:
        """Those of the candidates, grouped by region, that are facets."""
        if not candidates:
            return
        proofs = FacetProofs(self._restriction, forms, self._states)
        groups: dict[int, list[Candidate]] = {}
        for candidate in candidates:
            groups.setdefault(candidate.region, []).append(candidate)
        for region, group in groups.items():
            if stop():
                return
            witness = self._witnesses[region].point.coordinates()
            facets = proofs.facets(region, witness, [candidate.unit for candidate in group])
            yield from (candidate for candidate in group if candidate.unit in facets)

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
        open_candidates: list[Candidate] = []
        points = np.array([witness.x for witness in self._witnesses])
        walls = WallPoints(self._restriction, self._states, points)
        for start in range(0, len(regions), _BATCH):
            if stop():
                return
            part = slice(start, start + _BATCH)
            proven = walls.proven(regions[part], others[part], units[part])
            triples = zip(regions[part].tolist(), others[part].tolist(), units[part].tolist(), strict=True)
            for (region, other, unit), certain in zip(triples, proven.tolist(), strict=True):
                candidate = Candidate(region, other, unit, (unit,))
                if certain:
                    yield candidate
                else:
                    open_candidates.append(candidate)
        yield from self._decided(forms, open_candidates, stop)
        yield from self._special(forms, neighbours, special, stop, wanted)

    def _special(
        self, forms: ExactForms, neighbours: Neighbours, regions: Indices, stop: Stop, wanted: Wanted | None
    ) -> Iterator[Candidate]:
        """The pairs at regions where units coincide or are constant, but for those that the other region named."""
        seen: set[tuple[int, int]] = set()
        simple = np.ones(len(self._states), dtype=np.bool_)
        simple[regions] = False
        for region in regions.tolist():
            if stop():
                return
            found = [
                c
                for c in neighbours.special(region)
                if (c.other, region) not in seen and not (simple[c.other] and self._states[c.other, c.unit])
            ]
            if wanted is not None and found:
                here, there = np.full(len(found), region), np.array([c.other for c in found])
                found = [c for c, matters in zip(found, wanted(here, there).tolist(), strict=True) if matters]
            for candidate in self._decided(forms, found, stop):
                seen.add((region, candidate.other))
                yield candidate

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

"""Certifying an activation pattern: a witness with exactly this pattern, or a proof that there is none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.definition import Definition
from polyregions.exact.cell import Cell, DecisionCounts, LayerForms, Witness
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from solvers import SolverError, Status, lp_session

__all__ = ["PatternCertifier"]

FloatArray = npt.NDArray[np.float64]


class PatternCertifier:
    """Decides exactly which patterns, or beginnings of patterns, are attained.

    Parameters
    ----------
    restriction : Restriction
    definition : Definition
        PATTERNS: attained on the closed domain. REGIONS: on a set of full dimension.
    solver : str, optional
        The LP back end that proposes points.
    """

    @np.errstate(all="ignore")
    def __init__(
        self, restriction: Restriction, box: FloatBox, definition: Definition, *, solver: str = "highs"
    ) -> None:
        self.restriction = restriction
        self.cell = Cell(restriction, box, definition)
        self._solver = solver
        self._start = Witness.rational(restriction.start)
        self._session: Any = None
        self._domain_rows = len(self.cell)
        self._forms = [LayerForms.first(restriction, box)] if restriction.widths else []

    @property
    def counts(self) -> DecisionCounts:
        """How the decisions were made."""
        return self.cell.counts

    def certify(self, states: Sequence[int], proposal: Witness | None = None) -> Witness | None:
        """A point at which the first ``len(states)`` units have the given states; None if proven that there is none.

        Parameters
        ----------
        states : flat sequence of 0/1
            Of the units in order; it may end before the last unit.
        proposal : Witness, optional
            A float point to try first.
        """
        with np.errstate(all="ignore"):
            if not self._push(bytes(states)):
                self.counts.by_exact += 1
                return None
            if proposal is not None and self.cell.contains_certainly(proposal.x):
                self.counts.by_filter += 1
                return proposal
            centre = self._propose()
            if centre is not None and self.cell.contains_certainly(centre):
                self.counts.by_filter += 1
                return Witness(centre)
            self.counts.by_exact += 1
            return self.cell.point()

    def _propose(self) -> FloatArray | None:
        """A float point that satisfies the cell's rows, each scaled to unit size, with the largest common slack."""
        a, c, d = self.cell.a, self.cell.c, self.restriction.dimension
        if not len(a) or not (np.isfinite(a).all() and np.isfinite(c).all()):
            return None
        norms = np.ldexp(1.0, -np.frexp(np.abs(a).max(axis=1, initial=0.0))[1].clip(-1000, 1000))
        try:
            session = self._session
            if session is None:
                box = self.cell.box
                session = self._session = lp_session([*box.lower, 0.0], [*box.upper, 1.0], name=self._solver)
                session.set_objective([0.0] * d + [1.0])
            session.delete_last_rows(session.num_rows)
            rows = np.hstack([a * norms[:, None], np.full((len(a), 1), -1.0)])
            session.add_rows(rows, -c * norms, np.full(len(a), np.inf))
            solution = session.solve()
        except (SolverError, ValueError):
            # Numbers beyond what the solver takes: no proposal.
            return None
        if solution.status is not Status.OPTIMAL:
            return None
        x: FloatArray = solution.x[:d]
        # Half as far towards the domain's interior as the rows allow, for x itself may lie on the box.
        start = self._start.x
        here, there = a @ x + c, a @ start + c
        back = there < 0
        share = min(0.5, 0.5 * float((here[back] / (here[back] - there[back])).min(initial=1.0)))
        return x + share * (start - x)

    def _push(self, states: bytes) -> bool:
        """Make the cell that of the given states; False if a unit that is constant contradicts its state."""
        self.cell.truncate(self._domain_rows)
        offset = 0
        for layer, width in enumerate(self.restriction.widths):
            here = states[offset : offset + width]
            if not here:
                break
            forms = self._forms_of(layer, states[:offset])
            linear = self.restriction.linear[layer]
            for unit, state in enumerate(here):
                if linear[unit]:
                    if not state:
                        return False
                    continue
                if self.cell.open and forms.is_zero(unit):
                    # Identically zero means inactive, and leaves no row that could be strict.
                    if state:
                        return False
                    continue
                self.cell.push(forms, unit, 1 if state else -1)
            offset += width
        return True

    def _forms_of(self, layer: int, prefix: bytes) -> LayerForms:
        """The forms of a layer behind a prefix; those of the last prefix are kept, for enumeration is depth first."""
        known = min(layer, len(self._forms) - 1)
        while self._forms[known].prefix != prefix[: len(self._forms[known].prefix)]:
            known -= 1
        del self._forms[known + 1 :]
        for index in range(known, layer):
            before = self._forms[index]
            start = len(before.prefix)
            self._forms.append(before.next(prefix[start : start + self.restriction.widths[index]]))
        return self._forms[layer]

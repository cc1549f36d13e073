"""LP cells: does a hyperplane cut this cell? Asked of a float LP, answered by a proof.

The session's linear program follows the cell's stack of rows, so that a node of the depth-first search
differs from the last one by a few rows, and every call is warm started.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.exact.cell import Cell, LayerForms, Witness
from polyregions.exact.simplex import BasisHint
from solvers import Status, lp_session
from solvers.protocol import BASIC

__all__ = ["LPCells"]

FloatArray = npt.NDArray[np.float64]

#: Numbers of this size count as infinite to HiGHS.
_LARGEST = 1e19


class LPCells:
    """Finds points of a cell at which a form has a given sign, or proves that there are none.

    Parameters
    ----------
    cell : Cell
        Changed by the caller between calls, through :meth:`truncate` where rows are taken away.
    solver : str
        The LP back end that makes the proposals.
    keep_proofs : bool
        Keep the last proof in ``proof``.

    Attributes
    ----------
    proof : dict of row index to positive number
        After :meth:`find` returned None: multipliers of the cell's rows, in the sense of ``Cell.excludes_certainly``.
    """

    def __init__(self, cell: Cell, solver: str = "highs", *, keep_proofs: bool = False) -> None:
        self.cell = cell
        self.proof: dict[int, float] | dict[int, Fraction] = {}
        self._keep_proofs = keep_proofs
        self.programs = 0
        self._session = _open_session(cell, solver)
        self._scales: list[float] = []

    def truncate(self, length: int) -> None:
        """Keep the first ``length`` rows of the cell."""
        self.cell.truncate(length)
        surplus = len(self._scales) - length
        if surplus > 0 and self._session is not None:
            self._session.delete_last_rows(surplus)
            del self._scales[length:]

    def find(self, forms: LayerForms, unit: int, sign: int, inside: Witness) -> Witness | None:
        """A point of the cell at which the unit's form has the given sign; None if proven that there is none.

        Parameters
        ----------
        inside : Witness
            A point of the cell.
        """
        cell, rows = self.cell, forms.rows
        objective, constant = sign * rows.a[unit], sign * rows.c[unit]
        if self._session is None or not np.isfinite(objective).all():
            return self._exactly(forms, unit, sign, inside, None)
        self._push_rows()
        scale = _power_of_two(objective)
        self._session.set_objective(objective * scale)
        solution = self._session.solve()
        self.programs += 1
        if solution.status is not Status.OPTIMAL:
            return self._exactly(forms, unit, sign, inside, None)
        value = objective @ solution.x + constant
        if value > 0:
            here = objective @ inside.x + constant
            # The middle of the stretch on which the form has the wanted sign.
            share = 0.5 if here >= 0 else 0.5 * (1.0 + here / (here - value))
            x = inside.x + share * (solution.x - inside.x)
            if cell.contains_certainly(x) and rows.sign(unit, x) == sign:
                cell.counts.by_filter += 1
                return Witness(x)
        else:
            multipliers = -solution.row_duals * np.array(self._scales) / scale
            if cell.excludes_certainly(forms, unit, sign, multipliers, strictly=not (cell.open or sign > 0)):
                cell.counts.by_filter += 1
                if self._keep_proofs:
                    self.proof = self._shortened(forms, unit, sign, multipliers)
                return None
        basis = self._session.basis()
        hint = BasisHint(
            tuple(np.flatnonzero(basis.row_status != BASIC).tolist()),
            tuple(np.flatnonzero(basis.column_status == BASIC).tolist()),
        )
        return self._exactly(forms, unit, sign, inside, hint)

    def _exactly(
        self, forms: LayerForms, unit: int, sign: int, inside: Witness, hint: BasisHint | None
    ) -> Witness | None:
        self.cell.counts.by_exact += 1
        found = self.cell.decide(forms, unit, sign, inside, hint)
        if isinstance(found, Witness):
            return found
        if self._keep_proofs:
            self.proof = self.cell.unscaled(forms, found.multipliers)
        return None

    def _shortened(self, forms: LayerForms, unit: int, sign: int, multipliers: FloatArray) -> dict[int, float]:
        """Proven multipliers, rounded to few bits where they still prove; nearly all do."""
        weights = np.maximum(multipliers, 0.0)
        for kind in (np.float16, np.float32):
            short = weights.astype(kind).astype(np.float64)
            if self.cell.excludes_certainly(forms, unit, sign, short, strictly=not (self.cell.open or sign > 0)):
                weights = short
                break
        return {int(i): float(weights[i]) for i in np.flatnonzero(weights)}

    def _push_rows(self) -> None:
        """Bring the session's rows, scaled to a largest coefficient near 1, up to those of the cell."""
        first = len(self._scales)
        if first == len(self.cell):
            return
        a, c = self.cell.a[first:], self.cell.c[first:]
        scales = np.array([_power_of_two(row) for row in a])
        scaled = a * scales[:, None]
        lower = -c * scales
        # A row that floats can't hold is left out of the proposal; the proof takes it in.
        bad = ~(np.isfinite(scaled).all(axis=1) & (np.abs(lower) < _LARGEST))
        if bad.any():
            scaled[bad], lower[bad], scales[bad] = 0.0, -1.0, 0.0
        self._session.add_rows(scaled, lower, np.full(len(lower), np.inf))
        self._scales.extend(scales.tolist())


def _open_session(cell: Cell, solver: str) -> Any:
    """A session with the box as its columns, or None where solvers would take the box's bounds for infinite."""
    lower, upper = cell.box.lower, cell.box.upper
    if not (np.abs(lower) < _LARGEST).all() or not (np.abs(upper) < _LARGEST).all():
        lower, upper = np.zeros(0), np.zeros(0)
    session = lp_session(lower, upper, name=solver)
    return session if len(lower) == len(cell.box.lower) else None


def _power_of_two(row: FloatArray) -> float:
    """A power of two that brings the largest coefficient between 1/2 and 1."""
    exponent = int(np.frexp(np.abs(row).max(initial=0.0))[1])
    return float(np.ldexp(1.0, min(max(-exponent, -1000), 1000)))

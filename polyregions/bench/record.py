"""The linear programs that the splitting counter asks, taken down while it counts, and their exact optima."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from polyregions.bench.lp_sequence import LPSequence, LPStep
from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.errors import EncodingError
from polyregions.exact.arithmetic import default_arithmetic
from polyregions.exact.cell import Cell, LayerForms, Witness
from polyregions.exact.numbers import common_denominator, float_above, float_below
from polyregions.exact.restriction import Restriction
from polyregions.exact.simplex import BasisHint, ExactLP, Verdict
from polyregions.network import Network
from polyregions.splitting.lp_cells import LPCells
from polyregions.splitting.tree import SplittingTree
from solvers.protocol import BASIC, Basis, LPSolution

__all__ = ["exact_optimum", "record_sequence"]

FloatArray = npt.NDArray[np.float64]
#: Lower and upper bounds.
Box: TypeAlias = tuple[FloatArray, FloatArray]


def record_sequence(network: Network, domain: Domain, *, count: int) -> LPSequence:
    """Consecutive linear programs of the splitting counter with LP cells, with certified answers.

    The first programs of a count are about a whole layer of units on few rows; so the counter is stopped after twice
    as many as wanted, and the last ones are kept.

    Parameters
    ----------
    count : int
        How many; all there are, if there are fewer.

    Notes
    -----
    The programs depend on the vertices that HiGHS returns, so that another version may record others. Each optimum is
    exact whatever HiGHS says: the basis it ends with only tells the exact simplex method where to begin.
    """
    tree = SplittingTree(Restriction(network, domain), Definition.REGIONS)
    tape = _Tape(len(tree.cell.box.lower))
    tree.lps = _RecordedCells(tree.cell, tape)
    tree.explore(lambda: len(tape.takes) >= 2 * count)
    # Between two nodes the counter asks many, so that there may be more.
    takes = tape.takes[: 2 * count]
    first = max(len(takes) - count, 0)
    rows, lower = np.zeros((0, tape.columns)), np.zeros(0)
    steps = []
    box = tree.cell.box.lower, tree.cell.box.upper
    for number, take in enumerate(takes):
        kept = len(lower) - take.delete
        rows, lower = np.concatenate([rows[:kept], take.rows]), np.concatenate([lower[:kept], take.lower])
        if number < first:
            continue
        changes = (0, rows, lower) if number == first else (take.delete, take.rows, take.lower)
        optimum = exact_optimum(rows, lower, take.objective, box, take.hint)
        bounds = float_below(optimum), float_above(optimum)
        positive = optimum + Fraction(take.constant) > 0
        steps.append(LPStep(*changes, take.objective, take.constant, bounds, positive))
    return LPSequence(box[0].copy(), box[1].copy(), tuple(steps))


@dataclass(frozen=True, eq=False)
class _Take:
    """One call of the solver: what changed before it, and the basis after it."""

    delete: int
    rows: FloatArray
    lower: FloatArray
    objective: FloatArray
    constant: float
    hint: BasisHint


class _Tape:
    """What was asked so far."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.takes: list[_Take] = []
        self.constant = 0.0
        self._rows: list[tuple[FloatArray, float]] = []
        self._known = self._kept = 0

    def add(self, rows: FloatArray, lower: FloatArray) -> None:
        self._rows.extend(zip(rows.copy(), lower.tolist(), strict=True))

    def delete(self, count: int) -> None:
        del self._rows[len(self._rows) - count :]
        self._kept = min(self._kept, len(self._rows))

    def take(self, objective: FloatArray, hint: BasisHint) -> None:
        """Take down a solve; what was added and deleted again since the last one leaves no trace."""
        new = self._rows[self._kept :]
        rows = np.array([row for row, _ in new]).reshape(-1, self.columns)
        lower = np.array([low for _, low in new], dtype=float)
        self.takes.append(_Take(self._known - self._kept, rows, lower, objective, self.constant, hint))
        self._known = self._kept = len(self._rows)


class _RecordedSession:
    """An LP session of the counter that tells a tape what it is asked."""

    def __init__(self, session: Any, tape: _Tape) -> None:
        self._session = session
        self._tape = tape
        self._objective = np.zeros(tape.columns)

    def add_rows(self, matrix: FloatArray, lower: FloatArray, upper: FloatArray) -> None:
        self._tape.add(matrix, lower)
        self._session.add_rows(matrix, lower, upper)

    def delete_last_rows(self, count: int) -> None:
        self._tape.delete(count)
        self._session.delete_last_rows(count)

    def set_objective(self, coefficients: FloatArray) -> None:
        self._objective = coefficients.copy()
        self._session.set_objective(coefficients)

    def solve(self) -> LPSolution:
        solution: LPSolution = self._session.solve()
        basis = self._session.basis()
        hint = BasisHint(
            tuple(np.flatnonzero(basis.row_status != BASIC).tolist()),
            tuple(np.flatnonzero(basis.column_status == BASIC).tolist()),
        )
        self._tape.take(self._objective, hint)
        return solution

    def basis(self) -> Basis:
        basis: Basis = self._session.basis()
        return basis


class _RecordedCells(LPCells):
    """LP cells that take down the constants, too, which their session does not see."""

    def __init__(self, cell: Cell, tape: _Tape) -> None:
        super().__init__(cell)
        self._tape = tape
        if self._session is not None:
            self._session = _RecordedSession(self._session, tape)

    def find(self, forms: LayerForms, unit: int, sign: int, inside: Witness) -> Witness | None:
        # The objective is scaled by a power of two so that its largest coefficient is between 1/2 and 1.
        exponent = int(np.frexp(np.abs(forms.rows.a[unit]).max(initial=0.0))[1])
        self._tape.constant = float(np.ldexp(sign * forms.rows.c[unit], -exponent))
        return super().find(forms, unit, sign, inside)


def exact_optimum(
    rows: FloatArray, lower: FloatArray, objective: FloatArray, box: Box, hint: BasisHint | None = None
) -> Fraction:
    """The exact maximum of objective . x where rows . x >= lower, in a box."""
    bounds = [[Fraction(value) for value in side.tolist()] for side in box]
    scale = common_denominator([*bounds[0], *bounds[1]])
    exact = ExactLP(
        [_integers(row, scale)[0] for row in np.column_stack([rows, -lower]).tolist()],
        [int(value * scale) for value in bounds[0]],
        [int(value * scale) for value in bounds[1]],
        default_arithmetic(),
    )
    form, denominator = _integers([*objective.tolist(), 0.0], scale)
    optimum = exact.maximise(form, hint=hint)
    if optimum.verdict is not Verdict.OPTIMAL:
        # The counter's cells have interior points, but its rows in floats are rounded.
        raise EncodingError(
            "the rows of a recorded linear program, rounded to floats, leave no point; take another seed"
        )
    return Fraction(optimum.bound) / (denominator * scale)


def _integers(row: list[float], scale: int) -> tuple[list[int], int]:
    """A row over coordinates times ``scale``, with its constant last, as integers; and their denominator."""
    values = [Fraction(value) for value in row]
    values[-1] *= scale
    denominator = common_denominator(values)
    return [int(value * denominator) for value in values], denominator

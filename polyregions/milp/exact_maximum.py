"""The exact maximum of a unit's pre-activation over one closed cell: the last word of the search for bounds."""

from collections.abc import Sequence
from fractions import Fraction

from polyregions.exact.cell import LayerForms
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.exact.simplex import ExactLP, Verdict

__all__ = ["ExactCell"]


class ExactCell:
    """The points at which the units of the first layers have g >= 0 (state 1) or g <= 0 (state 0), exactly.

    Closed cells overlap where some g = 0, and there the network has the same values on either side; so the maximum
    over the domain is the largest of the maxima over closed cells, and no strict inequality is needed.

    Parameters
    ----------
    restriction : Restriction
    box : FloatBox
    states : sequence of 0/1
        Of all units of the first layers, one layer after another.
    """

    def __init__(self, restriction: Restriction, box: FloatBox, states: Sequence[int]) -> None:
        self._restriction = restriction
        self._layers = [LayerForms.first(restriction, box)]
        offset = 0
        while offset < len(states):
            width = restriction.widths[len(self._layers) - 1]
            bits = bytes(states[offset : offset + width])
            offset += width
            if len(self._layers) < len(restriction.widths):
                self._layers.append(self._layers[-1].next(bits))
        self._states = states
        rows = [*restriction.rows, *self._signed_rows()]
        scale = restriction.scale
        # In the coordinates scale * t, whose bounds are integers.
        self._program = ExactLP(
            [[*row[:-1], row[-1] * scale] for row in rows], restriction.lower, restriction.upper, restriction.arithmetic
        )

    def _signed_rows(self) -> list[list[int]]:
        rows, offset = [], 0
        for forms, width in zip(self._layers, self._restriction.widths, strict=False):
            linear = self._restriction.linear[forms.layer]
            for unit, state in enumerate(self._states[offset : offset + width]):
                if not linear[unit]:
                    rows.append([value if state else -value for value in forms.exact(unit)])
            offset += width
        return rows

    def maximum(self, layer: int, unit: int, sign: int) -> Fraction | None:
        """The largest value of ``sign`` times the pre-activation of a unit of these layers or the next one.

        None if the cell is empty.
        """
        forms, scale = self._layers[layer], self._restriction.scale
        row = [sign * value for value in forms.exact(unit)]
        optimum = self._program.maximise([*row[:-1], row[-1] * scale])
        return None if optimum.verdict is Verdict.INFEASIBLE else Fraction(optimum.bound) / (forms.scale * scale)

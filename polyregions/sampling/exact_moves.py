"""Moves of cells to neighbours, decided exactly: what :mod:`descent_moves` leaves open, and exact cells."""

from collections.abc import Sequence
from fractions import Fraction

from polyregions.definition import Definition
from polyregions.exact.cell import Cell, DecisionCounts, LayerForms, Witness, short_between
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import ExactPoint, Restriction
from polyregions.splitting.lp_cells import LPCells

__all__ = ["ExactMoves"]


class ExactMoves:
    """Whether a cell has a facet on a unit's boundary, and a point behind it.

    Two cells whose patterns differ in one unit are neighbours if there is a point where this unit's form is 0, though
    it is not 0 everywhere, and all others have their signs strictly, inside the domain. This says the same of both, as
    their forms agree where the unit's is 0. Cells of lower dimension have no neighbours.

    Parameters
    ----------
    restriction : Restriction
    box : FloatBox
    """

    def __init__(self, restriction: Restriction, box: FloatBox) -> None:
        self._restriction = restriction
        self._cell = Cell(restriction, box, Definition.REGIONS)
        self._lps = LPCells(self._cell)
        self._domain_rows = len(self._cell)

    @property
    def counts(self) -> DecisionCounts:
        """How decisions were made."""
        return self._cell.counts

    @property
    def programs(self) -> int:
        """How many linear programs the solver was given."""
        return self._lps.programs

    def neighbour(
        self,
        chain: Sequence[LayerForms],
        states: Sequence[bytes],
        asked: Sequence[tuple[int, int]],
        choice: int,
        points: Sequence[Witness],
    ) -> tuple[list[LayerForms], list[bytes], Witness] | None:
        """The cell behind the facet on the boundary of ``asked[choice]``, with a point; None if there is no facet.

        Parameters
        ----------
        chain, states : of the layers that the cell has entered, the forms and the units' states
        asked : pairs (layer, unit)
            The units that were asked about.
        points : of the cell
        """
        layer, unit = asked[choice]
        rows = [(chain[i], u, 1 if states[i][u] else -1) for i, u in asked]
        own = rows.pop(choice)
        inside = next((point for point in points if self._is_strict(point, [*rows, own])), None)
        self._lps.truncate(self._domain_rows)
        for row in rows:
            self._cell.push(*row)
        if inside is None:
            self._cell.push(*own)
            inside = self._cell.point()
            self._lps.truncate(self._domain_rows + len(rows))
            if inside is None:
                return None
        beyond = self._lps.find(chain[layer], unit, -own[2], inside)
        if beyond is None:
            return None
        changed = bytearray(states[layer])
        changed[unit] ^= 1
        after = [*states[:layer], bytes(changed), *states[layer + 1 :]]
        forms = list(chain[: layer + 1])
        for i in range(layer, len(chain) - 1):
            forms.append(forms[-1].next(after[i]))
        if layer + 1 < len(chain):
            beyond = self._behind(forms, after, asked, choice, inside.point, beyond.point)
        return forms, after, beyond

    def _is_strict(self, point: Witness, rows: Sequence[tuple[LayerForms, int, int]]) -> bool:
        """Whether a point is inside the domain and has the rows' signs, none of them 0."""
        signs = {id(forms): forms.signs(point, self.counts) for forms, _, _ in rows}
        if not all(signs[id(forms)][unit] == sign for forms, unit, sign in rows):
            return False
        self._lps.truncate(self._domain_rows)
        return self._cell.contains(point.point)

    def _behind(
        self,
        forms: Sequence[LayerForms],
        states: Sequence[bytes],
        asked: Sequence[tuple[int, int]],
        choice: int,
        inside: ExactPoint,
        beyond: ExactPoint,
    ) -> Witness:
        """A point of the neighbour on the way to a point beyond the facet, for the forms that it has."""
        layer, unit = asked[choice]
        near, far, room = self._values(forms, inside), self._values(forms, beyond), Fraction(1)
        facet = near[layer][unit] / (near[layer][unit] - far[layer][unit])
        rows = [(forms[i], u, 1 if states[i][u] else -1) for i, u in asked]
        for (i, u), (_, _, sign) in zip(asked, rows, strict=True):
            start, end = sign * near[i][u], sign * far[i][u]
            if (i, u) != (layer, unit) and end < 0:
                room = min(room, start / (start - end))
        point = Witness.rational(inside.towards(beyond, short_between(facet, room)))
        # The numbers of a float point are shorter, where rounding has not moved it out.
        rounded = Witness(point.x)
        return rounded if self._is_strict(rounded, rows) else point

    def _values(self, forms: Sequence[LayerForms], point: ExactPoint) -> list[list[Fraction]]:
        """The forms of all layers at a point, each layer times a positive scale that is the same for all points."""
        values = self._restriction.preactivations(point, len(forms), forms[-1].prefix)
        return [[Fraction(int(value), point.denominator) for value in layer] for layer in values]

"""A bounded part of an unbounded domain that shows all of its regions, and which of them go on for ever.

The regions' closures fit face to face, and each face contains a smallest face of a region. A window that has a point of
each smallest face in its interior meets every face there: so the regions in the window, their shared facets and whether
they touch are those of the whole domain (docs/unbounded.md).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.definition import Definition
from polyregions.domain import Chart, Domain, Polytope, Vector
from polyregions.exact.cell import Witness
from polyregions.exact.numbers import format_fraction, integer_rows
from polyregions.exact.restriction import ExactPoint, Restriction
from polyregions.exact.sections import Sections
from polyregions.geometry.integer_cells import cut_integer_box
from polyregions.geometry.neighbours import ExactForms
from polyregions.network import Network
from polyregions.projection.system import Row, primitive

__all__ = ["Ground", "Window", "ground"]

States = npt.NDArray[np.uint8]
Stop = Callable[[], bool]


class Window(Domain):
    """The points of an unbounded domain whose coordinates in its frame lie in a box.

    Parameters
    ----------
    whole : Domain
        Unbounded.
    lower, upper : as many rationals as the frame has coordinates, lower < upper
        Of an infinite line or plane those of the parameters, else of the inputs.
    """

    def __init__(self, whole: Domain, lower: Sequence[Fraction], upper: Sequence[Fraction]) -> None:
        self.whole = whole
        self.lower, self.upper = tuple(lower), tuple(upper)

    def chart(self, dimension: int) -> Chart:
        if isinstance(self.whole, Polytope):
            # Two bounds per coordinate, as rows.
            units = [tuple(Fraction(int(i == j)) for i in range(dimension)) for j in range(dimension)]
            low = [tuple(-value for value in unit) for unit in units]
            bounds = [*self.upper, *(-value for value in self.lower)]
            return Polytope([*self.whole.A, *units, *low], [*self.whole.b, *bounds]).chart(dimension)
        frame = self.whole.frame(dimension)
        centre = tuple((low + high) / 2 for low, high in zip(self.lower, self.upper, strict=True))
        return Chart(frame.origin, frame.columns, self.lower, self.upper, (), centre)

    def to_json(self) -> dict[str, Any]:
        bounds = {"lower": self.lower, "upper": self.upper}
        return {
            "window": self.whole.to_json(),
            **{name: [format_fraction(value) for value in bound] for name, bound in bounds.items()},
        }

    def __repr__(self) -> str:
        return f"a window of {self.whole!r}"


@dataclass(frozen=True)
class Ground:
    """Where regions are compared: a bounded domain, and a point of each region inside it.

    Attributes
    ----------
    restriction : Restriction
        Of the network to the bounded domain.
    witnesses : list of Witness
        In its chart, inside the regions, one per region.
    complete : bool
        Whether the bounded domain has a point of each face of the regions inside. Without, the search for it was
        stopped, there are no witnesses, and it shows the regions' affine maps alone.
    """

    restriction: Restriction
    witnesses: list[Witness]
    complete: bool


def ground(network: Network, domain: Domain, states: States, stop: Stop) -> Ground:
    """A window of an unbounded domain for some of its regions.

    Parameters
    ----------
    network : Network
        One that does not merge.
    domain : Domain
        Unbounded.
    states : (R, N) uint8
        Of different regions of full dimension.
    stop : callable
        Asked between regions; True ends the search.

    Notes
    -----
    The double description method in integers for each region, in the section of the piece that it lies in
    (:mod:`polyregions.exact.sections`): vertices with s > 0 are points of its smallest faces, one of each; those with
    s = 0 are the directions in which the region goes on. About a millisecond per region in two dimensions.
    """
    size = domain.frame(network.input_dimension).dimension
    box = _Bounds(size)
    inner: dict[int, tuple[Vector, Vector]] = {}
    for region, points, rays in _generators(network, domain, states):
        box.add(points)
        mean = tuple(sum(values, Fraction(0)) / len(points) for values in zip(*points, strict=True))
        inner[region] = mean, tuple(sum((ray[j] for ray in rays), Fraction(0)) for j in range(size))
        if stop():
            break
    lower, upper, room = box.widened()
    restriction = Restriction(network, Window(domain, lower, upper))
    if len(inner) < len(states):
        return Ground(restriction, [], False)
    free = _free(restriction.chart) if isinstance(domain, Polytope) else range(size)
    witnesses = []
    for region in range(len(states)):
        mean, ray = inner[region]
        # Some way along the rays, as far as the window has room beyond the points.
        step = min((width / abs(v) for width, v in zip(room, ray, strict=True) if v), default=Fraction(0)) / 2
        point = [x + step * v for x, v in zip(mean, ray, strict=True)]
        witnesses.append(Witness.rational(ExactPoint.of([point[j] for j in free])))
    return Ground(restriction, witnesses, True)


def _generators(network: Network, domain: Domain, states: States) -> Iterator[tuple[int, list[Vector], list[Vector]]]:
    """Each region with the points and rays of its closure, over the frame's coordinates; piece by piece."""
    # Not those of full dimension only: the section of a cone would do without its apex.
    sections = Sections(network, domain, Definition.PATTERNS)
    pieces: dict[bytes, list[int]] = {}
    for region, row in enumerate(states[:, list(sections.cuts)]):
        pieces.setdefault(row.tobytes(), []).append(region)
    for members in pieces.values():
        piece, chart = sections.piece_of(states[members[0]])
        corners = _Corners(piece.restriction, chart, states[members])
        for i, region in enumerate(members):
            yield region, *corners.of(i)


class _Corners:
    """The vertices of regions in one piece.

    Parameters
    ----------
    restriction : Restriction
        Of the network to the piece.
    chart : Chart
        The piece's, giving the frame's coordinates in place of the inputs.
    states : (R, N)
    """

    def __init__(self, restriction: Restriction, chart: Chart, states: States) -> None:
        self._restriction, self._chart, self._states = restriction, chart, states
        self._forms = ExactForms(restriction, states)
        self._walls = [tuple(row) for row in restriction.rows[: len(restriction.rows) - chart.strict]]
        # The frame's coordinates times s, in integers over one denominator.
        columns: Sequence[dict[int, Fraction]] = chart.columns or ()
        table = [[*(column.get(k, Fraction(0)) for column in columns), x] for k, x in enumerate(chart.origin)]
        self._table, self._denominator = integer_rows(table)

    def of(self, region: int) -> tuple[list[Vector], list[Vector]]:
        r, points, rays = self._restriction, [], []
        for vertex in cut_integer_box(r.lower, r.upper, r.scale, [*self._walls, *self._inside(region)]):
            *v, q = vertex.coordinates
            entries = [sum(w * x for w, x in zip(row, vertex.coordinates, strict=True)) for row in self._table]
            share = (v[-1] if self._chart.homogeneous else q) * self._denominator
            if share:
                points.append(tuple(Fraction(value, share) for value in entries))
            else:
                rays.append(tuple(Fraction(value, q * self._denominator) for value in entries))
        return points, rays

    def _inside(self, region: int) -> list[Row]:
        """The unit forms that are not zero, at least 0 on the region, each once."""
        rows, states = self._forms.rows(region), self._states[region]
        signed = (rows[unit] if states[unit] else [-value for value in rows[unit]] for unit in self._forms.cutting)
        return list(dict.fromkeys(primitive(row) for row in signed if any(row)))


def _free(chart: Chart) -> list[int]:
    """The inputs that are the coordinates of a polytope's chart."""
    if chart.columns is None:
        return list(range(chart.dimension))
    used = [i for column in chart.columns for i in column]
    return [
        next(i for i, value in column.items() if value == 1 and used.count(i) == 1 and not chart.origin[i])
        for column in chart.columns
    ]


class _Bounds:
    """A box around points."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lower: list[Fraction] = []
        self._upper: list[Fraction] = []

    def add(self, points: Sequence[Vector]) -> None:
        corners = [*points, tuple(self._lower), tuple(self._upper)] if self._lower else points
        self._lower = [min(values) for values in zip(*corners, strict=True)]
        self._upper = [max(values) for values in zip(*corners, strict=True)]

    def widened(self) -> tuple[Vector, Vector, Vector]:
        """A box, and by how much at least it is larger on all sides; its bounds have few bits."""
        lower = self._lower or [Fraction(0)] * self._size
        upper = self._upper or [Fraction(0)] * self._size
        extents = [high - low for low, high in zip(lower, upper, strict=True)]
        least = max(extents, default=Fraction(0)) or Fraction(1)
        room = [extent or least for extent in extents]
        steps = [_power_of_two(width) / 4 for width in room]
        low = tuple((x - width) // step * step for x, width, step in zip(lower, room, steps, strict=True))
        high = tuple(-((-x - width) // step) * step for x, width, step in zip(upper, room, steps, strict=True))
        return low, high, tuple(room)


def _power_of_two(value: Fraction) -> Fraction:
    """One near a positive number."""
    return Fraction(2) ** (value.numerator.bit_length() - value.denominator.bit_length())

"""Points just behind facets of many regions at once, in floats, each certified by the float filter or left out.

That region A has a facet on the hyperplane of its unit i is proven by a point at which unit i's form has the other
sign and all other forms of A keep theirs, strictly: the way there from an inner point of A crosses the hyperplane at
a point with a neighbourhood in it where the other forms have A's signs.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from polyregions.exact.filter import INFLATE, FloatBox, U, first_rows, rounded_rows
from polyregions.exact.restriction import Restriction

__all__ = ["WallPoints"]

FloatArray = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
States = npt.NDArray[np.uint8]

#: Numbers per array that is worked on at once.
_CHUNK = 2**21
#: How often a point is moved to the middle of its rows in all directions.
_ROUNDS = 2


class WallPoints:
    """Proposals and certificates of facets.

    Parameters
    ----------
    restriction : Restriction
        Of a network with at least one counted layer, over a domain of at least one dimension.
    states : (R, N)
    witnesses : (R, d) floats
        Points in or near the regions; bad ones only cost proofs.
    """

    def __init__(self, restriction: Restriction, states: States, witnesses: FloatArray) -> None:
        self._restriction = restriction
        self._box = FloatBox.of(restriction)
        self._states = states
        self._points = witnesses
        self._offsets = list(accumulate(restriction.widths, initial=0))
        self._linear = np.concatenate(restriction.linear)
        d = restriction.dimension
        identity = np.eye(d)
        self._sides = (
            np.vstack([identity, -identity]),
            np.concatenate([-self._box.lower_inside, self._box.upper_inside]),
        )
        self._domain = rounded_rows(restriction.rows, 1, self._box) if restriction.rows else None

    @np.errstate(all="ignore")
    def proven(self, regions: Indices, others: Indices, units: Indices, flat: Flags | None = None) -> Flags:
        """Whether it is proven that each of the regions has a facet on its unit's hyperplane.

        Parameters
        ----------
        regions, units : (E,)
        others : (E,)
            The regions behind the facets, if these are facets.
        flat : (E, N) bool, optional
            The units whose forms on the region are multiples of the unit's form, 0 included; by default itself alone.

        Returns
        -------
        (E,)
        """
        if flat is None:
            flat = units[:, None] == np.arange(self._states.shape[1])
        flat = flat | self._linear  # linear units are no obstacle either
        result = np.zeros(len(regions), dtype=np.bool_)
        # Points on the ways between the regions' centres prove most; the others are moved to the middles of their rows.
        for rounds in (0, _ROUNDS):
            todo = np.flatnonzero(~result)
            for part in self._parts(len(todo)):
                here = todo[part]
                result[here] = self._proven(regions[here], others[here], units[here], flat[here], rounds)
        return result

    def _parts(self, count: int) -> Iterator[slice]:
        step = max(1, _CHUNK // (self._states.shape[1] * (self._restriction.dimension + 1)))
        return (slice(start, start + step) for start in range(0, count, step))

    @cached_property
    def _centres(self) -> FloatArray:
        """Points nearer to the middles of the regions than the witnesses are, (R, d)."""
        points = self._points.copy()
        every = np.arange(len(points))
        for part in self._parts(len(points)):
            a, c, _ = self._forms(every[part])
            rows = self._with_domain(a, c)
            rows.ignore(np.broadcast_to(self._linear, c.shape))
            for _ in range(_ROUNDS):
                for axis in np.eye(points.shape[1]):
                    points[part] = _middle(rows, points[part], np.broadcast_to(axis, points[part].shape))
        return points

    def _proven(self, regions: Indices, others: Indices, units: Indices, flat: Flags, rounds: int) -> Flags:
        distinct, place = np.unique(regions, return_inverse=True)
        a, c, error = (values[place] for values in self._forms(distinct))
        every = np.arange(len(regions))
        normal, constant = a[every, :, units], c[every, units]
        walls = self._with_domain(a, c)
        # What is 0 on the hyperplane is no obstacle to points on it.
        walls.ignore(flat)
        here, there = self._centres[regions], self._centres[others]
        before, after = (np.einsum("ed,ed->e", normal, points) + constant for points in (here, there))
        foot = here + (before / (before - after))[:, None] * (there - here)
        for direction in _directions(normal, rounds):
            foot = _middle(walls, foot, direction)
        low, _ = walls.along(foot, normal)
        behind = foot + 0.5 * low[:, None] * normal
        values, errors = self._values(a, c, error, behind)
        beyond = values[every, units] < -errors[every, units]
        inside: Flags = (behind > self._box.lower_inside).all(axis=1) & (behind < self._box.upper_inside).all(axis=1)
        if self._domain is not None:
            inside &= (self._domain.signs(behind) > 0).all(axis=1)
        inside &= beyond & ((values > errors) | flat).all(axis=1)
        return inside

    def _with_domain(self, a: FloatArray, c: FloatArray) -> "_Rows":
        """The regions' forms and the domain's, positive inside."""
        more = [self._sides] if self._domain is None else [self._sides, (self._domain.a, self._domain.c)]
        count = len(a)
        return _Rows(
            np.concatenate([a, *(np.broadcast_to(rows.T, (count, *rows.T.shape)) for rows, _ in more)], axis=2),
            np.concatenate(
                [c, *(np.broadcast_to(constants, (count, len(constants))) for _, constants in more)], axis=1
            ),
        )

    def _forms(self, regions: Indices) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The regions' forms, positive inside each: (E, d, N), (E, N), and bounds of their errors (E, N).

        The bounds of :func:`polyregions.exact.filter.next_rows`, where the columns of inactive units are 0 rather than
        left out, which adds nothing.
        """
        network, box = self._restriction.network, self._box
        states = self._states[regions]
        rows = first_rows(self._restriction, box)
        count = len(regions)
        # (E, d, n), so that a layer is one product of matrices.
        a: FloatArray = np.broadcast_to(rows.a.T, (count, *rows.a.T.shape))
        c, error, magnitude = (np.broadcast_to(v, (count, len(v))) for v in (rows.c, rows.error, rows.magnitude))
        layers = [(a, c, error)]
        for k in range(1, len(self._restriction.widths)):
            w, b = network.weights[k], network.biases[k]
            n = w.shape[1]
            on = states[:, self._offsets[k - 1] : self._offsets[k]].astype(np.float64)
            error = (on * ((n + 2) * U * magnitude + error)) @ np.abs(w).T + (n + 2) * U * np.abs(b)
            error = error * INFLATE + box.tiny
            passed = a * on[:, None, :]
            a = (passed.reshape(-1, n) @ w.T).reshape(count, -1, len(b))
            c = (c * on) @ w.T + b
            magnitude = (np.einsum("edn,d->en", np.abs(a), box.radius) + np.abs(c)) * INFLATE + box.tiny
            layers.append((a, c, error))
        sign = np.where(states > 0, 1.0, -1.0)
        a, c, error = (np.concatenate([layer[i] for layer in layers], axis=-1) for i in range(3))
        return a * sign[:, None, :], c * sign, error

    def _values(
        self, a: FloatArray, c: FloatArray, error: FloatArray, points: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The forms' values at one point each, and bounds of their errors; as :meth:`FloatRows.values`."""
        d = a.shape[1]
        values = np.einsum("edn,ed->en", a, points) + c
        sizes = np.einsum("edn,ed->en", np.abs(a), np.abs(points)) + np.abs(c)
        return values, (error + (d + 2) * U * sizes) * INFLATE + self._box.tiny


class _Rows:
    """Inequalities a . x + c >= 0 per region: (E, d, m) and (E, m)."""

    def __init__(self, a: FloatArray, c: FloatArray) -> None:
        self.a = a
        self.c = c

    def ignore(self, flat: Flags) -> None:
        """Turn rows into 0 . x + 1 >= 0; of the first columns, (E, k) bool."""
        self.c[:, : flat.shape[1]][flat] = 1.0
        self.a[:, :, : flat.shape[1]] *= ~flat[:, None, :]

    def along(self, points: FloatArray, directions: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The ends of each line's part in the rows, by its parameter; the first is larger where there is none."""
        slack = np.einsum("edm,ed->em", self.a, points) + self.c
        speed = np.einsum("edm,ed->em", self.a, directions)
        meets = -slack / speed
        low = np.where(speed > 0, meets, -np.inf).max(axis=1)
        high = np.where(speed < 0, meets, np.inf).min(axis=1)
        return low, high


def _middle(walls: _Rows, points: FloatArray, directions: FloatArray) -> FloatArray:
    """The middles of the lines' parts in the rows; where there is none, where the lines come closest to some."""
    low, high = walls.along(points, directions)
    share = 0.5 * (low + high)
    return points + np.where(np.isfinite(share), share, 0.0)[:, None] * directions


def _directions(normal: FloatArray, rounds: int) -> list[FloatArray]:
    """Directions along the hyperplanes: in the plane the only one, else the coordinate axes' projections in turn."""
    d = normal.shape[1]
    if d < 2 or not rounds:
        return []
    if d == 2:
        return [np.stack([-normal[:, 1], normal[:, 0]], axis=1)]
    shares = normal / (normal**2).sum(axis=1, keepdims=True)
    return [axis - shares[:, [j]] * normal for j, axis in enumerate(np.eye(d))] * rounds

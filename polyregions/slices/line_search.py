"""All regions along a line through the input space of a network: layer by layer, with sorted breakpoints.

On a line x(t) = p + t d each pre-activation is piecewise affine in t. An interval on which all earlier units keep their
states knows its units' forms a t + c; zeros inside it split it (Hanin & Rolnick 2019a, section 4; O(K N n) for K
intervals, N units and layers of n).

Points are directions (t : w) with w >= 0: the point t/w, and for w = 0 an end of the infinite line. A form's value is
a t + c w there, so that nothing is special about infinity. Floats propose, with bounds of all their errors; signs and
orders that these leave open are decided in integers. Derivations: docs/slices.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.domain import Segment
from polyregions.exact.filter import INFLATE, U, underflow
from polyregions.exact.numbers import nearest_float
from polyregions.network import Network
from polyregions.slices.exact_forms import ExactForms, rounded
from polyregions.slices.knots import Knots
from polyregions.slices.norms import LayerNorms, row_norms

__all__ = ["LineForms", "LineSearch"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Signs = npt.NDArray[np.int8]
States = npt.NDArray[np.bool_]

#: Entries of a block's arrays: intervals times units. Large enough for fast products of matrices.
_BLOCK = 1 << 20
#: A sign that is not known yet.
_UNKNOWN = 2
#: More than the square root of 2.
_SQRT2 = 1.4143
#: Radii of knots above which they decide nothing.
_LARGEST_RADIUS = 2.0**-20


@dataclass
class LineForms:
    """Forms a t + c on k intervals, n each.

    ``error`` (k, n) bounds the sum of both coefficients' errors, ``spread`` (k,) the sum of the Euclidean norms of the
    errors of all a and of all c.
    """

    a: FloatArray
    c: FloatArray
    error: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, a: FloatArray, c: FloatArray, error: FloatArray) -> "LineForms":
        return cls(a, c, error, row_norms(error) * _SQRT2)

    def part(self, which: Any) -> "LineForms":
        """The forms on some of the intervals."""
        return LineForms(self.a[which], self.c[which], self.error[which], self.spread[which])


@dataclass
class _Block:
    """Neighbouring intervals before the units of a layer are looked at.

    ``left``, ``right`` (k,): their ends as knots; ``states`` (k, offset): of all units of earlier layers on them;
    ``points`` (k, offset): those at their left ends.
    """

    layer: int
    forms: LineForms
    left: IntArray
    right: IntArray
    states: States
    points: States


class LineSearch:
    """Finds the intervals of a line on which a network keeps its activation pattern.

    Parameters
    ----------
    network : Network
    start, direction : n_0 rationals
        The line start + t direction.
    infinite : bool
        All of it, or the segment 0 <= t <= 1.

    Attributes
    ----------
    exponent : int
        The search's own parameter is t / 2^exponent, which balances slopes and constants.
    knots : Knots
    ends : (K + 1,)
        Knots that bound the K intervals, in order.
    states : (K, ceil(N / 8)) uint8
        Packed patterns of the intervals.
    points : (K + 1, ceil(N / 8)) uint8
        Packed patterns at their ends; those at infinity mean nothing.
    output : LineForms
        Of the output layer, (K, n_out); where it is counted as a ReLU layer, after it.
    by_filter, by_exact : int
        Decisions.
    """

    def __init__(
        self, network: Network, start: Sequence[Fraction], direction: Sequence[Fraction], *, infinite: bool
    ) -> None:
        self.network, self.infinite = network, infinite
        self._tiny = underflow()
        self._offsets = np.concatenate([[0], np.cumsum(network.widths)]).astype(int)
        self.by_filter = self.by_exact = 0
        with np.errstate(all="ignore"):
            self.exponent = self._balance(start, direction) if infinite else 0
            scaled = [value * Fraction(2) ** self.exponent for value in direction]
            end = [p + v for p, v in zip(start, scaled, strict=True)]
            self.exact = ExactForms(network, Segment(start, end))
            self.knots = Knots(self.exact)
            self._finished: list[_Block] = []
            self._last_point: list[States] = []
            self._run(self._first_forms(start, scaled))

    # -- set-up ------------------------------------------------------------------------------------------

    def _balance(self, start: Sequence[Fraction], direction: Sequence[Fraction]) -> int:
        w, b = self.network.weights[0], self.network.biases[0]
        slopes = np.abs(w @ np.array([nearest_float(v) for v in direction])).max()
        constants = np.abs(w @ np.array([nearest_float(v) for v in start]) + b).max()
        ratio = constants / slopes
        return int(np.frexp(ratio)[1]) if 0 < ratio < np.inf else 0

    def _first_forms(self, start: Sequence[Fraction], direction: Sequence[Fraction]) -> LineForms:
        """The first layer's forms, one row: docs/slices.md, equation (1)."""
        w, b = self.network.weights[0], self.network.biases[0]
        p, d = (np.array([nearest_float(value) for value in vector]) for vector in (start, direction))
        c, a = w @ p + b, w @ d
        error = (len(p) + 3) * U * (np.abs(w) @ (np.abs(p) + np.abs(d)) + np.abs(b)) * INFLATE + self._tiny
        # A subnormal coordinate is rounded by more than its share.
        small = [bool(v) and abs(x) < 2.0**-1022 for v, x in zip((*start, *direction), (*p, *d), strict=True)]
        if any(small):
            error = np.full_like(error, np.inf)
        return LineForms.of(a[None], c[None], error[None])

    def _run(self, first: LineForms) -> None:
        nothing = np.zeros((1, 0), dtype=np.bool_)
        if self.infinite:
            # Two halves, for a form may vanish at both ends of a whole line without vanishing in between.
            ends = self.knots.add_points([(-1, 0), (0, 1), (1, 0)])
            self._middle = int(ends[1])
            first = first.part([0, 0])
            nothing = np.repeat(nothing, 2, axis=0)
        else:
            ends = self.knots.add_points([(0, 1), (1, 1)])
            self._middle = -1
        self._end = int(ends[-1])
        stack = [_Block(0, first, ends[:-1], ends[1:], nothing, nothing)]
        while stack:
            block = stack.pop()
            if block.layer == self.network.depth:
                self._finished.append(block)
            else:
                # The leftmost part goes on top, so that intervals are finished in order.
                stack.extend(reversed(self._step(block)))
        self._collect()

    # -- one layer ---------------------------------------------------------------------------------------

    def _step(self, block: _Block) -> list[_Block]:
        """Split a block's intervals at the zeros of the layer's units, and let them enter the next layer, in parts."""
        left, right = self._signs(block)
        if block.right[-1] == self._end:
            self._last_point.append(right[-1] > 0)
        counts, ids, states, points = self._split(block, left, right)
        parent = np.repeat(np.arange(len(counts)), counts)
        position = np.arange(len(parent)) - np.repeat(np.cumsum(counts) - counts, counts)
        lefts = np.where(position == 0, block.left[parent], 0)
        lefts[position > 0] = ids
        rights = np.where(position == counts[parent] - 1, block.right[parent], 0)
        rights[position < counts[parent] - 1] = ids
        states = np.concatenate([block.states[parent], states], axis=1)
        # Inside an interval of the parent all earlier units keep their states, at its left end not quite.
        before = np.where(position[:, None] == 0, block.points[parent], block.states[parent])
        points = np.concatenate([before, points], axis=1)
        following = self.network.biases[min(block.layer + 1, len(self.network.biases) - 1)]
        size = max(1, _BLOCK // max(len(following), block.forms.a.shape[1]))
        return [
            _Block(
                block.layer + 1,
                self._next_forms(block, parent[part], states[part]),
                lefts[part],
                rights[part],
                states[part],
                points[part],
            )
            for part in (slice(i, i + size) for i in range(0, len(parent), size))
        ]

    def _next_forms(self, block: _Block, parent: IntArray, states: States) -> LineForms:
        """Forms behind the layer, docs/slices.md, equation (2)."""
        offset, layer = int(self._offsets[block.layer]), block.layer + 1
        active = states[:, offset:]
        a, c, e = (np.where(active, part[parent], 0.0) for part in (block.forms.a, block.forms.c, block.forms.error))
        if layer == len(self.network.weights):  # the output layer was counted, and has been masked
            return LineForms.of(a, c, e)
        w, b = self.network.weights[layer], self.network.biases[layer]
        n = w.shape[1]
        norms, rounding = self._layer_norms[layer - 1], (n + 2) * U
        size, spread = np.abs(a) + np.abs(c), block.forms.spread[parent]
        length = rounding * row_norms(size)
        # Twice the same, unit by unit and for all units together: the second grows less from layer to layer.
        error = (rounding * size + e) @ np.abs(w).T
        error = np.fmin(error, (spread + length)[:, None] * norms.rows) + rounding * np.abs(b)
        error = error * INFLATE + self._tiny
        spread = norms.spectral * spread + _SQRT2 * (norms.frobenius * length + rounding * float(row_norms(np.abs(b))))
        spread = np.fmin(spread * INFLATE + n * self._tiny, _SQRT2 * row_norms(error))
        return LineForms(a @ w.T, c @ w.T + b, error, spread)

    @cached_property
    def _layer_norms(self) -> list[LayerNorms]:
        return [LayerNorms.of(w) for w in self.network.weights[1:]]

    # -- signs -------------------------------------------------------------------------------------------

    def _signs(self, block: _Block) -> tuple[Signs, Signs]:
        """The signs -1, 0, 1 of all units at the left and right ends of the block's intervals, (k, n) each."""
        left, right = (self._certain(block.forms, ends) for ends in (block.left, block.right))
        # Linear units pass on what they get, whatever its sign: as if it were positive.
        left[:, self.network.linear_masks[block.layer]] = right[:, self.network.linear_masks[block.layer]] = 1
        self.by_filter += 2 * left.size
        unknown = np.flatnonzero(((left == _UNKNOWN) | (right == _UNKNOWN)).any(axis=1))
        if not len(unknown):
            return left, right
        exact = self._refresh(block, unknown)
        for k in unknown.tolist():
            for end, signs in ((int(block.left[k]), left), (int(block.right[k]), right)):
                open_units = np.flatnonzero(signs[k] == _UNKNOWN)
                if not len(open_units):
                    continue
                self.knots.refresh(end)
                again = self._certain(block.forms.part([k]), np.array([end]))[0]
                for j in open_units.tolist():
                    if again[j] == _UNKNOWN:
                        a, c = exact[k][j]
                        t, w = self.knots.exact(end)
                        value = a * t + c * w
                        signs[k, j] = (value > 0) - (value < 0)
                        self.by_exact += 1
                        self.by_filter -= 1
                    else:
                        signs[k, j] = again[j]
        return left, right

    def _certain(self, forms: LineForms, ends: IntArray) -> Signs:
        """Signs at knots as far as floats tell, docs/slices.md, equation (4)."""
        t, w, radius = (part[ends][:, None] for part in (self.knots.t, self.knots.w, self.knots.radius))
        at, cw = forms.a * t, forms.c * w
        value, size = at + cw, np.maximum(np.abs(forms.a), np.abs(forms.c))
        off = (forms.error + size * radius + 4 * U * (np.abs(at) + np.abs(cw))) * INFLATE + self._tiny
        # An infinite value may have overflowed on the way; NaN is neither.
        positive, negative = (value > off) & (value < np.inf), (value < -off) & (value > -np.inf)
        certain = positive.astype(np.int8) - negative.astype(np.int8)
        usable = (radius <= _LARGEST_RADIUS) & (certain != 0)
        return np.where(usable, certain, np.int8(_UNKNOWN))

    def _refresh(self, block: _Block, intervals: Any) -> dict[int, Any]:
        """The exact forms of some intervals, which also replace their float forms, correctly rounded."""
        wanted = np.asarray(intervals)
        known = self.exact.rows(block.layer, block.states[wanted])
        scale = self.exact.scale(block.layer)
        for k, rows in zip(wanted.tolist(), known, strict=True):
            forms, error = rounded(rows, scale, self._tiny)
            block.forms.a[k], block.forms.c[k], block.forms.error[k] = forms[:, 0], forms[:, 1], error
            block.forms.spread[k] = _SQRT2 * row_norms(error)
        return dict(zip(wanted.tolist(), known, strict=True))

    # -- zeros -------------------------------------------------------------------------------------------

    def _split(self, block: _Block, left: Signs, right: Signs) -> tuple[IntArray, IntArray, States, States]:
        """Split all intervals at the zeros inside them.

        Returns
        -------
        counts (k,) : the number of parts of each interval
        ids : the new knots, in order
        states, points (sum of counts, n) : of the layer's units on the parts, and at their left ends
        """
        rising, crossing = right > 0, left * right < 0
        states = (left > 0) | ((left == 0) & rising)
        intervals, units = np.nonzero(crossing)
        order, new = self._sorted(block, intervals, units, rising)
        intervals, units = intervals[order], units[order]
        counts = 1 + np.bincount(intervals[new], minlength=len(left))
        ids = self.knots.add_zeros(
            block.layer, units[new], block.states[intervals[new]], *self._zeros(block, intervals, units, rising, new)
        )
        starts = np.cumsum(counts) - counts
        parts = np.repeat(states, counts, axis=0)
        points = parts.copy()
        points[starts] = left > 0
        # Which part of its interval begins where the unit changes: new knots so far, less those of earlier intervals.
        first = np.cumsum(new) - (starts - np.arange(len(counts)))[intervals] + starts[intervals]
        stop = starts + counts
        for k, j, begin in zip(intervals.tolist(), units.tolist(), first.tolist(), strict=True):
            state = not states[k, j]
            parts[begin : stop[k], j] = state
            points[begin : stop[k], j] = state
            points[begin, j] = False
        return counts, ids, parts, points

    def _zeros(
        self, block: _Block, intervals: IntArray, units: IntArray, rising: States, which: Any = slice(None)
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Zeros of units inside intervals, as directions (t, w) with radii: docs/slices.md, equation (3)."""
        k, j = intervals[which], units[which]
        a, c, error = block.forms.a[k, j], block.forms.c[k, j], block.forms.error[k, j]
        size = np.maximum(np.abs(a), np.abs(c)) * np.where(rising[k, j], 1.0, -1.0)
        radius = (error / np.abs(size)) * INFLATE + 4 * U
        # Also where the quotient is not a number.
        return -c / size, a / size, np.where(radius <= _LARGEST_RADIUS, radius, np.inf)

    def _sorted(
        self, block: _Block, intervals: IntArray, units: IntArray, rising: States
    ) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        """The order of zeros along the line, interval by interval, and which differ from the one before them."""
        t, w, radius = self._zeros(block, intervals, units, rising)
        place = _along(t, np.maximum(w, 0.0))
        order = np.lexsort((place, intervals))
        count = len(order)
        if count < 2:
            return order, np.ones(count, dtype=np.bool_)
        here, place = intervals[order], place[order]
        same = np.concatenate([[False], here[1:] == here[:-1]])
        first = np.flatnonzero(~same)
        # With one radius for all zeros of an interval, each gap separates all before it from all behind it.
        widest = np.maximum.reduceat(np.where(np.isnan(radius), np.inf, radius)[order], first)
        reach = np.repeat(widest, np.diff(np.append(first, count))) * 4 + 16 * U
        apart = np.ones(count, dtype=np.bool_)
        apart[1:] = ~same[1:] | (place[1:] - place[:-1] > 2 * reach[1:])
        self.by_filter += int(apart.sum()) - 1
        if apart.all():
            return order, apart
        new = np.ones(count, dtype=np.bool_)
        starts = np.flatnonzero(apart)
        stops = np.append(starts[1:], count)
        runs = [(i, j) for i, j in zip(starts.tolist(), stops.tolist(), strict=True) if j > i + 1]
        exact = self._refresh(block, sorted({int(here[i]) for i, _ in runs}))
        for i, j in runs:
            rows = exact[int(here[i])]
            forms = {p: rows[int(units[p])] for p in order[i:j].tolist()}
            zeros = {p: Fraction(-c, a) for p, (a, c) in forms.items()}
            run = sorted(zeros, key=zeros.__getitem__)
            order[i:j] = run
            new[i + 1 : j] = [zeros[p] != zeros[q] for p, q in pairwise(run)]
            self.by_exact += j - i - 1
        return order, new

    # -- the result --------------------------------------------------------------------------------------

    def _collect(self) -> None:
        blocks = self._finished
        names = ("states", "points")
        packed = [np.concatenate([np.packbits(getattr(b, name), axis=1) for b in blocks]) for name in names]
        last = np.packbits(np.concatenate([*self._last_point, np.zeros(0, dtype=np.bool_)]))
        self.ends = np.append(np.concatenate([b.left for b in blocks]), self._end)
        self.states, points = packed
        self.points = np.concatenate([points, last[None]])
        parts = ("a", "c", "error", "spread")
        self.output = LineForms(*(np.concatenate([getattr(b.forms, name) for b in blocks]) for name in parts))
        self._finished = []
        if self._middle >= 0:
            self._heal()

    def _heal(self) -> None:
        """Join the two halves of the line where nothing changes between them."""
        at = int(np.flatnonzero(self.ends == self._middle)[0])
        if (self.states[at - 1] == self.states[at]).all() and (self.points[at] == self.states[at]).all():
            self.ends, self.points = np.delete(self.ends, at), np.delete(self.points, at, axis=0)
            self.states = np.delete(self.states, at, axis=0)
            self.output = self.output.part(np.delete(np.arange(len(self.output.a)), at))


def _along(t: FloatArray, w: FloatArray) -> FloatArray:
    """Where directions of unit size lie on the way from (-1, 0) over (0, 1) to (1, 0): from -2 to 2."""
    return np.where(np.abs(t) <= w, t, np.where(t > 0, 2.0 - w, w - 2.0))

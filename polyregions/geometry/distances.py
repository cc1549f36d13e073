"""Distances of points to the nearest boundary of an activation region."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.array_likes import as_list, plain
from polyregions.domain import Box, Domain
from polyregions.errors import ArgumentError, NetworkError
from polyregions.geometry.plain import plain_network
from polyregions.limits import Limits
from polyregions.network import Network
from polyregions.result import Status

__all__ = ["Distances", "distances", "distances_under", "normal_points"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Distances:
    """Distances of k points to the nearest boundary of their activation region, and what that boundary is.

    ``len(result)`` is k: all points, but for a run that was stopped, which did the first k of ``asked``.

    Attributes
    ----------
    values : (k,)
        The distances, rounded; ``inf`` where there is no boundary (within the domain), or where the numbers of the
        forward pass leave the range of floats (then ``lower`` is 0).
    lower, upper : (k,)
        Bounds of the true distance, from an analysis of all rounding errors; equal but for the last rounding if exact.
    layers, units : (k,) of int
        The ReLU unit whose hyperplane is nearest: its layer from 1, its number in the layer from 0; 0 and -1 where
        there is none. Of several at the same distance the first.
    bends : (k,) of bool
        Whether the network's gradient changes where that unit alone changes its state. Where it does, and no other unit
        is zero at the foot point, the distance is that to the set B_N of Hanin & Rolnick (2019), where the gradient is
        discontinuous; where not, it is a lower bound of that.
    projected : (k,) of bool
        Points whose nearest hyperplane met the domain elsewhere than at the foot of the perpendicular, so that a
        quadratic program was solved.
    status : Status
        EXACT with ``exact=True``, else NUMERICAL.
    squares : tuple of Fraction or None
        The exact squares of the distances if ``exact=True`` (None where there is no boundary), else empty.
    stopped : str or None
        Why points are missing, in a few words; None if none is.
    """

    values: FloatArray
    lower: FloatArray
    upper: FloatArray
    layers: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]
    bends: npt.NDArray[np.bool_]
    projected: npt.NDArray[np.bool_]
    status: Status
    squares: tuple[Fraction | None, ...]
    network: Network
    domain: Domain | None
    _points: Any
    stopped: str | None = None

    @property
    def asked(self) -> int:
        """The number of points given."""
        return len(self._points)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        of = "" if self.stopped is None else f" of {self.asked:,}"
        return f"Distances({len(self):,}{of} points, mean {self.mean:.6g}, {self.status.value})"

    def foot(self, index: int, *, exact: bool | None = None) -> Any:
        """The nearest boundary point to the point of that number, (n_0,).

        Parameters
        ----------
        index : int
        exact : bool, optional
            As a tuple of Fractions; default: if the distances are exact.

        Raises
        ------
        ArgumentError
            If that point has no boundary.
        """
        if self.layers[index] == 0:
            raise ArgumentError(f"point {index} has no boundary to be distant from: its distance is infinite")
        exact = self.status is Status.EXACT if exact is None else exact
        point = self.network.exact_point(self._points[index])
        if exact:
            from polyregions.geometry.exact_distance import exact_distance

            found = exact_distance(self.network, point, _exact_domain(self.domain))
            return found.foot
        from polyregions.geometry.float_distance import FloatDistances

        points = np.array([[float(v) for v in point]], dtype=np.float64)
        return FloatDistances(self.network, self.domain).feet(points)[0]

    def quantiles(self, q: npt.ArrayLike = (0.0, 0.25, 0.5, 0.75, 1.0)) -> FloatArray:
        """Quantiles of the distances: by default minimum, quartiles and maximum; NaN without any point."""
        shares = np.asarray(q, dtype=np.float64)
        if not len(self):
            return np.full(shares.shape, np.nan)
        return np.asarray(np.quantile(self.values, shares, method="inverted_cdf"), dtype=np.float64)

    @property
    def mean(self) -> float:
        """The mean distance; infinite if one is, NaN without any point."""
        return float(self.values.mean()) if len(self) else math.nan

    @property
    def mean_times_units(self) -> float:
        """The mean distance times the number of units.

        Hanin & Rolnick (2019, section 3) found between 0.4 and 1.5 for networks on MNIST, before and during training.
        """
        return self.mean * self.network.num_units

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints with --json: ``null`` for an infinite distance, or none at all."""

        def numbers(values: FloatArray) -> list[float | None]:
            return [float(v) if np.isfinite(v) else None for v in values]

        from polyregions.result import network_json, versions

        names = ("minimum", "first_quartile", "median", "third_quartile", "maximum")
        return {
            "status": self.status.value,
            "points": len(self),
            "asked": self.asked,
            "stopped": self.stopped,
            "mean": numbers(np.array([self.mean]))[0],
            "mean_times_units": numbers(np.array([self.mean_times_units]))[0],
            "quantiles": dict(zip(names, numbers(self.quantiles()), strict=True)),
            "distances": numbers(self.values),
            "lower": numbers(self.lower),
            "upper": numbers(self.upper),
            "squares": [None if s is None else str(s) for s in self.squares],
            "layers": self.layers.tolist(),
            "units": self.units.tolist(),
            "bends": self.bends.tolist(),
            "projected": self.projected.tolist(),
            "network": network_json(self.network),
            "domain": None if self.domain is None else self.domain.to_json(),
            "versions": versions(),
        }


def distances(
    network: Network,
    points: Any,
    *,
    domain: Domain | None = None,
    exact: bool = False,
    time_limit: float | None = None,
) -> Distances:
    """The distance of each point to the nearest boundary of its activation region.

    That is min |z(x)| / |grad z(x)| over the units whose pre-activation z is not constant on the region. It reaches no
    further than the region, which is convex, so nothing beyond its walls matters.

    Parameters
    ----------
    network : Network
    points : (k, n_0) array, or (n_0,) for one point
    domain : Domain, optional
        Measure to the nearest boundary point within this domain, in which the points must lie. Default: in all of R^n.
        Over a box a point whose foot lies outside is projected onto hyperplane and box in closed form; over other
        domains by least squares (:mod:`polyregions.geometry.facet_projection`).
    exact : bool, optional
        Take the points exactly (floats, Fractions, strings such as "1/3") and give squared distances as Fractions.
        Without a domain, or over a box. Milliseconds to a second for each point.
    time_limit : float, optional
        Seconds; then the result has the points that are done, the first ones, and ``stopped`` says why.

    Returns
    -------
    Distances

    Raises
    ------
    NetworkError
        If the points are not k points of n_0 finite numbers.
    DomainError
        If the domain lies in another space.
    ArgumentError
        If a point lies outside the domain; or for ``exact`` distances within another domain than a box.

    Notes
    -----
    Hanin & Rolnick 2019 ("Complexity of linear regions in deep networks", section 3.2) give the formula for the
    distance to B_N, the set where the gradient of the network is discontinuous. Precisely, it is the distance to where
    a pre-activation becomes zero; it is that to B_N if the nearest such place is in B_N, and a lower bound otherwise:
    see ``bends``. A point at which a pre-activation is zero and not constant around it has distance 0.

    O(sum_l n_l n_(l-1) min(n_0, n_1)) floating-point operations for each point, in blocks of points. Each float result
    has bounds, ``lower`` and ``upper``; they are wide only where the sign of a pre-activation is lost in rounding (then
    lower is 0), where a gradient nearly cancels, or where a point was projected (then upper is infinite).

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[3.0, 4.0], [1.0, 0.0]], [[1.0, 1.0]]], [[-5.0, -0.75], [0.0]])
    >>> result = distances(net, [[0.0, 0.0], [0.5, 0.0]])
    >>> result.values.tolist(), result.layers.tolist(), result.units.tolist()
    ([0.75, 0.25], [1, 1], [1, 1])
    >>> distances(net, [0, 0], domain=Box(-1, "1/2"), exact=True).squares       # 3 x + 4 y = 5 misses the box
    (None,)
    >>> distances(net, [0, 0], domain=Box(-1, 1), exact=True).squares
    (Fraction(9, 16),)
    """
    # Ctrl-C acts as usual: arrays that are too short could pass for whole ones.
    limits = Limits(time_limit=time_limit, catch_signals=False)
    return distances_under(limits, network, points, domain=domain, exact=exact)


def distances_under(
    limits: Limits, network: Network, points: Any, *, domain: Domain | None = None, exact: bool = False
) -> Distances:
    """As :func:`distances`, stopped by any of the limits, or by the signals that they catch."""
    from polyregions.enumeration import check_unmerged

    check_unmerged(network, "distances are to walls of")
    network = plain_network(network)
    if exact:
        return _exact(network, points, domain, limits)
    from polyregions.geometry.float_distance import FloatDistances

    array = _float_points(network, points)
    with limits:
        found = FloatDistances(network, domain).run(array, limits.expired)
    return Distances(
        **found,
        status=Status.NUMERICAL,
        squares=(),
        network=network,
        domain=domain,
        _points=array,
        stopped=limits.expiry,
    )


def _exact(network: Network, points: Any, domain: Domain | None, limits: Limits) -> Distances:
    from polyregions.geometry.exact_distance import ExactDistance, exact_distance

    box = _exact_domain(domain)
    rows = _exact_rows(network, points)
    found: list[ExactDistance] = []
    with limits:
        for i, row in enumerate(rows):
            if limits.expired():
                break
            found.append(exact_distance(network, network.exact_point(row), box, number=i))
    lower, upper = (np.array([bound[k] for bound in (f.bounds() for f in found)], dtype=np.float64) for k in (0, 1))
    return Distances(
        values=np.array([f.value() for f in found], dtype=np.float64),
        lower=lower,
        upper=upper,
        layers=np.array([f.layer for f in found], dtype=np.int64),
        units=np.array([f.unit for f in found], dtype=np.int64),
        bends=np.array([f.bends for f in found], dtype=np.bool_),
        projected=np.array([f.projected for f in found], dtype=np.bool_),
        status=Status.EXACT,
        squares=tuple(f.square for f in found),
        network=network,
        domain=domain,
        _points=rows,
        stopped=limits.expiry,
    )


def _exact_domain(domain: Domain | None) -> Box | None:
    if domain is None or isinstance(domain, Box):
        return domain
    raise ArgumentError(
        f"exact distances are computed in all of R^n or within a box, not within a {type(domain).__name__.lower()}; "
        "leave out the domain, or exact=True"
    )


def _float_points(network: Network, points: Any) -> FloatArray:
    try:
        array = np.asarray(plain(points) if hasattr(points, "detach") else points, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise NetworkError(f"points must be an array of numbers: {str(error).splitlines()[0]}") from None
    array = np.atleast_2d(array) if array.ndim < 2 and array.size else array
    if array.ndim != 2 or array.shape[1] != network.input_dimension or not len(array):
        raise NetworkError(
            f"points must form an array of shape (k, {network.input_dimension}), one row each, with k at least 1; "
            f"found shape {array.shape}"
        )
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        i, j = (int(v) for v in bad[0])
        raise NetworkError(f"point {i}, coordinate {j} is {array[i, j]}; all must be finite")
    return array


def _exact_rows(network: Network, points: Any) -> list[Any]:
    """The points, one row each, of which all can be made rational: each when it is its turn, for that takes a while."""
    try:
        rows = as_list(points)
    except ValueError as error:
        raise NetworkError(f"points {error}") from None
    if not rows:
        raise NetworkError("no points were given")
    if isinstance(rows[0], str) or not hasattr(rows[0], "__iter__"):
        rows = [rows]
    for i, row in enumerate(rows):
        if isinstance(row, list) and len(row) == network.input_dimension and all(map(_is_finite, row)):
            continue
        try:
            network.exact_point(row)
        except NetworkError as error:
            raise NetworkError(f"point {i}: {error}") from None
    return rows


def _is_finite(value: Any) -> bool:
    """Whether it is certainly a finite number."""
    return math.isfinite(value) if type(value) is float else type(value) is Fraction


def normal_points(data: npt.ArrayLike, count: int, *, seed: int | np.random.Generator) -> FloatArray:
    """Random points with independent normal coordinates, each with the mean and variance it has in some data.

    The sample over which Hanin & Rolnick (2019, section 3.2) measured distances, of 10,000 points.

    Parameters
    ----------
    data : (m, n_0)
    count : int
    seed : int or numpy.random.Generator

    Returns
    -------
    (count, n_0)

    Examples
    --------
    >>> normal_points([[0.0, 1.0], [0.0, 3.0]], 3, seed=0).shape
    (3, 2)
    """
    rows = np.asarray(data, dtype=np.float64)
    if rows.ndim != 2 or not len(rows) or not np.isfinite(rows).all():
        raise ArgumentError(f"data must be a non-empty array of finite rows, one per example; found shape {rows.shape}")
    if not isinstance(count, int | np.integer) or count < 1:
        raise ArgumentError(f"the number of points must be an integer of at least 1, not {count!r}")
    rng = np.random.default_rng(seed)
    return rng.normal(rows.mean(axis=0), rows.std(axis=0), size=(int(count), rows.shape[1]))

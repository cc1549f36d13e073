"""How large the boundary between regions is: number of breakpoints, length, area, and of its faces too."""

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from math import inf
from typing import Any

from polyregions.domain import Domain
from polyregions.errors import ArgumentError, NotExactError
from polyregions.exact.numbers import float_above, float_below, nearest_float
from polyregions.geometry.exact_distance import root_bounds
from polyregions.geometry.plain import plain_network
from polyregions.limits import Limits
from polyregions.network import Network
from polyregions.result import Status

__all__ = ["BoundaryKind", "BoundaryVolume", "boundary_volume", "volume_name"]


class BoundaryKind(Enum):
    """Which boundary is measured.

    ACTIVATION: between activation regions, where a pre-activation becomes zero that is not constant around there.
    GRADIENT: B_N of Hanin & Rolnick (2019), where the gradient of the network is discontinuous; over a domain of lower
    dimension, that of its restriction to the domain.
    """

    ACTIVATION = "activation"
    GRADIENT = "gradient"

    @classmethod
    def of(cls, kind: "BoundaryKind | str") -> "BoundaryKind":
        """The kind of that name.

        Raises
        ------
        ArgumentError
            If there is none.
        """
        try:
            return cls(kind)
        except ValueError:
            names = ", ".join(repr(choice.value) for choice in cls)
            raise ArgumentError(f"no boundary called {kind!r}; there are {names}") from None


def volume_name(dimension: int) -> str:
    """What a volume of so many dimensions is called.

    Examples
    --------
    >>> volume_name(0), volume_name(1), volume_name(4)
    ('points', 'length', '4-dimensional volume')
    """
    return {0: "points", 1: "length", 2: "area", 3: "volume"}.get(dimension, f"{dimension}-dimensional volume")


@dataclass(frozen=True)
class BoundaryVolume:
    """The volume of the piece of a boundary that has codimension k.

    ``int(result)`` is the number of points where these are counted (k = d, the dimension of the domain).

    Attributes
    ----------
    value : float
        A number of points, a length, an area, ...: volume in d - k dimensions, in the units of input space.
    lower, upper : float
        Proven bounds, next to each other; after a time limit, ``upper`` is infinite and ``value`` is ``lower``.
    codimension, dimension : int
        k and d - k.
    kind : BoundaryKind
    regions : int
        How many regions of full dimension the domain has, or how many were looked at.
    squares : tuple of Fraction
        For each face of the piece the square of its volume, exactly; the volume is the sum of their roots.
    status : Status
        EXACT; BRACKET after a time limit.
    """

    value: float
    lower: float
    upper: float
    codimension: int
    dimension: int
    kind: BoundaryKind
    regions: int
    squares: tuple[Fraction, ...] = field(repr=False)
    network: Network = field(repr=False)
    domain: Domain
    status: Status = Status.EXACT

    @property
    def faces(self) -> int:
        """The number of faces that make up the piece."""
        return len(self.squares)

    def __int__(self) -> int:
        if self.status is not Status.EXACT:
            raise NotExactError("the time limit ended the search of faces; read .lower, which is proven")
        if self.dimension:
            raise ArgumentError(f"the piece has a {volume_name(self.dimension)}, which is no integer; read .value")
        return len(self.squares)

    def __str__(self) -> str:
        least = "" if self.status is Status.EXACT else "at least "
        if self.dimension == 0:
            return f"{least}{self.faces:,} point{'s' * (self.faces != 1)} ({self.status.value})"
        return f"{least}{volume_name(self.dimension)} {self.value!r} of {self.faces:,} faces ({self.status.value})"


def boundary_volume(
    network: Network,
    domain: Domain,
    *,
    codimension: int = 1,
    kind: BoundaryKind | str = BoundaryKind.ACTIVATION,
    time_limit: float | None = None,
) -> BoundaryVolume:
    """The volume of the boundary between regions inside a domain, exactly.

    Parameters
    ----------
    network : Network
    domain : Domain
        Bounded, of dimension d up to 8; small networks beyond 2. Faces within the domain's own boundary do not count.
    codimension : int, optional
        k, from 1 to d: which piece of the boundary. 1: the facets between regions, whose volume has d - 1 dimensions
        (points on a segment, a length in the plane). 2: the ridges where facets cross or bend (points in the plane),
        and so on; d: the vertices.
    kind : {"activation", "gradient"}, optional
        See :class:`BoundaryKind`.
    time_limit : float, optional
        Seconds for the search of faces, with codimension 1. After it the volume of the facets found so far, each proven
        to be part of the boundary, is a lower bound.

    Returns
    -------
    BoundaryVolume

    Raises
    ------
    ArgumentError
        If the domain has too many dimensions, or not that codimension; for a time limit with a higher codimension,
        where a face can't be told to belong to the piece before all faces around it are known.

    Notes
    -----
    B_{N,k} of Hanin & Rolnick 2019 ("Complexity of linear regions in deep networks", section 3.1) is the piece of
    codimension k of the gradient's boundary. The closures of the regions form a polyhedral complex (Grigsby & Lindsey
    2022), so each facet inside the domain is one of exactly two regions, and is counted once; this is checked.
    Vertices by the double description method on integers: some milliseconds for each region in the plane.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> result = boundary_volume(net, Box(-1, 1))                   # the diagonals of a square, in four parts
    >>> result.value, result.faces, result.squares[0]
    (5.656854249492381, 4, Fraction(2, 1))
    >>> int(boundary_volume(net, Box(-1, 1), codimension=2))
    1
    """
    from polyregions.counting import regions
    from polyregions.enumeration import check_unmerged
    from polyregions.geometry.faces import Boundary

    check_unmerged(network, "boundary_volume() measures")
    kind, network = BoundaryKind.of(kind), plain_network(network)
    boundary = Boundary(network, domain, gradient=kind is BoundaryKind.GRADIENT)
    k = checked_codimension(codimension, boundary.dimension)
    if time_limit is not None and k > 1:
        raise ArgumentError(f"a time limit goes with codimension 1, not {k}: part of that piece can't be measured")
    limits = Limits(time_limit=time_limit, catch_signals=False)
    number = 0
    with limits:
        for region in regions(network, domain):
            if limits.expired():
                break
            boundary.add(region.pattern)
            number += 1
    metric = boundary.metric()
    faces = boundary.faces(k) if limits.expiry is None else boundary.facets
    squares = tuple(sorted(face.squared_volume(metric) for face in faces))
    roots = [root_bounds(square) for square in squares]
    low, high = (sum((root[side] for root in roots), Fraction(0)) for side in (0, 1))
    return BoundaryVolume(
        value=nearest_float(low) if limits.expiry is None else float_below(low),
        lower=float_below(low),
        upper=float_above(high) if limits.expiry is None else inf,
        codimension=k,
        dimension=boundary.dimension - k,
        kind=kind,
        regions=number,
        squares=squares,
        network=network,
        domain=domain,
        status=Status.EXACT if limits.expiry is None else Status.BRACKET,
    )


def checked_codimension(codimension: Any, dimension: int) -> int:
    """The codimension, if a boundary in so many dimensions has a piece of it."""
    if isinstance(codimension, bool) or not isinstance(codimension, int) or not 1 <= codimension <= dimension:
        raise ArgumentError(
            f"the codimension must be an integer from 1 to the domain's dimension, {dimension}; found {codimension!r}"
        )
    return codimension

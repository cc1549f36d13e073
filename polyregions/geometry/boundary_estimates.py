"""Estimates of boundary volumes: of one network by random lines, and on average over random networks."""

from dataclasses import dataclass, field
from math import comb, lgamma, pi
from typing import TYPE_CHECKING, Any

import numpy as np

from polyregions.domain import Domain
from polyregions.errors import ArgumentError
from polyregions.geometry.boundary import BoundaryKind, checked_codimension, volume_name
from polyregions.geometry.plain import plain_network
from polyregions.geometry.uniform import UniformPoints
from polyregions.network import Network
from polyregions.random_networks import checked_bias_std, checked_widths
from polyregions.result import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BoundaryEstimate", "estimate_boundary_volume", "expected_boundary_volume"]

#: Tuples of units that an expectation is summed over.
LARGEST_SUM = 20_000


@dataclass(frozen=True)
class BoundaryEstimate:
    """An unbiased estimate of a boundary's volume.

    ``str(estimate)`` says what kind of claim it is.

    Attributes
    ----------
    value : float
        In the units of input space; see :class:`polyregions.geometry.boundary.BoundaryVolume`.
    standard_error : float
        The sample's standard deviation over the root of its size; NaN for a sample of one.
    samples : int
        Independent draws that the value is the mean of.
    codimension, dimension : int
        k and d - k.
    kind : BoundaryKind
    seed : int or None
        What reproduces it; None where a generator was given.
    domain_volume : float
        The domain's own volume, in d dimensions.
    status : Status
        ESTIMATE.
    """

    value: float
    standard_error: float
    samples: int
    codimension: int
    dimension: int
    kind: BoundaryKind
    seed: int | None
    domain_volume: float
    domain: Domain = field(repr=False)
    status: Status = Status.ESTIMATE

    def __str__(self) -> str:
        what = volume_name(self.dimension)
        seed = "" if self.seed is None else f", seed {self.seed}"
        return (
            f"{what} {self.value:.6g}, standard error {self.standard_error:.2g} "
            f"({self.status.value}: {self.samples:,} samples{seed})"
        )


def estimate_boundary_volume(
    network: Network,
    domain: Domain,
    *,
    kind: BoundaryKind | str = BoundaryKind.ACTIVATION,
    lines: int = 1000,
    seed: int | np.random.Generator,
) -> BoundaryEstimate:
    """The volume of the boundary between regions (codimension 1) of one network, estimated by random lines.

    Parameters
    ----------
    network : Network
    domain : Domain
        A box, a plane or a segment, of any dimension.
    kind : {"activation", "gradient"}, optional
        See :class:`polyregions.geometry.boundary.BoundaryKind`.
    lines : int, optional
        How many. The standard error falls with the root of their number.
    seed : int or numpy.random.Generator

    Returns
    -------
    BoundaryEstimate

    Raises
    ------
    ArgumentError
        For another domain, or a number of lines below 1.

    Notes
    -----
    The formula of Cauchy and Crofton. A line in a uniform direction u crosses a piece of a hypersurface with normal n
    as often as its projection along u is large: the volume is the integral of the number of crossings over all lines,
    by E|u . n| = Gamma(d/2) / (sqrt(pi) Gamma((d+1)/2)). A line through a uniform point of the domain is drawn with a
    density proportional to the length of its chord, so (crossings) volume(domain) / (chord length E|u . n|) has the
    boundary's volume for its mean, whatever the network. Crossings are counted in float64.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> result = estimate_boundary_volume(net, Box(-1, 1), lines=2000, seed=0)      # 4 sqrt(2) = 5.657
    >>> abs(result.value - 32**0.5) < 3 * result.standard_error
    True
    """
    from polyregions.enumeration import check_unmerged
    from polyregions.geometry.crossings import crossings

    check_unmerged(network, "estimate_boundary_volume() measures")
    kind, network = BoundaryKind.of(kind), plain_network(network)
    number = _checked_number(lines, "lines")
    uniform = UniformPoints(domain, network.input_dimension)
    d = uniform.dimension
    checked_codimension(1, d)
    rng = np.random.default_rng(seed)
    starts, ends, lengths = uniform.chords(number, rng)
    counts = np.array(
        [crossings(network, p, q, gradient=kind is BoundaryKind.GRADIENT) for p, q in zip(starts, ends, strict=True)],
        dtype=np.float64,
    )
    cosine = np.exp(lgamma(d / 2) - lgamma((d + 1) / 2)) / np.sqrt(pi)
    return _estimate(counts * uniform.volume / (lengths * cosine), 1, kind, seed, uniform, domain)


def expected_boundary_volume(
    widths: "Sequence[int]",
    domain: Domain,
    *,
    bias_std: float,
    codimension: int = 1,
    kind: BoundaryKind | str = BoundaryKind.ACTIVATION,
    samples: int = 2000,
    seed: int | np.random.Generator,
) -> BoundaryEstimate:
    """The mean volume of the boundary's piece of codimension k over random networks: the integral of a density.

    The networks are those of :meth:`polyregions.network.Network.random`. No region is ever looked for.

    Parameters
    ----------
    widths : sequence of int
        Inputs, layers, outputs.
    domain : Domain
        A box, a plane or a segment.
    bias_std : float
        Standard deviation of the biases, not 0: for their density the boundary is spread out.
    codimension : int, optional
    kind : {"activation", "gradient"}, optional
    samples : int, optional
        Random networks, each with a random point.
    seed : int or numpy.random.Generator

    Returns
    -------
    BoundaryEstimate

    Raises
    ------
    ArgumentError
        For another domain, widths that are none, a deviation of 0, or too many tuples of k units.

    Notes
    -----
    Hanin & Rolnick 2019 ("Complexity of linear regions in deep networks", Theorem 3): the expected volume is the sum,
    over all sets of k units, of the integral over x of E[|J(x)| rho(-z(x)) 1{good}], where z(x) are the units'
    pre-activations without their own biases, rho is the density of those biases, J the Jacobian of z and
    |J| = det(J J^T)^(1/2). The units' biases are those that make their pre-activations 0 at x, which units of later
    layers see. A unit is good if each layer behind it has an active unit (weights are never 0), one of the k included;
    for the activation's boundary every unit counts. Over a domain of lower dimension J is taken along the domain.

    O(samples weights n_0) for k = 1 and the activation's boundary, and as much for each set of k units otherwise.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> print(expected_boundary_volume([1, 4, 1], Box(-1, 1), bias_std=0.5, samples=500, seed=0))
    points 3.19306, standard error 0.11 (estimate: 500 samples, seed 0)
    """
    from polyregions.geometry.boundary_density import boundary_densities

    kind = BoundaryKind.of(kind)
    sizes = checked_widths(widths)
    std = checked_bias_std(bias_std)
    if std == 0:
        raise ArgumentError("bias_std must not be 0: without a density of the biases the boundary has no mean density")
    number = _checked_number(samples, "samples")
    uniform = UniformPoints(domain, sizes[0])
    k = checked_codimension(codimension, uniform.dimension)
    units = sum(sizes[1:-1])
    if k > 1 and comb(units, k) > LARGEST_SUM:
        raise ArgumentError(
            f"{units} units have {comb(units, k):,} sets of {k}, more than the {LARGEST_SUM:,} that are summed over; "
            "take a smaller network or codimension"
        )
    rng = np.random.default_rng(seed)
    densities = boundary_densities(sizes, uniform, std, k, kind is BoundaryKind.GRADIENT, number, rng)
    return _estimate(densities * uniform.volume, k, kind, seed, uniform, domain)


def _estimate(
    values: Any,
    codimension: int,
    kind: BoundaryKind,
    seed: int | np.random.Generator,
    uniform: UniformPoints,
    domain: Domain,
) -> BoundaryEstimate:
    number = len(values)
    return BoundaryEstimate(
        value=float(values.mean()),
        standard_error=float(values.std(ddof=1) / np.sqrt(number)) if number > 1 else float("nan"),
        samples=number,
        codimension=codimension,
        dimension=uniform.dimension - codimension,
        kind=kind,
        seed=int(seed) if isinstance(seed, int | np.integer) else None,
        domain_volume=uniform.volume,
        domain=domain,
    )


def _checked_number(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ArgumentError(f"the number of {name} must be an integer of at least 1, not {value!r}")
    return int(value)

"""``unit_bounds``, ``stable_units`` and ``upper_bound``: what is known of a network without counting."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from polyregions.bounds.architecture import TheoryBound, architecture_bounds
from polyregions.domain import Domain
from polyregions.enumeration import check_kinds
from polyregions.errors import ArgumentError
from polyregions.limits import Limits
from polyregions.network import Network

if TYPE_CHECKING:
    from polyregions.milp.big_m import UnitBounds
    from polyregions.milp.stability import Stability

__all__ = ["UnitAnalysis", "analyse_units", "stable_units", "unit_bounds", "upper_bound", "upper_bounds"]


@dataclass(frozen=True, eq=False)
class UnitAnalysis:
    """What is known of the units over a domain.

    Attributes
    ----------
    bounds : UnitBounds
    stable : Stability
    stopped : str or None
        Why not all was done, if so: a limit or a signal, in a few words. What is there is proven all the same.
    """

    bounds: "UnitBounds"
    stable: "Stability"
    stopped: str | None


def unit_bounds(
    network: Network,
    domain: Domain,
    *,
    method: str = "lp",
    time_limit_per_unit: float | None = None,
    time_limit: float | None = None,
    solver: str = "highs",
) -> "UnitBounds":
    """Proven lower and upper bounds of every ReLU unit's pre-activation over a domain.

    Parameters
    ----------
    method : {"interval", "lp", "milp"}, optional
        From fast to tight: interval arithmetic; linear programs over the relaxation of the layers before; the extrema
        themselves, within 1e-7 of the unit's size, by branch and bound.
    time_limit_per_unit : float, optional
        Seconds for the two bounds of a unit; what is proven by then is kept.
    time_limit : float, optional
        Seconds for all; units that are not reached by then, or by Ctrl-C, are bounded by interval arithmetic.
    solver : str, optional
        The LP back end. Its answers are proposals: every bound is proven from its multipliers and rounded outward.

    Returns
    -------
    UnitBounds
        ``lower``, ``upper``: per layer arrays of shape (n_l,); ``stably_active``, ``stably_inactive``: what follows;
        ``stopped``: how many bounds a limit kept from being as tight as the method makes them.

    Raises
    ------
    EncodingError
        If no float bounds a pre-activation.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]], [[1.0]]], [[0.0, 0.0], [-1.5], [0.0]])
    >>> [unit_bounds(net, Box(-1, 1), method=method).upper[1].round(3).tolist() for method in ("interval", "lp")]
    [[0.5], [-0.5]]
    """
    return analyse_units(
        network, domain, method=method, time_limit_per_unit=time_limit_per_unit, time_limit=time_limit, solver=solver
    ).bounds


def stable_units(
    network: Network,
    domain: Domain,
    *,
    method: str = "joint",
    known: "UnitBounds | None" = None,
    time_limit: float | None = None,
    solver: str = "highs",
) -> "Stability":
    """The units that have the same state on the whole domain, proven.

    Parameters
    ----------
    method : {"joint", "milp", "lp", "interval"}, optional
        "joint": all of them from one mixed-integer program (Serra, Yu, Kumar & Ramalingam 2021). The others: from
        :func:`unit_bounds` of that method; "lp" and "interval" may miss some.
    known : UnitBounds, optional
        For "joint": the network's over the domain, if they are there already.
    time_limit : float, optional
        Seconds; then, or after Ctrl-C, what bounds show is all that is known, and ``complete`` is False.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]], [[1.0]]], [[0.0, 0.0], [-1.5], [0.0]])
    >>> [units.tolist() for units in stable_units(net, Box(-1, 1)).inactive]
    [[False, False], [True]]
    """
    from polyregions.milp.tightening import METHODS

    if method != "joint" and method not in METHODS:
        raise ArgumentError(
            f"no way to find stable units called {method!r}; there are 'joint', 'milp', 'lp', 'interval'"
        )
    joint = method == "joint"
    return analyse_units(
        network,
        domain,
        method="lp" if joint else method,
        joint=joint,
        known=known if joint else None,
        time_limit=time_limit,
        solver=solver,
    ).stable


def analyse_units(
    network: Network,
    domain: Domain,
    *,
    method: str = "lp",
    joint: bool = False,
    known: "UnitBounds | None" = None,
    time_limit_per_unit: float | None = None,
    time_limit: float | None = None,
    solver: str = "highs",
) -> UnitAnalysis:
    """Bounds of the units' pre-activations, and the units that are stable: what :func:`unit_bounds` and others give.

    Parameters
    ----------
    joint : bool, optional
        Look for stable units by one mixed-integer program as well, after the bounds; ``time_limit_per_unit`` times the
        number of units is its time.
    known : UnitBounds, optional
        The bounds, if they are there already.
    The other parameters are those of :func:`unit_bounds`.
    """
    from polyregions.milp.stability import joint_stability, stability_by_bounds
    from polyregions.milp.tightening import tightened_bounds

    restriction, box = _restricted(network, domain)
    _check_seconds(time_limit_per_unit)
    limits = Limits(time_limit=time_limit)
    with limits:
        bounds = known
        if bounds is None:
            bounds = tightened_bounds(
                restriction,
                box,
                method=method,
                time_limit_per_unit=time_limit_per_unit,
                expired=limits.expired,
                solver=solver,
            )
        stable = stability_by_bounds(bounds)
        if joint and not limits.expired():
            each = time_limit_per_unit
            end = math.inf if each is None else time.monotonic() + each * network.num_units
            stable = joint_stability(
                restriction, box, bounds, expired=lambda: time.monotonic() >= end or limits.expired(), solver=solver
            )
    return UnitAnalysis(bounds, stable, limits.expiry)


def upper_bound(
    network: Network | Sequence[int],
    domain: Domain | None = None,
    *,
    method: str = "lp",
    joint: bool = False,
    time_limit: float | None = None,
) -> int:
    """The best proven upper bound of the number of regions that needs no enumeration.

    Valid for activation patterns (R1), hence for every definition.

    Parameters
    ----------
    network : Network, or sequence of int
        Or the widths alone, inputs first, ReLU layers after: ``[2, 16, 16]``.
    domain : Domain, optional
        With a network: also use which units are stable there, and the coefficients' signs. Without: on all of R^n.
    method : {"interval", "lp", "milp"}, optional
        How units are bounded to find the stable ones.
    joint : bool, optional
        Find all stable units, by one mixed-integer program; see :func:`stable_units`.
    time_limit : float, optional
        Seconds for the search of stable units; then, or after Ctrl-C, with those known.

    Examples
    --------
    >>> upper_bound([2, 16, 16, 16])
    2571353
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]], [[1.0]]], [[0.0, 0.0], [-1.5], [0.0]])
    >>> upper_bound([1, 2, 1]), upper_bound(net, Box(-1, 1))
    (6, 3)
    """
    units = None
    if isinstance(network, Network) and domain is not None and domain.bounded:
        units = analyse_units(network, domain, method=method, joint=joint, time_limit=time_limit)
    return min(bound.value for bound in upper_bounds(network, domain, stable=None if units is None else units.stable))


def upper_bounds(
    network: Network | Sequence[int],
    domain: Domain | None = None,
    *,
    method: str = "lp",
    stable: "Stability | None" = None,
) -> list[TheoryBound]:
    """All bounds behind :func:`upper_bound`, by name.

    Parameters
    ----------
    stable : Stability, optional
        The units that are stable on the domain, if they are known already.
    """
    if not isinstance(network, Network):
        return architecture_bounds(*_widths(network, domain))
    if domain is None:
        return architecture_bounds(network.input_dimension, network.widths, network.linear_widths)
    if not domain.bounded:
        # No unit need be stable: only the domain's dimension tells.
        dimension = domain.frame(network.input_dimension).dimension
        return architecture_bounds(dimension, network.widths, network.linear_widths)
    from polyregions.bounds.coefficients import coefficient_bound

    stable = stable if stable is not None else analyse_units(network, domain, method=method).stable
    dimension = domain.chart(network.input_dimension).dimension
    value = coefficient_bound(
        network.weights[: network.depth],
        network.biases[: network.depth],
        dimension,
        stable.active,
        stable.inactive,
        network.linear_masks[: network.depth],
    )
    source = "stable units and the coefficients' signs, after Theorem 2 of Serra & Ramalingam 2020"
    by_widths = architecture_bounds(dimension, network.widths, network.linear_widths)
    return [*by_widths, TheoryBound("coefficients", value, source)]


def _restricted(network: Network, domain: Domain) -> Any:
    from polyregions.exact.filter import FloatBox
    from polyregions.exact.restriction import Restriction

    check_kinds(network, domain)
    restriction = Restriction(network, domain)
    return restriction, FloatBox.of(restriction)


def _widths(widths: Sequence[int], domain: Domain | None) -> tuple[int, list[int]]:
    if domain is not None:
        raise ArgumentError("a domain goes with a network; bounds from widths alone hold for every domain")
    numbers: list[Any] = list(widths)
    if len(numbers) < 2 or any(not isinstance(n, Integral) or int(n) < 1 for n in numbers):
        raise ArgumentError(f"widths are the inputs and the units of each layer, such as [2, 16, 16]; not {widths!r}")
    return int(numbers[0]), [int(n) for n in numbers[1:]]


def _check_seconds(limit: float | None) -> None:
    if limit is not None and not limit >= 0:
        raise ArgumentError(f"the time limit must be at least 0 seconds, not {limit!r}")

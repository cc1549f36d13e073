"""Bound the number of regions without counting, and with --units every ReLU unit's pre-activation.

WIDTHS are the inputs and the units of each layer, such as 2,16,16: then also how many regions some network of these
widths has at least. With a network and a domain, units that are stable on it and the signs of the coefficients give one
more bound. All upper bounds are proven.
"""

import time
from argparse import ArgumentParser, Namespace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING, Any, TextIO

from polyregions.commands import ExitStatus, options, output
from polyregions.commands.architectures import OF_UNITS, Architecture, add_architecture, read_architecture

if TYPE_CHECKING:
    from polyregions.bounds.architecture import TheoryBound
    from polyregions.milp.big_m import UnitBounds
    from polyregions.milp.stability import Stability

HELP = "bound the number of regions, and the units' pre-activations"


def configure(parser: ArgumentParser) -> None:
    add_architecture(parser)
    options.add_domain(parser, required=False, space="the whole input space (default); not with --units or --joint")
    options.add_include_output(parser)
    parser.add_argument("--units", action="store_true", help="list each unit's bounds, and which units are stable")
    parser.add_argument(
        "--method",
        choices=options.BOUNDS,
        help="how units are bounded: by interval arithmetic, by linear programs (default), or by their exact extrema",
    )
    options.add_joint(parser)
    options.add_unit_time_limits(parser)
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.bounding import analyse_units, upper_bounds

    start = time.monotonic()
    network, domain, units, stable, stopped = None, None, None, None, None
    architecture = read_architecture(arguments)
    if architecture is not None:
        theory = architecture.upper
    else:
        network = options.read_network(arguments)
        if options.has_domain(arguments):
            domain = options.read_domain(arguments)
        if domain is not None and domain.bounded:
            found = analyse_units(
                network,
                domain,
                method=arguments.method or "lp",
                joint=arguments.joint,
                time_limit_per_unit=arguments.time_limit_per_unit,
                time_limit=arguments.time_limit,
            )
            units, stable, stopped = found.bounds, found.stable, found.stopped
        else:
            options.refuse(arguments, OF_UNITS, "a bounded domain: --box LO HI or --domain FILE")
        theory = upper_bounds(network, domain, stable=stable)
    shown = _unit_entries(units, stable) if arguments.units and units is not None and stable is not None else None
    if arguments.json:
        from polyregions.result import network_json

        value = {
            "upper": min(bound.value for bound in theory),
            "bounds": _entries(theory),
            "attained": [] if architecture is None else _entries(architecture.attained),
            "architecture": None if architecture is None else architecture.json,
            "network": None if network is None else network_json(network),
            "domain": None if domain is None else domain.to_json(),
            "method": None if units is None else units.method,
            "stopped": 0 if units is None else units.stopped,
            "stopped_by": stopped,
            "units": shown,
            "seconds": round(time.monotonic() - start, 6),
        }
        output.write_json(out, value)
    else:
        for line in _lines(theory, architecture, shown):
            output.write(out, line)
        if units is not None and (units.stopped or stopped):
            rest = "; stable units may be missing" if arguments.joint else ""
            by = stopped or "the time limit of a unit"
            output.remark(arguments, f"{by}: {units.stopped} bounds of units could be tighter{rest}; all are proven")
    return ExitStatus.OK if stopped is None else ExitStatus.STOPPED_EARLY


def _entries(bounds: list["TheoryBound"]) -> list[dict[str, Any]]:
    return [{"name": bound.name, "value": bound.value, "source": bound.source} for bound in bounds]


def _unit_entries(bounds: "UnitBounds", stable: "Stability") -> list[dict[str, Any]]:
    rest = "unstable" if stable.complete else "open"
    return [
        {
            "layer": layer + 1,
            "unit": unit,
            "lower": float(lower[unit]),
            "upper": float(upper[unit]),
            "state": "linear" if passes[unit] else "active" if active[unit] else "inactive" if inactive[unit] else rest,
        }
        for layer, (lower, upper, active, inactive, passes) in enumerate(
            zip(bounds.lower, bounds.upper, stable.active, stable.inactive, bounds.linear, strict=True)
        )
        for unit in range(len(lower))
    ]


def _lines(
    theory: list["TheoryBound"], architecture: Architecture | None, units: list[dict[str, Any]] | None
) -> list[str]:
    """Bounds for people."""
    from polyregions.result import rounded_down, rounded_up

    values = [rounded_up(bound.value) for bound in theory]
    attained = [] if architecture is None else architecture.attained
    least = [rounded_down(bound.value) for bound in attained]
    width = max(map(len, [*values, *least]))
    whose = "" if architecture is None else f", for every network of {architecture.what}"
    lines = [f"at most {rounded_up(min(bound.value for bound in theory))} regions{whose}"]
    lines += [f"  {value:>{width}}  {bound.source}" for value, bound in zip(values, theory, strict=True)]
    if architecture is not None and attained:
        best = rounded_down(max(bound.value for bound in attained))
        lines.append(f"some network of {architecture.what} has at least {best} regions; another one may have 1")
        lines += [f"  {value:>{width}}  {bound.source}" for value, bound in zip(least, attained, strict=True)]
    if units is None:
        return lines
    number = {state: sum(unit["state"] == state for unit in units) for state in ("active", "inactive")}
    relus = sum(unit["state"] != "linear" for unit in units)
    lines += [f"{number['active']} units are stably active, {number['inactive']} stably inactive, of {relus}"]
    lines += ["  layer  unit         lower         upper  state"]
    for unit in units:
        low, high = _digits(unit["lower"], ROUND_FLOOR), _digits(unit["upper"], ROUND_CEILING)
        lines.append(f"  {unit['layer']:5}  {unit['unit']:4}  {low:>12}  {high:>12}  {unit['state']}")
    return lines


def _digits(bound: float, rounding: str) -> str:
    """Six digits of a bound, rounded outward.

    Examples
    --------
    >>> _digits(1.00000001, ROUND_CEILING), _digits(-2.5, ROUND_FLOOR)
    ('1.00001', '-2.5')
    """
    return f"{float(Context(prec=6, rounding=rounding).create_decimal(Decimal(bound))):g}"

"""Bound the number of regions from above without counting: the best of the bounds that `polyregions bounds` lists.

WIDTHS are the inputs and the units of each layer, such as 2,16,16; they, or a network without a domain, give a bound
for every domain. The bound is proven.
"""

import time
from argparse import ArgumentParser, Namespace
from typing import Any, TextIO

from polyregions.commands import ExitStatus, options, output

HELP = "bound the number of regions from above"

#: Options that are about a network's units over a domain.
_OF_UNITS = ("method", "joint", "time_limit")


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("network", metavar="NET|WIDTHS", help="network file, or widths such as 2,16,16")
    options.add_domain(parser, required=False, space="the whole input space (default)")
    options.add_include_output(parser)
    parser.add_argument(
        "--method",
        choices=options.BOUNDS,
        help="how units are bounded to find the stable ones: by interval arithmetic, by linear programs (default), or "
        "by their exact extrema",
    )
    options.add_joint(parser)
    options.add_time_limit(parser, "the bound is still proven, with the units that are known to be stable by then")
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.bounding import analyse_units, upper_bounds
    from polyregions.result import network_json, rounded_up

    start = time.monotonic()
    network: Any = None
    domain, units = None, None
    widths = options.read_widths(arguments.network)
    if widths is not None:
        options.refuse(arguments, (*options.OF_NETWORKS, *_OF_UNITS), "a network file, not widths")
        bounds = upper_bounds(widths)
    else:
        options.check_no_widths(arguments.network)
        network = options.read_network(arguments)
        if options.has_domain(arguments) and not arguments.space:
            domain = options.read_domain(arguments)
        if domain is not None and domain.bounded:
            units = analyse_units(
                network, domain, method=arguments.method or "lp", joint=arguments.joint, time_limit=arguments.time_limit
            )
        else:
            options.refuse(arguments, _OF_UNITS, "a bounded domain: --box LO HI or --domain FILE")
        bounds = upper_bounds(network, domain, stable=None if units is None else units.stable)
    stopped = None if units is None else units.stopped
    best = min(bounds, key=lambda bound: bound.value)
    if arguments.json:
        value = {
            "upper": best.value,
            "status": "bracket",
            "name": best.name,
            "source": best.source,
            "method": None if units is None else units.bounds.method,
            "joint": arguments.joint,
            "stopped_by": stopped,
            "network": None if network is None else network_json(network),
            "domain": None if domain is None else domain.to_json(),
            "seconds": round(time.monotonic() - start, 6),
        }
        output.write_json(out, value)
        return _status(stopped)
    where = "on any domain" if domain is None else output.describe_domain(domain, network.input_dimension)
    lines = [
        f"at most {rounded_up(best.value)} regions (proven)",
        f"  bound       {best.source}",
        f"  domain      {where}",
    ]
    lines += [] if stopped is None else [f"  stopped     {stopped}: not all stable units are known"]
    output.write(out, "\n".join(lines))
    return _status(stopped)


def _status(stopped: str | None) -> ExitStatus:
    return ExitStatus.OK if stopped is None else ExitStatus.STOPPED_EARLY

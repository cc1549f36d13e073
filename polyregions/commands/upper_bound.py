"""Bound the number of regions from above without counting: the best of the bounds that `polyregions bounds` lists.

WIDTHS are the inputs and the units of each layer, such as 2,16,16; they, or a network without a domain, give a bound
for every domain. The bound is proven.
"""

import time
from argparse import ArgumentParser, Namespace
from typing import Any, TextIO

from polyregions.commands import CommandError, ExitStatus, options, output

HELP = "bound the number of regions from above"


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("network", metavar="NET|WIDTHS", help="network file, or widths such as 2,16,16")
    options.add_domain(parser, required=False)
    options.add_include_output(parser)
    parser.add_argument(
        "--method",
        choices=options.BOUNDS,
        default="lp",
        help="how units are bounded to find the stable ones: by interval arithmetic, by linear programs (default), or "
        "by their exact extrema",
    )
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.bounding import upper_bounds
    from polyregions.result import network_json, rounded_up

    start = time.monotonic()
    network: Any = None
    domain = None
    widths = options.read_widths(arguments.network)
    if widths is not None:
        for name, given in {
            "--box": arguments.box is not None,
            "--domain": arguments.domain is not None,
            "--around": arguments.around is not None,
            "--include-output": arguments.include_output,
        }.items():
            if given:
                raise CommandError(f"argument {name}: needs a network file, not widths")
        bounds = upper_bounds(widths)
    else:
        options.check_no_widths(arguments.network)
        network = options.read_network(arguments)
        if options.has_domain(arguments) and not arguments.space:
            domain = options.read_domain(arguments)
        bounds = upper_bounds(network, domain, method=arguments.method)
    best = min(bounds, key=lambda bound: bound.value)
    if arguments.json:
        value = {
            "upper": best.value,
            "status": "bracket",
            "name": best.name,
            "source": best.source,
            "method": None if domain is None else arguments.method,
            "network": None if network is None else network_json(network),
            "domain": None if domain is None else domain.to_json(),
            "seconds": round(time.monotonic() - start, 6),
        }
        output.write_json(out, value)
        return ExitStatus.OK
    where = "on any domain" if domain is None else output.describe_domain(domain, network.input_dimension)
    lines = [
        f"at most {rounded_up(best.value)} regions (proven)",
        f"  bound       {best.source}",
        f"  domain      {where}",
    ]
    output.write(out, "\n".join(lines))
    return ExitStatus.OK

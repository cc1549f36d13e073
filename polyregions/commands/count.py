"""Count the regions of a network over a domain."""

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any, TextIO

from polyregions.commands import CommandError, ExitStatus, options, output

if TYPE_CHECKING:
    from polyregions.domain import Domain
    from polyregions.network import Network

HELP = "count the regions of a network"


def configure(parser: ArgumentParser) -> None:
    options.add_input(parser, joined=True, space=options.SPACE)
    options.add_layers(parser)
    options.add_method(parser)
    options.add_cells(parser)
    options.add_workers(parser)
    options.add_bounds(parser)
    options.add_limits(parser)
    options.add_memory_limit(parser)
    parser.add_argument("--certificate", metavar="FILE", help="write a proof of the count, for `polyregions verify`")
    options.add_output(parser)


#: What :func:`polyregions.count` and :func:`polyregions.count_all` are both given, by the names of the arguments.
_SHARED = ("method", "solver", "cells", "workers", "bounds", "time_limit", "max_regions", "memory_limit")


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    every = arguments.definition == "all"
    if every and arguments.layers is not None:
        raise CommandError("argument --layers: goes with --definition regions and patterns")
    if every and arguments.certificate is not None:
        raise CommandError("argument --certificate: only --definition regions and patterns have certificates")
    options.check_solver(arguments.solver, arguments.method)
    network = options.read_network(arguments)
    domain = options.read_domain(arguments)
    shared = {name: getattr(arguments, name) for name in _SHARED}
    return (_run_all if every else _run_one)(network, domain, shared, arguments, out)


def _run_one(
    network: "Network", domain: "Domain", shared: dict[str, Any], arguments: Namespace, out: TextIO
) -> ExitStatus:
    from polyregions.counting import count

    with options.meter(arguments) as meter:
        result = count(
            network,
            domain,
            definition=arguments.definition,
            layers=arguments.layers,
            certificate=arguments.certificate,
            progress=meter,
            **shared,
        )
    if arguments.json:
        certificate = {"certificate": result.certificate} if arguments.certificate else {}
        output.write_json(out, result.to_json() | certificate)
    else:
        output.write(out, "\n".join(output.count_lines(result, arguments.domain)))
    if result.certificate is not None:
        output.remark(arguments, f"certificate: {result.certificate}")
    if "certificate_error" in result.stats:
        print(f"polyregions: error: {result.stats['certificate_error']}", file=sys.stderr)
        return ExitStatus.STOPPED_EARLY
    return output.exit_status(result)


def _run_all(
    network: "Network", domain: "Domain", shared: dict[str, Any], arguments: Namespace, out: TextIO
) -> ExitStatus:
    """Every definition's count in one table."""
    from polyregions.counting import count_all

    with options.meter(arguments) as meter:
        result = count_all(network, domain, progress=meter, **shared)
    if arguments.json:
        output.write_json(out, result.to_json())
    else:
        output.write(out, "\n".join(output.counts_lines(result, arguments.domain)))
    return max((output.exit_status(count) for count in result.counts.values()), key=lambda status: status.value)

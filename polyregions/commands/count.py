"""Count the regions of a network over a domain."""

import sys
from argparse import ArgumentParser, Namespace
from typing import TextIO

from polyregions.commands import CommandError, ExitStatus, options, output

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


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.counting import count

    if arguments.definition == "all":
        return _run_all(arguments, out)
    options.check_solver(arguments.solver, arguments.method)
    network = options.read_network(arguments)
    domain = options.read_domain(arguments)
    with options.meter(arguments) as meter:
        result = count(
            network,
            domain,
            definition=arguments.definition,
            layers=arguments.layers,
            method=arguments.method,
            solver=arguments.solver,
            cells=arguments.cells,
            workers=arguments.workers,
            bounds=arguments.bounds,
            time_limit=arguments.time_limit,
            memory_limit=arguments.memory_limit,
            max_regions=arguments.max_regions,
            progress=meter,
            certificate=arguments.certificate,
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


def _run_all(arguments: Namespace, out: TextIO) -> ExitStatus:
    """Every definition's count in one table."""
    from polyregions.counting import count_all

    if arguments.layers is not None:
        raise CommandError("argument --layers: goes with --definition regions and patterns")
    if arguments.certificate is not None:
        raise CommandError("argument --certificate: only --definition regions and patterns have certificates")
    options.check_solver(arguments.solver, arguments.method)
    network = options.read_network(arguments)
    domain = options.read_domain(arguments)
    with options.meter(arguments) as meter:
        result = count_all(
            network,
            domain,
            method=arguments.method,
            solver=arguments.solver,
            cells=arguments.cells,
            workers=arguments.workers,
            bounds=arguments.bounds,
            time_limit=arguments.time_limit,
            memory_limit=arguments.memory_limit,
            max_regions=arguments.max_regions,
            progress=meter,
        )
    if arguments.json:
        output.write_json(out, result.to_json())
    else:
        output.write(out, "\n".join(output.counts_lines(result, arguments.domain)))
    return max((output.exit_status(count) for count in result.counts.values()), key=lambda status: status.value)

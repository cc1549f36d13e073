"""List the regions of a network over a domain as they are found.

Standard output gets the activation patterns only, one per line, layers separated by "|". With --output patterns and
points go to a file, .npz or .parquet (packed patterns and rounded points) or .jsonl (exact points), which is whole and
says how far it got even if a limit, Ctrl-C or a full disk ends the run; an existing file is replaced.
"""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from polyregions.commands import CommandError, ExitStatus, options, output
from polyregions.result import Count, Status

if TYPE_CHECKING:
    from polyregions.enumeration import Run

HELP = "list the regions of a network"


def configure(parser: ArgumentParser) -> None:
    options.add_input(parser, space=options.SPACE)
    options.add_layers(parser)
    options.add_method(parser)
    options.add_cells(parser)
    options.add_workers(parser)
    options.add_limits(parser)
    options.add_memory_limit(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="write patterns and points to FILE (.npz, .parquet or .jsonl) instead of patterns to standard output",
    )
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.chosen_layers import chosen_layers
    from polyregions.enumeration import Run

    options.check_solver(arguments.solver, arguments.method)
    network = options.read_network(arguments)
    if arguments.layers is not None:
        if arguments.output is not None:
            raise CommandError("argument --layers: the patterns of chosen layers are printed, not written to a file")
        network = chosen_layers(network, arguments.layers)
    domain = options.read_domain(arguments)
    with options.meter(arguments) as meter:
        search = Run(
            network,
            domain,
            definition=arguments.definition,
            method=arguments.method,
            solver=arguments.solver,
            cells=arguments.cells,
            workers=arguments.workers,
            time_limit=arguments.time_limit,
            memory_limit=arguments.memory_limit,
            max_regions=arguments.max_regions,
            progress=meter,
        )
        result = _write_file(arguments, search, out) if arguments.output else _print(arguments, search, out)
    return output.exit_status(result)


def _write_file(arguments: Namespace, search: "Run", out: TextIO) -> Count:
    from polyregions.commands.region_files import OutputFull, region_file
    from polyregions.limits import Limits

    with region_file(arguments.output, search.result()) as file:
        full = None
        try:
            for region in search.regions():
                file.add(region)
            with Limits():
                file.flush()
        except OutputFull as error:
            full = str(error)
        result = search.result()
        if full is not None:
            # Even if all regions were found, the file does not hold them all, and must not say so.
            result = replace(result, status=Status.BRACKET, stats={**result.stats, "stopped": full})
        # A signal that arrives now, or before, must not lose the file.
        with Limits():
            file.finish(result)
        if arguments.json:
            output.write_json(out, {**result.to_json(), "output": arguments.output, "written": file.written})
        else:
            lines = [
                *output.count_lines(result, arguments.domain),
                f"  {'written':<11} {file.written:,} to {arguments.output}",
            ]
            output.write(out, "\n".join(lines))
    return result


def _print(arguments: Namespace, search: "Run", out: TextIO) -> Count:
    from polyregions.geometry.region import pattern_text

    patterns = (pattern_text(region.pattern) for region in search.regions())
    if arguments.json:
        listed = list(patterns)
        output.write_json(out, {**search.result().to_json(), "regions": listed})
        return search.result()
    for pattern in patterns:
        output.write(out, pattern)
    output.remark(arguments, str(search.result()))
    return search.result()

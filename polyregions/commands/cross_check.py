"""Count by incremental splitting and by the mixed-integer program, and compare the sets of patterns.

A difference is resolved by proof and explained. Exit status 1 means that the two methods disagree.
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, TextIO

from polyregions.commands import ExitStatus, options, output
from polyregions.geometry.region import pattern_text

if TYPE_CHECKING:
    from polyregions.cross_checking import CrossCheck

HELP = "compare both ways to count"

#: Differences that are printed; --json has them all.
SHOWN = 10


def configure(parser: ArgumentParser) -> None:
    options.add_input(parser)
    options.add_solver(parser)
    options.add_limits(parser, regions=False)
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.cross_checking import cross_check

    network = options.read_network(arguments)
    domain = options.read_domain(arguments)
    with options.meter(arguments) as meter:
        check = cross_check(
            network,
            domain,
            definition=arguments.definition,
            solver=arguments.solver,
            time_limit=arguments.time_limit,
            progress=meter,
        )
    if arguments.json:
        output.write_json(out, check.to_json())
    else:
        output.write(out, "\n".join(lines(check)))
    return exit_status(check)


def exit_status(check: "CrossCheck") -> ExitStatus:
    """A difference is a failed claim, even where one run was stopped early."""
    if check.differences:
        return ExitStatus.CLAIM_FAILED
    return ExitStatus.OK if check.complete else ExitStatus.STOPPED_EARLY


def lines(check: "CrossCheck") -> list[str]:
    """A cross-check for people."""
    return [f"split: {output.headline(check.split)}", f"milp:  {output.headline(check.milp)}", *verdict(check)]


def verdict(check: "CrossCheck") -> list[str]:
    """Whether the two agree, and if not, why."""
    if check.agree:
        return ["both methods found the same set of patterns"]
    if not check.differences:
        return ["stopped early, before a difference was found"]
    result = [f"THE METHODS DISAGREE on {len(check.differences):,} patterns"]
    for difference in check.differences[:SHOWN]:
        pattern = pattern_text(difference.pattern)
        result.append(f"  {pattern} found by {difference.found_by} only: {difference.explanation}")
    if len(check.differences) > SHOWN:
        result.append(f"  and {len(check.differences) - SHOWN:,} more; see --json")
    return result

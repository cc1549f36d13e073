"""Count by incremental splitting and by the mixed-integer program, and compare the sets of patterns.

A difference is resolved by proof and explained. Exit status 1 means that the two methods disagree, 3 that a limit or
Ctrl-C left the question open ("agree" is null in the JSON). --time-limit is for each of the two.
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, TextIO

from polyregions.commands import ExitStatus, options, output

if TYPE_CHECKING:
    from polyregions.cross_checking import CrossCheck

HELP = "compare both ways to count"

#: Differences that are printed; --json has them all.
SHOWN = 10


def configure(parser: ArgumentParser) -> None:
    options.add_input(parser)
    options.add_solver(parser)
    options.add_workers(parser)
    options.add_bounds(parser)
    options.add_limits(parser, counters=2)
    options.add_memory_limit(parser)
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.cross_checking import cross_check

    options.check_solver(arguments.solver, "milp")
    network = options.read_network(arguments)
    domain = options.read_domain(arguments)
    with options.meter(arguments) as meter:
        check = cross_check(
            network,
            domain,
            definition=arguments.definition,
            solver=arguments.solver,
            workers=arguments.workers,
            bounds=arguments.bounds,
            time_limit=arguments.time_limit,
            memory_limit=arguments.memory_limit,
            progress=meter,
        )
    if arguments.json:
        output.write_json(out, check.to_json())
    else:
        output.write(out, "\n".join(lines(check)))
    return exit_status(check)


def exit_status(check: "CrossCheck") -> ExitStatus:
    """A difference is a failed claim, even where one run was stopped early."""
    if check.agree is None:
        return ExitStatus.STOPPED_EARLY
    return ExitStatus.OK if check.agree else ExitStatus.CLAIM_FAILED


def lines(check: "CrossCheck") -> list[str]:
    """A cross-check for people."""
    return [f"split: {check.split}", f"milp:  {check.milp}", *verdict(check)]


def verdict(check: "CrossCheck") -> list[str]:
    """Whether the two agree, and if not, why."""
    from polyregions.geometry.region import pattern_text

    if check.agree:
        return ["both methods found the same set of patterns"]
    if check.agree is None:
        return ["whether the methods agree is open: stopped early, with no difference found so far"]
    result = [f"THE METHODS DISAGREE on {len(check.differences):,} patterns"]
    for difference in check.differences[:SHOWN]:
        pattern = pattern_text(difference.pattern)
        result.append(f"  {pattern} found by {difference.found_by} only: {difference.explanation}")
    if len(check.differences) > SHOWN:
        result.append(f"  and {len(check.differences) - SHOWN:,} more; see --json")
    return result

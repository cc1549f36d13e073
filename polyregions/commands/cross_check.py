"""Count by incremental splitting and by the mixed-integer program, and compare the sets of patterns.

A difference is resolved by proof and explained. Exit status 1 means that the two methods disagree.
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, TextIO

from polyregions.commands import ExitStatus, options, output
from polyregions.commands.region_files import pattern_text
from polyregions.result import Status

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
    """A disagreement is a failed claim; two runs of which one was stopped early cannot disagree by number alone."""
    if not check.agree and (check.differences or not _stopped(check)):
        return ExitStatus.CLAIM_FAILED
    return ExitStatus.STOPPED_EARLY if _stopped(check) else ExitStatus.OK


def lines(check: "CrossCheck") -> list[str]:
    """A cross-check for people."""
    result = [f"split: {output.headline(check.split)}", f"milp:  {output.headline(check.milp)}"]
    if check.agree:
        result.append("both methods found the same set of patterns" + " so far" * _stopped(check))
    elif not check.differences and _stopped(check):
        result.append("stopped early: the sets of patterns could not be compared")
    else:
        result.append(f"THE METHODS DISAGREE on {len(check.differences):,} patterns")
    for difference in check.differences[:SHOWN]:
        found = f"found by {difference.found_by}"
        result.append(f"  {pattern_text(difference.pattern)} {found}: {difference.explanation}")
    if len(check.differences) > SHOWN:
        result.append(f"  and {len(check.differences) - SHOWN:,} more; see --json")
    return result


def _stopped(check: "CrossCheck") -> bool:
    return Status.BRACKET in (check.split.status, check.milp.status)

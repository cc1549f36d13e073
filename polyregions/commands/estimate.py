"""Estimate the number of regions of a network too large to count, with a lower bound that holds with the confidence.

Independent random descents of the splitting tree, unbiased. The JSON holds all that is needed to repeat the run: seed,
probes and cells. Exit status 3: a limit or Ctrl-C stopped it before all probes were done.
"""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, TextIO

from polyregions.commands import ExitStatus, options, output

if TYPE_CHECKING:
    from polyregions.sampling.result import Estimate

HELP = "estimate the number of regions of a large network"


def configure(parser: ArgumentParser) -> None:
    options.add_input(parser)
    options.add_sampling(parser)
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.estimating import estimate

    network = options.read_network(arguments)
    domain = options.read_domain(arguments)
    probes = {} if arguments.probes is None else {"probes": arguments.probes}
    with options.meter(arguments) as meter:
        result = estimate(
            network,
            domain,
            definition=arguments.definition,
            cells=arguments.cells,
            confidence=arguments.confidence,
            seed=arguments.seed,
            workers=arguments.workers,
            time_limit=arguments.time_limit,
            progress=meter,
            **probes,
        )
    if arguments.json:
        output.write_json(out, result.to_json())
    else:
        output.write(out, "\n".join(_lines(result, arguments.domain)))
    return ExitStatus.STOPPED_EARLY if "stopped" in result.stats else ExitStatus.OK


def _lines(result: "Estimate", domain_file: str | None) -> list[str]:
    """An estimate for people."""
    from polyregions.result import Status
    from polyregions.sampling.result import rounded

    facts = [("lower bound", str(result.lower_bound))]
    if result.probes > 1 and result.status is not Status.EXACT:
        low, high = map(rounded, result.interval)
        facts += [
            ("interval", f"{low} to {high} (bootstrap, {100 * result.confidence:.10g}%, approximate)"),
            ("sample size", f"{result.effective_sample_size:.3g} effective, of {result.probes} probes"),
        ]
    facts += output.sampling_facts(result, domain_file)
    return [str(result), *(f"  {name:<11} {text}" for name, text in facts)]

"""Bound the number of regions of a network too large to count from below.

--method tree and xor: the bound holds with the given confidence; points: it is proven. The JSON holds all that is
needed to repeat the run. Exit status 3: a limit or Ctrl-C stopped it early; the bound is as valid as any.
"""

from argparse import ArgumentParser, Namespace
from typing import TextIO

from polyregions.commands import CommandError, ExitStatus, options, output

HELP = "bound the number of regions of a large network from below"

#: As in :data:`polyregions.estimating.LOWER_BOUND_METHODS`.
_METHODS = ("tree", "xor", "points")
#: Options that only one method has, by the names of their arguments.
_OPTIONS = {
    "tree": ("probes", "cells"),
    "points": ("points",),
    "xor": ("xor_size", "trials", "inference", "oracle", "solver", "bounds"),
}


def configure(parser: ArgumentParser) -> None:
    options.add_input(parser)
    parser.add_argument(
        "--method",
        choices=_METHODS,
        default="tree",
        help="tree: random descents of the splitting tree (default); xor: random parity constraints (MIPBound); "
        "points: distinct patterns of random points",
    )
    options.add_sampling(parser)
    parser.add_argument(
        "--points", type=options.positive, metavar="N", help="how many points --method points draws (default: 100000)"
    )
    xor = parser.add_argument_group("with --method xor")
    xor.add_argument("--xor-size", type=options.positive, metavar="K", help="units in a parity constraint (default: 3)")
    xor.add_argument(
        "--trials", type=options.positive, metavar="N", help="trials, all planned in advance (default: 28 for 95%%)"
    )
    xor.add_argument(
        "--inference",
        metavar="NAME",
        help="binomial (default), chernoff (as published) or clopper-pearson (best with many trials)",
    )
    xor.add_argument(
        "--oracle",
        metavar="NAME",
        help="split (default): the splitting tree pruned by the constraints; milp: the mixed-integer program",
    )
    xor.add_argument(
        "--solver", metavar="NAME", help="back end of the milp oracle (default: highs); see `polyregions solvers`"
    )
    xor.add_argument(
        "--bounds",
        metavar="NAME",
        help="interval, lp (default) or milp: how stable units are found, which are left out",
    )
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.estimating import lower_bound

    for method, names in _OPTIONS.items():
        for name in names:
            if method != arguments.method and getattr(arguments, name) is not None:
                raise CommandError(f"argument --{name.replace('_', '-')}: needs --method {method}")
    if arguments.method != "tree" and arguments.workers != 1:
        raise CommandError("argument --workers: needs --method tree")
    network = options.read_network(arguments)
    domain = options.read_domain(arguments)
    with options.meter(arguments) as meter:
        result = lower_bound(
            network,
            domain,
            method=arguments.method,
            definition=arguments.definition,
            confidence=arguments.confidence,
            seed=arguments.seed,
            time_limit=arguments.time_limit,
            workers=arguments.workers,
            progress=meter,
            **{name: getattr(arguments, name) for names in _OPTIONS.values() for name in names},
        )
    if arguments.json:
        output.write_json(out, result.to_json())
    else:
        facts = output.sampling_facts(result, arguments.domain)
        output.write(out, "\n".join([str(result), *(f"  {name:<11} {text}" for name, text in facts)]))
    return ExitStatus.STOPPED_EARLY if "stopped" in result.stats else ExitStatus.OK

"""Count the regions of a small network that ships with this package, in both ways, and explain the result.

The network reads handwritten digits of 8 x 8 pixels; its domain is all of [0, 1]^64. Nothing but the
package itself is needed. --time-limit is for each of the two counters.
"""

import textwrap
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, TextIO

from polyregions.commands import ExitStatus, cross_check, options, output
from polyregions.result import Count, Status

if TYPE_CHECKING:
    from polyregions.cross_checking import CrossCheck

HELP = "count a built-in network and explain the result"


def configure(parser: ArgumentParser) -> None:
    options.add_limits(parser, counters=2)
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.bounds.serra import architecture_bound
    from polyregions.cross_checking import cross_check as check_both
    from polyregions.domain import Box
    from polyregions.formats.builtin import load_demo_network

    network = load_demo_network()
    output.remark(arguments, "counting the regions of the built-in network twice; this takes some seconds")
    with options.meter(arguments) as meter:
        check = check_both(network, Box(0, 1), time_limit=arguments.time_limit, progress=meter)
    bounds = {
        "patterns": 2**network.num_units,
        "architecture": architecture_bound(network.input_dimension, network.widths),
    }
    if arguments.json:
        output.write_json(out, {**check.to_json(), "bounds": bounds})
    else:
        output.write(out, "\n".join(explanation(check, bounds)))
    return cross_check.exit_status(check)


def explanation(check: "CrossCheck", bounds: dict[str, int]) -> list[str]:
    """The result of the demo, for somebody who sees one for the first time."""
    count = check.split
    network = count.network
    layers = " and ".join(str(width) for width in network.widths)
    paragraphs = [
        f"The network: {network.input_dimension} inputs (the pixels of a handwritten digit, 0 to 1), hidden layers of "
        f"{layers} ReLU units, and an affine output layer of {len(network.biases[-1])}.",
        "Each ReLU unit is active on one side of a bent hyperplane. A region is a full-dimensional set of inputs on "
        "which the same units are active; on it the network is one affine map.",
        f"Result: {count} on [0, 1]^{network.input_dimension}, in {count.seconds:.1f} s.",
        f"For comparison: {network.num_units} units have {bounds['patterns']:,} on/off patterns, and no network with "
        f"these layers has more than {bounds['architecture']:,} regions (Serra, Tjandraatmadja & Ramalingam 2018, "
        "Theorem 1).",
        _decisions(count),
        f"Cross-check: a mixed-integer program gives {check.milp}, in {check.milp.seconds:.1f} s.",
    ]
    wrapped = [line for text in paragraphs for line in textwrap.wrap(text, 100, subsequent_indent="  ")]
    return [*wrapped, *cross_check.verdict(check)]


def _decisions(count: Count) -> str:
    """How the decisions were made; only those of a run that finished are a proof of the number."""
    by_filter, by_exact = (count.stats.get(f"decisions_by_{how}", 0) for how in ("filter", "exact"))
    start = "Proof" if count.status is Status.EXACT else "So far"
    text = (
        f"{start}: {by_filter:,} decisions about where a unit is active were proven by a float filter with a rigorous "
    )
    if by_exact:
        return f"{text}error bound, and the {by_exact:,} too close for it in exact rational arithmetic."
    return f"{text}error bound; none was too close for it and needed exact rational arithmetic."

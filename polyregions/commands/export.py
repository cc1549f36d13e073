"""Write the mixed-integer program of a network's patterns, or one pattern's half-spaces, for other solvers to read.

The program is the big-M encoding: maximise f, with names like x_3, h_2_5, hbar_2_5 and z_2_5 (layers from 1, units and
inputs from 0). The solutions z with f > 0 are the patterns; with --definition regions those of full dimension, but for
the ones on which some unit's pre-activation is zero everywhere. All digits are written; where a number is none that a
float64 holds, one next to it is, and how often is part of the result.
"""

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from polyregions.commands import CommandError, ExitStatus, options, output
from polyregions.definition import Definition

if TYPE_CHECKING:
    from polyregions.network import Pattern

HELP = "write an MPS or LP file"


def configure(parser: ArgumentParser) -> None:
    options.add_input(parser, definition=Definition.PATTERNS, space="the whole input space (with --pattern)")
    parser.add_argument("--format", choices=("mps", "lp"), help="the file's format (default: its extension)")
    parser.add_argument(
        "--output", metavar="FILE", required=True, help="the file to write; an existing one is replaced"
    )
    parser.add_argument(
        "--pattern",
        type=_pattern,
        metavar="P",
        help="write the half-spaces of this pattern instead, such as '101|0110', as `polyregions regions` lists it",
    )
    parser.add_argument("--weights", metavar="NPZ", help="write the network's exact weights, too")
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.formats.export import export

    network = options.read_network(arguments)
    domain = options.read_domain(arguments)
    try:
        written = export(
            network,
            domain,
            arguments.output,
            format=arguments.format,
            definition=arguments.definition,
            pattern=arguments.pattern,
            weights=arguments.weights,
        )
    except OSError as error:
        raise CommandError(f"{error.filename or arguments.output}: {error.strerror or error}") from None
    if arguments.json:
        output.write_json(out, asdict(written))
    else:
        output.write(
            out,
            f"{written.path}: {written.variables:,} variables, {written.integers:,} of them integer, "
            f"{written.constraints:,} constraints",
        )
    if written.rounded:
        output.remark(
            arguments,
            f"{written.rounded:,} bounds and constraints hold rounded numbers"
            + ("; --weights writes the exact weights" if arguments.weights is None else ""),
        )
    return ExitStatus.OK


def _pattern(text: str) -> "Pattern":
    if not re.fullmatch(r"[01]+(\|[01]+)*", text):
        raise ArgumentTypeError(f"{text!r} is not a pattern; write one 0 or 1 per unit, and | between layers")
    return tuple(tuple(int(state) for state in states) for states in text.split("|"))

"""List the regions along a line through the input space of a network, with exact breakpoints.

For networks of any size. A point x(t) = P + t (Q - P) of the segment has t between 0 and 1; with --infinite t is any
number.
"""

import csv
import io
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from polyregions.commands import CommandError, ExitStatus, options, output
from polyregions.commands.points import POINT, read_point
from polyregions.definition import Definition

if TYPE_CHECKING:
    from polyregions.slices.line import LineRegions

HELP = "list the regions along a line"


_DEFINITIONS = {
    Definition.REGIONS: "intervals",
    Definition.PATTERNS: "also those attained at single points",
    Definition.LINEAR: "maximal intervals of one affine map",
    Definition.CLOSED: "maximal intervals of one affine map",
    Definition.AFFINE: "affine maps, wherever they occur",
}


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("network", metavar="NET", help="network file (.npz with the arrays W1, b1, W2, b2, ...)")
    parser.add_argument("--from", dest="start", metavar="P", required=True, help=f"the segment's start: {POINT}")
    parser.add_argument("--to", dest="end", metavar="Q", required=True, help="its end")
    parser.add_argument("--infinite", action="store_true", help="the whole line through P and Q")
    parser.add_argument(
        "--definition",
        choices=[choice.value for choice in Definition],
        default=Definition.REGIONS.value,
        help="what is counted: intervals; patterns, also those attained at single points; linear and closed: intervals "
        "of one affine map put together where they meet; affine: affine maps (default: %(default)s)",
    )
    options.add_include_output(parser)
    parser.add_argument(
        "--exact", action="store_true", help="breakpoints as exact fractions instead of rounded; slower"
    )
    parser.add_argument("--output", metavar="FILE", help="write the intervals to FILE (.csv)")
    parser.add_argument("--plot", metavar="FILE", help="draw an output along the line into FILE (.png, .svg or .pdf)")
    parser.add_argument(
        "--plot-output", type=options.natural, metavar="I", help="which output --plot draws, from 0 (default: 0)"
    )
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.domain import Line, Segment
    from polyregions.errors import DomainError
    from polyregions.slices.line import line

    if arguments.output is not None and Path(arguments.output).suffix.lower() != ".csv":
        raise CommandError(f"{arguments.output}: the extension must be .csv")
    output.check_place(arguments.output)
    if arguments.plot is not None:
        from polyregions.plot.canvas import picture_format

        picture_format(arguments.plot)
        output.check_place(arguments.plot)
    elif arguments.plot_output is not None:
        raise CommandError("argument --plot-output goes with --plot")
    network = options.read_network(arguments)
    p, q = read_point(arguments.start, "--from"), read_point(arguments.end, "--to")
    if arguments.infinite:
        if len(p) != len(q):
            raise DomainError(f"the line's points P and Q have {len(p)} and {len(q)} coordinates")
        if p == q:
            raise DomainError("the line's points P and Q are the same; a line needs two")
        domain: Any = Line(p, [y - x for x, y in zip(p, q, strict=True)])
    else:
        domain = Segment(p, q)
    found = line(network, domain, definition=arguments.definition)
    if arguments.output is not None:
        output.write_file(arguments.output, _table(found, arguments.exact))
    if arguments.plot is not None:
        _plot(found, arguments)
    if arguments.json:
        files = {name: getattr(arguments, name) for name in ("output", "plot") if getattr(arguments, name)}
        output.write_json(out, found.to_json(exact=arguments.exact) | files)
        return ExitStatus.OK
    lines = _lines(found)
    if arguments.output is not None:
        lines.append(f"  {'written':<11} {len(found):,} intervals to {arguments.output}")
    if arguments.plot is not None:
        lines.append(f"  {'drawn':<11} output {arguments.plot_output or 0} to {arguments.plot}")
    output.write(out, "\n".join(lines))
    return ExitStatus.OK


def _plot(found: "LineRegions", arguments: Namespace) -> None:
    from polyregions.plot.line import save_line

    try:
        save_line(found, arguments.plot, output=arguments.plot_output or 0)
    except OSError as error:
        raise CommandError(f"{arguments.plot}: {error.strerror or error}") from None


def _lines(found: "LineRegions") -> list[str]:
    from polyregions.result import NOUNS

    noun = NOUNS[found.definition]
    units = found.network.num_units
    share = f", {found.num_regions / units:.2f} regions per ReLU unit" if units else ""
    counts = {
        "regions": found.num_regions,
        "patterns": found.num_patterns,
        "linear pieces": found.num_linear,
        "affine maps": found.num_affine,
    }
    facts = [
        ("definition", f"{found.definition.value} ({_DEFINITIONS[found.definition]})"),
        ("all counts", ", ".join(f"{number:,} {name}" for name, number in counts.items())),
        ("network", output.describe_network(found.network) + share),
        ("domain", output.describe_domain(found.domain, found.network.input_dimension)),
        ("time", f"{found.seconds:.2f} s"),
        ("decisions", "{:,} by the float filter, {:,} in exact arithmetic".format(*found.stats.values())),
    ]
    head = f"{found.count:,} {noun}{'s' * (found.count != 1)} along the line ({found.status.value})"
    return [head, *(f"  {name:<11} {text}" for name, text in facts)]


def _table(found: "LineRegions", exact: bool) -> str:
    """A row per interval; ``changes`` are the neurons layer:unit, from 0, that change at its start."""
    from polyregions.geometry.region import pattern_text

    ends: list[Any] = found.ends.tolist()
    if exact:
        ends[1:-1] = map(str, found.breakpoints(exact=True))
    lengths = found.lengths().tolist()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=os.linesep)
    writer.writerow(["interval", "t_start", "t_end", "length", "pattern", "changes"])
    for i in range(len(found)):
        changes = " ".join(f"{layer}:{unit}" for layer, unit in found.changes(i - 1)) if i else ""
        writer.writerow([i, ends[i], ends[i + 1], lengths[i], pattern_text(found.pattern(i)), changes])
    return text.getvalue()

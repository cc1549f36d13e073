"""Measure how far points are from the nearest boundary of their activation region.

FILE holds the points: an array in .npy, or text with one point a line. With a domain the nearest boundary within the
domain is meant, in which all points must lie; without one, that in all of R^n.
"""

import csv
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from polyregions.commands import CommandError, ExitStatus, options, output

if TYPE_CHECKING:
    from polyregions.geometry.distances import Distances

HELP = "measure distances of points to the nearest boundary of a region"


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("network", metavar="NET", help="network file (.npz with the arrays W1, b1, W2, b2, ...)")
    parser.add_argument("--points", metavar="FILE", required=True, help="the points: .npy, or text, one point a line")
    options.add_domain(parser, required=False, space="the whole input space (default)")
    options.add_include_output(parser)
    parser.add_argument(
        "--exact",
        action="store_true",
        help="exact squared distances, by rational arithmetic: up to a second a point; in R^n or a box",
    )
    parser.add_argument("--output", metavar="FILE.csv", help="write a line for each point to this file")
    options.add_time_limit(parser, "the first points, those that are done, are printed and written")
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.commands.points_file import read_points
    from polyregions.geometry.distances import distances_under
    from polyregions.limits import Limits

    if arguments.output is not None and Path(arguments.output).suffix.lower() != ".csv":
        raise CommandError(f"{arguments.output}: the extension must be .csv")
    output.check_place(arguments.output)
    network = options.read_network(arguments)
    given = options.has_domain(arguments) and not arguments.space
    domain = options.read_domain(arguments) if given else None
    points = read_points(arguments.points)
    limits = Limits(time_limit=arguments.time_limit)
    result = distances_under(limits, network, points, domain=domain, exact=arguments.exact)
    status = ExitStatus.OK if result.stopped is None else ExitStatus.STOPPED_EARLY
    seconds = limits.seconds
    if arguments.output is not None:
        _write_csv(arguments.output, result)
    if arguments.json:
        output.write_json(out, {**result.to_json(), "seconds": round(seconds, 6), "output": arguments.output})
        return status
    for line in _lines(result, seconds, arguments):
        output.write(out, line)
    return status


def _lines(result: "Distances", seconds: float, arguments: Namespace) -> list[str]:
    """Distances for people."""
    import numpy as np

    number = len(result)
    if not number:
        return [f"0 of {result.asked:,} points: {result.stopped}"]
    there = result.layers > 0
    per_layer = np.bincount(result.layers[there], minlength=result.network.depth + 1)[1:]
    facts = [] if result.stopped is None else [("stopped", result.stopped)]
    facts += [
        ("quantiles", "  ".join(f"{value:.4g}" for value in result.quantiles()) + "  (0, 25, 50, 75, 100 %)"),
        ("nearest", ", ".join(f"{count:,} in layer {layer}" for layer, count in enumerate(per_layer, 1))),
        ("gradient", f"bends at the nearest boundary of {int(result.bends.sum()):,} of {number:,} points"),
    ]
    if not there.all():
        facts.append(("none", f"{int((~there).sum()):,} points have no boundary, and an infinite distance"))
    if result.domain is not None:
        facts.append(("projected", f"{int(result.projected.sum()):,} points, whose perpendicular leaves the domain"))
        facts.append(("domain", output.describe_domain(result.domain, result.network.input_dimension)))
    facts += [("network", output.describe_network(result.network)), ("time", f"{seconds:.2f} s")]
    if arguments.output is not None:
        facts.append(("written", f"{number:,} lines to {arguments.output}"))
    of = "" if result.stopped is None else f" of {result.asked:,}"
    noun = f"{number:,}{of} point{'s' * (number != 1)}"
    head = (
        f"{noun}: mean distance {result.mean:.6g} to the nearest boundary, times {result.network.num_units} units "
        f"{result.mean_times_units:.4g} ({result.status.value})"
    )
    return [head, *(f"  {name:<11} {text}" for name, text in facts)]


def _write_csv(path: str, result: "Distances") -> None:
    names = ["point", "distance", "lower", "upper", "layer", "unit", "bends", "projected"]
    columns = [
        range(len(result)),
        result.values.tolist(),
        result.lower.tolist(),
        result.upper.tolist(),
        result.layers.tolist(),
        result.units.tolist(),
        result.bends.astype(int).tolist(),
        result.projected.astype(int).tolist(),
    ]
    if result.squares:
        names.append("square")
        columns.append(["inf" if square is None else str(square) for square in result.squares])
    try:
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            writer.writerows(zip(*columns, strict=True))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None

"""List the regions of a network on a two-dimensional slice of its input space, as polygons.

The slice is the square around the circumcentre of three points (--through A B C), the parallelogram that they span, all
of their plane (--infinite), or any bounded domain of two dimensions. The polygons of unbounded regions are cut at a
window that holds all corners.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from polyregions.commands import CommandError, ExitStatus, options, output
from polyregions.commands.points import POINT, read_point
from polyregions.progress import announced

if TYPE_CHECKING:
    from polyregions.domain import Domain
    from polyregions.slices.plane import PlaneRegions

HELP = "list the regions on a plane"

#: As in :data:`polyregions.plot.plane.COLORS`.
_COLORS = ("region", "active", "affine")

#: What the JSON says of the polygons; null if these were not put together.
_POLYGONS = ("vertices", "area", "domain_area", "perimeters", "unbounded", "window")


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("network", metavar="NET", help="network file (.npz with the arrays W1, b1, W2, b2, ...)")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--through", nargs=3, metavar=("A", "B", "C"), help=f"three points, each {POINT}")
    where.add_argument("--domain", metavar="FILE", help="JSON file with a domain of two dimensions, such as a plane")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument(
        "--square", action="store_true", help="the square around the circumcentre of A, B and C (default)"
    )
    shape.add_argument(
        "--parallelogram", action="store_true", help="the parallelogram with the corner A and the sides AB and AC"
    )
    parser.add_argument(
        "--infinite", action="store_true", help="all of the plane through A, B and C, in the coordinates of that shape"
    )
    options.add_include_output(parser)
    options.add_limits(parser)
    options.add_memory_limit(parser)
    parser.add_argument("--output", metavar="FILE", help="write the polygons to FILE (.npz or .json)")
    parser.add_argument("--html", metavar="FILE", help="write an interactive view of the plane to FILE (.html)")
    parser.add_argument("--plot", metavar="FILE", help="draw the polygons into FILE (.png, .svg or .pdf)")
    parser.add_argument(
        "--color",
        choices=_COLORS,
        help="what the colours of --plot tell: activation patterns (default), numbers of active units, or affine maps",
    )
    options.add_output(parser)


def run(arguments: Namespace, out: TextIO) -> ExitStatus:
    from polyregions.slices.plane import PlaneInterrupt, plane

    if arguments.color is not None and arguments.plot is None:
        raise CommandError("argument --color goes with --plot")
    if arguments.domain is not None and (arguments.square or arguments.parallelogram):
        raise CommandError("arguments --square and --parallelogram go with --through")
    if arguments.domain is not None and arguments.infinite:
        raise CommandError('argument --infinite goes with --through; in a domain file write "bounded": false')
    for path, suffixes in ((arguments.output, (".npz", ".json")), (arguments.html, (".html", ".htm"))):
        if path is not None and Path(path).suffix.lower() not in suffixes:
            raise CommandError(f"{path}: the extension must be one of {', '.join(suffixes)}")
    if arguments.plot is not None:
        from polyregions.plot.canvas import picture_format

        picture_format(arguments.plot)
    for name in ("output", "html", "plot"):
        output.check_place(getattr(arguments, name))
    network = options.read_network(arguments)
    domain = _domain(arguments)
    asked = {name: getattr(arguments, name) for name in ("output", "html", "plot") if getattr(arguments, name)}
    try:
        with options.meter(arguments) as meter:
            found = plane(
                network,
                domain,
                time_limit=arguments.time_limit,
                max_regions=arguments.max_regions,
                memory_limit=arguments.memory_limit,
                progress=meter,
            )
    except PlaneInterrupt as interrupt:
        _tell_interrupted(arguments, asked.values())
        if arguments.json:
            output.write_json(out, interrupt.count.to_json() | dict.fromkeys(_POLYGONS))
        else:
            output.write(out, "\n".join(output.count_lines(interrupt.count, arguments.domain)))
        return ExitStatus.STOPPED_EARLY
    files = _write_files(found, asked, arguments)
    if arguments.json:
        output.write_json(out, found.to_json() | files)
    else:
        lines = output.count_lines(found.count, arguments.domain)
        lines += _area_lines(found)
        lines += [f"  {'written':<11} {path}" for path in files.values()]
        output.write(out, "\n".join(lines))
    return output.exit_status(found.count) if files == asked else ExitStatus.STOPPED_EARLY


def _domain(arguments: Namespace) -> "Domain":
    if arguments.domain is not None:
        return options.read_domain_file(arguments.domain)
    from polyregions.domain import Plane

    points = [read_point(text, "--through") for text in arguments.through]
    return Plane.through(*points, square=not arguments.parallelogram, bounded=not arguments.infinite)


def _area_lines(found: "PlaneRegions") -> list[str]:
    area = found.areas[found.bounded].sum()
    if found.window is None:
        share = "" if found.domain_area() == 0 else f", {area / found.domain_area():.4%} of the domain's"
        return [f"  {'area':<11} {area:.6g}{share}; {len(found.vertices):,} corners"]
    bounded, noun = int(found.bounded.sum()), "cells" if found.network.merges else "regions"
    (s0, t0), (s1, t1) = ([float(value) for value in corner] for corner in found.window)
    return [
        f"  {'area':<11} {area:.6g} in {bounded:,} bounded {noun}; {len(found) - bounded:,} are unbounded",
        f"  {'window':<11} s in [{s0:.6g}, {s1:.6g}], t in [{t0:.6g}, {t1:.6g}], where unbounded ones are cut",
    ]


def _write_files(found: "PlaneRegions", asked: dict[str, str], arguments: Namespace) -> dict[str, str]:
    """Write the files asked for, and say which were: Ctrl-C leaves out the others, and keeps what was counted."""
    written: dict[str, str] = {}
    try:
        for name, path in asked.items():
            if not len(found) and name != "output":
                output.remark(arguments, f"{path}: not written, for there is no region to show")
                continue
            doing = f"writing {len(found):,} polygons to {path}; Ctrl-C leaves this out"
            with announced(doing, quiet=arguments.quiet):
                _write(name, found, path, arguments)
            written[name] = path
    except OSError as error:
        raise CommandError(f"{error.filename or path}: {error.strerror or error}") from None
    except KeyboardInterrupt:
        _tell_interrupted(arguments, [path for name, path in asked.items() if name not in written])
    return written


def _tell_interrupted(arguments: Namespace, unwritten: Iterable[str]) -> None:
    output.remark(arguments, f"interrupted; not written: {', '.join(unwritten) or 'the polygons'}")


def _write(name: str, found: "PlaneRegions", path: str, arguments: Namespace) -> None:
    if name == "output":
        found.save(path)
    elif name == "html":
        found.to_html(path)
    else:
        from polyregions.plot.plane import save_plane

        save_plane(found, path, color=arguments.color or "region")

"""The arguments that several commands take, and the objects they name."""

import argparse
import json
import math
import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyregions.commands import CommandError
from polyregions.definition import Definition
from polyregions.errors import DomainError, FormatError
from polyregions.progress import ProgressMeter, progress_meter

# NumPy is loaded by the functions that need it, so that --help and --version do without.
if TYPE_CHECKING:
    from fractions import Fraction

    from polyregions.domain import Domain
    from polyregions.network import Network

__all__ = [
    "BOUNDS",
    "OF_NETWORKS",
    "SPACE",
    "add_bounds",
    "add_cells",
    "add_domain",
    "add_include_output",
    "add_input",
    "add_joint",
    "add_layers",
    "add_limits",
    "add_memory_limit",
    "add_method",
    "add_output",
    "add_sampling",
    "add_time_limit",
    "add_unit_time_limits",
    "check_no_widths",
    "check_solver",
    "has_domain",
    "meter",
    "natural",
    "plain_number",
    "positive",
    "read_domain",
    "read_domain_file",
    "read_network",
    "read_widths",
    "refuse",
    "seconds",
    "shield_negative_numbers",
    "unique_remedies",
]

METHODS = ("split", "milp")
#: As in :data:`polyregions.splitting.choice.CELLS`.
CELLS = ("auto", "vertex", "tableau", "lp")
#: As in :data:`polyregions.milp.tightening.METHODS`.
BOUNDS = ("interval", "lp", "milp")


#: Options that are about a network and where its inputs are.
OF_NETWORKS = ("box", "domain", "around", "radius", "within", "free", "space", "include_output")

#: What the help says of ``--space`` where regions are counted.
SPACE = "the whole input space; regions may be unbounded (--method split)"

#: Definitions whose sets are activation patterns, listed one by one.
_OF_PATTERNS = tuple(choice.value for choice in Definition if not choice.joins_regions)


def add_input(
    parser: ArgumentParser,
    *,
    definition: Definition = Definition.REGIONS,
    joined: bool = False,
    space: str | None = None,
) -> None:
    """NET, its domain and the definition, with its default; ``joined``: also those that put regions together."""
    parser.add_argument(
        "network", metavar="NET", help="network file: .npz (arrays W1, b1, W2, b2, ...), .onnx, .nnet or .keras"
    )
    add_domain(parser, required=True, space=space)
    parser.add_argument(
        "--definition",
        choices=[*(choice.value for choice in Definition), "all"] if joined else _OF_PATTERNS,
        default=definition.value,
        help="regions: of full dimension; patterns: attained anywhere on the closed domain"
        + (
            "; linear, closed, affine: regions of one affine map put together through shared facets, through any "
            "common points, or wherever they are; all: every one of them"
            if joined
            else ""
        )
        + " (default: %(default)s)",
    )
    add_include_output(parser)


def add_layers(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--layers",
        type=_layers,
        metavar="LIST",
        help="tell regions apart by the patterns of these layers only: numbers from 1, or names of a graph's nodes, "
        "with commas; such regions need not be connected (default: all layers)",
    )


def add_domain(parser: ArgumentParser, *, required: bool, space: str | None = None) -> None:
    """The domain; ``space``: with ``--space``, and what its help says."""
    domain = parser.add_mutually_exclusive_group(required=required)
    domain.add_argument(
        "--box",
        nargs=2,
        type=_number,
        metavar=("LO", "HI"),
        help="the box LO <= x_i <= HI; 0.1 is the float64 of that name, 1/10 is one tenth",
    )
    domain.add_argument(
        "--domain",
        metavar="FILE",
        help="JSON file with a box, polytope, segment, line or plane, or VNN-LIB property (.vnnlib)",
    )
    domain.add_argument(
        "--around",
        metavar="POINT",
        help="a box around a point (numbers with commas, or a file: .npy, .json or .txt), given by --radius, --within "
        "and --free",
    )
    parser.set_defaults(space=False)
    if space is not None:
        domain.add_argument("--space", action="store_true", help=space)
    around = parser.add_argument_group("with --around")
    around.add_argument("--radius", type=_number, metavar="R", help="no coordinate differs from the point's by more")
    around.add_argument(
        "--within", nargs=2, type=_number, metavar=("LO", "HI"), help="all coordinates lie between LO and HI"
    )
    around.add_argument(
        "--free",
        type=_coordinates,
        metavar="LIST",
        help="coordinates, from 0, that vary, such as 0,3,10-19; the others are frozen at the point (default: all)",
    )


def has_domain(arguments: Namespace) -> bool:
    """Whether one was given, where it need not be."""
    _check_around(arguments)
    return any(value is not None for value in (arguments.box, arguments.domain, arguments.around)) or arguments.space


def _check_around(arguments: Namespace) -> None:
    """What belongs to ``--around`` needs it, and it needs a size."""
    given = [name for name in ("radius", "within", "free") if getattr(arguments, name) is not None]
    if arguments.around is None and given:
        raise CommandError(f"argument --{given[0]}: goes with --around POINT")
    if arguments.around is not None and not {"radius", "within"} & set(given):
        raise CommandError("argument --around: needs --radius R, --within LO HI, or both")


def add_include_output(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--include-output", action="store_true", help="treat the output layer as one more layer of ReLUs"
    )


def add_method(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="split",
        help="split: the splitting counter (default); milp: solution pool of a mixed-integer program",
    )
    add_solver(parser)


def add_cells(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--cells",
        choices=CELLS,
        default="auto",
        help="how --method split keeps its cells; the count is the same, the time is not. vertex: by their vertices, "
        "compiled, fast where the domain has few dimensions, not with --definition patterns; tableau: by compiled "
        "linear programs, for any dimension; lp: by those of the solver; auto: the fastest (default)",
    )


def add_workers(
    parser: ArgumentParser,
    *,
    what: str = "threads that share the compiled searches, --cells vertex and tableau; the others use one",
) -> None:
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help=f"{what} (default: 1)")


def add_bounds(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--bounds",
        choices=BOUNDS,
        default="interval",
        help="how the mixed-integer program's constants are found, tighter and slower from left to right; the count is "
        "the same (default: interval)",
    )


def add_joint(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--joint",
        action="store_true",
        help="find all stable units by one mixed-integer program, so that no unit stays open",
    )


def add_unit_time_limits(parser: ArgumentParser) -> None:
    add_time_limit(parser, "bounds of units that are not reached by then are those of interval arithmetic, proven too")
    parser.add_argument(
        "--time-limit-per-unit",
        type=seconds,
        metavar="S",
        help="seconds for the bounds of one unit (and so many times the number of units for --joint); what is proven "
        "by then is kept",
    )


def add_solver(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--solver", default="highs", metavar="NAME", help="back end (default: highs); see `polyregions solvers`"
    )


def add_limits(parser: ArgumentParser, *, counters: int = 1) -> None:
    each = "stop" if counters == 1 else "stop each of the two counters, one after the other,"
    parser.add_argument("--time-limit", type=seconds, metavar="S", help=f"{each} after S seconds with proven bounds")
    if counters == 1:
        parser.add_argument(
            "--max-regions", type=natural, metavar="N", help="stop when N regions are found, with proven bounds"
        )


def add_time_limit(parser: ArgumentParser, then: str) -> None:
    """``--time-limit`` where something else than a count is stopped; ``then``: what is left."""
    parser.add_argument(
        "--time-limit",
        type=seconds,
        metavar="S",
        help=f"stop after S seconds, as by Ctrl-C, with exit status 3: {then}",
    )


def add_memory_limit(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--memory-limit",
        type=_size,
        metavar="SIZE",
        help="stop when the process holds so much memory, such as 500M or 2G, with proven bounds",
    )


def add_sampling(parser: ArgumentParser) -> None:
    """What every random method takes."""
    parser.add_argument(
        "--confidence",
        type=_confidence,
        default=0.95,
        metavar="P",
        help="probability with which a lower bound is right, between 0 and 1 (default: 0.95)",
    )
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="of the random choices: the same seed, the same result"
    )
    parser.add_argument(
        "--probes", type=positive, metavar="N", help="random descents of the splitting tree (default: 40)"
    )
    parser.add_argument(
        "--cells",
        type=positive,
        metavar="N",
        help="cells that each probe goes on with (default: 100, for large networks 24, or with --time-limit what "
        "probably fits into it)",
    )
    add_workers(parser, what="threads that share the probes")
    parser.add_argument(
        "--time-limit", type=seconds, metavar="S", help="stop after S seconds with what is known by then"
    )


def add_output(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--quiet", action="store_true", help="no progress and no remarks on standard error")


def meter(arguments: Namespace) -> ProgressMeter:
    """The progress meter that was asked for; kept with the arguments, since it knows whether the work has begun."""
    arguments.meter = progress_meter(quiet=arguments.quiet)
    return arguments.meter  # type: ignore[no-any-return]


def read_widths(text: str) -> list[int] | None:
    """The widths that the argument is, such as 2,16,16; None if it names a network file."""
    if re.fullmatch(r"\d+(,\d+)+", text):
        return [int(width) for width in text.split(",")]
    return None


def refuse(arguments: Namespace, names: Sequence[str], needs: str) -> None:
    """Refuse the options of these names where they were given, for what they need is not there."""
    for name in names:
        value = getattr(arguments, name)
        if value is not None and value is not False:
            raise CommandError(f"argument --{name.replace('_', '-')}: needs {needs}")


def check_no_widths(text: str) -> None:
    """Refuse what looks like widths that are none, rather than look for a file of that name."""
    if re.fullmatch(r"[-\w ]*(,[-\w ]*)+|\d+", text) and not Path(text).exists():
        raise CommandError(
            f"{text}: no such file, and no widths either: widths are positive numbers, inputs first, such as 2,16,16"
        )


def read_network(arguments: Namespace) -> "Network":
    """The network that NET names."""
    import logging

    from polyregions.formats import load

    # What a reader leaves out, such as a softmax at the end, it says in the log.
    log, remarks = logging.getLogger("polyregions.formats"), logging.StreamHandler()
    remarks.setFormatter(logging.Formatter("polyregions: %(message)s"))
    remarks.setLevel(logging.ERROR if arguments.quiet else logging.NOTSET)
    log.addHandler(remarks)
    try:
        return load(arguments.network, include_output=arguments.include_output)
    finally:
        log.removeHandler(remarks)


def read_domain(arguments: Namespace) -> "Domain":
    """The domain given by ``--box``, ``--around``, ``--domain`` or ``--space``."""
    from polyregions.domain import Box, Space

    _check_around(arguments)
    if arguments.around is not None:
        from polyregions.commands.points import read_point

        within = None if arguments.within is None else Box(*arguments.within)
        point = read_point(arguments.around, "--around")
        return Box.around(point, arguments.radius, within=within, free=arguments.free)
    if arguments.space:
        return Space()
    if arguments.box is not None:
        return Box(*arguments.box)
    return read_domain_file(arguments.domain)


def read_domain_file(path: str) -> "Domain":
    """The domain in a JSON file."""
    from polyregions.domain import domain_from_json

    try:
        return domain_from_json(_read_json(path))
    except DomainError as error:
        raise CommandError(f"{path}: {error}") from None


def check_solver(solver: str, method: str) -> None:
    """Refuse a back end that is unknown, not installed or of no use to the method, before any work is done."""
    from solvers import SolverNotAvailableError, available, capabilities

    abilities = capabilities(solver)
    if method != "split":
        info = next(info for info in available() if info.name == solver)
        if not info.installed:
            raise SolverNotAvailableError(solver, unique_remedies(info.remedy))
        return
    if not abilities.lp:
        able = " or ".join(info.name for info in available() if info.capabilities.lp)
        raise CommandError(f"argument --solver: the splitting counter needs {able}; {solver} goes with --method milp")


def unique_remedies(remedy: str) -> str:
    """A remedy without alternatives that occur twice.

    Examples
    --------
    >>> unique_remedies("pip install coptpy or install COPT or install COPT")
    'pip install coptpy or install COPT'
    """
    return " or ".join(dict.fromkeys(remedy.split(" or ")))


#: Options whose values may begin with a minus sign, and how many values they have.
_SHIELDED = {"--box": 2, "--around": 1, "--radius": 1, "--within": 2, "--from": 1, "--to": 1, "--through": 3}


def shield_negative_numbers(argv: Sequence[str]) -> list[str]:
    """The arguments, with those after ``--box`` and the like marked as values: argparse takes -1/3 for an option.

    Examples
    --------
    >>> shield_negative_numbers(["count", "net.npz", "--box", "-1/3", "1/3"])
    ['count', 'net.npz', '--box', ' -1/3', '1/3']
    """
    result = list(argv)
    for i, argument in enumerate(argv):
        for j in range(i + 1, min(i + 1 + _SHIELDED.get(argument, 0), len(argv))):
            # A leading space makes it a value; numbers are read with it.
            if re.match(r"-[.\din]", argv[j], re.IGNORECASE):
                result[j] = " " + argv[j]
    return result


def plain_number(text: str) -> "Fraction":
    """The number of a text, as Python reads it, so that 0.1 is a float64; a fraction is exact.

    Raises
    ------
    ValueError
        If it is none.
    """
    from polyregions.exact.numbers import as_fraction

    value: int | float | str = text.strip()
    for kind in (int, float):
        try:
            value = kind(text)
            break
        except ValueError:
            continue
    return as_fraction(value)


def _number(text: str) -> Any:
    try:
        return plain_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def seconds(text: str) -> float:
    """A number of seconds, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds of at least 0")
    return value


def natural(text: str) -> int:
    """A natural number, for argparse."""
    return _integer(text, 0)


def positive(text: str) -> int:
    """A natural number but 0, for argparse."""
    return _integer(text, 1)


def _integer(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least {least}")
    return value


def _layers(text: str) -> list[int | str]:
    """Layers by number or name, for argparse."""
    return [int(part) if re.fullmatch(r"\d{1,9}", part) else part for part in map(str.strip, text.split(","))]


def _coordinates(text: str) -> list[int]:
    """The numbers of a list such as ``0,3,10-12``, for argparse."""
    result: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        if match is None:
            raise argparse.ArgumentTypeError(f"{part!r} is no coordinate such as 3 and no range such as 10-19")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise argparse.ArgumentTypeError(f"the range {part!r} ends before it begins")
        result.extend(range(first, last + 1))
    return result


def _confidence(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a probability between 0 and 1, both excluded, such as 0.95")
    return value


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size of memory such as 500M or 2G")
    return int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " "))


class _DuplicateKeyError(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's entries, each there once: JSON parsers would keep the last in silence."""
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKeyError(repr(next(name for name in names if names.count(name) > 1)))
    return result


def _read_json(path: str) -> Any:
    """What a domain's file holds: JSON, or in place of it a VNN-LIB property's box of inputs."""
    if path.lower().endswith(".vnnlib"):
        from polyregions.formats.vnnlib import load_vnnlib

        try:
            return load_vnnlib(path).to_json()
        except (DomainError, FormatError) as error:  # which name the file already
            raise CommandError(str(error)) from None
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"), object_pairs_hook=_unique)
    except _DuplicateKeyError as error:
        raise CommandError(f"{path}: the entry {error} is there twice") from None
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path}: not a text file in UTF-8") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise CommandError(f"{path}: not valid JSON: {where}: {error.msg}") from None
    except RecursionError:
        raise CommandError(f"{path}: lists are nested too deeply") from None

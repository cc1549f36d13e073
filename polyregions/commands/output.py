"""What the commands write: results to the real standard output, remarks to standard error."""

import io
import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, TextIO

from polyregions.commands import CommandError, ExitStatus
from polyregions.definition import Definition
from polyregions.result import Count, Counts, Status

if TYPE_CHECKING:
    from polyregions.domain import Domain
    from polyregions.network import Network
    from polyregions.sampling.result import Estimate, LowerBound

__all__ = [
    "check_place",
    "count_lines",
    "counts_lines",
    "describe_domain",
    "describe_network",
    "exit_status",
    "guarded_stdout",
    "remark",
    "sampling_facts",
    "write",
    "write_file",
    "write_json",
]


@contextmanager
def guarded_stdout() -> Iterator[TextIO]:
    """The real standard output, while everything else that is printed goes to standard error.

    Solvers print licence banners and logs, some of them from compiled code; they must not end up in a result.
    """
    real = sys.stdout
    try:
        descriptor, other = real.fileno(), sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        # No descriptor: a stream in memory, or a process started without one.
        with redirect_stdout(sys.stderr):
            yield real if real is not None else io.StringIO()
        return
    real.flush()
    saved = os.dup(descriptor)
    out = os.fdopen(os.dup(descriptor), "w", encoding=real.encoding, errors=real.errors)
    os.dup2(other, descriptor)
    try:
        with redirect_stdout(sys.stderr):
            yield out
            _flush(out)
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)
        _close(out)


def _flush(out: TextIO) -> None:
    try:
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"standard output: {error.strerror or error}") from None


def _close(out: TextIO) -> None:
    # What could not be written was reported already, or nobody reads it.
    with suppress(OSError):
        out.close()


def write(out: TextIO, text: str) -> None:
    """Write one line of the result."""
    try:
        out.write(text + "\n")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"standard output: {error.strerror or error}") from None


def check_place(path: str | None) -> None:
    """Refuse a file that could not be written, before the work is done."""
    if path is None:
        return
    from polyregions.whole_file import regular_file

    try:
        target = regular_file(path)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    if not target.parent.is_dir():
        raise CommandError(f"{path}: the folder does not exist")


def write_file(path: str, text: str) -> None:
    """Write a file of its own, which replaces an existing one when it is whole."""
    from polyregions.whole_file import write_whole

    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None


def write_json(out: TextIO, value: Any) -> None:
    """Write the result as one JSON object."""
    write(out, json.dumps(value))


def remark(arguments: Namespace, text: str) -> None:
    """Tell the user something that is not part of the result."""
    if not arguments.quiet:
        print(text, file=sys.stderr)


def exit_status(count: Count) -> ExitStatus:
    """What a count means for the process."""
    return ExitStatus.STOPPED_EARLY if count.status is Status.BRACKET else ExitStatus.OK


def count_lines(count: Count, domain_file: str | None = None) -> list[str]:
    """A count for people: the number, and how it came about."""
    facts = [
        ("definition", _DEFINITIONS[count.definition]),
        *_circumstances(count, domain_file),
        *([("regions", f"{count.stats['regions']:,} found")] if "regions" in count.stats else []),
        ("time", f"{count.seconds:.2f} s"),
    ]
    decisions = [count.stats.get(f"decisions_by_{how}") for how in ("filter", "exact")]
    if all(number is not None for number in decisions):
        by_filter, by_exact = decisions
        facts.append(("decisions", f"{by_filter:,} by the float filter, {by_exact:,} in exact arithmetic"))
    return [str(count), *(f"  {name:<11} {text}" for name, text in facts)]


def sampling_facts(result: "Estimate | LowerBound", domain_file: str | None = None) -> list[tuple[str, str]]:
    """What an estimate or a lower bound rests on, by name."""
    source = "" if domain_file is None else f", from {domain_file}"
    facts = [
        ("definition", _DEFINITIONS[result.definition]),
        ("method", _METHODS.get(result.method, result.method)),
        ("network", describe_network(result.network)),
        ("domain", describe_domain(result.domain, result.network.input_dimension) + source),
    ]
    stats = result.stats
    if result.method == "tree":
        done = f"{stats['probes_done']} of {stats['probes_planned']} done, of {stats['cells']} cells each"
        facts.append(("probes", done))
    elif result.method == "points":
        facts.append(("points", f"{stats['points_drawn']:,} drawn, {stats['points_certain']:,} with certain patterns"))
    elif result.method == "xor":
        done = f"{stats['trials_complete']} of {stats['trials']} complete, {stats['trials_cut_short']} cut short"
        of = f"{stats['xor_size']} of the {stats['unstable_units']} units that may change their state"
        by = stats["oracle"] if stats["solver"] is None else f"{stats['oracle']} on {stats['solver']}"
        found = f"{stats['patterns_found']:,} different patterns found, each proven"
        facts += [("trials", done), ("constraints", of), ("oracle", by), ("found", found)]
        facts += [("reason", stats["reason"])] if "reason" in stats else []
    if "stopped" in stats:
        facts.append(("stopped", stats["stopped"]))
    seed = [] if result.seed is None else [("seed", str(result.seed))]
    return [*facts, *seed, ("time", f"{result.seconds:.2f} s")]


def counts_lines(counts: Counts, domain_file: str | None = None) -> list[str]:
    """The counts of all definitions for people: a table, and how it came about."""
    first, *_, last = counts.counts.values()
    facts = [*_circumstances(first, domain_file), ("time", f"{first.seconds + last.seconds:.2f} s")]
    return [*str(counts).splitlines(), *(f"  {name:<11} {text}" for name, text in facts)]


def _circumstances(count: Count, domain_file: str | None) -> list[tuple[str, str]]:
    source = "" if domain_file is None else f", from {domain_file}"
    return [
        ("method", _METHODS.get(count.method, count.method)),
        ("network", describe_network(count.network)),
        ("domain", describe_domain(count.domain, count.network.input_dimension) + source),
    ]


_DEFINITIONS = {
    Definition.REGIONS: "regions (activation regions of full dimension)",
    Definition.PATTERNS: "patterns (activation patterns attained on the closed domain)",
    Definition.LINEAR: "linear (regions of one affine map, connected through shared facets)",
    Definition.CLOSED: "closed (regions of one affine map, connected through any common points)",
    Definition.AFFINE: "affine (affine maps, wherever they occur)",
}

_METHODS = {
    "split": "split (incremental splitting)",
    "milp": "milp (solution pool of a mixed-integer program)",
    "tree": "tree (random descents of the splitting tree)",
    "xor": "xor (random parity constraints)",
    "points": "points (distinct patterns of random points)",
}


def describe_network(network: "Network") -> str:
    """Its layers and digest in one line."""
    from polyregions.chosen_layers import ChosenLayers

    if isinstance(network, ChosenLayers):
        return f"{describe_network(network.source)}, told apart by {network.scope}"
    layers = "-".join(str(n) for n in (network.input_dimension, *(len(b) for b in network.biases)))
    output = ", output layer included" if network.include_output else ""
    linear = f" and {sum(network.linear_widths)} linear ones" if network.linear else ""
    return f"{layers}, {network.num_units} ReLU units{linear}{output}, sha256 {network.sha256[:12]}"


def describe_domain(domain: "Domain", dimension: int) -> str:
    """The domain in one line, with its numbers if they are few.

    Examples
    --------
    >>> from polyregions.domain import Box, Segment
    >>> describe_domain(Box(-1, "1/3"), 2), describe_domain(Box([0, -1], [1, 1]), 2)
    ('box [-1, 1/3]^2', 'box [0, 1] x [-1, 1]')
    >>> describe_domain(Segment([0, 0], [1, 2]), 2), describe_domain(Segment([0] * 99, [1] * 99), 99)
    ('segment from (0, 0) to (1, 2)', 'segment in 99 dimensions')
    """
    from polyregions.domain import Box, Line, Plane, Polytope, Segment, Space

    if isinstance(domain, Space):
        return f"the whole space R^{dimension}"
    values = domain.to_json()
    text, kind = "", type(domain).__name__.lower()
    if isinstance(domain, Box):
        pairs = values["lower"], values["upper"]
        scalar = not isinstance(domain.lower, tuple)
        text = f"[{pairs[0]}, {pairs[1]}]^{dimension}" if scalar else " x ".join(_bounds(*pairs))
    elif isinstance(domain, Segment):
        text = "from {} to {}".format(*map(_point, values["segment"]))
    elif isinstance(domain, Line):
        text = "{} + s {}".format(*(_point(values["line"][name]) for name in ("point", "direction")))
    elif isinstance(domain, Plane):
        kind = "parallelogram" if domain.bounded else "infinite plane"
        text = "{} + s {} + t {}".format(*(_point(values["plane"][name]) for name in ("origin", "u", "v")))
    elif isinstance(domain, Polytope):
        kind = f"{'polytope' if domain.bounded else 'unbounded polyhedron'} of {len(domain.b)} inequalities"
    short = text and len(text) <= _LONGEST_DOMAIN
    return f"{kind} {text}" if short else f"{kind} in {dimension} dimensions"


#: Characters of a domain's numbers that are shown.
_LONGEST_DOMAIN = 80


def _bounds(lower: list[Any], upper: list[Any]) -> list[str]:
    return [f"[{low}, {high}]" for low, high in zip(lower, upper, strict=True)]


def _point(values: list[Any]) -> str:
    return f"({', '.join(map(str, values))})"

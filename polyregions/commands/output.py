"""What the commands write: results to the real standard output, remarks to standard error."""

import io
import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import Any, TextIO

from polyregions.commands import CommandError, ExitStatus
from polyregions.definition import Definition
from polyregions.domain import Box, Domain, Plane, Polytope, Segment
from polyregions.network import Network
from polyregions.progress import rounded_up
from polyregions.result import Count, Status

__all__ = [
    "count_lines",
    "describe_domain",
    "describe_network",
    "exit_status",
    "guarded_stdout",
    "headline",
    "remark",
    "write",
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


def headline(count: Count) -> str:
    """The number or the bracket, and what kind of claim it is."""
    noun = "region" if count.definition is Definition.REGIONS else "activation pattern"
    if count.status is Status.BRACKET:
        upper = "an unknown number of" if count.upper is None else rounded_up(count.upper)
        reason = count.stats.get("stopped", "stopped early")
        return f"between {count.lower:,} and {upper} {noun}s (bracket: {reason})"
    return f"{count.lower:,} {noun}{'s' * (count.lower != 1)} ({count.status.value})"


def count_lines(count: Count) -> list[str]:
    """A count for people: the number, and how it came about."""
    facts = [
        ("definition", _DEFINITIONS[count.definition]),
        ("method", _METHODS.get(count.method, count.method)),
        ("network", describe_network(count.network)),
        ("domain", describe_domain(count.domain, count.network)),
        ("time", f"{count.seconds:.2f} s"),
    ]
    decisions = [count.stats.get(f"decisions_by_{how}") for how in ("filter", "exact")]
    if all(number is not None for number in decisions):
        by_filter, by_exact = decisions
        facts.append(("decisions", f"{by_filter:,} by the float filter, {by_exact:,} in exact arithmetic"))
    return [headline(count), *(f"  {name:<11} {text}" for name, text in facts)]


_DEFINITIONS = {
    Definition.REGIONS: "regions (activation regions of full dimension)",
    Definition.PATTERNS: "patterns (activation patterns attained on the closed domain)",
}

_METHODS = {
    "split": "split (incremental splitting)",
    "milp": "milp (solution pool of a mixed-integer program)",
}


def describe_network(network: Network) -> str:
    """Its layers and digest in one line."""
    layers = "-".join(str(n) for n in (network.input_dimension, *(len(b) for b in network.biases)))
    output = ", output layer included" if network.include_output else ""
    return f"{layers}, {network.num_units} ReLU units{output}, sha256 {network.sha256[:12]}"


def describe_domain(domain: Domain, network: Network) -> str:
    """The domain in one line."""
    n = network.input_dimension
    if isinstance(domain, Box):
        if isinstance(domain.lower, tuple) or isinstance(domain.upper, tuple):
            return f"box in {n} dimensions"
        bounds = domain.to_json()
        return f"box [{bounds['lower']}, {bounds['upper']}]^{n}"
    if isinstance(domain, Polytope):
        return f"polytope of {len(domain.b)} inequalities in {n} dimensions"
    kind = {Segment: "segment", Plane: "parallelogram"}.get(type(domain), type(domain).__name__.lower())
    return f"{kind} in {n} dimensions"

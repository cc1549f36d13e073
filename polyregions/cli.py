"""The command line: which commands there are, and what their exit status means.

Each command is a module of :mod:`polyregions.commands`; results go to standard output, all else to standard error.
"""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import NoReturn

import polyregions
from polyregions.commands import (
    CommandError,
    ExitStatus,
    bench,
    bounds,
    count,
    cross_check,
    demo,
    distances,
    estimate,
    export,
    line,
    lower_bound,
    plane,
    regions,
    solvers,
    upper_bound,
    verify,
)
from polyregions.commands.options import shield_negative_numbers
from polyregions.commands.output import guarded_stdout
from polyregions.errors import DomainError, PolyregionsError

__all__ = ["main"]

COMMANDS: dict[str, ModuleType] = {
    "count": count,
    "regions": regions,
    "cross-check": cross_check,
    "line": line,
    "plane": plane,
    "export": export,
    "verify": verify,
    "bounds": bounds,
    "distances": distances,
    "upper-bound": upper_bound,
    "lower-bound": lower_bound,
    "estimate": estimate,
    "bench": bench,
    "solvers": solvers,
    "demo": demo,
}

EPILOG = """exit status: 0 done, 1 a claim failed, 2 bad input (one line on standard error says why, nothing on
standard output), 3 stopped early with proven bounds"""


class _Parser(argparse.ArgumentParser):
    """Argument errors become one line, like all bad input."""

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message} (see {self.prog} --help)")


class _Interrupted(KeyboardInterrupt):
    """SIGTERM outside a run that can end in a bracket."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments, without the program's name; default: those of the process.
    """
    # A proven upper bound may have more digits than Python converts by default.
    sys.set_int_max_str_digits(0)
    arguments = argparse.Namespace()
    try:
        arguments = _parse(sys.argv[1:] if argv is None else argv)
        with _terminable(), guarded_stdout() as out:
            return int(arguments.run(arguments, out))
    except DomainError as error:
        # Such as an empty polytope, which only the counter finds out.
        file = getattr(arguments, "domain", None)
        return _refuse(error if file is None else CommandError(f"{file}: {error}"))
    except (CommandError, PolyregionsError) as error:
        return _refuse(error)
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    except _Interrupted:
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        started = getattr(getattr(arguments, "meter", None), "called", False)
        when = "before there was a result" if started else "before anything was counted"
        print(f"polyregions: interrupted {when}", file=sys.stderr)
        return 128 + signal.SIGINT
    except Exception as error:
        if not _is_solver_error(error):
            raise
        return _refuse(error)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    arguments, rest = _parser().parse_known_args(shield_negative_numbers(argv))
    if rest:
        # argparse would name the program's help, which does not list the command's arguments.
        names = " ".join(argument.strip() for argument in rest)
        raise CommandError(f"unrecognized arguments: {names} (see polyregions {arguments.command} --help)")
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="polyregions",
        description="Count the regions of ReLU networks, exactly.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"polyregions {polyregions.__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name, help=module.HELP, description=module.__doc__, epilog=EPILOG, allow_abbrev=False
        )
        module.configure(command)
        command.set_defaults(run=module.run)
    return parser


def _refuse(error: Exception) -> int:
    print(f"polyregions: error: {' '.join(str(error).split())}", file=sys.stderr)
    return ExitStatus.BAD_INPUT


def _is_solver_error(error: Exception) -> bool:
    # Looked up rather than imported: an error of a back end means that it is loaded.
    errors = sys.modules.get("solvers.errors")
    return errors is not None and isinstance(error, errors.SolverError)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM unwind the stack, as Ctrl-C does, so that temporary files are taken away."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise _Interrupted

    try:
        previous = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)

"""The commands of the command line, one module each, and what they share.

A command is a module with ``HELP`` (one line), ``configure(parser)``, which adds its arguments, and
``run(arguments, out)``, which writes its result to ``out`` and returns an :class:`ExitStatus`. Its docstring is
its description. It is listed in :data:`polyregions.cli.COMMANDS`.
"""

from enum import IntEnum

__all__ = ["CommandError", "ExitStatus"]


class ExitStatus(IntEnum):
    """What the exit status of the process says."""

    OK = 0
    CLAIM_FAILED = 1
    BAD_INPUT = 2
    STOPPED_EARLY = 3


class CommandError(Exception):
    """The command cannot do what it was asked to; the message is the one line that the user sees."""

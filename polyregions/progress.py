"""Progress on a terminal or in a log, for runs of more than two seconds.

A meter is a callback that takes a :class:`polyregions.result.Progress` and a context manager that tidies up. The
base class is silent; the others decide only how a line is shown.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import TracebackType
from typing import Any, TextIO

from polyregions.result import Progress, rounded_up

__all__ = ["LineMeter", "ProgressMeter", "RichMeter", "announced", "describe", "progress_meter", "rounded_up"]

#: Seconds before anything is shown: most runs are over by then.
DELAY = 2.0
#: Regions that take a second or so to be put together.
_MANY = 20_000


class ProgressMeter:
    """Shows nothing; the default, and the base of the meters that show something.

    Examples
    --------
    >>> with ProgressMeter() as meter:
    ...     meter(Progress(lower=12, upper=34, seconds=5.0))
    """

    #: Whether a run has reported anything yet.
    called = False

    def __call__(self, progress: Progress) -> None:
        """Take note of a run's progress; called as often as the counter likes."""
        self.called = True

    def __enter__(self) -> "ProgressMeter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take away whatever is shown."""


class _StreamMeter(ProgressMeter):
    """What writes to a stream: while it is entered, also what the log says of compilation, which takes its time."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._handler = logging.Handler()
        self._handler.emit = lambda record: self.say(record.getMessage())  # type: ignore[method-assign]
        self._log = logging.getLogger("polyregions.splitting.compiled")
        self._level = self._log.level

    def say(self, remark: str) -> None:
        """Show a line that stays."""
        self._stream.write(remark + "\n")
        self._stream.flush()

    def __enter__(self) -> "ProgressMeter":
        self._log.addHandler(self._handler)
        self._log.setLevel(logging.INFO)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.removeHandler(self._handler)
        self._log.setLevel(self._level)


class LineMeter(_StreamMeter):
    """One plain line every few seconds, for logs and pipes.

    Parameters
    ----------
    stream : text stream
    interval : float
        Least seconds between two lines.
    clock : callable
        Seconds from an arbitrary start.
    """

    def __init__(self, stream: TextIO, *, interval: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._interval = interval
        self._clock = clock
        self._first = self._next = clock() + DELAY
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        super().__call__(progress)
        now = self._clock()
        # What is done after the search is said at once where it takes a while: whoever stopped it waits.
        due = now >= self._first or progress.lower >= _MANY
        if now >= self._next or (progress.stage != self._stage and due):
            self._stage = progress.stage
            self._next = now + self._interval
            self.say(describe(progress))


class RichMeter(_StreamMeter):
    """One line at the bottom of a terminal, rewritten in place by rich.

    Parameters
    ----------
    stream : text stream
        A terminal.
    clock : callable
        Seconds from an arbitrary start.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._clock = clock
        self._start = clock()
        self._status: Any = None

    def __call__(self, progress: Progress) -> None:
        super().__call__(progress)
        if self._status is not None:
            self._status.update(describe(progress))
        elif self._clock() - self._start >= DELAY:
            from rich.console import Console
            from rich.status import Status

            self._status = Status(describe(progress), console=Console(file=self._stream))
            self._status.start()

    def say(self, remark: str) -> None:
        if self._status is None:
            super().say(remark)
        else:
            self._status.console.print(remark, markup=False, highlight=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._status is not None:
            self._status.stop()
            self._status = None


@contextmanager
def announced(text: str, *, quiet: bool = False, stream: TextIO | None = None) -> Iterator[None]:
    """Write a line that says what is being done, if it is not done within two seconds."""
    stream = sys.stderr if stream is None else stream
    if quiet or stream is None:
        yield
        return

    def say() -> None:
        stream.write(text + "\n")
        stream.flush()

    timer = threading.Timer(min(DELAY, threading.TIMEOUT_MAX), say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def progress_meter(*, quiet: bool = False, stream: TextIO | None = None) -> ProgressMeter:
    """The meter for a stream (standard error by default): silent, a line of a terminal, or lines of a log."""
    stream = sys.stderr if stream is None else stream
    # Standard error is None in a process that was started without one.
    if quiet or stream is None:
        return ProgressMeter()
    if stream.isatty() and find_spec("rich") is not None:
        return RichMeter(stream)
    return LineMeter(stream)


def describe(progress: Progress) -> str:
    """One line that says how far a run is.

    Examples
    --------
    >>> describe(Progress(lower=12345, upper=1150000000, seconds=14.2))
    'found 12,345 regions, at most 1.2e9, 14 s'
    >>> describe(Progress(lower=1, upper=None, seconds=3.0))
    'found 1 region, 3 s'
    """
    return str(progress)

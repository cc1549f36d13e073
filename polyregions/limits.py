"""When to stop early, so that a stopped run still ends in a valid result.

Signals are turned into a flag that the counters ask for between two nodes: nothing is ever interrupted
halfway, and what was found is kept.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from types import FrameType, TracebackType
from typing import Any

from polyregions.errors import ArgumentError
from polyregions.memory import format_size, resident_memory

__all__ = ["Interruption", "Limits", "is_number"]


#: Seconds between two looks at the memory.
_MEMORY_INTERVAL = 0.05


class Interruption(BaseException):
    """A signal that ended a block of :meth:`Limits.interruptible`: no error, which something could handle."""


class Limits:
    """Time, number of regions, memory, and Ctrl-C or SIGTERM, asked for by :meth:`reached`.

    As a context manager in the main thread it catches the first SIGINT and SIGTERM; a second one acts as usual.

    Parameters
    ----------
    time_limit : float, optional
        Seconds from the first entry on.
    max_regions : int, optional
    memory_limit : int, optional
        Bytes that the whole process may hold. Looked at some times a second, so that a single step may exceed it.
    catch_signals : bool, optional
        False leaves signals alone.

    Raises
    ------
    ArgumentError
        If a limit is negative or no number, or if the system does not tell how much memory the process holds.
    """

    def __init__(
        self,
        *,
        time_limit: float | None = None,
        max_regions: int | None = None,
        memory_limit: int | None = None,
        catch_signals: bool = True,
    ) -> None:
        if time_limit is not None and not is_number(time_limit, Real, 0):
            raise ArgumentError(f"the time limit must be at least 0 seconds, not {time_limit!r}")
        if max_regions is not None and not is_number(max_regions, Integral, 0):
            raise ArgumentError(f"the limit of regions must be a whole number of at least 0, not {max_regions!r}")
        if memory_limit is not None and not is_number(memory_limit, Integral, 0):
            raise ArgumentError(f"the memory limit must be a whole number of bytes of at least 0, not {memory_limit!r}")
        if memory_limit is not None and resident_memory() is None:
            raise ArgumentError("this system does not tell how much memory a process holds: leave out the memory limit")
        self._start: float | None = None
        self._end: float | None = None
        self._time_limit = time_limit
        self._max_regions = max_regions
        self._memory_limit = memory_limit
        self._memory_seen = -_MEMORY_INTERVAL
        self._catch_signals = catch_signals
        self._signal: int | None = None
        self._previous: dict[int, Any] = {}
        #: Why :meth:`expired` was true, in a few words; None if it was not.
        self.expiry: str | None = None

    @property
    def seconds(self) -> float:
        """Seconds from the first entry to the last exit, or to now."""
        if self._start is None:
            return 0.0
        return (time.monotonic() if self._end is None else self._end) - self._start

    @property
    def remaining(self) -> float | None:
        """Seconds left, at least 0; None without a time limit."""
        return None if self._time_limit is None else max(0.0, self._time_limit - self.seconds)

    @property
    def interrupted(self) -> bool:
        """Whether a signal has asked to stop."""
        return self._signal is not None

    @property
    def max_regions(self) -> int | None:
        """The limit of regions, if there is one."""
        return self._max_regions

    def reached(self, regions: int) -> str | None:
        """Why to stop now, in a few words, or None."""
        if self._signal is not None:
            return f"stopped by {signal.Signals(self._signal).name}"
        if self._time_limit is not None and self.seconds >= self._time_limit:
            return f"time limit of {self._time_limit:g} s"
        if self._max_regions is not None and regions >= self._max_regions:
            return f"limit of {self._max_regions} regions"
        if self._memory_limit is not None and self.seconds - self._memory_seen >= _MEMORY_INTERVAL:
            self._memory_seen = self.seconds
            held = resident_memory()
            if held is not None and held >= self._memory_limit:
                return (
                    f"memory limit of {format_size(self._memory_limit)}, of which the process holds {format_size(held)}"
                )
        return None

    def expired(self) -> bool:
        """Whether to stop, by any limit but that of regions; once it was true it stays so, and ``expiry`` says why."""
        self.expiry = self.expiry or self.reached(-1)
        return self.expiry is not None

    def __enter__(self) -> "Limits":
        self._start = time.monotonic() if self._start is None else self._start
        self._end = None
        # Entered again after a signal it lets the next one act as usual.
        if self._signal is None:
            self._catch(self._on_signal)
        return self

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let one more signal end a block at once, also after one that stopped the search, by :class:`Interruption`.

        For work on what was found, which is of use however far it got: it may take much longer than a step of the
        search, and whoever interrupts it wants what there is. The time goes on.
        """
        self._end = None
        self._catch(self._interrupt)
        try:
            yield
        finally:
            self._end = time.monotonic()
            self._restore()

    def _catch(self, handler: Callable[[int, FrameType | None], None]) -> None:
        if self._catch_signals and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        self._restore()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._signal = number if self._signal is None else self._signal
        self._restore()
        raise Interruption

    def _restore(self) -> None:
        while self._previous:
            signal.signal(*self._previous.popitem())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end = time.monotonic()
        self._restore()


def is_number(value: Any, kind: type, least: int) -> bool:
    """Whether what a user gave is such a number and at least ``least``, whatever the annotation promises."""
    return isinstance(value, kind) and bool(value >= least)  # type: ignore[operator]

"""Several threads on one search: the compiled searches run outside the interpreter lock.

Each thread explores a tree of its own. A thread that runs out of work takes the lowest open cell of another's tree, the
largest subtree there is. Which thread finds which region depends on timing; the set of regions, and so the count, does
not. A limit of regions is shared out in portions before anything is searched, so that it is met exactly.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Condition, Lock, Thread
from time import monotonic
from typing import Any, Protocol

from polyregions.enumeration import Leaf
from polyregions.errors import ArgumentError

__all__ = ["ParallelTree", "SharedSearch"]

#: Seconds between two questions whether to stop.
_POLL = 0.02
#: Regions, and seconds, after which a thread hands out what it has listed.
_BATCH, _BATCH_SECONDS = 64, 0.05
#: Listed regions that wait to be taken, above which no more are listed.
_MOST_LISTED = 2048


class SharedSearch(Protocol):
    """A depth-first search that is done in steps and can give a part of itself away."""

    @property
    def found(self) -> int: ...

    @property
    def finished(self) -> bool: ...

    @property
    def proven(self) -> bool: ...

    def open_bound(self) -> int: ...

    def statistics(self) -> dict[str, Any]: ...

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]: ...

    def advance(self, most: int | None = None) -> bool:
        """Count some milliseconds further, ``most`` regions more at most; False once nothing is open.

        Regions that were listed and not taken are counted.
        """

    def give(self) -> "SharedSearch | None":
        """A search of its own for the lowest open cell, which this one then leaves out; None if there is but one."""


@dataclass(eq=False)
class _Part:
    """A search and the lock that its thread holds while it takes a step."""

    search: SharedSearch
    lock: Lock = field(default_factory=Lock)


class ParallelTree:
    """A search explored by several threads; see :class:`polyregions.enumeration.Enumerator`.

    Parameters
    ----------
    search : SharedSearch
        Not begun.
    workers : int
        Threads, at least 1.
    max_regions : int, optional
        Where :meth:`explore` ends.

    Notes
    -----
    Memory is that of the searches under way, about one a thread; listed regions wait in a queue of bounded length.
    """

    def __init__(self, search: SharedSearch, *, workers: int, max_regions: int | None = None) -> None:
        self.proven = search.proven
        self._workers = workers
        self._max_regions = max_regions
        self._parts = [_Part(search)]
        self._waiting: list[_Part] = []
        # Of the parts that are done, which are let go.
        self._done_found = 0
        self._done_stats: dict[str, Any] = {}
        self._subtrees = 1
        # Regions counted, or listed and given out; and those that are listed and wait.
        self._found = 0
        self._listed: deque[Leaf] = deque()
        # Guards all these. Taken before a part's lock, never while holding one.
        self._state = Condition()
        self._active = self._idle = self._reserved = 0
        self._listing = False
        self._halt = False
        self._error: BaseException | None = None

    # -- what is known -----------------------------------------------------------------------------------

    @property
    def found(self) -> int:
        """Regions found (and given out, where they are) so far."""
        return self._found

    @property
    def finished(self) -> bool:
        """Whether nothing is left to explore."""
        with self._standstill():
            return all(part.search.finished for part in self._parts) and self._found == self._found_by_parts()

    def _found_by_parts(self) -> int:
        return self._done_found + sum(part.search.found for part in self._parts)

    def open_bound(self) -> int:
        """A proven upper bound of the number of regions not found, or not given out, yet."""
        with self._standstill():
            rest = sum(part.search.open_bound() for part in self._parts)
            return rest + self._found_by_parts() - self._found

    def statistics(self) -> dict[str, Any]:
        """What was done so far, by all threads together."""
        with self._standstill():
            total = dict(self._done_stats)
            for part in self._parts:
                _add(total, part.search.statistics())
        return {**total, "leaves": self._found, "workers": self._workers, "subtrees": self._subtrees}

    @contextmanager
    def _standstill(self) -> Iterator[None]:
        """Let no thread take a step, so that what the parts say fits together."""
        with self._state, ExitStack() as locks:
            for part in self._parts:
                locks.enter_context(part.lock)
            yield

    # -- the search --------------------------------------------------------------------------------------

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Count without listing, until all is found or ``stop`` says so; it is asked by the calling thread."""
        self._settle()
        if stop():
            return
        with self._threads(listing=False):
            while self._wait() and not stop():
                pass
        if self._max_regions is not None and self._found >= self._max_regions:
            self._settle()
            stop()

    def _settle(self) -> None:
        """Count what was listed and not given out; find out where nothing is left but places of cells given away."""
        self._listed.clear()
        for part in self._parts:
            part.search.advance(0)
        self._found = self._found_by_parts()

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the regions, in no particular order; may be left and taken up again."""
        with self._threads(listing=True):
            while not stop():
                leaf = self._next_leaf()
                if leaf is not None:
                    self._found += 1
                    yield leaf
                elif not self._active:
                    return

    def _next_leaf(self) -> Leaf | None:
        """A listed region; None if there is none for a while."""
        with self._state:
            if not self._listed and self._active:
                self._state.wait(_POLL)
            if not self._listed:
                return None
            if len(self._listed) == _MOST_LISTED // 2:
                self._state.notify_all()
            return self._listed.popleft()

    def _wait(self) -> bool:
        """Wait for a while; whether any thread still works then."""
        with self._state:
            if self._active:
                self._state.wait(_POLL)
            return self._active > 0

    @contextmanager
    def _threads(self, *, listing: bool) -> Iterator[None]:
        """Threads that work until nothing is left to do or the context is left; raises what one of them raised."""
        self._halt, self._idle, self._reserved, self._listing = False, 0, 0, listing
        self._waiting = list(self._parts)
        self._active = self._workers
        threads: list[Thread] = []
        try:
            while len(threads) < self._workers:
                thread = Thread(target=self._work, daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:
                    raise ArgumentError(f"{self._workers} workers are too many for this machine: {error}") from error
                threads.append(thread)
            yield
        finally:
            with self._state:
                self._halt = True
                self._state.notify_all()
            for thread in threads:
                thread.join()
        if self._error is not None:
            raise self._error

    # -- what the threads do -----------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while (part := self._next()) is not None:
                self._run(part)
        except BaseException as error:
            with self._state:
                self._error = self._error or error
                self._halt = True
        finally:
            with self._state:
                self._active -= 1
                self._state.notify_all()

    def _next(self) -> _Part | None:
        """A part to work on; waits for one, and returns None when all threads wait."""
        with self._state:
            self._idle += 1
            while not self._waiting and not self._halt and self._idle < self._workers:
                self._state.wait()
            if self._halt or not self._waiting:
                self._state.notify_all()
                return None
            self._idle -= 1
            return self._waiting.pop()

    def _run(self, part: _Part) -> None:
        step = self._list if self._listing else self._count
        while not self._halt:
            if not step(part):
                if part.search.finished:
                    self._retire(part)
                return
            if self._idle and not self._waiting:
                self._share(part)

    def _count(self, part: _Part) -> bool:
        """Take a step of counting; False where nothing is left to do with the part."""
        most = None if self._max_regions is None else self._reserve(self._max_regions)
        if most == 0:
            return False
        with part.lock:
            before = part.search.found
            more = part.search.advance(most)
            gained = part.search.found - before
        with self._state:
            self._found += gained
            if most is not None:
                self._reserved -= most
                self._state.notify_all()
        return more

    def _reserve(self, limit: int) -> int:
        """A portion of the regions that may still be found; 0 once that are none."""
        with self._state:
            while (left := limit - self._found - self._reserved) <= 0 < self._reserved and not self._halt:
                self._state.wait()
            if left <= 0:
                self._halt = True
                self._state.notify_all()
                return 0
            most = -(-left // (2 * self._workers))
            self._reserved += most
            return most

    def _list(self, part: _Part) -> bool:
        """List some regions; False where nothing is left to do with the part."""
        with self._state:
            while len(self._listed) >= _MOST_LISTED and not self._halt:
                self._state.wait()
        batch: list[Leaf] = []
        end = monotonic() + _BATCH_SECONDS
        with part.lock:
            batch.extend(part.search.leaves(lambda: self._halt or len(batch) >= _BATCH or monotonic() > end))
            more = not part.search.finished
        with self._state:
            self._listed.extend(batch)
            self._state.notify_all()
        return more

    def _retire(self, part: _Part) -> None:
        with self._state:
            self._parts.remove(part)
            self._done_found += part.search.found
            _add(self._done_stats, part.search.statistics())

    def _share(self, part: _Part) -> None:
        with self._state, part.lock:
            given = part.search.give()
            if given is not None:
                self._subtrees += 1
                self._parts.append(_Part(given))
                self._waiting.append(self._parts[-1])
                self._state.notify_all()


def _add(total: dict[str, Any], more: dict[str, Any]) -> None:
    """Add up what is counted; what is a word or a flag is the same for all parts."""
    for name, value in more.items():
        total[name] = total.get(name, 0) + value if type(value) is int else value

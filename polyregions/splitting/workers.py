"""Several threads on one count: the compiled search runs outside the interpreter lock.

Each thread explores a tree of its own. A thread that runs out of work takes the lowest open cell of another's stack,
the largest subtree there is. Which thread finds which region depends on timing; the set of regions, and so the count,
does not.
"""

from collections.abc import Callable, Iterator
from threading import Condition, Lock, Thread
from typing import Any

from polyregions.enumeration import Leaf
from polyregions.exact.restriction import Restriction
from polyregions.splitting.vertex_cells import VertexTree

__all__ = ["ParallelVertexTree"]

#: Seconds between two questions whether to stop.
_POLL = 0.02


class ParallelVertexTree:
    """Vertex cells explored by several threads; listing, unlike counting, is done by one.

    Parameters
    ----------
    restriction : Restriction
        As for :class:`polyregions.splitting.vertex_cells.VertexTree`.
    workers : int
        Threads, at least 1.
    """

    #: Every decision is.
    proven = True

    def __init__(self, restriction: Restriction, *, workers: int) -> None:
        self._workers = workers
        self._trees = [VertexTree(restriction)]
        self._locks = [Lock()]
        self._waiting = [0]
        # Guards the lists above and the counts below. Taken before a tree's lock, never while holding one.
        self._state = Condition()
        self._idle = 0
        self._halt = False
        self._error: BaseException | None = None

    @property
    def found(self) -> int:
        """Regions found so far."""
        return sum(tree.found for tree in self._trees)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to explore."""
        return all(tree.finished for tree in self._trees)

    def statistics(self) -> dict[str, Any]:
        """What was done so far, by all threads together."""
        each = [tree.statistics() for tree in self._trees]
        total = {
            name: sum(stats[name] for stats in each) if type(value) is int else value for name, value in each[0].items()
        }
        return {**total, "workers": self._workers, "subtrees": len(each)}

    def open_bound(self) -> int:
        """A proven upper bound of the number of regions not found yet."""
        with self._state:
            for lock in self._locks:
                lock.acquire()
            try:
                return sum(tree.open_bound() for tree in self._trees)
            finally:
                for lock in self._locks:
                    lock.release()

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the regions, in one thread."""
        for tree in self._trees:
            yield from tree.leaves(stop)

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Count without listing, until all is found or ``stop`` says so; it is asked by the calling thread."""
        self._halt, self._idle = False, 0
        self._waiting = [i for i, tree in enumerate(self._trees) if not tree.finished]
        threads = [Thread(target=self._work, daemon=True) for _ in range(self._workers)]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                threads[0].join(_POLL)
                if not self._halt and stop():
                    break
                if not threads[0].is_alive():
                    threads.sort(key=lambda thread: not thread.is_alive())
        finally:
            with self._state:
                self._halt = True
                self._state.notify_all()
            for thread in threads:
                thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while (index := self._next()) is not None:
                self._run(index)
        except BaseException as error:
            with self._state:
                self._error = self._error or error
                self._halt = True
                self._state.notify_all()

    def _next(self) -> int | None:
        """A tree to work on; waits for one, and returns None when all threads wait."""
        with self._state:
            self._idle += 1
            while not self._waiting and not self._halt and self._idle < self._workers:
                self._state.wait()
            if self._halt or not self._waiting:
                self._state.notify_all()
                return None
            self._idle -= 1
            return self._waiting.pop()

    def _run(self, index: int) -> None:
        tree, lock = self._trees[index], self._locks[index]
        while not self._halt:
            with lock:
                if not tree.advance():
                    tree.release()
                    return
            if self._idle and not self._waiting:
                self._share(tree, lock)

    def _share(self, tree: VertexTree, lock: Lock) -> None:
        with self._state, lock:
            part = tree.give()
            if part is not None:
                self._trees.append(part)
                self._locks.append(Lock())
                self._waiting.append(len(self._trees) - 1)
                self._state.notify()

"""A worker process, seen from outside: it may crash, hang or be killed, and nothing else is harmed."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import polyregions

__all__ = ["Stopped", "Worker", "WorkerDied", "WorkerHung"]

#: Seconds for imports and the first small program; numba may have to compile.
_START = 120.0
#: Seconds between two looks at whether to stop.
_GLANCE = 0.1
#: For solvers that take as many threads as there are unless told otherwise.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class WorkerDied(Exception):
    """The process ended without an answer, or could not start; the message says how."""


class WorkerHung(Exception):
    """The process took too long, and was killed."""


class Stopped(Exception):
    """The run is to stop; the process was killed."""


class Worker:
    """A process that is started when there is a task for it, and again after it died.

    Parameters
    ----------
    solver : str
    command : sequence of str, optional
        What to start; default: :mod:`polyregions.bench.worker`.
    """

    def __init__(self, solver: str, command: Sequence[str] | None = None) -> None:
        self.solver = solver
        self._command = command or [sys.executable, "-m", "polyregions.bench.worker", solver]
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def ask(self, task: dict[str, Any], *, seconds: float, stop: Callable[[], bool]) -> dict[str, Any]:
        """The answer to a task.

        Raises
        ------
        WorkerDied, WorkerHung, Stopped
        """
        process = self.start(stop)
        try:
            _pipe(process.stdin).write(json.dumps(task) + "\n")
            _pipe(process.stdin).flush()
        except OSError:
            raise self._died() from None
        return self._next(seconds, stop)

    def start(self, stop: Callable[[], bool]) -> "subprocess.Popen[str]":
        """The process, started and ready; raises as :meth:`ask`."""
        if self._process is not None:
            return self._process
        root = str(Path(polyregions.__file__).parents[1])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._lines = queue.SimpleQueue()
        # In a session of its own: Ctrl-C is for the run to handle, and what a solver starts dies with it.
        self._process = process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": path},
            start_new_session=True,
        )
        threading.Thread(target=_read, args=(process, self._lines), daemon=True).start()
        answer = self._next(_START, stop)
        if not answer.get("ready"):
            self.close()
            raise WorkerDied(str(answer.get("error", "it did not start")))
        return process

    def _next(self, seconds: float, stop: Callable[[], bool]) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            if stop():
                self.close()
                raise Stopped
            left = end - time.monotonic()
            if left <= 0:
                self.close()
                raise WorkerHung(f"no answer {seconds:.0f} s after the task")
            try:
                line = self._lines.get(timeout=min(left, _GLANCE))
            except queue.Empty:
                continue
            if line is None:
                raise self._died()
            try:
                answer = json.loads(line)
            except ValueError:
                self.close()
                raise WorkerDied("it wrote something that is no answer") from None
            return answer if isinstance(answer, dict) else {"error": "it wrote something that is no answer"}

    def _died(self) -> WorkerDied:
        code = self.close()
        if code >= 0:
            return WorkerDied(f"its process ended with status {code}")
        with contextlib.suppress(ValueError):
            return WorkerDied(f"its process was ended by {signal.Signals(-code).name}")
        return WorkerDied(f"its process was ended by signal {-code}")

    def close(self) -> int:
        """End the process and all that it has started; its return code, 0 if there is none."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with contextlib.suppress(OSError):
            # Before it is waited for: until then its id is not given to another one.
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                _pipe(pipe).close()
        return code


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise WorkerDied("its process has no pipes")
    return stream


def _read(process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str | None]") -> None:
    """Hand on what the process writes, then None."""
    with contextlib.suppress(OSError, ValueError):
        for line in _pipe(process.stdout):
            lines.put(line)
    lines.put(None)

"""How the searches' inner functions are compiled."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import event

from polyregions.certificate.encoding import __file__ as encoding_source
from polyregions.exact.cell import __file__ as cell_source
from polyregions.exact.filter import __file__ as filter_source

__all__ = ["CompilationLog", "compiled", "compiled_fused", "compiled_loosely", "inlined", "inlined_fused"]

F = TypeVar("F", bound=Callable[..., Any])


def _digest() -> str:
    """A digest of all files that a compiled function may take something from."""
    sources = [
        Path(filter_source),
        Path(cell_source),
        Path(encoding_source),
        *sorted(Path(__file__).parent.glob("*.py")),
        *sorted((Path(__file__).parents[1] / "milp").glob("tree_*.py")),
        *sorted((Path(__file__).parents[1] / "sampling").glob("descent_*.py")),
    ]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


_SOURCES = _digest()


class CompilationLog(event.Listener):
    """Tells the log, once, that functions are compiled now: nothing in the cache was of use."""

    said = False

    def on_start(self, event: Any) -> None:
        if not self.said and event.data["dispatcher"].py_func.__module__.startswith("polyregions."):
            self.said = True
            logging.getLogger(__name__).info(
                "compiling for the first use, which takes some tens of seconds; the result is cached on disk"
            )

    def on_end(self, event: Any) -> None:
        """Nothing."""


event.register("numba:compile", CompilationLog())  # type: ignore[no-untyped-call]


def compiled(function: F, **options: Any) -> F:
    """Compile, cached on disk.

    Rounding must stay that of IEEE 754: no ``fastmath``. Divisions by zero give infinities, which decide nothing.
    Without the runtime that counts references to arrays (``_nrt``, an option that numba does not document) code can't
    make arrays, and need not: counting took half of the time.
    """
    # Numba renews a cached function when its own file changes, but not when a file does that it takes functions or
    # constants from. A stale error bound would be a wrong proof, so the name in the cache depends on all of them.
    function.__qualname__ += f"_{_SOURCES}"
    settings: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False, **options}
    return cast(F, numba.njit(**settings)(function))


def compiled_fused(function: F) -> F:
    """The same where a product and a sum may be rounded once together, which the function's error bounds cover."""
    return compiled(function, fastmath={"contract"})


def compiled_loosely(function: F) -> F:
    """The same where sums may be taken in any order: results depend on the processor and may prove nothing."""
    return compiled(function, fastmath={"contract", "reassoc"})


def inlined(function: F) -> F:
    """Compiled into its callers: a call passes every array of its named tuples on the stack, hundreds of words."""
    return compiled(function, forceinline=True)


def inlined_fused(function: F) -> F:
    """The same as :func:`compiled_fused`."""
    return compiled(function, forceinline=True, fastmath={"contract"})

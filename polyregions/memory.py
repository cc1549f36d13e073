"""How much memory this process holds, and sizes of memory for people."""

import os
import sys

__all__ = ["format_size", "resident_memory"]

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def resident_memory() -> int | None:
    """Bytes of physical memory that this process holds.

    Where the system tells only the most that it ever held (macOS), that; None where it tells neither (Windows).
    Takes some microseconds.
    """
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return _peak_memory()


def _peak_memory() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    # In bytes on macOS, in KiB elsewhere.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def format_size(size: int) -> str:
    """A number of bytes in a few characters.

    Examples
    --------
    >>> format_size(2 * 1024**3), format_size(1536 * 1024), format_size(100), format_size(5 * 1024**5)
    ('2 GiB', '1.5 MiB', '100 bytes', '5120 TiB')
    """
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f}".removesuffix(".0") + f" {_UNITS[unit]}"

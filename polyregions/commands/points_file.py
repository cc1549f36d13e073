"""Points in a file: an array in .npy, or one point a line in text."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from polyregions.commands import CommandError

__all__ = ["read_points"]


def read_points(path: str) -> Any:
    """The points of a file, (k, n): a float64 array from ``.npy``, else lists of floats and of Fractions ("1/3").

    In text, numbers are separated by commas, semicolons or spaces; a plain number is the float64 it denotes, a fraction
    is exact. Empty lines and what follows a "#" are left out.

    Raises
    ------
    CommandError
        If the file cannot be read or holds something else; the message names the line.
    """
    if Path(path).suffix.lower() == ".npy":
        return _read_npy(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path}: neither a .npy file nor text in UTF-8") from None
    rows: list[list[float | Fraction]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].strip().rstrip(",;")
        if not content:
            continue
        entries = re.split(r"\s*[,;]\s*|\s+", content)
        try:
            rows.append([Fraction(entry) if "/" in entry else float(entry) for entry in entries])
        except (ValueError, ZeroDivisionError):
            bad = next(entry for entry in entries if not _is_number(entry))
            raise CommandError(f"{path}: line {number}: {bad!r} is not a number; write 0.25, 3 or 1/3") from None
        if len(rows[-1]) != len(rows[0]):
            raise CommandError(
                f"{path}: line {number} has {len(rows[-1])} numbers, the first point {len(rows[0])}; one point a line"
            )
    if not rows:
        raise CommandError(f"{path}: holds no point")
    return rows


def _is_number(entry: str) -> bool:
    try:
        _ = Fraction(entry) if "/" in entry else float(entry)
    except (ValueError, ZeroDivisionError):
        return False
    return True


def _read_npy(path: str) -> Any:
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    except (ValueError, EOFError):
        raise CommandError(f"{path}: not a NumPy file of numbers") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu" or array.ndim not in (1, 2):
        raise CommandError(f"{path}: holds no array of real numbers with a row for each point")
    return np.atleast_2d(array).astype(np.float64)

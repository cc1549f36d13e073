"""Points on the command line: comma lists, or files."""

import json
from pathlib import Path
from typing import Any

from polyregions.commands import CommandError

__all__ = ["POINT", "read_point"]

#: What a point may be, for the help.
POINT = "numbers with commas such as 0,0.5,-1/3, or a file: .npy, .json (a list) or .txt (numbers)"

_SUFFIXES = (".npy", ".json", ".txt")


def read_point(text: str, option: str) -> list[Any]:
    """The coordinates of a point, as :class:`fractions.Fraction`: plain numbers are float64, fractions exact.

    Raises
    ------
    CommandError
        That names the option or the file, and the coordinate.
    """
    text = text.strip()
    suffix = Path(text).suffix.lower()
    if suffix in _SUFFIXES:
        entries, where = _from_file(text, suffix), text
    else:
        entries, where = text.split(","), f"argument {option}"
    from polyregions.array_likes import as_number
    from polyregions.commands.options import plain_number

    if not entries:
        raise CommandError(f"{where}: no numbers")
    point = []
    for i, entry in enumerate(entries):
        try:
            point.append(plain_number(entry) if isinstance(entry, str) and suffix != ".json" else as_number(entry))
        except ValueError as error:
            raise CommandError(f"{where}, coordinate {i}: {error}") from None
    return point


def _from_file(path: str, suffix: str) -> list[Any]:
    try:
        if suffix == ".npy":
            import numpy as np

            entries = np.load(path, allow_pickle=False)
            if not isinstance(entries, np.ndarray):
                raise ValueError("not a NumPy array file")
            return list(entries.ravel().tolist())
        text = Path(path).read_text(encoding="utf-8-sig")
        if suffix == ".txt":
            return text.replace(",", " ").split()
        entries = json.loads(text)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from None
    except (ValueError, EOFError) as error:  # also bad UTF-8 and bad JSON
        reason = (str(error).splitlines() or ["unreadable"])[0]
        raise CommandError(f"{path}: not a readable {suffix} file: {reason}") from None
    except RecursionError:
        raise CommandError(f"{path}: lists are nested too deeply") from None
    if not isinstance(entries, list):
        raise CommandError(f"{path}: a point is a list of numbers, not {type(entries).__name__}")
    return entries

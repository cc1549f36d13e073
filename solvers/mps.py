"""The one thing that MPS readers disagree on: whether the file maximises."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

__all__ = ["maximises"]


def maximises(path: str | PathLike[str]) -> bool:
    """Whether an MPS file says that its objective is to be maximised.

    PuLP writes the sense in a comment (``*SENSE:Maximize``), which HiGHS does not read, and reads neither that
    comment nor the OBJSENSE section which HiGHS writes: either one alone turns a maximum into a minimum.

    Parameters
    ----------
    path : path of an MPS file
        Read up to the ROWS section.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.mps"
    >>> _ = path.write_text("NAME model\\nOBJSENSE\\n    MAX\\nROWS\\n N  OBJ\\n")
    >>> maximises(path)
    True
    """
    expecting_sense = False
    with Path(path).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            words = line.upper().split()
            if not words:
                continue
            if words[0].startswith("*SENSE:"):
                return words[0].startswith("*SENSE:MAX")
            if expecting_sense:
                return words[0].startswith("MAX")
            if words[0] == "OBJSENSE":
                if len(words) > 1:
                    return words[1].startswith("MAX")
                expecting_sense = True
            elif words[0] == "ROWS":
                break
    return False

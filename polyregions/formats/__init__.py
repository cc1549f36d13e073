"""Readers of network files, chosen by the file's extension.

A new format is one module here with a function ``(path, *, include_output) -> Network``, and one line in
:data:`READERS`. The module is imported when a file of its kind is read, so it may import what it likes.
"""

import os
from importlib import import_module
from pathlib import Path

from polyregions.errors import FormatError
from polyregions.network import Network

__all__ = ["READERS", "load"]

#: File extension -> "module:function" of its reader.
READERS = {
    ".npz": "polyregions.formats.npz:load_npz",
}


def load(path: str | os.PathLike[str], *, include_output: bool = False) -> Network:
    """The network in a file, read by the reader of the file's extension.

    Parameters
    ----------
    path : path to a file
        Its extension, in upper or lower case, names the format: a key of :data:`READERS`.
    include_output : bool, optional
        Treat the output layer as one more ReLU layer.

    Raises
    ------
    FormatError
        If there is no such file, if the extension is of no known format, or if the file does not hold
        what its format promises; in one line that names the file.

    Examples
    --------
    >>> load("net.txt")
    Traceback (most recent call last):
    polyregions.errors.FormatError: net.txt: no reader for the extension '.txt'; known ones: .npz
    """
    file = Path(path)
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        kind = f"the extension {file.suffix!r}" if file.suffix else "a file without extension"
        raise FormatError(f"{file}: no reader for {kind}; known ones: {', '.join(sorted(READERS))}")
    if not file.is_file():
        raise FormatError(f"{file}: {'not a file' if file.exists() else 'no such file'}")
    module, function = reader.split(":")
    network: Network = getattr(import_module(module), function)(file, include_output=include_output)
    return network

"""Readers and writers of network files, chosen by the file's extension.

A new format is one module here with a function ``(path, *, include_output) -> Network``, and one line in
:data:`READERS`. The module is imported when a file of its kind is read, so it may import what it likes.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from polyregions.errors import ArgumentTypeError, FormatError
from polyregions.network import Network

__all__ = ["READERS", "WRITERS", "load", "save"]

#: File extension -> "module:function" of its reader.
READERS = {
    ".keras": "polyregions.formats.keras:load_keras",
    ".nnet": "polyregions.formats.nnet:load_nnet",
    ".npz": "polyregions.formats.npz:load_npz",
    ".onnx": "polyregions.formats.onnx:load_onnx",
}

#: File extension -> "module:function" of its writer, ``(network, path) -> None``.
WRITERS = {
    ".npz": "polyregions.formats.npz:save_npz",
}

_TORCH = "load it in Python with torch.load, then polyregions.save(polyregions.Network.from_torch(module), 'net.npz')"
_SKLEARN = "load it in Python, then polyregions.save(polyregions.Network.from_sklearn(estimator), 'net.npz')"

#: What to do with files that hold a network, but that no reader here opens (most of them can run code when opened).
_DETOURS = {
    **dict.fromkeys((".pt", ".pth", ".ckpt"), f"a PyTorch file? {_TORCH}"),
    **dict.fromkeys((".h5", ".hdf5"), "a Keras file of the older kind? load it with keras, and save it as .keras"),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), f"a scikit-learn model? {_SKLEARN}"),
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
        If there is no such file, if the extension is of no known format, if the package that reads it is missing, or
        if the file does not hold what its format promises; in one line that names the file.
    UnsupportedLayerError, NetworkError
        If it holds something else than affine and piecewise-linear nodes and maxima, or what does not fit together; in
        one line that names the file and the nodes.

    Examples
    --------
    >>> load("net.txt")
    Traceback (most recent call last):
    polyregions.errors.FormatError: net.txt: no reader for the extension '.txt'; known ones: .keras, .nnet, .npz, .onnx
    """
    file = Path(path)
    if file.is_dir():
        raise FormatError(f"{file}: a directory; a network is a file, one of {', '.join(sorted(READERS))}")
    reader = _of_extension(READERS, file, "reader")
    if not file.is_file():
        raise FormatError(f"{file}: {'not a file' if file.exists() else 'no such file'}")
    network: Network = reader(file, include_output=include_output)
    return network


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to a file that :func:`load` reads back as an equal network; an existing file is replaced.

    Parameters
    ----------
    network : Network
        Whether its output layer is counted is not stored: give ``include_output`` again when you load it.
    path : path to a file
        Its extension names the format: a key of :data:`WRITERS`.

    Raises
    ------
    FormatError
        If the extension is of no format that can be written.
    ArgumentTypeError
        If ``network`` is no :class:`polyregions.network.Network`.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(net, folder + "/net.npz")
    ...     load(folder + "/net.npz") == net
    True
    """
    if not isinstance(network, Network):
        raise ArgumentTypeError(f"save(network, path) needs a polyregions.Network, not a {type(network).__name__}")
    file = Path(path)
    _of_extension(WRITERS, file, "writer")(network, file)


def _of_extension(functions: Mapping[str, str], file: Path, role: str) -> Any:
    suffix = file.suffix.lower()
    if suffix not in functions:
        kind = f"the extension {file.suffix!r}" if suffix else "a file without extension"
        detour = f" ({_DETOURS[suffix]})" if role == "reader" and suffix in _DETOURS else ""
        raise FormatError(f"{file}: no {role} for {kind}; known ones: {', '.join(sorted(functions))}{detour}")
    module, function = functions[suffix].split(":")
    return getattr(import_module(module), function)

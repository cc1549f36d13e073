"""NumPy's .npz archives: arrays W1, b1, W2, b2, ..., the last pair being the affine output layer.

W_l has shape (n_l, n_(l-1)) and b_l shape (n_l,). linear1, linear2, ..., each optional, of type bool and shape
(n_l,), say which units of a hidden layer are linear. Where weights are no floats, the W and b of all
layers hold text, "p/q". Other arrays in the archive are ignored. The archive does
not say whether the output layer is counted: that is the reader's choice (``include_output``).
"""

import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from polyregions.errors import FormatError, NetworkError
from polyregions.exact.layer import layer_name, rational_layer
from polyregions.network import Network

__all__ = ["load_npz", "save_npz"]

#: A zip archive ends with 22 bytes and a comment of at most 65535.
_LONGEST_END_RECORD = 22 + 0xFFFF


def load_npz(path: str | os.PathLike[str], *, include_output: bool = False) -> Network:
    """The network in an .npz archive.

    Parameters
    ----------
    path : path to a file
    include_output : bool, optional
        Treat the output layer as one more ReLU layer.

    Raises
    ------
    FormatError
        If the file cannot be read, is not an .npz archive or is damaged, if a W or b is missing, or if the
        arrays do not form a network; in one line that names the file and the entry. Pickled objects are
        never loaded.

    Examples
    --------
    >>> import tempfile
    >>> net = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_npz(net, folder + "/net.npz")
    ...     load_npz(folder + "/net.npz") == net
    True
    """
    weights, biases, linear = _read_layers(Path(path))
    try:
        if any(array.dtype.kind == "U" for array in (*weights, *biases)):
            count = len(weights)
            layers = [
                rational_layer(w.tolist(), b.tolist(), layer_name(i, count, "numbers"))
                for i, (w, b) in enumerate(zip(weights, biases, strict=True))
            ]
            return Network.from_exact(layers, include_output=include_output, linear=linear)
        return Network.from_arrays(weights, biases, include_output=include_output, linear=linear)
    except NetworkError as error:
        last = len(weights)
        entries = "W1, b1" + (f" to W{last}, b{last}, one pair per layer" if last > 1 else "")
        raise FormatError(f"{path} (entries {entries}): {error}") from None


def save_npz(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network's weights to an .npz archive, to exactly the path given.

    Equal networks give equal files, byte for byte, under one version of NumPy. Whether the output layer is
    counted is not stored: give ``include_output`` again when you load it.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for i, (w, b) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        arrays[f"W{i}"], arrays[f"b{i}"] = w, b
    for i, layer in enumerate(network.exact, start=1):
        q = layer.denominator
        arrays[f"W{i}"] = np.array([[str(Fraction(value, q)) for value in row] for row in layer.weights])
        arrays[f"b{i}"] = np.array([str(Fraction(value, q)) for value in layer.biases])
    for i, mask in enumerate(network.linear, start=1):
        if mask.any():
            arrays[f"linear{i}"] = mask
    # Given a name, numpy would append ".npz" to one that has another extension.
    with open(path, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy's stub takes W1, ... for allow_pickle


def _read_layers(path: Path) -> tuple[list[npt.NDArray[Any]], list[npt.NDArray[Any]], list[npt.NDArray[Any]]]:
    try:
        with open(path, "rb") as file:
            if file.read(2) != b"PK":  # of a zip archive; np.load would also take .npy files and pickles
                raise FormatError(f"{path}: not an .npz archive")
            file.seek(0)
            archive = _attempt(lambda: np.load(file, allow_pickle=False), f"{path}: a damaged .npz archive")
            with archive:
                _check_directory(file, archive, path)
                count = _count_layers(archive.files, path)
                masks = [name for name in archive.files if re.fullmatch("linear[0-9]+", name)]
                for name in masks:
                    if not 1 <= int(name.removeprefix("linear")) < count:
                        raise FormatError(f"{path}: entry {name}: there is no hidden layer of that number")
                arrays = {
                    name: _attempt(lambda name=name: archive[name], f"{path}: entry {name} cannot be read")
                    for name in (*(f"{letter}{i}" for letter in "Wb" for i in range(1, count + 1)), *masks)
                }
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise FormatError(f"{path}: entry {name} is not an array")
    weights, biases = ([arrays[f"{letter}{i}"] for i in range(1, count + 1)] for letter in "Wb")
    none = [np.zeros(np.shape(b), dtype=np.bool_) for b in biases[:-1]]
    linear = [arrays.get(f"linear{i}", mask) for i, mask in enumerate(none, start=1)] if masks else []
    return weights, biases, linear


def _check_directory(file: BinaryIO, archive: Any, path: Path) -> None:
    """Raise unless the archive holds as many entries as its end record says.

    zipfile does not compare them, and one wrong length in the directory can hide the entries behind it: without
    this check a file that has lost its last layers would be read as a smaller network.
    """
    position = file.tell()
    file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_END_RECORD))
    tail = file.read()
    file.seek(position)
    end = tail.rfind(b"PK\x05\x06")
    promised = int.from_bytes(tail[end + 10 : end + 12], "little")
    found = len(archive.zip.infolist())
    if end < 0 or promised not in (found, 0xFFFF):  # 0xFFFF: 65535 entries or more
        raise FormatError(f"{path}: a damaged .npz archive: its directory lists {found} of {promised} entries")


def _attempt(read: Any, failure: str) -> Any:
    """``read()``, with every failure as a FormatError.

    Every one, because damaged bytes make zipfile, zlib and numpy raise at least BadZipFile, zlib.error,
    EOFError, ValueError, KeyError, NotImplementedError, RuntimeError, struct.error and MemoryError.
    """
    try:
        return read()
    except Exception as error:
        reason = str(error).splitlines()
        raise FormatError(f"{failure}: {reason[0] if reason else type(error).__name__}") from None


def _count_layers(names: list[str], path: Path) -> int:
    """How many layers there are, after a check that they are W1, b1, ..., WL, bL without a gap."""
    layers = {name for name in names if re.fullmatch("[Wb][0-9]+", name)}
    count = max(1, len(layers) // 2, sum(name.startswith("W") for name in layers))
    wanted = {f"{letter}{i}" for letter in "Wb" for i in range(1, count + 1)}
    found = f"it holds {', '.join(sorted(names)) or 'nothing'}"
    for problem, entries in (("has no entry", wanted - layers), ("has an unexpected entry", layers - wanted)):
        if entries:
            first = min(entries, key=lambda name: (int(name[1:]), name))
            raise FormatError(f"{path}: {problem} {first}; layers are W1, b1, W2, b2, ... without a gap; {found}")
    return count

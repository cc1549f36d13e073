"""The checker's own reading of .npz network files: Python's standard library, nothing of the engine, not NumPy."""

import ast
import math
import re
import struct
import zipfile
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

__all__ = ["NetworkFileError", "read_npz"]

#: (W, b), or (W, b, linear) where some units are linear.
Layer = Sequence[Any]


class NetworkFileError(ValueError):
    """The network to compare with cannot be read; the message names the file."""


def read_npz(path: Any) -> list[Layer]:
    """The layers (W, b) in a NumPy archive with the arrays W1, b1, W2, b2, ..., with linear1, ... where there are.

    Raises
    ------
    NetworkFileError
        If that is not what the file holds.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115  # an OSError of the file itself is not this function's
    except OSError as error:
        raise NetworkFileError(f"{path}: {error.strerror or error}") from None
    try:
        with file, zipfile.ZipFile(file) as archive:
            names = {name for name in archive.namelist() if re.fullmatch(r"[Wb][0-9]+\.npy", name)}
            depth = len(names) // 2
            if not depth or names != {f"{letter}{i}.npy" for letter in "Wb" for i in range(1, depth + 1)}:
                raise NetworkFileError("the layers are not W1, b1, W2, b2, ... without a gap")
            arrays = [[_read_npy(archive, f"{letter}{i}.npy") for letter in "Wb"] for i in range(1, depth + 1)]
            found = [name for name in archive.namelist() if re.fullmatch(r"linear[0-9]+\.npy", name)]
            masks = {int(name[6:-4]): _read_npy(archive, name) for name in found}
            if len(masks) < len(found) or not all(1 <= i < depth for i in masks):
                raise NetworkFileError("a linear1, linear2, ... has no hidden layer of its own")
    except NetworkFileError as error:
        raise NetworkFileError(f"{path}: {error}") from None
    except Exception as error:  # damaged archives make zipfile and zlib raise many kinds
        raise NetworkFileError(f"{path}: no readable .npz archive ({type(error).__name__}: {error})") from None
    layers: list[Layer] = []
    before = None
    for i, ((shape, values), (width, biases)) in enumerate(arrays, start=1):
        if len(shape) != 2 or len(width) != 1 or width[0] != shape[0] or before not in (None, shape[1]):
            raise NetworkFileError(f"{path}: the shapes of W{i}, b{i} do not fit")
        before = shape[0]
        layer = [[values[j : j + shape[1]] for j in range(0, len(values), shape[1])], biases]
        if i in masks:
            if masks[i][0] != width or any(value not in (0, 1) for value in masks[i][1]):
                raise NetworkFileError(f"{path}: linear{i} does not hold one truth value per unit of the layer")
            layer.append(masks[i][1])
        layers.append(layer)
    return layers


def _read_npy(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], list[float]]:
    with archive.open(name) as file:
        magic = file.read(8)
        size = {1: 2, 2: 4, 3: 4}.get(magic[6] if len(magic) == 8 else 0)
        if magic[:6] != b"\x93NUMPY" or size is None:
            raise NetworkFileError(f"{name} is no .npy file")
        text = file.read(min(int.from_bytes(file.read(size), "little"), 1 << 16))
        header = ast.literal_eval(text.decode("latin-1").strip())
        shape, code = header["shape"], {"f4": "f", "f8": "d", "b1": "B"}.get(header["descr"][1:])
        if header["descr"][1] == "U" and header["descr"][0] in "<>":
            return shape, _read_ratios(file.read(), header, shape)
        truth = name.startswith("linear")
        if code is None or truth != (code == "B") or header["descr"][0] not in ("|" if truth else "<>"):
            raise NetworkFileError(
                f"{name} holds {header['descr']}; only float32 and float64 can be read, and bool for linear units"
            )
        count = math.prod(shape)
        if not all(type(n) is int and n > 0 for n in shape):
            raise NetworkFileError(f"{name} is empty")
        data = file.read(count * struct.calcsize(code) + 1)
        values = list(struct.unpack(f"{'<' if truth else header['descr'][0]}{count}{code}", data))
        if not all(map(math.isfinite, values)):
            raise NetworkFileError(f"{name} holds infinite numbers or NaN")
        return shape, _in_order(values, header, shape)


def _in_order(values: list[Any], header: dict[str, Any], shape: tuple[int, ...]) -> list[Any]:
    if header["fortran_order"] and len(shape) == 2:
        return [values[j * shape[0] + i] for i in range(shape[0]) for j in range(shape[1])]
    return values


def _read_ratios(data: bytes, header: dict[str, Any], shape: tuple[int, ...]) -> list[Any]:
    """Text of a fixed length, "p/q" or "p", padded with zeros."""
    size = 4 * int(header["descr"][2:])
    encoding = "utf-32-le" if header["descr"][0] == "<" else "utf-32-be"
    if size <= 0 or len(data) != size * math.prod(shape):
        raise NetworkFileError("an array of text has not the length that it says")
    words = [data[i : i + size].decode(encoding).rstrip("\0") for i in range(0, len(data), size)]
    if not all(re.fullmatch(r"-?[0-9]{1,4300}(/0*[1-9][0-9]{0,4299})?", word) for word in words):
        raise NetworkFileError("an array of text holds something else than numbers p/q")
    return _in_order([Fraction(word) for word in words], header, shape)

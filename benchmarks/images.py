"""Labelled images for the reproductions: MNIST from its IDX files where the user has them, else upsampled digits.

MNIST is four files, ``train-images-idx3-ubyte`` and so on, each perhaps with ``.gz``, in one folder (LeCun, Cortes &
Burges 1998). Without them scikit-learn's 1,797 digits of 8 x 8 pixels, interpolated to 28 x 28, stand in for it.
"""

import gzip
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Images", "load_images", "read_idx"]

#: The element types of the IDX format by their code: https://yann.lecun.com/exdb/mnist/
_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@dataclass(frozen=True)
class Images:
    """A training set and a test set: inputs (m, n) with values from 0 to 1, labels (m,) from 0 to 9."""

    name: str
    inputs: Any
    labels: Any
    test_inputs: Any
    test_labels: Any


def load_images(mnist: str | Path | None, *, side: int = 28) -> Images:
    """MNIST out of a folder, or the digits in ``side`` x ``side`` pixels.

    Raises
    ------
    SystemExit
        If the folder lacks one of the files, or one of them is damaged; the message names it.
    """
    if mnist is None:
        return _digits(side)
    folder = Path(mnist)
    arrays = []
    for kind in ("train", "t10k"):
        images = read_idx(_find(folder, f"{kind}-images-idx3-ubyte"))
        labels = read_idx(_find(folder, f"{kind}-labels-idx1-ubyte"))
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise SystemExit(f"{folder}: the {kind} files hold {images.shape} images and {labels.shape} labels")
        arrays += [images.reshape(len(images), -1) / 255.0, labels.astype(np.intp)]
    return Images("MNIST", *arrays)


def read_idx(path: Path) -> Any:
    """The array in an IDX file, gzipped or not."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        zero, code, dimensions = struct.unpack_from(">HBB", raw)
        shape = struct.unpack_from(f">{dimensions}I", raw, 4)
        values = np.frombuffer(raw, dtype=_TYPES[code], offset=4 + 4 * dimensions)
        if zero:
            raise ValueError("it does not begin with two zero bytes")
        return values.reshape(shape)
    except (OSError, EOFError, KeyError, ValueError, struct.error) as error:
        raise SystemExit(f"{path}: not an IDX file that can be read: {error}") from None


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise SystemExit(f"{folder}: no file {name} or {name}.gz; give the folder with MNIST's four IDX files")


def _digits(side: int) -> Images:
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    inputs, labels = load_digits(return_X_y=True)
    large = zoom(inputs.reshape(-1, 8, 8) / 16.0, (1, side / 8, side / 8), order=1).reshape(len(inputs), -1)
    name = f"scikit-learn's digits, {side} x {side} pixels"
    split = train_test_split(large, labels, test_size=0.25, random_state=0, stratify=labels)
    return Images(name, split[0], split[2], split[1], split[3])

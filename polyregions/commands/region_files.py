"""Files of regions, written as the regions are found.

Three formats, by the file's extension. All hold the result that ``count --json`` prints, with ``written``, the number
of regions in the file; its status is "exact" only if the file holds them all.

``.jsonl``: JSON lines. The first line is the result, padded with spaces because it is rewritten in place at the
end. Every other line is a region: ``{"pattern": "101|0110", "witness": [0.5, "1/3"]}``, the witness exact.

``.npz``: arrays ``patterns`` (m, ceil(N / 8)) uint8, the N states of each region packed by ``numpy.packbits`` in the
network's order (``numpy.unpackbits(patterns, axis=1, count=num_units)`` unpacks them), or for graphs whose patterns
have larger numbers (m, N) uint16, those numbers; ``witness`` (m, n_0) float64,
rounded; ``num_units``, ``widths``; and the strings ``network_sha256``, ``definition``, ``status``, ``domain`` and
``result`` (both JSON).

``.parquet`` (:mod:`polyregions.commands.parquet_file`, with pyarrow): a row per region, ``pattern`` packed as above in
fixed-size bytes and ``witness`` a fixed-size list of doubles, rounded; the result in the file's metadata under
``polyregions``, with ``polyregions.num_units`` and ``polyregions.widths``.

Each is written under a temporary name in the same folder and takes its own when it is whole. When the disk is full
:class:`OutputFull` is raised, after which ``finish`` still succeeds: it needs no space that is not already taken.
"""

import json
import os
import secrets
import shutil
import tempfile
import zipfile
from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from polyregions.commands import CommandError, output
from polyregions.exact.numbers import format_fraction
from polyregions.geometry.region import Region, pattern_text
from polyregions.network import Network
from polyregions.result import Count

__all__ = ["SUFFIXES", "OutputFull", "RegionFile", "region_file", "write_all"]


#: The extensions of files of regions.
SUFFIXES = (".npz", ".jsonl", ".parquet")


class OutputFull(Exception):
    """No more regions fit; the message says why."""


def region_file(path: str, start: Count) -> "RegionFile":
    """The writer for a path, by its extension; checks the path, and creates nothing yet.

    Parameters
    ----------
    path : str
    start : Count
        What is known before the first region is found.

    Raises
    ------
    CommandError
    """
    target = Path(os.path.realpath(path))
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise CommandError(f"{path}: the extension must be one of {', '.join(SUFFIXES)}")
    output.check_place(path)
    if suffix == ".parquet":
        from polyregions.commands.parquet_file import ParquetFile

        return ParquetFile(path, target, start)
    return ArchiveFile(path, target, start) if suffix == ".npz" else JsonLinesFile(path, target, start)


class RegionFile(ABC):
    """A file that regions are added to. Used as a context manager; left without ``finish``, it leaves nothing behind.

    Attributes
    ----------
    written : int
        Regions that the file will hold for certain.
    """

    def __init__(self, path: str, target: Path, start: Count) -> None:
        self.path = path
        self.written = 0
        self._target = target
        self._start = start
        self._part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        self._file: BinaryIO

    def __enter__(self) -> "RegionFile":
        try:
            # Unbuffered: when a write fails, we must know what is in the file.
            self._file = open(self._part, "x+b", buffering=0)
            self._open()
        except OSError as error:
            self._part.unlink(missing_ok=True)
            raise CommandError(f"{self.path}: {error.strerror or error}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._close()
        self._part.unlink(missing_ok=True)

    def finish(self, result: Count) -> None:
        """Make the file whole, and give it its name."""
        try:
            self._finish(result)
            os.fsync(self._file.fileno())
            os.replace(self._part, self._target)
        except OSError as error:
            raise CommandError(f"{self.path}: {error.strerror or error}") from None

    def _head(self, result: Count) -> str:
        return json.dumps({"format": "polyregions regions", "version": 1, "written": self.written, **result.to_json()})

    @abstractmethod
    def add(self, region: Region) -> None:
        """Add a region, which reaches the disk now or with a later one."""

    @abstractmethod
    def flush(self) -> None:
        """Bring all regions added to the disk, or raise :class:`OutputFull`."""

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _finish(self, result: Count) -> None: ...

    @abstractmethod
    def _close(self) -> None: ...


class JsonLinesFile(RegionFile):
    """See the module."""

    #: What the result may grow by until the end: more digits, and more statistics.
    SLACK = 2048
    #: Bytes that are written at once.
    CHUNK = 1 << 16

    def _open(self) -> None:
        self._lines: list[bytes] = []
        self._pending = 0
        self._head_size = len(self._head(self._start)) + self.SLACK
        self._write_head(self._start)

    def _write_head(self, result: Count) -> None:
        self._file.seek(0)
        head = self._head(result)
        if len(head) >= self._head_size:
            raise CommandError(f"{self.path}: the first line has no room for its {len(head)} characters")
        write_all(self._file, head.ljust(self._head_size - 1).encode("ascii") + b"\n")

    def add(self, region: Region) -> None:
        entry = {"pattern": pattern_text(region.pattern), "witness": [format_fraction(v) for v in region.witness]}
        line = json.dumps(entry).encode("ascii") + b"\n"
        self._lines.append(line)
        self._pending += len(line)
        if self._pending >= self.CHUNK:
            self.flush()

    def flush(self) -> None:
        data, start = b"".join(self._lines), self._file.tell()
        self._lines, self._pending = [], 0
        try:
            write_all(self._file, data)
        except OSError as error:
            whole = data.rfind(b"\n", 0, self._file.tell() - start) + 1
            self.written += data.count(b"\n", 0, whole)
            self._file.seek(start + whole)
            raise OutputFull(error.strerror or str(error)) from None
        self.written += data.count(b"\n")

    def _finish(self, result: Count) -> None:
        self._file.truncate(self._file.tell())
        self._write_head(result)

    def _close(self) -> None:
        self._lines = []


class ArchiveFile(RegionFile):
    """See the module. Chunks are kept in two nameless files, and the archive's own space is taken with each of them."""

    #: Regions that are kept in memory.
    CHUNK = 4096
    #: Bytes of an archive besides its two large arrays and the strings.
    OVERHEAD = 1 << 14

    def _open(self) -> None:
        self._patterns: list[list[int]] = []
        self._points: list[list[float]] = []
        self._scratch = ExitStack()
        self._spills = [self._scratch.enter_context(self._nameless_file()) for _ in range(2)]
        # Strings are stored in four bytes per character; the domain is stored twice.
        self._reserve(self.OVERHEAD + 8 * (len(self._head(self._start)) + JsonLinesFile.SLACK))

    def _nameless_file(self) -> Any:
        return tempfile.TemporaryFile(dir=self._target.parent, buffering=0)

    def _reserve(self, size: int) -> None:
        """Take ``size`` more bytes of the disk for the archive."""
        write_all(self._file, bytes(size))

    def add(self, region: Region) -> None:
        self._patterns.append([state for states in region.pattern for state in states])
        self._points.append([float(value) for value in region.witness])
        if len(self._patterns) >= self.CHUNK:
            self.flush()

    def flush(self) -> None:
        count = len(self._patterns)
        if not count:
            return
        patterns = packed(self._patterns, self._start.network)
        points = np.array(self._points, dtype="<f8").reshape(count, -1)
        self._patterns, self._points = [], []
        try:
            self._reserve(patterns.nbytes + points.nbytes)
            for spill, array in zip(self._spills, (patterns, points), strict=True):
                write_all(spill, array.tobytes())
        except OSError as error:
            raise OutputFull(error.strerror or str(error)) from None
        self.written += count

    def _finish(self, result: Count) -> None:
        network = result.network
        strings = {
            "network_sha256": network.sha256,
            "definition": result.definition.value,
            "status": result.status.value,
            "domain": json.dumps(result.domain.to_json()),
            "result": self._head(result),
        }
        sizes = np.array(network.pattern_sizes, dtype=np.int64)
        small = {"num_units": np.array(sizes.sum()), "widths": sizes}
        small.update({name: np.array(text) for name, text in strings.items()})
        self._file.seek(0)
        with zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED) as archive:
            patterns, points = self._spills
            row = packed([[0] * int(sizes.sum())], network)
            self._store(archive, "patterns", patterns, row.dtype.str, row.shape[1])
            self._store(archive, "witness", points, "<f8", network.input_dimension)
            for name, array in small.items():
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)
        self._file.truncate(self._file.tell())

    def _store(self, archive: zipfile.ZipFile, name: str, spill: BinaryIO, kind: str, columns: int) -> None:
        spill.truncate(self.written * columns * np.dtype(kind).itemsize)
        spill.seek(0)
        header = {"descr": kind, "fortran_order": False, "shape": (self.written, columns)}
        with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            shutil.copyfileobj(spill, member, 1 << 20)

    def _close(self) -> None:
        self._scratch.close()


def packed(patterns: list[list[int]], network: Network) -> np.ndarray[Any, Any]:
    """Patterns as rows: their states as bits, or numbers of two bytes where they may be larger than 1."""
    if network.pattern_options > 2:
        return np.array(patterns, dtype="<u2").reshape(len(patterns), -1)
    return np.packbits(np.array(patterns, dtype=np.uint8).reshape(len(patterns), -1), axis=1)


def write_all(file: BinaryIO, data: Any) -> None:
    """Write all of it; an unbuffered file may take only a part at a time."""
    rest = memoryview(data).cast("B")
    while rest:
        rest = rest[file.write(rest) :]

"""Regions as an Apache Parquet file, written row group by row group; see :mod:`polyregions.commands.region_files`."""

import io
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from polyregions.commands import CommandError
from polyregions.commands.region_files import OutputFull, RegionFile, packed, write_all
from polyregions.geometry.region import Region
from polyregions.result import Count

__all__ = ["ParquetFile"]


class ParquetFile(RegionFile):
    """See :mod:`polyregions.commands.region_files`.

    Space for a row group and the footer is taken before the row group is written, so that the footer always fits.
    """

    #: Regions of a row group, which are kept in memory.
    CHUNK = 1 << 14
    #: Bytes of the footer besides the result; and of it and of page headers for each row group.
    OVERHEAD, GROUP_OVERHEAD = 1 << 14, 1 << 12
    #: What the result may grow by until the end.
    SLACK = 2048

    def __init__(self, path: str, target: Path, start: Count) -> None:
        super().__init__(path, target, start)
        if find_spec("pyarrow") is None:
            raise CommandError(f"{path}: .parquet files need pyarrow: pip install 'polyregions[parquet]'")

    def _open(self) -> None:
        import pyarrow
        from pyarrow import parquet

        self._patterns: list[list[int]] = []
        self._points: list[list[float]] = []
        network = self._start.network
        # Parquet has no strings of length 0, which a network without ReLUs would need.
        self._row_bytes = max(1, packed([[0] * sum(network.pattern_sizes)], network).nbytes)
        self._inputs = network.input_dimension
        schema = pyarrow.schema(
            [
                pyarrow.field("pattern", pyarrow.binary(self._row_bytes), nullable=False),
                pyarrow.field("witness", pyarrow.list_(pyarrow.float64(), self._inputs), nullable=False),
            ]
        )
        self._taken = 0
        self._reserve(self.OVERHEAD + 2 * (len(self._head(self._start)) + self.SLACK))
        sink = pyarrow.PythonFile(_Sink(self._file), mode="w")
        self._writer: Any = parquet.ParquetWriter(sink, schema, compression="zstd", use_dictionary=False)

    def _reserve(self, size: int) -> None:
        """Take ``size`` more bytes of the disk, behind all that is taken already."""
        here = self._file.tell()
        self._file.seek(self._taken)
        try:
            write_all(self._file, bytes(size))
            self._taken += size
        finally:
            self._file.seek(here)

    def add(self, region: Region) -> None:
        self._patterns.append([state for states in region.pattern for state in states])
        self._points.append([float(value) for value in region.witness])
        if len(self._patterns) >= self.CHUNK:
            self.flush()

    def flush(self) -> None:
        import pyarrow

        count = len(self._patterns)
        if not count:
            return
        rows = np.zeros((count, self._row_bytes), dtype=np.uint8)
        filled = packed(self._patterns, self._start.network)
        rows[:, : filled.shape[1] * filled.itemsize] = filled.view(np.uint8).reshape(count, -1)
        points = np.array(self._points, dtype=np.float64).ravel()
        self._patterns, self._points = [], []
        kind = self._writer.schema.field("pattern").type
        columns = [
            pyarrow.FixedSizeBinaryArray.from_buffers(kind, count, [None, pyarrow.py_buffer(rows.tobytes())]),
            pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(points), self._inputs),
        ]
        try:
            # A list's elements take two levels besides; what can't be compressed grows by less than a hundredth.
            self._reserve(self.GROUP_OVERHEAD + (rows.nbytes + points.nbytes + points.size) * 101 // 100)
        except OSError as error:
            raise OutputFull(error.strerror or str(error)) from None
        self._writer.write_table(pyarrow.table(columns, schema=self._writer.schema), row_group_size=count)
        self.written += count

    def _finish(self, result: Count) -> None:
        network = result.network
        entries = {
            "polyregions": self._head(result),
            "polyregions.num_units": str(sum(network.pattern_sizes)),
            "polyregions.widths": json.dumps(list(network.pattern_sizes)),
        }
        self._writer.add_key_value_metadata(entries)
        self._writer.close()
        self._file.truncate(self._file.tell())

    def _close(self) -> None:
        self._patterns, self._points = [], []


class _Sink(io.RawIOBase):
    """An unbuffered file as pyarrow wants it: writes all or raises, and is not closed with the writer."""

    def __init__(self, file: BinaryIO) -> None:
        self._inner = file

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._inner.tell()

    def write(self, data: Any) -> int:
        write_all(self._inner, data)
        return memoryview(data).nbytes

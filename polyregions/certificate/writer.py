"""Writes a certificate while the count goes on; memory does not grow with the count."""

import hashlib
import json
import os
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from polyregions.certificate import encoding
from polyregions.certificate.encoding import Number, Token
from polyregions.definition import Definition
from polyregions.domain import Chart, Domain, Polytope
from polyregions.errors import PolyregionsError
from polyregions.network import Network
from polyregions.result import network_json, versions

__all__ = ["CertificateFileError", "Recorder", "UnsupportedCertificateError"]

MAGIC = b"polyregions certificate 1\n"

#: Bytes of tokens that are compressed together.
_CHUNK = 1 << 16
#: Bytes of tokens, or seconds, after which a process killed without warning loses nothing older.
_FLUSH_BYTES = 1 << 22
_FLUSH_SECONDS = 5.0
#: Higher levels save at most 4 per cent of the bytes and take up to a third of the time of a count by compiled cells.
_LEVEL = 1


class CertificateFileError(OSError, PolyregionsError):
    """The certificate's file could not be written; the message names it."""


class UnsupportedCertificateError(ValueError, PolyregionsError):
    """There are no certificates of such a count."""


class Recorder:
    """The certificate of one count, in a file that gets its name when it is complete.

    The methods are called in the order of the tree, the positive half of a split first. After a full disk or another
    failure to write they do nothing, and ``error`` says what happened.

    Parameters
    ----------
    path : path to a file
        Until :meth:`close`, the file is called that with ".partial" after it.
    network : Network
    domain : Domain
    definition : Definition
    chart : Chart, optional
        The domain's, if it is known. The first tokens prove that of a polytope.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        network: Network,
        domain: Domain,
        definition: Definition = Definition.REGIONS,
        chart: Chart | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.error: CertificateFileError | None = None
        self.leaves = 0
        self._partial = self.path + ".partial"
        self._buffer = bytearray()
        self._zlib = zlib.compressobj(_LEVEL)
        self._digest = hashlib.sha256()
        self._pending = 0
        self._flushed = time.monotonic()
        self._file: BinaryIO | None = None
        self._header = MAGIC + _header(network, domain, definition)
        if isinstance(domain, Polytope):
            from polyregions.certificate.polytope_proof import polytope_proof

            self._buffer += polytope_proof(domain, chart or domain.chart(network.input_dimension))

    def open(self) -> None:
        """Create the file; before anything else is called.

        Raises
        ------
        CertificateFileError
            If that is not possible.
        """
        if os.path.isdir(self.path):
            raise CertificateFileError(f"{self.path}: the certificate cannot be written: it is a directory")
        try:
            self._file = open(self._partial, "wb")  # noqa: SIM115  # close() closes it
        except OSError as error:
            raise self._failure(error) from None
        self._write(self._header)
        if self.error is not None:
            raise self.error

    # -- what the tree does ------------------------------------------------------------------------------

    def settle(self, unit: int, state: int, rows: Sequence[int] = (), multipliers: Sequence[Number] = ()) -> None:
        """The unit of the current layer has this state on the whole cell.

        Parameters
        ----------
        rows : increasing indices of rows of the cell
            The domain's first (``Restriction.rows``), then the splits on the path from the root.
        multipliers : positive numbers
            With r_i row i, that of a split being its unit's form with the sign of its half, and g the unit's form, in
            exact rationals: sup over the box of g + sum_i multiplier_i r_i is at most 0 (state 0), or that of
            -g + sum_i multiplier_i r_i (state 1). For patterns and state 1 it is negative, or a row is strict.
        """
        self._add(encoding.settle(unit, state, rows, multipliers))

    def split(self, unit: int) -> None:
        """The unit of the current layer is split; its positive half comes next."""
        self._add(encoding.split(unit))

    def enter_layer(self) -> None:
        """All units of the layer are settled or split: the cell enters the next one."""
        self._add(bytes([Token.LAYER]))

    def leaf(self, point: Sequence[Number]) -> None:
        """The cell is a region, and this is a point of it in chart coordinates; the last negative half comes next."""
        self.leaves += 1
        self._add(encoding.leaf(point))

    def tokens(self, data: bytes, leaves: int) -> None:
        """Many tokens at once, with so many leaves among them, as a compiled kernel makes them."""
        self.leaves += leaves
        self._add(data)

    def close(self, complete: bool) -> bool:
        """End the certificate, of all regions or of those so far, and give the file its name.

        Returns
        -------
        bool
            Whether the certificate is there; if not, ``error`` says why.
        """
        if self._file is None:
            return self.error is None
        self._add(encoding.end(self.leaves, complete))
        self._compress()
        self._write(self._zlib.flush())
        self._write(self._digest.digest())
        try:
            if self._file is not None:
                self._file.flush()
                self._file.close()
                self._file = None
                os.replace(self._partial, self.path)
        except OSError as error:
            self._failure(error)
        return self.error is None

    # -- bytes -------------------------------------------------------------------------------------------

    def _add(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= _CHUNK or time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self._compress()

    def _compress(self) -> None:
        self._pending += len(self._buffer)
        self._write(self._zlib.compress(self._buffer))
        self._buffer.clear()
        if self._pending > _FLUSH_BYTES or time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self._write(self._zlib.flush(zlib.Z_SYNC_FLUSH))
            self._pending = 0
            self._flushed = time.monotonic()
            try:
                if self._file is not None:
                    self._file.flush()
            except OSError as error:
                self._failure(error)

    def _write(self, data: bytes) -> None:
        if self._file is None:
            return
        self._digest.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            self._failure(error)

    def _failure(self, error: OSError) -> CertificateFileError:
        self.error = CertificateFileError(f"{self.path}: the certificate cannot be written: {error.strerror or error}")
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
        return self.error


def _header(network: Network, domain: Domain, definition: Definition) -> bytes:
    identity = network_json(network)
    identity["widths"] = identity.pop("hidden")
    header = {
        # Networks with linear units are beyond checkers of format 1, those with rational weights beyond format 2.
        "format": 3 if network.exact else 2 if network.linear else 1,
        "definition": definition.value,
        "network": identity,
        "domain": domain.to_json(),
        "versions": versions(),
    }
    return json.dumps(header).encode() + b"\n"

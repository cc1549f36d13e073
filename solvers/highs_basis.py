"""Simplex bases on HiGHS: the lazy form that HiGHS made, and the translation of codes both ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvers.protocol import BASIC, LOWER, NONBASIC, UPPER, ZERO, Basis, CodeArray

__all__ = ["NativeBasis", "encode_basis"]


class NativeBasis:
    """A HiGHS basis kept as HiGHS made it: decoding 784 codes costs more than a small LP."""

    __slots__ = ("native", "num_columns", "num_rows")

    def __init__(self, native: Any, num_columns: int, num_rows: int) -> None:
        self.native = native
        self.num_columns = num_columns
        self.num_rows = num_rows

    @property
    def column_status(self) -> CodeArray:
        """Codes of the columns, shape (n,), int8."""
        return _codes(self.native.col_status) if self.num_columns else np.zeros(0, dtype=np.int8)

    @property
    def row_status(self) -> CodeArray:
        """Codes of the rows, shape (m,), int8."""
        if not self.num_columns:
            return np.full(self.num_rows, BASIC, dtype=np.int8)
        return _codes(self.native.row_status)


_CODE = {"kLower": LOWER, "kBasic": BASIC, "kUpper": UPPER, "kZero": ZERO, "kNonbasic": NONBASIC}
_NAME = {code: name for name, code in _CODE.items()}


def _codes(codes: list[Any]) -> CodeArray:
    return np.array([_CODE[code.name] for code in codes], dtype=np.int8)


def encode_basis(basis: Basis, extra_rows: int) -> Any:
    """A `highspy.HighsBasis` equal to `basis`, with `extra_rows` more rows that are basic."""
    import highspy

    members = {code: getattr(highspy.HighsBasisStatus, name) for code, name in _NAME.items()}
    native = highspy.HighsBasis()
    native.col_status = [members[code] for code in basis.column_status.tolist()]
    native.row_status = [members[code] for code in basis.row_status.tolist()] + [members[BASIC]] * extra_rows
    native.valid = True
    native.alien = True  # HiGHS then repairs a basis that is singular or has a wrong number of basic entries
    return native

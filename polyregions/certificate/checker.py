"""The independent checker of certificates: Python's standard library, integers and fractions, nothing of the engine.

    python checker.py CERTIFICATE NETWORK.npz [--include-output]

works with this file and network_file.py beside it, and nothing else. docs/certificate.md has the format, and the proof
that an accepted certificate proves its number. Nothing here rounds: a float is the dyadic rational that it stores.
"""

import hashlib
import json
import math
import re
import struct
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import Any, BinaryIO

__all__ = ["CertificateError", "Verification", "check", "verify"]

MAGIC = b"polyregions certificate 1\n"
END, SPLIT, LAYER, LEAF, INACTIVE, ACTIVE = range(6)
#: Number lists: type byte -> struct code and size; type 3 is fractions.
FLOATS = {0: ("e", 2), 1: ("f", 4), 2: ("d", 8)}
FRACTIONS = 3
LONGEST_INTEGER = 1 << 16  # bytes
LONGEST_HEADER = 1 << 26
LONGEST_NUMBER = 4300  # digits in the header

#: A layer (W, b) in floats, an affine form in integers (coefficients, then constant), and a ratio.
Layer = tuple[Sequence[Sequence[float]], Sequence[float]]
Form = list[int]
Ratio = tuple[int, int]


class CertificateError(ValueError):
    """The certificate does not prove its claim; ``token`` is the number of the first wrong token, 0 in the header."""

    def __init__(self, reason: str, token: int, leaves: int) -> None:
        super().__init__(reason)
        self.token = token
        self.leaves = leaves


class _Rejected(Exception):
    """Why, before it is known at which token."""


@dataclass(frozen=True)
class Verification:
    """What a certificate proves.

    If ``valid``, the network has ``count`` regions over ``domain`` (``scope`` "both"), or at least so many ("lower").
    If not, ``reason`` says why, and nothing is proven but that there are ``leaves`` regions.
    """

    valid: bool
    reason: str | None
    count: int | None
    scope: str | None
    leaves: int
    proofs: int
    tokens: int
    seconds: float
    domain: dict[str, Any] | None = None
    network: dict[str, Any] | None = None


def verify(path: Any, layers: Sequence[Layer], include_output: bool = False, domain: Any = None) -> Verification:
    """As :func:`check`, a rejected certificate as a value; OSError if the file cannot be read."""
    start = time.monotonic()
    try:
        return check(path, layers, include_output, domain)
    except CertificateError as error:
        seconds = time.monotonic() - start
        return Verification(False, str(error), None, None, error.leaves, 0, error.token, seconds)


def check(path: Any, layers: Sequence[Layer], include_output: bool = False, domain: Any = None) -> Verification:
    """Check a certificate against a network, and against a domain's JSON if one is given.

    Raises
    ------
    CertificateError
        If the certificate does not prove its claim.
    """
    start = time.monotonic()
    tree = None
    try:
        with open(path, "rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise _Rejected("this is not a polyregions certificate of version 1")
            header = _header(file.readline(LONGEST_HEADER))
            network = _identity(layers, include_output)
            _compare(header, network, domain)
            problem = _Problem(layers if include_output else layers[:-1], header["domain"], network["inputs"])
            tree = _Tree(problem, _Tokens(file))
            count, scope = tree.walk()
            tree.tokens.finish()
            _compare_digest(file)
    except _Rejected as error:
        where = f"token {tree.token}" if tree else "header"
        raise CertificateError(f"{where}: {error}", tree.token if tree else 0, tree.leaves if tree else 0) from None
    seconds = time.monotonic() - start
    return Verification(
        True, None, count, scope, tree.leaves, tree.proofs, tree.token, seconds, header["domain"], network
    )


# -- header and domain -------------------------------------------------------------------------------------------


def _header(line: bytes) -> dict[str, Any]:
    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key occurs twice")
        return dict(pairs)

    def short(text: str) -> int:
        if len(text) > LONGEST_NUMBER:
            raise ValueError("a number is too long")
        return int(text)

    if not line.endswith(b"\n"):
        raise _Rejected("the file ends in the header, or the header is too long")
    try:
        header = json.loads(line, object_pairs_hook=distinct, parse_int=short)
    except (ValueError, RecursionError) as error:
        raise _Rejected(f"the second line is no JSON object: {error}") from None
    if not isinstance(header, dict) or not isinstance(header.get("domain"), dict):
        raise _Rejected("the second line is no JSON object with a domain")
    return header


def _identity(layers: Sequence[Layer], include_output: bool) -> dict[str, Any]:
    """What identifies the network: its shape and a digest of its weights."""
    digest = hashlib.sha256(f"polyregions network 1 {int(include_output)}\n".encode())
    for weights, biases in layers:
        digest.update(f"{len(weights)} {len(weights[0])}\n".encode())
        for values in (*weights, biases):
            digest.update(struct.pack(f"<{len(values)}d", *(value + 0.0 for value in values)))  # -0.0 is 0.0
    widths = [len(biases) for _, biases in layers]
    return {
        "inputs": len(layers[0][0][0]),
        "widths": widths if include_output else widths[:-1],
        "include_output": include_output,
        "sha256": digest.hexdigest(),
    }


def _compare(header: dict[str, Any], network: dict[str, Any], domain: Any) -> None:
    if header.get("format") != 1 or header.get("definition") != "regions":
        raise _Rejected('this checker knows "format": 1 and "definition": "regions" only')
    if not isinstance(header.get("network"), dict):
        raise _Rejected("there is no network")
    for key, value in network.items():
        if header["network"].get(key) != value:
            raise _Rejected(f"the certificate is of another network: its {key} differs")
    if domain is not None and header["domain"] != domain:
        raise _Rejected("the certificate is of another domain")


def _number(value: Any) -> Fraction:
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER and re.fullmatch(r"-?[0-9]+(/0*[1-9][0-9]*)?", value):
        return Fraction(value)
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return Fraction(value)
    raise _Rejected("the domain holds something else than numbers, or too long ones")


def _vector(value: Any, length: int) -> list[Fraction]:
    if not isinstance(value, list) or len(value) != length:
        raise _Rejected(f"the domain needs lists of {length} numbers")
    return [_number(entry) for entry in value]


def _chart(domain: dict[str, Any], inputs: int) -> tuple[list[Fraction], list[dict[int, Fraction]], list[Any]]:
    """The domain as x = origin + sum_j t_j columns_j, with the box (lower_j, upper_j) of t_j."""
    if set(domain) == {"lower", "upper"}:
        ends = []
        for name in ("lower", "upper"):
            value = domain[name]
            ends.append(_vector(value, inputs) if isinstance(value, list) else [_number(value)] * inputs)
        if any(low > high for low, high in zip(*ends, strict=True)):
            raise _Rejected("the domain is empty")
        free = [i for i, (low, high) in enumerate(zip(*ends, strict=True)) if low < high]
        origin = [low if low == high else Fraction(0) for low, high in zip(*ends, strict=True)]
        return origin, [{i: Fraction(1)} for i in free], [(ends[0][i], ends[1][i]) for i in free]
    if set(domain) == {"segment"} and isinstance(domain["segment"], list) and len(domain["segment"]) == 2:
        origin, end = (_vector(point, inputs) for point in domain["segment"])
        vectors = [[b - a for a, b in zip(origin, end, strict=True)]]
    elif (
        set(domain) == {"plane"} and isinstance(domain["plane"], dict) and set(domain["plane"]) == {"origin", "u", "v"}
    ):
        origin, *vectors = (_vector(domain["plane"][name], inputs) for name in ("origin", "u", "v"))
    else:
        raise _Rejected("the domain is no box, segment or plane")
    pivot = next((i for i, value in enumerate(vectors[0]) if value), None)
    if pivot is None or any(
        all(vectors[0][pivot] * b == other[pivot] * a for a, b in zip(vectors[0], other, strict=True))
        for other in vectors[1:]
    ):
        raise _Rejected("the domain has fewer dimensions than its name says")
    columns = [{i: value for i, value in enumerate(vector) if value} for vector in vectors]
    return origin, columns, [(Fraction(0), Fraction(1))] * len(columns)


class _Problem:
    """The network over chart coordinates t, in integers.

    The first layer's forms are ``first[i] / scale``. Where they are fewer than the coordinates, all other forms are
    kept as combinations of them and expanded when a proof needs t.
    """

    def __init__(self, layers: Sequence[Layer], domain: dict[str, Any], inputs: int) -> None:
        origin, columns, box = _chart(domain, inputs)
        self.dimension = len(columns)
        self.layers = [_integers([[*row, b] for row, b in zip(*layer, strict=True)]) for layer in layers]
        self.widths = [len(rows) for rows, _ in self.layers]
        self.unit = math.lcm(*(bound.denominator for pair in box for bound in pair))
        self.box = [(int(low * self.unit), int(high * self.unit)) for low, high in box]
        self.first: list[Form] = []
        self.scale = 1
        if layers:
            q = math.lcm(*(v.denominator for v in origin), *(v.denominator for c in columns for v in c.values()))
            sparse = [[(i, int(v * q)) for i, v in column.items()] for column in columns]
            fixed = [(i, int(v * q)) for i, v in enumerate(origin) if v]
            rows, denominator = self.layers[0]
            for row in rows:
                constant = row[-1] * q + sum(row[i] * v for i, v in fixed)
                self.first.append([*(sum(row[i] * v for i, v in column) for column in sparse), constant])
            self.scale = denominator * q
        self.reduced = bool(layers) and self.widths[0] < self.dimension
        self.columns = list(zip(*self.first, strict=True))

    def enter(self, layer: int, rows: list[Form], scale: int, states: Sequence[int]) -> tuple[list[Form], int]:
        """The forms of a layer, and their scale, from those of the layer before and its states."""
        if layer == 0:
            n = self.widths[0]
            identity = [[int(i == j) for j in range(n + 1)] for i in range(n)]
            return (identity if self.reduced else self.first), self.scale
        active = [i for i, state in enumerate(states) if state]
        columns = [[rows[i][j] for i in active] for j in range(len(rows[0]))]
        weights, denominator = self.layers[layer]
        result = []
        for row in weights:
            chosen = [row[i] for i in active]
            form = [sum(map(mul, chosen, column)) for column in columns]
            form[-1] += row[-1] * scale
            result.append(form)
        return result, scale * denominator

    def expand(self, form: Form) -> Form:
        if not self.reduced:
            return form
        result = [sum(map(mul, form, column)) for column in self.columns]
        result[-1] += form[-1]
        return result

    def peak_sign(self, form: Form) -> int:
        """A number of the sign of the form's largest value on the closed box."""
        *a, constant = self.expand(form)
        return constant * self.unit + sum(
            v * (high if v > 0 else low) for v, (low, high) in zip(a, self.box, strict=True)
        )

    def homogeneous(self, point: list[Ratio]) -> list[int] | None:
        """A positive multiple of (t, 1), or of (first layer's forms, 1); None unless t is in the open box."""
        common = math.lcm(*(q for _, q in point))
        t = [p * (common // q) for p, q in point]
        for value, (low, high) in zip(t, self.box, strict=True):
            if not low * common < value * self.unit < high * common:
                return None
        t.append(common)
        return [*(sum(map(mul, form, t)) for form in self.first), common] if self.reduced else t


def _integers(rows: list[list[float]]) -> tuple[list[Form], int]:
    ratios = [[value.as_integer_ratio() for value in row] for row in rows]
    common = max(q for row in ratios for _, q in row)  # powers of two
    return [[p * (common // q) for p, q in row] for row in ratios], common


# -- the tree ----------------------------------------------------------------------------------------------------


class _Tree:
    """The walk over the tokens: the current cell, and the negative halves that still wait."""

    def __init__(self, problem: _Problem, tokens: "_Tokens") -> None:
        self.problem = problem
        self.tokens = tokens
        self.token = self.leaves = self.proofs = 0

    def walk(self) -> tuple[int, str]:
        problem, tokens = self.problem, self.tokens
        depth = len(problem.widths)
        layer = 0
        rows, scale = problem.enter(0, [], 1, ()) if depth else ([], 1)
        states = [-1] * len(rows)  # -1: not known yet
        left = len(states)
        path: list[tuple[Form, int]] = []  # the splits from the root, as forms >= 0 with their scales
        waiting: list[Any] = []
        complete = False
        while True:
            self.token += 1
            kind = tokens.byte()
            if kind == END:
                return self._end(complete)
            if complete:
                raise _Rejected("the tree was complete already")
            if kind in (INACTIVE, ACTIVE, SPLIT):
                unit = tokens.varint()
                if unit >= len(states) or states[unit] >= 0:
                    raise _Rejected(f"the layer has no undecided unit {unit}")
                left -= 1
                if kind == SPLIT:
                    waiting.append((layer, rows, scale, states.copy(), left, len(path), unit))
                    path.append((rows[unit], scale))
                    states[unit] = 1
                else:
                    self._prove(rows[unit], scale, kind == ACTIVE, path)
                    states[unit] = int(kind == ACTIVE)
            elif left:
                raise _Rejected(f"{left} units of layer {layer + 1} are neither settled nor split")
            elif kind == LAYER:
                layer += 1
                if layer >= depth:
                    raise _Rejected("there is no further layer")
                rows, scale = problem.enter(layer, rows, scale, states)
                states = [-1] * len(rows)
                left = len(states)
            elif kind == LEAF:
                if layer + 1 < depth:
                    raise _Rejected("a leaf before the last layer")
                self._witness(path)
                self.leaves += 1
                if waiting:
                    layer, rows, scale, states, left, length, unit = waiting.pop()
                    path[length:] = [([-value for value in rows[unit]], scale)]
                    states[unit] = 0
                else:
                    complete = True
            else:
                raise _Rejected(f"there is no token of kind {kind}")

    def _prove(self, form: Form, scale: int, active: bool, path: list[tuple[Form, int]]) -> None:
        """Accept if sup_box (+-g + sum_i multiplier_i row_i) <= 0, forms and rows without their scales."""
        count, last = self.tokens.varint(), -1
        if count > len(path):
            raise _Rejected("a proof has more multipliers than the path has rows")
        indices = [self.tokens.varint() for _ in range(count)]
        multipliers = self.tokens.numbers(count) if count else []
        common = math.lcm(*(q for _, q in multipliers))
        total = [(-common if active else common) * value for value in form]
        for index, (p, q) in zip(indices, multipliers, strict=True):
            if not last < index < len(path):
                raise _Rejected("a proof's rows are not on the path, or not in increasing order")
            if p <= 0:
                raise _Rejected("a multiplier is not positive")
            last = index
            row, row_scale = path[index]
            factor = p * (common // q) * (scale // row_scale)  # a row's scale divides those of later layers
            total = [value + factor * other for value, other in zip(total, row, strict=True)]
        if self.problem.peak_sign(total) > 0:
            raise _Rejected(f"the multipliers do not prove the unit {'active' if active else 'inactive'}")
        self.proofs += 1

    def _witness(self, path: list[tuple[Form, int]]) -> None:
        point = self.problem.homogeneous(self.tokens.numbers(self.problem.dimension))
        if point is None:
            raise _Rejected("the witness is not inside the domain")
        for index, (row, _) in enumerate(path):
            if sum(map(mul, row, point)) <= 0:
                raise _Rejected(f"the witness is on the wrong side of split {index}")

    def _end(self, complete: bool) -> tuple[int, str]:
        count, scope = self.tokens.varint(), self.tokens.byte()
        if scope > 1:
            raise _Rejected(f"there is no scope {scope}")
        if scope == 1 and not complete:
            raise _Rejected('the tree has open cells, but the scope is "both"')
        if count != self.leaves:
            raise _Rejected(f"the count is said to be {count}, but there are {self.leaves} leaves")
        return count, "both" if scope else "lower"


class _Tokens:
    """The tokens, decompressed as they are needed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._zlib = zlib.decompressobj()
        self._buffer = b""
        self._position = 0

    def take(self, size: int) -> bytes:
        end = self._position + size
        while end > len(self._buffer):
            more = self._more()
            if not more:
                raise _Rejected("the tokens end here without an END")
            self._buffer = self._buffer[self._position :] + more
            self._position, end = 0, size
        taken = self._buffer[self._position : end]
        self._position = end
        return taken

    def _more(self) -> bytes:
        """Some more bytes; none at the end of the compressed stream."""
        more = b""
        while not more and not self._zlib.eof:
            data = self._zlib.unconsumed_tail or self._file.read(1 << 16)
            try:
                more = self._zlib.decompress(data, 1 << 18)
            except zlib.error as error:
                raise _Rejected(f"the compressed tokens are damaged: {error}") from None
            if not data and not more:
                raise _Rejected("the file ends here: a partial certificate, of a count that was killed or is going on")
        return more

    def finish(self) -> None:
        """After END: the file may hold nothing but its digest; leave the file there."""
        if self._position < len(self._buffer) or self._more():
            raise _Rejected("more tokens follow the END")
        self._file.seek(-len(self._zlib.unused_data), 1)

    def byte(self) -> int:
        return self.take(1)[0]

    def varint(self) -> int:
        """An unsigned LEB128 integer of at most 9 bytes."""
        value = 0
        for shift in range(0, 63, 7):
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise _Rejected("an integer is too long")

    def integer(self) -> int:
        size = self.varint()
        if size > LONGEST_INTEGER:
            raise _Rejected("an integer is too long")
        return int.from_bytes(self.take(size), "little", signed=True)

    def numbers(self, count: int) -> list[Ratio]:
        kind = self.byte()
        if kind in FLOATS:
            code, size = FLOATS[kind]
            values = struct.unpack(f"<{count}{code}", self.take(count * size))
            if not all(map(math.isfinite, values)):
                raise _Rejected("a number is infinite or no number")
            return [value.as_integer_ratio() for value in values]
        if kind != FRACTIONS:
            raise _Rejected(f"there is no list of numbers of type {kind}")
        ratios = [(self.integer(), self.integer()) for _ in range(count)]
        if any(q <= 0 for _, q in ratios):
            raise _Rejected("a denominator is not positive")
        return ratios


def _compare_digest(file: BinaryIO) -> None:
    """The rest of the file must be the SHA-256 of all that is before it."""
    left, stored = file.tell(), file.read(33)
    file.seek(0)
    digest = hashlib.sha256()
    while left:
        data = file.read(min(left, 1 << 20))
        digest.update(data)
        left -= len(data) or left
    if stored != digest.digest():
        raise _Rejected("the file's digest is wrong: it was changed or damaged")


# -- use as a program ---------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Check one certificate; 0 if it is valid, 1 if not, 2 if a file cannot be read."""
    from network_file import NetworkFileError, read_npz  # type: ignore[import-not-found]  # beside this file

    files = [argument for argument in arguments if argument != "--include-output"]
    if len(files) != 2:
        print("usage: checker.py CERTIFICATE NETWORK.npz [--include-output]", file=sys.stderr)
        return 2
    try:
        result = verify(files[0], read_npz(files[1]), len(files) < len(arguments))
    except (OSError, NetworkFileError) as error:
        print(error, file=sys.stderr)
        return 2
    if not result.valid:
        print(f"REJECTED: {result.reason}")
        return 1
    print(f"valid: {'at least ' if result.scope == 'lower' else ''}{result.count} regions over {result.domain}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

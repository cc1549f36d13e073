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
END, SPLIT, LAYER, LEAF, INACTIVE, ACTIVE, HULL, UPPER, LOWER = range(9)
#: What a leaf of the tree is, in the words of people.
NAMES = {"regions": "regions", "patterns": "activation patterns"}
#: Number lists: type byte -> struct code and size; type 3 is fractions.
FLOATS = {0: ("e", 2), 1: ("f", 4), 2: ("d", 8)}
FRACTIONS = 3
LONGEST_INTEGER = 1 << 16  # bytes
LONGEST_HEADER = 1 << 26
LONGEST_NUMBER = 4300  # digits in the header

#: A layer (W, b) of floats or Fractions, or (W, b, linear): which units pass their pre-activation on, of either sign.
#: An affine form in integers (coefficients, then constant), and a ratio.
Layer = Sequence[Any]
Form = list[int]
Ratio = tuple[int, int]
Row = tuple[Form, int, bool]


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

    If ``valid``, the network has ``count`` regions, or activation patterns, as ``definition`` says, over ``domain``
    (``scope`` "both"), or at least so many ("lower"). If not, ``reason`` says why, and nothing is proven but that
    there are ``leaves``.
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
    definition: str | None = None


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
    tokens = tree = None
    try:
        with open(path, "rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise _Rejected("this is not a polyregions certificate of version 1")
            header = _header(file.readline(LONGEST_HEADER))
            network = _identity(layers, include_output)
            _compare(header, network, _version(layers), domain)
            tokens = _Tokens(file)
            chart = _chart(header["domain"], network["inputs"], tokens)
            closed = header["definition"] == "patterns"
            tree = _Tree(_Problem(layers if include_output else layers[:-1], chart, closed), tokens)
            count, scope = tree.walk()
            tokens.finish()
            _compare_digest(file)
    except _Rejected as error:
        token = tokens.token if tokens else 0
        where = f"token {token}" if token else "header"
        raise CertificateError(f"{where}: {error}", token, tree.leaves if tree else 0) from None
    seconds = time.monotonic() - start
    claim = (header["domain"], network, header["definition"])
    return Verification(True, None, count, scope, tree.leaves, tree.proofs, tokens.token, seconds, *claim)


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


def _version(layers: Sequence[Layer]) -> int:
    """The format that a network needs: 1, or 2 with linear units, or 3 with weights that are no floats."""
    if any(type(v) is Fraction for weights, biases, *_ in layers for row in (*weights, biases) for v in row):
        return 3
    return 1 + any(any(_linear(layer)) for layer in layers[:-1])


def _identity(layers: Sequence[Layer], include_output: bool) -> dict[str, Any]:
    """What identifies the network: its shape and a digest of its weights."""
    masks = [_linear(layer) for layer in layers[:-1]]
    linear, version = any(map(any, masks)), _version(layers)
    digest = hashlib.sha256(f"polyregions network {version} {int(include_output)}\n".encode())
    for weights, biases, *_ in layers:
        digest.update(f"{len(weights)} {len(weights[0])}\n".encode())
        for values in (*weights, biases):
            if version == 3:
                ratios = [Fraction(value) for value in values]
                digest.update("".join(f"{v.numerator}/{v.denominator} " for v in ratios).encode())
                continue
            digest.update(struct.pack(f"<{len(values)}d", *(value + 0.0 for value in values)))  # -0.0 is 0.0
    widths = [len(biases) for _, biases, *_ in layers]
    identity = {
        "inputs": len(layers[0][0][0]),
        "widths": widths if include_output else widths[:-1],
        "include_output": include_output,
    }
    if linear:
        for mask in masks:
            digest.update(bytes(mask))
        identity["linear"] = [*map(sum, masks), *([0] * include_output)]
    return identity | {"sha256": digest.hexdigest()}


def _linear(layer: Layer) -> list[int]:
    """Per unit of a layer whether it is linear, 0 or 1."""
    mask = [int(bool(value)) for value in layer[2]] if len(layer) > 2 else [0] * len(layer[1])
    if len(mask) != len(layer[1]):
        raise _Rejected("the network's mask of linear units does not fit its layer")
    return mask


def _compare(header: dict[str, Any], network: dict[str, Any], version: int, domain: Any) -> None:
    if header.get("format") not in (1, 2, 3) or header.get("definition") not in (*NAMES,):
        raise _Rejected('this checker knows "format": 1 to 3 and "definition": "regions" or "patterns" only')
    if header["format"] != version:
        raise _Rejected(f"the certificate is of another network: this one's certificates have format {version}")
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


@dataclass(frozen=True)
class _Chart:
    """The domain in coordinates t: x = origin + sum_j t_j columns_j, with t in a box and on the inner side of walls.

    ``box`` holds the pairs (lower_j, upper_j); a wall is a form of t in integers that is not constant, at least 0 in
    the domain. ``rows``, the walls of two or more coordinates, are those that proofs of the tree may use.
    """

    origin: list[Fraction]
    columns: list[dict[int, Fraction]]
    box: list[tuple[Fraction, Fraction]]
    walls: Sequence[Form] = ()

    @property
    def rows(self) -> list[Form]:
        return [wall for wall in self.walls if sum(map(bool, wall[:-1])) > 1]


def _chart(domain: dict[str, Any], inputs: int, tokens: "_Tokens") -> _Chart:
    """The domain's coordinates; those of a polytope are proven by the first tokens."""
    if set(domain) == {"A", "b"}:
        return _polytope(domain, inputs, tokens)
    if set(domain) == {"lower", "upper"}:
        ends = []
        for name in ("lower", "upper"):
            value = domain[name]
            ends.append(_vector(value, inputs) if isinstance(value, list) else [_number(value)] * inputs)
        if any(low > high for low, high in zip(*ends, strict=True)):
            raise _Rejected("the domain is empty")
        free = [i for i, (low, high) in enumerate(zip(*ends, strict=True)) if low < high]
        origin = [low if low == high else Fraction(0) for low, high in zip(*ends, strict=True)]
        return _Chart(origin, [{i: Fraction(1)} for i in free], [(ends[0][i], ends[1][i]) for i in free])
    if set(domain) == {"segment"} and isinstance(domain["segment"], list) and len(domain["segment"]) == 2:
        origin, end = (_vector(point, inputs) for point in domain["segment"])
        vectors = [[b - a for a, b in zip(origin, end, strict=True)]]
    elif (
        set(domain) == {"plane"} and isinstance(domain["plane"], dict) and set(domain["plane"]) == {"origin", "u", "v"}
    ):
        origin, *vectors = (_vector(domain["plane"][name], inputs) for name in ("origin", "u", "v"))
    else:
        raise _Rejected("the domain is no box, polytope, segment or plane")
    pivot = next((i for i, value in enumerate(vectors[0]) if value), None)
    if pivot is None or any(
        all(vectors[0][pivot] * b == other[pivot] * a for a, b in zip(vectors[0], other, strict=True))
        for other in vectors[1:]
    ):
        raise _Rejected("the domain has fewer dimensions than its name says")
    columns = [{i: value for i, value in enumerate(vector) if value} for vector in vectors]
    return _Chart(origin, columns, [(Fraction(0), Fraction(1))] * len(columns))


def _polytope(domain: dict[str, Any], inputs: int, tokens: "_Tokens") -> _Chart:
    """{x : A x <= b}: the rows that hold with equality solved for some coordinates, and bounds of the others."""
    if not isinstance(domain["A"], list):
        raise _Rejected("the polytope's A is no list of rows")
    matrix = [_vector(row, inputs) for row in domain["A"]]
    right = _vector(domain["b"], len(matrix))
    if tokens.kind() != HULL:
        raise _Rejected("the tokens of a polytope begin with its hull")
    weights = {i: Fraction(p, q) for i, p, q in tokens.multipliers(len(matrix))}
    # If sum_i weight_i (b_i - a_i x), each term of which is >= 0, is nowhere positive, then each of them is 0.
    if any(sum(w * matrix[i][j] for i, w in weights.items()) for j in range(inputs)) or (
        sum(w * right[i] for i, w in weights.items()) > 0
    ):
        raise _Rejected("the multipliers do not prove that their rows hold with equality")
    solved = _solve([[*matrix[i], right[i]] for i in weights], tokens.indices(tokens.varint(), inputs))
    free = [j for j in range(inputs) if j not in solved]
    origin = [solved[k][-1] if k in solved else Fraction(0) for k in range(inputs)]
    columns = [{j: Fraction(1), **{k: -row[j] for k, row in solved.items() if row[j]}} for j in free]
    forms, walls = [], []
    for row, bound in zip(matrix, right, strict=True):
        form = [-sum((row[i] * v for i, v in column.items()), Fraction(0)) for column in columns]
        form.append(bound - sum(map(mul, row, origin), Fraction(0)))
        forms.append(form)
        if any(form[:-1]):
            q = math.lcm(*(v.denominator for v in form))
            walls.append([int(v * q) for v in form])
        elif form[-1] < 0:
            raise _Rejected("the domain is empty")
    return _Chart(origin, columns, _bounds(forms, len(free), tokens), walls)


def _solve(equations: list[list[Fraction]], dependent: Sequence[int]) -> dict[int, list[Fraction]]:
    """Equations a.x = b, given as [a, b], solved for exactly these coordinates: 1 at its own, 0 at the rest."""
    solved: dict[int, list[Fraction]] = {}
    for k in dependent:
        pivot = next((row for row in equations if row[k]), None)
        if pivot is None:
            raise _Rejected(f"the rows that hold with equality do not determine coordinate {k}")
        solution = [value / pivot[k] for value in pivot]

        def reduced(row: list[Fraction], k: int = k, solution: list[Fraction] = solution) -> list[Fraction]:
            return [value - row[k] * other for value, other in zip(row, solution, strict=True)] if row[k] else row

        equations = [reduced(row) for row in equations]  # the pivot's own becomes 0
        solved = {j: reduced(row) for j, row in solved.items()} | {k: solution}
    if any(any(row) for row in equations):
        raise _Rejected("the rows that hold with equality determine more coordinates than are said to be dependent")
    return solved


def _bounds(forms: list[list[Fraction]], dimension: int, tokens: "_Tokens") -> list[tuple[Fraction, Fraction]]:
    """Bounds of all coordinates where the forms are >= 0, each by a combination of forms and of bounds before it."""
    lower: list[Any] = [None] * dimension
    upper: list[Any] = [None] * dimension
    while None in lower or None in upper:
        kind = tokens.kind()
        if kind not in (UPPER, LOWER):
            raise _Rejected("the polytope's bounds are not complete")
        sign = 1 if kind == UPPER else -1
        j = tokens.varint()
        if j >= dimension:
            raise _Rejected(f"the domain has no coordinate {j}")
        total = [Fraction(sign * (i == j)) for i in range(dimension + 1)]
        for i, p, q in tokens.multipliers(len(forms)):
            total = [value + Fraction(p, q) * other for value, other in zip(total, forms[i], strict=True)]
        peak = total.pop()
        for value, low, high in zip(total, lower, upper, strict=True):
            end = high if value > 0 else low
            if value and end is None:
                raise _Rejected(f"the multipliers give coordinate {j} no bound")
            peak += value * end if value else 0
        (upper if kind == UPPER else lower)[j] = sign * peak
    return list(zip(lower, upper, strict=True))


class _Problem:
    """The network over chart coordinates t, in integers.

    The first layer's forms are ``first[i] / scale``. Where they are fewer than the coordinates, and the domain has no
    rows over those, all other forms are kept as combinations of them and expanded when a proof needs t. ``closed``:
    cells are sets of the closed domain in which inactive units may be 0 (activation patterns), rather than open.
    """

    def __init__(self, layers: Sequence[Layer], chart: _Chart, closed: bool) -> None:
        origin, columns, box = chart.origin, chart.columns, chart.box
        self.dimension = len(columns)
        self.walls = chart.walls
        self.closed = closed
        #: A path before its first split: forms with their scales, and whether they are > 0 in the cell or only >= 0.
        self.path: list[Row] = [(row, 1, not closed) for row in chart.rows]
        self.layers = [_integers([[*row, b] for row, b in zip(*layer[:2], strict=True)]) for layer in layers]
        #: The states of each layer's units as the layer is entered: 1 for linear ones, which have no other.
        self.entered = [[1 if passes else -1 for passes in _linear(layer)] for layer in layers]
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
        self.reduced = bool(layers) and self.widths[0] < self.dimension and not self.path
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
        """A positive multiple of (t, 1), or of (first layer's forms, 1); None unless t is in the domain, or inside."""
        common = math.lcm(*(q for _, q in point))
        t = [p * (common // q) for p, q in point]
        for value, (low, high) in zip(t, self.box, strict=True):
            if not low * common < value * self.unit < high * common and not (
                self.closed and low * common <= value * self.unit <= high * common
            ):
                return None
        t.append(common)
        if any(value < 0 or (value == 0 and not self.closed) for value in (sum(map(mul, w, t)) for w in self.walls)):
            return None
        return [*(sum(map(mul, form, t)) for form in self.first), common] if self.reduced else t


def _integers(rows: list[list[float]]) -> tuple[list[Form], int]:
    ratios = [[value.as_integer_ratio() for value in row] for row in rows]
    common = math.lcm(*{q for row in ratios for _, q in row})
    return [[p * (common // q) for p, q in row] for row in ratios], common


# -- the tree ----------------------------------------------------------------------------------------------------


class _Tree:
    """The walk over the tokens: the current cell, and the negative halves that still wait."""

    def __init__(self, problem: _Problem, tokens: "_Tokens") -> None:
        self.problem = problem
        self.tokens = tokens
        self.leaves = self.proofs = 0

    def walk(self) -> tuple[int, str]:
        problem, tokens = self.problem, self.tokens
        depth = len(problem.widths)
        layer = 0
        rows, scale = problem.enter(0, [], 1, ()) if depth else ([], 1)
        states = problem.entered[0].copy() if depth else []  # -1: not known yet
        left = states.count(-1)
        path = problem.path.copy()  # the rows of the domain, then the splits from the root
        waiting: list[Any] = []
        complete = False
        while True:
            kind = tokens.kind()
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
                    path.append((rows[unit], scale, True))
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
                states = problem.entered[layer].copy()
                left = states.count(-1)
            elif kind == LEAF:
                if layer + 1 < depth:
                    raise _Rejected("a leaf before the last layer")
                self._witness(path)
                self.leaves += 1
                if waiting:
                    layer, rows, scale, states, left, length, unit = waiting.pop()
                    path[length:] = [([-value for value in rows[unit]], scale, not problem.closed)]
                    states[unit] = 0
                else:
                    complete = True
            else:
                raise _Rejected(f"there is no token of kind {kind}")

    def _prove(self, form: Form, scale: int, active: bool, path: list[Row]) -> None:
        """Accept if sup_box (+-g + sum_i multiplier_i row_i) <= 0, forms and rows without their scales.

        Where inactive units may be 0, an active one must be proven positive: the bound is < 0, or a row is > 0.
        """
        multipliers = self.tokens.multipliers(len(path))
        common = math.lcm(*(q for _, _, q in multipliers))
        total = [(-common if active else common) * value for value in form]
        positive = not (active and self.problem.closed)
        for index, p, q in multipliers:
            row, row_scale, strict = path[index]
            positive = positive or strict
            factor = p * (common // q) * (scale // row_scale)  # a row's scale divides those of later layers
            total = [value + factor * other for value, other in zip(total, row, strict=True)]
        peak = self.problem.peak_sign(total)
        if peak > 0 or (peak == 0 and not positive):
            raise _Rejected(f"the multipliers do not prove the unit {'active' if active else 'inactive'}")
        self.proofs += 1

    def _witness(self, path: list[Row]) -> None:
        point = self.problem.homogeneous(self.tokens.numbers(self.problem.dimension))
        if point is None:
            raise _Rejected("the witness is not inside the domain")
        for index, (row, _, strict) in enumerate(path):
            value = sum(map(mul, row, point))
            if value < 0 or (value == 0 and strict):
                raise _Rejected(f"the witness is on the wrong side of row {index}")

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
        self.token = 0

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

    def kind(self) -> int:
        """The first byte of the next token."""
        self.token += 1
        return self.byte()

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

    def indices(self, count: int, limit: int) -> list[int]:
        """So many increasing integers below the limit."""
        if count > limit:
            raise _Rejected(f"{count} indices, but there are only {limit} to choose from")
        result = [self.varint() for _ in range(count)]
        if any(not last < index < limit for last, index in zip([-1, *result], result, strict=False)):
            raise _Rejected("indices are too large, or not in increasing order")
        return result

    def multipliers(self, rows: int) -> list[tuple[int, int, int]]:
        """Triples (row, p, q): the row's multiplier p / q > 0; rows increase."""
        indices = self.indices(self.varint(), rows)
        ratios = self.numbers(len(indices)) if indices else []
        if any(p <= 0 for p, _ in ratios):
            raise _Rejected("a multiplier is not positive")
        return [(index, p, q) for index, (p, q) in zip(indices, ratios, strict=True)]


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
    at_least, name = "at least " * (result.scope == "lower"), NAMES[str(result.definition)]
    print(f"valid: {at_least}{result.count} {name} over {result.domain}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

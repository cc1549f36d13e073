"""VNN-LIB 1.0 properties (.vnnlib): the boxes of inputs that they are about. https://www.vnnlib.org

A property constrains inputs X_0, X_1, ... and outputs Y_0, Y_1, ...; what it says of outputs plays no part in counting
regions, and is passed over. What it says of inputs must be bounds, joined by "and" and "or": one box, or a union of
them. Decimals are taken as they are written, 0.1 being one tenth.
"""

import os
import re
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

from polyregions.domain import Box
from polyregions.errors import DomainError, FormatError, UnboundedDomainError
from polyregions.exact.numbers import as_fraction

__all__ = ["load_vnnlib", "vnnlib_boxes"]

#: A bound on an input: its number, whether it is an upper one, and the value.
_Bound = tuple[int, bool, Fraction]

_TOKEN = re.compile(r"[()]|\|[^|]*\||[^\s()|]+")
_MOST_CASES = 10_000
_DEEPEST = 100


def load_vnnlib(path: str | os.PathLike[str]) -> Box:
    """The box of inputs that a property is about.

    Raises
    ------
    FormatError
        If the file cannot be read, or says something else of the inputs; the message quotes it.
    UnboundedDomainError
        If an input lacks a bound.
    DomainError
        If there are several boxes: count over each of :func:`vnnlib_boxes`.
    """
    boxes = vnnlib_boxes(path)
    if len(boxes) > 1:
        raise DomainError(
            f"{path}: the property is about {len(boxes)} boxes of inputs; one domain is needed: count over each of "
            "polyregions.formats.vnnlib.vnnlib_boxes(path) in Python, or write each to a file of its own"
        )
    return boxes[0]


def vnnlib_boxes(path: str | os.PathLike[str]) -> list[Box]:
    """The boxes of inputs that a property is about, each once, in the file's order.

    Raises as :func:`load_vnnlib`, but for several boxes.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".vnnlib") as file:
    ...     length = file.write("(declare-const X_0 Real) (assert (>= X_0 -0.5)) (assert (<= X_0 0.1))")
    ...     file.flush()
    ...     vnnlib_boxes(file.name)
    [Box([-0.5], [1/10])]
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise FormatError(f"{path}: not a text file in UTF-8") from None
    try:
        return _boxes(_expressions(re.sub(";[^\n]*", "", text)))
    except (FormatError, DomainError) as error:
        raise type(error)(f"{path}: {error}") from None


def _expressions(text: str) -> list[Any]:
    """The nested lists that a text of parentheses is."""
    stack: list[list[Any]] = [[]]
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "(":
            stack.append([])
            if len(stack) > _DEEPEST:
                raise FormatError(f"no VNN-LIB file: its parentheses are nested more than {_DEEPEST} deep")
        elif token != ")":
            stack[-1].append(token.strip("|"))
        elif len(stack) == 1:
            raise FormatError("no VNN-LIB file: a parenthesis is closed that was not opened")
        else:
            closed = stack.pop()
            stack[-1].append(closed)
    if len(stack) > 1:
        raise FormatError("no VNN-LIB file, or a damaged one: a parenthesis is not closed")
    return stack[0]


def _boxes(commands: list[Any]) -> list[Box]:
    count = 0
    asserted: list[list[tuple[_Bound, ...]]] = []
    for command in commands:
        match command:
            case ["declare-const" | "declare-fun", str(name), *_]:
                count += name.startswith("X_")
            case ["assert", expression]:
                asserted.append(_cases(expression))
            case ["set-logic" | "set-info" | "set-option" | "check-sat" | "get-model" | "exit", *_]:
                pass
            case _:
                raise FormatError(f"{_short(command)} is no command of VNN-LIB 1.0")
    if not count:
        raise FormatError("no VNN-LIB 1.0 file: it declares no input X_0")
    boxes: dict[Box, None] = {}
    for case in _both(asserted):
        bounds: list[list[Fraction | None]] = [[None, None] for _ in range(count)]
        for i, upper, value in case:
            if i >= count:
                raise FormatError(f"X_{i} is not declared; there are {count} inputs")
            known = bounds[i][upper]
            bounds[i][upper] = value if known is None else min(known, value) if upper else max(known, value)
        for i, pair in enumerate(bounds):
            for side, bound in zip(("lower", "upper"), pair, strict=True):
                if bound is None:
                    raise UnboundedDomainError(f"X_{i} has no {side} bound; give it one")
        boxes[Box(*zip(*bounds, strict=True))] = None
    return list(boxes)


def _cases(expression: Any) -> list[tuple[_Bound, ...]]:
    """An expression as alternatives, each a conjunction of bounds on inputs; what it says of outputs left out."""
    match expression:
        case ["and", *parts]:
            return _both([_cases(part) for part in parts])
        case ["or", *parts]:
            return list(dict.fromkeys(case for part in parts for case in _cases(part)))
        case ["<=" | ">=" | "<" | ">" as sign, left, right]:
            names = [name for name in _names([left, right]) if name.startswith("X_")]
            if not names:
                return [()]
            upper = sign[0] == "<"
            if isinstance(right, str) and right in names:
                left, right, upper = right, left, not upper
            if len(names) == 1 and left == names[0] and left[2:].isdigit():
                return [((int(left[2:]), upper, _number(right)),)]
    if any(name.startswith("X_") for name in _names(expression)):
        raise FormatError(f"{_short(expression)} is no bound of one input; only boxes of inputs are read")
    return [()]


def _both(parts: list[list[tuple[_Bound, ...]]]) -> list[tuple[_Bound, ...]]:
    total = 1
    for cases in parts:
        total *= len(cases)
        if total > _MOST_CASES:
            raise FormatError(f"its alternatives multiply to more than {_MOST_CASES:,} boxes")
    joined = (tuple(bound for case in chosen for bound in case) for chosen in product(*parts))
    return list(dict.fromkeys(joined))


def _names(expression: Any) -> list[str]:
    if isinstance(expression, str):
        return [expression]
    return [name for part in expression for name in _names(part)]


def _number(expression: Any) -> Fraction:
    try:
        match expression:
            case ["-", part]:
                return -_number(part)
            case ["/", above, below]:
                return _number(above) / _number(below)
        return as_fraction(expression)
    except (ValueError, ZeroDivisionError):
        raise FormatError(f"{_short(expression)} is no number") from None


def _short(expression: Any) -> str:
    def text(part: Any) -> str:
        return part if isinstance(part, str) else f"({' '.join(map(text, part))})"

    shown = text(expression)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."

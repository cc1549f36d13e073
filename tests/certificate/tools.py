"""Certificates taken apart and put together again, whatever they claim."""

import hashlib
import struct
import zlib
from fractions import Fraction
from typing import NamedTuple

import polyregions as pr
from polyregions.certificate import encoding
from polyregions.certificate.checker import verify
from polyregions.certificate.encoding import Token

_CODES = {0: ("e", 2), 1: ("f", 4), 2: ("d", 8)}


class Settle(NamedTuple):
    unit: int
    state: int
    rows: list
    multipliers: list


class Split(NamedTuple):
    unit: int


class Layer(NamedTuple):
    pass


class Leaf(NamedTuple):
    point: list


class Hull(NamedTuple):
    rows: list
    multipliers: list
    dependent: list


class Bound(NamedTuple):
    coordinate: int
    sign: int
    rows: list
    multipliers: list


class End(NamedTuple):
    count: int
    complete: int


def certified(network, domain, path, **options):
    """Count with a certificate, check it, and return both results."""
    count = pr.count(network, domain, certificate=path, **options)
    assert count.certificate == str(path)
    result = pr.verify(path, network, domain=domain)
    assert result.valid, result.reason
    assert result.count == result.leaves == count.lower
    assert result.scope == ("both" if count.status is pr.Status.EXACT else "lower")
    assert result.definition == count.definition.value
    assert not path.with_name(path.name + ".partial").exists()
    return count, result


def layers_of(network):
    return [(w.tolist(), b.tolist()) for w, b in zip(network.weights, network.biases, strict=True)]


def checked(data, network, path, domain=None):
    """The checker's verdict on these bytes."""
    path.write_bytes(data)
    return verify(path, layers_of(network), network.include_output, domain)


def unpack(data):
    """The two header lines, and the bytes of the tokens."""
    first, second, rest = data.split(b"\n", 2)
    return first + b"\n" + second + b"\n", zlib.decompress(rest[:-32])


def pack(head, tokens):
    body = head + zlib.compress(tokens, 1)
    return body + hashlib.sha256(body).digest()


def parse(data, dimension):
    """Token bytes as a list of tuples."""
    tokens, reader = [], _Reader(data)
    while reader.position < len(data):
        kind = Token(reader.byte())
        if kind in (Token.INACTIVE, Token.ACTIVE):
            tokens.append(Settle(reader.varint(), int(kind is Token.ACTIVE), *reader.proof()))
        elif kind is Token.SPLIT:
            tokens.append(Split(reader.varint()))
        elif kind is Token.LAYER:
            tokens.append(Layer())
        elif kind is Token.LEAF:
            tokens.append(Leaf(reader.numbers(dimension)))
        elif kind is Token.HULL:
            tokens.append(Hull(*reader.proof(), reader.varints()))
        elif kind in (Token.UPPER, Token.LOWER):
            tokens.append(Bound(reader.varint(), 1 if kind is Token.UPPER else -1, *reader.proof()))
        else:
            tokens.append(End(reader.varint(), reader.byte()))
    return tokens


def serialise(tokens):
    parts = []
    for token in tokens:
        match token:
            case Settle():
                parts.append(encoding.settle(*token))
            case Split():
                parts.append(encoding.split(token.unit))
            case Layer():
                parts.append(bytes([Token.LAYER]))
            case Leaf():
                parts.append(encoding.leaf(token.point))
            case Hull():
                parts.append(encoding.hull(*token))
            case Bound():
                parts.append(encoding.bound(*token))
            case End():
                parts.append(encoding.end(*token))
    return b"".join(parts)


def subtree_end(tokens, start):
    """One past the last token of the subtree that begins at ``start``."""
    waiting = 1
    for i in range(start, len(tokens)):
        waiting += isinstance(tokens[i], Split) - isinstance(tokens[i], Leaf)
        if not waiting:
            return i + 1
    return len(tokens)


class _Reader:
    def __init__(self, data):
        self.data = data
        self.position = 0

    def take(self, size):
        self.position += size
        return self.data[self.position - size : self.position]

    def byte(self):
        return self.take(1)[0]

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def varints(self):
        return [self.varint() for _ in range(self.varint())]

    def proof(self):
        rows = self.varints()
        return rows, self.numbers(len(rows)) if rows else []

    def integer(self):
        return int.from_bytes(self.take(self.varint()), "little", signed=True)

    def numbers(self, count):
        kind = self.byte()
        if kind in _CODES:
            code, size = _CODES[kind]
            return list(struct.unpack(f"<{count}{code}", self.take(count * size)))
        return [Fraction(self.integer(), self.integer()) for _ in range(count)]

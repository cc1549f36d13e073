"""Certificates changed in thousands of ways: none is accepted with a wrong count.

A mutation may survive where it still proves the same number, such as one multiplier less. What is tested is the number.
"""

import json
import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import polyregions as pr
from polyregions.certificate.checker import LONGEST_INTEGER
from polyregions.certificate.encoding import Token, end, varint
from polyregions.domain import domain_from_json
from polyregions.formats.builtin import load_demo_network
from tests.certificate.tools import (
    End,
    Layer,
    Leaf,
    Settle,
    Split,
    checked,
    pack,
    parse,
    serialise,
    subtree_end,
    unpack,
)
from tests.nets import all_known
from tests.strategies import of_known


def random_network(seed, *widths):
    generator = np.random.default_rng(seed)
    weights = [generator.standard_normal((m, n)) for n, m in pairwise(widths)]
    return pr.Network.from_arrays(weights, [0.3 * generator.standard_normal(len(w)) for w in weights])


def known(name):
    return of_known(next(net for net in all_known() if net.name == name))


class Subject:
    """A certificate, taken apart, with what is true of it."""

    def __init__(self, network, domain, path, **options):
        self.network, self.domain, self.path = network, domain, path
        self.true = int(pr.count(network, domain, cells="lp"))
        pr.count(network, domain, certificate=path, **options)
        self.data = path.read_bytes()
        self.head, self.bytes = unpack(self.data)
        self.dimension = domain.chart(network.input_dimension).dimension
        self.tokens = parse(self.bytes, self.dimension)
        assert serialise(self.tokens) == self.bytes
        assert pack(self.head, self.bytes)[-32:] != self.data[:32]

    def check(self, data):
        return checked(data, self.network, self.path)

    def survives(self, tokens, head=None):
        """Whether a changed tree is accepted; never with a wrong count."""
        data = tokens if isinstance(tokens, bytes) else serialise(tokens)
        result = self.check(pack(head or self.head, data))
        if result.valid:
            assert result.count == self.true if result.scope == "both" else result.count <= self.true
        else:
            assert result.reason.startswith(f"token {result.tokens}: " if result.tokens else "header: ")
            assert result.leaves <= self.true
        return result.valid


SUBJECTS = {
    "plain": lambda path: Subject(random_network(1, 2, 4, 3, 1), pr.Box(-1, 1), path),
    "few-forms": lambda path: Subject(random_network(2, 5, 3, 3, 1), pr.Box(-1, 1), path),
    "deep": lambda path: Subject(random_network(3, 2, 3, 3, 3, 1), pr.Box(-1, "1/3"), path),
    "ties": lambda path: Subject(*known("telgarsky_4"), path),
    "zero-bias": lambda path: Subject(
        pr.Network.from_arrays(
            [[[1.0, 1.0], [2.0, 2.0], [1.0, -1.0]], [[1.0, -2.0, 1.0], [1.0, 1.0, 1.0]]],
            [[0.0] * 3, [0.0] * 2],
            include_output=True,
        ),
        pr.Box(-1, 1),
        path,
    ),
    "plane": lambda path: Subject(
        load_demo_network(), pr.Plane([0] * 64, [1] * 64, [Fraction(i, 30) for i in range(64)]), path
    ),
    "stopped": lambda path: Subject(random_network(4, 3, 5, 4, 1), pr.Box(-1, 1), path, max_regions=20),
}


@pytest.fixture(scope="module", params=SUBJECTS)
def subject(request, tmp_path_factory):
    return SUBJECTS[request.param](tmp_path_factory.mktemp(request.param) / "cert")


# -- changes that mean something ---------------------------------------------------------------------------------


def places(tokens, kind):
    return [i for i, token in enumerate(tokens) if isinstance(token, kind)]


def replaced(tokens, place, *new, count=1):
    return [*tokens[:place], *new, *tokens[place + count :]]


def recounted(tokens, difference):
    """With so many more leaves claimed, if there is a claim."""
    if not tokens or not isinstance(tokens[-1], End):
        return tokens
    return replaced(tokens, len(tokens) - 1, End(max(0, tokens[-1].count + difference), tokens[-1].complete))


def drop_a_token(rng, tokens):
    return replaced(tokens, rng.randrange(len(tokens)))


def repeat_a_token(rng, tokens):
    place = rng.randrange(len(tokens))
    return replaced(tokens, place, tokens[place], tokens[place])


def swap_neighbours(rng, tokens):
    place = rng.randrange(len(tokens) - 1)
    return replaced(tokens, place, tokens[place + 1], tokens[place], count=2)


def settle_instead_of_split(rng, tokens):
    """Drop one half of a split, and claim its unit settled."""
    place = rng.choice(places(tokens, Split))
    middle = subtree_end(tokens, place + 1)
    last = subtree_end(tokens, middle)
    keep_first = rng.random() < 0.5
    kept = tokens[place + 1 : middle] if keep_first else tokens[middle:last]
    dropped = tokens[middle:last] if keep_first else tokens[place + 1 : middle]
    donor = rng.choice(places(tokens, Settle)) if places(tokens, Settle) else None
    proof = tokens[donor] if donor is not None and rng.random() < 0.7 else Settle(0, 0, [], [])
    new = [proof._replace(unit=tokens[place].unit, state=int(keep_first)), *kept]
    result = [*tokens[:place], *new, *tokens[last:]]
    leaves = sum(isinstance(token, Leaf) for token in dropped)
    return recounted(result, -leaves)


def split_instead_of_settle(rng, tokens):
    """Count a cell twice: split it by a hyperplane that misses it."""
    place = rng.choice(places(tokens, Settle))
    last = subtree_end(tokens, place)
    below = tokens[place + 1 : last]
    result = [*tokens[:place], Split(tokens[place].unit), *below, *below, *tokens[last:]]
    leaves = sum(isinstance(token, Leaf) for token in below)
    return recounted(result, leaves)


def drop_a_half(rng, tokens):
    place = rng.choice(places(tokens, Split))
    middle = subtree_end(tokens, place + 1)
    return [*tokens[: place + 1], *tokens[middle:]]


def swap_halves(rng, tokens):
    place = rng.choice(places(tokens, Split))
    middle = subtree_end(tokens, place + 1)
    last = subtree_end(tokens, middle)
    return [*tokens[: place + 1], *tokens[middle:last], *tokens[place + 1 : middle], *tokens[last:]]


def splice(rng, tokens):
    """Copy one subtree in the place of another."""
    splits = places(tokens, Split)
    target, source = (rng.choice(splits) + 1 for _ in range(2))
    new = tokens[source : subtree_end(tokens, source)]
    result = [*tokens[:target], *new, *tokens[subtree_end(tokens, target) :]]
    return recounted(result, len(places(result, Leaf)) - len(places(tokens, Leaf)))


def swap_witnesses(rng, tokens):
    first, second = rng.sample(places(tokens, Leaf), 2)
    return replaced(replaced(tokens, first, tokens[second]), second, tokens[first])


def move_a_witness(rng, tokens):
    place = rng.choice(places(tokens, Leaf))
    point = list(tokens[place].point)
    point[rng.randrange(len(point))] = rng.choice([0.0, 1.0, -1.0, 5.0, rng.random(), Fraction(1, 3)])
    return replaced(tokens, place, Leaf(point))


def change_a_settle(rng, tokens, **changes):
    place = rng.choice([i for i in places(tokens, Settle) if tokens[i].rows])
    token = tokens[place]
    k = rng.randrange(len(token.rows))
    return replaced(tokens, place, token._replace(**{name: change(token, k) for name, change in changes.items()}))


def without(values, k):
    return [*values[:k], *values[k + 1 :]]


def drop_a_multiplier(rng, tokens):
    return change_a_settle(
        rng, tokens, rows=lambda t, k: without(t.rows, k), multipliers=lambda t, k: without(t.multipliers, k)
    )


def alter_a_multiplier(rng, tokens):
    factor = rng.choice([-1, 0, 0.5, 0.9, 0.999, 1.001, 1.1, 2, 1e-30, 1e30])
    return change_a_settle(
        rng, tokens, multipliers=lambda t, k: replaced(t.multipliers, k, t.multipliers[k] * Fraction(factor))
    )


def move_a_multiplier(rng, tokens):
    row = rng.randrange(12)
    return change_a_settle(rng, tokens, rows=lambda t, k: replaced(t.rows, k, row))


def repeat_a_multiplier(rng, tokens):
    return change_a_settle(
        rng, tokens, rows=lambda t, k: [*t.rows, t.rows[k]], multipliers=lambda t, k: [*t.multipliers, t.multipliers[k]]
    )


def empty_a_proof(rng, tokens):
    return change_a_settle(rng, tokens, rows=lambda t, k: [], multipliers=lambda t, k: [])


def swap_proofs(rng, tokens):
    first, second = rng.sample(places(tokens, Settle), 2)
    a, b = tokens[first], tokens[second]
    return replaced(replaced(tokens, first, b._replace(unit=a.unit)), second, a._replace(unit=b.unit))


def flip_a_state(rng, tokens):
    place = rng.choice(places(tokens, Settle))
    return replaced(tokens, place, tokens[place]._replace(state=1 - tokens[place].state))


def change_a_unit(rng, tokens):
    place = rng.choice([*places(tokens, Settle), *places(tokens, Split)])
    return replaced(tokens, place, tokens[place]._replace(unit=rng.randrange(8)))


def drop_or_add_a_layer(rng, tokens):
    if places(tokens, Layer) and rng.random() < 0.5:
        return replaced(tokens, rng.choice(places(tokens, Layer)))
    place = rng.randrange(len(tokens))
    return replaced(tokens, place, Layer(), tokens[place])


def change_the_end(rng, tokens):
    last = tokens[-1]
    count = rng.choice([last.count, last.count - 1, last.count + 1, 0, 2 * last.count, 2**60])
    return replaced(tokens, len(tokens) - 1, End(max(count, 0), rng.choice([0, 1, 1, 2, 255])))


def cut_short(rng, tokens):
    """Stop early, and claim that the leaves so far are all."""
    kept = tokens[: rng.randrange(len(tokens))]
    leaves = sum(isinstance(token, Leaf) for token in kept)
    return [*kept, End(leaves + rng.choice([0, 0, 1]), rng.choice([0, 1, 1]))]


CHANGES = [
    drop_a_token,
    repeat_a_token,
    swap_neighbours,
    settle_instead_of_split,
    split_instead_of_settle,
    drop_a_half,
    swap_halves,
    splice,
    swap_witnesses,
    move_a_witness,
    drop_a_multiplier,
    alter_a_multiplier,
    move_a_multiplier,
    repeat_a_multiplier,
    empty_a_proof,
    swap_proofs,
    flip_a_state,
    change_a_unit,
    drop_or_add_a_layer,
    change_the_end,
    cut_short,
]
#: Changes that leave nothing proven, so that none may survive.
FATAL = [drop_a_half, split_instead_of_settle]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changed_trees(subject, change):
    rng = random.Random(change.__name__)
    survivors = tried = 0
    for _ in range(40):
        tokens = change(rng, subject.tokens)
        if tokens != subject.tokens:
            tried += 1
            survivors += subject.survives(tokens)
    assert tried
    assert survivors < tried
    if change in FATAL and subject.tokens[-1].complete:
        assert not survivors


def test_several_changes_at_once(subject):
    rng = random.Random(7)
    for _ in range(150):
        tokens = subject.tokens
        for change in rng.sample(CHANGES, 3):
            try:
                tokens = change(rng, tokens)
            except (IndexError, ValueError, AttributeError, TypeError):  # nothing left to change
                break
        subject.survives(tokens)


# -- changes of bytes ----------------------------------------------------------------------------------------------


def test_changed_token_bytes(subject):
    """Any byte of the tokens, the digest of the file made right again."""
    rng = random.Random(3)
    for _ in range(400):
        data = bytearray(subject.bytes)
        for _ in range(rng.choice([1, 1, 2])):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        subject.survives(bytes(data))


def test_inserted_and_deleted_token_bytes(subject):
    rng = random.Random(4)
    for _ in range(150):
        place, size = rng.randrange(len(subject.bytes)), rng.randrange(4)
        subject.survives(subject.bytes[:place] + rng.randbytes(rng.randrange(4)) + subject.bytes[place + size :])


def test_every_changed_bit_of_a_file_is_noticed(subject):
    rng = random.Random(5)
    for _ in range(400):
        data = bytearray(subject.data)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        assert not subject.check(bytes(data)).valid


def test_every_truncation_is_noticed(subject):
    rng = random.Random(6)
    for _ in range(100):
        assert not subject.check(subject.data[: rng.randrange(len(subject.data))]).valid
    assert not subject.check(subject.data + b"\0").valid
    assert not subject.check(b"").valid


def test_changed_header_bytes(subject):
    """A header that still can be read may speak of another domain; then the number must be right there."""
    rng = random.Random(8)
    first = subject.head.index(b"\n") + 1
    end_of_domain = subject.head.index(b'"versions"')
    for _ in range(200):
        head = bytearray(subject.head)
        head[rng.randrange(first, end_of_domain)] = rng.choice(b'0123456789.-+/eE[]{}",: xn')
        result = subject.check(pack(bytes(head), subject.bytes))
        if result.valid:
            domain = domain_from_json(result.domain)
            true = int(pr.count(subject.network, domain, cells="lp"))
            assert result.count == true if result.scope == "both" else result.count <= true


DOMAIN_CHANGES = [
    {"lower": -1, "upper": 2},
    {"lower": -10, "upper": 10},
    {"lower": -1, "upper": "9/10"},
    {"lower": 0, "upper": 1},
    {"lower": 1, "upper": 0},
    {"lower": 0, "upper": 0},
    {"lower": [-1], "upper": 1},
    {"lower": "1e999999999", "upper": 1},
    {"lower": "1/0", "upper": 1},
    {"lower": "-" + "9" * 5000, "upper": 1},
    {"lower": -(10**400), "upper": 10**400},
    {"lower": -1e308, "upper": 1e308},
    {"lower": True, "upper": 1},
    {"lower": None, "upper": 1},
    {"A": [[1]], "b": [1]},
    {"space": True},
    {"segment": [[0] * 2, [0] * 2]},
    {"segment": 3},
    {"plane": {"origin": [0] * 64, "u": [1] * 64, "v": [2] * 64}},
    {"plane": {"origin": [0] * 64, "u": [0] * 64, "v": [2] * 64}},
    {"plane": {"origin": [0] * 64, "u": [1] * 64, "v": list(range(64))}},
    {},
    [],
    None,
]


@pytest.mark.parametrize("domain", DOMAIN_CHANGES, ids=lambda domain: json.dumps(domain)[:30])
def test_another_domain(subject, domain):
    line = json.loads(subject.head.splitlines()[1])
    original, line["domain"] = line["domain"], domain
    head = subject.head.splitlines()[0] + b"\n" + json.dumps(line).encode() + b"\n"
    result = subject.check(pack(head, subject.bytes))
    if result.valid and domain != original:
        true = int(pr.count(subject.network, domain_from_json(domain), cells="lp"))
        assert result.count == true if result.scope == "both" else result.count <= true


@pytest.mark.parametrize("key", ["format", "definition", "network", "inputs", "widths", "include_output", "sha256"])
@pytest.mark.parametrize("value", [None, 2, "patterns", [], {}, float("nan")])
def test_changed_header_entries(subject, key, value):
    line = json.loads(subject.head.splitlines()[1])
    where = line["network"] if key in line["network"] else line
    where[key] = [] if where[key] == value else value
    head = subject.head.splitlines()[0] + b"\n" + json.dumps(line).encode() + b"\n"
    result = subject.check(pack(head, subject.bytes))
    assert (result.valid, result.tokens) == (False, 0)


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b"3", b"[" * 100_000, b'{"a": 1' * 5000, b"\xff", b'{"format": 1, "format": 1}', b"9" * 9999],
)
def test_headers_that_are_none(subject, line):
    magic = subject.head.splitlines()[0]
    for head in (magic + b"\n" + line + b"\n", line + b"\n" + line + b"\n", magic + line + b"\n\n"):
        assert not subject.check(pack(head, subject.bytes)).valid


def test_another_network(subject, tmp_path):
    network = subject.network
    weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    weights[0][0, 0] = np.nextafter(weights[0][0, 0], 9)
    changed = pr.Network.from_arrays(weights, biases, include_output=network.include_output)
    for other in (changed, network.including_output(not network.include_output), random_network(99, 4, 4, 1)):
        result = checked(subject.data, other, tmp_path / "cert")
        assert not result.valid
        assert "network" in result.reason


# -- garbage -------------------------------------------------------------------------------------------------------


def test_garbage_never_crashes_the_checker(subject):
    rng = random.Random(9)
    for _ in range(200):
        assert not subject.survives(rng.randbytes(rng.randrange(60)))
    for _ in range(100):
        assert not subject.check(subject.head + rng.randbytes(rng.randrange(60))).valid
        assert not subject.check(rng.randbytes(rng.randrange(60))).valid
    for _ in range(150):
        # Bytes that are tokens more often.
        kind = bytes([rng.randrange(6)])
        junk = b"".join(kind + varint(rng.choice([0, 1, 2, 3, 127, 2**40])) for _ in range(20))
        start = rng.randrange(len(subject.bytes))
        subject.survives(subject.bytes[:start] + junk)


def test_absurd_sizes(subject):
    """Claimed lengths cost nothing before the bytes are there."""
    huge = varint(2**62)
    for tail in (
        bytes([Token.INACTIVE, 0]) + huge,
        bytes([Token.SPLIT]) + huge,
        bytes([Token.LEAF, 3]) + huge,
        bytes([Token.LEAF, 3]) + varint(LONGEST_INTEGER) + b"\1",
        bytes([Token.SPLIT]) + b"\xff" * 10_000,
        bytes([Token.SPLIT]) * 1_000_000,
        bytes([Token.LAYER]) * 1_000_000,
        bytes(50_000_000),
        end(2**60, True),
    ):
        assert not subject.survives(tail)
        assert not subject.survives(subject.bytes + tail)

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
    Bound,
    End,
    Hull,
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
        self.definition = options.get("definition", "regions")
        self.true = int(pr.count(network, domain, definition=self.definition, cells="lp"))
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
    "patterns": lambda path: Subject(*known("grid_both_signs"), path, definition="patterns"),
    "polytope": lambda path: Subject(random_network(5, 2, 4, 4, 1), TRIANGLE, path),
    "polytope-patterns": lambda path: Subject(*ON_ITS_EDGES, path, definition="patterns"),
    "flat": lambda path: Subject(random_network(6, 3, 4, 4, 1), FLAT, path),
}
TRIANGLE = pr.Polytope([[-3, 1], [1, -2], [1, 1]], [2, 2, 1])
FLAT = pr.Polytope([[1, 1, 1], [-2, -2, -2], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], ["1/3", "-2/3", 1, 1, 1])
#: Patterns that are attained on edges and corners of the polytope alone.
ON_ITS_EDGES = (
    pr.Network.from_arrays(
        [[[1.0, 1.0], [-3.0, 1.0], [1.0, -2.0], [0.0, 1.0]], [[1.0, 1.0, -1.0, 0.0], [0.0, 1.0, 1.0, -1.0]]],
        [[-1.0, -2.0, 2.0, 0.0], [0.0, 0.0]],
        include_output=True,
    ),
    TRIANGLE,
)
POLYTOPES = ["polytope", "polytope-patterns", "flat"]


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


def count_over(subject, domain):
    return int(pr.count(subject.network, domain_from_json(domain), definition=subject.definition, cells="lp"))


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
            true = count_over(subject, result.domain)
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
        true = count_over(subject, domain)
        assert result.count == true if result.scope == "both" else result.count <= true


@pytest.mark.parametrize("key", ["format", "definition", "network", "inputs", "widths", "include_output", "sha256"])
@pytest.mark.parametrize("value", [None, 2, "linear", [], {}, float("nan")])
def test_changed_header_entries(subject, key, value):
    line = json.loads(subject.head.splitlines()[1])
    where = line["network"] if key in line["network"] else line
    where[key] = [] if where[key] == value else value
    head = subject.head.splitlines()[0] + b"\n" + json.dumps(line).encode() + b"\n"
    result = subject.check(pack(head, subject.bytes))
    assert (result.valid, result.tokens) == (False, 0)


def test_the_other_definition(subject):
    """Accepted only where it is true: a certificate of patterns of general position proves regions too."""
    other = "patterns" if subject.definition == "regions" else "regions"
    head = subject.head.replace(
        b'"definition": "%s"' % subject.definition.encode(), b'"definition": "%s"' % other.encode()
    )
    assert head != subject.head
    result = subject.check(pack(head, subject.bytes))
    true = int(pr.count(subject.network, subject.domain, definition=other, cells="lp"))
    if result.valid:
        assert result.definition == other
        assert result.count == true if result.scope == "both" else result.count <= true
    assert not (result.valid and true != subject.true)


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


# -- polytopes -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=POLYTOPES)
def polytope(request, tmp_path_factory):
    return SUBJECTS[request.param](tmp_path_factory.mktemp(request.param) / "cert")


def change_a_proof(rng, tokens, kind):
    place = rng.choice(places(tokens, kind))
    token = tokens[place]
    rows, multipliers = list(token.rows), [Fraction(m) for m in token.multipliers]
    if rows:
        k = rng.randrange(len(rows))
        if rng.random() < 0.3:
            del rows[k], multipliers[k]
        else:
            multipliers[k] *= rng.choice([Fraction(n, 10) for n in (-10, 0, 1, 5, 9, 11, 20)])
    if not rows or rng.random() < 0.5:
        new = rng.randrange(6)
        if new not in rows:
            rows.append(new)
            multipliers.append(Fraction(rng.randrange(1, 5), rng.randrange(1, 5)))
            order = sorted(range(len(rows)), key=rows.__getitem__)
            rows, multipliers = [rows[i] for i in order], [multipliers[i] for i in order]
    return replaced(tokens, place, token._replace(rows=rows, multipliers=multipliers))


def change_a_bound(rng, tokens):
    return change_a_proof(rng, tokens, Bound)


def change_the_equalities(rng, tokens):
    return change_a_proof(rng, tokens, Hull)


def move_a_bound(rng, tokens):
    place = rng.choice(places(tokens, Bound))
    change = rng.choice([{"coordinate": rng.randrange(4)}, {"sign": -tokens[place].sign}])
    return replaced(tokens, place, tokens[place]._replace(**change))


def drop_a_bound(rng, tokens):
    return replaced(tokens, rng.choice(places(tokens, Bound)))


def swap_bounds(rng, tokens):
    first, second = rng.sample(places(tokens, Bound), 2)
    return replaced(replaced(tokens, first, tokens[second]), second, tokens[first])


def change_dependent_coordinates(rng, tokens):
    dependent = sorted(rng.sample(range(4), rng.randrange(4)))
    return replaced(tokens, places(tokens, Hull)[0], tokens[0]._replace(dependent=dependent))


@pytest.mark.parametrize(
    "change",
    [change_a_bound, change_the_equalities, move_a_bound, drop_a_bound, swap_bounds, change_dependent_coordinates],
    ids=lambda change: change.__name__,
)
def test_changed_charts(polytope, change):
    rng = random.Random(change.__name__)
    survivors = tried = 0
    for _ in range(60):
        tokens = change(rng, polytope.tokens)
        if tokens != polytope.tokens:
            tried += 1
            survivors += polytope.survives(tokens)
    assert tried
    assert survivors < tried
    if change is drop_a_bound:
        assert not survivors


def test_changed_inequalities(polytope):
    """The certificate of another polytope: one number of A or b changed."""
    rng = random.Random(11)
    line = json.loads(polytope.head.splitlines()[1])
    rejected = 0
    for _ in range(80):
        domain = polytope.domain.to_json()
        row = rng.randrange(len(domain["A"]))
        change = rng.choice([-1, 1, "1/7", "-1/100", 0, 2, -2, "7/10", 3])
        if rng.random() < 0.5:
            domain["b"][row] = change
        else:
            domain["A"][row][rng.randrange(len(domain["A"][row]))] = change
        line["domain"] = domain
        head = polytope.head.splitlines()[0] + b"\n" + json.dumps(line).encode() + b"\n"
        result = polytope.check(pack(head, polytope.bytes))
        rejected += not result.valid
        if result.valid:
            assert result.count == count_over(polytope, domain)
    assert rejected > 40


def test_dropped_inequalities(polytope):
    line = json.loads(polytope.head.splitlines()[1])
    whole = polytope.domain.to_json()
    for row in range(len(whole["b"])):
        line["domain"] = {"A": without(whole["A"], row), "b": without(whole["b"], row)}
        head = polytope.head.splitlines()[0] + b"\n" + json.dumps(line).encode() + b"\n"
        assert not polytope.check(pack(head, polytope.bytes)).valid


ONE_UNIT = pr.Network.from_arrays([[[1.0, 0.0]]], [[-0.5]], include_output=True)
SQUARE = {"A": [[1, 0], [-1, 0], [0, 1], [0, -1]], "b": [1, 0, 1, 0]}
BOUNDS = [Bound(0, 1, [0], [1.0]), Bound(0, -1, [1], [1.0]), Bound(1, 1, [2], [1.0]), Bound(1, -1, [3], [1.0])]
TREE = [Split(0), Leaf([0.75, 0.5]), Leaf([0.25, 0.5]), End(2, 1)]


def of_square(tokens, path, definition="regions", domain=None):
    network = ONE_UNIT
    identity = {"inputs": 2, "widths": [1], "include_output": True, "sha256": network.sha256}
    header = {"format": 1, "definition": definition, "network": identity, "domain": domain or SQUARE}
    head = b"polyregions certificate 1\n" + json.dumps(header).encode() + b"\n"
    return checked(pack(head, serialise(tokens)), network, path)


@pytest.mark.parametrize(
    ("tokens", "reason"),
    [
        ([*BOUNDS, *TREE], "token 1: the tokens of a polytope begin with its hull"),
        (TREE, "token 1: the tokens of a polytope begin with its hull"),
        ([Hull([], [], []), *TREE], "token 2: the polytope's bounds are not complete"),
        ([Hull([], [], []), *BOUNDS[:3], *TREE], "token 5: the polytope's bounds are not complete"),
        ([Hull([], [], []), Hull([], [], []), *BOUNDS, *TREE], "token 2: the polytope's bounds are not complete"),
        ([Hull([], [], []), Bound(0, 1, [], []), *BOUNDS, *TREE], "token 2: the multipliers give coordinate 0 no"),
        ([Hull([], [], []), Bound(0, 1, [1], [1.0]), *BOUNDS, *TREE], "token 2: the multipliers give coordinate 0 no"),
        ([Hull([], [], []), Bound(2, 1, [0], [1.0]), *BOUNDS, *TREE], "token 2: the domain has no coordinate 2"),
        ([Hull([], [], []), Bound(0, 1, [4], [1.0]), *BOUNDS, *TREE], "token 2: indices are too large"),
        ([Hull([], [], []), Bound(0, 1, [0, 0], [0.5, 0.5]), *BOUNDS, *TREE], "token 2: indices are too large, or not"),
        ([Hull([], [], []), Bound(0, 1, [0], [-1.0]), *BOUNDS, *TREE], "token 2: a multiplier is not positive"),
        ([Hull([0], [1.0], [0]), *BOUNDS[2:], Leaf([0.5]), End(1, 1)], "token 1: the multipliers do not prove that"),
        ([Hull([0, 1], [1.0, 1.0], [0]), *BOUNDS[2:], Leaf([0.5]), End(1, 1)], "token 1: the multipliers do not"),
        # x_0 >= 0 makes it 0 only if nothing is left of x_0.
        ([Hull([1], [1.0], [0]), *BOUNDS[2:], Leaf([0.5]), End(1, 1)], "token 1: the multipliers do not prove that"),
        ([Hull([], [], [0]), *BOUNDS, *TREE], "token 1: the rows that hold with equality do not determine"),
        ([Hull([], [], [0, 1, 2]), *BOUNDS, *TREE], "token 1: 3 indices"),
        ([Hull([], [], []), *BOUNDS, Hull([], [], []), *TREE], "token 6: 1 units of layer 1 are neither"),
        ([Hull([], [], []), *BOUNDS, Split(0), BOUNDS[0], *TREE], "token 7: there is no token of kind 7"),
        ([Hull([], [], []), *BOUNDS, Split(0), Leaf([0.75, 1.0]), *TREE[2:]], "token 7: the witness is not inside"),
        ([Hull([], [], []), *BOUNDS, Split(0), Leaf([0.75, 1.5]), *TREE[2:]], "token 7: the witness is not inside"),
    ],
)
def test_forged_charts(tokens, reason, tmp_path):
    assert of_square([Hull([], [], []), *BOUNDS, *TREE], tmp_path / "cert").count == 2
    result = of_square(tokens, tmp_path / "cert")
    assert not result.valid
    assert result.reason.startswith(reason)


def test_bounds_of_a_smaller_box_are_not_believed(tmp_path):
    """Twice the row is twice the bound; half of it bounds nothing."""
    for factor in (0.5, 2.0):
        tokens = [Hull([], [], []), Bound(0, 1, [0], [factor]), *BOUNDS, *TREE]
        assert not of_square(tokens, tmp_path / "cert").valid
    # With x_0 >= 1/2 claimed but x_0 >= 0 proven, the unit is not active everywhere.
    tokens = [Hull([], [], []), *BOUNDS, Settle(0, 1, [], []), Leaf([0.75, 0.5]), End(1, 1)]
    assert not of_square(tokens, tmp_path / "cert").valid


def test_a_flat_polytope_is_not_taken_for_a_full_one(tmp_path):
    flat = {"A": [[1, 0], [-1, 0], [0, 1], [0, -1]], "b": ["3/4", "-3/4", 1, 0]}
    settled = [Settle(0, 1, [], []), Leaf([0.75, 0.5]), End(1, 1)]
    full = [Hull([], [], []), *BOUNDS, *settled]
    result = of_square(full, tmp_path / "cert", domain=flat)
    assert not result.valid
    assert "witness is not inside" in result.reason
    # Patterns are attained at points, whatever the dimension.
    assert of_square(full, tmp_path / "cert", "patterns", flat).count == 1
    line = [Hull([0, 1], [1.0, 1.0], [0]), Bound(0, 1, [2], [1.0]), Bound(0, -1, [3], [1.0]), Settle(0, 1, [], [])]
    assert of_square([*line, Leaf([0.5]), End(1, 1)], tmp_path / "cert", domain=flat).count == 1


def test_a_witness_is_inside_all_inequalities(tmp_path):
    """Also of those whose bounds the certificate does not use."""
    cut = {"A": [*SQUARE["A"], [1, 1]], "b": [*SQUARE["b"], 3]}
    loose = [Hull([], [], []), *BOUNDS[1:], Bound(0, 1, [4], [1.0]), Split(0)]
    for x, of_regions, of_patterns in ((0.75, True, True), (1.0, False, True), (2.0, False, False)):
        tokens = [*loose, Leaf([x, 0.5]), *TREE[2:]]
        for definition, valid in (("regions", of_regions), ("patterns", of_patterns)):
            result = of_square(tokens, tmp_path / "cert", definition, cut)
            assert result.valid == valid
            assert valid or result.reason == "token 7: the witness is not inside the domain"


def test_equalities_that_leave_fewer_coordinates(tmp_path):
    point = {"A": SQUARE["A"], "b": ["3/4", "-3/4", "1/2", "-1/2"]}
    hull = ([0, 1, 2, 3], [1.0] * 4)
    settled = [Settle(0, 1, [], []), Leaf([]), End(1, 1)]
    assert of_square([Hull(*hull, [0, 1]), *settled], tmp_path / "cert", domain=point).count == 1
    result = of_square([Hull(*hull, [0]), *settled], tmp_path / "cert", domain=point)
    assert result.reason.startswith("token 1: the rows that hold with equality determine more coordinates")


@pytest.mark.parametrize("definition", ["regions", "patterns"])
def test_an_empty_polytope_has_nothing(definition, tmp_path):
    empty = {"A": [[1, 0], [-1, 0], [0, 1], [0, -1]], "b": [0, -1, 1, 0]}
    for tokens in (
        [Hull([], [], []), *BOUNDS, *TREE],
        [Hull([], [], []), *BOUNDS, Settle(0, 0, [], []), Leaf([0.5, 0.5]), End(1, 1)],
        [Hull([0, 1], [1.0, 1.0], [0]), *BOUNDS[2:], Leaf([0.5]), End(1, 1)],
    ):
        assert not of_square(tokens, tmp_path / "cert", definition, empty).valid
    # Beside the line x_0 = 3/4.
    empty = {"A": [*SQUARE["A"], [1, 0]], "b": ["3/4", "-3/4", 1, 0, "1/2"]}
    tokens = [Hull([0, 1], [1.0, 1.0], [0]), Bound(0, 1, [2], [1.0]), Bound(0, -1, [3], [1.0]), Settle(0, 1, [], [])]
    result = of_square([*tokens, Leaf([0.5]), End(1, 1)], tmp_path / "cert", definition, empty)
    assert result.reason == "token 1: the domain is empty"


# -- patterns ------------------------------------------------------------------------------------------------------

#: relu(x) on [0, 1] x [0, 1]: inactive at x = 0 alone.
RAY = pr.Network.from_arrays([[[1.0, 0.0], [1.0, 0.0]]], [[0.0, 0.0]], include_output=True)
UNIT_BOX = {"lower": 0, "upper": 1}


def of_ray(tokens, path, definition="patterns"):
    identity = {"inputs": 2, "widths": [2], "include_output": True, "sha256": RAY.sha256}
    header = {"format": 1, "definition": definition, "network": identity, "domain": UNIT_BOX}
    head = b"polyregions certificate 1\n" + json.dumps(header).encode() + b"\n"
    return checked(pack(head, serialise(tokens)), RAY, path)


def test_zero_is_inactive(tmp_path):
    """That it is nowhere negative does not make a unit active, unless a row that is positive takes part."""
    path = tmp_path / "cert"
    inside, corner = Leaf([0.5, 0.5]), Leaf([0.0, 1.0])
    zero = [Settle(1, 0, [0], [1.0]), corner, End(2, 1)]
    assert of_ray([Split(0), Settle(1, 1, [0], [1.0]), inside, *zero], path).count == 2
    # -g <= 0 by the box alone, without a strict row.
    assert "active" in of_ray([Split(0), Settle(1, 1, [], []), inside, *zero], path).reason
    assert "active" in of_ray([Settle(0, 1, [], []), Settle(1, 1, [], []), inside, End(1, 1)], path).reason
    assert of_ray([Settle(0, 1, [], []), Settle(1, 1, [], []), inside, End(1, 1)], path, "regions").count == 1
    # In the negative half the unit is not negative, but its row is there to prove it inactive.
    strict = of_ray([Split(0), Settle(1, 1, [0], [1.0]), corner, *zero], path)
    assert strict.reason == "token 3: the witness is on the wrong side of row 0"
    assert (
        "inactive" in of_ray([Split(0), Settle(1, 1, [0], [1.0]), inside, Settle(1, 0, [], []), *zero[1:]], path).reason
    )
    # A point of the boundary is no witness of a region.
    edge = Leaf([0.5, 1.0])
    assert of_ray([Split(0), Settle(1, 1, [0], [1.0]), edge, *zero], path).count == 2
    result = of_ray([Settle(0, 1, [], []), Settle(1, 1, [], []), edge, End(1, 1)], path, "regions")
    assert result.reason == "token 3: the witness is not inside the domain"
    assert not of_ray([Split(0), Settle(1, 1, [0], [1.0]), inside, *zero], path, "regions").valid


def test_a_row_that_may_be_zero_proves_nothing_positive(tmp_path):
    """x <= 0 (unit 0 inactive) makes relu(-x) not negative, and at x = 0 it is not active."""
    network = pr.Network.from_arrays([[[1.0], [-1.0]]], [[0.0, 0.0]], include_output=True)
    identity = {"inputs": 1, "widths": [2], "include_output": True, "sha256": network.sha256}
    head = {"format": 1, "network": identity, "domain": {"lower": -1, "upper": 1}}
    tokens = [Split(0), Settle(1, 0, [0], [1.0]), Leaf([0.5]), Settle(1, 1, [0], [1.0]), Leaf([-0.5]), End(2, 1)]
    for definition, valid in (("regions", True), ("patterns", False)):
        line = json.dumps(head | {"definition": definition}).encode()
        data = pack(b"polyregions certificate 1\n" + line + b"\n", serialise(tokens))
        result = checked(data, network, tmp_path / "cert")
        assert result.valid == valid
    assert int(pr.count(network, pr.Box(-1, 1), definition="patterns")) == 3


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
        kind = bytes([rng.randrange(9)])
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

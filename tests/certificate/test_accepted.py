"""The engine's certificates are accepted, with the engine's counts."""

import json
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.certificate.encoding import end, leaf
from polyregions.certificate.writer import CertificateFileError, Recorder, UnsupportedCertificateError
from polyregions.formats.builtin import load_demo_network
from polyregions.splitting.lp_cells import LPCells
from tests.certificate.tools import End, Settle, certified, checked, pack, parse, unpack
from tests.nets import all_known, npz
from tests.reference import brute_force
from tests.strategies import awkward, integers, of_known, tiny_nets


@pytest.mark.parametrize("known", all_known(), ids=lambda known: known.name)
def test_known_networks(known, tmp_path):
    count, _ = certified(*of_known(known), tmp_path / "cert")
    assert int(count) == known.regions


@pytest.mark.parametrize(
    "name",
    [
        "A1_2d_16x2",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ["A2_2d_32x3", "B1_3d_16x2", "B4_4d_12x2", "B9_8d_8x2"]
        ),
    ],
)
def test_trained_networks(name, tmp_path):
    known = npz(name)
    count, _ = certified(*of_known(known), tmp_path / "cert")
    assert int(count) == known.regions


@pytest.mark.slow
def test_every_float_a_fraction(tmp_path, monkeypatch):
    """Without the float filter's proofs, all multipliers come from the exact simplex."""
    monkeypatch.setattr("polyregions.exact.cell.Cell.excludes_certainly", lambda *arguments, **options: False)
    certified(*of_known(npz("A1_2d_16x2")), tmp_path / "cert")


@given(net=tiny_nets(weights=st.one_of(integers, awkward)))
@settings(max_examples=150, deadline=None)
def test_tiny_networks(net, tmp_path_factory):
    network, box = net.network, net.box
    path = tmp_path_factory.mktemp("certificates") / "cert"
    count, _ = certified(network, box, path)
    assert int(count) == len(brute_force.regions(net.exact, net.lower, net.upper))


@given(net=tiny_nets(weights=st.one_of(integers, awkward), max_inputs=2))
@settings(max_examples=60, deadline=None)
def test_tiny_networks_decided_exactly(net, tmp_path_factory):
    """Fractions of all scales as multipliers, and witnesses that no float holds."""
    path = tmp_path_factory.mktemp("certificates") / "cert"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polyregions.exact.cell.Cell.excludes_certainly", lambda *arguments, **options: False)
        patch.setattr("polyregions.exact.cell.Cell.contains_certainly", lambda *arguments, **options: False)
        count, _ = certified(net.network, net.box, path)
    assert int(count) == len(brute_force.regions(net.exact, net.lower, net.upper))


def test_wide_inputs(tmp_path):
    """Forms over the first layer's forms, 64 inputs and 6 units."""
    count, _ = certified(load_demo_network(), pr.Box(0, 1), tmp_path / "cert", max_regions=60)
    assert count.status is pr.Status.BRACKET


@pytest.mark.parametrize("include_output", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_digits(include_output, tmp_path):
    network = load_demo_network(include_output=include_output)
    count, _ = certified(network, pr.Box(0, 1), tmp_path / "cert")
    assert count.status is pr.Status.EXACT


DIGITS = load_demo_network()
RANDOM = np.random.default_rng(5)
DOMAINS = [
    pr.Segment([0] * 64, [1] * 64),
    pr.Segment(["1/3"] * 64, RANDOM.random(64).tolist()),
    pr.Plane(RANDOM.random(64), RANDOM.standard_normal(64), RANDOM.standard_normal(64)),
    pr.Plane([Fraction(1, 7)] * 64, [1] * 64, [Fraction(i, 3) for i in range(64)]),
    pr.Box([0] * 64, [1, 1, 1] + [0] * 61),
    pr.Box([0] * 20 + ["1/3"] * 44, [0] * 20 + ["1/3"] * 40 + ["2/3"] * 4),
    pr.Box([0.5] * 64, [0.5] * 64),
    pr.Box([0.5] * 64, [0.5 + 1e-9] * 64),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: type(domain).__name__)
@pytest.mark.parametrize("include_output", [False, True])
def test_charts(domain, include_output, tmp_path):
    network = DIGITS.including_output(include_output)
    options = {"max_regions": 40} if domain is DOMAINS[-1] else {}
    count, _ = certified(network, domain, tmp_path / "cert", **options)
    if count.status is pr.Status.EXACT:
        assert int(count) == int(pr.count(network, domain, cells="lp"))


def test_no_relu_layer(tmp_path):
    count, result = certified(pr.Network.from_arrays([[[1.0]]], [[0.0]]), pr.Box(0, 1), tmp_path / "cert")
    assert (int(count), result.tokens) == (1, 2)


def test_extreme_weights(tmp_path):
    network = pr.Network.from_arrays(
        [[[1e300, 5e-324], [-1e300, 1e-300]], [[1e300, 1.0], [5e-324, -1e200]], [[1.0, 1.0]]],
        [[1e-300, 0.0], [-1e10, 5e-324], [0.0]],
    )
    certified(network, pr.Box(-1, 1), tmp_path / "cert")


@pytest.mark.parametrize("limit", [0, 1, 2, 77, 477])
def test_stopped_counts(limit, tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    count, result = certified(network, box, tmp_path / "cert", max_regions=limit)
    assert (count.status, result.count, result.scope) == (pr.Status.BRACKET, limit, "lower")


def test_a_run_left_in_an_exception_has_a_certificate(tmp_path, monkeypatch):
    network, box = of_known(npz("A1_2d_16x2"))

    def interrupt(progress):
        raise KeyboardInterrupt

    monkeypatch.setattr("polyregions.enumeration._PROGRESS_INTERVAL", 0.01)
    with pytest.raises(KeyboardInterrupt):
        pr.count(network, box, certificate=tmp_path / "cert", progress=interrupt, cells="lp")
    result = pr.verify(tmp_path / "cert", network)
    assert (result.valid, result.scope) == (True, "lower")


def test_killed_counts_are_readable(tmp_path, monkeypatch):
    """What is on disk after kill -9: all but the last seconds, and it says that it is partial."""
    monkeypatch.setattr("polyregions.certificate.writer._FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(Recorder, "close", lambda self, complete: True)
    network, box = of_known(npz("A1_2d_16x2"))
    pr.count(network, box, certificate=tmp_path / "cert", max_regions=100)
    result = pr.verify(tmp_path / "cert.partial", network)
    assert not result.valid
    assert "partial" in result.reason
    assert 90 <= result.leaves <= 100


def test_refusals_come_before_the_count(tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    with pytest.raises(UnsupportedCertificateError, match="'split', not by 'milp'"):
        pr.count(network, box, certificate=tmp_path / "cert", method="milp")
    with pytest.raises(ValueError, match="vertex"):
        pr.count(network, box, certificate=tmp_path / "cert", cells="vertex")
    with pytest.raises(CertificateFileError, match="nowhere"):
        pr.count(network, box, certificate=tmp_path / "nowhere" / "cert")
    assert list(tmp_path.iterdir()) == []


def test_full_disk():
    """Every write to /dev/full fails; opening it does not."""
    network, box = of_known(npz("A1_2d_16x2"))
    recorder = Recorder("/dev/full", network, box)
    recorder._partial = "/dev/full"
    recorder.open()
    for _ in range(100_000):
        recorder.split(3)
    assert not recorder.close(complete=True)
    assert "/dev/full" in str(recorder.error)


def test_full_disk_ends_the_run(monkeypatch, tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    monkeypatch.setattr("polyregions.certificate.writer._CHUNK", 1)

    def fail_later(self, data, write=Recorder._write):
        if self.leaves == 50:
            self._failure(OSError(28, "No space left on device"))
        write(self, data)

    monkeypatch.setattr(Recorder, "_write", fail_later)
    count = pr.count(network, box, certificate=tmp_path / "cert", cells="lp")
    assert (count.status, count.lower, count.certificate) == (pr.Status.BRACKET, 50, None)
    assert "No space left" in count.stats["stopped"]
    assert "No space left" in count.stats["certificate_error"]
    assert not (tmp_path / "cert").exists()


def test_bulk_tokens(tmp_path):
    """Encoded chunks, as a kernel makes them, are the same as single calls."""
    network, box = of_known(npz("A1_2d_16x2"))
    pr.count(network, box, certificate=tmp_path / "one")
    _, tokens = unpack((tmp_path / "one").read_bytes())
    recorder = Recorder(tmp_path / "two", network, box)
    recorder.open()
    body = tokens[: -len(end(478, True))]
    for start in range(0, len(body), 1000):
        recorder.tokens(body[start : start + 1000], 478 if not start else 0)
    assert recorder.close(complete=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_numbers_are_kept_exactly():
    values = [0.5, 0.1, 65504.0, 1e-300, Fraction(1, 3), Fraction(-(10**400), 7), 3, 5e-324, 2.0**-24, 1e300, -0.75]
    for value in values:
        (token,) = parse(leaf([value, 1.0]), 2)
        assert token.point == [value, 1.0]
    assert [len(leaf([v])) for v in (0.5, 0.1, float(np.float32(0.1)))] == [4, 10, 6]


def test_the_header_says_what_it_is_of(tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    pr.count(network, box, certificate=tmp_path / "cert")
    head, tokens = unpack((tmp_path / "cert").read_bytes())
    header = json.loads(head.splitlines()[1])
    assert header["network"]["sha256"] == network.sha256
    assert header["domain"] == box.to_json()
    assert isinstance(parse(tokens, 2)[-1], End)
    assert checked(pack(head, tokens), network, tmp_path / "again").valid


def test_another_domain_is_noticed(tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    pr.count(network, box, certificate=tmp_path / "cert")
    result = pr.verify(tmp_path / "cert", network, domain=pr.Box(-1, 2))
    assert (result.valid, result.reason) == (False, "header: the certificate is of another domain")


@pytest.mark.parametrize("damage", [0.5, 0.9, -1.0, float("inf")])
def test_wrong_proofs_of_the_engine_are_rejected(damage, tmp_path, monkeypatch):
    network, box = of_known(npz("A1_2d_16x2"))

    def damaged(self, forms, unit, sign, multipliers):
        kept = self_shortened(self, forms, unit, sign, multipliers)
        return {i: value * damage if value * damage < 1e300 else 1e300 for i, value in kept.items()}

    self_shortened = LPCells._shortened
    monkeypatch.setattr(LPCells, "_shortened", damaged)
    pr.count(network, box, certificate=tmp_path / "cert", cells="lp")
    result = pr.verify(tmp_path / "cert", network)
    assert not result.valid
    assert result.count is None
    assert result.reason.startswith(f"token {result.tokens}: ")


def test_proofs_are_short(tmp_path):
    """Nearly all multipliers fit in 16 bits."""
    network, box = of_known(npz("A1_2d_16x2"))
    pr.count(network, box, certificate=tmp_path / "cert")
    _, tokens = unpack((tmp_path / "cert").read_bytes())
    multipliers = [m for token in parse(tokens, 2) if isinstance(token, Settle) for m in token.multipliers]
    assert sum(m == np.float16(m) for m in multipliers) > 0.9 * len(multipliers)


def test_the_file_is_named_when_it_is_complete(tmp_path):
    """While the count goes on there is only the partial file."""
    network, box = of_known(npz("A1_2d_16x2"))
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polyregions.enumeration._PROGRESS_INTERVAL", 0.0)
        pr.count(
            network, box, certificate=tmp_path / "cert", progress=lambda _: seen.append(sorted(tmp_path.iterdir()))
        )
    assert all(files == [tmp_path / "cert.partial"] for files in seen)
    assert seen
    assert list(tmp_path.iterdir()) == [tmp_path / "cert"]
    assert time.time() - (tmp_path / "cert").stat().st_mtime < 60

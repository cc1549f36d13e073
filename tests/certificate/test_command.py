"""``count --certificate`` and ``verify`` on the command line."""

import json
import signal
import subprocess
import time

import numpy as np
import pytest

import polyregions as pr
from polyregions.certificate.writer import Recorder
from polyregions.cli import main
from tests.cli.runner import A1, A2, BOX, command, run_apart, run_json


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("certificate") / "a1.cert"
    assert main(["count", A1, *BOX, "--certificate", str(path), "--quiet"]) == 0
    return path


def test_a_valid_certificate(certificate, capsys):
    assert main(["verify", str(certificate), A1]) == 0
    text = capsys.readouterr().out
    assert text.startswith("valid: 478 regions\n")
    assert "{'lower': -1, 'upper': 1}" in text
    status, result = run_json(capsys, "verify", str(certificate), A1)
    assert (status, result["valid"], result["count"], result["scope"], result["reason"]) == (0, True, 478, "both", None)


def test_the_certificate_is_named(certificate, tmp_path, capsys):
    status, result = run_json(capsys, "count", A1, *BOX, "--certificate", str(tmp_path / "c"), "--max-regions", "9")
    assert (status, result["certificate"], result["lower"]) == (3, str(tmp_path / "c"), 9)
    assert main(["verify", str(tmp_path / "c"), A1]) == 0
    assert capsys.readouterr().out.startswith("valid: at least 9 regions\n")


def test_rejected(certificate, tmp_path, capsys):
    data = bytearray(certificate.read_bytes())
    data[-40] ^= 1
    (tmp_path / "changed").write_bytes(data)
    assert main(["verify", str(tmp_path / "changed"), A1]) == 1
    assert capsys.readouterr().out.startswith("REJECTED: token ")
    status, result = run_json(capsys, "verify", str(certificate), A1, "--include-output")
    assert (status, result["valid"]) == (1, False)
    assert "another network" in result["reason"]
    assert main(["verify", A1, A1]) == 1


@pytest.mark.parametrize(
    "files", [("nowhere", A1), ("CERT", "nowhere.npz"), ("CERT", "README.md"), ("CERT", "CERT"), ("/tmp", A1)]
)
def test_bad_input(files, certificate, capsys):
    assert main(["verify", *(str(certificate) if name == "CERT" else name for name in files)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) == 1


@pytest.mark.parametrize(
    "options",
    [
        ("--method", "milp"),
        ("--cells", "vertex"),
        ("--certificate", "/no/c"),
    ],
)
def test_what_cannot_be_certified(options, tmp_path, capsys):
    assert main(["count", A1, *BOX, "--certificate", str(tmp_path / "c"), *options]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("polyregions.certificate.writer._CHUNK", 1)

    def fail_later(self, data, write=Recorder._write):
        if self.leaves == 50:
            self._failure(OSError(28, "No space left on device"))
        write(self, data)

    monkeypatch.setattr(Recorder, "_write", fail_later)
    arguments = ["count", A1, *BOX, "--certificate", str(tmp_path / "c"), "--json"]
    assert main([*arguments, "--cells", "lp"]) == 3
    output = capsys.readouterr()
    assert json.loads(output.out)["lower"] == 50
    assert f"{tmp_path / 'c'}: the certificate cannot be written: No space left on device" in output.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_process(number, tmp_path):
    """SIGTERM leaves a certificate of the lower bound, SIGKILL a partial file."""
    random = np.random.default_rng(0)
    shapes = [(40, 6), (40, 40), (40, 40), (1, 40)]
    weights = [random.standard_normal(shape) for shape in shapes]
    network = pr.Network.from_arrays(weights, [random.standard_normal(len(w)) for w in weights])
    pr.save(network, tmp_path / "large.npz")
    path = tmp_path / "c"
    arguments = ("count", str(tmp_path / "large.npz"), *BOX, "--certificate", str(path), "--quiet")
    process = subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    partial = tmp_path / "c.partial"
    while not (partial.exists() and partial.stat().st_size > 20_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate(timeout=60)
    if number is signal.SIGTERM:
        assert process.returncode == 3
        result = pr.verify(path, network)
        assert (result.valid, result.scope) == (True, "lower")
        assert result.count > 50
    else:
        result = pr.verify(partial, network)
        assert not result.valid
        assert "partial" in result.reason
        assert result.leaves > 10
        assert not path.exists()


@pytest.mark.parametrize("definition", ["regions", "patterns"])
def test_a_polytope(definition, tmp_path, capsys):
    (tmp_path / "triangle.json").write_text('{"A": [[-1, 0], [0, -1], [1, 1]], "b": [0, 0, "2/3"]}')
    domain = ["--domain", str(tmp_path / "triangle.json"), "--definition", definition]
    assert main(["count", A1, *domain, "--certificate", str(tmp_path / "c"), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "c"), A1]) == 0
    name = {"regions": "regions", "patterns": "activation patterns"}[definition]
    count = pr.count(pr.load(A1), pr.Polytope([[-1, 0], [0, -1], [1, 1]], [0, 0, "2/3"]), definition=definition)
    text = capsys.readouterr().out
    assert text.startswith(f"valid: {int(count)} {name}\n")
    assert "'A': [[-1, 0], [0, -1], [1, 1]]" in text
    _, result = run_json(capsys, "verify", str(tmp_path / "c"), A1)
    assert (result["definition"], result["count"]) == (definition, int(count))


def test_a_killed_count_of_patterns(tmp_path):
    """SIGKILL, over a polytope: the partial file says that it is one, and what it proves."""
    (tmp_path / "d.json").write_text('{"A": [[1, 1], [-1, 1], [1, -1], [-1, -1], [3, 1]], "b": [2, 2, 2, 2, 3]}')
    random = np.random.default_rng(0)
    weights = [random.standard_normal(shape) for shape in [(40, 2), (40, 40), (40, 40), (1, 40)]]
    network = pr.Network.from_arrays(weights, [random.standard_normal(len(w)) for w in weights])
    pr.save(network, tmp_path / "net.npz")
    arguments = ("--domain", str(tmp_path / "d.json"), "--definition", "patterns", "--certificate", str(tmp_path / "c"))
    process = subprocess.Popen(
        command("count", str(tmp_path / "net.npz"), *arguments, "--quiet"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    partial = tmp_path / "c.partial"
    while not (partial.exists() and partial.stat().st_size > 20_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None
    process.kill()
    process.communicate(timeout=60)
    result = pr.verify(partial, network)
    assert not result.valid
    assert "partial" in result.reason
    assert result.leaves > 10
    assert [path.name for path in tmp_path.glob("c*")] == ["c.partial"]


def limit_files(size):
    """What a process is to do first, so that no file of its grows beyond so many bytes."""
    import resource

    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("how", ["full device", "file size limit"])
def test_a_disk_that_really_is_full(how, tmp_path):
    """Writing fails in the middle of the count, or only when its end is flushed: exit status 3 and the file's name."""
    path = tmp_path / "c"
    options = {}
    if how == "full device":
        (tmp_path / "c.partial").symlink_to("/dev/full")
    else:
        options = {"preexec_fn": limit_files(10_000)}
    result = run_apart("count", A2, *BOX, "--certificate", str(path), "--quiet", "--json", **options)
    assert result.returncode == 3
    answer = json.loads(result.stdout)
    assert answer["certificate"] is None
    error = {"full device": "No space left on device", "file size limit": "File too large"}[how]
    assert result.stderr.splitlines() == [f"polyregions: error: {path}: the certificate cannot be written: {error}"]
    assert answer["stats"]["certificate_error"] in result.stderr
    # What was counted until then stays.
    assert 0 < answer["lower"] <= 3404
    assert not path.exists()

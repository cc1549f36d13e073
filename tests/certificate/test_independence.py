"""The checker stands alone: two files, the standard library, and its own reading of network files."""

import ast
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import polyregions as pr
from polyregions.certificate import checker, network_file
from polyregions.formats.npz import save_npz
from tests.certificate.tools import layers_of
from tests.nets import DATA

CHECKER = Path(checker.__file__)
A1 = DATA / "nets" / "A1_2d_16x2.npz"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("certificate") / "a1.cert"
    pr.count(pr.load(A1), pr.Box(-1, 1), certificate=path)
    return path


def alone(*arguments, folder):
    """The checker's files in an interpreter without site-packages and without this project."""
    for module in (checker, network_file):
        shutil.copy(module.__file__, folder)
    return subprocess.run(
        [sys.executable, "-E", "-s", "-S", "checker.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
    )


@pytest.mark.parametrize("module", [checker, network_file], ids=lambda module: module.__name__)
def test_it_imports_the_standard_library_only(module):
    modules = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules.add(node.module)
    assert {name.partition(".")[0] for name in modules} <= sys.stdlib_module_names | {"network_file"}


def test_it_runs_alone(certificate, tmp_path):
    result = alone(certificate, A1, folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("valid: 478 regions over {'lower': -1, 'upper': 1}")
    data = bytearray(certificate.read_bytes())
    data[-1000] ^= 1
    (tmp_path / "changed").write_bytes(data)
    result = alone(tmp_path / "changed", A1, folder=tmp_path)
    assert result.returncode == 1
    assert result.stdout.startswith("REJECTED: token ")
    assert alone(certificate, A1, "--include-output", folder=tmp_path).returncode == 1
    for arguments in ([certificate], [certificate, "nowhere.npz"], ["nowhere", A1], [certificate, certificate]):
        result = alone(*arguments, folder=tmp_path)
        assert (result.returncode, result.stdout) == (2, "")
        assert len(result.stderr.splitlines()) == 1


def test_it_loads_nothing_of_the_engine(certificate, tmp_path):
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['polyregions', 'numpy', 'flint', 'solvers']))\n"
        f"sys.path.insert(0, {str(CHECKER.parent)!r})\n"
        "import checker, network_file\n"
        f"print(checker.check({str(certificate)!r}, network_file.read_npz({str(A1)!r})).count)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (result.stdout, result.stderr) == ("478\n", "")


# -- its reader of .npz ------------------------------------------------------------------------------------------


def digest(layers, include_output=False):
    return checker._identity(layers, include_output)["sha256"]


@pytest.mark.parametrize("path", sorted((DATA / "nets").glob("*.npz")), ids=lambda path: path.stem)
def test_it_reads_network_files(path):
    layers = network_file.read_npz(path)
    network = pr.load(path)
    for include_output in (False, True):
        assert digest(layers, include_output) == network.including_output(include_output).sha256
    assert [([list(row) for row in w], list(b)) for w, b in layers] == layers_of(network)


@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_it_reads_what_numpy_writes(kind, order, save, tmp_path):
    rng = np.random.default_rng(1)
    weights = [np.asarray(rng.standard_normal(s), dtype=kind, order=order) for s in [(3, 2), (1, 3)]]
    biases = [np.array([-0.0, 1, 5e-324], dtype=kind), np.array([0.5], dtype=kind)]
    save(tmp_path / "net.npz", W1=weights[0], b1=biases[0], W2=weights[1], b2=biases[1], other=np.array(["text"]))
    layers = network_file.read_npz(tmp_path / "net.npz")
    assert digest(layers) == pr.load(tmp_path / "net.npz").sha256


def bad_archives():
    weights, biases = np.ones((2, 2)), np.ones(2)
    yield "gap", {"W1": weights, "b1": biases, "W3": weights, "b3": biases}
    yield "no bias", {"W1": weights}
    yield "nothing", {}
    yield "integers", {"W1": weights.astype(int), "b1": biases}
    yield "objects", {"W1": weights.astype(object), "b1": biases}
    yield "complex", {"W1": weights.astype(complex), "b1": biases}
    yield "nan", {"W1": weights * np.nan, "b1": biases}
    yield "shapes", {"W1": weights, "b1": np.ones(3)}
    yield "chain", {"W1": weights, "b1": biases, "W2": np.ones((2, 3)), "b2": biases}
    yield "flat", {"W1": biases, "b1": biases}
    yield "empty", {"W1": np.ones((0, 2)), "b1": np.ones(0)}


@pytest.mark.parametrize(("name", "arrays"), list(bad_archives()))
def test_bad_archives(name, arrays, tmp_path):
    np.savez(tmp_path / "net.npz", **arrays)
    with pytest.raises(network_file.NetworkFileError, match=r"net\.npz"):
        network_file.read_npz(tmp_path / "net.npz")


def test_damaged_archives(tmp_path):
    """Errors of one kind, or a network whose digest differs."""
    rng = np.random.default_rng(2)
    path = tmp_path / "net.npz"
    network = pr.Network.from_arrays([np.ones((2, 2)), np.ones((1, 2))], [np.zeros(2), np.zeros(1)])
    save_npz(network, path)
    whole = path.read_bytes()
    for _ in range(600):
        data = bytearray(whole)
        for place in rng.integers(len(data), size=rng.integers(1, 4)):
            data[place] = rng.integers(256)
        path.write_bytes(data[: rng.integers(len(data)) if rng.random() < 0.2 else None])
        try:
            layers = network_file.read_npz(path)
        except network_file.NetworkFileError:
            continue
        assert digest(layers)


def test_hostile_array_headers(tmp_path):
    for header in (
        "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000, 10000000)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (True, 2.0)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
        "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2, 2)}",
        "{'descr': 7}",
        "[" * 5000,
        "__import__('os').system('true')",
        "\0",
        "",
    ):
        text = header.encode("latin-1")
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in ("W1", "b1"):
                data = b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + bytes(32)
                archive.writestr(f"{name}.npy", data)
        (tmp_path / "net.npz").write_bytes(buffer.getvalue())
        with pytest.raises(network_file.NetworkFileError):
            network_file.read_npz(tmp_path / "net.npz")

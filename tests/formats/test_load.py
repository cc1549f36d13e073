"""load: the reader is chosen by the file's extension."""

import subprocess
import sys
import types

import pytest

import polyregions as pr
from polyregions import formats
from polyregions.errors import ArgumentTypeError, FormatError, PolyregionsError
from polyregions.formats import READERS, load, save
from polyregions.formats.npz import save_npz
from polyregions.network import Network

NET = Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.5]])


def test_npz(tmp_path):
    for name in ("net.npz", "NET.NPZ", "a.b.npz"):
        path = tmp_path / name
        save_npz(NET, path)
        assert load(path) == load(str(path)) == NET
        assert load(path, include_output=True) == NET.including_output()


@pytest.mark.parametrize("name", ["net.h5", "net", ".npz", "net.npz.gz"])
def test_unknown_extension_lists_the_known(tmp_path, name):
    with pytest.raises(FormatError) as caught:
        load(tmp_path / name)
    message = str(caught.value)
    assert "\n" not in message
    assert name in message
    assert all(suffix in message.split("known ones")[1] for suffix in READERS)


def test_missing_file(tmp_path):
    with pytest.raises(FormatError, match=r"absent\.npz: no such file") as caught:
        load(tmp_path / "absent.npz")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, PolyregionsError)


def test_folder(tmp_path):
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(FormatError, match=r"folder\.npz: a directory; a network is a file, one of \.keras, "):
        load(tmp_path / "folder.npz")


def test_every_reader_exists():
    for reader in READERS.values():
        module, function = reader.split(":")
        __import__(module)
        assert callable(getattr(sys.modules[module], function))


def test_a_new_format_is_one_module_and_one_line(tmp_path, monkeypatch):
    module = types.ModuleType("a_new_format")
    module.read = lambda path, *, include_output: NET.including_output(include_output)
    monkeypatch.setitem(sys.modules, "a_new_format", module)
    monkeypatch.setitem(formats.READERS, ".new", "a_new_format:read")
    (tmp_path / "net.new").touch()
    assert load(tmp_path / "net.new", include_output=True) == NET.including_output()


@pytest.mark.parametrize("framework", ["torch", "sklearn"])
def test_a_reader_neither_imports_nor_needs_its_framework(framework):
    code = (
        f"import sys, polyregions as pr; sys.modules[{framework!r}] = None\n"  # which makes its import fail
        f"try: pr.Network.from_{framework}(3)\n"
        "except pr.PolyregionsError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert result.stdout.strip().endswith("is needed, not int")


def test_save(tmp_path):
    for path in (tmp_path / "net.npz", str(tmp_path / "NET.NPZ")):
        save(NET.including_output(), path)
        assert load(path) == NET
        assert load(path, include_output=True) == NET.including_output()
    assert pr.save is save


@pytest.mark.parametrize("name", ["net.txt", "net", "net.pt", "net.npy"])
def test_save_knows_few_extensions(tmp_path, name):
    with pytest.raises(FormatError, match=r"no writer for .*; known ones: \.npz$"):
        save(NET, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_save_in_the_other_order(tmp_path):
    with pytest.raises(ArgumentTypeError, match=r"save\(network, path\) needs a polyregions.Network, not a "):
        save(tmp_path / "net.npz", NET)
    with pytest.raises(OSError, match="absent"):
        save(NET, tmp_path / "absent" / "net.npz")


@pytest.mark.parametrize(
    ("suffix", "hint"), [(".pt", "torch.load"), (".pth", "from_torch"), (".joblib", "from_sklearn")]
)
def test_files_of_other_programs_get_a_hint(tmp_path, suffix, hint):
    path = tmp_path / f"m{suffix}"
    path.touch()
    with pytest.raises(FormatError, match=hint) as caught:
        load(path)
    assert "\n" not in str(caught.value)

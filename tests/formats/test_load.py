"""load: the reader is chosen by the file's extension."""

import subprocess
import sys
import types

import pytest

from polyregions import formats
from polyregions.errors import FormatError, PolyregionsError
from polyregions.formats import READERS, load
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
    with pytest.raises(FormatError, match=r"folder\.npz: not a file"):
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

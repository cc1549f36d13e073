"""Files of pictures, and matplotlib itself: written whole, loaded late, missed politely."""

import doctest
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import polyregions as pr
from polyregions.errors import FormatError, MissingPackageError
from polyregions.plot import (
    plot_bounds,
    plot_distances,
    plot_layers,
    plot_line,
    plot_plane,
    plot_training,
    save_line,
    save_plane,
)

GUIDE = Path(__file__).parents[2] / "docs" / "plots.md"
MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture(scope="module")
def network():
    return pr.Network.random([2, 8, 1], seed=0, bias_std=0.3)


@pytest.fixture(scope="module")
def plane(network):
    return pr.plane(network, pr.Box(-1, 1))


@pytest.fixture(scope="module")
def line(network):
    return pr.line(network, pr.Segment([-1, -1], [1, 1]))


@pytest.mark.parametrize("kind", MAGIC)
def test_the_same_picture_has_the_same_bytes(plane, line, tmp_path, kind):
    for name, save in (
        ("plane", lambda path: save_plane(plane, path, color="active")),
        ("line", lambda p: save_line(line, p)),
    ):
        first, second = tmp_path / f"{name}.{kind}", tmp_path / f"{name}2.{kind.upper()}"
        save(first)
        save(second)
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes().startswith(MAGIC[kind])
    # Pictures for files are none of pyplot's.
    assert plt.get_fignums() == []


def test_colours_make_other_pictures(plane, tmp_path):
    pictures = set()
    for color in ("region", "active", "affine"):
        save_plane(plane, tmp_path / "plane.png", color=color)
        pictures.add((tmp_path / "plane.png").read_bytes())
    assert len(pictures) == 3


def test_a_picture_is_there_whole_or_not_at_all(plane, tmp_path, monkeypatch):
    target = tmp_path / "plane.png"
    target.write_bytes(b"before")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(OSError, match="No space left"):
            save_plane(plane, target)
    with pytest.raises(pr.PolyregionsError, match="color must be one of"):
        save_plane(plane, target, color="blue")
    assert target.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["plane.png"]
    with pytest.raises(FileNotFoundError):
        save_plane(plane, tmp_path / "nowhere" / "plane.png")


@pytest.mark.parametrize("name", ["plane.jpg", "plane", "png"])
def test_other_extensions(plane, tmp_path, name):
    with pytest.raises(FormatError, match=r"must be one of \.png, \.svg, \.pdf"):
        save_plane(plane, tmp_path / name)


def test_matplotlib_is_loaded_late():
    code = "import sys, polyregions, polyregions.plot; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_without_matplotlib(network, plane, line, tmp_path, monkeypatch):
    monkeypatch.setattr("polyregions.plot.canvas.find_spec", lambda name: None)
    for draw in (
        lambda: plot_plane(plane),
        lambda: plot_line(line),
        lambda: plot_layers(network, pr.Box(-1, 1)),
        lambda: plot_training([1, 2]),
        lambda: plot_distances(pr.distances(network, [[0.0, 0.0]])),
        lambda: plot_bounds([(3,)], counts={"a": [1]}),
        lambda: save_plane(plane, tmp_path / "plane.png"),
    ):
        with pytest.raises(MissingPackageError, match=r"pip install 'polyregions\[plot\]'"):
            draw()
    assert not list(tmp_path.iterdir())


def test_the_guide():
    result = doctest.testfile(str(GUIDE), module_relative=False)
    assert result.attempted > 8
    assert result.failed == 0

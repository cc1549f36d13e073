"""The interactive page of a plane, in a real browser where there is one."""

import re
import shutil
import subprocess

import numpy as np
import pytest

import polyregions as pr
from polyregions.geometry.region import pattern_text
from tests.nets import npz
from tests.strategies import of_known

BROWSER = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)


@pytest.fixture(scope="module")
def found():
    network, box = of_known(npz("A1_2d_16x2"))
    return pr.plane(network, box)


@pytest.fixture(scope="module")
def path(found, tmp_path_factory):
    target = tmp_path_factory.mktemp("page") / "plane.html"
    found.to_html(target)
    return target


def test_it_needs_nothing_else(path):
    text = path.read_text()
    assert "/*DATA*/" not in text
    assert not re.search(r"https?:|src=|href=|@import|fetch\(", text)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")
@pytest.mark.parametrize("region", [0, 77, 477])
def test_the_panel_shows_a_region(found, path, tmp_path, region):
    dom = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}",
            "--window-size=1000,700",
            "--virtual-time-budget=5000",
            "--dump-dom",
            f"{path.as_uri()}#region={region}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    # All polygons were drawn, none failed.
    assert re.search(r'<body[^>]* data-ready="478"', dom)
    assert re.search(r'<body[^>]* data-drawn="478"', dom)
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", dom, re.DOTALL))
    # The page finds the region by its point, as it does under the pointer.
    assert facts["region"] == f"{region} of 478"
    assert facts["pattern"] == pattern_text(found.pattern(region))
    s, t = map(float, facts["s, t"].split(", "))
    assert np.allclose([s, t], found.centres[region], rtol=1e-4, atol=1e-5)
    slope = float(re.search(r"y0 = (\S+) s", facts["affine map, rounded"])[1])
    assert np.isclose(slope, found.affine_maps[region, 0, 0], rtol=1e-4)


def test_nothing_to_show(tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    with pytest.raises(pr.PolyregionsError, match="no region to show"):
        pr.plane(network, box, time_limit=0).to_html(tmp_path / "empty.html")

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


needs_a_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")


def opened(url, folder):
    """The page's elements as they are when its scripts have run."""
    result = subprocess.run(
        [
            BROWSER,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder}",
            "--window-size=1000,700",
            "--virtual-time-budget=5000",
            "--dump-dom",
            url,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def facts_of(text):
    return dict(re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", text, re.DOTALL))


def check_facts(found, region, facts):
    assert facts["region"] == f"{region} of {len(found)}"
    assert facts["pattern"] == pattern_text(found.pattern(region))
    assert facts["active units"] == f"{found.activations()[region]} of {found.network.num_units}"
    numbers = re.fullmatch(r"y0 = (\S+) s \+ (\S+) t \+ (\S+)", facts["affine map, rounded"].splitlines()[0]).groups()
    assert np.allclose(list(map(float, numbers)), found.affine_maps[region, 0], rtol=1e-4, atol=1e-5)


@needs_a_browser
@pytest.mark.parametrize("region", [0, 77, 477])
def test_the_panel_shows_a_region(found, path, tmp_path, region):
    dom = opened(f"{path.as_uri()}#region={region}", tmp_path)
    # All polygons were drawn, none failed.
    assert re.search(r'<body[^>]* data-ready="478"', dom)
    assert re.search(r'<body[^>]* data-drawn="478"', dom)
    assert '<p id="cut" hidden' in dom
    facts = facts_of(dom)
    # The page finds the region by its point, as it does under the pointer.
    check_facts(found, region, facts)
    s, t = map(float, facts["s, t"].split(", "))
    assert np.allclose([s, t], found.centres[region], rtol=1e-4, atol=1e-5)


@needs_a_browser
def test_an_infinite_plane(tmp_path):
    network, _ = of_known(npz("A1_2d_16x2"))
    found = pr.plane(network, pr.Space())
    found.to_html(tmp_path / "plane.html")
    # Regions far outside of what is shown first can be pointed at, too.
    far = np.abs(found.centres - found.view.mean(axis=0)).max(axis=1).argmax()
    for region in (int(far), int(np.flatnonzero(found.bounded)[0])):
        dom = opened(f"{(tmp_path / 'plane.html').as_uri()}#region={region}", tmp_path / "browser")
        facts = facts_of(dom)
        check_facts(found, region, facts)
        assert facts["area, corners"].startswith("infinite, ") == (not found.bounded[region])
        assert ("window" in facts["edges, layer:unit from 0"]) == (not found.bounded[region])
        assert '<p id="cut">' in dom
    assert not found.bounded[far]


#: A user who points at the middle of each of some regions, then pans and zooms, and points again.
USER = """
<script>
"use strict";
const log = document.createElement("pre"), said = [];
log.id = "log";
function at(x, y) {
  const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
  return {clientX: box.left + (originX + scale * x) / ratio, clientY: box.top + (originY - scale * y) / ratio,
    pointerId: 1, bubbles: true, cancelable: true};
}
function send(kind, where, more = {}) {
  canvas.dispatchEvent(new (kind === "wheel" ? WheelEvent : PointerEvent)(kind, {...where, ...more}));
}
canvas.setPointerCapture = () => {};   // there is no real pointer
let painted = 0;
const paintAll = paint;
paint = function () { painted++; paintAll(); };
function point(p) {
  let x = 0, y = 0; const n = O[p + 1] - O[p];
  for (let i = O[p]; i < O[p + 1]; i++) { x += X[2 * i] / n; y += X[2 * i + 1] / n; }
  send("pointermove", at(x, y));
  refresh();
  said.push(`<i>${document.getElementById("facts").innerHTML}</i>`);
}
const asked_ = ASKED;
asked_.forEach(point);
said.push(`<b>${painted}</b>`);
const before = [scale, originX, originY];
send("wheel", at(0, 0), {deltaY: -400});
send("pointerdown", at(0, 0)); send("pointermove", at(0.1, 0.1)); send("pointerup", at(0.1, 0.1));
said.push(`<b>${(scale / before[0]).toFixed(4)}</b>`);
asked_.forEach(point);
// The picture was moved with the view, and is drawn anew when that rests.
setTimeout(() => { said.push(`<b>${fresh()}</b>`); log.innerHTML = said.join(""); document.body.append(log); }, 400);
</script>
</body>
"""


@needs_a_browser
def test_pointing_at_one_of_many_regions(tmp_path):
    network = pr.Network.random([2, 64, 64, 64, 64, 1], seed=0, bias_std=0.3)
    found = pr.plane(network, pr.Plane([-2, -2], [4, 1], [0, 4]))
    assert len(found) > 20_000
    found.to_html(tmp_path / "plane.html")
    regions = np.argsort(-found.areas)[[0, 10, 500, 5000]].tolist()
    text = (tmp_path / "plane.html").read_text()
    assert text.count("</body>") == 1
    (tmp_path / "plane.html").write_text(text.replace("</body>", USER.replace("ASKED", str(regions))))
    dom = opened((tmp_path / "plane.html").as_uri(), tmp_path / "browser")
    log = re.search(r'<pre id="log">(.*?)</pre>', dom, re.DOTALL)[1]
    shown = [facts_of(panel) for panel in re.findall(r"<i>(.*?)</i>", log, re.DOTALL)]
    assert len(shown) == 2 * len(regions)
    for region, facts in zip(regions * 2, shown, strict=True):
        check_facts(found, region, facts)
    painted, zoomed, fresh = re.findall(r"<b>(.*?)</b>", log)
    # Pointing at a region draws none of the others.
    assert painted == "0"
    assert float(zoomed) == pytest.approx(np.exp(400 * 0.0015), rel=1e-3)
    assert fresh == "true"


def test_nothing_to_show(tmp_path):
    network, box = of_known(npz("A1_2d_16x2"))
    with pytest.raises(pr.PolyregionsError, match="no region to show"):
        pr.plane(network, box, time_limit=0).to_html(tmp_path / "empty.html")

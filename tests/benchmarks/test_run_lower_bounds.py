"""The driver of lower bounds: what it writes, and that one method's failure stays its own."""

import json

import run_lower_bounds


def test_smoke(tmp_path, monkeypatch):
    def broken(network, domain, seconds):
        raise RuntimeError("no such luck")

    monkeypatch.setitem(run_lower_bounds.METHODS, "xor-3 one tree", broken)
    output, page = tmp_path / "bounds.json", tmp_path / "bounds.md"
    run_lower_bounds.main(["--smoke", "--output", str(output), "--markdown", str(page)])
    good, bad = json.loads(output.read_text())["results"]
    assert 1 <= good["value"] <= good["regions"] == 478
    assert good["stats"]["trials_complete"] == 28
    assert bad["failure"] == "RuntimeError: no such luck"
    lines = page.read_text().splitlines()
    assert sum(line.startswith("| A1_2d_16x2") for line in lines) == 2

"""The driver of convolutions: that its counts are between its bounds, and what it writes."""

import json

import run_cnn


def test_smoke(tmp_path):
    output, page = tmp_path / "cnn.json", tmp_path / "cnn.md"
    run_cnn.main(["--smoke", "--draws", "2", "--output", str(output), "--markdown", str(page)])
    results = json.loads(output.read_text())["results"]
    assert len(results) == 12
    for result in results:
        assert 1 <= min(result["counts"]) <= max(result["counts"]) <= result["upper"]
        if "formula" in result:
            assert set(result["counts"]) == {result["tied"]}
            assert result["tied"] <= result["untied"] == result["formula"]
    assert "| 3x3x1 | 2x2x2 | 8 | 256 | 256 | 255 | 255 | 255 |" in page.read_text()

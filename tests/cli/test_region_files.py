"""Files of regions: what is written can be read again, and is whole however the run ends."""

import json
import resource
from fractions import Fraction

import jsonschema
import numpy as np
import pytest

import polyregions as pr
from polyregions.cli import main
from polyregions.commands import parquet_file, region_files
from polyregions.commands.region_files import packed
from polyregions.exact.numbers import as_fraction
from polyregions.formats.npz import save_npz
from polyregions.graph import Graph, clip
from tests.cli import schemas
from tests.cli.runner import A1, BOX, run_code, run_json


def read_lines(path):
    head, *lines = path.read_text().splitlines()
    head, lines = json.loads(head), [json.loads(line) for line in lines]
    jsonschema.validate(head, schemas.REGIONS_FILE_HEAD)
    assert head["written"] == len(lines)
    for line in lines:
        jsonschema.validate(line, schemas.REGIONS_FILE_LINE)
    return head, lines


def read_archive(path):
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    result = json.loads(str(arrays["result"]))
    jsonschema.validate(result, schemas.REGIONS_FILE_HEAD)
    assert result["written"] == len(arrays["patterns"]) == len(arrays["witness"])
    assert str(arrays["status"]) == result["status"]
    assert str(arrays["definition"]) == result["definition"]
    assert str(arrays["network_sha256"]) == result["network"]["sha256"]
    assert json.loads(str(arrays["domain"])) == result["domain"]
    count = int(arrays["num_units"])
    assert arrays["widths"].sum() == count
    flat = np.unpackbits(arrays["patterns"], axis=1, count=count)
    layers = np.split(flat, np.cumsum(arrays["widths"])[:-1], axis=1)
    patterns = [tuple(tuple(states.tolist()) for states in row) for row in zip(*layers, strict=True)]
    return result, patterns, arrays["witness"]


def read_parquet(path):
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(path)
    metadata = parquet.read_metadata(path).metadata
    entries = {name.decode(): json.loads(text) for name, text in metadata.items() if b"polyregions" in name}
    result = entries["polyregions"]
    jsonschema.validate(result, schemas.REGIONS_FILE_HEAD)
    assert result["written"] == table.num_rows
    assert result["network"]["hidden"] == entries["polyregions.widths"]
    count = entries["polyregions.num_units"]
    packed = np.frombuffer(b"".join(table["pattern"].to_pylist()), dtype=np.uint8).reshape(
        table.num_rows, -(-count // 8)
    )
    flat = np.unpackbits(packed, axis=1, count=count)
    layers = np.split(flat, np.cumsum(entries["polyregions.widths"])[:-1], axis=1)
    patterns = [tuple(tuple(states.tolist()) for states in row) for row in zip(*layers, strict=True)]
    return result, patterns, np.array(table["witness"].to_pylist())


def read_any(path):
    """The result, and the patterns."""
    if path.suffix == ".jsonl":
        head, lines = read_lines(path)
        return head, [as_pattern(line["pattern"]) for line in lines]
    return (read_archive if path.suffix == ".npz" else read_parquet)(path)[:2]


def as_pattern(text):
    return tuple(tuple(map(int, states)) for states in text.split("|"))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """So that nets of some hundred regions fill many."""
    monkeypatch.setattr(region_files.ArchiveFile, "CHUNK", 100)
    monkeypatch.setattr(parquet_file.ParquetFile, "CHUNK", 100)
    monkeypatch.setattr(region_files.JsonLinesFile, "CHUNK", 1000)


@pytest.fixture(scope="module")
def expected():
    return {region.pattern: region.witness for region in pr.regions(pr.load(A1), pr.Box(-1, 1))}


def test_lines(capsys, tmp_path, expected):
    path = tmp_path / "regions.jsonl"
    status, result = run_json(capsys, "regions", A1, *BOX, "--output", str(path))
    jsonschema.validate(result, schemas.REGIONS_OUTPUT)
    assert (status, result["count"], result["written"]) == (0, 478, 478)
    head, lines = read_lines(path)
    assert {name: head[name] for name in ("count", "status", "network", "domain")} == {
        name: result[name] for name in ("count", "status", "network", "domain")
    }
    found = {as_pattern(line["pattern"]): tuple(map(as_fraction, line["witness"])) for line in lines}
    assert found == expected
    assert [path.name for path in tmp_path.iterdir()] == ["regions.jsonl"]


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_archive(capsys, tmp_path, expected, suffix):
    path = tmp_path / f"regions{suffix}"
    status, result = run_json(capsys, "regions", A1, *BOX, "--output", str(path))
    jsonschema.validate(result, schemas.REGIONS_OUTPUT)
    assert (status, result["written"]) == (0, 478)
    result, patterns, points = (read_archive if suffix == ".npz" else read_parquet)(path)
    assert result["status"] == "exact"
    assert dict(zip(patterns, points.tolist(), strict=True)) == {
        pattern: [float(value) for value in witness] for pattern, witness in expected.items()
    }
    assert [path.name for path in tmp_path.iterdir()] == [f"regions{suffix}"]


@pytest.mark.parametrize("suffix", [".npz", ".jsonl", ".parquet"])
def test_several_threads_write_the_same_regions(capsys, tmp_path, expected, suffix):
    path = tmp_path / f"regions{suffix}"
    assert main(["regions", A1, *BOX, "--output", str(path), "--workers", "3"]) == 0
    head, patterns = read_any(path)
    assert head["status"] == "exact"
    assert len(patterns) == 478
    assert set(patterns) == set(expected)
    capsys.readouterr()


def test_a_network_without_units(capsys, tmp_path):
    net = tmp_path / "net.npz"
    save_npz(pr.Network.from_arrays([[[1.0, 2.0]]], [[0.0]]), net)
    for suffix in (".npz", ".jsonl", ".parquet"):
        path = tmp_path / f"regions{suffix}"
        assert run_json(capsys, "regions", str(net), *BOX, "--output", str(path))[1]["written"] == 1
        assert path.exists()


def test_parquet_needs_pyarrow(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_file, "find_spec", lambda name: None)
    assert main(["regions", A1, *BOX, "--output", str(tmp_path / "regions.parquet")]) == 2
    assert "pip install 'polyregions[parquet]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_witnesses_that_are_no_floats_stay_exact(capsys, tmp_path):
    net, path = tmp_path / "net.npz", tmp_path / "regions.jsonl"
    save_npz(pr.Network.from_arrays([[[1.0]], [[1.0]]], [[0.0], [0.0]]), net)
    assert main(["regions", str(net), "--box", "1/3", "1/3", "--output", str(path), "--json"]) == 0
    _, lines = read_lines(path)
    assert lines == [{"pattern": "1", "witness": ["1/3"]}]
    assert json.loads(capsys.readouterr().out)["written"] == 1
    assert as_fraction(lines[0]["witness"][0]) == Fraction(1, 3)


def test_for_people(capsys, tmp_path):
    path = tmp_path / "regions.npz"
    assert main(["regions", A1, *BOX, "--output", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("478 regions (exact)\n")
    assert f"478 to {path}" in out


def test_an_existing_file_is_replaced_only_by_a_whole_one(capsys, tmp_path):
    path = tmp_path / "regions.jsonl"
    path.write_text("old")
    assert main(["regions", A1, "--box", "1", "0", "--output", str(path)]) == 2
    assert path.read_text() == "old"
    assert main(["regions", A1, *BOX, "--output", str(path)]) == 0
    read_lines(path)
    capsys.readouterr()


def test_a_link_is_followed(capsys, tmp_path):
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "target.jsonl")
    assert main(["regions", A1, *BOX, "--output", str(tmp_path / "link.jsonl")]) == 0
    assert (tmp_path / "link.jsonl").is_symlink()
    read_lines(tmp_path / "target.jsonl")
    capsys.readouterr()


@pytest.mark.parametrize("limit", [0, 1, 250])
@pytest.mark.parametrize("suffix", [".npz", ".jsonl", ".parquet"])
def test_a_limit_leaves_a_whole_file(capsys, tmp_path, expected, limit, suffix):
    path = tmp_path / f"regions{suffix}"
    status, result = run_json(capsys, "regions", A1, *BOX, "--output", str(path), "--max-regions", str(limit))
    assert (status, result["written"], result["lower"]) == (3, limit, limit)
    head, patterns = read_any(path)
    assert head["status"] == "bracket"
    assert head["lower"] <= 478 <= head["upper"]
    assert len(set(patterns)) == limit
    assert set(patterns) <= set(expected)


def test_a_bug_on_the_way_leaves_nothing(tmp_path, monkeypatch):
    def broken(self, region):
        raise ZeroDivisionError

    monkeypatch.setattr(region_files.JsonLinesFile, "add", broken)
    with pytest.raises(ZeroDivisionError):
        main(["regions", A1, *BOX, "--output", str(tmp_path / "regions.jsonl")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "size"), [(".npz", 45_000), (".jsonl", 20_000), (".parquet", 45_000)])
def test_a_full_disk_keeps_what_is_written(tmp_path, suffix, size):
    # A limit on the size of files stands for a full disk. Of the archive, which takes its space in advance, some 40,000
    # bytes are taken before the first region, and 20 more per region.
    path = tmp_path / f"regions{suffix}"
    code = (
        "import sys; from polyregions.commands import region_files; from polyregions.cli import main\n"
        "from polyregions.commands import parquet_file\n"
        "region_files.ArchiveFile.CHUNK = parquet_file.ParquetFile.CHUNK = 50\n"
        f"sys.exit(main(['regions', {A1!r}, '--box', '-1', '1', '--json', '--output', {str(path)!r}]))"
    )
    done = run_code(code, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    assert done.returncode == 3, done.stderr
    result = json.loads(done.stdout)
    jsonschema.validate(result, schemas.REGIONS_OUTPUT)
    assert result["stats"]["stopped"] == "File too large"
    head = read_any(path)[0]
    assert 0 < head["written"] == result["written"] < result["lower"]
    assert head["status"] == "bracket"
    assert path.stat().st_size <= size
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.fixture
def linear_net(tmp_path):
    """|x| and another unit behind a layer of linear ones."""
    layers = [np.eye(2), [[1.0, 0.5], [-1.0, 0.25], [0.0, 1.0]], np.ones((1, 3))]
    masks = [np.ones(2, dtype=bool), np.array([False, False, True])]
    network = pr.Network.from_arrays(layers, [np.zeros(2), np.zeros(3), np.zeros(1)], linear=masks)
    pr.save(network, tmp_path / "linear.npz")
    return network, str(tmp_path / "linear.npz")


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".jsonl"])
def test_linear_units(capsys, tmp_path, linear_net, suffix):
    network, file = linear_net
    path = tmp_path / f"regions{suffix}"
    status, result = run_json(capsys, "regions", file, *BOX, "--output", str(path))
    jsonschema.validate(result, schemas.REGIONS_OUTPUT)
    assert (status, result["network"]["linear"]) == (0, [2, 1])
    assert sorted(read_any(path)[1]) == sorted(region.pattern for region in pr.regions(network, pr.Box(-1, 1)))


def test_bounds_name_linear_units(capsys, linear_net):
    _, result = run_json(capsys, "bounds", linear_net[1], *BOX, "--units")
    jsonschema.validate(result, schemas.BOUNDS)
    assert [unit["state"] for unit in result["units"]] == ["linear", "linear", "open", "open", "linear"]


def test_patterns_of_larger_numbers():
    graph = Graph(1)
    network = graph.network(graph.add(clip(0, 1), "input"))
    assert packed([[2], [0]], network).tolist() == [[2], [0]]
    assert packed([[1, 0, 1]], pr.load(A1)).tolist() == [[0b10100000]]

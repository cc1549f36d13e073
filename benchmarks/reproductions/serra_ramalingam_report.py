"""What serra_ramalingam.py measured: a CSV file, tables in Markdown, and figures like the paper's."""

import csv
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

__all__ = ["write_report"]

Record = dict[str, Any]
#: The records of one network, by method.
Results = dict[str, Record]

XOR = [f"XOR-{k}" for k in (2, 3, 4, 5)]
COLUMNS = [
    "images", "include_output", "definition", "configuration", "network", "method", "status", "value", "lower", "upper",
    "standard_error", "bound_binomial", "bound_chernoff", "bound_clopper_pearson", "trials_cut_short", "probes",
    "cells", "training", "test", "seconds", "cpu_seconds", "load", "failure",
]  # fmt: skip
#: Series of the figure of bounds: name, colour.
SERIES = {
    "UB": "#888888", "empirical UB": "#d62728", "exact": "#000000", "tree estimate": "#1f77b4", "tree 95%": "#17becf",
    **dict(zip(XOR, ("#fdae6b", "#fd8d3c", "#e6550d", "#a63603"), strict=True)), "points": "#2ca02c",
}  # fmt: skip


def write_report(folder: Path, records: list[Record]) -> str:
    """Write results.csv, tables.md and the figures; returns the tables.

    Notes
    -----
    Where a method ran on the same network with several settings, the last result counts.
    """
    with (folder / "results.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(records)
    groups: dict[tuple[str, bool, str], dict[tuple[str, int], Results]] = defaultdict(dict)
    for record in records:
        name = (record["images"], record["include_output"], record["definition"])
        groups[name].setdefault((record["configuration"], record["network"]), {})[record["method"]] = record
    parts = []
    for (images, include_output, definition), group in groups.items():
        networks = dict(sorted(group.items(), key=lambda item: ([int(n) for n in item[0][0].split(",")], item[0][1])))
        counted = "hidden layers and outputs" if include_output else "hidden layers"
        parts += [f"### {images}, {definition}, {counted}", bounds_table(networks), tightness_table(networks)]
        _figures(folder, networks, f"{'-with-output' if include_output else ''}{'' if len(groups) < 3 else definition}")
    tables = "\n\n".join(parts) + "\n"
    (folder / "tables.md").write_text(tables, encoding="utf-8")
    return tables


def values(results: Results) -> dict[str, float]:
    """The bounds and the estimate of one network, by the names of SERIES; "exact" only where it is."""
    found: dict[str, float] = {}
    for method, record in results.items():
        if "failure" in record:
            continue
        if method in ("exact", "exact MILP"):
            if record["status"] == "exact":
                found["exact"] = record["lower"]
        elif method == "tree":
            if record["value"] is not None:
                found["tree estimate"] = record["value"]
            found["tree 95%"] = record["lower"]
        elif "value" in record:
            found[method] = record["value"]
    return found


def bounds_table(networks: dict[tuple[str, int], Results]) -> str:
    """A row per network."""
    columns = ["UB", "empirical UB", *XOR, "tree 95%", "points"]
    head = ["configuration", "#", "test accuracy", "exact", "tree estimate", *columns]
    lines = [_row(head), _row(["---"] * len(head))]
    for (configuration, index), results in networks.items():
        found = values(results)
        accuracy = f"{results['accuracy']['test']:.3f}" if "accuracy" in results else ""
        cells = [configuration, str(index), accuracy, _exact(results), _estimate(results)]
        lines.append(_row([*cells, *(_number(found.get(name)) for name in columns)]))
    return "\n".join(lines)


def tightness_table(networks: dict[tuple[str, int], Results]) -> str:
    """Per method the bits between its bound and the count, and its seconds, over the networks with an exact count.

    Networks whose count is not known are compared with the estimate, in rows of their own.
    """
    gaps: dict[tuple[str, str], list[float]] = defaultdict(list)
    times: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for results in networks.values():
        found = values(results)
        against = "exact" if "exact" in found else "tree estimate"
        if against not in found:
            continue
        for name in SERIES:
            method = "tree" if name.startswith("tree") else name
            if name in found and name != against and method in results:
                gaps[name, against].append(math.log2(found[name] / found[against]))
                times[name, against].append((results[method]["seconds"], results[method]["cpu_seconds"]))
        for method in ("exact", "exact MILP"):
            if against == "exact" and results.get(method, {}).get("status") == "exact":
                gaps[method, against].append(0.0)
                times[method, against].append((results[method]["seconds"], results[method]["cpu_seconds"]))
    head = [
        "method",
        "against",
        "networks",
        "bits from it: mean (least, most)",
        "wall s: mean (most)",
        "CPU s: mean (most)",
    ]
    lines = [_row(head), _row(["---"] * len(head))]
    for (name, against), gap in sorted(gaps.items(), key=lambda item: item[0][1]):
        bits = f"{sum(gap) / len(gap):+.2f} ({min(gap):+.2f}, {max(gap):+.2f})"
        both = [f"{sum(t) / len(t):.1f} ({max(t):.1f})" for t in zip(*times[name, against], strict=True)]
        lines.append(_row([name, against, str(len(gap)), bits, *both]))
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _exact(results: Results) -> str:
    records = [results[m] for m in ("exact", "exact MILP") if m in results and "failure" not in results[m]]
    if not records:
        return ""
    lower = max(record["lower"] for record in records)
    upper = min((record["upper"] for record in records if record["upper"] is not None), default=None)
    return _number(lower) if lower == upper else f"{_number(lower)} to {_number(upper)}"


def _estimate(results: Results) -> str:
    record = results.get("tree", {})
    if record.get("value") is None:
        return ""
    if record["status"] == "exact":
        return _number(record["value"])
    error = record["standard_error"]
    return _number(record["value"]) + (f" ± {100 * error / record['value']:.0f}%" if error is not None else "")


def _number(value: float | None) -> str:
    """Seven digits at most; a longer number in two decimals, which round."""
    if value is None:
        return ""
    return f"{round(value):,}" if value < 10**8 else f"{value:.2e}"


# -- figures -----------------------------------------------------------------------------------------


def _figures(folder: Path, networks: dict[tuple[str, int], Results], suffix: str) -> None:
    try:
        import matplotlib
    except ModuleNotFoundError:
        print("no figures: matplotlib is not installed (pip install 'polyregions[plot]')")
        return
    matplotlib.use("Agg")
    by_configuration: dict[str, list[Results]] = defaultdict(list)
    for (configuration, _), results in networks.items():
        by_configuration[configuration].append(results)
    names = list(by_configuration)
    bounds = {
        name: [[found[name] for r in by_configuration[c] if name in (found := values(r))] for c in names]
        for name in SERIES
    }
    _against_configurations(folder / f"bounds{suffix}.png", names, bounds, "number of activation patterns")
    colours = {**SERIES, "exact MILP": "#555555", "tree": SERIES["tree estimate"]}
    times = {
        method: [[r[method]["cpu_seconds"] for r in by_configuration[c] if method in r] for c in names]
        for method in colours
        if method != "UB"
    }
    _against_configurations(folder / f"times{suffix}.png", names, times, "CPU seconds")
    _accuracies(folder / f"accuracy{suffix}.png", networks)


def _against_configurations(path: Path, names: list[str], series: dict[str, list[list[float]]], label: str) -> None:
    """The mean of each series per configuration, with bars from the least to the most."""
    from matplotlib import pyplot as plt

    colours = {**SERIES, "exact MILP": "#555555", "tree": SERIES["tree estimate"]}
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for number, (name, columns) in enumerate(series.items()):
        points = [(x, column) for x, column in enumerate(columns) if column]
        if not points:
            continue
        # Side by side, so that bars stay apart.
        places = [x + 0.05 * (number - len(series) / 2) for x, _ in points]
        means = [sum(column) / len(column) for _, column in points]
        bars = [
            [mean - min(column) for mean, (_, column) in zip(means, points, strict=True)],
            [max(column) - mean for mean, (_, column) in zip(means, points, strict=True)],
        ]
        axes.errorbar(places, means, bars, label=name, color=colours[name], marker="o", ms=4, lw=1, capsize=2)
    axes.set_yscale("log")
    axes.set_xticks(range(len(names)), names, rotation=45 if len(names) > 8 else 0)
    axes.set_xlabel("units in the first and second hidden layer")
    axes.set_ylabel(f"{label} (mean; bars: least to most)")
    if axes.containers:
        axes.legend(fontsize="small", ncols=2)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _accuracies(path: Path, networks: dict[tuple[str, int], Results]) -> None:
    """Test accuracy against APP-3, the mean of the XOR-3 bound and the empirical upper bound, as in the paper."""
    from matplotlib import pyplot as plt

    points = []
    for results in networks.values():
        found = values(results)
        if "accuracy" in results and "XOR-3" in found and "empirical UB" in found:
            points.append(((found["XOR-3"] + found["empirical UB"]) / 2, results["accuracy"]["test"]))
    if not points:
        return
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.scatter(*zip(*points, strict=True), s=20)
    axes.set_xscale("log")
    axes.set_xlabel("APP-3: mean of the XOR-3 bound and the empirical upper bound")
    axes.set_ylabel("accuracy on the test set")
    figure.savefig(path, dpi=150)
    plt.close(figure)

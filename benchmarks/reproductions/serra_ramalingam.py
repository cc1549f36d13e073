"""Serra & Ramalingam 2020, "Empirical bounds on linear regions of deep rectifier networks": bounds beside exact counts.

    python benchmarks/reproductions/serra_ramalingam.py --output DIR                        # an hour or more
    python benchmarks/reproductions/serra_ramalingam.py --output DIR --configurations 4,18 11,11 --networks 2
    python benchmarks/reproductions/serra_ramalingam.py --output DIR --configurations 50,50 --methods tree --workers 2
    python benchmarks/reproductions/serra_ramalingam.py --smoke                                # under half a minute

Classifiers of 28 x 28 pixels with two hidden layers of 22 units together are trained on MNIST (``--mnist DIR``) or
on upsampled digits. For each, over [0, 1]^784: what METHODS name, each under the same time limit, one after the other.
Programs that are compiled on first use are compiled beforehand. What is counted are activation patterns, as by the
paper's mixed-integer program, of the hidden layers or, with --include-output, of the ten outputs, too: it is not known
which the paper counted.

DIR gets results.jsonl, a line as soon as a method is done: run the same command again after Ctrl-C, and it goes on
with what is missing. Then, of all lines there: results.csv, tables.md, and with matplotlib bounds.png, times.png and
accuracy.png.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

sys.path.insert(0, str(Path(__file__).parents[1]))

from images import Images, load_images
from serra_ramalingam_report import write_report
from training import accuracy, on_grid, train

import polyregions as pr
from polyregions.bounding import upper_bounds
from polyregions.result import versions

BOX = pr.Box(0, 1)
UNITS = 22
CONFIGURATIONS = [f"{n},{UNITS - n}" for n in range(1, UNITS)]


@dataclass(frozen=True)
class Task:
    """A network, and how it is to be bounded."""

    network: pr.Network
    images: Images
    definition: str
    seconds: float
    workers: int
    probes: int
    cells: int | None


class Interrupted(Exception):
    """Ctrl-C ended a method before its limit."""


def _complete(result: Any) -> Any:
    if result.interrupted:
        raise Interrupted
    return result


def _accuracy(task: Task) -> dict[str, Any]:
    images, network = task.images, task.network.including_output(False)
    return {
        "training": accuracy(network, images.inputs, images.labels),
        "test": accuracy(network, images.test_inputs, images.test_labels),
    }


def _theorem_1(task: Task) -> dict[str, Any]:
    widths = [task.network.input_dimension, *task.network.widths]
    return {"value": next(bound.value for bound in upper_bounds(widths) if bound.name == "serra")}


def _empirical(task: Task) -> dict[str, Any]:
    stable = pr.stable_units(task.network, BOX, method="joint", time_limit=task.seconds)
    bounds = upper_bounds(task.network, BOX, stable=stable)
    number = sum(int(layer.sum()) for layer in (*stable.active, *stable.inactive))
    value = next(bound.value for bound in bounds if bound.name == "coefficients")
    return {"value": value, "stable_units": number, "stability_complete": stable.complete}


def _count(method: str) -> Callable[[Task], dict[str, Any]]:
    def run(task: Task) -> dict[str, Any]:
        workers = task.workers if method == "split" else 1
        options = {"definition": task.definition, "time_limit": task.seconds, "workers": workers}
        count = _complete(pr.count(task.network, BOX, method=method, **options))
        return {"lower": count.lower, "upper": count.upper, "status": count.status.value}

    return run


def _xor(size: int) -> Callable[[Task], dict[str, Any]]:
    def run(task: Task) -> dict[str, Any]:
        options = {"definition": task.definition, "time_limit": task.seconds}
        bound = _complete(pr.lower_bound(task.network, BOX, method="xor", xor_size=size, **options))
        names = ("trials", "trials_cut_short", "bound_chernoff", "bound_binomial", "bound_clopper_pearson", "reason")
        stats = {name: bound.stats[name] for name in names if name in bound.stats}
        return {"value": bound.value, "status": bound.status.value, **stats}

    return run


def _tree(task: Task) -> dict[str, Any]:
    estimate = _complete(
        pr.estimate(
            task.network, BOX, definition=task.definition, time_limit=task.seconds, workers=task.workers,
            probes=task.probes, cells=task.cells,
        )
    )  # fmt: skip
    done = estimate.probes > 0
    return {
        "value": estimate.value if done else None,
        "standard_error": estimate.standard_error if estimate.probes > 1 else None,
        "effective_sample_size": estimate.effective_sample_size,
        "probes": estimate.probes,
        "cells": estimate.stats["cells"],
        "status": estimate.status.value,
        "lower": estimate.lower_bound.value,
        "lower_status": estimate.lower_bound.status.value,
    }


def _points(task: Task) -> dict[str, Any]:
    options = {"definition": task.definition, "time_limit": task.seconds}
    bound = _complete(pr.lower_bound(task.network, BOX, method="points", **options))
    return {"value": bound.value, "status": bound.status.value, "points": bound.stats["points_drawn"]}


#: By name. The XOR bounds are those of 28 trials, as published. The count by MILP stands for the paper's.
METHODS: dict[str, Callable[[Task], dict[str, Any]]] = {
    "accuracy": _accuracy,
    "UB": _theorem_1,
    "empirical UB": _empirical,
    "exact": _count("split"),
    "exact MILP": _count("milp"),
    **{f"XOR-{k}": _xor(k) for k in (2, 3, 4, 5)},
    "tree": _tree,
    "points": _points,
}


def trained(configuration: str, images: Images, seed: int, epochs: int) -> pr.Network:
    """A classifier with the hidden widths, its weights on the grid of 2^-16."""
    widths = [images.inputs.shape[1], *map(int, configuration.split(",")), 10]
    return on_grid(train(widths, images.inputs, images.labels, epochs=epochs, seed=seed, learning_rate=5e-3))


def measure(method: str, task: Task) -> dict[str, Any]:
    """A method's result with its time; its failure is its own."""
    load, start, cpu = os.getloadavg()[0], time.perf_counter(), time.process_time()
    try:
        result = METHODS[method](task)
    except (Interrupted, KeyboardInterrupt):
        raise
    except Exception as error:
        result = {"failure": f"{type(error).__name__}: {error}"}
    seconds = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    return {**result, **seconds, "load": load}


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records written so far; a line that was cut off by a kill is dropped from the file, too."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def key(record: dict[str, Any]) -> tuple[Any, ...]:
    """What a record is the result of."""
    names = ("images", "epochs", "configuration", "network", "include_output", "definition", "method", "settings")
    return tuple(json.dumps(record[name], sort_keys=True) for name in names)


def run(options: argparse.Namespace, images: Images) -> None:
    """All methods on all networks that have no line yet."""
    path = options.output / "results.jsonl"
    done = {key(record) for record in read_lines(path)}
    settings = {"time_limit": options.time_limit, "workers": options.workers}
    settings |= {"probes": options.probes, "cells": options.cells}
    is_warm = False
    for index in range(options.networks):
        for configuration in options.configurations:
            record = {
                "images": images.name,
                "epochs": options.epochs,
                "configuration": configuration,
                "network": index,
                "include_output": options.include_output,
                "definition": options.definition,
                "settings": settings,
            }
            missing = [m for m in options.methods if key({**record, "method": m}) not in done]
            if not missing:
                continue
            if not is_warm:
                _compile(options, images)
                is_warm = True
            network = trained(configuration, images, index, options.epochs).including_output(options.include_output)
            task = _task(network, options, images)
            for method in missing:
                line = {**record, "method": method, **measure(method, task)}
                line |= {"sha256": network.sha256, "polyregions": versions()["polyregions"]}
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                shown = {name: line[name] for name in ("value", "lower", "upper", "test", "failure") if name in line}
                print(f"{configuration:>7} #{index} {method:<12} {line['seconds']:8.2f} s  {shown}", flush=True)


def _task(network: pr.Network, options: argparse.Namespace, images: Images) -> Task:
    plan = (options.definition, options.time_limit, options.workers, options.probes, options.cells)
    return Task(network, images, *plan)


def _compile(options: argparse.Namespace, images: Images) -> None:
    """Run each method once on a network that is nothing but small."""
    network = trained("3,3", images, 0, 1).including_output(options.include_output)
    for method in options.methods:
        measure(method, _task(network, options, images))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, metavar="DIR", help="for all results (with --smoke: not kept)")
    parser.add_argument("--smoke", action="store_true", help="two small networks, a few seconds for each")
    parser.add_argument("--mnist", metavar="DIR", help="with MNIST's four IDX files; default: upsampled digits")
    parser.add_argument(
        "--configurations", nargs="+", default=CONFIGURATIONS, metavar="N1,N2", help="default: 1,21 to 21,1"
    )
    parser.add_argument("--networks", type=int, default=2, help="per configuration; the paper had 10 (default: 2)")
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD", help="default: all"
    )
    parser.add_argument("--include-output", action="store_true", help="count the output layer's units, too")
    parser.add_argument("--definition", choices=("patterns", "regions"), default="patterns")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds per method and network (default: 60)")
    parser.add_argument("--workers", type=int, default=1, help="threads, of exact and tree (default: 1)")
    parser.add_argument("--probes", type=int, default=20, help="of the tree estimate (default: 20)")
    parser.add_argument("--cells", type=int, help="of the tree estimate (default: by the time limit)")
    parser.add_argument("--epochs", type=int, help="of training (default: 20 for MNIST, 100 for the digits)")
    options = parser.parse_args(arguments)
    for configuration in options.configurations:
        if not all(width.isdigit() and int(width) for width in configuration.split(",")):
            parser.error(f"a configuration is the widths of the hidden layers, such as 11,11; not {configuration!r}")
    if options.output is None and not options.smoke:
        parser.error("--output DIR is needed, where results are kept (or --smoke)")
    if options.smoke:
        options.configurations, options.networks, options.time_limit = ["2,4", "3,3"], 1, 2.0
    if options.epochs is None:
        options.epochs = 20 if options.mnist else 100
    with tempfile.TemporaryDirectory() as scratch:
        options.output = options.output or Path(scratch)
        options.output.mkdir(parents=True, exist_ok=True)
        is_stopped = False
        try:
            run(options, load_images(options.mnist))
        except (Interrupted, KeyboardInterrupt):
            is_stopped = True
        records = read_lines(options.output / "results.jsonl")
        if records:
            print(write_report(options.output, records))
    if is_stopped:
        print("stopped: the same command goes on with what is missing", file=sys.stderr)
        raise SystemExit(130)


if __name__ == "__main__":
    main()

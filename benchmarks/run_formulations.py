"""Bounds and formulations of the mixed-integer program side by side, in one run on one core.

Per network and method of bounds: seconds for the bounds; the mean width upper - lower per layer; stable units; the
root bound (optimum of the linear relaxation) of f and of the largest first output, by big-M and strengthened by cuts;
seconds of HiGHS for the largest first output, by both; seconds of the one-tree pool with these bounds. Seconds are
of processor time, so that other work on the machine counts little.

    python benchmarks/run_formulations.py                             # some minutes
    python benchmarks/run_formulations.py --markdown docs/milp.md     # also puts the table there
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.encoding import Encoding, encode
from polyregions.milp.safe_program import SafeProgram
from polyregions.milp.strengthening import strengthen
from polyregions.milp.tightening import METHODS, tightened_bounds
from polyregions.milp.tree_pool import TreePool
from solvers import MILPModel, milp_solver

NETS = Path(__file__).parent / "nets"
MARKS = "<!-- table: run_formulations -->", "<!-- end of table -->"
#: Seconds for one program of HiGHS.
LIMIT = 120.0


def he_network(seed: int, *widths: int) -> pr.Network:
    """Normal weights of variance 2 / fan-in, biases of standard deviation 0.3."""
    rng = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    return pr.Network.from_arrays(
        [rng.normal(size=shape) * (2 / shape[1]) ** 0.5 for shape in shapes],
        [0.3 * rng.normal(size=rows) for rows, _ in shapes],
    )


def cases() -> dict[str, tuple[pr.Network, pr.Domain]]:
    return {
        "A1 2-16-16": (pr.load(NETS / "A1_2d_16x2.npz"), pr.Box(-1, 1)),
        "random 2-16-16-16": (he_network(0, 2, 16, 16, 16, 1), pr.Box(-1, 1)),
        "C1 784-4-18-10": (pr.load(NETS / "C1_784_4-18-10.npz"), pr.Box(0, 1)),
    }


def output_objective(encoding: Encoding) -> np.ndarray:
    """The first output without its bias, over the encoding's columns: units' outputs are scaled there."""
    network, bounds = encoding.restriction.network, encoding.bounds
    last = len(network.widths)
    columns = {variable.name: j for j, variable in enumerate(encoding.problem.variables())}
    objective = np.zeros(len(columns))
    for unit, weight in enumerate(network.weights[last][0]):
        column = columns.get(f"h_{last}_{unit}")
        if column is not None:
            scale = float(encoding.problem.variables()[column].upBound) / bounds.upper[last - 1][unit]
            objective[column] = weight / scale
    return objective


def root(encoding: Encoding, objective: np.ndarray) -> float:
    return SafeProgram(encoding.arrays()).maximise(objective).bound


def f_objective(encoding: Encoding) -> np.ndarray:
    arrays = encoding.arrays()
    objective = np.zeros(len(arrays.lower))
    objective[arrays.objective] = 1.0
    return objective


def solve_output(encoding: Encoding, objective: np.ndarray) -> tuple[float, int]:
    """Seconds and nodes of HiGHS for the largest first output."""
    arrays = encoding.arrays()
    integer = np.zeros(len(arrays.lower), dtype=bool)
    integer[arrays.binaries] = True
    sides = {name: getattr(arrays, name) for name in ("matrix", "row_lower", "row_upper", "lower", "upper")}
    model = MILPModel(objective=objective, integer=integer, **sides)
    start = time.process_time()
    solution = milp_solver("highs").solve(model, time_limit=LIMIT)
    return time.process_time() - start, solution.nodes


def formulations(restriction: Restriction, box: FloatBox, bounds: UnitBounds) -> Iterator[dict[str, Any]]:
    for name in ("big-M", "strengthened"):
        by_objective = {}
        cuts = 0
        for goal, make in (("f", f_objective), ("output", output_objective)):
            encoding = encode(restriction, box, bounds)
            objective = make(encoding)
            if name == "strengthened":
                cuts = strengthen(encoding, objective=objective)
            by_objective[goal] = root(encoding, objective)
        seconds, nodes = solve_output(encoding, objective)
        yield {"formulation": name, "cuts": cuts, "root": by_objective, "seconds": seconds, "nodes": nodes}


def measure() -> Iterator[dict[str, Any]]:
    for case, (network, domain) in cases().items():
        restriction = Restriction(network, domain)
        box = FloatBox.of(restriction)
        for method in METHODS:
            start = time.process_time()
            bounds = tightened_bounds(restriction, box, method=method)
            bound_seconds = time.process_time() - start
            seconds = []
            for _ in range(4):  # the first one compiles
                start = time.process_time()
                tree = TreePool(restriction, Definition.REGIONS, bounds=bounds)
                tree.explore(lambda: False)
                seconds.append(time.process_time() - start)
            yield {
                "case": case,
                "bounds": method,
                "bound_seconds": bound_seconds,
                "widths": [float((h - low).mean()) for low, h in zip(bounds.lower, bounds.upper, strict=True)],
                "stable": sum(int(u.sum()) for u in (*bounds.stably_active, *bounds.stably_inactive)),
                "regions": tree.found,
                "tree_seconds": min(seconds[1:]),
                "formulations": list(formulations(restriction, box, bounds)),
            }


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| network | bounds | s | mean width a layer | stable | root f | root output, big-M / cuts (rows) "
        "| HiGHS, max output, s (nodes), big-M / cuts | one tree, s | regions |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        plain, cut = row["formulations"]
        widths = ", ".join(f"{width:.3g}" for width in row["widths"])
        lines.append(
            f"| {row['case']} | {row['bounds']} | {row['bound_seconds']:.3g} | {widths} | {row['stable']} "
            f"| {plain['root']['f']:.3g} / {cut['root']['f']:.3g} "
            f"| {plain['root']['output']:.3g} / {cut['root']['output']:.3g} ({cut['cuts']}) "
            f"| {plain['seconds']:.3g} ({plain['nodes']}) / {cut['seconds']:.3g} ({cut['nodes']}) "
            f"| {row['tree_seconds']:.3g} | {row['regions']:,} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, help="replace the table in this file")
    arguments = parser.parse_args()
    rows = []
    for row in measure():
        rows.append(row)
        print(row["case"], row["bounds"], f"{row['bound_seconds']:.2f} s, tree {row['tree_seconds']:.2f} s", flush=True)
    print(table(rows))
    if arguments.output:
        arguments.output.write_text(json.dumps(rows, indent=1) + "\n")
    if arguments.markdown:
        text = arguments.markdown.read_text()
        before, _, rest = text.partition(MARKS[0])
        _, _, after = rest.partition(MARKS[1])
        arguments.markdown.write_text(f"{before}{MARKS[0]}\n{table(rows)}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()

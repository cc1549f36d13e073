"""How tolerances miscount: solvers' own numbers of patterns beside the certified one, for docs/solver_counts.md.

The network is 2-32-32-32, He-normal weights and biases N(0, 0.1^2) from a seed, over [-1, 1]^2. Each solver's pool is
asked for all z with f at least a threshold, at the solver's default tolerances and at tight ones, one thread.

    python benchmarks/tolerances.py --document docs/solver_counts.md       # half an hour to some hours
    python benchmarks/tolerances.py --widths 2 12 12 --limit 20            # a first impression
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from pools import he_normal

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.native_pool import NativePool, Tolerances
from polyregions.milp.tree_pool import TreePool
from polyregions.result import versions
from solvers import SolverError, capabilities
from solvers.pools import POOLS, pool_installed

THRESHOLDS = (1e-4, 1e-6, 1e-8)
#: What the program writes between these lines of the document is its own.
BEGIN, END = "<!-- begin: benchmarks/tolerances.py -->", "<!-- end: benchmarks/tolerances.py -->"


def certified(network: pr.Network, domain: pr.Domain) -> set[bytes]:
    """All patterns, from the one tree; the splitting counter has to find as many."""
    patterns = {leaf.states for leaf in TreePool(Restriction(network, domain), Definition.PATTERNS).leaves()}
    split = pr.count(network, domain, definition="patterns")
    if int(split) != len(patterns):
        raise SystemExit(f"the counters differ: {len(patterns)} and {int(split)}")
    return patterns


def run(
    network: pr.Network, domain: pr.Domain, truth: set[bytes], solver: str, tolerances: Tolerances, limit: float
) -> dict[str, Any]:
    """One run of a pool, and how its solutions compare with the certified patterns."""
    restriction = Restriction(network, domain)
    pool = NativePool(restriction, Definition.PATTERNS, solver=solver, limits=Limits(), tolerances=tolerances)
    native = pool.solver_pool
    found: list[bytes] = []
    start = time.perf_counter()
    error = None
    try:
        while not native.finished and time.perf_counter() - start < limit:
            found += native.search(limit)
    except SolverError as failure:
        error = str(failure)
    different = set(found)
    return {
        "solver": solver,
        "tight": tolerances.feasibility is not None,
        "threshold": tolerances.threshold,
        "finished": native.finished,
        "error": error,
        "reported": native.reported,
        "different": len(different),
        "spurious": len(different - truth),
        "missing": len(truth - different),
        "seconds": time.perf_counter() - start,
    }


def measure(
    network: pr.Network, domain: pr.Domain, truth: set[bytes], solvers: list[str], done: list[Any], limit: float
) -> Iterator[dict[str, Any]]:
    for solver, tight, threshold in product(filter(pool_installed, solvers), (False, True), THRESHOLDS):
        if [solver, tight, threshold] not in done:
            settings = {} if tight else {"feasibility": None, "integrality": None}
            yield run(network, domain, truth, solver, Tolerances(threshold=threshold, **settings), limit)


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| solver | tolerances | least f | its count | different z | spurious | missing |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        count = f"{row['reported']:,}" if row["finished"] else f"{row['reported']:,}, stopped"
        missing = f"{row['missing']:,}" if row["finished"] else ""
        lines.append(
            f"| {row['solver']} {capabilities(row['solver']).version or ''} | {'tight' if row['tight'] else 'default'} "
            f"| {row['threshold']:.0e} | {count} | {row['different']:,} | {row['spurious']:,} | {missing} |"
        )
    return "\n".join(lines)


def section(widths: list[int], seed: int, truth: int, rows: list[dict[str, Any]]) -> str:
    name = "-".join(map(str, widths))
    return f"""{BEGIN}
Network {name} from seed {seed}, box [-1, 1]^{widths[0]}: **{truth:,} patterns**, certified by the one tree, and as
many by the splitting counter. Python {versions()["python"]}, one thread.

{table(rows)}
{END}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--widths", type=int, nargs="+", default=[2, 32, 32, 32], help="inputs, then hidden layers")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for each run")
    parser.add_argument("--solvers", nargs="+", default=list(POOLS), help="of those that are installed")
    parser.add_argument("--output", type=Path, help="keep the results in this file, and measure only what it lacks")
    parser.add_argument("--document", type=Path, help="replace the program's section in this file")
    arguments = parser.parse_args()
    network, domain = he_normal([*arguments.widths, 1], arguments.seed), pr.Box(-1, 1)
    truth = certified(network, domain)
    print(f"{len(truth):,} patterns, certified")
    rows: list[dict[str, Any]] = []
    if arguments.output and arguments.output.exists():
        rows = json.loads(arguments.output.read_text())
    done = [[row["solver"], row["tight"], row["threshold"]] for row in rows]
    for row in measure(network, domain, truth, arguments.solvers, done, arguments.limit):
        rows.append(row)
        print(row, flush=True)
        if arguments.output:
            arguments.output.write_text(json.dumps(rows, indent=1) + "\n")
    order = list(POOLS)
    rows.sort(key=lambda row: (order.index(row["solver"]), row["tight"], -row["threshold"]))
    text = section(arguments.widths, arguments.seed, len(truth), rows)
    print(text)
    if arguments.document:
        page = arguments.document.read_text()
        before, rest = page.split(BEGIN)
        arguments.document.write_text(before + text + rest.split(END)[1])


if __name__ == "__main__":
    main()

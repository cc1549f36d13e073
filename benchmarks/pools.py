"""The pools of the mixed-integer program side by side in one run: CPU seconds of this process, one thread.

"search" is the time in the solver's own search alone, at its default tolerances unless said otherwise, without building
the model and without certifying what it returns; the one tree's time has everything in it.

    python benchmarks/pools.py                       # minutes
    python benchmarks/pools.py --only A1 --no-good   # with the loop of no-good cuts, which takes a while
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np

import polyregions as pr
from polyregions.definition import Definition
from polyregions.exact.restriction import Restriction
from polyregions.limits import Limits
from polyregions.milp.native_pool import NativePool, Tolerances
from polyregions.milp.nogood_pool import NoGoodPool
from polyregions.milp.tree_pool import TreePool
from solvers import SolverError
from solvers.pools import POOLS, pool_installed

NETS = Path(__file__).parent / "nets"
DEMO = Path(pr.__file__).parent / "data" / "digits_64_6_6_10.npz"


def he_normal(widths: list[int], seed: int) -> pr.Network:
    """He-normal weights, biases N(0, 0.1^2), float32 values; the last layer is an affine output."""
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(widths))
    weights = [(rng.normal(size=(n, m)) * np.sqrt(2 / m)).astype(np.float32).astype(float) for m, n in pairs]
    biases = [(0.1 * rng.normal(size=n)).astype(np.float32).astype(float) for _, n in pairs]
    return pr.Network.from_arrays(weights, biases)


CASES: dict[str, Callable[[], tuple[pr.Network, pr.Domain]]] = {
    "A1 2-16-16": lambda: (pr.load(str(NETS / "A1_2d_16x2.npz")), pr.Box(-1, 1)),
    "B4 4-12-12": lambda: (pr.load(str(NETS / "B4_4d_12x2.npz")), pr.Box(-1, 1)),
    "demo 64-6-6": lambda: (pr.load(str(DEMO)), pr.Box(0, 1)),
    "demo 64-6-6-10 with output": lambda: (pr.load(str(DEMO)).including_output(), pr.Box(0, 1)),
    "He 64-6-6-10": lambda: (he_normal([64, 6, 6, 10, 1], 0), pr.Box(0, 1)),
    "He 784-8-6": lambda: (he_normal([784, 8, 6, 10], 0), pr.Box(0, 1)),
}


def run_tree(network: pr.Network, domain: pr.Domain) -> tuple[int, float]:
    start = time.process_time()
    tree = TreePool(Restriction(network, domain), Definition.PATTERNS)
    tree.explore()
    return tree.found, time.process_time() - start


def run_native(network: pr.Network, domain: pr.Domain, solver: str, tight: bool, limit: float) -> tuple[int, float]:
    tolerances = Tolerances() if tight else Tolerances(feasibility=None, integrality=None, threshold=1e-6)
    pool = NativePool(
        Restriction(network, domain), Definition.PATTERNS, solver=solver, limits=Limits(), tolerances=tolerances
    )
    native = pool.solver_pool
    start = time.process_time()
    while not native.finished and time.process_time() - start < limit:
        native.search(limit)
    seconds = time.process_time() - start
    native.close()
    return native.reported, seconds


def run_no_good(network: pr.Network, domain: pr.Domain, limit: float) -> tuple[int, float]:
    limits = Limits(time_limit=limit)
    pool = NoGoodPool(Restriction(network, domain), Definition.PATTERNS, solver="pulp-highs", limits=limits)
    start = time.process_time()
    with limits:
        pool.explore(lambda: limits.reached(pool.found) is not None)
    return pool.found, time.process_time() - start


def measure(only: list[str] | None, repeats: int, limit: float, no_good: bool) -> Iterator[tuple[str, str, int, float]]:
    for name, case in CASES.items():
        if only is not None and not name.startswith(tuple(only)):
            continue
        network, domain = case()
        run_tree(network, domain)  # compile, and warm the caches
        for _ in range(repeats):
            yield name, "one tree", *run_tree(network, domain)
            for solver in POOLS:
                if not pool_installed(solver):
                    continue
                for tight in (False, True):
                    try:
                        found, seconds = run_native(network, domain, solver, tight, limit)
                    except SolverError as error:
                        print(f"{name}: {error}")
                        continue
                    yield name, f"{solver}{' tight' * tight}, search", found, seconds
        if no_good:
            yield name, "no-good loop", *run_no_good(network, domain, limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="cases, by their beginnings")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each, of which the best counts")
    parser.add_argument("--limit", type=float, default=300.0, help="CPU seconds for each solver")
    parser.add_argument("--no-good", action="store_true", help="the loop of no-good cuts, too, until the limit")
    arguments = parser.parse_args()
    best: dict[tuple[str, str], tuple[int, float]] = {}
    for name, pool, found, seconds in measure(arguments.only, arguments.repeats, arguments.limit, arguments.no_good):
        if (name, pool) not in best or seconds < best[name, pool][1]:
            best[name, pool] = found, seconds
        print(f"{name:28} {pool:24} {found:8,} {seconds:10.3f} s", flush=True)
    print("\n| network | pool | patterns | CPU seconds | this / one tree |\n| --- | --- | ---: | ---: | ---: |")
    for (name, pool), (found, seconds) in best.items():
        ratio = seconds / best[name, "one tree"][1]
        print(f"| {name} | {pool} | {found:,} | {seconds:.3g} | {ratio:,.1f} |")


if __name__ == "__main__":
    main()

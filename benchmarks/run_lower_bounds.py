"""Lower bounds of the number of regions side by side: how far from the truth, and in how many seconds.

    python benchmarks/run_lower_bounds.py --smoke                    # seconds
    python benchmarks/run_lower_bounds.py                            # an hour: the oracles of all XOR sizes
    python benchmarks/run_lower_bounds.py --only C3 --output bounds.json --markdown docs/lower_bounds.md

A method is a line in METHODS. Each runs with the same time limit, in the same process, one after the other; programs
that are compiled on first use were compiled before.
"""

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from report import write_section

import polyregions as pr
from polyregions.result import versions
from polyregions.sampling.result import LowerBound
from polyregions.sampling.xor_bound import xor_bound

NETS = Path(__file__).parent / "nets"

Bounder = Callable[[pr.Network, pr.Domain, float], LowerBound]


@dataclass(frozen=True)
class Case:
    """A network, its box, and the number of its regions where it is known."""

    name: str
    low: float
    high: float
    regions: int | None = None

    def load(self) -> tuple[pr.Network, pr.Domain]:
        return pr.load(NETS / f"{self.name}.npz"), pr.Box(self.low, self.high)


SMOKE = (Case("A1_2d_16x2", -1, 1, 478),)
CASES = (
    *SMOKE,
    Case("B9_8d_8x2", -1, 1, 10_699),
    Case("C1_784_4-18-10", 0, 1, 4_326),
    Case("C2_784_8-14-10", 0, 1, 441_031),
    Case("C3_784_11-11-10", 0, 1),
)


def _xor(size: int, **options: Any) -> Bounder:
    def run(network: pr.Network, domain: pr.Domain, seconds: float) -> LowerBound:
        return xor_bound(
            network, domain, definition="regions", xor_size=size, time_limit=seconds, catch_signals=False, **options
        )

    return run


#: By name. The XOR bounds are those of 28 trials, as published.
METHODS: dict[str, Bounder] = {
    **{f"xor-{k} split": _xor(k) for k in (2, 3, 4, 5, 8)},
    **{f"xor-{k} one tree": _xor(k, oracle="milp") for k in (2, 3, 4, 5)},
    **{f"xor-{k} gurobi": _xor(k, oracle="milp", solver="gurobi") for k in (3,)},
    "xor-8 split, 100 trials": _xor(8, trials=100, inference="clopper-pearson"),
}
SMOKE_METHODS = ("xor-3 split", "xor-3 one tree")


def measure(case: Case, method: str, seconds: float) -> dict[str, Any]:
    """One bound, or why there is none."""
    network, domain = case.load()
    start, cpu = time.perf_counter(), time.process_time()
    row: dict[str, Any] = {"case": case.name, "regions": case.regions, "method": method}
    try:
        bound = METHODS[method](network, domain, seconds)
    except Exception as error:  # one method's failure stays its own
        return row | {"failure": f"{type(error).__name__}: {error}"}
    return row | {
        "value": bound.value,
        "status": bound.status.value,
        "confidence": bound.confidence,
        "seed": bound.seed,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
        "stats": bound.stats,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The results as Markdown."""
    lines = [
        "| network | method | bound | log2 | proven | Chernoff | Clopper-Pearson | trials cut short | CPU s | wall s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        if "failure" in row:
            lines.append(f"| {row['case']} | {row['method']} | {row['failure'][:60]} | | | | | | | |")
            continue
        stats = row["stats"]
        others = [f"{stats[name]:,}" if name in stats else "" for name in ("bound_chernoff", "bound_clopper_pearson")]
        cut = f"{stats['trials_cut_short']} of {stats['trials']}" if "trials_cut_short" in stats else ""
        name = row["case"] + (f" ({row['regions']:,})" if row["regions"] else "")
        lines.append(
            f"| {name} | {row['method']} | {row['value']:,} | {math.log2(row['value']):.1f} | "
            f"{'yes' if row['status'] == 'bracket' else ''} | {others[0]} | {others[1]} | {cut} | "
            f"{row['cpu_seconds']:.1f} | {row['seconds']:.1f} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="the smallest network, two methods")
    parser.add_argument("--only", action="append", help="cases whose names begin so")
    parser.add_argument("--method", action="append", choices=METHODS, help="default: all")
    parser.add_argument("--time-limit", type=float, default=300.0, help="seconds per bound (default: 300)")
    parser.add_argument("--output", type=Path, help="a JSON file")
    parser.add_argument("--markdown", type=Path, help="a page that gets the table as a section")
    options = parser.parse_args(arguments)
    cases = SMOKE if options.smoke else CASES
    if options.only:
        cases = tuple(case for case in cases if case.name.startswith(tuple(options.only)))
    methods = options.method or (SMOKE_METHODS if options.smoke else tuple(METHODS))
    # Networks of the same letter take the same compiled programs: the smallest of each is bounded beforehand.
    for warm in {case.name[0]: case for case in reversed(cases)}.values():
        measure(warm, methods[0], 1e6)
    rows = []
    for case in cases:
        for method in methods:
            rows.append(measure(case, method, options.time_limit))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    if options.output:
        options.output.write_text(json.dumps({"versions": versions(), "results": rows}, indent=1))
    if options.markdown:
        write_section(options.markdown, "lower bounds", table(rows))


if __name__ == "__main__":
    main()

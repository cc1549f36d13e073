"""Counters side by side: seconds, regions per second, and the ratio to the floor, in one run on one core.

The floor is what any exact enumerator must do at least: for each cell that enters a layer, n_(l-1) n_l multiply-adds
to form that layer's values, at the speed of NumPy's float64 matrix product measured in the same run.

    python benchmarks/run_counters.py --smoke                     # seconds: the smallest networks
    python benchmarks/run_counters.py                             # minutes
    python benchmarks/run_counters.py --output results.json --markdown docs/performance.md
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np
from report import write_section

import polyregions as pr
from polyregions.result import versions

NETS = Path(__file__).parent / "nets"


@dataclass(frozen=True)
class Case:
    """A network, its domain, and the counters that are worth waiting for."""

    name: str
    domain: Callable[[Any], pr.Domain]
    counters: tuple[str, ...]
    include_output: bool = False
    regions: int | None = None

    @property
    def label(self) -> str:
        return self.name + (" with output" if self.include_output else "")

    def load(self) -> tuple[pr.Network, pr.Domain]:
        path = NETS / f"{self.name}.npz"
        with np.load(path) as arrays:
            domain = self.domain(arrays)
        return pr.Network.from_npz(path, include_output=self.include_output), domain


def symmetric(arrays: Any) -> pr.Domain:
    return pr.Box(-1, 1)


def unit(arrays: Any) -> pr.Domain:
    return pr.Box(0, 1)


def plane(arrays: Any) -> pr.Domain:
    return pr.Plane(arrays["P0"], arrays["E1"], arrays["E2"])


def segment(arrays: Any) -> pr.Domain:
    return pr.Segment(arrays["LA"], arrays["LB"])


SMOKE = (
    Case("A1_2d_16x2", symmetric, ("vertex", "tableau", "lp", "milp"), regions=478),
    Case("B1_3d_16x2", symmetric, ("vertex", "tableau", "lp"), regions=5656),
)
CASES = (
    *SMOKE,
    Case("A2_2d_32x3", symmetric, ("vertex", "tableau", "lp"), regions=3404),
    Case("A3_2d_64x3", symmetric, ("vertex", "tableau", "lp"), regions=18131),
    Case("A4_2d_128x4", symmetric, ("vertex",), regions=127053),
    Case("A5_2d_256x4", symmetric, ("vertex",), regions=389879),
    Case("B2_3d_32x2", symmetric, ("vertex", "tableau", "lp"), regions=30811),
    Case("B3_3d_32x3", symmetric, ("vertex", "tableau"), regions=109870),
    Case("B4_4d_12x2", symmetric, ("vertex", "tableau", "lp"), regions=8677),
    Case("B5_4d_16x2", symmetric, ("vertex", "tableau", "lp"), regions=22549),
    Case("B6_4d_24x2", symmetric, ("vertex", "tableau"), regions=190820),
    Case("B7_6d_10x2", symmetric, ("vertex", "tableau", "lp"), regions=44759),
    Case("B8_6d_12x2", symmetric, ("vertex", "tableau"), regions=92803),
    Case("B9_8d_8x2", symmetric, ("vertex", "tableau", "lp"), regions=10699),
    Case("B10_8d_10x2", symmetric, ("tableau",), regions=125324),
    Case("B11_8d_12x2", symmetric, ("tableau",), regions=625081),
    Case("C1_784_4-18-10", unit, ("tableau",), regions=4326),
    Case("D1_784_64x3_plane", plane, ("vertex", "lp")),
    Case("E1_784_64x3_line", segment, ("vertex", "lp")),
)


def matmul_speed(size: int = 1024, repeats: int = 7) -> float:
    """Multiply-adds per second of NumPy's float64 matrix product, the best of some runs."""
    a = np.random.default_rng(0).normal(size=(size, size))
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return size**3 / best


def floor_operations(network: pr.Network, domain: pr.Domain) -> int:
    """Multiply-adds that any enumerator must do: n_(l-1) n_l for each cell that enters layer l > 1."""
    total = 0
    for layers in range(1, network.depth):
        shallow = pr.Network(network.weights[:layers], network.biases[:layers], include_output=True)
        cells = int(pr.count(shallow, domain))
        total += cells * network.widths[layers - 1] * network.widths[layers]
    return total


def counters() -> dict[str, Callable[[pr.Network, pr.Domain], pr.Count]]:
    """The counters by name, those of this version of the package only."""
    from polyregions.splitting.choice import CELLS

    by_cells = {
        cells: lambda network, domain, cells=cells: pr.count(network, domain, cells=cells)
        for cells in CELLS
        if cells != "auto"
    }
    return {**by_cells, "milp": lambda network, domain: pr.count(network, domain, method="milp")}


def measure(cases: tuple[Case, ...], repeats: int) -> Iterator[dict[str, Any]]:
    known = counters()
    for case in cases:
        network, domain = case.load()
        floor = floor_operations(network, domain)
        speed = matmul_speed()
        for name in case.counters:
            if name not in known:
                continue
            if name != "lp":
                known[name](network, domain)  # compile, and warm the caches
            seconds = []
            while len(seconds) < repeats and sum(seconds) < 20:
                start = time.perf_counter()
                result = known[name](network, domain)
                seconds.append(time.perf_counter() - start)
            if case.regions is not None and int(result) != case.regions:
                raise SystemExit(f"{case.label}: {name} counts {int(result)}, known are {case.regions}")
            best = min(seconds)
            yield {
                "case": case.label,
                "counter": name,
                "regions": int(result),
                "status": result.status.value,
                "seconds": best,
                "regions_per_second": int(result) / best,
                "ratio_to_floor": best / (floor / speed) if floor else None,
                "exact_decisions": result.stats.get("decisions_by_exact"),
                "matmul_gflops": 2 * speed / 1e9,
            }


def table(rows: list[dict[str, Any]]) -> str:
    slow = {row["case"]: row["seconds"] for row in rows if row["counter"] == "lp"}
    lines = [
        "| network | regions | counter | seconds | regions/s | LP cells / this | this / floor | exact decisions |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        ratio = f"{slow[row['case']] / row['seconds']:,.0f}" if row["case"] in slow else ""
        floor = f"{row['ratio_to_floor']:,.1f}" if row["ratio_to_floor"] else ""
        exact = "" if row["exact_decisions"] is None else f"{row['exact_decisions']:,}"
        lines.append(
            f"| {row['case']} | {row['regions']:,} | {row['counter']} | {row['seconds']:.3g} "
            f"| {row['regions_per_second']:,.0f} | {ratio} | {floor} | {exact} |"
        )
    return "\n".join(lines)


def section(rows: list[dict[str, Any]], used: dict[str, str], repeats: int) -> str:
    speed = np.median([row["matmul_gflops"] for row in rows])
    return f"""## Counters

Written by `python benchmarks/run_counters.py --markdown docs/performance.md`, whose source says what is measured.

Machine: one core of {machine()}; NumPy's float64 matrix product ran at {speed:.0f} GFLOP/s
(median over the run). Best of {repeats} runs each, compiled code warm.
Versions: {", ".join(f"{name} {text}" for name, text in used.items())}.

All counts are certified, exact, and equal to the known ones where those are known. `vertex`: vertex cells; `tableau`:
LP cells on the compiled dual simplex; `lp`: LP cells on HiGHS; `milp`: one tree on the big-M encoding. Floor:
n_(l-1) n_l multiply-adds for each cell that enters layer l > 1, at the speed of the matrix product.

{table(rows)}
"""


def machine() -> str:
    try:
        cpu = next(
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        )
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="the smallest networks only")
    parser.add_argument("--only", nargs="*", default=None, help="names of networks, by their beginnings")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, of which the best counts")
    parser.add_argument("--output", type=Path, help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, help="write the table, with the machine, into this page")
    arguments = parser.parse_args()
    cases = SMOKE if arguments.smoke else CASES
    if arguments.only is not None:
        cases = tuple(case for case in cases if case.name.startswith(tuple(arguments.only)))
    rows = []
    for row in measure(cases, 1 if arguments.smoke else arguments.repeats):
        rows.append(row)
        print(f"{row['case']:30} {row['counter']:8} {row['regions']:10,} {row['seconds']:10.4f} s", flush=True)
    print(table(rows))
    used = {name: text for name, text in versions().items() if name != "polyregions"}
    if arguments.output:
        record = {"machine": machine(), "versions": used, "results": rows}
        arguments.output.write_text(json.dumps(record, indent=1) + "\n")
    if arguments.markdown:
        write_section(arguments.markdown, "counters", section(rows, used, arguments.repeats))


if __name__ == "__main__":
    main()

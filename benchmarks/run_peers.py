"""polyregions side by side with other programs that count regions: seconds, ratios and wrong counts, on one core.

Each program runs on each network in a process of its own, pinned to one core with one thread, with a time limit, so
that a crash costs one line of the table. polyregions, certified, runs before and after the others; a program's seconds
are its median. Programs that are not installed are left out; the modules in benchmarks/peers say more of each.

    pip install gurobipy cplex pyscipopt affinitree relucent torch        # each of them is optional
    SYRENN_PLANE=a_program                                                # see benchmarks/peers/syrenn.py
    python benchmarks/run_peers.py --smoke                                # the smallest network, once
    python benchmarks/run_peers.py --output results.json --markdown docs/performance.md
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is loaded, here and in the programs' processes

from peers import ours
from peers.cases import CASES, SMOKE, Case
from peers.milp_model import EPSILON
from peers.ours import REFERENCE, UNCERTIFIED
from peers.registry import PEERS
from peers.run import FAILURE
from report import write_section
from run_counters import machine, matmul_speed

from polyregions.result import versions

HERE = Path(__file__).parent
#: Seconds that a program may take beyond its limits, to start, to compile and to be told.
_GRACE = 60.0
#: Seconds after which no further run of a program on a network begins.
_BUDGET = 10.0


def run(peer: str, case: Case, limit: float, repeats: int) -> dict[str, Any]:
    """A program's answers on a case: ``answers``, and why there are no more of them (``failure``, or None)."""
    command = [sys.executable, "-m", "peers.run", peer, case.name, "--limit", str(limit)]
    command += ["--repeats", str(repeats), "--budget", str(_BUDGET)]
    failure = None
    timeout = (2 if PEERS[peer].compiles else 1) * limit + _BUDGET + _GRACE
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=timeout, check=False)
        output = done.stdout
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            failure = f"exit status {done.returncode}: {last[:200]}"
    except subprocess.TimeoutExpired as stopped:
        output = stopped.stdout.decode(errors="replace") if stopped.stdout else ""
        failure = f"stopped after {timeout:g} s"
    answers = []
    for line in output.splitlines():
        if line.endswith("}"):  # one that was cut short says nothing
            answer = json.loads(line)
            failure = answer.get(FAILURE, failure)
            if FAILURE not in answer:
                answers.append(answer)
    return {"answers": answers, "failure": failure}


def seconds(answers: list[dict[str, Any]]) -> list[float]:
    """What the finished runs took."""
    return [answer["seconds"] for answer in answers if answer["finished"]]


def compare(case: Case, limit: float, repeats: int, names: tuple[str, ...]) -> dict[str, Any]:
    """All programs on one case; the certified count and the seconds of polyregions are what they are compared with."""
    speed = matmul_speed()
    before = run(REFERENCE.name, case, limit, repeats)
    others = {name: run(name, case, limit, repeats) for name in names}
    after = run(REFERENCE.name, case, limit, repeats)
    counts = {answer["count"] for part in (before, after) for answer in part["answers"] if answer["finished"]}
    if counts != {case.regions}:
        raise SystemExit(f"{case.name}: polyregions counts {counts}, known are {case.regions}; {before}, {after}")
    times = seconds(before["answers"]) + seconds(after["answers"])
    reference = median(times)
    rows = [row(REFERENCE.name, {"answers": before["answers"], "failure": None}, times, case, reference)]
    rows += [row(name, part, seconds(part["answers"]), case, reference) for name, part in others.items()]
    return {
        "case": case.name,
        "widths": case.about,
        "domain": case.domain.to_json(),
        "regions": case.regions,
        "matmul_gflops": 2 * speed / 1e9,
        "programs": rows,
    }


def row(name: str, part: dict[str, Any], times: list[float], case: Case, reference: float) -> dict[str, Any]:
    """One program on one case."""
    answers, failure = part["answers"], part["failure"]
    last = answers[-1] if answers else None
    if failure is None and last is not None and not last["finished"]:
        failure = f"found {last['count']:,} in {last['seconds']:.0f} s"
    middle = median(times) if times else None
    return {
        "program": name,
        "version": PEERS[name].version(),
        "count": last["count"] if last is not None and last["finished"] else None,
        "correct": last["count"] == case.regions if last is not None and last["finished"] else None,
        "seconds": middle,
        "runs": len(times),
        "ratio": middle / reference if middle is not None else None,
        "failure": failure if middle is None else None,
        "note": last["note"] if last is not None else "",
    }


def measure(cases: tuple[Case, ...], limit: float, repeats: int, only: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Compare case by case, with the programs that are installed."""
    for case in cases:
        names = [name for name in case.peers if PEERS[name].version() is not None]
        yield compare(case, limit, repeats, tuple(name for name in names if name.startswith(only)))


def table(results: list[dict[str, Any]]) -> str:
    lines = [
        "| network | regions | program | its count | seconds | this / polyregions |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for result in results:
        if not any(PEERS[entry["program"]] not in ours.PEERS for entry in result["programs"]):
            continue
        for entry in result["programs"]:
            if entry["program"] == UNCERTIFIED:
                continue
            if entry["seconds"] is None:
                count, time, ratio = entry["failure"], "", ""
            else:
                off = entry["count"] - result["regions"]
                count = f"{entry['count']:,}" if entry["correct"] else f"**{entry['count']:,}** ({off:+,})"
                digits = 2 if entry["ratio"] < 1 else 1 if entry["ratio"] < 10 else 0
                time, ratio = f"{entry['seconds']:.3g}", f"{entry['ratio']:,.{digits}f}"
            lines.append(
                f"| {result['case']} ({result['widths']}) | {result['regions']:,} | {entry['program']} "
                f"| {count} | {time} | {ratio} |"
            )
    return "\n".join(lines)


def certification(results: list[dict[str, Any]]) -> str:
    lines = [
        "| network | regions | certified | uncertified | ratio | certified search |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for result in results:
        times = {entry["program"]: entry["seconds"] for entry in result["programs"]}
        free, proven = times.get(UNCERTIFIED), times[REFERENCE.name]
        if free is not None:
            lines.append(
                f"| {result['case']} ({result['widths']}) | {result['regions']:,} | {proven:.3g} | {free:.3g} "
                f"| {proven / free:.2f} | {result['programs'][0]['note']} |"
            )
    return "\n".join(lines)


def section(record: dict[str, Any]) -> str:
    """The section of docs/performance.md."""
    results = record["results"]
    speed = median(result["matmul_gflops"] for result in results)
    used = {entry["program"]: entry["version"] for result in results for entry in result["programs"]}
    about = "\n".join(f"- {name} {version}: {PEERS[name].about}" for name, version in used.items())
    core = f"one core of {record['machine']}"
    packages = ", ".join(f"{name} {text}" for name, text in record["versions"].items())
    return f"""## Other programs

Written by `python benchmarks/run_peers.py --markdown docs/performance.md`, whose source says what is measured.

Machine: {core}; NumPy's float64 matrix product ran at {speed:.0f} GFLOP/s (median over the run).
One thread each, pinned to that core; the median of up to {record["repeats"]} runs, of {record["limit"]:g} s at most.
Translating a network into a program's terms is not charged to it.
Versions: {packages}. The programs:

{about}

Only `polyregions` proves its number. **Bold**: wrong counts. A mixed-integer program asks for f >= {EPSILON:g}, with
units scaled to 1: it loses the regions on which f is smaller throughout, and a solver's tolerances may add patterns
that there are not. Domains: [-1, 1]^d for networks A and B, [0, 1]^d for the others.

{table(results)}

### What certification costs

`polyregions` against the same search without its proofs: signs and bounds of float arithmetic are believed, on the same
cells, chosen by dimension. LP cells have a switch for it; vertex cells are compiled from a copy of their source without
error bounds and radii (`benchmarks/peers/uncertified.py`). Seconds.

{certification(results)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="the smallest network, once")
    parser.add_argument("--cases", nargs="*", default=None, help="names of networks, by their beginnings")
    parser.add_argument("--peers", nargs="*", default=("",), help="names of programs, by their beginnings")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one run")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each, at most")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="where to run")
    parser.add_argument("--output", type=Path, help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, help="write the table, with the machine, into this page")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {arguments.core})
    cases = SMOKE if arguments.smoke else CASES
    if arguments.cases is not None:
        cases = tuple(case for case in cases if case.name.startswith(tuple(arguments.cases)))
    repeats = 1 if arguments.smoke else arguments.repeats
    results = []
    for result in measure(cases, arguments.limit, repeats, tuple(arguments.peers)):
        results.append(result)
        for entry in result["programs"]:
            print(json.dumps({"case": result["case"]} | entry), flush=True)
    record = {
        "machine": machine(),
        "versions": versions(),
        "limit": arguments.limit,
        "repeats": repeats,
        "results": results,
    }
    if arguments.output:
        arguments.output.write_text(json.dumps(record, indent=1) + "\n")
    if arguments.markdown:
        write_section(arguments.markdown, "peers", section(record))


if __name__ == "__main__":
    main()

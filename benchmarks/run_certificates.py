"""What a certificate costs: to write it, to keep it, to check it.

    python benchmarks/run_certificates.py --smoke
    python benchmarks/run_certificates.py --markdown docs/performance.md

Each network is counted three times in one process on one core: by the cells that are chosen without a certificate, by
tableau cells, and by tableau cells with a certificate, which is then checked.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from report import write_section
from run_counters import CASES, SMOKE, Case, machine

import polyregions as pr

#: Those of the counters' networks whose certificates are checked within minutes.
_NAMES = ("A1", "A2", "A3", "B1", "B2", "B4", "B5", "B7", "B9", "B10", "C1")


def measure(case: Case, folder: Path) -> dict[str, Any]:
    """Seconds, bytes and proofs of one network's certificate."""
    network, domain = case.load()
    path = folder / "certificate"
    for options in ({}, {"certificate": path}):
        pr.count(network, domain, max_regions=1, **options)  # compiles
    chosen, tableau = pr.count(network, domain), pr.count(network, domain, cells="tableau")
    count = pr.count(network, domain, certificate=path)
    start = time.perf_counter()
    checked = pr.verify(path, network, domain=domain)
    seconds = time.perf_counter() - start
    if not (checked.valid and checked.count == int(count) == int(chosen) == int(tableau)):
        raise RuntimeError(f"{case.name}: the certificate does not prove the count: {checked.reason}")
    return {
        "network": case.name,
        "regions": int(count),
        "chosen": chosen.seconds,
        "tableau": tableau.seconds,
        "written": count.seconds,
        "bytes": path.stat().st_size,
        "proofs": checked.proofs,
        "checked": seconds,
    }


def markdown(rows: list[dict[str, Any]]) -> str:
    lines = [
        "## Certificates",
        "",
        f"Written by `python benchmarks/run_certificates.py`. Machine: {machine()}.",
        "Seconds to count by the cells chosen without a certificate, by tableau cells, and by these with one;",
        "then the certificate's size, and seconds to check it in pure Python; bytes, proofs and ms of a region.",
        "",
        "| network | regions | count | tableau | written | / tableau | bytes each | proofs each | check | ms each |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        n = row["regions"]
        lines.append(
            f"| {row['network']} | {n:,} | {row['chosen']:.3g} | {row['tableau']:.3g} | {row['written']:.3g} "
            f"| {row['written'] / row['tableau']:.2f} | {row['bytes'] / n:.0f} | {row['proofs'] / n:.1f} "
            f"| {row['checked']:.3g} | {1000 * row['checked'] / n:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="the smallest networks only")
    parser.add_argument("--markdown", type=Path, help="put the table into this page")
    arguments = parser.parse_args()
    cases = SMOKE if arguments.smoke else [case for case in CASES if case.name.split("_")[0] in _NAMES]
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(case, Path(folder)) for case in cases]
    text = markdown(rows)
    print(text)
    if arguments.markdown:
        write_section(arguments.markdown, "certificates", text)


if __name__ == "__main__":
    main()

"""Hanin & Rolnick 2019, "Complexity of linear regions in deep networks": Theorem 3, and distances to the boundary.

    python benchmarks/reproductions/theorem3.py --output theorem3.csv
    python benchmarks/reproductions/theorem3.py --smoke

Theorem 3 says how large the boundary between regions is on average over random networks, as an integral of a density
at single points. Here both sides are computed over the same random initialisations (He-normal weights, normal biases):
the boundary of each network is measured exactly (points on a segment, length and corners in a square, area in a cube),
and the density is averaged over networks and points of its own. "deviation" is their difference in standard errors.

The second table has the mean distance to the boundary times the number of units, which Corollary 5 bounds from below,
up to constants, for every architecture, and which the paper found between 0.4 and 1.5 for networks with 784 inputs.

Prints a table and, for each of the two, whether the claim was seen; --output writes the rows as CSV.
"""

import argparse
import csv
import math
from typing import Any

import numpy as np

import polyregions as pr

#: Widths, codimension, kind, networks measured, samples of the density.
CASES = [
    ([1, 8, 1], 1, "activation", 2000, 50_000),
    ([1, 8, 8, 1], 1, "activation", 2000, 50_000),
    ([1, 4, 4, 4, 1], 1, "gradient", 2000, 20_000),
    ([2, 8, 1], 1, "activation", 500, 50_000),
    ([2, 8, 8, 1], 1, "activation", 500, 50_000),
    ([2, 4, 4, 4, 1], 1, "gradient", 500, 20_000),
    ([2, 8, 1], 2, "activation", 500, 50_000),
    ([2, 6, 6, 1], 2, "activation", 500, 50_000),
    ([2, 4, 4, 1], 2, "gradient", 1000, 50_000),
    ([3, 5, 4, 1], 1, "activation", 300, 50_000),
    ([3, 5, 4, 1], 3, "activation", 300, 50_000),
]
#: Architectures of the second table.
ARCHITECTURES = [[784, *widths, 10] for widths in ([64], [64] * 2, [64] * 3, [64] * 5, [128] * 3, [256] * 2, [32] * 8)]
#: Deviations that one of so many comparisons exceeds by chance once in a thousand runs.
LARGEST_DEVIATION = 4.0


def compare(
    case: int, widths: list[int], k: int, kind: str, networks: int, samples: int, bias_std: float
) -> dict[str, Any]:
    """Both sides of Theorem 3 over the cube [-1, 1]^n; the number of the case seeds its networks."""
    box = pr.Box([-1] * widths[0], [1] * widths[0])
    measured = np.array(
        [
            pr.boundary_volume(
                pr.Network.random(widths, seed=10**6 * case + seed, bias_std=bias_std), box, codimension=k, kind=kind
            ).value
            for seed in range(networks)
        ]
    )
    error = float(measured.std(ddof=1)) / math.sqrt(networks)
    expected = pr.expected_boundary_volume(
        widths, box, bias_std=bias_std, codimension=k, kind=kind, samples=samples, seed=case
    )
    return {
        "network": "-".join(map(str, widths)),
        "codimension": k,
        "boundary": kind,
        "bias_std": bias_std,
        "networks": networks,
        "measured": float(measured.mean()),
        "measured_error": error,
        "samples": samples,
        "integral": expected.value,
        "integral_error": expected.standard_error,
        "deviation": (float(measured.mean()) - expected.value) / math.hypot(error, expected.standard_error),
    }


def distance(widths: list[int], networks: int, points: int, bias_std: float) -> dict[str, Any]:
    """The mean distance times the number of units, over normal points and random networks."""
    products = []
    for seed in range(networks):
        network = pr.Network.random(widths, seed=seed, bias_std=bias_std)
        drawn = np.random.default_rng(1000 + seed).normal(size=(points, widths[0]))
        products.append(pr.distances(network, drawn).mean_times_units)
    return {
        "network": "-".join(map(str, widths)),
        "bias_std": bias_std,
        "networks": networks,
        "points": points,
        "distance_times_units": float(np.mean(products)),
        "standard_error": float(np.std(products, ddof=1)) / math.sqrt(networks),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Both sides of Theorem 3 of Hanin & Rolnick (2019).")
    parser.add_argument("--smoke", action="store_true", help="a tenth of the samples, small networks only")
    parser.add_argument("--bias-std", type=float, default=0.5, help="standard deviation of the biases (default: 0.5)")
    parser.add_argument("--output", help="CSV file to write; the distances go to the same name with -distances")
    arguments = parser.parse_args()
    part = 10 if arguments.smoke else 1
    rows = []
    for case, (widths, k, kind, networks, samples) in enumerate(CASES):
        if arguments.smoke and widths[0] > 2:
            continue
        row = compare(case, widths, k, kind, networks // part, samples // part, arguments.bias_std)
        rows.append(row)
        print(
            f"{row['network']:>12}  codimension {k}, {kind:<10}  measured {row['measured']:8.4f} +- "
            f"{row['measured_error']:.4f}  integral {row['integral']:8.4f} +- {row['integral_error']:.4f}  "
            f"deviation {row['deviation']:+.2f}",
            flush=True,
        )
    worst = max(abs(row["deviation"]) for row in rows)
    seen = "seen" if worst < LARGEST_DEVIATION else "NOT seen"
    print(f"Theorem 3, the integral is the mean volume: {seen} (largest deviation {worst:.2f} standard errors)")
    distances = []
    for widths in ARCHITECTURES[: 2 if arguments.smoke else None]:
        row = distance(widths, 5, 1000 // part, 1e-3)
        distances.append(row)
        print(
            f"{row['network']:>32}  distance x units {row['distance_times_units']:.3f} +- {row['standard_error']:.3f}",
            flush=True,
        )
    products = [row["distance_times_units"] for row in distances]
    seen = "seen" if all(0.4 <= product <= 1.5 for product in products) else "NOT seen"
    print(f"distance x units between 0.4 and 1.5: {seen} ({min(products):.2f} to {max(products):.2f})")
    if arguments.output:
        _write(arguments.output, rows)
        stem, _, suffix = arguments.output.rpartition(".")
        _write(f"{stem}-distances.{suffix}" if stem else f"{arguments.output}-distances", distances)


def _write(path: str, rows: list[dict[str, Any]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()

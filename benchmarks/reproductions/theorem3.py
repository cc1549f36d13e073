"""Hanin & Rolnick 2019, "Complexity of linear regions in deep networks": Theorem 3, and distances to the boundary.

    python benchmarks/reproductions/theorem3.py
    python benchmarks/reproductions/theorem3.py --smoke

Theorem 3 says how large the boundary between regions is on average over random networks, as an integral of a density
at single points. Here both sides are computed over the same random initialisations (He-normal weights, normal
biases): the boundary of each network is measured exactly (points on a segment, length and corners in a square, area
in a cube), and the density is averaged over networks and points of its own. "deviation" is their difference in
standard errors.

The second table has the mean distance to the boundary times the number of units, which Corollary 5 bounds from below,
up to constants, for every architecture. Biases are so small that it is proportional to the size of the points, which
are standard normal here: MNIST's pixels, with a root mean square of 0.335, give a third of it. boundary_distance.py
has the paper's points.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from experiment import Claim, Experiment, called

import polyregions as pr

#: Widths, codimension, kind, share of the runs, samples of the density.
CASES = [
    ([1, 8, 1], 1, "activation", 1.0, 20_000),
    ([1, 8, 8, 1], 1, "activation", 1.0, 20_000),
    ([1, 4, 4, 4, 1], 1, "gradient", 1.0, 10_000),
    ([2, 8, 1], 1, "activation", 0.5, 20_000),
    ([2, 8, 8, 1], 1, "activation", 0.5, 20_000),
    ([2, 4, 4, 4, 1], 1, "gradient", 0.5, 10_000),
    ([2, 8, 1], 2, "activation", 0.5, 20_000),
    ([2, 6, 6, 1], 2, "activation", 0.5, 20_000),
    ([2, 4, 4, 1], 2, "gradient", 0.5, 20_000),
    ([3, 5, 4, 1], 1, "activation", 0.2, 20_000),
    ([3, 5, 4, 1], 3, "activation", 0.2, 20_000),
]
BIAS_STD = 0.5
#: Architectures of the second table.
ARCHITECTURES = [[784, *widths, 10] for widths in ([64], [64] * 2, [64] * 3, [64] * 5, [128] * 3, [256] * 2, [32] * 8)]
#: A deviation that one of so many comparisons exceeds by chance once in a thousand runs.
LARGEST_DEVIATION = 4.0


def compare(seed: int, case: int, widths: list[int], k: int, kind: str, networks: int, samples: int) -> dict[str, Any]:
    """Both sides of Theorem 3 over the cube [-1, 1]^n."""
    box = pr.Box([-1] * widths[0], [1] * widths[0])
    random = np.random.default_rng([seed, case])
    measured = np.array(
        [
            pr.boundary_volume(
                pr.Network.random(widths, seed=random, bias_std=BIAS_STD), box, codimension=k, kind=kind
            ).value
            for _ in range(networks)
        ]
    )
    error = float(measured.std(ddof=1)) / math.sqrt(networks)
    expected = pr.expected_boundary_volume(
        widths, box, bias_std=BIAS_STD, codimension=k, kind=kind, samples=samples, seed=random
    )
    return {
        "network": "-".join(map(str, widths)),
        "codimension": k,
        "boundary": kind,
        "bias_std": BIAS_STD,
        "networks": networks,
        "measured": float(measured.mean()),
        "measured_error": error,
        "samples": samples,
        "integral": expected.value,
        "integral_error": expected.standard_error,
        "deviation": (float(measured.mean()) - expected.value) / math.hypot(error, expected.standard_error),
    }


def distance(seed: int, widths: list[int], networks: int, points: int) -> dict[str, Any]:
    """The mean distance times the number of units, over normal points and random networks."""
    products = []
    for run in range(networks):
        random = np.random.default_rng([seed, 1000, run])
        network = pr.Network.random(widths, seed=random)
        products.append(pr.distances(network, random.normal(size=(points, widths[0]))).mean_times_units)
    return {
        "network": called(widths),
        "networks": networks,
        "points": points,
        "distance_times_units": float(np.mean(products)),
        "standard_error": float(np.std(products, ddof=1)) / math.sqrt(networks),
    }


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=500)
    part = 10 if experiment.smoke else 1
    runs = 40 if experiment.smoke and experiment.runs == 1 else experiment.runs
    rows = []
    for case, (widths, k, kind, share, samples) in enumerate(CASES):
        if experiment.smoke and widths[0] > 2:
            continue
        row = compare(experiment.seed, case, widths, k, kind, max(2, int(share * runs)), samples // part)
        rows.append(row)
        print(
            f"{row['network']:>12}  codimension {k}, {kind:<10}  measured {row['measured']:8.4f} +- "
            f"{row['measured_error']:.4f}  integral {row['integral']:8.4f} +- {row['integral_error']:.4f}  "
            f"deviation {row['deviation']:+.2f}",
            flush=True,
        )
    experiment.write(rows)
    distances = []
    for widths in ARCHITECTURES[: 2 if experiment.smoke else None]:
        row = distance(experiment.seed, widths, 5, 500 // part)
        distances.append(row)
        print(
            f"{row['network']:>16}  distance x units {row['distance_times_units']:.3f} +- {row['standard_error']:.3f}"
        )
    experiment.write(distances, "-distances")
    figure, (left, right) = experiment.axes(2)
    names = [f"{row['network']}, k = {row['codimension']}, {row['boundary']}" for row in rows]
    left.errorbar([row["deviation"] for row in rows], names, xerr=1, fmt="o", capsize=3)
    left.axvline(0, color="black", linewidth=1)
    left.set(xlabel="(measured - integral) / standard error")
    left.tick_params(axis="y", labelsize="small")
    right.errorbar(
        [row["distance_times_units"] for row in distances],
        [row["network"] for row in distances],
        xerr=[row["standard_error"] for row in distances],
        fmt="o",
        capsize=3,
    )
    right.set(xlabel="mean distance x units", xlim=(0, 1.6))
    experiment.save(figure)

    worst = max(abs(row["deviation"]) for row in rows)
    experiment.claim(
        f"Theorem 3: the integral is the mean volume of the boundary (all deviations below {LARGEST_DEVIATION:g} "
        "standard errors)",
        paper="a theorem",
        ours=f"largest deviation {worst:.2f} standard errors, {len(rows)} cases",
        seen=worst < LARGEST_DEVIATION,
    )
    products = [row["distance_times_units"] for row in distances]
    experiment.claim(
        "distance x units is about the same for all architectures at initialisation (the largest at most twice the "
        "smallest; standard normal points)",
        paper="at least a constant (Corollary 5)",
        ours=f"{min(products):.2f} to {max(products):.2f}, {len(products)} architectures",
        seen=max(products) <= 2 * min(products),
    )
    return experiment.claims


if __name__ == "__main__":
    main()

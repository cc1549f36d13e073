"""Hanin & Rolnick 2019, "Complexity of linear regions in deep networks": distances to the nearest boundary.

    python benchmarks/reproductions/boundary_distance.py
    python benchmarks/reproductions/boundary_distance.py --smoke

The paper's Figures 6 and 7: the mean distance from a point to the nearest region boundary, times the number of
neurons, during training. Points are normal, each pixel with its mean and variance in the training set. The paper has
10,000 points and 12 runs. Corollary 5 bounds the product from below, at initialisation.
"""

from collections.abc import Sequence

import numpy as np
from experiment import Claim, Experiment, called, summary

import polyregions as pr
from polyregions.geometry.distances import normal_points

ARCHITECTURES = [[784, *hidden, 10] for hidden in ([32] * 3, [64] * 2, [64] * 3, [32] * 6, [128] * 2)]
POINTS = 1000


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=3, epochs=5)
    rows, last = [], {}
    for widths in ARCHITECTURES[: 2 if experiment.smoke else None]:
        for run in range(experiment.runs):
            size = 50 if experiment.smoke else POINTS
            points = normal_points(experiment.images.inputs, size, seed=experiment.random(run))

            def measure(epoch: int, network: pr.Network, *, widths=widths, run=run, points=points) -> None:
                found = pr.distances(network, points)
                rows.append(
                    {
                        "network": called(widths),
                        "neurons": sum(network.widths),
                        "run": run,
                        "epoch": epoch,
                        "points": len(points),
                        "mean_distance": found.mean,
                        "distance_times_neurons": found.mean_times_units,
                    }
                )
                last[called(widths), epoch] = found.values

            experiment.train(widths, run, measure)
    experiment.write(rows)
    means = summary(rows, ["network", "epoch"], "distance_times_neurons")
    figure, (left, right) = experiment.axes(2)
    for name in dict.fromkeys(row["network"] for row in rows):
        epochs = [epoch for key, epoch in means if key == name]
        values = np.array([means[name, epoch] for epoch in epochs])
        left.errorbar(epochs, values[:, 0], values[:, 1], marker=".", capsize=2, label=name)
        pairs = zip(epochs, values, strict=True)
        print(f"{name:>16}  " + "  ".join(f"epoch {e}: {v:.3f} +- {d:.3f}" for e, (v, d) in pairs))
    left.set(xlabel="epoch", ylabel="mean distance x neurons", ylim=(0, None), title=experiment.images.name)
    left.legend()
    name = rows[-1]["network"]
    for epoch in (0, experiment.epochs):
        logs = np.log10(last[name, epoch][last[name, epoch] > 0])
        right.hist(logs, bins=40, histtype="step", label=f"epoch {epoch}")
    right.set(xlabel="log10 of the distance", ylabel="points", title=name)
    right.legend()
    experiment.save(figure)

    for when, values in (
        ("at initialisation", [value for (_, epoch), (value, _) in means.items() if epoch == 0]),
        ("during training", [value for (_, epoch), (value, _) in means.items() if epoch]),
    ):
        experiment.claim(
            f"the mean distance to the nearest boundary, times the neurons, is between 0.4 and 1.5 {when}",
            paper="0.4 to 1.5 throughout 20 epochs",
            ours=f"{min(values):.2f} to {max(values):.2f}"
            + (f" by epoch {experiment.epochs}" if when == "during training" else ""),
            seen=min(values) >= 0.4 and max(values) <= 1.5,
        )
    return experiment.claims


if __name__ == "__main__":
    main()

"""Hanin & Rolnick 2019, "Deep ReLU networks have surprisingly few activation patterns": learning random labels.

    python benchmarks/reproductions/memorisation.py
    python benchmarks/reproductions/memorisation.py --smoke

A part of the labels is replaced by random ones before training; regions are counted on whole planes through the
origin and two training examples. Then a harder test: random points of the plane with random binary labels, counted
over all of R^2. The paper finds that the largest number of regions during training grows with the noise only slightly
and never exceeds its initial value by more than a small constant factor.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from experiment import Claim, Experiment, called, plane_through_origin, summary
from training import accuracy

import polyregions as pr

SHARES = [0.0, 0.25, 0.5, 0.75, 1.0]
POINTS = [100, 300, 1000, 3000]
PLANES = 3


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=2, epochs=5)
    width = 16 if experiment.smoke else 32
    images = _images(experiment, [784, *[width] * 3, 10])
    points = _points(experiment, [2, *[width] * 3, 2])
    experiment.write(images)
    experiment.write(points, "-points")
    figure, axes = experiment.axes(2)
    for ax, rows, key, label in (
        (axes[0], images, "random_labels", "random labels: {:.0%}"),
        (axes[1], points, "points", "{} points"),
    ):
        means = summary(rows, [key, "epoch"], "regions")
        for value in dict.fromkeys(row[key] for row in rows):
            epochs = [epoch for other, epoch in means if other == value]
            ax.plot(epochs, [means[value, epoch][0] for epoch in epochs], ".-", label=label.format(value))
        ax.set(xlabel="epoch", ylabel="regions", ylim=(0, None), title=rows[0]["network"])
        ax.legend(fontsize="small")
    experiment.save(figure)

    for rows, key, name in ((images, "random_labels", "share of random labels"), (points, "points", "points")):
        largest, first, learned = _by_task(rows, key)
        for value, count in largest.items():
            print(
                f"{name} {value}: at most {count:,.0f} regions, {count / first[value]:.2f} x initially; accuracy on "
                f"the training set {learned[value]:.3f}"
            )
        counts = list(largest.values())
        grown = max(counts) / counts[0]
        setting = "images with random labels" if key == "random_labels" else "random points with binary labels"
        experiment.claim(
            f"{setting}: the largest number of regions in training grows only slightly with the task "
            f"(at most twofold from {name} {next(iter(largest)):g})",
            paper="grows slightly, until the task is too hard",
            ours=", ".join(f"{value:g}: {count:,.0f}" for value, count in largest.items()) + f" (x {grown:.2f})",
            seen=grown <= 2,
        )
        factors = [count / first[value] for value, count in largest.items()]
        experiment.claim(
            f"{setting}: never more than a small constant times the initial number (at most 4)",
            paper="a small constant factor",
            ours=f"at most x {max(factors):.2f}",
            seen=max(factors) <= 4,
        )
    return experiment.claims


def _by_task(rows: list[dict[str, Any]], key: str) -> tuple[dict[Any, float], dict[Any, float], dict[Any, float]]:
    """Of each task: the largest mean number of regions, the initial one, the last accuracy."""
    counts, accuracies = summary(rows, [key, "epoch"], "regions"), summary(rows, [key, "epoch"], "accuracy")
    largest: dict[Any, float] = {}
    first: dict[Any, float] = {}
    for (task, epoch), (value, _) in counts.items():
        largest[task] = max(value, largest.get(task, 0.0))
        if epoch == 0:
            first[task] = value
    return largest, first, {task: value for (task, _), (value, _) in accuracies.items()}


def _images(experiment: Experiment, widths: list[int]) -> list[dict[str, Any]]:
    data, rows = experiment.images, []
    for share in SHARES[::2] if experiment.smoke else SHARES:
        for run in range(experiment.runs):
            slices = [plane_through_origin(data, experiment.random(run, i)) for i in range(PLANES)]
            random = experiment.random(1000 + run)
            chosen = random.random(len(data.labels)) < share
            labels = np.where(chosen, random.integers(0, 10, len(data.labels)), data.labels)

            def measure(epoch: int, network: pr.Network, *, share=share, run=run, slices=slices, labels=labels) -> None:
                rows.append(
                    {
                        "network": called(widths),
                        "random_labels": share,
                        "run": run,
                        "epoch": epoch,
                        "accuracy": accuracy(network, data.inputs, labels),
                        "regions": float(np.mean([int(pr.count(network, plane)) for plane in slices])),
                    }
                )

            experiment.train(widths, run, measure, labels=labels)
    return rows


def _points(experiment: Experiment, widths: list[int]) -> list[dict[str, Any]]:
    rows = []
    for size in POINTS[:2] if experiment.smoke else POINTS:
        for run in range(experiment.runs):
            random = experiment.random(2000 + run)
            inputs, labels = random.uniform(-1, 1, (size, 2)), random.integers(0, 2, size)

            def measure(epoch: int, network: pr.Network, *, size=size, run=run, inputs=inputs, labels=labels) -> None:
                rows.append(
                    {
                        "network": called(widths),
                        "points": size,
                        "run": run,
                        "epoch": epoch,
                        "accuracy": accuracy(network, inputs, labels),
                        "regions": int(pr.count(network, pr.Space())),
                    }
                )

            experiment.train(widths, run, measure, inputs=inputs, labels=labels)
    return rows


if __name__ == "__main__":
    main()

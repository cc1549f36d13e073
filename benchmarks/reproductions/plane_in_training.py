"""Hanin & Rolnick 2019, "Complexity of linear regions in deep networks": a plane through three examples, in training.

    python benchmarks/reproductions/plane_in_training.py
    python benchmarks/reproductions/plane_in_training.py --smoke

The paper's Figures 1 and 8: the regions on the plane through examples of the classes 0, 1 and 2, in a square around
their circumcentre, for a network of depth 3 and width 64. Both the square and the whole plane are counted, exactly:
how much of the plane lies in the square depends on the images, and on biases as small as these the number on the
whole plane does not.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from experiment import Claim, Experiment, called, summary, three_classes
from training import accuracy

import polyregions as pr


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=4, epochs=20)
    widths = [784, *[16 if experiment.smoke else 64] * 3, 10]
    rows, pictures = [], {}
    for run in range(experiment.runs):
        square = pr.Plane.through(*three_classes(experiment.images, experiment.random(run)))
        whole = pr.Plane(square.origin, square.u, square.v, bounded=False)

        def measure(epoch: int, network: pr.Network, *, run=run, square=square, whole=whole) -> None:
            found = pr.plane(network, square)
            if run == 0 and epoch in (0, 1, experiment.epochs):
                pictures[epoch] = found
            rows.append(
                {
                    "network": called(widths),
                    "run": run,
                    "epoch": epoch,
                    "test_accuracy": accuracy(network, experiment.images.test_inputs, experiment.images.test_labels),
                    "regions_in_square": int(found.count),
                    "regions_on_plane": int(pr.count(network, whole)),
                }
            )
            print(", ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)

        experiment.train(widths, run, measure)
    experiment.write(rows)
    figure, axes = experiment.axes(len(pictures))
    for ax, (epoch, found) in zip(axes, pictures.items(), strict=True):
        draw(ax, found)
        origin, *sides = found.basis
        marked = three_classes(experiment.images, experiment.random(0))
        for label, example in enumerate(marked):
            s, t = np.linalg.lstsq(np.transpose(sides), example - origin, rcond=None)[0]
            ax.text(
                s, t, str(label), bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white"}, ha="center", va="center"
            )
        ax.set_title(f"epoch {epoch}: {found.count.lower:,} regions")
    experiment.save(figure)

    neurons = sum(widths[1:-1])
    square_means = [value for value, _ in summary(rows, ["epoch"], "regions_in_square").values()]
    plane_means = [value for value, _ in summary(rows, ["epoch"], "regions_on_plane").values()]
    epochs = list(dict.fromkeys(row["epoch"] for row in rows))
    shown = [epochs.index(epoch) for epoch in dict.fromkeys((0, 1, experiment.epochs))]
    listed = "epochs " + ", ".join(str(epochs[i]) for i in shown) + ": "
    over = f" (mean over {experiment.runs} networks)"
    by_run = {(row["run"], row["epoch"]): row["regions_in_square"] for row in rows}
    risen = sum(by_run[run, experiment.epochs] > by_run[run, 1] for run in range(experiment.runs))
    experiment.claim(
        f"regions in the square: fewer than neurons^2 = {neurons**2:,}, more than a twentieth of it",
        paper="epochs 0, 1, 20: 9,744, 4,196, 8,541 for 3 layers of 64",
        ours=listed + ", ".join(f"{square_means[i]:,.0f}" for i in shown) + over,
        seen=neurons**2 / 20 <= min(square_means) and max(square_means) < neurons**2,
    )
    experiment.claim(
        "in the square they get fewer during the first epoch, and more again until the last",
        paper="9,744 > 4,196 < 8,541",
        ours=" -> ".join(f"{square_means[i]:,.0f}" for i in shown) + over + f"; more again in {risen} of them",
        seen=square_means[1] < square_means[0] and square_means[1] < square_means[-1],
    )
    experiment.claim(
        f"regions on the whole plane: neurons^2 / 2 = {neurons**2 // 2:,} within a factor of 2, throughout training",
        paper="2019b: about neurons^2 / 2 on planes",
        ours=listed + ", ".join(f"{plane_means[i]:,.0f}" for i in shown) + over,
        seen=neurons**2 / 4 <= min(plane_means) and max(plane_means) <= neurons**2,
    )
    return experiment.claims


def draw(ax: Any, found: pr.PlaneRegions) -> None:
    """The regions as polygons in the plane's coordinates, coloured by how many units are active."""
    from matplotlib.collections import PolyCollection

    polygons = [found.polygon(i) for i in range(len(found))]
    drawn = PolyCollection(polygons, array=found.activations() % 20, cmap="tab20", edgecolors="black", linewidths=0.15)
    ax.add_collection(drawn)
    ends = np.concatenate(polygons)
    ax.set(xlim=(ends[:, 0].min(), ends[:, 0].max()), ylim=(ends[:, 1].min(), ends[:, 1].max()), xticks=[], yticks=[])
    ax.set_aspect("equal")


if __name__ == "__main__":
    main()

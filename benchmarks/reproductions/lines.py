"""Hanin & Rolnick 2019, "Complexity of linear regions in deep networks": regions along lines, during training.

    python benchmarks/reproductions/lines.py
    python benchmarks/reproductions/lines.py --smoke

The paper's Figures 4 and 5: networks of several depths and widths are trained, and after each epoch regions are
counted along lines through the origin and a random training example (exactly; the lines are infinite). The paper's
means are over 5 runs with 100 lines each.
"""

from collections.abc import Sequence

import numpy as np
from experiment import Claim, Experiment, called, summary

import polyregions as pr

ARCHITECTURES = [[784, *hidden, 10] for hidden in ([32] * 3, [64] * 2, [64] * 3, [32] * 6, [128] * 2)]
LINES = 20


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=3, epochs=5)
    rows = []
    for widths in ARCHITECTURES[: 2 if experiment.smoke else None]:
        for run in range(experiment.runs):
            chosen = experiment.random(run).choice(len(experiment.images.inputs), 3 if experiment.smoke else LINES)
            examples = experiment.images.inputs[chosen]

            def measure(epoch: int, network: pr.Network, *, widths=widths, run=run, examples=examples) -> None:
                counts = [pr.line(network, pr.Line(np.zeros(len(x)), x)).count for x in examples]
                neurons = sum(network.widths)
                rows.append(
                    {
                        "network": called(widths),
                        "neurons": neurons,
                        "run": run,
                        "epoch": epoch,
                        "lines": len(counts),
                        "mean_regions": float(np.mean(counts)),
                        "regions_per_neuron": float(np.mean(counts)) / neurons,
                    }
                )

            experiment.train(widths, run, measure)
    experiment.write(rows)
    means = summary(rows, ["network", "epoch"], "regions_per_neuron")
    figure, (axes,) = experiment.axes()
    names = list(dict.fromkeys(row["network"] for row in rows))
    for name in names:
        epochs = [epoch for key, epoch in means if key == name]
        values = np.array([means[name, epoch] for epoch in epochs])
        axes.errorbar(epochs, values[:, 0], values[:, 1], marker=".", capsize=2, label=name)
        pairs = zip(epochs, values, strict=True)
        print(f"{name:>16}  " + "  ".join(f"epoch {e}: {v:.3f} +- {d:.3f}" for e, (v, d) in pairs))
    axes.set(xlabel="epoch", ylabel="regions along a line / neurons", ylim=(0, None), title=experiment.images.name)
    axes.legend()
    experiment.save(figure)

    first = [value for (_, epoch), (value, _) in means.items() if epoch == 0]
    experiment.claim(
        "regions along a line through the origin and an example, by neuron, are close to 1 at initialisation "
        "(0.75 to 1.25 for every architecture)",
        paper="a constant close to 1",
        ours=f"{min(first):.2f} to {max(first):.2f}",
        seen=min(first) >= 0.75 and max(first) <= 1.25,
    )
    later = [value for (_, epoch), (value, _) in means.items() if epoch]
    experiment.claim(
        "and stay of that order during training (0.5 to 2 for every architecture and epoch)",
        paper="of that order, in 20 epochs",
        ours=f"{min(later):.2f} to {max(later):.2f} by epoch {experiment.epochs}",
        seen=min(later) >= 0.5 and max(later) <= 2,
    )
    drops = [means[name, 1][0] < means[name, 0][0] for name in names]
    rises = [means[name, experiment.epochs][0] > means[name, 1][0] for name in names]
    experiment.claim(
        "they get fewer during the first epoch and more again until the last, in every architecture",
        paper="a slight decrease, then a rebound",
        ours=f"fewer in {sum(drops)} of {len(names)} architectures, more again in {sum(rises)}, by "
        f"epoch {experiment.epochs}",
        seen=all(drops) and all(rises),
    )
    return experiment.claims


if __name__ == "__main__":
    main()

"""Hanin & Rolnick 2019, "Deep ReLU networks have surprisingly few activation patterns": the learning rate.

    python benchmarks/reproductions/learning_rate.py
    python benchmarks/reproductions/learning_rate.py --smoke

Networks are trained with Adam at several learning rates, and regions are counted on whole planes through the origin
and two training examples. In the paper a rate of 1e-3 gives the most regions; at 1e-2 learning fails. No rate changes
the order of magnitude.
"""

from collections.abc import Sequence

import numpy as np
from experiment import Claim, Experiment, called, plane_through_origin, summary
from training import accuracy

import polyregions as pr

RATES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
PLANES = 3


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=2, epochs=5)
    widths = [784, *[16 if experiment.smoke else 32] * 3, 10]
    data, rows = experiment.images, []
    for rate in RATES[1:] if experiment.smoke else RATES:
        for run in range(experiment.runs):
            slices = [plane_through_origin(data, experiment.random(run, i)) for i in range(PLANES)]

            def measure(epoch: int, network: pr.Network, *, rate=rate, run=run, slices=slices) -> None:
                rows.append(
                    {
                        "network": called(widths),
                        "learning_rate": rate,
                        "run": run,
                        "epoch": epoch,
                        "test_accuracy": accuracy(network, data.test_inputs, data.test_labels),
                        "regions": float(np.mean([int(pr.count(network, plane)) for plane in slices])),
                    }
                )

            experiment.train(widths, run, measure, learning_rate=rate)
    experiment.write(rows)
    counts, accuracies = (summary(rows, ["learning_rate", "epoch"], key) for key in ("regions", "test_accuracy"))
    figure, axes = experiment.axes(2)
    largest, learned = {}, {}
    for rate in dict.fromkeys(row["learning_rate"] for row in rows):
        epochs = [epoch for key, epoch in counts if key == rate]
        values = [counts[rate, epoch][0] for epoch in epochs]
        tests = [accuracies[rate, epoch][0] for epoch in epochs]
        # All rates begin with the same networks, which are not what a rate gives.
        largest[rate], learned[rate] = max(values[1:]), tests[-1]
        axes[0].plot(epochs, values, ".-", label=f"{rate:g}")
        axes[1].plot(epochs, tests, ".-", label=f"{rate:g}")
        reached = f"at most {largest[rate]:,.0f} regions, last {values[-1]:,.0f}"
        print(f"rate {rate:g}: {reached}; test accuracy {tests[-1]:.3f}", flush=True)
    axes[0].set(xlabel="epoch", ylabel="regions on a plane", ylim=(0, None), title=called(widths))
    axes[1].set(xlabel="epoch", ylabel="test accuracy", title=data.name)
    axes[0].legend(title="learning rate")
    experiment.save(figure)

    listed = ", ".join(f"{rate:g}: {count:,.0f}" for rate, count in largest.items())
    best = max(largest, key=largest.__getitem__)
    experiment.claim(
        "a learning rate of 1e-3 gives the most regions (largest mean number after an epoch or more)",
        paper="1e-3 gives the most",
        ours=f"{best:g} does; {listed}",
        seen=best == 1e-3,
    )
    experiment.claim(
        "a learning rate of 1e-2 is too large: learning fails (test accuracy at least 0.1 below that of 1e-3)",
        paper="fails",
        ours=", ".join(f"{rate:g}: {value:.3f}" for rate, value in learned.items()),
        seen=learned[1e-2] <= learned[1e-3] - 0.1,
    )
    half_square = sum(widths[1:-1]) ** 2 / 2
    experiment.claim(
        "whatever the learning rate, there are at most a few times neurons^2 / 2 regions (at most 3)",
        paper="the learning rate does not change the picture",
        ours=f"at most {max(largest.values()) / half_square:.2f} x neurons^2 / 2",
        seen=max(largest.values()) <= 3 * half_square,
    )
    return experiment.claims


if __name__ == "__main__":
    main()

"""Hanin & Rolnick 2019, "Deep ReLU networks have surprisingly few activation patterns": the scale of initialisation.

    python benchmarks/reproductions/initialisation.py
    python benchmarks/reproductions/initialisation.py --smoke

Random networks whose weights have a standard deviation of s times He's, and whose biases one of t. Larger weights
make regions denser (the constant C_grad of Theorem 5), larger biases spread them (C_bias); both move regions into the
box [-1, 1]^2 or out of it. Over all of R^2 scaling the biases changes nothing.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from experiment import Claim, Experiment, summary

import polyregions as pr

SCALES = [0.5, 1.0, 2.0, 4.0]
BIASES = [0.0625, 0.25, 1.0, 4.0]


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=30)
    layers = [2, *[8 if experiment.smoke else 16] * 3, 1]
    runs = 5 if experiment.smoke and experiment.runs == 1 else experiment.runs
    rows = []
    for run in range(runs):
        network = pr.Network.random(layers, seed=experiment.random(run), bias_std=1.0)
        for scale in SCALES:
            for bias_std in BIASES:
                weights = [scale * w for w in network.weights]
                varied = pr.Network.from_arrays(weights, [bias_std * b for b in network.biases])
                rows.append(
                    {
                        "weight_scale": scale,
                        "bias_std": bias_std,
                        "run": run,
                        "regions_in_box": int(pr.count(varied, pr.Box(-1, 1))),
                        "regions_in_space": int(pr.count(varied, pr.Space())),
                    }
                )
    experiment.write(rows)
    box, space = (summary(rows, ["weight_scale", "bias_std"], key) for key in ("regions_in_box", "regions_in_space"))
    figure, axes = experiment.axes(2)
    for ax, means, where in zip(axes, (box, space), ("in the box [-1, 1]^2", "in R^2"), strict=True):
        for bias_std in BIASES:
            values = np.array([means[scale, bias_std] for scale in SCALES])
            ax.errorbar(SCALES, values[:, 0], values[:, 1], marker=".", capsize=2, label=f"bias std {bias_std:g}")
        ax.set(xscale="log", xlabel="scale of the weights", ylabel=f"regions {where}", ylim=(0, None))
        ax.set_xticks(SCALES, [f"{scale:g}" for scale in SCALES], minor=False)
        ax.set_xticks([], minor=True)
    axes[0].legend()
    experiment.save(figure)

    def listed(means: dict, keys: list[tuple[float, float]]) -> str:
        return ", ".join(f"{means[key][0]:.0f} +- {means[key][1]:.0f}" for key in keys)

    by_scale = [(scale, 1.0) for scale in SCALES]
    by_bias = [(1.0, bias_std) for bias_std in BIASES]
    for name, keys in (("weight scale", by_scale), ("bias std", by_bias)):
        print(f"{name}: in the box {listed(box, keys)}; in R^2 {listed(space, keys)}")
    over = f"{runs} networks of 3 layers of {layers[1]}"
    counts = [box[key][0] for key in by_scale]
    experiment.claim(
        "larger weights raise the local density of regions (mean number in [-1, 1]^2 grows with the scale, biases of "
        "std 1)",
        paper="a larger variance of the weights raises it",
        ours=f"scale {', '.join(f'{s:g}' for s in SCALES)}: {listed(box, by_scale)} ({over})",
        seen=all(a < b for a, b in pairwise(counts)),
    )
    totals = [space[key][0] for key in by_scale]
    experiment.claim(
        "but the local density only: in all of R^2 the mean number changes by less than a quarter",
        paper="only locally",
        ours=f"in R^2 {listed(space, by_scale)}",
        seen=max(totals) <= 1.25 * min(totals),
    )
    counts = [box[key][0] for key in by_bias]
    experiment.claim(
        "larger biases lower the local density (mean number in [-1, 1]^2 falls with their std, He's weights)",
        paper="C_bias, the density of the biases, is a factor of the bound",
        ours=f"std {', '.join(f'{b:g}' for b in BIASES)}: {listed(box, by_bias)} ({over})",
        seen=all(a > b for a, b in pairwise(counts)),
    )
    by_network: dict[tuple[float, int], set[int]] = {}
    for row in rows:
        by_network.setdefault((row["weight_scale"], row["run"]), set()).add(row["regions_in_space"])
    same = sum(len(counts) == 1 for counts in by_network.values())
    experiment.claim(
        "the scale of the biases does not change the number in R^2 of any network",
        paper="a theorem",
        ours=f"{same} of {len(by_network)} networks, biases times {BIASES[0]:g} to {BIASES[-1]:g}",
        seen=same == len(by_network),
        theorem=True,
    )
    return experiment.claims


if __name__ == "__main__":
    main()

"""Hanin & Rolnick 2019, "Complexity of linear regions in deep networks": noise destroys a sawtooth.

    python benchmarks/reproductions/sawtooth.py
    python benchmarks/reproductions/sawtooth.py --smoke

The paper's Figure 3: Telgarsky's (2015) network of 3 n + 4 units has 2^n teeth; after normal noise with standard
deviation 0.1 on its weights and biases hardly any are left. Here his mirror map relu(2 relu(z) - 4 relu(z - 1/2)),
three units in two layers, is composed n times: 2^n linear pieces on [0, 1]. So is the same map without its outer
ReLU, which needs two units in one layer, and fewer parameters for the noise to act on. Several sizes of noise.
"""

from collections.abc import Sequence

import numpy as np
from experiment import Claim, Experiment, summary

import polyregions as pr
from polyregions.bounds.networks import telgarsky_network

NOISES = [0.0, 0.001, 0.01, 0.03, 0.1, 0.3]
PAPER_NOISE = 0.1


def mirror_network(n: int, units: int) -> pr.Network:
    """The mirror map composed n times, with 2 or 3 units each."""
    if units == 2:
        return telgarsky_network(n)
    split, joined = np.ones((2, 1)), np.array([[2.0, -4.0]])
    return pr.Network.from_arrays(
        [*[split, joined] * n, np.ones((1, 1))], [*[np.array([0.0, -0.5]), np.zeros(1)] * n, np.zeros(1)]
    )


def noisy(network: pr.Network, std: float, random: np.random.Generator) -> pr.Network:
    """Normal noise on each weight and bias."""
    layers = [[a + std * random.normal(size=a.shape) for a in part] for part in (network.weights, network.biases)]
    return pr.Network.from_arrays(*layers)


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=50)
    depths = [2, 4, 6] if experiment.smoke else [2, 4, 6, 8, 10, 12]
    unit = pr.Segment([0], [1])
    rows = []
    for units in (3, 2):
        for depth in depths:
            network = mirror_network(depth, units)
            for noise in NOISES:
                for run in range(experiment.runs if noise else 1):
                    found = pr.line(noisy(network, noise, experiment.random(units, depth, run)), unit)
                    rows.append(
                        {
                            "n": depth,
                            "units_per_map": units,
                            "neurons": units * depth,
                            "noise": noise,
                            "run": run,
                            "pieces": found.num_linear,
                        }
                    )
    experiment.write(rows)
    means = summary(rows, ["units_per_map", "n", "noise"], "pieces")
    figure, axes = experiment.axes(3)
    for ax, units in zip(axes, (3, 2), strict=False):
        for noise in NOISES:
            values = np.array([means[units, depth, noise] for depth in depths])
            ax.errorbar(depths, values[:, 0], values[:, 1], marker=".", capsize=2, label=f"noise {noise:g}")
            listed = "  ".join(f"n = {n}: {v:.1f} +- {e:.1f}" for n, (v, e) in zip(depths, values, strict=True))
            print(f"{units} units per map, noise {noise:<6g}{listed}")
        ax.set(xlabel="n", ylabel="linear pieces on [0, 1]", yscale="log", title=f"{units} units per map")
        ax.legend(fontsize="small")
    grid, network = np.linspace(0, 1, 4001)[:, None], mirror_network(5, 3)
    for noise in (0.0, PAPER_NOISE):
        axes[2].plot(grid, noisy(network, noise, experiment.random(3, 5, 0))(grid), label=f"noise {noise:g}")
    axes[2].set(xlabel="x", title="n = 5, 3 units per map")
    axes[2].legend(fontsize="small")
    experiment.save(figure)

    deepest = depths[-1]
    for units, form in ((3, "Telgarsky's form"), (2, "two units per map")):
        mean, error = means[units, deepest, PAPER_NOISE]
        experiment.claim(
            f"a sawtooth of 2^{deepest} pieces ({form}) collapses under noise of {PAPER_NOISE} (to fewer than a tenth)",
            paper="hardly any teeth are left",
            ours=f"{means[units, deepest, 0.0][0]:,.0f} pieces, with noise {mean:.1f} +- {error:.1f} "
            f"({experiment.runs} draws, {units * deepest} neurons)",
            seen=mean < means[units, deepest, 0.0][0] / 10,
        )
    return experiment.claims


if __name__ == "__main__":
    main()

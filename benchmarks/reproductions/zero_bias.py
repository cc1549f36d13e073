"""Hanin & Rolnick 2019, "Deep ReLU networks have surprisingly few activation patterns": networks without biases.

    python benchmarks/reproductions/zero_bias.py
    python benchmarks/reproductions/zero_bias.py --smoke

Appendix D and Figure 7. Without its biases a network never has more regions over all of R^n (Proposition 14), all of
them are cones (Lemma 15), and multiplying all biases by a constant leaves the number unchanged. All counts are exact
and over R^n itself. The constants are powers of two, so that the multiplied biases are the same numbers exactly.
"""

from collections.abc import Sequence

import numpy as np
from experiment import Claim, Experiment, called, plane_through_origin, summary
from plane_in_training import draw

import polyregions as pr

ARCHITECTURES = [[2, 8, 1], [2, 8, 8, 1], [2, 8, 8, 8, 1], [3, 8, 1], [3, 6, 6, 1], [4, 6, 6, 1]]
POWERS = [-10, -4, 4, 10]
#: Networks of each architecture whose regions' vertices are computed, which takes longer than all else.
CONES = 3


def with_biases(network: pr.Network, factor: float) -> pr.Network:
    """The network with all biases multiplied."""
    return pr.Network.from_arrays(network.weights, [factor * b for b in network.biases])


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=20, epochs=2)
    rows, scaled, cones = [], 0, []
    for number, widths in enumerate(ARCHITECTURES[: 2 if experiment.smoke else None]):
        for run in range(experiment.runs):
            network = pr.Network.random(widths, seed=experiment.random(number, run), bias_std=0.5)
            without = with_biases(network, 0.0)
            counts = [int(pr.count(with_biases(network, 2.0**power), pr.Space())) for power in (0, *POWERS)]
            scaled += len(set(counts)) == 1
            # A cone has no vertex but its apex, and unless it holds a line it has that one.
            if run < CONES:
                cones.append(all(not region.vertices().any() for region in pr.regions(without, pr.Space())))
            rows.append(
                {
                    "network": called(widths),
                    "run": run,
                    "with_biases": counts[0],
                    **{f"biases_times_2^{power}": count for power, count in zip(POWERS, counts[1:], strict=True)},
                    "without_biases": int(pr.count(without, pr.Space())),
                }
            )
    experiment.write(rows)
    means = [summary(rows, ["network"], key) for key in ("with_biases", "without_biases")]
    for key, (value, error) in means[0].items():
        zero, zero_error = means[1][key]
        print(f"{key[0]:>12}  with {value:7.1f} +- {error:.1f}  without {zero:7.1f} +- {zero_error:.1f}")

    trained = _trained(experiment)
    experiment.write(trained, "-trained")
    figure, axes = experiment.axes(3)
    example = pr.Network.random([2, 16, 16, 1], seed=experiment.seed, bias_std=0.5)
    for ax, power in zip(axes, (0, -6, None), strict=True):
        network = with_biases(example, 0.0 if power is None else 2.0**power)
        found = pr.plane(network, pr.Box(-4, 4))
        draw(ax, found)
        title = "without biases" if power is None else f"biases x 2^{power}" if power else "with biases"
        ax.set_title(f"{title}: {int(pr.count(network, pr.Space()))} in R^2, {len(found)} here")
    experiment.save(figure)

    kept = sum(row["without_biases"] <= row["with_biases"] for row in rows)
    share = sum(row["without_biases"] for row in rows) / sum(row["with_biases"] for row in rows)
    experiment.claim(
        "without its biases a network never has more regions over R^n",
        paper="a theorem (Proposition 14)",
        ours=f"in {kept} of {len(rows)} networks; {share:.0%} of the regions are left on average",
        seen=kept == len(rows),
        theorem=True,
    )
    experiment.claim(
        "multiplying all biases by a constant leaves the number of regions over R^n unchanged",
        paper="a theorem",
        ours=f"in {scaled} of {len(rows)} networks, constants 2^-10 to 2^10",
        seen=scaled == len(rows),
        theorem=True,
    )
    experiment.claim(
        "without biases all regions are cones",
        paper="a theorem (Lemma 15)",
        ours=f"in {sum(cones)} of {len(cones)} networks no region has a vertex but the origin",
        seen=all(cones),
        theorem=True,
    )
    largest = {kind: max(row["regions"] for row in trained if row["biases"] == kind) for kind in ("none", "trained")}
    experiment.claim(
        "trained without biases, too, networks have fewer regions (largest number during training, whole planes "
        "through the origin)",
        paper="fewer",
        ours=f"{largest['none']:,.0f} without, {largest['trained']:,.0f} with biases",
        seen=largest["none"] < largest["trained"],
    )
    return experiment.claims


def _trained(experiment: Experiment) -> list[dict[str, object]]:
    """Regions on a plane during training, of networks with biases and without."""
    rows: list[dict[str, object]] = []
    widths = [784, *[16 if experiment.smoke else 32] * 3, 10]
    for run in range(min(experiment.runs, 2)):
        slices = [plane_through_origin(experiment.images, experiment.random(100, run, i)) for i in range(3)]
        for kind, settings in (("trained", {}), ("none", {"bias_std": 0.0, "train_biases": False})):

            def measure(epoch: int, network: pr.Network, *, run=run, slices=slices, kind=kind) -> None:
                count = float(np.mean([int(pr.count(network, plane)) for plane in slices]))
                rows.append({"network": called(widths), "run": run, "biases": kind, "epoch": epoch, "regions": count})

            experiment.train(widths, run, measure, **settings)
    return rows


if __name__ == "__main__":
    main()

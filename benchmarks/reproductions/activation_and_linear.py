"""Hanin & Rolnick 2019, both papers: activation regions and linear regions.

    python benchmarks/reproductions/activation_and_linear.py
    python benchmarks/reproductions/activation_and_linear.py --smoke

Each activation region lies in one linear region, so that there are at least as many of them (Lemma 3 of "Deep ReLU
networks have surprisingly few activation patterns"); usually the two numbers are equal. Both are counted exactly:
along segments between two training examples and on squares through three, in training, and over boxes for narrow
random networks, whose units often do not reach the output.
"""

from collections.abc import Sequence

from experiment import Claim, Experiment, called, three_classes

import polyregions as pr

NARROW = [[2, *[width] * depth, 1] for width in (2, 3, 4, 8) for depth in (2, 4, 6)]


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=2, epochs=2)
    rows = []

    def add(domain: str, network: pr.Network, run: int, epoch: int, activation: int, linear: int) -> None:
        name = called([network.input_dimension, *network.widths, len(network.weights[-1])])
        rows.append(
            {"domain": domain, "network": name, "run": run, "epoch": epoch, "activation": activation, "linear": linear}
        )

    for run in range(experiment.runs):
        examples = three_classes(experiment.images, experiment.random(run))
        segment, square = pr.Segment(*examples[:2]), pr.Plane.through(*examples)

        def measure(epoch: int, network: pr.Network, *, run=run, segment=segment, square=square) -> None:
            found = pr.line(network, segment)
            add("segment", network, run, epoch, found.num_regions, found.num_linear)
            pair = [int(pr.count(network, square, definition=kind)) for kind in ("regions", "linear")]
            add("plane", network, run, epoch, *pair)

        for width in (16,) if experiment.smoke else (16, 32):
            experiment.train([784, *[width] * 3, 10], run, measure)
    box = pr.Box(-1, 1)
    for number, widths in enumerate(NARROW[:3] if experiment.smoke else NARROW):
        for run in range((5 if experiment.smoke else 20) * experiment.runs):
            network = pr.Network.random(widths, seed=experiment.random(number, run), bias_std=0.3)
            pair = [int(pr.count(network, box, definition=kind)) for kind in ("regions", "linear")]
            add("box", network, run, 0, *pair)
    experiment.write(rows)
    figure, (ax,) = experiment.axes()
    totals = {}
    for i, domain in enumerate(("segment", "plane", "box")):
        chosen = [row for row in rows if row["domain"] == domain]
        pair = [row["activation"] for row in chosen], [row["linear"] for row in chosen]
        ax.loglog(*pair, ".", color=f"C{i}", label=domain)
        fewer = sum(a > b for a, b in zip(*pair, strict=True))
        totals[domain] = (len(chosen), fewer, sum(pair[1]) / sum(pair[0]))
        print(
            f"{domain:>8}: {len(chosen)} pairs, {fewer} with fewer linear regions; linear / activation "
            f"{totals[domain][2]:.4f} over all"
        )
    top = max(row["activation"] for row in rows)
    ax.plot([1, top], [1, top], "k:", linewidth=1)
    ax.set(xlabel="activation regions", ylabel="linear regions")
    ax.legend()
    experiment.save(figure)

    broken = sum(row["linear"] > row["activation"] for row in rows)
    experiment.claim(
        "there are at least as many activation regions as linear regions",
        paper="a theorem",
        ours=f"in {len(rows) - broken} of {len(rows)} pairs of exact counts",
        seen=not broken,
        theorem=True,
    )
    trained = [totals["segment"][2], totals["plane"][2]]
    experiment.claim(
        "on slices of trained networks the two numbers are nearly equal (linear / activation at least 0.95)",
        paper="equal in nearly all cases",
        ours=f"{trained[0]:.3f} on segments, {trained[1]:.3f} on planes; narrow random networks {totals['box'][2]:.3f}",
        seen=min(trained) >= 0.95,
    )
    return experiment.claims


if __name__ == "__main__":
    main()

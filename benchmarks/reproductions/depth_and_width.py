"""Hanin & Rolnick 2019, "Deep ReLU networks have surprisingly few activation patterns": depth, width, and neurons.

    python benchmarks/reproductions/depth_and_width.py
    python benchmarks/reproductions/depth_and_width.py --smoke

Regions along lines and on planes through the origin and training examples, of networks of many depths and widths, at
initialisation and after training. The claim is that depth matters through the number of neurons alone: about N
regions on a line and N^2 / 2 on a plane, where the same layers could have exponentially many. "attainable" is what
some network with these layers has on a plane (folding; ``polyregions bounds WIDTHS``).
"""

from collections.abc import Sequence

import numpy as np
from experiment import Claim, Experiment, called, plane_through_origin, summary

import polyregions as pr
from polyregions.bounds.attained import best_folding

DEPTHS, WIDTHS = [1, 2, 3, 4, 6, 8], [8, 16, 32]
LINES, PLANES = 10, 3


def main(argv: Sequence[str] | None = None) -> list[Claim]:
    experiment = Experiment.start(__file__, __doc__, argv, runs=3, epochs=1)
    depths, widths = (DEPTHS[:3], WIDTHS[:1]) if experiment.smoke else (DEPTHS, WIDTHS)
    lines, planes = (2, 1) if experiment.smoke else (LINES, PLANES)
    rows = []
    for depth, width in ((d, w) for w in widths for d in depths):
        layers = [784, *[width] * depth, 10]
        attainable = best_folding(2, [width] * depth).regions
        for run in range(experiment.runs):
            random = experiment.random(run)
            examples = experiment.images.inputs[random.choice(len(experiment.images.inputs), lines)]
            slices = [plane_through_origin(experiment.images, random) for _ in range(planes)]

            def measure(
                epoch: int, network: pr.Network, *, layers=layers, run=run, examples=examples, slices=slices,
                attainable=attainable,
            ) -> None:  # fmt: skip
                if epoch not in (0, experiment.epochs):
                    return
                neurons = sum(network.widths)
                on_line = np.mean([pr.line(network, pr.Line(np.zeros(len(x)), x)).count for x in examples])
                on_plane = np.mean([int(pr.count(network, plane)) for plane in slices])
                rows.append(
                    {
                        "network": called(layers),
                        "depth": len(layers) - 2,
                        "width": layers[1],
                        "neurons": neurons,
                        "run": run,
                        "epoch": epoch,
                        "regions_on_line": float(on_line),
                        "regions_on_plane": float(on_plane),
                        "by_neurons": float(on_line) / neurons,
                        "by_half_square": float(on_plane) / (neurons**2 / 2),
                        "attainable_on_plane": attainable,
                    }
                )

            experiment.train(layers, run, measure)
    experiment.write(rows)
    keys = ["epoch", "depth", "width", "neurons", "attainable_on_plane"]
    on_planes = summary(rows, keys, "regions_on_plane")
    by_neurons, by_square = summary(rows, keys, "by_neurons"), summary(rows, keys, "by_half_square")
    print(f"{'epoch':>5} {'depth':>5} {'width':>5} {'line / N':>9} {'plane':>9} {'/ (N^2/2)':>9} {'attainable':>12}")
    for key, (count, _) in on_planes.items():
        epoch, depth, width, _, attainable = key
        ratio, square = by_neurons[key][0], by_square[key][0]
        print(f"{epoch:5} {depth:5} {width:5} {ratio:9.2f} {count:9,.0f} {square:9.2f} {float(attainable):12.3g}")
    figure, axes = experiment.axes(2)
    for ax, epoch in zip(axes, (0, experiment.epochs), strict=True):
        for width in widths:
            chosen = [key for key in on_planes if key[0] == epoch and key[2] == width]
            colour = f"C{widths.index(width)}"
            counts = [on_planes[key][0] for key in chosen]
            ax.plot([key[3] for key in chosen], counts, "o-", color=colour, label=f"width {width}")
            ax.plot([key[3] for key in chosen], [float(key[4]) for key in chosen], ":", color=colour)
        grid = np.geomspace(min(key[3] for key in on_planes), max(key[3] for key in on_planes), 50)
        ax.plot(grid, grid**2 / 2, "k--", label="N^2 / 2")
        ax.set(xscale="log", yscale="log", xlabel="neurons N (depth grows along each curve)", title=f"epoch {epoch}")
        ax.set_ylabel("regions on a plane (dotted: attainable)")
        ax.set_ylim(top=30 * max(count for count, _ in on_planes.values()))
        ax.legend()
    experiment.save(figure)

    for when, chosen in (("at initialisation", lambda epoch: epoch == 0), ("after training", lambda epoch: epoch > 0)):
        ratios = [value for key, (value, _) in by_neurons.items() if chosen(key[0])]
        squares = [value for key, (value, _) in by_square.items() if chosen(key[0])]
        epochs = f", epoch {experiment.epochs}" if when == "after training" else ""
        experiment.claim(
            f"{when}, regions along a line are neurons x a constant near 1 whatever the depth (0.5 to 2)",
            paper="about 1 x neurons",
            ours=f"{min(ratios):.2f} to {max(ratios):.2f}, depth 1 to {depths[-1]}{epochs}",
            seen=min(ratios) >= 0.5 and max(ratios) <= 2,
        )
        experiment.claim(
            f"{when}, regions on a plane are neurons^2 / 2 x a constant near 1 whatever the depth (0.5 to 2)",
            paper="about neurons^2 / 2",
            ours=f"{min(squares):.2f} to {max(squares):.2f}, depth 1 to {depths[-1]}{epochs}",
            seen=min(squares) >= 0.5 and max(squares) <= 2,
        )
    first = {key[1]: (count, key[4]) for key, (count, _) in on_planes.items() if not key[0] and key[2] == widths[0]}
    (low, could_low), (high, could_high) = first[depths[0]], first[depths[-1]]
    growth, power = high / low, (depths[-1] / depths[0]) ** 2
    experiment.claim(
        f"regions on a plane do not grow exponentially with depth: from depth {depths[0]} to {depths[-1]} at width "
        f"{widths[0]} they grow at most twice as much as the square of the depth",
        paper="no exponential growth, at initialisation and in training",
        ours=f"x {growth:.0f}, the square x {power:.0f}, the attainable number x {float(could_high / could_low):.2g}",
        seen=growth <= 2 * power,
    )
    return experiment.claims


if __name__ == "__main__":
    main()

"""Regions of convolutional networks over R^n against the formulas of Xiong et al. (2020), as channels grow.

    python benchmarks/run_cnn.py --smoke                             # seconds
    python benchmarks/run_cnn.py --markdown docs/bounds.md           # minutes

Filters are random and shared by all positions; the table has the most regions that any of some draws has. One layer has
the same number for all draws but a few special ones, and "untied" is that of layers whose units have weights of their
own. Deeper, the lower bound is of the best weights: random ones may have fewer regions.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np
from report import write_section

import polyregions as pr
from polyregions.bounds.cnn import cnn_lower_bound, cnn_upper_bound, one_layer_cnn_formula
from polyregions.bounds.convolution import ConvolutionLayer, convolution_layers, generic_convolution_regions
from polyregions.graph import Convolution, Graph, relu
from polyregions.result import versions

Shape = tuple[int, int, int, int]

#: Input (height, width, depth), filter (height, width), the channels that grow, and a second layer.
ONE_LAYER = [((1, 4, 1), (1, 2), range(1, 8)), ((2, 3, 1), (2, 2), range(1, 7)), ((3, 3, 1), (2, 2), range(1, 4))]
TWO_LAYERS = [
    ((1, 4, 1), (1, 2), range(1, 4), (1, 2, 2, 1)),
    ((2, 2, 1), (1, 1), range(1, 4), (2, 2, 3, 1)),
    ((2, 3, 1), (2, 2), range(1, 5), (1, 1, 3, 1)),
]


def networks(layers: list[ConvolutionLayer], draws: int) -> Iterator[pr.Network]:
    """Random convolutional networks: normal weights of the same variance for each unit, and normal biases."""
    height, width, depth = layers[0].inputs
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        graph = Graph((depth, height, width))
        last = graph.input
        for layer in layers:
            weights = rng.normal(size=(layer.channels, layer.inputs[2], *layer.filters)) * (2 / layer.seen) ** 0.5
            biases = rng.normal(size=layer.channels)
            last = graph.add(relu(), graph.add(Convolution(weights, biases, stride=layer.stride), last))
        yield graph.network(last)


def measure(inputs: tuple[int, int, int], shapes: list[Shape], draws: int) -> dict[str, Any]:
    """Counts of some draws, and what is known of all."""
    layers = convolution_layers(inputs, shapes)
    start = time.perf_counter()
    counts = [int(pr.count(network, pr.Space())) for network in networks(layers, draws)]
    result = {
        "input": "x".join(map(str, inputs)),
        "layers": " ".join(f"{h}x{w}x{d}" + (f"s{s}" if s > 1 else "") for h, w, d, s in shapes),
        "units": sum(layer.units for layer in layers),
        "counts": counts,
        "upper": cnn_upper_bound(layers),
        "lower": cnn_lower_bound(layers),
        "seconds": round(time.perf_counter() - start, 2),
    }
    if len(layers) == 1:
        tied, untied = (generic_convolution_regions(layers[0], tied=tied) for tied in (True, False))
        result |= {"formula": one_layer_cnn_formula(layers[0]), "tied": tied, "untied": untied}
    return result


def markdown(results: list[dict[str, Any]]) -> str:
    one = [r for r in results if "formula" in r]
    deep = [r for r in results if "formula" not in r]
    lines = [
        "| input | layer | units | formula | untied, by rank | tied, by rank | tied, counted over R^n | proven bound |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {r['input']} | {r['layers']} | {r['units']} | {r['formula']:,} | {r['untied']:,} | {r['tied']:,} "
            f"| {max(r['counts']):,} | {r['upper']:,} |"
            for r in one
        ),
        "",
        "| input | layers | units | attained by some weights | random, counted over R^n: least to most | upper bound |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {r['input']} | {r['layers']} | {r['units']} | {r['lower']:,} "
            f"| {min(r['counts']):,} to {max(r['counts']):,} | {r['upper']:,} |"
            for r in deep
        ),
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="two channels at most")
    parser.add_argument("--draws", type=int, default=5, help="random networks of each kind (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, help="write the tables into this page")
    options = parser.parse_args(arguments)
    cases = [(inputs, [(*filters, d, 1)]) for inputs, filters, channels in ONE_LAYER for d in channels]
    cases += [(inputs, [(*filters, d, 1), last]) for inputs, filters, channels, last in TWO_LAYERS for d in channels]
    results = []
    for inputs, shapes in cases:
        if options.smoke and shapes[0][2] > 2:
            continue
        results.append(measure(inputs, shapes, options.draws))
        print(json.dumps(results[-1]), flush=True)
    if options.output:
        options.output.write_text(json.dumps({"results": results, "versions": versions()}, indent=1) + "\n")
    if options.markdown:
        write_section(options.markdown, "convolutions", markdown(results))


if __name__ == "__main__":
    main()

"""NNet files (.nnet), the text format of the ACAS Xu networks: https://github.com/sisl/NNet.

Weights are the float64 numbers nearest to the decimals in the file. Its normalisations are part of the network, and
exact: (x - mean) / range of each input before the first layer, y * range + mean of the outputs after the last, with
the decimals taken as they are written. That programs move inputs into the file's [minimum, maximum] first is not part
of it: choose a domain inside.
"""

import itertools
import os
from pathlib import Path

import numpy as np

from polyregions.errors import FormatError, NetworkError
from polyregions.formats.tensors import inverse, network_of
from polyregions.graph import Dense, Elementwise, Graph, relu
from polyregions.graph.operator import numbers
from polyregions.network import Network

__all__ = ["load_nnet"]


def load_nnet(path: str | os.PathLike[str], *, include_output: bool = False) -> Network:
    """The network in an NNet file; FormatError, in one line, if it holds anything else."""
    try:
        lines = [line for line in Path(path).read_text().splitlines() if line.strip() and not line.startswith("//")]
        rows = [[entry.strip() for entry in line.split(",") if entry.strip()] for line in lines]
        sizes, means, ranges = [int(n) for n in rows[1]], numbers(rows[5], "means"), numbers(rows[6], "ranges")
        layers, body = [], rows[7:]
        for n, m in itertools.pairwise(sizes):
            layers.append((np.array(body[:m], dtype=float).reshape(m, n), np.array(body[m : 2 * m], dtype=float)[:, 0]))
            body = body[2 * m :]
        if body or [sizes[0], sizes[-1]] != [int(n) for n in rows[0][1:3]]:
            raise ValueError("its header, its layers' sizes and the number of its lines do not fit together")
        graph = Graph(sizes[0])
        scale = inverse(ranges[: sizes[0]])
        value = graph.add(Elementwise(scale, -means[: sizes[0]] * scale), "input")
        for i, (w, b) in enumerate(layers):
            value = graph.add(Dense(w, b), graph.add(relu(), value) if i else value)
        value = graph.add(Elementwise(ranges[sizes[0] :].item(), means[sizes[0] :].item()), value)
        return network_of(graph, value, include_output=include_output)
    except (IndexError, ValueError, NetworkError, NotImplementedError, OSError) as error:
        raise FormatError(f"{path}: no NNet file, or a damaged one: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return "lines or numbers are missing" if isinstance(error, IndexError) else (str(error).splitlines() or [""])[0]

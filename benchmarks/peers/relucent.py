"""relucent: a search from cell to cell across facets, by linear programs (Gaines & Bi 2026).

``pip install relucent torch``; the licence of Gurobi's pip package suffices for cells of up to 2000 rows.
"""

import time

import polyregions as pr
from peers.peer import Answer, Peer, UnsupportedError, box_bounds, distribution

__all__ = ["PEERS"]


def _count(network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    import relucent
    import torch

    radii = {max(-low, high) for low, high in box_bounds(domain, network.input_dimension)}
    lows = {low for low, _ in box_bounds(domain, network.input_dimension)}
    if len(radii) != 1 or lows != {-radius for radius in radii}:
        raise UnsupportedError("counts the cells that meet a cube around 0 only")
    torch.set_num_threads(1)
    modules = []
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        linear = torch.nn.Linear(w.shape[1], w.shape[0], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(w))
            linear.bias.copy_(torch.tensor(b))
        modules += [linear, torch.nn.ReLU()] if layer < network.depth else [linear]
    net = torch.nn.Sequential(*modules)
    start = time.perf_counter()
    cells = relucent.Complex(net)
    result = cells.bfs(nworkers=1, verbose=0, cube_radius=radii.pop(), cube_mode="intersect", verify=False)
    return Answer(len(cells), time.perf_counter() - start, result.complete)


def _version() -> str | None:
    return distribution("torch") and distribution("relucent")


PEERS = (Peer("relucent", "breadth-first search, one worker, without its final verification", _version, _count),)

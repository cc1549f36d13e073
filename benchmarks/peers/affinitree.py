"""affinitree: the network's decision tree, in Rust, its infeasible paths pruned by linear programs.

``pip install affinitree``. A leaf of the tree is an activation region.
"""

import time

import polyregions as pr
from peers.peer import Answer, Peer, box_bounds, distribution, hidden_layers

__all__ = ["PEERS"]


def _count(network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    from affinitree import AffFunc, AffTree, Architecture, Polytope, builder

    dimension = network.input_dimension
    box = Polytope.hyperrectangle(dimension, box_bounds(domain, dimension))
    architecture = Architecture(dimension)
    for w, b in hidden_layers(network):
        architecture.linear(AffFunc.from_mats(w, b))
        architecture.relu()
    start = time.perf_counter()
    # Without a function for points outside the box the tree has no leaf for them.
    inside = AffTree.from_poly(box, AffFunc.identity(dimension), None)
    tree = builder.from_layers(architecture, precondition=inside)
    return Answer(tree.num_terminals(), time.perf_counter() - start)


PEERS = (Peer("affinitree", "the network's pruned decision tree", lambda: distribution("affinitree"), _count),)

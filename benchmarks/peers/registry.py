"""All peers by name."""

from peers import affinitree, cplex_populate, gurobi, ours, relucent, scip, syrenn
from peers.peer import Peer

__all__ = ["PEERS"]

#: To add a program, write its module and name it here.
PEERS: dict[str, Peer] = {
    peer.name: peer
    for module in (ours, syrenn, relucent, affinitree, gurobi, cplex_populate, scip)
    for peer in module.PEERS
}

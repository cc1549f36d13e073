"""polyregions itself: the certified default, and the compiled search that trusts its tolerances."""

import time

import polyregions as pr
from peers.peer import Answer, Peer, distribution

__all__ = ["PEERS", "REFERENCE"]


def _certified(network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    start = time.perf_counter()
    result = pr.count(network, domain, time_limit=limit)
    seconds = time.perf_counter() - start
    exact = result.stats.get("decisions_by_exact")
    note = "" if exact is None else f"{exact} exact decisions"
    return Answer(result.lower, seconds, result.status is pr.Status.EXACT, note)


def _uncertified(network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    from polyregions.exact.restriction import Restriction
    from polyregions.splitting.tableau_cells import TableauTree

    start = time.perf_counter()
    tree = TableauTree(Restriction(network, domain), pr.Definition.REGIONS, certified=False)
    tree.explore(lambda: time.perf_counter() - start > limit)
    return Answer(tree.found, time.perf_counter() - start, tree.finished)


def _version() -> str | None:
    return distribution("polyregions")


#: All others are compared with this one.
REFERENCE = Peer("polyregions", "certified, its defaults", _version, _certified)
PEERS = (
    REFERENCE,
    Peer("polyregions, uncertified", "LP cells that trust their tolerances", _version, _uncertified),
)

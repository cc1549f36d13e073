"""polyregions itself: the certified default, and the same search without its proofs."""

import time
from typing import Any

import polyregions as pr
from peers.peer import Answer, Peer, distribution
from peers.uncertified import count_uncertified

__all__ = ["PEERS", "REFERENCE", "UNCERTIFIED"]


def _certified(network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    start = time.perf_counter()
    result = pr.count(network, domain, time_limit=limit)
    seconds = time.perf_counter() - start
    return Answer(result.lower, seconds, result.status is pr.Status.EXACT, _decisions(result.stats))


def _decisions(stats: dict[str, Any]) -> str:
    """How many decisions needed exact arithmetic, of how many."""
    exact, filtered = stats["decisions_by_exact"], stats["decisions_by_filter"]
    return f"{stats['cells']} cells; {exact:,} of {exact + filtered:,} decisions made exactly"


def _version() -> str | None:
    return distribution("polyregions")


UNCERTIFIED = "polyregions, uncertified"
#: All others are compared with this one.
REFERENCE = Peer("polyregions", "certified, its defaults", _version, _certified, compiles=True)
PEERS = (
    REFERENCE,
    Peer(UNCERTIFIED, "the same search without its proofs", _version, count_uncertified, compiles=True),
)

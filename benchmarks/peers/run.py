"""One peer on one case, again and again: ``python -m peers.run PEER CASE --limit S --repeats N --budget S``.

Writes one JSON object per line to standard output, at once, so that what was measured before a crash is not lost:
an answer ``{"count", "seconds", "finished", "note"}``, or ``{"failure"}``.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

from peers.cases import CASES
from peers.peer import UnsupportedError
from peers.registry import PEERS

__all__ = ["FAILURE", "main"]

FAILURE = "failure"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("case", choices=[case.name for case in CASES])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one run")
    parser.add_argument("--repeats", type=int, default=1, help="runs, at most")
    parser.add_argument("--budget", type=float, default=10.0, help="seconds after which no further run begins")
    options = parser.parse_args(arguments)
    with _own_stdout() as results:
        for line in _lines(options.peer, options.case, options.limit, options.repeats, options.budget):
            print(json.dumps(line), file=results, flush=True)


def _own_stdout() -> TextIO:
    """Standard output for the results alone: what the programs print, in Python or not, goes to standard error."""
    results = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return results


def _lines(name: str, case_name: str, limit: float, repeats: int, budget: float) -> Iterator[dict[str, Any]]:
    case, peer = next(case for case in CASES if case.name == case_name), PEERS[name]
    network, spent = case.network(), 0.0
    try:
        if peer.compiles:
            peer.count(network, case.domain, limit)
        for _ in range(repeats):
            answer = peer.count(network, case.domain, limit)
            yield asdict(answer)
            spent += answer.seconds
            if spent >= budget or not answer.finished:
                return
    except UnsupportedError as error:
        yield {FAILURE: str(error)}
    except Exception as error:  # whatever another program raises is a result here
        yield {FAILURE: f"{type(error).__name__}: {error}"[:300]}


if __name__ == "__main__":
    main()

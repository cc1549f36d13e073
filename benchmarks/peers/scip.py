"""SCIP's counter of solutions (Achterberg, Heinz & Koch 2008) on the big-M program: ``pip install pyscipopt``."""

import time

import polyregions as pr
from peers.milp_model import milp
from peers.peer import Answer, Peer, distribution

__all__ = ["PEERS"]


def _count(network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    import pyscipopt

    rows = milp(network, domain)
    start = time.perf_counter()
    model = pyscipopt.Model()
    model.hideOutput()
    x = [
        model.addVar(lb=low, ub=high, vtype="B" if integer else "C")
        for low, high, integer in zip(rows.lower.tolist(), rows.upper.tolist(), rows.integer, strict=True)
    ]
    for i, (sense, right) in enumerate(zip(rows.sense, rows.right.tolist(), strict=True)):
        form = pyscipopt.quicksum(value * x[j] for j, value in zip(*rows.row(i), strict=True))
        if sense == "=":
            model.addCons(form == right)
        elif sense == "<":
            model.addCons(form <= right)
        else:
            model.addCons(form >= right)
    # What the solver might otherwise cut off as no better than another solution is a solution all the same.
    model.setParamsCountsols()
    model.setParam("limits/time", limit)
    model.count()
    seconds = time.perf_counter() - start
    return Answer(model.getNCountedSols(), seconds, model.getStatus() != "timelimit")


PEERS = (Peer("SCIP count", "its counter of solutions", lambda: distribution("pyscipopt"), _count),)

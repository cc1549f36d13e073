"""Gurobi's solution pool (PoolSearchMode 2) on the big-M program.

``pip install gurobipy`` brings a licence for 2000 variables and 2000 rows.
"""

import time
from functools import partial

import numpy as np

import polyregions as pr
from peers.milp_model import distinct, milp
from peers.peer import Answer, Peer, distribution

__all__ = ["PEERS"]

_ALL = 2_000_000_000


def _count(tolerances: dict[str, float], network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    import gurobipy

    rows = milp(network, domain)
    start = time.perf_counter()
    settings = {"OutputFlag": 0, "Threads": 1, "TimeLimit": limit, "PoolSearchMode": 2, "PoolSolutions": _ALL}
    with gurobipy.Env(params=settings | tolerances) as env, gurobipy.Model(env=env) as model:
        x = model.addMVar(len(rows.lower), lb=rows.lower, ub=rows.upper, vtype=np.where(rows.integer, "B", "C"))
        model.addMConstr(rows.matrix, x, np.array(rows.sense), rows.right)
        model.optimize()
        seconds = time.perf_counter() - start
        solutions = []
        for k in range(model.SolCount):
            model.setParam("SolutionNumber", k)
            solutions.append(x.Xn[rows.binaries])
        # With objective 0, "optimal" says that the pool is complete.
        return Answer(distinct(solutions), seconds, model.Status == gurobipy.GRB.OPTIMAL)


def _version() -> str | None:
    return distribution("gurobipy")


PEERS = (
    Peer("Gurobi pool", "PoolSearchMode 2, default tolerances", _version, partial(_count, {})),
    Peer(
        "Gurobi pool, tight",
        "PoolSearchMode 2, feasibility and integrality 1e-9, NumericFocus 3",
        _version,
        partial(_count, {"IntFeasTol": 1e-9, "FeasibilityTol": 1e-9, "NumericFocus": 3}),
    ),
)

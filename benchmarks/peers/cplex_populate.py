"""CPLEX's populate with pool intensity 4 on the big-M program.

``pip install cplex`` brings the Community Edition: 1000 variables and 1000 rows.
"""

import time
from functools import partial

import numpy as np

import polyregions as pr
from peers.milp_model import distinct, milp
from peers.peer import Answer, Peer, distribution

__all__ = ["PEERS"]

_ALL = 2_100_000_000
_SENSES = {"<": "L", ">": "G", "=": "E"}


def _count(integrality: float | None, network: pr.Network, domain: pr.Domain, limit: float) -> Answer:
    import cplex

    rows = milp(network, domain)
    start = time.perf_counter()
    with cplex.Cplex() as model:
        for silence in (model.set_log_stream, model.set_results_stream, model.set_warning_stream):
            silence(None)
        parameters = model.parameters
        parameters.threads.set(1)
        parameters.timelimit.set(limit)
        parameters.mip.pool.intensity.set(4)
        parameters.mip.pool.capacity.set(_ALL)
        parameters.mip.limits.populate.set(_ALL)
        if integrality is not None:
            parameters.mip.tolerances.integrality.set(integrality)
            parameters.simplex.tolerances.feasibility.set(1e-9)
        model.variables.add(
            lb=rows.lower.tolist(),
            ub=rows.upper.tolist(),
            types=np.where(rows.integer, "B", "C").tolist(),
        )
        model.linear_constraints.add(
            lin_expr=[cplex.SparsePair(*rows.row(i)) for i in range(len(rows.sense))],
            senses=[_SENSES[sense] for sense in rows.sense],
            rhs=rows.right.tolist(),
        )
        model.populate_solution_pool()
        seconds = time.perf_counter() - start
        pool, status = model.solution.pool, model.solution.status
        columns = rows.binaries.tolist()
        solutions = [np.array(pool.get_values(k, columns)) for k in range(pool.get_num())]
        complete = {status.optimal_populated, status.optimal_populated_tolerance}
        return Answer(distinct(solutions), seconds, model.solution.get_status() in complete)


def _version() -> str | None:
    return distribution("cplex")


PEERS = (
    Peer("CPLEX populate", "pool intensity 4, default tolerances", _version, partial(_count, None)),
    Peer("CPLEX populate, tight", "pool intensity 4, integrality 0, feasibility 1e-9", _version, partial(_count, 0.0)),
)

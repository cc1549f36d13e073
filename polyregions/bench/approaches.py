"""How each solver is put to each kind of instance, as well as it can be through the interfaces there are.

All answers are what the solver claims, as plain values: :mod:`polyregions.bench.judge` compares them with the truth.
"""

import json
import math
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from polyregions.bench.lp_sequence import LPSequence, LPStep
from polyregions.bench.warm_lps import WARM

__all__ = ["COLD", "OURS", "Approach", "Task", "approach"]

#: HiGHS without warm starts, and the package's own tree over z; not in the registry of solvers.
COLD, OURS = "highs-cold", "polyregions"

#: Asked of solvers that can be asked, as everywhere in polyregions.
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Task:
    """What a solver gets.

    Attributes
    ----------
    kind : str
    file, weights : str
        The instance and its network.
    binaries : list of str
        Names of the units' binaries.
    parity : list of (units, right)
        For the package's own tree, which reads no files of programs.
    time_limit : float
        Seconds for the instance.
    program_limit : float
        Seconds for each linear program.
    """

    kind: str
    file: str
    weights: str
    binaries: list[str]
    parity: list[tuple[list[int], int]]
    time_limit: float
    program_limit: float


class Approach(ABC):
    """A solver, ready for tasks.

    Attributes
    ----------
    how : dict of kind to str
        In a few words, for the kinds that it does.
    """

    how: dict[str, str]

    @abstractmethod
    def solve(self, value: dict[str, Any]) -> dict[str, Any]:
        """The answer to a task, given by the attributes of :class:`Task`."""

    @abstractmethod
    def warm_up(self) -> None:
        """Load everything and solve something small; raises what the solver raises if it can't be used."""


def approach(solver: str) -> Approach:
    """The approach of this name.

    Raises
    ------
    UnknownSolverError, SolverNotAvailableError

    Examples
    --------
    >>> approach("highs").how["lp"], approach("highs-cold").how
    ('warm starts', {'lp': 'from scratch'})
    """
    return _Ours() if solver == OURS else _Solver(solver)


class _Solver(Approach):
    """A back end of :mod:`solvers`."""

    def __init__(self, name: str) -> None:
        from solvers import milp_solver
        from solvers.pools import pool_installed

        self._name = "highs" if name == COLD else name
        self._milp = milp_solver(self._name)
        self._tolerances = _tolerances(self._name)
        self._native = pool_installed(self._name)
        # Those with a native pool have their Python module here.
        self._warm = WARM[name] if name == "highs" or self._native else None
        self.how = {"lp": "warm starts" if self._warm else "from scratch"}
        if name != COLD:
            self.how |= {
                "count": "its own pool" if self._native else "no-good cuts",
                "bound": "branch and bound",
                "parity": "branch and bound",
            }

    def solve(self, value: dict[str, Any]) -> dict[str, Any]:
        task = Task(**value)
        if task.kind == "lp":
            return self._sequence(task)
        if task.kind == "count":
            return self._native_pool(task) if self._native else self._no_good_cuts(task)
        return self._program(task)

    def warm_up(self) -> None:
        from solvers import MILPModel
        from solvers.model_files import write_model

        model = MILPModel(
            objective=np.array([5.0, 4.0]),
            matrix=np.array([[6.0, 5.0]]),
            row_lower=np.array([-np.inf]),
            row_upper=np.array([10.0]),
            lower=np.zeros(2),
            upper=np.ones(2),
            integer=np.array([True, True]),
        )
        self._milp.solve(model, time_limit=10.0)
        if self._warm is not None:
            self._warm(np.zeros(1), np.ones(1), 10.0).solve(
                LPStep(0, np.ones((1, 1)), np.zeros(1), np.ones(1), 0.0, (1.0, 1.0), True)
            )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "warm.mps"
            write_model(model, path, "mps", columns=["z_1_0", "z_1_1"], rows=["row"])
            for kind in self.how.keys() - {"lp"}:
                self.solve(vars(Task(kind, str(path), "", ["z_1_0", "z_1_1"], [], 10.0, 1.0)))

    # -- linear programs ---------------------------------------------------------------------------------------------

    def _sequence(self, task: Task) -> dict[str, Any]:
        sequence = LPSequence.from_json(json.loads(Path(task.file).read_text(encoding="utf-8")), task.file)
        answers: list[list[Any]] = []
        end = time.perf_counter() + task.time_limit
        claims = self._cold_claims(task, sequence) if self._warm is None else self._warm_claims(task, sequence)
        for status, value, seconds in claims:
            answers.append([status, _number(value), seconds])
            if time.perf_counter() > end:
                break
        return {"answers": answers}

    def _warm_claims(self, task: Task, sequence: LPSequence) -> Iterator[tuple[str, float, float]]:
        program = WARM[self._name](sequence.lower, sequence.upper, task.program_limit)
        for step in sequence.steps:
            start = time.perf_counter()
            status, value = program.solve(step)
            yield status, value, time.perf_counter() - start

    def _cold_claims(self, task: Task, sequence: LPSequence) -> Iterator[tuple[str, float, float]]:
        from polyregions.bench.index import sequence_model

        for program in sequence.programs():
            solution = self._milp.solve(sequence_model(sequence, program), time_limit=task.program_limit, threads=1)
            yield solution.status.name, solution.objective, solution.seconds

    # -- mixed-integer programs --------------------------------------------------------------------------------------

    def _program(self, task: Task) -> dict[str, Any]:
        solution = self._milp.solve(task.file, time_limit=task.time_limit, threads=1, **self._tolerances)
        pattern = None
        if solution.x is not None and task.kind == "parity":
            value = dict(zip(solution.names, solution.x.tolist(), strict=True))
            pattern = "".join(str(round(value[name])) for name in task.binaries)
        return {
            "status": solution.status.name,
            "objective": _number(solution.objective),
            "bound": _number(solution.bound),
            "nodes": solution.nodes,
            "pattern": pattern,
            "seconds": solution.seconds,
        }

    def _native_pool(self, task: Task) -> dict[str, Any]:
        from solvers.pools import solution_pool
        from solvers.pulp_problem import problem_from_mps

        problem = problem_from_mps(task.file)
        variables = {variable.name: variable for variable in problem.variables()}
        pool = solution_pool(problem, [variables[name] for name in task.binaries], self._name, **self._tolerances)
        found: list[bytes] = []
        start = time.perf_counter()
        try:
            while not pool.finished and (left := task.time_limit - (time.perf_counter() - start)) > 0:
                found += pool.search(left, at_most=left)
            seconds = time.perf_counter() - start
            return {
                "finished": pool.finished,
                "patterns": ["".join(map(str, states)) for states in found],
                "reported": pool.reported,
                "repeated": False,
                "nodes": pool.nodes,
                "seconds": seconds,
            }
        finally:
            pool.close()

    def _no_good_cuts(self, task: Task) -> dict[str, Any]:
        import pulp

        from solvers import Status
        from solvers.pulp_backend import solve
        from solvers.pulp_problem import problem_from_mps

        problem = problem_from_mps(task.file)
        variables = {variable.name: variable for variable in problem.variables()}
        z = [variables[name] for name in task.binaries]
        found: dict[str, None] = {}
        nodes, finished, repeated = 0, False, False
        start = time.perf_counter()
        while (left := task.time_limit - (time.perf_counter() - start)) > 0:
            solution = solve(problem, self._name.removeprefix("pulp-"), time_limit=left, **self._tolerances)
            nodes += max(solution.nodes, 0)
            if solution.status is not Status.OPTIMAL:
                finished = solution.status in (Status.INFEASIBLE, Status.INFEASIBLE_OR_UNBOUNDED)
                if not finished and not solution.status.limited:
                    raise RuntimeError(f"stopped with status {solution.status.name}: {solution.status.text}")
                break
            states = [round(variable.value()) for variable in z]
            text = "".join(map(str, states))
            repeated = text in found
            if repeated:
                break  # the solver broke a cut, and would go on to
            found[text] = None
            signed = [variable if state else -variable for variable, state in zip(z, states, strict=True)]
            problem += pulp.lpSum(signed) <= sum(states) - 1, f"no_good_{len(found)}"
        return {
            "finished": finished,
            "patterns": list(found),
            "reported": len(found) + repeated,
            "repeated": repeated,
            "nodes": nodes,
            "seconds": time.perf_counter() - start,
        }


class _Ours(Approach):
    """The package's tree over z, which reads the network rather than the program, and proves every prune."""

    def __init__(self) -> None:
        self.how = {"count": "one tree, proven", "parity": "one tree, proven"}

    def warm_up(self) -> None:
        from polyregions.network import Network

        network = Network.from_arrays([[[1.0, 0.5], [0.5, -1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
        self._search(network, [], lambda: False, first=False)

    def solve(self, value: dict[str, Any]) -> dict[str, Any]:
        from polyregions.formats import load

        task = Task(**value)
        network = load(task.weights)
        start = time.perf_counter()
        end = start + task.time_limit
        first = task.kind == "parity"
        tree, patterns = self._search(network, task.parity, lambda: time.perf_counter() >= end, first=first)
        seconds = time.perf_counter() - start
        nodes = int(tree.statistics().get("nodes", 0))
        if first:
            status = "OPTIMAL" if patterns else "INFEASIBLE" if tree.finished else "TIME_LIMIT"
            pattern = patterns[0] if patterns else None
            answer: dict[str, Any] = {"status": status, "objective": None, "bound": None, "pattern": pattern}
        else:
            answer = {
                "finished": tree.finished,
                "patterns": patterns,
                "reported": len(patterns),
                "repeated": False,
            }
        return {**answer, "nodes": nodes, "seconds": seconds}

    @staticmethod
    def _search(
        network: Any, parity: list[tuple[list[int], int]], stop: Callable[[], bool], *, first: bool
    ) -> tuple[Any, list[str]]:
        from polyregions.bench.programs import DOMAIN
        from polyregions.definition import Definition
        from polyregions.exact.restriction import Restriction
        from polyregions.milp.parity import ParityConstraint, ParitySystem
        from polyregions.milp.tree_pool import TreePool

        system = ParitySystem(ParityConstraint(tuple(units), right) for units, right in parity)
        tree = TreePool(Restriction(network, DOMAIN), Definition.PATTERNS, parity=system)
        patterns = []
        for leaf in tree.leaves(stop):
            patterns.append("".join(map(str, leaf.states)))
            if first:
                break
        return tree, patterns


def _tolerances(name: str) -> dict[str, Any]:
    """Of those that can be set, what to ask for."""
    from solvers.pulp_drivers import installed_driver

    driver = installed_driver(name.removeprefix("pulp-"))
    names = {"feasibility_tolerance": "feasibility", "integrality_tolerance": "integrality"}
    return {
        keyword: _TOLERANCE
        for keyword, attribute in names.items()
        if name == "highs" or (driver is not None and getattr(driver, attribute) is not None)
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

"""One status for every solver, and the total tables that map each solver's own codes into it.

A code that a table does not know becomes `Status.UNKNOWN`, never `Status.OPTIMAL`: a new release of a solver may
add codes, and a wrong "optimal" is the one error that nothing downstream would notice.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["HIGHS_STATUS", "PULP_STATUS", "Status", "from_highs", "from_pulp"]


class Status(enum.Enum):
    """What a solve ended with; `.text` says what it means and what to do.

    Examples
    --------
    >>> Status.TIME_LIMIT.text
    'stopped by the time limit: a value, if any, is not proved optimal; raise the limit'
    >>> Status.OPTIMAL.proved, Status.INFEASIBLE.proved, Status.TIME_LIMIT.proved
    (True, True, False)
    """

    OPTIMAL = "solved to optimality within the solver's tolerances; a claim to verify, not a proof"
    INFEASIBLE = "the solver found no feasible point; verify the ray (LP) before relying on it"
    UNBOUNDED = "the objective is unbounded on the feasible set: bound the variables"
    INFEASIBLE_OR_UNBOUNDED = "infeasible or unbounded, not decided which: solve again with a zero objective"
    OBJECTIVE_BOUND = "stopped because the objective passed the bound or target given by the caller"
    TIME_LIMIT = "stopped by the time limit: a value, if any, is not proved optimal; raise the limit"
    ITERATION_LIMIT = "stopped by the iteration limit: the last point need not be feasible; raise the limit"
    SOLUTION_LIMIT = "stopped by a node, leaf or solution limit: a value, if any, is not proved optimal"
    MEMORY_LIMIT = "stopped by the memory limit: use fewer threads or a smaller model"
    INTERRUPTED = "interrupted by the caller or by a signal: nothing is proved"
    ERROR = "the solver failed (model, numerical or licence error): check the model, rescale its rows"
    UNKNOWN = "the solver gave no verdict, or one this version does not know: solve again from scratch"

    @property
    def text(self) -> str:
        """What the status means and what to do about it, in one line."""
        return self.value

    @property
    def proved(self) -> bool:
        """Whether the solver claims a finished answer: optimal, infeasible or unbounded."""
        return self in (Status.OPTIMAL, Status.INFEASIBLE, Status.UNBOUNDED)

    @property
    def limited(self) -> bool:
        """Whether a limit or an interrupt stopped the solver, so that a longer run may still answer."""
        return self in _LIMITED


_LIMITED = frozenset(
    {
        Status.OBJECTIVE_BOUND,
        Status.TIME_LIMIT,
        Status.ITERATION_LIMIT,
        Status.SOLUTION_LIMIT,
        Status.MEMORY_LIMIT,
        Status.INTERRUPTED,
    }
)

#: highspy.HighsModelStatus member name -> Status. By name, so that this module need not import highspy.
#: kModelEmpty (no columns, no rows) is UNKNOWN: the back ends answer models without columns themselves.
HIGHS_STATUS: Mapping[str, Status] = MappingProxyType(
    {
        "kNotset": Status.UNKNOWN,
        "kLoadError": Status.ERROR,
        "kModelError": Status.ERROR,
        "kPresolveError": Status.ERROR,
        "kSolveError": Status.ERROR,
        "kPostsolveError": Status.ERROR,
        "kModelEmpty": Status.UNKNOWN,
        "kOptimal": Status.OPTIMAL,
        "kInfeasible": Status.INFEASIBLE,
        "kUnboundedOrInfeasible": Status.INFEASIBLE_OR_UNBOUNDED,
        "kUnbounded": Status.UNBOUNDED,
        "kObjectiveBound": Status.OBJECTIVE_BOUND,
        "kObjectiveTarget": Status.OBJECTIVE_BOUND,
        "kTimeLimit": Status.TIME_LIMIT,
        "kIterationLimit": Status.ITERATION_LIMIT,
        "kUnknown": Status.UNKNOWN,
        "kSolutionLimit": Status.SOLUTION_LIMIT,
        "kInterrupt": Status.INTERRUPTED,
        "kMemoryLimit": Status.MEMORY_LIMIT,
        "kHighsInterrupt": Status.INTERRUPTED,
    }
)

# PuLP's LpStatus: 0 not solved, 1 optimal, -1 infeasible, -2 unbounded, -3 undefined.
# PuLP's LpSolution: 0 no solution found, 1 optimal, 2 a feasible one (not proved), -1 infeasible, -2 unbounded.
_PULP_STATUSES = (0, 1, -1, -2, -3)
_PULP_SOLUTIONS = (0, 1, 2, -1, -2)
_PULP_AGREED = {
    (1, 1): Status.OPTIMAL,
    (-1, -1): Status.INFEASIBLE,
    (-2, -2): Status.UNBOUNDED,
    # PuLP's SCIP reports the verdict with "no solution found".
    (-1, 0): Status.INFEASIBLE,
    (-2, 0): Status.UNBOUNDED,
    # PuLP calls a run stopped by any limit with an incumbent "Optimal" with solution code 2. Which limit it was,
    # PuLP does not say; a time limit is the one that `solvers.pulp_backend` can set on every back end.
    (1, 2): Status.TIME_LIMIT,
    # "Not solved", and yet a feasible solution: the same, from back ends that keep the two codes apart.
    (0, 2): Status.TIME_LIMIT,
}

#: (LpStatus code, LpSolution code) -> Status, total on the product of PuLP's codes: pairs that contradict one
#: another ("Optimal" with "No Solution Found") prove nothing and are UNKNOWN. So is ("Not Solved", "Infeasible"):
#: PuLP itself makes that pair of every "Not Solved", a time-out included.
PULP_STATUS: Mapping[tuple[int, int], Status] = MappingProxyType(
    {
        (status, solution): _PULP_AGREED.get((status, solution), Status.UNKNOWN)
        for status in _PULP_STATUSES
        for solution in _PULP_SOLUTIONS
    }
)


def from_highs(model_status: object) -> Status:
    """Map a `highspy.HighsModelStatus` member, or its name, to a `Status`.

    Examples
    --------
    >>> from_highs("kOptimal")
    <Status.OPTIMAL: "solved to optimality within the solver's tolerances; a claim to verify, not a proof">
    >>> from_highs("kInventedNextYear").name
    'UNKNOWN'
    """
    name = model_status if isinstance(model_status, str) else getattr(model_status, "name", "")
    return HIGHS_STATUS.get(name, Status.UNKNOWN)


def from_pulp(status: int, solution_status: int) -> Status:
    """Map PuLP's pair `(problem.status, problem.sol_status)` to a `Status`.

    Both codes are needed: PuLP reports a run stopped by a limit as status "Optimal", solution "feasible".

    Examples
    --------
    >>> from_pulp(1, 1).name, from_pulp(1, 2).name, from_pulp(1, 0).name, from_pulp(99, 1).name
    ('OPTIMAL', 'TIME_LIMIT', 'UNKNOWN', 'UNKNOWN')
    """
    return PULP_STATUS.get((status, solution_status), Status.UNKNOWN)

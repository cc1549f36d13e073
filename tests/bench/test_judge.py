"""Lies are called wrong, and the lack of an answer is not."""

import pytest

from polyregions.bench.approaches import Task, approach
from polyregions.bench.judge import Outcome, judge

SOLVED, WRONG, TIMEOUT, FAILED = Outcome


def outcomes(instance, answer):
    return [part.outcome for part in judge(instance, answer).parts]


def program(status, *, objective=None, bound=None, pattern=None):
    return {"status": status, "objective": objective, "bound": bound, "pattern": pattern, "seconds": 1.0}


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        ("OPTIMAL", 0.0, SOLVED),
        ("OPTIMAL", 1e-3, WRONG),
        ("OPTIMAL", -1e-3, WRONG),
        ("OPTIMAL", None, WRONG),
        ("INFEASIBLE", None, WRONG),
        ("UNBOUNDED", None, WRONG),
        ("TIME_LIMIT", None, TIMEOUT),
        ("UNKNOWN", None, FAILED),
        ("ERROR", None, FAILED),
    ],
)
def test_linear_programs(instances, status, error, expected):
    instance = instances["lp"]
    optima = instance.truth["optima"]
    answers = [["OPTIMAL", low, 0.001] for low, _ in optima]
    answers[3] = [status, None if error is None else optima[3][0] + error, 0.001]
    found = outcomes(instance, {"answers": answers})
    assert found[3] is expected
    assert found[:3] + found[4:] == [SOLVED] * (len(optima) - 1)
    assert bool(judge(instance, {"answers": answers}).note) == (expected is WRONG)


def test_linear_programs_that_were_not_reached_are_out_of_time(instances):
    instance = instances["lp"]
    low, _ = instance.truth["optima"][0]
    found = outcomes(instance, {"answers": [["OPTIMAL", low, 0.001]]})
    assert found == [SOLVED] + [TIMEOUT] * (len(instance.truth["optima"]) - 1)


@pytest.mark.parametrize(
    ("status", "objective", "bound", "expected"),
    [
        ("OPTIMAL", 0.0, 0.0, SOLVED),
        ("OPTIMAL", 0.0, None, SOLVED),
        ("OPTIMAL", 1e-3, 1e-3, WRONG),
        ("OPTIMAL", -1e-3, None, WRONG),
        ("OPTIMAL", None, None, WRONG),
        ("INFEASIBLE", None, None, WRONG),
        ("TIME_LIMIT", -0.1, 0.5, TIMEOUT),
        ("TIME_LIMIT", None, None, TIMEOUT),
        # A time-out excuses no false claim.
        ("TIME_LIMIT", 0.1, 0.5, WRONG),
        ("TIME_LIMIT", -0.5, -0.1, WRONG),
        ("UNKNOWN", None, None, FAILED),
    ],
)
def test_bounds(instances, status, objective, bound, expected):
    instance = instances["bound"]
    _, truth = instance.truth["optimum"]
    shifted = {
        name: None if value is None else truth + value for name, value in (("objective", objective), ("bound", bound))
    }
    assert outcomes(instance, program(status, **shifted)) == [expected]


def test_parity(instances):
    feasible, infeasible = instances["parity"], instances["infeasible"]
    true = min(feasible.patterns())
    false = true.translate(str.maketrans("01", "10"))
    assert false not in feasible.patterns()
    assert outcomes(feasible, program("OPTIMAL", pattern=true)) == [SOLVED]
    assert outcomes(feasible, program("OPTIMAL", pattern=false)) == [WRONG]
    assert outcomes(feasible, program("INFEASIBLE")) == [WRONG]
    assert outcomes(feasible, program("OPTIMAL")) == [FAILED]
    assert outcomes(infeasible, program("OPTIMAL")) == [WRONG]
    assert outcomes(infeasible, program("INFEASIBLE")) == [SOLVED]
    assert outcomes(infeasible, program("INFEASIBLE_OR_UNBOUNDED")) == [SOLVED]
    assert outcomes(infeasible, program("OPTIMAL", pattern=true)) == [WRONG]
    for instance in feasible, infeasible:
        assert outcomes(instance, program("UNBOUNDED")) == [WRONG]
        assert outcomes(instance, program("TIME_LIMIT")) == [TIMEOUT]
        assert outcomes(instance, program("ERROR")) == [FAILED]


def test_counts(instances):
    instance = instances["count"]
    truth = sorted(instance.patterns())
    spurious = next(f"{i:07b}" for i in range(2**7) if f"{i:07b}" not in instance.patterns())

    def found(patterns, *, finished=True, repeated=False):
        answer = {"patterns": patterns, "finished": finished, "repeated": repeated, "seconds": 1.0}
        return judge(instance, answer)

    def outcome(*arguments, **options):
        return found(*arguments, **options).parts[0].outcome

    assert outcome(truth) is SOLVED
    # The right number of patterns does not make them the right ones.
    assert found([*truth[1:], spurious]).note == f"1 spurious patterns, 1 missing, of {len(truth)}"
    assert outcome([*truth[1:], spurious]) is WRONG
    assert outcome(truth[1:]) is WRONG
    assert outcome([]) is WRONG
    assert outcome([*truth, spurious]) is WRONG
    assert outcome(truth[1:], finished=False) is TIMEOUT
    assert outcome([spurious], finished=False) is WRONG
    assert outcome(truth, repeated=True) is WRONG
    instance.truth["thin"].append(truth[0])
    try:
        assert outcome(truth[1:]) is outcome(truth) is SOLVED
        assert outcome(truth[2:]) is WRONG
    finally:
        instance.truth["thin"].clear()


def test_an_error_is_a_failure(instances):
    for instance in instances.values():
        verdict = judge(instance, {"error": "no licence"})
        assert {part.outcome for part in verdict.parts} == {FAILED}
        assert verdict.note == "no licence"


@pytest.mark.parametrize("solver", ["highs", "highs-cold", "cbc", "scip", "gurobi", "cplex", "polyregions"])
def test_what_solvers_say_is_right(instances, solver):
    """Every approach on every kind that it does, in this process."""
    from solvers import SolverNotAvailableError

    try:
        chosen = approach(solver)
    except SolverNotAvailableError as error:
        pytest.skip(str(error))
    chosen.warm_up()
    for instance in instances.values():
        if instance.kind not in chosen.how or (solver, instance.kind) == ("cbc", "count"):
            continue  # CBC takes seconds for no-good cuts, which HiGHS tests
        entry = instance.entry
        task = Task(
            instance.kind,
            str(instance.file),
            str(instance.file.parent / entry["weights"]),
            entry.get("binaries", []),
            entry.get("parity", []),
            30.0,
            5.0,
        )
        verdict = judge(instance, chosen.solve(vars(task)))
        assert {part.outcome for part in verdict.parts} == {SOLVED}, (instance.name, verdict.note)

"""Compares what a solver claims with the certified answer: solved, wrong, out of time, or failed."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from polyregions.bench.index import Instance

__all__ = ["TOLERANCE", "Outcome", "Part", "Verdict", "failed", "judge", "late"]

#: How far a solver's optimum may be off; rows and objectives have unit size.
TOLERANCE = 1e-6


class Outcome(Enum):
    """What came of one problem.

    WRONG is a claim that the certified answer contradicts, in time or not; TIMEOUT and FAILED are the lack of one.
    """

    SOLVED = "solved"
    WRONG = "wrong"
    TIMEOUT = "time-out"
    FAILED = "failed"


@dataclass(frozen=True)
class Part:
    """One problem: how it ended, and after how many seconds, where that is known."""

    outcome: Outcome
    seconds: float | None


@dataclass(frozen=True)
class Verdict:
    """What a solver did on an instance: its problems, one per linear program or one, and a remark."""

    parts: tuple[Part, ...]
    note: str = ""


_LIMITED = frozenset(
    {"TIME_LIMIT", "ITERATION_LIMIT", "SOLUTION_LIMIT", "MEMORY_LIMIT", "INTERRUPTED", "OBJECTIVE_BOUND"}
)
_INFEASIBLE = ("INFEASIBLE", "INFEASIBLE_OR_UNBOUNDED")
_NO_OPTIMUM = (*_INFEASIBLE, "UNBOUNDED")


def failed(instance: Instance, note: str) -> Verdict:
    """The verdict on a solver that gave no answer."""
    return Verdict((Part(Outcome.FAILED, None),) * _problems(instance), note)


def late(instance: Instance, note: str) -> Verdict:
    """The verdict on a solver that did not stop by itself."""
    return Verdict((Part(Outcome.TIMEOUT, None),) * _problems(instance), note)


def _problems(instance: Instance) -> int:
    return len(instance.truth["optima"]) if instance.kind == "lp" else 1


def judge(instance: Instance, answer: dict[str, Any]) -> Verdict:
    """The verdict on an answer of :mod:`polyregions.bench.approaches`."""
    if "error" in answer:
        return failed(instance, str(answer["error"]))
    return {"lp": _sequence, "count": _count, "bound": _bound, "parity": _parity}[instance.kind](instance, answer)


def _sequence(instance: Instance, answer: dict[str, Any]) -> Verdict:
    optima = instance.truth["optima"]
    parts, wrong = [], []
    for number, (status, value, seconds) in enumerate(answer["answers"][: len(optima)]):
        low, high = optima[number]
        outcome = Outcome.FAILED
        if status in _LIMITED:
            outcome = Outcome.TIMEOUT
        elif status in _NO_OPTIMUM or (status == "OPTIMAL" and not _near(value, low, high)):
            outcome = Outcome.WRONG
            wrong.append(f"program {number}: {status} {value}, but the maximum is {low}")
        elif status == "OPTIMAL":
            outcome = Outcome.SOLVED
        parts.append(Part(outcome, seconds))
    parts += [Part(Outcome.TIMEOUT, None)] * (len(optima) - len(parts))
    return Verdict(tuple(parts), "; ".join(wrong[:3]))


def _near(value: float | None, low: float, high: float) -> bool:
    # None, which stands for what is not finite, is near nothing.
    return value is not None and low - TOLERANCE <= value <= high + TOLERANCE


def _bound(instance: Instance, answer: dict[str, Any]) -> Verdict:
    low, high = instance.truth["optimum"]
    status, value, bound = answer["status"], answer["objective"], answer["bound"]
    if status in _NO_OPTIMUM or (status == "OPTIMAL" and not _near(value, low, high)):
        return _single(Outcome.WRONG, answer, f"{status} {value}, but the maximum is {high}")
    # Claims that a time-out does not excuse: a solution better than the maximum, and a bound below it.
    if value is not None and value > high + TOLERANCE:
        return _single(Outcome.WRONG, answer, f"a solution of {value}, but the maximum is {high}")
    if bound is not None and bound < low - TOLERANCE:
        return _single(Outcome.WRONG, answer, f"a bound of {bound}, but the maximum is {high}")
    return _single(_finished(status), answer)


def _parity(instance: Instance, answer: dict[str, Any]) -> Verdict:
    status, feasible = answer["status"], instance.truth["feasible"]
    if status in _INFEASIBLE:
        note = "called infeasible, but it has solutions" if feasible else ""
        return _single(Outcome.WRONG if feasible else Outcome.SOLVED, answer, note)
    if status == "UNBOUNDED":
        return _single(Outcome.WRONG, answer, "called unbounded, but has no objective")
    if status == "OPTIMAL" and answer["pattern"] is None and feasible:
        return _single(Outcome.FAILED, answer, "called feasible, but without a solution")
    if (status == "OPTIMAL" or answer["pattern"] is not None) and answer["pattern"] not in instance.patterns():
        note = "its solution is no activation pattern that satisfies the parity constraints"
        return _single(Outcome.WRONG, answer, note)
    return _single(_finished(status), answer)


def _finished(status: str) -> Outcome:
    if status == "OPTIMAL":
        return Outcome.SOLVED
    return Outcome.TIMEOUT if status in _LIMITED else Outcome.FAILED


def _count(instance: Instance, answer: dict[str, Any]) -> Verdict:
    truth, found = instance.patterns(), set(answer["patterns"])
    spurious, missing = len(found - truth), len(truth - found - set(instance.truth["thin"]))
    if answer["repeated"]:
        return _single(Outcome.WRONG, answer, "returned a solution that had been cut off")
    if spurious or (answer["finished"] and missing):
        missed = f", {missing} missing" if answer["finished"] else ""
        return _single(Outcome.WRONG, answer, f"{spurious} spurious patterns{missed}, of {len(truth)}")
    if not answer["finished"]:
        return _single(Outcome.TIMEOUT, answer, f"{len(found)} of {len(truth)} patterns")
    return _single(Outcome.SOLVED, answer)


def _single(outcome: Outcome, answer: dict[str, Any], note: str = "") -> Verdict:
    return Verdict((Part(outcome, answer["seconds"]),), note)

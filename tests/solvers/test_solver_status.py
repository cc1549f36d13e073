"""Every code of every solver has a status, and none that is unknown counts as optimal."""

from __future__ import annotations

import highspy
import pulp
import pytest

from solvers.status import HIGHS_STATUS, PULP_STATUS, Status, from_highs, from_pulp


def test_every_highs_status_is_mapped_and_no_other():
    assert set(HIGHS_STATUS) == set(highspy.HighsModelStatus.__members__)


@pytest.mark.parametrize("member", highspy.HighsModelStatus.__members__.values(), ids=lambda m: m.name)
def test_highs_members_and_names_agree(member):
    assert from_highs(member) is from_highs(member.name) is HIGHS_STATUS[member.name]


def test_one_highs_code_alone_is_optimal():
    assert [name for name, status in HIGHS_STATUS.items() if status is Status.OPTIMAL] == ["kOptimal"]
    assert [name for name, status in HIGHS_STATUS.items() if status is Status.INFEASIBLE] == ["kInfeasible"]
    assert [name for name, status in HIGHS_STATUS.items() if status is Status.UNBOUNDED] == ["kUnbounded"]


def test_every_pair_of_pulp_codes_is_mapped_and_no_other():
    pairs = {(status, solution) for status in pulp.LpStatus for solution in pulp.constants.LpSolution}
    assert set(PULP_STATUS) == pairs


def test_one_pair_of_pulp_codes_alone_is_optimal():
    optimal = [pair for pair, status in PULP_STATUS.items() if status is Status.OPTIMAL]
    assert optimal == [(pulp.LpStatusOptimal, pulp.LpSolutionOptimal)]


def test_codes_that_pulp_itself_pairs():
    expected = {
        pulp.LpStatusOptimal: Status.OPTIMAL,
        pulp.LpStatusInfeasible: Status.INFEASIBLE,
        pulp.LpStatusUnbounded: Status.UNBOUNDED,
        pulp.LpStatusNotSolved: Status.UNKNOWN,
        pulp.LpStatusUndefined: Status.UNKNOWN,
    }
    for code, solution in pulp.constants.LpStatusToSolution.items():
        assert from_pulp(code, solution) is expected[code]


@pytest.mark.parametrize("code", ["kFresh", "", None, 7, "OPTIMAL"])
def test_an_unknown_highs_code_is_unknown(code):
    assert from_highs(code) is Status.UNKNOWN


@pytest.mark.parametrize("pair", [(1, 99), (99, 1), (7, 7), (1, 0), (1, -1)])
def test_an_unknown_or_contradictory_pulp_pair_is_unknown(pair):
    assert from_pulp(*pair) is Status.UNKNOWN


def test_every_status_has_its_own_text():
    texts = [status.text for status in Status]
    assert len(set(texts)) == len(list(Status)) == 12  # equal texts would make aliases of the members
    assert all(text and "\n" not in text for text in texts)


def test_a_status_is_proved_or_limited_or_neither():
    assert not [status for status in Status if status.proved and status.limited]
    assert {s for s in Status if not s.proved and not s.limited} == {
        Status.INFEASIBLE_OR_UNBOUNDED,
        Status.ERROR,
        Status.UNKNOWN,
    }

"""SOP 5.6: has it been reported by others? The desk finds candidates, a person decides, and a link can be undone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import FIXED, RunningDesk, done, refused
from tests.acceptance.travelling import (
    assigned,
    back_to_monday,
    history,
    in_diagnosis,
    last,
    logged,
    moment,
    on_monday,
    owed,
    parsed,
    read,
    relate,
    travel,
    word,
    words,
)
from tests.conftest import TestDatabase

SAM = {"name": "Sam Poe", "email": "sam.poe@agency.example", "agency": "dot"}
ANSWER = {"technician": "t.lee", "answer": "the same print server"}


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    with on_monday(shared_database, keys) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _monday(running: RunningDesk) -> None:
    back_to_monday(running)


def candidates(desk: RunningDesk, number: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(desk.technician.get(f"/cases/{number}/candidates"))["items"]
    return found


# 5.6a


def test_r_5_6a_candidates_are_found_at_once_with_a_score_the_most_alike_first(running: RunningDesk) -> None:
    said = words()
    first = logged(running, **said)
    near = logged(running, **{**said, "description": " ".join(word() for _ in range(3))})
    second = logged(running, **said)
    found = candidates(running, second)
    assert [item["case"] for item in found] == [first, near]
    assert 1 >= found[0]["score"] > found[1]["score"] > 0
    assert (found[0]["decision_required"], read(running, second)["version"]) == (True, 1)
    assert candidates(running, first) == []  # what was reported later is a candidate for nothing


@pytest.mark.parametrize("difference", ["service", "time", "text"])
def test_r_5_6a_the_score_falls_with_each_difference(running: RunningDesk, difference: str) -> None:
    said = words()
    other = {"service": "email"} if difference == "service" else {}
    if difference == "text":
        other = {"description": " ".join(word() for _ in range(3))}
    first = logged(running, **{**said, **other})
    if difference == "time":
        travel(running, days=10)
    plain, second = logged(running, **said), logged(running, **said)
    scores = {item["case"]: item["score"] for item in candidates(running, second)}
    assert scores[plain] == 1
    assert 0 < scores[first] < 1


def test_r_5_6a_the_same_fingerprint_is_certainty(running: RunningDesk) -> None:
    said, alert = words(), f"alert-{secrets.token_hex(6)}"
    first = logged(running, **said, external_ref=alert)
    second = logged(running, subject=said["subject"], description=word(), external_ref=alert)
    assert candidates(running, second) == [{"case": first, "score": 1.0, "decision_required": True}]


def test_r_5_6a_what_is_closed_or_long_ago_or_another_thing_is_no_candidate(running: RunningDesk) -> None:
    said = words()
    closed, number = in_diagnosis(running, **said), in_diagnosis(running, **said)
    assert [item["case"] for item in candidates(running, number)] == [closed]
    done(running.technician.post(f"/cases/{closed}/resolve", FIXED))
    confirmation = {"method": "phone", "by": "Jo Field", "at": moment(running)}
    done(running.technician.post(f"/cases/{closed}/close", {"confirmation": confirmation}))
    running.catch_up()
    assert candidates(running, number) == []
    travel(running, days=15)
    assert candidates(running, logged(running, **said)) == []


@pytest.mark.parametrize("at", ["assign", "resolve"])
def test_r_5_6b_a_case_goes_no_further_before_somebody_has_decided(running: RunningDesk, at: str) -> None:
    said = words()
    first, second = logged(running, **said), in_diagnosis(running, **said)
    body = {"team": "network"} if at == "assign" else FIXED
    before = history(running, second)
    problem = refused(running.technician.post(f"/cases/{second}/{at}", body), 409, "duplicate-decision-required")
    assert problem["candidates"] == [{"case": first, "score": 1.0}]
    assert history(running, second) == before
    answered = relate(running, second, first, "unrelated", reason="another floor")
    assert (answered["candidates"], answered["unrelated"]) == ([], [first])
    done(running.technician.post(f"/cases/{second}/{at}", body))


def test_r_5_6b_each_candidate_takes_a_decision_and_each_answer_shows_those_left(running: RunningDesk) -> None:
    said = words()
    one, two, number = logged(running, **said), logged(running, **said), in_diagnosis(running, **said)
    answered = relate(running, number, one, "unrelated")
    assert answered["candidates"] == [{"case": two, "score": 1.0}]
    problem = refused(
        running.technician.post(f"/cases/{number}/assign", {"team": "network"}), 409, "duplicate-decision-required"
    )
    assert problem["candidates"] == [{"case": two, "score": 1.0}]
    assert relate(running, number, two, "related")["candidates"] == []
    done(running.technician.post(f"/cases/{number}/assign", {"team": "network"}))


def test_r_5_6b_below_the_threshold_a_candidate_is_only_shown(running: RunningDesk) -> None:
    said = words()
    first = logged(running, **{**said, "description": " ".join(word() for _ in range(3))})
    number = in_diagnosis(running, **said)
    (found,) = candidates(running, number)
    assert (found["case"], found["decision_required"]) == (first, False)
    done(running.technician.post(f"/cases/{number}/assign", {"team": "network"}))


def test_r_5_6b_the_team_of_a_case_decides_as_well_and_no_other_team(running: RunningDesk) -> None:
    first, second = logged(running), assigned(running)
    body = {"case": first, "kind": "related"}
    refused(running.messaging.post(f"/cases/{second}/relate", body), 403, "not-assigned-team")
    refused(running.auditor.post(f"/cases/{second}/relate", body), 403, "forbidden")
    done(running.network.post(f"/cases/{second}/relate", body))


# the consultation


def test_r_5_6b_the_technician_of_the_first_case_is_asked_and_his_answer_is_on_the_record(
    running: RunningDesk,
) -> None:
    said = words()
    first, second = assigned(running, **said), in_diagnosis(running, **said)
    done(running.network.post(f"/cases/{first}/accept", {}))
    asked = done(running.technician.post(f"/cases/{second}/consult", {"case": first}))
    (consultation,) = asked["consultations"]
    assert {name: consultation[name] for name in ("case", "technician", "team", "answered_by")} == {
        "case": first, "technician": "t.lee", "team": "network", "answered_by": None,
    }  # fmt: skip
    (debt,) = owed(running, second).values()
    assert (debt["kind"], debt["about"], debt["role"], debt["team"]) == (
        "answer_consultation", first, "team_member", "network",
    )  # fmt: skip
    assert parsed(debt["due_at"]) == running.clock.now() + timedelta(minutes=30)
    assert not debt["overdue"]
    travel(running, minutes=31)
    assert owed(running, second)[debt["key"]]["overdue"]

    answer = {"case": first, "answer": "the same print server"}
    done(running.network.post(f"/cases/{second}/answer-consultation", answer, match=None))
    assert owed(running, second) == {}
    answered = last(running, second, "consultation_answered")
    assert (answered["by"]["subject"], answered["data"]["words"]["value"]) == ("t.lee", {"answer": answer["answer"]})
    relate(running, second, first, "related")
    decided = last(running, second, "linked")
    assert (decided["data"]["technician"], decided["deviations"]) == ("t.lee", None)
    assert parsed(decided["data"]["asked_at"]) == parsed(consultation["asked_at"])


def test_r_5_6b_in_his_absence_the_team_answers_and_nobody_else(running: RunningDesk) -> None:
    said = words()
    first, second = assigned(running, **said), in_diagnosis(running, **said)
    done(running.network.post(f"/cases/{first}/accept", {}))
    path, answer = f"/cases/{second}/answer-consultation", {"case": first, "answer": "yes, the same"}
    refused(running.network.post(path, answer, match=None), 409, "invalid-transition")  # nobody has asked
    done(running.technician.post(f"/cases/{second}/consult", {"case": first}))
    for stranger in (running.messaging, running.technician):
        refused(stranger.post(path, answer, match=None), 403, "not-assigned-team")
    colleague = running.caller(Role.TEAM_MEMBER, "n.park", "network")
    done(colleague.post(path, answer, match=None))
    assert read(running, second)["consultations"][0]["answered_by"] == "n.park"
    refused(colleague.post(path, answer, match=None), 409, "invalid-transition")  # once is enough


def test_r_5_6b_the_desk_answers_for_a_case_that_no_team_has(running: RunningDesk) -> None:
    first, second = logged(running), logged(running)
    done(running.technician.post(f"/cases/{second}/consult", {"case": first}))
    (debt,) = owed(running, second).values()
    assert (debt["role"], debt["team"]) == ("technician", None)
    answer = {"case": first, "answer": "it is mine"}
    done(running.technician.post(f"/cases/{second}/answer-consultation", answer, match=None))
    assert owed(running, second) == {}


@pytest.mark.parametrize("kind", ["related", "unrelated", "duplicate"])
def test_r_5_6b_a_decision_says_who_was_consulted_and_when_or_that_nobody_was(running: RunningDesk, kind: str) -> None:
    event = "found_unrelated" if kind == "unrelated" else "linked"
    first, number = assigned(running), logged(running)
    done(running.technician.post(f"/cases/{number}/consult", {"case": first}))
    asked_at = moment(running, minutes=5)
    relate(running, number, first, kind, consulted={**ANSWER, "asked_at": asked_at}, reason="he says so")
    said = last(running, number, event)
    assert (said["data"]["technician"], parsed(said["data"]["asked_at"])) == ("t.lee", parsed(asked_at))
    assert said["data"]["words"]["value"] == {"answer": ANSWER["answer"]}
    assert (said["reason"], said["by"]["subject"], said["deviations"]) == ("he says so", "a.ortiz", None)
    assert owed(running, number) == {}  # decided, so nobody need answer any more

    unasked = logged(running)
    relate(running, unasked, first, kind)
    assert last(running, unasked, event)["deviations"] == ["first_technician_not_consulted"]
    tomorrow = {**ANSWER, "asked_at": moment(running, days=-1)}
    body = {"case": first, "kind": kind, "consulted": tomorrow}
    problem = refused(running.technician.post(f"/cases/{logged(running)}/relate", body), 422, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/consulted/asked_at"

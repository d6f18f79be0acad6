"""SOP 5.8.1: where the cause remains there is a Problem Case, from the incident to the closing of the problem."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Answer, RunningDesk, done, refused
from tests.acceptance.travelling import (
    REMAINS,
    assigned,
    back_to_monday,
    history,
    in_diagnosis,
    last,
    logged,
    moment,
    on_monday,
    parsed,
    read,
    resolve,
    resolved,
    travel,
    words,
)
from tests.conftest import TestDatabase, broken_invariants

Positions = Callable[[], int]


@pytest.fixture(scope="module")
def running(shared_database: TestDatabase, keys: Path) -> Iterator[RunningDesk]:
    with on_monday(shared_database, keys) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _monday(running: RunningDesk) -> None:
    back_to_monday(running)


def problem_of(desk: RunningDesk, number: str) -> dict[str, Any]:
    found: dict[str, Any] = done(desk.technician.get(f"/problems/{number}"))
    return found


def opened(desk: RunningDesk) -> str:
    """A problem that an incident left behind."""
    number: str = read(desk, resolved(desk, REMAINS))["problem"]
    return number


def act(desk: RunningDesk, problem: str, verb: str, **body: Any) -> Answer:
    return desk.network.post(f"/problems/{problem}/{verb}", body)


# 5.8.1a


@pytest.mark.parametrize("cause", ["no", "unknown"])
def test_r_5_8_1a_a_cause_that_remains_opens_a_problem_that_names_its_incident(
    running: RunningDesk, shared_database: TestDatabase, cause: str
) -> None:
    number = assigned(running)
    body = {**REMAINS, "cause_corrected": cause, "code": "workaround", "workaround": True, "solution": "use the other"}
    case = resolve(running, number, body)
    assert re.fullmatch(r"PRB-\d{7}", case["problem"])
    problem = problem_of(running, case["problem"])
    assert (problem["status"], problem["incidents"], problem["service"]) == ("open", [number], "printing")
    assert (problem["priority"], problem["workaround"]) == (case["priority"], "use the other")
    assert parsed(problem["opened_at"]) == running.clock.now()
    assert last(running, number, "resolved")["data"]["problem"] == case["problem"]
    assert broken_invariants(shared_database) == {}


def test_r_5_8_1a_a_corrected_cause_needs_no_problem_and_may_still_join_one(running: RunningDesk) -> None:
    assert resolve(running, assigned(running))["problem"] is None
    known, number = opened(running), assigned(running)
    assert resolve(running, number, {**FIXED, "problem": known})["problem"] == known
    assert number in problem_of(running, known)["incidents"]


@pytest.mark.parametrize("code", ["reclassified_request", "not_reproducible", "averted"])
def test_r_5_8_1a_codes_without_a_cause_open_no_problem(running: RunningDesk, code: str) -> None:
    number = assigned(running, nature="impending" if code == "averted" else "actual")
    assert resolve(running, number, {**REMAINS, "code": code})["problem"] is None


def test_r_5_8_1a_an_existing_open_problem_is_joined_in_the_same_transaction(
    running: RunningDesk, shared_database: TestDatabase
) -> None:
    known, number = opened(running), assigned(running)
    before = len(problem_of(running, known)["incidents"])
    resolve(running, number, {**REMAINS, "problem": known})
    assert problem_of(running, known)["incidents"][before:] == [number]
    with shared_database.connect("auditor") as connection:
        rows = connection.execute(
            "SELECT topic, xmin::text FROM ledger.stored_events ORDER BY notification_id DESC LIMIT 3"
        ).fetchall()
    assert {topic for topic, _ in rows} == {"case.resolved", "problem.incident_linked", "message.queued"}
    assert len({transaction for _, transaction in rows}) == 1


@pytest.mark.parametrize("state", ["resolved", "closed", "unknown"])
def test_r_5_8_1a_a_problem_that_is_not_open_cannot_be_joined(
    running: RunningDesk, positions: Positions, state: str
) -> None:
    problem = "PRB-0999999"
    if state != "unknown":
        problem = opened(running)
        done(act(running, problem, "root-cause", cause="a leak"))
        done(act(running, problem, "resolve", solution="patched"))
    if state == "closed":
        done(act(running, problem, "close"))
    number = assigned(running)
    done(running.network.post(f"/cases/{number}/verify", VERIFIED))
    before = positions()
    body = {**REMAINS, "problem": problem}
    refused(running.network.post(f"/cases/{number}/resolve", body), 409, "problem-link-required")
    assert (positions(), read(running, number)["status"]) == (before, "assigned")


def test_r_5_8_1a_a_refused_resolution_leaves_no_problem_behind(running: RunningDesk, positions: Positions) -> None:
    said = words()
    first, number, unverified = logged(running, **said), in_diagnosis(running, **said), assigned(running)
    before = positions()
    refused(running.technician.post(f"/cases/{number}/resolve", REMAINS), 409, "duplicate-decision-required")
    refused(running.network.post(f"/cases/{unverified}/resolve", REMAINS), 409, "verification-required")
    assert positions() == before
    done(running.technician.post(f"/cases/{number}/relate", {"case": first, "kind": "unrelated"}))
    assert done(running.technician.post(f"/cases/{number}/resolve", REMAINS))["problem"]


def test_r_5_8_1a_a_resolution_undone_leaves_the_problem_and_the_next_one_may_join_it(running: RunningDesk) -> None:
    number = resolved(running, REMAINS)
    problem = read(running, number)["problem"]
    done(running.technician.post(f"/cases/{number}/reopen", {"reason": "again"}))
    assert read(running, number)["problem"] is None
    travel(running, minutes=1)
    resolve(running, number, {**REMAINS, "problem": problem})
    assert problem_of(running, problem)["incidents"] == [number]  # once, however often


# 5.8.1b


def test_r_5_8_1b_a_problem_goes_from_the_investigation_to_its_closing(running: RunningDesk) -> None:
    incident = resolved(running, REMAINS)
    number = read(running, incident)["problem"]
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("investigate", {"findings": "memory grows with each job"}, "investigated"),
        ("root-cause", {"cause": "the driver leaks a handle per job"}, "investigated"),
        (
            "known-error",
            {"title": "Spooler hangs", "symptoms": "jobs stay queued", "workaround": "restart the spooler"},
            "known_error",
        ),
        ("prioritize", {"priority": 2, "reason": "weekly"}, "known_error"),
        ("resolve", {"solution": "driver 4.3 rolled out"}, "resolved"),
        ("close", {"reason": "quiet for a month"}, "closed"),
    ]
    for verb, body, status in steps:
        assert done(act(running, number, verb, **body))["status"] == status
    problem = problem_of(running, number)
    assert (problem["incidents"], problem["priority"], problem["root_cause"]) == (
        [incident], 2, "the driver leaks a handle per job",
    )  # fmt: skip
    assert (problem["known_error"], problem["solution"]) == (f"KE-{number[4:]}", "driver 4.3 rolled out")
    assert problem["article"]["workaround"] == "restart the spooler"
    assert parsed(problem["closed_at"]) == parsed(problem["resolved_at"]) == running.clock.now()
    # It has no resolution target, and its incidents do not wait for it.
    assert not {"resolve_by", "respond_by", "dispute_until"} & problem.keys()
    for verb, body, _ in steps:
        refused(act(running, number, verb, **body), 409, "invalid-transition")


def test_r_5_8_1b_a_problem_is_resolved_with_a_root_cause_only_and_can_be_reopened(running: RunningDesk) -> None:
    number = opened(running)
    refused(act(running, number, "resolve", solution="patched"), 409, "invalid-transition")
    refused(act(running, number, "close"), 409, "invalid-transition")
    done(act(running, number, "root-cause", cause="a leak"))
    done(act(running, number, "resolve", solution="patched"))
    reopened = done(act(running, number, "reopen", reason="it leaks again"))
    assert (reopened["status"], reopened["resolved_at"]) == ("investigated", None)
    case = assigned(running)
    assert resolve(running, case, {**REMAINS, "problem": number})["problem"] == number


def test_r_5_8_1b_a_problem_may_be_opened_before_any_incident(running: RunningDesk) -> None:
    body = {"service": "printing", "priority": 3, "title": "Spooler leaks", "description": "seen in the logs"}
    answer = running.technician.post("/problems", body)
    assert answer.status_code == 201
    problem = done(answer)
    assert answer.headers["Location"] == f"/problems/{problem['number']}"
    assert (problem["status"], problem["incidents"], problem["title"]) == ("open", [], "Spooler leaks")
    listed = done(running.technician.get("/problems", after=int(answer.headers["Position"]), service="printing"))
    assert problem["number"] in [item["number"] for item in listed["items"]]


def test_r_5_8_1b_who_works_on_problems_and_who_only_reads(running: RunningDesk) -> None:
    number, body = opened(running), {"findings": "none yet"}
    manager = running.caller(Role.DUTY_MANAGER, "d.manager")
    customer = running.caller(Role.CUSTOMER, "jo.field")
    for caller in (manager, running.auditor, customer):
        refused(caller.post(f"/problems/{number}/investigate", body), 403, "forbidden")
    for caller in (manager, running.auditor, running.messaging):
        assert done(caller.get(f"/problems/{number}"))["number"] == number
    refused(customer.get(f"/problems/{number}"), 403, "forbidden")
    refused(running.technician.post(f"/problems/{number}/investigate", body, match=None), 428, "precondition-required")
    refused(running.technician.post(f"/problems/{number}/investigate", body, match='"v9"'), 412, "stale-version")


def test_r_5_8_1b_a_known_error_is_found_by_its_words_and_the_look_up_is_recorded(running: RunningDesk) -> None:
    number, thing = opened(running), secrets.token_hex(6)
    article = {"title": f"Plotter {thing} hangs", "symptoms": "jobs stay queued", "workaround": "switch it off and on"}
    published = act(running, number, "known-error", **article)
    after, error = int(published.headers["Position"]), done(published)["known_error"]
    assert problem_of(running, number)["known_error"] == error
    found = done(running.technician.get("/known-errors", after=after, q=f"plotter {thing} hanging"))["items"]
    assert found[0]["id"] == error
    assert found[0]["workaround"] == article["workaround"]
    beside = {"q": f"{thing} hanging", "limit": 1}
    searched = done(running.technician.get("/search", after=after, **beside))
    assert [item["id"] for item in searched["known_errors"]] == [error], "cases and known errors are searched at once"

    case = in_diagnosis(running)
    look = {"query": f"plotter {thing}", "shown": [item["id"] for item in found], "chosen": error}
    done(running.technician.post(f"/cases/{case}/known-errors", {**look, "applied": True}))
    event = last(running, case, "known_errors_searched")
    assert (event["data"]["chosen"], event["data"]["applied"]) == (error, True)
    assert event["data"]["query"]["value"] == {"query": look["query"]}
    body = {**REMAINS, "code": "workaround", "workaround": True, "solution": article["workaround"], "problem": number}
    assert done(running.technician.post(f"/cases/{case}/resolve", body))["problem"] == number

    # Published again, it is a new wording of the same known error.
    again = act(running, number, "known-error", **{**article, "workaround": "pull the plug"})
    assert done(again)["known_error"] == error
    found = done(running.technician.get("/known-errors", after=int(again.headers["Position"]), q=thing))["items"]
    assert [item["workaround"] for item in found if item["id"] == error] == ["pull the plug"]


def test_r_5_8_1b_what_staff_say_of_a_problem_stands_in_no_event(running: RunningDesk) -> None:
    number, secret = opened(running), f"secret-{secrets.token_hex(6)}"
    position = int(act(running, number, "investigate", findings=secret).headers["Position"])
    (event,) = done(running.auditor.http.get("/events", params={"after": position - 1}))["items"]
    assert event["topic"] == "problem.investigated"
    assert secret not in str(event)


# the two queries that never find anything


def test_the_invariants_hold_whatever_was_done_to_these_cases(
    running: RunningDesk, shared_database: TestDatabase
) -> None:
    """Cases nobody owns (R-6b), and a cause that remains without a problem (R-5.8.1a), as a reporting job asks."""
    for resolution in (FIXED, REMAINS, {**REMAINS, "code": "not_reproducible"}):
        number = resolved(running, resolution)
        done(running.technician.post(f"/cases/{number}/reopen", {"reason": f"at {moment(running)}"}))
        assert history(running, number)[-1]["topic"] == "case.reopened"
    running.catch_up()
    with shared_database.connect("reporter") as connection:
        for view in ("unowned_cases", "resolved_without_problem"):
            assert connection.execute(f"SELECT * FROM reporting.{view}".encode()).fetchall() == []

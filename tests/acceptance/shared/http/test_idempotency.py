"""What is asked twice under one key is done once, and answered the same both times."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Answer, Caller, RunningDesk, done, incident, refused
from tests.conftest import TestDatabase

Positions = Callable[[], int]
TRIAGE = {"owner": "desk"}


@pytest.fixture
def key() -> str:
    """A key that no other test has used."""
    return uuid.uuid4().hex


def answered(answer: Answer) -> tuple[Any, ...]:
    """All of an answer that a repetition must give again."""
    assert answer.headers["ETag"] == f'"v{done(answer)["version"]}"'
    return (answer.status_code, answer.content, *(answer.headers.get(n) for n in ("ETag", "Location", "Position")))


def at_once(threads: int, act: Callable[[int], Answer]) -> list[Answer]:
    """The answers to requests that all start together."""
    ready = threading.Barrier(threads)

    def run(index: int) -> Answer:
        ready.wait(30)
        return act(index)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def test_logging_answers_201_with_the_place_of_the_case_with_or_without_a_key(running: RunningDesk) -> None:
    for key in (None, uuid.uuid4().hex):
        answer = running.technician.post("/cases", incident(), key=key)
        number = done(answer)["number"]
        assert (answer.status_code, answer.headers.get("location")) == (201, f"/cases/{number}")
        assert answer.headers["etag"] == '"v1"'


def test_a_follow_up_answers_201_too(running: RunningDesk) -> None:
    number = running.closed()
    for key in (None, uuid.uuid4().hex):
        answer = running.technician.post(f"/cases/{number}/follow-up", incident(), key=key)
        assert answer.status_code == 201
        assert answer.headers.get("location") == f"/cases/{done(answer)['number']}"


def test_a_repetition_is_answered_like_the_first_and_appends_nothing(
    running: RunningDesk, positions: Positions, key: str
) -> None:
    body = incident()
    first = running.technician.post("/cases", body, key=key)
    assert positions() == 1
    assert [answered(running.technician.post("/cases", body, key=key)) for _ in range(3)] == [answered(first)] * 3
    assert positions() == 1


def test_every_command_is_repeated_with_its_own_answer_whatever_happened_since(
    running: RunningDesk, positions: Positions, key: str
) -> None:
    technician, team = running.technician, running.network
    log = incident()
    number = done(technician.post("/cases", log, key=key))["number"]
    steps: list[tuple[Caller, str, Any]] = [
        (technician, "triage", TRIAGE),
        (technician, "prioritize", {"impact": 2, "severity": 2}),
        (technician, "diagnose", {"symptoms": "s", "findings": "f"}),
        (technician, "pend", {"reason_code": "customer"}),
        (technician, "resume", {}),
        (technician, "assign", {"team": "network"}),
        (team, "accept", {}),
        (team, "hand-back", {"reason": "not ours"}),
        (technician, "assign", {"team": "network", "reason": "it is"}),
        (team, "verify", VERIFIED),
        (team, "resolve", {**FIXED, "cause_corrected": "no"}),
        (technician, "dispute", {"reason": "no"}),
        (technician, "correct", {"field": "subject", "value": "Printer on floor 3", "reason": "misheard"}),
        (technician, "notes", {"text": "n"}),
    ]

    def send(index: int) -> Answer:
        by, verb, body = steps[index]
        return by.post(f"/cases/{number}/{verb}", body, key=f"step {index}")

    first = [answered(send(index)) for index in range(len(steps))]
    before = positions()
    assert [answered(send(index)) for index in range(len(steps))] == first
    assert answered(technician.post("/cases", log, key=key))[2] == '"v1"'
    assert positions() == before


def test_a_key_is_answered_again_when_its_if_match_has_become_stale_or_is_left_out(
    running: RunningDesk, positions: Positions, key: str
) -> None:
    number = running.log()["number"]
    path = f"/cases/{number}/triage"
    first = running.technician.post(path, TRIAGE, match='"v1"', key=key)
    done(running.technician.post(f"/cases/{number}/prioritize", {"impact": 2, "severity": 1}))
    for match in ('"v1"', "*", None):
        assert answered(running.technician.post(path, TRIAGE, match=match, key=key)) == answered(first)
    assert positions() == 3


def test_a_key_used_for_something_else_is_refused(running: RunningDesk, positions: Positions, key: str) -> None:
    body = incident()
    done(running.technician.post("/cases", body, key=key))
    refused(running.technician.post("/cases", {**body, "subject": "Another"}, key=key), 422, "idempotency-key-reused")
    assert positions() == 1


def test_keys_are_the_principals_and_the_routes_own(running: RunningDesk, positions: Positions, key: str) -> None:
    body, colleague = incident(), running.caller(Role.TECHNICIAN, "b.chen")
    before = positions()
    numbers = {
        done(running.technician.post("/cases", body, key=key))["number"],
        done(colleague.post("/cases", body, key=key))["number"],
        done(running.technician.post("/cases", body, key=key.upper()))["number"],
    }
    assert len(numbers) == 3
    for number in sorted(numbers):
        done(running.technician.post(f"/cases/{number}/triage", TRIAGE, key=key))
        done(running.technician.post(f"/cases/{number}/notes", {"text": "x"}, key=key))
    assert positions() == before + 9


def test_a_quoted_key_and_the_same_key_without_quotes_are_one(running: RunningDesk, positions: Positions) -> None:
    body, http = incident(), running.technician.http
    quoted = http.post("/cases", json=body, headers={"Idempotency-Key": '"8e03978e-40d5"'})
    assert answered(http.post("/cases", json=body, headers={"Idempotency-Key": "8e03978e-40d5"})) == answered(quoted)
    assert positions() == 1


def test_a_refused_command_leaves_its_key_free(running: RunningDesk, positions: Positions) -> None:
    number = running.log()["number"]
    path, body = f"/cases/{number}/prioritize", {"impact": 2, "severity": 1}
    refused(running.technician.post(path, body, key="k"), 409, "invalid-transition")
    done(running.technician.post(f"/cases/{number}/triage", TRIAGE))
    done(running.technician.post(path, body, key="k"))
    assert positions() == 3


def test_sixteen_at_once_under_one_key_log_one_case(running: RunningDesk, positions: Positions, key: str) -> None:
    body = incident()
    answers = at_once(16, lambda _: running.technician.post("/cases", body, key=key))
    assert {answered(answer) for answer in answers} == {answered(answers[0])}
    assert positions() == 1


def test_of_different_requests_at_once_under_one_key_one_is_done(
    running: RunningDesk, positions: Positions, key: str
) -> None:
    body = incident()
    answers = at_once(8, lambda i: running.technician.post("/cases", {**body, "subject": f"Printer {i}"}, key=key))
    won = [answer for answer in answers if answer.is_success]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            refused(answer, 422, "idempotency-key-reused")
    assert positions() == 1


def test_a_key_holds_across_two_api_processes(
    running: RunningDesk, second: RunningDesk, positions: Positions, key: str
) -> None:
    body = incident()
    first = running.technician.post("/cases", body, key=key)
    assert answered(second.technician.post("/cases", body, key=key)) == answered(first)
    refused(second.technician.post("/cases", {**body, "subject": "x"}, key=key), 422, "idempotency-key-reused")
    assert positions() == 1


def test_at_once_across_two_api_processes_a_key_is_done_once(
    running: RunningDesk, second: RunningDesk, positions: Positions, key: str
) -> None:
    two = (running, second)
    body = incident()
    for attempt in range(5):
        answers = at_once(16, lambda i, k=f"log {attempt}": two[i % 2].technician.post("/cases", body, key=k))  # type: ignore[misc]
        assert {answered(answer) for answer in answers} == {answered(answers[0])}
    assert positions() == 5
    number = done(answers[0])["number"]
    answers = at_once(16, lambda i: two[i % 2].technician.post(f"/cases/{number}/triage", TRIAGE, key=key))
    assert {answered(answer) for answer in answers} == {answered(answers[0])}
    assert positions() == 6


def test_nothing_of_what_was_said_lies_with_the_keys(running: RunningDesk, shared_database: TestDatabase) -> None:
    key = "jo.field@agency.example printer"
    logged = done(running.technician.post("/cases", incident(), key=key))
    with psycopg.connect(shared_database.superuser) as connection:
        rows = connection.execute(
            "SELECT i::text, i.key, i.request FROM ledger.idempotency i WHERE i.originator_id = %s", (logged["id"],)
        ).fetchall()
        columns = connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE (table_schema, table_name) = ('ledger', 'idempotency')"
        ).fetchall()
    assert len(rows) == 1
    assert {name: kind for name, kind in columns if kind not in ("bigint", "smallint", "uuid")} == {
        "key": "bytea",
        "request": "bytea",
        "recorded_at": "timestamp with time zone",
    }
    whole, kept_key, kept_request = rows[0]
    assert (len(kept_key), len(kept_request)) == (32, 32)  # digests
    for word in (key, "Jo Field", "jo.field", "Printer", "Nothing comes out"):
        assert word not in whole
        assert word.encode().hex() not in whole

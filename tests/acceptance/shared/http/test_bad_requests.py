"""Requests that are wrong beside their body: headers, addresses, parameters. Each is a problem, none is an event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Request

from api.http import requests
from api.http.entrance.deadline import Deadline
from api.http.problems import Problem
from api.http.requests import raw_body
from domain.values import Role
from tests.acceptance.conftest import FIXED, Answer, RunningDesk, done, incident, refused

Positions = Callable[[], int]
TRIAGE = {"owner": "desk"}


def invalid(answer: Answer) -> None:
    assert refused(answer, 422, "validation-failed")["detail"]


def test_a_body_that_breaks_off_is_malformed_and_no_fault_of_ours() -> None:
    came: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return came.pop(0)

    with pytest.raises(Problem, match="broke off") as broken:
        asyncio.run(raw_body(Request({"type": "http", "headers": []}, receive)))
    assert broken.value.slug == "malformed"


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_PATIENCE", 0.05)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def read() -> None:
        with Deadline():
            await raw_body(Request({"type": "http", "headers": []}, receive))

    with pytest.raises(Problem, match="did not come") as slow:
        asyncio.run(read())
    assert slow.value.slug == "request-timeout"


def test_a_change_says_which_version_it_changes(running: RunningDesk, positions: Positions) -> None:
    number = running.log()["number"]
    problem = refused(
        running.technician.post(f"/cases/{number}/triage", TRIAGE, match=None), 428, "precondition-required"
    )
    assert "If-Match" in problem["detail"]
    assert positions() == 1
    done(running.technician.post(f"/cases/{number}/notes", {"text": "additions need none"}, match=None))


def test_a_stale_version_is_answered_with_the_present_one_and_what_happened_since(
    running: RunningDesk, positions: Positions
) -> None:
    number = running.prioritized()
    before = positions()
    answer = running.technician.post(f"/cases/{number}/prioritize", {"impact": 1, "severity": 1}, match='"v1"')
    problem = refused(answer, 412, "stale-version")
    assert answer.headers["etag"] == '"v3"' == running.technician.get(f"/cases/{number}").headers["etag"]
    assert problem["current_version"] == 3
    assert [(event["version"], event["topic"]) for event in problem["events"]] == [
        (2, "case.triaged"),
        (3, "case.prioritized"),
    ]
    assert problem["events"] == done(running.technician.get(f"/cases/{number}/history"))["items"][1:]
    refused(
        running.technician.post(f"/cases/{number}/pend", {"reason_code": "vendor"}, match='"v4"'), 412, "stale-version"
    )
    refused(running.technician.post(f"/cases/{number}/notes", {"text": "x"}, match='"v2"'), 412, "stale-version")
    assert positions() == before


def test_an_if_match_that_is_no_etag_of_ours_is_malformed(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = running.log()["number"]
    for given in ("v1", '"1"', "1", '"v1', '"v-1"', '"vone"', '"v1" "v2"', "", "**", '"v' + "1" * 40 + '"'):
        with subtests.test(given):
            refused(running.technician.post(f"/cases/{number}/triage", TRIAGE, match=given), 400, "malformed")
    assert positions() == 1


def test_an_idempotency_key_is_a_short_quoted_string(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    for given in ("", '""', '"a"b"', '"' + "k" * 256 + '"', "k" * 256):
        with subtests.test(given[:10]):
            answer = running.technician.http.post("/cases", json=incident(), headers={"Idempotency-Key": given})
            refused(answer, 400, "malformed")
    assert positions() == 0


def test_what_is_not_there_is_not_found(running: RunningDesk, positions: Positions, subtests: pytest.Subtests) -> None:
    known = running.verified()
    unsolved = {**FIXED, "cause_corrected": "no"}
    assert done(running.network.post(f"/cases/{known}/resolve", unsolved))["problem"] == "PRB-0000001"
    before = positions()
    unknown = ("INC-9999999", "inc-0000001", "INC-1", "PRB-0000001", "1", "%00", "INC-0000001%00", "%F0%9F%98%80")
    for number in unknown:
        with subtests.test(number):
            refused(running.technician.get(f"/cases/{number}"), 404, "not-found")
            refused(running.technician.get(f"/cases/{number}/history"), 404, "not-found")
            refused(running.technician.post(f"/cases/{number}/triage", TRIAGE), 404, "not-found")
            refused(running.technician.post(f"/cases/{number}/follow-up", incident()), 404, "not-found")
    for path in ("/nowhere", f"/cases/{known}/nothing", "/reports/nonsense", "/problems/nonsense", "//"):
        with subtests.test(path):
            assert refused(running.technician.http.get(running.url + path), 404, "not-found")["instance"] == path
    refused(running.technician.post(f"/cases/{known}/delete", {}), 404, "not-found")
    assert positions() == before


def test_a_wrong_method_is_told_the_right_ones(running: RunningDesk, subtests: pytest.Subtests) -> None:
    number = running.log()["number"]
    ways = {
        "/cases": {"GET", "POST"},
        f"/cases/{number}": {"GET"},
        f"/cases/{number}/triage": {"POST"},
        "/queues": {"GET"},
        "/events": {"GET"},
        "/healthz": {"GET"},
    }
    for path, right in ways.items():
        for method in ("DELETE", "PUT", "PATCH"):
            with subtests.test(f"{method} {path}"):
                answer = running.technician.http.request(method, path)
                refused(answer, 405, "method-not-allowed")
                allowed = {name.strip() for name in answer.headers["allow"].split(",")}
                assert right <= allowed
                assert method not in allowed
    refused(running.technician.get(f"/cases/{number}/triage"), 405, "method-not-allowed")


def test_a_parameter_that_breaks_a_rule_fails_validation(
    running: RunningDesk, positions: Positions, subtests: pytest.Subtests
) -> None:
    number = running.log()["number"]
    wrong = [
        *(f"/cases?limit={limit}" for limit in ("-1", "0", "201", "many", "1.5", "", "9" * 30)),
        *("/cases?sort=colour", "/cases?sort=", "/cases?colour=red", "/cases?priority=high", "/cases?impact="),
        *(
            "/cases?as_of=2020-01-01T00:00:00",
            "/cases?team=%00",
            "/cases?team=",
            "/cases?status=open",
            "/cases?channel=pigeon",
        ),
        *(
            "/cases?overdue=yes",
            "/cases?pending=lunch",
            "/cases?major=maybe",
            "/cases?received_from=2026-11-23",
            "/cases?priority=5",
        ),
        *(f"/cases/{number}?version={version}" for version in ("0", "-1", "last", "")),
        *("/queues/triage?limit=0", "/queues/triage?as_of=2026-11-23T08:00:00", "/queues/triage?as_of=now"),
        *("/queues/triage?position=-1", "/queues/triage?as_of=1700000000"),
        *("/reports/volume?by=shoe_size", "/reports/volume?from=2026-11-31", "/reports/volume?to=tomorrow"),
        *("/reports/volume?as_of=2026-11-23T08:00:00", f"/cases/{number}?as_of=2026-11-23T08:00:00"),
        *("/events?after=-1", "/events?after=x", "/events?limit=0", f"/events?after={2**70}"),
    ]
    for path in wrong:
        with subtests.test(path):
            invalid(running.technician.get(path))
    assert positions() == 1


def test_a_strange_parameter_is_an_answer_or_a_refusal_and_never_an_accident(
    running: RunningDesk, subtests: pytest.Subtests
) -> None:
    number = running.log()["number"]
    huge, old = str(2**80), "0001-01-01T00:00:00%2B14:00"
    strange = [
        *(f"/cases/{number}?version={huge}", f"/cases/{number}?position={huge}", f"/cases/{number}?as_of={old}"),
        *(f"/queues/triage?position={huge}", f"/queues/triage?as_of={old}", f"/queues/triage?effective_at={old}"),
        *("/queues/%00", "/queues/triage?as_of=9999-12-31T23:59:59-14:00", f"/cases?priority={huge}"),
        *(f"/reports/volume?from={old}", f"/reports/volume?position={huge}", f"/reports/resolution?as_of={old}"),
        *("/cases?service=%00", "/cases?status=%F0%9F%98%80", "/reports/reopenings?to=9999-12-31T23:59:59-14:00"),
        *("/cases?cursor=%00", "/cases?priority=%D9%A3", "/queues/triage?as_of=0000-01-01T00:00:00Z"),
    ]
    for path in strange:
        with subtests.test(path):
            answer = running.technician.get(path)
            assert answer.status_code in (200, 400, 404, 422), answer.text
            if answer.is_error:
                assert answer.headers["content-type"] == "application/problem+json"


def test_a_cursor_is_good_for_its_own_question_only(running: RunningDesk, subtests: pytest.Subtests) -> None:
    for _ in range(3):
        last = running.technician.post("/cases", incident())
    after = int(last.headers["Position"])

    def cursor(path: str, **given: Any) -> str:
        return str(done(running.technician.get(path, after=after, limit=1, **given))["next_cursor"])

    good = cursor("/cases")
    done(running.technician.get("/cases", cursor=good))
    turned = good.translate(str.maketrans("ABab", "BAba"))
    of_queue = cursor("/queues/triage")
    bad = {
        "empty": ("/cases", {"cursor": ""}),
        "garbage": ("/cases", {"cursor": "garbage"}),
        "no ASCII": ("/cases", {"cursor": "\u00e9"}),
        "cut short": ("/cases", {"cursor": good[:-4]}),
        "longer": ("/cases", {"cursor": good + "AAAA"}),
        "with what is no base64": ("/cases", {"cursor": good[:8] + "!*" + good[8:]}),
        "altered": ("/cases", {"cursor": turned if turned != good else good[::-1]}),
        "of another sort": ("/cases", {"cursor": good, "sort": "number"}),
        "of another filter": ("/cases", {"cursor": good, "status": "logged"}),
        "of a list, for a queue": ("/queues/triage", {"cursor": good}),
        "of another queue": ("/queues/resolved", {"cursor": of_queue}),
        "of now, for then": ("/queues/triage", {"cursor": of_queue, "as_of": "2030-01-01T00:00:00Z"}),
    }
    for what, (path, parameters) in bad.items():
        with subtests.test(what):
            refused(running.technician.http.get(path, params=parameters), 400, "invalid-cursor")
    with subtests.test("of another caller's list"):
        theirs = running.caller(Role.CUSTOMER, "somebody")
        refused(theirs.get("/cases", cursor=good), 400, "invalid-cursor")


def test_waiting_needs_a_position_and_resuming_an_id(running: RunningDesk, subtests: pytest.Subtests) -> None:
    for given in ("-1", "soon", "1.5", "", "0x1", "1 2", "9" * 19):
        for path in ("/cases", "/queues", "/queues/triage", "/reports/volume"):
            with subtests.test(f"{given} {path}"):
                refused(running.technician.get(path, headers={"Wait-For-Position": given}), 400, "malformed")
        with subtests.test(f"{given} /events"):
            stream = {"Accept": "text/event-stream", "Last-Event-ID": given}
            refused(running.technician.get("/events", headers=stream), 400, "malformed")

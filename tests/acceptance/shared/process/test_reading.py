"""One case and its history, from the events: never behind, at any version, position or moment, for who may see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest

from api.http.context import Context
from domain.aggregate import Opening
from domain.values import Role
from tests.acceptance.conftest import FIXED, RunningDesk, done, incident, refused

TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def texts(document: Any) -> Iterator[str]:
    """Every text in a document, however deep."""
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            yield from texts(part)
    elif isinstance(document, str):
        yield document


def test_a_case_is_read_with_its_version_and_not_sent_twice(running: RunningDesk) -> None:
    number, desk = running.prioritized(), running.technician
    first = desk.get(f"/cases/{number}")
    assert (done(first)["version"], first.headers["etag"]) == (3, '"v3"')
    for seen in ('"v3"', '"v1", "v3"', 'W/"v3"', "*"):
        again = desk.get(f"/cases/{number}", headers={"If-None-Match": seen})
        assert (again.status_code, again.headers["etag"], again.content) == (304, '"v3"', b""), seen
    done(desk.post(f"/cases/{number}/notes", {"text": "x"}))
    fresh = desk.get(f"/cases/{number}", headers={"If-None-Match": '"v3"'})
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"v4"')


def test_a_history_is_not_sent_twice_either(running: RunningDesk) -> None:
    number = running.log()["number"]
    first = running.auditor.get(f"/cases/{number}/history")
    assert first.headers["etag"] == '"v1"'
    again = running.auditor.get(f"/cases/{number}/history", headers={"If-None-Match": '"v1"'})
    assert (again.status_code, again.content) == (304, b"")


def test_a_history_is_read_in_pages_each_event_once(running: RunningDesk) -> None:
    desk, jo = running.technician, running.caller(Role.CUSTOMER, "jo.long")
    number = done(jo.post("/cases", {**incident(), "channel": "self_service"}))["number"]
    for verb in ("notes", "nominate-major", "notes", "notes", "notes"):
        said = {"text": "called"} if verb == "notes" else {"reason": "all printers"}
        done(desk.post(f"/cases/{number}/{verb}", said))
    for reader, versions in ((desk, [1, 2, 3, 4, 5, 6]), (jo, [1, 2, 4, 5, 6])):
        seen, cursor = list[int](), None
        while True:
            page = reader.get(f"/cases/{number}/history", limit=2, **({"cursor": cursor} if cursor else {}))
            assert page.headers["etag"] == '"v6"'
            seen += [item["version"] for item in done(page)["items"]]
            cursor = done(page)["next_cursor"]
            if cursor is None:
                break
            assert len(done(page)["items"]) == 2
            assert f"cursor={cursor}" in page.headers["link"]
        assert seen == versions
    first = done(desk.get(f"/cases/{number}/history", limit=2))
    other = desk.post("/cases", incident())
    stolen = desk.get(f"/cases/{done(other)['number']}/history", cursor=first["next_cursor"])
    refused(stolen, 400, "invalid-cursor")
    refused(desk.get(f"/cases/{number}/history", limit=201), 422, "validation-failed")


def test_who_has_the_case_is_told_so_without_folding_it(running: RunningDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    jo, al = running.caller(Role.CUSTOMER, "jo.long"), running.caller(Role.CUSTOMER, "al.long")
    number = done(jo.post("/cases", {**incident(), "channel": "self_service"}))["number"]
    seen = {"If-None-Match": '"v1"'}
    monkeypatch.setattr(Opening, "mutate", lambda *_: pytest.fail("it was folded"))
    for path in (f"/cases/{number}", f"/cases/{number}/history"):
        for reader in (running.technician, jo):
            assert reader.get(path, headers=seen).status_code == 304
        refused(al.get(path, headers=seen), 404, "not-found")


def test_a_case_is_read_as_it_was_at_a_version_a_position_and_a_moment(running: RunningDesk) -> None:
    desk, number = running.technician, running.assigned()
    history = done(desk.get(f"/cases/{number}/history"))["items"]
    statuses = ["logged", "triaged", "prioritized", "in_diagnosis", "assigned"]
    for event, status in zip(history, statuses, strict=True):
        by_version = desk.get(f"/cases/{number}", version=event["version"])
        assert (done(by_version)["status"], by_version.headers["etag"]) == (status, f'"v{event["version"]}"')
        assert desk.get(f"/cases/{number}", position=event["position"]).content == by_version.content
        assert desk.get(f"/cases/{number}", as_of=event["recorded_at"]).content == by_version.content
    assert done(desk.get(f"/cases/{number}", position=10_000))["status"] == "assigned"
    refused(desk.get(f"/cases/{number}", as_of="2016-04-20T00:00:00Z"), 404, "not-found")
    refused(desk.get(f"/cases/{number}", version=6), 404, "not-found")
    later = running.log()["number"]
    refused(desk.get(f"/cases/{later}", position=1), 404, "not-found")


def test_version_position_and_moment_together_read_what_holds_of_all(running: RunningDesk) -> None:
    desk, number = running.technician, running.assigned()
    history = done(desk.get(f"/cases/{number}/history"))["items"]
    second, fourth = history[1], history[3]

    def read(**then: Any) -> str | None:
        answer = desk.get(f"/cases/{number}", **then)
        assert done(answer)["version"] == int(answer.headers["etag"].strip('"v'))
        return str(answer.headers["etag"])

    # Of a position and a moment the earlier holds.
    assert read(position=second["position"], as_of=fourth["recorded_at"]) == '"v2"'
    assert read(position=fourth["position"], as_of=second["recorded_at"]) == '"v2"'
    # A version is read as it was, if it was there by then.
    assert read(version=1, position=second["position"]) == '"v1"'
    assert read(version=2, as_of=fourth["recorded_at"]) == '"v2"'
    for then in ({"position": second["position"]}, {"as_of": second["recorded_at"]}):
        refused(desk.get(f"/cases/{number}", version=3, **then), 404, "not-found")
    refused(desk.get(f"/cases/{number}", version=9, position=10**17), 404, "not-found")
    # What was is not sent twice either, and is not what is.
    for seen, status in (('"v2"', 304), ('"v5"', 200)):
        again = desk.get(f"/cases/{number}", position=second["position"], headers={"If-None-Match": seen})
        assert (again.status_code, again.headers["etag"]) == (status, '"v2"')


def test_no_version_is_too_large_to_be_asked_for(running: RunningDesk) -> None:
    number = running.log()["number"]
    for then in ({"version": 10**30}, {"version": 10**30, "position": 10**30}):
        refused(running.technician.get(f"/cases/{number}", **then), 404, "not-found")
    assert done(running.technician.get(f"/cases/{number}", position=10**30))["version"] == 1


def test_a_history_says_who_how_when_and_why(running: RunningDesk) -> None:
    number = running.log(symptoms="jobs stay queued", description="Nothing comes out.")["number"]
    done(running.technician.post(f"/cases/{number}/triage", {"owner": "desk", "reason": "a printer of ours"}))
    answer = done(running.auditor.get(f"/cases/{number}/history"))
    logged, triaged = answer["items"]
    assert (logged["topic"], logged["via"]) == ("case.logged", {"interface": "http", "channel": "phone"})
    assert logged["data"]["words"]["value"]["description"] == "Nothing comes out."
    assert (triaged["topic"], triaged["reason"]) == ("case.triaged", "a printer of ours")
    assert triaged["by"] == {"subject": "a.ortiz", "role": "technician", "team": None}
    assert (answer["next_cursor"], answer["as_of_position"]) == (None, triaged["position"])


def test_times_go_out_in_utc_whatever_zone_they_came_in(running: RunningDesk) -> None:
    received = datetime.now(timezone(-timedelta(hours=6)))
    said = incident() | {"received_at": received.isoformat(), "symptoms": "s"}
    logged = running.technician.post("/cases", said)
    number = done(logged)["number"]
    answers = [
        done(logged),
        done(running.technician.get(f"/cases/{number}")),
        done(running.technician.get(f"/cases/{number}/history")),
        done(running.technician.get("/cases", after=int(logged.headers["Position"])))["items"],
        done(running.technician.get("/events")),
    ]
    for answer in answers:
        times = [text for text in texts(answer) if TIME.match(text)]
        assert received.astimezone(UTC) in [datetime.fromisoformat(time) for time in times]
        assert [time for time in times if not time.endswith("Z")] == []


def test_a_customer_reads_his_own_cases_and_those_only(running: RunningDesk) -> None:
    jo, al = running.caller(Role.CUSTOMER, "jo.field"), running.caller(Role.CUSTOMER, "al.reed")
    mine = done(jo.post("/cases", {**incident(), "channel": "self_service"}))["number"]
    his = al.post("/cases", {**incident(), "channel": "self_service"})
    after, other = int(his.headers["Position"]), done(his)["number"]
    running.log()
    assert [item["number"] for item in done(jo.get("/cases", after=after))["items"]] == [mine]
    assert done(jo.get("/cases", customer="al.reed"))["items"] == done(jo.get("/cases"))["items"]
    assert done(jo.get(f"/cases/{mine}"))["customer"]["id"] == "jo.field"
    assert len(done(jo.get(f"/cases/{mine}/history"))["items"]) == 1
    for path in (f"/cases/{other}", f"/cases/{other}/history"):
        refused(jo.get(path), 404, "not-found")
    for path in ("/queues", "/queues/triage", "/reports/volume", "/events"):
        refused(jo.get(path), 403, "forbidden")


def test_a_note_that_is_not_for_the_customer_is_not_shown_to_him(running: RunningDesk) -> None:
    jo = running.caller(Role.CUSTOMER, "jo.field")
    number = done(jo.post("/cases", {**incident(), "channel": "self_service"}))["number"]
    done(running.technician.post(f"/cases/{number}/notes", {"text": "between ourselves"}))
    done(running.technician.post(f"/cases/{number}/notes", {"text": "for you", "visible_to_customer": True}))
    done(jo.post(f"/cases/{number}/notes", {"text": "thank you"}))
    for by in (running.technician, running.auditor):
        assert "between ourselves" in list(texts(done(by.get(f"/cases/{number}/history"))))
    shown = list(texts(done(jo.get(f"/cases/{number}/history"))))
    assert {"for you", "thank you"} <= set(shown)
    assert "between ourselves" not in shown
    stale = refused(jo.post(f"/cases/{number}/notes", {"text": "x"}, match='"v1"'), 412, "stale-version")
    assert "between ourselves" not in list(texts(stale))


def test_intake_logs_and_reads_nothing(running: RunningDesk) -> None:
    intake = running.caller(Role.INTAKE, "mail.gateway")
    number = done(intake.post("/cases", {**incident(), "channel": "email"}))["number"]
    for path in ("/cases", f"/cases/{number}", f"/cases/{number}/history", "/queues", "/queues/triage", "/events"):
        refused(intake.get(path), 403, "forbidden")
    refused(intake.get("/reports/volume"), 403, "forbidden")


def test_the_staff_reads_all_cases(running: RunningDesk) -> None:
    number = running.log()["number"]
    for role in (Role.TECHNICIAN, Role.TEAM_MEMBER, Role.DUTY_MANAGER, Role.AUDITOR, Role.REPORTER):
        by = running.caller(role, f"some.{role}", "network" if role is Role.TEAM_MEMBER else None)
        for path in ("/cases", f"/cases/{number}", f"/cases/{number}/history", "/queues", "/reports/volume", "/events"):
            done(by.get(path))


def test_a_write_is_read_by_who_waits_for_its_position(running: RunningDesk) -> None:
    for _ in range(10):
        number = running.in_diagnosis()
        assigned = running.technician.post(f"/cases/{number}/assign", {"team": "network"})
        done(assigned)
        position = int(assigned.headers["Position"])
        for path in ("/cases", "/queues", "/queues/network", "/reports/volume"):
            answer = done(running.technician.get(path, after=position))
            assert answer["as_of_position"] >= position
        items = done(running.technician.get("/queues/network", after=position))["items"]
        assert number in [item["number"] for item in items]


def test_a_position_that_does_not_come_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr("api.serving.Context", partial(Context, patience=0.1))
    running: RunningDesk = request.getfixturevalue("alone")
    number = running.log()["number"]
    for path in ("/cases", "/queues", "/queues/triage", "/reports/volume"):
        answer = running.technician.get(path, headers={"Wait-For-Position": "1000"})
        assert "1000" in refused(answer, 503, "unavailable")["detail"]
        assert int(answer.headers["retry-after"]) >= 1
    assert done(running.technician.get(f"/cases/{number}", after=1_000))["status"] == "logged"  # never behind


def test_a_case_reads_as_its_commands_left_it(running: RunningDesk) -> None:
    number = running.verified()
    answer = running.network.post(f"/cases/{number}/resolve", FIXED)
    resolved = done(answer)
    again = running.network.get(f"/cases/{number}")
    assert done(again) == resolved
    assert again.headers["etag"] == answer.headers["etag"] == '"v7"'
    assert resolved["resolution"] == {
        "code": "fixed",
        "workaround": False,
        "cause_corrected": "yes",
        "solution": "spooler restarted",
    }
    listed = done(running.technician.get("/cases", after=int(answer.headers["Position"])))["items"][0]
    shared = listed.keys() & resolved.keys() - {"customer"}
    assert shared >= {"number", "id", "version", "status", "priority", "team", "received_at", "resolved_at", "pending"}
    assert {name: listed[name] for name in shared} == {name: resolved[name] for name in shared}

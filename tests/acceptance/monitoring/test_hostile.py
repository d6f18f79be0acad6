"""What strangers and broken machines send: never a 5xx, always an outcome or a refusal, and nothing that grows without end."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.http.routes.monitoring import door as entrance
from tests.acceptance.conftest import Serve, refused
from tests.acceptance.monitoring.conftest import Monitoring, alert, group
from tests.conftest import TestDatabase

DOORS = {
    "/intake/alertmanager": "application/json",
    "/intake/cloudevents": "application/cloudevents+json",
    "/v2/enqueue": "application/json",
}
MANY = 100_000


def changed(**of_alert: Any) -> bytes:
    return json.dumps(group({**alert(), **of_alert})).encode()


HOSTILE = {
    "nothing": b"",
    "no json": b"\x00\xff\xfe",
    "deep": b"[" * MANY + b"]" * MANY,
    "deep in a field": b'{"alerts":' + b'{"a":' * MANY + b"1" + b"}" * MANY + b"}",
    "deep in an unknown field": b'{"x":' + b"[" * MANY + b"]" * MANY + b', "alerts": []}',
    "many labels": changed(labels={f"l{n}": "x" for n in range(40_000)}),
    "many alerts": json.dumps(
        {"alerts": [{"labels": {"a": str(n)}, "status": "firing"} for n in range(20_000)]}
    ).encode(),
    "a long label": changed(labels={"alertname": "x" * 900_000}),
    "a long name": changed(labels={"x" * 900_000: "1"}),
    "NULs": changed(labels={"alertname": "a\0b", "\0": "\0"}, annotations={"summary": "\0\x01\x7f"}),
    "half a character": b'{"alerts": [{"status": "firing", "labels": {"alertname": "\\ud800 x"}}]}',
    "half a character in a fingerprint": b'{"alerts": [{"status": "firing", "labels": {}, "fingerprint": "\\udfff"}]}',
    "NUL for a fingerprint": changed(fingerprint="\0"),
    "a long fingerprint": changed(fingerprint="x" * 900_000),
    "labels that are a list": changed(labels=["a"]),
    "labels that are numbers": changed(labels={"a": 1}),
    "alerts that are none": b'{"alerts": [1, null, "x"]}',
    "alerts null": b'{"alerts": null}',
    "a bad date": changed(startsAt="yesterday"),
    "a date without a zone": changed(startsAt="2026-11-23T08:00:00"),
    "a date before time": changed(startsAt="0001-01-01T00:00:00+14:00"),
    "a date after time": changed(startsAt="9999-12-31T23:59:59-14:00"),
    "the year 0": changed(startsAt="0000-00-00T00:00:00Z"),
    "a date of numbers": changed(startsAt=10**400),
    "a long date": changed(startsAt="2026-11-23T08:00:00." + "1" * 100_000 + "Z"),
    "the end of time": changed(startsAt="9999-12-31T23:59:59Z"),
    "truncated by much": json.dumps(group(alert(), truncatedAlerts=10**18)).encode(),
    "truncated below": json.dumps(group(alert(), truncatedAlerts=-5)).encode(),
    "a huge number": b'{"alerts": [], "truncatedAlerts": ' + b"9" * 100_000 + b"}",
    "no numbers": b'{"alerts": [], "x": NaN}',
    "twice the same key": b'{"alerts": [], "alerts": 7}',
    "an event": b'{"specversion": "1.0", "id": "\\ud800", "source": "\\udfff", "type": "\\u0000", "subject": "\\ud800"}',
    "an event with deep data": b'{"specversion":"1.0","id":"1","source":"s","type":"t","data":'
    + b"[" * MANY
    + b"]" * MANY
    + b"}",
    "an event with big numbers": b'{"specversion":"1.0","id":"2","source":"s","type":"t","data":{"n": '
    + b"9" * 5_000
    + b', "f": 1e308}}',
    "an event with many attributes": json.dumps(
        {"specversion": "1.0", "id": "3", "source": "s", "type": "t", **{f"x{n}": n for n in range(20_000)}}
    ).encode(),
    "a trigger": b'{"event_action": "trigger", "dedup_key": "\\ud800\\u0000", "payload": {"summary": "\\u0000", "source": "", "severity": "info", "custom_details": {"a": {"b": []}, "c": null}}}',
    "a trigger with deep details": b'{"event_action":"trigger","payload":{"summary":"x","source":"s","severity":"info","custom_details":'
    + b"[" * MANY
    + b"]" * MANY
    + b"}}",
    "a key of ours that is escaped, and a huge number": b'{"routing_key": "clk_abcdefgh\\u0041AAAAAAAAAAAAAAAAAAA", "event_action": "resolve", "n": '
    + b"9" * 5_000
    + b"}",
    "a key of ours that is escaped": b'{"routing_key": "clk_abcdefgh\\u0041AAAAAAAAAAAAAAAAAAA", "event_action": "resolve"}',
}


@pytest.mark.parametrize("door", DOORS)
def test_hostile_payloads_have_an_outcome(monitoring: Monitoring, door: str, subtests: pytest.Subtests) -> None:
    for name, raw in HOSTILE.items():
        with subtests.test(name):
            answer = monitoring.post(door, raw, Content_Type=DOORS[door])
            again = monitoring.post(door, raw, Content_Type=DOORS[door])
            for said in (answer, again):
                assert said.status_code in (200, 201, 202, 400, 413), said.text
                assert said.status_code == 413 or said.json()["outcome"] in (
                    "opened",
                    "recorded",
                    "duplicate",
                    "quarantined",
                )
            assert again.json().get("case") == answer.json().get("case")
    monitoring.desk.catch_up()  # nothing of it halts the projector


def test_what_is_too_large_is_refused_unread(monitoring: Monitoring) -> None:
    for door in ("/intake/alertmanager", "/intake/cloudevents"):
        answer = monitoring.post(door, b" " * 1_048_577, Content_Type=DOORS[door])
        refused(answer, 413, "content-too-large")


def test_hostile_headers_of_an_event_have_an_outcome(monitoring: Monitoring) -> None:
    base = {"ce-id": "1", "ce-source": "s", "ce-type": "t", "ce-specversion": "1.0"}
    for change in (
        {"ce-id": ""},
        {"ce-id": "%"},
        {"ce-id": "%00"},
        {"ce-subject": '"a\\"b'},
        {"ce-subject": '"'},
        {"ce-time": "never"},
        {"ce-specversion": "9"},
        {"ce-": "x"},
        {"ce-source": "%ED%A0%80"},
        {"ce-subject": "x" * 20_000},
        {f"ce-x{n}": "y" for n in range(60)},
        {f"ce-x{n}": "y" for n in range(200)},
    ):
        answer = monitoring.gateway.http.post("/intake/cloudevents", content=b"x", headers={**base, **change})
        assert answer.status_code in (201, 202), answer.text


@pytest.fixture
def full(serve: Serve, database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Monitoring:
    """A desk that has no place left for anything."""
    monkeypatch.setenv("CASELEDGER_INTAKE_AT_ONCE", "0")
    return Monitoring(serve(database, tmp_path))


def test_what_cannot_be_taken_now_is_shed_as_each_protocol_repeats(full: Monitoring) -> None:
    """Alertmanager sends nothing again after a 4xx, 429 included."""
    later = full.alertmanager(group(alert()))
    refused(later, 503, "unavailable")
    slowly = full.post("/intake/cloudevents", b"{}", Content_Type="application/cloudevents+json")
    refused(slowly, 429, "too-many-requests")
    throttled = full.post("/v2/enqueue", b"{}")
    assert (throttled.status_code, throttled.json()["status"]) == (429, "throttle exceeded")
    for answer in (later, slowly, throttled):
        assert int(answer.headers["retry-after"]) > 0


def test_a_storm_at_every_door_holds_up_nobody_who_asks_for_something_else(
    monitoring: Monitoring, database: TestDatabase
) -> None:
    """Nothing can be committed while the writers' lock is held: all that is handed in waits inside."""
    number = monitoring.desk.log()["number"]
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
    trigger = {"event_action": "trigger", "payload": {"summary": "x", "source": "s", "severity": "info"}}
    sent = {"/intake/alertmanager": group(alert()), "/intake/cloudevents": event, "/v2/enqueue": trigger}
    with ThreadPoolExecutor(60) as pool, psycopg.connect(database.superuser) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(4850712369)")
        waiting = {pool.submit(monitoring.post, path, body): path for path, body in sent.items() for _ in range(20)}
        full = set[str]()
        for each in as_completed(waiting):
            assert each.result().status_code in (429, 503)
            full.add(waiting[each])
            if full == set(sent):
                break
        assert monitoring.case(number)["number"] == number
        connection.rollback()
        answers = [each.result().status_code for each in waiting]
    assert set(answers) <= {200, 201, 202, 429, 503}
    assert answers.count(429) + answers.count(503) >= 12


def test_a_strangers_body_is_not_waited_for_as_long_as_a_machines(
    monitoring: Monitoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose key is in a body that does not come is nobody's, and holds a place that others need."""
    monkeypatch.setattr(entrance, "_STRANGERS", 0.1)
    host, port = monitoring.desk.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as stranger:
        stranger.sendall(f"POST /v2/enqueue HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\n{{".encode())
        assert stranger.recv(1_000).startswith(b"HTTP/1.1 503 ")

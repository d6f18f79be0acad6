"""The endpoint that speaks as PagerDuty's Events API, version 2, does (`intake.md`)."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from domain.values import Role
from tests.acceptance.conftest import refused
from tests.acceptance.monitoring.conftest import Monitoring
from tests.conftest import TestDatabase


def test_trigger_acknowledge_resolve_and_trigger_again(monitoring: Monitoring) -> None:
    key = monitoring.source("pd", "pagerduty")
    first = monitoring.pagerduty("trigger", key, "db1/disk")
    assert (first.status_code, first.json()["status"], first.json()["dedup_key"]) == (202, "success", "db1/disk")
    assert first.json()["outcome"] == "opened"
    number = first.json()["case"]
    assert monitoring.case(number)["subject"] == "disk full"
    assert "/" not in monitoring.case(number)["external_ref"]  # a code: what the sender calls it may say anything
    before = monitoring.etag(number)
    again = monitoring.pagerduty("trigger", key, "db1/disk", summary="disk full, still")
    assert (again.json()["outcome"], again.json()["case"]) == ("duplicate", number)
    acknowledged = monitoring.pagerduty("acknowledge", key, "db1/disk")
    told = acknowledged.json()
    assert (acknowledged.status_code, told["outcome"], told["case"]) == (202, "recorded", number)
    assert monitoring.pagerduty("acknowledge", key, "db2/disk").json()["case"] is None
    assert monitoring.etag(number) == before
    over = monitoring.pagerduty("resolve", key, "db1/disk")
    assert (over.json()["outcome"], over.json()["case"]) == ("recorded", number)
    assert monitoring.topics(number)[-1] == "case.recovery_observed"
    assert monitoring.pagerduty("resolve", key, "db1/disk").json()["outcome"] == "duplicate"
    anew = monitoring.pagerduty("trigger", key, "db1/disk").json()  # the same bytes as the first one
    assert (anew["outcome"], anew["case"]) == ("recorded", number)
    assert [len(alert["episodes"]) for alert in monitoring.alerts(number)] == [2]


def test_a_trigger_without_a_key_is_given_a_fresh_one_that_resolves_it(monitoring: Monitoring) -> None:
    key = monitoring.source("pd", "pagerduty")
    one, other = (monitoring.pagerduty("trigger", key).json() for _ in range(2))
    assert one["dedup_key"] != other["dedup_key"]
    assert one["case"] != other["case"]
    assert monitoring.pagerduty("resolve", key, one["dedup_key"]).json()["case"] == one["case"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"event_action": "explode"}, "event_action"),
        ({"dedup_key": "x" * 256}, "dedup_key"),
        ({"dedup_key": 7}, "dedup_key"),
        ({"payload": {"summary": "x" * 1025, "source": "s", "severity": "info"}}, "summary"),
        ({"payload": {"summary": "x", "source": "s", "severity": "dreadful"}}, "severity"),
        ({"payload": {"source": "s", "severity": "info"}}, "summary"),
        ({"payload": {"summary": "x", "source": "s", "severity": "info", "timestamp": "yesterday"}}, "time"),
        ({"payload": None}, "payload"),
        ({"event_action": "resolve"}, "dedup_key"),
        ({"event_action": None}, "event_action"),
    ],
)
def test_what_is_wrong_with_an_event_is_told_its_sender_and_it_is_kept(
    monitoring: Monitoring, change: dict[str, object], says: str
) -> None:
    key = monitoring.source("pd", "pagerduty")
    payload = {"summary": "disk full", "source": "db1", "severity": "critical"}
    event = {"routing_key": key, "event_action": "trigger", "payload": payload, **change}
    answer = monitoring.desk.anonymous().post("/v2/enqueue", json=event)
    told = answer.json()
    assert (answer.status_code, told["status"], told["message"]) == (400, "invalid event", "Event object is invalid")
    assert says in told["errors"][0]
    assert told["outcome"] == "quarantined"
    waiting = monitoring.desk.technician.get("/quarantine", after=monitoring.desk.office.position)
    assert len(waiting.json()["items"]) == 1


def test_what_is_no_event_is_quarantined(monitoring: Monitoring) -> None:
    key = monitoring.source("pd", "pagerduty")
    answer = monitoring.post("/v2/enqueue", b'{"event_type": "trigger"}', key)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "quarantined")
    assert monitoring.post("/v2/enqueue", b"no json", key).json()["outcome"] == "quarantined"


def test_an_event_of_nobody_is_refused(monitoring: Monitoring) -> None:
    stranger = monitoring.desk.anonymous()
    key = monitoring.source("pd", "pagerduty")
    for body in (b"", b"[]", b"no json", b"{}", b'{"routing_key": 7}', b'{"routing_key": "abc"}', b"[" * 100_000):
        refused(stranger.post("/v2/enqueue", content=body), 401, "unauthenticated")
    refused(monitoring.pagerduty("trigger", key[:-1] + ("a" if key[-1] != "a" else "b")), 401, "unauthenticated")
    other = monitoring.source("prom")
    refused(monitoring.pagerduty("trigger", other), 403, "forbidden")


def test_a_token_of_intake_opens_the_door_in_the_header_or_as_the_routing_key_and_is_not_kept(
    monitoring: Monitoring, database: TestDatabase
) -> None:
    token = monitoring.desk.tokens.issue(Role.INTAKE, "gateway", None, timedelta(hours=1))
    in_body = monitoring.pagerduty("trigger", token, "db1/disk")
    assert (in_body.status_code, in_body.json()["outcome"]) == (202, "opened")
    event = {"event_action": "trigger", "dedup_key": "db1/disk"}
    body = {**event, "payload": {"summary": "disk full", "source": "db1", "severity": "critical"}}
    in_header = monitoring.post("/v2/enqueue", body).json()
    assert (in_header["outcome"], in_header["case"]) == ("duplicate", in_body.json()["case"])
    with psycopg.connect(database.superuser) as connection:
        kept = [row[0] for row in connection.execute("SELECT value FROM vault.disclosures")]
    raws = [b64decode(unquoted(value)).decode() for value in kept if value.startswith('{"raw"')]
    assert len(raws) == 2
    assert not [raw for raw in raws if token.rpartition(".")[2] in raw]
    other = monitoring.desk.tokens.issue(Role.TECHNICIAN, "a.ortiz", None, timedelta(hours=1))
    refused(monitoring.pagerduty("trigger", other), 403, "forbidden")


def test_the_same_dedup_key_under_another_routing_key_is_another_alert(monitoring: Monitoring) -> None:
    """By a token in the header, any routing key goes: then it is what the sender means by it."""
    event = {"event_action": "trigger", "dedup_key": "db1/disk"}
    body = {**event, "payload": {"summary": "disk full", "source": "db1", "severity": "critical"}}
    one, other, again = (
        monitoring.post("/v2/enqueue", {**body, "routing_key": key}).json() for key in ("R1", "R2", "R1")
    )
    assert [told["outcome"] for told in (one, other, again)] == ["opened", "opened", "duplicate"]
    assert one["case"] == again["case"] != other["case"]


def test_an_event_has_a_size(monitoring: Monitoring) -> None:
    key = monitoring.source("pd", "pagerduty")
    answer = monitoring.pagerduty("trigger", key, custom_details={"x": "y" * 512 * 1024})
    assert (answer.status_code, answer.json()["status"]) == (413, "invalid event")


@pytest.mark.parametrize("escaped", [False, True])
def test_the_key_in_an_event_is_not_kept(monitoring: Monitoring, database: TestDatabase, escaped: bool) -> None:
    key = monitoring.source("pd", "pagerduty")
    shown = "\\u0063" + key[1:] if escaped else key
    body = '{"routing_key": "%s", "event_action": "trigger", "payload": {"summary": "disk full of %s", "source": "a", "severity": "info"}}'
    answer = monitoring.desk.anonymous().post("/v2/enqueue", content=(body % (shown, "files")).encode())
    assert answer.status_code == 202, answer.text
    secret = key[12:]
    with psycopg.connect(database.superuser) as connection:
        said = [row[0] for row in connection.execute("SELECT value FROM vault.disclosures")]
        stored = [bytes(row[0]).decode() for row in connection.execute("SELECT state FROM ledger.stored_events")]
    raws = [b64decode(unquoted(value)).decode() for value in said if value.startswith('{"raw"')]
    assert len(raws) == 1
    assert "disk full of files" in raws[0]
    assert not [text for text in (*said, *stored, *raws) if secret in text]


def unquoted(value: str) -> str:
    return value.removeprefix('{"raw":"').removesuffix('"}')


def test_an_answer_names_the_message(monitoring: Monitoring) -> None:
    answer = monitoring.alertmanager(b"no json")
    assert UUID(answer.json()["message"])

"""CloudEvents 1.0 over HTTP: binary, structured, in batches (`intake.md`)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from domain.values import Role
from tests.acceptance.conftest import refused
from tests.acceptance.monitoring.conftest import Monitoring

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


def event(id_: str = "1", **more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": id_, "source": "/probe", "type": "example.probe.failed", **more}


def send(monitoring: Monitoring, body: Any, kind: str = STRUCTURED, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return monitoring.post("/intake/cloudevents", raw, Content_Type=kind, **headers)


def test_an_event_opens_a_case_and_the_same_again_in_another_mode_is_a_duplicate(monitoring: Monitoring) -> None:
    first = send(monitoring, event(data={"summary": "no answer", "severity": "error"}))
    assert (first.status_code, first.json()["outcome"]) == (201, "opened")
    number = first.json()["case"]
    assert monitoring.case(number)["subject"] == "example.probe.failed: no answer"
    assert monitoring.case(number)["assumed"]["severity"] == 2
    binary = monitoring.post(
        "/intake/cloudevents",
        b"other bytes",
        Content_Type="text/plain",
        ce_id="1",
        ce_source="/probe",
        ce_type="x",
        ce_specversion="1.0",
    )
    assert (binary.status_code, binary.json()["outcome"], binary.json()["case"]) == (202, "duplicate", number)
    other = send(monitoring, event("2"))
    assert other.json()["case"] != number


def test_events_of_one_subject_are_of_one_alert(monitoring: Monitoring) -> None:
    number = send(monitoring, event("1", subject="db1")).json()["case"]
    again = send(monitoring, event("2", subject="db1")).json()
    assert (again["outcome"], again["case"]) == ("duplicate", number)
    over = send(monitoring, event("3", subject="db1", type="example.probe.recovered")).json()
    assert (over["outcome"], over["case"]) == ("recorded", number)
    assert monitoring.topics(number)[-1] == "case.recovery_observed"
    assert send(monitoring, event("4", subject="db1")).json()["case"] == number
    assert [len(alert["episodes"]) for alert in monitoring.alerts(number)] == [2]


def test_the_attributes_of_binary_mode_are_percent_encoded_headers(monitoring: Monitoring) -> None:
    headers = {"ce_id": "7", "ce_source": "/probe", "ce_type": "a.b", "ce_specversion": "1.0"}
    answer = send(monitoring, b'{"summary": "hot"}', "application/json", ce_subject=quote("Euro € 😀 %"), **headers)
    assert answer.status_code == 201, answer.text
    assert monitoring.case(answer.json()["case"])["subject"] == "Euro € 😀 %: hot"
    wrong = send(monitoring, b"x", "application/json", **{**headers, "ce_subject": "%ff%fe", "ce_id": "8"})
    assert (wrong.status_code, wrong.json()["outcome"]) == (202, "quarantined")


def test_each_event_of_a_batch_is_taken_by_itself(monitoring: Monitoring) -> None:
    batch = [event("1"), {"specversion": "0.3"}, event("2"), event("1")]
    answer = send(monitoring, batch, BATCH)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "opened")
    assert [told["outcome"] for told in answer.json()["events"]] == ["opened", "quarantined", "opened", "duplicate"]
    again = send(monitoring, batch, f"{BATCH}; charset=utf-8").json()
    assert [told["outcome"] for told in again["events"]] == ["duplicate", "quarantined", "duplicate", "duplicate"]
    assert again["case"] == answer.json()["case"]
    assert send(monitoring, [], BATCH).status_code == 202
    assert send(monitoring, [event(str(n)) for n in range(201)], BATCH).json()["outcome"] == "quarantined"
    assert send(monitoring, event(), BATCH).json()["outcome"] == "quarantined"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("text/plain", 415),
        ("application/cloudevents+avro", 415),
        ("application/cloudevents-batch+xml", 415),
        ("application/cloudevents", 201),
        ("application/cloudevents+json; charset=utf-8", 201),
        ("application/json", 201),
    ],
)
def test_formats_that_are_not_understood_are_refused(monitoring: Monitoring, kind: str, status: int) -> None:
    answer = send(monitoring, event(), kind)
    assert answer.status_code == status
    if status == 415:
        refused(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("without", ["id", "source", "type", "specversion"])
def test_an_event_without_a_required_attribute_is_quarantined(monitoring: Monitoring, without: str) -> None:
    given = {name: value for name, value in event().items() if name != without}
    answer = send(monitoring, given)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "quarantined")


def test_a_sender_asks_whether_he_may(monitoring: Monitoring) -> None:
    answer = monitoring.desk.anonymous().options(
        "/intake/cloudevents", headers={"WebHook-Request-Origin": "events.example", "WebHook-Request-Rate": "120"}
    )
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "events.example"
    assert int(answer.headers["webhook-allowed-rate"]) > 0
    assert "POST" in answer.headers["allow"]


def test_a_retired_source_is_told_to_send_no_more(monitoring: Monitoring) -> None:
    key = monitoring.source("ce", "cloudevents")
    body = json.dumps(event()).encode()
    assert monitoring.post("/intake/cloudevents", body, key, Content_Type=STRUCTURED).status_code == 201
    entry = {"name": "Ce", "kind": "cloudevents", "retired": True}
    assert monitoring.admin.http.put("/sources/ce", json=entry, headers={"If-Match": "*"}).status_code == 200
    refused(monitoring.post("/intake/cloudevents", body, key, Content_Type=STRUCTURED), 410, "gone")
    running = monitoring.desk.caller(Role.INTAKE, "ce").http
    refused(running.post("/intake/cloudevents", content=body, headers={"Content-Type": STRUCTURED}), 410, "gone")


@pytest.mark.parametrize("path", ["/intake/cloudevents/", "/intake/alertmanager/", "/v2/enqueue/"])
def test_nobody_is_sent_elsewhere(monitoring: Monitoring, path: str) -> None:
    refused(monitoring.post(path, event()), 404, "not-found")

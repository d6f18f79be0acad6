"""Real payloads of public test suites through the real endpoints: nothing is lost, and each has its outcome.

The table of outcomes is `tests/golden/webhook_outcomes.txt`; `WRITE_GOLDEN=1` writes it anew.
"""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from application.monitoring.alertmanager import fingerprint
from tests.acceptance.conftest import Serve, done
from tests.acceptance.monitoring.conftest import Monitoring, alert, group
from tests.conftest import DATA, TestDatabase

WEBHOOKS = DATA / "webhooks"
GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "webhook_outcomes.txt"
OUTCOMES = {"opened", "recorded", "duplicate", "quarantined"}
DOORS = {
    "/intake/alertmanager": {"Content_Type": "application/json"},
    "/intake/cloudevents": {"Content_Type": "application/cloudevents+json"},
    "/v2/enqueue": {"Content_Type": "application/json"},
}
pytestmark = pytest.mark.skipif(not WEBHOOKS.is_dir(), reason="the real payloads (shared/data/webhooks) are not here")


def corpus() -> list[Path]:
    return sorted(WEBHOOKS.rglob("*.json"))


def line(path: Path, door: str, answer: Any) -> str:
    said = answer.json()
    return (
        f"{path.relative_to(WEBHOOKS)} {door} {answer.status_code} {said['outcome']} {'case' if said['case'] else '-'}"
    )


def test_every_payload_at_every_door_has_an_outcome(monitoring: Monitoring) -> None:
    """Each at the door it was made for, and at those it was not: there it waits for a person."""
    kinds = {"/intake/alertmanager": "alertmanager", "/intake/cloudevents": "cloudevents", "/v2/enqueue": "pagerduty"}
    keys = {door: monitoring.source(kind, kind) for door, kind in kinds.items()}
    lines, held = [], set()
    for path in corpus():
        for door, headers in DOORS.items():
            answer = monitoring.post(door, path.read_bytes(), keys[door], **headers)
            assert answer.status_code < 500
            assert answer.json()["outcome"] in OUTCOMES, (path, door, answer.text)
            lines.append(line(path, door, answer))
            if answer.json()["outcome"] == "quarantined":
                held.add((door, path.read_bytes()))
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_text("\n".join([*lines, ""]), encoding="utf-8")
    assert lines == GOLDEN.read_text(encoding="utf-8").splitlines()
    monitoring.desk.catch_up()
    waiting = done(monitoring.desk.technician.get("/quarantine", limit=200))["items"]
    assert len(waiting) == len(held)
    for item in waiting[:20]:
        assert done(monitoring.desk.technician.get(f"/quarantine/{item['id']}"))["text"]


def test_what_somebody_releases_from_the_quarantine_is_a_case(monitoring: Monitoring) -> None:
    path = WEBHOOKS / "alerta-alerta" / "grafana_example.json"
    held = monitoring.post("/intake/alertmanager", path.read_bytes()).json()
    released = monitoring.desk.technician.post(f"/quarantine/{held['message']}/release", {"reason": "it is one"})
    assert released.status_code == 201, released.text
    case = monitoring.case(released.json()["case"])
    assert case["channel"] == "monitoring"
    assert "Load peaking" in case["description"]
    again = monitoring.post("/intake/alertmanager", path.read_bytes())
    assert (again.json()["outcome"], again.json()["case"]) == ("duplicate", case["number"])


@pytest.mark.parametrize(
    "raw",
    [
        b'{"title": "it is still broken, my problem is not solved"}',
        b"From: jo.field@agency.example\r\nSubject: x\r\n\r\nit is still broken, my problem is not solved",
    ],
    ids=["one line", "a mail"],
)
def test_what_is_in_quarantine_is_shown_as_it_came_and_is_nobodys_mail(monitoring: Monitoring, raw: bytes) -> None:
    held = [monitoring.alertmanager(raw + b" " * n).json()["message"] for n in range(2)]
    shown = done(monitoring.desk.technician.get(f"/quarantine/{held[0]}"))
    assert (shown["sender"], shown["text"].split()) == (None, raw.decode().split())
    released = done(monitoring.desk.technician.post(f"/quarantine/{held[0]}/release", {}))
    case = monitoring.case(released["case"])
    assert (case["channel"], case["customer"]["email"]) == ("monitoring", None)
    assert "still broken" in case["description"]
    number = monitoring.resolve(monitoring.alertmanager(group(alert())).json()["case"])
    joined = done(monitoring.desk.technician.post(f"/quarantine/{held[1]}/join", {"case": number}))
    assert (joined["outcome"], monitoring.case(number)["status"]) == ("reply", "resolved")


def test_the_corpus_twice_in_another_order_from_two_processes_is_the_same_cases(
    monitoring: Monitoring, serve: Serve, database: TestDatabase, tmp_path: Path
) -> None:
    second = Monitoring(serve(database, tmp_path))
    paths = [path for path in corpus() if re.search("prom|alertmanager|firing", path.name)]
    sent = [(path, door) for path in paths for door in DOORS]

    def send(given: tuple[int, tuple[Path, str]]) -> tuple[Path, str, Any]:
        n, (path, door) = given
        answer = (monitoring, second)[n % 2].post(door, path.read_bytes(), **DOORS[door])
        return path, door, answer

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, enumerate([*sent, *reversed(sent), *sent[::2]])))
    assert {answer.status_code for _, _, answer in answers} <= {200, 201, 202}
    fingerprints: dict[str, set[str]] = {}
    for _, _, answer in answers:
        for told in answer.json().get("alerts", ()):
            if told["case"]:
                fingerprints.setdefault(told["fingerprint"], set()).add(told["case"])
    assert fingerprints
    assert all(len(cases) == 1 for cases in fingerprints.values())


def test_a_fingerprint_is_the_one_that_prometheus_would_have_made() -> None:
    """Of all that were not made up: the labels of one file were changed by hand after its alerts had been sent."""
    given = [path for path in corpus() if path.name != "examples__templates__card-grafana-inspired-payload.json"]
    alerts = [alert for path in given for alert in _alerts(json.loads(path.read_text(encoding="utf-8")))]
    sent = [alert for alert in alerts if alert.get("fingerprint")]
    assert len(sent) == 4
    assert [fingerprint(alert["labels"]) for alert in sent] == [alert["fingerprint"] for alert in sent]


def _alerts(document: Any) -> list[dict[str, Any]]:
    given = document.get("alerts") if isinstance(document, dict) else None
    return [alert for alert in given if isinstance(alert, dict)] if isinstance(given, list) else []

"""Monitoring sources: who they are, the keys they call with, and what their labels mean here (SOP 5.1, 5.7)."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest

from application.administration.catalogue import OPERATOR
from application.execution.principals import Unauthenticated
from application.execution.requests import Request
from application.monitoring.alertmanager import read_group
from application.monitoring.signals import Delivery
from domain.errors import Forbidden
from domain.fate import ReceiptCause
from domain.values import Actor, ErasureScope, Role
from tests import four_eyes
from tests.acceptance.conftest import Serve, done, refused
from tests.acceptance.monitoring.conftest import Monitoring, alert, group
from tests.blocking import because, open_desk
from tests.conftest import TestDatabase

RULES = [
    {"match": {"job": "lpd", "instance": ["a.*", "b.*"]}, "service": "printing", "impact": 1, "nature": "impending"},
    {"match": {"job": "lpd"}, "service": "email", "severity": 3},
    {"match": {"outage": "*"}, "nominate_major": True},
]
DEFAULTS = {"match": {}, "service": "payroll", "impact": 3, "severity": 2}


def test_a_source_is_kept_by_the_administrator_and_versioned(monitoring: Monitoring) -> None:
    monitoring.source(rules=RULES, defaults=DEFAULTS, contact={"senders": "Prom@desk.example, other@desk.example"})
    listed = done(monitoring.desk.technician.get("/sources/prom"))
    assert (listed["kind"], listed["version"], len(listed["rules"])) == ("alertmanager", 2, 3)
    [key] = listed["keys"]
    assert set(key) == {"id", "issued_at", "revoked_at"}
    office = monitoring.desk.office
    office.references.refresh()
    assert office.references.current().senders == {"prom@desk.example": "prom", "other@desk.example": "prom"}
    refused(monitoring.desk.technician.http.put("/sources/x", json={"name": "X", "kind": "mail"}), 403, "forbidden")
    refused(monitoring.desk.technician.post("/sources/prom/keys", {}), 403, "forbidden")
    refused(monitoring.admin.post("/sources/nobody/keys", {}), 404, "not-found")


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "X", "kind": "smoke"},
        {"name": "X", "kind": "mail", "rules": [{"match": {"a": ""}}]},
        {"name": "X", "kind": "mail", "rules": [{"match": {}, "impact": 4}]},
        {"name": "X", "kind": "mail", "rules": [{"match": {}, "service": "no code!\n"}]},
        {"name": "X", "kind": "mail", "rules": [{"match": {}, "colour": "red"}]},
        {"name": "X", "kind": "mail", "rules": [{"match": {}}] * 501},
        {"name": "X", "kind": "mail", "defaults": {"match": {"a": "b"}}},
    ],
)
def test_a_mapping_that_is_none_is_refused(monitoring: Monitoring, entry: dict[str, object]) -> None:
    refused(monitoring.admin.http.put("/sources/x", json=entry, headers={"If-Match": "*"}), 422, "validation-failed")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"job": "lpd", "instance": "a.example"}, ("printing", 1, 2, 0, "impending")),
        ({"job": "lpd", "instance": "c.example"}, ("email", 3, 3, 1, "actual")),
        ({"job": "other"}, ("payroll", 3, 2, None, "actual")),
    ],
)
def test_the_first_rule_that_matches_wins_and_the_defaults_fill_in(
    monitoring: Monitoring, labels: dict[str, str], expected: tuple[object, ...]
) -> None:
    key = monitoring.source(rules=RULES, defaults=DEFAULTS)
    number = monitoring.alertmanager(group({**alert(), "labels": {"alertname": "x", **labels}}), key).json()["case"]
    case = monitoring.case(number)
    assumed = case["assumed"]
    told = (case["service"], assumed["impact"], assumed["severity"], assumed["rule"], case["nature"])
    assert told == expected
    assert assumed["source_version"] == 2
    assert (case["impact"], case["severity"], case["priority"]) == (None, None, None)  # a technician assesses (R-5.4a)


def test_without_a_mapping_the_plain_labels_count_and_an_unknown_service_loses_no_alert(monitoring: Monitoring) -> None:
    plain = monitoring.alertmanager(group(alert("a", service="printing"))).json()["case"]
    assert monitoring.case(plain)["service"] == "printing"
    assert monitoring.case(plain)["assumed"]["severity"] == 1
    strange = monitoring.alertmanager(group(alert("b", service="no such service"))).json()["case"]
    assert monitoring.case(strange)["service"] is None
    key = monitoring.source(rules=[{"match": {}, "service": "gone"}])
    assert monitoring.case(monitoring.alertmanager(group(alert("c")), key).json()["case"])["service"] is None


def test_monitoring_nominates_a_major_incident_once(monitoring: Monitoring) -> None:
    key = monitoring.source(rules=RULES)
    number = monitoring.alertmanager(group(alert(outage="site")), key).json()["case"]
    assert monitoring.case(number)["major"] == {"status": "nominated", "owner": None}
    nominated = next(
        e
        for e in done(monitoring.desk.technician.get(f"/cases/{number}/history"))["items"]
        if e["topic"] == "case.major_nominated"
    )
    assert (nominated["by"]["subject"], nominated["by"]["role"]) == ("prom", "intake")
    assert nominated["reason"] == "by rule 2 of the source's mapping"
    monitoring.alertmanager(group(alert(outage="site", episode=1)), key)
    assert monitoring.topics(number).count("case.major_nominated") == 1
    monitoring.assign(number)
    monitoring.act(number, "reject-major", {"reason": "one printer"}, monitoring.desk.network)
    monitoring.alertmanager(group(alert(outage="site", episode=2)), key)
    assert monitoring.case(number)["major"]["status"] == "rejected"


def test_a_key_is_shown_once_and_kept_as_a_hash(monitoring: Monitoring, database: TestDatabase) -> None:
    monitoring.source()
    first = monitoring.admin.post("/sources/prom/keys", {}, key="k1")
    assert first.status_code == 201
    assert first.headers["cache-control"] == "no-store"
    assert len(first.json()["key"]) == 32
    again = monitoring.admin.post("/sources/prom/keys", {}, key="k1")
    assert (again.json()["key"], again.json()["key_id"]) == (None, first.json()["key_id"])
    shown = str(done(monitoring.desk.auditor.get("/sources/prom"))) + str(done(monitoring.desk.auditor.get("/events")))
    assert first.json()["key"][12:] not in shown


def test_a_revoked_key_is_refused_at_the_next_request(
    monitoring: Monitoring, serve: Serve, database: TestDatabase, tmp_path: Path
) -> None:
    """Also in a process that has not heard of it, and for a message that changes nothing."""
    key, spare = monitoring.source(), done(monitoring.admin.post("/sources/prom/keys", {}))["key"]
    second = Monitoring(serve(database, tmp_path))
    assert second.alertmanager(group(alert()), key).status_code == 201
    done(monitoring.admin.post(f"/sources/prom/keys/{key[4:12]}/revoke", {"reason": "leaked"}))
    refused(second.alertmanager(group(alert()), key), 401, "unauthenticated")
    refused(monitoring.alertmanager(group(alert()), key), 401, "unauthenticated")
    assert second.alertmanager(group(alert()), spare).status_code == 200
    refused(monitoring.admin.post(f"/sources/prom/keys/{key[4:12]}/revoke", {}), 409, "invalid-transition")
    refused(monitoring.admin.post("/sources/prom/keys/nokey/revoke", {}), 404, "not-found")
    done(monitoring.admin.post(f"/sources/prom/keys/{spare[4:12]}/revoke", {}))
    refused(second.alertmanager(group(alert()), spare), 401, "unauthenticated")


def test_what_was_admitted_before_the_revocation_and_decided_after_it_is_refused(
    monitoring: Monitoring, database: TestDatabase
) -> None:
    """A process that is never told decides by what it knew; the store's check is what refuses."""
    key = monitoring.source()
    with open_desk(database) as deaf:
        message = read_group(json.dumps(group(alert())).encode())
        request = Request(Actor("prom", Role.INTAKE), "test", key=key[4:12])
        assert deaf.monitoring_keys.holder_of(key, looking=True).subject == "prom"
        deaf.alerts.take_signals(message, request)
        done(monitoring.admin.post(f"/sources/prom/keys/{key[4:12]}/revoke", {}))
        assert deaf.monitoring_keys.holder_of(key).subject == "prom"  # it has not heard
        for again in (message, read_group(json.dumps(group(alert("z"))).encode())):
            with pytest.raises(Unauthenticated):
                deaf.alerts.take_signals(again, request)


def test_r_7_1_a_grant_that_was_revoked_elsewhere_admits_nothing_though_nothing_is_committed(
    monitoring: Monitoring, database: TestDatabase
) -> None:
    with open_desk(database) as deaf:
        request = Request(Actor("gateway", Role.INTAKE), "test")
        unreadable = Delivery(b"?", cause=ReceiptCause.UNREADABLE)
        held = deaf.alerts.take_signals(unreadable, request)
        assert deaf.alerts.take_signals(unreadable, request).receipt == held.receipt
        monitoring.desk.office.grants.revoke("gateway", Role.INTAKE, None, because(OPERATOR, "left"))
        with pytest.raises(Forbidden):
            deaf.alerts.take_signals(unreadable, request)


def test_a_key_opens_the_door_of_its_kind_only_and_reads_nothing(monitoring: Monitoring) -> None:
    key = monitoring.source("ce", "cloudevents")
    refused(monitoring.alertmanager(group(alert()), key), 403, "forbidden")
    number = monitoring.desk.log()["number"]
    for path in (f"/cases/{number}", "/cases", f"/cases/{number}/alerts", "/sources/ce", "/quarantine"):
        answer = monitoring.desk.anonymous(key).get(path)
        refused(answer, 403, "forbidden")


def test_nobody_hands_anything_in_without_a_key_or_the_role(monitoring: Monitoring) -> None:
    stranger = monitoring.desk.anonymous()
    for path in ("/intake/alertmanager", "/intake/cloudevents"):
        refused(stranger.post(path, content=b"{}"), 401, "unauthenticated")
        refused(monitoring.post(path, b"{}", "clk_abcdefgh" + "A" * 20), 401, "unauthenticated")
        refused(monitoring.desk.technician.http.post(path, content=b"{}"), 403, "forbidden")


def test_words_of_monitoring_are_erased_with_their_case(monitoring: Monitoring, database: TestDatabase) -> None:

    key = monitoring.source()
    told = group(alert("laptop-of-mary", user="mary@agency.example"))
    number = monitoring.alertmanager(told, key).json()["case"]
    monitoring.alertmanager(group(alert("laptop-of-mary", user="mary@agency.example", episode=1)), key)
    customer = monitoring.case(number)["customer"]["id"]
    with open_desk(database, component="eraser") as eraser:
        erased = four_eyes.erase(eraser, customer, ErasureScope.EVERYTHING)
    assert erased.cases == (number,)
    with psycopg.connect(database.superuser) as connection:
        left = connection.execute("SELECT count(*) FROM vault.disclosures WHERE subject = %s", (customer,)).fetchone()
        said = [row[0] for row in connection.execute("SELECT value FROM vault.disclosures")]
        stored = [bytes(row[0]).decode() for row in connection.execute("SELECT state FROM ledger.stored_events")]
    assert left == (0,)
    assert not [text for text in (*said, *stored) if "laptop-of-mary" in text or "mary@" in text]
    assert monitoring.alertmanager(told, key).json()["case"] == number

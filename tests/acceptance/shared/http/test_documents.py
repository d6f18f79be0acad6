"""The desk answers what its OpenAPI document says, no less and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from application.administration.catalogue import OPERATOR
from domain.monitoring.source import MonitoringSource, SourceKind
from domain.values import Role
from tests.acceptance.conftest import FIXED, VERIFIED, Caller, RunningDesk, done, refused
from tests.acceptance.shared.http.contract import Contract


@pytest.fixture(scope="module")
def contract(running: RunningDesk) -> Contract:
    return Contract(done(running.anonymous().get("/openapi.json")))


@pytest.fixture(autouse=True)
def _checked(running: RunningDesk, contract: Contract) -> Iterator[None]:
    """Every answer to these callers is held against the document."""

    def check(answer: httpx.Response) -> None:
        answer.read()
        contract.check(answer)

    callers = (running.technician, running.network, running.messaging, running.auditor)
    for caller in callers:
        caller.http.event_hooks = {"response": [check]}
    yield
    for caller in callers:
        caller.http.event_hooks = {}


@pytest.fixture
def checked(running: RunningDesk, contract: Contract) -> Any:
    """Make a caller whose answers are checked too."""

    def make(role: Role, subject: str, team: str | None = None) -> Caller:
        caller = running.caller(role, subject, team)
        caller.http.event_hooks = {"response": [lambda answer: (answer.read(), contract.check(answer))]}
        return caller

    return make


def test_cases_on_their_way_read_as_described(running: RunningDesk, checked: Any) -> None:
    technician, network = running.technician, running.network
    reporter = {"name": "Al Moss", "email": "al.moss@agency.example"}
    first = running.log(reporter=reporter, symptoms="none", location="here", external_ref="X-1")
    number = running.assigned()
    for verb, body in (
        ("accept", {}),
        ("pend", {"reason_code": "customer", "question": "Which one?"}),
        ("resume", {}),
        ("notes", {"text": "called", "visible_to_customer": True}),
        ("nominate-major", {"reason": "many"}),
        ("declare-major", {"owner": "t.lee", "communication_every_minutes": 30, "management_contact": "cio"}),
        ("consult", {"case": first["number"]}),
        ("relate", {"case": first["number"], "kind": "related"}),
        ("verify", VERIFIED),
        ("resolve", FIXED),
    ):
        caller = technician if verb in ("nominate-major", "consult", "relate") else network
        done(caller.post(f"/cases/{number}/{verb}", body))
        done(technician.get(f"/cases/{number}"))
    customer = checked(Role.CUSTOMER, "jo.field@agency.example")
    assert customer.get(f"/cases/{number}").status_code in (200, 404)
    for path in ("", "/history", "/candidates", "/attachments", "/alerts", "/targets"):
        done(technician.get(f"/cases/{number}{path}"))
    assert technician.get(f"/cases/{number}", headers={"If-None-Match": "*"}).status_code == 304


def test_refusals_read_as_described(running: RunningDesk) -> None:
    technician = running.technician
    number = running.log()["number"]
    for answer, status in (
        (technician.post("/cases", {}), 422),
        (technician.post("/cases", b"{"), 400),
        (technician.post(f"/cases/{number}/assign", {"team": "network"}), 409),
        (technician.post(f"/cases/{number}/triage", {"owner": "desk"}, match=None), 428),
        (technician.post(f"/cases/{number}/triage", {"owner": "desk"}, match='"v7"'), 412),
        (technician.post(f"/cases/{number}/hold", {"reason": "x"}), 403),
        (technician.get("/cases/INC-9999999"), 404),
        (technician.get("/cases", cursor="x"), 400),
        (technician.get("/cases", limit="0"), 422),
    ):
        assert answer.status_code == status, answer.text


def test_views_read_as_described(running: RunningDesk) -> None:
    running.resolved()
    running.log()
    running.catch_up()
    technician = running.technician
    for path in (
        *("/cases", "/queues", "/queues/triage", "/obligations", "/problems", "/known-errors", "/search?q=nothing"),
        *("/quarantine", "/reports/retention", "/events", "/audit/checkpoints", "/policy", "/grants"),
        *(f"/reports/{name}?by=team" for name in ("volume", "resolution", "reopenings", "outcomes")),
        *("/services", "/teams", "/help-desks", "/scripts", "/sources"),
        *("/customers?email=jo.field@agency.example", "/problems/malformed", "/healthz", "/readyz", "/metrics"),
    ):
        assert technician.get(path).status_code == 200, path


def test_problems_read_as_described(running: RunningDesk) -> None:
    technician = running.technician
    number = done(technician.post("/problems", {"title": "Spooler leaks", "description": "weekly"}))["number"]
    for verb, body in (
        ("investigate", {"findings": "leaks"}),
        ("root-cause", {"cause": "driver"}),
        ("known-error", {"title": "Spooler hangs", "symptoms": "queued", "workaround": "restart"}),
        ("prioritize", {"priority": 2}),
        ("resolve", {"solution": "new driver"}),
        ("close", {}),
    ):
        done(technician.post(f"/problems/{number}/{verb}", body))
        done(technician.get(f"/problems/{number}"))


def test_files_and_messages_read_as_described(running: RunningDesk, checked: Any) -> None:
    technician, intake = running.technician, checked(Role.INTAKE, "mail.gateway")
    number = running.log()["number"]
    made = technician.http.post(f"/cases/{number}/attachments?name=a.txt", content=b"text")
    assert made.status_code == 201, made.text
    assert technician.get(made.headers["location"]).content == b"text"
    outcomes: list[httpx.Response] = []
    for sender, subject in (("sam.moss@agency.example", "It is broken"), ("sam.moss@agency.example", f"Re: {number}")):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, "service-desk@caseledger.example", subject
        mail["Message-ID"] = f"<{number}.{len(outcomes)}@agency.example>"
        mail.set_content("Nothing works.")
        raw = mail.as_bytes()
        outcomes.append(intake.http.post("/intake/email", content=raw, headers={"Content-Type": "message/rfc822"}))
    opened, suggested = (done(each) for each in outcomes)
    assert (opened["outcome"], suggested["outcome"]) == ("opened", "suggestion")
    for message in (opened["message"], suggested["message"]):
        done(technician.get(f"/quarantine/{message}"))
    assert technician.get(f"/quarantine/{suggested['message']}/raw").status_code == 200
    done(technician.get(f"/cases/{opened['case']}"))
    done(technician.post(f"/quarantine/{suggested['message']}/join", {}))


def test_machines_are_answered_as_described(running: RunningDesk, checked: Any) -> None:
    admin, intake = checked(Role.ADMIN, "root"), checked(Role.INTAKE, "monitoring")
    running.office.catalogue.put("sources", MonitoringSource("prom", "Prom", SourceKind.ALERTMANAGER), {}, OPERATOR)
    key = done(admin.post("/sources/prom/keys", {}))
    done(admin.post(f"/sources/prom/keys/{key['key_id']}/revoke", {}))
    examples = running.anonymous().get("/openapi.json").json()["paths"]
    for path in ("/intake/alertmanager", "/intake/cloudevents", "/v2/enqueue"):
        body = examples[path]["post"]["requestBody"]["content"]["application/json"]["example"]
        answer = intake.http.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert answer.status_code in (201, 202), answer.text
        wrong = intake.http.post(path, content=b'{"alerts": 1, "event_action": "trigger"}')
        assert wrong.status_code in (202, 400, 415), wrong.text
    case = done(intake.http.post("/intake/alertmanager", json=[]))
    assert case["outcome"] == "quarantined"


def test_webhooks_are_answered_as_described(running: RunningDesk, checked: Any) -> None:
    admin = checked(Role.ADMIN, "root")
    running.caller(Role.REPORTER, "reports")
    body = running.anonymous().get("/openapi.json").json()["paths"]["/webhooks/{code}"]["put"]["requestBody"]
    example = body["content"]["application/json"]["example"]
    done(admin.http.put("/webhooks/hub", json=example, headers={"If-Match": "*"}))
    secret = done(admin.post("/webhooks/hub/secrets", {}))["secret_id"]
    done(admin.post("/webhooks/hub/secrets", {"reason": "rotation"}))
    done(admin.post(f"/webhooks/hub/secrets/{secret}/revoke", {}))
    done(admin.post("/webhooks/hub/ping", {}))
    done(admin.post("/webhooks/hub/replay", {"from": 1, "to": 3}))
    done(admin.post("/webhooks/hub/disable", {"reason": "the hub moves"}))
    refused(admin.post("/webhooks/hub/ping", {}), 409, "invalid-transition")
    done(admin.post("/webhooks/hub/enable", {}))
    refused(admin.post("/webhooks/hub/enable", {}), 409, "invalid-transition")
    refused(admin.post("/webhooks/hub/replay", {"from": 3, "to": 1}), 422, "validation-failed")
    refused(admin.post("/webhooks/hub/secrets/00000000/revoke", {}), 404, "not-found")
    done(admin.get("/webhooks/hub"))
    done(admin.get("/webhooks"))
    done(admin.get("/webhooks/hub/deliveries"))


def test_the_office_is_answered_as_described(running: RunningDesk, checked: Any) -> None:
    admin, auditor = checked(Role.ADMIN, "root"), running.auditor
    number = running.log()["number"]
    described = running.anonymous().get("/openapi.json").json()["paths"]
    for path in ("/teams/network", "/services/x", "/help-desks/x", "/scripts/x", "/sources/x", "/customers/x"):
        kind = path.split("/")[1]
        body = described[f"/{kind}/{{code}}"]["put"]["requestBody"]["content"]["application/json"]["example"]
        answer = admin.http.put(path, json=body, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        done(admin.get(path))
    done(admin.post("/policy", {"changes": {"pausing": ["customer", "vendor"]}, "reason": "agreed"}))
    done(admin.post("/grants", {"subject": "n.new", "role": "technician"}))
    done(admin.get("/grants/n.new"))
    done(admin.get("/grants/n.new/history"))
    done(admin.get("/policy/history"))
    done(admin.get("/teams/network/history"))
    done(admin.post("/grants/n.new/revoke", {"role": "technician"}))
    done(admin.post(f"/cases/{number}/hold", {"reason": "litigation"}))
    done(auditor.get("/approvals"))
    done(auditor.post(f"/approvals/hold:{number}/approve", {}))
    done(auditor.get(f"/approvals/hold:{number}"))
    done(running.technician.get(f"/cases/{number}"))
    assert auditor.get(f"/audit/cases/{number}/bundle").status_code in (200, 503)


def test_customers_are_answered_as_described(running: RunningDesk, checked: Any) -> None:
    customer = checked(Role.CUSTOMER, "jo.field@agency.example")
    report = {"name": "Jo Field", "subject": "Printer", "description": "It is dead", "nature": "actual"}
    made = done(customer.http.post("/self-service/reports", json=report))
    done(customer.get(f"/cases/{made['number']}"))
    done(customer.get(f"/cases/{made['number']}/history"))

"""Query parameters that a route does not name, or that come twice, are refused everywhere: no slip goes unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from application.administration.catalogue import OPERATOR
from domain.monitoring.source import MonitoringSource, SourceKind
from domain.readers.webhook import Webhook
from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done, incident, refused

LENIENT = ("/intake/", "/v2/enqueue", "/disputes/", "/self-service/")
"""An alert is not lost for a parameter, and mail programs add their own."""


@pytest.fixture
def everybody(running: RunningDesk) -> list[Caller]:
    """Callers of whom one may ask each question."""
    return [running.technician, running.caller(Role.ADMIN, "root"), running.auditor]


def questions(running: RunningDesk) -> list[str]:
    """The address of every question of the interface, with something that is there in each place."""
    number = running.log()["number"]
    running.office.catalogue.put("sources", MonitoringSource("prom", "Prom", SourceKind.ALERTMANAGER), {}, OPERATOR)
    webhook = Webhook("hub", "Hub", "r.audit")
    running.office.catalogue.put("webhooks", webhook, {"url": "https://hub.example/"}, OPERATOR)
    running.office.grants.ensure("root", Role.ADMIN, None, None, OPERATOR, anew=False)
    names = {"number": number, "subject": "root", "log": "1", "path": "tile/0/000", "check": "verify"}
    codes = {"services": "printing", "teams": "network", "sources": "prom", "webhooks": "hub"}
    found = []
    for path, operations in running.technician.get("/openapi.json").json()["paths"].items():
        if "get" not in operations or path.startswith(LENIENT) or "{digest}" in path or "{message}" in path:
            continue
        noun = path.split("/")[1]
        if "{code}" in path and noun not in codes:
            continue
        name = "triage" if noun == "queues" else "volume"
        found.append(path.format(**names, code=codes.get(noun, ""), name=name))
    return [path.replace(f"/problems/{number}", "/problems/PRB-0000001") for path in found]


def test_a_parameter_that_a_question_does_not_have_is_422(running: RunningDesk, everybody: list[Caller]) -> None:
    asked = [path for path in questions(running) if "PRB-" not in path and "/demo/" not in path]
    assert len(asked) > 30
    for path in asked:
        answers = [caller.get(path, nonsense="1") for caller in everybody]
        told = [each.json() for each in answers if each.status_code == 422]
        assert told, (path, [each.status_code for each in answers])
        assert all(each["errors"][0]["pointer"] == "/query/nonsense" for each in told), path


@pytest.mark.parametrize("query", ["status=logged&status=closed", "limit=1&limit=2", "team=a&team=a"])
def test_a_parameter_that_is_given_twice_is_422(running: RunningDesk, query: str) -> None:
    name = query.partition("=")[0]
    problem = refused(running.technician.get(f"/cases?{query}"), 422, "validation-failed")
    assert problem["errors"] == [{"detail": f"{name} is given more than once", "pointer": f"/query/{name}"}]


def test_a_refusal_names_the_parameters_there_are(running: RunningDesk) -> None:
    problem = refused(running.technician.get("/queues/triage?team=network"), 422, "validation-failed")
    assert "there is no parameter team; there are as_of, cursor, effective_at" in problem["errors"][0]["detail"]


def test_a_command_takes_no_parameter(running: RunningDesk) -> None:
    number = running.log()["number"]
    refused(running.technician.post("/cases?number=INC-0000001", incident()), 422, "validation-failed")
    refused(running.technician.post(f"/cases/{number}/triage?force=1", {"owner": "desk"}), 422, "validation-failed")
    assert done(running.technician.get(f"/cases/{number}"))["status"] == "logged"


def test_who_is_not_known_or_may_not_hears_that_first(running: RunningDesk) -> None:
    with httpx.Client(base_url=running.url) as nobody:
        assert nobody.get("/cases?nonsense=1").status_code == 401
    intake = running.caller(Role.INTAKE, "mail.gateway")
    refused(intake.get("/cases?nonsense=1"), 403, "forbidden")
    refused(running.technician.get("/cases/INC-9999999?nonsense=1"), 404, "not-found")


def test_every_filter_of_a_list_is_in_the_openapi(running: RunningDesk) -> None:
    paths: dict[str, Any] = done(running.technician.get("/openapi.json"))["paths"]
    known = {each["name"] for each in paths["/cases"]["get"]["parameters"]}
    assert known >= {"status", "queue", "team", "technician", "service", "customer", "channel", "agency", "priority"}
    assert [each["name"] for each in paths["/cases"]["post"]["parameters"]] == ["Idempotency-Key"]


def test_an_alert_is_not_lost_for_a_parameter(running: RunningDesk, keys: Path) -> None:
    intake = running.caller(Role.INTAKE, "mail.gateway")
    answer = intake.post("/intake/alertmanager?receiver=desk", {"version": "4", "alerts": []}, match=None)
    assert answer.status_code in (200, 201, 202)

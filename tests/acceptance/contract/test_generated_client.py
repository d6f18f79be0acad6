"""A client that `openapi-python-client` generates from our document works with typed models."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.acceptance.conftest import RunningDesk
from tests.acceptance.contract.conftest import Run

CONFIG = """
post_hooks: []
content_type_overrides: # the generator knows no media range, and these types it takes for text
  "*/*": application/octet-stream
  application/zip: application/octet-stream
  message/rfc822: application/octet-stream
"""
NAME = "caseledger_client"


@pytest.fixture
def models(document: Path, outside: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The generated package, and nothing in our document that the generator would not read."""
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    where = ("--path", str(document), "--output-path", str(tmp_path / NAME), "--config", "config.yaml")
    made = outside("openapi_python_client", "generate", "--meta", "none", "--fail-on-warning", *where)
    assert made.returncode == 0, made.stdout + made.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    return import_module(f"{NAME}.models")


def test_it_logs_assigns_and_reads_a_case(desk: RunningDesk, models: Any) -> None:
    """Every model has a type of its own, and so have their fields."""

    token = desk.technician.http.headers["Authorization"].removeprefix("Bearer ")
    client = import_module(NAME).AuthenticatedClient(base_url=desk.url, token=token)
    with client:
        _walk(models, client)


def _walk(models: Any, client: Any) -> None:
    def call(operation: str, *given: Any, **named: Any) -> Any:
        return import_module(f"{NAME}.api.{operation}").sync(*given, client=client, **named)

    report = models.LogBody(
        channel=models.Channel.PHONE,
        received_at=datetime.now(UTC),
        customer=models.Contact(name="Jo Field", email="jo.field@agency.example"),
        service="printing",
        subject="Printer on floor 2 does not print",
        description="Nothing comes out.",
        nature=models.Nature.ACTUAL,
        symptoms="jobs stay queued",
    )
    case = call("cases.log", body=report, idempotency_key='"first"')
    assert isinstance(case, models.Case), case
    assert isinstance(case.id, UUID)
    assert isinstance(case.received_at, datetime)
    assert call("cases.log", body=report, idempotency_key='"first"').number == case.number

    early = call("service_teams.assign", case.number, body=models.AssignBody(team="network"), if_match="*")
    assert early.type_.value.endswith("/problems/invalid-transition")
    for operation, body in (
        ("triage_and_diagnosis.triage", models.TriageBody(owner="desk")),
        ("triage_and_diagnosis.prioritize", models.PrioritizeBody(impact=2, severity=2)),
        ("service_teams.assign", models.AssignBody(team="network")),
    ):
        case = call(operation, case.number, body=body, if_match=f'"v{case.version}"')
        assert isinstance(case, models.Case), case
    read = call("cases.read_case", case.number)
    assert (read.status, read.team, read.priority) == (models.Status.ASSIGNED, "network", 3)
    history = call("cases.read_history", case.number)
    assert [item.topic for item in history.items] == [
        *("case.logged", "case.triaged", "case.prioritized", "case.assigned")
    ]
    assert history.items[0].by.role is models.Role.TECHNICIAN

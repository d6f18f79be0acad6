"""The OpenAPI document says what the server does: headers that are asked for, problems, and nothing that is not there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api.http.problems import BASE, TITLES
from api.http.routes.verbs import VERBS, Verb
from domain.values import Role
from tests.acceptance.conftest import Caller, RunningDesk, done

ON_CASES = [verb for verb in VERBS if verb.path.startswith("/cases/")]


@pytest.fixture(scope="module")
def document(running: RunningDesk) -> dict[str, Any]:
    found: dict[str, Any] = done(running.technician.get("/openapi.json"))
    return found


def caller_of(running: RunningDesk, verb: Verb) -> Caller:
    """Somebody whose role may give a command."""
    known = {
        Role.TECHNICIAN: running.technician,
        Role.TEAM_MEMBER: running.network,
        Role.ADMIN: running.caller(Role.ADMIN, "root"),
    }
    return next(caller for role, caller in known.items() if role in verb.roles)


def parameters(document: dict[str, Any], path: str, method: str = "post") -> dict[str, Any]:
    return {each["name"]: each for each in document["paths"][path][method].get("parameters", ())}


@pytest.mark.parametrize("verb", ON_CASES, ids=lambda verb: verb.command)
def test_if_match_is_named_where_it_is_asked_for(running: RunningDesk, document: dict[str, Any], verb: Verb) -> None:
    number = running.log()["number"]
    body = verb.body.model_json_schema().get("examples", [{}])[0]
    answer = caller_of(running, verb).post(verb.path.format(number=number), body, match=None)
    named = "If-Match" in parameters(document, verb.path)
    assert (answer.status_code == 428) is named, answer.text


def test_no_command_names_a_parameter_that_is_not_there(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method in operations:
            named = {name for name, each in parameters(document, path, method).items() if each["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), path
    assert set(parameters(document, "/cases")) == {"Idempotency-Key"}


def test_each_command_names_the_problems_of_its_clause(document: dict[str, Any]) -> None:
    def problems(path: str, status: str) -> set[str]:
        name = document["paths"][path]["post"]["responses"][status]["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][name]
        return {each.removeprefix(BASE) for each in schema["allOf"][1]["properties"]["type"]["enum"]}

    assert problems("/cases/{number}/resolve", "409") == {
        *("diagnosis-required", "duplicate-decision-required", "idempotency-in-progress", "information-required"),
        *("invalid-transition", "priority-required", "problem-link-required", "service-required"),
        "verification-required",
    }
    assert problems("/cases/{number}/triage", "409") == {"idempotency-in-progress", "invalid-transition"}
    assert problems("/cases/{number}/dispute", "409") >= {"dispute-window-closed"}
    assert problems("/cases/{number}/accept", "403") == {"forbidden", "not-assigned-team"}
    assert "404" not in document["paths"]["/cases"]["post"]["responses"]


def test_every_problem_type_of_the_document_is_documented(document: dict[str, Any]) -> None:
    named = set(re.findall(re.escape(BASE) + r"([a-z-]+)", str(document)))
    assert named <= set(TITLES)
    assert named >= {"invalid-transition", "stale-version", "validation-failed"}


def test_docs_work_on_a_closed_network(running: RunningDesk) -> None:
    """Everything that the page loads is ours, and is there."""
    http = running.anonymous()
    page = http.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert {target for target in loaded if not target.startswith("/docs/files/")} == set()
    assert len(loaded) >= 3
    for target in loaded:
        assert http.get(target).status_code == 200, target
    assert "https://" not in page.text
    assert "/openapi.json" in page.text

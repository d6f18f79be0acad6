"""What operators, browsers and programs ask of a desk without being anybody: health, metrics, its description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from api.http.problems import BASE, TITLES
from api.http.routes.verbs import VERBS
from application.figures import FIGURES
from infrastructure.postgres.workers.operations import Pulse
from tests.acceptance.conftest import Answer, RunningDesk, done, incident, refused
from tests.conftest import TestDatabase
from tests.waiting import until

Schema = dict[str, Any]
OTHERS = {
    *(
        "/policy",
        "/policy/what-if",
        "/audit/checks/{check}",
        "/grants",
        "/grants/{subject}/revoke",
        "/disputes/{token}",
        "/filters/{name}/remove",
    ),
    "/cases/{number}/attachments",
    "/self-service/reports",
    *(f"/self-service/cases/{{token}}/{act}" for act in ("notes", "attachments", "dispute", "accept")),
    *("/intake/email", "/intake/alertmanager", "/intake/cloudevents", "/v2/enqueue", "/demo/mail/{number}/reply"),
    *("/sources/{code}/keys", "/sources/{code}/keys/{key}/revoke"),
    *(f"/webhooks/{{code}}/{order}" for order in ("secrets", "disable", "enable", "ping", "replay")),
    *("/webhooks/{code}/secrets/{secret}/revoke", "/erasures", "/filters/{name}/remove"),
    *(f"/approvals/{{number}}/{act}" for act in ("approve", "refuse", "withdraw")),
    *(f"/quarantine/{{message}}/{act}" for act in ("release", "join", "discard")),
}
"""Posts that are no commands on cases or problems."""
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def described(running: RunningDesk) -> Schema:
    description: Schema = done(running.anonymous().get("/openapi.json"))
    return description


def operations(description: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, item in description["paths"].items():
        for method in METHODS & item.keys():
            yield path, method, item[method]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def resolved(description: Schema, reference: str) -> Any:
    assert reference.startswith("#/"), reference
    found: Any = description
    for step in reference[2:].split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def answers_of(description: Schema, operation: Schema) -> Iterator[tuple[str, Schema]]:
    for status, answer in operation["responses"].items():
        yield status, resolved(description, answer["$ref"]) if "$ref" in answer else answer


def test_the_description_is_openapi_3_1_and_every_reference_in_it_resolves(running: RunningDesk) -> None:
    description = described(running)
    assert re.fullmatch(r"3\.1\.\d+", description["openapi"])
    assert description["info"]["title"]
    assert description["info"]["version"]
    found = set(references(description))
    assert len(found) > len(VERBS)
    for reference in found:
        assert isinstance(resolved(description, reference), dict)
    for name, schema in description["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
        Draft202012Validator.check_schema(schema)


def test_every_operation_is_named_once_and_declares_what_its_path_takes(running: RunningDesk) -> None:
    description = described(running)
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(names) == len(set(names))
    for path, method, operation in operations(description):
        declared = [(p["name"], p["in"]) for p in operation.get("parameters", ())]
        assert len(declared) == len(set(declared)), (method, path)
        assert {name for name, place in declared if place == "path"} == set(re.findall(r"{(\w+)}", path))
        assert all(p["required"] for p in operation.get("parameters", ()) if p["in"] == "path")
        assert operation["responses"]
        assert all(answer["description"] for _, answer in answers_of(description, operation))


def test_every_command_is_described_with_an_example_that_it_accepts(
    running: RunningDesk, subtests: pytest.Subtests
) -> None:
    description = described(running)
    posts = {path: operation for path, method, operation in operations(description) if method == "post"}
    assert posts.keys() == {verb.path for verb in VERBS} | OTHERS
    for verb in VERBS:
        with subtests.test(verb.path):
            content = posts[verb.path]["requestBody"]["content"]["application/json"]
            example = content["example"]
            verb.body.model_validate_json(json.dumps(example))
            schema = {**resolved(description, content["schema"]["$ref"]), "components": description["components"]}
            Draft202012Validator(schema).validate(example)
            wants = {p["name"] for p in posts[verb.path]["parameters"] if p.get("required")}
            assert ("If-Match" in wants) == verb.conditional
            assert str(verb.status) in posts[verb.path]["responses"]


def test_what_is_described_as_a_refusal_is_a_problem_document(running: RunningDesk) -> None:
    otherwise = [
        (method, path, status, sorted(response["content"]))
        for path, method, operation in operations(described(running))
        for status, response in answers_of(described(running), operation)
        if status.startswith(("4", "5")) and set(response["content"]) != {"application/problem+json"}
        if path != "/v2/enqueue"  # refuses in PagerDuty's words
    ]
    assert otherwise == []


def test_the_answer_to_a_command_is_as_described(running: RunningDesk) -> None:
    components = described(running)["components"]
    validator = Draft202012Validator({"$ref": "#/components/schemas/Case", "components": components})
    for number in (running.log()["number"], running.assigned(), running.closed()):
        validator.validate(done(running.technician.get(f"/cases/{number}")))
    problem = refused(running.technician.post("/cases", {}), 422, "validation-failed")
    Draft202012Validator({"$ref": "#/components/schemas/Problem", "components": components}).validate(problem)


def test_every_problem_type_is_documented_where_the_desk_is_served(running: RunningDesk) -> None:
    for slug, (status, title) in TITLES.items():
        known = done(running.anonymous().get(f"/problems/{slug}"))
        assert known == {"type": BASE + slug, "title": title, "status": status}


def test_health_readiness_and_metrics_need_no_token(alone: RunningDesk) -> None:
    http = alone.anonymous()
    assert done(http.get("/healthz")) == {"status": "ok"}
    last = alone.technician.post("/cases", incident())
    position = int(last.headers["Position"])
    done(alone.technician.get("/cases", after=position))
    ready = done(http.get("/readyz"))
    assert (ready["status"], ready["position"], ready["ledger_position"]) == ("ready", position, position)
    answer = http.get("/metrics")
    samples = {
        (sample.name, sample.labels.get("route"), sample.labels.get("status")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.labels.get("method", "POST") == "POST"
    }
    assert samples["caseledger_http_requests_total", "/cases", str(last.status_code)] == 1
    assert samples["caseledger_ledger_position", None, None] == position
    assert samples["caseledger_views_position", None, None] == position


def test_metrics_count_by_route_and_never_by_number(running: RunningDesk) -> None:
    number = running.prioritized()
    for path in (f"/cases/{number}", f"/cases/{number}/history", "/nowhere/at/all", f"/{number}"):
        running.technician.get(path)
    text = running.anonymous().get("/metrics").text
    assert number not in text
    assert "nowhere" not in text
    assert 'route="/cases/{number}/triage"' in text


def test_metrics_show_what_this_process_and_each_worker_have_done(alone: RunningDesk, database: TestDatabase) -> None:
    """The worker may run in another process, or on another machine: it says so through the database."""
    done(alone.technician.post("/cases", incident()))
    refused(alone.technician.get("/cases/INC-9999999"), 404, "not-found")
    alone.catch_up()
    until(lambda: FIGURES.of("projector").get("events"))  # it is counted when the batch is committed
    Pulse(database, "projector", "projector").beat()
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(alone.anonymous().get("/metrics").text)
        for sample in family.samples
    }
    for known in (
        ("caseledger_worker_done_total", "events", "projector"),
        ("caseledger_worker_done_total", "batches", "projector"),
        ("caseledger_worker_cpu_seconds_total", "projector"),
        ("caseledger_worker_resident_bytes", "projector"),
        ("caseledger_refusals_total", "not-found"),
        ("caseledger_commits_total",),
        ("caseledger_commands_committed_total",),
        ("caseledger_pool_connections", "views", "free"),
    ):
        assert samples[known] >= 1, known
    for known in (
        ("caseledger_worker_uncaught_errors_total", "projector"),
        ("caseledger_places_taken", "cases"),
        ("caseledger_places_waiting", "reports"),
        ("caseledger_pool_waiting", "events"),
    ):
        assert known in samples


def test_a_halted_projector_is_not_ready_and_says_where_it_stands(alone: RunningDesk, database: TestDatabase) -> None:
    alone.catch_up()  # else a fold on its way would take the mark away again
    with psycopg.connect(database.superuser) as connection:
        connection.execute("UPDATE views.tracking SET halted_at = 7, halted_by = 'case.unheard_of'")
    answer = alone.anonymous().get("/readyz")
    assert "case.unheard_of" in refused(answer, 503, "unavailable")["detail"]
    assert answer.headers["retry-after"]
    assert done(alone.anonymous().get("/healthz")) == {"status": "ok"}


def test_the_landing_page_says_what_this_is_and_where_to_go(running: RunningDesk) -> None:
    http = running.anonymous()
    page = http.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "Caseledger" in page.text
    targets = re.findall(r'href="([^"]+)"', page.text)
    assert {"/docs", "/openapi.json", "/healthz"} <= set(targets)
    for target in targets:
        assert http.get(target).status_code == 200, target
    evil = http.get("/", headers={"Host": '"><script>alert(1)</script>'})
    assert "<script>alert" not in evil.text


def test_head_answers_like_get_without_a_body(running: RunningDesk, subtests: pytest.Subtests) -> None:
    number = running.log()["number"]
    for path in ("/healthz", "/readyz", "/", "/openapi.json", f"/cases/{number}", "/cases", "/queues"):
        with subtests.test(path):
            head: Answer = running.technician.http.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-type"] == running.technician.get(path).headers["content-type"]

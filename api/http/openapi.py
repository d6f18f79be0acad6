"""The OpenAPI document: what each command takes and may refuse, and what FastAPI cannot know of the other routes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.http.refusals import IDEMPOTENCY_KEY, IF_MATCH
from api.http.routes import commands

_TAKEN = ("/quarantine/", "/cases/{number}/attachments")
"""Where a caller may send If-Match and need not."""
_WITHOUT_KEY = ("/intake/", "/v2/enqueue", "/disputes/", "/demo/")
"""Posts that are known by what they bring, and not by a key."""


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application: every route, the bodies of the commands, and what each may refuse."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        models = {verb.body: None for verb in commands.VERBS}
        _, bodies = models_json_schema(
            [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
        )
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {}).update(
            bodies["$defs"], Case=_CASE, ProblemCase=_PROBLEM_CASE, Problem=_PROBLEM
        )
        components["schemas"] = {n: s for n, s in components["schemas"].items() if "ValidationError" not in n}
        _describe_refusals(schema["paths"])
        _describe_headers(schema["paths"])
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        schema["security"] = [{"bearer": []}]
        app.openapi_schema = schema
    return app.openapi_schema


def _describe_refusals(paths: dict[str, Any]) -> None:
    """Every refusal is a problem document, also where FastAPI would describe its own."""
    refusal = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in paths.values():
        for operation in path.values():
            own = operation["responses"].pop("422", {})
            own.get("content", {}).pop("application/json", None)  # FastAPI's own form, which we never answer
            if own.get("content"):
                operation["responses"]["422"] = own
            operation["responses"].setdefault(
                "default", {"description": "A refusal (docs/problems.md).", "content": refusal}
            )


def _describe_headers(paths: dict[str, Any]) -> None:
    """The headers that a route reads from the request itself."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            known = operation.setdefault("parameters", [])
            if any(each["in"] == "header" for each in known) or method not in ("post", "put"):
                continue
            if not path.startswith(_WITHOUT_KEY):
                known.append(IDEMPOTENCY_KEY)
            if method == "put" or path == "/policy" or path.startswith(_TAKEN):
                known.append({**IF_MATCH, "required": path == "/policy"})


_NULLABLE_STRING = {"type": ["string", "null"]}
_NULLABLE_INTEGER = {"type": ["integer", "null"]}
_CASE = {
    "type": "object",
    "required": ["number", "id", "version", "status"],
    "properties": {
        "number": {"type": "string", "examples": ["INC-0000123"]},
        "id": {"type": "string", "format": "uuid"},
        "version": {"type": "integer"},
        "status": {
            "enum": ["logged", "triaged", "prioritized", "in_diagnosis", "assigned", "resolved", "closed"],
        },
        "priority": _NULLABLE_INTEGER,
        "impact": _NULLABLE_INTEGER,
        "severity": _NULLABLE_INTEGER,
        "service": _NULLABLE_STRING,
        "team": _NULLABLE_STRING,
        "technician": _NULLABLE_STRING,
        "received_at": {"type": "string", "format": "date-time"},
        "dispute_until": _NULLABLE_STRING,
        "problem": _NULLABLE_STRING,
        "pending": {"type": ["object", "null"]},
        "links": {"type": "array"},
    },
    "additionalProperties": True,
}
_PROBLEM_CASE = {
    "type": "object",
    "required": ["number", "id", "version", "status"],
    "properties": {
        "number": {"type": "string", "examples": ["PRB-0000007"]},
        "version": {"type": "integer"},
        "status": {"enum": ["open", "investigated", "known_error", "resolved", "closed"]},
        "priority": _NULLABLE_INTEGER,
        "service": _NULLABLE_STRING,
        "incidents": {"type": "array", "items": {"type": "string"}},
        "known_error": _NULLABLE_STRING,
    },
    "additionalProperties": True,
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"detail": {"type": "string"}, "pointer": {"type": "string"}},
            },
        },
        "trace_id": {"type": "string"},
    },
    "additionalProperties": True,
}

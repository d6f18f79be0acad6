"""The HTTP application: its routers, its errors, its OpenAPI. It is given its context; it makes nothing itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.http import (
    approvals,
    attachments,
    commands,
    demo,
    feed,
    following,
    intake,
    links,
    messages,
    monitoring,
    office,
    operations,
    problems,
    reading,
    reports,
    searching,
    selfservice,
    sources,
    transparency,
)
from api.http.confidential import Confidential
from api.http.context import Context
from api.http.metrics import HeadAsGet, Measured, Metrics

Opening = Callable[[], AbstractAsyncContextManager[Context]]


def create_app(opening: Opening) -> FastAPI:
    """The application; ``opening`` gives it its context for as long as it runs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opening() as context:
            app.state.context = context
            yield

    app = FastAPI(
        title="Caseledger",
        version=version("caseledger"),
        description="A service desk whose record nobody can quietly rewrite. Refusals are problem documents, listed in docs/problems.md and at /problems/{name}.",
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,  # a machine that is redirected sends nothing again (intake.md: never 3xx)
    )
    app.state.metrics = Metrics()
    app.add_middleware(Confidential, paths=(selfservice.PATHS, links.PATHS))
    app.add_middleware(HeadAsGet)
    app.add_middleware(Measured, metrics=app.state.metrics)
    problems.install(app)
    for module in (
        commands,
        attachments,
        messages,
        searching,
        intake,
        monitoring,
        sources,
        reading,
        reports,
        office,
        approvals,
        feed,
        transparency,
        links,
        selfservice,
        following,
        demo,
        operations,
    ):
        app.include_router(module.router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
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

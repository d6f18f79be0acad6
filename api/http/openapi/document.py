"""The OpenAPI document: what each route says of itself, completed by what follows from that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from api.http.bodies.base import Words
from api.http.documents.base import Document
from api.http.documents.policy import policy_schemas
from api.http.documents.refusals import Problem
from api.http.openapi import paths
from api.http.openapi.areas import TAGS
from api.http.openapi.examples import Examples
from api.http.openapi.headers import ANSWERED, IDEMPOTENCY_KEY, IF_NONE_MATCH
from api.http.openapi.operations import SCHEMAS
from api.http.openapi.outgoing import outgoing
from api.http.openapi.refusals import Refusals, implied

Operation = dict[str, Any]
ABOUT = """A service desk whose record nobody can quietly rewrite.

**Authentication.** Send `Authorization: Bearer` with a token, or with a key of a machine. `caseledger token` makes tokens,
and each operation names the roles that may call it.

**Versions.** An answer about one thing has an `ETag`, its version. A command that changes its state needs `If-Match`.

**Repeats.** A command with an `Idempotency-Key` is carried out once, however often it is sent.

**Lists** come in pages: send `next_cursor` as `cursor`. They are views, and say which position of the ledger they are as of.
`Wait-For-Position` waits until a view has reached the `Position` of an earlier answer. One case and its history are read
from the events, and are never behind.

**Times** are written as in RFC 3339, with an offset; answers are in UTC.

**Refusals** are problem documents (RFC 9457). Their types are listed in `docs/problems.md`, and each at `/problems/{type}`.

**Traces.** `traceparent` (W3C Trace Context) and `X-Request-Id` are read from every request and kept with its events."""
_WITHOUT_KEY = ("/intake/", "/v2/enqueue", "/disputes/", "/demo/", "/policy/what-if", "/audit/checks/")
"""Posts that are known by their content, and not by a key, or that record nothing."""


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes, tags=TAGS)
        refusals = Refusals()
        for path, method, operation in _operations(schema["paths"]):
            _complete(path, method, operation, refusals)
        schema["webhooks"] = outgoing()
        schemas = _schemas(schema)
        for _, _, operation in _operations(schema["paths"] | schema["webhooks"]):
            _show_bodies(operation, schemas)
        schema["components"] = {
            "schemas": dict(sorted({**schemas, **refusals.schemas}.items())),
            "responses": refusals.responses,
            "headers": ANSWERED,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        }
        schema["security"] = [{"bearer": []}]
        app.openapi_schema = schema
    return app.openapi_schema


def _operations(items: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, item in items.items():
        for method, operation in item.items():
            yield path, method, operation


def _complete(path: str, method: str, operation: Operation, refusals: Refusals) -> None:
    _tell(operation)
    operation["tags"] = operation["tags"][-1:]  # the router's area, or that of the route itself
    parameters = operation.setdefault("parameters", [])
    for place, parameter in enumerate(parameters):
        if parameter["in"] == "path":
            parameters[place] = paths.described(path, parameter)
    if method in ("post", "put") and not path.startswith(_WITHOUT_KEY):
        parameters.append(IDEMPOTENCY_KEY)
    responses = operation["responses"]
    responses.pop("422", None)  # FastAPI's own form, in which nothing is refused here
    if method == "get" and "ETag" in responses.get("200", {}).get("headers", {}):
        parameters.append(IF_NONE_MATCH)
        responses["304"] = {"description": "The version in `If-None-Match` is the present one."}
    slugs = {*implied(path, operation), *operation.pop("x-refuses", ())}
    operation.pop("x-keeps-all", None)
    responses.update(
        {
            status: refusal
            for status, refusal in refusals.of(operation["operationId"], slugs).items()
            if status not in responses
        }
    )


def _show_bodies(operation: Operation, schemas: dict[str, Any]) -> None:
    """A body without an example of its own has that of its schema."""
    examples = Examples(schemas)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if "example" not in content and content["schema"].get("format") != "binary":
            content["example"] = examples.of(content["schema"])


def _tell(operation: Operation) -> None:
    """The first paragraph of a docstring is the summary, the rest the description, with the roles that may."""
    summary, _, rest = operation.get("description", "").partition("\n\n")
    operation["summary"] = " ".join(summary.split()).removesuffix(".")
    told = [" ".join(paragraph.split()) for paragraph in rest.split("\n\n") if paragraph.strip()]
    if roles := operation.get("x-roles"):
        told.append(f"Roles: {', '.join(f'`{role}`' for role in roles)}.")
    operation["description"] = "\n\n".join(told or [f"{operation['summary']}."])


class _Schemas(GenerateJsonSchema):
    """A field of a document that may be absent has no default: nobody fills it in. Fields need no titles."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def _schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Every schema that the operations refer to, with an example of each field."""
    named = set(_references([document["paths"], document["webhooks"]])) | {Problem.__name__}
    models = {model.__name__: model for model in (*_below(Words), *_below(Document)) if model.__name__ in named}
    _, made = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template=SCHEMAS, schema_generator=_Schemas
    )
    known = document["components"]["schemas"]
    queried = {name: schema for name, schema in known.items() if "ValidationError" not in name}  # FastAPI's own error
    schemas: dict[str, Any] = {**queried, **policy_schemas(SCHEMAS), **made["$defs"]}
    Examples(schemas).complete()
    return schemas


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in model.__subclasses__():
        yield each
        yield from _below(each)


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str) and "/schemas/" in part["$ref"]:
            yield part["$ref"].rsplit("/", 1)[-1]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _references(each)

"""The parts from which a route puts its OpenAPI together: `openapi_extra=operation(answers(Case, "..."), refuses("gone"))`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel

from api.http.documents.base import Document
from api.http.openapi.headers import answered
from domain.values import Role

Part = dict[str, Any]
SCHEMAS = "#/components/schemas/{model}"
JSON, BYTES, FORM = "application/json", "application/octet-stream", "application/x-www-form-urlencoded"
BINARY: Part = {"schema": {"type": "string", "format": "binary"}}
PAGE: Part = {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html><title>INC-0000009</title>"}}
"""A page for people with a browser."""
OPEN: Part = {"security": []}
"""Whoever comes: no token is needed, and none is looked at."""
MAYBE_TOKEN: Part = {"security": [{"bearer": []}, {}]}
"""With a token or without."""

KEEPS_ALL: Part = {"x-keeps-all": True}
"""No body is refused for what it says: what cannot be read is kept for a person."""


def operation(*parts: Part) -> Part:
    """Some parts as one."""
    whole: Part = {}
    for part in parts:
        for name, value in part.items():
            known = whole.get(name)
            if isinstance(value, list) and known is not None:
                whole[name] = [*known, *value]
            elif isinstance(value, dict) and known is not None:
                whole[name] = operation(known, value)
            else:
                whole[name] = value
    return whole


def reference(*models: type[BaseModel]) -> Part:
    """A schema: one of these models."""
    found = [{"$ref": SCHEMAS.format(model=model.__name__)} for model in models]
    return found[0] if len(found) == 1 else {"anyOf": found}


def answers(*models: type[Document], told: str, status: int = 200, headers: Sequence[str] = ()) -> Part:
    """A document as the answer; one of several where that depends on who asks. ``headers`` come with it."""
    return gives({JSON: {"schema": reference(*models)}}, told=told, status=status, headers=headers)


def gives(content: dict[str, Any], *, told: str, status: int = 200, headers: Sequence[str] = ()) -> Part:
    """Something else than a document as the answer, by media type."""
    response = {"description": told, "headers": answered(*headers), "content": content}
    return {"responses": {str(status): {name: value for name, value in response.items() if value}}}


def written(*models: type[Document], told: str, status: int = 200) -> Part:
    """The answer to a command: what was changed, with its version and the position of its last event."""
    location = ("Location",) if status in (201, 202) else ()
    return answers(*models, told=told, status=status, headers=("ETag", "Position", "Idempotency-Replayed", *location))


def answers_policy(told: str) -> Part:
    """The policy as the answer: its schema follows from the domain."""
    return gives({JSON: {"schema": {"$ref": SCHEMAS.format(model="Policy")}}}, told=told, headers=("ETag",))


def written_policy(told: str) -> Part:
    """The same to a command."""
    content = {JSON: {"schema": {"$ref": SCHEMAS.format(model="Policy")}}}
    return gives(content, told=told, headers=("ETag", "Position", "Idempotency-Replayed"))


def takes(body: type[BaseModel], *others: str, example: Any = None) -> Part:
    """A body in JSON, or in one of ``others``; needed where a field of it is."""
    shown = _example(body) if example is None else example
    content = {"schema": reference(body), **({} if shown is None else {"example": shown})}
    needed = any(field.is_required() for field in body.model_fields.values())
    return {"requestBody": {"required": needed, "content": dict.fromkeys((JSON, *others), content)}}


def _example(body: type[BaseModel]) -> Any:
    shown = body.model_config.get("json_schema_extra")
    examples: Any = shown.get("examples", [None]) if isinstance(shown, dict) else [None]
    return examples[0]


def takes_form(form: type[BaseModel]) -> Part:
    """A body as a form of a page sends it, beside those that are there already."""
    return {
        "requestBody": {"required": True, "content": {FORM: {"schema": reference(form), "example": _example(form)}}}
    }


def takes_batch(item: type[BaseModel], kind: str) -> Part:
    """A body that is a list, beside those that are there already."""
    return {
        "requestBody": {"content": {kind: {"schema": {"anyOf": [{"type": "array", "items": reference(item)}, {}]}}}}
    }


def takes_bytes(*kinds: str, required: bool = True) -> Part:
    """A body as it is."""
    return {"requestBody": {"required": required, "content": dict.fromkeys(kinds, BINARY)}}


def reads(*headers: Part) -> Part:
    """Headers that the route reads from the request itself."""
    return {"parameters": list(headers)}


def filters(**described: tuple[str, str]) -> Part:
    """Filters of a list, each with its description and an example; the route reads them from the request."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": description,
                "schema": {"type": "string", "examples": [example]},
            }
            for name, (description, example) in described.items()
        ]
    }


def refuses(*slugs: str) -> Part:
    """Problem types of its own, beside those that follow from its parts."""
    return {"x-refuses": list(slugs)}


def needs(roles: Iterable[Role]) -> Part:
    """The roles that may."""
    return {"x-roles": sorted(map(str, roles))}

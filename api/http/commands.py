"""The commands: `POST /cases` and `POST /cases/{number}/<verb>`, all by one handler and one table.

The handler is where http.md's order of refusals is: 401, 403 role, 404, 413/415, 400/422, 428, 412, 403 team, 409.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.http import bodies
from api.http.context import Context, context_of, principal_of
from api.http.fields import pointer, read_json
from api.http.problems import BASE, TITLES, Problem, trace_id_of
from application.documents import case_document, history_item
from application.requests import Committed, Idempotency, StaleVersion
from application.requests import Request as Asked
from domain.case.status import authorise, roles_for
from domain.values import Actor, Role

LARGEST = 1_048_576
"""Bytes of a body (http.md, Limits)."""
_ETAG = re.compile(r'^"v(\d{1,18})"$')
_REQUEST_ID = re.compile(r"^[\w.-]{1,64}$")


@dataclass(frozen=True)
class Verb:
    """One command over HTTP."""

    path: str
    command: str
    body: type[bodies.Body]
    clause: str
    conditional: bool = True
    """Whether it changes state, so that the caller must say which version he has seen."""
    status: int = 200


VERBS = (
    Verb("/cases", "log", bodies.LogBody, "5.2", conditional=False, status=201),
    Verb("/cases/{number}/triage", "triage", bodies.TriageBody, "5.3"),
    Verb("/cases/{number}/prioritize", "prioritize", bodies.PrioritizeBody, "5.4"),
    Verb("/cases/{number}/diagnose", "diagnose", bodies.DiagnoseBody, "5.5"),
    Verb("/cases/{number}/assign", "assign", bodies.AssignBody, "5.7"),
    Verb("/cases/{number}/accept", "accept", bodies.AcceptBody, "5.7"),
    Verb("/cases/{number}/hand-back", "hand_back", bodies.HandBackBody, "5.7"),
    Verb("/cases/{number}/pend", "pend", bodies.PendBody, "5.8"),
    Verb("/cases/{number}/resume", "resume", bodies.ResumeBody, "5.8"),
    Verb("/cases/{number}/verify", "verify", bodies.VerifyBody, "5.8"),
    Verb("/cases/{number}/resolve", "resolve", bodies.ResolveBody, "5.8"),
    Verb("/cases/{number}/dispute", "dispute", bodies.DisputeBody, "5.9"),
    Verb("/cases/{number}/reopen", "reopen", bodies.ReopenBody, "5.9"),
    Verb("/cases/{number}/close", "close", bodies.CloseBody, "5.9"),
    Verb("/cases/{number}/notes", "note", bodies.NoteBody, "5.2", conditional=False),
    Verb("/cases/{number}/correct", "correct", bodies.CorrectBody, "5.2"),
    Verb("/cases/{number}/follow-up", "follow_up", bodies.FollowUpBody, "5.9", conditional=False, status=201),
)


async def raw_body(request: Request) -> bytes | None:
    """The body, or None when it is larger than allowed: read no further than that."""
    if int(request.headers.get("content-length") or 0) > LARGEST:
        return None
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _handler(verb: Verb) -> Callable[..., Response]:
    def handle(request: Request, raw: Annotated[bytes | None, Depends(raw_body)], number: str = "") -> Response:
        context = context_of(request)
        actor = principal_of(request).acting(roles_for(verb.command))
        authorise(actor, verb.command)
        _find(context, number, actor)
        body = _parse(request, raw, verb.body)
        body.check(actor, context.desk.clock.now(), context.desk.policy)
        asked = Asked(
            actor,
            "http",
            expected=None,
            idempotency=_idempotency(request, actor, raw or b"", verb.status),
            request_id=_request_id(request),
            trace_id=trace_id_of(request),
        )
        try:
            committed = body.run(context.desk, number, _with_precondition(request, context, verb, asked))
        except StaleVersion as stale:
            raise _stale(context, actor, stale) from stale
        return _answer(committed, verb)

    handle.__name__ = verb.command
    return handle


def _find(context: Context, number: str, actor: Actor) -> None:
    """404 before anything is said of the body; for a customer also when the case is somebody else's."""
    if not number:
        return
    if actor.role is Role.CUSTOMER:
        context.desk.case(number, actor)
    else:
        context.desk.identify(number)


def _parse(request: Request, raw: bytes | None, model: type[bodies.Body]) -> bodies.Body:
    if raw is None:
        raise Problem("content-too-large", f"a body may have {LARGEST} bytes")
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem("unsupported-media-type", f"{kind} is not understood; send application/json")
    given = raw or b"{}"
    try:
        read_json(given)
    except ValueError as error:
        raise Problem("malformed", f"the body is no JSON that could be understood: {error}") from None
    try:
        return model.model_validate_json(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if any(e["type"] == "json_invalid" for e in found):
            raise Problem("malformed", f"the body is no JSON: {found[0]['msg']}") from None
        pointers = [{"detail": e["msg"], "pointer": pointer(e["loc"])} for e in found]
        raise Problem("validation-failed", pointers[0]["detail"], errors=pointers) from None


def _idempotency(request: Request, actor: Actor, raw: bytes, status: int) -> Idempotency | None:
    given = request.headers.get("idempotency-key")
    if given is None:
        return None
    key = given[1:-1] if len(given) > 2 and given[0] == given[-1] == '"' else given
    if not 1 <= len(key) <= 255 or '"' in key:
        raise Problem("malformed", "Idempotency-Key is a quoted string of 1 to 255 characters")
    scope = f"{actor.subject}\0{request.method}\0{request.url.path}\0{key}".encode()
    return Idempotency(hashlib.sha256(scope).digest(), hashlib.sha256(raw).digest(), status)


def _request_id(request: Request) -> str | None:
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else None


def _with_precondition(request: Request, context: Context, verb: Verb, asked: Asked) -> Asked:
    given = request.headers.get("if-match")
    if given is None:
        if verb.conditional and not context.desk.answered(asked):
            raise Problem("precondition-required", 'send If-Match with the ETag you have seen, or "*" in so many words')
        return asked
    if given.strip() == "*":
        return asked
    if (match := _ETAG.fullmatch(given.strip())) is None:
        raise Problem("malformed", 'If-Match takes one strong ETag such as "v17", or *')
    return replace(asked, expected=int(match[1]))


def _stale(context: Context, actor: Actor, stale: StaleVersion) -> Problem:
    """412 with the present ETag and what happened meanwhile, so that nobody has to guess."""
    events = [
        history_item(entry, actor.role) for entry in context.desk.history(stale.number, actor, after=stale.expected)
    ]
    return Problem(
        "stale-version",
        str(stale),
        headers={"ETag": f'"v{stale.current}"'},
        current_version=stale.current,
        events=events,
    )


def _answer(committed: Committed, verb: Verb) -> Response:
    case = committed.case
    headers = {"ETag": f'"v{case.version}"', "Position": str(committed.position)}
    if verb.status == 201:
        headers["Location"] = f"/cases/{case.number}"
    if committed.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(msgspec.json.encode(case_document(case)), verb.status, headers, media_type="application/json")


def _operation(verb: Verb) -> dict[str, Any]:
    """The OpenAPI of a command: its body, its headers, its problems."""
    schema = {"$ref": f"#/components/schemas/{verb.body.__name__}"}
    examples = verb.body.model_json_schema().get("examples", [{}])
    problems = sorted({TITLES[slug][0] for slug in TITLES} - {405, 500})
    headers = [("Idempotency-Key", "A quoted string; repeat the request with it and it is carried out once.")]
    if verb.conditional:
        headers.append(("If-Match", 'The ETag of the version you have seen, such as "v3", or *.'))
    return {
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": name == "If-Match",
                "description": text,
                "schema": {"type": "string"},
            }
            for name, text in headers
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": examples[0]}},
        },
        "responses": {
            str(verb.status): {
                "description": "Done. `ETag` is the new version, `Position` the position of the last event.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Case"}}},
            },
            **{
                str(status): {
                    "description": "; ".join(sorted(t for s, t in TITLES.values() if s == status)),
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                for status in problems
            },
        },
        "externalDocs": {"url": BASE, "description": "The problem types"},
    }


router = APIRouter(tags=["commands"])
for _verb in VERBS:
    router.add_api_route(
        _verb.path,
        _handler(_verb),
        methods=["POST"],
        status_code=_verb.status,
        summary=f"{_verb.body.__doc__} (SOP {_verb.clause})",
        operation_id=_verb.command,
        response_class=Response,
        openapi_extra=_operation(_verb),
    )

"""Requests for an erasure or a legal hold, and the auditor's answer: two people, each by their own token (R-7.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.http.bodies.base import Body, MaybeReasonBody, ReasonBody
from api.http.bodies.personal_data import ErasureBody
from api.http.context import Context, admit, authenticated, context_of
from api.http.deadline import LONG, allow
from api.http.parameters import refuse_unknown
from api.http.problems import Problem
from api.http.requests import answer, asked, parse, raw_body, with_precondition
from api.http.routes.cases import json_response
from application.approvals import Approvals, approval_document, authorise_approval
from application.execution.principals import Principal
from application.execution.requests import Committed, StaleVersion
from application.execution.requests import Request as Asked
from domain.case.status import authorise
from domain.errors import Forbidden
from domain.values import ErasureScope, Role

Caller = Annotated[Principal, Depends(authenticated)]
Raw = Annotated[bytes | None, Depends(raw_body)]
_READERS = (Role.AUDITOR, Role.ADMIN)
router = APIRouter(tags=["approvals"])


class _NoWords(Body):
    """Nothing need be said."""


async def _reader(request: Request, caller: Principal) -> Context:
    context = context_of(request)
    actor = await admit(request, caller, _READERS)
    if actor.role not in _READERS:
        raise Forbidden(f"this needs the role {' or '.join(_READERS)}; you are {actor.role}")
    refuse_unknown(request)
    return context


def _described(body: type[Body]) -> dict[str, Any]:
    """A body as OpenAPI has it, its scopes written out: here are no definitions to point to."""
    schema = body.model_json_schema()
    schema.pop("$defs", None)
    if "scope" in schema.get("properties", {}):
        schema["properties"]["scope"] = {"enum": sorted(ErasureScope)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/erasures",
    response_class=Response,
    operation_id="request_erasure",
    status_code=202,
    openapi_extra=_described(ErasureBody),
)
async def post_erasure(request: Request, caller: Caller, raw: Raw) -> Response:
    """Request an erasure. Once an auditor has approved it, `caseledger erase` carries it out."""
    context = context_of(request)
    actor = await admit(request, caller, (Role.ADMIN,))
    authorise(actor, "erase")
    refuse_unknown(request)
    body = parse(request, raw, ErasureBody)
    wanted = asked(request, actor, raw, 202)
    allow(LONG)
    committed = await context.desk.personal_data.request_erasure(body.subject, body.scope, body.reason, wanted)
    return answer(committed, 202, reader=actor, location=f"/approvals/{committed.root.number}")


@router.get("/approvals", response_class=Response, operation_id="list_approvals")
async def list_approvals(request: Request, caller: Caller, *, everything: bool = False) -> Response:
    """What waits for an approval, or is approved and not carried out yet; the most urgent first."""
    context = await _reader(request, caller)
    now = context.desk.clock.now()
    items = [approval_document(each, now) for each in await context.desk.approvals.all(everything=everything)]
    position = (await context.desk.references.current()).position
    return json_response({"items": items, "next_cursor": None, "as_of_position": position})


@router.get("/approvals/{number:path}", response_class=Response, operation_id="read_approval")
async def read_approval(request: Request, caller: Caller, number: str) -> Response:
    """One measure, such as `hold:INC-0000123`: its last request, and what became of it."""
    context = await _reader(request, caller)
    approval = await context.desk.approvals.approval(number)
    document = approval_document(approval, context.desk.clock.now())
    return json_response(document, ETag=f'"v{approval.version}"')


Answering = Callable[[Approvals, str, Any, Asked], Awaitable[Committed]]


def _answer_route(verb: str, role: Role, body: type[Body], carry_out: Answering, summary: str) -> None:
    @router.post(
        f"/approvals/{{number:path}}/{verb}",
        response_class=Response,
        operation_id=f"{verb}_request",
        summary=summary,
        openapi_extra=_described(body),
    )
    async def answer_request(request: Request, caller: Caller, raw: Raw, number: str) -> Response:
        context = context_of(request)
        actor = await admit(request, caller, (role,))
        authorise_approval(actor, verb)
        refuse_unknown(request)
        await context.desk.approvals.approval(number)
        words = parse(request, raw, body)
        wanted = await with_precondition(request, context, asked(request, actor, raw, reason=words.why))
        try:
            committed = await carry_out(context.desk.approvals, number, words, wanted)
        except StaleVersion as stale:
            headers = {"ETag": f'"v{stale.current}"'}
            raise Problem("stale-version", str(stale), headers=headers, current_version=stale.current) from stale
        return answer(committed, reader=actor)


_answer_route(
    "approve",
    Role.AUDITOR,
    _NoWords,
    lambda approvals, number, _, asked: approvals.approve(number, asked),
    "Approve a request of somebody else's; a hold is placed or released with it",
)
_answer_route(
    "refuse",
    Role.AUDITOR,
    ReasonBody,
    lambda approvals, number, words, asked: approvals.refuse(number, words.reason, asked),
    "Refuse a request, or take back an approval that nobody has used",
)
_answer_route(
    "withdraw",
    Role.ADMIN,
    MaybeReasonBody,
    lambda approvals, number, _, asked: approvals.withdraw(number, asked),
    "Take a request back",
)

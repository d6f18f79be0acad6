"""Requests for an erasure or a legal hold, and the auditor's answer: two people, each by their own token (R-7.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.http.access import Caller
from api.http.bodies.administration.personal_data import ApproveBody, ErasureBody, RefuseBody, WithdrawBody
from api.http.bodies.base import Body
from api.http.context import Context, admit, context_of, note_read
from api.http.documents.access import Approval, ApprovalPage
from api.http.entrance.deadline import LONG, allow
from api.http.openapi.areas import Area
from api.http.openapi.headers import MAY_MATCH
from api.http.openapi.operations import answers, needs, operation, reads, refuses, takes, written
from api.http.parameters import refuse_unknown
from api.http.problems import Problem
from api.http.requests import asked, parse, raw_body, with_precondition
from api.http.responses import answer, json_response
from application.audit.reads import What
from application.execution.principals import Principal
from application.execution.requests import Committed, StaleVersion
from application.execution.requests import Request as Asked
from application.personal_data.approvals import Approvals, approval_document, authorise_approval
from domain.case.status import authorise
from domain.errors import Forbidden
from domain.values import Role

Raw = Annotated[bytes | None, Depends(raw_body)]
_READERS = (Role.AUDITOR, Role.ADMIN)
router = APIRouter(tags=[Area.PERSONAL_DATA])


async def _reader(request: Request, caller: Principal) -> Context:
    context = context_of(request)
    actor = await admit(request, caller, _READERS)
    if actor.role not in _READERS:
        raise Forbidden(f"this needs the role {' or '.join(_READERS)}; you are {actor.role}")
    refuse_unknown(request)
    note_read(request, actor, What.LIST, "approvals")
    return context


@router.post(
    "/erasures",
    response_class=Response,
    operation_id="request_erasure",
    status_code=202,
    openapi_extra=operation(
        takes(ErasureBody),
        written(Approval, told="The request, which waits for an auditor's approval.", status=202),
        refuses("invalid-transition"),
        needs((Role.ADMIN,)),
    ),
)
async def post_erasure(request: Request, caller: Caller, raw: Raw) -> Response:
    """Request the erasure of a person's data.

    An auditor approves it. Then the operator carries it out with `caseledger erase`.
    """
    context = context_of(request)
    actor = await admit(request, caller, (Role.ADMIN,))
    authorise(actor, "erase")
    refuse_unknown(request)
    body = parse(request, raw, ErasureBody)
    wanted = asked(request, actor, raw, 202)
    allow(LONG)
    committed = await context.desk.personal_data.request_erasure(body.subject, body.scope, body.reason, wanted)
    return answer(committed, 202, reader=actor, location=f"/approvals/{committed.root.number}")


@router.get(
    "/approvals",
    response_class=Response,
    operation_id="list_approvals",
    openapi_extra=operation(answers(ApprovalPage, told="The measures."), needs(_READERS)),
)
async def list_approvals(
    request: Request,
    caller: Caller,
    *,
    everything: Annotated[bool, Query(description="Those that are over as well.", examples=[False])] = False,
) -> Response:
    """List erasures and legal holds that need an approval.

    Those that wait for it, or are approved and not carried out yet. The most urgent come first.
    """
    context = await _reader(request, caller)
    now = context.desk.clock.now()
    items = [approval_document(each, now) for each in await context.desk.approvals.all(everything=everything)]
    position = (await context.desk.references.current()).position
    return json_response({"items": items, "next_cursor": None, "as_of_position": position})


@router.get(
    "/approvals/{number:path}",
    response_class=Response,
    operation_id="read_approval",
    openapi_extra=operation(answers(Approval, told="The measure.", headers=("ETag",)), needs(_READERS)),
)
async def read_approval(request: Request, caller: Caller, number: str) -> Response:
    """Read an erasure or a legal hold.

    Its last request, and what became of it.
    """
    context = await _reader(request, caller)
    approval = await context.desk.approvals.approval(number)
    document = approval_document(approval, context.desk.clock.now())
    return json_response(document, headers={"ETag": f'"v{approval.version}"'})


Answering = Callable[[Approvals, str, Any, Asked], Awaitable[Committed]]


def _answer_route(verb: str, role: Role, body: type[Body], carry_out: Answering) -> None:
    @router.post(
        f"/approvals/{{number:path}}/{verb}",
        response_class=Response,
        operation_id=f"{verb}_request",
        description=body.__doc__,
        openapi_extra=operation(
            takes(body),
            reads(MAY_MATCH),
            written(Approval, told="The measure."),
            refuses("invalid-transition"),
            needs((role,)),
        ),
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
    ApproveBody,
    lambda approvals, number, _, asked: approvals.approve(number, asked),
)
_answer_route(
    "refuse",
    Role.AUDITOR,
    RefuseBody,
    lambda approvals, number, words, asked: approvals.refuse(number, words.reason, asked),
)
_answer_route(
    "withdraw",
    Role.ADMIN,
    WithdrawBody,
    lambda approvals, number, _, asked: approvals.withdraw(number, asked),
)

"""The checks of the whole record: their last results, and beginning one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.http.bodies.checks import CheckBody
from api.http.context import Context, context_of
from api.http.documents.auditing.checks import CheckStanding
from api.http.entrance.deadline import in_thread
from api.http.openapi.areas import Area
from api.http.openapi.operations import answers, needs, operation, refuses, takes
from api.http.problems import Problem
from api.http.requests import parse
from api.http.responses import json_response
from api.http.routes.administration.office import Raw
from api.http.routes.audit.transparency import auditing
from application.audit.checks import Check, CheckRunning
from domain.errors import NotFound
from domain.values import Actor, Role

router = APIRouter(tags=[Area.LEDGER])
Auditor = Annotated[Actor, Depends(auditing)]


@router.get(
    "/audit/checks/{check}",
    response_class=Response,
    operation_id="read_check",
    openapi_extra=operation(
        answers(CheckStanding, told="The check, with its last result."), refuses("not-found"), needs((Role.AUDITOR,))
    ),
)
async def read_check(request: Request, actor: Auditor, check: str) -> Response:  # noqa: ARG001 - asked for its refusal
    """Read what a check of the whole record found last.

    `verify` compares the record with the signed log, `conformance` every history with the SOP.
    """
    return json_response(await standing(context_of(request), check_named(check)))


@router.post(
    "/audit/checks/{check}",
    status_code=202,
    response_class=Response,
    operation_id="begin_check",
    openapi_extra=operation(
        takes(CheckBody),
        answers(CheckStanding, told="It runs.", status=202),
        refuses("unavailable"),
        needs((Role.AUDITOR,)),
    ),
)
async def begin_check(request: Request, actor: Auditor, check: str, raw: Raw) -> Response:
    """Begin a check of the whole record.

    It runs as a process of its own, with little priority and for an hour at most. Its result replaces the last one. One check
    of a kind runs at a time: another is answered 503. Nothing is recorded.
    """
    context, name, body = context_of(request), check_named(check), parse(request, raw, CheckBody)
    await begin(context, name, actor, body)
    return json_response(await standing(context, name), 202)


def check_named(name: str) -> Check:
    """The check of a name. Raises NotFound."""
    try:
        return Check(name)
    except ValueError:
        raise NotFound(f"there is no check {name}; there are {', '.join(Check)}") from None


async def begin(context: Context, check: Check, actor: Actor, body: CheckBody) -> None:
    """Begin a check. Raises Problem 503."""
    try:
        await in_thread(partial(context.checks.begin, check, actor.subject, body.vkeys, body.held))
    except (CheckRunning, OSError) as error:
        raise Problem("unavailable", str(error), headers={"Retry-After": "60"}) from None


async def standing(context: Context, check: Check) -> dict[str, object]:
    """A check now, as a document."""
    state = await in_thread(partial(context.checks.state, check))
    return {**vars(state), "last": state.last and vars(state.last)}

"""The policy: read by staff, changed by the administrator (SOP 4.1a)."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.access import Caller
from api.http.bodies.administration.catalogue import PolicyBody
from api.http.context import policy_of
from api.http.openapi.areas import Area
from api.http.openapi.headers import IF_MATCH
from api.http.openapi.operations import (
    answers_policy,
    needs,
    operation,
    reads,
    takes,
    written_policy,
)
from api.http.parameters import AtVersion
from api.http.requests import asked, parse
from api.http.responses import versioned
from api.http.routes.administration.office import OFFICE_READERS, Raw, keeper, reader, run
from application.administration.entries import change_policy
from application.cases.documents import policy_document
from domain.values import Role

router = APIRouter(tags=[Area.POLICY])


@router.get(
    "/policy",
    response_class=Response,
    operation_id="read_policy",
    openapi_extra=operation(answers_policy("The policy."), needs(OFFICE_READERS)),
)
async def read_policy(request: Request, caller: Caller, version: AtVersion = None) -> Response:
    """Read the policy.

    The one in force, or a version of it. `fields` says the unit and the meaning of each of its fields.
    """
    context, _ = await reader(request, caller)
    book = await context.desk.policy.book(version)
    return versioned(request, book.version, lambda: policy_document(book))


@router.post(
    "/policy",
    response_class=Response,
    operation_id="change_policy",
    openapi_extra=operation(
        takes(PolicyBody), reads(IF_MATCH), written_policy("The policy in force now."), needs((Role.ADMIN,))
    ),
)
async def post_policy(request: Request, caller: Caller, raw: Raw) -> Response:
    """Change the policy.

    Give only the fields to change; of the business hours and the outage report, only the parts. Decisions that were made
    before keep the policy that they were made by.
    """
    context, actor = await keeper(request, caller, "change_policy")
    body = parse(request, raw, PolicyBody)
    change_policy(await policy_of(context), body.changes)  # wrong whatever the policy is by then
    change = partial(change_policy, changes=body.changes)
    return await run(
        request,
        context,
        asked(request, actor, raw),
        exists=True,
        do=lambda given: context.desk.policy.change(change, body.reason, given),
    )

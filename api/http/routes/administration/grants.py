"""Grants: who may act in which role (SOP 7.1)."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.access import Caller
from api.http.bodies.administration.catalogue import GrantBody, RevokeBody
from api.http.documents.access import Access as AccessDocument
from api.http.documents.access import AccessPage
from api.http.openapi.areas import Area
from api.http.openapi.operations import (
    answers,
    needs,
    operation,
    refuses,
    takes,
    written,
)
from api.http.requests import asked, parse
from api.http.responses import answer, json_response, versioned
from api.http.routes.administration.office import OFFICE_READERS, Raw, keeper, reader
from application.cases.documents import access_document
from domain.access import Access, Grant
from domain.values import Role

router = APIRouter(tags=[Area.POLICY])


@router.get(
    "/grants",
    response_class=Response,
    operation_id="list_grants",
    openapi_extra=operation(answers(AccessPage, told="The grants."), needs(OFFICE_READERS)),
)
async def list_grants(request: Request, caller: Caller) -> Response:
    """List the grants.

    Who may act in which role, of which team, since when, and who approved it (R-7.1).
    """
    context, _ = await reader(request, caller)
    reference = await context.desk.references.current()
    found = [access_document(root) for root in reference.roots.values() if isinstance(root, Access)]
    items = sorted(found, key=lambda document: str(document["subject"]))
    return json_response({"items": items, "next_cursor": None, "as_of_position": reference.position})


@router.get(
    "/grants/{subject}",
    response_class=Response,
    operation_id="read_grants",
    openapi_extra=operation(answers(AccessDocument, told="The grants.", headers=("ETag",)), needs(OFFICE_READERS)),
)
async def read_grants(request: Request, caller: Caller, subject: str) -> Response:
    """Read the grants of a person or a machine."""
    context, _ = await reader(request, caller)
    access = await context.desk.grants.access(subject)
    return versioned(request, access.version, lambda: access_document(access))


@router.post(
    "/grants",
    response_class=Response,
    operation_id="grant",
    status_code=201,
    openapi_extra=operation(
        takes(GrantBody),
        written(AccessDocument, told="Their grants.", status=201),
        refuses("contradicts-record"),
        needs((Role.ADMIN,)),
    ),
)
async def post_grant(request: Request, caller: Caller, raw: Raw) -> Response:
    """Grant a role to a person or a machine.

    Nobody grants themselves anything, nor approves it. A grant of the same role replaces the one before (R-7.1).
    """
    context, actor = await keeper(request, caller, "grant")
    body = parse(request, raw, GrantBody)
    since: datetime = body.since or context.desk.clock.now()
    grant = Grant(body.role, body.team, body.approved_by or actor.subject, since, body.until)
    wanted = asked(request, actor, raw, 201, reason=body.why)
    committed = await context.desk.grants.grant(body.subject, grant, wanted)
    return answer(committed, 201, reader=actor, location=f"/grants/{body.subject}")


@router.post(
    "/grants/{subject}/revoke",
    response_class=Response,
    operation_id="revoke",
    openapi_extra=operation(
        takes(RevokeBody),
        written(AccessDocument, told="Their grants."),
        refuses("unknown-reference"),
        needs((Role.ADMIN,)),
    ),
)
async def post_revoke(request: Request, caller: Caller, raw: Raw, subject: str) -> Response:
    """Revoke a role of a person or a machine.

    From the next request on they may no longer act in it (R-7.1).
    """
    context, actor = await keeper(request, caller, "revoke")
    await context.desk.grants.access(subject)
    body = parse(request, raw, RevokeBody)
    wanted = asked(request, actor, raw, reason=body.why)
    committed = await context.desk.grants.revoke(subject, body.role, body.team, wanted)
    return answer(committed, reader=actor)

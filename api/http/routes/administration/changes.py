"""Who changed the policy, the catalogue and the grants: the events of each, with their reasons (SOP 4.1a, 7.1)."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.http.access import Caller
from api.http.context import note_read
from api.http.documents.auditing.history import Changes
from api.http.openapi.areas import Area
from api.http.openapi.operations import answers, needs, operation
from api.http.responses import json_response
from api.http.routes.administration.catalogue import KINDS_SHOWN
from api.http.routes.administration.office import OFFICE_READERS, reader
from application.audit.reads import What
from application.cases.history import history_items
from application.ports import Entry
from domain.values import Role

router = APIRouter()
_CHANGES = answers(Changes, told="The changes, oldest first.")


@router.get(
    "/policy/history",
    response_class=Response,
    operation_id="read_policy_history",
    tags=[Area.POLICY],
    openapi_extra=operation(_CHANGES, needs(OFFICE_READERS)),
)
async def read_policy_history(request: Request, caller: Caller) -> Response:
    """Read who changed the policy.

    Each change with the whole policy as it then was, who made it, when and why.
    """
    context, actor = await reader(request, caller)
    return _told(await context.desk.changes.of_policy(), actor.role)


@router.get(
    "/grants/{subject}/history",
    response_class=Response,
    operation_id="read_grants_history",
    tags=[Area.POLICY],
    openapi_extra=operation(_CHANGES, needs(OFFICE_READERS)),
)
async def read_grants_history(request: Request, caller: Caller, subject: str) -> Response:
    """Read who granted and revoked the roles of a person or a machine."""
    context, actor = await reader(request, caller)
    return _told(await context.desk.changes.of_access(subject), actor.role)


def _entry_route(kind: str) -> None:
    known = KINDS_SHOWN[kind]

    @router.get(
        f"/{kind}/{{code}}/history",
        response_class=Response,
        operation_id=f"read_{kind}_history",
        tags=[known.area],
        description=f"Read who changed a {known.one}.\n\nEach change with the whole entry as it then was, who made it, when "
        "and why.",
        openapi_extra=operation(_CHANGES, needs(known.readers)),
    )
    async def read_history(request: Request, caller: Caller, code: str) -> Response:
        context, actor = await reader(request, caller, known.readers)
        entries = await context.desk.changes.of_entry(kind, code)
        if kind == "customers":  # their contact data can be erased
            note_read(request, actor, What.CUSTOMER, code)
        return _told(entries, actor.role)


for _kind in KINDS_SHOWN:
    _entry_route(_kind)


def _told(entries: Sequence[Entry], role: Role) -> Response:
    items = history_items(entries, role)
    return json_response({"items": items, "next_cursor": None, "as_of_position": entries[-1].position})

"""The keys of monitoring sources, and what these have seen of a case (SOP 5.1). The sources themselves: `catalogue.py`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.http.access import Caller, Staff
from api.http.bodies.administration.catalogue import IssueKeyBody, RevokeKeyBody
from api.http.context import Context, admit, context_of, note_read
from api.http.documents.catalogue import IssuedKey, Source
from api.http.documents.intake import AlertPage
from api.http.openapi.areas import Area
from api.http.openapi.operations import answers, needs, operation, refuses, takes, written
from api.http.parameters import Cursor, Limit, refuse_unknown
from api.http.requests import asked, parse, raw_body
from api.http.responses import answer, page_of
from application.administration.catalogue import authorise_office
from application.audit.reads import What
from application.cases.documents import alert_document
from application.execution.principals import Principal
from application.views.questions import Listing
from domain.case.status import STAFF
from domain.monitoring.alert import Alert
from domain.values import Actor, Role

Raw = Annotated[bytes | None, Depends(raw_body)]
router = APIRouter(tags=[Area.SOURCES])


@router.post(
    "/sources/{code}/keys",
    response_class=Response,
    status_code=201,
    operation_id="issue_key",
    openapi_extra=operation(
        takes(IssueKeyBody),
        written(IssuedKey, told="The source, with its new key.", status=201),
        refuses("invalid-transition"),
        needs((Role.ADMIN,)),
    ),
)
async def issue_key(request: Request, caller: Caller, raw: Raw, code: str) -> Response:
    """Issue a key to a monitoring source.

    The key is in this answer and nowhere else: only its hash is stored.
    """
    context, actor = await _keeper(request, caller, "issue_key")
    await context.desk.catalogue.entry("sources", code)
    body = parse(request, raw, IssueKeyBody)
    issued = await context.desk.monitoring_keys.issue(code, asked(request, actor, raw, 201, reason=body.why))
    made = answer(issued.committed, 201, reader=actor, location=f"/sources/{code}", key=issued.key, key_id=issued.id)
    made.headers["Cache-Control"] = "no-store"
    return made


@router.post(
    "/sources/{code}/keys/{key}/revoke",
    response_class=Response,
    operation_id="revoke_key",
    openapi_extra=operation(
        takes(RevokeKeyBody),
        written(Source, told="The source, without the key."),
        refuses("invalid-transition"),
        needs((Role.ADMIN,)),
    ),
)
async def revoke_key(request: Request, caller: Caller, raw: Raw, code: str, key: str) -> Response:
    """Revoke a key of a monitoring source.

    From the next request on it is not accepted.
    """
    context, actor = await _keeper(request, caller, "revoke_key")
    await context.desk.catalogue.entry("sources", code)
    body = parse(request, raw, RevokeKeyBody)
    committed = await context.desk.monitoring_keys.revoke(code, key, asked(request, actor, raw, reason=body.why))
    return answer(committed, reader=actor)


async def _keeper(request: Request, caller: Principal, command: str) -> tuple[Context, Actor]:
    context = context_of(request)
    actor = await admit(request, caller, (Role.ADMIN,))
    authorise_office(actor, command)
    refuse_unknown(request)
    return context, actor


@router.get(
    "/cases/{number}/alerts",
    response_class=Response,
    operation_id="read_alerts",
    tags=[Area.FILES],
    openapi_extra=operation(answers(AlertPage, told="A page of alerts.", headers=("Link",)), needs(STAFF)),
)
async def read_alerts(
    request: Request, actor: Staff, number: str, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """List the alerts of a case.

    Those that fire come first, each with its episodes. Read from the events, so never behind.
    """
    context, question = context_of(request), f"alerts {number}"
    after = context.cursors.read(question, cursor) if cursor is not None else ()
    found = sorted((_place(alert), alert) for alert in await context.desk.alerts.alerts_of(number, actor))
    note_read(request, actor, What.CASE, number)
    rest = [(place, alert) for place, alert in found if place > tuple(after)]
    shown = rest[:limit]
    position = await context.ask_log(context.log.last_event)
    last = shown[-1][0] if len(rest) > limit else None
    return page_of(request, context, question, Listing([alert_document(alert) for _, alert in shown], last, position))


def _place(alert: Alert) -> tuple[bool, str, str]:
    return not alert.seen.firing, alert.seen.fingerprint, alert.source

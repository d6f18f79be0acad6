"""Self service (SOP 5.1): a report, with an identity or without. What follows is behind a link (`case_links.py`)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.http.bodies.self_service import ReportBody
from api.http.context import Context, admit, authenticated, context_of
from api.http.documents.cases import Case
from api.http.documents.self_service import Reported
from api.http.entrance.limits import PER_ADDRESS, network_of
from api.http.openapi.areas import Area
from api.http.openapi.operations import MAYBE_TOKEN, answers, needs, operation, refuses, takes
from api.http.problems import Problem
from api.http.requests import asked, parse, raw_body
from api.http.responses import answer, json_response
from application.execution.principals import Unauthenticated
from application.execution.requests import Committed
from domain.case.clauses.logging import IncidentReport
from domain.case.status import authorise
from domain.values import Actor, Channel, Nature, Role

PATHS = "/self-service/"
router = APIRouter(prefix="/self-service", tags=[Area.SELF_SERVICE])
Raw = Annotated[bytes | None, Depends(raw_body)]


@router.post(
    "/reports",
    response_class=Response,
    status_code=201,
    operation_id="report",
    openapi_extra=operation(
        MAYBE_TOKEN,
        takes(ReportBody),
        answers(
            Reported,
            Case,
            told="Without a token, the number of the new case; with one, the case.",
            status=201,
            headers=("ETag", "Position", "Idempotency-Replayed", "MaybeLocation"),
        ),
        refuses("unauthenticated", "forbidden", "too-many-requests", "unknown-reference"),
        needs((Role.CUSTOMER,)),
    ),
)
async def post_report(request: Request, raw: Raw) -> Response:
    """Report an incident.

    With a customer's token the case is theirs. Without one, `email` is needed: the link that follows the case is mailed
    there, and the answer tells its number only (R-5.2b).
    """
    context = context_of(request)
    if "authorization" in request.headers:
        return await _report_of(request, context, raw)
    count_report(request, context)
    committed = await reported(request, context, parse(request, raw, ReportBody), raw)
    # Only the number: the reporter has not shown that the address is theirs.
    return json_response({"number": committed.case.number, "follow": "by-mail"}, 201, written(committed))


def count_report(request: Request, context: Context) -> None:
    """Count a report without an identity. Raises Unauthenticated where none are taken, Problem 429."""
    if context.limits.reports == 0:
        raise Unauthenticated("reports need an identity here")
    client = network_of(request.client.host) if request.client else ""
    context.limits.count("reports from", client, context.limits.reports)


async def reported(request: Request, context: Context, body: ReportBody, raw: bytes | None) -> Committed:
    """Log a report without an identity. Raises Problem 422, 429."""
    if body.email is None:
        field = {"detail": "without an identity an address is needed", "pointer": "/email"}
        raise Problem("validation-failed", field["detail"], errors=[field])
    contact = body.named("name", "email", "phone")
    customer = await context.desk.pseudonyms.of(contact)
    context.limits.count("reports as", customer, PER_ADDRESS)
    wanted = asked(request, Actor(customer, Role.CUSTOMER), raw, 201)
    report = _report(context, body, unverified=True)
    return await context.desk.self_service.report_unverified(report, contact, _said(body), wanted)


async def _report_of(request: Request, context: Context, raw: bytes | None) -> Response:
    actor = await admit(request, await authenticated(request), (Role.CUSTOMER,))
    authorise(actor, "log")
    if actor.role is not Role.CUSTOMER:
        raise Problem("forbidden", f"self service is for the role {Role.CUSTOMER}; you are {actor.role}")
    body = parse(request, raw, ReportBody)
    contact, report = body.named("name", "email", "phone"), _report(context, body, unverified=False)
    committed = await context.desk.logging.log(report, contact, _said(body), {}, asked(request, actor, raw, 201))
    return answer(committed, 201, reader=actor, location=f"/cases/{committed.case.number}")


def _report(context: Context, body: ReportBody, *, unverified: bool) -> IncidentReport:
    now = context.desk.clock.now()
    return IncidentReport(
        Channel.SELF_SERVICE,
        now,
        "",
        nature=Nature(body.nature),
        agency=body.agency,
        service=body.service,
        unverified=unverified,
    )


def _said(body: ReportBody) -> dict[str, Any]:
    return body.named("subject", "description", "symptoms", "location", "asset", "callback")


def written(committed: Committed) -> dict[str, str]:
    """What every write answers (http.md)."""
    headers = {"ETag": f'"v{committed.case.version}"', "Position": str(committed.position)}
    return {**headers, "Idempotency-Replayed": "true"} if committed.replayed else headers

"""The link in a mail (R-5.9b): GET shows, POST acts, since mail scanners fetch what they find (http.md, Auth)."""

from __future__ import annotations

import hashlib
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from api.http.bodies.self_service import LinkDisputeForm
from api.http.context import Context, context_of, policy_of
from api.http.openapi.areas import Area
from api.http.openapi.operations import OPEN, PAGE, gives, operation, refuses, takes_form
from api.http.pages.rendering import page
from api.http.problems import Problem, trace_id_of
from api.http.requests import LARGEST, raw_body
from application.customers.case_link import Contested, DisputeOutcome
from application.execution.principals import DisputeLink, Unauthenticated
from application.execution.requests import Idempotency
from application.execution.requests import Request as Asked
from domain.case import Case
from domain.case.status import Status
from domain.errors import NotFound
from domain.values import Actor, Role

PATHS = "/disputes/"
router = APIRouter(tags=[Area.SELF_SERVICE])
_FORM = "application/x-www-form-urlencoded"
_LONGEST = 10_000


@router.get(
    "/disputes/{token}",
    response_class=HTMLResponse,
    operation_id="show_dispute",
    openapi_extra=operation(OPEN, gives(PAGE, told="The page with the form.")),
)
async def show(request: Request, token: str) -> HTMLResponse:
    """Show the form to dispute a resolution.

    The page says what was resolved, and until when it can be disputed. Opening it changes nothing (R-5.9b).
    """
    context, _, case = await _opened(request, token)
    return _shown(case, (await policy_of(context)).business.time_zone)


@router.post(
    "/disputes/{token}",
    response_class=HTMLResponse,
    operation_id="dispute_by_link",
    openapi_extra=operation(
        OPEN,
        takes_form(LinkDisputeForm),
        gives(PAGE, told="What became of it."),
        refuses("too-many-requests"),
    ),
)
async def act(request: Request, raw: Annotated[bytes | None, Depends(raw_body)], token: str) -> HTMLResponse:
    """Dispute a resolution by the link in its mail.

    The case is reopened; after the dispute window a new one is logged. The same words twice are one dispute (R-5.9c, R-5.9f).
    """
    context, link, case = await _opened(request, token)
    context.limits.count_link(link.case, link.customer)
    reason = _reason(request, raw)
    # The same words about what was done since are another dispute, whichever of our mails they answer.
    about = case.resolution_version or link.resolution
    key = hashlib.sha256(f"link\0{token}\0{case.number}\0{about}\0{reason}".encode()).digest()
    asked = Asked(
        Actor(link.customer, Role.CUSTOMER),
        "link",
        idempotency=Idempotency(key, hashlib.sha256(reason.encode()).digest()),
        trace_id=trace_id_of(request),
    )
    told = _told(await context.desk.case_links.contest(link, reason, asked))
    return page("told", told=told, path=None)


async def _opened(request: Request, token: str) -> tuple[Context, DisputeLink, Case]:
    """The link and its case, where it opens something still. Raises NotFound, in the same words whatever is wrong."""
    context = context_of(request)
    try:
        link = context.read_link(token)
        case = await context.desk.case_links.contested(link)
    except (Unauthenticated, NotFound):
        raise NotFound("This link is not valid, or no longer.") from None
    return context, link, case


def _reason(request: Request, raw: bytes | None) -> str:
    if raw is None:
        raise Problem("content-too-large", f"a body may have {LARGEST} bytes")
    kind = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if kind != _FORM:
        raise Problem("unsupported-media-type", f"{kind} is not understood; send the form")
    given = parse_qs(raw.decode("utf-8", "replace")).get("reason", [""])[0].replace("\0", "").strip()
    if not 1 <= len(given) <= _LONGEST:
        raise Problem("validation-failed", f"say what is not right, in 1 to {_LONGEST} characters")
    return given


def _shown(case: Case, time_zone: str) -> HTMLResponse:
    return page(
        "dispute",
        number=case.number,
        subject=(case.words and case.words.text("subject")) or "",
        settled=case.status in (Status.RESOLVED, Status.CLOSED),
        solution=case.solution and case.solution.text("solution"),
        until=case.dispute_until,
        zone=time_zone,
    )


def _told(outcome: DisputeOutcome) -> str:
    number = outcome.case.number
    return {
        Contested.REOPENED: f"{number} is reopened. We go on with it.",
        Contested.NOTED: f"{number} is being worked on; what you wrote is added to it.",
        Contested.FOLLOWED_UP: f"The time to dispute was over. We have opened {number} for it.",
    }[outcome.contested]

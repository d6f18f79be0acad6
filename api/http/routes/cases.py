"""Reading: one case and its history from the events, lists, queues and reports from the views."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.http.access import FreshReader, FreshStaff, Reader, Staff, asked_of, reading
from api.http.case_filters import case_filters
from api.http.context import authenticated, context_of, note_read, policy_of
from api.http.documents.auditing.history import History
from api.http.documents.cases import Case
from api.http.documents.lists import CandidatePage, CasePage, QueuePage
from api.http.documents.targets import CaseTargets
from api.http.entrance.deadline import LONG, allow
from api.http.openapi.areas import Area
from api.http.openapi.headers import WAIT_FOR_POSITION
from api.http.openapi.operations import answers, needs, operation, reads
from api.http.parameters import AsOf, AtEvent, AtPosition, AtVersion, Cursor, EffectiveAt, Limit
from api.http.responses import json_response, page_of, unchanged, versioned
from application.audit.reads import What
from application.cases.documents import case_document, commands_of
from application.cases.history import history_items
from application.views.case_filters import Condition, Sort
from application.views.questions import Listing, Page
from domain.case.status import READERS, STAFF
from domain.errors import NotFound
from domain.values import Role

router = APIRouter()


@router.get(
    "/cases/{number}",
    response_class=Response,
    operation_id="read_case",
    tags=[Area.CASES],
    openapi_extra=operation(answers(Case, told="The case.", headers=("ETag",)), needs(READERS)),
)
async def read_case(
    request: Request,
    actor: Reader,
    number: str,
    version: AtVersion = None,
    position: AtEvent = None,
    as_of: AsOf = None,
) -> Response:
    """Read a case.

    It is read from its events, so it is never behind. `version`, `position` and `as_of` read it as it was; if several are
    given, the earliest wins. `can` lists the commands that staff may give now. Customers read their own cases only.
    """
    records = context_of(request).desk.records
    now = version is None and position is None and as_of is None
    if now and "if-none-match" in request.headers:
        head = await records.head(number, actor)
        if (same := unchanged(request, f"v{head.version}")) is not None:
            return same
    case = await records.case(number, actor, version=version, position=position, as_of=as_of)
    note_read(request, actor, What.CASE, number, case=case)
    return versioned(
        request,
        case.version,
        lambda: {**case_document(case, actor.role), **(commands_of(case, actor) if now else {})},
    )


async def read_case_now(request: Request, number: str) -> Response:
    """Answer `read_case` where the request has no query: then FastAPI has nothing to find in it."""
    return await read_case(request, await reading(request, await authenticated(request)), number)


@router.get(
    "/cases/{number}/candidates",
    response_class=Response,
    operation_id="read_candidates",
    tags=[Area.RELATED],
    openapi_extra=operation(answers(CandidatePage, told="The candidates."), needs(STAFF)),
)
async def read_candidates(request: Request, actor: Staff, number: str) -> Response:
    """Find cases that may be about the same incident.

    The search is made now. Cases that somebody has decided on are left out (R-5.6a).
    """
    context = context_of(request)
    allow(LONG)
    found = await context.desk.relations.candidates(number, actor)
    threshold = (await policy_of(context)).duplicate_threshold
    items = [{**vars(c), "decision_required": c.score >= threshold} for c in found]
    position = await context.ask(context.views.positions.last())
    return json_response({"items": items, "next_cursor": None, "as_of_position": position})


@router.get(
    "/cases/{number}/targets",
    response_class=Response,
    operation_id="read_targets",
    tags=[Area.CASES],
    openapi_extra=operation(answers(CaseTargets, told="The targets."), needs(STAFF)),
)
async def read_targets(request: Request, actor: Staff, number: str) -> Response:
    """Read the targets of a case.

    With what the clock found of them: warnings, breaches and escalations (R-5.2e). These are in a stream of their own, so
    they change neither the case nor its ETag.
    """
    return json_response(await context_of(request).desk.targets.document(number, actor))


@router.get(
    "/cases/{number}/history",
    response_class=Response,
    operation_id="read_history",
    tags=[Area.CASES],
    openapi_extra=operation(answers(History, told="A page of the history.", headers=("ETag", "Link")), needs(READERS)),
)
async def read_history(
    request: Request, actor: Reader, number: str, limit: Limit = 200, cursor: Cursor = None
) -> Response:
    """Read the history of a case.

    Every event, with who, how, when and why, in pages. It is read from the ledger, so it is never behind. Customers read
    what concerns them.
    """
    context = context_of(request)
    records, question = context.desk.records, f"history {number}"
    (after,) = context.cursors.read(question, cursor) if cursor is not None else (0,)
    if "if-none-match" in request.headers:
        head = await records.head(number, actor)
        if (same := unchanged(request, f"v{head.version}")) is not None:
            return same
    page = await records.history_page(number, actor, after, limit)
    key = None if page.next is None else (page.next,)
    listing = Listing(history_items(page.entries, actor.role), key, page.head.position)
    note_read(request, actor, What.HISTORY, number, position=page.head.position)
    return page_of(request, context, question, listing, headers={"ETag": f'"v{page.head.version}"'})


async def read_history_now(request: Request, number: str) -> Response:
    """Answer `read_history` in the same way."""
    return await read_history(request, await reading(request, await authenticated(request)), number)


DIRECT = {("GET", "/cases/{number}"): read_case_now, ("GET", "/cases/{number}/history"): read_history_now}
"""For `entrance/door.py`."""


@router.get(
    "/cases",
    response_class=Response,
    operation_id="list_cases",
    tags=[Area.CASES],
    openapi_extra=operation(
        reads(WAIT_FOR_POSITION),
        answers(CasePage, told="A page of cases.", headers=("Link",)),
        needs(READERS),
    ),
)
async def list_cases(
    request: Request,
    actor: FreshReader,
    conditions: Annotated[tuple[Condition, ...], Depends(case_filters)],
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Annotated[
        Sort,
        Query(
            description="What to sort by; with `-` the greatest first. Empty values come last.", examples=["-updated"]
        ),
    ] = "-number",
    as_of: AsOf = None,
    position: AtPosition = None,
    effective_at: EffectiveAt = None,
) -> Response:
    """List cases.

    Filters combine: a case is listed if all of them fit. Ties are sorted by number. All pages are as of the position of the
    first one, so that no case is listed twice or left out while cases change. `as_of` and `position` read what the ledger
    knew then, `effective_at` what had happened by then. Customers read their own cases only.
    """
    context = context_of(request)
    if actor.role is Role.CUSTOMER:
        conditions = (
            *(each for each in conditions if each.column != "customer"),
            Condition("customer", "=", actor.subject),
        )
    question = f"cases {sort} {conditions} {as_of} {position} {effective_at}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    asked = await asked_of(context, actor, as_of, position, effective_at)
    listing = await context.ask(context.views.lists.cases(conditions, sort, Page(after, limit), asked))
    note_read(request, actor, What.LIST, "cases", position=listing.position)
    return page_of(request, context, question, listing)


@router.get(
    "/queues",
    response_class=Response,
    operation_id="list_queues",
    tags=[Area.QUEUES],
    openapi_extra=operation(reads(WAIT_FOR_POSITION), answers(QueuePage, told="The queues."), needs(STAFF)),
)
async def list_queues(request: Request, actor: FreshStaff) -> Response:
    """List the queues.

    The queues of the desk are by status, each team has its own: a case stands in one of them until it is closed. `obligations`
    counts obligations, `quarantine` messages, and `unprioritized` cases that have lacked a priority for too long (R-5.4d).
    `attention` counts the other lists of open cases that `GET /queues/{name}` answers.
    """
    context = context_of(request)
    asked = await asked_of(context, actor, None, None, None)
    counts = await context.ask(context.views.lists.queues(asked))
    return json_response(
        {
            "items": [{"name": name, "cases": cases} for name, cases in counts.queues.items()],
            "attention": [{"name": name, "cases": cases} for name, cases in counts.attention.items()],
            "next_cursor": None,
            "as_of_position": counts.position,
        }
    )


@router.get(
    "/queues/{name}",
    response_class=Response,
    operation_id="read_queue",
    tags=[Area.QUEUES],
    openapi_extra=operation(
        reads(WAIT_FOR_POSITION), answers(CasePage, told="A page of the queue.", headers=("Link",)), needs(STAFF)
    ),
)
async def read_queue(
    request: Request,
    actor: FreshStaff,
    name: str,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_of: AsOf = None,
    position: AtPosition = None,
    effective_at: EffectiveAt = None,
) -> Response:
    """List the cases of a queue.

    By priority, then by time of receipt; `breaching` by `due_at`. All pages are as of the position of the first one.
    `as_of` and `position` read what the ledger knew then, `effective_at` what had happened by then.

    Beside the queues of the desk and the teams there are `mine` (the caller's), `unassigned` (a team's, without a technician),
    `awaiting_customer`, `disputes` (a mail may be a dispute, or a dispute reopened the case), `major` (nominated or declared),
    `breaching` (unresolved, and the clock runs) and `unprioritized` (R-5.4d).
    """
    context = context_of(request)
    if "\0" in name:
        raise NotFound("there is no such queue")
    question = f"queue {name} {as_of} {position} {effective_at}{' ' + actor.subject if name == 'mine' else ''}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    asked = await asked_of(context, actor, as_of, position, effective_at)
    listing = await context.ask(context.views.lists.queue(name, Page(after, limit), asked))
    note_read(request, actor, What.LIST, f"queue {name}"[:200], position=listing.position)
    return page_of(request, context, question, listing)

"""Reading: one case and its history from the events, lists, queues and reports from the views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.http.context import Context, admit, authenticated, context_of, policy_of
from api.http.deadline import LONG, allow, in_thread
from api.http.documents.cases import Case
from api.http.documents.history import History
from api.http.documents.lists import CandidatePage, CasePage, QueuePage
from api.http.openapi.areas import Area
from api.http.openapi.headers import WAIT_FOR_POSITION
from api.http.openapi.operations import answers, filters, needs, operation, reads
from api.http.parameters import AsOf, AtEvent, AtPosition, AtVersion, Cursor, EffectiveAt, Limit, refuse_unknown
from api.http.problems import Problem
from application.cases.documents import case_document, commands_of
from application.cases.history import history_items
from application.execution.principals import Principal
from application.ports import Entry
from application.views.questions import Listing, Page, Point
from domain.case.status import READERS, STAFF, authorise_reading
from domain.errors import Forbidden, NotFound
from domain.values import Actor, Role

Caller = Annotated[Principal, Depends(authenticated)]
_PAGING = frozenset({"limit", "cursor", "sort"})
_LONGEST_POSITION = 18
"""Digits."""
_MANY = 200
"""Events."""


async def reading(request: Request, caller: Caller) -> Actor:
    """The caller as one who reads cases; 403 before any parameter is looked at."""
    actor = await admit(request, caller, READERS)
    authorise_reading(actor)
    request.state.actor = actor
    refuse_unknown(request)
    return actor


async def staffing(request: Request, caller: Caller) -> Actor:
    """The caller as one who reads what is not one customer's. Raises Forbidden, naming the roles that may."""
    actor = await require_staff(request, caller)
    refuse_unknown(request)
    return actor


async def require_staff(request: Request, caller: Principal) -> Actor:
    """The caller as staff, by the grants in force. Raises Forbidden, naming the roles that may."""
    actor = await admit(request, caller, STAFF)
    if actor.role not in STAFF:
        raise Forbidden(f"this needs the role {' or '.join(sorted(STAFF))}; you are {actor.role}")
    return actor


async def keeping(request: Request, caller: Caller) -> Actor:
    """The caller as staff, or as the administrator, who erases what is due. Raises Forbidden."""
    keepers = (*STAFF, Role.ADMIN)
    actor = await admit(request, caller, keepers)
    if actor.role not in keepers:
        raise Forbidden(f"this needs the role {' or '.join(sorted(keepers))}; you are {actor.role}")
    refuse_unknown(request)
    return actor


Reader = Annotated[Actor, Depends(reading)]
Staff = Annotated[Actor, Depends(staffing)]


async def _wait_for_position(request: Request) -> None:
    given = request.headers.get("wait-for-position")
    if given is None:
        return
    if not given.isdecimal() or len(given) > _LONGEST_POSITION:
        raise Problem("malformed", "Wait-For-Position takes a position")
    context = context_of(request)
    if not await context.feed.wait_for_view(int(given), context.patience):
        raise Problem("unavailable", f"the views have not reached position {given} yet")


async def fresh_reading(request: Request, actor: Reader) -> Actor:
    """A reader whose views have reached `Wait-For-Position`, waited for without a thread. Raises Problem 503, 400."""
    await _wait_for_position(request)
    return actor


async def fresh_staffing(request: Request, actor: Staff) -> Actor:
    """The same for staff."""
    await _wait_for_position(request)
    return actor


async def fresh_keeping(request: Request, actor: Annotated[Actor, Depends(keeping)]) -> Actor:
    """The same for staff and the administrator."""
    await _wait_for_position(request)
    return actor


FreshKeeper = Annotated[Actor, Depends(fresh_keeping)]
FreshReader = Annotated[Actor, Depends(fresh_reading)]
FreshStaff = Annotated[Actor, Depends(fresh_staffing)]
router = APIRouter()


def json_response(document: Any, **headers: str) -> Response:
    """A document as JSON: times as RFC 3339 in UTC."""
    return Response(msgspec.json.encode(document), headers=headers, media_type="application/json")


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
    case = await records.case(number, actor, version=version, position=position, as_of=as_of)
    now = version is None and position is None and as_of is None
    return versioned(
        request,
        case.version,
        lambda: {**case_document(case, actor.role), **(commands_of(case, actor) if now else {})},
    )


async def read_case_now(request: Request, number: str) -> Response:
    """Answer `read_case` where the request has no query: then FastAPI has nothing to find in it."""
    return await read_case(request, await reading(request, await authenticated(request)), number)


DIRECT = {("GET", "/cases/{number}"): read_case_now}
"""For `entrance.py`."""


def versioned(request: Request, version: int, document: Callable[[], Any]) -> Response:
    """What has one version, with that as its ETag; 304 when the caller has it already."""
    same = unchanged(request, f"v{version}")
    return same if same is not None else json_response(document(), ETag=f'"v{version}"')


def unchanged(request: Request, tag: str) -> Response | None:
    """304 when the caller has what the tag stands for already (weak comparison, RFC 9110, 13.1.2)."""
    etag = f'"{tag}"'
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=304, headers={"ETag": etag}) if etag in known or "*" in known else None


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
    "/cases/{number}/history",
    response_class=Response,
    operation_id="read_history",
    tags=[Area.CASES],
    openapi_extra=operation(answers(History, told="The history.", headers=("ETag",)), needs(READERS)),
)
async def read_history(request: Request, actor: Reader, number: str) -> Response:
    """Read the history of a case.

    Every event, with who, how, when and why. It is read from the ledger, so it is never behind. Customers read what
    concerns them.
    """
    entries = await context_of(request).desk.records.history(number, actor)
    last = entries[-1]
    if (same := unchanged(request, f"v{last.event.originator_version}")) is not None:
        return same
    items = await _history_items(entries, actor.role)
    return json_response(
        {"items": items, "next_cursor": None, "as_of_position": last.position},
        ETag=f'"v{last.event.originator_version}"',
    )


async def _history_items(entries: Sequence[Entry], reader: Role) -> list[dict[str, Any]]:
    """The events as they read. A storm's history is so long that it must not hold up the event loop."""
    if len(entries) <= _MANY:
        return history_items(entries, reader)
    return await in_thread(partial(history_items, entries, reader))


@router.get(
    "/cases",
    response_class=Response,
    operation_id="list_cases",
    tags=[Area.CASES],
    openapi_extra=operation(
        filters(
            status=("Only cases in this status.", "assigned"),
            queue=("Only cases in this queue of `GET /queues`.", "diagnosis"),
            team=("Only cases that this team holds.", "network"),
            technician=("Only cases of this technician.", "t.lee"),
            service=("Only cases of this service.", "printing"),
            customer=("Only cases of this customer id. Customers read their own cases only.", "f2d3009c3f5755d9"),
            channel=("Only cases that came by this channel.", "phone"),
            agency=("Only cases of this agency.", "dot"),
            external_ref=("Only cases with this number in another system.", "DHS-2026-118"),
            priority=("Only cases of this priority, 1 to 4.", "3"),
            impact=("Only cases of this impact, 1 to 3.", "2"),
            severity=("Only cases of this severity, 1 to 3.", "2"),
        ),
        reads(WAIT_FOR_POSITION),
        answers(CasePage, told="A page of cases.", headers=("Link",)),
        needs(READERS),
    ),
)
async def list_cases(
    request: Request,
    actor: FreshReader,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Annotated[
        Literal["number", "-number"], Query(description="By number; `-number`: the latest first.", examples=["-number"])
    ] = "-number",
) -> Response:
    """List cases.

    Filters combine: a case is listed if all of them fit. Customers read their own cases only.
    """
    context = context_of(request)
    filters = {name: value for name, value in request.query_params.items() if name not in _PAGING}
    if actor.role is Role.CUSTOMER:
        filters["customer"] = actor.subject
    question = f"cases {sort} {sorted(filters.items())}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    try:
        listing = await context.ask(context.views.lists.cases(filters, sort, Page(after, limit)))
    except ValueError as error:
        raise Problem("validation-failed", str(error)) from None
    return page_of(request, context, question, listing)


@router.get(
    "/queues",
    response_class=Response,
    operation_id="list_queues",
    tags=[Area.QUEUES],
    openapi_extra=operation(reads(WAIT_FOR_POSITION), answers(QueuePage, told="The queues."), needs(STAFF)),
)
async def list_queues(request: Request, actor: FreshStaff) -> Response:  # noqa: ARG001 - asked for its refusal
    """List the queues.

    The queues of the desk are by status, each team has its own. `obligations` counts obligations, `quarantine` messages, and
    `unprioritized` cases that have lacked a priority for too long (R-5.4d).
    """
    context = context_of(request)
    alarm = (await policy_of(context)).unprioritized_alarm
    listing = await context.ask(context.views.lists.queues(context.desk.clock.now(), alarm))
    return page_of(request, context, "queues", listing)


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
    actor: FreshStaff,  # noqa: ARG001 - asked for its refusal
    name: str,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_of: AsOf = None,
    position: AtPosition = None,
    effective_at: EffectiveAt = None,
) -> Response:
    """List the cases of a queue.

    By priority, then by time of receipt. `as_of` and `position` read what the ledger knew then, `effective_at` what had
    happened by then.
    """
    context = context_of(request)
    point = await point_of(context, as_of, position, effective_at)
    if "\0" in name:
        raise NotFound("there is no such queue")
    question = f"queue {name} {as_of} {position} {effective_at}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    now, alarm = as_of or context.desk.clock.now(), (await policy_of(context)).unprioritized_alarm
    listing = await context.ask(context.views.lists.queue(name, point, Page(after, limit), now, alarm))
    return page_of(request, context, question, listing)


async def point_of(
    context: Context, as_of: datetime | None, position: int | None, effective_at: datetime | None
) -> Point:
    """The point in the record that a question is about."""
    if as_of is not None:
        known = await context.ask(context.views.positions.at(as_of))
        position = known if position is None else min(known, position)
    return Point(position, effective_at)


def page_of(request: Request, context: Context, question: str, listing: Listing) -> Response:
    """A page with its cursor and its link to the next (RFC 8288)."""
    cursor = context.cursors.make(question, listing.next_key) if listing.next_key else None
    document = {"items": listing.items, "next_cursor": cursor, "as_of_position": listing.position}
    if cursor is None:
        return json_response(document)
    link = request.url.include_query_params(cursor=cursor)
    return json_response(document, Link=f'<{link.path}?{link.query}>; rel="next"')

"""Lists of cases: queues, all cases with filters, a search; and what the desk owes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import Response

from api.http.access import asked_of
from api.http.case_filters import case_filters
from api.http.console.access import Reader, Staff, asked_now, only_given
from api.http.console.choices import with_options
from api.http.console.differences import ListDifference, Listed, list_difference
from api.http.console.fields import Field, Option, choice, line, options
from api.http.console.forms.cases import BULK
from api.http.console.forms.command_form import CommandForm
from api.http.console.frame import frame_of, queue_title
from api.http.console.rendering import Frame, show
from api.http.console.route import area
from api.http.console.wording import OWED, STATUSES, titled
from api.http.context import Context, context_of, note_read
from api.http.parameters import AsOf
from application.audit.reads import What
from application.cases.documents import filters_document
from application.views.case_filters import Condition, Sort
from application.views.questions import Asked, Page
from domain.case.status import Status
from domain.errors import NotFound
from domain.values import Actor, Channel, Role

router = area()
_LIMIT = 50
_KNOWN = 5
_SORTS = {
    "-updated": "Changed last",
    "-number": "Newest",
    "number": "Oldest",
    "due": "Due first",
    "priority": "Most urgent",
}
_FILTERS = (
    choice("status", "Status", tuple(Option(each, STATUSES[each]) for each in Status), required=False),
    choice("priority", "Priority", options(**{"1": "P1", "2": "P2", "3": "P3", "4": "P4"}), required=False),
    choice("service", "Service", "services", required=False),
    choice("team", "Team", "teams", required=False),
    line("technician", "Technician", required=False),
    choice("channel", "Came by", tuple(Option(each, titled(each)) for each in Channel), required=False),
    choice(
        "pending",
        "Waits for",
        options(any="Anything", customer="Customer", vendor="Vendor", problem="Problem", evidence="Evidence"),
        required=False,
    ),
    choice("overdue", "Late", options(true="Only late", false="Only in time"), required=False),
)


@router.get("/queues/{name}")
async def read_queue(
    request: Request, actor: Staff, name: str, cursor: str | None = None, as_of: AsOf = None
) -> Response:
    """A queue in the order in which it is worked, now or as of a moment."""
    context = context_of(request)
    if "\0" in name:
        raise NotFound("there is no such queue")
    question = f"ui queue {name} {as_of} {actor.subject}"
    after = context.cursors.read(question, cursor) if cursor else None
    asked = await asked_of(context, actor, as_of, None, None)
    listed = partial(context.views.lists.queue, name)
    listing, frame, bulk = await asyncio.gather(
        context.ask(listed(Page(after, _LIMIT), asked)), frame_of(request, actor), _bulk(context, actor, as_of)
    )
    note_read(request, actor, What.LIST, f"queue {name}"[:200], position=listing.position)
    key = listing.next_key
    return show(
        frame,
        "lists/queue",
        title=queue_title(name, frame.teams),
        name=name,
        listing=listing,
        bulk=bulk,
        as_of=as_of,
        since=await _since(context, actor, listed, asked, frame) if as_of and cursor is None else None,
        more=_with(request, cursor=context.cursors.make(question, key)) if key else None,
        later=cursor is not None,
    )


@router.get("/cases", dependencies=[Depends(only_given)])
async def list_cases(
    request: Request,
    actor: Reader,
    conditions: Annotated[tuple[Condition, ...], Depends(case_filters)],
    sort: Sort = "-updated",
    cursor: str | None = None,
    as_of: AsOf = None,
) -> Response:
    """All cases that meet the filters in the address. A customer's are their own."""
    context = context_of(request)
    if actor.role is Role.CUSTOMER:
        others = tuple(each for each in conditions if each.column != "customer")
        conditions = (*others, Condition("customer", "=", actor.subject))
    question = f"ui cases {sort} {conditions} {as_of}"
    after = context.cursors.read(question, cursor) if cursor else None
    asked = await asked_of(context, actor, as_of, None, None)
    listed = partial(context.views.lists.cases, conditions, sort)
    listing, frame, saved, bulk = await asyncio.gather(
        context.ask(listed(Page(after, _LIMIT), asked)),
        frame_of(request, actor),
        _saved(context, actor),
        _bulk(context, actor, as_of),
    )
    note_read(request, actor, What.LIST, "cases", position=listing.position)
    key = listing.next_key
    return show(
        frame,
        "lists/all_cases",
        title="My cases" if actor.role is Role.CUSTOMER else "All cases",
        filters=await with_options(context, _FILTERS[:1] if actor.role is Role.CUSTOMER else _FILTERS, {}),
        saved=saved,
        query=request.url.query,
        sorts=_SORTS,
        sort=sort,
        given=dict(request.query_params),
        listing=listing,
        bulk=bulk,
        as_of=as_of,
        since=await _since(context, actor, listed, asked, frame) if as_of and cursor is None else None,
        more=_with(request, cursor=context.cursors.make(question, key)) if key else None,
        later=cursor is not None,
    )


@router.get("/search")
async def search(request: Request, actor: Staff, q: str = "", cursor: str | None = None) -> Response:
    """Cases by their words, and the known errors that fit."""
    context, words = context_of(request), q.strip()[:1000]
    if not words:
        frame = await frame_of(request, actor)
        return show(frame, "lists/search", title="Search", q="", listing=None, known=(), more=None)
    question = f"ui search {words!r}"
    after = context.cursors.read(question, cursor) if cursor else None
    listing, known, frame = await asyncio.gather(
        context.ask(context.views.search.cases(words, Page(after, _LIMIT))),
        context.ask(context.views.search.known_errors(words, None, Page(limit=_KNOWN))),
        frame_of(request, actor),
    )
    note_read(request, actor, What.LIST, "search", position=listing.position)
    more = _with(request, cursor=context.cursors.make(question, listing.next_key)) if listing.next_key else None
    return show(frame, "lists/search", title="Search", q=words, listing=listing, known=known.items, more=more)


@router.get("/obligations", dependencies=[Depends(only_given)])
async def obligations(
    request: Request, actor: Staff, role: str = "", team: str = "", kind: str = "", cursor: str | None = None
) -> Response:
    """What the desk owes, by due time."""
    context = context_of(request)
    filters = {name: value for name, value in (("role", role), ("team", team), ("kind", kind)) if value}
    question = f"ui obligations {sorted(filters.items())}"
    after = context.cursors.read(question, cursor) if cursor else None
    asked = await asked_now(context, actor)
    listing, frame = await asyncio.gather(
        context.ask(context.views.lists.obligations(filters, Page(after, _LIMIT), asked)), frame_of(request, actor)
    )
    more = _with(request, cursor=context.cursors.make(question, listing.next_key)) if listing.next_key else None
    return show(
        frame,
        "lists/obligations",
        title="Obligations",
        listing=listing,
        kinds=OWED,
        kind=kind,
        more=more,
    )


async def _since(context: Context, actor: Actor, listed: Listed, then: Asked, frame: Frame) -> ListDifference:
    """How a list as of the past differs from now."""
    return await list_difference(context, listed, then, await asked_now(context, actor), frame.zone)


async def _saved(context: Context, actor: Actor) -> list[Mapping[str, Any]]:
    """The filters that a person works with, their own first."""
    if actor.role is Role.CUSTOMER:
        return []
    owners = [filters_document(each) for each in await context.desk.filters.of(actor)]
    return [{**each, "shared": of["owner"] != actor.subject} for of in owners for each in of["filters"]]


async def _bulk(
    context: Context, actor: Actor, as_of: datetime | None
) -> list[tuple[str, CommandForm, Sequence[Field]]] | None:
    """The commands that a person gives on many cases; None for a role that gives none, and on the past."""
    if as_of is not None or actor.role not in (Role.TECHNICIAN, Role.TEAM_MEMBER):
        return None
    return [(name, form, await with_options(context, form.fields, {})) for name, form in BULK.items()]


def _with(request: Request, **changes: str) -> str:
    """The address of this page with other parameters."""
    given: Mapping[str, str] = {**request.query_params, **changes}
    return f"{request.url.path}?{urlencode(given)}"

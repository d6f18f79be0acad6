"""Problems, known errors, search and what is owed: questions to the views that only staff ask."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.http.access import FreshStaff, asked_of
from api.http.context import admit, authenticated, context_of, note_read
from api.http.documents.lists import ObligationPage, SearchPage
from api.http.documents.problems import KnownErrorPage, ProblemCase, ProblemPage, ProblemType
from api.http.fields import Line, Moment
from api.http.openapi.areas import Area
from api.http.openapi.headers import WAIT_FOR_POSITION
from api.http.openapi.operations import MAYBE_TOKEN, answers, filters, needs, operation, reads
from api.http.parameters import AsOf, AtPosition, AtVersion, Cursor, EffectiveAt, Limit, refuse_unknown
from api.http.problems import BASE, TITLES, Problem
from api.http.responses import json_response, page_of, versioned
from application.audit.reads import What
from application.cases.documents import problem_document
from application.views.questions import Page
from domain.case.status import STAFF, Status

router = APIRouter()
_KNOWN = 5
"""Known errors beside the first cases of a search."""
_OWED = ("kind", "role", "team", "case")
_PROBLEMS = ("status", "service", "known_error")
_LISTED_OBLIGATIONS = operation(
    filters(
        kind=("Only obligations of this kind.", "inform_customer"),
        role=("Only obligations of this role.", "technician"),
        team=("Only obligations of this team.", "network"),
        case=("Only obligations about this case.", "INC-0000009"),
    ),
    reads(WAIT_FOR_POSITION),
    answers(ObligationPage, told="A page of obligations.", headers=("Link",)),
    needs(STAFF),
)
Question = Annotated[
    str | None, Query(max_length=500, description="Words to look for. All, unless given.", examples=["queue stuck"])
]
OfService = Annotated[str | None, Query(description="Only those of this service.", examples=["printing"])]


@router.get(
    "/problems",
    response_class=Response,
    operation_id="list_problems",
    tags=[Area.PROBLEMS],
    openapi_extra=operation(
        filters(
            status=("Only problems in this status.", "known_error"),
            service=("Only problems of this service.", "printing"),
            known_error=("Only the problem of this known error.", "KE-0000001"),
        ),
        reads(WAIT_FOR_POSITION),
        answers(ProblemPage, told="A page of Problem Cases.", headers=("Link",)),
        needs(STAFF),
    ),
)
async def list_problems(
    request: Request,
    actor: FreshStaff,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List Problem Cases.

    By number. Filters combine (R-5.8.1b).
    """
    context = context_of(request)
    filters = {name: request.query_params[name] for name in _PROBLEMS if name in request.query_params}
    question = f"problems {sorted(filters.items())}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    listing = await context.ask(context.views.lists.problems(filters, Page(after, limit)))
    note_read(request, actor, What.LIST, "problems", position=listing.position)
    return page_of(request, context, question, listing)


@router.get(
    "/problems/{number}",
    response_class=Response,
    operation_id="read_problem",
    tags=[Area.PROBLEMS],
    openapi_extra=operation(
        MAYBE_TOKEN,
        answers(ProblemCase, ProblemType, told="The Problem Case, or the problem type.", headers=("MaybeETag",)),
        needs(STAFF),
    ),
)
async def read_problem(request: Request, number: str, version: AtVersion = None) -> Response:
    """Read a Problem Case, or the meaning of a problem type.

    A Problem Case is read from its events, so it is never behind. Problem types (RFC 9457), such as
    `/problems/stale-version`, are open to everybody.
    """
    if number in TITLES:
        status, title = TITLES[number]
        return json_response({"type": BASE + number, "title": title, "status": status})
    if not number.startswith("PRB-"):
        raise Problem("not-found", f"there is neither a problem nor a problem type {number}")
    actor = await admit(request, await authenticated(request), STAFF)
    refuse_unknown(request)
    problem = await context_of(request).desk.problems.problem(number, actor, version=version)
    note_read(request, actor, What.PROBLEM, number)
    return versioned(request, problem.version, lambda: problem_document(problem))


@router.get(
    "/known-errors",
    response_class=Response,
    operation_id="find_known_errors",
    tags=[Area.PROBLEMS],
    openapi_extra=operation(
        reads(WAIT_FOR_POSITION),
        answers(KnownErrorPage, told="A page of known errors.", headers=("Link",)),
        needs(STAFF),
    ),
)
async def find_known_errors(
    request: Request,
    actor: FreshStaff,
    q: Question = None,
    service: OfService = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Search the known errors.

    The most similar first. Record a search for a case with `POST /cases/{number}/known-errors` (R-5.5b).
    """
    context = context_of(request)
    question = f"known errors {q!r} {service!r}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    listing = await context.ask(context.views.search.known_errors(q, service, Page(after, limit)))
    note_read(request, actor, What.LIST, "known errors", position=listing.position)
    return page_of(request, context, question, listing)


@router.get(
    "/search",
    response_class=Response,
    operation_id="search",
    tags=[Area.CASES],
    openapi_extra=operation(
        reads(WAIT_FOR_POSITION), answers(SearchPage, told="A page of cases.", headers=("Link",)), needs(STAFF)
    ),
)
async def search(
    request: Request,
    actor: FreshStaff,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=1000,
            description="Words that were used in the case, or its number.",
            examples=["network counter"],
        ),
    ],
    status: Annotated[Status | None, Query(description="Only cases in this status.", examples=["assigned"])] = None,
    service: OfService = None,
    team: Annotated[Line | None, Query(description="Only cases that this team holds.", examples=["network"])] = None,
    received_from: Annotated[Moment | None, Query(description="Only cases received at this time or later.")] = None,
    received_to: Annotated[Moment | None, Query(description="Only cases received before this time.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Search cases by their words.

    Looks into reports, replies, notes, solutions, disputes and names of files. First comes the case with the number `q`, then
    the cases that have all words of `q`, then those with similar words, open and closed ones. Words in a pair of quotes must follow
    each other, and are never misspelt. Every other sign is a word, or separates words. The first page also has known errors.

    A search ranks the newest 500 cases that match, or somewhat more; the next pages go on with older ones. It looks at 4,000 cases
    for a page, so where filters leave few of them, a page may hold less than `limit`, or nothing: follow `next_cursor` until it is null.
    """
    given = {
        "status": status,
        "service": service,
        "team": team,
        "received_from": received_from,
        "received_to": received_to,
    }
    given = {name: value for name, value in given.items() if value is not None}
    context, question = context_of(request), f"search {q!r} {sorted(given.items())}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    listing = await context.ask(context.views.search.cases(q, Page(after, limit), given))
    known = (
        [] if after else (await context.ask(context.views.search.known_errors(q, service, Page(limit=_KNOWN)))).items
    )
    note_read(request, actor, What.LIST, "search", position=listing.position)
    return page_of(request, context, question, listing, known_errors=known)


@router.get("/queues/obligations", response_class=Response, include_in_schema=False, openapi_extra=_LISTED_OBLIGATIONS)
@router.get(
    "/obligations",
    response_class=Response,
    operation_id="list_obligations",
    tags=[Area.QUEUES],
    openapi_extra=_LISTED_OBLIGATIONS,
)
async def list_obligations(
    request: Request,
    actor: FreshStaff,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_of: AsOf = None,
    position: AtPosition = None,
    effective_at: EffectiveAt = None,
) -> Response:
    """List obligations.

    What the desk owes, by due time, now or as the ledger knew it earlier. Filters combine. All pages are as of the position of
    the first one.
    """
    context = context_of(request)
    filters = {name: request.query_params[name] for name in _OWED if name in request.query_params}
    question = f"obligations {sorted(filters.items())} {as_of} {position} {effective_at}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    asked = await asked_of(context, actor, as_of, position, effective_at)
    listing = await context.ask(context.views.lists.obligations(filters, Page(after, limit), asked))
    return page_of(request, context, question, listing)

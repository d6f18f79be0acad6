"""Problems, known errors, search and what is owed: questions to the views that only staff ask."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.http.context import admit, authenticated, context_of
from api.http.parameters import filters, refuse_unknown
from api.http.problems import BASE, TITLES, Problem
from api.http.routes.cases import FreshStaff, Limit, When, json_response, page_of, point_of, versioned
from application.cases.documents import problem_document
from application.views.questions import Page
from domain.case.status import STAFF

router = APIRouter(tags=["problems and search"])
_OWED = ("kind", "role", "team", "case")
_PROBLEMS = ("status", "service", "known_error")
_OWED_FILTERS = filters(
    kind="What is owed, such as inform_customer.",
    role="The role that owes it.",
    team="The team that owes it.",
    case="The number of the case it is owed for.",
)
Question = Annotated[str | None, Query(max_length=500)]


@router.get(
    "/problems",
    response_class=Response,
    operation_id="list_problems",
    openapi_extra=filters(
        status="open, investigated, known_error, resolved or closed.",
        service="The id of a service.",
        known_error="The number of a known error, such as KE-0000001.",
    ),
)
async def list_problems(
    request: Request,
    actor: FreshStaff,  # noqa: ARG001 - asked for its refusal
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """Problem Cases by number, filtered by `status`, `service` or `known_error` (R-5.8.1b)."""
    context = context_of(request)
    filters = {name: request.query_params[name] for name in _PROBLEMS if name in request.query_params}
    question = f"problems {sorted(filters.items())}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    return page_of(request, context, question, await context.ask(context.views.problems, filters, Page(after, limit)))


@router.get("/problems/{number}", response_class=Response, operation_id="read_problem")
async def read_problem(request: Request, number: str, version: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """A Problem Case, from its events: never behind. A problem *type* (RFC 9457) is documented here as well."""
    if number in TITLES:
        status, title = TITLES[number]
        return json_response({"type": BASE + number, "title": title, "status": status})
    if not number.startswith("PRB-"):
        raise Problem("not-found", f"there is neither a problem nor a problem type {number}")
    actor = await admit(request, await authenticated(request), STAFF)
    refuse_unknown(request)
    problem = await context_of(request).desk.problems.problem(number, actor, version=version)
    return versioned(request, problem.version, lambda: problem_document(problem))


@router.get("/known-errors", response_class=Response, operation_id="find_known_errors")
async def find_known_errors(
    request: Request,
    actor: FreshStaff,  # noqa: ARG001 - asked for its refusal
    q: Question = None,
    service: str | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """Known errors by likeness to `q`, else all; a look-up that counts is recorded with the case (R-5.5b)."""
    context = context_of(request)
    question = f"known errors {q!r} {service!r}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    listing = await context.ask(context.views.known_errors, q, service, Page(after, limit))
    return page_of(request, context, question, listing)


@router.get("/search", response_class=Response, operation_id="search")
async def search(
    request: Request,
    actor: FreshStaff,  # noqa: ARG001 - asked for its refusal
    q: Annotated[str, Query(min_length=1, max_length=500)],
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """Cases, open and closed, that have all words of `q`, best first; then open ones with similar words.

    Words in a pair of quotes must follow each other. Every other sign is a word or separates words.
    """
    context, question = context_of(request), f"search {q!r}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    return page_of(request, context, question, await context.ask(context.views.search, q, Page(after, limit)))


@router.get("/queues/obligations", response_class=Response, include_in_schema=False, openapi_extra=_OWED_FILTERS)
@router.get("/obligations", response_class=Response, operation_id="list_obligations", openapi_extra=_OWED_FILTERS)
async def list_obligations(
    request: Request,
    actor: FreshStaff,  # noqa: ARG001 - asked for its refusal
    limit: Limit = 50,
    cursor: str | None = None,
    as_of: When = None,
    position: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """What the desk owes somebody, by due time; filtered by `kind`, `role`, `team` or `case`."""
    context = context_of(request)
    filters = {name: request.query_params[name] for name in _OWED if name in request.query_params}
    question = f"obligations {sorted(filters.items())} {as_of} {position}"
    after = context.cursors.read(question, cursor) if cursor is not None else None
    point = await point_of(context, as_of, position, None)
    page = Page(after, limit)
    listing = await context.ask(context.views.obligations, filters, point, context.desk.clock.now(), page)
    return page_of(request, context, question, listing)

"""Saved filters: a person's own, and those that their team or the desk shares."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import ValidationError

from api.http.access import Caller, Staff, require_staff
from api.http.bodies.administration.saved_filters import FilterBody, RemoveFilterBody
from api.http.case_filters import CaseQuery
from api.http.context import context_of
from api.http.documents.saved_filters import SavedFilters, SavedFiltersPage
from api.http.openapi.areas import Area
from api.http.openapi.headers import MAY_MATCH
from api.http.openapi.operations import answers, needs, operation, reads, refuses, takes, written
from api.http.parameters import refuse_unknown
from api.http.problems import Problem
from api.http.requests import asked, parse
from api.http.responses import json_response
from api.http.routes.administration.office import Raw, run
from application.cases.documents import filters_document
from domain.case.status import STAFF
from domain.values import CODE

router = APIRouter(tags=[Area.QUEUES])
Name = Annotated[str, Path(pattern=CODE.pattern, description="The name of the filter.", examples=["late printers"])]


@router.get(
    "/filters",
    response_class=Response,
    operation_id="list_filters",
    openapi_extra=operation(answers(SavedFiltersPage, told="The saved filters."), needs(STAFF)),
)
async def list_filters(request: Request, actor: Staff) -> Response:
    """List the saved filters.

    The caller's own, and those that their team shares, or the desk.
    """
    context = context_of(request)
    items = [filters_document(each) for each in await context.desk.filters.of(actor)]
    position = (await context.desk.references.current()).position
    return json_response({"items": items, "next_cursor": None, "as_of_position": position})


@router.put(
    "/filters/{name}",
    response_class=Response,
    operation_id="save_filter",
    openapi_extra=operation(
        takes(FilterBody),
        written(SavedFilters, told="The filters of its owner."),
        refuses("contradicts-record"),
        needs(STAFF),
    ),
)
async def put_filter(request: Request, caller: Caller, raw: Raw, name: Name) -> Response:
    """Save a filter under a name.

    In place of one of the same name. A shared one belongs to the caller's team, or to the desk if they have none.
    """
    context, actor = context_of(request), await require_staff(request, caller)
    refuse_unknown(request)
    body = parse(request, raw, FilterBody)
    _check(body.query)
    filters = context.desk.filters
    return await run(
        request,
        context,
        asked(request, actor, raw),
        exists=False,
        do=lambda given: filters.put(name, body.query, given, shared=body.shared),
    )


@router.post(
    "/filters/{name}/remove",
    response_class=Response,
    operation_id="remove_filter",
    openapi_extra=operation(
        takes(RemoveFilterBody), reads(MAY_MATCH), written(SavedFilters, told="The filters of its owner."), needs(STAFF)
    ),
)
async def remove_filter(request: Request, caller: Caller, raw: Raw, name: Name) -> Response:
    """Remove a saved filter."""
    context, actor = context_of(request), await require_staff(request, caller)
    refuse_unknown(request)
    body = parse(request, raw, RemoveFilterBody)
    filters = context.desk.filters
    return await run(
        request,
        context,
        asked(request, actor, raw),
        exists=False,
        do=lambda given: filters.remove(name, given, shared=body.shared),
    )


def _check(query: dict[str, str]) -> None:
    """Check a query as `GET /cases` would. Raises Problem 422."""
    try:
        CaseQuery.model_validate(query)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = [{"detail": each["msg"], "pointer": f"/query/{each['loc'][0]}"} for each in found]
        raise Problem("validation-failed", wrong[0]["detail"], errors=wrong) from None

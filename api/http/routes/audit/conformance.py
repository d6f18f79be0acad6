"""Whether histories conform to the SOP: case by case from the record, in pages as of one position."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.http.access import FreshStaff
from api.http.context import Context, context_of, policy_of
from api.http.documents.auditing.conformance import Conformance
from api.http.entrance.deadline import in_thread
from api.http.fields import CaseNumber
from api.http.openapi.areas import Area
from api.http.openapi.headers import WAIT_FOR_POSITION
from api.http.openapi.operations import answers, needs, operation, reads, refuses
from api.http.parameters import AsOf, Cursor
from api.http.responses import json_response
from application.reports.conformance.check import check
from application.reports.conformance.histories import HistoryPage, Known
from application.reports.conformance.model_file import sop
from application.reports.conformance.tally import BY, Tally
from domain.calendar import Calendar
from domain.case.status import STAFF
from domain.errors import NotFound

router = APIRouter(tags=[Area.QUEUES])
Cases = Annotated[int, Query(ge=1, le=1_000, description="The most cases on the page.", examples=[200])]
OfCase = Annotated[CaseNumber | None, Query(description="Only this case.")]
_ONE = f"({'|'.join(BY)})"
By = Annotated[
    str,
    Query(
        pattern=f"^{_ONE}(,{_ONE}){{0,3}}$",
        description=f"Count by one or more of {', '.join(BY)}.",
        examples=["clause"],
    ),
]


@router.get(
    "/conformance",
    response_class=Response,
    operation_id="read_conformance",
    openapi_extra=operation(
        reads(WAIT_FOR_POSITION),
        answers(Conformance, told="A page of histories, held against the SOP.", headers=("Link",)),
        refuses("not-found"),
        needs(STAFF),
    ),
)
async def read_conformance(
    request: Request,
    actor: FreshStaff,  # noqa: ARG001 - asked for its refusal
    case: OfCase = None,
    by: By = "clause",
    as_of: AsOf = None,
    limit: Cases = 200,
    cursor: Cursor = None,
) -> Response:
    """Hold histories against the SOP.

    A page of cases in the order of their ids, or one case. Deviations, counts and fitness are those of the page. All pages
    are as of one position. `caseledger conformance` checks all cases at once.
    """
    context = context_of(request)
    question = f"conformance {case} {by} {as_of}"
    after, known = await _from(context, question, cursor, as_of)
    if case is None:
        page = await context.ask(context.histories.page(after, limit, known))
    else:
        found = await context.ask(context.histories.of(case, known))
        if found is None:
            raise NotFound(f"There is no case {case}.")
        page = HistoryPage([found], None)
    calendar = (await policy_of(context)).business
    document = await in_thread(partial(_checked, page, calendar, tuple(by.split(","))))
    next_ = None
    if page.last is not None:
        next_ = context.cursors.make(question, (str(page.last), known.position, known.at.isoformat()))
    document |= {"position": known.position, "as_of": as_of, "as_of_position": known.position, "next_cursor": next_}
    if next_ is None:
        return json_response(document)
    link = request.url.include_query_params(cursor=next_)
    return json_response(document, headers={"Link": f'<{link.path}?{link.query}>; rel="next"'})


async def conformance_of(context: Context, number: str) -> dict[str, Any]:
    """One case held against the SOP as of now. Raises NotFound."""
    _, known = await _from(context, "", None, None)
    found = await context.ask(context.histories.of(number, known))
    if found is None:
        raise NotFound(f"There is no case {number}.")
    calendar = (await policy_of(context)).business
    return await in_thread(partial(_checked, HistoryPage([found], None), calendar, ("clause",)))


async def _from(
    context: Context, question: str, cursor: str | None, as_of: datetime | None
) -> tuple[UUID | None, Known]:
    """The case to go on after, and the point that all pages are as of."""
    if cursor is not None:
        after, position, at = context.cursors.read(question, cursor)
        return UUID(after), Known(position, datetime.fromisoformat(at))
    position = await context.ask(context.views.positions.last())
    if as_of is not None:
        position = min(position, await context.ask(context.views.positions.at(as_of)))
    return None, Known(position, as_of or context.desk.clock.now())


def _checked(page: HistoryPage, calendar: Calendar, by: tuple[str, ...]) -> dict[str, Any]:
    model = sop(calendar)
    tally, deviations = Tally(model, ZoneInfo(calendar.time_zone), by), []
    for history in page.histories:
        verdict = check(history, model)
        tally.add(verdict)
        for deviation in verdict.deviations:
            tally.count(deviation)
            deviations.append(deviation)
    return {**tally.document(), "deviations": deviations, "time_zone": calendar.time_zone}

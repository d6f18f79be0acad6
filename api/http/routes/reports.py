"""Reports: figures from the views, as JSON or as CSV, over a period and in a time zone."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from itertools import permutations
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import PlainValidator, TypeAdapter, ValidationError, WithJsonSchema

from api.http.access import FreshKeeper, FreshStaff, Keeper, point_of
from api.http.context import Context, context_of, policy_of
from api.http.documents.reports import Report, ReportList, RetentionReport, ScheduledReportList
from api.http.entrance.deadline import in_thread
from api.http.fields import Moment
from api.http.openapi.areas import Area
from api.http.openapi.headers import WAIT_FOR_POSITION
from api.http.openapi.operations import answers, gives, needs, operation, reads, refuses
from api.http.parameters import AsOf, AtPosition, EffectiveAt
from api.http.problems import Problem
from api.http.responses import json_response
from application.reports.charts import report_chart
from application.reports.definitions import DEFINITIONS, REPORTS, breakdowns_of
from application.reports.periods import Bound, moment_of, zone_named
from application.reports.report import Breakdown, Goals
from application.reports.tables import report_csv
from application.views.questions import ReportQuestion
from domain.case.status import STAFF
from domain.errors import NotFound
from domain.values import Role

router = APIRouter(tags=[Area.QUEUES])
_CSV = {"text/csv": {"schema": {"type": "string"}, "example": "team,resolved\r\nnetwork,2\r\n"}}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Form(StrEnum):
    """How a report is written."""

    JSON = "json"
    CSV = "csv"
    SVG = "svg"
    PNG = "png"


def _bound(value: Any) -> Bound:
    """A date, or a moment. Raises ValueError for what is neither."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    try:
        return _MOMENT.validate_python(value)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
_SCHEMA = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
End = Annotated[Bound | None, PlainValidator(_bound), WithJsonSchema({**_SCHEMA, "examples": ["2026-11-01"]})]
Zone = Annotated[
    str | None,
    Query(max_length=100, description="An IANA time zone; the policy's, unless given.", examples=["America/Chicago"]),
]
Mark = Annotated[bool, Query(description="Begin the CSV with a byte order mark.", examples=[False])]
Format = Annotated[
    Form | None,
    Query(alias="format", description="How the report is written; by `Accept`, unless given.", examples=["json"]),
]
_TYPES = {"application/json": Form.JSON, "text/csv": Form.CSV, "image/svg+xml": Form.SVG, "image/png": Form.PNG}
_IMAGES = {
    "image/svg+xml": {"schema": {"type": "string"}, "example": '<svg role="img"/>'},
    "image/png": {"schema": {"type": "string", "format": "binary"}},
}
_BREAKDOWN = (
    "Figures for each team, service, priority, channel, agency or month as well, or for each pair of two of them."
)
By = Annotated[
    str | None,
    Query(
        description=_BREAKDOWN,
        examples=["team,month"],
        json_schema_extra={"enum": [*Breakdown, *(f"{one},{other}" for one, other in permutations(Breakdown, 2))]},
    ),
]
_NAMES = "\n".join(f"- `{report.name}`: {report.about}" for report in REPORTS.values())


async def _zone(context: Context, name: str | None) -> ZoneInfo:
    return zone_named(name) if name is not None else ZoneInfo((await policy_of(context)).business.time_zone)


def _form(request: Request, given: Form | None) -> Form:
    """The form that is asked for: by its name, else the first media type that `Accept` names and we have (RFC 9110, 12.5.1)."""
    accepted = (each.partition(";")[0].strip().lower() for each in request.headers.get("accept", "").split(","))
    return given or next((_TYPES[each] for each in accepted if each in _TYPES), Form.JSON)


def _answer(document: dict[str, Any], zone: ZoneInfo, form: Form, *, bom: bool) -> Response:
    if form is not Form.CSV:
        if bom:
            wrong = {"detail": "only CSV has a byte order mark: ask for format=csv", "pointer": "/query/bom"}
            raise Problem("validation-failed", wrong["detail"], errors=[wrong])
        return json_response(document) if form is Form.JSON else _chart(document, form)
    headers = {
        "Content-Disposition": f'attachment; filename="{document["report"]}.csv"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(report_csv(document, zone, bom=bom), headers=headers, media_type="text/csv; charset=utf-8")


def _chart(document: dict[str, Any], form: Form) -> Response:
    """A report as an image. Raises Invalid where there is no chart of it."""
    media_type = next(name for name, each in _TYPES.items() if each is form)
    headers = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(
        report_chart(document, "png" if form is Form.PNG else "svg"), headers=headers, media_type=media_type
    )


@router.get(
    "/reports",
    response_class=Response,
    operation_id="list_reports",
    openapi_extra=operation(answers(ReportList, told="The reports."), needs((*STAFF, Role.ADMIN))),
)
async def list_reports(actor: Keeper) -> Response:  # noqa: ARG001 - asked for its refusal
    """List all reports with the definitions of their figures."""
    return json_response({"items": [definition.document for definition in DEFINITIONS]})


@router.get(
    "/reports/scheduled",
    response_class=Response,
    operation_id="list_scheduled_reports",
    openapi_extra=operation(answers(ScheduledReportList, told="The scheduled reports."), needs((*STAFF, Role.ADMIN))),
)
async def list_scheduled_reports(request: Request, actor: Keeper) -> Response:  # noqa: ARG001 - asked for its refusal
    """List the reports that the policy schedules: when each is due next, and what became of its latest issue."""
    desk = context_of(request).desk
    standings = await desk.report_issues.standings(desk.clock.now())
    return json_response({"items": [standing.document for standing in standings]})


@router.get(
    "/reports/retention",
    response_class=Response,
    operation_id="read_retention",
    tags=[Area.PERSONAL_DATA],
    openapi_extra=operation(
        reads(WAIT_FOR_POSITION),
        answers(RetentionReport, told="The report."),
        gives(_CSV, told="The report."),
        refuses("unknown-reference"),
        needs((*STAFF, Role.ADMIN)),
    ),
)
async def read_retention(
    request: Request,
    actor: FreshKeeper,  # noqa: ARG001 - asked for its refusal
    tz: Zone = None,
    form: Format = None,
    bom: Mark = False,
) -> Response:
    """Report whose personal data are due to be erased.

    People whose last case was closed longer ago than the policy's `retention`; as of now.
    """
    context = context_of(request)
    zone = await _zone(context, tz)
    kept = (await policy_of(context)).retention
    report = await context.ask(context.views.retention.report(context.desk.clock.now(), kept))
    document = {**report, "time_zone": zone.key, "as_of": None, "as_of_position": report["position"]}
    return await in_thread(partial(_answer, document, zone, _form(request, form), bom=bom))


@router.get(
    "/reports/{name}",
    response_class=Response,
    operation_id="read_report",
    openapi_extra=operation(
        reads(WAIT_FOR_POSITION),
        answers(Report, told="The report."),
        gives({**_CSV, **_IMAGES}, told="The report."),
        refuses("unknown-reference"),
        needs(STAFF),
    ),
)
async def read_report(
    request: Request,
    actor: FreshStaff,  # noqa: ARG001 - asked for its refusal
    name: Annotated[str, Path(description="Its name.", json_schema_extra={"enum": list(REPORTS)})],
    since: Annotated[
        End, Query(alias="from", description="The beginning of the period: a time, or a date in the zone `tz`.")
    ] = None,
    until: Annotated[
        End, Query(alias="to", description="The end of the period: a time, or a date in the zone `tz`, exclusive.")
    ] = None,
    as_of: AsOf = None,
    position: AtPosition = None,
    effective_at: EffectiveAt = None,
    by: By = None,
    tz: Zone = None,
    form: Format = None,
    bom: Mark = False,
) -> Response:
    """Report figures over a period.

    `GET /reports` defines each figure; a report names the version of its definitions. `as_of` and `position` read what
    the ledger knew then, `effective_at` what had happened by then. Months are those of the time zone `tz`.
    """
    context = context_of(request)
    if name not in REPORTS:
        raise NotFound(f"there is no report {name}; there are {', '.join(sorted(REPORTS))}")
    breakdowns_of(by)
    zone, policy = await _zone(context, tz), await policy_of(context)
    now = as_of or (context.desk.clock.now() if position is None else None)
    point, period = (
        await point_of(context, as_of, position, effective_at),
        (moment_of(since, zone, "from"), moment_of(until, zone, "to")),
    )
    goals = Goals(policy.goal_respond, policy.goal_resolve)
    question = ReportQuestion(name, *period, point, by, now, zone.key, goals)
    report = await context.ask(context.views.reports.report(question))
    document = {**report, "as_of": as_of, "as_of_position": report["position"]}
    return await in_thread(partial(_answer, document, zone, _form(request, form), bom=bom))

"""Figures: a page for each report with its chart, its table and its definition; and some at one glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.responses import Response

from api.http.access import point_of
from api.http.console.access import Staff, only_given
from api.http.console.differences import FigureChange, figure_changes
from api.http.console.fields import Option
from api.http.console.figures import charts, figures, table
from api.http.console.frame import frame_of
from api.http.console.rendering import show
from api.http.console.route import area
from api.http.console.wording import titled
from api.http.context import Context, context_of, policy_of
from api.http.entrance.deadline import in_thread
from api.http.parameters import AsOf
from api.http.routes.reports import End
from application.reports.definitions import REPORTS
from application.reports.periods import moment_of
from application.reports.report import Breakdown, Goals
from application.reports.tables import report_csv
from application.views.questions import Point, ReportQuestion
from domain.errors import NotFound

router = area("/reports")
_GLANCE = (
    *(("backlog", "month"), ("attainment", "priority"), ("resolve", "priority"), ("first_contact", "month")),
    *(("reopen_rate", "service"), ("hand_back", "team")),
)
"""The reports of the first page, and what each is broken down by."""


@router.get("")
async def glance(request: Request, actor: Staff) -> Response:
    """The first reports at one glance."""
    context = context_of(request)
    zone, now, goals = await _zone(context), context.desk.clock.now(), await _goals(context)
    found = [
        await context.ask(
            context.views.reports.report(ReportQuestion(name, by=by, now=now, zone=zone.key, goals=goals))
        )
        for name, by in _GLANCE
    ]
    return show(
        await frame_of(request, actor),
        "glance",
        title="Reports",
        reports=[(each, figures(each), charts(each)) for each in found],
        definitions=REPORTS,
    )


@router.get("/{name}", dependencies=[Depends(only_given)])
async def read_report(
    request: Request,
    actor: Staff,
    name: str,
    since: End = None,
    until: End = None,
    by: Breakdown | None = None,
    as_of: AsOf = None,
    form: Literal["html", "csv"] = "html",
) -> Response:
    """A report over a period, now or as of a moment."""
    if name not in REPORTS:
        raise NotFound(f"there is no report {name}; there are {', '.join(sorted(REPORTS))}")
    context = context_of(request)
    zone = await _zone(context)
    now = as_of or context.desk.clock.now()
    point: Point = await point_of(context, as_of, None, None)
    question = ReportQuestion(
        name,
        moment_of(since, zone, "since"),
        moment_of(until, zone, "until"),
        point,
        by,
        now,
        zone.key,
        await _goals(context),
    )
    report = await context.ask(context.views.reports.report(question))
    differing = await _since(context, question, report) if as_of else None
    document = {**report, "as_of": as_of, "as_of_position": report["position"]}
    if form == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        content = await in_thread(partial(report_csv, document, zone, bom=False))
        return Response(content, headers=headers, media_type="text/csv; charset=utf-8")
    return show(
        await frame_of(request, actor),
        "report",
        title=titled(name),
        report=document,
        figures=figures(document),
        charts=charts(document),
        definition=REPORTS[name],
        given=dict(request.query_params),
        breakdowns=[Option(each, titled(each)) for each in Breakdown],
        table=table(document),
        since=differing,
    )


async def _since(context: Context, question: ReportQuestion, then: Mapping[str, Any]) -> list[FigureChange]:
    """The figures that are others now, for the same period."""
    present = replace(question, point=Point(), now=context.desk.clock.now())
    return figure_changes(then, await context.ask(context.views.reports.report(present)))


async def _zone(context: Context) -> ZoneInfo:
    return ZoneInfo((await policy_of(context)).business.time_zone)


async def _goals(context: Context) -> Goals:
    policy = await policy_of(context)
    return Goals(policy.goal_respond, policy.goal_resolve)

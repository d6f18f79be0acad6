"""`report` prints what the views say; `rebuild` folds them anew."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from api.cli.console import FINDINGS, could_not_run, out, print_json, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, bound_of, database_of, moment_of, settings_of, zone_of
from api.main import on_desk, on_views
from application.desk import Desk
from application.reports.charts import report_chart
from application.reports.definitions import DEFINITIONS, breakdowns_of
from application.reports.report import Breakdown, Goals
from application.reports.retention_figures import RETENTION
from application.reports.tables import flat, report_csv
from application.views.questions import Point, ReportQuestion, Views
from domain.errors import Invalid
from domain.policy import Policy
from infrastructure.postgres.connections import LONG
from infrastructure.postgres.database import Component
from infrastructure.views.comparison import Comparison, compare_views
from infrastructure.views.projector import Poisoned
from infrastructure.views.rebuild import rebuild_views

NAMES = [definition.name for definition in DEFINITIONS]


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def report(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(NAMES)}.", show_default=False)] = "",
    since: Annotated[str | None, typer.Option("--from", help="Start of the period: RFC 3339, or a date.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="End of the period, not included.")] = None,
    as_of: Annotated[str | None, typer.Option(help="What the ledger had recorded by then.")] = None,
    effective_at: Annotated[str | None, typer.Option(help="What had happened by then.")] = None,
    by: Annotated[
        str | None,
        typer.Option(help=f"Break down by one or two of {', '.join(Breakdown)}, such as team,month."),
    ] = None,
    tz: Annotated[
        str | None, typer.Option("--tz", help="Time zone of months and dates (IANA); the policy's unless given.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TABLE,
    bom: Annotated[bool, typer.Option("--bom", help="Begin the CSV with a byte order mark.")] = False,
    chart: Annotated[
        Path | None, typer.Option("--chart", help="Draw it into this file, FILE.svg or FILE.png.", dir_okay=False)
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the reports with the definitions of their figures.")
    ] = False,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="List the scheduled reports: when each is due, and its latest issue.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print a report. `report --list` defines each figure."""
    if listed or scheduled:
        _print_list(data_dir, database_url, scheduled=scheduled, as_json=form is Format.JSON)
        return
    if name not in NAMES:
        could_not_run(f"there is no report {name}; there are {', '.join(NAMES)}")
    if bom and form is not Format.CSV:
        could_not_run("only CSV has a byte order mark: add --format csv")
    if name == RETENTION.name and any((since, until, as_of, effective_at, by)):
        could_not_run("the retention report is of now: the vault does not know what it had before")
    if chart is not None and chart.suffix not in (".svg", ".png"):
        could_not_run("a chart is FILE.svg or FILE.png")
    known_at, happened_by = moment_of(as_of), moment_of(effective_at)
    _check_breakdowns(by)
    with database_of(settings_of(data_dir, database_url)) as database:
        policy = on_desk(database, _policy)
        zone = zone_of(tz or policy.business.time_zone)
        period, now = (bound_of(since, zone), bound_of(until, zone)), known_at or datetime.now(UTC)

        async def ask(views: Views) -> dict[str, Any]:
            if name == RETENTION.name:
                return {**await views.retention.report(datetime.now(UTC), policy.retention), "time_zone": zone.key}
            point = Point(await views.positions.at(known_at) if known_at else None, happened_by)
            goals = Goals(policy.goal_respond, policy.goal_resolve)
            question = ReportQuestion(name, *period, point, by, now, zone.key, goals)
            return await views.reports.report(question)

        try:
            document = on_views(database, ask, limits=LONG)
        except Invalid as invalid:
            could_not_run(invalid)
    document = {**document, "as_of": known_at}
    if chart is not None:
        _draw(document, chart)
    else:
        _print(document, zone, form, bom=bom)


def _draw(document: dict[str, Any], file: Path) -> None:
    """Draw a report into a file. Exit 2 where it cannot be drawn or written."""
    try:
        file.write_bytes(report_chart(document, "png" if file.suffix == ".png" else "svg"))
    except (Invalid, OSError) as error:
        could_not_run(error)


def _check_breakdowns(by: str | None) -> None:
    try:
        breakdowns_of(by)
    except Invalid as invalid:
        could_not_run(invalid)


def _print_list(data_dir: Path | None, database_url: str | None, *, scheduled: bool, as_json: bool) -> None:
    """Print the reports, or those that the policy schedules."""
    if not scheduled:
        _print_definitions(as_json=as_json)
        return
    with database_of(settings_of(data_dir, database_url)) as database:
        _print_scheduled(on_desk(database, _standings), as_json=as_json)


def _print_definitions(*, as_json: bool) -> None:
    """Print every report with its definitions, as `GET /reports` lists them."""
    if as_json:
        print_json({"items": [definition.document for definition in DEFINITIONS]})
        return
    for definition in DEFINITIONS:
        table = Table("figure", "unit", "definition", title=definition.version, title_justify="left", expand=True)
        for figure in definition.figures:
            table.add_row(figure.name, figure.unit, figure.meaning)
        out.print(table)
        out.print(f"{definition.about} Period: {definition.period}.", markup=False)


async def _standings(desk: Desk) -> list[dict[str, Any]]:
    """The scheduled reports, as `GET /reports/scheduled` lists them."""
    return [standing.document for standing in await desk.report_issues.standings(desk.clock.now())]


def _print_scheduled(items: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json({"items": items})
        return
    table = Table("schedule", "report", "every", "next due", "latest issue", "its mails")
    for each in items:
        last = each["last"] or {"period": "-", "mails": {}}
        mails = ", ".join(f"{count} {outcome}" for outcome, count in last["mails"].items())
        report = f"{each['report']} by {each['by']}" if each["by"] else each["report"]
        due = f"{each['next_due_at']:%Y-%m-%d %H:%M}Z ({each['next_period']})"
        table.add_row(each["name"], report, each["every"], due, last["period"], mails or "-")
    out.print(table)


async def _policy(desk: Desk) -> Policy:
    """The policy in force."""
    return (await desk.references.current()).policy


def _print(document: dict[str, Any], zone: ZoneInfo, form: Format, *, bom: bool) -> None:
    if form is Format.JSON:
        print_json(document)
    elif form is Format.CSV:
        sys.stdout.buffer.write(report_csv(document, zone, bom=bom).encode())
    else:
        _print_table(document)


def _print_table(document: dict[str, Any]) -> None:
    totals = Table("figure", "value", title=f"{document['report']} ({document['definitions_version']})")
    for name, value in flat(document["totals"]).items():
        totals.add_row(name, "-" if value is None else str(value))
    out.print(totals)
    if rows := [flat(row) for row in document["rows"]]:
        names = list(dict.fromkeys(name for row in rows for name in row))
        table = Table(*names)
        for row in rows:
            table.add_row(*("-" if row.get(name) is None else str(row[name]) for name in names))
        out.print(table)
    out.print(f"as of position {document['position']}, time zone {document['time_zone']}")


def rebuild(
    shadow: Annotated[bool, typer.Option("--shadow", help="Fold beside the live views and only compare.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Rebuild all views from the events beside the live ones, and swap. Exit 1 when --shadow finds a difference."""
    component: Component = "auditor" if shadow else "projector"
    with database_of(settings_of(data_dir, database_url)) as database, database.connect(component) as connection:
        total = connection.execute("SELECT count(*) FROM ledger.stored_events").fetchone()
        try:
            with progress("folding events", total[0] if total else None) as advance:
                if shadow:
                    found = compare_views(connection, advance)
                else:
                    events = rebuild_views(connection, advance, connect=lambda: database.connect("projector"))
        except Poisoned as poison:
            could_not_run(poison)
    if shadow:
        _print_comparison(found, as_json=as_json)
    elif as_json:
        print_json({"events": events, "shadow": False, "differences": {}})
    else:
        out.print(f"{events} events folded anew and swapped in")


def _print_comparison(found: Comparison, *, as_json: bool) -> None:
    """Print what differs. Exit 1 when anything does."""
    if as_json:
        print_json({"shadow": True, **asdict(found)})
    elif not found.differences:
        out.print(f"{found.events} events folded anew: the live views are equal at position {found.position}")
    else:
        for table, rows in found.differences.items():
            out.print(f"{table}: {rows} rows differ from a fold of the events", style="red")
        for finding in found.findings:
            out.print(str(finding), markup=False)
    if found.differences:
        raise typer.Exit(FINDINGS)

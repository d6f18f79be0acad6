"""`report` and `rebuild`: what the views say, and making them anew."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from api.cli.console import FINDINGS, could_not_run, out, print_json, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, moment_of, settings_of
from api.main import open_desk
from application.reports.definitions import REPORTS
from application.views.questions import Point, ReportQuestion
from infrastructure.postgres.database import Component
from infrastructure.settings import Settings
from infrastructure.views.comparing import Comparison, compare_views
from infrastructure.views.projector import Poisoned
from infrastructure.views.reading import PostgresViews
from infrastructure.views.rebuilding import rebuild_views

RETENTION = "retention"
NAMES = sorted((*REPORTS, RETENTION))


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class By(StrEnum):
    TEAM = "team"
    SERVICE = "service"
    PRIORITY = "priority"
    CHANNEL = "channel"
    AGENCY = "agency"
    MONTH = "month"


def report(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(NAMES)}.")],
    since: Annotated[str | None, typer.Option("--from", help="Start of the period (RFC 3339).")] = None,
    until: Annotated[str | None, typer.Option("--to", help="End of the period, not included.")] = None,
    as_of: Annotated[str | None, typer.Option(help="What the ledger had recorded by then.")] = None,
    effective_at: Annotated[str | None, typer.Option(help="What had happened by then.")] = None,
    by: Annotated[By | None, typer.Option(help="Break down by.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TABLE,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print a report. What each figure means is in docs/reporting.md."""
    if name not in NAMES:
        could_not_run(f"there is no report {name}; there are {', '.join(NAMES)}")
    if name == RETENTION:
        if any((since, until, as_of, effective_at, by)):
            could_not_run("the retention report is of now: the vault does not know what it had before")
        _print(_retention(settings_of(data_dir, database_url)), form)
        return
    with database_of(settings_of(data_dir, database_url)) as database, database.pool("api", size=1) as pool:
        views, known_at = PostgresViews(pool), moment_of(as_of)
        position = views.position_at(known_at) if known_at else None
        point = Point(position, moment_of(effective_at))
        now = known_at or datetime.now(UTC)
        key = by.value if by else None
        document = views.report(ReportQuestion(name, moment_of(since), moment_of(until), point, key, now))
    document["as_of"] = known_at
    _print(document, form)


def _retention(settings: Settings) -> dict[str, Any]:
    with database_of(settings) as database, open_desk(database) as desk, database.pool("api", size=1) as pool:
        return {**PostgresViews(pool).retention(datetime.now(UTC), desk.policy.retention), "as_of": None}


def _print(document: dict[str, Any], form: Format) -> None:
    if form is Format.JSON:
        print_json(document)
    elif form is Format.CSV:
        _print_csv(document)
    else:
        _print_table(document)


def _flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def _print_csv(document: dict[str, Any]) -> None:
    rows = [_flat(row) for row in document["rows"] or [document["totals"]]]
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _print_table(document: dict[str, Any]) -> None:
    totals = Table("figure", "value", title=f"{document['report']} ({document['definitions_version']})")
    for name, value in _flat(document["totals"]).items():
        totals.add_row(name, "-" if value is None else str(value))
    out.print(totals)
    if rows := [_flat(row) for row in document["rows"]]:
        names = list(dict.fromkeys(name for row in rows for name in row))
        table = Table(*names)
        for row in rows:
            table.add_row(*("-" if row.get(name) is None else str(row[name]) for name in names))
        out.print(table)
    out.print(f"as of position {document['position']}")


def rebuild(
    shadow: Annotated[bool, typer.Option("--shadow", help="Fold beside the live views and only compare.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make all views anew from the events, beside the live ones, and swap; exit 1 when --shadow finds a difference."""
    component: Component = "auditor" if shadow else "projector"
    with database_of(settings_of(data_dir, database_url)) as database, database.connect(component) as connection:
        total = connection.execute("SELECT count(*) FROM ledger.stored_events").fetchone()
        try:
            with progress("folding events", total[0] if total else None) as advance:
                if shadow:
                    found = compare_views(connection, advance)
                else:
                    events = rebuild_views(connection, advance)
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

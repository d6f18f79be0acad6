"""`what-if`: the recorded history under another policy."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.cli.console import could_not_run, out, print_json
from api.cli.options import DatabaseUrl, DataDir, bound_of, database_of, settings_of, zone_of
from api.cli.reports import Format
from api.main import open_desk
from application.reports.spreadsheet import csv_text
from application.reports.what_if.answer import COLUMNS, rows_of
from application.reports.what_if.proposal import proposed
from application.reports.what_if.question import what_if as ask
from domain.errors import Invalid
from infrastructure.postgres.connections import LONG
from infrastructure.postgres.database import Database
from infrastructure.views.questions.postgres_views import views_on

_FILE = "The other policy: what GET /policy shows, or only the fields that would change."


def what_if(
    policy: Annotated[Path, typer.Argument(help=_FILE, metavar="POLICY.yaml")],
    since: Annotated[
        str | None, typer.Option("--from", help="Cases received from then on: RFC 3339, or a date.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Cases received before then.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TABLE,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Show what would have been under another policy, beside what was. Records nothing.

    docs/what-if.md explains each figure, and what nobody can know.
    """
    try:
        text = policy.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        could_not_run(f"{policy} cannot be read: {error}")
    with database_of(settings_of(data_dir, database_url)) as database:
        try:
            document = asyncio.run(_asked(database, text, since, until))
        except Invalid as invalid:
            could_not_run(f"{policy}: {invalid} ({invalid.pointer})")
    if form is Format.JSON:
        print_json(document)
    elif form is Format.CSV:
        sys.stdout.write(csv_text(COLUMNS, rows_of(document), UTC))
    else:
        _print_table(document)


async def _asked(database: Database, text: str, since: str | None, until: str | None) -> dict[str, Any]:
    async with open_desk(database) as desk, database.async_pool("api", size=1, limits=LONG) as pool:
        present = (await desk.references.current()).policy
        zone = zone_of(present.business.time_zone)
        period = (bound_of(since, zone), bound_of(until, zone))
        past, now = await desk.policy.past(), desk.clock.now()
        return await ask(views_on(pool).histories, proposed(text, present), past, period, now)


def _print_table(document: dict[str, Any]) -> None:
    for name, change in document["changes"].items():
        out.print(f"{name}: {change['from']} -> {change['to']}", markup=False)
    table = Table("what", "was", "would have been", "cases", "for example", title=f"{document['cases']} cases")
    for row in rows_of(document):
        table.add_row(*("" if row[name] is None else str(row[name]) for name in COLUMNS))
    out.print(table)
    out.print("What nobody can know:")
    for unknown in document["cannot_know"]:
        count = "" if unknown["cases"] is None else f" ({unknown['cases']} cases)"
        out.print(f"- {unknown['why']}{count}", markup=False)
    out.print(f"as of position {document['position']}; nothing was recorded")

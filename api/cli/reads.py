"""`reads` lists who read whose words, where the policy says that this is recorded."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from api.cli.console import plain
from api.cli.options import DatabaseUrl, DataDir, database_of, moment_of, settings_of
from application.audit.reads import ReadFilter
from application.views.questions import Page
from infrastructure.postgres.connections import LONG
from infrastructure.postgres.database import Database
from infrastructure.views.reads import PostgresReads

_PAGE = 1_000
_COLUMNS = ("read_at", "reader", "role", "team", "through", "what", "about", "customer", "version", "position")


def reads(
    about: Annotated[
        str | None, typer.Option(help="Only reads of this case, problem, message, customer or list.")
    ] = None,
    reader: Annotated[str | None, typer.Option(help="Only reads by this person.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only reads of the words of this customer, by their id.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Only reads from then on (RFC 3339).")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Only reads before then (RFC 3339).")] = None,
    as_lines: Annotated[bool, typer.Option("--json", help="A JSON object a line instead of CSV.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write who read what, newest first, as CSV. They are recorded where the policy's `reads_recorded` says so."""
    wanted = ReadFilter(about, reader, customer, moment_of(since), moment_of(until))
    with database_of(settings_of(data_dir, database_url)) as database:
        asyncio.run(_write(database, wanted, _line if as_lines else _csv()))


async def _write(database: Database, wanted: ReadFilter, write: Callable[[Mapping[str, Any]], None]) -> None:
    async with database.async_pool("auditor", size=1, limits=LONG) as pool:
        kept, after = PostgresReads(pool), None
        while True:
            page = await kept.page(wanted, Page(after, _PAGE))
            for item in page.items:
                write({name: item[name] for name in _COLUMNS})
            if (after := page.next_key) is None:
                return


def _line(item: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(item, default=plain) + "\n")


def _csv() -> Callable[[Mapping[str, Any]], None]:
    writer = csv.writer(sys.stdout)
    writer.writerow(_COLUMNS)
    return lambda item: writer.writerow("" if each is None else plain(each) for each in item.values())

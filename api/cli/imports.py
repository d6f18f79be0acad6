"""`import`: the history of other systems, marked as imported, and catalogues."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import IO, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
import yaml

from api.cli.console import FINDINGS, could_not_run, out, print_json, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of
from api.cli.processes.sealer import sealer_folder_of, seals_here
from api.cli.processes.supervisor import SEALER, working
from api.main import on_desk, on_views
from application.desk import Desk
from application.imports.catalogue_file import carry_out, read_catalogue
from application.imports.importer import Imported, Importer
from application.imports.servicenow import COLUMNS, Findings, ServiceNowLog
from application.views.questions import Views
from infrastructure.postgres.connections import LONG
from infrastructure.settings import Settings
from infrastructure.transparency.sealer_folder import SealerFolder

_PATIENCE = 60.0
"""Seconds without progress after which no projector, or no sealer, seems to be at work."""

app = typer.Typer(help="Import other systems' history, and catalogues.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Import other systems' history, and catalogues."""


@app.command()
def servicenow(
    file: Annotated[Path, typer.Argument(help="The log as CSV, also gzipped.")],
    timezone: Annotated[str, typer.Option(help="Time zone of its times, such as UTC or America/Chicago.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Import a ServiceNow incident event log (UCI data set 498). Running it twice imports once.

    Exit 1 when rows could not be read, or hold values we have no word for. The former are kept in DATA_DIR/imports, the
    latter on the record. The command ends when every view and the seal have reached the last event.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        could_not_run(f"there is no time zone {timezone}")
    settings, log, began = settings_of(data_dir, database_url), ServiceNowLog(zone), time.monotonic()
    name, total = _look_at(file)

    async def run(desk: Desk) -> Imported:
        importer = Importer(desk, "servicenow", name)
        try:
            with progress("importing rows", total) as advance, _open(file) as text:
                return await importer.run(log.incidents(_rows(text)), advance)
        except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
            could_not_run(f"{file} cannot be read to its end: {error}; {importer.done.rows} rows were imported")

    with database_of(settings, making=True) as database, working(settings, *_workers(settings)):
        done = on_desk(database, run)
        caught_up = partial(_wait_until_caught_up, position=done.position, folder=sealer_folder_of(settings))
        on_views(database, caught_up, limits=LONG)
    kept = _keep_rejected(settings, name, log.findings)
    _tell(done, log.findings, kept, time.monotonic() - began, as_json)


@app.command()
def catalogue(
    file: Annotated[Path, typer.Argument(help="The catalogue as YAML; application/demo/catalogue.yaml is an example.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Import services, teams, help desks, scripts, customers, known errors and grants from a file.

    Entries that are unchanged record nothing, so a file may be imported again after a change. Exit 1 when the file has
    errors: then nothing of it is imported.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        could_not_run(f"{file} cannot be read: {error}")

    async def run(desk: Desk) -> tuple[Sequence[str], dict[str, int]]:
        plan = await read_catalogue(desk, document)
        return plan.findings, {} if plan.findings else dict(await carry_out(desk, plan))

    with database_of(settings_of(data_dir, database_url), making=True) as database:
        findings, done = on_desk(database, run)
    if as_json:
        print_json({"imported": done, "findings": findings})
    else:
        out.print("\n".join(findings) or ", ".join(f"{count} {kind}" for kind, count in done.items()) or "empty")
    if findings:
        raise typer.Exit(FINDINGS)


def _look_at(file: Path) -> tuple[str, int]:
    """The file's name with the start of its digest, and how many rows it may have."""
    try:
        with file.open("rb") as raw:
            digest = file_digest(raw, "sha256").hexdigest()[:16]
        with _open(file) as text:
            heading = next(csv.reader(text), [])
            total = sum(1 for _ in text)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        could_not_run(f"{file} cannot be read: {error}")
    if missing := [name for name in COLUMNS if name not in heading]:
        could_not_run(f"{file} is no ServiceNow incident event log: it has no column {missing[0]}")
    return f"{file.name}@{digest}", total


@contextmanager
def _open(file: Path) -> Iterator[IO[str]]:
    with file.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    opened = gzip.open if zipped else open
    with opened(file, "rt", encoding="utf-8-sig", newline="") as text:
        yield text


def _rows(text: IO[str]) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and cells, the columns in our order. A row that is too short or too long stays as it is."""
    reader = csv.reader(text)
    heading = next(reader)
    places = [heading.index(name) for name in COLUMNS]
    straight = heading == list(COLUMNS)
    for cells in reader:
        fits = len(cells) == len(heading)
        yield reader.line_num, cells if straight or not fits else [cells[place] for place in places]


def _workers(settings: Settings) -> tuple[str, ...]:
    return ("projector", SEALER) if seals_here(settings) else ("projector",)


async def _wait_until_caught_up(views: Views, position: int, folder: SealerFolder) -> None:
    """Wait until projector and sealer, ours or others', have reached the last imported event. Exit 2 when one stands still."""
    known, moved = (-1, -1), time.monotonic()
    while True:
        health = await views.health.status()
        now = (health["position"], health["sealed_position"])
        if min(now) >= position:
            return
        if health["halted_at"] is not None:
            could_not_run(f"the projector halted before position {health['halted_at']}: {health['halted_by']}")
        if (why := folder.refusal()) is not None:
            could_not_run(f"imported, but not sealed: {why}")
        if now != known:
            known, moved = now, time.monotonic()
        elif time.monotonic() - moved > _PATIENCE:
            could_not_run(
                f"imported up to position {position}, but views have stopped at {now[0]}, the seal at {now[1]}"
            )
        await asyncio.sleep(0.02)


def _keep_rejected(settings: Settings, name: str, findings: Findings) -> Path | None:
    if not findings.rejected:
        return None
    folder = settings.data_dir / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{name}.rejected.jsonl"
    lines = (json.dumps({"line": line, "why": why, "row": row}) + "\n" for line, why, row in findings.rejected)
    kept.write_text("".join(lines), encoding="utf-8")
    return kept


def _tell(done: Imported, findings: Findings, kept: Path | None, seconds: float, as_json: bool) -> None:
    document = {
        "rows": findings.rows,
        "imported_rows": done.rows,
        "skipped_rows": done.skipped_rows,
        "rejected_rows": len(findings.rejected),
        "backward_rows": findings.backwards,
        "unknown_values": [
            {"column": column, "value": value, "rows": rows}
            for (column, value), rows in sorted(findings.unknown.items())
        ],
        "rejected": [{"line": line, "why": why} for line, why, _ in findings.rejected[:100]],
        "rejected_kept_in": kept,
        "cases": done.cases,
        "events": done.events,
        "position": done.position,
        "seconds": round(seconds, 3),
        "rows_per_second": round(findings.rows / seconds),
    }
    if as_json:
        print_json(document)
    else:
        out.print(
            f"{done.rows} rows of {findings.rows} imported: {done.cases} new cases, {done.events} events, "
            f"{document['rows_per_second']} rows/s with all views and the seal caught up"
        )
        out.print(f"{done.skipped_rows} rows had been imported before")
        out.print(f"{findings.backwards} rows go back in time within their incident; kept in file order")
        for entry in document["unknown_values"]:  # type: ignore[attr-defined]
            out.print(f"no word for {entry['column']} {entry['value']!r} in {entry['rows']} rows; kept on the record")
        for line, why, _ in findings.rejected[:20]:
            out.print(f"line {line} not imported: {why}", markup=False)
        if kept:
            out.print(f"{len(findings.rejected)} rows could not be read; they are kept in {kept}", markup=False)
    if findings.rejected or findings.unknown:
        raise typer.Exit(FINDINGS)

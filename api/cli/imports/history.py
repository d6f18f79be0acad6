"""`import events`, `import servicenow`: the history of other desks, marked as imported."""

from __future__ import annotations

import asyncio
import csv
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import could_not_run, progress
from api.cli.imports.catching_up import wait_until_caught_up, workers_of
from api.cli.imports.outcome import keep_rejected, tell_imported, tell_rehearsed
from api.cli.options import AsJson, DatabaseUrl, DataDir, database_of, settings_of, zone_of
from api.cli.processes.sealer import sealer_folder_of
from api.cli.processes.supervisor import working
from api.main import initial_policy, on_desk, on_views
from application.desk import Desk
from application.imports.columns import MissingColumns
from application.imports.importer import Imported, Importer
from application.imports.mapping import BadMapping, Mapping, read_mapping, shipped_mapping
from application.imports.rehearsal import rehearse
from application.imports.rows import Log
from infrastructure.history_files.opening import HistoryFile, open_history
from infrastructure.history_files.xes import BadXes
from infrastructure.postgres.connections import LONG
from infrastructure.settings import Settings

UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error, BadXes)
"""What reading a broken file raises."""

Timezone = Annotated[
    str | None, typer.Option(help="Time zone of times without an offset, such as UTC or America/Chicago.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be imported. Needs no desk.")]


def events(
    file: Annotated[Path, typer.Argument(help="The log as CSV, JSON Lines or XES, also gzipped.")],
    mapping: Annotated[
        str, typer.Option(help="The mapping: a YAML file, or the name of one that the desk brings.", metavar="MAPPING")
    ],
    timezone: Timezone = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Import the history of another desk by a mapping. Running it twice imports once.

    Exit 1 when rows could not be read, or hold values without a word of ours. The former are kept in DATA_DIR/imports,
    the latter on the record. The command ends when every view and the seal have reached the last event.
    """
    _import(file, _mapping(mapping), timezone, settings_of(data_dir, database_url), dry_run=dry_run, as_json=as_json)


def servicenow(
    file: Annotated[Path, typer.Argument(help="The log as CSV, also gzipped.")],
    timezone: Annotated[str, typer.Option(help="Time zone of its times, such as UTC or America/Chicago.")],
    dry_run: DryRun = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Import a ServiceNow incident event log (UCI data set 498): `import events --mapping servicenow`.

    Running it twice imports once. Exit 1 when rows could not be read, or hold values without a word of ours.
    """
    given = shipped_mapping("servicenow")
    _import(file, given, timezone, settings_of(data_dir, database_url), dry_run=dry_run, as_json=as_json)


def _import(
    file: Path, mapping: Mapping, timezone: str | None, settings: Settings, *, dry_run: bool, as_json: bool
) -> None:
    log, began = Log(mapping, None if timezone is None else zone_of(timezone)), time.monotonic()
    history, counts = _look_at(file, log)
    if dry_run:
        with reading(file), progress("reading rows", counts.total()) as advance:
            done = rehearse(mapping, log.cases(history.lines(), counts), initial_policy(), advance)
            tell_rehearsed(asyncio.run(done), log.findings, as_json=as_json)
        return
    name = history.name

    async def run(desk: Desk) -> Imported:
        importer = Importer(desk, mapping, name)
        try:
            with progress("importing rows", counts.total()) as advance:
                return await importer.run(log.cases(history.lines(), counts), advance)
        except UNREADABLE as error:
            could_not_run(f"{file} cannot be read to its end: {error}; {importer.done.rows} rows were imported")

    with database_of(settings, making=True) as database, working(settings, *workers_of(settings)):
        imported = on_desk(database, run)
        caught_up = partial(wait_until_caught_up, position=imported.position, folder=sealer_folder_of(settings))
        on_views(database, caught_up, limits=LONG)
    kept = keep_rejected(settings, name, log.findings)
    tell_imported(imported, log.findings, kept, time.monotonic() - began, as_json=as_json)


def _look_at(file: Path, log: Log) -> tuple[HistoryFile, Counter[str]]:
    """Read the file once: how many rows each case has. Exit 2 for a file that is no such log."""
    mapping = log.mapping
    with reading(file):
        try:
            history = open_history(
                file,
                mapping.named,
                format=mapping.format,
                encoding=mapping.encoding,
                delimiter=mapping.delimiter,
            )
            return history, log.look_at(history.lines(), history.columns)
        except MissingColumns as missing:
            could_not_run(f"{file} is no log of {mapping.system}: it has no column {missing}")


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Exit 2 for a file that cannot be read."""
    try:
        yield
    except UnicodeDecodeError as error:
        could_not_run(
            f"{file} cannot be read as {error.encoding}: name its encoding, such as windows-1252, in the mapping"
        )
    except UNREADABLE as error:
        could_not_run(f"{file} cannot be read: {error}")


def _mapping(given: str) -> Mapping:
    """The mapping of a file, else the one of that name that the desk brings. Exit 2 for neither."""
    try:
        return read_mapping(Path(given).read_text("utf-8-sig")) if Path(given).exists() else shipped_mapping(given)
    except (BadMapping, OSError, UnicodeDecodeError) as error:
        could_not_run(f"{given}: {error}")

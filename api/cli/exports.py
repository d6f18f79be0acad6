"""`export`: the record as JSON lines, XES and OCEL, and the views of reporting as CSV and Parquet."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer

from api.cli.bundle import sealed_log
from api.cli.console import could_not_run, err, out, print_json, progress
from api.cli.options import AsJson, DatabaseUrl, DataDir, settings_of
from application.exports.ocel_text import Form, JsonForm, XmlForm
from application.transparency_log import NotSealed
from infrastructure.exports.logs import CASES, Advance, write_lines, write_traces
from infrastructure.exports.manifest import told_of, write_manifest
from infrastructure.exports.objects import Objects
from infrastructure.exports.ocel_files import KINDS, Sink, TextSink, write_ocel
from infrastructure.exports.ocel_sqlite import SqliteSink
from infrastructure.exports.part_file import Ground, Growing, Output, PartFile
from infrastructure.exports.record import LogDisagrees, Record, ground_of, last_erasure
from infrastructure.exports.reporting_views import reporting_views
from infrastructure.exports.tables import NoColumns, PartFolder, Write, csv_writer, parquet_writer
from infrastructure.postgres.database import Database
from infrastructure.transparency.served_log import PostgresLog

_STDOUT = "-"
_OCEL: Mapping[str, Callable[[], Form] | None] = {
    ".json": JsonForm,
    ".jsonocel": JsonForm,
    ".xml": XmlForm,
    ".xmlocel": XmlForm,
    ".sqlite": None,
}

app = typer.Typer(
    help="Export the record and the reporting views. Needs read access to the whole record.", no_args_is_help=True
)
FileName = Annotated[str, typer.Argument(metavar="FILE", help="A new file; - is standard output.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")]
Connection = psycopg.Connection[Any]


@app.callback()
def _group() -> None:
    """Export the record and the reporting views. Needs read access to the whole record."""


@app.command()
def jsonl(
    file: FileName,
    after: Annotated[int, typer.Option(min=0, help="Only the events after this position.")] = 0,
    without_words: Annotated[
        bool, typer.Option("--without-words", help="Leave out what people wrote and contact data.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write every event as one line of JSON, with its leaf and the words that are not erased.

    Killed half-way, the same command goes on where it was. Only you may read the file.
    """
    with _record(data_dir, database_url, viewed=False) as (connection, ground):
        erased = 0 if without_words else last_erasure(connection)
        asked = {"form": "jsonl", "after": after, "words": not without_words, "erased": erased, "log": ground.log}

        def write(record: Record, into: Growing, advance: Advance) -> int:
            return write_lines(record, into, advance, after=after, words=not without_words)

        _to_file(connection, file, asked, ground, write, as_json=as_json, after=after, mode=0o600)


@app.command()
def xes(file: FileName, as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Write all cases as XES (IEEE 1849): one trace a case, without words.

    Killed half-way, the same command goes on where it was.
    """
    with _record(data_dir, database_url, viewed=False) as (connection, ground):

        def write(record: Record, into: Growing, advance: Advance) -> int:
            return write_traces(record, into, advance, told_of(into.ground))

        _to_file(connection, file, {"form": "xes", "log": ground.log}, ground, write, as_json=as_json, kinds=CASES)


@app.command()
def ocel(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A new file: .json, .xml or .sqlite; - is JSON on standard output.")
    ],
    as_json: AsJson = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write cases, problems, services, teams and people with their events as OCEL 2.0, without words.

    Killed half-way, the same command goes on where it was.
    """
    suffix = ".json" if file == _STDOUT else Path(file).suffix
    if suffix not in _OCEL:
        could_not_run(f"{file} ends in none of {', '.join(_OCEL)}")
    form = _OCEL[suffix]
    with _record(data_dir, database_url, viewed=True) as (connection, ground):
        asked = {"form": f"ocel{suffix}", "log": ground.log}

        def write(record: Record, into: Any, advance: Advance) -> int:
            sink: Sink = into if form is None else TextSink(form(), into)
            return write_ocel(record, Objects(connection, record.until), sink, advance, told_of(into.ground))

        _to_file(connection, file, asked, ground, write, as_json=as_json, kinds=KINDS, database=form is None)


@app.command()
def csv(folder: Folder, as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Write the views of the schema `reporting` as CSV (RFC 4180), one file a view, as of one position."""
    with (
        _log(data_dir, database_url) as (database, log),
        database.connect("auditor") as connection,
        csv_writer(connection) as (position, write),
    ):
        _to_folder(connection, folder, "csv", _ground_at(database, log, position), write, as_json=as_json)


@app.command()
def parquet(
    folder: Folder, as_json: AsJson = False, data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """Write the views of the schema `reporting` as Parquet, a partition a month (UTC), as of one position.

    DuckDB, Spark and Trino read the folder of a view as one data set: month=2026-01 and so on.
    """
    with _log(data_dir, database_url) as (database, log), database.connect("auditor") as connection:
        conninfo = database.for_component("auditor")
        with parquet_writer(conninfo, lambda position: _ground_at(database, log, position)) as (ground, write):
            _to_folder(connection, folder, "parquet", ground, write, as_json=as_json)


@contextmanager
def _log(data_dir: Path | None, database_url: str | None) -> Iterator[tuple[Database, PostgresLog]]:
    """The database and its sealed log. Exit 2 for what stands in the way of an export."""
    try:
        with sealed_log(settings_of(data_dir, database_url)) as opened:
            yield opened
    except (NotSealed, LogDisagrees, NoColumns, OSError, sqlite3.Error) as error:
        could_not_run(error)
    except psycopg.errors.InsufficientPrivilege as error:
        could_not_run(f"the database user may not read the record: {error}")


@contextmanager
def _record(data_dir: Path | None, database_url: str | None, *, viewed: bool) -> Iterator[tuple[Connection, Ground]]:
    """A connection that reads the record, and what the export stands on: all that is recorded by now, once it is sealed."""
    with _log(data_dir, database_url) as (database, log), database.connect("auditor") as connection:
        log.wait_for(log.last_event())
        yield connection, ground_of(connection, viewed=viewed)


def _ground_at(database: Database, log: PostgresLog, position: int) -> Ground:
    """A checkpoint that contains a position, on a connection of its own: the snapshot of the export may be older."""
    log.wait_for(position)
    with database.connect("auditor") as connection:
        return ground_of(connection).at(position)


def _to_file(
    connection: Connection,
    file: str,
    asked: Mapping[str, Any],
    ground: Ground,
    write: Callable[[Record, Any, Advance], int],
    *,
    as_json: bool,
    after: int = 0,
    kinds: Sequence[str] | None = None,
    mode: int = 0o644,
    database: bool = False,
) -> None:
    """Write a file, its manifest, and what became of both; or standard output, and nothing else."""
    if file == _STDOUT:
        output = Output(sys.stdout.buffer, ground)
        write(Record(connection, ground.position), output, lambda _: None)
        output.keep(None)
        return
    target = Path(file)
    part = SqliteSink(target, asked, ground) if database else PartFile(target, asked, ground, mode)
    with closing(part):
        if part.mark is not None:
            err.print(f"going on with {target}.part, as of position {part.ground.position}", markup=False)
        record = Record(connection, part.ground.position)
        with progress(f"exporting events to {target.name}", record.count(after, kinds), lines=True) as advance:
            events = write(record, part, advance)
        size, digest = part.finish()
    told = {"events": events, "resumed": part.mark is not None, "bytes": size, "sha256": digest}
    manifest = write_manifest(target, str(asked["form"]), part.ground, told | ({"after": after} if after else {}))
    _tell(manifest, f"{target}: {size:,} bytes", as_json=as_json)


def _to_folder(connection: Connection, folder: Path, form: str, ground: Ground, write: Write, *, as_json: bool) -> None:
    views, part = reporting_views(connection), PartFolder(folder, form, ground)
    with progress(f"exporting views to {folder.name}", len(views), lines=True) as advance:
        for view in views:
            part.write(view, write)
            advance(1)
    rows, digests = part.finish()
    manifest = write_manifest(folder, form, ground, {"rows": rows, "sha256": digests})
    _tell(manifest, f"{folder}: {len(views)} views, {sum(rows.values()):,} rows", as_json=as_json)


def _tell(manifest: Mapping[str, Any], what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(manifest)
    else:
        out.print(
            f"{what}, as of position {manifest['position']}, on a checkpoint of {manifest['size']} leaves of {manifest['log']}",
            markup=False,
        )

"""Exports the views of the schema `reporting` as a folder of CSV or Parquet files, all as of one position.

The folder grows beside its name, as `NAME.part`, and takes the name once it is whole. A broken-off export keeps the views that
it has finished, as long as the views stand at the same position; else it begins anew, since a folder has one position.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC
from hashlib import file_digest
from pathlib import Path
from typing import Any

import psycopg

from application.reports.spreadsheet import csv_lines
from infrastructure.exports.part_file import Ground
from infrastructure.exports.reporting_views import SQL, ReportingView
from infrastructure.files import sync_folder, write_atomically

_FETCHED = 1_000
_NO_MONTH = "__HIVE_DEFAULT_PARTITION__"
"""The partition of rows without a moment, as Hive names it."""
Write = Callable[[ReportingView, Path], int]
"""Writes a view into a folder, and returns how many rows it has."""


class PartFolder:
    """A folder that is renamed once it is whole. Raises FileExistsError when the folder is there already, OSError."""

    def __init__(self, target: Path, form: str, ground: Ground) -> None:
        if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
            raise FileExistsError(f"{target} is there already: name a new folder")
        self.target, self._part = target, target.with_name(f"{target.name}.part")
        self._state = self._part / "export.json"
        self._told: dict[str, Any] = {"form": form, "position": ground.position, "log": ground.log, "rows": {}}
        known = self._known()
        if known is None:
            shutil.rmtree(self._part, ignore_errors=True)
            self._part.mkdir(parents=True)
        else:
            self._told = known

    def _known(self) -> dict[str, Any] | None:
        try:
            known: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return known if {**known, "rows": {}} == self._told else None

    def write(self, view: ReportingView, write: Write) -> bool:
        """Write a view, unless it is there already. Returns whether this call has written it."""
        if view.name in self._told["rows"]:
            return False
        folder = self._part / view.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self._told["rows"][view.name] = write(view, folder)
        write_atomically(self._state, json.dumps(self._told), 0o600)
        return True

    def finish(self) -> tuple[Mapping[str, int], Mapping[str, str]]:
        """Give the folder its name. Returns the rows of each view, and the SHA-256 of each file."""
        self._state.unlink(missing_ok=True)
        files = sorted(path for path in self._part.rglob("*") if path.is_file())
        digests = {str(path.relative_to(self._part)): _digest(path) for path in files}
        if self.target.exists():
            self.target.rmdir()
        self._part.rename(self.target)
        sync_folder(self.target.parent)
        return self._told["rows"], digests


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@contextmanager
def csv_writer(connection: psycopg.Connection[Any]) -> Iterator[tuple[int, Write]]:
    """The position of a snapshot, and what writes its views as CSV."""
    connection.execute(SQL["snapshot"])
    try:
        yield _position(connection), lambda view, folder: _write_csv(connection, view, folder)
    finally:
        connection.execute(SQL["release"])


def _position(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(SQL["position"]).fetchone()
    return int(row[0]) if row else 0


def _write_csv(connection: psycopg.Connection[Any], view: ReportingView, folder: Path) -> int:
    names, count = [column.name for column in view.columns], 0

    def rows() -> Iterator[Sequence[Any]]:
        nonlocal count
        with connection.cursor(binary=True) as cursor:
            for row in cursor.stream(view.query().encode(), size=_FETCHED):
                count += 1
                yield row[: len(names)]

    with (folder / f"{view.name}.csv").open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(names, rows(), UTC))
    return count


class NoColumns(Exception):
    """Parquet needs the optional packages: install `caseledger[columns]`."""


@contextmanager
def parquet_writer(conninfo: str, told: Callable[[int], Ground]) -> Iterator[tuple[Ground, Write]]:
    """The ground of a snapshot, and what writes its views as Parquet: ADBC to Arrow to files.

    ``told`` gives the ground of a position. Raises NoColumns, psycopg.OperationalError.
    """
    try:
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415 - optional
    except ImportError:
        raise NoColumns(NoColumns.__doc__) from None
    options = " -c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"
    with _arrow(dbapi, psycopg.conninfo.make_conninfo(conninfo, options=_options(conninfo) + options)) as cursor:
        cursor.execute(SQL["position"].decode())
        ground = told(int(cursor.fetchone()[0]))
        metadata = {f"caseledger.{name}".encode(): str(value).encode() for name, value in asdict(ground).items()}
        yield ground, lambda view, folder: _write_parquet(cursor, view, folder, metadata)


def _options(conninfo: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(conninfo).get("options") or "")


@contextmanager
def _arrow(dbapi: Any, conninfo: str) -> Iterator[Any]:
    try:
        connection = dbapi.connect(conninfo)
    except dbapi.Error as error:
        raise psycopg.OperationalError(str(error)) from error
    with connection, connection.cursor() as cursor:
        yield cursor


def _write_parquet(cursor: Any, view: ReportingView, folder: Path, metadata: Mapping[bytes, bytes]) -> int:
    import pyarrow.parquet  # noqa: PLC0415 - optional

    cursor.execute(view.query())
    reader = cursor.fetch_record_batch()
    parted = view.month_of is not None
    schema = reader.schema.remove(len(reader.schema) - 1) if parted else reader.schema
    schema = schema.with_metadata(dict(metadata))
    count, month, writer = 0, None, None

    def open_writer(name: str | None) -> Any:
        place = folder / f"month={name}" if parted else folder
        place.mkdir(exist_ok=True)
        return pyarrow.parquet.ParquetWriter(place / f"{view.name}.parquet", schema, compression="zstd")

    try:
        for batch in reader:
            for name, rows in _by_month(batch) if parted else [(None, batch)]:
                if writer is None or name != month:
                    if writer is not None:
                        writer.close()
                    writer, month = open_writer(name), name
                writer.write_batch(rows.replace_schema_metadata(schema.metadata))
                count += rows.num_rows
        if writer is None:  # no row at all: a file all the same, which tells the columns
            writer = open_writer(_NO_MONTH if parted else None)
    finally:
        if writer is not None:
            writer.close()
    return count


def _by_month(batch: Any) -> Iterator[tuple[str, Any]]:
    """The rows of each month, which is the last column. They come sorted by it."""
    import pyarrow.compute  # noqa: PLC0415 - optional

    last = batch.num_columns - 1
    runs = pyarrow.compute.run_end_encode(batch.column(last))
    rows, start = batch.select(range(last)), 0
    for end, month in zip(runs.run_ends.to_pylist(), runs.values.to_pylist(), strict=True):
        yield month or _NO_MONTH, rows.slice(start, end - start)
        start = end

"""How fast the record leaves the desk: rows `export_jsonl_events_per_s`, `export_xes_...`, `export_ocel_...`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from application.exports.ocel_text import JsonForm
from benchmarks.machine import scratch
from benchmarks.rows import Row
from infrastructure.exports.logs import write_lines, write_traces
from infrastructure.exports.manifest import told_of
from infrastructure.exports.objects import Objects
from infrastructure.exports.ocel_files import TextSink, write_ocel
from infrastructure.exports.part_file import PartFile
from infrastructure.exports.record import Record, ground_of
from infrastructure.postgres.database import Database

Write = Callable[[Record, PartFile], int]


def _lines(record: Record, into: PartFile) -> int:
    return write_lines(record, into, _nothing)


def _traces(record: Record, into: PartFile) -> int:
    return write_traces(record, into, _nothing, told_of(into.ground))


def _objects(record: Record, into: PartFile) -> int:
    objects = Objects(record.connection, record.until)
    return write_ocel(record, objects, TextSink(JsonForm(), into), _nothing, told_of(into.ground))


def _nothing(_: int) -> None:
    pass


FORMS: Mapping[str, tuple[Write, int]] = {
    "jsonl": (_lines, 100_000),
    "xes": (_traces, 30_000),
    "ocel": (_objects, 30_000),
}
"""What writes each form, and its goal in events a second."""


def rows(database: Database) -> Iterator[Row]:
    """One row a form: the whole record into a file, checkpoint, leaves, words and hash included."""
    with scratch() as folder:
        for form, (write, goal) in FORMS.items():
            events, seconds, size = _timed(database, write, folder / form)
            note = f"{events:,} events, {size / 1e6:,.0f} MB"
            yield Row(f"export_{form}_events_per_s", events / seconds, "1/s", goal=goal, note=note)


def _timed(database: Database, write: Write, file: Path) -> tuple[int, float, int]:
    began = time.perf_counter()
    with database.connect("auditor") as connection:
        ground = ground_of(connection, viewed=True)
        part = PartFile(file, {}, ground)
        events = write(Record(connection, ground.position), part)
        size, _ = part.finish()
    return events, time.perf_counter() - began, size

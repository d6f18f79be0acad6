"""`export jsonl`: the whole record, byte for byte, and what becomes of an export that is broken off."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application.exports.event_lines import read_line
from infrastructure.exports import logs, ocel_files
from infrastructure.exports.logs import write_lines
from infrastructure.exports.ocel_sqlite import SqliteSink
from infrastructure.exports.part_file import PartFile
from infrastructure.exports.record import Record, ground_of
from infrastructure.transparency.formats.leaf import parse_leaf
from infrastructure.transparency.log_reader import LogReader, latest
from tests.acceptance.exports.conftest import BACKWARDS, Exporter
from tests.acceptance.imports.logs import imported
from tests.blocking import BlockingDesk
from tests.infrastructure.transparency.sealed import SealedDesk


def rows(exporter: Exporter, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(exporter.database.superuser) as superuser:
        return superuser.execute(query.encode()).fetchall()


STORED = """
    SELECT e.notification_id, e.originator_id::text, e.originator_version, e.topic, e.state, e.recorded_at,
           (SELECT count(*) FROM vault.disclosures d
            WHERE (d.originator_id, d.originator_version) = (e.originator_id, e.originator_version))
    FROM ledger.stored_events e ORDER BY 1
"""


def test_every_event_is_a_line_with_its_bytes_its_leaf_and_its_words(exporter: Exporter) -> None:
    file = exporter.folder / "record.jsonl"
    manifest = exporter.manifest("jsonl", file)
    read = [read_line(line) for line in file.read_bytes().splitlines(keepends=True)]
    assert [(e.position, e.stream, e.version, e.topic, e.state, e.recorded_at, e.disclosed) for e in read] == rows(
        exporter, STORED
    )
    with exporter.database.connect("auditor") as connection:
        sealed = latest(connection)
        assert sealed is not None
        for index, record in enumerate(LogReader(connection, sealed.log).entries(0, min(sealed.size, 256))):
            leaf, event = parse_leaf(record), read[index]
            assert (event.leaf, leaf.position, leaf.state_sha256) == (
                index,
                event.position,
                sha256(event.state).hexdigest(),
            )
    assert manifest["checkpoint"] == sealed.note
    assert (manifest["position"], manifest["events"]) == (read[-1].position, len(read))
    assert manifest["sha256"] == sha256(file.read_bytes()).hexdigest()
    assert json.loads((exporter.folder / "record.jsonl.manifest.json").read_text(encoding="utf-8")) == manifest
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in exporter.folder.glob("record*")) == [
        "record.jsonl",
        "record.jsonl.manifest.json",
    ]


def test_words_can_be_left_out(exporter: Exporter) -> None:
    file = exporter.folder / "record.jsonl"
    exporter.run("jsonl", file, "--without-words")
    text = file.read_text(encoding="utf-8")
    words = rows(exporter, "SELECT value FROM vault.disclosures")
    assert words
    assert not any(json.dumps(value) in text for (value,) in words)
    assert '"disclosures"' not in text


def test_erased_words_are_named(exporter: Exporter) -> None:
    ((digest,),) = rows(
        exporter,
        "DELETE FROM vault.disclosures WHERE ctid = (SELECT min(ctid) FROM vault.disclosures) RETURNING encode(digest, 'hex')",
    )
    lines = exporter.run("jsonl", "-").stdout.splitlines()
    assert [line["erased"] for line in map(json.loads, lines) if "erased" in line] == [[digest]]


def test_progress_is_a_line_where_there_is_no_terminal(exporter: Exporter) -> None:
    result = exporter.run("jsonl", exporter.folder / "record.jsonl")
    ((events,),) = rows(exporter, "SELECT count(*) FROM ledger.stored_events")
    assert f"exporting events to record.jsonl: {events} of {events}" in result.stderr


def test_two_exports_one_after_the_other_are_the_whole_record(exporter: Exporter, desk: BlockingDesk) -> None:
    first, second = exporter.folder / "first.jsonl", exporter.folder / "second.jsonl"
    position = exporter.manifest("jsonl", first)["position"]
    imported(desk, BACKWARDS)
    exporter.settle()
    exporter.run("jsonl", second, "--after", str(position))
    assert first.read_bytes() + second.read_bytes() == exporter.run("jsonl", "-").stdout_bytes


def test_gaps_between_positions_are_none_between_leaves(exporter: Exporter, desk: BlockingDesk) -> None:
    """A refused command leaves a gap in the positions. Leaves are numbered without gaps."""
    with psycopg.connect(exporter.database.superuser, autocommit=True) as superuser:
        superuser.execute(
            "SELECT nextval(pg_get_serial_sequence('ledger.stored_events', 'notification_id')) FROM generate_series(1, 5)"
        )
    imported(desk, BACKWARDS)
    exporter.settle()
    read = [json.loads(line) for line in exporter.run("jsonl", "-").stdout.splitlines()]
    assert [each["leaf"] for each in read] == list(range(len(read)))
    assert read[-1]["position"] == read[-1]["leaf"] + 6


def test_a_log_that_was_begun_anew_has_a_leaf_before_all_events(exporter: Exporter) -> None:
    with SealedDesk(exporter.database, exporter.folder / "sealer").sealer() as sealer:
        sealer.restart("a restore")
        while sealer.seal():
            pass
    read = [json.loads(line) for line in exporter.run("jsonl", "-").stdout.splitlines()]
    assert [each["leaf"] for each in read] == list(range(1, len(read) + 1))


def test_a_record_that_is_not_the_sealed_one_is_no_export(exporter: Exporter) -> None:
    with SealedDesk(exporter.database, exporter.folder / "sealer").attack() as superuser:
        superuser.execute("DELETE FROM ledger.stored_events WHERE notification_id IN (3, 4)")
    assert "caseledger verify" in exporter.run("jsonl", exporter.folder / "log.jsonl", code=2).stderr


class Killed(Exception):
    """What stands for a kill: nothing is written after it, and nobody tidies up."""


@pytest.fixture
def careful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports that make sure of what they wrote every few events."""
    for module in (logs, ocel_files):
        monkeypatch.setattr(module, "KEEP_EVERY", 7)


def kill_after(monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    read = Record._read

    def broken(self: Record, query: str, **values: Any) -> Iterator[Any]:
        for place, event in enumerate(read(self, query, **values)):
            if place == events:
                raise Killed
            yield event

    monkeypatch.setattr(Record, "_read", broken)


@pytest.mark.parametrize(
    "command",
    [("jsonl", "log.jsonl"), ("xes", "log.xes"), ("ocel", "log.json"), ("ocel", "log.xml"), ("ocel", "log.sqlite")],
)
@pytest.mark.parametrize("events", [3, 40])
@pytest.mark.usefixtures("careful")
def test_a_broken_off_export_goes_on_and_loses_and_doubles_nothing(
    exporter: Exporter, desk: BlockingDesk, command: tuple[str, str], events: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, name = command
    whole, broken = exporter.folder / f"whole.{name}", exporter.folder / name
    expected = exporter.manifest(form, whole)
    with monkeypatch.context() as patch:
        kill_after(patch, events)
        with pytest.raises(Killed):
            exporter.run(form, broken)
    assert not broken.exists()
    if form != "ocel" or not name.endswith("sqlite"):
        with (exporter.folder / f"{name}.part").open("ab") as part:
            part.write(b"half a line, which no disk was asked to keep")
    imported(desk, BACKWARDS)  # the desk goes on meanwhile
    exporter.settle()
    found = exporter.manifest(form, broken)
    if events > 20:
        assert found["resumed"]
        assert (found["position"], found["events"]) == (expected["position"], expected["events"])
        assert content(broken) == content(whole)
    assert not list(exporter.folder.glob(f"{name}.part*"))


def content(file: Path) -> Any:
    """The bytes of a file; of a database all its rows, since pages may lie in another order."""
    if file.suffix != ".sqlite":
        return file.read_bytes()
    connection = sqlite3.connect(file)
    try:
        return sorted(connection.iterdump())
    finally:
        connection.close()


def test_a_part_of_another_question_is_begun_anew(exporter: Exporter) -> None:
    """Such as one that was begun before an erasure, and holds words that are gone."""
    target = exporter.folder / "log.jsonl"
    with exporter.database.connect("auditor") as connection:
        ground = ground_of(connection)
        part = PartFile(target, {"form": "jsonl", "erased": 0}, ground)
        part.write(b"words that were erased meanwhile\n")
        part.keep((5, 5))
        part.close()
        again = PartFile(target, {"form": "jsonl", "erased": 9}, ground)
        assert again.mark is None
        write_lines(Record(connection, ground.position), again, lambda _: None)
        again.finish()
    assert b"erased meanwhile" not in target.read_bytes()


def test_a_part_is_not_taken_for_the_one_before_it(exporter: Exporter) -> None:
    """Killed before it kept anything, the part of another question has more bytes than the first one was sure of."""
    target = exporter.folder / "log.jsonl"
    with exporter.database.connect("auditor") as connection:
        ground = ground_of(connection)
    for after, keeps in ((0, True), (9, False)):
        part = PartFile(target, {"after": after}, ground)
        part.write(b"x" * 2_000_000)
        if keeps:
            part.keep((5, 5))
        part.close()
    with closing(PartFile(target, {"after": 0}, ground)) as again:
        assert again.mark is None


def test_two_exports_never_write_one_file(exporter: Exporter) -> None:
    with exporter.database.connect("auditor") as connection:
        ground = ground_of(connection)
    lines, base = exporter.folder / "log.jsonl", exporter.folder / "log.sqlite"
    for target, part in ((lines, PartFile(lines, {}, ground)), (base, SqliteSink(base, {}, ground))):
        form = "ocel" if target is base else "jsonl"
        with closing(part):
            assert "another export" in exporter.run(form, target, code=2).stderr
        exporter.run(form, target)


def test_nothing_that_exists_is_replaced(exporter: Exporter) -> None:
    file = exporter.folder / "there"
    file.write_text("mine", encoding="utf-8")
    for command in (("jsonl", file), ("xes", file), ("csv", file), ("parquet", file)):
        assert "already" in exporter.run(*command, code=2).stderr
    assert file.read_text(encoding="utf-8") == "mine"
    assert "ends in none of" in exporter.run("ocel", exporter.folder / "log.txt", code=2).stderr

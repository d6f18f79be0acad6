"""The logs of other desks become history of ours by a mapping: once, whole, and honest about where they came from."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from application.views.questions import ReportQuestion
from domain.errors import NotFound
from tests.acceptance.imports.logs import Imports
from tests.acceptance.imports.shapes import HELP_DESK, INCIDENTS, TICKETS
from tests.application.cases import TECHNICIAN
from tests.blocking import BlockingDesk
from tests.conftest import differences

SHAPES = [
    ("help-desk.csv", HELP_DESK, "italian-help-desk"),
    ("incidents.xes", INCIDENTS, "bpi-2013-incidents"),
    ("tickets.csv", TICKETS, "row-per-case"),
]


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


def rehearsed(file: Path, mapping: Path | str, *options: str) -> dict[str, Any]:
    told = CliRunner().invoke(
        app, ["import", "events", str(file), "--mapping", str(mapping), "--dry-run", "--json", *options]
    )
    document: dict[str, Any] = json.loads(told.stdout)
    return document


def history(desk: BlockingDesk, reference: str) -> list[Any]:
    cases = {case.external_ref: case for case in _cases(desk)}
    entries: list[Any] = desk.records.history(cases[reference].number, TECHNICIAN.actor)
    return entries


def _cases(desk: BlockingDesk) -> Iterator[Any]:
    for number in range(1, 20):
        with suppress(NotFound):
            yield desk.records.case(f"INC-{number:07d}", TECHNICIAN.actor)


def topics(entries: list[Any]) -> list[str]:
    return [entry.event.TOPIC.removeprefix("case.") for entry in entries]


@pytest.mark.parametrize(("name", "text", "mapping"), SHAPES)
def test_a_dry_run_tells_what_the_import_records_and_a_second_import_adds_nothing(
    imports: Imports, views: BlockingDesk, name: str, text: str, mapping: str
) -> None:
    file = written(imports.folder, name, text)
    before = rehearsed(file, mapping)
    code, told = imports.events(file, mapping)
    shared = ("rows", "imported_rows", "cases", "unknown_values", "backward_rows", "rejected", "missing_columns")
    assert {key: told[key] for key in shared} == {key: before[key] for key in shared}
    assert (code, told["events"]) == (1, before["events"])
    volume = views.reports.report(ReportQuestion("volume"))["totals"]
    assert volume["events"] == told["events"]
    assert volume["by_status"] == before["cases_by_status"]
    _, again = imports.events(file, mapping)
    assert (again["imported_rows"], again["events"], again["skipped_rows"]) == (0, 0, told["imported_rows"])
    assert differences(imports.database) == {}


def test_activities_of_the_italian_help_desk(imports: Imports, desk: BlockingDesk, views: BlockingDesk) -> None:
    _, told = imports.events(written(imports.folder, "log.csv", HELP_DESK), "italian-help-desk")
    assert told["unknown_values"] == [{"column": "Activity", "value": "Reboot the moon", "rows": 1}]
    assert told["backward_rows"] == 1
    entries = history(desk, "Case 1")
    assert topics(entries) == [
        *("logged", "assigned", "imported", "resolved", "reopened", "resolved", "closed", "imported"),
    ]
    assert (
        entries[0].event.occurred_at.isoformat() == "2012-10-09T12:50:17+00:00"
    )  # the desk's clock showed Rome's time
    assert [entry.event.origin.row for entry in entries] == [2, 2, 3, 5, 6, 7, 8, 9]
    assert entries[3].event.by.subject == "Value 1"
    assert views.reports.report(ReportQuestion("reopenings"))["totals"]["reopenings_after_72h"] == 1
    unknown = history(desk, "Case 2")[-1].event
    assert unknown.TOPIC == "case.imported"
    assert unknown.origin.changed["Activity"] == "Reboot the moon"


def test_statuses_and_transitions_of_xes(imports: Imports, desk: BlockingDesk) -> None:
    _, told = imports.events(written(imports.folder, "log.xes", INCIDENTS), "bpi-2013-incidents")
    assert [(each["value"], each["rows"]) for each in told["unknown_values"]] == [("Unmatched/Unmatched", 1)]
    entries = history(desk, "1-364285768")
    assert topics(entries) == [
        *("logged", "priority_imported", "assigned", "assigned", "pended", "resumed"),
        *("priority_imported", "resolved", "closed"),
    ]
    assert entries[1].event.deviations == ("severity_not_recorded", "priority_not_recorded")
    assert entries[0].event.by.subject == "Åse"
    case = desk.records.case(entries[0].event.number, TECHNICIAN.actor)
    assert (case.status, case.team, case.impact, case.priority) == ("closed", "Line 3", 1, None)


def test_times_of_a_case_in_one_row(imports: Imports, desk: BlockingDesk) -> None:
    _, told = imports.events(written(imports.folder, "log.csv", TICKETS), "row-per-case")
    assert told["unknown_values"] == [{"column": "priority", "value": "9", "rows": 1}]
    assert [(each["line"], each["why"].split(",")[0]) for each in told["rejected"]] == [(6, "opened_at")]
    assert told["backward_rows"] == 1
    entries = history(desk, "7")
    assert topics(entries) == ["logged", "priority_imported", "assigned", "imported", "resolved", "closed"]
    assert entries[2].event.deviations == ("time_not_recorded",)
    words = {said.text("description") for entry in entries for said in entry.disclosures}
    assert "It prints\nonly stripes" in words
    assert all(b"jo@agency" not in entry.state and b"stripes" not in entry.state for entry in entries)
    assert entries[0].event.customer == history(desk, "9")[0].event.customer != history(desk, "8")[0].event.customer


def test_a_later_export_adds_only_what_is_new(imports: Imports, desk: BlockingDesk) -> None:
    lines = HELP_DESK.splitlines(keepends=True)
    mapping = "italian-help-desk"
    imports.events(written(imports.folder, "march.csv", "".join(lines[:3])), mapping)
    _, whole = imports.events(written(imports.folder, "april.csv", "".join(lines)), mapping)
    assert (whole["cases"], whole["skipped_rows"], whole["imported_rows"]) == (1, 2, 7)
    # An export that begins later holds a case without its first rows.
    _, rest = imports.events(written(imports.folder, "may.csv", "".join((lines[0], *lines[5:]))), mapping)
    assert (rest["cases"], rest["imported_rows"]) == (0, 0)


def test_a_mapping_of_ones_own_names_contacts_words_and_constants(imports: Imports, desk: BlockingDesk) -> None:
    mapping = written(
        imports.folder,
        "mapping.yaml",
        """
        system: old-desk
        case: ticket.key
        time: {column: at, format: unix}
        by: author
        status: {column: to, values: {Offen: open, "Erledigt": closed}, unknown: accept}
        channel: {value: email}
        team: {value: messaging}
        impact: {value: high}
        severity: {column: urgency}
        contact: {name: who.name, email: who.mail}
        words: {subject: title}
        private: [comment]
        ignore: [secret]
        """,
    )
    rows = [
        {"ticket": {"key": "A-1"}, "at": 1700000000, "to": "offen", "urgency": "High", "author": "kim", "title": "Hilfe",
         "who": {"name": "Jo Field", "mail": "jo@agency.example"}, "secret": "x", "comment": None},
        {"ticket": {"key": "A-1"}, "at": 1700003600, "to": "Parked", "author": "kim", "comment": "called\u0000 Jo"},
    ]  # fmt: skip
    file = written(imports.folder, "log.jsonl", "\n".join(map(json.dumps, rows)) + "\nnot json\n[]\n")
    code, told = imports.events(file, mapping)
    assert (code, told["rejected_rows"], told["unknown_values"]) == (1, 2, [])
    entries = history(desk, "A-1")
    assert topics(entries) == ["logged", "prioritized", "assigned", "imported"]
    assert entries[0].event.channel == "email"
    assert entries[1].event.deviations == ("priority_not_recorded",)
    assert entries[1].event.priority == 1
    said = {name: text for entry in entries for each in entry.disclosures for name, text in (each.texts or {}).items()}
    assert said["name"] == "Jo Field"
    assert said["subject"] == "Hilfe"
    assert "called\\x00 Jo" in said["reason"]
    assert b"Jo" not in b"".join(entry.state for entry in entries)
    assert all("secret" not in (entry.event.origin.changed or {}) for entry in entries)


def test_an_import_killed_half_way_is_finished_by_the_next(imports: Imports) -> None:
    head, *rows = HELP_DESK.splitlines(keepends=True)
    many = [line.replace("Case ", f"Case {number}-") for number in range(600) for line in rows]
    file = written(imports.folder, "log.csv", "".join((head, *many)))
    command = [sys.executable, "-m", "api.cli", "import", "events", str(file), "--mapping", "italian-help-desk"]
    at = ["--database-url", imports.database.superuser, "--data-dir", str(imports.folder)]
    killed = subprocess.Popen([*command, *at], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_events(imports, 600)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    _, told = imports.events(file, "italian-help-desk")
    assert told["imported_rows"] + told["skipped_rows"] == len(many)
    with imports.database.connect("auditor") as connection:
        rows_of_cases = connection.execute(
            "SELECT convert_from(state, 'UTF8')::jsonb -> 'origin' ->> 'row' FROM ledger.stored_events"
            " WHERE topic IN ('case.logged', 'case.resolved', 'case.closed', 'case.reopened')"
        ).fetchall()
    counts = Counter(row for (row,) in rows_of_cases)
    assert set(counts.values()) == {1}
    assert len(counts) == 600 * 6
    assert differences(imports.database) == {}


def wait_for_events(imports: Imports, enough: int) -> None:
    with imports.database.connect("auditor") as connection:
        connection.autocommit = True
        count = 0
        while count < enough:
            row = connection.execute("SELECT count(*) FROM ledger.stored_events WHERE topic LIKE 'case.%'").fetchone()
            assert row is not None
            count = row[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("system: x\ncase: id\ntime: at\n", "no column holds the status"),
        ("system: x\ncase: id\ntime: at\nstatus: {column: s, values: {New: begun}}\n", "'begun' is no status"),
        ("system: x\ncase: id\ntime: {column: at, zone: Mars/Olympus}\nstatus: s\n", "no time zone Mars/Olympus"),
        ("system: x\ncase: id\ntime: at\nstatus: s\nstate: s\n", "unknown field"),
        ("- a\n", "Expected"),
        ("a: [", "while parsing"),
        ("system: x\ncase: nothing\ntime: Complete Timestamp\nstatus: Activity\n", "no column nothing"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    file, mapping = written(tmp_path, "log.csv", HELP_DESK), written(tmp_path, "mapping.yaml", text)
    result = CliRunner().invoke(app, ["import", "events", str(file), "--mapping", str(mapping), "--dry-run"])
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_an_unknown_mapping_names_those_that_the_desk_brings(tmp_path: Path) -> None:
    file = written(tmp_path, "log.csv", HELP_DESK)
    result = CliRunner().invoke(app, ["import", "events", str(file), "--mapping", "nothing", "--dry-run"])
    assert result.exit_code == 2
    assert "bpi-2013-incidents-table, italian-help-desk, row-per-case, servicenow" in " ".join(result.stderr.split())


@pytest.mark.parametrize(("name", "text", "shipped"), SHAPES)
def test_a_suggested_mapping_imports_the_same_cases(tmp_path: Path, name: str, text: str, shipped: str) -> None:
    file = tmp_path / f"{name}.gz"
    file.write_bytes(gzip.compress(text.encode(), mtime=0))
    suggested = tmp_path / "mapping.yaml"
    told = CliRunner().invoke(app, ["import", "mapping", str(file), "-o", str(suggested)])
    assert told.exit_code == 0, told.stderr
    ours, theirs = rehearsed(file, suggested), rehearsed(file, shipped)
    assert (ours["cases"], ours["imported_rows"]) == (theirs["cases"], theirs["imported_rows"])
    assert ours["cases_by_status"]["closed"] == theirs["cases_by_status"]["closed"] - (shipped == "bpi-2013-incidents")
    again = CliRunner().invoke(app, ["import", "mapping", str(file), "-o", str(suggested)])
    assert again.exit_code == 2  # it never writes over a file that a person may have corrected

"""A real company's incident log becomes history of ours: once, whole, and honest about where it came from."""

from __future__ import annotations

import gzip
import json
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from application.views.questions import Asked, Page, Point, ReportQuestion
from domain.case import Case
from infrastructure.views.projector import Projector
from tests.acceptance.imports.logs import LOG, SPREADSHEET, Imports, imported, needs_data, row, written
from tests.application.cases import TECHNICIAN
from tests.blocking import BlockingDesk, open_desk
from tests.conftest import DATA, TestDatabase, differences


def only_case(desk: BlockingDesk, views: BlockingDesk) -> Case:
    (item,) = views.lists.cases((), "number", Page(), Asked(datetime.now(UTC))).items
    return desk.records.case(item["number"], TECHNICIAN.actor)


@needs_data
def test_the_real_log_reproduces_the_figures_counted_independently(imports: Imports, views: BlockingDesk) -> None:
    truth = json.loads((DATA / "servicenow" / "truth.json").read_text(encoding="utf-8"))
    code, told = imports.report(LOG)
    assert code == 0
    assert (told["rows"], told["imported_rows"], told["cases"]) == (
        truth["events"],
        truth["events"],
        truth["incidents"],
    )
    assert (told["rejected_rows"], told["unknown_values"]) == (0, [])
    assert told["backward_rows"] == truth["file_order"]["incidents_with_sys_updated_at_decreasing_in_file"]

    volume = views.reports.report(ReportQuestion("volume"))["totals"]
    assert volume["cases"] == truth["incidents"]
    assert volume["events"] == told["events"]
    assert volume["by_status"] == {"closed": truth["state_last_row"]["Closed"]}
    last_row = truth["value_counts_incidents_last_row"]["priority"]
    assert volume["by_priority"] == {name[0]: count for name, count in last_row.items()}

    reopen = truth["reopen"]
    assert views.reports.report(ReportQuestion("reopenings"))["totals"] == {
        "cases_reopened": reopen["incidents_with_transition_out_of_Resolved_not_to_Closed"],
        "reopenings": reopen["transitions_out_of_Resolved_not_to_Closed"],
        "reopenings_after_72h": reopen["reopen_transitions_after_3_days"],
        "reopenings_after_closure": reopen["transitions_out_of_Closed"],
    }

    hours = truth["resolution_hours_resolved_at_minus_opened_at_last_row"]
    resolution = views.reports.report(ReportQuestion("resolution"))["totals"]
    assert resolution["source_median_hours"] == hours["all"]["median"]
    assert volume["cases"] - resolution["source_cases"] == truth["resolved_to_closed_days_last_row"]["n_missing"]
    for name, expected in hours["by_priority"].items():
        found = resolution["by_priority"][name[0]]
        assert (found["source_cases"], found["source_median_hours"]) == (expected["n"], expected["median"])
    assert resolution["median_hours_to_first_resolution"] == truth["event_clock"][
        "first_entry_to_Resolved_minus_opened_hours"]["median"]  # fmt: skip

    # The same log re-saved by a spreadsheet, and the log itself again: nothing is imported twice.
    code, again = imports.report(SPREADSHEET)
    assert (code, again["imported_rows"], again["skipped_rows"]) == (0, 0, again["rows"])
    assert differences(imports.database) == {}


@needs_data
def test_the_spreadsheets_format_is_read_as_well(imports: Imports) -> None:
    code, told = imports.report(SPREADSHEET)
    assert (code, told["imported_rows"], told["rejected_rows"]) == (0, 5_998, 0)


def test_every_imported_event_says_from_where_and_when(
    imports: Imports, desk: BlockingDesk, views: BlockingDesk
) -> None:
    closed = row(
        incident_state="Closed", sys_updated_at="5/3/2016 12:00", closed_code="code 5", resolved_at="29/2/2016 11:29"
    )
    file = written(imports.folder, row(), row(incident_state="Resolved", sys_updated_at="29/2/2016 08:53"), closed)
    assert imports.report(file)[0] == 0
    case = only_case(desk, views)
    history = desk.records.history(case.number, TECHNICIAN.actor)
    assert [e.event.TOPIC for e in history] == ["case.logged", "case.prioritized", "case.resolved", "case.closed"]
    assert [e.event.occurred_at.isoformat()[:16] for e in history if e.event.occurred_at] == [
        "2016-02-29T01:23", "2016-02-29T01:23", "2016-02-29T08:53", "2016-03-05T12:00",
    ]  # fmt: skip
    origins = [e.event.origin for e in history]
    assert [origin.row for origin in origins if origin] == [2, 2, 3, 4]
    assert all(origin is not None and origin.file.startswith("log.csv@") for origin in origins)
    assert {(e.event.by.subject, e.event.by.role) for e in history} == {("Updated by 21", "external")}
    assert history[2].event.deviations == ("verification_not_recorded", "problem_link_not_recorded")
    # Hindsight stands with the last row and nowhere before it.
    assert b"2016-02-29T11:29" not in b"".join(e.state for e in history[:3])
    last = history[3].event.origin
    assert last is not None
    assert last.outcome is not None
    assert last.outcome.code == "code 5"


def test_a_row_is_kept_also_when_no_clause_covers_what_it_changed(
    imports: Imports, desk: BlockingDesk, views: BlockingDesk
) -> None:
    file = written(imports.folder, row(), row(u_symptom="Symptom 7", sys_updated_at="29/2/2016 02:00"))
    imports.report(file)
    last = desk.records.history(only_case(desk, views).number, TECHNICIAN.actor)[-1]
    assert last.event.TOPIC == "case.imported"
    assert last.event.origin is not None
    assert last.event.origin.changed == {"u_symptom": "Symptom 7", "sys_updated_at": "29/2/2016 02:00"}


def test_what_we_have_no_word_for_is_reported_and_kept(
    imports: Imports, desk: BlockingDesk, views: BlockingDesk
) -> None:
    file = written(imports.folder, row(), row(incident_state="-100", contact_type="Pigeon", impact="9 - Odd"))
    code, told = imports.report(file)
    assert code == 1
    assert [(u["column"], u["value"], u["rows"]) for u in told["unknown_values"]] == [
        ("contact_type", "Pigeon", 1), ("impact", "9 - Odd", 1), ("incident_state", "-100", 1),
    ]  # fmt: skip
    last = desk.records.history(only_case(desk, views).number, TECHNICIAN.actor)[-1]
    assert last.event.origin is not None
    assert last.event.origin.changed is not None
    assert last.event.origin.changed["incident_state"] == "-100"


def test_rows_that_cannot_be_read_are_kept_aside_with_the_reason(imports: Imports, views: BlockingDesk) -> None:
    bad = [
        row(sys_updated_at="yesterday"),
        row(opened_at="31/2/2016 10:00"),
        row(opened_at="?"),
        row(number="?"),
        row(assignment_group="x\0y"),
        row(category="z" * 500),
        row(caller_id="<script>"),
    ]
    file = written(imports.folder, *bad, row(number="INC0000009"))
    with file.open("a", encoding="utf-8") as text:
        text.write("too,short\r\n")
        text.write(",".join(["x"] * 40) + "\r\n")
    code, told = imports.report(file)
    assert code == 1
    assert (told["rejected_rows"], told["imported_rows"]) == (9, 1)
    assert [entry["line"] for entry in told["rejected"]] == [2, 3, 4, 5, 6, 7, 8, 10, 11]
    kept = [json.loads(line) for line in Path(told["rejected_kept_in"]).read_text(encoding="utf-8").splitlines()]
    assert kept[0]["row"]["sys_updated_at"] == "yesterday"
    assert len(kept) == 9
    assert views.reports.report(ReportQuestion("volume"))["totals"]["cases"] == 1


def test_rows_out_of_order_are_counted_and_kept_in_file_order(
    imports: Imports, desk: BlockingDesk, views: BlockingDesk
) -> None:
    late = row(incident_state="Resolved", sys_updated_at="29/2/2016 09:00")
    early = row(incident_state="Closed", sys_updated_at="29/2/2016 08:00")
    code, told = imports.report(written(imports.folder, row(), late, early))
    assert (code, told["backward_rows"]) == (0, 1)
    case = only_case(desk, views)
    assert case.status == "closed"
    with imports.database.connect("projector") as connection:
        starts = connection.execute("SELECT since FROM views.case_intervals ORDER BY version").fetchall()
    assert starts == sorted(starts)
    assert case.closed_at is not None
    assert case.closed_at.isoformat() == "2016-02-29T08:00:00+00:00"


def test_an_incident_that_comes_back_later_in_the_file_goes_on_where_it_was(imports: Imports) -> None:
    file = written(
        imports.folder,
        row(),
        row(number="INC0000002"),
        row(incident_state="Resolved", sys_updated_at="1/3/2016 10:00"),
    )
    _, told = imports.report(file)
    assert (told["cases"], told["imported_rows"]) == (2, 3)


def test_an_import_killed_half_way_is_finished_by_the_next(database: TestDatabase, desk: BlockingDesk) -> None:
    rows = [
        row(number=f"INC{number:07d}", sys_updated_at=f"29/2/2016 {hour:02d}:00")
        for number in range(50)
        for hour in (3, 4, 5)
    ]
    one = imported(desk, rows[:100])  # ends inside an incident
    with open_desk(database) as other:
        rest = imported(other, rows)
    assert (one.rows, rest.rows, rest.skipped_rows) == (100, 50, 100)
    assert one.cases + rest.cases == 50


def test_two_imports_at_once_import_once(database: TestDatabase) -> None:
    rows = [row(number=f"INC{number:07d}") for number in range(300)]
    done = []

    def run() -> None:
        with open_desk(database) as desk:
            done.append(imported(desk, rows))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.rows for result in done) == 300
    assert sum(result.cases for result in done) == 300


def test_what_had_happened_by_a_moment_of_the_imported_past(imports: Imports, views: BlockingDesk) -> None:
    file = written(
        imports.folder, row(assignment_group="Group 1"), row(incident_state="Resolved", sys_updated_at="2/3/2016 10:00")
    )
    imports.report(file)
    then = Point(effective_at=datetime(2016, 3, 1, tzinfo=UTC))
    assert views.reports.report(ReportQuestion("volume", point=then))["totals"]["by_status"] == {"assigned": 1}
    assert len(views.lists.queue("Group 1", Page(), Asked(datetime.now(UTC), then)).items) == 1
    before = Point(effective_at=datetime(2016, 2, 1, tzinfo=UTC))
    assert views.reports.report(ReportQuestion("volume", point=before))["totals"]["cases"] == 0


def test_what_a_row_told_is_not_known_before_it(imports: Imports, views: BlockingDesk) -> None:
    """A row that goes back in time holds from when the one before it did; the source's own hindsight, from its last."""
    imports.report(
        written(
            imports.folder,
            row(),
            row(incident_state="Active", sys_updated_at="1/3/2016 09:00"),
            row(incident_state="Resolved", sys_updated_at="1/3/2016 08:00"),
            row(incident_state="Closed", sys_updated_at="5/3/2016 12:00", resolved_at="1/3/2016 08:00"),
        )
    )

    def resolution(**at: int) -> tuple[int, int]:
        point = Point(effective_at=datetime(2016, 3, tzinfo=UTC, **at))
        totals = views.reports.report(ReportQuestion("resolution", point=point))["totals"]
        return totals["resolved"], totals["source_cases"]

    assert resolution(day=1, hour=8, minute=30) == (0, 0)
    assert resolution(day=1, hour=9) == (1, 0)
    assert resolution(day=5, hour=12) == (1, 1)


def test_a_later_reopening_does_not_hide_an_earlier_one_from_the_past(imports: Imports, views: BlockingDesk) -> None:
    states = ("Resolved", "Closed", "Active", "Closed", "Active")
    rows = [row(incident_state=state, sys_updated_at=f"{day}/3/2016 08:00") for day, state in enumerate(states, 1)]
    imports.report(written(imports.folder, row(), *rows))

    def after_closure(position: int) -> int:
        report = views.reports.report(ReportQuestion("reopenings", point=Point(position)))
        return int(report["totals"]["reopenings_after_closure"])

    first = views.positions.at(datetime.now(UTC)) - 2
    assert [after_closure(first + position) for position in (-1, 0, 1, 2)] == [0, 1, 1, 1]
    assert differences(imports.database) == {}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column number"),
        (b"a,b\n1,2\n", "no column number"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
        (gzip.compress(b"number,incident_state\n" * 100, mtime=0)[:40], "cannot be read|no column"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_file_that_is_no_such_log_is_refused_in_one_line(imports: Imports, content: bytes, says: str) -> None:
    file = imports.folder / "odd.csv"
    file.write_bytes(content)
    result = imports.run(file)
    assert result.exit_code == 2
    assert re.search(says, result.stderr)
    assert "Traceback" not in result.stderr


def test_a_missing_file_and_an_unknown_time_zone_are_refused(imports: Imports) -> None:
    assert imports.run(imports.folder / "nowhere.csv").exit_code == 2
    file = written(imports.folder, row())
    result = CliRunner().invoke(app, ["import", "servicenow", str(file), "--timezone", "Mars/Olympus"])
    assert result.exit_code == 2
    assert "Mars/Olympus" in result.stderr


def test_projector_is_not_needed_twice(imports: Imports, database: TestDatabase) -> None:
    """An import brings its own projector and stands aside for one that runs."""
    with database.connect("projector") as connection:
        stop = threading.Event()
        running = threading.Thread(target=Projector(connection).run, args=(stop,), kwargs={"patience": 0.05})
        running.start()
        code, told = imports.report(written(imports.folder, row()))
        stop.set()
        running.join()
    assert (code, told["imported_rows"]) == (0, 1)
